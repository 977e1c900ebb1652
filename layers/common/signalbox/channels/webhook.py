"""Webhooks: signed requests to a user's own receiver, by Standard Webhooks 1.0.0.

Three headers make a message verifiable: `webhook-id` (the same for every attempt, so a receiver
can tell repeats), `webhook-timestamp` (this attempt's, in seconds) and `webhook-signature`
(`v1,` and the base64 of an HMAC-SHA256 over id, timestamp and body). While a secret is being
replaced, old and new both sign, and the receiver takes whichever it knows.
"""

import base64
import binascii
import secrets as entropy
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

from signalbox.channels import outbound
from signalbox.model.errors import InvalidError
from signalbox.model.retries import Answer

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 the mark of a secret, not one
SECRET_BYTES: Final = 32
SHORTEST_SECRET: Final = 24
LONGEST_SECRET: Final = 64
OURS: Final = frozenset(
    {"user-agent", "content-type", "webhook-id", "webhook-timestamp", "webhook-signature"}
)
USER_AGENT: Final = "Signalbox/0.1.0 (+webhooks)"


def deliver(  # noqa: PLR0913 each is a separate part of the message
    url: str,
    *,
    message_id: str,
    body: bytes,
    secrets: Iterable[str],
    now: datetime,
    allowed_hosts: frozenset[str],
    method: str = "POST",
    content_type: str = "application/json",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    seconds: float = outbound.SECONDS,
) -> Answer:
    """Make one attempt to deliver a message; `model.retries.judge` says what follows.

    Args:
        url: The receiver; see `outbound` for what is never reached.
        message_id: The same for every attempt at this message.
        body: UTF-8.
        secrets: Those that sign, `whsec_…`; at least one.
        now: When this attempt is made, aware.
        allowed_hosts: Entries `host:port` that may be reached although private.
        method: POST, unless the receiver wants another.
        content_type: Of the body; left out where there is none.
        headers: Further ones; none of those that are set here.
        seconds: After which the attempt is a time-out.

    Raises:
        InvalidError: No secret, one that is malformed, or a body that is not UTF-8.
    """
    timestamp = now.astimezone(UTC)
    ours = {
        "User-Agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(timestamp.timestamp())),
        "webhook-signature": _signatures(secrets, message_id, timestamp, body),
    }
    if body:
        ours["Content-Type"] = content_type
    return outbound.request(
        method,
        url,
        headers=[*ours.items(), *dict(headers).items()],
        body=body,
        allowed_hosts=allowed_hosts,
        seconds=seconds,
    )


def check(
    url: str, headers: Mapping[str, str], allowed_hosts: frozenset[str], *, field: str
) -> None:
    """Raise `InvalidError` where `deliver` could never reach this URL with these headers."""
    for name in headers:
        if name.lower() in OURS:
            raise InvalidError(f"{field}.headers.{name}", "is set by Signalbox")
    outbound.check(url, headers, allowed_hosts, field=field)


def new_secret() -> str:
    """Return a fresh secret: `whsec_` and the base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(entropy.token_bytes(SECRET_BYTES)).decode("ascii")


def check_secret(secret: str) -> str:
    """Return the secret; raise `InvalidError` unless it is `whsec_` and base64 of 24 to 64 bytes."""
    encoded = secret.removeprefix(SECRET_PREFIX)
    try:
        size = len(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidError("secret", "is not base64 after whsec_") from error
    if encoded == secret or not SHORTEST_SECRET <= size <= LONGEST_SECRET:
        raise InvalidError("secret", "must be whsec_ and the base64 of 24 to 64 bytes")
    return secret


def _signatures(secrets: Iterable[str], message_id: str, timestamp: datetime, body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidError("body", "is not UTF-8") from error
    signatures = [
        Webhook(check_secret(secret)).sign(message_id, timestamp, text) for secret in secrets
    ]
    if not signatures:
        raise InvalidError("secrets", "is empty; a webhook is always signed")
    return " ".join(signatures)
