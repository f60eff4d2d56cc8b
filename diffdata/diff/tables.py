"""Tables of text: reading them, finding rows by their key, and how two cells differ."""

from __future__ import annotations

import csv
import datetime
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal

from diffdata.errors import InvalidInputError, PackageError, UnknownNameError, visible
from diffdata.package.files import read_text

# A single cell may be long (an abstract, a list of authors); the default limit is 131,072.
_LONGEST_CELL = 2**24
# A column with another name is used as the key if this share of the key's values (or of the rows of
# its table, if these are fewer) occur once in it, and at least this number of values.
_KEY_SHARE = 0.5
_KEY_VALUES = 3
# A column is suggested as the key if this share of the rows have a unique value in it.
_NEARLY_ALL = 0.9
# The content of a column, from its schema or from its name (`guess_type`). ``any`` is decided cell
# by cell.
ColumnType = Literal["number", "date", "code", "text", "unit", "precision", "any"]
# How changes of cells are called in lists.
CELL_KINDS = {
    "unit": "unit changed",
    "number": "number changed",
    "date": "date moved",
    "precision": "precision changed",
    "code": "changed",
    "wording": "reworded",
    "emptied": "value removed",
    "filled": "value added",
    "form": "written differently",
}
# An integer part of several digits that begins with 0 is an identifier, not a number.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}.*)?")
_PARTIAL_DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}")
_UNIT_NAMES = {"unit", "units", "currency", "price_year", "price year"}
_PROSE_NAMES = re.compile(
    r"(?:^|[\s_])(?:notes?|comments?|descriptions?|abstract|reason|why|remarks?)(?:$|[\s_])", re.I
)
# A text of this many words is a sentence; a shorter one is a name or a choice.
_PROSE_WORDS = 6


# Where a row begins: its line, from 1; in a file after the first of a table, ``FILE:LINE``.
Place = int | str


class Key(tuple[str, ...]):
    """The texts of the key columns in a row, without surrounding blanks."""


def key_words(key: Iterable[str]) -> str:
    """Return the key of a row as one text."""
    return " / ".join(key)


@dataclass(frozen=True)
class Table:
    """A table whose cells are text, as in the file."""

    name: str  # in messages
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # each as long as `columns`
    lines: tuple[Place, ...]  # where each row begins
    remarks: tuple[str, ...] = ()  # such as: short rows were filled with empty cells

    def select(self, columns: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the cells of some columns, one tuple for each row."""
        positions = [self.columns.index(column) for column in columns]
        return [tuple(row[position] for position in positions) for row in self.rows]


def make_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table of given rows, with line numbers as if each row were one line of a file."""
    cells = tuple(tuple(row) for row in rows)
    return Table(name, tuple(columns), cells, tuple(range(2, len(cells) + 2)))


def read_table(path: Path, name: str, *, delimiter: str = ",", encoding: str = "utf-8") -> Table:
    """Read a CSV file; see `parse_table`. Messages use the name."""
    try:
        text = read_text(path, name) if encoding == "utf-8" else path.read_bytes().decode(encoding)
    except LookupError:
        raise InvalidInputError(f"encoding: there is no encoding {encoding!r}") from None
    except UnicodeError:
        raise PackageError(f"{name}: the file is not encoded as {encoding}") from None
    except OSError as error:
        raise PackageError(f"{name}: cannot be read: {error.strerror}") from None
    return parse_table(text, name, delimiter)


def read_files(files: Mapping[str, Path]) -> Table:
    """Read the files of one table, by their names, of which that of the first is its name."""
    first, *others = (read_table(path, name) for name, path in files.items())
    rows, lines = list(first.rows), list(first.lines)
    for table in others:
        if set(table.columns) != set(first.columns):
            raise PackageError(f"{table.name}: expected the header of {first.name}", 1)
        rows += table.select(first.columns)
        lines += [f"{table.name}:{line}" for line in table.lines]
    remarks = [remark for table in (first, *others) for remark in table.remarks]
    return Table(first.name, first.columns, tuple(rows), tuple(lines), tuple(remarks))


def parse_table(text: str, name: str, delimiter: str = ",") -> Table:
    """Parse CSV with or without a byte order mark, with any line ends, and lines within cells."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InvalidInputError(f"delimiter: expected one character, found {delimiter!r}")
    lines, rows, short = [], [], []
    width = None
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        source = io.StringIO(text.removeprefix("\ufeff"), newline="")
        reader = csv.reader(source, delimiter=delimiter)
        next_line = 1
        for cells in reader:
            line, next_line = next_line, reader.line_num + 1
            if not cells:
                continue
            width = width or len(cells)
            if any(cells[width:]):
                raise PackageError(
                    f"{name}: line {line}: the row has {len(cells)} cells, expected {width} as in "
                    f"the header; a cell that contains {delimiter!r} must be in double quotes",
                    line,
                )
            if len(cells) < width:
                short.append(line)
            lines.append(line)
            rows.append((*cells[:width], *[""] * (width - len(cells))))
    except csv.Error as error:
        raise PackageError(f"{name}: line {next_line}: not valid CSV: {error}", next_line) from None
    finally:
        csv.field_size_limit(limit)
    if not rows:
        raise PackageError(f"{name}: the file is empty; expected a header", 1)
    header = tuple(column.strip() for column in rows[0])
    for column in sorted(column for column in header if header.count(column) > 1):
        raise PackageError(f"{name}: there are two columns {column!r}; rename one of them", 1)
    remarks = []
    if short:
        listed = ", ".join(map(str, short[:10])) + (", ..." if len(short) > 10 else "")
        remarks.append(
            f"{name}: {len(short)} rows are shorter than the header and were filled with empty "
            f"cells (line {listed})"
        )
    return Table(name, header, tuple(rows[1:]), tuple(lines[1:]), tuple(remarks))


@dataclass(frozen=True)
class Keyed:
    """The positions of the rows of a table by key: the stripped texts of the key columns."""

    table: Table
    columns: Sequence[str]
    once: dict[Key, int]
    duplicates: dict[Key, list[int]]
    blanks: list[int]  # all key columns are empty

    def count(self, key: Key) -> int:
        """Return how often a key occurs."""
        return len(self.duplicates.get(key, ())) or int(key in self.once)

    def line(self, key: Key) -> Place:
        """Return the line of the row with a key that occurs once."""
        return self.table.lines[self.once[key]]

    def lines(self, rows: Iterable[int]) -> list[Place]:
        """Return the lines where rows begin."""
        return [self.table.lines[row] for row in rows]

    def not_compared(self, other: Keyed) -> list[Key]:
        """Return the keys that occur once here, and more than once in the other table."""
        return [key for key in self.once if key in other.duplicates]

    def cells(self, key: Key) -> dict[str, str]:
        """Return the filled cells of that row, apart from the key, by column."""
        cells = zip(self.table.columns, self.table.rows[self.once[key]], strict=True)
        return {c: text for c, text in cells if text.strip() and c not in self.columns}


def by_key(table: Table, columns: Sequence[str]) -> Keyed:
    """Sort the rows of a table into those with a unique, a duplicate and a blank key."""
    found: dict[Key, list[int]] = {}
    for position, cells in enumerate(table.select(columns)):
        found.setdefault(Key(cell.strip() for cell in cells), []).append(position)
    blanks = found.pop(Key([""] * len(columns)), [])
    once = {key: rows[0] for key, rows in found.items() if len(rows) == 1}
    duplicates = {key: rows for key, rows in found.items() if len(rows) > 1}
    return Keyed(table, columns, once, duplicates, blanks)


def key_columns(
    old: Table, new: Table, key: Sequence[str], rename: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the old and the new name of each key column, which may be named ``OLD=NEW``."""
    if not key:
        common = [name for name in old.columns if name in new.columns]
        for table in (old, new):
            least = max(1, _NEARLY_ALL * len(table.rows))
            common = [name for name in common if len(by_key(table, [name]).once) >= least]
        names = visible(", ".join(common))
        hint = f"; columns with nearly unique values: {names}" if common else ""
        raise InvalidInputError(
            f"key: expected the columns that identify a row (--key COLUMN){hint}"
        )
    return [_key_pair(old, new, name, rename) for name in key]


def _key_pair(old: Table, new: Table, name: str, rename: Mapping[str, str]) -> tuple[str, str]:
    """Return both names of a column; if only one table has it, the other is found by content."""
    # A name may itself contain "=", so every place where it can be split is tried.
    splits = [(name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "="]
    for before, after in [*(p for p in rename.items() if name in p), (name, name), *splits]:
        if before in old.columns and after in new.columns:
            return before, after
    if name in new.columns:
        return _column_like(new, name, old), name
    if name in old.columns:
        return name, _column_like(old, name, new)
    if not splits:
        raise unknown_column(name, old, new)
    before, after = splits[0]
    raise unknown_column(after, new) if before in old.columns else unknown_column(before, old)


def unknown_column(name: str, *tables: Table) -> UnknownNameError:
    """Return the error that the tables have no such column, with control characters visible."""
    where = f"in {tables[0].name}" if len(tables) == 1 else "in either table"
    columns = {visible(column) for table in tables for column in table.columns}
    return UnknownNameError(f"column {where}", name, columns)


def _column_like(table: Table, name: str, other: Table) -> str:
    """Find the column of the other table that contains the values of a key column."""
    values = set(by_key(table, [name]).once)
    enough = max(_KEY_VALUES, _KEY_SHARE * min(len(values), len(other.rows)))
    columns = [
        column
        for column in other.columns
        if column not in table.columns and len(values & set(by_key(other, [column]).once)) >= enough
    ]
    if len(columns) == 1:
        return columns[0]
    found = f"several columns contain its values ({visible(', '.join(columns))})" if columns else (
        "no column there contains most of its values"
    )  # fmt: skip
    raise InvalidInputError(
        f"key: {other.name} has no column {name!r}, and {found}; name both, as in "
        f"--key OLD=NEW (columns there: {visible(', '.join(other.columns))})"
    )


class Consequence(IntEnum):
    """How serious a change is, most serious first; all formats list changes in this order."""

    MEANING = 1  # a unit, a currency, a type or a key changed: figures mean something else
    TENFOLD = 2  # a number changed by a factor of ten or more, to or from zero, or its sign
    NUMBER = 3  # a number changed by less than that
    DATE = 4  # a date changed
    GONE = 5  # a table, a column, a row or a value was removed
    CODE = 6  # a name, an identifier, a choice, a flag or a rule changed
    NEW = 7  # a table, a column, a row or a value was added
    RENAMED = 8  # a row or a column has another name and the same content
    PRECISION = 9  # a date is given to the day instead of the month, or the reverse
    WORDING = 10  # a note, a description or another sentence changed
    FORM = 11  # the same value is written or ordered differently


@dataclass(frozen=True)
class Difference:
    """How two texts of one cell differ; kind ``form`` is the same value, written differently."""

    kind: str  # of CELL_KINDS
    consequence: Consequence
    ratio: float | None = None  # new over old, for numbers other than zero
    relative: float | None = None  # the change as a share of the old number
    days: float | None = None  # by which a date moved, negative if it is earlier now
    remark: str = ""  # "more digits", "fewer digits", "sign changed" ...

    @property
    def size(self) -> float:
        """The size by which differences of one consequence are ordered, the largest first."""
        if self.kind == "number":
            return abs(math.log10(self.ratio)) if self.ratio and self.ratio > 0 else math.inf
        return abs(self.days or 0.0)


def difference(
    old: str, new: str, kind: ColumnType = "any", atol: float = 0, rtol: float = 0
) -> Difference | None:
    """Describe how two texts of a cell differ; None if they are the same text."""
    if old == new:
        return None
    before, after = canonical(old, kind), canonical(new, kind)
    if before == after:
        return Difference("form", Consequence.FORM)
    old, new = _trimmed(old), _trimmed(new)
    if kind == "unit":
        return Difference("unit", Consequence.MEANING)
    if kind == "precision":
        return Difference("precision", Consequence.PRECISION)
    prose = kind == "text" or (kind == "any" and (_is_prose(old) or _is_prose(new)))
    if not old:
        return Difference("filled", Consequence.WORDING if prose else Consequence.NEW)
    if not new:
        return Difference("emptied", Consequence.WORDING if prose else Consequence.GONE)
    if isinstance(before, Decimal) and isinstance(after, Decimal):
        return _numbers(before, after, Decimal(str(atol)), Decimal(str(rtol)))
    if kind in ("date", "any") and (found := _dates(old, new)):
        return found
    if prose:
        remark = "only blanks differ" if old.split() == new.split() else ""
        return Difference("wording", Consequence.WORDING, remark=remark)
    return Difference("code", Consequence.CODE)


@lru_cache(maxsize=2**17)
def canonical(text: str, kind: ColumnType = "any") -> str | Decimal:
    """Return the value by which cells are compared: the number, or the trimmed text."""
    text = _trimmed(text)
    if kind in ("number", "any") and _NUMBER.fullmatch(text):
        number, approximate = Decimal(text), float(text)
        # A number outside the range of floats is left as text, so that a ratio can be computed.
        if math.isfinite(approximate) and (approximate == 0) == (number == 0):
            return number
    return text


def guess_type(column: str) -> ColumnType:
    """Return ``unit``, ``precision`` or ``text`` for a column whose name says so, else ``any``."""
    name = column.strip().lower()
    if name in _UNIT_NAMES or name.endswith(("_unit", " unit", "_currency")):
        return "unit"
    if name == "precision" or name.endswith(("_precision", " precision")):
        return "precision"
    return "text" if _PROSE_NAMES.search(name) else "any"


def _as_moment(text: str) -> datetime.datetime | None:
    """Return the moment of an ISO date with or without a time of day, in UTC by default."""
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _trimmed(text: str) -> str:
    """Return the text without surrounding blanks and with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _is_prose(text: str) -> bool:
    return "\n" in text or len(text.split()) >= _PROSE_WORDS


def _numbers(old: Decimal, new: Decimal, atol: Decimal, rtol: Decimal) -> Difference:
    if abs(new - old) <= atol + rtol * abs(old):
        return Difference("form", Consequence.FORM, remark="within the tolerance")
    if old == 0 or new == 0:
        remark, relative = ("from zero", None) if old == 0 else ("to zero", -1.0)
        return Difference("number", Consequence.TENFOLD, relative=relative, remark=remark)
    ratio, relative = float(new / old), float((new - old) / abs(old))
    if not math.isfinite(ratio) or ratio == 0:  # outside the range of floats
        return Difference("number", Consequence.TENFOLD)
    if ratio < 0:
        consequence, remark = Consequence.TENFOLD, "sign changed"
    else:
        # Decimals: 1.2e24 to 1.2e23 is tenfold, though the ratio as a float is 0.0999999....
        small, large = sorted((abs(old), abs(new)))
        consequence = Consequence.TENFOLD if large >= 10 * small else Consequence.NUMBER
        remark = _rounding(old, new)
    return Difference("number", consequence, ratio=ratio, relative=relative, remark=remark)


def _rounding(old: Decimal, new: Decimal) -> str:
    """Return whether one number is the other one rounded to fewer significant digits."""
    before, after = (len(number.normalize().as_tuple().digits) for number in (old, new))
    if before < after and Decimal(f"{new:.{before - 1}e}") == old:
        return "more digits"
    if after < before and Decimal(f"{old:.{after - 1}e}") == new:
        return "fewer digits"
    return ""


def _dates(old: str, new: str) -> Difference | None:
    if all(map(_PARTIAL_DATE.fullmatch, (old, new))) and len(old) != len(new):
        if old.startswith(new) or new.startswith(old):
            return Difference("precision", Consequence.PRECISION)
        # Complete a year or a month to its first day.
        old, new = (date + "-01-01"[len(date) - 4 :] for date in (old, new))
    before, after = _as_moment(old), _as_moment(new)
    if before is None or after is None:
        return None
    if before == after:
        return Difference("form", Consequence.FORM)
    return Difference("date", Consequence.DATE, days=(after - before).total_seconds() / 86400)
