"""Imports of up to 250 contacts: /import/bulk_import and /import/info.

    validate all -> note the batch -> each contact: write it, its tags, its lists -> note the outcome

An import is done before it is answered, a few contacts side by side. Sent again, it changes what is
there already, so a request whose answer was lost may be repeated.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.aws import AwsError
from signalbox.model.address import email_address
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.field import Field
from signalbox.model.permission import Permission
from signalbox.model.tag import checked_name
from signalbox.people import checked_email, sync_contact
from signalbox.store import contact_tags, erasure, fields, imports, memberships, origin, tags
from signalbox.store.contacts import AddressTakenError
from signalbox.store.imports import Failure, Import

from .answers import answer
from .field_requests import UnknownFieldError, loose_text, values_of, whole_body
from .import_callback import Callback, callback_of, tell
from .list_requests import reference
from .requests import caller, query

router = Router()
MOST_CONTACTS = 250
MOST_NAMED = 100  # tags, and lists, of one contact
LONGEST_TEXT = 255
SIDE_BY_SIDE = 8
FEW = 10  # contacts that are written one after the other
REFUSED = (
    "JSON payload did not pass validation. Please fix failure Reasons and retry."
    " The import was not queued for processing."
)
# `external_id` is ours on top.
FACTS = ("first_name", "last_name", "phone", "external_id")


class Row:
    """One contact of an import, checked as far as it can be without looking at what is stored."""

    def __init__(self, sent: Any, known: Sequence[Field]) -> None:
        if not isinstance(sent, dict):
            raise InvalidError("contact", "must be an object")
        email = loose_text(sent, "email", LONGEST_TEXT).strip()
        if not email:
            raise InvalidError("email", "must not be empty")
        checked_email(email)
        self.facts: dict[str, Any] = {"email": email}
        for name in FACTS:
            if sent.get(name) is not None:
                self.facts[name] = loose_text(sent, name, LONGEST_TEXT).strip()
        values = sent.get("fields") or []
        self.facts["fields"] = values_of(values, known, id_name="id") if values else {}
        self.tags = [checked_name(name) for name in _texts(sent, "tags")]
        self.joined = _lists(sent, "subscribe")
        self.left = _lists(sent, "unsubscribe")


@router.post("/import/bulk_import")
def bulk_import() -> Response[str]:
    """Import up to 250 contacts; one that cannot be read refuses them all.

    Nobody is put on a list again that they left: `subscribe` counts for who was never there.
    """
    key = caller(router, Permission.WRITE_PEOPLE)
    body = whole_body(router)
    sent = body.get("contacts")
    if not isinstance(sent, list) or not sent or len(sent) > MOST_CONTACTS:
        return _refuse([f"contacts must be a list of 1 to {MOST_CONTACTS} contacts"])
    rows, faults = _read(sent, fields.of_account(key.account_id))
    if faults:
        return _refuse(faults)
    try:
        callback = callback_of(body.get("callback"))
    except InvalidError as error:
        return _refuse([str(error)])
    begun = Import(key.account_id, str(uuid.uuid4()), len(rows), time.time_ns() // 1_000_000)
    imports.begin(begun)
    _perform(begun, rows, callback)
    return answer(
        {
            "Success": 1,
            "queued_contacts": len(rows),
            "batchId": begun.batch_id,
            "message": "Contact import queued",
        }
    )


@router.get("/import/bulk_import")
def status() -> Response[str]:
    """Return what became of the batch in `batchId`, or without one the numbers by day."""
    key = caller(router, Permission.READ_PEOPLE)
    batch_id = query(router, "batchId")
    if batch_id:
        return _status(key.account_id, batch_id)
    days = imports.days(key.account_id)
    return answer(
        {
            "outstanding": [
                _numbers(one.day, one.begun - one.done, one.begun_contacts - one.done_contacts)
                for one in days
                if one.begun > one.done
            ],
            "recentlyCompleted": [
                _numbers(one.day, one.done, one.done_contacts) for one in days if one.done
            ],
        }
    )


@router.get("/import/info")
def info() -> Response[str]:
    """Return what became of the batch in `batchId`."""
    key = caller(router, Permission.READ_PEOPLE)
    return _status(key.account_id, query(router, "batchId"))


def _status(account_id: str, shown: str) -> Response[str]:
    try:
        batch_id = str(uuid.UUID(shown))
    except ValueError as error:
        raise NotFoundError("import", shown) from error
    found = imports.fetch(account_id, batch_id)
    return answer(
        {
            "status": "completed" if found.state == imports.COMPLETED else "active",
            "success": list(found.contact_ids),
            "failure": [str(one.row) for one in found.failures],
            "failureReasons": [
                {"contact": one.row, "failureReason": one.reason} for one in found.failures
            ],
        }
    )


def _perform(begun: Import, rows: Sequence[Row], callback: Callback | None) -> None:
    """Write the contacts and note what became of them."""
    write = partial(_written, begun.account_id, begun.begun_ms)
    if len(rows) <= FEW:
        results = [write(row) for row in rows]
    else:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            results = list(threads.map(write, rows))
    failures = tuple(
        Failure(number, reason) for number, (_, reason) in enumerate(results) if reason
    )
    done = replace(
        begun,
        state=imports.COMPLETED,
        contact_ids=tuple(contact_id for contact_id, _ in results if contact_id),
        failures=failures,
    )
    imports.complete(done)
    if callback:
        tell(callback, done)


@origin.quietly()
def _written(account_id: str, now_ms: int, row: Row) -> tuple[str, str]:
    """Import one contact; return its id, and why it is not, or not in whole, what was sent."""
    try:
        contact, _ = sync_contact(account_id, **row.facts)
    except InvalidError as error:
        return "", f"Field {error.field} cannot be what was sent"
    except AddressTakenError as error:
        return "", f"The {error.kind} belongs to another contact"
    except (ConflictError, AwsError) as error:
        return "", f"Not written, send it again: {type(error).__name__}"
    try:
        _put_in_place(account_id, contact.contact_id, row, now_ms)
    except NotFoundError as error:
        return contact.contact_id, f"There is no {error.noun} {error.key}"
    except (ConflictError, AwsError) as error:
        return contact.contact_id, f"Lists and tags not in whole: {type(error).__name__}"
    return contact.contact_id, ""


def _put_in_place(account_id: str, contact_id: str, row: Row, now_ms: int) -> None:
    """Put the contact on its lists and its tags on it."""
    email = row.facts["email"]
    opted_out = erasure.opted_out(account_id, email_address(email)) if row.joined else set()
    for list_id in row.left:
        memberships.unsubscribe(account_id, contact_id, list_id, now_ms=now_ms)
    for list_id in row.joined:
        if list_id not in opted_out:
            memberships.subscribe(account_id, contact_id, list_id, now_ms=now_ms, reactivate=False)
    for name in row.tags:
        tag = tags.find_or_create(account_id, name)
        contact_tags.add(account_id, contact_id, tag.tag_id, now_ms=now_ms)


def _read(sent: list[Any], known: Sequence[Field]) -> tuple[list[Row], list[dict[str, Any]]]:
    rows: list[Row] = []
    faults: list[dict[str, Any]] = []
    for number, one in enumerate(sent):
        try:
            rows.append(Row(one, known))
        except InvalidError as error:
            faults.append({"contact": number, "failureReason": str(error)})
        except UnknownFieldError as error:
            faults.append({"contact": number, "failureReason": f"There is no field {error.name}"})
    return rows, faults


def _refuse(reasons: list[Any]) -> Response[str]:
    return answer({"success": 0, "message": REFUSED, "failureReasons": reasons}, 400)


def _numbers(day: str, batches: int, contacts: int) -> dict[str, str]:
    return {"forDate": day, "batches": str(batches), "contacts": str(contacts)}


def _texts(sent: Mapping[str, Any], name: str) -> list[str]:
    values = sent.get(name) or []
    if not isinstance(values, list) or len(values) > MOST_NAMED:
        raise InvalidError(name, f"must be a list of at most {MOST_NAMED}")
    return [loose_text({name: value}, name, LONGEST_TEXT) for value in values]


def _lists(sent: Mapping[str, Any], name: str) -> list[str]:
    values = sent.get(name) or []
    if not isinstance(values, list) or len(values) > MOST_NAMED:
        raise InvalidError(name, f"must be a list of at most {MOST_NAMED}")
    ids = [reference(one, "listid") if isinstance(one, dict) else "" for one in values]
    if not all(ids):
        raise InvalidError(name, "must hold objects with a listid")
    return ids
