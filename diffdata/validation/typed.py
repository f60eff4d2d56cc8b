"""From columns of text to typed columns, and issues that quote the cells that do not fit."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.errors import Issue, Severity
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.arrow import arrow_type
from diffdata.types.text import CellError, quote
from diffdata.validation.cells import convert, unchecked
from diffdata.validation.evaluate import Mask, side_by_side
from diffdata.validation.prepare import lazy
from diffdata.validation.shape import MOST_ISSUES, row_key
from diffdata.validation.text import TextTable

_KEPT = 1000  # characters of a cell that an issue keeps


@dataclass
class Found:
    """The issues of a table so far; those after the first `MOST_ISSUES` are only counted.

    ``counts`` says how many there are of each column and rule, listed or not.
    """

    issues: list[Issue] = dataclasses.field(default_factory=list)
    counts: Counter[tuple[str | None, str]] = dataclasses.field(default_factory=Counter)

    def add(self, issues: Iterable[Issue]) -> None:
        """Add issues."""
        added = list(issues)
        self.issues += added
        self.counts.update((issue.column, issue.rule) for issue in added)

    def add_rows(
        self, column: str, rule: str, positions: Sequence[int], make: Callable[[int], Issue]
    ) -> None:
        """Add an issue for each row, as long as there is room."""
        self.counts[column, rule] += len(positions)
        room = max(0, MOST_ISSUES - len(self.issues))
        self.issues += [make(position) for position in positions[:room]]

    def left_out(self, file: str) -> list[Issue]:
        """Return an issue with the number of issues if not all are listed."""
        number = self.counts.total()
        if number <= MOST_ISSUES:
            return []
        message = f"{number:,} faults, of which the first {MOST_ISSUES:,} were looked at"
        return [Issue(file, rule="too-many", message=message)]


@dataclass(frozen=True)
class TypedTable:
    """The cells of a table as values; null is an empty cell.

    ``unknown`` has, for each column with such cells, the rows whose value is unknown: the cell
    could not be parsed, or is missing.
    """

    schema: TableSchema
    text: TextTable
    values: pa.Table
    unknown: dict[str, Mask]
    _texts: dict[str, frozenset[str]] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def frame(self) -> nw.LazyFrame[Any]:
        """The columns that the file has, as other tables refer to them."""
        return lazy(self.values.select(list(self.text.columns)))

    def texts(self, column: str) -> frozenset[str]:
        """Return the texts in a column."""
        if column not in self._texts:
            cells = self.text.columns.get(column)
            found = [] if cells is None else pc.unique(cells).to_pylist()
            self._texts[column] = frozenset(filter(None, found))
        return self._texts[column]


def to_typed(text: TextTable, schema: TableSchema, found: Found) -> TypedTable:
    """Parse all cells of a table; those that are not of their type are added to the issues."""
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
        if note := unchecked(field):
            found.add(
                [Issue(text.file, None, field.name, None, "", "json-schema", "warning", note)]
            )
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
    return row_issue(text, schema, position, field.name, cell, error.rule, message, error.hint)


def _formula(text: TextTable, schema: TableSchema, field: Field, position: int) -> Issue:
    cell = text.cell(position, field.name)
    message = f"a spreadsheet would run {quote(cell)} as a formula"
    hint = "write it differently; `diffdata export --safe` puts an apostrophe before it"
    return row_issue(text, schema, position, field.name, cell, "formula", message, hint, "warning")


def row_issue(
    text: TextTable, schema: TableSchema, position: int, column: str, value: str, rule: str,
    message: str, hint: str, severity: Severity = "error",
) -> Issue:  # fmt: skip
    """Return an issue of a row, with its line and key, and what is in its cells."""
    key = row_key(text.cells(position, schema.primary_key), schema)
    line = text.lines[position]
    return Issue(text.file, line, column, key, value[:_KEPT], rule, severity, message, hint)
