"""Tables that lie in files, as lazy frames of an engine: Parquet, also in parts, and large CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
from pyarrow import parquet

from diffdata.engines.library import engine_library
from diffdata.engines.spark import spark_session
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError
from diffdata.package.files import PARQUET
from diffdata.schemas.standard import TableSchema
from diffdata.validation.engine_cells import SQL_TYPES, parsed, refuse_dialects
from diffdata.validation.names import Names, named_plainly, plain_names
from diffdata.validation.prepare import lazy
from diffdata.validation.readers import (
    FileEngine,
    Opening,
    by_arrow,
    by_duckdb,
    by_polars,
    by_spark,
)

FILE_ENGINES = ("duckdb", "polars", "pyarrow", "pyspark")
# A file up to this size is held in memory by Arrow sooner than an engine has made its plan.
_FEW_ROWS, _FEW_BYTES = 250_000, 2**26


@dataclass(frozen=True)
class Source:
    """A lazy frame of what files hold, its names, and the columns that were parsed from text."""

    frame: nw.LazyFrame[Any]
    names: Names
    parsed: tuple[str, ...] = ()


def files_of(path: Path) -> tuple[list[Path], str]:
    """Return the files that a path means, and whether they are ``parquet`` or ``csv``.

    Raises
    ------
    PackageError
        If there is nothing of the kind, or files of both kinds.
    """
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
    forms = {kinds[file.suffix.lower()] for file in found}
    if not found:
        raise PackageError(f"{path}: the folder has no Parquet and no CSV files")
    if len(forms) > 1:
        raise PackageError(f"{path}: expected files of one kind, found both Parquet and CSV")
    return found, forms.pop()


def fastest_engine(path: Path) -> str:
    """Return the engine that is the fastest for files: ``pyarrow`` for a small one of Parquet."""
    if path.is_file() and path.suffix.lower() in PARQUET and path.stat().st_size <= _FEW_BYTES:
        with suppress(pa.ArrowException, OSError):  # a broken file is told of when it is read
            if parquet.read_metadata(path).num_rows <= _FEW_ROWS:
                return "pyarrow"
    return "duckdb"


# Opens the files of a table (a file or folder) as a lazy frame; the cells of CSV are parsed by its
# schema. The name of the table is for foreign keys to itself; one that others refer to has none.
Reader = Callable[[Path, TableSchema, str | None], Source]


@contextmanager
def reader(engine: str, *, memory: str, session: Any = None) -> Iterator[Reader]:
    """Start an engine, and give what opens files on it; the frames can be joined with each other.

    Parameters
    ----------
    engine
        ``duckdb``, ``polars``, ``pyarrow`` (Parquet, held in memory) or ``pyspark``.
    memory
        The most memory that DuckDB takes before it works on disk, as ``1GB``; so much a new
        session of Spark has. Polars works in batches, and has no such limit.
    session
        The session of Spark, if there is one.
    """
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


def _open(engine: FileEngine, path: Path, schema: TableSchema, table: str | None = None) -> Source:
    files, form = files_of(path)
    if form == "parquet":
        inner = _partitions(files[0].relative_to(path).parts[:-1]) if path.is_dir() else ()
        outer = tuple(name for name in _partitions(path.parts) if name not in inner)
        opening = Opening([str(file) for file in files], path, inner, outer)
        frame, names = named_plainly(lazy(engine.parquet(opening), str(path)), schema, table or "")
        texts = [names.plain[name] for name in opening.partitions]
    else:
        refuse_dialects(schema)
        header = _header(files)
        names = plain_names(header, schema, table or "")
        texts = [names.plain[name] for name in header]
        frame = lazy(engine.csv(Opening([str(file) for file in files], path), texts), str(path))
    if not texts:
        return Source(frame, names)
    typed = {f.name: f.type for f in names.schema.fields if f.name in texts}
    read = {name: kind for name, kind in typed.items() if kind in SQL_TYPES}
    frame = lazy(engine.values(frame.to_native(), read)) if read else frame
    frame, flagged = parsed(frame, texts, names.schema, blank=form == "parquet")
    return Source(frame, names, flagged)


def _partitions(folders: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that stand in the names of folders, ``NAME=VALUE``."""
    return tuple(folder.partition("=")[0] for folder in folders if "=" in folder)


def _header(files: Sequence[Path]) -> list[str]:
    """Return the names in the first row of files of CSV, which must be the same in all.

    Raises
    ------
    PackageError
        If a file has no such row, or another one, or a name stands in it twice.
    """
    found: list[str] = []
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as text:
            try:
                header = next(csv.reader(text, strict=True), [])
            except (UnicodeDecodeError, csv.Error):
                raise PackageError(f"{file}: expected CSV in UTF-8") from None
        if not header:
            raise PackageError(f"{file}: expected a row with the names of the columns")
        if twice := [name for name in header if header.count(name) > 1]:
            raise PackageError(f"{file}: the column {twice[0]!r} stands more than once")
        if found and header != found:
            raise PackageError(
                f"{file}: expected the header of {files[0].name}, as all files of a folder are one "
                f"table: {','.join(found)[:200]}"
            )
        found = header
    return found


@contextmanager
def _database(memory: str) -> Iterator[Any]:
    import tempfile

    duckdb = engine_library("duckdb")
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
