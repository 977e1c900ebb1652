"""Mail that a program hands in, and what came of it."""

import base64
import json
import re
from email import message_from_string, policy
from typing import Any

from functions.relay import app as relay
from signalbox.model.credential import Role
from tests.cloud import Context, http_event
from tests.people import People

ADA, EVE = "ada@signalbox.example", "eve@signalbox.example"
HTML = '<p>Hello %FIRSTNAME%, <a href="https://example.com/a">here</a></p>'
MAIL = (
    "From: Shop <box@signalbox.example>\r\nTo: {to}\r\nMessage-ID: <1@shop.example>\r\n"
    "Bcc: hidden@signalbox.example\r\nSubject: Your order\r\nMIME-Version: 1.0\r\n"
    "List-Unsubscribe: <https://shop.example/u>\r\n"
    "Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
)


def mail(to: str = ADA, html: str = HTML) -> str:
    """Return a mail as a shop writes it."""
    return MAIL.format(to=to, html=html)


def ask(account: People, raw: str | bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Hand in a mail as API Gateway does; `to="…"` names recipients."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if "to" in named:
        named["x-signalbox-recipients"] = named.pop("to")
    sent = {"api-token": account.tokens[Role.MARKETER], "content-type": "message/rfc822"} | named
    event = http_event("POST", "/relay", headers=sent)
    content = raw.encode() if isinstance(raw, str) else raw
    event |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
    answer = relay.handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"]) | {"headers": answer["headers"]}


def states(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what came of each recipient."""
    return [(one["address"], one["state"]) for one in answer["recipients"]]


def switch(account: People, mode: str) -> None:
    """Let the account's relayed mail be tracked so."""
    assert 200 == account.call("PATCH", "/api/account", {"relay_tracking_mode": mode})[0]


def urls(raw: str) -> tuple[str, str]:
    """Return the addresses of a mail's pixel and of its first tracked link."""
    html = message_from_string(raw, policy=policy.default).get_content()
    pixel = re.search(r'src="(https://api\.example/o/[^"]+)"', html)
    link = re.search(r'href="(https://api\.example/c/[^"]+)"', html)
    return pixel[1] if pixel else "", link[1] if link else ""
