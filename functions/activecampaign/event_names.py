"""Registered ("whitelisted") event names: /eventTrackingEvents."""

import time
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response

from signalbox.model.errors import ConflictError
from signalbox.model.permission import Permission
from signalbox.store import event_names, rules

from .answers import answer, answer_duplicate
from .requests import PAGE, body_part, caller, page, text
from .routing import OR_INVALID, DescribedRouter, done, made
from .schemas import NUMBERED, TEXT, filled, many, shape, wrapped

router = DescribedRouter()
NAME = shape({"name": TEXT})
RULE = shape({"id": TEXT, "name": TEXT}, title="Rule")


@router.serve(
    "GET /eventTrackingEvents", done(eventTrackingEvents=many(NAME), meta=NUMBERED), query=PAGE
)
def names() -> Response[str]:
    """List the names in alphabetical order; `meta.total` is a number here, not a text."""
    key = caller(router, Permission.READ_SETUP)
    limit, offset = page(router)
    known = event_names.names(key.account_id)
    shown = [{"name": name} for name in known[offset : offset + limit]]
    return answer({"eventTrackingEvents": shown, "meta": {"total": len(known)}})


@router.serve(
    "POST /eventTrackingEvents",
    made(eventTrackingEvent=NAME),
    body=wrapped("eventTrackingEvent", {"name": filled(event_names.LONGEST_NAME)}, needs=("name",)),
)
def register() -> Response[str]:
    """Register a name, so that rules can be set on it."""
    key = caller(router, Permission.WRITE_RULES)
    sent = body_part(router, "eventTrackingEvent")
    name = text(sent, "name", event_names.LONGEST_NAME).strip()
    try:
        event_names.register(key.account_id, name, time.time_ns() // 1_000_000)
    except ConflictError:
        return answer_duplicate("name", "Event name already exists in the system")
    return answer({"eventTrackingEvent": {"name": name}}, 201)


@router.serve(
    "DELETE /eventTrackingEvents/<quoted>",
    {200: shape({"stoppedRules": many(RULE)}, lacks=("stoppedRules",))} | OR_INVALID,
)
def delete(quoted: str) -> Response[str]:
    """Take a name off the register; what was logged stays.

    `stoppedRules` names the active rules that no longer fire; the original's empty object where
    there are none.
    """
    key = caller(router, Permission.WRITE_RULES)
    name = unquote(quoted)
    event_names.check(name)
    stopped = rules.on_event_name(key.account_id, name)
    event_names.delete(key.account_id, name)
    if not stopped:
        return answer({})
    return answer({"stoppedRules": [{"id": rule.rule_id, "name": rule.name} for rule in stopped]})
