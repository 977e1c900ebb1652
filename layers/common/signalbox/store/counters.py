"""How many there are of something, without counting, in the contacts table.

Item    pk A#<account>#count#<what>   sk <shard>
        n                what this share holds
Access  change a share as a part of the transaction that adds or removes; the sum; many sums at once
"""

from collections.abc import Iterable

from signalbox.environment import environment
from signalbox.model.contact_index import SHARDS, shard
from signalbox.store import keys, table
from signalbox.store.table import Item


def changing(account_id: str, what: str, member: str, by: int) -> Item:
    """Return the part of a transaction that counts a contact, or an address, in or out."""
    return table.updating(
        environment().contacts_table,
        (keys.count(account_id, what), str(shard(member))),
        "ADD n :by",
        {":by": by},
    )


def total(account_id: str, what: str) -> int:
    """Return the sum of all shares."""
    found = table.query_all(
        environment().contacts_table, keys.count(account_id, what), consistent=True
    )
    return sum(item["n"] for item in found)


def totals(account_id: str, wanted: Iterable[str]) -> dict[str, int]:
    """Return the sums of many things at once, 0 for what was never counted."""
    places = {
        (keys.count(account_id, what), str(number)): what
        for what in wanted
        for number in range(SHARDS)
    }
    found = table.get_many({environment().contacts_table: places})
    sums = dict.fromkeys(places.values(), 0)
    for where, item in found.items():
        sums[places[where]] += item["n"]
    return sums


def clear(account_id: str, what: str) -> None:
    """Remove the number of something that is gone."""
    partition = keys.count(account_id, what)
    table.delete_many(
        environment().contacts_table, [(partition, str(number)) for number in range(SHARDS)]
    )
