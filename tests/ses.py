"""Feedback as SES gives it through SNS, signed with a key of the tests' own."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from moto.core import DEFAULT_ACCOUNT_ID

from functions.feedback import app as feedback
from functions.feedback import notifications, pausing
from signalbox.model.campaign import Campaign
from signalbox.model.container import Container, ContainerKind
from signalbox.model.mailing import Mailing, MailingState
from signalbox.model.message import Message, State
from signalbox.model.signature import public_key
from signalbox.store import campaigns, containers, mailings, messages
from tests.cloud import REGION, sqs_event
from tests.people import ACCOUNT_ID

TOPIC = f"arn:aws:sns:{REGION}:{DEFAULT_ACCOUNT_ID}:FeedbackTopic"
URL = f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
MAILING = "1795254840000001"
SENT_AT = datetime(2026, 11, 21, 9, 54, tzinfo=UTC)

_numbers = count(1)


@cache
def private_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key; making one takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certificate(key: Any = None) -> str:
    """Return a certificate in PEM for a key."""
    key = key or private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SENT_AT)
        .not_valid_after(SENT_AT + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def signature(signed: bytes) -> bytes:
    """Return what SNS would put beside these bytes."""
    return private_key().sign(signed, padding.PKCS1v15(), hashes.SHA256())


def envelope(message: str, **changes: Any) -> str:
    """Return a notification of our topic; `changes` are made before it is signed, None omits."""
    told = {
        "Type": "Notification",
        "MessageId": f"00000000-0000-4000-8000-{next(_numbers):012d}",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": message,
        "Timestamp": "2026-11-21T09:54:03.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": URL,
        "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe",
    } | changes
    told = {name: value for name, value in told.items() if value is not None}
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    signed = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    made = base64.b64encode(signature(signed.encode("utf-8", "surrogatepass"))).decode()
    return json.dumps(told | {"Signature": made})


def said(  # noqa: PLR0913 the parts of what is said
    kind: str,
    *,
    contact_id: str,
    email: str = "ada@signalbox.example",
    mailing_id: str = MAILING,
    account_id: str = ACCOUNT_ID,
    after_s: float = 1,
    ses_id: str = "ses-1",
    dispatch_id: str = "",
    **more: Any,
) -> dict[str, Any]:
    """Return what SES says of a mail, by our words, as `hard_bounce`.

    `after_s` is when, in seconds after sending; `more` are fields of the object that says it.
    """
    at = _iso(SENT_AT + timedelta(seconds=after_s))
    name, where, about = _KINDS[kind]
    about = {key: email if value == "<email>" else value for key, value in about.items()}
    for key in ("bouncedRecipients", "complainedRecipients"):
        if key in about:
            about[key] = [{"emailAddress": email}]
    tags = {"account": [account_id], "contact": [contact_id], "mailing": [mailing_id]}
    tags["dispatch_id"] = [dispatch_id]
    return {
        "eventType": name,
        "mail": {
            "timestamp": _iso(SENT_AT),
            "messageId": ses_id,
            "source": "box@signalbox.example",
            "destination": [email],
            "tags": {tag: value for tag, value in tags.items() if value[0]},
        },
        where: about | ({} if kind == "sent" else {"timestamp": at}) | more,
    }


def notified(kind: str, **facts: Any) -> str:
    """Return the body of a message on the feedback queue; `facts` as for `said`."""
    return envelope(json.dumps(said(kind, **facts)))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_BOUNCE = {"bouncedRecipients": [], "feedbackId": "bounce-1"}
_KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sent": ("Send", "send", {}),
    "delivery": ("Delivery", "delivery", {"smtpResponse": "250 ok"}),
    "delivery_delay": ("DeliveryDelay", "deliveryDelay", {"delayType": "General"}),
    "soft_bounce": (
        "Bounce",
        "bounce",
        _BOUNCE | {"bounceType": "Transient", "bounceSubType": "MailboxFull"},
    ),
    "hard_bounce": (
        "Bounce",
        "bounce",
        _BOUNCE | {"bounceType": "Permanent", "bounceSubType": "General"},
    ),
    "complaint": (
        "Complaint",
        "complaint",
        {
            "complainedRecipients": [],
            "feedbackId": "complaint-1",
            "complaintFeedbackType": "abuse",
        },
    ),
    "reject": ("Reject", "reject", {"reason": "Bad content"}),
    "rendering_failure": ("Rendering Failure", "failure", {"errorMessage": "x"}),
    "open": ("Open", "open", {"ipAddress": "192.0.2.1"}),
}


def give_feedback(account_id: str, contact_id: str, monkeypatch: Any) -> None:
    """Let feedback do all that it can: mark, settle, suppress, keep a hash, pause a mailing."""
    mailing_id, campaign_id = "0000000000000901", "901"
    kind = ContainerKind.EMAIL_CAMPAIGN
    containers.create(Container(account_id, kind, campaign_id, "Feedback"))
    nothing = Campaign(account_id, campaign_id, kind)
    campaigns.save(replace(nothing, subject="a", text="b"), since=nothing)
    running = {"state": MailingState.RUNNING, "run": 1}
    mailings.create(Mailing(account_id, mailing_id, campaign_id, kind, "a", "b", 1, **running))
    wish = Message(account_id, mailing_id, contact_id, State.CLAIMED, "me", 1, 1, mode="personal")
    messages.claim(wish, retry_run=0, expires=1)
    monkeypatch.setattr(notifications, "_fetched", lambda _url: public_key(certificate()))
    monkeypatch.setattr(pausing, "reason_to_pause", lambda *_, **__: "too much")
    about = {"contact_id": contact_id, "mailing_id": mailing_id, "email": "gone@signalbox.example"}
    bodies = [notified(said_kind, **about) for said_kind in ("delivery", "sent", "hard_bounce")]
    assert feedback.handler(sqs_event(bodies), None) == {"batchItemFailures": []}
    assert mailings.fetch(account_id, mailing_id).state is MailingState.PAUSED
