"""Uncertain quantities against their definitions, scipy and each other."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diffdata
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import (
    Distribution,
    Lognormal,
    LogUniform,
    Normal,
    Truncated,
    Uniform,
    conflict,
    from_data,
    from_estimate,
    mean_of,
    pool,
    pool_estimates,
    three_numbers,
)

POSITIVE = st.floats(1e-12, 1e24)
LEVELS = st.floats(0.01, 0.99)
FACTORS = st.floats(1.001, 1e3)

POOLED = {"estimate_id": "a", "value": 2, "low": 1, "high": 4, "level": 0.9, "unit": "1"}

FAMILIES: dict[str, Distribution] = {
    "normal": Normal(2.0, 0.7),
    "lognormal": Lognormal(0.3, 0.6),
    "uniform": Uniform(-1.0, 4.0),
    "loguniform": LogUniform(0.5, 20.0),
    "shifted": three_numbers(1.25, 2.5, 6, 0.8),
    "mirrored": three_numbers(1.0, 5.0, 6.0, 0.8),
    "truncated normal": Normal(2.5, 0.62).truncated(0, 4.7),
    "truncated lognormal": Lognormal(0.3, 0.6).truncated(1),
    "clipped normal": Normal(1.0, 1.0).clipped(0, 2),
    "clipped lognormal": Lognormal(0.3, 0.6).clipped(1),
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(POSITIVE, FACTORS, LEVELS)
def test_a_lognormal_reproduces_the_interval_it_was_fitted_to(
    low: float, factor: float, level: float
) -> None:
    fitted = Lognormal.from_interval(low, low * factor, level)
    assert fitted.interval(level) == pytest.approx((low, low * factor), rel=1e-9)
    assert fitted.median == pytest.approx(low * math.sqrt(factor), rel=1e-9)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), LEVELS)
def test_a_normal_reproduces_the_interval_it_was_fitted_to(
    low: float, width: float, level: float
) -> None:
    fitted = Normal.from_interval(low, low + width, level)
    assert fitted.interval(level) == pytest.approx((low, low + width), rel=1e-9, abs=1e-6)


@given(st.floats(-100, 100), st.floats(0.01, 100), st.floats(0.01, 100), LEVELS)
def test_the_fit_of_three_numbers_passes_through_them(
    low: float, below: float, above: float, level: float
) -> None:
    centre, high = low + below, low + below + above
    fitted = three_numbers(low, centre, high, level)
    found = (fitted.interval(level)[0], fitted.median, fitted.interval(level)[1])
    assert found == pytest.approx((low, centre, high), rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_quantiles_and_distribution_functions_are_inverse(family: str) -> None:
    distribution = FAMILIES[family]
    for probability in (0.05, 0.3, 0.5, 0.8, 0.95):
        value = distribution.quantile(probability)
        if family.startswith("clipped") and value in (0, 1, 2):
            assert distribution.cdf(value) >= probability
        else:
            assert distribution.cdf(value) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_samples_converge_to_the_closed_forms(family: str) -> None:
    distribution = FAMILIES[family]
    samples = distribution.sample(200_000, rng())
    spread = float(samples.values.std())
    assert samples.mean == pytest.approx(distribution.mean, abs=5 * spread / math.sqrt(200_000))
    for probability in (0.1, 0.5, 0.9):
        value = distribution.quantile(probability)
        assert distribution.cdf(samples.quantile(probability)) == pytest.approx(
            max(probability, distribution.cdf(value)), abs=0.01
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mean_is_the_integral_of_the_quantiles(family: str) -> None:
    distribution = FAMILIES[family]
    quantiles = distribution.quantile((np.arange(100_000) + 0.5) / 100_000)
    assert distribution.mean == pytest.approx(quantiles.mean(), rel=2e-4)
    assert distribution.std == pytest.approx(quantiles.std(), rel=5e-3)


@pytest.mark.parametrize(
    "family", ["normal", "lognormal", "uniform", "loguniform", "shifted", "truncated normal"]
)
def test_scipy_agrees(family: str) -> None:
    ours, theirs = FAMILIES[family], FAMILIES[family].to_scipy()
    assert ours.mean == pytest.approx(theirs.mean(), rel=1e-9)
    for probability in (0.01, 0.4, 0.99):
        assert ours.quantile(probability) == pytest.approx(theirs.ppf(probability), rel=1e-9)


def test_distributions_that_scipy_lacks_are_refused() -> None:
    for family in ("mirrored", "clipped normal", "truncated lognormal"):
        with pytest.raises(InvalidInputError, match="take samples instead"):
            FAMILIES[family].to_scipy()


@given(*[st.floats(-20, 20), st.floats(0, 3)] * 2)
def test_products_quotients_and_powers_of_lognormals_are_exact(
    m: float, s: float, n: float, t: float
) -> None:
    a, b = Lognormal(m, s), Lognormal(n, t)
    assert ((a * b).mu, (a / b).mu, (a**-2).mu) == (m + n, m - n, -2 * m)
    assert (a * b).sigma == (a / b).sigma == pytest.approx(math.hypot(s, t))
    assert (3 * a / 2).mu == pytest.approx(m + math.log(1.5))
    assert (1 / a).mu == -m


@given(st.floats(-5, 5), st.floats(0.1, 2), st.floats(0.1, 2))
def test_a_factor_used_twice_is_one_draw(mu: float, s: float, t: float) -> None:
    shared, other = Lognormal(mu, s), Lognormal(0, t)
    assert (shared / shared).sigma == 0
    assert (shared * shared).sigma == pytest.approx(2 * s)
    assert (shared * other / shared).sigma == pytest.approx(t)


def test_sampled_formulas_draw_each_leaf_once() -> None:
    shared, noise = Normal(5, 1), Lognormal(0, 1)
    difference = ((shared + noise) - shared) / noise
    assert difference.sample(100, rng()).values == pytest.approx(np.ones(100))
    squared = (shared * shared).sample(100, rng()).values
    assert squared == pytest.approx(shared.sample(100, rng()).values ** 2)


def test_exact_and_sampled_products_agree_draw_by_draw() -> None:
    a, b = Lognormal(1, 0.5), Lognormal(2, 0.25)
    exact = (a * b).sample(1000, rng()).values
    sampled = ((a + 0) * (b + 0)).sample(1000, rng()).values
    assert exact == pytest.approx(sampled)


def test_the_same_seed_gives_the_same_draws() -> None:
    formula = Lognormal(0, 1) * Normal(3, 1) + Uniform(0, 1)
    first, again = (formula.sample(50, rng(7)).values for _ in range(2))
    assert (first == again).all()
    assert not (first == formula.sample(50, rng(8)).values).all()


def test_a_truncated_normal_has_no_atom_and_a_clipped_one_has() -> None:
    base = Normal(1, 1)
    truncated = base.truncated(0).sample(100_000, rng()).values
    clipped = base.clipped(0).sample(100_000, rng()).values
    assert (truncated > 0).all()
    assert len(np.unique(truncated)) == len(truncated)
    assert (clipped == 0).mean() == pytest.approx(base.cdf(0), abs=0.005)
    assert base.truncated(0).cdf(0) == 0
    assert base.clipped(0).cdf(0) == pytest.approx(base.cdf(0))


def test_the_mean_of_gpt_3s_development_cost_is_near_the_published_49_million() -> None:
    """Training cost 5-33 million times the factor 2-5: the published centre is a mean."""
    total = Lognormal.from_interval(5e6, 33e6) * Lognormal.from_interval(2, 5)
    assert total.mean == pytest.approx(49.8e6, rel=0.001)
    assert total.median == pytest.approx(40.6e6, rel=0.001)


def test_centre_and_bounds_are_pooled_separately() -> None:
    """Footnote 16 of the post on publication decisions: three to one gives 16 % (3-40)."""
    pooled = pool([(0.10, 0.01, 0.30), (0.35, 0.10, 0.80)], [3, 1])
    assert pooled == pytest.approx((0.1625, 0.0325, 0.425))


def test_rows_of_the_same_unit_and_level_are_pooled() -> None:
    rows = diffdata.load("estimates", version="2026.2").set_index("estimate_id", drop=False)
    expert, prior = (
        rows.loc[f"hyperparameter-search-share-{name}"].to_dict() for name in ("expert", "prior")
    )
    assert pool_estimates([expert, prior], [3, 1]) == pytest.approx((0.1625, 0.0325, 0.425))


def test_figures_that_vary_by_factors_get_the_geometric_mean() -> None:
    assert mean_of([1, 10, 100]) == pytest.approx(10)
    assert mean_of([1, 2, 3]) == pytest.approx(2)
    assert mean_of([1, 100], weights=[3, 1]) == pytest.approx(100**0.25)
    assert mean_of([-1, 100]) == pytest.approx(49.5)


def test_estimates_conflict_only_beyond_their_uncertainty() -> None:
    wide, narrow = Lognormal.from_interval(1, 100), Lognormal.from_interval(40, 60)
    assert not conflict(wide, narrow).conflicting
    found = conflict(Lognormal.from_interval(1, 2), narrow)
    assert found.conflicting
    assert not found.overlap
    assert found.ratio == pytest.approx(math.sqrt(2 / 2400))
    assert conflict(Normal(0, 1), Normal(3, 1)).deviations == pytest.approx(3 / math.sqrt(2))


@settings(max_examples=20)
@given(st.lists(st.floats(0.1, 10), min_size=11, max_size=30))
def test_data_are_fitted_by_the_mean_and_deviation_of_their_logarithms(values: list[float]) -> None:
    fitted = from_data(values)
    assert isinstance(fitted, Lognormal)
    logs = np.log(values)
    assert (fitted.mu, fitted.sigma) == pytest.approx((logs.mean(), logs.std(ddof=1)), abs=1e-9)


def test_rows_of_estimates_become_quantities() -> None:
    rows = {
        row["estimate_id"]: row
        for row in diffdata.load("estimates", version="2026.2").to_dict("records")
    }
    cost = from_estimate(rows["gpt-3-training-cost"], centre="ignore")
    assert isinstance(cost, Lognormal)
    assert cost.interval() == pytest.approx((5e6, 33e6))
    assert from_estimate(rows["gpt-3-core-team"]) == 25
    shift = from_estimate(rows["gpt-3-hyperparameters-neox-summary"], centre="ignore")
    assert isinstance(shift, Normal)  # its interval begins at zero
    with pytest.raises(InvalidInputError, match="estimate delayed-code-top-developers-speedup"):
        from_estimate(rows["delayed-code-top-developers-speedup"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Lognormal.from_interval(0, 1), "low and high"),
        (lambda: Lognormal.from_interval(-1, 1), "low and high"),
        (lambda: Lognormal.from_interval(2, 1), "low and high"),
        (lambda: Lognormal.from_interval(1, math.inf), "low and high"),
        (lambda: Lognormal.from_interval(math.nan, 1), "low and high"),
        (lambda: Lognormal.from_interval(1, 2, 1.0), "level"),
        (lambda: Normal.from_interval(1, 2, 0.0), "level"),
        (lambda: Normal(0, 1).interval(90), "level"),
        (lambda: Normal(0, -1), "mu and sigma"),
        (lambda: Normal(math.nan, 1), "mu and sigma"),
        (lambda: Lognormal(0, math.nan), "mu and sigma"),
        (lambda: Lognormal(0, -0.1), "mu and sigma"),
        (lambda: Normal(0, 1).quantile(1.1), "probability: expected 0 to 1, found 1.1"),
        (lambda: Lognormal(0, 1).quantile(math.nan), "probability"),
        (lambda: Uniform(0, 1).quantile(-0.1), "probability"),
        (lambda: Normal(0, 1).sample(9, rng()).quantile(2), "probability"),
        (lambda: Lognormal(0, 1) ** math.nan, "exponent"),
        (lambda: Normal(0, 1).truncated(2, 1), "low"),
        (lambda: Normal(0, 1).truncated(50), "leave less than"),
        (lambda: Normal(0, 1).clipped(2, 1), "low"),
        (lambda: Uniform(2, 1), "low and high"),
        (lambda: LogUniform(0, 1), "low and high"),
        (lambda: three_numbers(1, 1, 2), "centre"),
        (lambda: from_data([1.0] * 10), "more than ten"),
        (lambda: from_data([0.0] * 11), "above 0"),
        (lambda: pool([(1,)], [0]), "weights"),
        (lambda: pool([(1,), (1, 2)], [1, 1]), "numbers and weights"),
        (lambda: mean_of([]), "values"),
        (lambda: mean_of([1, 2], method="mode"), "method"),
        (lambda: mean_of([0, 2], method="geometric"), "above 0"),
        (lambda: Normal(0, 1).sample(0, rng()), "draws"),
        (lambda: from_estimate({"estimate_id": "x", "value": 0}), "x: 0 is not possible"),
        (lambda: pool_estimates([POOLED, POOLED | {"unit": "FLOP"}]), "unit does not match"),
        (lambda: pool_estimates([POOLED, POOLED | {"level": 0.8}]), "level does not match"),
        (lambda: pool_estimates([POOLED | {"low": None}]), "a: expected value, low and high"),
        (lambda: from_estimate({"estimate_id": "x", "low": 2, "high": 1, "level": 0.9}), "x: low"),
    ],
)
def test_bad_input_names_the_argument_or_the_row(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()


def test_the_quantiles_of_0_and_1_are_the_ends_of_the_support() -> None:
    ends = {
        "normal": (-math.inf, math.inf),
        "lognormal": (0, math.inf),
        "uniform": (-1, 4),
        "loguniform": (0.5, 20),
        "truncated normal": (0, 4.7),
        "truncated lognormal": (1, math.inf),
        "clipped normal": (0, 2),
        "clipped lognormal": (1, math.inf),
    }
    for family, expected in ends.items():
        found = FAMILIES[family].quantile(0), FAMILIES[family].quantile(1)
        assert found == expected, family
    assert FAMILIES["mirrored"].quantile(0) == -math.inf
    assert Normal(3, 0).quantile(0) == Normal(3, 0).quantile(1) == 3


@pytest.mark.parametrize("point", [Uniform(5, 5), LogUniform(5, 5), Normal(5, 0)])
def test_a_distribution_on_one_value_has_it_as_its_mean(point: Distribution) -> None:
    assert point.mean == point.median == 5
    assert point.mean_between(0, 4) == point.mean_between(5, 9) == 0
    assert point.mean_between(0, 5) == 5


def test_factors_of_numpy_keep_a_lognormal() -> None:
    for product in (Lognormal(0, 1) * np.int64(3), np.float64(3) * Lognormal(0, 1)):
        assert isinstance(product, Lognormal)
        assert product.mu == math.log(3)


def test_the_level_of_from_data_is_deprecated() -> None:
    data = [1.0, 2.0, 4.0] * 4
    with pytest.warns(DeprecationWarning, match="level has no effect"):
        fitted = from_data(data, 0.8, log=False)
    assert fitted.median == from_data(data, log=False).median


def test_a_row_with_a_support_is_truncated_to_it() -> None:
    row = {"estimate_id": "x", "low": 1.7, "high": 3.3, "level": 0.8, "family": "normal",
           "support_low": 0.0, "support_high": 4.7}  # fmt: skip
    inside = from_estimate(row)
    assert isinstance(inside, Truncated)
    assert (inside.low, inside.high) == (0, 4.7)
    below = from_estimate(row | {"support_high": None})
    assert isinstance(below, Truncated)
    assert below.high == math.inf
    assert isinstance(from_estimate(row | {"support_low": None, "support_high": None}), Normal)
