"""Where the parts of a MIME message stand, so that one can be changed and the rest keeps its bytes.

Mail programs write messages in many ways, and signatures are made over bytes: parsing a message and
writing it again would change it. Here parts and header fields are found by their positions (RFC 5322
section 2.2, RFC 2046 section 5.1.1). What is inside a forwarded message is not looked at.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

DEEPEST: Final = 10
MOST_PARTS: Final = 500

_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_PARAMETER: Final = re.compile(
    r""";[ \t\r\n]*([^\s=;"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))"""
)
_ESCAPED: Final = re.compile(r"\\(.)")

Edit = tuple[int, int, bytes]
"""Bytes to put in the place of those from the first position up to the second."""


class Field(NamedTuple):
    """A header field: its name in lower case, its value unfolded, and where it stands, line end and all.

    Bytes that are no UTF-8 are surrogates in the value (PEP 383).
    """

    name: str
    value: str
    start: int
    end: int


class Part(NamedTuple):
    """A message or a part of one: head from `start`, body from `body` to `end`, and the parts in it."""

    fields: tuple[Field, ...]
    start: int
    body: int
    end: int
    parts: tuple["Part", ...]

    def value(self, name: str) -> str:
        """Return the value of the first field of this name, in lower case; empty for none."""
        return next((one.value for one in self.fields if one.name == name), "")

    def field(self, name: str) -> Field | None:
        """Return the first field of this name, in lower case."""
        return next((one for one in self.fields if one.name == name), None)

    @property
    def media_type(self) -> str:
        """Return the media type in lower case; `text/plain` where none is said."""
        said = self.value("content-type").partition(";")[0].strip().lower()
        return said or "text/plain"

    def parameter(self, name: str) -> str:
        """Return a parameter of the media type, its name in lower case; empty for none."""
        for found in _PARAMETER.finditer(self.value("content-type")):
            if found[1].lower() == name:
                return found[3] or _ESCAPED.sub(r"\1", found[2] or "")
        return ""


def part_of(raw: bytes) -> Part:
    """Read a message.

    Parts that lie deeper than `DEEPEST`, and what comes after `MOST_PARTS`, are not told apart.
    """
    return _Reader(raw).part(0, len(raw), DEEPEST)


def every_part(part: Part) -> Iterator[Part]:
    """Yield a part and all that are in it, in their order."""
    yield part
    for one in part.parts:
        yield from every_part(one)


def spliced(raw: bytes, edits: list[Edit]) -> bytes:
    """Return the bytes with edits made, of which no two touch the same place."""
    pieces: list[bytes] = []
    at = 0
    for start, end, new in sorted(edits):
        pieces += (raw[at:start], new)
        at = end
    return b"".join((*pieces, raw[at:]))


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._left = MOST_PARTS

    def part(self, start: int, end: int, depth: int) -> Part:
        fields, body = self._head(start, end)
        part = Part(fields, start, body, end, ())
        boundary = part.parameter("boundary").encode("utf-8", "surrogateescape")
        if depth and boundary and part.media_type.startswith("multipart/"):
            parts = tuple(self.part(*place, depth - 1) for place in self._places(part, boundary))
            return part._replace(parts=parts)
        return part

    def _head(self, start: int, end: int) -> tuple[tuple[Field, ...], int]:
        """Return the fields of a head, and where the body begins.

        A line that is no part of a head ends it, as mail programs have it.
        """
        fields: list[Field] = []
        at = start
        while at < end:
            stop = self._line_end(at, end)
            if not self._raw[at:stop].strip(b"\r\n"):
                return tuple(fields), stop
            found = _FIELD.match(self._raw, at, stop)
            if found is None:
                break
            while stop < end and self._raw[stop : stop + 1] in (b" ", b"\t"):
                stop = self._line_end(stop, end)
            text = self._raw[found.end() : stop].decode("utf-8", "surrogateescape")
            name = found[1].decode("ascii").lower()
            fields.append(Field(name, _FOLD.sub("", text).strip(), at, stop))
            at = stop
        return tuple(fields), at

    def _places(self, part: Part, boundary: bytes) -> Iterator[tuple[int, int]]:
        """Yield where the parts of a multipart begin and end."""
        mark = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
        begun = None
        for found in mark.finditer(self._raw, part.body, part.end):
            if begun is not None:
                yield begun, max(begun, self._before_line_end(found.start()))
            self._left -= 1
            if found[1] or self._left < 0:
                return
            begun = min(found.end() + 1, part.end)
        if begun is not None:  # the last delimiter was cut off
            yield begun, part.end

    def _line_end(self, at: int, end: int) -> int:
        return self._raw.find(b"\n", at, end) + 1 or end

    def _before_line_end(self, at: int) -> int:
        """Return where the line before a position ends; its end belongs to the delimiter."""
        return at - (2 if self._raw[at - 2 : at] == b"\r\n" else 1)
