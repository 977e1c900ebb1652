"""Pixel: answer opens and clicks, whatever happens, and queue them as events.

    GET /o/{token}, GET /c/{token}/{target}, GET /l/{code} -> is it ours? -> events queue

Somebody waits for the picture or for the page behind a link, so each is answered in every fault: what
cannot be queued is lost, and counted as lost. A link that we did not sign leads nowhere. Whose hit it
is, and what else there is to know, the worker finds out that takes it off the queue.

A link of a text message has no room for its target. That is the mailing's to know, and is read once
for each mailing and process; where it cannot be read the visitor is asked to come again. The hit is
queued all the same, to be looked at once the visitor has had the time: it counts where nobody came.

Nothing of a request is kept but its method, the program that it names, and whether that says that it
only loads ahead: no network address, no cookie, no language. Who asks not to be tracked by `Sec-GPC: 1` (https://www.w3.org/TR/gpc/) or
`DNT: 1` is answered as all others, and a hit that would be theirs alone is not recorded; one that
nobody can tie to a person is.
"""

import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from signalbox import aws, emf
from signalbox.aws import AwsError
from signalbox.environment import MissingVariableError, environment
from signalbox.model.event import Event
from signalbox.model.tracking_token import (
    HONEYPOT,
    InvalidTokenError,
    KeyRing,
    KeyRingError,
    Token,
    TokenKind,
    read,
    read_short,
)
from signalbox.model.tracking_url import is_target, target_of
from signalbox.queues import EVENTS
from signalbox.store import text_targets

from .answers import Response, broken, later, nothing, pixel, way_to

Request = Mapping[str, Any]

SETTLING_S: Final = 15  # in which SES tells when the mail was delivered, by which hits are judged
RETURNING_S: Final = 300  # until who was asked to come again has done so, or will not
PATIENCE_S: Final = 1.0  # for AWS: longer than it ever needs, shorter than a person waits
LONGEST_AGENT: Final = 300
PURPOSES: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
LONGEST_PURPOSE: Final = 40

aws.prepare("sqs", "dynamodb", patience_s=PATIENCE_S)


def show_pixel(request: Request) -> Response:
    """Answer an open: always with the picture, for a mail shall not look broken."""
    try:
        token = read(_part(request, "token"), _ring(), TokenKind.OPEN)
    except (InvalidTokenError, KeyRingError, MissingVariableError) as error:
        _refuse(error)
    else:
        _record(request, token, {})
    return pixel(_method(request))


def lead_on(request: Request) -> Response:
    """Answer a click: lead to the target that was signed with it, or nowhere."""
    try:
        target = target_of(_part(request, "target"))
        token = read(_part(request, "token"), _ring(), TokenKind.CLICK, target)
    except (InvalidTokenError, KeyRingError, MissingVariableError) as error:
        _refuse(error)
        return broken(_method(request))
    _record(request, token, {"link": token.link, "url": target})
    return nothing() if token.link == HONEYPOT else way_to(target)


def lead_on_from_text(request: Request) -> Response:
    """Answer a click in a text message: lead to where the mailing's link of that number leads."""
    try:
        token = read_short(_part(request, "code"), _ring())
    except (InvalidTokenError, KeyRingError, MissingVariableError) as error:
        _refuse(error)
        return broken(_method(request))
    try:
        target = text_targets.find(token.account_id, token.mailing_id, token.link)
    except AwsError as error:
        emf.fault("target out of reach", error=type(error).__name__, code=error.code)
        emf.count({"TargetsOutOfReach": 1}, Function="pixel")
        _record(request, token, {"link": token.link}, delay_s=RETURNING_S)
        return later(_method(request))
    if not is_target(target):
        _refuse(InvalidTokenError("the mailing has no such link"))
        return broken(_method(request))
    _record(request, token, {"link": token.link, "url": target})
    return way_to(target)


ROUTES: Mapping[str, Callable[[Request], Response]] = {
    "GET /o/{token}": show_pixel,
    "HEAD /o/{token}": show_pixel,
    "GET /c/{token}/{target}": lead_on,
    "HEAD /c/{token}/{target}": lead_on,
    "GET /l/{code}": lead_on_from_text,
    "HEAD /l/{code}": lead_on_from_text,
}


def _ring() -> KeyRing:
    return _ring_from(environment().token_keys)


@cache
def _ring_from(text: str) -> KeyRing:
    return KeyRing.from_text(text)


def _part(request: Request, name: str) -> str:
    part: str = (request.get("pathParameters") or {}).get(name, "")
    return part


def _method(request: Request) -> str:
    return str(request["routeKey"]).partition(" ")[0]


def _refuse(error: Exception) -> None:
    """Count what is not ours; that there are no keys is a fault."""
    if not isinstance(error, InvalidTokenError):
        emf.fault("no keys for tokens", error=type(error).__name__)
    emf.count({"HitsRefused": 1}, Function="pixel")


def _record(
    request: Request, token: Token, facts: Mapping[str, Any], *, delay_s: int = SETTLING_S
) -> None:
    """Queue the hit, unless it is a person's who asks not to be tracked.

    A click without `url` in its facts is one that could not be led on.
    """
    headers = request.get("headers") or {}
    if token.contact_id and (headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"):
        emf.count({"HitsNotWanted": 1}, Function="pixel")
        return
    properties = {
        "mailing_id": token.mailing_id,
        "agent": headers.get("user-agent", "")[:LONGEST_AGENT],
        "method": _method(request),
        **_purpose(headers),
        **facts,
    }
    try:
        EVENTS.put([_event(request, token, properties)], delay_s=delay_s)
    except (AwsError, MissingVariableError) as error:
        emf.fault("hit lost", error=type(error).__name__, code=getattr(error, "code", ""))
        emf.count({"HitsLost": 1}, Function="pixel")


def _purpose(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what a browser says that loads something before anybody asked for it."""
    said = next((headers[name] for name in PURPOSES if name in headers), "")
    return {"purpose": said[:LONGEST_PURPOSE]} if said else {}


def _event(request: Request, token: Token, properties: Mapping[str, Any]) -> Event:
    """Return the hit as an event.

    An anonymous one has an id by which the API's log of accesses, with its times, is of no use.
    """
    context = request.get("requestContext") or {}
    at_ms = context.get("timeEpoch") or time.time_ns() // 1_000_000
    kind = "open" if token.kind is TokenKind.OPEN else "click"
    is_personal = bool(token.contact_id)
    request_id = context.get("requestId") if is_personal else ""
    return Event(
        account_id=token.account_id,
        event_id=request_id or os.urandom(12).hex(),
        name=kind,
        at_ms=at_ms,
        received_ms=at_ms,
        address=f"contact:{token.contact_id}"
        if is_personal
        else f"anonymous:{token.mailing_id}:{token.nonce}",
        properties=properties,
        source="messages",
        kind=kind,
    )


def handler(event: Request, context: Any) -> Response:
    """Answer one request of the HTTP API (payload format 2.0)."""
    return ROUTES[event["routeKey"]](event)
