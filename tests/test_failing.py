"""What is told quickly of a whole table is what judging each row tells."""

import datetime
import itertools
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.schemas.patterns import one_line, whole
from diffdata.schemas.rules import table_checks
from diffdata.schemas.standard import Constraints, Field, TableSchema
from diffdata.types.arrow import arrow_type
from diffdata.validation import evaluate as failing
from diffdata.validation.evaluate import failing_rows, surely_passes

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
    monkeypatch.setattr(failing, "_HEAD", 5)
    monkeypatch.setattr(failing, "_FEW", 3)
    monkeypatch.setattr(failing, "_AT_ONCE", 4)


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
def test_no_row_fails_where_that_is_sure(made: tuple[pa.Table, TableSchema]) -> None:
    table, schema = made
    for check in table_checks(schema):
        passes = nw.from_native(table, eager_only=True).select(passes=check.passes)["passes"]
        each = np.flatnonzero(~passes.to_numpy().astype(bool))
        if surely_passes(table, check):
            assert not len(each), check.name
        assert list(failing_rows(table, [check])[0]) == list(each)


def sure(values: list[Any], kind: str, **limits: Any) -> bool:
    """Tell whether all constraints of a column are told quickly."""
    field = Field(name="x", type=kind, constraints=Constraints(**limits))  # type: ignore[arg-type]
    table = pa.table({"x": pa.array(values, arrow_type(field))})
    return all(surely_passes(table, check) for check in table_checks(TableSchema(fields=(field,))))


def test_sound_columns_are_found_quickly() -> None:
    many = [f"row-{number:03}" for number in range(100)]
    assert sure(many, "string", required=True, unique=True, pattern="[a-z]+-[0-9]+")
    assert sure([*many[::-1], None], "string", unique=True, pattern=r"\S+")
    assert sure(["a", "b", None] * 9, "string", pattern="[^c]")
    assert sure([DAY, None, LATER], "date", minimum=DAY, maximum="2024-02-29")


def test_a_newline_makes_no_two_texts_of_one() -> None:
    many = [f"row-{number}" for number in range(100)]
    assert not sure([*many, "a-1\nb-2"], "string", pattern="[a-z]+-[0-9]+")
    assert not sure([*many, ""], "string", pattern="[a-z]+-[0-9]+")
    assert not sure(["", *many], "string", pattern="[a-z]+-[0-9]+")


PARTS = [
    "a", ".", "\n", r"\n", "[^a]", r"[^\n]", r"[^a\n]", r"\s", r"\S", r"\D", r"[\t-\r]", "[!-~]",
    r"[^\]a]", r"\[^a\]", "(?s:.)", "(?i)k", r"\x0a", r"\pZ", r"\PL", "[[:space:]]", r"\Q\n\E", "$",
    "[[:^alpha:]]", "^", r"[^\x00-\x1f]", r"\W", r"[\D]", "\\Q\n\\E", r"[^a\]\n]", r"[^\\n]",
]  # fmt: skip


@pytest.mark.parametrize("pattern", [*PARTS, *map("".join, itertools.permutations(PARTS, 2))])
def test_a_pattern_of_one_line_matches_no_newline(pattern: str) -> None:
    texts = pa.array(["\n", "a\n", "\na", "\n\n", "]\n", "\n]", "K\n", "[\na]", "a\na", "[^a]"])
    found = pc.match_substring_regex(texts, whole(pattern)).to_pylist()
    with_newline = [hit for text, hit in zip(texts.to_pylist(), found, strict=True) if "\n" in text]
    if one_line(pattern):
        assert not any(with_newline)


@pytest.mark.parametrize("pattern", ["a", ".", r"[^\n]", r"[^a\n]", r"\S", "[!-~]", r"\[\^a\]"])
def test_plain_patterns_are_of_one_line(pattern: str) -> None:
    assert one_line(pattern)
