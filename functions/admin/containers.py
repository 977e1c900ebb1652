"""Containers: lists, campaigns and opt-out lists, each under a path of its own.

The paths share these routes: `{kind}` is one of `KINDS`.
"""

import random
import time
from dataclasses import replace
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoSuchPathError
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from signalbox.aws import AwsError
from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.container import Container, ContainerKind, ContainerStatus
from signalbox.model.credential import Key
from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.observability import logger
from signalbox.store import audiences, container_memberships, containers, mailers, memberships

from .mailers import AfterId, Name, Notes
from .requests import Limit, Sent, Shown, answers, caller, now_ms

router = Router()
SWEEP_S = 15  # of the 29 that the function has
MOST_MEMBERS = 50
KINDS = {
    "lists": ContainerKind.LIST,
    "email-campaigns": ContainerKind.EMAIL_CAMPAIGN,
    "sms-campaigns": ContainerKind.SMS_CAMPAIGN,
    "email-opt-out-lists": ContainerKind.EMAIL_OPT_OUT_LIST,
    "phone-opt-out-lists": ContainerKind.PHONE_OPT_OUT_LIST,
}
Kind = Annotated[str, Path(json_schema_extra={"enum": list(KINDS)})]
ContainerId = Annotated[str, Path(pattern="^[1-9][0-9]{0,15}$")]
Id = Annotated[str, Field(pattern="^[1-9][0-9]{0,15}$")]
MaybeId = Annotated[str, Field(pattern="^([1-9][0-9]{0,15})?$")]
Members = Annotated[list[Id], Field(max_length=MOST_MEMBERS)]


class ContainerShown(Shown):
    """A container; `contacts` is how many are in it, and 0 for a group, which its lists fill."""

    container_id: str
    kind: ContainerKind
    name: str
    notes: str
    status: ContainerStatus
    mailer_id: str
    grouped: bool
    members: list[str]
    contacts: int
    version: int
    created_ms: int
    updated_ms: int


class ContainerPage(Shown):
    """A page of containers, oldest first."""

    containers: list[ContainerShown]
    next: str


class ContainerWanted(Sent):
    """A container to create.

    `status` is for campaigns and opt-out lists, `mailer_id` for campaigns; `grouped` makes an opt-out
    list a group of the single lists in `members`.
    """

    name: Name
    notes: Notes = ""
    status: ContainerStatus = ContainerStatus.ACTIVE
    mailer_id: MaybeId = ""
    grouped: Annotated[bool, Field(strict=True)] = False
    members: Annotated[Members, Field(default_factory=list)]


class ContainerChanges(Sent):
    """What shall change of a container; a single list stays one, and a group a group."""

    name: Name | None = None
    notes: Notes | None = None
    status: ContainerStatus | None = None
    mailer_id: MaybeId | None = None
    members: Members | None = None


def kind_at(path: str) -> ContainerKind:
    """Return the kind of container under a path; raise `NoSuchPathError` where it is none."""
    kind = KINDS.get(path)
    if kind is None:
        raise NoSuchPathError
    return kind


def asked(path: str, container_id: str, key: Key) -> Container:
    """Return the container that a request of this caller is about.

    Raises:
        NoSuchPathError: the path is none of containers.
        NotFoundError: there is no such container.
    """
    return containers.fetch(key.account_id, kind_at(path), container_id)


def check_mailer(account_id: str, mailer_id: str) -> None:
    """Raise `InvalidError` where a mailer is named that there is not."""
    if mailer_id and mailers.find(account_id, mailer_id) is None:
        raise InvalidError("mailer_id", "there is no such mailer")


@router.get("/<kind>", responses=answers("A page of containers", 404))
def of_account(kind: Kind, limit: Limit = 100, after: AfterId = "") -> ContainerPage:
    """List the lists, or the campaigns or opt-out lists of a kind."""
    wanted = kind_at(kind)
    key = caller(router, Permission.READ_SETUP)
    found, last = containers.of_account(key.account_id, wanted, limit=limit, after=after)
    return ContainerPage(containers=_shown(found), next=last)


@router.post("/<kind>", status_code=201, responses=answers("The container", 404, status=201))
def create(kind: Kind, sent: ContainerWanted) -> ContainerShown:
    """Create a list, a campaign or an opt-out list."""
    wanted_kind = kind_at(kind)
    key = caller(router, Permission.WRITE_RULES)
    now = now_ms()
    facts = sent.model_dump() | {"members": tuple(dict.fromkeys(sent.members))}
    wanted = Container(
        account_id=key.account_id,
        kind=wanted_kind,
        container_id=new_contact_id(now, random.getrandbits(ENTROPY_BITS)),
        created_ms=now,
        updated_ms=now,
        **facts,
    )
    _check(wanted)
    containers.create(wanted)
    return _shown([wanted])[0]


@router.get("/<kind>/<container_id>", responses=answers("The container", 404))
def read(kind: Kind, container_id: ContainerId) -> ContainerShown:
    """Return a list, a campaign or an opt-out list."""
    return _shown([asked(kind, container_id, caller(router, Permission.READ_SETUP))])[0]


@router.patch("/<kind>/<container_id>", responses=answers("The container", 404, 409))
def change(kind: Kind, container_id: ContainerId, sent: ContainerChanges) -> ContainerShown:
    """Change what the body names of a container. One that is archived takes nobody in.

    A campaign in protected mode cannot be archived.
    """
    standing = asked(kind, container_id, caller(router, Permission.WRITE_RULES))
    facts = sent.model_dump(exclude_none=True)
    if sent.members is not None:
        facts["members"] = tuple(dict.fromkeys(sent.members))
    changed = replace(standing, **facts)
    if changed != standing:
        _check(changed)
        changed = containers.save(replace(changed, updated_ms=now_ms()), since=standing)
    return _shown([changed])[0]


@router.delete(
    "/<kind>/<container_id>", status_code=204, responses=answers("Deleted", 404, 409, status=204)
)
def delete(kind: Kind, container_id: ContainerId) -> None:
    """Delete a container; the contacts in it stay.

    It is refused to delete a list that a group or the audience of a campaign names, and a campaign in
    protected mode.

    It is gone at once, and so is what it held for everybody who asks. What is left of that on record
    is removed for up to 15 seconds now, the rest by later deletions.
    """
    key = caller(router, Permission.WRITE_RULES)
    try:
        standing = asked(kind, container_id, key)
        if not standing.kind.is_campaign:
            audiences.check_unnamed(key.account_id, standing.kind, container_id)
        containers.delete(standing, now_ms())
    finally:
        _sweep(key.account_id)


def _check(wanted: Container) -> None:
    """Raise `InvalidError` for what a container of its kind does not have."""
    if wanted.kind is ContainerKind.LIST and wanted.status is not ContainerStatus.ACTIVE:
        raise InvalidError("status", "a list cannot be archived")
    if wanted.mailer_id and not wanted.kind.is_campaign:
        raise InvalidError("mailer_id", "is for campaigns")
    if wanted.grouped and not wanted.kind.is_opt_out_list:
        raise InvalidError("grouped", "is for opt-out lists")
    if bool(wanted.members) != wanted.grouped:
        raise InvalidError("members", "a group has at least one, a single list has none")
    check_mailer(wanted.account_id, wanted.mailer_id)
    _check_members(wanted)


def _check_members(wanted: Container) -> None:
    asked_for = [(wanted.kind, one) for one in wanted.members]
    found = containers.find_many(wanted.account_id, asked_for)
    for one in asked_for:
        if one not in found or found[one].grouped:
            raise InvalidError("members", f"there is no single list {one[1]} of this kind")


def _sweep(account_id: str) -> None:
    """Go on removing what deleted containers left; what fails is left to the next deletion."""
    until = time.monotonic() + SWEEP_S
    try:
        memberships.sweep(account_id, until=until)
        container_memberships.sweep(account_id, until=until)
    except AwsError as error:
        logger.warning("deleted containers are not swept yet", code=error.code)


def _shown(found: list[Container]) -> list[ContainerShown]:
    if not found:
        return []
    first = found[0]
    ids = [one.container_id for one in found]
    numbers = containers.counts(first.account_id, first.kind, ids)
    return [
        ContainerShown(
            container_id=one.container_id,
            kind=one.kind,
            name=one.name,
            notes=one.notes,
            status=one.status,
            mailer_id=one.mailer_id,
            grouped=one.grouped,
            members=list(one.members),
            contacts=numbers[one.container_id],
            version=one.version,
            created_ms=one.created_ms,
            updated_ms=one.updated_ms,
        )
        for one in found
    ]
