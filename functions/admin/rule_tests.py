"""Test runs: what a rule would do for an event, shown, or done and marked as a test."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import Field

from signalbox.model import explanation, trial
from signalbox.model.account import Account
from signalbox.model.action import kind_of, summary
from signalbox.model.address import contact_address
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.errors import InvalidError
from signalbox.model.event import LARGEST_EVENT, Event
from signalbox.model.performing import due_ms
from signalbox.model.permission import Permission
from signalbox.model.rule import Rule
from signalbox.model.trial import Given
from signalbox.model.wire import packed
from signalbox.people import checked_email, phone_number
from signalbox.queues import ACTIONS
from signalbox.store import accounts, contacts, event_names, fields, rules, tracking

from .explanations import StepShown, shown_step, steps_of
from .rehearsal import rehearsed
from .requests import Sent, Shown, answers, caller, now_ms
from .rule_actions import LARGEST_PROPERTIES
from .rule_writing import permission_at
from .rules import RuleId

router = Router()
NOBODY: Final = "0"  # the id of a contact who is made up
LONGEST_VALUE: Final = 32_768
LARGEST_SENT: Final = 262_000  # of the 262,144 that EventBridge Scheduler carries to a further try
# What says nothing of an event that is tried: it did not come, so it is neither too early nor too deep.
NOT_ASKED: Final = frozenset({"created_ms", "depth"})


class EventTried(Sent):
    """An event that never happened.

    Without a `name` it has the one that the rule asks for. Of a change or a message, `properties`
    stand beside those that the rule's settings ask for, and in their place.
    """

    name: Annotated[str, Field(max_length=event_names.LONGEST_NAME)] = ""
    value: Annotated[str, Field(max_length=LONGEST_VALUE)] = ""
    properties: Annotated[dict[str, Any], Field(max_length=50, default_factory=dict)]


class TestWanted(Sent):
    """What to try a rule with: a past event (`entry_id`), or one that never happened.

    Without a `contact_id` the contact is made up of `values` alone. `values` stand in place of facts,
    by the names of placeholders or tags (`first_name`, `COMPANY`, `event.properties.price`). With
    `send` the actions are performed.
    """

    contact_id: Annotated[str, Field(pattern="^[0-9]{0,16}$")] = ""
    entry_id: Annotated[str, Field(max_length=64)] = ""
    event: EventTried | None = None
    values: Annotated[
        dict[
            Annotated[str, Field(min_length=1, max_length=300)],
            Annotated[str, Field(max_length=4096)],
        ],
        Field(max_length=50, default_factory=dict),
    ]
    send: Annotated[bool, Field(strict=True)] = False


class ActionTried(Shown):
    """What would come of an action.

    `outcome` is `done`, `skipped` or `failed`, as far as can be known, and `detail` says why;
    `due_ms` is when it would be due if the event came now; `shown` is what it says or changes. The
    `dispatch_id` is that of the action which was queued; empty where nothing was sent.
    """

    action: int
    kind: str
    summary: str
    outcome: Outcome
    detail: str
    due_ms: int
    dispatch_id: str
    shown: dict[str, Any]


class EventShown(Shown):
    """The event that the rule was tried with."""

    event_id: str
    name: str
    kind: str
    value: str
    properties: dict[str, Any]
    at_ms: int


class TestRun(Shown):
    """What came of trying a rule; `would_fire` tells whether all steps are met."""

    rule_id: str
    rule_version: int
    contact_id: str
    event: EventShown
    would_fire: bool
    steps: list[StepShown]
    actions: list[ActionTried]
    sent: bool


@router.post("/rules/<rule_id>/test", responses=answers("What came of it", 404))
def try_out(rule_id: RuleId, wanted: TestWanted) -> TestRun:
    """Say whether a rule would fire, and show what each of its actions would send or change.

    Nothing is written and nothing sent. With `send` every action is performed at once, whether the
    rule would fire or not, without its waits, also of a rule that is disabled; the log marks it as a
    test, and no turn of a rule with a limit is taken. Who may write the rule may do so.
    """
    key = caller(router, Permission.READ_PEOPLE)
    rule = rules.fetch(key.account_id, rule_id)
    if wanted.send:
        caller(router, permission_at(rule.level))
    contact = _contact(key.account_id, wanted)
    asked, given = _asked(rule, wanted, contact)
    tried = asked._replace(event_id=f"{trial.TEST}{secrets.token_hex(8)}", received_ms=now_ms())
    due = [
        Dispatch(contact.contact_id, rule_id, rule.version, n, tried, test=True, given=given)
        for n in range(len(rule.actions))
    ]
    if wanted.send and len(due[0].to_wire()) > LARGEST_SENT:
        said = f"are larger than {LARGEST_SENT} bytes as JSON in ASCII, the event with them"
        raise InvalidError("values", said)
    actions = _tried(due, rule, accounts.fetch(key.account_id), contact, sent=wanted.send)
    steps = [
        step
        for step in steps_of(rule, asked, trial.stand_in(contact, given))
        if step.what not in NOT_ASKED
    ]
    if wanted.send:
        ACTIONS.put(due)
    return TestRun(
        rule_id=rule_id,
        rule_version=rule.version,
        contact_id=wanted.contact_id,
        event=_shown(tried),
        would_fire=all(step.met for step in steps),
        steps=[shown_step(step) for step in steps],
        actions=actions,
        sent=wanted.send,
    )


def _contact(account_id: str, wanted: TestWanted) -> Contact:
    if wanted.contact_id:
        contact_address(wanted.contact_id)
        return contacts.fetch(account_id, wanted.contact_id)
    if wanted.send or wanted.entry_id:
        raise InvalidError("contact_id", "must not be empty")
    return Contact(account_id, NOBODY)


def _asked(rule: Rule, wanted: TestWanted, contact: Contact) -> tuple[Event, dict[str, str]]:
    """Return the event to try the rule with, and what stands in place of the contact's facts."""
    event = _past_event(rule, wanted) if wanted.entry_id else _new_event(rule, wanted, contact)
    given = trial.given(wanted.values, event.name)
    event = trial.with_given(event, given.event)
    trial.check_facts(event, "event.properties")
    if len(packed(dict(event.properties))) > LARGEST_PROPERTIES:
        said = f"is larger than {LARGEST_PROPERTIES} bytes as JSON in ASCII"
        raise InvalidError("event.properties", said)
    if event.is_too_large():
        raise InvalidError("event", f"is larger than {LARGEST_EVENT} bytes as JSON in ASCII")
    return event, _checked(given, rule.account_id)


def _past_event(rule: Rule, wanted: TestWanted) -> Event:
    if wanted.event:
        raise InvalidError("event", "must not stand beside an entry_id")
    entry = tracking.fetch_any(rule.account_id, wanted.entry_id)
    if entry.contact_id != wanted.contact_id:
        raise InvalidError("entry_id", "is of another contact")
    return explanation.event_of(entry)


def _new_event(rule: Rule, wanted: TestWanted, contact: Contact) -> Event:
    sample = trial.sample_event(rule, trial.TEST, contact, now_ms())
    sent = wanted.event
    if sent is None:
        return sample
    if sent.name and sample.kind:
        raise InvalidError("event.name", f"must be empty, for the rule is on {rule.trigger}")
    return sample._replace(
        name=sent.name or sample.name,
        value=sent.value,
        properties={**sample.properties, **sent.properties},
    )


def _checked(given: Given, account_id: str) -> dict[str, str]:
    """Return what is given in place of a contact's facts, as the store would have it."""
    facts = dict(given.contact)
    named = trial.fields_given(facts)
    known = {one.tag for one in fields.of_account(account_id)} if named else set()
    for tag in named:
        if tag not in known:
            raise InvalidError("values", f"there is no custom field {tag}")
    if facts.get("email"):
        facts["email"] = checked_email(facts["email"], field="values.email")
    if "phone" in facts:
        facts["phone_number"] = phone_number(facts["phone"]) if facts["phone"] else ""
    return facts


def _tried(
    due: Sequence[Dispatch], rule: Rule, account: Account, contact: Contact, *, sent: bool
) -> list[ActionTried]:
    found = []
    for dispatch in due:
        action = rule.actions[dispatch.action]
        result = rehearsed(action, dispatch, rule, account, contact)
        found.append(
            ActionTried(
                action=dispatch.action,
                kind=kind_of(action),
                summary=summary(action),
                outcome=result.outcome,
                detail=result.detail,
                due_ms=due_ms(replace(dispatch, test=False), rule, account, contact),
                dispatch_id=dispatch.dispatch_id if sent else "",
                shown=result.shown,
            )
        )
    return found


def _shown(event: Event) -> EventShown:
    return EventShown(
        event_id=event.event_id,
        name=event.name,
        kind=event.kind,
        value=event.value,
        properties=dict(event.properties),
        at_ms=event.at_ms,
    )
