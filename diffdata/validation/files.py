"""Files that may be larger than memory: one table, or a package, checked by an engine."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
from pyarrow import parquet

from diffdata.engines import spark_session
from diffdata.errors import (
    DiffdataError,
    InvalidInputError,
    PackageError,
    UnknownNameError,
    optional_library,
)
from diffdata.package.files import PARQUET, bundled_root
from diffdata.package.packages import Dataset
from diffdata.schemas.standard import Field, ForeignKey, TableSchema
from diffdata.types.definitions import CAST_BY_ENGINES
from diffdata.validation import acknowledgements
from diffdata.validation.evaluate import Progress
from diffdata.validation.frames import (
    PathLike,
    Target,
    accepted_by,
    evaluate_rules,
    find_target,
)
from diffdata.validation.joins import Tables, referring
from diffdata.validation.packages import tables_of
from diffdata.validation.prepare import (
    Names,
    Prepared,
    lazy,
    of_engine,
    plain_names,
    prepare,
    with_names,
    with_plain_names,
)
from diffdata.validation.readers import (
    FileEngine,
    Opening,
    by_arrow,
    by_duckdb,
    by_polars,
    by_spark,
    parsed,
    refuse_dialects,
)
from diffdata.validation.result import CheckResult, unreadable

FILE_ENGINES = ("duckdb", "polars", "pyarrow", "pyspark")
# Arrow has a file up to this size in memory before an engine has made its plan.
_FEW_ROWS, _FEW_BYTES = 250_000, 2**26


@dataclass(frozen=True)
class Source:
    """A lazy frame of the contents of files, its names, and the columns parsed from text."""

    frame: nw.LazyFrame[Any]
    names: Names
    parsed: tuple[str, ...] = ()

    def prepared(self) -> Prepared:
        """Return the frame with the types of its schema."""
        return prepare(self.frame, self.names.schema, self.parsed)


# Opens the files of a table (a file or folder) as a lazy frame; the cells of CSV are parsed by its
# schema. The name of the table is for foreign keys to itself.
Reader = Callable[[Path, TableSchema, str], Source]


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
    """Check a table in files against a schema by streaming: only a part is in memory at a time.

    Parameters
    ----------
    path
        A Parquet or CSV file, or a folder of such files, also in folders ``NAME=VALUE``.
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
    target = find_target(schema, tables, package)
    engine = engine or fastest_engine(Path(path))
    with reader(engine, memory=memory, session=session) as read, _errors_named(path, engine):
        if engine == "pyarrow" and files_of(Path(path))[1] == "csv":
            raise InvalidInputError("engine: pyarrow reads Parquet only; use duckdb for CSV")
        others, keys = dict(target.tables.others), target.schema.foreign_keys
        for name, table in target.tables.others.items():
            if isinstance(table, str | os.PathLike):
                source = read(Path(table), _referred(target.schema, name), "")
                others[name] = source.frame
                keys = _with_plain_targets(keys, {name: source.names})
        asked = target.schema.model_copy(update={"foreign_keys": keys})
        source = read(Path(path), asked, target.tables.name)
        found = replace(
            target, schema=source.names.schema, tables=replace(target.tables, others=others)
        )
        return evaluate_rules(source.prepared(), found, source.names, sample, progress)


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
    tables = tables_of(bundled_root() if path is None else Path(path))
    with reader(engine, memory=memory, session=session) as read:
        sources: dict[str, Source] = {}
        results: dict[str, CheckResult] = {}
        for table in tables:
            try:
                with _errors_named(table.file, engine):
                    sources[table.name] = read(table.path, table.schema, table.name)
            except DiffdataError as error:
                results[table.file] = unreadable(table.name, table.file, error)
        prepared = {name: source.prepared() for name, source in sources.items()}
        frames = {name: table.frame for name, table in prepared.items()}
        schemas = {table.name: table.schema for table in tables}
        for name, source in sources.items():
            others = {other: s.names for other, s in sources.items() if other != name}
            keys = _with_plain_targets(source.names.schema.foreign_keys, others)
            schemas[name] = source.names.schema.model_copy(update={"foreign_keys": keys})
        accepted = accepted_by(frames.get(acknowledgements.TABLE))
        for table in tables:
            if table.name not in prepared:
                continue
            target = Target(
                schemas[table.name],
                Tables(table.name, frames, referring(schemas, table.name)),
                accepted.get(table.name, {}),
            )
            step = progress and partial(_of_table, progress, table.name)
            try:
                with _errors_named(table.file, engine):
                    results[table.file] = evaluate_rules(
                        prepared[table.name], target, sources[table.name].names, sample, step
                    )
            except PackageError as error:
                results[table.file] = unreadable(table.name, table.file, error)
                del frames[table.name]  # tables that refer to it skip that check, with the reason
    return {table.file: results[table.file] for table in tables}


def _referred(schema: TableSchema, table: str) -> TableSchema:
    """Return what a schema says of another table: the columns that it compares with its own."""
    fields = {}
    for key in schema.foreign_keys:
        if key.reference.resource == table:
            for own, target in zip(key.fields, key.reference.fields, strict=True):
                kind = schema.field(own).type
                known = kind in (*CAST_BY_ENGINES, "boolean")
                fields[target] = Field(name=target, type=kind if known else "any")
            for rule in schema.rules:
                if rule.rule == "notAfter" and (rule.key,) == key.fields:
                    fields[rule.reference] = Field(name=rule.reference, type="date")
    return TableSchema(fields=tuple(fields.values()))


def _with_plain_targets(
    keys: Sequence[ForeignKey], names: Mapping[str, Names]
) -> tuple[ForeignKey, ...]:
    """Return foreign keys with the plain names of the columns that they refer to."""
    return tuple(
        with_names(key, {}, names[key.reference.resource].plain)
        if key.reference.resource in names
        else key
        for key in keys
    )


def _of_table(progress: Progress, table: str, step: str, number: int, steps: int) -> None:
    progress(f"{table}: {step}", number, steps)


@contextmanager
def _errors_named(path: PathLike, engine: str) -> Iterator[None]:
    """Turn an error of the engine about its files into one of ours that names them."""
    try:
        yield
    except DiffdataError:
        raise
    except Exception as error:
        reason = of_engine(error)
        if reason is None:
            raise
        raise PackageError(f"{path}: {engine} cannot read it: {reason}") from None


def files_of(path: Path) -> tuple[list[Path], str]:
    """Return the files of a table, and whether they are ``parquet`` or ``csv``."""
    if not path.exists():
        raise PackageError(f"{path}: there is no such file or folder")
    kinds = dict.fromkeys(PARQUET, "parquet") | {".csv": "csv"}
    if path.is_file():
        if path.suffix.lower() not in kinds:
            raise PackageError(f"{path}: expected a file ending in .parquet or .csv")
        return [path], kinds[path.suffix.lower()]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in kinds
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    )
    formats = {kinds[file.suffix.lower()] for file in found}
    if not found:
        raise PackageError(f"{path}: the folder has no Parquet and no CSV files")
    if len(formats) > 1:
        raise PackageError(f"{path}: expected files of one kind, found both Parquet and CSV")
    return found, formats.pop()


def fastest_engine(path: Path) -> str:
    """Return the engine that is the fastest for files: ``pyarrow`` for a small one of Parquet."""
    if path.is_file() and path.suffix.lower() in PARQUET and path.stat().st_size <= _FEW_BYTES:
        with suppress(pa.ArrowException, OSError):  # a broken file is reported when it is read
            if parquet.read_metadata(path).num_rows <= _FEW_ROWS:
                return "pyarrow"
    return "duckdb"


@contextmanager
def reader(engine: str, *, memory: str, session: Any = None) -> Iterator[Reader]:
    """Start an engine, and yield the function that opens files on it; DuckDB has limited memory."""
    if engine not in FILE_ENGINES:
        raise UnknownNameError("engine for files", engine, FILE_ENGINES)
    if engine == "pyarrow":
        yield partial(_open, by_arrow())
    elif engine == "polars":
        yield partial(_open, by_polars())
    elif engine == "pyspark":
        if session is None:
            session = spark_session(spark__driver__memory=memory.lower().removesuffix("b"))
        yield partial(_open, by_spark(session))
    else:
        with _database(memory) as database:
            yield partial(_open, by_duckdb(database))


def _open(engine: FileEngine, path: Path, schema: TableSchema, table: str) -> Source:
    files, form = files_of(path)
    if form == "parquet":
        inner = _partitions(files[0].relative_to(path).parts[:-1]) if path.is_dir() else ()
        outer = tuple(name for name in _partitions(path.parts) if name not in inner)
        opening = Opening([str(file) for file in files], path, inner, outer)
        frame, names = with_plain_names(lazy(engine.parquet(opening), str(path)), schema, table)
        texts = [names.plain[name] for name in opening.partitions]
    else:
        refuse_dialects(schema)
        header = _header(files)
        names = plain_names(header, schema, table)
        texts = [names.plain[name] for name in header]
        frame = lazy(engine.csv(Opening([str(file) for file in files], path), texts), str(path))
    if not texts:
        return Source(frame, names)
    typed = {f.name: f.type for f in names.schema.fields if f.name in texts}
    read = {name: kind for name, kind in typed.items() if kind in CAST_BY_ENGINES}
    frame = lazy(engine.values(frame.to_native(), read)) if read else frame
    frame, flagged = parsed(frame, texts, names.schema, blank=form == "parquet")
    return Source(frame, names, flagged)


def _partitions(folders: Sequence[str]) -> tuple[str, ...]:
    """Return the columns in the names of folders, ``NAME=VALUE``."""
    return tuple(folder.partition("=")[0] for folder in folders if "=" in folder)


def _header(files: Sequence[Path]) -> list[str]:
    """Return the names in the first row of CSV files, which must be the same in all."""
    found: list[str] = []
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as text:
            try:
                header = next(csv.reader(text, strict=True), [])
            except (UnicodeDecodeError, csv.Error):
                raise PackageError(f"{file}: expected CSV in UTF-8") from None
        if not header:
            raise PackageError(f"{file}: expected a row with the names of the columns")
        if duplicates := [name for name in header if header.count(name) > 1]:
            raise PackageError(f"{file}: duplicate column {duplicates[0]!r}")
        if found and header != found:
            raise PackageError(
                f"{file}: expected the header of {files[0].name}, as all files of a folder are one "
                f"table: {','.join(found)[:200]}"
            )
        found = header
    return found


@contextmanager
def _database(memory: str) -> Iterator[Any]:
    duckdb = optional_library("duckdb")
    with tempfile.TemporaryDirectory(prefix="diffdata-") as folder, duckdb.connect() as database:
        try:
            database.execute("SET memory_limit = ?", [memory])
        except duckdb.Error:
            raise InvalidInputError(
                f"memory: expected a size such as 1GB, found {memory!r}"
            ) from None
        database.execute("SET temp_directory = ?", [folder])
        # Rows need not come in the order of the files, which would hold more of them in memory.
        database.execute("SET preserve_insertion_order = false")
        yield database
