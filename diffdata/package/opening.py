"""Opening a released edition: the archive is verified first, and then read as any package."""

from __future__ import annotations

import atexit
import dataclasses
import os
import shutil
import tempfile
from pathlib import Path

from diffdata.errors import InvalidInputError, PackageError
from diffdata.package.archives import package_folder, unpack
from diffdata.package.digest import package_digest
from diffdata.package.index import Release, find_release, read_index, releases_folder, verified
from diffdata.package.mirror import cached
from diffdata.package.numbering import edition_of
from diffdata.package.packages import Package, open_package
from diffdata.package.places import DESCRIPTOR

# What a user may give as a dataset: a folder, a descriptor, or a package that is open already.
Dataset = str | os.PathLike[str] | Package

# Where this process has unpacked an archive, by its sha256; removed when the process ends.
_unpacked: dict[tuple[int, str], Path] = {}


def open_dataset(package: Dataset | None = None, version: str | None = None) -> Package:
    """Open what a user names: a package, a released edition, or the current dataset.

    Parameters
    ----------
    package
        A folder with a datapackage.json, that file, or a package that is open already.
    version
        A released edition (``2026.1``), always read from its archive. Without both it is the
        dataset that comes with diffdata.

    Raises
    ------
    InvalidInputError
        If both are given.
    UnknownNameError
        If there is no such edition; all are listed.
    PackageError
        If the package cannot be read, or the archive is missing or damaged.

    Examples
    --------
    >>> open_dataset().tables[0]
    'sources'
    >>> open_dataset("my/folder", "2026.1")
    Traceback (most recent call last):
    ...
    diffdata.errors.InvalidInputError: version: 2026.1 is an edition of diffdata, and a package is \
named too; give one of them
    """
    if version is None:
        return package if isinstance(package, Package) else open_package(package)
    if package is not None:
        raise InvalidInputError(
            f"version: {version} is an edition of diffdata, and a package is named too; "
            "give one of them"
        )
    return open_edition(version)


def open_edition(version: str) -> Package:
    """Open a released edition; see `open_dataset`.

    Examples
    --------
    >>> open_edition("1999.1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    diffdata.errors.UnknownNameError: there is no released edition named '1999.1'...
    """
    folder = releases_folder()
    return open_release(folder, find_release(version, read_index(folder)))


def open_release(folder: Path, release: Release) -> Package:
    """Open a release whose archive lies in a folder, or was fetched before.

    Nothing is read from an archive before its sha256 is that of the index. The content digest of
    each table is checked when the table is loaded.

    Raises
    ------
    PackageError
        If the archive is missing or damaged, or the index does not fit it.
    """
    archive = folder / release.file
    if not archive.exists():
        archive = cached(release) or archive
    if not archive.exists():
        raise PackageError(
            f"{archive}: the archive of {release.edition} is not part of this installation; "
            f"`diffdata fetch {release.edition} MIRROR` brings it"
        )
    verified(archive, release)
    root = _folder_of(archive, release.sha256)
    package = dataclasses.replace(open_package(root), release=release)
    digests = {name: table.digest for name, table in release.tables.items()}
    if (
        edition_of(package.version) != release.edition
        or digests.keys() != package.schemas.keys()
        or package_digest(digests, package.schemas) != release.digest
    ):
        raise PackageError(
            f"{archive}: the index does not describe what is in it; reinstall diffdata"
        )
    return package


def _folder_of(archive: Path, sha256: str) -> Path:
    """Return where the files of a verified archive lie; each process has its own copy."""
    key = (os.getpid(), sha256)
    known = _unpacked.get(key)
    # Machines that run for long clear their temporary files now and then.
    if known is None or not (known / DESCRIPTOR).is_file():
        folder = Path(tempfile.mkdtemp(prefix="diffdata-"))
        atexit.register(_remove, folder, os.getpid())
        unpack(archive, folder)
        known = _unpacked[key] = package_folder(folder, str(archive))
    return known


def _remove(folder: Path, owner: int) -> None:
    # A forked process ends too, and must leave the folder to its owner.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
