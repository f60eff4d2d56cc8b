"""Second step: columns of text become typed columns, or issues that quote the cells.

What is plainly of its type is converted a column at a time. Every other cell goes through
`parse_cell`, which alone decides; so the fast way may refuse too much, but never accept too much.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.descriptor import Field, TableSchema
from diffdata.schemas import arrow_type
from diffdata.validation.cells import CellError, is_strict, parse_cell, quote
from diffdata.validation.issue import Found, Issue
from diffdata.validation.mends import INTEGER, NUMBER
from diffdata.validation.shape import row_key
from diffdata.validation.text import TextTable

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

# Cells of these forms can be cast by Arrow, which gives the value that `parse_cell` gives.
_DAY = (
    r"[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|"
    r"(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_FORMS = {"number": NUMBER, "integer": r"[+-]?[0-9]{1,18}", "date": _DAY}
_KEPT = 1000  # characters of a cell that an issue keeps
_FIRST_DAY = datetime.date(1, 1, 1)


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
    _texts: dict[str, frozenset[str]] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

    def usable(self, positions: np.ndarray, columns: tuple[str, ...]) -> np.ndarray:
        """Return those of the rows in which all of these columns are known."""
        for name in columns:
            if name in self.unusable:
                positions = positions[~self.unusable[name][positions]]
        return positions

    def texts(self, column: str) -> frozenset[str]:
        """Return the texts that stand in a column."""
        if column not in self._texts:
            cells = self.text.columns.get(column)
            found = [] if cells is None else pc.unique(cells).to_pylist()
            self._texts[column] = frozenset(filter(None, found))
        return self._texts[column]


def to_typed(text: TextTable, schema: TableSchema, found: Found) -> TypedTable:
    """Parse all cells of a table; those that are none of their type are added to the issues."""
    fields = [field for field in schema.fields if field.name in text.columns]
    # Arrow works outside of the lock of Python, so that columns can be converted side by side.
    with ThreadPoolExecutor(_workers(len(text))) as pool:
        converted = dict(
            zip(
                [field.name for field in fields],
                pool.map(lambda field: _convert(text.columns[field.name], field, schema), fields),
                strict=True,
            )
        )
    columns: dict[str, pa.ChunkedArray] = {}
    unusable: dict[str, Mask] = {}
    broken = np.zeros(len(text), bool)
    broken[list(text.broken)] = True
    for field in schema.fields:
        if field.name not in converted:
            columns[field.name] = pa.nulls(len(text), arrow_type(field))
            unusable[field.name] = np.ones(len(text), bool)
            continue
        values, refused, formulas = converted[field.name]
        columns[field.name] = values
        for rule in dict.fromkeys(error.rule for error in refused.values() if error.rule):
            rows = [position for position, error in refused.items() if error.rule == rule]
            found.add_rows(field.name, rule, rows, partial(_refusal, text, schema, field, refused))
        found.add_rows(field.name, "formula", formulas, partial(_formula, text, schema, field))
        if refused or broken.any():
            mask = broken.copy()
            if field.name in schema.primary_key:  # of a broken row the key is kept, if it is known
                mask &= values.is_null().to_numpy()
            mask[list(refused)] = True
            unusable[field.name] = mask
    return TypedTable(schema, text, pa.table(columns), unusable)


def _workers(rows: int) -> int:
    """Return how many threads are worth their while."""
    return min(8, os.cpu_count() or 1) if rows > 10_000 else 1


def _refusal(
    text: TextTable, schema: TableSchema, field: Field, refused: dict[int, CellError], position: int
) -> Issue:
    error, cell = refused[position], text.cell(position, field.name)
    message = f"{quote(cell)} is not allowed: expected {error.expected}"
    key = row_key(text.cells(position, schema.primary_key), schema)
    line = text.lines[position]
    return Issue(
        text.file, line, field.name, key, cell[:_KEPT], error.rule, "error", message, error.hint
    )


def _formula(text: TextTable, schema: TableSchema, field: Field, position: int) -> Issue:
    cell = text.cell(position, field.name)
    key = row_key(text.cells(position, schema.primary_key), schema)
    message = f"a spreadsheet would take {quote(cell)} for a formula"
    hint = "write it in another way; `diffdata export --safe` puts an apostrophe before it"
    line = text.lines[position]
    return Issue(
        text.file, line, field.name, key, cell[:_KEPT], "formula", "warning", message, hint
    )


def _convert(
    cells: pa.ChunkedArray, field: Field, schema: TableSchema
) -> tuple[pa.ChunkedArray, dict[int, CellError], list[int]]:
    """Return the values of a column, the cells that are none, by position, and the formulas."""
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
        values = _cast(cells, field)
        rest = pc.and_not(cells.is_valid(), values.is_valid())
    values, refused = _exact(cells, values, rest, field, strict)
    return values, refused, _formulas(cells) if field.type == "string" else []


# What a spreadsheet takes for a formula that does something; prose such as "= 451 MWh" is none.
_FORMULA = r"^(=\S|=\s+[A-Za-z.]+\(|[@+-]\S*[(|!])"


def _formulas(cells: pa.ChunkedArray) -> list[int]:
    """Return the rows in which a text would be run by a spreadsheet."""
    begins = functools.reduce(pc.or_, (pc.starts_with(cells, mark) for mark in "=@+-"))
    if not pc.any(begins).as_py():
        return []
    positions = np.flatnonzero(pc.fill_null(begins, False).to_numpy())
    suspect = pc.take(cells, pa.array(positions))
    runs = pc.match_substring_regex(suspect, _FORMULA).to_numpy().astype(bool)
    return [int(position) for position in positions[runs]]


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
        values = pc.cast(pc.if_else(plain, cells, pa.scalar(None, pa.string())), target)
    if field.type == "date":  # no year 0
        early = pc.less(values, pa.scalar(_FIRST_DAY))
        if pc.any(early).as_py():
            return pc.if_else(early, pa.scalar(None, target), values)
    if field.type == "number":  # neither nan nor infinity, which Arrow takes
        if not pc.all(pc.is_finite(values)).as_py():
            values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, target))
        return _without_lost_digits(cells, values)
    if field.type == "integer" and pc.any(pc.match_substring(cells, "x", ignore_case=True)).as_py():
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
