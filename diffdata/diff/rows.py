"""Which rows are new, gone, or the same under another key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from diffdata.diff.columns import ColumnPair
from diffdata.diff.keys import Keyed, KeyText
from diffdata.diff.table import Table
from diffdata.diff.values import ColumnType, canonical


@dataclass(frozen=True)
class RowRef:
    """A row of one side: its key and the line where it begins."""

    key: KeyText
    line: int


@dataclass(frozen=True)
class RowPair:
    """A row of both sides: its keys and lines. ``columns`` are those in which it changed."""

    old_key: KeyText
    new_key: KeyText
    old_line: int
    new_line: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class AlikeRows:
    """Removed and added rows that all have one content: nobody can say which became which."""

    old_keys: tuple[KeyText, ...]
    new_keys: tuple[KeyText, ...]


@dataclass(frozen=True)
class RepeatedKey:
    """A key that stands more than once on a side, with its lines there.

    ``others`` is how often it stands on the other side.
    """

    key: KeyText
    lines: tuple[int, ...]
    others: int


@dataclass(frozen=True)
class RowMatch:
    """The rows that only one side has, by key, and how they relate.

    Attributes
    ----------
    renamed
        The same content under another key.
    added, removed
        The rows that are left.
    ambiguous
        Rows that would be renamed if there were not several of the same content; they are among
        the added and removed.
    similar
        Added and removed rows whose keys differ in letter case, blanks and punctuation alone, and
        whose content differs; they are among the added and removed too.
    """

    renamed: tuple[RowPair, ...]
    added: tuple[RowRef, ...]
    removed: tuple[RowRef, ...]
    ambiguous: tuple[AlikeRows, ...]
    similar: tuple[RowPair, ...]


def match_rows(
    old: Table,
    new: Table,
    sides: tuple[Keyed, Keyed],
    pairs: Sequence[ColumnPair],
    types: Mapping[str, ColumnType],
) -> RowMatch:
    """Sort the rows whose key stands once on its side and not at all on the other.

    A row is renamed if a removed and an added one have the same content: the same cells (numbers
    as numbers) in all `pairs`, one of them filled at least, and no other row with a key of its own
    has that content on either side.

    Parameters
    ----------
    old, new
        The tables.
    sides
        Their rows by key.
    pairs
        The columns of both that do not belong to the key.
    types
        What columns of the new table hold.

    Examples
    --------
    >>> from diffdata.diff import make_table
    >>> from diffdata.diff.keys import by_key
    >>> old = make_table("old", ["k", "flop"], [["OPT", "4.3e23"], ["Gone", "1"]])
    >>> new = make_table("new", ["k", "flop"], [["OPT-175B", "4.30e23"]])
    >>> sides = by_key(old, ["k"]), by_key(new, ["k"])
    >>> found = match_rows(old, new, sides, [ColumnPair("flop", "flop")], {})
    >>> [(row.old_key, row.new_key) for row in found.renamed], found.removed
    ([(('OPT',), ('OPT-175B',))], (RowRef(key=('Gone',), line=3),))
    """
    before, after = sides
    gone = _only(before, after)
    come = _only(after, before)
    olds = _contents(old, before, [(pair.old, types.get(pair.new, "any")) for pair in pairs])
    news = _contents(new, after, [(pair.new, types.get(pair.new, "any")) for pair in pairs])
    renamed: list[tuple[KeyText, KeyText]] = []
    ambiguous: list[AlikeRows] = []
    for content, keys in olds.items():
        others = news.get(content, [])
        lost = [key for key in keys if key in gone]
        fresh = [key for key in others if key in come]
        if not lost or not fresh or not any(cell != "" for cell in content):
            continue
        if len(keys) == len(others) == 1:
            renamed.append((lost[0], fresh[0]))
        else:
            ambiguous.append(AlikeRows(tuple(lost), tuple(fresh)))
    for first, last in renamed:
        del gone[first], come[last]

    def pair_up(keys: Sequence[tuple[KeyText, KeyText]]) -> tuple[RowPair, ...]:
        return tuple(
            RowPair(a, b, old.lines[before.once[a]], new.lines[after.once[b]]) for a, b in keys
        )

    return RowMatch(
        renamed=pair_up(renamed),
        added=tuple(RowRef(key, new.lines[place]) for key, place in come.items()),
        removed=tuple(RowRef(key, old.lines[place]) for key, place in gone.items()),
        ambiguous=tuple(ambiguous),
        similar=pair_up(_similar(gone, come)),
    )


def _only(side: Keyed, other: Keyed) -> dict[KeyText, int]:
    """Return the rows whose key the other side does not have at all."""
    return {
        key: place
        for key, place in side.once.items()
        if key not in other.once and key not in other.duplicates
    }


def _contents(
    table: Table, side: Keyed, columns: Sequence[tuple[str, ColumnType]]
) -> dict[tuple[str | Decimal, ...], list[KeyText]]:
    """Return the keys of the rows by their content."""
    places = [(table.place(name), kind) for name, kind in columns]
    found: dict[tuple[str | Decimal, ...], list[KeyText]] = {}
    for key, position in side.once.items():
        row = table.rows[position]
        content = tuple(canonical(row[place], kind) for place, kind in places)
        found.setdefault(content, []).append(key)
    return found


def _similar(
    gone: Mapping[KeyText, int], come: Mapping[KeyText, int]
) -> list[tuple[KeyText, KeyText]]:
    """Pair the keys that are spelt alike, where just one of each side is spelt so."""
    spelt: dict[KeyText, tuple[list[KeyText], list[KeyText]]] = {}
    for side, keys in enumerate((gone, come)):
        for key in keys:
            spelling = tuple(re.sub(r"[\W_]+", "", part.casefold()) for part in key)
            spelt.setdefault(spelling, ([], []))[side].append(key)
    return [
        (olds[0], news[0])
        for spelling, (olds, news) in spelt.items()
        if len(olds) == len(news) == 1 and any(spelling)
    ]
