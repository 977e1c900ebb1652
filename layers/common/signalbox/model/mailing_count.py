"""What is counted of a mailing: what one of its items stands for, and what a change of it changes.

Items are those of a mailing's partition: `message#<contact>` (see `model.message`), and
`open#<who>` and `click#<who>`, whose sets `human` and `machine` hold a text for each hit:
`<hours since 1970>.<link>.<8 hex of the event's id>`. Who is a contact's id, or `~` and a nonce
where nobody is to be known.

Counts go by the counter that keeps them, which is named as its sort key is:

    count                totals            sent, skipped_opted_out, opened_personal_human, …
    count#<yyyymmdd>     hours of a day    07_sent, 07_opens_human, 07_clicks_machine, …
    count#links#<block>  a hundred links   3_clicked_human, 3_clicks_machine, …

`opened` and `clicked` count whom (each once), `opens` and `clicks` how often. Whoever has a human hit
counts as human, whatever else was seen; who has only others, as machine. What an item stands for
depends on the item alone, so that the counts of a log are the sum over its items, in any order,
and what a change changes is the difference of two such sums.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from signalbox.model.message import State
from signalbox.model.tracking_token import HONEYPOT

Item = Mapping[str, Any]
Numbers = dict[str, int]
Counts = dict[str, Numbers]

TOTALS: Final = "count"
LINKS_AT_ONCE: Final = 100
HOUR_MS: Final = 3_600_000
TRACKED: Final = ("personal", "anonymous")
JUDGED: Final = ("human", "machine")
ANONYMOUS_MARK: Final = "~"
_MARKED: Final = {"complained": "complaint_ms", "unsubscribed": "unsubscribe_ms"}
_FARED: Final = (
    ("hard_bounced", "hard_bounce_ms"),
    ("rejected", "reject_ms"),
    ("delivered", "delivered_ms"),
    ("soft_bounced", "soft_bounce_ms"),
)
_NOUNS: Final = {"open": ("opened", "opens"), "click": ("clicked", "clicks")}
_REASON = re.compile(r"[a-z][a-z_]{0,39}")
_HIT = re.compile(r"(\d{1,7})\.(\d{1,5})\.[0-9a-f]+", re.ASCII)


class Hit(NamedTuple):
    """A load of a pixel (link 0) or a click: in which hour since 1970, and on which link."""

    hour: int
    link: int

    @classmethod
    def of(cls, text: str) -> "Hit | None":
        """Read a text of a set; None where it is none of ours."""
        found = _HIT.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None


def deltas(before: Item | None, after: Item | None) -> Counts:
    """Return what a change of an item changes of each counter; None for no item.

    A counter that is not named has nothing to do with the change.
    """
    old, new = counts_of(before), counts_of(after)
    changed: Counts = {}
    for counter in old.keys() | new.keys():
        was, now = old.get(counter, {}), new.get(counter, {})
        by = {name: now.get(name, 0) - was.get(name, 0) for name in was.keys() | now.keys()}
        if found := {name: number for name, number in by.items() if number}:
            changed[counter] = found
    return changed


def counts_of(item: Item | None) -> Counts:
    """Return what an item stands for; nothing for none, and for an item of another kind."""
    if item is None:
        return {}
    counted: dict[str, Counter[str]] = {}
    kind, _, who = item["sk"].partition("#")
    pairs = _of_message(item) if kind == "message" else _of_hits(item, kind, who)
    for counter, name in pairs:
        counted.setdefault(counter, Counter())[name] += 1
    return {counter: dict(numbers) for counter, numbers in counted.items()}


def added(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts, without what comes to nothing."""
    sums: dict[str, Counter[str]] = {}
    for one in counts:
        for counter, numbers in one.items():
            add(sums.setdefault(counter, Counter()), numbers)
    plain = {counter: nonzero(numbers) for counter, numbers in sums.items()}
    return {counter: numbers for counter, numbers in plain.items() if numbers}


def add(to: Counter[str], numbers: Mapping[str, int]) -> None:
    """Add numbers to others, in place; unlike `Counter` itself, below zero too."""
    for name, number in numbers.items():
        to[name] += number


def nonzero(numbers: Mapping[str, int]) -> Numbers:
    """Return the numbers that are not 0."""
    return {name: number for name, number in numbers.items() if number}


def counter_of_day(day: date) -> str:
    """Return the counter of a day, in UTC."""
    return f"{TOTALS}#{day:%Y%m%d}"


def counter_of_link(link: int) -> str:
    """Return the counter of the hundred links that this one is of."""
    return f"{TOTALS}#links#{link // LINKS_AT_ONCE}"


def fared_of(item: Item) -> str:
    """Return the word for how a message fared that was sent; empty where nothing is known."""
    if item.get("state") != State.SENT:
        return ""
    return next((name for name, mark in _FARED if item.get(mark)), "")


def _of_message(item: Item) -> Iterator[tuple[str, str]]:
    state = item.get("state", "")
    if state == State.SENT:
        yield from _of_sent(item)
    elif state == State.SKIPPED:
        yield TOTALS, "skipped"
        yield TOTALS, f"skipped_{_reason(item)}"
    elif state in (State.FAILED, State.UNCERTAIN):
        yield TOTALS, state
        if state == State.UNCERTAIN:
            yield from _of_tracking(item)
    for name, mark in _MARKED.items():
        if item.get(mark):
            yield TOTALS, name


def _of_sent(item: Item) -> Iterator[tuple[str, str]]:
    """Count a message that was sent, once by how it fared, as far as is known."""
    yield TOTALS, "sent"
    if item.get("sent_ms"):
        yield _of_hour(item["sent_ms"] // HOUR_MS, "sent")
    fared = fared_of(item)
    if fared:
        yield TOTALS, fared
    if not fared or item.get("delivered_ms"):  # what never arrived, nobody can open
        yield from _of_tracking(item)


def _of_tracking(item: Item) -> Iterator[tuple[str, str]]:
    """Count a message that may be opened and clicked, by how that is tracked."""
    for purpose, mode in (("open", "mode"), ("click", "click_mode")):
        if item.get(mode) in TRACKED:
            yield TOTALS, f"{purpose}_tracked_{item[mode]}"


def _of_hits(item: Item, kind: str, who: str) -> Iterator[tuple[str, str]]:
    nouns = _NOUNS.get(kind)
    hits = {judged: _hits(item.get(judged, ())) for judged in JUDGED}
    if nouns is None or not any(hits.values()):
        return
    whom, often = nouns
    tracked = "anonymous" if who.startswith(ANONYMOUS_MARK) else "personal"
    yield TOTALS, f"{whom}_{tracked}_{_judged(hits)}"
    for judged, several in hits.items():
        for hit in several:
            yield TOTALS, f"{often}_{tracked}_{judged}"
            yield _of_hour(hit.hour, f"{often}_{judged}")
    if kind == "click":
        yield from _of_links(hits)


def _of_links(hits: Mapping[str, list[Hit]]) -> Iterator[tuple[str, str]]:
    """Count clicks by their links, without the trap for machines, which is no link of the mail."""
    links = {hit.link for several in hits.values() for hit in several} - {HONEYPOT}
    for link in sorted(links):
        of_link = {
            judged: [hit for hit in several if hit.link == link] for judged, several in hits.items()
        }
        counter = counter_of_link(link)
        yield counter, f"{link}_clicked_{_judged(of_link)}"
        for judged, several in of_link.items():
            for _ in several:
                yield counter, f"{link}_clicks_{judged}"


def _of_hour(hour: int, name: str) -> tuple[str, str]:
    day = datetime.fromtimestamp(hour * 3600, UTC)
    return counter_of_day(day), f"{day:%H}_{name}"


def _hits(texts: Iterable[str]) -> list[Hit]:
    return [hit for hit in map(Hit.of, texts) if hit]


def _judged(hits: Mapping[str, list[Hit]]) -> str:
    return "human" if hits["human"] else "machine"


def _reason(item: Item) -> str:
    """Return the word that a reason begins with; what is no word makes no counter of its own."""
    word = str(item.get("reason", "")).partition(":")[0]
    return word if _REASON.fullmatch(word) else "other"
