"""Contacts, and what happened with them."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from signalbox.model.activity import activity_of
from signalbox.model.contact import Contact
from signalbox.model.item_size import check_size
from signalbox.model.permission import Permission
from signalbox.people import add_contact
from signalbox.store import contacts, dispatches, tracking

from .dispatches import DispatchShown, shown_dispatch
from .requests import Limit, Sent, Shown, answers, caller

router = Router()
Name = Annotated[str, Field(max_length=255)]
Tag = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{0,63}$")]
ContactId = Annotated[str, Path(pattern="^[0-9]{1,16}$")]


class ContactShown(Shown):
    """A contact."""

    contact_id: str
    email: str
    first_name: str
    last_name: str
    phone: str
    fields: dict[str, str]
    created_ms: int
    updated_ms: int


class ContactWanted(Sent):
    """A contact to create; `fields` by their tags, as in `COMPANY`."""

    email: Annotated[str, Field(min_length=3, max_length=254)]
    first_name: Name = ""
    last_name: Name = ""
    phone: Annotated[str, Field(max_length=32)] = ""
    fields: Annotated[
        dict[Tag, Annotated[str, Field(max_length=4096)]],
        Field(max_length=100, default_factory=dict),
    ]


class EventShown(Shown):
    """An event of the tracking log; `kind` is empty for what an application reported.

    `type`, `action_type` and `feature` say what became of a message, as in `Email`, `Output Action`,
    `Serial Mail & Tracking`; they are empty for all else.
    """

    entry_id: str
    name: str
    kind: str
    value: str
    properties: dict[str, Any]
    source: str
    at_ms: int
    received_ms: int
    type: str
    action_type: str
    feature: str


class Activities(Shown):
    """The latest events, changes and dispatches of a contact, latest first."""

    events: list[EventShown]
    dispatches: list[DispatchShown]


@router.post("/contacts", status_code=201, responses=answers("The contact", 409, status=201))
def create(wanted: ContactWanted) -> ContactShown:
    """Create a contact."""
    key = caller(router, Permission.WRITE_PEOPLE)
    check_size(wanted.fields, "fields")
    return _shown(add_contact(key.account_id, **wanted.model_dump()))


@router.get("/contacts/<contact_id>", responses=answers("The contact", 404))
def read(contact_id: ContactId) -> ContactShown:
    """Return a contact."""
    key = caller(router, Permission.READ_PEOPLE)
    return _shown(contacts.fetch(key.account_id, contact_id))


@router.get("/contacts/<contact_id>/activities", responses=answers("The activities", 404))
def activities(contact_id: ContactId, limit: Limit = 50) -> Activities:
    """Return what happened with a contact lately."""
    key = caller(router, Permission.READ_PEOPLE)
    contacts.fetch(key.account_id, contact_id)
    entries = tracking.latest(key.account_id, contact_id, limit=limit)
    due, _ = dispatches.of_contact(key.account_id, contact_id, limit=limit)
    return Activities(
        events=[
            EventShown(
                entry_id=entry.entry_id,
                name=entry.name,
                kind=entry.kind,
                value=entry.value,
                properties=dict(entry.properties),
                source=entry.source,
                at_ms=entry.at_ms,
                received_ms=entry.received_ms,
                **activity_of(entry.kind, entry.properties.get("contact_kind", ""))._asdict(),
            )
            for entry in entries
        ],
        dispatches=[shown_dispatch(record) for record in due],
    )


def _shown(contact: Contact) -> ContactShown:
    return ContactShown(
        contact_id=contact.contact_id,
        email=contact.email,
        first_name=contact.first_name,
        last_name=contact.last_name,
        phone=contact.phone,
        fields=dict(contact.fields),
        created_ms=contact.created_ms,
        updated_ms=contact.updated_ms,
    )
