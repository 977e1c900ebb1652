"""Dropped events, in the tracking table.

Item    pk A#<account>#dropped#<day>#<shard>  sk <13 digits of ms>#<hash of the event's id>
        body             the event as it was queued, the reason
        replayed         milliseconds at which it was last sent back, 0 for never
        expires          seconds, for TTL
        attention        A#<account>#dropped-of#<address>, with `changed`, milliseconds at which it
                         was received: so the dropped events of an address are found by the index
                         `attention`, at the price of one more write unit for each
        Day and time are when it was received; the shard (of 8) is taken from its hash.
Access  write many (by the tracking worker); a day newest first, over all shards; one by its id;
        note a replay
"""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from signalbox.environment import environment
from signalbox.model.drop import DroppedEvent, DropReason
from signalbox.model.errors import NotFoundError
from signalbox.model.event import Event
from signalbox.model.retention import DAY_MS, RETENTION_DAYS
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

EARLIEST, LATEST = "0", "~"


def key(account_id: str, dropped_id: str) -> Key:
    """Return where a dropped event stands; raise `NotFoundError` where none can have the id."""
    at, dash, key_hash = dropped_id.partition("-")
    if not (dash and at.isdigit() and at.isascii() and _is_hex(key_hash)):
        raise NotFoundError("dropped event", dropped_id)
    shard = int(key_hash, 16) % keys.SHARDS
    return keys.dropped(account_id, day_of(int(at)), shard), f"{at}#{key_hash}"


def day_of(time_ms: int) -> str:
    """Return the UTC day, as in 2026-11-21."""
    try:
        return datetime.fromtimestamp(time_ms / 1000, tz=UTC).date().isoformat()
    except (OverflowError, OSError, ValueError) as error:
        raise NotFoundError("day", str(time_ms)) from error


def item(dropped: DroppedEvent) -> Item:
    """Return what is written for a dropped event."""
    pk, sk = key(dropped.event.account_id, dropped.dropped_id)
    body = {"event": dropped.event.to_wire(), "reason": dropped.reason}
    return {
        "pk": pk,
        "sk": sk,
        "body": packed(body),
        "replayed": dropped.replayed_ms,
        "expires": (dropped.event.received_ms + RETENTION_DAYS * DAY_MS) // 1000,
        "attention": keys.dropped_of(dropped.event.account_id, dropped.event.address),
        "changed": dropped.event.received_ms,
    }


def newest_first(
    account_id: str, *, from_day: str, days: int, before: str = ""
) -> Iterator[DroppedEvent]:
    """Yield dropped events from the latest back, day after day.

    `from_day` is the latest day; `days` how many to go back; `before` a `dropped_id` to go on
    after. Days are read as they are reached, so a caller pays for what it takes.
    """
    day = datetime.fromisoformat(from_day).replace(tzinfo=UTC)
    for _ in range(days):
        name = day.date().isoformat()
        shards = [_shard(account_id, name, shard, before) for shard in range(keys.SHARDS)]
        merged = heapq.merge(*shards, key=lambda found: found["sk"], reverse=True)
        yield from (dropped_from(found) for found in merged)
        day -= timedelta(days=1)


def fetch(account_id: str, dropped_id: str) -> DroppedEvent:
    """Return a dropped event; raise `NotFoundError` where there is none."""
    found = table.get(environment().tracking_table, key(account_id, dropped_id))
    if found is None:
        raise NotFoundError("dropped event", dropped_id)
    return dropped_from(found)


def note_replay(account_id: str, dropped_id: str, now_ms: int) -> None:
    """Note that a dropped event was sent back to the events queue."""
    try:
        table.update(
            environment().tracking_table,
            key(account_id, dropped_id),
            "SET replayed = :now",
            {":now": now_ms},
            condition="attribute_exists(pk)",
        )
    except table.RefusedError as error:
        raise NotFoundError("dropped event", dropped_id) from error


def dropped_from(found: Item) -> DroppedEvent:
    """Read an item."""
    body = unpacked(found["body"])
    return DroppedEvent(
        event=Event.from_wire(body["event"]),
        reason=DropReason(body["reason"]),
        replayed_ms=found["replayed"],
    )


def _shard(account_id: str, day: str, shard: int, before: str) -> Iterator[Item]:
    latest = before.replace("-", "#") if before else LATEST
    found_in_shard = table.query_all(
        environment().tracking_table,
        keys.dropped(account_id, day, shard),
        between=(EARLIEST, latest),
        newest_first=True,
        limit=50,
    )
    return (found for found in found_in_shard if found["sk"] != latest)


def _is_hex(text: str) -> bool:
    return len(text) == 12 and all(mark in "0123456789abcdef" for mark in text)  # noqa: PLR2004 48 bits
