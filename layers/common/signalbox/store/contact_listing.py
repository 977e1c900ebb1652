"""Lists of contacts, in every order, by keys alone; a page costs the same out of any number.

Item    pk A#<account>#by#<order>#<shard>   sk <value>#<place>
        one for each entry of `model.contact_index`; a contact's place is its id of 16 digits
Index   container: partition `container`, sort key `place`
        all contacts of the account, the members of a container, the bearers of a tag; of an opt-out
        list the addresses, whose places are the addresses themselves
Access  ids in the order of id or of a value, between bounds, forwards and backwards; ids whose value
        begins with something
A list is kept in 8 shares and merged when it is read.
"""

import heapq
from collections.abc import Iterator

from signalbox.environment import environment
from signalbox.model.contact_index import SHARDS, Entry, Order, contact_id_at, folded, place, shard
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

ALL = "contacts"
INDEX = "container"
FIRST, LAST = "0", "~"  # of ids
LOWEST, HIGHEST = "\x00", "\U0010ffff"  # of values
READ_AHEAD = 5  # entries of a share beyond its part of a page


def entry_key(account_id: str, contact_id: str, entry: Entry) -> Key:
    """Return where an entry of a contact stands."""
    order, value = entry
    partition = keys.listed_by(account_id, order, shard(contact_id))
    return partition, f"{value}#{place(contact_id)}"


def membership(account_id: str, kind: str, container_id: str, member: str) -> Item:
    """Return the attributes that put an item of a contact, or of an address, into a container."""
    partition = keys.container(account_id, kind, container_id, shard(member))
    return {"container": partition, "place": place(member)}


def within(  # noqa: PLR0913 the parts of one question
    account_id: str,
    kind: str = ALL,
    container_id: str = "",
    *,
    above: str = "",
    below: str = "",
    newest_first: bool = False,
    expected: int = 100,
) -> Iterator[str]:
    """Yield the ids of a container's contacts in the order of id, or its addresses in theirs.

    `above` and `below` are members that are themselves left out; `expected` is how many will be
    taken.
    """
    low = place(above) + "!" if above else FIRST
    high = _before(place(below)) if below else LAST
    shares = [
        _share(
            keys.container(account_id, kind, container_id, number),
            (low, high),
            index=True,
            newest_first=newest_first,
            expected=expected,
        )
        for number in range(SHARDS)
    ]
    yield from map(contact_id_at, heapq.merge(*shares, reverse=newest_first))


def ordered(
    account_id: str, order: Order, *, newest_first: bool = False, expected: int = 100
) -> Iterator[str]:
    """Yield the ids of all contacts in the order of a value; those without it come first."""
    yield from _by(
        account_id, order, (LOWEST, HIGHEST), newest_first=newest_first, expected=expected
    )


def beginning(account_id: str, order: Order, text: str, *, expected: int = 100) -> Iterator[str]:
    """Yield the ids of the contacts whose value begins with a text, each once."""
    start = folded(text)
    seen: set[str] = set()
    for found in _by(account_id, order, (start, start + HIGHEST), expected=expected):
        if found not in seen:
            seen.add(found)
            yield found


def since(account_id: str, order: Order, low: str, high: str, *, expected: int) -> Iterator[str]:
    """Yield the ids of the contacts whose value lies between two texts."""
    yield from _by(account_id, order, (low, high), expected=expected)


def _by(
    account_id: str,
    order: Order,
    bounds: tuple[str, str],
    *,
    newest_first: bool = False,
    expected: int,
) -> Iterator[str]:
    low, high = bounds
    shares = [
        _share(
            keys.listed_by(account_id, order, number),
            (low, high),
            newest_first=newest_first,
            expected=expected,
        )
        for number in range(SHARDS)
    ]
    for entry in heapq.merge(*shares, reverse=newest_first):
        yield contact_id_at(entry.rpartition("#")[2])


def _share(
    partition: str,
    bounds: tuple[str, str],
    *,
    index: bool = False,
    newest_first: bool,
    expected: int,
) -> Iterator[str]:
    """Yield the sort keys of one share; its first page is its part of what will be taken."""
    limit = expected // SHARDS + READ_AHEAD
    low, high = bounds
    sort = "place" if index else "sk"
    while True:
        page = table.query(
            environment().contacts_table,
            partition,
            between=(low, high),
            limit=limit,
            newest_first=newest_first,
            index=INDEX if index else "",
            sort=sort,
        )
        found = [str(item[sort]) for item in page.items]
        yield from found
        if page.last is None or not found:
            return
        if newest_first:
            high = _before(found[-1])
        else:
            low = found[-1] + "!"


def _before(text: str) -> str:
    """Return a text that sorts right before, as far as keys are concerned."""
    return text[:-1] + chr(ord(text[-1]) - 1) + "~"
