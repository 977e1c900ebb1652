"""What is personal behind the rule log: for those who may see it, when they say why."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import Field

from signalbox.model.action import stored_action
from signalbox.model.credential import Role
from signalbox.model.detail_access import LONGEST_REASON, SHORTEST_REASON, DetailAccess
from signalbox.model.dispatch import CHECK, Dispatch
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.permission import Permission
from signalbox.model.rule_log import row_of
from signalbox.model.webhook import rule_of
from signalbox.store import contacts, detail_accesses, dispatches, rule_log, rules, webhooks
from signalbox.store.waking import WEBHOOK_ID

from .dispatches import DispatchId
from .requests import After, Limit, Sent, Shown, answers, caller, now_ms
from .rule_log import RowShown, shown_row

router = Router()


class AccessWanted(Sent):
    """Why somebody has to see personal data."""

    reason: Annotated[str, Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON)]


class EventDetails(Shown):
    """The event that made a rule fire, whole."""

    name: str
    kind: str
    value: str
    properties: dict[str, Any]
    address: str
    source: str
    at_ms: int
    received_ms: int
    depth: int


class ContactDetails(Shown):
    """Who the contact is, as of now."""

    contact_id: str
    email: str
    phone: str
    phone_number: str
    external_id: str
    first_name: str
    last_name: str


class Details(Shown):
    """A dispatch with all that is known of it.

    `contact` is null when it is gone. `action` is that of the version of the rule that fired; null
    for a check, and where a webhook was deleted.
    """

    access_id: str
    row: RowShown
    detail: str
    event: EventDetails
    contact: ContactDetails | None
    action: dict[str, Any] | None


class AccessShown(Shown):
    """Who asked for the details of a dispatch, when, with which key, and why."""

    access_id: str
    at_ms: int
    dispatch_id: str
    contact_id: str
    key_id: str
    key_name: str
    role: Role
    reason: str


class AccessPage(Shown):
    """A page of looks at details, latest first; `next` asks for the page after it."""

    accesses: list[AccessShown]
    next: str


@router.get("/rule-log/accesses", responses=answers("Who looked at details"))
def accesses(limit: Limit = 50, after: After = "") -> AccessPage:
    """List who asked for details, latest first."""
    key = caller(router, Permission.READ_DETAILS)
    found, more = detail_accesses.of_account(key.account_id, limit=limit, after=after)
    return AccessPage(accesses=[_shown_access(one) for one in found], next=more)


@router.post("/rule-log/<dispatch_id>/details", responses=answers("The details", 404))
def details(dispatch_id: DispatchId, wanted: AccessWanted) -> Details:
    """Return a dispatch with personal data. That it was asked for, and why, is kept before."""
    key = caller(router, Permission.READ_DETAILS)
    reason = wanted.reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise InvalidError("reason", f"must have at least {SHORTEST_REASON} characters")
    record = dispatches.fetch(key.account_id, dispatch_id)
    access = detail_accesses.record(record.dispatch, key, reason, now_ms())
    (named,) = rule_log.rules_of([record])
    return Details(
        access_id=access.access_id,
        row=shown_row(row_of(record, named)),
        detail=record.detail,
        event=_shown_event(record.dispatch),
        contact=_contact(record.dispatch),
        action=_action(record.dispatch),
    )


def _shown_event(dispatch: Dispatch) -> EventDetails:
    event = dispatch.event
    return EventDetails(
        name=event.name,
        kind=event.kind,
        value=event.value,
        properties=dict(event.properties),
        address=event.address,
        source=event.source,
        at_ms=event.at_ms,
        received_ms=event.received_ms,
        depth=event.depth,
    )


def _contact(dispatch: Dispatch) -> ContactDetails | None:
    try:
        contact = contacts.fetch(dispatch.account_id, dispatch.contact_id)
    except NotFoundError:
        return None
    return ContactDetails(
        contact_id=contact.contact_id,
        email=contact.email,
        phone=contact.phone,
        phone_number=contact.phone_number,
        external_id=contact.external_id,
        first_name=contact.first_name,
        last_name=contact.last_name,
    )


def _action(dispatch: Dispatch) -> dict[str, Any] | None:
    """Return what the dispatch was to do, as it stands in the rule."""
    account_id, rule_id = dispatch.account_id, dispatch.rule_id
    if dispatch.action == CHECK:
        return None
    try:
        if webhooks.is_webhook(rule_id):
            webhook = webhooks.fetch(account_id, rule_id.removeprefix(WEBHOOK_ID))
            return stored_action(rule_of(webhook, rule_id).actions[dispatch.action])
        rule = rules.fetch_version(account_id, rule_id, dispatch.rule_version)
    except NotFoundError:
        return None
    return rules.stored_steps(rule)[dispatch.action]


def _shown_access(access: DetailAccess) -> AccessShown:
    facts = access._asdict()
    del facts["account_id"]
    return AccessShown(**facts)
