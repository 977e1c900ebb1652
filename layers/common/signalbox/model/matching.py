"""What an event sets off: the decision, as data."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from signalbox.model.account import Account
from signalbox.model.dispatch import CHECK, Dispatch
from signalbox.model.drop import DropReason
from signalbox.model.event import DEEPEST_CHAIN, Event
from signalbox.model.log import LogEntry, entry_of
from signalbox.model.trigger import OPT_OUT_LISTS
from signalbox.model.waking import Wakeable, fits, in_order


class Tracked(NamedTuple):
    """The event is written on the contact's record, and these actions are due."""

    entry: LogEntry
    dispatches: tuple[Dispatch, ...]


def drop_reason(event: Event, account: Account | None, contact_id: str | None) -> DropReason | None:
    """Say why this event must not be written; None where it may.

    The switch of event tracking is about what applications report, not about changes.
    """
    if account is None:
        return DropReason.UNKNOWN_ACCOUNT
    if not (account.tracking_enabled or event.kind):
        return DropReason.TRACKING_OFF
    if contact_id is None:
        return DropReason.UNKNOWN_CONTACT
    if event.depth > DEEPEST_CHAIN:
        return DropReason.TOO_DEEP
    return None


def kept(event: Event, reason: DropReason) -> Event | None:
    """Return what is worth keeping of a dropped event; None for nothing.

    Of a change of a contact who is gone by now nothing is: the contact's id will never be anybody's
    again. That an address came on an opt-out list, or off it, is, for the address outlives the
    contact there; but not the address itself, which was erased with the contact.
    """
    if not event.kind or reason is not DropReason.UNKNOWN_CONTACT:
        return event
    if event.properties.get("container") not in OPT_OUT_LISTS:
        return None
    if not event.address.startswith("contact:"):
        return event
    return event._replace(
        properties={name: fact for name, fact in event.properties.items() if name != "address"}
    )


def tracked(event: Event, contact_id: str, rules: Sequence[Wakeable]) -> Tracked:
    """Return the event's log entry and what is due of each rule that it fires.

    Rules fire by level, then by age, and once for an event however many ways led to them: a
    dispatch for each action in turn, or the check of a rule about which the event cannot decide.
    """
    entry = entry_of(event, contact_id)
    return Tracked(entry, _dispatches(event, contact_id, rules) if rules else ())


def _dispatches(event: Event, contact_id: str, rules: Iterable[Wakeable]) -> tuple[Dispatch, ...]:
    fired = {rule.rule_id: rule for rule in rules if fits(rule, event)}
    return tuple(
        Dispatch(contact_id, rule.rule_id, rule.version, number, event)
        for rule in in_order(fired)
        for number in ((CHECK,) if rule.checked else range(rule.actions))
    )
