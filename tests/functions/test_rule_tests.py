"""Test runs of rules: what is shown is what is sent, and showing it changes nothing."""

import json
import re
import threading
from dataclasses import dataclass
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from signalbox import aws
from signalbox.containing import add_contact_to
from signalbox.model.action import KINDS
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.credential import Role
from signalbox.model.dispatch import Dispatch
from signalbox.model.event import Event
from signalbox.model.field import Field
from signalbox.model.tag import Tag
from signalbox.people import change_contact
from signalbox.queues import ACTIONS
from signalbox.store import (
    contact_tags,
    contacts,
    container_memberships,
    containers,
    dispatches,
    fields,
    lists,
    memberships,
    once,
    tags,
)
from tests.cloud import forget
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL, work
from tests.phones import phones

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


@dataclass
class World:
    """An account, and everything that leaves it."""

    account: Any
    cloud: Any
    url: str
    asked: list[tuple[str, str, dict[str, str], bytes]]
    texts: Any
    calls: list[tuple[str, dict[str, Any]]]

    @property
    def ada(self) -> Any:
        """Return the contact as it stands."""
        return contacts.fetch(A, self.account.ada.contact_id)

    def rule(self, *actions: dict[str, Any], **facts: Any) -> str:
        """Write a rule; return its id."""
        filled = json.loads(json.dumps(actions).replace("SITE", self.url))
        return self.account.rule(*filled, **facts)["rule_id"]

    def test(self, rule_id: str, status: int = 200, *, role=Role.GLOBAL_ADMIN, **body: Any) -> Any:
        """Try a rule out, with Ada unless told otherwise."""
        wanted = {"contact_id": self.ada.contact_id} | body
        path = f"/api/rules/{rule_id}/test"
        got, answer = self.account.call("POST", path, wanted, role=role)
        assert status == got, answer
        return answer

    def everything(self) -> Any:
        """Return all that is stored, queued, scheduled and was sent; the queues are empty then."""
        stored = [self.cloud.items(table) for table in ("CONTACTS", "RULES", "TRACKING")]
        queued = self.cloud.waiting("EVENTS") + self.cloud.waiting("ACTIONS")
        sent = (self.cloud.mails(), [*self.asked], [*self.texts.sent], [*self.calls])
        return stored, queued, self.cloud.schedules(), sent

    def dispatched(self) -> list[Any]:
        """Return what is kept of Ada's dispatches, in the order of the actions."""
        found, _ = dispatches.of_contact(A, self.ada.contact_id)
        return sorted(found, key=lambda record: record.dispatch.action)


@pytest.fixture(name="world")
def _world(account, cloud, monkeypatch):
    """Ada has a phone and a company; there is one container of each kind, a tag and a field."""
    change_contact(A, account.ada.contact_id, phone="+49 30 123456", fields={"COMPANY": "Ada & Co"})
    lists.create(ContactList(A, "1", "News"))
    for container_id, kind in (
        ("2", ContainerKind.EMAIL_OPT_OUT_LIST),
        ("3", ContainerKind.PHONE_OPT_OUT_LIST),
        ("4", ContainerKind.EMAIL_CAMPAIGN),
        ("5", ContainerKind.SMS_CAMPAIGN),
    ):
        containers.create(Container(A, kind, container_id, "one"))
    tags.create(Tag(A, "8", "VIP"))
    fields.create(Field(A, "9", "Company", "COMPANY"))
    asked: list[tuple[str, str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append((self.command, self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815 the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    calls: list[tuple[str, dict[str, Any]]] = []
    real = aws.call

    def call(service: str, operation: str, **request: Any) -> dict[str, Any]:
        if service not in ("events", "stepfunctions"):
            return real(service, operation, **request)
        calls.append((operation, request))
        return {"Entries": [{"EventId": "1"}], "executionArn": "arn"}

    monkeypatch.setattr(aws, "call", call)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, phones(monkeypatch) as texts:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        host = f"127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", host)
        forget()
        yield World(account, cloud, f"http://{host}", asked, texts, calls)
        server.shutdown()
        thread.join()


# What is shown of each kind of action, and what came of performing it.


def mailed(world, shown, to):
    (raw,) = world.cloud.mails()
    mail = message_from_string(raw, policy=policy.default)
    part = mail.get_body(("plain",))
    assert to == mail["To"]
    assert (mail["To"], mail["Subject"]) == (shown["to"], shown["subject"])
    assert shown["from"] == mail["From"].addresses[0].addr_spec
    assert shown["text"].strip() == part.get_content().strip()
    if shown["html"]:
        assert shown["html"].strip() == mail.get_body(("html",)).get_content().strip()


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
        prepare(world, action["kind"])
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


def prepare(world, kind: str) -> None:
    """Let Ada be where an action is to take her away."""
    if kind == "remove_tag":
        contact_tags.add(A, world.ada.contact_id, "8", now_ms=1)
    places = {
        "remove_from_opt_out_list": (ContainerKind.EMAIL_OPT_OUT_LIST, "2"),
        "remove_from_campaign": (ContainerKind.EMAIL_CAMPAIGN, "4"),
    }
    if kind in places:
        add_contact_to(A, *places[kind], world.ada)


def perform(world, due: list[Dispatch]) -> None:
    """Let the workers do what is due, and what follows from it."""
    ACTIONS.put(due)
    work(world.cloud)


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


# Values


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


# What would fire


def test_each_step_is_told(world):
    """Settings and conditions, met or not; what of a rule with a limit is said, too."""
    rule_id = world.rule(
        MAIL,
        trigger="contact_added",
        trigger_settings={"lists": ["2"], "contact_kind": "email"},
        conditions={
            "event": {"properties": {"mailer_id": ["6"]}},
            "contact": {"first_name": ["Bea"]},
        },
        once={},
    )

    answer = world.test(rule_id, event={"properties": {"mailer_id": "6"}})

    assert not answer["would_fire"]
    assert {
        "status": True,
        "trigger": True,
        "trigger_settings.lists": True,
        "trigger_settings.contact_kind": True,
        "conditions.event.properties.mailer_id": True,
        "conditions.contact.first_name": False,
        "once": True,
    } == {step["what"]: step["met"] for step in answer["steps"]}


@pytest.mark.parametrize(
    ("trigger", "settings"),
    [
        ("event_recorded", {"event_name": "download"}),
        ("contact_added", {}),
        ("contact_added", {"lists": ["2"], "mailers": [], "contact_kind": "phone"}),
        ("contact_deleted", {"lists": ["4"]}),
        ("subscribe", {"lists": ["1"]}),
        ("contact_tag_added", {"tags": ["8"]}),
        ("update", {"fields": ["email", "fields.COMPANY"]}),
        ("contact_created", {}),
        ("opt_out", {"contact_kind": "phone"}),
        ("click", {"lists": ["4"]}),
    ],
)
def test_the_event_that_is_made_up_is_one_that_fires_the_rule(world, trigger, settings):
    rule_id = world.rule(MAIL, trigger=trigger, trigger_settings=settings)

    answer = world.test(rule_id)

    assert [] == [step for step in answer["steps"] if not step["met"]]
    assert answer["would_fire"]


@pytest.mark.parametrize("level", ["email_campaign", "phone_opt_out_list"])
def test_so_is_that_of_a_rule_at_a_container(world, level):
    container_id = {"email_campaign": "4", "phone_opt_out_list": "3"}[level]
    rule_id = world.rule(
        MAIL, trigger="contact_added", level=level, container_id=container_id, trigger_settings={}
    )

    assert world.test(rule_id)["would_fire"]


def test_a_past_event_is_tried_as_it_was(world):
    """Also one that came before the rule was written."""
    world.account.report(eventdata="old.pdf")
    work(world.cloud)
    _, seen = world.account.call("GET", f"/api/contacts/{world.ada.contact_id}/activities")
    (event,) = seen["events"]
    rule_id = world.rule(MAIL)

    answer = world.test(rule_id, entry_id=event["entry_id"])

    assert answer["would_fire"]
    assert (event["at_ms"], "old.pdf") == (answer["event"]["at_ms"], answer["event"]["value"])


def test_an_event_of_somebody_else_is_refused(world):
    world.account.report()
    work(world.cloud)
    _, seen = world.account.call("GET", f"/api/contacts/{world.ada.contact_id}/activities")
    _, other = world.account.call("POST", "/api/contacts", {"email": "bea@signalbox.example"})

    entry_id = seen["events"][0]["entry_id"]
    world.test(world.rule(MAIL), 422, contact_id=other["contact_id"], entry_id=entry_id)


def test_what_would_be_skipped_or_fail_says_so(world):
    """As performing it would."""
    add_contact_to(A, ContainerKind.EMAIL_OPT_OUT_LIST, "2", world.ada)
    change_contact(A, world.ada.contact_id, phone="")
    rule_id = world.rule(
        MAIL,
        {"kind": "send_sms", "text": "Hi"},
        {"kind": "add_to_campaign", "campaign_id": "5"},
        {"kind": "add_to_list", "list_id": "1"},
        {"kind": "add_tag", "tag_id": "8"},
        {"kind": "set_field", "field": "COMPANY", "value": "%EVENT: download%"},
    )
    lists.delete(A, "1", 1)
    tags.delete(tags.fetch(A, "8"), 1)

    answer = world.test(rule_id, event={"value": "x" * 5000}, send=True)
    work(world.cloud)

    expected = [
        ("skipped", "opted_out"),
        ("skipped", "no_phone"),
        ("skipped", "no_phone"),
        ("skipped", "container_gone"),
        ("skipped", "tag_gone"),
        ("failed", "value: is longer than 4096 characters"),
    ]
    assert expected == [(one["outcome"], one["detail"]) for one in answer["actions"]]
    assert expected == [(str(one.outcome), one.detail) for one in world.dispatched()]


# Sending


def test_a_test_waits_for_nothing_but_says_how_long_the_rule_would(world):
    rule_id = world.rule(MAIL | {"wait": {"seconds": 86_400}})

    (tried,) = world.test(rule_id, send=True)["actions"]
    work(world.cloud)

    (record,) = world.dispatched()
    assert 86_400_000 == tried["due_ms"] - record.dispatch.event.received_ms
    assert [] == world.cloud.schedules()
    assert 1 == len(world.cloud.mails())


def test_a_test_goes_out_whatever_the_conditions_say_and_takes_no_turn(world):
    """Also of a rule that is disabled."""
    rule_id = world.rule(
        MAIL, conditions={"contact": {"first_name": ["Bea"]}}, once={}, status="disabled"
    )

    answer = world.test(rule_id, send=True)
    work(world.cloud)

    assert {"status", "conditions.contact.first_name"} == {
        step["what"] for step in answer["steps"] if not step["met"]
    }
    assert 1 == len(world.cloud.mails())
    assert None is once.taken(A, world.ada.contact_id, rule_id)


def test_a_rule_that_is_disabled_fires_for_no_event(world):
    """The door for tests is open for tests alone."""
    rule_id = world.rule(MAIL, status="disabled")
    event = Event(A, "e1", "download", 1, 1, f"contact:{world.ada.contact_id}")

    perform(world, [Dispatch(world.ada.contact_id, rule_id, 1, 0, event)])

    assert ["rule_disabled"] == [record.detail for record in world.dispatched()]


def test_a_test_is_marked_in_the_log(world):
    rule_id = world.rule(MAIL)
    world.test(rule_id, send=True)
    world.account.report()
    work(world.cloud)

    _, log = world.account.call("GET", "/api/rule-log", query="test=true")

    assert [(rule_id, True)] == [(row["rule_id"], row["test"]) for row in log["rows"]]


@pytest.mark.parametrize(
    ("role", "project", "campaign"),
    [
        (Role.GLOBAL_ADMIN, 200, 200),
        (Role.ADMIN, 403, 200),
        (Role.MARKETER, 403, 200),
        (Role.ANALYST, 403, 403),
        (Role.VIEWER, 403, 403),
    ],
)
def test_who_may_write_a_rule_may_send_it(world, role, project, campaign):
    at_project = world.rule(MAIL)
    at_campaign = world.rule(
        MAIL, trigger="contact_added", trigger_settings={}, level="email_campaign", container_id="4"
    )

    world.test(at_project, project, role=role, send=True)
    world.test(at_campaign, campaign, role=role, send=True)

    assert [project, campaign].count(200) == len(world.cloud.waiting("ACTIONS"))


def test_what_was_given_is_forgotten_where_the_contact_is_gone(world):
    """The record of the test says nothing of who was erased."""
    rule_id = world.rule(MAIL)
    world.test(rule_id, values={"first_name": "Secret"}, event={"value": "Secret"}, send=True)
    assert 200 == world.account.call("DELETE", f"/api/3/contacts/{world.ada.contact_id}")[0]

    work(world.cloud)

    assert "Secret" not in json.dumps(world.cloud.items("TRACKING"))
