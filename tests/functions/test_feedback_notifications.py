"""Feedback is believed where SNS signed it for our topic; all else comes back to the queue."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from functions.feedback import notifications
from functions.feedback.notifications import CertificateUnreachableError
from signalbox.environment import environment
from signalbox.model.signature import public_key
from signalbox.store import suppressions
from tests.feedbacks import about, queued, take
from tests.people import ACCOUNT_ID
from tests.ses import TOPIC, certificate, envelope, said

pytestmark = pytest.mark.usefixtures("fetched")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "\x00",
        "[" * 50_000,
        envelope("{}", TopicArn=TOPIC + "-of-another"),
        envelope("{}", Type="SubscriptionConfirmation", SubscribeURL="https://evil.example/"),
        envelope("{}", SigningCertURL="https://evil.example/SimpleNotificationService-0.pem"),
        envelope("{}", SignatureVersion="1"),
        envelope("no JSON"),
        envelope('{"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}'),
    ],
)
def test_what_cannot_be_read_or_is_not_ours_comes_back(body, ada, cloud, fetched, capsys):
    """So it ends on the dead-letter queue; the good ones beside it are done."""
    assert take(about("delivery", ada), body, about("complaint", ada)) == [1]

    assert {event.kind for event in queued(cloud)} == {"delivery", "complaint"}
    assert all(url.startswith("https://sns.us-east-1.amazonaws.com/") for url in fetched)
    assert "feedback refused" in capsys.readouterr().out


def test_a_forged_signature_is_refused(ada, cloud):
    """Whoever could write to the queue could not speak for SES."""
    forged = json.loads(about("hard_bounce", ada)) | {
        "Message": json.dumps(said("hard_bounce", contact_id=ada, email="bob@signalbox.example"))
    }

    assert take(json.dumps(forged)) == [0]

    assert suppressions.find(ACCOUNT_ID, "email:bob@signalbox.example") is None


def test_the_greeting_of_ses_is_done_with(account):
    assert take(envelope("Successfully validated SNS topic for Amazon SES event publishing.")) == []


def test_the_certificate_is_fetched_once(ada, fetched):
    take(about("sent", ada), about("delivery", ada))
    take(about("complaint", ada))

    assert len(fetched) == 1


def test_without_the_certificate_nothing_is_decided(ada, cloud, monkeypatch):
    """SNS does not answer: the feedback comes again."""

    def fail(_url):
        raise CertificateUnreachableError("no answer")

    monkeypatch.setattr(notifications, "_fetched", fail)

    assert take(about("delivery", ada)) == [0]
    assert queued(cloud) == []


# The certificate


class Sns(BaseHTTPRequestHandler):
    """Serves a certificate where SNS would."""

    def do_GET(self):
        """Answer with the certificate, or as the path says."""
        status = 404 if "404" in self.path else 200
        body = b"nonsense" if "bad" in self.path else certificate().encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(name="sns")
def _sns(monkeypatch):
    """Where certificates lie on this machine, as an operator may say."""
    monkeypatch.undo()
    with HTTPServer(("127.0.0.1", 0), Sns) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_certificate_is_fetched_and_read(sns):
    found = notifications._fetched(f"{sns}/SimpleNotificationService-0.pem")

    assert found == public_key(certificate())


@pytest.mark.parametrize("name", ["404.pem", "bad.pem"])
def test_what_is_no_certificate_is_unreachable(sns, name):
    """It may be there later."""
    with pytest.raises(CertificateUnreachableError):
        notifications._fetched(f"{sns}/{name}")


def test_nobody_there_is_unreachable(sns):
    host, _, _ = sns.rpartition(":")

    with pytest.raises(CertificateUnreachableError):
        notifications._fetched(f"{host}:1/SimpleNotificationService-0.pem")


def test_the_topic_is_asked_of_the_environment(account):
    assert environment().feedback_topic_arn == TOPIC
