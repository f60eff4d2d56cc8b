"""The standard form of data files, so that a diff shows what changed and nothing else.

Rows are sorted by primary key as text; nothing is quoted, blank or padded without need. Numbers
keep their digits, to be compared with the page: only ``+.5E+06`` becomes ``0.5e6``.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from diffdata.errors import Issue, PackageError
from diffdata.package.files import DESCRIPTOR, read_text, replacing
from diffdata.package.packages import Package, open_package
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.definitions import CONTROL
from diffdata.types.text import CellError, quote
from diffdata.validation.cells import parse_cell
from diffdata.validation.shape import row_key
from diffdata.validation.text import read_table

try:
    import fcntl
except ImportError:  # Windows: there only the comparison in `replace_text` protects a file
    fcntl = None  # type: ignore[assignment]

_EXPECTED = "expected text on one line, without control characters"
# Faults of the shape of a file that formatting removes without losing anything.
_HARMLESS = ("blank-row", "byte-order-mark", "line-ends")
# ASCII digits only: other characters that Python reads as digits are left to the validator.
_NUMBER = re.compile(r"([+-]?)(?=\.?[0-9])0*([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?)0*([0-9]+))?")


def open_for_editing(path: str | os.PathLike[str] | None = None) -> Package:
    """Open a package to change it, by default the working tree that diffdata is installed from."""
    package = open_package(path)
    if path is None and not is_working_tree(package):
        raise PackageError(
            f"{package.root}: the dataset of an installed package cannot be edited; name the "
            "folder of your own package, or install a clone with `pip install -e .`"
        )
    return package


def is_working_tree(package: Package) -> bool:
    """Return whether a package is in a working tree of diffdata, where `diffdata build` works."""
    return all((package.root / name).exists() for name in ("pyproject.toml", "diffdata"))


@contextmanager
def locked(package: Package) -> Iterator[None]:
    """Hold the lock of a package from reading its files to writing them; wait while it is taken."""
    with (package.root / DESCRIPTOR).open("rb") as file:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_text(path: Path, old: str, new: str) -> None:
    """Replace the text of a file atomically, or refuse if the file no longer has the text `old`."""
    try:
        with replacing(path) as unfinished:
            unfinished.write_bytes(new.encode())
            if path.read_bytes() != old.encode():
                raise PackageError(
                    f"{path}: another program changed the file in the meantime; "
                    "it was not written, run the command again"
                )
    except OSError as error:
        raise PackageError(f"{path}: cannot be written: {error.strerror}") from None


def format_package(
    package: Package, tables: Iterable[str] | None = None, check: bool = False
) -> list[Path]:
    """Write the files of tables in the standard form, all or none; return those that change."""
    changes: dict[Path, tuple[str, str]] = {}
    faults: list[str] = []
    with locked(package):
        for table in package.tables if tables is None else tables:
            path, file = package.data_path(table), package.resource(table).path
            try:
                text = read_text(path, file)
                schema = package.schema(table)
                formatted = rows_text(normal_rows(text, schema, file), schema)
                if formatted != text:
                    changes[path] = (text, formatted)
            except PackageError as error:
                faults.append(str(error))
        if faults:
            listed = "\n".join(faults)
            raise PackageError(f"{listed}\nno file was changed; run `diffdata validate` for more")
        if not check:
            for path, (text, formatted) in changes.items():
                replace_text(path, text, formatted)
    return list(changes)


def normal_rows(text: str, schema: TableSchema, file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file in the standard form; PackageError if one could be lost."""
    if schema.fields_match != "exact":  # other columns than those of the schema would be lost
        schema = schema.model_copy(update={"fields_match": "equal"})
    table, issues = read_table(text.encode(), file, schema)
    faults = [issue for issue in issues if issue.rule not in _HARMLESS]
    rows: list[dict[str, str]] = []
    first_lines: dict[tuple[str, ...], int] = {}
    for line, cells in [] if faults else zip(table.lines, table.rows(), strict=True):
        row = {field.name: normal_cell(cells[field.name], field) for field in schema.fields}
        if not any(row.values()):
            continue
        rows.append(row)
        fault = partial(Issue, file, line, row=row_key(row, schema))
        for name, cell in row.items():
            if CONTROL.search(cell):
                message = f"{quote(cell)} is not allowed: {_EXPECTED}"
                hint = "check the quotes"
                faults.append(fault(name, value=cell, rule="type", message=message, hint=hint))
        key = key_of(row, schema)
        # The validator, too, does not compare a key of which a part is missing.
        if all(key) and (first := first_lines.setdefault(key, line)) != line:
            about, hint = schema.primary_key[0], f"line {first} has the same key"
            faults.append(fault(about, rule="primary-key", message="duplicate key", hint=hint))
    if faults:
        raise PackageError("\n".join(map(str, faults)), faults[0].line)
    return rows


def normal_cell(text: str, field: Field) -> str:
    """Return a cell in the standard form; its value does not change."""
    text = text.strip()
    found = _NUMBER.fullmatch(text) if field.type in ("integer", "number") else None
    if not found:
        return text
    sign, integral, fraction, exponent_sign, exponent = (part or "" for part in found.groups())
    written = sign.strip("+") + (integral or "0")
    written += f".{fraction}" if fraction else ""
    written += f"e{exponent_sign.strip('+')}{exponent}" if exponent else ""
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
    return tuple(row.get(name, "") for name in schema.primary_key)
