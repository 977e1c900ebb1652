"""An SMTP server for programs of one machine or network: what it takes, it hands on at once.

It keeps nothing: a mail is taken (250) when somebody else has taken it. Sizes, recipients and
credentials are checked on the way in, so that programs learn early what cannot work (RFC 5321; AUTH,
RFC 4954; STARTTLS, RFC 3207; 8BITMIME, RFC 6152; SMTPUTF8, RFC 6531).
"""

import asyncio
import hmac
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from signalbox.model.address import email_address
from signalbox.model.errors import InvalidError

MOST_BYTES: Final = 4_500_000  # what the API takes
MOST_RECIPIENTS: Final = 50
LONGEST_REPLY: Final = 400  # characters; RFC 5321 section 4.5.3.1.5 has 512 for the line

HandIn = Callable[[bytes, list[str]], str]
"""Takes a mail and its recipients; returns the reply, as `250 2.0.0 Ok`. It may block."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where a listener listens, and who may come in: with `user` only who knows it and the password.

    Where there is `tls`, it has to be used before anything is said.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None


class Listener:
    """Listens until it is told to end, and then lets what is under way come to its end."""

    def __init__(self, entrance: Entrance, hand_in: HandIn) -> None:
        self._entrance = entrance
        self._hand_in = hand_in
        self._under_way = 0
        self._idle = asyncio.Event()
        self._connections: WeakSet[SMTP] = WeakSet()

    async def serve(self, started: Callable[[int], None], end: asyncio.Event) -> None:
        """Listen; `started` is told the port.

        Raises:
            OSError: the port is taken, or the address is none of this machine's.
        """
        self._idle.set()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._connected, self._entrance.host, self._entrance.port)
        try:
            started(server.sockets[0].getsockname()[1])
            await end.wait()
        finally:
            server.close()
            await self._idle.wait()
            for one in self._connections:
                if one.transport is not None:
                    one.transport.close()

    async def handle_RCPT(  # noqa: N802 the name and the signature that aiosmtpd calls
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient, or say why not."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return f"452 4.5.3 A mail has {MOST_RECIPIENTS} recipients at most: send the rest again"
        try:
            normal = email_address(address)
        except InvalidError as error:
            return one_line(f"553 5.1.3 The address {error.message}")
        local = address.strip().rpartition("@")[0]
        if not local.isascii():
            return "553 5.6.7 SES knows ASCII alone before the @"
        envelope.rcpt_tos.append(f"{local}@{normal.rpartition('@')[2]}")
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Hand a mail on and return the reply."""
        content = envelope.original_content or b""
        with self._working():
            return await asyncio.to_thread(self._hand_in, content, envelope.rcpt_tos)

    async def handle_exception(self, error: Exception) -> str:
        """Reply to what should not have happened: the mail is still the sender's, and may come again."""
        return one_line(f"451 4.3.0 {type(error).__name__}: {error}")

    def _connected(self) -> SMTP:
        entrance = self._entrance
        with warnings.catch_warnings():  # where there is no TLS, the command has said so
            warnings.filterwarnings("ignore", "Requiring AUTH", UserWarning)
            made = SMTP(
                self,
                loop=asyncio.get_running_loop(),
                hostname=socket.gethostname(),
                ident="Signalbox",
                data_size_limit=MOST_BYTES,
                enable_SMTPUTF8=True,
                tls_context=entrance.tls,
                require_starttls=entrance.tls is not None,
                auth_required=bool(entrance.user),
                auth_require_tls=entrance.tls is not None,
                authenticator=self._authenticated,
            )
        self._connections.add(made)
        return made

    def _authenticated(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, shown: Any
    ) -> AuthResult:
        entrance = self._entrance
        known = bool(entrance.user) and isinstance(shown, LoginPassword)
        fits = known and all(
            [
                hmac.compare_digest(shown.login, entrance.user.encode()),
                hmac.compare_digest(shown.password, entrance.password.encode()),
            ]
        )
        return AuthResult(success=fits, handled=False)

    @contextmanager
    def _working(self) -> Iterator[None]:
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()


def one_line(reply: str) -> str:
    """Return a reply as SMTP carries it: one line, not too long, of what prints."""
    shown = "".join(mark if mark.isprintable() else " " for mark in reply)
    return " ".join(shown.split())[:LONGEST_REPLY]
