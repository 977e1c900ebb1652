"""Mailers: the companies in whose name contacts are added and deleted."""

import random
from dataclasses import replace
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.mailer import Mailer, MailerStatus
from signalbox.model.permission import Permission
from signalbox.people import checked_email
from signalbox.store import mailers

from .requests import Limit, Sent, Shown, answers, caller, now_ms

router = Router()
MailerId = Annotated[str, Path(pattern="^[1-9][0-9]{0,15}$")]
AfterId = Annotated[
    str, Query(pattern="^([1-9][0-9]{0,15})?$", description="The `next` of the page before")
]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Text = Annotated[str, Field(max_length=255)]
Url = Annotated[str, Field(max_length=2048, pattern="^(https?://[^ ]+)?$")]
Notes = Annotated[str, Field(max_length=4096)]
Domain = Annotated[
    str, Field(max_length=253, pattern=r"^([A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+)?$")
]


class MailerShown(Shown):
    """A mailer; `opt_out_domain` is empty for the default."""

    mailer_id: str
    name: str
    nick_name: str
    email: str
    url: str
    notes: str
    opt_out_domain: str
    status: MailerStatus
    version: int
    created_ms: int
    updated_ms: int


class Mailers(Shown):
    """A page of mailers, oldest first."""

    mailers: list[MailerShown]
    next: str


class MailerWanted(Sent):
    """A mailer to create; `name` is its company."""

    name: Name
    nick_name: Text = ""
    email: Annotated[str, Field(max_length=254)] = ""
    url: Url = ""
    notes: Notes = ""
    opt_out_domain: Domain = ""
    status: MailerStatus = MailerStatus.ACTIVE


class MailerChanges(Sent):
    """What shall change of a mailer."""

    name: Name | None = None
    nick_name: Text | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    url: Url | None = None
    notes: Notes | None = None
    opt_out_domain: Domain | None = None
    status: MailerStatus | None = None


@router.get("/mailers", responses=answers("A page of mailers"))
def of_account(limit: Limit = 100, after: AfterId = "") -> Mailers:
    """List the mailers."""
    key = caller(router, Permission.READ_SETUP)
    found, last = mailers.of_account(key.account_id, limit=limit, after=after)
    return Mailers(mailers=[_shown(one) for one in found], next=last)


@router.post("/mailers", status_code=201, responses=answers("The mailer", status=201))
def create(wanted: MailerWanted) -> MailerShown:
    """Create a mailer."""
    key = caller(router, Permission.WRITE_RULES)
    now = now_ms()
    mailer = Mailer(
        account_id=key.account_id,
        mailer_id=new_contact_id(now, random.getrandbits(ENTROPY_BITS)),
        created_ms=now,
        updated_ms=now,
        **_checked(wanted.model_dump()),
    )
    mailers.create(mailer)
    return _shown(mailer)


@router.get("/mailers/<mailer_id>", responses=answers("The mailer", 404))
def read(mailer_id: MailerId) -> MailerShown:
    """Return a mailer."""
    key = caller(router, Permission.READ_SETUP)
    return _shown(mailers.fetch(key.account_id, mailer_id))


@router.patch("/mailers/<mailer_id>", responses=answers("The mailer", 404, 409))
def change(mailer_id: MailerId, changes: MailerChanges) -> MailerShown:
    """Change what the body names of a mailer. One that is disabled adds nobody to lists and campaigns."""
    key = caller(router, Permission.WRITE_RULES)
    standing = mailers.fetch(key.account_id, mailer_id)
    changed = replace(standing, **_checked(changes.model_dump(exclude_none=True)))
    if changed != standing:
        changed = mailers.save(replace(changed, updated_ms=now_ms()), since=standing)
    return _shown(changed)


@router.delete(
    "/mailers/<mailer_id>", status_code=204, responses=answers("Deleted", 404, status=204)
)
def delete(mailer_id: MailerId) -> None:
    """Delete a mailer. What it brought keeps its id."""
    key = caller(router, Permission.WRITE_RULES)
    mailers.fetch(key.account_id, mailer_id)
    mailers.delete(key.account_id, mailer_id)


def _checked(sent: dict[str, Any]) -> dict[str, Any]:
    return sent | {"email": checked_email(sent["email"])} if sent.get("email") else sent


def _shown(mailer: Mailer) -> MailerShown:
    return MailerShown(
        mailer_id=mailer.mailer_id,
        name=mailer.name,
        nick_name=mailer.nick_name,
        email=mailer.email,
        url=mailer.url,
        notes=mailer.notes,
        opt_out_domain=mailer.opt_out_domain,
        status=mailer.status,
        version=mailer.version,
        created_ms=mailer.created_ms,
        updated_ms=mailer.updated_ms,
    )
