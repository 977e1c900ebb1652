"""RSA signatures, checked with the key of an X.509 certificate.

Only checking, which needs no secret and no more than one power: the text that a signature stands for
is made from what was signed and compared as a whole, so nothing of what a sender wrote is parsed
(RFC 8017 section 8.2.2). Of a certificate (RFC 5280 section 4.1) the public key is read and nothing
else: whoever fetches it has to know that it comes from whom it should.
"""

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Final, NamedTuple

from signalbox.model.errors import SignalboxError

BEGIN: Final = "-----BEGIN CERTIFICATE-----"
END: Final = "-----END CERTIFICATE-----"
SMALLEST_BITS: Final = 2048
GREATEST_BITS: Final = 8192
GREATEST_EXPONENT: Final = 2**32

_SEQUENCE, _INTEGER, _BITS, _NAME, _VERSION = 0x30, 0x02, 0x03, 0x06, 0xA0
_LONG: Final = 0x80
_LENGTHS: Final = range(1, 5)
_RSA: Final = bytes.fromhex("2a864886f70d010101")  # RFC 8017 appendix C: rsaEncryption
_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")  # section 9.2, note 1
_KEY: Final = 5  # subjectPublicKeyInfo among the fields of a certificate, without the version

_Part = tuple[int, bytes]


class CertificateUnreadableError(SignalboxError):
    """The text is no certificate of an RSA key that is long enough."""


class PublicKey(NamedTuple):
    """An RSA key."""

    modulus: int
    exponent: int


def is_signed(key: PublicKey, signed: bytes, signature: bytes) -> bool:
    """Tell whether a signature of PKCS #1 v1.5 with SHA-256 was made for this with that key."""
    size = (key.modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature)
    if len(signature) != size or number >= key.modulus:
        return False
    ending = b"\x00" + _SHA256 + sha256(signed).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(ending) - 2) + ending
    found = pow(number, key.exponent, key.modulus).to_bytes(size)
    return hmac.compare_digest(expected, found)


def public_key(certificate: str) -> PublicKey:
    """Return the key of a certificate in PEM; raise `CertificateUnreadableError` for none of ours."""
    try:
        key = _key_of(_decoded(certificate))
    except (IndexError, ValueError) as error:
        raise CertificateUnreadableError("the certificate cannot be read") from error
    if not SMALLEST_BITS <= key.modulus.bit_length() <= GREATEST_BITS:
        raise CertificateUnreadableError(f"the key has {key.modulus.bit_length()} bits")
    if not 1 < key.exponent < GREATEST_EXPONENT:
        raise CertificateUnreadableError("the key's exponent is unusual")
    return key


def _decoded(certificate: str) -> bytes:
    text = certificate.partition(BEGIN)[2].partition(END)[0]
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _key_of(der: bytes) -> PublicKey:
    fields = _parts(_only(_parts(_only(_parts(der), _SEQUENCE))[0], _SEQUENCE))
    if fields[0][0] == _VERSION:
        fields = fields[1:]
    algorithm, bits = _parts(_only(fields[_KEY], _SEQUENCE))[:2]
    if _only(_parts(_only(algorithm, _SEQUENCE))[0], _NAME) != _RSA:
        raise ValueError("no RSA key")
    packed = _only(bits, _BITS)
    if packed[0]:
        raise ValueError("bits that fill no byte")
    modulus, exponent = _parts(_only(_parts(packed[1:]), _SEQUENCE))
    return PublicKey(_number(modulus), _number(exponent))


def _number(part: _Part) -> int:
    return int.from_bytes(_only(part, _INTEGER), signed=True)


def _only(part: _Part | list[_Part], tag: int) -> bytes:
    """Return the content of a part that has to be of a kind; of several, of the first."""
    found, content = part[0] if isinstance(part, list) else part
    if found != tag:
        raise ValueError("another kind of part")
    return content


def _parts(data: bytes) -> list[_Part]:
    """Return the values in DER that follow on each other, as tag and content (X.690 section 8.1)."""
    parts: list[_Part] = []
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & _LONG:  # what follows is the length, and this the length of that
            size = length - _LONG
            if size not in _LENGTHS:
                raise ValueError("a length that none has")
            length, at = int.from_bytes(data[at : at + size]), at + size
        if at + length > len(data):
            raise ValueError("cut off")
        parts.append((tag, data[at : at + length]))
        at += length
    return parts
