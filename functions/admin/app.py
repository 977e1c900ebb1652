"""The native API: everything that Signalbox knows and does, over HTTP.

    /api/… -> authenticate -> validate -> permission -> store -> JSON

Its OpenAPI document is made from this code and served at /api/openapi.json.
"""

import itertools
import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from signalbox import access
from signalbox.aws import AwsError
from signalbox.model.action import KINDS
from signalbox.model.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SignalboxError,
)
from signalbox.observability import logger, metrics, tracer
from signalbox.queues import QueueRefusedError

from . import (
    account,
    adjacency,
    campaigns,
    contacts,
    containers,
    dead_letters,
    detail_accesses,
    dispatches,
    dropped_events,
    evaluations,
    event_names,
    explanations,
    exports,
    keys,
    mailers,
    mailing_people,
    mailings,
    memberships,
    permissions,
    presets,
    rebuilds,
    relays,
    rule_log,
    rule_tests,
    rules,
    suppressions,
    tail,
    webhook_secrets,
)
from .bodies import with_json_body
from .document import describe
from .paths import with_quoted_name

PUBLIC = {"/api/openapi.json"}
NOT_NOW = "Signalbox cannot do this right now; try again."
STATUS: dict[type[SignalboxError], HTTPStatus] = {
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    ForbiddenError: HTTPStatus.FORBIDDEN,
}

app = APIGatewayHttpResolver(enable_validation=True)
for module in (
    account,
    keys,
    webhook_secrets,
    event_names,
    contacts,
    permissions,
    suppressions,
    exports,
    rules,
    adjacency,
    rule_tests,
    presets,
    explanations,
    rule_log,
    detail_accesses,
    dispatches,
    dropped_events,
    dead_letters,
    tail,
    mailers,
    campaigns,
    mailings,
    evaluations,
    mailing_people,
    rebuilds,
    relays,
    memberships,
    containers,  # last, for its paths begin with a word of the caller's
):
    app.include_router(module.router, prefix="/api")


@app.get("/api/openapi.json", include_in_schema=False)
def document() -> Response[str]:
    """Return the description of this API."""
    return _json(HTTPStatus.OK, describe(app))


@app.exception_handler([AwsError, QueueRefusedError])
def refuse_for_now(error: AwsError | QueueRefusedError) -> Response[str]:
    """Answer 503 where AWS fails; what was asked for may be asked for again."""
    logger.error("not done", error=type(error).__name__, code=getattr(error, "code", ""))
    return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, [{"field": "", "message": NOT_NOW}])


@app.exception_handler(SignalboxError)
def refuse(error: SignalboxError) -> Response[str]:
    """Turn our errors into answers, in this one place."""
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    if isinstance(error, InvalidError):
        return _refusal(status, [{"field": error.field, "message": error.message}])
    return _refusal(status, [{"field": "", "message": str(error)}])


@app.exception_handler(RequestValidationError)
def refuse_invalid(error: RequestValidationError) -> Response[str]:
    """Name each field that is not as it should be, and what is wrong with it."""
    faults = [{"field": _path(fault["loc"]), "message": fault["msg"]} for fault in error.errors()]
    return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, faults)


def _path(location: tuple[str | int, ...]) -> str:
    """Return the path of a value in what was sent, without the kind that an action was read as."""
    parts = [
        str(part)
        for before, part in itertools.pairwise(location)
        if not (isinstance(before, int) and part in KINDS)
    ]
    return ".".join(parts) or str(location[0])


@app.not_found
def no_such_path(error: Exception) -> Response[str]:
    """Answer a path that is not served."""
    return _refusal(HTTPStatus.NOT_FOUND, [{"field": "", "message": "no such path"}])


def _refusal(status: HTTPStatus, faults: list[dict[str, str]]) -> Response[str]:
    return _json(status, {"errors": faults})


def _json(status: HTTPStatus, body: Any) -> Response[str]:
    return Response(status_code=status, content_type="application/json", body=json.dumps(body))


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request; who calls is settled before anything else is looked at."""
    metrics.add_metric("ApiRequests", MetricUnit.Count, 1)
    try:
        if event["rawPath"] not in PUBLIC:
            app.append_context(key=access.caller(event["headers"].get("api-token", "")))
        request = with_json_body(with_quoted_name(event))
    except ForbiddenError as error:
        return _turned_away(HTTPStatus.FORBIDDEN, "Api-Token", str(error))
    except InvalidError as error:
        return _turned_away(HTTPStatus.UNPROCESSABLE_ENTITY, error.field, error.message)
    except AwsError as error:
        logger.error("no key could be looked up", code=error.code)
        return _turned_away(HTTPStatus.SERVICE_UNAVAILABLE, "", NOT_NOW)
    return app.resolve(request, context)


def _turned_away(status: HTTPStatus, field: str, message: str) -> dict[str, Any]:
    """Answer what is refused before any route is looked at."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"errors": [{"field": field, "message": message}]}),
    }
