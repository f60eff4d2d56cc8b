"""The tables that are compared: reading them as text, and finding rows by their key."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diffdata.errors import InvalidInputError, PackageError, UnknownNameError, visible
from diffdata.package.files import read_text

KeyText = tuple[str, ...]

# A single cell may be long (an abstract, a list of authors); the default limit is 131,072.
_LONGEST_CELL = 2**24
# A column with another name is used as the key if this share of the key's values (or of the rows of
# its table, if these are fewer) occur once in it, and at least this number of values.
_KEY_SHARE = 0.5
_KEY_VALUES = 3
# A column is suggested as the key if this share of the rows have a unique value in it.
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Table:
    """A table whose cells are text, as in the file."""

    name: str  # in messages
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # each as long as `columns`
    lines: tuple[int, ...]  # of the file where each row begins, from 1
    remarks: tuple[str, ...] = ()  # such as: short rows were filled with empty cells

    def select(self, columns: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the cells of some columns, one tuple for each row."""
        positions = [self.columns.index(column) for column in columns]
        return [tuple(row[position] for position in positions) for row in self.rows]


def make_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table of given rows, with line numbers as if each row were one line of a file.

    Examples
    --------
    >>> make_table("models", ["model", "flop"], [["GPT-3", "3.14e23"]]).lines
    (2,)
    """
    cells = tuple(tuple(row) for row in rows)
    return Table(name, tuple(columns), cells, tuple(range(2, len(cells) + 2)))


def read_table(
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> Table:
    """Read a CSV file, with or without a byte order mark, any line ends, lines within cells.

    Messages use the name, by default the path.

    Raises
    ------
    InvalidInputError
        If there is no such encoding, or the delimiter is not one character.
    PackageError
        If the file cannot be read or decoded, is empty, has a duplicate column, or has a row with
        more cells than the header; the message names the line.

    Examples
    --------
    >>> from diffdata.package.files import bundled_root
    >>> read_table(bundled_root() / "data" / "models.csv").columns[:2]
    ('model_id', 'name')
    """
    path, name = Path(path), str(path) if name is None else name
    try:
        text = read_text(path, name) if encoding == "utf-8" else path.read_bytes().decode(encoding)
    except LookupError:
        raise InvalidInputError(f"encoding: there is no encoding {encoding!r}") from None
    except UnicodeError:
        raise PackageError(f"{name}: the file is not encoded as {encoding}") from None
    except OSError as error:
        raise PackageError(f"{name}: cannot be read: {error.strerror}") from None
    return parse_table(text, name, delimiter)


def parse_table(text: str, name: str, delimiter: str = ",") -> Table:
    r"""Parse the text of a CSV file; see `read_table`.

    Blank lines are skipped. A row with fewer cells than the header is filled with empty cells, and
    ``remarks`` reports it.

    Examples
    --------
    >>> table = parse_table('\ufeffModel,Notes\r\nGPT-3,"two\nlines"\r\n\r\nOPT,\r\n', "a.csv")
    >>> table.columns, table.rows, table.lines
    (('Model', 'Notes'), (('GPT-3', 'two\nlines'), ('OPT', '')), (2, 5))
    """
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
                    "the header; a cell that contains {delimiter!r} must be in double quotes",
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
    once: dict[KeyText, int]
    duplicates: dict[KeyText, list[int]]
    blanks: list[int]  # all key columns are empty

    def count(self, key: KeyText) -> int:
        """Return how often a key occurs."""
        return len(self.duplicates.get(key, ())) or int(key in self.once)

    def line(self, key: KeyText) -> int:
        """Return the line of the row with a key that occurs once."""
        return self.table.lines[self.once[key]]

    def cells(self, key: KeyText) -> dict[str, str]:
        """Return the filled cells of that row, apart from the key, by column."""
        cells = zip(self.table.columns, self.table.rows[self.once[key]], strict=True)
        return {c: text for c, text in cells if text.strip() and c not in self.columns}


def by_key(table: Table, columns: Sequence[str]) -> Keyed:
    """Sort the rows of a table into those with a unique, a duplicate and a blank key."""
    found: dict[KeyText, list[int]] = {}
    for position, cells in enumerate(table.select(columns)):
        found.setdefault(tuple(cell.strip() for cell in cells), []).append(position)
    blanks = found.pop(("",) * len(columns), [])
    once = {key: rows[0] for key, rows in found.items() if len(rows) == 1}
    duplicates = {key: rows for key, rows in found.items() if len(rows) > 1}
    return Keyed(table, columns, once, duplicates, blanks)


def key_columns(
    old: Table, new: Table, key: Sequence[str], rename: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the key columns as pairs of their old and their new name.

    A name may be ``OLD=NEW``. A name that only one table has is searched in the other by content.
    """
    if not key:
        unique = [
            name
            for name in old.columns
            if name in new.columns
            and all(
                table.rows and len(by_key(table, [name]).once) >= _NEARLY_ALL * len(table.rows)
                for table in (old, new)
            )
        ]
        names = visible(", ".join(unique))
        hint = f"; columns with nearly unique values: {names}" if unique else ""
        raise InvalidInputError(
            f"key: expected the columns that identify a row (--key COLUMN){hint}"
        )
    return [_key_pair(old, new, name, rename) for name in key]


def _key_pair(old: Table, new: Table, name: str, rename: Mapping[str, str]) -> tuple[str, str]:
    renamed = [pair for pair in rename.items() if name in pair]
    renamed += [(name, name)]
    # A name may itself contain "=", so every place where it can be split is tried.
    renamed += [(name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "="]
    for before, after in renamed:
        if before in old.columns and after in new.columns:
            return before, after
    if name in new.columns:
        return _column_like(new, name, old), name
    if name in old.columns:
        return name, _column_like(old, name, new)
    before, equals, after = name.partition("=")
    if not equals:
        raise unknown_column(name, old, new)
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
