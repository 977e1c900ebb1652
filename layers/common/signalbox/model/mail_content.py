"""What a campaign's mails say: read once, filled for each contact.

Reading finds the personalisation tags, the links, and the place of the pixel, by position
(`model.link_slots`). Filling joins the pieces between them with what stands there for one contact, so
a mailing to very many reads no HTML, and what is between keeps its bytes.

A link is tracked where its target is http or https, unless its tag says `data-track="off"`. Its
target is personalised, each value percent-encoded, and then handed to whoever wraps it. Not tracked
are

- links to the pages of `%UNSUBSCRIBELINK%` and `%UPDATELINK%`: looking at them is no click;
- links with `{{` in them, which some other program is to fill;
- links whose host comes from a contact's facts, as `href="%EVENT: file download request%"`: wrapped,
  they would make the host that tracks clicks lead wherever a form's visitor wanted it to lead. An
  author who trusts the facts asks for it with `data-track="on"`.

Links in the text part stay as they are: there a reader sees the address itself, and a signed one of
150 characters is neither read nor trusted; who reads text only is not counted.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from itertools import chain
from string import punctuation
from typing import Final, NamedTuple
from urllib.parse import quote

from signalbox.model.domain_name import DomainError, ascii_domain
from signalbox.model.link_slots import Slot, slots_in
from signalbox.model.mail_text import PAGE_LINKS, URL, text_of
from signalbox.model.personalisation import (
    Values,
    fields_in,
    one_line,
    percent_encoded,
    replaced,
    split,
    tags_in,
)

OFF: Final = "off"
ON: Final = "on"
NOTHING: Final[Mapping[str, str]] = {}

_OTHERS_TAG: Final = "{{"
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_WITH_HOST: Final = re.compile(r"https?://[^/?#\\]+[/?#\\]", re.IGNORECASE)
_PARTS: Final = re.compile(r"(https?://)([^/?#\\]+)(.*)", re.IGNORECASE | re.DOTALL)
_AS_SENT: Final = re.compile(r"[!-~]+")  # RFC 3986 section 2: a URL has no other characters
_OCTETS: Final = re.compile(r"((?:%[0-9A-Fa-f]{2}(?=%[0-9A-Fa-f]{2}))+)")
_BREAKS: Final = re.compile(r"[\t\r\n]")
_BLANK: Final = "".join(map(chr, range(0x21)))
_HOST: Final = re.compile(r"[^\x00-\x20\x7f]+")

Encode = Callable[[str], str]
WrapLink = Callable[[int, str], str]
"""Takes a link's number and its personalised target; returns the address to write in its place, or
nothing where the link shall stay as it is."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that can be tracked.

    `number` is its place among those of the content, from 0: a target that is linked twice has two.
    `target` is the address with its personalisation tags, `label` what a reader sees of the link, at
    most 80 characters. `is_personal` says that the target holds tags, so that a click on it tells
    who clicked, whatever the token says.
    """

    number: int
    target: str
    label: str
    is_personal: bool


class Filled(NamedTuple):
    """The content of one mail. `html` is empty where the content has text only."""

    html: str
    text: str
    subject: str


class _Template(NamedTuple):
    """A text in pieces; `encodings` says of each how the values in it are made to fit, if it has any."""

    pieces: tuple[str, ...]
    encodings: tuple[Encode | None, ...]

    @property
    def is_personal(self) -> bool:
        return any(self.encodings)

    def filled(self, values: Values) -> str:
        return "".join(
            [
                piece if encode is None else replaced(piece, values, encode)
                for piece, encode in zip(self.pieces, self.encodings, strict=True)
            ]
        )


class _Hole(NamedTuple):
    """The target of a link: as it is written, and as an author reads it.

    `sent` is what a browser asks for, of a target that is the same for all. `quote` is what a
    tracked address needs around it.
    """

    number: int | None
    written: _Template
    target: _Template
    sent: str
    quote: str

    def filled(self, values: Values, wrap_link: WrapLink | None) -> str:
        if wrap_link is not None and self.number is not None:
            target = self.sent or as_sent(self.target.filled(values))
            wrapped = target and wrap_link(self.number, target)
            if wrapped:
                return f"{self.quote}{escape(wrapped)}{self.quote}"
        return self.written.filled(values)


@dataclass(frozen=True, slots=True)
class MailContent:
    """Content that was read, ready to be filled.

    `links` are those that can be tracked, in their order. `fields`, `events` and `pages` are what the
    tags in it ask for: tags that may be those of custom fields, names of events, and tags of
    `PAGE_LINKS`.
    """

    links: tuple[Link, ...]
    fields: frozenset[str]
    events: frozenset[str]
    pages: frozenset[str]
    has_html: bool
    _subject: _Template
    _text: _Template
    _body: tuple[_Template | _Hole, ...]
    _tail: tuple[_Template | _Hole, ...]

    def filled(
        self,
        values: Values,
        *,
        wrap_link: WrapLink | None = None,
        pixel_url: str = "",
        honeypot_url: str = "",
        pages: Mapping[str, str] = NOTHING,
    ) -> Filled:
        """Return the content for one contact.

        `wrap_link` makes links tracked; without it they are left as they are. `pixel_url` and
        `honeypot_url`, a link that no person sees, are put at the end of the body, the latter only
        where links are tracked. `pages` are the addresses for the tags of `PAGE_LINKS`.
        """
        subject = one_line(self._subject.filled(values))
        if pages:
            values = replace(values, fields={**values.fields, **pages})
        text = self._text.filled(values)
        if not self.has_html:
            return Filled("", text, subject)
        pieces = [_filled(part, values, wrap_link) for part in self._body]
        if wrap_link is not None and honeypot_url:
            pieces.append(_honeypot(honeypot_url))
        if pixel_url:
            pieces.append(pixel_tag(pixel_url))
        pieces += [_filled(part, values, wrap_link) for part in self._tail]
        return Filled("".join(pieces), text, subject)


def compiled(html: str, text: str, subject: str) -> MailContent:
    """Read content; an empty `text` is made from the HTML.

    Content that has text only stays so. Where it is to be tracked, hand `html_of` the text first.
    """
    found = slots_in(html)
    holes: list[tuple[Slot, _Hole]] = []
    links: list[Link] = []
    for slot in found.links:
        hole = _hole(slot, html[slot.start : slot.end], len(links))
        if hole is not None:
            holes.append((slot, hole))
            links += [] if hole.number is None else [_link(slot, hole)]
    text = text or text_of(html)
    tags = fields_in(html) | fields_in(text) | fields_in(subject)
    return MailContent(
        links=tuple(links),
        fields=tags - PAGE_LINKS,
        events=tags_in(html) | tags_in(text) | tags_in(subject),
        pages=tags & PAGE_LINKS,
        has_html=bool(html),
        _subject=_template(subject, str),
        _text=_text_template(text),
        _body=_parts(html, 0, found.body_end, holes),
        _tail=_parts(html, found.body_end, len(html), holes),
    )


def as_sent(url: str) -> str:
    """Return an http or https URL in the form that HTTP carries, ASCII alone; "" where it is none.

    A host of other letters becomes the one that a browser asks for (`model.domain_name`), all else is
    percent-encoded UTF-8.
    """
    found = _PARTS.fullmatch(url)
    if found is None or not _HOST.fullmatch(found[2]):
        return ""
    if _AS_SENT.fullmatch(url):
        return url
    user, at, server = found[2].rpartition("@")
    host, colon, port = server.partition(":")
    try:
        name = ascii_domain(host)
    except DomainError:
        return ""
    sent = f"{found[1]}{_quoted(user)}{at}{name}{colon}{port}{_quoted(found[3])}"
    return sent if _AS_SENT.fullmatch(sent) else ""


def _quoted(part: str) -> str:
    return quote(part, safe=punctuation, errors="replace")


def plain_target(url: str) -> str:
    """Return an address from plain text as a browser asks for it, where that is the same for all.

    "" for one with personalisation tags or with another program's in it, and for what is no address.
    """
    is_plain = _OTHERS_TAG not in url and not _url_template(url).is_personal
    return as_sent(url) if is_plain else ""


def _hole(slot: Slot, written: str, number: int) -> _Hole | None:
    """Return what to put in a link's place; None for one that stays plain HTML."""
    target = _BREAKS.sub("", slot.target.strip(_BLANK))  # as browsers read an address
    if _OTHERS_TAG in target or fields_in(target) & PAGE_LINKS:
        return None
    read = _url_template(target)
    sent = "" if read.is_personal else as_sent(target)
    if not sent and not (read.is_personal and _leads_to_web(read)):
        return None
    is_tracked = slot.tracking != OFF and (slot.tracking == ON or sent != "" or _has_host(read))
    if not is_tracked and not read.is_personal:
        return None
    if read.is_personal and not slot.quoted:  # a value could end it
        written = '"{}"'.format(written.replace('"', "&quot;"))
    return _Hole(
        number=number if is_tracked else None,
        written=_url_template(written, is_html=True),
        target=read,
        sent=sent,
        quote="" if slot.quoted else '"',
    )


def _leads_to_web(target: _Template) -> bool:
    """Tell whether an address with tags leads to the web, or may do so since a tag begins it."""
    return not target.pieces[0] or bool(_WEB.match(target.pieces[0]))


def _has_host(target: _Template) -> bool:
    """Tell whether the host stands before the first tag, whole."""
    return bool(_WITH_HOST.match(target.pieces[0]))


def _link(slot: Slot, hole: _Hole) -> Link:
    target = "".join(hole.target.pieces)
    return Link(hole.number or 0, target, slot.label, is_personal=hole.target.is_personal)


def _address(value: str) -> str:
    """Return a value that an address begins with: an address itself, or nothing that leads out."""
    return value if _WEB.match(value) else percent_encoded(value)


def _written_address(value: str) -> str:
    return escape(_address(value))


def _template(text: str, encode: Encode) -> _Template:
    pieces = split(text)
    return _Template(pieces, tuple(encode if at % 2 else None for at in range(len(pieces))))


def _url_template(url: str, *, is_html: bool = False) -> _Template:
    """Read an address: what it begins with may be an address itself, all other values are parts.

    In `%C3%B6` there is no tag `%C3%`: an octet before another one is percent-encoding.
    """
    between = _OCTETS.split(url)
    templates = [
        _Template((part,), (None,)) if at % 2 else _template(part, percent_encoded)
        for at, part in enumerate(between)
    ]
    pieces, encodings = _joined(templates)
    if any(encodings[1:2]) and not pieces[0].strip(_BLANK + '"'):
        first = _written_address if is_html else _address
        encodings = (None, first, *encodings[2:])
    return _Template(pieces, encodings)


def _joined(templates: list[_Template]) -> _Template:
    return _Template(
        tuple(chain.from_iterable(one.pieces for one in templates)),
        tuple(chain.from_iterable(one.encodings for one in templates)),
    )


def _text_template(text: str) -> _Template:
    """Read plain text: values within an address are percent-encoded, as in links."""
    templates: list[_Template] = []
    start = 0
    for found in URL.finditer(text):
        templates.append(_template(text[start : found.start()], str))
        templates.append(_url_template(found[0]))
        start = found.end()
    templates.append(_template(text[start:], str))
    return _joined(templates)


def _parts(
    html: str, start: int, end: int, holes: list[tuple[Slot, _Hole]]
) -> tuple[_Template | _Hole, ...]:
    parts: list[_Template | _Hole] = []
    for slot, hole in holes:
        if start <= slot.start < end:
            parts += (_template(html[start : slot.start], escape), hole)
            start = slot.end
    return (*parts, _template(html[start:end], escape))


def _filled(part: _Template | _Hole, values: Values, wrap_link: WrapLink | None) -> str:
    if isinstance(part, _Hole):
        return part.filled(values, wrap_link)
    return part.filled(values)


def pixel_tag(url: str) -> str:
    """Return the picture that tells of an open, as HTML."""
    return f'<img src="{escape(url)}" width="1" height="1" alt="" style="border:0">'


def _honeypot(url: str) -> str:
    return f'<a href="{escape(url)}" style="display:none" tabindex="-1" aria-hidden="true"></a>'
