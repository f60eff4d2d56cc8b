"""The cost of floating-point operations, of training runs, and of developing and using models.

The cost of a run from its hardware follows ``cottier-2024-training-costs`` as implemented in its
code (epoch-research/training-cost-trends at commits 176b66a and 62d66d8), restated: the value of a
chip falls by a constant number of orders of magnitude per year, and a run pays for the loss of
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
from diffdata.derive.frames import naming_tables, require, unwrap, wrap
from diffdata.derive.intervals import interval_product
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

__all__ = [
    "ServerFactors", "TrainingCost", "amortized_hardware", "cloud_cost", "committed_price",
    "cost_per_flop", "cost_per_page", "cost_ratio", "deflate", "deployment_to_development",
    "depreciated_value", "development_cost", "energy_kwh", "hyperparameter_saving",
    "interconnect_cost", "pages_per_dollar", "price_per_pflops_day", "purchase_cost",
    "server_factors", "training_cost", "training_start", "years_of_depreciation",
]  # fmt: skip

DEPRECIATION_OOM_PER_YEAR = 0.14  # by which the FLOP/s per dollar improve
INTERCONNECT_SHARE = 0.19  # of the network in the price of a cluster
HYPERSCALER_POWER_USAGE_EFFECTIVENESS = 1.10  # energy of a data centre over that of its servers


@naming_tables
def cost_per_flop(
    frame: IntoFrameT, *, cost: str = "training_cost_usd", compute: str = "training_compute_flop"
) -> IntoFrameT:
    """Divide the cost of training runs by their compute.

    Parameters
    ----------
    frame : with the columns that `interval_product` requires, such as ``load("model_summary")``
    cost, compute : the names of the two columns, in usd and in FLOP

    Returns
    -------
    frame
        The rows that have both, with the columns ``cost_per_flop_usd`` (usd per FLOP), its ``_low``
        and ``_high`` as in `interval_product`, and ``flop_per_usd``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"c": [12e6], "c_low": [5e6], "c_high": [33e6], "c_level": [0.9],
    ...                       "f": [3.14e23], "f_low": [None], "f_high": [None], "f_level": [None]})
    >>> cost_per_flop(frame.astype(float), cost="c", compute="f")["cost_per_flop_usd"].tolist()
    [3.821656050955414e-17]
    """
    parts = [f"{name}{end}" for name in (cost, compute) for end in ("", "_low", "_high", "_level")]
    require(wrap(frame), "frame", parts)
    both = wrap(frame).filter(~nw.col(cost).is_null(), ~nw.col(compute).is_null())
    ratios = interval_product(both, "cost_per_flop_usd", [cost], [compute])
    inverse = (nw.col(compute) / nw.col(cost)).alias("flop_per_usd")
    return unwrap(ratios.drop("cost_per_flop_usd_level").with_columns(inverse), like=frame)


@formula("cottier-2022-summary")
def cost_ratio(
    cost: Positive,
    other: Positive,
    *,
    interval: tuple[float, float] | None = None,
    other_interval: tuple[float, float] | None = None,
    level: float = 0.9,
) -> tuple[float, float | None, float | None]:
    """Return how many times `other` the `cost` is, with the interval of the ratio.

    The bounds are those of the ratio of two independent lognormals.

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


@formula("cottier-2022-summary")
def development_cost(final_run: Positive, factor: Positive) -> Amount:
    """Return the cost of the compute of a project from that of its final training run, in usd.

    With trials and preliminary experiments, a leading laboratory spends 3 times its final run (90
    %: 2 to 5; footnote 25).

    >>> round(development_cost(1.7e6, 3) / 1e6, 1)  # OPT-175B; 6 from the distributions
    5.1
    """
    return final_run * factor


@formula("cottier-2022-publication")
def hyperparameter_saving(total: Positive, share: Share) -> Amount:
    """Return what a replication saves if the original's hyperparameter values are known, in usd.

    >>> hyperparameter_saving(6e6, 0.08)  # 440,000 from the distributions
    480000.0
    """
    return total * share


@formula("cottier-2022-summary")
def deployment_to_development(deployment: NotNegative, development: Positive) -> Amount:
    """Return the cost of deploying a model as a multiple of the cost of developing it.

    >>> deployment_to_development(2.6e6, 13e6)  # withdrawn since: ``cottier-comments``
    0.2
    """
    return deployment / development


@formula("jones-2020-overhang")
def price_per_pflops_day(
    price_per_chip: Positive, peak_flop_per_second: Positive, years: Positive = 1.0
) -> Amount:
    """Return the price of a PFLOP/s-day (8.64e19 FLOP) from that of a chip used evenly, in usd.

    It is a lower bound, without power, servers and idle time.

    >>> round(price_per_pflops_day(10e3, 30e12))  # V100; published: "about $1000"
    913
    """
    days = years * DAYS_PER_YEAR
    return price_per_chip / (pflops_days(peak_flop_per_second) * SECONDS_PER_DAY * days)


@formula("jones-2020-overhang")
def cost_per_page(
    energy_per_page_kwh: Positive,
    electricity_price_per_kwh: Positive,
    hardware_to_electricity: NotNegative = 5.0,
) -> Amount:
    """Return the cost of a page of a model's output, electricity and hardware, in usd.

    >>> round(100 * cost_per_page(0.4 / 100, 0.10), 2)  # GPT-3 (``brown-2020``), in cents
    0.24
    """
    return energy_per_page_kwh * electricity_price_per_kwh * (1 + hardware_to_electricity)


@formula("jones-2020-overhang")
def pages_per_dollar(
    energy_per_page_kwh: Positive,
    electricity_price_per_kwh: Positive,
    hardware_to_electricity: NotNegative = 5.0,
) -> Amount:
    """Return how many pages of a model's output a dollar pays for: 1 / `cost_per_page`.

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


# The price and power of chips whose name contains this; without a match, the mean of all.
_GPUS = {
    # Power: 10.2 kW for 8 chips of 0.7 kW; 6.5 kW for 8 of 0.4 kW; the mean of 10 kW for 16 and of
    # 1.5 kW for 4 of 0.3 kW.
    "H100": (1.64, 10.2 / 8 / 0.7),
    "A100": (1.66, 6.5 / 8 / 0.4),
    "V100": (1.69, (10 / 16 + 1.5 / 4) / 2 / 0.3),
    "P100": (1.54, 1.8),
    "": (1.64, 1.8),
}
_TPUS = {"v1": (1.64, 2.93), "v2": (1.64, 1.64), "v3": (1.64, 1.47), "": (1.64, 1.56)}


@formula("cottier-2024-training-costs")
def server_factors(chip: str) -> ServerFactors:
    """Return what servers add to the price and power of a chip, and its load.

    An unknown chip gets the mean of the known ones.

    >>> server_factors("NVIDIA A100 SXM4 80 GB")
    ServerFactors(price=1.66, power=2.03125, load=0.75)
    """
    if not chip.strip():
        raise InvalidInputError("chip: expected the name of a chip, found none")
    servers, load = (_TPUS, 0.43) if "TPU" in chip else (_GPUS, 0.75)
    price, power = next(factors for name, factors in servers.items() if name in chip)
    return ServerFactors(price, power, load)


@formula("cottier-2024-training-costs")
def training_start(
    published: datetime.date, training_hours: NotNegative, *, buffer_days: NotNegative = 60
) -> datetime.date:
    """Return the day on which a published training run is assumed to have started.

    >>> training_start(datetime.date(2022, 5, 2), 793.5)  # OPT-175B
    datetime.date(2022, 1, 28)
    """
    midnight = datetime.datetime.combine(published, datetime.time())
    return (midnight - datetime.timedelta(days=buffer_days, hours=training_hours)).date()


@formula("cottier-2024-training-costs")
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
    started before.

    >>> start, released = datetime.date(2022, 1, 28), datetime.date(2020, 11, 16)
    >>> round(years_of_depreciation(start, released=released) * 365.25)  # OPT-175B on A100
    348
    """
    available = released + datetime.timedelta(days=buffer_days)
    available = max(available, priced or available)
    return max(0, (start - available).days) / DAYS_PER_YEAR


@formula("cottier-2024-training-costs")
def depreciated_value(
    price: Positive, years: Finite, oom_per_year: Finite = DEPRECIATION_OOM_PER_YEAR
) -> Amount:
    """Return the value of hardware some years after it was bought: price x 10^(-0.14 x years).

    >>> round(depreciated_value(24_875, 348 / 365.25))
    18297
    """
    return price / 10 ** (oom_per_year * years)


@formula("cottier-2024-training-costs")
def amortized_hardware(
    value_per_chip: Positive,
    chip_hours: Positive,
    oom_per_year: Positive = DEPRECIATION_OOM_PER_YEAR,
) -> Amount:
    """Return the value that servers lose during a run, in usd.

    The rate at the start of the run applies to all of it: value x rate x ln 10 for each chip-year
    of 8766 hours. Over a year, this is 17 % too much.

    >>> round(amortized_hardware(18_296.794, 812_544))
    546719
    """
    return value_per_chip * oom_per_year * math.log(10) / HOURS_PER_YEAR * chip_hours


@formula("cottier-2024-training-costs")
def interconnect_cost(
    servers: Positive, interconnect_share: BelowOne = INTERCONNECT_SHARE
) -> Amount:
    """Return the cost of the network between servers: servers x share / (1 - share), in usd.

    >>> round(interconnect_cost(81.0), 9)
    19.0
    """
    return servers * interconnect_share / (1 - interconnect_share)


@formula("cottier-2024-training-costs")
def energy_kwh(
    chip_hours: Positive,
    chip_power_kw: Positive,
    *,
    server_power: Positive,
    load: Share,
    power_usage_effectiveness: Positive,
) -> Amount:
    """Return the energy of a run in kWh, with servers and cooling.

    The power usage effectiveness is 1.1 for Amazon, Google, Meta and Microsoft; 1.25 for others.

    >>> round(energy_kwh(  # OPT-175B
    ...     812_544, 0.4, server_power=2.03125, load=0.75, power_usage_effectiveness=1.1))
    544658
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
    """

    hardware: Amount
    interconnect: Amount
    energy: Amount

    @property
    def total(self) -> Amount:
        """The sum of the three."""
        return self.hardware + self.interconnect + self.energy


@formula("cottier-2024-training-costs")
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
    `development_cost`.

    >>> cost = training_cost(  # OPT-175B
    ...     chip_hours=812_544, price_per_chip=24_875, years=348 / 365.25, chip_power_kw=0.4,
    ...     electricity_price_per_kwh=0.0832, factors=server_factors("NVIDIA A100 SXM4 80 GB"),
    ...     power_usage_effectiveness=HYPERSCALER_POWER_USAGE_EFFECTIVENESS)
    >>> round(deflate(cost.total, 117.176, 119.349))  # published: 733,635 of December 2024
    733635
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


@formula("cottier-2024-training-costs")
def purchase_cost(
    chips: Positive, price_per_chip: Positive, interconnect_share: BelowOne = INTERCONNECT_SHARE
) -> Amount:
    """Return the cost of buying the cluster: servers / (1 - share of the network), in usd.

    >>> round(purchase_cost(1024, 24_875) / 1e6, 1)  # The cluster of OPT-175B, in millions
    31.4
    """
    return chips * price_per_chip / (1 - interconnect_share)


@formula("cottier-2024-training-costs")
def cloud_cost(chip_hours: Positive, price_per_chip_hour: Positive) -> Amount:
    """Return the cost of renting the chips of a run, in usd.

    >>> round(cloud_cost(812_544, 1.80) / 1e6, 2)  # OPT-175B for three years, in millions
    1.46
    """
    return chip_hours * price_per_chip_hour


@formula("cottier-2024-training-costs")
def committed_price(
    price_per_chip_hour: Positive, discount: BelowOne, committed_discount: BelowOne
) -> Amount:
    """Return the price at one commitment from the price at another, in usd per chip-hour.

    Discounts are 64 % (Amazon), 56 % (Google and Lambda) and 49 % (Microsoft) for three years, and
    41, 37, 34 and 25 % for one.

    >>> round(committed_price(4.10, 0, 0.64), 2)
    1.48
    """
    return price_per_chip_hour * (1 - committed_discount) / (1 - discount)


@formula("cottier-2024-training-costs")
def deflate(
    amount: NotNegative, index_of_price_year: Positive, index_of_target_year: Positive
) -> Amount:
    """Convert an amount of money to the prices of another time, in usd, by two price indices.

    `diffdata.deflate` takes years, and finds the indices. The source takes the producer price index
    PCU518210518210. Two years in the place of the indices raise an error.

    >>> deflate(100.0, 80.0, 120.0)
    150.0
    """
    given = (index_of_price_year, index_of_target_year)
    if all(isinstance(x, float) and x.is_integer() and 1900 <= x <= 2100 for x in given):
        years = ", ".join(f"{x:.0f}" for x in given)
        raise InvalidInputError(
            f"index_of_price_year: expected price indices, found {years}; for years there is "
            f"diffdata.deflate(amount, {years})"
        )
    return amount * index_of_target_year / index_of_price_year
