"""The dialect of the ActiveCampaign API, version 3.

    /api/3/… -> authenticate -> limit -> store -> the shapes that its clients expect

`docs/activecampaign.md` says what is served and where it differs.
"""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from signalbox.aws import AwsError
from signalbox.model.errors import SignalboxError
from signalbox.observability import logger, metrics, tracer

from . import (
    absent,
    activities,
    contact_lists,
    contact_tags,
    contacts,
    event_names,
    event_tracking,
    field_values,
    fields,
    imports,
    lists,
    tags,
    tracking_logs,
    users,
    webhooks,
)
from .answers import answer, answer_error, answer_unknown_path
from .document import describe
from .paths import with_quoted_names
from .rate_limiting import within_limit

app = APIGatewayHttpResolver()
for router in (
    absent.router,
    event_tracking.router,
    event_names.router,
    contacts.router,
    fields.router,
    field_values.router,
    imports.router,
    users.router,
    lists.router,
    contact_lists.router,
    tags.router,
    contact_tags.router,
    tracking_logs.router,
    activities.router,
    webhooks.router,
):
    app.include_router(router, prefix="/api/3")


@app.get("/api/3/openapi.json", include_in_schema=False)
def document() -> Response[str]:
    """Return the description of this API, to everybody."""
    return answer(describe(app))


@app.exception_handler(SignalboxError)
def refuse(error: SignalboxError) -> Response[str]:
    """Answer an error in the API's own shape."""
    if isinstance(error, AwsError):
        logger.error("not done", code=error.code)
    return answer_error(error)


@app.not_found
def no_such_path(error: Exception) -> Response[str]:
    """Answer a path that is not served."""
    return answer_unknown_path()


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    metrics.add_metric("ApiRequests", MetricUnit.Count, 1)
    return within_limit(event, lambda: app.resolve(with_quoted_names(event), context))
