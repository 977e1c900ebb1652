"""A mailing that was sent, and hits on its pixel and its links, as readers make them."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from functions.pixel import app as pixel
from functions.track import app as track
from signalbox.aws import AwsError
from signalbox.environment import environment
from signalbox.model.container import ContainerKind
from signalbox.model.mailing import Mailing, MailingState
from signalbox.model.tracking_token import KeyRing, Token, TokenKind, signed, signed_short
from signalbox.model.tracking_url import click_url, open_url, text_url
from signalbox.store import keys, mailings, table, text_targets
from tests.cloud import TOKEN_KEYS, http_event, sqs_event
from tests.people import ACCOUNT_ID

Asked = dict[str, Any]
BASE = "https://api.example"
RING = KeyRing.from_text(TOKEN_KEYS)
MAILING_ID = "1795250000000123"
CAMPAIGN_ID, MAILER_ID = "1795250000000124", "1795250000000125"
NONCE = "0123456789abcdef"
TARGET = "https://www.signalbox.example/offer?x=1"
TARGETS = ("https://www.signalbox.example/", TARGET)
SENT_MS = 1_795_251_240_000  # an hour before the hits
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GATEWAY = "python-requests/2.32.3"
MAILING = Mailing(
    account_id=ACCOUNT_ID,
    mailing_id=MAILING_ID,
    campaign_id=CAMPAIGN_ID,
    container=ContainerKind.EMAIL_CAMPAIGN,
    name="News, 2026-11-21",
    author="test",
    created_ms=SENT_MS,
    state=MailingState.FINISHED,
    mode="personal",
    mailer_id=MAILER_ID,
    run=1,
)


def mailing_with(mode: str, mailing_id: str = MAILING_ID) -> None:
    """Write a mailing that was sent in a mode; an empty one has not started."""
    sent = replace(MAILING, mailing_id=mailing_id, mode=mode)
    table.put(environment().rules_table, mailings._item(sent))


def texts_with(mode: str, mailing_id: str = MAILING_ID, targets: tuple[str, ...] = TARGETS) -> None:
    """Write a mailing of texts that was sent in a mode."""
    kind = ContainerKind.SMS_CAMPAIGN
    sent = replace(MAILING, mailing_id=mailing_id, mode=mode, container=kind, targets=targets)
    table.put(environment().rules_table, mailings._item(sent))


def permit(contact_id: str, text: str) -> None:
    """Let a contact's item say what the contact permits."""
    table.update(
        environment().contacts_table,
        (keys.contact(ACCOUNT_ID, contact_id), "contact"),
        "SET #permission = :said",
        {":said": text},
        names={"#permission": "permission"},
    )


def token(kind: TokenKind, contact_id: str = "", link: int = 0, **changes: Any) -> Token:
    """Return a contact's token of the mailing, or an anonymous one."""
    nonce = "" if contact_id else NONCE
    made = Token(kind, ACCOUNT_ID, MAILING_ID, contact_id, nonce, link)
    return made._replace(**changes)


def opening(contact_id: str = "", *, method: str = "GET", **headers: str) -> dict[str, Any]:
    """Return the request for the pixel of a contact's mail, or of an anonymous one."""
    text = signed(token(TokenKind.OPEN, contact_id), RING)
    return request(method, open_url(BASE, text), **headers)


def clicking(
    contact_id: str = "",
    link: int = 0,
    *,
    target: str = TARGET,
    method: str = "GET",
    **headers: str,
) -> dict[str, Any]:
    """Return the request of a click."""
    text = signed(token(TokenKind.CLICK, contact_id, link), RING, target)
    return request(method, click_url(BASE, text, target), **headers)


def texted(contact_id: str = "", link: int = 1, *, method: str = "GET", **headers: str) -> Asked:
    """Return the request of a click on a text's link, whose target is `TARGETS[link]`."""
    code = signed_short(token(TokenKind.TEXT, contact_id, link), RING)
    return request(method, text_url(BASE, code), **headers)


def request(method: str, url: str, **headers: str) -> dict[str, Any]:
    """Return a request for an address as the HTTP API hands it on; `user_agent="…"` is a header."""
    path = url.removeprefix(BASE)
    kind, *parts = path.strip("/").split("/")
    names = {"c": ["token", "target"], "l": ["code"]}.get(kind, ["token"])
    route = f"{method} /{kind}/" + "/".join(f"{{{name}}}" for name in names)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    event = http_event(method, path, route=route, headers={"user-agent": FIREFOX} | sent)
    event["pathParameters"] = dict(zip(names, parts, strict=True))
    return event


def at(asked: dict[str, Any], request_id: str, after_ms: int = 0) -> dict[str, Any]:
    """Return a request with an id and a time of its own."""
    context = asked["requestContext"]
    moment = context["timeEpoch"] + after_ms
    return asked | {"requestContext": context | {"requestId": request_id, "timeEpoch": moment}}


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request."""
    return pixel.handler(asked, None)


def message(asked: dict[str, Any]) -> str:
    """Return the message that is queued for a request, without the queue and its delay."""
    with patch.object(pixel.EVENTS, "put") as put:
        answered(asked)
    ((event,),) = put.call_args.args
    return event.to_wire()


def message_without_target(asked: dict[str, Any]) -> str:
    """Return the message for a click in a text, asked while nobody can tell where the link leads."""
    with patch.object(text_targets, "find", side_effect=AwsError("ConnectionError", "refused")):
        return message(asked)


def tracked(*asked: dict[str, Any]) -> None:
    """Let the worker take the hits of requests as one batch."""
    tracked_messages(*map(message, asked))


def tracked_messages(*messages: str) -> None:
    """Let the worker take messages as one batch."""
    assert track.handler(sqs_event(list(messages)), None) == {"batchItemFailures": []}
