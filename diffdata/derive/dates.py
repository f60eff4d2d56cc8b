"""Lags between dates of which only the day, the month or the year is known: as intervals."""

from __future__ import annotations

import datetime
from typing import Any, TypeVar

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.frames import Frame, firsts, nullable, stated_first, unwrap, wrap
from diffdata.errors import InvalidInputError

# Mean length of a month of the Gregorian calendar, by which lags in days become lags in months.
DAYS_PER_MONTH = 365.2425 / 12

_Number = TypeVar("_Number", int, nw.Expr)


def lag_days(
    start: datetime.date,
    end: datetime.date,
    *,
    start_precision: str = "day",
    end_precision: str = "day",
) -> tuple[int, int]:
    """Return the least and the greatest number of days from `start` to `end`.

    Parameters
    ----------
    start, end
        The dates; one known to the month or year is given by any day of it.
    start_precision, end_precision
        ``day``, ``month`` or ``year``.

    Raises
    ------
    InvalidInputError
        If a precision is none of the three.

    Examples
    --------
    From the paper on GPT-3 to the paper on OPT-175B, and to Gopher, whose month alone is known:

    >>> from datetime import date
    >>> lag_days(date(2020, 5, 28), date(2022, 5, 2))
    (704, 704)
    >>> lag_days(date(2020, 5, 28), date(2020, 12, 1), end_precision="month")
    (187, 217)
    """
    first_start, last_start = _bounds(start, start_precision, "start_precision")
    first_end, last_end = _bounds(end, end_precision, "end_precision")
    return first_end - last_start, last_end - first_start


def add_lag(frame: IntoFrameT, *, start: str, end: str, prefix: str = "lag") -> IntoFrameT:
    """Add the lag between two dated columns, as intervals in days and in months.

    Parameters
    ----------
    frame
        A frame with the date columns `start` and `end`, each with its precision in a column of
        the same name and ``_precision``.
    start, end
        The names of the two date columns.
    prefix
        The new columns are ``{prefix}_days_low``, ``{prefix}_days_high`` (whole days) and
        ``{prefix}_months_low``, ``{prefix}_months_high`` (days / 30.436875).

    Returns
    -------
    frame
        The frame with four columns more, missing where a date is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": pd.to_datetime(["2020-05-28"]), "a_precision": ["day"],
    ...                       "b": pd.to_datetime(["2022-05-01"]), "b_precision": ["month"]})
    >>> add_lag(frame, start="a", end="b")[["lag_days_low", "lag_days_high"]].values.tolist()
    [[703, 733]]
    """
    return unwrap(with_lag(wrap(frame), start, end, prefix), like=frame)


def with_lag(frame: Any, start: str, end: str, prefix: str = "lag") -> Any:
    """Do what `add_lag` does, on a Narwhals frame."""
    low, high = f"{prefix}_days_low", f"{prefix}_days_high"
    # Step by step, for engines that would write out each day wherever it is used.
    days = {
        f"_{prefix}_{side}_{name}": day(column)
        for name, column in (("start", start), ("end", end))
        for side, day in (("first", _first_day), ("last", _last_day))
    }
    with_days = (
        frame.with_columns(**days)
        .with_columns(
            (nw.col(f"_{prefix}_first_end") - nw.col(f"_{prefix}_last_start")).alias(low),
            (nw.col(f"_{prefix}_last_end") - nw.col(f"_{prefix}_first_start")).alias(high),
        )
        .drop(*days)
    )
    with_months = with_days.with_columns(
        (nw.col(low) / DAYS_PER_MONTH).alias(f"{prefix}_months_low"),
        (nw.col(high) / DAYS_PER_MONTH).alias(f"{prefix}_months_high"),
    )
    return nullable(with_months, low, high)


def between(
    column: str, since: datetime.date | None, until: datetime.date | None
) -> tuple[nw.Expr, ...]:
    """Return conditions that a dated column lies between two days, whatever day it may mean."""
    conditions = []
    if since is not None:
        conditions.append(_first_day(column) >= _day_number(since.year, since.month, since.day))
    if until is not None:
        conditions.append(_last_day(column) <= _day_number(until.year, until.month, until.day))
    return tuple(conditions)


def first_dates(dates: Frame, *tie_breakers: str) -> Frame:
    """Keep the earliest row of each model, of those with the same date one that is stated.

    A date known to the month or year gives way to a more precise one in that month or year.
    """
    precision, names = nw.col("date_precision"), dates.collect_schema().names()
    month = nw.when(precision == "month").then(nw.lit(1)).otherwise(nw.lit(0))
    dated = dates.filter(~nw.col("date").is_null()).with_columns(
        _year=nw.col("date").dt.year(),
        _month=nw.col("date").dt.month(),
        _rank=nw.when(precision == "year").then(nw.lit(2)).otherwise(month),
    )
    in_year = nw.col("_rank").min().over("model_id", "_year")
    in_month = nw.col("_rank").min().over("model_id", "_year", "_month")
    finest = (
        dated.with_columns(_in_year=in_year, _in_month=in_month)
        .with_columns(
            _finest=nw.when(nw.col("_rank") == 2)
            .then(nw.col("_in_year"))
            .otherwise(nw.col("_in_month"))
        )
        .filter(nw.col("_rank") == nw.col("_finest"))
    )
    ordered = finest.with_columns(_inferred=stated_first())
    first = firsts(ordered, ["model_id"], ["date", "_rank", "_inferred", *tie_breakers])
    return first.select(names)


def _bounds(date: datetime.date, precision: str, argument: str) -> tuple[int, int]:
    year, month = date.year, date.month
    if precision == "day":
        day = _day_number(year, month, date.day)
        return day, day
    if precision == "month":
        return _day_number(year, month, 1), _last_day_of_month(year, month)
    if precision == "year":
        return _day_number(year, 1, 1), _day_number(year + 1, 1, 1) - 1
    raise InvalidInputError(f"{argument}: expected day, month or year, found {precision!r}")


def _first_day(column: str) -> nw.Expr:
    # By convention a date known to the month or year is its first day (rule datePrecision).
    return _where_dated(column, _day_number(*_parts(column)))


def _last_day(column: str) -> nw.Expr:
    year, month, day = _parts(column)
    precision = nw.col(f"{column}_precision")
    in_month = nw.when(precision == "month").then(_last_day_of_month(year, month))
    in_year = nw.when(precision == "year").then(_day_number(year + 1, month, day) - 1)
    return _where_dated(column, nw.coalesce(in_month, in_year, _day_number(year, month, day)))


def _parts(column: str) -> tuple[nw.Expr, nw.Expr, nw.Expr]:
    """Return year, month and day as wide integers (engines give eight bits, or floats)."""
    date = nw.col(column).dt
    year, month, day = (
        part.fill_null(1).cast(nw.Int64()) for part in (date.year(), date.month(), date.day())
    )
    return year, month, day


def _where_dated(column: str, days: nw.Expr) -> nw.Expr:
    return nw.when(~nw.col(column).is_null()).then(days)


def _last_day_of_month(year: _Number, month: _Number) -> _Number:
    return _day_number(year, month + 1, 1) - 1  # a thirteenth month is January


def _day_number(year: _Number, month: _Number, day: _Number | int) -> _Number:
    """Count days from a fixed day, with whole-number arithmetic that every engine has.

    Source: the Julian day number of a Gregorian date (Fliegel and Van Flandern 1968,
    doi:10.1145/364096.364097), here for integers and for columns alike.
    """
    shift = _whole(14 - month, 12)  # 1 in January and February, which end the year before
    years, months = year + 4800 - shift, month + 12 * shift - 3
    leap_days = _whole(years, 4) - _whole(years, 100) + _whole(years, 400)
    return 365 * years + leap_days + _whole(153 * months + 2, 5) + day


def _whole(number: _Number, divisor: int) -> _Number:
    """Return how often a divisor goes into a number from 0 up, without a rest.

    Whole division of columns is guarded against zeros and signs by Narwhals, and as the expression
    is nested, so are the guards: SQL of hundreds of kilobytes. Half a unit keeps the float from
    falling below a whole number that it should be.
    """
    if isinstance(number, nw.Expr):
        return ((number + 0.5) * (1 / divisor)).floor().cast(nw.Int64())
    return number // divisor
