"""`signalbox presets`, `signalbox rules duplicate`, `adjacent` and `test`."""

import pytest

from cli import presets
from signalbox.model.preset import BUILT_IN
from tests.people import MAIL, work


@pytest.fixture(name="rule")
def _rule(account) -> dict:
    return account.rule(MAIL, name="Send the file")


def test_presets_are_listed_over_all_pages(stand, rule, monkeypatch):
    monkeypatch.setattr(presets, "PAGE", 2)
    for number in range(3):
        stand.lines("presets", "keep", rule["rule_id"], "--name", f"mine {number}")

    lines = stand.lines("presets", "list")

    assert ["PRESET", "ID", "TRIGGER", "ACTIONS", "NAME"] == lines[0].split()
    assert [one.preset_id for one in BUILT_IN] == [
        line.split()[0] for line in lines[1 : len(BUILT_IN) + 1]
    ]
    assert ["mine 0", "mine 1", "mine 2"] == [line[-6:] for line in lines[-3:]]


def test_one_is_shown_used_and_deleted(stand, account, rule):
    """A rule that is made of a preset is disabled, and outlives it."""
    kept = stand.read("presets", "keep", rule["rule_id"], "--name", "mine")
    facts = stand.lines("presets", "show", kept["preset_id"])
    assert "name     mine" in facts
    assert "actions  send_email" in facts

    made = stand.read("presets", "use", kept["preset_id"], "--name", "made")
    (said,) = stand.lines("presets", "delete", kept["preset_id"])

    assert ("made", "disabled") == (made["name"], made["status"])
    assert f"Preset {kept['preset_id']} is deleted." == said
    assert made == account.call("GET", f"/api/rules/{made['rule_id']}")[1]


def test_a_preset_is_used_at_a_list(stand, account):
    opt_outs = account.call("POST", "/api/email-opt-out-lists", {"name": "never"})[1]
    at = ("--name", "made", "--container", opt_outs["container_id"])

    made = stand.read("presets", "use", "tell-partner-of-opt-out", *at)

    assert ("email_opt_out_list", opt_outs["container_id"]) == (
        made["level"],
        made["container_id"],
    )


def test_a_rule_is_duplicated(stand, rule):
    (said,) = stand.lines("rules", "duplicate", rule["rule_id"], "--name", "again")
    copies = [one for one in stand.read("rules", "list")["rules"] if one["name"] == "again"]

    assert [f"Made rule {one['rule_id']}, 'again', disabled." for one in copies] == [said]


def test_adjacent_rules_are_listed(stand, account, rule):
    """Those that the same event fires; no others."""
    assert ["No other rule can fire with it."] == stand.lines("rules", "adjacent", rule["rule_id"])
    other = account.rule(MAIL, name="Other")
    account.call("POST", "/api/event-names", {"name": "elsewhere"})
    account.rule(MAIL, event_name="elsewhere")

    _, row = stand.lines("rules", "adjacent", rule["rule_id"])

    assert [other["rule_id"], "project", "event_recorded", "Other"] == row.split()


def test_a_rule_is_tried_and_nothing_sent(stand, account, cloud, rule):
    """What would be said is shown; a given value stands in place of the contact's."""
    with_ada = ("--contact", account.ada.contact_id, "--give", "first_name=Augusta")

    lines = stand.lines("rules", "test", rule["rule_id"], *with_ada)

    assert "The rule would fire for 'download'." == lines[0]
    assert any("subject" in line and "Augusta" in line for line in lines)
    work(cloud)
    assert [] == cloud.mails()


def test_a_rule_is_tried_for_real(stand, account, cloud, rule):
    """The actions are performed with the value that was given."""
    options = ("--contact", account.ada.contact_id, "--value", "a.pdf", "--send")

    lines = stand.lines("rules", "test", rule["rule_id"], *options)
    work(cloud)

    assert any("queued as a test" in line for line in lines)
    assert 1 == len(cloud.mails())


def test_a_value_without_a_name_is_refused(stand, rule):
    result = stand.run("rules", "test", rule["rule_id"], "--give", "Augusta")

    assert (2, "signalbox: --give takes NAME=TEXT, not 'Augusta'\n") == (
        result.exit_code,
        result.stderr,
    )
