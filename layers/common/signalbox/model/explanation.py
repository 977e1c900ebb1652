"""Why a rule fired for an event, or did not: step by step, what was asked and what was found.

The steps up to the rule's conditions are decided here, as the tracking worker decides them; together
they hold exactly where the event asks at a place where the rule stands and `waking.fits` lets it fire.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from signalbox.model.dispatch import CHECK, Dispatch, DispatchRecord, Outcome
from signalbox.model.event import DEEPEST_CHAIN, Event
from signalbox.model.log import LogEntry
from signalbox.model.pattern import Finding
from signalbox.model.rule import MOST_ACTIONS, Once, Rule, RuleStatus
from signalbox.model.trigger import Trigger, triggers
from signalbox.model.waking import NO_READER

CLOCKS_MS: Final = 1_000  # changes come with the second of their writing, not its millisecond


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be so for the rule to fire.

    `what` names it as the rule does (`trigger_settings.lists`, `conditions.event.value`); `wanted`
    is for people. `alternatives` are the steps of each branch of an `$or`, all of one of which must
    be met.
    """

    what: str
    wanted: str
    found: Any
    met: bool
    alternatives: tuple[tuple["Step", ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """When a rule with a limit last fired for a contact, and whether this event made it do so."""

    fired_ms: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What must be known beside the rule and the event.

    `registered` tells whether the rule's event name is, `groups` are the ids of the grouped opt-out
    lists that hold the list of the event, `findings` what came of the conditions, and `turn` is the
    contact's last, for a rule with a limit. A rule that `fired` saw the event, whenever it came.
    """

    registered: bool
    groups: Collection[str]
    findings: Iterable[Finding]
    turn: Turn | None
    fired: bool = False


def event_of(entry: LogEntry) -> Event:
    """Return the event that a log entry records; the log does not keep its depth."""
    return Event(
        account_id=entry.account_id,
        event_id=entry.event_id,
        name=entry.name,
        at_ms=entry.at_ms,
        received_ms=entry.received_ms,
        address=f"contact:{entry.contact_id}",
        value=entry.value,
        properties=entry.properties,
        source=entry.source,
        kind=entry.kind,
    )


def causes(rule_id: str, contact_id: str, event: Event) -> list[Dispatch]:
    """Return the dispatches, by id, that a rule can have made of an event: a check and actions."""
    numbers = range(MOST_ACTIONS)
    actions = (Dispatch(contact_id, rule_id, 0, number, event) for number in numbers)
    return [check_of(rule_id, contact_id, event), *actions]


def check_of(rule_id: str, contact_id: str, event: Event) -> Dispatch:
    """Return the check, by id, that a rule can have made of an event."""
    return Dispatch(contact_id, rule_id, 0, CHECK, event)


def has_fired(records: Iterable[DispatchRecord]) -> bool:
    """Tell whether the rule fired, by its dispatches: an action was due, or a check let it pass."""
    return any(
        record.dispatch.action != CHECK or record.outcome is Outcome.DONE for record in records
    )


def steps(rule: Rule, event: Event, known: Circumstances) -> list[Step]:
    """Return all steps, in the order in which they are decided."""
    found = [
        *_of_rule(rule, event, known),
        *fitting(rule, event, known.groups),
        Step("depth", f"at most {DEEPEST_CHAIN}", "the log holds nothing deeper", met=True),
        *(_of_finding(one) for one in known.findings),
    ]
    if rule.once:
        found.append(_of_limit(rule.once, event, known.turn))
    return found


def fitting(rule: Rule, event: Event, groups: Collection[str]) -> list[Step]:
    """Return the steps of trigger, level and trigger settings."""
    woken = triggers(event) if event.kind else [str(Trigger.EVENT_RECORDED)]
    found = [Step("trigger", rule.trigger, woken, met=rule.trigger in woken)]
    if rule.trigger == Trigger.EVENT_RECORDED:
        name = rule.settings.event_name
        found.append(Step("trigger_settings.event_name", name, event.name, met=event.name == name))
        return found
    lists = _known([event.properties.get("list_id"), *groups])
    if rule.container_id:
        wanted = f"{rule.level} {rule.container_id}"
        found.append(Step("level", wanted, lists, met=rule.container_id in lists))
    for name, asked, has in _settings(rule, event.properties, lists):
        if asked:
            met = not set(asked).isdisjoint(has)
            found.append(Step(f"trigger_settings.{name}", ", ".join(asked), has, met))
    verdict = event.properties.get("verdict")
    if verdict:
        found.append(Step("verdict", "a reader", verdict, met=verdict not in NO_READER))
    return found


def _settings(
    rule: Rule, facts: Mapping[str, Any], lists: Sequence[str]
) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Yield each setting's name, what it asks for (any of it), and what the event has of it."""
    asked = rule.settings
    if not rule.container_id:  # at a container it stands there alone, whatever lists it names
        yield "lists", asked.lists, lists
    yield "mailers", asked.mailers, _known([facts.get("mailer_id")])
    yield "contact_kind", _known([asked.contact_kind]), _known([facts.get("contact_kind")])
    yield "tags", asked.tags, _known([facts.get("tag_id")])
    yield "fields", asked.fields, list(facts.get("changed", ()))


def _of_rule(rule: Rule, event: Event, known: Circumstances) -> list[Step]:
    in_time = known.fired or rule.created_ms < event.received_ms + CLOCKS_MS
    found = [
        Step("status", RuleStatus.ACTIVE, rule.status, met=rule.status is RuleStatus.ACTIVE),
        Step("created_ms", f"not after {event.received_ms}", rule.created_ms, met=in_time),
    ]
    if rule.trigger == Trigger.EVENT_RECORDED:
        wanted = f"the event name {rule.settings.event_name!r} is registered"
        found.append(Step("registered", wanted, known.registered, met=known.registered))
    return found


def _of_finding(finding: Finding) -> Step:
    """Return the step of a condition; its path begins with what the condition is about."""
    about, _, path = finding.path.partition(".")
    return _of_condition(f"conditions.{about}", finding._replace(path=path))


def _of_condition(about: str, finding: Finding) -> Step:
    return Step(
        what=f"{about}.{finding.path}",
        wanted=finding.wanted,
        found=_plain(finding.found),
        met=finding.met,
        alternatives=tuple(
            tuple(_of_condition(about, one) for one in branch) for branch in finding.alternatives
        ),
    )


def _plain(value: Any) -> Any:
    """Return JSON as dicts and lists, whatever holds it."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _of_limit(limit: Once, event: Event, turn: Turn | None) -> Step:
    wanted = "the first time for this contact"
    if limit.period_s:
        wanted += f" in {limit.period_s} s"
    passed = turn is None or turn.is_ours
    if turn and limit.period_s:
        passed = passed or turn.fired_ms <= event.received_ms - limit.period_s * 1000
    return Step("once", wanted, _told(turn), met=passed)


def _told(turn: Turn | None) -> str:
    if turn is None:
        return "it never fired for this contact"
    return "this event" if turn.is_ours else f"another event, at {turn.fired_ms}"


def _known(ids: Iterable[str | None]) -> list[str]:
    return [one for one in ids if one]
