"""The deployed stack, used from outside: real processes, real queues, real HTTP."""

import json
import secrets

import boto3
import pytest
from standardwebhooks import Webhook

from tests.e2e.conftest import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]  # one stack for all


def new_contact(stack) -> tuple[str, str]:
    """Return the e-mail address and id of a contact just made."""
    email = f"{secrets.token_hex(6)}@example.com"
    body = {"contact": {"email": email, "firstName": "Grace", "lastName": "Hopper"}}
    status, created = stack.call("POST", "/api/3/contacts", body)
    assert 201 == status, created
    return email, created["contact"]["id"]


def logs_of(stack, contact_id: str) -> list[dict]:
    """Return the contact's events."""
    return stack.call("GET", f"/api/3/contacts/{contact_id}/trackingLogs")[1]["trackingLogs"]


def test_an_event_comes_in_a_rule_fires_a_mail_and_a_signed_webhook_arrive(stack):
    """The main job, over the wire."""
    email, contact_id = new_contact(stack)

    assert (200, {"success": 1, "message": "Event spawned"}) == stack.report(
        visit=json.dumps({"email": email.upper()})
    )

    (log,) = eventually(lambda: logs_of(stack, contact_id), what="log entry")
    assert ("file download request", "https://files.example/a.pdf") == (log["type"], log["value"])
    mail = eventually(lambda: [mail for mail in stack.mails() if email in mail["to"]], what="mail")[
        0
    ]
    assert "https://files.example/a.pdf" in mail["text"]
    assert "Grace" in mail["text"]
    hook = eventually(
        lambda: [hook for hook in stack.hooks() if email in hook["body"]], what="webhook"
    )[0]
    secret = stack.call("GET", "/api/webhook-secrets")[1]["secrets"][0]["secret"]
    told = Webhook(secret).verify(hook["body"], hook["headers"])
    assert "file download request" == told["data"]["event"]["name"]


def test_an_event_for_nobody_is_kept_and_written_when_it_is_replayed(stack):
    """A dropped event has its reason and comes back once the contact exists."""
    email = f"{secrets.token_hex(6)}@example.com"
    assert 200 == stack.report(visit=json.dumps({"email": email}))[0]

    def dropped():
        found = stack.call("GET", "/api/dropped-events")[1]["dropped_events"]
        return [one for one in found if one["address"] == f"email:{email}"]

    (kept,) = eventually(dropped, what="dropped event")
    assert "unknown_contact" == kept["reason"]
    _, created = stack.call("POST", "/api/3/contacts", {"contact": {"email": email}})
    assert 202 == stack.call("POST", f"/api/dropped-events/{kept['dropped_id']}/replay")[0]

    (log,) = eventually(lambda: logs_of(stack, created["contact"]["id"]), what="replayed event")
    assert "file download request" == log["type"]


def test_a_browser_on_any_page_may_report_events(stack):
    """The preflight is answered, and so is the origin of the request itself."""
    url = stack.about["api_url"] + "/event"
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}

    preflight = stack.http.request("OPTIONS", url, headers=headers)
    answer = stack.http.request("POST", url, headers={"Origin": "https://shop.example"})

    assert 204 == preflight.status
    assert "*" == preflight.headers["Access-Control-Allow-Origin"]
    assert (400, "*") == (answer.status, answer.headers["Access-Control-Allow-Origin"])


def test_a_webhook_to_a_private_address_is_refused(stack):
    """Only the receiver that the template names may be private."""
    wanted = {
        "name": "inward",
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": "file download request"},
        "actions": [{"kind": "webhook", "url": "http://127.0.0.1:80/"}],
    }

    status, refused = stack.call("POST", "/api/rules", wanted)

    assert 422 == status
    assert "actions.0.url" == refused["errors"][0]["field"]


def test_dead_letters_go_home_and_are_done(stack):
    """Redriving the dead-letter queue finishes what failed, once."""
    email, contact_id = new_contact(stack)
    sqs = boto3.client(
        "sqs",
        endpoint_url=stack.about["aws_endpoint_url"],
        region_name=stack.about["region"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    message = {
        "v": 1,
        "account": stack.about["actid"],
        "id": "from-the-dead",
        "name": "revived",
        "at": 1795254840000,
        "received": 1795254840000,
        "address": f"email:{email}",
        "source": "api",
    }
    for _ in range(2):
        sqs.send_message(
            QueueUrl=stack.about["queues"]["events_dead_letters"], MessageBody=json.dumps(message)
        )

    status, answer = stack.call("POST", "/api/dead-letters/events/redrive")

    assert (200, {"moved": 2, "left": 0, "more": False}) == (status, answer)
    (log,) = eventually(lambda: logs_of(stack, contact_id), what="revived event")
    assert "revived" == log["type"]


def test_the_tail_shows_what_happens_while_somebody_looks(stack):
    """Event and action appear in the feed."""
    email, _ = new_contact(stack)
    start = stack.call("GET", "/api/tail")[1]["next"]
    stack.report(visit=json.dumps({"email": email}))

    def kinds():
        entries = stack.call("GET", f"/api/tail?after={start}")[1]["entries"]
        mine = [entry for entry in entries if email in entry["text"]]
        actions = [entry for entry in entries if entry["kind"] == "action"]
        return mine and actions and {entry["kind"] for entry in mine + actions}

    assert {"event", "action"} == eventually(kinds, what="line of the tail")


def test_another_key_opens_nothing(stack):
    """A wrong token is refused by both APIs."""
    for path in ("/api/account", "/api/3/eventTracking"):
        assert 403 == stack.call("GET", path, token="sb_100000001_" + "x" * 43)[0]
