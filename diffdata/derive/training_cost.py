"""The cost of a training run from its hardware: bought and written off, bought, or rented.

The method is that of "The rising costs of training frontier AI models"
(``cottier-2024-training-costs``) as its code has it (repository epoch-research/training-cost-trends
at commits 176b66a and 62d66d8), restated: what a chip is worth falls by a steady number of orders
of magnitude a year, and a run pays for the fall in value during its chip-hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from diffdata.derive.amounts import (
    HOURS_PER_YEAR,
    Amount,
    check_below_one,
    check_finite,
    check_not_negative,
    check_positive,
    check_share,
)
from diffdata.derive.servers import ServerFactors

# How much FLOP/s a dollar buys improves each year, in orders of magnitude.
DEPRECIATION_OOM_PER_YEAR = 0.14
# What the network between the servers takes of the price of a cluster.
INTERCONNECT_SHARE = 0.19
# Energy that a data centre draws over that of its servers.
HYPERSCALER_POWER_USAGE_EFFECTIVENESS = 1.10
OTHER_POWER_USAGE_EFFECTIVENESS = 1.25


def depreciated_value(
    price: Amount, years: Amount, oom_per_year: Amount = DEPRECIATION_OOM_PER_YEAR
) -> Amount:
    """Return what hardware is worth some years after it cost its price.

    Source of the formula: ``cottier-2024-training-costs``: price x 10^(-0.14 x years).

    Parameters
    ----------
    price
        Price in dollars.
    years
        Years since it could be had at that price.
    oom_per_year
        Fall of the value in orders of magnitude a year.

    Returns
    -------
    value
        Dollars of the same year.

    Raises
    ------
    InvalidInputError
        If `price` is a plain number not above 0, or any is not finite.

    Examples
    --------
    >>> round(depreciated_value(24_875, 348 / 365.25))
    18297
    """
    check_positive(price=price)
    check_finite(years=years, oom_per_year=oom_per_year)
    return price / 10 ** (oom_per_year * years)


def amortized_hardware(
    value_per_chip: Amount, chip_hours: Amount, oom_per_year: Amount = DEPRECIATION_OOM_PER_YEAR
) -> Amount:
    """Return the value that servers lose during a run.

    The rate at the start of the run holds for all of it: value x rate x ln 10 for each chip-year of
    8766 hours. (The published method simplifies so; over a year it is 17 % too much.)

    Source of the formula: ``cottier-2024-training-costs``.

    Parameters
    ----------
    value_per_chip
        What a server is worth at the start for each of its chips, in dollars.
    chip_hours
        Chip-hours of the run.
    oom_per_year
        Fall of the value in orders of magnitude a year.

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
    >>> round(amortized_hardware(18_296.794, 812_544))
    546719
    """
    check_positive(value_per_chip=value_per_chip, chip_hours=chip_hours, oom_per_year=oom_per_year)
    return value_per_chip * oom_per_year * math.log(10) / HOURS_PER_YEAR * chip_hours


def interconnect_cost(servers: Amount, interconnect_share: Amount = INTERCONNECT_SHARE) -> Amount:
    """Return what the network between servers costs, from what the servers cost.

    Source of the formula: ``cottier-2024-training-costs``: servers x share / (1 - share).

    Parameters
    ----------
    servers
        Cost of the servers in dollars.
    interconnect_share
        Share of the network in the cost of the whole cluster, from 0 up and below 1.

    Returns
    -------
    cost
        Dollars of the same year.

    Raises
    ------
    InvalidInputError
        If `servers` is a plain number not above 0 and finite, or the share is outside [0, 1).

    Examples
    --------
    >>> round(interconnect_cost(81.0), 9)
    19.0
    """
    check_positive(servers=servers)
    check_below_one(interconnect_share=interconnect_share)
    return servers * interconnect_share / (1 - interconnect_share)


def energy_kwh(
    chip_hours: Amount,
    chip_power_kw: Amount,
    *,
    server_power: Amount,
    load: Amount,
    power_usage_effectiveness: Amount,
) -> Amount:
    """Return the energy that a run takes, with servers and cooling.

    Source of the formula: ``cottier-2024-training-costs``.

    Parameters
    ----------
    chip_hours
        Chip-hours of the run.
    chip_power_kw
        Rated power (TDP) of a chip in kW.
    server_power
        Rated power of a server for each chip, over that of the chip; see `server_factors`.
    load
        Mean power drawn over the rated power of the server, above 0 and at most 1.
    power_usage_effectiveness
        Energy of the data centre over that of its servers: 1.1 for Amazon, Google, Meta and
        Microsoft, 1.25 for others.

    Returns
    -------
    energy
        Energy in kWh.

    Raises
    ------
    InvalidInputError
        If `load` is a plain number outside (0, 1], or another not above 0 and finite.

    Examples
    --------
    OPT-175B, in MWh:

    >>> energy = energy_kwh(
    ...     812_544, 0.4, server_power=2.03125, load=0.75, power_usage_effectiveness=1.1)
    >>> round(energy / 1000)
    545
    """
    check_positive(
        chip_hours=chip_hours,
        chip_power_kw=chip_power_kw,
        server_power=server_power,
        power_usage_effectiveness=power_usage_effectiveness,
    )
    check_share(load=load)
    return chip_power_kw * server_power * load * power_usage_effectiveness * chip_hours


@dataclass(frozen=True)
class TrainingCost:
    """What a training run costs, in dollars of one year.

    Attributes
    ----------
    hardware
        Value that the servers lose during the run.
    interconnect
        The same for the network between them.
    energy
        Electricity.
    total
        The sum.

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


def training_cost(
    *,
    chip_hours: Amount,
    price_per_chip: Amount,
    years: Amount,
    chip_power_kw: Amount,
    electricity_price_per_kwh: Amount,
    factors: ServerFactors,
    power_usage_effectiveness: Amount,
    priced_as_server: bool = True,
    oom_per_year: Amount = DEPRECIATION_OOM_PER_YEAR,
    interconnect_share: Amount = INTERCONNECT_SHARE,
) -> TrainingCost:
    """Return the cost of a run on one's own hardware: what it wears off, and electricity.

    People, buildings, storage, failed runs and earlier trials do not count; for the last two see
    `development_cost`.

    Source of the method: ``cottier-2024-training-costs``.

    Parameters
    ----------
    chip_hours
        Chip-hours of the run.
    price_per_chip
        Price of a server for each of its chips, in dollars; or of a bare chip.
    years
        Years from when it could be had at that price to the start; see `years_of_depreciation`.
    chip_power_kw
        Rated power (TDP) of a chip in kW.
    electricity_price_per_kwh
        Price of electricity in dollars per kWh.
    factors
        What servers add to the chip; see `server_factors`.
    power_usage_effectiveness
        Energy of the data centre over that of its servers; see `energy_kwh`.
    priced_as_server
        Whether the price is that of a server; if not, ``factors.price`` makes it one.
    oom_per_year
        Fall of the value in orders of magnitude a year.
    interconnect_share
        Share of the network in the cost of the cluster.

    Returns
    -------
    cost
        Dollars, of the year of the prices; `deflate` brings them to another.

    Raises
    ------
    InvalidInputError
        If a plain number is out of bounds, as the functions for the parts say.

    Examples
    --------
    OPT-175B: 733,635 dollars of December 2024 in the results of the source (the index of producer
    prices PCU518210518210 was 117.176 when the model was published and 119.349 then):

    >>> from diffdata.derive.servers import server_factors
    >>> cost = training_cost(
    ...     chip_hours=812_544, price_per_chip=24_875, years=348 / 365.25, chip_power_kw=0.4,
    ...     electricity_price_per_kwh=0.0832, factors=server_factors("NVIDIA A100 SXM4 80 GB"),
    ...     power_usage_effectiveness=HYPERSCALER_POWER_USAGE_EFFECTIVENESS)
    >>> round(deflate(cost.total, 117.176, 119.349))
    733635
    >>> round(cost.hardware), round(cost.interconnect), round(cost.energy)
    (546719, 128243, 45316)
    """
    check_positive(
        price_per_chip=price_per_chip, electricity_price_per_kwh=electricity_price_per_kwh
    )
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


def purchase_cost(
    chips: Amount, price_per_chip: Amount, interconnect_share: Amount = INTERCONNECT_SHARE
) -> Amount:
    """Return what it costs to buy the whole cluster.

    Source of the formula: ``cottier-2024-training-costs``: servers / (1 - share of the network).

    Parameters
    ----------
    chips
        Number of chips.
    price_per_chip
        Price of a server for each of its chips, in dollars, not depreciated.
    interconnect_share
        Share of the network in the cost of the whole cluster, from 0 up and below 1.

    Returns
    -------
    cost
        Dollars of the same year.

    Raises
    ------
    InvalidInputError
        If the share is a plain number outside [0, 1), or another not above 0 and finite.

    Examples
    --------
    The cluster of OPT-175B, in millions:

    >>> round(purchase_cost(1024, 24_875) / 1e6, 1)
    31.4
    """
    check_positive(chips=chips, price_per_chip=price_per_chip)
    check_below_one(interconnect_share=interconnect_share)
    return chips * price_per_chip / (1 - interconnect_share)


def cloud_cost(chip_hours: Amount, price_per_chip_hour: Amount) -> Amount:
    """Return what it costs to rent the chips of a run.

    Source of the formula: ``cottier-2024-training-costs``, with the price of a three-year
    commitment; `committed_price` finds that from another price.

    Parameters
    ----------
    chip_hours
        Chip-hours of the run.
    price_per_chip_hour
        Price of a chip-hour in dollars.

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
    OPT-175B, in millions:

    >>> round(cloud_cost(812_544, 1.80) / 1e6, 2)
    1.46
    """
    check_positive(chip_hours=chip_hours, price_per_chip_hour=price_per_chip_hour)
    return chip_hours * price_per_chip_hour


def committed_price(
    price_per_chip_hour: Amount, discount: Amount, committed_discount: Amount
) -> Amount:
    """Return the price at one commitment from that at another.

    Source of the formula: ``cottier-2024-training-costs``, whose code has 64 % (Amazon), 56 %
    (Google and Lambda) and 49 % (Microsoft) off for three years, and 41, 37, 34 and 25 % (Amazon,
    Google, Lambda, Microsoft) for one.

    Parameters
    ----------
    price_per_chip_hour
        The price that is known, in dollars per chip-hour.
    discount
        What it has off the price on demand, from 0 up and below 1; 0 on demand.
    committed_discount
        What the price sought has off, from 0 up and below 1.

    Returns
    -------
    price
        Dollars per chip-hour.

    Raises
    ------
    InvalidInputError
        If a discount is a plain number outside [0, 1), or the price one not above 0 and finite.

    Examples
    --------
    >>> round(committed_price(4.10, 0, 0.64), 2)
    1.48
    """
    check_positive(price_per_chip_hour=price_per_chip_hour)
    check_below_one(discount=discount, committed_discount=committed_discount)
    return price_per_chip_hour * (1 - committed_discount) / (1 - discount)


def deflate(amount: Amount, index_of_price_year: Amount, index_of_target_year: Amount) -> Amount:
    """Return an amount of money in the prices of another time.

    Source of the formula: ``cottier-2024-training-costs``, with the index of the producer prices of
    data processing and hosting (PCU518210518210).

    Parameters
    ----------
    amount
        Money in dollars of the year (or month) of its prices.
    index_of_price_year, index_of_target_year
        A price index then, and at the time to bring the amount to.

    Returns
    -------
    amount
        Dollars of the target.

    Raises
    ------
    InvalidInputError
        If an index is a plain number not above 0, the amount one below 0, or any is not finite.

    Examples
    --------
    >>> deflate(100.0, 80.0, 120.0)
    150.0
    """
    check_not_negative(amount=amount)
    check_positive(
        index_of_price_year=index_of_price_year, index_of_target_year=index_of_target_year
    )
    return amount * index_of_target_year / index_of_price_year
