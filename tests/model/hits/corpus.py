"""The labelled corpus of hits: traces of single messages, with who was behind each hit.

`development.jsonl` and `held-out.jsonl` hold a trace a line: `name`, `why`, `delivered` (whether the
delivery is known) and `hits`, each with `kind`, `after_ms` (since delivery), `agent` (a name of
`agents.json`), `truth`, and where it has them `link`, `method`, `ip` and `purpose`.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from signalbox.model.hit import HONEYPOT, NO_LINK, Hit, HitKind, Verdict, judge_all
from tests.template import ROOT

FOLDER = ROOT / "tests" / "model" / "hits"
PARTS = ("development", "held-out")
DELIVERED_MS = 1_780_000_000_000

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


@cache
def judged(*parts: str) -> list[Judged]:
    """Return every hit of these parts, judged with the others of its message."""
    return [one for part in parts for trace in traces(part) for one in _judged_in(part, trace)]


def _judged_in(part: str, trace: dict[str, Any]) -> Iterator[Judged]:
    hits = hits_of(trace)
    for one, hit, judgement in zip(trace["hits"], hits, judge_all(hits), strict=True):
        yield Judged(f"{part}: {trace['name']}", hit, Verdict(one["truth"]), judgement.verdict)
