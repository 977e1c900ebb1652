"""CSV files as people have them: whatever encoding and delimiter, and cells that may be traps."""

import codecs
import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from cli.errors import CommandError, UsageError
from signalbox.model.spreadsheet import LINE_END, guarded, unguarded

DELIMITERS = {",": ",", ";": ";", "|": "|", "TAB": "\t", "\t": "\t"}
SAMPLE_BYTES = 65_536
SAMPLE_ROWS = 20
WIDEST_CELL = 1_000_000
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read; `header` are the names in its first row."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One row below the header.

    `row` counts as a spreadsheet does: the header is row 1. `fault` says why the row cannot be used;
    `read_bytes` is how much of the file has been read.
    """

    row: int
    cells: tuple[str, ...]
    fault: str
    read_bytes: int


def joined(names: Iterable[str]) -> str:
    """Return names as one cell: `news,"sales, north"`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(list(names))
    return text.getvalue()


def parted(cell: str) -> list[str]:
    """Return the names of a cell, without those that are empty."""
    rows = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    return [name.strip() for row in rows for name in row if name.strip()]


def write_row(file: IO[str], cells: Iterable[str]) -> None:
    """Write guarded cells as a row to a text file opened with `newline=""`."""
    csv.writer(file, lineterminator=LINE_END).writerow([guarded(cell) for cell in cells])


def examine(path: Path, encoding: str, delimiter: str) -> Layout:
    """Find out how a file is to be read; empty `encoding` and `delimiter` are to be found out.

    Raises:
        UsageError: it cannot be read so, or has no header.
    """
    csv.field_size_limit(WIDEST_CELL)
    try:
        with path.open("rb") as file:
            head = file.read(SAMPLE_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    encoding = _encoding(head, encoding)
    sample = _sample(head, encoding, path)
    found = _delimiter(sample, delimiter)
    rows = _rows(sample, found)
    header = tuple(unguarded(name).strip() for name in rows[0]) if rows else ()
    if not any(header):
        raise UsageError(f"{path} has no header: its first row must name the columns.")
    return Layout(encoding, found, header)


def records(path: Path, layout: Layout) -> Iterator[Record]:
    """Yield the rows below the header one by one; empty lines count as rows, but are passed over.

    Raises:
        CommandError: from here on the file is not in the encoding.
    """
    with path.open("rb") as binary:
        errors = _errors(layout.encoding)
        text = io.TextIOWrapper(binary, encoding=layout.encoding, errors=errors, newline="")
        reader = csv.reader(text, delimiter=layout.delimiter)
        width, row = len(layout.header), 0
        while True:
            row += 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield Record(row, (), f"cannot be read: {error}", binary.tell())
                continue
            except UnicodeError as error:
                raise CommandError(_wrong_encoding(path, layout.encoding)) from error
            if cells is None:
                return
            if row > 1 and cells:
                plain = tuple(unguarded(cell) for cell in cells)
                yield Record(row, plain, _fault(plain, width), binary.tell())


def _fault(cells: Sequence[str], width: int) -> str:
    if len(cells) < width:
        return f"has {len(cells)} cells, but the header has {width}"
    if any(cells[width:]):
        return f"has {len(cells)} cells, but the header has {width}; is a quote missing?"
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return "is not UTF-8; --encoding names another encoding"
    return ""


def _encoding(head: bytes, wanted: str) -> str:
    if not wanted:
        return "utf-16" if head.startswith(UTF_16_MARKS) else "utf-8-sig"
    try:
        name = codecs.lookup(wanted).name
    except LookupError as error:
        raise UsageError(f"--encoding {wanted!r} is not known; try utf-8 or cp1252.") from error
    return "utf-8-sig" if name == "utf-8" else name


def _errors(encoding: str) -> str:
    """Return how to read on over broken bytes: in UTF-8 they cost their row only."""
    return "surrogateescape" if encoding == "utf-8-sig" else "strict"


def _sample(head: bytes, encoding: str, path: Path) -> str:
    try:
        decoder = codecs.getincrementaldecoder(encoding)(_errors(encoding))
        text = decoder.decode(head)
    except (UnicodeError, LookupError) as error:
        raise UsageError(_wrong_encoding(path, encoding)) from error
    if len(head) < SAMPLE_BYTES:
        return text
    whole, end, _ = text.rpartition("\n")  # the last line may be cut in two
    return whole + end or text


def _wrong_encoding(path: Path, encoding: str) -> str:
    return f"{path} is not in the encoding {encoding}; --encoding names another."


def _delimiter(sample: str, wanted: str) -> str:
    """Return the delimiter: of those that part the header the one that parts most rows alike."""
    if wanted:
        named = DELIMITERS.get(wanted.upper())
        if named is None:
            raise UsageError(f"--delimiter {wanted!r} is none of , ; | TAB.")
        return named
    return max(dict.fromkeys(DELIMITERS.values()), key=lambda one: _likelihood(sample, one))


def _likelihood(sample: str, delimiter: str) -> tuple[float, int]:
    widths = [len(row) for row in _rows(sample, delimiter)]
    if not widths or widths[0] < 2:  # noqa: PLR2004 it parts nothing
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _rows(sample: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        return [row for row in islice(reader, SAMPLE_ROWS) if row]
    except csv.Error:
        return []


def size(path: Path) -> int:
    """Return how many bytes a file has; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def warn(sentence: str) -> None:
    """Tell something on standard error that ends nothing."""
    print(f"signalbox: {sentence}", file=sys.stderr)
