"""Where the dataset lies, and how files of a package are read and written."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path, PurePosixPath

from diffdata.errors import PackageError

if os.name != "nt":
    import fcntl

DESCRIPTOR = "datapackage.json"
_IN_USE = 3600 if os.name == "nt" else 1  # seconds in which a temporary folder is not removed
# How files begin that are often taken for a CSV file.
_OTHERS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook", b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file", b"%PDF": "a PDF file",
}  # fmt: skip
PARQUET = (".parquet", ".pq")  # suffixes of Parquet files; diffdata writes the first


def bundled_root() -> Path:
    """Return the folder of the dataset that comes with diffdata: in a working tree, its root."""
    here = Path(__file__).resolve().parents[1]
    for root in (here / "dataset", here.parent):
        if (root / DESCRIPTOR).is_file():
            return root
    raise PackageError(f"diffdata is installed without its data: no {DESCRIPTOR} under {here}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success that file replaces `path` atomically.

    A replaced file keeps its mode, a link stays a link, and a missing folder is made. What earlier
    writers beside it left when they were killed is removed.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(".*.diffdata-*/"):
        with suppress(OSError), _locked(left):
            shutil.rmtree(left, ignore_errors=True)
    # A folder of its own, so that files which a library writes beside it are removed as well.
    made = tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.diffdata-")
    with made as folder, _locked(Path(folder), own=True):
        unfinished = Path(folder, path.name)
        yield unfinished
        if path.exists():
            os.chmod(unfinished, stat.S_IMODE(path.stat().st_mode))
        os.replace(unfinished, path)


@contextmanager
def _locked(folder: Path, own: bool = False) -> Iterator[None]:
    """Hold the lock of a temporary folder, which ends with its process; OSError if it is in use."""
    # One that was just made may not be locked yet, and without locks it may be in use for long.
    if not own and folder.stat().st_mtime > time.time() - _IN_USE:
        raise OSError
    if os.name == "nt":
        yield
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError) if own else nullcontext():  # a file system without locks
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(place)


def write_atomically(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically, with the line ends of `text`."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="")


def read_bytes(path: Path, name: str) -> bytes:
    """Return the bytes of a UTF-8 file; `name` is its name in messages."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise PackageError(f"{name}: the file is missing") from None
    except OSError as error:
        raise PackageError(f"{name}: cannot be read: {error.strerror}") from None
    return checked_utf8(data, name)


def checked_utf8(data: bytes, name: str) -> bytes:
    """Return bytes that are UTF-8; PackageError names the line of others."""
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            if kind := next(
                (kind for start, kind in _OTHERS.items() if data.startswith(start)), ""
            ):
                raise PackageError(f"{name}: this is {kind}, not text; save it as CSV") from None
            line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
            fault = f"line {line} is not UTF-8 (byte 0x{byte:02x}; Windows-1252?)"
            if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:8]:
                line, fault = 1, "this is UTF-16, not UTF-8"
            message = f"{name}: {fault}; save the file with the encoding UTF-8"
            raise PackageError(message, line) from None
    return data


def read_text(path: Path, name: str) -> str:
    """Return the text of a UTF-8 file; see `read_bytes`."""
    return read_bytes(path, name).decode("utf-8")


def inside(root: Path, relative: str) -> Path:
    """Return the path of a file that a descriptor names, which must be inside of the package."""
    shown = relative if len(relative) <= 100 else relative[:97] + "..."
    if "://" in relative:
        raise PackageError(f"{shown}: a remote file, which is not fetched")
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts or ":" in relative or "\\" in relative:
        raise PackageError(f"{shown}: leads out of the package")
    try:
        resolved = (root / path).resolve()
        if not resolved.is_relative_to(root.resolve()):
            raise PackageError(f"{shown}: leads out of the package")
        (root / path).exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, a loop of links
        raise PackageError(f"{shown}: this is not a path of a file") from None
    return root / path
