"""The rule log: what rules did, told without what is personal about whom they did it for."""

import re
from dataclasses import dataclass
from typing import Final

from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome, SkipReason
from signalbox.model.event import TOO_LARGE
from signalbox.model.retries import Fault, GiveUpReason
from signalbox.model.trigger import Trigger

# What a detail may begin with that says nothing of anybody: words of ours, an HTTP status, a code of
# AWS's in front of its message. Whatever else a detail says may quote an address or a value.
WORDS: Final = frozenset({*SkipReason, *Fault, *GiveUpReason, TOO_LARGE})
_PLAIN: Final = re.compile(r"HTTP [0-9]{3}|queued [0-9]+ actions")
_CODE: Final = re.compile(r"((?:[A-Z][a-z]+){2,8}): ")


@dataclass(frozen=True, slots=True)
class LogRow:
    """A dispatch that came to an outcome, as the rule log has it.

    Level, container, trigger and name are those of the version of the rule that fired. A webhook
    counts as a rule of the project; one that was deleted has no name.
    """

    dispatch_id: str
    at_ms: int
    contact_id: str
    level: str
    container_id: str
    trigger: str
    rule_id: str
    rule_name: str
    rule_version: int
    event_name: str
    kind: str
    outcome: Outcome
    detail: str
    response_status: int
    attempt: int
    test: bool


@dataclass(frozen=True, slots=True)
class RuleNamed:
    """What the log tells of the version of a rule that made a dispatch."""

    name: str
    level: str
    container_id: str
    trigger: str


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows somebody wants to see; whatever is empty stands for all. Both times count in."""

    since_ms: int = 0
    until_ms: int = 0
    rule_id: str = ""
    level: str = ""
    trigger: str = ""
    kind: str = ""
    outcome: str = ""
    test: bool | None = None

    def wants(self, record: DispatchRecord) -> bool:
        """Tell whether a dispatch may be wanted, before anything is known of its rule."""
        dispatch = record.dispatch
        pairs = (
            (self.rule_id, dispatch.rule_id),
            (self.kind, record.kind),
            (self.outcome, record.outcome),
        )
        if record.outcome is Outcome.CLAIMED or record.changed_ms < self.since_ms:
            return False
        if self.until_ms and record.changed_ms > self.until_ms:
            return False
        if self.test is not None and dispatch.test is not self.test:
            return False
        return all(not wanted or wanted == found for wanted, found in pairs)

    def wants_rule(self, rule: RuleNamed) -> bool:
        """Tell whether a dispatch of this rule is wanted."""
        pairs = ((self.level, rule.level), (self.trigger, rule.trigger))
        return all(not wanted or wanted == found for wanted, found in pairs)


def row_of(record: DispatchRecord, rule: RuleNamed) -> LogRow:
    """Return the row of a dispatch."""
    dispatch = record.dispatch
    return LogRow(
        dispatch_id=dispatch.dispatch_id,
        at_ms=record.changed_ms,
        contact_id=dispatch.contact_id,
        level=rule.level,
        container_id=rule.container_id,
        trigger=rule.trigger,
        rule_id=dispatch.rule_id,
        rule_name=rule.name,
        rule_version=dispatch.rule_version,
        event_name=dispatch.event.name,
        kind=record.kind,
        outcome=record.outcome,
        detail=public_detail(record.detail),
        response_status=record.response_status,
        attempt=dispatch.attempt,
        test=dispatch.test,
    )


def public_detail(detail: str) -> str:
    """Return of a dispatch's detail what cannot hold personal data; empty where nothing is left."""
    word = detail.partition(":")[0]
    if word in WORDS or _PLAIN.fullmatch(detail):
        return word
    code = _CODE.match(detail)
    return code[1] if code else ""


def trigger_of(dispatch: Dispatch) -> str:
    """Return what woke a rule of which nothing else is known."""
    return dispatch.event.kind or Trigger.EVENT_RECORDED
