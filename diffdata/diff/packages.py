"""Two datasets: their tables, their schemas, and every table of both, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from diffdata.diff.schema_changes import SchemaChange, column_types, schema_changes
from diffdata.diff.table import Table, read_table
from diffdata.diff.tables import TableDiff, compare_tables
from diffdata.errors import UnknownNameError
from diffdata.package.packages import Package
from diffdata.schemas.standard import TableSchema


@dataclass(frozen=True)
class PackageDiff:
    """How two datasets differ.

    Attributes
    ----------
    old, new
        What they are called.
    old_version, new_version
        Their versions.
    tables_added, tables_removed
        The tables that just one of them has.
    schema
        What changed in the schemas of the tables of both.
    tables
        The comparison of each table of both, in the order of the new dataset.
    remarks
        What could not be compared, and why.
    """

    old: str
    new: str
    old_version: str
    new_version: str
    tables_added: tuple[str, ...]
    tables_removed: tuple[str, ...]
    schema: tuple[SchemaChange, ...]
    tables: tuple[TableDiff, ...]
    remarks: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the datasets have the same tables and schemas, and these say the same."""
        changed = self.tables_added or self.tables_removed or self.schema
        return not changed and all(table.same for table in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain values, as ``--format json`` prints it."""
        from diffdata.diff.as_dict import package_dict

        return package_dict(self)


def compare_packages(
    old: Package,
    new: Package,
    *,
    names: tuple[str, str] | None = None,
    only: Iterable[str] | None = None,
) -> PackageDiff:
    """Compare two datasets; their data need not be valid.

    Rows are matched by the primary key of the new schema, or of the old one where the old table
    lacks a column of the new key. Types, units and precisions are those of the new schema.

    Parameters
    ----------
    old, new
        The datasets.
    names
        What they are called; by default their folders.
    only
        The tables to compare; by default all.

    Raises
    ------
    PackageError
        If a data file cannot be read.
    UnknownNameError
        If `only` names a table that neither has.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> compare_packages(open_package(), open_package()).same
    True
    """
    wanted = _wanted(old, new, only)
    named = names or (str(old.root), str(new.root))
    tables, schema, remarks = [], [], []
    for table in (table for table in new.tables if table in old.tables and table in wanted):
        first, last = (_read(package, table) for package in (old, new))
        key = _key(first, last, old.schema(table), new.schema(table))
        if not key:
            remarks.append(f"{table}: not compared, no key of it stands in both")
            continue
        types = column_types(new.schema(table))
        found = compare_tables(first, last, key, types=types, name=table)
        tables.append(found)
        renamed = {pair.old: pair.new for pair in found.renamed_columns}
        schema += schema_changes(table, old.schema(table), new.schema(table), renamed)
    return PackageDiff(
        old=named[0],
        new=named[1],
        old_version=old.version,
        new_version=new.version,
        tables_added=tuple(t for t in new.tables if t not in old.tables and t in wanted),
        tables_removed=tuple(t for t in old.tables if t not in new.tables and t in wanted),
        schema=tuple(schema),
        tables=tuple(tables),
        remarks=tuple(remarks),
    )


def _wanted(old: Package, new: Package, only: Iterable[str] | None) -> set[str]:
    known = {*old.tables, *new.tables}
    wanted = known if only is None else set(only)
    for name in sorted(wanted - known):
        raise UnknownNameError("table", name, known)
    return wanted


def _read(package: Package, table: str) -> Table:
    return read_table(package.data_path(table), package.resource(table).path)


def _key(old: Table, new: Table, before: TableSchema, after: TableSchema) -> Sequence[str]:
    """Return the primary key that stands in both tables, the newer one if both do."""
    for schema in (after, before):
        if all(name in old.columns and name in new.columns for name in schema.primary_key):
            return schema.primary_key
    return ()
