"""Growth rates are those of other libraries, on all rows, on the frontier and by quantile."""

import datetime
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from diffdata.derive import growth_rate
from diffdata.errors import InvalidInputError

DAY = datetime.date(2015, 1, 1)
# Days after the first one, and orders of magnitude.
POINTS = [
    (0, 18.2),
    (200, 18.9),
    (430, 18.4),
    (700, 20.1),
    (1100, 20.0),
    (1500, 22.3),
    (2000, 22.1),
]


def frame(points: Any, **columns: Any) -> pd.DataFrame:
    days = [DAY + datetime.timedelta(days=int(day)) for day, _ in points]
    return pd.DataFrame({"date": days, "value": [10.0**log for _, log in points], **columns})


def only(rates: pd.DataFrame) -> Any:
    assert len(rates) == 1
    return rates.iloc[0]


@given(
    st.lists(
        st.tuples(st.integers(0, 9000), st.floats(-5, 25)), min_size=3, max_size=20,
        unique_by=lambda point: point[0],
    ),
    st.sampled_from([0.5, 0.9, 0.95]),
)  # fmt: skip
@settings(max_examples=50)
def test_a_rate_and_its_interval_are_those_of_least_squares(points: Any, level: float) -> None:
    years, logarithms = np.array([day / 365.25 for day, _ in points]), np.array(points)[:, 1]
    slope, intercept = np.polyfit(years, logarithms, 1)
    squares = float(((logarithms - slope * years - intercept) ** 2).sum())
    stderr = math.sqrt(squares / (len(points) - 2) / ((years - years.mean()) ** 2).sum())
    found = only(growth_rate(frame(points), level=level))
    margin = stderr * stats.t.ppf(0.5 + level / 2, len(points) - 2)
    # The logarithms go through values, which have 16 digits.
    near = {"rel": 1e-6, "abs": 1e-6}
    assert found["orders_per_year"] == pytest.approx(slope, **near)
    bounds = [slope - margin, slope + margin]
    assert found[["orders_per_year_low", "orders_per_year_high"]].tolist() == pytest.approx(
        bounds, **near
    )


def test_the_three_units_say_the_same() -> None:
    found = only(growth_rate(frame(POINTS)))
    for end in ("", "_low", "_high"):
        rate = found[f"orders_per_year{end}"]
        assert found[f"factor_per_year{end}"] == pytest.approx(10**rate)
    assert found["doubling_months"] == pytest.approx(12 * np.log10(2) / found["orders_per_year"])
    fastest = 12 * np.log10(2) / found["orders_per_year_high"]
    assert found["doubling_months_low"] == pytest.approx(fastest)
    assert found["doubling_months_low"] < found["doubling_months"] < found["doubling_months_high"]


def test_a_decline_halves_and_no_trend_has_no_bounds_of_doubling() -> None:
    falling = only(growth_rate(frame([(day, -log) for day, log in POINTS])))
    rising = only(growth_rate(frame(POINTS)))
    assert falling["doubling_months"] == pytest.approx(-rising["doubling_months"])
    assert falling["doubling_months_low"] == pytest.approx(-rising["doubling_months_high"])
    flat = only(growth_rate(frame([(0, 1.0), (300, 2.0), (600, 1.5), (900, 1.4)])))
    assert flat["orders_per_year_low"] < 0 < flat["orders_per_year_high"]
    assert flat[["doubling_months_low", "doubling_months_high"]].isna().all()


def test_the_frontier_is_what_led_when_it_appeared() -> None:
    leaders = [POINTS[0], POINTS[1], POINTS[3], POINTS[5]]
    expected = only(growth_rate(frame(leaders)))
    for points in (POINTS, POINTS[::-1]):
        found = only(growth_rate(frame(points), top=1))
        assert found["rows"] == 4
        assert found["orders_per_year"] == pytest.approx(expected["orders_per_year"])
    # 18.4 comes third after 18.2 and 18.9, and all others are among two best ones.
    assert only(growth_rate(frame(POINTS), top=2))["rows"] == 7
    cheapest = only(growth_rate(frame([(d, -log) for d, log in POINTS]), top=1, best="lowest"))
    assert cheapest["orders_per_year"] == pytest.approx(-expected["orders_per_year"])


def test_of_two_on_one_day_the_better_one_leads() -> None:
    points = [(0, 1.0), (100, 2.0), (100, 3.0), (300, 2.5), (400, 4.0)]
    for order in (points, points[::-1]):
        assert only(growth_rate(frame(order), top=1))["rows"] == 3


def test_a_bend_gives_a_rate_for_each_period() -> None:
    """The line of least squares through points that lie on two lines is these two lines."""
    points = [(day, day / 365.25) for day in range(0, 1001, 100)]
    points += [(day, 1000 / 365.25 + 3 * (day - 1000) / 365.25) for day in range(1100, 2001, 100)]
    bend = DAY + datetime.timedelta(days=1000)
    found = growth_rate(frame(points), breaks=[bend])
    assert found["orders_per_year"].tolist() == pytest.approx([1, 3])
    assert found["until"].tolist()[0] == found["since"].tolist()[1] == bend
    assert found["r_squared"].isna().all()


def test_weights_count_as_repeated_rows() -> None:
    weights = [1, 2, 1, 3, 1, 1, 2]
    repeated = [p for p, times in zip(POINTS, weights, strict=True) for _ in range(times)]
    weighted = only(growth_rate(frame(POINTS, w=weights), weights="w"))
    expected = only(growth_rate(frame(repeated)))
    assert weighted["orders_per_year"] == pytest.approx(expected["orders_per_year"])


def test_the_median_is_unmoved_by_an_outlier() -> None:
    points = [(day, day / 365.25) for day in range(0, 2001, 100)]
    outlier = [*points, (1950, 40.0)]
    assert only(growth_rate(frame(outlier)))["orders_per_year"] > 1.5
    found = only(growth_rate(frame(outlier), quantile=0.5))
    assert found["orders_per_year"] == pytest.approx(1, abs=0.01)


def test_the_bootstrap_has_a_seed_and_nearly_the_classical_width() -> None:
    generator = np.random.default_rng(3)
    points = [(d, d / 365.25 + generator.normal(0, 0.5)) for d in range(0, 4000, 20)]
    classical, first, again = (
        only(growth_rate(frame(points), errors=errors))
        for errors in ("classical", "bootstrap", "bootstrap")
    )
    pd.testing.assert_series_equal(first, again)

    def width(row: Any) -> float:
        return float(row["orders_per_year_high"] - row["orders_per_year_low"])

    assert width(first) == pytest.approx(width(classical), rel=0.15)
    other = only(growth_rate(frame(points), errors="bootstrap", seed=1))
    assert width(other) != width(first)


def test_robust_errors_are_those_of_hc3() -> None:
    x = np.array([day / 365.25 for day, _ in POINTS])
    y = np.array([log for _, log in POINTS])
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ design)
    residuals = y - design @ (inverse @ design.T @ y)
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    meat = design.T @ np.diag((residuals / (1 - leverage)) ** 2) @ design
    error = np.sqrt((inverse @ meat @ inverse)[1, 1])
    found = only(growth_rate(frame(POINTS), errors="robust"))
    width = found["orders_per_year_high"] - found["orders_per_year_low"]
    assert width == pytest.approx(2 * error * stats.t.ppf(0.95, len(POINTS) - 2))


def test_groups_missing_cells_and_precision() -> None:
    figures = frame(POINTS, group=["a", "b"] * 3 + ["a"])
    figures["date_precision"] = "day"
    figures.loc[len(figures)] = [None, 1e30, "a", "day"]
    figures.loc[len(figures)] = [DAY, None, "a", "day"]
    found = growth_rate(figures, by="group")
    assert found[["group", "rows"]].values.tolist() == [["a", 4], ["b", 3]]
    years = pd.DataFrame({"date": [datetime.date(y, 1, 1) for y in (2018, 2019, 2021)],
                          "date_precision": "year", "value": [1.0, 10.0, 1000.0]})  # fmt: skip
    assert only(growth_rate(years))["since"] == datetime.date(2018, 7, 2)


def test_too_few_rows_have_no_interval_and_no_rate() -> None:
    two = only(growth_rate(frame(POINTS[:2])))
    assert two["orders_per_year"] == pytest.approx(0.7 / 200 * 365.25)
    assert np.isnan(two["orders_per_year_low"])
    one = only(growth_rate(frame(POINTS[:1])))
    assert np.isnan(one["orders_per_year"])
    assert one["rows"] == 1
    assert growth_rate(frame([])).empty


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"value": "cost"}, "figures: the frame has no column 'cost'"),
        ({"top": 0}, "top: expected a whole number from 1 up, found 0"),
        ({"quantile": 1.0}, "quantile: expected above 0 and below 1, found 1.0"),
        ({"errors": "white"}, "errors: expected one of"),
        ({"best": "most"}, "best: expected 'highest' or 'lowest', found 'most'"),
        ({"level": 90}, "level: expected a probability between 0 and 1, found 90"),
        ({"quantile": 0.5, "errors": "robust"}, "quantile: expected neither weights nor robust"),
    ],
)
def test_bad_arguments_are_named(options: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        growth_rate(frame(POINTS), **options)


def test_values_must_be_above_zero() -> None:
    with pytest.raises(InvalidInputError, match="value: expected finite numbers above 0, found 0"):
        growth_rate(pd.DataFrame({"date": [DAY], "value": [0.0]}))
