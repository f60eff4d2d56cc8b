"""Every check of a table, written once, as a Narwhals expression that says which rows pass.

The pandera schemas that users get and the validator both evaluate these expressions, so that they
cannot disagree. Missing values pass every check but ``required`` and the rules about presence.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

from diffdata.errors import Severity
from diffdata.schemas.patterns import whole
from diffdata.schemas.profile import (
    AllOrNone,
    AtLeastOne,
    DatePrecision,
    ExactlyOne,
    NearMedian,
    NearProduct,
    NotAfter,
    Ordered,
    Referenced,
    RequiredIf,
    Rule,
    When,
)
from diffdata.schemas.standard import Field, ForeignKey, Scalar, TableSchema

# Rules about what is possible but odd: they look at neighbours or at other tables, and a package
# may accept what they warn of. So they are no part of a schema in the strict sense.
PLAUSIBILITY = (NearProduct, NearMedian, NotAfter, Referenced)

# Joins the parts of a composite key; it cannot stand in a cell, control characters are refused.
_KEY_SEPARATOR = "\x1f"
_LISTED = 50  # allowed values that a message lists
_SHOWN = 100  # characters of a value or a pattern that a message shows
_WHOLE = ("integer", "year")
_LIMITS = ("minimum", "maximum", "exclusive-minimum", "exclusive-maximum")
_LEAST, _MOST = -(2**63), 2**63 - 1  # of whole numbers of 64 bits


@dataclass(frozen=True)
class Check:
    """One statement about the rows of a table.

    Attributes
    ----------
    name
        ``required``, ``enum`` ... for a constraint, ``primary-key``, ``foreign-key``, or the name
        of a rule of the schema.
    columns
        The columns that the statement is about; the first is where a breach is shown.
    passes
        Boolean expression, true for the rows that pass, never null.
    expected
        What a row must satisfy, in words.
    unique
        Whether the statement is that no two rows have the same values in the columns, which some
        engines can tell for a whole table faster than for each row.
    decided_by
        What the verdict of a row rests on: all of the ``row``; the ``presence`` of a value in the
        one column; its place between ``ends``, so that the statement holds for all if it holds for
        the least and the largest; or that it has the form of the ``pattern``.
    pattern
        What the values match, if that decides.
    """

    name: str
    columns: tuple[str, ...]
    passes: nw.Expr
    expected: str
    severity: Severity = "error"
    unique: bool = False
    decided_by: Literal["row", "presence", "ends", "pattern"] = "row"
    pattern: str = ""


def table_checks(schema: TableSchema) -> list[Check]:
    """Return the checks that need nothing but the table itself: constraints, key and rules."""
    checks = [check for field in schema.fields for check in field_checks(field)]
    for key in schema.unique_keys:
        passes = _any_missing(key) | ~key_expression(key, schema).is_duplicated()
        expected = f"a {_list(key)} that no other row has"
        checks.append(Check("unique", key, passes, expected, unique=True))
    strict = (rule for rule in schema.rules if not isinstance(rule, PLAUSIBILITY))
    return [*checks, *_primary_key(schema), *(rule_check(rule, schema) for rule in strict)]


def field_checks(field: Field) -> list[Check]:
    """Return one check for each constraint of a column."""
    column, limits = nw.col(field.name), field.constraints
    found: list[tuple[str, nw.Expr, str]] = []
    for name, value, holds, words in (
        ("minimum", limits.minimum, operator.ge, "at least"),
        ("maximum", limits.maximum, operator.le, "at most"),
        ("exclusive-minimum", limits.exclusive_minimum, operator.gt, "more than"),
        ("exclusive-maximum", limits.exclusive_maximum, operator.lt, "less than"),
    ):
        if value is not None:
            found.append((name, _compared(field, holds, value), f"{words} {value}"))
    if limits.enum is not None:
        allowed = ", ".join(str(value)[:_SHOWN] for value in limits.enum[:_LISTED])
        allowed += ", ..." * (len(limits.enum) > _LISTED)
        found.append(("enum", _among(field, limits.enum), f"one of: {allowed}"))
    if limits.pattern is not None:
        matches = column.str.contains(whole(limits.pattern))
        found.append(("pattern", matches, f"text of the form {limits.pattern[:_SHOWN]}"))
    if limits.min_length is not None:
        passes = column.str.len_chars() >= limits.min_length
        found.append(("min-length", passes, f"at least {limits.min_length} characters"))
    if limits.max_length is not None:
        passes = column.str.len_chars() <= limits.max_length
        found.append(("max-length", passes, f"at most {limits.max_length} characters"))
    if limits.unique:
        alone = column + 0.0 if field.type == "number" else column  # there is one zero
        found.append(("unique", ~alone.is_duplicated(), "a value that no other row has"))
    checks = [
        Check(
            name,
            (field.name,),
            column.is_null() | passes,
            expected,
            unique=name == "unique",
            decided_by="ends" if name in _LIMITS else "pattern" if name == "pattern" else "row",
            pattern=(limits.pattern or "") if name == "pattern" else "",
        )
        for name, passes, expected in found
    ]
    if limits.required:
        given = ~column.is_null()
        checks.insert(0, Check("required", (field.name,), given, "a value", decided_by="presence"))
    return checks


def rule_check(rule: Rule, schema: TableSchema, median: nw.Expr | None = None) -> Check:
    """Compile a rule of a schema; `median` is where a `NearMedian` finds that of its group."""
    match rule:
        case Ordered(columns=columns):
            pairs = [(a, b) for i, a in enumerate(columns) for b in columns[i + 1 :]]
            passes = _all(
                _any_missing((a, b)) | (left <= right)
                for (a, b), (left, right) in ((pair, _alike(pair, schema)) for pair in pairs)
            )
            expected = " <= ".join(columns)
        case ExactlyOne(columns=columns):
            passes, expected = _count(columns) == 1, f"a value in exactly one of {_list(columns)}"
        case AtLeastOne(columns=columns):
            passes = ~_all_missing(columns)
            expected = f"a value in at least one of {_list(columns)}"
        case AllOrNone(columns=columns):
            passes = _all_missing(columns) | ~_any_missing(columns)
            expected = f"values in all of {_list(columns)}, or in none"
        case RequiredIf(columns=columns, when=when, otherwise=otherwise):
            holds = _condition(when, schema)
            condition = f"where {when.column} is given"
            if when.equals is not None:
                condition = f"where {when.column} is {' or '.join(map(str, when.equals))}"
            passes = ~holds | ~_any_missing(columns)
            expected = f"a value in {_list(columns)} {condition}"
            if otherwise == "empty":
                passes = passes & (holds | _all_missing(columns))
                expected += ", and only there"
        case DatePrecision(date=date, precision=precision):
            first_day = nw.col(date).dt.day() == 1
            first_month = nw.col(date).dt.month() == 1
            fits = (
                (nw.col(precision) == "day")
                | ((nw.col(precision) == "month") & first_day)
                | ((nw.col(precision) == "year") & first_day & first_month)
            )
            both = (date, precision)
            passes = _all_missing(both) | (~_any_missing(both) & fits)
            expected = (
                f"{date} with its {precision}, and the first day of the month or year where "
                "no more is known"
            )
        case NearProduct(column=column, terms=terms, factor=factor, when=when):
            product = functools.reduce(
                operator.mul,
                (
                    # As a float, for the product of whole numbers may be none.
                    _as_float(t) if isinstance(t, str) else nw.lit(float(t))
                    for t in terms
                ),
            )
            ratio = _as_float(column) / product
            needed = [column, *(term for term in terms if isinstance(term, str))]
            passes = _any_missing(needed) | _within(ratio, factor)
            if when is not None:
                passes = passes | ~_condition(when, schema)
            expected = f"{' x '.join(map(str, terms))}, within a factor of {factor:g}"
        case NearMedian(column=column, by=by, factor=factor) if median is not None:
            ratio = _as_float(column) / median
            passes = _any_missing((column, *by)) | _within(ratio, factor)
            expected = f"within a factor of {factor:g} of the median of its {_list(by)}"
        case _:
            raise TypeError(f"{rule.rule} looks at other rows")
    return Check(rule.name, rule.columns_used(), passes, expected, rule.severity)


def not_after_check(rule: NotAfter, beside: tuple[str, str] | None = None) -> Check:
    """Return the check of a rule on a frame that has the other date and its precision.

    They stand in the columns that `beside` names, by default ``KEY.REFERENCE`` and
    ``KEY.REFERENCE_precision``.
    """
    name = f"{rule.key}.{rule.reference}"
    there, precise = (name, f"{name}_precision") if beside is None else beside
    own, other, precision = nw.col(rule.date), nw.col(there), nw.col(precise)
    month = own.dt.year() * 12 + own.dt.month() <= other.dt.year() * 12 + other.dt.month()
    # Said outright, for some engines compare with a missing date and answer no.
    unknown = own.is_null() | other.is_null() | precision.is_null()
    passes = unknown | (
        (own <= other)
        | ((precision == "month") & month)
        | ((precision == "year") & (own.dt.year() <= other.dt.year()))
    )
    expected = f"a date not after {rule.reference} of its {rule.key}"
    return Check(rule.name, (rule.date, rule.key), passes, expected, rule.severity)


def referenced_check(rule: Referenced, used: Iterable[Scalar]) -> Check:
    """Return the check that something refers to a key; `used` holds the keys that are."""
    passes = nw.col(rule.column).is_null()
    if keys := list(used):
        passes = passes | nw.col(rule.column).is_in(keys)
    expected = "a row that refers to it"
    return Check(rule.name, (rule.column,), passes, expected, rule.severity)


def _compared(field: Field, holds: Callable[[Any, Any], Any], value: Any) -> nw.Expr:
    """Return the expression that a value compares with a limit of its column."""
    column, limit = _comparable(field)
    bound = limit(value)
    if field.type in _WHOLE:
        # Engines compare whole numbers with whole ones of 64 bits, and no more than these exactly.
        bound = math.ceil(bound) if holds in (operator.ge, operator.lt) else math.floor(bound)
        if not _LEAST <= bound <= _MOST:
            below, wants_more = bound < _LEAST, holds in (operator.ge, operator.gt)
            return ~column.is_null() if below == wants_more else column.is_null()
    passes: nw.Expr = holds(column, bound)
    return passes


def _among(field: Field, values: Sequence[Any]) -> nw.Expr:
    """Return the expression that a value is one of those allowed."""
    column, limit = _comparable(field)
    allowed = [limit(value) for value in values]
    if field.type in _WHOLE:
        allowed = [int(value) for value in allowed if value == int(value)]
        allowed = [value for value in allowed if _LEAST <= value <= _MOST]
    if field.type == "number" and 0.0 in allowed:
        allowed += [0.0, -0.0]  # equal, but not to Arrow
    # An empty list has no type, which some engines mind: nothing passes but what is missing.
    return column.is_in(allowed) if allowed else column.is_null()


def _comparable(field: Field) -> tuple[nw.Expr, Callable[[Any], Any]]:
    """Return a column as it compares with its limits, and what makes a limit comparable.

    Days are compared as numbers (20200528): engines differ in whether a day is a moment, and in
    which time zone it begins.
    """
    column = nw.col(field.name)
    if field.type != "date":
        return column, field.limit
    year, month, day = (
        part.fill_null(1).cast(nw.Int64())  # some engines give eight bits, or floats
        for part in (column.dt.year(), column.dt.month(), column.dt.day())
    )

    def number(value: Any) -> int:
        date = field.limit(value)
        return int(date.year * 10_000 + date.month * 100 + date.day)

    return year * 10_000 + month * 100 + day, number


def _within(ratio: nw.Expr, factor: float) -> nw.Expr:
    return ((ratio <= factor) & (ratio >= 1 / factor)).fill_null(False)


def _condition(when: When, schema: TableSchema) -> nw.Expr:
    """Return the expression that a condition on a column holds."""
    holds = ~nw.col(when.column).is_null()
    if when.equals is not None:
        holds = holds & _among(schema.field(when.column), when.equals)
    return holds


def _alike(columns: Sequence[str], schema: TableSchema) -> list[nw.Expr]:
    """Return columns as they compare with each other: whole numbers as floats beside floats."""
    types = {schema.field(name).type for name in columns}
    mixed = "number" in types and len(types) > 1
    return [_as_float(name) if mixed else nw.col(name) for name in columns]


def _as_float(column: str) -> nw.Expr:
    """Return a column of numbers as floats: Arrow refuses to cast those beyond 2**53."""
    return nw.col(column) / 1


def foreign_key_check(
    key: ForeignKey, present: Iterable[Scalar], schema: TableSchema | None = None
) -> Check:
    """Return the check that a foreign key finds its row.

    Parameters
    ----------
    key
        The foreign key.
    present
        The values of the referenced columns, as `key_expression` gives them.
    schema
        The schema of the table with the foreign key; without it numbers have two zeros.
    """
    target = key.reference.resource or "this table"
    expected = f"a value that stands in {_list(key.reference.fields)} of {target}"
    passes = _any_missing(key.fields)
    if values := list(present):  # an empty list has no type, which some engines mind
        passes = passes | key_expression(key.fields, schema).is_in(values)
    return Check("foreign-key", key.fields, passes, expected)


def key_expression(columns: Sequence[str], schema: TableSchema | None = None) -> nw.Expr:
    """Return one expression for a key of one or several columns (several are joined as text)."""
    floats = {name for name in columns if schema and schema.field(name).type == "number"}
    parts = [nw.col(name) + 0.0 if name in floats else nw.col(name) for name in columns]  # one zero
    if len(columns) == 1:
        return parts[0]
    return nw.concat_str([part.cast(nw.String()) for part in parts], separator=_KEY_SEPARATOR)


def _primary_key(schema: TableSchema) -> list[Check]:
    key = schema.primary_key
    if not key:
        return []
    checks = [
        Check(
            "primary-key",
            (name,),
            ~nw.col(name).is_null(),
            "a value, it is part of the key",
            decided_by="presence",
        )
        for name in key
        if not schema.field(name).constraints.required
    ]
    unique = _any_missing(key) | ~key_expression(key, schema).is_duplicated()
    expected = f"a {_list(key)} that no other row has"
    return [*checks, Check("primary-key", key, unique, expected, unique=True)]


def _all(expressions: Iterable[nw.Expr]) -> nw.Expr:
    return functools.reduce(operator.and_, expressions)


def _any_missing(columns: Sequence[str]) -> nw.Expr:
    return functools.reduce(operator.or_, (nw.col(name).is_null() for name in columns))


def _all_missing(columns: Sequence[str]) -> nw.Expr:
    return _all(nw.col(name).is_null() for name in columns)


def _count(columns: Sequence[str]) -> nw.Expr:
    """Count the given values of a row."""
    present = ((~nw.col(name).is_null()).cast(nw.Int64()) for name in columns)
    return functools.reduce(operator.add, present)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
