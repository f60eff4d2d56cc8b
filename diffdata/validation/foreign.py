"""Packages of strangers: any Data Package v1 or v2, read by the standard and without trust.

Nothing is fetched and nothing outside the folder is opened. What the standard allows but is not
checked here (another format than CSV, a remote file) is said in a warning, never passed over.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from diffdata.descriptor import Field, TableSchema, parse_standard_package, parse_standard_schema
from diffdata.descriptor.standard import Dialect, Resource
from diffdata.errors import DescriptorError, PackageError, Problem
from diffdata.packages import DESCRIPTOR, inside, read_text
from diffdata.validation.cells import cell_text
from diffdata.validation.issue import Issue, problem_issue, unreadable
from diffdata.validation.text import TextTable, first_row, read_table

# Larger files are refused: they would not fit into the memory of a small machine.
MAX_BYTES = 2**31


class ForeignTable:
    """One table of a package of strangers: its text, its schema and what is wrong so far."""

    def __init__(self, name: str, schema: TableSchema, text: TextTable, issues: list[Issue]):
        self.name, self.schema, self.text, self.issues = name, schema, text, issues


def read_foreign(root: Path) -> tuple[list[ForeignTable], list[Issue]]:
    """Read all tables of a package, and report what cannot be read.

    Raises
    ------
    PackageError
        If the descriptor is missing or not JSON.
    DescriptorError
        If the descriptor is not one of the standard.
    """
    descriptor = parse_standard_package(read_text(root / DESCRIPTOR, DESCRIPTOR), DESCRIPTOR)
    tables, issues = [], []
    for resource in descriptor.resources:
        try:
            schema = _schema(resource, root)
            if not _is_table(resource, schema):
                issues += list(_file_faults(resource, root))
                continue
            tables.append(_table(resource, schema or TableSchema(), root))
        except DescriptorError as error:
            issues += [problem_issue(problem) for problem in error.problems]
        except PackageError as error:
            issues.append(unreadable(_shown(resource), error))
    return tables, issues


def _is_table(resource: Resource, schema: TableSchema | None) -> bool:
    if resource.type == "table" or resource.profile == "tabular-data-resource" or schema:
        return True
    names = _paths(resource)
    return any(PurePosixPath(name).suffix in (".csv", ".tsv") for name in names)


def _paths(resource: Resource) -> tuple[str, ...]:
    if resource.path is None:
        return ()
    return (resource.path,) if isinstance(resource.path, str) else resource.path


def _shown(resource: Resource) -> str:
    """Return what messages call the file of a resource."""
    paths = _paths(resource)
    return paths[0] if paths else f"{DESCRIPTOR}#{resource.name}"


def _schema(resource: Resource, root: Path) -> TableSchema | None:
    """Return the schema of a resource, from the descriptor or from a file."""
    if resource.schema_ is None:
        return None
    if isinstance(resource.schema_, dict):
        where = f"{DESCRIPTOR}#{resource.name}"
        return parse_standard_schema(json.dumps(resource.schema_), where)
    name = resource.schema_
    return parse_standard_schema(read_text(inside(root, name), name), name)


def _table(resource: Resource, schema: TableSchema, root: Path) -> ForeignTable:
    shown = _shown(resource)
    if resource.data is not None:
        text = _inline(resource, schema, shown)
        return ForeignTable(resource.name, schema, text, [])
    suffixes = [part for part in PurePosixPath(shown).suffixes if part != ".gz"]
    kind = (resource.format or (suffixes or ["."])[-1][1:]).lower()
    if kind not in ("csv", "tsv"):
        raise PackageError(
            f"{shown}: the format {kind or 'of the file'!r} is not checked, only CSV"
        )
    issues = list(_file_faults(resource, root))
    data = b"".join(_read(resource, root))
    dialect = _dialect(resource, root, kind)
    plain = _utf8(data, resource, shown)
    if not schema.fields:  # without a schema the shape alone is checked
        names = dict.fromkeys(name for name in first_row(plain, dialect) if name)
        schema = TableSchema(fields=tuple(Field(name=name) for name in names))
    text, more = read_table(plain, shown, schema, dialect)
    return ForeignTable(resource.name, schema, text, [*issues, *more])


def _read(resource: Resource, root: Path) -> Iterator[bytes]:
    """Give the bytes of the parts of a file, uncompressed, with a line end between them."""
    for number, name in enumerate(_paths(resource)):
        path = inside(root, name)
        if not path.is_file():
            raise PackageError(f"{name}: the file is missing")
        if path.stat().st_size > MAX_BYTES:
            raise PackageError(f"{name}: larger than {MAX_BYTES // 2**30} GiB, which is not read")
        data = path.read_bytes()
        compression = resource.compression or ("gz" if name.endswith(".gz") else "no")
        if compression in ("gz", "gzip"):
            data = _gunzip(data, name)
        elif compression not in ("no", ""):
            raise PackageError(f"{name}: the compression {compression!r} is not supported")
        if number and data:
            yield b"\n"
        yield data.rstrip(b"\n") if number + 1 < len(_paths(resource)) else data


def _gunzip(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            plain = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise PackageError(f"{name}: cannot be read as gzip: {error}") from None
    if len(plain) > MAX_BYTES:
        raise PackageError(f"{name}: unpacks to more than {MAX_BYTES // 2**30} GiB")
    return plain


def _utf8(data: bytes, resource: Resource, name: str) -> bytes:
    """Return the bytes of a file in UTF-8, whatever its encoding."""
    try:
        codec = codecs.lookup(resource.encoding)
    except LookupError:
        raise PackageError(f"{name}: there is no encoding {resource.encoding!r}") from None
    if codec.name in ("utf-8", "utf-8-sig", "ascii"):
        codec = codecs.lookup("utf-8")
    if codec.name == "utf-8" and data.isascii():
        return data
    try:
        text = codec.decode(data)[0]
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{name}: line {line} is not in the encoding {resource.encoding}"
        raise PackageError(message, line) from None
    if not isinstance(text, str):
        raise PackageError(f"{name}: {resource.encoding!r} is not an encoding of text")
    return data if codec.name == "utf-8" else text.encode("utf-8", "surrogatepass")


def _dialect(resource: Resource, root: Path, kind: str) -> Dialect:
    """Return the dialect of a CSV file; v1, v2 and frictionless write it in three ways."""
    found: Any = resource.dialect or {}
    if isinstance(found, str):
        try:
            found = json.loads(read_text(inside(root, found), found))
        except json.JSONDecodeError as error:
            raise PackageError(f"{resource.dialect}: not JSON: {error.msg}") from None
    if kind == "tsv":
        found = {"delimiter": "\t"} | found
    try:
        return Dialect.model_validate_json(json.dumps(found | found.get("csv", {})))
    except (ValidationError, AttributeError, TypeError):
        where = f"resources[{resource.name}].dialect"
        raise DescriptorError([Problem(DESCRIPTOR, where, "this is no CSV dialect")]) from None


def _inline(resource: Resource, schema: TableSchema, shown: str) -> TextTable:
    """Return data that stand in the descriptor as a table of text."""
    rows = resource.data
    if not isinstance(rows, list) or not rows:
        raise PackageError(f"{shown}: expected a list of rows as data")
    if isinstance(rows[0], dict):
        names = list(rows[0])
        records = [[row.get(name) for name in names] for row in rows if isinstance(row, dict)]
    else:
        names = [str(name) for name in rows[0]]
        records = [list(row) for row in rows[1:] if isinstance(row, list)]
    columns = {
        name: pa.chunked_array(
            [pa.array([_plain(row[place]) if place < len(row) else None for row in records])],
            pa.string(),
        )
        for place, name in enumerate(names)
        if name in schema.column_names
    }
    return TextTable(shown, columns, range(1, len(records) + 1))


def _plain(value: Any) -> str | None:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value if isinstance(value, str) else cell_text(value) or None


def _file_faults(resource: Resource, root: Path) -> Iterator[Issue]:
    """Report files that are missing, or not those whose size and hash the descriptor gives."""
    for name in _paths(resource):
        if not inside(root, name).is_file():
            raise PackageError(f"{name}: the file is missing")
    if len(_paths(resource)) != 1 or not (resource.bytes or resource.hash):
        return
    name = _paths(resource)[0]
    data = inside(root, name).read_bytes()
    if resource.bytes is not None and resource.bytes != len(data):
        message = f"the file has {len(data)} bytes, the descriptor says {resource.bytes}"
        yield Issue(name, None, None, None, None, "bytes", "error", message)
    if resource.hash:
        kind, _, expected = resource.hash.rpartition(":")
        try:
            found = hashlib.new(kind or "md5", data, usedforsecurity=False).hexdigest()
        except ValueError:
            message = f"there is no hash of the kind {kind!r}"
        else:
            if found == expected.lower():
                return
            message = f"the file has the {kind or 'md5'} {found}, the descriptor says {expected}"
        yield Issue(name, None, None, None, None, "hash", "error", message)
