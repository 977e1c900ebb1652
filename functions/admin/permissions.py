"""What a contact says to being tracked, and the log of it."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.model.tracking_permission import (
    Answer,
    Consent,
    Purpose,
    Source,
    Statements,
    Voice,
    answer_from,
)
from signalbox.store import contacts, tracking_permissions

from .contacts import ContactId
from .requests import Limit, Sent, Shown, answers, caller, now_ms

router = Router()
DIRECT = (Source.API, Source.CONSOLE)
YesOrNo = Annotated[str, Field(json_schema_extra={"enum": [Answer.YES, Answer.NO]})]
AfterConsent = Annotated[
    str,
    Query(pattern="^([0-9]{13}-[0-9a-f]{12})?$", description="The `next` of the page before"),
]


class StatementShown(Shown):
    """The last word on one purpose: when it was given and how it came; 0 and empty for none."""

    answer: Answer
    at_ms: int
    source: str


class PermissionShown(Shown):
    """What a contact permits, for opens and for clicks."""

    contact_id: str
    open: StatementShown
    click: StatementShown


class PermissionWanted(Sent):
    """What a contact says; what is left out stays. `note` goes into the log."""

    open: YesOrNo | None = None
    click: YesOrNo | None = None
    note: Annotated[str, Field(max_length=500)] = ""
    source: Annotated[str, Field(json_schema_extra={"enum": list(DIRECT)})] = Source.API


class ConsentShown(Shown):
    """An entry of the consent log; `actor` is the id of a key, `contact`, or where a report came from."""

    consent_id: str
    purpose: Purpose
    answer: Answer
    source: Source
    actor: str
    at_ms: int
    note: str


class ConsentPage(Shown):
    """A page of a contact's consent log, latest first; `next` is empty on the last."""

    consents: list[ConsentShown]
    next: str


@router.get("/contacts/<contact_id>/tracking-permission", responses=answers("It", 404))
def read(contact_id: ContactId) -> PermissionShown:
    """Return what a contact says to being tracked."""
    key = caller(router, Permission.READ_PEOPLE)
    return _shown(contact_id, contacts.fetch(key.account_id, contact_id).statements)


@router.put("/contacts/<contact_id>/tracking-permission", responses=answers("It", 404, 409))
def change(contact_id: ContactId, sent: PermissionWanted) -> PermissionShown:
    """Write down what a contact says; what it said already adds nothing to the log."""
    key = caller(router, Permission.WRITE_PEOPLE)
    if sent.source not in DIRECT:
        raise InvalidError("source", f"must be one of {', '.join(DIRECT)}")
    said = {
        purpose: answer_from(text, purpose)
        for purpose, text in ((Purpose.OPEN, sent.open), (Purpose.CLICK, sent.click))
        if text is not None
    }
    if not said:
        raise InvalidError("open", "say yes or no to open, to click, or to both")
    voice = Voice(Source(sent.source), key.key_id, now_ms(), sent.note)
    after = tracking_permissions.change(key.account_id, contact_id, said, voice)
    return _shown(contact_id, after)


@router.get("/contacts/<contact_id>/consents", responses=answers("A page of the log", 404))
def consents(contact_id: ContactId, limit: Limit = 50, after: AfterConsent = "") -> ConsentPage:
    """Return a page of what a contact said to being tracked, latest first."""
    key = caller(router, Permission.READ_PEOPLE)
    contacts.fetch(key.account_id, contact_id)
    found, last = tracking_permissions.of_contact(
        key.account_id, contact_id, limit=limit, after=after
    )
    return ConsentPage(consents=[_entry(one) for one in found], next=last)


def _shown(contact_id: str, statements: Statements) -> PermissionShown:
    by_purpose = {
        purpose: StatementShown(answer=one.answer, at_ms=one.at_ms, source=one.source or "")
        for purpose in Purpose
        for one in [statements.of(purpose)]
    }
    return PermissionShown(contact_id=contact_id, **by_purpose)


def _entry(consent: Consent) -> ConsentShown:
    return ConsentShown(
        consent_id=consent.consent_id,
        purpose=consent.purpose,
        answer=consent.answer,
        source=consent.source,
        actor=consent.actor,
        at_ms=consent.at_ms,
        note=consent.note,
    )
