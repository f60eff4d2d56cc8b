"""Comparisons as plain values, for ``--format json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from diffdata.diff.cells import CellChange
from diffdata.diff.columns import ColumnPair
from diffdata.diff.distribution import BIN_NAMES, ColumnChange
from diffdata.diff.keys import KeyText
from diffdata.diff.ordering import in_order
from diffdata.diff.packages import PackageDiff
from diffdata.diff.rows import RowPair, RowRef
from diffdata.diff.tables import Side, TableDiff


def package_dict(diff: PackageDiff) -> dict[str, Any]:
    """Return the comparison of two datasets as plain values; see `table_dict` for the tables."""
    return {
        "old": {"name": diff.old, "version": diff.old_version},
        "new": {"name": diff.new, "version": diff.new_version},
        "same": diff.same,
        "tables_added": _counted(diff.tables_added),
        "tables_removed": _counted(diff.tables_removed),
        "schema": _counted(
            asdict(change) | {"consequence": change.consequence.name.lower()}
            for change in diff.schema
        ),
        "tables": {table.name: _table(table) for table in diff.tables},
        "changes": _changes(diff),
        "remarks": list(diff.remarks),
    }


def table_dict(diff: TableDiff) -> dict[str, Any]:
    r"""Return the comparison of two tables as plain values.

    A key is the text of its column, or a list of texts if it has several columns.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP\nA,1\nB,2\nB,3\n", "old.csv")
    >>> new = parse_table("Model,FLOP\nA,1\n,2\nC,3\n", "new.csv")
    >>> found = table_dict(compare_tables(old, new, "Model"))
    >>> found["rows"]["added"], found["blank_keys"]
    ({'count': 1, 'items': [{'key': 'C', 'line': 4}]}, {'old': [], 'new': [3]})
    >>> found["duplicate_keys"]["old"]
    [{'key': 'B', 'lines': [3, 4], 'on_other_side': 0}]
    """
    return _table(diff) | {"changes": _changes(diff)}


def _table(diff: TableDiff) -> dict[str, Any]:
    columns, rows = diff.columns, diff.rows
    return {
        "table": diff.name,
        "old": _side(diff.old),
        "new": _side(diff.new),
        "key": [_pair(pair) for pair in diff.key],
        "same": diff.same,
        "columns": {
            "added": _counted(columns.added),
            "removed": _counted(columns.removed),
            "renamed": _counted(map(_pair, diff.renamed_columns)),
            "changed": _counted(
                {"column": c.column, "old_column": c.old_column, "cells": c.changed}
                for c in diff.distributions
                if c.changed
            ),
            "moved": _counted(columns.moved),
            "perhaps_renamed": _counted(map(_pair, columns.similar)),
        },
        "rows": {
            "added": _counted(map(_row, rows.added)),
            "removed": _counted(map(_row, rows.removed)),
            "renamed": _counted(map(_renamed, rows.renamed)),
            "changed": _counted(map(_changed, diff.changed)),
            "matched": diff.matched,
            "perhaps_renamed": {
                "similar_keys": _counted(map(_renamed, rows.similar)),
                "same_content": _counted(
                    {"old": list(map(_key, alike.old_keys)), "new": list(map(_key, alike.new_keys))}
                    for alike in rows.ambiguous
                ),
            },
            "not_compared": {
                "old": _counted(map(_row, diff.old.not_compared)),
                "new": _counted(map(_row, diff.new.not_compared)),
            },
        },
        "duplicate_keys": {"old": _duplicates(diff.old), "new": _duplicates(diff.new)},
        "rows_with_such_keys_are_the_same": diff.set_aside_same,
        "blank_keys": {"old": list(diff.old.blanks), "new": list(diff.new.blanks)},
        "cells": list(map(_cell, diff.cells)),
        "written_differently": list(map(_cell, diff.reformatted)),
        "distributions": {c.column: _distribution(c) for c in diff.distributions},
        "remarks": list(diff.remarks),
    }


def _changes(diff: PackageDiff | TableDiff) -> list[dict[str, Any]]:
    """List every change, what matters most first; what it does not have is left out."""
    return [
        {"consequence": change.consequence.name.lower()}
        | {
            name: text
            for name in ("what", "table", "row", "column", "old", "new", "amount")
            if (text := getattr(change, name))
        }
        for change in in_order(diff)
    ]


def _counted(items: Iterable[Any]) -> dict[str, Any]:
    held = list(items)
    return {"count": len(held), "items": held}


def _side(side: Side) -> dict[str, Any]:
    return {"name": side.name, "rows": side.rows}


def _pair(pair: ColumnPair) -> dict[str, Any]:
    found: dict[str, Any] = {"old": pair.old, "new": pair.new}
    return found if pair.agreement is None else found | {"agreement": pair.agreement}


def _key(key: KeyText) -> str | Sequence[str]:
    return key[0] if len(key) == 1 else list(key)


def _row(row: RowRef) -> dict[str, Any]:
    return {"key": _key(row.key), "line": row.line}


def _renamed(row: RowPair) -> dict[str, Any]:
    return {
        "old": _key(row.old_key), "new": _key(row.new_key),
        "old_line": row.old_line, "new_line": row.new_line,
    }  # fmt: skip


def _changed(row: RowPair) -> dict[str, Any]:
    return {
        "key": _key(row.new_key), "old_line": row.old_line, "new_line": row.new_line,
        "columns": list(row.columns),
    }  # fmt: skip


def _duplicates(side: Side) -> list[dict[str, Any]]:
    return [
        {"key": _key(found.key), "lines": list(found.lines), "on_other_side": found.others}
        for found in side.duplicates
    ]


def _cell(change: CellChange) -> dict[str, Any]:
    found = change.difference
    return {
        "key": _key(change.key), "column": change.column, "old": change.old, "new": change.new,
        "kind": found.kind, "consequence": found.consequence.name.lower(),
        **_given({"ratio": found.ratio, "relative": found.relative, "days": found.days,
                  "remark": found.remark or None}),
        "old_line": change.old_line, "new_line": change.new_line,
    }  # fmt: skip


def _distribution(column: ColumnChange) -> dict[str, Any]:
    found = asdict(column)
    del found["column"]
    found["bins"] = dict(zip(BIN_NAMES, column.bins, strict=True))
    return found


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
