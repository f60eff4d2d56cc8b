"""The archive of an edition: the same bytes from the same data, date and library versions."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from diffdata.errors import InvalidInputError
from diffdata.exporting import cite
from diffdata.loading import arrow_tables
from diffdata.package.digest import package_digest
from diffdata.package.editions import Release, TableContent
from diffdata.package.files import DESCRIPTOR, inside
from diffdata.package.packages import Package
from diffdata.package.pinned import parquet_bytes
from diffdata.releasing.changelog import CHANGELOG, Section

CHECKSUMS = "SHA256SUMS"
# Files that are added if the package has them: the licence of the data, the profile of the schemas.
COMPANIONS = ("LICENSE-DATA", "schemas/profile.json")


def make_archive(package: Package, section: Section, date: datetime.date) -> tuple[bytes, Release]:
    """Return the archive of an edition and its entry in the index; nothing is written.

    Dates, permissions and the order of the files are fixed, so a second run gives the same bytes.
    """
    tables = arrow_tables(package, package.tables)
    digest, described = content_of(package, tables)
    release = Release(
        edition=section.edition,
        date=date,
        file=f"{package.descriptor.name.replace('/', '-')}-{section.edition}.zip",
        sha256="0" * 64,  # an archive cannot contain its own
        bytes=0,
        digest=digest,
        doi=package.descriptor.doi,
        tables=described,
        headline=section.headline,
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in _files(package, tables, release, section).items():
            entry = zipfile.ZipInfo(name, (date.year, date.month, date.day, 0, 0, 0))
            entry.create_system = 3  # Unix, on every machine
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    data = made.getvalue()
    update = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return data, release.model_copy(update=update)


def content_of(
    package: Package, tables: Mapping[str, pa.Table]
) -> tuple[str, dict[str, TableContent]]:
    """Return the content digest of a package, and the number of rows and digest of each table."""
    described = {
        name: TableContent(rows=table.num_rows, digest=table.schema.metadata[b"digest"].decode())
        for name, table in tables.items()
    }
    digests = {name: content.digest for name, content in described.items()}
    return package_digest(digests, package.schemas), described


def _files(
    package: Package, tables: Mapping[str, pa.Table], release: Release, section: Section
) -> dict[str, bytes]:
    """Return all files of the archive by their names, sorted."""
    day = datetime.datetime.combine(release.date, datetime.time(), datetime.UTC)
    described = package.descriptor.model_copy(update={"created": day})
    dated = dataclasses.replace(package, descriptor=described, release=release)
    paths = [path for one in described.resources for path in (one.path, one.schema_)]
    files = {path: inside(package.root, path).read_bytes() for path in paths}
    descriptor: dict[str, Any] = json.loads((package.root / DESCRIPTOR).read_bytes())
    descriptor["created"] = f"{release.date}T00:00:00Z"
    for resource in descriptor["resources"]:
        data = files[resource["path"]]
        resource["bytes"] = len(data)
        resource["hash"] = f"sha256:{hashlib.sha256(data).hexdigest()}"
    ours = {
        DESCRIPTOR: (json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n").encode(),
        CHANGELOG: f"# {described.title}\n\n{section.text}".encode(),
        "CITATION.cff": cite(package=dated, style="cff").encode(),
    }
    licenses = ", ".join(one.name for one in described.licenses)
    origin = {"dataset": described.name, "license": licenses}
    for name, table in tables.items():
        named = table.replace_schema_metadata({**table.schema.metadata, **origin})
        ours[f"parquet/{name}.parquet"] = parquet_bytes(named)
    for name in COMPANIONS:
        if (package.root / name).is_file():
            ours[name] = (package.root / name).read_bytes()
    for name in [*ours, CHECKSUMS]:
        if name in files:
            raise InvalidInputError(f"{name}: the archive has a file of this name; rename yours")
    files = dict(sorted((files | ours).items()))
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()]
    return dict(sorted((files | {CHECKSUMS: "".join(sums).encode()}).items()))
