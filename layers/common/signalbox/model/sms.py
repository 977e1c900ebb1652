"""Text messages: how a text is encoded, and into how many parts it is cut.

A message of one part holds 160 characters of the GSM 7-bit default alphabet (3GPP TS 23.038 section
6.2.1), those of its extension table counting twice, or 70 UTF-16 code units. Longer ones are sent in
parts of 153 or 67 (3GPP TS 23.040 section 9.2.3.24.1), and carriers charge each part.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_TEXT = 1600
"""Characters that AWS takes in one message."""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_LARGEST_OF_PLANE_0: Final = 0xFFFF


class Encoding(StrEnum):
    """How the characters of a message are sent."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Size:
    """What a text comes to: `units` are septets or UTF-16 code units, `segments` parts to pay."""

    encoding: Encoding
    units: int
    segments: int

    def __str__(self) -> str:
        """Say it in a few words, as in `2 segments, GSM-7`."""
        return f"{self.segments} segment{'s' * (self.segments != 1)}, {self.encoding}"


def size_of(text: str) -> Size:
    """Return what a text comes to; an empty one is still one message."""
    if set(text) <= _BASIC | _EXTENSION:
        return _size(Encoding.GSM_7, [1 + (mark in _EXTENSION) for mark in text], 160, 153)
    widths = [1 + (ord(mark) > _LARGEST_OF_PLANE_0) for mark in text]
    return _size(Encoding.UCS_2, widths, 70, 67)


def _size(encoding: Encoding, widths: list[int], alone: int, together: int) -> Size:
    units = sum(widths)
    return Size(encoding, units, 1 if units <= alone else _parts(widths, together))


def _parts(widths: Iterable[int], room: int) -> int:
    """Count the parts; no character is cut in two."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts
