"""From the files of a package to validated tables: the one way in which tables are read."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from diffdata.engines import to_engine
from diffdata.errors import InvalidDataError, PackageError
from diffdata.package.digest import content_digest
from diffdata.package.packages import Package
from diffdata.schemas.compile import arrow_schema
from diffdata.validation.check import check_tables


def validated_tables(package: Package, names: Iterable[str]) -> dict[str, pa.Table]:
    """Read and validate several tables of an opened package in one pass.

    Returns
    -------
    tables
        Each table with the metadata of `diffdata.schemas.compile.arrow_schema`, and its digest.

    Raises
    ------
    UnknownNameError
        If there is no such table; the message names the nearest ones.
    InvalidDataError
        If a table breaks its schema; ``issues`` on the error lists every fault.
    PackageError
        If the package is a released edition, and a table has not the released values.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> hardware = validated_tables(open_package(), ["hardware"])["hardware"]
    >>> hardware.schema.field("memory_bytes").metadata[b"unit"]
    b'byte'
    """
    tables = {}
    for name, checked in check_tables(package, names).items():
        errors = [issue for issue in checked.issues if issue.severity == "error"]
        if errors:
            raise InvalidDataError(f"table {name!r}", errors)
        values, schema = checked.typed.values, package.schema(name)
        digest = content_digest(values, schema)
        if package.release is not None and digest != package.release.tables[name].digest:
            raise PackageError(
                f"table {name!r} of {package.release.edition}: these are not the released values: "
                f"their digest is {digest}, expected {package.release.tables[name].digest}"
            )
        described = arrow_schema(schema, name, package.version)
        described = described.with_metadata({**described.metadata, "digest": digest})
        tables[name] = pa.Table.from_arrays(values.columns, schema=described)
    return tables


def load_all(package: Package, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Load several tables of an opened package as pandas frames; see `validated_tables`."""
    tables = validated_tables(package, names)
    return {name: to_engine(table, "pandas") for name, table in tables.items()}


def load_from(package: Package, name: str) -> pd.DataFrame:
    """Load a table of an opened package as a pandas frame; see `validated_tables`."""
    return load_all(package, [name])[name]
