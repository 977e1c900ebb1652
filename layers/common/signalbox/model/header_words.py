"""Header fields in ASCII, for whoever hands mail on to servers that know no other (RFC 2047).

Programs that speak SMTPUTF8 (RFC 6532) write headers as plain UTF-8, which SES does not take.
"""

from email.header import Header
from email.utils import formataddr, getaddresses
from typing import Final

from signalbox.model.domain_name import DomainError, ascii_domain
from signalbox.model.errors import InvalidError

ADDRESSES: Final = frozenset(
    {
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "resent-from",
        "resent-sender",
        "resent-to",
        "resent-cc",
    }
)
"""Fields that hold addresses, of which names alone may be written in encoded words."""


def in_ascii(name: str, value: str) -> str:
    """Return the value of a field, its name in lower case, as encoded words where it needs them.

    Raises:
        InvalidError: it holds bytes that are no UTF-8, or an address that cannot be written in ASCII.
    """
    if value.isascii():
        return value
    try:
        if name not in ADDRESSES:
            return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
        return ",\r\n ".join(_mailbox(shown, address) for shown, address in getaddresses([value]))
    except (DomainError, UnicodeError) as error:  # surrogates, or letters where an address has none
        raise InvalidError(
            name, "cannot be written in ASCII, which mail servers ask for"
        ) from error


def _mailbox(name: str, address: str) -> str:
    local, at, domain = address.rpartition("@")
    if not at:
        raise UnicodeError
    return formataddr((name, f"{local}@{ascii_domain(domain)}"), "utf-8")
