"""Parquet files of validated tables, which later processes read without validating again.

The index ``tables.json`` has their sha256 and that of each file that they were made from:
descriptor, schemas and CSV files. They are used only if these match (in a wheel the first are
enough). The Parquet files in the archive of an edition are used if their content digests match.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from diffdata.errors import PackageError
from diffdata.package import files

if TYPE_CHECKING:
    from diffdata.package.editions import Release
    from diffdata.package.packages import Package

INDEX = "tables.json"
TREE_FOLDER = "dataset"  # of a working tree; in a wheel the files lie next to the data
# Metadata of a table of several files: how many rows, the first, are reviewed.
REVIEWED = "reviewed_rows"


def pinned_tables(package: Package, names: Iterable[str]) -> dict[str, pa.Table] | None:
    """Return tables of the bundled dataset or of a released edition, as they are after validation.

    None means that they must be validated: there are no such files, or they are damaged or stale.
    PackageError is raised if an edition does not have the released values.
    """
    if package.release is not None:
        return _released_tables(package, package.release, names)
    if package.root.resolve() == files.bundled_root().resolve():
        return bundled_tables(package.root, names)
    return None


def bundled_tables(root: Path, names: Iterable[str]) -> dict[str, pa.Table] | None:
    """Return tables of the bundled dataset without opening it, see `pinned_tables`."""
    try:
        folder = root if (root / INDEX).is_file() else root / TREE_FOLDER
        index = json.loads((folder / INDEX).read_bytes())
        # In a wheel the data are not for editing, and the index was made with them.
        sources = {} if folder == root else index["files"]
        for path, expected in sources.items():
            with open(f"{root}/{path}", "rb") as file:  # pathlib takes longer than the reading
                if sha256(file.read()) != expected:
                    return None
        tables = {}
        for name in names:
            expected = index["tables"][name]["sha256"]
            data = (folder / f"{name}{files.PARQUET[0]}").read_bytes()
            if sha256(data) != expected:
                return None
            tables[name] = _read(data)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # validation reports what is wrong
    return tables


def reviewed_rows(table: pa.Table) -> pa.Table:
    """Return the rows of a table that are reviewed; the digest is that of all rows."""
    metadata = dict(table.schema.metadata or {})
    number = int(metadata.pop(REVIEWED.encode(), table.num_rows))
    if number == table.num_rows:
        return table
    del metadata[b"digest"]
    return table.slice(0, number).replace_schema_metadata(metadata)


def sha256(data: bytes) -> str:
    """Return the sha256 of a file as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def parquet_bytes(table: pa.Table) -> bytes:
    """Return a table as the bytes of a Parquet file, with its metadata."""
    import pyarrow.parquet as pq

    # All options are named, so that another default of a new pyarrow changes nothing.
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, version="2.6", data_page_version="1.0", compression="snappy",
        use_dictionary=True, write_statistics=True, store_schema=True, row_group_size=2**20,
    )  # fmt: skip
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _released_tables(
    package: Package, release: Release, names: Iterable[str]
) -> dict[str, pa.Table] | None:
    from diffdata.package.digest import content_digest

    tables = {}
    for name in names:
        path = package.root / "parquet" / f"{name}{files.PARQUET[0]}"
        try:
            tables[name] = _read(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException) as error:
            raise PackageError(f"{path}: cannot be read: {error}") from None
        release.check_digest(name, content_digest(tables[name], package.schema(name)))
    return tables


def _read(data: bytes) -> pa.Table:
    try:
        # What pyarrow.parquet uses, without its import of file systems and network libraries.
        from pyarrow._parquet import ParquetReader

        reader = ParquetReader()
        reader.open(pa.BufferReader(data))
        return reader.read_all(use_threads=False)
    except (ImportError, AttributeError, TypeError):  # it is not part of the public interface
        import pyarrow.parquet as pq

        return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
