"""The cells of CSV on an engine: values in the place of texts, read as `validate` reads them."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Sequence
from typing import Any

import narwhals as nw

from diffdata.errors import InvalidInputError
from diffdata.schemas.standard import Field, TableSchema
from diffdata.validation.cells import CONTROL, HIDDEN, is_strict
from diffdata.validation.mends import INTEGER, NUMBER
from diffdata.validation.prepare import flag_of

# The types whose values an engine reads from text, by a cast that gives null where it cannot.
SQL_TYPES = {"integer": "BIGINT", "year": "BIGINT", "number": "DOUBLE", "date": "DATE"}

# What stands in a cell of each type; what has the form and is none (2020-02-30) becomes null.
_FORMS = {
    "integer": INTEGER,
    "year": "[0-9]{4}",
    "number": NUMBER,
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
# What other packages may write as well.
_LOOSE_FORMS = _FORMS | {
    "integer": rf" *{INTEGER} *",
    "number": rf" *(?:{NUMBER}|[+-]?(?:[Nn][Aa][Nn]|[Ii][Nn][Ff](?:[Ii][Nn][Ii][Tt][Yy])?)) *",
    "date": "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
}
# Text that the profile refuses: control and hidden characters, or blanks around it.
_BLANK = r"\x{09}-\x{0d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"
# Engines write the codes of characters in braces.
_REFUSED = "|".join(
    [
        *(re.sub(r"\\[ux]([0-9a-f]+)", r"\\x{\1}", kind.pattern) for kind in (CONTROL, HIDDEN)),
        rf"^[{_BLANK}]|[{_BLANK}]\z",
    ]
)
# The bytes of characters beyond ASCII in UTF-8 (RFC 3629, section 4), from the first to the last.
_UTF_8 = (
    ((0xC2, 0xDF), (0x80, 0xBF)),
    ((0xE0, 0xE0), (0xA0, 0xBF), (0x80, 0xBF)),
    ((0xE1, 0xEC), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xED, 0xED), (0x80, 0x9F), (0x80, 0xBF)),
    ((0xEE, 0xEF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF0, 0xF0), (0x90, 0xBF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF1, 0xF3), (0x80, 0xBF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF4, 0xF4), (0x80, 0x8F), (0x80, 0xBF), (0x80, 0xBF)),
)


def _letters(low: int, high: int) -> str:
    """Return the set of the letters that Windows takes bytes for."""
    return f"[{bytes(range(low, high + 1)).decode('cp1252', errors='ignore')}]"


# Text that was encoded once, as `encoded_once` has it: letters that are the bytes of UTF-8.
_TAKEN = "|".join("".join(_letters(*byte) for byte in form) for form in _UTF_8)
_ENCODED = rf"^[\x{{00}}-\x{{7f}}]*(?:(?:{_TAKEN})[\x{{00}}-\x{{7f}}]*)+\z"
# A whole number of more digits than any 64 bits tell apart.
_LONG = r"^[+-]?0*[1-9][0-9]{16,}[1-9]0*\z"


def value_of(column: str) -> str:
    """Return the name of the value that an engine reads from the text of a column."""
    return f"_value_{column}"


def refuse_dialects(schema: TableSchema) -> None:
    """Refuse ways of writing a cell that only the validator of text knows."""
    for field in schema.fields:
        written = (field.decimal_char, field.group_char, field.bare_number) == (".", "", True)
        plain = field.type == "any" or (
            field.type in (*SQL_TYPES, "boolean", "string")
            and field.format == "default"
            and written
        )
        if not plain or set(field.missing_values or schema.missing_values) - {""}:
            raise InvalidInputError(
                f"engine: the column {field.name!r} is written in a way that only validation "
                "without an engine reads"
            )


def parsed(
    frame: nw.LazyFrame[Any], columns: Sequence[str], schema: TableSchema, *, blank: bool
) -> tuple[nw.LazyFrame[Any], tuple[str, ...]]:
    """Put values in the place of texts, and beside them where a text is of another type.

    Parameters
    ----------
    frame
        A frame with columns of text, and for those of `SQL_TYPES` the values that an engine reads
        in them, named by `value_of`.
    columns
        The names of the columns of text.
    schema
        The schema of the table.
    blank
        Whether rows that have no text are rows.

    Returns
    -------
    frame, names
        The values, and the columns that have a flag beside them.
    """
    found: list[nw.Expr] = []
    fields = [field for field in schema.fields if field.name in columns]
    for field in fields:
        text = nw.col(field.name)
        given = (text != "").fill_null(False)
        value, fits = _read(field, is_strict(schema, field))
        found += [
            nw.when(given & fits).then(value).alias(field.name),
            (given & ~fits).alias(flag_of(field.name)),
        ]
    values = {value_of(field.name) for field in fields}
    names = [name for name in frame.collect_schema().names() if name not in values]
    if not blank:
        some = ((nw.col(name) != "").fill_null(False) for name in columns)
        frame = frame.filter(functools.reduce(operator.or_, some))
    frame = frame.with_columns(*found) if found else frame
    flags = [flag_of(field.name) for field in fields]
    return frame.select(*names, *flags), tuple(field.name for field in fields)


def _read(field: Field, strict: bool) -> tuple[nw.Expr, nw.Expr]:
    """Return the values of a column of text, and where a text is of its type."""
    text = nw.col(field.name)
    if field.type == "boolean":
        true, false = (["true"], ["false"]) if strict else (field.true_values, field.false_values)
        value = text.is_in(list(true))
        return value, (value | text.is_in(list(false))).fill_null(False)
    if field.type not in SQL_TYPES:
        refused = text.str.contains(_REFUSED) | text.str.contains(_ENCODED)
        return text, (~refused).fill_null(False) if strict else nw.lit(True)
    value = nw.col(value_of(field.name))
    form = (_FORMS if strict else _LOOSE_FORMS)[field.type]
    fits = text.str.contains(rf"^(?:{form})\z").fill_null(False) & ~value.is_null()
    if field.type == "date":
        fits = fits & ~text.str.starts_with("0000").fill_null(False)  # no year 0
    if field.type == "number" and strict:
        fits = fits & (value.abs() < math.inf).fill_null(False) & ~_loses_digits(text, value)
    return value, fits


def _loses_digits(text: nw.Expr, value: nw.Expr) -> nw.Expr:
    """Tell where a whole number has digits that a float does not hold."""
    size = value.abs()
    near = ((size >= 2.0**53) & (size < 1e17)).fill_null(False)
    held = nw.when(near).then(value).cast(nw.Int64()).cast(nw.String())
    lost = near & text.str.contains(r"^-?[1-9][0-9]*\z") & (held != text)
    return (text.str.contains(_LONG) | lost).fill_null(False)
