"""Policies: each function may do what it does, to the partitions it does it to, and no more."""

import re
import time
from email import message_from_string
from typing import Any

import pytest

from functions.dispatch import app as dispatch
from functions.ingest import app as ingest
from functions.relay import app as relay
from functions.send import pacing
from functions.subscribe import app as subscribe
from functions.track import app as track
from signalbox import aws, mailing_runs
from signalbox.channels import mail, webhook
from signalbox.model import mailing as model
from signalbox.model.container import Container, ContainerKind
from signalbox.model.credential import Role
from signalbox.model.retries import Answer
from signalbox.model.sending import Start
from signalbox.model.tracking_token import Token, TokenKind, signed
from signalbox.store import containers, mailings
from tests import hits
from tests import mailings as town
from tests.cloud import Cloud, Context, forget, http_event, sqs_event
from tests.functions.test_authorization import ALLOWED, populate
from tests.mailed import TrackingStream, message, write
from tests.people import MAIL, People, work
from tests.phones import phones
from tests.policies import (
    APPS,
    FUNCTIONS,
    MACHINE,
    WITHOUT_RESOURCES,
    Recorder,
    acting,
    granted,
    is_granted,
    listed,
    statements,
)
from tests.ses import give_feedback
from tests.streams import Stream, announce


def test_the_tests_know_every_function():
    assert set(APPS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_is_granted_by_a_star(name):
    """No action holds a star, and no resource is one where AWS knows resources for the action."""
    for statement in statements(name):
        assert "Allow" == statement["Effect"]
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        anywhere = "*" in listed(statement["Resource"])
        assert not anywhere or set(listed(statement["Action"])) <= WITHOUT_RESOURCES
        assert not {"NotAction", "NotResource"} & set(statement)


@pytest.fixture(name="recorder")
def _recorder(monkeypatch):
    recorder = Recorder()
    call = aws.call

    def recorded(service: str, operation: str, **request: Any) -> dict[str, Any]:
        recorder.note(service, operation, request)
        if operation == "GetAccount":  # moto does not know it
            return {"SendQuota": {"MaxSendRate": 1000.0}}
        return call(service, operation, **request)

    monkeypatch.setattr(aws, "call", recorded)
    for name, app in APPS.items():
        monkeypatch.setattr(app, "handler", acting(recorder, name, app.handler))
    return recorder


def tell_a_webhook(cloud: Cloud, people: People) -> None:
    """Let a member of a list be updated whose webhook is told of members alone."""
    stream = Stream(cloud)
    wanted = {"name": "a", "stringid": "a", "sender_url": "x", "sender_reminder": "x"}
    made = people.call("POST", "/api/3/lists", {"list": wanted})[1]["list"]
    member = {"list": made["id"], "contact": people.ada.contact_id, "status": 1}
    people.call("POST", "/api/3/contactLists", {"contactList": member})
    hook = {
        "name": "a",
        "url": "https://hooks.example/in",
        "events": ["update"],
        "sources": ["api"],
        "listid": made["id"],
    }
    assert 201 == people.call("POST", "/api/3/webhooks", {"webhook": hook})[0]
    update = {"contact": {"firstName": "Augusta"}}
    people.call("PUT", f"/api/3/contacts/{people.ada.contact_id}", update)
    announce(stream.records())
    work(cloud)


def read_a_mail(people: People) -> None:
    """Let somebody open a mail of a mailing, and follow a link of it and of a text."""
    hits.mailing_with("personal")
    ada = people.ada.contact_id
    for number, asked in enumerate((hits.opening(ada), hits.clicking(ada), hits.clicking(ada, 1))):
        hits.answered(asked)
        hits.tracked(hits.at(asked, f"hit-{number}", number * 100))
    hits.texts_with("personal")
    hits.answered(hits.texted(people.ada.contact_id))


def say_what_is_permitted(cloud: Cloud, people: People) -> None:
    """Let somebody permit to be tracked, by an event and on their page, and unsubscribe there."""
    said = {"tracking_permission": {"open": True}}
    body = {"events": [{"name": "a", "contact": {"id": people.ada.contact_id}, "properties": said}]}
    headers = {"api-token": people.event_key}
    ingest.handler(http_event("POST", "/api/events", headers=headers, body=body), None)
    work(cloud)
    token = Token(TokenKind.PERSON, people.account_id, hits.MAILING_ID, people.ada.contact_id)
    page = f"/u/{signed(token, hits.RING)}"
    assert 200 == visit("GET", page)
    for sent in ("List-Unsubscribe=One-Click", "action=again", "action=save&opens=yes"):
        assert 200 == visit("POST", page, sent)


def relay_mail(people: People) -> None:
    """Pass on mail, tracked and not, with opt-outs and without, some of which SES does not take."""
    for mode, respects, sender in (
        ("off", "true", "box@signalbox.example"),
        ("personal", "false", "box@signalbox.example"),
        ("off", "false", "box@unverified.example"),
    ):
        people.call("PATCH", "/api/account", {"relay_tracking_mode": mode})
        forget()  # what the function remembers of the account
        headers = {
            "api-token": people.tokens[Role.ADMIN],
            "idempotency-key": f"{mode}-{respects}-{sender}",
            "x-signalbox-respect-opt-outs": respects,
        }
        text = f"From: {sender}\nTo: ada@signalbox.example\nContent-Type: text/html\n\n<p>x</p>"
        answer = relay.handler(http_event("POST", "/relay", headers=headers, body=text), Context())
        assert answer["statusCode"] == (422 if "unverified" in sender else 200)


def act_in_every_way(cloud: Cloud, people: People) -> None:
    """Let a rule do what neither a mail nor a webhook does."""
    contact_id = people.ada.contact_id
    people.call("PUT", f"/api/3/contacts/{contact_id}", {"contact": {"phone": "+4930123456"}})
    wanted = {"name": "b", "stringid": "b", "sender_url": "x", "sender_reminder": "x"}
    made = people.call("POST", "/api/3/lists", {"list": wanted})[1]["list"]
    people.rule(
        {"kind": "add_to_list", "list_id": made["id"]},
        {"kind": "remove_from_list", "list_id": made["id"]},
        {"kind": "add_tag", "tag": "VIP"},
        {"kind": "set_field", "field": "first_name", "value": "Augusta"},
        {"kind": "record_event", "name": "thanked"},
        {"kind": "send_sms", "text": "Hello"},
        {"kind": "notify", "to": "team@signalbox.example", "subject": "a", "text": "b"},
        {"kind": "put_event"},
        {"kind": "start_execution", "state_machine_arn": MACHINE},
    )
    people.report()
    work(cloud)
    people.rule({"kind": "remove_tag", "tag": "VIP"})
    people.report()
    work(cloud)


def count_a_mailing(cloud: Cloud) -> None:
    """Let a message to somebody be counted."""
    stream = TrackingStream(cloud)
    write(cloud, message("11"))
    stream.flow()


def sign_up_again(cloud: Cloud, people: People) -> None:
    """Let somebody leave a list, be erased, sign up and confirm."""
    wanted = {"name": "c", "stringid": "c", "sender_url": "x", "sender_reminder": "x"}
    listed_as = wanted | {"double_opt_in": 1}
    made = people.call("POST", "/api/3/lists", {"list": listed_as})[1]["list"]
    eve = {"contact": {"email": "eve@signalbox.example"}}
    contact_id = people.call("POST", "/api/3/contacts", eve)[1]["contact"]["id"]
    left = {"list": made["id"], "contact": contact_id, "status": 2}
    people.call("POST", "/api/3/contactLists", {"contactList": left})
    assert 200 == people.call("DELETE", f"/api/3/contacts/{contact_id}")[0]
    place = f"/subscribe/{people.account_id}-{made['id']}"
    assert 200 == visit("GET", place)
    assert 200 == visit("POST", place, "email=eve%40signalbox.example")
    raw = message_from_string(cloud.mails()[-1]).get_payload(0).get_payload(decode=True).decode()
    link = re.search(r"/subscribe/confirm/\S+", raw)[0]
    assert 200 == visit("GET", link)
    assert 200 == visit("POST", link)


def visit(method: str, path: str, body: str | None = None) -> int:
    """Make a request of the public; return the answer's status."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    event = http_event(method, path, headers=headers, body=body)
    status: int = subscribe.handler(event, Context())["statusCode"]
    return status


def send_a_mailing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send a mailing that asks for everything, at the rate of SES, which rests at first; try again."""
    monkeypatch.setenv("MAIL_RATE", "0")
    forget()
    pacing.forget()
    town.write_contacts(cloud, 1, list_ids=["41"])
    nobody = Container(town.ACCOUNT_ID, ContainerKind.EMAIL_OPT_OUT_LIST, "42", "No")
    containers.create(nobody)
    town.campaign(
        ["41"],
        html=f"<p>%COMPANY% %EVENT: download%</p><!--{'x' * 200_000}-->",
        audience={"filter": {"tags": [{"exists": False}]}, "opt_out_lists": ("42",)},
    )
    town.draft()
    at_ms = int(time.time() * 1000) - 1
    mailings.change(
        town.ACCOUNT_ID, town.MAILING_ID, lambda one: model.scheduled(one, at_ms, "News")
    )
    resting = iter([mail.MailDeferredError("TooManyRequestsException")])
    real = mail.send

    def sent(written: mail.Mail, **how: Any) -> str:
        for error in resting:
            raise error
        return real(written, **how)

    monkeypatch.setattr(mail, "send", sent)
    workers = town.Workers(cloud, None)
    workers.put(Start(town.ACCOUNT_ID, town.MAILING_ID, at_ms).to_wire(), 0)
    workers.drain_at_once()
    assert {"c0@signalbox.example": 1}.items() <= town.recipients().items()
    mailing_runs.retry(town.ACCOUNT_ID, town.MAILING_ID)
    workers.drain_at_once()
    assert "finished" == town.standing().state


def test_policies_allow_what_is_done(cloud, recorder, monkeypatch):
    """Every operation of the APIs and every fate of an event is allowed; hot paths get no more."""
    statuses = iter([410, 503, 410, 200])
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=next(statuses, 200)))
    world = populate(cloud)
    first = world.first
    first.call("GET", "/api/tail")
    rule = first.rule(
        MAIL | {"text": "%EVENT: upload% %SIZE%", "respect_opt_outs": False},
        {"kind": "webhook", "url": "https://hooks.example/in"},
    )
    body = {
        "events": [
            {"name": "download", "contact": {"id": first.ada.contact_id}, "id": f"{n}"}
            for n in range(2)
        ]
    }
    headers = {"api-token": first.event_key, "idempotency-key": "k"}
    ingest.handler(http_event("POST", "/api/events", headers=headers, body=body), None)
    for event in cloud.waiting("EVENTS"):
        track.handler(sqs_event([event]), None)
    wanted = {name: rule[name] for name in ("name", "trigger", "trigger_settings", "actions")}
    first.call("PUT", f"/api/rules/{rule['rule_id']}", wanted)
    due = cloud.waiting("ACTIONS")
    dispatch.handler(sqs_event(due), Context())
    dispatch.handler(sqs_event(due), Context())
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=410))
    tell_a_webhook(cloud, first)
    read_a_mail(first)
    relay_mail(first)
    say_what_is_permitted(cloud, first)
    send_a_mailing(cloud, monkeypatch)
    give_feedback(first.account_id, first.ada.contact_id, monkeypatch)
    sign_up_again(cloud, first)
    count_a_mailing(cloud)
    with phones(monkeypatch):
        act_in_every_way(cloud, first)
    for operation in ALLOWED:
        world.ask(operation, first.tokens[Role.GLOBAL_ADMIN])
    work(cloud)

    missing = {
        name: {(name, *pair) for pair in done - granted(name)}
        for name, done in recorder.done.items()
    }
    assert set() == {pair for pairs in missing.values() for pair in pairs}
    elsewhere = {
        (name, action, table, keys)
        for name, done in recorder.keyed.items()
        for action, table, keys in done
        if not is_granted(name, action, table, keys)
    }
    assert set() == elsewhere
    unused = {
        name: {(name, *pair) for pair in granted(name) - recorder.done[name]}
        for name in FUNCTIONS.keys() - {"AdminFunction", "ActiveCampaignFunction"}
    }
    assert set() == {pair for pairs in unused.values() for pair in pairs}
