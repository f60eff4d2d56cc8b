"""The checks of a table, as Narwhals expressions that are true for the rows that pass.

The pandera schemas that users get and the validator evaluate the same expressions, so they cannot
disagree. Missing values pass every check but ``required`` and the rules about presence.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import json
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.errors import Severity
from diffdata.schemas.patterns import whole
from diffdata.schemas.standard import LEAST, MOST, WHOLE, Field, ForeignKey, TableSchema
from diffdata.schemas.stated import (
    Acyclic,
    Agree,
    AllOrNone,
    Arxiv,
    AsPrinted,
    AtLeastOne,
    Compared,
    DatePrecision,
    Different,
    Distinct,
    EmptyIf,
    ExactlyOne,
    Formula,
    Implies,
    Lasts,
    Mentioned,
    Named,
    NearMedian,
    NearProduct,
    NoPlaceholders,
    NotAfter,
    NotInFuture,
    Ordered,
    Referenced,
    RequiredIf,
    Rowwise,
    Rule,
    SameSpelling,
    StartsWith,
    When,
    Within,
)
from diffdata.types.text import counted

# Rules about what is possible but unusual: they compare with other rows or tables, and a package
# may acknowledge their warnings. So they are not part of the checks of a table alone.
PLAUSIBILITY = (
    NearProduct | NearMedian | NotAfter | Referenced | Within | Compared | Formula | Mentioned
    | Named | Rowwise
)  # fmt: skip

# Joins the parts of a composite key; a cell cannot have it, for control characters are refused.
_KEY_SEPARATOR = "\x1f"
_LISTED = 50  # allowed values that a message lists
_SHOWN = 100  # characters of a value or a pattern that a message shows
_COLLECTIONS = ("array", "list", "object")  # whose length is the number of items
_PLACEHOLDERS = [
    "-", "--", ".", "...", "?", "??", "???", "asdf", "fixme", "n.a.", "n/a", "na", "nil", "none",
    "not known", "null", "see text", "tba", "tbd", "test", "to do", "todo", "unknown", "xxx",
]  # fmt: skip
# A replacement character, or Cyrillic beside Latin letters.
_MIXED = "\ufffd|[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]"
_LIMITS: dict[str, tuple[str, Callable[[Any, Any], Any], str]] = {
    "minimum": ("minimum", operator.ge, "at least"),
    "maximum": ("maximum", operator.le, "at most"),
    "exclusiveMinimum": ("exclusive-minimum", operator.gt, "more than"),
    "exclusiveMaximum": ("exclusive-maximum", operator.lt, "less than"),
}


@dataclass(frozen=True)
class Check:
    """One statement about the rows of a table; a breach is reported at the first of its columns.

    ``name`` is that of a constraint, ``primary-key``, ``foreign-key``, or that of a rule of the
    schema. ``passes`` is true for the rows that pass, never null, and ``expected`` says what a row
    must satisfy. ``unique``: no two rows have the same values in the columns, which some engines
    can check for a table faster than for each row.
    """

    name: str
    columns: tuple[str, ...]
    passes: nw.Expr
    expected: str
    severity: Severity = "error"
    unique: bool = False


def table_checks(schema: TableSchema) -> list[Check]:
    """Return the checks that need only the table itself: constraints, keys and rules."""
    checks = [check for field in schema.fields for check in field_checks(field)]
    keys = [("unique", key) for key in schema.unique_keys]
    for name in schema.primary_key:
        if not schema.field(name).constraints.required:
            expected = "a value, it is part of the key"
            checks.append(Check("primary-key", (name,), ~nw.col(name).is_null(), expected))
    if schema.primary_key:
        keys.append(("primary-key", schema.primary_key))
    for name, key in keys:
        fields = [schema.field(column) for column in key]
        checks.append(_unique(name, fields, f"a {_list(key)} that no other row has"))
    for rule in schema.rules:
        if isinstance(rule, NoPlaceholders):
            texts = [f for f in schema.fields if f.type == "string" and not f.constraints.enum]
            checks += [
                _no_placeholder(rule, field.name, field.name in schema.primary_key)
                for field in texts
            ]
        elif not isinstance(rule, PLAUSIBILITY):
            checks.append(rule_check(rule, schema))
    return checks


def _no_placeholder(rule: NoPlaceholders, name: str, is_key: bool) -> Check:
    text = nw.col(name)
    doubtful = text.str.to_lowercase().is_in(_PLACEHOLDERS) | text.str.contains(_MIXED)
    if not is_key:  # in which a variable may be called x
        doubtful = doubtful | text.is_in(["x", "xx"])
    expected = "a text that says something, in one alphabet, or an empty cell"
    return Check(rule.name, (name,), text.is_null() | ~doubtful, expected, rule.severity)


def _unique(name: str, fields: Sequence[Field], expected: str) -> Check:
    columns = tuple(field.name for field in fields)
    passes = _any_missing(columns) | ~key_expression(fields).is_duplicated()
    return Check(name, columns, passes, expected, unique=True)


def field_checks(field: Field) -> list[Check]:
    """Return one check for each constraint of a column."""
    missing, checks = nw.col(field.name).is_null(), []
    if field.constraints.required:
        checks.append(Check("required", (field.name,), ~missing, "a value"))
    for name, expected, holds in _constraints(field):
        checks.append(Check(name, (field.name,), missing | holds(_column(field)), expected))
    if field.constraints.unique:
        checks.append(_unique("unique", [field], "a value that no other row has"))
    return checks


def allows(field: Field, value: Any) -> bool:
    """Return whether a value that is not missing satisfies `field_checks`, but for ``unique``."""
    return all(holds(value) for _, _, holds in _constraints(field))


def _constraints(field: Field) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    """Yield the constraints on single values, but for ``required``.

    Each has a name, what it expects, and a function of a column or of one value in Python.
    """
    limits = field.constraints
    for key, value in limits.limits():
        name, compare, words = _LIMITS[key]
        compare, bound = _exact(field, compare, field.bounds[key])
        suffixes, why = _order(field, bound)
        yield name, f"{words} {value}{why}", partial(_compares, compare, bound, suffixes)
    if limits.enum is not None:
        shown = ", ".join(_shown(value)[:_SHOWN] for value in limits.enum[:_LISTED])
        shown += ", ..." * (len(limits.enum) > _LISTED)
        yield "enum", f"one of: {shown}", partial(_is_in, field.bounds["enum"])
    if limits.pattern is not None:
        expected = f"text of the form {limits.pattern[:_SHOWN]}"
        yield "pattern", expected, partial(_matches, whole(limits.pattern))
    items = field.type in _COLLECTIONS
    unit = "items" if items else "characters"
    if limits.min_length is not None:
        holds = partial(_counts, operator.ge, limits.min_length, items)
        yield "min-length", f"at least {limits.min_length} {unit}", holds
    if limits.max_length is not None:
        holds = partial(_counts, operator.le, limits.max_length, items)
        yield "max-length", f"at most {limits.max_length} {unit}", holds


def _compares(
    compare: Callable[[Any, Any], Any], bound: Any, suffixes: tuple[str, ...], value: Any
) -> Any:
    holds = compare(value, bound)
    if not suffixes:
        return holds
    if isinstance(value, nw.Expr):
        ends = (value.str.ends_with(suffix) for suffix in suffixes)
        return holds & nw.any_horizontal(*ends, ignore_nulls=False)
    return holds and value.endswith(suffixes)


def _is_in(allowed: list[Any], value: Any) -> Any:
    if isinstance(value, nw.Expr):
        # An empty list has no type, which some engines refuse; only missing values pass it.
        return value.is_in(allowed) if allowed else value.is_null()
    return value in allowed


def _matches(pattern: str, value: Any) -> Any:
    if isinstance(value, nw.Expr):
        return value.str.contains(pattern)
    # By RE2, for other engines may take too long.
    return pc.match_substring_regex(pa.scalar(value), pattern).as_py()


def _counts(compare: Callable[[Any, Any], Any], length: int, items: bool, value: Any) -> Any:
    if items:
        start = len(counted(0))
        first = value.str.slice(0, start) if isinstance(value, nw.Expr) else value[:start]
        return compare(first, counted(length))
    return compare(value.str.len_chars() if isinstance(value, nw.Expr) else len(value), length)


def _exact(
    field: Field, compare: Callable[[Any, Any], Any], bound: Any
) -> tuple[Callable[[Any, Any], Any], Any]:
    """Return a comparison with whole numbers of 64 bits, where engines compare with them alone."""
    if field.type not in WHOLE:
        return compare, bound
    bound = math.ceil(bound) if compare in (operator.ge, operator.lt) else math.floor(bound)
    upward = compare in (operator.ge, operator.gt)
    if bound > MOST:
        return (operator.gt if upward else operator.le), MOST
    if bound < LEAST:
        return (operator.ge if upward else operator.lt), LEAST
    return compare, bound


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


def rule_check(rule: Rule, schema: TableSchema, *joined: nw.Expr) -> Check:
    """Return the check of a rule.

    `joined` is what a rule of plausibility compares with: the median of the group for a
    `NearMedian`, the other date and its precision for a `NotAfter`, the bounds in another table for
    a `Within`, and whether the row passes for a `Referenced` and the rules that Python evaluates.
    """
    match rule:
        case Ordered(columns=columns):
            passes = _pairs_pass(operator.le, columns, schema)
            expected = " <= ".join(columns)
        case ExactlyOne(columns=columns):
            present = ((~nw.col(name).is_null()).cast(nw.Int64()) for name in columns)
            passes = nw.sum_horizontal(*present) == 1
            expected = f"a value in exactly one of {_list(columns)}"
        case AtLeastOne(columns=columns):
            passes = ~_all_missing(columns)
            expected = f"a value in at least one of {_list(columns)}"
        case AllOrNone(columns=columns):
            passes = _all_missing(columns) | ~_any_missing(columns)
            expected = f"values in all of {_list(columns)}, or in none"
        case RequiredIf(columns=columns, when=when, otherwise=otherwise):
            holds = condition(when, schema)
            passes = ~holds | ~_any_missing(columns)
            expected = f"a value in {_list(columns)} {_in_words(when)}"
            if otherwise == "empty":
                passes = passes & (holds | _all_missing(columns))
                expected += ", and only there"
        case EmptyIf(columns=columns, when=when):
            passes = ~condition(when, schema) | _all_missing(columns)
            expected = f"no value in {_list(columns)} {_in_words(when)}"
        case Implies(then=then, when=when):
            missing = nw.col(then.column).is_null()
            passes = missing | ~condition(when, schema) | condition(then, schema)
            wanted = "a value"
            if then.matches is not None:
                wanted = f"text of the form {then.matches[:_SHOWN]}"
            elif then.equals is not None:
                wanted = _alternatives(then.equals)
            expected = f"{wanted} in {then.column} {_in_words(when)}"
        case DatePrecision(date=date, precision=precision):
            first_day = nw.col(date).dt.day() == 1
            first_month = nw.col(date).dt.month() == 1
            fits = (
                (nw.col(precision) == "day")
                | ((nw.col(precision) == "month") & first_day)
                | (
                    (nw.col(precision) == "quarter")
                    & first_day
                    & (nw.col(date).dt.month() % 3 == 1)
                )
                | ((nw.col(precision) == "year") & first_day & first_month)
            )
            both = (date, precision)
            passes = _all_missing(both) | (~_any_missing(both) & fits)
            expected = (
                f"{date} with its {precision}, and the first day of the month or year where "
                "no more is known"
            )
        case Different(columns=columns):
            passes = _pairs_pass(operator.ne, columns, schema)
            expected = f"different values in {_list(columns)}"
        case NotInFuture(date=date):
            today = nw.lit(datetime.date.today())
            passes = nw.col(date).is_null() | (_column(schema.field(date)) <= today)
            expected = "a day that is not in the future"
        case NearProduct(column=column, terms=terms, factor=factor):
            # As floats, for the product of whole numbers may exceed 64 bits.
            floats = (_as_float(t) if isinstance(t, str) else nw.lit(float(t)) for t in terms)
            ratio = _as_float(column) / functools.reduce(operator.mul, floats)
            needed = [column, *(term for term in terms if isinstance(term, str))]
            passes = _any_missing(needed) | _within(ratio, factor)
            expected = f"{' x '.join(map(str, terms))}, within a factor of {factor:g}"
        case Within(column=column, minimum=minimum, maximum=maximum, key=key):
            value, looked_up, passes, words = _as_float(column), iter(joined), nw.lit(True), []
            for bound, compare, word in (
                (minimum, operator.ge, "at least"),
                (maximum, operator.le, "at most"),
            ):
                if bound is None:
                    continue
                limit = next(looked_up) if isinstance(bound, str) else nw.lit(float(bound))
                passes = passes & (limit.is_null() | compare(value, limit))
                words.append(f"{word} {bound if isinstance(bound, str) else f'{bound:g}'}")
            passes = nw.col(column).is_null() | passes
            expected = " and ".join(words) + (f" of its {key}" if key else "")
        case NearMedian(column=column, by=by, factor=factor):
            ratio = _as_float(column) / joined[0]
            zero = (_as_float(column) == 0).fill_null(False)
            passes = _any_missing((column, *by)) | zero | _within(ratio, factor)
            expected = f"within a factor of {factor:g} of the median of its {_list(by)}"
        case NotAfter(date=date, key=key, reference=reference):
            own, (other, known_to) = nw.col(date), joined
            month = own.dt.year() * 12 + own.dt.month() <= other.dt.year() * 12 + other.dt.month()
            # Explicitly, for some engines compare with a missing date and return false.
            passes = (own.is_null() | other.is_null() | known_to.is_null()) | (
                (own <= other)
                | ((known_to == "month") & month)
                | ((known_to == "year") & (own.dt.year() <= other.dt.year()))
            )
            expected = f"a date not after {reference} of its {key}"
        case Referenced(column=column):
            passes = nw.col(column).is_null() | joined[0]
            expected = "a row that refers to it"
        case Compared(column=column, holds=relation, other=other, table=table):
            if relation == "among":
                passes = nw.col(column).is_null() | joined[0]
                expected = f"one of {other} that {table or 'the table'} has"
            else:
                value, limit = nw.col(column), joined[0]
                if schema.field(column).type == "date":
                    value, limit = (one.dt.year() * 12 + one.dt.month() for one in (value, limit))
                least = relation == "atLeast"
                holds = value + rule.slack >= limit if least else value - rule.slack <= limit
                passes = nw.col(column).is_null() | joined[0].is_null() | holds
                expected = f"at {'least the least' if least else 'most the greatest'} {other}"
                expected += f" of {table or 'its group'}"
        case SameSpelling():
            passes, expected = joined[0], "the spelling of other rows"
        case StartsWith(start=start):
            passes, expected = joined[0], f"the {start} with which {rule.column} starts"
        case Arxiv(date=None):
            passes, expected = joined[0], "addresses at arXiv of one number"
        case Arxiv(date=date):
            passes = joined[0]
            expected = f"a {date} within a year of the month that the number at arXiv has"
        case Lasts(start=start, end=end):
            passes, expected = joined[0], f"as many days as from {start} to {end}"
        case Formula(table=table):
            passes = joined[0]
            expected = f"a formula of the inputs that {table} lists, all of them, and functions"
        case Mentioned(reference=reference, key=key):
            passes, expected = joined[0], f"a name in the {reference} of its {key}"
        case Named(column=column, identifier=identifier):
            passes, expected = joined[0], f"the {column} that {identifier} names"
        case Acyclic():
            passes, expected = joined[0], "a chain of references that ends"
        case Distinct():
            passes, expected = joined[0], "a row unlike every row before it"
        case Agree(columns=columns, by=by):
            passes = joined[0]
            expected = f"the {_list(columns)} that other rows with its {_list(by)} have"
        case AsPrinted():
            passes, expected = joined[0], "a figure that the printed text has"
    limited_to: When | None = getattr(rule, "when", None)
    if limited_to is not None and not isinstance(rule, RequiredIf | EmptyIf | Implies):
        passes = passes | ~condition(limited_to, schema)
    return Check(rule.name, rule.columns_used(), passes, expected, rule.severity)


def _pairs_pass(
    compare: Callable[[Any, Any], Any], columns: Sequence[str], schema: TableSchema
) -> nw.Expr:
    """Return the expression that each two columns with values compare so."""
    pairs = itertools.combinations(columns, 2)
    passing = (_any_missing(pair) | compare(*_alike(pair, schema)) for pair in pairs)
    return nw.all_horizontal(*passing, ignore_nulls=False)


def _within(ratio: nw.Expr, factor: float) -> nw.Expr:
    return ((ratio <= factor) & (ratio >= 1 / factor)).fill_null(False)


def _in_words(when: When) -> str:
    if when.matches is not None:
        return f"where {when.column} has the form {when.matches[:_SHOWN]}"
    if when.equals is None:
        return f"where {when.column} is given"
    return f"where {when.column} is {_alternatives(when.equals)}"


def _alternatives(values: Iterable[Any]) -> str:
    shown = (str(v).lower() if isinstance(v, bool) else str(v) for v in values)
    return " or ".join(shown)


def condition(when: When, schema: TableSchema) -> nw.Expr:
    """Return the expression that a condition on a column holds."""
    field = schema.field(when.column)
    given = ~nw.col(when.column).is_null()
    if when.matches is not None:
        form: nw.Expr = _matches(whole(when.matches), _column(field))
        return given & form
    if when.equals is None:
        return given
    allowed: nw.Expr = _is_in(field.allowed(when.equals), _column(field))
    return given & allowed


def _column(field: Field) -> nw.Expr:
    """Return a column as its constraints read it: dates as dates, which pandas has as moments."""
    column = nw.col(field.name)
    return column.cast(nw.Date()) if field.type == "date" else column


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


def key_expression(fields: Iterable[Field]) -> nw.Expr:
    """Return one expression for a key of one or several columns (several are joined as text)."""
    # Floats have two zeros, which are equal but not to Arrow.
    parts = [nw.col(f.name) + 0.0 if f.type == "number" else nw.col(f.name) for f in fields]
    if len(parts) == 1:
        return parts[0]
    return nw.concat_str([part.cast(nw.String()) for part in parts], separator=_KEY_SEPARATOR)


def _any_missing(columns: Iterable[str]) -> nw.Expr:
    return nw.any_horizontal(nw.col(*columns).is_null(), ignore_nulls=False)


def _all_missing(columns: Iterable[str]) -> nw.Expr:
    return nw.all_horizontal(nw.col(*columns).is_null(), ignore_nulls=False)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
