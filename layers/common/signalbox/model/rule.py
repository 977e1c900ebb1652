"""Rules: a trigger and its settings, conditions, and the actions that they set off, at a level."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from signalbox.model.action import Action
from signalbox.model.trigger import Level, Place, Trigger, TriggerSettings, places_of
from signalbox.model.waiting import Wait
from signalbox.model.waking import Wakeable, level_number
from signalbox.model.wire import packed

MOST_ACTIONS = 20


class RuleStatus(StrEnum):
    """Whether a rule fires."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class PastEvents:
    """A condition on what the contact did before: how often, within which time.

    Counted are the events of this name or of this kind, one of which is empty, in the `within_s`
    seconds before the event that wakes the rule, those alone that meet the pattern. `at_most` is -1
    for no limit.
    """

    within_s: int
    name: str = ""
    kind: str = ""
    at_least: int = 1
    at_most: int = -1
    pattern: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be true beside the trigger: patterns (`model.pattern`) and counts; all of it.

    `event` is about the event, `contact` about the contact, its tags and memberships.
    """

    event: Mapping[str, Any] = field(default_factory=dict)
    contact: Mapping[str, Any] = field(default_factory=dict)
    past_events: tuple[PastEvents, ...] = ()

    @property
    def ask_the_contact(self) -> bool:
        """Tell whether the event alone cannot answer."""
        return bool(self.contact or self.past_events)


@dataclass(frozen=True, slots=True)
class Once:
    """A limit: fire once for a contact, or once within `period_s` seconds where that is not 0."""

    period_s: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is stored.

    `container_id` is the campaign or opt-out list at which it is set, empty at project level.
    `waits` holds, by the number of an action, what it waits for. `gone_actions` are the numbers of
    the webhooks whose receivers answered 410 Gone; they rest until the rule is written again.
    """

    account_id: str
    rule_id: str
    name: str
    level: Level
    trigger: Trigger
    settings: TriggerSettings
    actions: tuple[Action, ...]
    status: RuleStatus
    author: str
    created_ms: int
    updated_ms: int
    version: int = 1
    gone_actions: frozenset[int] = frozenset()
    container_id: str = ""
    conditions: Conditions = Conditions()
    once: Once | None = None
    waits: Mapping[int, Wait] = field(default_factory=dict)

    @property
    def places(self) -> list[Place]:
        """Return where events look for it."""
        return places_of(self.trigger, self.settings, self.container_id)

    @property
    def checked(self) -> bool:
        """Tell whether the dispatching worker decides about it, once for all its actions."""
        return bool(self.conditions.ask_the_contact or self.once or self.waits)

    def wakeable(self) -> Wakeable:
        """Return what a worker needs to know of it."""
        return Wakeable(
            rule_id=self.rule_id,
            version=self.version,
            actions=len(self.actions),
            level=level_number(self.level),
            checked=self.checked,
            settings=self.settings._replace(event_name="", lists=()),
            pattern=packed(self.conditions.event) if self.conditions.event else "",
        )
