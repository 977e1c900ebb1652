"""Counters made again from the log: the same numbers, while the stream flows, or nothing at all."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox import counting
from signalbox.store import keys, mailing_counts, mailing_rebuild, table
from signalbox.store.mailing_counts import numbers_of
from signalbox.store.mailing_rebuild import Rebuilt
from tests.cloud import Cloud, client
from tests.mailed import (
    ACCOUNT_ID,
    MAILING_ID,
    TrackingStream,
    hit,
    hits,
    message,
    partition,
    record,
    remove,
    typed,
    write,
)
from tests.store.counted import Shelf, changes, expected, shelved

WHO = "11"
SETTLED = {Rebuilt.UNCHANGED, Rebuilt.CORRECTED}
SHARD = keys.mailing_shard(WHO)
PLACE = partition(WHO)


class Running:
    """A stream that flows while a rebuild waits for it, and what happens meanwhile."""

    def __init__(self, cloud: Cloud, monkeypatch) -> None:
        self.cloud = cloud
        self.stream = TrackingStream(cloud)
        self.flows = True
        self.meanwhile: list[Callable[[], Any]] = []
        monkeypatch.setattr(table, "sleep", self.pass_time)

    def pass_time(self, _seconds: float) -> None:
        """Let one thing happen and the stream tell what it has."""
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.flows:
            self.stream.flow()

    def counters(self) -> dict[tuple[str, str], dict[str, int]]:
        """Return the numbers of every counter."""
        plain = [table.plain(item) for item in self.cloud.items("TRACKING")]
        found = {
            (item["pk"], item["sk"]): numbers_of(item)
            for item in plain
            if item["sk"].startswith(("count", "gone"))
        }
        return {key: numbers for key, numbers in found.items() if numbers}

    def spoil(self, counter: str = "count", **numbers: int) -> None:
        """Put wrong numbers into a counter, or make one that should not be."""
        name = self.cloud.variables["TRACKING_TABLE"]
        stood = table.get(name, (PLACE, counter)) or {"seq": ""}
        item = stood | {"pk": PLACE, "sk": counter} | numbers
        client("dynamodb").put_item(TableName=name, Item=typed(item))


@pytest.fixture(name="running")
def _running(cloud, monkeypatch) -> Running:
    """A mailing in which things happened, all of it counted, and something gone."""
    running = Running(cloud, monkeypatch)
    erased = message("12", delivered_ms=1)
    write(cloud, message(WHO, "claimed"), erased)
    write(cloud, message(WHO), hits("open", WHO, human=[hit(1)]))
    write(cloud, hits("click", WHO, human=[hit(2, link=1)]), hits("open", "~ab", machine=[hit(3)]))
    running.stream.flow()
    remove(cloud, erased)
    running.stream.flow()
    return running


def rebuild(*shards: int) -> dict[int, Rebuilt]:
    """Rebuild shards, all where none are named."""
    wanted = shards or range(keys.MAILING_SHARDS)
    return counting.rebuild(ACCOUNT_ID, MAILING_ID, wanted, patience_s=1.0)


def test_right_counters_stay_as_they_are(running):
    before = running.counters()

    assert {Rebuilt.UNCHANGED} == set(rebuild().values())
    assert before == running.counters()


def test_wrong_counters_are_made_right(running):
    """Too much, too little, and a counter that should not be; what is gone stays counted."""
    before = running.counters()
    running.spoil(sent=70, opens_personal_human=0, nonsense=1)
    running.spoil("count#20300101", **{"10_sent": 3})
    name = running.cloud.variables["TRACKING_TABLE"]
    links = typed({"pk": PLACE, "sk": "count#links#0"})
    client("dynamodb").delete_item(TableName=name, Key=links)
    assert before != running.counters()

    done = rebuild()

    assert Rebuilt.CORRECTED == done[SHARD]
    assert before == running.counters()
    assert 2 == mailing_counts.totals(ACCOUNT_ID, [MAILING_ID])["sent"]


def test_counting_goes_on_where_the_rebuild_ended(running):
    running.spoil(sent=70)
    rebuild()
    write(running.cloud, hits("open", WHO, human=[hit(1), hit(9)]))
    running.stream.flow()

    totals = mailing_counts.totals(ACCOUNT_ID, [MAILING_ID])
    assert (2, 1, 2) == tuple(
        totals[name] for name in ("sent", "opened_personal_human", "opens_personal_human")
    )


def test_what_the_stream_tells_again_afterwards_is_not_added(running):
    """From its very beginning on."""
    running.spoil(sent=70)
    rebuild()
    before = running.counters()

    running.stream.read = 0
    running.stream.flow()

    assert before == running.counters()


def test_what_is_written_but_not_yet_told_is_counted_once(running):
    """The log has it already, the counters do not."""
    write(running.cloud, message(WHO, delivered_ms=5))

    rebuild()
    running.stream.flow()

    assert 2 == mailing_counts.totals(ACCOUNT_ID, [MAILING_ID])["delivered"]


def test_a_mailing_that_moves_is_left_alone(running):
    """A hit between the two readings, or after the mark: nothing of it is lost or doubled."""
    running.spoil(sent=70)
    spoiled = running.counters()[PLACE, "count"]
    opened = hits("open", WHO, human=[hit(1), hit(8)])
    running.meanwhile = [lambda: write(running.cloud, opened)]

    assert {SHARD: Rebuilt.MOVING} == rebuild(SHARD)
    counted = running.counters()[PLACE, "count"]
    assert spoiled | {"opens_personal_human": 2} == counted
    assert {SHARD: Rebuilt.CORRECTED} == rebuild(SHARD)
    assert 1 == running.counters()[PLACE, "count"]["sent"]


def test_a_log_that_changes_while_it_is_read_is_left_alone(running, monkeypatch):
    """What was read before the mark was not so any more when it was written."""
    mark = mailing_rebuild._mark

    def late(where: str, now_ms: int) -> str:
        write(running.cloud, message(WHO, delivered_ms=7))
        return mark(where, now_ms)

    monkeypatch.setattr(mailing_rebuild, "_mark", late)

    assert {SHARD: Rebuilt.MOVING} == rebuild(SHARD)
    running.stream.flow()
    assert 1 == running.counters()[PLACE, "count"]["delivered"]


@pytest.mark.parametrize("counter", ["count", "count#20261121", "gone"])
def test_a_counter_that_goes_on_while_others_are_set_right_keeps_what_it_has(
    running, monkeypatch, counter
):
    """The place that it came to is a later one than that of the mark."""
    running.spoil(sent=70)
    running.spoil("count#20261121", **{"10_sent": 70})
    settled = mailing_rebuild._settled

    def moving(where: str, place: str, counts: Any) -> Rebuilt:
        running.spoil(counter, seq=place + "~")
        return settled(where, place, counts)

    monkeypatch.setattr(mailing_rebuild, "_settled", moving)

    assert {SHARD: Rebuilt.MOVING} == rebuild(SHARD)
    assert 70 == running.counters()[PLACE, "count"]["sent"]


def test_a_write_that_comes_between_is_not_written_over(running, monkeypatch):
    """The counter is read, the stream counts, the counter is written: not by the rebuild."""
    running.spoil("count#20261121", **{"10_sent": 70})
    real = mailing_rebuild.write

    def late(key, item, stood):
        running.spoil(key[1], seq=item["seq"] + "~")
        real(key, item, stood)

    monkeypatch.setattr(mailing_rebuild, "write", late)

    assert {SHARD: Rebuilt.MOVING} == rebuild(SHARD)
    assert 70 == running.counters()[PLACE, "count#20261121"]["10_sent"]


def test_a_stream_that_stands_still_is_said_to(running):
    """Nothing is written: what it has not told, nobody knows."""
    running.spoil(sent=70)
    running.flows = False

    assert {SHARD: Rebuilt.UNTOLD} == rebuild(SHARD)
    assert 70 == running.counters()[PLACE, "count"]["sent"]


def test_a_mailing_of_which_nothing_is_known_costs_two_readings(running, monkeypatch):
    monkeypatch.setattr(table, "put", lambda *_, **__: pytest.fail("written"))

    done = counting.rebuild(ACCOUNT_ID, "4000", range(16))

    assert dict.fromkeys(range(16), Rebuilt.UNCHANGED) == done


def test_a_mark_expires(running):
    rebuild(SHARD)
    mark = table.get(running.cloud.variables["TRACKING_TABLE"], (PLACE, "mark"))

    assert 0 < mark["expires"]
    remove(running.cloud, {"pk": PLACE, "sk": "mark"})
    before = running.counters()
    running.stream.flow()
    assert before == running.counters()


class Living(Shelf):
    """A table in which, before any call, items may be written and the stream may tell some of them."""

    def __init__(self, history: list, chance: random.Random) -> None:
        super().__init__()
        self.history = list(history)
        self.chance = chance
        self.stream: list[dict] = []
        self.told = 0
        self.busy = False

    def before(self) -> None:
        """Let something happen, unless it is happening."""
        if self.busy:
            return
        self.busy = True
        if self.history and self.chance.random() < 0.05:
            self.happen()
        if self.chance.random() < 0.5:
            self.tell(self.chance.randint(1, 4))
        self.busy = False

    def happen(self) -> None:
        """Write the next item of the history."""
        old, item = self.history.pop(0)
        self.written(old, item)
        self.items[item["pk"], item["sk"]] = item

    def written(self, old: dict | None, item: dict) -> None:
        """Put what the filter lets through on the stream."""
        if not item["sk"].startswith(("count", "gone")):
            self.stream.append(record(len(self.stream) + 1, old, item))

    def tell(self, several: int) -> None:
        """Tell the next records, some that were told before among them."""
        start = max(0, self.told - self.chance.randint(0, 2))
        end = min(self.told + several, len(self.stream))
        counting.count(self.stream[start:end])
        self.told = end

    def come_to_rest(self) -> None:
        """Let all of the history happen and be told."""
        self.busy = True
        while self.history:
            self.happen()
        self.tell(len(self.stream))
        self.busy = False


@given(changes(), st.integers(0, 2**32), st.booleans())
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_whatever_happens_during_a_rebuild_what_it_settles_is_right(history, seed, spoils):
    """Writes and the stream go on between any two calls; what moves is left as it was."""
    chance = random.Random(seed)  # noqa: S311 repeatable
    final = {(item["pk"], item["sk"]): item for _, item in history}
    living = Living(history, chance)
    with shelved(living):
        for _ in range(chance.randint(0, len(history))):
            living.happen()
        living.tell(chance.randint(0, 9))
        if spoils:
            for key, item in living.items.items():
                if key[1].startswith("count"):
                    living.items[key] = item | {"sent": 70, "nonsense": 3}
        places = mailing_counts.partitions(ACCOUNT_ID, MAILING_ID)
        done = mailing_rebuild.rebuild(places, now_ms=1, patience_s=2.0)
        living.come_to_rest()

        settled = {where for where, outcome in done.items() if outcome in SETTLED or not spoils}
        assert {key: one for key, one in expected(final).items() if key[0] in settled} == {
            key: one for key, one in living.counted().items() if key[0] in settled
        }
        again = mailing_rebuild.rebuild(places, now_ms=1, patience_s=50.0)
        assert set(again.values()) <= SETTLED
        assert expected(final) == living.counted()
