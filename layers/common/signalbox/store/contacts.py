"""Contacts and their addresses, in the contacts table.

Item    pk A#<account>#contact#<contact>   sk contact    the contact
        body, version    the version moves with every change
        permission       what the contact says to being tracked (see `tracking_permissions`)
        unsubscribed     kinds of addresses that get no marketing mail, none where it wants any
        container, place A#<account>#contacts##<shard>, the id of 16 digits: the list of all
Item    pk A#<account>#address#<kind>:<normalised>  sk address    kinds email, phone, external
        contact          the id of who has this address; unique by construction
Access  create, change, delete, each with addresses, list entries and counts in one transaction;
        read by id, many at once; who has this address (a batch of events asks for all at once);
        note that a contact wants no marketing mail, which each new address is then told of, too
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.contact import Contact, addresses
from signalbox.model.contact_index import difference, entries
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.tracking_permission import statements_from
from signalbox.model.wire import packed, unpacked
from signalbox.store import contact_listing, counters, keys, origin, table
from signalbox.store.table import Item, Key

FREE = "attribute_not_exists(pk)"
OUTSIDE_BODY = {"account_id", "contact_id", "statements", "unsubscribed", "version"}
UNMOVED = "version = :since"
TRIES = 10  # where others write the same contact at the same time


class IdTakenError(ConflictError):
    """Another contact was given the same id in the same millisecond; make another."""


class MovedError(ConflictError):
    """Somebody changed the contact since it was read; read it again."""


class AddressTakenError(ConflictError):
    """Another contact has one of the addresses; `kind` says which (`email`, `phone`, `external`)."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the {kind} belongs to another contact")
        self.kind = kind


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
    """Write a new contact.

    Raises:
        AddressTakenError: another contact has one of its addresses.
        IdTakenError: another contact has its id.
    """
    counting = counters.changing(contact.account_id, contact_listing.ALL, contact.contact_id, 1)
    try:
        table.transact([*creating(contact), counting])
    except table.CancelledError as error:
        _settle_creation(contact, addresses(contact), error)


def creating(contact: Contact) -> list[Item]:
    """Return the parts of a transaction that write a new contact, its own item first, uncounted."""
    return [
        table.putting(environment().contacts_table, _item(contact), condition=FREE),
        *(_taking(contact, address) for address in addresses(contact)),
        *_listing(contact, add=entries(contact), remove=set()),
    ]


def is_that(item: Item, contact: Contact) -> bool:
    """Tell whether an item is what writing the contact has left."""
    same: bool = item["body"] == _body(contact)
    return same


def save(contact: Contact, *, since: Contact) -> Contact:
    """Write a changed contact and return it with its new version.

    What a contact that unsubscribed is reached by from now on gets no marketing mail either.

    Raises:
        AddressTakenError: another contact has one of its new addresses.
        MovedError: somebody changed or deleted the contact since `since` was read.
    """
    changed = replace(contact, version=since.version + 1)
    new, old = addresses(changed), addresses(since)
    gained = [address for address in new if address not in old]
    add, remove = difference(entries(since), entries(changed))
    writes = [
        replacing(changed, since=since),
        *(_taking(changed, address) for address in gained),
        *(_giving_up(changed, address) for address in old if address not in new),
        *_listing(changed, add=add, remove=remove),
        *(_barring(changed, address) for address in gained if _is_barred(changed, address)),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _settle_change(changed, gained, error)
    return changed


def replacing(changed: Contact, *, since: Contact) -> Item:
    """Return the part of a transaction that writes a contact's own item over the one that was read."""
    return table.putting(
        environment().contacts_table,
        _item(changed),
        condition=UNMOVED,
        values={":since": since.version},
    )


def unsubscribe(account_id: str, contact_id: str, kinds: frozenset[str]) -> Contact:
    """Note that a contact wants no marketing mail at addresses of these kinds; return it then.

    The addresses that it has are for the caller (`unsubscribes.note`): those of the contact that is
    returned, since it may have got another meanwhile.

    Raises:
        NotFoundError: there is no such contact.
        MovedError: others changed it all the while.
    """
    return _resolved(account_id, contact_id, kinds.union)


def resubscribe(account_id: str, contact_id: str, kinds: frozenset[str]) -> Contact:
    """Note that a contact allows marketing mail again at addresses of these kinds; return it then.

    The addresses are for the caller (`unsubscribes.lift`), as for `unsubscribe`.

    Raises:
        NotFoundError, MovedError: as for `unsubscribe`.
    """
    return _resolved(account_id, contact_id, lambda standing: standing - kinds)


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


def fetch_many(account_id: str, contact_ids: Iterable[str]) -> list[Contact]:
    """Return the contacts that exist of these, in the order asked for."""
    wanted = [key(account_id, contact_id) for contact_id in contact_ids]
    found = table.get_many({environment().contacts_table: wanted})
    return [contact_from(found[where], account_id) for where in wanted if where in found]


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
    return Contact(
        account_id=account_id,
        contact_id=id_from(item),
        statements=statements_from(item.get("permission", "")),
        unsubscribed=item.get("unsubscribed", frozenset()),
        version=item["version"],
        **body,
    )


def remove(contact: Contact) -> None:
    """Delete the contact, its addresses and its entries in lists; repeated, it changes nothing.

    What it holds of containers, and its log, is for the caller.

    Raises:
        MovedError: somebody changed the contact since it was read.
    """
    writes = [
        table.deleting(
            environment().contacts_table,
            key(contact.account_id, contact.contact_id),
            condition=UNMOVED,
            values={":since": contact.version},
        ),
        *(_giving_up(contact, address) for address in addresses(contact)),
        *_listing(contact, add=set(), remove=entries(contact)),
        counters.changing(contact.account_id, contact_listing.ALL, contact.contact_id, -1),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        code, standing = error.reasons[0]
        if code != "ConditionalCheckFailed":
            raise
        if standing is not None:
            raise MovedError("the contact was changed meanwhile; read it again") from error


def _item(contact: Contact) -> Item:
    pk, sk = key(contact.account_id, contact.contact_id)
    listed = contact_listing.membership(
        contact.account_id, contact_listing.ALL, "", contact.contact_id
    )
    item = {"pk": pk, "sk": sk, "body": _body(contact), "version": contact.version, **listed}
    if contact.unsubscribed:
        item["unsubscribed"] = contact.unsubscribed
    permission = contact.statements.to_wire()
    return origin.marked(item | {"permission": permission} if permission else item)


def _body(contact: Contact) -> str:
    fields = asdict(contact)
    return packed({name: value for name, value in fields.items() if name not in OUTSIDE_BODY})


def _taking(contact: Contact, address: str) -> Item:
    pk, sk = address_key(contact.account_id, address)
    owned = {"pk": pk, "sk": sk, "contact": contact.contact_id}
    return table.putting(environment().contacts_table, owned, condition=FREE)


def _giving_up(contact: Contact, address: str) -> Item:
    return table.deleting(environment().contacts_table, address_key(contact.account_id, address))


def _is_barred(contact: Contact, address: str) -> bool:
    """Tell whether a contact wants no marketing mail at an address that is new."""
    return address.partition(":")[0] in contact.unsubscribed


def _barring(contact: Contact, address: str) -> Item:
    from signalbox.store import unsubscribes  # noqa: PLC0415 few contacts have unsubscribed

    account_id, at_ms = contact.account_id, contact.updated_ms
    return unsubscribes.noting(account_id, address, at_ms=at_ms)


def _resolved(
    account_id: str, contact_id: str, decide: Callable[[frozenset[str]], frozenset[str]]
) -> Contact:
    """Write which kinds of addresses get no marketing mail, in place of those that were read."""
    for attempt in range(1, TRIES + 1):
        standing = fetch(account_id, contact_id)
        wanted = decide(standing.unsubscribed)
        if wanted == standing.unsubscribed:
            return standing
        changed = replace(standing, unsubscribed=wanted, version=standing.version + 1)
        try:
            table.put(
                environment().contacts_table,
                _item(changed),
                condition=UNMOVED,
                values={":since": standing.version},
            )
        except table.RefusedError as error:
            # Where it is our own write whose answer was lost, the next look finds it so.
            if attempt == TRIES:
                raise MovedError("the contact was changed meanwhile; read it again") from error
        else:
            return changed
    raise AssertionError("the last try returns or raises")


def _listing(contact: Contact, *, add: set[Any], remove: set[Any]) -> list[Item]:
    contacts_table = environment().contacts_table
    account_id, contact_id = contact.account_id, contact.contact_id
    added = [contact_listing.entry_key(account_id, contact_id, entry) for entry in sorted(add)]
    removed = [contact_listing.entry_key(account_id, contact_id, one) for one in sorted(remove)]
    return [
        *(table.putting(contacts_table, {"pk": pk, "sk": sk}) for pk, sk in added),
        *(table.deleting(contacts_table, where) for where in removed),
    ]


def _settle_creation(contact: Contact, owned: list[str], error: table.CancelledError) -> None:
    """Tell our own write, whose answer was lost, from somebody else's contact."""
    _, standing = error.reasons[0]
    if standing is not None:
        if not is_that(standing, contact):
            raise IdTakenError(f"contact {contact.contact_id} exists") from error
        return
    _raise_taken(owned, error, first=1)
    raise error


def _settle_change(contact: Contact, gained: list[str], error: table.CancelledError) -> None:
    code, standing = error.reasons[0]
    if standing is not None and is_that(standing, contact):
        return
    _raise_taken(gained, error, first=1)
    if code == "ConditionalCheckFailed":
        raise MovedError("the contact was changed meanwhile; read it again") from error
    raise error


def _raise_taken(wanted: list[str], error: table.CancelledError, *, first: int) -> None:
    for address, (code, _) in zip(wanted, error.reasons[first:], strict=False):
        if code == "ConditionalCheckFailed":
            raise AddressTakenError(address.partition(":")[0]) from error
