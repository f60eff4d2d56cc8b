"""Distributions from numbers and rows; pooled estimates; conflicts between estimates.

Bad arguments raise `InvalidInputError`, which names the argument or the row.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from diffdata.errors import InvalidInputError
from diffdata.uncertainty.distributions import (
    Distribution,
    Lognormal,
    LogUniform,
    Normal,
    Shifted,
    Uniform,
    check_interval,
    check_weights,
)
from diffdata.uncertainty.quantity import DRAWS, Quantity, check_level, in_order, sample_jointly

__all__ = [
    "Conflict", "Pooled", "conflict", "from_data", "from_estimate", "mean_of", "pool",
    "pool_estimates", "pool_quantities", "rank_correlation", "three_numbers",
]  # fmt: skip


def three_numbers(
    low: float, centre: float, high: float, level: float = 0.9, *, unit: str = ""
) -> Distribution:
    """Fit a distribution through an interval and its median, however skewed.

    A shifted lognormal passes through all three; its origin o solves
    (centre - o)^2 = (low - o) (high - o). If the interval is longer below the median it is
    mirrored; the normal is the limit between the two.

    Parameters
    ----------
    low, high, level : the bounds of the central interval, and its probability
    centre : the median, strictly between them
    unit : the unit, to be shown

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
    below, above = centre - low, high - centre
    skew = above - below
    if abs(skew) < 1e-8 * (high - low):  # the origin would be too far away for a float
        return Normal.from_interval(low, high, level, unit=unit)
    sides = sorted((below * (below / abs(skew)), above * (above / abs(skew))))
    base = Lognormal.from_interval(sides[0], sides[1], level)
    return Shifted(base, low - below * (below / skew), skew < 0, unit=unit)


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


def from_estimate(
    row: Mapping[str, Any],
    scale: str = "log",
    *,
    level: float | None = None,
    centre: str = "warn",
) -> Distribution | float:
    """Make a distribution from a row of ``estimates``, or its value if it has no interval.

    Without a stated family an interval becomes a lognormal on a logarithmic scale, and a normal on
    a linear one (``cottier-comments``, advice 1.3) or where it begins at 0 or below. What the row
    says and the result does not use gives a warning; a row of which nothing can be used is an
    error.

    Parameters
    ----------
    row : value, low, high, level, family, support_low, support_high, statistic, limit, unit,
        currency and estimate_id; those that it lacks count as missing
    scale : the scale of its quantity, ``log`` or ``linear``
    level : the probability to assume for an interval whose row states none
    centre : what becomes of a value beside an interval: ``warn`` that it is not used, ``ignore``
        it, or ``fit`` a distribution that has it as its median (see `three_numbers`)

    Examples
    --------
    >>> row = {"estimate_id": "x", "low": 5e6, "high": 33e6, "level": 0.9, "unit": "currency",
    ...        "currency": "USD"}
    >>> from_estimate(row)
    12.8M USD, 5M to 33M at 90 %
    >>> from_estimate(row | {"value": 12e6}, centre="fit")
    12M USD, 5M to 33M at 90 %
    """
    if centre not in ("warn", "ignore", "fit"):
        raise InvalidInputError(f"centre: expected warn, ignore or fit, found {centre!r}")
    if scale not in ("log", "linear"):
        raise InvalidInputError(f"scale: expected log or linear, found {scale!r}")
    if not hasattr(row, "items"):
        raise InvalidInputError(f"row: expected a mapping of columns to cells, found {row!r}")
    cells = {name: _present(cell) for name, cell in row.items()}
    value, low, high, stated = (_number(cells.get(x)) for x in ("value", "low", "high", "level"))
    stated = level if stated is None else stated
    named, unused = f"estimate {cells.get('estimate_id')}", ""
    try:
        if low is None or high is None:
            bounds = [f"{end} {x}" for end, x in (("low", low), ("high", high)) if x is not None]
            unused = f"a bound on one side ({bounds[0]})" if bounds else ""
        elif stated is None and cells.get("family") not in ("uniform", "loguniform"):
            unused = f"bounds without a level ({low} to {high}); level= states one"
        else:
            if value is not None and centre == "warn":
                message = f"{named}: the central value {value} is not used beside its interval; "
                _warn(message + "centre='fit' uses it, and centre='ignore' is silent")
            fitted = _fit(cells, low, high, stated, scale, value if centre == "fit" else None)
            ends = {end: cells.get(f"support_{end}") for end in ("low", "high")}
            support = {end: float(bound) for end, bound in ends.items() if bound is not None}
            return fitted.truncated(**support) if support else fitted
        if value is None:
            raise InvalidInputError(
                f"not a distribution: it has {unused or 'neither value nor interval'}"
            )
        if value == 0 and scale == "log":
            raise InvalidInputError(
                "0 is not possible on a logarithmic scale; leave an unknown value empty"
            )
    except InvalidInputError as error:
        raise InvalidInputError(f"{named}: {error}") from None
    if (limit := cells.get("limit")) in _LIMITS:
        unused = f"that its value is {_LIMITS[limit]}"
    if unused:
        _warn(f"{named}: the value {value} counts as exact; not used is {unused}")
    return value


_FAMILIES = ("lognormal", "normal", "uniform", "loguniform")
_LIMITS = {
    "lower": "a lower limit",
    "upper": "an upper limit",
    "order_of_magnitude": "an order of magnitude",
}  # fmt: skip


def _fit(
    cells: Mapping[Any, Any], low: float, high: float, level: Any, scale: str, median: float | None
) -> Distribution:
    family, unit = cells.get("family"), cells.get("unit") or ""
    if family not in (None, *_FAMILIES):
        raise InvalidInputError(f"family: expected one of {', '.join(_FAMILIES)}, found {family!r}")
    unit = {"currency": cells.get("currency") or "", "1": ""}.get(unit, unit)
    if family in ("uniform", "loguniform"):
        if level not in (None, 1) or median is not None:
            raise InvalidInputError(f"a {family} distribution has two ends, and no level or centre")
        return (Uniform if family == "uniform" else LogUniform)(low, high, unit=unit)
    if median is not None:
        if family or cells.get("statistic") == "mean":
            raise InvalidInputError("centre: a fit needs a median, and no stated family")
        return three_numbers(low, median, high, level, unit=unit)
    log = family == "lognormal" or (family is None and scale == "log" and low > 0)
    return (Lognormal if log else Normal).from_interval(low, high, level, unit=unit)


def pool_estimates(
    rows: Sequence[Mapping[str, Any]], weights: Sequence[float] | None = None
) -> tuple[float, float, float]:
    """Average rows of ``estimates`` with weights: value, low and high, as in `pool`.

    Parameters
    ----------
    rows : with value, low, high and estimate_id; the same level, unit, currency and price year in
        all
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
        for part in ("unit", "currency", "price_year", "level"):
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
    shares = check_weights(weights, len(numbers))
    if len({len(row) for row in numbers}) != 1:
        raise InvalidInputError("numbers and weights: expected sequences of one length")
    found = np.tensordot(shares, np.asarray(numbers, dtype=float), axes=1)
    if not np.isfinite(found).all():
        raise InvalidInputError(f"numbers: expected finite numbers, found {numbers}")
    return tuple(found.tolist())


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
    method : ``geometric``, ``arithmetic``, or ``auto`` (geometric above a factor of three)

    Examples
    --------
    >>> round(mean_of([1, 100]), 9), mean_of([1, 2])
    (10.0, 1.5)
    """
    if len(values) == 0:
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
class Pooled:
    """Independent estimates of one quantity, pooled, and how far they differ.

    Attributes
    ----------
    fixed : their mean with the weights 1 / variance, its deviation multiplied by the scale factor
    random : their mean if the true values differ from each other, with the variance tau_squared
    scale_factor : S of the Review of Particle Physics, the root of chi_squared over its degrees of
        freedom, at least 1
    tau_squared : the variance between the true values (DerSimonian and Laird 1986)
    i_squared : the share of the variance that is not the estimates' own (Higgins and Thompson 2002)
    chi_squared : the weighted sum of squared distances from the fixed mean (Cochran's Q)
    degrees_of_freedom : the number of estimates less 1
    log : whether all of this is about logarithms
    """

    fixed: Distribution
    random: Distribution
    scale_factor: float
    tau_squared: float
    i_squared: float
    chi_squared: float
    degrees_of_freedom: int
    log: bool


def pool_quantities(quantities: Sequence[Quantity]) -> Pooled:
    """Pool independent estimates of one quantity by their precision, and report heterogeneity.

    Source of the scale factor: Review of Particle Physics, Introduction, section 5.2.2 (without its
    rule to leave out imprecise estimates); of the rest: meta-analysis, as the attributes say.

    Parameters
    ----------
    quantities : at least one; pooled by their logarithms if all are lognormals, and otherwise by
        their means and standard deviations, which must be above 0

    Examples
    --------
    >>> found = pool_quantities([Normal(10, 1), Normal(14, 1)])
    >>> round(found.scale_factor, 2), round(found.tau_squared, 2), found.fixed
    (2.83, 7.0, 12, 8.71 to 15.3 at 90 %)
    """
    if not quantities or not all(isinstance(quantity, Quantity) for quantity in quantities):
        raise InvalidInputError("quantities: expected at least one, and no plain numbers")
    sources = [x for quantity in quantities for x in in_order([quantity]) if not x.parts]
    if len(set(sources)) < len(sources):
        raise InvalidInputError("quantities: expected independent ones, but some share a variable")
    log = all(isinstance(quantity, Lognormal) for quantity in quantities)
    terms = [quantity.log() if log else quantity for quantity in quantities]
    means, errors = (np.array([getattr(x, part) for x in terms]) for part in ("mean", "std"))
    if not (np.isfinite(means) & np.isfinite(errors) & (errors > 0)).all():
        raise InvalidInputError("quantities: expected finite standard deviations above 0")
    weights, degrees = errors**-2.0, len(terms) - 1
    mean = np.average(means, weights=weights)
    chi_squared = float((weights * (means - mean) ** 2).sum())
    spread = weights.sum() - (weights**2).sum() / weights.sum()
    tau_squared = max(0.0, (chi_squared - degrees) / spread) if degrees else 0.0
    scale = max(1.0, math.sqrt(chi_squared / degrees)) if degrees else 1.0
    both = 1 / (errors**2 + tau_squared)
    family = Lognormal if log else Normal
    units = {quantity.unit for quantity in quantities}
    unit = units.pop() if len(units) == 1 else ""
    return Pooled(
        fixed=family(float(mean), float(scale * weights.sum() ** -0.5), unit=unit),
        random=family(float(np.average(means, weights=both)), float(both.sum() ** -0.5), unit=unit),
        scale_factor=scale,
        tau_squared=float(tau_squared),
        i_squared=max(0.0, 1 - degrees / chi_squared) if chi_squared else 0.0,
        chi_squared=chi_squared,
        degrees_of_freedom=degrees,
        log=log,
    )


def rank_correlation(first: Quantity, second: Quantity, draws: int = DRAWS, seed: int = 0) -> float:
    """Return Spearman's rank correlation of two quantities, from their draws.

    Parameters
    ----------
    first, second : quantities; what they have in common is drawn once
    draws, seed : the number of draws, of which the standard error is at most the inverse root

    Examples
    --------
    >>> shared = Normal(0, 1)
    >>> round(rank_correlation(shared + Normal(0, 1), shared + Normal(0, 1)), 2)  # exact: 0.4826
    0.48
    """
    ranks: list[Any] = []
    for samples in sample_jointly([first, second], draws, seed):
        _, places, counts = np.unique(samples.values, return_inverse=True, return_counts=True)
        ranks.append((counts.cumsum() - counts / 2)[places])  # equal values share their mean rank
    if min(np.ptp(rank) for rank in ranks) == 0:
        raise InvalidInputError("first and second: a constant has no correlation")
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


@dataclass(frozen=True)
class Conflict:
    """How far apart two estimates are.

    Attributes
    ----------
    deviations : the distance of the estimates, as that of a normal which has the same probability
        of lying beyond zero; for normals and lognormals the distance of the medians in standard
        deviations of the difference
    ratio : the median of the first divided by that of the second
    overlap : whether their central intervals at (1 + level) / 2 have a value in common; without one
        they conflict, however they depend on each other
    conflicting : whether the difference lies beyond zero with more than (1 + level) / 2
    probability : that the first is greater than the second (equal values count half)
    """

    deviations: float
    ratio: float
    overlap: bool
    conflicting: bool
    probability: float = 0.5


def conflict(first: Quantity | float, second: Quantity | float, level: float = 0.95) -> Conflict:
    """Return whether two estimates of the same quantity conflict, and how far apart they are.

    They conflict if one is greater than the other with a probability of more than (1 + level) / 2,
    so that of pairs of correct estimates the share 1 - level is called conflicting. Which one is
    greater does not depend on the scale: the answer is the same for their logarithms.

    Source: ``cottier-comments``, advice 2.2: account for the uncertainty before looking for a flaw.

    Parameters
    ----------
    first, second : quantities or numbers; what they have in common does not count as a difference
    level : the share of pairs of correct estimates that should not be called conflicting

    Examples
    --------
    >>> found = conflict(Lognormal.from_interval(5, 33), Lognormal.from_interval(1.5, 2.3))
    >>> found.overlap, found.conflicting, round(found.deviations, 1)
    (False, True, 3.3)
    """
    check_level(level)
    first, second = (x if isinstance(x, Quantity) else Normal(float(x), 0) for x in (first, second))
    below, above = first.probability_below(second), second.probability_below(first)
    equal = max(0.0, 1 - below - above) / 2
    least = min(below, above) + equal
    (low_1, high_1), (low_2, high_2) = (x.interval((1 + level) / 2) for x in (first, second))
    overlap = low_1 <= high_2 and low_2 <= high_1
    return Conflict(
        deviations=-NormalDist().inv_cdf(min(least, 0.5)) if least > 0 else math.inf,
        ratio=first.median / second.median if second.median else math.nan,
        overlap=overlap,
        conflicting=2 * least < 1 - level or not overlap,
        probability=min(1.0, above + equal),
    )


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=3)


def _present(value: Any) -> Any:
    """Return None for a missing value of any library."""
    missing = getattr(sys.modules.get("pandas"), "NA", None)
    return None if value is None or value is missing or value != value else value


def _number(value: Any) -> float | None:
    return None if _present(value) is None else float(value)
