"""Files that are larger than memory: one table, or all of a package, held against their schemas."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from diffdata.errors import DiffdataError, InvalidInputError, PackageError
from diffdata.package.opening import Dataset
from diffdata.package.places import bundled_root
from diffdata.schemas.standard import Field, ForeignKey, TableSchema
from diffdata.validation.check_frame import Asked, PathLike, accepted, ask, judge, referring, silent
from diffdata.validation.engine_cells import SQL_TYPES
from diffdata.validation.evaluate import Progress
from diffdata.validation.names import Names, replaced, restored
from diffdata.validation.plausible import ACKNOWLEDGEMENTS
from diffdata.validation.prepare import Prepared, prepare
from diffdata.validation.result import CheckResult, unreadable
from diffdata.validation.run import of_engine, reason
from diffdata.validation.sources import fastest_engine, files_of, reader
from diffdata.validation.whole import tables_of


def check_files(
    path: PathLike,
    schema: PathLike | TableSchema,
    *,
    engine: str | None = None,
    tables: Mapping[str, Any] | None = None,
    sample: int = 10,
    memory: str = "1GB",
    package: Dataset | None = None,
    session: Any = None,
    progress: Progress | None = None,
) -> CheckResult:
    """Hold a table in files against a schema, by streaming: no more than a part is in memory.

    Parameters
    ----------
    path
        A Parquet or CSV file, or a folder of such files, also in folders ``NAME=VALUE``.
    schema
        The name of a table of the dataset, the path of a schema, or a schema; see `check`.
    engine
        ``duckdb``, ``polars``, ``pyspark``, or ``pyarrow``, which holds a table of Parquet in
        memory. By default ``pyarrow`` for one file of Parquet with up to 250 000 rows, and
        ``duckdb`` for all else.
    tables
        The tables that foreign keys and rules refer to, by name: frames as for `check`, or paths of
        files, which the engine reads.
    sample, package
        As for `check`.
    memory
        The most memory that the engine may take before it works on disk. Polars has no such
        limit; it works in batches, but holds the keys that it looks for duplicates among.
    session
        For Spark: the session; by default the active one, or a new one on this machine.
    progress
        Called before each pass with what it is about, its number, and the number of passes.

    Returns
    -------
    result
        See `check`. Cells of CSV are read as strictly as `validate` reads them: a cell that is
        none of its type is a finding of the rule ``type``. Lines are not known to engines; keys
        are.

    Raises
    ------
    PackageError
        If the files are missing or cannot be read: a row of CSV with too many cells, a broken
        Parquet file.
    InvalidInputError, UnknownNameError
        As for `check`; also if the schema asks for cells that only text validation reads.

    Examples
    --------
    >>> from diffdata.package.places import bundled_root
    >>> result = check_files(bundled_root() / "data" / "models.csv", "models")
    >>> result.rows, result.ok
    (27, True)
    """
    asked = ask(schema, tables, package)
    engine = engine or fastest_engine(Path(path))
    with reader(engine, memory=memory, session=session) as read, _named(path, engine):
        if engine == "pyarrow" and files_of(Path(path))[1] == "csv":
            raise InvalidInputError("engine: pyarrow reads Parquet alone; for CSV take duckdb")
        others, keys = dict(asked.tables), asked.schema.foreign_keys
        for name, table in asked.tables.items():
            if isinstance(table, str | os.PathLike):
                source = read(Path(table), _referred(asked.schema, name), None)
                others[name] = source.frame
                there = {name: source.names}
                keys = tuple(_pointing(key, there) for key in keys)
        asked = asked.of(asked.schema.model_copy(update={"foreign_keys": keys}))
        source = read(Path(path), asked.schema, asked.name)
        schema = source.names.schema
        prepared = prepare(source.frame, schema, source.parsed)
        asked = replace(asked.of(schema), tables=others)
        return restored(judge(prepared, asked, sample, progress or silent), source.names)


def _referred(schema: TableSchema, table: str) -> TableSchema:
    """Return what a schema says of another table: the columns that it compares with its own."""
    fields = {}
    for key in schema.foreign_keys:
        if key.reference.resource == table:
            for here, there in zip(key.fields, key.reference.fields, strict=True):
                field = schema.field(here)
                known = field.type in (*SQL_TYPES, "boolean")
                fields[there] = Field(name=there, type=field.type if known else "any")
            for rule in schema.rules:
                if rule.rule == "notAfter" and (rule.key,) == key.fields:
                    fields[rule.reference] = Field(name=rule.reference, type="date")
    return TableSchema(fields=tuple(fields.values()))


def _pointing(key: ForeignKey, names: Mapping[str, Names]) -> ForeignKey:
    """Return a foreign key with the plain names of the columns that it refers to."""
    there = names.get(key.reference.resource)
    return key if there is None else replaced(key, {}, there.plain)


def check_package(
    path: PathLike | None = None,
    *,
    engine: str = "duckdb",
    sample: int = 10,
    memory: str = "1GB",
    session: Any = None,
    progress: Progress | None = None,
) -> dict[str, CheckResult]:
    """Hold all tables of a package against their schemas and each other, by streaming.

    Parameters
    ----------
    path
        A folder with a datapackage.json, or that file; by default the dataset that comes with
        diffdata. Tables are CSV or Parquet, a file or a folder of files each.
    engine, sample, memory, session, progress
        As for `check_files`.

    Returns
    -------
    results
        What became of each table, by its file, in the order of the package. A table that cannot be
        read has a finding of the rule ``unreadable``; references to it are not checked. Warnings
        that the package acknowledges are no findings.

    Raises
    ------
    PackageError, DescriptorError
        If the descriptor or a schema cannot be read.
    InvalidInputError, UnknownNameError
        If there is no such engine, or it is not installed.

    Examples
    --------
    >>> results = check_package(engine="polars")
    >>> results["data/models.csv"].rows, [r.table for r in results.values() if r.failed]
    (27, [])
    """
    tables = tables_of(bundled_root() if path is None else Path(path))
    schemas = {table.name: table.schema for table in tables}
    with reader(engine, memory=memory, session=session) as read:
        prepared: dict[str, Prepared] = {}
        names: dict[str, Names] = {}
        results: dict[str, CheckResult] = {}
        for table in tables:
            try:
                with _named(table.file, engine):
                    source = read(table.path, table.schema, table.name)
                    schema = source.names.schema
                    prepared[table.name] = prepare(source.frame, schema, source.parsed)
                    names[table.name], schemas[table.name] = source.names, schema
            except DiffdataError as error:
                results[table.file] = unreadable(table.name, table.file, error)
        frames = {name: table.frame for name, table in prepared.items()}
        for name, schema in schemas.items():
            others = {other: found for other, found in names.items() if other != name}
            keys = tuple(_pointing(key, others) for key in schema.foreign_keys)
            schemas[name] = schema.model_copy(update={"foreign_keys": keys})
        acknowledged = accepted(frames.get(ACKNOWLEDGEMENTS))
        for table in tables:
            if table.name not in prepared:
                continue
            asked = Asked(
                table.name, schemas[table.name], frames, referring(schemas, table.name),
                acknowledged.get(table.name, {}),
            )  # fmt: skip
            try:
                with _named(table.file, engine):
                    told = partial(_of_table, progress or silent, table.name)
                    result = judge(prepared[table.name], asked, sample, told)
                    results[table.file] = restored(result, names[table.name])
            except PackageError as error:
                results[table.file] = unreadable(table.name, table.file, error)
                del frames[table.name]  # what refers to it says so, and no more
    return {table.file: results[table.file] for table in tables}


def _of_table(progress: Progress, table: str, step: str, number: int, steps: int) -> None:
    progress(f"{table}: {step}", number, steps)


@contextmanager
def _named(path: PathLike, engine: str) -> Iterator[None]:
    """Turn an error of the engine about its files into one of ours that names them."""
    try:
        yield
    except DiffdataError:
        raise
    except Exception as error:
        if not of_engine(error):
            raise
        raise PackageError(f"{path}: {engine} cannot read it: {reason(error)}") from None
