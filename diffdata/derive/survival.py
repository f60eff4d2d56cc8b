"""How long things take when not all have happened: survival curves and medians of censored times.

A row is a time that is known exactly (both bounds are equal), within an interval, from below only
(right-censored: it had not happened by then) or from above only (left-censored). Without intervals
the curve is that of Kaplan and Meier (1958), computed by statsmodels; with them it is the
nonparametric maximum likelihood estimate of Turnbull (1976), which contains the former. Standard
errors are Greenwood's. For intervals they take the shares that the estimate gives to each time as
counts, as ``survfit(..., robust = FALSE)`` of R's package survival does: because the shares are
estimated, the errors are somewhat too small.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narwhals.typing import IntoFrameT

from diffdata.derive.formula import documented
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
from diffdata.uncertainty.distributions import deviations

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]
    Indices = np.ndarray[Any, np.dtype[np.intp]]

__all__ = ["median_time", "survival_curve"]

CONF_TYPES = ("log", "log-log", "plain", "logit", "arcsin")
_TOLERANCE = 1e-8
_CURVE = (
    "time", "time_low", "time_high", "at_risk", "events", "censored", "survival", "std_error",
    "survival_low", "survival_high",
)  # fmt: skip
_MEDIAN = ("median", "median_low", "median_high")


@dataclass(frozen=True)
class _Curve:
    """A survival curve at each time of an event or of censoring."""

    time: Array
    low: Array
    high: Array
    at_risk: Array
    events: Array
    censored: Array
    survival: Array
    error: Array  # standard error of the survival


@documented
def survival_curve(
    lags: IntoFrameT,
    by: str | Sequence[str] | None = None,
    *,
    low: str = "lag_days_low",
    high: str = "lag_days_high",
    level: float = 0.9,
    conf_type: str = "log",
    closed: str = "both",
    negative: str = "error",
) -> IntoFrameT:
    """Return the share for which something has not happened yet, by the time that has passed.

    Rows where both bounds are missing, of which nothing is known, are left out. The method is
    Kaplan and Meier's or, where there are intervals or left-censored rows, Turnbull's. Turnbull's
    tells how much happens within an interval of times, not when within it: as in R, the step is at
    the middle of the interval (at its end, for times that are known from above only).

    Returns: One row for each group and time of an event or of censoring, in their order: the
    columns of `by`, time, time_low and time_high (the interval of the step), at_risk, events and
    censored (numbers of rows; for intervals the expected ones), survival (the share after that
    time), std_error, and survival_low and survival_high (its pointwise confidence interval; missing
    where it is not defined, as where nothing is left).

    >>> import pandas as pd
    >>> lags = pd.DataFrame({"lag_days_low": [1, 4, 187, 970], "lag_days_high": [1, 4, 217, None]})
    >>> survival_curve(lags)[["time", "time_low", "time_high", "survival"]].values.tolist()[2]
    [202.0, 187.0, 217.0, 0.25]
    """
    conf_type, z = _interval(conf_type, level)
    frame = wrap(lags)
    groups, names = _groups(frame, by, low, high, negative, _CURVE)
    found: dict[str, list[Any]] = {name: [] for name in names}
    columns: dict[str, list[float]] = {name: [] for name in _CURVE}
    for group, bounds in groups.items():
        curve = _fit(bounds, closed)
        lower, upper = _band(curve, conf_type, z)
        values = (
            curve.time, curve.low, curve.high, curve.at_risk, curve.events, curve.censored,
            curve.survival, curve.error, lower, upper,
        )  # fmt: skip
        for name, value in zip(names, group, strict=True):
            found[name] += [value] * len(curve.time)
        for name, array in zip(_CURVE, values, strict=True):
            columns[name] += array.tolist()
    return unwrap(from_columns(found, columns, frame), like=lags)


@documented
def median_time(
    lags: IntoFrameT,
    by: str | Sequence[str] | None = None,
    *,
    low: str = "lag_days_low",
    high: str = "lag_days_high",
    level: float = 0.9,
    conf_type: str = "log",
    closed: str = "both",
    negative: str = "error",
) -> IntoFrameT:
    """Return the time after which something has happened for half, as in `survival_curve`.

    As in R's quantile of a survival curve, the bounds are the times at which the confidence
    interval of the curve crosses one half, and where the curve is flat at one half the middle of
    the flat counts, up to the last time where it ends so (for which R prints its beginning).

    Returns: One row for each group, in their order: the columns of `by`, rows (number of those of
    which anything is known), events (of these, those for which it has happened), and median,
    median_low and median_high, missing where one half is not reached.

    >>> import pandas as pd
    >>> lags = pd.DataFrame({"lag_days_low": [1, 4, 187, 970], "lag_days_high": [1, 4, 217, None]})
    >>> median_time(lags)[["rows", "events", "median"]].values.tolist()
    [[4.0, 3.0, 103.0]]
    """
    conf_type, z = _interval(conf_type, level)
    frame = wrap(lags)
    groups, names = _groups(frame, by, low, high, negative, ("rows", "events", *_MEDIAN))
    found: dict[str, list[Any]] = {name: [] for name in (*names, "rows", "events")}
    columns: dict[str, list[float]] = {name: [] for name in _MEDIAN}
    for group, bounds in groups.items():
        curve = _fit(bounds, closed)
        lower, upper = _band(curve, conf_type, z)
        reached = sum(math.isfinite(most) for _, most in bounds)
        for name, value in zip(found, (*group, len(bounds), reached), strict=True):
            found[name].append(value)
        for name, limit in zip(_MEDIAN, (curve.survival, lower, upper), strict=True):
            columns[name].append(_crossing(curve, limit))
    return unwrap(from_columns(found, columns, frame), like=lags)


def _interval(conf_type: str, level: float) -> tuple[str, float]:
    """Return the checked type of the confidence interval, and how many errors wide it is."""
    if conf_type not in CONF_TYPES:
        raise InvalidInputError(f"conf_type: expected one of {CONF_TYPES}, found {conf_type!r}")
    return conf_type, deviations(level)


def _groups(
    frame: Frame,
    by: str | Sequence[str] | None,
    low: str,
    high: str,
    negative: str,
    results: Sequence[str],
) -> tuple[dict[tuple[Any, ...], list[tuple[float, float]]], list[str]]:
    """Return the bounds of each group, without end where they are missing, and what groups them."""
    if negative not in ("error", "zero"):
        raise InvalidInputError(f"negative: expected 'error' or 'zero', found {negative!r}")
    names = group_columns(by, results)
    require(frame, "lags", (*names, low, high))
    groups: dict[tuple[Any, ...], list[tuple[float, float]]] = defaultdict(list)
    below = 0
    selected = frame.select(*names, _low=low, _high=high)
    for *group, least_given, most_given in rows(selected):
        least = number_in(least_given, "lags", low)
        most = number_in(most_given, "lags", high)
        least = -math.inf if least is None else least
        most = math.inf if most is None else most
        if least > most:
            raise InvalidInputError(f"lags: expected {low} up to {high}, found {least} and {most}")
        if -math.inf < least < 0 or most < 0:
            below += 1
            least, most = max(least, 0.0), max(most, 0.0)
        bounds = groups[tuple(group)]
        if not (math.isinf(least) and math.isinf(most)):
            bounds.append((least, most))
    if below and negative == "error":
        raise InvalidInputError(
            f"lags: expected times from 0 up, found {below} that are or may be below 0; leave them "
            "out (see the column lag_negative), or pass negative='zero' to count what came before "
            "the start as 0"
        )
    return {key: sorted(rows) for key, rows in sorted_groups(groups).items() if rows}, names


def _fit(bounds: Sequence[tuple[float, float]], closed: str) -> _Curve:
    """Return the curve of some times."""
    if closed not in ("both", "right"):
        raise InvalidInputError(f"closed: expected 'both' or 'right', found {closed!r}")
    import numpy as np

    least, most = np.array(bounds).T
    lost = np.sort(least[np.isinf(most)])
    if np.isinf(most[least != most]).all():
        survfunc = optional_library("statsmodels.duration.survfunc")
        fit = survfunc.SurvfuncRight(least, (least == most).astype(int))
        steps, low, high, events = fit.surv_times, fit.surv_times, fit.surv_times, fit.n_events
        survival, error = fit.surv_prob, fit.surv_prob_se
    else:
        steps, low, high, events, shares = _turnbull(least, most, closed)
        survival = 1 - np.cumsum(shares)
        at_risk = np.cumsum(events[::-1])[::-1] + (lost >= steps[:, None]).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = survival * np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
    # The error is not defined where nothing is left.
    survival = np.where(survival < _TOLERANCE, 0, survival)
    error = np.where(survival > 0, error, np.nan)
    time = np.unique(np.concatenate([steps, lost]))
    at = np.searchsorted(time, steps)
    first, last, of_time, censored = time.copy(), time.copy(), 0 * time, 0 * time
    first[at], last[at], of_time[at] = low, high, events
    np.add.at(censored, np.searchsorted(time, lost), 1)
    latest = np.searchsorted(steps, time, side="right")
    return _Curve(
        time, first, last,
        at_risk=np.cumsum((of_time + censored)[::-1])[::-1],
        events=of_time,
        censored=censored,
        survival=np.concatenate([[1.0], survival])[latest],
        error=np.concatenate([[0.0], error])[latest],
    )  # fmt: skip


def _turnbull(least: Array, most: Array, closed: str) -> tuple[Array, ...]:
    """Return the steps of Turnbull's estimate: time, interval and expected number of events."""
    import numpy as np

    exact, lost = least == most, np.isinf(most)
    # The mass is on the intervals from a left end to a right one with no other end between them.
    # At one time, closed left ends come first, then right ends, then open left ends, as in R.
    opens = np.where(exact | (closed == "both") & ~lost, 0, 2)
    ends = np.concatenate([least, most])
    kinds = np.concatenate([opens, np.full(len(most), 1)])
    order = np.lexsort([kinds, ends])
    ends, kinds = ends[order], kinds[order]
    start = np.flatnonzero((kinds[:-1] != 1) & (kinds[1:] == 1))
    low, high = ends[start], ends[start + 1]
    # Each row covers those within its own interval: from one of them up to another.
    at_closed = np.isin(least, low[kinds[start] == 0])
    begin = np.searchsorted(low, least) + ((opens == 2) & at_closed)
    end = np.searchsorted(high, most, side="right")
    share = np.full(len(low), 1 / len(low))
    for _ in range(100_000):
        one = _reestimated(share, begin, end)
        two = _reestimated(one, begin, end)
        change = np.abs(one - share).max()
        share = _extrapolated(share, one, two, begin, end)
        if change < _TOLERANCE / 100:
            break
    # Without the rows that only have a lower bound, which are still at risk.
    events = len(least) * _reestimated(share, begin, end, ~lost)
    happens = events > _TOLERANCE * len(least)
    low, high, events, share = low[happens], high[happens], events[happens], share[happens]
    # Of what is known from above only, the end is the one time that is stated.
    time = np.where(np.isinf(low), high, (low + high) / 2)
    return time, np.where(np.isinf(low), 0, low), high, events, share


def _chances(share: Array, begin: Indices, end: Indices) -> Array:
    """Return the share of the intervals that each row covers."""
    import numpy as np

    total = np.concatenate([[0.0], np.cumsum(share)])
    chances: Array = total[end] - total[begin]
    return chances


def _reestimated(share: Array, begin: Indices, end: Indices, weights: Any = 1.0) -> Array:
    """Return the shares after one step of Turnbull's self-consistency, which is one of EM."""
    import numpy as np

    each = weights / _chances(share, begin, end) / len(begin)
    size = len(share) + 1
    gain = np.bincount(begin, each, size) - np.bincount(end, each, size)
    shares: Array = share * np.cumsum(gain)[:-1]
    return shares.clip(0)


def _extrapolated(share: Array, one: Array, two: Array, begin: Indices, end: Indices) -> Array:
    """Return the shares that two steps lead to, or more likely ones further on (SQUAREM).

    Source: Varadhan and Roland 2008, Scandinavian Journal of Statistics 35, scheme S3.
    """
    import numpy as np

    step, bend = one - share, two - 2 * one + share
    if not (curvature := np.linalg.norm(bend)):
        return two
    length = -np.linalg.norm(step) / curvature
    further = share - 2 * length * step + length**2 * bend
    if (further < 0).any() or (_chances(further, begin, end) < _TOLERANCE).any():
        return two
    further = _reestimated(further / further.sum(), begin, end)
    found, expected = (np.log(_chances(each, begin, end)).sum() for each in (further, two))
    return further if found >= expected else two


def _band(curve: _Curve, conf_type: str, z: float) -> tuple[Array, Array]:
    """Return the pointwise confidence limits of a curve, as R's survfit has them."""
    import numpy as np

    survival, inside = curve.survival, (curve.survival > 0) & (curve.survival < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = z * curve.error / survival  # of the logarithm
        log = np.log(survival)
        if conf_type == "plain":
            low, high = survival * (1 - error), survival * (1 + error)
        elif conf_type == "log":
            low, high = survival * np.exp(-error), survival * np.exp(error)
        elif conf_type == "log-log":
            low, high = (np.exp(log * np.exp(sign * error / log)) for sign in (-1, 1))
            low, high = (np.where(inside, limit, np.nan) for limit in (low, high))
        elif conf_type == "logit":
            odds = survival / (1 - survival)
            low, high = (1 - 1 / (1 + odds * np.exp(sign * error * (1 + odds))) for sign in (-1, 1))
        else:
            angle, width = (
                np.arcsin(np.sqrt(survival)),
                error / 2 * np.sqrt(survival / (1 - survival)),
            )
            low = np.sin(np.maximum(angle - width, 0)) ** 2
            high = np.sin(np.minimum(angle + width, np.pi / 2)) ** 2
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _crossing(curve: _Curve, limit: Array) -> float:
    """Return when a limit of a curve falls to one half, not a number if it does not."""
    import numpy as np

    given = ~np.isnan(limit)
    time, limit = curve.time[given], limit[given]
    reached = np.flatnonzero(limit <= 0.5 + _TOLERANCE)
    if not len(reached):
        return math.nan
    first = reached[0]
    if limit[first] < 0.5 - _TOLERANCE:
        return float(time[first])
    below = np.flatnonzero(limit < 0.5 - _TOLERANCE)
    return float(time[first] + (time[below[0]] if len(below) else curve.time[-1])) / 2
