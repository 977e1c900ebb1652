"""Who did what in a mailing, contact by contact, as far as it may be known.

Only what personal tracking kept names anybody; anonymous hits are counted and listed nowhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from signalbox.model.mailing_count import HOUR_MS, JUDGED, Hit, fared_of
from signalbox.model.message import State
from signalbox.model.tracking_token import HONEYPOT

Item = Mapping[str, Any]


class What(StrEnum):
    """What somebody did, or what became of the message to them."""

    OPENED = "opened"
    CLICKED = "clicked"
    SENT = "sent"
    DELIVERED = "delivered"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    HARD_BOUNCED = "hard_bounced"
    SOFT_BOUNCED = "soft_bounced"
    REJECTED = "rejected"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class Seen(StrEnum):
    """Of whom opened or clicked: people, those of whom only machines were seen, or both."""

    HUMAN = "human"
    MACHINE = "machine"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact that did something, or whose message became something.

    `first_ms` and `last_ms` are the hours of the first and the last hit, or when it happened to the
    message; `times` and `machine_times` are hits, `links` the numbers of the links that were
    followed. `reason` says why a message was skipped or failed, or is uncertain.
    """

    contact_id: str
    first_ms: int
    last_ms: int
    times: int = 0
    machine_times: int = 0
    links: tuple[int, ...] = ()
    reason: str = ""


PREFIXES: Final = {What.OPENED: "open#", What.CLICKED: "click#"}
_MARKS: Final = {
    What.DELIVERED: "delivered_ms",
    What.HARD_BOUNCED: "hard_bounce_ms",
    What.SOFT_BOUNCED: "soft_bounce_ms",
    What.REJECTED: "reject_ms",
    What.COMPLAINED: "complaint_ms",
    What.UNSUBSCRIBED: "unsubscribe_ms",
}
_FARES: Final = frozenset({What.DELIVERED, What.HARD_BOUNCED, What.SOFT_BOUNCED, What.REJECTED})
"""How a message that was sent can have fared: in one of these ways, as it is counted."""

_WITH_REASON: Final = frozenset({What.SKIPPED, What.FAILED, What.UNCERTAIN})


def prefix_of(what: What) -> str:
    """Return how the items begin that tell who did this."""
    return PREFIXES.get(what, "message#")


def finding(what: What, seen: Seen) -> Callable[[Item], Person | None]:
    """Return what reads an item that `prefix_of` leads to; None for who did not do this."""
    if what in PREFIXES:
        return lambda item: _of_hits(item, seen)
    return lambda item: _of_message(item, what)


def _of_message(item: Item, what: What) -> Person | None:
    mark = _MARKS.get(what)
    if mark:
        counts = what not in _FARES or fared_of(item) == what
        at_ms = item.get(mark, 0) if counts else 0
    elif item.get("state") == State(what):
        at_ms = item.get("sent_ms") or item.get("changed_ms", 0)
    else:
        return None
    if not at_ms:
        return None
    reason = str(item.get("reason", "")) if what in _WITH_REASON else ""
    return Person(_contact_id(item), at_ms, at_ms, reason=reason)


def _of_hits(item: Item, seen: Seen) -> Person | None:
    human, machine = (_hits(item.get(judged, ())) for judged in JUDGED)
    every = [*human, *machine]
    if not every or (seen is not Seen.ALL and (seen is Seen.HUMAN) is not bool(human)):
        return None
    judged = every if seen is Seen.ALL else human or machine
    is_click = item["sk"].startswith(PREFIXES[What.CLICKED])
    hours = [hit.hour for hit in judged]
    return Person(
        contact_id=_contact_id(item),
        first_ms=min(hours) * HOUR_MS,
        last_ms=max(hours) * HOUR_MS,
        times=len(human),
        machine_times=len(machine),
        links=tuple(sorted({hit.link for hit in judged} - {HONEYPOT})) if is_click else (),
    )


def _hits(texts: Iterable[str]) -> list[Hit]:
    return [hit for hit in map(Hit.of, texts) if hit]


def _contact_id(item: Item) -> str:
    return str(item["sk"]).partition("#")[2]
