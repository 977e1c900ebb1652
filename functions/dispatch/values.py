"""What personalisation tags stand for when an action is performed."""

from dataclasses import replace

from signalbox.model.account import Account
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch
from signalbox.model.performing import values_for
from signalbox.model.personalisation import Values, fields_in, tags_in
from signalbox.store import fields, tracking


def values_of(account: Account, contact: Contact, dispatch: Dispatch, *texts: str) -> Values:
    """Return the values for these texts.

    An event's tag stands for the data of the event that set the action off, or for the contact's
    last event of another name; only names that the texts use are looked up. A custom field that the
    contact lacks stands for nothing; the account's fields are asked for where a text may name one.
    """
    event = dispatch.event
    named = frozenset().union(*(tags_in(text) for text in texts))
    last = {
        name: event.value
        if name == event.name
        else tracking.last_value(event.account_id, contact.contact_id, name)
        for name in named
    }
    wanted = frozenset[str]().union(*(fields_in(text) for text in texts)) - contact.fields.keys()
    known = fields.tags(account.account_id, account.version) if wanted else frozenset()
    values = values_for(contact, last)
    return replace(values, fields=dict.fromkeys(wanted & known, "") | dict(contact.fields))
