"""The call that an import makes, once and for five seconds at most, when it is done."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

from signalbox.channels import outbound
from signalbox.environment import environment
from signalbox.model.errors import InvalidError
from signalbox.model.wire import packed
from signalbox.observability import logger
from signalbox.store.imports import Import

from .field_requests import loose_text
from .schemas import LOOSE_TEXT, filled, many, maybe, wanted, word

METHODS = {"GET", "POST"}
MOST_PAIRS = 20
LONGEST_URL = 2_048
LONGEST_TEXT = 1_024
SECONDS = 5.0
_PAIRS = maybe(many(wanted({"key": LOOSE_TEXT, "value": LOOSE_TEXT})))
CALLBACK = wanted(
    {
        "url": filled(LONGEST_URL),
        "requestType": maybe(word(*sorted(METHODS))),
        "detailed_results": {"enum": ["true", "false", True, False]},
        "params": _PAIRS,
        "headers": _PAIRS,
    },
    needs=("url",),
)


class Callback(NamedTuple):
    """Where to call, and what to say beside the outcome."""

    method: str
    url: str
    parameters: list[tuple[str, str]]
    headers: list[tuple[str, str]]
    is_detailed: bool


def callback_of(sent: Any) -> Callback | None:
    """Read the `callback` of an import; raise `InvalidError` where it could never be made."""
    if not sent:
        return None
    if not isinstance(sent, dict):
        raise InvalidError("callback", "must be an object")
    url = loose_text(sent, "url", LONGEST_URL)
    if "://" not in url:
        url = f"https://{url}"
    method = (loose_text(sent, "requestType", LONGEST_TEXT) or "POST").upper()
    if method not in METHODS:
        raise InvalidError("requestType", "must be GET or POST")
    headers = _pairs(sent, "headers")
    outbound.check(url, dict(headers), environment().webhook_allowed_hosts, field="callback")
    detailed = sent.get("detailed_results", "true") in (True, "true", 1, "1")
    return Callback(method, url, _pairs(sent, "params"), headers, detailed)


def tell(callback: Callback, done: Import) -> None:
    """Make the call; whatever comes of it, the import is done."""
    url, body, headers = callback.url, b"", callback.headers
    if callback.method == "GET":
        url = _with_query(url, callback.parameters)
    else:
        told: dict[str, Any] = dict(callback.parameters)
        if callback.is_detailed:
            told |= {
                "batchId": done.batch_id,
                "success": len(done.contact_ids),
                "failure": len(done.failures),
                "errors": [
                    {"contact": one.row, "failureReason": one.reason} for one in done.failures
                ],
            }
        body = packed(told).encode()
        headers = [*headers, ("content-type", "application/json")]
    result = outbound.request(
        callback.method,
        url,
        headers=headers,
        body=body,
        allowed_hosts=environment().webhook_allowed_hosts,
        seconds=SECONDS,
    )
    logger.info("import told", batch_id=done.batch_id, status=result.status)


def _with_query(url: str, parameters: list[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
    return urlunsplit(parts._replace(query=query))


def _pairs(sent: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    values = sent.get(name) or []
    if not isinstance(values, list) or len(values) > MOST_PAIRS:
        raise InvalidError(name, f"must be a list of at most {MOST_PAIRS}")
    if not all(isinstance(one, dict) for one in values):
        raise InvalidError(name, "must hold objects of a key and a value")
    pairs = [
        (loose_text(one, "key", LONGEST_TEXT), loose_text(one, "value", LONGEST_TEXT))
        for one in values
    ]
    return [(key, value) for key, value in pairs if key]
