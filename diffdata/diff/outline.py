"""A comparison arranged for readers: sections with a heading, a note and rows, for all formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from diffdata.diff.ordering import Change, key_words, ordered_changes, ratio_words
from diffdata.diff.packages import Explanation, PackageDiff
from diffdata.diff.table_diff import ColumnChange, Side, TableDiff
from diffdata.errors import visible

# The number of lines that are listed for one key.
_MOST_LINES = 20

Row = Mapping[str, str | int | None]


@dataclass(frozen=True)
class OutlineSection:
    """A table, with a sentence before it; sections that are not ``main`` may be folded."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    main: bool = False


def outline(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = 10,
    width: int = 80,
    room: int = 0,
) -> tuple[str, str, list[OutlineSection]]:
    """Arrange a comparison for readers: a title, a summary, and sections.

    Of changes of one kind in a row, `limit` are listed (None: all) and the others counted. Longer
    texts are shortened to `width` characters, around the first difference, and the cells of an
    added row to `room` characters in total (0: only the keys are listed, in one line).
    """
    if isinstance(diff, TableDiff):
        tables: Sequence[TableDiff] = (diff,)
        title, remarks = f"{diff.old.name} → {diff.new.name}", diff.remarks
        counts = _counts_of_file(diff)
    else:
        tables = diff.tables
        title = f"{diff.old} ({diff.old_version}) → {diff.new} ({diff.new_version})"
        remarks = sum((table.remarks for table in tables), diff.remarks)
        counts = _counts(tables)
    columns = [_column(table.name, c) for table in tables for c in table.distributions]
    sections = [
        counts,
        _changes("Changes, by consequence", ordered_changes(diff), limit, width, room=room),
        *(_explained(explanation, limit, width) if explanation else ()),
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
        pairs = enumerate(zip_longest(*texts))
        same = next((place for place, (a, b) in pairs if a != b), len(texts[0]))
        start = max(0, same - width * 3 // 4)
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
    cells = [
        tuple(
            f"{cell:,}" if isinstance(cell, int) else visible(" ".join((cell or "").split()))
            for cell in map(row.get, header)
        )
        for row in rows
    ]
    return OutlineSection(title, header, tuple(cells), note, main)


def _row_counts(*tables: TableDiff) -> dict[str, int]:
    return {
        "added": sum(len(table.rows.added) for table in tables),
        "removed": sum(len(table.rows.removed) for table in tables),
        "renamed": sum(len(table.rows.renamed) for table in tables),
        "changed": sum(len(table.changed) for table in tables),
    }


def _cell_counts(*tables: TableDiff) -> dict[str, int]:
    return {
        "cells": sum(len(table.cells) for table in tables),
        "tenfold": sum(column.tenfold for table in tables for column in table.distributions),
        "only written differently": sum(len(table.reformatted) for table in tables),
    }


def _summary(diff: PackageDiff | TableDiff, tables: Sequence[TableDiff]) -> str:
    cells, tenfold, forms = _cell_counts(*tables).values()
    end = f"; {forms:,} cell{'s are' if forms != 1 else ' is'} written differently" if forms else ""
    if diff.same:
        return f"No difference{end}."
    rows = ", ".join(f"{count:,} {what}" for what, count in _row_counts(*tables).items())
    return (
        f"Rows: {rows}. Cells changed: {cells:,}, of which {tenfold:,} numbers by tenfold or "
        f"more{end}."
    )


def _counts(tables: Sequence[TableDiff]) -> OutlineSection:
    """Count the changes of a dataset, one line for each table that changed."""
    rows = []
    for table in (table for table in tables if not table.same or table.reformatted):
        counts = _row_counts(table) | _cell_counts(table)
        sizes = {"rows before": table.old.rows, "rows after": table.new.rows}
        rows.append({"table": table.name, **sizes, **{k: n or None for k, n in counts.items()}})
    same = len(tables) - len(rows)
    note = f"{same} table{'s are' if same != 1 else ' is'} the same." if same else ""
    return _section("Tables", rows, note, main=True)


def _counts_of_file(diff: TableDiff) -> OutlineSection:
    columns, sides = diff.columns, (diff.old, diff.new)
    pairs, added, removed = map(len, (columns.pairs, columns.added, columns.removed))
    changed = sum(column.changed > 0 for column in diff.distributions)
    rows: list[Row] = [
        {"": "rows", "before": diff.old.rows, "after": diff.new.rows, **_row_counts(diff)},
        {"": "columns", "before": pairs + removed, "after": pairs + added, "added": added,
         "removed": removed, "renamed": len(diff.renamed_columns), "changed": changed},
        {"": "cells of matched rows", "changed": len(diff.cells)},
    ]  # fmt: skip
    for what, counts in (
        ("rows with a duplicate key", [sum(len(k.lines) for k in s.duplicates) for s in sides]),
        ("rows with a blank key", [len(side.blanks) for side in sides]),
        ("rows whose key is a duplicate on the other side", [len(s.not_compared) for s in sides]),
    ):
        if any(counts):
            rows.append({"": what, "before": counts[0], "after": counts[1]})
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
    """List changes, up to the limit of those of one kind that follow each other.

    Rows or columns that were added, removed or moved share one line.
    """
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
    return _section(title, rows, main=True)


def _explained(explanation: Explanation, limit: int | None, width: int) -> Iterator[OutlineSection]:
    ledger, because = ordered_changes(explanation.ledger), explanation.ledger_because
    verdicts = [change for change in ledger if change.column == "verdict"]
    others = [change for change in ledger if change.column != "verdict"]
    figures = ordered_changes(explanation.figures), explanation.figures_because
    for title, changes, reasons in (
        ("Verdicts of the ledger that change", verdicts, because),
        ("Other figures of the ledger that change", others, because),
        ("Derived figures that change (model_summary)", *figures),
    ):
        if changes:
            yield _changes(title, changes, limit, width, reasons)
        else:
            yield _section(title, [], "None.", main=True)


def _column(table: str, column: ColumnChange) -> Row:
    notes = []
    if column.same_factor:
        notes.append(f"all by the factor {ratio_words(column.same_factor)}: another unit?")
    if column.reformatted:
        notes.append(f"{column.reformatted:,} written differently")
    row: Row = {
        "table": table, "column": column.column, "changed": column.changed, "of": column.compared,
        "filled": column.filled, "emptied": column.emptied, "numbers": column.numbers,
        "tenfold": column.tenfold,
        "median ratio": ratio_words(column.median_ratio),
        "largest ratio": ratio_words(column.largest_ratio),
        "dates": column.dates,
        "largest days": f"{column.largest_days:+,.6g}" if column.largest_days else "",
        "note": "; ".join(notes),
    }  # fmt: skip
    return {name: cell or None for name, cell in row.items()}


def _keys(tables: Sequence[TableDiff], limit: int | None) -> OutlineSection:
    """List the duplicate and the blank keys of each side."""
    rows = [row for t in tables for s in (t.old, t.new) for row in _side_keys(t.name, s, limit)]
    note = "Their rows were not compared: nothing is merged or guessed." if rows else ""
    if rows and not all(table.set_aside_same for table in tables):
        note += " Taken together, they are not the same on both sides."
    return _section("Keys that do not identify one row", rows, note)


def _side_keys(table: str, side: Side, limit: int | None) -> Iterator[Row]:
    name = f"{table}, {side.name}" if table and table not in side.name else side.name
    found: list[tuple[str, str, Sequence[int]]] = []
    for repeated in side.duplicates[:limit]:
        others = f", {repeated.others} on the other side" if repeated.others else ""
        what = f"occurs {len(repeated.lines)} times{others}"
        found.append((what, key_words(repeated.key), repeated.lines))
    if limit is not None and len(side.duplicates) > limit:
        found.append((f"… {len(side.duplicates) - limit:,} more duplicate keys", "", ()))
    if side.blanks:
        found.append((f"{len(side.blanks):,} blank", "", side.blanks))
    found += [
        ("occurs once here, more often there", key_words(row.key), [row.line])
        for row in side.not_compared[:limit]
    ]
    for what, key, lines in found:
        listed = ", ".join(map(str, lines[:_MOST_LINES]))
        if len(lines) > _MOST_LINES:
            listed += f" … {len(lines) - _MOST_LINES:,} more"
        yield {"side": name, "what": what, "key": key, "lines": listed}


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
