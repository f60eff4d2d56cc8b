"""Lags between dates of which only the day, the month or the year is known: as intervals."""

from __future__ import annotations

import calendar
import datetime
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.frames import Frame, firsts, nullable, stated_first, unwrap, with_group, wrap
from diffdata.errors import InvalidInputError

# Mean length of a month of the Gregorian calendar, by which lags in days become lags in months.
DAYS_PER_MONTH = 365.2425 / 12


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
    names = {side: f"_{prefix}_{side}" for side in ("start", "end")}
    dated = _with_days(_with_days(frame, start, names["start"]), end, names["end"])
    with_days = dated.with_columns(
        (nw.col(f"{names['end']}_first") - nw.col(f"{names['start']}_last")).alias(low),
        (nw.col(f"{names['end']}_last") - nw.col(f"{names['start']}_first")).alias(high),
    ).drop(*(f"{name}_{which}" for name in names.values() for which in ("first", "last")))
    with_months = with_days.with_columns(
        (nw.col(low) / DAYS_PER_MONTH).alias(f"{prefix}_months_low"),
        (nw.col(high) / DAYS_PER_MONTH).alias(f"{prefix}_months_high"),
    )
    return nullable(with_months, low, high)


def within(
    frame: Frame, column: str, since: datetime.date | None, until: datetime.date | None
) -> Frame:
    """Keep the rows whose date lies between two days, whatever day it may mean."""
    if since is None and until is None:
        return frame
    dated = _with_days(frame, column, "_within")
    if since is not None:
        dated = dated.filter(nw.col("_within_first") >= since.toordinal())
    if until is not None:
        dated = dated.filter(nw.col("_within_last") <= until.toordinal())
    return dated.drop("_within_first", "_within_last")


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
    least = nw.col("_rank").min()
    in_year = with_group(dated, ["model_id", "_year"], _in_year=least)
    in_month = with_group(in_year, ["model_id", "_year", "_month"], _in_month=least)
    finest = in_month.with_columns(
        _finest=nw.when(nw.col("_rank") == 2)
        .then(nw.col("_in_year"))
        .otherwise(nw.col("_in_month"))
    ).filter(nw.col("_rank") == nw.col("_finest"))
    ordered = finest.with_columns(_inferred=stated_first())
    first = firsts(ordered, ["model_id"], ["date", "_rank", "_inferred", *tie_breakers])
    return first.select(names)


def _bounds(date: datetime.date, precision: str, argument: str) -> tuple[int, int]:
    year, month = date.year, date.month
    if precision == "day":
        return date.toordinal(), date.toordinal()
    if precision == "month":
        days = calendar.monthrange(year, month)[1]
        first = datetime.date(year, month, 1).toordinal()
        return first, first + days - 1
    if precision == "year":
        return datetime.date(year, 1, 1).toordinal(), datetime.date(year, 12, 31).toordinal()
    raise InvalidInputError(f"{argument}: expected day, month or year, found {precision!r}")


def _with_days(frame: Frame, column: str, name: str) -> Frame:
    """Add the first and the last day that a date may mean, as ``NAME_first`` and ``NAME_last``.

    Days are counted as `datetime.date.toordinal` does, with arithmetic that every engine has (the
    proleptic Gregorian calendar; Reingold and Dershowitz, Calendrical Calculations, chapter 2). It
    goes step by step through columns: engines write out an expression wherever it is used, and what
    is nested grows to hundreds of kilobytes.
    """
    date, precision = nw.col(column), nw.col(f"{column}_precision")
    year, month, day, leap, before = (
        f"{name}_{part}" for part in ("year", "month", "day", "leap", "before")
    )
    parts = {
        # As wide integers (engines give eight bits, or floats).
        year: date.dt.year().fill_null(1).cast(nw.Int64()),
        month: date.dt.month().fill_null(1).cast(nw.Int64()),
        day: date.dt.day().fill_null(1).cast(nw.Int64()),
    }
    y, m, one, none = nw.col(year), nw.col(month), nw.lit(1), nw.lit(0)
    of_four, of_hundred, of_four_hundred = (_whole(y, n) * n == y for n in (4, 100, 400))
    is_leap = (of_four & ~of_hundred) | of_four_hundred
    past = y - 1
    steps = frame.with_columns(**parts).with_columns(
        nw.when(is_leap).then(one).otherwise(none).cast(nw.Int64()).alias(leap),
        (365 * past + _whole(past, 4) - _whole(past, 100) + _whole(past, 400)).alias(before),
    )
    # By convention a date known to the month or year is its first day (rule datePrecision).
    first = nw.col(before) + _days_before(m, leap) + nw.col(day)
    last = nw.coalesce(
        nw.when(precision == "month").then(nw.col(before) + _days_before(m + 1, leap)),
        nw.when(precision == "year").then(nw.col(before) + 365 + nw.col(leap)),
        first,
    )
    given = ~date.is_null()
    return steps.with_columns(
        nw.when(given).then(first).alias(f"{name}_first"),
        nw.when(given).then(last).alias(f"{name}_last"),
    ).drop(*parts, leap, before)


def _days_before(month: nw.Expr, leap: str) -> nw.Expr:
    """Count the days of a year before a month; a thirteenth month begins with the next year."""
    short = nw.when(month <= 2).then(nw.lit(0)).otherwise(nw.col(leap) - 2)
    return _whole(367 * month - 362, 12) + short.cast(nw.Int64())


def _whole(number: nw.Expr, divisor: int) -> nw.Expr:
    """Return how often a divisor goes into a number from 0 up, without a rest.

    Whole division is guarded against zeros and signs by Narwhals, which makes it long. Half a unit
    keeps the float from falling below a whole number that it should be.
    """
    return ((number + 0.5) * (1 / divisor)).floor().cast(nw.Int64())
