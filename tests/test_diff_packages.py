"""Two datasets: tables, schemas, cells by type, and derived figures that change."""

import json
from pathlib import Path

import pytest

from diffdata.diff import PackageDiff, TableDiff, as_dict, compare
from diffdata.diff.outline import ordered_changes
from diffdata.diff.packages import column_types
from diffdata.diff.tables import Consequence
from diffdata.errors import InvalidDataError, InvalidInputError, UnknownNameError
from diffdata.package.packages import open_package

from .conftest import ROOT, edit
from .reviewed import few_calculations, write_reviewed

CALCULATIONS = ("gopher-lag", "gpt-3-six-nd", "opt-175b-cost-ratio")


def package_diff(old: Path, new: Path) -> PackageDiff:
    found = compare(old, new)
    assert isinstance(found, PackageDiff)
    return found


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The package with few calculations."""
    (folder := tmp_path / "before").mkdir()
    return few_calculations(write_reviewed(folder), *CALCULATIONS)


def explained(old: Path, new: Path) -> tuple[PackageDiff, TableDiff, TableDiff]:
    """Compare with an explanation; return also the ledger and the derived figures."""
    found = compare(old, few_calculations(new, *CALCULATIONS), explain=True)
    assert isinstance(found, PackageDiff)
    assert found.explanation is not None
    return found, found.explanation["ledger"], found.explanation["model_summary"]


def test_a_dataset_equals_its_copy(copy: Path, reviewed: Path) -> None:
    found = package_diff(reviewed, copy)
    assert found.same
    assert ordered_changes(found) == []


def test_a_tenfold_change_comes_before_rows_and_notes(copy: Path, reviewed: Path) -> None:
    estimates = copy / "data/estimates.csv"
    edit(estimates, "gpt-3-training-cost,gpt-3,,,,,,,training_cost,12e6,5e6,33e6",
         "gpt-3-training-cost,gpt-3,,,,,,,training_cost,120e6,5e6,34e6")  # fmt: skip
    edit(estimates, "actual cost, not the price of a repetition today",
         "the actual cost, not the price of a repetition today")  # fmt: skip
    text = estimates.read_text().splitlines(keepends=True)
    removed = text.pop(1)
    estimates.write_text("".join(text))
    changes = ordered_changes(package_diff(reviewed, copy))
    assert [(change.what, change.column) for change in changes] == [
        ("number changed", "value"),
        ("number changed", "high"),
        ("row removed", ""),
        ("reworded", "note"),
    ]
    assert changes[2].row == removed.split(",")[0]


def test_cells_are_compared_by_the_types_of_the_schema(copy: Path, reviewed: Path) -> None:
    dates = copy / "data/model_dates.csv"
    rows = dates.read_text().splitlines(keepends=True)
    place = next(place for place, row in enumerate(rows) if ",day," in row)
    rows[place] = rows[place].replace(",day,", ",month,")
    dates.write_text("".join(rows))
    (cell,) = (cell for table in package_diff(reviewed, copy).tables for cell in table.cells)
    assert (cell.old, cell.new, cell.difference.kind) == ("day", "month", "precision")


def test_the_content_of_a_column_follows_from_the_schema() -> None:
    types = column_types(open_package().schema("estimates"))
    names = ("status", "value", "currency", "as_of_precision", "note")
    assert [types[name] for name in names] == ["code", "number", "unit", "precision", "text"]


def test_a_changed_unit_of_a_column_comes_first(copy: Path, reviewed: Path) -> None:
    schema = copy / "schemas/hardware.json"
    described = json.loads(schema.read_text())
    (field,) = (field for field in described["fields"] if field["name"] == "memory_bytes")
    field["unit"] = "bit"
    field["description"] += " Told in bits."
    schema.write_text(json.dumps(described))
    edit(copy / "data/models.csv", "chinchilla,Chinchilla,", "chinchilla,CHINCHILLA,")
    found = package_diff(reviewed, copy)
    assert [(change.what, change.old, change.new) for change in found.schema] == [
        ("unit", "byte", "bit"),
        ("description", *(found.schema[1].old, found.schema[1].new)),
    ]
    changes = ordered_changes(found)
    assert (changes[0].what, changes[0].consequence) == (
        "schema: unit changed", Consequence.MEANING,
    )  # fmt: skip
    assert {change.consequence for change in changes[1:]} == {Consequence.WORDING}


def test_constraints_keys_and_rules_of_a_schema_are_compared(copy: Path, reviewed: Path) -> None:
    schema = copy / "schemas/estimates.json"
    described = json.loads(schema.read_text())
    rule = described["rules"].pop(0)
    key = described["foreignKeys"].pop(0)
    (level,) = (field for field in described["fields"] if field["name"] == "level")
    level["constraints"] = {"maximum": 0.5}
    schema.write_text(json.dumps(described))
    found = {
        (change.column, change.what): change.how for change in package_diff(reviewed, copy).schema
    }
    assert found["", f"rule {rule['name']}"] == "removed"
    fields = key["fields"] if isinstance(key["fields"], str) else ", ".join(key["fields"])
    assert found["", f"foreign key ({fields})"] == "removed"
    assert ("level", "maximum") in found


def test_added_and_removed_tables_are_reported(copy: Path, reviewed: Path) -> None:
    path = copy / "datapackage.json"
    descriptor = json.loads(path.read_text())
    descriptor["resources"] = [r for r in descriptor["resources"] if r["name"] != "rationales"]
    path.write_text(json.dumps(descriptor))
    assert package_diff(reviewed, copy).tables_removed == ("rationales",)
    assert package_diff(copy, reviewed).tables_added == ("rationales",)
    assert ordered_changes(package_diff(reviewed, copy))[0].what == "table removed"


def test_only_some_tables_can_be_compared(copy: Path, reviewed: Path) -> None:
    edit(copy / "data/models.csv", "chinchilla,Chinchilla,", "chinchilla,CHINCHILLA,")
    assert compare(reviewed, copy, only=["sources"]).same
    assert not compare(reviewed, copy, only=["models"]).same
    with pytest.raises(UnknownNameError, match="did you mean models"):
        compare(reviewed, copy, only=["model"])


def test_without_a_second_version_the_current_data_are_the_new_ones(tmp_path: Path) -> None:
    found, named = (compare("2026.2", *new, only=["comparisons"]) for new in ((), (ROOT,)))
    assert as_dict(found)["changes"] == as_dict(named)["changes"] != []
    assert found.new == "the current data"
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(InvalidInputError, match=r"a\.csv is a CSV file and the current data a"):
        compare(tmp_path / "a.csv", key="a")


def test_duplicate_keys_of_a_dataset_are_reported(copy: Path, reviewed: Path) -> None:
    models = copy / "data/models.csv"
    text = models.read_text().splitlines(keepends=True)
    models.write_text("".join([*text, text[-1]]))
    (table,) = (table for table in package_diff(reviewed, copy).tables if not table.same)
    (rows,) = table.new.duplicates.values()
    assert table.new.lines(rows) == [len(text), len(text) + 1]
    assert not table.rows.removed


def test_explain_lists_the_verdicts_and_figures_that_change(copy: Path, before: Path) -> None:
    edit(copy / "data/estimates.csv",
         "gpt-3-training-cost,gpt-3,,,,,,,training_cost,12e6,5e6,33e6",
         "gpt-3-training-cost,gpt-3,,,,,,,training_cost,120e6,50e6,330e6")  # fmt: skip
    diff, ledger, summary = explained(before, copy)
    assert len(diff.tables) > 20
    verdicts = {
        cell.key[0]: (cell.old, cell.new) for cell in ledger.cells if cell.column == "verdict"
    }
    assert verdicts["opt-175b-cost-ratio"] == ("agrees", "differs")
    figures = {(cell.key[0], cell.column): cell.difference.ratio for cell in summary.cells}
    assert figures["gpt-3", "training_cost_usd"] == 10
    assert summary.because is not None
    assert summary.because["gpt-3"] == ("gpt-3-training-cost",)
    assert ledger.because is not None
    assert ledger.because["opt-175b-cost-ratio"] == ("gpt-3-training-cost",)
    assert json.loads(json.dumps(as_dict(diff)))["explanation"]["ledger"]["because"]


def test_another_name_changes_no_verdict(copy: Path, before: Path) -> None:
    edit(copy / "data/models.csv", "chinchilla,Chinchilla,", "chinchilla,Chinchilla 2,")
    _, ledger, summary = explained(before, copy)
    assert ledger.matched == len(CALCULATIONS)
    assert ledger.same
    assert [cell.column for cell in summary.cells] == ["name"]


def test_explain_needs_valid_datasets(copy: Path, reviewed: Path, tmp_path: Path) -> None:
    edit(
        copy / "data/models.csv", "chinchilla,Chinchilla,,,,dense", "chinchilla,Chinchilla,,,,dance"
    )
    with pytest.raises(InvalidDataError, match="dance"):
        compare(reviewed, copy, explain=True)
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(InvalidInputError, match="explain: this is for datasets"):
        compare(tmp_path / "a.csv", tmp_path / "a.csv", explain=True)
