"""Each rule, on rows that satisfy it and rows that break it."""

import json
from typing import Any

import narwhals as nw
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.schemas import profile
from diffdata.schemas.patterns import ambiguous, whole
from diffdata.schemas.reader import parse
from diffdata.schemas.rules import (
    Check,
    condition,
    field_checks,
    foreign_key_check,
    key_expression,
    rule_check,
    table_checks,
)
from diffdata.schemas.standard import Constraints, Field, ForeignKey, Reference, TableSchema
from diffdata.types.dtypes import pandas_dtypes
from diffdata.validation.rowwise import repeated

from .evaluating import failing_rows


def things(rules: list[dict[str, Any]]) -> TableSchema:
    """Return a schema with one column of each type and some rules."""
    fields = [
        {"name": "k", "type": "string", "description": "Key."},
        {"name": "a", "type": "number", "unit": "1", "description": "A."},
        {"name": "b", "type": "number", "unit": "1", "description": "B."},
        {"name": "c", "type": "number", "unit": "1", "description": "C."},
        {"name": "i", "type": "integer", "unit": "1", "description": "I."},
        {"name": "s", "type": "string", "description": "S."},
        {"name": "t", "type": "boolean", "description": "T."},
        {"name": "d", "type": "date", "description": "D."},
        {"name": "p", "type": "string", "description": "P."},
    ]
    named = [{"name": "r", "reason": "because"} | rule for rule in rules]
    text = {"$schema": "x", "title": "T", "description": "D", "fields": fields, "primaryKey": "k"}
    return parse(profile.TableSchema, json.dumps(text | {"rules": named}), "f")


def frame(**columns: list[Any]) -> pd.DataFrame:
    """Return a frame with the columns of `things`, missing where they are not given."""
    length = len(next(iter(columns.values())))
    full: dict[str, list[Any]] = {name: columns.get(name, [None] * length) for name in "kabcistdp"}
    if "k" not in columns:
        full["k"] = [f"row {i}" for i in range(length)]
    full["d"] = list(pd.to_datetime(pd.Series(full["d"], dtype=object)))
    return pd.DataFrame(full).astype(pandas_dtypes(things([])))


def failing(rows: pd.DataFrame, checks: list[Check]) -> list[list[int]]:
    return failing_rows(rows, checks)


def median_of(rule: Any, schema: TableSchema) -> list[nw.Expr]:
    """Return the median that a rule compares with, as pandas computes it, if it does."""
    if rule.rule != "nearMedian":
        return []
    value = nw.col(rule.column)
    if rule.when is not None:
        value = nw.when(condition(rule.when, schema)).then(value)
    return [value.median().over(*rule.by)]


def broken(rule: dict[str, Any], **columns: list[Any]) -> list[int]:
    schema = things([rule])
    check = rule_check(schema.rules[0], schema, *median_of(schema.rules[0], schema))
    return failing(frame(**columns), [check])[0]


def test_ordered_compares_all_given_values() -> None:
    rule = {"rule": "ordered", "columns": ["a", "b", "c"]}
    assert broken(rule, a=[1, 1, 3, None], b=[2, None, 2, 5], c=[3, 0, 4, 4]) == [1, 2, 3]


def test_exactly_one_counts_given_values() -> None:
    rule = {"rule": "exactlyOne", "columns": ["a", "s"]}
    assert broken(rule, a=[1, None, 1, None], s=[None, "x", "x", None]) == [2, 3]


def test_at_least_one_refuses_empty_rows() -> None:
    rule = {"rule": "atLeastOne", "columns": ["a", "s"]}
    assert broken(rule, a=[1, None, None], s=["x", "x", None]) == [2]


def test_all_or_none_refuses_half() -> None:
    rule = {"rule": "allOrNone", "columns": ["a", "s"]}
    assert broken(rule, a=[1, None, 1], s=["x", None, None]) == [2]


def test_required_if_looks_at_the_condition() -> None:
    rule = {"rule": "requiredIf", "columns": ["a"], "when": {"column": "s", "equals": ["x"]}}
    columns = {"a": [1, None, None, 1], "s": ["x", "x", "y", "y"]}
    assert broken(rule, **columns) == [1]
    assert broken(rule | {"otherwise": "empty"}, **columns) == [1, 3]


def test_required_if_can_ask_for_any_value() -> None:
    rule = {"rule": "requiredIf", "columns": ["a", "b"], "when": {"column": "s"}}
    assert broken(rule, a=[1, None, 1], b=[None, None, 1], s=["x", None, "x"]) == [0]


def test_required_if_compares_booleans() -> None:
    rule = {"rule": "requiredIf", "columns": ["a"], "when": {"column": "t", "equals": [True]}}
    assert broken(rule, a=[None, None, None], t=[True, False, None]) == [0]


def test_a_date_has_no_more_precision_than_stated() -> None:
    rule = {"rule": "datePrecision", "date": "d", "precision": "p"}
    dates = [
        "2020-05-28",
        "2020-05-01",
        "2020-05-15",
        "2020-01-01",
        "2020-05-01",
        None,
        "2020-01-01",
    ]
    precisions = ["day", "month", "month", "year", "year", "day", None]
    assert broken(rule, d=dates, p=precisions) == [2, 4, 5, 6]


@pytest.mark.parametrize(
    ("constraints", "values", "expected"),
    [
        ({"required": True}, ["x", None], [1]),
        ({"enum": ["x", "y"]}, ["x", "z", None], [1]),
        ({"pattern": "[a-z]+"}, ["x", "X", "xy1", None], [1, 2]),
        ({"pattern": "a|b"}, ["a", "b", "ab", "ca"], [2, 3]),
        ({"unique": True}, ["x", "y", "x", None, None], [0, 2]),
    ],
)
def test_constraints_on_text(
    constraints: dict[str, Any], values: list[Any], expected: list[int]
) -> None:
    (check,) = field_checks(_field("s", "string", constraints))
    assert failing(frame(s=values), [check]) == [expected]


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ({"minimum": 2}, [0]),
        ({"maximum": 2}, [2]),
        ({"exclusiveMinimum": 2}, [0, 1]),
        ({"exclusiveMaximum": 2}, [1, 2]),
    ],
)
def test_constraints_on_numbers(constraints: dict[str, Any], expected: list[int]) -> None:
    for name, kind in (("a", "number"), ("i", "integer")):
        (check,) = field_checks(_field(name, kind, constraints))
        assert failing(frame(**{name: [1, 2, 3, None]}), [check]) == [expected]


def _field(name: str, kind: str, constraints: dict[str, Any]) -> Field:
    limits = Constraints.model_validate_json(json.dumps(constraints))
    return Field(name=name, type=kind, unit=None if kind == "string" else "1", description="X.",
                 constraints=limits)  # fmt: skip


def test_dates_have_limits_too() -> None:
    field = Field.model_validate_json(
        '{"name": "d", "type": "date", "description": "D.",'
        ' "constraints": {"minimum": "2020-01-01"}}'
    )
    (check,) = field_checks(field)
    assert failing(frame(d=["2019-12-31", "2020-01-01", None]), [check]) == [[0]]


def test_keys_are_unique_and_given() -> None:
    checks = [check for check in table_checks(things([])) if check.name == "primary-key"]
    assert failing(frame(k=["x", "y", "x", None, None]), checks) == [[3, 4], [0, 2]]


def test_composite_foreign_keys_need_all_parts_together() -> None:
    key = ForeignKey(fields=("k", "s"), reference=Reference(resource="o", fields=("k", "s")))
    fields = map(things([]).field, key.fields)
    check = foreign_key_check(key, key_expression(fields).is_in(["x\x1fm", "y\x1fn"]))
    rows = frame(k=["x", "x", "y", "y"], s=["m", "n", "n", None])
    assert failing(rows, [check]) == [[1]]


@given(st.lists(st.tuples(*[st.none() | st.integers(-3, 3)] * 3), min_size=1, max_size=8))
def test_ordered_is_what_sorting_says(rows: list[tuple[int | None, ...]]) -> None:
    """A row is ordered exactly if its given values are sorted."""
    columns = dict(zip("abc", map(list, zip(*rows, strict=True)), strict=True))
    given_values = [[value for value in row if value is not None] for row in rows]
    expected = [i for i, row in enumerate(given_values) if row != sorted(row)]
    assert broken({"rule": "ordered", "columns": ["a", "b", "c"]}, **columns) == expected


def test_checks_never_return_missing(package: Any) -> None:
    """A check that is neither true nor false would pass silently on some engines."""
    for name, schema in package.schemas.items():
        blank = pd.DataFrame({f.name: [None] for f in schema.fields}).astype(pandas_dtypes(schema))
        for check in table_checks(schema):
            verdict = nw.from_native(blank).select(passes=check.passes)["passes"]
            assert verdict.null_count() == 0, (name, check.name)


@pytest.mark.parametrize(
    ("pattern", "spelt", "left"),
    [
        (r"https?://\S+", r"^(?:https?://[^\t\n\f\r ]+)\z", ""),
        (r"[\d.]+|a.b$", r"^(?:(?:[0-9.]+|a[^\n]b\z))\z", ""),
        (r"[^a]\w*", r"^(?:[^a][0-9A-Z_a-z]*)\z", ""),
        (r"[a-z]+\b", r"^(?:[a-z]+\b)\z", r"[a-z]+\b"),
        ("(?i)no", r"^(?:(?i)no)\z", "(?i)no"),
    ],
)
def test_plain_patterns_are_spelt_out(pattern: str, spelt: str, left: str) -> None:
    assert (whole(pattern), ambiguous(pattern)) == (spelt, left)


def test_a_plus_and_a_point_between_digits_tell_names_apart() -> None:
    names = ["OPT-13B", "OPT-1.3B", "DeepLabV3", "DeepLabV3+", "GPT 3.5", "gpt-3-5", "A + B", "A+B"]
    assert repeated([names], range(len(names))) == [5, 7]


def test_a_zero_is_within_any_factor_of_the_median() -> None:
    rule = {"rule": "nearMedian", "column": "a", "by": ["s"], "factor": 10}
    assert broken(rule, a=[50.0, 60, 0, 0.5], s=["x", "x", "x", "x"]) == [3]
