"""A new row: completed, tried on a copy of the package, and written where it belongs."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from diffdata.editing.cells import fault
from diffdata.editing.derivation import derive
from diffdata.editing.formatting import key_of, normal_rows, rows_text, write
from diffdata.editing.identifiers import own_key
from diffdata.editing.questions import questions
from diffdata.editing.references import known, no_such
from diffdata.errors import InvalidInputError, Issue
from diffdata.package.packages import Package, read_text
from diffdata.package.places import DESCRIPTOR
from diffdata.schemas.standard import TableSchema
from diffdata.validation.shape import row_key
from diffdata.validation.whole import validate


@dataclass(frozen=True)
class Added:
    """A row that was written.

    Attributes
    ----------
    path
        The file.
    line
        The line of the row in it, from 1.
    row
        Its cells as text, by column.
    derived
        The columns that were not given but derived.
    warnings
        What is not wrong but unusual about the row.
    """

    path: Path
    line: int
    row: dict[str, str]
    derived: tuple[str, ...]
    warnings: tuple[Issue, ...]


def add_row(package: Package, table: str, values: Mapping[str, str]) -> Added:
    """Add a row to a table, where its key belongs; the file is left in its one form.

    What follows from the values is derived (`derive`). The row is then checked against its schema
    and the whole package, in a copy; faults that the package had before do not count.

    Parameters
    ----------
    package
        The package.
    table
        The name of the table.
    values
        Cells as text, by column.

    Raises
    ------
    UnknownNameError
        If there is no such table or column.
    InvalidInputError
        If the row has a fault or something is missing; everything is told, nothing is written.
    PackageError
        If the file cannot be read or written, or formatting it could lose something.

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
    schema, file = package.schema(table), package.resource(table).path
    row = derive(package, table, values)
    faults = [
        f"{name}: {told}" for name, text in row.items() if (told := fault(text, schema.field(name)))
    ]
    for name in [name for key in schema.foreign_keys for name in key.fields if row[name]]:
        candidates = known(package, table, name, {})
        # A table that cannot be read offers nothing; the validator has a word on that.
        if candidates and row[name] not in candidates:
            faults.append(f"{name}: {no_such(row[name], candidates)}")
    faults += [f"missing: {asked}" for asked in questions(package, table, values) if asked.required]
    path = package.data_path(table)
    old = normal_rows(read_text(path, file), schema, file)
    twins = [twin for twin in old if not faults and _says_the_same(twin, row, schema)]
    faults += [f"the row is there already: {row_key(twin, schema)}" for twin in twins]
    _refuse(table, faults)
    text = rows_text([*old, row], schema)
    # The file has one line a row, and the new one stands behind those of the same or lesser keys.
    line = 2 + sum(key_of(other, schema) <= key_of(row, schema) for other in old)
    issues = _new_issues(package, table, text)
    errors = [issue for issue in issues if issue.severity == "error"]
    _refuse(table, [_shown(issue, file, line) for issue in errors])
    write(path, text)
    derived = tuple(name for name, cell in row.items() if cell and not values.get(name))
    return Added(path, line, row, derived, tuple(issues))


def _says_the_same(one: Mapping[str, str], other: Mapping[str, str], schema: TableSchema) -> bool:
    """Tell whether two rows differ in nothing but the identifier that somebody gave them."""
    names = [name for name in schema.column_names if name != own_key(schema)]
    return all(one[name] == other[name] for name in names)


def _refuse(table: str, faults: list[str]) -> None:
    if faults:
        raise InvalidInputError("\n".join([f"no row was added to {table}:", *faults]))


def _shown(issue: Issue, file: str, line: int) -> str:
    """Show an issue; the line of a row that was not written would lead nowhere."""
    own = issue.file == file and issue.line == line
    return str(replace(issue, line=None) if own else issue)


def _new_issues(package: Package, table: str, text: str) -> list[Issue]:
    """Validate a copy of the package with the new text of one table, and leave out old issues."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copy(package.root / DESCRIPTOR, copy)
        for resource in package.descriptor.resources:
            # Their paths were checked: they stay inside the package, here and in the copy.
            files = {resource.path: package.data_path(resource.name)}
            files[resource.schema_] = package.root / resource.schema_
            for name, path in files.items():
                if path.is_file():
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, copy / name)
        (copy / package.resource(table).path).write_bytes(text.encode())
        issues = validate(copy)
    if not issues:
        return []
    # Lines move with the new row, so that they cannot tell old issues from new ones.
    before = Counter(_told(issue) for issue in validate(package.root))
    found = []
    for issue in issues:
        if before[_told(issue)]:
            before[_told(issue)] -= 1
        else:
            found.append(issue)
    return found


def _told(issue: Issue) -> Issue:
    return replace(issue, line=None, hint="")
