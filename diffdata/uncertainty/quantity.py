"""Arithmetic with uncertain quantities, and the draws that come of it.

A formula over quantities is a tree. When it is sampled each leaf is drawn once, however often it
stands in the tree: the same object used twice is one draw, not two.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """One sampling of a formula: how many draws, from where, and what it has drawn already.

    ``uses`` counts how often each quantity stands in the formula, ``drawn`` keeps the draws of
    those that stand in it more than once, ``normals`` the standard normals behind lognormals.
    """

    draws: int
    rng: np.random.Generator
    uses: Counter[object] = field(default_factory=Counter)
    drawn: dict[object, Array] = field(default_factory=dict)
    normals: dict[object, Array] = field(default_factory=dict)


class Quantity(ABC):
    """An uncertain quantity: takes part in arithmetic with others and with numbers."""

    def sample(self, draws: int, rng: np.random.Generator) -> Samples:
        """Draw from the quantity.

        Parameters
        ----------
        draws
            How many.
        rng
            The source of randomness: the same seed gives the same draws on any machine.

        Raises
        ------
        InvalidInputError
            If `draws` is not above zero.

        Examples
        --------
        >>> import numpy as np
        >>> from diffdata.uncertainty import Lognormal, Normal
        >>> cost = Lognormal.from_interval(5e6, 33e6)
        >>> total = cost + Normal(1e6, 0)
        >>> set((total - cost).sample(1000, np.random.default_rng(1)).values.round(3))
        {np.float64(1000000.0)}
        """
        if draws < 1:
            raise InvalidInputError(f"draws: expected at least 1, found {draws}")
        sampling = Sampling(draws, rng)
        self.count_uses(sampling.uses)
        return Samples(self.draw(sampling))

    def draw(self, sampling: Sampling) -> Array:
        """Return the draws of the quantity in a sampling, the same ones wherever it stands."""
        if sampling.uses[self] <= 1:
            return self.fresh(sampling)
        if self not in sampling.drawn:
            sampling.drawn[self] = self.fresh(sampling)
        return sampling.drawn[self]

    @abstractmethod
    def fresh(self, sampling: Sampling) -> Array:
        """Return new draws."""

    def count_uses(self, uses: Counter[object]) -> None:  # noqa: B027 (leaves use nothing)
        """Count how often each quantity stands in the formula."""

    def __add__(self, other: Quantity | float) -> Quantity:
        """Return the sum."""
        return Expression(operator.add, (self, other))

    def __radd__(self, other: float) -> Quantity:
        """Return the sum."""
        return Expression(operator.add, (other, self))

    def __sub__(self, other: Quantity | float) -> Quantity:
        """Return the difference."""
        return Expression(operator.sub, (self, other))

    def __rsub__(self, other: float) -> Quantity:
        """Return the difference."""
        return Expression(operator.sub, (other, self))

    def __mul__(self, other: Quantity | float) -> Quantity:
        """Return the product."""
        return Expression(operator.mul, (self, other))

    def __rmul__(self, other: float) -> Quantity:
        """Return the product."""
        return Expression(operator.mul, (other, self))

    def __truediv__(self, other: Quantity | float) -> Quantity:
        """Return the quotient."""
        return Expression(operator.truediv, (self, other))

    def __rtruediv__(self, other: float) -> Quantity:
        """Return the quotient."""
        return Expression(operator.truediv, (other, self))

    def __pow__(self, exponent: float) -> Quantity:
        """Return the power."""
        return Expression(operator.pow, (self, exponent))

    def __rpow__(self, base: float) -> Quantity:
        """Return the power with the quantity as its exponent."""
        return Expression(operator.pow, (base, self))

    def __neg__(self) -> Quantity:
        """Return the quantity with the other sign."""
        return Expression(operator.neg, (self,))

    def at_least(self, bound: float) -> Quantity:
        """Return the quantity with what lies below `bound` moved onto it."""
        import numpy as np

        return Expression(np.maximum, (self, bound))

    def exceeds(self, bound: float) -> Quantity:
        """Return 1 where the quantity is above `bound` and 0 elsewhere: its mean is how often."""
        return Expression(lambda values, limit: (values > limit).astype(float), (self, bound))


@dataclass(frozen=True, eq=False)
class Expression(Quantity):
    """A formula over quantities and numbers, to be sampled."""

    function: Callable[..., Array]
    operands: tuple[Quantity | float, ...]

    def fresh(self, sampling: Sampling) -> Array:
        """Draw the operands and compute the formula."""
        values = [
            operand.draw(sampling) if isinstance(operand, Quantity) else operand
            for operand in self.operands
        ]
        # Draws that nothing else needs are overwritten: large arrays are costly to come by.
        first = self.operands[0]
        free = isinstance(first, Quantity) and sampling.uses[first] == 1
        function = _IN_PLACE.get(self.function, self.function) if free else self.function
        return function(*values)

    def count_uses(self, uses: Counter[object]) -> None:
        """Count how often each quantity stands in the formula."""
        for operand in self.operands:
            if isinstance(operand, Quantity):
                uses[operand] += 1
                if uses[operand] == 1:
                    operand.count_uses(uses)


_IN_PLACE: dict[Callable[..., Array], Callable[..., Array]] = {
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.mul: operator.imul,
    operator.truediv: operator.itruediv,
    operator.pow: operator.ipow,
}


class Quantiles(ABC):
    """What has quantiles has a median and intervals."""

    @abstractmethod
    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""

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
    """Draws from a quantity, with what they say of it."""

    values: Array

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return float(self.values.mean())

    def quantile(self, probability: float) -> float:
        """Return the value that this share of the draws stays below."""
        import numpy as np

        return float(np.quantile(self.values, probability))

    def cdf(self, value: float) -> float:
        """Return the share of the draws that are not above `value`."""
        return float((self.values <= value).mean())


def check_level(level: float) -> None:
    """Refuse what is no probability strictly between 0 and 1."""
    if not 0 < level < 1:
        raise InvalidInputError(f"level: expected a probability between 0 and 1, found {level}")
