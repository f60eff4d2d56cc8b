"""What a floating-point operation costs, and what a model costs to develop and to use."""

from __future__ import annotations

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.amounts import (
    DAYS_PER_YEAR,
    SECONDS_PER_DAY,
    Amount,
    check_not_negative,
    check_positive,
    check_share,
)
from diffdata.derive.compute import pflops_days
from diffdata.derive.frames import unwrap, wrap
from diffdata.derive.intervals import with_interval_product
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal


def cost_per_flop(
    frame: IntoFrameT, *, cost: str = "training_cost_usd", compute: str = "training_compute_flop"
) -> IntoFrameT:
    """Divide the cost of training runs by their compute.

    Parameters
    ----------
    frame
        A frame such as ``load("model_summary")``: the columns `cost` (US dollars) and `compute`
        (FLOP) and, for each, ``_low``, ``_high`` and ``_level``.
    cost, compute
        The names of the two columns.

    Returns
    -------
    frame
        The rows that have both, with the columns ``cost_per_flop_usd`` (dollars per FLOP, the ratio
        of the two central values), its ``_low`` and ``_high``, and ``flop_per_usd``. The bounds are
        those of the ratio of two independent lognormals, at the level of the inputs:
        exp(m +- w), where m is the difference of the log-midpoints and w the root of the summed
        squares of the half-widths in logarithms. An input without an interval counts as exact; the
        bounds are missing if neither has one, or if their levels differ.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"c": [12e6], "c_low": [5e6], "c_high": [33e6], "c_level": [0.9],
    ...                       "f": [3.14e23], "f_low": [None], "f_high": [None], "f_level": [None]})
    >>> cost_per_flop(frame.astype(float), cost="c", compute="f")["cost_per_flop_usd"].tolist()
    [3.821656050955414e-17]
    """
    table = wrap(frame)
    table = table.filter(~nw.col(cost).is_null(), ~nw.col(compute).is_null())
    ratio = "cost_per_flop_usd"
    with_ratios = with_interval_product(table, ratio, [cost], [compute]).drop(f"{ratio}_level")
    inverse = (nw.col(compute) / nw.col(cost)).alias("flop_per_usd")
    return unwrap(with_ratios.with_columns(inverse), like=frame)


def cost_ratio(
    cost: float,
    other: float,
    *,
    interval: tuple[float, float] | None = None,
    other_interval: tuple[float, float] | None = None,
    level: float = 0.9,
) -> tuple[float, float | None, float | None]:
    """Return how many times `cost` is of `other`, with the interval of the ratio.

    Parameters
    ----------
    cost, other
        The two central values, in the same currency and price year, above zero.
    interval, other_interval
        The bounds of each at `level`; the ratio has bounds only if both are given.
    level
        The probability of both intervals, and of the interval of the ratio.

    Returns
    -------
    ratio, low, high
        The ratio of the central values, and the bounds of the ratio of two independent lognormals.

    Raises
    ------
    InvalidInputError
        If a cost is not above zero, or an interval or the level makes no sense.

    Examples
    --------
    >>> ratio, low, high = cost_ratio(
    ...     12e6, 1.7e6, interval=(5e6, 33e6), other_interval=(1.5e6, 2.3e6))
    >>> round(ratio, 2), round(low, 1), round(high, 1)
    (7.06, 2.6, 18.2)
    """
    if not (cost > 0 and other > 0):
        raise InvalidInputError(f"cost and other: expected both above 0, found {cost}, {other}")
    if interval is None or other_interval is None:
        return cost / other, None, None
    fitted = Lognormal.from_interval(*interval, level)
    low, high = (fitted / Lognormal.from_interval(*other_interval, level)).interval(level)
    return cost / other, low, high


def development_cost(final_run: Amount, factor: Amount) -> Amount:
    """Return the cost of the compute of a whole project from that of its final training run.

    Source of the method: ``cottier-2022-summary``, footnote 25: with trials and preliminary
    experiments, a leading laboratory spends 3 times its final run (90 %: 2 to 5).

    Parameters
    ----------
    final_run
        Cost of the final training run in dollars.
    factor
        Compute of the project over that of its final run (without unit); 1 if there is no other.

    Returns
    -------
    cost
        Dollars of the same year.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    OPT-175B, from the central values of the study (which finds 6 million from the distributions):

    >>> round(development_cost(1.7e6, 3) / 1e6, 1)
    5.1
    """
    check_positive(final_run=final_run, factor=factor)
    return final_run * factor


def hyperparameter_saving(total: Amount, share: Amount) -> Amount:
    """Return what knowing the hyperparameter values of the original saves a replication.

    Source of the method: ``cottier-2022-publication``, appendix: the share saved is half of the
    share of a search, for the values of similar models would have helped too.

    Parameters
    ----------
    total
        Cost of the compute of the whole replication in dollars.
    share
        Share of it that is saved, above 0 and at most 1.

    Returns
    -------
    saving
        Dollars of the same year.

    Raises
    ------
    InvalidInputError
        If `share` is a plain number outside (0, 1], or `total` one not above 0 and finite.

    Examples
    --------
    The central values of the source, which finds 440,000 dollars from their distributions:

    >>> hyperparameter_saving(6e6, 0.08)
    480000.0
    """
    check_positive(total=total)
    check_share(share=share)
    return total * share


def deployment_to_development(deployment: Amount, development: Amount) -> Amount:
    """Return the cost of deploying a model as a multiple of that of developing it.

    Source of the quantity: ``cottier-2022-summary``; its 20 % for the largest viable deployment has
    been withdrawn since (``cottier-comments``).

    Parameters
    ----------
    deployment
        Cost of the compute of a deployment in dollars; 0 if there is none.
    development
        Cost of the compute of the development, in dollars of the same year.

    Returns
    -------
    ratio
        A multiple (without unit).

    Raises
    ------
    InvalidInputError
        If `deployment` is a plain number below 0, `development` one not above 0, or either is not
        finite.

    Examples
    --------
    >>> deployment_to_development(2.6e6, 13e6)
    0.2
    """
    check_not_negative(deployment=deployment)
    check_positive(development=development)
    return deployment / development


def price_per_pflops_day(
    price_per_chip: Amount, peak_flop_per_second: Amount, years: Amount = 1.0
) -> Amount:
    """Return what 8.64e19 FLOP cost if the price of a chip is spread evenly over its use.

    Power, servers and idle time do not count: it is a lower bound.

    Source of the formula: ``jones-2020-overhang``.

    Parameters
    ----------
    price_per_chip
        Price of a chip in dollars.
    peak_flop_per_second
        Speed of the chip in FLOP/s: its peak, or what it sustains.
    years
        How long it is used, in years (of 365.25 days).

    Returns
    -------
    price
        Dollars for a PFLOP/s-day.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    A V100 for 10,000 dollars at 30 TFLOP/s ("about $1000"), and an RTX 2080 Ti for 1,000 dollars at
    125 TFLOP/s ("$25", which the formula does not quite give):

    >>> round(price_per_pflops_day(10e3, 30e12)), round(price_per_pflops_day(1e3, 125e12))
    (913, 22)
    """
    check_positive(
        price_per_chip=price_per_chip, peak_flop_per_second=peak_flop_per_second, years=years
    )
    days = years * DAYS_PER_YEAR
    return price_per_chip / (pflops_days(peak_flop_per_second) * SECONDS_PER_DAY * days)


def cost_per_page(
    energy_per_page_kwh: Amount,
    electricity_price_per_kwh: Amount,
    hardware_to_electricity: Amount = 5.0,
) -> Amount:
    """Return what a page of a model's output costs: electricity, and hardware in proportion to it.

    Source of the formula: ``jones-2020-overhang``, which eyeballs the hardware at 5 times the
    electricity and takes the 0.4 kWh for 100 pages from ``brown-2020``.

    Parameters
    ----------
    energy_per_page_kwh
        Energy for a page in kWh.
    electricity_price_per_kwh
        Price of electricity in dollars per kWh.
    hardware_to_electricity
        Cost of the hardware over that of the electricity (without unit), from 0 up.

    Returns
    -------
    cost
        Dollars per page.

    Raises
    ------
    InvalidInputError
        If `hardware_to_electricity` is a plain number below 0, another one is not above 0, or any
        is not finite.

    Examples
    --------
    GPT-3 with electricity at 10 cents, in cents per page:

    >>> round(100 * cost_per_page(0.4 / 100, 0.10), 2)
    0.24
    """
    check_positive(
        energy_per_page_kwh=energy_per_page_kwh,
        electricity_price_per_kwh=electricity_price_per_kwh,
    )
    check_not_negative(hardware_to_electricity=hardware_to_electricity)
    return energy_per_page_kwh * electricity_price_per_kwh * (1 + hardware_to_electricity)


def pages_per_dollar(
    energy_per_page_kwh: Amount,
    electricity_price_per_kwh: Amount,
    hardware_to_electricity: Amount = 5.0,
) -> Amount:
    """Return how many pages of a model's output a dollar pays for: 1 / `cost_per_page`.

    Source of the formula: ``jones-2020-overhang``. It names no price of electricity: its 500 pages
    come out at 8.3 cents per kWh, or at 10 cents if the electricity itself is left out.

    Parameters
    ----------
    energy_per_page_kwh
        Energy for a page in kWh.
    electricity_price_per_kwh
        Price of electricity in dollars per kWh.
    hardware_to_electricity
        Cost of the hardware over that of the electricity (without unit), from 0 up.

    Returns
    -------
    pages
        Pages per dollar.

    Raises
    ------
    InvalidInputError
        If `hardware_to_electricity` is a plain number below 0, another one is not above 0, or any
        is not finite.

    Examples
    --------
    >>> round(pages_per_dollar(0.4 / 100, 0.10)), round(pages_per_dollar(0.4 / 100, 0.0833))
    (417, 500)
    """
    return 1 / cost_per_page(
        energy_per_page_kwh, electricity_price_per_kwh, hardware_to_electricity
    )
