"""Packages: a dataset on disk, opened from a folder or from the archive of a released edition."""

from __future__ import annotations

import atexit
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from diffdata.errors import (
    UNREADABLE,
    DescriptorError,
    InvalidInputError,
    PackageError,
    Problem,
    UnknownNameError,
    suggestion,
)
from diffdata.package import editions, files
from diffdata.package.archives import package_folder, unpack
from diffdata.package.digest import package_digest
from diffdata.package.files import DESCRIPTOR, inside, read_text
from diffdata.schemas.profile import PackageDescriptor, Resource
from diffdata.schemas.reader import parse_package, parse_schema, parse_standard_schema
from diffdata.schemas.standard import TableSchema

# Where this process has unpacked an archive, by process and sha256; removed when it ends.
_unpacked: dict[tuple[int, str], Path] = {}


@dataclass(frozen=True)
class Package:
    """A dataset on disk: its folder, its descriptor and the schemas of its tables."""

    root: Path
    descriptor: PackageDescriptor
    schemas: dict[str, TableSchema]
    release: editions.Release | None = None  # if it was opened as a released edition

    @property
    def version(self) -> str:
        """The version of the dataset."""
        return self.descriptor.version

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables, in the order of the descriptor."""
        return tuple(resource.name for resource in self.descriptor.resources)

    def resource(self, table: str) -> Resource:
        """Return the resource of a table (UnknownNameError if there is none)."""
        if table not in self.tables:
            raise UnknownNameError("table", table, self.tables)
        return self.descriptor.resources[self.tables.index(table)]

    def schema(self, table: str) -> TableSchema:
        """Return the schema of a table (UnknownNameError if there is none)."""
        return self.schemas[self.resource(table).name]

    def data_path(self, table: str) -> Path:
        """Return the path of the CSV file of a table, which must lie inside the package."""
        return inside(self.root, self.resource(table).path)


# A dataset that a user names: a folder, a descriptor, or a package that is open already.
Dataset = str | os.PathLike[str] | Package


def open_dataset(package: Dataset | None = None, version: str | None = None) -> Package:
    """Open the dataset that a user names: a package, a released edition, or the current dataset."""
    if version is None:
        return package if isinstance(package, Package) else open_package(package)
    if package is not None:
        raise InvalidInputError(
            f"version: {version} is an edition of diffdata, and a package is named too; "
            "give one of them"
        )
    return open_release(
        editions.releases_folder(), editions.find_release(version, editions.versions())
    )


def open_package(path: str | os.PathLike[str] | None = None) -> Package:
    """Read descriptor and schemas of a package, by default the bundled one; see `read_package`."""
    package, problems = read_package(path)
    if problems:
        raise DescriptorError(problems)
    return package


def read_package(
    path: str | os.PathLike[str] | None = None,
) -> tuple[Package, list[Problem]]:
    """Read the descriptor of a package and its valid schemas, and return the faults of others."""
    root = files.bundled_root() if path is None else Path(path)
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
            problems.append(Problem(file, "", message, rule=UNREADABLE, line=error.line))
    names = {resource.name: resource.schema_ for resource in descriptor.resources}
    problems += dangling_keys(schemas, names, list(names), "table")
    return Package(root, descriptor, schemas), problems


def open_release(folder: Path, release: editions.Release) -> Package:
    """Open a release in a folder, once sha256 and index entry are checked; its values are later."""
    archive = folder / release.file
    if not archive.exists():
        raise PackageError(
            f"{archive}: the archive of {release.edition} is not part of this installation; "
            f"`diffdata fetch {release.edition} MIRROR` brings it"
        )
    editions.read_archive(archive, release)
    package = dataclasses.replace(open_package(_unpack(archive, release.sha256)), release=release)
    digests = {name: table.digest for name, table in release.tables.items()}
    if (
        editions.edition_of(package.version) != release.edition
        or digests.keys() != package.schemas.keys()
        or package_digest(digests, package.schemas) != release.digest
    ):
        raise PackageError(
            f"{archive}: the index does not describe what is in it; reinstall diffdata"
        )
    return package


def find_schema(
    schema: str | os.PathLike[str], package: Dataset | None = None
) -> tuple[TableSchema, Package | None]:
    """Return the schema that a user names: by its file, or by its table in a package, with it.

    A file with ``rules`` must follow the profile of diffdata, any other one the standard alone.
    """
    file = Path(schema)
    if file.suffix.lower() != ".json" and not file.is_file():
        opened = open_dataset(package)
        if str(schema) not in opened.schemas:
            raise UnknownNameError("table or schema file", str(schema), opened.tables)
        return opened.schemas[str(schema)], opened
    text = read_text(file, str(file))
    try:
        profiled = "rules" in json.loads(text)
    except (ValueError, RecursionError, TypeError):
        profiled = True  # text that is not JSON has the same fault in both
    return (parse_schema if profiled else parse_standard_schema)(text, str(file)), None


def table_of_file(file: Path) -> tuple[Package, str] | None:
    """Return the package in whose folder a data file lies, and the name of its table, or None."""
    full = file.resolve()
    for root in full.parents:
        if (root / DESCRIPTOR).is_file():
            package = open_package(root)
            for resource in package.descriptor.resources:
                if (root / resource.path).resolve() == full:
                    return package, resource.name
    return None


def dangling_keys(
    schemas: Mapping[str, TableSchema], files: Mapping[str, str], tables: list[str], what: str
) -> Iterator[Problem]:
    """Find the foreign keys that refer to what does not exist; messages call a table `what`."""
    for name, schema in schemas.items():
        for position, key in enumerate(schema.foreign_keys):
            where = f"foreignKeys[{position}].reference"
            target = key.reference.resource or name
            if target not in tables:
                message = f"there is no {what} {target[:100]!r}"
                hint = suggestion(target[:100], tables)
                yield Problem(files[name], f"{where}.resource", message, hint)
            elif target in schemas:
                columns = schemas[target].column_names
                for column in sorted(set(key.reference.fields).difference(columns)):
                    message = f"{target[:100]} has no column {column[:100]!r}"
                    hint = suggestion(column, columns) if schema.profiled else ""
                    yield Problem(files[name], f"{where}.fields", message, hint)


def _unpack(archive: Path, sha256: str) -> Path:
    """Return the folder with the files of a verified archive; each process has its own copy."""
    key = (os.getpid(), sha256)
    root = _unpacked.get(key)
    # Machines that run for a long time clear their temporary files now and then.
    if root is None or not (root / DESCRIPTOR).is_file():
        folder = Path(tempfile.mkdtemp(prefix="diffdata-"))
        atexit.register(_remove, folder, os.getpid())
        unpack(archive, folder)
        root = _unpacked[key] = package_folder(folder, str(archive))
    return root


def _remove(folder: Path, owner: int) -> None:
    # A forked process ends too, and must leave the folder to its owner.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
