"""What a campaign's text messages say: read once, filled for each contact, with links made short.

A link is tracked where its address is http or https and the same for all. One with personalisation
tags in it stays as it is: its short form does not say where it leads, so that would have to be kept
for each message, and a host that comes from a contact's facts is none that ours may lead to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from signalbox.model.mail_content import Link, MailContent, WrapLink, compiled, plain_target
from signalbox.model.mail_text import URL
from signalbox.model.personalisation import Values
from signalbox.model.tracking_url import is_target

_LONGEST_LABEL: Final = 80


class _Piece(NamedTuple):
    """A tracked link, or what stands between two."""

    written: str
    content: MailContent
    link: Link | None

    def wrapped(self, wrap_link: WrapLink) -> str:
        return wrap_link(self.link.number, self.link.target) if self.link else ""


@dataclass(frozen=True, slots=True)
class LinkedText:
    """A text that was read, ready to be filled; `links` are those that can be tracked, in order.

    The `target` of each is what a browser asks for, its `label` the address as it is written.
    """

    links: tuple[Link, ...]
    _pieces: tuple[_Piece, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Return where the links lead, by their numbers."""
        return tuple(link.target for link in self.links)

    def filled(self, values: Values, wrap_link: WrapLink) -> str:
        """Return the text for one contact.

        `wrap_link` takes a link's number and target; what it returns stands in the link's place,
        or the link itself where that is empty.
        """
        return "".join(
            [one.wrapped(wrap_link) or one.content.filled(values).text for one in self._pieces]
        )

    def unfilled(self, wrap_link: WrapLink) -> str:
        """Return the text with its personalisation tags as they are."""
        return "".join([one.wrapped(wrap_link) or one.written for one in self._pieces])


def linked(text: str) -> LinkedText:
    """Read a text."""
    pieces: list[_Piece] = []
    links: list[Link] = []
    for written, target in _pieces(text):
        link = None
        if target:
            link = Link(len(links), target, written[:_LONGEST_LABEL], is_personal=False)
            links.append(link)
        pieces.append(_Piece(written, compiled("", written, ""), link))
    return LinkedText(tuple(links), tuple(pieces))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text in pieces, each with the target of the link that it is, or with nothing."""
    start = 0
    for found in URL.finditer(text):
        target = plain_target(found[0])
        if target and is_target(target):
            if start < found.start():
                yield text[start : found.start()], ""
            yield found[0], target
            start = found.end()
    if start < len(text):
        yield text[start:], ""
