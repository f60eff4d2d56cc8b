"""First step: the bytes of a CSV file as columns of text, with the line of each row.

A regular file is split by Arrow, see `regular`. Any other one (rows of different lengths, blank
rows, quotes in odd places) is read row by row, so that each fault is found at its line.
"""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

from diffdata.errors import Issue
from diffdata.schemas.standard import Dialect, TableSchema
from diffdata.validation import shape
from diffdata.validation.found import MOST_ISSUES
from diffdata.validation.header import Header, read_header
from diffdata.validation.records import NO_MORE, RFC_4180, records
from diffdata.validation.regular import read_regular

_ROWS_AT_A_TIME = 2**16
_SAMPLE = 20  # rows that are held against the header
_LOOKED_AT = 200  # bytes, to tell UTF-16 without a mark
_EXPLAINED = 1000  # rows of a wrong length of which the place is looked for


@dataclass(frozen=True)
class TextTable:
    """The cells of a CSV file as text.

    Attributes
    ----------
    file
        Its name in issues.
    columns
        One column of strings for each column of the header that the schema knows; null is an empty
        cell.
    lines
        For each row the line where it begins.
    broken
        The rows, by position, that are too long or too short: it is not known which of their cells
        belongs where, so only the key is kept.
    complete
        False if some of the file could not be read.
    """

    file: str
    columns: dict[str, pa.ChunkedArray]
    lines: Sequence[int]
    broken: frozenset[int] = field(default_factory=frozenset)
    complete: bool = True

    def __len__(self) -> int:
        return len(self.lines)

    def cell(self, position: int, column: str) -> str:
        """Return the text of a cell, empty where there is none."""
        return self.columns[column][position].as_py() or "" if column in self.columns else ""

    def rows(self) -> list[dict[str, str]]:
        """Return all rows, each with the text of its cells by column."""
        columns = {name: column.to_pylist() for name, column in self.columns.items()}
        return [
            {name: cells[position] or "" for name, cells in columns.items()}
            for position in range(len(self))
        ]

    def cells(self, position: int, columns: Sequence[str]) -> dict[str, str]:
        """Return the text of some cells of a row."""
        return {name: self.cell(position, name) for name in columns}


def read_table(
    data: bytes, file: str, schema: TableSchema, dialect: Dialect = RFC_4180, *,
    as_meant: bool = True,
) -> tuple[TextTable, list[Issue]]:  # fmt: skip
    """Split a CSV file into cells and check its shape: header, row lengths, blank rows, quotes.

    Parameters
    ----------
    data
        The whole file, in UTF-8.
    file
        Its name in issues.
    schema
        The schema that says which columns to expect.
    dialect
        How the file is written, if not with commas and double quotes.
    as_meant
        Whether a header that does not agree with the cells below it is read as it was meant.

    Returns
    -------
    table, issues
        All rows but blank ones, and what is wrong with the shape of the file.
    """
    issues = []
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        if schema.profiled:
            issues.append(shape.byte_order_mark(file))
    if data[:_LOOKED_AT].count(0) > len(data[:_LOOKED_AT]) // 4:
        return TextTable(file, {}, [], complete=False), [shape.not_utf8(file)]
    header = _header(data, file, schema, dialect, as_meant)
    issues += header.issues
    if not header.readable:
        return TextTable(file, {}, [], complete=False), issues
    if dialect == RFC_4180:
        found = read_regular(data, header.names)
        if found is not None:
            columns, lines = found
            known = {name: columns[name] for name in schema.column_names if name in columns}
            return TextTable(file, known, lines), issues
    table, more = read_irregular(data, file, schema, header.names, dialect)
    return table, [*issues, *more]


def first_row(data: bytes, dialect: Dialect = RFC_4180) -> list[str]:
    """Return the header of a CSV file, empty if it cannot be read."""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
    return next((record.cells for record in records(text, dialect) if record.cells), [])


def _header(
    data: bytes, file: str, schema: TableSchema, dialect: Dialect, as_meant: bool
) -> Header:
    """Read the header, or take the one that the schema gives."""
    if not dialect.header:
        return Header(list(schema.column_names))
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
    first = list(islice((r for r in records(text, dialect) if r.cells or r.error), _SAMPLE + 1))
    if not first:
        return Header([], [shape.empty_file(file, schema)], readable=False)
    if first[0].error:  # told where it stands, as for any row
        return Header(list(schema.column_names))
    sample = [record.cells for record in first[1:] if any(record.cells) and not record.error]
    return read_header(file, first[0].cells, sample if as_meant else [], schema)


def read_irregular(
    data: bytes, file: str, schema: TableSchema, names: Sequence[str], dialect: Dialect = RFC_4180
) -> tuple[TextTable, list[Issue]]:
    """Read any file row by row, and find each fault of its shape but those of the header.

    `names` are the columns that the cells of a row belong to.
    """
    issues: list[Issue] = []
    wanted = set(schema.column_names)
    places = {name: place for place, name in enumerate(names) if name in wanted}
    batches: dict[str, list[pa.Array]] = {name: [] for name in places}
    pending: list[list[str]] = []
    lines: list[int] = []
    broken: set[int] = set()
    found: Counter[str] = Counter()
    header, complete, line_end = dialect.header, True, ""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")

    def tell(issue: Issue) -> None:
        found[issue.rule] += 1
        if found.total() <= MOST_ISSUES:
            issues.append(issue)

    for record in records(text, dialect, strict=schema.profiled):
        line, cells = record.line, record.cells
        if line_end and record.end not in (line_end, "") and not found["line-ends"]:
            tell(shape.mixed_line_ends(file, line, line_end, record.end))
        line_end = line_end or record.end
        if record.error:
            column = names[len(cells)] if len(cells) < len(names) else None
            tell(shape.not_csv(file, line, record.error, column))
        if record.error == NO_MORE:
            complete = False
            break
        if header and (cells or record.error):
            header = False
            continue
        if not any(cells):
            if record.error:  # a row that is lost, with its key
                complete = False
            else:
                tell(shape.blank_row(file, line))
            continue
        if record.error or len(cells) != len(names):
            if not record.error:
                exact = found["row-length"] < _EXPLAINED
                tell(shape.row_length(file, line, cells, names, schema, exact))
            broken.add(len(lines))
            cells = shape.key_only(cells, names, schema)
        lines.append(line)
        pending.append(cells)
        if len(pending) == _ROWS_AT_A_TIME:
            _flush(pending, places, batches)
    if pending:
        _flush(pending, places, batches)
    columns = {name: pa.chunked_array(parts, pa.string()) for name, parts in batches.items()}
    return TextTable(file, columns, lines, frozenset(broken), complete), issues


def _flush(
    pending: list[list[str]], places: dict[str, int], batches: dict[str, list[pa.Array]]
) -> None:
    """Turn the pending rows into arrays, so that memory holds each text once."""
    for name, place in places.items():
        batches[name].append(pa.array([row[place] or None for row in pending], pa.string()))
    pending.clear()
