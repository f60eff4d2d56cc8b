"""SQLite and DuckDB: one file with all tables, their keys, and two tables that describe them.

``about`` has a row per table, with version and digest, ``columns`` a row per column, with its unit.
A foreign key is declared if its target table is in the file. The SQL is written here, because an
SQL toolkit would be a large dependency for three statements.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from diffdata.errors import InvalidInputError, optional_library
from diffdata.exporting.contents import (
    Contents,
    ExportedTable,
    described_with_unit,
    type_name,
)

if TYPE_CHECKING:
    import pyarrow as pa


def write_sqlite(contents: Contents, path: Path) -> None:
    """Write a SQLite database: dates as ISO text, booleans as 0 and 1.

    SQLite refuses names that begin with ``sqlite_`` and tables with too many columns.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, create, values in _tables(contents, "sqlite", contents.tables):
            try:
                connection.execute(create)
            except sqlite3.Error as error:
                raise InvalidInputError(
                    f"to sqlite: {name}: {error}; export to another format"
                ) from None
            rows = (
                [value.isoformat() if isinstance(value, datetime.date) else value for value in row]
                for row in zip(*(column.to_pylist() for column in values.columns), strict=True)
            )
            marks = ", ".join("?" * values.num_columns)
            connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", rows)


def write_duckdb(contents: Contents, path: Path) -> None:
    """Write a DuckDB database, with descriptions and units also as comments."""
    with closing(optional_library("duckdb").connect()) as connection:
        # Small blocks, for small tables: each column takes at least one.
        connection.execute(f"ATTACH {_literal(str(path))} AS exported (BLOCK_SIZE 16384)")
        connection.execute("USE exported")
        connection.execute("BEGIN")
        for name, create, values in _tables(contents, "duckdb", _parents_first(contents)):
            connection.execute(create)
            # The space prevents a conflict with a table of the package.
            connection.register("new rows", values)
            connection.execute(f'INSERT INTO {_quoted(name)} SELECT * FROM "new rows"')
            connection.unregister("new rows")
        for table in contents.tables:
            described = f"{table.schema.description} Version {contents.package.version}."
            comments = {f"TABLE {_quoted(table.name)}": described} | {
                f"COLUMN {_quoted(table.name)}.{_quoted(field.name)}": described_with_unit(field)
                for field in table.schema.fields
            }
            for place, comment in comments.items():
                connection.execute(f"COMMENT ON {place} IS {_literal(comment)}")
        connection.execute("COMMIT")
        connection.execute("USE memory")
        connection.execute("DETACH exported")


def _tables(
    contents: Contents, database: str, tables: Sequence[ExportedTable]
) -> Iterator[tuple[str, str, pa.Table]]:
    """Yield each table, and the two that describe them: name, CREATE statement and values."""
    import pyarrow as pa

    extra_tables = contents.extra_tables(database)
    # DuckDB checks row by row, so a table cannot refer to itself, or to a later one.
    targets = [] if database == "duckdb" else list(contents.names)
    for table in tables:
        lines = [
            f"{_quoted(field.name)} {type_name(field, database)}"
            + (" NOT NULL" if field.constraints.required else "")
            for field in table.schema.fields
        ]
        lines.append(f"PRIMARY KEY ({_quoted(*table.schema.primary_key)})")
        lines += [
            f"FOREIGN KEY ({_quoted(*key.fields)}) "
            f"REFERENCES {_quoted(target)} ({_quoted(*key.reference.fields)})"
            for key, target in contents.foreign_keys(table)
            if target in targets
        ]
        yield table.name, _create(table.name, lines), table.values
        targets.append(table.name)
    for name, (header, *rows) in extra_tables.items():
        columns = (f"{_quoted(c)} {'INTEGER' if c == 'rows' else 'TEXT'}" for c in header)
        values = pa.table(dict(zip(header, zip(*rows, strict=True), strict=True)))
        yield name, _create(name, columns), values


def _create(name: str, lines: Iterable[str]) -> str:
    return f"CREATE TABLE {_quoted(name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _parents_first(contents: Contents) -> list[ExportedTable]:
    """Sort the tables so that each follows those it refers to, except in a circle."""
    tables = {table.name: table for table in contents.tables}
    ordered: list[ExportedTable] = []
    entered: set[str] = set()

    def add(name: str) -> None:
        if name not in entered:
            entered.add(name)
            for _, target in contents.foreign_keys(tables[name]):
                add(target)
            ordered.append(tables[name])

    for name in tables:
        add(name)
    return ordered


def _quoted(*names: str) -> str:
    # The profile allows no quotes in names, but some are SQL keywords, such as limit.
    return ", ".join(f'"{name}"' for name in names)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
