"""The rows of a frame, one by one, and what a cell of theirs says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """Go through the rows of a frame, whose cells are attributes."""
    yield from frame.itertuples(index=False)


def known(value: Any) -> float | None:
    """Return the number in a cell, None where it is missing.

    Examples
    --------
    >>> known(3), known(float("nan"))
    (3.0, None)
    """
    return None if value is None or pd.isna(value) else float(value)


def unit_of(unit: str, currency: str) -> str:
    """Return the unit of an estimate: that of money is its currency.

    Examples
    --------
    >>> unit_of("FLOP", ""), unit_of("currency", "USD")
    ('FLOP', 'USD')
    """
    return currency if unit == "currency" else unit
