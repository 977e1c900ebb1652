"""What each kind of action does to the world, done once and done again."""

import json
import threading
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from functions.dispatch import app as dispatch
from functions.track import app as track
from signalbox import aws
from signalbox.containing import add_contact_to
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.event import Event
from signalbox.model.field import Field
from signalbox.model.mailer import Mailer, MailerStatus
from signalbox.model.membership import Subscription
from signalbox.model.tag import Tag
from signalbox.people import change_contact
from signalbox.store import (
    contact_tags,
    contacts,
    container_memberships,
    containers,
    dispatches,
    fields,
    lists,
    mailers,
    memberships,
    tags,
)
from tests.cloud import Context, client, forget, sqs_event
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL
from tests.phones import SENDER, phones
from tests.streams import Stream, announce

PHONE = "+4930123456"
EMAILS, PHONES = ContainerKind.EMAIL_OPT_OUT_LIST, ContainerKind.PHONE_OPT_OUT_LIST
CAMPAIGN = ContainerKind.EMAIL_CAMPAIGN


class Scene:
    """An account whose rules have one action, and what came of performing it."""

    def __init__(self, account: Any, cloud: Any) -> None:
        self.account = account
        self.cloud = cloud
        self.due: list[str] = []

    @property
    def ada(self) -> Any:
        """Return the contact as it stands."""
        return contacts.fetch(A, self.account.ada.contact_id)

    def fire(self, *actions: dict[str, Any], **event: Any) -> list[tuple[str, str, str]]:
        """Let an event wake a rule with these actions; return kind, outcome and detail of each."""
        self.account.rule(*actions)
        happened = {
            "account_id": A,
            "event_id": "e1",
            "name": "download",
            "at_ms": 1_795_254_840_000,
            "received_ms": 1_795_254_840_500,
            "address": f"contact:{self.account.ada.contact_id}",
            "value": "a.pdf",
            "properties": {"price": 7, "mailer_id": "6"},
            "depth": 2,
        }
        track.handler(sqs_event([Event(**(happened | event)).to_wire()]), None)
        self.due = self.cloud.waiting("ACTIONS")
        self.perform()
        return self.outcomes()

    def perform(self) -> None:
        """Deliver what is due to the worker."""
        answer = dispatch.handler(sqs_event(self.due), Context())
        assert {"batchItemFailures": []} == answer

    def perform_again(self) -> None:
        """Deliver it as if the first worker had died after the deed and before it wrote it down."""
        for record in self.records():
            key = dispatches.key(A, record.dispatch.dispatch_id)
            client("dynamodb").delete_item(
                TableName=self.cloud.variables["TRACKING_TABLE"],
                Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            )
        self.perform()

    def records(self) -> list[Any]:
        """Return what is kept of the dispatches, in the order of the actions."""
        found, _ = dispatches.of_contact(A, self.account.ada.contact_id)
        return sorted(found, key=lambda record: record.dispatch.action)

    def outcomes(self) -> list[tuple[str, str, str]]:
        """Return kind, outcome and detail of each action."""
        return [(one.kind, str(one.outcome), one.detail) for one in self.records()]


@pytest.fixture(name="scene")
def _scene(account, cloud):
    """Ada has a phone; there are a list, opt-out lists, a campaign, a tag and a field."""
    change_contact(A, account.ada.contact_id, phone="+49 30 123456")
    lists.create(ContactList(A, "1", "News"))
    for container_id, kind in (("2", EMAILS), ("3", PHONES), ("4", CAMPAIGN)):
        containers.create(Container(A, kind, container_id, "one"))
    tags.create(Tag(A, "8", "VIP"))
    fields.create(Field(A, "9", "Company", "COMPANY"))
    return Scene(account, cloud)


@pytest.fixture(name="texts")
def _texts(scene, monkeypatch):
    with phones(monkeypatch) as kept:
        yield kept


# Changes of the contact


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


def prepare(scene: Scene, kind: str) -> None:
    """Let Ada be where an action is to take her away."""
    if kind == "remove_tag":
        contact_tags.add(A, scene.ada.contact_id, "8", now_ms=1)
    places = {
        "remove_from_list": (ContainerKind.LIST, "1"),
        "remove_from_opt_out_list": (PHONES, "3"),
        "remove_from_campaign": (CAMPAIGN, "4"),
    }
    if kind in places:
        add_contact_to(A, *places[kind], scene.ada)


@pytest.mark.parametrize(
    "change",
    CHANGES,
    ids=[f"{change[0]['kind']} {change[0].get('field', '')}".strip() for change in CHANGES],
)
def test_a_change_is_made_once_and_is_an_event_one_deeper(scene, change):
    """Performed again it changes nothing; its event says which rule did it, and how deep it is."""
    action, state, before, after, event_kind = change
    prepare(scene, action["kind"])
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

    event = Event(A, "e1", "download", 1, 1, f"contact:{scene.ada.contact_id}")
    track.handler(sqs_event([event.to_wire()]), None)
    scene.due = scene.cloud.waiting("ACTIONS")
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


# Messages


def test_a_text_goes_to_the_phone_once(scene, texts):
    """The outcome says what it costs; a second delivery sends nothing."""
    text = "Hi %FIRSTNAME%, %EVENT: download% " + "x" * 150

    assert [("send_sms", "done", "text-1 (2 segments, GSM-7)")] == scene.fire(
        {"kind": "send_sms", "text": text}
    )
    scene.perform()

    (sent,) = texts.sent
    (record,) = scene.records()
    assert (PHONE, SENDER) == (sent["DestinationPhoneNumber"], sent["OriginationIdentity"])
    assert f"Hi Ada, a.pdf {'x' * 150}" == sent["MessageBody"]
    assert {"dispatch_id": record.dispatch.dispatch_id} == sent["Context"]


def test_a_text_that_aws_may_have_taken_is_uncertain_and_never_repeated(scene, texts):
    texts.refusals.append((500, {"__type": "InternalServerException", "message": "broken"}))

    assert [("send_sms", "uncertain", "InternalServerException: broken")] == scene.fire(
        {"kind": "send_sms", "text": "Hi"}
    )
    scene.perform()

    assert 1 == len(texts.sent)


def test_a_text_that_aws_is_too_busy_for_waits(scene, texts):
    texts.refusals.append((400, {"__type": "ThrottlingException", "message": "slow down"}))

    assert [("send_sms", "waiting", "ThrottlingException: slow down")] == scene.fire(
        {"kind": "send_sms", "text": "Hi"}
    )
    assert 1 == len(scene.cloud.schedules())


def test_a_phone_that_answered_stop_is_skipped(scene, texts):
    refusal = {"__type": "ConflictException", "Reason": "DESTINATION_PHONE_NUMBER_OPTED_OUT"}
    texts.refusals.append((400, refusal))

    assert [("send_sms", "skipped", "opted_out")] == scene.fire({"kind": "send_sms", "text": "Hi"})


@pytest.mark.parametrize("text", ["%EVENT: download%", "%LASTNAME%"])
def test_a_text_that_is_none_or_too_long_fails(scene, texts, text):
    ((kind, outcome, _),) = scene.fire({"kind": "send_sms", "text": text}, value="x" * 1601)

    assert ("send_sms", "failed") == (kind, outcome)
    assert [] == texts.sent


def test_who_has_no_phone_gets_no_text(scene, texts):
    change_contact(A, scene.ada.contact_id, phone="030 123456")

    assert [("send_sms", "skipped", "no_phone")] == scene.fire({"kind": "send_sms", "text": "Hi"})


def test_a_stack_without_a_number_sends_no_text(scene):
    assert [("send_sms", "skipped", "no_sender")] == scene.fire({"kind": "send_sms", "text": "Hi"})


def test_an_opt_out_stops_messages_but_not_those_that_are_needed(scene, texts):
    """Each opt-out stops its own kind of message."""
    add_contact_to(A, EMAILS, "2", scene.ada)
    add_contact_to(A, PHONES, "3", scene.ada)

    assert [
        ("skipped", "opted_out"),
        ("skipped", "opted_out"),
        ("done", "text-1 (1 segment, GSM-7)"),
    ] == [
        one[1:]
        for one in scene.fire(
            MAIL,
            {"kind": "send_sms", "text": "Hi"},
            {"kind": "send_sms", "text": "Your code: 1", "respect_opt_outs": False},
            MAIL | {"subject": "Your receipt", "respect_opt_outs": False},
        )
    ][:3]
    (mail,) = scene.cloud.mails()
    assert "Subject: Your receipt" in mail


def test_an_opt_out_of_the_other_kind_stops_nothing(scene, texts):
    add_contact_to(A, PHONES, "3", scene.ada)

    ((_, outcome, _),) = scene.fire(MAIL)

    assert "done" == outcome


def test_a_note_goes_to_the_team_once(scene):
    """Even where the contact has no address and opted out."""
    note = {
        "kind": "notify",
        "to": "team@signalbox.example",
        "subject": "%EMAIL%\r\n",
        "text": "%EVENT: download%",
    }

    ((_, outcome, _),) = scene.fire(note, value="a.pdf")
    scene.perform()

    assert "done" == outcome
    (mail,) = scene.cloud.mails()
    written = message_from_string(mail, policy=policy.default)
    assert ("team@signalbox.example", "ada@signalbox.example") == (
        written["To"],
        written["Subject"],
    )
    assert "a.pdf" == written.get_content().strip()


# Further events, and other services


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


# Pings


@pytest.fixture(name="site")
def _site(monkeypatch):
    """A site on loopback that keeps what it is asked and answers by path."""
    asked: list[tuple[str, str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append((self.command, self.path, dict(self.headers), body))
            self.send_response(int(self.path[1:4]))
            self.send_header("Location", "/200")
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815 the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", host)
    forget()
    yield f"http://{host}", asked
    server.shutdown()
    server.server_close()


def test_a_url_is_called_with_what_its_placeholders_stand_for(scene, site):
    url, asked = site
    ping = {
        "kind": "ping_url",
        "url": url + "/200/{contact_id}?who={email}&n={event.properties.price}",
        "headers": {"X-Who": "{first_name}"},
    }

    scene.fire(ping)

    ((method, path, headers, body),) = asked
    (record,) = scene.records()
    assert ("GET", b"") == (method, body)
    assert f"/200/{scene.ada.contact_id}?who=ada%40signalbox.example&n=7" == path
    assert ("Ada", record.dispatch.dispatch_id) == (
        headers["X-Who"],
        headers["Signalbox-Dispatch-Id"],
    )
    assert not [name for name in headers if name.lower().startswith("webhook-")]
    assert (Outcome.DONE, 200, "HTTP 200") == (
        record.outcome,
        record.response_status,
        record.detail,
    )


def test_a_value_cannot_leave_its_place(scene, site):
    """Neither a header nor a second request nor a member of JSON comes of what a contact says."""
    url, asked = site
    evil = 'a" , "admin": true, "b": "\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1'
    ping = {
        "kind": "ping_url",
        "method": "POST",
        "url": url + "/200?v={event.value}",
        "headers": {"X-V": "{event.value}"},
        "body": '{"v": "{event.value}", "w": {event.value}}',
    }

    scene.fire(ping, value=evil)

    ((_, _, headers, body),) = asked
    assert {"v": evil, "w": evil} == json.loads(body)
    assert "application/json" == headers["Content-Type"]
    assert "X-Evil" not in headers
    assert 'a" , "admin": true, "b": " X-Evil: 1 GET /evil HTTP/1.1' == headers["X-V"]


@pytest.mark.parametrize(
    ("status", "outcome"), [(503, "waiting"), (302, "waiting"), (404, "waiting"), (410, "failed")]
)
def test_a_site_that_refuses_is_asked_again_unless_it_is_gone(scene, site, status, outcome):
    """A redirect is not followed; 410 rests the action."""
    url, asked = site

    scene.fire({"kind": "ping_url", "url": f"{url}/{status}"})

    (record,) = scene.records()
    assert (outcome, status) == (record.outcome, record.response_status)
    assert 1 == len(asked)
    rule = scene.account.call("GET", f"/api/rules/{record.dispatch.rule_id}")[1]
    gone = ["action 0: the pinged URL answered 410 Gone"]
    assert (gone if status == 410 else []) == rule["resting_because"]


def test_a_url_that_leads_inside_is_not_called(scene, site, monkeypatch):
    url, asked = site
    scene.account.rule({"kind": "ping_url", "url": f"{url}/200"})
    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", "")
    forget()
    event = Event(A, "e1", "download", 1, 1, f"contact:{scene.ada.contact_id}")
    track.handler(sqs_event([event.to_wire()]), None)
    scene.due = scene.cloud.waiting("ACTIONS")

    scene.perform()

    ((_, outcome, detail),) = scene.outcomes()
    assert ("failed", "refused") == (outcome, detail.partition(":")[0])
    assert [] == asked
