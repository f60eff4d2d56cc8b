"""The rows of a frame, one by one, and what a cell of theirs says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

# The columns of estimates that name a subject.
SUBJECTS = (
    "model_id", "artifact_id", "event_id", "comparison_id", "scenario_id", "counterfactual_id",
    "technique_id",
)  # fmt: skip


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


def subject_of(row: Any) -> str:
    """Return the id of what a row of ``estimates`` is about."""
    return next(str(row[name]) for name in SUBJECTS if isinstance(row[name], str))


def figure(row: Any) -> str:
    """Write the figure of a row of ``estimates``, with its bounds and its unit.

    Examples
    --------
    >>> figure({"value": 12e6, "low": 5e6, "high": 33e6, "unit": "currency", "currency": "USD"})
    '1.2e+07 (5e+06 to 3.3e+07) USD'
    """
    text = f"{row['value']:g}" if pd.notna(row["value"]) else ""
    bounds = [f"{row[name]:g}" if pd.notna(row[name]) else "" for name in ("low", "high")]
    if any(bounds):
        text = f"{text} ({' to '.join(bounds)})".strip()
    unit = unit_of(row["unit"], row["currency"])
    return f"{text} {unit}" if unit != "1" else text
