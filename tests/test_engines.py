"""A table is the same on every engine: values, nulls, dates, large integers, text."""

import datetime
import gc
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

import diffdata
from diffdata.engines import ENGINES, spark_schema, to_engine
from diffdata.errors import InvalidInputError, UnknownNameError, optional_library
from diffdata.package.digest import content_digest
from diffdata.package.packages import Package, open_package
from diffdata.types.columns import arrow_type

from .packages import make_package

ToEngine = Callable[..., Any]


def rows_of(frame: Any, key: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the rows of any frame as plain values, sorted."""
    collected = nw.from_native(frame).lazy().collect("pyarrow").to_arrow()
    rows = [
        {name: plain(value) for name, value in row.items() if not name.startswith("__index")}
        for row in collected.to_pylist()
    ]
    return sorted(rows, key=lambda row: [str(row[name]) for name in key])


def plain(value: Any) -> Any:
    return value.date() if isinstance(value, datetime.datetime) else value


def arrow_of(package: Package, table: str) -> pa.Table:
    schema = package.schema(table)
    wanted = pa.schema([(field.name, arrow_type(field)) for field in schema.fields])
    frame = diffdata.load(table, package=package.root)
    return pa.Table.from_pandas(frame, schema=wanted, preserve_index=False)


@cache
def expected_rows(root: Path, table: str) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Return a table and its rows, which every engine must give."""
    package = open_package(root)
    arrow = arrow_of(package, table)
    return arrow, rows_of(arrow, package.schema(table).primary_key)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_table_of_the_dataset_is_the_same_on_every_engine(
    engine: str, reviewed: Path, on_engine: ToEngine
) -> None:
    package = open_package(reviewed)
    # Spark takes seconds for all; these have columns of every type.
    few = ("hardware_prices", "evaluations", "model_summary")
    for table in few if engine == "pyspark" else package.tables:
        schema = package.schema(table)
        arrow, expected = expected_rows(reviewed, table)
        found = on_engine(arrow, engine, schema)
        assert nw.from_native(found).collect_schema().names() == list(schema.column_names)
        assert rows_of(found, schema.primary_key) == expected, table


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_that_a_format_may_lose_is_lost(
    engine: str, tmp_path: Path, on_engine: ToEngine
) -> None:
    package = open_package(make_package(tmp_path))
    schema = package.schema("things")
    found = on_engine(arrow_of(package, "things"), engine, schema)
    rows = {row["thing_id"]: row for row in rows_of(found, ("thing_id",))}
    assert rows["a"]["count"] == 2**53 + 1
    assert rows["b"]["count"] == -(2**63)
    assert rows["b"]["limit"] == 'PanGu-ß, "北京" 🥐'
    assert rows["d"]["day"] == datetime.date(1, 1, 1)
    assert rows["d"]["size"] == 5e-324
    assert rows["g"]["day"] == datetime.date(9999, 12, 31)
    assert all(rows["c"][name] is None for name in ("kind", "count", "size", "flag", "day"))


@pytest.mark.parametrize("engine", ["pyarrow", "polars", "duckdb", "pyspark"])
def test_loading_for_an_engine_gives_the_types_of_the_schema(
    engine: str, package: Package, on_engine: ToEngine
) -> None:
    schema = package.schema("models")
    found = nw.from_native(on_engine(arrow_of(package, "models"), engine, schema))
    kinds = {
        "string": nw.String(), "integer": nw.Int64(), "number": nw.Float64(),
        "boolean": nw.Boolean(), "date": nw.Date(),
    }  # fmt: skip
    assert dict(found.collect_schema()) == {f.name: kinds[f.type] for f in schema.fields}


@pytest.mark.parametrize("engine", ["polars", "duckdb", "pyspark"])
def test_engines_with_lazy_frames_give_lazy_frames(
    engine: str, package: Package, on_engine: ToEngine
) -> None:
    found = on_engine(arrow_of(package, "models"), engine, package.schema("models"))
    assert isinstance(nw.from_native(found), nw.LazyFrame)


def test_load_takes_the_name_of_an_engine_such_as_spark(spark: Any) -> None:
    expected = rows_of(diffdata.load("hardware"), ("hardware_id",))
    for engine in ENGINES:
        found: Any = diffdata.load("hardware", engine=engine, session=spark)  # type: ignore[call-arg]
        assert rows_of(found, ("hardware_id",)) == expected, engine


def test_the_digest_is_that_of_the_frame_that_an_engine_gives(package: Package) -> None:
    schema = package.schema("estimates")
    found = to_engine(arrow_of(package, "estimates"), "polars").collect()
    assert content_digest(found, schema) == diffdata.load("estimates").attrs["digest"]


def test_tables_of_duckdb_outlive_what_they_were_made_of_and_join(package: Package) -> None:
    models, dates = (
        to_engine(arrow_of(package, name), "duckdb") for name in ("models", "model_dates")
    )
    gc.collect()
    joined = nw.from_native(models).join(nw.from_native(dates), on="model_id")
    assert len(joined.collect()) == len(diffdata.load("model_dates"))


def test_an_unknown_engine_names_the_nearest(package: Package) -> None:
    with pytest.raises(UnknownNameError, match="did you mean polars"):
        to_engine(arrow_of(package, "models"), "polar")


@pytest.mark.parametrize(
    ("engine", "extra"), [("polars", "polars"), ("duckdb", "duckdb"), ("pyspark", "spark")]
)
def test_a_missing_library_says_what_to_install(
    engine: str, extra: str, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = arrow_of(package, "models")
    monkeypatch.setitem(sys.modules, engine, None)
    with pytest.raises(InvalidInputError, match=rf"pip install 'diffdata\[{extra}\]'"):
        to_engine(table, engine)


def test_the_schema_of_spark_has_types_and_units() -> None:
    pytest.importorskip("pyspark")
    described = pa.field("memory_bytes", pa.int64(), metadata={"unit": "byte"})
    column = spark_schema(pa.schema([described]))["memory_bytes"]
    assert (column.dataType.typeName(), column.metadata) == ("long", {"unit": "byte"})


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "not installed; install it with: pip install"
    with pytest.raises(InvalidInputError, match=f"{message} polar$"):
        optional_library("polar")
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(InvalidInputError, match=rf"{message} 'diffdata\[plot\]'"):
        optional_library("altair")
