"""Released editions: their numbers, their index, and archives that are fetched from a mirror."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Annotated

from pydantic import Field, StringConstraints, ValidationError

from diffdata.errors import PackageError, UnknownNameError
from diffdata.package import files
from diffdata.schemas.stated import Readable

# The last number of the version of the package: 0 with a new edition, one more for other code.
PATCH = 0
INDEX = "index.json"

_VERSION = re.compile(r"(\d{1,9}\.\d{1,9})(?:\.\d{1,9})?")
_TIMEOUT = 60  # seconds that a mirror may be silent

_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def edition_of(version: str) -> str | None:
    """Return the edition that a version names (its first two numbers), None if it names none."""
    found = _VERSION.fullmatch(version)
    return found and found[1]


def edition_order(edition: str) -> tuple[int, ...]:
    """Return the sort key of an edition: 2026.10 comes after 2026.9."""
    return tuple(map(int, edition.split(".")))


def package_version() -> str:
    """Return the version of the package in a working tree: the edition and the patch number."""
    descriptor = json.loads((files.bundled_root() / files.DESCRIPTOR).read_bytes())
    return f"{edition_of(descriptor['version'])}.{PATCH}"


class TableContent(Readable, extra="forbid"):
    """The content of a table of an edition: its number of rows and the digest of its values."""

    rows: int = Field(ge=0)
    digest: _Sha256


class Release(Readable, extra="forbid"):
    """A released edition, as the index lists it.

    Attributes
    ----------
    edition
        Its name, such as ``2026.1``.
    date
        The day of the release.
    file
        The name of its archive.
    sha256, bytes
        The sha256 and the size of the archive.
    digest
        The content digest of all values and schemas, independent of the library that wrote them.
    doi
        The digital object identifier, None before there is one.
    tables
        The number of rows and the content digest of each table.
    headline
        The main changes, from the changelog.
    """

    edition: Annotated[str, StringConstraints(pattern=r"^\d{1,9}\.\d{1,9}$")]
    date: datetime.date
    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*\.zip$")]
    sha256: _Sha256
    bytes: int = Field(ge=0)
    digest: _Sha256
    doi: str | None = None
    tables: dict[str, TableContent] = Field(repr=False)
    headline: tuple[str, ...] = Field((), repr=False)

    @property
    def rows(self) -> int:
        """The number of rows of all tables together."""
        return sum(table.rows for table in self.tables.values())

    def check_digest(self, table: str, digest: str) -> None:
        """Raise a PackageError unless a table has the released values."""
        if digest != self.tables[table].digest:
            raise PackageError(
                f"table {table!r} of {self.edition}: these are not the released values: "
                f"their digest is {digest}, expected {self.tables[table].digest}"
            )


class _Index(Readable, extra="forbid"):
    releases: tuple[Release, ...]


def releases_folder(root: Path | None = None) -> Path:
    """Return the folder of the releases of a package, which may be missing."""
    return (root or files.bundled_root()) / "releases"


def versions() -> list[Release]:
    """Return the released editions, the oldest first.

    Returns
    -------
    releases
        Each with its edition, date, content digest, tables with their rows, and main changes; an
        empty list if none is released yet. PackageError is raised if the index cannot be read.

    Examples
    --------
    >>> [release.edition for release in versions() if release.rows == 0]
    []
    """
    return read_index(releases_folder())


def read_index(folder: Path) -> list[Release]:
    """Return the released editions that a folder lists, the oldest first."""
    path = folder / INDEX
    if not path.is_file():
        return []
    try:
        releases = _Index.model_validate_json(files.read_text(path, str(path))).releases
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(map(str, detail["loc"])) or "the file"
        raise PackageError(f"{path}: {where}: {detail['msg']}; reinstall diffdata") from None
    ordered = sorted(releases, key=lambda release: edition_order(release.edition))
    for one, other in pairwise(ordered):
        if one.edition == other.edition:
            raise PackageError(f"{path}: the edition {one.edition} is listed twice")
    return ordered


def write_index(folder: Path, releases: Sequence[Release]) -> None:
    """Write the index of a folder of releases atomically."""
    entries = [release.model_dump(mode="json") for release in releases]
    text = json.dumps({"releases": entries}, indent=2, ensure_ascii=False)
    files.write_atomically(folder / INDEX, f"{text}\n")


def find_release(version: str, releases: Sequence[Release]) -> Release:
    """Return the release that a version names: an edition, or a version of the package."""
    editions = {release.edition: release for release in releases}
    if (edition := edition_of(version)) not in editions:
        raise UnknownNameError("released edition", version, editions)
    return editions[edition]


def read_archive(path: Path, release: Release) -> bytes:
    """Return the bytes of the archive of a release, once its sha256 is checked."""
    try:
        with path.open("rb") as file:
            return _verified(file, str(path), release)
    except OSError as error:
        raise PackageError(f"{path}: cannot be read: {error.strerror}") from None


def fetch(version: str, mirror: str | os.PathLike[str]) -> Path:
    """Copy the archive of an edition from a mirror into the releases of this installation.

    From then on the edition loads offline like the others. The archive must have the sha256 of the
    index that comes with diffdata, so the mirror need not be trusted.

    Parameters
    ----------
    version
        The edition.
    mirror
        A folder, or an https (or http) address of one, with the archive under its own name, such as
        ``diffdata-2026.1.zip``.

    Returns
    -------
    path
        The path of the archive in the folder ``releases`` of the installed dataset.

    Raises
    ------
    UnknownNameError
        If there is no such edition; the message lists all of them.
    PackageError
        If the mirror does not have the archive, or another file under its name; if the folder
        cannot be written to.

    Examples
    --------
    >>> fetch("1999.1", "https://example.org/diffdata")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    diffdata.errors.UnknownNameError: there is no released edition named '1999.1'...
    """
    release = find_release(version, versions())
    target = releases_folder() / release.file
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == release.sha256:
        return target
    where = os.fspath(mirror)
    if where.startswith(("https://", "http://")):
        data = _download(f"{where.rstrip('/')}/{release.file}", release)
    else:
        data = read_archive(Path(where) / release.file, release)
    try:
        with files.replacing(target) as unfinished:
            unfinished.write_bytes(data)
    except OSError as error:
        raise PackageError(f"{target}: cannot be written: {error.strerror}") from None
    return target


def _download(url: str, release: Release) -> bytes:
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            return _verified(answer, url, release)
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        raise PackageError(f"{url}: cannot be fetched: {error}") from None


def _verified(file: IO[bytes], name: str, release: Release) -> bytes:
    """Read an archive, at most one byte more than it should have, and check its sha256."""
    data = file.read(release.bytes + 1)
    found = hashlib.sha256(data).hexdigest()
    if found != release.sha256:
        raise PackageError(
            f"{name}: this is not the archive of {release.edition}, or it is damaged: its "
            f"sha256 is {found}, expected {release.sha256}; reinstall diffdata, or fetch it from "
            "another mirror"
        )
    return data
