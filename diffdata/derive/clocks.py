"""Which group reached a level first, and how long after it another one reached it.

A level is a score, the value of an index or an amount of compute; groups are models with closed and
with open weights, countries, or any others. A model reaches a level on its date if it is at least
as high. The first of a group to do so, of which dates may overlap, lies between the least of their
first days and the least of their last days. Lags are intervals, because dates have a precision.

A reference that has many followers at many levels has many lags, which are not independent of each
other: `median_lag` resamples what they share. `frontier_gap` looks back from a day instead, and
`lowest_prices` follows the price at which a level can be had.
"""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import check_date, days_of, given_day, with_lag
from diffdata.derive.frames import (
    Frame,
    from_columns,
    group_columns,
    make_dated,
    naming_tables,
    number_in,
    require,
    rows,
    sorted_groups,
    unwrap,
    wrap,
)
from diffdata.derive.trends import leading
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.uncertainty.quantity import check_level, check_whole

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["frontier_gap", "lowest_prices", "median_lag", "nth_lag", "threshold_lag"]

VIEWS = ("leader", "follower", "both")
_PARTS = ("", "_date", "_date_precision")
_PAIR = (
    "threshold", "threshold_from", "status",
    *(f"leader{part}" for part in _PARTS), *(f"follower{part}" for part in _PARTS),
    "leader_candidates", "follower_candidates", "as_of", "_low", "_high",
)  # fmt: skip
_NTH = (
    "threshold", "members", "n", "status",
    *(f"first{part}" for part in _PARTS), *(f"nth{part}" for part in _PARTS),
    "as_of", "_low", "_high",
)  # fmt: skip


_GAP = (
    "day", "follower", "follower_score", "leader", "leader_score", "leader_date", "gap_days",
)  # fmt: skip
_PRICES = ("threshold", "model", "date", "date_precision", "price", "level")
_MEDIAN = ("median", "median_low", "median_high")
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class _Entry:
    """Something that a model, or an organization, reached on a day known with a precision."""

    name: str
    level: float  # negative where less is better
    first: int
    last: int
    precision: str | None
    price: float | None = None

    @property
    def middle(self) -> float:
        return (self.first + self.last) / 2

    @property
    def order(self) -> tuple[Any, ...]:
        return self.first, self.last, -self.level, self.name


@dataclass(frozen=True)
class _Reached:
    """The first of a group to reach a level: the days on which that was, and who may be it."""

    entry: _Entry
    first: int
    last: int
    candidates: tuple[str, ...]


@naming_tables
def threshold_lag(
    scores: IntoFrameT,
    by: str | Sequence[str] | None = None,
    *,
    leader: str,
    follower: str,
    group: str = "group",
    model: str = "model_id",
    score: str = "score",
    date: str = "date",
    thresholds: Sequence[float] | None = None,
    view: str = "leader",
    best: str = "highest",
    as_of: datetime.date | str | None = None,
) -> IntoFrameT:
    """Return how long after the first of one group another group reached the same levels.

    Parameters
    ----------
    scores
        One row for each report of a level: the columns `model`, `score`, `date` (with its precision
        in ``NAME_precision``, where that column is there), `group` and those of `by`. Of several
        reports on a model each counts from its own date. Rows without a score, a date or a group
        are left out; a model of both groups has a row in each.
    by : the columns, such as the benchmark, within which levels are compared
    leader, follower : the names of the two groups
    group, model, score, date : the names of the columns
    thresholds
        The levels; by default those of the records, of whom `view` says. Consecutive levels that
        have the same first models on the same days are one pair and count once.
    view
        ``leader``: the levels of each model that was the best of the leading group when it came, so
        that a level which the others never reached is seen; ``follower``: the levels of each model
        that was the best of the following group; ``both``: all of these.
    best : ``highest`` or ``lowest``, if less is better, as of perplexity
    as_of
        What came later is ignored, and what is missing on this day is censored; by default the last
        day that the dates speak of

    Returns
    -------
    frame
        One row for each pair, the easiest level first: the columns of `by`, threshold (the best
        level of the pair), threshold_from (its least), status (``reached``; ``not_reached``: no
        follower reached it, so that the lag is longer than its lower end; ``not_led``: no leader
        did, so that the lag is below its upper end), leader, leader_date, leader_date_precision,
        follower, follower_date, follower_date_precision, leader_candidates and
        follower_candidates (all that may be the first, separated by ``; ``), as_of, and the lag as
        in `add_lag`, below zero if the follower came first.

    Raises
    ------
    InvalidInputError
        If a column is missing, a score is not a finite number, or an argument is not allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({
    ...     "model_id": ["a", "b", "c", "d"], "score": [50, 70, 60, 90],
    ...     "date": pd.to_datetime(["2023-03-14", "2024-03-04", "2024-04-18", "2024-09-12"]),
    ...     "group": ["closed", "closed", "open", "closed"]})
    >>> lags = threshold_lag(scores, leader="closed", follower="open")
    >>> lags[["threshold", "status", "leader", "lag_days_low", "lag_days_high"]].values.tolist()[:2]
    [[50.0, 'reached', 'a', 401, 401], [70.0, 'not_reached', 'b', 192, <NA>]]
    """
    if view not in VIEWS:
        raise InvalidInputError(f"view: expected one of {VIEWS}, found {view!r}")
    sign = _sign(best)
    frame, names = wrap(scores), group_columns(by, _PAIR)
    entries, last = _entries(frame, [*names, group], model, score, date, sign)
    day = given_day(as_of, "as_of").toordinal() if as_of else last
    found: list[dict[str, Any]] = []
    sets = _groups_of(entries, (leader, follower), day)
    for names_of, groups in sorted_groups(sets).items():
        leaders, followers = groups.get(leader, []), groups.get(follower, [])
        if thresholds is None:
            levels = _records(leaders) if view != "follower" else set()
            if view != "leader":
                levels |= _records(followers)
        else:
            levels = {sign * float(level) for level in thresholds}
        pairs: dict[tuple[Any, ...], dict[str, Any]] = {}
        for level in sorted(levels, reverse=True):
            one, other = _first(leaders, level), _first(followers, level)
            if one is None and other is None:
                continue
            # By their days too: a model may have reached a lower level earlier.
            pair = tuple(r and (r.entry.name, r.first, r.last) for r in (one, other))
            if pair in pairs:
                pairs[pair]["threshold_from"] = sign * level
                continue
            pairs[pair] = {
                **dict(zip(names, names_of, strict=True)),
                "threshold": sign * level, "threshold_from": sign * level,
                **_lag("leader", one, "follower", other, day),
            }  # fmt: skip
        found += reversed(pairs.values())
    return unwrap(_framed(found, _PAIR, names, frame, date), like=scores)


@naming_tables
def nth_lag(
    figures: IntoFrameT,
    *,
    n: int,
    thresholds: Sequence[float],
    member: str = "organization_id",
    value: str = "value",
    date: str = "date",
    as_of: datetime.date | str | None = None,
) -> IntoFrameT:
    """Return how long after the first organization, or country, the n-th one reached a level.

    Parameters
    ----------
    figures : one row for each model and member that has it: `member`, `value`, and `date` with its
        precision in ``NAME_precision``, where that column is there; incomplete rows are left out
    n : from 2 up
    thresholds : the levels, in the unit of `value`
    member, value, date : the names of the columns
    as_of : what came later is ignored; by default the last day that the dates speak of

    Returns
    -------
    frame
        One row for each level: threshold, members (how many had reached it), n, status
        (``reached`` or ``not_reached``), first and nth (members, by their earliest possible day),
        first_date and nth_date with precisions, as_of, and the lag as in `add_lag`. A level that
        nobody reached has status ``not_stated`` and no lag.

    Examples
    --------
    >>> import pandas as pd
    >>> figures = pd.DataFrame({"organization_id": ["a", "b", "a"], "value": [2e25, 3e25, 5e25],
    ...                         "date": pd.to_datetime(["2023-03-14", "2023-12-06", "2024-05-13"])})
    >>> nth_lag(figures, n=2, thresholds=[1e25])[["members", "nth", "lag_days_low"]].values.tolist()
    [[2, 'b', 267]]
    """
    check_whole(n, "n", 2)
    frame = wrap(figures)
    entries, last = _entries(frame, [], member, value, date, 1)
    day = given_day(as_of, "as_of").toordinal() if as_of else last
    listed = [entry for entry in entries.get((), []) if entry.first <= day]
    found = []
    for threshold in sorted(map(float, thresholds)):
        own: dict[str, list[_Entry]] = defaultdict(list)
        for entry in listed:
            if entry.level >= threshold:
                own[entry.name].append(entry)
        members = sorted(
            (min(entries, key=lambda entry: entry.order) for entries in own.values()),
            key=lambda entry: entry.order,
        )
        firsts = sorted(min(entry.first for entry in entries) for entries in own.values())
        lasts = sorted(min(entry.last for entry in entries) for entries in own.values())
        spans = [
            _Reached(entry, first, latest, ())
            for entry, first, latest in zip(members, firsts, lasts, strict=True)
        ]
        one, nth = spans[0] if spans else None, spans[n - 1] if len(spans) >= n else None
        lag = _lag("first", one, "nth", nth, day)
        found.append({"threshold": threshold, "members": len(members), "n": n, **lag})
    return unwrap(_framed(found, _NTH, [], frame, date), like=figures)


@naming_tables
def frontier_gap(
    scores: IntoFrameT,
    by: str | Sequence[str] | None = None,
    *,
    leader: str,
    follower: str,
    group: str = "group",
    model: str = "model_id",
    score: str = "score",
    date: str = "date",
    days: Sequence[datetime.date | str] | datetime.date | str | None = None,
    margin: float = 0.0,
    best: str = "highest",
) -> IntoFrameT:
    """Return by how much time the best model of one group is behind another group on a day.

    That is the time since the leading group first had a model that is better than the best that the
    following group has on the day, and 0 while it has none. It looks back from a day, so that
    nothing is censored; `threshold_lag` looks forward from what the leader reached. The definition
    is that of Epoch AI's "Open models lag state-of-the-art closed models by 4 months" (29 May 2026,
    https://epoch.ai/data-insights/open-closed-eci-gap), with a margin in place of its test of
    significance.

    Parameters
    ----------
    scores : as for `threshold_lag`; a date known to the month or year counts as its middle
    by : the columns, such as the benchmark, within which scores are compared
    leader, follower : the names of the two groups
    group, model, score, date : the names of the columns
    days : one day or several, by default the last one that the dates speak of
    margin : by how much a score must be exceeded at least, so that noise is not taken for a lead
    best : ``highest`` or ``lowest``, if less is better, as of perplexity

    Returns
    -------
    frame
        One row for each group of `by` and day on which both groups had a model: the columns of
        `by`, day, follower and follower_score (the best of the following group; of equal ones the
        first), leader, leader_score and leader_date (the first that was better, missing if none
        was) and gap_days.

    Raises
    ------
    InvalidInputError
        If a column is missing, a score is not a finite number, or an argument is not allowed.

    Examples
    --------
    >>> import datetime, pandas as pd
    >>> scores = pd.DataFrame({
    ...     "model_id": ["a", "b", "c", "d"], "score": [50, 70, 60, 90],
    ...     "date": pd.to_datetime(["2023-03-14", "2024-03-04", "2024-04-18", "2024-09-12"]),
    ...     "group": ["closed", "closed", "open", "closed"]})
    >>> gap = frontier_gap(scores, leader="closed", follower="open",
    ...                    days=[datetime.date(2024, 4, 18), datetime.date(2024, 12, 31)])
    >>> gap[["follower", "leader", "gap_days"]].values.tolist()
    [['c', 'b', 45.0], ['c', 'b', 302.0]]
    """
    sign = _sign(best)
    if not 0 <= margin < math.inf:
        raise InvalidInputError(f"margin: expected a finite number from 0 up, found {margin}")
    frame, names = wrap(scores), group_columns(by, _GAP)
    entries, last = _entries(frame, [*names, group], model, score, date, sign)
    if days is None:
        days = datetime.date.fromordinal(max(last, 1))
    several = [days] if isinstance(days, str | datetime.date) else days
    chosen = sorted({given_day(day, "days") for day in several})
    sets = _groups_of(entries, (leader, follower))
    found: list[dict[str, Any]] = []
    for key, groups in sorted_groups(sets).items():
        for day in chosen:
            on = day.toordinal()
            leaders, followers = (
                [entry for entry in groups.get(name, []) if entry.middle <= on]
                for name in (leader, follower)
            )
            if not leaders or not followers:
                continue
            one = min(followers, key=lambda entry: (-entry.level, entry.order))
            better = [entry for entry in leaders if entry.level > one.level + margin]
            first = min(better, key=lambda entry: (entry.middle, entry.order), default=None)
            found.append({
                **dict(zip(names, key, strict=True)), "day": day,
                "follower": one.name, "follower_score": sign * one.level,
                "leader": first and first.name, "leader_score": first and sign * first.level,
                "leader_date": first and datetime.date.fromordinal(round(first.middle)),
                "gap_days": on - first.middle if first else 0.0,
            })  # fmt: skip
    return unwrap(_table(found, _GAP, names, frame, date), like=scores)


@naming_tables
def lowest_prices(
    offers: IntoFrameT,
    by: str | Sequence[str] | None = None,
    *,
    level: str = "score",
    price: str = "price",
    model: str = "model_id",
    date: str = "date",
    thresholds: Sequence[float] | None = None,
    as_of: datetime.date | str | None = None,
) -> IntoFrameT:
    """Return each fall of the lowest price at which a level could be had.

    Levels are scores of models and prices those of their use, or levels are compute and prices what
    the training cost. As in Epoch AI's "LLM inference prices have fallen rapidly but unequally
    across tasks" (12 March 2025, https://epoch.ai/data-insights/llm-inference-price-trends), the
    cheapest model that is at least as good counts; `growth_rate` of the result, by the threshold,
    is the trend of the price.

    Parameters
    ----------
    offers
        One row for each offer: the columns `model`, `level`, `price`, `date` (with its precision in
        ``NAME_precision``, where that column is there) and those of `by`. Incomplete rows are left
        out, and a price must be above 0. An offer counts from its date on; that a price rises later
        is ignored.
    by : the columns, such as the benchmark, within which levels are compared
    level, price, model, date : the names of the columns
    thresholds : the levels; by default those of the models that were the best when they came
    as_of : what came later is ignored; by default the last day that the dates speak of

    Returns
    -------
    frame
        One row for each threshold and fall of its price, in their order: the columns of `by`,
        threshold, model, date, date_precision, price and level (of the model). Offers of one day
        count together, and a date that is known to the month counts as the middle of it.

    Raises
    ------
    InvalidInputError
        If a column is missing, or a level or price is not allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> offers = pd.DataFrame({
    ...     "model_id": ["a", "b", "c"], "score": [86.0, 82.0, 88.0], "price": [37.5, 0.26, 4.4],
    ...     "date": pd.to_datetime(["2023-03-14", "2024-07-18", "2024-08-06"])})
    >>> lowest_prices(offers, thresholds=[80, 85])[["threshold", "model", "price"]].values.tolist()
    [[80.0, 'a', 37.5], [80.0, 'b', 0.26], [85.0, 'a', 37.5], [85.0, 'c', 4.4]]
    """
    frame, names = wrap(offers), group_columns(by, _PRICES)
    entries, last = _entries(frame, names, model, level, date, 1, price)
    day = given_day(as_of, "as_of").toordinal() if as_of else last
    found: list[dict[str, Any]] = []
    for key, listed in sorted_groups(entries).items():
        there = [entry for entry in listed if entry.first <= day]
        levels = _records(there) if thresholds is None else set(map(float, thresholds))
        ordered = sorted(there, key=lambda entry: (entry.middle, entry.price, entry.name))
        for threshold in sorted(levels):
            least = math.inf
            for entry in ordered:
                if entry.level >= threshold and entry.price is not None and entry.price < least:
                    least = entry.price
                    found.append({
                        **dict(zip(names, key, strict=True)), "threshold": threshold,
                        "model": entry.name, "date": datetime.date.fromordinal(entry.first),
                        "date_precision": entry.precision, "price": least, "level": entry.level,
                    })  # fmt: skip
    return unwrap(_table(found, _PRICES, names, frame, date), like=offers)


@naming_tables
def median_lag(
    lags: IntoFrameT,
    by: str | Sequence[str] | None = None,
    *,
    cluster: str | None = None,
    low: str = "lag_days_low",
    high: str = "lag_days_high",
    level: float = 0.9,
    draws: int = 1000,
    seed: int = 0,
) -> IntoFrameT:
    """Return the median of lags that may be negative and censored, from resampled clusters.

    The median is that of Kaplan and Meier's curve (1958), which `median_time` has too, of times
    that may be below zero: a follower that came first. The lags of one benchmark share its models,
    so that they are not independent; the interval is that of the percentiles of resamples of whole
    clusters (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8).

    Parameters
    ----------
    lags
        One row for each lag, with the columns of `by`, `low` and `high`. An interval counts as its
        middle; a lag without an upper end is censored; one without a lower end counts as its upper
        end, which it does not exceed; one without both is left out.
    by : the column or columns that name the groups; by default all rows are one
    cluster
        The column of what is resampled, such as the benchmark; by default each row is by itself, as
        it is in groups of one cluster
    low, high : the names of the columns
    level : the probability of the interval
    draws, seed : the number of resamples, and the seed

    Returns
    -------
    frame
        One row for each group, in their order: the columns of `by`, rows, censored, and median,
        median_low and median_high, missing where one half is not reached.

    Raises
    ------
    InvalidInputError
        If a column is missing, or an argument is not allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> lags = pd.DataFrame({"lag_days_low": [-30, 100, 120, 200, 50],
    ...                      "lag_days_high": [-30, 100, 140, None, None]})
    >>> median_lag(lags)[["rows", "censored", "median", "median_low"]].values.tolist()
    [[5.0, 2.0, 130.0, -30.0]]
    """
    import numpy as np

    check_level(level)
    check_whole(draws, "draws", 1)
    check_whole(seed, "seed", 0)
    frame = wrap(lags)
    names = group_columns(by, ("rows", "censored", *_MEDIAN))
    require(frame, "lags", [*names, low, high, *([cluster] if cluster else [])])
    shared = nw.col(cluster) if cluster else nw.lit(0)
    groups: dict[tuple[Any, ...], list[tuple[float, bool, Any]]] = defaultdict(list)
    for *group, least_given, most_given, of in rows(
        frame.select(*names, _low=low, _high=high, _cluster=shared)
    ):
        least, most = number_in(least_given, "lags", low), number_in(most_given, "lags", high)
        if least is not None and most is not None and least > most:
            raise InvalidInputError(f"lags: expected {low} up to {high}, found {least} and {most}")
        if most is not None:
            groups[tuple(group)].append((most if least is None else (least + most) / 2, True, of))
        elif least is not None:
            groups[tuple(group)].append((least, False, of))
    found: dict[str, list[Any]] = {name: [] for name in (*names, "rows", "censored")}
    columns: dict[str, list[float]] = {name: [] for name in _MEDIAN}
    for key, listed in sorted_groups(groups).items():
        # At one time, what happened comes before what was censored.
        listed.sort(key=lambda lag: (lag[0], not lag[1], str(lag[2])))
        times = np.array([time for time, *_ in listed])
        happened = np.array([event for _, event, _ in listed])
        _, member = np.unique([str(of) for *_, of in listed], return_inverse=True)
        if member.max() == 0:
            member = np.arange(len(listed))
        size = int(member.max()) + 1
        generator = np.random.default_rng(seed)
        drawn = generator.multinomial(size, np.full(size, 1 / size), draws)[:, member]
        (median,) = _medians(times, happened, np.ones((1, len(listed))))
        # Medians that are not reached are infinite, so that percentiles are not interpolated.
        ordered = np.sort(_medians(times, happened, drawn.astype(float)))
        below = max(1, math.ceil((0.5 - level / 2) * draws))
        ends = (ordered[below - 1], ordered[draws - below]) if size > 1 else (math.nan, math.nan)
        for name, cell in zip(found, (*key, len(listed), int((~happened).sum())), strict=True):
            found[name].append(cell)
        for name, value in zip(_MEDIAN, (median, *ends), strict=True):
            columns[name].append(float(value) if math.isfinite(value) else math.nan)
    return unwrap(from_columns(found, columns, frame), like=lags)


def _medians(times: Array, happened: Any, weights: Array) -> Array:
    """Return Kaplan and Meier's median for each row of weights, infinite where it is not reached.

    Times are in their order, at one time what happened first. As in R, the middle counts where the
    curve is flat at one half.
    """
    import numpy as np

    at_risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(happened & (weights > 0), 1 - weights / at_risk, 1.0)
    survival = np.cumprod(kept, axis=1)
    at_most, below = survival <= 0.5 + _TOLERANCE, survival < 0.5 - _TOLERANCE
    first, second = times[at_most.argmax(axis=1)], times[below.argmax(axis=1)]
    last = times[(np.arange(len(times)) * (weights > 0)).argmax(axis=1)]
    flat_end = np.where(below.any(axis=1), second, last)
    found: Array = np.where(at_most.any(axis=1), (first + flat_end) / 2, np.inf)
    return found


def _sign(best: str) -> int:
    if best not in ("highest", "lowest"):
        raise InvalidInputError(f"best: expected 'highest' or 'lowest', found {best!r}")
    return 1 if best == "highest" else -1


def _groups_of(
    entries: dict[tuple[Any, ...], list[_Entry]], wanted: Sequence[str], until: float = math.inf
) -> dict[tuple[Any, ...], dict[Any, list[_Entry]]]:
    """Return the entries until a day by their keys, of which the last is the group."""
    leader, follower = wanted
    if leader == follower:
        raise InvalidInputError(f"leader, follower: expected two groups, found {leader!r} twice")
    there = {key[-1] for key in entries}
    for name in wanted:
        # A group may have no members; if there are others, the name is more likely a wrong one.
        if name not in there and there - {*wanted}:
            raise UnknownNameError("group", name, map(str, there))
    sets: dict[tuple[Any, ...], dict[Any, list[_Entry]]] = defaultdict(dict)
    for (*key, of), listed in entries.items():
        if of in wanted:
            sets[tuple(key)][of] = [entry for entry in listed if entry.first <= until]
    return sets


def _entries(
    frame: Frame,
    keys: Sequence[str],
    name: str,
    level: str,
    date: str,
    sign: int,
    price: str | None = None,
) -> tuple[dict[tuple[Any, ...], list[_Entry]], int]:
    """Return the entries by their keys, and the last day that is spoken of."""
    there = require(
        frame, "offers" if price else "scores",
        [*keys, name, level, date, *([price] if price else [])],
    )  # fmt: skip
    precision = f"{date}_precision"
    known = nw.col(precision) if precision in there else nw.lit("day")
    selected = frame.select(
        *(nw.col(key).alias(f"_key{place}") for place, key in enumerate(keys)),
        _name=nw.col(name), _level=nw.col(level).cast(nw.Float64()), _date=nw.col(date),
        _precision=known, _price=nw.col(price) if price else nw.lit(0.0),
    )  # fmt: skip
    found: dict[tuple[Any, ...], list[_Entry]] = defaultdict(list)
    last = 0
    for *key, who, value, day, precise, paid in rows(selected):
        cost = number_in(paid, "offers", price) if price else None
        if who is None or value is None or day is None or (key and key[-1] is None):
            continue
        if price and cost is None:
            continue
        if cost is not None and not 0 < cost < math.inf:
            raise InvalidInputError(f"{price}: expected finite numbers above 0, found {cost}")
        if not math.isfinite(value):
            raise InvalidInputError(f"{level}: expected finite numbers, found {value}")
        check_date(day, f"column {date!r}")
        first, latest = days_of(day, precise, precision)
        last = max(last, first.toordinal())
        entry = _Entry(
            str(who), sign * value, first.toordinal(), latest.toordinal(), precise or "day", cost
        )
        found[tuple(key)].append(entry)
    return found, last


def _first(entries: Sequence[_Entry], level: float) -> _Reached | None:
    """Return the first entry that is at least as high as a level."""
    reaching = [entry for entry in entries if entry.level >= level]
    if not reaching:
        return None
    first, last = min(e.first for e in reaching), min(e.last for e in reaching)
    candidates = sorted({entry.name for entry in reaching if entry.first <= last})
    return _Reached(min(reaching, key=lambda e: e.order), first, last, tuple(candidates))


def _records(entries: Sequence[_Entry]) -> set[float]:
    """Return the levels of the entries that were the best when they came."""
    times = [(entry.first, entry.last) for entry in entries]
    levels = [entry.level for entry in entries]
    return {levels[place] for place in leading(times, levels, 1)}


def _lag(
    name: str, one: _Reached | None, other_name: str, other: _Reached | None, day: int
) -> dict[str, Any]:
    """Return what is known of the lag from one event to another, in columns of their names."""
    low = high = None
    status = "not_stated"
    if one and other:
        status = "reached"
        low, high = other.first - one.last, other.last - one.first
    elif one:
        status, low = "not_reached", max(0, day - one.last)
    elif other:
        status, high = "not_led", min(0, other.last - day)
    found: dict[str, Any] = {"status": status}
    for who, reached in ((name, one), (other_name, other)):
        entry = reached and reached.entry
        found |= {
            who: entry and entry.name,
            f"{who}_date": entry and datetime.date.fromordinal(entry.first),
            f"{who}_date_precision": entry and entry.precision,
            f"{who}_candidates": reached and "; ".join(reached.candidates),
        }
    return found | {"as_of": datetime.date.fromordinal(max(day, 1)), "_low": low, "_high": high}


def _framed(
    found: list[dict[str, Any]], columns: Sequence[str], keys: Sequence[str], like: Frame, date: str
) -> Frame:
    """Return rows with lags as `_table` does, with the columns of `add_lag`."""
    return with_lag(_table(found, columns, keys, like, date))


def _table(
    found: list[dict[str, Any]], columns: Sequence[str], keys: Sequence[str], like: Frame, date: str
) -> Frame:
    """Return rows as a frame of the library of another, with dates of its type."""
    import pyarrow as pa

    types = dict.fromkeys(("members", "n", "_low", "_high"), pa.int64())
    types |= dict.fromkeys(
        ("threshold", "threshold_from", "follower_score", "leader_score", "gap_days", "price",
         "level"), pa.float64(),
    )  # fmt: skip
    dates = ("as_of", "day", "date")
    types |= {name: pa.date32() for name in columns if name.endswith("_date") or name in dates}
    arrays = {}
    for name in (*keys, *columns):
        cells = [row[name] for row in found]
        inferred = name in keys and any(cell is not None for cell in cells)
        arrays[name] = pa.array(cells, None if inferred else types.get(name, pa.string()))
    return make_dated(pa.table(arrays), like, like.collect_schema()[date])
