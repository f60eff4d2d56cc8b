"""Uncertain quantities: so far the lognormal, whose products and quotients are exact.

Source of the method: "Ben Cottier, advice on estimates and uncertainty" (source id
``cottier-2023-uncertainty-advice``): 90 % intervals by default, and the lognormal for what varies
by factors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from diffdata.errors import InvalidInputError


@dataclass(frozen=True)
class Lognormal:
    """A positive quantity whose logarithm is normal.

    Attributes
    ----------
    mu, sigma
        Mean and standard deviation of the natural logarithm.

    Examples
    --------
    The final run of GPT-3 cost between 5 and 33 million dollars (90 %), that of OPT-175B between
    1.5 and 2.3: the ratio of two independent lognormals is lognormal again.

    >>> ratio = Lognormal.from_interval(5e6, 33e6) / Lognormal.from_interval(1.5e6, 2.3e6)
    >>> round(ratio.median, 2)
    6.92
    >>> low, high = ratio.interval()
    >>> round(low, 1), round(high, 1)
    (2.6, 18.2)
    """

    mu: float
    sigma: float

    @classmethod
    def from_interval(cls, low: float, high: float, level: float = 0.9) -> Lognormal:
        """Fit the lognormal whose central interval at `level` is from `low` to `high`.

        Raises
        ------
        InvalidInputError
            If not 0 < low <= high, or if the level is not between 0 and 1.
        """
        if not 0 < low <= high < math.inf:
            raise InvalidInputError(f"low and high: expected 0 < low <= high, found {low}, {high}")
        spread = math.log(high / low) / 2
        return cls(math.log(low) + spread, spread / _z(level))

    @property
    def median(self) -> float:
        """The median, also the geometric mean."""
        return math.exp(self.mu)

    @property
    def mean(self) -> float:
        """The arithmetic mean, exp(mu + sigma^2 / 2)."""
        return math.exp(self.mu + self.sigma**2 / 2)

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the central interval at `level` (InvalidInputError unless 0 < level < 1)."""
        reach = self.sigma * _z(level)
        return math.exp(self.mu - reach), math.exp(self.mu + reach)

    def __mul__(self, other: Lognormal) -> Lognormal:
        """Return the product with an independent lognormal."""
        return Lognormal(self.mu + other.mu, math.hypot(self.sigma, other.sigma))

    def __truediv__(self, other: Lognormal) -> Lognormal:
        """Return the quotient with an independent lognormal."""
        return Lognormal(self.mu - other.mu, math.hypot(self.sigma, other.sigma))


def _z(level: float) -> float:
    """Return the number of standard deviations that a central interval reaches to each side."""
    if not 0 < level < 1:
        raise InvalidInputError(f"level: expected a probability between 0 and 1, found {level}")
    return NormalDist().inv_cdf(0.5 + level / 2)
