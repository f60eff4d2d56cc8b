"""How fast something grows: log-linear trends with intervals, of all rows or of the frontier.

The logarithm of the value is a straight line in time, or one with bends at given dates. It is
fitted by least squares, or for a quantile by quantile regression (Koenker and Bassett 1978), both
computed by statsmodels. A date that is known to the month or the year counts as the middle of it.
"""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import check_date, days_of
from diffdata.derive.formula import DAYS_PER_YEAR, documented
from diffdata.derive.frames import (
    Frame,
    from_columns,
    group_columns,
    number_in,
    require,
    rows,
    sorted_groups,
    unwrap,
    wrap,
)
from diffdata.errors import InvalidInputError, optional_library
from diffdata.uncertainty.quantity import check_level, check_whole

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["growth_rate"]

ERRORS = ("classical", "robust", "bootstrap")
_RATE = "orders_per_year"
_DRAWS = 1000
_MOST_ORDERS = 308  # of floats


@documented
def growth_rate(
    figures: IntoFrameT,
    by: str | Sequence[str] | None = None,
    *,
    date: str = "date",
    value: str = "value",
    weights: str | None = None,
    top: int | None = None,
    best: str = "highest",
    quantile: float | None = None,
    breaks: Sequence[datetime.date] = (),
    errors: str = "classical",
    level: float = 0.9,
    seed: int = 0,
) -> IntoFrameT:
    """Return how fast a value grows, as orders of magnitude and as a factor per year.

    Rows without a date or a value are left out; values must be above 0. A bend of the line at each
    of the `breaks` gives one rate for each period between them. Intervals are those of Student's t
    with the classical errors or with those of HC3 (``robust``), or percentiles of 1,000 resamples
    of the rows (``bootstrap``), from each of which the frontier is taken anew.

    Returns: One row for each group and period, in their order: the columns of `by`, since and
    until (the first and last date, or the break), rows (number of those that were fitted),
    orders_per_year (of magnitude), factor_per_year, doubling_months (below 0 it is the time in
    which the value halves), each with ``_low`` and ``_high`` (missing where the rows are too few;
    those of the doubling time also if growth and decline are both within the interval), and
    r_squared (for a quantile the pseudo R squared; missing for more than one period).

    >>> import datetime, pandas as pd
    >>> days = [datetime.date(year, 1, 1) for year in (2019, 2020, 2021, 2022)]
    >>> figures = pd.DataFrame({"date": days, "value": [1e20, 1e21, 1.1e22, 1e23]})
    >>> rates = growth_rate(figures)
    >>> rates[["rows", "factor_per_year", "doubling_months"]].round(2).values.tolist()
    [[4.0, 10.09, 3.6]]
    """
    check_level(level)
    if errors not in ERRORS:
        raise InvalidInputError(f"errors: expected one of {ERRORS}, found {errors!r}")
    if best not in ("highest", "lowest"):
        raise InvalidInputError(f"best: expected 'highest' or 'lowest', found {best!r}")
    if top is not None:
        check_whole(top, "top", 1)
    if quantile is not None and not 0 < quantile < 1:
        raise InvalidInputError(f"quantile: expected above 0 and below 1, found {quantile}")
    if quantile is not None and (weights is not None or errors == "robust"):
        raise InvalidInputError("quantile: expected neither weights nor robust errors beside it")
    given: Any = breaks
    if not isinstance(given, Iterable) or not all(isinstance(x, datetime.date) for x in given):
        raise InvalidInputError(f"breaks: expected a list of dates, found {breaks!r}")
    check_whole(seed, "seed", 0)
    at = sorted({_years(day) for day in breaks})
    frame = wrap(figures)
    columns: dict[str, list[float]] = {name: [] for name in (*_columns(0, 0, 0), "r_squared")}
    names = group_columns(by, ("since", "until", "rows", *columns))
    found: dict[str, list[Any]] = {name: [] for name in (*names, "since", "until", "rows")}
    for group, points in _groups(frame, names, date, value, weights).items():
        bends = [bend for bend in at if points[0, 0] < bend < points[-1, 0]]

        def fitted(
            points: Array, bends: Sequence[float] = bends
        ) -> tuple[Array, Array, float, int]:
            kept = points if top is None else _frontier(points, top, best)
            return _fit(kept, bends, quantile, errors, level)

        rates, intervals, r_squared, count = fitted(points)
        if errors == "bootstrap":
            intervals = _bootstrap(lambda sample: fitted(sample)[0], points, level, seed)
        ends = [points[0, 0], *bends, points[-1, 0]]
        for period, (rate, interval) in enumerate(zip(rates, intervals, strict=True)):
            since, until = (_day(years) for years in ends[period : period + 2])
            for name, cell in zip(found, (*group, since, until, count), strict=True):
                found[name].append(cell)
            for name, number in _columns(rate, *interval).items():
                columns[name].append(number)
            columns["r_squared"].append(r_squared if len(rates) == 1 else math.nan)
    return unwrap(from_columns(found, columns, frame), like=figures)


def _groups(
    frame: Frame, names: Sequence[str], date: str, value: str, weights: str | None
) -> dict[tuple[Any, ...], Array]:
    """Return the years, the logarithms of the values and the weights of each group, by date."""
    import numpy as np

    there = require(frame, "figures", [*names, date, value, *([weights] if weights else [])])
    precision = f"{date}_precision"
    known = nw.col(precision) if precision in there else nw.lit("day")
    weight = nw.col(weights) if weights else nw.lit(1.0)
    selected = frame.select(
        *names, _date=date, _precision=known, _value=value, _weight=weight
    )  # fmt: skip
    groups: dict[tuple[Any, ...], list[tuple[float, float, float]]] = defaultdict(list)
    for *group, day, known_to, figure, weight_given in rows(selected):
        number = number_in(figure, "figures", value)
        weighed = number_in(weight_given, "figures", weights or "")
        if day is None or number is None:
            continue
        check_date(day, f"figures: column {date!r}")
        if not 0 < number < math.inf:
            raise InvalidInputError(f"{value}: expected finite numbers above 0, found {number}")
        if weighed is None or not 0 < weighed < math.inf:
            raise InvalidInputError(f"{weights}: expected finite numbers above 0, found {weighed}")
        years = middle_of(day, known_to, precision)
        groups[tuple(group)].append((years, math.log10(number), weighed))
    return {key: np.array(sorted(points)) for key, points in sorted_groups(groups).items()}


def _frontier(points: Array, top: int, best: str) -> Array:
    """Keep the points that were among the best when they appeared."""
    sign = 1 if best == "highest" else -1
    kept: Array = points[leading(points[:, 0], sign * points[:, 1], top)]
    return kept


def leading(times: Sequence[Any] | Array, values: Sequence[float] | Array, top: int) -> list[int]:
    """Return the positions of the values that were among the greatest when they appeared.

    They are in the order of time; of those of one time the greatest comes first.
    """
    greatest: list[float] = []  # so far, in rising order
    kept = []
    for place in sorted(range(len(times)), key=lambda place: (times[place], -values[place])):
        if len(greatest) < top or values[place] > greatest[0]:
            kept.append(place)
            greatest = sorted([*greatest, values[place]])[-top:]
    return kept


def _fit(
    points: Array, bends: Sequence[float], quantile: float | None, errors: str, level: float
) -> tuple[Array, Array, float, int]:
    """Return the rate of each period, its interval, R squared and the number of points."""
    import numpy as np

    years, logarithms, weights = points.T
    start = years[0]
    after = [np.maximum(years - bend, 0) for bend in bends]
    design = np.column_stack([np.ones_like(years), years - start, *after])
    periods = len(bends) + 1
    rates, intervals = np.full(periods, np.nan), np.full((periods, 2), np.nan)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return rates, intervals, math.nan, len(points)
    # The rate of a period is the first one and all changes until then.
    sums = np.column_stack([np.zeros(periods), np.tri(periods)])
    models = optional_library("statsmodels.api")
    if quantile is None:
        model = models.WLS(logarithms, design, weights)
        result = model.fit(cov_type="HC3", use_t=True) if errors == "robust" else model.fit()
        explained = "rsquared"
    else:
        result = models.QuantReg(logarithms, design).fit(quantile)
        explained = "prsquared"
    r_squared = float(getattr(result, explained)) if np.ptp(logarithms) else math.nan
    rates = sums @ result.params
    if len(points) > design.shape[1] and errors != "bootstrap":
        intervals = result.t_test(sums).conf_int(1 - level)
    return rates, intervals, r_squared, len(points)


def _bootstrap(rates_of: Any, points: Array, level: float, seed: int) -> Array:
    """Return percentiles of the rates of resampled points; missing where none can be fitted."""
    import numpy as np

    generator = np.random.default_rng(seed)
    draws = []
    for _ in range(_DRAWS):
        chosen = np.sort(generator.integers(0, len(points), len(points)))
        draws.append(rates_of(points[chosen]))
    rates = np.array(draws)
    # A resample that determines no line tells nothing of the rate.
    rates = rates[~np.isnan(rates).any(axis=1)]
    if not len(rates):
        return np.full((len(draws[0]), 2), np.nan)
    bounds: Array = np.quantile(rates, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return bounds.T


def _columns(rate: float, low: float, high: float) -> dict[str, float]:
    """Return a rate with its interval, also as a factor per year and as a doubling time."""
    figures = {_RATE: rate, f"{_RATE}_low": low, f"{_RATE}_high": high}
    factors = {
        name.replace(_RATE, "factor_per_year"): math.inf if r > _MOST_ORDERS else 10.0**r
        for name, r in figures.items()
    }
    doubling = [12 * math.log10(2) / r if r else math.nan for r in (rate, high, low)]
    if not low * high > 0:  # missing bounds too
        doubling[1:] = math.nan, math.nan
    names = ("doubling_months", "doubling_months_low", "doubling_months_high")
    return figures | factors | dict(zip(names, doubling, strict=True))


def middle_of(day: datetime.date, precision: str | None, name: str) -> float:
    """Return the middle of what a date may be, in years."""
    first, last = days_of(day, precision, name)
    return (_years(first) + _years(last)) / 2


def _years(day: datetime.date) -> float:
    return day.toordinal() / DAYS_PER_YEAR


def _day(years: float) -> datetime.date:
    return datetime.date.fromordinal(round(years * DAYS_PER_YEAR))
