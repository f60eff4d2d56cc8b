"""Lags between groups at levels are those that a naive search over the reports finds."""

import datetime
import random
from typing import Any

import pandas as pd
import polars as pl
import pytest

from diffdata.derive import nth_lag, threshold_lag
from diffdata.errors import DiffdataError, InvalidInputError

# Benchmark, model, score, day, group; frozen from a benchmarking hub of May 2026, with ties added.
REPORTS = [
    ("gpqa", "gpt-4-0314", 36.0, "2023-03-14", "closed"),
    ("gpqa", "claude-3-opus", 50.4, "2024-03-04", "closed"),
    ("gpqa", "gpt-4o", 49.2, "2024-05-13", "closed"),
    ("gpqa", "o1-preview", 70.2, "2024-09-12", "closed"),
    ("gpqa", "o3", 82.8, "2025-04-16", "closed"),
    ("gpqa", "gemini-3", 92.6, "2025-11-18", "closed"),
    ("gpqa", "llama-2-70b", 26.3, "2023-07-18", "open"),
    ("gpqa", "llama-3-70b", 39.5, "2024-04-18", "open"),
    ("gpqa", "llama-3.1-405b", 51.1, "2024-07-23", "open"),
    ("gpqa", "deepseek-r1", 71.5, "2025-01-20", "open"),
    ("math", "gpt-4-0314", 30.0, "2023-03-14", "closed"),
    ("math", "twin-b", 60.0, "2024-06-01", "closed"),
    ("math", "twin-a", 60.0, "2024-06-01", "closed"),
    ("math", "early-open", 65.0, "2024-01-10", "open"),
    ("closed-only", "gpt-4-0314", 10.0, "2023-03-14", "closed"),
]
AS_OF = datetime.date(2026, 5, 1)


def frame(reports: Any = REPORTS, **columns: Any) -> pd.DataFrame:
    names = ["benchmark", "model_id", "score", "date", "group"]
    made = pd.DataFrame(reports, columns=names).assign(**columns)
    return made.assign(date=pd.to_datetime(made["date"]))


def lags(scores: Any, **options: Any) -> Any:
    given: dict[str, Any] = {"leader": "closed", "follower": "open", "as_of": AS_OF}
    options = given | options
    return threshold_lag(scores, "benchmark", **options)


def naive(benchmark: str, level: float) -> Any:
    """Return the days between the first closed and the first open model, by hand."""
    first: dict[str, datetime.date] = {}
    for name, _, score, day, group in REPORTS:
        date = datetime.date.fromisoformat(day)
        if name == benchmark and score >= level:
            first[group] = min(date, first.get(group, date))
    if "open" not in first:
        return None
    return (first["open"] - first["closed"]).days if "closed" in first else "not led"


@pytest.mark.parametrize("level", [20, 36, 50, 51.1, 60, 70.2, 71.6, 93])
@pytest.mark.parametrize("benchmark", ["gpqa", "math"])
def test_each_threshold_has_the_lag_that_is_found_by_hand(benchmark: str, level: float) -> None:
    found = lags(frame([r for r in REPORTS if r[0] == benchmark]), thresholds=[level])
    expected = naive(benchmark, level)
    if found.empty:  # nobody reached it
        assert all(score < level for name, _, score, *_ in REPORTS if name == benchmark)
    elif isinstance(expected, int):
        assert found[["lag_days_low", "lag_days_high"]].values.tolist() == [[expected] * 2]
    else:
        assert found["status"].item() == ("not_reached" if expected is None else "not_led")


def test_records_of_the_leader_are_the_thresholds_and_each_pair_counts_once() -> None:
    found = lags(frame()).set_index("benchmark")
    gpqa = found.loc["gpqa"]
    assert gpqa["threshold"].tolist() == [36.0, 50.4, 70.2, 82.8, 92.6]
    assert gpqa["status"].tolist() == ["reached"] * 3 + ["not_reached"] * 2
    assert gpqa["lag_days_low"].tolist() == [401, 141, 130, 380, 164]
    assert gpqa["lag_days_high"].isna().tolist() == [False] * 3 + [True] * 2
    pairs = lags(frame(), thresholds=[40, 45, 50])
    gpqa = pairs[pairs["benchmark"] == "gpqa"]
    assert gpqa[["threshold_from", "threshold"]].values.tolist() == [[40.0, 50.0]]


def test_the_view_of_the_follower_sees_where_it_leads() -> None:
    found = lags(frame(), view="follower").set_index("benchmark")
    assert found.loc["gpqa", "threshold"].tolist() == [26.3, 39.5, 51.1, 71.5]
    assert found.loc["gpqa", "leader"].tolist() == [
        "gpt-4-0314", "claude-3-opus", "o1-preview", "o3",
    ]  # fmt: skip
    assert found.loc["gpqa", "lag_days_low"].tolist() == [126, 45, -51, -86]
    math = found.loc["math"]
    assert (math["status"], math["follower"]) == ("not_led", "early-open")
    assert math["lag_days_high"] == (datetime.date(2024, 1, 10) - AS_OF).days
    both = lags(frame(), view="both")
    once = both.drop_duplicates(["benchmark", "leader", "follower"])
    assert len(once) == len(both)


def test_the_order_of_rows_says_nothing_and_ties_are_listed() -> None:
    expected = lags(frame())
    for seed in range(5):
        mixed = random.Random(seed).sample(REPORTS, len(REPORTS))
        pd.testing.assert_frame_equal(lags(frame(mixed)), expected)
    tie = expected[(expected["benchmark"] == "math") & (expected["threshold"] == 60)].squeeze()
    assert (tie["leader"], tie["leader_candidates"]) == ("twin-a", "twin-a; twin-b")
    assert tie["lag_days_low"] == -143
    assert tie["lag_negative"]


def first_days(reports: Any, level: float, group: str) -> Any:
    """Return the first and the last day on which a group may have reached a level, by hand."""
    spans = [
        pd.Period(day, "M" if precision == "month" else "D")
        for _, score, day, precision, of in reports
        if of == group and score >= level
    ]
    starts = [span.start_time.date() for span in spans]
    ends = [span.end_time.date() for span in spans]
    return (min(starts), min(ends)) if spans else None


@pytest.mark.parametrize("seed", range(40))
def test_each_level_has_its_own_lag_where_models_have_several_reports(seed: int) -> None:
    draw = random.Random(seed)
    reports = [
        (f"m{draw.randrange(5)}", float(draw.randrange(8)),
         f"{draw.choice([2023, 2024])}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
         draw.choice(["day", "day", "month"]), "")
        for _ in range(14)
    ]  # fmt: skip
    reports = [(name, *rest, "closed" if name < "m2" else "open") for name, *rest, _ in reports]
    names = ["model_id", "score", "date", "date_precision", "group"]
    scores = pd.DataFrame(reports, columns=names).astype({"date": "datetime64[ns]"})
    levels = sorted(set(scores["score"]))
    found = threshold_lag(scores, leader="closed", follower="open", thresholds=levels, as_of=AS_OF)
    for level in levels:
        one, other = (first_days(reports, level, group) for group in ("closed", "open"))
        row = found[(found["threshold_from"] <= level) & (level <= found["threshold"])].squeeze()
        if one and other:
            days = ((other[0] - one[1]).days, (other[1] - one[0]).days)
            assert (row["lag_days_low"], row["lag_days_high"]) == days
        elif one:
            assert row["lag_days_low"] == (AS_OF - one[1]).days
        else:
            assert row["status"] == "not_led"


def test_a_month_gives_an_interval_with_all_who_may_be_first() -> None:
    scores = frame([
        ("b", "leader", 50.0, "2024-01-10", "closed"),
        ("b", "in-march", 55.0, "2024-03-01", "open"),
        ("b", "on-a-day", 60.0, "2024-03-20", "open"),
    ]).assign(date_precision=["day", "month", "day"])  # fmt: skip
    found = lags(scores).squeeze()
    assert (found["lag_days_low"], found["lag_days_high"]) == (51, 70)
    assert found["follower_candidates"] == "in-march; on-a-day"
    assert found["follower_date_precision"] == "month"


def test_what_comes_after_the_day_has_not_happened() -> None:
    found = lags(frame(), as_of=datetime.date(2024, 12, 31)).set_index("threshold")
    assert found.loc[70.2, "status"] == "not_reached"
    assert found.loc[70.2, "lag_days_low"] == 110
    assert 82.8 not in found.index


def test_groups_without_members_have_no_pairs_or_censored_ones() -> None:
    for leader, follower in (("CN", "US"), ("closed", "opne"), ("closed", "closed")):
        with pytest.raises(DiffdataError, match=r"no group named|expected two groups"):
            lags(frame(), leader=leader, follower=follower)
    alone = lags(frame([r for r in REPORTS if r[0] == "closed-only"]))
    assert alone[["status", "threshold"]].values.tolist() == [["not_reached", 10.0]]
    incomplete = frame().assign(group=None)
    assert lags(incomplete).empty


def test_less_is_better_where_it_is_said() -> None:
    scores = frame([
        ("p", "a", 20.0, "2020-01-01", "closed"), ("p", "b", 10.0, "2021-01-01", "closed"),
        ("p", "c", 15.0, "2020-07-01", "open"),
    ])  # fmt: skip
    found = lags(scores, best="lowest")
    assert found[["threshold", "status"]].values.tolist() == [
        [20.0, "reached"], [10.0, "not_reached"],
    ]  # fmt: skip


def test_other_libraries_give_the_same() -> None:
    scores = frame()
    expected = lags(scores)[["threshold", "lag_days_low", "lag_days_high"]]
    polars = pl.DataFrame(scores.to_dict("list"))
    for given in (polars, polars.lazy()):
        found = lags(given)
        found = found.collect() if isinstance(found, pl.LazyFrame) else found
        rows = found[["threshold", "lag_days_low", "lag_days_high"]].rows()
        assert rows == [tuple(None if pd.isna(c) else c for c in r) for r in expected.to_numpy()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"view": "leaders"}, "view: expected one of"),
        ({"best": "low"}, "best: expected"),
        ({"group": "access"}, "no column 'access'"),
    ],
)
def test_wrong_arguments_have_one_clear_message(options: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        lags(frame(), **options)
    with pytest.raises(InvalidInputError, match="score: expected finite numbers, found inf"):
        lags(frame([*REPORTS, ("b", "x", float("inf"), "2024-01-01", "open")]))


def test_the_nth_organization_is_counted_once_at_its_first_model() -> None:
    figures = pd.DataFrame({
        "organization_id": ["a", "a", "b", "c", "c"],
        "value": [2e25, 9e25, 3e25, 5e24, 4e25],
        "date": pd.to_datetime(
            ["2023-03-14", "2024-05-13", "2023-12-06", "2023-01-01", "2024-06-01"]
        ),
        "date_precision": ["day", "day", "day", "day", "month"],
    })  # fmt: skip
    found = nth_lag(figures, n=3, thresholds=[1e25, 1e26], as_of=AS_OF)
    one, none = (found.iloc[place] for place in range(2))
    assert (one["members"], one["first"], one["nth"]) == (3, "a", "c")
    assert (one["lag_days_low"], one["lag_days_high"]) == (445, 474)
    assert (none["members"], none["status"]) == (0, "not_stated")
    assert none[["lag_days_low", "lag_days_high"]].isna().all()
    with pytest.raises(InvalidInputError, match="n: expected a whole number from 2 up"):
        nth_lag(figures, n=1, thresholds=[1e25])
