"""The webhook receiver and the mailbox over HTTP."""

import base64
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from local.mailbox import Mailbox
from local.receiver import KEPT_REQUESTS, Receiver
from local.shims.mail import keep
from local.sockets import Sockets

from .toy import call

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
HOSTILE = "<script>alert(1)</script>"
SIMPLE = {
    "FromEmailAddress": "Hello <hello@signalbox.example>",
    "Destination": {"ToAddresses": ["alice@example.com"], "BccAddresses": ["copy@example.com"]},
    "Content": {
        "Simple": {
            "Subject": {"Data": f"Grüße {HOSTILE}"},
            "Body": {"Text": {"Data": "Hello\nAlice"}, "Html": {"Data": f"<p>Hello</p>{HOSTILE}"}},
            "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"}],
        }
    },
    "EmailTags": [{"Name": "dispatch", "Value": "d-1"}],
}


@pytest.fixture
def receiver(tmp_path):
    with Sockets({"receiver": 0}) as sockets, Receiver(sockets, Mailbox(tmp_path)) as server:
        server.url = sockets.url("receiver")
        yield server


def test_what_comes_is_listed_the_newest_last(receiver):
    call(
        "POST", f"{receiver.url}/hook/a?b=c", b'{"n":1}', content_type="application/json", x_own="1"
    )
    call("PUT", f"{receiver.url}/hook", b"2")
    first, second = call("GET", f"{receiver.url}/hook").json()

    assert (first["method"], first["path"], first["body"]) == ("POST", "/hook/a?b=c", '{"n":1}')
    assert first["headers"]["x-own"] == "1"
    assert datetime.fromisoformat(first["at"]).tzinfo == UTC
    assert (second["method"], second["body"]) == ("PUT", "2")


def test_a_rule_may_call_with_get(receiver):
    """What names a dispatch is recorded, where another GET is answered what came."""
    called = call("GET", f"{receiver.url}/hook/a?who=x", signalbox_dispatch_id="7-1-a")
    (came,) = call("GET", f"{receiver.url}/hook").json()

    assert called.status == 200
    assert (came["method"], came["path"], came["body"]) == ("GET", "/hook/a?who=x", "")


def test_what_came_can_be_forgotten(receiver):
    call("POST", f"{receiver.url}/hook", b"1")

    assert call("DELETE", f"{receiver.url}/hook").status == 204
    assert call("GET", f"{receiver.url}/hook").json() == []


@pytest.mark.parametrize(
    ("path", "status"),
    [("/hook", 200), ("/hook?status=503", 503), ("/hook/status/410", 410), ("/hook?status=9", 200)],
)
def test_the_sender_chooses_the_answer(receiver, path, status):
    assert call("POST", f"{receiver.url}{path}", b"").status == status


def test_only_the_last_requests_are_kept(receiver):
    for number in range(KEPT_REQUESTS + 1):
        receiver.hooks.record("POST", "/hook", {}, str(number).encode())

    assert len(receiver.hooks.requests) == KEPT_REQUESTS
    assert receiver.hooks.requests[0]["body"] == "1"


def test_each_request_is_told_at_once(receiver):
    told = []
    receiver.hooks.on_request = told.append
    call("POST", f"{receiver.url}/hook", b"1")

    assert [request["body"] for request in told] == ["1"]


@pytest.mark.parametrize(
    ("secrets", "body", "verified"),
    [([SECRET], b"{}", True), ([SECRET], b"{ }", False), ([], b"{}", None)],
)
def test_signatures_are_verified_when_a_secret_is_known(receiver, secrets, body, verified):
    receiver.hooks.secrets[:] = secrets
    at = datetime.now(UTC)
    signature = Webhook(SECRET).sign("msg_1", at, "{}")
    headers = {"webhook_id": "msg_1", "webhook_timestamp": str(int(at.timestamp()))}
    call("POST", f"{receiver.url}/hook", body, webhook_signature=signature, **headers)

    assert call("GET", f"{receiver.url}/hook").json()[0]["verified"] is verified


def test_nobody_reads_under_a_foreign_name(receiver):
    assert call("GET", f"{receiver.url}/mail", host="evil.example").status == 403


def test_mails_are_listed_for_programs(receiver, tmp_path):
    keep(tmp_path, "m-1@email.amazonses.com", SIMPLE)
    (mail,) = call("GET", f"{receiver.url}/mail").json()

    assert mail["id"] == "m-1"
    assert mail["from"] == "Hello <hello@signalbox.example>"
    assert mail["to"] == ["alice@example.com", "copy@example.com"]
    assert mail["subject"] == f"Grüße {HOSTILE}"
    assert mail["text"] == "Hello\nAlice"
    assert mail["html"] == f"<p>Hello</p>{HOSTILE}"
    assert mail["headers"]["List-Unsubscribe"] == "<https://example.com/u>"
    assert mail["tags"] == {"dispatch": "d-1"}
    assert b"List-Unsubscribe" in call("GET", mail["raw_url"]).content


def test_pages_for_people_run_nothing_of_a_mail(receiver, tmp_path):
    keep(tmp_path, "m-1", SIMPLE)
    listed = call("GET", f"{receiver.url}/mail", accept="text/html")
    shown = call("GET", f"{receiver.url}/mail/m-1", accept="text/html")
    framed = call("GET", f"{receiver.url}/mail/m-1/html")

    for page in (listed, shown):
        assert HOSTILE.encode() not in page.content
        assert "script-src" not in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert b"<iframe sandbox " in shown.content
    assert "sandbox" in framed.headers["content-security-policy"]
    assert "allow-scripts" not in framed.headers["content-security-policy"]


def test_mails_can_be_deleted(receiver, tmp_path):
    keep(tmp_path, "m-1", SIMPLE)

    assert call("DELETE", f"{receiver.url}/mail").status == 204
    assert call("GET", f"{receiver.url}/mail").json() == []
    assert call("GET", f"{receiver.url}/mail/m-1").status == 404


def test_a_mail_being_written_is_not_listed(receiver, tmp_path):
    (tmp_path / ".m-2").write_text(json.dumps({})[:1])

    assert call("GET", f"{receiver.url}/mail").json() == []
