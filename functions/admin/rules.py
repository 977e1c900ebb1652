"""Rules."""

from dataclasses import replace
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from signalbox.model.permission import Permission
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.trigger import Level
from signalbox.store import rules

from .requests import After, Limit, Sent, answers, caller, now_ms
from .rule_bodies import (
    LONGEST_NAME,
    ContainerId,
    RuleList,
    RuleName,
    RuleShown,
    RuleWanted,
    content_of,
    shown,
    wanted_of,
)
from .rule_writing import check_rule, facts_of, permission_at, write_new

router = Router()
RuleId = Annotated[str, Path(max_length=64)]


class DuplicateWanted(Sent):
    """What the duplicate has another of; without a name it is a copy by its name, too."""

    name: RuleName | None = None
    level: Level | None = None
    container_id: ContainerId | None = None


@router.get("/rules", responses=answers("A page of rules"))
def of_account(limit: Limit = 50, after: After = "") -> RuleList:
    """List the rules."""
    key = caller(router, Permission.READ_SETUP)
    page = rules.of_account(key.account_id, limit=limit, after=after)
    found = [rules.rule_from(item, key.account_id) for item in page.items]
    return RuleList(rules=[shown(rule) for rule in found], next=page.last[1] if page.last else "")


@router.post("/rules", status_code=201, responses=answers("The rule", 409, status=201))
def create(wanted: RuleWanted) -> RuleShown:
    """Write a new rule; it fires from now on.

    Rules of the project are for global admins, those of campaigns and opt-out lists for admins and
    marketers.
    """
    key = caller(router, permission_at(wanted.level))
    return shown(write_new(key.account_id, key.name, wanted))


@router.post(
    "/rules/<rule_id>/duplicate",
    status_code=201,
    responses=answers("The duplicate", 404, 409, status=201),
)
def duplicate(rule_id: RuleId, changes: DuplicateWanted) -> RuleShown:
    """Write a rule like another one, disabled, perhaps at another level."""
    key = caller(router, Permission.WRITE_RULES)
    standing = rules.fetch(key.account_id, rule_id)
    wanted = wanted_of(
        content_of(standing),
        name=changes.name or f"Copy of {standing.name}"[:LONGEST_NAME],
        level=changes.level or standing.level,
        container_id=_container(changes, standing),
        status=RuleStatus.DISABLED,
    )
    caller(router, permission_at(wanted.level))
    return shown(write_new(key.account_id, key.name, wanted))


@router.get("/rules/<rule_id>", responses=answers("The rule", 404))
def read(rule_id: RuleId) -> RuleShown:
    """Return a rule."""
    key = caller(router, Permission.READ_SETUP)
    return shown(rules.fetch(key.account_id, rule_id))


@router.put("/rules/<rule_id>", responses=answers("The rule", 404, 409))
def change(rule_id: RuleId, wanted: RuleWanted) -> RuleShown:
    """Write the next version of a rule. What is under way is performed as its version said."""
    key = caller(router, permission_at(wanted.level))
    standing = rules.fetch(key.account_id, rule_id)
    caller(router, permission_at(standing.level))
    check_rule(key.account_id, wanted)
    changed = replace(
        standing,
        updated_ms=now_ms(),
        gone_actions=frozenset(),
        **facts_of(key.account_id, wanted),
    )
    return shown(rules.save(changed, since=standing))


@router.delete("/rules/<rule_id>", status_code=204, responses=answers("Deleted", 404, status=204))
def delete(rule_id: RuleId) -> None:
    """Delete a rule; what it has under way is skipped."""
    key = caller(router, Permission.WRITE_RULES)
    rule = rules.fetch(key.account_id, rule_id)
    caller(router, permission_at(rule.level))
    rules.delete(rule)


def _container(changes: DuplicateWanted, standing: Rule) -> str:
    """Return the container of a duplicate; one that moves to the project's level has none."""
    if changes.container_id is not None:
        return changes.container_id
    return "" if changes.level is Level.PROJECT else standing.container_id
