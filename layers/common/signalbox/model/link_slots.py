"""Where an HTML mail can be changed without touching the rest of it: its links, and its end.

Mails are read by programs that keep to no standard, so what an author wrote is kept byte for byte:
nothing is parsed into a tree and written again, but places are found by their positions. Links stand
in `<a>` and `<area>`, and for Outlook in the VML of conditional comments
(`<!--[if mso]> … <![endif]-->`), which are read as HTML of their own.
"""

import html
import re
from dataclasses import dataclass, replace
from html.entities import html5
from html.parser import HTMLParser
from typing import Final

LONGEST_LABEL = 80

_LINKING: Final = frozenset({"a", "area"})
_VML: Final = "v:"
_COMMENT: Final = "<!--"
_CONDITIONAL: Final = re.compile(r"\s*\[if\b[^\]]*\]>")

# The HTML standard's white space, which is less than `\s`. What begins with a quote that nothing
# closes is no value.
_TAG_NAME: Final = re.compile(r"<[^\t\n\f\r />]+")
_ATTRIBUTE: Final = re.compile(
    r"([^\t\n\f\r />=][^\t\n\f\r />=]*+)"
    r"""(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:"([^"]*+)"|'([^']*+)'|([^\t\n\f\r >"'][^\t\n\f\r >]*+)))?+"""
)
_UNQUOTED = 4  # the group above
_REFERENCE: Final = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*)[;=]?")


@dataclass(frozen=True, slots=True)
class Slot:
    """The target of a link in HTML.

    `start` and `end` are where it stands, without its quotes (`quoted` says whether there are any);
    `target` is what a browser reads there, `label` what a reader sees of the link, and `tracking`
    the value of the tag's `data-track`, in lower case.
    """

    start: int
    end: int
    quoted: bool
    target: str
    label: str
    tracking: str


@dataclass(frozen=True, slots=True)
class Slots:
    """The links of an HTML document in their order, and where its body ends."""

    links: tuple[Slot, ...]
    body_end: int


def slots_in(document: str) -> Slots:
    """Find the links of a document and the end of its body: its last `</body>`, else its end."""
    reader = _LinkReader(document)
    links = reader.links()
    for start, comment in reader.comments:
        links += _LinkReader(comment, offset=start).links()
    end = len(document) if reader.body_end is None else reader.body_end
    return Slots(tuple(sorted(links, key=lambda slot: slot.start)), end)


def attributes_of(tag: str) -> dict[str, str]:
    """Return the attributes of a start tag, `<a href="…">`, that have values.

    The values are what a browser reads: in an address, `&copy=` is no copyright sign. Older
    releases of the standard library's parser make it one.
    """
    return {name: _value(found) for name, found in _attributes(tag).items()}


class _LinkReader(HTMLParser):
    """Reads a document, or a comment that begins at `offset` in one.

    `comments` are the conditional comments in it, each with its position.
    """

    def __init__(self, document: str, *, offset: int = 0) -> None:
        super().__init__(convert_charrefs=True)
        self.comments: list[tuple[int, str]] = []
        self.body_end: int | None = None
        self._document = document
        self._offset = offset
        self._lines = [0, *(found.end() for found in re.finditer("\n", document))]
        self._found: list[tuple[Slot, list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(document)
        self.close()

    def links(self) -> list[Slot]:
        """Return the links, each with what a reader sees of it."""
        return [replace(slot, label=_label(pieces)) for slot, pieces in self._found]

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        # The standard library's own raises AssertionError on `<![x[`; the HTML standard makes it a
        # comment.
        return self.parse_bogus_comment(i, bool(report))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # HTML knows no `<a/>`: what follows is in the link

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.handle_data(attributes_of(self.get_starttag_text() or "").get("alt", ""))
        if tag in _LINKING or tag.startswith(_VML):
            self._read_link(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "body":
            self.body_end = self._position()
        if any(tag == opened for opened, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][1].append(data)

    def handle_comment(self, data: str) -> None:
        start = self._position()
        if self._document.startswith(_COMMENT, start) and _CONDITIONAL.match(data):
            self.comments.append((start + len(_COMMENT), data))

    def _position(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _read_link(self, tag: str) -> None:
        written, start = self.get_starttag_text() or "", self._position()
        attributes = _attributes(written)
        pieces: list[str] = []
        if tag == "area":
            pieces.append(_value(attributes.get("alt")))
        else:  # a link within a link ends it
            self._open = [opened for opened in self._open if opened[0] != tag]
            self._open.append((tag, pieces))
        href = attributes.get("href")
        if href is None or not self._document.startswith(written, start):
            return
        base = start + self._offset
        slot = Slot(
            start=base + href.start(href.lastindex or 0),
            end=base + href.end(href.lastindex or 0),
            quoted=href.lastindex != _UNQUOTED,
            target=_value(href),
            label="",
            tracking=_value(attributes.get("data-track")).strip().lower(),
        )
        self._found.append((slot, pieces))


def _attributes(written: str) -> dict[str, re.Match[str]]:
    """Return the attributes of a tag that have values; of two of a name the first one counts."""
    name = _TAG_NAME.match(written)
    found: dict[str, re.Match[str]] = {}
    for attribute in _ATTRIBUTE.finditer(written, name.end() if name else 0):
        if (attribute.lastindex or 0) > 1:
            found.setdefault(attribute[1].lower(), attribute)
    return found


def _value(attribute: re.Match[str] | None) -> str:
    if attribute is None:
        return ""
    return _REFERENCE.sub(_unescaped, attribute[attribute.lastindex or 0])


def _unescaped(reference: re.Match[str]) -> str:
    written = reference[0]
    is_exact = written.startswith("&#") or (written[-1] != "=" and written[1:] in html5)
    return html.unescape(written) if is_exact else written


def _label(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())[:LONGEST_LABEL].rstrip()
