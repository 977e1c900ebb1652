"""Paths whose last part is a name that may hold any character."""

from typing import Any
from urllib.parse import quote, unquote

NAMED = ("/api/event-names/", "/api/suppressions/")


def with_quoted_name(event: dict[str, Any]) -> dict[str, Any]:
    """Return the request with such a name percent-encoded in whole.

    API Gateway decodes a path, except for the percent sign itself, so a slash in a name would make
    it look like two parts.
    """
    path: str = event["rawPath"]
    beginning = next((one for one in NAMED if path.startswith(one)), "")
    if not beginning:
        return event
    quoted = beginning + quote(unquote(path.removeprefix(beginning)), safe="")
    context = event["requestContext"]
    http = context["http"] | {"path": quoted}
    return event | {"rawPath": quoted, "requestContext": context | {"http": http}}
