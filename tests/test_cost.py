"""Costs: the parts of the published method, and its published figures."""

import datetime
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.derive.cost import (
    HYPERSCALER_POWER_USAGE_EFFECTIVENESS,
    TrainingCost,
    amortized_hardware,
    cloud_cost,
    committed_price,
    cost_per_page,
    deflate,
    deployment_to_development,
    depreciated_value,
    development_cost,
    energy_kwh,
    hyperparameter_saving,
    interconnect_cost,
    pages_per_dollar,
    price_per_pflops_day,
    purchase_cost,
    server_factors,
    training_cost,
    training_start,
    years_of_depreciation,
)
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

MONEY = st.floats(1e-3, 1e12)
SHARES = st.floats(0.0, 0.95)
DISCOUNTS = st.floats(0.0, 0.9)
# PCU518210518210, in May 2022 and in December 2024.
PUBLISHED, TARGET = 117.176, 119.349
OPT_CHIP_HOURS = 1024 * 793.5
A100 = server_factors("NVIDIA A100 SXM4 80 GB")


def opt_175b(**changes: object) -> TrainingCost:
    """Return the cost of OPT-175B from the inputs of the published method."""
    start = training_start(datetime.date(2022, 5, 2), 793.5)
    years = years_of_depreciation(
        start, released=datetime.date(2020, 11, 16), priced=datetime.date(2020, 5, 21)
    )
    plain: dict[str, object] = {
        "chip_hours": OPT_CHIP_HOURS,
        "price_per_chip": 24_875.0,
        "years": years,
        "chip_power_kw": 0.4,
        "electricity_price_per_kwh": 0.0832,
        "factors": A100,
        "power_usage_effectiveness": HYPERSCALER_POWER_USAGE_EFFECTIVENESS,
    }
    return training_cost(**(plain | changes))  # type: ignore[arg-type]


def test_the_cost_of_opt_175b_matches_the_published_one_to_the_dollar() -> None:
    assert round(deflate(opt_175b().total, PUBLISHED, TARGET)) == 733_635


def test_the_costs_of_buying_and_renting_for_opt_175b_match_the_published_ones() -> None:
    bought = deflate(purchase_cost(1024, 24_875), PUBLISHED, TARGET)
    rented = deflate(cloud_cost(OPT_CHIP_HOURS, 1.80), PUBLISHED, TARGET)
    assert bought == pytest.approx(3.20301e7, rel=1e-5)
    assert rented == pytest.approx(1.4897e6, rel=1e-4)


def test_the_total_is_the_sum_of_the_parts() -> None:
    cost = opt_175b()
    assert cost.total == pytest.approx(cost.hardware + cost.interconnect + cost.energy, rel=1e-12)


def test_the_parts_match_the_functions_for_them() -> None:
    cost = opt_175b(years=1.0, priced_as_server=False)
    value = depreciated_value(24_875.0 * 1.66, 1.0)
    hardware = amortized_hardware(value, OPT_CHIP_HOURS)
    energy = energy_kwh(
        OPT_CHIP_HOURS, 0.4, server_power=2.03125, load=0.75, power_usage_effectiveness=1.1
    )
    assert cost.hardware == pytest.approx(hardware, rel=1e-9)
    assert cost.interconnect == pytest.approx(interconnect_cost(hardware), rel=1e-9)
    assert cost.energy == pytest.approx(energy * 0.0832, rel=1e-9)


def test_hardware_loses_its_value_by_orders_of_magnitude() -> None:
    assert depreciated_value(1000.0, 2.0, 0.5) == pytest.approx(100, rel=1e-12)
    assert depreciated_value(1000.0, 0) == 1000.0
    assert depreciated_value(1000.0, 1 / 0.14) == pytest.approx(100, rel=1e-9)


@given(MONEY, st.floats(0, 10), st.floats(0, 10))
def test_depreciation_in_two_steps_is_that_in_one(price: float, first: float, then: float) -> None:
    on = depreciated_value(depreciated_value(price, first), then)
    assert on == pytest.approx(depreciated_value(price, first + then), rel=1e-9)


@given(MONEY, st.floats(1.0, 48.0))
def test_amortization_is_the_slope_of_depreciation(price: float, hours: float) -> None:
    lost = price - depreciated_value(price, hours / 8766)
    assert amortized_hardware(price, hours) == pytest.approx(lost, rel=1e-3)


def test_a_chip_year_is_amortized_at_its_first_rate() -> None:
    assert amortized_hardware(1.0, 8766) == pytest.approx(0.14 * math.log(10), rel=1e-12)
    assert amortized_hardware(1.0, 8766) == pytest.approx(1.17 * (1 - 10**-0.14), rel=1e-3)


@given(MONEY, SHARES)
def test_the_network_has_its_share_of_the_cluster(servers: float, share: float) -> None:
    network = interconnect_cost(servers, share)
    assert network == pytest.approx(share * (servers + network), rel=1e-9)
    assert purchase_cost(1, servers, share) == pytest.approx(servers + network, rel=1e-9)


@given(MONEY, DISCOUNTS, DISCOUNTS)
def test_converting_between_commitments_is_invertible(
    price: float, first: float, second: float
) -> None:
    there = committed_price(price, first, second)
    assert committed_price(there, second, first) == pytest.approx(price, rel=1e-9)


@given(MONEY, MONEY, MONEY)
def test_deflating_is_invertible(amount: float, then: float, now: float) -> None:
    assert deflate(deflate(amount, then, now), now, then) == pytest.approx(amount, rel=1e-9)


@pytest.mark.parametrize(
    ("chip", "price", "power", "load"),
    [
        ("NVIDIA H100 SXM5", 1.64, 1.82, 0.75),
        ("NVIDIA A100", 1.66, 2.03, 0.75),
        ("NVIDIA V100", 1.69, 1.67, 0.75),
        ("NVIDIA P100", 1.54, 1.8, 0.75),
        ("Huawei Ascend 910", 1.64, 1.8, 0.75),
        ("Google TPU v1", 1.64, 2.93, 0.43),
        ("Google TPU v2", 1.64, 1.64, 0.43),
        ("Google TPU v3", 1.64, 1.47, 0.43),
        ("Google TPU v5p", 1.64, 1.56, 0.43),
    ],
)
def test_server_factors_match_the_published_ones(
    chip: str, price: float, power: float, load: float
) -> None:
    found = server_factors(chip)
    assert (found.price, round(found.power, 2), found.load) == (price, power, load)


def test_a_run_ends_two_months_before_its_publication() -> None:
    day = datetime.date(2022, 3, 2)
    assert training_start(day, 0) == datetime.date(2022, 1, 1)
    assert training_start(day, 24) == datetime.date(2021, 12, 31)
    assert training_start(day, 1, buffer_days=0) == datetime.date(2022, 3, 1)


def test_chips_are_available_when_priced_and_three_months_after_release() -> None:
    start, day = datetime.date(2022, 1, 1), datetime.date(2021, 1, 1)
    year = years_of_depreciation(start, released=datetime.date(2020, 1, 1), priced=day)
    assert year == pytest.approx(365 / 365.25, rel=1e-12)
    assert years_of_depreciation(start, released=day) == pytest.approx(275 / 365.25, rel=1e-12)
    assert years_of_depreciation(start, released=day, buffer_days=0) == year
    assert years_of_depreciation(day, released=start) == 0


def test_the_price_of_a_pflops_day_matches_the_published_one() -> None:
    assert price_per_pflops_day(10e3, 30e12) == pytest.approx(912.6, rel=1e-4)
    assert price_per_pflops_day(10e3, 30e12, 2.0) == pytest.approx(456.3, rel=1e-4)


def test_pages_per_dollar_match_the_published_ones_at_a_usual_price_of_electricity() -> None:
    assert round(pages_per_dollar(0.004, 0.1 / 1.2)) == 500
    assert pages_per_dollar(0.004, 0.1) * cost_per_page(0.004, 0.1) == pytest.approx(1, rel=1e-12)
    assert cost_per_page(0.004, 0.1, 0) == pytest.approx(0.0004, rel=1e-12)
    assert round(cost_per_page(4.0, 0.1 / 1.2)) == 2


def test_costs_of_development_deployment_and_search() -> None:
    assert development_cost(4.0, 3.0) == 12.0
    assert hyperparameter_saving(12.0, 0.25) == 3.0
    assert deployment_to_development(3.0, 12.0) == 0.25
    assert deployment_to_development(0, 12.0) == 0


def test_the_cost_of_developing_gpt_3_is_near_the_published_one() -> None:
    """49 million usd (90 %: 15 to 130) from samples in the study; exact here."""
    total = development_cost(Lognormal.from_interval(5e6, 33e6), Lognormal.from_interval(2, 5))
    assert total.mean == pytest.approx(49e6, rel=0.03)
    assert total.interval() == pytest.approx((15e6, 130e6), rel=0.15)


def test_training_cost_takes_columns() -> None:
    import narwhals as nw
    import pandas as pd

    frame = nw.from_native(pd.DataFrame({"hours": [OPT_CHIP_HOURS], "years": [348 / 365.25]}))
    cost = opt_175b(chip_hours=nw.col("hours"), years=nw.col("years"))
    found = frame.select(total=cost.total)["total"].item()
    assert found == pytest.approx(opt_175b().total, rel=1e-9)


def test_training_cost_takes_uncertain_quantities() -> None:
    spread = 1.6448536269514722
    price = Lognormal(math.log(24_875), math.log(2) / spread)
    cost = opt_175b(price_per_chip=price)
    assert cost.hardware.median == pytest.approx(opt_175b().hardware, rel=1e-9)
    low, high = cost.hardware.interval()
    assert high / low == pytest.approx(4, rel=1e-9)


BAD = [0, -1.0, math.nan, math.inf]
ONES: dict[Callable[..., float], dict[str, float]] = {
    amortized_hardware: {"value_per_chip": 1, "chip_hours": 1, "oom_per_year": 1},
    cloud_cost: {"chip_hours": 1, "price_per_chip_hour": 1},
    purchase_cost: {"chips": 1, "price_per_chip": 1},
    depreciated_value: {"price": 1},
    interconnect_cost: {"servers": 1},
    committed_price: {"price_per_chip_hour": 1},
    deflate: {"index_of_price_year": 1, "index_of_target_year": 1},
    energy_kwh: {"chip_hours": 1, "chip_power_kw": 1, "server_power": 1, "load": 1,
                 "power_usage_effectiveness": 1},
    development_cost: {"final_run": 1, "factor": 1},
    hyperparameter_saving: {"total": 1, "share": 1},
    deployment_to_development: {"development": 1},
    price_per_pflops_day: {"price_per_chip": 1, "peak_flop_per_second": 1, "years": 1},
    cost_per_page: {"energy_per_page_kwh": 1, "electricity_price_per_kwh": 1},
    pages_per_dollar: {"energy_per_page_kwh": 1, "electricity_price_per_kwh": 1},
}  # fmt: skip
OTHERS: dict[Callable[..., float], dict[str, float]] = {
    depreciated_value: {"years": 1},
    committed_price: {"discount": 0, "committed_discount": 0},
    deflate: {"amount": 1},
    deployment_to_development: {"deployment": 1},
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("function", ONES, ids=lambda function: function.__name__)
def test_bad_input_names_the_argument(function: Callable[..., float], bad: float) -> None:
    good = ONES[function] | OTHERS.get(function, {})
    function(**good)
    for name in ONES[function]:
        with pytest.raises(InvalidInputError, match=rf"^{name}: expected .* found {bad}"):
            function(**(good | {name: bad}))


@pytest.mark.parametrize("bad", [-0.1, 1.0, math.nan])
def test_shares_outside_their_range_are_refused(bad: float) -> None:
    with pytest.raises(InvalidInputError, match=r"^interconnect_share"):
        interconnect_cost(1.0, bad)
    with pytest.raises(InvalidInputError, match=r"^interconnect_share"):
        purchase_cost(1.0, 1.0, bad)
    with pytest.raises(InvalidInputError, match=r"^interconnect_share"):
        opt_175b(interconnect_share=bad)
    with pytest.raises(InvalidInputError, match=r"^discount"):
        committed_price(1.0, bad, 0.0)
    with pytest.raises(InvalidInputError, match=r"^committed_discount"):
        committed_price(1.0, 0.0, bad)


@pytest.mark.parametrize("bad", [0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize(
    "name",
    ["chip_hours", "price_per_chip", "chip_power_kw", "electricity_price_per_kwh", "oom_per_year",
     "power_usage_effectiveness"],
)  # fmt: skip
def test_bad_input_of_training_cost_names_the_argument(name: str, bad: float) -> None:
    with pytest.raises(InvalidInputError, match=rf"^{name}: "):
        opt_175b(**{name: bad})


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: depreciated_value(1.0, math.nan), "years"),
        (lambda: depreciated_value(1.0, 1.0, math.inf), "oom_per_year"),
        (lambda: deflate(-1.0, 1.0, 1.0), "amount"),
        (lambda: deployment_to_development(-1.0, 1.0), "deployment"),
        (lambda: cost_per_page(1.0, 1.0, -1.0), "hardware_to_electricity"),
        (lambda: hyperparameter_saving(1.0, 1.1), "share"),
        (lambda: energy_kwh(1, 1, server_power=1, load=2, power_usage_effectiveness=1), "load"),
        (lambda: training_start(datetime.date(2022, 1, 1), -1.0), "training_hours"),
        (lambda: training_start(datetime.date(2022, 1, 1), 1, buffer_days=-1), "buffer_days"),
        (lambda: years_of_depreciation(datetime.date.max, released=datetime.date(2020, 1, 1),
                                       buffer_days=-1), "buffer_days"),
        (lambda: server_factors(" "), "chip"),
    ],
)  # fmt: skip
def test_other_bad_input_names_the_argument(call: Callable[[], object], name: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^{name}: expected"):
        call()
