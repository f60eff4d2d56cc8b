"""The ledger: every published figure that can be recomputed, compared with its recomputation."""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from diffdata import derive, uncertainty
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading import load_all
from diffdata.lookup.text import each, money, number, number_or_none, rows_where, unit_of
from diffdata.package.packages import Package
from diffdata.uncertainty.distributions import deviations

DRAWS, SEED = 100_000, 2026

# The relative difference up to which figures agree, unless the dataset states another.
TOLERANCE = 1e-3

# The verdicts, from the best to the worst.
VERDICTS = ("agrees", "agrees_within_rounding", "differs", "cannot_be_recomputed")

_NOT_COMPARABLE = "statistic: the published or the recomputed figure does not have it"
_LAG_TABLES = ("model_dates", "artifacts", "comparisons", "diffusion_events")
_TABLES = (
    "calculations", "calculation_inputs", "estimates", "quantities", *_LAG_TABLES, "case_studies",
)  # fmt: skip

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}

# What ``x.value`` and its like may read of the input x.
_PARTS = ("value", "low", "high", "level")

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(derive, name) for name in derive.SCALAR_FUNCTIONS},
    "three_numbers": uncertainty.three_numbers,
    "lognormal": uncertainty.Lognormal.from_interval,
    "normal": uncertainty.Normal.from_interval,
    "deviations": deviations,
    "at_least": lambda quantity, bound: quantity.at_least(bound),
    "above": lambda quantity, bound: quantity.exceeds(bound),
    "pool": lambda first, second, weights: uncertainty.pool([(first,), (second,)], weights)[0],
    "log10": math.log10,
    "sqrt": lambda number: number**0.5,
}


@dataclass(frozen=True)
class Figure:
    """A figure with its bounds; None stands for what it does not have."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


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
    verdict: str  # one of `VERDICTS`
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


def summarize(
    result: Any, statistic: str, level: float, draws: int, rng: np.random.Generator
) -> Figure:
    """Reduce a result to the figure that is compared; sample a result without a closed form."""
    if isinstance(result, int | float):
        return Figure(float(result))
    exact = isinstance(result, uncertainty.Distribution)
    distribution = result if exact else result.sample(draws, rng)
    if statistic == "within":
        return Figure(None, *distribution.interval(1 - 1e-12))
    low, high = distribution.interval(level)
    center = distribution.mean if statistic == "mean" else distribution.median
    return Figure(center, low, high)


def judge(
    published: Figure, recomputed: Figure, statistic: str, tolerance: float | None = None
) -> str:
    """Compare two figures and return the verdict.

    The statistic ``interval`` compares both bounds, and the worse verdict counts; ``within`` checks
    that the published value lies between the recomputed bounds, ``limit`` that the recomputed value
    lies between the published ones; any other compares the values. Figures agree up to the relative
    tolerance, and within rounding if the recomputed figure rounds to the published one at its last
    digit that is not a zero.
    """
    if statistic == "within":
        return _judge_between(published.value, recomputed.low, recomputed.high)
    if statistic == "limit":
        return _judge_between(recomputed.value, published.low, published.high)
    pairs = [(published.value, recomputed.value)]
    if statistic == "interval":
        pairs = [(published.low, recomputed.low), (published.high, recomputed.high)]
    verdicts = [_judge_number(a, b, tolerance or TOLERANCE) for a, b in pairs]
    return max(verdicts, key=VERDICTS.index)


def _judge_between(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or (low is None and high is None):
        raise InvalidInputError(_NOT_COMPARABLE)
    inside = (low is None or low <= value) and (high is None or value <= high)
    return "agrees" if inside else "differs"


def _judge_number(published: float | None, recomputed: float | None, tolerance: float) -> str:
    if published is None or recomputed is None:
        raise InvalidInputError(_NOT_COMPARABLE)
    difference = abs(recomputed - published)
    if difference <= tolerance * abs(published):
        return "agrees"
    unit = 10.0 ** int(Decimal(repr(published)).normalize().as_tuple().exponent)
    rounds = difference <= unit / 2 * (1 + 1e-9)  # a tie may round either way
    return "agrees_within_rounding" if rounds else "differs"


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


def evaluate_formula(
    formula: str,
    rows: dict[str, dict[Any, Any]],
    functions: dict[str, Callable[..., Any]] = FUNCTIONS,
) -> Any:
    """Evaluate a formula of the ledger (InvalidInputError if it is more than arithmetic).

    ``x`` is the quantity of the input x; ``x.value``, ``x.low``, ``x.high`` and ``x.level`` are the
    numbers of its row of ``estimates``, which `rows` has with the ``scale`` of the quantity.

    >>> evaluate_formula("a.low + 1", {"a": {"low": 2.0}})
    3.0
    """
    quantities: dict[str, Any] = {}

    def value_of(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() | str() as constant):
                return constant
            case ast.Name(id=name) if name in rows:
                # One quantity for each estimate, so that an estimate used twice is drawn once.
                key = rows[name]["estimate_id"]
                if key not in quantities:
                    quantities[key] = uncertainty.from_estimate(rows[name], rows[name]["scale"])
                return quantities[key]
            case ast.Attribute(value=ast.Name(id=name), attr=part) if name in rows:
                number = number_or_none(rows[name].get(part)) if part in _PARTS else None
                if number is None:
                    raise InvalidInputError(f"formula: the input {name!r} has no {part!r}")
                return number
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value_of(left), value_of(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value_of(operand)
            case ast.List(elts=items):
                return [value_of(item) for item in items]
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in functions:
                return functions[name](*map(value_of, args))
        raise InvalidInputError(f"formula: {ast.unparse(node)!r} is not an input or a function")

    try:
        return value_of(ast.parse(formula, mode="eval").body)
    except SyntaxError as error:
        raise InvalidInputError(f"formula: {formula!r} cannot be read: {error.msg}") from None


def _functions_of_tables(frames: dict[str, pd.DataFrame]) -> dict[str, Callable[..., Any]]:
    """Return the functions of formulas that read tables."""

    @cache
    def lags() -> pd.DataFrame:
        tables = (frames[name] for name in _LAG_TABLES)
        found = derive.replication_lag(*tables, reference="gpt-3", judged="first")
        return found.drop_duplicates("milestone").set_index("milestone")

    def lag_months(milestone: str) -> uncertainty.Uniform:
        """Return the lag behind GPT-3, in months, until a milestone as it was judged first."""
        if milestone not in lags().index:
            raise UnknownNameError("milestone", milestone, lags().index)
        row: Any = lags().loc[milestone]
        return uncertainty.Uniform(float(row["lag_months_low"]), float(row["lag_months_high"]))

    def count(table: str) -> float:
        if table not in frames:
            raise UnknownNameError("table", table, frames)
        return float(len(frames[table]))

    return {"lag_months": lag_months, "count": count}
