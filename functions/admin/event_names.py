"""Registered event names: only they can wake a rule."""

from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from signalbox.model.permission import Permission
from signalbox.store import event_names, rules

from .requests import After, Limit, Sent, Shown, answers, caller, now_ms

router = Router()


class EventName(Sent):
    """A name."""

    name: Annotated[str, Field(min_length=1, max_length=event_names.LONGEST_NAME)]


class EventNames(Shown):
    """A page of names in alphabetical order; `next` asks for the page after it."""

    event_names: list[str]
    next: str


class StoppedRule(Shown):
    """An active rule that fires no longer, because its event name is gone."""

    rule_id: str
    name: str


class Deleted(Shown):
    """What the deletion of a name stopped."""

    stopped_rules: list[StoppedRule]


@router.get("/event-names", responses=answers("A page of names"))
def of_account(limit: Limit = 100, after: After = "") -> EventNames:
    """List the names."""
    key = caller(router, Permission.READ_SETUP)
    page = event_names.of_account(key.account_id, limit=limit, after=after)
    names = [item["sk"] for item in page.items]
    return EventNames(event_names=names, next=page.last[1] if page.last else "")


@router.post("/event-names", status_code=201, responses=answers("Registered", 409, status=201))
def register(wanted: EventName) -> EventName:
    """Register a name."""
    key = caller(router, Permission.WRITE_RULES)
    name = wanted.name.strip()
    event_names.register(key.account_id, name, now_ms())
    return EventName(name=name)


@router.delete("/event-names/<name>", responses=answers("Deleted", 404))
def delete(name: Annotated[str, Path(max_length=1024)]) -> Deleted:
    """Take a name off the register. What was logged stays; rules on it fire no longer."""
    key = caller(router, Permission.WRITE_RULES)
    plain = unquote(name)
    event_names.check(plain)
    stopped = rules.on_event_name(key.account_id, plain)
    event_names.delete(key.account_id, plain)
    return Deleted(
        stopped_rules=[StoppedRule(rule_id=rule.rule_id, name=rule.name) for rule in stopped]
    )
