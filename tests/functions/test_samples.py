"""The sample invocations in events/ do what they say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.activecampaign import app as activecampaign
from functions.admin import app as admin
from functions.changes import app as changes
from functions.dispatch import app as dispatch
from functions.feedback import app as feedback
from functions.feedback import notifications
from functions.ingest import app as ingest
from functions.pixel import app as pixel
from functions.relay import app as relay
from functions.send import app as send
from functions.subscribe import app as subscribe
from functions.track import app as track
from signalbox.channels import webhook
from signalbox.model.action import CallWebhook, SendEmail
from signalbox.model.contact import Contact
from signalbox.model.contact_list import ContactList
from signalbox.model.membership import Subscription
from signalbox.model.retries import Answer
from signalbox.model.signature import public_key
from signalbox.store import (
    accounts,
    contacts,
    event_names,
    lists,
    memberships,
    rules,
    suppressions,
    tracking,
)
from tests import mailings as town
from tests.cloud import Context, client
from tests.hits import TARGET, mailing_with, texts_with
from tests.people import ACCOUNT_ID
from tests.store.things import rule
from tests.template import ROOT

SAMPLES = {path.stem: path for path in sorted((ROOT / "events").glob("*.json"))}
APPS = {
    "ingest": ingest,
    "pixel": pixel,
    "relay": relay,
    "track": track,
    "changes": changes,
    "dispatch": dispatch,
    "feedback": feedback,
    "send": send,
    "admin": admin,
    "activecampaign": activecampaign,
    "subscribe": subscribe,
}
NAME = "file download request"
NOTHING_FAILED = {"batchItemFailures": []}


@pytest.fixture(name="invoke", autouse=True)
def _invoke(account, monkeypatch):
    """Grace is contact 1, and rule 1 writes to her and calls a webhook."""
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=200))
    contacts.create(Contact(ACCOUNT_ID, "1", "grace@signalbox.example", "Grace"))
    event_names.register(ACCOUNT_ID, NAME, 1)
    mail = SendEmail("Your file, %FIRSTNAME%", text=f"Here it is: %EVENT: {NAME}%")
    hook = CallWebhook("https://hooks.example.com/signalbox")
    rules.create(rule("1", event_name=NAME, actions=(mail, hook)))


def invoke(name: str) -> Any:
    """Invoke a sample's function with it; return the answer, and its body where it has one."""
    function = APPS[name.partition("-")[0]]
    answer = function.handler(json.loads(SAMPLES[name].read_text()), Context())
    if "statusCode" not in answer:
        return answer
    is_json = "json" in json.dumps(answer.get("headers") or answer.get("multiValueHeaders"))
    return answer["statusCode"], json.loads(answer["body"]) if is_json else answer["body"]


def log() -> list[tuple[str, str]]:
    """Return Grace's log."""
    return [(entry.name, entry.value) for entry in tracking.of_contact(ACCOUNT_ID, "1")[0]]


@pytest.mark.parametrize("name", ["ingest-form", "ingest-query"])
def test_a_form_queues_its_event(cloud, name):
    assert (200, {"success": 1, "message": "Event spawned"}) == invoke(name)

    (event,) = cloud.waiting("EVENTS")
    assert (NAME, "https://www.example.com/file.pdf") == (
        json.loads(event)["name"],
        json.loads(event)["value"],
    )


def test_json_queues_its_events(cloud):
    assert (202, {"accepted": 2}) == invoke("ingest-events")
    assert [NAME, "login"] == [json.loads(one)["name"] for one in cloud.waiting("EVENTS")]


def test_a_batch_is_tracked(cloud, account):
    """One event is logged and wakes the rule's two actions; the other is dropped."""
    assert NOTHING_FAILED == invoke("track-batch")

    assert [(NAME, "https://www.example.com/file.pdf")] == log()
    assert 2 == len(cloud.waiting("ACTIONS"))
    dropped = account.call("GET", "/api/dropped-events")[1]["dropped_events"]
    assert ["unknown_contact"] == [one["reason"] for one in dropped]


def test_an_open_is_answered_with_a_picture(cloud):
    status, body = invoke("pixel-open")

    assert (200, True) == (status, body.startswith("R0lGODlh"))
    assert 1 == unseen(cloud)


def test_a_click_is_led_on(cloud):
    answer = pixel.handler(json.loads(SAMPLES["pixel-click"].read_text()), Context())

    expected = (302, "https://www.example.com/offer?x=1")
    assert expected == (answer["statusCode"], answer["headers"]["Location"])
    assert 1 == unseen(cloud)


def test_a_click_in_a_text_is_led_on(cloud):
    texts_with("personal")
    answer = pixel.handler(json.loads(SAMPLES["pixel-text"].read_text()), Context())

    assert (302, TARGET) == (answer["statusCode"], answer["headers"]["Location"])
    assert 1 == unseen(cloud)


def unseen(cloud) -> int:
    """Return how many events wait for others of their kind."""
    counts = client("sqs").get_queue_attributes(
        QueueUrl=cloud.variables["EVENTS_QUEUE_URL"],
        AttributeNames=["ApproximateNumberOfMessagesDelayed"],
    )["Attributes"]
    return int(counts["ApproximateNumberOfMessagesDelayed"])


def test_hits_are_counted(cloud):
    """One is Grace's, and stands on her record; of the other nobody can tell whose it is."""
    mailing_with("personal")
    assert NOTHING_FAILED == invoke("track-hits")

    assert ["open"] == [entry.kind for entry in tracking.latest(ACCOUNT_ID, "1", limit=9)]
    counted = [item["sk"]["S"] for item in cloud.items("TRACKING") if "human" in item]
    assert {"open#1", "open#~0123456789abcdef"} == set(counted)


def test_a_mail_goes_out(cloud):
    assert NOTHING_FAILED == invoke("dispatch-mail")

    (mail,) = cloud.mails()
    assert "Subject: Your file, Grace" in mail
    assert "Here it is: https://www.example.com/file.pdf" in mail


def test_a_mail_is_relayed(cloud):
    status, answer = invoke("relay-mail")

    (mail,) = cloud.mails()
    assert (200, ["sent"]) == (status, [one["state"] for one in answer["recipients"]])
    assert "Subject: Your order" in mail


def test_a_webhook_is_called(account):
    assert NOTHING_FAILED == invoke("dispatch-webhook")

    (due,) = account.call("GET", "/api/contacts/1/activities")[1]["dispatches"]
    assert ("webhook", "done", 200) == (due["kind"], due["outcome"], due["response_status"])


def test_a_bounce_is_taken_in(cloud, monkeypatch):
    """Signed with a key of the tests' own, whose certificate lies beside this file."""
    certificate = Path(__file__).with_name("feedback-certificate.pem").read_text()
    monkeypatch.setattr(notifications, "_fetched", lambda _url: public_key(certificate))

    assert NOTHING_FAILED == invoke("feedback-bounce")

    notifications.forget()
    assert suppressions.find(ACCOUNT_ID, "email:grace@signalbox.example")
    assert ["hard_bounce"] == [json.loads(one)["kind"] for one in cloud.waiting("EVENTS")]


def test_the_mail_of_a_part(cloud, monkeypatch):
    """A contact of a mailing's audience gets its mail, in a run that has its time before it."""
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _self: 120_000)
    town.write_contacts(cloud, 1, list_ids=["5"])
    town.campaign(["5"])
    town.started(town.LONG_AGO_MS)

    assert NOTHING_FAILED == invoke("send-part")
    assert {"sent": 1} == town.states()


def test_rules_are_listed():
    status, page = invoke("admin-list-rules")

    assert (200, ["1"]) == (status, [one["rule_id"] for one in page["rules"]])


def test_a_rule_is_created():
    status, created = invoke("admin-create-rule")

    assert (201, "send the file") == (status, rules.fetch(ACCOUNT_ID, created["rule_id"]).name)


def test_dropped_events_are_listed():
    assert (200, {"dropped_events": [], "next": ""}) == invoke("admin-dropped-events")


def test_a_contact_is_created():
    status, answer = invoke("activecampaign-create-contact")

    assert (201, answer["contact"]["id"]) == (
        status,
        contacts.id_at(ACCOUNT_ID, "email:jane@signalbox.example"),
    )


def test_tracking_is_switched_off():
    assert (200, {"eventTracking": {"enabled": False}}) == invoke("activecampaign-switch-tracking")
    assert not accounts.fetch(ACCOUNT_ID).tracking_enabled


def test_a_name_is_deleted():
    status, answer = invoke("activecampaign-delete-event-name")

    assert (200, ["1"]) == (status, [one["id"] for one in answer["stoppedRules"]])
    assert not event_names.is_registered(ACCOUNT_ID, NAME)


def test_a_stream_queues_changes(cloud):
    assert NOTHING_FAILED == invoke("changes-member")
    assert {"subscribe", "unsubscribe"} == {
        json.loads(one)["kind"] for one in cloud.waiting("EVENTS")
    }


def test_a_stream_queues_opt_outs(cloud):
    assert NOTHING_FAILED == invoke("changes-opt-out")
    assert {"contact_added", "contact_deleted"} == {
        json.loads(one)["kind"] for one in cloud.waiting("EVENTS")
    }


def test_what_expired_is_no_change(cloud):
    assert NOTHING_FAILED == invoke("changes-expired")
    assert [] == cloud.waiting("EVENTS")


@pytest.fixture(name="newsletter")
def _newsletter():
    """The list that people sign up for in the samples."""
    lists.create(ContactList(ACCOUNT_ID, "1329070213120", "Newsletter", created_ms=1, updated_ms=1))


@pytest.mark.usefixtures("newsletter")
def test_a_form_is_shown():
    status, page = invoke("subscribe-form")

    assert (200, True) == (status, "Newsletter" in page)


@pytest.mark.usefixtures("newsletter")
def test_a_person_signs_up():
    status, _ = invoke("subscribe-sign-up")
    contact_id = contacts.id_at(ACCOUNT_ID, "email:jane@signalbox.example")

    assert 200 == status
    assert ["1329070213120"] == [
        one.list_id for one in memberships.of_contact(ACCOUNT_ID, contact_id)
    ]


def test_a_link_that_nobody_was_sent_confirms_nothing():
    status, page = invoke("subscribe-confirm")

    assert (410, False) == (status, "<form" in page)


@pytest.mark.usefixtures("newsletter")
def test_a_person_sees_what_they_get():
    memberships.subscribe(ACCOUNT_ID, "1", "1329070213120", now_ms=1)
    status, page = invoke("subscribe-person")

    assert (200, True) == (status, "Newsletter" in page)


@pytest.mark.usefixtures("newsletter")
def test_a_mail_program_unsubscribes_by_one_click():
    memberships.subscribe(ACCOUNT_ID, "1", "1329070213120", now_ms=1)

    assert 200 == invoke("subscribe-one-click")[0]
    (left,) = memberships.of_contact(ACCOUNT_ID, "1")
    assert Subscription.UNSUBSCRIBED is left.status


def test_every_sample_is_tried_and_told():
    """Each file is invoked above and explained in events/README.md."""
    tried = re.findall(rf'"((?:{"|".join(APPS)})-[\w-]+)"', Path(__file__).read_text())
    told = re.findall(r"^\| `([\w-]+)`", (ROOT / "events/README.md").read_text(), re.MULTILINE)

    assert set(SAMPLES) == set(tried)
    assert list(SAMPLES) == sorted(told)
