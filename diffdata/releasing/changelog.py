"""The changelog: what it says of an edition, and which changes it does not name."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diffdata.diff import PackageDiff, TableDiff, read_table
from diffdata.diff.cells import Consequence
from diffdata.diff.ordering import key_words
from diffdata.errors import PackageError
from diffdata.package.packages import Package

CHANGELOG = "CHANGELOG.md"
_CORRECTIONS = "corrections"

_HEADING = re.compile(r"## (?P<edition>\d+\.\d+)(?:\.0)?(?: \((?P<date>[^)]*)\))?")
# The part that names the changed values, with the reasons; `diffdata versions` shows it.
_CHANGED_VALUES = "changed values"


@dataclass(frozen=True)
class Section:
    """The section of one edition."""

    edition: str
    dated: str  # the text in brackets after the edition: its date, or `unreleased`
    text: str  # with its heading

    @property
    def date(self) -> datetime.date | None:
        """The date of the heading, None if it has none."""
        try:
            return datetime.date.fromisoformat(self.dated)
        except ValueError:
            return None

    @property
    def headline(self) -> tuple[str, ...]:
        """The text before the first part, and the points under ``### Changed values``."""
        found = []
        part = _CHANGED_VALUES
        for block in _blocks(self.text):
            if block.startswith("#"):
                part = block.strip("# ").casefold() if block.startswith("###") else part
            elif part == _CHANGED_VALUES:
                found.append(block)
        return tuple(found)

    def names(self, key: tuple[str, ...]) -> bool:
        r"""Return whether one point of the section names a row, by all the texts of its key.

        An id counts where it is a separate word; a plain word such as ``parameters`` only in
        backticks, because it may mean anything.

        Examples
        --------
        >>> section = section_of("## 2026.2\n- `parameters` and gpt-3-cost: read anew.", "2026.2")
        >>> [section.names((key,)) for key in ("gpt-3-cost", "gpt-3", "parameters", "anew")]
        [True, False, True, False]
        """
        quoted = f"`{key_words(key)}`"
        return any(
            quoted in block or all(_named(text, block) for text in key if text)
            for block in _blocks(self.text)
        )

    def names_table(self, table: str) -> bool:
        """Return whether the section names a table; here a plain word counts."""
        return bool(_as_word(table, self.text))


def section_of(text: str, edition: str) -> Section:
    r"""Return the section of an edition.

    Raises
    ------
    PackageError
        If it has no section ``## EDITION (DATE)`` with a text.

    Examples
    --------
    >>> section = section_of("# Changelog\n\n## 1.2 (2026-11-22)\n\nMore\nrows.\n", "1.2")
    >>> section.date.year, section.headline
    (2026, ('More rows.',))
    """
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(("## ", "# "))]
    for start in starts:
        found = _HEADING.fullmatch(lines[start].rstrip())
        if found and found["edition"] == edition:
            end = next((n for n in starts if n > start), len(lines))
            text = "\n".join(lines[start:end]).strip() + "\n"
            if any(not block.startswith("#") for block in _blocks(text)):
                return Section(edition, found["date"] or "", text)
            raise PackageError(f"{CHANGELOG}: line {start + 1}: the section is empty", start + 1)
    raise PackageError(
        f"{CHANGELOG}: it has no section `## {edition} (DATE)`; it should say what is new and why"
    )


def unnamed(diff: PackageDiff, new: Package, section: Section) -> list[str]:
    """Return what must be named and is not, as points for the changelog.

    A row in which a value changed is named by its key, in the changelog or by a row of
    ``corrections`` that is new or changed and refers to it. A table is named in the changelog if
    its rows, columns or rules were added, removed or changed.
    """
    corrected = list(_corrected(diff, new))
    found = []
    for how, tables in (("added", diff.tables_added), ("removed", diff.tables_removed)):
        found += [f"- `{name}`: table {how}" for name in tables if not section.names_table(name)]
    for table in diff.tables:
        if not section.names_table(table.name):
            changes = list(_of_table(table, diff))
            found += [f"- `{table.name}`: {', '.join(changes)}"] if changes else []
        found += _of_rows(table, section, corrected)
    return found


def _of_table(table: TableDiff, diff: PackageDiff) -> Iterator[str]:
    for how, rows in (("added", table.rows.added), ("removed", table.rows.removed)):
        if rows:
            yield f"{len(rows)} row{'s' * (len(rows) != 1)} {how}"
    for how, columns in (("added", table.columns.added), ("removed", table.columns.removed)):
        for column in columns:
            yield f"column `{column}` {how}"
    for pair in table.renamed_columns:
        yield f"column `{pair.old}` renamed `{pair.new}`"
    for change in diff.schema:
        # Another wording of a description does not change the data.
        if change.table == table.name and change.consequence != Consequence.WORDING:
            column = f"`{change.column}`: " if change.column else ""
            yield f"{column}{change.what} {change.how}"


def _of_rows(
    table: TableDiff, section: Section, corrected: list[Mapping[str, str]]
) -> Iterator[str]:
    columns = [pair.new for pair in table.key]
    for row in table.changed:
        key = dict(zip(columns, row.new_key, strict=True))
        if not section.names(row.new_key) and not any(key.items() <= c.items() for c in corrected):
            cells = [
                f"{cell.column} {_short(cell.old)} -> {_short(cell.new)}"
                for cell in table.cells
                if cell.key == row.new_key
            ]
            yield f"- `{table.name}`: `{key_words(row.new_key)}`: {', '.join(cells)}"
    for row in table.rows.renamed:
        if not section.names(row.old_key):
            words = f"`{key_words(row.old_key)}` renamed `{key_words(row.new_key)}`"
            yield f"- `{table.name}`: {words}"


def _short(text: str) -> str:
    if not text:
        return "(empty)"
    return text if len(text) <= 40 else f"{text[:37]}..."


def _corrected(diff: PackageDiff, new: Package) -> Iterator[Mapping[str, str]]:
    """Yield the ids to which each new or changed correction refers, by their columns."""
    if _CORRECTIONS not in new.tables:
        return
    schema = new.schema(_CORRECTIONS)
    key = schema.primary_key
    # The source of a correction is not what was corrected.
    referring = [
        name
        for reference in schema.foreign_keys
        if reference.reference.resource != "sources"
        for name in reference.fields
    ]
    table = read_table(new.data_path(_CORRECTIONS), new.resource(_CORRECTIONS).path)
    fresh = None
    for compared in diff.tables:
        if compared.name == _CORRECTIONS:
            fresh = {row.key for row in compared.rows.added}
            fresh |= {row.new_key for row in compared.changed}
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        if fresh is None or tuple(cells[name].strip() for name in key) in fresh:
            yield {name: cells[name].strip() for name in (*key, *referring) if cells[name].strip()}


def _blocks(text: str) -> Iterator[str]:
    """Yield headings, paragraphs and points of a list, each as one line."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        starts = re.match(r"\s*[-*] |#", line)
        if lines and (starts or not line.strip() or lines[0].startswith("#")):
            yield " ".join(lines)
            lines = []
        if line.strip():
            lines.append(re.sub(r"^\s*[-*] ", "", line).strip())


def _named(key: str, text: str) -> bool:
    return f"`{key}`" in text or (not key.isalpha() and bool(_as_word(key, text)))


def _as_word(word: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)", text)
