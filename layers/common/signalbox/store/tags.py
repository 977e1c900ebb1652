"""Tags, in the rules table.

Item    pk A#<account>#tags        sk <id of 16 digits>
        body, version    the version moves with every change
        deleted          milliseconds since when the tag is gone; it is then taken off the contacts
                         one by one, and the item goes last
Item    pk A#<account>#tag-names   sk <SHA-256 of the name as names are compared>
        tag              the id of the tag that is called so; one by construction
Access  create, read, change; by name; all of an account (some thousands); mark as gone; what is
        gone and still on contacts; how many contacts have each
"""

import random
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.tag import Tag, checked_name, compared
from signalbox.model.wire import digest, packed, unpacked
from signalbox.store import counters, keys, table
from signalbox.store.table import Item, Key

FREE = "attribute_not_exists(pk)"
OUTSIDE_BODY = {"account_id", "tag_id", "version"}
TRIES = 5  # where somebody else makes or deletes a tag of the same name at the same time


class NameTakenError(ConflictError):
    """Another tag is called so; upper and lower case are one."""


def key(account_id: str, tag_id: str) -> Key:
    """Return where the tag stands."""
    return keys.collection(account_id, "tags"), place(tag_id)


def counted(tag_id: str) -> str:
    """Return the name of the number of contacts that have the tag."""
    return f"tag#{tag_id}"


def create(wanted: Tag) -> None:
    """Write a new tag.

    Raises:
        NameTakenError: another tag is called so.
        ConflictError: another tag has its id.
    """
    writes = [
        table.putting(environment().rules_table, _item(wanted), condition=FREE),
        _naming(wanted),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _settle(wanted, error)


def find_or_create(account_id: str, name: str) -> Tag:
    """Return the tag of this name, made where there is none: how imports name tags.

    Raises:
        InvalidError: no tag can be called that.
        ConflictError: others made and deleted it all the while.
    """
    name = checked_name(name)
    for _ in range(TRIES):
        found = find_named(account_id, name)
        if found:
            return found
        now_ms = time.time_ns() // 1_000_000
        tag_id = new_contact_id(now_ms, random.getrandbits(ENTROPY_BITS))
        wanted = Tag(account_id, tag_id, name, created_ms=now_ms, updated_ms=now_ms)
        try:
            create(wanted)
        except ConflictError:
            continue
        return wanted
    raise ConflictError(f"the tag {name!r} comes and goes; try again")


def save(wanted: Tag, *, since: Tag) -> Tag:
    """Write a changed tag and return it with its new version.

    Raises:
        NameTakenError: another tag has its new name.
        ConflictError: somebody changed or deleted the tag since `since` was read.
    """
    changed = replace(wanted, version=since.version + 1)
    writes = [
        table.putting(
            environment().rules_table,
            _item(changed),
            condition="version = :since AND attribute_not_exists(deleted)",
            values={":since": since.version},
        )
    ]
    if compared(changed.name) != compared(since.name):
        writes += [_naming(changed), _unnaming(since)]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _settle(changed, error)
    return changed


def find(account_id: str, tag_id: str) -> Tag | None:
    """Return a tag; None where there is none."""
    item = table.get(environment().rules_table, key(account_id, tag_id))
    return _tag_from(item, account_id) if item and "deleted" not in item else None


def fetch(account_id: str, tag_id: str) -> Tag:
    """Return a tag; raise `NotFoundError` where there is none."""
    found = find(account_id, tag_id)
    if found is None:
        raise NotFoundError("tag", tag_id)
    return found


def find_named(account_id: str, name: str) -> Tag | None:
    """Return the tag that is called so, in whatever case; None where there is none."""
    item = table.get(environment().rules_table, _name_key(account_id, name))
    return find(account_id, item["tag"]) if item else None


def existing(account_id: str, tag_ids: Iterable[str]) -> dict[str, Tag]:
    """Return those of the ids that are tags, with the tags."""
    places = {key(account_id, tag_id): tag_id for tag_id in tag_ids}
    found = table.get_many({environment().rules_table: places})
    return {
        places[where]: _tag_from(item, account_id)
        for where, item in found.items()
        if "deleted" not in item
    }


def of_account(account_id: str) -> list[Tag]:
    """Return all tags of an account, oldest first."""
    return [_tag_from(item, account_id) for item in _all(account_id) if "deleted" not in item]


def counts(account_id: str, tag_ids: Iterable[str]) -> dict[str, int]:
    """Return how many contacts have each tag."""
    names = {counted(tag_id): tag_id for tag_id in tag_ids}
    return {names[name]: n for name, n in counters.totals(account_id, names).items()}


def delete(standing: Tag, now_ms: int) -> None:
    """Make a tag gone for every reader, and its name free, at once.

    It is on record with contacts until `contact_tags.sweep` has been there.

    Raises:
        ConflictError: somebody changed or deleted the tag since it was read.
    """
    writes = [
        table.updating(
            environment().rules_table,
            key(standing.account_id, standing.tag_id),
            "SET deleted = :now",
            {":now": now_ms, ":since": standing.version},
            condition="version = :since AND attribute_not_exists(deleted)",
        ),
        _unnaming(standing),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _, old = error.reasons[0]
        if old is None or old.get("deleted") != now_ms:
            raise ConflictError("the tag was changed meanwhile; read it again") from error


def gone(account_id: str) -> list[str]:
    """Return the ids of deleted tags that contacts may have on record."""
    return [contact_id_at(item["sk"]) for item in _all(account_id) if "deleted" in item]


def forget(account_id: str, tag_id: str) -> None:
    """Remove what is left of a deleted tag once no contact has it: its item and its number."""
    counters.clear(account_id, counted(tag_id))
    table.delete_many(environment().rules_table, [key(account_id, tag_id)])


def _all(account_id: str) -> Iterable[Item]:
    partition = keys.collection(account_id, "tags")
    return table.query_all(environment().rules_table, partition, consistent=True)


def _name_key(account_id: str, name: str) -> Key:
    return keys.collection(account_id, "tag-names"), digest(compared(name))


def _naming(wanted: Tag) -> Item:
    pk, sk = _name_key(wanted.account_id, wanted.name)
    item = {"pk": pk, "sk": sk, "tag": wanted.tag_id}
    return table.putting(environment().rules_table, item, condition=FREE)


def _unnaming(standing: Tag) -> Item:
    return table.deleting(environment().rules_table, _name_key(standing.account_id, standing.name))


def _settle(wanted: Tag, error: table.CancelledError) -> None:
    """Tell our own write, whose answer was lost, from somebody else's tag."""
    (code, standing), *others = error.reasons
    if standing is not None and standing["body"] == _body(wanted) and "deleted" not in standing:
        return
    if any(other == "ConditionalCheckFailed" for other, _ in others):
        raise NameTakenError(f"another tag is called {wanted.name!r}") from error
    if code == "ConditionalCheckFailed":
        raise ConflictError("the tag was changed meanwhile; read it again") from error
    raise error


def _tag_from(item: Item, account_id: str) -> Tag:
    body: dict[str, Any] = unpacked(item["body"])
    return Tag(
        account_id=account_id,
        tag_id=contact_id_at(item["sk"]),
        version=item["version"],
        **body,
    )


def _item(wanted: Tag) -> Item:
    pk, sk = key(wanted.account_id, wanted.tag_id)
    return {"pk": pk, "sk": sk, "body": _body(wanted), "version": wanted.version}


def _body(wanted: Tag) -> str:
    fields = asdict(wanted)
    return packed({name: value for name, value in fields.items() if name not in OUTSIDE_BODY})
