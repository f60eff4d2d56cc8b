"""The clocks: their derivations, the overview on any edition, and what it says of bad questions."""

import datetime
import doctest
import json
import math
import random
import re
from typing import Any

import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner, Result

import diffdata
from diffdata import cli, derive
from diffdata.answers import clocks
from diffdata.answers.state import all_clocks
from diffdata.derive.trends import leading
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.package.packages import open_dataset

from .conftest import ROOT

NAMES = [
    "replication", "access", "benchmark", "index", "compute", "price", "hardware", "frontier",
]  # fmt: skip
KEYS = [
    "clock", "group", "reference", "follower", "threshold", "n", "censored", "median", "low",
    "high", "level", "unit", "trend", "as_of", "note",
]  # fmt: skip
TABLES = clocks.CLOCKS["benchmark"].tables


def scores(rows: Any, **columns: Any) -> pd.DataFrame:
    names = ["model_id", "score", "date", "group"]
    made = pd.DataFrame(rows, columns=names).assign(**columns)
    return made.assign(date=pd.to_datetime(made["date"]))


REPORTS = [
    ("a", 36.0, "2023-03-14", "closed"), ("b", 50.0, "2024-03-04", "closed"),
    ("c", 70.0, "2024-09-12", "closed"), ("d", 40.0, "2024-04-18", "open"),
    ("e", 50.0, "2024-07-23", "open"), ("f", 71.0, "2025-01-20", "open"),
]  # fmt: skip


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


# --- derivations


@pytest.mark.parametrize("seed", range(4))
def test_the_median_of_positive_lags_is_that_of_the_survival_curve(seed: int) -> None:
    draw = random.Random(seed)
    low = [draw.randint(0, 40) for _ in range(25)]
    lags = pd.DataFrame({
        "lag_days_low": low, "lag_days_high": [x if draw.random() < 0.7 else None for x in low],
    })  # fmt: skip
    found, expected = derive.median_lag(lags).squeeze(), derive.median_time(lags).squeeze()
    assert found["rows"] == expected["rows"]
    assert found["censored"] == expected["rows"] - expected["events"]
    assert found["median"] == expected["median"]
    assert found["median_low"] <= found["median"]


def test_the_median_may_be_negative_or_not_reached() -> None:
    lags = pd.DataFrame({
        "g": ["a"] * 3 + ["b"] * 3, "lag_days_low": [-30, -20, 5, 10, 20, 30],
        "lag_days_high": [-30, -20, 5, None, None, None],
    })  # fmt: skip
    found = derive.median_lag(lags, "g").set_index("g")
    assert found.loc["a", "median"] == -20
    assert found.loc["b", ["censored", "rows"]].tolist() == [3, 3]
    assert found.loc["b", ["median", "median_low", "median_high"]].isna().all()
    above = pd.DataFrame({"lag_days_low": [None, 7.0], "lag_days_high": [-9.0, 7.0]})
    assert derive.median_lag(above)["median"].item() == -1  # between the two ends
    assert derive.median_lag(lags.iloc[:0]).empty


def test_whole_clusters_are_resampled() -> None:
    """Copies of a lag within its cluster say nothing new."""
    days = [10, 20, 30, 40, 50, 60, 70]
    once = pd.DataFrame({"lag_days_low": days, "lag_days_high": days, "of": [*"abcdefg"]})
    copies = pd.concat([once] * 9, ignore_index=True)
    interval = ["median_low", "median_high"]
    expected = derive.median_lag(once)[interval].values.tolist()
    assert derive.median_lag(copies, cluster="of")[interval].values.tolist() == expected
    narrow = derive.median_lag(copies)[interval].values.tolist()
    assert narrow != expected
    shuffled = copies.sample(frac=1, random_state=3)
    assert derive.median_lag(shuffled, cluster="of")[interval].values.tolist() == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, "level"), ({"seed": -1}, "seed"), ({"cluster": "no"}, "no column 'no'"),
        ({"low": "lag_days_high", "high": "lag_days_low"}, "expected lag_days_high up to"),
    ],
)  # fmt: skip
def test_bad_medians_have_one_message(options: dict[str, Any], message: str) -> None:
    lags = pd.DataFrame({"lag_days_low": [1], "lag_days_high": [2]})
    with pytest.raises(InvalidInputError, match=message):
        derive.median_lag(lags, **options)


def naive_gap(day: datetime.date, margin: float = 0) -> float | None:
    reports = [(s, datetime.date.fromisoformat(d), g) for _, s, d, g in REPORTS]
    best = max((s for s, d, g in reports if g == "open" and d <= day), default=None)
    if best is None:
        return None
    better = [d for s, d, g in reports if g == "closed" and s > best + margin and d <= day]
    return float((day - min(better)).days) if better else 0.0


@pytest.mark.parametrize("margin", [0, 5, 40])
@pytest.mark.parametrize("day", ["2024-01-01", "2024-04-18", "2024-08-01", "2024-12-31",
                                 "2025-02-01"])  # fmt: skip
def test_the_gap_of_a_day_is_the_one_found_by_hand(day: str, margin: float) -> None:
    on = datetime.date.fromisoformat(day)
    for rows in (REPORTS, random.Random(1).sample(REPORTS, len(REPORTS))):
        gap = derive.frontier_gap(
            scores(rows), leader="closed", follower="open", days=[on], margin=margin
        )
        expected = naive_gap(on, margin)
        assert gap["gap_days"].tolist() == ([] if expected is None else [expected])


def test_days_are_dates_or_texts_of_dates() -> None:
    reports = scores(REPORTS)
    groups = {"leader": "closed", "follower": "open"}
    day, text = datetime.date(2024, 12, 31), "2024-12-31"
    for function, name, extra in (
        (derive.threshold_lag, "as_of", groups), (derive.frontier_gap, "days", groups),
        (derive.lowest_prices, "as_of", {"price": "score"}),
        (derive.nth_lag, "as_of", {"member": "group", "value": "score", "n": 2,
                                   "thresholds": [40]}),
    ):  # fmt: skip
        found, expected = (function(reports, **extra, **{name: one}) for one in (text, day))
        pd.testing.assert_frame_equal(found, expected)
        with pytest.raises(InvalidInputError, match=f"{name}: expected a date like .* 'soon'"):
            function(reports, **extra, **{name: "soon"})
        with pytest.raises(InvalidInputError, match=r"column 'date': expected dates.*to_datetime"):
            function(reports.assign(date="2024-12-31"), **extra)
    assert len(derive.frontier_gap(reports, **groups, days=[day, text])) == 1  # type: ignore[arg-type]
    tables = [diffdata.load(name, "2026.2") for name in ("model_dates", "artifacts")]
    pd.testing.assert_frame_equal(
        derive.access_lag(*tables, as_of="2022-12-31"),
        derive.access_lag(*tables, as_of=datetime.date(2022, 12, 31)),
    )


def test_the_gap_counts_a_month_as_its_middle_and_needs_both_groups() -> None:
    month = scores([("a", 50.0, "2024-03-01", "closed"), ("b", 40.0, "2024-03-20", "open")],
                   date_precision=["month", "day"])  # fmt: skip
    gap = derive.frontier_gap(month, leader="closed", follower="open").squeeze()
    assert (gap["follower"], gap["leader"], gap["gap_days"]) == ("b", "a", 4)
    closed = month[month["group"] == "closed"]
    assert derive.frontier_gap(closed, leader="closed", follower="CN").empty
    with pytest.raises(UnknownNameError, match=r"no group named 'CN'\. Known: closed, open"):
        derive.frontier_gap(month, leader="closed", follower="CN")
    with pytest.raises(InvalidInputError, match="margin"):
        derive.frontier_gap(month, leader="closed", follower="open", margin=math.nan)


OFFERS = [
    ("a", 86.0, 37.5, "2023-03-14"), ("b", 82.0, 0.26, "2024-07-18"),
    ("c", 88.0, 4.4, "2024-08-06"), ("a", 86.0, 15.0, "2023-11-06"),
    ("a", 86.0, 60.0, "2024-01-01"),
]  # fmt: skip


@pytest.mark.parametrize("threshold", [80.0, 85.0, 87.0, 99.0])
def test_the_lowest_price_is_the_one_found_by_hand(threshold: float) -> None:
    expected: list[tuple[str, float]] = []
    for name, score, price, _ in sorted(OFFERS, key=lambda offer: offer[3]):
        if score >= threshold and price < min((p for _, p in expected), default=math.inf):
            expected.append((name, price))
    for rows in (OFFERS, OFFERS[::-1]):
        offers = pd.DataFrame(rows, columns=["model_id", "score", "price", "date"])
        offers["date"] = pd.to_datetime(offers["date"])
        found = derive.lowest_prices(offers, thresholds=[threshold])
        assert list(found[["model", "price"]].itertuples(index=False, name=None)) == expected
        early = derive.lowest_prices(
            offers, thresholds=[threshold], as_of=datetime.date(2023, 12, 31)
        )
        assert len(early) == sum(name == "a" and price < 60 for name, price in expected)


def test_free_and_incomplete_offers_are_no_prices() -> None:
    offers = pl.DataFrame({
        "model_id": ["a", "b"], "score": [1.0, 2.0], "price": [None, 3.0],
        "date": [datetime.date(2024, 1, 1)] * 2,
    })  # fmt: skip
    assert derive.lowest_prices(offers)["model"].to_list() == ["b"]
    with pytest.raises(InvalidInputError, match="price: expected finite numbers above 0"):
        derive.lowest_prices(offers.with_columns(price=pl.lit(0.0)))


# --- the overview


def test_every_clock_says_what_it_is_made_of() -> None:
    assert list(clocks.CLOCKS) == NAMES
    for clock in clocks.CLOCKS.values():
        assert all(hasattr(derive, name) for name in clock.functions)
        assert set(clock.tables) <= set(diffdata.tables())


def test_the_overview_has_all_clocks() -> None:
    found = diffdata.lags()
    assert list(found.columns) == KEYS
    assert found["clock"].unique().tolist() == NAMES
    measured = found[found["median"].notna()]
    assert set(measured["clock"]) >= set(NAMES) - {"access"}
    bounded = measured.dropna(subset=["low", "high"])
    assert (bounded["low"] <= bounded["median"]).all()
    assert (bounded["median"] <= bounded["high"]).all()
    assert (found["censored"] <= found["n"]).all()
    assert found["as_of"].notna().all()


def test_an_old_edition_says_which_clocks_it_cannot_run() -> None:
    found = diffdata.lags(version="2026.2").set_index("clock")
    assert set(found.index) == set(NAMES)
    assert found.loc["price", "note"] == "cannot be computed: 2026.2.0 lacks api_prices"
    assert "hardware_prices" in found.loc["hardware", "note"]
    better = found.loc["replication"].set_index("group").loc["better model"]
    assert (better["n"], better["censored"]) == (2, 1)
    weights = found.loc["access"]
    assert weights[["n", "censored", "trend"]].tolist() == [22, 13, "59% closed"]


def test_a_day_after_the_data_says_no_more_than_the_data() -> None:
    """What has not happened by the last day of the data is not known to be missing later."""
    for name in ("replication", "access", "benchmark", "compute"):
        now, later = (
            diffdata.lags(name, version="2026.2", as_of=day) for day in (None, "2100-01-01")
        )
        pd.testing.assert_frame_equal(later, now)


def test_what_came_later_has_not_happened() -> None:
    """Of the reference GPT-3 alone: Gopher was finished in December 2020."""
    each = diffdata.lags("replication", by="each", version="2026.2", as_of="2020-11-30")
    gpt_3 = each[(each["reference"] == "gpt-3") & (each["group"] == "better model")]
    assert (gpt_3["censored"] == 1).all()
    late = diffdata.lags("replication", by="each", version="2026.2", as_of="2021-12-31")
    gpt_3 = late[(late["reference"] == "gpt-3") & (late["group"] == "better model")].squeeze()
    assert gpt_3[["follower", "low", "high"]].tolist() == ["gopher", 187, 217]
    nothing = diffdata.lags("index", as_of="1990-01-01").squeeze()
    assert (nothing["n"], nothing["note"][:18]) == (0, "nothing to measure")


@pytest.mark.parametrize("benchmark", ["gpqa-diamond", "math-level-5", "frontiermath",
                                       "simplebench", "weirdml"])  # fmt: skip
def test_lags_are_those_of_the_reports(benchmark: str) -> None:
    """By a search over the rows of the tables that shares no code with the clocks."""
    source = "epoch-benchmarks-2026-05"
    rows = diffdata.load("evaluations")
    rows = rows[(rows["benchmark"] == benchmark) & (rows["source_id"] == source)]
    dates = diffdata.load("model_dates")
    dates = dates[dates["milestone"].isin(["published", "announced"])].sort_values("date")
    versions = dates[dates["model_variant"] != "main"]
    of_version = versions.groupby("model_variant")["date"].min().to_dict()
    weights = diffdata.load("artifacts").dropna(subset=["available"])
    weights = weights[(weights["artifact_kind"] == "weights") & weights["variant"].isna()]
    weights = weights[weights["access"].isin(["open", "on_request"])]
    released = weights.groupby("model_id")["available"].min().to_dict()
    summary = diffdata.load("model_summary").set_index("model_id")
    reports = []
    for row in rows.to_dict("records"):
        version, model = str(row["model_version"]), row["model_id"]
        stem = version.rpartition("_")[0]
        day = of_version.get(version, of_version.get(stem, summary.loc[model, "published"]))
        access = summary.loc[model, "weights_access"]
        if pd.isna(day) or pd.isna(access):
            continue
        is_open = access in ("open", "on_request")
        day = max(day, released.get(model, day)) if is_open else day
        reports.append((day, row["score"], is_open))
    each = diffdata.lags(benchmark=benchmark, source=source, by="each")
    assert len(each)
    for lag in each.to_dict("records"):
        first = {
            group: min((day for day, score, is_open in reports
                        if is_open == group and score >= lag["threshold"]), default=None)
            for group in (True, False)
        }  # fmt: skip
        assert bool(lag["censored"]) == (first[True] is None)
        if first[True] is not None and first[False] is not None and lag["low"] == lag["high"]:
            assert lag["low"] == (first[True] - first[False]).days


def test_versions_of_one_name_have_the_dates_of_their_own_models() -> None:
    # Two models have a version of one name; the name of another says enough for a third model.
    tables = clocks._Tables(open_dataset(), TABLES)
    dates, scores = tables["model_dates"], tables["evaluations"]
    first, second, third = sorted(set(scores["model_id"]))[:3]
    named = [(first, "v1", "2031-01-01"), (second, "v1", "2032-01-01"), (first, "v2", "2033-01-01")]
    rows = [
        dates.iloc[[0]].assign(model_id=model, milestone="published", model_variant=version,
                               date=pd.Timestamp(day), date_precision="day")
        for model, version, day in named
    ]  # fmt: skip
    tables["model_dates"] = pd.concat([dates, *rows], ignore_index=True)
    chosen = scores[scores["benchmark"] == "mmlu"].iloc[[0]]
    asked = [(first, "v1"), (second, "v1_high"), (third, "v2"), (third, "v1")]
    tables["evaluations"] = pd.concat(
        [chosen.assign(model_id=model, model_version=version) for model, version in asked],
        ignore_index=True,
    )
    found = tables.reports.set_index(["model_id", "model_version"])["date"].dt.year.to_dict()
    own = tables.models.set_index("model_id")["published"].dt.year.to_dict()
    assert (found[first, "v1"], found[second, "v1_high"]) == (2031, 2032)
    assert found[third, "v2"] == 2033
    assert found[third, "v1"] == own[third] or pd.isna(own[third])


def test_a_name_of_several_models_is_none_of_theirs() -> None:
    tables = clocks._Tables(open_dataset(), ("evaluations", "model_dates", "models", "aliases"))
    versions, models = tables["model_dates"], tables["models"]
    version = versions.loc[versions["model_variant"] != "main", "model_variant"].iloc[0]
    assert tables.sold_as.get(version)
    twice = models.iloc[:2].assign(name=version)
    tables = clocks._Tables(open_dataset(), ("evaluations", "model_dates", "models", "aliases"))
    tables["models"] = pd.concat([models, twice], ignore_index=True)
    assert version not in tables.sold_as


def test_one_source_is_compared_unless_all_are_asked_for() -> None:
    one = diffdata.lags(benchmark="gpqa-diamond", by="each")
    same = diffdata.lags(benchmark="gpqa-diamond", by="each", source="epoch-benchmarks-2026-05")
    pd.testing.assert_frame_equal(one, same)
    both = diffdata.lags(benchmark="gpqa-diamond", by="each", source="all")
    assert not both["threshold"].equals(one["threshold"])


def test_the_order_of_rows_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ["replication", "benchmark", "index", "compute", "price", "frontier"]
    expected = {name: diffdata.lags(name) for name in chosen}
    original = clocks.to_engine

    def shuffled(table: Any, engine: str) -> Any:
        return original(table, engine).sample(frac=1, random_state=1).reset_index(drop=True)

    monkeypatch.setattr(clocks, "to_engine", shuffled)
    for name, before in expected.items():
        pd.testing.assert_frame_equal(diffdata.lags(name), before)


def test_a_benchmark_without_open_models_is_censored_and_says_so() -> None:
    tables = clocks._Tables(open_dataset(), TABLES)
    grouped = tables.grouped(tables.scores(None), "closed", "open")
    counts = grouped.groupby(["benchmark", "group"])["model_id"].nunique().unstack(fill_value=0)
    alone = counts.index[(counts["open"] == 0) & (counts["closed"] > 3)][0]
    found = diffdata.lags(benchmark=alone).iloc[0]
    assert found["n"] == found["censored"] > 0
    assert found["note"] == f"models tested: {counts.loc[alone, 'closed']} closed, 0 open"
    assert alone not in set(diffdata.lags("benchmark", by="benchmark")["group"])
    unled = counts.index[(counts["closed"] == 0) & (counts["open"] > 0)][0]
    nothing = diffdata.lags(benchmark=unled).squeeze()
    assert nothing["n"] == 0
    assert nothing["note"] == f"models tested: 0 closed, {counts.loc[unled, 'open']} open"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clock": "indx"}, "no clock named 'indx'; did you mean index?"),
        ({"benchmark": "gpqa-diamnd"}, "no benchmark named .* did you mean gpqa-diamond?"),
        ({"clock": "index", "by": "yaer"}, "no grouping of the clock index .*mean year?"),
        ({"by": "year"}, "by: name the clock"),
        ({"clock": "hardware", "benchmark": "mmlu"}, "the clock hardware has none"),
        ({"clock": "index", "leader": "us"}, "no group named 'us'; did you mean US?"),
        ({"clock": "hardware", "leader": "US"}, "the clock hardware has no groups"),
        ({"clock": "hardware", "source": "all"}, "the clock hardware compares no scores"),
        ({"clock": "index", "source": "epoch"}, "no source of scores named 'epoch'"),
        ({"clock": "index", "follower": "opne"}, "no group named 'opne'; did you mean open?"),
        ({"clock": "index", "follower": "closed"}, "expected two groups"),
        ({"as_of": "yesterday"}, "as_of: expected a date like 2024-06-01"),
        ({"level": 0}, "level: expected above 0"),
        ({"against": "2026.2", "clock": "index", "by": "each"}, "single lags cannot be compared"),
    ],
)
def test_bad_questions_have_one_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises((UnknownNameError, InvalidInputError), match=message) as raised:
        diffdata.lags(**options)
    assert "\n" not in str(raised.value)


def test_other_groups_and_artifacts() -> None:
    chips = diffdata.lags("index", leader="gpu", follower="tpu", by="each")
    assert chips["n"].sum() == len(chips) > 0
    countries = diffdata.lags("index", leader="US", follower="CN")
    assert countries[["reference", "follower"]].values.tolist()[0] == ["US", "CN"]
    artifacts = diffdata.lags("access", by="artifact", version="2026.2").set_index("group")
    assert set(artifacts.index) <= {"weights", "training_code", "training_data", "api"}
    weights = diffdata.lags("access", version="2026.2").squeeze()
    assert artifacts.loc["weights", "n"] == weights["n"]
    assert artifacts.loc["weights", "note"] == weights["note"] == "2 undated"


def test_what_moved_is_split_into_data_and_time() -> None:
    found = diffdata.lags("replication", against="2026.2").set_index("group")
    then = diffdata.lags("replication", version="2026.2").set_index("group")
    assert found.loc["better model", "median_then"] == then.loc["better model", "median"]
    day = then["as_of"].max().date()
    same = diffdata.lags("replication", as_of=day).set_index("group")
    assert found.loc["better model", "median_same_day"] == same.loc["better model", "median"]


@pytest.mark.parametrize("width", [80, 100])
def test_the_screen_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("lags").output.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 60
    for name in NAMES:
        assert sum(line.startswith(f"{name}: ") for line in lines) == 1
    assert "traceback" not in " ".join(lines).lower()


def test_json_has_the_keys_that_are_promised() -> None:
    rows = json.loads(run("lags", "--clock", "index", "--by", "each", "-f", "json").stdout)
    assert [*rows[0]] == KEYS
    assert all(row["n"] == 1 and row["censored"] in (0, 1) for row in rows)
    censored = next(row for row in rows if row["censored"])
    assert (censored["follower"], censored["high"], censored["median"]) == (None, None, None)
    assert run("lags", "--clock", "index", "-f", "csv").stdout.startswith(",".join(KEYS))


def test_the_examples_of_the_documentation() -> None:
    found = doctest.testfile(str(ROOT / "docs/clocks.md"), module_relative=False)
    assert found.attempted
    assert not found.failed


def test_the_growth_of_cost_differs_from_the_study_by_what_the_documentation_says() -> None:
    text = (ROOT / "docs/clocks.md").read_text(encoding="utf-8")
    stated = {
        cells[0]: [float(cells[3]), *map(float, cells[4].split(" to "))]
        for line in text.splitlines()
        if (cells := [cell.strip() for cell in line.strip("|").split("|")]) and len(cells) == 5
        and re.fullmatch(r"[\d.]+ to [\d.]+", cells[4])
    }  # fmt: skip
    estimates, models = diffdata.load("estimates"), diffdata.load("model_summary")
    costs = estimates[estimates["quantity_id"] == "training_cost"]
    printed = costs[costs["source_id"] == "epoch-training-cost-trends"]
    now = costs.loc[
        costs["estimate_id"] == "alphago-zero-training-cost-epoch-models-2026-07", "value"
    ].item()
    lowered = printed.assign(
        value=printed["value"].mask(printed["model_id"] == "alphago-zero", now)
    )

    def greatest(until: str) -> pd.DataFrame:
        known = models[models["training_compute_flop"].notna()]
        known = known[known["published"].between("2015-10-01", until)]
        kept = leading(known["published"].tolist(), known["training_compute_flop"].tolist(), 10)
        named = {"published": "as_of", "training_cost_usd": "value"}
        return known.iloc[kept].rename(columns=named).dropna(subset=["value"])

    frames = [printed, lowered, greatest("2023-12-31"), greatest("2025-12-31")]
    assert len(stated) == len(frames)
    for expected, frame in zip(stated.values(), frames, strict=True):
        found = diffdata.growth_rate(frame, date="as_of", value="value").squeeze()
        parts = ["factor_per_year", "factor_per_year_low", "factor_per_year_high"]
        assert found[parts].tolist() == pytest.approx(expected, rel=0.03)  # new rows may come


def test_pages_show_the_trend_of_a_clock_and_not_its_unit() -> None:
    found = diffdata.lags(clock="access", version="2026.2")
    headings, *body = all_clocks(found)
    trends = [row[headings.index("trend")] for row in body]
    assert trends == found["trend"].fillna("").tolist()
    assert any("closed" in trend for trend in trends)
