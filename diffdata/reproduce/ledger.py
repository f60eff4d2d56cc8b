"""The ledger: every published figure that can be recomputed, held against its recomputation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from diffdata.derive import replication_lag
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading.validated import load_all
from diffdata.lookup.rows import each, known, unit_of
from diffdata.package.packages import Package
from diffdata.reproduce.formula import FUNCTIONS, evaluate_formula
from diffdata.reproduce.verdict import Figure, judge, summarize
from diffdata.uncertainty import Uniform

if TYPE_CHECKING:
    import numpy as np

DRAWS = 100_000
SEED = 2026

_TABLES = [
    "calculations", "calculation_inputs", "estimates", "quantities",
    "model_dates", "artifacts", "comparisons", "diffusion_events", "case_studies",
]  # fmt: skip


@dataclass(frozen=True)
class Reproduction:
    """A published figure, what came of recomputing it, and the verdict.

    Attributes
    ----------
    id
        The calculation_id.
    figure
        What the figure says.
    source_id, locator
        Where it is printed.
    published, recomputed
        The figure as printed and as recomputed.
    unit
        Their unit, or the currency of money.
    statistic
        What of the result was compared.
    verdict
        ``agrees``, ``agrees_within_rounding``, ``differs`` or ``cannot_be_recomputed``.
    recorded
        The verdict that the dataset records.
    reason
        Why, as the dataset records it.
    """

    id: str
    figure: str
    source_id: str
    locator: str
    published: Figure
    recomputed: Figure
    unit: str
    statistic: str
    verdict: str
    recorded: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the reproduction as a mapping of plain values, as ``--format json`` prints it."""
        return asdict(self)


def reproduce(
    package: Package,
    *,
    only: Iterable[str] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Iterator[Reproduction]:
    """Recompute the figures of the ledger of a package, see `recompute`."""
    yield from recompute(load_all(package, _TABLES), only=only, draws=draws, seed=seed)


def recompute(
    frames: dict[str, pd.DataFrame],
    *,
    only: Iterable[str] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Iterator[Reproduction]:
    """Recompute the figures of the ledger, one after the other.

    Parameters
    ----------
    frames
        The tables of the dataset by name, as `load` returns them.
    only
        The calculation_ids to recompute; by default all.
    draws
        How many draws a result takes that has no closed form.
    seed
        The seed of the draws. Each calculation begins with it anew, so that the result of one does
        not depend on which others are run.

    Raises
    ------
    UnknownNameError
        If there is no calculation of that id.
    InvalidInputError
        If a formula cannot be evaluated; the calculation is named.
    """
    import numpy as np

    calculations = frames["calculations"].set_index("calculation_id", drop=False)
    wanted = list(calculations.index if only is None else only)
    for name in wanted:
        if name not in calculations.index:
            raise UnknownNameError("calculation", name, calculations.index)
    ledger = _Ledger(frames)
    for name in wanted:
        yield ledger.recompute(calculations.loc[name], draws, np.random.default_rng(seed))


class _Ledger:
    """The tables of the ledger, laid out for looking up by id."""

    def __init__(self, frames: dict[str, pd.DataFrame]) -> None:
        self.frames = frames
        estimates = frames["estimates"].merge(
            frames["quantities"][["quantity_id", "unit", "scale"]], on=["quantity_id", "unit"]
        )
        self.estimates: dict[str, dict[str, Any]] = {
            str(row["estimate_id"]): {str(name): value for name, value in row.items()}
            for row in estimates.to_dict("records")
        }
        self.inputs: dict[str, dict[str, str]] = {}
        for row in each(frames["calculation_inputs"]):
            self.inputs.setdefault(str(row.calculation_id), {})[str(row.input)] = str(
                row.estimate_id
            )

    def recompute(self, row: Any, draws: int, rng: np.random.Generator) -> Reproduction:
        """Recompute one figure and judge it."""
        printed = self.estimates[row["estimate_id"]]
        published = Figure(*(known(printed[name]) for name in ("value", "low", "high")))
        recomputed, verdict = Figure(), "cannot_be_recomputed"
        if isinstance(row["formula"], str):
            try:
                result = self._evaluate(row["calculation_id"], row["formula"])
            except InvalidInputError as error:
                raise InvalidInputError(f"calculation {row['calculation_id']}: {error}") from None
            level = known(printed["level"]) or 0.9
            recomputed = summarize(result, row["compared"], level, draws, rng)
            verdict = judge(published, recomputed, row["compared"], known(row["tolerance"]))
        return Reproduction(
            id=row["calculation_id"],
            figure=row["figure"],
            source_id=printed["source_id"],
            locator=printed["locator"],
            published=published,
            recomputed=recomputed,
            unit=unit_of(printed["unit"], printed["currency"]),
            statistic=row["compared"],
            verdict=verdict,
            recorded=row["verdict"],
            reason=row["why"],
        )

    def _evaluate(self, calculation: str, formula: str) -> Any:
        rows = {
            name: self.estimates[estimate]
            for name, estimate in self.inputs.get(calculation, {}).items()
        }
        functions = FUNCTIONS | {"lag_months": self._lag_months, "count": self._count}
        return evaluate_formula(formula, rows, functions)

    @cached_property
    def _lags(self) -> pd.DataFrame:
        """The lags behind GPT-3, by the judgements that came first."""
        names = ["model_dates", "artifacts", "comparisons", "diffusion_events"]
        return replication_lag(
            *(self.frames[name] for name in names), reference="gpt-3", judged="first"
        )

    def _lag_months(self, milestone: str) -> Uniform:
        """Return the lag behind GPT-3 until a milestone."""
        row = self._lags[self._lags["milestone"] == milestone].iloc[0]
        return Uniform(float(row["lag_months_low"]), float(row["lag_months_high"]))

    def _count(self, table: str) -> float:
        """Count the rows of a table."""
        return float(len(self.frames[table]))
