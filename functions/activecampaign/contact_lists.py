"""Contacts on lists: /contactLists."""

import time
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.errors import InvalidError
from signalbox.model.membership import Membership, Subscription
from signalbox.model.permission import Permission
from signalbox.store import accounts, contacts, lists, memberships

from .answers import answer
from .list_requests import (
    absent,
    across,
    filter_of,
    own_id,
    pair_id,
    reference,
    refuse_absent,
    refuse_unrelated,
)
from .list_shapes import LIST, MEMBERSHIP, MEMBERSHIP_FACTS, MEMBERSHIP_LINKS, membership_shape
from .lists import read as read_list
from .requests import PAGE, base_url, body_part, caller, contact_id, page
from .routing import OR_INVALID, OR_NOT_FOUND, DescribedRouter, done, made
from .schemas import DIGITS, NULL, REFERENCE, TOTAL, asked, either, many, maybe, shape, wrapped
from .shapes import CONTACT, contact_shape

router = DescribedRouter()
CHANGES = {
    str(int(Subscription.ACTIVE)): memberships.subscribe,
    str(int(Subscription.UNSUBSCRIBED)): memberships.unsubscribe,
}
SOURCE_DIGITS = 9
STATUS = {"enum": ["1", "2", 1, 2], "description": "1 subscribes, 2 unsubscribes"}
CHANGED = {
    "contacts": many(CONTACT),
    "contactList": shape({**MEMBERSHIP_FACTS, "status": STATUS}, title="ContactListChanged"),
}
PARTS = dict.fromkeys(MEMBERSHIP_LINKS, NULL) | {"contact": CONTACT, "list": LIST}
ONE_PART = either(*(shape({name: schema}) for name, schema in PARTS.items()))


@router.serve(
    "POST /contactLists",
    done(**CHANGED) | made(**CHANGED),
    body=wrapped(
        "contactList",
        {
            "list": REFERENCE,
            "contact": REFERENCE,
            "status": maybe(STATUS),
            "sourceid": maybe(REFERENCE),
        },
        needs=("list", "contact"),
    ),
)
def change() -> Response[str]:
    """Put a contact on a list (`status` 1, or none) or take it off (2).

    201 where the contact was never on it, 200 where it was. As in the original this makes those
    active again who opted out; it is for the caller to have their consent.
    """
    key = caller(router, Permission.WRITE_PEOPLE)
    sent = body_part(router, "contactList")
    lacking = absent(sent, "list", "contact")
    if lacking:
        return refuse_absent(lacking)
    status = sent["status"] if sent.get("status") is not None else int(Subscription.ACTIVE)
    perform = CHANGES.get(str(status)) if isinstance(status, int | str) else None
    if perform is None:
        raise InvalidError("status", "must be 1 (subscribe) or 2 (unsubscribe)")
    list_id, member_id = reference(sent, "list"), reference(sent, "contact")
    if not list_id or lists.find(key.account_id, list_id) is None:
        return refuse_unrelated("list")
    contact = contacts.find(key.account_id, member_id) if member_id else None
    if contact is None:
        return refuse_unrelated("contact")
    membership, is_new = perform(
        key.account_id,
        member_id,
        list_id,
        now_ms=time.time_ns() // 1_000_000,
        source_id=_source(sent),
    )
    zone = accounts.fetch(key.account_id).time_zone
    shown = membership_shape(membership, contact, base_url(router), zone)
    body = {
        "contacts": [contact_shape(contact, base_url(router), zone)],
        "contactList": shown | {"status": status},
    }
    return answer(body, 201 if is_new else 200)


@router.serve(
    "GET /contactLists",
    done(contactLists=many(MEMBERSHIP), meta=TOTAL) | OR_NOT_FOUND,
    query={"filters[contact]": asked(DIGITS), "filters[list]": asked(DIGITS), **PAGE},
)
def of_account() -> Response[str]:
    """List who is on which list; `filters[contact]` and `filters[list]` narrow it."""
    key = caller(router, Permission.READ_PEOPLE)
    limit, offset = page(router)
    contact, contact_list = filter_of(router, "contact"), filter_of(router, "list")
    if contact:
        found = memberships.of_contact(key.account_id, contact_id(contact))
        fitting = [one for one in found if contact_list in ("", one.list_id)]
        return _listed(fitting[offset : offset + limit], len(fitting), key.account_id)
    numbers = memberships.counts(key.account_id, _lists(key.account_id, contact_list))
    found = across(
        numbers,
        offset,
        limit,
        lambda list_id, start, most: memberships.of_list(
            key.account_id, list_id, offset=start, limit=most
        ),
    )
    return _listed(found, sum(numbers.values()), key.account_id)


@router.serve("GET /contactLists/<membership_id>", done(contactList=MEMBERSHIP))
def read(membership_id: str) -> Response[str]:
    """Return a contact's membership in a list."""
    membership = _asked(membership_id)
    return answer({"contactList": _shown([membership], membership.account_id)[0]})


@router.serve(
    "GET /contactLists/<membership_id>/<part>",
    {200: ONE_PART} | OR_INVALID,
)
def related(membership_id: str, part: str) -> Response[str]:
    """Return the contact or the list of a membership; it has none of the other parts."""
    membership = _asked(membership_id)
    if part == "list":
        return read_list(membership.list_id)
    if part == "contact":
        contact = contacts.fetch(membership.account_id, membership.contact_id)
        zone = accounts.fetch(membership.account_id).time_zone
        return answer({"contact": contact_shape(contact, base_url(router), zone)})
    if part not in MEMBERSHIP_LINKS:
        raise InvalidError(part, "is not a part of a contactList")
    return answer({part: None})


@router.serve("GET /contacts/<shown_id>/contactLists", done(contactLists=many(MEMBERSHIP)))
def of_contact(shown_id: str) -> Response[str]:
    """List the lists that a contact is or was on; the original has no `meta` here either."""
    key = caller(router, Permission.READ_PEOPLE)
    contact = contacts.fetch(key.account_id, contact_id(shown_id))
    found = memberships.of_contact(key.account_id, contact.contact_id)
    return answer({"contactLists": _shown(found, key.account_id)})


def _asked(membership_id: str) -> Membership:
    key = caller(router, Permission.READ_PEOPLE)
    return memberships.fetch(key.account_id, pair_id("contact list", membership_id))


def _lists(account_id: str, asked: str) -> list[str]:
    if not asked:
        return [one.list_id for one in lists.of_account(account_id)]
    return [lists.fetch(account_id, own_id("list", asked)).list_id]


def _listed(found: list[Membership], total: int, account_id: str) -> Response[str]:
    shown = _shown(found, account_id)
    return answer({"contactLists": shown, "meta": {"total": str(total)}})


def _shown(found: list[Membership], account_id: str) -> list[dict[str, Any]]:
    zone = accounts.fetch(account_id).time_zone
    ids = dict.fromkeys(one.contact_id for one in found)
    known = {one.contact_id: one for one in contacts.fetch_many(account_id, ids)}
    base = base_url(router)
    return [
        membership_shape(one, known[one.contact_id], base, zone)
        for one in found
        if one.contact_id in known
    ]


def _source(sent: dict[str, Any]) -> str:
    """Return the number that says where the caller has the change from."""
    shown = str(sent.get("sourceid") or "0")
    if not (shown.isascii() and shown.isdigit() and len(shown) <= SOURCE_DIGITS):
        raise InvalidError("sourceid", "must be a whole number")
    return shown
