"""Validation of what a user names: a package in a folder or an archive, or one CSV file."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from diffdata.errors import (
    DescriptorError,
    InvalidDataError,
    InvalidInputError,
    Issue,
    PackageError,
    in_order,
    problem_issue,
    unreadable,
)
from diffdata.package.archives import unpacked
from diffdata.package.files import PARQUET
from diffdata.package.opening import open_edition
from diffdata.package.packages import (
    find_schema,
    open_package,
    read_bytes,
    read_package,
    table_of_file,
)
from diffdata.package.places import DESCRIPTOR
from diffdata.schemas.standard import TableSchema
from diffdata.validation.check import check_tables, find_issues
from diffdata.validation.foreign import MOST_RESOURCES, foreign_tables, read_foreign
from diffdata.validation.foreign_files import json_text
from diffdata.validation.found import Found
from diffdata.validation.text import read_table
from diffdata.validation.typed import to_typed

PathLike = str | os.PathLike[str]


def validate(
    path: PathLike | None = None,
    *,
    schema: PathLike | None = None,
    version: str | None = None,
    raising: bool = False,
) -> list[Issue]:
    """Check a whole package (descriptor, schemas and every table), or one CSV file.

    A package whose schemas have ``rules`` is held to the profile of diffdata, any other one to the
    standard (Data Package v1 or v2) alone. Nothing is fetched, nothing is executed, and no file
    outside the package is opened.

    Parameters
    ----------
    path
        A folder with a datapackage.json, that file, a zip file of such a folder, or a CSV file; by
        default the dataset that comes with diffdata.
    schema
        For a CSV file: its table schema, a file or the name of a table of the dataset. Without it
        the file must be a table of a package, in whose folder it lies.
    version
        A released edition instead of a path: its archive is checked with its own schemas.
    raising
        Raise an error if there is a fault that is more than a warning.

    Returns
    -------
    issues
        All faults, sorted by file and line; empty if there is none. What cannot be read at all
        gives one issue of the rule ``unreadable``.

    Raises
    ------
    InvalidDataError
        If `raising`, and there is an error; ``issues`` on it lists every one.
    InvalidInputError
        If a schema is given for something else than a CSV file, or is missing for one; if a path
        and a version are given.
    UnknownNameError
        If there is no such edition, or no such schema.
    PackageError
        If the archive of the edition is missing or damaged.

    Examples
    --------
    >>> validate()
    []
    >>> print(*validate("no/such/folder"))
    no/such/folder: error: there is no such file or folder (unreadable)
    """
    issues = _issues(path, schema, version)
    errors = [issue for issue in issues if issue.severity == "error"]
    if raising and errors:
        raise InvalidDataError(str(path or version or "the dataset"), errors)
    return issues


def _issues(path: PathLike | None, schema: PathLike | None, version: str | None) -> list[Issue]:
    if version is not None:
        if path is not None or schema is not None:
            raise InvalidInputError(
                "version: an edition is checked by itself, not a path or schema"
            )
        return _validate_profiled(open_edition(version).root)
    place = None if path is None else Path(path)
    if place is not None and place.is_file() and place.suffix.lower() in (".csv", ".tsv"):
        return _validate_csv(place, schema)
    if schema is not None or (place is not None and place.suffix.lower() in PARQUET):
        raise InvalidInputError(
            f"{path}: expected a CSV file to check against a schema; Parquet and folders of parts "
            "are checked by an engine (`diffdata validate --engine duckdb`, or `check_files`)"
        )
    try:
        if place is not None and place.is_file() and place.suffix.lower() == ".zip":
            with unpacked(place) as folder:
                return _validate_folder(folder)
        return _validate_folder(place)
    except DescriptorError as error:
        return in_order(map(problem_issue, error.problems))
    except PackageError as error:
        # The descriptor itself, or else the whole path, is what cannot be read.
        named = str(error).startswith(f"{DESCRIPTOR}: ")
        return [unreadable(DESCRIPTOR if named else str(path), error)]


def _validate_folder(place: Path | None) -> list[Issue]:
    root = place.parent if place is not None and place.name == DESCRIPTOR else place
    if root is not None and (root / DESCRIPTOR).is_file() and not is_profiled(root):
        return _validate_foreign(root)
    return _validate_profiled(place)


def _validate_profiled(place: Path | None) -> list[Issue]:
    package, problems = read_package(place)
    checked = check_tables(package, package.schemas)
    issues = [issue for table in checked.values() for issue in table.issues]
    return in_order([*map(problem_issue, problems), *issues])


def _validate_foreign(root: Path) -> list[Issue]:
    tables, issues = read_foreign(root)
    typed, found = {}, {}
    for table in tables:
        found[table.name] = Found()
        found[table.name].add(table.issues)
        typed[table.name] = to_typed(table.text, table.schema, found[table.name])
    told = find_issues(found, typed)
    return in_order([*issues, *(issue for name in told for issue in told[name])])


@dataclass(frozen=True)
class TableFiles:
    """A table of a package: its name, its schema, and where its data lie (a file or a folder).

    ``file`` is what messages call it.
    """

    name: str
    schema: TableSchema
    path: Path
    file: str


def tables_of(root: Path) -> list[TableFiles]:
    """Return the tables of a package, of the profile or of strangers; their data are not read.

    Raises
    ------
    PackageError, DescriptorError
        If the descriptor or a schema cannot be read.
    """
    root = root.parent if root.name == DESCRIPTOR else root
    if (root / DESCRIPTOR).is_file() and not is_profiled(root):
        return [TableFiles(*table) for table in foreign_tables(root)]
    package = open_package(root)
    return [
        TableFiles(r.name, package.schemas[r.name], package.data_path(r.name), r.path)
        for r in package.descriptor.resources
    ]


def is_profiled(root: Path) -> bool:
    """Tell whether a package is meant to keep the profile: some schema of it has rules."""
    try:
        descriptor = json.loads(json_text(root, DESCRIPTOR))
    except (ValueError, RecursionError):
        return True  # what is no JSON has the same fault in both
    resources = descriptor.get("resources") if isinstance(descriptor, dict) else None
    resources = resources[:MOST_RESOURCES] if isinstance(resources, list) else []
    schemas = [r.get("schema") for r in resources if isinstance(r, dict)]
    if any(isinstance(schema, dict) and "rules" in schema for schema in schemas):
        return True
    for name in dict.fromkeys(schema for schema in schemas if isinstance(schema, str)):
        with contextlib.suppress(ValueError, RecursionError, PackageError):
            schema = json.loads(json_text(root, name))
            if isinstance(schema, dict) and "rules" in schema:
                return True
    return False


def _validate_csv(file: Path, schema: PathLike | None) -> list[Issue]:
    """Check one file against one schema; its foreign keys point at nothing that is there."""
    if schema is None:
        return _validate_in_package(file)
    try:
        parsed = find_schema(schema)
        text, issues = read_table(read_bytes(file, str(file)), str(file), parsed)
    except DescriptorError as error:
        return in_order(map(problem_issue, error.problems))
    except PackageError as error:
        return [unreadable(str(file), error)]
    found = Found()
    found.add(issues)
    typed = to_typed(text, parsed, found)
    return in_order(find_issues({str(file): found}, {str(file): typed})[str(file)])


def _validate_in_package(file: Path) -> list[Issue]:
    """Check one table of the package in whose folder a file lies."""
    found = table_of_file(file)
    if found is None:
        raise InvalidInputError(f"{file}: expected a schema, for it is no table of a package")
    package, name = found
    return check_tables(package, [name])[name].issues
