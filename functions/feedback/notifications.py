"""Notifications of our topic: whether one is what it claims to be."""

import time
from typing import Final

from signalbox.environment import environment
from signalbox.http1 import Connection, Endpoint
from signalbox.model.notification import NotificationRefusedError, opened
from signalbox.model.signature import (
    CertificateUnreadableError,
    PublicKey,
    is_signed,
    public_key,
)

CONNECT_S: Final = 2.0
READ_S: Final = 5.0
REMEMBERED_S: Final = 3600.0  # SNS changes its key once in a while, and names it anew then
MOST_REMEMBERED: Final = 8
OK: Final = 200

_keys: dict[str, tuple[float, PublicKey]] = {}


class CertificateUnreachableError(Exception):
    """The certificate of a signature could not be fetched; later it may be."""


def message_of(body: str) -> str:
    """Return the message of a notification that SNS signed for our topic.

    Raises:
        NotificationRefusedError: it is none.
        CertificateUnreachableError: nobody can tell at the moment.
    """
    env = environment()
    found = opened(
        body, topic_arn=env.feedback_topic_arn, certificate_origin=env.feedback_certificate_origin
    )
    if not is_signed(_key_at(found.certificate_url), found.signed, found.signature):
        raise NotificationRefusedError("its signature is wrong")
    return found.message


def forget() -> None:
    """Empty the memory of this process."""
    _keys.clear()


def _key_at(url: str) -> PublicKey:
    until, key = _keys.get(url, (0.0, None))
    now = time.monotonic()
    if key is None or now >= until:
        if len(_keys) >= MOST_REMEMBERED:
            _keys.clear()
        key = _fetched(url)
        _keys[url] = now + REMEMBERED_S, key
    return key


def _fetched(url: str) -> PublicKey:
    """Fetch a certificate: that it is SNS's own, the TLS connection to SNS says."""
    endpoint = Endpoint(url)
    trust = ("",) if endpoint.is_tls else None
    connection = Connection(endpoint.address, trust, CONNECT_S, READ_S)
    head = f"GET {endpoint.path} HTTP/1.1\r\nhost: {endpoint.host}\r\nconnection: close\r\n\r\n"
    try:
        status, _, content = connection.exchange(head.encode("ascii"))
        if status != OK:
            raise CertificateUnreachableError(f"SNS answered {status} for its certificate")
        return public_key(content.decode("ascii", "replace"))
    except (OSError, CertificateUnreadableError) as error:
        raise CertificateUnreachableError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
