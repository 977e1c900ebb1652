"""Feedback: take in what SES says became of mails.

    SES -> topic -> feedback queue -> is it ours? -> message, suppression -> events queue
                                                  -> too many bounces or complaints? -> pause

Repeats and any order are harmless: a message keeps the earliest time of each thing that became of
it, an address the weightiest reason, and an event's id is made of SES's own. What cannot be read, or
was not signed for our topic, ends on the dead-letter queue, so that nothing is lost by a mistake.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from signalbox import aws, emf
from signalbox.aws import AwsError
from signalbox.model.event import Event
from signalbox.model.feedback import NO_MAILING, FeedbackUnreadableError, Ignored, read
from signalbox.model.notification import NotificationRefusedError
from signalbox.queues import EVENTS, QueueRefusedError

from .notifications import CertificateUnreachableError, message_of
from .pausing import pause_where_needed
from .reports import apply

Records = Sequence[Mapping[str, Any]]

REFUSED = (NotificationRefusedError, FeedbackUnreadableError)
PASSING = (AwsError, CertificateUnreachableError)

aws.prepare("sqs", "dynamodb")


def take_in(records: Records) -> list[str]:
    """Take in the feedback of queue records; return the ids of the records that failed."""
    counts: Counter[str] = Counter(FeedbackReceived=len(records))
    failed: list[str] = []
    events: dict[str, Event] = {}
    concerned: set[tuple[str, str]] = set()
    for record in records:
        record_id = record["messageId"]
        try:
            event = _one(record["body"], counts, concerned)
        except REFUSED as error:
            counts["FeedbackRefused"] += 1
            emf.fault("feedback refused", error=str(error), record=record_id)
            failed.append(record_id)
        except PASSING as error:
            emf.fault("feedback failed", error=repr(error)[:200], record=record_id)
            failed.append(record_id)
        else:
            if event is not None:
                events[record_id] = event
    failed += _queue(events)
    counts["MailingsPaused"] = pause_where_needed(concerned)
    emf.count(counts, Function="feedback")
    return failed


def _one(body: str, counts: Counter[str], concerned: set[tuple[str, str]]) -> Event | None:
    """Take in one notification; return the event that tells of it, and note its mailing."""
    found = read(message_of(body))
    if isinstance(found, Ignored):
        counts["FeedbackIgnored"] += 1
        counts[f"Feedback{found.title().replace('_', '')}"] += 1
        return None
    applied = apply(found)
    counts["FeedbackUnknown"] += not applied.is_known
    counts["MailsRejected"] += applied.is_rejected
    counts["AddressesSuppressed"] += applied.suppressed
    if applied.is_known and found.mailing_id != NO_MAILING:
        concerned.add((found.account_id, found.mailing_id))
    return applied.event


def _queue(events: Mapping[str, Event]) -> list[str]:
    """Queue the events; return the records to come again where they could not be."""
    try:
        if events:
            EVENTS.put(list(events.values()))
    except (AwsError, QueueRefusedError) as error:
        emf.fault("batch failed", error=repr(error)[:200], records=len(events))
        return list(events)
    return []


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Work through one batch; the records that fail go back to the queue."""
    failed = take_in(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": record_id} for record_id in failed]}
