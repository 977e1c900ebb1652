"""Rules."""

import secrets
from dataclasses import replace
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from signalbox.channels import webhook
from signalbox.environment import environment
from signalbox.model.action import Action, CallWebhook, SendEmail, stored_action
from signalbox.model.credential import Key
from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.model.rule import Level, Rule, RuleStatus, Trigger
from signalbox.people import checked_email
from signalbox.store import event_names, rules

from .requests import After, Limit, Sent, Shown, answers, caller, check_size, now_ms

router = Router()
RuleId = Annotated[str, Path(max_length=64)]
Content = Annotated[str, Field(max_length=100_000)]


class EmailAction(Sent):
    """Write an e-mail to the contact; the texts may hold personalisation tags."""

    kind: Literal["send_email"]
    subject: Annotated[str, Field(min_length=1, max_length=998)]
    html: Content = ""
    text: Content = ""
    sender: Annotated[str, Field(description="Else the account's `mail_from`")] = ""
    sender_name: Annotated[str, Field(max_length=128)] = ""
    reply_to: str = ""


class WebhookAction(Sent):
    """Tell another system by a signed POST; the URL may hold personalisation tags."""

    kind: Literal["webhook"]
    url: Annotated[str, Field(min_length=8, max_length=2048)]
    headers: Annotated[dict[str, str], Field(max_length=20, default_factory=dict)]


AnyAction = Annotated[EmailAction | WebhookAction, Field(discriminator="kind")]


class TriggerSettings(Sent):
    """What narrows the trigger: for `event_recorded` the registered name."""

    event_name: Annotated[str, Field(min_length=1, max_length=event_names.LONGEST_NAME)]


class RuleWanted(Sent):
    """A rule as its author wants it."""

    name: Annotated[str, Field(min_length=1, max_length=128)]
    level: Level = Level.PROJECT
    trigger: Trigger
    trigger_settings: TriggerSettings
    actions: Annotated[list[AnyAction], Field(min_length=1, max_length=20)]
    status: RuleStatus = RuleStatus.ACTIVE


class RuleShown(Shown):
    """A rule; `resting_because` says why an active rule, or an action of it, does not fire."""

    rule_id: str
    name: str
    level: Level
    trigger: Trigger
    trigger_settings: TriggerSettings
    actions: list[dict[str, Any]]
    status: RuleStatus
    author: str
    created_ms: int
    updated_ms: int
    version: int
    resting_because: list[str]


class RuleList(Shown):
    """A page of rules, oldest first; `next` asks for the page after it."""

    rules: list[RuleShown]
    next: str


@router.get("/rules", responses=answers("A page of rules"))
def of_account(limit: Limit = 50, after: After = "") -> RuleList:
    """List the rules."""
    key = caller(router, Permission.READ_SETUP)
    page = rules.of_account(key.account_id, limit=limit, after=after)
    found = [rules.rule_from(item, key.account_id) for item in page.items]
    return RuleList(rules=[_shown(rule) for rule in found], next=page.last[1] if page.last else "")


@router.post("/rules", status_code=201, responses=answers("The rule", 409, status=201))
def create(wanted: RuleWanted) -> RuleShown:
    """Write a new rule; it fires from now on. Its event name must be registered."""
    key = _author(wanted)
    _check_name(key, wanted)
    now = now_ms()
    rule = Rule(
        account_id=key.account_id,
        rule_id=f"{now:013d}{secrets.randbelow(1000):03d}",
        name=wanted.name,
        level=wanted.level,
        trigger=wanted.trigger,
        event_name=wanted.trigger_settings.event_name,
        actions=tuple(_action(number, sent) for number, sent in enumerate(wanted.actions)),
        status=wanted.status,
        author=key.name,
        created_ms=now,
        updated_ms=now,
    )
    rules.create(rule)
    return _shown(rule)


@router.get("/rules/<rule_id>", responses=answers("The rule", 404))
def read(rule_id: RuleId) -> RuleShown:
    """Return a rule."""
    key = caller(router, Permission.READ_SETUP)
    return _shown(rules.fetch(key.account_id, rule_id))


@router.put("/rules/<rule_id>", responses=answers("The rule", 404, 409))
def change(rule_id: RuleId, wanted: RuleWanted) -> RuleShown:
    """Write the next version of a rule. What is under way is performed as its version said."""
    key = _author(wanted)
    standing = rules.fetch(key.account_id, rule_id)
    _check_name(key, wanted)
    changed = replace(
        standing,
        name=wanted.name,
        level=wanted.level,
        trigger=wanted.trigger,
        event_name=wanted.trigger_settings.event_name,
        actions=tuple(_action(number, sent) for number, sent in enumerate(wanted.actions)),
        status=wanted.status,
        updated_ms=now_ms(),
        gone_actions=frozenset(),
    )
    return _shown(rules.save(changed, since=standing))


@router.delete("/rules/<rule_id>", status_code=204, responses=answers("Deleted", 404, status=204))
def delete(rule_id: RuleId) -> None:
    """Delete a rule; what it has under way is skipped."""
    key = caller(router, Permission.WRITE_PROJECT_RULES)
    rules.delete(rules.fetch(key.account_id, rule_id))


def _author(wanted: RuleWanted) -> Key:
    """Return the caller; rules at project level are for the global admin."""
    key = caller(router, Permission.WRITE_PROJECT_RULES)  # every level so far is the project's
    check_size([action.model_dump() for action in wanted.actions], "actions")
    return key


def _check_name(key: Key, wanted: RuleWanted) -> None:
    name = wanted.trigger_settings.event_name
    if not event_names.is_registered(key.account_id, name):
        raise InvalidError(
            "trigger_settings.event_name",
            f"{name!r} is not registered; register it first (POST /api/event-names)",
        )


def _action(number: int, sent: EmailAction | WebhookAction) -> Action:
    where = f"actions.{number}"
    match sent:
        case EmailAction():
            return _email(sent, where)
        case WebhookAction():
            webhook.check(sent.url, sent.headers, environment().webhook_allowed_hosts, field=where)
            return CallWebhook(url=sent.url, headers=sent.headers)


def _email(sent: EmailAction, where: str) -> SendEmail:
    if not (sent.html or sent.text):
        raise InvalidError(f"{where}.text", "must not be empty where there is no html either")
    addresses = {
        name: checked_email(address, field=f"{where}.{name}") if address else ""
        for name, address in (("sender", sent.sender), ("reply_to", sent.reply_to))
    }
    return SendEmail(
        subject=sent.subject,
        html=sent.html,
        text=sent.text,
        sender_name=sent.sender_name,
        **addresses,
    )


def _shown(rule: Rule) -> RuleShown:
    return RuleShown(
        rule_id=rule.rule_id,
        name=rule.name,
        level=rule.level,
        trigger=rule.trigger,
        trigger_settings=TriggerSettings(event_name=rule.event_name),
        actions=[stored_action(action) for action in rule.actions],
        status=rule.status,
        author=rule.author,
        created_ms=rule.created_ms,
        updated_ms=rule.updated_ms,
        version=rule.version,
        resting_because=_resting(rule),
    )


def _resting(rule: Rule) -> list[str]:
    reasons = [
        f"action {number}: the webhook's receiver answered 410 Gone"
        for number in sorted(rule.gone_actions)
    ]
    if not event_names.is_registered(rule.account_id, rule.event_name):
        reasons.append(f"the event name {rule.event_name!r} is not registered")
    return reasons
