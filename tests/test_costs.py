"""Costs of training runs are those computed by hand, and say which inputs are missing."""

import datetime
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import diffdata
from diffdata.derive import (
    ServerFactors,
    depreciated_value,
    server_factors,
    training_cost,
    training_costs,
)
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

A100 = "NVIDIA A100 SXM4 80 GB"
FACTORS: ServerFactors = server_factors(A100)


def day(text: str) -> pd.Timestamp:
    return pd.to_datetime(text)


def frame(columns: str, *rows: Any) -> pd.DataFrame:
    return pd.DataFrame([dict(zip(columns.split(), row, strict=True)) for row in rows])


def runs(**columns: Any) -> pd.DataFrame:
    """Return one run of 1000 chips for 50 days, started on 1 March 2022."""
    run = {
        "run_id": "run", "model_id": "model", "hardware_id": "a100", "chips": 1000,
        "duration_days": 50.0, "started": day("2022-03-01"), "started_precision": "day",
    }  # fmt: skip
    return pd.DataFrame([run | columns])


CHIPS = frame(
    "hardware_id name released released_precision power_watt",
    ("a100", A100, day("2020-11-16"), "day", 400),
    ("tpu", "Google TPU v4", day("2021-05-20"), "day", None),
)
PRICES = frame(
    "hardware_price_id hardware_id price_kind commitment seller amount currency bundled "
    "observed_on observed_on_precision listed_on",
    ("old", "a100", "purchase", None, None, 20_000, "USD", False, day("2020-01-01"), "year", None),
    ("last", "a100", "purchase", None, None, 22_000, "USD", True, day("2022-01-01"), "day", None),
    ("next", "a100", "purchase", None, None, 18_000, "USD", True, day("2022-06-01"), "day", None),
    ("euro", "a100", "purchase", None, None, 1, "EUR", True, day("2022-02-01"), "day", None),
    ("rent", "a100", "cloud_hour", "on_demand", "AWS", 4, "USD", None, day("2022-02-01"), "day",
     None),
    ("low", "a100", "cloud_hour", "on_demand", "Lambda", 2, "USD", None, None, None,
     day("2022-05-01")),
    ("bound", "a100", "cloud_hour", "reserved_3y", "AWS", 1.5, "USD", None, day("2022-02-01"),
     "day", None),
    ("tpu-hour", "tpu", "cloud_hour", "on_demand", "Google Cloud", 3, "USD", None,
     day("2023-01-01"), "day", None),
)  # fmt: skip
POWER = frame(
    "region sector year usd_per_kwh vintage",
    ("united-states", "industrial", 2022, 0.08, "final"),
    ("united-states", "industrial", 2022, 0.07, "earlier"),
    ("united-states", "industrial", 2021, 0.05, "study"),
    ("united-states", "commercial", 2022, 0.12, "final"),
)
DATES = frame(
    "model_id milestone date date_precision certainty source_id",
    ("model", "published", day("2022-08-01"), "day", "stated", "a"),
    ("model", "announced", day("2022-07-01"), "day", "stated", "a"),
    ("model", "developed", day("2022-01-01"), "day", "stated", "a"),
)
INDEX = frame(
    "price_index period_kind period index_value",
    *(("cpi", "year", day(f"{year}-01-01"), value) for year, value in
      ((2020, 100.0), (2021, 104.0), (2022, 110.0), (2023, 121.0))),
    *(("ppi", "month", day(f"2022-{month:02}-01"), 100.0 + month) for month in range(1, 13)),
    ("ppi", "month", day("2023-01-01"), 120.0),
)  # fmt: skip


def cost(run: pd.DataFrame | None = None, **options: Any) -> Any:
    """Return the costs of one run."""
    given: dict[str, Any] = {
        "hardware": CHIPS, "hardware_prices": PRICES, "electricity_prices": POWER,
        "model_dates": DATES, "price_index": INDEX,
    }  # fmt: skip
    costs = training_costs(runs() if run is None else run, **(given | options))
    assert len(costs) == 1
    return costs.iloc[0]


def bounds(found: Any, name: str) -> list[float]:
    return [found[name], found[f"{name}_low"], found[f"{name}_high"]]


HOURS = 1000 * 50 * 24
KWH = 0.4 * 6.5 / 8 / 0.4 * 0.75 * 1.1 * HOURS


def test_costs_are_those_computed_by_hand() -> None:
    found = cost(carbon_intensity=0.5)
    value = 22_000 / 10 ** (0.14 * 59 / 365.25)  # from 1 January to 1 March 2022
    hardware = value * 0.14 * math.log(10) / 8766 * HOURS
    network = hardware * 0.19 / 0.81
    assert found["chip_hours"] == HOURS
    assert found["hardware_usd"] == pytest.approx(hardware)
    assert found["interconnect_usd"] == pytest.approx(network)
    assert found["energy_kwh"] == pytest.approx(KWH)
    assert found["energy_usd"] == pytest.approx(KWH * 0.08)
    assert found["training_cost_usd"] == pytest.approx(hardware + network + KWH * 0.08)
    assert found["cloud_cost_usd"] == HOURS * 4
    assert found["purchase_cost_usd"] == pytest.approx(22_000_000 / 0.81)
    assert found["carbon_kg"] == pytest.approx(KWH / 2)
    shown = [
        "started_basis", "purchase_price_id", "purchase_price_usd", "purchase_price_timing",
        "cloud_price_id", "cloud_price_timing", "electricity_year", "electricity_price_usd",
    ]  # fmt: skip
    assert found[shown].tolist() == [
        "started", "last", 22_000, "before_start", "rent", "before_start", 2022, 0.08
    ]  # fmt: skip
    assert found[["purchase_price_date", "cloud_price_date"]].tolist() == [
        day("2022-01-01"), day("2022-02-01")
    ]  # fmt: skip
    assert pd.isna(found["missing"])
    assert pd.isna(found["price_year"])
    assert pd.isna(found["interval_level"])


def test_the_parts_are_those_of_training_cost() -> None:
    parts = training_cost(
        chip_hours=HOURS, price_per_chip=22_000, years=59 / 365.25, chip_power_kw=0.4,
        electricity_price_per_kwh=0.08, factors=FACTORS, power_usage_effectiveness=1.2,
        oom_per_year=0.2, interconnect_share=0.1,
    )  # fmt: skip
    found = cost(power_usage_effectiveness=1.2, oom_per_year=0.2, interconnect_share=0.1)
    assert found["training_cost_usd"] == pytest.approx(parts.total)
    assert found["energy_usd"] == pytest.approx(parts.energy)


def test_bounds_are_those_of_the_prices_around_the_start() -> None:
    found = cost()
    # The price of June 2022 is that of the start; that of 2020 is more than a year off.
    per_usd = 0.14 * math.log(10) / 8766 * HOURS
    values = [22_000 / 10 ** (0.14 * 59 / 365.25), 18_000]
    assert bounds(found, "hardware_usd") == pytest.approx(
        [values[0] * per_usd, values[1] * per_usd, values[0] * per_usd]
    )
    assert bounds(found, "energy_usd") == pytest.approx([KWH * usd for usd in (0.08, 0.07, 0.08)])
    assert bounds(found, "cloud_cost_usd") == [HOURS * 4, HOURS * 2, HOURS * 4]
    assert found["training_cost_usd_low"] == pytest.approx(
        found["hardware_usd_low"] + found["interconnect_usd_low"] + found["energy_usd_low"]
    )
    assert np.isnan(bounds(found, "energy_kwh")[1:]).all()
    alone = cost(window_days=40)
    assert np.isnan(bounds(alone, "hardware_usd")[1:]).all()
    assert np.isnan(bounds(alone, "cloud_cost_usd")[1:]).all()
    # A bare chip of the middle of 2020 (1 July), with its server, on 14 February 2021.
    wide = cost(window_days=700)
    years = (datetime.date(2022, 3, 1) - datetime.date(2021, 2, 14)).days / 365.25
    high = depreciated_value(20_000 * 1.66, years)
    assert wide["hardware_usd_high"] == pytest.approx(high * per_usd)
    assert wide["purchase_cost_usd_high"] == pytest.approx(1000 * 20_000 * 1.66 / 0.81)


def test_bounds_of_the_run_and_of_its_dates_widen_the_costs() -> None:
    options: dict[str, Any] = {"window_days": 0, "electricity_prices": POWER[:1]}
    found = cost(runs(chips_low=900, chips_high=1200, duration_days_high=60), **options)
    assert bounds(found, "chip_hours") == [HOURS, 900 * 50 * 24, 1200 * 60 * 24]
    assert bounds(found, "cloud_cost_usd") == [HOURS * 4, 900 * 1200 * 4, 1200 * 1440 * 4]
    assert bounds(found, "purchase_cost_usd") == pytest.approx(
        [chips * 22_000 / 0.81 for chips in (1000, 900, 1200)]
    )
    month = cost(runs(started_precision="month"), **options)
    assert month["started"] == day("2022-03-16")
    per_usd = 22_000 * 0.14 * math.log(10) / 8766 * HOURS
    assert bounds(month, "hardware_usd") == pytest.approx(
        [per_usd / 10 ** (0.14 * days / 365.25) for days in (74, 89, 59)]
    )


def test_the_start_is_earlier_for_a_longer_run() -> None:
    options: dict[str, Any] = {"window_days": 0, "electricity_prices": POWER[:1]}
    found = cost(runs(started=None, duration_days_low=40, duration_days_high=60), **options)
    hours = found["chip_hours"], found["chip_hours_low"], found["chip_hours_high"]
    # From 1 January to 13 March 2022, and ten days more or less.
    per_usd = [22_000 * 0.14 * math.log(10) / 8766 * each for each in hours]
    assert bounds(found, "hardware_usd") == pytest.approx(
        [
            usd / 10 ** (0.14 * days / 365.25)
            for usd, days in zip(per_usd, (71, 81, 61), strict=True)
        ]
    )


def test_an_unstated_bundle_is_a_chip_and_at_the_lowest_a_server() -> None:
    prices = PRICES[PRICES["hardware_price_id"] == "last"].assign(bundled=None)
    found = cost(hardware_prices=prices)
    per_usd = 1000 / 0.81
    assert bounds(found, "purchase_cost_usd") == pytest.approx(
        [usd * per_usd for usd in (22_000 * 1.66, 22_000, 22_000 * 1.66)]
    )


def test_the_published_intervals_multiply_the_costs() -> None:
    plain, found = cost(), cost(intervals="cottier-2024-training-costs")
    assert found["interval_level"] == 0.9
    assert bounds(found, "training_cost_usd") == pytest.approx(
        [plain["training_cost_usd"] * factor for factor in (1, 0.34, 3.7)]
    )
    assert bounds(found, "purchase_cost_usd") == pytest.approx(
        [plain["purchase_cost_usd"] * factor for factor in (1, 0.46, 2.1)]
    )
    assert np.isnan(bounds(found, "cloud_cost_usd")[1:]).all()


@pytest.mark.parametrize(
    ("columns", "started", "basis"),
    [
        ({}, "2022-03-01", "started"),
        ({"started": None, "ended": day("2022-05-01")}, "2022-03-12", "ended"),
        # The announcement of 1 July, 60 days and 50 days.
        ({"started": None}, "2022-03-13", "published"),
        ({"started": None, "duration_days": None, "chip_hours": 240_000.0}, "2022-04-22",
         "published"),
    ],
)  # fmt: skip
def test_the_start_is_given_or_follows_from_the_end_or_the_publication(
    columns: dict[str, Any], started: str, basis: str
) -> None:
    found = cost(runs(**columns))
    assert found[["started", "started_basis"]].tolist() == [day(started), basis]


def test_a_later_price_is_marked_where_there_is_no_earlier_one() -> None:
    found = cost(runs(hardware_id="tpu"))
    assert found[["cloud_price_id", "cloud_price_timing"]].tolist() == ["tpu-hour", "after_start"]
    assert found["cloud_cost_usd"] == HOURS * 3
    early = cost(runs(started=day("2020-12-01")))
    assert early[["electricity_year", "electricity_price_usd"]].tolist() == [2021, 0.05]
    late = cost(runs(started=day("2024-12-01")))
    assert late["electricity_year"] == 2022


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        ({"hardware_id": "tpu"}, "power of the chip; purchase price"),
        ({"hardware_id": None}, "chip"),
        ({"hardware_id": "unknown"}, "row of the chip"),
        ({"chips": None}, "chip-hours; number of chips"),
        ({"duration_days": None}, "chip-hours"),
        ({"duration_days": None, "started": None}, "chip-hours; duration"),
        ({"model_id": "other", "started": None}, "date of publication"),
        ({"chips": None, "chip_hours": 5.0}, "number of chips"),
    ],
)
def test_missing_inputs_are_named(columns: dict[str, Any], missing: str) -> None:
    assert cost(runs(**columns))["missing"] == missing


def test_what_is_known_has_a_cost_although_other_inputs_are_missing() -> None:
    found = cost(runs(hardware_id="tpu"))
    assert found["cloud_cost_usd"] > 0
    assert np.isnan(found["training_cost_usd"])
    powerless = cost(hardware=CHIPS.assign(power_watt=None))
    assert powerless["hardware_usd"] > 0
    assert np.isnan(powerless["training_cost_usd"])
    empty = cost(hardware_prices=PRICES[:0], electricity_prices=POWER[:0])
    assert empty["missing"] == "purchase price; cloud price; electricity price"
    assert empty["energy_kwh"] == pytest.approx(KWH)


def test_an_assumed_duration_dates_the_start_and_makes_no_chip_hours() -> None:
    run = runs(started=None, duration_days=None)
    found = cost(run, assumed_days=33.0625)
    assert found["started_basis"] == "published"
    assert found["missing"] == "chip-hours"


def test_cloud_prices_are_those_of_the_commitment_and_the_seller() -> None:
    assert cost(commitment="reserved_3y")["cloud_price_usd"] == 1.5
    assert cost(seller="Lambda")["cloud_price_usd"] == 2
    assert cost(seller="nobody")["missing"] == "cloud price"


def test_of_several_prices_of_a_day_the_lower_median_counts() -> None:
    rent = PRICES[PRICES["hardware_price_id"] == "rent"]
    prices = pd.concat([rent.assign(amount=amount) for amount in (9, 3, 5, 4)])
    found = cost(hardware_prices=prices)
    assert bounds(found, "cloud_cost_usd") == [HOURS * usd for usd in (4, 3, 9)]


def test_every_price_is_converted_from_its_own_time() -> None:
    nominal, found = cost(), cost(price_year=2023, index="cpi")
    assert found["price_year"] == "2023"
    for name in ("hardware_usd", "energy_usd", "cloud_cost_usd", "purchase_cost_usd"):
        assert found[name] == pytest.approx(nominal[name] * 121 / 110)
    wide = cost(window_days=700, price_year=2023, index="cpi")
    high = 1000 * 20_000 * 1.66 / 0.81
    assert wide["purchase_cost_usd_high"] == pytest.approx(high * 121 / 100)
    # The prices are of January (purchase) and February (cloud), the electricity of the year.
    month = cost(price_year=datetime.date(2023, 1, 9), index="ppi")
    assert month["price_year"] == "2023-01"
    assert month["purchase_cost_usd"] == pytest.approx(nominal["purchase_cost_usd"] * 120 / 101)
    assert month["cloud_cost_usd"] == pytest.approx(nominal["cloud_cost_usd"] * 120 / 102)
    assert month["energy_usd"] == pytest.approx(nominal["energy_usd"] * 120 / 106.5)


def test_a_period_without_an_index_is_missing() -> None:
    later = INDEX[INDEX["period"] >= day("2023-01-01")]
    found = cost(price_year=2023, index="cpi", price_index=later)
    assert found["missing"] == "price index"
    study = cost(
        runs(model_id="other"), price_year=2023, index="cpi", rules="cottier-2024-training-costs"
    )
    assert study["missing"] == "date of publication"
    assert np.isnan(found["cloud_cost_usd"])


def test_the_rules_of_the_study_give_its_cost_of_opt() -> None:
    published = DATES[:1].assign(model_id="opt", date=day("2022-05-02"))
    prices = frame(
        "hardware_id price_kind amount currency bundled observed_on",
        ("a100", "purchase", 17_500, "USD", False, day("2020-03-01")),
        ("a100", "purchase", 24_875, "USD", True, day("2020-05-21")),
        ("a100", "purchase", 20_875, "USD", True, day("2022-01-20")),
    )
    index = frame(
        "price_index period_kind period index_value",
        ("ppi", "month", day("2022-05-01"), 117.176),
        ("ppi", "month", day("2024-12-01"), 119.349),
    )
    power = frame(
        "region sector year usd_per_kwh vintage",
        ("united-states", "industrial", 2022, 0.0832, "study"),
        ("united-states", "industrial", 2022, 0.09, "final"),
    )
    found = cost(
        runs(model_id="opt", chips=1024, duration_days=793.5 / 24, started=None),
        hardware_prices=prices, model_dates=published, price_index=index,
        electricity_prices=power, rules="cottier-2024-training-costs",
        price_year=datetime.date(2024, 12, 1), index="ppi",
    )  # fmt: skip
    # Published: 733,635 usd of December 2024 (Epoch AI, July 2026).
    assert round(found["training_cost_usd"]) == 733_635
    assert found["missing"] == "cloud price"


@pytest.mark.parametrize("hours", [None, 7])
def test_amounts_are_numbers_whatever_type_the_runs_have(hours: Any) -> None:
    """A column of the runs without a value, or of whole numbers, says nothing of the costs."""
    both = pd.concat([runs(chip_hours=hours), runs(chips=3, duration_days=1.01, run_id="short")])
    for dtype in (object, "Int64"):
        given = both.astype({"chip_hours": dtype})[
            ["run_id", "chip_hours", *set(runs()) - {"run_id"}]
        ]
        given["chip_hours"] = given["chip_hours"].where(given["run_id"] == "run").astype(dtype)
        costs = training_costs(given, CHIPS, PRICES, POWER, DATES).set_index("run_id")["chip_hours"]
        assert costs["short"] == 3 * 1.01 * 24
        assert costs["run"] == (7 if hours == 7 else 1_200_000)


def test_ids_may_be_numbers() -> None:
    found = cost(runs(run_id=17), hardware_prices=PRICES.assign(hardware_price_id=range(8)))
    assert (found["run_id"], found["purchase_price_id"]) == (17, 1)
    assert found["training_cost_usd"] == cost()["training_cost_usd"]


def test_the_order_of_rows_does_not_matter() -> None:
    many = pd.concat(
        [
            runs(run_id="b"), runs(run_id="a", hardware_id="tpu"), runs(run_id="c", chips=None),
            runs(run_id="d", hardware_id=None), runs(run_id="e", started=None),
        ]
    )  # fmt: skip
    tables = [CHIPS, PRICES, POWER, DATES, INDEX]
    options: dict[str, Any] = {"price_year": 2023, "index": "cpi"}
    found = training_costs(many, *tables, **options)
    reversed_tables = [table[::-1] for table in tables]
    pd.testing.assert_frame_equal(training_costs(many[::-1], *reversed_tables, **options), found)
    assert found["run_id"].tolist() == ["a", "b", "c", "d", "e"]


def test_a_run_may_have_its_own_power_usage_effectiveness() -> None:
    found = cost(runs(power_usage_effectiveness=2.2))
    assert found["energy_kwh"] == pytest.approx(2 * KWH)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rules": "mine"}, "rules: expected one of"),
        ({"intervals": "wide"}, "intervals: expected one of"),
        ({"oom_per_year": 0}, "oom_per_year: expected"),
        ({"interconnect_share": 1}, "interconnect_share: expected"),
        ({"window_days": -1}, "window_days: expected"),
        ({"carbon_intensity": -0.4}, "carbon_intensity: expected"),
        ({"assumed_days": "long"}, "assumed_days: expected"),
        ({"power_usage_effectiveness": math.nan}, "power_usage_effectiveness: expected"),
        ({"region": "mars"}, r"region, sector: expected one of .*'mars'"),
        ({"price_year": 2023, "index": "none"}, "index: expected one of .*'none'"),
        ({"price_year": 1999, "index": "cpi"}, "price_year: the index 'cpi' has no value of 1999"),
        ({"price_year": "soon", "index": "cpi"}, "price_year: expected a year or a date"),
        ({"oom_per_year": Lognormal.from_interval(0.1, 0.2)}, "oom_per_year: expected"),
        ({"window_days": Lognormal.from_interval(10, 20)}, "window_days: expected"),
        ({"price_year": 2023, "price_index": None}, "price_index: expected the table"),
        ({"training_runs": runs(chips=-3)}, "training_runs: run: chips: expected .*-3"),
        ({"training_runs": runs(chips_low=2000)}, "training_runs: run: chips: expected 2000"),
        ({"training_runs": runs().drop(columns="model_id")}, "training_runs: .*'model_id'"),
        ({"hardware_prices": PRICES.assign(amount=0)}, "hardware_prices: old: amount: expected"),
        ({"model_dates": DATES.drop(columns="milestone")}, "model_dates: .*'milestone'"),
        ({"model_dates": DATES.assign(date="2022-08-01")}, "date: expected a column of dates"),
        ({"training_runs": runs(started_precision="decade")}, "training_runs: run: started_prec"),
        ({"electricity_prices": POWER.assign(year="x")}, "electricity_prices: year: expected"),
        ({"electricity_prices": POWER.assign(year=math.nan)}, "electricity_prices: year: expec"),
        ({"hardware": CHIPS.assign(name=None)}, "hardware: a100: expected one row, with the name"),
        ({"hardware": pd.concat([CHIPS, CHIPS])}, "hardware: a100: expected one row"),
        ({"price_year": 2023.5, "index": "cpi"}, "price_year: expected a year or a date"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(options: dict[str, Any], message: str) -> None:
    run = options.pop("training_runs", None)
    with pytest.raises(InvalidInputError, match=message):
        cost(run, **options)


def test_every_run_of_the_dataset_has_a_row_with_a_cost_or_what_is_missing() -> None:
    names = ("training_runs", "hardware", "hardware_prices", "electricity_prices", "model_dates")
    tables = [diffdata.load(name) for name in names]
    costs = training_costs(*tables)
    assert sorted(costs["run_id"]) == sorted(tables[0]["run_id"])
    complete = costs["missing"].isna()
    assert complete.any()
    for name in ("training_cost_usd", "cloud_cost_usd", "purchase_cost_usd"):
        assert costs.loc[complete, name].notna().all()
        low, high = costs[f"{name}_low"], costs[f"{name}_high"]
        assert (low.isna() | ((low <= costs[name]) & (costs[name] <= high))).all()
