"""Why a rule fired for an event of a contact, or did not."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from signalbox import conditions
from signalbox.model import explanation
from signalbox.model.contact import Contact
from signalbox.model.dispatch import DispatchRecord
from signalbox.model.errors import InvalidError
from signalbox.model.event import Event
from signalbox.model.explanation import Circumstances, Step, Turn
from signalbox.model.permission import Permission
from signalbox.model.rule import Rule
from signalbox.model.rule_log import row_of
from signalbox.model.trigger import OPT_OUT_LISTS, Trigger
from signalbox.store import (
    contacts,
    dispatches,
    event_names,
    groups,
    once,
    rule_log,
    rules,
    tracking,
)

from .requests import Shown, answers, caller, now_ms
from .rule_log import RowShown, shown_row
from .rules import RuleId

router = Router()
ContactId = Annotated[str, Query(pattern="^[0-9]{1,16}$", description="Whose event it is")]
EntryId = Annotated[
    str, Query(max_length=64, description="The event's `entry_id` in the contact's activities")
]


class StepShown(Shown):
    """One thing that must be so for the rule to fire, and what was found.

    Each of the `alternatives` of an `$or` is a list of such steps, all of which must be met.
    """

    what: str
    wanted: str
    found: Any
    met: bool
    alternatives: list[list[dict[str, Any]]]


class Explanation(Shown):
    """Whether the rule fired for the event, and every step on the way.

    `fired` says what happened, `would_fire` whether all steps are met as of `explained_ms`: rule,
    contact and event names as they are now. The steps are those of the version of the rule that
    fired or, where none did, of today's; `changed_since` tells that the rule was written again after
    the event came.
    """

    rule_id: str
    rule_version: int
    contact_id: str
    entry_id: str
    event_name: str
    kind: str
    at_ms: int
    fired: bool
    would_fire: bool
    changed_since: bool
    explained_ms: int
    dispatches: list[RowShown]
    steps: list[StepShown]


@router.get("/rules/<rule_id>/explanation", responses=answers("The explanation", 404))
def explain(rule_id: RuleId, contact_id: ContactId, entry_id: EntryId) -> Explanation:
    """Say why a rule fired for an event or a change of a contact, or why it did not."""
    key = caller(router, Permission.READ_PEOPLE)
    standing = rules.fetch(key.account_id, rule_id)
    entry = tracking.fetch_any(key.account_id, entry_id)
    if entry.contact_id != contact_id:
        raise InvalidError("entry_id", "is of another contact")
    event = explanation.event_of(entry)
    due = dispatches.find_many(explanation.causes(rule_id, contact_id, event))
    rule = _as_it_was(standing, due)
    fired = explanation.has_fired(due)
    steps = steps_of(rule, event, contacts.fetch(key.account_id, contact_id), fired=fired)
    return Explanation(
        rule_id=rule_id,
        rule_version=rule.version,
        contact_id=contact_id,
        entry_id=entry_id,
        event_name=event.name,
        kind=event.kind,
        at_ms=event.at_ms,
        fired=fired,
        would_fire=all(step.met for step in steps),
        changed_since=standing.updated_ms > event.received_ms,
        explained_ms=now_ms(),
        dispatches=[
            shown_row(row_of(record, named))
            for record, named in zip(due, rule_log.rules_of(due), strict=True)
        ],
        steps=[shown_step(step) for step in steps],
    )


def _as_it_was(rule: Rule, due: list[DispatchRecord]) -> Rule:
    """Return the version of the rule that fired, with today's status."""
    fired = due[0].dispatch.rule_version if due else rule.version
    if fired == rule.version:
        return rule
    past = rules.fetch_version(rule.account_id, rule.rule_id, fired)
    return replace(past, status=rule.status)


def steps_of(rule: Rule, event: Event, contact: Contact, *, fired: bool = False) -> list[Step]:
    """Return what must be so for the rule to fire for an event of a contact, and what is."""
    name = rule.settings.event_name
    on_name = rule.trigger is Trigger.EVENT_RECORDED
    known = Circumstances(
        registered=not on_name or event_names.is_registered(rule.account_id, name),
        groups=_groups(event),
        findings=conditions.findings(rule, event, contact),
        turn=_turn(rule, event, contact.contact_id) if rule.once else None,
        fired=fired,
    )
    return explanation.steps(rule, event, known)


def _groups(event: Event) -> tuple[str, ...]:
    """Return the ids of the groups that hold the opt-out list of an event."""
    if not event.kind or event.properties.get("container") not in OPT_OUT_LISTS:
        return ()
    return groups.holding(event.account_id).get(event.properties.get("list_id", ""), ())


def _turn(rule: Rule, event: Event, contact_id: str) -> Turn | None:
    """Return when the contact's turn for a rule was taken, and whether this event took it."""
    taken = once.taken(rule.account_id, contact_id, rule.rule_id)
    if taken is None:
        return None
    own = explanation.check_of(rule.rule_id, contact_id, event)
    return Turn(taken.fired_ms, is_ours=taken.cause == own.key_hash)


def shown_step(step: Step) -> StepShown:
    """Return a step as the API shows it."""
    return StepShown(**asdict(step))
