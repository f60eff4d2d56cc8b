"""Two tables of text, compared by key and cell by cell."""

from __future__ import annotations

import math
import re
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from diffdata.diff.tables import (
    ColumnType,
    Consequence,
    Difference,
    Key,
    Keyed,
    Place,
    Table,
    by_key,
    canonical,
    difference,
    guess_type,
    key_columns,
    unknown_column,
)
from diffdata.errors import InvalidInputError

Content = tuple[str | Decimal, ...]
Kinds = Mapping[str, ColumnType]

# Cohen's kappa of the cells of the matched rows from which two columns are the same one, and from
# which they are reported as similar; and the lead that a pair needs over others of its columns.
_SAME_COLUMN = 0.7
_SIMILAR_COLUMN = 0.4
_LEAD = 0.1
# The number of cells that must be filled and agree.
_AGREEING_CELLS = 3
# The bounds of the bins in which changed numbers are counted, as new over old.
_BOUNDS = (0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0)
_BINS = (
    "to a tenth or less", "to 0.1-0.5", "to 0.5-0.9", "down by less than 10 %",
    "up by less than 10 %", "to 1.1-2 times", "to 2-10 times", "tenfold or more",
)  # fmt: skip
# The number of figures that must change by the same factor to suggest that the unit changed.
_SAME_FACTOR = 5


@dataclass(frozen=True)
class ColumnPair:
    """A column of both tables."""

    old: str
    new: str
    agreement: float | None = None  # Cohen's kappa, if the column was found by its content


@dataclass(frozen=True)
class ColumnMatch:
    """How the columns of two tables correspond."""

    pairs: tuple[ColumnPair, ...]  # in the order of the new table
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...]  # the fewest that must move to get from one order to the other
    similar: tuple[ColumnPair, ...]  # perhaps renamed: the cells agree too little, or others too


@dataclass(frozen=True)
class RowRef:
    """A row of one table: its key and the line where it begins."""

    key: Key
    line: Place
    cells: Mapping[str, str] | None = None  # of added rows: the filled ones apart from the key


@dataclass(frozen=True)
class RowPair:
    """A row of both tables: its keys and the lines where it begins."""

    old_key: Key
    new_key: Key
    old_line: Place
    new_line: Place
    columns: tuple[str, ...] = ()  # those that changed


@dataclass(frozen=True)
class AlikeRows:
    """Removed and added rows with the same content, so that it is not clear which became which."""

    old_keys: tuple[Key, ...]
    new_keys: tuple[Key, ...]


@dataclass(frozen=True)
class RowMatch:
    """The rows whose key only one table has, and how they correspond."""

    renamed: tuple[RowPair, ...]
    added: tuple[RowRef, ...]
    removed: tuple[RowRef, ...]
    # Also in `added` and `removed`; keys are similar if only letter case and punctuation differ.
    ambiguous: tuple[AlikeRows, ...]
    similar: tuple[RowPair, ...]


@dataclass(frozen=True)
class CellChange:
    """A cell that differs, in a row that both tables have; the lines are where the row begins."""

    key: Key
    column: str
    old_column: str
    old: str
    new: str
    old_line: Place
    new_line: Place
    difference: Difference


@dataclass(frozen=True)
class TableDiff:
    """How two tables differ; each row is in `matched`, in `rows`, or has no unique key."""

    name: str  # of the table, empty for files
    key: tuple[ColumnPair, ...]
    old: Keyed
    new: Keyed
    columns: ColumnMatch
    rows: RowMatch
    matched: int  # rows whose key occurs once in each table
    changed: tuple[RowPair, ...]  # the matched rows in which a cell changed
    cells: tuple[CellChange, ...]  # in the order of the new rows and columns
    reformatted: tuple[CellChange, ...]  # the same value written differently
    distributions: Mapping[str, Mapping[str, Any]]  # by column, see `_distribution`
    set_aside_same: bool = True  # whether rows without a unique key are the same, taken together
    remarks: tuple[str, ...] = ()
    # Of a derived table: the changed estimates behind a row that changed, by the id of the row.
    because: Mapping[str, tuple[str, ...]] | None = None

    @property
    def same(self) -> bool:
        """Whether the tables have the same content, each row under the same key."""
        columns = (*self.columns.added, *self.columns.removed, *self.renamed_columns)
        rows = (*self.rows.added, *self.rows.removed, *self.rows.renamed)
        return self.set_aside_same and not (columns or rows or self.cells)

    @property
    def renamed_columns(self) -> tuple[ColumnPair, ...]:
        """The columns with another name."""
        return tuple(pair for pair in self.columns.pairs if pair.old != pair.new)


def compare_tables(
    old: Table,
    new: Table,
    key: str | Sequence[str],
    *,
    rename: Mapping[str, str] | None = None,
    types: Kinds | None = None,
    name: str = "",
    atol: float = 0,
    rtol: float = 0,
) -> TableDiff:
    """Compare two tables; `types` says what columns of the new table contain.

    Other columns are judged by their names and cell by cell. For the options see `compare`.
    """
    for option, value in (("atol", atol), ("rtol", rtol)):
        if not 0 <= value < math.inf:
            raise InvalidInputError(f"{option}: expected a number from 0, found {value}")
    renames = dict(rename or {})
    keys = key_columns(old, new, [key] if isinstance(key, str) else key, renames)
    renames |= {first: last for first, last in keys if first != last}
    kinds: dict[str, ColumnType] = {column: guess_type(column) for column in new.columns}
    kinds |= types or {}
    before, after = by_key(old, [a for a, _ in keys]), by_key(new, [b for _, b in keys])
    columns = _match_columns(before, after, renames, kinds)
    changes = _cell_changes(before, after, columns.pairs, kinds, atol=atol, rtol=rtol)
    cells = [change for change in changes if change.difference.kind != "form"]
    others = [pair for pair in columns.pairs if (pair.old, pair.new) not in keys]
    old_contents, new_contents = (
        [tuple(map(canonical, row, [kinds[pair.new] for pair in others])) for row in rows]
        for rows in (old.select(p.old for p in others), new.select(p.new for p in others))
    )
    matched = len(before.once.keys() & after.once.keys())
    by_row = groupby(cells, key=attrgetter("key", "old_line", "new_line"))
    return TableDiff(
        name=name,
        key=tuple(ColumnPair(*pair) for pair in keys),
        old=before,
        new=after,
        columns=columns,
        rows=_match_rows(before, after, old_contents, new_contents),
        matched=matched,
        changed=tuple(
            RowPair(key, key, first, last, tuple(cell.column for cell in row))
            for (key, first, last), row in by_row
        ),
        cells=tuple(cells),
        reformatted=tuple(change for change in changes if change.difference.kind == "form"),
        distributions={
            column: _distribution(in_column, matched)
            for column in new.columns
            if (in_column := [change for change in changes if change.column == column])
        },
        set_aside_same=_set_aside(before, old_contents) == _set_aside(after, new_contents),
        remarks=(*old.remarks, *new.remarks),
    )


def _distribution(cells: Sequence[CellChange], compared: int) -> dict[str, Any]:
    """Summarize the changes in a column; ratios are new over old."""
    changed = [cell for cell in cells if cell.difference.kind != "form"]
    numbers = [cell.difference for cell in changed if cell.difference.kind == "number"]
    ratios = [d.ratio for d in numbers if d.ratio is not None and d.ratio > 0]
    days = [cell.difference.days for cell in changed if cell.difference.days is not None]
    # A bound belongs to the bin that is farther from 1.
    bins = Counter((bisect_left if r <= 1 else bisect_right)(_BOUNDS, r) for r in ratios)
    middle = statistics.median(ratios) if ratios else None
    same_factor = (
        middle is not None
        and len(ratios) == len(numbers) >= _SAME_FACTOR
        and not math.isclose(middle, 1, rel_tol=1e-6)
        and all(math.isclose(ratio, middle, rel_tol=1e-6) for ratio in ratios)
    )
    return {
        "old_column": cells[0].old_column,
        "compared": compared,
        "changed": len(changed),
        "reformatted": len(cells) - len(changed),
        "filled": sum(not cell.old.strip() for cell in changed),
        "emptied": sum(not cell.new.strip() for cell in changed),
        "numbers": len(numbers),
        "tenfold": sum(d.consequence is Consequence.TENFOLD for d in numbers),
        "median_ratio": middle,
        # The farthest from 1, upwards or downwards.
        "largest_ratio": max(ratios, key=lambda ratio: abs(math.log(ratio)), default=None),
        "bins": {name: bins[number] for number, name in enumerate(_BINS)},
        "dates": len(days),
        "median_days": statistics.median(days) if days else None,
        "largest_days": max(days, key=abs, default=None),
        # By which all numbers changed: perhaps the unit changed.
        "same_factor": middle if same_factor else None,
    }


def _set_aside(side: Keyed, contents: Sequence[Content]) -> Counter[tuple[Key, Content]]:
    """Count the rows that cannot be matched because of their key, by key and content."""
    keys = {**side.duplicates, Key(): side.blanks}
    return Counter((key, contents[row]) for key, rows in keys.items() for row in rows)


def _cell_changes(
    before: Keyed, after: Keyed, pairs: Sequence[ColumnPair], kinds: Kinds, **tolerance: float
) -> list[CellChange]:
    """Compare all cells of the matched rows."""
    old_rows = before.table.select(pair.old for pair in pairs)
    new_rows = after.table.select(pair.new for pair in pairs)
    changes = []
    for key in (key for key in after.once if key in before.once):
        in_row = [
            (pair, old, new, found)
            for pair, old, new in zip(
                pairs, old_rows[before.once[key]], new_rows[after.once[key]], strict=True
            )
            if old != new and (found := difference(old, new, kinds[pair.new], **tolerance))
        ]
        unit_changed = any(found.kind == "unit" for *_, found in in_row)
        lines = before.line(key), after.line(key)
        for pair, old, new, found in in_row:
            if unit_changed and found.kind == "number":
                remark = ", ".join(filter(None, (found.remark, "the unit changed too")))
                found = replace(found, remark=remark)
            changes.append(CellChange(key, pair.new, pair.old, old, new, *lines, found))
    return changes


def _match_columns(
    before: Keyed, after: Keyed, rename: Mapping[str, str], kinds: Kinds
) -> ColumnMatch:
    """Match columns by their names, and others by the kappa of their cells."""
    old, new = before.table, after.table
    for renaming in rename.items():
        for table, name in zip((old, new), renaming, strict=True):
            if name not in table.columns:
                raise unknown_column(name, table)
    repeated = [name for name, count in Counter(rename.values()).items() if count > 1]
    if repeated:
        raise InvalidInputError(f"rename: two columns cannot both become {repeated[0]!r}")
    given = {*rename, *rename.values()}
    names = {**rename, **{c: c for c in old.columns if c in new.columns and c not in given}}
    kappas = {
        (first, last): _kappa(before, after, first, last, kinds[last])
        for first in old.columns
        for last in new.columns
        if first not in names and last not in names.values()
    }
    pairs, similar = [ColumnPair(*names) for names in names.items()], []
    for (first, last), kappa in kappas.items():
        rivals = [k for pair, k in kappas.items() if (pair[0] == first) != (pair[1] == last)]
        pair = ColumnPair(first, last, round(kappa, 4))
        if kappa >= _SAME_COLUMN and all(rival <= kappa - _LEAD for rival in rivals):
            pairs.append(pair)
        elif kappa >= _SIMILAR_COLUMN:
            similar.append(pair)
    pairs.sort(key=lambda pair: new.columns.index(pair.new))
    paired_old, paired_new = {pair.old for pair in pairs}, {pair.new for pair in pairs}
    return ColumnMatch(
        pairs=tuple(pairs),
        added=tuple(name for name in new.columns if name not in paired_new),
        removed=tuple(name for name in old.columns if name not in paired_old),
        moved=_moved([(old.columns.index(pair.old), pair.new) for pair in pairs]),
        similar=tuple(similar),
    )


def _kappa(before: Keyed, after: Keyed, old: str, new: str, kind: ColumnType) -> float:
    """Return Cohen's kappa of two columns in the matched rows, 0 if too few filled cells agree."""
    # It corrects for agreement by chance: two mostly empty columns of flags are not confused.
    firsts, lasts = (
        [canonical(cells[0], kind) for cells in side.table.select([column])]
        for side, column in ((before, old), (after, new))
    )
    pairs = [
        (firsts[before.once[key]], lasts[row])
        for key, row in after.once.items()
        if key in before.once
    ]
    agreeing = [first for first, last in pairs if first == last]
    if sum(cell != "" for cell in agreeing) < _AGREEING_CELLS or len(set(agreeing)) < 2:
        return 0.0
    observed = len(agreeing) / len(pairs)
    counts = Counter(first for first, _ in pairs)
    by_chance = sum(counts[last] for _, last in pairs) / len(pairs) ** 2
    return (observed - by_chance) / (1 - by_chance)


def _moved(columns: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """Return the names that are not on the longest increasing subsequence of positions."""
    runs: list[list[tuple[int, str]]] = []  # for each length, the one with the smallest end
    for column in columns:
        length = bisect_left(runs, column[0], key=lambda run: run[-1][0])
        runs[length : length + 1] = [[*(runs[length - 1] if length else ()), column]]
    kept = {name for run in runs[-1:] for _, name in run}
    return tuple(name for _, name in columns if name not in kept)


def _match_rows(
    before: Keyed, after: Keyed, old_contents: Sequence[Content], new_contents: Sequence[Content]
) -> RowMatch:
    """Match rows whose key only one table has by their content: the cells apart from the key."""
    removed = dict.fromkeys(key for key in before.once if not after.count(key))
    added = dict.fromkeys(key for key in after.once if not before.count(key))
    renamed, ambiguous = [], []
    by_content = _grouped(
        {key: old_contents[row] for key, row in before.once.items()},
        {key: new_contents[row] for key, row in after.once.items()},
    )
    for content, (old_keys, new_keys) in by_content.items():
        lost = tuple(key for key in old_keys if key in removed)
        fresh = tuple(key for key in new_keys if key in added)
        if lost and fresh and any(cell != "" for cell in content):
            if len(old_keys) == len(new_keys) == 1:  # no other row has this content
                renamed.append((lost[0], fresh[0]))
            else:
                ambiguous.append(AlikeRows(lost, fresh))
    for first, last in renamed:
        del removed[first], added[last]
    spelled = _grouped(*({key: _letters(key) for key in keys} for keys in (removed, added)))
    similar = [
        (olds[0], news[0])
        for letters, (olds, news) in spelled.items()
        if len(olds) == len(news) == 1 and any(letters)
    ]

    def pairs(keys: Iterable[tuple[Key, Key]]) -> tuple[RowPair, ...]:
        return tuple(RowPair(a, b, before.line(a), after.line(b)) for a, b in keys)

    return RowMatch(
        renamed=pairs(renamed),
        added=tuple(RowRef(key, after.line(key), after.cells(key)) for key in added),
        removed=tuple(RowRef(key, before.line(key)) for key in removed),
        ambiguous=tuple(ambiguous),
        similar=pairs(similar),
    )


def _grouped(
    old: Mapping[Key, Content], new: Mapping[Key, Content]
) -> dict[Content, tuple[list[Key], list[Key]]]:
    """Return the keys of both tables by their content."""
    found: dict[Content, tuple[list[Key], list[Key]]] = {}
    for side, contents in enumerate((old, new)):
        for key, content in contents.items():
            found.setdefault(content, ([], []))[side].append(key)
    return found


def _letters(key: Key) -> tuple[str, ...]:
    return tuple(re.sub(r"[\W_]+", "", part.casefold()) for part in key)
