"""First step: a CSV file as rows of text, each with the line where it begins."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from diffdata.descriptor import TableSchema
from diffdata.errors import suggestion
from diffdata.validation.issue import Issue


@dataclass(frozen=True)
class Row:
    """One row as text: its line in the file and its cells by column name."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class TextTable:
    """The rows of a CSV file; not complete if some of it could not be read."""

    file: str
    rows: list[Row]
    complete: bool


def read_rows(text: str, file: str, schema: TableSchema) -> tuple[TextTable, list[Issue]]:
    """Split the text of a CSV file into rows and check its shape: header, row lengths, blank rows.

    Parameters
    ----------
    text
        The whole file, decoded.
    file
        Its name in issues.
    schema
        The schema that says which columns to expect.

    Returns
    -------
    table, issues
        All rows but blank ones. Of a row that is too long or too short only the key is kept, since
        it is not known which cell belongs where.
    """
    rows: list[Row] = []
    issues: list[Issue] = []
    header: list[str] | None = None
    complete = True
    if text.startswith("\ufeff"):
        text = text.removeprefix("\ufeff")
        issues.append(
            _fault(file, 1, "byte-order-mark", "the file begins with a byte order mark",
                   "save it as UTF-8 without a byte order mark")
        )  # fmt: skip
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = "check the quotes: a quote inside a quoted cell is written twice"
            issues.append(_fault(file, line, "csv", f"this is not CSV from here on: {error}", hint))
            complete = False
            break
        if cells is None:
            break
        if header is None:
            header = cells
            issues += _header_faults(file, header, schema)
        elif not any(cells):
            issues.append(_fault(file, line, "blank-row", "the row is blank", "delete the line"))
        else:
            row = Row(line, dict(zip(header, cells, strict=False)))
            if len(cells) != len(header):
                leads = tuple(header[: len(schema.primary_key)]) == schema.primary_key
                key = {name: row.cells.get(name, "") for name in schema.primary_key if leads}
                row = Row(line, key)
                issues.append(_length_fault(file, row, len(cells), len(header), schema))
            rows.append(row)
    if header is None:
        hint = f"begin with: {','.join(schema.column_names)}"
        issues.append(_fault(file, 1, "header", "the file is empty", hint))
    return TextTable(file, rows, complete), issues


def row_key(cells: dict[str, str], schema: TableSchema) -> str | None:
    """Return the key of a row as people write it: ``model_id=gpt-3``."""
    parts = [f"{name}={cells[name]}" for name in schema.primary_key if cells.get(name)]
    return ", ".join(parts) or None


def _fault(
    file: str, line: int, rule: str, message: str, hint: str = "", column: str | None = None
) -> Issue:
    return Issue(file, line, column, None, None, rule, "error", message, hint)


def _length_fault(file: str, row: Row, found: int, expected: int, schema: TableSchema) -> Issue:
    message = f"the row has {found} cells, expected {expected} as in the header"
    if found > expected:
        hint = "a cell that holds a comma must stand in double quotes"
    else:
        hint = "a comma is missing: an empty cell needs its comma too"
    key = row_key(row.cells, schema)
    return Issue(file, row.line, None, key, None, "row-length", "error", message, hint)


def _header_faults(file: str, header: list[str], schema: TableSchema) -> list[Issue]:
    expected = schema.column_names
    issues = []
    for name in sorted({name for name in header if header.count(name) > 1}):
        message = f"the column {name!r} stands twice"
        issues.append(_fault(file, 1, "header", message, "remove one of them", name))
    for name in header:
        if name not in expected:
            unused = [column for column in expected if column not in header]
            hint = suggestion(name, unused, "add it to the schema, or remove it")
            message = f"the schema has no column {name!r}"
            issues.append(_fault(file, 1, "header", message, hint, name))
    for name in expected:
        if name not in header:
            message = f"the column {name!r} is missing"
            hint = "add it; where the value is not known the cell stays empty"
            issues.append(_fault(file, 1, "header", message, hint, name))
    if not issues and tuple(header) != expected:
        message = "the columns stand in another order than in the schema"
        issues.append(_fault(file, 1, "header", message, f"expected: {','.join(expected)}"))
    return issues
