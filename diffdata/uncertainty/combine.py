"""Distributions from numbers and rows; pooled estimates; conflicts between estimates.

Bad arguments raise `InvalidInputError`, which names the argument or the row.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import Any

from diffdata.errors import InvalidInputError
from diffdata.uncertainty.distributions import (
    Distribution,
    Lognormal,
    LogUniform,
    Normal,
    Shifted,
    Uniform,
    check_interval,
    deviations,
)

__all__ = [
    "Conflict", "conflict", "from_data", "from_estimate", "mean_of", "pool", "pool_estimates",
    "three_numbers",
]  # fmt: skip


def three_numbers(low: float, centre: float, high: float, level: float = 0.9) -> Distribution:
    """Fit a distribution through an interval and its median, however skewed.

    A shifted lognormal passes through all three; its origin o solves
    (centre - o)^2 = (low - o) (high - o). If the interval is longer below the median it is
    mirrored; the normal is the limit between the two.

    Parameters
    ----------
    low, high, level : the bounds of the central interval, and its probability
    centre : the median, strictly between them

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
    if abs(skew) < 1e-8:  # the origin would be too far away for the precision of a float
        return Normal.from_interval(low, high, level)
    origin = (low * high - centre**2) / (low + high - 2 * centre)
    sides = sorted((abs(low - origin), abs(high - origin)))
    return Shifted(Lognormal.from_interval(sides[0], sides[1], level), origin, skew < 0)


def from_data(
    values: Sequence[float], level: float | None = None, log: bool = True
) -> Distribution:
    """Fit a (log)normal to data, by their mean and standard deviation.

    Source: ``cottier-comments``, advice 1.2.2, which asks for more than ten values.

    Parameters
    ----------
    values : the data, more than ten; all above zero if `log`
    level : deprecated, and without effect: the fit does not depend on a level
    log : whether to work with logarithms, for values that vary by orders of magnitude

    Examples
    --------
    >>> round(from_data([1, 2, 4] * 4).median, 9)
    2.0
    """
    if level is not None:
        message = "level has no effect on from_data and will be removed in the next edition"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
    if len(values) <= 10:
        raise InvalidInputError(f"values: expected more than ten, found {len(values)}")
    if not all(math.isfinite(value) and (value > 0 or not log) for value in values):
        raise InvalidInputError("values: expected finite numbers, all above 0 on a log scale")
    fitted = NormalDist.from_samples(map(math.log, values) if log else values)
    return (Lognormal if log else Normal)(fitted.mean, fitted.stdev)


def from_estimate(row: Mapping[str, Any], scale: str = "log") -> Distribution | float:
    """Make a distribution from a row of ``estimates``, or its value if it has no interval.

    Without a stated family an interval becomes a lognormal on a logarithmic scale and a normal on a
    linear one (``cottier-comments``, advice 1.3).

    Parameters
    ----------
    row : value, low, high, level, family, support_low, support_high and estimate_id
    scale : the scale of its quantity, ``log`` or ``linear``

    Examples
    --------
    >>> row = {"estimate_id": "x", "low": 5e6, "high": 33e6, "level": 0.9}
    >>> round(from_estimate(row).median)
    12845233
    """
    value, low, high, level = (_number(row.get(x)) for x in ("value", "low", "high", "level"))
    family = row.get("family")
    fitted: Distribution | None = None
    try:
        if low is not None and high is not None and family in ("uniform", "loguniform"):
            fitted = (Uniform if family == "uniform" else LogUniform)(low, high)
        elif low is not None and high is not None and level is not None:
            log = family == "lognormal" or (family != "normal" and scale == "log" and low > 0)
            fitted = (Lognormal if log else Normal).from_interval(low, high, level)
        if fitted is not None:
            ends = {end: _number(row.get(f"support_{end}")) for end in ("low", "high")}
            support = {end: bound for end, bound in ends.items() if bound is not None}
            return fitted.truncated(**support) if support else fitted
        if value is None:
            raise InvalidInputError("neither value nor interval")
        if value == 0 and scale == "log":
            raise InvalidInputError(
                "0 is not possible on a logarithmic scale; leave an unknown value empty"
            )
    except InvalidInputError as error:
        raise InvalidInputError(f"estimate {row.get('estimate_id')}: {error}") from None
    return value


def pool_estimates(
    rows: Sequence[Mapping[str, Any]], weights: Sequence[float] | None = None
) -> tuple[float, float, float]:
    """Average rows of ``estimates`` with weights: value, low and high, as in `pool`.

    Parameters
    ----------
    rows : with value, low, high and estimate_id; the same level, unit and currency in all
    weights : one per row; equal by default

    Examples
    --------
    >>> row = {"value": 0.1, "low": 0.01, "high": 0.3, "level": 0.9, "unit": "1"}
    >>> pool_estimates([row, row | {"value": 0.3}])
    (0.2, 0.01, 0.3)
    """
    numbers = []
    for row in rows:
        name = row.get("estimate_id")
        figures = [_number(row.get(part)) for part in ("value", "low", "high")]
        numbers.append([figure for figure in figures if figure is not None])
        if None in figures:
            raise InvalidInputError(
                f"estimate {name}: expected value, low and high, found {figures}"
            )
        for part in ("unit", "currency", "level"):
            first, this = (_present(one.get(part)) for one in (rows[0], row))
            if first != this:
                raise InvalidInputError(
                    f"estimates {rows[0].get('estimate_id')} and {name}: the {part} does not "
                    f"match, {first} and {this}"
                )
    value, low, high = pool(numbers, [1.0] * len(rows) if weights is None else weights)
    return value, low, high


def pool(numbers: Sequence[Sequence[float]], weights: Sequence[float]) -> tuple[float, ...]:
    """Average estimates with weights, the centre and each bound separately.

    Source: ``cottier-2022-publication``, footnote 16, where an expert counts three times.

    Parameters
    ----------
    numbers : one sequence per estimate, such as (centre, low, high); all of the same length
    weights : one per estimate, none negative, not all zero

    Examples
    --------
    >>> pool([(0.10, 0.01, 0.30), (0.35, 0.10, 0.80)], [3, 1])
    (0.1625, 0.0325, 0.425)
    """
    if len(numbers) != len(weights) or len({len(row) for row in numbers}) != 1:
        raise InvalidInputError(
            "numbers and weights: expected sequences of one length, and a weight for each"
        )
    if not (0 < math.fsum(weights) < math.inf) or min(weights) < 0:
        raise InvalidInputError(f"weights: expected none negative, not all zero, found {weights}")
    return tuple(fmean(column, weights) for column in zip(*numbers, strict=True))


def mean_of(
    values: Sequence[float], weights: Sequence[float] | None = None, method: str = "auto"
) -> float:
    """Average a few figures into one.

    Source: ``cottier-comments``, advice 3: the geometric mean where the values vary by large
    factors, else the arithmetic mean, with weights where their credibility differs.

    Parameters
    ----------
    values : the figures, at least one
    weights : one per figure; equal by default
    method : ``geometric``, ``arithmetic``, or ``auto`` (geometric from a factor of three on)

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
        # Beyond a factor of three, values vary by factors, not by differences.
        method = "geometric" if positive and max(values) > 3 * min(values) else "arithmetic"
    weights = [1.0] * len(values) if weights is None else weights
    if method == "arithmetic":
        return pool([(value,) for value in values], weights)[0]
    if not positive:
        raise InvalidInputError(f"values: a geometric mean needs all above 0, found {min(values)}")
    return math.exp(pool([(math.log(value),) for value in values], weights)[0])


@dataclass(frozen=True)
class Conflict:
    """How far apart two estimates are.

    Attributes
    ----------
    deviations : the distance of the medians in standard deviations of their difference
    ratio : the median of the first divided by that of the second
    overlap : whether their intervals at the requested level have a value in common
    conflicting : whether `deviations` is more than the level allows
    """

    deviations: float
    ratio: float
    overlap: bool
    conflicting: bool


def conflict(first: Distribution, second: Distribution, level: float = 0.9) -> Conflict:
    """Return whether two estimates of the same quantity conflict, and how far apart they are.

    Source: ``cottier-comments``, advice 2.2: account for the uncertainty before looking for a flaw.

    Parameters
    ----------
    first, second : two independent estimates, compared in logarithms if both are lognormal
    level : they conflict if their distance lies outside the central interval of no difference

    Examples
    --------
    >>> found = conflict(Lognormal.from_interval(5, 33), Lognormal.from_interval(1.5, 2.3))
    >>> found.overlap, found.conflicting, round(found.deviations, 1)
    (False, True, 3.3)
    """
    reach = deviations(level)
    medians = first.median, second.median
    (low_1, high_1), (low_2, high_2) = first.interval(level), second.interval(level)
    if isinstance(first, Lognormal) and isinstance(second, Lognormal):
        distance, sigma = abs(first.mu - second.mu), math.hypot(first.sigma, second.sigma)
    else:
        distance = abs(medians[0] - medians[1])
        sigma = math.hypot((high_1 - low_1) / 2 / reach, (high_2 - low_2) / 2 / reach)
    apart = distance / sigma if sigma else (0.0 if distance == 0 else math.inf)
    ratio = medians[0] / medians[1] if medians[1] else math.nan
    return Conflict(apart, ratio, low_1 <= high_2 and low_2 <= high_1, apart > reach)


def _present(value: Any) -> Any:
    """Return None for a missing value of any library."""
    return None if value is None or value != value else value


def _number(value: Any) -> float | None:
    return None if _present(value) is None else float(value)
