"""The rule log: what everybody may read, and what only those who say why."""

import json
from typing import Any

import pytest

from functions.track import app as track
from signalbox import aws
from signalbox.channels import outbound, webhook
from signalbox.model.action import KINDS
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.credential import Role
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.event import Event
from signalbox.model.field import Field
from signalbox.model.retries import Answer, Fault
from signalbox.model.tag import Tag
from signalbox.people import change_contact, erase
from signalbox.queues import ACTIONS
from signalbox.store import containers, detail_accesses, dispatches, fields, lists, tags
from tests.cloud import sqs_event
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL, settle, work
from tests.phones import phones

EMAIL, PHONE, NAME = "xaddressx@signalbox.example", "+4930987654", "Xfirstnamex"
VALUE, PROPERTY, FIELD = "xvaluex", "xpropertyx", "xfieldx"
PERSONAL = (EMAIL, "xaddressx", PHONE, PHONE[1:], "987654", NAME, VALUE, PROPERTY, FIELD)
TEXT = "%EMAIL% %FIRSTNAME% %PHONE% %EVENT: download% %COMPANY%"
URL = "https://hooks.example/%EMAIL%/%FIRSTNAME%?v=%COMPANY%"
PING = "https://hooks.example/{email}?n={first_name}&v={event.value}&p={event.properties.p}"
REASON = "a complaint of the contact's"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:signalbox-x"
OURS = {"dynamodb", "sqs", "scheduler"}

ACTIONS_OF_ALL_KINDS: list[dict[str, Any]] = [
    {"kind": "send_email", "subject": TEXT, "text": TEXT},
    {"kind": "send_sms", "text": TEXT},
    {"kind": "notify", "to": "people@signalbox.example", "subject": TEXT, "text": TEXT},
    {"kind": "webhook", "url": URL},
    {"kind": "ping_url", "url": PING, "method": "POST", "body": '{"who": "{email}"}'},
    {"kind": "add_to_list", "list_id": "1"},
    {"kind": "remove_from_list", "list_id": "1"},
    {"kind": "add_to_opt_out_list", "list_id": "2"},
    {"kind": "remove_from_opt_out_list", "list_id": "2"},
    {"kind": "add_to_campaign", "campaign_id": "4"},
    {"kind": "remove_from_campaign", "campaign_id": "4"},
    {"kind": "add_tag", "tag_id": "8"},
    {"kind": "remove_tag", "tag_id": "8"},
    {"kind": "set_field", "field": "phone", "value": TEXT},
    {"kind": "record_event", "name": "followed", "value": TEXT, "properties": {"who": TEXT}},
    {"kind": "put_event"},
    {"kind": "start_execution", "state_machine_arn": MACHINE},
]


@pytest.fixture(name="person")
def _person(account, cloud):
    """Ada as somebody whose every fact can be told from all else."""
    lists.create(ContactList(A, "1", "News"))
    for container_id, kind in (("2", "email_opt_out_list"), ("4", "email_campaign")):
        containers.create(Container(A, ContainerKind(kind), container_id, "one"))
    tags.create(Tag(A, "8", "VIP"))
    fields.create(Field(A, "9", "Company", "COMPANY"))
    change_contact(
        A,
        account.ada.contact_id,
        email=EMAIL,
        first_name=NAME,
        phone=PHONE,
        fields={"COMPANY": FIELD},
    )
    return account


def happen(account, cloud, number: int = 0, **changes: Any) -> None:
    """Let an event come, and all that follows of it."""
    facts = {
        "account_id": A,
        "event_id": f"e{number}",
        "name": "download",
        "at_ms": 1_795_254_840_000 + number,
        "received_ms": 1_795_254_840_000 + number,
        "address": f"contact:{account.ada.contact_id}",
        "value": VALUE,
        "properties": {"p": PROPERTY},
    }
    track.handler(sqs_event([Event(**(facts | changes)).to_wire()]), None)
    work(cloud)


def read(account, query: str = "", **options: Any) -> list[dict[str, Any]]:
    """Return the log's rows."""
    status, page = account.call("GET", "/api/rule-log", query=query, **options)
    assert (200, "") == (status, page["next"])
    return page["rows"]


def quoting(*words: str) -> str:
    """Return an error's text that quotes everything personal."""
    return " ".join([*words, *PERSONAL])


def refusing(code: str, status: int) -> Any:
    """Return a door to AWS behind which every service but our own refuses, and quotes."""
    real = aws.call

    def call(service: str, operation: str, **request: Any) -> Any:
        if service in OURS:
            return real(service, operation, **request)
        raise aws.AwsError(code, quoting("said of"), status, {})

    return call


def answering() -> Any:
    """Return a door to AWS behind which every service but our own takes all it gets."""
    real = aws.call
    said = {"MessageId": "1", "executionArn": f"{MACHINE}:x", "Entries": [{"EventId": "1"}]}

    def call(service: str, operation: str, **request: Any) -> Any:
        return real(service, operation, **request) if service in OURS else said

    return call


WORLDS = {
    "all goes well": (answering, Answer(status=200, body=quoting("got"))),
    "all is refused": (
        lambda: refusing("MessageRejected", 400),
        Answer(fault=Fault.REFUSED, detail=quoting("not to")),
    ),
    "all fails": (
        lambda: refusing("ServiceUnavailable", 503),
        Answer(fault=Fault.TLS, detail=quoting("not to")),
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_no_row_holds_what_is_personal(person, cloud, monkeypatch, name):
    """Of no kind of action, whatever came of it, and whatever the errors quote."""
    door, answer = WORLDS[name]
    asked = []
    monkeypatch.setattr(outbound, "request", lambda *sent, **_: asked.append(sent) or answer)
    monkeypatch.setattr(webhook, "deliver", lambda *sent, **_: asked.append(sent) or answer)
    conditions = {"contact": {"email": [{"anything-but": EMAIL}]}}
    with phones(monkeypatch):
        person.rule(*ACTIONS_OF_ALL_KINDS)
        person.rule(MAIL, name="unmet", conditions=conditions)
        monkeypatch.setattr(aws, "call", door())
        happen(person, cloud)

    rows = read(person, "limit=100")

    assert {*KINDS, "check"} == {row["kind"] for row in rows}
    assert EMAIL in str(asked) or "%40" in str(asked)  # what was sent did hold it
    shown = json.dumps(rows) + json.dumps(read(person, f"contact_id={person.ada.contact_id}"))
    assert [] == [word for word in PERSONAL if word in shown]
    kept, _ = dispatches.of_contact(A, person.ada.contact_id)
    quoted = [record for record in kept if any(word in record.detail for word in PERSONAL)]
    assert quoted  # or there was nothing to leave out


def test_a_row_tells_what_a_rule_did(account, cloud):
    rule = account.rule(MAIL, name="Send the file")

    happen(account, cloud)

    (row,) = read(account)
    (record,), _ = dispatches.of_contact(A, account.ada.contact_id)
    assert row == {
        "dispatch_id": record.dispatch.dispatch_id,
        "at_ms": record.changed_ms,
        "contact_id": account.ada.contact_id,
        "level": "project",
        "container_id": "",
        "trigger": "event_recorded",
        "rule_id": rule["rule_id"],
        "rule_name": "Send the file",
        "rule_version": 1,
        "event_name": "download",
        "kind": "send_email",
        "outcome": "done",
        "detail": "",
        "response_status": 0,
        "attempt": 1,
        "test": False,
    }


@pytest.fixture(name="history")
def _history(account, cloud, monkeypatch):
    """Of two contacts a mail, a webhook that failed, a check that was not met and a test run."""
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=410))
    mail = account.rule(MAIL, {"kind": "webhook", "url": "https://hooks.example/in"})
    unmet = account.rule(MAIL, conditions={"contact": {"first_name": ["Bea"]}})
    happen(account, cloud)
    tried = Event(A, "t", "download", 1, 1, f"contact:{account.ada.contact_id}")
    ACTIONS.put([Dispatch(account.ada.contact_id, mail["rule_id"], 1, 0, tried, test=True)])
    work(cloud)
    return {"mail": mail["rule_id"], "unmet": unmet["rule_id"], "ada": account.ada.contact_id}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["check skipped", "send_email done", "send_email done", "webhook failed"]),
        ("rule_id={mail}", ["send_email done", "send_email done", "webhook failed"]),
        ("rule_id={unmet}", ["check skipped"]),
        ("kind=check&outcome=skipped", ["check skipped"]),
        ("outcome=failed", ["webhook failed"]),
        ("level=project&trigger=event_recorded&kind=webhook", ["webhook failed"]),
        ("level=sms_campaign", []),
        ("trigger=open", []),
        ("test=true", ["send_email done"]),
        ("test=false", ["check skipped", "send_email done", "webhook failed"]),
        ("contact_id={ada}&outcome=done&test=true", ["send_email done"]),
        ("contact_id=77", []),
        ("since_ms=9999999999999", []),
        ("until_ms=1", []),
    ],
)
def test_the_log_is_filtered(account, history, query, expected):
    rows = read(account, query.format(**history))

    assert expected == sorted(f"{row['kind']} {row['outcome']}" for row in rows)


def test_a_log_goes_on_where_a_page_ended(account, history):
    found, after = [], ""
    while True:
        status, page = account.call("GET", "/api/rule-log", query=f"limit=1&after={after}")
        assert 200 == status
        found += page["rows"]
        after = page["next"]
        if not after:
            break

    assert read(account) == found
    assert sorted((row["at_ms"] for row in found), reverse=True) == [row["at_ms"] for row in found]


@pytest.mark.parametrize(
    "query", ["after=x", "outcome=x", "level=x", "trigger=x", "test=x", "since_ms=-1", "limit=101"]
)
def test_a_question_that_makes_no_sense_is_refused(account, query):
    assert 422 == account.call("GET", "/api/rule-log", query=query)[0]


# Details


def ask(account, dispatch_id: str, reason: str = REASON, **options: Any) -> tuple[int, Any]:
    """Ask for the details of a dispatch."""
    path = f"/api/rule-log/{dispatch_id}/details"
    return account.call("POST", path, {"reason": reason}, **options)


def accesses(account) -> list[dict[str, Any]]:
    """Return the looks that are written down."""
    status, page = account.call("GET", "/api/rule-log/accesses", role=Role.ADMIN)
    assert 200 == status
    return page["accesses"]


def test_details_are_whole(person, cloud):
    """The event, the contact's addresses, what was said, and the action of that version."""
    rule = person.rule(MAIL | {"text": "first"})
    happen(person, cloud)
    wanted = {name: rule[name] for name in ("name", "trigger", "trigger_settings")}
    path = f"/api/rules/{rule['rule_id']}"
    assert 200 == person.call("PUT", path, wanted | {"actions": [MAIL | {"text": "second"}]})[0]
    (row,) = read(person)
    (record,), _ = dispatches.of_contact(A, person.ada.contact_id)

    status, details = ask(person, row["dispatch_id"])

    assert (200, row, record.detail) == (status, details["row"], details["detail"])
    assert (VALUE, {"p": PROPERTY}, f"contact:{person.ada.contact_id}") == (
        details["event"]["value"],
        details["event"]["properties"],
        details["event"]["address"],
    )
    assert (EMAIL, PHONE, NAME) == (
        details["contact"]["email"],
        details["contact"]["phone_number"],
        details["contact"]["first_name"],
    )
    assert ("send_email", "first") == (details["action"]["kind"], details["action"]["text"])


def test_who_asked_for_details_when_and_why_is_kept(account, cloud):
    account.rule(MAIL)
    happen(account, cloud)
    (row,) = read(account)

    status, details = ask(account, row["dispatch_id"], f"  {REASON}\n", role=Role.ADMIN)
    _, key = account.call("GET", "/api/key", role=Role.ADMIN)

    assert 200 == status
    (look,) = accesses(account)
    assert look == {
        "access_id": details["access_id"],
        "at_ms": look["at_ms"],
        "dispatch_id": row["dispatch_id"],
        "contact_id": account.ada.contact_id,
        "key_id": key["key_id"],
        "key_name": "admin",
        "role": "admin",
        "reason": REASON,
    }
    assert look["at_ms"] >= row["at_ms"]


def test_nothing_is_shown_that_is_not_written_down_before(account, cloud, monkeypatch):
    account.rule(MAIL)
    happen(account, cloud)
    (row,) = read(account)

    def broken(*_: Any) -> Any:
        raise aws.AwsError("InternalServerError", "", 500, {})

    with monkeypatch.context() as patched:
        patched.setattr(detail_accesses, "record", broken)
        status, answer = ask(account, row["dispatch_id"])
    assert (503, ["errors"]) == (status, list(answer))
    with monkeypatch.context() as patched:
        patched.setattr("functions.admin.detail_accesses._contact", broken)
        assert 503 == ask(account, row["dispatch_id"])[0]

    assert 1 == len(accesses(account))


@pytest.mark.parametrize("reason", ["", "too short", " " * 30, f"{'x' * 501}"])
def test_a_reason_is_needed(account, cloud, reason):
    account.rule(MAIL)
    happen(account, cloud)
    (row,) = read(account)

    status, answer = ask(account, row["dispatch_id"], reason)

    assert (422, ["reason"]) == (status, [fault["field"] for fault in answer["errors"]])
    assert [] == accesses(account)


def test_what_there_is_not_has_no_details_and_leaves_no_trace(account):
    assert 404 == ask(account, "7-0000000000001-a")[0]
    assert 404 == ask(account, "x")[0]
    assert [] == accesses(account)


def test_the_details_of_a_check_name_no_action(account, history):
    (row,) = read(account, "kind=check")

    _, details = ask(account, row["dispatch_id"])

    assert (None, "conditions_not_met") == (details["action"], row["detail"])
    assert "Bea" in details["detail"]


def test_the_details_of_a_webhook_are_told_while_it_is_there(account, cloud, monkeypatch):
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=200))
    wanted = {
        "name": "Told",
        "url": "https://hooks.example/in",
        "events": ["event:download"],
        "sources": ["api"],
    }
    status, made = account.call("POST", "/api/3/webhooks", {"webhook": wanted})
    assert status in (200, 201), made
    happen(account, cloud)
    (row,) = read(account)

    assert ("Told", "project", "event_recorded") == (
        row["rule_name"],
        row["level"],
        row["trigger"],
    )
    assert "https://hooks.example/in" == ask(account, row["dispatch_id"])[1]["action"]["url"]
    account.call("DELETE", f"/api/3/webhooks/{made['webhook']['id']}")
    assert ask(account, row["dispatch_id"])[1]["action"] is None
    assert "" == read(account)[0]["rule_name"]


def test_erasing_the_contact_leaves_who_looked_and_nothing_else(person, cloud):
    person.rule(MAIL)
    happen(person, cloud)
    (row,) = read(person)
    ask(person, row["dispatch_id"])

    erase(A, person.ada.contact_id)

    assert [] == read(person)
    assert 404 == ask(person, row["dispatch_id"])[0]
    (look,) = accesses(person)
    assert (row["dispatch_id"], REASON) == (look["dispatch_id"], look["reason"])
    assert [] == [word for word in PERSONAL if word in json.dumps(look)]


def test_a_contact_that_is_gone_is_said_to_be(account, cloud):
    """A dispatch that was queued before the contact went leaves its outcome, and no person."""
    rule = account.rule(MAIL)
    gone = Event(A, "e", "download", 1, 1, "email:gone@signalbox.example", value=VALUE)
    ACTIONS.put([Dispatch("77", rule["rule_id"], 1, 0, gone)])
    work(cloud)
    (row,) = read(account)

    _, details = ask(account, row["dispatch_id"])

    assert (Outcome.SKIPPED, "contact_gone", None) == (
        row["outcome"],
        row["detail"],
        details["contact"],
    )
    assert ("", "contact:77") == (details["event"]["value"], details["event"]["address"])


def test_looks_are_listed_page_by_page(account, cloud):
    account.rule(MAIL)
    happen(account, cloud)
    (row,) = read(account)
    made = [ask(account, row["dispatch_id"])[1]["access_id"] for _ in range(3)]
    query, found = "limit=2", []
    while True:
        _, page = account.call("GET", "/api/rule-log/accesses", query=query)
        found += [look["access_id"] for look in page["accesses"]]
        if not page["next"]:
            break
        query = f"limit=2&after={page['next']}"

    assert sorted(made, reverse=True) == found


def test_another_account_has_another_log(account, cloud):
    """Neither its rows, its details nor the looks at them are seen from there."""
    account.rule(MAIL)
    happen(account, cloud)
    (row,) = read(account)
    ask(account, row["dispatch_id"])
    other = settle("200000002")

    assert ([], []) == (read(other), accesses(other))
    assert [] == read(other, f"contact_id={account.ada.contact_id}")
    assert 404 == ask(other, row["dispatch_id"])[0]
    assert [] == accesses(other)
