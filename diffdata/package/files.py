"""Where the dataset lies, and how files of a package are read and written."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from diffdata.errors import PackageError

DESCRIPTOR = "datapackage.json"
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

    A replaced file keeps its mode, a link stays a link, and a missing folder is made.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own, so that files which a library writes beside it are removed as well.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.diffdata-") as folder:
        unfinished = Path(folder, path.name)
        yield unfinished
        if path.exists():
            os.chmod(unfinished, stat.S_IMODE(path.stat().st_mode))
        os.replace(unfinished, path)


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
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
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
