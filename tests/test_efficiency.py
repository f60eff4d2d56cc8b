"""Efficiency: multipliers and rates of growth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.derive.compute import (
    annual_growth,
    doubling_time_to_growth,
    effective_compute,
    growth_over,
    orders_of_magnitude,
    product_of,
)
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal, Normal

FACTORS = st.floats(1e-3, 1e6)
YEARS = st.floats(0.1, 50)


@given(FACTORS, YEARS)
def test_growth_over_undoes_annual_growth(factor: float, years: float) -> None:
    assert growth_over(annual_growth(factor, years), years) == pytest.approx(factor, rel=1e-9)


@given(FACTORS, YEARS)
def test_orders_of_magnitude_are_the_logarithm_of_growth(factor: float, years: float) -> None:
    a_year = orders_of_magnitude(annual_growth(factor, years))
    assert orders_of_magnitude(factor, years) == pytest.approx(a_year, rel=1e-9, abs=1e-12)


@given(st.floats(0.5, 240))
def test_growth_from_a_doubling_time_doubles_in_that_time(months: float) -> None:
    growth = doubling_time_to_growth(months)
    assert growth_over(growth, months / 12) == pytest.approx(2, rel=1e-9)


@given(st.lists(FACTORS, min_size=1, max_size=6))
def test_the_order_of_multipliers_does_not_matter(factors: list[float]) -> None:
    expected = math.exp(sum(map(math.log, factors)))
    assert product_of(factors) == pytest.approx(expected, rel=1e-9)
    assert product_of(reversed(factors)) == pytest.approx(expected, rel=1e-9)


def test_growth_over_negative_years_is_the_inverse() -> None:
    assert growth_over(4.0, -0.5) == 0.5


def test_rates_match_the_published_ones() -> None:
    assert round(annual_growth(170, 4), 1) == 3.6
    assert round(orders_of_magnitude(170, 4), 2) == 0.56
    assert round(orders_of_magnitude(2.3), 2) == 0.36
    assert round(growth_over(2.3, 4)) == 28
    assert round(growth_over(2.3 * 1.35, 4)) == 93
    assert round(doubling_time_to_growth(3.5), 1) == 10.8


def test_the_published_rate_of_hardware_needs_does_not_follow_from_its_factor() -> None:
    """The post says 4.3 times and 0.63 orders of magnitude a year for 414 times in four years."""
    assert round(annual_growth(414, 4), 1) == 4.5
    assert round(orders_of_magnitude(414, 4), 2) == 0.65
    assert round(orders_of_magnitude(4.3), 2) == 0.63


def test_twice_the_flop_at_half_the_need_is_four_times_the_effective_compute() -> None:
    assert effective_compute(2e23, 2.0) == 4 * effective_compute(1e23, 1.0)


def test_the_median_of_a_product_of_lognormals_is_the_product_of_the_medians() -> None:
    intervals = [(1.25, 6.0), (1.25, 5.0), (1.5, 13.0)]
    product = product_of(Lognormal.from_interval(*interval, 0.8) for interval in intervals)
    medians = [math.sqrt(low * high) for low, high in intervals]
    assert product.median == pytest.approx(product_of(medians), rel=1e-9)
    assert annual_growth(product, 4).median == pytest.approx(product_of(medians) ** 0.25, rel=1e-9)


def test_growth_takes_columns() -> None:
    import narwhals as nw
    import pandas as pd

    frame = nw.from_native(pd.DataFrame({"factor": [16.0], "months": [12.0]}))
    found = frame.select(
        growth=annual_growth(nw.col("factor"), 4), double=doubling_time_to_growth(nw.col("months"))
    )
    assert (found["growth"].item(), found["double"].item()) == (2.0, 2.0)


@pytest.mark.parametrize("bad", [0, -1.0, math.nan, math.inf])
def test_bad_input_names_the_argument(bad: float) -> None:
    for function in (annual_growth, orders_of_magnitude):
        with pytest.raises(InvalidInputError, match=rf"^factor: .* found {bad}"):
            function(bad, 4)
        with pytest.raises(InvalidInputError, match=rf"^years: .* found {bad}"):
            function(4.0, bad)
    with pytest.raises(InvalidInputError, match=rf"^annual: .* found {bad}"):
        growth_over(bad, 1)
    with pytest.raises(InvalidInputError, match=rf"^months: .* found {bad}"):
        doubling_time_to_growth(bad)
    with pytest.raises(InvalidInputError, match=rf"^multipliers: .* found {bad}"):
        product_of([1.0, bad])
    with pytest.raises(InvalidInputError, match=rf"^compute_flop: .* found {bad}"):
        effective_compute(bad, 1.0)
    with pytest.raises(InvalidInputError, match=rf"^efficiency: .* found {bad}"):
        effective_compute(1.0, bad)


def test_an_empty_product_and_infinite_time_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"^multipliers: expected at least one"):
        product_of([])
    with pytest.raises(InvalidInputError, match=r"^years"):
        growth_over(2.0, math.inf)


def test_no_multiplier_counts_for_less_than_the_floor() -> None:
    harm, gain = Normal(0.5, 0.1), Normal(3.0, 0.1)
    product = product_of([harm, gain], floor=1).sample(1000, np.random.default_rng(0))
    assert product.median == pytest.approx(3.0, abs=0.02)
    assert product_of([0.5, 2], floor=1) == 2
