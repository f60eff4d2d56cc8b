"""Tables that lie in files, as lazy frames of an engine: Parquet, also in parts, and large CSV."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw

from diffdata.checking.names import Renamed, renamed
from diffdata.checking.prepare import flag_of
from diffdata.descriptor import Field, TableSchema
from diffdata.engines.library import engine_library
from diffdata.engines.spark import quiet, spark_session
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError
from diffdata.validation.mends import INTEGER, NUMBER

FILE_ENGINES = ("duckdb", "polars", "pyspark")

# What stands in a cell of each type; what has the form and is none (2020-02-30) becomes null.
_FORMS = {
    "integer": INTEGER,
    "year": INTEGER,
    "number": NUMBER,
    "boolean": "true|false",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
_SQL_TYPES = {
    "integer": "BIGINT", "year": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN",
    "date": "DATE",
}  # fmt: skip
# Text that the profile refuses: control and hidden characters, or blanks around it.
_BLANK = r"\x{09}-\x{0d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"
_REFUSED = (
    r"[\x{00}-\x{1f}\x{7f}\x{2028}\x{2029}\x{200b}-\x{200f}\x{202a}-\x{202e}"
    rf"\x{{2060}}-\x{{2064}}\x{{2066}}-\x{{2069}}\x{{feff}}]|^[{_BLANK}]|[{_BLANK}]\z"
)


@dataclass(frozen=True)
class Source:
    """A lazy frame of what files hold, its names, and the columns that were parsed from text."""

    frame: nw.LazyFrame[Any]
    plain: Renamed
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
    kinds = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
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


@contextmanager
def opened(
    path: Path, schema: TableSchema, engine: str, *, memory: str, session: Any = None
) -> Iterator[Source]:
    """Open the files of a table as a lazy frame, for as long as the context lasts.

    Parameters
    ----------
    path
        A Parquet or CSV file, or a folder of such files; ``NAME=VALUE`` folders are columns.
    schema
        The schema of the table, by which the cells of CSV are parsed.
    engine
        ``duckdb``, ``polars`` or ``pyspark``.
    memory
        The most memory that DuckDB takes before it works on disk, as ``1GB``; so much a new
        session of Spark has. Polars works in batches, and has no such limit.
    session
        The session of Spark, if there is one.
    """
    if engine not in FILE_ENGINES:
        raise UnknownNameError("engine for files", engine, FILE_ENGINES)
    files, form = files_of(path)
    if form == "csv":
        _refuse_dialects(schema)
    places = [str(file) for file in files]
    if engine == "polars":
        yield _by_polars(places, path, schema, form)
    elif engine == "pyspark":
        yield _by_spark(path, schema, form, memory, session)
    else:
        with _database(memory) as database:
            yield _by_duckdb(database, places, schema, form)


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


def _by_duckdb(database: Any, files: list[str], schema: TableSchema, form: str) -> Source:
    if form == "parquet":
        relation = database.read_parquet(files, hive_partitioning=True, union_by_name=True)
        return _whole(relation, schema)
    relation = database.read_csv(
        files, header=True, all_varchar=True, delimiter=",", quotechar='"', escapechar='"',
        null_padding=False, strict_mode=True, auto_detect=False,
        columns=dict.fromkeys(_header(files[0]), "VARCHAR"),
    )  # fmt: skip
    plain = renamed(nw.from_native(relation).lazy(), schema)
    relation = plain.frame.to_native()
    fields = _parsed(plain)
    parts = [
        f'try_cast(nullif("{f.name}", \'\') AS {_SQL_TYPES[f.type]}) AS "{_value(f)}"'
        for f in fields
        if f.type in _SQL_TYPES
    ]
    relation = relation.project(", ".join(["*", *parts]))
    return _flagged(relation, plain, fields)


def _by_polars(files: list[str], path: Path, schema: TableSchema, form: str) -> Source:
    pl = engine_library("polars")
    if form == "parquet":
        where = files[0] if path.is_file() else str(path / "**" / "*.parquet")
        return _whole(pl.scan_parquet(where, hive_partitioning=path.is_dir()), schema)
    plain = renamed(nw.from_native(pl.scan_csv(files, infer_schema=False)).lazy(), schema)
    frame, fields = plain.frame.to_native(), _parsed(plain)
    kinds = {
        "integer": pl.Int64, "year": pl.Int64, "number": pl.Float64, "date": pl.Date,
    }  # fmt: skip
    values = []
    for field in fields:
        if field.type == "boolean":
            value = pl.col(field.name).replace_strict(
                {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
            )
        elif field.type == "date":
            value = pl.col(field.name).str.to_date("%Y-%m-%d", strict=False)
        elif field.type in kinds:
            value = pl.col(field.name).cast(kinds[field.type], strict=False)
        else:
            continue
        values.append(value.alias(_value(field)))
    return _flagged(frame.with_columns(values), plain, fields)


def _by_spark(path: Path, schema: TableSchema, form: str, memory: str, session: Any) -> Source:
    session = session or spark_session(spark__driver__memory=memory.lower().removesuffix("b"))
    with quiet():
        from pyspark.sql import functions as f

        if form == "parquet":
            # Partitions keep the text of their folders, as the other engines read them by type.
            return _whole(session.read.parquet(str(path)), schema)
        frame = session.read.csv(
            str(path), header=True, inferSchema=False, quote='"', escape='"', multiLine=True,
            mode="FAILFAST",
        )  # fmt: skip
        plain = renamed(nw.from_native(frame).lazy(), schema)
        frame, fields = plain.frame.to_native(), _parsed(plain)
        parsed = {
            _value(field): f.col(f"`{field.name}`").try_cast(_SQL_TYPES[field.type].lower())
            for field in fields
            if field.type in _SQL_TYPES
        }
        return _flagged(frame.withColumns(parsed), plain, fields)


def _whole(native: Any, schema: TableSchema) -> Source:
    """Return a frame that has types of its own."""
    plain = renamed(nw.from_native(native).lazy(), schema)
    return Source(plain.frame, plain)


def _flagged(native: Any, plain: Renamed, fields: Sequence[Field]) -> Source:
    """Put values in the place of texts, and beside them where a text is of another type."""
    frame: nw.LazyFrame[Any] = nw.from_native(native).lazy()
    columns: list[nw.Expr] = []
    for field in fields:
        text = nw.col(field.name)
        given = (text != "").fill_null(False)
        if field.type in _SQL_TYPES:
            value = nw.col(_value(field))
            fits = text.str.contains(rf"^(?:{_FORMS[field.type]})\z").fill_null(False)
            fits = fits & ~value.is_null()
            if field.type == "date":
                fits = fits & ~text.str.starts_with("0000").fill_null(False)  # no year 0
            if field.type == "number":
                fits = fits & (value.abs() < math.inf).fill_null(False)
        else:
            value = text
            fits = ~text.str.contains(_REFUSED).fill_null(False)
        columns += [
            nw.when(given & fits).then(value).alias(field.name),
            (given & ~fits).alias(flag_of(field.name)),
        ]
    names = [name for name in frame.collect_schema().names() if not name.startswith("_value_")]
    flags = [flag_of(field.name) for field in fields]
    return Source(
        frame.with_columns(*columns).select(*names, *flags), plain, tuple(f.name for f in fields)
    )


def _parsed(plain: Renamed) -> list[Field]:
    columns = set(plain.frame.collect_schema().names())
    return [field for field in plain.schema.fields if field.name in columns]


def _value(field: Field) -> str:
    return f"_value_{field.name}"


def _header(file: str) -> list[str]:
    import csv

    with open(file, encoding="utf-8", newline="") as text:
        return next(csv.reader(text), [])


def _refuse_dialects(schema: TableSchema) -> None:
    """Refuse ways of writing a cell that only the validator of text knows."""
    for field in schema.fields:
        plain = (
            field.type in _SQL_TYPES
            and field.format == "default"
            and (field.decimal_char, field.group_char, field.bare_number) == (".", "", True)
        ) or field.type in ("string", "any")
        if not plain or set(field.missing_values or schema.missing_values) - {""}:
            raise InvalidInputError(
                f"engine: the column {field.name!r} is written in a way that only validation "
                "without an engine reads"
            )
