"""Packages: a dataset on disk, opened from a folder or from the archive of a released edition."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from diffdata.errors import (
    DescriptorError,
    InvalidInputError,
    Issue,
    PackageError,
    UnknownNameError,
    issues_of,
    suggestion,
)
from diffdata.package import editions, files
from diffdata.package.archives import package_folder, unpack
from diffdata.package.digest import package_digest
from diffdata.package.files import DESCRIPTOR, inside, read_text
from diffdata.schemas import profile, standard
from diffdata.schemas.profile import PackageDescriptor
from diffdata.schemas.reader import fault, parse
from diffdata.schemas.standard import TableSchema
from diffdata.schemas.stated import Compared, Formula

# The tables that `diffdata build` writes.
GENERATED_TABLES = ("hardware_summary", "model_summary", "model_summary_inputs")
MAX_RESOURCES = 1000
MAX_JSON = 16 * 2**20
_SCHEMA = re.compile(r'"schema"\s*:\s*"([^"\\]+)"')
_LISTED, _SHOWN = 10, 100  # places that a warning lists, and characters of each

# Where this process has unpacked an archive, by process and sha256; removed when it ends.
_unpacked: dict[tuple[int, str], Path] = {}


@dataclass(frozen=True)
class Package:
    """A dataset on disk: its folder, its descriptor and the schemas of its tables."""

    root: Path
    described: standard.PackageDescriptor
    schemas: dict[str, TableSchema]  # that of a table without one has no columns
    release: editions.Release | None = None  # if it was opened as a released edition
    unfit: str = ""  # why it follows only the standard, not the profile of diffdata

    @property
    def descriptor(self) -> PackageDescriptor:
        """The descriptor of a package of the profile; PackageError if it is not one."""
        if isinstance(self.described, PackageDescriptor):
            return self.described
        raise PackageError(
            f"{self.root}: this package does not follow the diffdata profile, which exports, "
            "citations, metadata and editing require; `validate`, `show`, `load` and `diff` read "
            f"it. For example, {self.unfit}"
        )

    @property
    def version(self) -> str:
        """The version of the dataset, empty if the descriptor has none."""
        return self.described.version

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables, in the order of the descriptor."""
        return tuple(resource.name for resource in self.described.resources if resource.is_table)

    def resource(self, table: str) -> standard.Resource:
        """Return the resource of a table (UnknownNameError if there is none)."""
        for resource in self.described.resources:
            if resource.name == table and resource.is_table:
                return resource
        raise UnknownNameError("table", table, self.tables)

    def schema(self, table: str) -> TableSchema:
        """Return the schema of a table (UnknownNameError if there is no such table)."""
        schema = self.schemas[self.resource(table).name]
        if not schema.fields:
            raise PackageError(f"{table}: the table has no schema; only `validate` reads it")
        return schema

    def files(self, table: str) -> dict[str, Path]:
        """Return the files or folders of a table by their names, that of reviewed rows first."""
        resource = self.resource(table)
        if not resource.paths or resource.dialect:
            raise PackageError(
                f"{resource.file}: only `validate` without an engine reads a table that has a "
                "dialect, or that is not in files"
            )
        return {path: inside(self.root, path) for path in resource.paths}


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
    package, issues = read_package(path)
    if errors := [issue for issue in issues if issue.severity == "error"]:
        raise DescriptorError(errors)
    return package


def read_package(
    path: str | os.PathLike[str] | None = None, *, judged: bool = False
) -> tuple[Package, list[Issue]]:
    """Read the descriptor of a package and its valid schemas, and return the faults of others.

    A package that follows the profile, or whose schemas have both of its additions (``rules`` and
    ``unit``), is read by the profile, any other one by the standard. If it has rules, the metadata
    that it lacks are warnings. If it is `judged`, one without rules is read by the standard.
    """
    root = files.bundled_root() if path is None else Path(path)
    if root.is_file() and root.name == DESCRIPTOR:
        root = root.parent
    if not root.exists():
        raise PackageError(f"{root}: there is no such file or folder")
    if not root.is_dir():
        raise PackageError(f"{root}: expected a folder with a {DESCRIPTOR}, or that file")
    if not (root / DESCRIPTOR).is_file():
        raise PackageError(f"{root}: the folder has no {DESCRIPTOR}")
    text = json_text(root, DESCRIPTOR)
    additions, unfit = _additions(text), ""
    for name in list(dict.fromkeys(_SCHEMA.findall(text)))[:MAX_RESOURCES]:
        with contextlib.suppress(PackageError):  # reported when it is read
            additions |= _additions(json_text(root, name))
    strict = {"rules", "unit"} <= additions
    if "rules" in additions or not judged:
        try:
            package, issues = _read(root, parse(PackageDescriptor, text, DESCRIPTOR))
            if strict or not issues:
                return package, issues
            unfit = str(DescriptorError(issues))
        except DescriptorError as error:
            if strict:
                raise
            unfit = str(error)
    package, issues = _read(root, parse(standard.PackageDescriptor, text, DESCRIPTOR))
    if "rules" in additions:
        issues += _missing_metadata(package, json.loads(text))
    return dataclasses.replace(package, unfit=unfit.partition("\n")[0]), issues


def _read(root: Path, descriptor: standard.PackageDescriptor) -> tuple[Package, list[Issue]]:
    """Read the schemas of a package by the profile, or by the standard, as its descriptor was."""
    if len(descriptor.resources) > MAX_RESOURCES:
        message = f"{len(descriptor.resources)} resources, at most {MAX_RESOURCES} are read"
        raise PackageError(f"{DESCRIPTOR}: {message}")
    profiled = isinstance(descriptor, PackageDescriptor)
    model = TableSchema if not profiled else profile.TableSchema
    schemas: dict[str, TableSchema] = {}
    issues: list[Issue] = []
    known: dict[str, TableSchema] = {}
    places: dict[str, str] = {}
    for resource in descriptor.resources:
        own = resource.schema_
        shared = own if profiled and isinstance(own, str) else ""
        places[resource.name] = shared or f"{DESCRIPTOR}#{resource.name[:100]}"
        try:
            if isinstance(own, dict):
                where = f"{DESCRIPTOR}#{resource.name[:200]}"
                schemas[resource.name] = parse(model, json.dumps(own), where)
            elif own is not None:
                if own not in known:
                    known[own] = parse(model, json_text(root, own), own)
                schemas[resource.name] = known[own]
            elif resource.is_table:
                schemas[resource.name] = TableSchema()
        except (PackageError, RecursionError) as error:
            in_schema = isinstance(own, str) and getattr(error, "line", None)  # of its text
            issues += issues_of(error, str(own) if in_schema else shared or resource.file)
    names = [resource.name for resource in descriptor.resources]
    what = "table" if profiled else "resource"
    issues += dangling_keys(schemas, places, names, what)
    return Package(root, descriptor, schemas), issues


def json_text(root: Path, name: str) -> str:
    """Return the text of a descriptor, schema or dialect, which must be inside of the package."""
    path = inside(root, name)
    if not path.is_file():
        raise PackageError(f"{name}: the file is missing")
    if path.stat().st_size > MAX_JSON:
        raise PackageError(f"{name}: more than {MAX_JSON // 2**20} MiB, which are not read")
    if path.suffix.lower() in (".yaml", ".yml"):
        raise PackageError(f"{name}: YAML is not read, only JSON")
    return read_text(path, name)


def _additions(text: str) -> set[str]:
    """Return which of the additions of the profile, ``rules`` and ``unit``, are keys in a text."""
    return {key for key in ("rules", "unit") if re.search(rf'(?<!\\)"{key}"\s*:', text)}


def _missing_metadata(package: Package, descriptor: dict[str, Any]) -> Iterator[Issue]:
    """Yield a warning for each kind of metadata that the profile asks for and a package lacks."""
    wanted = ("version", "title", "description", "licenses")
    lacking = {key: [DESCRIPTOR] for key in wanted if not descriptor.get(key)}
    for table, schema in package.schemas.items():
        for key in ("title", "description"):
            if not getattr(schema, key):
                lacking.setdefault(key, []).append(table)
        for field in schema.fields:
            if not field.description:
                lacking.setdefault("description of columns", []).append(f"{table}.{field.name}")
            if field.type in ("integer", "number") and field.unit is None:
                lacking.setdefault("unit of numbers", []).append(f"{table}.{field.name}")
    for key, places in lacking.items():
        listed = ", ".join(place[:_SHOWN] for place in places[:_LISTED])
        more = f" and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
        message = f"{key}: missing at {listed}{more}"
        hint = "tables with rules should say it, as docs/own-package.md describes"
        yield Issue(DESCRIPTOR, rule="metadata", severity="warning", message=message, hint=hint)


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

    A file is read by the profile or by the standard as that of a package, see `read_package`.
    """
    file = Path(schema)
    if file.suffix.lower() != ".json" and not file.is_file():
        opened = open_dataset(package)
        if str(schema) not in opened.schemas:
            raise UnknownNameError("table or schema file", str(schema), opened.tables)
        return opened.schema(str(schema)), opened
    text = read_text(file, str(file))
    additions = _additions(text)
    if "rules" in additions:
        try:
            return parse(profile.TableSchema, text, str(file)), None
        except DescriptorError:
            if "unit" in additions:
                raise
    return parse(TableSchema, text, str(file)), None


def table_of_file(file: Path) -> tuple[Package, str, list[Issue]] | None:
    """Return the package in whose folder a data file lies, its table, and the package's faults."""
    full = file.resolve()
    for root in full.parents:
        if (root / DESCRIPTOR).is_file():
            package, issues = read_package(root, judged=True)
            for resource in package.described.resources:
                if full in [(root / path).resolve() for path in resource.paths]:
                    return package, resource.name, issues
    return None


def dangling_keys(
    schemas: Mapping[str, TableSchema], places: Mapping[str, str], tables: list[str], what: str
) -> Iterator[Issue]:
    """Find the foreign keys and rules that refer to what does not exist.

    Messages call a table `what`.
    """
    for name, schema in schemas.items():
        references = [
            (f"foreignKeys[{number}].reference", "resource", "fields", key.reference.resource,
             key.reference.fields)
            for number, key in enumerate(schema.foreign_keys)
        ] + [
            (f"rules[{rule.name}]", "table", "columns", rule.table, rule.columns_there())
            for rule in schema.rules if isinstance(rule, Compared | Formula)
        ]  # fmt: skip
        for where, table_key, column_key, table, used in references:
            target = table or name
            if target not in tables:
                message = f"there is no {what} {target[:100]!r}"
                hint = suggestion(target[:100], tables)
                yield fault(places[name], f"{where}.{table_key}", message, hint)
            elif target in schemas and schemas[target].fields:
                columns = schemas[target].column_names
                for column in sorted(set(used).difference(columns)):
                    message = f"{target[:100]} has no column {column[:100]!r}"
                    hint = suggestion(column, columns) if schema.profiled else ""
                    yield fault(places[name], f"{where}.{column_key}", message, hint)


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
