"""A new row: completed, checked in a copy of the package, and written at its place."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diffdata.editing.formatting import key_of, locked, normal_rows, replace_text, rows_text
from diffdata.editing.questions import questions
from diffdata.editing.rows import candidates, derive, fault, find_reference, own_key
from diffdata.errors import InvalidInputError, Issue, UnknownNameError
from diffdata.package.files import DESCRIPTOR, inside, read_text
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
    """Return the table that a name in the singular or plural means, such as case-study."""
    plain = name.replace("-", "_")
    for form in (plain, f"{plain}s", f"{plain}es", f"{plain.removesuffix('y')}ies"):
        if form in package.tables:
            return form
    raise UnknownNameError("table", name, package.tables)


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Read cells that are written ``COLUMN=VALUE``, split at the first equals sign."""
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
    """Add a row, completed by `derive`, at the place of its key, and format the file.

    It is checked in a copy of the package; faults that the package had before do not count.
    InvalidInputError lists all faults and missing cells.
    """
    schema, file = package.schema(table), package.resource(table).path
    with locked(package):
        row = derive(package, table, values)
        path = package.data_path(table)
        old_text = read_text(path, file)
        old = normal_rows(old_text, schema, file)
        _refuse(table, _faults(package, table, values, row))
        # A row that differs in nothing but the identifier that was made for it.
        names = [name for name in schema.column_names if name != own_key(schema)]
        same = [other for other in old if all(other[name] == row[name] for name in names)]
        _refuse(table, (f"the row exists already: {row_key(other, schema)}" for other in same))
        text = rows_text([*old, row], schema)
        # Each row is one line, and the new row comes after those with an equal or lesser key.
        line = 2 + sum(key_of(other, schema) <= key_of(row, schema) for other in old)
        issues = _new_issues(package, table, text)
        # The line of a row that was not written would be misleading.
        shown = [replace(i, line=None) if (i.file, i.line) == (file, line) else i for i in issues]
        _refuse(table, (str(issue) for issue in shown if issue.severity == "error"))
        replace_text(path, old_text, text)
    derived = tuple(name for name, cell in row.items() if cell and not values.get(name))
    return Added(path, line, row, derived, tuple(issues))


def _faults(
    package: Package, table: str, values: Mapping[str, str], row: Mapping[str, str]
) -> Iterator[str]:
    """Yield the faults of single cells, references to nothing, and missing cells."""
    schema = package.schema(table)
    for name, text in row.items():
        if message := fault(text, schema.field(name)):
            yield f"{name}: {message}"
    for name in [name for key in schema.foreign_keys for name in key.fields if row[name]]:
        # If the other table cannot be read there are no choices, and the validator reports it.
        choices = candidates(package, table, name, {})
        if choices and row[name] not in choices:
            found, message = find_reference(row[name], choices)
            yield f"{name}: {message or f'write the identifier {found}'}"
    for question in questions(package, table, values):
        if question.required:
            yield f"missing: {question}"


def _refuse(table: str, faults: Iterable[str]) -> None:
    if listed := "\n".join(faults):
        raise InvalidInputError(f"no row was added to {table}:\n{listed}")


def _new_issues(package: Package, table: str, text: str) -> list[Issue]:
    """Validate a copy of the package with the new text of one table, and leave out old issues."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        resources = package.descriptor.resources
        for name in [DESCRIPTOR, *(r.path for r in resources), *(r.schema_ for r in resources)]:
            if (path := inside(package.root, name)).is_file():
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
