"""The files of a resource, read without trust: compression, encoding, dialect, several as one."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from diffdata.errors import DescriptorError, Issue, PackageError
from diffdata.package.files import DESCRIPTOR, checked_utf8, inside
from diffdata.package.packages import json_text
from diffdata.schemas.profile import Resource as ProfileResource
from diffdata.schemas.reader import fault
from diffdata.schemas.standard import Dialect, Field, Resource, TableSchema, suffix_of
from diffdata.types.text import cell_text
from diffdata.validation.text import TextTable, first_row, header_of, join_files, read_table

MAX_FILES = 1000
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


def read_resource(
    resource: Resource, schema: TableSchema, root: Path | None, budget: Budget
) -> tuple[TextTable, TableSchema, list[Issue]]:
    """Read a table as text; if it has no schema, one is made of its header."""
    file, dialect = resource.file, Dialect()
    issues: list[Issue] = []
    if resource.data is not None:
        files = [(file, _inline(resource.data, file, schema.column_names))]
    else:
        names = existing(resource, root)
        kind = (resource.format or suffix_of(file)[1:]).lower()
        if kind not in ("csv", "tsv"):
            what = repr(kind[:100]) if kind else "of the file"
            raise PackageError(f"{file}: the format {what} is not checked, only CSV")
        if not isinstance(resource, ProfileResource):  # whose release has the digests of values
            issues += file_faults(resource, root, names)
        files = [(name, plain_bytes(resource, root, name, budget)) for name in names]
        dialect = _dialect(resource, root, kind)
    if not schema.fields:  # then only the shape is checked
        header = first_row(files[0][1], dialect)
        schema = TableSchema(
            fields=tuple(Field(name=name) for name in dict.fromkeys(header) if name)
        )
    if len(files) == 1:
        text, more = read_table(files[0][1], files[0][0], schema, dialect)
    else:
        text, more = join_files(_read_files(files, schema, dialect))
    return text, schema, [*issues, *more]


def _read_files(
    files: list[tuple[str, bytes]], schema: TableSchema, dialect: Dialect
) -> Iterator[tuple[TextTable, list[Issue], int]]:
    """Read several files that are one table, each with its number of lines, or more.

    By the profile, and for frictionless, each has a header; by the standard only the first need
    have one, so that of others it is read only if it has the same names.
    """
    names, header, above = header_of(files[0][1], dialect)
    for number, (file, data) in enumerate(files):
        size = data.count(b"\n") + data.count(b"\r") + 1
        own = not (number and dialect.header) or schema.profiled
        if own or set(first_row(data, dialect)) == set(names):
            yield *read_table(data, file, schema, dialect), size
            continue
        data = header + data.removeprefix(codecs.BOM_UTF8)
        text, issues = read_table(data, file, schema, dialect)
        moved = [
            issue if issue.line is None else replace(issue, line=issue.line - above)
            for issue in issues
            if issue.line is None or issue.line > above
        ]
        yield replace(text, lines=[line - above for line in text.lines]), moved, size


def _place(root: Path | None, name: str) -> Path:
    """Return the path of a file of a package, or without one of any file."""
    return inside(root, name) if root else Path(name)


def existing(resource: Resource, root: Path | None) -> tuple[str, ...]:
    """Return the paths of a resource, which must be files of the package."""
    names = resource.paths
    if not names:
        raise PackageError(f"{resource.name}: the resource has neither path nor data")
    if len(names) > MAX_FILES:
        raise PackageError(f"{names[0]}: {len(names)} files, at most {MAX_FILES} are read")
    for name in names:
        if not _place(root, name).is_file():
            raise PackageError(f"{name}: the file is missing")
    return names


def plain_bytes(resource: Resource, root: Path | None, name: str, budget: Budget) -> bytes:
    """Return one file, uncompressed and in UTF-8."""
    path = _place(root, name)
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
        return checked_utf8(data, name)
    try:
        return codec.decode(data)[0].encode()
    except UnicodeError as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        message = f"{name}: line {line} is not in the encoding {encoding}"
        raise PackageError(message, line) from None


def file_faults(resource: Resource, root: Path | None, names: tuple[str, ...]) -> Iterator[Issue]:
    """Report a file whose size or hash is not that of the descriptor."""
    if len(names) != 1:
        return
    path = _place(root, names[0])
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


def _dialect(resource: Resource, root: Path | None, kind: str) -> Dialect:
    """Return the dialect of a CSV file; v1, v2 and frictionless write it in three ways."""
    found: Any = resource.dialect or {}
    where = f"resources[{resource.name[:100]}].dialect"
    if isinstance(found, str) and root:
        try:
            found = json.loads(json_text(root, found))
        except (ValueError, RecursionError):
            raise PackageError(f"{resource.dialect}: not JSON") from None
    try:
        given = ({"delimiter": "\t"} if kind == "tsv" else {}) | found | found.get("csv", {})
        dialect = Dialect.model_validate_json(json.dumps(given))
        first_row(b"a", dialect)  # the csv module refuses some characters
    except (ValidationError, AttributeError, TypeError, ValueError):
        raise DescriptorError([fault(DESCRIPTOR, where, "not a dialect of CSV")]) from None
    unread = [key for key, values in _UNREAD.items() if given.get(key) not in values]
    hint = "write the table with one header in its first row and without such rows"
    if unread:
        raise DescriptorError(
            [fault(DESCRIPTOR, f"{where}.{key}", "is not read", hint) for key in unread]
        )
    return dialect


def _inline(rows: Any, file: str, expected: tuple[str, ...]) -> bytes:
    """Return data of the descriptor as a CSV file, so that they are checked as one.

    The keys of objects have no order, so they come in that of the `expected` columns.
    """
    if not isinstance(rows, list) or not rows:
        raise PackageError(f"{file}: expected a list of rows as data")
    if isinstance(rows[0], dict):
        header = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
        header.sort(key=[*expected, *header].index)
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
