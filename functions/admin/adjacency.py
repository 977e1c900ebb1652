"""Adjacent rules: which others can fire with a rule, for one and the same event."""

from collections.abc import Iterable

from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.model import adjacency as model
from signalbox.model.permission import Permission
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.trigger import Level, Trigger
from signalbox.store import adjacency, groups, rules

from .requests import Shown, answers, caller
from .rules import RuleId

router = Router()
MOST_READ = 10_000  # rules that are looked at
MOST_PLACES = 200  # questions that are asked for them, before all rules are looked through


class AdjacentRule(Shown):
    """A rule that can fire with another one."""

    rule_id: str
    name: str
    level: Level
    container_id: str
    trigger: Trigger
    status: RuleStatus


class AdjacentRules(Shown):
    """The rules that can fire with one, oldest first.

    They are not `complete` where there are too many rules to look at all of them.
    """

    count: int
    complete: bool
    rules: list[AdjacentRule]


@router.get("/rules/<rule_id>/adjacent", responses=answers("The adjacent rules", 404))
def adjacent(rule_id: RuleId) -> AdjacentRules:
    """Say which other active rules can fire for an event that fires this one.

    Conditions are not looked at: they may be met together or not.
    """
    key = caller(router, Permission.READ_SETUP)
    rule = rules.fetch(key.account_id, rule_id)
    members = _members(key.account_id)
    others, complete = _others(rule, members)
    own = model.reach(rule, members)
    found = [
        _shown(other)
        for other in sorted(others, key=lambda one: one.rule_id)
        if other.rule_id != rule_id and model.meet(own, model.reach(other, members))
    ]
    return AdjacentRules(count=len(found), complete=complete, rules=found)


def _others(rule: Rule, members: model.Groups) -> tuple[Iterable[Rule], bool]:
    places = model.places_beside(rule, members)
    if places is None or len(places) > MOST_PLACES:
        return adjacency.of_account(rule.account_id, most=MOST_READ)
    return adjacency.at_places(rule.account_id, places, most=MOST_READ)


def _members(account_id: str) -> model.Groups:
    """Return the single lists of each grouped opt-out list."""
    members: dict[str, set[str]] = {}
    for list_id, held_by in groups.holding(account_id).items():
        for group in held_by:
            members.setdefault(group, set()).add(list_id)
    return members


def _shown(rule: Rule) -> AdjacentRule:
    return AdjacentRule(
        rule_id=rule.rule_id,
        name=rule.name,
        level=rule.level,
        container_id=rule.container_id,
        trigger=rule.trigger,
        status=rule.status,
    )
