"""Who did what in a mailing, page by page, from the items of its 16 shards in the tracking table.

Access  a page of those of one kind, in the order of the shards and the contacts' ids
Items are those of `messages` and of the hits (see `model.mailing_count`).
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model import mailing_person
from signalbox.model.errors import InvalidError
from signalbox.model.mailing_person import Person, Seen, What
from signalbox.store import keys, table
from signalbox.store.table import Item

MOST_READ = 2_000  # items for one page, whatever is filtered out
READ_AHEAD = 250
ANONYMOUS = "~"  # sorts behind every contact's id


class Place(NamedTuple):
    """Where a page ended: in which shard, after whom."""

    shard: int
    contact_id: str

    @classmethod
    def of(cls, text: str) -> "Place":
        """Read what `str` wrote, empty for the beginning; raise `InvalidError` for anything else."""
        if not text:
            return cls(0, "")
        shard, _, contact_id = text.partition("-")
        digits = shard.isascii() and shard.isdigit() and contact_id.isascii()
        if not (digits and contact_id.isdigit() and int(shard) < keys.MAILING_SHARDS):
            raise InvalidError("after", "is not the `next` of a page of this list")
        return cls(int(shard), contact_id)

    def __str__(self) -> str:
        """Return the text that `of` reads."""
        return f"{self.shard}-{self.contact_id}"


def page(  # noqa: PLR0913 the parts of one question
    account_id: str, mailing_id: str, what: What, *, seen: Seen, after: str, limit: int
) -> tuple[list[Person], str]:
    """Return a page of who did something, and the text to go on after; empty at the end.

    At most `MOST_READ` items are looked at, so there may be few, or none, and still more to come.

    Raises:
        InvalidError: `after` is not of this list.
    """
    find = mailing_person.finding(what, seen)
    found: list[Person] = []
    last = ""
    items = _items(account_id, mailing_id, mailing_person.prefix_of(what), Place.of(after))
    for place, item in islice(items, MOST_READ):
        person = find(item)
        if person:
            found.append(person)
        last = str(place)
        if len(found) == limit:
            break
    return found, last if next(items, None) else ""


def _items(
    account_id: str, mailing_id: str, prefix: str, after: Place
) -> Iterator[tuple[Place, Item]]:
    """Yield the items of contacts, those of nobody left out."""
    for shard in range(after.shard, keys.MAILING_SHARDS):
        start = f"{prefix}{after.contact_id} " if shard == after.shard else prefix
        items = table.query_all(
            environment().tracking_table,
            keys.mailing(account_id, mailing_id, shard),
            between=(start, prefix + ANONYMOUS),
            limit=READ_AHEAD,
        )
        for item in items:
            yield Place(shard, item["sk"].removeprefix(prefix)), item
