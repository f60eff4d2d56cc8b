"""A new row: completed, checked in a copy of the package, and written at its place."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diffdata.editing.formatting import key_of, normal_rows, rows_text
from diffdata.editing.identifiers import own_key
from diffdata.editing.opening import locked, replace_text
from diffdata.editing.questions import questions
from diffdata.editing.rows import candidates, derive, fault, find_reference
from diffdata.errors import InvalidInputError, Issue, UnknownNameError
from diffdata.package.files import DESCRIPTOR, read_text
from diffdata.package.packages import Package
from diffdata.validation.packages import validate
from diffdata.validation.shape import row_key


@dataclass(frozen=True)
class Added:
    """A row that was written, at which line (from 1) of which file."""

    path: Path
    line: int
    row: dict[str, str]
    derived: tuple[str, ...]  # the columns that were not given
    warnings: tuple[Issue, ...]


def table_named(package: Package, name: str) -> str:
    """Return the table that a name in the singular or plural means.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> [table_named(open_package(), name) for name in ("model", "case-study", "hardware")]
    ['models', 'case_studies', 'hardware']
    """
    plain = name.replace("-", "_")
    for form in (plain, f"{plain}s", f"{plain}es", f"{plain.removesuffix('y')}ies"):
        if form in package.tables:
            return form
    raise UnknownNameError("table", name, package.tables)


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Read cells that are written ``COLUMN=VALUE``, split at the first equals sign.

    Examples
    --------
    >>> pairs(["model_id=gpt-3", "note=6ND = 3.1e23", "level="])
    {'model_id': 'gpt-3', 'note': '6ND = 3.1e23', 'level': ''}
    """
    cells: dict[str, str] = {}
    for word in words:
        column, equals, value = word.partition("=")
        if not equals or not column:
            raise InvalidInputError(f"{word!r}: expected COLUMN=VALUE, as in model_id=gpt-3")
        if column in cells:
            raise InvalidInputError(f"{word!r}: the column {column!r} is given twice")
        cells[column] = value
    return cells


def add_row(package: Package, table: str, values: Mapping[str, str]) -> Added:
    """Add a row to a table at the place of its key; the file is written in the standard form.

    What follows from the values is derived (`derive`). The row is checked against its schema and
    the rest of the package, in a copy; faults that the package had before do not count. The package
    is locked in the meantime, so that two calls at the same time add two rows.

    InvalidInputError lists every fault and every missing cell of a row that is refused.
    PackageError is raised if the file cannot be read, formatted or written, or another program
    changed it in the meantime.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> lab = {"name": "Some Lab", "organization_kind": "company", "country": "Narnia",
    ...        "source_id": "brown-2020", "locator": "title page", "verification": "read"}
    >>> add_row(open_package(), "organizations", lab)
    Traceback (most recent call last):
    ...
    diffdata.errors.InvalidInputError: no row was added to organizations:
    country: 'Narnia' is not allowed: expected text of the form [A-Z]{2}
    """
    with locked(package):
        return _add_row(package, table, values)


def _add_row(package: Package, table: str, values: Mapping[str, str]) -> Added:
    schema, file = package.schema(table), package.resource(table).path
    row = derive(package, table, values)
    found = ((name, fault(text, schema.field(name))) for name, text in row.items())
    faults = [f"{name}: {message}" for name, message in found if message]
    for name in [name for key in schema.foreign_keys for name in key.fields if row[name]]:
        # If the other table cannot be read there are no choices, and the validator reports it.
        choices = candidates(package, table, name, {})
        if choices and row[name] not in choices:
            found_id, message = find_reference(row[name], choices)
            faults.append(f"{name}: {message or f'write the identifier {found_id}'}")
    faults += [f"missing: {asked}" for asked in questions(package, table, values) if asked.required]
    path = package.data_path(table)
    old_text = read_text(path, file)
    old = normal_rows(old_text, schema, file)
    if not faults:  # a row that differs in nothing but the identifier that was made for it
        names = [name for name in schema.column_names if name != own_key(schema)]
        same = [other for other in old if all(other[name] == row[name] for name in names)]
        faults = [f"the row exists already: {row_key(other, schema)}" for other in same]
    _refuse(table, faults)
    text = rows_text([*old, row], schema)
    # Each row is one line, and the new row comes after those with an equal or lesser key.
    line = 2 + sum(key_of(other, schema) <= key_of(row, schema) for other in old)
    issues = _new_issues(package, table, text)
    # The line of a row that was not written would be misleading.
    errors = [
        str(replace(issue, line=None) if (issue.file, issue.line) == (file, line) else issue)
        for issue in issues
        if issue.severity == "error"
    ]
    _refuse(table, errors)
    replace_text(path, old_text, text)
    derived = tuple(name for name, cell in row.items() if cell and not values.get(name))
    return Added(path, line, row, derived, tuple(issues))


def _refuse(table: str, faults: list[str]) -> None:
    if faults:
        raise InvalidInputError("\n".join([f"no row was added to {table}:", *faults]))


def _new_issues(package: Package, table: str, text: str) -> list[Issue]:
    """Validate a copy of the package with the new text of one table, and leave out old issues."""
    files = {DESCRIPTOR: package.root / DESCRIPTOR}
    for resource in package.descriptor.resources:
        # These paths were checked: they stay inside the package, and so inside the copy.
        files[resource.path] = package.data_path(resource.name)
        files[resource.schema_] = package.root / resource.schema_
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name, path in files.items():
            if path.is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy / name)
        (copy / package.resource(table).path).write_bytes(text.encode())
        issues = validate(copy)
    if not issues:
        return []
    # The new row moves lines, so that issues are compared without them.
    before = Counter(replace(issue, line=None, hint="") for issue in validate(package.root))
    found = []
    for issue in issues:
        plain = replace(issue, line=None, hint="")
        if before[plain]:
            before[plain] -= 1
        else:
            found.append(issue)
    return found
