"""Calls of a stack's HTTP API."""

import json
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cli.errors import Fault, RefusedError, UnreachableError, UsageError
from cli.stack import Stack

if TYPE_CHECKING:
    import urllib3

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 35.0  # API Gateway itself gives up after 30
TRIES_AGAIN = 3
LONGEST_PAUSE_SECONDS = 30
BUSY = (429, 503)
GONE_ASTRAY = (*BUSY, 502, 504)  # answers of what stands before the stack


class Api:
    """The HTTP API of one stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._pool: urllib3.PoolManager | None = None

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send JSON with the stack's token and return the JSON that is answered; None for none.

        A query's empty values are left out.

        Raises:
            UsageError: no token was given.
            RefusedError: the API refused the request.
            UnreachableError: the stack did not answer, or was busy again and again.
        """
        if not self.stack.token:
            raise UsageError("No token was given: use --token or SIGNALBOX_TOKEN.")
        asked = urlencode({name: value for name, value in (query or {}).items() if value != ""})
        sent = {"Api-Token": self.stack.token, **(headers or {})}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        return self._ask(method, f"{path}?{asked}" if asked else path, sent, data)

    def post_form(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Any:
        """Send form fields without a token and return what is answered; raises as `call` does."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._ask("POST", path, sent, urlencode(fields).encode())

    def post_mail(self, path: str, mail: bytes, headers: Mapping[str, str]) -> Any:
        """Send a mail with the stack's token and return what is answered; raises as `call` does."""
        sent = {"Api-Token": self.stack.token, "Content-Type": "message/rfc822", **headers}
        return self._ask("POST", path, sent, mail)

    def read_public(self, path: str) -> Any:
        """Return what everybody may read; raises as `call` does."""
        return self._ask("GET", path, {}, None)

    def _ask(self, method: str, path: str, headers: dict[str, str], data: bytes | None) -> Any:
        import urllib3  # noqa: PLC0415 80 ms that a command's --help need not pay

        url = self.stack.api_url
        try:
            # A redirect could lead the token to another host, so none is followed.
            answer = self._connections().request(
                method, url + path, body=data, headers=headers, redirect=False
            )
        except urllib3.exceptions.LocationParseError as error:
            raise UsageError(f"{url!r} is not a URL.") from error
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"{url} cannot be reached: {_reason(error)}.") from error
        return self._read(answer)

    def _connections(self) -> "urllib3.PoolManager":
        if self._pool is None:
            self._pool = _pool(self.stack.api_url)
        return self._pool

    def _read(self, answer: "urllib3.BaseHTTPResponse") -> Any:
        url, status = self.stack.api_url, answer.status
        if status in GONE_ASTRAY:
            raise UnreachableError(f"{url} is busy or down (HTTP {status}): try again later.")
        if 300 <= status < 400:  # noqa: PLR2004 HTTP's redirects
            target = answer.headers.get("Location", "elsewhere")
            raise UnreachableError(f"{url} redirects to {target!r}, which is not followed.")
        try:
            body = json.loads(answer.data) if answer.data else None
        except ValueError as error:
            raise UnreachableError(f"{url} is not a stack of Signalbox: no JSON.") from error
        if status >= 400:  # noqa: PLR2004 HTTP's refusals
            raise RefusedError(status, _faults(body))
        return body


def _pool(url: str) -> "urllib3.PoolManager":
    import urllib3  # noqa: PLC0415 see above

    settings: dict[str, Any] = {
        "timeout": urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
        # Both answers say that nothing was done, so any request may be sent again.
        "retries": urllib3.Retry(
            connect=0,
            read=0,
            other=0,
            status=TRIES_AGAIN,
            status_forcelist=BUSY,
            allowed_methods=None,
            backoff_factor=0.5,
            retry_after_max=LONGEST_PAUSE_SECONDS,
            raise_on_status=False,
        ),
    }
    proxy = _proxy(url)
    return urllib3.ProxyManager(proxy, **settings) if proxy else urllib3.PoolManager(**settings)


def _proxy(url: str) -> str:
    """Return the proxy that the environment names for a URL; none for this machine itself."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 30 ms

    import urllib3  # noqa: PLC0415 see above

    try:
        place = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError as error:
        raise UsageError(f"{url!r} is not a URL.") from error
    if place.scheme not in ("http", "https") or not place.host:
        raise UsageError(f"{url!r} is not a URL: it begins with https:// or http://.")
    if _is_this_machine(place.host) or proxy_bypass(place.host):
        return ""
    return getproxies().get(place.scheme, "")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(error: Exception) -> str:
    """Return why there is no answer, in few words."""
    import urllib3  # noqa: PLC0415 see above

    cause = getattr(error, "reason", None) or error
    match cause:
        case urllib3.exceptions.NameResolutionError():
            return "the name of its host is not known"
        case urllib3.exceptions.NewConnectionError():
            return getattr(cause.__cause__, "strerror", None) or str(cause)
        case urllib3.exceptions.TimeoutError():
            return "it did not answer in time"
        case _:
            return str(cause).rstrip(".")


def _faults(body: Any) -> list[Fault]:
    """Read a refusal: of the API, its ActiveCampaign dialect, the event form, or the gateway."""
    if not isinstance(body, dict):
        return []
    errors = body.get("errors")
    if isinstance(errors, list):
        return [_fault(one) for one in errors if isinstance(one, dict)]
    return [Fault("", str(body["message"]))] if body.get("message") else []


def _fault(told: dict[str, Any]) -> Fault:
    """Read one fault; where the dialect names one, its title names the field."""
    if "message" in told:
        return Fault(str(told.get("field", "")), str(told["message"]))
    words = [str(told[name]) for name in ("title", "detail") if told.get(name)]
    return Fault("", ": ".join(words) or str(told.get("code", "")))
