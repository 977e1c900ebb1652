"""From the tracking table's stream to the counters of mailings, once and once again.

The function `rollup` counts what the stream tells it. A batch that it gives up leaves a dead letter,
which says where in the stream the records stand (see `announcing`); the counters have gone on by
then, so that what such a letter points at is not counted late, but made again from the log.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from signalbox import emf
from signalbox.aws import AwsError
from signalbox.model import mailing_count
from signalbox.queues import DeadLetters
from signalbox.store import changes, mailing_counts, mailing_rebuild, table
from signalbox.store.changes import ForgottenError
from signalbox.store.mailing_counts import GONE, MARK, Told
from signalbox.store.mailing_rebuild import Rebuilt

Record = Mapping[str, Any]

# What a record, or a letter, can raise that no Signalbox and no Lambda has written.
UNREADABLE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
SEQUENCE_DIGITS = 40  # the most that DynamoDB gives a sequence number
LETTERS_AT_ONCE = 10  # each waits for the stream
PATIENCE_S = 8.0


def count(records: Sequence[Record]) -> tuple[int, str]:
    """Count stream records; return how many said something, and the number of the first that failed.

    The number is empty where none failed. A stream goes on in order, so what follows the first
    record that failed is told again, too, and what of it was counted already is passed over then.
    """
    told = list(map(told_by, records))
    by_partition: dict[str, list[Told]] = {}
    first: dict[str, int] = {}
    for number, one in enumerate(told):
        if one is not None:
            by_partition.setdefault(one.partition, []).append(one)
            first.setdefault(one.partition, number)
    left = dict(first)
    try:
        stood = mailing_counts.standing(one for one in told if one is not None)
        for partition, several in by_partition.items():
            mailing_counts.count(partition, several, stood)
            del left[partition]
    except AwsError as error:
        emf.fault("batch failed", error=repr(error)[:200], records=len(records))
    failed = str(records[min(left.values())]["dynamodb"]["SequenceNumber"]) if left else ""
    return sum(len(several) for several in by_partition.values()), failed


def told_by(record: Record) -> Told | None:
    """Return what a record says; None where it says nothing.

    What cannot be read counts as nothing, here as in a rebuild, and is logged: waiting would not
    make it readable, and the counters of all mailings would wait with it.
    """
    try:
        return _said(record)
    except UNREADABLE as error:
        number = str(record.get("dynamodb", {}).get("SequenceNumber", ""))
        emf.fault("unreadable record", error=repr(error)[:200], record=number)
        return None


def _said(record: Record) -> Told | None:
    told = record["dynamodb"]
    partition, kind = (told["Keys"][name]["S"] for name in ("pk", "sk"))
    before, after = told.get("OldImage"), told.get("NewImage")
    if kind == MARK:
        return Told(partition, place_of(record), {}, after["nonce"]["S"]) if after else None
    changed = _changes(before, after)
    return Told(partition, place_of(record), changed) if changed else None


def place_of(record: Record) -> str:
    """Return where a record stands, as text that sorts as the records of a partition do.

    A table has one stream after another, named by when it began, where its stream was switched off
    or the table restored from a backup; numbers are those of a stream.
    """
    label = record.get("eventSourceARN", "").partition("/stream/")[2]
    return f"{label}#{record['dynamodb']['SequenceNumber'].rjust(SEQUENCE_DIGITS, '0')}"


def _changes(before: Any, after: Any) -> mailing_count.Counts:
    """Return what a change of an item changes; what was counted of one that goes, stays counted."""
    old = table.plain(before) if before else None
    if after:
        return mailing_count.deltas(old, table.plain(after))
    gone = mailing_count.counts_of(old)
    return {
        GONE + counter.removeprefix(mailing_count.TOTALS): numbers
        for counter, numbers in gone.items()
    }


def rebuild(
    account_id: str, mailing_id: str, shards: Iterable[int], *, patience_s: float = PATIENCE_S
) -> dict[int, Rebuilt]:
    """Make the counters of a mailing's shards again from its log; return what came of each."""
    every = mailing_counts.partitions(account_id, mailing_id)
    wanted = {every[shard]: shard for shard in shards}
    done = _rebuilt(wanted, patience_s)
    return {wanted[partition]: outcome for partition, outcome in done.items()}


def count_again(letter: str) -> bool:
    """Make the counters again that the records of a dead letter concern; tell whether all are right.

    Where the stream has forgotten which these are, the letter stays: all mailings of its time need
    to be rebuilt.
    """
    try:
        records = changes.of(changes.pointer_of(letter))
        concerned = {told.partition for told in map(told_by, records) if told}
    except ForgottenError as error:
        emf.fault("forgotten hits", error=str(error), letter=letter[:2000])
        return False
    except UNREADABLE as error:
        emf.fault("unreadable letter", error=repr(error)[:200], letter=letter[:2000])
        return False
    done = _rebuilt(sorted(concerned), PATIENCE_S)
    return set(done.values()) <= {Rebuilt.UNCHANGED, Rebuilt.CORRECTED}


def _rebuilt(partitions: Iterable[str], patience_s: float) -> dict[str, Rebuilt]:
    now_ms = time.time_ns() // 1_000_000
    return mailing_rebuild.rebuild(partitions, now_ms=now_ms, patience_s=patience_s)


ROLLUP_DEAD_LETTERS = DeadLetters(
    lambda env: env.rollup_dead_letter_queue_url,
    lambda letters: [count_again(letter) for letter in letters],
    at_once=LETTERS_AT_ONCE,
)
