"""`signalbox log` and `signalbox rules why`."""

import pytest

from cli import rule_log
from tests.people import MAIL, work


@pytest.fixture(name="rule")
def _rule(account, cloud) -> dict:
    """A rule that fired, for the first event of Ada."""
    rule = account.rule(MAIL, name="Send the file")
    account.report()
    work(cloud)
    return rule


@pytest.fixture(name="unmet")
def _unmet(account, cloud) -> dict:
    """A rule that did not fire."""
    either = {"$or": [{"first_name": ["Bea"]}, {"last_name": ["B"]}]}
    rule = account.rule(MAIL, conditions={"event": {"value": ["x" * 80]}, "contact": either})
    account.report(eventdata="y" * 80)
    work(cloud)
    return rule


def asked(account) -> tuple[str, ...]:
    """Return the options that name Ada and her latest event."""
    ada = account.ada.contact_id
    happened = account.call("GET", f"/api/contacts/{ada}/activities")[1]
    return ("--contact", ada, "--entry", happened["events"][0]["entry_id"])


def test_the_log_shows_what_rules_did(stand, account, rule):
    heading, row = stand.lines("log")

    assert ["WHEN", "CONTACT", "RULE", "TRIGGER", "ACTION", "OUTCOME", "STATUS", "DETAIL"] == (
        heading.split()
    )
    assert [account.ada.contact_id, "Send", "the", "file", "download", "send_email", "done"] == (
        row.split()[2:]
    )


def test_programs_get_the_log_over_all_pages(stand, account, cloud, rule, monkeypatch):
    monkeypatch.setattr(rule_log, "PAGE", 1)
    account.report(eventdata="again")
    work(cloud)

    shown = stand.read("log")
    rows = account.call("GET", "/api/rule-log")[1]["rows"]

    assert ({"rows": rows}, 2) == (shown, len(rows))
    assert {"rows": rows[:1]} == stand.read("log", "--limit", "1")


def test_every_filter_is_handed_on(stand, account):
    options = "--rule 1 --contact 2 --level project --trigger open --kind check --outcome done --test true"
    assert {"rows": []} == stand.read("log", *options.split())

    _, path, _ = stand.server.requests[-1]
    assert (
        "/api/rule-log?rule_id=1&contact_id=2&level=project&trigger=open&kind=check&outcome=done"
        "&test=true&limit=50"
    ) == path


def test_an_empty_log_says_so(stand):
    assert ["No rule has done anything of the kind."] == stand.lines("log", "--test", "true")


def test_why_a_rule_fired_is_told_step_by_step(stand, account, rule):
    lines = stand.lines("rules", "why", rule["rule_id"], *asked(account))

    assert [
        f"The rule fired for 'download' of contact {account.ada.contact_id}.",
        "  send_email done",
        "As of now:",
        "  yes  status: wanted active; found active",
    ] == lines[:4]
    assert not [line for line in lines if "NO" in line]


def test_why_a_rule_did_not_fire_is_told_with_alternatives(stand, account, unmet):
    lines = stand.lines("rules", "why", unmet["rule_id"], *asked(account))

    assert f"The rule did not fire for 'download' of contact {account.ada.contact_id}." == lines[0]
    (value,) = [line for line in lines if "conditions.event.value" in line]
    assert value.startswith("  NO   conditions.event.value: wanted ")
    assert value.endswith(f"; found {'y' * 59}…")
    first = lines.index("       alternative 1")
    assert "         NO   conditions.contact.first_name" == lines[first + 1].partition(":")[0]
    assert "       alternative 2" == lines[first + 2]


def test_a_rule_that_was_changed_since_says_so(stand, account, rule):
    wanted = {name: rule[name] for name in ("name", "trigger", "trigger_settings", "actions")}
    account.call("PUT", f"/api/rules/{rule['rule_id']}", wanted)

    lines = stand.lines("rules", "why", rule["rule_id"], *asked(account))

    assert "It was changed since; this is version 1." in lines


def test_programs_get_the_explanation_as_the_api_tells_it(stand, account, rule):
    answer = stand.read("rules", "why", rule["rule_id"], *asked(account))

    assert (True, rule["rule_id"]) == (answer["fired"], answer["rule_id"])
