"""All changes of a comparison as one list, what matters most first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diffdata.diff.cells import CellChange, Consequence
from diffdata.diff.keys import KeyText
from diffdata.diff.packages import PackageDiff
from diffdata.diff.tables import TableDiff

# Of changes without a number, the larger thing stands first.
_TABLE, _COLUMN, _ROW = 3.0, 2.0, 1.0

_CELL_WORDS = {
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


@dataclass(frozen=True)
class Change:
    """One line of a comparison.

    Attributes
    ----------
    consequence, size
        By which the lines are ordered, see `Consequence`.
    what
        What happened: ``number changed``, ``row added`` ...
    table
        The table, empty for files.
    row
        The key of the row as people read it, empty for whole columns and tables.
    column
        The column, empty for whole rows and tables.
    old, new
        What stood there and what stands there now, as far as that fits in one line.
    amount
        How far it moved: ``x 0.1``, ``+12 days``; or a remark.
    """

    consequence: Consequence
    size: float
    what: str
    table: str = ""
    row: str = ""
    column: str = ""
    old: str = ""
    new: str = ""
    amount: str = ""


def in_order(diff: PackageDiff | TableDiff) -> list[Change]:
    r"""Return every change, ordered by consequence, then size, then table, column and row.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP,Notes\nA,1e20,from 6ND\nB,2e20,\n", "old.csv")
    >>> new = parse_table("Model,FLOP,Notes\nA,1e20,by 6ND\nB,2e21,\nC,1,\n", "new.csv")
    >>> for change in in_order(compare_tables(old, new, "Model")):
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
    """Write the key of a row in a line of text.

    Examples
    --------
    >>> key_words(("gpt-3", "2020-05-28"))
    'gpt-3 / 2020-05-28'
    """
    return " / ".join(key)


def amount(change: CellChange) -> str:
    """Say how far a cell moved, and what else is known of the change.

    Examples
    --------
    >>> from diffdata.diff.cells import difference
    >>> found = difference("4", "5")
    >>> amount(CellChange(("A",), "x", "x", "4", "5", 2, 2, found))
    'x 1.25 (+25 %)'
    """
    found = change.difference
    parts = []
    if found.ratio is not None:
        parts.append(f"x {ratio_words(found.ratio)}")
        if 0.5 < found.ratio < 2 and found.relative is not None:
            parts[-1] += f" ({found.relative * 100:+.3g} %)"
    if found.days is not None:
        parts.append(f"{found.days:+,.6g} day{'s' * (abs(found.days) != 1)}")
    return ", ".join([*parts, *([found.remark] if found.remark else [])])


def ratio_words(ratio: float) -> str:
    """Write a ratio with three digits, those close to 1 with as many as tell them from it.

    Examples
    --------
    >>> ratio_words(1000.0), ratio_words(0.33333), ratio_words(1.0000002)
    ('1,000', '0.333', '1.0000002')
    """
    if ratio != 1 and abs(ratio - 1) < 0.1:
        return f"{ratio:.{min(15, 2 - math.floor(math.log10(abs(ratio - 1))))}f}".rstrip("0")
    if 1000 <= abs(ratio) < 1e6:
        return f"{ratio:,.0f}"
    return re.sub(r"e\+?(-?)0?", r"e\1", f"{ratio:.3g}")


def _of_package(diff: PackageDiff) -> Iterator[Change]:
    for table in diff.tables_removed:
        yield Change(Consequence.GONE, _TABLE, "table removed", table)
    for table in diff.tables_added:
        yield Change(Consequence.NEW, _TABLE, "table added", table)
    for schema in diff.schema:
        what = f"schema: {schema.what} {schema.how}"
        old, new = schema.old or "", schema.new or ""
        yield Change(
            schema.consequence, _TABLE, what, schema.table, "", schema.column, old, new
        )  # fmt: skip


def _of_table(diff: TableDiff) -> Iterator[Change]:
    name = diff.name
    for column in diff.columns.removed:
        yield Change(Consequence.GONE, _COLUMN, "column removed", name, column=column)
    for column in diff.columns.added:
        yield Change(Consequence.NEW, _COLUMN, "column added", name, column=column)
    for pair in diff.renamed_columns:
        how = "" if pair.agreement is None else f"the cells agree (kappa {pair.agreement:.2f})"
        yield Change(
            Consequence.RENAMED, _COLUMN, "column renamed", name, "", pair.new, pair.old, pair.new,
            how,
        )  # fmt: skip
    for column in diff.columns.moved:
        yield Change(Consequence.FORM, _COLUMN, "column moved", name, column=column)
    for row in diff.rows.removed:
        yield Change(Consequence.GONE, _ROW, "row removed", name, key_words(row.key))
    for row in diff.rows.added:
        yield Change(Consequence.NEW, _ROW, "row added", name, key_words(row.key))
    for renamed in diff.rows.renamed:
        old, new = key_words(renamed.old_key), key_words(renamed.new_key)
        yield Change(Consequence.RENAMED, _ROW, "row renamed", name, new, "", old, new)
    for cell in (*diff.cells, *diff.reformatted):
        found = cell.difference
        yield Change(
            found.consequence, found.size, _CELL_WORDS[found.kind], name, key_words(cell.key),
            cell.column, cell.old, cell.new, amount(cell),
        )  # fmt: skip
