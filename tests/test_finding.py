"""Find figures: estimates by name, one evaluated value, and the ancestry of a figure."""

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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "gpt3"}, "no model named 'gpt3'; did you mean gpt-3"),
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
    assert cost.estimates == ("gpt-3-training-cost",)
    assert cost.set_aside["jones-gpt-3-training-cost"] == "weaker_basis"
    assert cost.set_aside["jones-gpt-3-training-cost-comment"] == "no_central_value"


def test_values_equal_those_of_the_summary() -> None:
    summary = diffdata.load("model_summary").set_index("model_id")
    for model, row in summary.iterrows():
        if (
            pd.notna(row["training_compute_flop"])
            and row["training_compute_flop_method"] != "six_nd"
        ):
            found = diffdata.value(model=str(model), quantity="training_compute")
            assert found.value == pytest.approx(row["training_compute_flop"], rel=1e-11)


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
