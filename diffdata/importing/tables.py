"""Foreign tables as text: their files, their vintages, and what became of each cell."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from diffdata.errors import InvalidInputError, PackageError, nearest
from diffdata.importing.cells import cleaned
from diffdata.importing.mapping import Mapping as Rules
from diffdata.importing.mapping import folded, known_mappings, matching, read_mapping
from diffdata.package.files import checked_utf8
from diffdata.schemas.standard import Dialect
from diffdata.validation.splitting import Record, Splitter

_VINTAGE = re.compile(
    r"(?<![0-9])(20[0-9]{2})[-_.]?(0[1-9]|1[0-2])(?:[-_.]?([0-3][0-9]))?(?![0-9])"
)
_DATE = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])(?:-[0-3][0-9])?")

# What became of a cell: it is in our tables, or could not be read, or is in an additional column,
# or a later vintage has another one, or its row is set aside.
FATES = ("", "mapped", "issue", "kept", "prose", "superseded", "set_aside")
_, MAPPED, ISSUE, KEPT, PROSE, SUPERSEDED, SET_ASIDE = range(len(FATES))
_SHORT = 64  # what is shorter may stand in several cells, and is kept once and on one line


@dataclass(eq=False, slots=True)
class Row:
    """A row of a foreign table, whose columns have its cells."""

    line: int
    width: int = 0  # the number of its cells, also of empty ones
    reason: str = ""  # why it is set aside
    name: str | None = None  # of what it is about, once that was read
    index: int = field(init=False)
    table: ForeignTable = field(init=False)

    def cell(self, header: str) -> str | None:
        """Return the text of a cell on one line, or None if it is empty."""
        text = self.table.columns[header][self.index]
        return text if text is None or len(text) < _SHORT else cleaned(text)

    def original(self, header: str) -> str:
        """Return the text of a cell as it is in the file, also of an empty one."""
        column = self.table.columns.get(header)
        text = column[self.index] if column else None
        return self.table.originals.get((header, self.index), text or "")

    def filled(self) -> Iterator[str]:
        """Yield the columns in which the row has a cell that is not empty."""
        return (h for h, column in self.table.columns.items() if column[self.index] is not None)


@dataclass(eq=False)
class ForeignTable:
    """One file of a publisher, of one vintage, by columns."""

    file: str
    vintage: str  # a date or a month, empty if it is not known
    headers: list[str]
    rows: list[Row]
    columns: dict[str, list[str | None]]  # short texts are cleaned; None is an empty cell
    originals: dict[tuple[str, int], str]  # the short texts that cleaning changed
    source_id: str = ""
    _found: dict[tuple[str, ...], list[tuple[str, dict[str, str]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for index, row in enumerate(self.rows):
            row.table, row.index = self, index
        self.fates = {header: bytearray(len(self.rows)) for header in self.columns}

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

    def fates_of(self, header: str) -> Counter[str]:
        """Return how many cells of a column had each fate."""
        counted = Counter(self.fates[header])
        lost = sum(text is not None for text in self.columns[header])
        lost -= sum(counted.values()) - counted.pop(0, 0)
        found = Counter({FATES[fate]: number for fate, number in counted.items()})
        return found + Counter({"lost": lost})


@dataclass(frozen=True, slots=True)
class Found:
    """A cell of a row, and the numbers in the name of its column."""

    row: Row
    header: str
    placeholders: Mapping[str, str]

    @property
    def text(self) -> str:
        """The text of the cell on one line."""
        return self.row.cell(self.header) or ""

    @property
    def fate(self) -> int:
        """What became of the cell so far."""
        return self.row.table.fates[self.header][self.row.index]

    def set_fate(self, fate: int) -> None:
        """Remember what became of the cell."""
        self.row.table.fates[self.header][self.row.index] = fate


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


def read_file(
    file: Path, encoding: str, vintage: str, rules: Rules | None = None, name: str = ""
) -> ForeignTable:
    """Return the table in a CSV file of the kind that a mapping reads.

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
            table = _table(records, found, name or file.name, vintage)
            widths = {row.width for row in table.rows}
            if rules and len(widths) == 1 and widths != {len(found)}:
                raise InvalidInputError(
                    f"{file}: the header has {len(found)} columns, but every row has "
                    f"{widths.pop()} cells: which column is missing, or one too many?"
                )
            return table
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


def _table(records: Iterator[Record], headers: list[str], file: str, vintage: str) -> ForeignTable:
    """Return the rows that are not blank; cells beyond the header have names of their own."""
    rows: list[Row] = []
    names, columns = list(headers), [list[str | None]() for _ in headers]
    originals: dict[tuple[str, int], str] = {}
    known: dict[str, str] = {}  # cells that are alike are one text
    for record in records:
        if not record.cells and not record.error:
            continue  # an empty line; a row of commas counts as a row
        index, width = len(rows), len(record.cells)
        for place in range(len(names), width):
            names.append(f"beyond column {place}")
            columns.append([None] * index)
        for place, text in enumerate(record.cells):
            if not text or text.isspace():
                columns[place].append(None)
                continue
            if len(text) >= _SHORT:
                columns[place].append(text)
                continue
            if (clean := known.get(text)) is None:
                clean = known[text] = cleaned(text)
            columns[place].append(clean)
            if clean != text:
                originals[names[place], index] = text
        for column in columns[width:]:
            column.append(None)
        reason = record.error
        if not reason and width != len(headers):
            reason = f"it has {width} cells, the header {len(headers)}"
        rows.append(Row(record.line, width, reason))
    by_name = dict(zip(names, columns, strict=True))
    return ForeignTable(file, vintage, headers, rows, by_name, originals)
