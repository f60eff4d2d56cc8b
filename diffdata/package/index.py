"""The index of the released editions: what each is known by."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from diffdata.errors import PackageError, UnknownNameError
from diffdata.package.files import write_atomically
from diffdata.package.numbering import edition_of, in_time
from diffdata.package.packages import read_text
from diffdata.package.places import bundled_root

INDEX = "index.json"

_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class TableContent(BaseModel):
    """What a table of an edition holds: how many rows, and the digest of their values."""

    model_config = _STRICT

    rows: int = Field(ge=0)
    digest: _Sha256


class Release(BaseModel):
    """A released edition, as the index lists it.

    Attributes
    ----------
    edition
        Its name, as in ``2026.1``.
    date
        The day of the release.
    file
        The name of its archive.
    sha256, bytes
        The sha256 and the size of the archive.
    digest
        The content digest: of all values and schemas, the same whatever library wrote them.
    doi
        The digital object identifier, None before one is minted.
    tables
        The number of rows and the content digest of each table.
    headline
        What is new in it, as the changelog leads with it.
    """

    model_config = _STRICT

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
        """How many rows all tables have together."""
        return sum(table.rows for table in self.tables.values())


class _Index(BaseModel):
    model_config = _STRICT

    releases: tuple[Release, ...]


def releases_folder() -> Path:
    """Return the folder of the released editions that come with diffdata; it may be missing."""
    return releases_of(bundled_root())


def releases_of(root: Path) -> Path:
    """Return the folder of the releases of a package that lies in `root`."""
    return root / "releases"


def versions() -> list[Release]:
    """Return the released editions, the oldest first.

    Returns
    -------
    releases
        Of each its edition, date, content digest, tables with their rows, and headline changes; an
        empty list if none is released yet.

    Raises
    ------
    PackageError
        If the index cannot be read.

    Examples
    --------
    >>> [release.edition for release in versions() if release.rows == 0]
    []
    """
    return read_index(releases_folder())


def read_index(folder: Path) -> list[Release]:
    """Return the released editions that a folder lists, the oldest first.

    Raises
    ------
    PackageError
        If the index cannot be read, or lists an edition twice.
    """
    path = folder / INDEX
    if not path.is_file():
        return []
    try:
        releases = _Index.model_validate_json(read_text(path, str(path))).releases
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(map(str, detail["loc"])) or "the file"
        raise PackageError(f"{path}: {where}: {detail['msg']}; reinstall diffdata") from None
    names = [release.edition for release in releases]
    for name in names:
        if names.count(name) > 1:
            raise PackageError(f"{path}: the edition {name} stands twice")
    return sorted(releases, key=lambda release: in_time(release.edition))


def write_index(folder: Path, releases: Sequence[Release]) -> None:
    """Write the index of a folder of releases, whole or not at all."""
    entries = [release.model_dump(mode="json") for release in releases]
    text = json.dumps({"releases": entries}, indent=2, ensure_ascii=False)
    write_atomically(folder / INDEX, f"{text}\n")


def find_release(version: str, releases: Sequence[Release]) -> Release:
    """Return the release that a version names: an edition, or a version of the package.

    Raises
    ------
    UnknownNameError
        If it is not among the releases; all are listed.
    """
    edition = edition_of(version)
    for release in releases:
        if release.edition == edition:
            return release
    raise UnknownNameError("released edition", version, [one.edition for one in releases])


def verified(archive: Path, release: Release) -> bytes:
    """Return the bytes of an archive, if they are the released ones.

    Raises
    ------
    PackageError
        If it cannot be read, or has another sha256; the message names both.
    """
    try:
        data = archive.read_bytes()
    except OSError as error:
        raise PackageError(f"{archive}: cannot be read: {error.strerror}") from None
    found = hashlib.sha256(data).hexdigest()
    if found != release.sha256:
        raise PackageError(
            f"{archive}: this is not the archive of {release.edition}, or it is damaged: its "
            f"sha256 is {found}, expected {release.sha256}; reinstall diffdata, or fetch it from "
            "another mirror"
        )
    return data
