"""Packages of strangers: any Data Package v1 or v2, read by the standard and without trust.

Nothing is fetched and nothing outside the folder is opened. What the standard allows but is not
checked here (another format than CSV, a remote file) is said, never passed over.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from diffdata.errors import (
    DescriptorError,
    Issue,
    PackageError,
    Problem,
    problem_issue,
    suggestion,
    unreadable,
)
from diffdata.package.packages import inside
from diffdata.package.places import DESCRIPTOR
from diffdata.schemas.reader import parse_standard_package, parse_standard_schema
from diffdata.schemas.standard import Dialect, Field, PackageDescriptor, Resource, TableSchema
from diffdata.validation.cells import cell_text
from diffdata.validation.foreign_files import (
    Budget,
    existing,
    file_faults,
    json_text,
    paths_of,
    plain_bytes,
)
from diffdata.validation.text import TextTable, first_row, read_table

MOST_RESOURCES = 1000


@dataclass(frozen=True)
class ForeignTable:
    """One table of a package of strangers: its text, its schema and what is wrong so far."""

    name: str
    schema: TableSchema
    text: TextTable
    issues: list[Issue] = field(default_factory=list)


def read_foreign(root: Path) -> tuple[list[ForeignTable], list[Issue]]:
    """Read all tables of a package, and report what cannot be read.

    Raises
    ------
    PackageError
        If the descriptor is missing, not JSON, or names too many resources.
    DescriptorError
        If the descriptor is not one of the standard.
    """
    descriptor = _descriptor(root)
    tables: list[ForeignTable] = []
    issues: list[Issue] = []
    budget = Budget()
    schemas: dict[str, TableSchema] = {}
    for resource in descriptor.resources:
        try:
            schema = _schema(resource, root, schemas)
            if _is_table(resource, schema):
                tables.append(_table(resource, schema, root, budget))
            else:
                issues += file_faults(resource, root) if resource.data is None else ()
        except DescriptorError as error:
            issues += [problem_issue(problem) for problem in error.problems]
        except PackageError as error:
            issues.append(unreadable(_shown(resource), error))
        except RecursionError:
            deep = PackageError("nested too deeply to be read")
            issues.append(unreadable(_shown(resource), deep))
    names = [resource.name for resource in descriptor.resources]
    named = {table.name: table for table in tables}
    for table in tables:
        issues += [problem_issue(problem) for problem in _dangling(table, named, names)]
    return tables, issues


def _descriptor(root: Path) -> PackageDescriptor:
    descriptor = parse_standard_package(json_text(root, DESCRIPTOR), DESCRIPTOR)
    if len(descriptor.resources) > MOST_RESOURCES:
        message = f"{len(descriptor.resources)} resources, at most {MOST_RESOURCES} are read"
        raise PackageError(f"{DESCRIPTOR}: {message}")
    return descriptor


def foreign_tables(root: Path) -> list[tuple[str, TableSchema, Path, str]]:
    """Return name, schema, place and file of each table of a package; the data are not read.

    Raises
    ------
    PackageError
        If a table is written in a way that only validation of text reads: in several files, in the
        descriptor, in another dialect; or has no schema.
    DescriptorError
        If the descriptor or a schema is not one of the standard.
    """
    found: list[tuple[str, TableSchema, Path, str]] = []
    known: dict[str, TableSchema] = {}
    for resource in _descriptor(root).resources:
        schema, shown = _schema(resource, root, known), _shown(resource)
        if not _is_table(resource, schema):
            continue
        paths = paths_of(resource)
        if schema is None or len(paths) != 1 or resource.dialect:
            raise PackageError(
                f"{shown}: engines read tables with a schema in one file or folder, and no dialect"
            )
        found.append((resource.name, schema, inside(root, paths[0]), shown))
    return found


def _is_table(resource: Resource, schema: TableSchema | None) -> bool:
    if resource.type == "table" or resource.profile == "tabular-data-resource" or schema:
        return True
    names = paths_of(resource)
    return any(PurePosixPath(name).suffix.lower() in (".csv", ".tsv") for name in names)


def _shown(resource: Resource) -> str:
    """Return what messages call the file of a resource."""
    paths = paths_of(resource)
    return paths[0][:200] if paths else f"{DESCRIPTOR}#{resource.name[:200]}"


def _schema(resource: Resource, root: Path, known: dict[str, TableSchema]) -> TableSchema | None:
    """Return the schema of a resource, from the descriptor or from a file, which is read once."""
    if resource.schema_ is None:
        return None
    if isinstance(resource.schema_, dict):
        where = f"{DESCRIPTOR}#{resource.name[:200]}"
        return parse_standard_schema(json.dumps(resource.schema_), where)
    name = resource.schema_
    if name not in known:
        known[name] = parse_standard_schema(json_text(root, name), name)
    return known[name]


def _table(
    resource: Resource, schema: TableSchema | None, root: Path, budget: Budget
) -> ForeignTable:
    shown, dialect, issues = _shown(resource), Dialect(), []
    if resource.data is not None:
        data = _inline(resource.data, shown)
    else:
        existing(resource, root)
        suffixes = [part for part in PurePosixPath(shown).suffixes if part != ".gz"]
        kind = (resource.format or (suffixes or ["."])[-1][1:]).lower()
        if kind not in ("csv", "tsv"):
            what = repr(kind[:100]) if kind else "of the file"
            raise PackageError(f"{shown}: the format {what} is not checked, only CSV")
        issues = list(file_faults(resource, root))
        data = plain_bytes(resource, root, budget, shown)
        dialect = _dialect(resource, root, kind)
    if schema is None or not schema.fields:  # then the shape alone is checked
        names = first_row(data.removeprefix(codecs.BOM_UTF8), dialect)
        schema = TableSchema(
            fields=tuple(Field(name=name) for name in dict.fromkeys(names) if name)
        )
    text, more = read_table(data, shown, schema, dialect)
    return ForeignTable(resource.name, schema, text, [*issues, *more])


def _dialect(resource: Resource, root: Path, kind: str) -> Dialect:
    """Return the dialect of a CSV file; v1, v2 and frictionless write it in three ways."""
    found: Any = resource.dialect or {}
    if isinstance(found, str):
        try:
            found = json.loads(json_text(root, found))
        except (ValueError, RecursionError):
            raise PackageError(f"{resource.dialect}: not JSON") from None
    try:
        given = {"delimiter": "\t"} if kind == "tsv" else {}
        return Dialect.model_validate_json(json.dumps(given | found | found.get("csv", {})))
    except (ValidationError, AttributeError, TypeError):
        where = f"resources[{resource.name[:100]}].dialect"
        raise DescriptorError([Problem(DESCRIPTOR, where, "this is no CSV dialect")]) from None


def _inline(rows: Any, shown: str) -> bytes:
    """Return data that stand in the descriptor as a CSV file, so that it is checked as one."""
    if not isinstance(rows, list) or not rows:
        raise PackageError(f"{shown}: expected a list of rows as data")
    if isinstance(rows[0], dict):
        header = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
        rows = [
            header,
            *([row.get(n) for n in header] if isinstance(row, dict) else row for row in rows),
        ]
    if not all(isinstance(row, list) for row in rows):
        raise PackageError(f"{shown}: expected rows that are all lists, or all objects")
    text = io.StringIO()
    # Line ends inside of cells stay; the csv module leaves a carriage return bare.
    csv.writer(text, lineterminator="\r\n").writerows(
        [_plain(cell) for cell in row] for row in rows
    )
    try:
        return text.getvalue().encode()
    except UnicodeEncodeError:
        raise PackageError(f"{shown}: the data hold half of a pair of surrogates") from None


def _plain(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value if isinstance(value, str) else cell_text(value)


def _dangling(
    table: ForeignTable, tables: dict[str, ForeignTable], names: list[str]
) -> list[Problem]:
    """Find the foreign keys that point at resources or columns that are not there."""
    problems = []
    for position, key in enumerate(table.schema.foreign_keys):
        file, where = f"{DESCRIPTOR}#{table.name[:100]}", f"foreignKeys[{position}].reference"
        target = key.reference.resource or table.name
        if target not in names:
            message = f"there is no resource {target[:100]!r}"
            hint = suggestion(target[:100], names)
            problems.append(Problem(file, f"{where}.resource", message, hint))
        elif target in tables:
            columns = tables[target].schema.column_names
            for name in sorted(set(key.reference.fields).difference(columns)):
                message = f"{target[:100]} has no column {name[:100]!r}"
                problems.append(Problem(file, f"{where}.fields", message))
    return problems
