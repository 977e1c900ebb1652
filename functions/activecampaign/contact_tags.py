"""Tags on contacts: /contactTags."""

import time
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.permission import Permission
from signalbox.model.tag import ContactTag
from signalbox.store import accounts, contact_tags, contacts, tags

from .answers import answer
from .list_requests import absent, across, filter_of, own_id, pair_id, reference
from .list_shapes import CONTACT_TAG, TAG, contact_tag_shape
from .requests import PAGE, base_url, body_part, caller, contact_id, page
from .routing import FAULT, OR_NOT_FOUND, DescribedRouter, done, made
from .schemas import DIGITS, REFERENCE, TEXT, TOTAL, asked, constant, either, many, shape, wrapped
from .shapes import CONTACT, contact_shape
from .tags import read as read_tag

router = DescribedRouter()
UNKNOWN = shape({"status": constant(404), "title": TEXT, "detail": TEXT})
MISSING = shape(
    {"status": constant(422), "title": TEXT, "source": shape({"pointer": TEXT})},
    title="MissingAttribute",
)


@router.serve(
    "POST /contactTags",
    {
        **made(contacts=many(CONTACT), contactTag=CONTACT_TAG),
        404: shape({"errors": many(UNKNOWN)}),
        422: shape({"errors": many(either(FAULT, MISSING))}),
    },
    body=wrapped("contactTag", {"contact": REFERENCE, "tag": REFERENCE}, needs=("contact", "tag")),
)
def add() -> Response[str]:
    """Put a tag on a contact; 201 with the same answer also where it is there already."""
    key = caller(router, Permission.WRITE_PEOPLE)
    sent = body_part(router, "contactTag")
    lacking = absent(sent, "contact", "tag")
    if lacking:
        return _refuse_absent(lacking)
    bearer_id, tag_id = reference(sent, "contact"), reference(sent, "tag")
    contact = contacts.find(key.account_id, bearer_id) if bearer_id else None
    if contact is None:
        return _refuse_unknown("Contact")
    if not tag_id or tags.find(key.account_id, tag_id) is None:
        return _refuse_unknown("Tag")
    now_ms = time.time_ns() // 1_000_000
    contact_tag, _ = contact_tags.add(key.account_id, bearer_id, tag_id, now_ms=now_ms)
    base, zone = base_url(router), accounts.fetch(key.account_id).time_zone
    body = {
        "contacts": [contact_shape(contact, base, zone)],
        "contactTag": contact_tag_shape(contact_tag, base, zone),
    }
    return answer(body, 201)


@router.serve(
    "GET /contactTags",
    done(contactTags=many(CONTACT_TAG), meta=TOTAL) | OR_NOT_FOUND,
    query={"filters[contact]": asked(DIGITS), "filters[tag]": asked(DIGITS), **PAGE},
)
def of_account() -> Response[str]:
    """List which contact has which tag; `filters[contact]` and `filters[tag]` narrow it."""
    key = caller(router, Permission.READ_PEOPLE)
    limit, offset = page(router)
    contact, tag = filter_of(router, "contact"), filter_of(router, "tag")
    if contact:
        found = contact_tags.of_contact(key.account_id, contact_id(contact))
        fitting = [one for one in found if tag in ("", one.tag_id)]
        return _listed(fitting[offset : offset + limit], len(fitting), key.account_id)
    numbers = tags.counts(key.account_id, _tags(key.account_id, tag))
    found = across(
        numbers,
        offset,
        limit,
        lambda tag_id, start, most: contact_tags.of_tag(
            key.account_id, tag_id, offset=start, limit=most
        ),
    )
    return _listed(found, sum(numbers.values()), key.account_id)


@router.serve("GET /contactTags/<contact_tag_id>", done(contactTag=CONTACT_TAG))
def read(contact_tag_id: str) -> Response[str]:
    """Return a tag on a contact."""
    found = _asked(contact_tag_id, Permission.READ_PEOPLE)
    return answer({"contactTag": _shown([found], found.account_id)[0]})


@router.serve("DELETE /contactTags/<contact_tag_id>", done())
def remove(contact_tag_id: str) -> Response[str]:
    """Take a tag off a contact."""
    contact_tags.remove(_asked(contact_tag_id, Permission.WRITE_PEOPLE))
    return answer({})


@router.serve("GET /contactTags/<contact_tag_id>/tag", done(tag=TAG))
def tag_of(contact_tag_id: str) -> Response[str]:
    """Return the tag."""
    return read_tag(_asked(contact_tag_id, Permission.READ_PEOPLE).tag_id)


@router.serve("GET /contactTags/<contact_tag_id>/contact", done(contact=CONTACT))
def contact_of(contact_tag_id: str) -> Response[str]:
    """Return the contact that has the tag."""
    found = _asked(contact_tag_id, Permission.READ_PEOPLE)
    contact = contacts.fetch(found.account_id, found.contact_id)
    zone = accounts.fetch(found.account_id).time_zone
    return answer({"contact": contact_shape(contact, base_url(router), zone)})


@router.serve("GET /contacts/<shown_id>/contactTags", done(contactTags=many(CONTACT_TAG)))
def of_contact(shown_id: str) -> Response[str]:
    """List the tags on a contact; the original has no `meta` here either."""
    key = caller(router, Permission.READ_PEOPLE)
    contact = contacts.fetch(key.account_id, contact_id(shown_id))
    found = contact_tags.of_contact(key.account_id, contact.contact_id)
    return answer({"contactTags": _shown(found, key.account_id)})


def _asked(contact_tag_id: str, permission: Permission) -> ContactTag:
    key = caller(router, permission)
    return contact_tags.fetch(key.account_id, pair_id("contact tag", contact_tag_id))


def _tags(account_id: str, asked: str) -> list[str]:
    if not asked:
        return [one.tag_id for one in tags.of_account(account_id)]
    return [tags.fetch(account_id, own_id("tag", asked)).tag_id]


def _listed(found: list[ContactTag], total: int, account_id: str) -> Response[str]:
    shown = _shown(found, account_id)
    return answer({"contactTags": shown, "meta": {"total": str(total)}})


def _shown(found: list[ContactTag], account_id: str) -> list[dict[str, Any]]:
    zone = accounts.fetch(account_id).time_zone
    return [contact_tag_shape(one, base_url(router), zone) for one in found]


def _refuse_absent(names: list[str]) -> Response[str]:
    faults = [
        {
            "status": 422,
            "title": "Missing attribute",
            "source": {"pointer": f"/data/attributes/{name}"},
        }
        for name in names
    ]
    return answer({"errors": faults}, 422)


def _refuse_unknown(model: str) -> Response[str]:
    fault = {"status": 404, "title": "Not Found", "detail": f"{model} not found"}
    return answer({"errors": [fault]}, 404)
