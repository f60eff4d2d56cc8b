"""Rows and figures as people read them.

Examples
--------
>>> date(pd.Timestamp("2020-12-01"), "month"), plain("incremental_research")
('2020-12', 'incremental research')
>>> number(25.0), number(25000.0), number(3.14e23), number(3.82e-17), number(None)
('25', '25,000', '3.14e23', '3.82e-17', '')
>>> money(12e6, 5e6, 33e6), money(160e3), span(187, 217, ",.0f"), span(704, 704, ",.0f")
('$12M (5-33)', '$160K', '187 to 217', '704')
>>> figure_text({"value": 12e6, "low": 5e6, "high": 33e6, "unit": "currency", "currency": "USD"})
'1.2e+07 (5e+06 to 3.3e+07) USD'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd

from diffdata.errors import InvalidInputError, UnknownNameError

ACCESS_LABELS = {
    "open": "open", "on_request": "on request", "api_only": "API only", "partial": "partial",
    "none": "none",
}  # fmt: skip

_CONDITION = re.compile(r"(\w+)\s*(!=|<=|>=|=|<|>|~)\s*(.*)", re.S)
_COMPARISONS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}

_COUNTED_UNITS = ("day", "hour", "month", "week", "year")
_DATE_FORMATS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a frame, with their cells as attributes."""
    yield from frame.itertuples(index=False)


def rows_where(frame: pd.DataFrame, **equal: Any) -> pd.DataFrame:
    """Return the rows of a frame in which the columns have the given values."""
    for column, value in equal.items():
        frame = frame[(frame[column] == value).fillna(False)]
    return frame


def rows_that_meet(
    frame: pd.DataFrame, conditions: Iterable[str], read: Callable[[str, str], Any]
) -> pd.DataFrame:
    """Return the rows of a frame that meet all conditions, such as ``value>=1e25``.

    A condition is a column, one of ``= != < <= > >= ~`` and a value. ``~`` looks for a text, and
    ``=`` without a value for missing cells; otherwise `read` returns the value from the column and
    the text (InvalidInputError or UnknownNameError if a condition cannot be read).

    >>> frame = pd.DataFrame({"name": ["GPT-3", "OPT-175B"], "chips": [10_000.0, 992.0]})
    >>> rows_that_meet(frame, ["chips < 1e3", "name~opt"], lambda _, text: float(text))
           name  chips
    1  OPT-175B  992.0
    """
    for condition in conditions:
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise InvalidInputError(
                f"condition {condition!r}: expected COLUMN=VALUE, such as model_id=gpt-3"
            )
        column, symbol, text = found.groups()
        if column not in frame.columns:
            raise UnknownNameError("column", column, frame.columns)
        cells = frame[column]
        if symbol == "~":
            matches = cells.astype("string").str.contains(text, case=False, regex=False)
        elif text == "" and symbol in ("=", "!="):
            matches = cells.isna() if symbol == "=" else cells.notna()
        else:
            matches = getattr(cells, _COMPARISONS[symbol])(read(column, text))
        frame = frame[matches.fillna(False)]
    return frame


def number_or_none(cell: Any) -> float | None:
    """Return the number in a cell, None where it is missing."""
    return None if pd.isna(cell) else float(cell)


def unit_of(unit: str, currency: str) -> str:
    """Return the unit of an estimate; for money this is its currency."""
    return currency if unit == "currency" else unit


def subject_of(row: Any) -> str:
    """Return the id of what a row of ``estimates`` is about."""
    kinds = (
        "model", "artifact", "event", "comparison", "scenario", "counterfactual", "technique",
    )  # fmt: skip
    names = (row[f"{kind}_id"] for kind in kinds)
    return next(name for name in names if isinstance(name, str))


def figure_text(row: Any) -> str:
    """Write the figure of a row of ``estimates``, with its bounds and its unit."""
    text, *bounds = (
        f"{row[name]:g}" if pd.notna(row[name]) else "" for name in ("value", "low", "high")
    )
    if any(bounds):
        text = f"{text} ({' to '.join(bounds)})".strip()
    unit = unit_of(row["unit"], row["currency"])
    return f"{text} {unit}" if unit != "1" else text


def plain(name: Any) -> str:
    """Write an identifier of a vocabulary as words."""
    return "" if pd.isna(name) else str(name).replace("_", " ")


def date(day: Any, precision: Any) -> str:
    """Write a date to its precision, ``day``, ``month`` or ``year``."""
    return "" if pd.isna(day) else str(day.strftime(_DATE_FORMATS[precision]))


def number(value: Any) -> str:
    """Write a number with three digits, or as an integer from a thousand to a million."""
    if pd.isna(value):
        return ""
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.3g}".replace("e+", "e")


def money(value: Any, low: Any = None, high: Any = None) -> str:
    """Write US dollars in B, M or K, with the bounds in the same unit."""
    if pd.isna(value):
        return ""
    units = ((1e9, "B"), (1e6, "M"), (1e3, "K"))
    factor, suffix = next((unit for unit in units if value >= unit[0]), (1, ""))
    bounds = "" if pd.isna(low) else f" ({number(low / factor)}-{number(high / factor)})"
    return f"${number(value / factor)}{suffix}{bounds}"


def human(value: float, unit: str = "1", *, bare: bool = False) -> str:
    """Write a number as people read it, with its unit, or `bare`, as a bound after such a number.

    >>> human(12e6, "USD"), human(5e6, "USD", bare=True), human(3e5, "EUR")
    ('$12M', '5M', '300K EUR')
    >>> human(3.14e23, "FLOP"), human(1.746e11), human(34, "day"), human(1, "day")
    ('3.14e23 FLOP', '1.75e11', '34 days', '1 day')
    """
    if re.fullmatch("[A-Z]{3}", unit):
        text = money(value).removeprefix("$")
        return text if bare else f"${text}" if unit == "USD" else f"{text} {unit}"
    text = number(value)
    if bare or unit in ("", "1"):
        return text
    plural = "s" if unit in _COUNTED_UNITS and value != 1 else ""
    return f"{text} {unit}{plural}"


def span(low: Any, high: Any, style: str) -> str:
    """Write a range, or one value if both ends look the same."""
    if pd.isna(low):
        return ""
    first, last = format(low, style), format(high, style)
    return first if first == last else f"{first} to {last}"
