"""Growth of efficiency: how multipliers combine, and what they come to in a year."""

from __future__ import annotations

import math
from collections.abc import Iterable

from diffdata.derive.amounts import Amount, check_finite, check_positive
from diffdata.errors import InvalidInputError


def product_of(multipliers: Iterable[Amount], *, floor: float | None = None) -> Amount:
    """Return the product of several multipliers of efficiency.

    The product takes them as independent, or each as conditional on those before it. Medians of
    factors multiply to the median of the product only if the factors are lognormal: with others,
    pass the distributions rather than their medians.

    Source of the method: ``daan-2024-gpt-3-level``; its footnote 11 has the floor: a technique that
    does harm is left out, so that no multiplier is below 1.

    Parameters
    ----------
    multipliers
        Factors (without unit), at least one. One that cannot pass a bound is truncated before, as
        ``Normal.from_interval(1.7, 3.3, 0.8).truncated(0, 4.7)`` of `diffdata.uncertainty`.
    floor
        The least that each factor counts; none by default. Columns have no floor.

    Returns
    -------
    factor
        Their product (without unit).

    Raises
    ------
    InvalidInputError
        If there is none, or if one is a plain number that is not above 0 and finite.

    Examples
    --------
    The rounded medians of the source: architecture, mixture of experts, unpublished, Chinchilla
    scaling, data, hardware. Sampled, it finds 413 or 414, for not all are lognormal.

    >>> round(product_of([2.5, 2.5, 3.5, 3.0, 2.2, 2.5]))
    361
    >>> product_of([2.5, 0.8], floor=1)
    2.5
    """
    factors = list(multipliers)
    if not factors:
        raise InvalidInputError("multipliers: expected at least one")
    for factor in factors:
        check_positive(multipliers=factor)
    if floor is not None:
        factors = [_at_least(factor, floor) for factor in factors]
    return math.prod(factors[1:], start=factors[0])


def _at_least(factor: Amount, floor: float) -> Amount:
    return max(factor, floor) if isinstance(factor, int | float) else factor.at_least(floor)


def effective_compute(compute_flop: Amount, efficiency: Amount) -> Amount:
    """Return compute in units of what it would have taken at the reference efficiency.

    Source of the definition: ``daan-2024-gpt-3-level``: twice the FLOP at half the need is four
    times the effective compute.

    Parameters
    ----------
    compute_flop
        Physical compute in FLOP.
    efficiency
        How many times fewer FLOP the same performance takes than with the reference methods.

    Returns
    -------
    flop
        Effective compute in FLOP of the reference methods.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    >>> effective_compute(2e23, 2.0) / effective_compute(1e23, 1.0)
    4.0
    """
    check_positive(compute_flop=compute_flop, efficiency=efficiency)
    return compute_flop * efficiency


def annual_growth(factor: Amount, years: float) -> Amount:
    """Return the factor of growth a year that makes `factor` in so many years.

    Source of the formula: ``daan-2024-gpt-3-level``, which so gets 3.6 a year for 170 times less
    compute in four years. Its 4.3 a year for 414 times less hardware does not follow: that would be
    4.5.

    Parameters
    ----------
    factor
        Growth over the whole time (without unit); below 1 for a decline.
    years
        The time in years.

    Returns
    -------
    growth
        Factor a year.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    >>> round(annual_growth(170, 4), 2), round(annual_growth(414, 4), 2)
    (3.61, 4.51)
    """
    check_positive(factor=factor, years=years)
    return factor ** (1 / years)


def growth_over(annual: Amount, years: float) -> Amount:
    """Return the factor that a growth a year makes in so many years.

    Source of the formula: ``daan-2024-gpt-3-level``, on rates of Epoch AI.

    Parameters
    ----------
    annual
        Factor a year; below 1 for a decline.
    years
        The time in years; negative looks back.

    Returns
    -------
    factor
        Growth over the whole time (without unit).

    Raises
    ------
    InvalidInputError
        If `annual` is a plain number not above 0 and finite, or `years` is not finite.

    Examples
    --------
    Algorithms 2.3 times better a year, and hardware used 1.35 times better, over four years:

    >>> round(growth_over(2.3, 4)), round(growth_over(2.3 * 1.35, 4))
    (28, 93)
    """
    check_positive(annual=annual)
    check_finite(years=years)
    return annual**years


def orders_of_magnitude(factor: float, years: float = 1.0) -> float:
    """Return a factor in orders of magnitude (OOM), for each year if the years are given.

    It takes plain numbers only: it needs a logarithm.

    Source of the formula: ``daan-2024-gpt-3-level`` (0.56 OOM a year for 170 times in four years).

    Parameters
    ----------
    factor
        Growth over the whole time (without unit).
    years
        The time in years; left out, the result is that of the factor itself.

    Returns
    -------
    oom
        Orders of magnitude (for each year).

    Raises
    ------
    InvalidInputError
        If an argument is not above 0 and finite.

    Examples
    --------
    >>> round(orders_of_magnitude(170, 4), 2)
    0.56
    >>> orders_of_magnitude(1000)
    3.0
    """
    check_positive(factor=factor, years=years)
    return math.log10(factor) / years


def doubling_time_to_growth(months: Amount) -> Amount:
    """Return the factor of growth a year of what doubles in so many months: 2^(12 / months).

    Source of the example: ``jones-2020-overhang``, on compute before 2020.

    Parameters
    ----------
    months
        Doubling time in months.

    Returns
    -------
    growth
        Factor a year.

    Raises
    ------
    InvalidInputError
        If `months` is a plain number that is not above 0 and finite.

    Examples
    --------
    >>> round(doubling_time_to_growth(3.5), 1)
    10.8
    """
    check_positive(months=months)
    return 2 ** (12 / months)
