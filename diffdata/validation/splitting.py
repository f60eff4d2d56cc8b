"""Splitting CSV into rows and cells: with Arrow where the rows are regular, else row by row.

Both ways read the same rows and cells from the same bytes.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import threading
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from diffdata.schemas.standard import Dialect

MAX_CELL = 4 * 2**20  # characters
MAX_FAULTS = 1000  # rows that cannot be split into cells
NO_MORE = "too many rows cannot be split into cells"
_MAX_READ_AGAIN = 64 * 2**20  # characters after quotes that are not closed

RFC_4180 = Dialect.model_construct()  # without validation, which would build the class

_PIECE = 2**20
_LIMIT = threading.Lock()


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a CSV file."""

    line: int  # where it begins, from 1
    cells: list[str]  # if it has an error, those before the error
    error: str  # why it cannot be split into cells, or an empty string
    end: str  # its line end
    next_line: int
    next_byte: int


@dataclass
class Effort:
    """What has been spent on rows that cannot be split: their number, and characters read again."""

    faults: int = 0
    characters: int = 0


def records(
    data: bytes, dialect: Dialect = RFC_4180, *, strict: bool = False, start: int = 0,
    line: int = 1, effort: Effort | None = None,
) -> Iterator[Record]:  # fmt: skip
    """Yield the records of a CSV file.

    After a record that cannot be split (a quote that is not closed) reading continues with the next
    line, so that one quote does not hide the faults of the rest. After `MAX_FAULTS` of them the
    last record has the error `NO_MORE`.

    `data` is the whole file in UTF-8; reading begins at the byte `start`, in that `line`. In
    `strict` mode a quote inside a cell that is not quoted is an error, as in RFC 4180. `effort` is
    what earlier calls have spent on rows that cannot be split.
    """
    form: Any = {
        "delimiter": dialect.delimiter, "doublequote": dialect.double_quote,
        "escapechar": dialect.escape_char, "skipinitialspace": dialect.skip_initial_space,
        "quotechar": dialect.quote_char or None,
        "quoting": csv.QUOTE_MINIMAL if dialect.quote_char else csv.QUOTE_NONE,
    }  # fmt: skip
    stream = io.BytesIO(data)
    stream.seek(start)
    source = _Source(io.TextIOWrapper(stream, "utf-8", newline=""))
    reader = csv.reader(source, strict=True, **form)
    effort = effort or Effort()
    mark, comment = dialect.quote_char, dialect.comment_char
    while True:
        source.taken.clear()
        cells, error = _next_record(reader)
        if cells is None and not error:
            return
        taken = source.taken
        end = _line_end(taken[-1])
        suspect = strict and mark and any(mark in cell for cell in cells or ())
        if suspect and cell_spans("".join(taken), dialect)[1]:
            cells, error = None, "a quote is inside a cell that is not quoted"
        if cells is None:
            effort.faults += 1
            effort.characters += sum(map(len, taken[1:]))
            if effort.faults > MAX_FAULTS or effort.characters > _MAX_READ_AGAIN:
                error = NO_MORE
            cells = _cells_before_the_fault(taken[0], dialect)
            source.give_back(1)
            reader = csv.reader(source, strict=True, **form)
        next_line = line + len(taken)
        start += sum(len(text) if text.isascii() else len(text.encode()) for text in taken)
        if error or not (comment and cells and cells[0].startswith(comment)):
            yield Record(line, cells, error, end, next_line, start)
        if error == NO_MORE:
            return
        line = next_line


def _next_record(reader: Iterator[list[str]]) -> tuple[list[str] | None, str]:
    """Read a record or an error; only meanwhile the limit of the csv module is ours."""
    with _LIMIT:
        before = csv.field_size_limit(MAX_CELL)
        try:
            return next(reader, None), ""
        except csv.Error as error:
            return None, str(error)
        finally:
            csv.field_size_limit(before)


class _Source:
    """The lines of a file, which can be given back."""

    def __init__(self, text: TextIO) -> None:
        self.taken: list[str] = []
        self._text = text
        self._again: deque[str] = deque()

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._text)
        self.taken.append(line)
        return line

    def give_back(self, number: int) -> None:
        """Let all lines but the first `number` be read again."""
        self._again.extendleft(reversed(self.taken[number:]))
        del self.taken[number:]


def cell_spans(record: str, dialect: Dialect = RFC_4180) -> tuple[list[tuple[int, int]], bool]:
    """Return where each cell of a record begins and ends, and whether the last one has a bad quote.

    A cell has a bad quote if one is not closed, or is inside a cell that is not quoted; such a
    cell lasts to the end of the record.

    Examples
    --------
    >>> cell_spans('a,"5"" disk",c')
    ([(0, 1), (2, 12), (13, 14)], False)
    >>> cell_spans('a,5" disk,c')
    ([(0, 1), (2, 11)], True)
    """
    pattern = _cell_pattern(dialect.delimiter, dialect.quote_char)
    spans, begin = [], 0
    while True:
        end = pattern.match(record, begin).end()  # type: ignore[union-attr]  # matches ""
        if record[end : end + 1] == dialect.delimiter:
            spans.append((begin, end))
            begin = end + 1
        elif record[end : end + 1] in ("", "\r", "\n"):
            return [*spans, (begin, end)], False
        else:
            return [*spans, (begin, len(record.rstrip("\r\n")))], True


@cache
def _cell_pattern(delimiter: str, quote: str | None) -> re.Pattern[str]:
    plain = f"[^{re.escape(delimiter + (quote or ''))}\r\n]*"
    mark = re.escape(quote or "")
    return re.compile(f"{mark}(?:[^{mark}]++|{mark}{mark})*+{mark}|{plain}" if quote else plain)


def _cells_before_the_fault(line: str, dialect: Dialect) -> list[str]:
    spans, faulty = cell_spans(line[: 2 * MAX_CELL], dialect)
    if not faulty:
        return []
    rest = csv.reader([line[: spans[-1][0]]], delimiter=dialect.delimiter)
    return next(rest, [])[: len(spans) - 1]


def _line_end(line: str) -> str:
    if line.endswith("\r\n"):
        return "\r\n"
    return line[-1] if line[-1:] in ("\n", "\r") else ""


@dataclass(frozen=True)
class Regular:
    """Rows without any fault in their shape."""

    columns: list[pa.ChunkedArray]  # of strings, null is an empty cell
    lines: Sequence[int]  # where each row begins
    end: str  # how the lines end; empty if there is only one, without an end
    next_line: int


def split_regular(
    data: bytes, begin: int, end: int, line: int, columns: int, delimiter: str = ","
) -> Regular | None:
    """Split a part of a file at the speed of memory, if its rows are regular.

    The part begins with a row, in that `line`, and ends after a line feed or with the file; each
    row has that many `columns`. Returns None if some row has or might have a fault in its shape:
    another number of cells, no cell at all, an unusual quote, a cell that is too long.
    """
    # Arrow would leave out a byte order mark at the begin of the part.
    if data.find(b"\0", begin, end) >= 0 or data.startswith(codecs.BOM_UTF8, begin):
        return None
    line_end = "\n" if data.find(b"\n", begin, end) >= 0 else ""
    if data.find(b"\r", begin, end) >= 0:
        returns, feeds = data.count(b"\r", begin, end), data.count(b"\n", begin, end)
        if not returns == feeds == data.count(b"\r\n", begin, end):
            return None
        data, line_end = data[begin:end].replace(b"\r\n", b"\n"), "\r\n"
        begin, end = 0, len(data)
    part = memoryview(data)[begin:end]
    quoted = data.find(b'"', begin, end) >= 0
    found = (_quoted if quoted else _unquoted)(part, columns, delimiter)
    if found is None:
        return None
    table, starts, feeds = found
    if starts is not None and line_end == "\r\n":  # cells with line feeds, or with "\r\n"
        return None
    longest = [pc.max(pc.binary_length(column)).as_py() or 0 for column in table.columns]
    if max(longest, default=0) > MAX_CELL or _has_blank_row(table):
        return None
    if starts is None:
        lines: Sequence[int] = range(line, line + len(table))
    else:
        lines = array("q", (starts + line).astype(np.int64).tobytes())
    return Regular(table.columns, lines, line_end, line + feeds)


_Split = tuple[pa.Table, "np.ndarray | None", int]  # cells, lines of rows if not 0, 1, 2..., feeds


def _unquoted(part: memoryview, columns: int, delimiter: str) -> _Split | None:
    """Split rows without quotes: each line is a row, and Arrow leaves out blank ones."""
    table = _by_arrow(part, columns, delimiter)
    marks = np.frombuffer(part, np.uint8)
    feeds = sum(int(np.count_nonzero(piece == ord("\n"))) for _, piece in _pieces(marks))
    rows = feeds + (part[-1] != ord("\n"))
    return (table, None, feeds) if table is not None and len(table) == rows else None


def _quoted(part: memoryview, columns: int, delimiter: str) -> _Split | None:
    """Split rows with quotes, in which cells may have line feeds."""
    with ThreadPoolExecutor(1) as pool:
        # Arrow goes through the bytes on its own threads while numpy looks at them here.
        first = pool.submit(_by_arrow, part, columns, delimiter)
        marks = np.frombuffer(part, np.uint8)
        feeds, quotes = _positions(marks, "\n"), _positions(marks, '"')
        regular = _quotes_are_regular(marks, quotes, delimiter)
        table = first.result()
    if not regular:
        return None
    # A line feed after an odd number of quotes is inside a cell.
    inside = (np.searchsorted(quotes, feeds) & 1).astype(bool)
    ends = feeds[~inside] if inside.any() else feeds
    if not len(ends) or ends[-1] != len(marks) - 1:
        ends = np.append(ends, len(marks))
    lengths = np.diff(ends, prepend=-1)
    if (lengths == 1).any():  # a blank line
        return None
    starts = None
    if inside.any():
        starts = np.append(0, np.searchsorted(feeds, ends[:-1], side="right"))
        if lengths.max() > 4 * MAX_CELL:
            return None
        table = _by_arrow(part, columns, delimiter, max(_PIECE, 2 * int(lengths.max())), True)
    return (table, starts, len(feeds)) if table is not None and len(table) == len(ends) else None


def _positions(marks: np.ndarray, mark: str) -> np.ndarray:
    found = [np.flatnonzero(piece == ord(mark)) + begin for begin, piece in _pieces(marks)]
    return np.concatenate(found) if found else np.array([], np.intp)


def _pieces(marks: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the pieces of an array that fit into the cache, each with its position."""
    return ((begin, marks[begin : begin + _PIECE]) for begin in range(0, len(marks), _PIECE))


def _by_arrow(
    part: memoryview, columns: int, delimiter: str, block: int = _PIECE, newlines: bool = False
) -> pa.Table | None:
    names = [str(number) for number in range(columns)]
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(part),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=block),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=newlines),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,  # the file was checked when it was read
            ),
        )
    except pa.ArrowInvalid:
        return None


def _quotes_are_regular(marks: np.ndarray, quotes: np.ndarray, delimiter: str) -> bool:
    """Return whether quotes are only around cells, or doubled inside of quoted cells."""
    if len(quotes) % 2:
        return False
    allowed = np.isin(np.arange(256), [ord(mark) for mark in (delimiter, "\n", '"')])
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = marks[opening - 1], marks[np.minimum(closing + 1, len(marks) - 1)]
    if opening[0] == 0:
        before[0] = ord("\n")
    if closing[-1] == len(marks) - 1:
        after[-1] = ord("\n")
    if not (allowed[before] & allowed[after]).all():
        return False
    # Two quotes side by side are a doubled quote: the closing one of a pair, then an opening one.
    doubled = np.flatnonzero(after == ord('"'))
    return bool((before[doubled[doubled + 1 < len(before)] + 1] == ord('"')).all())


def _has_blank_row(table: pa.Table) -> bool:
    """Return whether a row has only commas."""
    if any(column.null_count == 0 for column in table.columns):
        return False
    filled = [column.is_valid().to_numpy() for column in table.columns]
    return not np.logical_or.reduce(filled).all()
