"""What the tests of the store write."""

from typing import Any

from signalbox.channels.webhook import new_secret
from signalbox.model.account import Account, WebhookSecret
from signalbox.model.action import CallWebhook, SendEmail
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome
from signalbox.model.event import Event
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.trigger import Level, Trigger, TriggerSettings

A, B = "100000001", "200000002"
NOW = 1_795_254_840_000  # 2026-11-21T09:54:00Z
MAIL = SendEmail("Hello", text="Hello")
HOOK = CallWebhook("https://hooks.example/in", {"x-a": "b"})


def account(account_id: str = A, **changes: Any) -> Account:
    """Return an account."""
    return Account(account_id, "Test", webhook_secrets=(WebhookSecret(new_secret()),), **changes)


def rule(
    rule_id: str = "1", account_id: str = A, *, event_name: str = "download", **changes: Any
) -> Rule:
    """Return a rule; `event_name` is the setting of its trigger."""
    facts: dict[str, Any] = {
        "name": "Rule",
        "level": Level.PROJECT,
        "trigger": Trigger.EVENT_RECORDED,
        "settings": TriggerSettings(event_name=event_name),
        "actions": (MAIL, HOOK),
        "status": RuleStatus.ACTIVE,
        "author": "Ada",
        "created_ms": NOW,
        "updated_ms": NOW,
    }
    return Rule(account_id=account_id, rule_id=rule_id, **(facts | changes))


def event(number: int = 0, account_id: str = A, **changes: Any) -> Event:
    """Return an event; its number tells it from others and is its millisecond."""
    facts: dict[str, Any] = {
        "event_id": f"e{number}",
        "name": "download",
        "at_ms": NOW + number,
        "received_ms": NOW + number,
        "address": "email:ada@signalbox.example",
        "value": f"v{number}",
    }
    return Event(account_id=account_id, **(facts | changes))


def record(number: int = 0, attempt: int = 1, **changes: Any) -> DispatchRecord:
    """Return a claim of a dispatch that `event(number)` caused."""
    facts: dict[str, Any] = {
        "dispatch": Dispatch("7", "1", 1, 0, event(number), attempt),
        "kind": "webhook",
        "outcome": Outcome.CLAIMED,
        "owner": "me",
        "lease_ms": NOW + 90_000,
        "changed_ms": NOW + number,
    }
    return DispatchRecord(**(facts | changes))
