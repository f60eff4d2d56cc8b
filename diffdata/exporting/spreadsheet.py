"""Excel workbooks."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from diffdata.errors import InvalidInputError
from diffdata.exporting.contents import (
    ABOUT,
    COLUMNS,
    Contents,
    TableContent,
    library,
    refuse_names,
)
from diffdata.exporting.texts import looks_like_formula

# The limits of the format: the length of the name of a sheet and of a text, the digits of a number,
# and the first day after the 29 February 1900 that Excel believes in.
_SHEET_NAME = 31
_TEXT = 32_767
_EXACT = 10**15
_FIRST_DAY = datetime.date(1900, 3, 1)


def write_xlsx(found: Contents, path: Path) -> None:
    """Write a workbook: ``about``, ``columns``, and a sheet a table.

    Dates are dates. Texts are texts, never formulas. A whole number of more than 15 digits, which
    Excel would round, and a date before March 1900, which it does not know, are written as text.

    Raises
    ------
    InvalidInputError
        If openpyxl is not installed, a name is too long for a sheet, or a text for a cell.
    """
    openpyxl = library("openpyxl", "xlsx")
    refuse_names(found, "xlsx")
    for name in found.names:
        if len(name) > _SHEET_NAME:
            raise InvalidInputError(
                f"to xlsx: the name of table {name!r} is too long for a sheet, "
                f"which takes {_SHEET_NAME} characters; export to another format"
            )
    for table in found.tables:
        _refuse_long_texts(table)
    book = openpyxl.Workbook(write_only=True)
    book.properties.title = found.package.descriptor.title
    book.properties.version = found.package.version
    book.properties.creator = found.package.descriptor.name
    _sheet(book, "about", ABOUT, found.about())
    _sheet(book, "columns", COLUMNS, found.columns())
    for table in found.tables:
        _sheet(book, table.name, table.schema.column_names, table.rows())
    book.save(path)


def _sheet(book: Any, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    sheet.append(list(header))
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _refuse_long_texts(table: TableContent) -> None:
    """Refuse what openpyxl would cut off without a word."""
    for number, row in enumerate(table.rows(), start=2):
        for name, value in zip(table.schema.column_names, row, strict=True):
            if isinstance(value, str) and len(value) > _TEXT:
                raise InvalidInputError(
                    f"to xlsx: {table.name}, row {number}, {name}: a text of {len(value)} "
                    f"characters, a cell takes {_TEXT}; export to another format"
                )


def _cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _EXACT:
        value = str(value)
    if isinstance(value, datetime.date):
        if value < _FIRST_DAY:
            return value.isoformat()
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd"
        return cell
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"  # openpyxl would make a formula of what begins with =
    if looks_like_formula(value):
        cell.quotePrefix = True  # so it stays a text when somebody edits it
    return cell
