"""SQLite and DuckDB: one file with all tables, their keys, and two tables that say what they are.

``about`` has one row for each table, with version and digest, ``columns`` one for each column, with
its unit. A foreign key is declared where the table that it points at is in the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from diffdata.exporting.contents import (
    ABOUT,
    COLUMNS,
    Contents,
    TableContent,
    library,
    refuse_names,
)
from diffdata.exporting.parquet import arrow_table

_SQLITE_TYPES = {
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "REAL",
    "boolean": "BOOLEAN",
    "date": "DATE",
}
_DUCKDB_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
}


def write_sqlite(found: Contents, path: Path) -> None:
    """Write a SQLite database: dates as ISO text, booleans as 0 and 1."""
    refuse_names(found, "sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in found.tables:
            keys = [target for _, target in found.foreign_keys(table)]
            connection.execute(_create(found, table, _SQLITE_TYPES, keys))
            stored = ([_stored(value) for value in row] for row in table.rows())
            connection.executemany(_insert(table.name, len(table.schema.fields)), stored)
        for name, header, rows in _described(found):
            connection.execute(_create_plain(name, header, "TEXT"))
            connection.executemany(_insert(name, len(header)), rows)


def write_duckdb(found: Contents, path: Path) -> None:
    """Write a DuckDB database, with descriptions and units as comments too.

    Raises
    ------
    InvalidInputError
        If duckdb is not installed.
    """
    duckdb = library("duckdb", "duckdb")
    refuse_names(found, "duckdb")
    written: list[str] = []
    with closing(duckdb.connect()) as connection:
        # Small blocks, for small tables: each column takes at least one.
        connection.execute(f"ATTACH {_literal(str(path))} AS exported (BLOCK_SIZE 16384)")
        connection.execute("USE exported")
        connection.execute("BEGIN")
        for table in _parents_first(found):
            # DuckDB checks row by row, so a table cannot refer to itself, or to a later one.
            connection.execute(_create(found, table, _DUCKDB_TYPES, written))
            connection.register("arriving", arrow_table(found, table))
            connection.execute(f"INSERT INTO {_quoted(table.name)} SELECT * FROM arriving")
            connection.unregister("arriving")
            said = f"{table.schema.description} Version {found.package.version}."
            connection.execute(f"COMMENT ON TABLE {_quoted(table.name)} IS {_literal(said)}")
            for field in table.schema.fields:
                said = field.description + (f" Unit: {field.unit}." if field.unit else "")
                column = f"{_quoted(table.name)}.{_quoted(field.name)}"
                connection.execute(f"COMMENT ON COLUMN {column} IS {_literal(said)}")
            written.append(table.name)
        for name, header, rows in _described(found):
            connection.execute(_create_plain(name, header, "VARCHAR"))
            connection.executemany(_insert(name, len(header)), rows)
        connection.execute("COMMIT")
        connection.execute("USE memory")
        connection.execute("DETACH exported")


def _described(
    found: Contents,
) -> list[tuple[str, Sequence[str], list[tuple[object, ...]]]]:
    return [("about", ABOUT, found.about()), ("columns", COLUMNS, found.columns())]


def _create(
    found: Contents, table: TableContent, types: dict[str, str], targets: Sequence[str]
) -> str:
    """Write the CREATE TABLE of a table, with the foreign keys to some targets."""
    lines = [
        f"{_quoted(field.name)} {types[field.type]}"
        + (" NOT NULL" if field.constraints.required else "")
        for field in table.schema.fields
    ]
    lines.append(f"PRIMARY KEY ({_list(table.schema.primary_key)})")
    lines += [
        f"FOREIGN KEY ({_list(key.fields)}) "
        f"REFERENCES {_quoted(target)} ({_list(key.reference.fields)})"
        for key, target in found.foreign_keys(table)
        if target in targets
    ]
    return f"CREATE TABLE {_quoted(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _create_plain(name: str, header: Sequence[str], text: str) -> str:
    columns = (f"{_quoted(c)} {'INTEGER' if c == 'rows' else text}" for c in header)
    return f"CREATE TABLE {_quoted(name)} (\n  " + ",\n  ".join(columns) + "\n)"


def _insert(name: str, width: int) -> str:
    return f"INSERT INTO {_quoted(name)} VALUES ({', '.join('?' * width)})"


def _parents_first(found: Contents) -> list[TableContent]:
    """Order the tables so that each comes after those it refers to, as far as that is possible."""
    ordered: list[TableContent] = []
    by_name = {table.name: table for table in found.tables}
    entered: set[str] = set()

    def enter(table: TableContent) -> None:
        if table.name not in entered:
            entered.add(table.name)
            for _, target in found.foreign_keys(table):
                enter(by_name[target])
            ordered.append(table)

    for table in found.tables:
        enter(table)
    return ordered


def _stored(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    # Names of the profile hold no quotes, but some are words of SQL, such as limit.
    return f'"{name}"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
