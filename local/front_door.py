# ruff: noqa: SLF001 - it calls the emulator's private parts, as the shims do
"""The deployed HTTP API under a plain base URL: `http://127.0.0.1:PORT/event` is its `POST /event`.

The emulator serves an API under `/_aws/execute-api/{id}/…` of its one port. The front door is a second
listener in the same process, so that any client works with a base URL, no special `Host` header, and
no second hop: it reads the request as API Gateway does and hands it to the emulator's HTTP API.

As on API Gateway: the path is decoded except for `%25`, the query passes through as it came, headers
are lower case and joined by commas, the body is at most 10 MB
(https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
"""

import base64
import json
import os
from typing import Any
from urllib.parse import parse_qs

from local.guard import Receive, Scope, Send

MAXIMUM_BODY_BYTES = 10 * 1024 * 1024
ENDURED_BODY_BYTES = 10 * MAXIMUM_BODY_BYTES
"""What is read of a body that is too large, before the connection is cut."""
STAGE = "$default"


class TooLargeError(Exception):
    """The body is larger than API Gateway takes."""


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request of the second listener."""
    from ministack import app  # noqa: PLC0415 - the emulator's, loaded by then

    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = joined(scope["headers"])
    try:
        body = await read(receive)
    except TooLargeError:
        status, answer, content = message(413, "Request Entity Too Large")
    except ConnectionError:
        return
    else:
        status, answer, content = await execute(scope, headers, body)
    answer.setdefault("apigw-requestid", base64.b64encode(os.urandom(11)).decode())
    await app._send_response(app._with_date_header(send), status, answer, content)


async def execute(
    scope: Scope, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, Any], bytes]:
    """Run the route that the request selects."""
    from ministack.services import apigateway  # noqa: PLC0415 - the emulator's

    api_id = deployed_api()
    if api_id is None:
        return message(404, "Not Found")
    query = scope["query_string"].decode("latin-1")
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    status, answer, content = await apigateway.handle_execute(
        api_id,
        STAGE,
        apigateway.decode_http_api_path(raw_path),
        scope["method"],
        headers,
        body,
        parse_qs(query, keep_blank_values=True),
        raw_query_string=query,
    )
    return status, answer, content


def deployed_api() -> str | None:
    """The id of the one HTTP API that is deployed here, or None before that."""
    from ministack.services import apigateway  # noqa: PLC0415 - the emulator's

    for _, _, api_id in list(apigateway._apis._data):
        return str(api_id)
    return None


def joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; one that came several times is joined by commas, cookies by semicolons."""
    values: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in values:
            value = values[name] + ("; " if name == "cookie" else ",") + value
        values[name] = value
    return values


async def read(receive: Receive) -> bytes:
    """Read a body; what is too large is read and thrown away, as most clients send all before they listen.

    Raises:
        TooLargeError: it is larger than the limit.
        ConnectionError: the client went away.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= ENDURED_BODY_BYTES:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise ConnectionError
        chunk = part.get("body", b"")
        size += len(chunk)
        if size <= MAXIMUM_BODY_BYTES:
            chunks.append(chunk)
        more = part.get("more_body", False)
    if size > MAXIMUM_BODY_BYTES:
        raise TooLargeError
    return b"".join(chunks)


def message(status: int, text: str) -> tuple[int, dict[str, Any], bytes]:
    """An answer of API Gateway's own."""
    return status, {"Content-Type": "application/json"}, json.dumps({"message": text}).encode()
