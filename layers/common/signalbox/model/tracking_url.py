"""Addresses of the pixel, of tracked links and of people's own pages, as mails carry them.

A click's target stands in its address, in URL-safe base64, and is signed by the token beside it; the
address of a link in a text message has no room for that, and is a code alone.
"""

import re
from typing import Final

from signalbox.model.errors import InvalidError
from signalbox.model.tracking_token import InvalidTokenError, base64url, from_base64url

LONGEST_TARGET: Final = 4_096
"""Characters; API Gateway takes request lines with headers of 10,240 bytes in all."""

# A header may hold these characters only (RFC 9110 section 5.5), and a redirect leads to a web site.
_TARGET: Final = re.compile(r"https?://[^/?#\\][!-~]*", re.IGNORECASE | re.ASCII)
_CHARACTERS: Final = re.compile(r"[!-~]+")


def open_url(base: str, token: str) -> str:
    """Return the address of the pixel; `base` ends without a slash."""
    return f"{base}/o/{token}"


def click_url(base: str, token: str, target: str) -> str:
    """Return the address of a tracked link; `token` was signed for this target.

    Raises:
        InvalidError: the target is none that a click may be led to; see `is_target`.
    """
    if not is_target(target):
        raise InvalidError("target", "is no http or https address that can be tracked")
    return f"{base}/c/{token}/{base64url(target.encode())}"


def text_url(base: str, code: str) -> str:
    """Return the address of a tracked link in a text message; its target is the mailing's to know."""
    return f"{base}/l/{code}"


def person_url(base: str, token: str) -> str:
    """Return the address of a person's own page."""
    return f"{base}/u/{token}"


def is_target(target: str) -> bool:
    """Tell whether a click may be led there: http or https, with a host, in visible ASCII.

    RFC 3986 knows no other characters; `model.mail_content.as_sent` writes an address with them.
    """
    if len(target) > LONGEST_TARGET or not _CHARACTERS.fullmatch(target):
        return False
    return _TARGET.fullmatch(target) is not None


def target_of(text: str) -> str:
    """Return the target that a tracked link's address holds.

    Raises:
        InvalidTokenError: the text holds none.
    """
    try:
        target = from_base64url(text).decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidTokenError("the target is no address") from error
    if not is_target(target):
        raise InvalidTokenError("the target is no address")
    return target
