"""The feed that the live tail shows, in the tracking table. Written only while somebody looks.

Item    pk A#<account>#feed   sk <13 digits of ms>#<id>
        body             kind, text, and what it speaks of
        expires          ten minutes later, in seconds
Access  write many (with the log); what came since a time
"""

from collections.abc import Mapping
from typing import Any

from signalbox.environment import environment
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item

KEPT_S = 600


def item(account_id: str, now_ms: int, entry_id: str, entry: Mapping[str, Any]) -> Item:
    """Return what is written for one line of the feed."""
    return {
        "pk": keys.feed(account_id),
        "sk": f"{now_ms:013d}#{entry_id}",
        "body": packed(entry),
        "expires": now_ms // 1000 + KEPT_S,
    }


def write(items: list[Item]) -> None:
    """Write lines of the feed."""
    table.put_many(environment().tracking_table, items)


def since(account_id: str, after: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the lines after a time (13 digits of ms) or after the line of that id, oldest first.

    Each has its `id` and its time `at_ms`.
    """
    page = table.query(
        environment().tracking_table,
        keys.feed(account_id),
        between=(f"{after}!" if "#" in after else after, "~"),
        limit=limit,
        consistent=True,
    )
    return [
        {"id": found["sk"], "at_ms": int(found["sk"][:13]), **unpacked(found["body"])}
        for found in page.items
    ]
