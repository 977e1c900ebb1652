"""Rules that ask more than the event can answer, that fire once, or whose actions wait."""

from dataclasses import replace

import pytest

from functions.dispatch import app as dispatch
from signalbox import schedules
from signalbox.model.dispatch import CHECK, Dispatch, Outcome
from signalbox.people import change_contact
from signalbox.queues import ACTIONS
from signalbox.store import dispatches
from tests.cloud import Context, client, sqs_event
from tests.people import MAIL, work

RECORD = {"kind": "record_event", "name": "followed", "value": "%EVENT: download%"}


def outcomes(account) -> list[tuple[int, str, str]]:
    """Return number, outcome and detail of Ada's dispatches, oldest first."""
    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    return sorted((record.dispatch.action, str(record.outcome), record.detail) for record in found)


def followed(account) -> int:
    """Return how often the rule's own event stands on Ada's record."""
    status, seen = account.call("GET", f"/api/contacts/{account.ada.contact_id}/activities")
    assert 200 == status
    return sum(event["name"] == "followed" for event in seen["events"])


@pytest.mark.parametrize(
    ("conditions", "fires"),
    [
        ({"contact": {"first_name": ["Ada"]}}, True),
        ({"contact": {"first_name": ["Bea"]}}, False),
        ({"contact": {"fields": {"COMPANY": [{"exists": False}]}}}, True),
        ({"contact": {"tags": ["vip"]}}, False),
        ({"contact": {"lists": [{"exists": True}]}}, False),
        ({"contact": {"$or": [{"tags": ["vip"]}, {"email": [{"suffix": ".example"}]}]}}, True),
        ({"event": {"value": [{"prefix": "https:"}]}}, True),
        ({"event": {"value": [{"prefix": "ftp:"}]}}, False),
        ({"event": {"name": ["download"]}, "contact": {"first_name": ["Bea"]}}, False),
        ({"past_events": [{"name": "download", "within_s": 60}]}, False),
        ({"past_events": [{"name": "download", "within_s": 60, "at_least": 0}]}, True),
    ],
)
def test_a_rule_fires_exactly_where_its_conditions_are_met(account, cloud, conditions, fires):
    account.rule(RECORD, conditions=conditions)

    account.report()
    work(cloud)

    assert fires is bool(followed(account))


def test_conditions_ask_for_tags_lists_and_fields_as_they_are(account, cloud):
    """What the contact has when the event comes decides."""
    _, added = account.call("POST", "/api/3/tags", {"tag": {"tag": "vip", "tagType": "contact"}})
    account.rule(RECORD, conditions={"contact": {"tags": ["vip"]}})
    account.report()
    work(cloud)
    assert 0 == followed(account)

    wanted = {"contactTag": {"contact": account.ada.contact_id, "tag": added["tag"]["id"]}}
    assert 201 == account.call("POST", "/api/3/contactTags", wanted)[0]
    account.report()
    work(cloud)

    assert 1 == followed(account)


def test_the_past_counts_without_the_event_itself(account, cloud):
    """A rule on the third download within a day fires at the third, and at no other."""
    third = {"name": "download", "within_s": 86_400, "at_least": 2, "at_most": 2}
    account.rule(RECORD, conditions={"past_events": [third]})

    fired = []
    for _ in range(4):
        account.report()
        work(cloud)
        fired.append(followed(account))

    assert [0, 0, 1, 1] == fired


def test_what_is_not_met_is_on_record_with_its_reason(account, cloud):
    account.rule(RECORD, conditions={"contact": {"first_name": ["Bea"]}})

    account.report()
    work(cloud)

    ((number, outcome, detail),) = outcomes(account)
    assert (CHECK, Outcome.SKIPPED) == (number, outcome)
    assert detail.startswith("conditions_not_met: contact.first_name ")


def test_a_rule_fires_once_for_a_contact(account, cloud):
    account.rule(RECORD, once={})

    for _ in range(3):
        account.report()
        work(cloud)

    assert 1 == followed(account)
    assert 2 == [detail for _, _, detail in outcomes(account)].count("fired_before")


def test_a_short_wait_is_the_queues_and_a_long_one_the_schedulers(account, cloud, monkeypatch):
    """Each action in its own time, counted from when the event was accepted."""
    sent = []
    real = ACTIONS.put
    monkeypatch.setattr(
        ACTIONS,
        "put",
        lambda due, delay_s=0: (sent.append((delay_s, len(due))), real(due, delay_s=delay_s)),
    )
    account.rule(RECORD, RECORD | {"wait": {"seconds": 600}}, RECORD | {"wait": {"seconds": 901}})

    account.report()
    work(cloud)

    assert (0, 1) == sent[1]
    assert 590 <= sent[2][0] <= 600
    (schedule,) = cloud.schedules()
    due = Dispatch.from_wire(schedule["Target"]["Input"])
    assert (2, 1) == (due.action, due.attempt)
    assert schedule["Name"] == f"{due.dispatch_id}-1"
    lost = {"Arn": cloud.variables["ACTIONS_DEAD_LETTER_QUEUE_ARN"]}  # where it could not be queued
    assert lost == schedule["Target"]["DeadLetterConfig"]


def test_what_waited_is_skipped_where_the_rule_was_disabled_meanwhile(account, cloud):
    """And where the contact or the rule is gone; each says so on record."""
    rule = account.rule(RECORD | {"wait": {"seconds": 3600}})
    account.report()
    work(cloud)
    wanted = {name: rule[name] for name in ("name", "trigger", "trigger_settings", "actions")}
    status, _ = account.call(
        "PUT", f"/api/rules/{rule['rule_id']}", wanted | {"status": "disabled"}
    )
    assert 200 == status
    (schedule,) = cloud.schedules()

    for _ in range(2):  # a schedule may fire twice
        answer = dispatch.handler(sqs_event([schedule["Target"]["Input"]]), Context())
        assert {"batchItemFailures": []} == answer

    assert (0, "skipped", "rule_disabled") in outcomes(account)
    assert 0 == followed(account)


def test_a_check_that_comes_again_queues_the_same_and_nothing_happens_twice(account, cloud):
    account.rule(RECORD, conditions={"contact": {"first_name": ["Ada"]}})
    account.report()
    work(cloud)
    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    (check,) = [record.dispatch for record in found if record.dispatch.action == CHECK]

    for _ in range(3):
        dispatch.handler(sqs_event([check.to_wire()]), Context())
    work(cloud)

    assert 1 == followed(account)


def test_who_takes_over_from_a_dead_worker_keeps_to_what_it_decided(account, cloud, monkeypatch):
    """The worker died after it had decided; what it decided holds though the contact is another."""
    account.rule(RECORD, conditions={"contact": {"first_name": ["Ada"]}})
    account.report()
    with monkeypatch.context() as dying:
        dying.setattr("functions.dispatch.checks.queue", _die)
        with pytest.raises(SystemExit):
            work(cloud)
    change_contact(account.account_id, account.ada.contact_id, first_name="Bea")
    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    (left,) = found
    assert (Outcome.CLAIMED, "fires") == (left.outcome, left.detail)
    _expire(cloud)

    dispatch.handler(sqs_event([left.dispatch.to_wire()]), Context())
    work(cloud)

    assert 1 == followed(account)


def test_what_is_tried_out_waits_for_nothing(account, cloud):
    """And its dispatches say that they are a test."""
    rule = account.rule(RECORD | {"wait": {"seconds": 86_400}})
    account.report()
    work(cloud)
    (schedule,) = cloud.schedules()
    due = Dispatch.from_wire(schedule["Target"]["Input"])
    event = due.event._replace(event_id="test-1", at_ms=due.event.at_ms + 1)
    trial = Dispatch(due.contact_id, rule["rule_id"], 1, CHECK, event, test=True)

    dispatch.handler(sqs_event([trial.to_wire()]), Context())
    work(cloud)

    assert 1 == followed(account)
    assert trial == Dispatch.from_wire(trial.to_wire())
    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    assert [True, True] == [one.dispatch.test for one in found if one.dispatch.event == event]


def test_simple_rules_are_not_checked(account, cloud):
    """A rule on its event alone costs no dispatch more."""
    account.rule(MAIL, conditions={"event": {"value": [{"exists": True}]}})

    account.report()
    work(cloud)

    assert [(0, "done")] == [found[:2] for found in outcomes(account)]


def _die(*_):
    raise SystemExit


def _expire(cloud):
    """Let every lease have run out."""
    for item in cloud.items("TRACKING"):
        if "lease" in item:
            client("dynamodb").update_item(
                TableName=cloud.variables["TRACKING_TABLE"],
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET lease = :past",
                ExpressionAttributeValues={":past": {"N": "1"}},
            )


def test_what_is_scheduled_for_a_contact_goes_with_it(account, cloud):
    """A schedule carries what the contact did; another account's contact of the same id keeps its."""
    account.rule(RECORD | {"wait": {"seconds": 3600}})
    account.report()
    work(cloud)
    (ours,) = cloud.schedules()
    due = Dispatch.from_wire(ours["Target"]["Input"])
    theirs = replace(due, event=due.event._replace(account_id="200000002"))
    schedules.put(theirs, due.event.at_ms + 10**10, now_ms=due.event.at_ms)
    assert 2 == len(cloud.schedules())

    assert 200 == account.call("DELETE", f"/api/3/contacts/{account.ada.contact_id}")[0]

    (left,) = cloud.schedules()
    assert theirs == Dispatch.from_wire(left["Target"]["Input"])
