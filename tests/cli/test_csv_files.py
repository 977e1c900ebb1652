"""CSV files: read row by row, written so that no cell is a formula."""

import csv
import io
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from cli import csv_files
from signalbox.model import spreadsheet
from tests.cli.importing import people


def test_rows_are_read_one_by_one(tmp_path):
    """The first rows come before the rest of a large file is read."""
    path = tmp_path / "large.csv"
    path.write_text(people(100_000))
    layout = csv_files.examine(path, "", "")
    first = list(islice(csv_files.records(path, layout), 10))

    assert [2, 3] == [record.row for record in first[:2]]
    assert first[-1].read_bytes < path.stat().st_size / 10


TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.text(
    "'=+-@\t\r\n|%;,\" a", max_size=8
)


@given(TEXT)
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(cell):
    guarded = spreadsheet.guarded(cell)

    assert cell == spreadsheet.unguarded(guarded)
    assert guarded[:1] not in spreadsheet.TRAPS or not guarded


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_written_row_is_read_as_it_was(cells):
    file = io.StringIO(newline="")
    csv_files.write_row(file, cells)
    read = list(csv.reader(io.StringIO(file.getvalue(), newline="")))

    assert [cells] == [[spreadsheet.unguarded(cell) for cell in row] for row in read]


NAMES = TEXT.map(str.strip).filter(bool)


@given(st.lists(NAMES, max_size=4))
def test_names_in_one_cell_are_parted_as_they_were_joined(names):
    assert names == csv_files.parted(csv_files.joined(names))
