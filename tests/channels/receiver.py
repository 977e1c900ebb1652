"""Servers on loopback that play one part to everyone who connects."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

DRIPS = 500


@dataclass
class Receiver:
    """A server that plays one part to everyone who connects, and keeps what it was told."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    received: int = 0

    @property
    def hosts(self) -> frozenset[str]:
        """Return the allow-list on which it stands."""
        return frozenset({f"127.0.0.1:{self.port}"})

    def url(self, path: str = "/hook") -> str:
        """Return an address of it."""
        return f"http://127.0.0.1:{self.port}{path}"


def whole_request(connection: socket.socket) -> bytes:
    """Read a head, and the body whose length it tells."""
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(65536)
        if not part:
            return request
        request += part
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiver(play: Callable[[Receiver, socket.socket], None], tls: ssl.SSLContext | None = None):
    """Serve on a free port of loopback until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Receiver(listener.getsockname()[1])

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), closing(connection):
                    served = tls.wrap_socket(connection, server_side=True) if tls else connection
                    with closing(served):
                        play(server, served)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def answering(*parts: bytes) -> Callable[[Receiver, socket.socket], None]:
    """Play a receiver that reads the request and then says this."""

    def play(server: Receiver, connection: socket.socket) -> None:
        server.requests.append(whole_request(connection))
        for part in parts:
            connection.sendall(part)

    return play


def dripping(first: bytes) -> Callable[[Receiver, socket.socket], None]:
    """Play a receiver that sends a byte every few milliseconds, up to `DRIPS` of them."""

    def play(server: Receiver, connection: socket.socket) -> None:
        server.requests.append(whole_request(connection))
        connection.sendall(first)
        while server.sent < DRIPS:
            connection.sendall(b"x")
            server.sent += 1
            threading.Event().wait(0.01)

    return play


def flooding(first: bytes, total: int) -> Callable[[Receiver, socket.socket], None]:
    """Play a receiver that sends this many bytes if it may."""

    def play(server: Receiver, connection: socket.socket) -> None:
        server.requests.append(whole_request(connection))
        connection.sendall(first)
        block = b"x" * 65536
        while server.sent < total:
            connection.sendall(block)
            server.sent += len(block)

    return play
