"""The rules of a schema on every engine: the same verdicts as the pandas path, rule by rule."""

import datetime
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import diffdata
from diffdata.engines import ENGINES
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.package.packages import Package, open_dataset, open_package
from diffdata.schemas import profile, standard
from diffdata.schemas.reader import parse
from diffdata.schemas.rules import (
    Check,
    foreign_key_check,
    key_expression,
    rule_check,
    table_checks,
)
from diffdata.schemas.standard import TableSchema
from diffdata.types.columns import arrow_type
from diffdata.types.dtypes import to_pandas
from diffdata.validation import rowwise
from diffdata.validation.check import _read, breaches
from diffdata.validation.frames import check
from diffdata.validation.resources import Budget
from diffdata.validation.result import CheckResult

from .evaluating import failing_rows
from .test_rules import median_of

ToEngine = Callable[..., Any]
Verdicts = dict[tuple[str, tuple[str, ...], str], int]

FIELDS: list[dict[str, Any]] = [
    {"name": "thing_id", "type": "string", "constraints": {"pattern": "[a-z]+[0-9]*"}},
    {"name": "of_thing_id", "type": "string"},
    {"name": "kind", "type": "string", "constraints": {"enum": ["x", "y", "z"]}},
    {"name": "edition", "type": "integer", "constraints": {"enum": [1, 2, 2**53 + 1]}},
    {"name": "link", "type": "string", "constraints": {"pattern": r"https?://\S+"}},
    {"name": "mark", "type": "string", "constraints": {"minLength": 2, "maxLength": 3}},
    {"name": "code", "type": "string", "constraints": {"unique": True}},
    {"name": "count", "type": "integer", "unit": "1",
     "constraints": {"minimum": 0, "maximum": 2**53 + 1}},
    {"name": "low", "type": "number", "unit": "1", "constraints": {"exclusiveMinimum": 0}},
    {"name": "value", "type": "number", "unit": "1", "constraints": {"required": True}},
    {"name": "high", "type": "number", "unit": "1", "constraints": {"exclusiveMaximum": 1e9}},
    {"name": "flag", "type": "boolean", "constraints": {"enum": [True]}},
    {"name": "day", "type": "date", "constraints": {"minimum": "1999-12-31",
                                                    "maximum": "2024-02-29"}},
    {"name": "day_precision", "type": "string"},
]  # fmt: skip
RULES: list[dict[str, Any]] = [
    {"rule": "ordered", "columns": ["low", "value", "high"]},
    {"rule": "exactlyOne", "columns": ["kind", "link"]},
    {"rule": "atLeastOne", "columns": ["kind", "flag"]},
    {"rule": "allOrNone", "columns": ["low", "high"]},
    {"rule": "requiredIf", "columns": ["mark"], "when": {"column": "kind", "equals": ["x", "y"]},
     "otherwise": "empty"},
    {"rule": "requiredIf", "columns": ["count"], "when": {"column": "edition", "equals": [1]}},
    {"rule": "requiredIf", "columns": ["code"], "when": {"column": "flag"}},
    {"rule": "datePrecision", "date": "day", "precision": "day_precision"},
    {"rule": "nearProduct", "column": "value", "terms": ["count", "count", 2], "factor": 3,
     "when": {"column": "kind"}, "severity": "warning"},
    {"rule": "nearMedian", "column": "value", "by": ["kind", "edition"], "factor": 2,
     "severity": "warning"},
    {"rule": "notAfter", "date": "day", "key": "of_thing_id", "reference": "day",
     "severity": "warning"},
    {"rule": "referenced", "column": "thing_id", "severity": "warning"},
    {"rule": "within", "column": "value", "minimum": 0.5, "when": {"column": "flag"}},
    {"rule": "within", "column": "value", "minimum": "least", "maximum": "most", "key": "kind"},
    {"rule": "different", "columns": ["thing_id", "of_thing_id", "kind"]},
    {"rule": "emptyIf", "columns": ["low"], "when": {"column": "flag", "equals": [False]}},
    {"rule": "notInFuture", "date": "day"},
    {"rule": "distinct", "columns": ["kind", "value"]},
    {"rule": "asPrinted", "column": "value", "text": "mark"},
    {"rule": "compared", "column": "value", "holds": "atMost", "table": "kinds", "other": "most",
     "on": {"kind": "kind"}},
    {"rule": "compared", "column": "day", "holds": "atLeast", "other": "day", "slack": 3,
     "on": {"of_thing_id": "thing_id"}},
    {"rule": "compared", "column": "edition", "holds": "among", "table": "kinds",
     "other": "edition", "on": {"kind": "kind"}, "when": {"column": "flag"}},
    {"rule": "noPlaceholders"},
    {"rule": "sameSpelling", "column": "kind"},
    {"rule": "agree", "by": ["kind"], "columns": ["mark", "edition"],
     "when": {"column": "flag", "equals": [True]}},
    {"rule": "compared", "column": "value", "holds": "atLeast", "other": "value",
     "on": {"edition": "edition"}, "where": {"kind": ["x", "y"]}},
    {"rule": "compared", "column": "value", "holds": "among", "other": "value",
     "on": {"edition": "edition"}, "where": {"kind": ["x", "z"]}},
    {"rule": "compared", "column": "value", "holds": "among", "other": "value",
     "on": {"edition": "edition"}, "where": {"kind": ["x", "z"], "edition": None}},
    {"rule": "implies", "then": {"column": "kind", "equals": ["x", "y"]},
     "when": {"column": "mark", "matches": "a.*"}},
    {"rule": "implies", "then": {"column": "link", "matches": "http:.*"},
     "when": {"column": "flag", "equals": [True]}},
    {"rule": "atLeastOne", "columns": ["low", "code"], "when": {"column": "kind"}},
    {"rule": "nearMedian", "column": "value", "by": ["edition"], "factor": 2,
     "when": {"column": "kind", "equals": ["x", "y"]}},
    {"rule": "lasts", "column": "high", "start": "day", "end": "day", "factor": 2},
    {"rule": "distinct", "columns": ["mark"], "without": "kind"},
    {"rule": "formula", "column": "kind", "table": "kinds", "on": {"edition": "edition"},
     "other": "kind"},
    {"rule": "mentioned", "column": "mark", "key": "of_thing_id", "reference": "mark"},
    {"rule": "named", "column": "of_thing_id", "identifier": "code"},
    {"rule": "named", "column": "of_thing_id", "identifier": "code", "at": "end"},
    {"rule": "named", "column": "of_thing_id", "identifier": "code", "after": "-"},
]  # fmt: skip
KEYS = [
    {"fields": ["of_thing_id"], "reference": {"resource": "", "fields": ["thing_id"]}},
    {"fields": ["kind", "edition"],
     "reference": {"resource": "kinds", "fields": ["kind", "edition"]}},
]  # fmt: skip
POOLS: dict[str, list[Any]] = {
    "thing_id": [None, "a", "b1", "b2", "c", "d", "A", "é", "0a", "a b", "zz9", "zz10"],
    "of_thing_id": [None, "a", "b1", "c", "nowhere", "A"],
    "kind": [None, "x", "y", "z", "X", "w"],
    "edition": [None, 1, 2, 3, 2**53, 2**53 + 1],
    "link": [None, "http://a", "https://é/ü", "ftp://a", "http://a b", "see http://a",
             "http://a\u00a0b", "http://\u3000"],
    "mark": [None, "a", "ab", "abc", "abcd", "éü", "🥐", "🥐🥐", "北京市北", "0.7", "TODO"],
    "code": [None, "p", "q", "a-r", "b1-s", "t-c", "u-a", "v"],
    "count": [None, 0, 1, 2, -1, 2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**63)],
    "low": [None, 0.0, 0.5, 1.0, 2.0, -1.0],
    "value": [None, 0.0, 0.5, 1.0, 1.5, 2.0, 8.0, 1e300, -1.0, 5e-324],
    "high": [None, 1.0, 2.0, 1e9, 1e10, 0.1],
    "flag": [None, True, False],
    "day": [None, datetime.date(2020, 1, 1), datetime.date(2020, 5, 1), datetime.date(2020, 5, 28),
            datetime.date(1999, 12, 31), datetime.date(1999, 12, 30), datetime.date(2024, 2, 29),
            datetime.date(2024, 3, 1), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)],
    "day_precision": [None, "day", "month", "year", "week"],
}  # fmt: skip


def described(fields: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    full = [{"unit": "1"} | field if field["type"] == "integer" else field for field in fields]
    return {
        "$schema": "x", "title": "T", "description": "D", "primaryKey": ["thing_id"],
        "fields": [{"description": "D"} | field for field in full],
    } | more  # fmt: skip


@pytest.fixture
def things(tmp_path: Path) -> Package:
    """A package with a table whose schema has every constraint and every rule."""
    rules = [{"name": f"rule_{n}", "reason": "R"} | rule for n, rule in enumerate(RULES)]
    numbers = [{"name": name, "type": "number", "unit": "1"} for name in ("least", "most")]
    kinds = described(
        [{"name": "kind", "type": "string"}, {"name": "edition", "type": "integer"}, *numbers],
        primaryKey=["kind", "edition"],
    )
    schemas = {"things": described(FIELDS, rules=rules, foreignKeys=KEYS), "kinds": kinds}
    for name, schema in schemas.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(schema))
    (tmp_path / "kinds.csv").write_text(
        f"kind,edition,least,most\nx,1,0.5,2\ny,2,,\nz,{2**53 + 1},,1.5\n"
    )
    (tmp_path / "things.csv").write_text(",".join(field["name"] for field in FIELDS) + "\n")
    descriptor = {
        "$schema": "x", "name": "odd", "version": "1.0.0", "title": "T", "description": "D",
        "licenses": [{"name": "CC0-1.0"}],
        "resources": [{"name": n, "path": f"{n}.csv", "schema": f"{n}.json"} for n in schemas],
    }  # fmt: skip
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor))
    return open_package(tmp_path)


def with_fewer_rules(things: Package, engine: str) -> Package:
    """Keep a few rules on Spark, which takes seconds to plan all: others test each of them."""
    if engine != "pyspark":
        return things
    path = things.root / "things.json"
    schema = json.loads(path.read_text())
    path.write_text(json.dumps(schema | {"rules": schema["rules"][:7]}))
    return open_package(things.root)


def typed(columns: Mapping[str, list[Any]], schema: TableSchema) -> pa.Table:
    return pa.table({f.name: pa.array(columns[f.name], arrow_type(f)) for f in schema.fields})


def broken_things(schema: TableSchema, rows: int = 300) -> pa.Table:
    draw = random.Random(2026)
    return typed({name: draw.choices(pool, k=rows) for name, pool in POOLS.items()}, schema)


def clean_things(schema: TableSchema) -> pa.Table:
    day = datetime.date(2020, 5, 28)
    return typed(
        {
            "thing_id": ["a", "b1", "c"], "of_thing_id": ["b1", "c", "a"],
            "kind": ["x", "z", None], "edition": [1, 2**53 + 1, None],
            "link": [None, None, "http://é"], "mark": ["北京", None, None],
            "code": ["p", None, "q"], "count": [1, None, 2**53 + 1],
            "low": [None, 1.0, 0.1], "value": [2.0, 1.0, 1.0], "high": [None, 1.0, 3.0],
            "flag": [True, None, True], "day": [day, day, None],
            "day_precision": ["day", "day", None],
        },
        schema,
    )  # fmt: skip


def by_pandas(table: pa.Table, name: str, package: Package, others: dict[str, Any]) -> Verdicts:
    """Evaluate the checks of a table the way of `load`: eagerly, on pandas frames."""
    schema = package.schema(name)
    frame = to_pandas(table)
    found: list[tuple[Check, pd.DataFrame]] = [(c, frame) for c in table_checks(schema)]
    tables = {**others, name: frame}
    for key in schema.foreign_keys:
        target = tables[key.reference.resource or name]
        target_schema = package.schema(key.reference.resource or name)
        fields = [target_schema.field(column) for column in key.reference.fields]
        keys = nw.from_native(target).select(key=key_expression(fields))["key"]
        present = keys.drop_nulls().unique().to_list()
        is_there = (
            key_expression(map(schema.field, key.fields)).is_in(present)
            if present
            else nw.lit(False)
        )
        found.append((foreign_key_check(key, is_there), frame))
    for rule in schema.rules:
        if rule.rule in ("nearProduct", "nearMedian"):
            found.append((rule_check(rule, schema, *median_of(rule, schema)), frame))
        if rule.rule == "referenced":
            used = [
                tables[other][key.fields[0]].dropna()
                for other in package.tables
                for key in package.schema(other).foreign_keys
                if (key.reference.resource or other) == name
            ]
            is_there = nw.col(rule.column).is_in(pd.concat(used).unique().tolist())
            found.append((rule_check(rule, schema, is_there), frame))
        if rule.rule == "notAfter":
            (key,) = (k for k in schema.foreign_keys if k.fields == (rule.key,))
            target = tables[key.reference.resource or name]
            there = target.drop_duplicates(key.reference.fields[0])
            there = there.dropna(subset=key.reference.fields[0])
            there = there.set_index(key.reference.fields[0])
            beside = frame.copy()
            columns = (rule.reference, f"{rule.reference}_precision")
            for column in columns:
                beside[f"there.{column}"] = frame[rule.key].map(there[column])
            check = rule_check(rule, schema, *(nw.col(f"there.{column}") for column in columns))
            found.append((check, beside))
        if rule.rule == "within" and rule.key is None:
            found.append((rule_check(rule, schema), frame))
        elif rule.rule == "within":
            (key,) = (k for k in schema.foreign_keys if rule.key in k.fields)
            there = tables[key.reference.resource].rename(
                columns={rule.minimum: "there.min", rule.maximum: "there.max"}
            )
            beside = frame.merge(
                there, how="left", left_on=list(key.fields), right_on=list(key.reference.fields)
            )
            bounds = (nw.col("there.min"), nw.col("there.max"))
            found.append((rule_check(rule, schema, *bounds), beside))
        if rule.rule == "compared":
            found.append((*compared_by_pandas(rule, schema, frame, tables),))
        if rule.rule in (
            "distinct", "asPrinted", "sameSpelling", "agree", "lasts", "formula", "mentioned",
            "named",
        ):  # fmt: skip
            breaking = partial(rowwise.breaking, rule, key=schema.primary_key)
            if rule.rule == "formula":
                there = tables[rule.table][[*rule.on.values(), rule.other]].dropna()
                breaking = partial(rowwise.misformed, rule, there.to_numpy().T.tolist())
            if rule.rule == "mentioned":
                there = frame[["thing_id", rule.reference]].dropna()
                breaking = partial(rowwise.unmentioned, rule, there.to_numpy().T.tolist())
            if rule.rule == "named":
                breaking = partial(rowwise.misnamed, rule, frame["thing_id"].dropna().tolist())
            names = list(dict.fromkeys([*schema.primary_key, *rule.columns_used()]))
            rows = [
                [None if pd.isna(v) else v for v in r] for r in frame[names].to_numpy().tolist()
            ]
            rows.sort(key=lambda row: [(value is None, value or 0, "") for value in row])
            columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            width = len(schema.primary_key)
            wrong = {tuple(rows[n][:width]) for n in breaking(columns)}
            keys = frame[list(schema.primary_key)].itertuples(index=False, name=None)
            passing = pd.Series([not (key in wrong and None not in key) for key in keys])
            beside = frame.assign(passing=passing.to_numpy())
            found.append((rule_check(rule, schema, nw.col("passing")), beside))
    return {(c.name, c.columns): sum(map(len, failing_rows(rows, [c]))) for c, rows in found}


def compared_by_pandas(rule: Any, schema: TableSchema, frame: Any, tables: Any) -> tuple[Any, Any]:
    """Return the check of a rule that compares with other rows, and the frame that it needs."""
    rows = tables[rule.table] if rule.table else frame
    groups: dict[Any, list[Any]] = {}
    if rule.holds == "among":  # also of rows that do not count
        every = rows[[*rule.on.values(), rule.other]].dropna()
        groups = {tuple(key): [] for *key, _ in every.itertuples(index=False, name=None)}
    for name, texts in rule.where.items():
        rows = rows[rows[name].notna() if texts is None else rows[name].isin(texts)]
    rows = rows[[*rule.on.values(), rule.other]].dropna()
    keys = frame[list(rule.on)].itertuples(index=False, name=None)
    for *key, value in rows.itertuples(index=False, name=None):
        groups.setdefault(tuple(key), []).append(value)
    others = [groups.get(key) for key in keys]
    if rule.holds == "among":
        values = frame[rule.column]
        passing = [
            own is None or (not pd.isna(value) and value in own)
            for own, value in zip(others, values, strict=True)
        ]
        beside = frame.assign(joined=passing)
    else:
        take = {"atLeast": min, "atMost": max}[rule.holds]
        limits = pd.Series([take(own) if own else None for own in others], frame.index)
        beside = frame.assign(joined=limits.astype(frame[rule.column].dtype))
    return rule_check(rule, schema, nw.col("joined")), beside


def verdicts(result: CheckResult) -> Verdicts:
    """Return what an engine found, but for what frames of pandas cannot have wrong."""
    return {
        (r.rule, r.columns): r.failing for r in result.rules if r.rule not in ("type", "header")
    }


# On Spark, which takes seconds, only the broken table: it has rows that keep each rule, too.
STATES = [(engine, "broken") for engine in ENGINES]
STATES += [(engine, "clean") for engine in ENGINES if engine != "pyspark"]


@pytest.mark.parametrize(("engine", "state"), STATES)
def test_every_engine_gives_the_verdicts_of_the_pandas_path(
    engine: str, state: str, things: Package, on_engine: ToEngine
) -> None:
    schema = things.schema("things")
    table = (clean_things if state == "clean" else broken_things)(schema)
    # Which of several rows with one key a date is taken from is not told; here there is one.
    if state == "broken":
        keys = table["thing_id"].to_pylist()
        same = pa.array([keys.index(key) for key in keys])
        for name in ("day", "day_precision"):
            table = table.set_column(
                table.schema.get_field_index(name), name, table[name].take(same)
            )
    kinds = diffdata.load("kinds", package=things.root)
    expected = by_pandas(table, "things", things, {"kinds": kinds})
    result = check(on_engine(table, engine, schema), "things", package=things.root, sample=20)
    assert verdicts(result) == expected
    assert all(len(rule.sample) == min(20, rule.failing) for rule in result.rules)
    assert not result.skipped
    assert result.rows == len(table)
    if state == "broken":
        place = [rule["rule"] for rule in RULES].index("noPlaceholders")
        placeholders = {key: n for key, n in expected.items() if key[0] == f"rule_{place}"}
        assert sum(placeholders.values()) > 0
        others = expected.keys() - placeholders.keys()
        assert all(expected[key] > 0 for key in others), "the broken table breaks every rule"
        assert all(rule.failing == 0 for rule in result.rules if rule.rule == "type")
        sample_names_the_first_failing_rows_by_their_key(result, table.to_pylist())
    else:
        assert not result.failed


def sample_names_the_first_failing_rows_by_their_key(
    result: CheckResult, table: list[dict[str, Any]]
) -> None:
    kinds = next(rule for rule in result.rules if rule.name == "enum (kind)")
    wrong = sorted(row["thing_id"] or "" for row in table if row["kind"] in ("X", "w"))
    assert kinds.sample == tuple((key or None,) for key in wrong[:20])
    assert len({*kinds.sample}) > 1, "or their order would not be compared"
    repeated = next(r for r in result.rules if r.rule == "primary-key" and "no other" in r.expected)
    first = min(row["thing_id"] for row in table if row["thing_id"])
    assert repeated.sample[0] == (first,)


# Spark takes seconds for a table; the rules themselves are compared on it above.
SHUFFLED = [
    (name, engine)
    for name in ("models", "estimates", "model_summary", "model_dates")
    for engine in ENGINES
    if engine != "pyspark" or name == "model_dates"
]


@pytest.mark.parametrize(("name", "engine"), SHUFFLED)
def test_shuffled_tables_of_the_dataset_fail_alike_on_every_engine(
    name: str, engine: str, on_engine: ToEngine
) -> None:
    package = open_dataset(version="2026.2")  # no row of which is acknowledged after the shuffling
    schema = package.schema(name)
    wanted = pa.schema([(field.name, arrow_type(field)) for field in schema.fields])
    frame = diffdata.load(name, "2026.2")
    table = pa.Table.from_pandas(frame, schema=wanted, preserve_index=False)
    rng = np.random.default_rng(7)
    columns = [column.take(pa.array(rng.permutation(len(table)))) for column in table.columns]
    shuffled = pa.table(columns, schema=wanted)
    others = {other: diffdata.load(other, "2026.2") for other in package.tables if other != name}
    expected = by_pandas(shuffled, name, package, others)
    assert sum(expected.values()) > 0
    found = check(on_engine(shuffled, engine, schema), name, package=package)
    assert verdicts(found) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_circle_of_references_is_found_on_every_engine(engine: str, on_engine: ToEngine) -> None:
    schema = parse(
        profile.TableSchema,
        json.dumps(
            described(
                [{"name": "thing_id", "type": "string"}, {"name": "of_thing_id", "type": "string"}],
                foreignKeys=KEYS[:1],
                rules=[{"name": "r", "reason": "R", "rule": "acyclic", "column": "of_thing_id"}],
            )
        ),
        "f",
    )
    columns = {"thing_id": list("dabcef"), "of_thing_id": ["b", "b", "c", "a", "e", None]}
    found = check(on_engine(typed(columns, schema), engine, schema), schema)
    (rule,) = found.failed
    assert (rule.rule, rule.sample) == ("r", (("a",), ("b",), ("c",), ("e",)))


def test_the_verdicts_are_those_of_validate(copy: Path) -> None:
    """Validation reads text, and its checks fail the same rows."""
    path = copy / "data/model_dates.csv"
    lines = path.read_text().splitlines(keepends=True)
    head = lines[0].rstrip().split(",")
    for place, line in enumerate(lines[1:], start=1):
        cells = line.rstrip("\n").split(",")
        if '"' not in line and place % 3 == 0:
            cells[head.index("date")] = "2031-05-02"
            cells[head.index("certainty")] = "sure" if place % 2 else ""
            cells[head.index("source_id")] = "nowhere-1900"
            lines[place] = ",".join(cells) + "\n"
    path.write_text("".join([*lines, lines[-1]]))
    accepting = copy / "data/acknowledgements.csv"
    accepting.write_text(accepting.read_text().splitlines(keepends=True)[0])
    package = open_package(copy)
    read = {name: _read(package, name, Budget())[0] for name in package.tables}
    expected = by_validate("model_dates", read)
    found = check(read["model_dates"].values, "model_dates", package=copy)
    assert {(r.rule, r.columns[0]): r.failing for r in found.failed} == expected
    assert len(expected) >= 4


def by_validate(name: str, tables: dict[str, Any]) -> Counter[Any]:
    """Count the rows that fail each check on what was read from text, as `validate` does.

    It then reports faults with one cause once, so its issues may be fewer.
    """
    unknown = tables[name].unknown
    counts = Counter({("type", column): int(mask.sum()) for column, mask in unknown.items()})
    for one, _, failing in breaches(name, tables, complete=True):
        counts[one.name, one.columns[0]] += len(failing)
    return +counts


def test_samples_are_the_same_when_many_rows_fail(
    things: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = things.schema("things")
    expected = check(broken_things(schema), "things", package=things.root)
    monkeypatch.setattr("diffdata.validation.evaluate._FETCHED", 100)
    assert check(broken_things(schema), "things", package=things.root) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_wrong_type_is_a_finding_and_no_crash(
    engine: str, things: Package, on_engine: ToEngine
) -> None:
    schema = with_fewer_rules(things, engine).schema("things")
    table = clean_things(schema)
    table = table.set_column(7, "count", pa.array(["one", None, "2"], pa.string()))
    table = table.set_column(2, "kind", pa.array([1.5, None, None], pa.float64()))
    table = table.set_column(9, "value", pa.array([1, None, 3], pa.int64()))
    as_is = schema.model_copy(
        update={
            "fields": tuple(
                field.model_copy(
                    update={
                        "type": {"count": "string", "kind": "number", "value": "integer"}[
                            field.name
                        ]
                    }
                )
                if field.name in ("count", "kind", "value")
                else field
                for field in schema.fields
            )
        }
    )
    result = check(on_engine(table, engine, as_is), "things", package=things.root)
    found = {rule.name: rule.failing for rule in result.failed}
    assert (found["type (count)"], found["type (kind)"]) == (2, 1)
    assert "type (value)" not in found  # a whole number is a number
    assert found["required (value)"] == 1
    # What stands in the columns of a wrong type is not known, so it breaks no other rule.
    assert not {"enum (kind)", "minimum (count)", "maximum (count)"} & found.keys()


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_that_are_missing_or_unknown_are_findings(
    engine: str, things: Package, on_engine: ToEngine
) -> None:
    schema = with_fewer_rules(things, engine).schema("things")
    frame = nw.from_native(on_engine(clean_things(schema), engine, schema))
    renamed = frame.rename({"value": "worth"}).to_native()
    result = check(renamed, "things", package=things.root)
    headers = [(rule.columns, rule.failing) for rule in result.failed if rule.rule == "header"]
    assert headers == [(("value",), 1), (("worth",), 1)]
    assert {rule.rule for rule in result.failed} == {"header"}


@pytest.mark.parametrize("engine", ["pandas", "pyarrow", "polars", "duckdb"])
def test_an_empty_frame_passes(engine: str, things: Package, on_engine: ToEngine) -> None:
    schema = things.schema("things")
    result = check(on_engine(clean_things(schema)[:0], engine, schema), "things",
                   package=things.root)  # fmt: skip
    assert (result.rows, result.failed) == (0, ())


def test_nan_is_missing_on_engines_that_tell_the_two_apart(things: Package) -> None:
    schema = things.schema("things")
    table = clean_things(schema).set_column(9, "value", pa.array([float("nan"), 1.0, 1.0]))
    for frame in (table, pl.from_arrow(table), pl.from_arrow(table).lazy()):  # type: ignore[union-attr]
        result = check(frame, "things", package=things.root)
        assert {rule.name: rule.failing for rule in result.failed} == {"required (value)": 1}


def test_plain_pandas_is_taken_as_it_comes(things: Package) -> None:
    """As `pandas.read_parquet` gives it: dates as objects; and a column of this and that."""
    schema = things.schema("things")
    frame = clean_things(schema).to_pandas()
    assert frame["day"].dtype == object
    frame["mark"] = ["北京", 3, None]
    result = check(frame.drop(columns=["count", "edition"]), "things", package=things.root)
    found = {rule.name: rule.failing for rule in result.failed if rule.rule != "header"}
    assert found == {"type (mark)": 2}


def test_a_moment_is_no_date_and_a_number_too_large_no_whole_number(things: Package) -> None:
    schema = things.schema("things")
    table = clean_things(schema)
    noon = [datetime.datetime(2020, 5, 28, 12), datetime.datetime(2020, 5, 28), None]
    table = table.set_column(12, "day", pa.array(noon, pa.timestamp("us")))
    table = table.set_column(7, "count", pa.array([2**63, None, 2**53 + 1], pa.uint64()))
    for frame in (table, pl.from_arrow(table).lazy()):  # type: ignore[union-attr]
        result = check(frame, "things", package=things.root)
        found = {rule.name: rule.failing for rule in result.failed}
        assert found == {"type (day)": 1, "type (count)": 1}


@pytest.mark.usefixtures("spark")
def test_tables_of_another_library_are_carried_over_to_spark_and_others(
    package: Package, on_engine: ToEngine
) -> None:
    schema = package.schema("models")
    wanted = pa.schema([(field.name, arrow_type(field)) for field in schema.fields])
    table = pa.Table.from_pandas(diffdata.load("models"), schema=wanted, preserve_index=False)
    few = diffdata.load("sources").iloc[:0]
    for engine in ENGINES:
        result = check(on_engine(table, engine, schema), "models", tables={"sources": few})
        dangling = {rule.columns: rule.failing for rule in result.failed}
        assert all("source_id" in name[0] for name in dangling), engine


def test_a_rule_that_lacks_its_table_says_so(things: Package) -> None:
    result = check(clean_things(things.schema("things")), things.root / "things.json")
    assert result.table == "things"
    assert {rule.name: rule.skipped for rule in result.skipped} == {
        "foreign-key (kind, edition)": "the table kinds is not given",
        "rule_11 (thing_id)": "which tables refer to this one is only known of a package",
        "rule_13 (value, kind)": "the table kinds is not given",
        "rule_19 (value, kind)": "the table kinds is not given",
        "rule_21 (edition, flag, kind)": "the table kinds is not given",
        "rule_34 (kind, edition)": "the table kinds is not given",
    }
    assert "not checked: foreign-key (kind, edition): the table kinds is not given" in str(result)


def test_a_schema_of_the_standard_will_do(tmp_path: Path) -> None:
    path = tmp_path / "plain.json"
    path.write_text('{"fields": [{"name": "a", "type": "integer"}], "primaryKey": "a"}')
    result = check(pl.LazyFrame({"a": [1, 1, None]}), path)
    assert [(rule.name, rule.failing) for rule in result.failed] == [
        ("primary-key (a)", 1),  # the one without a value
        ("primary-key (a)", 2),  # the two that are alike
    ]


def test_mistakes_of_the_caller_are_reported_plainly(things: Package) -> None:
    with pytest.raises(UnknownNameError, match="did you mean models"):
        check(pl.DataFrame(), "modles")
    with pytest.raises(InvalidInputError, match="frame: expected a frame"):
        check([1, 2], "models")
    with pytest.raises(InvalidInputError, match="sample: expected a number from 0 up"):
        check(pl.DataFrame(), "models", sample=-1)
    with pytest.raises(
        InvalidInputError, match="tables: kinds cannot be referred to: it has no column"
    ):
        check(clean_things(things.schema("things")), things.root / "things.json",
              tables={"kinds": pl.DataFrame({"kind": ["x"]})})  # fmt: skip


def test_a_result_reads_as_text() -> None:
    dates = diffdata.load("model_dates", "2026.2", engine="polars").with_columns(
        milestone=pl.lit("publisht"), model_variant=pl.lit("main")
    )
    text = str(check(dates, "model_dates", sample=1)).splitlines()
    assert text[0].startswith("model_dates: error: 70 rows: expected one of: ")
    assert text[1].startswith("    rows: model_id=")
    assert text[1].endswith("; ...")
    assert text[-1].startswith("model_dates: 70 rows, ")


PLAIN_PATTERNS = [
    (r"\S+", "a\u00a0b", True), (r"\w+", "é", False), (r"\d+", "٣", False),
    ("a.c", "a\rc", True), ("a.c", "a\nc", False), ("a$", "a\n", False), ("a", "a\n", False),
    (r"[\d-]+", "1-2", True), (r"[^\s]+", "a b", False), (r"[]a]+", "]a", True),
    (r"\W\D\S", "é-/", True), (r"a|b", "ab", False), (r"\.", "x", False),
    (r"[\S]+", "a\u00a0b", True), (r"[\W]", "é", True), ("(?P<n>a)", "a", True),
    (r"\<", "<", True), (r"\012", "\n", True), (r"[+&~-]+", "&~", True),
    ("a{2,3}?b", "aab", True),
]  # fmt: skip
# RE2 reads them, and so do the engines that use it; Polars and Spark might read them differently.
PATTERNS_OF_RE2 = [
    (r"[&&~~]+", "&~", True), ("(?i)abc", "ABC", True), ("[[:digit:]]", "5", True),
    (r"\Qa.b\E", "a.b", True), (r"\Qa.b\E", "axb", False), ("[a-z--b]", "5", True),
    ("a{,2}", "a{,2}", True), (r"\v", "\n", False), ("(?i)k", "\u212a", True),
    ("(?i)[^k]", "\u212a", False), ("(?s)a.b", "a\nb", True), ("(?i)a(?-i)b", "AB", False),
    ("[^[:alpha:]]+", "é5", True), (r"\p{^Lu}", "a", True), (r"a\b.*", "a", True),
    (r"\p{Greek}+", "\u03b1", True), ("(?m)^a$", "a", True), ("(?i)é", "É", True),
    ("a?b.*(?i)c", "b\nc", False),
]  # fmt: skip


def pattern_schema(patterns: list[tuple[str, str, bool]]) -> TableSchema:
    fields = [
        {"name": f"a{n}", "type": "string", "constraints": {"pattern": pattern}}
        for n, (pattern, _, _) in enumerate(patterns)
    ]
    return parse(profile.TableSchema, json.dumps(described(fields, primaryKey=["a0"])), "f")


@pytest.mark.parametrize("engine", ENGINES)
def test_patterns_mean_the_same_on_every_engine(engine: str, on_engine: ToEngine) -> None:
    by_re2 = engine in ("pandas", "pyarrow", "duckdb")
    patterns = PLAIN_PATTERNS + PATTERNS_OF_RE2 * by_re2
    schema = pattern_schema(patterns)
    table = pa.table({f"a{n}": [text] for n, (_, text, _) in enumerate(patterns)})
    result = check(on_engine(table, engine, schema), schema)
    found = [rule.failing == 0 for rule in result.rules if rule.rule == "pattern"]
    assert [p for p, f in zip(patterns, found, strict=True) if p[2] is not f] == []


@pytest.mark.parametrize("pattern", [*(p for p, _, _ in PATTERNS_OF_RE2), r"[\p{Han}]"])
def test_a_pattern_that_engines_may_read_differently_is_refused_by_name(pattern: str) -> None:
    schema = pattern_schema([(pattern, "", False)])
    assert check(pa.table({"a0": ["?"]}), schema).rows == 1
    with pytest.raises(InvalidInputError, match=r"the pattern of 'a0' has .* polars reads"):
        check(pl.DataFrame({"a0": ["?"]}), schema)


def test_whole_numbers_beside_missing_ones_are_floats_in_pandas_and_no_fault() -> None:
    fields = [{"name": "a", "type": "integer"}, {"name": "b", "type": "number"}]
    schema = parse(standard.TableSchema, json.dumps({"fields": fields}), "s.json")
    frame = pd.DataFrame({"a": [1.0, None, 3.0], "b": [2.0, None, 5.0]})
    assert check(frame, schema).ok
    for odd in (1.5, 2.0**53, float("inf")):
        (failed,) = check(frame.assign(a=[odd, None, 3.0]), schema).failed
        assert (failed.name, failed.failing) == ("type (a)", 2)
    assert not check(frame.assign(a=[1.0, 2.0, 3.0]), schema).ok  # nothing made floats of them
