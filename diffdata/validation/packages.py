"""Validation of a package in a folder or an archive, or of one CSV file."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from diffdata.errors import (
    InvalidDataError,
    InvalidInputError,
    Issue,
    PackageError,
    in_order,
    issues_of,
)
from diffdata.package.archives import unpacked
from diffdata.package.files import DESCRIPTOR, PARQUET
from diffdata.package.packages import (
    find_schema,
    open_dataset,
    open_package,
    read_package,
    table_of_file,
)
from diffdata.validation import foreign
from diffdata.validation.check import check_tables, find_issues, read_typed
from diffdata.validation.typed import Found, to_typed

PathLike = str | os.PathLike[str]


def validate(
    path: PathLike | None = None,
    *,
    schema: PathLike | None = None,
    version: str | None = None,
    raising: bool = False,
) -> list[Issue]:
    """Check a whole package (descriptor, schemas and every table), or one CSV file.

    A package whose schemas have ``rules`` must follow the profile of diffdata, any other one only
    the standard (Data Package v1 or v2). Nothing is fetched, nothing is executed, and no file
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
        Whether to raise an error if an issue is more than a warning.

    Returns
    -------
    issues
        All faults, sorted by file and line; empty if there is none. A file that cannot be read at
        all gives one issue of the rule ``unreadable``.

    Raises
    ------
    InvalidDataError
        If `raising`, and there is an error; ``issues`` on it lists every one.
    InvalidInputError
        If a schema is given but not a CSV file, or a CSV file without a schema that is not in a
        package; if a path and a version are given.
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
        return _validate_profiled(open_dataset(version=version).root)
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
    except PackageError as error:
        # Either the descriptor or all of the path cannot be read.
        named = str(error).startswith(f"{DESCRIPTOR}: ")
        return in_order(issues_of(error, DESCRIPTOR if named else str(path)))


def _validate_folder(place: Path | None) -> list[Issue]:
    root = place.parent if place is not None and place.name == DESCRIPTOR else place
    if root is None or not (root / DESCRIPTOR).is_file() or is_profiled(root):
        return _validate_profiled(place)
    tables, issues = foreign.read_foreign(root)
    found = {table.name: Found() for table in tables}
    typed = {}
    for table in tables:
        found[table.name].add(table.issues)
        typed[table.name] = to_typed(table.text, table.schema, found[table.name])
    checked = find_issues(found, typed)
    return in_order([*issues, *(t.in_its_part(issue) for t in tables for issue in checked[t.name])])


def _validate_profiled(place: Path | None) -> list[Issue]:
    package, problems = read_package(place)
    checked = check_tables(package, package.schemas)
    issues = [issue for table in checked.values() for issue in table.issues]
    return in_order([*(problem.issue for problem in problems), *issues])


def tables_of(root: Path) -> list[foreign.TableFiles]:
    """Return the tables of a package, of the profile or of the standard, without their data."""
    root = root.parent if root.name == DESCRIPTOR else root
    if (root / DESCRIPTOR).is_file() and not is_profiled(root):
        return foreign.foreign_tables(root)
    package = open_package(root)
    return [
        foreign.TableFiles(r.name, package.schemas[r.name], package.data_path(r.name), r.path)
        for r in package.descriptor.resources
    ]


def is_profiled(root: Path) -> bool:
    """Return whether a package is meant to follow the profile: some schema of it has rules."""
    try:
        descriptor = json.loads(foreign.json_text(root, DESCRIPTOR))
    except (ValueError, RecursionError):
        return True  # invalid JSON has the same fault in both
    resources = descriptor.get("resources") if isinstance(descriptor, dict) else None
    resources = resources[: foreign.MAX_RESOURCES] if isinstance(resources, list) else []
    schemas = [r.get("schema") for r in resources if isinstance(r, dict)]
    for name in dict.fromkeys(schema for schema in schemas if isinstance(schema, str)):
        with contextlib.suppress(ValueError, RecursionError, PackageError):
            schemas.append(json.loads(foreign.json_text(root, name)))
    return any(isinstance(schema, dict) and "rules" in schema for schema in schemas)


def _validate_csv(file: Path, schema: PathLike | None) -> list[Issue]:
    """Check one file against a schema, or as the table of the package in whose folder it lies."""
    if schema is None:
        found = table_of_file(file)
        if found is None:
            raise InvalidInputError(f"{file}: expected a schema; the file is not in a package")
        package, name = found
        return check_tables(package, [name])[name].issues
    try:
        (parsed, _), name = find_schema(schema), str(file)
    except PackageError as error:
        return in_order(issues_of(error, str(file)))
    typed, issues = read_typed(lambda: file, name, parsed)
    return in_order(find_issues({name: issues}, {name: typed})[name])
