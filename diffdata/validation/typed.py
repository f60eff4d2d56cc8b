"""Second step: columns of text become typed columns, or issues that quote the cells."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.errors import Issue
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.dtypes import arrow_type
from diffdata.validation.cells import CellError, quote
from diffdata.validation.columns import convert
from diffdata.validation.evaluate import Mask, side_by_side
from diffdata.validation.found import Found
from diffdata.validation.shape import row_key
from diffdata.validation.text import TextTable

KEPT = 1000  # characters of a cell that an issue keeps


@dataclass(frozen=True)
class TypedTable:
    """The cells of a table as values.

    Attributes
    ----------
    schema, text
        What the values were made of.
    values
        One column for each column of the schema; null is an empty cell.
    unknown
        For each column with such cells, the rows in which the value is not known: the cell could
        not be parsed, or was not there.
    """

    schema: TableSchema
    text: TextTable
    values: pa.Table
    unknown: dict[str, Mask]
    _texts: dict[str, frozenset[str]] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

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
    results = side_by_side(
        lambda field: convert(text.columns[field.name], field, schema), fields, len(text)
    )
    converted = {field.name: result for field, result in zip(fields, results, strict=True)}
    columns: dict[str, pa.ChunkedArray] = {}
    unknown: dict[str, Mask] = {}
    broken = np.zeros(len(text), bool)
    broken[list(text.broken)] = True
    for field in schema.fields:
        if field.name not in converted:
            columns[field.name] = pa.nulls(len(text), arrow_type(field))
            unknown[field.name] = np.ones(len(text), bool)
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
            unknown[field.name] = mask
    return TypedTable(schema, text, pa.table(columns), unknown)


def _refusal(
    text: TextTable, schema: TableSchema, field: Field, refused: dict[int, CellError], position: int
) -> Issue:
    error, cell = refused[position], text.cell(position, field.name)
    message = f"{quote(cell)} is not allowed: expected {error.expected}"
    key = row_key(text.cells(position, schema.primary_key), schema)
    line = text.lines[position]
    return Issue(
        text.file, line, field.name, key, cell[:KEPT], error.rule, "error", message, error.hint
    )


def _formula(text: TextTable, schema: TableSchema, field: Field, position: int) -> Issue:
    cell = text.cell(position, field.name)
    key = row_key(text.cells(position, schema.primary_key), schema)
    message = f"a spreadsheet would take {quote(cell)} for a formula"
    hint = "write it in another way; `diffdata export --safe` puts an apostrophe before it"
    line = text.lines[position]
    return Issue(text.file, line, field.name, key, cell[:KEPT], "formula", "warning", message, hint)
