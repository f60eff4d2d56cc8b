"""Lags between dates that are precise to the day, the month or the year: as intervals."""

from __future__ import annotations

import calendar
import datetime

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.frames import (
    Frame,
    choose,
    firsts,
    nullable,
    stated_first,
    unwrap,
    with_group,
    wrap,
)
from diffdata.errors import InvalidInputError

# Mean length of a month of the Gregorian calendar, to convert lags in days to months.
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
    start, end : the dates; one that is precise to the month or year is given by any day of it
    start_precision, end_precision : ``day``, ``month`` or ``year``, else InvalidInputError

    Examples
    --------
    From the paper on GPT-3 to the paper on OPT-175B, and to Gopher, of which only the month is
    known:

    >>> from datetime import date
    >>> lag_days(date(2020, 5, 28), date(2022, 5, 2))
    (704, 704)
    >>> lag_days(date(2020, 5, 28), date(2020, 12, 1), end_precision="month")
    (187, 217)
    """
    first_start, last_start = _bounds(start, start_precision, "start_precision")
    first_end, last_end = _bounds(end, end_precision, "end_precision")
    return (first_end - last_start).days, (last_end - first_start).days


def add_lag(frame: IntoFrameT, *, start: str, end: str, prefix: str = "lag") -> IntoFrameT:
    """Add the lag between two dated columns, as intervals in days and in months.

    Parameters
    ----------
    frame
        A frame with the date columns `start` and `end`, each with its precision in a column of
        the same name and ``_precision``.
    start, end : the names of the two date columns
    prefix
        The new columns are ``{prefix}_days_low``, ``{prefix}_days_high`` (whole days) and
        ``{prefix}_months_low``, ``{prefix}_months_high`` (days / 30.436875).

    Returns
    -------
    frame
        The frame with four more columns, missing where a date is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": pd.to_datetime(["2020-05-28"]), "a_precision": ["day"],
    ...                       "b": pd.to_datetime(["2022-05-01"]), "b_precision": ["month"]})
    >>> add_lag(frame, start="a", end="b")[["lag_days_low", "lag_days_high"]].values.tolist()
    [[703, 733]]
    """
    low, high = f"{prefix}_days_low", f"{prefix}_days_high"
    first, last = f"_{prefix}_start", f"_{prefix}_end"
    dated = _with_days(_with_days(wrap(frame), start, first), end, last)
    with_days = dated.with_columns(
        (nw.col(f"{last}_first") - nw.col(f"{first}_last")).alias(low),
        (nw.col(f"{last}_last") - nw.col(f"{first}_first")).alias(high),
    ).drop(*(f"{name}_{which}" for name in (first, last) for which in ("first", "last")))
    with_months = with_days.with_columns(
        (nw.col(low) / DAYS_PER_MONTH).alias(f"{prefix}_months_low"),
        (nw.col(high) / DAYS_PER_MONTH).alias(f"{prefix}_months_high"),
    )
    return unwrap(nullable(with_months, low, high), like=frame)


def within(
    frame: Frame, column: str, since: datetime.date | None, until: datetime.date | None
) -> Frame:
    """Keep the rows whose date lies between two days, on whichever day it may be."""
    if since is None and until is None:
        return frame
    dated = _with_days(frame, column, "_within")
    if since is not None:
        dated = dated.filter(nw.col("_within_first") >= since.toordinal())
    if until is not None:
        dated = dated.filter(nw.col("_within_last") <= until.toordinal())
    return dated.drop("_within_first", "_within_last")


def first_dates(dates: Frame, *tie_breakers: str) -> Frame:
    """Keep the earliest row of each model, a stated one if several have that date.

    A date that is precise to the month or year is replaced by a more precise one within it.
    """
    precision, names = nw.col("date_precision"), dates.collect_schema().names()
    dated = dates.filter(~nw.col("date").is_null()).with_columns(
        _year=nw.col("date").dt.year(),
        _month=nw.col("date").dt.month(),
        _rank=choose((precision == "year", 2), (precision == "month", 1), otherwise=0),
    )
    least = nw.col("_rank").min()
    in_year = with_group(dated, ["model_id", "_year"], _in_year=least)
    in_month = with_group(in_year, ["model_id", "_year", "_month"], _in_month=least)
    finest = in_month.with_columns(
        _finest=choose((nw.col("_rank") == 2, nw.col("_in_year")), otherwise=nw.col("_in_month"))
    ).filter(nw.col("_rank") == nw.col("_finest"))
    ordered = finest.with_columns(_inferred=stated_first())
    first = firsts(ordered, ["model_id"], ["date", "_rank", "_inferred", *tie_breakers])
    return first.select(names)


def _bounds(
    date: datetime.date, precision: str, argument: str
) -> tuple[datetime.date, datetime.date]:
    date = datetime.date(date.year, date.month, date.day)  # without the time of a datetime
    if precision == "day":
        return date, date
    if precision == "month":
        days = calendar.monthrange(date.year, date.month)[1]
        return date.replace(day=1), date.replace(day=days)
    if precision == "year":
        return date.replace(month=1, day=1), date.replace(month=12, day=31)
    raise InvalidInputError(f"{argument}: expected day, month or year, found {precision!r}")


def _with_days(frame: Frame, column: str, name: str) -> Frame:
    """Add the first and the last day that a date may be, as ``NAME_first`` and ``NAME_last``.

    Days are counted as in `datetime.date.toordinal`, with arithmetic that every engine has (the
    proleptic Gregorian calendar; Reingold and Dershowitz, Calendrical Calculations, chapter 2).
    Each step is a column: engines repeat an expression wherever it is used, and nested ones would
    grow to hundreds of kilobytes.
    """
    date, precision = nw.col(column), nw.col(f"{column}_precision")
    year, month, day, leap, before = (
        f"{name}_{part}" for part in ("year", "month", "day", "leap", "before")
    )
    parts = {
        # As wide integers (engines return eight bits, or floats).
        part: number.fill_null(1).cast(nw.Int64())
        for part, number in ((year, date.dt.year()), (month, date.dt.month()), (day, date.dt.day()))
    }
    y, m = nw.col(year), nw.col(month)
    of_four, of_hundred, of_four_hundred = (_whole(y, n) * n == y for n in (4, 100, 400))
    is_leap = (of_four & ~of_hundred) | of_four_hundred
    past = y - 1
    steps = frame.with_columns(**parts).with_columns(
        choose((is_leap, 1), otherwise=0).cast(nw.Int64()).alias(leap),
        (365 * past + _whole(past, 4) - _whole(past, 100) + _whole(past, 400)).alias(before),
    )
    # By convention a date that is precise to the month or year is its first day (datePrecision).
    first = nw.col(before) + _days_before(m, leap) + nw.col(day)
    last = choose(
        (precision == "month", nw.col(before) + _days_before(m + 1, leap)),
        (precision == "year", nw.col(before) + 365 + nw.col(leap)),
        otherwise=first,
    )
    given = ~date.is_null()
    return steps.with_columns(
        choose((given, first)).alias(f"{name}_first"), choose((given, last)).alias(f"{name}_last")
    ).drop(*parts, leap, before)


def _days_before(month: nw.Expr, leap: str) -> nw.Expr:
    """Return the days of a year before a month; a thirteenth month begins with the next year."""
    short = choose((month <= 2, 0), otherwise=nw.col(leap) - 2)
    return _whole(367 * month - 362, 12) + short.cast(nw.Int64())


def _whole(number: nw.Expr, divisor: int) -> nw.Expr:
    """Return the quotient of a number from 0 up, rounded down.

    Narwhals guards integer division against zeros and signs, which makes expressions long. Half a
    unit keeps the float from falling below a whole number.
    """
    return ((number + 0.5) * (1 / divisor)).floor().cast(nw.Int64())
