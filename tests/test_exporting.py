"""All export formats preserve the values, and include version, digest, types and units."""

import csv
import datetime
import doctest
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import diffdata
from diffdata.errors import InvalidDataError, InvalidInputError, PackageError, UnknownNameError
from diffdata.exporting import FormulaWarning, export
from diffdata.exporting.citation import citation_of
from diffdata.exporting.write import FORMATS, contents
from diffdata.loading import load
from diffdata.package.digest import content_digest
from diffdata.package.files import DESCRIPTOR
from diffdata.package.packages import Package, open_package
from diffdata.schemas.standard import TableSchema
from diffdata.validation.typed import parse_cell

from .conftest import ROOT, edit
from .packages import ROWS, add_table, field, make_package

pytestmark = pytest.mark.filterwarnings("ignore::diffdata.exporting.FormulaWarning")


@pytest.fixture
def odd(tmp_path: Path) -> Package:
    """A package with hard cases: large integers, old dates, formulas, SQL keywords."""
    (tmp_path / "odd").mkdir()
    return open_package(make_package(tmp_path / "odd"))


def frame_of(rows: list[Any], schema: TableSchema) -> pd.DataFrame:
    """Make a frame of rows; texts are parsed by the type of their column."""

    def typed(value: Any, kind: str, name: str) -> Any:
        if isinstance(value, str) and kind != "string":
            return parse_cell(value, schema.field(name))
        return value.date() if isinstance(value, datetime.datetime) else value

    kinds = {field.name: field.type for field in schema.fields}
    made = [
        [typed(value, kind, name) for value, (name, kind) in zip(row, kinds.items(), strict=True)]
        for row in rows
    ]
    return pd.DataFrame(made, columns=list(kinds), dtype=object)


def from_csv(path: Path, package: Package, table: str) -> Any:
    copied = path.parent / "copied"
    if not copied.exists():
        for name in package.tables:
            resource = package.resource(name)
            for file in (DESCRIPTOR, *resource.paths, resource.schema_):
                (copied / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(package.root / file, copied / file)
            shutil.copy(path.parent / f"{name}.csv", copied / resource.paths[0])
            for file in resource.paths[1:]:  # whose rows are in the export, after those before
                header = (copied / file).read_bytes().partition(b"\n")[0]
                (copied / file).write_bytes(header + b"\n")
    return load(table, package=open_package(copied))


def from_json(path: Path, package: Package, table: str) -> Any:
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return frame_of([list(row.values()) for row in rows], package.schema(table))


def from_xlsx(path: Path, package: Package, table: str) -> Any:
    _, *rows = workbook(path)[table].iter_rows(values_only=True)
    return frame_of(rows, package.schema(table))


@cache
def workbook(path: Path) -> openpyxl.Workbook:
    """Read a workbook, which takes seconds, once for all of its sheets."""
    return openpyxl.load_workbook(path)


def from_sqlite(path: Path, package: Package, table: str) -> Any:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
    return frame_of(rows, package.schema(table))


def from_duckdb(path: Path, package: Package, table: str) -> Any:
    with duckdb.connect(path, read_only=True) as database:
        return frame_of(
            database.execute(f'SELECT * FROM "{table}"').fetchall(), package.schema(table)
        )


def with_polars(path: Path, _: Package, __: str) -> Any:
    return pl.read_parquet(path)


def with_arrow(path: Path, _: Package, __: str) -> Any:
    return pq.read_table(path)


ROUND_TRIPS: list[tuple[str, Callable[[Path, Package, str], Any]]] = [
    ("csv", from_csv),
    ("json", from_json),
    ("parquet", with_polars),
    ("parquet", with_arrow),
    ("xlsx", from_xlsx),
    ("sqlite", from_sqlite),
    ("duckdb", from_duckdb),
]


@pytest.mark.parametrize(("to", "read"), ROUND_TRIPS)
def test_formats_preserve_every_value(
    to: str, read: Callable[[Path, Package, str], Any], odd: Package, tmp_path: Path
) -> None:
    paths = export(None, to, tmp_path / "out", package=odd)
    for table in odd.tables:
        path = next((path for path in paths if path.stem == table), paths[0])
        frame, schema = load(table, package=odd), odd.schema(table)
        assert content_digest(read(path, odd, table), schema) == content_digest(frame, schema)


@pytest.mark.parametrize(("to", "read"), ROUND_TRIPS)
def test_formats_preserve_the_dataset(
    to: str,
    read: Callable[[Path, Package, str], Any],
    package: Package,
    reviewed: Path,
    tmp_path: Path,
) -> None:
    """The whole dataset, where that does not take seconds."""
    if to in ("xlsx", "json", "duckdb"):
        package = open_package(reviewed)
    tables = ["estimates", "models", "hardware", "model_dates"]
    # Loading the CSV files needs the tables that keys refer to.
    paths = export(None if to == "csv" else tables, to, tmp_path / "out", package=package)
    for table in tables:
        path = next((path for path in paths if path.stem == table), paths[0])
        frame, schema = load(table, package=package), package.schema(table)
        assert content_digest(frame, schema) == content_digest(
            read(path, package, table), schema
        ), table


@pytest.mark.parametrize("to", FORMATS)
def test_exports_contain_version_and_digest(to: str, package: Package, tmp_path: Path) -> None:
    paths = export("hardware", to, tmp_path, package=package)
    digest = contents(package, ["hardware"]).metadata("hardware")["digest"]
    if to == "parquet":
        metadata = pq.read_schema(paths[0]).metadata
        assert metadata[b"version"].decode() == package.version
        assert metadata[b"digest"].decode() == digest
        assert metadata[b"table"] == b"hardware"
        assert b"pandas" not in metadata
    elif to in ("csv", "json", "bibtex"):
        assert digest in paths[-1].read_text(encoding="utf-8")
        assert package.version in paths[-1].read_text(encoding="utf-8")
    else:
        header, row = about(to, paths[0])
        found = dict(zip(header, row, strict=True))
        assert (found["table"], found["rows"]) == (
            "hardware",
            len(load("hardware", package=package)),
        )
        assert (found["version"], found["digest"]) == (package.version, digest)
        assert found["citation"].startswith("The diffdata authors. (2026).")


def about(to: str, path: Path, table: str = "about") -> list[Any]:
    """Return the header and the rows of a table that an export adds."""
    if to == "xlsx":
        return list(openpyxl.load_workbook(path)[table].iter_rows(values_only=True))
    open_database: Any = sqlite3.connect if to == "sqlite" else duckdb.connect
    with closing(open_database(path)) as database:
        found = database.execute(f'SELECT * FROM "{table}"')
        return [[column[0] for column in found.description], *found.fetchall()]


@pytest.mark.parametrize("to", ["xlsx", "sqlite", "duckdb"])
def test_units_are_in_the_table_of_columns(to: str, reviewed: Path, tmp_path: Path) -> None:
    package = open_package(reviewed)
    (path,) = export("estimates", to, tmp_path, package=package)
    header, *rows = about(to, path, "columns")
    found = {row[1]: dict(zip(header, row, strict=True)) for row in rows}
    assert list(found) == list(package.schema("estimates").column_names)
    assert found["price_year"]["unit"] == "year"
    assert found["quantity_id"]["references"] == "quantities.quantity_id"
    assert found["superseded_by_estimate_id"]["references"] == "estimates.estimate_id"


def test_units_are_in_parquet_json_and_beside_csv(package: Package, tmp_path: Path) -> None:
    (parquet,) = export("hardware", "parquet", tmp_path, package=package)
    assert pq.read_schema(parquet).field("memory_bytes").metadata[b"unit"] == b"byte"
    (records,) = export("hardware", "json", tmp_path, package=package)
    fields = {field["name"]: field for field in json.loads(records.read_text())["fields"]}
    assert fields["memory_bytes"]["unit"] == "byte"
    _, beside = export("hardware", "csv", tmp_path, package=package)
    described = json.loads(beside.read_text())
    columns = {column["name"]: column for column in described["tableSchema"]["columns"]}
    assert described["url"] == "hardware.csv"
    assert columns["memory_bytes"]["schema:unitText"] == "byte"
    assert columns["memory_bytes"]["datatype"] == "integer"


def test_duckdb_declares_types_keys_and_units(reviewed: Path, tmp_path: Path) -> None:
    (path,) = export(None, "duckdb", tmp_path, package=reviewed)
    with duckdb.connect(path, read_only=True) as database:
        columns = dict(
            database.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'estimates'"
            ).fetchall()
        )
        assert columns["as_of"] == "DATE"
        assert columns["price_year"] == "BIGINT"
        assert columns["value"] == "DOUBLE"
        keys = {
            text
            for (text,) in database.execute(
                "SELECT constraint_text FROM duckdb_constraints() WHERE table_name = 'estimates'"
            ).fetchall()
        }
        assert "PRIMARY KEY(estimate_id)" in keys
        assert "FOREIGN KEY (quantity_id, unit) REFERENCES quantities(quantity_id, unit)" in keys
        (comment,) = database.execute(
            "SELECT comment FROM duckdb_columns() WHERE column_name = 'memory_bytes'"
        ).fetchall()[0]
        assert comment.endswith("Unit: byte.")


def test_sqlite_enforces_the_keys(odd: Package, tmp_path: Path) -> None:
    (path,) = export(None, "sqlite", tmp_path, package=odd)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        database.execute("PRAGMA foreign_keys = ON")
        for broken in (
            "INSERT INTO things (thing_id) VALUES ('a')",
            "INSERT INTO things (thing_id, of_thing_id) VALUES ('z', 'nobody')",
            "INSERT INTO things (thing_id, kind, edition) VALUES ('z', 'x', 2)",
            "INSERT INTO things (of_thing_id) VALUES (NULL)",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                database.execute(broken)


def test_a_foreign_key_needs_its_target_table(package: Package, tmp_path: Path) -> None:
    (path,) = export(["hardware", "organizations"], "sqlite", tmp_path, package=package)
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("PRAGMA foreign_key_list(hardware)").fetchall()
    assert {row[2] for row in found} == {"organizations"}


def test_no_text_is_a_formula_in_a_workbook(odd: Package, tmp_path: Path) -> None:
    (path,) = export("things", "xlsx", tmp_path, package=odd)
    sheet = openpyxl.load_workbook(path)["things"]
    cells = {row[0].value: row[8] for row in sheet.iter_rows(min_row=2)}
    assert [cells[name].value for name in "ae"] == ["=1+1", "@SUM(A1)"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n", "d", "b"}
    assert cells["a"].quotePrefix
    assert not cells["b"].quotePrefix


def test_a_workbook_does_not_round_integers(odd: Package, tmp_path: Path) -> None:
    (path,) = export("things", "xlsx", tmp_path, package=odd)
    counts = [cell.value for cell in openpyxl.load_workbook(path)["things"]["E"]]
    assert counts[1] == "9007199254740993"
    assert counts[-2] == 999999999999999


def limits(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["limit"] for row in csv.DictReader(file)]


def test_csv_is_exact_and_warns_of_formulas(odd: Package, tmp_path: Path) -> None:
    with pytest.warns(FormulaWarning, match=r"'=1\+1' of limit \(2 in all\)"):
        path, _ = export("things", "csv", tmp_path, package=odd)
    assert limits(path)[0] == "=1+1"


def test_safe_csv_puts_an_apostrophe_only_before_formulas(odd: Package, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path, _ = export("things", "csv", tmp_path, package=odd, safe=True)
    exact, _ = export("things", "csv", tmp_path / "exact", package=odd)
    changed = {new: old for new, old in zip(limits(path), limits(exact), strict=True) if new != old}
    assert changed == {"'=1+1": "=1+1", "'@SUM(A1)": "@SUM(A1)"}


def test_bibtex_contains_the_sources_of_the_tables(package: Package, tmp_path: Path) -> None:
    from pybtex.database import parse_file

    (path,) = export(["hardware", "models"], "bibtex", tmp_path / "a.bib", package=package)
    wanted = {
        item["id"] for name in ("hardware", "models") for item in citation_of(package, name)[1:]
    }
    assert set(parse_file(str(path)).entries) == wanted | {f"diffdata-{package.version}"}
    (path,) = export("sources", "bibtex", tmp_path / "b.bib", package=package)
    assert len(parse_file(str(path)).entries) == len(load("sources", package=package)) + 1


def test_existing_files_are_not_overwritten_by_default(package: Package, tmp_path: Path) -> None:
    out = tmp_path / "hardware.csv"
    beside = tmp_path / "hardware.csv-metadata.json"
    beside.write_text("mine")
    with pytest.raises(InvalidInputError, match=r"hardware\.csv-metadata\.json exists"):
        export("hardware", "csv", out, package=package)
    assert sorted(path.name for path in tmp_path.iterdir()) == [beside.name]
    assert export("hardware", "csv", out, package=package, overwrite=True) == [out, beside]
    assert beside.read_text() != "mine"


def test_a_failure_leaves_nothing_behind(odd: Package, tmp_path: Path) -> None:
    long = ROWS.replace("PanGu", "x" * 40_000)
    (odd.root / "things.csv").write_text(long, encoding="utf-8")
    old = tmp_path / "out.xlsx"
    old.write_text("old")
    with pytest.raises(InvalidInputError, match=r"things, row 3, limit: a text of 4\d+"):
        export("things", "xlsx", old, package=odd, overwrite=True)
    assert old.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"odd", "out.xlsx"}


def test_the_same_data_give_the_same_bytes(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for to in ("csv", "json", "parquet", "sqlite", "bibtex", "xlsx"):
        once = export("models", to, tmp_path / "once", package=package)
        monkeypatch.setattr("time.time", lambda: 2e9)  # the clock that zip archives store
        again = export("models", to, tmp_path / "again", package=package)
        for one, other in zip(once, again, strict=True):
            assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.parametrize(
    ("tables", "to", "out", "message"),
    [
        (None, "csv", "a.csv", "a.csv is one file, but csv needs a file for each of 2"),
        ("things", "parquet", "taken", "taken is a file without the suffix .parquet"),
        ("things", "sqlite", "taken", "without the suffix .sqlite or .sqlite3 or .db"),
        ([], "csv", "a", "tables: the list is empty"),
        ("things", "csv", "a.xlsx", "a.xlsx has the suffix of xlsx, and the format is csv"),
        ("things", "duckdb", "a.csv", "a.csv has the suffix of csv, and the format is duckdb"),
        ("things", "csv", "taken/a", "cannot be written: "),
    ],
)
def test_invalid_targets_are_refused(
    tables: Any, to: str, out: str, message: str, odd: Package, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidInputError, match=message):
        export(tables, to, tmp_path / out, package=odd)


def test_errors_for_unknown_names_suggest_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean hardware"):
        export("hardwear", "csv", tmp_path)
    with pytest.raises(UnknownNameError, match="did you mean parquet"):
        export("hardware", "parket", tmp_path)
    with pytest.raises(InvalidInputError, match="safe: this option is for csv"):
        export("hardware", "json", tmp_path, safe=True)


def test_invalid_data_are_not_exported(odd: Package, tmp_path: Path) -> None:
    (odd.root / "things.csv").write_text(ROWS.replace("c,c,", "a,c,"), encoding="utf-8")
    with pytest.raises(InvalidDataError):
        export("things", "csv", tmp_path / "out", package=odd)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("to", ["xlsx", "sqlite", "duckdb"])
def test_a_table_named_like_an_added_one_is_refused(to: str, tmp_path: Path) -> None:
    package = package_with(tmp_path, "about", "name\na\n", ["name"])
    with pytest.raises(InvalidInputError, match="adds a table 'about' of its own"):
        export(None, to, tmp_path / "out", package=package)


def package_with(root: Path, name: str, rows: str, columns: list[str]) -> Package:
    """Add a table of text columns, whose key is the first, to the small package."""
    make_package(root)
    fields = [field(column, "string", required=column == columns[0]) for column in columns]
    add_table(root, name, rows, fields, columns[:1])
    descriptor = json.loads((root / DESCRIPTOR).read_text())
    descriptor["resources"].append({"name": name, "path": f"{name}.csv", "schema": f"{name}.json"})
    (root / DESCRIPTOR).write_text(json.dumps(descriptor))
    return open_package(root)


WIDE = [f"c{number}" for number in range(2001)]


@pytest.mark.parametrize(
    ("to", "name", "rows", "columns", "message"),
    [
        ("xlsx", "history", "a\nx\n", ["a"], "history: Excel reserves the sheet name History"),
        ("xlsx", "t" * 32, "a\nx\n", ["a"], "the name is too long for a sheet"),
        ("xlsx", "odd", "a\n\ufffe\n", ["a"], r"odd, row 2, a: .* cannot store U\+FFFE"),
        ("xlsx", "odd", f"a\n{'🥐' * 16_384}\n", ["a"], "odd, row 2, a: a text of 32768 char"),
        ("sqlite", "sqlite_x", "a\nx\n", ["a"], "sqlite_x: object name reserved"),
        ("sqlite", "wide", ",".join(WIDE) + "\n", WIDE, "wide: too many columns"),
    ],
)
def test_tables_that_do_not_fit_into_a_format_are_refused(
    to: str, name: str, rows: str, columns: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "odd").mkdir()
    package = package_with(tmp_path / "odd", name, rows, columns)
    with pytest.raises(InvalidInputError, match=f"^to {to}: .*{message}"):
        export(name, to, tmp_path / "out", package=package)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_workbook_allows_texts_up_to_the_limit_in_utf_16(tmp_path: Path) -> None:
    text = "🥐" * 16_383 + "x"
    package = package_with(tmp_path, "odd", f"a\n{text}\n", ["a"])
    (path,) = export("odd", "xlsx", tmp_path / "out", package=package)
    assert openpyxl.load_workbook(path)["odd"]["A2"].value == text


def test_the_name_of_a_package_cannot_leave_the_folder(odd: Package, tmp_path: Path) -> None:
    edit(odd.root / DESCRIPTOR, '"name": "odd"', '"name": "../../odd"')
    (path,) = export(None, "sqlite", tmp_path / "out", package=odd.root)
    assert path == tmp_path / "out" / "..-..-odd-1.2.3.sqlite"


def test_folders_of_killed_exports_are_removed(odd: Package, tmp_path: Path) -> None:
    old, running = tmp_path / "old.json", tmp_path / "running.json"
    code = (
        "import os, sys, pathlib; from diffdata.package.files import replacing\n"
        "writers = [replacing(pathlib.Path(path)) for path in sys.argv[1:]]\n"
        "for writer in writers: writer.__enter__()\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, old, running], check=False)
    left = {path.name.split(".")[1]: path for path in tmp_path.glob(".*")}
    os.utime(left["old"], (0, 0))
    for path in (old, running):
        export("things", "json", path, package=odd)
    assert not left["old"].exists()
    assert left["running"].exists()


def test_a_package_outside_the_profile_is_refused_in_one_sentence(tmp_path: Path) -> None:
    resource = {"name": "cities", "path": "cities.csv", "schema": {"fields": [{"name": "City"}]}}
    (tmp_path / DESCRIPTOR).write_text(json.dumps({"name": "cities", "resources": [resource]}))
    (tmp_path / "cities.csv").write_text("City\nRome\n")
    for use in (lambda: export(None, "csv", tmp_path, package=tmp_path / DESCRIPTOR),
                lambda: diffdata.cite(package=tmp_path)):  # fmt: skip
        with pytest.raises(PackageError, match="does not follow the diffdata profile") as error:
            use()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(("to", "library"), [("xlsx", "openpyxl"), ("duckdb", "duckdb")])
def test_a_missing_library_gives_the_command_that_installs_it(
    to: str, library: str, odd: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidInputError, match=rf"needs the library {library}.*diffdata\[{to}\]"):
        export(None, to, tmp_path / "out", package=odd)
    assert [path.name for path in (tmp_path / "out").iterdir()] == []


def test_libraries_of_single_formats_are_imported_on_use() -> None:
    code = "import sys, diffdata; diffdata.export; print({'openpyxl', 'duckdb'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_the_documented_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(ROOT / "docs/exports.md"), module_relative=False)
    assert found.failed == 0
    assert found.attempted >= 10


def test_duckdb_and_polars_read_every_csv_file_of_the_package(package: Package) -> None:
    for name, frame in ((name, diffdata.load(name)) for name in package.tables):
        paths = [str(path) for path in package.files(name).values()]
        read = pl.read_csv(paths, try_parse_dates=True, infer_schema_length=None)
        assert read.height == len(frame)
        ((count,),) = duckdb.sql(f"SELECT count(*) FROM read_csv({paths})").fetchall()
        assert count == len(frame)
