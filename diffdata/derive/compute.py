"""Compute from the size of a model and of its training, and from the hardware it ran on.

What the formulas take and give: plain numbers, uncertain quantities (whatever has + - * / and **
with numbers) and Narwhals expressions. Only plain numbers are checked.
"""

from __future__ import annotations

from typing import TypeVar

import narwhals as nw

from diffdata.derive.amounts import (
    HOURS_PER_YEAR,
    SECONDS_PER_DAY,
    Amount,
    check_positive,
    check_share,
)

Number = TypeVar("Number", float, nw.Expr)
FLOP_PER_PFLOPS_DAY = 1e15 * SECONDS_PER_DAY
# What runs of unknown utilization are taken to have reached: the median of 33 known ones
# (``cottier-2024-training-costs``).
MEDIAN_UTILIZATION = 0.375


def six_nd(parameters: Number, tokens: Number) -> Number:
    """Return the FLOP that training a dense transformer needs: 6 x parameters x tokens.

    Two FLOP for each parameter and token in the forward pass and four in the backward pass,
    without the recomputation of activations. Source of the formula: Brown et al. 2020, appendix D
    (``brown-2020``), as ``gpt-3-training-compute-brown-2020`` quotes it.

    Parameters
    ----------
    parameters
        Number of parameters, each used for every token.
    tokens
        Number of training tokens seen.

    Returns
    -------
    flop
        FLOP that the model needs.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    OPT-175B, of which only the compute with recomputation is published (4.3e23 FLOP):

    >>> six_nd(175e9, 300e9)
    3.15e+23
    """
    check_positive(parameters=parameters, tokens=tokens)
    return 6 * parameters * tokens


def eight_nd(parameters: Amount, tokens: Amount) -> Amount:
    """Return the FLOP of training with recomputed activations: 8 x parameters x tokens.

    When the activations are not kept for the backward pass, the forward pass runs a second time:
    two more FLOP for each parameter and token than in `six_nd`. The hardware does this work, the
    model does not need it: use `six_nd` to compare models, this to compare with what chips did.

    Source: the reasoning of ``brown-2020``, appendix D, with one forward pass more.

    Parameters
    ----------
    parameters
        Number of parameters, each used for every token.
    tokens
        Number of training tokens seen.

    Returns
    -------
    flop
        FLOP that the hardware performs.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    OPT-175B, close to the 4.3e23 FLOP that its developers report:

    >>> eight_nd(175e9, 300e9)
    4.2e+23
    """
    check_positive(parameters=parameters, tokens=tokens)
    return 8 * parameters * tokens


def run_compute(
    chips: Amount, days: Amount, peak_flop_per_second: Amount, utilization: Amount
) -> Amount:
    """Return the FLOP that a cluster performs in a training run.

    Source of the formula: ``daan-2024-gpt-3-level``, where compute is the product of cluster size,
    performance, duration and hardware efficiency. The figures of the example go back to
    ``patterson-2021``.

    Parameters
    ----------
    chips
        Number of chips.
    days
        Duration of the run in days.
    peak_flop_per_second
        Peak of one chip in FLOP/s, dense, in the number format of the run.
    utilization
        Share of the peak that was reached, above 0 and at most 1.

    Returns
    -------
    flop
        FLOP: those that the model needs if `utilization` is MFU, those that the hardware performs
        if it is HFU.

    Raises
    ------
    InvalidInputError
        If `utilization` is a plain number outside (0, 1], or another not above 0 and finite.

    Examples
    --------
    GPT-3, on 10,000 V100 for 14.8 days at 19.6 % of their peak:

    >>> print(f"{run_compute(10_000, 14.8, 125e12, 0.196):.3g}")
    3.13e+23
    """
    check_positive(chips=chips, days=days, peak_flop_per_second=peak_flop_per_second)
    check_share(utilization=utilization)
    return chips * days * SECONDS_PER_DAY * peak_flop_per_second * utilization


def utilization(
    compute_flop: Amount, chips: Amount, days: Amount, peak_flop_per_second: Amount
) -> Amount:
    """Return the share of the peak of a cluster that a training run reached.

    It is the model FLOP utilization (MFU) if `compute_flop` counts no recomputation of activations
    (`six_nd`), and the hardware FLOP utilization (HFU) if it does (`eight_nd`). Only the first is
    fit to compare runs with each other. Above 1, the arguments contradict each other.

    Source of the formula: ``daan-2024-gpt-3-level``, which gives 19.6 % for GPT-3.

    Parameters
    ----------
    compute_flop
        Compute of the run in FLOP.
    chips
        Number of chips.
    days
        Duration of the run in days.
    peak_flop_per_second
        Peak of one chip in FLOP/s, dense, in the number format of the run.

    Returns
    -------
    share
        A share of 1.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    >>> round(utilization(3.14e23, 10_000, 14.8, 125e12), 3)
    0.196

    OPT-175B: with the compute that its developers report, which counts the recomputation (HFU),
    and without it (MFU):

    >>> round(utilization(4.3e23, 1024, 33, 312e12), 3)
    0.472
    >>> round(utilization(six_nd(175e9, 300e9), 1024, 33, 312e12), 3)
    0.346
    """
    check_positive(
        compute_flop=compute_flop,
        chips=chips,
        days=days,
        peak_flop_per_second=peak_flop_per_second,
    )
    return compute_flop / (chips * days * SECONDS_PER_DAY * peak_flop_per_second)


def chip_hours(
    compute_flop: Amount, peak_flop_per_second: Amount, utilization: Amount = MEDIAN_UTILIZATION
) -> Amount:
    """Return the chip-hours that a training run takes.

    Source of the formula and of the default: the code of ``cottier-2024-training-costs``, for runs
    of which the number of chips or the duration is unknown.

    Parameters
    ----------
    compute_flop
        Compute of the run in FLOP.
    peak_flop_per_second
        Peak of one chip in FLOP/s.
    utilization
        Share of the peak that is reached, above 0 and at most 1; MFU if `compute_flop` counts no
        recomputation.

    Returns
    -------
    hours
        Chip-hours.

    Raises
    ------
    InvalidInputError
        If `utilization` is a plain number outside (0, 1], or another not above 0 and finite.

    Examples
    --------
    GPT-3 on V100, in millions of chip-hours (10,000 chips for 14.8 days are 3.55):

    >>> round(chip_hours(3.14e23, 125e12, 0.196) / 1e6, 2)
    3.56
    """
    check_positive(compute_flop=compute_flop, peak_flop_per_second=peak_flop_per_second)
    check_share(utilization=utilization)
    return compute_flop / (peak_flop_per_second * utilization) / 3600


def chip_years(
    compute_flop: Amount, peak_flop_per_second: Amount, utilization: Amount = 1.0
) -> Amount:
    """Return the years (of 365.25 days) that one chip would need for a training run.

    Source: the unit in which ``jones-2020-overhang`` weighs GPT-3. It rounds freely: its 500 years
    follow from a cost of five million dollars and 10,000 dollars a chip, not from this formula.

    Parameters
    ----------
    compute_flop
        Compute of the run in FLOP.
    peak_flop_per_second
        Speed of one chip in FLOP/s: its peak, or what it sustains.
    utilization
        Share of that speed which is reached, above 0 and at most 1.

    Returns
    -------
    years
        Chip-years.

    Raises
    ------
    InvalidInputError
        If `utilization` is a plain number outside (0, 1], or another not above 0 and finite.

    Examples
    --------
    GPT-3 on chips that sustain 30 TFLOP/s:

    >>> round(chip_years(3.14e23, 30e12))
    332
    """
    return chip_hours(compute_flop, peak_flop_per_second, utilization) / HOURS_PER_YEAR


def pflops_days(compute_flop: Amount) -> Amount:
    """Return compute in PFLOP/s-days: 1e15 FLOP a second for a day, 8.64e19 FLOP.

    Source: the unit of ``jones-2020-overhang``.

    Parameters
    ----------
    compute_flop
        Compute in FLOP.

    Returns
    -------
    pflops_days
        Compute in PFLOP/s-days.

    Raises
    ------
    InvalidInputError
        If `compute_flop` is a plain number that is not above 0 and finite.

    Examples
    --------
    >>> round(pflops_days(3.14e23))
    3634
    """
    check_positive(compute_flop=compute_flop)
    return compute_flop / FLOP_PER_PFLOPS_DAY


def equivalent_chip_hours(
    hours: Amount, peak_flop_per_second: Amount, reference_peak_flop_per_second: Amount
) -> Amount:
    """Return chip-hours as the chip-hours of another chip that could perform as many FLOP.

    Source of the formula: ``daan-2024-gpt-3-level``, where chips are worth what their peaks are;
    memory, interconnect and price do not count.

    Parameters
    ----------
    hours
        Chip-hours on the chip at hand.
    peak_flop_per_second
        Its peak in FLOP/s.
    reference_peak_flop_per_second
        Peak of the reference chip in FLOP/s, in a comparable number format.

    Returns
    -------
    hours
        Chip-hours on the reference chip.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    An hour of an H100 is 7.9 hours of a V100:

    >>> round(equivalent_chip_hours(1, 989e12, 125e12), 1)
    7.9
    """
    check_positive(
        hours=hours,
        peak_flop_per_second=peak_flop_per_second,
        reference_peak_flop_per_second=reference_peak_flop_per_second,
    )
    return hours * peak_flop_per_second / reference_peak_flop_per_second


def equivalent_chips(
    chips: Amount, peak_flop_per_second: Amount, reference_peak_flop_per_second: Amount
) -> Amount:
    """Return a cluster as the number of reference chips with the same peak.

    Source of the formula: ``daan-2024-gpt-3-level``, as for `equivalent_chip_hours`.

    Parameters
    ----------
    chips
        Number of chips at hand.
    peak_flop_per_second
        Peak of one of them in FLOP/s.
    reference_peak_flop_per_second
        Peak of the reference chip in FLOP/s, in a comparable number format.

    Returns
    -------
    chips
        Number of reference chips.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    The 10,000 V100 of GPT-3 as H100:

    >>> round(equivalent_chips(10_000, 125e12, 989e12))
    1264
    """
    check_positive(chips=chips)
    return equivalent_chip_hours(chips, peak_flop_per_second, reference_peak_flop_per_second)
