"""Hits that come one by one are judged by their company all the same.

Hits of one message can come in many batches, to workers that know nothing of each other. Each writes
its hit on the record first and counts it then, and what is counted of the message by then comes back
with that. Whoever finds earlier hits there that could say something reads the record, judges all hits
of that time anew, and sets right what is recorded and counted. So the last of several workers sees all
hits, whoever that is. Of anonymous hits there is no record: they are judged with their batch alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from signalbox.aws import AwsError
from signalbox.model.explanation import event_of
from signalbox.model.hit import SETTLING_MS, HitKind, Judgement, judge_all
from signalbox.model.hit_event import hit_of
from signalbox.model.log import LogEntry
from signalbox.store import hits, tracking
from signalbox.store.hits import CountedHit, MovedError, Standing
from signalbox.store.table import Key

SEEN_MS: Final = 3_600_000 + SETTLING_MS  # before a hit: the company of those that it concerns
CONCERNED_MS: Final = 180_000  # after a hit that came late
MOST_READ: Final = 200  # hits and other changes; a flood of hits is not read again for each of them
TRIES: Final = 5  # where others count hits of the message, too
ALIKE: Final = 1  # hours between hits that can have to do with each other

Seen = dict[Key, Standing]


class Counted(NamedTuple):
    """A hit that was counted on a contact's record, and what is counted of its message.

    `own` are the hits of its kind, as they stood after it; `other` those of the other kind, as they
    stood when the batch was read.
    """

    hit: CountedHit
    own: Standing
    other: Standing


def other_key(hit_key: Key) -> Key:
    """Return where the hits of the other kind of the same message are counted."""
    kind, _, who = hit_key[1].partition("#")
    return hit_key[0], f"{'click' if kind == 'open' else 'open'}#{who}"


def judge_again(counted: Iterable[Counted]) -> None:
    """Judge hits anew whose company came in other batches.

    Raises:
        AwsError: AWS failed, or others kept counting; judging again later does no harm.
    """
    messages: dict[tuple[str, ...], list[Counted]] = {}
    for one in counted:
        named = (one.hit.account_id, one.hit.mailing_id, one.hit.who)
        messages.setdefault(named, []).append(one)
    for several in messages.values():
        seen = _seen(several)
        if _may_matter(several, seen):
            _settle(several, seen)


def _seen(several: Sequence[Counted]) -> Seen:
    """Return what is known to be counted of a message; what a hit brought back is the newest."""
    seen = {other_key(one.hit.key): one.other for one in several}
    return seen | {one.hit.key: one.own for one in several}


def _may_matter(several: Sequence[Counted], seen: Seen) -> bool:
    """Tell whether there is company that came otherwise and can say something.

    A reader who opens, opens again and clicks once says nothing of that, and those are most.
    """
    ours = {one.hit.text for one in several}
    hours = {hour + by for hour in hits.hours_of(ours) for by in (-ALIKE, 0, ALIKE)}
    near = {
        place: Standing(*(_within(texts, hours) for texts in standing))
        for place, standing in seen.items()
    }
    if all(standing.texts <= ours for standing in near.values()):
        return False
    clicks = [standing.texts for (_, sort), standing in near.items() if sort.startswith("click#")]
    return any(standing.machine for standing in near.values()) or any(
        len(texts) > 1 for texts in clicks
    )


def _within(texts: Iterable[str], hours: set[int]) -> frozenset[str]:
    return frozenset(text for text in texts if hits.hours_of([text]) <= hours)


def _settle(several: Sequence[Counted], seen: Seen) -> None:
    """Set right what is recorded and counted of a message's hits around the time of some."""
    for _ in range(TRIES):
        judged = _judged(several)
        for entry, judgement in judged:
            if _is_new(entry, judgement):
                tracking.rewrite(replace(entry, properties=_rejudged(entry.properties, judgement)))
        try:
            for place, standing in seen.items():
                hits.judge_again(place, standing, standing.judged(_readers(place, judged)))
        except MovedError as error:
            seen = {**seen, error.place: error.standing}
            continue
        return
    raise AwsError("Contended", "others kept counting hits of the same message", 400, {})


def _judged(several: Sequence[Counted]) -> list[tuple[LogEntry, Judgement]]:
    """Judge what stands on the record of a message, and return those hits that company can concern."""
    hit = several[0].hit
    times = [one.hit.at_ms for one in several]
    until_ms = max(times) + CONCERNED_MS
    entries = [
        entry
        for entry in tracking.latest_changes(
            hit.account_id,
            hit.who,
            min(times) - SEEN_MS,
            until_ms + SETTLING_MS,
            limit=MOST_READ,
        )
        if entry.kind in set(HitKind) and entry.properties.get("mailing_id") == hit.mailing_id
    ]
    judgements = judge_all([hit_of(event_of(entry)) for entry in entries])
    return [
        (entry, judgement)
        for entry, judgement in zip(entries, judgements, strict=True)
        if min(times) - SETTLING_MS <= entry.at_ms <= until_ms
    ]


def _is_new(entry: LogEntry, judgement: Judgement) -> bool:
    said = entry.properties
    return (said.get("verdict"), tuple(said.get("reasons", ()))) != judgement


def _rejudged(said: Mapping[str, object], judgement: Judgement) -> dict[str, object]:
    facts = {**said, "verdict": str(judgement.verdict), "reasons": list(judgement.reasons)}
    return {name: value for name, value in facts.items() if name != "reasons" or value}


def _readers(place: Key, judged: Iterable[tuple[LogEntry, Judgement]]) -> dict[str, bool]:
    """Return the texts of one kind's hits, and of each whether a reader was behind it."""
    kind = place[1].partition("#")[0]
    return {
        hits.text_of(entry.at_ms, int(entry.properties.get("link", 0)), entry.key_hash): (
            judgement.verdict.is_reader
        )
        for entry, judgement in judged
        if entry.kind == kind
    }
