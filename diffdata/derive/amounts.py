"""What formulas take, the lengths of times, and the checks of arguments that are plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from diffdata.errors import InvalidInputError

# A number, an uncertain quantity or a Narwhals expression; one formula may mix them.
Amount: TypeAlias = Any

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365.25
HOURS_PER_YEAR = 24 * DAYS_PER_YEAR


def check_positive(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is not above 0 and finite."""
    _check(arguments, lambda value: 0 < value < math.inf, "a finite number above 0")


def check_not_negative(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is below 0 or not finite."""
    _check(arguments, lambda value: 0 <= value < math.inf, "a finite number from 0 up")


def check_finite(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is NaN or infinite."""
    _check(arguments, math.isfinite, "a finite number")


def check_share(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is not above 0 and at most 1."""
    _check(arguments, lambda value: 0 < value <= 1, "above 0 and at most 1")


def check_below_one(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is below 0 or not below 1."""
    _check(arguments, lambda value: 0 <= value < 1, "from 0 up and below 1")


def _check(arguments: dict[str, Amount], fits: Callable[[float], bool], expected: str) -> None:
    for name, value in arguments.items():
        if isinstance(value, int | float) and not fits(value):
            raise InvalidInputError(f"{name}: expected {expected}, found {value}")
