"""The records of a CSV file, one after the other, each with the line where it begins."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from diffdata.schemas.standard import Dialect

# Bounds that no honest table comes near: what lies beyond is refused before it costs anything.
MAX_CELL = 16 * 2**20
_MOST_BREAKS = 1000
_MOST_READ_AGAIN = 64 * 2**20  # characters behind quotes that do not close

RFC_4180 = Dialect.model_construct()  # nothing to read, so no class is built yet


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes
    ----------
    line
        The line where it begins, from 1.
    cells
        Its cells; where there is an error, those before it.
    error
        Why it cannot be split into cells, or an empty string.
    end
        Its line end.
    """

    line: int
    cells: list[str]
    error: str
    end: str


def records(text: TextIO, dialect: Dialect = RFC_4180, *, strict: bool = False) -> Iterator[Record]:
    """Go through the records of a CSV file.

    Behind a record that cannot be split (a quote that does not close) reading goes on with the
    next line, so that one quote does not hide the faults of the rest. After very many of them the
    last record says that no more are read.

    Parameters
    ----------
    text
        The file, opened with ``newline=""``.
    dialect
        How it is written.
    strict
        Whether a quote inside a cell that is not quoted is an error, as RFC 4180 has it.
    """
    csv.field_size_limit(MAX_CELL)
    form: Any = {
        "delimiter": dialect.delimiter, "doublequote": dialect.double_quote,
        "escapechar": dialect.escape_char, "skipinitialspace": dialect.skip_initial_space,
        "quotechar": dialect.quote_char or None,
        "quoting": csv.QUOTE_MINIMAL if dialect.quote_char else csv.QUOTE_NONE,
    }  # fmt: skip
    source = _Source(text)
    reader = csv.reader(source, strict=True, **form)
    line, breaks, again = 1, 0, 0
    mark, comment = dialect.quote_char, dialect.comment_char
    while True:
        source.taken.clear()
        error, cells = "", None
        try:
            cells = next(reader, None)
        except csv.Error as found:
            error = str(found)
        taken = source.taken
        if cells is None and not error:
            return
        end = _line_end(taken[-1])
        odd = strict and not error and mark and any(mark in cell for cell in cells or ())
        if odd and misplaced_quote("".join(taken), dialect) is not None:
            error, cells = "a quote stands inside a cell that is not quoted", None
        if cells is None:
            again += sum(map(len, taken[1:]))
            breaks += 1
            cells = _before_the_fault(taken[0], dialect)
            source.give_back(1)
            reader = csv.reader(source, strict=True, **form)
            if breaks > _MOST_BREAKS or again > _MOST_READ_AGAIN:
                yield Record(line, cells, NO_MORE, end)
                return
            yield Record(line, cells, error, end)
        elif not (comment and cells and cells[0].startswith(comment)):
            yield Record(line, cells, "", end)
        line += len(source.taken)


NO_MORE = "too many rows cannot be split into cells"


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


def misplaced_quote(record: str, dialect: Dialect = RFC_4180) -> tuple[int, int] | None:
    """Return the first cell with a quote where none may stand: its number, and where it begins.

    Examples
    --------
    >>> misplaced_quote('a,5" disk,c')
    (1, 2)
    >>> misplaced_quote('a,"5"" disk",c')
    """
    mark, number, begin, state = dialect.quote_char, 0, 0, "start"
    for place, letter in enumerate(record):
        if state == "quoted":
            state = "closed" if letter == mark else state
        elif letter == dialect.delimiter:
            number, begin, state = number + 1, place + 1, "start"
        elif letter == mark:
            if state == "plain":
                return number, begin
            state = "quoted"
        elif letter in "\r\n":
            state = "start"
        elif state == "closed":
            return number, begin
        else:
            state = "plain"
    return (number, begin) if state == "quoted" else None


def _before_the_fault(line: str, dialect: Dialect) -> list[str]:
    """Return the cells of a line before the one with a misplaced quote."""
    found = misplaced_quote(line, dialect)
    if found is None:
        return []
    number, begin = found
    rest = csv.reader([line[:begin]], delimiter=dialect.delimiter)
    return next(rest, [])[:number]


def _line_end(line: str) -> str:
    if line.endswith("\r\n"):
        return "\r\n"
    return line[-1] if line[-1:] in ("\n", "\r") else ""
