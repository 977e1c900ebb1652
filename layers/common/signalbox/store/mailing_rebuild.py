"""Making a mailing's counters again from its log, while the stream may still be flowing.

The log is all items of a partition of the mailing, and what `gone` counters keep of those that are
there no longer. What the counters must hold is the log as it was at one place of the stream, and
where in the stream a reading of the log stands, nobody can know. So between two readings a mark is
written into the partition, which the stream tells in its place: where both readings are equal, item
by item, the log was so when the mark was written. Once the totals say that the mark was the last that
they were told, every counter has come to it, and is set right on the condition that it has not gone
on since. Where anything moves, nothing is written and the shard is reported as moving.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model import mailing_count
from signalbox.model.mailing_count import TOTALS, Counts
from signalbox.model.retention import DAY_MS
from signalbox.store import table
from signalbox.store.mailing_counts import GONE, MARK, numbers_of, write
from signalbox.store.table import Item

LOGGED = ("message#", "open#", "click#")
WAIT_S = 0.25  # between two looks at whether the stream has told the marks
PAGE = 1_000


class Rebuilt(StrEnum):
    """What came of a partition.

    `unchanged`: its counters were right. `corrected`: they are now. `moving`: something was sent,
    opened or counted meanwhile. `untold`: the stream is behind, or stands still.
    """

    UNCHANGED = "unchanged"
    CORRECTED = "corrected"
    MOVING = "moving"
    UNTOLD = "untold"


class Reading(NamedTuple):
    """What a partition's log says, and a digest of all that it holds."""

    counts: Counts
    digest: bytes


def rebuild(partitions: Iterable[str], *, now_ms: int, patience_s: float) -> dict[str, Rebuilt]:
    """Make the counters of partitions again; wait so long for the stream to tell of the marks.

    Raises:
        AwsError: AWS failed. Each counter is as it was or right; asking again does no harm.
    """
    done: dict[str, Rebuilt] = {}
    marked: dict[str, tuple[str, Counts]] = {}
    for partition in partitions:
        before = _reading(partition)
        if not before.counts and not _counters(partition):
            done[partition] = Rebuilt.UNCHANGED
            continue
        nonce = _mark(partition, now_ms)
        if _reading(partition).digest == before.digest:
            marked[partition] = nonce, before.counts
        else:
            done[partition] = Rebuilt.MOVING
    told = _told({partition: nonce for partition, (nonce, _) in marked.items()}, patience_s)
    for partition, (_, counts) in marked.items():
        place = told.get(partition)
        done[partition] = Rebuilt.UNTOLD if place is None else _settled(partition, place, counts)
    return done


def _reading(partition: str) -> Reading:
    """Read the log of a partition."""
    digest = hashlib.sha256()

    def counts() -> Iterable[Counts]:
        for prefix in LOGGED:
            for item in _items(partition, prefix):
                digest.update(_text(item))
                yield mailing_count.counts_of(item)

    return Reading(mailing_count.added(counts()), digest.digest())


def _text(item: Item) -> bytes:
    """Return an item as bytes, the same for the same item and no other."""
    parts = sorted(
        (name, sorted(value) if isinstance(value, frozenset) else value)
        for name, value in item.items()
    )
    return repr(parts).encode("utf-8", "surrogatepass")


def _items(partition: str, prefix: str) -> Iterable[Item]:
    name = environment().tracking_table
    return table.query_all(name, partition, prefix=prefix, consistent=True, limit=PAGE)


def _counters(partition: str) -> dict[str, Item]:
    """Return the counters of a partition, those of what is gone among them."""
    return {item["sk"]: item for kind in (TOTALS, GONE) for item in _items(partition, kind)}


def _mark(partition: str, now_ms: int) -> str:
    """Put a mark in the stream; return its nonce."""
    nonce = secrets.token_hex(8)
    expires_s = (now_ms + DAY_MS) // 1000
    mark = {"pk": partition, "sk": MARK, "nonce": nonce, "expires": expires_s}
    table.put(environment().tracking_table, mark)
    return nonce


def _told(nonces: Mapping[str, str], patience_s: float) -> dict[str, str]:
    """Wait for marks to be told; return where, empty for a place that is not the last any more."""
    found: dict[str, str] = {}
    for _ in range(max(1, int(patience_s / WAIT_S))):
        waited_for = [(one, TOTALS) for one in nonces if one not in found]
        if not waited_for:
            break
        seen = table.get_many({environment().tracking_table: waited_for})
        for (partition, _), totals in seen.items():
            if totals.get("mark") == nonces[partition]:
                found[partition] = totals["seq"] if totals["seq"] == totals["marked"] else ""
        if len(found) < len(nonces):
            table.sleep(WAIT_S)
    return found


def _settled(partition: str, place: str, counts: Counts) -> Rebuilt:
    """Set right what a partition's counters hold, as of a place in its stream."""
    stood = _counters(partition)
    if not place or any(item["seq"] > place for item in stood.values()):
        return Rebuilt.MOVING
    gone = {
        TOTALS + counter.removeprefix(GONE): numbers_of(item)
        for counter, item in stood.items()
        if counter.startswith(GONE)
    }
    wanted = mailing_count.added([counts, gone])
    counters = {counter for counter in stood if counter.startswith(TOTALS)} | wanted.keys()
    outcome = Rebuilt.UNCHANGED
    for counter in sorted(counters):
        numbers = wanted.get(counter, {})
        if numbers == numbers_of(stood.get(counter)):
            continue
        outcome = Rebuilt.CORRECTED
        if not _set(partition, counter, {**numbers, "seq": place}, stood.get(counter)):
            return Rebuilt.MOVING
    return outcome


def _set(partition: str, counter: str, item: Item, stood: Item | None) -> bool:
    """Write a counter anew; False where it has gone on."""
    kept = {name: stood[name] for name in ("mark", "marked") if stood and name in stood}
    try:
        write((partition, counter), item | kept, stood)
    except table.RefusedError as error:  # or it is our own write, whose answer was lost
        return error.old == item | kept | {"pk": partition, "sk": counter}
    return True
