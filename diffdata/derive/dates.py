"""Lags between dates that are precise to the day, the month or the year: as intervals.

A date that is precise to the month or year is any day of it, whichever day it is given by. A date
without a stated precision is precise to the day.
"""

from __future__ import annotations

import calendar
import datetime

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.frames import (
    Frame,
    choose,
    nullable,
    rows,
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
    start_precision: str | None = "day",
    end_precision: str | None = "day",
) -> tuple[int, int]:
    """Return the least and the greatest number of days from `start` to `end`.

    Parameters
    ----------
    start, end : the dates; one that is precise to the month or year is given by any day of it
    start_precision, end_precision
        ``day``, ``month`` or ``year``; None is ``day``, and all else raises InvalidInputError

    Examples
    --------
    >>> GPT_3, GOPHER = datetime.date(2020, 5, 28), datetime.date(2020, 12, 1)
    >>> lag_days(GPT_3, GOPHER, end_precision="month")
    (187, 217)
    """
    first_start, last_start = days_of(start, start_precision, "start_precision")
    first_end, last_end = days_of(end, end_precision, "end_precision")
    return (first_end - last_start).days, (last_end - first_start).days


def given_day(day: datetime.date | str, name: str) -> datetime.date:
    """Return a date of the arguments, without a time; a text is one like 2024-06-01."""
    try:
        found = datetime.date.fromisoformat(day) if isinstance(day, str) else day
        return datetime.date(found.year, found.month, found.day)
    except (AttributeError, TypeError, ValueError):
        expected = "expected a date like 2024-06-01"
        raise InvalidInputError(f"{name}: {expected}, found {day!r}") from None


def check_date(date: object, place: str) -> None:
    """Raise InvalidInputError unless the cell of a column is a date."""
    if not isinstance(date, datetime.date):
        hint = "; convert the column first, as pandas.to_datetime does" * isinstance(date, str)
        raise InvalidInputError(f"{place}: expected dates, found {date!r}{hint}")


def days_of(
    date: datetime.date, precision: str | None, name: str = "precision"
) -> tuple[datetime.date, datetime.date]:
    """Return the first and the last day that a date may be."""
    check_date(date, name.removesuffix("_precision"))
    date = datetime.date(date.year, date.month, date.day)  # without the time of a datetime
    days = calendar.monthrange(date.year, date.month)[1]
    bounds = {
        "day": (date, date),
        "month": (date.replace(day=1), date.replace(day=days)),
        "year": (date.replace(month=1, day=1), date.replace(month=12, day=31)),
    }
    if not precision or precision != precision:
        precision = "day"
    if precision not in bounds:
        raise InvalidInputError(f"{name}: expected day, month or year, found {precision!r}")
    return bounds[precision]


def add_lag(frame: IntoFrameT, *, start: str, end: str, prefix: str = "lag") -> IntoFrameT:
    """Add the lag between two dated columns, as intervals in days and in months.

    Parameters
    ----------
    frame : with the date columns `start` and `end`, each with its precision in ``NAME_precision``
    start, end : the names of the two date columns
    prefix
        The new columns are ``{prefix}_days_low``, ``{prefix}_days_high`` (whole days),
        ``{prefix}_months_low``, ``{prefix}_months_high`` (days / 30.436875) and the boolean
        ``{prefix}_negative``: whether the end came before the start, missing where it may have.
        All are missing where a date is, or where a precision is not day, month, year or missing.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": pd.to_datetime(["2020-05-28"]), "a_precision": ["day"],
    ...                       "b": pd.to_datetime(["2022-05-01"]), "b_precision": ["month"]})
    >>> add_lag(frame, start="a", end="b")[["lag_days_low", "lag_days_high"]].values.tolist()
    [[703, 733]]
    """
    bounded = with_days(with_days(wrap(frame), start, "_start"), end, "_end")
    dated = bounded.with_columns(
        _low=nw.col("_end_first") - nw.col("_start_last"),
        _high=nw.col("_end_last") - nw.col("_start_first"),
    ).drop("_start_first", "_start_last", "_end_first", "_end_last")
    return unwrap(with_lag(dated, prefix), like=frame)


def with_lag(frame: Frame, prefix: str = "lag") -> Frame:
    """Replace the days ``_low`` and ``_high`` by the columns of a lag."""
    low, high, negative = f"{prefix}_days_low", f"{prefix}_days_high", f"{prefix}_negative"
    days = frame.rename({"_low": low, "_high": high})
    lags = days.with_columns(
        (nw.col(low) / DAYS_PER_MONTH).alias(f"{prefix}_months_low"),
        (nw.col(high) / DAYS_PER_MONTH).alias(f"{prefix}_months_high"),
        choose((nw.col(high) < 0, True), (nw.col(low) >= 0, False)).alias(negative),
    )
    return nullable(lags, low, high, negative)


def with_days(frame: Frame, column: str, name: str) -> Frame:
    """Add the first and the last day that a date may be, as ``NAME_first`` and ``NAME_last``.

    Days are counted as in `datetime.date.toordinal`, with arithmetic that every engine has. Each
    step is a column: engines repeat an expression wherever it is used, and nested ones would grow
    to hundreds of kilobytes.
    """
    check_dates(frame, column)
    date, precision = nw.col(column), nw.col(f"{column}_precision")
    year, month, day, of_month, leap, first = (
        nw.col(f"{name}_{part}") for part in ("year", "month", "day", "of_month", "leap", "first")
    )
    parts = {
        "year": date.dt.year(),
        "month": date.dt.month(),
        "day": date.dt.ordinal_day(),
        "of_month": date.dt.day(),
    }
    # By how many days the date comes after the first one that it may be.
    later = choose(
        (precision == "month", of_month - 1), (precision == "year", day - 1), otherwise=0
    )
    # As wide integers (engines return eight bits, or floats).
    steps = (
        frame.with_columns(
            **{
                f"{name}_{part}": value.fill_null(1).cast(nw.Int64())
                for part, value in parts.items()
            }
        )
        .with_columns((_leap_days(year) - _leap_days(year - 1)).alias(f"{name}_leap"))
        .with_columns(
            (365 * (year - 1) + _leap_days(year - 1) + day - later).alias(f"{name}_first"),
        )
    )
    in_month = choose((month == 2, leap + 28), (month.is_in([4, 6, 9, 11]), 30), otherwise=31)
    last = choose(
        (precision == "month", first + in_month - 1),
        (precision == "year", first + leap + 364),
        otherwise=first,
    )
    read = precision.is_null() | precision.is_in(["day", "month", "year"]).fill_null(False)
    given = ~date.is_null() & read
    return steps.with_columns(
        choose((given, first)).alias(f"{name}_first"), choose((given, last)).alias(f"{name}_last")
    ).drop(*(f"{name}_{part}" for part in (*parts, "leap")))


def check_dates(frame: Frame, column: str) -> None:
    """Raise InvalidInputError unless a frame has a column of dates."""
    found = frame.collect_schema().get(column)
    if found not in (nw.Date, nw.Datetime):
        raise InvalidInputError(f"{column}: expected a column of dates, found {found or 'none'}")


def first_of(dates: Frame, *tie_breakers: str) -> Frame:
    """Keep the first of several events of each model; add between which days it lies.

    These are the least of the first days and the least of the last days of all events. Of the
    events, the one that may be the earliest is kept: of several the more precise one, a stated one
    before an inferred one, and then by `tie_breakers`.
    """
    dated = with_days(dates, "date", "_day").filter(~nw.col("_day_first").is_null())
    least = {"_first": nw.col("_day_first").min(), "_last": nw.col("_day_last").min()}
    order = ["_day_first", "_day_last", "_inferred", *tie_breakers]
    ordered = with_group(dated, ["model_id"], **least).with_columns(_inferred=stated_first())
    first = ordered.unique(["model_id"], keep="first", order_by=order)
    return first.drop("_day_first", "_day_last", "_inferred")


def last_day(*columns: tuple[Frame, str]) -> datetime.date:
    """Return the last day that dates speak of: the latest of the first days that they may be."""
    days = [
        days_of(date, precision)[0]
        for frame, column in columns
        for precision, date in rows(
            frame.select(precision=f"{column}_precision", date=column)
            .filter(~nw.col("date").is_null())
            .with_columns(nw.col("precision").fill_null("day"))
            .group_by("precision")
            .agg(nw.col("date").max())
        )
    ]
    return max(days, default=datetime.date(1, 1, 1))


def of_models(dates: Frame) -> Frame:
    """Leave out dates of single names and versions, which released editions do not have."""
    if "model_variant" not in dates.collect_schema().names():
        return dates
    return dates.filter(model_variant="main")


def first_dates(dates: Frame, *tie_breakers: str) -> Frame:
    """Keep the earliest row of each model, a stated one if several have that date.

    A date that is precise to the month or year is replaced by a more precise one within it.
    """
    check_dates(dates, "date")
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


def public_dates(dates: Frame) -> Frame:
    """Return the one date on which each model was announced, and that on which it was published."""
    named = {"source_id"} & set(dates.collect_schema().names())
    return nw.concat(
        [
            first_dates(dates.filter(milestone=milestone), *named)
            for milestone in ("announced", "published")
        ]
    )


def first_public(dates: Frame) -> Frame:
    """Return the date on which each model was announced or published, whichever came first."""
    return first_of(public_dates(dates), "milestone")


def _leap_days(year: nw.Expr) -> nw.Expr:
    """Return the number of leap days up to the end of a year, of the Gregorian calendar."""
    return _whole(year, 4) - _whole(year, 100) + _whole(year, 400)


def _whole(number: nw.Expr, divisor: int) -> nw.Expr:
    """Return the quotient of a number from 0 up, rounded down.

    Narwhals guards integer division against zeros and signs, which makes expressions long. Half a
    unit keeps the float from falling below a whole number.
    """
    return ((number + 0.5) * (1 / divisor)).floor().cast(nw.Int64())
