"""A request to relay a mail: the mail, its recipients, and what tells a repeat.

Payload format 2.0: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway guide. It
hands on as base64 what is no text, and Lambda takes 6 MB of all that.
"""

import binascii
import hashlib
import re
from collections.abc import Mapping
from email.utils import getaddresses
from typing import Any, Final, NamedTuple

from signalbox.model import relayed
from signalbox.model.address import email_address
from signalbox.model.errors import InvalidError
from signalbox.model.relayed import Relayed
from signalbox.model.wire import digest

MOST_BYTES: Final = 4_500_000
MOST_RECIPIENTS: Final = 50  # of one mail, as SES takes it
RECIPIENTS: Final = "x-signalbox-recipients"
RESPECT: Final = "x-signalbox-respect-opt-outs"
YES: Final = frozenset({"1", "yes", "true"})
NO: Final = frozenset({"", "0", "no", "false"})

_HEADED: Final = ("to", "cc", "bcc")
_RECIPIENT: Final = re.compile(r"[!-~]+")  # SES knows no other local parts


class TooLargeError(Exception):
    """The mail is larger than can be handed in."""


class Recipient(NamedTuple):
    """Whom a mail goes to: as SES is told, and the address that is looked up (`email:…`)."""

    mailbox: str
    address: str


class Wanted(NamedTuple):
    """A mail to pass on.

    `key` is the same for a repeat of the request, `fingerprint` the hash of what the mail says.
    `base_url` is that of the API as it was asked.
    """

    letter: Relayed
    recipients: tuple[Recipient, ...]
    key: str
    fingerprint: str
    respects_opt_outs: bool
    base_url: str


def header(event: Mapping[str, Any], name: str) -> str:
    """Return a header by its lower-case name; empty where it was not sent."""
    value: str = (event.get("headers") or {}).get(name, "")
    return value.strip()


def read(event: Mapping[str, Any]) -> Wanted:
    """Read a request.

    Raises:
        InvalidError: the mail, or a header of the request, cannot be.
        TooLargeError: the mail is larger than `MOST_BYTES`.
    """
    raw = _body(event)
    if not raw.strip():
        raise InvalidError("body", "must be a mail (message/rfc822)")
    letter = relayed.read(raw)
    if len([one for one in letter.head.fields if one.name == "from"]) != 1:
        raise InvalidError("From", "must stand in the mail's head, once")
    fingerprint = hashlib.sha256(letter.content).hexdigest()
    return Wanted(
        letter=letter,
        recipients=_recipients(header(event, RECIPIENTS), letter),
        key=_key(header(event, "idempotency-key"), letter.head.value("message-id"), fingerprint),
        fingerprint=fingerprint,
        respects_opt_outs=_flag(header(event, RESPECT).lower()),
        base_url=f"https://{event['requestContext']['domainName']}",
    )


def _body(event: Mapping[str, Any]) -> bytes:
    text: str = event.get("body") or ""
    try:
        raw = binascii.a2b_base64(text) if event.get("isBase64Encoded") else text.encode()
    except ValueError as error:
        raise InvalidError("body", "cannot be read") from error
    if len(raw) > MOST_BYTES:
        raise TooLargeError(f"The mail has {len(raw)} bytes; {MOST_BYTES} can be handed in.")
    return raw


def _recipients(said: str, letter: Relayed) -> tuple[Recipient, ...]:
    """Return the recipients that the request names, else those of the mail's head, each once."""
    field = RECIPIENTS.title() if said else "To"
    texts = [said] if said else [one.value for one in letter.head.fields if one.name in _HEADED]
    found: dict[str, Recipient] = {}
    for _, mailbox in getaddresses(texts):
        recipient = _recipient(mailbox, field)
        found.setdefault(recipient.address, recipient)
    if not found:
        raise InvalidError(field, "names nobody, nor does the mail's head")
    if len(found) > MOST_RECIPIENTS:
        raise InvalidError(field, f"names {len(found)} recipients; a mail may have 50")
    return tuple(found.values())


def _recipient(mailbox: str, field: str) -> Recipient:
    address = email_address(mailbox, field=field)
    local = mailbox.strip().rpartition("@")[0]
    if not _RECIPIENT.fullmatch(local):
        raise InvalidError(
            field, "holds an address with letters that SES does not know before the @"
        )
    return Recipient(f"{local}@{address.rpartition('@')[2]}", address)


def _key(said: str, message_id: str, fingerprint: str) -> str:
    """Return what a repeat has in common with its request.

    Programs that send again what was not answered keep the Message-ID; those that give all their
    mails the same one differ in what they say.
    """
    if said:
        return digest("key", said)
    if not message_id:
        raise InvalidError(
            "Idempotency-Key", "must be sent where the mail has no Message-ID, to know a repeat by"
        )
    return digest("message", message_id, fingerprint)


def _flag(said: str) -> bool:
    if said not in YES | NO:
        raise InvalidError(RESPECT.title(), "must be true or false")
    return said in YES
