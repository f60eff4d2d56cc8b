"""The columns of each type in frames of any engine.

No value is guessed: a value of another type is not known, and is reported.
"""

from __future__ import annotations

import math

import narwhals as nw

from diffdata.types.definitions import Column, definition


def expected_type(field: Column) -> nw.dtypes.DType:
    """Return the type of a column; what has no simple type is text."""
    dtype: nw.dtypes.DType = getattr(nw, definition(field).narwhals)()
    return dtype


def nothing(field: Column) -> nw.Expr:
    """Return the expression of a missing value."""
    return nw.lit(None, dtype=expected_type(field))


def typed(name: str, found: nw.dtypes.DType, field: Column) -> tuple[nw.Expr, nw.Expr | None]:
    """Return a column as values of its type, and where a value is unknown (None if nowhere).

    `found` is the type that the column has, `field` the column as the schema describes it.
    """
    column, wanted = nw.col(name), expected_type(field)
    match field.type:
        case "integer" | "year":
            if found in (nw.UInt64, nw.UInt128, nw.Int128):
                # As floats, for Arrow has no integer that large to compare with.
                large = ((column / 1).abs() >= 2.0**63).fill_null(False)
                return nw.when(~large).then(column).cast(nw.Int64()), large
            fits = found.is_integer()
        case "number":
            if found.is_float():
                return _numbers(column.cast(wanted)) + 0.0, None  # one zero
            if found.is_integer():
                return column / 1, None  # Arrow refuses to cast what is beyond 2**53
            fits = found.is_decimal()
        case "boolean":
            fits = found == nw.Boolean
        case "date":
            if found == nw.Datetime and not getattr(found, "time_zone", None):
                time = column.dt
                parts = (time.hour(), time.minute(), time.second(), time.microsecond())
                within = nw.any_horizontal(*(part != 0 for part in parts), ignore_nulls=True)
                within = within.fill_null(False)
                return nw.when(~within).then(column).cast(nw.Date()), within
            fits = found == nw.Date
        case _:
            fits = found in (nw.String, nw.Categorical, nw.Enum)
    if fits:
        return (column if found == wanted else column.cast(wanted)), None
    given = _numbers(column) if found.is_float() else column
    return nothing(field), ~given.is_null()


def _numbers(column: nw.Expr) -> nw.Expr:
    """Return a column of floats with NaN as missing.

    DuckDB does not find NaN in Parquet whose statistics leave it out, but finds what is finite.
    """
    return nw.when(column.is_finite() | (column.abs() == math.inf)).then(column)


def key_values(name: str, found: nw.dtypes.DType, field: Column) -> nw.Expr | None:
    """Return the values of a column as another one refers to them; None if none can match.

    Whole numbers and floats refer to each other; text and numbers do not, whatever the text spells.
    `found` is the type of the column that is referred to, `field` the column that refers to it.
    """
    column = nw.col(name)
    if expected_type(field) == nw.Int64 and (found.is_float() or found.is_decimal()):
        column = _numbers(column.cast(nw.Float64()))
        whole = (column == column.floor()) & (column.abs() < 2.0**63)
        return nw.when(whole).then(column).cast(nw.Int64())
    values, unknown = typed(name, found, field)
    fits = unknown is None or found in (nw.UInt64, nw.UInt128, nw.Int128, nw.Datetime)
    return values if fits or found == nw.Unknown else None
