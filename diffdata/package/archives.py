"""Archives of datasets, which anybody may have made: checked before a byte is written."""

from __future__ import annotations

import lzma
import os
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
from diffdata.package.places import DESCRIPTOR

MOST_ENTRIES = 10_000
MOST_BYTES = 2**30
_CHUNK = 2**20
_ENTRY_SIZE = 1024  # bytes that an entry takes in the directory, at most
_END_MARK, _END_SIZE = b"PK\5\6", 22
_LOCATOR_MARK, _LOCATOR_SIZE = b"PK\6\7", 20
# What zipfile raises on bytes that are no archive, or a damaged one.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
    ValueError, struct.error, KeyError, IndexError, OverflowError,
)  # fmt: skip


def unpack(
    archive: Path,
    folder: Path,
    *,
    most_entries: int = MOST_ENTRIES,
    most_bytes: int = MOST_BYTES,
) -> None:
    """Unpack a zip archive into a folder.

    Parameters
    ----------
    archive
        The archive.
    folder
        An empty folder.
    most_entries, most_bytes
        How many entries the archive may have, and how large they may be unpacked, in bytes.

    Raises
    ------
    PackageError
        If it is no zip archive or is damaged; if a name leads out of the folder or stands twice,
        an entry is a link or encrypted, or there are too many or too large ones.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(folder / "a.zip", "w") as made:
    ...     made.writestr("../outside.csv", "a")
    >>> unpack(folder / "a.zip", folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    diffdata.errors.PackageError: ...: the entry '../outside.csv' is not a path inside the archive
    """
    try:
        _check_directory(archive, most_entries)
        with zipfile.ZipFile(archive) as opened:
            entries = _checked(opened, archive, most_entries, most_bytes)
            left = most_bytes
            for entry in entries:
                left -= _write(opened, entry, folder, left, archive)
    except FileNotFoundError:
        raise PackageError(f"{archive}: the file is missing") from None
    except _UNREADABLE as error:
        raise PackageError(f"{archive}: not a zip archive that can be read: {error}") from None
    except OSError as error:
        raise PackageError(f"{archive}: cannot be unpacked: {error.strerror or error}") from None


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
    # The large form is only needed beyond bounds that are far above ours.
    large = tail[max(0, end - _LOCATOR_SIZE) : end].startswith(_LOCATOR_MARK)
    if large or directory > most_entries * _ENTRY_SIZE:
        raise PackageError(f"{archive}: too many entries, at most {most_entries} are read")


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Unpack a zip archive of a dataset, and give its folder, which is gone afterwards.

    Raises
    ------
    PackageError
        If it cannot be unpacked, see `unpack`, or holds no dataset.
    """
    with tempfile.TemporaryDirectory(prefix="diffdata-") as folder:
        unpack(archive, Path(folder))
        yield package_folder(Path(folder), str(archive))


def package_folder(folder: Path, name: str) -> Path:
    """Return the folder of the dataset in an unpacked archive: its top, or the one folder there.

    Raises
    ------
    PackageError
        If there is no datapackage.json in either; `name` is what the message calls the archive.
    """
    inside: list[Path] = [path for path in sorted(folder.iterdir()) if path.name != "__MACOSX"]
    for place in [folder, *(inside if len(inside) == 1 else [])]:
        if (place / DESCRIPTOR).is_file():
            return place
    raise PackageError(f"{name}: the archive has no {DESCRIPTOR} at its top or in its one folder")


def _checked(
    opened: zipfile.ZipFile, archive: Path, most_entries: int, most_bytes: int
) -> list[zipfile.ZipInfo]:
    """Return the files of an archive, if all its entries may be unpacked."""
    entries = opened.infolist()
    if len(entries) > most_entries:
        raise PackageError(f"{archive}: {len(entries)} entries, at most {most_entries} are read")
    size = sum(entry.file_size for entry in entries)
    if size > most_bytes:
        raise PackageError(f"{archive}: {size} bytes unpacked, at most {most_bytes} are read")
    seen: set[str] = set()
    for entry in entries:
        # The name as the archive has it: zipfile cuts it at a NUL and turns backslashes on Windows.
        name = entry.orig_filename
        path = PurePosixPath(name)
        if (
            path.is_absolute()
            or ".." in path.parts
            or not path.parts
            or any(letter in name for letter in "\\:\0")
        ):
            raise PackageError(f"{archive}: the entry {name!r} is not a path inside the archive")
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise PackageError(f"{archive}: the entry {name!r} is a link or a device, not a file")
        if entry.flag_bits & 0x1:
            raise PackageError(f"{archive}: the entry {name!r} is encrypted")
        # Names that differ by case or by the spelling of accents are one file on some machines.
        plain = unicodedata.normalize("NFC", str(path)).casefold()
        if plain in seen:
            raise PackageError(f"{archive}: the entry {name!r} stands twice")
        seen.add(plain)
    return [entry for entry in entries if not entry.is_dir()]


def _write(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, left: int, archive: Path
) -> int:
    """Write one file and return its size; a size that the archive states is not trusted."""
    target = folder.joinpath(*PurePosixPath(entry.orig_filename).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > left:
                raise PackageError(f"{archive}: larger unpacked than it says")
            file.write(chunk)
    return written
