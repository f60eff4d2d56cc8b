"""SQLite and DuckDB: one file with all tables, their keys, and two tables that describe them."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from diffdata.errors import InvalidInputError, optional_library
from diffdata.exporting.contents import Contents, described_with_unit, rows
from diffdata.types.definitions import definition


def write_sqlite(contents: Contents, path: Path) -> None:
    """Write a SQLite database: dates as ISO text, booleans as 0 and 1."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, create, values in _tables(contents, "sqlite"):
            try:
                connection.execute(create)
            except sqlite3.Error as error:  # a reserved name, too many columns
                raise InvalidInputError(
                    f"to sqlite: {name}: {error}; export to another format"
                ) from None
            cells = (
                [value.isoformat() if isinstance(value, datetime.date) else value for value in row]
                for row in rows(values)
            )
            marks = ", ".join("?" * values.num_columns)
            connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", cells)


def write_duckdb(contents: Contents, path: Path) -> None:
    """Write a DuckDB database, with descriptions and units also as comments."""
    with closing(optional_library("duckdb").connect()) as connection:
        # Small blocks, for small tables: each column takes at least one.
        connection.execute(f"ATTACH {_literal(str(path))} AS exported (BLOCK_SIZE 16384)")
        connection.execute("USE exported")
        connection.execute("BEGIN")
        for name, create, values in _tables(contents, "duckdb"):
            connection.execute(create)
            # The space prevents a conflict with a table of the package.
            connection.register("new rows", values)
            connection.execute(f'INSERT INTO {_quoted(name)} SELECT * FROM "new rows"')
            connection.unregister("new rows")
        for name in contents.tables:
            schema = contents.package.schema(name)
            described = f"{schema.description} Version {contents.package.version}."
            comments = {f"TABLE {_quoted(name)}": described} | {
                f"COLUMN {_quoted(name)}.{_quoted(field.name)}": described_with_unit(field)
                for field in schema.fields
            }
            for place, comment in comments.items():
                connection.execute(f"COMMENT ON {place} IS {_literal(comment)}")
        connection.execute("COMMIT")
        connection.execute("USE memory")
        connection.execute("DETACH exported")


def _tables(contents: Contents, database: str) -> Iterator[tuple[str, str, pa.Table]]:
    """Yield each table, and the two that describe them: name, CREATE statement and values."""
    extra_tables = contents.extra_tables(database)
    names, targets = list(contents.tables), list(contents.tables)
    if database == "duckdb":
        # DuckDB checks row by row, so a table cannot refer to itself, or to a later one.
        names, targets = _parents_first(contents), []
    for name in names:
        schema = contents.package.schema(name)
        lines = []
        for field in schema.fields:
            types = definition(field)
            kind = types.sql if database == "duckdb" else types.sqlite
            required = " NOT NULL" if field.constraints.required else ""
            lines.append(f"{_quoted(field.name)} {kind}{required}")
        lines.append(f"PRIMARY KEY ({_quoted(*schema.primary_key)})")
        lines += [
            f"FOREIGN KEY ({_quoted(*key.fields)}) "
            f"REFERENCES {_quoted(target)} ({_quoted(*key.reference.fields)})"
            for key, target in contents.foreign_keys(name)
            if target in targets
        ]
        yield name, _create(name, lines), contents.tables[name]
        targets.append(name)
    for name, values in extra_tables.items():
        kinds = {
            column: "INTEGER" if column == "rows" else "TEXT" for column in values.column_names
        }
        yield name, _create(name, (f"{_quoted(c)} {kind}" for c, kind in kinds.items())), values


def _create(name: str, lines: Iterable[str]) -> str:
    return f"CREATE TABLE {_quoted(name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _parents_first(contents: Contents) -> list[str]:
    """Sort the tables so that each follows those it refers to, except in a circle."""
    ordered: list[str] = []
    entered: set[str] = set()

    def add(name: str) -> None:
        if name not in entered:
            entered.add(name)
            for _, target in contents.foreign_keys(name):
                add(target)
            ordered.append(name)

    for name in contents.tables:
        add(name)
    return ordered


def _quoted(*names: str) -> str:
    # The profile allows no quotes in names, but some are SQL keywords, such as limit.
    return ", ".join(f'"{name}"' for name in names)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
