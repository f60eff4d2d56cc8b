"""First step: the bytes of a CSV file as columns of text, with the line of each row.

A regular file is split by Arrow, at the speed of memory. Any other one (rows of different lengths,
blank rows, quotes in odd places) is read row by row, so that each fault is found at its line. Both
ways give the same table for the same bytes; a test holds them to it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from diffdata.descriptor import Dialect, TableSchema
from diffdata.validation import shape
from diffdata.validation.issue import Issue

# Bounds that no honest table comes near: what lies beyond is refused before it costs anything.
MAX_COLUMNS = 10_000
MAX_CELL = 16 * 2**20

RFC_4180 = Dialect()

_BOM = b"\xef\xbb\xbf"
_ROWS_AT_A_TIME = 2**16
_MOST_BREAKS = 1000


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
    data: bytes, file: str, schema: TableSchema, dialect: Dialect = RFC_4180
) -> tuple[TextTable, list[Issue]]:
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

    Returns
    -------
    table, issues
        All rows but blank ones, and what is wrong with the shape of the file.
    """
    issues = []
    if data.startswith(_BOM):
        data = data.removeprefix(_BOM)
        if schema.profiled:
            issues.append(shape.byte_order_mark(file))
    table = _regular(data, file, schema) if dialect == RFC_4180 else None
    if table is not None:
        header = first_row(data)
        return table, [*issues, *shape.header_faults(file, header, schema)]
    table, more = _row_by_row(data.decode("utf-8"), file, schema, dialect)
    return table, [*issues, *more]


def first_row(data: bytes, dialect: Dialect = RFC_4180) -> list[str]:
    """Return the header of a CSV file, empty if it cannot be read."""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
    return next((cells for _, cells, _ in _records(text, dialect) if cells), [])


def _regular(data: bytes, file: str, schema: TableSchema) -> TextTable | None:
    """Read a file without a fault in its shape; None where there is one, or might be."""
    marks = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(marks == ord("\n"))
    quotes = np.flatnonzero(marks == ord('"'))
    if not len(newlines) or b"\r" in data or b"\0" in data or not _quoted_well(marks, quotes):
        return None
    # A newline between an odd and an even quote stands inside a cell.
    inside = np.searchsorted(quotes, newlines) % 2 == 1
    ends = newlines[~inside] if inside.any() else newlines
    if ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    if ends[0] == 0 or (np.diff(ends) == 1).any():  # a blank line
        return None
    header = first_row(data)
    if len(set(header)) < len(header) or len(header) > MAX_COLUMNS or header == [""]:
        return None
    names = [str(number) for number in range(len(header))]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(memoryview(data)[ends[0] + 1 :]),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=_block(ends)),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=bool(inside.any())),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = dict(zip(header, table.columns, strict=True))
    if len(table) != len(ends) - 1 or _has_blank_row(columns):
        return None
    known = {name: columns[name] for name in schema.column_names if name in columns}
    return TextTable(file, known, _lines(newlines, ends))


def _quoted_well(marks: np.ndarray, quotes: np.ndarray) -> bool:
    """Tell whether quotes stand only around cells, or doubled inside of them."""
    if len(quotes) % 2:
        return False
    allowed = np.isin(np.arange(256), [ord(mark) for mark in ',\n"'])
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = marks[opening - 1], marks[np.minimum(closing + 1, len(marks) - 1)]
    if len(quotes) and opening[0] == 0:
        before[0] = ord("\n")
    if len(quotes) and closing[-1] == len(marks) - 1:
        after[-1] = ord("\n")
    if not (allowed[before] & allowed[after]).all():
        return False
    # A quote next to a quote is one that is doubled: the closing one of a pair, then the opening.
    doubled = np.flatnonzero(after == ord('"'))
    return bool((before[doubled[doubled + 1 < len(before)] + 1] == ord('"')).all())


def _block(ends: np.ndarray) -> int:
    """Return a size of block that holds the longest row, as Arrow wants it."""
    longest = int(np.diff(ends).max(initial=0))
    return max(2**20, 2 * longest)


def _lines(newlines: np.ndarray, ends: np.ndarray) -> Sequence[int]:
    """Return the line where each row begins; rows that hold newlines take several lines."""
    rows = len(ends) - 1
    if len(newlines) <= rows + 1:
        return range(2, rows + 2)
    begins = np.searchsorted(newlines, ends[:-1], side="right") + 1
    return [int(line) for line in begins]


def _has_blank_row(columns: dict[str, pa.ChunkedArray]) -> bool:
    """Tell whether a row has no cell at all, only commas."""
    if any(column.null_count == 0 for column in columns.values()):
        return False
    filled = [column.is_valid().to_numpy() for column in columns.values()]
    return not np.logical_or.reduce(filled).all()


def _row_by_row(
    text: str, file: str, schema: TableSchema, dialect: Dialect = RFC_4180
) -> tuple[TextTable, list[Issue]]:
    """Read any file, and find each fault of its shape."""
    issues: list[Issue] = []
    header = None if dialect.header else list(schema.column_names)
    places = dict(zip(schema.column_names, range(len(schema.fields)), strict=True))
    batches: dict[str, list[pa.Array]] = {} if header is None else {name: [] for name in places}
    pending: list[list[str]] = []
    lines: list[int] = []
    broken: set[int] = set()
    complete = True
    for line, cells, error in _records(io.StringIO(text, newline=""), dialect):
        if error and sum(issue.rule == "csv" for issue in issues) == _MOST_BREAKS:
            complete = False
            break
        if error:
            column = header[len(cells)] if header and len(cells) < len(header) else None
            issues.append(shape.not_csv(file, line, error, column))
        if header is None:
            if len(cells) > MAX_COLUMNS:
                issues.append(shape.too_wide(file, len(cells), MAX_COLUMNS))
                return TextTable(file, {}, [], complete=False), issues
            header = cells
            faults = shape.header_faults(file, header, schema)
            issues += faults
            if any(fault.rule == "delimiter" for fault in faults):
                return TextTable(file, {}, [], complete=False), issues
            places = {name: header.index(name) for name in schema.column_names if name in header}
            batches = {name: [] for name in places}
            continue
        if not any(cells):
            if not error:
                issues.append(shape.blank_row(file, line))
            continue
        if len(cells) != len(header):
            if not error:
                issues.append(shape.row_length(file, line, cells, header, schema))
            broken.add(len(lines))
            cells = shape.key_only(cells, header, schema)
        lines.append(line)
        pending.append(cells)
        if len(pending) == _ROWS_AT_A_TIME:
            _flush(pending, places, batches)
    if header is None:
        issues.append(shape.empty_file(file, schema))
    if pending:
        _flush(pending, places, batches)
    columns = {name: pa.chunked_array(parts, pa.string()) for name, parts in batches.items()}
    return TextTable(file, columns, lines, frozenset(broken), complete), issues


def _records(text: TextIO, dialect: Dialect) -> Iterator[tuple[int, list[str], str]]:
    """Give the records of a CSV file: line, cells, and why it is none.

    Behind a record that cannot be split (a quote that does not close) reading goes on with the
    next line, so that one quote does not hide the faults of the rest; of such a record the cells
    up to the first quote are given.
    """
    lines = text.readlines()
    form: Any = {
        "delimiter": dialect.delimiter, "doublequote": dialect.double_quote,
        "escapechar": dialect.escape_char, "skipinitialspace": dialect.skip_initial_space,
        "quotechar": dialect.quote_char or None,
        "quoting": csv.QUOTE_MINIMAL if dialect.quote_char else csv.QUOTE_NONE,
    }  # fmt: skip
    csv.field_size_limit(MAX_CELL)
    start = 0
    while start < len(lines):
        reader = csv.reader((lines[i] for i in range(start, len(lines))), strict=True, **form)
        while True:
            begin = start + reader.line_num
            try:
                cells = next(reader, None)
            except csv.Error as error:
                kept = lines[begin].rstrip("\r\n").split(dialect.quote_char or "\0")[0]
                yield begin + 1, kept.split(dialect.delimiter)[:-1], str(error)
                start = begin + 1
                break
            if cells is None:
                return
            comment = dialect.comment_char
            if not (comment and cells and cells[0].startswith(comment)):
                yield begin + 1, cells, ""


def _flush(
    pending: list[list[str]], places: dict[str, int], batches: dict[str, list[pa.Array]]
) -> None:
    """Turn the pending rows into arrays, so that memory holds each text once."""
    for name, place in places.items():
        batches[name].append(pa.array([row[place] or None for row in pending], pa.string()))
    pending.clear()
