"""The archive of an edition: the same bytes from the same data, date and library versions."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import io
import json
import zipfile
from typing import Any

import pyarrow.parquet

from diffdata.errors import InvalidInputError
from diffdata.exporting import Contents, arrow_table, contents
from diffdata.exporting.cite import cite_from
from diffdata.package.digest import package_digest
from diffdata.package.index import Release, TableContent
from diffdata.package.packages import Package, inside
from diffdata.package.places import DESCRIPTOR
from diffdata.releasing.changelog import CHANGELOG, Section

CHECKSUMS = "SHA256SUMS"
CITATION = "CITATION.cff"
# What goes with the data where it is there: their licence, and what the words of the schemas mean.
COMPANIONS = ("LICENSE-DATA", "schemas/profile.json")

# What an archive cannot say of itself: its own sha256.
_NOT_KNOWN = "0" * 64


def make_archive(package: Package, section: Section, date: datetime.date) -> tuple[bytes, Release]:
    """Make the archive of an edition and its entry in the index; nothing is written.

    It holds the descriptor with the sha256 and the size of each data file, the schemas, the tables
    as CSV and as Parquet, what the changelog says of the edition, its citation, the licence of the
    data and the profile of the schemas if they are there, and the sha256 of all of these. Dates,
    permissions and the order of the entries are fixed, so that a second run gives the same bytes.

    Parameters
    ----------
    package
        The edition.
    section
        What the changelog says of it.
    date
        The day of the release, from 1980 on.

    Returns
    -------
    archive, release
        The bytes of a zip archive, and what the index says of it.

    Raises
    ------
    InvalidDataError
        If a table breaks its schema.
    InvalidInputError
        If a data file or schema bears the name of another file of the archive.
    """
    found = contents(package, package.tables)
    tables = {
        table.name: TableContent(rows=len(table.frame), digest=table.digest)
        for table in found.tables
    }
    release = Release(
        edition=section.edition,
        date=date,
        file=f"{package.descriptor.name.replace('/', '-')}-{section.edition}.zip",
        sha256=_NOT_KNOWN,
        bytes=0,
        digest=package_digest({t.name: t.digest for t in found.tables}, package.schemas),
        doi=package.descriptor.doi,
        tables=tables,
        headline=section.headline,
    )
    data = _zipped(_files(found, release, section), date)
    known = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return data, release.model_copy(update=known)


def _files(found: Contents, release: Release, section: Section) -> dict[str, bytes]:
    """Return all files of the archive by their names, sorted."""
    package = found.package
    day = datetime.datetime.combine(release.date, datetime.time(), datetime.UTC)
    described = package.descriptor.model_copy(update={"created": day})
    dated = dataclasses.replace(package, descriptor=described, release=release)
    files: dict[str, bytes] = {}
    for resource in described.resources:
        for path in (resource.path, resource.schema_):
            files[path] = inside(package.root, path).read_bytes()
    ours = {
        DESCRIPTOR: _descriptor(package, release, files),
        CHANGELOG: f"# {described.title}\n\n{section.text}".encode(),
        CITATION: cite_from(dated, style="cff").encode(),
    }
    ours |= {f"parquet/{table.name}.parquet": _parquet(found, table) for table in found.tables}
    for name in COMPANIONS:
        if (package.root / name).is_file():
            ours[name] = (package.root / name).read_bytes()
    for name in [*ours, CHECKSUMS]:
        if name in files:
            raise InvalidInputError(f"{name}: the archive has a file of this name; rename yours")
    files = dict(sorted((files | ours).items()))
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()]
    return dict(sorted((files | {CHECKSUMS: "".join(sums).encode()}).items()))


def _descriptor(package: Package, release: Release, files: dict[str, bytes]) -> bytes:
    """Return the descriptor with the date of the release, and size and sha256 of each data file."""
    described: dict[str, Any] = json.loads((package.root / DESCRIPTOR).read_bytes())
    described["created"] = f"{release.date}T00:00:00Z"
    for resource in described["resources"]:
        data = files[resource["path"]]
        resource["bytes"] = len(data)
        resource["hash"] = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode()


def _parquet(found: Contents, table: Any) -> bytes:
    # The options are written out, so that another default of a new pyarrow changes nothing.
    made = io.BytesIO()
    pyarrow.parquet.write_table(
        arrow_table(found, table),
        made,
        version="2.6",
        data_page_version="1.0",
        compression="snappy",
        use_dictionary=True,
        write_statistics=True,
        store_schema=True,
        row_group_size=2**20,
    )
    return made.getvalue()


def _zipped(files: dict[str, bytes], date: datetime.date) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (date.year, date.month, date.day, 0, 0, 0))
            entry.create_system = 3  # Unix, on every machine
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return made.getvalue()
