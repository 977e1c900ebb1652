"""Notifications that SNS signed.

MiniStack 1.5.33 puts the word FAKE where SNS puts its signature, and names a certificate that is not
there. Here notifications are signed as SNS signs them (version 2: RSA with SHA-256), with a key of
this process, and its certificate is served by the emulator itself.

The emulator's environment has no library for that, so the few lines are here: nothing that they
guard leaves this machine.
"""

import base64
import hashlib
import json
import math
import os
import secrets
import threading
from typing import Any

from local.shims.mail import Answer

SERVICE = "sns-certificates"
PATH = "/SimpleNotificationService-"
NAME = f"{PATH}0123456789abcdef0123456789abcdef.pem"
PEM = {"Content-Type": "application/x-pem-file"}
SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")

EXPONENT = 65537
BITS = 2048
ROUNDS = 20  # of Miller and Rabin; one in 4^20 is no prime
SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2))]

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
RSA_NAME = bytes.fromhex("300d06092a864886f70d0101010500")
SHA256_RSA_NAME = bytes.fromhex("300d06092a864886f70d01010b0500")
SEQUENCE, INTEGER, BIT_STRING, UTC_TIME, VERSION = 0x30, 0x02, 0x03, 0x17, 0xA0
LONG = 0x80  # of a length: it is the length of the length that follows


def install() -> None:
    """Sign what SNS delivers, and serve the certificate."""
    from ministack import app  # noqa: PLC0415 - the emulator's
    from ministack.core import router  # noqa: PLC0415
    from ministack.services import sns  # noqa: PLC0415

    signer = Signer()
    url = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}{NAME}"
    build = sns._build_envelope  # noqa: SLF001 - a shim replaces it

    def signed_envelope(*parts: Any, **named: Any) -> str:
        text: str = build(*parts, **named)
        is_raw = named.get("raw", parts[-1] if parts else False)
        return text if is_raw is True else signer.signed(text, url)

    async def serve(_method: str, path: str, _headers: Any, _body: bytes, _query: Any) -> Answer:
        found = path == NAME
        return (200, PEM, signer.certificate().encode()) if found else (404, PEM, b"")

    sns._build_envelope = signed_envelope  # noqa: SLF001
    detect = router.detect_service

    def detect_service(method: str, path: str, headers: Any, query: Any) -> str:
        return SERVICE if path.startswith(PATH) else str(detect(method, path, headers, query))

    app.detect_service = detect_service
    app.SERVICE_HANDLERS[SERVICE] = serve


class Signer:
    """A key, made when it is first needed, which takes about a second, and its certificate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[int, int] | None = None

    def key(self) -> tuple[int, int]:
        """The public modulus and the secret exponent."""
        with self._lock:
            if self._made is None:
                first, second = prime(BITS // 2), prime(BITS // 2)
                secret = pow(EXPONENT, -1, (first - 1) * (second - 1))
                self._made = first * second, secret
            return self._made

    def certificate(self) -> str:
        """The key's certificate, signed with itself, as PEM."""
        never = der(SEQUENCE, der(UTC_TIME, b"260101000000Z") + der(UTC_TIME, b"491231235959Z"))
        key = der(SEQUENCE, number(self.key()[0]) + number(EXPONENT))
        fields = [
            der(VERSION, number(2)),
            number(1),
            SHA256_RSA_NAME,
            der(SEQUENCE, b""),
            never,
            der(SEQUENCE, b""),
            der(SEQUENCE, RSA_NAME + der(BIT_STRING, b"\x00" + key)),
        ]
        body = der(SEQUENCE, b"".join(fields))
        whole = body + SHA256_RSA_NAME + der(BIT_STRING, b"\x00" + self.sign(body))
        text = base64.encodebytes(der(SEQUENCE, whole)).decode()
        return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"

    def sign(self, message: bytes) -> bytes:
        """Sign as PKCS #1 v1.5 with SHA-256 (RFC 8017 section 8.2.1)."""
        ending = b"\x00" + SHA256_INFO + hashlib.sha256(message).digest()
        padded = b"\x00\x01" + b"\xff" * (BITS // 8 - len(ending) - 2) + ending
        modulus, secret = self.key()
        power = pow(int.from_bytes(padded, "big"), secret, modulus)
        return power.to_bytes(BITS // 8, "big")

    def signed(self, envelope: str, url: str) -> str:
        """The envelope of a notification with its signature."""
        told = json.loads(envelope)
        text = "".join(f"{name}\n{told[name]}\n" for name in SIGNED if name in told)
        signature = base64.b64encode(self.sign(text.encode("utf-8", "replace"))).decode()
        told |= {"SignatureVersion": "2", "Signature": signature, "SigningCertURL": url}
        return json.dumps(told)


def prime(bits: int) -> int:
    """A random prime of so many bits, with which the exponent can be used."""
    while True:
        number = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if number % EXPONENT != 1 and is_prime(number):
            return number


def is_prime(number: int) -> bool:
    """Whether a large odd number is prime, as far as Miller and Rabin can tell."""
    if any(number % small == 0 for small in SMALL_PRIMES):
        return False
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    odd = (number - 1) >> twos
    return all(_witnesses_prime(number, odd, twos) for _ in range(ROUNDS))


def _witnesses_prime(number: int, odd: int, twos: int) -> bool:
    power = pow(secrets.randbelow(number - 3) + 2, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def number(value: int) -> bytes:
    """A positive number in DER."""
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def der(tag: int, content: bytes) -> bytes:
    """A value in DER (X.690 section 8.1)."""
    length = len(content)
    if length < LONG:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, LONG | size]) + length.to_bytes(size, "big") + content
