"""The files of a package of strangers: their bytes, in bounds, uncompressed and as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from diffdata.errors import Issue, PackageError
from diffdata.package.packages import inside, read_text
from diffdata.schemas.standard import Resource

# Larger files are refused: they would not fit into the memory of a small machine.
MOST_BYTES = 2**30
MOST_PARTS = 1000
MOST_JSON = 16 * 2**20

# Encodings of text; Python has others, which unpack, escape or take very long.
_ENCODINGS = re.compile(
    r"ascii|utf-(8|16|32).*|iso8859-.*|cp\d+|koi8-.*|mac-.*|(shift_jis|euc_|gb|big5|iso2022_).*|"
    r"hz|johab|kz1048|ptcp154|tis-620"
)


class Budget:
    """How many bytes may still be read of one package."""

    def __init__(self, left: int = MOST_BYTES) -> None:
        self._left = left

    def spend(self, size: int, name: str) -> None:
        """Take bytes off (PackageError if there are not as many)."""
        if size > self._left:
            raise PackageError(
                f"{name}: the files have more than {MOST_BYTES // 2**20} MiB, which are not read"
            )
        self._left -= size


def json_text(root: Path, name: str) -> str:
    """Return the text of a descriptor, schema or dialect.

    Raises
    ------
    PackageError
        If it is missing, leads out of the package, is too large or cannot be read.
    """
    path = inside(root, name)
    if not path.is_file():
        raise PackageError(f"{name}: the file is missing")
    if path.stat().st_size > MOST_JSON:
        raise PackageError(f"{name}: more than {MOST_JSON // 2**20} MiB, which are not read")
    return read_text(path, name)


def paths_of(resource: Resource) -> tuple[str, ...]:
    """Return the paths of a resource."""
    if resource.path is None:
        return ()
    return (resource.path,) if isinstance(resource.path, str) else resource.path


def plain_bytes(resource: Resource, root: Path, budget: Budget, shown: str) -> bytes:
    """Return the parts of a file as one, uncompressed and in UTF-8.

    Raises
    ------
    PackageError
        If a part is missing, leads out of the package, is too large or cannot be read.
    """
    parts = list(_parts(resource, root, budget))
    data = parts[0] if len(parts) == 1 else b"\n".join(part.rstrip(b"\r\n") for part in parts)
    return _utf8(data, resource.encoding, shown)


def _parts(resource: Resource, root: Path, budget: Budget) -> Iterator[bytes]:
    for name in existing(resource, root):
        path = inside(root, name)
        budget.spend(path.stat().st_size, name)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PackageError(f"{name}: cannot be read: {error.strerror}") from None
        compression = resource.compression or ("gz" if name.endswith(".gz") else "no")
        if compression in ("gz", "gzip"):
            data = _gunzip(data, name)
            budget.spend(len(data), name)
        elif compression not in ("no", ""):
            raise PackageError(f"{name}: the compression {compression[:100]!r} is not supported")
        yield data


def existing(resource: Resource, root: Path) -> tuple[str, ...]:
    """Return the paths of a resource (PackageError if one is no file of the package)."""
    names = paths_of(resource)
    if not names:
        raise PackageError(f"{resource.name}: the resource has neither path nor data")
    if len(names) > MOST_PARTS:
        raise PackageError(f"{names[0]}: {len(names)} parts, at most {MOST_PARTS} are read")
    for name in names:
        if not inside(root, name).is_file():
            raise PackageError(f"{name}: the file is missing")
    return names


def _gunzip(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            plain = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise PackageError(f"{name}: cannot be read as gzip: {error}") from None
    if len(plain) > MOST_BYTES:
        raise PackageError(f"{name}: unpacks to more than {MOST_BYTES // 2**20} MiB")
    return plain


def _utf8(data: bytes, encoding: str, name: str) -> bytes:
    """Return the bytes of a file in UTF-8, whatever its encoding."""
    try:
        codec = codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise PackageError(f"{name}: there is no encoding {encoding[:100]!r}") from None
    if not _ENCODINGS.fullmatch(codec.name):
        raise PackageError(f"{name}: {encoding[:100]!r} is not an encoding of text")
    if codec.name in ("utf-8", "utf-8-sig", "ascii"):
        codec = codecs.lookup("utf-8")
    if codec.name == "utf-8" and data.isascii():
        return data
    try:
        text = codec.decode(data)[0]
        return data if codec.name == "utf-8" else text.encode("utf-8")
    except UnicodeError as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        message = f"{name}: line {line} is not in the encoding {encoding}"
        raise PackageError(message, line) from None


def file_faults(resource: Resource, root: Path) -> Iterator[Issue]:
    """Report a file that is not the one whose size and hash the descriptor gives."""
    names = existing(resource, root)
    if len(names) != 1 or (resource.bytes is None and not resource.hash):
        return
    path = inside(root, names[0])
    size = path.stat().st_size
    if resource.bytes is not None and resource.bytes != size:
        message = f"the file has {size} bytes, the descriptor says {resource.bytes}"
        yield Issue(names[0], None, None, None, None, "bytes", "error", message)
    if resource.hash:
        message = _hash_fault(resource.hash, path)
        if message:
            yield Issue(names[0], None, None, None, None, "hash", "error", message)


def _hash_fault(wanted: str, path: Path) -> str:
    kind, _, expected = wanted[:1000].rpartition(":")
    if (kind or "md5").lower() not in hashlib.algorithms_guaranteed or "shake" in kind:
        return f"there is no hash of the kind {kind!r}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, (kind or "md5").lower()).hexdigest()
    if found == expected.lower():
        return ""
    return f"the file has the {kind or 'md5'} {found}, the descriptor says {expected}"
