"""Which group reached a level first, and how long after it another one reached it.

A level is a score, the value of an index or an amount of compute; groups are models with closed and
with open weights, countries, or any others. A model reaches a level on its date if it is at least
as high. The first of a group to do so, of which dates may overlap, lies between the least of their
first days and the least of their last days. Lags are intervals, because dates have a precision.
"""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import days_of, with_lag
from diffdata.derive.frames import (
    Frame,
    group_columns,
    make_dated,
    require,
    rows,
    sorted_groups,
    unwrap,
    wrap,
)
from diffdata.derive.trends import leading
from diffdata.errors import InvalidInputError
from diffdata.uncertainty.quantity import check_whole

__all__ = ["nth_lag", "threshold_lag"]

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


@dataclass(frozen=True)
class _Entry:
    """Something that a model, or an organization, reached on a day known with a precision."""

    name: str
    level: float  # negative where less is better
    first: int
    last: int
    precision: str | None

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
    as_of: datetime.date | None = None,
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
        have the same first models are one pair and count once.
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
    if best not in ("highest", "lowest"):
        raise InvalidInputError(f"best: expected 'highest' or 'lowest', found {best!r}")
    sign = 1 if best == "highest" else -1
    frame, names = wrap(scores), group_columns(by, _PAIR)
    entries, last = _entries(frame, [*names, group], model, score, date, sign)
    day = as_of.toordinal() if as_of else last
    found: list[dict[str, Any]] = []
    sets: dict[tuple[Any, ...], dict[Any, list[_Entry]]] = defaultdict(dict)
    for group_key, listed in entries.items():
        *key, of = group_key
        if of in (leader, follower):
            sets[tuple(key)][of] = [entry for entry in listed if entry.first <= day]
    for names_of, groups in sorted_groups(sets).items():
        leaders, followers = groups.get(leader, []), groups.get(follower, [])
        if thresholds is None:
            levels = _records(leaders) if view != "follower" else set()
            if view != "leader":
                levels |= _records(followers)
        else:
            levels = {sign * float(level) for level in thresholds}
        pairs: dict[tuple[str | None, str | None], dict[str, Any]] = {}
        for level in sorted(levels, reverse=True):
            one, other = _first(leaders, level), _first(followers, level)
            if one is None and other is None:
                continue
            pair = (one.entry.name if one else None, other.entry.name if other else None)
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


def nth_lag(
    figures: IntoFrameT,
    *,
    n: int,
    thresholds: Sequence[float],
    member: str = "organization_id",
    value: str = "value",
    date: str = "date",
    as_of: datetime.date | None = None,
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
    day = as_of.toordinal() if as_of else last
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


def _entries(
    frame: Frame, keys: Sequence[str], name: str, level: str, date: str, sign: int
) -> tuple[dict[tuple[Any, ...], list[_Entry]], int]:
    """Return the entries by their keys, and the last day that is spoken of."""
    there = require(frame, "scores", [*keys, name, level, date])
    precision = f"{date}_precision"
    known = nw.col(precision) if precision in there else nw.lit("day")
    selected = frame.select(
        *(nw.col(key).alias(f"_key{place}") for place, key in enumerate(keys)),
        _name=nw.col(name), _level=nw.col(level).cast(nw.Float64()), _date=nw.col(date),
        _precision=known,
    )  # fmt: skip
    found: dict[tuple[Any, ...], list[_Entry]] = defaultdict(list)
    last = 0
    for *key, who, value, day, precise in rows(selected):
        if who is None or value is None or day is None or (key and key[-1] is None):
            continue
        if not math.isfinite(value):
            raise InvalidInputError(f"{level}: expected finite numbers, found {value}")
        first, latest = days_of(day, precise, precision)
        last = max(last, first.toordinal())
        entry = _Entry(
            str(who), sign * value, first.toordinal(), latest.toordinal(), precise or "day"
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
    """Return rows with lags as a frame of the library of another, with dates of its type."""
    import pyarrow as pa

    types = dict.fromkeys(("members", "n", "_low", "_high"), pa.int64())
    types |= dict.fromkeys(("threshold", "threshold_from"), pa.float64())
    types |= {name: pa.date32() for name in columns if name.endswith("_date") or name == "as_of"}
    arrays = {}
    for name in (*keys, *columns):
        cells = [row[name] for row in found]
        inferred = name in keys and any(cell is not None for cell in cells)
        arrays[name] = pa.array(cells, None if inferred else types.get(name, pa.string()))
    return with_lag(make_dated(pa.table(arrays), like, like.collect_schema()[date]))
