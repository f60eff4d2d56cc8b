"""Plausibility: rules that warn, rules between tables, and acknowledged warnings."""

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import diffdata
from diffdata.derive import compute_of_runs
from diffdata.errors import Issue

from .conftest import edit
from .test_rules import broken
from .test_validation import only, set_cell


@pytest.fixture(scope="module")
def before(reviewed: Path) -> set[Issue]:
    """The issues of the reviewed rows as they are, without lines."""
    return {replace(issue, line=None) for issue in diffdata.validate(reviewed)}


def new_issues(copy: Path, before: set[Issue]) -> list[Issue]:
    """Return the issues of a changed copy that the dataset does not have."""
    return [issue for issue in diffdata.validate(copy) if replace(issue, line=None) not in before]


@pytest.mark.parametrize(
    ("rule", "columns", "expected"),
    [
        ({"column": "a", "terms": [6, "b"], "factor": 2},
         {"a": [6.0, 12, 12.1, 3, 2.9], "b": [1.0] * 5}, [2, 4]),
        ({"column": "a", "terms": ["b", "c"], "factor": 2},
         {"a": [9.0, 9, None], "b": [3.0, None, 1], "c": [1.0, 1, 1]}, [0]),
        ({"column": "a", "terms": [1], "factor": 2, "when": {"column": "s", "equals": ["x"]}},
         {"a": [9.0, 9, 9], "s": ["x", "y", None]}, [0]),
        ({"column": "a", "terms": [1], "factor": 2}, {"a": [-1.0, 0]}, [0, 1]),
    ],
)  # fmt: skip
def test_a_product_is_compared_within_its_factor(
    rule: dict[str, object], columns: dict[str, list[object]], expected: list[int]
) -> None:
    assert broken({"rule": "nearProduct"} | rule, **columns) == expected


def test_a_value_is_compared_with_the_median_of_its_group() -> None:
    rule = {"rule": "nearMedian", "column": "a", "by": ["s"], "factor": 10}
    columns = {"a": [1.0, 2, 3, 1000, 1000], "s": ["x", "x", "x", "x", "y"]}
    assert broken(rule, **columns) == [3]


def test_tokens_that_contradict_the_compute_are_a_warning(copy: Path, before: set[Issue]) -> None:
    """PanGu-alpha has two counts of tokens, of which one is 7 times what its compute allows."""
    path = copy / "data/model_summary.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    row = frame["model_id"] == "pangu-alpha"
    frame.loc[row, ["training_tokens", "training_tokens_low", "training_tokens_high"]] = (
        "317569000000", "", ""
    )  # fmt: skip
    frame.to_csv(path, index=False)
    rules = [issue.rule for issue in new_issues(copy, before)]
    assert rules == ["compute_near_6nd"]


def test_a_date_before_that_of_its_source_is_allowed(copy: Path, before: set[Issue]) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "as_of", "2020-05-01")
    set_cell(copy, "estimates", "gpt-3-training-cost", "as_of_precision", "month")
    assert new_issues(copy, before) == []


def test_a_date_after_that_of_its_source_is_a_warning(copy: Path, before: set[Issue]) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "as_of", "2022-12-22")
    set_cell(copy, "estimates", "gpt-3-training-cost", "as_of_precision", "day")
    issue = only(new_issues(copy, before))
    assert (issue.rule, issue.severity) == ("as_of_not_after_the_source", "warning")
    assert issue.column == "as_of"
    assert diffdata.load("estimates", package=copy) is not None  # a warning does not stop loading


def test_a_source_dated_to_the_month_allows_the_whole_month(copy: Path, before: set[Issue]) -> None:
    set_cell(copy, "estimates", "jones-100x-cost", "as_of", "2020-07-31")
    set_cell(copy, "estimates", "jones-100x-cost", "as_of_precision", "day")
    assert new_issues(copy, before) == []
    set_cell(copy, "estimates", "jones-100x-cost", "as_of", "2020-08-01")
    assert only(new_issues(copy, before)).rule == "as_of_not_after_the_source"


def test_an_unused_source_is_a_warning_until_it_is_acknowledged(
    copy: Path, before: set[Issue]
) -> None:
    with (copy / "data/sources.csv").open("a") as file:
        file.write("zz-unused,post,Unused,,A publisher,,,,,,,\n")
    issue = only(new_issues(copy, before))
    assert (issue.rule, issue.row) == ("source_is_used", "source_id=zz-unused")
    with (copy / "data/acknowledgements.csv").open("a") as file:
        file.write("sources,source_id=zz-unused,source_is_used,It is read later.\n")
    assert new_issues(copy, before) == []


def test_an_acknowledgement_that_matches_no_warning_is_a_warning(
    copy: Path, before: set[Issue]
) -> None:
    path = copy / "data/acknowledgements.csv"
    with path.open(newline="") as file:
        table, row, rule, _ = list(csv.reader(file))[1]
    edit(path, f"\n{table},{row},{rule},", f"\n{table},{row}x,{rule},")
    found = {(issue.file, issue.row, issue.rule) for issue in new_issues(copy, before)}
    vain = ("data/acknowledgements.csv", f"{row}x", "acknowledges-nothing")
    assert vain in found
    assert {(row, rule)} == {(where, name) for _, where, name in found - {vain}}


def test_an_error_cannot_be_acknowledged(copy: Path) -> None:
    set_cell(copy, "models", "opt-175b", "architecture", "densely")
    with (copy / "data/acknowledgements.csv").open("a") as file:
        file.write("models,model_id=opt-175b,enum,It is correct.\n")
    assert {"enum", "acknowledges-nothing"} <= {issue.rule for issue in diffdata.validate(copy)}


def test_a_speed_that_is_wrong_by_a_thousand_is_a_warning(copy: Path, before: set[Issue]) -> None:
    edit(copy / "data/hardware_performance.csv",
         "nvidia-a100-sxm4-40gb,bf16,matrix,312000000000000",
         "nvidia-a100-sxm4-40gb,bf16,matrix,312000000000")  # fmt: skip
    issues = [i for i in new_issues(copy, before) if i.file == "data/hardware_performance.csv"]
    # Its fp16 speed, which should be the same, is doubted with it.
    assert [i.rule for i in issues] == ["speed_near_its_neighbours", "half_precision_alike"]


def test_a_compute_that_is_wrong_by_ten_is_a_warning(copy: Path, before: set[Issue]) -> None:
    line = set_cell(copy, "model_summary", "gpt-3", "training_compute_flop", "3.14e24")
    issues = [i for i in new_issues(copy, before) if i.severity == "warning"]
    assert {(i.line, i.rule) for i in issues} == {
        (line, "compute_near_6nd"),
        (line, "compute_near_that_of_the_run"),
    }


def test_the_compute_of_runs_is_chips_times_time_times_speed() -> None:
    runs = pd.DataFrame(
        {
            "model_id": ["a", "a", "b", "c", None],
            "hardware_id": ["x", "x", "x", None, "x"],
            "chips": [10, 10, 10, 10, 10],
            "duration_days": [1.0, 1.0, None, 1.0, 1.0],
            "chip_hours": [None, None, 240.0, None, None],
            "utilization": [0.5, 0.5, 0.4, 0.4, 0.5],
            "utilization_kind": ["mfu", "hfu", "mfu", "mfu", "mfu"],
            "achieved_flop_per_second": [None, None, None, 2e12, None],
        }
    )
    speeds = pd.DataFrame(
        {
            "hardware_id": ["x", "x", "x"],
            "number_format": ["bf16", "fp16", "fp32"],
            "execution_unit": ["matrix", "vector", "matrix"],
            "peak_flop_per_second": [1e12, 9e12, 9e12],
        }
    )
    found = compute_of_runs(runs, speeds).set_index("model_id")["run_compute_flop"]
    day = 10 * 86_400 * 1e12
    assert found.to_dict() == pytest.approx(
        {"a": day * (0.5 * 0.375) ** 0.5, "b": day * 0.4, "c": day * 2}
    )
