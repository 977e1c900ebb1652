"""The webhook receiver and the mailbox: where what the stack sends to the world arrives.

One small HTTP server on loopback. Under `/hook` it is a webhook's endpoint:

- POST records the request and answers 200, or the status that the path ends in (`/hook/status/503`)
  or the query asks for (`?status=503`), for trying failures;
- GET answers what came, as a JSON list, the newest last; DELETE forgets it. A GET that a rule makes
  (`ping_url`) is recorded as a POST is.

Under `/mail` it shows the mails and texts that the emulator sent: see `local.mailbox`.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from local.guard import is_loopback_name
from local.mailbox import Mailbox
from local.sockets import Sockets

KEPT_REQUESTS = 1000
MAXIMUM_BODY_BYTES = 10 * 1024 * 1024
HOOK, MAIL = "/hook", "/mail"
SECRET_PREFIX = "whsec_"  # noqa: S105 - how Standard Webhooks marks a secret, not one
# Mails are strangers' HTML: nothing in them may load, run, or be framed by others.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'"
)
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends."""

    status: int
    content_type: str = "text/plain; charset=utf-8"
    content: bytes = b""
    policy: str = PAGE_POLICY


class Hooks:
    """The webhook requests that came in, the newest last.

    Attributes:
        secrets: secrets of webhooks; a request whose signature one of them explains is verified.
        on_request: called with each request that came.
    """

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.on_request: Callable[[dict[str, Any]], None] = lambda _: None
        self.requests: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)

    def record(self, method: str, target: str, headers: dict[str, str], body: bytes) -> int:
        """Keep a request; the status to answer."""
        status = wanted_status(target)
        request = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "path": target,
            "headers": headers,
            "body": body.decode("utf-8", "replace"),
            "verified": self.verified(headers, body),
            "answered": status,
        }
        self.requests.append(request)
        self.on_request(request)
        return status

    def verified(self, headers: dict[str, str], body: bytes) -> bool | None:
        """Whether the Standard Webhooks signature holds; None when no secret is known to check it with."""
        if not self.secrets:
            return None
        return any(is_signed(secret, headers, body) for secret in self.secrets)


def wanted_status(target: str) -> int:
    """The status that the sender of a request asked for, 200 if none."""
    url = urlsplit(target)
    asked = parse_qs(url.query).get("status", [""])[0]
    if not asked and "/status/" in url.path:
        asked = url.path.rpartition("/")[2]
    return int(asked) if asked.isdecimal() and 200 <= int(asked) <= 599 else 200  # noqa: PLR2004 - HTTP


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a request bears a signature made with `secret`.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    names = ("webhook-id", "webhook-timestamp")
    signed = ".".join(headers.get(name, "") for name in names).encode() + b"." + body
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        hmac.compare_digest(f"v1,{expected}".encode(), given.encode())
        for given in headers.get("webhook-signature", "").split()
    )


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    hooks: Hooks
    mailbox: Mailbox

    def do_GET(self) -> None:
        """Show what came; record what a rule calls with GET, which its header tells apart."""
        path = urlsplit(self.path).path
        if "Signalbox-Dispatch-Id" in self.headers:
            self.do_POST()
            return
        if not is_loopback_name(self.headers.get("Host", "")):
            self.answer(Answer(403, content=b"Only this machine may read here.\n"))
        elif is_under(path, HOOK):
            self.answer(as_json(list(self.hooks.requests)))
        elif is_under(path, MAIL):
            self.answer(self.mail(path.removeprefix(MAIL).strip("/")))
        else:
            self.answer(Answer(404, content=b"Try /hook or /mail.\n"))

    def do_POST(self) -> None:
        """Record a webhook's request, or a call of a URL."""
        if not is_under(urlsplit(self.path).path, HOOK):
            self.answer(Answer(404, content=b"Webhooks come to /hook.\n"))
            return
        size = int(self.headers.get("Content-Length") or 0)
        if size > MAXIMUM_BODY_BYTES:
            self.close_connection = True
            self.answer(Answer(413, content=b"Too large.\n"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.hooks.record(self.command, self.path, headers, self.rfile.read(size))
        self.answer(Answer(status, content=b"" if status == 204 else b"ok\n"))  # noqa: PLR2004 - HTTP

    do_PUT = do_PATCH = do_POST  # noqa: N815 - named by http.server

    def do_DELETE(self) -> None:
        """Forget what came."""
        path = urlsplit(self.path).path
        if is_under(path, HOOK):
            self.hooks.requests.clear()
        elif is_under(path, MAIL):
            self.mailbox.clear()
        self.answer(Answer(204))

    def mail(self, rest: str) -> Answer:
        """The list of mails, one of them, or one of its forms: `{id}`, `{id}/raw`, `{id}/html`."""
        mail_id, _, form = rest.partition("/")
        page = "text/html" in self.headers.get("Accept", "")
        if not mail_id:
            mails = self.mailbox.mails()
            base = f"http://{self.headers['Host']}{MAIL}"
            if page:
                return as_html(self.mailbox.list_page(mails, MAIL))
            return as_json([mail.described(base) for mail in mails])
        mail = self.mailbox.find(mail_id)
        if mail is None:
            return Answer(404, content=b"There is no such mail.\n")
        if form == "raw":
            return Answer(200, "text/plain; charset=utf-8", mail.raw)
        if form == "html":
            return Answer(200, "text/html; charset=utf-8", mail.html.encode(), MAIL_POLICY)
        return as_html(self.mailbox.mail_page(mail, MAIL))

    def answer(self, answer: Answer) -> None:
        """Send an answer."""
        self.send_response(answer.status)
        if answer.status != 204:  # noqa: PLR2004 - HTTP
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Content-Security-Policy", answer.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Say nothing: what matters is shown elsewhere."""


def is_under(path: str, root: str) -> bool:
    """Whether a path is `root` or lies below it."""
    return path == root or path.startswith(f"{root}/")


def as_json(value: Any) -> Answer:
    """An answer for programs."""
    return Answer(200, "application/json", json.dumps(value, ensure_ascii=False).encode())


def as_html(page: str) -> Answer:
    """An answer for people."""
    return Answer(200, "text/html; charset=utf-8", page.encode())


class Receiver(ThreadingHTTPServer):
    """The server; start it with `with Receiver(…):`."""

    daemon_threads = True

    def __init__(self, sockets: Sockets, mailbox: Mailbox) -> None:
        """Serve on the socket `receiver`."""
        handler = type("BoundHandler", (Handler,), {"hooks": Hooks(), "mailbox": mailbox})
        listening = sockets.by_name["receiver"]
        super().__init__(listening.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening.dup()
        self.server_name, self.server_port = listening.getsockname()
        self.hooks: Hooks = handler.hooks  # type: ignore[attr-defined] # set two lines above

    def __enter__(self) -> Self:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.shutdown()
        self.server_close()
