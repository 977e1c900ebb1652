"""How a due dispatch is performed."""

import json
from dataclasses import replace

import pytest

from signalbox.model.account import Account
from signalbox.model.action import CallWebhook, SendEmail, action_from, kind_of, stored_action
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, SkipReason
from signalbox.model.event import Event
from signalbox.model.performing import iso, moot, unsendable, values_for, webhook_body
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.trigger import Level, Trigger, TriggerSettings

ACCOUNT = Account("100000001", "Test", mail_from="box@signalbox.example")
CONTACT = Contact("100000001", "7", "ada@signalbox.example", "Ada", fields={"SIZE": "9"})
MAIL = SendEmail("Hello", text="Hello")
HOOK = CallWebhook("https://hooks.example/in", {"x-a": "b"})
RULE = Rule(
    account_id="100000001",
    rule_id="r",
    name="Rule",
    level=Level.PROJECT,
    trigger=Trigger.EVENT_RECORDED,
    settings=TriggerSettings(event_name="download"),
    actions=(MAIL, HOOK),
    status=RuleStatus.ACTIVE,
    author="Ada",
    created_ms=1,
    updated_ms=1,
    version=3,
)
EVENT = Event(
    "100000001", "e", "download", 1_795_254_840_000, 2, "email:a@b.example", "v", {"p": 1}
)


@pytest.mark.parametrize(
    ("contact", "rule", "action", "reason"),
    [
        (CONTACT, RULE, 0, None),
        (None, RULE, 0, SkipReason.CONTACT_GONE),
        (CONTACT, None, 0, SkipReason.RULE_GONE),
        (CONTACT, replace(RULE, status=RuleStatus.DISABLED), 0, SkipReason.RULE_DISABLED),
        (CONTACT, replace(RULE, gone_actions=frozenset({1})), 1, SkipReason.ENDPOINT_GONE),
        (CONTACT, replace(RULE, gone_actions=frozenset({1})), 0, None),
    ],
)
def test_why_an_action_is_not_performed(contact, rule, action, reason):
    assert reason == moot(contact, rule, action)


@pytest.mark.parametrize(
    ("action", "account", "contact", "reason"),
    [
        (MAIL, ACCOUNT, CONTACT, None),
        (MAIL, ACCOUNT, replace(CONTACT, email=""), SkipReason.NO_EMAIL),
        (MAIL, ACCOUNT, replace(CONTACT, email="jürgen@b.de"), SkipReason.EMAIL_NOT_ASCII),
        (MAIL, ACCOUNT, replace(CONTACT, email="ada@bücher.de"), None),
        (MAIL, replace(ACCOUNT, mail_from=""), CONTACT, SkipReason.NO_SENDER),
        (replace(MAIL, sender="a@b.example"), replace(ACCOUNT, mail_from=""), CONTACT, None),
    ],
)
def test_why_no_mail_can_be_written(action, account, contact, reason):
    assert reason == unsendable(action, account, contact)


def test_a_webhook_says_what_happened_to_whom_and_why():
    """The body has the parts of Standard Webhooks: type, timestamp and data."""
    body = webhook_body(Dispatch("7", "r", 3, 1, EVENT), CONTACT, RULE)

    assert {
        "type": "event.recorded",
        "timestamp": "2026-11-21T09:54:00.000Z",
        "data": {
            "event": {
                "name": "download",
                "kind": "",
                "value": "v",
                "properties": {"p": 1},
                "at": "2026-11-21T09:54:00.000Z",
            },
            "contact": {
                "id": "7",
                "email": "ada@signalbox.example",
                "first_name": "Ada",
                "last_name": "",
                "phone": "",
                "fields": {"SIZE": "9"},
            },
            "rule": {"id": "r", "name": "Rule", "version": 3},
            "account_id": "100000001",
        },
    } == json.loads(body)


def test_tags_stand_for_the_contacts_facts():
    values = values_for(CONTACT, {"download": "v"})

    assert ("ada@signalbox.example", "Ada", "7", {"SIZE": "9"}, {"download": "v"}) == (
        values.email,
        values.first_name,
        values.contact_id,
        values.fields,
        values.events,
    )


def test_times_are_shown_to_the_millisecond():
    assert "1970-01-01T00:00:00.000Z" == iso(0)
    assert "2026-11-21T09:54:00.007Z" == iso(1_795_254_840_007)


@pytest.mark.parametrize(("action", "kind"), [(MAIL, "send_email"), (HOOK, "webhook")])
def test_an_action_is_stored_with_its_kind(action, kind):
    assert kind == kind_of(action)
    assert kind == stored_action(action)["kind"]
    assert action == action_from(stored_action(action))
