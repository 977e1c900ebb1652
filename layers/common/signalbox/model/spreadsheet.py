"""Cells that no spreadsheet takes for a formula.

A spreadsheet takes a cell that begins with `=` and the like for a formula and runs it, so what is
written gets an apostrophe in front, and what is read loses exactly that one (OWASP, "CSV Injection").
"""

import csv
import io
from collections.abc import Iterable

TRAPS = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")  # the last four are the wide = + - @
LINE_END = "\r\n"  # RFC 4180 section 2


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _is_trap(cell) else cell


def unguarded(cell: str) -> str:
    """Return what `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _is_trap(cell) else cell


def csv_of(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as the text of a CSV file, each cell guarded."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=LINE_END)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


def _is_trap(cell: str) -> bool:
    # Apostrophes before it count too; else '=1 would come back as =1.
    return cell.lstrip("'")[:1] in TRAPS if cell else False
