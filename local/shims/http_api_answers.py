"""The answers that an HTTP API gives by itself.

- A function that fails: AWS answers 500 `{"message":"Internal Server Error"}` and keeps the error to
  the logs. MiniStack 1.5.33 answers 502 with the error's text.
- A function's answer with a status and no content type: AWS sends `text/plain`. MiniStack sends
  `application/json`.
- A preflight from an origin that is not allowed: AWS answers 204 without CORS headers. MiniStack
  answers 403.
"""

import logging
from typing import Any

FAILED = {
    "statusCode": 500,
    "headers": {"Content-Type": "application/json"},
    "body": '{"message":"Internal Server Error"}',
}

logger = logging.getLogger("signalbox.functions")


def install() -> None:
    """Replace how results become answers and how a refused preflight is answered."""
    from ministack.services import apigateway, lambda_svc  # noqa: PLC0415 - the emulator's

    to_answer = lambda_svc.lambda_execute_result_to_api_proxy_response
    preflight = apigateway._cors_preflight_response  # noqa: SLF001 - a shim replaces it

    def answer(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        if result.get("error") and not result.get("throttle"):
            logger.error("A function failed: %s\n%s", result.get("body"), result.get("log", ""))
            return FAILED, None
        response, error = to_answer(result)
        return with_content_type(response, result.get("body")), error

    def answer_preflight(configuration: dict[str, Any], origin: str) -> tuple[int, dict, bytes]:  # type: ignore[type-arg] # the emulator's shape
        response = preflight(configuration, origin)
        return (204, {}, b"") if configuration and response[0] == 403 else response  # noqa: PLR2004 - HTTP

    lambda_svc.lambda_execute_result_to_api_proxy_response = answer
    apigateway._cors_preflight_response = answer_preflight  # noqa: SLF001


def with_content_type(response: dict[str, Any] | None, returned: Any) -> dict[str, Any] | None:
    """The answer with `text/plain` when the function set a status and no content type."""
    if response is None or not (isinstance(returned, dict) and "statusCode" in returned):
        return response
    headers = response.get("headers") or {}
    if any(name.lower() == "content-type" for name in headers):
        return response
    return {**response, "headers": {**headers, "Content-Type": "text/plain; charset=utf-8"}}
