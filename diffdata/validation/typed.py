"""Cells and columns of text as values, and issues that quote the cells that do not fit."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from importlib.util import find_spec
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.errors import Issue, Severity
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types import columns
from diffdata.types.definitions import definition
from diffdata.types.text import CellError, parse, quote
from diffdata.validation.evaluate import Mask, side_by_side
from diffdata.validation.prepare import lazy
from diffdata.validation.shape import MOST_ISSUES, row_key
from diffdata.validation.suggestions import suggested_boolean, suggested_date, suggested_number
from diffdata.validation.text import TextTable

_KEPT = 1000  # characters of a cell that an issue keeps
_QUICKLY_READ = 16 * 2**20  # bytes
_HINTS: dict[str, Callable[[str], str]] = {
    "integer": lambda text: suggested_number(text, whole=True),
    "number": lambda text: suggested_number(text, whole=False),
    "boolean": suggested_boolean,
    "date": suggested_date,
}


def parse_cell(text: str, field: Field, strict: bool = True) -> Any:
    """Return the value of a cell, None if it is empty; `strict` as the profile asks.

    A CellError says what was expected. Nothing is guessed: a fix is only suggested.
    """
    return None if text == "" else _parse(text, field, strict)


def _parse(text: str, field: Field, strict: bool) -> Any:
    """Return the value of a cell; an error of the profile has a hint how to fix the cell."""
    try:
        value = parse(text, field, strict)
        if field.constraints.json_schema is not None and find_spec("jsonschema"):
            _check_json(text, json.dumps(field.constraints.json_schema))
        return value
    except CellError as error:
        of_form = error.expected.startswith(definition(field).expected)
        if strict and of_form and field.format == "default" and field.type in _HINTS:
            error.hint = _HINTS[field.type](text)
        raise


def _check_json(text: str, schema: str) -> None:
    """Check JSON against the JSON Schema of its column; nothing is fetched."""
    try:
        error = next(iter(_json_validator(schema).iter_errors(json.loads(text))), None)
    except Exception as fault:  # noqa: BLE001 - whatever a foreign schema causes
        reason = str(fault).partition("\n")[0][:200] or type(fault).__name__
        raise CellError(f"what jsonSchema says, which cannot be evaluated: {reason}") from None
    if error is not None:
        raise CellError(
            f"JSON that satisfies jsonSchema: {error.message[:200]}", rule="json-schema"
        )


@lru_cache(16)
def _json_validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend, validator_for
    from referencing import Registry

    def matches(_: Any, pattern: str, text: Any, __: Any) -> Iterator[ValidationError]:
        # RE2, for the patterns of foreign schemas may take too long elsewhere.
        if isinstance(text, str) and not pc.match_substring_regex(pa.scalar(text), pattern).as_py():
            yield ValidationError(f"{text!r} does not match {pattern!r}")

    for key in ("patternProperties", "$schema"):
        if f'"{key}":' in schema.replace('"$schema":', "", 1):
            raise ValueError(f"{key} is not supported")
    described = json.loads(schema)
    kind = validator_for(described, default=Draft202012Validator)
    kind.check_schema(described)
    extended = extend(kind, {"pattern": matches})  # type: ignore[no-untyped-call]
    return extended(described, registry=Registry())


def convert(
    cells: pa.ChunkedArray, field: Field, schema: TableSchema
) -> tuple[pa.ChunkedArray, dict[int, CellError], list[int]]:
    """Convert the cells of a column, see `diffdata.types.columns.convert`; errors have hints."""
    return columns.convert(cells, field, schema, _parse)


@dataclass
class Found:
    """The issues of a table so far, and how many each column and rule has, listed or not."""

    issues: list[Issue] = dataclasses.field(default_factory=list)  # the first `MOST_ISSUES`
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
    """The cells of a table as values; null is an empty cell."""

    schema: TableSchema
    text: TextTable
    values: pa.Table
    unknown: dict[str, Mask]  # by column, the rows whose cell cannot be parsed or is missing
    _texts: dict[str, frozenset[str]] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def frame(self) -> nw.LazyFrame[Any]:
        """The columns that the file has, as other tables refer to them."""
        return lazy(self.values.select(list(self.text.columns)))

    @cached_property
    def digest(self) -> str:
        """A digest of all that checks read of the table, empty if it is too large to be quick."""
        return self.digest_of(self.values.column_names, self.schema.as_text)

    def digest_of(self, names: Collection[str], described: str = "") -> str:
        """Return a digest of some columns, empty if the table is too large."""
        if self.values.nbytes > _QUICKLY_READ:
            return ""
        columns = [name for name in self.values.column_names if name in names]
        plain = pa.BufferOutputStream()
        values = self.values.select(columns)
        with pa.ipc.new_stream(plain, values.schema) as stream:
            stream.write_table(values)
        found = hashlib.sha256(plain.getvalue())
        unknown = {name: self.unknown[name].tobytes() for name in columns if name in self.unknown}
        present = [name for name in columns if name in self.text.columns]
        rest = (described, len(values), present, self.text.complete, unknown)
        found.update(repr(rest).encode())
        return found.hexdigest()

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
    # Columns that the file lacks are empty, and what their cells would be is unknown.
    values: dict[str, pa.ChunkedArray] = {
        field.name: pa.nulls(len(text), columns.arrow_type(field)) for field in schema.fields
    }
    absent = values.keys() - text.columns.keys()
    unknown: dict[str, Mask] = {name: np.ones(len(text), bool) for name in absent}
    broken = np.zeros(len(text), bool)
    broken[list(text.broken)] = True
    for field, (converted, refused, formulas) in zip(fields, results, strict=True):
        name = field.name
        values[name] = converted
        if field.constraints.json_schema is not None and not find_spec("jsonschema"):
            note = f"jsonSchema of {name!r} is not checked: the library jsonschema is not installed"
            found.add([Issue(text.file, None, name, None, "", "json-schema", "warning", note)])
        for rule in dict.fromkeys(error.rule for error in refused.values() if error.rule):
            rows = [position for position, error in refused.items() if error.rule == rule]
            found.add_rows(name, rule, rows, partial(_refusal, text, schema, field, refused))
        found.add_rows(name, "formula", formulas, partial(_formula, text, schema, field))
        if refused or broken.any():
            mask = broken.copy()
            if name in schema.primary_key:  # of a broken row the key is kept, if it is known
                mask &= converted.is_null().to_numpy()
            mask[list(refused)] = True
            unknown[name] = mask
    return TypedTable(schema, text, pa.table(values), unknown)


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
