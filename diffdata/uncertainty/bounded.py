"""Distributions made of another: shifted, truncated, clipped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffdata.errors import InvalidInputError
from diffdata.uncertainty.distributions import Distribution, Lognormal, Normal, scipy_stats

if TYPE_CHECKING:
    import numpy as np

    from diffdata.uncertainty.quantity import Array

_LEAST_SHARE = 1e-3  # of a distribution that a truncation must leave, to be drawn by rejection


@dataclass(frozen=True, eq=False)
class Shifted(Distribution):
    """A lognormal that begins at `origin` and runs up, or (if `mirrored`) down from there.

    Three numbers fix one: see `diffdata.uncertainty.three_numbers`.
    """

    base: Lognormal
    origin: float
    mirrored: bool = False

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""
        if self.mirrored:
            return self.origin - self.base.quantile(1 - probability)
        return self.origin + self.base.quantile(probability)

    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""
        if self.mirrored:
            return 1 - self.base.cdf(self.origin - value)
        return self.base.cdf(value - self.origin)

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high]."""
        share = self.cdf(high) - self.cdf(low)
        if self.mirrored:
            part = self.base.mean_between(self.origin - high, self.origin - low)
            return self.origin * share - part
        return self.origin * share + self.base.mean_between(low - self.origin, high - self.origin)

    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats`, if it is not mirrored."""
        if self.mirrored:
            raise InvalidInputError("scipy has no lognormal that runs down; take samples instead")
        return scipy_stats().lognorm(
            s=self.base.sigma, loc=self.origin, scale=math.exp(self.base.mu)
        )

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""
        values = self.base.values(draws, rng)
        return self.origin - values if self.mirrored else self.origin + values


@dataclass(frozen=True, eq=False)
class Truncated(Distribution):
    """A distribution given that it lies between two bounds: renormalised, no mass on a bound.

    Examples
    --------
    >>> gain = Normal.from_interval(1.7, 3.3, 0.8).truncated(0, 4.7)
    >>> gain.quantile(0.0) >= 0, gain.quantile(1.0) <= 4.7
    (True, True)
    """

    base: Distribution
    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse bounds that leave nothing, or next to nothing, of the distribution."""
        _check_order(self.low, self.high)
        if self._share() < _LEAST_SHARE:
            raise InvalidInputError(
                f"low and high: the bounds {self.low} and {self.high} leave next to nothing"
            )

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""
        if probability in (0, 1):
            bound = self.low if probability == 0 else self.high
            return bound if math.isfinite(bound) else self.base.quantile(probability)
        return self.base.quantile(self.base.cdf(self.low) + probability * self._share())

    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""
        inside = min(max(value, self.low), self.high)
        return (self.base.cdf(inside) - self.base.cdf(self.low)) / self._share()

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high]."""
        a, b = max(low, self.low), min(high, self.high)
        return self.base.mean_between(a, b) / self._share() if a < b else 0.0

    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats` (normals only)."""
        if not isinstance(self.base, Normal):
            raise InvalidInputError("scipy truncates normals only; take samples instead")
        a, b = ((bound - self.base.mu) / self.base.sigma for bound in (self.low, self.high))
        return scipy_stats().truncnorm(a, b, self.base.mu, self.base.sigma)

    def _share(self) -> float:
        return self.base.cdf(self.high) - self.base.cdf(self.low)

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""
        values = self.base.values(draws, rng)
        while (outside := (values < self.low) | (values > self.high)).any():
            values[outside] = self.base.values(int(outside.sum()), rng)
        return values


@dataclass(frozen=True, eq=False)
class Clipped(Distribution):
    """A distribution with what lies beyond a bound moved onto it: the bound has mass."""

    base: Distribution
    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        _check_order(self.low, self.high)

    def quantile(self, probability: float) -> float:
        """Return the value that the quantity stays below with this probability."""
        return min(max(self.base.quantile(probability), self.low), self.high)

    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""
        if value < self.low:
            return 0.0
        return 1.0 if value >= self.high else self.base.cdf(value)

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high]."""
        a, b = max(low, self.low), min(high, self.high)
        part = self.base.mean_between(a, b) if a < b else 0.0
        if low < self.low <= high:
            part += self.low * self.base.cdf(self.low)
        if low < self.high <= high and math.isfinite(self.high):
            part += self.high * (1 - self.base.cdf(self.high))
        return part

    def to_scipy(self) -> Any:
        """Refuse: no distribution of scipy has mass on a bound."""
        raise InvalidInputError("scipy has no clipped distributions; take samples instead")

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return values of the distribution."""
        return self.base.values(draws, rng).clip(self.low, self.high)


def _check_order(low: float, high: float) -> None:
    if not low < high:
        raise InvalidInputError(f"low: expected below high, found {low} and {high}")
