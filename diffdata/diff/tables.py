"""Two tables of text, compared by key, cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diffdata.diff.cells import UNIT_TOO, CellChange, difference
from diffdata.diff.columns import ColumnMatch, ColumnPair, match_columns
from diffdata.diff.distribution import ColumnChange, column_changes
from diffdata.diff.keys import Keyed, by_key, key_columns
from diffdata.diff.rows import RepeatedKey, RowMatch, RowPair, RowRef, match_rows
from diffdata.diff.table import Table
from diffdata.diff.values import ColumnType, canonical, guess_type


@dataclass(frozen=True)
class Side:
    """What one of the tables holds.

    Attributes
    ----------
    name
        What it is called.
    rows
        How many rows it has, all together.
    duplicates
        The keys that stand more than once; their rows are not compared.
    blanks
        The lines of the rows without a key; they are not compared.
    not_compared
        The rows whose key stands once here and more than once on the other side.
    """

    name: str
    rows: int
    duplicates: tuple[RepeatedKey, ...]
    blanks: tuple[int, ...]
    not_compared: tuple[RowRef, ...]


@dataclass(frozen=True)
class TableDiff:
    """How two tables differ.

    Of each side, ``rows`` is the sum of the matched, the renamed, the removed (old side) or added
    (new side), those not compared, and those with a duplicate or a blank key.

    Attributes
    ----------
    name
        The name of the table, empty for files.
    key
        The key columns, by old and new name.
    old, new
        The two sides.
    columns
        The columns added, removed, renamed and moved.
    rows
        The rows added, removed and renamed.
    matched
        How many rows have a key that stands once on each side.
    changed
        The matched rows in which a cell changed.
    cells
        The changed cells, in the order of the new rows and columns.
    reformatted
        The cells that say the same in another way: ``3.0e23`` and ``3e23``, blanks at the end.
    distributions
        What changed, by column.
    set_aside_same
        Whether the rows with a duplicate or a blank key are, all together, the same on both sides.
    remarks
        What a reader should know of how the tables were read.
    """

    name: str
    key: tuple[ColumnPair, ...]
    old: Side
    new: Side
    columns: ColumnMatch
    rows: RowMatch
    matched: int
    changed: tuple[RowPair, ...]
    cells: tuple[CellChange, ...]
    reformatted: tuple[CellChange, ...]
    distributions: tuple[ColumnChange, ...]
    set_aside_same: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the tables say the same, each row under the same key."""
        apart = (self.columns.added, self.columns.removed, self.renamed_columns)
        rows = (self.rows.added, self.rows.removed, self.rows.renamed)
        return self.set_aside_same and not any((*apart, *rows, self.cells))

    @property
    def renamed_columns(self) -> tuple[ColumnPair, ...]:
        """The columns that have another name."""
        return tuple(pair for pair in self.columns.pairs if pair.renamed)

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain values, as ``--format json`` prints it."""
        from diffdata.diff.as_dict import table_dict

        return table_dict(self)


def compare_tables(
    old: Table,
    new: Table,
    key: str | Sequence[str],
    *,
    rename: Mapping[str, str] | None = None,
    types: Mapping[str, ColumnType] | None = None,
    name: str = "",
) -> TableDiff:
    r"""Compare two tables.

    Rows are matched by the exact text of the key without blanks around it, where it stands once on
    each side. Rows whose key stands more than once on a side, or is blank, are never matched or
    merged: they are reported with their lines. A cell changed if it says something else; numbers
    are compared by value.

    Parameters
    ----------
    old, new
        The tables, see `read_table`.
    key
        The columns that name a row; ``OLD=NEW`` where the tables name one differently (a column
        that just one of them has is also found by its content).
    rename
        Columns that are known to be renamed, new name by old name. Others are found by content,
        see `match_columns`.
    types
        What columns of the new table hold (``number``, ``date``, ``code``, ``text``, ``unit``,
        ``precision``); the others are judged by their names and cell by cell.
    name
        The name of the table in the result.

    Raises
    ------
    UnknownNameError
        If key or rename name a column that is not there.
    InvalidInputError
        If no key is given or its column cannot be told.

    Examples
    --------
    >>> from diffdata.diff import parse_table
    >>> old = parse_table("Model,FLOP\nGPT-3,3.14e23\nOPT,4.3e23\n", "old.csv")
    >>> new = parse_table("Model,FLOP\nGPT-3,3.14e24\nOPT-175B,4.3e23\n", "new.csv")
    >>> found = compare_tables(old, new, "Model")
    >>> [(cell.key, cell.column, cell.difference.ratio) for cell in found.cells]
    [(('GPT-3',), 'FLOP', 10.0)]
    >>> [(row.old_key, row.new_key) for row in found.rows.renamed]
    [(('OPT',), ('OPT-175B',))]
    """
    known = dict(rename or {})
    keys = key_columns(old, new, [key] if isinstance(key, str) else key, known)
    known |= {first: last for first, last in keys if first != last}
    kinds: dict[str, ColumnType] = {column: guess_type(column) for column in new.columns}
    kinds |= types or {}
    sides = by_key(old, [first for first, _ in keys]), by_key(new, [last for _, last in keys])
    rows = [(sides[0].once[k], place) for k, place in sides[1].once.items() if k in sides[0].once]
    columns = match_columns(old, new, rows, known, kinds)
    others = [pair for pair in columns.pairs if (pair.old, pair.new) not in keys]
    first, last = ([(getattr(pair, side), kinds[pair.new]) for pair in columns.pairs]
                   for side in ("old", "new"))  # fmt: skip
    changes, changed = _cells(old, new, rows, columns.pairs, kinds, [last for _, last in keys])
    return TableDiff(
        name=name,
        key=tuple(ColumnPair(*pair) for pair in keys),
        old=_side(old, sides[0], sides[1]),
        new=_side(new, sides[1], sides[0]),
        columns=columns,
        rows=match_rows(old, new, sides, others, kinds),
        matched=len(rows),
        changed=changed,
        cells=tuple(change for change in changes if change.difference.kind != "form"),
        reformatted=tuple(change for change in changes if change.difference.kind == "form"),
        distributions=column_changes(changes, new.columns, len(rows)),
        set_aside_same=_set_aside(old, sides[0], first) == _set_aside(new, sides[1], last),
        remarks=(*old.remarks, *new.remarks),
    )


def _side(table: Table, own: Keyed, other: Keyed) -> Side:
    return Side(
        name=table.name,
        rows=len(table.rows),
        duplicates=tuple(
            RepeatedKey(
                key,
                tuple(table.lines[place] for place in places),
                len(other.duplicates.get(key, ())) or int(key in other.once),
            )
            for key, places in own.duplicates.items()
        ),
        blanks=tuple(table.lines[place] for place in own.blanks),
        not_compared=tuple(
            RowRef(key, table.lines[place])
            for key, place in own.once.items()
            if key in other.duplicates
        ),
    )


def _set_aside(
    table: Table, side: Keyed, columns: Sequence[tuple[str, ColumnType]]
) -> Counter[tuple[object, ...]]:
    """Count the contents of the rows that cannot be matched, for their key is none."""
    places = [(table.place(name), kind) for name, kind in columns]
    rows = [place for repeated in side.duplicates.values() for place in repeated]
    return Counter(
        tuple(canonical(table.rows[row][place], kind) for place, kind in places)
        for row in (*rows, *side.blanks)
    )


def _cells(
    old: Table,
    new: Table,
    rows: Sequence[tuple[int, int]],
    pairs: Sequence[ColumnPair],
    kinds: Mapping[str, ColumnType],
    key: Sequence[str],
) -> tuple[list[CellChange], tuple[RowPair, ...]]:
    """Compare all cells of the matched rows; return the changes, and the rows with any."""
    places = [(old.place(pair.old), new.place(pair.new), pair) for pair in pairs]
    key_places = [new.place(column) for column in key]
    changes: list[CellChange] = []
    changed = []
    for before, after in rows:
        first, last = old.rows[before], new.rows[after]
        name = tuple(last[place].strip() for place in key_places)
        lines = old.lines[before], new.lines[after]
        here = []
        for down, across, pair in places:
            # Most cells are the same text: the quick look first.
            if first[down] != last[across]:
                found = difference(first[down], last[across], kinds[pair.new])
                if found is not None:
                    texts = first[down], last[across]
                    here.append(CellChange(name, pair.new, pair.old, *texts, *lines, found))
        if any(change.difference.kind == "unit" for change in here):
            here = [_with_unit(change) for change in here]
        moved = tuple(change.column for change in here if change.difference.kind != "form")
        if moved:
            changed.append(RowPair(name, name, *lines, moved))
        changes += here
    return changes, tuple(changed)


def _with_unit(change: CellChange) -> CellChange:
    """Say of a number that its unit changed in the same row."""
    found = change.difference
    if found.kind != "number":
        return change
    remark = ", ".join(part for part in (found.remark, UNIT_TOO) if part)
    return replace(change, difference=replace(found, remark=remark))
