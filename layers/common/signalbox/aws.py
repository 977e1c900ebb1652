"""The one door to AWS.

DynamoDB and SQS are called by operation name with the service's own low-level shapes
(`dynamodb("GetItem", TableName=…, Key={"pk": {"S": …}})`), so that the same store code runs over
the lean client in the hot functions (`AWS_CLIENT=lean`) and over boto3 everywhere else.
Whichever answers, its errors arrive as `AwsError`.
"""

import os
from functools import cache
from typing import Any

from signalbox import awsjson
from signalbox.awsjson import AwsError

__all__ = ["AwsError", "body", "call", "client", "dynamodb", "prepare", "sqs"]

# SES and SMS have no idempotency token: a retry of the SDK could send twice.
NEVER_REPEATED = {"sesv2", "pinpoint-sms-voice-v2"}


def dynamodb(operation: str, **request: Any) -> dict[str, Any]:
    """Call DynamoDB; raise `AwsError` by its code."""
    return _speak("dynamodb", operation, request)


def sqs(operation: str, **request: Any) -> dict[str, Any]:
    """Call SQS; raise `AwsError` by its code."""
    return _speak("sqs", operation, request)


def prepare(*services: str, patience_s: float = 0.0) -> None:
    """Make the lean clients of `sqs` or `dynamodb` while a function starts; else do nothing.

    Lambda starts a function on a whole processor and then gives it the share that its memory buys,
    so what a first request would have to load is loaded before it comes: TLS and its roots.

    `patience_s` is for functions that somebody waits for more than for AWS; see `Client.hasten`.
    """
    if _lean():
        for service in services:
            client = awsjson.client(service)
            if patience_s:
                client.hasten(patience_s)


def call(service: str, operation: str, **request: Any) -> dict[str, Any]:
    """Call any service through boto3; raise `AwsError`, with status 0 where no answer came."""
    from botocore import xform_name  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 costs 300 ms

    method = getattr(client(service), xform_name(operation))
    try:
        answer: dict[str, Any] = method(**request)
    except ClientError as error:
        raise _translated(error.response) from error
    except BotoCoreError as error:
        raise AwsError(type(error).__name__, str(error), 0, {}) from error
    return answer


def body(service: str, operation: str, **request: Any) -> bytes:
    """Call any service for an answer whose body is a stream, and return the body; raise as `call`."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 costs 300 ms

    stream = call(service, operation, **request)["Body"]
    try:
        read: bytes = stream.read()
    except BotoCoreError as error:  # the connection broke on the way
        raise AwsError(type(error).__name__, str(error), 0, {}) from error
    return read


@cache
def client(service: str) -> Any:
    """Return the boto3 client of a service, made once; boto3 is loaded by the first call."""
    import boto3  # noqa: PLC0415 the hot functions never come here
    from botocore.config import Config  # noqa: PLC0415

    attempts = 1 if service in NEVER_REPEATED else 3
    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=16,
    )
    return boto3.client(service, config=config)


def _speak(service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    if _lean():
        return awsjson.client(service).call(operation, request)
    return call(service, operation, **request)


@cache
def _lean() -> bool:
    return os.environ.get("AWS_CLIENT") == "lean"


def _translated(response: dict[str, Any]) -> AwsError:
    error = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return AwsError(error.get("Code", ""), error.get("Message", ""), status, response)
