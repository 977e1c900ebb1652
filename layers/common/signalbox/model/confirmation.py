"""The token in a confirmation link: who confirms what, signed, with nothing personal in it.

    version, account, list, contact, nonce, time of issue (33 bytes), then 16 bytes of HMAC-SHA256

in base64url (RFC 4648 section 5) without padding, 66 characters. 128 bits are half the hash, which
RFC 2104 section 5 asks for at least.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass

from signalbox.model.errors import InvalidError
from signalbox.model.membership import NONCE_DIGITS

VALID_MS = 604_800_000  # seven days
CHARACTERS = 66
_DOMAIN = b"signalbox confirmation\x00"  # a signature made for another purpose never fits
_FORM = struct.Struct(">BIQQ8sI")
_VERSION = 1
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a link says: this contact wants to be on this list.

    `nonce` is the membership's, 16 hex digits; `issued_ms` is exact to the second.
    """

    account_id: str
    list_id: str
    contact_id: str
    nonce: str
    issued_ms: int


def token(confirmation: Confirmation, secret: bytes) -> str:
    """Return the signed token."""
    body = _FORM.pack(
        _VERSION,
        int(confirmation.account_id),
        int(confirmation.list_id),
        int(confirmation.contact_id),
        bytes.fromhex(confirmation.nonce.rjust(NONCE_DIGITS, "0")),
        confirmation.issued_ms // 1000,
    )
    return _text(body + _mac(body, secret))


def claimed_account(shown: str) -> str:
    """Return the account that a token names, whose secret must prove it.

    Raises:
        InvalidError: it is no token.
    """
    return _read(_bytes(shown)).account_id


def verified(shown: str, secret: bytes, now_ms: int) -> Confirmation:
    """Return what a token says.

    Raises:
        InvalidError: it was not signed with this secret, or seven days have passed.
    """
    raw = _bytes(shown)
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body, secret)):
        raise InvalidError("token", "is not one of ours")
    confirmation = _read(raw)
    if now_ms >= confirmation.issued_ms + VALID_MS:
        raise InvalidError("token", "is too old")
    return confirmation


def _read(raw: bytes) -> Confirmation:
    version, account, contact_list, contact, nonce, issued_s = _FORM.unpack(raw[:-_MAC_BYTES])
    if version != _VERSION:
        raise InvalidError("token", "is not one of ours")
    return Confirmation(str(account), str(contact_list), str(contact), nonce.hex(), issued_s * 1000)


def _bytes(shown: str) -> bytes:
    """Decode the one spelling that a token has."""
    if len(shown) != CHARACTERS or not shown.isascii():
        raise InvalidError("token", "is not one of ours")
    try:
        raw = base64.b64decode(shown + "==", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise InvalidError("token", "is not one of ours") from error
    if len(raw) != _FORM.size + _MAC_BYTES or _text(raw) != shown:
        raise InvalidError("token", "is not one of ours")
    return raw


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _mac(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, _DOMAIN + body, "sha256")[:_MAC_BYTES]
