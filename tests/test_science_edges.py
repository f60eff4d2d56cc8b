"""Uncertain quantities and derivations at the ends of what floats hold, and for wrong arguments."""

from __future__ import annotations

import datetime
import math
import warnings
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import integrate, stats

import diffdata
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import (
    Lognormal,
    LogUniform,
    Normal,
    Quantity,
    Uniform,
    from_estimate,
    mixture,
    rank_correlation,
    sample_jointly,
    three_numbers,
)
from diffdata.uncertainty.distributions import normal_quantile

COST = Lognormal.from_interval(5, 33)
GAIN = Normal(0, 1)


def test_normal_quantiles_are_those_of_the_standard_library() -> None:
    random = np.random.default_rng(0)
    given = np.concatenate([random.uniform(size=2000), 10 ** random.uniform(-300, -1, 2000)])
    given = np.concatenate([given, 1 - given[given > 1e-15]])
    given = given[(given > 0) & (given < 1)]
    expected = [NormalDist().inv_cdf(p) for p in given.tolist()]
    np.testing.assert_allclose(normal_quantile(given), expected, rtol=1e-13, atol=1e-15)


def test_normal_quantiles_invert_the_quadrature_of_the_density() -> None:
    for p in (0.001, 0.07, 0.4, 0.5, 0.92, 0.9999):
        share, _ = integrate.quad(stats.norm.pdf, -40, float(normal_quantile(p)), epsabs=1e-13)
        assert share == pytest.approx(p, abs=1e-12)
    assert normal_quantile([0, 0.5, 1]).tolist() == [-math.inf, 0, math.inf]
    assert float(normal_quantile(0.5)) == 0


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (Normal(1e8, 1).truncated(1e8 - 1, 1e8 + 1), stats.truncnorm.std(-1, 1)),
        (Normal(1e10, 1e-3).clipped(1e10 - 1e-3, 1e10 + 1e-3), 7.182e-4),
        (mixture([Normal(1e9, 1), Normal(1e9, 2)]), math.sqrt(2.5)),
        (LogUniform(1, 1 + 1e-8), 1e-8 / math.sqrt(12)),
        (LogUniform(1e20, 1.001e20), 1e17 / math.sqrt(12)),
        (Lognormal(10, 1e-7).truncated(math.exp(10), 1e9), 6.0281e-8 * math.exp(10)),
        (three_numbers(1e6, 1e6 + 1, 1e6 + 2.1).truncated(1e6 + 1, 1e6 + 1.01), 2.8868e-3),
    ],
)
def test_narrow_quantities_far_from_zero_have_their_deviation(
    quantity: Quantity, expected: float
) -> None:
    assert quantity.std == pytest.approx(expected, rel=3e-4)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("about", [0.0, 9.99, 12.0])
@pytest.mark.parametrize(
    "quantity",
    [
        Normal(10, 0.2), Lognormal(2.3, 0.02), Lognormal(2.3, 0.4), Uniform(9, 11),
        LogUniform(9.9, 10.1), LogUniform(5, 20), three_numbers(9, 10, 12),
        three_numbers(8, 10, 11),
        Normal(10, 1).clipped(9, 10.5), Normal(10, 1).truncated(9.5, 12),
        mixture([Normal(10, 1), Lognormal(2, 0.3)]),
    ],
)  # fmt: skip
def test_moments_about_a_value_are_those_of_quadrature(
    quantity: Any, about: float, power: int
) -> None:
    low, high = 9.7, 10.3
    expected, _ = integrate.quad(
        lambda x: (x - about) ** power * quantity.pdf(x), low, high, points=[9.9, 10, 10.1]
    )
    assert quantity.moment(power, low, high, about) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_infinite_draws_are_infinite_quantiles_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        beyond = Lognormal(700, 20) + 1
        assert beyond.quantile([0.1, 0.99]).tolist() == [pytest.approx(6.6e299, rel=9), math.inf]
        assert (beyond.mean, beyond.std) == (math.inf, math.inf)
        assert "nan" not in repr(beyond)
        wide = Uniform(-1e308, 1e308)
        assert (wide.mean, wide.cdf(0)) == (0, 0.5)
        assert LogUniform(1e-300, 1e300).std == math.inf


@pytest.mark.parametrize(("low", "high"), [(3.3, 3.4), (4, 5), (5, 5.001), (5.9, 8), (-6, -5)])
def test_a_part_of_a_tail_has_its_mean_and_deviation(low: float, high: float) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = (low + high) / 2 + (high - low) / 2 * nodes
    density = np.exp((low * low - z * z) / 2) * weights
    for quantity, x in (
        (GAIN.truncated(low, high), z),
        (Lognormal(0, 1).truncated(math.exp(low), math.exp(high)), np.exp(z)),
    ):
        mean = np.average(x, weights=density)
        assert quantity.mean == pytest.approx(mean, rel=1e-12)
        std = np.average((x - mean) ** 2, weights=density) ** 0.5
        assert quantity.std == pytest.approx(std, rel=1e-5)


def test_mixtures_stay_exact_where_their_components_do() -> None:
    """What is added or multiplied is the same draw for all components."""
    narrow, wide = Normal(0, 0.01), Normal(5, 1)
    price = mixture([narrow, wide], [1, 9])
    noise = Normal(1, 0.01)
    total = price + noise
    expected = [
        0.1 * stats.norm(1, 0.01 * 2**0.5).pdf(x) + 0.9 * stats.norm(6, 1.0001**0.5).pdf(x)
        for x in (0.99, 1.0, 6.0)
    ]
    assert total.pdf([0.99, 1.0, 6.0]).tolist() == pytest.approx(expected, rel=1e-4)
    assert total.standard_error() == 0
    assert (total - price - noise).std < 1e-14
    assert (2 * price - price - price).std < 1e-14
    assert ((total - noise).mean, price.exp().median) == pytest.approx(
        (4.5, math.exp(price.median))
    )


def test_the_density_of_draws_follows_parts_of_different_width() -> None:
    prices = (
        (mixture([Normal(0, 0.01), Normal(5, 1)], [1, 9]), [0.0, 0.01, 5.0, 6.0]),
        (mixture([Lognormal(0, 0.02), Lognormal(2, 1)], [3, 7]), [1.0, 1.02, 7.0, 20.0]),
    )
    for price, values in prices:
        assert price.sample().pdf(values) == pytest.approx(price.pdf(values), rel=0.08)


def test_only_what_has_no_spread_is_exact() -> None:
    assert repr(Lognormal.from_interval(1e-300, 1e-290) ** 2) == "0, 0 to 0 at 90 %"
    assert repr(Normal(0, 0)) == "0, exact"
    assert repr(Normal(5, 0)) == "5, exact"
    assert "exact" not in repr(GAIN.clipped(4, 5))
    assert "exact" not in repr(GAIN.sample(1))
    assert math.isnan(GAIN.sample(1).standard_error())
    assert math.isnan((COST + GAIN).standard_error(0))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: COST.quantile("a"), "probability"),
        (lambda: COST.cdf("a"), "value"),
        (lambda: COST.interval(None), "level"),
        (lambda: GAIN.at_least("a"), "operand"),
        (lambda: GAIN.truncated("a", 1), "low"),
        (lambda: GAIN.sample(2.5), "draws"),
        (lambda: GAIN.sample(True), "draws"),
        (lambda: (COST + GAIN).standard_error(2), "probability"),
        (lambda: sample_jointly([GAIN, 5]), "quantities"),
        (lambda: rank_correlation(GAIN, 5), "quantities"),
        (lambda: Lognormal.from_interval("1", 2), "low"),
        (lambda: mixture([GAIN, "a"]), "quantities"),
        (lambda: from_estimate(None), "row"),
        (lambda: from_estimate({"value": 3}, "decimal"), "scale"),
        (lambda: from_estimate({"low": 1, "high": 2, "level": 0.9, "family": "gamma"}), "family"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(call: Any, name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{name}: expected"):
        call()


def test_what_an_estimate_says_and_the_result_lacks_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="an upper limit"):
        assert from_estimate({"value": 3, "limit": "upper"}) == 3


LAGS = pd.DataFrame({"g": ["a", "b"], "lag_days_low": [1.0, 2.0], "lag_days_high": [1.0, 2.0]})
DAYS = [datetime.date(year, 1, 1) for year in (2018, 2019, 2020, 2021)]
FIGURES = pd.DataFrame({"date": DAYS, "value": [1.0, 10.0, 100.0, 1100.0], "g": list("aabb")})
FORECASTS = pd.DataFrame({"probability": [0.9, 0.2], "resolution": ["true", "false"]})


@pytest.mark.parametrize(
    ("function", "frame"),
    [
        (diffdata.survival_curve, LAGS),
        (diffdata.median_time, LAGS),
        (diffdata.growth_rate, FIGURES),
        (diffdata.brier_score, FORECASTS),
        (diffdata.calibration, FORECASTS),
    ],
)
def test_frames_without_rows_give_all_columns(function: Any, frame: pd.DataFrame) -> None:
    assert list(function(frame.iloc[:0]).columns) == list(function(frame).columns)
    with pytest.raises(InvalidInputError, match="expected a frame of"):
        function([1, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diffdata.median_time(LAGS.assign(median=1), by="median"), "its own column"),
        (lambda: diffdata.median_time(LAGS.assign(rows=1), by="rows"), "its own column"),
        (lambda: diffdata.growth_rate(FIGURES.assign(since=1), by="since"), "its own column"),
        (lambda: diffdata.brier_score(FORECASTS.assign(brier=1), by="brier"), "its own column"),
        (lambda: diffdata.median_time(LAGS, by=["g", "g"]), "by: expected different"),
        (lambda: diffdata.median_time(LAGS, by=5), "by: expected the name"),
        (lambda: diffdata.median_time(LAGS, low="g"), "lags: column 'g': expected numbers"),
        (lambda: diffdata.growth_rate(FIGURES, value="g"), "figures: column 'g': expected numbers"),
        (lambda: diffdata.growth_rate(FIGURES, date="g"), "figures: column 'g': expected dates"),
        (lambda: diffdata.growth_rate(FIGURES, top=1.5), "top: expected a whole number"),
        (lambda: diffdata.growth_rate(FIGURES, breaks=["2020"]), "breaks: expected a list of"),
        (lambda: diffdata.growth_rate(FIGURES, breaks=DAYS[0]), "breaks: expected a list of"),
        (lambda: diffdata.growth_rate(FIGURES, seed=-1), "seed: expected a whole number"),
        (lambda: diffdata.calibration(FORECASTS, bins=1.5), "bins: expected a whole number"),
        (
            lambda: diffdata.brier_score(FORECASTS.assign(probability="x")),
            "forecasts: column 'probability': expected numbers",
        ),
    ],
)  # fmt: skip
def test_a_wrong_argument_of_a_derivation_is_named(call: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()


def test_breaks_outside_the_dates_of_a_group_are_ignored() -> None:
    breaks = [datetime.date(2010, 1, 1), DAYS[2], DAYS[2], datetime.date(2030, 1, 1)]
    found = diffdata.growth_rate(FIGURES, breaks=breaks)
    pd.testing.assert_frame_equal(found, diffdata.growth_rate(FIGURES, breaks=[DAYS[2]]))
    assert found["orders_per_year"].notna().all()


def test_no_number_counts_as_missing_on_polars_too() -> None:
    figures = pl.from_pandas(FIGURES).with_columns(pl.Series("value", [1.0, math.nan, 100, 1000]))
    assert diffdata.growth_rate(figures)["rows"].to_list() == [3]
    made = pl.DataFrame({"probability": [0.9, math.nan], "resolution": ["true", "false"]})
    assert diffdata.brier_score(made)["forecasts"].to_list() == [1]
