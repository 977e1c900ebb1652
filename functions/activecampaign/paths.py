"""Paths whose last part is a name that may hold any character."""

from typing import Any
from urllib.parse import quote, unquote

NAMED = "/api/3/eventTrackingEvents/"


def with_quoted_names(event: dict[str, Any]) -> dict[str, Any]:
    """Return the request with such a name percent-encoded in whole.

    API Gateway hands some characters on decoded, a slash among them, which would make a name look
    like two parts of a path.
    """
    path: str = event["rawPath"]
    if not path.startswith(NAMED):
        return event
    quoted = NAMED + quote(unquote(path.removeprefix(NAMED)), safe="")
    context = event["requestContext"]
    http = context["http"] | {"path": quoted}
    return event | {"rawPath": quoted, "requestContext": context | {"http": http}}
