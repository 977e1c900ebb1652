"""Actions that record further events or hand on to other services: a bus, a state machine."""

import json
from typing import Any

import pytest

from signalbox import aws
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.event import Event
from signalbox.people import change_contact
from tests.cloud import client
from tests.people import ACCOUNT_ID as A


def test_a_recorded_event_is_the_same_however_often(scene):
    """It is one deeper than its cause, and about the same contact."""
    action = {
        "kind": "record_event",
        "name": "thanked",
        "value": "%FIRSTNAME%",
        "properties": {"who": ["%EMAIL%", 1], "n": None},
    }

    ((_, outcome, event_id),) = scene.fire(action)
    scene.perform_again()

    assert "done" == outcome
    first, second = map(Event.from_wire, scene.cloud.waiting("EVENTS"))
    assert first == second
    assert (event_id, "thanked", "Ada", "rule", 3) == (
        first.event_id,
        first.name,
        first.value,
        first.source,
        first.depth,
    )
    assert {"who": ["ada@signalbox.example", 1], "n": None} == first.properties
    assert f"contact:{scene.ada.contact_id}" == first.address


def test_a_recorded_event_after_a_wait_happened_when_it_was_due(scene):
    action = {"kind": "record_event", "name": "thanked", "wait": {"seconds": 60}}
    rule = scene.account.rule(action)
    cause = Event(A, "e1", "download", 1_000, 2_000, f"contact:{scene.ada.contact_id}")
    scene.due = [Dispatch(scene.ada.contact_id, rule["rule_id"], 1, 0, cause).to_wire()]

    scene.perform()

    (event,) = map(Event.from_wire, scene.cloud.waiting("EVENTS"))
    assert (62_000, 62_000) == (event.at_ms, event.received_ms)


def test_a_bus_gets_what_a_webhook_says(scene):
    """A rule of EventBridge hands it on; the dispatch's id tells repeats apart."""
    events, sqs = client("events"), client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    events.create_event_bus(Name="orders")
    pattern = json.dumps(
        {"source": ["signalbox"], "detail": {"data": {"event": {"value": ["a.pdf"]}}}}
    )
    events.put_rule(Name="orders", EventBusName="orders", EventPattern=pattern)
    target = {"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}
    events.put_targets(Rule="orders", EventBusName="orders", Targets=[target])
    try:
        ((_, outcome, detail),) = scene.fire({"kind": "put_event", "bus": "orders"})

        assert ("done", True) == (outcome, bool(detail))
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        got = json.loads(message["Body"])
        (record,) = scene.records()
        assert ("signalbox", "download") == (got["source"], got["detail-type"])
        assert record.dispatch.dispatch_id == got["detail"]["dispatch_id"]
        assert "ada@signalbox.example" == got["detail"]["data"]["contact"]["email"]
    finally:
        events.remove_targets(Rule="orders", EventBusName="orders", Ids=["queue"])
        events.delete_rule(Name="orders", EventBusName="orders")
        events.delete_event_bus(Name="orders")
        sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}, "waiting"),
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}, "waiting"),
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "MalformedDetail"}]}, "failed"),
        (aws.AwsError("InternalException", "", 500, {}), "waiting"),
        (aws.AwsError("ReadTimeoutError", "", 0, {}), "waiting"),
        (aws.AwsError("AccessDeniedException", "", 400, {}), "waiting"),
        (aws.AwsError("ValidationException", "", 400, {}), "failed"),
    ],
)
def test_an_entry_that_the_bus_refuses_is_no_success(scene, monkeypatch, answer, outcome):
    """EventBridge says so with status 200."""
    call = aws.call

    def refusing(service: str, operation: str, **request: Any) -> dict[str, Any]:
        if service != "events":
            return call(service, operation, **request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(aws, "call", refusing)

    assert [outcome] == [one[1] for one in scene.fire({"kind": "put_event"})]


def test_an_execution_is_started_once(scene):
    machines = client("stepfunctions")
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    arn = machines.create_state_machine(
        name="signalbox-thank",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )["stateMachineArn"]
    try:
        ((_, outcome, _),) = scene.fire({"kind": "start_execution", "state_machine_arn": arn})
        change_contact(A, scene.ada.contact_id, first_name="Augusta")  # another input
        scene.perform_again()

        (execution,) = machines.list_executions(stateMachineArn=arn)["executions"]
        (record,) = scene.records()
        assert ("done", Outcome.DONE) == (outcome, record.outcome)
        assert record.dispatch.dispatch_id == execution["name"]
        described = machines.describe_execution(executionArn=execution["executionArn"])
        assert "Ada" == json.loads(described["input"])["data"]["contact"]["first_name"]
    finally:
        machines.delete_state_machine(stateMachineArn=arn)


def test_a_machine_that_does_not_exist_fails(scene):
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:nobody"

    ((_, outcome, detail),) = scene.fire({"kind": "start_execution", "state_machine_arn": arn})

    assert ("failed", "StateMachineDoesNotExist") == (outcome, detail.partition(":")[0])
