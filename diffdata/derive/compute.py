"""Compute from the size of a model and of its training, and from the hardware it ran on."""

from __future__ import annotations

from diffdata.derive.formula import (
    HOURS_PER_YEAR,
    SECONDS_PER_DAY,
    Amount,
    Positive,
    Share,
    formula,
)

FLOP_PER_PFLOPS_DAY = 1e15 * SECONDS_PER_DAY
# Assumed for runs of unknown utilization: the median of 33 known ones
# (``cottier-2024-training-costs``).
MEDIAN_UTILIZATION = 0.375


@formula
def six_nd(parameters: Positive, tokens: Positive) -> Amount:
    """Return the FLOP that training a dense transformer needs: 6 x parameters x tokens.

    Two FLOP for each parameter and token in the forward pass and four in the backward pass,
    without the recomputation of activations. Source: Brown et al. 2020, appendix D
    (``brown-2020``), as ``gpt-3-training-compute-brown-2020`` quotes it.

    Examples
    --------
    >>> six_nd(175e9, 300e9)  # OPT-175B; the published 4.3e23 includes recomputation
    3.15e+23
    """
    return 6 * parameters * tokens


@formula
def eight_nd(parameters: Positive, tokens: Positive) -> Amount:
    """Return the FLOP of training with recomputed activations: 8 x parameters x tokens.

    If activations are not kept for the backward pass, the forward pass runs a second time: two
    more FLOP for each parameter and token than in `six_nd`. The hardware performs this work, but
    the model does not need it: use `six_nd` to compare models, and this to compare with what chips
    did. Source: the reasoning of ``brown-2020``, appendix D, with a second forward pass.

    Examples
    --------
    >>> eight_nd(175e9, 300e9)  # OPT-175B, close to the 4.3e23 FLOP that its developers report
    4.2e+23
    """
    return 8 * parameters * tokens


@formula
def run_compute(
    chips: Positive, days: Positive, peak_flop_per_second: Positive, utilization: Share
) -> Amount:
    """Return the FLOP that a cluster performs in a training run.

    Source: ``daan-2024-gpt-3-level``, where compute is the product of cluster size, performance,
    duration and hardware efficiency. The figures of the example are from ``patterson-2021``.

    Examples
    --------
    >>> print(f"{run_compute(10_000, 14.8, 125e12, 0.196):.3g}")  # GPT-3 on V100
    3.13e+23
    """
    return chips * days * SECONDS_PER_DAY * peak_flop_per_second * utilization


@formula
def utilization(
    compute_flop: Positive, chips: Positive, days: Positive, peak_flop_per_second: Positive
) -> Amount:
    """Return the share of the peak of a cluster that a training run reached.

    It is the model FLOP utilization (MFU) if `compute_flop` excludes the recomputation of
    activations (`six_nd`), and the hardware FLOP utilization (HFU) if it includes it (`eight_nd`).
    Only the MFU is suitable to compare runs. A result above 1 means that the arguments contradict
    each other. Source: ``daan-2024-gpt-3-level``, which gives 19.6 % for GPT-3.

    Examples
    --------
    >>> round(utilization(3.14e23, 10_000, 14.8, 125e12), 3)
    0.196

    OPT-175B: HFU from the compute that its developers report, then MFU:

    >>> round(utilization(4.3e23, 1024, 33, 312e12), 3)
    0.472
    >>> round(utilization(six_nd(175e9, 300e9), 1024, 33, 312e12), 3)
    0.346
    """
    return compute_flop / (chips * days * SECONDS_PER_DAY * peak_flop_per_second)


@formula
def chip_hours(
    compute_flop: Positive, peak_flop_per_second: Positive, utilization: Share = MEDIAN_UTILIZATION
) -> Amount:
    """Return the chip-hours of a training run.

    Source of the formula and of the default: the code of ``cottier-2024-training-costs``, for runs
    whose number of chips or duration is unknown.

    Examples
    --------
    >>> round(chip_hours(3.14e23, 125e12, 0.196) / 1e6, 2)  # GPT-3, in millions
    3.56
    """
    return compute_flop / (peak_flop_per_second * utilization) / 3600


@formula
def chip_years(
    compute_flop: Positive, peak_flop_per_second: Positive, utilization: Share = 1.0
) -> Amount:
    """Return the years (of 365.25 days) that one chip would need for a training run.

    Source: the unit that ``jones-2020-overhang`` uses for GPT-3. Its rounded 500 years follow from
    a cost of five million usd and 10,000 usd per chip, not from this formula.

    Examples
    --------
    >>> round(chip_years(3.14e23, 30e12))  # GPT-3 on chips that sustain 30 TFLOP/s
    332
    """
    return chip_hours(compute_flop, peak_flop_per_second, utilization) / HOURS_PER_YEAR


@formula
def pflops_days(compute_flop: Positive) -> Amount:
    """Return compute in PFLOP/s-days: 1e15 FLOP per second for a day, 8.64e19 FLOP.

    Source: the unit of ``jones-2020-overhang``.

    Examples
    --------
    >>> round(pflops_days(3.14e23))
    3634
    """
    return compute_flop / FLOP_PER_PFLOPS_DAY


@formula
def equivalent_chip_hours(
    hours: Positive, peak_flop_per_second: Positive, reference_peak_flop_per_second: Positive
) -> Amount:
    """Return the chip-hours in which a reference chip could perform as many FLOP.

    Source: ``daan-2024-gpt-3-level``, which compares chips by their peaks alone: memory,
    interconnect and price do not count.

    Examples
    --------
    >>> round(equivalent_chip_hours(1, 989e12, 125e12), 1)  # H100 to V100
    7.9
    """
    return hours * peak_flop_per_second / reference_peak_flop_per_second


@formula
def equivalent_chips(
    chips: Positive, peak_flop_per_second: Positive, reference_peak_flop_per_second: Positive
) -> Amount:
    """Return the number of reference chips with the same peak as a cluster.

    Source: ``daan-2024-gpt-3-level``, as for `equivalent_chip_hours`.

    Examples
    --------
    >>> round(equivalent_chips(10_000, 125e12, 989e12))  # The 10,000 V100 of GPT-3 as H100
    1264
    """
    return chips * peak_flop_per_second / reference_peak_flop_per_second
