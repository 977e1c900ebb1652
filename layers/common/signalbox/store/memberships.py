"""Memberships in lists, in the contacts table.

Item    pk A#<account>#contact#<contact>   sk list#<list>
        body, version    the version moves with every change
        container, place A#<account>#list#<list>#<shard>, the contact's id of 16 digits
Counts  list#<list>#<status>, in the same transaction
Access  one; all of a contact; those of a list in the order of contact; change; remove
A membership whose list is deleted counts as removed, whether the sweep has come to it or not.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from signalbox.environment import environment
from signalbox.model import membership as model
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.membership import Membership, Subscription
from signalbox.model.wire import packed, unpacked
from signalbox.store import (
    contact_listing,
    contacts,
    counters,
    keys,
    lists,
    origin,
    sweeping,
    table,
)
from signalbox.store.table import Item, Key

KIND = "list"
PREFIX = f"{KIND}#"
OUTSIDE_BODY = {"account_id", "contact_id", "list_id", "version"}
TRIES = 5  # where somebody else changes the same membership at the same time


class Change(NamedTuple):
    """What a change came to; `before` has version 0 where the contact was not on the list."""

    before: Membership
    after: Membership


def key(account_id: str, contact_id: str, list_id: str) -> Key:
    """Return where the membership stands."""
    return keys.contact(account_id, contact_id), PREFIX + list_id


def find(account_id: str, contact_id: str, list_id: str) -> Membership | None:
    """Return a contact's membership in a list that exists; None where there is none."""
    found = _read(account_id, contact_id, list_id)
    return found if found and lists.find(account_id, list_id) else None


def fetch(account_id: str, membership_id: str) -> Membership:
    """Return a membership by its id; raise `NotFoundError` where there is none."""
    contact_id, list_id = model.parts_of(membership_id)
    found = find(account_id, contact_id, list_id) if contact_id and list_id else None
    if found is None or found.membership_id != membership_id:
        raise NotFoundError("contact list", membership_id)
    return found


def of_contact(account_id: str, contact_id: str) -> list[Membership]:
    """Return a contact's memberships, of whatever status, in the order of the lists' ids."""
    items = table.query_all(
        environment().contacts_table,
        keys.contact(account_id, contact_id),
        prefix=PREFIX,
        consistent=True,
    )
    found = [membership_from(item, account_id) for item in items]
    standing = lists.existing(account_id, [one.list_id for one in found])
    kept = [one for one in found if one.list_id in standing]
    return sorted(kept, key=lambda one: int(one.list_id))


def on_list(account_id: str, list_id: str, contact_ids: Iterable[str]) -> dict[str, Membership]:
    """Return the memberships in a list that these contacts have, by contact."""
    found = held(account_id, [(contact_id, list_id) for contact_id in contact_ids])
    return {contact_id: one for (contact_id, _), one in found.items()}


def of_list(account_id: str, list_id: str, *, offset: int = 0, limit: int) -> list[Membership]:
    """Return a page of a list's memberships, of whatever status, in the order of contact."""
    ids = contact_listing.within(account_id, KIND, list_id, expected=offset + limit)
    chosen = list(islice(ids, offset, offset + limit))
    found = on_list(account_id, list_id, chosen)
    return [found[contact_id] for contact_id in chosen if contact_id in found]


def counts(account_id: str, list_ids: Iterable[str]) -> dict[str, int]:
    """Return how many memberships, of whatever status, each list has."""
    names = {
        lists.counted(list_id, status): list_id for list_id in list_ids for status in Subscription
    }
    sums = dict.fromkeys(names.values(), 0)
    for name, n in counters.totals(account_id, names).items():
        sums[names[name]] += n
    return sums


def subscribe(  # noqa: PLR0913 the parts of one wish
    account_id: str,
    contact_id: str,
    list_id: str,
    *,
    now_ms: int,
    source_id: str = "0",
    reactivate: bool = True,
) -> tuple[Membership, bool]:
    """Put a contact on a list; return the membership and whether it is new.

    An import says `reactivate=False`: who opted out, bounced or has yet to confirm stays so.

    Raises:
        NotFoundError: there is no such contact or list.
        ConflictError: others changed the membership all the while.
    """
    wish = partial(model.subscribed, now_ms=now_ms, source_id=source_id, reactivate=reactivate)
    before, after = change(account_id, contact_id, list_id, wish)
    return after, not before.version


def unsubscribe(
    account_id: str, contact_id: str, list_id: str, *, now_ms: int, source_id: str = "0"
) -> tuple[Membership, bool]:
    """Take a contact off a list; return the membership and whether it is new.

    Raises:
        NotFoundError, ConflictError: as for `subscribe`.
    """
    wish = partial(model.unsubscribed, now_ms=now_ms, source_id=source_id)
    before, after = change(account_id, contact_id, list_id, wish)
    return after, not before.version


def change(
    account_id: str,
    contact_id: str,
    list_id: str,
    decide: Callable[[Membership], Membership],
) -> Change:
    """Let a decision of `model.membership` change a membership, and count it.

    The decision is asked again where somebody else was faster; what changes nothing is not written.

    Raises:
        NotFoundError: there is no such contact or list.
        ConflictError: others changed the membership all the while.
    """
    lists.fetch(account_id, list_id)
    for _ in range(TRIES):
        standing = _read(account_id, contact_id, list_id)
        before = standing or Membership(account_id, contact_id, list_id)
        after = decide(before)
        if after == before:
            if not before.version:
                contacts.fetch(account_id, contact_id)
            return Change(before, after)
        after = replace(after, version=before.version + 1)
        if _written(before, after):
            return Change(before, after)
    raise ConflictError("the membership was changed meanwhile; read it again")


def putting(wanted: Membership) -> Item:
    """Return the part of a transaction that writes a contact's first membership, uncounted."""
    condition = "attribute_not_exists(pk)"
    return table.putting(environment().contacts_table, _item(wanted), condition=condition)


def counted(one: Membership) -> str:
    """Return the name of the number that it counts in."""
    return lists.counted(one.list_id, one.status)


def held(account_id: str, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Membership]:
    """Return the memberships that there are of pairs of a contact and a list."""
    places = {key(account_id, *pair): pair for pair in pairs}
    found = table.get_many({environment().contacts_table: places})
    return {places[where]: membership_from(item, account_id) for where, item in found.items()}


def removing(standing: Membership) -> list[Item]:
    """Return the parts of a transaction that remove a membership and count it out."""
    where = key(standing.account_id, standing.contact_id, standing.list_id)
    return [
        table.deleting(
            environment().contacts_table,
            where,
            condition="version = :since",
            values={":since": standing.version},
        ),
        _counting(standing, -1),
    ]


def sweep(account_id: str, *, until: float) -> bool:
    """Remove what memberships deleted lists left; tell whether all are removed.

    It goes on until `until` (of `time.monotonic`). Cut off anywhere it has done no harm: who reads
    sees none of these memberships anyway, and the next sweep goes on with what is left.
    """
    for list_id in lists.gone(account_id):
        if not sweeping.emptied(account_id, KIND, list_id, until=until):
            return False
        lists.forget(account_id, list_id)
    return True


def _written(before: Membership, after: Membership) -> bool:
    """Write a changed membership; tell whether nobody else was faster."""
    where = contacts.key(after.account_id, after.contact_id)
    condition, values = ("attribute_not_exists(pk)", None)
    if before.version:
        condition, values = ("version = :since", {":since": before.version})
    writes = [
        table.putting(
            environment().contacts_table, _item(after), condition=condition, values=values
        ),
        table.checking(environment().contacts_table, where, "attribute_exists(pk)"),
    ]
    if not before.version or before.status is not after.status:
        writes.append(_counting(after, 1))
        writes.extend([_counting(before, -1)] if before.version else [])
    try:
        table.transact(writes)
    except table.CancelledError as error:
        return _settled(after, error)
    return True


def _settled(wanted: Membership, error: table.CancelledError) -> bool:
    """Tell our own write, whose answer was lost, from somebody else's."""
    (code, standing), (contact_code, _), *_ = error.reasons
    if contact_code == "ConditionalCheckFailed":
        raise NotFoundError("contact", wanted.contact_id) from error
    if code != "ConditionalCheckFailed":
        raise error
    return standing is not None and standing["body"] == _body(wanted)


def _counting(one: Membership, by: int) -> Item:
    return counters.changing(one.account_id, counted(one), one.contact_id, by)


def _read(account_id: str, contact_id: str, list_id: str) -> Membership | None:
    item = table.get(environment().contacts_table, key(account_id, contact_id, list_id))
    return membership_from(item, account_id) if item else None


def membership_from(item: Item, account_id: str) -> Membership:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    status = Subscription(body.pop("status"))
    return Membership(
        account_id=account_id,
        contact_id=item["pk"].rpartition("#")[2],
        list_id=item["sk"].removeprefix(PREFIX),
        version=item["version"],
        status=status,
        **body,
    )


def _item(wanted: Membership) -> Item:
    pk, sk = key(wanted.account_id, wanted.contact_id, wanted.list_id)
    listed = contact_listing.membership(wanted.account_id, KIND, wanted.list_id, wanted.contact_id)
    item = {"pk": pk, "sk": sk, "body": _body(wanted), "version": wanted.version, **listed}
    return origin.marked(item)


def _body(wanted: Membership) -> str:
    fields = asdict(wanted)
    return packed({name: value for name, value in fields.items() if name not in OUTSIDE_BODY})
