"""Rules as they are sent and shown."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from signalbox.model.action import PingUrl
from signalbox.model.container import ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.rule import MOST_ACTIONS, Conditions, Once, PastEvents, Rule, RuleStatus
from signalbox.model.trigger import Level, Trigger, TriggerSettings
from signalbox.store import containers, event_names
from signalbox.store.rules import stored_steps

from .requests import Sent, Shown
from .rule_actions import AnyAction

MOST_SETTINGS = 20  # a rule stands at a place for each; a change leaves as many others
LONGEST_WINDOW_S = 400 * 86_400  # as long as the log is kept
ContainerId = Annotated[str, Field(pattern="^[0-9]{0,16}$")]
Id = Annotated[str, Field(pattern="^[0-9]{1,16}$")]
LONGEST_NAME = 128
RuleName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Ids = Annotated[list[Id], Field(max_length=MOST_SETTINGS, default_factory=list)]
EventName = Annotated[str, Field(max_length=event_names.LONGEST_NAME)]
Pattern = Annotated[
    dict[str, Any],
    Field(default_factory=dict, description="An event pattern; see docs/patterns.md"),
]


class TriggerSettingsSent(Sent):
    """What narrows the trigger; whatever is empty stands for all.

    `event_recorded` needs an `event_name`; `fields` are those that an `update` must have changed.
    """

    event_name: EventName = ""
    lists: Ids
    mailers: Ids
    contact_kind: Literal["", "email", "phone"] = ""
    tags: Ids
    fields: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=80)]],
        Field(max_length=MOST_SETTINGS, default_factory=list),
    ]

    def settings(self) -> TriggerSettings:
        """Return them as the model has them."""
        return TriggerSettings(
            event_name=self.event_name,
            lists=tuple(self.lists),
            mailers=tuple(self.mailers),
            contact_kind=self.contact_kind,
            tags=tuple(self.tags),
            fields=tuple(self.fields),
        )


class PastEventsSent(Sent):
    """How often something happened with the contact in the time before; a name or a kind."""

    within_s: Annotated[int, Field(strict=True, ge=1, le=LONGEST_WINDOW_S)]
    name: EventName = ""
    kind: Trigger | Literal[""] = ""
    at_least: Annotated[int, Field(strict=True, ge=0, le=1_000)] = 1
    at_most: Annotated[int, Field(strict=True, ge=-1, le=1_000, description="-1 for no limit")] = -1
    pattern: Pattern

    @model_validator(mode="after")
    def _names_one(self) -> "PastEventsSent":
        if bool(self.name) == bool(self.kind):
            raise ValueError("give either a name or a kind")
        return self


class ConditionsSent(Sent):
    """What must be true beside the trigger; all of it."""

    event: Pattern
    contact: Pattern
    past_events: Annotated[list[PastEventsSent], Field(max_length=5, default_factory=list)]

    def conditions(self) -> Conditions:
        """Return them as the model has them."""
        past = tuple(PastEvents(**one.model_dump()) for one in self.past_events)
        return Conditions(event=self.event, contact=self.contact, past_events=past)


class OnceSent(Sent):
    """Fire once for a contact, or once within `period_s` seconds where that is not 0."""

    period_s: Annotated[int, Field(strict=True, ge=0, le=LONGEST_WINDOW_S)] = 0


class RuleContent(Sent):
    """What a rule does and when, wherever it is set."""

    trigger: Trigger
    trigger_settings: Annotated[TriggerSettingsSent, Field(default_factory=TriggerSettingsSent)]
    conditions: Annotated[ConditionsSent, Field(default_factory=ConditionsSent)]
    once: OnceSent | None = None
    actions: Annotated[list[AnyAction], Field(min_length=1, max_length=MOST_ACTIONS)]

    def limit(self) -> Once | None:
        """Return the limit as the model has it."""
        return Once(self.once.period_s) if self.once else None


class RuleWanted(RuleContent):
    """A rule as its author wants it; `container_id` is the campaign or list of its level."""

    name: RuleName
    level: Level = Level.PROJECT
    container_id: ContainerId = ""
    status: RuleStatus = RuleStatus.ACTIVE


class RuleShown(Shown):
    """A rule; `resting_because` says why an active rule, or an action of it, does not fire."""

    rule_id: str
    name: str
    level: Level
    container_id: str
    trigger: Trigger
    trigger_settings: dict[str, Any]
    conditions: dict[str, Any]
    once: dict[str, int] | None
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


def shown(rule: Rule) -> RuleShown:
    """Return a rule as the API shows it, in the form in which it can be sent again."""
    return RuleShown(
        rule_id=rule.rule_id,
        name=rule.name,
        level=rule.level,
        container_id=rule.container_id,
        trigger=rule.trigger,
        trigger_settings=_settings_shown(rule.settings),
        conditions=_conditions_shown(rule.conditions),
        once=asdict(rule.once) if rule.once else None,
        actions=stored_steps(rule),
        status=rule.status,
        author=rule.author,
        created_ms=rule.created_ms,
        updated_ms=rule.updated_ms,
        version=rule.version,
        resting_because=_resting(rule),
    )


def content_of(rule: Rule) -> dict[str, Any]:
    """Return what a rule does and when, as `RuleContent` reads it."""
    return {
        "trigger": str(rule.trigger),
        "trigger_settings": _settings_shown(rule.settings),
        "conditions": _conditions_shown(rule.conditions),
        "once": asdict(rule.once) if rule.once else None,
        "actions": stored_steps(rule),
    }


def wanted_of(content: Mapping[str, Any], **facts: Any) -> RuleWanted:
    """Return the rule that content which was kept makes with further facts.

    Raises:
        InvalidError: it is no longer what a rule can be.
    """
    try:
        return RuleWanted.model_validate({**content, **facts})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidError(field, first["msg"]) from error


def _settings_shown(settings: TriggerSettings) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings._asdict().items()
        if value
    }


def _conditions_shown(conditions: Conditions) -> dict[str, Any]:
    found = {name: value for name, value in asdict(conditions).items() if value}
    if "past_events" in found:
        found["past_events"] = list(found["past_events"])
    return found


def _receiver(rule: Rule, number: int) -> str:
    """Say who it was that an action called."""
    is_ping = isinstance(rule.actions[number], PingUrl)
    return "the pinged URL" if is_ping else "the webhook's receiver"


def _resting(rule: Rule) -> list[str]:
    reasons = [
        f"action {number}: {_receiver(rule, number)} answered 410 Gone"
        for number in sorted(rule.gone_actions)
    ]
    if rule.level is not Level.PROJECT:
        kind = ContainerKind(rule.level)
        if containers.find(rule.account_id, kind, rule.container_id) is None:
            reasons.append(f"the {containers.noun(kind)} {rule.container_id} is gone")
    name = rule.settings.event_name
    if name and not event_names.is_registered(rule.account_id, name):
        reasons.append(f"the event name {name!r} is not registered")
    return reasons
