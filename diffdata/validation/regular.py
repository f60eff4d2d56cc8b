"""The fast way through a CSV file: all cells at once, at the speed of memory.

It reads only files without any fault in their shape, and gives up on all others; `text` then reads
these row by row. Both ways give the same table for the same bytes; a test holds them to it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

Columns = dict[str, pa.ChunkedArray]

_SMALLEST_BLOCK = 2**20
_PIECE = 2**20


def read_regular(data: bytes, names: Sequence[str]) -> tuple[Columns, Sequence[int]] | None:
    """Read a file without a fault in its shape; None where there is one, or might be.

    Parameters
    ----------
    data
        The whole file: UTF-8, commas, double quotes.
    names
        The columns of the header; those without a name are left out.

    Returns
    -------
    columns, lines
        One column of strings for each name, null where a cell is empty; and the lines where the
        rows begin.
    """
    if b"\0" in data:
        return None
    returns = b"\r" in data
    if returns:
        # The line ends of Windows are as good as any, if all are alike and none is in a cell.
        if not data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n"):
            return None
        data = data.replace(b"\r\n", b"\n")
    begin = data.find(b"\n") + 1
    if begin < 2 or data.startswith(codecs.BOM_UTF8, begin):  # which Arrow would leave out there
        return None
    if b'"' in data:
        found = _quoted(data, begin, len(names), returns)
    else:
        found = _unquoted(data, begin, len(names))
    if found is None or _has_blank_row(found[0]):
        return None
    table, lines = found
    return {name: c for name, c in zip(names, table.columns, strict=True) if name}, lines


def _unquoted(data: bytes, begin: int, columns: int) -> tuple[pa.Table, Sequence[int]] | None:
    """Read a file without quotes: each line is a row, and Arrow leaves out blank ones."""
    table = _arrow(data, begin, columns, _SMALLEST_BLOCK, False)
    marks = np.frombuffer(data, np.uint8)
    newlines = sum(np.count_nonzero(piece == ord("\n")) for _, piece in _pieces(marks))
    rows = newlines - data.endswith(b"\n")
    return (table, range(2, rows + 2)) if table is not None and len(table) == rows else None


def _quoted(
    data: bytes, begin: int, columns: int, returns: bool
) -> tuple[pa.Table, Sequence[int]] | None:
    """Read a file with quotes, in which newlines may stand; `returns` tells if lines end by two."""
    with ThreadPoolExecutor(1) as pool:
        # Arrow goes through the bytes on its own threads while numpy looks at them here.
        first = pool.submit(_arrow, data, begin, columns, _SMALLEST_BLOCK, False)
        shape = _shape(data)
        table = first.result()
    if shape is None:
        return None
    newlines, ends = shape
    if len(newlines) != len(ends) and not (len(newlines) == len(ends) - 1 and data[-1:] != b"\n"):
        if returns or b'"' in data[:begin]:
            return None
        table = None  # cells hold newlines, which Arrow must be told
    if table is None:
        longest = int(np.diff(ends).max(initial=0))
        table = _arrow(data, begin, columns, max(_SMALLEST_BLOCK, 2 * longest), True)
    if table is None or len(table) != len(ends) - 1:
        return None
    return table, _lines(newlines, ends)


def _shape(data: bytes) -> tuple[np.ndarray, np.ndarray] | None:
    """Return where the newlines are, and where the rows end; None where quotes or rows are odd."""
    marks = np.frombuffer(data, np.uint8)
    newlines, quotes = _places(marks, "\n"), _places(marks, '"')
    if not _quoted_well(marks, quotes):
        return None
    # A newline between an odd and an even quote stands inside a cell.
    inside = (np.searchsorted(quotes, newlines) & 1).astype(bool)
    ends = newlines[~inside] if inside.any() else newlines
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    if ends[0] == 0 or (np.diff(ends) == 1).any():  # a blank line
        return None
    return newlines, ends


def _places(marks: np.ndarray, mark: str) -> np.ndarray:
    """Return where a character stands."""
    found = [np.flatnonzero(piece == ord(mark)) + begin for begin, piece in _pieces(marks)]
    return np.concatenate(found) if found else np.array([], np.intp)


def _pieces(marks: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Give the pieces of a file that fit into the cache, each with its place."""
    return ((begin, marks[begin : begin + _PIECE]) for begin in range(0, len(marks), _PIECE))


def _arrow(data: bytes, begin: int, columns: int, block: int, newlines: bool) -> pa.Table | None:
    names = [str(number) for number in range(columns)]
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(memoryview(data)[begin:]),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=block),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=newlines),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,  # who read the file has seen to it
            ),
        )
    except pa.ArrowInvalid:
        return None


def _quoted_well(marks: np.ndarray, quotes: np.ndarray) -> bool:
    """Tell whether quotes stand only around cells, or doubled inside of them."""
    if len(quotes) % 2:
        return False
    allowed = np.isin(np.arange(256), [ord(mark) for mark in ',\n"'])
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = marks[opening - 1], marks[np.minimum(closing + 1, len(marks) - 1)]
    if opening[0] == 0:
        before[0] = ord("\n")
    if closing[-1] == len(marks) - 1:
        after[-1] = ord("\n")
    if not (allowed[before] & allowed[after]).all():
        return False
    # A quote next to a quote is one that is doubled: the closing one of a pair, then the opening.
    doubled = np.flatnonzero(after == ord('"'))
    return bool((before[doubled[doubled + 1 < len(before)] + 1] == ord('"')).all())


def _lines(newlines: np.ndarray, ends: np.ndarray) -> Sequence[int]:
    """Return the line where each row begins; rows that hold newlines take several lines."""
    rows = len(ends) - 1
    if len(newlines) <= rows + 1:
        return range(2, rows + 2)
    begins = np.searchsorted(newlines, ends[:-1], side="right") + 1
    return [int(line) for line in begins]


def _has_blank_row(table: pa.Table) -> bool:
    """Tell whether a row has no cell at all, only commas."""
    if any(column.null_count == 0 for column in table.columns):
        return False
    filled = [column.is_valid().to_numpy() for column in table.columns]
    return not np.logical_or.reduce(filled).all()
