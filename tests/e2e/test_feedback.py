"""What becomes of mails, on the real stack: through topic, queue and signature to the record."""

import json

import pytest

from tests.e2e.conftest import eventually

MAIL = {
    "kind": "send_email",
    "subject": "Hello",
    "text": "Hello",
    "sender": "hello@signalbox.example",
}

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]


def write_to(stack, email):
    """Let the rule write to a new contact of SES's mailbox simulator; return the contact's id."""
    status, contact = stack.call("POST", "/api/contacts", {"email": email})
    assert 201 == status, contact
    stack.report(event="greeted", eventdata="x", visit=json.dumps({"email": email}))
    return contact["contact_id"]


def kinds(stack, contact_id):
    """Return what happened to a contact, by its mails."""
    found = stack.call("GET", f"/api/contacts/{contact_id}/activities")[1]["events"]
    return {one["kind"] for one in found} & {"delivery", "hard_bounce", "complaint"}


def test_mails_are_delivered_bounce_and_are_complained_of(stack):
    stack.call("POST", "/api/event-names", {"name": "greeted"})
    wanted = {
        "name": "greet",
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": "greeted"},
        "actions": [MAIL],
    }
    assert 201 == stack.call("POST", "/api/rules", wanted)[0]
    expected = {
        "success": ({"delivery"}, ""),
        "bounce": ({"hard_bounce"}, "hard_bounce"),
        "complaint": ({"delivery", "complaint"}, "complaint"),
    }

    written = {name: write_to(stack, f"{name}@simulator.amazonses.com") for name in expected}

    for name, (happened, reason) in expected.items():
        eventually(
            lambda who=written[name], what=happened: kinds(stack, who) == what,
            what=f"what became of the mail to {name}@",
        )
        path = f"/api/suppressions/{name}@simulator.amazonses.com"
        assert reason == stack.call("GET", path)[1]["reason"]
    letters = stack.call("GET", "/api/dead-letters")[1]["dead_letters"]
    assert 0 == next(one["waiting"] for one in letters if one["queue"] == "feedback")
