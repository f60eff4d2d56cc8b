"""Plots: their data, which equal the derivations; files of each format; one line for a mistake."""

import doctest
import importlib
import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import diffdata
from diffdata import cli, derive, plot
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.package.packages import open_dataset
from diffdata.plot import theme
from diffdata.plot.theme import LogScale, labels
from diffdata.reproduce import reproduce

from .conftest import ROOT
from .test_cli import main

DATA: dict[str, pd.DataFrame] = {}
DRAWN = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("altair", "vl_convert")),
    reason="altair or vl-convert-python is not installed: pip install 'diffdata[plot]'",
)


def data(name: str) -> pd.DataFrame:
    """Return the data of a plot of the current dataset, made once."""
    if name not in DATA and name == "ledger":  # a part of it, for it takes long
        dataset = open_dataset()
        some = diffdata.load("calculations")["calculation_id"][::6]
        DATA[name] = plot.ledger.data(reproduce(dataset, only=some))
        DATA[name].attrs["version"] = dataset.version
    elif name not in DATA:
        DATA[name] = plot.PLOTS[name].data_of_dataset()
    return DATA[name]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli.app, ["plot", *map(str, words)])


def values(chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every row that a specification contains."""
    for rows in chart["datasets"].values():
        yield from rows


@pytest.mark.parametrize("name", plot.PLOTS)
def test_every_plot_has_data_a_title_and_a_caption(name: str) -> None:
    found = data(name)
    assert len(found)
    assert found.attrs["title"].strip()
    assert " nan" not in found.attrs["title"] + found.attrs["subtitle"] + found.attrs["caption"]
    caption = theme.caption_of(found)
    assert caption.startswith("diffdata 20")
    assert re.search(r"CC BY 4\.0; n = \d", caption)


@DRAWN
@pytest.mark.parametrize("name", plot.PLOTS)
def test_every_plot_draws_its_data(name: str) -> None:
    """The labels, ids and numbers of the data are in the chart."""
    found = data(name)
    chart = plot.PLOTS[name].chart(found).to_dict()
    key = next(c for c in ("estimate_id", "model_id", "calculation_id", "forecast_id",
                           "technique_id", "hardware_id", "artifact_id", "time")
               if c in found)  # fmt: skip
    drawn = {row[key] for row in values(chart) if key in row}
    assert set(found[key].dropna()) <= drawn
    assert found.attrs["title"].split()[0] in json.dumps(chart)


def test_the_frontier_is_what_no_earlier_model_exceeded() -> None:
    found = data("training-compute")
    leaders = found[found["frontier"]]
    assert leaders["value"].is_monotonic_increasing
    assert (found["value"].cummax()[~found["frontier"]] >= found["value"][~found["frontier"]]).all()
    assert found["value"].max() == leaders["value"].iloc[-1]


def test_the_trend_is_the_growth_rate_of_the_derivations() -> None:
    found = data("training-compute")
    (trend,) = found.attrs["trends"]
    (expected,) = derive.growth_rate(found, top=1).to_dict("records")
    assert trend["factor_per_year"] == pytest.approx(expected["factor_per_year"])
    years = (trend["until"] - trend["since"]).days / 365.25
    assert trend["last"] / trend["first"] == pytest.approx(trend["factor_per_year"] ** years)
    # Least squares: the line goes through the middle of the frontier.
    leaders = found[found["frontier"]]
    at = (leaders["date"] - trend["since"]).dt.days / 365.25
    line = trend["first"] * trend["factor_per_year"] ** at
    distances = leaders["value"].map(math.log10) - line.map(math.log10)
    assert distances.mean() == pytest.approx(0, abs=1e-6)


def test_reviewed_values_are_told_apart_and_can_be_alone() -> None:
    compute = plot.PLOTS["training-compute"]
    origins = data("training-compute").set_index("model_id")["origin"]
    assert origins["gpt-3"] == "reviewed"
    assert origins["alexnet"] == "imported"
    alone = compute.data_of_dataset(reviewed_only=True)
    assert set(alone["origin"]) == {"reviewed"}
    assert set(alone["model_id"]) == set(origins.index[origins == "reviewed"])


def test_costs_are_in_dollars_of_one_year() -> None:
    tables = [diffdata.load(name) for name in plot.training_cost.tables]
    summary = tables[0].set_index("model_id")["training_cost_usd"]
    index = tables[3]
    yearly = index[(index["price_index"] == "us-cpi-u") & (index["period_kind"] == "year")]
    level = {day.year: value for day, value in zip(yearly["period"], yearly["index_value"])}  # noqa: B905
    found = data("training-cost")
    for row in found.sample(20, random_state=1).to_dict("records"):
        expected = summary[row["model_id"]] * level[2025] / level[row["price_year"]]
        assert row["value"] == pytest.approx(expected)
    assert not found.set_index("model_id").loc["gpt-3", "price_year_stated"]
    with pytest.raises(UnknownNameError, match="no year of us-cpi-u named '1900'"):
        plot.training_cost.data(*tables, price_year=1900)


def test_costs_per_flop_are_cost_over_compute() -> None:
    costs = data("training-cost").set_index("model_id")["value"]
    compute = data("training-compute").set_index("model_id")["value"]
    ratios = data("cost-per-flop").set_index("model_id")["value"]
    assert ratios["gpt-3"] == pytest.approx(costs["gpt-3"] / compute["gpt-3"])


def test_prices_of_tokens_are_of_models_that_reach_the_score() -> None:
    found = plot.api_price.data_of_dataset(scores=[50, 70])
    assert (found["score"] >= found["score_at_least"]).all()
    assert (found["value"] == (3 * found["input_usd"] + found["output_usd"]) / 4).all()
    for _, rows in found.groupby("score_at_least"):
        lowest = rows.loc[rows["lowest"], "value"]
        assert lowest.is_monotonic_decreasing
        assert lowest.iloc[-1] == rows["value"].min()
    with pytest.raises(InvalidInputError, match="no model with a price reaches 1000"):
        plot.api_price.data_of_dataset(scores=[1000])


def test_the_timeline_has_the_dates_of_events_with_their_precision() -> None:
    found = plot.replication_lag.data_of_dataset("2026.2", model="gpt-3").set_index("model_id")
    assert found.loc["gopher", ["lag_days_low", "lag_days_high"]].tolist() == [187, 217]
    assert found.iloc[0]["mechanism"] == "the model itself"
    assert "Gopher" in found.attrs["subtitle"]
    assert "187 to 217 days" in found.attrs["subtitle"]


def test_the_curves_are_those_of_the_derivation() -> None:
    found = plot.survival.data_of_dataset("2026.2", since=None)
    tables = [diffdata.load(name, "2026.2") for name in plot.survival.tables]
    lags = derive.access_lag(*tables)
    curve = derive.survival_curve(lags, negative="zero").set_index("time")
    steps = found[found["at_risk"].notna()]
    assert len(steps) > 5
    for row in steps.to_dict("records"):
        assert row["survival"] == pytest.approx(curve.loc[row["time"], "survival"])
    assert (found.groupby("group")["survival"].first() == 1).all()
    # Nothing tells when, after the last censored time, the rest happened.
    assert found["time"].max() <= curve.index[curve["censored"] > 0].max()


def test_lags_on_a_benchmark_are_those_of_the_derivation() -> None:
    found = data("benchmark-lag")
    lags = derive.threshold_lag(found, leader="closed weights", follower="open weights")
    marks = {mark["score"]: mark for mark in found.attrs["marks"]}
    assert set(marks) == set(lags["threshold"])
    for row in lags.to_dict("records"):
        assert marks[row["threshold"]]["lag_days_low"] == row["lag_days_low"]


def test_access_only_opens() -> None:
    order = [label for label, _ in plot.spread.ACCESS.values()]
    found = data("access")
    for _, periods in found.groupby("model_id"):
        ranks = periods["access"].map(order.index).tolist()
        assert ranks == sorted(ranks, reverse=True)
        assert periods["until"].iloc[:-1].tolist() == periods["since"].iloc[1:].tolist()
    # The smaller variants of OPT were open, the model itself was on request.
    now = found.drop_duplicates("model_id").set_index("model_id")["now"]
    assert now["opt-175b"] == "weights on request"


def test_the_cascade_of_a_model_leads_to_it_or_from_it() -> None:
    every = data("cascade")
    some = plot.cascade.data_of_dataset(model="opt-175b")
    assert 0 < len(some) < len(every)
    assert set(some["artifact_id"]) <= set(every["artifact_id"])
    assert {"opt-175b"} == set(some["to_id"])


def test_the_product_of_techniques_is_that_of_their_distributions() -> None:
    found = data("techniques")
    product = found.iloc[-1]
    # Medians of lognormals multiply; the normals and floors among them move it a little.
    assert product["value"] == pytest.approx(found["value"].iloc[:-1].prod(), rel=0.1)
    assert product["low"] < product["value"] < product["high"]


def test_estimates_are_all_current_ones_and_the_evaluated_value() -> None:
    found = plot.estimates.data_of_dataset(model="gpt-3", quantity="training_cost")
    expected = diffdata.estimates(model="gpt-3", quantity="training_cost")
    assert set(found["estimate_id"].dropna()) == set(expected["estimate_id"])
    value = diffdata.value(model="gpt-3", quantity="training_cost")
    (evaluated,) = found[found["kind"] == "evaluated"].to_dict("records")
    assert (evaluated["value"], evaluated["low"], evaluated["high"]) == (
        value.value, value.low, value.high,
    )  # fmt: skip
    assert found["label"].is_unique


def test_the_ledger_counts_the_verdicts_of_the_dataset() -> None:
    found = data("ledger").set_index("calculation_id")["verdict"]
    recorded = diffdata.load("calculations").set_index("calculation_id")["verdict"]
    assert len(found) > 20
    assert (found == recorded[found.index].str.replace("_", " ")).all()


def test_forecasts_with_an_outcome_are_calibrated() -> None:
    made = diffdata.load("forecasts").head(4).assign(
        probability=[0.9, 0.8, 0.1, 0.2], resolution=["true", "true", "false", "open"]
    )  # fmt: skip
    found = plot.forecasts.data(made)
    assert "3 of 4" in found.attrs["title"]
    assert found.attrs["marks"] == derive.calibration(made).to_dict("records")


def test_labels_do_not_overlap_and_stay_inside() -> None:
    points = [(0.5, 0.5, "a label"), (0.51, 0.5, "another"), (0.5, 0.52, "a third"),
              (0.0, 0.5, "left edge"), (1.0, 1.0, "corner")]  # fmt: skip
    chosen = labels(points, 300, 200)
    assert chosen[0][0] == 0
    assert (4, "left") in chosen or (4, "below") in chosen or 4 not in dict(chosen)
    assert len(labels(points, 300, 200, most=1)) == 1
    crowd = [(0.5, 0.5, f"label {number}") for number in range(30)]
    assert len(labels(crowd, 300, 200)) <= 4


def test_ticks_of_a_logarithmic_axis_are_few_and_inside() -> None:
    for numbers in ([1e12, 1e27], [3, 5], [1, 40], [2e-18, 3e-17], [7.0], []):
        scale = LogScale(numbers, "")
        assert 1 <= len(scale.ticks) <= 9, numbers
        assert all(0 <= scale.place(tick) <= 1 for tick in scale.ticks)


@DRAWN
@pytest.mark.parametrize("kind", ["svg", "png", "pdf", "csv", "json"])
def test_the_command_writes_each_format(kind: str, tmp_path: Path) -> None:
    out = tmp_path / f"forecasts.{kind}"
    result = run("forecasts", "--out", out)
    assert (result.exit_code, result.output.strip()) == (0, str(out))
    begins = {
        "svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF",
        "csv": b"forecast_id,", "json": b"{",
    }  # fmt: skip
    content = out.read_bytes()
    assert content.startswith(begins[kind])
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    if kind == "csv":
        assert len(pd.read_csv(out)) == len(data("forecasts"))


@DRAWN
def test_a_page_needs_no_network_and_shows_data_as_text(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    made = diffdata.load("forecasts").assign(forecast_id=lambda rows: evil + rows["forecast_id"])
    found = plot.forecasts.data(made)
    found.attrs["title"] = evil
    for kind in ("html", "svg"):
        out = tmp_path / f"page.{kind}"
        plot.write(plot.forecasts, found, out)
        assert evil not in out.read_text()
        assert "alert(1)" in out.read_text()
    page = (tmp_path / "page.html").read_text()
    assert len(page) < 1_000_000
    assert "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'" in page
    outside = re.sub(r"(?s)<script>.*?</script>", "", page)  # the library and the chart
    assert not re.search(r"src=|href=|url\(|https?:", outside)


def test_the_command_lists_the_plots() -> None:
    lines = run().output.splitlines()
    assert [line.split()[0] for line in lines] == list(plot.PLOTS)
    assert all(line.endswith("?") and len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["traning-cost"], "no plot named 'traning-cost'; did you mean training-cost"),
        (["ledger"], "name a file to write, such as --out ledger.svg"),
        (["ledger", "-o", "a.gif"], "expected a name that ends in one of .svg, .png"),
        (["ledger", "-o", "a"], "a: expected a name that ends in"),
        (["ledger", "-o", "a.svg", "--model", "gpt-3"], "--model: ledger takes none of these"),
        (["access", "-o", "a.svg", "--quantity", "x"], "--quantity: access takes --model and"),
        (["access", "-o", "a.svg", "--model", "gtp-4o"], "gtp-4o"),
        (["benchmark-lag", "-o", "a.svg", "--benchmark", "gpqa-diamnd"], "mean gpqa-diamond"),
        (["estimates", "-o", "a.svg", "--quantity", "training_cots"], "mean training_cost"),
        (["estimates", "-o", "a.svg", "--quantity", "box_count"], "box_count"),
        (["survival", "-o", "a.svg", "--quantity", "acess"], "did you mean access"),
        (["survival", "-o", "a.svg", "--since", "soon"], "since: expected a date like"),
        (["survival", "-o", "a.svg", "--since", "2090"], "since: no lag is stated since 2090"),
        (["training-cost", "-o", "a.svg", "--since", "2090"], "nothing to draw"),
        (["replication-lag", "-o", "a.svg", "--model", "bloom"], "nothing is stated on who"),
        (["forecasts", "-o", "/proc/nowhere/a.csv"], "cannot be written"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(
    words: list[str], expected: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    shown = main(capsys, monkeypatch, "plot", *words)
    assert expected in shown
    assert len(shown.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_without_altair_the_data_come_and_charts_name_the_extra() -> None:
    code = """
import sys
sys.modules["altair"] = None
from diffdata import plot
data = plot.forecasts.data_of_dataset()
try:
    plot.forecasts.chart(data)
except ValueError as error:
    print(len(data) > 0, error)
"""
    shown = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert shown.startswith("True this needs the library altair")
    assert "pip install 'diffdata[plot]'" in shown
    assert len(shown.splitlines()) == 1


def test_importing_plots_does_not_import_altair() -> None:
    code = "import sys, diffdata.plot; print({'altair', 'vl_convert'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_the_gallery_shows_every_plot_and_its_snippets_run() -> None:
    page = ROOT / "docs/plots.md"
    text = page.read_text()
    for name in plot.PLOTS:
        assert f"](plots/{name}.svg)" in text
        assert (ROOT / f"docs/plots/{name}.svg").is_file()
        assert f"\n### {name}\n" in text
    assert sum(path.stat().st_size for path in (ROOT / "docs/plots").iterdir()) < 1_000_000
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted > 3
    assert not found.failed
