"""What personalisation tags stand for when an action is performed."""

from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch
from signalbox.model.performing import values_for
from signalbox.model.personalisation import Values, tags_in
from signalbox.store import tracking


def values_of(contact: Contact, dispatch: Dispatch, *texts: str) -> Values:
    """Return the values for these texts.

    An event's tag stands for the data of the event that set the action off, or for the contact's
    last event of another name; only names that the texts use are looked up.
    """
    event = dispatch.event
    named = frozenset().union(*(tags_in(text) for text in texts))
    last = {
        name: event.value
        if name == event.name
        else tracking.last_value(event.account_id, contact.contact_id, name)
        for name in named
    }
    return values_for(contact, last)
