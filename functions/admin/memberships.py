"""Contacts in containers: adding and deleting them, singly and in batches, and who is inside."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Self
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, model_validator

from signalbox import containing
from signalbox.containing import Named, Outcome, Result
from signalbox.model.contact import Contact
from signalbox.model.container import EMAIL, PHONE, Container, ContainerKind
from signalbox.model.container_membership import ContainerMembership
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.membership import Membership
from signalbox.model.permission import Permission
from signalbox.store import contact_listing, contacts, container_memberships, mailers, memberships

from .containers import ContainerId, Kind, MaybeId, asked, check_mailer
from .requests import Limit, Sent, Shown, answers, caller

router = Router()
AfterMember = Annotated[
    str,
    Query(
        max_length=300,
        pattern=r"^([1-9][0-9]{0,15}|email:.+|phone:\+[0-9]+)?$",
        description="The `next` of the page before",
    ),
]
Address = Annotated[
    str,
    Path(
        max_length=1024,
        description="An e-mail address, a phone with its country (`+49…`), or a contact's id",
    ),
]


class ContactNamed(Sent):
    """A contact by one of its addresses, or by its id."""

    email: Annotated[str, Field(min_length=1, max_length=320)] | None = None
    phone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    contact_id: Annotated[str, Field(pattern="^[0-9]{1,16}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("must have one of email, phone and contact_id")
        return self

    def named(self) -> Named:
        """Return it as the layer below takes it."""
        ((kind, value),) = self.model_dump(exclude_none=True).items()
        return Named(kind, value)


Contacts = Annotated[list[ContactNamed], Field(min_length=1, max_length=containing.MOST_AT_ONCE)]


class Addition(Sent):
    """Contacts to add, strangers too; with `resubscribe` those as well who left the list."""

    contacts: Contacts
    mailer_id: MaybeId = ""
    resubscribe: Annotated[bool, Field(strict=True)] = False


class Deletion(Sent):
    """Contacts to delete from a container."""

    contacts: Contacts
    mailer_id: MaybeId = ""


class OutcomeShown(Shown):
    """What came of one contact, and why where that needs words."""

    result: Result
    contact_id: str
    reason: str


class Outcomes(Shown):
    """What came of each contact, in the order in which they were sent."""

    results: list[OutcomeShown]


class MemberShown(Shown):
    """Who is in a container. On a list `status` may be `unconfirmed`, `unsubscribed`, `bounced`, too.

    On an opt-out list `contact_id` is who had the address when it was added.
    """

    contact_id: str
    email: str
    phone: str
    contact_kind: str
    status: str
    mailer_id: str
    added_ms: int


class MemberPage(Shown):
    """A page of who is in a container."""

    contacts: list[MemberShown]
    next: str


@router.post("/<kind>/<container_id>/contacts", responses=answers("What came of it", 404))
def add(kind: Kind, container_id: ContainerId, sent: Addition) -> Outcomes:
    """Add 1 to 500 contacts; repeated, it changes nothing more."""
    key = caller(router, Permission.WRITE_PEOPLE)
    container = asked(kind, container_id, key)
    check_mailer(key.account_id, sent.mailer_id)
    if not container.kind.is_opt_out_list and mailers.is_disabled(key.account_id, sent.mailer_id):
        raise InvalidError("mailer_id", "the mailer is disabled")
    named = [one.named() for one in sent.contacts]
    return _told(
        containing.add(container, named, mailer_id=sent.mailer_id, resubscribe=sent.resubscribe)
    )


@router.post("/<kind>/<container_id>/contacts/delete", responses=answers("What came of it", 404))
def delete(kind: Kind, container_id: ContainerId, sent: Deletion) -> Outcomes:
    """Delete 1 to 500 contacts from a container; the contacts themselves stay."""
    key = caller(router, Permission.WRITE_PEOPLE)
    container = asked(kind, container_id, key)
    check_mailer(key.account_id, sent.mailer_id)
    named = [one.named() for one in sent.contacts]
    return _told(containing.delete(container, named, mailer_id=sent.mailer_id))


@router.get("/<kind>/<container_id>/contacts", responses=answers("A page of contacts", 404))
def of_container(
    kind: Kind, container_id: ContainerId, limit: Limit = 100, after: AfterMember = ""
) -> MemberPage:
    """List who is in a container; on a list also who left it."""
    container = asked(kind, container_id, caller(router, Permission.READ_PEOPLE))
    containing.check_single(container)
    if container.kind is ContainerKind.LIST:
        on_list, last = _on_list(container, limit, after)
        return MemberPage(contacts=_shown(on_list), next=last)
    inside, last = container_memberships.of_container(container, limit=limit, above=after)
    return MemberPage(contacts=_shown(inside), next=last)


@router.get("/<kind>/<container_id>/contacts/<address>", responses=answers("The contact", 404))
def read(kind: Kind, container_id: ContainerId, address: Address) -> MemberShown:
    """Return somebody in a container, or who was on a list, by address or by contact id.

    An address is in a group while it is on one of its lists.
    """
    container = asked(kind, container_id, caller(router, Permission.READ_PEOPLE))
    plain = unquote(address)
    found = containing.find(container, _named(plain))
    if found is None:
        raise NotFoundError("contact", plain)
    return _shown([found])[0]


def _named(text: str) -> Named:
    """Return whom a path names."""
    if text.isdecimal():
        return Named("contact_id", text)
    return Named(EMAIL if "@" in text else PHONE, text)


def _on_list(
    container: Container, limit: int, above: str
) -> tuple[list[Membership | ContainerMembership], str]:
    """Return a page of who is or was on a list, and the id to go on above."""
    ids = contact_listing.within(
        container.account_id,
        container.kind,
        container.container_id,
        above=above,
        expected=limit + 1,
    )
    chosen = list(islice(ids, limit + 1))
    found = memberships.on_list(container.account_id, container.container_id, chosen[:limit])
    shown = [found[one] for one in chosen[:limit] if one in found]
    return [*shown], chosen[limit - 1] if len(chosen) > limit else ""


def _told(outcomes: list[Outcome]) -> Outcomes:
    return Outcomes(results=[OutcomeShown(**one._asdict()) for one in outcomes])


def _shown(found: Sequence[Membership | ContainerMembership]) -> list[MemberShown]:
    """Return members with their addresses, read at once; who was erased meanwhile has none."""
    ids = dict.fromkeys(one.contact_id for one in found if not _is_address(one))
    account_id = found[0].account_id if found else ""
    known = {one.contact_id: one for one in contacts.fetch_many(account_id, ids)}
    return [
        _of_list(one, known.get(one.contact_id))
        if isinstance(one, Membership)
        else _of_container(one, known.get(one.contact_id))
        for one in found
    ]


def _is_address(one: Membership | ContainerMembership) -> bool:
    return isinstance(one, ContainerMembership) and one.kind.is_opt_out_list


def _of_list(one: Membership, contact: Contact | None) -> MemberShown:
    return MemberShown(
        contact_id=one.contact_id,
        email=contact.email if contact else "",
        phone=contact.phone if contact else "",
        contact_kind=one.contact_kind,
        status=one.status.name.lower(),
        mailer_id=one.mailer_id,
        added_ms=one.subscribed_ms,
    )


def _of_container(one: ContainerMembership, contact: Contact | None) -> MemberShown:
    kind, _, value = one.member.partition(":")
    return MemberShown(
        contact_id=one.contact_id,
        email=value if kind == EMAIL else contact.email if contact else "",
        phone=value if kind == PHONE else contact.phone if contact else "",
        contact_kind=one.kind.contact_kind,
        status="active",
        mailer_id=one.mailer_id,
        added_ms=one.added_ms,
    )
