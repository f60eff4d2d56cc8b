"""Scaling: the optimum is a minimum, and the closed forms agree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.derive.compute import six_nd
from diffdata.derive.scaling import (
    HOFFMANN,
    ParametricFit,
    compute_optimal,
    compute_reduction,
    compute_to_reach,
    hoffmann_loss,
    optimal_for_loss,
)
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

COMPUTE = st.floats(1e17, 1e28)
SIZES = st.floats(1e6, 1e14)
OTHER = ParametricFit(floor=2.0, a=300.0, alpha=0.4, b=900.0, beta=0.3)
FITS = st.sampled_from([HOFFMANN, OTHER])


@given(COMPUTE, st.floats(1.01, 100), FITS)
def test_the_optimum_beats_its_neighbours_at_equal_compute(
    flop: float, shift: float, fit: ParametricFit
) -> None:
    parameters, tokens = compute_optimal(flop, fit)
    best = hoffmann_loss(parameters, tokens, fit)
    assert hoffmann_loss(parameters * shift, tokens / shift, fit) > best
    assert hoffmann_loss(parameters / shift, tokens * shift, fit) > best


@given(COMPUTE, FITS)
def test_the_optimum_uses_all_of_the_compute(flop: float, fit: ParametricFit) -> None:
    assert six_nd(*compute_optimal(flop, fit)) == pytest.approx(flop, rel=1e-9)


@given(COMPUTE, FITS)
def test_the_optimum_for_compute_and_for_its_loss_are_the_same(
    flop: float, fit: ParametricFit
) -> None:
    optimum = compute_optimal(flop, fit)
    loss = hoffmann_loss(*optimum, fit)
    assert optimal_for_loss(loss, fit) == pytest.approx(optimum, rel=1e-9)
    assert compute_to_reach(loss, fit) == pytest.approx(flop, rel=1e-9)
    assert compute_reduction(*optimum, fit) == pytest.approx(1, rel=1e-9)


@given(SIZES, SIZES)
def test_better_sizes_never_need_more_compute(parameters: float, tokens: float) -> None:
    assert compute_reduction(parameters, tokens) >= 1 - 1e-9


@given(SIZES, SIZES)
def test_the_sizes_for_a_loss_reach_it(parameters: float, tokens: float) -> None:
    loss = hoffmann_loss(parameters, tokens)
    assert hoffmann_loss(*optimal_for_loss(loss)) == pytest.approx(loss, rel=1e-9)


def test_the_loss_falls_to_its_floor() -> None:
    assert hoffmann_loss(1, 1) == pytest.approx(1.69 + 406.4 + 410.7, rel=1e-12)
    assert hoffmann_loss(1e60, 1e60) == pytest.approx(1.69, rel=1e-9)


def test_gpt_3_could_have_been_trained_with_a_third_of_the_compute() -> None:
    assert round(compute_reduction(175e9, 300e9), 2) == 2.98
    parameters, tokens = optimal_for_loss(hoffmann_loss(175e9, 300e9))
    assert parameters == pytest.approx(14.98e9, rel=1e-3)
    assert tokens == pytest.approx(1.178e12, rel=1e-3)


def test_the_published_smaller_gpt_3_is_almost_as_good() -> None:
    """30 billion parameters on 610 billion tokens, for 1.1e23 FLOP.

    In the post it is slightly better; with the rounded constants of the fit it is slightly worse.
    """
    smaller, original = hoffmann_loss(30e9, 610e9), hoffmann_loss(175e9, 300e9)
    assert original < smaller < original * 1.003
    assert six_nd(30e9, 610e9) == pytest.approx(1.1e23, rel=0.01)


def test_multipliers_from_better_sizes_grow_with_compute() -> None:
    """Of models with the ratio of tokens to parameters that GPT-3 has."""
    ratio = 300 / 175
    sizes = [1e9, 1e10, 1e11, 1e12]
    factors = [compute_reduction(size, size * ratio) for size in sizes]
    assert factors == sorted(factors)


def test_the_same_functions_take_columns() -> None:
    import narwhals as nw
    import pandas as pd

    frame = nw.from_native(pd.DataFrame({"n": [175e9], "d": [300e9], "c": [1e23]}))
    n, d, c = nw.col("n"), nw.col("d"), nw.col("c")
    found = frame.select(reduction=compute_reduction(n, d), best=compute_optimal(c).parameters)
    assert found["reduction"].item() == pytest.approx(compute_reduction(175e9, 300e9), rel=1e-9)
    assert found["best"].item() == pytest.approx(compute_optimal(1e23).parameters, rel=1e-9)


def test_the_optimum_of_uncertain_compute_is_lognormal() -> None:
    parameters, tokens = compute_optimal(Lognormal.from_interval(1e23, 9e23))
    exact = compute_optimal(3e23)
    assert parameters.median == pytest.approx(exact.parameters, rel=1e-9)
    assert tokens.median == pytest.approx(exact.tokens, rel=1e-9)
    assert (6 * parameters * tokens).interval() == pytest.approx((1e23, 9e23), rel=1e-9)


@pytest.mark.parametrize("bad", [0, -1.0, math.nan, math.inf])
def test_bad_input_names_the_argument(bad: float) -> None:
    for function in (hoffmann_loss, compute_reduction):
        with pytest.raises(InvalidInputError, match=rf"^parameters: .* found {bad}"):
            function(bad, 1e9)
        with pytest.raises(InvalidInputError, match=rf"^tokens: .* found {bad}"):
            function(1e9, bad)
    with pytest.raises(InvalidInputError, match=rf"^compute_flop: .* found {bad}"):
        compute_optimal(bad)
    for function in (compute_to_reach, optimal_for_loss):
        with pytest.raises(InvalidInputError, match=rf"^loss: .* found {bad}"):
            function(bad)
    with pytest.raises(InvalidInputError, match=r"^beta"):
        ParametricFit(floor=1.0, a=1.0, alpha=1.0, b=1.0, beta=bad)


def test_no_compute_reaches_the_floor() -> None:
    with pytest.raises(InvalidInputError, match=r"^loss: expected above 1\.69, the floor"):
        compute_to_reach(1.69)
