"""Adding contacts to containers of every kind and deleting them: what every way in shares.

    addresses -> contacts, strangers made -> membership, of a list, a campaign or an opt-out list

Each does nothing where it was done before, so a call that was cut off is simply made again.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from signalbox.model import membership as of_list
from signalbox.model.address import contact_address, email_address
from signalbox.model.contact import Contact
from signalbox.model.container import EMAIL, PHONE, Container, ContainerKind, ContainerStatus
from signalbox.model.container_membership import ContainerMembership
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.membership import Membership, Subscription
from signalbox.people import address_of, contact_at
from signalbox.store import contacts, container_memberships, containers, erasure, memberships

MOST_AT_ONCE = 500
SIDE_BY_SIDE = 4  # more would wait for each other, for they move the same numbers
FEW = 10  # members that are written one after the other
CONTACT = "contact"
LEFT = (Subscription.UNSUBSCRIBED, Subscription.BOUNCED)


class Named(NamedTuple):
    """A contact as a caller names it: `kind` is `email`, `phone` or `contact_id`."""

    kind: str
    value: str


class Result(StrEnum):
    """What came of adding or deleting one contact."""

    ADDED = "added"
    ALREADY_THERE = "already_there"
    OPTED_OUT = "opted_out"
    DELETED = "deleted"
    NOT_THERE = "not_there"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    CONFLICT = "conflict"


class Outcome(NamedTuple):
    """The result for one contact, and why, where that needs words."""

    result: Result
    contact_id: str = ""
    reason: str = ""


class _Found(NamedTuple):
    """Whom a name stands for: the address by which it was named, the contact where there is one."""

    address: str
    contact: Contact | None = None


def add_contact_to(  # noqa: PLR0913 the parts of one wish
    account_id: str,
    kind: ContainerKind,
    container_id: str,
    contact: Contact,
    *,
    mailer_id: str = "",
    contact_kind: str = "",
    address: str = "",
) -> bool:
    """Add a contact to a container; tell whether it was outside.

    On an opt-out list the contact's e-mail address or phone is the member, or `address`, which it may
    have had before. `contact_kind` says for a
    list by which address it is added; without it that is the e-mail address where it has one. A list
    takes those back who left it.

    Raises:
        NotFoundError: the container or the contact is gone.
        InvalidError: the contact has no such address, or the container takes nobody in.
        ConflictError: others changed the membership all the while.
    """
    container = containers.fetch(account_id, kind, container_id)
    check_open(container)
    member = address or _address(contact, kind.contact_kind or contact_kind)
    return _put(container, contact, member, mailer_id=mailer_id)


def delete_contact_from(  # noqa: PLR0913 the parts of one wish
    account_id: str,
    kind: ContainerKind,
    container_id: str,
    contact: Contact,
    *,
    mailer_id: str = "",
    address: str = "",
) -> bool:
    """Delete a contact, or an `address` on an opt-out list, from a container; tell whether it was inside.

    Raises:
        NotFoundError, InvalidError, ConflictError: as for `add_contact_to`.
    """
    container = containers.fetch(account_id, kind, container_id)
    check_single(container)
    member = address or _address(contact, kind.contact_kind)
    return _take(container, _Found(member, contact), mailer_id=mailer_id)


def add(
    container: Container,
    named: Sequence[Named],
    *,
    mailer_id: str = "",
    resubscribe: bool = False,
) -> list[Outcome]:
    """Add up to 500 contacts, strangers too; return what came of each.

    Who left a list is put on it again only with `resubscribe`. An address that was on an opt-out list
    when its contact was erased is on it, and no contact is made again of it.

    Raises:
        InvalidError: the container takes nobody in.
    """
    check_open(container)
    found = _found(container, named)
    held = _held(container, found.values())
    perform = partial(_added, container, held=held, mailer_id=mailer_id, resubscribe=resubscribe)
    return _each(perform, named, found)


def delete(container: Container, named: Sequence[Named], *, mailer_id: str = "") -> list[Outcome]:
    """Delete up to 500 contacts from a container; return what came of each.

    Raises:
        InvalidError: the container is a group.
    """
    check_single(container)
    found = _found(container, named)
    held = _held(container, found.values()) if container.kind.is_opt_out_list else set()
    return _each(partial(_deleted, container, held=held, mailer_id=mailer_id), named, found)


def find(container: Container, one: Named) -> Membership | ContainerMembership | None:
    """Return the membership of who is in a container, or was on a list; None for anybody else.

    In a group is who is on one of its lists. On an opt-out list is, too, who was on it when the
    contact was erased; nothing else is known of that.

    Raises:
        InvalidError: there can be no such address, or the container holds none of its kind.
    """
    whom = _found(container, [one])[one]
    if isinstance(whom, InvalidError):
        raise whom
    for container_id in container.members or (container.container_id,):
        single = replace(container, container_id=container_id, grouped=False, members=())
        found = _membership(single, whom)
        if found:
            return found
    return None


def check_single(container: Container) -> None:
    """Raise `InvalidError` for a group, which holds nothing itself."""
    if container.grouped:
        names = ", ".join(container.members)
        raise InvalidError("container_id", f"is a group, which its lists fill: {names}")


def check_open(container: Container) -> None:
    """Raise `InvalidError` where a container takes nobody in."""
    check_single(container)
    if container.status is ContainerStatus.ARCHIVED:
        raise InvalidError("container_id", "is archived and takes nobody in")


def _address(contact: Contact, kind: str) -> str:
    """Return the contact's address of a kind, its first of either where it is empty."""
    if contact.email and kind in ("", EMAIL):
        return email_address(contact.email)
    if contact.phone_number and kind in ("", PHONE):
        return f"phone:{contact.phone_number}"
    if not kind:
        return contact_address(contact.contact_id)
    raise InvalidError(kind, "the contact has none")


def _found(container: Container, named: Iterable[Named]) -> dict[Named, _Found | InvalidError]:
    """Return whom each name stands for, or why it can be nobody's."""
    account_id = container.account_id
    addresses: dict[Named, str | InvalidError] = {}
    for one in named:
        try:
            addresses[one] = _checked(container, one)
        except InvalidError as error:
            addresses[one] = error
    asked = [one for one in addresses.values() if isinstance(one, str)]
    ids = contacts.ids_at([(account_id, address) for address in asked])
    people = contacts.fetch_many(account_id, dict.fromkeys(ids.values()))
    known = {contact.contact_id: contact for contact in people}
    return {
        one: _whom(container, address, known.get(ids.get((account_id, address), "")))
        if isinstance(address, str)
        else address
        for one, address in addresses.items()
    }


def _checked(container: Container, one: Named) -> str:
    """Return the address that a name stands for; raise `InvalidError` where it can be none."""
    if one.kind == "contact_id":
        return contact_address(one.value)
    if container.kind.contact_kind not in ("", one.kind):
        wanted = container.kind.contact_kind
        raise InvalidError(
            one.kind, f"the {containers.noun(container.kind)} holds {wanted} contacts"
        )
    return address_of(one.kind, one.value)


def _whom(container: Container, address: str, contact: Contact | None) -> _Found | InvalidError:
    """Return whom an address stands for, named by the kind of address that the container holds."""
    if contact is None or not address.startswith(f"{CONTACT}:"):
        return _Found(address, contact)
    try:
        return _Found(_address(contact, container.kind.contact_kind), contact)
    except InvalidError as error:
        return error


def _held(container: Container, found: Iterable[_Found | InvalidError]) -> set[str]:
    """Return the addresses whose opt-outs go on holding although their contacts were erased."""
    if container.kind.is_campaign:
        return set()
    wanted = [(one.address, container.container_id) for one in found if isinstance(one, _Found)]
    return {address for address, _ in erasure.opted_out_among(container.account_id, wanted)}


def _membership(container: Container, whom: _Found) -> Membership | ContainerMembership | None:
    account_id, kind, container_id = container.account_id, container.kind, container.container_id
    if kind.is_opt_out_list:
        found = container_memberships.find(container, whom.address)
        if found is None and _held(container, [whom]):
            return ContainerMembership(account_id, kind, container_id, whom.address, version=1)
        return found
    if whom.contact is None:
        return None
    contact_id = whom.contact.contact_id
    if kind is ContainerKind.LIST:
        return memberships.find(account_id, contact_id, container_id)
    return container_memberships.find(container, contact_id)


def _each(
    perform: Callable[[Named, _Found], Outcome],
    named: Sequence[Named],
    found: dict[Named, _Found | InvalidError],
) -> list[Outcome]:
    """Return what came of each name, of many side by side; one that stands twice is done once."""
    outcome = partial(_outcome, perform)
    if len(found) <= FEW:
        outcomes = [outcome(one, whom) for one, whom in found.items()]
    else:
        marks = [copy_context() for _ in found]  # which `store.origin` reads
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            runs = threads.map(lambda mark, one: mark.run(outcome, *one), marks, found.items())
            outcomes = list(runs)
    results = dict(zip(found, outcomes, strict=True))
    return [results[one] for one in named]


def _outcome(
    perform: Callable[[Named, _Found], Outcome], one: Named, whom: _Found | InvalidError
) -> Outcome:
    """Return what came of one name, whatever stood in its way; a fault of AWS is the whole call's."""
    try:
        if isinstance(whom, InvalidError):
            raise whom
        return perform(one, whom)
    except InvalidError as error:
        return Outcome(Result.INVALID, reason=str(error))
    except NotFoundError as error:
        if error.noun != CONTACT:
            raise
        return Outcome(Result.NOT_FOUND)
    except ConflictError as error:
        return Outcome(Result.CONFLICT, reason=str(error))


def _added(  # noqa: PLR0913 the parts of one wish
    container: Container,
    one: Named,
    whom: _Found,
    *,
    held: set[str],
    mailer_id: str,
    resubscribe: bool,
) -> Outcome:
    contact = whom.contact
    if whom.address in held and contact is None and container.kind.is_opt_out_list:
        return Outcome(Result.ALREADY_THERE)
    if whom.address in held and container.kind is ContainerKind.LIST and not resubscribe:
        return Outcome(Result.OPTED_OUT, contact.contact_id if contact else "")
    if contact is None:
        if one.kind == "contact_id":
            return Outcome(Result.NOT_FOUND)
        contact = contact_at(container.account_id, one.kind, one.value)
    done = _put(container, contact, whom.address, mailer_id=mailer_id, reactivate=resubscribe)
    return Outcome(Result.ADDED if done else _standing(container, contact), contact.contact_id)


def _standing(container: Container, contact: Contact) -> Result:
    """Say of a contact that could not be added why: it is there, or it left."""
    if container.kind is not ContainerKind.LIST:
        return Result.ALREADY_THERE
    membership = memberships.find(container.account_id, contact.contact_id, container.container_id)
    left = membership is not None and membership.status in LEFT
    return Result.OPTED_OUT if left else Result.ALREADY_THERE


def _deleted(
    container: Container, one: Named, whom: _Found, *, held: set[str], mailer_id: str
) -> Outcome:
    account_id, container_id = container.account_id, container.container_id
    contact_id = whom.contact.contact_id if whom.contact else ""
    if whom.contact is None and (one.kind == "contact_id" or not container.kind.is_opt_out_list):
        return Outcome(Result.NOT_FOUND)
    lifted = whom.address in held
    if lifted:
        erasure.lift_opt_out(account_id, whom.address, container_id)
    done = _take(container, whom, mailer_id=mailer_id)
    return Outcome(Result.DELETED if done or lifted else Result.NOT_THERE, contact_id)


def _put(
    container: Container,
    contact: Contact,
    address: str,
    *,
    mailer_id: str,
    reactivate: bool = True,
) -> bool:
    """Make somebody a member; tell whether that changed anything."""
    account_id, kind, container_id = container.account_id, container.kind, container.container_id
    now_ms = _now_ms()
    if kind is not ContainerKind.LIST:
        member = address if kind.is_opt_out_list else contact.contact_id
        _, done = container_memberships.add(
            container, member, contact_id=contact.contact_id, now_ms=now_ms, mailer_id=mailer_id
        )
        return done
    contact_kind = address.partition(":")[0]
    wish = partial(
        of_list.subscribed,
        now_ms=now_ms,
        reactivate=reactivate,
        mailer_id=mailer_id,
        contact_kind=contact_kind if contact_kind in (EMAIL, PHONE) else "",
    )
    before, after = memberships.change(account_id, contact.contact_id, container_id, wish)
    return after != before


def _take(container: Container, whom: _Found, *, mailer_id: str) -> bool:
    """End a membership; tell whether that changed anything."""
    account_id, container_id = container.account_id, container.container_id
    now_ms = _now_ms()
    contact_id = whom.contact.contact_id if whom.contact else ""
    if container.kind is not ContainerKind.LIST:
        member = whom.address if container.kind.is_opt_out_list else contact_id
        _, done = container_memberships.delete(
            container, member, now_ms=now_ms, contact_id=contact_id, mailer_id=mailer_id
        )
        return done

    def leave(standing: Membership) -> Membership:
        if not standing.version:
            return standing
        return of_list.unsubscribed(standing, now_ms, mailer_id=mailer_id)

    before, after = memberships.change(account_id, contact_id, container_id, leave)
    return after.status is not before.status


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
