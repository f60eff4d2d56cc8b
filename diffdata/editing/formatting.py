"""One form for data files, so that a diff shows what changed and nothing else."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diffdata.errors import Issue, PackageError
from diffdata.package.files import write_atomically
from diffdata.package.packages import Package, read_text
from diffdata.schemas.standard import Field, TableSchema
from diffdata.validation.cells import CellError, parse_cell, quote
from diffdata.validation.shape import row_key
from diffdata.validation.text import first_row, read_table

# ASCII digits only: what else Python takes for a digit stays as it is, for the validator to judge.
_INTEGER = re.compile(r"(?P<sign>[+-]?)0*(?P<digits>[0-9]+)")
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)0*(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?:[eE](?P<power_sign>[+-]?)0*(?P<power>[0-9]+))?"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Row:
    """One row as text: its line in the file and its cells by column."""

    line: int
    cells: dict[str, str]


def format_text(text: str, schema: TableSchema, file: str = "table") -> str:
    """Return the text of a CSV file in its one form.

    The form: no byte order mark, lines end with a line feed, quotes only where CSV needs them, the
    columns of the schema in its order, rows sorted by primary key as text, no blank rows, no spaces
    around a cell. A column that is missing is added, with empty cells.

    Numbers keep their digits: the source prints ``0.00`` or ``2.50``, not ``0`` or ``2.5``, and
    ``150e6`` is easier to hold against the page than ``150000000``. Only their spelling becomes
    one: ``+.5E+06`` is written ``0.5e6``. What cannot be read as the column's type stays as it is.

    Parameters
    ----------
    text
        The whole file, decoded.
    schema
        The schema of its table.
    file
        Its name in messages.

    Raises
    ------
    PackageError
        If something could get lost: the text is not CSV, a row is too long or too short, a column
        is unknown, stands twice or is a missing part of the key, a cell holds a control character,
        or a key stands twice. Every such place is named with its line.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> schema = open_package().schema("calculation_inputs")
    >>> print(format_text('''calculation_id,estimate_id,input
    ... b,"one", n
    ... a,two,n
    ... ''', schema), end="")
    calculation_id,input,estimate_id
    a,n,two
    b,n,one
    """
    return rows_text(normal_rows(text, schema, file), schema)


def format_package(
    package: Package, tables: Iterable[str] | None = None, check: bool = False
) -> list[Path]:
    """Bring the data files of a package into their one form; see `format_text`.

    Parameters
    ----------
    package
        The package.
    tables
        Names of tables; by default all.
    check
        Write nothing, only tell.

    Returns
    -------
    changed
        The files that were (with `check`: would be) written, in the order of `tables`.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    PackageError
        If a file cannot be read or written, or formatting it could lose something. All files are
        read before the first is written; with such a fault in one, none is.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> format_package(open_package(), ["models"], check=True)
    []
    """
    texts: dict[Path, str] = {}
    faults: list[str] = []
    for table in package.tables if tables is None else tables:
        path, file = package.data_path(table), package.resource(table).path
        try:
            text = read_text(path, file)
            formatted = format_text(text, package.schema(table), file)
        except PackageError as error:
            faults.append(str(error))
        else:
            if formatted != text:
                texts[path] = formatted
    if faults:
        told = "\n".join(faults)
        raise PackageError(f"{told}\nnothing was written; `diffdata validate` tells more")
    if not check:
        for path, text in texts.items():
            write(path, text)
    return list(texts)


def write(path: Path, text: str) -> None:
    """Write a data file, whole or not at all (PackageError if that cannot be)."""
    try:
        write_atomically(path, text)
    except OSError as error:
        raise PackageError(f"{path}: cannot be written: {error.strerror}") from None


def normal_rows(text: str, schema: TableSchema, file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file, every cell in its one form, or refuse; see `format_text`."""
    data = text.encode()
    table, issues = read_table(data, file, schema, as_meant=False)
    header = first_row(data.removeprefix(codecs.BOM_UTF8))
    faults = [issue for issue in issues if not _harmless(issue, header, schema)]
    rows: list[Row] = []
    if not faults:
        numbered = zip(table.lines, table.rows(), strict=True)
        rows = [Row(line, normal_cells(cells, schema)) for line, cells in numbered]
        rows = [row for row in rows if any(row.cells.values())]
        faults = [*_broken_cells(rows, schema, file), *_repeated_keys(rows, schema, file)]
    if faults:
        raise PackageError("\n".join(map(str, faults)), faults[0].line)
    return [row.cells for row in rows]


def normal_cells(cells: Mapping[str, str], schema: TableSchema) -> dict[str, str]:
    """Return the cells of a row in their one form, all columns of the schema in its order."""
    return {field.name: normal_cell(cells.get(field.name, ""), field) for field in schema.fields}


def normal_cell(text: str, field: Field) -> str:
    """Return a cell in its one form; its value stays the same.

    Examples
    --------
    >>> number = Field(name="value", type="number", unit="1", description="A number.")
    >>> [normal_cell(text, number) for text in (" 3.140E+23", "+.5", "007.", "150e6", "1.2 M")]
    ['3.140e23', '0.5', '7', '150e6', '1.2 M']
    """
    text = text.strip()
    written = _SPELLINGS.get(field.type, str)(text)
    return written if written == text or _is_value(text, field) else text


def rows_text(rows: Iterable[Mapping[str, str]], schema: TableSchema) -> str:
    """Return rows as the text of a CSV file, sorted by key."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(schema.column_names)
    for row in sorted(rows, key=lambda row: key_of(row, schema)):
        writer.writerow([row[name] for name in schema.column_names])
    return text.getvalue()


def key_of(row: Mapping[str, str], schema: TableSchema) -> tuple[str, ...]:
    """Return the key of a row, as the text by which files are sorted."""
    return tuple(row[name] for name in schema.primary_key)


def _harmless(issue: Issue, header: Sequence[str], schema: TableSchema) -> bool:
    """Tell whether formatting mends a fault of the shape of a file without losing anything."""
    if issue.rule == "header":
        if issue.column not in schema.column_names:
            return False
        moved = header.count(issue.column) == 1
        return moved or (issue.column not in header and issue.column not in schema.primary_key)
    return issue.rule in ("byte-order-mark", "blank-row", "line-ends")


def _broken_cells(rows: list[Row], schema: TableSchema, file: str) -> list[Issue]:
    """Find the cells that CSV cannot carry safely: line breaks and other control characters."""
    expected = "expected text on one line, without control characters"
    return [
        Issue(file, row.line, name, row_key(row.cells, schema), cell, "type", "error",
              f"{quote(cell)} is not allowed: {expected}", "check the quotes")
        for row in rows
        for name, cell in row.cells.items()
        if _CONTROL.search(cell)
    ]  # fmt: skip


def _repeated_keys(rows: list[Row], schema: TableSchema, file: str) -> list[Issue]:
    first: dict[tuple[str, ...], int] = {}
    faults = []
    for row in rows:
        key = key_of(row.cells, schema)
        # As for the validator, a key of which a part is missing is no key yet.
        if all(key) and first.setdefault(key, row.line) != row.line:
            message = "the key stands twice"
            hint = f"the same stands in line {first[key]}"
            faults.append(
                Issue(file, row.line, schema.primary_key[0], row_key(row.cells, schema), None,
                      "primary-key", "error", message, hint)
            )  # fmt: skip
    return faults


def _is_value(text: str, field: Field) -> bool:
    try:
        parse_cell(text, field)
    except CellError:  # such as a number too large, which stays as it is for the validator to tell
        return False
    return True


def _integer(text: str) -> str:
    found = _INTEGER.fullmatch(text)
    return f"{found['sign'].replace('+', '')}{found['digits']}" if found else text


def _number(text: str) -> str:
    found = _NUMBER.fullmatch(text)
    if not found or not re.match(r"[+-]?\.?[0-9]", text):
        return text
    sign = found["sign"].replace("+", "")
    part = f".{found['part']}" if found["part"] else ""
    power = f"e{found['power_sign'].replace('+', '')}{found['power']}" if found["power"] else ""
    return f"{sign}{found['whole'] or '0'}{part}{power}"


_SPELLINGS: dict[str, Callable[[str], str]] = {"integer": _integer, "number": _number}
