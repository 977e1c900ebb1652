"""Contacts and their addresses, in the contacts table.

Item    pk A#<account>#contact#<contact>   sk contact    the contact
Item    pk A#<account>#address#email:<normalised>  sk address
        contact          the id of who has this address; unique by construction
Access  create; read by id; who has this address (a batch of events asks for all at once)
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from signalbox.environment import environment
from signalbox.model.address import email_address
from signalbox.model.contact import Contact
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key


class IdTakenError(ConflictError):
    """Another contact was given the same id in the same millisecond; make another."""


def key(account_id: str, contact_id: str) -> Key:
    """Return where the contact stands."""
    return keys.contact(account_id, contact_id), "contact"


def address_key(account_id: str, address: str) -> Key:
    """Return where an address stands: `contact:<id>` is the contact's own record."""
    kind, _, value = address.partition(":")
    if kind == "contact":
        return key(account_id, value)
    return keys.address(account_id, address), "address"


def create(contact: Contact) -> None:
    """Write a new contact with its addresses.

    Raises:
        ConflictError: another contact has the address.
        IdTakenError: another contact has the id.
    """
    contacts_table = environment().contacts_table
    pk, sk = key(contact.account_id, contact.contact_id)
    free = "attribute_not_exists(pk)"
    writes = [
        table.putting(contacts_table, {"pk": pk, "sk": sk, "body": _body(contact)}, condition=free)
    ]
    if contact.email:
        at, sort = address_key(contact.account_id, email_address(contact.email))
        owned = {"pk": at, "sk": sort, "contact": contact.contact_id}
        writes.append(table.putting(contacts_table, owned, condition=free))
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _settle(contact, error)


def find(account_id: str, contact_id: str) -> Contact | None:
    """Return a contact; None where there is none."""
    item = table.get(environment().contacts_table, key(account_id, contact_id))
    return contact_from(item, account_id) if item else None


def fetch(account_id: str, contact_id: str) -> Contact:
    """Return a contact; raise `NotFoundError` where there is none."""
    contact = find(account_id, contact_id)
    if contact is None:
        raise NotFoundError("contact", contact_id)
    return contact


def id_at(account_id: str, address: str) -> str | None:
    """Return the id of the contact who has this address; None for nobody."""
    item = table.get(environment().contacts_table, address_key(account_id, address))
    return id_from(item) if item else None


def ids_at(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the contact ids for pairs of account and address that have one."""
    places = {pair: address_key(*pair) for pair in wanted}
    items = table.get_many({environment().contacts_table: places.values()})
    return {pair: id_from(items[place]) for pair, place in places.items() if place in items}


def id_from(item: Item) -> str:
    """Return the contact id that an address item, or a contact's own record, stands for."""
    owner: str = item.get("contact") or item["pk"].rpartition("#")[2]
    return owner


def contact_from(item: Item, account_id: str) -> Contact:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    return Contact(account_id=account_id, contact_id=id_from(item), **body)


def _body(contact: Contact) -> str:
    fields = asdict(contact)
    del fields["account_id"], fields["contact_id"]
    return packed(fields)


def _settle(contact: Contact, error: table.CancelledError) -> None:
    """Tell our own write, whose answer was lost, from somebody else's contact."""
    _, standing = error.reasons[0]
    if standing is not None and standing["body"] != _body(contact):
        raise IdTakenError(f"contact {contact.contact_id} exists") from error
    if standing is None:
        raise ConflictError("the e-mail address belongs to another contact") from error
