"""A request of the HTTP API, read as far as a dialect asks for it.

Payload format 2.0: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway guide.
"""

import binascii
import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any

from signalbox.model.errors import InvalidError
from signalbox.model.event import Event

MOST_BYTES = 262_144
MOST_FIELDS = 64
DEEPEST_JSON = 32
MEASURED = 8192  # characters of a value; a shorter one is never too large

_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


class TooLargeError(Exception):
    """The body is longer than is read."""


class Request:
    """One HTTP request. Its faults are raised as `InvalidError` with the field's name."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self.now_ms = time.time_ns() // 1_000_000

    def header(self, name: str) -> str:
        """Return a header by its lower-case name; empty where it was not sent."""
        value: str = self._event.get("headers", {}).get(name, "")
        return value

    def body(self) -> str:
        """Return the body as text; raise `TooLargeError` or `InvalidError`."""
        text: str = self._event.get("body") or ""
        if len(text) > MOST_BYTES * 2:
            raise TooLargeError(f"The body is longer than {MOST_BYTES} bytes.")
        try:
            encoded = self._event.get("isBase64Encoded")
            raw = binascii.a2b_base64(text) if encoded else text.encode()
            if len(raw) > MOST_BYTES:
                raise TooLargeError(f"The body is longer than {MOST_BYTES} bytes.")
            return raw.decode()
        except ValueError as error:
            raise InvalidError("body", "is not UTF-8 text") from error

    def fields(self) -> dict[str, str]:
        """Return the form fields of the query and the body; the body's win."""
        return form_fields(self._event.get("rawQueryString", "")) | form_fields(self.body())

    def json(self) -> Any:
        """Return the body's JSON value."""
        return json_value(self.body(), "body")


def json_value(text: str, field: str) -> Any:
    """Read JSON as RFC 8259 has it: no NaN, no infinite number, no lone surrogate."""
    try:
        value = _decode(text)
        text.encode()
        if "\\u" in text:  # only an escape can hide half of a surrogate pair
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidError(field, "is not valid JSON") from error
    if _deeper_than(value, DEEPEST_JSON):
        raise InvalidError(field, f"is nested deeper than {DEEPEST_JSON} levels")
    return value


def check_size(event: Event, field: str) -> None:
    """Raise `InvalidError` where the event is too large for what it may set off."""
    if len(event.value) > MEASURED and event.is_too_large():
        raise InvalidError(field, "The data is too large once it is written as JSON.")


def new_event_id() -> str:
    """Return an id for an event whose caller gave none: 96 random bits as hex."""
    return os.urandom(12).hex()


def form_fields(text: str) -> dict[str, str]:
    """Read a form as `urllib.parse.parse_qsl` does, whose import costs a seventh of a start.

    "application/x-www-form-urlencoded parsing" in the URL Standard. The last of a name counts.
    """
    if text.count("&") >= MOST_FIELDS:
        raise InvalidError("body", f"has more than {MOST_FIELDS} fields")
    try:
        pairs = [field.partition("=") for field in text.replace("+", " ").split("&") if field]
        return {_unquoted(name): _unquoted(value) for name, _, value in pairs}
    except UnicodeError as error:
        raise InvalidError("body", "is not UTF-8 text") from error


def _unquoted(text: str) -> str:
    """Decode `%41`; what only looks like that stays as it is."""
    if "%" not in text:
        return text
    return _ESCAPES.sub(_octets, text.encode()).decode()


def _octets(escapes: re.Match[bytes]) -> bytes:
    return binascii.unhexlify(escapes[0].replace(b"%", b""))


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if not levels:
        return True
    parts = value.values() if isinstance(value, dict) else value
    return any(_deeper_than(part, levels - 1) for part in parts)


# Kept, because `json.loads` would make another decoder for each text.
_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode
