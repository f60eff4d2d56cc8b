"""Faults with one cause are reported once, where the fix is made; hints say what was meant."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

import diffdata
from diffdata.errors import Issue
from diffdata.schemas.standard import Field
from diffdata.types.text import CellError
from diffdata.validation import check
from diffdata.validation.suggestions import (
    speller,
    suggested_date,
    suggested_form,
    suggested_number,
)
from diffdata.validation.typed import parse_cell

from .conftest import edit
from .stated_rules import rows_of
from .test_validation import only, set_cell


def rewrite(folder: Path, table: str, change: Callable[[list[list[str]]], object]) -> list[Issue]:
    """Change the rows of a table (the first is its header), and validate."""
    path = folder / "data" / f"{table}.csv"
    rows = rows_of(path.read_text(encoding="utf-8"))
    change(rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return diffdata.validate(folder)


def test_a_shifted_row_is_one_fault(copy: Path) -> None:
    issue = only(rewrite(copy, "models", lambda rows: rows[3].insert(2, "") or rows[3].pop()))
    assert (issue.rule, issue.line) == ("shifted-row", 4)
    assert "one column too far to the right" in issue.message


def test_two_swapped_cells_are_one_fault(copy: Path) -> None:
    def swap(rows: list[list[str]]) -> None:
        here, there = (rows[0].index(name) for name in ("published", "url"))
        row = next(row for row in rows if row[0] == "brown-2020")
        row[here], row[there] = row[there], row[here]

    issue = only(rewrite(copy, "sources", swap))
    assert (issue.rule, issue.row) == ("swapped-cells", "source_id=brown-2020")
    assert issue.column in ("published", "url")


def test_two_swapped_columns_are_one_fault(copy: Path) -> None:
    def swap(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            row[0], row[1] = row[1], row[0]

    issue = only(rewrite(copy, "calculation_inputs", swap))
    assert (issue.rule, issue.line) == ("swapped-columns", 1)


def test_a_missing_row_is_reported_once_for_all_references(copy: Path) -> None:
    issue = only(
        rewrite(copy, "models", lambda rows: rows.remove(next(r for r in rows if r[0] == "gopher")))
    )
    assert issue.rule == "foreign-key"
    assert "rows refer to 'gopher' (also " in issue.message
    assert issue.hint.endswith("add the row to data/models.csv")


def test_a_mistyped_key_is_reported_at_the_key(copy: Path) -> None:
    line = set_cell(copy, "models", "gopher", "model_id", "gophre")
    issue = only(diffdata.validate(copy))
    assert (issue.file, issue.line, issue.rule) == ("data/models.csv", line, "mistyped-key")
    assert issue.hint == "did you mean gopher? Ids never change"


def test_a_broken_reference_does_not_hide_in_an_acknowledged_warning(copy: Path) -> None:
    """Nothing refers to `cottier-2022-access`, which is acknowledged; its name is alike."""
    estimates = copy / "data/estimates.csv"
    text = estimates.read_text()
    row = next(line for line in text.splitlines() if ",cottier-2022-summary," in line)
    mistyped = row.replace(",cottier-2022-summary,", ",cottier-2022-acess,")
    edit(estimates, row, mistyped)
    issues = diffdata.validate(copy)
    line = text.splitlines().index(row) + 1
    found = [(i.file, i.line, i.rule) for i in issues if i.severity == "error"]
    assert found == [("data/estimates.csv", line, "foreign-key")]


def test_a_mistyped_key_with_a_fault_of_its_own_has_one_issue(copy: Path) -> None:
    line = set_cell(copy, "models", "gopher", "model_id", "Gopher")
    issue = only(diffdata.validate(copy))
    assert (issue.file, issue.line, issue.rule) == ("data/models.csv", line, "pattern")
    assert "refer to 'gopher'" in issue.message
    assert issue.hint.startswith("write gopher: small letters and digits")


def test_an_empty_key_is_reported_once(copy: Path) -> None:
    line = set_cell(copy, "models", "gopher", "model_id", "")
    issue = only(diffdata.validate(copy))
    assert (issue.line, issue.rule, issue.hint) == (line, "required", "did you mean gopher?")


def test_a_file_that_was_encoded_twice_is_one_fault(copy: Path) -> None:
    path = copy / "data/corrections.csv"
    text = path.read_text().replace(" the ", " thé ")
    path.write_bytes(text.encode().decode("latin-1").encode())
    issue = only(diffdata.validate(copy))
    assert issue.rule == "encoding"
    assert "such cells" in issue.message
    assert "thé" in issue.hint


def test_the_part_of_a_pair_that_is_wrong_is_named(copy: Path) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "unit", "FLOP")
    found = [issue for issue in diffdata.validate(copy) if issue.rule == "foreign-key"]
    issue = only(found)
    assert issue.column == "unit"
    assert "training_cost has the unit currency" in issue.hint


def test_the_value_that_is_out_of_order_is_named(copy: Path) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "low", "33e9")
    assert only(diffdata.validate(copy)).column == "low"


def test_tables_are_checked_again_if_a_column_changed_that_they_refer_to(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    monkeypatch.setattr(check, "_remembered", {})
    evaluate = check._joined_breaches
    monkeypatch.setattr(
        check, "_joined_breaches", lambda name, *rest: checked.append(name) or evaluate(name, *rest)
    )
    diffdata.validate(copy)
    checked.clear()
    set_cell(copy, "models", "gopher", "note", "Another note.")
    assert diffdata.validate(copy) == []
    assert "models" in checked
    assert not {"model_dates", "artifacts", "estimates"} & {*checked}
    set_cell(copy, "models", "gopher", "model_id", "gophre")
    assert only(diffdata.validate(copy)).rule == "mistyped-key"
    assert {"models", "model_dates", "artifacts", "estimates"} <= {*checked}


@pytest.mark.parametrize(
    ("text", "whole", "hint"),
    [
        ("3,14e23", False, "write 3.14e23"),
        ("175B", False, "write 175000000000"),
        ("1.2 M", False, "write 1200000"),
        ("1,2M", False, "write 1200000"),
        ("3 billion", False, "write 3000000000"),
        ("5%", False, "write 0.05, as a share of 1"),
        ("$12", False, "write 12"),
        ("3.14\u00d710^23", False, "write 3.14e23"),
        ("12.0", True, "write 12"),
        ("12.5", True, ""),
        ("1e400", True, ""),
        ("unknown", False, "leave the cell empty if the value is not known"),
        ("ten", False, ""),
        ("1.022.362", False, "write 1022362"),
        (
            "60e9-70e9",
            False,
            "write one number; the ends of a range belong in columns of their own",
        ),
        ("=6*65.2e9*1.4e12", False, "write the result of the formula: 5.4768e23"),
        ("=A1*B1", False, "write the result of the formula"),
        ("1e-5", True, ""),
    ],
)
def test_numbers_as_people_write_them(text: str, whole: bool, hint: str) -> None:
    assert suggested_number(text, whole) == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2020-05", "write 2020-05-01, and month as its precision"),
        ("2020", "write 2020-01-01, and year as its precision"),
        ("2020-5-8", "write 2020-05-08"),
        ("2020-28-05", "write 2020-05-28 if day and month are swapped"),
        ("2020-02-30", "February 2020 has 29 days"),
        ("28.05.2020", "write 2020-05-28"),
        ("28 May 2020", "write 2020-05-28"),
        ("0000-01-01", ""),
        ("soon", ""),
        ("24/02/2023", "write 2023-02-24"),
        ("02/03/2023", "write 2023-03-02 or 2023-02-03; it is not clear which number is the month"),
        ("44981", "write 2023-02-24 if this is the day number of a spreadsheet"),
    ],
)
def test_dates_as_people_write_them(text: str, hint: str) -> None:
    assert suggested_date(text) == hint


def test_forms_are_described_in_words() -> None:
    identifier = "[a-z0-9]+(?:[.-][a-z0-9]+)*"
    assert suggested_form("GPT 3", identifier).startswith("write gpt-3: small letters and digits")
    assert "U+043E CYRILLIC SMALL LETTER O" in suggested_form("g\u043epher", identifier)
    assert suggested_form("https://doi.org/10.1/x", r"10\.[0-9]+/\S+").startswith(
        "write 10.1/x: a DOI"
    )
    assert suggested_form("x", "[0-9]{7}") == ""
    assert suggested_form("htps://a.org/x", r"https?://\S+").startswith("write https://a.org/x: an")
    assert suggested_form("a.org/x", r"https?://\S+").startswith("write https://a.org/x: an")


def test_spelling_ignores_case_and_similar_letters_and_takes_bounded_time() -> None:
    alike = speller(["reported", "estimated"])
    assert alike("REPORTED") == ["reported"]
    assert alike("rep\u043erted") == ["reported"]
    assert alike("estimate") == ["estimated"]
    many = speller(f"name-{number}" for number in range(400_000))
    assert many("name-7x") == []  # too many to compare
    assert many("NAME-7") == ["name-7"]


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("9007199254740992", True),
        ("9007199254740993", False),
        ("-9007199254740993", False),
        ("175000000000000000000000", True),
        ("123456789012345678901234", False),
        ("9007199254740993e0", True),
        ("9007199254740993.0", True),
    ],
)
def test_a_whole_number_that_would_lose_its_last_digits_is_refused(text: str, exact: bool) -> None:
    field = Field(name="x", type="number", unit="1", description="X.")
    if exact:
        assert parse_cell(text, field) == float(text)
    else:
        with pytest.raises(CellError, match="64 bits hold"):
            parse_cell(text, field)
