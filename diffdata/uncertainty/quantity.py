"""Arithmetic with uncertain quantities, and samples of the results.

A formula over quantities is a tree. When it is sampled, each leaf is drawn once, however often it
occurs in the tree: the same object used twice is one draw, not two.
"""
# ruff: noqa: D102 (methods are documented where they are declared, in Quantity)

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    Operator: TypeAlias = Callable[..., Array]

__all__ = ["Expression", "Quantity", "Samples"]


@dataclass(frozen=True)
class Sampling:
    """One sampling of a formula."""

    draws: int
    rng: np.random.Generator
    uses: Counter[object] = field(default_factory=Counter)  # how often each quantity occurs
    drawn: dict[object, Array] = field(default_factory=dict)  # of those that occur more than once
    normals: dict[object, Array] = field(default_factory=dict)  # behind lognormals


def _operator(
    function: Operator, *, swapped: bool = False
) -> Callable[[Quantity, Quantity | float], Any]:
    def method(self: Quantity, other: Quantity | float) -> Any:
        return self.combined(function, *((other, self) if swapped else (self, other)))

    return method


class Quantity(ABC):
    """An uncertain quantity: supports arithmetic with other quantities and with numbers."""

    def sample(self, draws: int, rng: np.random.Generator) -> Samples:
        """Draw from the quantity.

        Parameters
        ----------
        draws : number of draws, at least 1
        rng : the source of randomness; the same seed gives the same draws on any machine

        Examples
        --------
        >>> import numpy as np
        >>> from diffdata.uncertainty import Lognormal, Normal
        >>> cost = Lognormal.from_interval(5e6, 33e6) + Normal(1e6, 1e5)
        >>> set((cost - cost).sample(1000, np.random.default_rng(1)).values.tolist())
        {0.0}
        """
        if draws < 1:
            raise InvalidInputError(f"draws: expected at least 1, found {draws}")
        sampling = Sampling(draws, rng)
        self.count_uses(sampling.uses)
        return Samples(self.draw(sampling))

    def draw(self, sampling: Sampling) -> Array:
        """Return the draws of the quantity in a sampling, the same ones wherever it occurs."""
        if sampling.uses[self] <= 1:
            return self.fresh(sampling)
        if self not in sampling.drawn:
            sampling.drawn[self] = self.fresh(sampling)
        return sampling.drawn[self]

    @abstractmethod
    def fresh(self, sampling: Sampling) -> Array:
        """Return new draws."""

    def count_uses(self, uses: Counter[object]) -> None:  # noqa: B027 (leaves use nothing)
        """Count how often each quantity occurs in the formula."""

    def combined(self, function: Operator, *operands: Quantity | float) -> Quantity:
        """Return a formula over quantities, as a distribution where there is a closed form."""
        return Expression(function, operands)

    __add__ = _operator(operator.add)
    __radd__ = _operator(operator.add, swapped=True)
    __sub__ = _operator(operator.sub)
    __rsub__ = _operator(operator.sub, swapped=True)
    __mul__ = _operator(operator.mul)
    __rmul__ = _operator(operator.mul, swapped=True)
    __truediv__ = _operator(operator.truediv)
    __rtruediv__ = _operator(operator.truediv, swapped=True)
    __pow__ = _operator(operator.pow)
    __rpow__ = _operator(operator.pow, swapped=True)

    def __neg__(self) -> Quantity:
        return self.combined(operator.neg, self)

    def at_least(self, bound: float) -> Quantity:
        """Return the quantity with values below `bound` replaced by it."""
        import numpy as np

        return self.combined(np.maximum, self, bound)

    def exceeds(self, bound: float) -> Quantity:
        """Return 1 where the quantity is above `bound` and 0 elsewhere; its mean is the share."""
        return self.combined(lambda values, limit: (values > limit).astype(float), self, bound)


@dataclass(frozen=True, eq=False)
class Expression(Quantity):
    """A formula over quantities and numbers, to be sampled."""

    function: Operator
    operands: tuple[Quantity | float, ...]

    def fresh(self, sampling: Sampling) -> Array:
        values = [
            operand.draw(sampling) if isinstance(operand, Quantity) else operand
            for operand in self.operands
        ]
        function, first = self.function, self.operands[0]
        if isinstance(first, Quantity) and sampling.uses[first] == 1:
            # Draws that nothing else needs are overwritten (operator.iadd for operator.add), which
            # saves allocating large arrays.
            function = getattr(operator, f"i{function.__name__}", function)
        return function(*values)

    def count_uses(self, uses: Counter[object]) -> None:
        for operand in self.operands:
            if isinstance(operand, Quantity):
                uses[operand] += 1
                if uses[operand] == 1:
                    operand.count_uses(uses)


class Quantiles(ABC):
    """Something with quantiles, hence a median and intervals."""

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability (from 0 to 1)."""
        if not 0 <= probability <= 1:
            raise InvalidInputError(f"probability: expected 0 to 1, found {probability}")
        return self._quantile(probability)

    @abstractmethod
    def _quantile(self, probability: float) -> float: ...

    @property
    def median(self) -> float:
        """The median."""
        return self.quantile(0.5)

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the central interval at `level` (InvalidInputError unless 0 < level < 1)."""
        check_level(level)
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True, eq=False)
class Samples(Quantiles):
    """Draws from a quantity, and their statistics."""

    values: Array

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return float(self.values.mean())

    def _quantile(self, probability: float) -> float:
        import numpy as np

        return float(np.quantile(self.values, probability))

    def cdf(self, value: float) -> float:
        """Return the share of the draws that are not above `value`."""
        return float((self.values <= value).mean())


def check_level(level: float) -> None:
    """Raise InvalidInputError unless the level lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise InvalidInputError(f"level: expected a probability between 0 and 1, found {level}")
