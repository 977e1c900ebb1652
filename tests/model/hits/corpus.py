"""The labelled corpus of hits: traces of single messages, with who was behind each hit.

Each part is a file that holds a trace a line: `name`, `why`, `delivered` (whether the delivery is
known) and `hits`, each with `kind`, `after_ms` (since delivery), `agent` (a name of `agents.json`),
`truth`, and where it has them `link`, `method`, `ip` and `purpose`.

Whoever judges a message may know less of it than a trace tells: `as_kept` and `in_batches` are
what Signalbox itself does, which keeps no addresses.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from signalbox.model.hit import HONEYPOT, NO_LINK, Hit, HitKind, Judgement, Verdict, judge_all
from tests.template import ROOT, template

FOLDER = ROOT / "tests" / "model" / "hits"
PARTS = ("development", "held-out", "second-held-out")
DELIVERED_MS = 1_780_000_000_000
BATCH_MS = 1000 * template()["Parameters"]["TrackBatchSeconds"]["Default"]

AGENTS: dict[str, str] = {
    name: entry["agent"] for name, entry in json.loads((FOLDER / "agents.json").read_text()).items()
}


class Judged(NamedTuple):
    """A hit of the corpus with the truth and what was thought of it."""

    trace: str
    hit: Hit
    truth: Verdict
    verdict: Verdict


@cache
def traces(part: str) -> list[dict[str, Any]]:
    """Return the traces of a part."""
    lines = (FOLDER / f"{part}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def hits_of(trace: dict[str, Any]) -> list[Hit]:
    """Return the hits of a trace."""
    return [
        Hit(
            HitKind(one["kind"]),
            HONEYPOT if one.get("link") == "honeypot" else one.get("link", NO_LINK),
            one.get("method", "GET"),
            AGENTS[one["agent"]],
            DELIVERED_MS + one["after_ms"],
            one.get("ip", ""),
            DELIVERED_MS if trace["delivered"] else 0,
            one.get("purpose", ""),
        )
        for one in trace["hits"]
    ]


def as_kept(hits: Sequence[Hit]) -> list[Judgement]:
    """Judge the hits of a message as those of a known reader: all of them, without addresses."""
    return judge_all([hit._replace(ip="") for hit in hits])


def in_batches(hits: Sequence[Hit]) -> list[Judgement]:
    """Judge the hits of a message as those of nobody known: without addresses, batch by batch.

    A batch is what comes within the time for which the worker waits when it has little to do.
    """
    found: dict[int, Judgement] = {}
    batch: list[int] = []
    for number in sorted(range(len(hits)), key=lambda one: hits[one].at_ms):
        if batch and hits[number].at_ms - hits[batch[0]].at_ms > BATCH_MS:
            batch = []
        batch.append(number)
        found |= dict(zip(batch, as_kept([hits[one] for one in batch]), strict=True))
    return [found[number] for number in range(len(hits))]


@cache
def judged(*parts: str, by: Callable[[Sequence[Hit]], list[Judgement]] = judge_all) -> list[Judged]:
    """Return every hit of these parts, judged with the others of its message."""
    return [
        Judged(f"{part}: {trace['name']}", hit, Verdict(one["truth"]), judgement.verdict)
        for part in parts
        for trace in traces(part)
        for one, hit, judgement in _judgements(trace, by)
    ]


def _judgements(
    trace: dict[str, Any], by: Callable[[Sequence[Hit]], list[Judgement]]
) -> Iterator[tuple[dict[str, Any], Hit, Judgement]]:
    hits = hits_of(trace)
    return zip(trace["hits"], hits, by(hits), strict=True)
