"""The standard form of data files, so that a diff shows what changed and nothing else."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from diffdata.editing.opening import locked, replace_text
from diffdata.errors import Issue, PackageError
from diffdata.package.files import read_text
from diffdata.package.packages import Package
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.definitions import CONTROL
from diffdata.types.text import CellError, quote
from diffdata.validation.cells import parse_cell
from diffdata.validation.shape import row_key
from diffdata.validation.text import read_table

# Faults of the shape of a file that formatting removes without losing anything.
_HARMLESS = ("blank-row", "byte-order-mark", "line-ends")
# ASCII digits only: other characters that Python reads as digits are left to the validator.
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?=\.?[0-9])0*(?P<integral>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?:[eE](?P<exponent_sign>[+-]?)0*(?P<exponent>[0-9]+))?"
)


def format_text(text: str, schema: TableSchema, file: str = "table") -> str:
    """Return the text of a CSV file in the standard form.

    The standard form has no byte order mark, line feeds as line ends, quotes only where CSV needs
    them, rows sorted by primary key as text, no blank rows, and no spaces around a cell.

    Numbers keep their digits: a source prints ``0.00`` or ``2.50``, not ``0`` or ``2.5``, and
    ``150e6`` is easier to compare with the page than ``150000000``. Only their spelling changes:
    ``+.5E+06`` becomes ``0.5e6``. A cell that is not of the type of its column does not change.

    PackageError lists, with their lines, all faults because of which formatting could lose
    something: the text is not CSV, the header is not that of the schema, a row is too long or too
    short, a cell has a control character, or a key is a duplicate.
    """
    return rows_text(normal_rows(text, schema, file), schema)


def format_package(
    package: Package, tables: Iterable[str] | None = None, check: bool = False
) -> list[Path]:
    """Write data files, by default of all tables, in the standard form; see `format_text`.

    Returns the files that were (with `check`: would be) written. All files are read before the
    first is written; if one cannot be formatted, none is written (PackageError).
    """
    changes: dict[Path, tuple[str, str]] = {}
    faults: list[str] = []
    with locked(package):
        for table in package.tables if tables is None else tables:
            path, file = package.data_path(table), package.resource(table).path
            try:
                text = read_text(path, file)
                formatted = format_text(text, package.schema(table), file)
            except PackageError as error:
                faults.append(str(error))
            else:
                if formatted != text:
                    changes[path] = (text, formatted)
        if faults:
            listed = "\n".join(faults)
            raise PackageError(f"{listed}\nno file was changed; run `diffdata validate` for more")
        if not check:
            for path, (text, formatted) in changes.items():
                replace_text(path, text, formatted)
    return list(changes)


def normal_rows(text: str, schema: TableSchema, file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file with every cell in the standard form; see `format_text`."""
    if schema.fields_match != "exact":  # other columns than those of the schema would be lost
        schema = schema.model_copy(update={"fields_match": "equal"})
    table, issues = read_table(text.encode(), file, schema)
    faults = [issue for issue in issues if issue.rule not in _HARMLESS]
    rows: list[dict[str, str]] = []
    first_lines: dict[tuple[str, ...], int] = {}
    for line, cells in [] if faults else zip(table.lines, table.rows(), strict=True):
        row = {field.name: normal_cell(cells[field.name], field) for field in schema.fields}
        if any(row.values()):
            rows.append(row)
            faults += _row_faults(row, schema, file, line, first_lines)
    if faults:
        raise PackageError("\n".join(map(str, faults)), faults[0].line)
    return rows


def normal_cell(text: str, field: Field) -> str:
    """Return a cell in the standard form; its value does not change."""
    text = text.strip()
    found = _NUMBER.fullmatch(text) if field.type in ("integer", "number") else None
    if not found:
        return text
    sign, exponent_sign = (found[name] or "" for name in ("sign", "exponent_sign"))
    fraction = f".{found['fraction']}" if found["fraction"] else ""
    exponent = f"e{exponent_sign.strip('+')}{found['exponent']}" if found["exponent"] else ""
    written = f"{sign.strip('+')}{found['integral'] or '0'}{fraction}{exponent}"
    try:
        parse_cell(text, field)
    except CellError:  # such as a number that is too large, which the validator reports as it is
        return text
    return written


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


def _row_faults(
    row: Mapping[str, str], schema: TableSchema, file: str, line: int,
    first_lines: dict[tuple[str, ...], int],
) -> list[Issue]:  # fmt: skip
    """Return the cells that CSV cannot carry safely, and the key if an earlier row has it."""
    about, key = row_key(row, schema), key_of(row, schema)
    expected = "expected text on one line, without control characters"
    faults = [
        Issue(file, line, name, about, cell, "type", "error",
              f"{quote(cell)} is not allowed: {expected}", "check the quotes")
        for name, cell in row.items()
        if CONTROL.search(cell)
    ]  # fmt: skip
    # The validator, too, does not compare a key of which a part is missing.
    first = first_lines.setdefault(key, line) if all(key) else line
    if first != line:
        faults.append(
            Issue(file, line, schema.primary_key[0], about, None, "primary-key", "error",
                  "duplicate key", f"line {first} has the same key")
        )  # fmt: skip
    return faults
