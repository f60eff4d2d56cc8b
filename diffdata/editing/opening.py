"""Opening a package to change its files, and writing them so that no other change is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from diffdata.errors import PackageError
from diffdata.package.files import DESCRIPTOR, replacing
from diffdata.package.packages import Package, open_package

try:
    import fcntl
except ImportError:  # Windows: there only the comparison in `replace_text` protects a file
    fcntl = None  # type: ignore[assignment]


def open_for_editing(path: str | os.PathLike[str] | None = None) -> Package:
    """Open a package, by default the working tree from which diffdata is installed, to change it.

    The dataset inside an installed package is refused: an upgrade would overwrite the changes.
    """
    package = open_package(path)
    if path is None and not is_working_tree(package):
        raise PackageError(
            f"{package.root}: the dataset of an installed package cannot be edited; name the "
            "folder of your own package, or install a clone with `pip install -e .`"
        )
    return package


def is_working_tree(package: Package) -> bool:
    """Return whether a package is in a working tree of diffdata, where `diffdata build` works."""
    return all((package.root / name).exists() for name in ("pyproject.toml", "diffdata"))


@contextmanager
def locked(package: Package) -> Iterator[None]:
    """Hold the lock of a package from reading its files to writing them; wait while it is taken."""
    with (package.root / DESCRIPTOR).open("rb") as file:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_text(path: Path, old: str, new: str) -> None:
    """Replace the text of a file atomically, or refuse if the file no longer has the text `old`."""
    try:
        with replacing(path) as unfinished:
            unfinished.write_bytes(new.encode())
            if path.read_bytes() != old.encode():
                raise PackageError(
                    f"{path}: another program changed the file in the meantime; "
                    "it was not written, run the command again"
                )
    except OSError as error:
        raise PackageError(f"{path}: cannot be written: {error.strerror}") from None
