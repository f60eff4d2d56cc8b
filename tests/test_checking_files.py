"""Files that are larger than memory: Parquet in parts and CSV, with the verdicts of `validate`."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import diffdata
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError
from diffdata.package.packages import Package, open_package, read_package
from diffdata.schemas import standard
from diffdata.schemas.reader import parse
from diffdata.types.text import encoded_once
from diffdata.validation import readers
from diffdata.validation.check import _read
from diffdata.validation.files import check_files, check_package
from diffdata.validation.readers import _ENCODED, FILE_ENGINES, fastest_engine
from diffdata.validation.resources import Budget
from diffdata.validation.result import CheckResult
from diffdata.validation.typed import TypedTable

from .conftest import ROOT
from .packages import make_package
from .test_checking import by_validate

ENGINES = ["duckdb", "polars", "pyspark"]

CELLS = """\
thing_id,of_thing_id,kind,edition,count,size,flag,day,limit
a,,x,1,9007199254740993,0.1,true,2020-02-29,=1+1
b,a,y,2,-9223372036854775808,3.14e23,false,1899-12-31,"PanGu-ß, ""北京"" 🥐"
c,nowhere,x,1,9223372036854775808,"3,14",yes,2020-02-30,"two
lines"
d,a,x,7,1.5,1e400,,2020-1-1,spaces{blank}
e,,,,0x1F,nan,TRUE,28 May 2020,zero​width
f,"",,,+7,.5,,0001-01-01,
f,,,, 8,5.,true,9999-12-31,\u00a0x
,,,,12345678901234567890,-inf,,10000-01-01,ok
h,,,,,,,0000-01-01,ok
""".replace("{blank}", " ")


# Some were encoded once; of some it only looks so, for no UTF-8 has these bytes in this order.
TEXTS = [
    "caf\u00c3\u00a9", "it\u00e2\u20ac\u2122s", "\u00f0\u0178\u02dc\u20ac", "\u00e0\u00a4\u2026",
    "\u00c3\u00a9 and \u00e9", "\u00e9", "\u00c3", "\u00c0\u20ac", "\u00e0\u20ac\u20ac",
    "\u00ed\u00bf\u00bf", "\u00f0\u20ac\u20ac\u20ac", "\u00f4\u00bf\u20ac\u20ac",
    "\u5317\u4eac",
]  # fmt: skip


def session_for(engine: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("spark") if engine == "pyspark" else None


def read_all(package: Package) -> dict[str, TypedTable]:
    return {name: _read(package, name, Budget())[0] for name in package.tables}


def counts(path: Path, package: Package, engine: str, session: Any = None) -> Counter[Any]:
    result = check_files(path, "things", package=package.root, engine=engine, session=session)
    return Counter({(rule.rule, rule.columns[0]): rule.failing for rule in result.failed})


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("engine", ENGINES)
def test_cells_of_csv_are_read_as_strictly_as_validate_reads_them(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    package = open_package(make_package(tmp_path, rows=CELLS))
    expected = by_validate(
        "things", {name: _read(package, name, Budget())[0] for name in package.tables}
    )
    found = counts(tmp_path / "things.csv", package, engine, session_for(engine, request))
    assert found == expected
    assert expected["type", "size"] == 4


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("engine", ENGINES)
def test_text_that_was_encoded_once_is_refused_like_by_validate(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rows = [f"t{number},,,,,,,,{text}" for number, text in enumerate(TEXTS)]
    rows.insert(0, "thing_id,of_thing_id,kind,edition,count,size,flag,day,limit")
    package = open_package(make_package(tmp_path, rows="\n".join([*rows, ""])))
    expected = by_validate(
        "things", {name: _read(package, name, Budget())[0] for name in package.tables}
    )
    found = counts(tmp_path / "things.csv", package, engine, session_for(engine, request))
    assert found == expected == {("type", "limit"): 4}


def test_the_pattern_of_text_that_was_encoded_once_is_exact() -> None:
    """All texts of two and three letters that Windows takes for bytes beyond ASCII."""
    letters = bytes(range(0x80, 0x100)).decode("cp1252", errors="ignore")
    texts = [first + second for first in letters for second in letters]
    texts += [text + third for text in texts[::3] for third in letters[::2]]
    found = pc.match_substring_regex(pa.array(texts), _ENCODED).to_pylist()
    assert found == [encoded_once(text) is not None for text in texts]


@pytest.mark.parametrize("engine", [*ENGINES, "pyarrow"])
def test_a_folder_of_parts_is_one_table(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    models = pa.Table.from_pandas(diffdata.load("models", reviewed=True), preserve_index=False)
    pq.write_to_dataset(models, tmp_path / "models", partition_cols=["architecture"])
    (tmp_path / "models" / "_SUCCESS").touch()
    session = session_for(engine, request)
    result = check_files(tmp_path / "models", "models", engine=engine, session=session)
    assert (result.rows, result.failed, result.skipped) == (len(models), (), ())


@pytest.mark.parametrize("engine", [*ENGINES, "pyarrow"])
def test_a_row_twice_in_two_parts_is_found(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    models = pl.from_pandas(diffdata.load("models", reviewed=True)).with_columns(
        pl.col(pl.Datetime).cast(pl.Date)
    )
    for part in range(2):
        models.slice(0, 3 + part).write_parquet(tmp_path / f"part-{part}.parquet")
    session = session_for(engine, request)
    result = check_files(tmp_path, "models", engine=engine, session=session, sample=1)
    (rule,) = (rule for rule in result.failed if rule.name == "primary-key (model_id)")
    assert (rule.failing, len(rule.sample)) == (6, 1)


def test_a_small_file_of_parquet_is_checked_by_arrow_and_all_else_by_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "models.parquet"
    pl.from_pandas(diffdata.load("models", reviewed=True)).write_parquet(path)
    assert fastest_engine([path]) == "pyarrow"
    assert fastest_engine([tmp_path]) == "duckdb"
    assert fastest_engine([path, path]) == "duckdb"
    assert fastest_engine([ROOT / "data" / "models.csv"]) == "duckdb"
    by_engine = {engine: check_files(path, "models", engine=engine) for engine in FILE_ENGINES[:3]}
    assert check_files(path, "models") == by_engine["pyarrow"]
    assert by_engine["duckdb"] == by_engine["polars"] == by_engine["pyarrow"]
    monkeypatch.setattr(readers, "_FEW_ROWS", 26)
    assert fastest_engine([path]) == "duckdb"


@pytest.mark.parametrize("engine", [*ENGINES, "pyarrow"])
def test_nan_in_parquet_is_missing_whatever_the_statistics_of_the_file_say(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """They leave it out, and DuckDB then takes NaN for a number like any other."""
    fields = [
        {"name": "a", "type": "number", "constraints": {"required": True, "maximum": 2}},
        {"name": "b", "type": "integer"},
    ]
    schema = parse(standard.TableSchema, json.dumps({"fields": fields, "primaryKey": ["a"]}), "f")
    values = [1.0, math.nan, math.nan, 5.0, -0.5, 1.5]
    table = pa.table({"a": values, "b": pa.array([1.0, math.nan, 2.0, 7.0, 3.0, 4.0])})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=3)
    session = session_for(engine, request)
    result = check_files(tmp_path / "t.parquet", schema, engine=engine, session=session)
    found = {rule.name: rule.failing for rule in result.failed}
    assert found == {"required (a)": 2, "maximum (a)": 1, "type (b)": 5}


def test_progress_tells_of_each_pass(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    path = tmp_path / "models.parquet"
    pl.from_pandas(diffdata.load("models", reviewed=True)).write_parquet(path)
    check_files(path, "models", engine="duckdb", progress=lambda *step: told.append(step))
    assert told == [("rules of a row", 1, 2), ("primary-key (model_id)", 2, 2)]
    told.clear()
    check_files(path, "models", progress=lambda *step: told.append(step))
    assert told == [("rules of a row", 1, 1)], "Arrow sees at once that a key is unique"


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_files_that_cannot_be_read_are_reported_plainly(engine: str, tmp_path: Path) -> None:
    package = open_package(make_package(tmp_path))
    with pytest.raises(PackageError, match="there is no such file or folder"):
        counts(tmp_path / "none", package, engine)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackageError, match="no Parquet and no CSV files"):
        counts(tmp_path / "empty", package, engine)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 is not all")
    with pytest.raises(PackageError, match=f"broken.parquet: {engine} cannot read it"):
        counts(tmp_path / "broken.parquet", package, engine)
    with pytest.raises(PackageError, match=r"broken\.parquet: duckdb cannot read it"):
        check_files(tmp_path / "broken.parquet", "things", package=package.root)
    with pytest.raises(PackageError, match=r"broken\.parquet: pyarrow cannot read it"):
        counts(tmp_path / "broken.parquet", package, "pyarrow")
    with pytest.raises(InvalidInputError, match="pyarrow reads Parquet only"):
        counts(tmp_path / "things.csv", package, "pyarrow")
    (tmp_path / "long.csv").write_text("thing_id,count\na,1,2\nb,1\n")
    with pytest.raises(PackageError, match=f"long.csv: {engine} cannot read it"):
        counts(tmp_path / "long.csv", package, engine)
    with pytest.raises(UnknownNameError, match="did you mean duckdb"):
        counts(tmp_path / "things.csv", package, "duckd")


def test_a_way_of_writing_that_engines_do_not_know_is_refused(tmp_path: Path) -> None:
    schema = tmp_path / "a.json"
    schema.write_text('{"fields": [{"name": "a", "type": "number", "decimalChar": ","}]}')
    (tmp_path / "a.csv").write_text('a\n"1,5"\n')
    with pytest.raises(InvalidInputError, match="only validation without an engine reads"):
        check_files(tmp_path / "a.csv", schema)
    with pytest.raises(InvalidInputError, match="memory: expected a size such as 1GB"):
        check_files(tmp_path / "a.csv", "models", memory="much")


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("engine", ENGINES)
def test_the_tables_that_keys_refer_to_may_be_files(
    engine: str, package: Package, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    dates = package.root / "data/model_dates.csv"
    # Others test the rules, which Spark takes seconds to plan.
    schema = json.loads((package.root / "schemas/model_dates.json").read_text())
    rules = [rule for rule in schema["rules"] if rule["name"] == "date_not_after_the_source"]
    described = tmp_path / "model_dates.json"
    described.write_text(json.dumps(schema | {"rules": rules}))
    pl.from_pandas(diffdata.load("sources", reviewed=True)).write_parquet(
        tmp_path / "sources.parquet"
    )
    found = check_files(
        dates,
        described,
        engine=engine,
        tables={
            "sources": tmp_path / "sources.parquet",
            "models": package.root / "data/models.csv",
        },
        session=session_for(engine, request),
    )
    # Nobody acknowledges here what the dataset acknowledges.
    assert [rule.rule for rule in found.failed] == ["date_not_after_the_source"]
    assert found.skipped == ()
    with pytest.raises(PackageError, match="there is no such file"):
        check_files(dates, "model_dates", tables={"sources": tmp_path / "none.csv"})


def verdicts(results: dict[str, CheckResult]) -> set[tuple[str, str, int]]:
    return {(r.table, rule.name, rule.failing) for r in results.values() for rule in r.failed}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_package_is_checked_table_by_table(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """One without rules is read as the standard has it, as `validate` reads it.

    Small tables are held as Arrow tables, and give the same results as those that are streamed.
    """
    loose = 'r, 7,x,1, 8 ,Infinity,True,2020-3-1,"two\u200b\nlines"\ns,,,,, NaN ,0,2020-3-32,\n'
    package, _ = read_package(make_package(tmp_path, rows=CELLS + loose), judged=True)
    read = read_all(package)
    session = session_for(engine, request)
    held = check_package(tmp_path, engine=engine, session=session)
    request.getfixturevalue("streamed")
    found = check_package(tmp_path, engine=engine, session=session)
    assert found == held
    for result in found.values():
        failed = Counter({(rule.rule, rule.columns[0]): rule.failing for rule in result.failed})
        assert failed == by_validate(result.table, read)
    assert found["things.csv"].failed


def test_the_dataset_is_clean_and_what_it_acknowledges_is_no_finding(copy: Path) -> None:
    """But for a warning that is no longer acknowledged."""
    accepting = copy / "data/acknowledgements.csv"
    lines = accepting.read_text().splitlines(keepends=True)
    accepting.write_text("".join([lines[0], *lines[2:]]))
    found = check_package(copy, engine="polars")
    assert [name for name, result in found.items() if result.skipped] == []
    (warning,) = verdicts(found)
    table, _, rule = lines[1].split(",")[:3]
    assert (warning[0], warning[1].split(" ")[0], warning[2]) == (table, rule, 1)


def test_a_table_that_cannot_be_read_is_reported_and_not_looked_up(tmp_path: Path) -> None:
    make_package(tmp_path)
    (tmp_path / "things.csv").write_text("thing_id\na,b\n")
    (things,) = (r for r in check_package(tmp_path)["things.csv"].failed)
    assert things.rule == "unreadable"
    make_package(tmp_path)
    (tmp_path / "kinds.csv").unlink()
    found = check_package(tmp_path)
    assert [rule.rule for rule in found["kinds.csv"].failed] == ["unreadable"]
    assert not found["kinds.csv"].ok
    assert "there is no such file" in str(found["kinds.csv"])
    assert {rule.skipped for rule in found["things.csv"].skipped} == {
        "the table kinds is not given"
    }


def test_a_package_of_strangers_is_checked_by_the_standard(tmp_path: Path) -> None:
    pl.DataFrame({"id": [1, 2, 2], "of": [1, 9, None]}).write_parquet(tmp_path / "a.parquet")
    fields = [{"name": "id", "type": "integer"}, {"name": "of", "type": "integer"}]
    keys = [{"fields": "of", "reference": {"resource": "", "fields": "id"}}]
    schema = {"fields": fields, "primaryKey": "id", "foreignKeys": keys}
    resource = {"name": "a", "path": "a.parquet", "schema": schema}
    descriptor = tmp_path / "datapackage.json"
    descriptor.write_text(json.dumps({"resources": [resource, {"name": "x", "path": "x.txt"}]}))
    found = check_package(descriptor)
    assert verdicts(found) == {("a", "primary-key (id)", 2), ("a", "foreign-key (of)", 1)}
    descriptor.write_text(json.dumps({"resources": [resource | {"path": ["a.csv", "b.csv"]}]}))
    (parts,) = check_package(tmp_path).values()
    assert [rule.rule for rule in parts.failed] == ["unreadable"]
    assert "a.csv: there is no such file" in parts.failed[0].expected
