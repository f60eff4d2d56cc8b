"""Compute from the sizes of a model, from hardware and from efficiency, and its growth."""

from __future__ import annotations

import math
from collections.abc import Iterable

from diffdata.derive.formula import (
    HOURS_PER_YEAR,
    POSITIVE,
    SECONDS_PER_DAY,
    Amount,
    Finite,
    Positive,
    Share,
    formula,
)
from diffdata.errors import InvalidInputError

__all__ = [
    "annual_growth", "chip_hours", "chip_years", "doubling_time_to_growth", "effective_compute",
    "eight_nd", "equivalent_chip_hours", "equivalent_chips", "growth_over", "orders_of_magnitude",
    "pflops_days", "product_of", "run_compute", "six_nd", "utilization",
]  # fmt: skip

# Assumed for runs of unknown utilization: the median of 33 known ones
# (``cottier-2024-training-costs``).
MEDIAN_UTILIZATION = 0.375


@formula("brown-2020")
def six_nd(parameters: Positive, tokens: Positive) -> Amount:
    """Return the FLOP that training a dense transformer needs: 6 x parameters x tokens.

    Two FLOP for each parameter and token in the forward pass and four in the backward pass.

    >>> six_nd(175e9, 300e9)  # OPT-175B; the published 4.3e23 includes recomputation
    3.15e+23
    """
    return 6 * parameters * tokens


@formula("brown-2020")
def eight_nd(parameters: Positive, tokens: Positive) -> Amount:
    """Return the FLOP of training with recomputed activations: 8 x parameters x tokens.

    The forward pass runs a second time, which the hardware performs but the model does not need:
    use `six_nd` to compare models, and this to compare with what chips did.

    >>> eight_nd(175e9, 300e9)  # OPT-175B, close to the 4.3e23 FLOP that its developers report
    4.2e+23
    """
    return 8 * parameters * tokens


@formula("daan-2024-gpt-3-level")
def run_compute(
    chips: Positive, days: Positive, peak_flop_per_second: Positive, utilization: Share
) -> Amount:
    """Return the FLOP that a cluster performs in a training run.

    >>> print(f"{run_compute(10_000, 14.8, 125e12, 0.196):.3g}")  # GPT-3: ``patterson-2021``
    3.13e+23
    """
    return chips * days * SECONDS_PER_DAY * peak_flop_per_second * utilization


@formula("daan-2024-gpt-3-level")
def utilization(
    compute_flop: Positive, chips: Positive, days: Positive, peak_flop_per_second: Positive
) -> Amount:
    """Return the share of the peak of a cluster that a training run reached.

    It is the model FLOP utilization (MFU) if `compute_flop` excludes the recomputation of
    activations (`six_nd`), and the hardware FLOP utilization (HFU) if it includes it (`eight_nd`).
    Only the MFU is suitable to compare runs. A result above 1 means that the arguments contradict
    each other.

    >>> round(utilization(3.14e23, 10_000, 14.8, 125e12), 3)  # GPT-3; the source has 19.6 %
    0.196
    """
    return compute_flop / (chips * days * SECONDS_PER_DAY * peak_flop_per_second)


@formula("cottier-2024-training-costs")
def chip_hours(
    compute_flop: Positive, peak_flop_per_second: Positive, utilization: Share = MEDIAN_UTILIZATION
) -> Amount:
    """Return the chip-hours of a training run.

    >>> round(chip_hours(3.14e23, 125e12, 0.196) / 1e6, 2)  # GPT-3, in millions
    3.56
    """
    return compute_flop / (peak_flop_per_second * utilization) / 3600


@formula("jones-2020-overhang")
def chip_years(
    compute_flop: Positive, peak_flop_per_second: Positive, utilization: Share = 1.0
) -> Amount:
    """Return the years (of 365.25 days) that one chip would need for a training run.

    >>> round(chip_years(3.14e23, 30e12))  # GPT-3 on chips that sustain 30 TFLOP/s
    332
    """
    return chip_hours(compute_flop, peak_flop_per_second, utilization) / HOURS_PER_YEAR


@formula("jones-2020-overhang")
def pflops_days(compute_flop: Positive) -> Amount:
    """Return compute in PFLOP/s-days: 1e15 FLOP per second for a day, 8.64e19 FLOP.

    >>> round(pflops_days(3.14e23))
    3634
    """
    return compute_flop / (1e15 * SECONDS_PER_DAY)


@formula("daan-2024-gpt-3-level")
def equivalent_chip_hours(
    hours: Positive, peak_flop_per_second: Positive, reference_peak_flop_per_second: Positive
) -> Amount:
    """Return the chip-hours in which a reference chip could perform as many FLOP.

    >>> round(equivalent_chip_hours(1, 989e12, 125e12), 1)  # H100 to V100
    7.9
    """
    return hours * peak_flop_per_second / reference_peak_flop_per_second


@formula("daan-2024-gpt-3-level")
def equivalent_chips(
    chips: Positive, peak_flop_per_second: Positive, reference_peak_flop_per_second: Positive
) -> Amount:
    """Return the number of reference chips with the same peak as a cluster.

    >>> round(equivalent_chips(10_000, 125e12, 989e12))  # The 10,000 V100 of GPT-3 as H100
    1264
    """
    return chips * peak_flop_per_second / reference_peak_flop_per_second


@formula("daan-2024-gpt-3-level")
def product_of(multipliers: Iterable[Amount], *, floor: float | None = None) -> Amount:
    """Return the product of several multipliers of efficiency.

    It treats them as independent, or each as conditional on those before it. The product of medians
    is the median of the product only if the factors are lognormal: otherwise pass distributions.
    A floor of 1 leaves out a technique that does harm (footnote 11).

    >>> round(product_of([2.5, 2.5, 3.5, 3.0, 2.2, 2.5]))  # medians; 414 from the distributions
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


@formula("daan-2024-gpt-3-level")
def effective_compute(compute_flop: Positive, efficiency: Positive) -> Amount:
    """Return the FLOP that would have been needed at the reference efficiency.

    >>> effective_compute(2e23, 2.0) / effective_compute(1e23, 1.0)
    4.0
    """
    return compute_flop * efficiency


@formula("daan-2024-gpt-3-level")
def annual_growth(factor: Positive, years: Positive) -> Amount:
    """Return the growth factor per year that amounts to `factor` over some years.

    >>> round(annual_growth(170, 4), 2), round(annual_growth(414, 4), 2)  # published: 3.6 and 4.3
    (3.61, 4.51)
    """
    return factor ** (1 / years)


@formula("daan-2024-gpt-3-level")
def growth_over(annual: Positive, years: Finite) -> Amount:
    """Return the growth factor over some years.

    >>> round(growth_over(2.3, 4)), round(growth_over(2.3 * 1.35, 4))  # algorithms; hardware too
    (28, 93)
    """
    return annual**years


@formula("daan-2024-gpt-3-level")
def orders_of_magnitude(factor: Positive, years: Positive = 1.0) -> float:
    """Return a factor in orders of magnitude (OOM), or in OOM per year if the years are given.

    It takes only plain numbers.

    >>> round(orders_of_magnitude(170, 4), 2), orders_of_magnitude(1000)
    (0.56, 3.0)
    """
    return float(math.log10(factor) / years)


@formula("jones-2020-overhang")
def doubling_time_to_growth(months: Positive) -> Amount:
    """Return the growth factor per year from a doubling time: 2^(12 / months).

    >>> round(doubling_time_to_growth(3.5), 1)  # compute before 2020
    10.8
    """
    return 2 ** (12 / months)
