"""Who may drive the emulator: programs on this machine, never a web page.

The emulator checks no signature and allows every origin, and its control plane creates functions,
that is, runs code. Bound to loopback it is still within reach of every page that a browser on this
machine shows. So a request that a browser made (it names an origin, a referrer or how it came
about), or one for a host name that is not this machine's (a name that was bound anew to 127.0.0.1),
is refused with 403 before the emulator sees it. AWS needs no such thing: there every call is signed.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

REFUSAL = (
    b"This is the control plane of a local emulator. Browsers and foreign host names are refused.\n"
)
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def guarded(application: Application) -> Application:
    """The application, behind the check."""

    async def check(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or is_allowed(scope["headers"]):
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSAL})

    return check


def is_allowed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request with these headers comes from a program and names this machine."""
    values = {name.lower(): value.decode("latin-1") for name, value in headers}
    if b"origin" in values or b"referer" in values:
        return False
    if values.get(b"sec-fetch-site", "none") != "none":
        return False
    return is_loopback_name(values.get(b"host", ""))


def is_loopback_name(host: str) -> bool:
    """Whether a `Host` header names this machine: localhost, a name under it, or a loopback address."""
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    return name in LOOPBACK_NAMES or name.endswith(".localhost")
