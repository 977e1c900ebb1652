"""Tags on contacts, in the contacts table.

Item    pk A#<account>#contact#<contact>   sk tag#<tag>
        body
        container, place A#<account>#tag#<tag>#<shard>, the contact's id of 16 digits
Count   tag#<tag>, in the same transaction
Access  put on; take off; one; all of a contact; those of a tag in the order of contact
A tag that is deleted counts as taken off, whether the sweep has come to it or not.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from signalbox.environment import environment
from signalbox.model import tag as model
from signalbox.model.errors import NotFoundError
from signalbox.model.tag import ContactTag
from signalbox.model.wire import packed, unpacked
from signalbox.store import contact_listing, contacts, counters, keys, origin, sweeping, table, tags
from signalbox.store.table import Item, Key

KIND = "tag"
PREFIX = f"{KIND}#"


def key(account_id: str, contact_id: str, tag_id: str) -> Key:
    """Return where a tag on a contact stands."""
    return keys.contact(account_id, contact_id), PREFIX + tag_id


def add(account_id: str, contact_id: str, tag_id: str, *, now_ms: int) -> tuple[ContactTag, bool]:
    """Put a tag on a contact; return it, the one that was there before it, and whether it is new.

    Raises:
        NotFoundError: there is no such contact or tag.
    """
    tags.fetch(account_id, tag_id)
    wanted = ContactTag(account_id, contact_id, tag_id, created_ms=now_ms)
    where = contacts.key(account_id, contact_id)
    writes = [
        putting(wanted),
        table.checking(environment().contacts_table, where, "attribute_exists(pk)"),
        _counting(wanted, 1),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        standing = _standing(wanted, error)
        return standing, standing == wanted
    return wanted, True


def putting(wanted: ContactTag) -> Item:
    """Return the part of a transaction that puts a tag on a contact that lacks it, uncounted."""
    condition = "attribute_not_exists(pk)"
    return table.putting(environment().contacts_table, _item(wanted), condition=condition)


def counted(one: ContactTag) -> str:
    """Return the name of the number that it counts in."""
    return tags.counted(one.tag_id)


def held(account_id: str, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those pairs of a contact and a tag where the tag is on the contact."""
    places = {key(account_id, *pair): pair for pair in pairs}
    found = table.get_many({environment().contacts_table: places})
    return {places[where] for where in found}


def remove(standing: ContactTag) -> None:
    """Take a tag off a contact; raise `NotFoundError` where it is off already."""
    leaving = origin.leaving()
    if leaving:
        _say(standing, leaving)
    try:
        table.transact(removing(standing))
    except table.CancelledError as error:
        if error.reasons[0][0] != "ConditionalCheckFailed":
            raise
        raise NotFoundError("contact tag", standing.contact_tag_id) from error


def removing(standing: ContactTag) -> list[Item]:
    """Return the parts of a transaction that take a tag off a contact and count it out."""
    where = key(standing.account_id, standing.contact_id, standing.tag_id)
    return [
        table.deleting(environment().contacts_table, where, condition="attribute_exists(pk)"),
        _counting(standing, -1),
    ]


def fetch(account_id: str, contact_tag_id: str) -> ContactTag:
    """Return a tag on a contact by its id; raise `NotFoundError` where there is none."""
    contact_id, tag_id = model.parts_of(contact_tag_id)
    item = None
    if contact_id and tag_id:
        item = table.get(environment().contacts_table, key(account_id, contact_id, tag_id))
    found = contact_tag_from(item, account_id) if item else None
    known = found is not None and found.contact_tag_id == contact_tag_id
    if found is None or not known or tags.find(account_id, tag_id) is None:
        raise NotFoundError("contact tag", contact_tag_id)
    return found


def of_contact(account_id: str, contact_id: str) -> list[ContactTag]:
    """Return the tags on a contact, in the order of the tags' ids."""
    items = table.query_all(
        environment().contacts_table,
        keys.contact(account_id, contact_id),
        prefix=PREFIX,
        consistent=True,
    )
    found = [contact_tag_from(item, account_id) for item in items]
    standing = tags.existing(account_id, [one.tag_id for one in found])
    return sorted((one for one in found if one.tag_id in standing), key=lambda one: int(one.tag_id))


def of_tag(account_id: str, tag_id: str, *, offset: int = 0, limit: int) -> list[ContactTag]:
    """Return a page of those of a tag, in the order of contact."""
    ids = contact_listing.within(account_id, KIND, tag_id, expected=offset + limit)
    wanted = [key(account_id, one, tag_id) for one in islice(ids, offset, offset + limit)]
    found = table.get_many({environment().contacts_table: wanted})
    return [contact_tag_from(found[where], account_id) for where in wanted if where in found]


def sweep(account_id: str, *, until: float) -> bool:
    """Take deleted tags off the contacts; tell whether all are off.

    It goes on until `until` (of `time.monotonic`). Cut off anywhere it has done no harm: who reads
    sees none of them anyway, and the next sweep goes on with what is left.
    """
    for tag_id in tags.gone(account_id):
        if not sweeping.emptied(account_id, KIND, tag_id, until=until):
            return False
        tags.forget(account_id, tag_id)
    return True


def _say(standing: ContactTag, leaving: Item) -> None:
    """Let the item say who deletes it; what reads the deletion sees its last image alone."""
    try:
        table.update(
            environment().contacts_table,
            key(standing.account_id, standing.contact_id, standing.tag_id),
            "SET " + ", ".join(f"{name} = :{name}" for name in leaving),
            {f":{name}": value for name, value in leaving.items()},
            condition="attribute_exists(pk)",
        )
    except table.RefusedError as error:
        raise NotFoundError("contact tag", standing.contact_tag_id) from error


def _standing(wanted: ContactTag, error: table.CancelledError) -> ContactTag:
    """Return the tag that is on the contact already; it may be our own, its answer lost."""
    (code, standing), (contact_code, _), *_ = error.reasons
    if contact_code == "ConditionalCheckFailed":
        raise NotFoundError("contact", wanted.contact_id) from error
    if code != "ConditionalCheckFailed" or standing is None:
        raise error
    return contact_tag_from(standing, wanted.account_id)


def _counting(one: ContactTag, by: int) -> Item:
    return counters.changing(one.account_id, counted(one), one.contact_id, by)


def contact_tag_from(item: Item, account_id: str) -> ContactTag:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    return ContactTag(
        account_id=account_id,
        contact_id=item["pk"].rpartition("#")[2],
        tag_id=item["sk"].removeprefix(PREFIX),
        **body,
    )


def _item(wanted: ContactTag) -> Item:
    pk, sk = key(wanted.account_id, wanted.contact_id, wanted.tag_id)
    listed = contact_listing.membership(wanted.account_id, KIND, wanted.tag_id, wanted.contact_id)
    body = packed({"created_ms": wanted.created_ms})
    return origin.marked({"pk": pk, "sk": sk, "body": body, **listed})
