"""The native way in: POST /api/events, up to 500 events at once.

`{"events": [{"name", "contact": {"email"} or {"id"}, "value"?, "properties"?, "at"?, "id"?}]}` with
an event key or an API token in the header `Api-Token`. Accepted means that all were taken. After a
failure some may have been: the caller repeats the request under the same `Idempotency-Key` or with
the events' own ids, and each is written once. An id without a time costs one write more.
"""

import json
from collections.abc import Mapping
from typing import Any

from signalbox import access
from signalbox.model.address import contact_address, email_address
from signalbox.model.errors import InvalidError
from signalbox.model.event import Event
from signalbox.model.wire import packed
from signalbox.queues import EVENTS
from signalbox.store import idempotency

from .request import Request, check_size, new_event_id

MOST_EVENTS = 500
LONGEST_NAME = 128
LONGEST_ID = 256
LONGEST_VALUE = 32_768
LARGEST_PROPERTIES = 32_768
FUTURE_MS = 86_400_000  # a clock may be a day ahead
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
PERMISSION = "tracking_permission"  # of the properties; as in `model.tracking_permission.PROPERTY`
KNOWN = {"name", "contact", "value", "properties", "at", "id"}


def take_events(request: Request) -> dict[str, Any]:
    """Queue the events of a request."""
    account_id = access.sender(request.header("api-token"))
    body = request.json()
    sent = body.get("events") if isinstance(body, dict) else None
    if not isinstance(sent, list) or not 1 <= len(sent) <= MOST_EVENTS:
        raise InvalidError("events", f"must be a list of 1 to {MOST_EVENTS} events")
    accepted = idempotency.Acceptance(new_event_id(), request.now_ms)
    read = [_event(one, account_id, number, accepted) for number, one in enumerate(sent)]
    claimed = _accepted(request, account_id, accepted)
    if claimed != accepted:
        read = [_event(one, account_id, number, claimed) for number, one in enumerate(sent)]
    EVENTS.put([_timed(one, event) for one, event in zip(sent, read, strict=True)])
    return _answer(202, {"accepted": len(read)})


def refuse(status: int, field: str, message: str) -> dict[str, Any]:
    """Answer a fault: `{"errors": [{"field", "message"}]}`."""
    return _answer(status, {"errors": [{"field": field, "message": message}]})


def _accepted(
    request: Request, account_id: str, offered: idempotency.Acceptance
) -> idempotency.Acceptance:
    repeat_key = request.header("idempotency-key")
    if not repeat_key:
        return offered
    return idempotency.accept(account_id, repeat_key, request.body(), offered)


def _event(sent: Any, account_id: str, number: int, accepted: idempotency.Acceptance) -> Event:
    where = f"events.{number}"
    if not isinstance(sent, dict):
        raise InvalidError(where, "must be an object")
    unknown = sorted(set(sent) - KNOWN)
    if unknown:
        raise InvalidError(f"{where}.{unknown[0]}", "is not a field of an event")
    event_id = _text(sent, "id", where, LONGEST_ID) or f"{accepted.event_id}.{number}"
    event = Event(
        account_id=account_id,
        event_id=event_id,
        name=_name(sent, where),
        at_ms=_time(sent.get("at"), f"{where}.at", accepted.received_ms),
        received_ms=accepted.received_ms,
        address=_contact(sent.get("contact"), f"{where}.contact"),
        value=_text(sent, "value", where, LONGEST_VALUE),
        properties=_properties(sent.get("properties", {}), f"{where}.properties"),
        source="api",
    )
    check_size(event, f"{where}.value")
    return event


def _timed(sent: Mapping[str, Any], event: Event) -> Event:
    """Give an event with an id but no time the time at which the id first came.

    Id and time make the key in the log, so that a repeat is written over the first.
    """
    if not sent.get("id") or sent.get("at") is not None:
        return event
    first_ms = idempotency.first_received(event.account_id, event.event_id, event.received_ms)
    return event._replace(at_ms=first_ms, received_ms=first_ms)


def _name(sent: Mapping[str, Any], where: str) -> str:
    name = _text(sent, "name", where, LONGEST_NAME).strip()
    if not name:
        raise InvalidError(f"{where}.name", "must not be empty")
    return name


def _text(sent: Mapping[str, Any], name: str, where: str, longest: int) -> str:
    text = sent.get(name, "")
    if not isinstance(text, str):
        raise InvalidError(f"{where}.{name}", "must be a text")
    if len(text) > longest:
        raise InvalidError(f"{where}.{name}", f"is longer than {longest} characters")
    return text


def _contact(sent: Any, where: str) -> str:
    if isinstance(sent, dict) and len(sent) == 1:
        if isinstance(sent.get("email"), str):
            return email_address(sent["email"], field=f"{where}.email")
        if isinstance(sent.get("id"), str):
            return contact_address(sent["id"], field=f"{where}.id")
    raise InvalidError(where, 'must be {"email": …} or {"id": …}')


def _properties(sent: Any, where: str) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise InvalidError(where, "must be an object")
    if len(packed(sent)) > LARGEST_PROPERTIES:
        raise InvalidError(where, f"is larger than {LARGEST_PROPERTIES} bytes")
    if PERMISSION in sent:
        from signalbox.model.tracking_permission import answers_from  # noqa: PLC0415 few say it

        answers_from(sent[PERMISSION], f"{where}.{PERMISSION}")
    return sent


def _time(sent: Any, where: str, now_ms: int) -> int:
    if sent is None:
        return now_ms
    from datetime import datetime  # noqa: PLC0415 most events come without a time

    try:
        at = datetime.fromisoformat(sent)
    except (TypeError, ValueError) as error:
        raise InvalidError(where, "must be an ISO 8601 time") from error
    if at.tzinfo is None:
        raise InvalidError(where, "must say its offset from UTC")
    at_ms = int(at.timestamp() * 1000)
    if not 0 <= at_ms <= now_ms + FUTURE_MS:
        raise InvalidError(where, "must lie between 1970 and tomorrow")
    return at_ms


def _answer(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    headers = HEADERS | ({"Retry-After": "5"} if status == 503 else {})  # noqa: PLR2004 HTTP's
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
