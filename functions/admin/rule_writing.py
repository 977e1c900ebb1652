"""What a rule must be to be written: its settings fit its trigger, and what it names exists."""

import secrets
from collections.abc import Collection, Iterable
from typing import Any

from signalbox.model import pattern
from signalbox.model.action import Action
from signalbox.model.change import FACTS
from signalbox.model.container import ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.item_size import check_size
from signalbox.model.permission import Permission
from signalbox.model.rule import Rule
from signalbox.model.trigger import (
    CAMPAIGNS,
    OF_CONTAINERS,
    OF_MESSAGES,
    OF_TAGS,
    ON_LISTS,
    Level,
    Trigger,
)
from signalbox.model.waiting import Wait
from signalbox.store import containers, event_names, fields, mailers, rules, tags

from .requests import now_ms
from .rule_actions import action_from
from .rule_bodies import ConditionsSent, RuleContent, RuleWanted, TriggerSettingsSent

SETTINGS = "trigger_settings"
WITH_CONTACT_KIND = OF_CONTAINERS | {Trigger.OPT_IN, Trigger.OPT_OUT}
# Which triggers each setting narrows.
NARROWED: dict[str, Collection[Trigger]] = {
    "event_name": {Trigger.EVENT_RECORDED},
    "lists": ON_LISTS,
    "mailers": ON_LISTS,
    "contact_kind": WITH_CONTACT_KIND,
    "tags": OF_TAGS,
    "fields": {Trigger.UPDATE},
}


def permission_at(level: Level) -> Permission:
    """Return what writing rules of a level asks for (Opt-Intel: the project's are the admin's)."""
    if level is Level.PROJECT:
        return Permission.WRITE_PROJECT_RULES
    return Permission.WRITE_RULES


def write_new(account_id: str, author: str, wanted: RuleWanted) -> Rule:
    """Write a new rule and return it.

    Raises:
        InvalidError: it names the field and what is wrong with it.
    """
    check_rule(account_id, wanted)
    now = now_ms()
    rule = Rule(
        account_id=account_id,
        rule_id=new_rule_id(now),
        author=author,
        created_ms=now,
        updated_ms=now,
        **facts_of(account_id, wanted),
    )
    rules.create(rule)
    return rule


def new_rule_id(now: int) -> str:
    """Return an id for a rule; ids are in the order of age."""
    return f"{now:013d}{secrets.randbelow(1000):03d}"


def facts_of(account_id: str, wanted: RuleWanted) -> dict[str, Any]:
    """Return what the author decides of a rule; raise `InvalidError` for a faulty action."""
    return {
        "name": wanted.name,
        "level": wanted.level,
        "container_id": wanted.container_id,
        "trigger": wanted.trigger,
        "settings": wanted.trigger_settings.settings(),
        "conditions": wanted.conditions.conditions(),
        "once": wanted.limit(),
        "actions": actions_of(account_id, wanted),
        "waits": waits_of(wanted),
        "status": wanted.status,
    }


def check_rule(account_id: str, wanted: RuleWanted) -> None:
    """Look at all of a rule but its actions.

    Raises:
        InvalidError: it names the field and what is wrong with it.
    """
    _check_level(account_id, wanted)
    check_content(account_id, wanted)


def check_content(account_id: str, wanted: RuleContent) -> None:
    """Look at a rule's size, trigger, settings and conditions, wherever it is to be set."""
    check_size([action.model_dump() for action in wanted.actions], "actions")
    check_size(wanted.model_dump(), "body")
    _check_settings(account_id, wanted.trigger, wanted.trigger_settings)
    _check_conditions(wanted.conditions)


def actions_of(account_id: str, wanted: RuleContent) -> tuple[Action, ...]:
    """Return the actions; raise `InvalidError` where one cannot be performed."""
    return tuple(
        action_from(sent, f"actions.{number}", account_id)
        for number, sent in enumerate(wanted.actions)
    )


def waits_of(wanted: RuleContent) -> dict[int, Wait]:
    """Return, by the number of the action, what is waited for."""
    return {
        number: Wait(**sent.wait.model_dump())
        for number, sent in enumerate(wanted.actions)
        if sent.wait
    }


def _check_level(account_id: str, wanted: RuleWanted) -> None:
    if wanted.level is Level.PROJECT:
        if wanted.container_id:
            raise InvalidError("container_id", "must be empty at project level")
        return
    if wanted.trigger not in at_level(wanted.level):
        allowed = ", ".join(sorted(at_level(wanted.level)))
        raise InvalidError("trigger", f"does not happen at this level; what does: {allowed}")
    if wanted.trigger_settings.lists:
        raise InvalidError(f"{SETTINGS}.lists", "must be empty but at project level")
    kind = ContainerKind(wanted.level)
    known = wanted.container_id and containers.find(account_id, kind, wanted.container_id)
    if not known:
        raise InvalidError("container_id", f"is no {wanted.level.replace('_', ' ')}")


def at_level(level: Level) -> frozenset[Trigger]:
    """Return the triggers that a rule of this level may have."""
    if level is Level.PROJECT:
        return frozenset(Trigger)
    if level in CAMPAIGNS:
        return OF_CONTAINERS | OF_MESSAGES
    return OF_CONTAINERS | {Trigger.OPT_IN, Trigger.OPT_OUT}


def _check_settings(account_id: str, trigger: Trigger, sent: TriggerSettingsSent) -> None:
    for name, value in sent.model_dump().items():
        if value and trigger not in NARROWED[name]:
            raise InvalidError(f"{SETTINGS}.{name}", f"does not narrow {trigger}")
    if trigger is Trigger.EVENT_RECORDED:
        _check_event_name(account_id, sent.event_name)
    _check_ids("lists", sent.lists, _containers_among(account_id, sent.lists))
    _check_ids("mailers", sent.mailers, _mailers_among(account_id, sent.mailers))
    _check_ids("tags", sent.tags, tags.existing(account_id, sent.tags))
    _check_ids("fields", sent.fields, _facts_among(account_id, sent.fields))


def _check_event_name(account_id: str, name: str) -> None:
    if not name:
        raise InvalidError(f"{SETTINGS}.event_name", "must not be empty")
    if not event_names.is_registered(account_id, name):
        raise InvalidError(
            f"{SETTINGS}.event_name",
            f"{name!r} is not registered; register it first (POST /api/event-names)",
        )


def _containers_among(account_id: str, ids: Iterable[str]) -> set[str]:
    wanted = [(kind, one) for one in ids for kind in ContainerKind]
    return {one for _, one in containers.find_many(account_id, wanted)}


def _mailers_among(account_id: str, ids: Iterable[str]) -> set[str]:
    return {one for one in ids if mailers.find(account_id, one)}


def _facts_among(account_id: str, names: Iterable[str]) -> set[str]:
    """Return those of the names that an update can say it changed."""
    if set(names) <= set(FACTS):
        return set(FACTS)
    return {*FACTS, *(f"fields.{one.tag}" for one in fields.of_account(account_id))}


def _check_ids(setting: str, wanted: Iterable[str], existing: Collection[str]) -> None:
    for number, one in enumerate(wanted):
        if one not in existing:
            raise InvalidError(f"{SETTINGS}.{setting}.{number}", f"{one} does not exist")


def _check_conditions(sent: ConditionsSent) -> None:
    for name, wanted in (("event", sent.event), ("contact", sent.contact)):
        if wanted:
            pattern.check(wanted, field=f"conditions.{name}")
    for number, past in enumerate(sent.past_events):
        if past.pattern:
            pattern.check(past.pattern, field=f"conditions.past_events.{number}.pattern")
