"""Changes: make every change of a contact an event.

    contacts table's stream -> what does the write stand for? -> events queue

Whoever changes a contact, by API, import, action or console, the change cannot be forgotten: it is
read off the data. A batch that is told again queues the same events again, which does no harm.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from signalbox import aws, emf
from signalbox.announcing import UNREADABLE, Record, events_of
from signalbox.aws import AwsError
from signalbox.model.event import Event
from signalbox.queues import EVENTS, QueueRefusedError

aws.prepare("sqs")


def announce(records: Sequence[Record]) -> str:
    """Queue the events of stream records; return the number of the first that failed, "" for none.

    A stream goes on in order, so what follows the first failed record is told again, too.
    """
    events: list[Event] = []
    failed = ""
    for record in records:
        try:
            events += events_of(record)
        except UNREADABLE as error:
            failed = record["dynamodb"]["SequenceNumber"]
            emf.fault("unreadable change", error=repr(error)[:200], record=failed)
            break
    try:
        if events:
            EVENTS.put(events)
    except (AwsError, QueueRefusedError) as error:
        emf.fault("batch failed", error=repr(error)[:200], records=len(records))
        return str(records[0]["dynamodb"]["SequenceNumber"])
    emf.count({"ChangesAnnounced": len(events)}, Function="changes")
    return failed


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Work through one batch of the stream; the rest of a batch that failed is told again."""
    failed = announce(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}
