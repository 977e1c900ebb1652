"""What events say of tracking permission, written down with their contacts.

An event may carry `tracking_permission`, as in `{"open": true, "click": false}`: another system tells
what its customer said. Only then, and once for each such event, the contact is read once more and, where
the event is later than its last word, written.
"""

from collections.abc import Sequence

from signalbox import emf
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.event import Event
from signalbox.model.tracking_permission import PROPERTY, Source, Voice, answers_from
from signalbox.store import tracking_permissions


def hear(said: Sequence[tuple[Event, str]]) -> None:
    """Write down what events say, each with its contact's id.

    Raises:
        ConflictError: others changed a contact all the while.
    """
    for event, contact_id in said:
        try:
            answers = answers_from(event.properties[PROPERTY], PROPERTY)
            tracking_permissions.change(event.account_id, contact_id, answers, _voice(event))
        except InvalidError as error:  # a rule made the event; what others report is checked before
            emf.fault("unreadable permission", error=str(error), event=event.key_hash())
        except NotFoundError:
            continue  # the contact was erased since it was looked up
    emf.count({"PermissionsReported": len(said)}, Function="track")


def _voice(event: Event) -> Voice:
    """Return who says it: at the event's time, but never later than we heard it."""
    at_ms = min(event.at_ms, event.received_ms)
    return Voice(Source.EVENT, event.source, at_ms, event.name)
