"""The changelog: what it says of an edition, and which changes it does not name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diffdata.diff import PackageDiff, TableDiff
from diffdata.diff.cells import Consequence
from diffdata.diff.tables import key_words
from diffdata.editing.formatting import key_of
from diffdata.editing.rows import rows
from diffdata.errors import PackageError
from diffdata.package.packages import Package

CHANGELOG = "CHANGELOG.md"
_CORRECTIONS = "corrections"
# The part that names the changed values, with the reasons; `diffdata versions` shows it.
_CHANGED_VALUES = "changed values"


@dataclass(frozen=True)
class Section:
    """The section of one edition."""

    edition: str
    dated: str  # the text in brackets after the edition: its date, or `unreleased`
    text: str  # with its heading

    @property
    def headline(self) -> tuple[str, ...]:
        """The text before the first part, and the points under ``### Changed values``."""
        found = []
        part = _CHANGED_VALUES
        for block in _blocks(self.text):
            if block.startswith("###"):
                part = block.strip("# ").casefold()
            elif not block.startswith("#") and part == _CHANGED_VALUES:
                found.append(block)
        return tuple(found)

    def names(self, key: tuple[str, ...]) -> bool:
        """Return whether one point of the section names a row, by all the texts of its key."""

        # A plain word such as `parameters` counts only in backticks, for it may mean anything.
        def named(text: str, block: str) -> bool:
            return f"`{text}`" in block or (not text.isalpha() and _has_word(text, block))

        quoted = f"`{key_words(key)}`"
        return any(
            quoted in block or all(named(text, block) for text in key if text)
            for block in _blocks(self.text)
        )


def section_of(text: str, edition: str) -> Section:
    """Return the section of an edition; PackageError if it has none, or one without a text."""
    text = "\n".join(text.splitlines())
    heading = rf"^## {re.escape(edition)}(?:\.0)?(?: \(([^)]*)\))?\s*?$"
    found = re.search(rf"{heading}.*?(?=^##? |\Z)", text, re.M | re.S)
    if found is None:
        raise PackageError(
            f"{CHANGELOG}: it has no section `## {edition} (DATE)`; "
            "it should say what is new and why"
        )
    section = Section(edition, found[1] or "", found[0].strip() + "\n")
    if all(block.startswith("#") for block in _blocks(section.text)):
        line = text.count("\n", 0, found.start()) + 1
        raise PackageError(f"{CHANGELOG}: line {line}: the section is empty", line)
    return section


def unnamed(diff: PackageDiff, new: Package, section: Section) -> list[str]:
    """Return what must be named and is not, as points for the changelog.

    A changed row is named by its key, in the section or by a new or changed row of ``corrections``
    that refers to it; a table with other rows, columns or rules is named in the section.
    """
    corrected = _corrected(diff, new)
    found = []
    for how, tables in (("added", diff.tables_added), ("removed", diff.tables_removed)):
        unsaid = [name for name in tables if not _has_word(name, section.text)]
        found += [f"- `{name}`: table {how}" for name in unsaid]
    for table in diff.tables:
        changes = ", ".join(_of_table(table, diff))
        if changes and not _has_word(table.name, section.text):
            found.append(f"- `{table.name}`: {changes}")
        found += [f"- `{table.name}`: {row}" for row in _of_rows(table, section, corrected)]
    return found


def _of_table(table: TableDiff, diff: PackageDiff) -> Iterator[str]:
    for how, keys in (("added", table.rows.added), ("removed", table.rows.removed)):
        if keys:
            yield f"{len(keys)} row{'s' * (len(keys) != 1)} {how}"
    for how, columns in (("added", table.columns.added), ("removed", table.columns.removed)):
        yield from (f"column `{column}` {how}" for column in columns)
    for pair in table.renamed_columns:
        yield f"column `{pair.old}` renamed `{pair.new}`"
    for change in diff.schema:
        # Another wording of a description does not change the data.
        if change.table == table.name and change.consequence != Consequence.WORDING:
            column = f"`{change.column}`: " if change.column else ""
            yield f"{column}{change.what} {change.how}"


def _of_rows(table: TableDiff, section: Section, corrected: list[dict[str, str]]) -> Iterator[str]:
    columns = [pair.new for pair in table.key]
    for row in table.changed:
        key = dict(zip(columns, row.new_key, strict=True))
        if not section.names(row.new_key) and not any(key.items() <= c.items() for c in corrected):
            cells = ", ".join(
                f"{cell.column} {_short(cell.old)} -> {_short(cell.new)}"
                for cell in table.cells
                if cell.key == row.new_key
            )
            yield f"`{key_words(row.new_key)}`: {cells}"
    for row in table.rows.renamed:
        if not section.names(row.old_key):
            yield f"`{key_words(row.old_key)}` renamed `{key_words(row.new_key)}`"


def _short(text: str) -> str:
    if not text:
        return "(empty)"
    return text if len(text) <= 40 else f"{text[:37]}..."


def _corrected(diff: PackageDiff, new: Package) -> list[dict[str, str]]:
    """Return the ids to which each new or changed correction refers, by their columns."""
    if _CORRECTIONS not in new.tables:
        return []
    schema = new.schema(_CORRECTIONS)
    # The source of a correction is not what was corrected.
    keys = [key for key in schema.foreign_keys if key.reference.resource != "sources"]
    referring = {*schema.primary_key, *(name for key in keys for name in key.fields)}
    corrections = [
        {name: cell.strip() for name, cell in row.items() if name in referring and cell.strip()}
        for row in rows(new, _CORRECTIONS)
    ]
    for table in diff.tables:
        if table.name == _CORRECTIONS:
            fresh = {row.key for row in table.rows.added} | {row.new_key for row in table.changed}
            return [cells for cells in corrections if key_of(cells, schema) in fresh]
    return corrections


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


def _has_word(word: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)", text))
