"""Test runs of rules: what is shown is what is sent, and showing it changes nothing."""

import json
import re
from typing import Any

import pytest

from signalbox.model.action import KINDS
from signalbox.model.dispatch import Dispatch
from signalbox.store import contact_tags, container_memberships, memberships
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL, work
from tests.scenes import prepare
from tests.trials import mailed, perform

DISPATCH_ID = "[0-9]+-[0-9]{13}-[0-9a-f]{24}"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:signalbox-thank"
NOTE = {
    "kind": "notify",
    "to": "team@signalbox.example",
    "subject": "%EMAIL%",
    "text": "%EVENT: download% for %COMPANY%",
}
RECORD = {
    "kind": "record_event",
    "name": "thanked",
    "value": "%FIRSTNAME%",
    "properties": {"who": ["%EMAIL%", 1]},
}


# What is shown of each kind of action, and what came of performing it.


def texted(world, shown):
    (sent,) = world.texts.sent
    assert (shown["from"], shown["to"], shown["text"]) == (
        sent["OriginationIdentity"],
        sent["DestinationPhoneNumber"],
        sent["MessageBody"],
    )
    assert (1, "GSM-7", "Hi Ada") == (shown["segments"], shown["encoding"], shown["text"])


def called(world, shown):
    ((method, path, headers, body),) = world.asked
    assert (shown["method"], shown["url"], shown["body"]) == (
        method,
        world.url + path,
        body.decode(),
    )
    assert shown["headers"].items() <= headers.items()
    if "signed_in" in shown:
        assert headers[shown["signed_in"]].startswith("v1,")


def put(world, shown):
    ((operation, request),) = world.calls
    (entry,) = request["Entries"]
    assert "PutEvents" == operation
    assert shown == {
        "bus": entry["EventBusName"],
        "source": entry["Source"],
        "detail_type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
    }


def started(world, shown):
    ((operation, request),) = world.calls
    assert "StartExecution" == operation
    assert shown == {
        "state_machine_arn": request["stateMachineArn"],
        "name": request["name"],
        "input": json.loads(request["input"]),
    }


def recorded(world, shown):
    assert {"name": "thanked", "value": "Ada"} == {one: shown[one] for one in ("name", "value")}
    status, seen = world.account.call("GET", f"/api/contacts/{world.ada.contact_id}/activities")
    assert 200 == status
    (event,) = [one for one in seen["events"] if one["name"] == shown["name"]]
    assert (shown["value"], shown["properties"]) == (event["value"], event["properties"])


def on_list(world, _):
    assert memberships.find(A, world.ada.contact_id, "1")


def opted_out(world, shown):
    assert [shown["container_id"]] == container_memberships.opt_outs(A, f"email:{world.ada.email}")


def in_campaign(world, shown):
    (membership,) = container_memberships.of_contact(A, world.ada.contact_id)
    assert (shown["container_id"], shown["mailer_id"]) == (
        membership.container_id,
        membership.mailer_id,
    )


def tagged(world, shown):
    (tag,) = contact_tags.of_contact(A, world.ada.contact_id)
    assert shown["tag_id"] == tag.tag_id


def set_field(world, shown):
    assert shown["value"] == world.ada.fields[shown["field"]]
    assert "Dear Ada" == shown["value"]


def nothing_left(world, _):
    ada = world.ada
    assert [] == container_memberships.of_contact(A, ada.contact_id)
    assert [] == container_memberships.opt_outs(A, f"email:{ada.email}")
    assert [] == contact_tags.of_contact(A, ada.contact_id)


CASES = [
    (MAIL, lambda world, shown: mailed(world, shown, "ada@signalbox.example")),
    (MAIL | {"text": ""}, lambda world, shown: mailed(world, shown, "ada@signalbox.example")),
    (NOTE, lambda world, shown: mailed(world, shown, "team@signalbox.example")),
    ({"kind": "send_sms", "text": "Hi %FIRSTNAME%"}, texted),
    ({"kind": "webhook", "url": "SITE/%EMAIL%", "headers": {"X-A": "b"}}, called),
    ({"kind": "ping_url", "url": "SITE/a?who={email}&v={event.value}&f={fields.COMPANY}"}, called),
    (
        {
            "kind": "ping_url",
            "url": "SITE/a",
            "method": "POST",
            "headers": {"X-Who": "{full_name}"},
            "body": '{"who": "{first_name}", "at": {timestamp}, "by": "{dispatch_id}"}',
        },
        called,
    ),
    (RECORD, recorded),
    ({"kind": "put_event", "detail_type": "thanked"}, put),
    ({"kind": "start_execution", "state_machine_arn": MACHINE}, started),
    ({"kind": "add_to_list", "list_id": "1"}, on_list),
    ({"kind": "add_to_opt_out_list", "list_id": "2"}, opted_out),
    ({"kind": "add_to_campaign", "campaign_id": "4", "mailer_id": ""}, in_campaign),
    ({"kind": "add_tag", "tag_id": "8"}, tagged),
    ({"kind": "set_field", "field": "COMPANY", "value": "Dear %FIRSTNAME%"}, set_field),
    ({"kind": "remove_from_list", "list_id": "1"}, nothing_left),
    ({"kind": "remove_from_opt_out_list", "list_id": "2"}, nothing_left),
    ({"kind": "remove_from_campaign", "campaign_id": "4"}, nothing_left),
    ({"kind": "remove_tag", "tag_id": "8"}, nothing_left),
]


def test_every_kind_is_tried():
    assert set(KINDS) == {action["kind"] for action, _ in CASES}


@pytest.mark.parametrize(
    ("action", "check"), CASES, ids=lambda one: getattr(one, "get", str)("kind")
)
def test_what_is_shown_is_what_is_sent(world, action, check):
    """Showing it writes and sends nothing; sending it says and changes exactly that."""
    if action["kind"].startswith("remove_") and action["kind"] != "remove_from_list":
        prepare(world.ada, action)
    rule_id = world.rule(action)
    event = {"value": "a b.pdf", "properties": {"mailer_id": "6"}}
    before = world.everything()

    shown = world.test(rule_id, event=event)
    assert before == world.everything()
    sent = world.test(rule_id, event=event, send=True)
    (queued,) = map(Dispatch.from_wire, world.cloud.waiting("ACTIONS"))
    perform(world, [queued])

    assert (False, True) == (shown["sent"], sent["sent"])
    assert without_ids(shown) == without_ids(sent)
    (tried,) = sent["actions"]
    (record,) = world.dispatched()
    assert ("done", "done") == (tried["outcome"], record.outcome), record
    assert tried["dispatch_id"] == record.dispatch.dispatch_id
    assert record.dispatch.test
    assert record.dispatch.event.event_id.startswith("test-")
    check(world, tried["shown"])


def without_ids(answer: dict) -> Any:
    """Return what is shown of a test run's actions without ids and times, which differ each time."""
    text = json.dumps([one["shown"] for one in answer["actions"]])
    for unlike in (DISPATCH_ID, TIME, r"\b1[0-9]{9}\b"):
        text = re.sub(unlike, "0", text)
    return json.loads(text)


def test_a_real_run_says_the_same(world):
    """A mail of the rule that fires is the mail that was shown."""
    rule_id = world.rule(MAIL)
    world.account.report(eventdata="a.pdf")
    work(world.cloud)
    _, seen = world.account.call("GET", f"/api/contacts/{world.ada.contact_id}/activities")
    (event,) = seen["events"]

    (tried,) = world.test(rule_id, entry_id=event["entry_id"])["actions"]

    mailed(world, tried["shown"], "ada@signalbox.example")
    assert "Here: a.pdf" == tried["shown"]["text"]
