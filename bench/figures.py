"""Figures as they are reported."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

COLUMNS = "{:<46} {:>8} {:>8} {:>8}  {}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: a ratio, what it is measured against, and what is aimed at.

    `measured` and `beside` are the two figures that the ratio is made of, in `unit`; 0 as the
    target means that none is set.
    """

    name: str
    ratio: float
    measured: float
    beside: float
    unit: str
    against: str
    target: float = 0.0

    @property
    def verdict(self) -> str:
        """Return whether the target is met."""
        if not self.target:
            return ""
        return "met" if self.ratio <= self.target else "NOT MET"


def compared(  # noqa: PLR0913 the facts of a figure
    name: str,
    measured: Sequence[float],
    beside: Sequence[float],
    *,
    unit: str,
    against: str,
    target: float = 0.0,
) -> Figure:
    """Return the ratio of the least of each: noise only ever adds."""
    least, other = min(measured), min(beside)
    return Figure(name, least / other, least, other, unit, against, target)


def header() -> str:
    """Return the head of the table."""
    return COLUMNS.format("", "ratio", "target", "", "measured / beside")


def line(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    target = f"{figure.target:.3f}" if figure.target else ""
    beside = f"{figure.measured:,.1f} / {figure.beside:,.1f} {figure.unit} of {figure.against}"
    return COLUMNS.format(
        figure.name, f"{figure.ratio:.3f}", target, figure.verdict, beside
    ).rstrip()


def plain(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """Return the figures as JSON has them."""
    return [asdict(figure) | {"verdict": figure.verdict} for figure in figures]
