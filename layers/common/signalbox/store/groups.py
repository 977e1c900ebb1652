"""Grouped opt-out lists, as the worker that lets rules fire asks for them.

Item    pk A#<account>#groups   sk <id of 16 digits>
        body             the ids of the single lists in the group
Access  write and remove with the group itself (`store.containers`); the groups that hold a list, kept
        in memory until the account's version moves
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from signalbox.environment import environment
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

CACHED_ACCOUNTS = 1_000

_holding: OrderedDict[str, tuple[int, Mapping[str, tuple[str, ...]]]] = OrderedDict()


def putting(account_id: str, group_id: str, list_ids: Iterable[str]) -> Item:
    """Return the part of a transaction that says which lists a group has."""
    pk, sk = _key(account_id, group_id)
    item = {"pk": pk, "sk": sk, "body": packed(tuple(list_ids))}
    return table.putting(environment().rules_table, item)


def deleting(account_id: str, group_id: str) -> Item:
    """Return the part of a transaction that ends a group."""
    return table.deleting(environment().rules_table, _key(account_id, group_id))


def holding(account_id: str) -> dict[str, tuple[str, ...]]:
    """Return the ids of the groups that hold each list, for all lists that are in one."""
    groups = table.query_all(
        environment().rules_table, keys.collection(account_id, "groups"), consistent=True
    )
    found: dict[str, tuple[str, ...]] = {}
    for item in groups:
        for list_id in unpacked(item["body"]):
            found[list_id] = (*found.get(list_id, ()), contact_id_at(item["sk"]))
    return found


def groups_of(account_id: str, account_version: int, list_id: str) -> tuple[str, ...]:
    """Return the ids of the groups that hold an opt-out list, oldest first.

    They are kept in memory for as long as the account's configuration does not move.
    """
    version, known = _holding.get(account_id, (0, {}))
    if version != account_version:
        known = holding(account_id)
        _holding[account_id] = (account_version, known)
        if len(_holding) > CACHED_ACCOUNTS:
            _holding.popitem(last=False)
    return known.get(list_id, ())


def forget() -> None:
    """Empty the memory of this process."""
    _holding.clear()


def _key(account_id: str, group_id: str) -> Key:
    return keys.collection(account_id, "groups"), place(group_id)
