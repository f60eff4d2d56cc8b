"""Excel workbooks."""

from __future__ import annotations

import datetime
import io
import re
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyarrow as pa

from diffdata.errors import InvalidInputError, optional_library
from diffdata.exporting.contents import Contents, is_formula, rows

# Limits of the format: the length of a sheet name, the size of a sheet, the UTF-16 units of a text,
# and the integers that a double represents with 15 digits.
_SHEET_NAME, _ROWS, _COLUMNS = 31, 2**20, 2**14
_TEXT = 32_767
_EXACT = 10**15
# Excel assumes a 29 February 1900, so its earlier dates are wrong by a day.
_FIRST_DAY = datetime.date(1900, 3, 1)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_DATE = datetime.datetime(1980, 1, 1)  # the first date that a zip archive can store


def write_xlsx(contents: Contents, path: Path) -> None:
    """Write a workbook: the sheets ``about`` and ``columns``, and a sheet per table."""
    openpyxl = optional_library("openpyxl")
    writer = optional_library("openpyxl.writer.excel")
    sheets = contents.extra_tables("xlsx") | contents.tables
    for name, table in sheets.items():
        if fault := _fault(name, table):
            raise InvalidInputError(f"to xlsx: {name}{fault}; export to another format")
    descriptor = contents.package.descriptor
    book = openpyxl.Workbook(write_only=True)
    properties = book.properties
    properties.title, properties.creator = _NOT_XML.sub("", descriptor.title), descriptor.name
    properties.version = descriptor.version
    properties.created = properties.modified = (descriptor.created or _NO_DATE).replace(tzinfo=None)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for row in (table.column_names, *rows(table)):
            sheet.append([_cell(sheet, value) for value in row])
    made = io.BytesIO()
    writer.ExcelWriter(book, ZipFile(made, "w")).save()  # `book.save` would store the time
    with ZipFile(made) as parts, ZipFile(path, "w") as archive:
        for entry in parts.namelist():
            dated = ZipInfo(entry, _NO_DATE.timetuple()[:6])
            archive.writestr(dated, parts.read(entry), ZIP_DEFLATED)


def _fault(name: str, table: pa.Table) -> str | None:
    """Return why Excel cannot open a table, or why openpyxl would truncate it."""
    if len(name) > _SHEET_NAME:
        return f": the name is too long for a sheet, which allows {_SHEET_NAME} characters"
    if name == "history":
        return ": Excel reserves the sheet name History"
    if table.num_columns > _COLUMNS or table.num_rows >= _ROWS:
        return f": a sheet has at most {_COLUMNS} columns and {_ROWS} rows, with the header"
    for number, row in enumerate(table.to_pylist(), start=2):
        for column, value in row.items():
            place = f", row {number}, {column}: "
            text = value if isinstance(value, str) else ""
            length = len(text.encode("utf-16-le")) // 2
            if length > _TEXT:
                return f"{place}a text of {length} characters in UTF-16, a cell allows {_TEXT}"
            if found := _NOT_XML.search(text):
                return f"{place}a workbook cannot store U+{ord(found[0]):04X}"
    return None


def _cell(sheet: Any, value: Any) -> Any:
    """Return a cell; large integers and dates before March 1900 become text."""
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
    cell.data_type = "s"  # openpyxl would write text that begins with = as a formula
    if is_formula(value):
        cell.quotePrefix = True  # the cell remains text when somebody edits it
    return cell
