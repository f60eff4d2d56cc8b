"""Files that may be larger than memory: one table, or a package, checked by an engine."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffdata.errors import DescriptorError, DiffdataError, InvalidInputError, PackageError
from diffdata.package.packages import Dataset, Package, read_package
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.definitions import CAST_BY_ENGINES
from diffdata.validation import acknowledgements
from diffdata.validation.evaluate import Progress
from diffdata.validation.frames import PathLike, accepted_by, evaluate_rules, find_target
from diffdata.validation.joins import Tables, referring
from diffdata.validation.prepare import of_engine, with_names
from diffdata.validation.readers import Source, fastest_engine, files_of, reader, small_enough
from diffdata.validation.result import CheckResult, unreadable

# What Arrow raises on damaged files, apart from its own errors.
_OF_ARROW = (OSError, MemoryError, OverflowError, UnicodeError, struct.error)


def check_files(
    path: PathLike | Sequence[PathLike],
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
    """Check a table in files against a schema by streaming: only a part is in memory at a time.

    Parameters
    ----------
    path
        A Parquet or CSV file, or a folder of such files, also in folders ``NAME=VALUE``. Several
        are one table.
    schema
        The name of a table of the dataset, the path of a schema, or a schema; see `check`.
    engine
        ``duckdb``, ``polars``, ``pyspark``, or ``pyarrow``, which holds a table of Parquet in
        memory. By default ``pyarrow`` for one file of Parquet with up to 250 000 rows, and
        ``duckdb`` for everything else.
    tables
        The tables that foreign keys and rules refer to, by name: frames as for `check`, or paths of
        files, which the engine reads.
    sample, package
        As for `check`.
    memory
        The most memory that the engine may take before it works on disk. Polars has no such
        limit; it works in batches, but keeps the keys in which it looks for duplicates.
    session
        For Spark: the session; by default the active one, or a new one on this machine.
    progress
        Called before each pass with what it is about, its number, and the number of passes.

    Returns
    -------
    result
        See `check`. Cells of CSV are read as strictly as `validate` reads them: a cell that is not
        of its type is an issue of the rule ``type``. Engines do not know lines, only keys.

    Raises
    ------
    PackageError
        If the files are missing or cannot be read: a row of CSV with too many cells, a broken
        Parquet file.
    InvalidInputError, UnknownNameError
        As for `check`; also if the schema asks for cells that only validation without an engine
        reads.

    Examples
    --------
    >>> from diffdata.package.files import bundled_root
    >>> result = check_files(bundled_root() / "data" / "models.csv", "models")
    >>> result.rows > 0, result.ok
    (True, True)
    """
    own, related = find_target(schema, tables, package)
    paths = [Path(p) for p in ([path] if isinstance(path, str | os.PathLike) else path)]
    engine = engine or fastest_engine(paths)
    others = list(related.others.values())
    files = [Path(table) for table in others if isinstance(table, str | os.PathLike)]
    held = len(files) == len(others) and small_enough([*paths, *files])
    opened = reader(engine, memory=memory, session=session, held=held)
    with opened as read, _errors_named(paths[0], engine):
        if engine == "pyarrow" and files_of(paths)[1] == "csv":
            raise InvalidInputError("engine: pyarrow reads Parquet only; use duckdb for CSV")
        sources = {
            name: read([Path(table)], _referred(own, name), "")
            for name, table in related.others.items()
            if isinstance(table, str | os.PathLike)
        }
        frames = {name: source.frame for name, source in sources.items()}
        asked = _with_plain_targets(own, sources)
        source = read(paths, asked, related.name)
        related = replace(related, others={**related.others, **frames})
        return evaluate_rules(source.prepared(), related, source.names, sample, progress)


def check_package(
    path: PathLike | None = None,
    *,
    engine: str = "duckdb",
    sample: int = 10,
    memory: str = "1GB",
    session: Any = None,
    progress: Progress | None = None,
) -> dict[str, CheckResult]:
    """Check all tables of a package against their schemas and each other, by streaming.

    Parameters
    ----------
    path
        A folder with a datapackage.json, or that file; by default the dataset that comes with
        diffdata. Tables are CSV or Parquet, each a file or a folder of files.
    engine, sample, memory, session, progress
        As for `check_files`.

    Returns
    -------
    results
        The result of each table, by its file, in the order of the package. A table that cannot be
        read has an issue of the rule ``unreadable``; references to it are not checked. Warnings
        that the package acknowledges are left out.

    Raises
    ------
    PackageError, DescriptorError
        If the descriptor or a schema cannot be read.
    InvalidInputError, UnknownNameError
        If there is no such engine, or it is not installed.

    Examples
    --------
    >>> results = check_package(engine="polars")
    >>> [result.table for result in results.values() if result.failed]
    []
    """
    package, faults = read_package(path, judged=True)
    if errors := [issue for issue in faults if issue.severity == "error"]:
        raise DescriptorError(errors)
    files = {name: package.resource(name).file for name in package.tables}
    held = small_enough(_places(package))
    with reader(engine, memory=memory, session=session, held=held) as read:
        sources: dict[str, Source] = {}
        results: dict[str, CheckResult] = {}
        for name, file in files.items():
            try:
                with _errors_named(file, engine):
                    schema = package.schema(name)
                    sources[name] = read([*package.files(name).values()], schema, name)
            except DiffdataError as error:
                results[name] = unreadable(name, file, error)
        prepared = {name: source.prepared() for name, source in sources.items()}
        frames = {name: table.frame for name, table in prepared.items()}
        schemas = dict(package.schemas)
        for name, source in sources.items():
            others = {other: s for other, s in sources.items() if other != name}
            schemas[name] = _with_plain_targets(source.names.schema, others)
        accepted = accepted_by(frames.get(acknowledgements.TABLE))
        for name in prepared:
            references = referring(schemas, name)
            related = Tables(name, frames, references, accepted.get(name, {}))
            names = replace(sources[name].names, schema=schemas[name])
            step = progress and _of_table(progress, name)
            try:
                with _errors_named(files[name], engine):
                    results[name] = evaluate_rules(prepared[name], related, names, sample, step)
            except PackageError as error:
                results[name] = unreadable(name, files[name], error)
                del frames[name]  # tables that refer to it skip that check, with the reason
    return {file: results[name] for name, file in files.items()}


def _places(package: Package) -> Iterator[Path]:
    """Yield the files or folders of the tables that are in the package."""
    for name in package.tables:
        with suppress(DiffdataError):  # reported when it is read
            yield from package.files(name).values()


def _referred(schema: TableSchema, table: str) -> TableSchema:
    """Return what a schema says of another table: the columns that it compares with its own."""
    fields = {}
    for key in schema.foreign_keys:
        if key.reference.resource == table:
            for own, target in zip(key.fields, key.reference.fields, strict=True):
                kind = schema.field(own).type
                read = kind in (*CAST_BY_ENGINES, "boolean")
                fields[target] = Field(name=target, type=kind if read else "any")
            for rule in schema.rules:
                if rule.rule == "notAfter" and (rule.key,) == key.fields:
                    fields[rule.reference] = Field(name=rule.reference, type="date")
    return TableSchema(fields=tuple(fields.values()))


def _with_plain_targets(schema: TableSchema, sources: Mapping[str, Source]) -> TableSchema:
    """Return a schema whose foreign keys have the plain names of the columns they refer to."""
    plain = {name: source.names.plain for name, source in sources.items()}
    keys = tuple(
        with_names(k, {}, plain.get(k.reference.resource, {})) for k in schema.foreign_keys
    )
    return schema.model_copy(update={"foreign_keys": keys})


def _of_table(progress: Progress, table: str) -> Progress:
    return lambda step, number, steps: progress(f"{table}: {step}", number, steps)


@contextmanager
def _errors_named(path: PathLike, engine: str) -> Iterator[None]:
    """Turn an error of the engine about its files into one of ours that names them."""
    try:
        yield
    except BaseException as error:  # Polars panics with one that is not an Exception
        reason = of_engine(error)
        if isinstance(error, _OF_ARROW) and not isinstance(error, DiffdataError):
            reason = " ".join(str(error).split())[:300] or type(error).__name__
        if reason is None:
            raise
        raise PackageError(f"{path}: {engine} cannot read it: {reason}") from None
