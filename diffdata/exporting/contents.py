"""What is exported: validated tables, and the descriptions that go with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from diffdata.errors import InvalidInputError
from diffdata.exporting.styles import cite
from diffdata.loading import validated_tables
from diffdata.package.packages import Package
from diffdata.schemas.standard import Field, ForeignKey
from diffdata.types.definitions import FORMULA

_ABOUT = ("table", "title", "rows", "version", "digest", "dataset", "license", "citation")


@dataclass(frozen=True)
class Contents:
    """The tables of an export by name, and the package that they belong to."""

    package: Package
    tables: dict[str, pa.Table]  # with descriptions, units and digests as metadata

    def metadata(self, name: str) -> dict[str, str]:
        """Return the metadata of a table: its name, version, digest, title and others."""
        metadata = self.tables[name].schema.metadata
        return {str(k, "utf-8"): str(v, "utf-8") for k, v in metadata.items()}

    def foreign_keys(self, name: str) -> list[tuple[ForeignKey, str]]:
        """Return the foreign keys that a database can declare, each with its target table."""
        found = []
        for key in self.package.schema(name).foreign_keys:
            target = key.reference.resource or name
            if target in self.tables:
                # The target is exported too, and the key refers to all of its primary key.
                primary = self.package.schema(target).primary_key
                if sorted(key.reference.fields) == sorted(primary):
                    found.append((key, target))
        return found

    def extra_tables(self, to: str) -> dict[str, pa.Table]:
        """Return ``about``, with a row per table, and ``columns``, with a row per column."""
        for name in self.tables:
            if name in ("about", "columns"):
                raise InvalidInputError(
                    f"to {to}: the export adds a table {name!r} of its own; rename the table of "
                    "the package, or export to parquet, csv or json"
                )
        citation = cite(package=self.package).strip()
        about, columns = [], []
        for name, table in self.tables.items():
            cells = self.metadata(name) | {"rows": table.num_rows, "citation": citation}
            about.append({column: cells[column] for column in _ABOUT})
            schema = self.package.schema(name)
            targets = {
                column: f"{key.reference.resource or name}.{target}"
                for key in schema.foreign_keys
                for column, target in zip(key.fields, key.reference.fields, strict=True)
            }
            columns += [
                {"table": name, "column": field.name, "type": field.type, "unit": field.unit,
                 "description": field.description, "references": targets.get(field.name)}
                for field in schema.fields
            ]  # fmt: skip
        return {"about": pa.Table.from_pylist(about), "columns": pa.Table.from_pylist(columns)}


def contents(package: Package, names: Sequence[str]) -> Contents:
    """Load and validate tables of an opened package for an export."""
    names = list(dict.fromkeys(package.resource(name).name for name in names))
    described = package.descriptor
    licenses = ", ".join(one.name for one in described.licenses)
    added = {b"dataset": described.name.encode(), b"license": licenses.encode()}
    tables = validated_tables(package, names).items()
    return Contents(
        package, {n: t.replace_schema_metadata(t.schema.metadata | added) for n, t in tables}
    )


def rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a table as Python values: str, int, float, bool, date or None."""
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def is_formula(value: Any) -> bool:
    """Return whether a value is a text that a spreadsheet would run as a formula."""
    return isinstance(value, str) and bool(FORMULA.search(value))


def described_with_unit(field: Field) -> str:
    """Return the description of a column, with its unit at the end."""
    if field.unit is None:
        return field.description
    column = field.unit.removeprefix("column:")
    unit = field.unit if column == field.unit else f"in the column {column}"
    return f"{field.description} Unit: {unit}."
