"""First step: the bytes of CSV files as columns of text, with the line of each row."""

from __future__ import annotations

import codecs
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pyarrow as pa

from diffdata.errors import Issue
from diffdata.schemas.standard import Dialect, TableSchema
from diffdata.validation import shape
from diffdata.validation.shape import MOST_ISSUES
from diffdata.validation.splitting import (
    NO_MORE,
    RFC_4180,
    Record,
    Regular,
    Splitter,
    split_regular,
)

_PIECE = 2**20  # bytes that are read row by row where there is a fault
_HEAD = 2**20  # bytes that are read for the header and the sample below it
_ROWS_AT_A_TIME = 2**16
_SAMPLE = 20  # rows that are compared with the header
_EXPLAINED = 1000  # rows of a wrong length in which the position of the fault is looked for


@dataclass(frozen=True)
class TextTable:
    """The cells of the CSV files of a table as text; null is an empty cell.

    Lines are counted on from one file to the next, so that each row has one of its own; issues
    have these lines, and the first file, until `in_its_file`.
    """

    file: str
    columns: dict[str, pa.ChunkedArray]  # those of the header that the schema has
    lines: Sequence[int]
    broken: frozenset[int] = frozenset()  # rows too long or too short: only their key is kept
    complete: bool = True  # whether all of the files could be read
    others: tuple[tuple[int, str], ...] = ()  # the files after the first, and the lines before each

    def in_its_file(self, issue: Issue) -> Issue:
        """Return an issue with the file and the line in it that it is about."""
        if not self.others or issue.line is None or issue.file != self.file:
            return issue
        file, line = self.place(issue.line)
        return replace(issue, file=file, line=line)

    def place(self, line: int) -> tuple[str, int]:
        """Return the file of a line, and its number there."""
        files = ((0, self.file), *self.others)
        before, file = files[bisect_left(files, line, key=lambda other: other[0]) - 1]
        return file, line - before

    @property
    def rows_of_first_file(self) -> int:
        """The number of rows of the first file."""
        return bisect_right(self.lines, self.others[0][0]) if self.others else len(self)

    def __len__(self) -> int:
        return len(self.lines)

    def cell(self, position: int, column: str) -> str:
        """Return the text of a cell, empty where there is none."""
        return self.columns[column][position].as_py() or "" if column in self.columns else ""

    def column(self, name: str) -> pa.ChunkedArray:
        """Return the cells of a column, all null if the table does not have it."""
        missing = pa.chunked_array([pa.nulls(len(self), pa.string())])
        return self.columns.get(name, missing)

    def rows(self) -> list[dict[str, str]]:
        """Return all rows, each with the text of its cells by column."""
        columns = [column.fill_null("").to_pylist() for column in self.columns.values()]
        return [dict(zip(self.columns, cells, strict=True)) for cells in zip(*columns, strict=True)]

    def cells(self, position: int, columns: Sequence[str]) -> dict[str, str]:
        """Return the text of some cells of a row."""
        return {name: self.cell(position, name) for name in columns}


def join_files(
    parts: Iterable[tuple[TextTable, list[Issue], int]],
) -> tuple[TextTable, list[Issue]]:
    """Return what was read of several files as one table; each has its number of lines, or more.

    If they have too many faults together, the rest of the files is not read.
    """
    tables: list[TextTable] = []
    issues: list[Issue] = []
    lines, broken, ends = array("q"), set[int](), [0]
    for table, found, size in parts:
        file = table.file if not tables else tables[0].file
        broken |= {len(lines) + row for row in table.broken}
        lines.frombytes((np.asarray(table.lines, "q") + ends[-1]).tobytes())
        issues += [
            i if i.line is None else replace(i, file=file, line=i.line + ends[-1]) for i in found
        ]
        ends.append(ends[-1] + size)
        tables.append(table)
        if len(issues) > MOST_ISSUES:
            tables.append(replace(TextTable(table.file, {}, []), complete=False))
            issues.append(shape.shape_issue(table.file, None, "too-many"))
            break
    names = dict.fromkeys(name for table in tables for name in table.columns)
    columns = {
        name: pa.chunked_array([c for t in tables for c in t.column(name).chunks], pa.string())
        for name in names
    }
    others = tuple((end, t.file) for end, t in zip(ends[1:], tables[1:], strict=False))
    complete = all(table.complete for table in tables)
    return TextTable(tables[0].file, columns, lines, frozenset(broken), complete, others), issues


def read_table(
    data: bytes, file: str, schema: TableSchema, dialect: Dialect = RFC_4180
) -> tuple[TextTable, list[Issue]]:
    """Split a CSV file into cells and check its shape: header, row lengths, blank rows, quotes.

    Reading takes bounded time and memory: it stops, with an issue that says so, after `MAX_FAULTS`
    rows that cannot be split, or `MOST_ISSUES` faults. Blank rows are left out of the table.
    """
    issues: list[Issue] = []
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        if schema.profiled:
            issues.append(shape.shape_issue(file, 1, "byte-order-mark"))
    names: list[str] | None = list(schema.column_names)
    if data[:200].count(0) > len(data[:200]) // 4:
        names = None
        issues.append(shape.shape_issue(file, 1, "encoding"))
    elif dialect.header:
        head = data[: data.rfind(b"\n", 0, _HEAD) + 1] if len(data) > _HEAD else data
        found = islice(Splitter(head or data, dialect).records(), _ROWS_AT_A_TIME)
        first = list(islice((r for r in found if r.cells or r.error), _SAMPLE + 1))
        if not (first and first[0].error):  # an error is reported at its line, as for any row
            sample = [r.cells for r in first[1:] if any(r.cells) and not r.error]
            header = first[0].cells if first else []
            names, more = shape.read_header(file, header, sample, schema)
            issues += more
    if names is None:
        return TextTable(file, {}, [], complete=False), issues
    rows = _Rows(file, schema, names, dialect)
    rows.read(data)
    return rows.table(), [*issues, *rows.issues]


def first_row(data: bytes, dialect: Dialect = RFC_4180) -> list[str]:
    """Return the header of a CSV file, empty if it cannot be read."""
    return header_of(data, dialect)[0]


def header_of(data: bytes, dialect: Dialect = RFC_4180) -> tuple[list[str], bytes, int]:
    """Return the header of a CSV file: its cells, its bytes and its number of lines."""
    splitter = Splitter(data.removeprefix(codecs.BOM_UTF8), dialect)
    cells = next((r.cells for r in splitter.records() if r.cells), [])
    return cells, splitter.data[: splitter.start], splitter.line - 1


class _Rows:
    """The rows of a file while they are read, and the faults of their shape."""

    def __init__(
        self, file: str, schema: TableSchema, names: Sequence[str], dialect: Dialect
    ) -> None:
        self.issues: list[Issue] = []
        self._file, self._schema, self._names, self._dialect = file, schema, names, dialect
        wanted = set(schema.column_names) - {""}
        self._places = {name: place for place, name in enumerate(names) if name in wanted}
        self._chunks: dict[str, list[pa.Array]] = {name: [] for name in self._places}
        self._pending: list[list[str]] = []
        self._lines = array("q")
        self._broken: set[int] = set()
        self._counts: Counter[str] = Counter()
        self._complete, self._line_end = True, ""

    def read(self, data: bytes) -> None:
        """Read a file: all at once if its rows are regular, else only pieces without faults so."""
        dialect, splitter = self._dialect, Splitter(data, self._dialect, self._schema.profiled)
        plain = dialect == RFC_4180.model_copy(update={"delimiter": dialect.delimiter})
        fast = plain and len(self._names) > 0 and dialect.delimiter in ",;|\t"
        header, size = dialect.header, len(data)
        while splitter.start < len(data):
            end = data.find(b"\n", splitter.start + size) + 1 or len(data)
            regular = None
            if fast and not header:
                regular = split_regular(
                    data, splitter.start, end, splitter.line, len(self._names), dialect.delimiter
                )
            if regular is not None and self._add_regular(regular):
                splitter.start, splitter.line = end, regular.next_line
                continue
            if size > _PIECE and not header:
                size = _PIECE
                continue
            for record in splitter.records():
                self._add_record(record, header)
                if record.error == NO_MORE or self._counts.total() > MOST_ISSUES:
                    self._complete = False
                    return
                began = header and bool(record.cells or record.error)
                header = header and not began
                if began or splitter.start >= end:
                    break
            else:
                return

    def _report(self, issue: Issue) -> None:
        self._counts[issue.rule] += 1
        if self._counts.total() <= MOST_ISSUES:
            self.issues.append(issue)
        elif self._counts.total() == MOST_ISSUES + 1:
            self.issues.append(shape.shape_issue(self._file, issue.line, "too-many"))

    def _changes_line_end(self, end: str) -> bool:
        """Return whether a line end differs from those before, which is reported only once."""
        differs = bool(self._line_end) and end not in (self._line_end, "")
        return differs and not self._counts["line-ends"]

    def _add_regular(self, regular: Regular) -> bool:
        """Add rows without faults; False if their line ends differ from those before."""
        if self._changes_line_end(regular.end):
            return False
        self._line_end = self._line_end or regular.end
        self._flush()
        for name, place in self._places.items():
            self._chunks[name] += regular.columns[place].chunks
        self._lines.frombytes(regular.lines.tobytes())
        return True

    def _add_record(self, record: Record, header: bool) -> None:
        """Add a row that may have a fault."""
        file, line, cells, names = self._file, record.line, record.cells, self._names
        if self._changes_line_end(record.end):
            self._report(shape.shape_issue(file, line, "line-ends", record.end, self._line_end))
        self._line_end = self._line_end or record.end
        if record.error:
            column = names[len(cells)] if len(cells) < len(names) else None
            self._report(shape.not_csv(file, record, column))
        if (header and (cells or record.error)) or record.error == NO_MORE:
            return
        if not any(cells):
            if record.error:  # a row that is lost, with its key
                self._complete = False
            else:
                self._report(shape.shape_issue(file, line, "blank-row"))
            return
        if record.error or len(cells) != len(names):
            if not record.error:
                exact = self._counts["row-length"] < _EXPLAINED
                self._report(shape.row_length(file, record, names, self._schema, exact))
            if cells and cells[0].startswith(shape.CONFLICT):
                return  # a mark is not a row, and lets no key go unread
            self._broken.add(len(self._lines))
            cells = shape.key_only(cells, names, self._schema)
        self._lines.append(line)
        self._pending.append(cells)
        if len(self._pending) == _ROWS_AT_A_TIME:
            self._flush()

    def _flush(self) -> None:
        """Turn the pending rows into arrays, which take less memory."""
        for name, place in self._places.items() if self._pending else ():
            cells = pa.array([row[place] or None for row in self._pending], pa.string())
            self._chunks[name].append(cells)
        self._pending.clear()

    def table(self) -> TextTable:
        """Return what was read."""
        self._flush()
        columns = {
            name: pa.chunked_array(self._chunks[name], pa.string())
            for name in self._schema.column_names
            if name in self._chunks
        }
        return TextTable(self._file, columns, self._lines, frozenset(self._broken), self._complete)
