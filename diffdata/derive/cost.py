"""The cost of floating-point operations, of training runs, and of developing and using models.

The cost of a run from its hardware (owned and depreciated, bought, or rented) follows "The rising
costs of training frontier AI models" (``cottier-2024-training-costs``) as implemented in its code
(repository epoch-research/training-cost-trends at commits 176b66a and 62d66d8), restated: the value
of a chip falls by a constant number of orders of magnitude per year, and a run pays for the loss of
value during its chip-hours. Money is in usd of the year of the prices; `deflate` converts it.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.compute import pflops_days
from diffdata.derive.formula import (
    DAYS_PER_YEAR,
    HOURS_PER_YEAR,
    SECONDS_PER_DAY,
    Amount,
    BelowOne,
    Finite,
    NotNegative,
    Positive,
    Share,
    formula,
)
from diffdata.derive.frames import unwrap, wrap
from diffdata.derive.intervals import interval_product
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

# How much the FLOP/s per dollar improve each year, in orders of magnitude.
DEPRECIATION_OOM_PER_YEAR = 0.14
# The share of the network between the servers in the price of a cluster.
INTERCONNECT_SHARE = 0.19
# Energy of a data centre over that of its servers.
HYPERSCALER_POWER_USAGE_EFFECTIVENESS = 1.10
OTHER_POWER_USAGE_EFFECTIVENESS = 1.25


def cost_per_flop(
    frame: IntoFrameT, *, cost: str = "training_cost_usd", compute: str = "training_compute_flop"
) -> IntoFrameT:
    """Divide the cost of training runs by their compute.

    Parameters
    ----------
    frame
        A frame such as ``load("model_summary")``: the columns `cost` (usd) and `compute` (FLOP)
        and, for each, ``_low``, ``_high`` and ``_level``.
    cost, compute : the names of the two columns

    Returns
    -------
    frame
        The rows that have both, with the columns ``cost_per_flop_usd`` (usd per FLOP, the ratio of
        the central values), its ``_low`` and ``_high``, and ``flop_per_usd``. The bounds are those
        of the ratio of two independent lognormals, see `interval_product`.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"c": [12e6], "c_low": [5e6], "c_high": [33e6], "c_level": [0.9],
    ...                       "f": [3.14e23], "f_low": [None], "f_high": [None], "f_level": [None]})
    >>> cost_per_flop(frame.astype(float), cost="c", compute="f")["cost_per_flop_usd"].tolist()
    [3.821656050955414e-17]
    """
    both = wrap(frame).filter(~nw.col(cost).is_null(), ~nw.col(compute).is_null())
    ratios = interval_product(both, "cost_per_flop_usd", [cost], [compute])
    inverse = (nw.col(compute) / nw.col(cost)).alias("flop_per_usd")
    return unwrap(ratios.drop("cost_per_flop_usd_level").with_columns(inverse), like=frame)


@formula
def cost_ratio(
    cost: Positive,
    other: Positive,
    *,
    interval: tuple[float, float] | None = None,
    other_interval: tuple[float, float] | None = None,
    level: float = 0.9,
) -> tuple[float, float | None, float | None]:
    """Return how many times `other` the `cost` is, with the interval of the ratio.

    Parameters
    ----------
    cost, other : the central values, in the same currency and price year
    interval, other_interval : the bounds of each; the ratio has bounds only if both are given
    level : the probability of both intervals, and of the interval of the ratio

    Returns
    -------
    ratio, low, high
        The ratio of the central values, and the bounds of the ratio of two independent lognormals.

    Examples
    --------
    >>> ratio, low, high = cost_ratio(
    ...     12e6, 1.7e6, interval=(5e6, 33e6), other_interval=(1.5e6, 2.3e6))
    >>> round(ratio, 2), round(low, 1), round(high, 1)
    (7.06, 2.6, 18.2)
    """
    if interval is None or other_interval is None:
        return cost / other, None, None
    first, second = (Lognormal.from_interval(*each, level) for each in (interval, other_interval))
    low, high = (first / second).interval(level)
    return cost / other, low, high


@formula
def development_cost(final_run: Positive, factor: Positive) -> Amount:
    """Return the cost of the compute of a project from that of its final training run, in usd.

    Source: ``cottier-2022-summary``, footnote 25: with trials and preliminary experiments, a
    leading laboratory spends 3 times its final run (90 %: 2 to 5).

    Parameters
    ----------
    final_run : cost of the final training run in usd
    factor : compute of the project over that of its final run, without unit

    Examples
    --------
    >>> round(development_cost(1.7e6, 3) / 1e6, 1)  # OPT-175B; 6 from the distributions
    5.1
    """
    return final_run * factor


@formula
def hyperparameter_saving(total: Positive, share: Share) -> Amount:
    """Return what a replication saves if the original's hyperparameter values are known, in usd.

    Source: ``cottier-2022-publication``, appendix: the share saved is half of the share of a
    search, because the values of similar models would have helped too.

    Examples
    --------
    >>> hyperparameter_saving(6e6, 0.08)  # 440,000 from the distributions
    480000.0
    """
    return total * share


@formula
def deployment_to_development(deployment: NotNegative, development: Positive) -> Amount:
    """Return the cost of deploying a model as a multiple of the cost of developing it.

    Source: ``cottier-2022-summary``; its 20 % for the largest viable deployment has been withdrawn
    since (``cottier-comments``).

    Examples
    --------
    >>> deployment_to_development(2.6e6, 13e6)
    0.2
    """
    return deployment / development


@formula
def price_per_pflops_day(
    price_per_chip: Positive, peak_flop_per_second: Positive, years: Positive = 1.0
) -> Amount:
    """Return the price of a PFLOP/s-day (8.64e19 FLOP) from that of a chip used evenly, in usd.

    Power, servers and idle time do not count: it is a lower bound. Source:
    ``jones-2020-overhang``.

    Examples
    --------
    A V100 for 10,000 usd at 30 TFLOP/s ("about $1000"), and an RTX 2080 Ti for 1,000 usd at 125
    TFLOP/s ("$25", which the formula does not quite give):

    >>> round(price_per_pflops_day(10e3, 30e12)), round(price_per_pflops_day(1e3, 125e12))
    (913, 22)
    """
    days = years * DAYS_PER_YEAR
    return price_per_chip / (pflops_days(peak_flop_per_second) * SECONDS_PER_DAY * days)


@formula
def cost_per_page(
    energy_per_page_kwh: Positive,
    electricity_price_per_kwh: Positive,
    hardware_to_electricity: NotNegative = 5.0,
) -> Amount:
    """Return the cost of a page of a model's output, electricity and hardware, in usd.

    Source: ``jones-2020-overhang``, which assumes that the hardware costs 5 times the electricity
    and takes the 0.4 kWh for 100 pages from ``brown-2020``.

    Examples
    --------
    >>> round(100 * cost_per_page(0.4 / 100, 0.10), 2)  # GPT-3, in cents
    0.24
    """
    return energy_per_page_kwh * electricity_price_per_kwh * (1 + hardware_to_electricity)


@formula
def pages_per_dollar(
    energy_per_page_kwh: Positive,
    electricity_price_per_kwh: Positive,
    hardware_to_electricity: NotNegative = 5.0,
) -> Amount:
    """Return how many pages of a model's output a dollar pays for: 1 / `cost_per_page`.

    Source: ``jones-2020-overhang``. It states no price of electricity: its 500 pages result from
    8.3 cents per kWh, or from 10 cents if the electricity itself is left out.

    Examples
    --------
    >>> round(pages_per_dollar(0.4 / 100, 0.10)), round(pages_per_dollar(0.4 / 100, 0.0833))
    (417, 500)
    """
    return 1 / cost_per_page(
        energy_per_page_kwh, electricity_price_per_kwh, hardware_to_electricity
    )


@dataclass(frozen=True)
class ServerFactors:
    """What a server adds to its chips, and their load; all without unit.

    Attributes
    ----------
    price : price of a server per chip, over the price of the bare chip
    power : rated power of a server per chip, over that of the bare chip
    load : mean power in training, as a share of the rated power of the server
    """

    price: float
    power: float
    load: float


_GPU_LOAD, _TPU_LOAD = 0.75, 0.43
_GPU_PRICE, _GPU_POWER = 1.64, 1.8
_GPUS = {
    # Power: 10.2 kW for 8 chips of 0.7 kW; 6.5 kW for 8 of 0.4 kW; the mean of 10 kW for 16 and of
    # 1.5 kW for 4 of 0.3 kW.
    "H100": ServerFactors(_GPU_PRICE, 10.2 / 8 / 0.7, _GPU_LOAD),
    "A100": ServerFactors(1.66, 6.5 / 8 / 0.4, _GPU_LOAD),
    "V100": ServerFactors(1.69, (10 / 16 + 1.5 / 4) / 2 / 0.3, _GPU_LOAD),
    "P100": ServerFactors(1.54, _GPU_POWER, _GPU_LOAD),
}
_TPU_POWER = {"v1": 2.93, "v2": 1.64, "v3": 1.47}


def server_factors(chip: str) -> ServerFactors:
    """Return what servers add to the price and power of a chip, and its load.

    An unknown chip gets the mean of the known ones. Source: ``cottier-2024-training-costs``.

    Parameters
    ----------
    chip : name of the chip, such as ``NVIDIA A100 SXM4 80 GB`` or ``Google TPU v3``

    Examples
    --------
    >>> server_factors("NVIDIA A100 SXM4 80 GB")
    ServerFactors(price=1.66, power=2.03125, load=0.75)
    >>> server_factors("Google TPU v4")
    ServerFactors(price=1.64, power=1.56, load=0.43)
    """
    if not chip.strip():
        raise InvalidInputError("chip: expected the name of a chip, found none")
    if "TPU" in chip:
        power = next((value for name, value in _TPU_POWER.items() if name in chip), 1.56)
        return ServerFactors(_GPU_PRICE, power, _TPU_LOAD)
    generic = ServerFactors(_GPU_PRICE, _GPU_POWER, _GPU_LOAD)
    return next((factors for name, factors in _GPUS.items() if name in chip), generic)


@formula
def training_start(
    published: datetime.date, training_hours: NotNegative, *, buffer_days: NotNegative = 60
) -> datetime.date:
    """Return the day on which a published training run is assumed to have started.

    Source: ``cottier-2024-training-costs``, which counts 60 days from the end of the run to
    publication (and has better dates for a few models).

    Examples
    --------
    >>> training_start(datetime.date(2022, 5, 2), 793.5)  # OPT-175B
    datetime.date(2022, 1, 28)
    """
    midnight = datetime.datetime.combine(published, datetime.time())
    return (midnight - datetime.timedelta(days=buffer_days, hours=training_hours)).date()


@formula
def years_of_depreciation(
    start: datetime.date,
    *,
    released: datetime.date,
    priced: datetime.date | None = None,
    buffer_days: NotNegative = 90,
) -> float:
    """Return the years (of 365.25 days) from when a chip was available at its price to a run.

    A chip is available from the date of its price, but not before 90 days after its release; a TPU,
    which its maker uses itself, from its release (`buffer_days` 0). The result is 0 if the run
    started before. Source: ``cottier-2024-training-costs``.

    Examples
    --------
    OPT-175B, on the A100 with 80 GB, at the price of a server with the earlier A100:

    >>> years = years_of_depreciation(
    ...     datetime.date(2022, 1, 28),
    ...     released=datetime.date(2020, 11, 16),
    ...     priced=datetime.date(2020, 5, 21))
    >>> round(years * 365.25)
    348
    """
    available = released + datetime.timedelta(days=buffer_days)
    available = max(available, priced or available)
    return max(0, (start - available).days) / DAYS_PER_YEAR


@formula
def depreciated_value(
    price: Positive, years: Finite, oom_per_year: Finite = DEPRECIATION_OOM_PER_YEAR
) -> Amount:
    """Return the value of hardware some years after it was bought: price x 10^(-0.14 x years).

    Source: ``cottier-2024-training-costs``.

    Examples
    --------
    >>> round(depreciated_value(24_875, 348 / 365.25))
    18297
    """
    return price / 10 ** (oom_per_year * years)


@formula
def amortized_hardware(
    value_per_chip: Positive,
    chip_hours: Positive,
    oom_per_year: Positive = DEPRECIATION_OOM_PER_YEAR,
) -> Amount:
    """Return the value that servers lose during a run, in usd.

    The rate at the start of the run applies to all of it: value x rate x ln 10 for each chip-year
    of 8766 hours. (The published method simplifies in this way; over a year it is 17 % too much.)
    Source: ``cottier-2024-training-costs``.

    Examples
    --------
    >>> round(amortized_hardware(18_296.794, 812_544))
    546719
    """
    return value_per_chip * oom_per_year * math.log(10) / HOURS_PER_YEAR * chip_hours


@formula
def interconnect_cost(
    servers: Positive, interconnect_share: BelowOne = INTERCONNECT_SHARE
) -> Amount:
    """Return the cost of the network between servers: servers x share / (1 - share), in usd.

    Source: ``cottier-2024-training-costs``.

    Examples
    --------
    >>> round(interconnect_cost(81.0), 9)
    19.0
    """
    return servers * interconnect_share / (1 - interconnect_share)


@formula
def energy_kwh(
    chip_hours: Positive,
    chip_power_kw: Positive,
    *,
    server_power: Positive,
    load: Share,
    power_usage_effectiveness: Positive,
) -> Amount:
    """Return the energy of a run in kWh, with servers and cooling.

    Source: ``cottier-2024-training-costs``, with a power usage effectiveness of 1.1 for Amazon,
    Google, Meta and Microsoft, and 1.25 for others.

    Examples
    --------
    >>> energy = energy_kwh(  # OPT-175B, in MWh
    ...     812_544, 0.4, server_power=2.03125, load=0.75, power_usage_effectiveness=1.1)
    >>> round(energy / 1000)
    545
    """
    return chip_power_kw * server_power * load * power_usage_effectiveness * chip_hours


@dataclass(frozen=True)
class TrainingCost:
    """The cost of a training run, in usd of one year.

    Attributes
    ----------
    hardware : value that the servers lose during the run
    interconnect : the same for the network between them
    energy : electricity

    Examples
    --------
    >>> TrainingCost(hardware=70.0, interconnect=20.0, energy=10.0).total
    100.0
    """

    hardware: Amount
    interconnect: Amount
    energy: Amount

    @property
    def total(self) -> Amount:
        """The sum of the three."""
        return self.hardware + self.interconnect + self.energy


@formula
def training_cost(
    *,
    chip_hours: Positive,
    price_per_chip: Positive,
    years: Finite,
    chip_power_kw: Positive,
    electricity_price_per_kwh: Positive,
    factors: ServerFactors,
    power_usage_effectiveness: Positive,
    priced_as_server: bool = True,
    oom_per_year: Positive = DEPRECIATION_OOM_PER_YEAR,
    interconnect_share: BelowOne = INTERCONNECT_SHARE,
) -> TrainingCost:
    """Return the cost of a run on one's own hardware: its depreciation, and electricity, in usd.

    Staff, buildings, storage, failed runs and earlier trials do not count; for the last two see
    `development_cost`. Source: ``cottier-2024-training-costs``.

    Examples
    --------
    OPT-175B: 733,635 usd of December 2024 in the results of the source (the index of producer
    prices PCU518210518210 was 117.176 when the model was published and 119.349 then):

    >>> cost = training_cost(
    ...     chip_hours=812_544, price_per_chip=24_875, years=348 / 365.25, chip_power_kw=0.4,
    ...     electricity_price_per_kwh=0.0832, factors=server_factors("NVIDIA A100 SXM4 80 GB"),
    ...     power_usage_effectiveness=HYPERSCALER_POWER_USAGE_EFFECTIVENESS)
    >>> round(deflate(cost.total, 117.176, 119.349))
    733635
    >>> round(cost.hardware), round(cost.interconnect), round(cost.energy)
    (546719, 128243, 45316)
    """
    server = price_per_chip if priced_as_server else price_per_chip * factors.price
    value = depreciated_value(server, years, oom_per_year)
    hardware = amortized_hardware(value, chip_hours, oom_per_year)
    energy = energy_kwh(
        chip_hours,
        chip_power_kw,
        server_power=factors.power,
        load=factors.load,
        power_usage_effectiveness=power_usage_effectiveness,
    )
    return TrainingCost(
        hardware=hardware,
        interconnect=interconnect_cost(hardware, interconnect_share),
        energy=energy * electricity_price_per_kwh,
    )


@formula
def purchase_cost(
    chips: Positive, price_per_chip: Positive, interconnect_share: BelowOne = INTERCONNECT_SHARE
) -> Amount:
    """Return the cost of buying the cluster: servers / (1 - share of the network), in usd.

    Source: ``cottier-2024-training-costs``.

    Examples
    --------
    >>> round(purchase_cost(1024, 24_875) / 1e6, 1)  # The cluster of OPT-175B, in millions
    31.4
    """
    return chips * price_per_chip / (1 - interconnect_share)


@formula
def cloud_cost(chip_hours: Positive, price_per_chip_hour: Positive) -> Amount:
    """Return the cost of renting the chips of a run, in usd.

    Source: ``cottier-2024-training-costs``, with the price of a three-year commitment;
    `committed_price` derives it from another price.

    Examples
    --------
    >>> round(cloud_cost(812_544, 1.80) / 1e6, 2)  # OPT-175B, in millions
    1.46
    """
    return chip_hours * price_per_chip_hour


@formula
def committed_price(
    price_per_chip_hour: Positive, discount: BelowOne, committed_discount: BelowOne
) -> Amount:
    """Return the price at one commitment from the price at another, in usd per chip-hour.

    Source: ``cottier-2024-training-costs``, with discounts of 64 % (Amazon), 56 % (Google and
    Lambda) and 49 % (Microsoft) for three years, and of 41, 37, 34 and 25 % (Amazon, Google,
    Lambda, Microsoft) for one.

    Examples
    --------
    >>> round(committed_price(4.10, 0, 0.64), 2)
    1.48
    """
    return price_per_chip_hour * (1 - committed_discount) / (1 - discount)


@formula
def deflate(
    amount: NotNegative, index_of_price_year: Positive, index_of_target_year: Positive
) -> Amount:
    """Convert an amount of money to the prices of another time, in usd.

    Source: ``cottier-2024-training-costs``, with the producer price index of data processing and
    hosting (PCU518210518210).

    Examples
    --------
    >>> deflate(100.0, 80.0, 120.0)
    150.0
    """
    return amount * index_of_target_year / index_of_price_year
