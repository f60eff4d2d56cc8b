"""The ledger: every published figure that can be recomputed, compared with its recomputation.

One rule gives each verdict. A figure *agrees* if its recomputation, rounded to the last digit that
is printed, is the print. It *agrees within rounding* if some figures that round to the printed
inputs give one that rounds to the print. It *differs* otherwise, with the factor between the two.

- Zeros that are printed are digits: "1000" is printed to the unit, "1 thousand" to the thousand. A
  figure halfway between two may round either way.
- Each input moves by half of its last digit at most. The effect of each is computed by itself, and
  the effects in one direction are added up. What an author chose (a bound of a judgement, a count,
  a convention) is exact: `calculation_inputs` marks it.
- Of an interval both bounds count, of a limit or a range only whether the figure keeps it. A limit
  is not rounded: 6.24 is "6", and more than "up to 6". Where the source says which statistic its
  central values are (table `source_statistics`), that one is compared; otherwise the median and the
  mean. The worst part is the verdict, and the parts are listed where their verdicts are not the
  same.
- An identity, which holds whatever its inputs are worth, such as 1 - 0.4 or 6 x 6, is not counted.
- Some figures are recomputed from whole tables of the dataset: a formula names the rows, such as
  `rows("model_summary", "training_compute_flop>=1e25", "published<=2025-01-30")`. What follows a
  table are conditions that all hold, as in `diffdata show model_summary --where ...`; the formula
  is in the table `calculations`. The rows of a table are taken as they are, without rounding.

Examples
--------
>>> import diffdata
>>> print(diffdata.reproduce(only=["opt-175b-cost-ratio"], version="2026.2"))
cottier-2022-summary
  Training OPT-175B roughly seven times cheaper [opt-175b-cost-ratio]
    published 7, recomputed 7.06: agrees
<BLANKLINE>
Of 1 published figures 1 agree with their recomputation, 0 agree within
rounding, 0 differ, and 0 cannot be recomputed.
"""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from diffdata import derive, uncertainty
from diffdata.derive.dates import DAYS_PER_MONTH
from diffdata.derive.trends import leading, middle_of
from diffdata.display import Shown, as_text, callable_module, counted, notebook, plain_table
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.tables import Tables
from diffdata.lookup.text import (
    each,
    money,
    number,
    number_or_none,
    plain,
    rows_that_meet,
    rows_where,
    unit_of,
)
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.uncertainty.distributions import deviations
from diffdata.validation.rowwise import printed_place

DRAWS, SEED = 100_000, 2026

# Of the results that show the effect of rounded inputs; each uses the same random numbers.
_ROUNDING_DRAWS = 100_000

_WIDE = 100  # columns of a terminal in which a table of figures can be read

# The verdicts, from the best to the worst.
VERDICTS = ("agrees", "agrees_within_rounding", "differs", "cannot_be_recomputed")

_NOT_COMPARABLE = "statistic: the published or the recomputed figure does not have it"
_LAG_TABLES = ("model_dates", "artifacts", "comparisons", "diffusion_events")
_TABLES = (
    "calculation_inputs", "estimates", "quantities", *_LAG_TABLES, "case_studies",
    "source_statistics", "model_developers", "organizations", "organization_relations",
    *derive.FIT_TABLES,
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


def _median(figure: Any) -> float:
    return float(getattr(figure, "median", figure))


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
    "least": min,
    "greatest": max,
    "parameters_of": lambda compute, fit: derive.compute_optimal(compute, fit).parameters,
    "tokens_of": lambda compute, fit: derive.compute_optimal(compute, fit).tokens,
    "doubling_months": lambda growth: 12 * math.log(2) / math.log(_median(growth)),
    "exponent_of": lambda fit: fit.beta / (fit.alpha + fit.beta),
    "uncertain_parameters": lambda compute, fit: derive.optimum_of_fit(compute, fit).parameters,
}


@dataclass(frozen=True)
class Figure:
    """A figure with its bounds; None stands for what it does not have."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Part:
    """A part of a figure that is compared: its value, its mean or median, or one of its bounds.

    Any recomputed number from `low` to `high` is possible, by the rounding of the inputs.
    """

    name: str  # value, mean, median, low or high; limit where the published number is one
    published: float
    recomputed: float
    low: float
    high: float
    verdict: str
    factor: float | None  # the recomputed number over the published one, if they differ


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
    parts: tuple[Part, ...]
    verdict: str  # one of `VERDICTS`, the worst of the parts
    factor: float | None  # of the part that is farthest off, if they differ
    identity: bool  # whether the figure is what its inputs say, which is not counted
    recorded: str | None  # the verdict that the dataset records; None if by an older rule
    reason: str  # the reason for it, as the dataset records it

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values, as ``--format json`` prints it."""
        return asdict(self)


class Ledger(tuple[Reproduction, ...], Shown):
    """Reproductions of published figures, which print well: grouped by source, whole ids."""

    __slots__ = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each figure: published and recomputed, their ratio, the verdict and why."""
        rows = [
            {
                "calculation_id": result.id, "figure": result.figure,
                **{f"published_{end}".removesuffix("_value"): getattr(result.published, end)
                   for end in ("value", "low", "high")},
                **{f"recomputed_{end}".removesuffix("_value"): getattr(result.recomputed, end)
                   for end in ("value", "low", "high")},
                "unit": result.unit, "verdict": result.verdict, "factor": result.factor,
                "identity": result.identity, "reason": result.reason,
                "source_id": result.source_id, "locator": result.locator,
            }
            for result in self
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        return as_text(self, 80)

    def __repr__(self) -> str:
        return str(self)

    def __rich_console__(self, _: Any, options: Any) -> Iterator[Any]:
        """Yield a table, or below 100 columns one figure below the other."""
        from rich.padding import Padding
        from rich.table import Column
        from rich.text import Text

        stacked = options.max_width < _WIDE
        # Identifiers are folded, so that each can be read in full.
        narrow = (Column(heading, ratio=1) for heading in ("Published", "Recomputed", "Verdict"))
        table = plain_table(
            Column("Figure", ratio=2, overflow="fold"), *narrow, Column("Why", ratio=2)
        )
        table.expand = True
        for source, results in by_source(self):
            if stacked:
                yield Text(source, style="bold")
            else:
                table.add_row()
                table.add_row(Text(source, style="bold"))
            for result in results:
                published, recomputed = shown(result.published, result), ""
                if result.verdict != "cannot_be_recomputed":
                    recomputed = shown(result.recomputed, result)
                figure, verdict = f"{result.figure} [{result.id}]", verdict_text(result)
                if stacked:
                    again = f", recomputed {recomputed}" if recomputed else ""
                    words = [f"published {published}{again}: {verdict}"]
                    words += [] if result.verdict == "agrees" else [result.reason]
                    yield Padding(Text(figure, overflow="fold"), (0, 0, 0, 2))
                    yield from (Padding(Text(word), (0, 0, 0, 4)) for word in words)
                else:
                    table.add_row(figure, published, recomputed, verdict, result.reason)
        if not stacked:
            yield table
        yield Text(f"\n{count_verdicts(self)}")

    def _repr_html_(self) -> str:
        header = ["figure", "published", "recomputed", "verdict", "why", "source"]
        rows = [
            (f"{result.figure} [{result.id}]", shown(result.published, result),
             shown(result.recomputed, result), verdict_text(result), result.reason,
             f"{result.source_id}, {result.locator}")
            for result in self
        ]  # fmt: skip
        return notebook(count_verdicts(self), header=header, rows=rows)


def reproduce(
    package: Dataset | dict[str, pd.DataFrame] | None = None,
    *,
    only: Iterable[str] | None = None,
    verdict: str | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    version: str | None = None,
) -> Ledger:
    """Recompute the published figures of a dataset, and compare them with the originals.

    Parameters
    ----------
    package, version : the package (or its tables by name) or released edition; the bundled dataset
        by default
    only : the calculation_ids to recompute; None recomputes all
    verdict : keep the figures with this verdict, one of `VERDICTS`; None keeps all
    draws, seed : for results without a closed form. Every calculation starts from the seed, so that
        its result does not depend on which others run

    Returns
    -------
    ledger
        A tuple of `Reproduction` that prints well; ``frame`` has a row for each. The rule of the
        verdicts is stated in `diffdata.reproduce`.

    Raises
    ------
    UnknownNameError
        If there is no such calculation or verdict.

    Examples
    --------
    >>> (ratio,) = reproduce(version="2026.2", only=["opt-175b-cost-ratio"])
    >>> ratio.published.value, round(ratio.recomputed.value, 2), ratio.verdict
    (7.0, 7.06, 'agrees')
    """
    if verdict is not None and verdict not in VERDICTS:
        raise UnknownNameError("verdict", verdict, VERDICTS)
    dataset = package if isinstance(package, dict) else open_dataset(package, version)
    found = recomputed(dataset, only=only, draws=draws, seed=seed)
    return Ledger(result for result in found if verdict in (None, result.verdict))


def recomputed(
    dataset: Package | dict[str, pd.DataFrame],
    *,
    only: Iterable[str] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Iterator[Reproduction]:
    """Yield the reproductions one after the other, see `reproduce`."""
    frames = dataset if isinstance(dataset, dict) else ledger_tables(dataset)
    calculations = frames["calculations"].set_index("calculation_id", drop=False)
    asked = [only] if isinstance(only, str) else only
    wanted = list(calculations.index if asked is None else asked)
    for name in wanted:
        if name not in calculations.index:
            raise UnknownNameError("calculation", name, calculations.index)
    units = frames["quantities"][["quantity_id", "unit", "scale"]]
    merged = frames["estimates"].merge(units, on=["quantity_id", "unit"])
    estimates = {row["estimate_id"]: row for row in merged.to_dict("records")}
    functions = FUNCTIONS | _functions_of_tables(frames)
    statistics = _statistics_of_sources(frames)
    # Editions before 2026.3 have verdicts by another rule, and their calculations no identities.
    by_this_rule = "identity" in calculations
    for name in counted(wanted, "Recomputing"):
        calculation: Any = calculations.loc[name]
        printed, compared = estimates[calculation["estimate_id"]], calculation["compared"]
        named = statistics.get(printed["source_id"], ("median", "mean"))
        chosen = named if compared == "centre" else (compared,)
        published = Figure(*(number_or_none(printed[part]) for part in ("value", "low", "high")))
        recomputed, verdict = Figure(), "cannot_be_recomputed"
        parts: tuple[Part, ...] = ()
        if isinstance(calculation["formula"], str):
            rows = each(rows_where(frames["calculation_inputs"], calculation_id=name))
            given = list(rows)
            inputs = {row.input: estimates[row.estimate_id] for row in given}
            exact = {row.estimate_id for row in given if _is_true(getattr(row, "exact", None))}
            level = number_or_none(printed["level"]) or 0.9
            try:
                result = _Result(calculation["formula"], inputs, functions, level, seed)
                recomputed = result.figure(chosen[0], draws)
                parts = _compare(result, printed, published, chosen, draws, exact)
            except (InvalidInputError, UnknownNameError) as error:
                raise InvalidInputError(f"calculation {name}: {error}") from None
            verdict = max((part.verdict for part in parts), key=VERDICTS.index)
        factors = [part.factor for part in parts if part.factor is not None]
        yield Reproduction(
            id=name,
            figure=calculation["figure"],
            source_id=printed["source_id"],
            locator=printed["locator"],
            published=published,
            recomputed=recomputed,
            unit=unit_of(printed["unit"], printed["currency"]),
            statistic=" and ".join(chosen),
            parts=parts,
            verdict=verdict,
            factor=max(factors, key=_distance, default=None),
            identity=by_this_rule and _is_true(calculation["identity"]),
            recorded=calculation["verdict"] if by_this_rule else None,
            reason=calculation["why"],
        )


def ledger_tables(package: Package) -> Tables:
    """Return the tables that the ledger reads; others are loaded when a formula names them."""
    return Tables(package, _TABLES, required=["calculations"])


def _is_true(cell: Any) -> bool:
    return bool(pd.notna(cell) and cell)


@dataclass(frozen=True)
class _Result:
    """A formula with its inputs, to be evaluated once or with changed inputs."""

    formula: str
    inputs: dict[str, dict[Any, Any]]
    functions: dict[str, Callable[..., Any]]
    level: float
    seed: int

    def figure(self, statistic: str, draws: int, **changed: dict[Any, Any]) -> Figure:
        """Return the result, with changed rows of estimates by their id."""
        inputs = {key: changed.get(row["estimate_id"], row) for key, row in self.inputs.items()}
        result = evaluate_formula(self.formula, inputs, self.functions)
        return summarize(result, statistic, self.level, draws, np.random.default_rng(self.seed))


def summarize(
    result: Any, statistic: str, level: float, draws: int, rng: np.random.Generator
) -> Figure:
    """Reduce a result to the figure that is compared; sample a result without a closed form.

    The value of a uniform is the interval that dates without a day leave open: its ends are given.
    """
    if isinstance(result, int | float):
        return Figure(float(result))
    if isinstance(result, list):
        low, high = result
        return Figure(None, float(low), float(high))
    of_value = statistic in ("value", "within")
    if of_value and isinstance(result, uncertainty.Uniform):
        return Figure(result.median, result.low, result.high)
    exact = isinstance(result, uncertainty.Distribution)
    distribution = result if exact else result.sample(draws, rng)
    low, high = distribution.interval(level)
    if of_value:
        return Figure(distribution.median)
    by_mean = statistic in ("mean", "probability")
    return Figure(distribution.mean if by_mean else distribution.median, low, high)


@dataclass(frozen=True)
class _Pair:
    """A published number, and the recomputed one with the ends that open dates leave."""

    name: str
    published: float
    recomputed: float
    ends: tuple[float, float]


def _compare(
    result: _Result,
    printed: dict[Any, Any],
    published: Figure,
    statistics: Sequence[str],
    draws: int,
    exact: set[str],
) -> tuple[Part, ...]:
    """Compare each part of a published figure that the statistics name."""
    parts: list[Part] = []
    for statistic in statistics:
        moves: dict[str, tuple[float, float]] = {}
        for pair in _pairs(published, result.figure(statistic, draws), statistic):
            half, ends = _half(pair.published, printed), pair.ends
            verdict = judge_number(pair.published, half, ends, ends, limit=pair.name)
            # The effect of rounded inputs is computed only where it may change the verdict.
            if verdict != "agrees":
                moves = moves or _moves(result, statistic, exact)
                down, up = moves[pair.name if pair.name in ("low", "high") else "value"]
                ends = (ends[0] + down, ends[1] + up)
                verdict = judge_number(pair.published, half, pair.ends, ends, limit=pair.name)
            named = len(statistics) > 1
            factor = pair.recomputed / pair.published if pair.published else None
            parts.append(
                Part(
                    statistic if named else pair.name,
                    pair.published,
                    pair.recomputed,
                    *ends,
                    verdict,
                    factor if verdict == "differs" else None,
                )
            )
    return tuple(parts)


def _half(number: float, printed: dict[Any, Any]) -> float:
    """Return half of the place of the last digit with which a row of estimates prints a number."""
    text = printed["as_printed"]
    return printed_place(number, text if isinstance(text, str) else None) / 2


def _pairs(published: Figure, found: Figure, statistic: str) -> list[_Pair]:
    """Return the numbers to compare by a statistic."""
    named: list[tuple[str, float | None, float | None]] = [("value", published.value, found.value)]
    if statistic == "interval":
        named = [("low", published.low, found.low), ("high", published.high, found.high)]
    elif statistic == "limit":
        limits = (("at_least", published.low), ("at_most", published.high))
        named = [(name, limit, found.value) for name, limit in limits if limit is not None]
    # A value with ends is a lag between dates, some without a day: inputs that are rounded.
    open_ends = statistic in ("value", "within")
    pairs = []
    for name, printed, value in named:
        if open_ends and found.low is not None and found.high is not None:
            ends = (found.low, found.high)
            value = (found.low + found.high) / 2 if value is None else value
        elif value is not None:
            ends = (value, value)
        if printed is None or value is None:
            raise InvalidInputError(_NOT_COMPARABLE)
        pairs.append(_Pair(name, printed, value, ends))
    if not pairs:
        raise InvalidInputError(_NOT_COMPARABLE)
    return pairs


def _moves(result: _Result, statistic: str, exact: set[str]) -> dict[str, tuple[float, float]]:
    """Return how far down and up the rounding of the inputs moves each part of the result."""
    names = ("value", "low", "high")
    center = result.figure(statistic, _ROUNDING_DRAWS)
    moves = dict.fromkeys(names, (0.0, 0.0))
    for row in {row["estimate_id"]: row for row in result.inputs.values()}.values():
        if row["estimate_id"] in exact:
            continue
        for part in names:
            number = number_or_none(row[part])
            if not number:
                continue
            half = _half(number, row)
            for step in (-half, half):
                changed = {row["estimate_id"]: row | {part: number + step}}
                try:
                    figure = result.figure(statistic, _ROUNDING_DRAWS, **changed)
                except InvalidInputError:  # bounds that cross, for one
                    continue
                for name in names:
                    before, after = getattr(center, name), getattr(figure, name)
                    if before is not None and after is not None:
                        down, up = moves[name]
                        difference = after - before
                        moves[name] = (down + min(difference, 0), up + max(difference, 0))
    return moves


def judge(published: Figure, recomputed: Figure, statistic: str) -> str:
    """Compare two figures without regard to the rounding of inputs, and return the verdict.

    The published figure is taken as printed with the digits with which Python writes it. The
    statistic ``interval`` compares both bounds, ``limit`` checks that the recomputed value keeps
    the published bounds, ``within`` also that a recomputed interval leaves room for the published
    value, and any other compares the values. The worst part is the verdict.

    >>> judge(Figure(7), Figure(7.06), "value"), judge(Figure(10), Figure(14.9), "value")
    ('agrees', 'differs')
    """
    verdicts = [
        judge_number(
            pair.published, printed_place(pair.published, None) / 2, pair.ends, limit=pair.name
        )
        for pair in _pairs(published, recomputed, statistic)
    ]
    return max(verdicts, key=VERDICTS.index)


def judge_number(
    published: float,
    half: float,
    found: tuple[float, float],
    possible: tuple[float, float] | None = None,
    *,
    limit: str = "",
) -> str:
    """Compare two numbers by the rule of the ledger.

    Parameters
    ----------
    published, half : the printed number, and half of the place of its last digit; a limit is exact
    found : the ends of the recomputed number, which are equal unless dates leave it open
    possible : the ends that the rounding of the inputs makes possible; by default those found
    limit : ``at_least`` or ``at_most`` if the recomputed number need only keep the printed one

    >>> judge_number(7, 0.5, (7.06, 7.06)), judge_number(68, 0.5, (69.3, 69.3), (67.9, 70.7))
    ('agrees', 'agrees_within_rounding')
    """
    # A figure halfway between two may round either way; a limit is not rounded.
    half = 0 if limit in ("at_least", "at_most") else half + 1e-9 * abs(published)
    least = -math.inf if limit == "at_most" else published - half
    most = math.inf if limit == "at_least" else published + half
    if least <= found[0] and found[1] <= most:
        return "agrees"
    low, high = possible or found
    return "agrees_within_rounding" if low <= most and high >= least else "differs"


def _statistics_of_sources(frames: dict[str, pd.DataFrame]) -> dict[str, tuple[str, ...]]:
    """Return which statistic the central values of a source are, where the source says so."""
    named = frames.get("source_statistics", pd.DataFrame())  # released editions lack it
    return {row.source_id: (row.central_statistic,) for row in each(named)}


def by_source(found: Sequence[Reproduction]) -> Iterator[tuple[str, Iterator[Reproduction]]]:
    """Group reproductions by the source that printed the figure, sorted by its id."""
    source = attrgetter("source_id")
    return groupby(sorted(found, key=source), key=source)


def count_verdicts(found: Sequence[Reproduction]) -> str:
    """Return a sentence with the number of reproductions of each verdict, identities apart."""
    counts = Counter(result.verdict for result in found if not result.identity)
    agrees, rounding, differs, cannot = (counts[verdict] for verdict in VERDICTS)
    identities = len(found) - counts.total()
    apart = f" Another {identities} are identities, which are not counted." if identities else ""
    return (
        f"Of {counts.total()} published figures {agrees} agree with their recomputation, "
        f"{rounding} agree within rounding, {differs} differ, and {cannot} cannot be recomputed."
        f"{apart}"
    )


def verdict_counts(verdicts: Iterable[str]) -> str:
    """Return how many figures have each verdict, in short.

    >>> verdict_counts(["agrees", "differs", "agrees"])
    '2 agree, 1 differ'
    """
    counts = Counter(verdicts)
    words = ("agree", "agree within rounding", "differ", "cannot be recomputed")
    pairs = zip(words, (counts[verdict] for verdict in VERDICTS), strict=True)
    return ", ".join(f"{count} {word}" for word, count in pairs if count)


def shown(figure: Figure, result: Reproduction) -> str:
    """Write what was compared of the published or the recomputed figure of a result."""
    write = money if result.unit == "USD" else number
    if result.statistic == "value" and figure.low is not None and figure is result.recomputed:
        ends = dict.fromkeys((write(figure.low), write(figure.high)))
        return " to ".join(ends)  # a lag between dates, some without a day
    if figure is result.recomputed and len({part.recomputed for part in result.parts}) > 1:
        return "; ".join(f"{write(part.recomputed)} ({_name(part)})" for part in result.parts)
    if figure.value is None or (result.statistic == "interval" and figure.low is not None):
        return " to ".join(write(bound) for bound in (figure.low, figure.high) if bound is not None)
    return write(figure.value)


def verdict_text(result: Reproduction) -> str:
    """Write the verdict: with the factor if they differ, and by part if the parts do not agree."""
    mark = "identity: " if result.identity else ""
    if len({(part.verdict, part.factor) for part in result.parts}) > 1:
        return mark + "; ".join(f"{_name(part)} {_with_factor(part)}" for part in result.parts)
    return mark + _with_factor(result)


def _with_factor(judged: Part | Reproduction) -> str:
    words, factor = judged.verdict.replace("_", " "), judged.factor
    if factor is None:
        return words
    # A factor near 1 has as many digits as show that it is not 1.
    texts = (f"{factor:.{digits}g}" for digits in range(3, 16))
    return f"{words} by a factor of {next((text for text in texts if text != '1'), '1')}"


def _distance(factor: float) -> float:
    """Return how far a factor is from 1, in orders of magnitude; that of zero is infinite."""
    return abs(math.log10(abs(factor))) if factor else math.inf


def _name(part: Part) -> str:
    return {"low": "lower bound", "high": "upper bound"}.get(part.name, plain(part.name))


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
                    row = rows[name]
                    quantities[key] = uncertainty.from_estimate(row, row["scale"], centre="ignore")
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
                given = [value_of(argument) for argument in args]
                try:
                    return functions[name](*given)
                except (TypeError, AttributeError) as error:
                    # Too few arguments, or a number where rows are expected.
                    message = f"formula: {ast.unparse(node)!r} cannot be computed: {error}"
                    raise InvalidInputError(message) from None
        raise InvalidInputError(f"formula: {ast.unparse(node)!r} is not an input or a function")

    try:
        return value_of(ast.parse(formula, mode="eval").body)
    except SyntaxError as error:
        raise InvalidInputError(f"formula: {formula!r} cannot be read: {error.msg}") from None


def _functions_of_tables(frames: dict[str, pd.DataFrame]) -> dict[str, Callable[..., Any]]:
    """Return the functions of formulas that read tables."""

    @cache
    def lags() -> pd.DataFrame:
        model_dates, artifacts, comparisons, events = (frames[name] for name in _LAG_TABLES)
        developers = frames.get("model_developers")
        found = derive.replication_lag(
            model_dates,
            artifacts,
            comparisons,
            events,
            model_developers=developers,
            organization_relations=frames.get(
                "organization_relations", frames.get("organizations")
            ),
            reference="gpt-3",
            judged="first",
            include_developer=developers is None,
        )
        return found[found["lag_months_high"].notna()].set_index("milestone")

    def lag_months(milestone: str) -> uncertainty.Uniform:
        """Return the lag behind GPT-3, in months, until a milestone as it was judged first."""
        if milestone not in lags().index:
            raise UnknownNameError("milestone", milestone, lags().index)
        row: Any = lags().loc[milestone]
        return uncertainty.Uniform(float(row["lag_months_low"]), float(row["lag_months_high"]))

    @cache
    def rows(table: str, *conditions: str) -> _Rows:
        """Return the rows of a table that meet all conditions; see `rows_that_meet`."""
        try:
            frame = frames[table]
        except KeyError:
            raise UnknownNameError("table", table, frames) from None
        return _Rows(rows_that_meet(frame, conditions, partial(_read, frame)))

    @cache
    def fits() -> dict[str, derive.ParametricFit]:
        return derive.parametric_fits(*(frames[name] for name in derive.FIT_TABLES))

    def fit(law: str) -> derive.ParametricFit:
        """Return the constants of a scaling law."""
        known = fits() if set(derive.FIT_TABLES) <= set(frames) else {}
        if law not in known:
            raise UnknownNameError("scaling law", law, known)
        return known[law]

    def count(table: str | _Rows) -> float:
        """Return the number of rows; the name of a table stands for all of its rows."""
        return float(len((rows(table) if isinstance(table, str) else table).frame))

    return {
        "lag_months": lag_months, "rows": rows, "count": count, "fit": fit, **_FUNCTIONS_OF_ROWS,
    }  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of a table that a formula names."""

    frame: pd.DataFrame

    def column(self, name: str) -> pd.Series[Any]:
        if name not in self.frame:
            raise UnknownNameError("column", name, self.frame.columns)
        return self.frame[name]


def _read(frame: pd.DataFrame, column: str, text: str) -> Any:
    """Return the value of a condition, of the type of the column."""
    cells = frame[column]
    try:
        if pd.api.types.is_datetime64_any_dtype(cells):
            return pd.Timestamp(text)
        if pd.api.types.is_bool_dtype(cells):
            return {"true": True, "false": False}[text]
        return float(text) if pd.api.types.is_numeric_dtype(cells) else text
    except (ValueError, KeyError):
        raise InvalidInputError(f"condition on {column}: cannot read {text!r}") from None


def _leading(rows: _Rows, column: str, number: float, date: str = "published") -> _Rows:
    """Return the rows that were among the greatest of a column when they appeared."""
    dated = rows.frame[rows.column(column).notna() & rows.column(date).notna()]
    kept = leading(dated[date].tolist(), dated[column].astype(float).tolist(), int(number))
    return _Rows(dated.iloc[sorted(kept)])


def _ratio(rows: _Rows, over: str, under: str) -> _Rows:
    """Return the rows with the column ``ratio``, the quotient of two columns."""
    return _Rows(rows.frame.assign(ratio=rows.column(over) / rows.column(under)))


def _growth(rows: _Rows, column: str, date: str = "published") -> uncertainty.Lognormal:
    """Return the factor by which a column grows in a year, by least squares of its logarithm.

    It is that of `derive.growth_rate`, without statsmodels: a date that is known to the month
    counts as the middle of it. The interval is that of the normal distribution.
    """
    frame = rows.frame[rows.column(column).notna() & rows.column(date).notna()]
    values = frame[column].to_numpy(float)
    precision = f"{date}_precision"
    known = frame[precision] if precision in frame else ["day"] * len(frame)
    dates = zip(frame[date].dt.date, known, strict=True)
    years = np.array([middle_of(day, to, date) for day, to in dates])
    if len(set(years)) < 3 or not np.all((values > 0) & np.isfinite(values)):
        message = "expected finite values above 0 on three days or more"
        raise InvalidInputError(f"growth of {column}: {message}")
    years, logarithms = years - years.mean(), np.log(values)
    spread = float(years @ years)
    slope = float(years @ logarithms) / spread
    residuals = logarithms - logarithms.mean() - slope * years
    error = math.sqrt(float(residuals @ residuals) / (len(years) - 2) / spread)
    return uncertainty.Lognormal(slope, error)


def _months(since: _Rows, until: _Rows, date: str = "published") -> uncertainty.Uniform | float:
    """Return the months from the first date of some rows to the first date of others."""
    ends = []
    for rows in (since, until):
        dated = rows.frame[rows.column(date).notna()].sort_values(date)
        if dated.empty:
            raise InvalidInputError(f"months: there is no row with a {date}")
        row = dated.iloc[0]
        ends.append((row[date].date(), row.get(f"{date}_precision", "day")))
    (start, start_precision), (end, end_precision) = ends
    days = derive.lag_days(start, end, start_precision=start_precision, end_precision=end_precision)
    least, most = (of_days / DAYS_PER_MONTH for of_days in days)
    return least if least == most else uncertainty.Uniform(least, most)


_FUNCTIONS_OF_ROWS: dict[str, Callable[..., Any]] = {
    "values": lambda rows, column: float(rows.column(column).nunique()),
    "total": lambda rows, column: float(rows.column(column).sum()),
    "leading": _leading,
    "ratio": _ratio,
    "growth": _growth,
    "months": _months,
}


callable_module(__name__, reproduce)
