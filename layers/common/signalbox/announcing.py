"""From the contacts table's stream to the events that its records stand for, once and once again.

The function `changes` announces what the stream tells it. A batch that it gives up leaves a dead
letter, which holds no records but says where in the stream they stand (see `store.changes`).
"""

from collections.abc import Mapping
from typing import Any

from signalbox import emf
from signalbox.model.change import Changed, Item, changes_of
from signalbox.model.event import Event
from signalbox.queues import EVENTS, DeadLetters
from signalbox.store import changes
from signalbox.store.changes import ForgottenError

Record = Mapping[str, Any]

# What a record, or a letter, can raise that no Signalbox and no Lambda has written.
UNREADABLE = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
TIME_TO_LIVE = "dynamodb.amazonaws.com"
LETTERS_AT_ONCE = 100  # each is read off the stream, which takes its time


def events_of(record: Record) -> list[Event]:
    """Return the events of one record; what its time to live has removed, nobody has changed.

    Raises:
        AttributeError, KeyError, RecursionError, TypeError, ValueError: it is no record of ours.
    """
    if record.get("userIdentity", {}).get("principalId") == TIME_TO_LIVE:
        return []
    told = record["dynamodb"]
    return changes_of(
        Changed(
            change_id=record["eventID"],
            at_ms=int(told["ApproximateCreationDateTime"] * 1000),
            before=_item(told.get("OldImage")),
            after=_item(told.get("NewImage")),
        )
    )


def _item(image: Mapping[str, Mapping[str, str]] | None) -> Item | None:
    """Return the texts and numbers of an image, which is all that decides; None for no image."""
    if not image:
        return None
    return {
        name: int(typed["N"]) if "N" in typed else typed["S"]
        for name, typed in image.items()
        if "S" in typed or "N" in typed
    }


def announce_again(letter: str) -> bool:
    """Queue the events of the records that a dead letter points at; tell whether they were read.

    They are the same events as before, so that what was queued already is not recorded twice.
    """
    try:
        events = [
            event
            for record in changes.of(changes.pointer_of(letter))
            for event in events_of(record)
        ]
    except ForgottenError as error:
        emf.fault("forgotten changes", error=str(error), letter=letter[:2000])
        return False
    except UNREADABLE as error:
        emf.fault("unreadable changes", error=repr(error)[:200], letter=letter[:2000])
        return False
    if events:
        EVENTS.put(events)
    return True


CHANGES_DEAD_LETTERS = DeadLetters(
    lambda env: env.changes_dead_letter_queue_url,
    lambda letters: [announce_again(letter) for letter in letters],
    at_once=LETTERS_AT_ONCE,
)
