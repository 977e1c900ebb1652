"""Counters of mailings: exactly once, however often, in whatever pieces, the stream tells."""

import contextlib
import itertools
import random
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox import counting
from signalbox.aws import AwsError
from signalbox.model.contact import new_contact_id
from signalbox.store import keys, mailing_counts, table
from tests.mailed import (
    ACCOUNT_ID,
    AT_MS,
    HOUR,
    MAILING_ID,
    TrackingStream,
    hit,
    hits,
    message,
    partition,
    record,
    remove,
    write,
)
from tests.store.counted import Death, Shelf, changes, expected, shelved, told


def tell(shelf: Shelf, records: list[dict], chance: random.Random) -> None:
    """Tell records as DynamoDB and Lambda do, until all were told and the function said so."""
    partitions = sorted({one["dynamodb"]["Keys"]["pk"]["S"] for one in records})
    # Partitions are spread over shards of the stream, which are told side by side.
    of_shard = {partition: chance.randint(0, 1) for partition in partitions}
    waiting = {
        shard: [one for one in records if of_shard[one["dynamodb"]["Keys"]["pk"]["S"]] == shard]
        for shard in (0, 1)
    }
    while any(waiting.values()):
        shard = chance.choice([one for one, left in waiting.items() if left])
        batch = waiting[shard][: chance.randint(1, 6)]
        if chance.random() < 0.5:
            shelf.dies_at = (shelf.writes + chance.randint(0, 3), chance.random() < 0.5)
        with contextlib.suppress(Death):
            assert "" == counting.count(batch)[1]
            done = chance.choice([len(batch), len(batch), 1, 0])  # the rest comes again
            waiting[shard] = waiting[shard][done:]
        shelf.dies_at = None


@given(changes(), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_whatever_the_stream_does_the_counters_are_the_sum_over_the_items(history, seed):
    """Partitions in any order to each other; batches split, repeated, cut off between two writes."""
    final = {(item["pk"], item["sk"]): item for _, item in history}
    with shelved() as shelf:
        tell(shelf, told(history), random.Random(seed))  # noqa: S311 repeatable
        counting.count(told(history))  # and all of it once more

        assert expected(final) == shelf.counted()


@given(changes())
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
def test_a_crash_at_any_write_of_a_batch_is_mended_by_the_repeat(history):
    records = told(history)
    final = {(item["pk"], item["sk"]): item for _, item in history}
    for number, after in itertools.product(range(6), (False, True)):
        with shelved() as shelf:
            shelf.dies_at = (number, after)
            with contextlib.suppress(Death):
                counting.count(records)
            shelf.dies_at = None
            counting.count(records)

            assert expected(final) == shelf.counted()


def test_a_number_that_comes_to_nothing_is_still_known_to_be_counted():
    """Else the second half of a batch, told again by itself, would be taken away from the rest."""
    sent, failed = message("11"), message("11", "failed")
    there_and_back = [record(1, None, sent), record(2, sent, failed), record(3, failed, sent)]
    with shelved() as shelf:
        counting.count(there_and_back)
        counting.count(there_and_back[1:])
        counting.count(there_and_back[2:])

        assert {"sent": 1, "open_tracked_personal": 1, "click_tracked_personal": 1} == (
            shelf.counted()[partition("11"), "count"]
        )


def test_two_that_count_the_same_at_once_count_it_once():
    """The one that comes later finds the other's number, and what is left to do."""
    records = [record(number, None, message(str(number))) for number in range(3)]
    pk = partition("0")
    same = [one for one in records if one["dynamodb"]["Keys"]["pk"]["S"] == pk]
    more = [*same, record(7, None, hits("open", "0", human=[hit()]))]
    with shelved() as shelf:
        first = [counting.told_by(one) for one in same]
        both = [counting.told_by(one) for one in more]
        stood = mailing_counts.standing(both)  # neither has written yet
        mailing_counts.count(pk, first, stood)
        mailing_counts.count(pk, both, stood)

        assert {"sent": 1, "opened_personal_human": 1} == {
            name: shelf.counted()[pk, "count"][name] for name in ("sent", "opened_personal_human")
        }


def test_a_counter_that_others_keep_writing_is_left_to_the_repeat():
    with shelved() as shelf, pytest.MonkeyPatch.context() as patched:
        told_once = counting.told_by(record(5, None, message("11")))

        def busy(*_, **__):
            raise table.RefusedError({"pk": "p", "sk": "count", "seq": ""})

        patched.setattr(table, "put", busy)

        with pytest.raises(AwsError, match="Contended"):
            mailing_counts.count(partition("11"), [told_once], {})
        assert {} == shelf.counted()


def test_a_new_stream_goes_on_after_the_old_one():
    """A restored table numbers its records anew; where its stream began tells old from new."""
    old = record(900, None, message("11"))
    new = record(5, None, hits("open", "11", human=[hit()]))
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-11-2{}T00:00:00.000"
    with shelved() as shelf:
        counting.count([old | {"eventSourceARN": arn.format(1)}])
        counting.count([new | {"eventSourceARN": arn.format(2)}])

        assert 1 == shelf.counted()[partition("11"), "count"]["opened_personal_human"]


def test_numbers_of_records_compare_as_numbers():
    """However many digits they have."""
    records = [
        record(99, None, message("11")),
        record(100, None, hits("open", "11", human=[hit()])),
    ]
    with shelved() as shelf:
        for one in records:
            counting.count([one])

        assert 1 == shelf.counted()[partition("11"), "count"]["opened_personal_human"]


def test_what_goes_stays_counted_and_is_kept_apart():
    """An erased contact, or an entry that expired, takes nothing off the numbers."""
    item = message("11", delivered_ms=1)
    with shelved() as shelf:
        counting.count([record(1, None, item), record(2, item, None)])

        counted = shelf.counted()
        assert 1 == counted[partition("11"), "count"]["delivered"]
        assert counted[partition("11"), "count"] == counted[partition("11"), "gone"]
        assert {"10_sent": 1} == counted[partition("11"), "gone#20261121"]


def test_a_hundred_thousand_opens_of_one_mailing_make_no_hot_key():
    """Over the 16 shards of a mailing, neither contacts' ids nor nonces crowd one of them."""
    ids = [new_contact_id(AT_MS + number // 7, number % 4096) for number in range(100_000)]
    nonces = [f"{number * 2_654_435_761 % 2**64:016x}" for number in range(100_000)]
    for several in (ids, nonces):
        shares = Counter(map(keys.mailing_shard, several))

        assert keys.MAILING_SHARDS == len(shares)
        assert max(shares.values()) < 1.05 * 100_000 / keys.MAILING_SHARDS


def test_a_batch_of_opens_writes_few_counters_whatever_their_number():
    """Of a thousand opens, two counters of each shard are written, each once."""
    opens = [hits("open", str(number), human=[hit(number)]) for number in range(1000)]
    with shelved() as shelf:
        counting.count([record(number, None, one) for number, one in enumerate(opens)])

        assert 2 * keys.MAILING_SHARDS == shelf.writes


# Against DynamoDB


@pytest.fixture(name="stream")
def _stream(cloud) -> TrackingStream:
    return TrackingStream(cloud)


def test_totals_days_and_links_are_sums_over_the_shards(cloud, stream):
    for number in range(40):
        write(cloud, message(str(number)), hits("open", str(number), human=[hit(number)]))
    write(cloud, hits("click", "7", human=[hit(1, link=2)], machine=[hit(2, link=250)]))
    write(cloud, message("1", mailing_id="3000"), hits("open", "~ab", machine=[hit(3)]))
    stream.flow()

    totals = mailing_counts.totals(ACCOUNT_ID, [MAILING_ID])
    assert (40, 40, 1) == tuple(
        totals[name] for name in ("sent", "opened_personal_human", "opened_anonymous_machine")
    )
    assert 41 == mailing_counts.totals(ACCOUNT_ID, [MAILING_ID, "3000"])["sent"]
    assert {} == mailing_counts.totals(ACCOUNT_ID, ["4000"])
    assert {} == mailing_counts.totals(ACCOUNT_ID, [])
    each = mailing_counts.totals_of_each(ACCOUNT_ID, ["3000", "4000", MAILING_ID])
    assert [1, 0, 40] == [one.get("sent", 0) for one in each]
    days = [date(2026, 11, 20), date(2026, 11, 21)]
    assert {
        HOUR: {
            "sent": 40,
            "opens_human": 40,
            "opens_machine": 1,
            "clicks_human": 1,
            "clicks_machine": 1,
        }
    } == mailing_counts.series(ACCOUNT_ID, [MAILING_ID], days)
    assert {} == mailing_counts.series(ACCOUNT_ID, [MAILING_ID], days[:1])
    assert {
        2: {"clicked_human": 1, "clicks_human": 1},
        250: {"clicked_machine": 1, "clicks_machine": 1},
    } == mailing_counts.links(ACCOUNT_ID, MAILING_ID)


def test_sets_grow_in_place_and_are_told_with_both_images(cloud, stream):
    """As a tracker writes them, by adding to a set."""
    place = {"pk": partition("7"), "sk": "open#7"}
    for number in (1, 2, 2):
        table.update(
            cloud.variables["TRACKING_TABLE"],
            (place["pk"], place["sk"]),
            "ADD human :hit",
            {":hit": frozenset({hit(number)})},
        )
    stream.flow()

    totals = mailing_counts.totals(ACCOUNT_ID, [MAILING_ID])
    assert {"opened_personal_human": 1, "opens_personal_human": 2} == totals


def test_nothing_else_of_the_table_is_counted(cloud, stream):
    """Nor the counters themselves: what they write comes by in the same stream."""
    write(cloud, message("1"))
    stream.flow()
    before = cloud.items("TRACKING")
    stream.flow()

    assert before == cloud.items("TRACKING")
    remove(cloud, message("1"))
    stream.flow()
    assert 1 == mailing_counts.totals(ACCOUNT_ID, [MAILING_ID])["sent"]
