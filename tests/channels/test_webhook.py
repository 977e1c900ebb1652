"""Facts of channels/webhook.py."""

import base64
import hashlib
import hmac
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from signalbox.channels.webhook import USER_AGENT, check, check_secret, deliver, new_secret
from signalbox.model.errors import InvalidError
from signalbox.model.retries import Answer, Fault

BODY = '{"type":"file download request","data":"Ünï 🚂"}'.encode()


@dataclass
class Receiver:
    """What arrived at the server."""

    hosts: frozenset[str]
    url: str
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Receive on a free port of loopback; answer the statuses in turn, then 200."""

    class Handler(BaseHTTPRequestHandler):
        def handle_hook(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            received.requests.append((self.command, dict(self.headers.items()), body))
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = do_GET = handle_hook  # noqa: N815 the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Keep the terminal quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    host = f"127.0.0.1:{server.server_port}"
    received = Receiver(frozenset({host}), f"http://{host}/hook?a=1")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield received
    server.shutdown()
    server.server_close()
    thread.join()


def send(receiver: Receiver, **changes) -> Answer:
    """Deliver the usual message, with changes."""
    message = {
        "message_id": "msg_1",
        "body": BODY,
        "secrets": [new_secret()],
        "now": datetime.now(UTC),
        "allowed_hosts": receiver.hosts,
    }
    return deliver(receiver.url, **(message | changes))


def test_the_receiver_can_verify_the_message(receiver):
    secret = new_secret()

    assert Answer(status=200) == send(receiver, secrets=[secret])
    [(method, headers, body)] = receiver.requests
    assert ("POST", BODY) == (method, body)
    assert "application/json" == headers["Content-Type"]
    assert USER_AGENT == headers["User-Agent"]
    assert "msg_1" == headers["webhook-id"]
    Webhook(secret).verify(body, headers)


def test_a_message_that_was_changed_on_the_way_is_noticed(receiver):
    secret = new_secret()
    send(receiver, secrets=[secret])
    [(_, headers, body)] = receiver.requests

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers | {"webhook-id": "msg_2"})
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_while_a_secret_is_replaced_the_old_and_the_new_one_verify(receiver):
    old, new = new_secret(), new_secret()
    send(receiver, secrets=[new, old])
    [(_, headers, body)] = receiver.requests

    Webhook(old).verify(body, headers)
    Webhook(new).verify(body, headers)
    assert 2 == len(headers["webhook-signature"].split(" "))
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_a_secret_that_was_replaced_between_two_attempts_verifies_the_second(receiver):
    receiver.statuses = [503]
    old, new = new_secret(), new_secret()

    assert [503, 200] == [send(receiver, secrets=[key]).status for key in (old, new)]
    (_, first, body), (_, second, _) = receiver.requests
    Webhook(old).verify(body, first)
    Webhook(new).verify(body, second)
    assert first["webhook-id"] == second["webhook-id"]


def test_the_signature_is_that_of_the_specification(receiver):
    """Base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with the decoded secret."""
    key = bytes(range(32))
    now = datetime(2026, 11, 21, 10, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=5)))
    send(receiver, secrets=["whsec_" + base64.b64encode(key).decode()], now=now)
    [(_, headers, _)] = receiver.requests

    seconds = str(int(datetime(2026, 11, 21, 5, tzinfo=UTC).timestamp()))
    digest = hmac.digest(key, b"msg_1." + seconds.encode() + b"." + BODY, hashlib.sha256)
    assert seconds == headers["webhook-timestamp"]
    assert "v1," + base64.b64encode(digest).decode() == headers["webhook-signature"]


def test_headers_of_the_user_go_along(receiver):
    send(receiver, headers={"Authorization": "Bearer x", "X-Name": "y"})
    [(_, headers, _)] = receiver.requests

    assert ("Bearer x", "y") == (headers["Authorization"], headers["X-Name"])


@pytest.mark.parametrize(
    "name",
    ["webhook-id", "Webhook-Signature", "WEBHOOK-TIMESTAMP", "user-agent", "content-type", "Host"],
)
def test_headers_of_ours_cannot_be_replaced(name, receiver):
    answer = send(receiver, headers={name: "other"})

    assert Fault.INVALID == answer.fault
    assert [] == receiver.requests


@pytest.mark.parametrize("changes", [{"message_id": "a\r\nX: b"}, {"content_type": "a\nX: b"}])
def test_no_part_begins_a_header_of_its_own(changes, receiver):
    answer = send(receiver, **changes)

    assert Fault.INVALID == answer.fault
    assert [] == receiver.requests


def test_a_get_without_a_body_is_signed_too(receiver):
    secret = new_secret()
    send(receiver, method="GET", body=b"", secrets=[secret])
    [(method, headers, body)] = receiver.requests

    assert ("GET", b"") == (method, body)
    assert "Content-Type" not in headers
    Webhook(secret).verify(body, headers, json_parse=False)


def test_a_private_receiver_that_is_not_allowed_gets_nothing(receiver):
    answer = send(receiver, allowed_hosts=frozenset())

    assert Fault.REFUSED == answer.fault
    assert [] == receiver.requests


@pytest.mark.parametrize("secrets", [[], ["whsec_"], ["secret"], ["whsec_###"]])
def test_nothing_goes_out_unsigned(secrets, receiver):
    with pytest.raises(InvalidError):
        send(receiver, secrets=secrets)

    assert [] == receiver.requests


def test_a_body_that_is_not_utf_8_is_refused(receiver):
    with pytest.raises(InvalidError, match="body"):
        send(receiver, body=b"\xff")

    assert [] == receiver.requests


def test_new_secrets_are_valid_and_differ():
    made = {check_secret(new_secret()) for _ in range(100)}

    assert 100 == len(made)
    assert {32} == {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in made}


@pytest.mark.parametrize(("size", "fits"), [(23, False), (24, True), (64, True), (65, False)])
def test_a_secret_has_24_to_64_bytes(size, fits):
    secret = "whsec_" + base64.b64encode(b"x" * size).decode()
    if fits:
        assert secret == check_secret(secret)
    else:
        with pytest.raises(InvalidError, match="24 to 64"):
            check_secret(secret)


@pytest.mark.parametrize(
    "secret", ["", "whsec_é", "whsec_a b", "QUFB" * 10, "WHSEC_" + "QUFB" * 10]
)
def test_a_malformed_secret_is_refused(secret):
    with pytest.raises(InvalidError, match="secret"):
        check_secret(secret)


def test_the_user_agent_names_this_version():
    project = tomllib.loads(
        (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    )["project"]

    assert f"Signalbox/{project['version']} (+webhooks)" == USER_AGENT


def test_a_header_that_a_delivery_sets_is_refused_when_it_is_written_down():
    """What `deliver` would refuse later, `check` refuses at once, with the field's whole path."""
    with pytest.raises(InvalidError) as refused:
        check("https://hooks.example/", {"Webhook-Id": "x"}, frozenset(), field="actions.0")

    assert "actions.0.headers.Webhook-Id" == refused.value.field
