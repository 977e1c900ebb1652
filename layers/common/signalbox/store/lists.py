"""Lists, in the rules table.

Item    pk A#<account>#lists   sk <id of 16 digits>
        body, version    the version moves with every change
        deleted          milliseconds since when the list is gone; its members are then taken off
                         one by one, and the item goes last
Access  create, read, change; all of an account (some hundreds); mark as gone; what is gone and
        still has members; how many are on each
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.contact_list import ContactList
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.membership import Subscription
from signalbox.model.wire import packed, unpacked
from signalbox.store import counters, keys, table
from signalbox.store.table import Item, Key

OUTSIDE_BODY = {"account_id", "list_id", "version"}
STANDS = "attribute_exists(pk) AND attribute_not_exists(deleted)"


def key(account_id: str, list_id: str) -> Key:
    """Return where the list stands."""
    return keys.collection(account_id, "lists"), place(list_id)


def counted(list_id: str, status: Subscription) -> str:
    """Return the name of the number of members with this status."""
    return f"list#{list_id}#{int(status)}"


def create(wanted: ContactList) -> None:
    """Write a new list; raise `ConflictError` where another has its id."""
    try:
        table.put(environment().rules_table, _item(wanted), condition="attribute_not_exists(pk)")
    except table.RefusedError as error:
        if error.old is None or error.old["body"] != _body(wanted):
            raise ConflictError(f"list {wanted.list_id} exists") from error


def save(wanted: ContactList, *, since: ContactList) -> ContactList:
    """Write a changed list and return it with its new version.

    Raises:
        ConflictError: somebody changed or deleted the list since `since` was read.
    """
    changed = replace(wanted, version=since.version + 1)
    try:
        table.put(
            environment().rules_table,
            _item(changed),
            condition="version = :since AND attribute_not_exists(deleted)",
            values={":since": since.version},
        )
    except table.RefusedError as error:
        if error.old is None or error.old["body"] != _body(changed):
            raise ConflictError("the list was changed meanwhile; read it again") from error
    return changed


def find(account_id: str, list_id: str) -> ContactList | None:
    """Return a list; None where there is none."""
    item = table.get(environment().rules_table, key(account_id, list_id))
    return _list_from(item, account_id) if item and "deleted" not in item else None


def fetch(account_id: str, list_id: str) -> ContactList:
    """Return a list; raise `NotFoundError` where there is none."""
    found = find(account_id, list_id)
    if found is None:
        raise NotFoundError("list", list_id)
    return found


def existing(account_id: str, list_ids: Iterable[str]) -> set[str]:
    """Return those of the ids that are lists."""
    places = {key(account_id, list_id): list_id for list_id in list_ids}
    found = table.get_many({environment().rules_table: places})
    return {places[where] for where, item in found.items() if "deleted" not in item}


def of_account(account_id: str) -> list[ContactList]:
    """Return all lists of an account, oldest first."""
    return [_list_from(item, account_id) for item in _all(account_id) if "deleted" not in item]


def active_counts(account_id: str, list_ids: Iterable[str]) -> dict[str, int]:
    """Return how many active members each list has."""
    names = {counted(list_id, Subscription.ACTIVE): list_id for list_id in list_ids}
    return {names[name]: n for name, n in counters.totals(account_id, names).items()}


def delete(account_id: str, list_id: str, now_ms: int) -> None:
    """Make a list gone for every reader, at once.

    Its members are on record until `memberships.sweep` has been there; the contacts stay.

    Raises:
        NotFoundError: there is no such list.
    """
    try:
        table.update(
            environment().rules_table,
            key(account_id, list_id),
            "SET deleted = :now",
            {":now": now_ms},
            condition=STANDS,
        )
    except table.RefusedError as error:
        if error.old is None or error.old["deleted"] != now_ms:
            raise NotFoundError("list", list_id) from error


def gone(account_id: str) -> list[str]:
    """Return the ids of deleted lists that may have members on record."""
    return [contact_id_at(item["sk"]) for item in _all(account_id) if "deleted" in item]


def forget(account_id: str, list_id: str) -> None:
    """Remove what is left of a deleted list once nobody is on it: its item and its numbers."""
    for status in Subscription:
        counters.clear(account_id, counted(list_id, status))
    table.delete_many(environment().rules_table, [key(account_id, list_id)])


def _all(account_id: str) -> Iterable[Item]:
    partition = keys.collection(account_id, "lists")
    return table.query_all(environment().rules_table, partition, consistent=True)


def _list_from(item: Item, account_id: str) -> ContactList:
    body: dict[str, Any] = unpacked(item["body"])
    return ContactList(
        account_id=account_id,
        list_id=contact_id_at(item["sk"]),
        version=item["version"],
        **body,
    )


def _item(wanted: ContactList) -> Item:
    pk, sk = key(wanted.account_id, wanted.list_id)
    return {"pk": pk, "sk": sk, "body": _body(wanted), "version": wanted.version}


def _body(wanted: ContactList) -> str:
    fields = asdict(wanted)
    return packed({name: value for name, value in fields.items() if name not in OUTSIDE_BODY})
