"""Validation of a package in a folder or an archive, or of one CSV file."""

from __future__ import annotations

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
    Package,
    find_schema,
    open_dataset,
    read_package,
    table_of_file,
)
from diffdata.schemas.profile import PackageDescriptor
from diffdata.schemas.standard import Resource
from diffdata.validation.check import check_tables, find_issues, read_typed
from diffdata.validation.resources import Budget, existing, file_faults

PathLike = str | os.PathLike[str]


def validate(
    path: PathLike | None = None,
    *,
    schema: PathLike | None = None,
    version: str | None = None,
    raising: bool = False,
) -> list[Issue]:
    """Check a whole package (descriptor, schemas and every table), or one CSV file.

    A package whose schemas have ``rules`` and ``unit`` must follow the profile of diffdata, any
    other one only the standard (Data Package v1 or v2); if it has rules, they are checked, and
    metadata that it lacks are warnings. Nothing is fetched, nothing is executed, and no file
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
        return _validate_folder(open_dataset(version=version).root)
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
    package, issues = read_package(place, judged=True)
    checked = check_tables(package, [name for name in package.tables if name in package.schemas])
    issues += [issue for table in checked.values() for issue in table.issues]
    for resource in package.described.resources:
        if not resource.is_table and resource.data is None:
            try:
                issues += file_faults(resource, package.root, existing(resource, package.root))
            except PackageError as error:
                issues += issues_of(error, resource.file)
    if isinstance(package.described, PackageDescriptor):
        issues += _unlisted(package)
    return in_order(issues)


def _unlisted(package: Package) -> list[Issue]:
    """Return a warning for each CSV file beside those of the package that is not one of its own."""
    listed = {package.root / path for one in package.descriptor.resources for path in one.path}
    files = {file for folder in {path.parent for path in listed} for file in folder.glob("*.csv")}
    return [
        Issue(
            file.relative_to(package.root).as_posix(),
            rule="unlisted-file",
            severity="warning",
            message="no resource of the package has this file",
            hint="list it in datapackage.json with a schema, or move it elsewhere",
        )
        for file in sorted(files - listed)
    ]


def _validate_csv(file: Path, schema: PathLike | None) -> list[Issue]:
    """Check one file against a schema, or as the table of the package in whose folder it lies."""
    if schema is None:
        found = table_of_file(file)
        if found is None:
            raise InvalidInputError(f"{file}: expected a schema; the file is not in a package")
        package, name, issues = found
        known = name in package.schemas
        checked = check_tables(package, [name])[name].issues if known else []
        return in_order([*issues, *checked])
    try:
        (parsed, _), name = find_schema(schema), str(file)
    except PackageError as error:
        return in_order(issues_of(error, str(file)))
    resource = Resource(name=name, path=name)
    typed, found_so_far = read_typed(resource, parsed, None, Budget())
    return in_order(find_issues({name: found_so_far}, {name: typed})[name])
