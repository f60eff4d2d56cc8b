"""Load tables, and what describes them: pinned Parquet where it is up to date, or validated CSV."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diffdata.engines import ENGINES, to_engine
from diffdata.errors import UnknownNameError
from diffdata.package import files, pinned

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    import pandera.pandas as pandera
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from diffdata.package.packages import Dataset, Package


def load(
    name: str,
    version: str | None = None,
    *,
    package: Dataset | None = None,
    reviewed: bool = False,
    engine: str = "pandas",
    session: SparkSession | None = None,
) -> Any:
    """Load a table as a validated frame.

    Parameters
    ----------
    name
        The name of the table, one of `tables`.
    version
        A released edition, one of `diffdata.versions`: its archive and the digest of its values are
        verified. ``2026.1``, ``2026.1.0`` and ``2026.1.3`` name the same edition. By default the
        current data.
    package
        A folder with a datapackage.json; by default the dataset that comes with diffdata.
    reviewed
        Whether to leave out rows that were imported: only those of the first file of a table are
        reviewed.
    engine
        ``pandas``, ``pyarrow``, or one whose frames are lazy: ``polars`` (a LazyFrame), ``duckdb``
        (a relation of the default connection), ``pyspark`` (a DataFrame). Values are equal on all.
    session
        For Spark: the session; by default the active one, or a new one on this machine.

    Returns
    -------
    frame
        One row for each row of the table, in the order of its key; if it has several files, those
        of the first come first. The columns have the dtypes that `describe` names: strings,
        nullable Int64, float64, nullable booleans, datetime64. ``frame.attrs`` names the table, the
        version of the dataset, the units of its columns (``attrs["units"]["memory_bytes"]``) and,
        if no rows were left out, the digest of the values.

    Raises
    ------
    UnknownNameError
        If there is no such table, edition or engine; the message names the nearest ones.
    InvalidInputError
        If the library of the engine is not installed (the message says how to install it), or both
        a version and a package are given.
    InvalidDataError
        If the table breaks its schema; ``issues`` on the error lists every fault.
    PackageError
        If the package cannot be read, or the archive of the edition is damaged.

    Notes
    -----
    The current data come from Parquet files that were made from validated tables, if their sha256
    and those of the files they were made from match; else the CSV files are validated.

    Examples
    --------
    >>> models = load("models")
    >>> models.set_index("model_id").loc["opt-175b", "name"]
    'OPT-175B'
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    current = package is None and version is None
    found = pinned.bundled_tables(files.bundled_root(), [name]) if current else None
    if found is None:
        from diffdata.package.packages import open_dataset

        found = arrow_tables(open_dataset(package, version), [name])
    table = pinned.reviewed_rows(found[name]) if reviewed else found[name]
    return to_engine(table, engine, session=session)


def tables(version: str | None = None, *, package: Dataset | None = None) -> list[str]:
    """Return the names of all tables, in the order of the package; see `load`.

    Examples
    --------
    >>> tables()[:3]
    ['sources', 'source_sections', 'organizations']
    """
    from diffdata.package.packages import open_dataset

    return list(open_dataset(package, version).tables)


def describe(
    name: str, version: str | None = None, *, package: Dataset | None = None
) -> pd.DataFrame:
    """Return the data dictionary of a table, one row for each column; see `load`.

    Returns
    -------
    frame
        Columns: column, type, unit, description, required, key, references, constraints.

    Examples
    --------
    >>> describe("hardware").set_index("column").loc["memory_bytes", "unit"]
    'byte'
    """
    from diffdata.package.packages import open_dataset
    from diffdata.schemas.compile import dictionary

    return dictionary(open_dataset(package, version).schema(name))


def schema(
    name: str, version: str | None = None, *, package: Dataset | None = None
) -> pandera.DataFrameSchema:
    """Return the pandera schema of a table, compiled from its JSON schema.

    It checks dtypes, constraints, the key and the rules, but not the foreign keys, which need other
    tables (`load` and `validate` check them). A released edition has its own schemas.

    Examples
    --------
    >>> schema("models").validate(load("models")).shape == load("models").shape
    True
    """
    from diffdata.package.packages import open_dataset
    from diffdata.schemas.compile import pandera_schema

    return pandera_schema(open_dataset(package, version).schema(name), name)


def load_all(package: Package, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Load several tables of an opened package as pandas frames; see `arrow_tables`."""
    found = arrow_tables(package, names)
    return {name: to_engine(table, "pandas") for name, table in found.items()}


def arrow_tables(package: Package, names: Iterable[str]) -> dict[str, pa.Table]:
    """Return tables of an opened package, as `load` does, with the metadata of `arrow_schema`."""
    names = [package.resource(name).name for name in names]
    found = pinned.pinned_tables(package, names)
    return validated_tables(package, names) if found is None else found


def validated_tables(package: Package, names: Iterable[str]) -> dict[str, pa.Table]:
    """Read tables from their CSV files and validate them; see `arrow_tables`."""
    import pyarrow as pa

    from diffdata.package.digest import content_digest
    from diffdata.schemas.compile import arrow_schema
    from diffdata.validation.check import valid_tables

    tables = {}
    for name, table in valid_tables(package, names).items():
        values, schema = table.values, table.schema
        digest = content_digest(values, schema)
        if package.release is not None:
            package.release.check_digest(name, digest)
        described = arrow_schema(schema, name, package.version)
        added = {"digest": digest}
        if len(package.files(name)) > 1:
            added[pinned.REVIEWED] = str(table.text.rows_of_first_file)
        described = described.with_metadata({**described.metadata, **added})
        tables[name] = pa.Table.from_arrays(values.columns, schema=described)
    return tables


def write_pinned(package: Package) -> list[Path]:
    """Write the pinned Parquet files of a working tree that is valid, and return their paths."""
    paths = [files.DESCRIPTOR]
    for resource in package.descriptor.resources:
        paths += [*resource.path, resource.schema_]
    # Before validation: a file that changes meanwhile must not match.
    sources = {path: pinned.sha256(files.inside(package.root, path).read_bytes()) for path in paths}
    made, entries = {}, {}
    for name, table in validated_tables(package, package.tables).items():
        made[f"{name}.parquet"] = data = pinned.parquet_bytes(table)
        digest = table.schema.metadata[b"digest"].decode()
        entries[name] = {"sha256": pinned.sha256(data), "digest": digest}
    index = {"files": sources, "tables": entries}
    made[pinned.INDEX] = (json.dumps(index, indent=1) + "\n").encode()
    folder = package.root / pinned.TREE_FOLDER
    for path in folder.glob("*.parquet"):
        if path.name not in made:
            path.unlink()
    for name, data in made.items():
        with files.replacing(folder / name) as unfinished:
            unfinished.write_bytes(data)
    return [folder / name for name in made]
