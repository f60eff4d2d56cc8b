"""A table of text: the names of its columns, its rows, and the line where each begins."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from diffdata.errors import PackageError
from diffdata.package.packages import read_text

# One cell may be long (an abstract, a list of authors); the csv module would stop at 131,072.
_LONGEST_CELL = 2**24


@dataclass(frozen=True)
class Table:
    """A table whose cells are text, as they stand in a file.

    Attributes
    ----------
    name
        What messages call it.
    columns
        The names of the columns, each once.
    rows
        The cells, one tuple a row, as long as `columns`.
    lines
        The line of the file where each row begins, from 1.
    remarks
        What a reader should know: short rows that were filled up.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    remarks: tuple[str, ...] = ()

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.columns)}

    def place(self, column: str) -> int:
        """Return the position of a column, from 0 (KeyError if there is none)."""
        return self._places[column]

    def cells(self, column: str) -> list[str]:
        """Return the cells of a column, one a row."""
        place = self.place(column)
        return [row[place] for row in self.rows]


def make_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table of rows at hand; its lines count as if each row were one line of a file.

    Examples
    --------
    >>> make_table("models", ["model", "flop"], [["GPT-3", "3.14e23"]]).lines
    (2,)
    """
    held = tuple(tuple(row) for row in rows)
    return Table(name, tuple(columns), held, tuple(range(2, len(held) + 2)))


def read_table(path: str | os.PathLike[str], name: str | None = None) -> Table:
    """Read a CSV file: UTF-8 with or without a byte order mark, any line ends, lines within cells.

    Parameters
    ----------
    path
        The file.
    name
        What messages call it; by default the path.

    Raises
    ------
    PackageError
        If the file cannot be read, is not UTF-8, is empty, has a column twice, or has a row with
        more cells than the header; the line is named.

    Examples
    --------
    >>> from diffdata.package.places import bundled_root
    >>> read_table(bundled_root() / "data" / "models.csv").columns[:2]
    ('model_id', 'name')
    """
    name = str(path) if name is None else name
    return parse_table(read_text(Path(path), name), name)


def parse_table(text: str, name: str) -> Table:
    r"""Read the text of a CSV file; see `read_table`.

    Blank lines are skipped. A row with fewer cells than the header is filled up with empty ones,
    and ``remarks`` says so.

    Examples
    --------
    >>> table = parse_table('\ufeffModel,Notes\r\nGPT-3,"two\nlines"\r\n\r\nOPT,\r\n', "a.csv")
    >>> table.columns, table.rows, table.lines
    (('Model', 'Notes'), (('GPT-3', 'two\nlines'), ('OPT', '')), (2, 5))
    """
    lines, rows = [], []
    short = []
    width = None
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
        line = 1
        for cells in reader:
            here, line = line, reader.line_num + 1
            if not cells:
                continue
            if width is None:
                width = len(cells)
            elif len(cells) < width:
                short.append(here)
                cells = [*cells, *[""] * (width - len(cells))]
            elif any(cells[width:]):
                raise PackageError(
                    f"{name}: line {here}: the row has {len(cells)} cells, expected {width} as in "
                    "the header; a cell that holds a comma must stand in double quotes",
                    here,
                )
            lines.append(here)
            rows.append(tuple(cells[:width]))
    except csv.Error as error:
        raise PackageError(f"{name}: line {line}: this is not CSV: {error}", line) from None
    finally:
        csv.field_size_limit(before)
    if width is None:
        raise PackageError(f"{name}: the file is empty; expected a header", 1)
    header = tuple(column.strip() for column in rows[0])
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise PackageError(f"{name}: the column {twice[0]!r} stands twice; rename one of them", 1)
    remarks = []
    if short:
        named = ", ".join(map(str, short[:10])) + (", ..." if len(short) > 10 else "")
        remarks.append(
            f"{name}: {len(short)} rows are shorter than the header and were filled up with empty "
            f"cells (line {named})"
        )
    return Table(name, header, tuple(rows[1:]), tuple(lines[1:]), tuple(remarks))
