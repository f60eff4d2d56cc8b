"""What every uncertain quantity answers, arithmetic with them, and samples of formulas.

A formula over quantities is a graph. When it is sampled, each variable is drawn once, however often
it occurs in the graph: the same object used twice is one draw, not two.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from diffdata.display import notebook
from diffdata.errors import InvalidInputError, optional_library

__all__ = ["Expression", "Quantity", "Samples", "sample_jointly"]

Array: TypeAlias = NDArray[np.float64]
Function: TypeAlias = Callable[..., Any]  # of arrays
Numbers: TypeAlias = Any  # a float for a number, an array for an array
_LARGEST = 1e150  # of draws whose squares are finite
DRAWS = 100_000  # for the answers of quantities without a closed form


@dataclass(frozen=True, eq=False, repr=False)
class Quantity(NDArrayOperatorsMixin, ABC):
    """An uncertain quantity: supports arithmetic and NumPy's functions, with numbers and others.

    A comparison, such as ``x > y``, is the probability that it holds. The answers of a quantity
    without a closed form come from 100,000 draws with the seed 0; `standard_error` is theirs.

    Examples
    --------
    >>> from diffdata.uncertainty import Lognormal, Normal
    >>> run = Lognormal.from_interval(5e6, 33e6, unit="USD")
    >>> run * Lognormal.from_interval(2, 5)
    40.6M USD, 14.2M to 116M at 90 %
    >>> round(run > 10e6, 3), round(Normal(1, 1) > Normal(0, 1), 3)
    (0.669, 0.76)
    >>> total = run + Normal(1e6, 1e5, unit="USD")
    >>> total
    13.8M USD, 6M to 33.9M at 90 % (sampled; mean 16.1M, standard error 29,941)
    >>> (total - total).std
    0.0
    """

    unit: str = field(default="", kw_only=True)

    @property
    def parts(self) -> tuple[Any, ...]:
        """The quantities and numbers it is computed from; none for a variable of its own."""
        return ()

    @abstractmethod
    def compute(self, *values: Any) -> Array:
        """Return draws from those of the parts; a variable gets the number and a generator."""

    def closed_form(self, function: Function, operands: Sequence[Any], unit: str) -> Any:
        """Return the distribution of a function of the quantity, None without a closed form."""
        del function, operands, unit

    def sample(
        self,
        draws: int = DRAWS,
        seed: int | np.random.Generator = 0,
        *,
        rng: np.random.Generator | None = None,
    ) -> Samples:
        """Draw from the quantity.

        Quantities that are sampled one after the other with the same seed are not independent;
        `sample_jointly` samples them together.

        Parameters
        ----------
        draws : number of draws, at least 1
        seed : a seed, or a generator; the same seed gives the same draws on any machine
        rng : the old name of a generator as the seed

        Examples
        --------
        >>> from diffdata.uncertainty import Lognormal, Normal
        >>> cost = Lognormal.from_interval(5e6, 33e6) + Normal(1e6, 1e5)
        >>> set((cost - cost).sample(1000, seed=1).values.tolist())
        {0.0}
        """
        return sample_jointly([self], draws, seed if rng is None else rng)[0]

    @cached_property
    def _samples(self) -> Samples:
        return self.sample()

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return self._samples.mean

    @property
    def std(self) -> float:
        """The standard deviation."""
        return self._samples.std

    def standard_error(self, probability: float | None = None) -> float:
        """Return the standard error of the mean, or of a quantile, from sampling; 0 if exact."""
        return self._samples.standard_error(probability)

    def _quantile(self, probability: Array) -> Array:
        return self._samples._quantile(probability)

    def _cdf(self, value: Array) -> Array:
        return self._samples._cdf(value)

    def _pdf(self, value: Array) -> Array:
        return self._samples._pdf(value)

    def quantile(self, probability: Numbers) -> Numbers:
        """Return the value that the quantity stays below with a probability, or an array of them.

        >>> from diffdata.uncertainty import Uniform
        >>> Uniform(0, 8).quantile(0.25), Uniform(0, 8).quantile([0.0, 0.5]).tolist()
        (2.0, [0.0, 4.0])
        """
        given = _numbers(probability, "probability")
        if not ((given >= 0) & (given <= 1)).all():
            raise InvalidInputError(f"probability: expected 0 to 1, found {probability}")
        return _like(self._quantile(given))

    def cdf(self, value: Numbers) -> Numbers:
        """Return the probability of not being above a value, or an array of them."""
        return _like(self._cdf(_without_nan(value)))

    def pdf(self, value: Numbers) -> Numbers:
        """Return the density at a value, or an array of them; it is infinite at an atom.

        That of a sampled quantity is estimated from the draws in a window around the value, which
        is accurate to a few per cent where the density is high.
        """
        return _like(self._pdf(_without_nan(value)))

    @property
    def median(self) -> float:
        """The median."""
        return float(self.quantile(0.5))

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the central interval at `level` (InvalidInputError unless 0 < level < 1)."""
        check_level(level)
        low, high = self.quantile([(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    @property
    def _is_exact(self) -> bool:
        low, high = self.interval()
        return low == high and not (self.standard_error() or self.std)

    def __repr__(self) -> str:
        (low, high), error = self.interval(), self.standard_error()
        text = f"{figure(self.median)} {self.unit}".rstrip()
        text += ", exact" if self._is_exact else f", {figure(low)} to {figure(high)} at 90 %"
        if not error:
            return text
        return f"{text} (sampled; mean {figure(self.mean)}, standard error {figure(error)})"

    def _repr_html_(self) -> str:
        shares = (0.05, 0.25, 0.5, 0.75, 0.95)
        cells = {"mean": self.mean, "std": self.std}
        cells |= {f"{share:.0%}": self.quantile(share) for share in shares}
        texts = {name: figure(value) for name, value in cells.items()}
        texts |= {"unit": self.unit} if self.unit else {}
        low, high = self.interval()
        bar = (low, self.median, high)
        return notebook(repr(self), header=[*texts], rows=[[*texts.values()]], bar=bar)

    def to_dict(self, level: float = 0.9) -> dict[str, Any]:
        """Return what is known of the quantity as plain values, as JSON can have them.

        >>> from diffdata.uncertainty import Lognormal
        >>> Lognormal.from_interval(5.0, 20.0, unit="USD").to_dict()["unit"]
        'USD'
        """
        low, high = self.interval(level)
        return {
            "family": type(self).__name__, "unit": self.unit, "mean": self.mean, "std": self.std,
            "median": self.median, "low": low, "high": high, "level": level,
        }  # fmt: skip

    def to_pint(self, registry: Any = None) -> Any:
        """Return the quantity as one of pint, whose magnitude it is; of the units USD and FLOP too.

        `registry` is the one of the units, by default that of the application.
        """
        return of_pint(self._without_unit, self.unit, registry)

    @property
    def _without_unit(self) -> Quantity:
        """The same variable, without a unit."""
        return Expression(np.positive, (self,)) if self.unit else self

    def to_uncertainties(self) -> Any:
        """Return a variable of `uncertainties` with the mean and the standard deviation."""
        return optional_library("uncertainties").ufloat(self.mean, self.std)

    def log(self) -> Quantity:
        """Return the natural logarithm."""
        return combine(np.log, self)

    def exp(self) -> Quantity:
        """Return e to the power of the quantity."""
        return combine(np.exp, self)

    def at_least(self, bound: Quantity | float) -> Quantity:
        """Return the quantity with values below `bound` replaced by it."""
        return combine(np.maximum, self, bound)

    def at_most(self, bound: Quantity | float) -> Quantity:
        """Return the quantity with values above `bound` replaced by it."""
        return combine(np.minimum, self, bound)

    def clipped(self, low: float = -math.inf, high: float = math.inf) -> Quantity:
        """Return the quantity with values beyond a bound moved onto it, which gets mass."""
        check_bounds(low, high)
        return self.at_least(low).at_most(high)

    def truncated(self, low: float = -math.inf, high: float = math.inf) -> Quantity:
        """Return the quantity conditional on lying between the bounds: renormalised.

        It is a function of the same variable: a draw keeps its rank.
        """
        check_bounds(low, high)
        return Expression(_truncate, (self, low, high), unit=self.unit)

    def exceeds(self, bound: Quantity | float) -> Quantity:
        """Return 1 where the quantity is above `bound` and 0 elsewhere; its mean is the share."""
        return Expression(np.greater, (self, _operand(bound, infinite=True)))

    def probability_below(self, other: Quantity | float) -> float:
        """Return the probability of being less than a number or another quantity."""
        if isinstance(other, Quantity):
            return other.exceeds(self).mean
        return float(self.cdf(np.nextafter(other, -math.inf)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Compute an operator or a function of NumPy, for each element of an array."""
        if any(isinstance(x, np.ndarray) and x.ndim for x in inputs):
            kind = float if ufunc in _COMPARISONS else object
            return np.vectorize(ufunc, otypes=[kind])(*inputs)
        numbers = all(np.ndim(x) == 0 and not isinstance(x, (str, type(None))) for x in inputs)
        if method != "__call__" or kwargs or not numbers:
            return NotImplemented
        return _COMPARISONS[ufunc](*inputs) if ufunc in _COMPARISONS else combine(ufunc, *inputs)

    # A quantity is equal to itself only.
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__


@dataclass(frozen=True, eq=False, repr=False)
class Samples(Quantity):
    """Draws from a quantity, and their statistics.

    In arithmetic they are the array of the draws, which `values` and `numpy.asarray` return.
    """

    values: Array

    def compute(self, *values: Any) -> Array:
        """Refuse: samples do not say what they have in common with other samples."""
        del values
        raise InvalidInputError("samples: compute with the quantities, or with the values of both")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        arrays = (x.values if isinstance(x, Samples) else x for x in inputs)
        return getattr(ufunc, method)(*arrays, **kwargs)

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self.values.mean())

    @property
    def std(self) -> float:
        """The standard deviation."""
        if not (abs(self.values) <= _LARGEST).all():
            return math.inf
        return float(self.values.std())

    def standard_error(self, probability: float | None = None) -> float:
        """Return the standard error of the mean, or else of the quantile at a probability.

        It is not a number where draws do not tell it: of one draw, and of the ends, at 0 and 1.
        """
        draws = len(self.values)
        if probability is None:
            return self.std / math.sqrt(draws) if draws > 1 else math.nan
        if not 0 < number(probability, "probability") < 1:
            self.quantile(probability)  # which checks it
            return math.nan
        reach = math.sqrt(probability * (1 - probability) / draws)
        low, high = self.quantile(np.clip([probability - reach, probability + reach], 0, 1))
        return float(high - low) / 2

    def _quantile(self, probability: Array) -> Array:
        with np.errstate(invalid="ignore", over="ignore"):
            found = np.asarray(np.quantile(self.values, probability))
        if np.isnan(found).any():  # between two infinite draws, of which none lies
            next_draw = np.quantile(self.values, probability, method="higher")
            found = np.where(np.isnan(found), next_draw, found)
        return found

    def _cdf(self, value: Array) -> Array:
        return np.searchsorted(self._sorted, value, side="right") / len(self.values)

    def _pdf(self, value: Array) -> Array:
        # The width of the window follows Silverman's rule, in logarithms if all are above 0. It is
        # less where draws are so dense that a fiftieth of them on one side are nearer.
        values, log = self._sorted, bool(self._sorted[0] > 0)
        near = len(values) // 50 + 1
        with np.errstate(divide="ignore", invalid="ignore"):
            if log:
                values = np.log(values)
            at = np.log(np.maximum(value, 0)) if log else value
            low, high = np.quantile(values, [0.25, 0.75])
            width = 1.57 * min(values.std(), (high - low) / 1.34) * len(values) ** -0.2
            padded = np.pad(values, near, constant_values=(-math.inf, math.inf))
            place = np.searchsorted(values, at)
            sides = at - padded[place], padded[place + 2 * near - 1] - at
            width = np.minimum(width, np.minimum(*sides))
            below = np.searchsorted(values, at - width, "left")
            above = np.searchsorted(values, at + width, "right")
            density = (above - below) / len(values) / (2 * width * (value if log else 1))
        return np.where(above > below, density, 0.0)

    @cached_property
    def _sorted(self) -> Array:
        return np.sort(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False, repr=False)
class Expression(Quantity):
    """A formula over quantities and numbers, to be sampled."""

    function: Function
    operands: tuple[Quantity | float, ...]

    @property
    def parts(self) -> tuple[Any, ...]:
        """The operands."""
        return self.operands

    def compute(self, *values: Any, reuse: bool = False) -> Array:
        """Apply the function to the draws of the operands; write into the first if allowed."""
        if reuse and isinstance(self.function, np.ufunc):
            return np.asarray(self.function(*values, out=values[0]))
        return np.asarray(self.function(*values), dtype=float)


def of_pint(magnitude: Any, unit: str, registry: Any = None) -> Any:
    """Return a quantity of pint; money and FLOP, which it does not know, become units of it."""
    units = optional_library("pint").get_application_registry() if registry is None else registry
    for word in re.findall(r"[A-Za-z_]+", unit):
        if word not in units:
            units.define(f"{word} = [currency]" if word == "USD" else f"{word} = count")
    return units.Quantity(magnitude, "" if unit == "1" else unit)


# Functions that are powers, of which there are closed forms.
_POWERS: dict[Any, float] = {np.sqrt: 0.5, np.square: 2.0, np.reciprocal: -1.0}


def combine(function: Function, *operands: Any) -> Quantity:
    """Return a function of quantities and numbers, as a distribution if it has a closed form."""
    if function in _POWERS:
        function, operands = np.power, (*operands, _POWERS[function])
    infinite = function in (np.maximum, np.minimum)
    names = ("base", "exponent") if function is np.power else ("operand", "operand")
    checked = [_operand(x, infinite, name) for x, name in zip(operands, names, strict=False)]
    if function is np.divide and checked[1] == 0:
        raise InvalidInputError("operand: a quantity cannot be divided by 0")
    unit = _unit_of(function, checked)
    for operand in checked:
        if isinstance(operand, Quantity):
            found: Quantity | None = operand.closed_form(function, checked, unit)
            if found is not None:
                return found
    return Expression(function, tuple(checked), unit=unit)


def sample_jointly(
    quantities: Sequence[Quantity], draws: int = DRAWS, seed: int | np.random.Generator = 0
) -> list[Samples]:
    """Draw from several quantities at once: what they have in common is drawn once.

    Parameters
    ----------
    quantities : the quantities
    draws : number of draws, at least 1
    seed : a seed, or a generator

    Returns
    -------
    list of Samples
        One for each quantity; draw i of each belongs to the same state of the world.

    Examples
    --------
    >>> from diffdata.uncertainty import Uniform
    >>> x = Uniform(0, 1)
    >>> first, second = sample_jointly([x, 1 - x], 1000)
    >>> set((first.values + second.values).round(9).tolist())
    {1.0}
    """
    check_whole(draws, "draws", 1)
    for quantity in quantities:
        if not isinstance(quantity, Quantity):
            raise InvalidInputError(f"quantities: expected quantities, found {quantity!r}")
    try:
        rng = np.random.default_rng(seed)
    except (TypeError, ValueError):
        message = f"seed: expected an integer from 0 up, or a generator, found {seed!r}"
        raise InvalidInputError(message) from None
    order = in_order(quantities)
    uses = Counter(part for quantity in order for part in quantity.parts)
    uses.update(quantities)
    drawn: dict[Any, Array] = {}
    with np.errstate(all="ignore"):
        for quantity in order:
            parts = quantity.parts
            values = [drawn.get(x, x) for x in parts] if parts else [draws, rng]
            if isinstance(quantity, Expression) and uses[parts[0]] == 1 and parts[0] in drawn:
                drawn[quantity] = quantity.compute(*values, reuse=True)
            else:
                drawn[quantity] = quantity.compute(*values)
            uses.subtract(parts)
            for part in parts:  # do not keep draws that nothing else needs
                if uses[part] == 0:
                    drawn.pop(part, None)
    found = [Samples(drawn[quantity], unit=quantity.unit) for quantity in quantities]
    if any(np.isnan(samples.values).any() for samples in found):
        raise InvalidInputError(
            "the formula has no value for some draws, such as the logarithm or a root of a "
            "negative number; bound its inputs with truncated or at_least"
        )
    return found


def in_order(quantities: Sequence[Quantity]) -> list[Quantity]:
    """Return the quantities and what they are computed from, parts first, each once."""
    order: list[Quantity] = []
    seen: set[Quantity] = set()
    stack = [(quantity, False) for quantity in reversed(quantities)]
    while stack:  # not recursive: a sum of a thousand terms is as deep
        quantity, complete = stack.pop()
        if complete:
            order.append(quantity)
        elif quantity not in seen:
            seen.add(quantity)
            stack.append((quantity, True))
            stack += [(x, False) for x in reversed(quantity.parts) if isinstance(x, Quantity)]
    return order


def number(value: Any, name: str) -> float:
    """Return an argument as a float (InvalidInputError if it is not a number)."""
    try:
        if not isinstance(value, str):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise InvalidInputError(f"{name}: expected a number, found {value!r}")


def check_whole(value: Any, name: str, least: int) -> None:
    """Raise InvalidInputError unless an argument is a whole number, at least the given one."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InvalidInputError(f"{name}: expected a whole number from {least} up, found {value!r}")


def check_level(level: float) -> None:
    """Raise InvalidInputError unless the level lies strictly between 0 and 1."""
    if not 0 < number(level, "level") < 1:
        raise InvalidInputError(f"level: expected a probability between 0 and 1, found {level}")


def check_bounds(low: float, high: float) -> None:
    """Raise InvalidInputError unless the lower bound is below the upper one."""
    if not number(low, "low") < number(high, "high"):
        raise InvalidInputError(f"low: expected below high, found {low} and {high}")


def figure(value: float) -> str:
    """Write a number with three digits, or as an integer from a thousand to a million.

    >>> [figure(x) for x in (0.0123, 2024, 999_999, 40.6e6, 1.2e9, 3.14e23)]
    ['0.0123', '2,024', '999,999', '40.6M', '1.2B', '3.14e23']
    """
    if 1000 <= abs(value) < 999_999.5:
        return f"{value:,.0f}"
    rounded = float(f"{value:.3g}")
    for scale, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if scale <= abs(rounded) < 1e15:
            return f"{rounded / scale:.3g}{suffix}"
    return f"{value:.3g}".replace("e+", "e")


def _operand(value: Any, infinite: bool = False, name: str = "operand") -> Quantity | float:
    if isinstance(value, Quantity):
        return value
    found = number(value, name)
    if not (infinite or math.isfinite(found)) or math.isnan(found):
        raise InvalidInputError(f"{name}: expected a finite number, found {value}")
    return found


def _unit_of(function: Function, operands: Sequence[Quantity | float]) -> str:
    """Return the unit of a result, or nothing where it is not that of an operand."""
    units = [x.unit if isinstance(x, Quantity) else "" for x in operands]
    if function is np.multiply:
        return "" if all(units) else "".join(units)
    if function is np.divide:
        return units[0] if not units[1] else ""
    if function in (np.add, np.subtract, np.maximum, np.minimum, np.negative, np.absolute):
        named = {x.unit for x in operands if isinstance(x, Quantity)}
        return named.pop() if len(named) == 1 else ""
    return ""


def _truncate(values: Array, low: float, high: float) -> Array:
    inside = values[(values >= low) & (values <= high)]
    if not len(inside):
        raise InvalidInputError(f"low and high: no draw lies between {low} and {high}")
    ranks = values.argsort().argsort()
    return np.asarray(np.quantile(inside, ranks / max(1, len(values) - 1)))


def _below(first: Any, second: Any) -> float:
    first, second = _operand(first, infinite=True), _operand(second, infinite=True)
    if isinstance(first, Quantity):
        return first.probability_below(second)
    return 1 - float(second.cdf(first))


_COMPARISONS: dict[Any, Callable[[Any, Any], float]] = {
    np.less: _below,
    np.greater: lambda first, second: _below(second, first),
    np.less_equal: lambda first, second: 1 - _below(second, first),
    np.greater_equal: lambda first, second: 1 - _below(first, second),
}


def _without_nan(value: Numbers) -> Array:
    given = _numbers(value, "value")
    if np.isnan(given).any():
        raise InvalidInputError(f"value: expected numbers, found {value}")
    return given


def _numbers(value: Numbers, name: str) -> Array:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{name}: expected numbers, found {value!r}") from None


def _like(values: Array) -> Numbers:
    return float(values) if np.ndim(values) == 0 else values
