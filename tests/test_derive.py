"""Derivations: definitions on small frames, and the published figures on the real ones."""

import datetime
import functools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diffdata
from diffdata.derive import (
    SUMMARY_TABLES,
    add_lag,
    cost_per_flop,
    cost_ratio,
    evaluate,
    evaluation_inputs,
    gpt3_like,
    is_replication,
    lag_days,
    model_summary,
    six_nd,
)
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31))
PRECISIONS = st.sampled_from(["day", "month", "year"])


@functools.cache
def load_edition(table: str) -> pd.DataFrame:
    """Load a table of a released edition, so that new rows of the data change no test."""
    return diffdata.load(table, version="2026.2")


def days_of(date: datetime.date, precision: str) -> list[datetime.date]:
    """List every day that a date of that precision may be."""
    return [
        day.date()
        for day in pd.date_range(f"{date.year}-01-01", f"{date.year}-12-31")
        if precision == "year"
        or (day.month == date.month and (precision == "month" or day.day == date.day))
    ]


@given(DATES, PRECISIONS, DATES, PRECISIONS)
def test_a_lag_spans_all_pairs_of_days_that_the_dates_may_be(
    start: datetime.date, start_precision: str, end: datetime.date, end_precision: str
) -> None:
    starts, ends = days_of(start, start_precision), days_of(end, end_precision)
    expected = ((ends[0] - starts[-1]).days, (ends[-1] - starts[0]).days)
    assert expected == lag_days(
        start, end, start_precision=start_precision, end_precision=end_precision
    )


def first_day(date: datetime.date, precision: str) -> datetime.date:
    """Return the day by which the data give a date of that precision."""
    starts = {"day": {}, "month": {"day": 1}, "year": {"day": 1, "month": 1}}
    return date.replace(**starts[precision])


@settings(max_examples=5)
@given(st.lists(st.tuples(DATES, PRECISIONS, DATES, PRECISIONS), min_size=1, max_size=50))
def test_lags_of_columns_are_those_of_dates(
    pairs: list[tuple[datetime.date, str, datetime.date, str]],
) -> None:
    frame = pd.DataFrame(
        {
            "a": pd.to_datetime([first_day(start, precision) for start, precision, _, _ in pairs]),
            "a_precision": [precision for _, precision, _, _ in pairs],
            "b": pd.to_datetime([first_day(end, precision) for _, _, end, precision in pairs]),
            "b_precision": [precision for _, _, _, precision in pairs],
        }
    )
    found = add_lag(frame, start="a", end="b")[["lag_days_low", "lag_days_high"]]
    assert [tuple(row) for row in found.to_numpy()] == [
        lag_days(start, end, start_precision=first, end_precision=last)
        for start, first, end, last in pairs
    ]


@settings(max_examples=5)
@given(st.lists(st.tuples(DATES, PRECISIONS, DATES, PRECISIONS), min_size=1, max_size=50))
def test_any_day_of_a_month_or_year_stands_for_it(
    pairs: list[tuple[datetime.date, str, datetime.date, str]],
) -> None:
    starts, start_precisions, ends, end_precisions = map(list, zip(*pairs, strict=True))
    frame = pd.DataFrame(
        {"a": pd.to_datetime(starts), "a_precision": start_precisions,
         "b": pd.to_datetime(ends), "b_precision": end_precisions}
    )  # fmt: skip
    found = add_lag(frame, start="a", end="b")
    assert [tuple(row) for row in found[["lag_days_low", "lag_days_high"]].to_numpy()] == [
        lag_days(start, end, start_precision=first, end_precision=last)
        for start, first, end, last in pairs
    ]
    negative = [None if pd.isna(value) else value for value in found["lag_negative"]]
    assert negative == [
        True if high < 0 else False if low >= 0 else None
        for low, high in found[["lag_days_low", "lag_days_high"]].to_numpy()
    ]


def test_a_missing_precision_is_a_day_and_an_unknown_one_gives_no_lag() -> None:
    day, later = datetime.date(2020, 5, 28), datetime.date(2020, 12, 15)
    frame = pd.DataFrame(
        {"a": pd.to_datetime([day] * 3), "a_precision": [None, "day", "week"],
         "b": pd.to_datetime([later] * 3), "b_precision": ["month", None, "day"]}
    )  # fmt: skip
    found = add_lag(frame, start="a", end="b")[["lag_days_low", "lag_days_high"]]
    assert [tuple(row) for row in found.to_numpy()[:2]] == [
        lag_days(day, later, start_precision=None, end_precision="month"),
        lag_days(day, later, start_precision="day", end_precision=None),
    ]
    assert found.iloc[2].isna().all()


def test_a_lag_with_a_missing_date_is_missing() -> None:
    frame = pd.DataFrame(
        {
            "a": pd.to_datetime(["2020-05-28", None]),
            "a_precision": ["day", None],
            "b": pd.to_datetime([None, "2020-05-28"]),
            "b_precision": [None, "day"],
        }
    )
    assert add_lag(frame, start="a", end="b").filter(like="lag_").isna().all(axis=None)


def test_an_unknown_precision_is_refused_by_name() -> None:
    day = datetime.date(2020, 1, 1)
    with pytest.raises(InvalidInputError, match="end_precision: expected day, month or year"):
        lag_days(day, day, end_precision="week")


@pytest.mark.parametrize(
    ("architecture", "objective", "modality", "flop", "expected"),
    [
        ("dense", "autoregressive", "text", 1e23, True),
        ("dense", "autoregressive", "text", 0.99e23, False),
        ("dense", "autoregressive", "text", None, pd.NA),
        ("mixture_of_experts", "autoregressive", "text", None, False),
        (None, "autoregressive", "text", 3e23, pd.NA),
        (None, "autoregressive", "text", 1e22, False),
        ("dense", "span_corruption", "text", 3e23, False),
        ("dense", "autoregressive", "text_image", 3e23, False),
    ],
)
def test_gpt3_like_is_false_if_a_condition_fails_and_missing_if_one_is_unknown(
    architecture: str | None, objective: str, modality: str, flop: float | None, expected: object
) -> None:
    frame = pd.DataFrame(
        {
            "architecture": [architecture],
            "objective": [objective],
            "modality": [modality],
            "training_compute_flop": pd.Series([flop], dtype=float),
        }
    )
    verdict = gpt3_like(frame)["gpt3_like"].iloc[0]
    assert verdict is expected or verdict == expected


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        (["language"], True),
        (["language", "mathematics"], True),
        (["language", "vision"], False),
        (["biology"], False),
        ([], pd.NA),
    ],
)
def test_a_model_is_one_of_text_if_no_other_medium_is_among_its_domains(
    domains: list[str], expected: object
) -> None:
    frame = pd.DataFrame({"architecture": ["dense"], "objective": ["autoregressive"]})
    frame = frame.assign(model_id="a", training_compute_flop=3e23)
    table = pd.DataFrame({"model_id": ["a"] * len(domains) + ["b"], "domain": [*domains, "video"]})
    found = gpt3_like(frame, table)
    assert list(found.columns) == [*frame.columns, "gpt3_like"]
    assert found["gpt3_like"].iloc[0] is expected or found["gpt3_like"].iloc[0] == expected


def test_without_domains_and_modality_there_is_no_likeness() -> None:
    with pytest.raises(InvalidInputError, match="model_domains"):
        gpt3_like(pd.DataFrame({"architecture": ["dense"], "objective": ["autoregressive"],
                                "training_compute_flop": [3e23]}))  # fmt: skip


def scores(**points: list[float]) -> pd.DataFrame:
    """Return evaluations of models on as many benchmarks as there are scores."""
    rows = [
        {"model_id": model, "benchmark": f"b{i}", "setting": "zero_shot", "metric": "accuracy",
         "score": score}
        for model, given in points.items()
        for i, score in enumerate(given)
    ]  # fmt: skip
    return pd.DataFrame(rows)


CLAIM = pd.DataFrame({"model_id": ["copy", "base"], "architecture_of_model_id": ["base", None]})
NO_DIFFERENCES = pd.DataFrame(
    {"model_id": pd.Series(dtype=str), "reference_model_id": pd.Series(dtype=str),
     "value": pd.Series(dtype=float)}
)  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "difference", "expected"),
    [
        ([50, 60], [52, 62], -2.0, True),
        ([50, 60], [52, 62.1], -2.05, False),
        ([55, 60], [52, 59], 2.0, True),
        ([50, 60, 10], [52, 62], -2.0, True),  # the third benchmark is not common
    ],
)
def test_a_replication_is_within_two_points_on_the_common_benchmarks(
    ours: list[float], theirs: list[float], difference: float, expected: bool
) -> None:
    found = is_replication(CLAIM, scores(copy=ours, base=theirs), NO_DIFFERENCES).iloc[0]
    assert found["mean_difference"] == pytest.approx(difference)
    assert (found["benchmarks"], found["basis"]) == (2, "evaluations")
    assert found["is_replication"] == expected


def test_scores_are_compared_in_the_same_tuning_and_subset_and_repeated_ones_do_not_count() -> None:
    columns = ["model_id", "metric", "score", "tuning", "subset", "repeated"]
    rows = [
        ("copy", "accuracy", 50.0, "base", None, False),
        ("copy", "accuracy", 52.0, "base", None, False),
        ("copy", "accuracy", 90.0, "base", None, True),
        ("copy", "accuracy", 80.0, "tuned", None, False),
        ("copy", "accuracy", 10.0, "base", "dev", False),
        ("base", "exact_match", 51.5, "base", None, False),
    ]
    table = pd.DataFrame(rows, columns=columns).assign(benchmark="b", setting="zero_shot")
    found = is_replication(CLAIM, table, NO_DIFFERENCES).iloc[0]
    assert (found["benchmarks"], found["mean_difference"]) == (1, pytest.approx(-0.5))


@pytest.mark.parametrize("metric", ["rating", "perplexity", "fid", "bits_per_byte"])
def test_metrics_that_are_not_points_of_a_hundred_do_not_count(metric: str) -> None:
    rows = [
        ("copy", "b", "accuracy", 50.0),
        ("base", "b", "accuracy", 51.0),
        ("copy", "c", metric, 2029.0),
        ("base", "c", metric, 1867.0),
    ]
    table = pd.DataFrame(rows, columns=["model_id", "benchmark", "metric", "score"])
    found = is_replication(CLAIM, table.assign(setting="unstated"), NO_DIFFERENCES).iloc[0]
    assert (found["benchmarks"], found["mean_difference"]) == (1, pytest.approx(-1.0))
    assert found["is_replication"]


def test_without_scores_to_compare_the_verdict_is_missing() -> None:
    found = is_replication(CLAIM, scores(base=[1.0]), NO_DIFFERENCES).iloc[0]
    assert pd.isna(found["is_replication"])
    assert pd.isna(found["basis"])
    assert found["benchmarks"] == 0


def test_compared_models_and_attempts_are_candidates_without_a_stated_architecture() -> None:
    models = pd.DataFrame(
        {"model_id": ["a", "b", "c", "d"], "architecture": ["dense", "dense", "mixture", None],
         "architecture_of_model_id": [None, None, None, "a"]}
    )  # fmt: skip
    compared = pd.DataFrame(
        {"model_id": ["b", "c", "c"], "reference_model_id": "a", "status": "current",
         "judgement": ["worse", "similar", "similar"]}
    )  # fmt: skip
    tried = pd.DataFrame(
        {"model_id": ["b", None], "reference_model_id": "a", "status": "current",
         "explicit_attempt": [True, True]}
    )  # fmt: skip
    found = is_replication(
        models,
        scores(a=[50.0], b=[49.0], c=[50.0], d=[51.0]),
        NO_DIFFERENCES,
        comparisons=compared,
        diffusion_events=tried,
    ).set_index("model_id")
    verdicts = found[["same_architecture", "is_replication"]].astype(object)
    assert {name: [None if pd.isna(v) else v for v in row] for name, row in verdicts.T.items()} == {
        "b": [None, None],  # close, and dense like a, which does not make them the same
        "c": [False, False],
        "d": [True, True],
    }
    far = is_replication(
        models, scores(a=[50.0], b=[40.0]), NO_DIFFERENCES, comparisons=compared,
        diffusion_events=tried,
    ).set_index("model_id")  # fmt: skip
    assert not far.loc["b", "is_replication"]


def test_opt_175b_is_a_replication_by_the_published_mean_only() -> None:
    estimates = load_edition("estimates")
    published = estimates[estimates["quantity_id"] == "mean_benchmark_difference"].merge(
        load_edition("comparisons")[["comparison_id", "model_id", "reference_model_id"]],
        on="comparison_id",
        suffixes=("_", ""),
    )
    found = is_replication(load_edition("models"), load_edition("evaluations"), published)
    (opt,) = found[found["model_id"] == "opt-175b"].to_dict("records")
    assert (opt["basis"], opt["mean_difference"], opt["is_replication"]) == ("published", -2, True)


def test_the_cost_ratio_matches_the_published_one() -> None:
    """Key takeaways, item 3: roughly seven times cheaper."""
    summary = load_edition("model_summary").set_index("model_id")
    costs = summary["training_cost_usd"]
    ratio, low, high = cost_ratio(
        costs["gpt-3"], costs["opt-175b"], interval=(5e6, 33e6), other_interval=(1.5e6, 2.3e6)
    )
    assert round(ratio) == 7
    assert low is not None
    assert high is not None
    assert low < ratio < high
    assert cost_ratio(2.0, 1.0) == (2.0, None, None)


@pytest.mark.parametrize("arguments", [(0.0, 1.0), (1.0, -1.0), (math.nan, 1.0)])
def test_invalid_costs_are_refused_by_name(arguments: tuple[float, float]) -> None:
    with pytest.raises(InvalidInputError, match=r"^(cost|other): expected a finite number above 0"):
        cost_ratio(*arguments)


def test_cost_per_flop_is_the_ratio_of_two_lognormals() -> None:
    frame = pd.DataFrame(
        {
            "training_cost_usd": [10.0, 10.0, None, 10.0, 10.0],
            "training_cost_usd_low": [5.0, 5.0, None, None, 5.0],
            "training_cost_usd_high": [20.0, 20.0, None, None, 20.0],
            "training_cost_usd_level": [0.9, 0.9, None, None, 0.9],
            "training_compute_flop": [2.0, 2.0, 2.0, 2.0, 2.0],
            "training_compute_flop_low": [1.0, None, None, None, 1.0],
            "training_compute_flop_high": [4.0, None, None, None, 4.0],
            "training_compute_flop_level": [0.9, None, None, None, 0.8],
        }
    )
    found = cost_per_flop(frame)
    assert found["cost_per_flop_usd"].tolist() == [5.0] * 4
    assert found["flop_per_usd"].tolist() == [0.2] * 4
    both = (Lognormal.from_interval(5, 20) / Lognormal.from_interval(1, 4)).interval()
    bounds = found[["cost_per_flop_usd_low", "cost_per_flop_usd_high"]]
    assert bounds.iloc[0].tolist() == pytest.approx(both, rel=1e-9)
    assert bounds.iloc[1].tolist() == pytest.approx((2.5, 10.0), rel=1e-9)
    assert bounds.iloc[2:].isna().all(axis=None)


def test_six_nd_fills_in_only_compute_that_no_source_gives() -> None:
    summary = load_edition("model_summary").set_index("model_id")
    filled = summary[summary["training_compute_flop_method"] == "six_nd"]
    assert set(filled.index) >= {"opt-175b", "yuan-1.0"}
    assert filled.loc["opt-175b", "training_compute_flop"] == six_nd(175e9, 300e9)
    estimates = load_edition("estimates")
    published = estimates[estimates["quantity_id"] == "training_compute"]["model_id"]
    assert not set(filled.index) & set(published)


def estimate(**changes: object) -> dict[str, object]:
    """Return a row of estimates with the columns that the evaluation reads."""
    plain = {
        "estimate_id": "a", "model_id": "m", "quantity_id": "q", "unit": "1", "value": 1.0,
        "low": None, "high": None, "level": None, "basis": "reported", "status": "current",
        "currency": None,
    }  # fmt: skip
    return plain | changes


def evaluated(scale: str, *rows: dict[str, object]) -> dict[str, object]:
    frame = pd.DataFrame(rows).astype({"value": float, "low": float, "high": float, "level": float})
    quantities = pd.DataFrame({"quantity_id": ["q"], "unit": ["1"], "scale": [scale]})
    (found,) = evaluate(frame, quantities).to_dict("records")
    return dict(found)


def test_a_single_estimate_is_the_value() -> None:
    found = evaluated("log", estimate(value=12e6, low=5e6, high=33e6, level=0.9))
    assert (found["value"], found["low"], found["high"]) == (12e6, 5e6, 33e6)
    assert (found["level"], found["method"]) == (0.9, "single")


def test_several_estimates_are_averaged_on_the_scale_of_the_quantity() -> None:
    rows = estimate(value=1.0, low=0.5, high=2.0, level=0.9), estimate(estimate_id="b", value=4.0)
    log, linear = evaluated("log", *rows), evaluated("linear", *rows)
    assert (log["value"], log["method"]) == (pytest.approx(2.0), "geometric_mean")
    assert (linear["value"], linear["method"]) == (2.5, "arithmetic_mean")
    assert (log["low"], log["high"]) == (0.5, 4.0)
    assert pd.isna(log["level"])


def test_only_the_best_basis_counts() -> None:
    rows = [
        estimate(estimate_id=basis, basis=basis, value=float(i))
        for i, basis in enumerate(["reported", "estimated", "derived", "assumed"], start=1)
    ]
    assert evaluated("log", *rows)["value"] == 1.0
    assert evaluated("log", *rows[1:])["value"] == 2.0


@pytest.mark.parametrize(
    ("values", "used"),
    [
        ((176e9, 176_247e6, 176_247_271_424), (False, False, True)),
        ((20e9, 20_554_567_680), (False, True)),  # a size in a name
        ((1.6e12, 1.571e12, 1.5e12), (False, True, True)),
        ((300e9, 341e9), (True, True)),  # rounds to it, but too far off
        ((175e9, 175e9), (True, True)),
        ((12.0, 12.4), (True, True)),  # not a rounded count: 12 is exact to the unit
    ],
)
def test_exact_counts_come_before_rounded_ones(
    values: tuple[float, ...], used: tuple[bool, ...]
) -> None:
    rows = [estimate(estimate_id=f"{i}", value=value, unit="1") for i, value in enumerate(values)]
    inputs = evaluation_inputs(pd.DataFrame(rows).astype({"value": float}))
    assert tuple(inputs["used"]) == used
    reasons = inputs["set_aside_because"][~inputs["used"]]
    assert set(reasons) <= {"rounded"}


@pytest.mark.parametrize("limit", ["lower", "upper", "order_of_magnitude"])
def test_a_limit_is_not_a_value(limit: str) -> None:
    rows = [estimate(value=1.0), estimate(estimate_id="b", value=100.0, limit=limit)]
    assert evaluated("log", *rows)["value"] == 1.0
    inputs = evaluation_inputs(pd.DataFrame(rows))
    assert inputs["set_aside_because"].tolist()[1:] == ["limit"]


def test_equal_estimates_keep_their_last_digit() -> None:
    rows = [estimate(estimate_id=name, value=10_000.0) for name in ("a", "b")]
    assert evaluated("log", *rows)["value"] == 10_000.0


def test_estimates_that_are_set_aside_have_a_reason() -> None:
    rows = [
        estimate(estimate_id="a"),
        estimate(estimate_id="b", status="superseded"),
        estimate(estimate_id="c", value=None),
        estimate(estimate_id="d", currency="EUR"),
        estimate(estimate_id="e", basis="assumed"),
    ]
    inputs = evaluation_inputs(pd.DataFrame(rows).astype({"value": float}))
    assert inputs["used"].tolist() == [True, False, False, False, False]
    assert inputs["set_aside_because"].tolist()[1:] == [
        "not_current",
        "no_central_value",
        "other_currency",
        "weaker_basis",
    ]


def test_reviewed_estimates_come_before_imported_ones_and_late_vintages_before_early_ones() -> None:
    rows = [
        ("a", "read", 1.0, "repeated", "read", "paper"),
        ("a", "imported", 2.0, "estimated", "snapshot", "late"),
        ("b", "early", 3.0, "estimated", "snapshot", "early"),
        ("b", "late", 4.0, "repeated", "snapshot", "late"),
        ("b", "other", 6.0, "repeated", "snapshot", "elsewhere"),
    ]
    names = ["model_id", "estimate_id", "value", "basis", "verification", "source_id"]
    estimates = pd.DataFrame(rows, columns=names).assign(
        quantity_id="training_compute", unit="FLOP", status="current", currency=None, limit=None,
        low=np.nan, high=np.nan, level=np.nan,
    )  # fmt: skip
    sources = pd.DataFrame(
        {
            "source_id": ["paper", "early", "late", "elsewhere"],
            "publisher": ["arXiv", "Epoch AI", "Epoch AI", "Other"],
            "published": pd.to_datetime(["2020-01-01", "2025-04-01", "2026-07-19", "2021-01-01"]),
        }
    )
    inputs = evaluation_inputs(estimates, sources).set_index("estimate_id")["set_aside_because"]
    assert inputs.dropna().to_dict() == {"imported": "imported", "early": "earlier_vintage"}
    reviewed = evaluation_inputs(estimates[estimates["verification"] == "read"], sources)
    assert reviewed["used"].tolist() == [True]


def test_an_imported_publication_that_was_an_announcement_does_not_count() -> None:
    frames = {name: diffdata.load(name) for name in (*SUMMARY_TABLES, "model_domains", "sources")}
    summary = model_summary(**frames).set_index("model_id")
    assert str(summary.loc["alphafold-2", "published"])[:10] == "2021-07-15"
    dates = frames["model_dates"]
    public = dates["milestone"].isin(["announced", "published"])
    public &= dates["model_variant"] == "main"
    undated = summary.index[summary["published"].isna()]
    assert not set(undated) & set(dates.loc[public, "model_id"])  # else the announcement counts
    assert summary.loc["gpt-3", "training_cost_usd"] == 12e6
