"""Families of distributions, fitted from intervals, with exact quantiles, densities and moments.

Sums of normals are normals, and products, quotients and powers of lognormals are lognormals. They
are kept as sums of the standard normals behind their terms, so that a term used twice counts once.
Bad arguments raise `InvalidInputError`.
"""
# ruff: noqa: D102 (methods are documented where they are declared, in Distribution and Quantity)

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import NormalDist
from typing import Any, Self

import numpy as np

from diffdata.errors import InvalidInputError, optional_library
from diffdata.uncertainty.quantity import (
    Array,
    Function,
    Quantity,
    check_bounds,
    check_level,
    combine,
    in_order,
    number,
)

__all__ = [
    "Clipped", "Distribution", "LogUniform", "Lognormal", "Mixture", "Normal", "Shifted",
    "Truncated", "Uniform", "correlated", "mixture",
]  # fmt: skip

_STANDARD = NormalDist()
_LEAST_SHARE = 1e-9  # of a distribution that a truncation must leave, for precise quantiles
_ERFC = np.vectorize(math.erfc, otypes=[float])
# Of Wichura 1988, algorithm AS 241, Applied Statistics 37: the quotients of polynomials that the
# normal quantile is in its middle, at its ends, and beyond exp(-25) from 0 and 1.
_WICHURA = (
    (
        (
            2509.0809287301227, 33430.57558358813, 67265.7709270087,
            45921.95393154987, 13731.69376550946, 1971.5909503065513,
            133.14166789178438, 3.3871328727963665,
        ),
        (
            5226.495278852854, 28729.085735721943, 39307.89580009271,
            21213.794301586597, 5394.196021424751, 687.1870074920579,
            42.31333070160091, 1.0,
        ),
    ),
    (
        (
            0.0007745450142783414, 0.022723844989269184, 0.2417807251774506,
            1.2704582524523684, 3.6478483247632045, 5.769497221460691,
            4.630337846156546, 1.4234371107496835,
        ),
        (
            1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457,
            0.14810397642748008, 0.6897673349851, 1.6763848301838038,
            2.053191626637759, 1.0,
        ),
    ),
    (
        (
            2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784,
            0.026532189526576124, 0.29656057182850487, 1.7848265399172913,
            5.463784911164114, 6.657904643501103,
        ),
        (
            2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05,
            0.0007868691311456133, 0.014875361290850615, 0.1369298809227358,
            0.599832206555888, 1.0,
        ),
    ),
)  # fmt: skip


class Distribution(Quantity):
    """A quantity whose distribution function is known in closed form."""

    @abstractmethod
    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        """Return E[(X - about)^power; low < X <= high], the part of a moment between two values.

        The power is 0 (for the probability), 1 or 2.
        """

    def mean_between(self, low: float, high: float) -> float:
        """Return the part of the mean that lies between two values, E[X; low < X <= high]."""
        return self.moment(1, low, high)

    @property
    def mean(self) -> float:
        return self.moment(1)

    @property
    def std(self) -> float:
        centre = self.mean
        if not math.isfinite(centre):
            return math.inf
        # About the mean, since the terms of E[X^2] - E[X]^2 cancel; the mean may be rounded.
        offset = self.moment(1, about=centre)
        variance = self.moment(2, about=centre) - offset * offset
        return math.inf if math.isnan(variance) else math.sqrt(max(0.0, variance))

    def standard_error(self, probability: float | None = None) -> float:
        del probability
        return 0.0

    def truncated(self, low: float = -math.inf, high: float = math.inf) -> Distribution:
        """Return the distribution conditional on lying between the bounds: renormalised.

        It is a function of the same variable: a draw keeps its rank.
        """
        return Truncated(self, low, high, unit=self.unit)

    def clipped(self, low: float = -math.inf, high: float = math.inf) -> Clipped:
        return Clipped(self, low, high, unit=self.unit)

    def closed_form(self, function: Function, operands: Sequence[Any], unit: str) -> Any:
        match function, *operands:
            case np.add | np.subtract, Normal() | float() as a, Normal() | float() as b:
                return Normal.sum((a, 1), (b, 1 if function is np.add else -1), unit=unit)
            case (np.multiply, Normal() as a, float(b)) | (np.multiply, float(b), Normal() as a):
                return Normal.sum((a, b), unit=unit)
            case np.divide, Normal() as a, float(b) if b:
                return Normal.sum((a, 1 / b), unit=unit)
            case np.negative, Normal() as a:
                return Normal.sum((a, -1), unit=unit)
            case (np.positive, a) | (np.absolute, Lognormal() as a):
                return a
            case np.exp, Normal() as a:
                return Lognormal.sum((a, 1))
            case np.power, float(a), Normal() as b if a > 0:
                return Lognormal.sum((b, math.log(a)))
            case np.log, Lognormal() as a:
                return Normal.sum((a, 1))
            case np.power, Lognormal() as a, float(b):
                return Lognormal.sum((a, b))
            case np.multiply | np.divide, Lognormal() | float() as a, Lognormal() | float() as b:
                signs = 1, 1 if function is np.multiply else -1
                logs = [x if isinstance(x, Lognormal) else float(_logs(x)) for x in (a, b)]
                if -math.inf not in logs:
                    return Lognormal.sum(*zip(logs, signs, strict=True), unit=unit)
            case (np.maximum, a, float(b)) | (np.maximum, float(b), a) if math.isfinite(b):
                return a.clipped(low=b)
            case (np.minimum, a, float(b)) | (np.minimum, float(b), a) if math.isfinite(b):
                return a.clipped(high=b)
        return None

    def probability_below(self, other: Quantity | float) -> float:
        """Return P(self < other): exact, or for independent distributions by quadrature."""
        match self, other:
            case (Normal(), Normal()) | (Lognormal(), Lognormal()):
                return Normal.sum((self, 1), (other, -1)).probability_below(0.0)
            case _, Mixture(components, _, choice) if choice not in in_order([self]):
                return float(other._average([self.probability_below(x) for x in components]))
            case _, Distribution() if set(in_order([self])).isdisjoint(in_order([other])):
                # The mean of P(self < y) over the quantiles y of the other, of probability cdf(z).
                z = np.linspace(-8.5, 8.5, 20_001)
                values = np.nextafter(other._quantile(_normal_cdf(z)), -math.inf)
                return float(np.average(self._cdf(values), weights=np.exp(-(z**2) / 2)))
        return super().probability_below(other)

    def to_squigglepy(self) -> Any:
        """Return the same distribution of squigglepy: normal, lognormal or uniform."""
        squigglepy = optional_library("squigglepy")
        match self:
            case Normal(mu, sigma):
                return squigglepy.norm(mean=mu, sd=sigma)
            case Lognormal(mu, sigma):
                return squigglepy.lognorm(norm_mean=mu, norm_sd=sigma)
            case Uniform(low, high):
                return squigglepy.uniform(low, high)
        raise InvalidInputError("squigglepy: only a normal, lognormal or uniform can be given out")

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


@dataclass(frozen=True, eq=False, repr=False)
class _Source(Quantity):
    """A standard normal behind normals and lognormals."""

    def compute(self, *values: Any) -> Array:
        draws, rng = values
        return np.asarray(rng.standard_normal(draws))


@dataclass(frozen=True, eq=False, repr=False)
class _Gaussian(Distribution):
    """A normal, or what has a normal logarithm: a sum of multiples of standard normals."""

    mu: float
    sigma: float
    shares: Mapping[Quantity, float] = field(default_factory=dict)  # by default of a new source

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mu) and 0 <= self.sigma < math.inf):
            raise InvalidInputError(
                "mu and sigma: expected finite numbers, sigma from 0 up, "
                f"found {self.mu} and {self.sigma}"
            )
        if not self.shares:
            object.__setattr__(self, "shares", {_Source(): self.sigma})

    @classmethod
    def sum(cls, *terms: tuple[Any, float], unit: str = "") -> Self:
        """Return the sum of multiples of numbers and of normals, or of their logarithms."""
        mu, shares = 0.0, dict[Quantity, float]()
        for term, factor in terms:
            mu += factor * (term.mu if isinstance(term, _Gaussian) else term)
            for source, share in term.shares.items() if isinstance(term, _Gaussian) else ():
                shares[source] = shares.get(source, 0.0) + factor * share
        return cls(mu, math.hypot(*shares.values()), shares, unit=unit)

    @property
    def parts(self) -> tuple[Any, ...]:
        return tuple(self.shares)

    @property
    def _is_exact(self) -> bool:
        return self.sigma == 0

    @property
    def _without_unit(self) -> Quantity:
        return replace(self, unit="")

    def compute(self, *values: Any) -> Array:
        first, *others = map(operator.mul, self.shares.values(), values)
        for other in others:
            first += other
        first += self.mu
        return np.asarray(first)

    def _standard(self, value: Any) -> Array:
        if self.sigma == 0:
            return np.where(value >= self.mu, math.inf, -math.inf)
        with np.errstate(over="ignore"):
            return np.asarray((value - self.mu) / self.sigma)


class Normal(_Gaussian):
    """A normal distribution with mean `mu` and standard deviation `sigma`, which may be 0.

    Sums and differences of normals are exact; a term used twice is one draw.

    Examples
    --------
    >>> low, high = Normal.from_interval(1.7, 3.3, 0.8).interval(0.8)
    >>> round(low, 9), round(high, 9)
    (1.7, 3.3)
    >>> gain = Normal(2, 1)
    >>> (gain + gain).std, (gain - gain).std, gain.exp().mu
    (2.0, 0.0, 2.0)
    """

    @classmethod
    def from_interval(cls, low: float, high: float, level: float = 0.9, *, unit: str = "") -> Self:
        """Fit the normal whose central interval at `level` is from `low` to `high`."""
        check_interval(low, high)
        return cls(low / 2 + high / 2, (high / 2 - low / 2) / deviations(level), unit=unit)

    @property
    def std(self) -> float:
        return self.sigma

    @property
    def _reach(self) -> tuple[float, float]:
        """Values within which all of it lies, for a float."""
        return self.mu - 12 * self.sigma, self.mu + 12 * self.sigma

    def _quantile(self, probability: Array) -> Array:
        if self.sigma == 0:
            return np.full_like(probability, self.mu)
        return np.asarray(self.mu + self.sigma * normal_quantile(probability))

    def _cdf(self, value: Array) -> Array:
        return _normal_cdf(self._standard(value))

    def _pdf(self, value: Array) -> Array:
        if self.sigma == 0:
            return np.where(value == self.mu, math.inf, 0.0)
        return _normal_pdf(self._standard(value)) / self.sigma

    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        ends = np.array([self._standard(low), self._standard(high)])
        if ends[0] < ends[1] < ends[0] + 1:  # where closed forms cancel
            limits = np.clip([low, high], *self._reach)
            return _integral(lambda x: (x - about) ** power * self._pdf(x), *limits)
        # Of the lower tail, where a float tells shares from 0.
        share = abs(np.diff(_normal_cdf(-ends if ends[0] > 0 else ends))[0])
        first = -np.diff(_normal_pdf(ends))[0]  # E[Z; a < Z <= b], with E[Z^2] after it
        second = share - np.diff(np.clip(ends, -99, 99) * _normal_pdf(ends))[0]
        mu, sigma = self.mu - about, self.sigma
        if power == 2:
            return float(mu * (mu * share + 2 * sigma * first) + sigma * (sigma * second))
        return float(mu * share + sigma * first if power else share)


class _Exponential(Distribution):
    """What has a logarithm that is a distribution."""

    @property
    @abstractmethod
    def _logarithm(self) -> Normal | Uniform: ...

    def _quantile(self, probability: Array) -> Array:
        return _exp(self._logarithm._quantile(probability))

    def _cdf(self, value: Array) -> Array:
        return self._logarithm._cdf(_logs(value))

    def _pdf(self, value: Array) -> Array:
        density = np.asarray(self._logarithm._pdf(_logs(value)))
        return np.divide(density, value, out=np.zeros_like(density), where=value > 0)

    def compute(self, *values: Any) -> Array:
        return _exp(self._logarithm.compute(*values))

    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        logarithm = self._logarithm
        a, b = np.clip(_logs([low, high]), *logarithm._reach)
        if power and about > 0 and 0 < b - a < 1:  # where closed forms cancel
            log = math.log(about)
            return _integral(
                lambda x: (about * np.expm1(x - log)) ** power * logarithm._pdf(x), a, b
            )
        zeroth, first, second = (self._raw_moment(k, low, high) for k in range(3))
        if power == 2 and about:
            return second - about * (2 * first - about * zeroth)
        return (zeroth, first - about * zeroth, second)[power]

    @abstractmethod
    def _raw_moment(self, power: int, low: float, high: float) -> float:
        """Return the moment about 0."""


class Lognormal(_Exponential, _Gaussian):
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

    @classmethod
    def from_interval(cls, low: float, high: float, level: float = 0.9, *, unit: str = "") -> Self:
        """Fit the lognormal whose central interval at `level` is from `low` (above 0) to `high`."""
        check_interval(low, high, positive=True)
        spread = (math.log(high) - math.log(low)) / 2
        return cls(math.log(low) + spread, spread / deviations(level), unit=unit)

    @property
    def _logarithm(self) -> Normal:
        return Normal(self.mu, self.sigma, self.shares)

    @property
    def std(self) -> float:
        return self.mean * math.sqrt(_exp(self.sigma**2, np.expm1))

    def _raw_moment(self, power: int, low: float, high: float) -> float:
        """Return the moment times the share of the lognormal with mu + power sigma^2 for mu."""
        tilted = Normal(self.mu + power * self.sigma**2, self.sigma)
        share = tilted.moment(0, *_logs([low, high]))
        return (
            share * float(_exp(power * self.mu + (power * self.sigma) ** 2 / 2)) if share else 0.0
        )


@dataclass(frozen=True, eq=False, repr=False)
class Uniform(Distribution):
    """A quantity for which all values from `low` to `high` are equally likely."""

    low: float
    high: float

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    @property
    def std(self) -> float:
        return (self.high / 2 - self.low / 2) / math.sqrt(3)

    @property
    def _reach(self) -> tuple[float, float]:
        return self.low, self.high

    def _quantile(self, probability: Array) -> Array:
        return np.asarray((1 - probability) * self.low + probability * self.high)

    def _cdf(self, value: Array) -> Array:
        if self.low == self.high:
            return np.where(value >= self.high, 1.0, 0.0)
        half = np.clip(value, self.low, self.high) / 2 - self.low / 2  # of what may be infinite
        return np.asarray(half / (self.high / 2 - self.low / 2))

    def _pdf(self, value: Array) -> Array:
        half = self.high / 2 - self.low / 2
        return np.where(_inside(value, self), 0.5 / half if half else math.inf, 0.0)

    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        a, b = (min(max(bound, self.low), self.high) - about for bound in (low, high))
        share = self.cdf(high) - self.cdf(low)
        return float(share * (1.0, a / 2 + b / 2, (a * a + a * b + b * b) / 3)[power])

    def compute(self, *values: Any) -> Array:
        draws, rng = values
        return np.asarray(rng.uniform(self.low, self.high, draws))


@dataclass(frozen=True, eq=False, repr=False)
class LogUniform(_Exponential):
    """A positive quantity whose logarithm is uniform between those of `low` and `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        check_interval(self.low, self.high, positive=True)

    @property
    def _logarithm(self) -> Uniform:
        return Uniform(math.log(self.low), math.log(self.high))

    def _quantile(self, probability: Array) -> Array:
        inside = np.clip(super()._quantile(probability), self.low, self.high)
        return np.where(probability == 1, self.high, inside)

    def _raw_moment(self, power: int, low: float, high: float) -> float:
        """Return E[X^k; low < X <= high] = (b^k - a^k) / (k log(high / low))."""
        if self.low == self.high:
            return Uniform(self.low, self.high).moment(power, low, high)
        a, b = (float(min(max(bound, self.low), self.high)) for bound in (low, high))
        part = (math.log(b) - math.log(a), b - a, (b - a) * (a / 2 + b / 2))[power]
        return part / (math.log(self.high) - math.log(self.low))


@dataclass(frozen=True, eq=False, repr=False)
class _Derived(Distribution):
    """A function of another distribution."""

    base: Any

    @property
    def parts(self) -> tuple[Any, ...]:
        return (self.base,)


@dataclass(frozen=True, eq=False, repr=False)
class Shifted(_Derived):
    """A lognormal that starts at `origin` and extends up, or down if it is `mirrored`.

    Three numbers determine one: see `diffdata.uncertainty.three_numbers`.
    """

    base: Lognormal
    origin: float
    mirrored: bool = False

    def compute(self, *values: Any) -> Array:
        return np.asarray(self.origin + self._sign * values[0])

    @property
    def std(self) -> float:
        return self.base.std

    def _quantile(self, probability: Array) -> Array:
        return self.compute(self.base._quantile(1 - probability if self.mirrored else probability))

    def _cdf(self, value: Array) -> Array:
        share = self.base._cdf(self._sign * (value - self.origin))
        return np.asarray(1 - share if self.mirrored else share)

    def _pdf(self, value: Array) -> Array:
        return self.base._pdf(self._sign * (value - self.origin))

    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        low, high, about = (self._sign * (x - self.origin) for x in (low, high, about))
        least, most = sorted([low, high])
        return float(self._sign**power * self.base.moment(power, least, most, about))

    @property
    def _sign(self) -> int:
        return -1 if self.mirrored else 1


@dataclass(frozen=True, eq=False, repr=False)
class Clipped(_Derived):
    """A distribution with values beyond a bound moved onto it, which gets their mass.

    Examples
    --------
    >>> gain = Normal(0, 1)
    >>> (gain - gain.clipped(-100, 100)).std
    0.0
    """

    base: Distribution
    low: float
    high: float

    def __post_init__(self) -> None:
        check_bounds(self.low, self.high)

    def compute(self, *values: Any) -> Array:
        return np.asarray(np.clip(values[0], self.low, self.high))

    def _quantile(self, probability: Array) -> Array:
        return self.compute(self.base._quantile(probability))

    def _cdf(self, value: Array) -> Array:
        found = np.where(value < self.low, 0.0, self.base._cdf(value))
        return np.where(value >= self.high, 1.0, found)

    def _pdf(self, value: Array) -> Array:
        found = np.where(_inside(value, self), self.base._pdf(value), 0.0)
        for bound, mass in zip((self.low, self.high), self._masses(), strict=True):
            found = np.where((value == bound) & (mass > 0), math.inf, found)
        return found

    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        a, b = max(low, self.low), min(high, self.high)
        part = self.base.moment(power, a, b, about) if a < b else 0.0
        for bound, mass in zip((self.low, self.high), self._masses(), strict=True):
            if mass and low < bound <= high:
                part += math.prod([bound - about] * power) * mass
        return part

    def _masses(self) -> tuple[float, float]:
        return float(self.base.cdf(self.low)), 1 - float(self.base.cdf(self.high))


@dataclass(frozen=True, eq=False, repr=False)
class Truncated(_Derived):
    """A distribution conditional on lying between two bounds: renormalised, no mass on a bound.

    Examples
    --------
    >>> gain = Normal.from_interval(1.7, 3.3, 0.8).truncated(0, 4.7)
    >>> gain.quantile(0), gain.quantile(1)
    (0.0, 4.7)
    """

    base: Distribution
    low: float
    high: float
    source: Distribution | None = None  # whose draws decide the ranks, if not those of the base

    def __post_init__(self) -> None:
        check_bounds(self.low, self.high)
        if self._share < _LEAST_SHARE:
            raise InvalidInputError(
                f"low and high: the bounds {self.low} and {self.high} leave less than "
                f"{_LEAST_SHARE} of the distribution"
            )

    @property
    def parts(self) -> tuple[Any, ...]:
        source: Any = self.source or self.base
        while isinstance(source, Truncated | Clipped):  # of which no value stands for many
            source = getattr(source, "source", None) or source.base
        return (source,)

    def compute(self, *values: Any) -> Array:
        return self._quantile(self.parts[0]._cdf(values[0]))

    def _quantile(self, probability: Array) -> Array:
        below = self.base.cdf(self.low) + probability * self._share
        inside = np.where(probability == 1, math.inf, self.base._quantile(np.clip(below, 0, 1)))
        return np.asarray(np.clip(np.where(probability == 0, -math.inf, inside), *self._support))

    def _cdf(self, value: Array) -> Array:
        inside = np.clip(value, self.low, self.high)
        return np.asarray((self.base._cdf(inside) - self.base.cdf(self.low)) / self._share)

    def _pdf(self, value: Array) -> Array:
        return np.where(_inside(value, self), self.base._pdf(value) / self._share, 0.0)

    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        a, b = max(low, self.low), min(high, self.high)
        return self.base.moment(power, a, b, about) / self._share if a < b else 0.0

    @cached_property
    def _share(self) -> float:
        return self.base.moment(0, self.low, self.high)

    @cached_property
    def _support(self) -> tuple[float, float]:
        least, most = self.base.quantile([0.0, 1.0])
        return max(self.low, least), min(self.high, most)


@dataclass(frozen=True, eq=False, repr=False)
class Mixture(Distribution):
    """One of several distributions, each with its probability; see `mixture`."""

    components: tuple[Distribution, ...]
    weights: tuple[float, ...]
    choice: Uniform = field(default_factory=lambda: Uniform(0, 1))  # which one it is

    @property
    def parts(self) -> tuple[Any, ...]:
        return (self.choice, *self.components)

    def compute(self, *values: Any) -> Array:
        chosen = np.searchsorted(np.cumsum(self.weights)[:-1], values[0], side="right")
        return np.asarray(np.array(values[1:])[chosen, np.arange(len(chosen))])

    def truncated(self, low: float = -math.inf, high: float = math.inf) -> Distribution:
        """Return the mixture of the truncated components."""
        Truncated(self, low, high)  # checks the bounds
        inside = [x.moment(0, low, high) for x in self.components]
        parts = [
            (x.truncated(low, high), weight * share)
            for x, weight, share in zip(self.components, self.weights, inside, strict=True)
            if share >= _LEAST_SHARE
        ]
        return replace(mixture(*zip(*parts, strict=True)), choice=self.choice, unit=self.unit)

    def closed_form(self, function: Function, operands: Sequence[Any], unit: str) -> Any:
        """Return the mixture of what the function makes of each component."""
        found = super().closed_form(function, operands, unit)
        others = [x for x in operands if x is not self]
        if found is not None or not all(isinstance(x, float | _Gaussian) for x in others):
            return found
        if len(others) < len(operands) - 1:
            return None
        each = [
            combine(function, *(part if x is self else x for x in operands))
            for part in self.components
        ]
        known = tuple(x for x in each if isinstance(x, Distribution))
        return replace(self, components=known, unit=unit) if len(known) == len(each) else None

    def _quantile(self, probability: Array) -> Array:
        each = [x._quantile(probability) for x in self.components]
        low, high = np.min(each, axis=0), np.max(each, axis=0)
        for _ in range(64):  # bisection
            middle = low / 2 + high / 2
            below = self._cdf(middle) < probability
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(high)

    def _cdf(self, value: Array) -> Array:
        return self._average([x._cdf(value) for x in self.components])

    def _pdf(self, value: Array) -> Array:
        return self._average([x._pdf(value) for x in self.components])

    def moment(
        self, power: int, low: float = -math.inf, high: float = math.inf, about: float = 0.0
    ) -> float:
        return float(self._average([x.moment(power, low, high, about) for x in self.components]))

    def _average(self, values: Sequence[Any]) -> Array:
        return np.asarray(np.tensordot(self.weights, np.asarray(values), axes=1))


def correlated(
    quantities: Sequence[Distribution], rank: float | Sequence[Sequence[float]]
) -> list[Distribution]:
    """Return distributions like the given ones that have a rank correlation (Gaussian copula).

    Parameters
    ----------
    quantities : the distributions; the results are new variables, independent of these
    rank : Spearman's rank correlation of every two of them, or the matrix of all

    Returns
    -------
    list of Distribution
        Products of correlated lognormals, and sums of correlated normals, stay exact.

    Examples
    --------
    >>> chips, price = correlated([Lognormal(0, 0.3), Lognormal(0, 0.4)], 0.5)
    >>> round((chips * price).sigma, 3)  # 0.5 if they were independent
    0.612
    """
    size = len(quantities)
    if not all(isinstance(quantity, Distribution) for quantity in quantities):
        raise InvalidInputError("quantities: expected distributions, found a number or a formula")
    ranks = np.asarray(rank, dtype=float)
    if ranks.ndim == 0:
        ranks = np.where(np.eye(size), 1.0, ranks)
    if ranks.shape != (size, size) or not (
        np.array_equal(ranks, ranks.T) and (ranks.diagonal() == 1).all() and (abs(ranks) <= 1).all()
    ):
        raise InvalidInputError(
            f"rank: expected a number from -1 to 1, or a symmetric matrix with a row for each of "
            f"the {size} quantities and ones on its diagonal, found {rank}"
        )
    # Of two normals with the correlation r, the rank correlation is 6 / pi asin(r / 2).
    roots, vectors = np.linalg.eigh(2 * np.sin(math.pi / 6 * ranks))
    if roots.min(initial=0) < -1e-9:
        raise InvalidInputError(f"rank: quantities cannot have all these correlations: {rank}")
    loadings = vectors * np.sqrt(roots.clip(0))
    sources: list[Quantity] = [_Source() for _ in range(size)]
    found: list[Distribution] = []
    for quantity, row in zip(quantities, loadings.tolist(), strict=True):
        shares = {source: share for source, share in zip(sources, row, strict=True) if share}
        if isinstance(quantity, _Gaussian):
            own = {source: quantity.sigma * share for source, share in shares.items()}
            found.append(type(quantity)(quantity.mu, quantity.sigma, own, unit=quantity.unit))
        else:
            ends = -math.inf, math.inf
            found.append(Truncated(quantity, *ends, Normal(0, 1, shares), unit=quantity.unit))
    return found


def mixture(
    quantities: Sequence[Distribution | float], weights: Sequence[float] | None = None
) -> Mixture:
    """Return a quantity that is one of several, each with a probability.

    It keeps a disagreement that an average or a product would hide.

    Parameters
    ----------
    quantities : distributions or numbers, at least one
    weights : the probability of each, up to a common factor; equal by default

    Examples
    --------
    >>> price = mixture([Uniform(0, 1), Uniform(9, 10)], [3, 1])
    >>> price.mean, price.cdf(5)
    (2.75, 0.75)
    """
    if any(isinstance(x, Quantity) and not isinstance(x, Distribution) for x in quantities):
        raise InvalidInputError("quantities: expected distributions or numbers, found a formula")
    parts = [
        x if isinstance(x, Distribution) else Normal(number(x, "quantities"), 0) for x in quantities
    ]
    shares = check_weights(weights, len(parts))
    units = {x.unit for x in parts}
    return Mixture(tuple(parts), tuple(shares), unit=units.pop() if len(units) == 1 else "")


def check_weights(weights: Sequence[float] | None, size: int) -> list[float]:
    """Return weights that sum to 1; equal ones where none are given."""
    given = np.ones(size) if weights is None else np.asarray(weights, dtype=float)
    if size == 0 or given.shape != (size,):
        raise InvalidInputError(
            f"numbers and weights: expected at least one, and a weight for each, found {size} "
            f"and {given.size}"
        )
    if not (0 < given.sum() < math.inf) or given.min() < 0:
        raise InvalidInputError(f"weights: expected none negative, not all zero, found {weights}")
    return list((given / given.sum()).tolist())


def deviations(level: float) -> float:
    """Return the half-width of a central interval of a normal, in standard deviations."""
    check_level(level)
    return _STANDARD.inv_cdf(0.5 + level / 2)


def check_interval(low: float, high: float, positive: bool = False) -> None:
    """Raise InvalidInputError unless the bounds are finite, in order, and positive if required."""
    if not (-math.inf < number(low, "low") <= number(high, "high") < math.inf):
        raise InvalidInputError(f"low and high: expected low <= high, found {low} and {high}")
    if positive and not low > 0:
        raise InvalidInputError(f"low and high: expected both above 0, found {low} and {high}")


def normal_quantile(probability: Any) -> Array:
    """Return quantiles of the standard normal, accurate to 1e-15; infinite at 0 and 1."""
    p = np.asarray(probability, dtype=float)
    from_middle, found = p - 0.5, np.where(p < 0.5, -math.inf, math.inf)
    below = np.where(from_middle <= 0, p, 1 - p)
    central, outside = abs(from_middle) <= 0.425, below == 0
    with np.errstate(divide="ignore"):
        tail = np.sqrt(-np.log(below))
    pieces = (
        (central, 0.180625 - from_middle**2, from_middle),
        (~central & (tail <= 5), tail - 1.6, np.sign(from_middle)),
        (~outside & (tail > 5), tail - 5, np.sign(from_middle)),
    )
    for (inside, argument, factor), (above, under) in zip(pieces, _WICHURA, strict=True):
        x = argument[inside]
        found[inside] = factor[inside] * np.polyval(above, x) / np.polyval(under, x)
    return found


def _normal_cdf(z: Any) -> Array:
    return np.asarray(0.5 * _ERFC(-np.asarray(z) / math.sqrt(2)))


def _normal_pdf(z: Any) -> Array:
    return np.asarray(np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi))


def _integral(function: Callable[[Array], Array], low: float, high: float) -> float:
    """Return the integral of a smooth function, by Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    half = high / 2 - low / 2
    return float(half * weights @ function(low / 2 + high / 2 + half * nodes))


def _inside(value: Array, bounds: Any) -> Any:
    return (value >= bounds.low) & (value <= bounds.high)


def _logs(values: Any) -> Array:
    """Return logarithms, minus infinity for what is not positive."""
    given = np.asarray(values, dtype=float)
    return np.asarray(np.log(given, out=np.full_like(given, -math.inf), where=given > 0))


def _exp(values: Any, function: Any = np.exp) -> Array:
    """Return e to a power, infinity where a float cannot be as large."""
    with np.errstate(over="ignore"):
        return np.asarray(function(values))
