"""Test runs of rules with values in place of a contact's facts, or with nobody at all."""

import pytest

from signalbox.store import container_memberships
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL, work
from tests.trials import mailed


def test_values_stand_in_place_of_facts(world):
    """By the names of tags or of placeholders; the contact stays as it is."""
    rule_id = world.rule(
        MAIL | {"text": "%FIRSTNAME% %LASTNAME% %COMPANY% %EVENT: download% %EVENT: other%"},
        {"kind": "ping_url", "url": "SITE/?{email}+{event.properties.basket.price}+{mailer_id}"},
        conditions={"contact": {"first_name": ["Bea"]}},
    )
    values = {
        "first_name": "Bea",
        "%LASTNAME%": "B.",
        "COMPANY": "Bea Ltd",
        "event.value": "b.pdf",
        "EVENT: other": "seen",
        "{email}": "bea@signalbox.example",
        "event.properties.basket.price": "7",
        "mailer_id": "6",
    }

    answer = world.test(rule_id, values=values, send=True)
    work(world.cloud)

    mail, ping = (one["shown"] for one in answer["actions"])
    assert answer["would_fire"]
    assert "Bea B. Bea Ltd b.pdf seen" == mail["text"]
    mailed(world, mail, "bea@signalbox.example")
    assert f"{world.url}/?bea%40signalbox.example+7+6" == ping["url"]
    assert "/?bea%40signalbox.example+7+6" == world.asked[0][1]
    assert ("Ada", "ada@signalbox.example") == (world.ada.first_name, world.ada.email)


def test_a_change_is_one_of_the_contact_itself(world):
    """Whatever is given in place of its address."""
    rule_id = world.rule({"kind": "add_to_opt_out_list", "list_id": "2"})

    world.test(rule_id, values={"email": "bea@signalbox.example"}, send=True)
    work(world.cloud)

    assert ["2"] == container_memberships.opt_outs(A, "email:ada@signalbox.example")
    assert [] == container_memberships.opt_outs(A, "email:bea@signalbox.example")


def test_a_contact_can_be_made_up(world):
    rule_id = world.rule(MAIL, {"kind": "send_sms", "text": "Hi %FIRSTNAME%"})
    values = {"email": "bea@signalbox.example", "first_name": "Bea", "phone": "030 7"}

    mail, text = world.test(rule_id, contact_id="", values=values)["actions"]

    assert ("bea@signalbox.example", "Your file, Bea") == (
        mail["shown"]["to"],
        mail["shown"]["subject"],
    )
    assert ("skipped", "no_phone") == (text["outcome"], text["detail"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"values": {"emial": "x"}}, "values.emial"),
        ({"values": {"CONTACTID": "x"}}, "values.CONTACTID"),
        ({"values": {"fields.NOBODY": "x"}}, "values"),
        ({"values": {"email": "x"}}, "values.email"),
        ({"contact_id": "", "send": True}, "contact_id"),
        ({"contact_id": "", "entry_id": "1"}, "contact_id"),
        ({"entry_id": "1", "event": {}}, "event"),
        ({"event": {"properties": {"a": "x" * 33_000}}}, "event.properties"),
        ({"event": {"name": "x" * 300}}, "event.name"),
    ],
)
def test_what_cannot_be_tried_is_refused(world, body, field):
    answer = world.test(world.rule(MAIL), 422, **body)

    assert field == answer["errors"][0]["field"]


@pytest.mark.parametrize(
    "facts",
    [{"container": []}, {"changed": 7}, {"changed": [[]]}, {"list_id": {}}, {"mailer_id": None}],
)
def test_facts_of_a_change_are_what_they_can_be(world, facts):
    rule_id = world.rule(MAIL, trigger="update", trigger_settings={"fields": ["email"]})

    answer = world.test(rule_id, 422, event={"properties": facts})

    assert f"event.properties.{next(iter(facts))}" == answer["errors"][0]["field"]
