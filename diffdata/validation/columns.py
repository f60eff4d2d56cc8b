"""The cells of one column, from text to values, a column at a time.

What is plainly of its type is cast by Arrow. Every other cell goes through `parse_cell`, which
alone decides; so the fast way may refuse too much, but never accept too much.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.dtypes import arrow_type
from diffdata.validation.cells import CellError, is_strict, parse_cell
from diffdata.validation.mends import INTEGER, NUMBER

# Cells of these forms can be cast by Arrow, which gives the value that `parse_cell` gives.
_DAY = (
    r"[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|"
    r"(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_FORMS = {"number": NUMBER, "integer": r"-?[0-9]{1,18}", "date": _DAY}
_MAYBE_HEX = np.isin(np.arange(256), [ord(mark) for mark in "xX"])
_FIRST_DAY = datetime.date(1, 1, 1)


def convert(
    cells: pa.ChunkedArray, field: Field, schema: TableSchema
) -> tuple[pa.ChunkedArray, dict[int, CellError], list[int]]:
    """Convert the cells of a column.

    Returns
    -------
    values
        The values; null where a cell is empty or refused.
    refused
        The cells that are none of their type, by position. Those with an error without a rule are
        right, but no column can hold them.
    formulas
        The positions of texts that a spreadsheet would take for formulas.
    """
    missing = field.missing_values or schema.missing_values
    if set(missing) - {""}:
        absent = pc.is_in(cells, pa.array(missing, pa.string()))
        cells = pc.if_else(absent, pa.scalar(None, pa.string()), cells)
    strict = is_strict(schema, field)
    if (field.type == "string" and field.format == "default") or field.type in ("any", "list"):
        if not strict or _all_clean(cells):
            return cells, {}, _formulas(cells)
        rest = _unclean(cells)
        values = cells
    else:
        values = _cast(cells, field, strict)
        rest = pc.and_not(cells.is_valid(), values.is_valid())
    values, refused = _exact(cells, values, rest, field, strict)
    return values, refused, _formulas(cells) if field.type == "string" else []


# What a spreadsheet takes for a formula that does something; prose such as "= 451 MWh" is none.
_FORMULA = r"^(=\S|=\s+[A-Za-z.]+\(|[@+-]\S*[(|!])"
_FORMULA_BEGINS = np.isin(np.arange(256), [ord(mark) for mark in "=@+-"])


def _formulas(cells: pa.ChunkedArray) -> list[int]:
    """Return the rows in which a text would be run by a spreadsheet."""
    if not any(
        _FORMULA_BEGINS[marks[offsets[:-1][offsets[:-1] < offsets[1:]]]].any()
        for offsets, marks in _bytes(cells)
    ):
        return []
    runs = pc.fill_null(pc.match_substring_regex(cells, _FORMULA), False)
    return [int(position) for position in np.flatnonzero(runs.to_numpy())]


def _cast(cells: pa.ChunkedArray, field: Field, strict: bool) -> pa.ChunkedArray:
    """Cast what is plainly of the type; the rest becomes null."""
    target = arrow_type(field)
    if field.type == "boolean" and strict:
        true = pc.equal(cells, "true")
        return pc.if_else(pc.or_(true, pc.equal(cells, "false")), true, pa.scalar(None, target))
    form = _FORMS.get(field.type)
    if form is None or field.format != "default" or field.group_char or field.decimal_char != ".":
        return pa.chunked_array([pa.nulls(len(cells), target)])
    try:
        values = pc.cast(cells, target)
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(cells, f"^(?:{form})$")
        values = pc.cast(pc.if_else(plain, cells, pa.scalar(None, pa.string())), target)
    if field.type == "date":  # no year 0
        early = pc.less(values, pa.scalar(_FIRST_DAY))
        if pc.any(early).as_py():
            return pc.if_else(early, pa.scalar(None, target), values)
    if field.type == "number":  # neither nan nor infinity, which Arrow takes
        if not pc.all(pc.is_finite(values)).as_py():
            values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, target))
        return _without_lost_digits(cells, values)
    if field.type == "integer" and any(_MAYBE_HEX[marks].any() for _, marks in _bytes(cells)):
        whole = pc.match_substring_regex(cells, f"^(?:{INTEGER})$")  # nor 0x1F
        return pc.if_else(whole, values, pa.scalar(None, target))
    return values


def _without_lost_digits(cells: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Leave out large numbers whose text has more digits than 64 bits hold."""
    long = pc.greater_equal(pc.binary_length(cells), 16)
    if not pc.any(long).as_py():
        return values
    large = pc.and_(long, pc.greater_equal(pc.abs(values), 2.0**53))
    if not pc.any(large).as_py():
        return values
    digits = pc.and_(large, pc.invert(pc.match_substring_regex(cells, "[.eE]")))
    return pc.if_else(pc.fill_null(digits, False), pa.scalar(None, values.type), values)


def _exact(
    cells: pa.ChunkedArray, values: pa.ChunkedArray, rest: pa.ChunkedArray, field: Field,
    strict: bool,
) -> tuple[pa.ChunkedArray, dict[int, CellError]]:  # fmt: skip
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
            value = parse_cell(text, field, strict)
        except CellError as error:
            errors[number] = error
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            # A stranger may write it, but no column can hold it: it is there, and not known.
            value, errors[number] = None, CellError("", rule="")
        is_text = value is not None and pa.types.is_string(values.type)
        parsed.append(str(value) if is_text else value)
    codes = left.indices.to_numpy()
    replaced = pc.take(pa.array(parsed, values.type), left.indices)
    mask = np.zeros(len(cells), bool)
    mask[positions] = True
    values = pc.replace_with_mask(values.combine_chunks(), pa.array(mask), replaced)
    wrong = np.flatnonzero(np.isin(codes, list(errors)))
    refused = {int(positions[place]): errors[int(codes[place])] for place in wrong}
    return pa.chunked_array([values]), refused


# Text that the profile may refuse: control and hidden characters, or blanks around it.
_SUSPECT = r"^\s|\s$|[\x00-\x1f\x7f]|[^\x00-\x7f]"


def _all_clean(cells: pa.ChunkedArray) -> bool:
    """Tell whether text is beyond doubt: looks at the bytes of the whole column at once."""
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
    """Give, for each part of a column with text, where its cells begin and end in its bytes."""
    for chunk in cells.chunks:
        _, places, text = chunk.buffers()
        if text is not None:
            offsets = np.frombuffer(places, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            if offsets[0] < offsets[-1]:
                marks = np.frombuffer(text, np.uint8)[offsets[0] : offsets[-1]]
                yield offsets - offsets[0], marks


def _unclean(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.match_substring_regex(cells, _SUSPECT), False)
