"""Track: write each event down, decide what it sets off, and queue that.

    events queue -> contacts (one read) -> tracking log (one write) -> rules -> actions queue

Repeats are harmless: an event delivered again writes the same log entry and queues dispatches of
the same ids, so a batch that was cut off anywhere is simply worked through again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from signalbox import aws, emf
from signalbox.aws import AwsError
from signalbox.model.errors import ConflictError
from signalbox.model.event import Event
from signalbox.queues import QueueRefusedError

from . import batch

Records = Sequence[Mapping[str, Any]]

# What no repetition mends: one event that DynamoDB or SQS refuses whatever happens.
POISON = {
    "ValidationException",
    "InvalidParameterValue",
    "AWS.SimpleQueueService.BatchRequestTooLong",
}

# What reading a message can raise that is no event: JSON nested too deep and infinite numbers, too.
UNREADABLE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
TEXT = {str}
END_OF_TIME_MS = 10**13  # keys have 13 digits for it


aws.prepare("sqs", "dynamodb")


def track(records: Records) -> list[str]:
    """Track the events of queue records; return the ids of the records that failed."""
    events, failed = _read(records)
    try:
        batch.track_events(list(events.values()))
    except QueueRefusedError as error:
        emf.fault("batch failed", unsent=error.unsent, records=len(records))
        return [record["messageId"] for record in records]
    except ConflictError as error:
        emf.fault("batch failed", error=repr(error)[:200], records=len(records))
        return [record["messageId"] for record in records]
    except AwsError as error:
        if error.code not in POISON or len(events) == 1:
            emf.fault("batch failed", code=error.code, records=len(records))
            return [record["messageId"] for record in records]
        return failed + [record_id for record_id in events if not _alone(events[record_id])]
    return failed


def _read(records: Records) -> tuple[dict[str, Event], list[str]]:
    events, failed = {}, []
    for record in records:
        try:
            events[record["messageId"]] = _checked(Event.from_wire(record["body"]))
        except UNREADABLE as error:
            emf.fault("unreadable event", error=repr(error)[:200], record=record["messageId"])
            failed.append(record["messageId"])
    return events, failed


def _checked(event: Event) -> Event:
    """Return the event; raise `TypeError` or `ValueError` where no ingest has written it."""
    texts = (
        *(event.account_id, event.event_id, event.name, event.address, event.value),
        *(event.source, event.kind),
    )
    if {*map(type, texts)} != TEXT:
        raise TypeError("a field that is a text is none")
    if not (isinstance(event.properties, dict) and isinstance(event.depth, int)):
        raise TypeError("the properties are no object, or the depth is no number")
    if not (0 <= event.at_ms < END_OF_TIME_MS and 0 <= event.received_ms < END_OF_TIME_MS):
        raise ValueError("a time lies outside the years 1970 to 2286")
    f"{event.account_id}{event.address}{event.name}".encode()  # keys hold no half of a surrogate
    return event


def _alone(event: Event) -> bool:
    """Track one event by itself, so that a poisonous one takes no other down with it."""
    try:
        batch.track_events([event])
    except (AwsError, ConflictError, QueueRefusedError) as error:
        emf.fault("event failed", error=repr(error)[:200], event=event.key_hash())
        return False
    return True


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Work through one batch; the records that fail go back to the queue."""
    failed = track(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": record_id} for record_id in failed]}
