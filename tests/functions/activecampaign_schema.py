"""The dialect's own document, as the tests hold it to its answers."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.activecampaign.app import app
from functions.activecampaign.document import describe

CONFORMANCE = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CHECKS = [not_a_server_error, *CONFORMANCE]


def document() -> dict[str, Any]:
    """Return the document without the key, which every request here shows, its answers closed.

    Clients are to ignore what they do not know; here, what is not described is a fault.
    """
    described = describe(app)
    del described["security"], described["components"]["securitySchemes"]
    close(described["components"]["schemas"])
    for operation in operations(described).values():
        close(operation["responses"])
    return described


def close(part: Any) -> None:
    """Let every object of a part of the document have the properties that are described alone."""
    if isinstance(part, list):
        for one in part:
            close(one)
    elif isinstance(part, dict):
        if isinstance(part.get("properties"), dict) and part.get("type") == "object":
            part["additionalProperties"] = False
        for one in part.values():
            close(one)


def operations(described: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is described of each operation, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, of_path in described["paths"].items()
        for method, operation in of_path.items()
    }


schema = schemathesis.openapi.from_dict(document())
