"""Contacts: /contacts and /contact/sync."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.contact import Contact
from signalbox.model.errors import InvalidError
from signalbox.model.field import Field
from signalbox.model.permission import Permission
from signalbox.people import add_contact, change_contact, erase, sync_contact
from signalbox.store import accounts, contacts, fields, memberships
from signalbox.store.contacts import AddressTakenError

from .answers import answer, answer_duplicate
from .contact_query import PARAMETERS, find, query_of
from .field_requests import SENT_VALUE, UnknownFieldError, loose_text, values_of
from .list_shapes import MEMBERSHIP, membership_shape
from .requests import base_url, body_part, caller, contact_id
from .routing import OR_INVALID, DescribedRouter, done, made
from .schemas import (
    DIGITS,
    EMAIL,
    LOOSE_TEXT,
    NONE,
    NULL,
    SENT_FLAG,
    TEXT,
    WHOLE_NUMBER,
    constant,
    either,
    many,
    maybe,
    shape,
    wanted,
    wrapped,
)
from .shapes import (
    CONTACT_FACTS,
    NEW_CONTACT,
    VALUE,
    contact_shape,
    new_contact_shape,
    value_shapes,
)

router = DescribedRouter()
LONGEST_TEXT = 255
FACTS = {"email": "email", "firstName": "first_name", "lastName": "last_name", "phone": "phone"}
# What hangs on a contact in the original and never does here.
NONE_OF_THESE: Mapping[str, Any] = {
    "accountContacts": [],
    "automationEntryCounts": [],
    "bounceLogs": [],
    "contactAutomations": [],
    "contactData": [],
    "contactDeals": [],
    "contactGoals": [],
    "contactLogs": [],
    "deals": [],
    "geoIps": [],
    "notes": [],
    "organization": None,
    "plusAppend": None,
    "scoreValues": [],
}
LISTED = shape({**CONTACT_FACTS, "scoreValues": NONE}, title="ContactListed")
WHOLE = shape(
    {
        **CONTACT_FACTS,
        **dict.fromkeys(("contactLists", "fieldValues"), many(DIGITS)),
        **dict.fromkeys(("contactAutomations", "deals", "geoIps", "accountContacts"), NONE),
    },
    title="ContactInFull",
)
WRITTEN = {
    "fieldValues": many(VALUE),
    "contact": shape({**NEW_CONTACT, "fieldValues": many(DIGITS)}, title="ContactCreated"),
}
CHANGED = {
    "fieldValues": many(VALUE),
    "contact": shape({**CONTACT_FACTS, "fieldValues": many(DIGITS)}, title="ContactChanged"),
}
SENT = wrapped(
    "contact",
    {
        **dict.fromkeys(FACTS, LOOSE_TEXT),
        "email": maybe(EMAIL),
        "fieldValues": maybe(
            many(wanted({"field": LOOSE_TEXT, "value": SENT_VALUE}, needs=("field",)))
        ),
        "allowNullEmail": SENT_FLAG,
    },
)
NUMBERS = ("segmentid", "formid", "limit", "offset", "seriesid", "waitid", "status", "forceQuery")
META = shape(
    {
        "total": DIGITS,
        "page_input": shape(
            {
                **dict.fromkeys(NUMBERS, WHOLE_NUMBER),
                **dict.fromkeys(("listid", "tagid"), either(DIGITS, constant(0))),
                "search": maybe(TEXT),
                "sort": maybe(TEXT),
                "cacheid": constant(""),
            },
            title="PageInput",
        ),
    },
)
# How the original names an address that somebody else has.
TAKEN = {
    "email": "Email address already exists in the system",
    "phone": "Phone number already exists in the system",
}


@router.serve(
    "GET /contacts",
    done(scoreValues=NONE, contacts=many(LISTED), meta=META),
    query=PARAMETERS,
)
def of_account() -> Response[str]:
    """List contacts; `model.contact_query` says what can be asked and how far it is looked."""
    key = caller(router, Permission.READ_PEOPLE)
    query = query_of(router.current_event.get("rawQueryString") or "")
    found = find(key.account_id, query)
    base, zone = base_url(router), _zone(key.account_id)
    page_input = {
        "segmentid": 0,
        "formid": 0,
        "listid": query.list_id or 0,
        "tagid": query.tag_id or 0,
        "limit": query.limit,
        "offset": query.offset,
        "search": query.search or None,
        "sort": query.sorting,
        "seriesid": 0,
        "waitid": 0,
        "status": -1 if query.status is None else int(query.status),
        "forceQuery": 0,
        "cacheid": "",
    }
    return answer(
        {
            "scoreValues": [],
            "contacts": [
                contact_shape(one, base, zone) | {"scoreValues": []} for one in found.contacts
            ],
            "meta": {"total": str(found.total), "page_input": page_input},
        }
    )


@router.serve("POST /contacts", made(**WRITTEN), body=SENT)
def create() -> Response[str]:
    """Create a contact; 422 with code `duplicate` where the e-mail address is taken."""
    key = caller(router, Permission.WRITE_PEOPLE)
    sent = body_part(router, "contact")
    try:
        known = _fields_for(key.account_id, sent)
        facts = _facts(sent, known)
        if not facts.get("email") and not _may_lack_email(sent, facts):
            raise InvalidError("email", "must not be empty")
        contact = add_contact(key.account_id, **facts)
    except AddressTakenError as error:
        return answer_duplicate(error.kind, TAKEN[error.kind])
    except UnknownFieldError as error:
        return error.answer()
    return _written(contact, known, created=True)


@router.serve("POST /contact/sync", done(**CHANGED) | made(**WRITTEN), body=SENT)
def sync() -> Response[str]:
    """Create the contact of an e-mail address, or change it; 201 for a new one, else 200."""
    key = caller(router, Permission.WRITE_PEOPLE)
    sent = body_part(router, "contact")
    try:
        known = _fields_for(key.account_id, sent)
        facts = _facts(sent, known)
        if not facts.get("email"):
            raise InvalidError("email", "must not be empty")
        contact, is_new = sync_contact(key.account_id, **facts)
    except AddressTakenError as error:
        return answer_duplicate(error.kind, TAKEN[error.kind])
    except UnknownFieldError as error:
        return error.answer()
    return _written(contact, known, created=is_new)


@router.serve(
    "GET /contacts/<shown_id>",
    done(
        contactAutomations=NONE,
        contactLists=many(MEMBERSHIP),
        deals=NONE,
        fieldValues=many(VALUE),
        geoIps=NONE,
        accountContacts=NONE,
        geoAddresses=NONE,
        contact=WHOLE,
    ),
)
def read(shown_id: str) -> Response[str]:
    """Return a contact with what hangs on it."""
    key = caller(router, Permission.READ_PEOPLE)
    contact = contacts.fetch(key.account_id, contact_id(shown_id))
    base, zone = base_url(router), _zone(key.account_id)
    joined = memberships.of_contact(key.account_id, contact.contact_id)
    values = value_shapes(contact, fields.of_account(key.account_id), base, zone)
    beside: dict[str, list[dict[str, Any]]] = {
        "contactAutomations": [],
        "contactLists": [membership_shape(one, contact, base, zone) for one in joined],
        "deals": [],
        "fieldValues": values,
        "geoIps": [],
        "accountContacts": [],
    }
    ids = {name: [one["id"] for one in shown] for name, shown in beside.items()}
    shown = contact_shape(contact, base, zone) | ids
    return answer(beside | {"geoAddresses": [], "contact": shown})


@router.serve("PUT /contacts/<shown_id>", done(**CHANGED), body=SENT)
def change(shown_id: str) -> Response[str]:
    """Change what is sent of a contact; what is not sent stays."""
    key = caller(router, Permission.WRITE_PEOPLE)
    sent = body_part(router, "contact")
    asked = contact_id(shown_id)
    contacts.fetch(key.account_id, asked)
    try:
        known = _fields_for(key.account_id, sent)
        contact = change_contact(key.account_id, asked, **_facts(sent, known))
    except AddressTakenError as error:
        return answer_duplicate(error.kind, TAKEN[error.kind])
    except UnknownFieldError as error:
        return error.answer()
    return _written(contact, known, created=False, status=200)


@router.serve("DELETE /contacts/<shown_id>", done() | OR_INVALID)
def delete(shown_id: str) -> Response[str]:
    """Erase a contact and all that is known of it."""
    key = caller(router, Permission.WRITE_PEOPLE)
    if not erase(key.account_id, contact_id(shown_id)):
        return answer({"message": "There is more to erase; send the request again."}, 503)
    return answer({})


@router.serve("GET /contacts/<shown_id>/fieldValues", done(fieldValues=many(VALUE)))
def values_of_contact(shown_id: str) -> Response[str]:
    """List the values that a contact has of custom fields."""
    key = caller(router, Permission.READ_PEOPLE)
    contact = contacts.fetch(key.account_id, contact_id(shown_id))
    known = fields.of_account(key.account_id)
    shown = value_shapes(contact, known, base_url(router), _zone(key.account_id))
    return answer({"fieldValues": shown})


def _nothing(part: str) -> None:
    """Serve a link of every contact behind which nothing stands."""
    nothing = NULL if NONE_OF_THESE[part] is None else NONE

    @router.serve(f"GET /contacts/<shown_id>/{part}", done(**{part: nothing}))
    def empty(shown_id: str) -> Response[str]:
        """Return nothing: a contact has none of these here."""
        key = caller(router, Permission.READ_PEOPLE)
        contacts.fetch(key.account_id, contact_id(shown_id))
        return answer({part: NONE_OF_THESE[part]})


for absent in NONE_OF_THESE:
    _nothing(absent)


def _facts(sent: Mapping[str, Any], known: list[Field]) -> dict[str, Any]:
    """Return what is sent of a contact; null counts as not sent."""
    facts: dict[str, Any] = {
        ours: loose_text(sent, theirs, LONGEST_TEXT).strip()
        for theirs, ours in FACTS.items()
        if sent.get(theirs) is not None
    }
    if sent.get("fieldValues") is not None:
        facts["fields"] = values_of(sent["fieldValues"], known)
    return facts


def _fields_for(account_id: str, sent: Mapping[str, Any]) -> list[Field]:
    """Return the account's fields, read only where values of them are sent."""
    return fields.of_account(account_id) if sent.get("fieldValues") else []


def _may_lack_email(sent: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    return bool(sent.get("allowNullEmail")) and bool(facts.get("phone"))


def _written(
    contact: Contact, known: list[Field], *, created: bool, status: int = 0
) -> Response[str]:
    """Answer a contact that was created (in short) or changed (in full), with its values."""
    base, zone = base_url(router), _zone(contact.account_id)
    known = known or (fields.of_account(contact.account_id) if contact.fields else [])
    values = value_shapes(contact, known, base, zone)
    shape = new_contact_shape if created else contact_shape
    shown = shape(contact, base, zone) | {"fieldValues": [value["id"] for value in values]}
    return answer({"fieldValues": values, "contact": shown}, status or (201 if created else 200))


def _zone(account_id: str) -> str:
    return accounts.fetch(account_id).time_zone
