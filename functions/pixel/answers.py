"""What the pixel function answers: a picture, a way on, or a page that says that there is none.

None of it depends on what came but the address that a click is led to, which we signed or wrote down.
"""

from typing import Any

Response = dict[str, Any]

# A transparent pixel: GIF 89a, one by one, with a colour table of two: 43 bytes.
_GIF = "R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="
_AGAIN = {  # each load shall reach us, also through the image proxies of mail services
    "Cache-Control": "no-store, no-cache, must-revalidate, private, max-age=0",
    "Expires": "0",
    "Pragma": "no-cache",
}
_SHOWN = _AGAIN | {
    "Content-Type": "image/gif",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
# The target learns nothing about where its visitor read the mail, be it a webmail's address or ours.
_LED = _AGAIN | {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_READ = _LED | {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_TOLD = _LED | {
    "Content-Type": "text/plain; charset=utf-8",
    "Retry-After": "5",  # seconds
    "X-Content-Type-Options": "nosniff",
}
_LATER = "We cannot tell just now where this link leads. Please open it again in a few seconds.\n"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>This link does not work</title>
<h1>This link does not work</h1>
<p>It may have been cut off or changed on its way to you. Please open it again in the message that it
came with, or write to whoever sent you that.</p>
</html>
"""


def pixel(method: str) -> Response:
    """Return the transparent picture."""
    if method == "HEAD":
        return {"statusCode": 200, "headers": _SHOWN}
    return {"statusCode": 200, "headers": _SHOWN, "body": _GIF, "isBase64Encoded": True}


def way_to(target: str) -> Response:
    """Return the redirect to a click's target, which is a web address in visible ASCII."""
    return {"statusCode": 302, "headers": _LED | {"Location": target}}


def nothing() -> Response:
    """Return an answer that leaves a browser where it is."""
    return {"statusCode": 204, "headers": _LED}


def later(method: str) -> Response:
    """Return the request to come again, where it is not known for now where a link leads."""
    answer: Response = {"statusCode": 503, "headers": _TOLD}
    return answer if method == "HEAD" else answer | {"body": _LATER}


def broken(method: str) -> Response:
    """Return the page about a link that does not work."""
    answer: Response = {"statusCode": 404, "headers": _READ}
    return answer if method == "HEAD" else answer | {"body": _PAGE}
