"""Formulas of the ledger: arithmetic with estimates, and the functions that they may call."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from diffdata import derive, uncertainty
from diffdata.derive.dates import DAYS_PER_MONTH
from diffdata.derive.trends import leading, middle_of
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.text import number_or_none, rows_that_meet
from diffdata.uncertainty.distributions import deviations

LAG_TABLES = ("model_dates", "artifacts", "comparisons", "diffusion_events")
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


def functions_of_tables(frames: dict[str, pd.DataFrame]) -> dict[str, Callable[..., Any]]:
    """Return the functions of formulas that read tables."""

    @cache
    def lags() -> pd.DataFrame:
        model_dates, artifacts, comparisons, events = (frames[name] for name in LAG_TABLES)
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
