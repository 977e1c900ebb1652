"""One kept-alive HTTP/1.1 connection: send a request's bytes, read its whole answer.

`http.client` would do the same, but its import (the e-mail parser) costs a hot function a third of
its start and its reader most of the CPU of a call. This module knows only what a client of an AWS
endpoint needs of RFC 9112: answers with a `Content-Length` or in chunks, interim 1xx answers,
`Connection: close`. An answer of another form is refused, never guessed at.
"""

from __future__ import annotations

import re
import socket
from functools import cache
from time import monotonic, time

TYPE_CHECKING = False  # importing typing for its constant costs more than this module
if TYPE_CHECKING:
    from ssl import SSLContext

HEAD_LIMIT = 64 * 1024
"""The most bytes of a status line with its headers."""

BODY_LIMIT = 64 * 1024 * 1024
"""The most bytes of a body; the largest answer of DynamoDB is 16 MB of items."""

IDLE_SECONDS = 60.0
"""A connection that nobody used for longer is replaced: after a frozen Lambda environment wakes,
the other end may be gone without a word, and waiting for it would cost a whole time-out."""

_RECEIVE_SIZE = 64 * 1024
_BODYLESS = (204, 304)
_STATUS_DIGITS = 3
_LENGTH_DIGITS = 18
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?"
    r"(?P<path>(/[\w~-][\w.~-]*)*)/?",
    re.ASCII | re.IGNORECASE,
)

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers by lower-case name (repeated ones joined by ", "), body."""


class AnswerError(OSError):
    """What came is no HTTP answer that this client understands, or it broke off half-way."""


class CertificateError(OSError):
    """The server's certificate is not from a trusted root, not for this host, or not valid now."""


class _StaleError(ConnectionError):
    """The server had closed the kept connection before it answered anything."""


@cache
def tls_context(ca_file: str) -> SSLContext:
    """Return the verifying TLS context that trusts the roots in `ca_file`; "" means the system's.

    Made once: reading the system's 140 roots takes 20 ms of CPU, reading five takes 1.
    """
    import ssl  # noqa: PLC0415 - plain http, as emulators speak it, does not pay for TLS

    return ssl.create_default_context(cafile=ca_file or None)


class Endpoint:
    """Where requests go: an http or https URL, taken apart.

    Attributes:
        is_tls: Whether it is https.
        address: Host and port to connect to.
        host: The `Host` header: lower case, the port only where it is not the usual one.
        path: The path, "/" where the URL has none.
    """

    __slots__ = ("address", "host", "is_tls", "path")

    def __init__(self, url: str) -> None:
        found = _URL.fullmatch(url)
        if not found:
            raise ValueError(f"{url!r} is no http or https URL of host, port and path")
        self.is_tls = found["scheme"].lower() == "https"
        usual_port = 443 if self.is_tls else 80
        host = found["host"].lower()
        port = int(found["port"] or usual_port)
        self.address = (host.strip("[]"), port)
        self.host = host if port == usual_port else f"{host}:{port}"
        self.path = found["path"] or "/"


class Connection:
    """A connection to one address, opened when needed and kept for the next exchange.

    Not for two threads at once. `address` is host and port. `trust` is None for plain http, else
    the CA files to verify with, in this order, each tried only when the one before refused.
    `connect_timeout` bounds each address tried and each step of the TLS handshake (not the name
    look-up, which the system bounds); `read_timeout` bounds sending and the whole answer together.
    Both in seconds.
    """

    def __init__(
        self,
        address: tuple[str, int],
        trust: tuple[str, ...] | None,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._address = address
        self._trust = trust
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._socket: socket.socket | None = None
        self._used_at = 0.0

    def exchange(self, request: bytes) -> Answer:
        """Send `request`, head and body, and return the answer.

        A kept connection that turns out to be closed is replaced once, at once; so the request
        must be one that is safe to repeat.

        Raises:
            CertificateError: TLS could not be verified; nothing was sent.
            AnswerError: The answer was malformed, too large or cut off.
            TimeoutError: Connecting or the exchange took too long.
            OSError: There is no connection, or it broke.
        """
        if time() - self._used_at > IDLE_SECONDS:
            self.close()
        try:
            return self._exchange_once(request)
        except _StaleError:
            return self._exchange_once(request)

    def close(self) -> None:
        """Close the connection; the next exchange opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __del__(self) -> None:
        """Close what a thread leaves behind when it ends."""
        self.close()

    def _exchange_once(self, request: bytes) -> Answer:
        is_reused = self._socket is not None
        try:
            connected = self._socket = self._socket or self._open()
            deadline = monotonic() + self._read_timeout
            if connected.gettimeout() != self._read_timeout:  # setting it is a system call
                connected.settimeout(self._read_timeout)
            first = _first_bytes(connected, request, is_reused=is_reused)
            answer, is_kept = _read_answer(_Reader(connected, first, deadline))
        except BaseException:  # whatever ends the exchange leaves half an answer in the socket
            self.close()
            raise
        if is_kept:
            self._used_at = time()
        else:
            self.close()
        return answer

    def _open(self) -> socket.socket:
        while True:
            try:
                return self._connect()
            except CertificateError:
                if not self._trust or len(self._trust) == 1:
                    raise
                self._trust = self._trust[1:]

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(self._address, self._connect_timeout)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._trust is None:
                return connected
            return _wrap(connected, self._address[0], self._trust[0])
        except BaseException:
            connected.close()
            raise


def _wrap(connected: socket.socket, host: str, ca_file: str) -> socket.socket:
    context = tls_context(ca_file)
    from ssl import SSLCertVerificationError  # noqa: PLC0415 - see tls_context

    try:
        return context.wrap_socket(connected, server_hostname=host)
    except SSLCertVerificationError as error:
        raise CertificateError(f"{host}: {error.verify_message}") from error


def _first_bytes(connected: socket.socket, request: bytes, *, is_reused: bool) -> bytes:
    try:
        connected.sendall(request)
        first = connected.recv(_RECEIVE_SIZE)
    except TimeoutError:
        raise
    except OSError as error:
        if is_reused:
            raise _StaleError("the kept connection was reset") from error
        raise
    if first:
        return first
    if is_reused:
        raise _StaleError("the kept connection was closed")
    raise ConnectionResetError("the connection was closed without an answer")


class _Reader:
    """Takes an answer's bytes from a socket, until a deadline (of the monotonic clock)."""

    __slots__ = ("_connected", "_deadline", "rest")

    def __init__(self, connected: socket.socket, first: bytes, deadline: float) -> None:
        self._connected = connected
        self._deadline = deadline
        self.rest = first

    def _receive(self) -> bytes:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._connected.settimeout(left)
        received = self._connected.recv(_RECEIVE_SIZE)
        if not received:
            raise AnswerError("the connection was closed in the middle of the answer")
        return received

    def until(self, mark: bytes, limit: int) -> bytes:
        """Take what stands before `mark`, at most `limit` bytes, and drop the mark."""
        while (end := self.rest.find(mark)) < 0 and len(self.rest) <= limit:
            self.rest += self._receive()
        if not 0 <= end <= limit:
            raise AnswerError(f"the answer's head is longer than {limit} bytes")
        taken = self.rest[:end]
        self.rest = self.rest[end + len(mark) :]
        return taken

    def exactly(self, size: int) -> bytes:
        """Take the next `size` bytes."""
        pieces = [self.rest]
        missing = size - len(self.rest)
        while missing > 0:
            pieces.append(self._receive())
            missing -= len(pieces[-1])
        taken = b"".join(pieces)
        self.rest = taken[size:]
        return taken[:size]


def _read_answer(reader: _Reader) -> tuple[Answer, bool]:
    """Return the answer, and whether the connection can carry another exchange."""
    status = 100
    while 100 <= status < 200:  # noqa: PLR2004 - interim answers, RFC 9110 section 15.2
        version, status, headers = _parse_head(reader.until(b"\r\n\r\n", HEAD_LIMIT))
    body = b"" if status in _BODYLESS else _read_body(reader, headers)
    is_kept = (
        version == "HTTP/1.1"
        and "close" not in headers.get("connection", "").lower()
        and not reader.rest
    )
    return (status, headers, body), is_kept


def _parse_head(head: bytes) -> tuple[str, int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    status = rest[:3]
    is_status = len(status) == _STATUS_DIGITS and _is_decimal(status)
    if version not in {"HTTP/1.1", "HTTP/1.0"} or not is_status:
        raise AnswerError(f"no HTTP status line: {first[:80]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise AnswerError(f"no HTTP header: {line[:80]!r}")
        name = name.lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return version, int(status), headers


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _read_body(reader: _Reader, headers: dict[str, str]) -> bytes:
    """Read a body that tells its own end; one that only a closed connection ends could be cut."""
    length = headers.get("content-length")
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise AnswerError(f"transfer coding {coding[:80]!r} is not read")
        return _read_chunks(reader)
    if length is None or not _is_decimal(length) or len(length) > _LENGTH_DIGITS:
        raise AnswerError(f"the answer does not tell its length: {str(length)[:80]!r}")
    return reader.exactly(_checked(int(length)))


def _checked(size: int) -> int:
    if size > BODY_LIMIT:
        raise AnswerError(f"the answer's body is longer than {BODY_LIMIT} bytes")
    return size


def _read_chunks(reader: _Reader) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while size := _chunk_size(reader.until(b"\r\n", HEAD_LIMIT)):
        total = _checked(total + size)
        chunks.append(reader.exactly(size))
        if reader.until(b"\r\n", HEAD_LIMIT):
            raise AnswerError("a chunk is longer than its size")
    trailers = 0
    while line := reader.until(b"\r\n", HEAD_LIMIT):
        trailers += len(line)
        if trailers > HEAD_LIMIT:
            raise AnswerError("the answer's trailers are too long")
    return b"".join(chunks)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or digits.strip(_HEXADECIMAL):
        raise AnswerError(f"no chunk size: {line[:80]!r}")
    return int(digits, 16)
