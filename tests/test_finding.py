"""Find figures: estimates by name, one evaluated value, and the ancestry of a figure."""

import datetime
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.errors import AmbiguousValueError, InvalidInputError, UnknownNameError


def test_estimates_are_found_by_model_quantity_and_source() -> None:
    found = diffdata.estimates(model="gpt-3", quantity="training_cost")
    assert {"gpt-3-training-cost", "jones-gpt-3-training-cost"} < set(found["estimate_id"])
    assert set(found["model_id"]) == {"gpt-3"}
    assert set(found["quantity_id"]) == {"training_cost"}
    ours = diffdata.estimates(source="cottier-2022-summary", status=None)
    assert set(ours["source_id"]) == {"cottier-2022-summary"}
    assert "superseded" in set(ours["status"])
    assert len(diffdata.estimates(status=None)) == len(diffdata.load("estimates"))


def test_figures_of_scenarios_about_a_model_are_found_from_it() -> None:
    found = diffdata.estimates(model="gpt-3", related=True).set_index("estimate_id")["relation"]
    assert found["gpt-3-training-cost"] == "model"
    assert found["replicate-gpt-3-small-budget-compute"] == "reference"
    own = diffdata.estimates(model="gpt-3")
    assert set(found.index[found == "model"]) == set(own["estimate_id"])
    assert "relation" not in own
    assert found.index.is_unique
    pairs = diffdata.load("scenario_models").set_index(["scenario_id", "model_id"])["relation"]
    one_day = diffdata.estimates(model="bloom", related=True).set_index("estimate_id")
    assert one_day.loc["bloom-one-day-cost", "relation"] == pairs["bloom-one-day", "bloom"]


def test_related_figures_need_a_model_and_the_table_of_scenarios() -> None:
    with pytest.raises(InvalidInputError, match="related: expected a model"):
        diffdata.estimates(related=True)
    with pytest.raises(InvalidInputError, match="related: expected an edition with the table"):
        diffdata.estimates(model="gpt-3", related=True, version="2026.2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "gtp-3"}, "no model named 'gtp-3'; did you mean gpt-3"),
        ({"quantity": "training_costs"}, "no quantity named 'training_costs'; did you mean"),
        ({"source": "brown"}, "no source named 'brown'"),
        ({"status": "curent"}, "no status named 'curent'; did you mean current"),
    ],
)
def test_unknown_names_are_errors(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        diffdata.estimates(**arguments)


def test_a_value_lists_the_estimates_behind_it() -> None:
    cost = diffdata.value(model="gpt-3", quantity="training_cost", version="2026.2")
    assert (cost.value, cost.low, cost.high, cost.level) == (12e6, 5e6, 33e6, 0.9)
    assert (cost.unit, cost.method) == ("USD", "single")
    assert cost.used == ("gpt-3-training-cost",)
    assert cost.set_aside["jones-gpt-3-training-cost"] == "weaker_basis"
    assert cost.set_aside["jones-gpt-3-training-cost-comment"] == "no_central_value"


def test_the_compute_of_a_dense_model_follows_from_its_sizes() -> None:
    found = diffdata.value(model="opt-175b", quantity="training_compute", version="2026.2")
    assert (found.value, found.unit, found.method) == (3.15e23, "FLOP", "six_nd")
    assert (found.low, found.high, found.level) == (None, None, None)
    assert "opt-175b-training-tokens-metaseq-chronicles" in found.used


def test_chips_and_durations_come_from_training_runs_too() -> None:
    chips = diffdata.value(model="gpt-3", quantity="chips", version="2026.2")
    assert (chips.value, chips.unit) == (10_000, "1")
    assert "gpt-3-run-patterson-2021" in chips.used
    days = diffdata.value(model="bloom", quantity="training_duration")
    assert 117 <= days.value <= 119
    assert days.unit == "day"


def test_a_run_of_a_part_of_the_training_says_nothing_of_the_model() -> None:
    with pytest.raises(InvalidInputError, match="training_duration of flan-137b is not known"):
        diffdata.value(model="flan-137b", quantity="training_duration")


def test_a_limit_or_a_rounded_count_is_not_the_value() -> None:
    aside = diffdata.value(model="gpt-3", quantity="training_compute").set_aside
    assert aside["jones-gpt-3-compute-magnitude"] == "limit"
    bloom = diffdata.value(model="bloom", quantity="parameters")
    assert bloom.value == 176_247_271_424
    assert bloom.set_aside["bloom-parameters-bigscience-model-card"] == "rounded"
    assert diffdata.value(model="switch-c", quantity="parameters").value == 1571e9
    assert diffdata.value(model="gpt-3", quantity="parameters").value == 174.6e9


def test_a_pedantic_value_is_an_error_where_estimates_differ() -> None:
    with pytest.raises(AmbiguousValueError) as caught:
        diffdata.value(
            model="pangu-alpha", quantity="training_tokens", pedantic=True, version="2026.2"
        )
    assert len(caught.value.candidates) == 3
    with pytest.raises(AmbiguousValueError) as caught:
        diffdata.value(model="gpt-2", quantity="parameters", pedantic=True, version="2026.2")
    assert str(caught.value).splitlines() == [
        "2 current estimates of parameters of gpt-2:",
        "  gpt-2-parameters-openai-model-card: 1.5e+09 (openai-gpt-2-model-card, reported)",
        "  gpt-2-parameters-radford-2019: 1.542e+09 (radford-2019-gpt2, reported)",
    ]
    team = diffdata.value(model="gpt-3", quantity="core_team", pedantic=True, version="2026.2")
    assert team.value == 25


def test_a_value_without_estimates_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="training_cost of gopher is not known"):
        diffdata.value(model="gopher", quantity="training_cost", version="2026.2")


def test_the_ancestry_of_a_figure_names_corrections_and_dependents() -> None:
    text = diffdata.trace("largest-viable-to-development")
    assert "replaced by: largest-viable-to-development-2023" in text
    assert "corrected (summary-deployment-cost)" in text
    text = diffdata.trace("gpt-3-training-cost")
    assert "used by: calculation opt-175b-cost-ratio" in text
    assert "used by: model_summary of gpt-3" in text
    with pytest.raises(UnknownNameError, match="did you mean gpt-3-training-cost"):
        diffdata.trace("gpt-3-trainig-cost")


def test_the_ancestry_goes_down_to_figures_without_a_formula() -> None:
    lines = diffdata.trace("daan-today-compute-median").splitlines()
    median = next(
        i for i, line in enumerate(lines) if "quality_median = daan-data-quality-tab" in line
    )
    assert lines[median + 2].strip() == "should equal: gain (median-data-quality: differs)"
    assert lines[median + 3].startswith(" " * 8 + "gain = daan-data-quality-interval")
    indirect = "  used indirectly by: calculation trend-compute-magn"
    assert any(line.startswith(indirect) for line in lines)


def test_every_figure_can_be_traced() -> None:
    """A formula may compare a figure with its own parts; tracing it must still end."""
    frame = diffdata.load("calculations")
    for estimate in sorted(set(frame["estimate_id"]))[::4]:
        assert diffdata.trace(estimate).startswith(f"{estimate}: ")


def test_evidence_on_factors_and_techniques_is_listed() -> None:
    assert "evidence on: technique transformer-plus-plus" in diffdata.trace("daan-mamba-compute")
    assert "evidence on: factor summary-compute" in diffdata.trace("gpt-3-training-cost")


def test_the_command_prints_the_ancestry() -> None:
    result = CliRunner().invoke(cli.app, ["trace", "daan-today-hardware-median"])
    assert result.exit_code == 0
    assert "should equal:" in result.stdout


def test_the_status_of_a_model_is_that_of_the_day() -> None:
    def status(day: str, milestone: str, model: str = "gopher") -> object:
        found = diffdata.status_on(day, model=model, version="2026.2")
        return found.set_index("model_variant").loc["main", milestone]

    # Finished in December 2020, published on 8 December 2021.
    days = ("2020-11-30", "2020-12-01", "2020-12-30", "2020-12-31")
    assert [status(day, "developed") for day in days] == ["no", "possibly", "possibly", "yes"]
    assert [status(day, "published") for day in ("2021-12-07", "2021-12-08")] == ["no", "yes"]
    # OPT-175B: weights on request are not open.
    assert pd.isna(status("2026-01-01", "weights", "opt-175b"))
    assert status("2026-01-01", "weights", "bloom") == "yes"


def test_names_have_a_status_of_their_own_and_contradictions_are_possible() -> None:
    found = diffdata.status_on("2023-06-01", model="gpt-3.5").set_index("model_variant")
    assert found.loc["code-davinci-002", "retired"] == "possibly"
    assert found.loc["text-davinci-003", ["api", "retired"]].tolist() == ["yes", "no"]
    everything = diffdata.status_on(datetime.date(2026, 11, 29))
    assert not everything.duplicated(["model_id", "model_variant"]).any()
    main = everything[everything["model_variant"] == "main"]["model_id"]
    assert set(main) == set(diffdata.load("models")["model_id"])


def test_the_status_needs_a_date_and_a_known_model() -> None:
    with pytest.raises(InvalidInputError, match="day: expected a date like 2024-06-01"):
        diffdata.status_on("June 2024")
    with pytest.raises(UnknownNameError, match="gopher"):
        diffdata.status_on("2024-06-01", model="Gophers")


@pytest.mark.parametrize("columns", ["80", "100"])
def test_the_status_of_a_day_on_the_command_line(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is retired by a day is what `status_on` says of it, possibly or surely."""
    monkeypatch.setenv("COLUMNS", columns)
    run = CliRunner().invoke
    found = run(cli.app, ["status", "2024-06-01", "--reached", "retired", "--format", "json"])
    assert found.exit_code == 0, found.output
    everything = diffdata.status_on("2024-06-01")
    expected = everything[everything["retired"].isin(["yes", "possibly"])]
    assert [row["model_variant"] for row in json.loads(found.stdout)] == expected[
        "model_variant"
    ].tolist()
    text = run(cli.app, ["status", "2024-06-01", "--model", "gpt-3.5"])
    assert "text-davinci-003" in text.stdout
    with pytest.raises(UnknownNameError, match="did you mean retired"):
        diffdata.status_on("2024-06-01", reached="retird")
