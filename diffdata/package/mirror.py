"""Archives that are not part of the installed package, from a mirror that the user names."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from diffdata.errors import InvalidInputError, PackageError
from diffdata.package.files import replacing
from diffdata.package.index import Release, find_release, verified, versions
from diffdata.package.places import cache_folder


def fetch(version: str, mirror: str | os.PathLike[str]) -> Path:
    """Bring the archive of an edition that is not part of the installed package.

    From then on the edition loads offline like the others. The archive is known by the sha256 in
    the index that comes with diffdata, so the mirror need not be trusted.

    Parameters
    ----------
    version
        The edition.
    mirror
        A folder, or a https (or http) address of one, that holds the archive under its own name,
        such as ``diffdata-2026.1.zip``.

    Returns
    -------
    path
        Where the archive is kept: in the folder that the environment variable ``DIFFDATA_CACHE``
        names, by default in that of the system for files that can be had again.

    Raises
    ------
    UnknownNameError
        If there is no such edition; all are listed.
    PackageError
        If the mirror does not have the archive, or another file under its name.
    InvalidInputError
        If the mirror is an address and pooch is not installed (``pip install 'diffdata[mirror]'``).

    Examples
    --------
    >>> fetch("1999.1", "https://example.org/diffdata")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    diffdata.errors.UnknownNameError: there is no released edition named '1999.1'...
    """
    release = find_release(version, versions())
    target = _place(release)
    where = os.fspath(mirror)
    if where.startswith(("https://", "http://")):
        _download(f"{where.rstrip('/')}/{release.file}", target, release)
    else:
        _copy(Path(where) / release.file, target, release)
    return target


def cached(release: Release) -> Path | None:
    """Return where the archive of a release was kept when it was fetched; None if it was not."""
    target = _place(release)
    return target if target.exists() else None


def _place(release: Release) -> Path:
    return cache_folder() / release.sha256 / release.file


def _download(url: str, target: Path, release: Release) -> None:
    pooch = _pooch()
    try:
        pooch.retrieve(url, f"sha256:{release.sha256}", fname=target.name, path=target.parent)
    except ValueError as error:  # the hash is another one; the message names both
        raise PackageError(f"{url}: this is not the released archive: {error}") from None
    except OSError as error:
        raise PackageError(f"{url}: cannot be fetched: {error}") from None


def _copy(source: Path, target: Path, release: Release) -> None:
    data = verified(source, release)
    try:
        with replacing(target) as unfinished:
            unfinished.write_bytes(data)
    except OSError as error:
        raise PackageError(f"{target}: cannot be written: {error.strerror}") from None


def _pooch() -> Any:
    try:
        return importlib.import_module("pooch")
    except ImportError:
        raise InvalidInputError(
            "to fetch an archive: this needs the library pooch; "
            "install it with: pip install 'diffdata[mirror]'"
        ) from None
