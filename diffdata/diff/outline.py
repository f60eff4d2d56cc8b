"""A comparison arranged for readers: changes, most serious first, and sections for all formats."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import eq
from typing import Any

from diffdata.diff.packages import PackageDiff
from diffdata.diff.table_diff import CellChange, TableDiff
from diffdata.diff.tables import CELL_KINDS, Consequence, Keyed, Place, key_words
from diffdata.errors import visible

# Of changes without a number, the larger thing comes first.
_TABLE, _COLUMN, _ROW = 3.0, 2.0, 1.0
# The number of lines that are listed for one key.
_MOST_LINES = 20

_ROW_CHANGES = ("added", "removed", "renamed", "changed")

Row = Mapping[str, str | int | None]


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
    """Return every change, ordered by consequence, then size, then table, column and row."""
    if isinstance(diff, TableDiff):
        found = list(_of_table(diff))
    else:
        found = [*_of_package(diff), *(c for table in diff.tables for c in _of_table(table))]
    return sorted(found, key=lambda c: (c.consequence, -c.size, c.table, c.column, c.row, c.what))


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


@dataclass(frozen=True)
class OutlineSection:
    """A table, with a sentence before it; sections that are not ``main`` may be folded."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[Mapping[str, str]]  # with the names in the header
    note: str = ""
    main: bool = False


def outline(
    diff: PackageDiff | TableDiff, *, limit: int | None, width: int, room: int
) -> tuple[str, str, list[OutlineSection]]:
    """Arrange a comparison for readers: a title, a summary, and sections.

    At most `limit` changes of one kind are listed (None: all). Texts are cut to `width` characters
    around the first difference, and the cells of an added row to `room` (0: only keys are listed).
    """
    if isinstance(diff, TableDiff):
        tables: Sequence[TableDiff] = (diff,)
        explained: Sequence[OutlineSection] = ()
        title, remarks = f"{diff.old.table.name} → {diff.new.table.name}", diff.remarks
        counts = _counts_of_file(diff)
    else:
        tables, explained = diff.tables, list(_explained(diff, limit, width))
        title = f"{diff.old} ({diff.old_version}) → {diff.new} ({diff.new_version})"
        remarks = sum((table.remarks for table in tables), diff.remarks)
        counts = _counts_of_tables(tables)
    columns = [_column(t.name, *column) for t in tables for column in t.distributions.items()]
    sections = [
        counts,
        _changes("Changes, by consequence", ordered_changes(diff), limit, width, room=room),
        *explained,
        _section("Changes by column", columns),
        _keys(tables, limit),
        _perhaps_renamed(tables, limit),
        _section("Remarks", [{"remark": remark} for remark in remarks]),
    ]
    shown = [section for section in sections if section.rows or section.note]
    return visible(title), _summary(diff, tables), shown


def excerpt(old: str, new: str, width: int) -> tuple[str, str]:
    """Shorten two texts to the place where they begin to differ."""
    texts = [" ".join(text.split()) for text in (old, new)]
    start, end = 0, width
    if max(map(len, texts)) > width:
        start = max(0, [*map(eq, *texts), False].index(False) - width * 3 // 4)
        end = start + width - 2
    first, last = (
        ("…" if start and text else "") + text[start:end] + ("…" if len(text) > end else "")
        for text in texts
    )
    return first, last


def _section(
    title: str, rows: Sequence[Row], note: str = "", *, main: bool = False
) -> OutlineSection:
    """Return a section with the columns of its rows that are not empty in all of them."""
    names = dict.fromkeys(name for row in rows for name in row)
    header = tuple(name for name in names if any(row.get(name) not in ("", None) for row in rows))

    def text(cell: str | int | None) -> str:
        return f"{cell:,}" if isinstance(cell, int) else visible(" ".join((cell or "").split()))

    texts = [{name: text(row.get(name)) for name in header} for row in rows]
    return OutlineSection(title, header, texts, note, main)


def _counts(table: TableDiff) -> Counter[str]:
    """Count the rows and the cells that changed."""
    return Counter({
        "added": len(table.rows.added), "removed": len(table.rows.removed),
        "renamed": len(table.rows.renamed), "changed": len(table.changed),
        "cells": len(table.cells),
        "tenfold": sum(column["tenfold"] for column in table.distributions.values()),
        "only written differently": len(table.reformatted),
    })  # fmt: skip


def _summary(diff: PackageDiff | TableDiff, tables: Sequence[TableDiff]) -> str:
    total = sum(map(_counts, tables), Counter[str]())
    forms = total["only written differently"]
    end = f"; {forms:,} cell{'s are' if forms != 1 else ' is'} written differently" if forms else ""
    if diff.same:
        return f"No difference{end}."
    rows = ", ".join(f"{total[what]:,} {what}" for what in _ROW_CHANGES)
    return (
        f"Rows: {rows}. Cells changed: {total['cells']:,}, of which {total['tenfold']:,} numbers "
        f"by tenfold or more{end}."
    )


def _counts_of_tables(tables: Sequence[TableDiff]) -> OutlineSection:
    """Count the changes of a dataset, one line for each table that changed."""
    rows = []
    for table in (table for table in tables if not table.same or table.reformatted):
        sizes = {"rows before": len(table.old.table.rows), "rows after": len(table.new.table.rows)}
        counts = {what: count or None for what, count in _counts(table).items()}
        rows.append({"table": table.name, **sizes, **counts})
    same = len(tables) - len(rows)
    note = f"{same} table{'s are' if same != 1 else ' is'} the same." if same else ""
    return _section("Tables", rows, note, main=True)


def _counts_of_file(diff: TableDiff) -> OutlineSection:
    columns, old, new = diff.columns, diff.old, diff.new
    pairs, added, removed = map(len, (columns.pairs, columns.added, columns.removed))
    changed = sum(column["changed"] > 0 for column in diff.distributions.values())
    counts = _counts(diff)
    rows: list[Row] = [
        {"": "rows", "before": len(old.table.rows), "after": len(new.table.rows),
         **{what: counts[what] for what in _ROW_CHANGES}},
        {"": "columns", "before": pairs + removed, "after": pairs + added, "added": added,
         "removed": removed, "renamed": len(diff.renamed_columns), "changed": changed},
        {"": "cells of matched rows", "changed": len(diff.cells)},
    ]  # fmt: skip
    for what, (before, after) in (
        (
            "rows with a duplicate key",
            [sum(map(len, side.duplicates.values())) for side in (old, new)],
        ),
        ("rows with a blank key", [len(side.blanks) for side in (old, new)]),
        (
            "rows whose key is a duplicate on the other side",
            [len(old.not_compared(new)), len(new.not_compared(old))],
        ),
    ):
        if before or after:
            rows.append({"": what, "before": before, "after": after})
    note = f"{diff.matched:,} rows have a key that occurs once on each side"
    if diff.reformatted:
        note += f"; {len(diff.reformatted):,} of their cells are only written differently"
    return _section("Counts", rows, f"{note}.", main=True)


def _changes(
    title: str,
    changes: Sequence[Change],
    limit: int | None,
    width: int,
    because: Mapping[str, tuple[str, ...]] | None = None,
    room: int = 0,
) -> OutlineSection:
    """List changes; rows or columns that were added, removed or moved share one line."""
    rows: list[Row] = []
    for (what, table), run in groupby(changes, key=lambda change: (change.what, change.table)):
        same_kind = list(run)
        first = same_kind[:limit]
        left = len(same_kind) - len(first)
        start = {"what": what, "table": table if because is None else ""}
        if not any(c.old or c.new or (room and c.cells) for c in same_kind):
            more = [f"… {left:,} more"] if left else []
            for name in ("row", "column"):
                names = [text for change in first if (text := getattr(change, name))]
                start[name] = "; ".join([*names, *(more if names else [])])
            rows.append(start)
            continue
        for change in first:
            old, new = excerpt(change.old, change.new, width)
            if change.cells:
                _, new = excerpt("", change.cells, room)
            reasons = ", ".join((because or {}).get(change.row, ()))
            rows.append({**start, "row": change.row, "column": change.column, "old": old,
                         "new": new, "by": change.amount, "because of": reasons})  # fmt: skip
        if left:
            rows.append({**start, "what": f"… {left:,} more: {what}"})
    note = "None." if because is not None and not changes else ""
    return _section(title, rows, note, main=True)


def _explained(diff: PackageDiff, limit: int | None, width: int) -> Iterator[OutlineSection]:
    if diff.explanation is None:
        return
    ledger, figures = diff.explanation["ledger"], diff.explanation["model_summary"]
    changes = ordered_changes(ledger)
    for title, table, listed in (
        ("Verdicts of the ledger that change", ledger,
         [change for change in changes if change.column == "verdict"]),
        ("Other figures of the ledger that change", ledger,
         [change for change in changes if change.column != "verdict"]),
        ("Derived figures that change (model_summary)", figures, ordered_changes(figures)),
    ):  # fmt: skip
        yield _changes(title, listed, limit, width, table.because)


def _column(table: str, name: str, column: Mapping[str, Any]) -> Row:
    notes = []
    if column["same_factor"]:
        notes.append(f"all by the factor {ratio_words(column['same_factor'])}: another unit?")
    if column["reformatted"]:
        notes.append(f"{column['reformatted']:,} written differently")
    row = {"table": table, "column": name, "changed": column["changed"], "of": column["compared"]}
    row |= {what: column[what] for what in ("filled", "emptied", "numbers", "tenfold")}
    row |= {
        "median ratio": ratio_words(column["median_ratio"]),
        "largest ratio": ratio_words(column["largest_ratio"]),
        "dates": column["dates"],
        "largest days": f"{column['largest_days']:+,.6g}" if column["largest_days"] else "",
        "note": "; ".join(notes),
    }
    return {what: cell or None for what, cell in row.items()}


def _keys(tables: Sequence[TableDiff], limit: int | None) -> OutlineSection:
    """List the duplicate and the blank keys of each side."""
    rows = [
        row
        for table in tables
        for own, other in ((table.old, table.new), (table.new, table.old))
        for row in _side_keys(table.name, own, other, limit)
    ]
    note = "Their rows were not compared: nothing is merged or guessed." if rows else ""
    if rows and not all(table.set_aside_same for table in tables):
        note += " Taken together, they are not the same on both sides."
    return _section("Keys that do not identify one row", rows, note)


def _side_keys(table: str, own: Keyed, other: Keyed, limit: int | None) -> Iterator[Row]:
    name = own.table.name
    found: list[tuple[str, str, Sequence[Place]]] = []
    for key, rows in list(own.duplicates.items())[:limit]:
        others = f", {other.count(key)} on the other side" if other.count(key) else ""
        found.append((f"occurs {len(rows)} times{others}", key_words(key), own.lines(rows)))
    if limit is not None and len(own.duplicates) > limit:
        found.append((f"… {len(own.duplicates) - limit:,} more duplicate keys", "", ()))
    if own.blanks:
        found.append((f"{len(own.blanks):,} blank", "", own.lines(own.blanks)))
    alone = own.not_compared(other)[:limit]
    found += [("occurs once here, more often there", key_words(k), [own.line(k)]) for k in alone]
    for what, words, lines in found:
        listed = ", ".join(map(str, lines[:_MOST_LINES]))
        if len(lines) > _MOST_LINES:
            listed += f" … {len(lines) - _MOST_LINES:,} more"
        side = f"{table}, {name}" if table and table not in name else name
        yield {"side": side, "what": what, "key": words, "lines": listed}


def _perhaps_renamed(tables: Sequence[TableDiff], limit: int | None) -> OutlineSection:
    found: list[tuple[str, str, str, str]] = []
    for table in tables:
        found += [
            ("column", pair.old, pair.new, f"kappa {pair.agreement:.2f}")
            for pair in table.columns.similar
        ]
        for row in table.rows.similar[:limit]:
            names = key_words(row.old_key), key_words(row.new_key)
            found.append(("row", *names, "similar key, other content"))
        for alike in table.rows.ambiguous[:limit]:
            old, new = ("; ".join(map(key_words, k[:5])) for k in (alike.old_keys, alike.new_keys))
            found.append(("rows", old, new, "several have the same content"))
    rows = [dict(zip(("what", "old", "new", "why"), texts, strict=True)) for texts in found]
    note = "Counted as added and removed; say --rename OLD=NEW for a column." if rows else ""
    return _section("Perhaps renamed", rows, note)
