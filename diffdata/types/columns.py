"""The columns of each type: how text becomes one of Arrow, and how frames of any engine have it.

Arrow casts a column at a time what plainly is of its type; the parser of cells decides on the rest.
Of frames no value is guessed: one of another type is unknown, and is reported.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.types.definitions import FORMULA, INTEGER, Column, Table, definition, missing_values
from diffdata.types.text import CellError, is_strict, parse

# Text that the profile may refuse: control and hidden characters, or blanks around it.
_SUSPECT = r"^\s|\s$|[\x00-\x1f\x7f]|[^\x00-\x7f]"
# Forms that Arrow casts to the value that the parser gives; of days those that surely exist.
_CAST = {
    "integer": r"-?[0-9]{1,18}",
    "date": r"[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|"
    r"(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)",
}
_FIRST_DAY = datetime.date(1, 1, 1)
_HEX = np.isin(np.arange(256), [ord(mark) for mark in "xX"])
_FORMULA_BEGINS = np.isin(np.arange(256), [ord(mark) for mark in "=@+-\t\r"])


def arrow_type(field: Column) -> pa.DataType:
    """Return the Arrow type of a column; what has no simple type stays text."""
    return pa.type_for_alias(definition(field).arrow)


def convert(
    cells: pa.ChunkedArray,
    field: Column,
    schema: Table,
    parser: Callable[[str, Any, bool], Any] = parse,
) -> tuple[pa.ChunkedArray, dict[int, CellError], list[int]]:
    """Convert the cells of a column from text to values; null is an empty cell.

    Returns the values (null where a cell is missing or refused), the errors of the cells that are
    not of their type by position, and the positions of texts that a spreadsheet would run as
    formulas. An error without a rule means that the cell is right, but no column can hold its
    value. ``parser`` reads a single cell, see `diffdata.types.text.parse`.
    """
    missing = missing_values(field, schema)
    if "" not in missing and cells.null_count:
        cells = pc.fill_null(cells, "")
    if set(missing) - {""}:
        absent = pc.is_in(cells, pa.array(missing, pa.string()))
        cells = pc.if_else(absent, pa.scalar(None, pa.string()), cells)
    strict = is_strict(schema, field)
    if (field.type == "string" and field.format == "default") or field.type == "any":
        if not strict or _all_clean(cells):
            return cells, {}, _formulas(cells)
        values, rest = cells, pc.fill_null(pc.match_substring_regex(cells, _SUSPECT), False)
    else:
        values = _cast(cells, field, strict)
        rest = pc.and_not(cells.is_valid(), values.is_valid())
    values, refused = _parse_each(cells, values, rest, lambda text: parser(text, field, strict))
    return values, refused, _formulas(cells) if field.type == "string" else []


def _formulas(cells: pa.ChunkedArray) -> list[int]:
    """Return the rows whose text a spreadsheet would run as a formula."""
    if not any(
        _FORMULA_BEGINS[marks[offsets[:-1][offsets[:-1] < offsets[1:]]]].any()
        for offsets, marks in _bytes(cells)
    ):
        return []
    runs = pc.fill_null(pc.match_substring_regex(cells, FORMULA.pattern), False)
    return [int(position) for position in np.flatnonzero(runs.to_numpy())]


def _cast(cells: pa.ChunkedArray, field: Column, strict: bool) -> pa.ChunkedArray:
    """Cast what plainly is of the type; the rest becomes null."""
    target = arrow_type(field)
    if field.type == "boolean" and strict:
        true = pc.equal(cells, "true")
        return _where(pc.or_(true, pc.equal(cells, "false")), true)
    plain = field.format == "default" and (field.decimal_char, field.group_char) == (".", "")
    if field.type not in ("number", "integer", "date") or not plain:
        return pa.chunked_array([pa.nulls(len(cells), target)])
    try:
        values = pc.cast(cells, target)
    except pa.ArrowInvalid:
        form = _CAST.get(field.type, definition(field).form)
        values = pc.cast(_where(pc.match_substring_regex(cells, f"^(?:{form})$"), cells), target)
    if field.type == "date":  # no year 0
        return _where(pc.greater_equal(values, pa.scalar(_FIRST_DAY)), values)
    if field.type == "number":  # neither NaN nor infinity, which Arrow reads
        return _without_lost_digits(cells, _where(pc.is_finite(values), values))
    if any(_HEX[marks].any() for _, marks in _bytes(cells)):  # nor 0x1F
        return _where(pc.match_substring_regex(cells, f"^(?:{INTEGER})$"), values)
    return values


def _where(condition: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values for which a condition holds, and null for the others."""
    return pc.if_else(condition, values, pa.scalar(None, values.type))


def _without_lost_digits(cells: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Leave out large numbers whose text has more digits than 64 bits hold."""
    long = pc.greater_equal(pc.binary_length(cells), 16)
    if not pc.any(long).as_py():
        return values
    small = pc.invert(pc.and_(long, pc.greater_equal(pc.abs(values), 2.0**53)))
    return _where(pc.or_(small, pc.match_substring_regex(cells, "[.eE]")), values)


def _parse_each(
    cells: pa.ChunkedArray,
    values: pa.ChunkedArray,
    rest: pa.ChunkedArray,
    read: Callable[[str], Any],
) -> tuple[pa.ChunkedArray, dict[int, CellError]]:
    """Parse the cells that are left one by one, equal ones once."""
    positions = np.flatnonzero(rest.to_numpy(zero_copy_only=False))
    if not len(positions):
        return values, {}
    left = pc.take(cells, pa.array(positions)).combine_chunks().dictionary_encode()
    parsed: list[object] = []
    errors: dict[int, CellError] = {}
    for number, text in enumerate(left.dictionary.to_pylist()):
        value: object = None
        try:
            value = read(text)
        except CellError as error:
            errors[number] = error
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            # Other packages may have such a number, but no column can hold it.
            value, errors[number] = None, CellError("", rule="")
        parsed.append(value)
    codes = left.indices.to_numpy()
    replaced = pc.take(pa.array(parsed, values.type), left.indices)
    mask = np.zeros(len(cells), bool)
    mask[positions] = True
    values = pc.replace_with_mask(values.combine_chunks(), pa.array(mask), replaced)
    wrong = np.flatnonzero(np.isin(codes, list(errors)))
    refused = {int(positions[place]): errors[int(codes[place])] for place in wrong}
    return pa.chunked_array([values]), refused


def _all_clean(cells: pa.ChunkedArray) -> bool:
    """Return whether text is surely clean: looks at the bytes of the whole column at once."""
    least = 127
    for _, marks in _bytes(cells):
        if marks.max() > 126:
            return False
        least = min(least, marks.min())
    return least > 32 or not (
        least < 32
        or pc.any(pc.starts_with(cells, " ")).as_py()
        or pc.any(pc.ends_with(cells, " ")).as_py()
    )


def _bytes(cells: pa.ChunkedArray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, for each part of a column with text, where its cells begin and end in its bytes."""
    for chunk in cells.chunks:
        _, places, text = chunk.buffers()
        if text is not None:
            offsets = np.frombuffer(places, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            if offsets[0] < offsets[-1]:
                marks = np.frombuffer(text, np.uint8)[offsets[0] : offsets[-1]]
                yield offsets - offsets[0], marks


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
