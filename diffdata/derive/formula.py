"""How derivations are declared: what parameters mean and may be is said, and checked, in one place.

A formula takes plain numbers of any type, uncertain quantities and columns (Narwhals expressions,
or columns of pandas, Polars or NumPy), and may mix them. Its signature states the allowed range of
each plain number; one outside it raises `InvalidInputError`, which names the argument. The values
of quantities and columns are not checked.

A parameter means the same in all derivations: unless a docstring has a section "Parameters", it is
generated from `PARAMETERS` and the ranges, the source is named before it, what begins with
"Returns:" is the section "Returns", and what begins with the first prompt is "Examples".
"""

from __future__ import annotations

import functools
import inspect
import json
import math
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeAlias, TypeVar, get_type_hints

import narwhals as nw

from diffdata.derive.frames import naming_tables
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Quantity

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365.25
HOURS_PER_YEAR = 24 * DAYS_PER_YEAR

# What each parameter is, with its unit.
PARAMETERS: dict[str, str] = json.loads(
    Path(__file__).with_name("parameters.json").read_text(encoding="utf-8")
)

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Range:
    """The numbers that an argument may be."""

    expected: str
    contains: Callable[[float], bool]

    def convert(self, name: str, value: Any) -> Any:
        """Return an argument for a formula: a float in the range, a quantity or a column."""
        if isinstance(value, Quantity):
            # Of units only that of money is one of the result.
            return value if value.unit == "USD" else value._without_unit
        if hasattr(value, "magnitude") and hasattr(value, "to"):  # of pint
            value = _magnitude(name, value)
        try:
            if isinstance(value, nw.Expr | nw.Series):
                return value.cast(nw.Float64())
            found = float(value) if isinstance(value, Real | Decimal) else value * 1.0
        except (TypeError, OverflowError):
            raise InvalidInputError(f"{name}: expected {self.expected}, found {value!r}") from None
        if isinstance(found, float) and not self.contains(found):
            raise InvalidInputError(f"{name}: expected {self.expected}, found {value}")
        return found


# The units in which arguments are, as their descriptions say, in the words of pint.
_UNITS = {
    "FLOP": "FLOP", "FLOP/s": "FLOP / second", "days": "day", "hours": "hour", "kW": "kilowatt",
    "kWh": "kilowatt_hour", "usd per kWh": "USD / kilowatt_hour", "usd": "USD", "months": "month",
    "years": "year",
}  # fmt: skip
_UNIT_WORDS = re.compile(r"\bin (FLOP/s|FLOP|usd per kWh|usd|kWh|kW|days|hours|months|years)\b")


def _magnitude(name: str, value: Any) -> Any:
    """Return the magnitude of a quantity of pint in the unit of the argument."""
    found = _UNIT_WORDS.search(PARAMETERS.get(name, ""))
    unit = _UNITS[found[1]] if found else "hour" if name.endswith("hours") else "dimensionless"
    if name == "price_per_chip_hour":  # that of an hour
        unit = "USD / hour"
    try:
        return value.to(unit).magnitude
    except (TypeError, AttributeError) as error:  # of which those of pint are kinds
        raise InvalidInputError(f"{name}: expected a quantity in {unit}: {error}") from None


POSITIVE = Range("a finite number above 0", lambda value: 0 < value < math.inf)
# A number, an uncertain quantity or a column, by what a number may be.
Amount: TypeAlias = Any
Positive: TypeAlias = Annotated[Any, POSITIVE]
NotNegative: TypeAlias = Annotated[
    Any, Range("a finite number from 0 up", lambda value: 0 <= value < math.inf)
]
Finite: TypeAlias = Annotated[Any, Range("a finite number", math.isfinite)]
Share: TypeAlias = Annotated[Any, Range("above 0 and at most 1", lambda value: 0 < value <= 1)]
BelowOne: TypeAlias = Annotated[Any, Range("from 0 up and below 1", lambda value: 0 <= value < 1)]


def formula(source: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check and convert the arguments of a formula that are annotated with a range."""

    def declared(function: Callable[P, R]) -> Callable[P, R]:
        ranges, signature = _ranges(function), inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                if name in ranges:
                    bound.arguments[name] = ranges[name].convert(name, value)
            try:
                return function(*bound.args, **bound.kwargs)
            except OverflowError:
                message = f"{function.__name__}: the result is out of range"
                raise InvalidInputError(message) from None

        return documented(checked, f"Source: ``{source}``.\n\n")

    return declared


def documented(function: Callable[P, R], source: str = "") -> Callable[P, R]:
    """Complete the docstring of a derivation."""
    doc = inspect.cleandoc(function.__doc__ or "")
    if "\nParameters\n" not in doc:
        text, prompt, example = doc.partition(">>> ")
        description, returns, frame = text.partition("Returns: ")
        ranges, lines = _ranges(function), []
        for name in inspect.signature(function).parameters:
            allowed = ranges.get(name, POSITIVE)
            limits = "" if allowed is POSITIVE else f"; {allowed.expected}"
            lines.append(f"{name} : {PARAMETERS[name]}{limits}\n")
        sections = [description, source, "Parameters\n----------\n", *lines, "\n"]
        if returns:
            sections += ["Returns\n-------\nframe\n", textwrap.indent(frame, "    ")]
        function.__doc__ = "".join([*sections, f"Examples\n--------\n{prompt}{example}"])
    return function if source else naming_tables(function)


def _ranges(function: Callable[..., object]) -> dict[str, Range]:
    hints = get_type_hints(function, include_extras=True)
    return {
        name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")
    }
