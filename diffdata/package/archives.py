"""Zip archives of datasets, which may come from anybody: checked before anything is written."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from diffdata.errors import PackageError
from diffdata.package.files import DESCRIPTOR

_ENTRY_SIZE = 1024  # the most bytes that an entry takes in the directory
_END_MARK, _END_SIZE = b"PK\5\6", 22
_LOCATOR_MARK, _LOCATOR_SIZE = b"PK\6\7", 20
# What zipfile raises on bytes that are not an archive, or a damaged one.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
    ValueError, struct.error, KeyError, IndexError, OverflowError,
)  # fmt: skip


def unpack(
    archive: Path, folder: Path, *, most_entries: int = 10_000, most_bytes: int = 2**30
) -> None:
    """Unpack a zip archive into an empty folder; PackageError says why it cannot be unpacked."""
    try:
        _check_directory(archive, most_entries)
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            if problem := _problem(entries, most_entries, most_bytes):
                raise PackageError(f"{archive}: {problem}")
            for entry in entries:
                if not entry.is_dir():
                    target = folder.joinpath(*PurePosixPath(entry.orig_filename).parts)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    # zipfile reads no more bytes than the size that was checked.
                    with opened.open(entry) as source, target.open("xb") as file:
                        shutil.copyfileobj(source, file)
    except FileNotFoundError:
        raise PackageError(f"{archive}: the file is missing") from None
    except _UNREADABLE as error:
        raise PackageError(f"{archive}: not a zip archive that can be read: {error}") from None
    except OSError as error:
        raise PackageError(f"{archive}: cannot be unpacked: {error.strerror or error}") from None


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Yield the folder of the dataset in a zip archive, unpacked until the end of the context."""
    with tempfile.TemporaryDirectory(prefix="diffdata-") as folder:
        unpack(archive, Path(folder))
        yield package_folder(Path(folder), str(archive))


def package_folder(folder: Path, name: str) -> Path:
    """Return the folder of the dataset in an unpacked archive: its top, or the one folder there."""
    inside = [path for path in sorted(folder.iterdir()) if path.name != "__MACOSX"]
    for place in [folder, *(inside if len(inside) == 1 else [])]:
        if (place / DESCRIPTOR).is_file():
            return place
    raise PackageError(f"{name}: the archive has no {DESCRIPTOR} at its top or in its one folder")


def _check_directory(archive: Path, most_entries: int) -> None:
    """Refuse an archive whose directory is too large, before it is read into memory."""
    with archive.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_SIZE - 2**16 - _LOCATOR_SIZE))
        tail = file.read()
    end = tail.rfind(_END_MARK)
    if end < 0 or len(tail) < end + _END_SIZE:
        raise PackageError(f"{archive}: not a zip archive that can be read: it has no end")
    (directory,) = struct.unpack_from("<L", tail, end + 12)
    # Only archives far beyond our limits need the large form of the directory.
    large = tail[max(0, end - _LOCATOR_SIZE) : end].startswith(_LOCATOR_MARK)
    if large or directory > most_entries * _ENTRY_SIZE:
        raise PackageError(f"{archive}: too many entries, at most {most_entries} are read")


def _problem(entries: list[zipfile.ZipInfo], most_entries: int, most_bytes: int) -> str | None:
    """Return why the entries of an archive may not be unpacked, or None."""
    if len(entries) > most_entries:
        return f"{len(entries)} entries, at most {most_entries} are read"
    if (size := sum(entry.file_size for entry in entries)) > most_bytes:
        return f"{size} bytes unpacked, at most {most_bytes} are read"
    seen: set[str] = set()
    for entry in entries:
        # The name in the archive: zipfile cuts it at a NUL and replaces backslashes on Windows.
        name = entry.orig_filename
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or {*"\\:\0"} & {*name}:
            return f"the entry {name!r} is not a path inside the archive"
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            return f"the entry {name!r} is a link or a device, not a file"
        if entry.flag_bits & 0x1:
            return f"the entry {name!r} is encrypted"
        # On some systems, names that differ only in case or in the form of accents are one file.
        plain = unicodedata.normalize("NFC", str(path)).casefold()
        if plain in seen:
            return f"the entry {name!r} is listed twice"
        seen.add(plain)
    return None
