"""Test runs of rules that are sent: at once, marked as tests, by who may, and for nobody else."""

import json

import pytest

from signalbox.model.credential import Role
from signalbox.model.dispatch import Dispatch
from signalbox.model.event import Event
from signalbox.store import once
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL, work
from tests.trials import perform


def test_a_test_waits_for_nothing_but_says_how_long_the_rule_would(world):
    rule_id = world.rule(MAIL | {"wait": {"seconds": 86_400}})

    (tried,) = world.test(rule_id, send=True)["actions"]
    work(world.cloud)

    (record,) = world.dispatched()
    assert 86_400_000 == tried["due_ms"] - record.dispatch.event.received_ms
    assert [] == world.cloud.schedules()
    assert 1 == len(world.cloud.mails())


def test_a_test_goes_out_whatever_the_conditions_say_and_takes_no_turn(world):
    """Also of a rule that is disabled."""
    rule_id = world.rule(
        MAIL, conditions={"contact": {"first_name": ["Bea"]}}, once={}, status="disabled"
    )

    answer = world.test(rule_id, send=True)
    work(world.cloud)

    assert {"status", "conditions.contact.first_name"} == {
        step["what"] for step in answer["steps"] if not step["met"]
    }
    assert 1 == len(world.cloud.mails())
    assert None is once.taken(A, world.ada.contact_id, rule_id)


def test_a_rule_that_is_disabled_fires_for_no_event(world):
    """The door for tests is open for tests alone."""
    rule_id = world.rule(MAIL, status="disabled")
    event = Event(A, "e1", "download", 1, 1, f"contact:{world.ada.contact_id}")

    perform(world, [Dispatch(world.ada.contact_id, rule_id, 1, 0, event)])

    assert ["rule_disabled"] == [record.detail for record in world.dispatched()]


def test_a_test_is_marked_in_the_log(world):
    rule_id = world.rule(MAIL)
    world.test(rule_id, send=True)
    world.account.report()
    work(world.cloud)

    _, log = world.account.call("GET", "/api/rule-log", query="test=true")

    assert [(rule_id, True)] == [(row["rule_id"], row["test"]) for row in log["rows"]]


@pytest.mark.parametrize(
    ("role", "project", "campaign"),
    [
        (Role.GLOBAL_ADMIN, 200, 200),
        (Role.ADMIN, 403, 200),
        (Role.MARKETER, 403, 200),
        (Role.ANALYST, 403, 403),
        (Role.VIEWER, 403, 403),
    ],
)
def test_who_may_write_a_rule_may_send_it(world, role, project, campaign):
    at_project = world.rule(MAIL)
    at_campaign = world.rule(
        MAIL, trigger="contact_added", trigger_settings={}, level="email_campaign", container_id="4"
    )

    world.test(at_project, project, role=role, send=True)
    world.test(at_campaign, campaign, role=role, send=True)

    assert [project, campaign].count(200) == len(world.cloud.waiting("ACTIONS"))


def test_what_was_given_is_forgotten_where_the_contact_is_gone(world):
    """The record of the test says nothing of who was erased."""
    rule_id = world.rule(MAIL)
    world.test(rule_id, values={"first_name": "Secret"}, event={"value": "Secret"}, send=True)
    assert 200 == world.account.call("DELETE", f"/api/3/contacts/{world.ada.contact_id}")[0]

    work(world.cloud)

    assert "Secret" not in json.dumps(world.cloud.items("TRACKING"))
