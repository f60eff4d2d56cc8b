"""Two tables of text, compared by key and cell by cell.

Columns are matched by name or by content, rows by key or by content.
"""

from __future__ import annotations

import math
import re
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby, product
from operator import attrgetter

import numpy as np

from diffdata.diff.cells import (
    CellChange,
    ColumnType,
    Consequence,
    canonical,
    difference,
    guess_type,
)
from diffdata.diff.tables import Keyed, KeyText, Table, by_key, key_columns, unknown_column
from diffdata.errors import InvalidInputError

Content = tuple[str | Decimal, ...]

# Cohen's kappa of the cells of the matched rows from which two columns are the same one, and from
# which they are reported as similar; and the lead that a pair needs over others of its columns.
_SAME_COLUMN = 0.7
_SIMILAR_COLUMN = 0.4
_LEAD = 0.1
# The number of cells that must be filled and agree.
_AGREEING_CELLS = 3
# The bounds of the bins in which changed numbers are counted, as new over old.
_BINS_BELOW, _BINS_ABOVE = (0.1, 0.5, 0.9, 1.0), (1.1, 2.0, 10.0)
BIN_NAMES = (
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

    key: KeyText
    line: int
    cells: Mapping[str, str] | None = None  # of added rows: the filled ones apart from the key


@dataclass(frozen=True)
class RowPair:
    """A row of both tables: its keys and the lines where it begins."""

    old_key: KeyText
    new_key: KeyText
    old_line: int
    new_line: int
    columns: tuple[str, ...] = ()  # those that changed


@dataclass(frozen=True)
class AlikeRows:
    """Removed and added rows with the same content, so that it is not clear which became which."""

    old_keys: tuple[KeyText, ...]
    new_keys: tuple[KeyText, ...]


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
class RepeatedKey:
    """A key that occurs more than once in a table, with its lines there."""

    key: KeyText
    lines: tuple[int, ...]
    others: int  # how often it occurs in the other table


@dataclass(frozen=True)
class Side:
    """One of the two tables."""

    name: str
    rows: int
    duplicates: tuple[RepeatedKey, ...]
    blanks: tuple[int, ...]  # the lines of the rows without a key
    not_compared: tuple[RowRef, ...]  # their key occurs more than once in the other table


@dataclass(frozen=True)
class ColumnChange:
    """A summary of the changes in a column; ratios are new over old."""

    column: str
    old_column: str
    compared: int  # rows
    changed: int
    reformatted: int  # only written differently
    filled: int
    emptied: int
    numbers: int
    tenfold: int  # changed tenfold or more, to or from zero, or changed the sign
    median_ratio: float | None
    largest_ratio: float | None  # the farthest from 1, upwards or downwards
    bins: tuple[int, ...]  # numbers by ratio, see BIN_NAMES; without zeros and other signs
    dates: int
    median_days: float | None
    largest_days: float | None
    same_factor: float | None  # by which all numbers changed: perhaps the unit changed


@dataclass(frozen=True)
class TableDiff:
    """How two tables differ.

    In each table, the number of rows is the sum of the matched, the renamed, the removed (old) or
    added (new), those not compared, and those with a duplicate or a blank key.
    """

    name: str  # of the table, empty for files
    key: tuple[ColumnPair, ...]
    old: Side
    new: Side
    columns: ColumnMatch
    rows: RowMatch
    matched: int  # rows whose key occurs once in each table
    changed: tuple[RowPair, ...]  # the matched rows in which a cell changed
    cells: tuple[CellChange, ...]  # in the order of the new rows and columns
    reformatted: tuple[CellChange, ...]  # the same value written differently
    distributions: tuple[ColumnChange, ...]
    set_aside_same: bool = True  # whether rows without a unique key are the same, taken together
    remarks: tuple[str, ...] = ()

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
    types: Mapping[str, ColumnType] | None = None,
    name: str = "",
    atol: float = 0,
    rtol: float = 0,
) -> TableDiff:
    r"""Compare two tables.

    Rows are matched by the text of the key without surrounding blanks, where it occurs once in each
    table; other rows are never matched, but reported. Numbers are compared by value.

    Parameters
    ----------
    old, new
        The tables, see `read_table`.
    key, rename
        The columns that identify a row, and renamed columns, new name by old name. ``OLD=NEW`` is a
        key that the tables name differently. Other new names are found by the content.
    types
        The content of columns of the new table; others are judged by their names and cell by cell.
    name
        The name of the table in the result.
    atol, rtol
        Numbers that differ by at most ``atol + rtol * abs(old)`` count as written differently.

    Raises
    ------
    UnknownNameError, InvalidInputError
        If a column does not exist, the key is not clear, or a tolerance is negative.

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
    for option, value in (("atol", atol), ("rtol", rtol)):
        if not 0 <= value < math.inf:
            raise InvalidInputError(f"{option}: expected a number from 0, found {value}")
    renames = dict(rename or {})
    keys = key_columns(old, new, [key] if isinstance(key, str) else key, renames)
    renames |= {first: last for first, last in keys if first != last}
    kinds: dict[str, ColumnType] = {column: guess_type(column) for column in new.columns}
    kinds |= types or {}
    before, after = by_key(old, [a for a, _ in keys]), by_key(new, [b for _, b in keys])
    columns = match_columns(before, after, renames, kinds)
    changes = _cell_changes(before, after, columns.pairs, kinds, atol, rtol)
    cells = [change for change in changes if change.difference.kind != "form"]
    others = [pair for pair in columns.pairs if (pair.old, pair.new) not in keys]
    old_contents, new_contents = (
        [tuple(map(canonical, row, [kinds[pair.new] for pair in others])) for row in rows]
        for rows in (old.select(p.old for p in others), new.select(p.new for p in others))
    )
    matched = sum(key in before.once for key in after.once)
    by_column = groupby(
        sorted(changes, key=lambda change: new.columns.index(change.column)),
        key=attrgetter("column"),
    )
    by_row = groupby(cells, key=attrgetter("key", "old_line", "new_line"))
    return TableDiff(
        name=name,
        key=tuple(ColumnPair(*pair) for pair in keys),
        old=_side(before, after),
        new=_side(after, before),
        columns=columns,
        rows=match_rows(before, after, old_contents, new_contents),
        matched=matched,
        changed=tuple(
            RowPair(key, key, first, last, tuple(cell.column for cell in row))
            for (key, first, last), row in by_row
        ),
        cells=tuple(cells),
        reformatted=tuple(change for change in changes if change.difference.kind == "form"),
        distributions=tuple(_summary(list(column), matched) for _, column in by_column),
        set_aside_same=_set_aside(before, old_contents) == _set_aside(after, new_contents),
        remarks=(*old.remarks, *new.remarks),
    )


def _summary(cells: Sequence[CellChange], compared: int) -> ColumnChange:
    changed = [cell for cell in cells if cell.difference.kind != "form"]
    numbers = [cell.difference for cell in changed if cell.difference.kind == "number"]
    ratios = [d.ratio for d in numbers if d.ratio is not None and d.ratio > 0]
    days = [cell.difference.days for cell in changed if cell.difference.days is not None]
    bins = Counter(
        # A bound belongs to the bin that is farther from 1.
        bisect_left(_BINS_BELOW, r) if r <= 1 else len(_BINS_BELOW) + bisect_right(_BINS_ABOVE, r)
        for r in ratios
    )
    middle = statistics.median(ratios) if ratios else None
    same_factor = (
        middle is not None
        and len(ratios) == len(numbers) >= _SAME_FACTOR
        and not math.isclose(middle, 1, rel_tol=1e-6)
        and all(math.isclose(ratio, middle, rel_tol=1e-6) for ratio in ratios)
    )
    return ColumnChange(
        column=cells[0].column,
        old_column=cells[0].old_column,
        compared=compared,
        changed=len(changed),
        reformatted=len(cells) - len(changed),
        filled=sum(not cell.old.strip() for cell in changed),
        emptied=sum(not cell.new.strip() for cell in changed),
        numbers=len(numbers),
        tenfold=sum(d.consequence is Consequence.TENFOLD for d in numbers),
        median_ratio=middle,
        largest_ratio=max(ratios, key=lambda ratio: abs(math.log(ratio))) if ratios else None,
        bins=tuple(bins[number] for number in range(len(BIN_NAMES))),
        dates=len(days),
        median_days=statistics.median(days) if days else None,
        largest_days=max(days, key=abs) if days else None,
        same_factor=middle if same_factor else None,
    )


def _side(own: Keyed, other: Keyed) -> Side:
    lines = own.table.lines
    return Side(
        name=own.table.name,
        rows=len(own.table.rows),
        duplicates=tuple(
            RepeatedKey(key, tuple(lines[row] for row in rows), other.count(key))
            for key, rows in own.duplicates.items()
        ),
        blanks=tuple(lines[row] for row in own.blanks),
        not_compared=tuple(RowRef(k, own.line(k)) for k in own.once if k in other.duplicates),
    )


def _set_aside(side: Keyed, contents: Sequence[Content]) -> Counter[tuple[KeyText, Content]]:
    """Count the rows that cannot be matched because of their key, by key and content."""
    keys = {**side.duplicates, (): side.blanks}
    return Counter((key, contents[row]) for key, rows in keys.items() for row in rows)


def _cell_changes(
    before: Keyed,
    after: Keyed,
    pairs: Sequence[ColumnPair],
    kinds: Mapping[str, ColumnType],
    atol: float,
    rtol: float,
) -> list[CellChange]:
    """Compare all cells of the matched rows."""
    old_rows = before.table.select(pair.old for pair in pairs)
    new_rows = after.table.select(pair.new for pair in pairs)
    changes: list[CellChange] = []
    for key in (key for key in after.once if key in before.once):
        lines = before.line(key), after.line(key)
        in_row = [
            CellChange(key, pair.new, pair.old, old, new, *lines, found)
            for pair, old, new in zip(
                pairs, old_rows[before.once[key]], new_rows[after.once[key]], strict=True
            )
            if old != new and (found := difference(old, new, kinds[pair.new], atol, rtol))
        ]
        unit_changed = any(change.difference.kind == "unit" for change in in_row)
        for change in in_row:
            found = change.difference
            if unit_changed and found.kind == "number":
                remark = ", ".join(filter(None, (found.remark, "the unit changed too")))
                changes.append(replace(change, difference=replace(found, remark=remark)))
            else:
                changes.append(change)
    return changes


def match_columns(
    before: Keyed, after: Keyed, rename: Mapping[str, str], types: Mapping[str, ColumnType]
) -> ColumnMatch:
    """Match the columns of two tables; `rename` gives new names by old ones.

    Columns of the same name are the same; others are matched by the kappa of their cells, which
    corrects for agreement by chance: two mostly empty columns of flags are not confused.
    """
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
    rest_old = [name for name in old.columns if name not in names]
    rest_new = [name for name in new.columns if name not in names.values()]
    candidates = product(rest_old, rest_new)
    kappas = np.array([_kappa(before, after, *pair, types[pair[1]]) for pair in candidates])
    kappas = kappas.reshape(len(rest_old), len(rest_new))
    found, similar = [], []
    for (down, across), kappa in np.ndenumerate(kappas):
        others = np.append(np.delete(kappas[down], across), np.delete(kappas[:, across], down))
        pair = ColumnPair(rest_old[down], rest_new[across], round(float(kappa), 4))
        if kappa >= _SAME_COLUMN and (others <= kappa - _LEAD).all():
            found.append(pair)
        elif kappa >= _SIMILAR_COLUMN:
            similar.append(pair)
    pairs = [*(ColumnPair(*pair) for pair in names.items()), *found]
    pairs.sort(key=lambda pair: new.columns.index(pair.new))
    paired_old, paired_new = {pair.old for pair in pairs}, {pair.new for pair in pairs}
    return ColumnMatch(
        pairs=tuple(pairs),
        added=tuple(name for name in new.columns if name not in paired_new),
        removed=tuple(name for name in old.columns if name not in paired_old),
        moved=_moved([(old.columns.index(pair.old), pair.new) for pair in pairs]),
        similar=tuple(similar),
    )


def match_rows(
    before: Keyed, after: Keyed, old_contents: Sequence[Content], new_contents: Sequence[Content]
) -> RowMatch:
    """Match the rows whose key occurs once in one table and not at all in the other.

    A row is renamed if no other row with a unique key has its content in either table. The contents
    are the canonical cells of all rows apart from the key.
    """
    removed = dict.fromkeys(key for key in before.once if not after.count(key))
    added = dict.fromkeys(key for key in after.once if not before.count(key))
    with_content: dict[Content, tuple[list[KeyText], list[KeyText]]] = {}
    for side, keyed, contents in ((0, before, old_contents), (1, after, new_contents)):
        for key, row in keyed.once.items():
            with_content.setdefault(contents[row], ([], []))[side].append(key)
    renamed: list[tuple[KeyText, KeyText]] = []
    ambiguous = []
    for content, (old_keys, new_keys) in with_content.items():
        lost = tuple(key for key in old_keys if key in removed)
        fresh = tuple(key for key in new_keys if key in added)
        if lost and fresh and any(cell != "" for cell in content):
            if len(old_keys) == len(new_keys) == 1:
                renamed.append((lost[0], fresh[0]))
            else:
                ambiguous.append(AlikeRows(lost, fresh))
    for first, last in renamed:
        del removed[first], added[last]
    pairs = (
        tuple(RowPair(a, b, before.line(a), after.line(b)) for a, b in keys)
        for keys in (renamed, _spelled_alike(removed, added))
    )
    return RowMatch(
        next(pairs),
        added=tuple(RowRef(key, after.line(key), after.cells(key)) for key in added),
        removed=tuple(RowRef(key, before.line(key)) for key in removed),
        ambiguous=tuple(ambiguous),
        similar=next(pairs),
    )


def _kappa(before: Keyed, after: Keyed, old: str, new: str, kind: ColumnType) -> float:
    """Return Cohen's kappa of two columns in the matched rows, 0 if too few filled cells agree."""
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


def _spelled_alike(
    removed: Iterable[KeyText], added: Iterable[KeyText]
) -> list[tuple[KeyText, KeyText]]:
    """Pair the keys with the same letters and digits, where each table has just one of them."""
    spellings: dict[KeyText, tuple[list[KeyText], list[KeyText]]] = {}
    for side, keys in enumerate((removed, added)):
        for key in keys:
            spelling = tuple(re.sub(r"[\W_]+", "", part.casefold()) for part in key)
            spellings.setdefault(spelling, ([], []))[side].append(key)
    return [
        (olds[0], news[0])
        for spelling, (olds, news) in spellings.items()
        if len(olds) == len(news) == 1 and any(spelling)
    ]
