"""From disk to a validated frame: the one way in which tables are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from diffdata.digest import identity
from diffdata.editions import Dataset, open_dataset
from diffdata.engines import ENGINES, to_engine
from diffdata.errors import InvalidDataError, PackageError, UnknownNameError
from diffdata.packages import Package
from diffdata.schemas import arrow_schema, dictionary, pandera_schema
from diffdata.validation import check_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandera.pandas as pandera
    from pyspark.sql import SparkSession

    from diffdata.typed import Load


def _typed(function: Callable[..., Any]) -> Load:
    """Give `load` its generated overloads, so that a type checker knows each table's columns."""
    return cast("Load", function)


@_typed
def load(
    name: str,
    version: str | None = None,
    *,
    package: Dataset | None = None,
    engine: str = "pandas",
    session: SparkSession | None = None,
) -> Any:
    """Load a table as a validated frame.

    Parameters
    ----------
    name
        The name of the table, one of `tables`.
    version
        A released edition, one of `diffdata.versions`: its archive is verified, and checked with
        its own schemas. ``2026.1``, ``2026.1.0`` and ``2026.1.3`` name the same edition. By default
        the current data.
    package
        A folder with a datapackage.json; by default the dataset that comes with diffdata.
    engine
        ``pandas``, ``pyarrow``, or one whose frames are lazy: ``polars`` (a LazyFrame), ``duckdb``
        (a relation of the default connection), ``pyspark`` (a DataFrame). Values are equal on all.
    session
        For Spark: the session; by default the active one, or a new one on this machine.

    Returns
    -------
    frame
        One row for each row of the table, in the order of its key. The columns have the dtypes
        that `describe` names: strings, nullable Int64, float64, nullable booleans, datetime64.
        ``frame.attrs`` names the table, the version of the dataset and the digest of the values.

    Raises
    ------
    UnknownNameError
        If there is no such table, edition or engine; the message names the nearest ones.
    InvalidInputError
        If the library of the engine is not installed; the message says how to install it.
    InvalidDataError
        If the table breaks its schema; ``issues`` on the error lists every fault.
    PackageError
        If the package cannot be read, or the archive of the edition is damaged.
    InvalidInputError
        If both a version and a package are given.

    Examples
    --------
    >>> models = load("models")
    >>> models.set_index("model_id").loc["opt-175b", "name"]
    'OPT-175B'
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    opened = open_dataset(package, version)
    frame = load_from(opened, name)
    if engine == "pandas":
        return frame
    import pyarrow as pa

    described = arrow_schema(opened.schema(name), name, opened.version)
    table = pa.Table.from_pandas(frame, schema=described, preserve_index=False)
    table = table.replace_schema_metadata(described.metadata)
    return to_engine(table, engine, opened.schema(name), session=session)


def load_from(package: Package, name: str) -> pd.DataFrame:
    """Load a table of an opened package; see `load`."""
    return load_all(package, [name])[name]


def load_all(package: Package, names: list[str]) -> dict[str, pd.DataFrame]:
    """Load several tables of an opened package in one pass; see `load`."""
    frames = {}
    for name, checked in check_tables(package, names).items():
        errors = [issue for issue in checked.issues if issue.severity == "error"]
        if errors:
            raise InvalidDataError(f"table {name!r}", errors)
        known = identity(checked.typed.values, package.schema(name), name, package.version)
        if package.release is not None and known["digest"] != package.release.tables[name].digest:
            raise PackageError(
                f"table {name!r} of {package.release.edition}: these are not the released values: "
                f"their digest is {known['digest']}, expected {package.release.tables[name].digest}"
            )
        checked.frame.attrs.update(known)
        frames[name] = checked.frame
    return frames


def tables(version: str | None = None, *, package: Dataset | None = None) -> list[str]:
    """Return the names of all tables, in the order of the package; see `load`.

    Examples
    --------
    >>> tables()[:3]
    ['sources', 'source_sections', 'organizations']
    """
    return list(open_dataset(package, version).tables)


def describe(
    name: str, version: str | None = None, *, package: Dataset | None = None
) -> pd.DataFrame:
    """Return the data dictionary of a table: one row a column; see `load`.

    Returns
    -------
    frame
        Columns: column, type, unit, description, required, key, references, constraints.

    Examples
    --------
    >>> describe("hardware").set_index("column").loc["memory_bytes", "unit"]
    'byte'
    """
    return dictionary(open_dataset(package, version).schema(name))


def schema(
    name: str, version: str | None = None, *, package: Dataset | None = None
) -> pandera.DataFrameSchema:
    """Return the pandera schema of a table, compiled from its JSON schema.

    It checks dtypes, constraints, the key and the rules; not the foreign keys, for these need
    other tables (`load` and `validate` check them). That of a released edition is its own.

    Examples
    --------
    >>> schema("models").validate(load("models")).shape == load("models").shape
    True
    """
    return pandera_schema(open_dataset(package, version).schema(name), name)
