"""A webhook receiver on loopback that answers as it is told and keeps what it got."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATUS = {"/gone": 410, "/moved": 302, "/down": 503, "/later": 429}


class Receiver(ThreadingHTTPServer):
    """Answers by path: `/busy` is 503 at first and 200 after, `/silent` never answers."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str, bytes]] = []
        self.seen: dict[str, int] = defaultdict(int)
        self.released = threading.Event()

    @property
    def host(self) -> str:
        """Return `127.0.0.1:port`."""
        return f"127.0.0.1:{self.server_address[1]}"

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"http://{self.host}{path}"

    def bodies(self) -> dict[str, set[bytes]]:
        """Return what was said under each webhook id."""
        said: dict[str, set[bytes]] = defaultdict(set)
        for _, message_id, body in self.requests:
            said[message_id].add(body)
        return dict(said)

    def forget(self) -> None:
        """Forget what came."""
        self.requests.clear()
        self.seen.clear()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        message_id = self.headers["webhook-id"]
        self.server.requests.append((self.path, message_id, body))
        self.server.seen[message_id] += 1
        if self.path == "/silent":
            self.server.released.wait(30)
            return
        status = STATUS.get(self.path, 200)
        if self.path == "/busy" and self.server.seen[message_id] == 1:
            status = 503
        self.send_response(status)
        if self.path == "/moved":
            self.send_header("location", self.server.url("/ok"))
        if self.path == "/later":
            self.send_header("retry-after", "7200")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_parts: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
