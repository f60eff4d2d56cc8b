"""What is exported: validated tables, and the descriptions that go with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffdata.errors import InvalidInputError
from diffdata.exporting.styles import cite_from
from diffdata.loading import validated_tables
from diffdata.package.packages import Package
from diffdata.schemas.standard import Field, ForeignKey, TableSchema
from diffdata.types.definitions import definition

if TYPE_CHECKING:
    import pyarrow as pa

_ABOUT = ("table", "title", "rows", "version", "digest", "dataset", "license", "citation")
_COLUMNS = ("table", "column", "type", "unit", "description", "references")

# What the definition of a field type calls its name in an export format.
_FORMATS = {"sqlite": "sqlite", "duckdb": "sql", "csvw": "xsd", "croissant": "schema_org"}


def type_name(field: Field, to: str) -> str:
    """Return the name of the type of a column in another format."""
    return str(getattr(definition(field), _FORMATS[to]))


def described_with_unit(field: Field) -> str:
    """Return the description of a column, with its unit at the end."""
    if field.unit is None:
        return field.description
    column = field.unit.removeprefix("column:")
    unit = field.unit if column == field.unit else f"in the column {column}"
    return f"{field.description} Unit: {unit}."


@dataclass(frozen=True)
class ExportedTable:
    """A table to export; the fields of its values have units and descriptions as metadata."""

    name: str
    values: pa.Table
    schema: TableSchema

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata of the Arrow schema: table, version, digest, title and others."""
        return {str(k, "utf-8"): str(v, "utf-8") for k, v in self.values.schema.metadata.items()}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows as Python values: str, int, float, bool, date or None."""
        columns = (self.values[name].to_pylist() for name in self.schema.column_names)
        yield from zip(*columns, strict=True)


@dataclass(frozen=True)
class Contents:
    """The tables of an export, and the package that they belong to."""

    package: Package
    tables: tuple[ExportedTable, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the exported tables."""
        return tuple(table.name for table in self.tables)

    def foreign_keys(self, table: ExportedTable) -> list[tuple[ForeignKey, str]]:
        """Return the foreign keys that a database can declare, each with its target table.

        The target must be exported too, and the key must refer to all of its primary key.
        """
        found = []
        for key in table.schema.foreign_keys:
            target = key.reference.resource or table.name
            if target in self.names:
                primary = self.package.schema(target).primary_key
                if sorted(key.reference.fields) == sorted(primary):
                    found.append((key, target))
        return found

    def extra_tables(self, to: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return ``about``, with a row per table, and ``columns``, with a row per column.

        The first row of each is its header. InvalidInputError if an exported table has the name of
        one of them.
        """
        for name in self.names:
            if name in ("about", "columns"):
                raise InvalidInputError(
                    f"to {to}: the export adds a table {name!r} of its own; rename the table of "
                    "the package, or export to parquet, csv or json"
                )
        citation = cite_from(self.package).strip()
        about: list[tuple[Any, ...]] = [_ABOUT]
        columns: list[tuple[Any, ...]] = [_COLUMNS]
        for table in self.tables:
            cells = table.metadata | {"rows": table.values.num_rows, "citation": citation}
            about.append(tuple(cells[name] for name in _ABOUT))
            targets = {
                name: f"{key.reference.resource or table.name}.{target}"
                for key in table.schema.foreign_keys
                for name, target in zip(key.fields, key.reference.fields, strict=True)
            }
            columns += [
                (table.name, field.name, field.type, field.unit, field.description,
                 targets.get(field.name))
                for field in table.schema.fields
            ]  # fmt: skip
        return {"about": about, "columns": columns}


def contents(package: Package, names: Sequence[str]) -> Contents:
    """Load and validate tables of an opened package for an export; see `validated_tables`."""
    names = list(dict.fromkeys(package.resource(name).name for name in names))
    described = package.descriptor
    licenses = ", ".join(one.name for one in described.licenses)
    added = {b"dataset": described.name.encode(), b"license": licenses.encode()}
    tables = []
    for name, values in validated_tables(package, names).items():
        values = values.replace_schema_metadata(values.schema.metadata | added)
        tables.append(ExportedTable(name, values, package.schema(name)))
    return Contents(package, tuple(tables))
