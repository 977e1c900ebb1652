"""What becomes of events that are too large for what they may set off."""

import pytest

from signalbox import aws
from signalbox.model.event import LARGEST_EVENT
from signalbox.store import dispatches, event_names
from tests.people import work

TAG = "%EVENT: download%"
LONG = "x" * 32_000
FACE = "\U0001f600"  # 14 bytes within a dispatch
LARGEST_INPUT = 262_144  # characters that EventBridge Scheduler takes


def settled(account):
    """Return kind, outcome and detail of Ada's dispatches."""
    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    return [(one.kind, str(one.outcome), one.detail) for one in found]


@pytest.mark.parametrize(
    "filled", [{"value": TAG * 20}, {"properties": dict.fromkeys("abcdefghij", TAG)}]
)
def test_what_becomes_too_large_is_not_recorded_and_said(account, cloud, filled):
    """Tags can stand for more than any queue or table carries."""
    account.rule({"kind": "record_event", "name": "followed", **filled})

    account.report(eventdata=LONG)
    answers = work(cloud)

    ((kind, outcome, detail),) = settled(account)
    assert ("record_event", "failed") == (kind, outcome)
    assert detail.startswith(f"too_large: the event is larger than {LARGEST_EVENT} bytes")
    assert not any(answer["batchItemFailures"] for answer in answers)
    _, log = account.call("GET", "/api/rule-log")
    assert [("failed", "too_large")] == [(row["outcome"], row["detail"]) for row in log["rows"]]
    _, shown = account.call("GET", "/api/dispatches")
    assert [detail] == [one["detail"] for one in shown["dispatches"]]


def test_what_is_just_not_too_large_is_recorded_and_can_wait(account, cloud):
    """Whatever may be recorded fits a schedule."""
    event_names.register(account.account_id, "followed", 2)
    account.rule({"kind": "record_event", "name": "followed", "value": TAG * 7})
    wait = {"wait": {"seconds": 3600}}
    account.rule({"kind": "record_event", "name": "third"} | wait, event_name="followed")

    account.report(eventdata="x" * 32_768)
    work(cloud)

    (schedule,) = cloud.schedules()
    assert 7 * 32_768 < len(schedule["Target"]["Input"]) <= LARGEST_INPUT


def test_a_rehearsal_says_that_the_event_would_be_too_large(account):
    rule = account.rule({"kind": "record_event", "name": "followed", "value": TAG * 20})

    status, tried = account.call(
        "POST", f"/api/rules/{rule['rule_id']}/test", {"event": {"value": LONG}}
    )

    assert (200, "failed") == (status, tried["actions"][0]["outcome"])
    assert tried["actions"][0]["detail"].startswith("too_large")


@pytest.mark.parametrize("send", [False, True])
def test_nothing_is_tried_with_an_event_that_could_not_have_come(account, cloud, send):
    rule = account.rule({"kind": "record_event", "name": "followed"})
    body = {"contact_id": account.ada.contact_id, "event": {"value": FACE * 32_768}, "send": send}

    status, answer = account.call("POST", f"/api/rules/{rule['rule_id']}/test", body)

    assert (422, "event") == (status, answer["errors"][0]["field"])
    assert [] == cloud.waiting("ACTIONS")


@pytest.mark.parametrize(("names", "taken"), [(4, True), (6, False)])
def test_what_stands_in_place_of_facts_is_carried_to_further_tries(account, cloud, names, taken):
    """All that a try-out gives goes with each of its actions."""
    rule = account.rule({"kind": "record_event", "name": "followed"})
    values = {f"EVENT: {number}": FACE * 4096 for number in range(names)}
    body = {"contact_id": account.ada.contact_id, "values": values, "send": True}

    status, answer = account.call("POST", f"/api/rules/{rule['rule_id']}/test", body)

    assert (200 if taken else 422) == status, answer
    assert ([] if taken else ["values"]) == [one["field"] for one in answer.get("errors", [])]
    assert taken is bool(cloud.waiting("ACTIONS"))


@pytest.mark.parametrize(
    ("code", "again"), [("ValidationException", False), ("ThrottlingException", True)]
)
def test_a_check_ends_where_its_schedule_is_refused_for_good(
    account, cloud, monkeypatch, code, again
):
    """And comes again where it may be taken later."""
    real = aws.call

    def call(service, operation, **request):
        if operation == "CreateSchedule":
            raise aws.AwsError(code, "it will not do", 400, {})
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    account.rule({"kind": "record_event", "name": "followed", "wait": {"seconds": 3600}})

    account.report()
    answers = work(cloud)

    assert [("check", "claimed" if again else "failed")] == [one[:2] for one in settled(account)]
    assert again is any(answer["batchItemFailures"] for answer in answers)
    _, log = account.call("GET", "/api/rule-log")
    assert ([] if again else [code]) == [row["detail"] for row in log["rows"]]
