"""Odd schemas on odd frames: each engine gives the same verdicts, or says what it cannot do."""

import csv
import datetime
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from diffdata.engines import to_engine
from diffdata.errors import DescriptorError, InvalidInputError, PackageError
from diffdata.schemas import profile
from diffdata.schemas.reader import parse
from diffdata.schemas.standard import TableSchema
from diffdata.types.columns import arrow_type
from diffdata.types.dtypes import to_pandas
from diffdata.validation.files import check_files
from diffdata.validation.frames import check
from diffdata.validation.packages import validate
from diffdata.validation.result import CheckResult
from diffdata.validation.text import read_table
from diffdata.validation.typed import Found, to_typed

from .test_checking import by_validate

pytestmark = pytest.mark.usefixtures("streamed")

DAY = datetime.date(2020, 5, 1)
POOLS: dict[str, list[Any]] = {
    "string": [None, "", "a", "b", "é", "e\u0301", "🥐", " a", "a\nb", "a\x1fb", "day", "month"],
    "integer": [None, 0, 1, 2, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)],
    "number": [None, 0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, math.nan, math.inf, -math.inf],
    "boolean": [None, True, False],
    "date": [None, DAY, datetime.date(1, 1, 1), datetime.date(9999, 12, 31),
             datetime.date(1899, 12, 31), datetime.date(2020, 1, 1)],
    "year": [None, 2020, 2021, 0],
    "any": [None, "2020-01-01T00:00:00Z", "a", ""],
}  # fmt: skip
LIMITS: dict[str, list[Any]] = {
    "integer": [0, 1.5, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, -(2**64), 1e300],
    "number": [0, -0.0, 0.1, 1e300, 2**53 + 1],
    "date": ["0001-01-01", "2020-05-01", "9999-12-31"],
}
ENUMS: dict[str, list[Any]] = {
    "string": ["a", "é", "🥐", "", " a"], "integer": [0, 1, 2**53 + 1, 2.0, 1.5, 2**70],
    "number": [0, 1, 0.1, 1e300, -0.0], "boolean": [True, False],
    "date": ["0001-01-01", "2020-05-01", "1899-12-31"],
}  # fmt: skip
# Cells of CSV, divided by bars; the first is empty.
CELLS = {
    "string": "|a|b| a|a |é|e\u0301|🥐|a\nb|a\tb|caf\u00c3\u00a9|\u200b|x\u00a0|NULL|NA|"
    '"q"|=1+1|a\x1fb|\u0085|\u2028z|\ufeffa|-|0',
    "integer": "|0|-1|+1|01|1.0|1e3| 1|1 |9223372036854775807|0x1F|9223372036854775808|"
    "-9223372036854775808|1_000|1,000|٣|-0|- 1|1.",
    "number": "|0|-0.0|1.5|.5|5.|1e400|1e-400|inf|-Infinity|+1|1 000| 2.5|1E+05|1e|0x1p3|1d|--1|"
    "9007199254740993|123456789012345678|1,5|1e5.0|00.5|5e-324",
    "boolean": "|true|false|True|TRUE|1|0|yes|t|T| true|tRue",
    "date": "|2020-05-01|2020-02-29|2021-02-29|2020-2-3|0000-01-01|0001-01-01|9999-12-31|20200501|"
    "10000-01-01|2020-05-01T00:00:00| 2020-05-01|01.05.2020|2020-13-01|-2020-01-01|+2020-05-01",
    "year": "|2020|20|0|-5|12345|02020|2020.0|year|+2020",
}
ODD_NAMES = ["", "a.b", "*", "^a$", "a`b", 'a"b', "A", "a", "_count", "_flag_0", "rows", "select",
             "北京", "a b", "index", "_column_0_", "\\", "$x"]  # fmt: skip


def a_schema(draw: random.Random) -> TableSchema:
    profiled = draw.random() < 0.5
    kinds = list(POOLS)[: 5 if profiled else None]
    names = draw.sample("abcdef" if profiled else ODD_NAMES[1:], draw.randint(2, 6))
    types = {name: draw.choice(kinds) for name in names}
    fields = []
    for name, kind in types.items():
        limits: dict[str, Any] = {"required": draw.random() < 0.2, "unique": draw.random() < 0.2}
        if kind in ENUMS and draw.random() < 0.3:
            limits["enum"] = draw.sample(ENUMS[kind], 2)
        if kind in LIMITS and draw.random() < 0.6:
            limits[draw.choice(["minimum", "maximum"])] = draw.choice(LIMITS[kind])
        if kind in ("string", "any"):
            limits |= {"pattern": draw.choice(["a|b", r"\S+", "[^a]+"]), "minLength": 1}
        fields.append({"name": name, "type": kind, "constraints": limits})
    keys = [
        {"fields": [names[0]], "reference": {"resource": "", "fields": [names[1]]}},
        {"fields": names[:2], "reference": {"resource": "other", "fields": ["o.0", "o.1"]}},
    ]
    schema: dict[str, Any] = {"fields": fields, "primaryKey": draw.sample(names, 2)}
    schema |= {"foreignKeys": keys, "uniqueKeys": [draw.sample(names, 2)]}
    if not profiled:
        return parse(TableSchema, json.dumps(schema), "f")
    for field in fields:
        field |= {"description": "D"}
        field |= {"unit": "1"} if field["type"] in ("integer", "number") else {}
    numbers = [name for name in names if types[name] in ("integer", "number")]
    one, two = draw.sample(names, 2)
    rules: list[dict[str, Any]] = [
        {"rule": "exactlyOne", "columns": [one, two]},
        {"rule": "requiredIf", "columns": [one], "otherwise": "empty", "when": {"column": two}
         | ({"equals": ENUMS[types[two]][:2]} if types[two] in ENUMS else {})},
        {"rule": "emptyIf", "columns": [one], "when": {"column": two}},
        {"rule": "distinct", "columns": [one, two]},
    ]  # fmt: skip
    if len(numbers) > 1:
        rules += [
            {"rule": "ordered", "columns": numbers},
            {"rule": "nearProduct", "column": numbers[0], "terms": [numbers[1], 2], "factor": 3},
            {"rule": "nearMedian", "column": numbers[0], "by": [numbers[1]], "factor": 3},
            {"rule": "within", "column": numbers[0], "minimum": 0, "maximum": 2**53},
            {"rule": "different", "columns": numbers},
        ]
    schema["rules"] = [{"name": f"r{n}", "reason": "R"} | rule for n, rule in enumerate(rules)]
    described = {"$schema": "x", "title": "T", "description": "D"}
    return parse(profile.TableSchema, json.dumps(schema | described), "f")


def a_table(draw: random.Random, schema: TableSchema) -> tuple[pa.Table, pa.Table]:
    """Return rows of a schema, and rows of the table that it refers to."""
    rows = draw.choice([0, 1, 8, 40])
    columns = {
        f.name: pa.array(draw.choices(POOLS[f.type], k=rows), arrow_type(f)) for f in schema.fields
    }
    kinds = [schema.field(name) for name in schema.foreign_keys[1].fields]
    other = [pa.array(draw.choices(POOLS[f.type], k=6), arrow_type(f)) for f in kinds]
    return pa.table(columns), pa.table(other, names=["o.0", "o.1"])


def frames_of(table: pa.Table, schema: TableSchema) -> Iterator[Any]:
    yield table
    yield pl.from_arrow(table).lazy()  # type: ignore[union-attr]
    if len({name.lower() for name in schema.column_names}) == len(schema.fields):
        yield duckdb.connect().from_arrow(table)  # renames what it takes for the same name
    yield to_pandas(table)


def told(result: CheckResult) -> list[Any]:
    """Return what a result says, with one NaN and one zero."""

    def plain(value: Any) -> Any:
        if not isinstance(value, float):
            return value
        return None if math.isnan(value) else value + 0.0

    rules = [
        (rule.name, rule.failing, [tuple(map(plain, key)) for key in rule.sample], rule.skipped)
        for rule in result.rules
    ]
    return [result.rows, result.key, rules]


@pytest.mark.parametrize("seed", range(14))
def test_engines_agree_on_random_schemas_and_tables(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 2:  # what Arrow does with many rows
        monkeypatch.setattr("diffdata.validation.evaluate.MANY_ROWS", 0)
    draw = random.Random(seed)
    schema = a_schema(draw)
    table, other = a_table(draw, schema)
    found = [told(check(f, schema, tables={"other": other})) for f in frames_of(table, schema)]
    assert all(one == found[0] for one in found)


# With the others, a field has a type of which engines say that they do not read it.
READ_BY_ENGINES = [
    seed
    for seed in range(32)
    if all(field.type in CELLS for field in a_schema(random.Random(seed)).fields)
]


@pytest.mark.parametrize("seed", READ_BY_ENGINES)
def test_engines_read_random_cells_of_csv_as_validate_does(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffdata.validation.text._SAMPLE", 0)  # random cells contradict no header
    draw = random.Random(seed)
    schema = a_schema(draw).model_copy(update={"foreign_keys": ()})
    rows = [[draw.choice(CELLS[f.type].split("|")) for f in schema.fields] for _ in range(30)]
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator=draw.choice(["\n", "\r\n"]))
        writer.writerows([schema.column_names, *filter(any, rows)])
    text, issues = read_table(path.read_bytes(), "t.csv", schema)
    expected = by_validate("t", {"t": to_typed(text, schema, Found())})
    assert issues == []
    for engine in ("duckdb", "polars"):
        found: Counter[Any] = Counter()
        for rule in check_files(path, schema, engine=engine).failed:
            found[rule.rule, rule.columns[0]] += rule.failing
        assert found == expected, engine


def test_spark_agrees_on_random_schemas_and_tables(spark: Any) -> None:
    for seed in (3, 8):
        draw = random.Random(seed)
        schema = a_schema(draw)
        table, other = a_table(draw, schema)
        frame = to_engine(table, "pyspark", session=spark)
        expected = told(check(table, schema, tables={"other": other}))
        assert told(check(frame, schema, tables={"other": other})) == expected


def standard(*fields: dict[str, Any], **more: Any) -> TableSchema:
    return parse(TableSchema, json.dumps({"fields": list(fields)} | more), "f")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_column_may_have_any_name(name: str) -> None:
    reference = {"resource": "o", "fields": name}
    schema = standard(
        {"name": name, "type": "string", "constraints": {"enum": ["x"]}},
        {"name": "n", "type": "number", "constraints": {"minimum": 1}},
        primaryKey=name,
        uniqueKeys=[[name, "n"]],
        foreignKeys=[{"fields": name, "reference": reference}],
    )
    table = pa.table([["x", "x", None], [1.0, 1.0, 0.0]], names=[name, "n"])
    found = {
        (rule.name, rule.expected): rule.failing
        for rule in check(table, schema, tables={"o": table.slice(2)}).failed
    }
    assert found == {
        ("minimum (n)", "at least 1"): 1,
        (f"unique ({name}, n)", f"a {name}, n that no other row has"): 2,
        (f"primary-key ({name})", "a value, it is part of the key"): 1,
        (f"primary-key ({name})", f"a {name} that no other row has"): 2,
        (f"foreign-key ({name})", f"a value that is in {name} of o"): 2,
    }
    for frame in list(frames_of(table, schema))[bool(name) :] if name else ():
        result = check(frame, schema, tables={"o": table.slice(2)})
        assert {(r.name, r.expected): r.failing for r in result.failed} == found


def test_two_columns_of_one_name_are_an_error() -> None:
    schema = standard({"name": "a"})
    frame = pd.DataFrame([["x", "y"]], columns=["a", "a"])
    for twice in (frame, pa.table([["x"], ["y"]], names=["a", "a"])):
        with pytest.raises(InvalidInputError, match="duplicate column 'a'"):
            check(twice, schema)


def types_found(table: pa.Table, kind: str) -> list[int]:
    schema = standard({"name": "a", "type": kind})
    frames = [table, pl.from_arrow(table), duckdb.connect().from_arrow(table)]
    found = [check(frame, schema).rules[0] for frame in frames]
    assert all(rule.name == "type (a)" for rule in found)
    return [rule.failing for rule in found]


def test_what_a_column_holds_is_reported_alike() -> None:
    moments = [datetime.datetime(2020, 5, 1), datetime.datetime(2020, 5, 1, 0, 0, 0, 1)]
    days = pa.array([DAY, None])
    for kind, column, failing in (
        ("date", pa.array(moments, pa.timestamp("us")), 1),
        ("date", days.cast(pa.date64()), 0),
        ("string", pa.array([1.0, math.nan, None]), 1),
        ("number", pa.array([Decimal("1.5"), None]), 0),
    ):
        assert types_found(pa.table({"a": column}), kind) == [failing] * 3, (kind, column.type)
    numbers = pa.table({"a": pa.array([1, 2]).dictionary_encode()})
    schema = standard({"name": "a", "type": "integer"})
    assert check(numbers, schema).ok
    assert check(numbers.to_pandas(), schema).ok


KEYED = standard(
    {"name": "a", "type": "integer"},
    foreignKeys=[{"fields": "a", "reference": {"resource": "o", "fields": "b"}}],
)


@pytest.mark.parametrize(
    "keys",
    [
        pd.DataFrame({"b": [1.0, None, 2.5]}),
        pl.DataFrame({"b": [1, 2**64 - 1]}, {"b": pl.UInt64}),
        pa.table({"b": pa.array([Decimal(1)])}), "SELECT 1 AS b",
        nw.from_native(pl.LazyFrame({"b": [1]})), pd.DataFrame({"b": pd.array([1], "category")}),
    ],
)  # fmt: skip
def test_numbers_refer_to_numbers_whatever_holds_them(keys: Any) -> None:
    table = pa.table({"a": [1, 2, None]})
    keys = duckdb.connect().sql(keys) if isinstance(keys, str) else keys
    for frame in frames_of(table, KEYED):
        (rule,) = check(frame, KEYED, tables={"o": keys}).failed
        assert (rule.name, rule.failing) == ("foreign-key (a)", 1)


def test_numbers_never_refer_to_text(tmp_path: Path) -> None:
    for frame in frames_of(pa.table({"a": [1]}), KEYED):
        with pytest.raises(InvalidInputError, match="the column 'b' holds String, expected whole"):
            check(frame, KEYED, tables={"o": pd.DataFrame({"b": ["1"]})})
    fields = [{"name": "a", "type": "integer"}, {"name": "t", "type": "string"}]
    keys = [{"fields": "t", "reference": {"resource": "", "fields": "a"}}]
    schema = {"fields": fields, "foreignKeys": keys}
    resource = {"name": "x", "path": "x.csv", "schema": schema}
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": [resource]}))
    (tmp_path / "x.csv").write_text("a,t\n1,1\n")
    assert [issue.rule for issue in validate(tmp_path)] == ["foreign-key"]


def test_what_an_engine_cannot_evaluate_is_reported_plainly() -> None:
    broken = pl.LazyFrame({"a": [1]}).select(pl.col("none"))
    with pytest.raises(InvalidInputError, match=r"frame: polars cannot evaluate it: .*none"):
        check(broken, KEYED)


def failing(path: Path, schema: TableSchema, engine: str = "duckdb") -> dict[str, int]:
    return {rule.name: rule.failing for rule in check_files(path, schema, engine=engine).failed}


TEXTS = standard({"name": "a", "type": "integer"}, {"name": "b.c", "type": "any"})


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"\xef\xbb\xbfa,b.c\n1,x\n", {}), (b"a,b.c\r\n1,x\r\n\r\n,\r\n2,y\r\n", {}),
        (b"a,b.c", {}), (b'a,b.c\n" 1 ","two\nlines "\n', {}),
        (b"a,b.c\nx,\xc2\xa0\n", {"type (a)": 1}),
        (b"a,b.c\n1\n", "xpected|CSV"), (b"a,b.c\n1,2,3\n", "xpected|CSV"),
        (b"a,b.c,a\n", "duplicate column 'a'"), (b"", "the names of the columns"),
        (b"a,b.c\n1,\xe9\n", "UTF-8"), (b"A,\n1,2\n", {"header (a)": 1, "header (b.c)": 1,
                                                        "header (A)": 1, "header ()": 1}),
    ],
)  # fmt: skip
def test_the_shape_of_csv(engine: str, text: bytes, found: Any, tmp_path: Path) -> None:
    path = tmp_path / "it's [1] *.csv"
    path.write_bytes(text)
    if isinstance(found, dict):
        assert failing(path, TEXTS, engine) == found
    else:
        with pytest.raises(PackageError, match=found):
            failing(path, TEXTS, engine)


def test_parts_of_csv_have_one_header(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b.c\n1,x\n")
    (tmp_path / "2.csv").write_text("b.c,a\nx,1\n")
    for engine in ("duckdb", "polars"):
        with pytest.raises(PackageError, match=r"2\.csv: expected the header of 1\.csv"):
            failing(tmp_path, TEXTS, engine)


@pytest.mark.parametrize("engine", ["duckdb", "polars", "pyarrow", "pyspark"])
def test_partitions_are_read_by_the_schema(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    session = request.getfixturevalue("spark") if engine == "pyspark" else None
    kinds = ["string", "integer", "date"]
    schema = standard({"name": "a"}, *({"name": kind, "type": kind} for kind in kinds))
    rows = {"a": ["x"] * 4} | {kind: ["01", "2020-05-01", "a b", None] for kind in kinds}
    root = tmp_path / "no=column [1]"
    pq.write_to_dataset(pa.table(rows), root, partition_cols=list(kinds))
    result = check_files(root, schema, engine=engine, session=session)
    assert result.rows == 4
    assert {r.columns[0]: r.failing for r in result.failed} == {"integer": 2, "date": 2}


@pytest.mark.parametrize("engine", ["duckdb", "polars", "pyarrow"])
def test_parts_of_parquet_may_lack_columns_or_order_them_otherwise(
    engine: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b.c": ["x"], "a": [2]}), tmp_path / "2.pq")
    assert failing(tmp_path, TEXTS, engine) == {}


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "ordered", "columns": ["n", "s"]}, {"rule": "ordered", "columns": ["b", "b"]},
        {"rule": "nearMedian", "column": "s", "by": ["n"], "factor": 2},
        {"rule": "nearMedian", "column": "n", "by": ["n"], "factor": 2},
        {"rule": "nearProduct", "column": "n", "terms": ["s"], "factor": 2},
        {"rule": "datePrecision", "date": "s", "precision": "n"},
        {"rule": "requiredIf", "columns": ["s"], "when": {"column": "n", "equals": ["x"]}},
        {"rule": "requiredIf", "columns": ["s"], "when": {"column": "d", "equals": ["May"]}},
    ],
)  # fmt: skip
def test_a_rule_that_no_column_of_these_types_can_keep_is_refused(rule: dict[str, Any]) -> None:
    types = {"n": "number", "s": "string", "b": "boolean", "d": "date"}
    fields = [{"name": n, "type": t, "description": "D"} for n, t in types.items()]
    fields[0]["unit"] = "1"
    schema = {"$schema": "x", "title": "T", "description": "D", "primaryKey": "s", "fields": fields}
    rules = [{"name": "r", "reason": "R"} | rule]
    with pytest.raises(DescriptorError, match="rule r: "):
        parse(profile.TableSchema, json.dumps(schema | {"rules": rules}), "f")
