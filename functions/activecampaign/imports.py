"""Imports of up to 250 contacts: /import/bulk_import and /import/info.

    validate all -> note the batch -> write the contacts, their tags, their lists -> note the outcome

An import is done before it is answered. Sent again, it changes what is there already, so a request
whose answer was lost may be repeated; an import that was cut off goes on then.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.field import Field
from signalbox.model.import_fault import ImportFault
from signalbox.model.permission import Permission
from signalbox.model.tracking_permission import Answer
from signalbox.model.wire import digest, packed
from signalbox.store import fields, imports
from signalbox.store.imports import Failure, Import

from .answers import answer
from .field_requests import SENT_VALUE, UnknownFieldError, whole_body
from .import_callback import CALLBACK, Callback, callback_of, tell
from .import_rows import FACTS, PERMISSIONS, Row, row_from, voice_of
from .importing import perform
from .requests import caller, query
from .routing import OR_NOT_FOUND, DescribedRouter, done
from .schemas import (
    DIGITS,
    EMAIL,
    LOOSE_FLAG,
    LOOSE_TEXT,
    REFERENCE,
    TEXT,
    WHOLE_NUMBER,
    asked,
    constant,
    either,
    limited,
    many,
    maybe,
    shape,
    wanted,
    word,
)

router = DescribedRouter()
MOST_CONTACTS = 250
REFUSED = (
    "JSON payload did not pass validation. Please fix failure Reasons and retry."
    " The import was not queued for processing."
)
NAMES = maybe(many(LOOSE_TEXT))
LISTS = maybe(many(wanted({"listid": REFERENCE}, needs=("listid",))))
ROW = wanted(
    {
        "email": EMAIL,
        **dict.fromkeys(FACTS, LOOSE_TEXT),
        **dict.fromkeys(PERMISSIONS, maybe(word(Answer.YES, Answer.NO))),
        "fields": maybe(many(wanted({"id": LOOSE_TEXT, "value": SENT_VALUE}, needs=("id",)))),
        "tags": NAMES,
        "subscribe": LISTS,
        "unsubscribe": LISTS,
        "exclude_automations": LOOSE_FLAG,
    },
    needs=("email",),
)
REFUSAL = shape({"contact": WHOLE_NUMBER, "failureReason": TEXT}, title="RefusalReason")
# The code is ours on top; it is empty in imports of before there were codes.
REASON = shape(
    {"contact": WHOLE_NUMBER, "failureReason": TEXT, "code": word("", *ImportFault)},
    title="FailureReason",
)
OF_A_DAY = shape({"forDate": TEXT, "batches": DIGITS, "contacts": DIGITS}, title="ImportsOfDay")
NUMBERS = shape(
    {"outstanding": many(OF_A_DAY), "recentlyCompleted": many(OF_A_DAY)}, title="Imports"
)
OUTCOME = shape(
    {
        "status": word("completed", "active"),
        "success": many(DIGITS),
        "failure": many(DIGITS),
        "failureReasons": many(REASON),
    },
    title="Import",
)


@router.serve(
    "POST /import/bulk_import",
    {
        **done(
            Success=constant(1),
            queued_contacts=WHOLE_NUMBER,
            batchId=TEXT,
            message=TEXT,
            failureReasons=many(REASON),
        ),
        400: shape(
            {"success": constant(0), "message": TEXT, "failureReasons": many(either(TEXT, REFUSAL))}
        ),
    },
    body=wanted(
        {"contacts": limited(ROW, 1, MOST_CONTACTS), "callback": maybe(CALLBACK)},
        needs=("contacts",),
    ),
)
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
    now_ms = time.time_ns() // 1_000_000
    wanted_import = Import(
        key.account_id, str(uuid.uuid4()), len(rows), now_ms, content=digest(packed(body))
    )
    begun = imports.begin(wanted_import)
    finished = _perform(begun, rows, key.key_id, callback)
    return answer(
        {
            "Success": 1,
            "queued_contacts": len(rows),
            "batchId": begun.batch_id,
            "message": "Contact import queued",
            # Ours on top: what is known already need not be asked for.
            "failureReasons": _reasons(finished),
        }
    )


@router.serve(
    "GET /import/bulk_import",
    {200: either(NUMBERS, OUTCOME)} | OR_NOT_FOUND,
    query={"batchId": asked(TEXT)},
)
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


@router.serve("GET /import/info", {200: OUTCOME} | OR_NOT_FOUND, query={"batchId": asked(TEXT)})
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
            "failureReasons": _reasons(found),
        }
    )


def _reasons(found: Import) -> list[dict[str, Any]]:
    return [
        {"contact": one.row, "failureReason": one.reason, "code": one.code}
        for one in found.failures
    ]


def _perform(begun: Import, rows: Sequence[Row], actor: str, callback: Callback | None) -> Import:
    """Write the contacts, note what became of them, and return it."""
    outcomes = perform(begun.account_id, rows, voice_of(actor, begun.begun_ms))
    done = replace(
        begun,
        state=imports.COMPLETED,
        contact_ids=tuple(one.contact_id for one in outcomes if one.contact_id),
        failures=tuple(
            Failure(number, one.reason, one.fault)
            for number, one in enumerate(outcomes)
            if one.fault
        ),
    )
    imports.complete(done)
    if callback:
        tell(callback, done)
    return done


def _read(sent: list[Any], known: Sequence[Field]) -> tuple[list[Row], list[dict[str, Any]]]:
    rows: list[Row] = []
    faults: list[dict[str, Any]] = []
    for number, one in enumerate(sent):
        try:
            rows.append(row_from(one, known))
        except InvalidError as error:
            faults.append({"contact": number, "failureReason": str(error)})
        except UnknownFieldError as error:
            faults.append({"contact": number, "failureReason": f"There is no field {error.name}"})
    return rows, faults


def _refuse(reasons: list[Any]) -> Response[str]:
    return answer({"success": 0, "message": REFUSED, "failureReasons": reasons}, 400)


def _numbers(day: str, batches: int, contacts: int) -> dict[str, str]:
    return {"forDate": day, "batches": str(batches), "contacts": str(contacts)}
