"""Third-party packages: any Data Package v1 or v2, read by the standard and without trust."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from diffdata.errors import DescriptorError, Issue, PackageError, Problem, issues_of
from diffdata.package.files import DESCRIPTOR, inside, read_text
from diffdata.package.packages import dangling_keys
from diffdata.schemas.reader import parse_standard_package, parse_standard_schema
from diffdata.schemas.standard import Dialect, Field, PackageDescriptor, Resource, TableSchema
from diffdata.types.text import cell_text
from diffdata.validation.text import TextTable, first_row, read_table

MAX_RESOURCES = 1000
MAX_PARTS = 1000
MAX_JSON = 16 * 2**20
# More bytes are refused: they would not fit into the memory of a small machine.
MAX_BYTES = 2**30

# Encodings of text; Python has others, which unpack, escape or take very long.
_ENCODINGS = re.compile(
    r"ascii|utf-(8|16|32).*|iso8859-.*|cp\d+|koi8-.*|mac-.*|(shift_jis|euc_|gb|big5|iso2022_).*|"
    r"hz|johab|kz1048|ptcp154|tis-620"
)
# Keys of dialects that are not read, unless they have one of these values, which change nothing.
_UNREAD: dict[str, tuple[object, ...]] = {
    "headerRows": (None, [1]), "commentRows": (None, []), "nullSequence": (None, ""),
    "lineTerminator": (None, "\n", "\r\n", "\r"),
}  # fmt: skip


@dataclass
class Budget:
    """How many bytes may still be read of one package."""

    left: int = MAX_BYTES

    def spend(self, size: int, name: str) -> None:
        """Subtract the bytes of a file, if there are as many."""
        if size > self.left:
            raise PackageError(
                f"{name}: the files have more than {MAX_BYTES // 2**20} MiB, which are not read"
            )
        self.left -= size


@dataclass(frozen=True)
class ForeignTable:
    """One table of a package: its text, its schema and the issues so far."""

    name: str
    schema: TableSchema
    text: TextTable
    issues: list[Issue] = field(default_factory=list)
    parts: tuple[tuple[int, str], ...] = ()  # files read as one, each with its first line

    def in_its_part(self, issue: Issue) -> Issue:
        """Return an issue with the file and the line of the part that it is about."""
        if len(self.parts) < 2 or issue.line is None or issue.file != self.text.file:
            return issue
        place = bisect_right(self.parts, issue.line, key=lambda part: part[0]) - 1
        start, file = self.parts[place]
        return replace(issue, file=file, line=issue.line - start + 1)


def read_foreign(root: Path) -> tuple[list[ForeignTable], list[Issue]]:
    """Read all tables of a package, and report what cannot be read."""
    descriptor = _descriptor(root)
    tables: list[ForeignTable] = []
    issues: list[Issue] = []
    budget = Budget()
    read: dict[str, TableSchema] = {}
    for resource in descriptor.resources:
        file = _file_of(resource)
        try:
            schema = _schema(resource, root, read)
            if _is_table(resource, schema):
                tables.append(_table(resource, schema, root, budget))
            elif resource.data is None:
                issues += _file_faults(resource, root, _existing(resource, root))
        except PackageError as error:
            issues += issues_of(error, file)
        except RecursionError:
            issues += issues_of(PackageError("nested too deeply to be read"), file)
    schemas = {table.name: table.schema for table in tables}
    files = {name: f"{DESCRIPTOR}#{name[:100]}" for name in schemas}
    names = [resource.name for resource in descriptor.resources]
    problems = dangling_keys(schemas, files, names, "resource")
    return tables, [*issues, *(problem.issue for problem in problems)]


@dataclass(frozen=True)
class TableFiles:
    """A table, its data (`path` is a file or a folder), and the name of its file in messages."""

    name: str
    schema: TableSchema
    path: Path
    file: str


def foreign_tables(root: Path) -> list[TableFiles]:
    """Return the tables of a package for engines, which read less than `read_foreign`."""
    found: list[TableFiles] = []
    known: dict[str, TableSchema] = {}
    for resource in _descriptor(root).resources:
        schema, file, paths = _schema(resource, root, known), _file_of(resource), _paths(resource)
        if not _is_table(resource, schema):
            continue
        if schema is None or len(paths) != 1 or resource.dialect:
            raise PackageError(
                f"{file}: engines read tables with a schema in one file or folder, and no dialect"
            )
        found.append(TableFiles(resource.name, schema, inside(root, paths[0]), file))
    return found


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


def _descriptor(root: Path) -> PackageDescriptor:
    descriptor = parse_standard_package(json_text(root, DESCRIPTOR), DESCRIPTOR)
    if len(descriptor.resources) > MAX_RESOURCES:
        message = f"{len(descriptor.resources)} resources, at most {MAX_RESOURCES} are read"
        raise PackageError(f"{DESCRIPTOR}: {message}")
    return descriptor


def _paths(resource: Resource) -> tuple[str, ...]:
    if resource.path is None:
        return ()
    return (resource.path,) if isinstance(resource.path, str) else resource.path


def _file_of(resource: Resource) -> str:
    """Return what messages call the file of a resource."""
    paths = _paths(resource)
    return paths[0][:200] if paths else f"{DESCRIPTOR}#{resource.name[:200]}"


def _suffix(name: str) -> str:
    """Return how a file name ends, in small letters, compression left out."""
    suffixes = [part.lower() for part in PurePosixPath(name).suffixes]
    return next((part for part in reversed(suffixes) if part not in (".gz", ".zip")), "")


def _is_table(resource: Resource, schema: TableSchema | None) -> bool:
    tabular = resource.type == "table" or resource.profile == "tabular-data-resource"
    suffixes = {_suffix(name) for name in _paths(resource)}
    return tabular or schema is not None or bool(suffixes & {".csv", ".tsv"})


def _schema(resource: Resource, root: Path, known: dict[str, TableSchema]) -> TableSchema | None:
    """Return the schema of a resource, from the descriptor or from a file, which is read once."""
    name = resource.schema_
    if name is None:
        return None
    if isinstance(name, dict):
        return parse_standard_schema(json.dumps(name), f"{DESCRIPTOR}#{resource.name[:200]}")
    if name not in known:
        known[name] = parse_standard_schema(json_text(root, name), name)
    return known[name]


def _table(
    resource: Resource, schema: TableSchema | None, root: Path, budget: Budget
) -> ForeignTable:
    file, dialect, issues = _file_of(resource), Dialect(), []
    parts: tuple[tuple[int, str], ...] = ()
    if resource.data is not None:
        data = _inline(resource.data, file)
    else:
        names = _existing(resource, root)
        kind = (resource.format or _suffix(file)[1:]).lower()
        if kind not in ("csv", "tsv"):
            what = repr(kind[:100]) if kind else "of the file"
            raise PackageError(f"{file}: the format {what} is not checked, only CSV")
        issues = list(_file_faults(resource, root, names))
        data, parts = _joined([_plain_bytes(resource, root, name, budget) for name in names], names)
        dialect = _dialect(resource, root, kind)
    if schema is None or not schema.fields:  # then only the shape is checked
        header = first_row(data.removeprefix(codecs.BOM_UTF8), dialect)
        schema = TableSchema(
            fields=tuple(Field(name=name) for name in dict.fromkeys(header) if name)
        )
    text, more = read_table(data, file, schema, dialect)
    return ForeignTable(resource.name, schema, text, [*issues, *more], parts)


def _existing(resource: Resource, root: Path) -> tuple[str, ...]:
    """Return the paths of a resource, which must be files of the package."""
    names = _paths(resource)
    if not names:
        raise PackageError(f"{resource.name}: the resource has neither path nor data")
    if len(names) > MAX_PARTS:
        raise PackageError(f"{names[0]}: {len(names)} parts, at most {MAX_PARTS} are read")
    for name in names:
        if not inside(root, name).is_file():
            raise PackageError(f"{name}: the file is missing")
    return names


def _joined(
    parts: list[bytes], names: tuple[str, ...]
) -> tuple[bytes, tuple[tuple[int, str], ...]]:
    """Return the parts of a file as one, and the line where each of several begins."""
    if len(parts) == 1:
        return parts[0], ()
    parts = [part.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n") for part in parts]
    lengths = [len(re.findall(rb"\r\n|\r|\n", part)) + 1 for part in parts]
    starts = accumulate(lengths[:-1], initial=1)
    return b"\n".join(parts), tuple(zip(starts, names, strict=True))


def _plain_bytes(resource: Resource, root: Path, name: str, budget: Budget) -> bytes:
    """Return one file, uncompressed and in UTF-8."""
    path = inside(root, name)
    budget.spend(path.stat().st_size, name)
    compression = resource.compression or PurePosixPath(name).suffix[1:].lower()
    zipped = compression in ("gz", "gzip")
    if compression == "zip":
        raise PackageError(
            f"{name}: a zip file, which is not read; unpack it, or compress it with gzip"
        )
    if not zipped and resource.compression not in (None, "", "no"):
        raise PackageError(f"{name}: the compression {compression[:100]!r} is not supported")
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise PackageError(f"{name}: cannot be read{' as gzip' * zipped}: {reason}") from None
    if zipped:
        if len(data) > MAX_BYTES:
            raise PackageError(f"{name}: unpacks to more than {MAX_BYTES // 2**20} MiB")
        budget.spend(len(data), name)
    return _utf8(data, resource.encoding, name)


def _utf8(data: bytes, encoding: str, name: str) -> bytes:
    """Return the bytes of a file in UTF-8, whatever its encoding."""
    try:
        codec = codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise PackageError(f"{name}: there is no encoding {encoding[:100]!r}") from None
    if not _ENCODINGS.fullmatch(codec.name):
        raise PackageError(f"{name}: {encoding[:100]!r} is not an encoding of text")
    if codec.name in ("utf-8", "utf-8-sig", "ascii"):
        if data.isascii():
            return data
        codec = codecs.lookup("utf-8")
    try:
        return codec.decode(data)[0].encode()
    except UnicodeError as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        message = f"{name}: line {line} is not in the encoding {encoding}"
        raise PackageError(message, line) from None


def _file_faults(resource: Resource, root: Path, names: tuple[str, ...]) -> Iterator[Issue]:
    """Report a file whose size or hash is not that of the descriptor."""
    if len(names) != 1:
        return
    path = inside(root, names[0])
    size = path.stat().st_size
    if resource.bytes not in (None, size):
        message = f"the file has {size} bytes, the descriptor says {resource.bytes}"
        yield Issue(names[0], rule="bytes", message=message)
    if not resource.hash:
        return
    kind, _, expected = resource.hash[:1000].rpartition(":")
    kind = kind or "md5"
    if kind.lower() not in hashlib.algorithms_guaranteed or "shake" in kind.lower():
        yield Issue(names[0], rule="hash", message=f"there is no hash of the kind {kind!r}")
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, kind.lower()).hexdigest()
    if digest != expected.lower():
        message = f"the file has the {kind} {digest}, the descriptor says {expected}"
        yield Issue(names[0], rule="hash", message=message)


def _dialect(resource: Resource, root: Path, kind: str) -> Dialect:
    """Return the dialect of a CSV file; v1, v2 and frictionless write it in three ways."""
    found: Any = resource.dialect or {}
    where = f"resources[{resource.name[:100]}].dialect"
    if isinstance(found, str):
        try:
            found = json.loads(json_text(root, found))
        except (ValueError, RecursionError):
            raise PackageError(f"{resource.dialect}: not JSON") from None
    try:
        given = ({"delimiter": "\t"} if kind == "tsv" else {}) | found | found.get("csv", {})
        dialect = Dialect.model_validate_json(json.dumps(given))
        first_row(b"a", dialect)  # the csv module refuses some characters
    except (ValidationError, AttributeError, TypeError, ValueError):
        raise DescriptorError([Problem(DESCRIPTOR, where, "not a dialect of CSV")]) from None
    unread = [key for key, values in _UNREAD.items() if given.get(key) not in values]
    hint = "write the table with one header in its first row and without such rows"
    if unread:
        problems = [Problem(DESCRIPTOR, f"{where}.{key}", "is not read", hint) for key in unread]
        raise DescriptorError(problems)
    return dialect


def _inline(rows: Any, file: str) -> bytes:
    """Return data of the descriptor as a CSV file, so that they are checked as one."""
    if not isinstance(rows, list) or not rows:
        raise PackageError(f"{file}: expected a list of rows as data")
    if isinstance(rows[0], dict):
        header = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
        cells = [[row.get(n) for n in header] if isinstance(row, dict) else row for row in rows]
        rows = [header, *cells]
    if not all(isinstance(row, list) for row in rows):
        raise PackageError(f"{file}: expected rows that are all lists, or all objects")
    text = io.StringIO()
    # Line ends inside of cells stay; the csv module would not quote a lone carriage return.
    csv.writer(text, lineterminator="\r\n").writerows(
        [_plain_text(cell) for cell in row] for row in rows
    )
    try:
        return text.getvalue().encode()
    except UnicodeEncodeError:
        raise PackageError(f"{file}: the data contain half of a surrogate pair") from None


def _plain_text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value if isinstance(value, str) else cell_text(value)
