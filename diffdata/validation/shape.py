"""Faults of the shape of a CSV file: its header, the lengths of its rows, its quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diffdata.descriptor import TableSchema
from diffdata.errors import suggestion
from diffdata.validation.cells import fits
from diffdata.validation.issue import Issue


def row_key(cells: Mapping[str, str], schema: TableSchema) -> str | None:
    """Return the key of a row as people write it: ``model_id=gpt-3``."""
    parts = [f"{name}={cells[name]}" for name in schema.primary_key if cells.get(name)]
    return ", ".join(parts) or None


def byte_order_mark(file: str) -> Issue:
    """Report a byte order mark."""
    return _fault(file, 1, "byte-order-mark", "the file begins with a byte order mark",
                  "save it as UTF-8 without a byte order mark")  # fmt: skip


def empty_file(file: str, schema: TableSchema) -> Issue:
    """Report a file without a header."""
    hint = f"begin with: {','.join(schema.column_names)}"
    return _fault(file, 1, "header", "the file is empty", hint)


def too_wide(file: str, found: int, limit: int) -> Issue:
    """Report a header with more columns than any table has."""
    message = f"the header has {found} columns, more than {limit} are not read"
    hint = "check the line ends: a table with lost newlines is one long row"
    return _fault(file, 1, "header", message, hint)


def not_csv(file: str, line: int, reason: str, column: str | None) -> Issue:
    """Report a row that cannot be split into cells, and the column of its first quote."""
    hint = "a quote inside a quoted cell is written twice"
    if "field limit" in reason or "end of data" in reason:
        reason, hint = "a quote that opens is not closed", "close the quote, or remove it"
    elif "expected after" in reason:
        reason = "a quote opens and does not close before the next comma"
    return _fault(file, line, "csv", f"the row cannot be split into cells: {reason}", hint, column)


def blank_row(file: str, line: int) -> Issue:
    """Report a row without any cell."""
    return _fault(file, line, "blank-row", "the row is blank", "delete the line")


def key_only(cells: Sequence[str], header: Sequence[str], schema: TableSchema) -> list[str]:
    """Return a row of the right length that keeps no more than its key, if that stands first."""
    keep = 0
    if tuple(header[: len(schema.primary_key)]) == schema.primary_key:
        keep = min(len(schema.primary_key), len(cells))
    return [*cells[:keep], *[""] * (len(header) - keep)]


def row_length(
    file: str, line: int, cells: Sequence[str], header: Sequence[str], schema: TableSchema
) -> Issue:
    """Report a row that is too long or too short, and where it went wrong if that can be told.

    One cell too many or too few is tried at each place; the place where all other cells fit their
    columns is named, if there is only one.
    """
    message = f"the row has {len(cells)} cells, expected {len(header)} as in the header"
    place = _place_of_fault(cells, header, schema)
    column = header[place] if place is not None else None
    if len(cells) > len(header):
        hint = "a cell that holds a comma must stand in double quotes"
        if place is not None:
            hint = f'write "{cells[place]},{cells[place + 1]}" in {column}, with the quotes'
    else:
        hint = "a comma is missing: an empty cell needs its comma too"
        if column is not None:
            hint = f"the cell of {column} is missing, or its comma"
    key = row_key(dict(zip(header, key_only(cells, header, schema), strict=False)), schema)
    return Issue(file, line, column, key, None, "row-length", "error", message, hint)


def _place_of_fault(cells: Sequence[str], header: Sequence[str], schema: TableSchema) -> int | None:
    """Return the one place where a comma too many or too few explains all cells of a row."""
    more = len(cells) - len(header)
    if more not in (-1, 1) or not set(header) <= set(schema.column_names):
        return None
    fields = [schema.field(name) for name in header]
    # Up to the place the cells stand in their columns, behind it one further on or back.
    before = [fits(cell, field, schema) for cell, field in zip(cells, fields, strict=False)]
    behind = [
        0 <= place + more < len(cells) and fits(cells[place + more], field, schema)
        for place, field in enumerate(fields)
    ]
    places = [
        place
        for place, field in enumerate(fields)
        if all(before[:place])
        and all(behind[place + 1 :])
        and fits(f"{cells[place]},{cells[place + 1]}" if more == 1 else "", field, schema)
    ]
    return places[0] if len(places) == 1 else None


def header_faults(file: str, header: Sequence[str], schema: TableSchema) -> list[Issue]:
    """Report columns that are missing, unknown, doubled or in another order."""
    expected = schema.column_names
    if len(header) == 1 and len(expected) > 1 and header[0] not in expected:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
            if mark in header[0]:
                message = f"the cells are separated by {name}, expected commas"
                return [_fault(file, 1, "delimiter", message, "save the file as CSV with commas")]
    issues = []
    for name in sorted({name for name in header if header.count(name) > 1}):
        message = f"the column {name!r} stands twice"
        issues.append(_fault(file, 1, "header", message, "remove one of them", name))
    for name in dict.fromkeys(header):
        if name not in expected and schema.fields_match in ("exact", "equal", "superset"):
            unused = [column for column in expected if column not in header]
            hint = suggestion(name, unused, "add it to the schema, or remove it")
            message = f"the schema has no column {name!r}"
            issues.append(_fault(file, 1, "header", message, hint, name))
    for name in expected:
        if name not in header and schema.fields_match in ("exact", "equal", "subset"):
            message = f"the column {name!r} is missing"
            hint = "add it; where the value is not known the cell stays empty"
            issues.append(_fault(file, 1, "header", message, hint, name))
    if schema.fields_match == "partial" and not set(header) & set(expected):
        issues.append(_fault(file, 1, "header", "none of the columns of the schema is there"))
    if not issues and schema.fields_match == "exact" and tuple(header) != expected:
        message = "the columns stand in another order than in the schema"
        moved = next(name for name, own in zip(header, expected, strict=True) if name != own)
        issues.append(_fault(file, 1, "header", message, f"expected: {','.join(expected)}", moved))
    return issues


def _fault(
    file: str, line: int, rule: str, message: str, hint: str = "", column: str | None = None
) -> Issue:
    return Issue(file, line, column, None, None, rule, "error", message, hint)
