"""A batch of events: one read, one write, and one send for each ten dispatches."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from signalbox import emf
from signalbox.model.account import Account
from signalbox.model.dispatch import Dispatch
from signalbox.model.drop import DroppedEvent, DropReason
from signalbox.model.event import Event
from signalbox.model.matching import Tracked, drop_reason, kept, tracked
from signalbox.model.tracking_permission import PROPERTY
from signalbox.model.trigger import OPT_OUT_LISTS, asked
from signalbox.model.waking import Wakeable
from signalbox.queues import ACTIONS
from signalbox.store import feed, tracking, waking
from signalbox.store.table import Item

from .known import Known, is_hit, look_up

SETTLING_S = 30  # until all hits of a scanner are on the record, so that the check sees them


def track_events(events: Sequence[Event]) -> None:
    """Record the events, or drop them with a reason, and queue the dispatches they set off."""
    known = look_up(events)
    if known.hits:
        _track_hits(events, known)
    else:
        _track(events, known)


def _track_hits(events: Sequence[Event], known: Known) -> None:
    """Do so for a batch with opens and clicks, which are counted, too."""
    from . import hits  # noqa: PLC0415 few batches have any

    settled = hits.settle(events, known)
    _track(settled.events, known)
    uncounted = hits.count(settled.counted, known)
    counts = {
        "Hits": len(settled.counted),
        "HitsRefused": settled.refused,
        "HitsUncounted": uncounted,
    }
    emf.count(counts, Function="track")


def _track(events: Sequence[Event], known: Known) -> None:
    now_ms = time.time_ns() // 1_000_000
    written: list[Item] = []
    dispatches: list[Dispatch] = []
    counts = {"EventsTracked": 0, "EventsDropped": 0}
    decided = [*zip(events, _decide(events, known), strict=True)]
    for event, result in decided:
        account = known.accounts.get(event.account_id)
        if isinstance(result, DropReason):
            counts["EventsDropped"] += 1
            left = kept(event, result)
            if left is not None:
                written.append(_dropped_item(DroppedEvent(left, result)))
        elif account is not None:
            written.append(tracking.item(result.entry, account))
            dispatches.extend(result.dispatches)
            counts["EventsTracked"] += 1
        if account is not None and account.watched_until_ms > now_ms:
            written.append(_feed_item(event, result, now_ms))
    tracking.write(written)
    _hear(decided)
    _queue(dispatches)
    emf.count(counts | {"Dispatches": len(dispatches)}, Function="track")


def _hear(decided: Sequence[tuple[Event, Tracked | DropReason]]) -> None:
    """Write down what applications' events say of tracking permission."""
    said = [
        (event, result.entry.contact_id)
        for event, result in decided
        if PROPERTY in event.properties and not event.kind and isinstance(result, Tracked)
    ]
    if said:
        from . import permissions  # noqa: PLC0415 few batches say anything of it

        permissions.hear(said)


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
        else tracked(event, who.contact_id, _rules(event, places, woken))
        for event, who, places in zip(events, found, partitions, strict=True)
    ]


def _rules(
    event: Event, places: Sequence[str], woken: Mapping[str, Sequence[Wakeable]]
) -> Sequence[Wakeable]:
    """Return the rules at places; those that a hit may wake look at its company before they fire."""
    rules = [rule for one in places for rule in woken[one]]
    if not rules or not is_hit(event):
        return rules
    return [rule if waking.is_webhook(rule) else rule._replace(checked=True) for rule in rules]


def _queue(dispatches: Sequence[Dispatch]) -> None:
    for is_late in (False, True):
        due = [one for one in dispatches if is_hit(one.event) is is_late]
        if due:
            ACTIONS.put(due, delay_s=SETTLING_S if is_late else 0)


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
