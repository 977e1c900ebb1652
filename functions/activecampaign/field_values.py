"""Contacts' values of custom fields: /fieldValues.

A value has no record of its own: it is a part of its contact, and its id names contact and field.
"""

from itertools import islice
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.contact import Contact
from signalbox.model.contact_query import MOST_LOOKED_AT
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.field import LONGEST_VALUE, Field, parts_of
from signalbox.model.permission import Permission
from signalbox.people import change_contact
from signalbox.store import accounts, contact_listing, contacts, fields

from .answers import answer
from .field_requests import SENT_VALUE, UnknownFieldError, field_named, loose_text, value_text
from .list_requests import absent, filter_of, pair_id, reference, refuse_absent, refuse_unrelated
from .requests import PAGE, base_url, body_part, caller, page
from .routing import OR_INVALID, DescribedRouter, done
from .schemas import DIGITS, LOOSE_TEXT, REFERENCE, TEXT, TOTAL, asked, many, wrapped
from .shapes import CONTACT, FIELD, VALUE, contact_shape, field_shape, value_shape, value_shapes

router = DescribedRouter()
WRITTEN = {"contacts": many(CONTACT), "fieldValue": VALUE}


@router.serve(
    "GET /fieldValues",
    done(fieldValues=many(VALUE), meta=TOTAL),
    query={"filters[fieldid]": asked(DIGITS), "filters[val]": asked(TEXT), **PAGE},
)
def of_account() -> Response[str]:
    """List values, in the order of contact; `filters[fieldid]` and `filters[val]` narrow it.

    The values of the first 2,000 contacts are looked at; `meta.total` counts what was found there.
    """
    key = caller(router, Permission.READ_PEOPLE)
    limit, offset = page(router)
    field_id, value = filter_of(router, "fieldid"), filter_of(router, "val")
    known = fields.of_account(key.account_id)
    wanted = [one for one in known if field_id in ("", one.field_id)]
    base, zone = base_url(router), accounts.fetch(key.account_id).time_zone
    shown = [
        one
        for contact in _contacts(key.account_id)
        for one in value_shapes(contact, wanted, base, zone)
        if value in ("", one["value"])
    ]
    page_shown = shown[offset : offset + limit]
    return answer({"fieldValues": page_shown, "meta": {"total": str(len(shown))}})


@router.serve(
    "POST /fieldValues",
    done(**WRITTEN),
    body=wrapped(
        "fieldValue",
        {"contact": REFERENCE, "field": LOOSE_TEXT, "value": SENT_VALUE},
        needs=("contact", "field"),
    ),
)
def create() -> Response[str]:
    """Give a contact a value, in place of the one that it has."""
    key = caller(router, Permission.WRITE_PEOPLE)
    sent = body_part(router, "fieldValue")
    lacking = absent(sent, "contact", "field")
    if lacking:
        return refuse_absent(lacking)
    value = value_text(sent.get("value"))
    name = loose_text(sent, "field", LONGEST_VALUE)
    try:
        field = field_named(name, fields.of_account(key.account_id))
    except UnknownFieldError:
        return refuse_unrelated("field")
    owner_id = reference(sent, "contact")
    if not owner_id or contacts.find(key.account_id, owner_id) is None:
        return refuse_unrelated("contact")
    contact = change_contact(key.account_id, owner_id, fields={field.tag: value})
    return _written(contact, field, value)


@router.serve("GET /fieldValues/<shown_id>", done(fieldValue=VALUE))
def read(shown_id: str) -> Response[str]:
    """Return a value."""
    contact, field = _asked(shown_id, Permission.READ_PEOPLE)
    return answer({"fieldValue": _shown(contact, field, contact.fields[field.tag])})


@router.serve(
    "PUT /fieldValues/<shown_id>",
    done(**WRITTEN),
    body=wrapped("fieldValue", {"value": SENT_VALUE}, needs=("value",)),
)
def change(shown_id: str) -> Response[str]:
    """Change a value."""
    contact, field = _asked(shown_id, Permission.WRITE_PEOPLE)
    sent = body_part(router, "fieldValue")
    if "value" not in sent:
        raise InvalidError("value", "must be given")
    value = value_text(sent["value"])
    changed = change_contact(contact.account_id, contact.contact_id, fields={field.tag: value})
    return _written(changed, field, value)


@router.serve("DELETE /fieldValues/<shown_id>", done() | OR_INVALID)
def delete(shown_id: str) -> Response[str]:
    """Take a value from its contact."""
    contact, field = _asked(shown_id, Permission.WRITE_PEOPLE)
    change_contact(contact.account_id, contact.contact_id, fields={field.tag: None})
    return answer({})


@router.serve("GET /fieldValues/<shown_id>/owner", done(contact=CONTACT))
def owner(shown_id: str) -> Response[str]:
    """Return the contact that has a value."""
    contact, _ = _asked(shown_id, Permission.READ_PEOPLE)
    return answer({"contact": contact_shape(contact, base_url(router))})


@router.serve("GET /fieldValues/<shown_id>/field", done(field=FIELD))
def field_of(shown_id: str) -> Response[str]:
    """Return the field that a value is of."""
    _, field = _asked(shown_id, Permission.READ_PEOPLE)
    zone = accounts.fetch(field.account_id).time_zone
    return answer({"field": field_shape(field, base_url(router), zone)})


def _asked(shown_id: str, permission: Permission) -> tuple[Contact, Field]:
    key = caller(router, permission)
    contact_id, field_id = parts_of(pair_id("field value", shown_id))
    contact = contacts.find(key.account_id, contact_id)
    field = fields.find(key.account_id, field_id) if contact and field_id else None
    if contact is None or field is None or field.tag not in contact.fields:
        raise NotFoundError("field value", shown_id)
    return contact, field


def _contacts(account_id: str) -> list[Contact]:
    ids = contact_listing.within(account_id, expected=MOST_LOOKED_AT)
    return contacts.fetch_many(account_id, islice(ids, MOST_LOOKED_AT))


def _written(contact: Contact, field: Field, value: str) -> Response[str]:
    base = base_url(router)
    shown = _shown(contact, field, value)
    return answer({"contacts": [contact_shape(contact, base)], "fieldValue": shown})


def _shown(contact: Contact, field: Field, value: str) -> dict[str, Any]:
    zone = accounts.fetch(contact.account_id).time_zone
    return value_shape(contact, field, value, base_url(router), zone)
