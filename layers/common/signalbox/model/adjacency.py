"""Adjacent rules: those that can fire for one and the same event.

Triggers, levels, containers and settings decide; conditions are not looked at, since what they ask
may be true of any event. So two rules that are adjacent can fire together, and two that are not
never do.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Final, NamedTuple

from signalbox.model.container import ContainerKind
from signalbox.model.event import Event
from signalbox.model.rule import Rule
from signalbox.model.trigger import (
    OF_CONTAINERS,
    OF_TAGS,
    ON_LISTS,
    Level,
    Place,
    Trigger,
    triggers,
)

Groups = Mapping[str, Collection[str]]
"""The ids of the single lists in each grouped opt-out list, by the id of the group."""

_ANYWHERE: Final = ("", *ContainerKind)
_OF_LISTS: Final = frozenset({Trigger.SUBSCRIBE, Trigger.UNSUBSCRIBE})
_ON_EVENTS: Final = ("", "")


class Reach(NamedTuple):
    """Which events can wake a rule; None for any.

    `sorts` are pairs of an event's kind and the kind of container in which it happens.
    """

    sorts: frozenset[tuple[str, str]]
    names: frozenset[str] | None
    lists: frozenset[str] | None
    mailers: frozenset[str] | None
    tags: frozenset[str] | None
    contact_kinds: frozenset[str] | None


def can_fire_together(one: Rule, other: Rule, groups: Groups) -> bool:
    """Tell whether there can be an event that wakes both rules."""
    return meet(reach(one, groups), reach(other, groups))


def reach(rule: Rule, groups: Groups) -> Reach:
    """Return which events can wake a rule."""
    asked = rule.settings
    lists = {rule.container_id} if rule.container_id else set(asked.lists)
    within = {one for wanted in lists for one in groups.get(wanted, ())}
    named = rule.trigger is Trigger.EVENT_RECORDED
    return Reach(
        sorts=_sorts(rule.trigger, rule.level, asked.contact_kind),
        names=frozenset({asked.event_name}) if named else None,
        lists=_any_of(lists | within),
        mailers=_any_of(asked.mailers),
        tags=_any_of(asked.tags),
        contact_kinds=_any_of([asked.contact_kind] if asked.contact_kind else []),
    )


def meet(one: Reach, other: Reach) -> bool:
    """Tell whether there can be an event that both reach."""
    return not one.sorts.isdisjoint(other.sorts) and all(
        mine is None or theirs is None or not mine.isdisjoint(theirs)
        for mine, theirs in zip(one[1:], other[1:], strict=True)
    )


def places_beside(rule: Rule, groups: Groups) -> list[Place] | None:
    """Return where every rule stands that can fire with this one; None where that is anywhere.

    A rule on one setting alone may be met by any rule on another one, as one on a list by rules on
    any mailer.
    """
    own = reach(rule, groups)
    if rule.trigger is Trigger.EVENT_RECORDED:
        return [Place(rule.trigger, rule.settings.event_name)]
    found: list[Place] = []
    for trigger in Trigger:
        if own.sorts.isdisjoint(_sorts(trigger, Level.PROJECT, "")):
            continue
        settings = _settings_beside(trigger, own, groups)
        if settings is None:
            return None
        found += [Place(trigger, setting) for setting in settings]
    return found


def _settings_beside(trigger: Trigger, own: Reach, groups: Groups) -> list[str] | None:
    settings = [""]
    if trigger in ON_LISTS:
        if own.lists is None or own.mailers is None:
            return None
        holding = {group for group, lists in groups.items() if not own.lists.isdisjoint(lists)}
        settings += [f"list:{one}" for one in sorted(own.lists | holding)]
        settings += [f"mailer:{one}" for one in sorted(own.mailers)]
    if trigger in OF_TAGS:
        if own.tags is None:
            return None
        settings += [f"tag:{one}" for one in sorted(own.tags)]
    return settings


@cache
def _sorts(trigger: Trigger, level: Level, contact_kind: str) -> frozenset[tuple[str, str]]:
    """Return the sorts of events that have this trigger at this level."""
    if trigger is Trigger.EVENT_RECORDED:
        return frozenset({_ON_EVENTS})
    return frozenset(
        (str(kind), str(container))
        for kind in Trigger
        for container in (_ANYWHERE if level is Level.PROJECT else (level,))
        if _happens(kind, container, contact_kind) and trigger in triggers(_event(kind, container))
    )


def _happens(kind: Trigger, container: str, contact_kind: str) -> bool:
    """Tell whether events of a kind happen in a kind of container (`model.change`)."""
    if kind is Trigger.EVENT_RECORDED:
        return False
    if kind in _OF_LISTS:
        return container == ContainerKind.LIST
    if kind not in OF_CONTAINERS:
        return True
    if container in ("", ContainerKind.LIST):
        return False
    return not contact_kind or ContainerKind(container).contact_kind == contact_kind


def _event(kind: str, container: str) -> Event:
    properties = {"container": container}
    return Event("", "", kind, 0, 0, "", properties=properties, kind=kind)


def _any_of(wanted: Collection[str]) -> frozenset[str] | None:
    return frozenset(wanted) or None
