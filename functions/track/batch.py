"""A batch of events: one read, one write, and one send for each ten dispatches."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from signalbox import emf
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.dispatch import Dispatch
from signalbox.model.drop import DroppedEvent, DropReason
from signalbox.model.event import Event
from signalbox.model.matching import Tracked, drop_reason, is_kept, tracked
from signalbox.model.trigger import OPT_OUT_LISTS, asked
from signalbox.queues import ACTIONS
from signalbox.store import accounts, contacts, feed, table, tracking, waking
from signalbox.store.table import Item


class Known(NamedTuple):
    """What the store knows of a batch's accounts and addresses."""

    accounts: dict[str, Account]
    contact_ids: dict[tuple[str, str], str]


def track_events(events: Sequence[Event]) -> None:
    """Record the events, or drop them with a reason, and queue the dispatches they set off."""
    known = _look_up(events)
    now_ms = time.time_ns() // 1_000_000
    written: list[Item] = []
    dispatches: list[Dispatch] = []
    counts = {"EventsTracked": 0, "EventsDropped": 0}
    for event, result in zip(events, _decide(events, known), strict=True):
        account = known.accounts.get(event.account_id)
        if isinstance(result, DropReason):
            counts["EventsDropped"] += 1
            if is_kept(event, result):
                written.append(_dropped_item(DroppedEvent(event, result)))
        elif account is not None:
            written.append(tracking.item(result.entry, account))
            dispatches.extend(result.dispatches)
            counts["EventsTracked"] += 1
        if account is not None and account.watched_until_ms > now_ms:
            written.append(_feed_item(event, result, now_ms))
    tracking.write(written)
    if dispatches:
        ACTIONS.put(dispatches)
    emf.count(counts | {"Dispatches": len(dispatches)}, Function="track")


def _decide(events: Sequence[Event], known: Known) -> list[Tracked | DropReason]:
    """Decide about each event; what they wake is asked for all of them at once."""
    found = [_addressee(event, known) for event in events]
    partitions = [
        () if isinstance(who, DropReason) else _partitions(event, who.account)
        for event, who in zip(events, found, strict=True)
    ]
    woken = waking.look_up(
        {
            one: who.account.version
            for who, places in zip(found, partitions, strict=True)
            if not isinstance(who, DropReason)
            for one in places
        }
    )
    return [
        who
        if isinstance(who, DropReason)
        else tracked(event, who.contact_id, (rule for one in places for rule in woken[one]))
        for event, who, places in zip(events, found, partitions, strict=True)
    ]


class Addressee(NamedTuple):
    """Whom an event is about."""

    account: Account
    contact_id: str


def _addressee(event: Event, known: Known) -> Addressee | DropReason:
    account = known.accounts.get(event.account_id)
    contact_id = known.contact_ids.get((event.account_id, event.address))
    reason = drop_reason(event, account, contact_id)
    if reason is not None or account is None or contact_id is None:
        return reason or DropReason.UNKNOWN_CONTACT
    return Addressee(account, contact_id)


def _partitions(event: Event, account: Account) -> list[str]:
    groups: Sequence[str] = ()
    if event.kind and event.properties.get("container") in OPT_OUT_LISTS:
        from signalbox.store import groups as store  # noqa: PLC0415 few events are of such lists

        list_id = event.properties["list_id"]
        groups = store.groups_of(account.account_id, account.version, list_id)
    return [waking.partition(account.account_id, place) for place in asked(event, groups)]


def _look_up(events: Sequence[Event]) -> Known:
    """Read accounts and addresses in one call.

    Addresses are read at half the price first. One that is not found may have been written a
    moment ago, so it is asked for once more, consistently, before an event is dropped for it.
    """
    env = environment()
    account_keys = {event.account_id: accounts.key(event.account_id) for event in events}
    pairs = {(event.account_id, event.address) for event in events}
    places = {pair: contacts.address_key(*pair) for pair in sorted(pairs)}
    found = table.get_many(
        {env.rules_table: account_keys.values(), env.contacts_table: places.values()},
        eventually=frozenset({env.contacts_table}),
    )
    contact_ids = {
        pair: contacts.id_from(found[place]) for pair, place in places.items() if place in found
    }
    missing = [pair for pair in places if pair not in contact_ids]
    return Known(
        accounts={
            account_id: accounts.account_from(found[place])
            for account_id, place in account_keys.items()
            if place in found
        },
        contact_ids=contact_ids | (contacts.ids_at(missing) if missing else {}),
    )


def _dropped_item(dropped: DroppedEvent) -> Item:
    from signalbox.store import dropped_events  # noqa: PLC0415 few workers drop anything

    return dropped_events.item(dropped)


def _feed_item(event: Event, result: Tracked | DropReason, now_ms: int) -> Item:
    shown = {"name": event.name, "address": event.address, "value": event.value[:200]}
    line: dict[str, Any]
    if isinstance(result, DropReason):
        line = {"kind": "dropped", "reason": result, **shown}
    else:
        fired = list(dict.fromkeys(due.rule_id for due in result.dispatches))
        line = {"kind": "event", "contact_id": result.entry.contact_id, "rules": fired, **shown}
    return feed.item(event.account_id, now_ms, event.key_hash(), line)
