"""Uncertain quantities: fit, multiply, sample, pool and compare them.

Method: the advice on estimates of source id ``cottier-comments``. Products, quotients and powers of
lognormals are exact; everything else is sampled with a generator that the caller passes.
"""

from diffdata.uncertainty.combine import (
    Conflict,
    conflict,
    from_data,
    from_estimate,
    mean_of,
    pool,
    pool_estimates,
    three_numbers,
)
from diffdata.uncertainty.distributions import (
    Clipped,
    Distribution,
    Lognormal,
    LogUniform,
    Normal,
    Shifted,
    Truncated,
    Uniform,
)
from diffdata.uncertainty.quantity import Expression, Quantity, Samples

__all__ = [
    "Clipped",
    "Conflict",
    "Distribution",
    "Expression",
    "LogUniform",
    "Lognormal",
    "Normal",
    "Quantity",
    "Samples",
    "Shifted",
    "Truncated",
    "Uniform",
    "conflict",
    "from_data",
    "from_estimate",
    "mean_of",
    "pool",
    "pool_estimates",
    "three_numbers",
]
