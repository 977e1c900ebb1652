"""What the store knows of a batch's accounts, addresses and mailings: one read, as a rule."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.event import Event
from signalbox.store import accounts, contacts, table
from signalbox.store.table import Item, Key

NOBODY = "anonymous:"  # begins the address of whom nobody is to know
_HITS = frozenset({"open", "click"})


class Known(NamedTuple):
    """What was found; `items` are those of contacts, and what hits need of mailings, by key.

    `hits` tells whether any of the events is one.
    """

    accounts: dict[str, Account]
    contact_ids: dict[tuple[str, str], str]
    items: Mapping[Key, Item]
    hits: bool


def is_hit(event: Event) -> bool:
    """Tell whether the event is an open or a click that was queued by the pixel function."""
    return event.kind in _HITS and event.source == "messages"


def look_up(events: Sequence[Event]) -> Known:
    """Read accounts and addresses in one call, and with them what hits need.

    Addresses are read at half the price first. One that is not found may have been written a
    moment ago, so it is asked for once more, consistently, before an event is dropped for it. With
    hits they are read consistently at once: a person's no to being tracked holds from then on.
    """
    env = environment()
    account_keys = {event.account_id: accounts.key(event.account_id) for event in events}
    hits = [event for event in events if is_hit(event)]
    places = {
        (one.account_id, one.address): contacts.address_key(one.account_id, one.address)
        for one in events
        if not one.address.startswith(NOBODY)
    }
    wanted = {env.rules_table: [*account_keys.values()], env.contacts_table: [*places.values()]}
    if hits:
        _add_keys(wanted, hits)
    found = table.get_many(
        wanted,
        eventually=frozenset({env.tracking_table} if hits else {env.contacts_table}),
    )
    contact_ids = {
        pair: contacts.id_from(found[place]) for pair, place in places.items() if place in found
    }
    missing = [] if hits else [pair for pair in places if pair not in contact_ids]
    return Known(
        accounts={
            account_id: accounts.account_from(found[place])
            for account_id, place in account_keys.items()
            if place in found
        },
        contact_ids=contact_ids | (contacts.ids_at(missing) if missing else {}),
        items=found,
        hits=bool(hits),
    )


def _add_keys(wanted: dict[str, list[Key]], hits: Sequence[Event]) -> None:
    from . import hits as reading  # noqa: PLC0415 few batches have hits

    env = environment()
    wanted[env.rules_table] += [key for hit in hits for key in reading.mailing_keys(hit)]
    messages = [key for hit in hits for key in reading.message_keys(hit)]
    if messages:
        wanted[env.tracking_table] = messages
