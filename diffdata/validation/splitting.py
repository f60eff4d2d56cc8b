"""Splitting CSV into rows and cells: with Arrow where the rows are regular, else row by row."""

from __future__ import annotations

import codecs
import csv
import io
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

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


@dataclass
class Splitter:
    """A CSV file in UTF-8, and the byte and line from which its rows are split next."""

    data: bytes
    dialect: Dialect = RFC_4180
    strict: bool = False  # whether a quote inside a cell that is not quoted is an error
    start: int = 0
    line: int = 1
    _faults: int = 0
    _read_again: int = 0  # characters

    def records(self) -> Iterator[Record]:
        """Yield the records; after one with a fault reading continues with the next line.

        So one quote does not hide the faults of the rest. At most `MAX_FAULTS` are yielded.
        """
        dialect, taken = self.dialect, list[str]()
        mark, comment = dialect.quote_char, dialect.comment_char
        form: Any = {
            "delimiter": dialect.delimiter, "doublequote": dialect.double_quote,
            "escapechar": dialect.escape_char, "skipinitialspace": dialect.skip_initial_space,
            "quotechar": mark or None, "quoting": csv.QUOTE_MINIMAL if mark else csv.QUOTE_NONE,
        }  # fmt: skip

        def lines() -> Iterator[str]:
            stream = io.BytesIO(self.data)
            stream.seek(self.start)
            for text in io.TextIOWrapper(stream, "utf-8", newline=""):
                taken.append(text)
                yield text

        reader = csv.reader(lines(), strict=True, **form)
        while True:
            taken.clear()
            cells, error = _next_record(reader)
            if cells is None and not error:
                return
            end = taken[-1][len(taken[-1].rstrip("\r\n")) :]
            suspect = self.strict and mark and any(mark in cell for cell in cells or ())
            if suspect and cell_spans("".join(taken), dialect)[1]:
                cells, error = None, "a quote is inside a cell that is not quoted"
            if cells is None:
                self._faults += 1
                self._read_again += sum(map(len, taken[1:]))
                if self._faults > MAX_FAULTS or self._read_again > _MAX_READ_AGAIN:
                    error = NO_MORE
                cells = _cells_before_the_fault(taken[0], dialect)
                del taken[1:]
                reader = csv.reader(lines(), strict=True, **form)
            record = Record(self.line, cells, error, end)
            self.line += len(taken)
            self.start += sum(len(text) if text.isascii() else len(text.encode()) for text in taken)
            if error or not (comment and cells and cells[0].startswith(comment)):
                yield record
            if error == NO_MORE:
                return


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


def cell_spans(record: str, dialect: Dialect = RFC_4180) -> tuple[list[tuple[int, int]], bool]:
    """Return where each cell of a record begins and ends, and whether the last one has a bad quote.

    A bad quote is not closed, or inside a cell that is not quoted, which lasts to the end then.
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


@dataclass(frozen=True)
class Regular:
    """Rows without any fault in their shape."""

    columns: list[pa.ChunkedArray]  # of strings, null is an empty cell
    lines: np.ndarray  # where each row begins
    end: str  # how the lines end; empty if there is only one, without an end
    next_line: int


def split_regular(
    data: bytes, begin: int, end: int, line: int, columns: int, delimiter: str = ","
) -> Regular | None:
    """Split a part of a file, which begins with a row and ends with one, at the speed of memory.

    None if a row might have a fault: another number of cells or none, an odd quote, a long cell.
    """
    # Arrow would leave out a byte order mark at the begin of the part.
    if data.find(b"\0", begin, end) >= 0 or data.startswith(codecs.BOM_UTF8, begin):
        return None
    line_end = "\n" if data.find(b"\n", begin, end) >= 0 else ""
    if returns := data.count(b"\r", begin, end):
        if not returns == data.count(b"\n", begin, end) == data.count(b"\r\n", begin, end):
            return None
        data, line_end = data[begin:end].replace(b"\r\n", b"\n"), "\r\n"
        begin, end = 0, len(data)
    part = memoryview(data)[begin:end]
    marks = np.frombuffer(part, np.uint8)
    with ThreadPoolExecutor(1) as pool:
        # Arrow goes through many bytes on its own threads while numpy looks at them here.
        first = pool.submit(_by_arrow, part, columns, delimiter) if len(part) > _PIECE else None
        feeds, quotes = _positions(marks, "\n"), _positions(marks, '"')
        regular = not len(quotes) or _quotes_are_regular(marks, quotes, delimiter)
        table = first.result() if first else _by_arrow(part, columns, delimiter)
    if not regular:
        return None
    # A line feed after an odd number of quotes is inside a cell.
    inside = (np.searchsorted(quotes, feeds) & 1).astype(bool)
    ends = feeds[~inside]
    if not len(ends) or ends[-1] != len(marks) - 1:
        ends = np.append(ends, len(marks))
    lengths, starts = np.diff(ends, prepend=-1), np.arange(len(ends))
    if inside.any():
        if line_end == "\r\n" or lengths.max() > 4 * MAX_CELL:
            return None
        starts = np.append(0, np.searchsorted(feeds, ends[:-1], side="right"))
        table = _by_arrow(part, columns, delimiter, max(_PIECE, 2 * int(lengths.max())), True)
    if table is None or len(table) != len(ends) or (lengths == 1).any():  # a blank line
        return None
    longest = [pc.max(pc.binary_length(column)).as_py() or 0 for column in table.columns]
    if max(longest, default=0) > MAX_CELL:
        return None
    if all(column.null_count for column in table.columns):  # a row may have only commas
        filled = [column.is_valid().to_numpy() for column in table.columns]
        if not np.logical_or.reduce(filled).all():
            return None
    return Regular(table.columns, (starts + line).astype(np.int64), line_end, line + len(feeds))


def _positions(marks: np.ndarray, mark: str) -> np.ndarray:
    """Find a character, in pieces that fit into the cache."""
    pieces = range(0, len(marks), _PIECE)
    found = [np.flatnonzero(marks[begin : begin + _PIECE] == ord(mark)) + begin for begin in pieces]
    return np.concatenate(found)


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
