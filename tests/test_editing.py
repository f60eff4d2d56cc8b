"""Adding rows: what is derived, what is asked, what is refused, and where a row ends up."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import diffdata
from diffdata.editing import (
    Added,
    add_row,
    ask,
    derive,
    fill_in,
    format_package,
    open_for_editing,
    pairs,
    questions,
    table_named,
)
from diffdata.editing.cells import fault
from diffdata.editing.identifiers import propose, slug
from diffdata.editing.references import rows
from diffdata.errors import InvalidInputError, Issue, PackageError, UnknownNameError
from diffdata.package.packages import Package, open_package
from diffdata.testing import assert_valid

from .conftest import edit

MODEL = {
    "name": "Claude 2",
    "modality": "text",
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


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def refusal(package: Package, table: str, values: dict[str, str]) -> str:
    """Expect that a row is refused and that no file changes, and return the message."""
    before = {path: path.read_bytes() for path in (package.root / "data").iterdir()}
    with pytest.raises(InvalidInputError) as caught:
        add_row(package, table, values)
    assert {path: path.read_bytes() for path in (package.root / "data").iterdir()} == before
    message = str(caught.value)
    assert message.startswith(f"no row was added to {table}:\n")
    return message


# The right place, the right key, a valid table


def test_a_row_is_one_more_line_where_its_key_belongs(copy: Path) -> None:
    package, path = open_package(copy), copy / "data/models.csv"
    before = lines(path)
    added = add_row(package, "models", MODEL)
    after = lines(path)
    assert after[added.line - 1] == "claude-2,Claude 2,,,,,,text,brown-2020,Table 1,read,,"
    assert after[: added.line - 1] + after[added.line :] == before
    assert (added.path, added.derived, added.warnings) == (path, ("model_id",), ())
    assert diffdata.validate(copy) == []
    assert format_package(package, check=True) == []


def test_the_first_and_the_last_place_are_places_too(copy: Path) -> None:
    package = open_package(copy)
    last = add_row(package, "models", MODEL | {"name": "ZZ"})
    assert last.line == len(lines(last.path))
    first = add_row(package, "models", MODEL | {"name": "AA"})
    assert first.line == 2
    assert_valid(copy)


def test_a_new_row_may_refer_to_one_that_was_just_added(copy: Path) -> None:
    package = open_package(copy)
    add_row(package, "models", MODEL)
    add_row(package, "estimates", ESTIMATE | {"model_id": "claude-2"})
    assert_valid(copy)


def any_row(package: Package, table: str) -> dict[str, str]:
    """Return an existing row under another key, as somebody would type it for `new`."""
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


def test_every_table_takes_a_row_and_stays_valid(copy: Path) -> None:
    """Nothing but the schema is needed: a row of the table, under another key, is a row of it."""
    package = open_package(copy)
    for table in package.tables:
        count = len(rows(package, table))
        add_row(package, table, any_row(package, table))
        assert len(rows(package, table)) == count + 1, table
    assert [issue for issue in diffdata.validate(copy) if issue.severity == "error"] == []
    assert format_package(package, check=True) == []


def test_a_table_that_diffdata_does_not_know_takes_rows_too(tmp_path: Path) -> None:
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
    assert "tonnage: '0' is not allowed: expected at least 1" in _told(
        package, "ships", {"name": "Dinghy", "tonnage": "0"}
    )


def _told(package: Package, table: str, values: dict[str, str]) -> str:
    with pytest.raises(InvalidInputError) as caught:
        add_row(package, table, values)
    return str(caught.value)


# What is derived


@pytest.mark.parametrize(
    ("given_date", "date", "precision"),
    [
        ("2020-05", "2020-05-01", "month"),
        ("2020", "2020-01-01", "year"),
        ("2020-05-28", "2020-05-28", "day"),
        ("May 2020", "May 2020", ""),
    ],
)
def test_precision_comes_from_how_much_of_a_date_is_given(
    given_date: str, date: str, precision: str, package: Package
) -> None:
    row = derive(package, "sources", SOURCE | {"published": given_date})
    assert (row["published"], row["published_precision"]) == (date, precision)


def test_a_precision_that_is_given_is_not_overruled(package: Package) -> None:
    given = {"published": "2020-05-01", "published_precision": "month"}
    row = derive(package, "sources", given)
    assert row["published_precision"] == "month"
    row = derive(package, "sources", {"published": "2020-05", "published_precision": "day"})
    assert row["published"] == "2020-05"


def test_the_unit_follows_from_a_quantity_that_has_one(package: Package) -> None:
    assert derive(package, "estimates", {"quantity_id": "training_compute"})["unit"] == "FLOP"
    assert derive(package, "estimates", {"quantity_id": "training_cost"})["unit"] == "currency"


def test_the_unit_is_asked_where_a_quantity_has_several(package: Package) -> None:
    given = ESTIMATE | {"quantity_id": "duration", "value": "3"}
    assert derive(package, "estimates", given)["unit"] == ""
    (question,) = questions(package, "estimates", given)
    assert question.columns == ("unit",)
    units = {row["unit"] for row in rows(package, "quantities") if row["quantity_id"] == "duration"}
    assert len(units) > 1
    assert set(question.blanks[0].known or {}) == units


def test_currency_is_asked_for_money_and_only_there(package: Package) -> None:
    money = ESTIMATE | {"quantity_id": "training_cost"}
    assert [q.columns for q in questions(package, "estimates", money)] == [("currency",)]
    assert questions(package, "estimates", ESTIMATE) == []
    assert derive(package, "estimates", money)["currency"] == ""


def test_the_statistic_is_unspecified_only_where_there_is_a_value(package: Package) -> None:
    assert derive(package, "estimates", {"value": "3"})["statistic"] == "unspecified"
    assert derive(package, "estimates", {"value": "3", "statistic": "mean"})["statistic"] == "mean"
    assert derive(package, "estimates", {"low": "3"})["statistic"] == ""


def test_the_status_is_current_where_there_is_one(package: Package) -> None:
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
        ({}, "study-big-models"),
        ({"source_id": "mine"}, "mine"),
    ],
)
def test_sources_are_named_by_author_year_and_title(
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
        ("diffusion_events", {"artifact_id": "bloom-api", "mechanism": "open_publication"},
         "bloom-api-open-publication"),
        ("quantities", {"title": "Cost of a thing", "unit": "1"}, "cost_of_a_thing"),
        ("models", {"name": "\u4e66\u751f"}, ""),  # no letters of the pattern: it is asked
    ],
)  # fmt: skip
def test_other_identifiers_are_made_of_what_the_row_says(
    table: str, values: dict[str, str], expected: str, package: Package
) -> None:
    row = derive(package, table, values)
    assert row[package.schema(table).primary_key[0]] == expected


def test_a_second_figure_of_a_source_gets_a_number(copy: Path) -> None:
    package = open_package(copy)
    first = add_row(package, "estimates", ESTIMATE)
    second = add_row(package, "estimates", ESTIMATE | {"locator": "Appendix"})
    third = add_row(package, "estimates", ESTIMATE | {"locator": "Notes"})
    assert [added.row["estimate_id"].removeprefix(first.row["estimate_id"])
            for added in (first, second, third)] == ["", "-2", "-3"]  # fmt: skip
    assert_valid(copy)


def test_the_same_row_twice_is_refused(copy: Path) -> None:
    package = open_package(copy)
    first = add_row(package, "estimates", ESTIMATE)
    message = refusal(package, "estimates", ESTIMATE)
    assert f"the row is there already: estimate_id={first.row['estimate_id']}" in message


def test_a_second_thing_of_the_same_name_must_be_told_apart_by_somebody(copy: Path) -> None:
    package = open_package(copy)
    message = refusal(package, "models", MODEL | {"name": "BLOOM"})
    assert "missing: model_id:" in message
    assert "(bloom is taken; is the row there already?)" in message
    message = refusal(package, "models", MODEL | {"name": "BLOOM", "model_id": "bloom"})
    assert "expected a model_id that no other row has" in message
    add_row(package, "models", MODEL | {"name": "BLOOM", "model_id": "bloom-two"})


@given(st.text(max_size=30))
def test_a_slug_fits_the_pattern_of_identifiers_and_is_stable(text: str) -> None:
    made = slug(text)
    assert made == "" or re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", made)
    assert slug(made) == made


@given(st.text(max_size=30), st.sets(st.sampled_from(["gpt-3", "a", "b"])))
def test_a_proposed_identifier_is_free_and_allowed(text: str, taken: set[str]) -> None:
    schema = diffdata.package.packages.open_package().schema("models")
    made, clash = propose("models", schema, {"name": text}, [(name,) for name in taken])
    assert made not in taken
    assert fault(made, schema.field("model_id")) == ""
    assert clash == "" or clash in taken


# What is asked


def test_only_what_is_needed_is_asked(package: Package) -> None:
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


def test_questions_tell_what_may_be_answered(package: Package) -> None:
    by_column = {question.columns[0]: question for question in questions(package, "estimates", {})}
    assert "One of: reported, estimated, derived, assumed, repeated." in str(by_column["basis"])
    assert by_column["source_id"].blanks[0].known is not None
    assert by_column["locator"].blanks[0].known is None
    assert "exactly one of model_id | " in str(by_column["model_id"])
    attempt = questions(package, "case_studies", {})
    assert all("meets_definition" not in question.columns for question in attempt)


def test_rules_ask_by_what_is_there(package: Package) -> None:
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


def test_what_is_only_advised_can_be_left_open(package: Package) -> None:
    given = {name: cell for name, cell in ESTIMATE.items() if name != "as_printed"}
    (question,) = questions(package, "estimates", given)
    assert (question.columns, question.required) == (("as_printed",), False)
    assert questions(package, "estimates", given | {"as_printed": ""}) == []


def test_a_needed_cell_that_is_left_empty_is_asked_again(package: Package) -> None:
    (question,) = questions(package, "models", MODEL | {"modality": ""})
    assert question.columns == ("modality",)


def test_author_and_date_of_a_source_are_asked_for_its_identifier(package: Package) -> None:
    asked = questions(package, "sources", SOURCE)
    assert [(q.columns, q.required) for q in asked] == [
        (("authors",), False), (("published",), False)
    ]  # fmt: skip
    assert questions(package, "sources", SOURCE | {"source_id": "mine"}) == []


# The asking itself


class Person:
    """Somebody who types prepared lines and is shown others."""

    def __init__(self, *lines: str) -> None:
        self.lines: Iterator[str] = iter(lines)
        self.prompts: list[str] = []
        self.told: list[str] = []

    def read(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return next(self.lines)

    def done(self) -> bool:
        return next(self.lines, None) is None


def test_a_whole_conversation_gives_a_valid_row(copy: Path) -> None:
    package = open_package(copy)
    person = Person(
        "modle", "model", "GPT-2 1.5B",  # the subject, by name
        "training cost",  # the quantity, by title
        "", "40k", "40e3", "50e3",  # a range without a centre
        "dollars", "USD", "guessed", "estimated", "", "jones-2020-overhang", "body", "read",
        "",
    )  # fmt: skip
    cells = fill_in(package, "estimates", {}, person.read, person.told.append)
    assert person.done()
    added = add_row(package, "estimates", cells)
    assert added.row["estimate_id"] == "gpt-2-training-cost-jones-2020-overhang"
    assert (added.row["low"], added.row["high"], added.row["value"]) == ("40e3", "50e3", "")
    assert [issue.rule for issue in added.warnings] == ["figure_as_printed"]
    told = "\n".join(person.told)
    assert "did you mean model_id?" in told
    assert "'40k' is not allowed: expected a number such as 3.14e23 (write 40000)" in told
    assert "'dollars' is not allowed: expected text of the form [A-Z]{3}" in told
    assert "'guessed' is not allowed: expected one of: reported, " in told
    assert "the row needs it" in told
    assert [i for i in diffdata.validate(copy) if i.severity == "error"] == []


def test_one_of_several_must_be_filled_in(package: Package) -> None:
    question = next(q for q in questions(package, "estimates", {}) if q.choose == "at least one")
    person = Person("", "", "", "", "", "7")
    answers = ask(question, person.read, person.told.append)
    assert answers == {"value": "", "low": "", "high": "7"}
    assert "at least one of them is needed" in person.told


def test_a_date_may_be_answered_to_the_month(package: Package) -> None:
    question = next(q for q in questions(package, "model_dates", {}) if q.columns == ("date",))
    person = Person("soon", "2020-13", "2020-05")
    assert ask(question, person.read, person.told.append) == {"date": "2020-05"}
    assert len([line for line in person.told if "is not allowed" in line]) == 2


def test_a_reference_is_never_guessed(package: Package) -> None:
    question = questions(package, "model_dates", {})[0]
    person = Person("gpt", "qqqq", "gpt-3")
    assert ask(question, person.read, person.told.append) == {"model_id": "gpt-3"}
    assert any(line.startswith("there is no 'gpt'; did you mean gpt-") for line in person.told)
    assert "there is no 'qqqq'; add it first" in person.told


# What is refused


def test_everything_that_is_wrong_is_told_at_once(copy: Path) -> None:
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


def test_a_refused_row_is_not_given_a_line(copy: Path) -> None:
    message = refusal(open_package(copy), "estimates", ESTIMATE | {"low": "2e21"})
    assert "data/estimates.csv: error: found low=2e21, value=1.5e21" in message


def test_unknown_tables_and_columns_name_the_nearest(package: Package) -> None:
    with pytest.raises(UnknownNameError, match="did you mean models"):
        table_named(package, "modell")
    with pytest.raises(UnknownNameError, match=r"no column of models named 'nam'.*name"):
        add_row(package, "models", {"nam": "x"})


def test_old_faults_do_not_keep_a_row_out_and_are_not_told(copy: Path) -> None:
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


def test_a_file_that_cannot_be_read_safely_is_left_alone(copy: Path) -> None:
    edit(copy / "data/models.csv", "\nbloom,BLOOM,", "\nbloom,BLOOM,,")
    before = (copy / "data/models.csv").read_bytes()
    with pytest.raises(PackageError, match=r"data/models.csv:2: error: the row has 14 cells"):
        add_row(open_package(copy), "models", MODEL)
    assert (copy / "data/models.csv").read_bytes() == before


def test_cells_are_given_as_column_and_value() -> None:
    assert pairs(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    for words, expected in ((["a"], "COLUMN=VALUE"), (["=a"], "COLUMN"), (["a=1", "a=2"], "twice")):
        with pytest.raises(InvalidInputError, match=expected):
            pairs(words)


def test_the_dataset_of_an_installed_package_is_not_edited(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffdata.package.packages.bundled_root", lambda: copy)
    with pytest.raises(PackageError, match="not for editing; name the folder of yours"):
        open_for_editing()
    assert open_for_editing(copy).root == copy


# For other people's packages


def test_assert_valid_says_all_that_is_wrong(copy: Path) -> None:
    assert_valid(copy)
    edit(copy / "data/models.csv", "\nbloom,BLOOM,", "\nbloom,,")
    with pytest.raises(AssertionError) as caught:
        assert_valid(copy)
    assert str(caught.value) == diffdata.explain(diffdata.validate(copy))
    assert "data/models.csv:2: error: the cell is empty" in str(caught.value)


def test_assert_valid_counts_warnings_only_on_request(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = Issue("f", 1, None, None, None, "r", "warning", "unusual")
    monkeypatch.setattr("diffdata.testing.validate", lambda _: [warning])
    assert_valid(copy)
    with pytest.raises(AssertionError, match="f:1: warning: unusual"):
        assert_valid(copy, warnings=True)
