"""Rules: a trigger and its settings, and the actions that it sets off, at a level."""

from dataclasses import dataclass
from enum import StrEnum

from signalbox.model.action import Action


class Level(StrEnum):
    """Where a rule is set."""

    PROJECT = "project"


class Trigger(StrEnum):
    """The kind of event that wakes a rule."""

    EVENT_RECORDED = "event_recorded"


class RuleStatus(StrEnum):
    """Whether a rule fires."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is stored.

    `event_name` is the setting of the trigger `event_recorded`. `gone_actions` are the numbers of
    the webhooks whose receivers answered 410 Gone; they rest until the rule is written again.
    """

    account_id: str
    rule_id: str
    name: str
    level: Level
    trigger: Trigger
    event_name: str
    actions: tuple[Action, ...]
    status: RuleStatus
    author: str
    created_ms: int
    updated_ms: int
    version: int = 1
    gone_actions: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Wakeable:
    """What a worker needs to know of an active rule to let it fire.

    A webhook is a rule here, too. It may limit itself to events that certain `sources` caused or
    that happened on one list; empty for no limit.
    """

    rule_id: str
    version: int
    actions: int
    sources: frozenset[str] = frozenset()
    list_id: str = ""
