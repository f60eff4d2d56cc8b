"""From numbers and rows to distributions; pooling several; judging whether two conflict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diffdata.errors import InvalidInputError
from diffdata.uncertainty.bounded import Shifted
from diffdata.uncertainty.distributions import (
    Distribution,
    Lognormal,
    LogUniform,
    Normal,
    Uniform,
    check_interval,
    deviations,
)

# Beyond this ratio of the largest to the smallest value, values vary by factors, not differences.
_LARGE_FACTOR = 3.0


def three_numbers(low: float, centre: float, high: float, level: float = 0.9) -> Distribution:
    """Fit a distribution through an interval and its median, however skewed.

    A shifted lognormal goes through all three: its origin o has
    (centre - o)^2 = (low - o) (high - o), so o = (low high - centre^2) / (low + high - 2 centre).
    It runs up for an interval that is longer above its centre, and down otherwise; the normal is
    the limit between them.

    Parameters
    ----------
    low, high
        The bounds of the central interval at `level`.
    centre
        The median, strictly between them.
    level
        The probability of the interval.

    Raises
    ------
    InvalidInputError
        If the three are not in order, or the level is not between 0 and 1.

    Examples
    --------
    >>> fitted = three_numbers(1.25, 2.5, 6, 0.8)
    >>> [round(fitted.quantile(p), 9) for p in (0.1, 0.5, 0.9)]
    [1.25, 2.5, 6.0]
    """
    check_interval(low, high)
    if not low < centre < high:
        raise InvalidInputError(
            f"centre: expected between low and high, found {low}, {centre} and {high}"
        )
    skew = (low + high - 2 * centre) / (high - low)
    if abs(skew) < 1e-8:  # the origin would lie too far away for the digits of a float
        return Normal.from_interval(low, high, level)
    origin = (low * high - centre**2) / (low + high - 2 * centre)
    sides = sorted((abs(low - origin), abs(high - origin)))
    return Shifted(Lognormal.from_interval(sides[0], sides[1], level), origin, skew < 0)


def from_data(values: Sequence[float], level: float = 0.9, log: bool = True) -> Distribution:
    """Fit a (log)normal to data, by their mean and standard deviation.

    Source: ``cottier-comments``, advice 1.2.2, which asks for more than ten values.

    Parameters
    ----------
    values
        The data, more than ten; all above zero if `log`.
    level
        The probability of the interval that is meant; it does not change the fit.
    log
        Whether to work with logarithms, for what varies by orders of magnitude.

    Raises
    ------
    InvalidInputError
        If there are ten values or fewer, or one that has no logarithm.

    Examples
    --------
    >>> fitted = from_data([1, 2, 4] * 4)
    >>> round(fitted.median, 9)
    2.0
    """
    deviations(level)
    if len(values) <= 10:
        raise InvalidInputError(f"values: expected more than ten, found {len(values)}")
    if not all(math.isfinite(value) and (value > 0 or not log) for value in values):
        raise InvalidInputError("values: expected finite numbers, all above 0 on a log scale")
    numbers = [math.log(value) for value in values] if log else list(values)
    mean = math.fsum(numbers) / len(numbers)
    sigma = math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1))
    return Lognormal(mean, sigma) if log else Normal(mean, sigma)


def from_estimate(row: Mapping[str, Any], scale: str = "log") -> Distribution | float:
    """Make a quantity of a row of ``estimates``.

    Parameters
    ----------
    row
        With the columns value, low, high, level, family, support_low, support_high and
        estimate_id.
    scale
        The scale of its quantity: without a stated family an interval becomes a lognormal on a
        logarithmic scale and a normal on a linear one (``cottier-comments``, advice 1.3).

    Returns
    -------
    quantity
        A distribution where the row has an interval with a level (or is uniform), else its value.

    Raises
    ------
    InvalidInputError
        If the row has neither, or bounds that its family cannot have; the row is named.

    Examples
    --------
    >>> row = {"estimate_id": "x", "value": 12e6, "low": 5e6, "high": 33e6, "level": 0.9,
    ...        "family": None}
    >>> round(from_estimate(row).median)
    12845233
    """
    try:
        distribution = _of_interval(row, scale)
        if distribution is not None:
            return _within_support(distribution, row)
    except InvalidInputError as error:
        raise InvalidInputError(f"estimate {row.get('estimate_id')}: {error}") from None
    value = _number(row.get("value"))
    if value is None:
        raise InvalidInputError(f"estimate {row.get('estimate_id')}: neither value nor interval")
    if value == 0 and scale == "log":
        raise InvalidInputError(
            f"estimate {row.get('estimate_id')}: a zero has no place on a logarithmic scale; "
            "a value that is not known is left empty"
        )
    return value


def _of_interval(row: Mapping[str, Any], scale: str) -> Distribution | None:
    low, high, level = (_number(row.get(name)) for name in ("low", "high", "level"))
    family = row.get("family")
    if low is None or high is None:
        return None
    if family == "uniform":
        return Uniform(low, high)
    if family == "loguniform":
        return LogUniform(low, high)
    if level is None:
        return None
    log = scale == "log" and low > 0
    if family == "lognormal" or (family != "normal" and log):
        return Lognormal.from_interval(low, high, level)
    return Normal.from_interval(low, high, level)


def _within_support(distribution: Distribution, row: Mapping[str, Any]) -> Distribution:
    low, high = _number(row.get("support_low")), _number(row.get("support_high"))
    if low is None and high is None:
        return distribution
    return distribution.truncated(
        -math.inf if low is None else low, math.inf if high is None else high
    )


def pool_estimates(
    rows: Sequence[Mapping[str, Any]], weights: Sequence[float] | None = None
) -> tuple[float, float, float]:
    """Average rows of ``estimates`` with weights: the value and each bound by itself, see `pool`.

    Parameters
    ----------
    rows
        Each with value, low, high, level, unit, currency and estimate_id.
    weights
        One a row; equal by default.

    Returns
    -------
    value, low, high
        In the unit of the rows, at their level.

    Raises
    ------
    InvalidInputError
        If a row lacks a figure, or the rows differ in unit, currency or level; the rows are named.

    Examples
    --------
    >>> row = {"value": 0.1, "low": 0.01, "high": 0.3, "level": 0.9, "unit": "1"}
    >>> pool_estimates([row, row | {"value": 0.3}])
    (0.2, 0.01, 0.3)
    """
    numbers = []
    for row in rows:
        figures = [_number(row.get(name)) for name in ("value", "low", "high")]
        known = [figure for figure in figures if figure is not None]
        if len(known) < len(figures):
            raise InvalidInputError(f"estimate {row.get('estimate_id')}: not value, low and high")
        numbers.append(known)
        for name in ("unit", "currency", "level"):
            first, this = (_comparable(each.get(name)) for each in (rows[0], row))
            if first != this:
                raise InvalidInputError(
                    f"estimates {rows[0].get('estimate_id')} and {row.get('estimate_id')}: "
                    f"the {name} does not match, {first} and {this}"
                )
    value, low, high = pool(numbers, [1.0] * len(rows) if weights is None else weights)
    return value, low, high


def pool(numbers: Sequence[Sequence[float]], weights: Sequence[float]) -> tuple[float, ...]:
    """Average estimates with weights, the centre and each bound by itself.

    Source: ``cottier-2022-publication``, footnote 16, where an expert counts three times.

    Parameters
    ----------
    numbers
        One sequence an estimate, such as (centre, low, high); all of the same length.
    weights
        One an estimate, not negative, not all zero.

    Raises
    ------
    InvalidInputError
        If the lengths differ or the weights make no sense.

    Examples
    --------
    >>> pool([(0.10, 0.01, 0.30), (0.35, 0.10, 0.80)], [3, 1])
    (0.1625, 0.0325, 0.425)
    """
    if len(numbers) != len(weights) or len({len(row) for row in numbers}) != 1:
        raise InvalidInputError("numbers and weights: expected one weight for each, equally long")
    total = math.fsum(weights)
    if not (0 < total < math.inf) or min(weights) < 0:
        raise InvalidInputError(f"weights: expected none negative, not all zero, found {weights}")
    columns = zip(*numbers, strict=True)
    return tuple(
        math.fsum(w * x for w, x in zip(weights, column, strict=True)) / total for column in columns
    )


def mean_of(
    values: Sequence[float],
    weights: Sequence[float] | None = None,
    method: str = "auto",
) -> float:
    """Make one central figure of a few.

    Source: ``cottier-comments``, advice 3: the geometric mean where the values vary by large
    factors, else the arithmetic mean, with weights where their credibility differs.

    Parameters
    ----------
    values
        The figures.
    weights
        One a figure; equal by default.
    method
        ``geometric``, ``arithmetic``, or ``auto``: geometric if all are positive and the largest is
        more than three times the smallest.

    Raises
    ------
    InvalidInputError
        If there is no value, a value that has no logarithm, or an unknown method.

    Examples
    --------
    >>> round(mean_of([1, 100]), 9), mean_of([1, 2])
    (10.0, 1.5)
    """
    if not values:
        raise InvalidInputError("values: expected at least one")
    if method not in ("auto", "geometric", "arithmetic"):
        raise InvalidInputError(f"method: expected auto, geometric or arithmetic, found {method!r}")
    positive = min(values) > 0
    if method == "auto":
        vary = positive and max(values) > _LARGE_FACTOR * min(values)
        method = "geometric" if vary else "arithmetic"
    weights = [1.0] * len(values) if weights is None else weights
    if method == "arithmetic":
        return pool([(value,) for value in values], weights)[0]
    if not positive:
        raise InvalidInputError(f"values: a geometric mean needs all above 0, found {min(values)}")
    return math.exp(pool([(math.log(value),) for value in values], weights)[0])


@dataclass(frozen=True)
class Conflict:
    """How far two estimates lie apart.

    Attributes
    ----------
    deviations
        The distance of the medians in standard deviations of their difference.
    ratio
        The median of the first divided by that of the second.
    overlap
        Whether their intervals (at the level that was asked for) have a value in common.
    conflicting
        Whether `deviations` is more than the level allows.
    """

    deviations: float
    ratio: float
    overlap: bool
    conflicting: bool


def conflict(first: Distribution, second: Distribution, level: float = 0.9) -> Conflict:
    """Tell whether two estimates of the same quantity are really in conflict, and by how much.

    Source: ``cottier-comments``, advice 2.2: account for the uncertainty before looking for a flaw.

    Parameters
    ----------
    first, second
        Two independent estimates, compared in logarithms if both are lognormal.
    level
        They conflict if their distance lies outside the central interval of no difference.

    Examples
    --------
    >>> told = conflict(Lognormal.from_interval(5, 33), Lognormal.from_interval(1.5, 2.3))
    >>> told.overlap, told.conflicting, round(told.deviations, 1)
    (False, True, 3.3)
    """
    reach = deviations(level)
    if isinstance(first, Lognormal) and isinstance(second, Lognormal):
        distance, sigma = abs(first.mu - second.mu), math.hypot(first.sigma, second.sigma)
    else:
        sides = [(x.interval(level), x.median) for x in (first, second)]
        distance = abs(sides[0][1] - sides[1][1])
        sigma = math.hypot(*((high - low) / 2 / reach for (low, high), _ in sides))
    apart = distance / sigma if sigma else (0.0 if distance == 0 else math.inf)
    (low_1, high_1), (low_2, high_2) = first.interval(level), second.interval(level)
    ratio = first.median / second.median if second.median else math.nan
    return Conflict(apart, ratio, low_1 <= high_2 and low_2 <= high_1, apart > reach)


def _comparable(value: Any) -> Any:
    return None if value is None or value != value else value


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)
