"""Test runs of rules tell each step: what would fire them, and what each action would do."""

import pytest

from signalbox.containing import add_contact_to
from signalbox.model.container import ContainerKind
from signalbox.people import change_contact
from signalbox.store import lists, tags
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL, work


def test_each_step_is_told(world):
    """Settings and conditions, met or not; what of a rule with a limit is said, too."""
    rule_id = world.rule(
        MAIL,
        trigger="contact_added",
        trigger_settings={"lists": ["2"], "contact_kind": "email"},
        conditions={
            "event": {"properties": {"mailer_id": ["6"]}},
            "contact": {"first_name": ["Bea"]},
        },
        once={},
    )

    answer = world.test(rule_id, event={"properties": {"mailer_id": "6"}})

    assert not answer["would_fire"]
    assert {
        "status": True,
        "trigger": True,
        "trigger_settings.lists": True,
        "trigger_settings.contact_kind": True,
        "conditions.event.properties.mailer_id": True,
        "conditions.contact.first_name": False,
        "once": True,
    } == {step["what"]: step["met"] for step in answer["steps"]}


@pytest.mark.parametrize(
    ("trigger", "settings"),
    [
        ("event_recorded", {"event_name": "download"}),
        ("contact_added", {}),
        ("contact_added", {"lists": ["2"], "mailers": [], "contact_kind": "phone"}),
        ("contact_deleted", {"lists": ["4"]}),
        ("subscribe", {"lists": ["1"]}),
        ("contact_tag_added", {"tags": ["8"]}),
        ("update", {"fields": ["email", "fields.COMPANY"]}),
        ("contact_created", {}),
        ("opt_out", {"contact_kind": "phone"}),
        ("click", {"lists": ["4"]}),
    ],
)
def test_the_event_that_is_made_up_is_one_that_fires_the_rule(world, trigger, settings):
    rule_id = world.rule(MAIL, trigger=trigger, trigger_settings=settings)

    answer = world.test(rule_id)

    assert [] == [step for step in answer["steps"] if not step["met"]]
    assert answer["would_fire"]


@pytest.mark.parametrize("level", ["email_campaign", "phone_opt_out_list"])
def test_so_is_that_of_a_rule_at_a_container(world, level):
    container_id = {"email_campaign": "4", "phone_opt_out_list": "3"}[level]
    rule_id = world.rule(
        MAIL, trigger="contact_added", level=level, container_id=container_id, trigger_settings={}
    )

    assert world.test(rule_id)["would_fire"]


def test_a_past_event_is_tried_as_it_was(world):
    """Also one that came before the rule was written."""
    world.account.report(eventdata="old.pdf")
    work(world.cloud)
    _, seen = world.account.call("GET", f"/api/contacts/{world.ada.contact_id}/activities")
    (event,) = seen["events"]
    rule_id = world.rule(MAIL)

    answer = world.test(rule_id, entry_id=event["entry_id"])

    assert answer["would_fire"]
    assert (event["at_ms"], "old.pdf") == (answer["event"]["at_ms"], answer["event"]["value"])


def test_an_event_of_somebody_else_is_refused(world):
    world.account.report()
    work(world.cloud)
    _, seen = world.account.call("GET", f"/api/contacts/{world.ada.contact_id}/activities")
    _, other = world.account.call("POST", "/api/contacts", {"email": "bea@signalbox.example"})

    entry_id = seen["events"][0]["entry_id"]
    world.test(world.rule(MAIL), 422, contact_id=other["contact_id"], entry_id=entry_id)


def test_what_would_be_skipped_or_fail_says_so(world):
    """As performing it would."""
    add_contact_to(A, ContainerKind.EMAIL_OPT_OUT_LIST, "2", world.ada)
    change_contact(A, world.ada.contact_id, phone="")
    rule_id = world.rule(
        MAIL,
        {"kind": "send_sms", "text": "Hi"},
        {"kind": "add_to_campaign", "campaign_id": "5"},
        {"kind": "add_to_list", "list_id": "1"},
        {"kind": "add_tag", "tag_id": "8"},
        {"kind": "set_field", "field": "COMPANY", "value": "%EVENT: download%"},
    )
    lists.delete(A, "1", 1)
    tags.delete(tags.fetch(A, "8"), 1)

    answer = world.test(rule_id, event={"value": "x" * 5000}, send=True)
    work(world.cloud)

    expected = [
        ("skipped", "opted_out"),
        ("skipped", "no_phone"),
        ("skipped", "no_phone"),
        ("skipped", "container_gone"),
        ("skipped", "tag_gone"),
        ("failed", "value: is longer than 4096 characters"),
    ]
    assert expected == [(one["outcome"], one["detail"]) for one in answer["actions"]]
    assert expected == [(str(one.outcome), one.detail) for one in world.dispatched()]
