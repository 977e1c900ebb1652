"""Notifications of Amazon SNS, as they lie on a queue that is subscribed to a topic.

The form is that of "Parsing Amazon SNS message formats", what is signed that of "Verifying the
signatures of Amazon SNS messages" in the developer guide; version 2 of the signatures, which is
SHA-256.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signalbox.model.errors import SignalboxError
from signalbox.model.wire import unpacked

NOTIFICATION: Final = "Notification"
SIGNATURE_VERSION: Final = "2"
_SIGNED: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_NEEDED: Final = frozenset(_SIGNED) - {"Subject"}
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[0-9a-f]{1,64}\.pem")
_TOPIC: Final = re.compile(
    r"arn:(aws[a-z-]*):sns:([a-z0-9-]{1,32}):[0-9]{12}:[\w-]{1,256}", re.ASCII
)
_DOMAINS: Final = {"aws-cn": "amazonaws.com.cn"}

# What reading foreign JSON can raise: it is nested too deep, or no JSON at all.
_UNREADABLE: Final = (RecursionError, TypeError, ValueError)


class NotificationRefusedError(SignalboxError):
    """This is no notification of our topic, or nobody can tell."""


class Notification(NamedTuple):
    """A notification that claims to be of our topic.

    `signed` are the bytes that `signature` was made for, with the key of the certificate at
    `certificate_url`.
    """

    message: str
    signed: bytes
    signature: bytes
    certificate_url: str


def opened(body: str, *, topic_arn: str, certificate_origin: str = "") -> Notification:
    """Return the notification in the body of a queue's message; its signature is yet to be checked.

    `certificate_origin` is where certificates may lie, `https://host`; unless given, it is SNS
    itself in the topic's Region.

    Raises:
        NotificationRefusedError: it is none, it is of another topic, or its certificate lies
            where none of SNS's can.
    """
    told = _told(body)
    if told.get("TopicArn") != topic_arn:
        raise NotificationRefusedError("it is of another topic")
    if told.get("Type") != NOTIFICATION:
        raise NotificationRefusedError("it is no notification")
    if told.get("SignatureVersion") != SIGNATURE_VERSION:
        raise NotificationRefusedError("its signature is of another version")
    url = told.get("SigningCertURL")
    origin = certificate_origin or origin_of(topic_arn)
    if not (
        isinstance(url, str)
        and url.startswith(origin)
        and _CERTIFICATE.fullmatch(url.removeprefix(origin))
    ):
        raise NotificationRefusedError("its certificate lies somewhere else")
    return Notification(told["Message"], _signed(told), _signature(told), url)


def origin_of(topic_arn: str) -> str:
    """Return where SNS keeps its certificates in a topic's Region, as `https://host`."""
    found = _TOPIC.fullmatch(topic_arn)
    if not found:
        raise NotificationRefusedError("our topic is none")
    return f"https://sns.{found[2]}.{_DOMAINS.get(found[1], 'amazonaws.com')}"


def _told(body: str) -> Mapping[str, Any]:
    try:
        told = unpacked(body)
    except _UNREADABLE as error:
        raise NotificationRefusedError("it is no JSON") from error
    if not isinstance(told, dict):
        raise NotificationRefusedError("it is no object")
    return told


def _signed(told: Mapping[str, Any]) -> bytes:
    """Return what is signed: names and values of some fields, each on lines of its own."""
    given = {name: told[name] for name in _SIGNED if told.get(name) is not None}
    if not given.keys() >= _NEEDED or not all(isinstance(text, str) for text in given.values()):
        raise NotificationRefusedError("a part of it is missing")
    try:
        return "".join(f"{name}\n{text}\n" for name, text in given.items()).encode()
    except UnicodeEncodeError as error:  # half a surrogate
        raise NotificationRefusedError("it is no text") from error


def _signature(told: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(told.get("Signature", ""), validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise NotificationRefusedError("its signature cannot be read") from error
