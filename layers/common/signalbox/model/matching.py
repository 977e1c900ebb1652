"""What an event sets off: the decision, as data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signalbox.model.account import Account
from signalbox.model.dispatch import Dispatch
from signalbox.model.drop import DropReason
from signalbox.model.event import DEEPEST_CHAIN, Event
from signalbox.model.log import LogEntry, entry_of
from signalbox.model.rule import Wakeable


@dataclass(frozen=True, slots=True)
class Tracked:
    """The event is written on the contact's record, and these actions are due."""

    entry: LogEntry
    dispatches: tuple[Dispatch, ...]


def drop_reason(event: Event, account: Account | None, contact_id: str | None) -> DropReason | None:
    """Say why this event must not be written; None where it may."""
    if account is None:
        return DropReason.UNKNOWN_ACCOUNT
    if not account.tracking_enabled:
        return DropReason.TRACKING_OFF
    if contact_id is None:
        return DropReason.UNKNOWN_CONTACT
    if event.depth > DEEPEST_CHAIN:
        return DropReason.TOO_DEEP
    return None


def tracked(event: Event, contact_id: str, rules: Iterable[Wakeable]) -> Tracked:
    """Return the event's log entry and the dispatch of each action of each rule, in rule order."""
    return Tracked(entry_of(event, contact_id), tuple(_dispatches(event, contact_id, rules)))


def _dispatches(event: Event, contact_id: str, rules: Iterable[Wakeable]) -> Sequence[Dispatch]:
    return [
        Dispatch(contact_id, rule.rule_id, rule.version, number, event)
        for rule in rules
        for number in range(rule.actions)
    ]
