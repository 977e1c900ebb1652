"""The event form of ActiveCampaign: POST https://trackcmp.net/event.

Form fields `actid`, `key`, `event`, `eventdata`, `visit={"email": …}`; the same as query
parameters, and `visit[email]=…`, are in use too. Success is 200 with `success` 1; every fault has
`success` 0 and a text (developers.activecampaign.com/reference/track-event).
"""

import json
from typing import Any

from signalbox import access
from signalbox.model.address import email_address
from signalbox.model.errors import InvalidError
from signalbox.model.event import Event
from signalbox.queues import EVENTS
from signalbox.store import idempotency

from .request import Request, check_size, json_value, new_event_id

LONGEST_NAME = 32
LONGEST_DATA = 32_768
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
SPAWNED = '{"success":1,"message":"Event spawned"}'


def take_event(request: Request) -> dict[str, Any]:
    """Queue the one event of a form."""
    fields = request.fields()
    account_id = _required(fields, "actid", "An account ID must be provided.")
    key = _required(fields, "key", "An event key must be provided.")
    name = _required(fields, "event", "An event name must be provided.")
    if len(name) > LONGEST_NAME:
        raise InvalidError("event", f"The event name is longer than {LONGEST_NAME} characters.")
    value = fields.get("eventdata", "")
    if len(value) > LONGEST_DATA:
        raise InvalidError("eventdata", f"The data is longer than {LONGEST_DATA} characters.")
    address = _visitor(fields)
    access.check_account(account_id, key)
    accepted = idempotency.Acceptance(new_event_id(), request.now_ms)
    if repeat_key := request.header("idempotency-key"):
        said = json.dumps(sorted(fields.items()))
        accepted = idempotency.accept(account_id, repeat_key, said, accepted)
    event = Event(
        account_id=account_id,
        event_id=accepted.event_id,
        name=name,
        at_ms=accepted.received_ms,
        received_ms=accepted.received_ms,
        address=address,
        value=value,
        source="form",
    )
    check_size(event, "eventdata")
    EVENTS.put([event])
    return _response(200, SPAWNED)


def refuse(status: int, field: str, message: str) -> dict[str, Any]:
    """Answer a fault in the form's own shape; `field` stands in the message already."""
    said = message if field != "body" else f"The body {message}."
    body = json.dumps({"success": 0, "message": said}, separators=(",", ":"))
    return _response(status, body)


def _required(fields: dict[str, str], name: str, message: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise InvalidError(name, message)
    return value


def _visitor(fields: dict[str, str]) -> str:
    """Return the address in `visit`, a JSON object or PHP-style fields."""
    email: Any = fields.get("visit[email]")
    if email is None:
        text = _required(fields, "visit", "A visit with an email address must be provided.")
        try:
            visit = json_value(text, "visit")
        except InvalidError as error:
            raise InvalidError("visit", f"The visit {error.message}.") from error
        email = visit.get("email") if isinstance(visit, dict) else None
    if not isinstance(email, str) or not email.strip():
        raise InvalidError("visit", 'The visit must be a JSON object like {"email":"…"}.')
    try:
        return email_address(email)
    except InvalidError as error:
        raise InvalidError("visit", f"The visit's email {error.message}.") from error


def _response(status: int, body: str) -> dict[str, Any]:
    headers = HEADERS | ({"Retry-After": "5"} if status == 503 else {})  # noqa: PLR2004 HTTP's
    return {"statusCode": status, "headers": headers, "body": body}
