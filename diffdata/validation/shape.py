"""Faults of the shape of a CSV file: the lengths of its rows, its quotes, its line ends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from diffdata.errors import Issue
from diffdata.schemas.standard import Field, TableSchema
from diffdata.validation.cells import fits

_SHOWN = 200  # characters of a part of a key
_LISTED = 50  # columns that a message lists
_ENDS = {"\n": "a line feed", "\r\n": "the two characters of Windows", "\r": "a carriage return"}


def row_key(cells: Mapping[str, str], schema: TableSchema) -> str | None:
    """Return the key of a row as people write it: ``model_id=gpt-3``."""
    parts = [f"{name}={cells[name][:_SHOWN]}" for name in schema.primary_key if cells.get(name)]
    return ", ".join(parts) or None


def shape_fault(
    file: str, line: int, rule: str, message: str, hint: str = "", column: str | None = None
) -> Issue:
    """Return the issue that a file has not the shape of its table."""
    return Issue(file, line, column, None, None, rule, "error", message, hint)


def byte_order_mark(file: str) -> Issue:
    """Report a byte order mark."""
    return shape_fault(file, 1, "byte-order-mark", "the file begins with a byte order mark",
                       "save it as UTF-8 without a byte order mark")  # fmt: skip


def empty_file(file: str, schema: TableSchema) -> Issue:
    """Report a file without a header."""
    hint = f"begin with: {','.join(schema.column_names[:_LISTED])}"
    return shape_fault(file, 1, "header", "the file is empty", hint)


def not_csv(file: str, line: int, reason: str, column: str | None) -> Issue:
    """Report a row that cannot be split into cells, and the column of its first odd quote."""
    hint = "a quote inside a quoted cell is written twice"
    if "field limit" in reason:
        reason, hint = "a cell is longer than any is, or a quote is not closed", "close the quote"
    elif "end of data" in reason:
        reason, hint = "a quote that opens is not closed", "close the quote, or remove it"
    elif "expected after" in reason:
        reason = "a quote opens and does not close before the next comma"
    elif "not quoted" in reason:
        hint = "put the whole cell in quotes and write the quote inside twice, or remove it"
    message = f"the row cannot be split into cells: {reason}"
    return shape_fault(file, line, "csv", message, hint, column)


def not_utf8(file: str) -> Issue:
    """Report text whose every other byte is nothing: it was saved in two bytes a letter."""
    message = "this is UTF-16, not UTF-8"
    return shape_fault(file, 1, "encoding", message, "save the file with the encoding UTF-8")


def mixed_line_ends(file: str, line: int, first: str, other: str) -> Issue:
    """Report the first line that ends otherwise than the ones before it."""
    message = f"the line ends with {_ENDS[other]}, the lines before it with {_ENDS[first]}"
    hint = "save the file with one kind of line end"
    return Issue(file, line, None, None, None, "line-ends", "warning", message, hint)


def blank_row(file: str, line: int) -> Issue:
    """Report a row without any cell."""
    return shape_fault(file, line, "blank-row", "the row is blank", "delete the line")


def key_only(cells: Sequence[str], header: Sequence[str], schema: TableSchema) -> list[str]:
    """Return a row of the right length that keeps no more than its key, if that stands first."""
    keep = 0
    if tuple(header[: len(schema.primary_key)]) == schema.primary_key:
        keep = min(len(schema.primary_key), len(cells))
    return [*cells[:keep], *[""] * (len(header) - keep)]


def row_length(
    file: str, line: int, cells: Sequence[str], names: Sequence[str], schema: TableSchema,
    exact: bool = True,
) -> Issue:  # fmt: skip
    """Report a row that is too long or too short, and where it went wrong if that can be told.

    One cell too many or too few is tried at each place, if the answer is to be `exact`; where all
    other cells fit their columns then, the place is named.
    """
    message = f"the row has {len(cells)} cells, expected {len(names)} as in the header"
    places = _places_of_fault(cells, names, schema) if exact else []
    column = names[places[0]] if len(places) == 1 else None
    if len(cells) > len(names):
        hint = "a cell that holds a comma must stand in double quotes"
        if len(places) == 1:
            hint = _joined_hint(cells, places[0], schema.field(names[places[0]]))
    else:
        hint = "a comma is missing: an empty cell needs its comma too"
        if len(places) == 1:
            hint = f"the cell of {column} is missing, or its comma"
    if len(places) > 1:
        hint += f"; the fault is somewhere from {names[places[0]]} to {names[places[-1]]}"
    key = row_key(dict(zip(names, key_only(cells, names, schema), strict=False)), schema)
    return Issue(file, line, column, key, None, "row-length", "error", message, hint)


def _joined_hint(cells: Sequence[str], place: int, field: Field) -> str:
    """Say how to write the cell that a comma has cut in two."""
    first, second = cells[place], cells[place + 1]
    if field.type in ("number", "integer"):
        if re.fullmatch(r"[+-]?\d{1,3}", first) and re.fullmatch(r"\d{3}", second):
            return f"write {first}{second} (or {first}.{second}) in {field.name}, without the comma"
        return f"write {first}.{second} in {field.name}, with a point for the comma"
    if not (first and second):
        return f"remove the comma too many at {field.name}"
    return f'write "{first},{second}" in {field.name}, with the quotes'


def _places_of_fault(cells: Sequence[str], names: Sequence[str], schema: TableSchema) -> list[int]:
    """Return the places where a comma too many or too few explains all cells of a row."""
    more = len(cells) - len(names)
    if more not in (-1, 1) or not set(names) <= set(schema.column_names):
        return []
    fields = [schema.field(name) for name in names]
    # Up to the place the cells stand in their columns, behind it one further on or back.
    before = [fits(cell, field, schema) for cell, field in zip(cells, fields, strict=False)]
    behind = [
        0 <= place + more < len(cells) and fits(cells[place + more], field, schema)
        for place, field in enumerate(fields)
    ]
    last_misfit = max((place for place, fit in enumerate(behind) if not fit), default=-1)
    first_misfit = next((place for place, fit in enumerate(before) if not fit), len(fields))
    return [
        place
        for place in range(max(0, last_misfit), min(first_misfit + 1, len(fields)))
        if _explains(cells, place, more, fields[place], schema)
    ]


def _explains(
    cells: Sequence[str], place: int, more: int, field: Field, schema: TableSchema
) -> bool:
    if more == -1:  # whatever stood there is gone
        return True
    joined = f"{cells[place]},{cells[place + 1]}".strip(",")
    if field.type in ("number", "integer"):  # 3,14 and 5,000: a comma that should not be there
        joined = joined.replace(",", ".") if field.type == "number" else joined.replace(",", "")
    return fits(joined, field, schema)
