"""The event that a function gets for a request to an HTTP API (payload format 2.0).

AWS takes cookies out of the headers into the list `cookies`, leaves `pathParameters` out when the
route has none, and adds the forwarding headers. MiniStack 1.5.33 keeps the cookie header, sends
`pathParameters: null` and adds nothing.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import secrets
import time
from typing import Any


def install() -> None:
    """Mend the event just before the function is run."""
    from ministack.services import lambda_svc  # noqa: PLC0415 - the emulator's

    original = lambda_svc._execute_function_with_config_scope  # noqa: SLF001 - a shim replaces it

    def execute(function: dict[str, Any], event: Any) -> Any:
        if isinstance(event, dict) and event.get("version") == "2.0" and "rawPath" in event:
            mend(event)
        return original(function, event)

    lambda_svc._execute_function_with_config_scope = execute  # noqa: SLF001


def mend(event: dict[str, Any]) -> None:
    """Give an event the shape that AWS sends, in place."""
    if event.get("pathParameters") is None:
        event.pop("pathParameters", None)
    headers = event["headers"]
    cookie = headers.pop("cookie", None)
    if cookie:
        event["cookies"] = [part.strip() for part in cookie.split(";") if part.strip()]
    address = event["requestContext"]["http"]["sourceIp"]
    earlier = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{earlier}, {address}" if earlier else address
    headers["x-forwarded-proto"] = "http"
    headers["x-forwarded-port"] = headers.get("host", "").rpartition(":")[2]
    headers.setdefault("x-amzn-trace-id", f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}")
