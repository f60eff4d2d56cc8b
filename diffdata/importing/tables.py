"""Foreign tables as text: their files, their vintages, and what became of each cell."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from diffdata.errors import InvalidInputError, PackageError, nearest
from diffdata.importing.mapping import Mapping as Rules
from diffdata.importing.mapping import folded, known_mappings, matching, read_mapping
from diffdata.package.files import checked_utf8
from diffdata.schemas.standard import Dialect
from diffdata.validation.splitting import Record, Splitter

_VINTAGE = re.compile(
    r"(?<![0-9])(20[0-9]{2})[-_.]?(0[1-9]|1[0-2])(?:[-_.]?([0-3][0-9]))?(?![0-9])"
)
_DATE = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])(?:-[0-3][0-9])?")

# What became of a cell: it is in our tables, or in an additional column, or could not be read, or
# a later vintage has another one, or its row is set aside.
Fate = Literal["mapped", "kept", "prose", "issue", "superseded", "set_aside"]


@dataclass(eq=False)
class Row:
    """A row of a foreign table, with the cells that are not empty."""

    line: int
    cells: dict[str, str]
    width: int = 0  # the number of its cells, also of empty ones
    fates: dict[str, Fate] = field(default_factory=dict)
    reason: str = ""  # why it is set aside
    name: str | None = None  # of what it is about, once that was read
    table: ForeignTable = field(init=False)


@dataclass(eq=False)
class ForeignTable:
    """One file of a publisher, of one vintage."""

    file: str
    vintage: str  # a date or a month, empty if it is not known
    headers: list[str]
    rows: list[Row]
    source_id: str = ""
    _found: dict[tuple[str, ...], list[tuple[str, dict[str, str]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            row.table = self

    @property
    def day(self) -> str:
        """The first day of the vintage, empty if it is not known."""
        return self.vintage + "0000-01-01"[len(self.vintage) :] if self.vintage else ""

    def find(self, names: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
        """Return the columns that have one of the names, see `matching`."""
        key = tuple(names)
        if key not in self._found:
            self._found[key] = list(matching(names, self.headers))
        return self._found[key]

    @cached_property
    def folded(self) -> dict[str, str]:
        """The columns by their names without case."""
        return {folded(header): header for header in self.headers}

    @property
    def accepted(self) -> list[Row]:
        """The rows that are not set aside."""
        return [row for row in self.rows if not row.reason]

    def fates(self) -> Counter[str]:
        """Return how many cells had each fate."""
        return Counter(row.fates.get(header, "lost") for row in self.rows for header in row.cells)


@dataclass(frozen=True)
class Found:
    """A cell of a row, and the numbers in the name of its column."""

    row: Row
    header: str
    placeholders: Mapping[str, str]

    @property
    def text(self) -> str:
        """The text of the cell."""
        return self.row.cells[self.header]


def vintage_of(file: Path, given: Mapping[str, str], folder: str = "") -> str:
    """Return the vintage of a file: as given, or the last date in its name or in its folder's."""
    for name in (str(file), file.name, folder):
        if name in given:
            if not _DATE.fullmatch(given[name]):
                raise InvalidInputError(
                    f"--vintage {name}={given[name]}: expected a date or a month, as in "
                    f"{name}=2026-07-19 or {name}=2026-07"
                )
            return given[name]
    dates = list(_VINTAGE.finditer(file.stem)) or list(_VINTAGE.finditer(folder))
    return "-".join(part for part in dates[-1].groups() if part) if dates else ""


def read_file(file: Path, encoding: str, rules: Rules | None = None) -> tuple[list[str], list[Row]]:
    """Return the header and the rows of a CSV file of the kind that a mapping reads.

    The delimiter is the one with which the header is that of such a table. Rows that are too long
    or too short, or cannot be split, come with a reason.
    """
    try:
        data = file.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise PackageError(f"{file}: cannot be read: {error.strerror}") from None
    if not data.strip() and rules:
        raise InvalidInputError(f"{file}: the file is empty; expected a table")
    try:
        if encoding.casefold() not in ("utf-8", "utf8"):
            data = data.decode(encoding).encode()
        checked_utf8(data, str(file))
    except PackageError as error:
        if error.line is None:
            raise
        known = "utf-16" if "UTF-16" in str(error) else "cp1252"
        raise PackageError(
            f"{error}, or name it with --encoding, as in --encoding {known}"
        ) from None
    except (LookupError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file}: --encoding {encoding}: {error}") from None
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise InvalidInputError(f"{file}: line {line} has a NUL byte: this is not a file of text")
    headers: dict[str, list[str]] = {}
    for delimiter in ",;\t|":
        splitter = Splitter(data, Dialect.model_validate({"delimiter": delimiter}))
        records = splitter.records()
        first = next((record for record in records if any(record.cells) or record.error), None)
        headers[delimiter] = found = _unique(first.cells) if first else []
        if not rules or rules.is_kind(found):
            rows = list(_rows(records, found))
            widths = {row.width for row in rows}
            if rules and len(widths) == 1 and widths != {len(found)}:
                raise InvalidInputError(
                    f"{file}: the header has {len(found)} columns, but every row has "
                    f"{widths.pop()} cells: which column is missing, or one too many?"
                )
            return found, rows
    assert rules
    raise InvalidInputError(f"{file}: {_another_kind(rules, list(headers.values()))}")


def _another_kind(rules: Rules, headers: Sequence[Sequence[str]]) -> str:
    """Return why a header, split by each delimiter, is not that of a table of the kind."""
    found = next((names for names in headers if any(matching(rules.row, names))), headers[0])
    expected = rules.header.any if any(matching(rules.row, found)) else rules.row
    names = " or ".join(map(repr, expected[:5])) + " or one of others" * (len(expected) > 5)
    listed = ", ".join(map(repr, found[:12])) + " and others" * (len(found) > 12)
    what = f"expected a column {names}, found {listed or 'no header'}"
    if other := next((n for n in found if rules.header.excludes(folded(n))), ""):
        what = f"it has a column {other!r}"
    close = [name for header in found for name in nearest(header, expected)][:1]
    hint = f"did you mean {close[0]!r}? " if close and not other else ""
    hint += "If a column is called otherwise, add its name to a mapping: docs/importing.md"
    if fitting := [name for name in known_mappings() if read_mapping(name).is_kind(found)]:
        hint = f"It is one for diffdata import {fitting[0]}"
    return f"this is not a table for {rules.name}: {what}. {hint}"


def _unique(header: Sequence[str]) -> list[str]:
    """Return a header in which each column has a name of its own, also without case."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(header, start=1):
        stem = " ".join(cell.split()) or f"column {place}"
        name, number = stem, 2
        while folded(name) in taken:
            name, number = f"{stem} ({number})", number + 1
        taken.add(folded(name))
        names.append(name)
    return names


def _rows(records: Iterator[Record], headers: Sequence[str]) -> Iterator[Row]:
    """Yield the rows that are not blank; cells beyond the header have names of their own."""
    for record in records:
        names = [*headers, *(f"beyond column {n}" for n in range(len(headers), len(record.cells)))]
        cells = {n: c for n, c in zip(names, record.cells, strict=False) if c.strip()}
        if not record.cells and not record.error:
            continue  # an empty line; a row of commas counts as a row
        reason = record.error
        if not reason and len(record.cells) != len(headers):
            reason = f"it has {len(record.cells)} cells, the header {len(headers)}"
        yield Row(record.line, cells, len(record.cells), reason=reason)
