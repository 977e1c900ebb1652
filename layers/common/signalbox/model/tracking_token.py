"""Tokens: what the links and the pixel of a mail say, signed, so that nobody else can say it.

A token is bytes in URL-safe base64 without padding (RFC 4648 section 5):

    version 1 | key id 1 | kind 1 | account | mailing | link | contact | nonce 8 | signature 16

Account, mailing, link and contact are numbers, seven bits to the byte and the least first (LEB128).
A nonce stands there where the contact is 0: such a token says which mail it was, and not whose. The
signature is HMAC-SHA256, cut to 128 bits, over the bytes before it and over what the token is for:
a click's target stands in its URL beside the token, so a click needs no look-up and leads nowhere
but where the sender of the mail wanted it to lead. The kind is signed too, so that no token does
for another kind.

In a text message each character is paid for, so the code of a link there is a token made short: the
kind and the version, which the address tells, are signed and not written, and of the signature there
are 64 bits, before the numbers:

    signature 8 | account | mailing | link | contact | nonce 8 | key id 1

That is 39 characters, or 42 without a contact, and the last is a letter or a digit unless a key's id
is 62 or 63 beyond a multiple of 64: programs that look for links in a text may take a hyphen at the
end for none of the address. Sixty-four bits are enough here
and not for mail, because such a code does not say where it leads: whoever guessed one, at 2^63 tries
over the API, got to where the mailing's own link leads, and one false click.
"""

import binascii
import hmac
import re
from enum import StrEnum
from typing import Final, NamedTuple

from signalbox.model.errors import SignalboxError

VERSION: Final = 1
NO_MAILING: Final = "0"
HONEYPOT: Final = 65_535
"""The number of the link that no person sees: whoever follows it follows every link."""

_MAC_BYTES: Final = 16
_SHORT_MAC_BYTES: Final = 8
_NONCE_BYTES: Final = 8
_HEAD_BYTES: Final = 3  # version, key id, kind
_LONGEST: Final = 128  # characters; 70 at the most are used
_LARGEST: Final = 1 << 63
_LONGEST_VARINT: Final = 9
_SHORTEST_KEY: Final = 32
_NO_TOKEN: Final = "the token is not one of ours"  # noqa: S105 a sentence

_KEY = re.compile(r"(\d{1,3}):((?:[0-9A-Fa-f]{2})+)", re.ASCII)
_NUMBER = re.compile(r"0|[1-9]\d*", re.ASCII)


class InvalidTokenError(SignalboxError):
    """This is no token, none of this kind or for this target, or none that we signed."""


class KeyRingError(SignalboxError):
    """The text that should hold the keys of tokens holds none, or something else."""


class TokenKind(StrEnum):
    """What a token is for. `PERSON` opens a person's own page, as for unsubscribing.

    `TEXT` is a click on a link of a text message; such tokens are written short.
    """

    OPEN = "o"
    CLICK = "c"
    PERSON = "u"
    TEXT = "l"


class Token(NamedTuple):
    """What a token says.

    A personal token has the contact's id; an anonymous one has none, and a `nonce` of 16 hex digits
    instead. `mailing_id` is `NO_MAILING` for a mail that belongs to none. `link` is the number of a
    click's link.
    """

    kind: TokenKind
    account_id: str
    mailing_id: str
    contact_id: str = ""
    nonce: str = ""
    link: int = 0


class KeyRing:
    """The keys that verify tokens, by their id; the last of them signs."""

    __slots__ = ("_current_id", "_keys")

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._keys = keys
        self._current_id = next(reversed(keys))

    @classmethod
    def from_text(cls, text: str) -> "KeyRing":
        """Read `1:<hex>,2:<hex>`, ids up to 255 and keys of 16 bytes or more.

        Raises:
            KeyRingError: it is empty or written otherwise.
        """
        keys: dict[int, bytes] = {}
        for entry in text.split(","):
            found = _KEY.fullmatch(entry.strip())
            if found is None or len(found[2]) < _SHORTEST_KEY or int(found[1]) > 255:  # noqa: PLR2004 a byte
                raise KeyRingError("the key ring is not written as id:hex,id:hex")
            keys[int(found[1])] = bytes.fromhex(found[2])
        return cls(keys)

    @property
    def current_id(self) -> int:
        """Return the id of the key that signs."""
        return self._current_id

    def sign(self, key_id: int, head: bytes, target: str) -> bytes:
        """Return the signature of a token; raise `InvalidTokenError` where there is no such key.

        The head's length is signed before it, so that no byte moves between head and target.
        """
        key = self._keys.get(key_id)
        if key is None:
            raise InvalidTokenError(_NO_TOKEN)
        message = bytes((len(head),)) + head + target.encode("utf-8", "surrogatepass")
        return hmac.digest(key, message, "sha256")[:_MAC_BYTES]


def signed(token: Token, ring: KeyRing, target: str = "") -> str:
    """Return the token as text; `target` is where a click leads.

    Raises:
        ValueError: an id is no number, or it is not clear whose the token is.
    """
    head = _head(token.kind, ring.current_id) + _facts(token)
    raw = head + ring.sign(ring.current_id, head, target)
    return base64url(raw)


def read(text: str, ring: KeyRing, kind: TokenKind, target: str = "") -> Token:
    """Return what a token says; `kind` and `target` are those of the URL that it came in.

    Raises:
        InvalidTokenError: it is not such a token.
    """
    if len(text) > _LONGEST:
        raise InvalidTokenError(_NO_TOKEN)
    raw = from_base64url(text)
    head, signature = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(head) <= _HEAD_BYTES or head[0] != VERSION or head[2] != ord(kind):
        raise InvalidTokenError(_NO_TOKEN)
    if not hmac.compare_digest(signature, ring.sign(head[1], head, target)):
        raise InvalidTokenError(_NO_TOKEN)
    return _token(kind, head)


def signed_short(token: Token, ring: KeyRing) -> str:
    """Return a token of the kind `TEXT` as the code of a text message's link.

    Raises:
        ValueError: an id is no number, or it is not clear whose the token is.
    """
    facts = _facts(token)
    return base64url(_short_mac(facts, ring, ring.current_id) + facts + bytes((ring.current_id,)))


def unsigned_short(token: Token) -> str:
    """Return a code as long as `signed_short` makes it, which leads nowhere.

    Raises:
        ValueError: an id is no number, or it is not clear whose the token is.
    """
    return base64url(bytes(_SHORT_MAC_BYTES) + _facts(token) + bytes(1))


def read_short(text: str, ring: KeyRing) -> Token:
    """Return what the code of a text message's link says.

    Raises:
        InvalidTokenError: it is not such a code.
    """
    if len(text) > _LONGEST:
        raise InvalidTokenError(_NO_TOKEN)
    raw = from_base64url(text)
    signature, facts, key_id = raw[:_SHORT_MAC_BYTES], raw[_SHORT_MAC_BYTES:-1], raw[-1:]
    if not facts or not hmac.compare_digest(signature, _short_mac(facts, ring, key_id[0])):
        raise InvalidTokenError(_NO_TOKEN)
    return _token(TokenKind.TEXT, _head(TokenKind.TEXT, key_id[0]) + facts)


def base64url(raw: bytes) -> str:
    """Return bytes as URL-safe base64 without padding."""
    text = binascii.b2a_base64(raw, newline=False).decode("ascii")
    return text.rstrip("=").replace("+", "-").replace("/", "_")


def from_base64url(text: str) -> bytes:
    """Return the bytes of a text that `base64url` could have written.

    Raises:
        InvalidTokenError: it could not have; other readers overlook bits at the end and marks.
    """
    try:
        standard = text.replace("-", "+").replace("_", "/")
        raw = binascii.a2b_base64(standard + "=" * (-len(text) % 4))
    except ValueError as error:
        raise InvalidTokenError(_NO_TOKEN) from error
    if base64url(raw) != text:
        raise InvalidTokenError(_NO_TOKEN)
    return raw


def _head(kind: TokenKind, key_id: int) -> bytes:
    return bytes((VERSION, key_id, ord(kind)))


def _facts(token: Token) -> bytes:
    numbers = (token.account_id, token.mailing_id, str(token.link), token.contact_id or "0")
    return b"".join(_varint(_number(one)) for one in numbers) + _nonce(token)


def _short_mac(facts: bytes, ring: KeyRing, key_id: int) -> bytes:
    head = _head(TokenKind.TEXT, key_id) + facts
    return ring.sign(key_id, head, "")[:_SHORT_MAC_BYTES]


def _token(kind: TokenKind, head: bytes) -> Token:
    numbers, at = [], _HEAD_BYTES
    for _ in range(4):
        number, at = _number_at(head, at)
        numbers.append(number)
    account, mailing, link, contact = numbers
    nonce = head[at:]
    if len(nonce) != (0 if contact else _NONCE_BYTES):
        raise InvalidTokenError(_NO_TOKEN)
    contact_id = str(contact) if contact else ""
    return Token(kind, str(account), str(mailing), contact_id, nonce.hex(), link)


def _number(text: str) -> int:
    number = int(text) if _NUMBER.fullmatch(text) else _LARGEST
    if number >= _LARGEST:
        raise ValueError(f"{text!r} is no number that a token can hold")
    return number


def _nonce(token: Token) -> bytes:
    nonce = bytes.fromhex(token.nonce)
    if token.contact_id:
        if nonce or token.contact_id == "0":
            raise ValueError("a token is a contact's or anonymous")
        return b""
    if len(nonce) != _NONCE_BYTES or token.kind is TokenKind.PERSON:
        raise ValueError("the token is nobody's")
    return nonce


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004 seven bits
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _number_at(head: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a byte, and where the next begins."""
    number = 0
    for place, byte in enumerate(head[at : at + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 the last byte of a number has no high bit
            return number, at + place + 1
    raise InvalidTokenError(_NO_TOKEN)
