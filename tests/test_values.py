"""Values in one call: names as people write them, the answers of the summary, and their sources."""

import datetime
import re

import pandas as pd
import pytest

import diffdata
from diffdata.answers.values import Answers, EvaluatedValue
from diffdata.derive import SUMMARY_TABLES, model_summary
from diffdata.errors import DiffdataError, InvalidInputError, UnknownNameError
from diffdata.package.packages import Package


@pytest.fixture(scope="module")
def answers(package: Package) -> Answers:
    return Answers(package)


def test_every_value_of_the_summary_is_the_answer(answers: Answers) -> None:
    """For each model and quantity, with the summary computed anew; what it lacks is an error."""
    tables = (*SUMMARY_TABLES, "model_domains", "sources")
    summary = model_summary(*(diffdata.load(name) for name in tables)).set_index("model_id")
    quantities = diffdata.load("quantities").dropna(subset="summary_column")
    for quantity, column in quantities[["quantity_id", "summary_column"]].to_numpy():
        for model, row in summary.dropna(subset=column).iterrows():
            found = answers.value(str(model), quantity)
            assert found.value == pytest.approx(row[column], rel=1e-11)
            parts = [row[f"{column}_{part}"] for part in ("low", "high", "level")]
            expected = [None if pd.isna(part) else pytest.approx(part, rel=1e-11) for part in parts]
            assert [found.low, found.high, found.level] == expected
            assert found.method == row[f"{column}_method"]
            assert found.used
        for model in summary.index[summary[column].isna()]:
            with pytest.raises(InvalidInputError, match="is not known"):
                answers.value(str(model), quantity)


@pytest.mark.parametrize(
    "fact",
    ["published", "developed", "weights_access", "weights_license", "developers", "countries",
     "architecture", "gpt3_like"],
)  # fmt: skip
def test_every_fact_of_the_summary_is_the_answer_and_has_a_source(
    fact: str, answers: Answers
) -> None:
    summary = diffdata.load("model_summary").set_index("model_id")[fact].dropna()
    for model, cell in summary.iloc[:: max(len(summary) // 60, 1)].items():
        found = answers.value(str(model), fact)
        assert found.value == (cell.date() if isinstance(cell, pd.Timestamp) else cell)
        assert found.source


@pytest.mark.parametrize("name", ["gpt-3", "GPT-3", "gpt3", "GPT-3 175B"])
def test_names_are_those_that_people_write(name: str, answers: Answers) -> None:
    cost = answers.value(name, "training cost")
    assert str(cost) == "$12M (5M to 33M, 90 %), cottier-2022-summary, Table 3"
    assert repr(cost) == str(cost)
    assert (cost.source, cost.locator) == ("cottier-2022-summary", "Table 3")
    assert float(cost) == 12e6


def test_words_of_people_name_quantities_and_facts(answers: Answers) -> None:
    assert answers.value("LLaMA 65B", "tokens").value == 1.4e12
    assert answers.value("opt-175b", "Release date").value == datetime.date(2022, 5, 2)
    assert answers.value("opt-175b", "access").value == "on_request"
    assert "License" in answers.value("opt-175b", "licence").value
    assert answers.value("gpt-3", "duration").unit == "day"
    assert answers.value("gpt-3", "training_compute_flop").quantity == "training_compute"
    assert "v100" in answers.value("gpt-3", "hardware").value
    assert answers.value("NVIDIA H100 SXM5", "memory").value == 8e10
    assert answers.value("meta ai", "country").value == "US"


@pytest.mark.parametrize(
    ("name", "quantity", "error", "message"),
    [
        ("gtp-3", "cost", UnknownNameError, "named 'gtp-3'; did you mean gpt-3 or "),
        ("H100", "power", InvalidInputError, "'H100' is not certain; is nvidia-h100-sxm5 meant"),
        ("gpt-3", "kost", UnknownNameError, "no quantity named 'kost'; did you mean cost"),
        ("opt-175b", "training_energy_", UnknownNameError, "no quantity named"),
        ("gopher", "core_team", InvalidInputError, "core_team of gopher is not known; of it are"),
    ],
)
def test_one_error_has_the_candidates(
    name: str, quantity: str, error: type[DiffdataError], message: str, answers: Answers
) -> None:
    with pytest.raises(error, match=message) as caught:
        answers.value(name, quantity)
    assert len(str(caught.value)) < 300


def test_the_rows_behind_a_value_have_the_used_ones_first(answers: Answers) -> None:
    rows = answers.value("gpt-3", "training_cost").estimates
    assert rows["used"].tolist() == sorted(rows["used"], reverse=True)
    assert rows["estimate_id"].tolist()[0] == "gpt-3-training-cost"
    assert rows["set_aside_because"].notna().tolist() == (~rows["used"]).tolist()
    assert rows.columns.tolist()[:5] == ["estimate_id", "model_id", "quantity_id", "value", "low"]
    assert not rows.isna().all().any()


def test_a_value_cites_and_traces_what_it_is_from(answers: Answers) -> None:
    cost = answers.value("gpt-3", "training_cost")
    assert "Cottier, B. (2022" in cost.cite()
    assert cost.cite("bibtex").count("@misc") == 2
    trace = str(cost.trace())
    assert trace == diffdata.trace("gpt-3-training-cost")
    assert "interval: 90 %" in trace
    assert "title: Understanding the diffusion" in trace
    assert re.search(r"address: https://\S+summary-1", trace)
    published = answers.value("gpt-3", "published")
    assert "source: brown-2020" in published.trace()
    assert "@misc{brown-2020" in published.cite("bibtex")
    with pytest.raises(UnknownNameError, match="style of citation"):
        cost.cite("mla")


def test_values_show_in_notebooks_with_an_interval_and_nothing_unescaped() -> None:
    cost = diffdata.value("gpt-3", "training_cost")
    shown = cost._repr_html_()
    assert "<svg" in shown
    assert "prefers-color-scheme: dark" in shown
    hostile = EvaluatedValue("<script>", "<b>", "<img src=x>")
    assert not re.search("<(script|b|img)>", hostile._repr_html_().replace("<b>&lt;b&gt;", ""))


def test_estimates_come_with_the_columns_that_are_filled() -> None:
    found = diffdata.estimates(model="GPT-3", quantity="training_cost")
    assert found.columns.tolist()[3:8] == ["value", "low", "high", "level", "unit"]
    assert not found.isna().all().any()
    every = diffdata.estimates(model="GPT-3", quantity="training_cost", all_columns=True)
    assert every.columns.tolist() == diffdata.load("estimates").columns.tolist()
    assert every["estimate_id"].tolist() == found["estimate_id"].tolist()
