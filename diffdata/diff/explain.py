"""What moves because of a change: derived figures, and what the ledger says of published ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffdata.derive import SUMMARY_TABLES, evaluation_inputs, model_summary
from diffdata.diff.packages import compare_packages
from diffdata.diff.schema_changes import column_types
from diffdata.diff.table import Table, make_table
from diffdata.diff.tables import TableDiff, compare_tables
from diffdata.diff.values import ColumnType
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading.validated import load_all
from diffdata.lookup.rows import each
from diffdata.package.packages import Package
from diffdata.reproduce import Reproduction, reproduce
from diffdata.reproduce.ledger import DRAWS, SEED
from diffdata.validation.cells import cell_text

_LEDGER_TYPES: dict[str, ColumnType] = {
    "published": "number", "published_low": "number", "published_high": "number",
    "recomputed": "number", "recomputed_low": "number", "recomputed_high": "number",
    "figure": "text", "unit": "unit", "verdict": "code",
}  # fmt: skip


@dataclass(frozen=True)
class Explanation:
    """What moves between two datasets beyond their own rows.

    Attributes
    ----------
    figures
        The comparison of the derived table ``model_summary``, made anew from each dataset.
    ledger
        The comparison of the ledgers, recomputed from each dataset: one row a calculation, with
        the published and the recomputed figure and the verdict.
    figures_because, ledger_because
        The estimates that changed, were added or removed, and that a moved row rests on, by
        model_id and by calculation_id. A row that moves for another reason (a date, a judgement)
        has none.
    """

    figures: TableDiff
    ledger: TableDiff
    figures_because: Mapping[str, tuple[str, ...]]
    ledger_because: Mapping[str, tuple[str, ...]]

    @property
    def same(self) -> bool:
        """Whether nothing moves."""
        return self.figures.same and self.ledger.same

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain values."""
        return {
            "model_summary": self.figures.to_dict() | {"because": _lists(self.figures_because)},
            "ledger": self.ledger.to_dict() | {"because": _lists(self.ledger_because)},
        }


def explain(old: Package, new: Package, *, draws: int = DRAWS, seed: int = SEED) -> Explanation:
    """Recompute the derived figures and the ledger of two datasets, and compare them.

    Both are recomputed with the same seed, so that what moves does so because of the data.

    Parameters
    ----------
    old, new
        The datasets.
    draws, seed
        Draws for what has no closed form, and their seed.

    Raises
    ------
    InvalidInputError
        If one of them has no estimates, models or calculations.
    InvalidDataError
        If one of them is not valid.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> explain(open_package(), open_package(), draws=1000).same
    True
    """
    try:
        frames = [load_all(package, list(SUMMARY_TABLES)) for package in (old, new)]
        found = [list(reproduce(package, draws=draws, seed=seed)) for package in (old, new)]
        inputs = [_calculation_inputs(package) for package in (old, new)]
        estimates = compare_packages(old, new, only=["estimates"]).tables[0]
    except UnknownNameError as error:
        raise InvalidInputError(f"explain: {error}") from None
    summaries = [model_summary(*(held[name] for name in SUMMARY_TABLES)) for held in frames]
    types = column_types(new.schema("model_summary")) if "model_summary" in new.tables else {}
    before, after = (_table(frame, "model_summary") for frame in summaries)
    figures = compare_tables(before, after, "model_id", types=types, name="model_summary")
    before, after = (_ledger(results) for results in found)
    ledger = compare_tables(before, after, "calculation_id", types=_LEDGER_TYPES, name="ledger")
    weighed = [_summary_inputs(held["estimates"]) for held in frames]
    moved = _moved(estimates)
    return Explanation(
        figures, ledger, _because(figures, weighed, moved), _because(ledger, inputs, moved)
    )


def _table(frame: pd.DataFrame, name: str) -> Table:
    """Write a frame as text; numbers to twelve digits, for what a logarithm leaves differs."""
    rows = [
        [cell_text(float(f"{c:.12g}") if isinstance(c, float) else c) for c in row]
        for row in frame.itertuples(index=False)
    ]
    return make_table(name, [str(column) for column in frame.columns], rows)


def _ledger(results: Sequence[Reproduction]) -> Table:
    rows = [
        {
            "calculation_id": result.id,
            "figure": result.figure,
            "verdict": result.verdict.replace("_", " "),
            "published": result.published.value,
            "published_low": result.published.low,
            "published_high": result.published.high,
            "recomputed": result.recomputed.value,
            "recomputed_low": result.recomputed.low,
            "recomputed_high": result.recomputed.high,
            "unit": result.unit,
        }
        for result in results
    ]
    columns = ["calculation_id", *_LEDGER_TYPES]
    return _table(pd.DataFrame(rows, columns=columns).astype(object), "ledger")


def _moved(estimates: TableDiff) -> set[str]:
    """Return the ids of the estimates that changed, came or went."""
    rows = estimates.rows
    alone = [row.key for row in (*rows.added, *rows.removed)]
    both = [
        key for row in (*estimates.changed, *rows.renamed) for key in (row.old_key, row.new_key)
    ]
    return {key[0] for key in (*alone, *both)}


def _calculation_inputs(package: Package) -> dict[str, set[str]]:
    """Return the estimates that each calculation rests on, the published figure among them."""
    frames = load_all(package, ["calculations", "calculation_inputs"])
    found: dict[str, set[str]] = {}
    for frame in frames.values():
        for row in each(frame):
            found.setdefault(str(row.calculation_id), set()).add(str(row.estimate_id))
    return found


def _summary_inputs(estimates: pd.DataFrame) -> dict[str, set[str]]:
    """Return the estimates that were weighed for each model, those set aside among them."""
    found: dict[str, set[str]] = {}
    for row in each(evaluation_inputs(estimates)):
        found.setdefault(str(row.model_id), set()).add(str(row.estimate_id))
    return found


def _because(
    diff: TableDiff, uses: Iterable[Mapping[str, set[str]]], moved: set[str]
) -> dict[str, tuple[str, ...]]:
    """Return the moved estimates behind each row that moved."""
    rows = [row.new_key[0] for row in diff.changed]
    rows += [row.key[0] for row in (*diff.rows.added, *diff.rows.removed)]
    found: dict[str, set[str]] = {row: set() for row in rows}
    for use in uses:
        for row in found:
            found[row] |= use.get(row, set()) & moved
    return {row: tuple(sorted(names)) for row, names in sorted(found.items()) if names}


def _lists(because: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: list(estimates) for name, estimates in because.items()}
