"""Actions that change the contact: done once, told as an event, skipped where the thing is gone."""

import pytest

from signalbox.model.event import Event
from signalbox.model.mailer import Mailer, MailerStatus
from signalbox.model.membership import Subscription
from signalbox.people import change_contact
from signalbox.store import (
    contact_tags,
    container_memberships,
    containers,
    lists,
    mailers,
    memberships,
    tags,
)
from tests.people import ACCOUNT_ID as A
from tests.scenes import CAMPAIGN, PHONE, Scene, prepare
from tests.streams import Stream, announce


def on_list(scene: Scene) -> bool:
    """Tell whether Ada is an active member of the list."""
    found = memberships.find(A, scene.ada.contact_id, "1")
    return found is not None and found.status is Subscription.ACTIVE


def opted_out(scene: Scene, address: str) -> list[str]:
    """Return the opt-out lists of an address."""
    return container_memberships.opt_outs(A, address)


def in_campaign(scene: Scene) -> list[str]:
    """Return the campaigns that Ada is in."""
    return [one.container_id for one in container_memberships.of_contact(A, scene.ada.contact_id)]


def tagged(scene: Scene) -> list[str]:
    """Return the tags on Ada."""
    return [one.tag_id for one in contact_tags.of_contact(A, scene.ada.contact_id)]


CHANGES = [
    ({"kind": "add_to_list", "list_id": "1"}, on_list, False, True, "subscribe"),
    ({"kind": "remove_from_list", "list_id": "1"}, on_list, True, False, "unsubscribe"),
    (
        {"kind": "add_to_opt_out_list", "list_id": "2"},
        lambda scene: opted_out(scene, "email:ada@signalbox.example"),
        [],
        ["2"],
        "contact_added",
    ),
    (
        {"kind": "remove_from_opt_out_list", "list_id": "3"},
        lambda scene: opted_out(scene, f"phone:{PHONE}"),
        ["3"],
        [],
        "contact_deleted",
    ),
    ({"kind": "add_to_campaign", "campaign_id": "4"}, in_campaign, [], ["4"], "contact_added"),
    (
        {"kind": "remove_from_campaign", "campaign_id": "4"},
        in_campaign,
        ["4"],
        [],
        "contact_deleted",
    ),
    ({"kind": "add_tag", "tag_id": "8"}, tagged, [], ["8"], "contact_tag_added"),
    ({"kind": "remove_tag", "tag": "VIP"}, tagged, ["8"], [], "contact_tag_removed"),
    (
        {"kind": "set_field", "field": "COMPANY", "value": "%FIRSTNAME% & Co"},
        lambda scene: dict(scene.ada.fields),
        {},
        {"COMPANY": "Ada & Co"},
        "update",
    ),
    (
        {"kind": "set_field", "field": "first_name", "value": " Augusta "},
        lambda scene: scene.ada.first_name,
        "Ada",
        "Augusta",
        "update",
    ),
    (
        {"kind": "set_field", "field": "phone", "value": ""},
        lambda scene: (scene.ada.phone, scene.ada.phone_number),
        ("+49 30 123456", PHONE),
        ("", ""),
        "update",
    ),
]


@pytest.mark.parametrize(
    "change",
    CHANGES,
    ids=[f"{change[0]['kind']} {change[0].get('field', '')}".strip() for change in CHANGES],
)
def test_a_change_is_made_once_and_is_an_event_one_deeper(scene, change):
    """Performed again it changes nothing; its event says which rule did it, and how deep it is."""
    action, state, before, after, event_kind = change
    prepare(scene.ada, action)
    assert before == state(scene)
    stream = Stream(scene.cloud)

    assert [(action["kind"], "done", "")] == scene.fire(action)
    assert after == state(scene)
    told = stream.records()
    scene.perform_again()

    assert [(action["kind"], "done", "")] == scene.outcomes()
    assert after == state(scene)
    assert [] == announce(told + stream.records())
    (event,) = map(Event.from_wire, scene.cloud.waiting("EVENTS"))
    (record,) = scene.records()
    assert (event_kind, 3) == (event.kind, event.depth)
    assert ("system", record.dispatch.rule_id) == (event.initiated_from, event.properties["rule"])


def test_a_membership_is_brought_by_the_mailer_of_the_event(scene):
    scene.fire({"kind": "add_to_campaign", "campaign_id": "4"})

    (membership,) = container_memberships.of_contact(A, scene.ada.contact_id)
    assert "6" == membership.mailer_id


def test_a_mailer_that_is_disabled_adds_nobody_by_rules_either(scene):
    """Nobody comes in under its name, and those whom it brought can still be taken out."""
    mailers.create(Mailer(A, "6", "Post", status=MailerStatus.DISABLED))
    campaign = containers.fetch(A, CAMPAIGN, "4")
    container_memberships.add(campaign, scene.ada.contact_id, contact_id="", now_ms=1)

    added, removed = scene.fire(
        {"kind": "add_to_list", "list_id": "1"},
        {"kind": "remove_from_campaign", "campaign_id": "4"},
    )

    assert ("add_to_list", "skipped", "mailer_disabled") == added
    assert ("remove_from_campaign", "done") == removed[:2]
    assert not on_list(scene)


@pytest.mark.parametrize(
    ("action", "delete", "reason"),
    [
        (
            {"kind": "add_to_list", "list_id": "1"},
            lambda: lists.delete(A, "1", 1),
            "container_gone",
        ),
        (
            {"kind": "add_to_campaign", "campaign_id": "4"},
            lambda: containers.delete(containers.fetch(A, CAMPAIGN, "4"), 1),
            "container_gone",
        ),
        (
            {"kind": "add_tag", "tag_id": "8"},
            lambda: tags.delete(tags.fetch(A, "8"), 1),
            "tag_gone",
        ),
    ],
)
def test_what_was_deleted_meanwhile_is_skipped(scene, action, delete, reason):
    scene.account.rule(action)
    delete()

    scene.wake()
    scene.perform()

    assert [(action["kind"], "skipped", reason)] == scene.outcomes()


def test_who_has_no_phone_is_not_put_on_a_list_of_phones(scene):
    change_contact(A, scene.ada.contact_id, phone="")

    assert [("add_to_opt_out_list", "skipped", "no_phone")] == scene.fire(
        {"kind": "add_to_opt_out_list", "list_id": "3"}
    )


def test_a_fact_that_cannot_be_says_so(scene):
    """Another contact has the phone; a value is too long."""
    scene.account.call(
        "POST", "/api/contacts", {"email": "bob@signalbox.example", "phone": "+49301111111"}
    )

    taken, long = scene.fire(
        {"kind": "set_field", "field": "phone", "value": "+49301111111"},
        {"kind": "set_field", "field": "COMPANY", "value": "%EVENT: download%"},
        value="x" * 5000,
    )

    assert ("set_field", "failed") == taken[:2]
    assert ("set_field", "failed", "value: is longer than 4096 characters") == long
