"""The one way out to addresses that a user chose: a guarded HTTP/1.1 request.

A user's URL may name anything that this machine can reach, so the request is fenced in:

- The name is resolved once, every address it has is judged, and the connection goes to one of
  those addresses and nowhere else (`ssrfguard`). Private, loopback, link-local, metadata, shared
  and multicast addresses are refused, also inside IPv6; a name with one such address is refused
  whole.
- Only `http` and `https`, no credentials in the URL, and only the ports of `PORTS`.
- TLS certificates are verified against the name. Proxies of the environment are not used.
- A redirect is an answer like any other; it is not followed.
- One deadline for all of it, however slowly the bytes drip, and at most 64 KiB are read.

`allowed_hosts` are `host:port` entries which the operator lets be reached although they are on
this machine or a private network (RFC 1918), as the local stack's own receiver is. They are
matched whole; link-local and metadata addresses stay refused.
"""

import io
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_network
from typing import Final, cast
from urllib.parse import quote, urlsplit

from ssrfguard import (
    Address,
    BlockedAddressError,
    BlockedURLError,
    Policy,
    Resolver,
    SSRFGuardError,
    Target,
    connect,
    resolve,
)

from signalbox.model.domain_name import DomainError, ascii_domain
from signalbox.model.errors import InvalidError
from signalbox.model.retries import Answer, Fault, retry_after_ms

PORTS: Final = frozenset({80, 443, 8080, 8443})
SECONDS = 15.0
MOST_BYTES = 64 * 1024
BODY_BYTES = 1024
SEND_BYTES = 64 * 1024

STANDARD_PORTS: Final = {"http": 80, "https": 443}

_PRIVATE: Final = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)

# RFC 9110 section 5.6.2: what methods and header names are made of.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_HEADERS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# These frame the message and address it; whoever sets them twice smuggles a second request.
_OURS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}
    | {"te", "trailer", "upgrade", "expect", "keep-alive", "proxy-authorization"}
)


def request(  # noqa: PLR0913 each is a separate decision of the caller
    method: str,
    url: str,
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    allowed_hosts: frozenset[str] = frozenset(),
    seconds: float = SECONDS,
    resolver: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request and return what came of it; whatever the network does, nothing is raised.

    Args:
        method: An HTTP method, such as POST.
        url: Where to; what Signalbox does not reach is answered with `Fault.REFUSED`.
        headers: Beside `Host`, `Content-Length` and `Connection: close`, which are written here;
            a header that is ours, given twice or of several lines is answered with
            `Fault.INVALID`.
        body: Sent as it is.
        allowed_hosts: Entries `host:port`, lower case, IPv6 in brackets.
        seconds: For all of it: the name's resolution, connecting, sending and reading.
        resolver: Stands in for `socket.getaddrinfo`.
        tls: Stands in for the system's trusted authorities.
    """
    deadline = _Deadline(seconds)
    try:
        policy, target = _admit(url, allowed_hosts)
        message = _message(method, url, target, headers, body)
        with closing(_connected(target, policy, deadline, resolver, tls)) as connection:
            _send(connection, message, deadline)
            return _answer(_Incoming(connection, deadline), method)
    except (SSRFGuardError, InvalidError, OSError, HTTPException) as error:
        return _failure(error)


def check(
    url: str, headers: Mapping[str, str], allowed_hosts: frozenset[str], *, field: str
) -> None:
    """Raise `InvalidError` where a request to this URL could never be sent.

    What the URL's name resolves to is judged when the request is made: it may change until then.
    """
    try:
        _admit(url, allowed_hosts)
        _path(url)
        _check_headers([*headers.items()])
    except SSRFGuardError as error:
        raise InvalidError(f"{field}.url", f"is not reached: {error}") from error
    except InvalidError as error:
        raise InvalidError(f"{field}.{error.field}", error.message) from error


class _Deadline:
    """A moment after which nothing more is waited for."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raise `TimeoutError` where none are."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Incoming(io.RawIOBase):
    """The bytes of the answer, up to the deadline (`TimeoutError`) or 64 KiB (end of stream).

    A timeout of the socket alone would begin anew with every byte.
    """

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._bytes_left = MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self._bytes_left)
        if not size:
            return 0
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(buffer, size)
        self._bytes_left -= count
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _admit(url: str, allowed_hosts: frozenset[str]) -> tuple[Policy, Target]:
    url = _with_ascii_host(url)
    if allowed_hosts:
        policy = _operators_policy(allowed_hosts)
        with suppress(BlockedURLError):
            target = policy.check_url(url)
            if f"{_host(target)}:{target.port}" in allowed_hosts:
                return policy, target
    return _strict_policy(), _strict_policy().check_url(url)


def _with_ascii_host(url: str) -> str:
    """Write a host of other letters in ASCII, which the guard would do by IDNA 2003."""
    if url.isascii():
        return url
    with suppress(ValueError):  # the guard says what is wrong with it
        authority = urlsplit(url).netloc
        user, at, server = authority.rpartition("@")
        host, colon, port = server.partition(":")
        try:
            name = ascii_domain(host)
        except DomainError as error:
            raise BlockedURLError(url, f"host {host!r} is not a usable name: {error}") from error
        return url.replace(authority, f"{user}{at}{name}{colon}{port}", 1)
    return url


@cache
def _strict_policy() -> Policy:
    return Policy(allowed_ports=PORTS)


@cache
def _operators_policy(allowed_hosts: frozenset[str]) -> Policy:
    ports = frozenset(int(entry.rpartition(":")[2]) for entry in allowed_hosts)
    return Policy(allowed_ports=ports, allowed_networks=_PRIVATE)


def _host(target: Target) -> str:
    return f"[{target.host}]" if ":" in target.host else target.host


def _message(
    method: str, url: str, target: Target, headers: Sequence[tuple[str, str]], body: bytes
) -> bytes:
    _check_headers(headers)
    if not _TOKEN.fullmatch(method):
        raise InvalidError("method", "is not an HTTP method")
    authority = _host(target)
    if target.port != STANDARD_PORTS[target.scheme]:
        authority += f":{target.port}"
    ours = [("Host", authority), ("Accept-Encoding", "identity"), ("Connection", "close")]
    if body or method not in {"GET", "HEAD", "DELETE", "OPTIONS"}:
        ours.append(("Content-Length", str(len(body))))
    lines = [f"{method} {_path(url)} HTTP/1.1"]
    lines += [f"{name}: {value.strip()}" for name, value in (*ours, *headers)]
    return "\r\n".join((*lines, "", "")).encode("utf-8") + body


def _check_headers(headers: Sequence[tuple[str, str]]) -> None:
    seen: set[str] = set(_OURS)
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise InvalidError("headers", "has a name that is no header's")
        if name.lower() in seen:
            raise InvalidError(f"headers.{name}", "is set by Signalbox or given twice")
        if _NOT_IN_HEADERS.search(value) or not _encodable(value):
            raise InvalidError(f"headers.{name}", "holds a line break or another control character")
        seen.add(name.lower())


def _path(url: str) -> str:
    if not _encodable(url):
        raise InvalidError("url", "holds a character that no encoding has")
    split = urlsplit(url)
    path = quote(split.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(split.query, safe="/?%:@!$&'()*+,;=~")
    return f"{path}?{query}" if query else path


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _connected(
    target: Target,
    policy: Policy,
    deadline: _Deadline,
    resolver: Resolver | None,
    tls: ssl.SSLContext | None,
) -> socket.socket:
    addresses = _addresses(target, policy, deadline, resolver)
    # The guard's time-out is that of one attempt, and a name may have many silent addresses.
    attempts = min(len(addresses), policy.max_connection_attempts)
    connection = connect(addresses, policy=policy, timeout=deadline.left() / attempts)
    if target.scheme == "http":
        return connection
    try:
        connection.settimeout(deadline.left())
        name = target.host.rstrip(".")
        return (tls or _authorities()).wrap_socket(connection, server_hostname=name)
    except BaseException:
        connection.close()
        raise


def _addresses(
    target: Target, policy: Policy, deadline: _Deadline, resolver: Resolver | None
) -> tuple[Address, ...]:
    """Resolve in a thread that can be left behind, for `getaddrinfo` knows no time-out."""
    results: queue.SimpleQueue[tuple[Address, ...] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            results.put(resolve(target, policy=policy, resolver=resolver))
        except (SSRFGuardError, OSError) as error:
            results.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        result = results.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, Exception):
        raise result
    return result


@cache
def _authorities() -> ssl.SSLContext:
    return ssl.create_default_context()


def _send(connection: socket.socket, message: bytes, deadline: _Deadline) -> None:
    rest = memoryview(message)
    # A receiver may answer and close before it has read all; its answer is still to be read.
    with suppress(BrokenPipeError, ConnectionResetError):
        while rest:
            connection.settimeout(deadline.left())
            rest = rest[connection.send(rest[:SEND_BYTES]) :]


def _answer(incoming: _Incoming, method: str) -> Answer:
    response = HTTPResponse(cast("socket.socket", incoming), method=method)
    with closing(response):
        response.begin()
        wait = response.getheader("Retry-After")
        return Answer(
            status=response.status,
            body=_beginning(response),
            retry_after_ms=retry_after_ms(wait, now_ms=time.time_ns() // 1_000_000),
        )


def _beginning(response: HTTPResponse) -> str:
    """Read the body to its end or ours, and return its first bytes as text that can be shown.

    The status has been said: a body that breaks off or never ends does not take it back.
    """
    beginning = b""
    with suppress(OSError, HTTPException):
        while part := response.read1(MOST_BYTES):
            beginning += part[: BODY_BYTES - len(beginning)]
    text = beginning.decode("utf-8", "replace")
    return "".join(mark if mark.isprintable() or mark in "\n\t" else "\ufffd" for mark in text)


def _failure(error: Exception) -> Answer:
    for kind, fault, detail in _FAULTS:
        if isinstance(error, kind):
            return Answer(fault=fault, detail=detail or _reason(error))
    raise error


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, BlockedURLError):
        return error.reason
    return str(error)


# The first that fits counts: later kinds hold earlier ones. A refused address is not told, for it
# would show whoever set the URL what names mean inside the network.
_FAULTS: Final = (
    (BlockedAddressError, Fault.REFUSED, "the name leads to an address that is not public"),
    (SSRFGuardError, Fault.REFUSED, ""),
    (InvalidError, Fault.INVALID, ""),
    (ssl.SSLCertVerificationError, Fault.TLS, ""),
    (ssl.SSLError, Fault.TLS, "the TLS handshake failed"),
    (socket.gaierror, Fault.NAME, "the host's name does not resolve"),
    (TimeoutError, Fault.TIMEOUT, "no complete answer in time"),
    (OSError, Fault.CONNECTION, "the connection failed or was closed without an answer"),
    (HTTPException, Fault.UNREADABLE, "the answer is not HTTP"),
)
