"""The ledger: every published figure that can be recomputed, held against its recomputation."""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from diffdata import derive, uncertainty
from diffdata.derive import replication_lag
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loader import load_all
from diffdata.packages import Package
from diffdata.uncertainty import Uniform, from_estimate
from diffdata.uncertainty.distributions import deviations
from diffdata.words import money, number

if TYPE_CHECKING:
    import numpy as np

DRAWS = 100_000
SEED = 2026

# Without a stated tolerance, figures that differ by less than this share agree.
TOLERANCE = 1e-3

# The verdicts, from the best to the worst.
VERDICTS = ("agrees", "agrees_within_rounding", "differs", "cannot_be_recomputed")

_TABLES = [
    "calculations", "calculation_inputs", "estimates", "quantities",
    "model_dates", "artifacts", "comparisons", "diffusion_events", "case_studies",
]  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure with its bounds; what it does not have is None."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


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
    """Recompute the figures of the ledger, one after the other.

    Parameters
    ----------
    package
        The dataset.
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

    frames = load_all(package, _TABLES)
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
        for row in frames["calculation_inputs"].itertuples(index=False):
            self.inputs.setdefault(str(row.calculation_id), {})[str(row.input)] = str(
                row.estimate_id
            )

    def recompute(self, row: Any, draws: int, rng: np.random.Generator) -> Reproduction:
        """Recompute one figure and judge it."""
        printed = self.estimates[row["estimate_id"]]
        published = Figure(*(_known(printed[name]) for name in ("value", "low", "high")))
        recomputed, verdict = Figure(), "cannot_be_recomputed"
        if isinstance(row["formula"], str):
            try:
                result = self._evaluate(row["calculation_id"], row["formula"])
            except InvalidInputError as error:
                raise InvalidInputError(f"calculation {row['calculation_id']}: {error}") from None
            level = _known(printed["level"]) or 0.9
            recomputed = summarize(result, row["compared"], level, draws, rng)
            verdict = judge(published, recomputed, row["compared"], _known(row["tolerance"]))
        return Reproduction(
            id=row["calculation_id"],
            figure=row["figure"],
            source_id=printed["source_id"],
            locator=printed["locator"],
            published=published,
            recomputed=recomputed,
            unit=printed["currency"] if printed["unit"] == "currency" else printed["unit"],
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

    def _lag_months(self, milestone: str) -> Uniform:
        """Return the lag behind GPT-3 until a milestone, by the judgements that came first."""
        names = ["model_dates", "artifacts", "comparisons", "diffusion_events"]
        lags = replication_lag(
            *(self.frames[name] for name in names), reference="gpt-3", judged="first"
        )
        row = lags[lags["milestone"] == milestone].iloc[0]
        return Uniform(float(row["lag_months_low"]), float(row["lag_months_high"]))

    def _count(self, table: str) -> float:
        """Count the rows of a table."""
        return float(len(self.frames[table]))


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(derive, name) for name in derive.SCALAR_FUNCTIONS},
    "three_numbers": uncertainty.three_numbers,
    "lognormal": uncertainty.Lognormal.from_interval,
    "normal": uncertainty.Normal.from_interval,
    "truncated": lambda distribution, low, high=math.inf: distribution.truncated(low, high),
    "deviations": deviations,
    "at_least": lambda quantity, bound: quantity.at_least(bound),
    "above": lambda quantity, bound: quantity.exceeds(bound),
    "pool": lambda first, second, weights: uncertainty.pool([(first,), (second,)], weights)[0],
    "log10": math.log10,
    "sqrt": lambda number: number**0.5,
}


def evaluate_formula(
    formula: str,
    rows: dict[str, dict[str, Any]],
    functions: dict[str, Callable[..., Any]] = FUNCTIONS,
) -> Any:
    """Evaluate a formula of the ledger: arithmetic, its inputs and known functions, no more.

    Parameters
    ----------
    formula
        For example ``training_cost * factor``. ``x`` is the quantity of the input x, ``x.value``,
        ``x.low``, ``x.high`` and ``x.level`` are the numbers of its row.
    rows
        The rows of ``estimates`` by the names of the inputs, each with the ``scale`` of its
        quantity.
    functions
        The functions by name.

    Raises
    ------
    InvalidInputError
        If the formula holds anything else, or an input that is missing.

    Examples
    --------
    >>> row = {"estimate_id": "a", "value": 3.0, "low": 2.0, "high": 5.0, "level": 0.9,
    ...        "scale": "log"}
    >>> round(evaluate_formula("10 * a", {"a": row}).median, 4)
    31.6228
    >>> evaluate_formula("a.low + 1", {"a": row})
    3.0
    """
    quantities: dict[str, Any] = {}

    def value_of(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() | str() as constant):
                return constant
            case ast.Name(id=name) if name in rows:
                # One quantity for each estimate: one that stands twice is one draw.
                key = rows[name]["estimate_id"]
                if key not in quantities:
                    quantities[key] = from_estimate(rows[name], rows[name]["scale"])
                return quantities[key]
            case ast.Attribute(value=ast.Name(id=name), attr=part) if name in rows:
                number = _known(rows[name].get(part)) if part in _PARTS else None
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
        raise InvalidInputError(f"formula: {ast.unparse(node)!r} is neither an input nor known")

    try:
        return value_of(ast.parse(formula, mode="eval").body)
    except SyntaxError as error:
        raise InvalidInputError(f"formula: {formula!r} cannot be read: {error.msg}") from None


_PARTS = ("value", "low", "high", "level")


def summarize(
    result: Any, statistic: str, level: float, draws: int, rng: np.random.Generator
) -> Figure:
    """Reduce a result to the figure that is compared; what has no closed form is sampled."""
    if isinstance(result, int | float):
        return Figure(float(result))
    told = result if isinstance(result, uncertainty.Distribution) else result.sample(draws, rng)
    if statistic == "within":
        return Figure(None, *told.interval(1 - 1e-12))
    low, high = told.interval(level)
    return Figure(told.mean if statistic == "mean" else told.median, low, high)


def judge(
    published: Figure, recomputed: Figure, statistic: str, tolerance: float | None = None
) -> str:
    """Hold two figures against each other.

    Parameters
    ----------
    published, recomputed
        The two figures.
    statistic
        ``interval`` compares both bounds, ``within`` asks whether the published value lies between
        the recomputed bounds, ``limit`` whether the recomputed value keeps to the published ones;
        anything else compares the values.
    tolerance
        The relative difference up to which they agree; one in a thousand by default.

    Returns
    -------
    verdict
        ``agrees`` up to the tolerance, ``agrees_within_rounding`` if the recomputed figure may be
        rounded to the published one, at its last digit that is not a zero, else ``differs``. Of two
        bounds the worse counts.

    Examples
    --------
    >>> judge(Figure(7), Figure(7.06), "value"), judge(Figure(25), Figure(21.9), "value")
    ('agrees_within_rounding', 'differs')
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
        raise InvalidInputError(
            "statistic: the published or the recomputed figure does not have it"
        )
    inside = (low is None or low <= value) and (high is None or value <= high)
    return "agrees" if inside else "differs"


def ledger_table(found: Sequence[Reproduction]) -> Group:
    """Lay the ledger out by source: figure, published, recomputed, verdict, why; and the counts."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, width in (("Figure", 27), ("Published", 13), ("Recomputed", 13), ("Verdict", 13)):
        table.add_column(heading, width=width)
    table.add_column("Why")
    for source, results in groupby(sorted(found, key=_source), key=_source):
        table.add_row()
        table.add_row(Text(source, style="bold"))
        for result in results:
            table.add_row(
                f"{result.figure} [{result.id}]",
                shown(result.published, result),
                shown(result.recomputed, result),
                result.verdict.replace("_", " "),
                result.reason,
            )
    return Group(table, Text(), Text(count_verdicts(found)))


def _source(result: Reproduction) -> str:
    return result.source_id


def count_verdicts(found: Sequence[Reproduction]) -> str:
    """Count the verdicts in a sentence."""
    counts = Counter(result.verdict for result in found)
    agrees, rounding, differs, cannot = (counts[verdict] for verdict in VERDICTS)
    return (
        f"Of {len(found)} published figures {agrees} agree with their recomputation, {rounding} "
        f"agree within rounding, {differs} differ, and {cannot} cannot be recomputed."
    )


def shown(figure: Figure, result: Reproduction) -> str:
    """Write what was compared of a figure: the value, or the bounds."""
    write = money if result.unit == "USD" else number
    if figure.value is None or (result.statistic == "interval" and figure.low is not None):
        return " to ".join(write(bound) for bound in (figure.low, figure.high) if bound is not None)
    return write(figure.value)


def _judge_number(published: float | None, recomputed: float | None, tolerance: float) -> str:
    if published is None or recomputed is None:
        raise InvalidInputError(
            "statistic: the published or the recomputed figure does not have it"
        )
    if abs(recomputed - published) <= tolerance * abs(published):
        return "agrees"
    unit = 10.0 ** int(Decimal(repr(published)).normalize().as_tuple().exponent)
    rounds = abs(recomputed - published) <= unit / 2 * (1 + 1e-9)  # a tie may go either way
    return "agrees_within_rounding" if rounds else "differs"


def _known(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
