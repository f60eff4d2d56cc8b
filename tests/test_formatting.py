"""Formatting writes each table in the standard form and loses nothing, or refuses."""

import csv
import io
import os
import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diffdata.editing.rows import format_package, normal_cell, normal_rows, rows_text
from diffdata.errors import PackageError, UnknownNameError
from diffdata.package.packages import Package, open_package
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.dtypes import to_pandas
from diffdata.types.text import CellError
from diffdata.validation.text import read_table
from diffdata.validation.typed import Found, parse_cell, to_typed

from .conftest import edit
from .test_editing import line_of
from .test_rules import things

SCHEMA = things([])
HEADER = ",".join(SCHEMA.column_names)


def format_text(text: str, schema: TableSchema, file: str = "table") -> str:
    return rows_text(normal_rows(text, schema, file), schema)


# Texts as people and programs write them, each on a single line.
_VALUES = {
    "string": st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))),
    "integer": st.from_regex(r"[+-]?[0-9]{1,18}", fullmatch=True),
    "number": st.from_regex(
        r"[+-]?([0-9]{1,9}\.?[0-9]{0,9}|\.[0-9]{1,9})([eE][+-]?[0-9]{1,2})?", fullmatch=True
    ),
    "boolean": st.sampled_from(["true", "false"]),
    "date": st.dates().map(str),
}
_PADDED = st.sampled_from(["", " ", "\t", "\u00a0"])


@st.composite
def cells(draw: st.DrawFn, field: Field) -> str:
    value = draw(st.one_of(st.just(""), _VALUES[field.type], st.sampled_from(["1.2 M", "n/a"])))
    return draw(_PADDED) + value + draw(_PADDED)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Return a CSV file of the table `things`: rows in any order, any line ends, quotes or none."""
    columns = SCHEMA.fields
    keys = draw(st.lists(cells(SCHEMA.field("k")), max_size=5, unique_by=lambda key: key.strip()))
    rows = [[key if f.name == "k" else draw(cells(f)) for f in columns] for key in keys]
    rows += [[""] * len(columns)] * draw(st.integers(0, 2))
    text = io.StringIO()
    writer = csv.writer(
        text,
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerows([[field.name for field in columns], *draw(st.permutations(rows))])
    return draw(st.sampled_from(["", "\ufeff"])) + text.getvalue()


def content(text: str, schema: TableSchema) -> list[dict[str, object]]:
    """Return the rows that are not blank, their cells as values if they can be parsed."""
    found = []
    for row in read_table(text.encode(), "f", schema)[0].rows():
        values: dict[str, object] = {}
        for field in schema.fields:
            cell = row.get(field.name, "").strip()
            try:
                values[field.name] = parse_cell(cell, field)
            except CellError:
                values[field.name] = cell
        if any(value is not None for value in values.values()):
            found.append(values)
    return sorted(found, key=repr)


@given(files())
def test_formatting_keeps_every_value(text: str) -> None:
    assert content(format_text(text, SCHEMA), SCHEMA) == content(text, SCHEMA)


@given(files())
def test_formatting_is_idempotent(text: str) -> None:
    once = format_text(text, SCHEMA)
    assert format_text(once, SCHEMA) == once


@given(files())
def test_a_formatted_file_has_no_fault_of_shape_and_is_sorted(text: str) -> None:
    table, issues = read_table(format_text(text, SCHEMA).encode(), "f", SCHEMA)
    assert issues == []
    keys = [row["k"] for row in table.rows()]
    assert keys == sorted(keys)


@given(files(), st.data())
def test_the_order_of_the_rows_in_the_file_does_not_matter(text: str, data: st.DataObject) -> None:
    """The same rows with different keys give the same bytes."""
    header, *lines = format_text(text, SCHEMA).removesuffix("\n").split("\n")
    shuffled = data.draw(st.permutations(lines))
    once = "".join(f"{line}\n" for line in [header, *lines])
    assert format_text("".join(f"{line}\n" for line in [header, *shuffled]), SCHEMA) == once


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_is_formatted_or_refused(text: str) -> None:
    try:
        once = format_text(text, SCHEMA)
    except PackageError:
        return
    assert format_text(once, SCHEMA) == once


@given(st.text("0123456789+-.eE \u0663", max_size=12), st.sampled_from(["integer", "number"]))
@example("1E310", "number")  # too large to be one
@example("+10000000000000001", "number")  # its last digit would be lost
def test_numbers_keep_their_values_and_other_texts_do_not_change(text: str, kind: str) -> None:
    field = Field.model_validate(
        {"name": "x", "type": kind, "unit": "1", "description": "X."}, strict=False
    )
    written = normal_cell(text, field)
    assert normal_cell(written, field) == written
    try:
        value = parse_cell(text.strip(), field)
    except CellError:
        assert written == text.strip()
    else:
        assert parse_cell(written, field) == value


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.00", "0.00"),  # the digits are those of the source
        ("92.0", "92.0"),
        ("3.140e23", "3.140e23"),
        ("150e6", "150e6"),
        ("+.5E+06", "0.5e6"),
        ("5.", "5"),
        ("007.50e-08", "7.50e-8"),
        ("-0", "-0"),
        ("175B", "175B"),
        ("", ""),
    ],
)
def test_numbers_keep_their_digits(text: str, written: str) -> None:
    assert normal_cell(text, SCHEMA.field("a")) == written


def test_the_dataset_is_in_the_standard_form(package: Package) -> None:
    assert format_package(package, check=True) == []


def test_the_changes_that_a_spreadsheet_makes_are_undone(copy: Path) -> None:
    path = copy / "data/models.csv"
    before = path.read_bytes()
    header, *lines = before.decode().splitlines()
    spoiled = "\r\n".join([header, *reversed(lines), "," * header.count(","), ""])
    path.write_bytes(b"\xef\xbb\xbf" + spoiled.replace("\nbloom,", '\n" bloom ",').encode())
    package = open_package(copy)
    assert format_package(package, check=True) == [path]
    assert path.read_bytes() != before
    assert format_package(package) == [path]
    assert path.read_bytes() == before
    assert format_package(package) == []


def test_only_the_named_tables_are_formatted(copy: Path) -> None:
    for name in ("models", "sources"):
        path = copy / f"data/{name}.csv"
        path.write_bytes(path.read_bytes() + b"\n")
    package = open_package(copy)
    assert format_package(package, ["sources"]) == [copy / "data/sources.csv"]
    assert format_package(package) == [copy / "data/models.csv"]
    with pytest.raises(UnknownNameError, match="did you mean models"):
        format_package(package, ["model"])


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "the file is empty"),
        (f'{HEADER}\nx,,,,,,,,\ny,,,,,"z\n', 3, "cannot be split"),
        (f'{HEADER}\nx,,,,,"a"b,,,\n', 2, "cannot be split"),
        (f"{HEADER}\nx,,,,,,,\n", 2, "8 cells, expected 9"),
        (f"{HEADER}\nx,,,,,one, two,,,\n", 2, "10 cells, expected 9"),
        (f"{HEADER},q\nx,,,,,,,,,\n", 1, "no column 'q'"),
        (f"{HEADER},a\nx,,,,,,,,,\n", 1, "'a' appears twice"),
        (HEADER.removeprefix("k,") + "\n1,,,,,,,\n", 1, "'k' is missing"),
        (HEADER.removesuffix(",p") + "\nx,1,,,,,,2020-01-01\n", 1, "'p' is missing"),
        (HEADER.replace("a,b", "b,a") + "\nx,1,2,,,,,,\n", 1, "another order"),
        (f"{HEADER}\nx,1,,,,,,,\ny,,,,,,,,\n x,2,,,,,,,\n", 4, "line 2 has the same key"),
        (f'{HEADER}\nx,,,,,"a\rb",,,\n', 2, "one line"),
        (f'{HEADER}\nx,,,,,"a\nb",,,\n', 2, "one line"),
        (f"{HEADER}\nx,,,,,a\x85b,,,\n", 2, "one line"),
        (f"{HEADER}\nx,,,,,a\u2028b,,,\n", 2, "one line"),
    ],
)
def test_a_fault_of_shape_is_refused_with_its_line(text: str, line: int, expected: str) -> None:
    with pytest.raises(PackageError) as caught:
        format_text(text, SCHEMA, "data/t.csv")
    assert caught.value.line == line
    assert f"data/t.csv:{line}: error: " in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize("match", ["equal", "subset", "superset", "partial"])
def test_no_column_is_lost_whatever_the_schema_allows(match: str) -> None:
    schema = SCHEMA.model_copy(update={"fields_match": match})
    reordered = HEADER.replace("a,b", "b,a") + "\nx,2,1,,,,,,\n"
    assert format_text(reordered, schema) == f"{HEADER}\nx,1,2,,,,,,\n"
    for text in (f"{HEADER},q\nx,,,,,,,,,1\n", HEADER.removesuffix(",p") + "\nx,,,,,,,\n"):
        with pytest.raises(PackageError, match=r"column '[pq]'"):
            format_text(text, schema)


def test_rows_without_a_key_are_kept() -> None:
    text = f"{HEADER}\nb,,,,,,,,\n,2,,,,,,,\n,1,,,,,,,\n"
    assert format_text(text, SCHEMA) == f"{HEADER}\n,2,,,,,,,\n,1,,,,,,,\nb,,,,,,,,\n"


def test_no_file_is_written_if_one_has_a_fault(copy: Path) -> None:
    models, sources = copy / "data/models.csv", copy / "data/sources.csv"
    sources.write_bytes(sources.read_bytes() + b"\n")
    edit(models, "\nbloom,BLOOM,", "\nbloom,BLOOM,,")
    hardware = copy / "data/hardware.csv"
    line = hardware.read_bytes().count(b"\n") + 1
    hardware.write_bytes(hardware.read_bytes() + b"\xff")
    before = {path: path.read_bytes() for path in (copy / "data").rglob("*.csv")}
    with pytest.raises(PackageError) as caught:
        format_package(open_package(copy))
    bloom, cells = line_of(models, "bloom,"), models.read_text().partition("\n")[0].count(",") + 2
    assert f"data/models.csv:{bloom}: error: the row has {cells} cells" in str(caught.value)
    assert f"data/hardware.csv: line {line} is not UTF-8" in str(caught.value)
    assert "no file was changed; run `diffdata validate` for more" in str(caught.value)
    assert {path: path.read_bytes() for path in (copy / "data").rglob("*.csv")} == before


def test_the_mode_of_the_file_is_kept_and_no_other_file_remains(copy: Path) -> None:
    path = copy / "data/models.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    path.chmod(0o640)
    beside = sorted(os.listdir(path.parent))
    format_package(open_package(copy))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(os.listdir(path.parent)) == beside


def test_a_failed_write_keeps_the_old_file(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copy / "data/models.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    before, beside = path.read_bytes(), sorted(os.listdir(path.parent))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(PackageError, match=r"models\.csv: cannot be written: No space left"):
        format_package(open_package(copy))
    assert path.read_bytes() == before
    assert sorted(os.listdir(path.parent)) == beside


def test_formatting_does_not_change_the_numbers_of_a_table(package: Package) -> None:
    schema, paths = package.schema("estimates"), package.files("estimates")
    text = paths["data/estimates.csv"].read_text()
    spelt = text.replace(",1.5e6,", ",+01.5E+06,").replace(",2e6,", ", 2.e06 ,")
    assert spelt != text
    frames = [
        to_pandas(to_typed(read_table(version.encode(), "f", schema)[0], schema, Found()).values)
        for version in (text, format_text(spelt, schema))
    ]
    assert frames[0].equals(frames[1])
