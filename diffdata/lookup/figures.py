"""Figures as people read them: 3.14e23, $12M (5-33), 2020-12, 187 to 217."""

from __future__ import annotations

from typing import Any

import pandas as pd

ACCESS = {
    "open": "open",
    "on_request": "on request",
    "api_only": "API only",
    "partial": "partial",
    "none": "none",
}


def plain(name: Any) -> str:
    """Write an identifier of a vocabulary as words.

    Examples
    --------
    >>> plain("incremental_research")
    'incremental research'
    """
    return "" if pd.isna(name) else str(name).replace("_", " ")


def date(day: Any, precision: Any) -> str:
    """Write a date as far as it is known.

    Examples
    --------
    >>> date(pd.Timestamp("2020-12-01"), "month")
    '2020-12'
    """
    if pd.isna(day):
        return ""
    known = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[precision]
    return str(day.strftime(known))


def number(value: Any) -> str:
    """Write a figure with three digits, the whole thousands in full.

    Examples
    --------
    >>> number(25.0), number(25000.0), number(3.14e23), number(175e9), number(3.82e-17)
    ('25', '25,000', '3.14e23', '1.75e11', '3.82e-17')
    """
    if pd.isna(value):
        return ""
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.3g}".replace("e+", "e")


def money(value: Any, low: Any = None, high: Any = None) -> str:
    """Write US dollars shortly, the bounds in the unit of the value.

    Examples
    --------
    >>> money(12e6, 5e6, 33e6), money(160e3)
    ('$12M (5-33)', '$160K')
    """
    if pd.isna(value):
        return ""
    units = ((1e9, "B"), (1e6, "M"), (1e3, "K"), (1, ""))
    factor, suffix = next(unit for unit in units if value >= unit[0] or unit[0] == 1)
    bounds = "" if pd.isna(low) else f" ({number(low / factor)}-{number(high / factor)})"
    return f"${number(value / factor)}{suffix}{bounds}"


def span(low: Any, high: Any, style: str) -> str:
    """Write a range, or the one value if both ends look the same.

    Examples
    --------
    >>> span(187, 217, ",.0f"), span(704, 704, ",.0f")
    ('187 to 217', '704')
    """
    if pd.isna(low):
        return ""
    first, last = format(low, style), format(high, style)
    return first if first == last else f"{first} to {last}"
