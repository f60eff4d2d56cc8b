"""The rows that are found to fail in a large table are those that fail one by one."""

import datetime
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.schemas.rules import table_checks
from diffdata.schemas.standard import Constraints, Field, TableSchema
from diffdata.types.columns import arrow_type
from diffdata.validation import evaluate as failing
from diffdata.validation.evaluate import failing_rows

DAY = datetime.date(2020, 5, 28)
LATER = datetime.date(2024, 2, 29)
VALUES: dict[str, list[Any]] = {
    "string": ["a", "b", "ab", "a\nb", "\n", "", "A", "a-b", "ß", "x" * 9],
    "integer": [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1],
    "number": [0.0, -0.0, 0.5, 1.0, -1e308, 5e-324],
    "date": [DAY, LATER, datetime.date(1, 1, 1)],
    "boolean": [True, False],
}
LIMITS: dict[str, list[Any]] = {
    "integer": [0, 1, 0.5, 2**63, 2**53],
    "number": [0.0, 0.5, 1],
    "date": [DAY, LATER],
}
PATTERNS = ["[ab]+", "[^b]*", ".*", "a|a\nb", r"\w+", r"\S*", "(?s).+", "a?", "^a$|b", r"a\b.*"]


@pytest.fixture(autouse=True)
def _quick_for_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failing, "MANY_ROWS", 0)


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, TableSchema]:
    """A table of one column in some pieces, and the constraints of the column."""
    kind = draw(st.sampled_from(sorted(VALUES)))
    limits: dict[str, Any] = {"required": draw(st.booleans()), "unique": draw(st.booleans())}
    if kind in LIMITS:
        for name in ("minimum", "exclusiveMaximum" if kind != "date" else "maximum"):
            limits[name] = draw(st.none() | st.sampled_from(LIMITS[kind]))
    else:
        limits["enum"] = draw(st.none() | st.lists(st.sampled_from(VALUES[kind]), min_size=1))
    if kind == "string":
        limits["pattern"] = draw(st.none() | st.sampled_from(PATTERNS))
        limits["maxLength"] = draw(st.none() | st.just(2))
    limits = {name: tuple(v) if isinstance(v, list) else v for name, v in limits.items()}
    field = Field(name="x", type=kind, constraints=Constraints(**limits))
    few = draw(st.lists(st.none() | st.sampled_from(VALUES[kind]), min_size=1, max_size=4))
    pieces = draw(st.lists(st.lists(st.sampled_from(few), max_size=9), max_size=3))
    if draw(st.booleans()):  # a key that is sorted, or nearly
        pieces = [sorted((v for v in piece if v is not None), key=str) for piece in pieces]
    column = pa.chunked_array(pieces, arrow_type(field))
    schema = TableSchema(fields=(field,), primary_key=("x",) if draw(st.booleans()) else ())
    return pa.table({"x": column}), schema


@given(tables())
def test_each_row_is_judged_as_alone(made: tuple[pa.Table, TableSchema]) -> None:
    table, schema = made
    for check in table_checks(schema):
        passes = nw.from_native(table, eager_only=True).select(passes=check.passes)["passes"]
        each = np.flatnonzero(~passes.to_numpy().astype(bool))
        assert list(failing_rows(table, [check])[0]) == list(each)
