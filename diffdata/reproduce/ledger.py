"""The ledger: every published figure that can be recomputed, compared with its recomputation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from diffdata.derive import replication_lag
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading import load_all
from diffdata.lookup.text import each, money, number, number_or_none, rows_where, unit_of
from diffdata.package.packages import Package
from diffdata.reproduce.formula import FUNCTIONS, evaluate_formula
from diffdata.reproduce.verdict import VERDICTS, Figure, judge, summarize
from diffdata.uncertainty import Uniform

DRAWS = 100_000
SEED = 2026

_LAG_TABLES = ("model_dates", "artifacts", "comparisons", "diffusion_events")
_TABLES = (
    "calculations", "calculation_inputs", "estimates", "quantities", *_LAG_TABLES, "case_studies",
)  # fmt: skip


@dataclass(frozen=True)
class Reproduction:
    """A published figure, its recomputation, and the verdict."""

    id: str  # the calculation_id
    figure: str  # what the figure says
    source_id: str
    locator: str
    published: Figure
    recomputed: Figure
    unit: str  # for money, its currency
    statistic: str  # which part of the result is compared
    verdict: str  # one of `diffdata.reproduce.verdict.VERDICTS`
    recorded: str  # the verdict that the dataset records
    reason: str  # the reason for it, as the dataset records it


def reproduce(
    dataset: Package | dict[str, pd.DataFrame],
    *,
    only: Iterable[str] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Iterator[Reproduction]:
    """Recompute the published figures of a package, or of its tables by name, one after the other.

    `only` names the calculation_ids to recompute. A result without a closed form is drawn; every
    calculation starts from the seed, so that its result does not depend on which others run.

    Examples
    --------
    >>> from diffdata.package.packages import open_dataset
    >>> (ratio,) = reproduce(open_dataset(version="2026.2"), only=["opt-175b-cost-ratio"])
    >>> ratio.published.value, round(ratio.recomputed.value, 2), ratio.verdict
    (7.0, 7.06, 'agrees_within_rounding')
    """
    frames = dataset if isinstance(dataset, dict) else load_all(dataset, _TABLES)
    calculations = frames["calculations"].set_index("calculation_id", drop=False)
    wanted = list(calculations.index if only is None else only)
    for name in wanted:
        if name not in calculations.index:
            raise UnknownNameError("calculation", name, calculations.index)
    units = frames["quantities"][["quantity_id", "unit", "scale"]]
    merged = frames["estimates"].merge(units, on=["quantity_id", "unit"])
    estimates = {row["estimate_id"]: row for row in merged.to_dict("records")}
    functions = FUNCTIONS | _functions_of_tables(frames)
    for name in wanted:
        calculation: Any = calculations.loc[name]
        printed, statistic = estimates[calculation["estimate_id"]], calculation["compared"]
        published = Figure(*(number_or_none(printed[part]) for part in ("value", "low", "high")))
        recomputed, verdict = Figure(), "cannot_be_recomputed"
        if isinstance(calculation["formula"], str):
            rows = each(rows_where(frames["calculation_inputs"], calculation_id=name))
            inputs = {row.input: estimates[row.estimate_id] for row in rows}
            try:
                result = evaluate_formula(calculation["formula"], inputs, functions)
            except (InvalidInputError, UnknownNameError) as error:
                raise InvalidInputError(f"calculation {name}: {error}") from None
            level, rng = number_or_none(printed["level"]) or 0.9, np.random.default_rng(seed)
            recomputed = summarize(result, statistic, level, draws, rng)
            tolerance = number_or_none(calculation["tolerance"])
            verdict = judge(published, recomputed, statistic, tolerance)
        yield Reproduction(
            id=name,
            figure=calculation["figure"],
            source_id=printed["source_id"],
            locator=printed["locator"],
            published=published,
            recomputed=recomputed,
            unit=unit_of(printed["unit"], printed["currency"]),
            statistic=statistic,
            verdict=verdict,
            recorded=calculation["verdict"],
            reason=calculation["why"],
        )


def by_source(found: Sequence[Reproduction]) -> Iterator[tuple[str, Iterator[Reproduction]]]:
    """Group reproductions by the source that printed the figure, sorted by its id."""
    source = attrgetter("source_id")
    return groupby(sorted(found, key=source), key=source)


def count_verdicts(found: Sequence[Reproduction]) -> str:
    """Return a sentence with the number of reproductions of each verdict."""
    counts = Counter(result.verdict for result in found)
    agrees, rounding, differs, cannot = (counts[verdict] for verdict in VERDICTS)
    return (
        f"Of {len(found)} published figures {agrees} agree with their recomputation, {rounding} "
        f"agree within rounding, {differs} differ, and {cannot} cannot be recomputed."
    )


def shown(figure: Figure, result: Reproduction) -> str:
    """Write the part of a figure that was compared: the value, or the bounds."""
    write = money if result.unit == "USD" else number
    if figure.value is None or (result.statistic == "interval" and figure.low is not None):
        return " to ".join(write(bound) for bound in (figure.low, figure.high) if bound is not None)
    return write(figure.value)


def _functions_of_tables(frames: dict[str, pd.DataFrame]) -> dict[str, Callable[..., Any]]:
    """Return the functions of formulas that read tables."""

    @cache
    def lags() -> pd.DataFrame:
        tables = (frames[name] for name in _LAG_TABLES)
        found = replication_lag(*tables, reference="gpt-3", judged="first")
        return found.drop_duplicates("milestone").set_index("milestone")

    def lag_months(milestone: str) -> Uniform:
        """Return the lag behind GPT-3, in months, until a milestone as it was judged first."""
        if milestone not in lags().index:
            raise UnknownNameError("milestone", milestone, lags().index)
        row: Any = lags().loc[milestone]
        return Uniform(float(row["lag_months_low"]), float(row["lag_months_high"]))

    def count(table: str) -> float:
        if table not in frames:
            raise UnknownNameError("table", table, frames)
        return float(len(frames[table]))

    return {"lag_months": lag_months, "count": count}
