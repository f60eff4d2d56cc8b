"""Archives of strangers, unpacked without trust: names, links and sizes are checked first."""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from diffdata.errors import PackageError

# No dataset of tables comes near these; what lies beyond is refused before it is unpacked.
MAX_ENTRIES = 10_000
MAX_BYTES = 2**30
_CHUNK = 2**20


@contextmanager
def unpacked(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Unpack a zip file into a temporary folder, which is gone when the block ends.

    Yields
    ------
    folder
        The folder that holds what the archive holds; if all of it lies in one folder, that one.

    Raises
    ------
    PackageError
        If the file is no zip file, is damaged or encrypted, holds a link, a name twice or a name
        that leads elsewhere, or more than `MAX_ENTRIES` files or `MAX_BYTES` bytes.
    """
    name = os.path.basename(path)
    with tempfile.TemporaryDirectory(prefix="diffdata-") as folder:
        root = Path(folder)
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, root, name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise PackageError(f"{name}: cannot be read as a zip file: {error}") from None
        inside = list(root.iterdir())
        alone = len(inside) == 1 and inside[0].is_dir()
        yield inside[0] if alone else root


def _unpack(archive: zipfile.ZipFile, root: Path, name: str) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise PackageError(f"{name}: {len(entries)} entries, more than {MAX_ENTRIES} are not read")
    seen: set[str] = set()
    left = MAX_BYTES
    for entry in entries:
        _check_name(entry, name)
        if entry.is_dir():
            continue
        # Two names that differ by case alone are one file on some machines.
        if entry.filename.casefold() in seen:
            raise PackageError(f"{name}: two entries have the name {entry.filename!r}")
        seen.add(entry.filename.casefold())
        target = root / entry.filename
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, target.open("xb") as file:
            # The size that the archive states is only a claim: the bytes are counted.
            while chunk := packed.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise PackageError(f"{name}: unpacks to more than {MAX_BYTES // 2**20} MiB")
                file.write(chunk)


def _check_name(entry: zipfile.ZipInfo, name: str) -> None:
    path = PurePosixPath(entry.filename)
    odd = "\\" in entry.filename or "\0" in entry.orig_filename or ":" in entry.filename
    if odd or path.is_absolute() or ".." in path.parts or len(entry.filename) > 1000:
        raise PackageError(f"{name}: the entry {entry.filename[:100]!r} leads out of the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise PackageError(f"{name}: the entry {entry.filename!r} is a link")
    if entry.flag_bits & 1:
        raise PackageError(f"{name}: the entry {entry.filename!r} is encrypted")
