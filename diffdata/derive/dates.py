"""Lags between dates that are precise to the day, the month or the year: as intervals."""

from __future__ import annotations

import calendar
import datetime

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.frames import (
    Frame,
    choose,
    nullable,
    stated_first,
    unwrap,
    with_group,
    wrap,
)
from diffdata.errors import InvalidInputError

__all__ = ["add_lag", "lag_days"]

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
    >>> GPT_3, GOPHER = datetime.date(2020, 5, 28), datetime.date(2020, 12, 1)
    >>> lag_days(GPT_3, GOPHER, end_precision="month")
    (187, 217)
    """
    first_start, last_start = _bounds(start, start_precision, "start_precision")
    first_end, last_end = _bounds(end, end_precision, "end_precision")
    return (first_end - last_start).days, (last_end - first_start).days


def add_lag(frame: IntoFrameT, *, start: str, end: str, prefix: str = "lag") -> IntoFrameT:
    """Add the lag between two dated columns, as intervals in days and in months.

    Parameters
    ----------
    frame : with the date columns `start` and `end`, each with its precision in ``NAME_precision``
    start, end : the names of the two date columns
    prefix
        The new columns are ``{prefix}_days_low``, ``{prefix}_days_high`` (whole days) and
        ``{prefix}_months_low``, ``{prefix}_months_high`` (days / 30.436875), missing where a date
        is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": pd.to_datetime(["2020-05-28"]), "a_precision": ["day"],
    ...                       "b": pd.to_datetime(["2022-05-01"]), "b_precision": ["month"]})
    >>> add_lag(frame, start="a", end="b")[["lag_days_low", "lag_days_high"]].values.tolist()
    [[703, 733]]
    """
    low, high = f"{prefix}_days_low", f"{prefix}_days_high"
    bounded = with_days(with_days(wrap(frame), start, "_start"), end, "_end")
    dated = bounded.with_columns(
        (nw.col("_end_first") - nw.col("_start_last")).alias(low),
        (nw.col("_end_last") - nw.col("_start_first")).alias(high),
    ).drop("_start_first", "_start_last", "_end_first", "_end_last")
    with_months = dated.with_columns(
        (nw.col(low) / DAYS_PER_MONTH).alias(f"{prefix}_months_low"),
        (nw.col(high) / DAYS_PER_MONTH).alias(f"{prefix}_months_high"),
    )
    return unwrap(nullable(with_months, low, high), like=frame)


def with_days(frame: Frame, column: str, name: str) -> Frame:
    """Add the first and the last day that a date may be, as ``NAME_first`` and ``NAME_last``.

    Days are counted as in `datetime.date.toordinal`, with arithmetic that every engine has. Each
    step is a column: engines repeat an expression wherever it is used, and nested ones would grow
    to hundreds of kilobytes.
    """
    date, precision = nw.col(column), nw.col(f"{column}_precision")
    year, month, day, leap, first = (
        nw.col(f"{name}_{part}") for part in ("year", "month", "day", "leap", "first")
    )
    parts = {"year": date.dt.year(), "month": date.dt.month(), "day": date.dt.ordinal_day()}
    # As wide integers (engines return eight bits, or floats).
    steps = frame.with_columns(
        **{f"{name}_{part}": value.fill_null(1).cast(nw.Int64()) for part, value in parts.items()}
    ).with_columns(
        (_leap_days(year) - _leap_days(year - 1)).alias(f"{name}_leap"),
        (365 * (year - 1) + _leap_days(year - 1) + day).alias(f"{name}_first"),
    )
    in_month = choose((month == 2, leap + 28), (month.is_in([4, 6, 9, 11]), 30), otherwise=31)
    # By convention a date that is precise to the month or year is its first day (datePrecision).
    last = choose(
        (precision == "month", first + in_month - 1),
        (precision == "year", first + leap + 364),
        otherwise=first,
    )
    given = ~date.is_null()
    return steps.with_columns(
        choose((given, first)).alias(f"{name}_first"), choose((given, last)).alias(f"{name}_last")
    ).drop(*(f"{name}_{part}" for part in (*parts, "leap")))


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
    order = ["date", "_rank", "_inferred", *tie_breakers]
    ordered = finest.with_columns(_inferred=stated_first())
    return ordered.unique(["model_id"], keep="first", order_by=order).select(names)


def _bounds(
    date: datetime.date, precision: str, argument: str
) -> tuple[datetime.date, datetime.date]:
    date = datetime.date(date.year, date.month, date.day)  # without the time of a datetime
    days = calendar.monthrange(date.year, date.month)[1]
    bounds = {
        "day": (date, date),
        "month": (date.replace(day=1), date.replace(day=days)),
        "year": (date.replace(month=1, day=1), date.replace(month=12, day=31)),
    }
    if precision not in bounds:
        raise InvalidInputError(f"{argument}: expected day, month or year, found {precision!r}")
    return bounds[precision]


def _leap_days(year: nw.Expr) -> nw.Expr:
    """Return the number of leap days up to the end of a year, of the Gregorian calendar."""
    return _whole(year, 4) - _whole(year, 100) + _whole(year, 400)


def _whole(number: nw.Expr, divisor: int) -> nw.Expr:
    """Return the quotient of a number from 0 up, rounded down.

    Narwhals guards integer division against zeros and signs, which makes expressions long. Half a
    unit keeps the float from falling below a whole number.
    """
    return ((number + 0.5) * (1 / divisor)).floor().cast(nw.Int64())
