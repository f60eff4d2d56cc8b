"""What formulas take, the lengths of times, and the checks of arguments that are plain numbers."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from diffdata.errors import InvalidInputError

# A number, an uncertain quantity or a Narwhals expression; one formula may mix them.
Amount: TypeAlias = Any

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365.25
HOURS_PER_YEAR = 24 * DAYS_PER_YEAR


def check_positive(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is not above 0 and finite."""
    for name, value in arguments.items():
        if isinstance(value, int | float) and not 0 < value < math.inf:
            raise InvalidInputError(f"{name}: expected a finite number above 0, found {value}")


def check_not_negative(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is below 0 or not finite."""
    for name, value in arguments.items():
        if isinstance(value, int | float) and not 0 <= value < math.inf:
            raise InvalidInputError(f"{name}: expected a finite number from 0 up, found {value}")


def check_finite(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is NaN or infinite."""
    for name, value in arguments.items():
        if isinstance(value, int | float) and not math.isfinite(value):
            raise InvalidInputError(f"{name}: expected a finite number, found {value}")


def check_share(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is not above 0 and at most 1."""
    for name, value in arguments.items():
        if isinstance(value, int | float) and not 0 < value <= 1:
            raise InvalidInputError(f"{name}: expected above 0 and at most 1, found {value}")


def check_below_one(**arguments: Amount) -> None:
    """Raise InvalidInputError for the first plain number that is below 0 or not below 1."""
    for name, value in arguments.items():
        if isinstance(value, int | float) and not 0 <= value < 1:
            raise InvalidInputError(f"{name}: expected from 0 up and below 1, found {value}")
