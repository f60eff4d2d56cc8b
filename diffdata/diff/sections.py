"""The parts of an outline that count and list: tables, columns, keys, what may be renamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diffdata.diff.distribution import ColumnChange
from diffdata.diff.ordering import key_words, ratio_words
from diffdata.diff.packages import PackageDiff
from diffdata.diff.tables import Side, TableDiff


@dataclass(frozen=True)
class Section:
    """A part of the outline: a table, with a sentence before it.

    ``main`` sections are what a reader looks at first; the others may be folded away.
    """

    title: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    main: bool = False


def table_section(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    note: str = "",
    *,
    main: bool = False,
) -> Section:
    """Return a section without the columns that are empty in all rows."""
    shown = [place for place in range(len(header)) if any(row[place] for row in rows)]
    return Section(
        title,
        tuple(header[place] for place in shown),
        tuple(tuple(row[place] for place in shown) for row in rows),
        note,
        main,
    )


def counts(tables: Sequence[TableDiff]) -> Section:
    """Count what happened: rows and columns of one table, or one line a table for several."""
    if len(tables) == 1 and not tables[0].name:
        return _one_table(tables[0])
    changed = [table for table in tables if not table.same or table.reformatted]
    same = len(tables) - len(changed)
    header = (
        "table", "rows before", "rows after", "added", "removed", "renamed", "changed", "cells",
        "tenfold", "only written differently",
    )  # fmt: skip
    rows = [
        (
            table.name, f"{table.old.rows:,}", f"{table.new.rows:,}",
            *map(_number, (len(table.rows.added), len(table.rows.removed), len(table.rows.renamed),
                           len(table.changed), len(table.cells), tenfold([table]),
                           len(table.reformatted))),
        )
        for table in changed
    ]  # fmt: skip
    note = f"{same} table{'s are' if same != 1 else ' is'} the same." if same else ""
    return table_section("Tables", header, rows, note, main=True)


def tenfold(tables: Sequence[TableDiff]) -> int:
    """Count the numbers that moved tenfold or more, to or from zero, or changed their sign."""
    return sum(column.tenfold for table in tables for column in table.distributions)


def _one_table(diff: TableDiff) -> Section:
    columns = len(diff.columns.pairs)
    removed, added = len(diff.columns.removed), len(diff.columns.added)
    changed = sum(column.changed > 0 for column in diff.distributions)
    figures: list[tuple[str, tuple[int | None, ...]]] = [
        ("rows", (diff.old.rows, diff.new.rows, len(diff.rows.added), len(diff.rows.removed),
                  len(diff.rows.renamed), len(diff.changed))),
        ("columns", (columns + removed, columns + added, added, removed,
                     len(diff.renamed_columns), changed)),
        ("cells of matched rows", (None, None, None, None, None, len(diff.cells))),
    ]  # fmt: skip
    sides = (diff.old, diff.new)
    repeated = tuple(sum(len(key.lines) for key in side.duplicates) for side in sides)
    blank = tuple(len(side.blanks) for side in sides)
    missed = tuple(len(side.not_compared) for side in sides)
    for what, pair in (
        ("rows with a duplicate key", repeated),
        ("rows with a blank key", blank),
        ("rows whose key is a duplicate on the other side", missed),
    ):
        if any(pair):
            figures.append((what, (*pair, None, None, None, None)))
    header = ("", "before", "after", "added", "removed", "renamed", "changed")
    rows = [
        (what, *("" if number is None else f"{number:,}" for number in numbers))
        for what, numbers in figures
    ]
    note = f"{diff.matched:,} rows have a key that stands once on each side"
    if diff.reformatted:
        note += f"; {len(diff.reformatted):,} of their cells are only written differently"
    return Section("Counts", header, tuple(rows), f"{note}.", main=True)


def _number(count: int) -> str:
    return f"{count:,}" if count else ""


def distributions(tables: Sequence[TableDiff]) -> Section:
    """Say for each column how much of it changed, and how far its numbers and dates moved."""
    header = (
        "table", "column", "changed", "of", "filled", "emptied", "numbers", "tenfold",
        "median ratio", "largest ratio", "dates", "largest days", "note",
    )  # fmt: skip
    rows = [
        (table.name, *_distribution(column)) for table in tables for column in table.distributions
    ]
    return table_section("Changes by column", header, rows)


def _distribution(column: ColumnChange) -> tuple[str, ...]:
    notes = []
    if column.same_factor is not None:
        notes.append(f"all by the factor {ratio_words(column.same_factor)}: another unit?")
    if column.reformatted:
        notes.append(f"{column.reformatted:,} written differently")
    ratios = (
        "" if ratio is None else ratio_words(ratio)
        for ratio in (column.median_ratio, column.largest_ratio)
    )
    numbers = (column.changed, column.compared, column.filled, column.emptied, column.numbers,
               column.tenfold)  # fmt: skip
    days = "" if column.largest_days is None else f"{column.largest_days:+,.6g}"
    return (
        column.column, *(f"{number:,}" if number else "" for number in numbers), *ratios,
        f"{column.dates:,}" if column.dates else "", days, "; ".join(notes),
    )  # fmt: skip


def keys(tables: Sequence[TableDiff], limit: int | None) -> Section:
    """List the keys that are blank or stand more than once, side by side."""
    rows = [row for t in tables for s in (t.old, t.new) for row in _key_rows(t.name, s, limit)]
    note = "Their rows were not compared: nothing is merged or guessed." if rows else ""
    if rows and not all(table.set_aside_same for table in tables):
        note += " Taken together, they are not the same on both sides."
    header = ("side", "what", "key", "lines")
    return table_section("Keys that do not name one row", header, rows, note)


def _key_rows(table: str, side: Side, limit: int | None) -> Iterator[tuple[str, ...]]:
    name = f"{table}, {side.name}" if table and table not in side.name else side.name
    for found in side.duplicates[:limit]:
        what = f"stands {len(found.lines)} times"
        if found.others:
            what += f", {found.others} on the other side"
        yield name, what, key_words(found.key), _lines(found.lines, 20)
    if limit is not None and len(side.duplicates) > limit:
        yield name, f"… {len(side.duplicates) - limit:,} more duplicate keys", "", ""
    if side.blanks:
        yield name, f"{len(side.blanks):,} blank", "", _lines(side.blanks, 20)
    for row in side.not_compared[:limit]:
        yield name, "stands once here, more often there", key_words(row.key), str(row.line)


def _lines(lines: Sequence[int], most: int) -> str:
    text = ", ".join(map(str, lines[:most]))
    return text + (f" … {len(lines) - most:,} more" if len(lines) > most else "")


def perhaps(tables: Sequence[TableDiff], limit: int | None) -> Section:
    """List what may be renamed, and is counted as added and removed."""
    rows: list[tuple[str, ...]] = []
    for table in tables:
        for pair in table.columns.similar:
            why = f"kappa {pair.agreement:.2f}"
            rows.append(("column", pair.old, pair.new, why))
        for row in table.rows.similar[:limit]:
            names = key_words(row.old_key), key_words(row.new_key)
            rows.append(("row", *names, "spelt alike, other content"))
        for alike in table.rows.ambiguous[:limit]:
            olds, news = (
                "; ".join(map(key_words, keys[:5])) for keys in (alike.old_keys, alike.new_keys)
            )
            rows.append(("rows", olds, news, "several have the same content"))
    note = "Counted as added and removed; say --rename OLD=NEW for a column." if rows else ""
    return table_section("Perhaps renamed", ("what", "old", "new", "why"), rows, note)


def remarks(diff: PackageDiff | TableDiff) -> Section:
    """List what a reader should know of how the tables were read."""
    found = list(diff.remarks)
    if isinstance(diff, PackageDiff):
        found += [remark for table in diff.tables for remark in table.remarks]
    return table_section("Remarks", ("remark",), [(remark,) for remark in found])
