"""What uncertain quantities answer, in random cases against scipy, quadrature and numpy."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diffdata.errors import InvalidInputError
from diffdata.uncertainty import (
    Distribution,
    Lognormal,
    LogUniform,
    Normal,
    Quantity,
    Uniform,
    conflict,
    correlated,
    from_estimate,
    mixture,
    pool_estimates,
    pool_quantities,
    rank_correlation,
    sample_jointly,
    three_numbers,
)

Z = np.linspace(-8, 8, 8001)
WEIGHTS = np.exp(-(Z**2) / 2) / np.exp(-(Z**2) / 2).sum()
SHARES = Normal(0, 1).cdf(Z)


def random_distribution(rng: np.random.Generator) -> Distribution:
    """Return a distribution of any family."""
    low, width = rng.uniform(0.1, 5), rng.uniform(0.1, 10)
    centre = low + width * rng.uniform(0.3, 0.7)
    made: list[Callable[[], Distribution]] = [
        lambda: Normal(low - 2, width),
        lambda: Lognormal(low - 2, width / 10),
        lambda: Uniform(low - 3, low + width),
        lambda: LogUniform(low, low + width),
        lambda: three_numbers(low, centre, low + width),
        lambda: Normal(low, width).truncated(low - width, low + 2 * width),
        lambda: Lognormal(low - 2, 0.5).truncated(math.exp(low - 2.5)),
        lambda: Normal(low, width).clipped(low - width / 2),
        lambda: mixture([Normal(low, 1), Uniform(low, low + width)], [width, 1]),
    ]
    return made[rng.integers(len(made))]()


def quadrature(quantity: Distribution, function: Callable[[Any], Any]) -> float:
    """Return the mean of a function of a distribution, over its quantiles."""
    return float(np.sum(WEIGHTS * function(quantity.quantile(SHARES))))


@pytest.mark.parametrize("seed", range(10))
def test_answers_agree_with_quadrature(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(10):
        x = random_distribution(rng)
        mean = quadrature(x, lambda values: values)
        spread = math.sqrt(quadrature(x, lambda values, mean=mean: (values - mean) ** 2))
        assert x.mean == pytest.approx(mean, rel=1e-4, abs=1e-4 * spread)
        assert x.std == pytest.approx(spread, rel=2e-3)
        shares = np.array([0.03, 0.2, 0.5, 0.8, 0.97])
        values = x.quantile(shares)
        assert (x.cdf(values) >= shares - 1e-9).all()
        assert x.interval(0.94) == pytest.approx((values[0], values[-1]))
        inside = values[(values > values[0]) & (values < values[-1])]
        step = 1e-6 * spread
        slopes = (x.cdf(inside + step) - x.cdf(inside - step)) / (2 * step)
        assert x.pdf(inside) == pytest.approx(slopes, rel=1e-3)
        middle = quadrature(x, lambda v, a=values[1], b=values[3]: v * ((v > a) & (v <= b)))
        assert x.mean_between(values[1], values[3]) == pytest.approx(
            middle, abs=2e-3 * abs(values).max()
        )


def test_answers_agree_with_scipy() -> None:
    pytest.importorskip("scipy")
    rng, compared = np.random.default_rng(7), 0
    while compared < 100:
        x = random_distribution(rng)
        try:
            theirs = x.to_scipy()
        except InvalidInputError:
            continue
        compared += 1
        shares = rng.uniform(0.001, 0.999, 5)
        values = theirs.ppf(shares)
        assert x.quantile(shares) == pytest.approx(values, rel=1e-8)
        assert x.cdf(values) == pytest.approx(shares, rel=1e-8)
        assert x.pdf(values) == pytest.approx(theirs.pdf(values), rel=1e-7)
        assert (x.mean, x.std) == pytest.approx((theirs.mean(), theirs.std()), rel=1e-7)


@pytest.mark.parametrize("seed", range(10))
def test_sums_are_sampled_within_their_standard_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(5):
        x, y = random_distribution(rng), random_distribution(rng)
        total = x + y
        error = math.hypot(x.std, y.std) / math.sqrt(100_000)
        assert abs(total.mean - x.mean - y.mean) < 5 * error
        assert total.std == pytest.approx(math.hypot(x.std, y.std), rel=0.05)
        share = rng.uniform(0.1, 0.9)
        value = total.quantile(share)
        exact = quadrature(y, lambda values, x=x, value=value: x.cdf(value - values))
        assert exact == pytest.approx(share, abs=0.008)
        if not isinstance(total, Distribution):
            assert total.standard_error() == pytest.approx(error, rel=0.05)
            reached = [total.quantile(share) + k * total.standard_error(share) for k in (-5, 5)]
            exact = [quadrature(y, lambda v, x=x, end=end: x.cdf(end - v)) for end in reached]
            assert exact[0] <= share + 1e-3 <= exact[1] + 2e-3


@pytest.mark.parametrize("seed", range(10))
def test_comparisons_are_probabilities(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(5):
        x, y = random_distribution(rng), random_distribution(rng)
        expected = quadrature(y, lambda values, x=x: 1 - x.cdf(values))
        assert (x > y) == pytest.approx(expected, abs=1e-3)
        assert (x > y) + (x <= y) == 1
        assert (x + 0 * y > y) == pytest.approx(x > y, abs=0.008)
        assert (x > 1.5) == pytest.approx(1 - x.cdf(1.5))
        assert (np.float64(1.5) < x) == (x > 1.5)
        assert (x > x, x >= x) == (0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_formulas_with_shared_quantities_agree_with_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = random_distribution(rng).clipped(0.01, 1e6), random_distribution(rng).clipped(0.01, 1e6)
    a, b = (q.quantile(rng.uniform(size=100_000)) for q in (x, y))
    formulas: list[Callable[[Any, Any], Any]] = [
        lambda u, v: u * v + u,
        lambda u, v: u / (u + v),
        lambda u, v: np.log(u) - np.exp(-v) * u,
        lambda u, v: np.abs(u - v) ** 0.5,
        lambda u, v: np.maximum(u, v) - np.minimum(u, 2.0),
    ]
    for formula in formulas:
        ours, theirs = formula(x, y), formula(a, b)
        error = theirs.std() * math.sqrt(2 / 100_000)
        assert abs(ours.mean - theirs.mean()) < 5 * error + 1e-12
        if not isinstance(ours, Distribution):
            error = ours.standard_error(0.5) * math.sqrt(2)
            assert abs(ours.median - np.median(theirs)) < 5 * error + 1e-12


ONE = Normal(0, 1)
TWO = Lognormal(0, 0.5)


@pytest.mark.parametrize(
    "zero",
    [
        ONE - ONE.clipped(-100, 100),
        ONE - ONE.truncated(-100, 100),
        ONE.truncated(0, 2) - ONE.truncated(0, 2),
        ONE.clipped(-1, 1) - ONE.at_least(-1).at_most(1),
        (ONE + TWO).clipped(-1e9, 1e9) - ONE - TWO,
        (ONE + TWO).truncated(-1e9, 1e9) - ONE - TWO,
        ONE.clipped(0) - np.maximum(ONE, 0),
        ONE + ONE - 2 * ONE,
        TWO * TWO - TWO**2,
        (TWO + 0) / (TWO + 0) - 1,
        TWO.log().exp() - TWO,
        10 ** (TWO.log() / math.log(10)) - TWO,
        np.sqrt(TWO) * np.sqrt(TWO) - TWO,
        mixture([ONE, ONE]) - ONE,
    ],
)
def test_the_same_variable_is_one_draw(zero: Quantity) -> None:
    assert abs(zero.sample(5_000, seed=1).values).max() < 1e-6


def test_a_truncation_of_a_formula_keeps_its_distribution() -> None:
    total = (ONE + Normal(0, 1) + 0 * TWO).truncated(0)
    assert total.cdf(0) == 0
    assert total.mean == pytest.approx(math.sqrt(4 / math.pi), rel=0.01)


def test_a_number_beyond_the_largest_float_is_infinite() -> None:
    wide = Lognormal.from_interval(1e-300, 1e300)
    assert wide.median == pytest.approx(1)
    assert (wide * wide).quantile(0.999) == math.inf
    assert (Lognormal(500, 30).mean, Lognormal(500, 30).std) == (math.inf, math.inf)
    assert LogUniform(1e-300, 1e300).median == pytest.approx(1)
    assert Normal.from_interval(-1.7e308, 1.7e308).mean == 0
    assert Uniform(1e300, 1.7e308).mean == pytest.approx(0.85e308)
    assert three_numbers(1e299, 1e300, 1e301).interval() == pytest.approx((1e299, 1e301))


def test_a_power_of_uncertain_quantities_is_sampled() -> None:
    power = TWO**TWO
    assert power.log().mean == pytest.approx((TWO * TWO.log()).mean, abs=0.01)


def test_a_sum_of_thousands_of_terms_is_sampled() -> None:
    total: Any = 0
    for _ in range(2000):
        total = total + Uniform(0, 1)
    assert total.sample(100, seed=3).mean == pytest.approx(1000, rel=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ONE + math.nan, "operand: expected a finite number, found nan"),
        (lambda: TWO * math.inf, "operand: expected a finite"),
        (lambda: ONE.at_least(math.nan), "operand"),
        (lambda: ONE.cdf(math.nan), "value: expected numbers"),
        (lambda: TWO.pdf([1, math.nan]), "value: expected numbers"),
        (lambda: ONE.sample(9).log().mean, "compute with the quantities"),
        (lambda: TWO / 0, "cannot be divided by 0"),
        (lambda: (ONE + TWO).sample(5, seed=-1), "seed: expected an integer from 0 up"),
        (lambda: ONE.log().mean, "no value for some draws"),
        (lambda: ONE.clipped(math.nan, 1), "low"),
        (lambda: (ONE + TWO).truncated(1e9).mean, "no draw lies between"),
        (lambda: mixture([]), "at least one"),
        (lambda: mixture([ONE], [1, 2]), "a weight for each"),
        (lambda: mixture([ONE, TWO], [-1, 2]), "none negative"),
        (lambda: mixture([ONE, TWO]).truncated(99), "leave less than"),
        (lambda: correlated([ONE, TWO], 1.5), "rank"),
        (lambda: correlated([ONE, TWO], [[1, 0.5], [0.4, 1]]), "rank"),
        (lambda: correlated([ONE, TWO, TWO], -0.9), "cannot have all"),
        (lambda: correlated([ONE + TWO * 1, 3], 0.5), "quantities"),
        (lambda: rank_correlation(ONE, TWO / TWO), "constant"),
        (lambda: mixture([ONE, ONE + TWO]), "found a formula"),  # type: ignore[list-item]
        (lambda: pool_quantities([]), "at least one"),
        (lambda: pool_quantities([ONE, 3]), "no plain numbers"),  # type: ignore[list-item]
        (lambda: pool_quantities([ONE, ONE]), "independent"),
        (lambda: pool_quantities([ONE, Normal(1, 0)]), "above 0"),
        (lambda: conflict(ONE, TWO, 1.5), "level"),
    ],
)
def test_bad_input_names_the_argument(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call()


def test_texts_and_lists_are_not_operands() -> None:
    for other in ("1", [1.0, 2.0], None):
        with pytest.raises(TypeError):
            ONE + other


def test_arrays_and_columns_become_arrays_of_quantities() -> None:
    for made in (np.array([1.0, 2.0]) * TWO, TWO * pd.Series([1.0, 2.0])):
        assert [x.median for x in made] == pytest.approx([1, 2])
    assert np.round(np.array([0.0, 1.0]) < ONE, 2).tolist() == [0.5, 0.16]


@pytest.mark.parametrize(
    "exact", [+ONE, abs(TWO), np.sqrt(TWO), np.square(TWO), 1 / TWO, np.reciprocal(TWO), -ONE / 2]
)
def test_functions_with_a_closed_form_are_exact(exact: Quantity) -> None:
    assert isinstance(exact, Distribution)
    drawn = (exact * 1 + 0 * Uniform(0, 1)).sample(50_000)
    assert exact.median == pytest.approx(drawn.median, abs=0.02)


def test_conflicts_do_not_depend_on_the_family() -> None:
    fitted = conflict(three_numbers(0.01, 1, 100.01), three_numbers(10, 1000, 1e5 + 1), 0.9)
    exact = conflict(Lognormal.from_interval(0.01, 100), Lognormal.from_interval(10, 1e5), 0.9)
    assert fitted.conflicting
    assert exact.conflicting
    assert fitted.deviations == pytest.approx(exact.deviations, rel=1e-3)
    logs = [Lognormal.from_interval(*ends).log() for ends in ((0.01, 100), (10, 1e5))]
    assert conflict(*logs, 0.9).probability == pytest.approx(exact.probability)


def test_a_shared_factor_is_not_a_conflict_and_does_not_hide_one() -> None:
    shared = Lognormal(0, 3)
    low, high = shared * Lognormal(0, 0.1), shared * Lognormal(1, 0.1)
    assert conflict(low, high).conflicting
    assert conflict(low + 0 * ONE, high + 0 * ONE).conflicting
    assert not conflict(low, Lognormal(1, 3)).conflicting
    assert not conflict(shared, shared).conflicting


def test_estimates_without_overlap_conflict() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        level = rng.uniform(0.5, 0.99)
        found = conflict(random_distribution(rng), random_distribution(rng) * 1, level)
        assert found.overlap or found.conflicting


@pytest.mark.parametrize("family", [Normal, Lognormal])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_true_pairs_are_called_conflicting_as_rarely_as_the_level_says(
    family: Any, level: float
) -> None:
    rng, pairs = np.random.default_rng(11), 2000
    sigmas = rng.uniform(0.1, 2, (pairs, 2))
    means = rng.normal(0, sigmas)
    found = [
        conflict(*(family(m, s) for m, s in zip(ms, ss, strict=True)), level).conflicting
        for ms, ss in zip(means, sigmas, strict=True)
    ]
    assert np.mean(found) == pytest.approx(1 - level, abs=0.02)


def test_numbers_are_compared_with_quantities() -> None:
    assert conflict(3, Normal(0, 1)).conflicting
    assert conflict(3, Normal(0, 1)).deviations == pytest.approx(3)
    assert not conflict(2, 2).conflicting
    assert conflict(2, 3).conflicting


def test_rank_correlations_are_as_required() -> None:
    quantities = [Normal(1, 2), Lognormal(0, 1), Uniform(0, 1), three_numbers(1, 2, 5)]
    made = correlated(quantities, [[1, 0.5, 0, 0.3], [0.5, 1, -0.4, 0],
                                   [0, -0.4, 1, 0.2], [0.3, 0, 0.2, 1]])  # fmt: skip
    for i, j, expected in [(0, 1, 0.5), (1, 2, -0.4), (0, 2, 0), (2, 3, 0.2), (0, 3, 0.3)]:
        assert rank_correlation(made[i], made[j]) == pytest.approx(expected, abs=0.015)
    for before, after in zip(quantities, made, strict=True):
        assert after.quantile([0.1, 0.7]) == pytest.approx(before.quantile([0.1, 0.7]))
        assert after.sample(50_000).mean == pytest.approx(before.mean, rel=0.03)
    assert isinstance(correlated([TWO, TWO], 0.5)[0], Lognormal)
    same = correlated([TWO, ONE], 1)
    assert rank_correlation(*same) == pytest.approx(1)


def test_rank_correlation_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    first, second = ONE.clipped(0), ONE + Normal(0, 2) + 0 * TWO
    draws = [samples.values for samples in sample_jointly([first, second], 2000, 4)]
    expected = stats.spearmanr(*draws).statistic
    assert rank_correlation(first, second, 2000, 4) == pytest.approx(expected)


def test_seeds_are_integers_or_generators() -> None:
    x = TWO + Uniform(0, 1)
    first, again = x.sample(10, seed=3), x.sample(10, np.random.default_rng(3))
    assert (np.asarray(first) == np.asarray(again)).all()
    assert (x.sample(10, rng=np.random.default_rng(3)).values == first.values).all()
    assert (x.sample(10).values == x.sample(10, seed=0).values).all()
    assert len(first) == 10
    assert (first - again == 0).all()
    assert ((first > 1) == (first.values > 1)).all()
    assert np.log(first).tolist() == np.log(first.values).tolist()


def test_densities_of_sums_are_near_the_exact_ones() -> None:
    exact = Normal(0, math.sqrt(2))
    sampled = ONE + Normal(0, 1) + 0 * TWO
    at = np.linspace(-2, 2, 9)
    assert sampled.pdf(at) == pytest.approx(exact.pdf(at), rel=0.06)
    assert (Uniform(0, 1) * 0).pdf([0, 1]).tolist() == [math.inf, 0]
    product = Lognormal(1, 0.5) * (Lognormal(0, 1) + 0)
    assert product.pdf(at[5:]) == pytest.approx(Lognormal(1, math.sqrt(1.25)).pdf(at[5:]), rel=0.06)


def test_a_quantity_is_shown_with_its_unit() -> None:
    cost = Lognormal.from_interval(5e6, 33e6, unit="USD") * Lognormal.from_interval(2, 5)
    assert repr(cost) == "40.6M USD, 14.2M to 116M at 90 %"
    assert repr(cost / cost) == "1, exact"
    assert repr(cost.clipped(3e7)).startswith("40.6M USD, 30M to 116M")
    assert (cost / Uniform(1, 2, unit="FLOP")).unit == ""
    assert "(sampled; mean 49.8M, standard error" in repr(cost + ONE)
    shown = cost._repr_html_()
    assert "<td>40.6M</td>" in shown
    assert "USD" in shown
    assert "&lt;b&gt;" in Normal(0, 1, unit="<b>")._repr_html_()


ROW = {"estimate_id": "x", "low": 1.0, "high": 9.0, "level": 0.9, "unit": "1"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW | {"value": 2.0}, "x: the central value 2.0 is not used"),
        (ROW | {"value": 2.0, "level": None}, "bounds without a level .1.0 to 9.0."),
        (ROW | {"value": 2.0, "high": None, "level": None}, "one side .low 1.0."),
        ({"estimate_id": "x", "value": 2.0, "limit": "order_of_magnitude"}, "order of magnitude"),
    ],
)
def test_what_is_not_used_of_a_row_is_said(row: dict[str, Any], message: str) -> None:
    with pytest.warns(UserWarning, match=message):
        from_estimate(row)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW | {"level": None}, "x: not a distribution: it has bounds without a level"),
        (ROW | {"low": None, "level": math.nan}, "one side .high 9.0."),
        ({"estimate_id": "x"}, "neither value nor interval"),
        (ROW | {"family": "uniform"}, "uniform distribution has two ends"),
    ],
)
def test_a_row_of_which_nothing_can_be_used_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        from_estimate(row)


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA])
def test_cells_may_be_missing_in_any_way(missing: Any) -> None:
    names = ("value", "family", "support_low", "support_high", "statistic", "limit", "currency")
    assert isinstance(from_estimate(ROW | dict.fromkeys(names, missing)), Lognormal)
    assert from_estimate({"value": 3.0, "low": missing, "high": missing, "limit": missing}) == 3


def test_a_very_skewed_fit_is_as_precise_as_any() -> None:
    fitted = three_numbers(0.01, 1, 1e9)
    assert (*fitted.interval(), fitted.median) == pytest.approx((0.01, 1e9, 1), rel=1e-9)


def test_a_level_or_the_use_of_the_centre_can_be_stated() -> None:
    fitted: Any = from_estimate(ROW | {"value": 2.0, "level": None}, level=0.8, centre="fit")
    assert (*fitted.interval(0.8), fitted.median) == pytest.approx((1, 9, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(from_estimate(ROW | {"value": 2.0}, centre="ignore"), Lognormal)
    for row in (
        ROW | {"value": 2.0, "statistic": "mean"},
        ROW | {"value": 2.0, "family": "normal"},
    ):
        with pytest.raises(InvalidInputError, match="a fit needs a median"):
            from_estimate(row, centre="fit")
    with pytest.raises(InvalidInputError, match="centre: expected warn"):
        from_estimate(ROW, centre="use")


def test_estimates_in_prices_of_different_years_are_not_pooled() -> None:
    rows = [ROW | {"value": 2.0, "price_year": year} for year in (2020, 2021)]
    with pytest.raises(InvalidInputError, match="price_year does not match, 2020 and 2021"):
        pool_estimates(rows)


def test_pooling_agrees_with_a_published_meta_analysis() -> None:
    """The 13 trials of the BCG vaccine (Colditz et al. 1994), as metafor's documentation has it."""
    effects = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694,
               -1.3713, -0.3394, 0.4459, -0.0173]  # fmt: skip
    variances = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730,
                 0.0124, 0.5325, 0.0714]  # fmt: skip
    found = pool_quantities([Normal(m, v**0.5) for m, v in zip(effects, variances, strict=True)])
    assert found.chi_squared == pytest.approx(152.233, rel=0.005)
    assert found.tau_squared == pytest.approx(0.3088, rel=0.005)
    assert found.i_squared == pytest.approx(0.9212, abs=0.001)
    assert (found.random.mean, found.random.std) == pytest.approx((-0.7141, 0.1787), abs=0.001)
    assert found.fixed.mean == pytest.approx(-0.4303, abs=0.002)
    assert found.fixed.std == pytest.approx(0.0405 * math.sqrt(152.233 / 12), rel=0.01)
    logs = pool_quantities([Lognormal(m, v**0.5) for m, v in zip(effects, variances, strict=True)])
    assert (logs.log, logs.random.median) == (True, pytest.approx(math.exp(-0.7141), rel=1e-3))


def test_pooling_agrees_with_an_interlaboratory_study() -> None:
    """PCB 28, measured by six institutes, as metafor and metRology print it for method DL.

    Data and output: a script on GitHub that compares both packages (rma and dsl).
    """
    values, errors = [34.3, 32.9, 34.53, 32.42, 31.9, 35.8], [1.03, 0.69, 0.83, 0.29, 0.4, 0.38]
    found = pool_quantities([Normal(x, u) for x, u in zip(values, errors, strict=True)])
    assert found.chi_squared == pytest.approx(68.2154, abs=5e-5)
    assert found.tau_squared == pytest.approx(2.9289, abs=5e-5)
    assert found.i_squared == pytest.approx(0.9267, abs=5e-5)
    assert found.random.mean == pytest.approx(33.6004326, abs=5e-8)
    assert found.random.std == pytest.approx(0.7449979, abs=5e-8)


def test_agreeing_estimates_are_pooled_without_a_scale_factor() -> None:
    found = pool_quantities([Normal(1, 1, unit="USD"), Normal(1.1, 1, unit="USD")])
    assert (found.scale_factor, found.tau_squared, found.i_squared) == (1, 0, 0)
    assert found.fixed.std == pytest.approx(math.sqrt(0.5))
    assert found.fixed.unit == "USD"
    assert pool_quantities([TWO]).fixed.median == 1


def test_a_mixture_chooses_one_of_its_parts() -> None:
    either = mixture([Normal(0, 1), Normal(10, 1), 5], [2, 1, 1])
    assert either.mean == pytest.approx(3.75)
    assert either.sample(100_000, seed=2).mean == pytest.approx(3.75, abs=0.05)
    assert either.cdf(4) == pytest.approx(0.5, abs=1e-4)
    assert either.quantile([0.4, 0.6]).tolist() == pytest.approx([0.8416, 5], abs=1e-3)
    assert (either.quantile(0), either.quantile(1)) == (-math.inf, math.inf)
    upper = either.truncated(4.5)
    assert upper.mean == pytest.approx(7.5, abs=0.01)
    assert upper.sample(10_000).values.min() >= 4.5
