"""Where a dataset lies, and how its descriptor and schemas are read from there."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from diffdata.errors import DescriptorError, PackageError, Problem, UnknownNameError, suggestion
from diffdata.package.places import DESCRIPTOR, bundled_root
from diffdata.schemas.profile import PackageDescriptor, Resource
from diffdata.schemas.reader import parse_package, parse_schema, parse_standard_schema
from diffdata.schemas.standard import TableSchema
from diffdata.schemas.standard import TableSchema as StandardSchema

if TYPE_CHECKING:
    from diffdata.package.index import Release


@dataclass(frozen=True)
class Package:
    """A dataset on disk: its folder, its descriptor and the schemas of its tables.

    ``release`` is what the index says of it, if it was opened as a released edition.
    """

    root: Path
    descriptor: PackageDescriptor
    schemas: dict[str, TableSchema]
    release: Release | None = None

    @property
    def version(self) -> str:
        """The version of the dataset."""
        return self.descriptor.version

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables, in the order of the descriptor."""
        return tuple(resource.name for resource in self.descriptor.resources)

    def resource(self, table: str) -> Resource:
        """Return the resource of a table.

        Raises
        ------
        UnknownNameError
            If there is no such table; the nearest names are suggested.
        """
        for resource in self.descriptor.resources:
            if resource.name == table:
                return resource
        raise UnknownNameError("table", table, self.tables)

    def schema(self, table: str) -> TableSchema:
        """Return the schema of a table (UnknownNameError if there is none)."""
        return self.schemas[self.resource(table).name]

    def data_path(self, table: str) -> Path:
        """Return the path of the CSV file of a table.

        Raises
        ------
        PackageError
            If the path leads out of the package, through a link.
        """
        return inside(self.root, self.resource(table).path)


def open_package(path: str | os.PathLike[str] | None = None) -> Package:
    """Read the descriptor and all schemas of a package; the data are not touched.

    Parameters
    ----------
    path
        A folder with a datapackage.json, or that file; by default the dataset that comes with
        diffdata.

    Raises
    ------
    PackageError
        If the descriptor is missing or cannot be read.
    DescriptorError
        If descriptor or schemas break the profile: every fault of all of them.
    """
    package, problems = read_package(path)
    if problems:
        raise DescriptorError(problems)
    return package


def read_package(
    path: str | os.PathLike[str] | None = None,
) -> tuple[Package, list[Problem]]:
    """Read what can be read of a package: schemas with faults are left out, and reported.

    Raises
    ------
    PackageError
        If the descriptor itself is missing, cannot be read or has faults.
    """
    root = bundled_root() if path is None else Path(path)
    if root.is_file() and root.name == DESCRIPTOR:
        root = root.parent
    if not root.exists():
        raise PackageError(f"{root}: there is no such file or folder")
    if not root.is_dir():
        raise PackageError(f"{root}: expected a folder with a {DESCRIPTOR}, or that file")
    if not (root / DESCRIPTOR).is_file():
        raise PackageError(f"{root}: the folder has no {DESCRIPTOR}")
    descriptor = parse_package(read_text(root / DESCRIPTOR, DESCRIPTOR), DESCRIPTOR)
    schemas: dict[str, TableSchema] = {}
    problems: list[Problem] = []
    for resource in descriptor.resources:
        file = resource.schema_
        try:
            schemas[resource.name] = parse_schema(read_text(inside(root, file), file), file)
        except DescriptorError as error:
            problems += error.problems
        except PackageError as error:
            message = str(error).removeprefix(f"{file}: ")
            problems.append(Problem(file, "", message, unreadable=True, line=error.line))
    names = [resource.name for resource in descriptor.resources]
    for resource in descriptor.resources:
        if resource.name in schemas:
            problems += _dangling(resource, schemas, names)
    return Package(root, descriptor, schemas), problems


def find_schema(schema: str | os.PathLike[str]) -> StandardSchema:
    """Return the schema that a user names: by its file, or by its table in the current dataset.

    A file with ``rules`` is held to the profile, any other one to the standard alone.

    Raises
    ------
    UnknownNameError
        If it is neither a file nor a table.
    DescriptorError, PackageError
        If the file cannot be read.

    Examples
    --------
    >>> find_schema("models").primary_key
    ('model_id',)
    """
    file = Path(schema)
    if not is_schema_file(file):
        return named_schema(open_package(), str(schema))
    text = read_text(file, str(file))
    try:
        profiled = "rules" in json.loads(text)
    except (ValueError, RecursionError, TypeError):
        profiled = True  # what is no JSON has the same fault in both
    return (parse_schema if profiled else parse_standard_schema)(text, str(file))


def is_schema_file(path: Path) -> bool:
    """Tell whether a user who names a schema so means a file, and no table."""
    return path.suffix.lower() == ".json" or path.is_file()


def named_schema(package: Package, table: str) -> TableSchema:
    """Return the schema of the table that a user names where a file could stand too.

    Raises
    ------
    UnknownNameError
        If the package has no such table.
    """
    if table not in package.schemas:
        raise UnknownNameError("table or schema file", table, package.tables)
    return package.schemas[table]


def table_of_file(file: Path) -> tuple[Package, str] | None:
    """Return the package in whose folder a file lies, and the table that it holds, if it does."""
    full = file.resolve()
    for root in full.parents:
        if (root / DESCRIPTOR).is_file():
            package = open_package(root)
            for resource in package.descriptor.resources:
                if (root / resource.path).resolve() == full:
                    return package, resource.name
    return None


def read_bytes(path: Path, name: str) -> bytes:
    """Read a UTF-8 file whole, still as bytes; `name` is what messages call it.

    Raises
    ------
    PackageError
        If the file is missing, not readable, or not UTF-8 (the line is named).
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise PackageError(f"{name}: the file is missing") from None
    except OSError as error:
        raise PackageError(f"{name}: cannot be read: {error.strerror}") from None
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _not_utf8(name, data, error.start) from None
    return data


def read_text(path: Path, name: str) -> str:
    """Read a UTF-8 file whole, see `read_bytes`."""
    return read_bytes(path, name).decode("utf-8")


def _not_utf8(name: str, data: bytes, position: int) -> PackageError:
    line = data.count(b"\n", 0, position) + 1
    mend = "save the file with the encoding UTF-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:8]:
        return PackageError(f"{name}: this is UTF-16, not UTF-8; {mend}", 1)
    return PackageError(
        f"{name}: line {line} is not UTF-8 (byte 0x{data[position]:02x}; Windows-1252?); {mend}",
        line,
    )


def inside(root: Path, relative: str) -> Path:
    """Resolve a path of a descriptor, which may not leave the package, through a link or otherwise.

    Raises
    ------
    PackageError
        If it does, or is a remote address or no path at all.
    """
    shown = relative if len(relative) <= 100 else relative[:97] + "..."
    if "://" in relative:
        raise PackageError(f"{shown}: a remote file, which is not fetched")
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts or ":" in relative or "\\" in relative:
        raise PackageError(f"{shown}: leads out of the package")
    try:
        resolved = (root / path).resolve()
        if not resolved.is_relative_to(root.resolve()):
            raise PackageError(f"{shown}: leads out of the package")
        (root / path).exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, a loop of links
        raise PackageError(f"{shown}: this is no path of a file") from None
    return root / path


def _dangling(
    resource: Resource, schemas: dict[str, TableSchema], tables: list[str]
) -> list[Problem]:
    """Find the foreign keys that point at tables or columns that do not exist."""
    problems = []
    for position, key in enumerate(schemas[resource.name].foreign_keys):
        where = f"foreignKeys[{position}].reference"
        target = key.reference.resource or resource.name
        if target not in tables:
            message, hint = f"there is no table {target!r}", suggestion(target, tables)
            problems.append(Problem(resource.schema_, f"{where}.resource", message, hint))
        elif target in schemas:
            columns = schemas[target].column_names
            for name in sorted(set(key.reference.fields).difference(columns)):
                message, hint = f"{target} has no column {name!r}", suggestion(name, columns)
                problems.append(Problem(resource.schema_, f"{where}.fields", message, hint))
    return problems
