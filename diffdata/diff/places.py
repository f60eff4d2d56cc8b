"""What a user names to be compared, and how it is opened: folder, archive, CSV file, revision."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from diffdata.diff.revisions import archive_revision
from diffdata.errors import PackageError
from diffdata.package.archives import unpacked
from diffdata.package.index import find_release, versions
from diffdata.package.numbering import edition_of
from diffdata.package.opening import open_edition
from diffdata.package.packages import Package, open_package
from diffdata.package.places import DESCRIPTOR


@dataclass(frozen=True)
class Place:
    """Something that can be compared: a dataset, or a CSV file.

    Attributes
    ----------
    name
        What the user called it.
    package
        The dataset, None if it is a CSV file.
    file
        The CSV file, None if it is a dataset.
    """

    name: str
    package: Package | None = None
    file: Path | None = None


# A way to read what the user named; None if it is not meant. What it must close later goes on the
# stack.
Way = Callable[[str, ExitStack], Place | None]


def _folder(text: str, _: ExitStack) -> Place | None:
    path = Path(text)
    if path.is_dir() or path.name == DESCRIPTOR:
        return Place(text, package=open_package(path))
    return None


def _archive(text: str, stack: ExitStack) -> Place | None:
    path = Path(text)
    if path.suffix.lower() != ".zip":
        return None
    return Place(text, package=open_package(stack.enter_context(unpacked(path))))


def _csv(text: str, _: ExitStack) -> Place | None:
    path = Path(text)
    if path.suffix.lower() == ".csv" or path.is_file():
        return Place(text, file=path)
    return None


def _edition(text: str, _: ExitStack) -> Place | None:
    edition = edition_of(text)
    if edition not in [release.edition for release in versions()]:
        return None
    return Place(text, package=open_edition(text))


def _revision(text: str, stack: ExitStack) -> Place | None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="diffdata-")))
    if not archive_revision(text, folder):
        return None
    return Place(text, package=open_package(folder))


# In the order in which they are tried: what lies on the disk stands first, then what is released,
# and then what git knows.
WAYS: tuple[Way, ...] = (_folder, _archive, _csv, _edition, _revision)


@contextmanager
def open_place(text: str | os.PathLike[str]) -> Iterator[Place]:
    """Open what a user names, and remove what was unpacked for it afterwards.

    Parameters
    ----------
    text
        A folder with a datapackage.json (or that file), a .zip of such a folder, a CSV file, a
        released edition (``2026.1``), or a revision of the git repository in the current directory
        (``REV``, or ``REV:FOLDER``).

    Raises
    ------
    PackageError
        If it is none of them, or cannot be read.
    UnknownNameError
        If it looks like an edition, and there is none of that name.

    Examples
    --------
    >>> with open_place("no-such-thing") as place:
    ...     pass
    Traceback (most recent call last):
    ...
    diffdata.errors.PackageError: no-such-thing: expected a folder with a datapackage.json, a .zip \
of one, a CSV file, a released edition, or a revision of the git repository in the current \
directory
    """
    name = os.fspath(text)
    with ExitStack() as stack:
        for way in WAYS:
            place = way(name, stack)
            if place is not None:
                yield place
                return
        if edition_of(name):
            find_release(name, versions())
        raise PackageError(
            f"{name}: expected a folder with a {DESCRIPTOR}, a .zip of one, a CSV file, a released "
            "edition, or a revision of the git repository in the current directory"
        )
