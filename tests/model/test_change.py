"""What a write to the contacts table stands for."""

import json
from itertools import permutations

import pytest

from signalbox.model.change import Changed, changes_of

CONTACT = "A#100000001#contact#42"
AT_MS = 1795254840000


def contact(**facts):
    """Return a contact's item."""
    body = {"email": "ada@signalbox.example", "fields": {}, "updated_ms": 1} | facts
    return {"pk": CONTACT, "sk": "contact", "body": json.dumps(body), "version": 1}


def member(status, **attributes):
    """Return the item of a membership in list 7."""
    body = json.dumps({"status": status})
    return {"pk": CONTACT, "sk": "list#7", "body": body, "version": 1} | attributes


def tagged(**attributes):
    """Return the item of tag 9 on the contact."""
    return {"pk": CONTACT, "sk": "tag#9", "body": "{}"} | attributes


def told(before, after):
    """Return kinds and facts of the events, without those that all have."""
    events = changes_of(Changed("e1", AT_MS, before, after))
    common = {"contact_id", "initiated_from"}
    return [
        (event.kind, {name: fact for name, fact in event.properties.items() if name not in common})
        for event in events
    ]


def inside(noun="email_campaign", *, deleted_ms=0, where=CONTACT, **attributes):
    """Return the item of a membership in container 8."""
    body = {"contact_id": "42", "mailer_id": "3", "added_ms": 1, "deleted_ms": deleted_ms}
    item = {"pk": where, "sk": f"{noun}#8", "body": json.dumps(body), "version": 1}
    return item | attributes


def left(noun="email_campaign", **attributes):
    """Return the item of who was deleted from container 8."""
    return inside(noun, deleted_ms=9, **attributes)


def facts(container, list_id="8", mailer_id="3", contact_kind="email"):
    """Return what an event of a container says."""
    return {
        "container": container,
        "list_id": list_id,
        "mailer_id": mailer_id,
        "contact_kind": contact_kind,
    }


ADDRESS = "A#100000001#address#email:a#b@signalbox.example"
ON_LIST = facts("list", "7", "")
LISTED = {"address": "a#b@signalbox.example"}
WITH_TAG = {"tag_id": "9"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # memberships
        (None, member(1), [("subscribe", ON_LIST)]),
        (member(0), member(1), [("subscribe", ON_LIST)]),
        (member(2), member(1), [("subscribe", ON_LIST)]),
        (member(1), member(1, version=2), []),
        (None, member(0), []),
        (member(1), member(2), [("unsubscribe", ON_LIST)]),
        (member(0), member(2), [("unsubscribe", ON_LIST)]),
        (None, member(2), []),
        (member(1), member(3), []),
        (member(1), None, []),
        # campaigns and opt-out lists
        (None, inside(), [("contact_added", facts("email_campaign"))]),
        (
            left("sms_campaign"),
            inside("sms_campaign"),
            [("contact_added", facts("sms_campaign", contact_kind="phone"))],
        ),
        (inside(), left(), [("contact_deleted", facts("email_campaign"))]),
        (inside(), inside(version=2), []),
        (inside(), None, []),
        (left(), None, []),
        (None, inside(quiet=1), []),
        (None, inside(where=ADDRESS), []),
        (
            None,
            inside("email_opt_out_list", where=ADDRESS),
            [("contact_added", facts("email_opt_out_list") | LISTED)],
        ),
        (
            inside("email_opt_out_list", where=ADDRESS),
            left("email_opt_out_list", where=ADDRESS),
            [("contact_deleted", facts("email_opt_out_list") | LISTED)],
        ),
        # tags
        (None, tagged(), [("contact_tag_added", WITH_TAG)]),
        (tagged(), None, [("contact_tag_removed", WITH_TAG)]),
        (tagged(), tagged(body='{"created_ms":1}'), []),
        # the contact
        (None, contact(), [("contact_created", {"contact_kind": "email"})]),
        (
            None,
            contact(email="", phone_number="+4930123456"),
            [("contact_created", {"contact_kind": "phone"})],
        ),
        (None, contact(email="", external_id="7"), [("contact_created", {"contact_kind": ""})]),
        (None, contact() | {"quiet": 1}, []),
        (contact(), None, []),
        (contact(), contact(updated_ms=2), []),
        (contact(), contact(first_name=""), []),
        (contact(), contact(email="b@signalbox.example"), [("update", {"changed": ["email"]})]),
        (
            contact(fields={"CITY": "Turin", "PLAN": "a"}),
            contact(fields={"COMPANY": "Sun", "PLAN": "a"}, phone="1"),
            [("update", {"changed": ["phone", "fields.CITY", "fields.COMPANY"]})],
        ),
        # what an import writes is told to nobody; what is written over it later is
        (None, member(1, quiet=1), []),
        (None, tagged(quiet=1), []),
        (contact(), contact(first_name="Ada") | {"quiet": 1}, []),
        (member(1, quiet=1), member(2), [("unsubscribe", ON_LIST)]),
        (tagged(quiet=1), None, [("contact_tag_removed", WITH_TAG)]),
        # what is not of a contact
        (None, {"pk": "A#1#address#email:a@b.example", "sk": "address", "contact": "42"}, []),
        (None, {"pk": "A#1#address#contact#1", "sk": "tag#9"}, []),
        (None, {"pk": "A#1#by#word#3", "sk": "list#0000000000000042"}, []),
        (None, {"pk": "A#1#count#contacts", "sk": "3", "n": 1}, []),
        (None, {"pk": CONTACT, "sk": "consent#1", "body": "{}"}, []),
        (None, None, []),
    ],
)
def test_a_write_stands_for_these_events(before, after, expected):
    assert expected == told(before, after)


def test_an_event_names_the_contact_and_is_made_of_the_record_alone():
    """The same record makes the same event: id, time and text are nobody's clock or chance."""
    (event,) = changes_of(Changed("e1", AT_MS, None, member(1)))
    (again,) = changes_of(Changed("e1", AT_MS, None, member(1)))

    assert event.to_wire() == again.to_wire()
    assert ("100000001", "contact:42", "e1") == (event.account_id, event.address, event.event_id)
    assert (AT_MS, AT_MS) == (event.at_ms, event.received_ms)
    assert "subscribe" == event.name == event.kind


@pytest.mark.parametrize("source", ["public", "admin", "system"])
def test_who_caused_a_change_is_told_where_the_item_says_it(source):
    (event,) = changes_of(Changed("e1", AT_MS, member(1), member(2, source=source)))

    assert source == event.initiated_from


def test_a_change_is_the_apis_where_the_item_does_not_say_whose():
    """Also where something is removed: what the item says is who put it there."""
    (added,) = changes_of(Changed("e1", AT_MS, None, tagged()))
    (removed,) = changes_of(Changed("e2", AT_MS, tagged(source="public"), None))

    assert ("api", "api") == (added.initiated_from, removed.initiated_from)


def test_the_order_and_the_cut_of_batches_change_no_event():
    """Each write stands for itself."""
    writes = [
        Changed("e1", AT_MS, None, member(1)),
        Changed("e2", AT_MS, member(1), member(2)),
        Changed("e3", AT_MS, None, tagged()),
    ]
    expected = {event.to_wire() for write in writes for event in changes_of(write)}

    for order in permutations(writes):
        assert expected == {event.to_wire() for write in order for event in changes_of(write)}
    assert 3 == len(expected)


def test_a_mailer_and_a_kind_of_address_are_told_where_the_membership_says_them():
    body = json.dumps({"status": 1, "mailer_id": "3", "contact_kind": "phone"})

    assert [("subscribe", facts("list", "7", "3", "phone"))] == told(None, member(1, body=body))


def test_an_opt_out_is_an_event_of_who_had_the_address():
    """Whose the address is when the event is worked on does not count; the event says which it was."""
    (event,) = changes_of(Changed("e1", AT_MS, None, inside("email_opt_out_list", where=ADDRESS)))

    assert "contact:42" == event.address
    assert "42" == event.properties["contact_id"]
    assert "a#b@signalbox.example" == event.properties["address"]


def test_an_opt_out_of_nobody_is_an_event_of_its_address():
    """Whoever has the address then hears of it, and the record tells whose it is."""
    nobody = json.dumps({"contact_id": "", "mailer_id": "", "added_ms": 1, "deleted_ms": 0})
    item = inside("email_opt_out_list", where=ADDRESS) | {"body": nobody}
    (event,) = changes_of(Changed("e1", AT_MS, None, item))

    assert "email:a#b@signalbox.example" == event.address


def test_what_a_rule_wrote_says_so_and_how_deep_it_is():
    """So that a chain of rules ends; what nobody marked is no rule's."""
    marks = {"source": "system", "rule": "5", "depth": 2}
    (by_rule,) = changes_of(Changed("e1", AT_MS, None, inside(**marks)))
    (by_hand,) = changes_of(Changed("e2", AT_MS, inside(**marks), left()))

    assert (2, "5", "system") == (
        by_rule.depth,
        by_rule.properties["rule"],
        by_rule.initiated_from,
    )
    assert (0, "api") == (by_hand.depth, by_hand.initiated_from)
    assert "rule" not in by_hand.properties


def test_what_a_rule_deleted_for_good_says_so_in_its_last_image():
    """What it says of who wrote it does not count any more."""
    marks = {"leaving_source": "system", "leaving_rule": "5", "leaving_depth": 3}
    (event,) = changes_of(Changed("e1", AT_MS, tagged(source="admin", depth=1, **marks), None))

    assert (3, "5", "system") == (event.depth, event.properties["rule"], event.initiated_from)
