"""Schemathesis before a function: its requests come and its answers go as API Gateway has them."""

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import schemathesis

from tests.cloud import Context, http_event

BASE = "http://api.example"
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def ask(
    handler: Handler, case: schemathesis.Case, token: str, checks: list
) -> schemathesis.Response:
    """Make a request and check the answer against the document."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    prepared.headers["api-token"] = token
    response = through_the_gateway(handler, prepared)
    case.validate_response(response, checks=checks)
    return response


def through_the_gateway(
    handler: Handler, prepared: requests.PreparedRequest
) -> schemathesis.Response:
    """Hand a request to the function, and its answer back."""
    parts = urlsplit(prepared.url)
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    event = http_event(
        prepared.method,
        decoded(parts.path),
        headers={name.lower(): _text(value) for name, value in prepared.headers.items()},
        query=parts.query,
    )
    if body:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    answer = handler(event, Context())
    return schemathesis.Response(
        status_code=answer["statusCode"],
        headers={name.lower(): [value] for name, value in answer.get("headers", {}).items()},
        content=(answer.get("body") or "").encode(),
        request=prepared,
        elapsed=0.0,
        verify=False,
    )


def decoded(path: str) -> str:
    """Return a path as it is handed on: decoded but for the percent sign itself."""
    return "%25".join(unquote(part) for part in re.split("%25", path))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
