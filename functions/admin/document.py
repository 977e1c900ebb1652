"""The OpenAPI 3.1 document of the native API, made from the code."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, Server

DESCRIPTION = """\
Everything that Signalbox knows and does. Show an API token in the header `Api-Token`; what its
role may do stands in docs/api.md. A fault is answered with `errors`: each names the `field` and
says in its `message` what is wrong. Times are milliseconds since 1970 (`…_ms`).
"""


def describe(app: APIGatewayHttpResolver) -> dict[str, Any]:
    """Return the document as JSON data."""
    text = app.get_openapi_json_schema(
        title="Signalbox",
        version="1",
        openapi_version="3.1.0",
        description=DESCRIPTION,
        servers=[Server(url="/")],
        security_schemes={"token": APIKey(name="Api-Token", in_=APIKeyIn.header)},
        security=[{"token": []}],
    )
    document: dict[str, Any] = json.loads(text)
    return document
