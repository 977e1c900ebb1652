"""`signalbox rules`."""

import pytest

from cli import rules
from signalbox.model.container import Container, ContainerKind
from signalbox.model.tag import Tag
from signalbox.store import containers, tags
from tests.people import ACCOUNT_ID, MAIL


@pytest.fixture(name="rule")
def _rule(account) -> dict:
    return account.rule(MAIL, name="Send the file")


def test_the_list_shows_what_each_rule_does(stand, rule):
    heading, row = stand.lines("rules", "list")

    assert ["RULE ID", "STATUS", "ON", "ACTIONS", "NAME"] == [
        part.strip() for part in heading.split("  ") if part
    ]
    assert [rule["rule_id"], "active", "download", "send_email", "Send", "the", "file"] == (
        row.split()
    )


def test_programs_get_the_list_over_all_pages(stand, account, monkeypatch):
    monkeypatch.setattr(rules, "PAGE", 2)
    made = [account.rule(MAIL, name=f"rule {number}") for number in range(3)]

    assert {"rules": made} == stand.read("rules", "list")
    assert 2 == len(stand.server.requests)


def test_no_rules_say_so(stand):
    assert ["There are no rules."] == stand.lines("rules", "list")


def test_one_is_shown(stand, rule):
    lines = stand.lines("rules", "show", rule["rule_id"])

    assert [
        f"id        {rule['rule_id']}",
        "name      Send the file",
        "status    active",
        "level     project",
        "trigger   event_recorded 'download'",
        "action 0  send_email Your file, %FIRSTNAME%",
    ] == lines[:6]


def test_programs_get_one_as_the_api_tells_it(stand, rule):
    assert rule == stand.read("rules", "show", rule["rule_id"])


def test_a_rule_that_rests_says_why(stand, account, rule):
    account.call("DELETE", "/api/event-names/download")

    assert [
        "status    resting",
        "          the event name 'download' is not registered",
    ] == stand.lines("rules", "show", rule["rule_id"])[2:4]


def test_an_unknown_rule_is_refused(stand):
    result = stand.run("rules", "show", "7")

    assert (1, "signalbox: there is no rule 7\n") == (result.exit_code, result.stderr)


def test_rules_of_every_trigger_are_told(stand, account):
    """What wakes them, where, what narrows it, and what else must be so."""
    containers.create(Container(ACCOUNT_ID, ContainerKind.SMS_CAMPAIGN, "7", "Summer"))
    tags.create(Tag(ACCOUNT_ID, "8", "VIP"))
    tagged = account.rule(
        MAIL,
        trigger="contact_tag_added",
        trigger_settings={"tags": ["8"]},
        conditions={"contact": {"first_name": ["Ada"]}},
        once={"period_s": 60},
    )
    added = account.rule(
        MAIL,
        level="sms_campaign",
        container_id="7",
        trigger="contact_added",
        trigger_settings={"contact_kind": "phone"},
        once={"period_s": 0},
    )

    listed = stand.lines("rules", "list")
    assert "contact_tag_added" in listed[1]
    assert "contact_added on sms_campaign 7" in listed[2]
    first = stand.lines("rules", "show", tagged["rule_id"])
    assert [
        "trigger   contact_tag_added",
        "tags      8",
        'contact   {"first_name": ["Ada"]}',
        "once      in 60 s",
    ] == first[4:8]
    second = stand.lines("rules", "show", added["rule_id"])
    assert ["level", "sms_campaign", "7"] == second[3].split()
    assert ["contact", "kind", "phone"] == second[5].split()
    assert ["once", "for", "a", "contact"] == second[6].split()
