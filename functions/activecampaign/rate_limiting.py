"""The limit of an account's requests, where it has one (`api_rate_limit`), and what callers see of it.

It stands before the routes, so that every answer tells how the account stands, a refusal too.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from signalbox import access
from signalbox.aws import AwsError
from signalbox.model.errors import ForbiddenError
from signalbox.model.rate_limit import RateLimit, Verdict
from signalbox.observability import logger, metrics
from signalbox.store import rate_limits

from .answers import answer, answer_error


def within_limit(event: dict[str, Any], resolve: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `resolve` answers, or 429 where the caller's account asks too often."""
    try:
        verdict = _verdict(event)
    except AwsError as error:
        logger.error("no key could be looked up", code=error.code)
        return _told(answer_error(error))
    if verdict is None:
        return resolve()
    if verdict.is_admitted:
        answered = resolve()
    else:
        metrics.add_metric("ApiRequestsLimited", MetricUnit.Count, 1)
        answered = _told(answer({"message": "Rate limit exceeded."}, 429))
    return answered | {"headers": answered["headers"] | _headers(verdict)}


def _verdict(event: dict[str, Any]) -> Verdict | None:
    """Count the request; None where nothing limits it.

    Where DynamoDB cannot count, the request is let through: a limit protects the stack from its
    callers, and must not take the API down when it fails itself.
    """
    try:
        key, per_second = access.limited_caller(
            APIGatewayProxyEventV2(event).headers.get("api-token", "")
        )
    except ForbiddenError:  # the route refuses it, in its own words
        return None
    if not per_second:
        return None
    try:
        return rate_limits.count(
            key.account_id, RateLimit(per_second), now_us(), owner=secrets.token_hex(8)
        )
    except AwsError as error:
        logger.error("a request was not counted", code=error.code)
        return None


def _headers(verdict: Verdict) -> dict[str, str]:
    told = {
        "RateLimit-Limit": str(verdict.limit),
        "RateLimit-Remaining": str(verdict.remaining),
        "RateLimit-Reset": str(verdict.reset_s),
    }
    return told if verdict.is_admitted else told | {"Retry-After": str(verdict.retry_after_s)}


def _told(refusal: Response[str]) -> dict[str, Any]:
    """Return an answer that no route gave in the form that API Gateway takes (payload 2.0)."""
    return {
        "statusCode": refusal.status_code,
        "headers": {"Content-Type": refusal.content_type, **refusal.headers},
        "body": refusal.body,
        "isBase64Encoded": False,
    }


def now_us() -> int:
    """Return the time in microseconds."""
    return time.time_ns() // 1000
