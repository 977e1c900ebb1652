"""Routes that say what they take and answer; the OpenAPI document is made of what they say."""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler.api_gateway import Router

from .schemas import TEXT, Properties, Schema, many, shape

Served = TypeVar("Served", bound=Callable[..., Any])

Answers = dict[int, Schema]

MESSAGE = shape({"message": TEXT}, title="Message")
FAULT = shape(
    {
        "title": TEXT,
        "detail": TEXT,
        "code": TEXT,
        "source": shape({"pointer": TEXT}),
    },
    lacks=("source",),
    title="Fault",
)
FAULTS = shape({"errors": many(FAULT)}, title="Faults")
OR_NOT_FOUND: Answers = {404: MESSAGE}
OR_INVALID: Answers = {422: FAULTS}

WORDS = {
    200: "Done",
    201: "Created",
    400: "Not valid",
    403: "Not allowed: the key is missing or wrong, or its role must not do this",
    404: "Not found",
    422: "Not valid, or not possible",
    429: "Too many requests of this account; try again after `Retry-After` seconds",
    503: "Not possible right now; try again",
}
PARAMETERS = "x-query"  # where a route's query parameters are handed on to the document


def done(**properties: Schema) -> Answers:
    """Return the description of 200 with an object of these properties."""
    return {200: shape(properties)}


def made(**properties: Schema) -> Answers:
    """Return the description of 201 with an object of these properties."""
    return {201: shape(properties)}


class DescribedRouter(Router):
    """A router for routes with a description."""

    def serve(
        self,
        operation: str,
        answers: Answers,
        *,
        query: Properties | None = None,
        body: Schema | None = None,
    ) -> Callable[[Served], Served]:
        """Register a route under `/api/3`; its docstring tells readers of the document what it does.

        Args:
            operation: Method and path, as in `GET /tags/<tag_id>`.
            answers: The body that each status has. What every route may answer needs no word: 403,
                429 and 503; 404 where the path names a thing; 422 where something is sent.
            query: The parameters of the query string (`schemas.asked`), by name.
            body: The JSON body.
        """
        method, path = operation.split(" ")
        refusals: Answers = {403: MESSAGE, 429: MESSAGE, 503: MESSAGE}
        if "<" in path:
            refusals |= OR_NOT_FOUND
        if query or body:
            refusals |= OR_INVALID
        described = _extensions(query or {}, body)

        def register(function: Served) -> Served:
            told = inspect.getdoc(function) or ""
            return self.route(
                path,
                method=method,
                summary=told.partition("\n")[0].rstrip("."),
                description=told,
                tags=[path.split("/")[1]],
                operation_id=re.sub(r"\W+", "_", operation.lower()).rstrip("_"),
                responses={
                    status: _answer(status, body)
                    for status, body in sorted((refusals | answers).items())
                },
                openapi_extensions=described,
            )(function)

        return register


def _extensions(query: Properties, body: Schema | None) -> dict[str, Any]:
    described: dict[str, Any] = {}
    if query:
        described[PARAMETERS] = [{"name": name, "in": "query"} | query[name] for name in query]
    if body:
        content = {"application/json": {"schema": body}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(status: int, body: Schema) -> Any:
    return {"description": WORDS[status], "content": {"application/json": {"schema": body}}}
