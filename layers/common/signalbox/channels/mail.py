"""Mail: a message becomes MIME, and SES takes it.

SES has no idempotency token, so a send whose answer was lost may have happened. The three errors
tell the cases apart: nothing was sent and never will be (`MailRejectedError`), nothing was sent
now (`MailDeferredError`), nobody knows (`MailUncertainError`; the SES event with our tag settles
it). SES writes `Date` and `Message-ID` itself.
"""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from html.parser import HTMLParser
from typing import Final

from signalbox import aws
from signalbox.model.errors import SignalboxError

TAG: Final = "dispatch_id"

DEFERRING: Final = frozenset(
    {
        "AccountSuspendedException",
        "LimitExceededException",
        "SendingPausedException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# Our credentials or policy are wrong: the mail is as good as before once they are mended.
DEFERRING_STATUSES: Final = frozenset({401, 403, 429})
SERVER_ERROR = 500
ENCODED_WORD = 75  # RFC 2047 section 2: no encoded word is longer

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_BODIES: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

# These would say another audience or form than the mail has.
_HEADERS_OF_OURS: Final = re.compile(r"(?:bcc|cc|mime-version|content-.*|resent-.*)", re.IGNORECASE)
_HEADER_NAME: Final = re.compile(r"[!-9;-~]+")  # RFC 5322 section 3.6.8


class MailRejectedError(SignalboxError):
    """The mail cannot be sent as it is, now or later: it was not sent."""


class MailDeferredError(SignalboxError):
    """SES does not send for us at the moment (rate, quota, pause): it was not sent."""


class MailUncertainError(SignalboxError):
    """SES gave no answer or failed within: the mail may have been sent or not."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient, ready but for its MIME form.

    `message_id` is our id of it (for a rule's mail the dispatch's), at most 256 letters, digits,
    `_` and `-`, and comes back in SES's events as the tag `dispatch_id`. `html` or `text` may be
    empty, but not both. `headers` are further ones, such as `List-Unsubscribe`.
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


def send(mail: Mail, *, configuration_set: str | None = None) -> str:
    """Hand a mail to SES once and return SES's message id.

    The configuration set is the one that publishes SES's events about this mail.

    Raises:
        MailRejectedError: It cannot be built, or SES refuses it.
        MailDeferredError: SES refuses to send at the moment.
        MailUncertainError: There is no telling whether SES took it.
    """
    request = {
        "Destination": {"ToAddresses": [_address("recipient", "", mail.recipient).addr_spec]},
        "Content": {"Raw": {"Data": build(mail)}},
        "EmailTags": [{"Name": TAG, "Value": mail.message_id}],
    }
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    try:
        answer = aws.call("sesv2", "SendEmail", **request)
    except aws.AwsError as error:
        raise _refusal(error) from error
    return str(answer["MessageId"])


def build(mail: Mail) -> bytes:
    """Return the MIME form (RFC 5322): text, or text and HTML as alternatives.

    An HTML mail without a text gets one made from it. What could begin a header of its own is
    refused: a line break or other control character in any header's value raises
    `MailRejectedError`, as does an address that is none.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address("sender", mail.sender_name, mail.sender)
    message["To"] = _address("recipient", "", mail.recipient)
    if mail.reply_to:
        message["Reply-To"] = _address("reply_to", "", mail.reply_to)
    for name, value in (("Subject", mail.subject), *mail.headers):
        _set_header(message, name, value)
    _set_bodies(message, mail)
    return message.as_bytes()


def text_of(html: str) -> str:
    """Return what a reader of HTML sees, as plain text.

    Links stand as `text (address)`, blocks on lines of their own, pictures as their description;
    scripts, styles and the title are left out.
    """
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return reader.text()


def _refusal(error: aws.AwsError) -> SignalboxError:
    said = f"{error.code}: {error.message}"
    if error.status == 0 or error.status >= SERVER_ERROR:
        return MailUncertainError(said)
    if error.code in DEFERRING or error.status in DEFERRING_STATUSES:
        return MailDeferredError(said)
    return MailRejectedError(said)


def _address(field: str, name: str, address: str) -> Address:
    if _CONTROLS.search(name) or _CONTROLS.search(address):
        raise MailRejectedError(f"{field}: holds a line break or another control character")
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        return Address(name, addr_spec=f"{local}@{ascii_domain}")
    # The standard library's parser lets some malformed addresses end in IndexError.
    except (MessageError, ValueError, IndexError) as error:
        raise MailRejectedError(f"{field}: is not an e-mail address that SES takes") from error


def _set_header(message: EmailMessage, name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or _HEADERS_OF_OURS.fullmatch(name):
        raise MailRejectedError(f"headers: {name!r} is not a header that can be added")
    if _CONTROLS.search(value):
        raise MailRejectedError(f"{name}: holds a line break or another control character")
    try:
        message[name] = value
    except ValueError as error:  # a second Subject, From or To
        raise MailRejectedError(f"{name}: {error}") from error


def _set_bodies(message: EmailMessage, mail: Mail) -> None:
    if not mail.html and not mail.text:
        raise MailRejectedError("html: a mail needs a text or an HTML part")
    message.set_content(_well_formed(mail.text or text_of(mail.html)))
    if mail.html:
        message.add_alternative(_well_formed(mail.html), subtype="html")


def _well_formed(text: str) -> str:
    """Replace what JSON may carry and a mail may not: NUL and its like, halves of surrogates."""
    return _NOT_IN_BODIES.sub(" ", text)


class _TextReader(HTMLParser):
    """Collects the text of an HTML document, line by line."""

    UNSEEN: Final = frozenset({"script", "style", "title", "template"})
    BLOCKS: Final = frozenset(
        {"address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "figure", "footer"}
        | {"form", "header", "hr", "li", "main", "nav", "ol", "section", "table", "tr", "ul"}
    )
    PARAGRAPHS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "pre"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen = 0
        self._links: list[tuple[str, int]] = []

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        # The standard library's own raises AssertionError on `<![x[`; the HTML standard makes it a
        # comment.
        return self.parse_bogus_comment(i, bool(report))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._unseen += tag in self.UNSEEN
        self._break_for(tag)
        match tag:
            case "br":
                self._pieces.append("\n")
            case "li":
                self._pieces.append("- ")
            case "td" | "th":
                self._pieces.append(" ")
            case "img":
                self._pieces.append(attributes.get("alt") or "")
            case "a":
                self._links.append((attributes.get("href") or "", len(self._pieces)))

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in self.UNSEEN))
        if tag == "a" and self._links:
            self._end_link(*self._links.pop())
        self._break_for(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        spaced = re.sub(r"[ \n\v\f]+", _gap, "".join(self._pieces))
        return spaced.strip() + "\n"

    def _break_for(self, tag: str) -> None:
        if tag in self.PARAGRAPHS:
            self._pieces.append("\f")
        elif tag in self.BLOCKS:
            self._pieces.append("\v")

    def _end_link(self, target: str, start: int) -> None:
        seen = "".join(self._pieces[start:]).strip()
        address = target.strip().removeprefix("mailto:")
        if not address or address.startswith("#") or address == seen:
            return
        self._pieces.append(f" ({address})" if seen else address)


def _gap(found: re.Match[str]) -> str:
    r"""Return what stands between two words: `\v` marks a block's edge, `\f` a paragraph's.

    Edges that meet make one line break, as they do in a browser.
    """
    gap = found[0]
    if "\f" in gap:
        return "\n\n"
    breaks = gap.count("\n") + sum("\v" in part for part in gap.split("\n"))
    return "\n" * min(breaks, 2) or " "
