"""The costs of a table of training runs, from chips, prices, electricity and a price index.

The formulas are those of `diffdata.derive.cost`. A price that is dated to the month or the year
counts as one of the middle of it; the interval of the cost has both ends.
"""

from __future__ import annotations

import datetime
import functools
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.cost import (
    DEPRECIATION_OOM_PER_YEAR,
    HYPERSCALER_POWER_USAGE_EFFECTIVENESS,
    INTERCONNECT_SHARE,
    amortized_hardware,
    cloud_cost,
    deflate,
    depreciated_value,
    energy_kwh,
    interconnect_cost,
    purchase_cost,
    server_factors,
    training_start,
    years_of_depreciation,
)
from diffdata.derive.dates import check_date, days_of, first_public, of_models
from diffdata.derive.formula import BelowOne, NotNegative, Positive, formula
from diffdata.derive.frames import (
    Frame,
    make_dated,
    naming_tables,
    nullable,
    require,
    rows,
    unwrap,
    with_types,
    wrap,
)
from diffdata.errors import InvalidInputError

__all__ = ["training_costs"]

_STUDY = "cottier-2024-training-costs"
RULES = ("in_force", _STUDY)
INTERVALS = ("prices", _STUDY)
# The intervals of 90 % that the source prints, as multiples of its medians (uncertainty.ipynb of
# epoch-research/training-cost-trends at commit 312c7ed), for chips other than TPUs and for TPUs.
# Its hardware includes the network; it states nothing of the cloud. It draws the hardware and the
# energy independently, so that the interval of their sum is narrower at its lower end.
_PUBLISHED = {
    "hardware_usd": ((0.27, 4.0), (0.16, 6.6)),
    "interconnect_usd": ((0.27, 4.0), (0.16, 6.6)),
    "energy_usd": ((0.31, 3.6), (0.31, 3.6)),
    "training_cost_usd": ((0.34, 3.7), (0.27, 4.9)),
    "purchase_cost_usd": ((0.46, 2.1), (0.23, 4.2)),
}
_PUBLISHED_LEVEL = 0.9
_DAYS_FROM_PURCHASE_TO_START = 60  # of the source, for the price of the cloud
# electricity_prices.vintage, the best first; the source's rules put its own figures first.
_VINTAGES = ("final", "preliminary", "earlier", "study")
_DAYS_FROM_RELEASE_TO_USE = 90
_MEASURES = ("chip_hours", "chips", "duration_days")
# The columns of the result: those before the amounts with their bounds, these, and the last.
_KEYS = ("run_id", "model_id", "hardware_id")
_PLAIN = (
    *_KEYS, "started", "started_basis", "purchase_price_usd",
    "purchase_price_id", "purchase_price_date", "purchase_price_timing", "cloud_price_usd",
    "cloud_price_id", "cloud_price_date", "cloud_price_timing", "electricity_price_usd",
    "electricity_year",
)  # fmt: skip
_DATES = ("started", "purchase_price_date", "cloud_price_date")
_BOUNDED = (
    "chip_hours", "energy_kwh", "hardware_usd", "interconnect_usd", "energy_usd",
    "training_cost_usd", "cloud_cost_usd", "purchase_cost_usd",
)  # fmt: skip
_LAST = ("interval_level", "price_year", "missing")
_TEXTS = {
    *(name for name in _PLAIN if name.endswith(("_id", "_basis", "_timing"))),
    "price_year", "missing",
}  # fmt: skip


@dataclass(frozen=True)
class _Bounded:
    """A number or a day, with the lowest and the highest that it may be."""

    value: Any
    low: Any
    high: Any


@dataclass(frozen=True)
class _Price:
    """A price of a chip in usd of its date; that of a purchase includes the server."""

    name: str | None
    usd: _Bounded
    day: _Bounded
    precision: str
    stated_server: bool


@dataclass(frozen=True)
class _Options:
    oom_per_year: float
    interconnect_share: float
    power_usage_effectiveness: float
    carbon_intensity: float | None
    window_days: float
    assumed_days: float | None
    by_source: bool
    published_intervals: bool


@dataclass(frozen=True)
class _Tables:
    """What is known of chips, prices (by chip), electricity (by year) and models."""

    chips: dict[str, dict[str, Any]]
    purchases: dict[str, list[_Price]]
    rents: dict[str, list[_Price]]
    electricity: dict[int, _Bounded]
    published: dict[str, _Bounded]
    convert: Callable[[datetime.date, str], float | None]


@formula("cottier-2024-training-costs")
@naming_tables
def training_costs(
    training_runs: IntoFrameT,
    hardware: IntoFrameT,
    hardware_prices: IntoFrameT,
    electricity_prices: IntoFrameT,
    model_dates: IntoFrameT,
    price_index: IntoFrameT | None = None,
    *,
    price_year: int | datetime.date | None = None,
    index: str = "us-cpi-u",
    region: str = "united-states",
    sector: str = "industrial",
    commitment: str = "on_demand",
    seller: str | None = None,
    power_usage_effectiveness: Positive = HYPERSCALER_POWER_USAGE_EFFECTIVENESS,
    carbon_intensity: float | None = None,
    oom_per_year: Positive = DEPRECIATION_OOM_PER_YEAR,
    interconnect_share: BelowOne = INTERCONNECT_SHARE,
    window_days: NotNegative = 365,
    assumed_days: float | None = None,
    rules: str = "in_force",
    intervals: str = "prices",
) -> IntoFrameT:
    """Return the costs of training runs: on one's own hardware, in a cloud, and of the purchase.

    Each row is a run by itself: what another row says of the same model is not used.

    - Chip-hours are those given, else chips x days x 24.
    - The start is that given (``started``), else the end minus the duration (``ended``), else the
      publication minus the duration and 60 days, as in `training_start` (``published``); published
      is when the model was announced or published, whichever came first. A duration that is not
      given is chip-hours / chips / 24, or `assumed_days`.
    - A price counts from the day on which it became effective, else was observed, else listed.
      Only prices in usd count. The central price is the last one not after the start, else the
      first after it; the columns ``_timing`` say which. Of several on that day, the lower median.
    - A price of purchase that is a share of a system is that of a server; others are multiplied by
      what a server costs over its chip (`server_factors`). It loses value from its date, or from 90
      days after the release of the chip if that is later, until the start (TPUs: from the release).
    - Electricity is that of the year of the start, or of the last year before it, else the first
      after it. Of several vintages the best counts: final, preliminary, earlier, of a study.
    - A column ``power_usage_effectiveness`` of the runs is used before the argument.
    - With `price_year` each price is converted from its own month, or else quarter or year.

    Intervals are from the inputs (``prices``): the lowest and the highest of the central price and
    of those within `window_days` of the start, of both readings of a price that does not say
    whether it includes the server, of dates known to the month or year, of the vintages of
    electricity, and of ``chip_hours``, ``chips`` and ``duration_days`` where the runs have columns
    with these names and ``_low`` and ``_high``. All inputs are at their lowest or highest at once,
    and no probability is stated. Bounds are missing where the inputs say nothing of a spread.
    ``cottier-2024-training-costs`` multiplies costs by the 90 % intervals of the source (its
    uncertainty.ipynb), such as 0.34 to 3.7 for the training cost on GPUs; the cloud has none.

    The rules ``cottier-2024-training-costs`` are the practice of the source: the first price of
    purchase, of a server before one of a chip; the cloud 60 days before the start; electricity of
    the year of publication, as the study prints it; and all money counted as that of the month of
    publication. Three starts that the source sets by hand are not among them.

    Returns: One row for each run, sorted by run_id: run_id, model_id, hardware_id, started (the
    middle of the days that it may be) and started_basis; the prices per chip (with its server), per
    chip-hour and per kWh, each in usd of its own date, with their ids, dates or year and timing;
    chip_hours, energy_kwh, hardware_usd, interconnect_usd, energy_usd, training_cost_usd (the sum
    of the three), cloud_cost_usd and purchase_cost_usd (carbon_kg if asked for), each with ``_low``
    and ``_high``; interval_level; price_year (missing if each price is in its own money); and
    missing: the inputs that are, separated by ``; ``, missing if there is none.

    >>> import pandas as pd
    >>> run = pd.DataFrame({"run_id": ["opt"], "model_id": ["opt-175b"], "chips": [1024],
    ...                     "duration_days": [33.0625], "hardware_id": ["a100"]})
    >>> chip = pd.DataFrame({"hardware_id": ["a100"], "name": ["NVIDIA A100 SXM4 80 GB"],
    ...                      "released": pd.to_datetime(["2020-11-16"]), "power_watt": [400]})
    >>> price = pd.DataFrame({"hardware_id": ["a100"], "price_kind": ["purchase"],
    ...                       "amount": [24_875], "currency": ["USD"], "bundled": [True],
    ...                       "observed_on": pd.to_datetime(["2020-05-21"])})
    >>> power = pd.DataFrame({"region": ["united-states"], "sector": ["industrial"],
    ...                       "year": [2022], "usd_per_kwh": [0.0832]})
    >>> public = pd.DataFrame({"model_id": ["opt-175b"], "milestone": ["published"],
    ...                        "date": pd.to_datetime(["2022-05-02"]), "date_precision": ["day"]})
    >>> costs = training_costs(run, chip, price, power, public)
    >>> costs[["training_cost_usd", "purchase_cost_usd", "missing"]].round().values.tolist()
    [[720277.0, 31446914.0, 'cloud price']]
    >>> costs["started"].astype(str).tolist()
    ['2022-01-28']
    """
    for name, chosen, allowed in (("rules", rules, RULES), ("intervals", intervals, INTERVALS)):
        if chosen not in allowed:
            raise InvalidInputError(f"{name}: expected one of {allowed}, found {chosen!r}")
    for name, number in (
        ("power_usage_effectiveness", power_usage_effectiveness), ("oom_per_year", oom_per_year),
        ("carbon_intensity", carbon_intensity), ("assumed_days", assumed_days),
    ):  # fmt: skip
        if number is not None:
            _checked(number, name)
    for name, number in (("interconnect_share", interconnect_share), ("window_days", window_days)):
        if not isinstance(number, int | float):
            raise InvalidInputError(f"{name}: expected a number, found {number!r}")
    options = _Options(
        oom_per_year, interconnect_share, power_usage_effectiveness, carbon_intensity,
        window_days, assumed_days, rules == _STUDY, intervals == _STUDY,
    )  # fmt: skip
    frame, dates = wrap(training_runs), wrap(model_dates)
    bounds = [f"{name}_{end}" for name in _MEASURES for end in ("low", "high")]
    runs = _records(
        frame, "training_runs", _KEYS,
        (*_MEASURES, *bounds, "started", "started_precision", "ended", "ended_precision",
         "power_usage_effectiveness"),
    )  # fmt: skip
    chips: dict[str, dict[str, Any]] = {}
    for chip in _records(
        wrap(hardware), "hardware", ("hardware_id", "name"),
        ("released", "released_precision", "power_watt"),
    ):  # fmt: skip
        if not isinstance(chip["name"], str) or chip["hardware_id"] in chips:
            raise InvalidInputError(
                f"hardware: {chip['hardware_id']}: expected one row, with the name of the chip"
            )
        chips[chip["hardware_id"]] = chip
    used = sorted({run["hardware_id"] for run in runs if run["hardware_id"] in chips})
    purchases, rents = _prices(wrap(hardware_prices), used, chips, commitment, seller)
    tables = _Tables(
        chips, purchases, rents,
        _electricity(wrap(electricity_prices), region, sector, options),
        _published(dates, {run["model_id"] for run in runs}),
        conversion(price_index, index, price_year),
    )  # fmt: skip
    runs.sort(key=lambda run: (str(run["run_id"]), repr(run)))
    costs = [_costs(run, tables, options) for run in runs]
    label = f"{price_year:%Y-%m}" if isinstance(price_year, datetime.date) else price_year
    return unwrap(
        _frame(costs, None if label is None else str(label), options, frame, dates),
        like=training_runs,
    )


def _records(
    frame: Frame, table: str, required: Sequence[str], optional: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Collect the columns that a frame has, which must include the required ones."""
    there = require(frame, table, required)
    names = [*required, *(name for name in optional if name in there)]
    return [dict(zip(names, row, strict=True)) for row in rows(frame.select(names))]


def _checked(number: Any, place: str) -> float:
    try:
        found = float(number)
    except (TypeError, ValueError):
        found = math.nan
    if not 0 < found < math.inf:
        raise InvalidInputError(f"{place}: expected a finite number above 0, found {number!r}")
    return found


def _days(record: dict[str, Any], name: str, place: str) -> _Bounded | None:
    """Return the middle, the first and the last of the days that a date may be."""
    date, precision = record.get(name), record.get(f"{name}_precision")
    if date is None:
        return None
    check_date(date, f"{place}: {name}")
    first, last = days_of(date, precision, f"{place}: {name}_precision")
    return _Bounded(first + (last - first) // 2, first, last)


def _each(function: Callable[..., Any], *amounts: _Bounded | None) -> _Bounded | None:
    """Apply a function that rises with each of its arguments to their values and bounds."""
    given = [amount for amount in amounts if amount is not None]
    if len(given) < len(amounts):
        return None
    ends = (
        function(*(getattr(amount, end) for amount in given)) for end in ("value", "low", "high")
    )
    return _Bounded(*ends)


def _prices(
    prices: Frame,
    used: Sequence[str],
    chips: dict[str, dict[str, Any]],
    commitment: str,
    seller: str | None,
) -> tuple[dict[str, list[_Price]], dict[str, list[_Price]]]:
    """Return by chip the prices of purchase, with the server, and those of a chip-hour."""
    there = prices.collect_schema().names()
    for name, wanted in (("commitment", commitment), ("seller", seller)):
        if name in there and wanted is not None:
            rent = nw.col(name) == wanted
            prices = prices.filter((nw.col("price_kind") == "purchase") | rent.fill_null(False))
    records = _records(
        prices.filter(nw.col("hardware_id").is_in(list(used))),
        "hardware_prices",
        ("hardware_id", "price_kind", "amount", "currency"),
        ("hardware_price_id", "bundled", "observed_on", "observed_on_precision", "listed_on",
         "effective_from"),
    )  # fmt: skip
    purchases, rents = defaultdict(list), defaultdict(list)
    for record in records:
        price_id = record.get("hardware_price_id")
        place = f"hardware_prices: {price_id or record['hardware_id']}"
        dates = (
            _days(record, day, place) for day in ("effective_from", "observed_on", "listed_on")
        )
        day = next(filter(None, dates), None)
        if day is None or record["currency"] != "USD":
            continue
        usd = _checked(record["amount"], f"{place}: amount")
        precision = "day" if day.low == day.high else str(record["observed_on_precision"])
        if record["price_kind"] == "purchase":
            bundled = record.get("bundled")
            server = usd * server_factors(chips[record["hardware_id"]]["name"]).price
            central = usd if bundled else server
            bounded = _Bounded(central, usd if bundled is None else central, central)
            price = _Price(price_id, bounded, day, precision, bool(bundled))
            purchases[record["hardware_id"]].append(price)
        elif record["price_kind"] == "cloud_hour":
            price = _Price(price_id, _Bounded(usd, usd, usd), day, precision, False)
            rents[record["hardware_id"]].append(price)
    return purchases, rents


def _electricity(prices: Frame, region: str, sector: str, options: _Options) -> dict[int, _Bounded]:
    """Return by year the price of electricity of the best vintage, and of the others."""
    records = _records(
        prices, "electricity_prices", ("region", "sector", "year", "usd_per_kwh"), ("vintage",)
    )
    pairs = sorted({(str(record["region"]), str(record["sector"])) for record in records})
    if pairs and (region, sector) not in pairs:
        raise InvalidInputError(
            f"region, sector: expected one of {pairs}, found {(region, sector)}"
        )
    order = ("study", *_VINTAGES) if options.by_source else _VINTAGES
    by_year: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for record in records:
        if (record["region"], record["sector"]) == (region, sector):
            year = int(_checked(record["year"], "electricity_prices: year"))
            usd = _checked(record["usd_per_kwh"], f"electricity_prices: {year}")
            vintage = record.get("vintage")
            rank = order.index(vintage) if vintage in order else len(order)
            by_year[year].append((rank, usd))
    found = {}
    for year, ranked in by_year.items():
        best = sorted(usd for rank, usd in ranked if rank == min(ranked)[0])
        every = [usd for _, usd in ranked]
        found[year] = _Bounded(best[(len(best) - 1) // 2], min(every), max(every))
    return found


def _published(dates: Frame, models: Iterable[Any]) -> dict[str, _Bounded]:
    """Return by model when it was first made public."""
    columns = require(dates, "model_dates", ("model_id", "milestone", "date", "date_precision"))
    chosen = of_models(dates).filter(nw.col("model_id").is_in(sorted(filter(None, models))))
    if "certainty" not in columns:
        chosen = chosen.with_columns(certainty=nw.lit("stated"))
    found = {}
    for model, first, last in rows(first_public(chosen).select("model_id", "_first", "_last")):
        low, high = (datetime.date.fromordinal(int(day)) for day in (first, last))
        found[model] = _Bounded(low + (high - low) // 2, low, high)
    return found


def conversion(
    price_index: Any, index: str, price_year: int | datetime.date | None
) -> Callable[[datetime.date, str], float | None]:
    """Return how many usd of the target one usd of a day, month or year is, None if not known."""
    if price_year is None:
        return lambda *_: 1.0
    if price_index is None:
        raise InvalidInputError("price_index: expected the table, for price_year is given")
    names = ("price_index", "period_kind", "period", "index_value")
    records = _records(wrap(price_index), "price_index", names)
    levels = {}
    for record in records:
        if record["price_index"] == index and (day := _days(record, "period", "price_index")):
            number = _checked(record["index_value"], f"price_index: {day.value:%Y-%m}")
            levels[record["period_kind"], day.value.year, day.value.month] = number
    if not levels:
        known = sorted({str(record["price_index"]) for record in records})
        raise InvalidInputError(f"index: expected one of {known}, found {index!r}")

    def level(day: datetime.date, precision: str) -> float | None:
        if precision != "year":
            quarter = day.month - (day.month - 1) % 3
            for key in (("month", day.year, day.month), ("quarter", day.year, quarter)):
                if key in levels:
                    return levels[key]
        if ("year", day.year, 1) in levels:
            return levels["year", day.year, 1]
        parts = [value for (kind, year, _), value in levels.items()
                 if kind == "month" and year == day.year]  # fmt: skip
        return math.fsum(parts) / 12 if len(parts) == 12 else None

    if isinstance(price_year, datetime.date):
        target = level(price_year, "month")
    else:
        try:
            target = level(datetime.date(operator.index(price_year), 1, 1), "year")
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"price_year: expected a year or a date, found {price_year!r}"
            ) from None
    if target is None:
        raise InvalidInputError(f"price_year: the index {index!r} has no value of {price_year}")

    def convert(day: datetime.date, precision: str) -> float | None:
        source = level(day, precision)
        return None if source is None else float(deflate(1.0, source, target))

    return convert


def _costs(run: dict[str, Any], tables: _Tables, options: _Options) -> dict[str, Any]:
    """Return the cells of a run."""
    place = f"training_runs: {run['run_id']}"
    chip = tables.chips.get(run["hardware_id"])
    published = tables.published.get(run["model_id"])
    hours, chips, days = _measures(run, place, options)
    start, basis = _start(run, days, published, place)
    when = published if options.by_source else start
    # In the order in which they are reported.
    lacking = {
        "chip": run["hardware_id"] is None,
        "row of the chip": run["hardware_id"] is not None and chip is None,
        "chip-hours": hours is None,
        "number of chips": chips is None,
        "date of publication": published is None and (start is None or options.by_source),
        "duration": days is None and start is None,
        "power of the chip": chip is not None and chip.get("power_watt") is None,
    }

    def money(amount: _Bounded | None, day: datetime.date, precision: str) -> _Bounded | None:
        """Convert an amount of a day to the money of the costs."""
        if options.by_source:
            if published is None:
                return None
            day, precision = published.value, "month"
        rate = tables.convert(day, precision)
        return None if rate is None else _each(lambda usd: usd * rate, amount)

    def spread(
        prices: Sequence[_Price], day: datetime.date, central: _Price | None,
        cost_of: Callable[[_Price], _Bounded],
    ) -> _Bounded | None:  # fmt: skip
        """Return what the central price costs, with the bounds of all within the window."""
        if central is None:
            return None
        cost = money(cost_of(central), central.day.value, central.precision)
        if cost is None:
            lacking["price index"] = not lacking["date of publication"]
            return None
        near = (each for each in prices if abs((each.day.value - day).days) <= options.window_days)
        others = (money(cost_of(each), each.day.value, each.precision) for each in near)
        every = [cost, *filter(None, others)]
        return _Bounded(
            cost.value, min(each.low for each in every), max(each.high for each in every)
        )

    cells: dict[str, Any] = {
        **{name: run[name] for name in _KEYS},
        "started": start and start.value,
        "started_basis": basis,
        "chip_hours": hours,
    }
    server = value = rent = rate = kwh = None
    if chip is not None and start is not None:
        prices, day = tables.purchases[run["hardware_id"]], start.value
        central = _central(prices, day, first=options.by_source)
        cells |= _shown("purchase", central, day)
        lacking["purchase price"] = central is None
        server = spread(prices, day, central, lambda price: price.usd)
        value = spread(
            prices, day, central, lambda price: _value(price, start, chip, options.oom_per_year)
        )
        prices = tables.rents[run["hardware_id"]]
        if options.by_source:
            day -= datetime.timedelta(days=_DAYS_FROM_PURCHASE_TO_START)
        central = _central(prices, day, first=False)
        cells |= _shown("cloud", central, day)
        lacking["cloud price"] = central is None
        rent = spread(prices, day, central, lambda price: price.usd)
    if when is not None:
        year, paid = _of_years(tables.electricity, when)
        cells |= {"electricity_year": year, "electricity_price_usd": paid and paid.value}
        lacking["electricity price"] = paid is None
        if year is not None:
            rate = money(paid, datetime.date(year, 1, 1), "year")
            lacking["price index"] = lacking.get("price index", False) or rate is None
    if chip is not None and chip.get("power_watt") is not None:
        kwh = _energy(run, chip, hours, place, options)
    share, oom = options.interconnect_share, options.oom_per_year
    bare = _each(lambda value, hours: amortized_hardware(value, hours, oom), value, hours)
    network = _each(lambda servers: interconnect_cost(servers, share), bare)
    energy = _each(operator.mul, kwh, rate)
    cells |= {
        "energy_kwh": kwh,
        "hardware_usd": bare,
        "interconnect_usd": network,
        "energy_usd": energy,
        "training_cost_usd": _each(lambda *parts: math.fsum(parts), bare, network, energy),
        "cloud_cost_usd": _each(cloud_cost, hours, rent),
        "purchase_cost_usd": _each(
            lambda chips, price: purchase_cost(chips, price, share), chips, server
        ),
        "missing": "; ".join(name for name, absent in lacking.items() if absent) or None,
    }
    if options.carbon_intensity is not None:
        intensity = options.carbon_intensity
        cells["carbon_kg"] = _each(lambda energy: energy * intensity, kwh)
    if options.published_intervals:
        is_tpu = chip is not None and _is_tpu(chip)
        for name, cell in cells.items():
            if isinstance(cell, _Bounded):
                low, high = _PUBLISHED[name][is_tpu] if name in _PUBLISHED else (1.0, 1.0)
                cells[name] = _Bounded(cell.value, cell.value * low, cell.value * high)
    return cells


def _measures(
    run: dict[str, Any], place: str, options: _Options
) -> tuple[_Bounded | None, _Bounded | None, _Bounded | None]:
    """Return the chip-hours, the chips and the days of a run."""
    found: dict[str, _Bounded | None] = dict.fromkeys(_MEASURES)
    for name in _MEASURES:
        if run.get(name) is not None:
            value, low, high = (
                _checked(run[name] if run.get(end) is None else run[end], f"{place}: {end}")
                for end in (name, f"{name}_low", f"{name}_high")
            )
            if not low <= value <= high:
                raise InvalidInputError(
                    f"{place}: {name}: expected {low} to {high}, by its bounds, found {value}"
                )
            found[name] = _Bounded(value, low, high)
    hours, chips, days = (found[name] for name in _MEASURES)
    if hours is None:
        hours = _each(lambda chips, days: chips * days * 24, chips, days)
    elif days is None and chips is not None:
        days = _Bounded(*[hours.value / chips.value / 24] * 3)
    if days is None and options.assumed_days is not None:
        days = _Bounded(*[options.assumed_days] * 3)
    return hours, chips, days


def _start(
    run: dict[str, Any], days: _Bounded | None, published: _Bounded | None, place: str
) -> tuple[_Bounded | None, str | None]:
    """Return when a run started, and what that is known from."""
    if (started := _days(run, "started", place)) is not None:
        return started, "started"
    if days is None:
        return None, None
    longest_last = _Bounded(days.value, days.high, days.low)
    if (ended := _days(run, "ended", place)) is not None:
        before = functools.partial(training_start, buffer_days=0)
        return _each(lambda day, days: before(day, 24 * days), ended, longest_last), "ended"
    started = _each(lambda day, days: training_start(day, 24 * days), published, longest_last)
    return started, "published" if started else None


def _central(prices: Sequence[_Price], day: datetime.date, *, first: bool) -> _Price | None:
    """Return the last price not after a day, else the first after it; or the first one of all."""
    if first:
        prices = [price for price in prices if price.stated_server] or prices
    if not prices:
        return None
    days = [price.day.value for price in prices]
    before = [] if first else [each for each in days if each <= day]
    chosen = max(before, default=min(days))
    same = [price for price in prices if price.day.value == chosen]
    same = [price for price in same if price.stated_server] or same
    same.sort(key=lambda price: (price.usd.value, str(price.name)))
    return same[(len(same) - 1) // 2]


def _shown(kind: str, price: _Price | None, day: datetime.date) -> dict[str, Any]:
    """Return the cells of a price."""
    if price is None:
        return {}
    return {
        f"{kind}_price_usd": price.usd.value,
        f"{kind}_price_id": price.name,
        f"{kind}_price_date": price.day.value,
        f"{kind}_price_timing": "before_start" if price.day.value <= day else "after_start",
    }


def _is_tpu(chip: dict[str, Any]) -> bool:
    return "TPU" in chip["name"]


def _value(price: _Price, start: _Bounded, chip: dict[str, Any], oom_per_year: float) -> _Bounded:
    """Return the value of a server per chip at the start, from its price."""
    released = _days(chip, "released", f"hardware: {chip['hardware_id']}")
    buffer = 0 if released is None or _is_tpu(chip) else _DAYS_FROM_RELEASE_TO_USE
    released = released or price.day

    def value(
        usd: float, start: datetime.date, released: datetime.date, priced: datetime.date
    ) -> float:
        years = years_of_depreciation(start, released=released, priced=priced, buffer_days=buffer)
        return float(depreciated_value(usd, years, oom_per_year))

    return _Bounded(
        value(price.usd.value, start.value, released.value, price.day.value),
        value(price.usd.low, start.high, released.low, price.day.low),
        value(price.usd.high, start.low, released.high, price.day.high),
    )


def _of_years(prices: dict[int, _Bounded], when: _Bounded) -> tuple[int | None, _Bounded | None]:
    """Return the price of the year of a date, or of the last one before it, else the first."""
    if not prices:
        return None, None
    years = [
        max((year for year in prices if year <= day.year), default=min(prices))
        for day in (when.value, when.low, when.high)
    ]
    lows, highs = ([getattr(prices[year], end) for year in years] for end in ("low", "high"))
    return years[0], _Bounded(prices[years[0]].value, min(lows), max(highs))


def _energy(
    run: dict[str, Any], chip: dict[str, Any], hours: _Bounded | None, place: str, options: _Options
) -> _Bounded | None:
    """Return the energy of a run in kWh."""
    factors = server_factors(chip["name"])
    watt = _checked(chip["power_watt"], f"hardware: {chip['hardware_id']}: power_watt")
    effectiveness = run.get("power_usage_effectiveness")
    if effectiveness is None:
        effectiveness = options.power_usage_effectiveness
    effectiveness = _checked(effectiveness, f"{place}: power_usage_effectiveness")
    return _each(
        lambda hours: energy_kwh(
            hours,
            watt / 1000,
            server_power=factors.power,
            load=factors.load,
            power_usage_effectiveness=effectiveness,
        ),
        hours,
    )


def _frame(
    costs: Sequence[dict[str, Any]],
    price_year: str | None,
    options: _Options,
    like: Frame,
    model_dates: Frame,
) -> Frame:
    """Return the cells of all runs as a frame, with dates of the type that model_dates has."""
    import pyarrow as pa

    types = (
        dict.fromkeys(_TEXTS, pa.string())
        | dict.fromkeys(_DATES, pa.date32())
        | {"electricity_year": pa.int64()}
    )
    amounts = [*_BOUNDED, *(["carbon_kg"] if options.carbon_intensity is not None else [])]
    names = [*_PLAIN, *(part for name in amounts for part in (name, f"{name}_low", f"{name}_high"))]
    cells: dict[str, list[Any]] = {name: [] for name in [*names, *_LAST]}
    for cost in costs:
        flat = {"price_year": price_year} | cost
        for name in amounts:
            if (bounded := cost.get(name)) is not None:
                flat[name] = bounded.value
                if bounded.low < bounded.high:
                    flat |= {f"{name}_low": bounded.low, f"{name}_high": bounded.high}
        if options.published_intervals:
            flat["interval_level"] = _PUBLISHED_LEVEL
        for name, column in cells.items():
            column.append(flat.get(name))
    arrays = {}
    for name, column in cells.items():
        inferred = name.endswith("_id") and any(cell is not None for cell in column)
        arrays[name] = pa.array(column, None if inferred else types.get(name, pa.float64()))
    table = make_dated(pa.table(arrays), like, model_dates.collect_schema()["date"])
    return nullable(with_types(table, like, _KEYS), "electricity_year")
