"""What the published method of training cost knows of servers and dates.

Source of the figures: the code of ``cottier-2024-training-costs`` (repository
epoch-research/training-cost-trends at commits 176b66a and 62d66d8), restated.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from diffdata.derive.amounts import DAYS_PER_YEAR, check_not_negative
from diffdata.errors import InvalidInputError


@dataclass(frozen=True)
class ServerFactors:
    """What a server adds to its chips, and how hard they work.

    Attributes
    ----------
    price
        Price of a server for each of its chips, over the price of the bare chip.
    power
        Rated power of a server for each of its chips, over that of the bare chip.
    load
        Mean power drawn in training, as a share of the rated power of the server.
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
    """Return what servers with such a chip add to its price and power, and its load.

    Source of the figures: the code of ``cottier-2024-training-costs``. A name that it does not know
    has the mean of those that it does.

    Parameters
    ----------
    chip
        Name of the chip, such as ``NVIDIA A100 SXM4 80 GB`` or ``Google TPU v3``.

    Returns
    -------
    factors
        The three factors (without unit).

    Raises
    ------
    InvalidInputError
        If the name is blank.

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


def training_start(
    published: datetime.date, training_hours: float, *, buffer_days: float = 60
) -> datetime.date:
    """Return the day on which a run of known publication is taken to have started.

    Source of the method: the code of ``cottier-2024-training-costs``, which counts 60 days from the
    end of the run to publication (and knows better for a few models).

    Parameters
    ----------
    published
        Day of publication.
    training_hours
        Duration of the run in hours.
    buffer_days
        Days from its end to publication.

    Returns
    -------
    start
        The day.

    Raises
    ------
    InvalidInputError
        If a number is below 0 or not finite.

    Examples
    --------
    OPT-175B:

    >>> training_start(datetime.date(2022, 5, 2), 793.5)
    datetime.date(2022, 1, 28)
    """
    check_not_negative(training_hours=training_hours, buffer_days=buffer_days)
    midnight = datetime.datetime.combine(published, datetime.time())
    return (midnight - datetime.timedelta(days=buffer_days, hours=training_hours)).date()


def years_of_depreciation(
    start: datetime.date,
    *,
    released: datetime.date,
    priced: datetime.date | None = None,
    buffer_days: int = 90,
) -> float:
    """Return the years from when a chip could be had at its price to when a run started.

    Source of the method: the code of ``cottier-2024-training-costs``. A chip can be had from the
    date of its price, but not before 90 days after its release; for TPU, which their maker uses
    itself, from the release (`buffer_days` 0).

    Parameters
    ----------
    start
        Day on which the run started.
    released
        Day on which the chip was released.
    priced
        Date of the price; left out, the release counts alone.
    buffer_days
        Days from release to the first use.

    Returns
    -------
    years
        Years (of 365.25 days), 0 if the run started before.

    Raises
    ------
    InvalidInputError
        If `buffer_days` is below 0.

    Examples
    --------
    OPT-175B, on the A100 with 80 GB, by the price of a server with the earlier A100:

    >>> years = years_of_depreciation(
    ...     datetime.date(2022, 1, 28),
    ...     released=datetime.date(2020, 11, 16),
    ...     priced=datetime.date(2020, 5, 21))
    >>> round(years * 365.25)
    348
    """
    check_not_negative(buffer_days=buffer_days)
    available = released + datetime.timedelta(days=buffer_days)
    available = max(available, priced or available)
    return max(0, (start - available).days) / DAYS_PER_YEAR
