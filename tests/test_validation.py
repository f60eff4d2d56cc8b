"""Every fault is found at its line and column, in one run, with what is expected and a fix."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diffdata
from diffdata.errors import InvalidDataError, Issue
from diffdata.package.packages import Package
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.text import CellError, cell_text
from diffdata.validation import text
from diffdata.validation.splitting import Splitter, split_regular
from diffdata.validation.text import first_row, read_table
from diffdata.validation.typed import parse_cell

from .conftest import edit
from .test_rules import things


def set_cell(folder: Path, table: str, key: str, column: str, value: str) -> int:
    """Overwrite one cell of the row with that key, and return the line of the row."""
    path = folder / "data" / f"{table}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        rows, lines = [], []
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
    (position,) = [i for i, row in enumerate(rows) if row[0] == key]
    rows[position][rows[0].index(column)] = value
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return lines[position]


def only(issues: list[Issue]) -> Issue:
    assert len(issues) == 1, "\n".join(map(str, issues))
    return issues[0]


@pytest.mark.parametrize(
    ("table", "key", "column", "value", "rule", "message", "hint"),
    [
        ("estimates", "gpt-3-training-cost", "value", "3,14e23", "type", "a number", "3.14e23"),
        ("estimates", "gpt-3-training-cost", "low", "5 M", "type", "a number", "write 5000000"),
        ("estimates", "gpt-3-training-cost", "low", "5,000,000", "type", "number", "write 5000000"),
        ("estimates", "gpt-3-training-cost", "low", "NaN", "type", "a number", "leave the cell"),
        ("estimates", "gpt-3-training-cost", "low", "1e999", "type", "64 bits", ""),
        ("estimates", "gpt-3-training-cost", "price_year", "2020.0", "type", "whole", "write 2020"),
        ("estimates", "gpt-3-training-cost", "basis", "estimate", "enum", "one of", "estimated"),
        ("estimates", "gpt-3-training-cost", "basis", "", "required", "a value", ""),
        ("estimates", "gpt-3-training-cost", "currency", "usd", "enum", "one of", "USD"),
        ("estimates", "gpt-3-training-cost", "low", "13e6", "interval_in_order", "<=", "between"),
        ("estimates", "gpt-3-training-cost", "currency", "", "money_has_a_currency",
         "found unit=currency: expected a value in currency", "money names its currency"),
        ("estimates", "gpt-3-training-cost", "level", "90", "exclusive-maximum", "less than 1", ""),
        ("estimates", "gpt-3-training-cost", "model_id", "gtp-3", "foreign-key", "models", "gpt-3"),
        ("estimates", "gpt-3-training-cost", "model_id", "zzzz", "foreign-key", "in model", "add"),
        ("estimates", "gpt-3-training-cost", "unit", "FLOP", "foreign-key", "quantities", ""),
        ("estimates", "gpt-3-training-cost", "scenario_id", "bloom-one-day", "one_subject", "", ""),
        ("estimates", "gpt-3-training-cost", "note", " blank", "type", "without spaces", "'blank'"),
        ("models", "opt-175b", "name", "OPT\n175B", "type", "on one line", ""),
        ("sources", "brown-2020", "published", "2020-05", "type", "a date", "2020-05-01"),
        ("sources", "brown-2020", "published", "2020-02-30", "type", "no such day", ""),
        ("sources", "cottier-2022-summary", "published", "2026-11-27", "accessed_after_published",
         "published <= accessed", "read before"),
        ("sources", "brown-2020", "published_precision", "month", "published_precision_fits", "",
         "claims no day"),
        ("case_studies", "cottier-2022-summary", "meets_definition", "yes", "type", "true or",
         "write true"),
    ],
)  # fmt: skip
def test_a_fault_is_found_at_its_cell(
    copy: Path, table: str, key: str, column: str, value: str, rule: str, message: str, hint: str
) -> None:
    if table == "case_studies":
        edit(copy / "data/case_studies.csv", "bloom,true", f"bloom,{value}")
        line = 2
    else:
        line = set_cell(copy, table, key, column, value)
    found = [issue for issue in diffdata.validate(copy) if issue.rule == rule]
    issue = only(found)
    assert (issue.file, issue.line, issue.severity) == (f"data/{table}.csv", line, "error")
    assert key in (issue.row or "")
    assert message in issue.message
    assert hint in issue.hint
    if rule in ("type", "enum", "required", "pattern", "foreign-key") and column != "unit":
        assert (issue.column, issue.value) == (column, value)


def test_all_faults_are_reported_in_one_run_in_order(copy: Path) -> None:
    set_cell(copy, "sources", "brown-2020", "published", "2020-05")
    second = set_cell(copy, "estimates", "gpt-3-training-cost", "value", "3,14e23")
    first = set_cell(copy, "estimates", "bloom-one-day-cost", "basis", "guess")
    places = [(i.file, i.line, i.column) for i in diffdata.validate(copy)]
    assert places[:2] == [
        ("data/estimates.csv", first, "basis"),
        ("data/estimates.csv", second, "value"),
    ]
    assert places[2][0] == "data/sources.csv"


def test_a_duplicate_row_is_reported_once_with_the_other_line(copy: Path) -> None:
    path = copy / "data/organizations.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[1]]))
    issues = diffdata.validate(copy)
    assert [(i.line, i.rule, i.hint) for i in issues] == [
        (len(lines) + 1, "primary-key", "the row is the same as that in line 2; delete one"),
    ]


def test_a_warning_is_not_an_error(copy: Path, reviewed: Path) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "as_printed", "")
    issue = only(diffdata.validate(copy))
    assert (issue.severity, issue.rule, issue.column) == (
        "warning",
        "figure_as_printed",
        "as_printed",
    )
    found, before = (diffdata.load("estimates", package=folder) for folder in (copy, reviewed))
    assert len(found) == len(before)


def test_a_row_with_a_comma_too_many_is_found_with_its_key(copy: Path) -> None:
    path = copy / "data/organizations.csv"
    edit(path, "\ncnrs,CNRS,", "\ncnrs,CNRS, Paris,")
    issue = only(diffdata.validate(copy))
    assert (issue.rule, issue.row) == ("row-length", "organization_id=cnrs")
    assert issue.column == "name"
    assert issue.hint == 'write "CNRS, Paris" in name, with the quotes'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("organization_id,name", "organization_id,nmae", ["'nmae' is called 'name'", "write name"]),
        ("organization_id,name", "organization_id", ["name is missing in the header, but its cel"]),
        ("id,name,organization_kind", "id,organization_kind,name", ["than that of their cells"]),
        ("organization_id,name", "name,organization_id", ["another order"]),
        ("organization_id,name", "organization_id,name,name", ["appears twice"]),
    ],
)
def test_faults_of_the_header(copy: Path, old: str, new: str, expected: list[str]) -> None:
    path = copy / "data/organizations.csv"
    header, rest = path.read_text().split("\n", 1)
    path.write_text(header.replace(old, new) + "\n" + rest)
    shown = "\n".join(f"{i.message} {i.hint}" for i in diffdata.validate(copy) if i.line == 1)
    for part in expected:
        assert part in shown


def test_blank_rows_and_a_byte_order_mark_are_reported(copy: Path) -> None:
    path = copy / "data/organizations.csv"
    path.write_text("\ufeff" + path.read_text() + "\n")
    assert [(i.line, i.rule) for i in diffdata.validate(copy)] == [
        (1, "byte-order-mark"),
        (len(path.read_text().splitlines()), "blank-row"),
    ]


def test_a_quote_that_never_closes_is_one_fault(copy: Path) -> None:
    path = copy / "data/corrections.csv"
    path.write_text(path.read_text() + '"never closed')
    issues = diffdata.validate(copy)
    assert [issue.rule for issue in issues] == ["csv"]


def test_references_to_a_file_that_was_read_in_part_are_not_checked(copy: Path) -> None:
    edit(copy / "data/models.csv", "\ngpt-2,GPT-2 1.5B,", '\ngpt-2,"GPT-2 1.5B,')
    assert [(i.file, i.rule) for i in diffdata.validate(copy)] == [("data/models.csv", "csv")]


def test_a_fault_of_one_schema_does_not_hide_the_faults_of_other_tables(copy: Path) -> None:
    edit(copy / "schemas/models.json", '"primaryKey"', '"primarykey"')
    (copy / "schemas/hardware.json").write_text("{,}")
    line = set_cell(copy, "estimates", "gpt-3-training-cost", "basis", "guess")
    found = [(i.file, i.line, i.rule) for i in diffdata.validate(copy)]
    assert found == [
        ("data/estimates.csv", line, "enum"),
        ("schemas/hardware.json", 1, "unreadable"),
        ("schemas/models.json", None, "descriptor"),
        ("schemas/models.json", None, "descriptor"),
    ]


def test_lines_count_line_breaks_inside_cells() -> None:
    text = 'k,a,b,c,i,s,t,d,p\nx,,,,,"two\nlines",,,\ny,,,,,,,,\n'
    table, issues = read_table(text.encode(), "f.csv", things([]))
    assert list(table.lines) == [2, 4]
    assert issues == []


def test_a_missing_file_is_reported_once_and_the_rest_is_checked(copy: Path) -> None:
    (copy / "data/models.csv").unlink()
    line = set_cell(copy, "estimates", "gpt-3-training-cost", "basis", "guess")
    issues = diffdata.validate(copy)
    assert [(i.file, i.line, i.rule) for i in issues] == [
        ("data/estimates.csv", line, "enum"),
        ("data/models.csv", None, "unreadable"),
    ]
    assert issues[1].message == "the file is missing"


def test_a_file_that_is_not_utf_8_names_the_line(copy: Path) -> None:
    path = copy / "data/organizations.csv"
    before, _, after = path.read_bytes().partition(b"AI21 Labs")
    path.write_bytes(before + b"AI21 L\xe4bs" + after)
    line = before.count(b"\n") + 1
    issues = [issue for issue in diffdata.validate(copy) if issue.file == "data/organizations.csv"]
    assert f"line {line} is not UTF-8 (byte 0xe4; Windows-1252?)" in only(issues).message
    assert only(issues).line == line


def test_a_link_out_of_the_package_is_refused(copy: Path, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text("a\n")
    (copy / "data/models.csv").unlink()
    (copy / "data/models.csv").symlink_to(outside)
    issues = [issue for issue in diffdata.validate(copy) if issue.file == "data/models.csv"]
    assert only(issues).message == "leads out of the package"


NUMBER = Field(name="x", type="number", unit="1", description="X.")
INTEGER = Field(name="x", type="integer", unit="1", description="X.")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_writing_and_reading(value: float) -> None:
    assert parse_cell(cell_text(value), NUMBER) == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive_writing_and_reading(value: int) -> None:
    assert parse_cell(cell_text(value), INTEGER) == value


@given(st.dates())
def test_dates_survive_writing_and_reading(value: Any) -> None:
    field = Field(name="x", type="date", description="X.")
    assert parse_cell(cell_text(value), field) == value


@given(st.text())
@settings(max_examples=300)
def test_any_text_is_a_value_or_a_cell_error(text: str) -> None:
    for kind in ("string", "integer", "number", "boolean", "date"):
        unit = "1" if kind in ("integer", "number") else None
        try:
            parse_cell(text, Field(name="x", type=kind, unit=unit, description="X."))
        except CellError as error:
            assert error.expected  # noqa: PT017


@given(st.text())
@settings(max_examples=300)
def test_any_text_is_read_as_rows_or_issues(written: str) -> None:
    table, issues = read_table(written.encode(), "f.csv", things([]))
    assert len(table) or issues or written.strip("\n") == "k,a,b,c,i,s,t,d,p"


rows = st.lists(
    st.lists(
        st.sampled_from(["x", "", '"', ",", "\n", '""', "é", "\r", '"a,b"', "a\nb", "\ufeff", " "])
    ),
    max_size=6,
)


def read_plainly(data: bytes) -> Any:
    """Return all that is read from a file, as plain values."""
    table, issues = read_table(data, "f.csv", things([]))
    columns = {name: column.to_pylist() for name, column in table.columns.items()}
    return list(table.lines), table.broken, table.complete, columns, issues


@given(rows, st.booleans())
@settings(max_examples=300)
def test_all_ways_of_splitting_read_the_same(parts: list[list[str]], closed: bool) -> None:
    """At once, in pieces of which some have faults, and row by row."""
    body = "\n".join("".join(row[:1]) + "k,a" + "".join(row[1:]) + ",,,,,,," for row in parts)
    data = ("k,a,b,c,i,s,t,d,p\n" + body + "\n" * closed).encode()
    at_once = read_plainly(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_PIECE", 10)
        in_pieces = read_plainly(data)
        patch.setattr(text, "split_regular", lambda *_: None)
        by_row = read_plainly(data)
    assert at_once == by_row
    assert in_pieces == by_row


def test_our_own_files_are_read_fast(package: Package) -> None:
    for path in (path for table in package.tables for path in package.files(table).values()):
        data = path.read_bytes()
        columns = len(first_row(data))
        assert split_regular(data, data.index(b"\n") + 1, len(data), 2, columns) is not None


def test_a_fault_does_not_make_the_rest_of_a_file_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(splitter: Splitter) -> Any:
        for record in records(splitter):
            seen.append(record.line)
            yield record

    records = Splitter.records
    monkeypatch.setattr(Splitter, "records", counted)
    rows = [b"x,,,,,,,,"] * 500_000
    rows[250_000] = b'x,"never closed,,,,,,,'
    table, (issue,) = read_table(b"\n".join([b"k,a,b,c,i,s,t,d,p", *rows]), "f.csv", things([]))
    assert (issue.rule, issue.line) == ("csv", 250_002)
    assert len(table) == len(rows)
    assert table.lines[-1] == 500_001
    assert len(seen) < 250_000


def test_the_limit_of_the_csv_module_stays_as_it_was() -> None:
    before = csv.field_size_limit()
    read_table(b'k,a\nx,"', "f.csv", things([]))
    assert csv.field_size_limit() == before


def test_a_cell_without_end_and_rows_without_end_are_refused_soon() -> None:
    for body in (b"x" * 2**24, b'"' + b"x" * 2**24 + b'"', b'"' + b"x\n" * 2**23):
        _, issues = read_table(b"k,a,b,c,i,s,t,d,p\n" + body, "f.csv", things([]))
        assert {issue.rule for issue in issues} <= {"csv", "row-length", "too-many"}
        assert issues


@pytest.mark.parametrize(
    ("body", "line", "hint"),
    [
        ("<<<<<<< ours\nx,,,,,,,,\n", 2, "a merge conflict"),
        ("x,,,,,,,,\n=======\nx,,,,,,,,\n", 3, "a merge conflict"),
        ("x,,,,,,,,,\n", 2, "remove the commas at the end"),
        ("x,,,,,,,,\nx,,,", 3, "is the file cut off?"),
        ('x,,,,,,,,\nx,"abc', 3, "is the file cut off"),
        ("x,,,,,,,\n", 2, "its comma"),
    ],
)
def test_hints_at_rows_of_another_shape(body: str, line: int, hint: str) -> None:
    _, issues = read_table(f"k,a,b,c,i,s,t,d,p\n{body}".encode(), "f.csv", things([]))
    assert issues[0].line == line
    assert hint in issues[0].hint


def test_a_column_without_a_name_is_reported_even_if_the_schema_names_it_so() -> None:
    schema = TableSchema(fields=(Field(name="k"), Field(name="")))
    _, (issue,) = read_table(b"k,\n1,2\n", "f.csv", schema)
    assert issue.message == "a column has no name"


def test_errors_are_raised_on_request_and_warnings_are_not(copy: Path) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "as_printed", "")
    assert [issue.severity for issue in diffdata.validate(copy, raising=True)] == ["warning"]
    set_cell(copy, "estimates", "gpt-3-training-cost", "basis", "guess")
    with pytest.raises(InvalidDataError, match=r"is not valid:\ndata/estimates\.csv:") as caught:
        diffdata.validate(copy, raising=True)
    assert [issue.rule for issue in caught.value.issues] == ["enum"]


def test_a_plus_before_a_whole_number_is_read_also_in_columns_with_invalid_cells(
    copy: Path,
) -> None:
    set_cell(copy, "training_runs", "gopher-run-rae-2021", "chips", "+4096")
    set_cell(copy, "training_runs", "bloom-run-luccioni-2022", "chips", "many")
    assert {issue.value for issue in diffdata.validate(copy) if issue.rule == "type"} == {"many"}
