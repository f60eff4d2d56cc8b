"""Quantities of other libraries made ours: pint, uncertainties, squigglepy."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from diffdata.errors import InvalidInputError
from diffdata.uncertainty.distributions import Lognormal, Normal, Uniform
from diffdata.uncertainty.quantity import Quantity, number

__all__ = ["from_quantity"]


def from_quantity(value: Any, unit: str = "") -> Quantity:
    """Return a quantity of pint, `uncertainties` or squigglepy, or a number, as one of ours.

    Parameters
    ----------
    value
        A quantity of pint, whose magnitude may be any of the others; a variable of
        `uncertainties`, which becomes a normal (what it has in common with others is lost); a
        normal, lognormal, uniform or constant distribution of squigglepy; or a number
    unit : the unit of the result, to which a quantity of pint is converted

    Raises
    ------
    InvalidInputError
        If it is something else, or cannot be converted to the unit.

    Examples
    --------
    >>> import pint
    >>> hours = from_quantity(pint.UnitRegistry().Quantity(2.0, "day"), "hour")
    >>> hours
    48 hour, exact
    """
    if isinstance(value, Quantity):
        return replace(value, unit=unit) if unit else value
    if hasattr(value, "magnitude") and hasattr(value, "to"):
        try:
            found = value.to(unit) if unit else value
        except (TypeError, AttributeError) as error:  # of which those of pint are kinds
            raise InvalidInputError(f"value: expected a quantity in {unit}: {error}") from None
        return from_quantity(found.magnitude, unit or f"{found.units}")
    if hasattr(value, "nominal_value") and hasattr(value, "std_dev"):
        return Normal(value.nominal_value, value.std_dev, unit=unit)
    if type(value).__module__.partition(".")[0] == "squigglepy":
        return _of_squigglepy(value, unit)
    return Normal(number(value, "value"), 0, unit=unit)


def _of_squigglepy(value: Any, unit: str) -> Quantity:
    match type(value).__name__:
        case "NormalDistribution":
            found: Quantity = Normal(float(value.mean), float(value.sd), unit=unit)
        case "LognormalDistribution":
            found = Lognormal(float(value.norm_mean), float(value.norm_sd), unit=unit)
        case "UniformDistribution":
            found = Uniform(float(value.x), float(value.y), unit=unit)
        case "ConstantDistribution":
            found = Normal(float(value.x), 0, unit=unit)
        case _:
            raise InvalidInputError(
                "value: expected a normal, lognormal, uniform or constant distribution of "
                f"squigglepy, found {value}; its draws can be fitted with from_data"
            )
    if value.lclip is None and value.rclip is None:
        return found
    low = -math.inf if value.lclip is None else value.lclip
    return found.clipped(low, math.inf if value.rclip is None else value.rclip)
