"""How the values of a column moved, all rows together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diffdata.diff.cells import CellChange, Consequence

# The bounds of the bins that changes of numbers are counted in, as new over old.
BINS = (0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0)
BIN_NAMES = (
    "to a tenth or less", "to 0.1-0.5", "to 0.5-0.9", "down by less than 10 %",
    "up by less than 10 %", "to 1.1-2 times", "to 2-10 times", "tenfold or more",
)  # fmt: skip

# So many numbers must have moved by one and the same factor to say that the unit may have changed.
SAME_FACTOR = 5


@dataclass(frozen=True)
class ColumnChange:
    """What changed in a column.

    Attributes
    ----------
    column, old_column
        Its name in the new and in the old table.
    compared
        In how many rows both sides were compared.
    changed
        How many cells changed, those apart that are only written in another way (`reformatted`).
    filled, emptied
        How many of these were empty before, are empty now.
    numbers, tenfold
        How many are numbers on both sides, and how many of these moved tenfold or more, to or from
        zero, or changed their sign.
    median_ratio, largest_ratio
        The median of new over old, and the ratio that is farthest from 1, upwards or downwards.
    bins
        How many numbers moved by how much, one count for each of `BIN_NAMES`; without those with
        a zero or another sign.
    dates, median_days, largest_days
        How many dates moved, and by how many days.
    same_factor
        The one factor by which all moved numbers moved, if there are five at least: perhaps the
        unit changed.
    """

    column: str
    old_column: str
    compared: int
    changed: int
    reformatted: int
    filled: int
    emptied: int
    numbers: int
    tenfold: int
    median_ratio: float | None
    largest_ratio: float | None
    bins: tuple[int, ...]
    dates: int
    median_days: float | None
    largest_days: float | None
    same_factor: float | None


def column_changes(
    changes: Iterable[CellChange], columns: Sequence[str], compared: int
) -> tuple[ColumnChange, ...]:
    """Sum up the changed cells of each column that has any.

    Parameters
    ----------
    changes
        The changed cells, those included that are only written in another way.
    columns
        The columns of the new table, in whose order the result comes.
    compared
        The number of rows that both sides have.

    Examples
    --------
    >>> from diffdata.diff.cells import difference
    >>> moved = [("a", "1", "10"), ("b", "2", "1"), ("c", "", "5")]
    >>> cells = [CellChange((key,), "x", "x", old, new, 2, 2, difference(old, new))
    ...          for key, old, new in moved]
    >>> (column,) = column_changes(cells, ["k", "x"], 3)
    >>> column.changed, column.filled, column.tenfold, column.median_ratio, column.largest_ratio
    (3, 1, 1, 5.25, 10.0)
    """
    by_column: dict[str, list[CellChange]] = {column: [] for column in columns}
    for change in changes:
        by_column[change.column].append(change)
    return tuple(_sum_up(cells, compared) for cells in by_column.values() if cells)


def _sum_up(cells: Sequence[CellChange], compared: int) -> ColumnChange:
    found = [cell.difference for cell in cells]
    numbers = [difference for difference in found if difference.kind == "number"]
    ratios = [d.ratio for d in numbers if d.ratio is not None and d.ratio > 0]
    days = [d.days for d in found if d.days is not None]
    reformatted = sum(d.kind == "form" for d in found)
    return ColumnChange(
        column=cells[0].column,
        old_column=cells[0].old_column,
        compared=compared,
        changed=len(found) - reformatted,
        reformatted=reformatted,
        filled=sum(cell.difference.kind != "form" and not cell.old.strip() for cell in cells),
        emptied=sum(cell.difference.kind != "form" and not cell.new.strip() for cell in cells),
        numbers=len(numbers),
        tenfold=sum(d.consequence is Consequence.TENFOLD for d in numbers),
        median_ratio=statistics.median(ratios) if ratios else None,
        largest_ratio=max(ratios, key=lambda ratio: abs(math.log(ratio))) if ratios else None,
        bins=_bins(ratios),
        dates=len(days),
        median_days=statistics.median(days) if days else None,
        largest_days=max(days, key=abs) if days else None,
        same_factor=_same_factor(ratios) if len(ratios) == len(numbers) else None,
    )


def _bins(ratios: Sequence[float]) -> tuple[int, ...]:
    counts = [0] * len(BIN_NAMES)
    for ratio in ratios:
        # A bound belongs to the bin that is farther from 1.
        above = sum(ratio >= bound if bound > 1 else ratio > bound for bound in BINS)
        counts[above] += 1
    return tuple(counts)


def _same_factor(ratios: Sequence[float]) -> float | None:
    if len(ratios) < SAME_FACTOR:
        return None
    middle = statistics.median(ratios)
    alike = all(math.isclose(ratio, middle, rel_tol=1e-6) for ratio in ratios)
    return middle if alike else None
