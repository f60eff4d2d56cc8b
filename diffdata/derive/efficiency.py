"""Growth of efficiency: products of multipliers, and rates of growth per year."""

from __future__ import annotations

import math
from collections.abc import Iterable

from diffdata.derive.formula import POSITIVE, Amount, Finite, Positive, formula
from diffdata.errors import InvalidInputError


def product_of(multipliers: Iterable[Amount], *, floor: float | None = None) -> Amount:
    """Return the product of several multipliers of efficiency.

    The product treats them as independent, or each as conditional on those before it. The product
    of medians is the median of the product only if the factors are lognormal: otherwise pass the
    distributions, not their medians. Source: ``daan-2024-gpt-3-level``; its footnote 11 has the
    floor: a technique that does harm is left out, so that no multiplier is below 1.

    Parameters
    ----------
    multipliers : at least one factor; truncate one that cannot exceed a bound before, such as
        ``Normal.from_interval(1.7, 3.3, 0.8).truncated(0, 4.7)`` of `diffdata.uncertainty`
    floor : the least value of each factor, none by default; not supported for columns

    Examples
    --------
    The rounded medians of the source: architecture, mixture of experts, unpublished, Chinchilla
    scaling, data, hardware. With samples it gets 413 or 414, as not all are lognormal.

    >>> round(product_of([2.5, 2.5, 3.5, 3.0, 2.2, 2.5]))
    361
    >>> product_of([2.5, 0.8], floor=1)
    2.5
    """
    factors = [POSITIVE.convert("multipliers", factor) for factor in multipliers]
    if not factors:
        raise InvalidInputError("multipliers: expected at least one")
    if floor is not None:
        factors = [
            max(factor, floor) if isinstance(factor, float) else factor.at_least(floor)
            for factor in factors
        ]
    return math.prod(factors[1:], start=factors[0])


@formula
def effective_compute(compute_flop: Positive, efficiency: Positive) -> Amount:
    """Return the FLOP that would have been needed at the reference efficiency.

    Source: ``daan-2024-gpt-3-level``: twice the FLOP at half the need is four times the effective
    compute.

    Examples
    --------
    >>> effective_compute(2e23, 2.0) / effective_compute(1e23, 1.0)
    4.0
    """
    return compute_flop * efficiency


@formula
def annual_growth(factor: Positive, years: Positive) -> Amount:
    """Return the growth factor per year that amounts to `factor` over some years.

    Source: ``daan-2024-gpt-3-level``, which gets 3.6 per year for 170 times less compute in four
    years. Its 4.3 per year for 414 times less hardware does not follow: that would be 4.5.

    Examples
    --------
    >>> round(annual_growth(170, 4), 2), round(annual_growth(414, 4), 2)
    (3.61, 4.51)
    """
    return factor ** (1 / years)


@formula
def growth_over(annual: Positive, years: Finite) -> Amount:
    """Return the growth factor over some years.

    Source: ``daan-2024-gpt-3-level``, on rates of Epoch AI.

    Examples
    --------
    >>> round(growth_over(2.3, 4)), round(growth_over(2.3 * 1.35, 4))  # algorithms; hardware too
    (28, 93)
    """
    return annual**years


@formula
def orders_of_magnitude(factor: Positive, years: Positive = 1.0) -> float:
    """Return a factor in orders of magnitude (OOM), or in OOM per year if the years are given.

    It takes only plain numbers, because it needs a logarithm. Source: ``daan-2024-gpt-3-level``
    (0.56 OOM per year for 170 times in four years).

    Examples
    --------
    >>> round(orders_of_magnitude(170, 4), 2)
    0.56
    >>> orders_of_magnitude(1000)
    3.0
    """
    return float(math.log10(factor) / years)


@formula
def doubling_time_to_growth(months: Positive) -> Amount:
    """Return the growth factor per year from a doubling time: 2^(12 / months).

    Source of the example: ``jones-2020-overhang``, on compute before 2020.

    Examples
    --------
    >>> round(doubling_time_to_growth(3.5), 1)
    10.8
    """
    return 2 ** (12 / months)
