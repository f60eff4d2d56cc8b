"""What users load: tables, and what describes them.

What reads and validates is imported when it is needed: a table that was validated before, and has
not changed since, is there without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from diffdata.engines import ENGINES, to_engine
from diffdata.errors import UnknownNameError
from diffdata.loading.remembered import remembered
from diffdata.package.places import bundled_root

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import pandera.pandas as pandera
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from diffdata.package.opening import Dataset
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

    Notes
    -----
    Current tables that proved valid are kept in the folder that ``DIFFDATA_CACHE`` names (by
    default that of the system for such files), and validated again when the dataset or diffdata
    has changed.

    Examples
    --------
    >>> models = load("models")
    >>> models.set_index("model_id").loc["opt-175b", "name"]
    'OPT-175B'
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)

    root = bundled_root() if package is None and version is None else None

    def validated() -> pa.Table:
        from diffdata.loading.validated import validated_tables
        from diffdata.package.opening import open_dataset

        return validated_tables(open_dataset(root or package, version), [name])[name]

    table = remembered(root, name, validated) if root else validated()
    return to_engine(table, engine, session=session)


def tables(version: str | None = None, *, package: Dataset | None = None) -> list[str]:
    """Return the names of all tables, in the order of the package; see `load`.

    Examples
    --------
    >>> tables()[:3]
    ['sources', 'source_sections', 'organizations']
    """
    from diffdata.package.opening import open_dataset

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
    from diffdata.package.opening import open_dataset
    from diffdata.schemas.compile import dictionary

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
    from diffdata.package.opening import open_dataset
    from diffdata.schemas.compile import pandera_schema

    return pandera_schema(open_dataset(package, version).schema(name), name)
