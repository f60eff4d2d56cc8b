"""Descriptors are read strictly: an unknown key is an error that names file and key."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.errors import DescriptorError, PackageError
from diffdata.package.packages import open_package
from diffdata.schemas import profile
from diffdata.schemas.reader import parse


def schema(**changes: Any) -> str:
    """Return the text of a small valid schema with some keys changed."""
    plain: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "title": "Things",
        "description": "One row is a thing.",
        "fields": [
            {"name": "thing_id", "type": "string", "description": "The thing."},
            {"name": "size", "type": "number", "unit": "metre", "description": "Its size."},
        ],
        "primaryKey": "thing_id",
    }
    return json.dumps(plain | changes)


def problems(text: str) -> list[str]:
    with pytest.raises(DescriptorError) as caught:
        parse(profile.TableSchema, text, "schemas/things.json")
    return str(caught.value).splitlines()


def test_a_plain_schema_is_read() -> None:
    assert parse(profile.TableSchema, schema(), "f").primary_key == ("thing_id",)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"colour": "red"}, "schemas/things.json: colour: the key is not known"),
        ({"titel": "x"}, "titel: the key is not known (did you mean title?)"),
        (
            {"rules": [{"rule": "ordered", "name": "r", "colums": ["a", "b"], "reason": "x"}]},
            "rules[r].colums: the key is not known (did you mean columns?)",
        ),
        ({"rules": [{"rule": "ordred"}]}, "rules[0]: there is no rule 'ordred'"),
        ({"rules": [{"name": "a"}]}, 'rules[a]: the key "rule" is missing'),
        ({"primaryKey": "thing"}, "primaryKey names a missing column 'thing'; did you mean"),
        ({"fields": []}, "fields: "),
        (
            {"foreignKeys": [{"fields": "sise", "reference": {"resource": "", "fields": "x"}}]},
            "foreignKeys names a missing column 'sise'; did you mean 'size'?",
        ),
        (
            {"fields": [{"name": "n", "type": "number", "description": "N."}], "primaryKey": "n"},
            "fields[n]: the number column 'n' has no unit",
        ),
        (
            {
                "fields": [
                    {"name": "n", "type": "string", "description": "N.", "constraints": {"max": 1}}
                ],
                "primaryKey": "n",
            },
            "fields[n].constraints.max: the key is not known",
        ),
        (
            {"fields": [{"name": "n", "type": "text", "description": "N."}], "primaryKey": "n"},
            "fields[n].type: 'text' is not allowed",
        ),
    ],
)
def test_faults_name_file_and_key(changes: dict[str, Any], expected: str) -> None:
    assert any(expected in problem for problem in problems(schema(**changes))), problems(
        schema(**changes)
    )


def test_all_missing_columns_are_named_at_once() -> None:
    rule = {"name": "r", "rule": "ordered", "columns": ["low", "high"], "reason": "because"}
    (problem,) = problems(schema(rules=[rule]))
    assert "'low'" in problem
    assert "'high'" in problem


def test_values_are_not_coerced() -> None:
    fields = [{"name": "n", "type": "string", "description": "N.", "constraints": {"required": 1}}]
    assert problems(schema(fields=fields, primaryKey="n")) == [
        "schemas/things.json: fields[n].constraints.required: expected true or false, found 1"
    ]


def test_a_repeated_key_is_an_error() -> None:
    assert problems('{"title": "a", "title": "b"}') == [
        "schemas/things.json: title: the key appears twice"
    ]


def test_text_that_is_not_json_is_one_clear_line() -> None:
    with pytest.raises(PackageError, match=r"^f\.json: line 2, column 1: not JSON: .*$"):
        parse(profile.TableSchema, "{\n", "f.json")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x.csv", "data/../../x", "https://e.org/x", "C:\\x"]
)
def test_paths_stay_inside_the_package(path: str) -> None:
    descriptor = {
        "$schema": "x", "name": "p", "version": "1.0.0", "title": "P", "description": "P.",
        "licenses": [{"name": "CC-BY-4.0"}],
        "resources": [{"name": "r", "path": path, "schema": "s.json"}],
    }  # fmt: skip
    with pytest.raises(DescriptorError, match="is not a relative path inside the package"):
        parse(profile.PackageDescriptor, json.dumps(descriptor), "datapackage.json")


def test_foreign_keys_to_missing_tables_and_columns_are_found(copy: Path) -> None:
    path = copy / "schemas/model_dates.json"
    text = path.read_text().replace('"resource": "models"', '"resource": "model"')
    path.write_text(text.replace('"source_id"\n        ]\n      }\n    },', '"sourceid"]}},', 1))
    with pytest.raises(DescriptorError) as caught:
        open_package(copy)
    shown = str(caught.value)
    assert "schemas/model_dates.json: foreignKeys[0].reference.resource" in shown
    assert "there is no table 'model' (did you mean models?)" in shown


def test_missing_and_unknown_keys_are_named() -> None:
    found = problems('{"fields": 3, "colour": "red"}')
    keys = (
        "$schema, description, fields, fieldsMatch, foreignKeys, missingValues, primaryKey, rules, "
        "title, uniqueKeys"
    )
    assert found == [
        "schemas/things.json: title: the key is missing",
        "schemas/things.json: description: the key is missing",
        "schemas/things.json: fields: expected a list, found 3",
        "schemas/things.json: primaryKey: the key is missing",
        "schemas/things.json: $schema: the key is missing",
        f"schemas/things.json: colour: the key is not known (known keys: {keys})",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_read_or_refused_by_our_own_errors(value: Any) -> None:
    for model in (profile.TableSchema, profile.PackageDescriptor):
        with pytest.raises(PackageError):
            parse(model, json.dumps(value), "f.json")


@given(st.text())
def test_any_text_is_refused_by_our_own_errors(text: str) -> None:
    with pytest.raises(PackageError):
        parse(profile.TableSchema, text, "f.json")


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(PackageError):
        parse(profile.TableSchema, "[" * 100_000, "f.json")
