"""The checks of a table, as Narwhals expressions that are true for the rows that pass.

The pandera schemas that users get and the validator evaluate the same expressions, so they cannot
disagree. Missing values pass every check but ``required`` and the rules about presence.
"""

from __future__ import annotations

import datetime
import functools
import json
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

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
from diffdata.schemas.standard import Field, ForeignKey, TableSchema
from diffdata.types.text import counted

# Rules about what is possible but unusual: they compare with other rows or tables, and a package
# may acknowledge their warnings. So they are not part of the checks of a table alone.
PLAUSIBILITY = (NearProduct, NearMedian, NotAfter, Referenced)

# Joins the parts of a composite key; a cell cannot have it, for control characters are refused.
_KEY_SEPARATOR = "\x1f"
_LISTED = 50  # allowed values that a message lists
_SHOWN = 100  # characters of a value or a pattern that a message shows
_WHOLE = ("integer", "year")
_COLLECTIONS = ("array", "list", "object")  # whose length is the number of items
_LIMITS: dict[str, tuple[str, Callable[[Any, Any], Any], str]] = {
    "minimum": ("minimum", operator.ge, "at least"),
    "maximum": ("maximum", operator.le, "at most"),
    "exclusiveMinimum": ("exclusive-minimum", operator.gt, "more than"),
    "exclusiveMaximum": ("exclusive-maximum", operator.lt, "less than"),
}
_LEAST, _MOST = -(2**63), 2**63 - 1  # of whole numbers of 64 bits


DecidedBy = Literal["row", "presence", "ends", "pattern"]


@dataclass(frozen=True)
class Check:
    """One statement about the rows of a table; a breach is reported at the first of its columns.

    ``name`` is that of a constraint, ``primary-key``, ``foreign-key``, or that of a rule of the
    schema. ``passes`` is true for the rows that pass, never null, and ``expected`` says what a row
    must satisfy. ``unique``: no two rows have the same values in the columns, which some engines
    can check for a table faster than for each row. ``decided_by`` says what the result depends on:
    the whole ``row``; the ``presence`` of a value; its position between two ``ends``, so that all
    rows pass if those with the least and the largest value pass; or whether the value matches the
    ``pattern``.
    """

    name: str
    columns: tuple[str, ...]
    passes: nw.Expr
    expected: str
    severity: Severity = "error"
    unique: bool = False
    decided_by: DecidedBy = "row"
    pattern: str = ""


def table_checks(schema: TableSchema) -> list[Check]:
    """Return the checks that need only the table itself: constraints, keys and rules."""
    checks = [check for field in schema.fields for check in field_checks(field)]
    checks += [_unique("unique", key, schema) for key in schema.unique_keys]
    for name in schema.primary_key:
        if not schema.field(name).constraints.required:
            given, expected = ~nw.col(name).is_null(), "a value, it is part of the key"
            checks.append(Check("primary-key", (name,), given, expected, decided_by="presence"))
    if schema.primary_key:
        checks.append(_unique("primary-key", schema.primary_key, schema))
    strict = (rule for rule in schema.rules if not isinstance(rule, PLAUSIBILITY))
    return [*checks, *(rule_check(rule, schema) for rule in strict)]


def _unique(name: str, key: tuple[str, ...], schema: TableSchema) -> Check:
    passes = _any_missing(key) | ~key_expression(key, schema).is_duplicated()
    expected = f"a {_list(key)} that no other row has"
    return Check(name, key, passes, expected, unique=True)


def field_checks(field: Field) -> list[Check]:
    """Return one check for each constraint of a column."""
    column, checks = nw.col(field.name), []
    if field.constraints.required:
        given = ~column.is_null()
        checks.append(Check("required", (field.name,), given, "a value", decided_by="presence"))
    for constraint in _constraints(field):
        moments = field.type in ("datetime", "time", "duration")  # whose order is not total
        kind: DecidedBy = "row" if moments else _DECIDED_BY.get(constraint.name, "ends")
        checks.append(
            Check(
                constraint.name,
                (field.name,),
                column.is_null() | constraint.holds_for(field),
                constraint.expected,
                decided_by=kind,
                pattern=constraint.bound if constraint.name == "pattern" else "",
            )
        )
    if field.constraints.unique:
        passes = column.is_null() | ~_one_zero(column, field).is_duplicated()
        expected = "a value that no other row has"
        checks.append(Check("unique", (field.name,), passes, expected, unique=True))
    return checks


def is_compared(field: Field, schema: TableSchema) -> bool:
    """Return whether some check compares the values of a column."""
    keys = (schema.primary_key, *schema.unique_keys, *(key.fields for key in schema.foreign_keys))
    keyed = any(field.name in key for key in keys)
    return keyed or field.constraints.unique or bool(_constraints(field))


def allows(field: Field, value: Any) -> bool:
    """Return whether a value that is not missing satisfies the constraints of its column.

    These are the constraints of `field_checks` but for ``unique``, evaluated in Python.

    Examples
    --------
    >>> from diffdata.schemas.standard import Constraints
    >>> share = Field(name="share", type="number", constraints=Constraints(maximum=1))
    >>> allows(share, 0.5), allows(share, 2.0)
    (True, False)
    """
    return all(constraint.allows(field, value) for constraint in _constraints(field))


_DECIDED_BY: dict[str, DecidedBy] = {
    "enum": "row", "pattern": "pattern", "min-length": "row", "max-length": "row",
}  # fmt: skip


@dataclass(frozen=True)
class _Constraint:
    """A constraint on one value: `holds` compares it with `bound`; `suffix` is of moments alone."""

    name: str
    expected: str
    bound: Any
    holds: Callable[[Any, Any], Any] = operator.eq
    suffixes: tuple[str, ...] = ()

    def holds_for(self, field: Field) -> nw.Expr:
        """Return the expression that a value satisfies the constraint."""
        column = nw.col(field.name)
        if self.name == "pattern":
            return column.str.contains(whole(self.bound))
        if self.name in ("min-length", "max-length"):
            if field.type in _COLLECTIONS:
                column = column.str.slice(0, len(counted(0)))
                return cast(nw.Expr, self.holds(column, counted(self.bound)))
            return cast(nw.Expr, self.holds(column.str.len_chars(), self.bound))
        column = _comparable(column, field)
        if self.name == "enum":
            # An empty list has no type, which some engines refuse; only missing values pass it.
            return column.is_in(self.bound) if self.bound else column.is_null()
        if field.type in _WHOLE and not _LEAST <= self.bound <= _MOST:
            below = self.bound < _LEAST
            wants_more = self.holds in (operator.ge, operator.gt)
            return ~column.is_null() if below == wants_more else column.is_null()
        passes: nw.Expr = self.holds(column, self.bound)
        if self.suffixes:
            alike = (column.str.ends_with(suffix) for suffix in self.suffixes)
            passes = passes & functools.reduce(operator.or_, alike)
        return passes

    def allows(self, field: Field, value: Any) -> bool:
        """Return whether a value satisfies the constraint."""
        if self.name == "pattern":  # by RE2, for other engines may take too long
            found = pc.match_substring_regex(pa.scalar(value), whole(self.bound))
            return bool(found.as_py())
        if self.name in ("min-length", "max-length"):
            if field.type in _COLLECTIONS:
                return bool(self.holds(value[: len(counted(0))], counted(self.bound)))
            return bool(self.holds(len(value), self.bound))
        value = _day(value) if field.type == "date" else value
        if self.name == "enum":
            return value in self.bound
        alike = not self.suffixes or value.endswith(self.suffixes)
        return bool(self.holds(value, self.bound)) and alike


def _constraints(field: Field) -> list[_Constraint]:
    """Return the constraints on single values, but for ``required``."""
    limits, found = field.constraints, []
    for key, value in limits.limits():
        name, holds, words = _LIMITS[key]
        bound = _bound(field, value)
        if field.type in _WHOLE:  # engines compare whole numbers exactly with whole ones alone
            bound = math.ceil(bound) if holds in (operator.ge, operator.lt) else math.floor(bound)
        suffixes, why = _order(field, bound)
        found.append(_Constraint(name, f"{words} {value}{why}", bound, holds, suffixes))
    if limits.enum is not None:
        shown = ", ".join(_shown(value)[:_SHOWN] for value in limits.enum[:_LISTED])
        shown += ", ..." * (len(limits.enum) > _LISTED)
        found.append(_Constraint("enum", f"one of: {shown}", _allowed(field, limits.enum)))
    if limits.pattern is not None:
        expected = f"text of the form {limits.pattern[:_SHOWN]}"
        found.append(_Constraint("pattern", expected, limits.pattern))
    unit = "items" if field.type in _COLLECTIONS else "characters"
    if limits.min_length is not None:
        expected = f"at least {limits.min_length} {unit}"
        found.append(_Constraint("min-length", expected, limits.min_length, operator.ge))
    if limits.max_length is not None:
        expected = f"at most {limits.max_length} {unit}"
        found.append(_Constraint("max-length", expected, limits.max_length, operator.le))
    return found


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list | tuple | dict) else str(value)


def _order(field: Field, bound: Any) -> tuple[tuple[str, ...], str]:
    """Return how the values end that have an order with a limit, and this condition in words.

    A time with a zone has no order with one without, nor have months with days.
    """
    if field.type in ("datetime", "time"):
        if bound.endswith("Z"):
            return ("Z",), ", with a time zone as this limit has"
        return tuple("0123456789"), ", without a time zone as this limit is"
    if field.type == "duration":
        kind = bound.rpartition(" ")[2]
        if kind == "both":
            return ("both",), ", in months and days as this limit is"
        if kind == "months":
            return (kind, "zero"), ", in years and months as this limit is"
        return ("seconds", "zero"), ", without years and months, whose length varies"
    return (), ""


def rule_check(rule: Rule, schema: TableSchema, median: nw.Expr | None = None) -> Check:
    """Return the check of a rule; `median` is the median of its group, for a `NearMedian`."""
    match rule:
        case Ordered(columns=columns):
            pairs = [(a, b) for i, a in enumerate(columns) for b in columns[i + 1 :]]
            passes = _all(
                _any_missing((a, b)) | (left <= right)
                for (a, b), (left, right) in ((pair, _alike(pair, schema)) for pair in pairs)
            )
            expected = " <= ".join(columns)
        case ExactlyOne(columns=columns):
            present = ((~nw.col(name).is_null()).cast(nw.Int64()) for name in columns)
            passes = functools.reduce(operator.add, present) == 1
            expected = f"a value in exactly one of {_list(columns)}"
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
            # As floats, for the product of whole numbers may exceed 64 bits.
            floats = (_as_float(t) if isinstance(t, str) else nw.lit(float(t)) for t in terms)
            product = functools.reduce(operator.mul, floats)
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
            raise TypeError(f"{rule.rule} compares with other rows")
    return Check(rule.name, rule.columns_used(), passes, expected, rule.severity)


def not_after_check(rule: NotAfter, beside: tuple[str, str]) -> Check:
    """Return the check of a rule; the columns `beside` have the other date and its precision."""
    own, other, precision = nw.col(rule.date), nw.col(beside[0]), nw.col(beside[1])
    month = own.dt.year() * 12 + own.dt.month() <= other.dt.year() * 12 + other.dt.month()
    # Explicitly, for some engines compare with a missing date and return false.
    unknown = own.is_null() | other.is_null() | precision.is_null()
    passes = unknown | (
        (own <= other)
        | ((precision == "month") & month)
        | ((precision == "year") & (own.dt.year() <= other.dt.year()))
    )
    expected = f"a date not after {rule.reference} of its {rule.key}"
    return Check(rule.name, (rule.date, rule.key), passes, expected, rule.severity)


def referenced_check(rule: Referenced, found: nw.Expr) -> Check:
    """Return the check that some row refers to a key, given where one is found."""
    passes = nw.col(rule.column).is_null() | found
    return Check(rule.name, (rule.column,), passes, "a row that refers to it", rule.severity)


def _bound(field: Field, value: Any) -> Any:
    """Return a limit or an allowed value as it compares with the values of its column."""
    return _day(field.limit(value)) if field.type == "date" else field.limit(value)


def _day(date: datetime.date) -> int:
    return date.year * 10_000 + date.month * 100 + date.day


def _comparable(column: nw.Expr, field: Field) -> nw.Expr:
    """Return a column as it compares with its limits.

    Days are compared as numbers (20200528): engines differ in whether a day is a moment, and in
    which time zone it begins.
    """
    if field.type != "date":
        return column
    year, month, day = (
        part.fill_null(1).cast(nw.Int64())  # some engines return eight bits, or floats
        for part in (column.dt.year(), column.dt.month(), column.dt.day())
    )
    return year * 10_000 + month * 100 + day


def _allowed(field: Field, values: Iterable[Any]) -> list[Any]:
    """Return allowed values as they compare with those of the column; null is always allowed."""
    allowed = [_bound(field, value) for value in values if value is not None]
    if field.type in _WHOLE:
        allowed = [int(value) for value in allowed if value == int(value)]
        return [value for value in allowed if _LEAST <= value <= _MOST]
    if field.type == "number" and 0.0 in allowed:
        allowed += [0.0, -0.0]  # equal, but not to Arrow
    return allowed


def _one_zero(column: nw.Expr, field: Field | None) -> nw.Expr:
    """Return a column with one zero: floats have two, which are equal but not to Arrow."""
    return column + 0.0 if field is not None and field.type == "number" else column


def _within(ratio: nw.Expr, factor: float) -> nw.Expr:
    return ((ratio <= factor) & (ratio >= 1 / factor)).fill_null(False)


def _condition(when: When, schema: TableSchema) -> nw.Expr:
    """Return the expression that a condition on a column holds."""
    holds = ~nw.col(when.column).is_null()
    if when.equals is not None:
        field = schema.field(when.column)
        values = _Constraint("enum", "", _allowed(field, when.equals))
        holds = holds & values.holds_for(field)
    return holds


def _alike(columns: Sequence[str], schema: TableSchema) -> list[nw.Expr]:
    """Return columns as they compare with each other: whole numbers as floats beside floats."""
    types = {schema.field(name).type for name in columns}
    mixed = "number" in types and len(types) > 1
    return [_as_float(name) if mixed else nw.col(name) for name in columns]


def _as_float(column: str) -> nw.Expr:
    """Return a column of numbers as floats: Arrow refuses to cast those beyond 2**53."""
    return nw.col(column) / 1


def foreign_key_check(key: ForeignKey, found: nw.Expr) -> Check:
    """Return the check that a foreign key finds its row, given where one is found."""
    target = key.reference.resource or "this table"
    expected = f"a value that is in {_list(key.reference.fields)} of {target}"
    return Check("foreign-key", key.fields, _any_missing(key.fields) | found, expected)


def key_expression(columns: Sequence[str], schema: TableSchema | None = None) -> nw.Expr:
    """Return one expression for a key of one or several columns (several are joined as text)."""
    fields = (schema.field(name) if schema else None for name in columns)
    parts = [_one_zero(nw.col(name), f) for name, f in zip(columns, fields, strict=True)]
    if len(columns) == 1:
        return parts[0]
    return nw.concat_str([part.cast(nw.String()) for part in parts], separator=_KEY_SEPARATOR)


def _all(expressions: Iterable[nw.Expr]) -> nw.Expr:
    return functools.reduce(operator.and_, expressions)


def _any_missing(columns: Sequence[str]) -> nw.Expr:
    return functools.reduce(operator.or_, (nw.col(name).is_null() for name in columns))


def _all_missing(columns: Sequence[str]) -> nw.Expr:
    return _all(nw.col(name).is_null() for name in columns)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
