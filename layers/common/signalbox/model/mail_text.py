"""The two forms of a mail's content made of each other: plain text of HTML, and HTML of plain text."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

from signalbox.model.link_slots import attributes_of

# A tag of personalisation may hold spaces, as `%EVENT: file download request%`. What ends a sentence
# does not end an address, but a bracket does that was opened in it.
URL: Final = re.compile(
    r"""\b(?i:https?)://(?>%EVENT:[^%<>]{1,256}%|\([^\s<>"()]*\)|[^\s<>"])*"""
    r"""(?:%EVENT:[^%<>]{1,256}%|\([^\s<>"()]*\)|%|[^\s<>"%.,;:!?'\])}])"""
)
"""An address in plain text, with the personalisation tags that it may hold."""

UNSUBSCRIBE_LINK: Final = "UNSUBSCRIBELINK"
UPDATE_LINK: Final = "UPDATELINK"
PAGE_LINKS: Final = frozenset({UNSUBSCRIBE_LINK, UPDATE_LINK})
"""Tags for the addresses of pages where a person unsubscribes, and sees and changes what we may do:
`%UNSUBSCRIBELINK%` and `%UPDATELINK%`, ActiveCampaign's names like those of the other tags."""

_LINKED: Final = re.compile(f"{URL.pattern}|%(?:{'|'.join(sorted(PAGE_LINKS))})%")
_BETWEEN_PARAGRAPHS: Final = re.compile(r"\n[ \t]*\n\s*")


def text_of(html: str) -> str:
    """Return what a reader of HTML sees, as plain text.

    Links stand as `text (address)`, blocks on lines of their own, pictures as their description;
    scripts, styles and the title are left out.
    """
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return reader.text()


def html_of(text: str) -> str:
    """Return plain text as an HTML document: what was written for readers of text, with its links.

    Blank lines part paragraphs, line breaks stay, addresses become links. Personalisation tags stay
    tags. A mail is tracked in its HTML alone, so content that has only text is sent in this form
    too where tracking is on.
    """
    lines = "\n".join(re.split(r"\r\n|\r|\n", text)).strip("\n")
    paragraphs = [one for one in _BETWEEN_PARAGRAPHS.split(lines) if one.strip()]
    body = "\n".join(f"<p>{_linked(one)}</p>" for one in paragraphs)
    return (
        '<!DOCTYPE html>\n<html>\n<head><meta charset="utf-8"></head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _linked(paragraph: str) -> str:
    pieces: list[str] = []
    start = 0
    for found in _LINKED.finditer(paragraph):
        pieces.append(escape(paragraph[start : found.start()]))
        pieces.append(f'<a href="{escape(found[0])}">{escape(found[0])}</a>')
        start = found.end()
    pieces.append(escape(paragraph[start:]))
    return "".join(pieces).replace("\n", "<br>\n")


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

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        attributes = attributes_of(self.get_starttag_text() or "")
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
                self._pieces.append(attributes.get("alt", ""))
            case "a":
                self._links.append((attributes.get("href", ""), len(self._pieces)))

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
