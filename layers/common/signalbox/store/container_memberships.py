"""Contacts in campaigns, and addresses on opt-out lists, in the contacts table.

Item    pk A#<account>#contact#<contact>   sk email_campaign#<id>, sms_campaign#<id>
        pk A#<account>#address#<address>   sk email_opt_out_list#<id>, phone_opt_out_list#<id>
        body, version    the version moves with every change
        container, place of who is in it, as for a list; not of who was deleted
Counts  <kind>#<container>, in the same transaction
Access  one; those of a container in the order of member; a contact's campaigns; an address's opt-out
        lists, which one Query answers; change; remove
An opt-out stays with its address, whoever has it. A membership whose container is deleted counts as
removed, whether the sweep has come to it or not. Memberships in lists are in `store.memberships`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final

from signalbox.environment import environment
from signalbox.model import container_membership as model
from signalbox.model.container import CAMPAIGNS, Container, ContainerKind
from signalbox.model.container_membership import ContainerMembership
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.wire import packed, unpacked
from signalbox.store import (
    contact_listing,
    contacts,
    containers,
    counters,
    erasure,
    keys,
    origin,
    sweeping,
    table,
)
from signalbox.store.table import Item, Key

IN_BODY = ("contact_id", "mailer_id", "added_ms", "deleted_ms")
TRIES = 5  # where somebody else changes the same membership at the same time
OPT_OUT_LISTS: Final = {
    "email": ContainerKind.EMAIL_OPT_OUT_LIST,
    "phone": ContainerKind.PHONE_OPT_OUT_LIST,
}


def key(account_id: str, kind: ContainerKind, container_id: str, member: str) -> Key:
    """Return where the membership stands."""
    return keys.member(account_id, member), f"{kind}#{container_id}"


def add(
    container: Container, member: str, *, contact_id: str, now_ms: int, mailer_id: str = ""
) -> tuple[ContainerMembership, bool]:
    """Put a member into a container; return the membership and whether it was outside.

    Raises:
        NotFoundError: there is no such contact.
        ConflictError: others changed the membership all the while.
    """
    wish = partial(model.added, now_ms=now_ms, contact_id=contact_id, mailer_id=mailer_id)
    return _changed(container, member, wish)


def delete(
    container: Container, member: str, *, now_ms: int, contact_id: str = "", mailer_id: str = ""
) -> tuple[ContainerMembership, bool]:
    """Take a member out of a container; return the membership and whether it was inside.

    `contact_id` is who has the address now; empty where nobody has.

    Raises:
        ConflictError: others changed the membership all the while.
    """
    wish = partial(model.deleted, now_ms=now_ms, contact_id=contact_id, mailer_id=mailer_id)
    return _changed(container, member, wish)


def find(container: Container, member: str) -> ContainerMembership | None:
    """Return the membership of who is in the container now; None for anybody else."""
    found = _read(container, member)
    return found if found.stands else None


def find_many(container: Container, members: Iterable[str]) -> dict[str, ContainerMembership]:
    """Return the memberships of those who are in the container now, by member."""
    account_id, kind, container_id = container.account_id, container.kind, container.container_id
    wanted = {key(account_id, kind, container_id, member): member for member in members}
    found = table.get_many({environment().contacts_table: wanted})
    read = {wanted[where]: _membership_from(item, account_id) for where, item in found.items()}
    return {member: one for member, one in read.items() if one.stands}


def of_container(
    container: Container, *, limit: int, above: str = ""
) -> tuple[list[ContainerMembership], str]:
    """Return a page of who is in a container, and the member to go on above; empty at the end."""
    members = contact_listing.within(
        container.account_id,
        container.kind,
        container.container_id,
        above=above,
        expected=limit + 1,
    )
    chosen = list(islice(members, limit + 1))
    found = find_many(container, chosen[:limit])
    shown = [found[member] for member in chosen[:limit] if member in found]
    return shown, chosen[limit - 1] if len(chosen) > limit else ""


def of_contact(account_id: str, contact_id: str) -> list[ContainerMembership]:
    """Return the memberships of a contact who is in campaigns, in the order of kind and id."""
    found = [one for kind in CAMPAIGNS for one in _stored(account_id, contact_id, kind)]
    return _standing(account_id, found)


def of_address(account_id: str, address: str) -> list[ContainerMembership]:
    """Return the memberships of an address (`email:…`, `phone:…`) that is on opt-out lists."""
    kind = OPT_OUT_LISTS.get(address.partition(":")[0])
    return _standing(account_id, _stored(account_id, address, kind)) if kind else []


def opt_outs(account_id: str, address: str) -> list[str]:
    """Return the ids of the single opt-out lists that an address is on.

    It is on them, too, where it was when the contact who had it was erased. Empty is the only answer
    that allows to write.
    """
    kind = OPT_OUT_LISTS.get(address.partition(":")[0])
    if kind is None:
        return []
    stored = table.query_all(
        environment().contacts_table,
        keys.member(account_id, address),
        prefix=f"{kind}#",
        consistent=True,
    )
    return opt_outs_among(account_id, address, stored, erasure.kept_of(account_id, address))


def opt_outs_among(
    account_id: str, address: str, stored: Iterable[Item], kept: Iterable[Item]
) -> list[str]:
    """Return the opt-outs of an address where its items, and those that outlived a contact, are read."""
    kind = OPT_OUT_LISTS.get(address.partition(":")[0])
    if kind is None:
        return []
    own = [one for one in stored if one["sk"].startswith(f"{kind}#")]
    entries = [_membership_from(item, account_id) for item in own]
    ids = {one.container_id for one in entries if one.stands} | erasure.lists_among(kept)
    existing = containers.find_many(account_id, ((kind, one) for one in ids)) if ids else {}
    return sorted((one for _, one in existing), key=int)


def stored_at(account_id: str, address: str) -> list[ContainerMembership]:
    """Return all that is on record of an address, also deletions and of lists that are gone."""
    kind = OPT_OUT_LISTS.get(address.partition(":")[0])
    return _stored(account_id, address, kind) if kind else []


def remove(standing: ContainerMembership) -> None:
    """Remove a membership for good; one that somebody has changed meanwhile goes on."""
    where = key(standing.account_id, standing.kind, standing.container_id, standing.member)
    writes = [
        table.deleting(
            environment().contacts_table,
            where,
            condition="version = :since",
            values={":since": standing.version},
        )
    ]
    if standing.stands:
        writes.append(_counting(standing, -1))
    try:
        table.transact(writes)
    except table.CancelledError as error:
        if error.reasons[0][0] != "ConditionalCheckFailed":
            raise


def sweep(account_id: str, *, until: float) -> bool:
    """Remove what memberships deleted containers left; tell whether all are removed.

    It goes on until `until` (of `time.monotonic`). Cut off anywhere it has done no harm: who reads
    sees none of these memberships anyway, and the next sweep goes on with what is left.
    """
    for kind, container_id in containers.gone(account_id):
        if not sweeping.emptied(account_id, kind, container_id, until=until):
            return False
        containers.forget(account_id, kind, container_id)
    return True


def _changed(
    container: Container,
    member: str,
    decide: Callable[[ContainerMembership], ContainerMembership],
) -> tuple[ContainerMembership, bool]:
    for _ in range(TRIES):
        before = _read(container, member)
        after = decide(before)
        if after == before:
            return before, False
        after = replace(after, version=before.version + 1)
        if _written(before, after):
            return after, True
    raise ConflictError("the membership was changed meanwhile; read it again")


def _written(before: ContainerMembership, after: ContainerMembership) -> bool:
    """Write a changed membership; tell whether nobody else was faster."""
    condition, values = ("attribute_not_exists(pk)", None)
    if before.version:
        condition, values = ("version = :since", {":since": before.version})
    contacts_table = environment().contacts_table
    writes = [
        table.putting(contacts_table, _item(after), condition=condition, values=values),
        _counting(after, 1 if after.stands else -1),
    ]
    if after.stands:
        writes.append(table.checking(contacts_table, _owner(after), "attribute_exists(pk)"))
    try:
        table.transact(writes)
    except table.CancelledError as error:
        return _settled(after, error)
    return True


def _settled(wanted: ContainerMembership, error: table.CancelledError) -> bool:
    """Tell our own write, whose answer was lost, from somebody else's."""
    (code, standing), _, *owner = error.reasons
    if any(missing == "ConditionalCheckFailed" for missing, _ in owner):
        raise NotFoundError("contact", wanted.member) from error
    if code != "ConditionalCheckFailed":
        raise error
    return standing is not None and standing["body"] == _body(wanted)


def _owner(wanted: ContainerMembership) -> Key:
    """Return where the contact stands whose membership it is; an address may be left behind by now."""
    is_address = wanted.kind.is_opt_out_list
    return contacts.key(wanted.account_id, wanted.contact_id if is_address else wanted.member)


def _counting(counted: ContainerMembership, by: int) -> Item:
    name = containers.counted(counted.kind, counted.container_id)
    return counters.changing(counted.account_id, name, counted.member, by)


def _read(container: Container, member: str) -> ContainerMembership:
    account_id, kind, container_id = container.account_id, container.kind, container.container_id
    where = key(account_id, kind, container_id, member)
    item = table.get(environment().contacts_table, where)
    if item:
        return _membership_from(item, account_id)
    return ContainerMembership(account_id, kind, container_id, member)


def _stored(account_id: str, member: str, kind: ContainerKind) -> list[ContainerMembership]:
    items = table.query_all(
        environment().contacts_table,
        keys.member(account_id, member),
        prefix=f"{kind}#",
        consistent=True,
    )
    return [_membership_from(item, account_id) for item in items]


def _standing(account_id: str, found: list[ContainerMembership]) -> list[ContainerMembership]:
    """Return the memberships that stand, in containers that exist."""
    inside = [one for one in found if one.stands]
    wanted = [(one.kind, one.container_id) for one in inside]
    existing = containers.find_many(account_id, wanted) if wanted else {}
    return [one for one in inside if (one.kind, one.container_id) in existing]


def _membership_from(item: Item, account_id: str) -> ContainerMembership:
    body: dict[str, Any] = unpacked(item["body"])
    kind, _, container_id = item["sk"].partition("#")
    return ContainerMembership(
        account_id=account_id,
        kind=ContainerKind(kind),
        container_id=container_id,
        member=item["pk"].split("#", 3)[3],
        version=item["version"],
        **body,
    )


def _item(wanted: ContainerMembership) -> Item:
    account_id, kind, container_id = wanted.account_id, wanted.kind, wanted.container_id
    pk, sk = key(account_id, kind, container_id, wanted.member)
    item = {"pk": pk, "sk": sk, "body": _body(wanted), "version": wanted.version}
    if wanted.stands:
        item |= contact_listing.membership(account_id, kind, container_id, wanted.member)
    return origin.marked(item)


def _body(wanted: ContainerMembership) -> str:
    return packed({name: getattr(wanted, name) for name in IN_BODY})
