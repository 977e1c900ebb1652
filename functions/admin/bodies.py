"""Bodies of requests: JSON, whatever the header `Content-Type` says."""

import base64
import binascii
import json
from typing import Any

from signalbox.model.errors import InvalidError

DEEPEST_JSON = 32


def with_json_body(event: dict[str, Any]) -> dict[str, Any]:
    """Return the request with its body as plain text of a JSON object, the way it is read on.

    Raises:
        InvalidError: the body is no JSON object as RFC 8259 has it, or nested too deep.
    """
    if not event.get("body"):
        return event
    text = _text(event)
    if not isinstance(_value(text), dict):
        raise InvalidError("body", "must be a JSON object")
    headers = event["headers"] | {"content-type": "application/json"}
    return event | {"body": text, "isBase64Encoded": False, "headers": headers}


def _text(event: dict[str, Any]) -> str:
    body: str = event["body"]
    if not event.get("isBase64Encoded"):
        return body
    try:
        return base64.b64decode(body).decode()
    except (UnicodeError, binascii.Error) as error:
        raise InvalidError("body", "is not UTF-8 text") from error


def _value(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidError("body", "is not valid JSON") from error
    if _deeper_than(value, DEEPEST_JSON):
        raise InvalidError("body", f"is nested deeper than {DEEPEST_JSON} levels")
    return value


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if not levels:
        return True
    parts = value.values() if isinstance(value, dict) else value
    return any(_deeper_than(part, levels - 1) for part in parts)
