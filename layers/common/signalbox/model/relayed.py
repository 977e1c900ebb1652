"""Mail that another program wrote, to be passed on: what of it is tracked, and all else as it was.

Links and the end of the HTML are found by position, in a part that is found by position
(`model.link_slots`, `model.mime_parts`), so nothing changes but the links, the pixel, and the transfer
encoding of the part that they stand in. `%…%` is nobody's tag here.

Not changed at all is what somebody signed or encrypted: S/MIME, PGP, and mail that has a DKIM
signature already. Out of the head go `Bcc`, which is for nobody's eyes, and fields by which a writer
could steer SES (`X-SES-…`) or us.
"""

import re
from base64 import encodebytes
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp, b2a_qp
from codecs import lookup
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, NamedTuple

from signalbox.model.header_words import in_ascii
from signalbox.model.link_slots import Slot, slots_in
from signalbox.model.mail_content import as_sent, pixel_tag
from signalbox.model.mime_parts import Edit, Field, Part, every_part, part_of, spliced
from signalbox.model.tracking_url import is_target

LONGEST_LINE: Final = 998  # RFC 5322 section 2.1.1, without its end

_SEALED: Final = frozenset(
    {
        "multipart/signed",
        "multipart/encrypted",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/pgp-encrypted",
    }
)
_PGP: Final = "-----BEGIN PGP "
_DROPPED: Final = re.compile(r"(?:resent-)?bcc|x-ses-.*|x-signalbox-.*")
_AS_IS: Final = frozenset({"", "7bit", "8bit", "binary"})
# Charsets in which an HTML tag is ASCII, whatever the state of the decoder.
_CHARSETS: Final = re.compile(
    r"ascii|utf-8|iso8859-\d+|cp\d+|koi8-[a-z]|mac-\w+|tis-620|gb\w+|big5\w*|euc_\w+|shift_jis\w*"
    r"|iso2022_\w+"
)
_BREAKS: Final = re.compile(r"[\t\r\n]")
_BLANK: Final = "".join(map(chr, range(0x21)))
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
_OTHERS_TAG: Final = "{{"

WrapLink = Callable[[int, str], str]
"""Takes a link's number and its target; returns the address to write in its place."""


class _Link(NamedTuple):
    start: int
    end: int
    quoted: bool
    number: int
    target: str


@dataclass(frozen=True, slots=True)
class _Html:
    """A part in HTML that can be changed."""

    part: Part
    charset: str
    encoding: str
    text: str
    links: tuple[_Link, ...]
    body_end: int
    line_end: bytes
    ends_line: bool

    def edits(self, wrap_link: WrapLink | None, pixel_url: str) -> list[Edit]:
        """Return what to change in the message."""
        text = self._filled(wrap_link, pixel_url)
        if text == self.text:
            return []
        body = text.encode(self.charset, "surrogateescape")
        if self.encoding == "base64":
            return [(self.part.body, self.part.end, self._lines(encodebytes(body)))]
        if self.encoding == "quoted-printable":
            return [(self.part.body, self.part.end, self._lines(b2a_qp(body)))]
        if max(map(len, body.split(b"\n"))) <= LONGEST_LINE:
            return [(self.part.body, self.part.end, body)]
        return [self._announced(), (self.part.body, self.part.end, self._lines(b2a_qp(body)))]

    def _filled(self, wrap_link: WrapLink | None, pixel_url: str) -> str:
        pieces: list[str] = []
        at = 0
        for link in self.links if wrap_link is not None else ():
            wrapped = escape(wrap_link(link.number, link.target)) if wrap_link else ""
            pieces += (self.text[at : link.start], wrapped if link.quoted else f'"{wrapped}"')
            at = link.end
        if pixel_url:
            place = max(at, self.body_end)
            pieces += (self.text[at:place], pixel_tag(pixel_url))
            at = place
        return "".join((*pieces, self.text[at:]))

    def _lines(self, encoded: bytes) -> bytes:
        """Return encoded text with the line ends of the message, at its end as before."""
        plain = encoded.replace(b"\r\n", b"\n")
        ended = plain.removesuffix(b"\n") + (b"\n" if self.ends_line else b"")
        return ended.replace(b"\n", self.line_end)

    def _announced(self) -> Edit:
        """Return the edit that says that the part is quoted-printable now, its lines having grown."""
        said = self.part.field("content-transfer-encoding")
        place = (said.start, said.end) if said else (self.part.start, self.part.start)
        return (*place, b"Content-Transfer-Encoding: quoted-printable" + self.line_end)


@dataclass(frozen=True, slots=True)
class Relayed:
    """A message that was read.

    `is_sealed` says that somebody signed or encrypted it, so that nothing but its head is touched.
    """

    head: Part
    is_sealed: bool
    _raw: bytes
    _edits: tuple[Edit, ...]
    _html: tuple[_Html, ...]

    @property
    def can_be_tracked(self) -> bool:
        """Tell whether there is HTML that may be changed."""
        return bool(self._html)

    @property
    def content(self) -> bytes:
        """Return the body as it came: what tells one message from another of the same id."""
        return self._raw[self.head.body :]

    def filled(self, wrap_link: WrapLink | None = None, pixel_url: str = "") -> bytes:
        """Return the message as it is passed on; `wrap_link` and `pixel_url` make it tracked.

        The pixel stands in the first HTML alone, so that one look is one open.
        """
        edits = [*self._edits]
        for number, one in enumerate(self._html):
            edits += one.edits(wrap_link, "" if number else pixel_url)
        return spliced(self._raw, edits) if edits else self._raw


def read(raw: bytes) -> Relayed:
    """Read a message.

    Raises:
        InvalidError: a field of its head cannot be written in ASCII.
    """
    head = part_of(raw)
    parts = [*every_part(head)]
    is_sealed = head.field("dkim-signature") is not None or any(
        one.media_type in _SEALED for one in parts
    )
    line_end = b"\r\n" if b"\r\n" in raw[: head.body] else b"\n"
    return Relayed(
        head=head,
        is_sealed=is_sealed,
        _raw=raw,
        _edits=tuple(_head_edits(head, line_end)),
        _html=() if is_sealed else _html_parts(raw, parts, line_end),
    )


def _head_edits(head: Part, line_end: bytes) -> list[Edit]:
    edits: list[Edit] = []
    for field in head.fields:
        if _DROPPED.fullmatch(field.name):
            edits.append((field.start, field.end, b""))
        elif not field.value.isascii() and not field.name.startswith("content-"):
            edits.append((field.start, field.end, _written(field, line_end)))
    return edits


def _written(field: Field, line_end: bytes) -> bytes:
    name = "-".join(word.capitalize() for word in field.name.split("-"))
    line = f"{name}: {in_ascii(field.name, field.value)}\r\n"
    return line.encode("ascii").replace(b"\r\n", line_end)


def _html_parts(raw: bytes, parts: Sequence[Part], line_end: bytes) -> tuple[_Html, ...]:
    found: list[_Html] = []
    for part in parts:
        html = _html(raw, part, sum(len(one.links) for one in found), line_end)
        if html is not None:
            found.append(html)
    return tuple(found)


def _html(raw: bytes, part: Part, first: int, line_end: bytes) -> _Html | None:
    """Read a part; None where it is not shown as HTML, or cannot be read without loss."""
    disposition = part.value("content-disposition").partition(";")[0].strip().lower()
    if part.media_type != "text/html" or disposition == "attachment":
        return None
    encoding = part.value("content-transfer-encoding").strip().lower()
    body = raw[part.body : part.end]
    decoded = _decoded(body, encoding)
    charset = _charset(part)
    if decoded is None or not charset:
        return None
    text = decoded.decode(charset, "surrogateescape")
    if text.encode(charset, "surrogateescape") != decoded or _PGP in text:
        return None
    slots = slots_in(text)
    return _Html(
        part=part,
        charset=charset,
        encoding=encoding,
        text=text,
        links=_links(slots.links, first),
        body_end=slots.body_end,
        line_end=line_end,
        ends_line=body.endswith(b"\n"),
    )


def _decoded(body: bytes, encoding: str) -> bytes | None:
    if encoding in _AS_IS:
        return body
    try:
        if encoding == "base64":
            return a2b_base64(body)
    except Base64Error:
        return None
    return a2b_qp(body) if encoding == "quoted-printable" else None


def _charset(part: Part) -> str:
    """Return the codec of a part's charset; empty for one that is not known, or not safe."""
    said = part.parameter("charset") or "us-ascii"
    try:
        name = lookup(said).name
    except (LookupError, ValueError):
        return ""
    return name if _CHARSETS.fullmatch(name) else ""


def _links(slots: Sequence[Slot], first: int) -> tuple[_Link, ...]:
    links: list[_Link] = []
    for slot in slots:
        target = _target(slot)
        if target:
            number = first + len(links)
            links.append(_Link(slot.start, slot.end, slot.quoted, number, target))
    return tuple(links)


def _target(slot: Slot) -> str:
    """Return where a link leads that can be tracked; empty for one that stays as it is."""
    target = _BREAKS.sub("", slot.target.strip(_BLANK))
    if slot.tracking == "off" or _OTHERS_TAG in target or _SURROGATES.search(target):
        return ""
    sent = as_sent(target)
    return sent if is_target(sent) else ""
