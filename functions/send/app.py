"""Send: a mailing's audience page by page, and a mail to each contact.

    sends queue -> page of the audience -> parts of up to 25 contacts -> sends queue
    sends queue -> claim -> may we? -> SES -> outcome -> events queue

Repeats are harmless: a page is decided once, a message is claimed once, and what belongs to another
run than the mailing's does nothing. What cannot be done at the moment is queued again for later.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from signalbox import aws, emf, mailing_runs
from signalbox.aws import AwsError
from signalbox.model.errors import SignalboxError
from signalbox.model.sending import Deliver, Finish, Page, Sending, Start
from signalbox.queues import SENDS, QueueRefusedError

from . import deliveries, finishing, pages

Records = Sequence[Mapping[str, Any]]

MARGIN_MS: Final = 20_000
"""What is left of a run's time when no further mail is begun: longer than SES may take to answer."""

# What reading a message can raise that is none: JSON nested too deep, too.
UNREADABLE = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
FAILURES = (AwsError, QueueRefusedError, SignalboxError)

aws.prepare("sqs", "dynamodb")


def work(records: Records, time_left_ms: Callable[[], int]) -> list[str]:
    """Work at queue records; return the ids of the records that failed."""
    until = time.monotonic() + (time_left_ms() - MARGIN_MS) / 1000
    failed = []
    for record in records:
        try:
            message = SENDS.read(record["body"])
        except UNREADABLE as error:
            emf.fault("unreadable message", error=repr(error)[:200], record=record["messageId"])
            failed.append(record["messageId"])
            continue
        try:
            _perform(message, until)
        except FAILURES as error:
            emf.fault("sending failed", error=type(error).__name__, code=getattr(error, "code", ""))
            failed.append(record["messageId"])
    return failed


def _perform(message: Sending, until: float) -> None:
    match message:
        case Start():
            mailing_runs.start_due(message, now_ms=time.time_ns() // 1_000_000)
        case Page():
            pages.list_page(message)
        case Deliver():
            deliveries.deliver(message, until)
        case Finish():
            finishing.finish(message, until)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Work through one batch; the records that fail go back to the queue."""
    failed = work(event["Records"], context.get_remaining_time_in_millis)
    return {"batchItemFailures": [{"itemIdentifier": record_id} for record_id in failed]}
