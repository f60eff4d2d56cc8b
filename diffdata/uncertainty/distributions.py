"""Families of distributions, fitted from intervals, with exact quantiles and means.

A product, quotient or power of lognormals is a lognormal again. It is kept as a sum of the standard
normals behind its factors, so that a factor used twice counts once and all moments are exact.
Quantities are one-dimensional and without unit; bad arguments raise `InvalidInputError`.
"""
# ruff: noqa: D102 (methods are documented where they are declared, in Distribution)

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from diffdata.errors import InvalidInputError, optional_library
from diffdata.uncertainty.quantity import Quantiles, Quantity, check_level

if TYPE_CHECKING:
    import numpy as np

    from diffdata.uncertainty.quantity import Array, Operator, Sampling

__all__ = [
    "Clipped", "Distribution", "LogUniform", "Lognormal", "Normal", "Shifted", "Truncated",
    "Uniform",
]  # fmt: skip

_STANDARD = NormalDist()
_LEAST_SHARE = 1e-3  # of a distribution that a truncation must leave, to be drawn by rejection


class Distribution(Quantity, Quantiles):
    """A quantity whose distribution function is known in closed form."""

    @abstractmethod
    def cdf(self, value: float) -> float:
        """Return the probability of not being above `value`."""

    @abstractmethod
    def mean_between(self, low: float, high: float) -> float:
        """Return the part of the mean that lies between two values, E[X; low < X <= high]."""

    @abstractmethod
    def values(self, draws: int, rng: np.random.Generator) -> Array:
        """Return an array of `draws` independent values."""

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return self.mean_between(-math.inf, math.inf)

    def truncated(self, low: float = -math.inf, high: float = math.inf) -> Truncated:
        """Return the distribution conditional on lying between the bounds: renormalised."""
        return Truncated(self, low, high)

    def clipped(self, low: float = -math.inf, high: float = math.inf) -> Clipped:
        """Return the distribution with values beyond a bound moved onto it, which gets mass."""
        return Clipped(self, low, high)

    def fresh(self, sampling: Sampling) -> Array:
        return self.values(sampling.draws, sampling.rng)

    def to_scipy(self) -> Any:
        """Return the same distribution as a frozen one of `scipy.stats`, where it has one."""
        stats = optional_library("scipy.stats")
        match self:
            case Normal(mu, sigma):
                return stats.norm(mu, sigma)
            case Lognormal(mu, sigma):
                return stats.lognorm(s=sigma, scale=math.exp(mu))
            case Uniform(low, high):
                return stats.uniform(low, high - low)
            case LogUniform(low, high):
                return stats.loguniform(low, high)
            case Shifted(Lognormal(mu, sigma), origin, mirrored=False):
                return stats.lognorm(s=sigma, loc=origin, scale=math.exp(mu))
            case Truncated(Normal(mu, sigma), low, high) if sigma > 0:
                return stats.truncnorm((low - mu) / sigma, (high - mu) / sigma, mu, sigma)
        raise InvalidInputError(
            "scipy has no mirrored or clipped distributions, and truncates only normals; "
            "take samples instead"
        )


@dataclass(frozen=True, eq=False)
class Normal(Distribution):
    """A normal distribution with mean `mu` and standard deviation `sigma`, which may be 0.

    Examples
    --------
    >>> low, high = Normal.from_interval(1.7, 3.3, 0.8).interval(0.8)
    >>> round(low, 9), round(high, 9)
    (1.7, 3.3)
    """

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        _check_parameters(self.mu, self.sigma)

    @classmethod
    def from_interval(cls, low: float, high: float, level: float = 0.9) -> Normal:
        """Fit the normal whose central interval at `level` is from `low` to `high`."""
        check_interval(low, high)
        return cls((low + high) / 2, (high - low) / 2 / deviations(level))

    def _quantile(self, probability: float) -> float:
        if self.sigma == 0:
            return self.mu
        if probability in (0, 1):
            return math.inf if probability else -math.inf
        return self.mu + self.sigma * _STANDARD.inv_cdf(probability)

    def cdf(self, value: float) -> float:
        return _STANDARD.cdf(self._standard(value))

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high] = mu (F(b) - F(a)) - sigma (f(b) - f(a))."""
        a, b = self._standard(low), self._standard(high)
        share, slope = _STANDARD.cdf(b) - _STANDARD.cdf(a), _STANDARD.pdf(b) - _STANDARD.pdf(a)
        return self.mu * share - self.sigma * slope

    def _standard(self, value: float) -> float:
        if self.sigma == 0:
            return math.inf if value >= self.mu else -math.inf
        return (value - self.mu) / self.sigma

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        return rng.normal(self.mu, self.sigma, draws)


@dataclass(frozen=True, eq=False)
class Lognormal(Distribution):
    """A positive quantity whose natural logarithm is normal, with mean `mu` and deviation `sigma`.

    Products, quotients and powers of lognormals are lognormals; a factor used twice is one draw.

    Examples
    --------
    >>> gpt_3, opt = Lognormal.from_interval(5e6, 33e6), Lognormal.from_interval(1.5e6, 2.3e6)
    >>> [round(bound, 1) for bound in (gpt_3 / opt).interval()]  # of their costs
    [2.6, 18.2]
    >>> (opt * gpt_3 / opt).sigma == gpt_3.sigma
    True
    """

    mu: float
    sigma: float
    # The logarithm is mu plus these shares of independent standard normals, each named by the
    # lognormal that introduced it; a lognormal made from numbers has only its own.
    shares: Mapping[Lognormal, float] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_parameters(self.mu, self.sigma)

    @classmethod
    def from_interval(cls, low: float, high: float, level: float = 0.9) -> Lognormal:
        """Fit the lognormal whose central interval at `level` is from `low` (above 0) to `high`."""
        check_interval(low, high, positive=True)
        spread = math.log(high / low) / 2
        return cls(math.log(low) + spread, spread / deviations(level))

    def _quantile(self, probability: float) -> float:
        return math.exp(Normal(self.mu, self.sigma).quantile(probability))

    def cdf(self, value: float) -> float:
        return Normal(self.mu, self.sigma).cdf(_log(value))

    def mean_between(self, low: float, high: float) -> float:
        """Return the mean times the share of the lognormal with mu + sigma^2 for mu."""
        tilted = Normal(self.mu + self.sigma**2, self.sigma)
        share = tilted.cdf(_log(high)) - tilted.cdf(_log(low))
        return math.exp(self.mu + self.sigma**2 / 2) * share

    def combined(self, function: Operator, *operands: Quantity | float) -> Quantity:
        if function is operator.pow and operands[0] is self:
            exponent = operands[1]
            if not isinstance(exponent, Real) or not math.isfinite(exponent):
                raise InvalidInputError(
                    f"exponent: a lognormal needs a finite number as its exponent, found {exponent}"
                )
            return _product((self, float(exponent)))
        if function in (operator.mul, operator.truediv):
            first, second = map(_lognormal, operands)
            if first and second:
                return _product((first, 1), (second, 1 if function is operator.mul else -1))
        return super().combined(function, *operands)

    def fresh(self, sampling: Sampling) -> Array:
        import numpy as np

        logarithm = np.full(sampling.draws, float(self.mu))
        for name, share in _shares(self).items():
            if name not in sampling.normals:
                sampling.normals[name] = sampling.rng.standard_normal(sampling.draws)
            logarithm += share * sampling.normals[name]
        np.exp(logarithm, out=logarithm)
        return logarithm

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        return rng.lognormal(self.mu, self.sigma, draws)


@dataclass(frozen=True, eq=False)
class Uniform(Distribution):
    """A quantity for which all values from `low` to `high` are equally likely."""

    low: float
    high: float

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    def _quantile(self, probability: float) -> float:
        return self.low + probability * (self.high - self.low)

    def cdf(self, value: float) -> float:
        if self.low == self.high:
            return float(value >= self.high)
        return (_between(value, self.low, self.high) - self.low) / (self.high - self.low)

    def mean_between(self, low: float, high: float) -> float:
        a, b = (_between(bound, self.low, self.high) for bound in (low, high))
        return (self.cdf(high) - self.cdf(low)) * (a + b) / 2

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        return rng.uniform(self.low, self.high, draws)


@dataclass(frozen=True, eq=False)
class LogUniform(Distribution):
    """A positive quantity whose logarithm is uniform between those of `low` and `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        check_interval(self.low, self.high, positive=True)

    def _quantile(self, probability: float) -> float:
        return float(self.low * (self.high / self.low) ** probability)

    def cdf(self, value: float) -> float:
        return self._logarithm().cdf(_log(value))

    def mean_between(self, low: float, high: float) -> float:
        """Return E[X; low < X <= high] = (b - a) / log(high / low)."""
        if self.low == self.high:
            return Uniform(self.low, self.high).mean_between(low, high)
        a, b = (_between(bound, self.low, self.high) for bound in (low, high))
        return (b - a) / math.log(self.high / self.low)

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        import numpy as np

        values: Array = np.exp(self._logarithm().values(draws, rng))
        return values

    def _logarithm(self) -> Uniform:
        return Uniform(math.log(self.low), math.log(self.high))


@dataclass(frozen=True, eq=False)
class Shifted(Distribution):
    """A lognormal that starts at `origin` and extends up, or down if it is `mirrored`.

    Three numbers determine one: see `diffdata.uncertainty.three_numbers`.
    """

    base: Lognormal
    origin: float
    mirrored: bool = False

    def _quantile(self, probability: float) -> float:
        base = self.base.quantile(1 - probability if self.mirrored else probability)
        return self.origin + self._sign * base

    def cdf(self, value: float) -> float:
        share = self.base.cdf(self._sign * (value - self.origin))
        return 1 - share if self.mirrored else share

    def mean_between(self, low: float, high: float) -> float:
        a, b = sorted(self._sign * (bound - self.origin) for bound in (low, high))
        share = self.cdf(high) - self.cdf(low)
        return self.origin * share + self._sign * self.base.mean_between(a, b)

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        return self.origin + self._sign * self.base.values(draws, rng)

    @property
    def _sign(self) -> int:
        return -1 if self.mirrored else 1


@dataclass(frozen=True, eq=False)
class _Bounded(Distribution):
    """What the values of a distribution between two bounds have in common."""

    base: Distribution
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InvalidInputError(f"low: expected below high, found {self.low} and {self.high}")

    def _quantile(self, probability: float) -> float:
        return _between(self.base.quantile(probability), self.low, self.high)

    def mean_between(self, low: float, high: float) -> float:
        a, b = max(low, self.low), min(high, self.high)
        return self.base.mean_between(a, b) if a < b else 0.0


@dataclass(frozen=True, eq=False)
class Truncated(_Bounded):
    """A distribution conditional on lying between two bounds: renormalised, no mass on a bound.

    Examples
    --------
    >>> gain = Normal.from_interval(1.7, 3.3, 0.8).truncated(0, 4.7)
    >>> gain.quantile(0), gain.quantile(1)
    (0, 4.7)
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self._share() < _LEAST_SHARE:
            raise InvalidInputError(
                f"low and high: the bounds {self.low} and {self.high} leave less than "
                f"{_LEAST_SHARE} of the distribution"
            )

    def _quantile(self, probability: float) -> float:
        if probability in (0, 1):
            return super()._quantile(probability)
        return self.base.quantile(self.base.cdf(self.low) + probability * self._share())

    def cdf(self, value: float) -> float:
        inside = _between(value, self.low, self.high)
        return (self.base.cdf(inside) - self.base.cdf(self.low)) / self._share()

    def mean_between(self, low: float, high: float) -> float:
        return super().mean_between(low, high) / self._share()

    def _share(self) -> float:
        return self.base.cdf(self.high) - self.base.cdf(self.low)

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        values = self.base.values(draws, rng)
        while (outside := (values < self.low) | (values > self.high)).any():
            values[outside] = self.base.values(int(outside.sum()), rng)
        return values


@dataclass(frozen=True, eq=False)
class Clipped(_Bounded):
    """A distribution with values beyond a bound moved onto it, which gets their mass."""

    def cdf(self, value: float) -> float:
        if value < self.low:
            return 0.0
        return 1.0 if value >= self.high else self.base.cdf(value)

    def mean_between(self, low: float, high: float) -> float:
        part = super().mean_between(low, high)
        if low < self.low <= high:
            part += self.low * self.base.cdf(self.low)
        if low < self.high <= high and math.isfinite(self.high):
            part += self.high * (1 - self.base.cdf(self.high))
        return part

    def values(self, draws: int, rng: np.random.Generator) -> Array:
        return self.base.values(draws, rng).clip(self.low, self.high)


def deviations(level: float) -> float:
    """Return the half-width of a central interval of a normal, in standard deviations."""
    check_level(level)
    return _STANDARD.inv_cdf(0.5 + level / 2)


def check_interval(low: float, high: float, positive: bool = False) -> None:
    """Raise InvalidInputError unless the bounds are finite, in order, and positive if required."""
    if not (-math.inf < low <= high < math.inf):
        raise InvalidInputError(f"low and high: expected low <= high, found {low} and {high}")
    if positive and not low > 0:
        raise InvalidInputError(f"low and high: expected both above 0, found {low} and {high}")


def _check_parameters(mu: float, sigma: float) -> None:
    if not (math.isfinite(mu) and 0 <= sigma < math.inf):
        raise InvalidInputError(
            f"mu and sigma: expected finite numbers, sigma from 0 up, found {mu} and {sigma}"
        )


def _lognormal(factor: Quantity | float) -> Lognormal | None:
    """Return a factor of a lognormal product: a lognormal, or a positive number as one."""
    if isinstance(factor, Real) and 0 < factor < math.inf:
        return Lognormal(math.log(factor), 0, {})
    return factor if isinstance(factor, Lognormal) else None


def _shares(factor: Lognormal) -> Mapping[Lognormal, float]:
    return {factor: factor.sigma} if factor.shares is None else factor.shares


def _product(*powers: tuple[Lognormal, float]) -> Lognormal:
    """Return the product of powers of lognormals: the sum of multiples of their logarithms."""
    shares: dict[Lognormal, float] = {}
    for factor, exponent in powers:
        for name, share in _shares(factor).items():
            shares[name] = shares.get(name, 0) + exponent * share
    mu = sum(exponent * factor.mu for factor, exponent in powers)
    return Lognormal(mu, math.hypot(*shares.values()), shares)


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
