"""A site on loopback that answers as its paths say, and keeps what it is asked."""

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.cloud import forget

Asked = list[tuple[str, str, dict[str, str], bytes]]


class Site(ThreadingHTTPServer):
    """Answers `/503…` with 503, and what names no status with 200; `asked` is what came.

    Of each request there are the method, the path, the headers and the body.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Asked = []

    @property
    def host(self) -> str:
        """Return `127.0.0.1:port`."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status = re.match(r"/(\d{3})\b", self.path)
        self.send_response(int(status[1]) if status else 200)
        self.send_header("Location", "/200")
        self.end_headers()

    do_GET = do_POST = answer  # noqa: N815 the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(monkeypatch: Any) -> Iterator[tuple[str, Asked]]:
    """Run a site that may be reached although it is private; give its URL and what it is asked."""
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", server.host)
        forget()
        try:
            yield f"http://{server.host}", server.asked
        finally:
            server.shutdown()
            thread.join()
