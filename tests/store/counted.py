"""A shelf for items and counters of mailings, histories of items, and what they add up to."""

import contextlib
from typing import Any

import pytest
from hypothesis import strategies as st

from signalbox.model.mailing_count import added, counts_of
from signalbox.store import mailing_counts, mailing_rebuild, table
from signalbox.store.mailing_counts import numbers_of
from tests.mailed import AT_MS, HOUR, hit, hits, message, record

WHO = ["11", "12", "13", "~0a", "~0b"]
STATES = ["claimed", "sent", "skipped", "failed", "uncertain"]


class Death(BaseException):
    """The process ended here."""


class Shelf:
    """As much of the table as counters need, with a place to die at: before or after a write."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.dies_at: tuple[int, bool] | None = None
        self.writes = 0

    def before(self) -> None:
        """Do nothing before a call; others may let something happen."""

    def get_many(self, wanted) -> dict:
        """Read items."""
        self.before()
        places = [key for several in wanted.values() for key in several]
        return {key: dict(self.items[key]) for key in places if key in self.items}

    def put(self, _table, item, *, condition="", values=None) -> None:
        """Write on one of the two conditions there are, or on none."""
        self.before()
        key = (item["pk"], item["sk"])
        old = self.items.get(key)
        now = self.dies_at and self.dies_at[0] == self.writes
        self.writes += 1
        if now and not self.dies_at[1]:
            raise Death
        if condition == "attribute_not_exists(pk)":
            holds = old is None
        else:
            assert condition in ("", "seq = :seq")
            holds = not condition or (old is not None and old["seq"] == values[":seq"])
        if not holds:
            raise table.RefusedError(dict(old) if old else None)
        self.written(old, item)
        self.items[key] = dict(item)
        if now:
            raise Death

    def query_all(self, _table, wanted, *, prefix, **_):
        """Read what begins so."""
        self.before()
        for (pk, sk), item in sorted(self.items.items()):
            if pk == wanted and sk.startswith(prefix):
                yield dict(item)

    def written(self, old: dict | None, item: dict) -> None:
        """Keep no stream; others may."""

    def counted(self) -> dict[tuple[str, str], dict[str, int]]:
        """Return the numbers of every counter that has any."""
        found = {
            key: numbers_of(item)
            for key, item in self.items.items()
            if key[1].startswith(("count", "gone"))
        }
        return {key: numbers for key, numbers in found.items() if numbers}


@contextlib.contextmanager
def shelved(shelf: Shelf | None = None):
    """Let the store work on a shelf."""
    shelf = shelf or Shelf()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(table, "sleep", lambda _: shelf.before())
        for name in ("get_many", "put", "query_all"):
            patched.setattr(table, name, getattr(shelf, name))
        for module in (mailing_counts, mailing_rebuild):
            patched.setattr(module, "environment", lambda: type("E", (), {"tracking_table": "t"}))
        yield shelf


def expected(items: dict[tuple[str, str], dict]) -> dict:
    """Return the fold over items: what each partition's counters are to hold."""
    by_partition: dict[str, list] = {}
    for (pk, _), item in items.items():
        by_partition.setdefault(pk, []).append(counts_of(item))
    return {
        (pk, counter): numbers
        for pk, several in by_partition.items()
        for counter, numbers in added(several).items()
    }


@st.composite
def changes(draw) -> list[tuple[dict | None, dict]]:
    """Return a history: writes of items, one after the other, each with what stood there before."""
    there: dict[tuple[str, str], dict] = {}
    made: list[tuple[dict | None, dict]] = []
    for number in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["message", "open", "click"]))
        who = draw(st.sampled_from(WHO[:3] if kind == "message" else WHO))
        if kind == "message":
            item = message(who, draw(st.sampled_from(STATES)), changed_ms=AT_MS + number)
        else:
            item = hits(kind, who)
            before = there.get((item["pk"], item["sk"]), item)
            text = hit(number, link=draw(st.sampled_from([0, 1, 100])), hour=HOUR + number * 5)
            judged = draw(st.sampled_from(["human", "machine"]))
            item = before | {judged: before.get(judged, frozenset()) | {text}}
        key = (item["pk"], item["sk"])
        made.append((there.get(key), item))
        there[key] = item
    return made


def told(history) -> list[dict]:
    """Return the records of a history, in the one order of a table that has one stream."""
    return [record(number + 9, before, item) for number, (before, item) in enumerate(history)]
