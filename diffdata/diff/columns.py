"""Which column of the old table is which of the new one, by name or by content."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diffdata.diff.table import Table
from diffdata.diff.values import ColumnType, canonical
from diffdata.errors import InvalidInputError, UnknownNameError

# Cohen's kappa of the cells of the matched rows, from which two columns are taken for the same;
# from which they are mentioned; and by how much a pair must be ahead of any other of the two.
SAME_COLUMN = 0.7
SIMILAR_COLUMN = 0.4
AHEAD = 0.1
# So many cells that are not empty must agree, with two values at least.
AGREEING_CELLS = 3


@dataclass(frozen=True)
class ColumnPair:
    """A column that both tables have.

    ``agreement`` is the kappa by which a renamed column was found; None if it was known by name.
    """

    old: str
    new: str
    agreement: float | None = None

    @property
    def renamed(self) -> bool:
        """Whether the two names differ."""
        return self.old != self.new


@dataclass(frozen=True)
class ColumnMatch:
    """The columns of two tables, told apart.

    Attributes
    ----------
    pairs
        The columns of both, in the order of the new table.
    added, removed
        The columns that only the new, only the old table has.
    moved
        The columns of both (by their new name) that stand in another order; the fewest that must
        be moved to get from one order to the other.
    similar
        Pairs that may be renamed columns and are not treated as such: the cells agree too little,
        or other columns agree as well.
    """

    pairs: tuple[ColumnPair, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...]
    similar: tuple[ColumnPair, ...]


def match_columns(
    old: Table,
    new: Table,
    rows: Sequence[tuple[int, int]],
    rename: Mapping[str, str],
    types: Mapping[str, ColumnType],
) -> ColumnMatch:
    """Match the columns of two tables.

    Columns of the same name are the same. Of the others, two are the same if Cohen's kappa of
    their cells in the matched rows (an empty cell counts as a value; numbers are compared as
    numbers) is at least 0.7, at least three filled cells agree with two values or more, and no
    other pair with one of the two comes within 0.1. So a column of flags that is mostly empty is
    not taken for another one: kappa sets off what would agree by chance.

    Parameters
    ----------
    old, new
        The tables.
    rows
        The matched rows, as positions in the old and in the new table.
    rename
        Columns that are known to be renamed, new name by old name.
    types
        What columns of the new table hold.

    Raises
    ------
    UnknownNameError, InvalidInputError
        If `rename` names columns that are not there, or one twice.

    Examples
    --------
    >>> from diffdata.diff import make_table
    >>> old = make_table("old", ["k", "datapoints"], [["a", "1"], ["b", "2"], ["c", "3"]])
    >>> new = make_table("new", ["gradients", "k"], [["1", "a"], ["2", "b"], ["3", "c"]])
    >>> match_columns(old, new, [(0, 0), (1, 1), (2, 2)], {}, {}).pairs[0]
    ColumnPair(old='datapoints', new='gradients', agreement=1.0)
    """
    _check_rename(old, new, rename)
    taken = set(rename.values())
    known = dict(rename)
    known |= {c: c for c in old.columns if c in new.columns and c not in known and c not in taken}
    free_old = [name for name in old.columns if name not in known]
    free_new = [name for name in new.columns if name not in known.values()]
    found, similar = _by_content(old, new, free_old, free_new, rows, types)
    pairs = [*(ColumnPair(*pair) for pair in known.items()), *found]
    pairs.sort(key=lambda pair: new.place(pair.new))
    renamed_old, renamed_new = {pair.old for pair in found}, {pair.new for pair in found}
    return ColumnMatch(
        pairs=tuple(pairs),
        added=tuple(name for name in free_new if name not in renamed_new),
        removed=tuple(name for name in free_old if name not in renamed_old),
        moved=_moved([old.place(pair.old) for pair in pairs], [pair.new for pair in pairs]),
        similar=tuple(similar),
    )


def _check_rename(old: Table, new: Table, rename: Mapping[str, str]) -> None:
    for first, last in rename.items():
        if first not in old.columns:
            raise UnknownNameError(f"column in {old.name}", first, old.columns)
        if last not in new.columns:
            raise UnknownNameError(f"column in {new.name}", last, new.columns)
    twice = [last for last in rename.values() if list(rename.values()).count(last) > 1]
    if twice:
        raise InvalidInputError(f"rename: two columns cannot both become {twice[0]!r}")


def _by_content(
    old: Table,
    new: Table,
    free_old: Sequence[str],
    free_new: Sequence[str],
    rows: Sequence[tuple[int, int]],
    types: Mapping[str, ColumnType],
) -> tuple[list[ColumnPair], list[ColumnPair]]:
    """Find the renamed columns among those of other names, and those that may be renamed."""
    kappas = np.zeros((len(free_old), len(free_new)))
    for across, last in enumerate(free_new):
        kind = types.get(last, "any")
        after = [canonical(new.rows[row][new.place(last)], kind) for _, row in rows]
        for down, first in enumerate(free_old):
            before = [canonical(old.rows[row][old.place(first)], kind) for row, _ in rows]
            kappas[down, across] = _kappa(before, after)
    found, similar = [], []
    for down, first in enumerate(free_old):
        for across, last in enumerate(free_new):
            kappa = float(kappas[down, across])
            others = np.append(np.delete(kappas[down], across), np.delete(kappas[:, across], down))
            ahead = bool((others <= kappa - AHEAD).all())
            pair = ColumnPair(first, last, round(kappa, 4))
            if kappa >= SAME_COLUMN and ahead:
                found.append(pair)
            elif kappa >= SIMILAR_COLUMN:
                similar.append(pair)
    return found, similar


def _kappa(before: Sequence[object], after: Sequence[object]) -> float:
    """Return Cohen's kappa, or 0 where too few filled cells agree to say anything."""
    agreeing = [cell for cell, other in zip(before, after, strict=True) if cell == other]
    filled = [cell for cell in agreeing if cell != ""]
    if len(filled) < AGREEING_CELLS or len(set(agreeing)) < 2:
        return 0.0
    total = len(before)
    observed = len(agreeing) / total
    counts: dict[object, int] = {}
    for cell in before:
        counts[cell] = counts.get(cell, 0) + 1
    by_chance = sum(counts.get(cell, 0) for cell in after) / total**2
    return (observed - by_chance) / (1 - by_chance)


def _moved(places: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that are not on the longest rising run of places."""
    ends: list[int] = []  # the smallest place at which a run of each length ends
    length_at = []
    for place in places:
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        length_at.append(length)
    kept = set()
    wanted = len(ends) - 1
    for position in reversed(range(len(places))):
        if length_at[position] == wanted:
            kept.add(position)
            wanted -= 1
    return tuple(name for position, name in enumerate(names) if position not in kept)
