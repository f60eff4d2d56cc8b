"""Second step: columns of text become typed columns, or issues that quote the cells.

What is plainly of its type is converted a column at a time. Every other cell goes through
`parse_cell`, which alone decides; so the fast way may refuse too much, but never accept too much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.descriptor import Field, TableSchema
from diffdata.schemas import arrow_type
from diffdata.validation.cells import INTEGER, NUMBER, CellError, is_strict, parse_cell, quote
from diffdata.validation.issue import Issue
from diffdata.validation.shape import row_key
from diffdata.validation.text import TextTable

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

# Cells of these forms can be cast by Arrow, which gives the value that `parse_cell` gives.
_FORMS = {"number": NUMBER, "integer": INTEGER, "date": r"\d{4}-\d{2}-\d{2}"}


@dataclass(frozen=True)
class TypedTable:
    """The cells of a table as values.

    Attributes
    ----------
    schema, text
        What the values were made of.
    values
        One column for each column of the schema; null is an empty cell.
    unusable
        For each column with such cells, the rows in which the value is not known: the cell could
        not be parsed, or was not there.
    """

    schema: TableSchema
    text: TextTable
    values: pa.Table
    unusable: dict[str, Mask]

    def usable(self, positions: np.ndarray, columns: tuple[str, ...]) -> np.ndarray:
        """Return those of the rows in which all of these columns are known."""
        for name in columns:
            if name in self.unusable:
                positions = positions[~self.unusable[name][positions]]
        return positions


def to_typed(text: TextTable, schema: TableSchema) -> tuple[TypedTable, list[Issue]]:
    """Parse all cells of a table."""
    columns: dict[str, pa.ChunkedArray] = {}
    unusable: dict[str, Mask] = {}
    issues: list[Issue] = []
    broken = np.zeros(len(text), bool)
    broken[list(text.broken)] = True
    for field in schema.fields:
        cells = text.columns.get(field.name)
        if cells is None:
            columns[field.name] = pa.nulls(len(text), arrow_type(field))
            unusable[field.name] = np.ones(len(text), bool)
            continue
        values, refused = _convert(cells, field, schema)
        columns[field.name] = values
        for position, error in refused.items():
            issues.append(_refusal(text, schema, field, position, error))
        if refused or broken.any():
            mask = broken.copy() if field.name not in schema.primary_key else ~broken & False
            mask[list(refused)] = True
            unusable[field.name] = mask
    return TypedTable(schema, text, pa.table(columns), unusable), issues


def _refusal(
    text: TextTable, schema: TableSchema, field: Field, position: int, error: CellError
) -> Issue:
    cell = text.cell(position, field.name)
    message = f"{quote(cell)} is not allowed: expected {error.expected}"
    key = row_key(text.cells(position, schema.primary_key), schema)
    line = text.lines[position]
    return Issue(text.file, line, field.name, key, cell, "type", "error", message, error.hint)


def _convert(
    cells: pa.ChunkedArray, field: Field, schema: TableSchema
) -> tuple[pa.ChunkedArray, dict[int, CellError]]:
    """Return the values of a column, and the cells that are none, by position."""
    missing = field.missing_values or schema.missing_values
    if set(missing) - {""}:
        absent = pc.is_in(cells, pa.array(missing, pa.string()))
        cells = pc.if_else(absent, pa.scalar(None, pa.string()), cells)
    strict = is_strict(schema, field)
    if (field.type == "string" and field.format == "default") or field.type in ("any", "list"):
        if not strict or _all_clean(cells):
            return cells, {}
        rest = _unclean(cells)
        values = cells
    else:
        values = _cast(cells, field)
        rest = pc.and_not(cells.is_valid(), values.is_valid())
    return _exact(cells, values, rest, field, strict)


def _cast(cells: pa.ChunkedArray, field: Field) -> pa.ChunkedArray:
    """Cast what is plainly of the type; the rest becomes null."""
    target = arrow_type(field)
    form = _FORMS.get(field.type)
    if form is None or field.format != "default" or field.group_char or field.decimal_char != ".":
        return pa.chunked_array([pa.nulls(len(cells), target)])
    try:
        values = pc.cast(cells, target)
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(cells, f"^(?:{form})$")
        sure = pc.if_else(plain, cells, pa.scalar(None, pa.string()))
        try:
            values = pc.cast(sure, target)
        except pa.ArrowInvalid:  # as 2020-02-30, or a whole number of more than 64 bits
            return pa.chunked_array([pa.nulls(len(cells), target)])
    if field.type == "number":  # neither nan nor infinity, which Arrow takes
        return pc.if_else(pc.is_finite(values), values, pa.scalar(None, target))
    if field.type == "integer":  # nor 0x1F
        whole = pc.match_substring_regex(cells, f"^(?:{INTEGER})$")
        return pc.if_else(whole, values, pa.scalar(None, target))
    return values


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
        parsed.append(_within(value, values.type))
    codes = left.indices.to_numpy()
    replaced = pa.array([parsed[code] for code in codes], values.type)
    mask = np.zeros(len(cells), bool)
    mask[positions] = True
    values = pc.replace_with_mask(values.combine_chunks(), pa.array(mask), replaced)
    refused = {
        int(position): errors[code]
        for position, code in zip(positions, codes, strict=True)
        if code in errors
    }
    return pa.chunked_array([values]), refused


def _within(value: object, target: pa.DataType) -> object:
    """Return a value that its type can hold; whole numbers of strangers may be too large for it."""
    if isinstance(value, int) and pa.types.is_int64(target) and not -(2**63) <= value < 2**63:
        return None
    return str(value) if value is not None and pa.types.is_string(target) else value


# Text that the profile may refuse: control and hidden characters, or blanks around it.
_SUSPECT = r"^\s|\s$|[\x00-\x1f\x7f]|[^\x00-\x7f]"


def _all_clean(cells: pa.ChunkedArray) -> bool:
    """Tell whether text is beyond doubt: looks at the bytes of the whole column at once."""
    for chunk in cells.chunks:
        buffers = chunk.buffers()
        if buffers[2] is None:
            continue
        offsets = np.frombuffer(buffers[1], np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        marks = np.frombuffer(buffers[2], np.uint8)[offsets[0] : offsets[-1]]
        if ((marks < 32) | (marks > 126)).any():
            return False
    return not (
        pc.any(pc.starts_with(cells, " ")).as_py() or pc.any(pc.ends_with(cells, " ")).as_py()
    )


def _unclean(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.match_substring_regex(cells, _SUSPECT), False)
