"""Calls of the running stack's HTTP API, for seeding, the demo and the live lines."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from local.errors import StackError

TIMEOUT_SECONDS = 30.0


class ApiError(StackError):
    """The API answered with a fault.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, request: str, status: int, text: str) -> None:
        super().__init__(f"{request} was answered {status}: {text[:500]}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Api:
    """An HTTP API, and the token that its `/api` wants."""

    base_url: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON and return the JSON that is answered, None for an empty answer.

        Raises:
            ApiError: the status is 400 or above.
            StackError: there is no answer.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Api-Token": self.token}
        return self.send(method, path, data, headers)

    def post_form(self, path: str, fields: Mapping[str, str]) -> Any:
        """Send form fields and return the JSON that is answered; raises as `call` does."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, urlencode(fields).encode(), headers)

    def send(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Any:
        """Send a request and read its answer as JSON; raises as `call` does."""
        url = f"{self.base_url}{path}"
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own URL
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            raise ApiError(f"{method} {path}", error.code, text) from error
        except OSError as error:
            raise StackError(f"{url} does not answer: {error}") from error
        return json.loads(text) if text else None
