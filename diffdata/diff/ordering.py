"""All changes of a comparison as one list, most serious first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diffdata.diff.cells import CELL_KINDS, CellChange, Consequence
from diffdata.diff.packages import PackageDiff
from diffdata.diff.table_diff import TableDiff
from diffdata.diff.tables import KeyText

# Of changes without a number, the larger thing comes first.
_TABLE, _COLUMN, _ROW = 3.0, 2.0, 1.0


@dataclass(frozen=True)
class Change:
    """One line of a comparison, ordered by `consequence` and `size`."""

    consequence: Consequence
    size: float
    what: str  # "number changed", "row added" ...
    table: str = ""  # empty for files
    row: str = ""  # its key, empty for columns and tables
    column: str = ""
    old: str = ""
    new: str = ""
    cells: str = ""  # the filled cells of an added row
    amount: str = ""  # "x 0.1", "+12 days"; or a remark


def ordered_changes(diff: PackageDiff | TableDiff) -> list[Change]:
    r"""Return every change, ordered by consequence, then size, then table, column and row.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP,Notes\nA,1e20,from 6ND\nB,2e20,\n", "old.csv")
    >>> new = parse_table("Model,FLOP,Notes\nA,1e20,by 6ND\nB,2e21,\nC,1,\n", "new.csv")
    >>> for change in ordered_changes(compare_tables(old, new, "Model")):
    ...     print(f"{change.what}: {change.row} {change.column} {change.amount}".strip())
    number changed: B FLOP x 10
    row added: C
    reworded: A Notes
    """
    if isinstance(diff, TableDiff):
        found = list(_of_table(diff))
    else:
        found = [*_of_package(diff), *(c for table in diff.tables for c in _of_table(table))]
    return sorted(found, key=lambda c: (c.consequence, -c.size, c.table, c.column, c.row, c.what))


def key_words(key: KeyText) -> str:
    """Return the key of a row as one text."""
    return " / ".join(key)


def _amount(change: CellChange) -> str:
    """Return how large the change of a cell is, and the remark on it."""
    found = change.difference
    amount = ""
    if found.ratio is not None:
        amount = f"x {ratio_words(found.ratio)}"
        if 0.5 < found.ratio < 2 and found.relative is not None:
            amount += f" ({found.relative * 100:+.3g} %)"
    if found.days is not None:
        amount = f"{found.days:+,.6g} day{'s' * (abs(found.days) != 1)}"
    return ", ".join(filter(None, (amount, found.remark)))


def ratio_words(ratio: float | None) -> str:
    """Write a ratio with three digits, or with as many as are needed to tell it from 1."""
    if ratio is None:
        return ""
    if ratio != 1 and abs(ratio - 1) < 0.1:
        digits = min(15, 2 - math.floor(math.log10(abs(ratio - 1))))
        return f"{ratio:.{digits}f}".rstrip("0").rstrip(".")
    if 1000 <= abs(ratio) < 1e6:
        return f"{ratio:,.0f}"
    return re.sub(r"e\+?(-?)0?", r"e\1", f"{ratio:.3g}")


def _of_package(diff: PackageDiff) -> Iterator[Change]:
    for table in diff.tables_removed:
        yield Change(Consequence.GONE, _TABLE, "table removed", table)
    for table in diff.tables_added:
        yield Change(Consequence.NEW, _TABLE, "table added", table)
    for change in diff.schema:
        yield Change(
            change.consequence, _TABLE, f"schema: {change.what} {change.how}", change.table, "",
            change.column, change.old or "", change.new or "",
        )  # fmt: skip


def _of_table(diff: TableDiff) -> Iterator[Change]:
    name = diff.name
    for what, consequence, columns in (
        ("column removed", Consequence.GONE, diff.columns.removed),
        ("column added", Consequence.NEW, diff.columns.added),
        ("column moved", Consequence.FORM, diff.columns.moved),
    ):
        yield from (Change(consequence, _COLUMN, what, name, column=column) for column in columns)
    for pair in diff.renamed_columns:
        why = "" if pair.agreement is None else f"the cells agree (kappa {pair.agreement:.2f})"
        yield Change(
            Consequence.RENAMED, _COLUMN, "column renamed", name, "", pair.new, pair.old, pair.new,
            amount=why,
        )  # fmt: skip
    for row in diff.rows.removed:
        yield Change(Consequence.GONE, _ROW, "row removed", name, key_words(row.key))
    for row in diff.rows.added:
        cells = "; ".join(f"{column}: {text}" for column, text in (row.cells or {}).items())
        yield Change(Consequence.NEW, _ROW, "row added", name, key_words(row.key), cells=cells)
    for renamed in diff.rows.renamed:
        old, new = key_words(renamed.old_key), key_words(renamed.new_key)
        yield Change(Consequence.RENAMED, _ROW, "row renamed", name, new, "", old, new)
    for cell in (*diff.cells, *diff.reformatted):
        found = cell.difference
        yield Change(
            found.consequence, found.size, CELL_KINDS[found.kind], name, key_words(cell.key),
            cell.column, cell.old, cell.new, amount=_amount(cell),
        )  # fmt: skip
