"""The OpenAPI 3.1 document of the dialect, made of what its routes say (`routing`)."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from .routing import PARAMETERS

DESCRIPTION = """\
The part of the ActiveCampaign API v3 that Signalbox speaks. Show an API token in the header
`Api-Token`; what its role may do, and what differs from the original, stands in
docs/activecampaign.md. Ids are texts of digits.
"""
# What an answer tells where the account has a limit (`rate_limiting`).
HEADERS = {
    "RateLimit-Limit": "Requests a second",
    "RateLimit-Remaining": "Requests that may follow at once",
    "RateLimit-Reset": "Seconds until all of them may follow at once",
    "Retry-After": "Seconds after which to send the request again",
}
LIMITED = "429"


def describe(app: APIGatewayHttpResolver) -> dict[str, Any]:
    """Return the document as JSON data."""
    from aws_lambda_powertools.event_handler.openapi.models import (  # noqa: PLC0415 it loads pydantic, which no other request needs
        APIKey,
        APIKeyIn,
        Server,
    )

    text = app.get_openapi_json_schema(
        title="Signalbox, the ActiveCampaign dialect",
        version="3",
        openapi_version="3.1.0",
        description=DESCRIPTION,
        servers=[Server(url="/")],
        security_schemes={"token": APIKey(name="Api-Token", in_=APIKeyIn.header)},
        security=[{"token": []}],
    )
    document: dict[str, Any] = json.loads(text)
    for operations in document["paths"].values():
        for operation in operations.values():
            _complete(operation)
    named: dict[str, Any] = {}
    document["paths"] = _referring(document["paths"], named)
    document["components"]["schemas"] = dict(sorted(named.items()))
    document["components"]["headers"] = {
        name: {"description": told, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
        for name, told in HEADERS.items()
    }
    return document


def _complete(operation: dict[str, Any]) -> None:
    """Add what Powertools' routes have no place for: parameters of the query, headers of answers."""
    asked = operation.pop(PARAMETERS, [])
    if asked:
        operation["parameters"] = [*operation.get("parameters", []), *asked]
    for status, answer in operation["responses"].items():
        answer["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in HEADERS
            if status == LIMITED or name != "Retry-After"
        }


def _referring(part: Any, named: dict[str, Any]) -> Any:
    """Return a part of the document with references in place of objects that have a title."""
    if isinstance(part, list):
        return [_referring(one, named) for one in part]
    if not isinstance(part, dict):
        return part
    whole = {name: _referring(one, named) for name, one in part.items()}
    title = whole.get("title")
    if whole.get("type") != "object" or not isinstance(title, str):
        return whole
    if named.setdefault(title, whole) != whole:
        raise ValueError(f"two shapes are called {title}")
    return {"$ref": f"#/components/schemas/{title}"}
