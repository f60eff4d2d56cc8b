"""What is exported: typed rows, and what each table says of itself."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffdata.errors import InvalidInputError
from diffdata.exporting.cite import cite_from
from diffdata.loading.validated import load_all
from diffdata.package.packages import Package
from diffdata.schemas.standard import ForeignKey, TableSchema

# One row for each table; databases and workbooks have it as a table of their own.
ABOUT = ("table", "title", "rows", "version", "digest", "dataset", "license", "citation")
# One row for each column of each table.
COLUMNS = ("table", "column", "type", "unit", "description", "references")


@dataclass(frozen=True)
class TableContent:
    """A table as it is written: its frame, its schema and the digest of its values."""

    name: str
    frame: pd.DataFrame
    schema: TableSchema
    digest: str

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Go through the rows as plain Python values: str, int, float, bool, date, None."""
        dates = {field.name for field in self.schema.fields if field.type == "date"}
        columns = [
            [_plain(value, name in dates) for value in self.frame[name]]
            for name in self.schema.column_names
        ]
        yield from zip(*columns, strict=True)


@dataclass(frozen=True)
class Contents:
    """The tables of an export, and the package that they are of."""

    package: Package
    tables: tuple[TableContent, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables that are exported."""
        return tuple(table.name for table in self.tables)

    def foreign_keys(self, table: TableContent) -> list[tuple[ForeignKey, str]]:
        """Return the foreign keys that hold within the export, each with the table it points at.

        A database needs a key at the other end, so only those that point at the whole primary key.
        """
        found = []
        for key in table.schema.foreign_keys:
            target = key.reference.resource or table.name
            if target in self.names:
                wanted = self.package.schema(target).primary_key
                if sorted(key.reference.fields) == sorted(wanted):
                    found.append((key, target))
        return found

    def about(self) -> list[tuple[Any, ...]]:
        """Return the rows of the table ``about``, see `ABOUT`."""
        described = self.package.descriptor
        license = ", ".join(one.name for one in described.licenses)
        citation = cite_from(self.package).strip()
        return [
            (table.name, table.schema.title, len(table.frame), described.version, table.digest,
             described.name, license, citation)
            for table in self.tables
        ]  # fmt: skip

    def columns(self) -> list[tuple[Any, ...]]:
        """Return the rows of the table ``columns``, see `COLUMNS`."""
        rows = []
        for table in self.tables:
            targets = {
                name: f"{key.reference.resource or table.name}.{target}"
                for key in table.schema.foreign_keys
                for name, target in zip(key.fields, key.reference.fields, strict=True)
            }
            rows += [
                (table.name, field.name, field.type, field.unit, field.description,
                 targets.get(field.name))
                for field in table.schema.fields
            ]  # fmt: skip
        return rows


def contents(package: Package, names: Sequence[str]) -> Contents:
    """Load tables of an opened package, fully checked, for an export.

    Raises
    ------
    UnknownNameError
        If there is no such table; the nearest names are suggested.
    InvalidDataError
        If a table breaks its schema.
    """
    names = list(dict.fromkeys(package.resource(name).name for name in names))
    tables = [
        TableContent(name, frame, package.schema(name), frame.attrs["digest"])
        for name, frame in load_all(package, names).items()
    ]
    return Contents(package, tuple(tables))


def library(name: str, extra: str) -> Any:
    """Import a library that only one format needs.

    Raises
    ------
    InvalidInputError
        If it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InvalidInputError(
            f"to {extra}: this needs the library {name}; "
            f"install it with: pip install 'diffdata[{extra}]'"
        ) from None


def refuse_names(found: Contents, to: str) -> None:
    """Refuse tables that bear the name of one of the two that say what the others are."""
    for name in found.names:
        if name in ("about", "columns"):
            raise InvalidInputError(
                f"to {to}: the export has a table {name!r} of its own; "
                "rename that of the package, or export to parquet, csv or json"
            )


def _plain(value: Any, is_date: bool) -> Any:
    if pd.isna(value):
        return None
    if is_date:
        return value.date()
    return value.item() if hasattr(value, "item") else value
