"""The MIME form of mails: one message for one recipient, made quickly for very many.

A mailing builds thousands of mails that differ in little. The standard library reads and writes
headers, and what is the same in all of them is kept; bodies are encoded here, since its own encoders
take milliseconds for what its functions written in C do in microseconds.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import MIMEPart
from email.policy import SMTP, EmailPolicy
from functools import lru_cache
from typing import Final

from signalbox.model.domain_name import LONGEST_LABEL, DomainError, ascii_domain
from signalbox.model.errors import SignalboxError
from signalbox.model.mail_text import text_of

ENCODED_WORD = 75  # RFC 2047 section 2: no encoded word is longer
LONGEST_LINE = 998  # RFC 5322 section 2.1.1, without its end
LONGEST_URI = 900

LARGEST: Final = 40_000_000
"""Bytes of MIME that SES takes: 40 MB
(https://docs.aws.amazon.com/ses/latest/dg/quotas.html, "Message quotas")."""

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")

# What JSON may carry and a mail may not: NUL and its like become spaces.
_CONTROL_BYTES: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n\r"})
_WELL_FORMED: Final = bytes.maketrans(_CONTROL_BYTES, b" " * len(_CONTROL_BYTES))
_PLAIN: Final = bytes(byte for byte in (*b"\t\r\n", *range(0x20, 0x7F)) if byte != ord("="))

# Both encodings of bodies write "=" before hexadecimal digits and line ends alone, so no body can
# hold these, whoever wrote it (RFC 2045 section 6.7).
_ALTERNATIVE: Final = "=_alternative"
_MIXED: Final = "=_mixed"

# These would say another audience or form than the mail has.
_HEADERS_OF_OURS: Final = re.compile(r"(?:bcc|cc|mime-version|content-.*|resent-.*)", re.IGNORECASE)
_HEADER_NAME: Final = re.compile(r"[!-9;-~]+")  # RFC 5322 section 3.6.8
_URI: Final = re.compile(r"[!-;=?-~]+")  # what can stand between < and >
# What looks like an encoded word would be decoded by who reads the name.
_FILE_NAME: Final = re.compile(r"(?!.*=\?)[^/\\]{1,200}")
_MEDIA_TYPE: Final = re.compile(
    r"(?!multipart/|message/)[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", re.IGNORECASE
)

# Addresses as nearly all are. The standard library reads the others, which takes it long.
_USUAL_ADDRESS: Final = re.compile(
    r"(?=.{1,254}$)[A-Za-z0-9_+-]{1,64}(?:\.[A-Za-z0-9_+-]{1,64})*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


class MailRejectedError(SignalboxError):
    """The mail cannot be sent as it is, now or later: it was not sent."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail: its name without a path, its media type, and its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient, ready but for its MIME form.

    `message_id` is our id of it (for a rule's mail the dispatch's), at most 256 letters, digits,
    `_` and `-`, and comes back in SES's events as the tag `dispatch_id`, with the further `tags`,
    whose names and values are such words too. `html` or `text` may be empty, but not both.

    `unsubscribe_mailto` (a `mailto:` URI) and `unsubscribe_url` become `List-Unsubscribe` (RFC
    2369). An https URL, which must take a POST without asking back, is offered for one click too
    (RFC 8058). Up to two `feedback_ids` tell postmasters of big providers what they report on.
    `headers` are further ones.
    """

    message_id: str
    sender: str
    recipient: str
    subject: str
    sender_name: str = ""
    reply_to: str = ""
    html: str = ""
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    unsubscribe_mailto: str = ""
    unsubscribe_url: str = ""
    feedback_ids: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


class _MailPolicy(EmailPolicy):
    """Writes headers as every mail program reads them.

    The standard library's policy turns a long word, as the URL in `List-Unsubscribe`, into RFC
    2047 encoded words, which no mail program reads there; before Python 3.13 it loses spaces
    between encoded words; and it decodes a value that looks like one, line breaks and all. So
    ASCII stands as it is, on lines of up to 998 characters (RFC 5322 section 2.1.1), and the older
    `Header` encodes the rest.
    """

    def header_store_parse(self, name: str, value: str | Address) -> tuple[str, str]:
        return (name, value) if isinstance(value, str) else super().header_store_parse(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        address = next(iter(getattr(value, "addresses", ())), None)
        text = address.display_name if address else value
        if text.isascii() and "=?" not in text:
            return _WIDE.fold_binary(name, value)
        words = Header(text, "utf-8", maxlinelen=ENCODED_WORD, header_name=name)
        line = f"{name}: {words.encode(linesep=self.linesep)}"
        if address:
            line += f"{self.linesep} <{address.addr_spec}>"
        return f"{line}{self.linesep}".encode("ascii")


_WIDE: Final = SMTP.clone(max_line_length=998)
_POLICY: Final = _MailPolicy(linesep="\r\n", cte_type="7bit")


def build(mail: Mail) -> bytes:
    """Return the MIME form (RFC 5322): text, or text and HTML as alternatives; then attachments.

    The same mail always has the same form. An HTML mail without a text gets one made from it. What
    could begin a header of its own is refused: a line break or other control character in any
    header's value raises `MailRejectedError`, as does an address that is none, and a mail that is
    larger than SES takes.
    """
    content = _content(mail)
    if mail.attachments:
        content = _multipart("mixed", _MIXED, content, *_attached(mail.attachments))
    raw = b"".join((*_headers(mail), b"MIME-Version: 1.0\r\n", content))
    if len(raw) > LARGEST:
        raise MailRejectedError(f"attachments: the mail has {len(raw)} bytes; SES takes {LARGEST}")
    return raw


def recipient_of(mail: Mail) -> str:
    """Return the address as SES takes it, its domain in ASCII.

    Raises:
        MailRejectedError: It is none.
    """
    if _USUAL_ADDRESS.fullmatch(mail.recipient):
        return mail.recipient
    return _address("recipient", "", mail.recipient).addr_spec


# --- headers -------------------------------------------------------------------------------------


def _headers(mail: Mail) -> Iterator[bytes]:
    yield _address_line("From", "sender", mail.sender_name, mail.sender)
    yield f"To: {recipient_of(mail)}\r\n".encode("ascii")
    given = {"from", "to"}
    if mail.reply_to:
        yield _address_line("Reply-To", "reply_to", "", mail.reply_to)
        given.add("reply-to")
    for name, value in (("Subject", mail.subject), *_unsubscribing(mail), *mail.headers):
        if name.lower() in given:
            raise MailRejectedError(f"{name}: is given twice")
        given.add(name.lower())
        yield _line(name, value)


def _unsubscribing(mail: Mail) -> Iterator[tuple[str, str]]:
    """Return the headers by which mail programs offer to unsubscribe.

    Raises:
        MailRejectedError: One of the addresses is none.
    """
    mailto, url = mail.unsubscribe_mailto, mail.unsubscribe_url
    if mailto and not _is_uri(mailto, "mailto:"):
        raise MailRejectedError("unsubscribe_mailto: is no mailto URI")
    if url and not _is_uri(url, "https://", "http://"):
        raise MailRejectedError("unsubscribe_url: is no http or https URL")
    if mailto or url:
        yield "List-Unsubscribe", ", ".join(f"<{uri}>" for uri in (mailto, url) if uri)
    if _is_uri(url, "https://"):
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def _is_uri(text: str, *beginnings: str) -> bool:
    return (
        text.lower().startswith(beginnings)
        and len(text) <= LONGEST_URI
        and _URI.fullmatch(text) is not None
    )


def _line(name: str, value: str) -> bytes:
    if not _HEADER_NAME.fullmatch(name) or _HEADERS_OF_OURS.fullmatch(name):
        raise MailRejectedError(f"headers: {name!r} is not a header that can be added")
    if _CONTROLS.search(value):
        raise MailRejectedError(f"{name}: holds a line break or another control character")
    line = f"{name}: {value}"
    if line.isascii() and "=?" not in value and len(line) <= LONGEST_LINE:
        return f"{line}\r\n".encode("ascii")
    return _POLICY.fold_binary(name, value)


@lru_cache(maxsize=64)
def _address_line(header: str, field: str, name: str, address: str) -> bytes:
    """Return the header of an address that is the same in many mails."""
    return _POLICY.fold_binary(*_POLICY.header_store_parse(header, _address(field, name, address)))


def _address(field: str, name: str, address: str) -> Address:
    if _CONTROLS.search(name) or _CONTROLS.search(address):
        raise MailRejectedError(f"{field}: holds a line break or another control character")
    local, _, domain = address.rpartition("@")
    try:
        return Address(name, addr_spec=f"{local}@{_mail_domain(domain)}")
    # The standard library's parser lets some malformed addresses end in IndexError.
    except (DomainError, MessageError, ValueError, IndexError) as error:
        raise MailRejectedError(f"{field}: is not an e-mail address that SES takes") from error


def _mail_domain(written: str) -> str:
    domain = ascii_domain(written)
    if max(map(len, domain.split("."))) > LONGEST_LABEL:
        raise DomainError("has a part that is too long")
    return domain


# --- bodies --------------------------------------------------------------------------------------


def _content(mail: Mail) -> bytes:
    if not mail.html and not mail.text:
        raise MailRejectedError("html: a mail needs a text or an HTML part")
    text = _part("plain", mail.text or text_of(mail.html))
    if not mail.html:
        return text
    return _multipart("alternative", _ALTERNATIVE, text, _part("html", mail.html))


def _part(kind: str, text: str) -> bytes:
    """Return a text as a MIME part, with the encoding that takes less.

    All bodies are encoded: a quoted-printable one travels unchanged whatever its lines are.
    """
    body = _lines(text)
    if len(body.translate(None, _PLAIN)) * 6 > len(body):
        how, encoded = "base64", encodebytes(body).replace(b"\n", b"\r\n")
    else:
        how, encoded = "quoted-printable", b2a_qp(body)
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {how}\r\n\r\n'
    return head.encode("ascii") + encoded


def _lines(text: str) -> bytes:
    """Return a text as lines that end in CRLF, the last one too."""
    try:
        content = text.encode()
    except UnicodeEncodeError:  # halves of surrogate pairs, which JSON may carry
        content = _SURROGATES.sub(" ", text).encode()
    content = content.translate(_WELL_FORMED).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = b"" if content.endswith(b"\n") else b"\n"
    return (content + end).replace(b"\n", b"\r\n")


def _multipart(kind: str, boundary: str, *parts: bytes) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    mark = f"--{boundary}".encode("ascii")
    return b"".join(
        (
            head,
            *(piece for part in parts for piece in (mark, b"\r\n", part, b"\r\n")),
            mark,
            b"--\r\n",
        )
    )


@lru_cache(maxsize=1)
def _attached(attachments: tuple[Attachment, ...]) -> tuple[bytes, ...]:
    """Return the parts of a mailing's attachments, made once."""
    size = sum(len(one.content) for one in attachments)
    if size > LARGEST:
        raise MailRejectedError(f"attachments: have {size} bytes; SES takes {LARGEST}")
    return tuple(_attachment(one) for one in attachments)


def _attachment(attachment: Attachment) -> bytes:
    name = attachment.name
    if not _FILE_NAME.fullmatch(name) or _CONTROLS.search(name):
        raise MailRejectedError(f"attachments: {name!r} is no file name")
    if not _MEDIA_TYPE.fullmatch(attachment.media_type):
        raise MailRejectedError(
            f"attachments: {attachment.media_type!r} is no media type of a file"
        )
    main, _, sub = attachment.media_type.partition("/")
    part = MIMEPart(policy=SMTP)
    part.set_content(attachment.content, maintype=main, subtype=sub, filename=name)
    return part.as_bytes()
