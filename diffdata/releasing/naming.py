"""What changed since the last edition and is named neither in the changelog nor in corrections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from diffdata.diff import PackageDiff, TableDiff, read_table
from diffdata.diff.cells import Consequence
from diffdata.diff.ordering import key_words
from diffdata.package.packages import Package
from diffdata.releasing.changelog import Section

_CORRECTIONS = "corrections"


def unnamed(diff: PackageDiff, new: Package, section: Section) -> list[str]:
    """Return what must be named and is not, as points for the changelog.

    A row in which a value changed is named by its key, in the changelog or by a row of
    ``corrections`` that is new or changed and refers to it. A table is named in the changelog if
    rows, columns or rules of it came, went or changed.

    Parameters
    ----------
    diff
        The new edition compared with the last one.
    new
        The new edition.
    section
        What the changelog says of it.
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
        # Another wording of a description is no change of the data.
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
    """Give what each new or changed correction refers to: the ids by their columns."""
    if _CORRECTIONS not in new.tables:
        return
    schema = new.schema(_CORRECTIONS)
    key = schema.primary_key
    # Its source is where it was read, not what was corrected.
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
