"""Counters of mailings, in the tracking table.

Item    pk A#<account>#mailing#<mailing>#<shard>   sk count, count#<yyyymmdd>, count#links#<block>
        <name>           numbers (see `model.mailing_count`)
        seq              how far the stream is counted here
        mark marked      on `count`: the last mark that the stream told, and where
Item    the same with the sort key gone…: what was counted of items that are there no longer
Item    the same with the sort key mark: a sign put in the stream by `store.mailing_rebuild`
        nonce            which one
        expires          seconds, for TTL
Access  add what the stream told; totals, days and links of mailings, over their 16 shards

Whatever a counter counts stands in its own partition, so the stream tells it in one order, and a
counter that knows how far it came takes what is told again for what it is. A counter is read, added
to and written on the condition that nobody else has written it since.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from signalbox.aws import AwsError
from signalbox.environment import environment
from signalbox.model import mailing_count
from signalbox.model.mailing_count import LINKS_AT_ONCE, TOTALS, Counts, Numbers
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

GONE = "gone"
MARK = "mark"
AGREED = frozenset({"pk", "sk", "seq", "mark", "marked"})  # what is no number
TRIES = 8  # of a counter that others write, too
MOST_LINKS = 1_000  # links of a mail that are told


class Told(NamedTuple):
    """What a record of the stream says of a partition.

    `seq` orders the records of a partition as text; `changes` go by counter. `mark` is the nonce of
    a mark, which changes nothing.
    """

    partition: str
    seq: str
    changes: Counts
    mark: str = ""

    def concerns(self, counter: str) -> bool:
        """Tell whether a counter has to note it."""
        return counter in self.changes or (bool(self.mark) and counter == TOTALS)


def standing(told: Iterable[Told]) -> dict[Key, Item]:
    """Read the counters that records concern, those of many partitions at once."""
    places = [(one.partition, counter) for one in told for counter in concerned([one])]
    return table.get_many({environment().tracking_table: places}) if places else {}


def concerned(told: Iterable[Told]) -> list[str]:
    """Return the counters that records of a partition concern, the totals last.

    Once the totals have come so far, all others have.
    """
    found = {counter for one in told for counter in one.changes}
    found |= {TOTALS for one in told if one.mark}
    return sorted(found, key=lambda counter: (counter == TOTALS, counter))


def count(partition: str, told: Sequence[Told], stood: Mapping[Key, Item]) -> None:
    """Count records of one partition, in their order; what was counted before is passed over.

    `stood` are its counters as they were read a moment ago.

    Raises:
        AwsError: AWS failed, or somebody else kept writing; some counters may have come further.
    """
    for counter in concerned(told):
        _advance((partition, counter), told, stood.get((partition, counter)))


def numbers_of(item: Item | None) -> Numbers:
    """Return the numbers of a counter; none where there is no such counter."""
    return {name: found for name, found in (item or {}).items() if name not in AGREED}


def totals(account_id: str, mailing_ids: Sequence[str]) -> Numbers:
    """Return what was counted of mailings together."""
    found = mailing_count.added(_of(account_id, mailing_ids, [TOTALS]))
    return found.get(TOTALS, {})


def totals_of_each(account_id: str, mailing_ids: Sequence[str]) -> list[Numbers]:
    """Return what was counted of each of mailings."""
    found = _of(account_id, mailing_ids, [TOTALS])
    return [counts.get(TOTALS, {}) for counts in found]


def series(account_id: str, mailing_ids: Sequence[str], days: Sequence[date]) -> dict[int, Numbers]:
    """Return what was counted of mailings in each hour since 1970 of these days, in UTC.

    Hours in which nothing was counted are left out.
    """
    counters = {mailing_count.counter_of_day(day): day for day in days}
    hours: dict[int, Numbers] = {}
    found = mailing_count.added(_of(account_id, mailing_ids, list(counters)))
    for counter, numbers in found.items():
        first = (counters[counter] - date(1970, 1, 1)).days * 24
        for name, number in numbers.items():
            hour, _, what = name.partition("_")
            hours.setdefault(first + int(hour), {})[what] = number
    return dict(sorted(hours.items()))


def links(account_id: str, mailing_id: str) -> dict[int, Numbers]:
    """Return what was counted of each link of a mailing, by number, up to link 999.

    Links that nobody followed are not there.
    """
    blocks = range(0, MOST_LINKS, LINKS_AT_ONCE)
    counters = [mailing_count.counter_of_link(link) for link in blocks]
    found: dict[int, Numbers] = {}
    for numbers in _of(account_id, [mailing_id], counters)[0].values():
        for name, number in numbers.items():
            link, _, what = name.partition("_")
            found.setdefault(int(link), {})[what] = number
    return dict(sorted(found.items()))


def partitions(account_id: str, mailing_id: str) -> list[str]:
    """Return the partitions of a mailing, by shard."""
    return [keys.mailing(account_id, mailing_id, shard) for shard in range(keys.MAILING_SHARDS)]


def _of(account_id: str, mailing_ids: Sequence[str], counters: Sequence[str]) -> list[Counts]:
    """Return for each of mailings the sums of counters over its shards."""
    places = [
        [(shard, counter) for shard in partitions(account_id, mailing_id) for counter in counters]
        for mailing_id in mailing_ids
    ]
    name, every = environment().tracking_table, [place for each in places for place in each]
    found = table.get_many({name: every}, eventually=frozenset({name})) if every else {}
    return [
        mailing_count.added(
            {place[1]: numbers_of(found[place])} for place in each if place in found
        )
        for each in places
    ]


def _advance(key: Key, told: Sequence[Told], stood: Item | None) -> None:
    """Let a counter note what it has not yet noted."""
    for _ in range(TRIES):
        came_to = stood["seq"] if stood else ""
        newer = [one for one in told if one.seq > came_to and one.concerns(key[1])]
        if not newer:
            return
        try:
            write(key, _advanced(key, newer, stood), stood)
        except table.RefusedError as error:
            stood = error.old  # ours, whose answer was lost, or that of another at the same records
            continue
        return
    raise AwsError("Contended", f"somebody else kept writing {key[1]}", 400, {})


def _advanced(key: Key, newer: Sequence[Told], stood: Item | None) -> Item:
    """Return a counter that has noted more."""
    sums = Counter(numbers_of(stood))
    for one in newer:
        mailing_count.add(sums, one.changes.get(key[1], {}))
    item: Item = {name: stood[name] for name in ("mark", "marked") if stood and name in stood}
    marks = [one for one in newer if one.mark and key[1] == TOTALS]
    if marks:
        item |= {"mark": marks[-1].mark, "marked": marks[-1].seq}
    return {**item, **mailing_count.nonzero(sums), "seq": newer[-1].seq}


def write(key: Key, item: Item, stood: Item | None) -> None:
    """Write a counter where it still is as it was read; raise `RefusedError` where it is not."""
    table.put(
        environment().tracking_table,
        item | {"pk": key[0], "sk": key[1]},
        condition="seq = :seq" if stood else "attribute_not_exists(pk)",
        values={":seq": stood["seq"]} if stood else None,
    )
