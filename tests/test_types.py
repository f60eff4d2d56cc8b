"""The field types of Table Schema: what a cell may be, and values compared as values."""

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import diffdata
from diffdata.errors import DescriptorError, InvalidInputError
from diffdata.package.packages import Package
from diffdata.schemas import profile, reader, standard
from diffdata.schemas.profile import Field as ProfileField
from diffdata.schemas.standard import Constraints, Field, TableSchema
from diffdata.types.definitions import FIELD_TYPES, PlainColumn
from diffdata.types.text import CellError, cell_text, encoded_once, limit, parse
from diffdata.validation.shape import fits
from diffdata.validation.typed import parse_cell

from .test_foreign import write


def faults(folder: Path, kind: str, cells: list[str], **described: Any) -> list[tuple[int, str]]:
    """Return the row (from 0) and the rule of each fault in a column of a package."""
    schema_keys = {
        key: described.pop(key) for key in ("primaryKey", "missingValues") if key in described
    }
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    table = "\n".join(["id,x", *(f"{row},{cell}" for row, cell in enumerate(quoted)), ""])
    fields = [{"name": "id", "type": "integer"}, {"name": "x", "type": kind, **described}]
    package = write(folder, table.encode(), schema={"fields": fields, **schema_keys})
    return [((issue.line or 0) - 2, issue.rule) for issue in diffdata.validate(package)]


LIMITS: list[tuple[str, dict[str, Any], list[str], list[tuple[int, str]]]] = [
    ("datetime", {"minimum": "2020-01-01T00:00:00Z"},
     ["2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00", "2020-01-01T01:59:59+02:00"],
     [(2, "minimum")]),
    ("datetime", {"exclusiveMaximum": "2020-01-01T00:00:00.5Z"},
     ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.499999999Z", "2020-01-01T00:00:00.50Z"],
     [(2, "exclusive-maximum")]),
    ("datetime", {"minimum": "2020-01-01T00:00:00"},
     ["2020-01-01T00:00:00", "2020-01-02T00:00:00Z"], [(1, "minimum")]),
    ("datetime", {"enum": ["2020-01-01T00:00:00Z"]},
     ["2020-01-01T02:00:00+02:00", "2020-01-01T00:00:00"], [(1, "enum")]),
    ("time", {"maximum": "12:00:00Z"}, ["14:00:00+02:00", "14:00:01+02:00", "11:00:00"],
     [(1, "maximum"), (2, "maximum")]),
    ("duration", {"minimum": "P1Y"}, ["P13M", "P12M", "P11M", "P400D"],
     [(2, "minimum"), (3, "minimum")]),
    ("duration", {"maximum": "P1D"}, ["PT24H", "PT25H", "-P2D", "PT86400.5S", "P0Y"],
     [(1, "maximum"), (3, "maximum")]),
    ("duration", {"enum": ["P1Y2M", "P7D"]}, ["P14M", "P1W", "P15M"], [(2, "enum")]),
    ("yearmonth", {"minimum": "2020-09"}, ["2020-10", "2020-9", "2020-8"], [(2, "minimum")]),
    ("list", {"minLength": 2, "maxLength": 3}, ["a;b", "long", "a;b;c;d"],
     [(1, "min-length"), (2, "max-length")]),
    ("array", {"enum": [["A", "B"]]}, ['["A","B"]', '[ "A", "B" ]', '["B","A"]'], [(2, "enum")]),
    ("array", {"enum": [[1]]}, ["[1.0]", "[1, 1]"], [(1, "enum")]),
    ("array", {"maxLength": 1}, ["[1.0]", "[1, 1]"], [(1, "max-length")]),
    ("object", {"enum": ['{"a": 1, "b": 2}'], "minLength": 1}, ['{"b":2,"a":1}', '{"a":1}'],
     [(1, "enum")]),
    ("geopoint", {"enum": ["90.5,45.50"]}, ["90.50, 45.5", "90,45"], [(1, "enum")]),
    ("integer", {"enum": [1, None]}, ["1", "2", ""], [(1, "enum")]),
    ("year", {"enum": ["2020", None]}, ["2020", "2021", ""], [(1, "enum")]),
    ("date", {"enum": ["2020-05-28", None]}, ["2020-05-28", "2021-01-01", ""], [(1, "enum")]),
    ("number", {"enum": [0]}, ["-0.0", "0e5", "1"], [(2, "enum")]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "constraints", "cells", "expected"), LIMITS)
def test_limits_and_enums_compare_values(
    tmp_path: Path, kind: str, constraints: Any, cells: list[str], expected: Any
) -> None:
    more = {"delimiter": ";"} if kind == "list" else {}
    assert faults(tmp_path, kind, cells, constraints=constraints, **more) == expected


@pytest.mark.parametrize(("kind", "constraints", "cells", "expected"), LIMITS)
def test_a_single_cell_is_judged_as_in_its_column(
    kind: str, constraints: Any, cells: list[str], expected: Any
) -> None:
    described = {"name": "x", "type": kind, "constraints": constraints, "delimiter": ";"}
    field = Field.model_validate_json(json.dumps(described))
    schema = TableSchema(fields=(field,))
    assert [fits(cell, field, schema) for cell in cells] == [
        all(row != number for row, _ in expected) for number in range(len(cells))
    ]


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        ("datetime", ["2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00"]),
        ("time", ["12:00:00Z", "12:00:00.000Z"]),
        ("duration", ["P1D", "PT24H"]),
        ("object", ['{"a": 1, "b": [2.0]}', '{"b":[2],"a":1}']),
        ("list", ["1,2", "1,02"]),
        ("number", ["1", "1.0"]),
    ],
)
def test_equal_values_are_duplicates(tmp_path: Path, kind: str, same: list[str]) -> None:
    more = {"itemType": "integer"} if kind == "list" else {}
    found = faults(tmp_path, kind, same, constraints={"unique": True}, **more)
    assert found == [(1, "unique")]
    assert faults(tmp_path, kind, same, primaryKey="x", **more) == [(1, "primary-key")]


def test_an_open_order_is_said_in_the_message(tmp_path: Path) -> None:
    for kind, minimum, cell, expected in (
        ("datetime", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00", "with a time zone as this"),
        ("time", "12:00:00", "13:00:00Z", "without a time zone as this limit"),
        ("duration", "P1M", "P40D", "in years and months as this limit"),
        ("duration", "P1D", "P1M", "without years and months, whose length varies"),
    ):
        table = f'id,x\n1,"{cell}"\n'.encode()
        field = {"name": "x", "type": kind, "constraints": {"minimum": minimum}}
        fields = [{"name": "id", "type": "integer"}, field]
        (issue,) = diffdata.validate(write(tmp_path, table, schema={"fields": fields}))
        assert (issue.rule, issue.value) == ("minimum", cell)
        assert expected in issue.message


REFUSED: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("list", {"itemType": "integer", "delimiter": ";"}, ["1;2", "1"], ["1;x", "1;;2"]),
    ("list", {"itemType": "date"}, ["2020-01-01,2020-01-02"], ["2020-01-01,x"]),
    ("geojson", {}, ['{"type":"Point","coordinates":[1,2]}',
     '{"type":"Feature","geometry":null,"properties":{}}',
     '{"type":"FeatureCollection","features":[]}',
     '{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}',
     '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}'],
     ['{"type":"Nope"}', '{"type":"Point"}', '{"type":"Point","coordinates":["1","2"]}',
      '{"type":"Point","coordinates":[[1,2]]}', '{"type":"FeatureCollection"}', '{"a":1}', "[]"]),
    ("geojson", {"format": "topojson"}, ['{"type":"Topology","objects":{},"arcs":[]}'],
     ['{"type":"Point","coordinates":[1,2]}']),
    ("array", {}, ["[1]"], ["[NaN]", "{}", "[1"]),
    ("number", {"decimalChar": ","}, ["1,5", "1", "-1,5e3", "NaN"], ["1.234", "1.5", "1,2,3"]),
    ("number", {"decimalChar": ",", "groupChar": "."}, ["1.234,5", "1234,5", "1.234.567"],
     ["1,234.56", "1.5", "1.2.345", "12345.678"]),
    ("number", {"groupChar": ","}, ["1,234.56", "12,34,567"], ["1.234,56", "1,5", ",123"]),
    ("integer", {"groupChar": ","}, ["1,234"], ["1,23", "1.5", "1,234.0"]),
    ("date", {}, ["2015-06-01"], ["2015-6-1", "2015-06-31", "0000-01-01", "20150601"]),
    ("date", {"format": "%Y-%m-%d"}, ["2015-6-1", "2015-06-01"], ["1.6.2015"]),
    ("date", {"format": "any"}, ["2015-06-01", "1 June 2015"], ["now", "today", "10:30", "NaT"]),
    ("datetime", {"format": "any"}, ["2015-06-01 10:30"], ["now", "today", "10:30"]),
    ("datetime", {}, ["2020-01-01T00:00:00.123456789Z"],
     ["2020-01-01T00:00:00.1234567891Z", "0001-01-01T00:00:00+02:00", "2020-01-01"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "described", "right", "wrong"), REFUSED)
def test_cells_are_of_their_type(
    tmp_path: Path, kind: str, described: Any, right: list[str], wrong: list[str]
) -> None:
    found = faults(tmp_path, kind, [*right, *wrong], **described)
    assert found == [(len(right) + number, "type") for number in range(len(wrong))]


def test_limits_are_written_as_cells_are(tmp_path: Path) -> None:
    described = {"decimalChar": ",", "constraints": {"minimum": "1,0"}}
    assert faults(tmp_path, "number", ["1,0", "0,9"], **described) == [(1, "minimum")]


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"type": "number", "groupChar": ",", "decimalChar": ","}, "are both ','"),
        ({"type": "integer", "constraints": {"pattern": "1"}}, "pattern: not possible for the ty"),
        ({"type": "number", "constraints": {"minLength": 1}}, "minLength: not possible for the t"),
        ({"type": "boolean", "constraints": {"minimum": 1}}, "minimum: not possible for the type"),
        (
            {"type": "integer", "constraints": {"minimum": float("inf")}},
            "minimum: inf is not of the type",
        ),
        ({"type": "list", "itemType": "object"}, "itemType: expected one of string"),
        (
            {"type": "datetime", "constraints": {"minimum": "x"}},
            "minimum: 'x' is not of the type datetime",
        ),
        (
            {"type": "integer", "constraints": {"enum": [1, "x"]}},
            "enum: 'x' is not of the type integer",
        ),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(described: Any, message: str) -> None:
    with pytest.raises(DescriptorError, match=message):
        reader.parse(
            standard.TableSchema, json.dumps({"fields": [{"name": "x", **described}]}), "s.json"
        )


def test_an_empty_text_is_a_value_where_it_is_not_missing(tmp_path: Path) -> None:
    absent = {"missingValues": ["-"]}
    assert faults(tmp_path, "integer", ["1", "", "-"], **absent) == [(1, "type")]
    required = {"constraints": {"required": True}}
    assert faults(tmp_path, "string", ["a", "", "-"], **required, **absent) == [(2, "required")]


def test_missing_values_may_have_labels_in_a_field_too(tmp_path: Path) -> None:
    fields = [
        {"name": "id", "type": "integer"},
        {"name": "x", "type": "integer", "missingValues": [{"value": "-", "label": "none"}]},
    ]
    assert diffdata.validate(write(tmp_path, b"id,x\n1,-\n2,5\n", schema={"fields": fields})) == []


def test_json_is_checked_against_its_json_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = ['{"a": 1}', '{"a": "x"}', '{"b": 1}', '{"a": 1, "c": "no"}', '{"a": 1, "c": "ok"}']
    described = {"type": "object", "required": ["a"], "properties": {
        "a": {"type": "integer"}, "c": {"pattern": "^ok$"}}}  # fmt: skip
    constraints = {"jsonSchema": described}
    expected = [(row, "json-schema") for row in (1, 2, 3)]
    assert faults(tmp_path, "object", cells, constraints=constraints) == expected
    for odd in (
        {"$ref": "http://127.0.0.1:9/x"},
        {"patternProperties": {"(a+)+$": {}}},
        {"type": 3},
    ):
        assert faults(tmp_path, "object", cells[:1], constraints={"jsonSchema": odd}) == [
            (0, "type")
        ]
    monkeypatch.setattr("diffdata.validation.typed.find_spec", lambda _: None)
    assert faults(tmp_path, "object", cells, constraints=constraints) == [(-2, "json-schema")]


def test_an_engine_does_not_compare_what_it_has_only_as_text() -> None:
    constraints = Constraints(minimum="2020-01-01T00:00:00Z")
    schema = TableSchema(fields=(Field(name="x", type="datetime", constraints=constraints),))
    frame = pa.table({"x": ["2020-01-01T02:00:00+02:00"]})
    with pytest.raises(InvalidInputError, match="'x' is a datetime, whose values only `validate`"):
        diffdata.check(frame, schema)
    plain = schema.model_copy(update={"fields": (Field(name="x", type="datetime"),)})
    assert diffdata.check(frame, plain).ok


moments = st.datetimes(timezones=st.timezones() | st.none())


@given(moments, moments)
def test_moments_are_in_order_as_text(first: Any, second: Any) -> None:
    field = Field(name="x", type="datetime")
    if (first.tzinfo is None) != (second.tzinfo is None):
        return
    try:
        values = [parse(moment.isoformat(), field, False) for moment in (first, second)]
    except CellError:
        return  # an offset with seconds, or a moment outside of the years 1 to 9999 in UTC
    assert (values[0] < values[1], values[0] == values[1]) == (first < second, first == second)


@pytest.mark.parametrize("kind", sorted(FIELD_TYPES))
def test_each_type_is_read_by_the_loaders_or_refused_by_the_profile(kind: str) -> None:
    unit = "1" if kind in ("integer", "number") else None
    described = {"name": "x", "type": kind, "description": "X."} | ({"unit": unit} if unit else {})
    text = json.dumps(described)
    if FIELD_TYPES[kind].canonical:
        schema = {"$schema": "x", "title": "T", "description": "D", "primaryKey": "x"}
        with pytest.raises(DescriptorError, match=f"'{kind}' is not allowed"):
            reader.parse(
                profile.TableSchema, json.dumps(schema | {"fields": [described]}), "s.json"
            )
    else:
        assert ProfileField.model_validate_json(text).type == kind


def test_the_table_of_types_names_types_that_exist() -> None:
    for row in FIELD_TYPES.values():
        assert pa.type_for_alias(row.arrow)
        assert pd.api.types.pandas_dtype(row.pandas or "str")
        assert hasattr(pl, row.narwhals)


def test_no_library_is_imported_that_another_part_needs() -> None:
    """What writes and reads cells needs no frames, and what loads needs no validation."""
    heavy = {"pandas", "pyarrow", "narwhals", "pydantic", "numpy"}
    for module, allowed in (
        ("diffdata.types.text", set()),
        ("diffdata.types.dtypes", {"pyarrow", "numpy", "pandas"}),
        ("diffdata.types.columns", {"narwhals", "pyarrow", "numpy"}),
    ):
        code = f"import {module}, sys; print(*sys.modules)"
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        names = set(found.stdout.split())
        assert heavy & names <= allowed, module
        assert not any(name.startswith(("diffdata.schemas", "diffdata.valid")) for name in names)


def test_a_limit_is_a_value_of_its_column() -> None:
    date = Field(
        name="x", type="date", format="%d.%m.%Y", constraints=Constraints(minimum="01.02.2020")
    )
    assert limit("01.02.2020", date).isoformat() == "2020-02-01"
    assert limit(None, date) is None


def test_limits_are_values_of_their_column() -> None:
    moment = limit("2020-01-01T02:00:00+02:00", PlainColumn("x", "datetime"))
    assert moment == "2020-01-01T00:00:00.000000000Z"


def test_cells_are_written_with_the_fewest_digits() -> None:
    values = (3.14e23, 175e9, True, None, datetime.date(2020, 5, 28))
    written = ["3.14e23", "175000000000", "true", "", "2020-05-28"]
    assert [cell_text(value) for value in values] == written


def test_text_in_a_wrong_encoding_is_recognised() -> None:
    assert encoded_once("caf\u00c3\u00a9") == "caf\u00e9"
    assert encoded_once("caf\u00e9") is None


def test_a_cell_has_the_type_and_constraints_of_its_column(package: Package) -> None:
    number = ProfileField(name="value", type="number", unit="1", description="A number.")
    assert parse_cell("3.14e23", number) == 3.14e23
    with pytest.raises(CellError, match=r"^a number such as 3\.14e23$"):
        parse_cell("3,14e23", number)
    models = package.schema("models")
    cells = {"model_id": "gpt-3", "name": ""}
    assert [fits(c, models.field(n), models) for n, c in cells.items()] == [True, False]
    assert not fits("GPT 3", models.field("model_id"), models)
