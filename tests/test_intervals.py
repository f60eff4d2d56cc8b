"""Columns with bounds: closed forms against distributions, draws against closed forms."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from diffdata.derive import cost_per_flop, interval_product, sample_columns
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal


def columns(**values: tuple[Any, Any, Any, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            f"{name}{suffix}": pl.Series([value], dtype=pl.Float64)
            for name, four in values.items()
            for suffix, value in zip(("", "_low", "_high", "_level"), four, strict=True)
        }
    )


def test_a_product_of_columns_matches_that_of_their_distributions() -> None:
    frame = columns(a=(4.0, 2.0, 9.0, 0.8), b=(3.0, 1.0, 4.0, 0.8), c=(2.0, None, None, None))
    found = interval_product(frame, "x", ["a", "c"], ["b"]).row(0, named=True)
    expected = Lognormal.from_interval(2, 9, 0.8) * 2 / Lognormal.from_interval(1, 4, 0.8)
    assert (found["x_low"], found["x_high"]) == pytest.approx(expected.interval(0.8))
    assert (found["x"], found["x_level"]) == (pytest.approx(8 / 3), 0.8)


def test_bounds_are_missing_for_different_levels_or_no_interval() -> None:
    unlike = columns(a=(4.0, 2.0, 9.0, 0.8), b=(3.0, 1.0, 4.0, 0.9))
    exact = columns(a=(4.0, None, None, None), b=(3.0, None, None, None))
    for frame in (unlike, exact):
        found = interval_product(frame, "x", ["a", "b"]).row(0, named=True)
        assert found["x"] == 12
        assert [found[f"x_{end}"] for end in ("low", "high", "level")] == [None] * 3


def test_bounds_without_a_level_do_not_count_as_exact() -> None:
    frame = columns(a=(4.0, 2.0, 9.0, None), b=(3.0, 1.0, 4.0, 0.8))
    found = interval_product(frame, "x", ["a", "b"]).row(0, named=True)
    assert (found["x"], found["x_low"], found["x_high"], found["x_level"]) == (12, None, None, None)
    drawn = sample_columns(frame, "x", lambda d: d["a"] * d["b"], ["a", "b"], draws=10)
    assert drawn.row(0, named=True)["x"] is None


def test_a_column_that_is_named_twice_is_one_quantity() -> None:
    frame = columns(a=(4.0, 2.0, 9.0, 0.8), b=(3.0, 1.0, 4.0, 0.8), c=(2.0, 1.0, 3.0, 0.9))
    a, b = Lognormal.from_interval(2, 9, 0.8), Lognormal.from_interval(1, 4, 0.8)
    for factors, divisors, expected in [
        (["a", "a"], [], a * a),
        (["a", "a", "b"], ["a"], a * b),
        (["a"], ["b", "b"], a / b**2),
        (["a", "c"], ["c"], a),  # whose levels differ, but c has no effect
        (["a"], ["a"], a / a),
    ]:
        found = interval_product(frame, "x", factors, divisors).row(0, named=True)
        bounds = found["x_low"], found["x_high"]
        assert bounds == pytest.approx(expected.interval(0.8)), (factors, divisors)
    assert found["x"] == 1
    unknown = frame.with_columns(c=pl.lit(None, pl.Float64))
    found = interval_product(unknown, "x", ["a", "c"], ["c"]).row(0, named=True)
    assert (found["x"], found["x_low"], found["x_level"]) == (None, None, None)


def test_cost_per_flop_is_an_interval_product() -> None:
    frame = columns(c=(12e6, 5e6, 33e6, 0.9), f=(3e23, 2e23, 4e23, 0.9))
    ratio = interval_product(frame, "cost_per_flop_usd", ["c"], ["f"])
    found = cost_per_flop(frame, cost="c", compute="f").drop("flop_per_usd")
    assert found.equals(ratio.drop("cost_per_flop_usd_level"))


def many(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    low = rng.uniform(1, 2, rows)
    frame = pd.DataFrame({"a": low * 2, "a_low": low, "a_high": low * 4, "a_level": 0.9})
    frame.loc[3, ["a_low", "a_high", "a_level"]] = np.nan  # exact
    return frame.assign(b=3.0, b_low=2.0, b_high=5.0, b_level=0.8)


def test_draws_do_not_depend_on_the_size_of_batches() -> None:
    frame = many(50)
    frame.loc[5, ["a", "a_low", "a_high"]] = np.nan
    made = [
        sample_columns(frame, "x", lambda drawn: drawn["a"] + drawn["b"], ["a", "b"],
                       draws=100, batch=batch)
        for batch in (1, 7, 50, 1000)
    ]  # fmt: skip
    for other in made[1:]:
        pd.testing.assert_frame_equal(made[0], other)
    assert made[0]["x"].isna().tolist() == [row == 5 for row in range(50)]


def test_draws_agree_with_the_closed_form() -> None:
    frame = many(4)
    closed = interval_product(frame.assign(b_level=0.9), "x", ["a", "b"])
    drawn = sample_columns(
        frame.assign(b_level=0.9), "x", lambda d: d["a"] * d["b"], ["a", "b"], draws=100_000
    )
    for end in ("x_low", "x_high"):
        np.testing.assert_allclose(drawn[end], closed[end], rtol=0.02)


def test_seeds_change_the_draws_and_columns_are_independent() -> None:
    frame = many(2).assign(b_low=lambda f: f["a_low"], b_high=lambda f: f["a_high"], b_level=0.9)

    def drawn(seed: int) -> float:
        made = sample_columns(frame, "x", lambda d: d["a"] / d["b"], ["a", "b"], seed=seed)
        return float(made["x_high"].iloc[0])

    assert drawn(1) != drawn(2)
    assert drawn(1) > 2  # the same stream for both would make it 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"level": 1.0}, "level"), ({"draws": 0}, "draws"), ({"batch": 0}, "batch")],
)
def test_invalid_arguments_are_refused_by_name(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInputError, match=named):
        sample_columns(many(4), "x", lambda d: d["a"], ["a"], **arguments)


def test_empty_factors_and_lazy_frames_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="factors"):
        interval_product(many(4), "x", [])
    with pytest.raises(InvalidInputError, match="collect it first"):
        sample_columns(pl.LazyFrame({"a": [1.0]}), "x", lambda d: d["a"], ["a"])  # type: ignore[type-var]
