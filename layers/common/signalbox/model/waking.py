"""What a worker needs to know of active rules to let an event wake them."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from signalbox.model.event import Event
from signalbox.model.trigger import LEVELS, TriggerSettings

COMPILED = 2_000  # patterns that a process keeps compiled
NONE: frozenset[str] = frozenset()
NO_READER = frozenset({"machine", "scanner"})  # the verdicts about hits that wake nothing

Matches = Callable[[Mapping[str, Any]], bool]


class Wakeable(NamedTuple):
    """An active rule, as a place holds it.

    `level` is its number in the order of levels. A rule that is `checked` asks more than the event
    can answer, or acts later: the dispatching worker decides about it. `pattern` is the condition
    on the event as JSON, empty for none.

    A webhook is a rule here, too. It may limit itself to events that certain `sources` caused or
    that happened on one list; empty for no limit.
    """

    rule_id: str
    version: int
    actions: int
    sources: frozenset[str] = NONE
    list_id: str = ""
    level: int = 0
    checked: bool = False
    settings: TriggerSettings = TriggerSettings()
    pattern: str = ""


def in_order(rules: Mapping[str, Wakeable]) -> list[Wakeable]:
    """Return rules by id in the order in which they fire: by level, then by age."""
    return sorted(rules.values(), key=lambda rule: (rule.level, rule.rule_id))


def level_number(level: str) -> int:
    """Return the place of a level in the order of levels."""
    return LEVELS.index(level)


def fits(rule: Wakeable, event: Event) -> bool:
    """Tell whether the rule's own limits, its settings and its condition let the event fire it."""
    if rule.sources and event.initiated_from not in rule.sources:
        return False
    facts = event.properties
    if rule.list_id and facts.get("list_id") != rule.list_id:
        return False
    if event.kind and facts.get("verdict") in NO_READER:
        return False
    if event.kind and not _within(rule.settings, facts):
        return False
    return not rule.pattern or _compiled(rule.pattern)(document(event))


def document(event: Event) -> Mapping[str, Any]:
    """Return the event as conditions see it."""
    return {
        "name": event.name,
        "kind": event.kind,
        "value": event.value,
        "source": event.source,
        "initiated_from": event.initiated_from,
        "at_ms": event.at_ms,
        "properties": event.properties,
    }


def _within(settings: TriggerSettings, facts: Mapping[str, Any]) -> bool:
    """Tell whether an event of a kind is one of those that the settings ask for.

    Lists are not looked at: a rule on lists stands at their places alone (`trigger.places_of`).
    """
    kind = settings.contact_kind
    if kind and facts.get("contact_kind") != kind:
        return False
    if settings.mailers and facts.get("mailer_id") not in settings.mailers:
        return False
    if settings.tags and facts.get("tag_id") not in settings.tags:
        return False
    return not settings.fields or not set(settings.fields).isdisjoint(facts.get("changed", ()))


@lru_cache(COMPILED)
def _compiled(pattern: str) -> Matches:
    from signalbox.model.pattern import compiled  # noqa: PLC0415 few rules have conditions

    return compiled(json.loads(pattern))
