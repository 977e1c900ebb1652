"""Custom fields, in the rules table.

Item    pk A#<account>#fields       sk <id of 16 digits>   the field
        body, version    the version moves with every change
Item    pk A#<account>#field-tags   sk <tag>               the field whose tag it is; its alone
        field            its id
Access  create, change and delete, each moving the account's version; one; all of an account (some
        hundreds), which workers keep in memory until that version moves
What contacts carry under the tag of a deleted field stays with them, unseen and told to nobody; a new
field of the same tag finds it again.
"""

from collections import OrderedDict
from dataclasses import asdict, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.contact import Contact
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.field import Field, FieldOption, FieldType
from signalbox.model.wire import packed, unpacked
from signalbox.store import accounts, keys, table
from signalbox.store.table import Item, Key

OUTSIDE_BODY = {"account_id", "field_id", "version"}
FREE = "attribute_not_exists(pk)"
CACHED_ACCOUNTS = 1_000

_tags: OrderedDict[str, tuple[int, frozenset[str]]] = OrderedDict()


class TagTakenError(ConflictError):
    """Another field has this tag."""


def key(account_id: str, field_id: str) -> Key:
    """Return where the field stands."""
    return keys.collection(account_id, "fields"), place(field_id)


def create(wanted: Field) -> None:
    """Write a new field.

    Raises:
        TagTakenError: another field has its tag.
        ConflictError: another has its id.
    """
    rules_table = environment().rules_table
    writes = [
        table.putting(rules_table, _item(wanted), condition=FREE),
        table.putting(rules_table, _tag_item(wanted), condition=FREE),
        accounts.bumping(wanted.account_id),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        (_, standing), (code, _), *_ = error.reasons
        if standing is not None and standing["body"] == _body(wanted):
            return  # our own write, whose answer was lost
        if code == "ConditionalCheckFailed":
            raise TagTakenError(f"the tag {wanted.tag} belongs to another field") from error
        raise ConflictError(f"the field {wanted.field_id} could not be written") from error


def save(wanted: Field, *, since: Field) -> Field:
    """Write a changed field and return it with its new version.

    Raises:
        ConflictError: somebody changed or deleted the field since `since` was read.
    """
    changed = replace(wanted, version=since.version + 1)
    write = table.putting(
        environment().rules_table,
        _item(changed),
        condition="version = :since",
        values={":since": since.version},
    )
    try:
        table.transact([write, accounts.bumping(wanted.account_id)])
    except table.CancelledError as error:
        _, standing = error.reasons[0]
        if standing is None or standing["body"] != _body(changed):
            raise ConflictError("the field was changed meanwhile; read it again") from error
    return changed


def delete(unwanted: Field) -> None:
    """Delete a field; what contacts carry under its tag stays with them, unseen."""
    rules_table = environment().rules_table
    table.transact(
        [
            table.deleting(rules_table, key(unwanted.account_id, unwanted.field_id)),
            table.deleting(rules_table, _tag_key(unwanted)),
            accounts.bumping(unwanted.account_id),
        ]
    )


def find(account_id: str, field_id: str) -> Field | None:
    """Return a field; None where there is none."""
    item = table.get(environment().rules_table, key(account_id, field_id))
    return _field_from(item, account_id) if item else None


def fetch(account_id: str, field_id: str) -> Field:
    """Return a field; raise `NotFoundError` where there is none."""
    found = find(account_id, field_id)
    if found is None:
        raise NotFoundError("field", field_id)
    return found


def of_account(account_id: str) -> list[Field]:
    """Return the account's fields in the order of their ids."""
    items = table.query_all(
        environment().rules_table, keys.collection(account_id, "fields"), consistent=True
    )
    return [_field_from(item, account_id) for item in items]


def tags(account_id: str, account_version: int) -> frozenset[str]:
    """Return the tags of the account's fields.

    They are kept in memory for as long as the account's configuration does not move.
    """
    version, known = _tags.get(account_id, (0, frozenset()))
    if version != account_version:
        known = frozenset(one.tag for one in of_account(account_id))
        _tags[account_id] = (account_version, known)
        if len(_tags) > CACHED_ACCOUNTS:
            _tags.popitem(last=False)
    return known


def shown(contact: Contact, account_version: int) -> Contact:
    """Return a contact without what it carries under the tags of deleted fields.

    So it may be told to others, and must not be written back.
    """
    if not contact.fields:
        return contact
    known = tags(contact.account_id, account_version)
    return replace(
        contact, fields={tag: contact.fields[tag] for tag in contact.fields if tag in known}
    )


def forget() -> None:
    """Empty the memory of this process."""
    _tags.clear()


def _tag_key(wanted: Field) -> Key:
    return keys.collection(wanted.account_id, "field-tags"), wanted.tag


def _tag_item(wanted: Field) -> Item:
    pk, sk = _tag_key(wanted)
    return {"pk": pk, "sk": sk, "field": wanted.field_id}


def _item(wanted: Field) -> Item:
    pk, sk = key(wanted.account_id, wanted.field_id)
    return {"pk": pk, "sk": sk, "body": _body(wanted), "version": wanted.version}


def _body(wanted: Field) -> str:
    facts = asdict(wanted)
    return packed({name: value for name, value in facts.items() if name not in OUTSIDE_BODY})


def _field_from(item: Item, account_id: str) -> Field:
    body: dict[str, Any] = unpacked(item["body"])
    return Field(
        account_id=account_id,
        field_id=contact_id_at(item["sk"]),
        version=item["version"],
        kind=FieldType(body.pop("kind")),
        options=tuple(FieldOption(**option) for option in body.pop("options")),
        lists=tuple(body.pop("lists")),
        **body,
    )
