"""What a command shows: aligned text for people, or JSON for programs and nothing else."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

PIPE_WIDTH = 10_000  # lines for another program are never broken


@dataclass(frozen=True, slots=True)
class Screen:
    """Standard output; each method takes what programs get and what people read instead."""

    is_json: bool

    def say(self, answer: Any, *sentences: str) -> None:
        """Show sentences, each on its line."""
        if self.is_json:
            show_json(answer)
            return
        for sentence in sentences:
            print(printable(sentence))

    def facts(self, answer: Any, facts: Iterable[tuple[str, str]]) -> None:
        """Show named facts, one a line; those without a value are left out."""
        if self.is_json:
            show_json(answer)
            return
        known = [(name, value) for name, value in facts if value]
        _show_rows((), known)

    def table(
        self, answer: Any, headings: Sequence[str], rows: Sequence[Sequence[str]], nothing: str
    ) -> None:
        """Show rows under headings, or the sentence `nothing` where there are none."""
        if self.is_json:
            show_json(answer)
        elif rows:
            _show_rows(headings, rows)
        else:
            print(nothing)


def show_json(value: Any) -> None:
    """Print a JSON document."""
    print(json.dumps(value, indent=2))


def show_json_line(value: Any) -> None:
    """Print JSON on a line of its own, at once."""
    print(json.dumps(value), flush=True)


def rendered(shown: "RenderableType") -> str:
    """Return what rich makes of something: coloured and folded on a terminal only."""
    from rich.console import Console  # noqa: PLC0415 90 ms that JSON need not pay

    screen = Console(markup=False, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = PIPE_WIDTH
    with screen.capture() as captured:
        screen.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: what does not print is shown as its escape.

    Names and values come from whoever holds an event key.
    """
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text
    )


def moment(time_ms: int) -> str:
    """Return a time as the clock on the wall shows it; empty for 0, which means never."""
    if not time_ms:
        return ""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _show_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.table import Table  # noqa: PLC0415 see above

    shown = Table(
        *headings, box=None, pad_edge=False, show_header=bool(headings), header_style="bold"
    )
    for row in rows:
        shown.add_row(*(printable(cell) for cell in row))
    print(rendered(shown))
