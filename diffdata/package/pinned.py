"""Parquet files of validated tables, which later processes read without validating again.

`pinned_files` makes one Parquet file for each table of the dataset, and an index (``tables.json``)
with their sha256 and with the sha256 of each file that they were made from: descriptor, schemas and
CSV files. The build of a wheel puts them next to the data, ``diffdata build`` into the folder
``dataset`` of a working tree. They are used only if their sha256 match, and in a working tree also
those of the files they were made from. Otherwise the CSV file is read and validated.

An archive of a released edition has Parquet files too. Their content digests are compared with the
index of editions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from diffdata.errors import PackageError
from diffdata.package import files

if TYPE_CHECKING:
    from diffdata.package.editions import Release
    from diffdata.package.packages import Package

INDEX = "tables.json"
# Where the files lie: next to the data in a wheel, in a folder of their own in a working tree.
TREE_FOLDER = "dataset"


def pinned_tables(package: Package, names: Iterable[str]) -> dict[str, pa.Table] | None:
    """Return tables of the bundled dataset or of a released edition from their Parquet files.

    They have the metadata of `arrow_schema` and their content digest, as after validation. None is
    returned if the package is neither, or the files are missing, damaged or stale: then the tables
    must be validated. PackageError is raised if an edition does not have the released values.
    """
    if package.release is not None:
        return _released_tables(package, package.release, names)
    if package.root.resolve() == files.bundled_root().resolve():
        return bundled_tables(package.root, names)
    return None


def bundled_tables(root: Path, names: Iterable[str]) -> dict[str, pa.Table] | None:
    """Return tables of the bundled dataset in `root`; see `pinned_tables`.

    The package need not be opened, which keeps the import of its models out of `diffdata.load`.
    """
    try:
        folder = pinned_folder(root)
        index = json.loads((folder / INDEX).read_bytes())
        # In a wheel the data are not for editing, and the index was made with them.
        sources = {} if folder == root else index["files"]
        for path, sha256 in sources.items():
            with open(f"{root}/{path}", "rb") as file:  # pathlib takes longer than the reading
                if hashlib.sha256(file.read()).hexdigest() != sha256:
                    return None
        tables = {}
        for name in names:
            expected = index["tables"][name]["sha256"]
            data = (folder / f"{name}{files.PARQUET[0]}").read_bytes()
            if hashlib.sha256(data).hexdigest() != expected:
                return None
            tables[name] = _read(data)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # validation reports what is wrong
    return tables


def pinned_folder(root: Path) -> Path:
    """Return the folder of the Parquet files of the bundled dataset, which may be missing."""
    return root if (root / INDEX).is_file() else root / TREE_FOLDER


def pinned_files(sources: Mapping[str, bytes], tables: Mapping[str, pa.Table]) -> dict[str, bytes]:
    """Return the Parquet files of validated tables and their index, by the names of the files.

    `sources` are the files that the tables were read from, by their paths in the package. The same
    tables give the same bytes with the same version of pyarrow.
    """
    made = {f"{name}{files.PARQUET[0]}": parquet_bytes(table) for name, table in tables.items()}
    index = {
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in sources.items()},
        "tables": {
            name: {
                "sha256": hashlib.sha256(data).hexdigest(),
                "digest": table.schema.metadata[b"digest"].decode(),
            }
            for (name, table), data in zip(tables.items(), made.values(), strict=True)
        },
    }
    return {**made, INDEX: (json.dumps(index, indent=1) + "\n").encode()}


def parquet_bytes(table: pa.Table) -> bytes:
    """Return a table as the bytes of a Parquet file, with its metadata."""
    import pyarrow.parquet as pq

    # All options are named, so that another default of a new pyarrow changes nothing.
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        version="2.6",
        data_page_version="1.0",
        compression="snappy",
        use_dictionary=True,
        write_statistics=True,
        store_schema=True,
        row_group_size=2**20,
    )
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
    source = pa.BufferReader(data)
    try:
        # What pyarrow.parquet uses, without its import of file systems and network libraries.
        from pyarrow._parquet import ParquetReader

        reader = ParquetReader()
        reader.open(source)
        return reader.read_all(use_threads=False)
    except (ImportError, AttributeError, TypeError):  # it is not part of the public interface
        import pyarrow.parquet as pq

        return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
