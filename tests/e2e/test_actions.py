"""What rules do, on the real stack: a text, a call, an execution, and a change that wakes another rule."""

import json

import boto3
import pytest

from tests.e2e.conftest import eventually

PERSON = {"email": "grace@signalbox.example", "first_name": "Grace", "phone": "+4930987654"}

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]


def client(stack, service):
    """Return a client of a service of the emulator."""
    return boto3.client(
        service,
        endpoint_url=stack.about["aws_endpoint_url"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def write_rule(stack, event_name, *actions):
    """Register a name and set a rule on it."""
    stack.call("POST", "/api/event-names", {"name": event_name})
    wanted = {
        "name": event_name,
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": event_name},
        "actions": list(actions),
    }
    status, rule = stack.call("POST", "/api/rules", wanted)
    assert 201 == status, rule
    return rule


def test_a_rule_texts_calls_and_starts_and_its_event_wakes_another(stack):
    machines = client(stack, "stepfunctions")
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    machine = machines.create_state_machine(
        name="signalbox-thank",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::000000000000:role/machine",
    )["stateMachineArn"]
    stack.call("POST", "/api/contacts", PERSON)
    url = stack.about["receiver_url"] + "/ping?who={email}&what={event.value}"
    write_rule(
        stack,
        "bought",
        {"kind": "send_sms", "text": "Thank you, %FIRSTNAME%"},
        {"kind": "start_execution", "state_machine_arn": machine},
        {"kind": "record_event", "name": "thanked", "value": "%EVENT: bought%"},
    )
    write_rule(stack, "thanked", {"kind": "ping_url", "url": url})

    visit = json.dumps({"email": PERSON["email"]})
    assert 200 == stack.report(event="bought", eventdata="a book", visit=visit)[0]

    (text,) = eventually(
        lambda: [one for one in stack.mails() if one["to"] == [PERSON["phone"]]], what="text"
    )
    assert "Thank you, Grace" == text["text"]
    (ping,) = eventually(
        lambda: [one for one in stack.hooks() if "/ping" in one["path"]], what="call"
    )
    assert "GET" == ping["method"]
    assert "who=grace%40signalbox.example&what=a%20book" in json.dumps(ping)
    started = eventually(
        lambda: machines.list_executions(stateMachineArn=machine)["executions"], what="execution"
    )
    assert 1 == len(started)
