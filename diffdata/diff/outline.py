"""A comparison laid out for people: sections with a heading, rows and a note, in any format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from diffdata.diff.explain import Explanation
from diffdata.diff.ordering import Change, in_order
from diffdata.diff.packages import PackageDiff
from diffdata.diff.sections import (
    Section,
    counts,
    distributions,
    keys,
    perhaps,
    remarks,
    table_section,
    tenfold,
)
from diffdata.diff.tables import TableDiff


@dataclass(frozen=True)
class Outline:
    """A whole comparison: its title, what it comes to, and its sections."""

    title: str
    summary: str
    sections: tuple[Section, ...]


def outline(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = 10,
    width: int = 80,
    joined: bool = False,
) -> Outline:
    """Lay a comparison out.

    Parameters
    ----------
    diff
        The comparison.
    explanation
        What moves because of it.
    limit
        Of changes of one kind in a row so many are listed, and the others counted; None lists all.
    width
        Longer texts are shortened to so many characters, about the place where they differ.
    joined
        Whether rows or columns that were added, removed or moved share one line.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, make_table
    >>> old = make_table("old.csv", ["k", "flop"], [["a", "1"]])
    >>> new = make_table("new.csv", ["k", "flop"], [["a", "10"]])
    >>> laid_out = outline(compare_tables(old, new, "k"))
    >>> laid_out.title, [section.title for section in laid_out.sections]
    ('old.csv → new.csv', ['Counts', 'Changes, by consequence', 'Changes by column'])
    """
    tables = (diff,) if isinstance(diff, TableDiff) else diff.tables
    old, new = (diff.old.name, diff.new.name) if isinstance(diff, TableDiff) else _named(diff)
    style = _Style(limit, width, joined)
    sections = [
        counts(tables),
        _changes("Changes, by consequence", in_order(diff), style),
        *(_explained(explanation, style) if explanation else ()),
        distributions(tables),
        keys(tables, limit),
        perhaps(tables, limit),
        remarks(diff),
    ]
    held = tuple(section for section in sections if section.rows or section.note)
    return Outline(f"{old} → {new}", _summary(diff, tables), held)


def excerpt(old: str, new: str, width: int) -> tuple[str, str]:
    """Shorten two texts to the place where they begin to differ.

    Examples
    --------
    >>> excerpt("the very same beginning, then A", "the very same beginning, then B", 16)
    ('…nning, then A', '…nning, then B')
    """
    texts = [" ".join(text.split()) for text in (old, new)]
    if max(map(len, texts)) <= width:
        return texts[0], texts[1]
    same = 0
    for first, last in zip(*texts, strict=False):
        if first != last:
            break
        same += 1
    start = max(0, same - width * 3 // 4)
    return _cut(texts[0], start, width), _cut(texts[1], start, width)


def _cut(text: str, start: int, width: int) -> str:
    before = "…" if start and text else ""
    end = start + width - 2
    return before + text[start:end] + ("…" if len(text) > end else "")


def _named(diff: PackageDiff) -> tuple[str, str]:
    return f"{diff.old} ({diff.old_version})", f"{diff.new} ({diff.new_version})"


def _summary(diff: PackageDiff | TableDiff, tables: Sequence[TableDiff]) -> str:
    forms = sum(len(table.reformatted) for table in tables)
    only = f"{forms:,} cell{'s are' if forms != 1 else ' is'} written differently" if forms else ""
    if diff.same:
        return f"No difference; {only}." if only else "No difference."
    figures = {
        "added": sum(len(table.rows.added) for table in tables),
        "removed": sum(len(table.rows.removed) for table in tables),
        "renamed": sum(len(table.rows.renamed) for table in tables),
        "changed": sum(len(table.changed) for table in tables),
    }
    text = "Rows: " + ", ".join(f"{count:,} {what}" for what, count in figures.items())
    cells, tens = sum(len(table.cells) for table in tables), tenfold(tables)
    text += f". Cells changed: {cells:,}, of which {tens:,} numbers by tenfold or more"
    return f"{text}; {only}." if only else f"{text}."


@dataclass(frozen=True)
class _Style:
    limit: int | None
    width: int
    joined: bool


def _changes(
    title: str,
    changes: Sequence[Change],
    style: _Style,
    because: Mapping[str, tuple[str, ...]] | None = None,
) -> Section:
    """List changes; of those of one kind that follow each other, the first ones."""
    header = ("what", "table", "row", "column", "old", "new", "by", "because of")
    rows: list[tuple[str, ...]] = []
    for (what, table), run in groupby(changes, key=lambda c: (c.what, c.table)):
        held = list(run)
        first, left = held[: style.limit], len(held[style.limit :]) if style.limit else 0
        name = "" if because is not None else table
        if style.joined and not any(c.old or c.new for c in held):
            more = f"; … {left:,} more" if left else ""
            places = ("; ".join(filter(None, names)) for names in
                      ((c.row for c in first), (c.column for c in first)))  # fmt: skip
            rows.append((what, name, *(p and p + more for p in places), *[""] * 4))
            continue
        for c in first:
            reasons = ", ".join((because or {}).get(c.row, ()))
            texts = excerpt(c.old, c.new, style.width)
            rows.append((what, name, c.row, c.column, *texts, c.amount, reasons))
        if left:
            rows.append((f"… {left:,} more: {what}", name, *[""] * 6))
    return table_section(title, header, rows, main=True)


def _explained(explanation: Explanation, style: _Style) -> Iterator[Section]:
    verdicts = [c for c in in_order(explanation.ledger) if c.column == "verdict"]
    others = [c for c in in_order(explanation.ledger) if c.column != "verdict"]
    parts = (
        ("Verdicts of the ledger that move", verdicts, explanation.ledger_because),
        ("Other figures of the ledger that move", others, explanation.ledger_because),
        ("Derived figures that move (model_summary)", in_order(explanation.figures),
         explanation.figures_because),
    )  # fmt: skip
    for title, changes, because in parts:
        if changes:
            yield _changes(title, changes, style, because)
        else:
            yield Section(title, note="None.", main=True)
