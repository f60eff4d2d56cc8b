"""Adding rows: which cells are derived, asked for or refused, and where a row is written."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import diffdata
from diffdata.cli.app import pairs
from diffdata.editing.adding import Added, add_row, ask, fill_in, questions, table_named
from diffdata.editing.rows import (
    candidates,
    derive,
    fault,
    find_reference,
    format_package,
    full_date,
    locked,
    new_identifier,
    open_for_editing,
    rows,
)
from diffdata.errors import InvalidInputError, Issue, PackageError, UnknownNameError
from diffdata.package.packages import Package, open_package
from diffdata.testing import assert_valid
from diffdata.types.names import slug

from .conftest import edit

MODEL = {
    "name": "Imaginary 2",
    "architecture": "",
    "source_id": "brown-2020",
    "locator": "Table 1",
    "verification": "read",
}
ESTIMATE = {
    "model_id": "gpt-2",
    "quantity_id": "training_compute",
    "value": "1.5e21",
    "as_printed": "1.5e21 FLOP",
    "basis": "estimated",
    "source_id": "jones-2020-overhang",
    "locator": "Introduction",
    "verification": "read",
}
SOURCE = {"source_kind": "paper", "title": "A Study of Big Models", "publisher": "arXiv"}


def required(package: Package, table: str, values: dict[str, str]) -> list[tuple[str, ...]]:
    """Return the columns of the questions that need an answer."""
    return [question.columns for question in questions(package, table, values) if question.required]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def line_of(path: Path, start: str) -> int:
    """Return the number of the line that starts with a text."""
    (found,) = (number for number, line in enumerate(lines(path), 1) if line.startswith(start))
    return found


def refusal(package: Package, table: str, values: dict[str, str]) -> str:
    """Expect that a row is refused and that no file changes, and return the message."""
    before = {path: path.read_bytes() for path in (package.root / "data").rglob("*.csv")}
    with pytest.raises(InvalidInputError) as caught:
        add_row(package, table, values)
    assert {path: path.read_bytes() for path in (package.root / "data").rglob("*.csv")} == before
    message = str(caught.value)
    assert message.startswith(f"no row was added to {table}:\n")
    return message


# Where a row is written


def test_a_row_is_written_as_one_line_at_the_place_of_its_key(copy: Path) -> None:
    package, path = open_package(copy), copy / "data/models.csv"
    before = lines(path)
    added = add_row(package, "models", MODEL)
    after = lines(path)
    assert after[added.line - 1] == "imaginary-2,Imaginary 2,,,,,,brown-2020,Table 1,read,,"
    assert after[: added.line - 1] + after[added.line :] == before
    assert (added.path, added.derived, added.warnings) == (path, ("model_id",), ())
    assert_valid(copy)
    assert format_package(package, check=True) == []


def test_rows_are_added_at_the_beginning_and_at_the_end(copy: Path) -> None:
    package = open_package(copy)
    last = add_row(package, "models", MODEL | {"name": "ZZZZ"})
    assert last.line == len(lines(last.path))
    first = add_row(package, "models", MODEL | {"name": "0"})
    assert first.line == 2
    assert_valid(copy)


def test_a_row_can_refer_to_one_that_was_just_added(copy: Path) -> None:
    package = open_package(copy)
    add_row(package, "models", MODEL)
    add_row(package, "estimates", ESTIMATE | {"model_id": "imaginary-2"})
    assert_valid(copy)


def any_row(package: Package, table: str) -> dict[str, str]:
    """Return a copy of an existing row with another key, as typed for `new`."""
    schema = package.schema(table)
    row = {name: cell for name, cell in rows(package, table)[0].items() if cell}
    foreign = {name: key for key in schema.foreign_keys for name in key.fields}
    used = {tuple(r[name] for name in schema.primary_key) for r in rows(package, table)}
    for name in reversed(schema.primary_key):
        others = list(map(str, schema.field(name).constraints.enum or ["zz-new", "zz_new"]))
        if name in foreign:
            others = [r[foreign[name].reference.fields[0]]
                      for r in rows(package, foreign[name].reference.resource)]  # fmt: skip
        for other in others:
            changed = row | {name: other}
            key = tuple(changed[part] for part in schema.primary_key)
            if key not in used and not fault(other, schema.field(name)):
                said = next(n for n in ("locator", "definition", "title", "why", *changed)
                            if n in changed)  # fmt: skip
                return changed | ({said: "another"} if said not in schema.primary_key else {})
    raise AssertionError(table)


def test_a_row_can_be_added_to_every_table(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The result is validated once, which is faster than to validate it for each row.
    monkeypatch.setattr("diffdata.editing.adding.validate", lambda _: [])
    package = open_package(copy)
    for table in package.tables:
        count = len(rows(package, table))
        add_row(package, table, any_row(package, table))
        assert len(rows(package, table)) == count + 1, table
    assert [issue for issue in diffdata.validate(copy) if issue.severity == "error"] == []
    assert format_package(package, check=True) == []


def test_a_row_can_be_added_to_a_third_party_table(tmp_path: Path) -> None:
    schema = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "title": "Ships",
        "description": "One row is a ship.",
        "fields": [
            {"name": "ship_id", "type": "string", "description": "The ship.",
             "constraints": {"required": True}},
            {"name": "name", "type": "string", "description": "Its name.",
             "constraints": {"required": True}},
            {"name": "tonnage", "type": "integer", "unit": "ton", "description": "Its size.",
             "constraints": {"minimum": 1}},
            {"name": "sister_ship_id", "type": "string", "description": "Another of its kind."},
        ],
        "primaryKey": "ship_id",
        "foreignKeys": [{"fields": "sister_ship_id",
                         "reference": {"resource": "", "fields": "ship_id"}}],
    }  # fmt: skip
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "fleet", "version": "1.0.0", "title": "Fleet", "description": "Ships.",
        "licenses": [{"name": "CC0-1.0"}],
        "resources": [{"name": "ships", "path": "ships.csv", "schema": "ships.json"}],
    }  # fmt: skip
    (tmp_path / "ships.json").write_text(json.dumps(schema))
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor))
    (tmp_path / "ships.csv").write_text("ship_id,name,tonnage,sister_ship_id\n")
    package = open_package(tmp_path)
    assert [q.columns for q in questions(package, "ships", {})] == [("name",)]
    add_row(package, "ships", {"name": "Titanic", "tonnage": "46328"})
    add_row(package, "ships", {"name": "Olympic", "sister_ship_id": "titanic"})
    assert (tmp_path / "ships.csv").read_text() == (
        "ship_id,name,tonnage,sister_ship_id\nolympic,Olympic,,titanic\ntitanic,Titanic,46328,\n"
    )
    with pytest.raises(InvalidInputError, match="tonnage: '0' is not allowed: expected at least 1"):
        add_row(package, "ships", {"name": "Dinghy", "tonnage": "0"})


# Derived cells


@pytest.mark.parametrize(
    ("given_date", "date", "precision"),
    [
        ("2020-05", "2020-05-01", "month"),
        ("2020", "2020-01-01", "year"),
        ("2020-05-28", "2020-05-28", "day"),
        ("May 2020", "May 2020", ""),
    ],
)
def test_precision_is_derived_from_how_much_of_a_date_is_given(
    given_date: str, date: str, precision: str, package: Package
) -> None:
    row = derive(package, "sources", SOURCE | {"published": given_date})
    assert (row["published"], row["published_precision"]) == (date, precision)


def test_only_dates_months_and_years_have_a_precision() -> None:
    assert full_date("2020-05") == ("2020-05-01", "month")
    assert full_date("2020") == ("2020-01-01", "year")
    assert full_date("May 2020") == full_date("2020-5") == full_date("") == ("", "")


def test_a_given_precision_is_kept(package: Package) -> None:
    given = {"published": "2020-05-01", "published_precision": "month"}
    row = derive(package, "sources", given)
    assert row["published_precision"] == "month"
    row = derive(package, "sources", {"published": "2020-05", "published_precision": "day"})
    assert row["published"] == "2020-05"


def test_the_unit_of_a_quantity_with_one_unit_is_derived(package: Package) -> None:
    assert derive(package, "estimates", {"quantity_id": "training_compute"})["unit"] == "FLOP"
    assert derive(package, "estimates", {"quantity_id": "training_cost"})["unit"] == "currency"


def test_the_unit_of_a_quantity_with_several_units_is_asked_for(package: Package) -> None:
    given = ESTIMATE | {"quantity_id": "time_shift", "value": "3"}
    assert derive(package, "estimates", given)["unit"] == ""
    (question,) = questions(package, "estimates", given)
    assert question.columns == ("unit",)
    units = {
        row["unit"] for row in rows(package, "quantities") if row["quantity_id"] == "time_shift"
    }
    assert len(units) > 1
    assert candidates(package, "estimates", "unit", given).keys() == units


def test_currency_is_asked_for_money_only(package: Package) -> None:
    money = ESTIMATE | {"quantity_id": "training_cost"}
    assert [q.columns for q in questions(package, "estimates", money)] == [("currency",)]
    assert questions(package, "estimates", ESTIMATE) == []
    assert derive(package, "estimates", money)["currency"] == ""


def test_the_statistic_is_unspecified_if_there_is_a_value(package: Package) -> None:
    assert derive(package, "estimates", {"value": "3"})["statistic"] == "unspecified"
    assert derive(package, "estimates", {"value": "3", "statistic": "mean"})["statistic"] == "mean"
    assert derive(package, "estimates", {"low": "3"})["statistic"] == ""


def test_the_default_status_is_current(package: Package) -> None:
    assert derive(package, "comparisons", {})["status"] == "current"
    assert "status" not in derive(package, "models", {})


def test_numbers_with_suffixes_are_refused_with_a_hint(copy: Path) -> None:
    message = refusal(open_package(copy), "estimates", ESTIMATE | {"value": "175B"})
    assert "value: '175B' is not allowed: expected a number such as 3.14e23" in message
    assert "(write 175000000000)" in message


# Identifiers


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"authors": "Smith, Jo; Li, Wei", "published": "2020-05"}, "smith-2020"),
        ({"authors": "Brown, Tom", "published": "2020"}, "brown-2020-study"),  # the other is taken
        ({"authors": "Laurençon, Hugo"}, "laurencon-study"),
        ({}, "arxiv-study-big"),
        ({"published": "2023", "publisher": "NVIDIA", "title": "NVIDIA H100 Tensor Core GPU"},
         "nvidia-h100-tensor"),
        ({"title": "", "published": "2023"}, ""),
        ({"source_id": "mine"}, "mine"),
    ],
)  # fmt: skip
def test_identifiers_of_sources_have_author_year_or_title(
    values: dict[str, str], expected: str, package: Package
) -> None:
    assert derive(package, "sources", SOURCE | values)["source_id"] == expected


@pytest.mark.parametrize(
    ("table", "values", "expected"),
    [
        ("estimates", ESTIMATE, "gpt-2-training-compute-jones-2020-overhang"),
        ("comparisons", {"model_id": "gpt-2", "reference_model_id": "gopher"}, "gpt-2-vs-gopher"),
        ("training_runs", {"model_id": "gpt-2", "source_id": "brown-2020"},
         "gpt-2-run-brown-2020"),
        ("artifacts", {"organization_id": "openai", "name": "Weights"}, "openai-weights"),
        ("artifacts", {"model_id": "gpt-4", "name": "GPT-4 weights"}, "gpt-4-weights"),
        ("artifacts", {"model_id": "gpt-4", "name": "GPT-4"}, "gpt-4-4"),
        ("artifacts", {"model_id": "gpt-4", "artifact_kind": "training_code", "name": "The code"},
         "gpt-4-training-code"),
        ("diffusion_events", {"artifact_id": "bloom-api", "mechanism": "open_publication"},
         "bloom-api-open-publication"),
        ("quantities", {"title": "Cost of a thing", "unit": "1"}, "cost_of_a_thing"),
        ("models", {"name": "\u4e66\u751f"}, ""),  # no letters that the pattern allows
    ],
)  # fmt: skip
def test_other_identifiers_are_made_of_cells_of_the_row(
    table: str, values: dict[str, str], expected: str, package: Package
) -> None:
    row = derive(package, table, values)
    assert row[package.schema(table).primary_key[0]] == expected


def test_a_second_figure_of_a_source_has_a_number_in_its_identifier(copy: Path) -> None:
    package = open_package(copy)
    first = add_row(package, "estimates", ESTIMATE)
    second = add_row(package, "estimates", ESTIMATE | {"locator": "Appendix"})
    third = add_row(package, "estimates", ESTIMATE | {"locator": "Notes"})
    assert [added.row["estimate_id"].removeprefix(first.row["estimate_id"])
            for added in (first, second, third)] == ["", "-2", "-3"]  # fmt: skip
    assert_valid(copy)


def test_a_duplicate_row_is_refused(copy: Path) -> None:
    package = open_package(copy)
    first = add_row(package, "estimates", ESTIMATE)
    message = refusal(package, "estimates", ESTIMATE)
    assert f"the row exists already: estimate_id={first.row['estimate_id']}" in message


def test_a_second_model_of_the_same_name_needs_an_identifier(copy: Path) -> None:
    package = open_package(copy)
    message = refusal(package, "models", MODEL | {"name": "BLOOM"})
    assert "missing: model_id:" in message
    assert "(bloom is taken; is the row there already?)" in message
    message = refusal(package, "models", MODEL | {"name": "BLOOM", "model_id": "bloom"})
    assert "expected a model_id that no other row has" in message
    add_row(package, "models", MODEL | {"name": "BLOOM", "model_id": "bloom-two"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PanGu-\u03b1 200B", "pangu-alpha-200b"),
        ("Yuan 1.0", "yuan-1.0"),
        ("Lauren\u00e7on", "laurencon"),
        ("Zhipu.AI", "zhipu-ai"),
    ],
)
def test_a_slug_is_ascii_with_dots_only_inside_numbers(name: str, expected: str) -> None:
    assert slug(name) == expected


@given(st.text(max_size=30))
def test_a_slug_matches_the_pattern_of_identifiers_and_is_stable(text: str) -> None:
    made = slug(text)
    assert made == "" or re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", made)
    assert slug(made) == made


@given(st.text(max_size=30), st.sampled_from(["", "GPT-3 ", "BLOOM"]))
def test_a_proposed_identifier_is_new_and_allowed(reviewed: Path, text: str, start: str) -> None:
    package = open_package(reviewed)
    taken = {row["model_id"] for row in rows(package, "models")}
    made, clash = new_identifier(package, "models", {"name": start + text})
    assert made not in taken
    assert fault(made, package.schema("models").field("model_id")) == ""
    assert clash == "" or clash in taken


def test_an_identifier_that_is_taken_is_named(package: Package) -> None:
    assert new_identifier(package, "models", {"name": "GPT-NeoX 20 B"}) == ("gpt-neox-20-b", "")
    assert new_identifier(package, "models", {"name": "BLOOM"}) == ("", "bloom")


# Questions


def test_only_missing_columns_are_asked_for(package: Package) -> None:
    asked = questions(package, "estimates", {})
    assert [(question.columns, question.choose) for question in asked] == [
        (("model_id", "artifact_id", "event_id", "comparison_id", "scenario_id",
          "counterfactual_id", "technique_id"), "exactly one"),
        (("quantity_id",), "one"),
        (("value", "low", "high"), "at least one"),
        (("unit",), "one"),
        (("basis",), "one"),
        (("source_id",), "one"),
        (("locator",), "one"),
        (("verification",), "one"),
    ]  # fmt: skip
    assert all(question.required for question in asked)


def test_questions_list_the_allowed_answers(package: Package) -> None:
    by_column = {question.columns[0]: question for question in questions(package, "estimates", {})}
    assert "One of: reported, estimated, derived, assumed, repeated." in str(by_column["basis"])
    field = package.schema("models").field("verification")
    (checked,) = questions(package, "models", MODEL | {"verification": ""})
    allowed = ", ".join(map(str, field.constraints.enum or ()))
    assert str(checked) == f"verification: {field.description} One of: {allowed}."
    (quoted, *_) = questions(package, "models", MODEL | {"verification": "quoted"})
    assert str(quoted).endswith("read in its own source does not)")
    assert "exactly one of model_id | " in str(by_column["model_id"])
    attempt = questions(package, "case_studies", {})
    assert all("meets_definition" not in question.columns for question in attempt)


def test_rules_require_columns_because_of_other_cells(package: Package) -> None:
    quoted = questions(package, "models", MODEL | {"verification": "quoted"})
    assert [question.columns for question in quoted] == [("quoted_in_source_id",)]
    assert "names the source in which it was read" in quoted[0].reason
    bounds = questions(package, "estimates", ESTIMATE | {"level": "0.9"})
    assert [question.columns for question in bounds] == [("low",), ("high",)]
    event = {"explicit_attempt": "true"}
    assert ("outcome",) in [q.columns for q in questions(package, "diffusion_events", event)]
    run = {"utilization": "0.5"}
    assert ("utilization_kind",) in [q.columns for q in questions(package, "training_runs", run)]
    assert ("published",) in [
        q.columns for q in questions(package, "sources", {"published_precision": "day"})
    ]


def test_advised_columns_can_be_left_empty(package: Package) -> None:
    given = {name: cell for name, cell in ESTIMATE.items() if name != "as_printed"}
    (question,) = questions(package, "estimates", given)
    assert (question.columns, question.required) == (("as_printed",), False)
    assert questions(package, "estimates", given | {"as_printed": ""}) == []


def test_a_required_cell_that_is_left_empty_is_asked_for_again(package: Package) -> None:
    (question,) = questions(package, "models", MODEL | {"locator": ""})
    assert question.columns == ("locator",)


def test_recommended_columns_are_asked_for_and_optional(package: Package) -> None:
    def optional(table: str, given: dict[str, str]) -> list[tuple[str, ...]]:
        return [q.columns for q in questions(package, table, given) if not q.required]

    recommended = [("authors",), ("published",), ("url",), ("doi",)]
    assert optional("sources", SOURCE) == recommended
    assert optional("sources", SOURCE | {"source_id": "mine", "doi": ""}) == recommended[:3]
    assert ("available",) in optional("artifacts", {})
    assert optional("training_runs", {"model_id": "gpt-2", "source_id": "brown-2020"}) == [
        ("chips",),
        ("duration_days",),
        ("chip_hours",),
    ]
    assert ("memory_bytes",) in optional("hardware", {})
    assert ("architecture",) in optional("models", {})
    assert required(package, "models", MODEL) == []


# Asking


class Person:
    """A user who types prepared lines."""

    def __init__(self, *lines: str) -> None:
        self.lines: Iterator[str] = iter(lines)
        self.prompts: list[str] = []
        self.shown: list[str] = []

    def read(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return next(self.lines)

    def done(self) -> bool:
        return next(self.lines, None) is None


def test_the_answers_make_a_valid_row(copy: Path) -> None:
    package = open_package(copy)
    person = Person(
        "modle", "model", "GPT-2 1.5B",  # the subject, by name
        "training cost",  # the quantity, by title
        "", "40k", "40e3", "50e3",  # a range without a centre
        "dollars", "USD", "guessed", "estimated", "", "jones-2020-overhang", "body", "read",
        "",
        "GPT 2", "",  # the identifier: Enter confirms it
    )  # fmt: skip
    cells: dict[str, str] = {}
    fill_in(package, "estimates", cells, person.read, person.shown.append)
    assert person.done()
    assert person.prompts[-1] == "estimate_id (Enter: gpt-2-training-cost-jones-2020-overhang)"
    added = add_row(package, "estimates", cells)
    assert added.row["estimate_id"] == "gpt-2-training-cost-jones-2020-overhang"
    assert (added.row["low"], added.row["high"], added.row["value"]) == ("40e3", "50e3", "")
    assert [issue.rule for issue in added.warnings] == ["figure_as_printed"]
    shown = "\n".join(person.shown)
    assert "did you mean model_id?" in shown
    assert "'40k' is not allowed: expected a number such as 3.14e23 (write 40000)" in shown
    assert "'dollars' is not allowed: expected one of: AUD, " in shown
    assert "'guessed' is not allowed: expected one of: reported, " in shown
    assert "the row needs it" in shown
    assert [i for i in diffdata.validate(copy) if i.severity == "error"] == []


def test_one_of_several_must_be_filled_in(package: Package) -> None:
    question = next(q for q in questions(package, "estimates", {}) if q.choose == "at least one")
    person = Person("", "", "", "", "", "7")
    answers: dict[str, str] = {}
    ask(question, answers, person.read, person.shown.append)
    assert answers == {"value": "", "low": "", "high": "7"}
    assert "at least one of them is required" in person.shown


def test_a_date_may_be_answered_to_the_month(package: Package) -> None:
    question = next(q for q in questions(package, "model_dates", {}) if q.columns == ("date",))
    person = Person("soon", "2020-13", "2020-05")
    answers: dict[str, str] = {}
    ask(question, answers, person.read, person.shown.append)
    assert answers == {"date": "2020-05"}
    assert len([line for line in person.shown if "is not allowed" in line]) == 2


def test_a_reference_is_never_guessed(package: Package) -> None:
    question = questions(package, "model_dates", {})[0]
    person = Person("gpt", "qqqq", "gpt-3")
    answers: dict[str, str] = {}
    ask(question, answers, person.read, person.shown.append)
    assert answers == {"model_id": "gpt-3"}
    assert any(line.startswith("there is no 'gpt'; did you mean gpt-") for line in person.shown)
    assert "there is no 'qqqq'; add it first" in person.shown


@pytest.mark.parametrize(
    ("text", "found", "message"),
    [
        ("GPT-3 175B", "gpt-3", ""),
        ("gpt-3", "gpt-3", ""),
        ("gpt3", "", "there is no 'gpt3'; did you mean gpt-3?"),
    ],
)
def test_a_reference_is_an_identifier_or_a_name(text: str, found: str, message: str) -> None:
    choices = {"gpt-3": "GPT-3 175B", "bloom": "BLOOM"}
    assert find_reference(text, choices) == (found, message)


# Refused rows


def test_all_faults_are_reported_at_once(copy: Path) -> None:
    message = refusal(
        open_package(copy),
        "estimates",
        {"model_id": "gtp-3", "quantity_id": "training_compute", "value": "1,5", "level": "90"},
    )
    assert "value: '1,5' is not allowed" in message
    assert "level: '90' is not allowed: expected less than 1" in message
    assert "model_id: there is no 'gtp-3'; did you mean gpt-3" in message
    for column in ("low", "high", "basis", "source_id", "locator", "verification"):
        assert f"missing: {column}: " in message
    assert "missing: unit" not in message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"low": "2e21", "high": "3e21"}, "interval_in_order"),
        ({"artifact_id": "bloom-api"}, "one_subject"),
        ({"unit": "currency", "currency": "USD"}, "foreign-key"),
        ({"currency": "USD"}, "money_has_a_currency"),
        ({"as_of": "2020-05-28", "as_of_precision": "month"}, "as_of_precision_fits"),
        ({"estimate_id": "gpt-3-training-cost"}, "primary-key"),
        ({"note": "two\nlines"}, "on one line"),
        ({"note": 'a "quoted, word'}, ""),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused(
    change: dict[str, str], expected: str, copy: Path
) -> None:
    package = open_package(copy)
    if not expected:
        add_row(package, "estimates", ESTIMATE | change)
        assert_valid(copy)
        return
    message = refusal(package, "estimates", ESTIMATE | change)
    assert expected in message
    assert "Traceback" not in message


def test_the_message_about_a_refused_row_has_no_line(copy: Path) -> None:
    message = refusal(open_package(copy), "estimates", ESTIMATE | {"low": "2e21"})
    assert "data/estimates.csv: error: found low=2e21, value=1.5e21" in message


def test_the_nearest_names_of_unknown_tables_and_columns_are_suggested(package: Package) -> None:
    with pytest.raises(UnknownNameError, match="did you mean models"):
        table_named(package, "modell")
    with pytest.raises(UnknownNameError, match=r"no column of models named 'nam'.*name"):
        add_row(package, "models", {"nam": "x"})


def test_existing_faults_do_not_prevent_a_new_row_and_are_not_reported(copy: Path) -> None:
    edit(copy / "data/hardware.csv", "google-tpu-v3,Google TPU v3", "google-tpu-v3,")
    edit(copy / "data/models.csv", "\nbloom,BLOOM,", "\nbloom,,")
    package = open_package(copy)
    before = [issue.rule for issue in diffdata.validate(copy)]
    assert before
    added = add_row(package, "models", MODEL)
    assert isinstance(added, Added)
    assert added.warnings == ()
    assert [issue.rule for issue in diffdata.validate(copy)] == before
    assert "interval_in_order" in refusal(package, "estimates", ESTIMATE | {"low": "2e21"})


def test_a_file_with_a_fault_of_shape_is_not_changed(copy: Path) -> None:
    edit(copy / "data/models.csv", "\nbloom,BLOOM,", "\nbloom,BLOOM,,")
    before = (copy / "data/models.csv").read_bytes()
    line = line_of(copy / "data/models.csv", "bloom,")
    with pytest.raises(PackageError, match=f"models.csv:{line}: error: the row has 13 cells"):
        add_row(open_package(copy), "models", MODEL)
    assert (copy / "data/models.csv").read_bytes() == before


def test_two_rows_added_at_the_same_time_are_both_written(copy: Path) -> None:
    package = open_package(copy)
    with ThreadPoolExecutor(2) as pool:
        names = ["Imaginary 2", "Imaginary 3"]
        added = list(pool.map(lambda n: add_row(package, "models", MODEL | {"name": n}), names))
    assert {one.row["model_id"] for one in added} == {"imaginary-2", "imaginary-3"}
    assert {"imaginary-2", "imaginary-3"} <= {row["model_id"] for row in rows(package, "models")}
    assert_valid(copy)


def test_the_lock_is_waited_for(copy: Path) -> None:
    package = open_package(copy)
    with ThreadPoolExecutor(1) as pool:
        with locked(package):
            waiting = pool.submit(format_package, package, ["models"])
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        assert waiting.result(timeout=60) == []


def test_a_change_by_another_program_is_not_overwritten(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy / "data/models.csv"

    def validate(folder: Path) -> list[Issue]:
        path.write_bytes(path.read_bytes() + b"\n")  # an editor saves the file in the meantime
        return diffdata.validate(folder)

    monkeypatch.setattr("diffdata.editing.adding.validate", validate)
    before = path.read_bytes()
    with pytest.raises(PackageError, match="another program changed the file in the meantime"):
        add_row(open_package(copy), "models", MODEL)
    assert path.read_bytes() == before + b"\n"


def test_a_table_is_named_in_the_singular_or_plural(package: Package) -> None:
    names = {"model": "models", "case-study": "case_studies", "hardware": "hardware"}
    assert [table_named(package, name) for name in names] == list(names.values())


def test_cells_are_read_as_column_and_value() -> None:
    expected = "COLUMN=VALUE"
    assert pairs(["a=b=c", "d="], "cells", expected, empty=True) == {"a": "b=c", "d": ""}
    for words, message in ((["a"], "COLUMN=VALUE"), (["=a"], "COLUMN"), (["a=1", "a=2"], "twice")):
        with pytest.raises(InvalidInputError, match=message):
            pairs(words, "cells", expected, empty=True)


def test_the_dataset_of_an_installed_package_is_not_edited(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffdata.package.files.bundled_root", lambda: copy)
    with pytest.raises(PackageError, match="cannot be edited; name the folder of your own package"):
        open_for_editing()
    assert open_for_editing(copy).root == copy


# diffdata.testing


def test_assert_valid_lists_all_faults(copy: Path) -> None:
    assert_valid(copy)
    edit(copy / "data/models.csv", "\nbloom,BLOOM,", "\nbloom,,")
    with pytest.raises(AssertionError) as caught:
        assert_valid(copy)
    assert str(caught.value) == diffdata.explain(diffdata.validate(copy))
    line = line_of(copy / "data/models.csv", "bloom,")
    assert f"data/models.csv:{line}: error: the cell is empty" in str(caught.value)


def test_assert_valid_counts_warnings_only_on_request(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = Issue("f", 1, None, None, None, "r", "warning", "unusual")
    monkeypatch.setattr("diffdata.testing.validate", lambda _: [warning])
    assert_valid(copy)
    with pytest.raises(AssertionError, match="f:1: warning: unusual"):
        assert_valid(copy, warnings=True)
