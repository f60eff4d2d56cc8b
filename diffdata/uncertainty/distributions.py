"""The families of distributions: fitted from intervals, with exact quantiles and means.

A product, quotient or power of lognormals is a lognormal again. It is kept as a sum of the standard
normals behind its factors, so that a factor used twice counts once and all moments are exact.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from diffdata.errors import DiffdataError, InvalidInputError
from diffdata.uncertainty.quantity import Quantiles, Quantity, check_level

if TYPE_CHECKING:
    import numpy as np

    from diffdata.uncertainty.bounded import Clipped, Truncated
    from diffdata.uncertainty.quantity import Array, Sampling

_STANDARD = NormalDist()


class Distribution(Quantity, Quantiles):
    """A quantity whose distribution function is known in closed form."""

    @abstractmethod
    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""

    @abstractmethod
    def mean_between(self, low: float, high: float) -> float:
        """Return the part of the mean that lies between two values, E[X; low < X <= high]."""

    @abstractmethod
    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats`."""

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return self.mean_between(-math.inf, math.inf)

    def truncated(self, low: float = -math.inf, high: float = math.inf) -> Truncated:
        """Return the distribution given that it lies between the bounds: renormalised."""
        from diffdata.uncertainty.bounded import Truncated

        return Truncated(self, low, high)

    def clipped(self, low: float = -math.inf, high: float = math.inf) -> Clipped:
        """Return the distribution with what lies beyond a bound moved onto it: mass there."""
        from diffdata.uncertainty.bounded import Clipped

        return Clipped(self, low, high)

    def fresh(self, sampling: Sampling) -> Array:
        """Return new draws."""
        return self.values(sampling.draws, sampling.rng)

    @abstractmethod
    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""


@dataclass(frozen=True, eq=False)
class Normal(Distribution):
    """A normal distribution with mean `mu` and standard deviation `sigma`.

    Examples
    --------
    >>> low, high = Normal.from_interval(1.7, 3.3, 0.8).interval(0.8)
    >>> round(low, 9), round(high, 9)
    (1.7, 3.3)
    """

    mu: float
    sigma: float

    @classmethod
    def from_interval(cls, low: float, high: float, level: float = 0.9) -> Normal:
        """Fit the normal whose central interval at `level` is from `low` to `high`."""
        check_interval(low, high)
        return cls((low + high) / 2, (high - low) / 2 / deviations(level))

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""
        return self.mu + self.sigma * _STANDARD.inv_cdf(probability)

    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""
        return _STANDARD.cdf(self._standard(value))

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high] = mu (F(b) - F(a)) - sigma (f(b) - f(a))."""
        a, b = self._standard(low), self._standard(high)
        share, slope = _STANDARD.cdf(b) - _STANDARD.cdf(a), _STANDARD.pdf(b) - _STANDARD.pdf(a)
        return self.mu * share - self.sigma * slope

    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats`."""
        return scipy_stats().norm(self.mu, self.sigma)

    def _standard(self, value: float) -> float:
        if self.sigma == 0:
            return math.inf if value >= self.mu else -math.inf
        return (value - self.mu) / self.sigma

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""
        return rng.normal(self.mu, self.sigma, draws)


@dataclass(frozen=True, eq=False)
class Lognormal(Distribution):
    """A positive quantity whose natural logarithm is normal, with mean `mu` and deviation `sigma`.

    Examples
    --------
    The final run of GPT-3 cost between 5 and 33 million dollars (90 %), that of OPT-175B between
    1.5 and 2.3: the ratio of two independent lognormals is lognormal again.

    >>> gpt_3, opt = Lognormal.from_interval(5e6, 33e6), Lognormal.from_interval(1.5e6, 2.3e6)
    >>> round((gpt_3 / opt).median, 2)
    6.92
    >>> [round(bound, 1) for bound in (gpt_3 / opt).interval()]
    [2.6, 18.2]

    A factor that is used twice is one draw:

    >>> (opt * gpt_3 / opt).sigma == gpt_3.sigma
    True
    """

    mu: float
    sigma: float
    # The logarithm is mu plus these shares of independent standard normals, each named by the
    # lognormal that it was introduced with; one that was made from numbers has only its own.
    shares: Mapping[Lognormal, float] | None = field(default=None, repr=False)

    @classmethod
    def from_interval(cls, low: float, high: float, level: float = 0.9) -> Lognormal:
        """Fit the lognormal whose central interval at `level` is from `low` to `high`.

        Raises
        ------
        InvalidInputError
            If not 0 < low <= high, or if the level is not between 0 and 1.
        """
        check_interval(low, high, positive=True)
        spread = math.log(high / low) / 2
        return cls(math.log(low) + spread, spread / deviations(level))

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""
        return math.exp(self.mu + self.sigma * _STANDARD.inv_cdf(probability))

    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""
        return Normal(self.mu, self.sigma).cdf(_log(value))

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high] = exp(mu + sigma^2 / 2) (G(b) - G(a)).

        G is the distribution function of the lognormal with mu + sigma^2 in the place of mu.
        """
        tilted = Normal(self.mu + self.sigma**2, self.sigma)
        share = tilted.cdf(_log(high)) - tilted.cdf(_log(low))
        return math.exp(self.mu + self.sigma**2 / 2) * share

    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats`."""
        return scipy_stats().lognorm(s=self.sigma, scale=math.exp(self.mu))

    def __mul__(self, other: Quantity | float) -> Any:
        """Return the product: a lognormal, if `other` is one or a positive number."""
        return self._times(other, 1) or super().__mul__(other)

    def __rmul__(self, other: float) -> Any:
        """Return the product: a lognormal, if `other` is a positive number."""
        return self._times(other, 1) or super().__rmul__(other)

    def __truediv__(self, other: Quantity | float) -> Any:
        """Return the quotient: a lognormal, if `other` is one or a positive number."""
        return self._times(other, -1) or super().__truediv__(other)

    def __rtruediv__(self, other: float) -> Any:
        """Return the quotient: a lognormal, if `other` is a positive number."""
        return (self**-1)._times(other, 1) or super().__rtruediv__(other)

    def __pow__(self, exponent: float) -> Lognormal:
        """Return the power, a lognormal."""
        shares = {name: share * exponent for name, share in self._all_shares().items()}
        return Lognormal(self.mu * exponent, abs(exponent) * self.sigma, shares)

    def _all_shares(self) -> Mapping[Lognormal, float]:
        return {self: self.sigma} if self.shares is None else self.shares

    def _times(self, other: Quantity | float, exponent: int) -> Lognormal | None:
        """Return self * other ** exponent where that is a lognormal."""
        if isinstance(other, int | float) and 0 < other < math.inf:
            return Lognormal(self.mu + exponent * math.log(other), self.sigma, self._all_shares())
        if not isinstance(other, Lognormal):
            return None
        shares = dict(self._all_shares())
        for name, share in other._all_shares().items():
            shares[name] = shares.get(name, 0) + exponent * share
        return Lognormal(self.mu + exponent * other.mu, math.hypot(*shares.values()), shares)

    def fresh(self, sampling: Sampling) -> Array:
        """Return draws, from the standard normals that this sampling has drawn already."""
        import numpy as np

        logarithm = np.full(sampling.draws, float(self.mu))
        for name, share in self._all_shares().items():
            if name not in sampling.normals:
                sampling.normals[name] = sampling.rng.standard_normal(sampling.draws)
            logarithm += share * sampling.normals[name]
        np.exp(logarithm, out=logarithm)
        return logarithm

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""
        return rng.lognormal(self.mu, self.sigma, draws)


@dataclass(frozen=True, eq=False)
class Uniform(Distribution):
    """A quantity of which every value from `low` to `high` is as likely as any other."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        check_interval(self.low, self.high)

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""
        return self.low + probability * (self.high - self.low)

    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""
        if self.low == self.high:
            return float(value >= self.high)
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high]."""
        a, b = max(low, self.low), min(high, self.high)
        return (self.cdf(b) - self.cdf(a)) * (a + b) / 2 if a < b else 0.0

    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats`."""
        return scipy_stats().uniform(self.low, self.high - self.low)

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""
        return rng.uniform(self.low, self.high, draws)


@dataclass(frozen=True, eq=False)
class LogUniform(Distribution):
    """A positive quantity whose logarithm is uniform between those of `low` and `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order, and such that are not positive."""
        check_interval(self.low, self.high, positive=True)

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""
        return float(self.low * (self.high / self.low) ** probability)

    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""
        return Uniform(math.log(self.low), math.log(self.high)).cdf(_log(value))

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high] = (b - a) / log(high / low)."""
        a, b = max(low, self.low), min(high, self.high)
        return (b - a) / math.log(self.high / self.low) if a < b else 0.0

    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats`."""
        return scipy_stats().loguniform(self.low, self.high)

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""
        import numpy as np

        values: Array = np.exp(rng.uniform(math.log(self.low), math.log(self.high), draws))
        return values


def deviations(level: float) -> float:
    """Return how many standard deviations a central interval reaches to each side.

    Examples
    --------
    >>> round(deviations(0.9), 3)
    1.645
    """
    check_level(level)
    return _STANDARD.inv_cdf(0.5 + level / 2)


def check_interval(low: float, high: float, positive: bool = False) -> None:
    """Refuse bounds that are not finite, in the wrong order, or not above zero where they must."""
    if not (-math.inf < low <= high < math.inf):
        raise InvalidInputError(f"low and high: expected low <= high, found {low} and {high}")
    if positive and not low > 0:
        raise InvalidInputError(f"low and high: expected both above 0, found {low} and {high}")


def scipy_stats() -> Any:
    """Return `scipy.stats`, or say how to get it."""
    try:
        from scipy import stats
    except ImportError:
        raise DiffdataError("scipy is not installed: pip install 'diffdata[scipy]'") from None
    return stats


def _log(value: float) -> float:
    if value <= 0:
        return -math.inf
    return math.log(value) if value < math.inf else math.inf
