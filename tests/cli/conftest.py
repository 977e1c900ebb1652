"""A stack for the command to talk to: the handlers behind a loopback HTTP server."""

import contextlib
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from cli import deliveries, patience
from cli.main import app
from functions.activecampaign import app as activecampaign
from functions.activecampaign import importing
from functions.admin import app as admin
from functions.ingest import app as ingest
from functions.relay import app as relay
from signalbox.model.credential import Role
from tests.cli.importing import Hushed
from tests.cloud import Cloud, Context, http_event
from tests.people import People


class Server(ThreadingHTTPServer):
    """Hands requests to the handlers as the HTTP API does, and notes them.

    `planned` answers (status, headers, body) are given first, in place of the handlers'.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.planned: list[tuple[int, dict[str, str], str]] = []

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One connection of the command."""

    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        """Let the right function answer; its log lines are not the command's output."""
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.command, self.path, headers))
        if self.server.planned:
            self.reply(*self.server.planned.pop(0))
            return
        event = http_event(self.command, path, headers=headers, query=query, body=body)
        with contextlib.redirect_stdout(io.StringIO()):
            answer = function(self.command, path)(event, Context())
        told = {"Content-Type": "application/json", **answer.get("headers", {})}
        self.reply(answer["statusCode"], told, answer.get("body") or "")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815 the names that http.server calls

    def reply(self, status: int, headers: dict[str, str], body: str) -> None:
        """Write an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        if status != 204:
            self.wfile.write(body.encode())

    def log_message(self, *_) -> None:
        """Say nothing."""


def function(method: str, path: str):
    """Return the handler that the template routes a request to."""
    if f"{method} {path}" in ingest.ROUTES:
        return ingest.handler
    if path == "/relay":
        return relay.handler
    return activecampaign.handler if path.startswith("/api/3/") else admin.handler


@dataclass
class Stand:
    """A stack with the tests' account, and the command set up for it."""

    server: Server
    account: People
    cloud: Cloud
    settings: dict[str, str | None] = field(default_factory=dict)

    def run(self, *arguments: str, role: Role = Role.GLOBAL_ADMIN, **settings: str) -> Result:
        """Run the command with a token of a role; `settings` replace environment variables."""
        known = {
            "SIGNALBOX_URL": self.server.url,
            "SIGNALBOX_TOKEN": self.account.tokens[role],
        }
        runner = CliRunner(env=known | self.settings | settings)
        return runner.invoke(app, arguments, catch_exceptions=False)

    def read(self, *arguments: str, **options) -> dict:
        """Run the command with --json and return what it prints; fail unless it succeeds."""
        result = self.run(*arguments, "--json", **options)

        assert (0, "") == (result.exit_code, result.stderr)
        return json.loads(result.stdout)

    def lines(self, *arguments: str, **options) -> list[str]:
        """Run the command and return the lines that people read; fail unless it succeeds."""
        result = self.run(*arguments, **options)

        assert (0, "") == (result.exit_code, result.stderr)
        return result.stdout.splitlines()


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(name="stand")
def _stand(server, account, cloud, monkeypatch, tmp_path) -> Stand:
    """Return a stack; the command runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Stand(server, account, cloud)


@pytest.fixture(name="one_import_at_a_time")
def _one_import_at_a_time(monkeypatch):
    """Let one request at a time into the handler, and nothing wait before it asks again.

    A Lambda has no more than one either, and moto is not for threads.
    """
    through, lock = activecampaign.handler, threading.Lock()

    def handler(event, context):
        with lock:
            return through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)
    monkeypatch.setattr(contextlib, "redirect_stdout", Hushed)
    monkeypatch.setattr(importing, "FEW", deliveries.MOST_CONTACTS)
    monkeypatch.setattr(patience, "sleep", lambda _: None)


@pytest.fixture(name="write")
def _write(stand, tmp_path):
    """Return what writes a file into the folder in which the command runs."""

    def write(text: str | bytes, name: str = "contacts.csv") -> None:
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(data)

    return write


@pytest.fixture(name="small")
def _small(monkeypatch):
    """Let a batch hold two contacts."""
    monkeypatch.setattr(deliveries, "MOST_CONTACTS", 2)
