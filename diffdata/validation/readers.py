"""How each engine opens files, and reads the cells of CSV in them as `validate` does."""

from __future__ import annotations

import csv
import math
import operator
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial, reduce
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import dataset, parquet

from diffdata.engines import quiet, spark_session
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError, optional_library
from diffdata.package.files import PARQUET
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.definitions import (
    CAST_BY_ENGINES,
    CONTROL,
    FIELD_TYPES,
    HIDDEN,
    definition,
    missing_values,
)
from diffdata.types.text import is_strict
from diffdata.validation.prepare import (
    Names,
    Prepared,
    collect,
    flag_of,
    lazy,
    plain_names,
    prepare,
    with_plain_names,
)
from diffdata.validation.typed import convert

FILE_ENGINES = ("duckdb", "polars", "pyarrow", "pyspark")
# Arrow has a file up to this size in memory before an engine has made its plan.
_FEW_ROWS, _FEW_BYTES = 250_000, 2**26
# Plans for tables of CSV that are smaller together take an engine longer than reading them.
_HELD_BYTES = 2**24

# The bytes to which any Parquet file may decode, how many more for each byte of it if it is held in
# memory or streamed, and the most columns, those inside of others counted.
_MOST_DECODED, _IN_MEMORY, _STREAMED, _MOST_LEAVES = 2**27, 20, 1000, 10_000

# Text that the profile refuses: control and hidden characters, or blanks around it.
_BLANK = r"\x{09}-\x{0d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"
# Engines write the codes of characters in braces.
_REFUSED = "|".join(
    [
        *(re.sub(r"\\[ux]([0-9a-f]+)", r"\\x{\1}", kind.pattern) for kind in (CONTROL, HIDDEN)),
        rf"^[{_BLANK}]|[{_BLANK}]\z",
    ]
)
# The bytes of characters beyond ASCII in UTF-8 (RFC 3629, section 4).
_UTF_8 = (
    "C2-DF 80-BF|E0-E0 A0-BF 80-BF|E1-EC 80-BF 80-BF|ED-ED 80-9F 80-BF|EE-EF 80-BF 80-BF|"
    "F0-F0 90-BF 80-BF 80-BF|F1-F3 80-BF 80-BF 80-BF|F4-F4 80-8F 80-BF 80-BF"
)


def _letters(found: re.Match[str]) -> str:
    """Return the set of the letters that Windows-1252 reads in these bytes."""
    low, high = int(found[1], 16), int(found[2], 16)
    return f"[{bytes(range(low, high + 1)).decode('cp1252', errors='ignore')}]"


# Text that `encoded_once` finds: letters that are the bytes of UTF-8.
_TAKEN = re.sub("(..)-(..) ?", _letters, _UTF_8)
_ENCODED = rf"^[\x{{00}}-\x{{7f}}]*(?:(?:{_TAKEN})[\x{{00}}-\x{{7f}}]*)+\z"
# A whole number with more digits than 64 bits distinguish.
_LONG = r"^[+-]?0*[1-9][0-9]{16,}[1-9]0*\z"


@dataclass(frozen=True)
class Source:
    """A lazy frame of the contents of files, its names, and the columns parsed from text."""

    frame: nw.LazyFrame[Any]
    names: Names
    parsed: tuple[str, ...] = ()

    def prepared(self) -> Prepared:
        """Return the frame with the types of its schema."""
        return prepare(self.frame, self.names.schema, self.parsed)


# Opens the files of a table (files or folders) as a lazy frame; the cells of CSV are parsed by its
# schema. The name of the table is for foreign keys to itself.
Reader = Callable[[Sequence[Path], TableSchema, str], Source]


@contextmanager
def reader(
    engine: str, *, memory: str, session: Any = None, held: bool = False
) -> Iterator[Reader]:
    """Start an engine, and yield the function that opens files on it; DuckDB has limited memory.

    Tables that are to be ``held`` are read by the engine once, and are then Arrow tables.
    """
    if engine not in FILE_ENGINES:
        raise UnknownNameError("engine for files", engine, FILE_ENGINES)
    if engine == "pyarrow":
        yield partial(_open, _Arrow(), held)
    elif engine == "polars":
        yield partial(_open, _Polars(optional_library("polars")), held)
    elif engine == "pyspark":
        if session is None:
            session = spark_session(spark__driver__memory=memory.lower().removesuffix("b"))
        yield partial(_open, _Spark(session), held)
    else:
        with _database(memory) as database:
            yield partial(_open, _DuckDB(database), held)


def files_of(paths: Sequence[Path]) -> tuple[list[Path], str]:
    """Return the files of a table, and whether they are ``parquet`` or ``csv``."""
    kinds = dict.fromkeys(PARQUET, "parquet") | {".csv": "csv"}
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise PackageError(f"{path}: there is no such file or folder")
        if path.is_file() and path.suffix.lower() not in kinds:
            raise PackageError(f"{path}: expected a file ending in .parquet or .csv")
        found = [path] * path.is_file() or sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in kinds
            and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        )
        if not found:
            raise PackageError(f"{path}: the folder has no Parquet and no CSV files")
        files += found
    formats = {kinds[file.suffix.lower()] for file in files}
    if len(formats) > 1:
        raise PackageError(f"{paths[0]}: expected files of one kind, found both Parquet and CSV")
    return files, formats.pop()


def fastest_engine(paths: Sequence[Path]) -> str:
    """Return the engine that is the fastest for files: ``pyarrow`` for a small one of Parquet."""
    path = paths[0]
    if (
        len(paths) == 1
        and path.is_file()
        and path.suffix.lower() in PARQUET
        and path.stat().st_size <= _FEW_BYTES
    ):
        # A broken file is reported when it is read.
        with suppress(pa.ArrowException, OSError, UnicodeError, PackageError):
            if parquet.read_metadata(path).num_rows <= _FEW_ROWS:
                _refuse_bombs(path, _IN_MEMORY)
                return "pyarrow"
    return "duckdb"


def small_enough(paths: Iterable[Path]) -> bool:
    """Return whether files of CSV are so small that Arrow has checked them before an engine plans.

    Not those of Parquet, which may decode to far more.
    """
    size = 0
    for path in paths:
        with suppress(PackageError, OSError):  # reported when it is read
            files, form = files_of([path])
            size += sum(file.stat().st_size for file in files)
            if form != "csv" or size > _HELD_BYTES:
                return False
    return True


@dataclass(frozen=True)
class _Opening:
    """The files of a table, and its partitions: folders ``NAME=VALUE`` in its path or inside."""

    files: list[str]
    path: Path
    partitions: tuple[str, ...] = ()
    outer: tuple[str, ...] = ()  # in the path, so not columns of the table


class _Engine(Protocol):
    """How an engine opens files."""

    def parquet(self, opening: _Opening) -> Any:
        """Return a frame of the files, with partitions as text."""

    def csv(self, opening: _Opening, columns: Sequence[str]) -> Any:
        """Return a frame with all cells as text, with these names instead of the header."""

    def values(self, frame: Any, typed: Mapping[str, str]) -> Any:
        """Add the values of columns of text, by `_value_of`; null where a text does not fit."""


def _value_of(column: str) -> str:
    """Return the name of the value that an engine reads from the text of a column."""
    return f"_value_{column}"


class _Arrow:
    """Holds all of a table in memory."""

    def csv(self, opening: _Opening, columns: Sequence[str]) -> Any:
        parts = [_arrow_csv(file, columns, columns).read_all() for file in opening.files]
        return pa.concat_tables(part.slice(1) for part in parts)

    def parquet(self, opening: _Opening) -> Any:
        texts = pa.schema([(name, pa.string()) for name in opening.partitions])
        found = pa.unify_schemas([*map(parquet.read_schema, opening.files), texts])
        return dataset.dataset(
            opening.files, found, "parquet", partitioning=dataset.partitioning(texts, flavor="hive")
        ).to_table()

    def values(self, frame: pa.Table, typed: Mapping[str, str]) -> Any:
        for name, kind in typed.items():
            field = Field(name=name, type=kind)  # type: ignore[arg-type]
            found, _, _ = convert(frame[name], field, TableSchema(fields=(field,)))
            frame = frame.append_column(_value_of(name), found)
        return frame


@dataclass(frozen=True)
class _DuckDB:
    database: Any

    def csv(self, opening: _Opening, columns: Sequence[str]) -> Any:
        return self.database.read_csv(
            opening.files, header=True, all_varchar=True, delimiter=",", quotechar='"',
            escapechar='"', null_padding=False, strict_mode=True, auto_detect=False,
            hive_partitioning=False, columns=dict.fromkeys(columns, "VARCHAR"),
        )  # fmt: skip

    def parquet(self, opening: _Opening) -> Any:
        others = ", ".join('"' + name.replace('"', '""') + '"' for name in opening.outer)
        columns = f"* EXCLUDE ({others})" if opening.partitions and others else "*"
        return self.database.sql(
            f"SELECT {columns} FROM read_parquet(?, hive_partitioning = ?, "
            "hive_types_autocast = false, union_by_name = true)",
            params=[opening.files, bool(opening.partitions)],
        )

    def values(self, frame: Any, typed: Mapping[str, str]) -> Any:
        found = [
            f'try_cast(nullif("{name}", \'\') AS {FIELD_TYPES[kind].sql}) AS "{_value_of(name)}"'
            for name, kind in typed.items()
        ]
        return frame.project(", ".join(["*", *found]))


@dataclass(frozen=True)
class _Polars:
    pl: Any

    def csv(self, opening: _Opening, columns: Sequence[str]) -> Any:
        _refuse_ragged(opening.files, columns)
        names = list(columns)
        return self.pl.scan_csv(
            opening.files, infer_schema=False, with_column_names=lambda _: names, glob=False
        )

    def parquet(self, opening: _Opening) -> Any:
        texts = dict.fromkeys([*opening.outer, *opening.partitions], self.pl.String)
        parts = [opening.files]
        if len({tuple(parquet.read_schema(file).names) for file in opening.files}) > 1:
            parts = [[file] for file in opening.files]
        found = [
            self.pl.scan_parquet(
                files, glob=False, hive_partitioning=bool(opening.partitions),
                hive_schema=texts if opening.partitions else None,
            )
            for files in parts
        ]  # fmt: skip
        if opening.partitions:
            found = [part.drop(opening.outer) for part in found]
        return found[0] if len(found) == 1 else self.pl.concat(found, how="diagonal_relaxed")

    def values(self, frame: Any, typed: Mapping[str, str]) -> Any:
        found = []
        for name, kind in typed.items():
            text = self.pl.col(name).str.strip_chars(" ")
            value = (
                text.str.to_date("%Y-%m-%d", strict=False)
                if kind == "date"
                else text.cast(getattr(self.pl, FIELD_TYPES[kind].narwhals), strict=False)
            )
            found.append(value.alias(_value_of(name)))
        return frame.with_columns(found)


@dataclass(frozen=True)
class _Spark:
    session: Any

    def csv(self, opening: _Opening, columns: Sequence[str]) -> Any:
        # Spark would replace what is not UTF-8.
        _refuse_ragged(opening.files, columns, len(columns))
        with quiet():
            from pyspark.sql import types

            texts = [types.StructField(name, types.StringType()) for name in columns]
            return self.session.read.csv(
                _patterns(opening), types.StructType(texts), header=True, quote='"', escape='"',
                multiLine=True, mode="FAILFAST",
            )  # fmt: skip

    def parquet(self, opening: _Opening) -> Any:
        inference = "spark.sql.sources.partitionColumnTypeInference.enabled"
        with quiet():
            read = self.session.read.option("mergeSchema", "true")
            if opening.partitions:
                read = read.option("basePath", str(opening.path))
            before = self.session.conf.get(inference)
            self.session.conf.set(inference, "false")
            try:
                return read.parquet(*_patterns(opening))
            finally:
                self.session.conf.set(inference, before)

    def values(self, frame: Any, typed: Mapping[str, str]) -> Any:
        with quiet():
            from pyspark.sql import functions as f

            return frame.withColumns(
                {
                    _value_of(name): f.col(f"`{name}`").try_cast(FIELD_TYPES[kind].sql.lower())
                    for name, kind in typed.items()
                }
            )


def _patterns(opening: _Opening) -> list[str]:
    """Return the paths of files for Spark, which reads each as a pattern."""
    return [re.sub(r"([\\\[\]{}*?])", r"\\\1", file) for file in opening.files]


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


def _refuse_ragged(files: Sequence[str], columns: Sequence[str], looked_at: int = 1) -> None:
    """Read CSV files once: Arrow refuses rows of a wrong length, and first columns not in UTF-8."""
    for file in files:
        for _ in _arrow_csv(file, columns, columns[:looked_at]):
            pass


def _arrow_csv(file: str, columns: Sequence[str], wanted: Sequence[str]) -> Any:
    """Open a CSV file as batches of text, of which the first row is the header."""
    return arrow_csv.open_csv(
        file,
        read_options=arrow_csv.ReadOptions(column_names=list(columns)),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), include_columns=list(wanted)
        ),
    )


def _open(
    engine: _Engine, held: bool, paths: Sequence[Path], schema: TableSchema, table: str
) -> Source:
    (files, form), path = files_of(paths), paths[0]
    if form == "parquet":
        for file in files:
            _refuse_bombs(file, _IN_MEMORY if isinstance(engine, _Arrow) else _STREAMED)
        folder = len(paths) == 1 and path.is_dir()
        inner = _partitions(files[0].relative_to(path).parts[:-1]) if folder else ()
        outer = tuple(name for name in _partitions(path.parts) if name not in inner)
        opening = _Opening([str(file) for file in files], path, inner, outer)
        frame, names = with_plain_names(lazy(engine.parquet(opening), str(path)), schema, table)
        texts = [names.plain[name] for name in inner]
    else:
        _refuse_dialects(schema)
        header = _header(files)
        names = plain_names(header, schema, table)
        texts = [names.plain[name] for name in header]
        opening = _Opening([str(file) for file in files], path)
        frame = lazy(engine.csv(opening, texts), str(path))
    if not texts:
        return Source(frame, names)
    kept = frame.collect_schema().names()
    fields = [field for field in names.schema.fields if field.name in texts]
    typed = {field.name: field.type for field in fields if field.type in CAST_BY_ENGINES}
    if typed:
        frame = lazy(engine.values(frame.to_native(), typed))
    if form == "csv":  # without blank rows
        some = ((nw.col(name) != "").fill_null(False) for name in texts)
        frame = frame.filter(reduce(operator.or_, some))
    if fields:
        strict = [is_strict(names.schema, field) for field in fields]
        frame = frame.with_columns(*chain.from_iterable(map(_parsed, fields, strict)))
    frame = frame.select(*kept, *(flag_of(field.name) for field in fields))
    if held:
        frame = lazy(collect(frame))
    return Source(frame, names, tuple(field.name for field in fields))


def _refuse_bombs(file: Path, per_byte: int) -> None:
    """Refuse a Parquet file that decodes to far more than it has bytes, before it is decoded."""
    size = file.stat().st_size
    most = _MOST_DECODED + per_byte * size
    # Not the footer's columns: Arrow ends the process at some damage in them.
    footer = parquet.read_metadata(file)
    if footer.num_columns > _MOST_LEAVES:
        raise PackageError(f"{file}: more than {_MOST_LEAVES:,} columns, which are not read")
    written = sum(footer.row_group(n).total_byte_size for n in range(footer.num_row_groups))
    decoded = written + footer.num_rows * footer.num_columns * 8
    if size <= _FEW_BYTES and decoded <= most < footer.num_rows * written:
        decoded += _length_of_texts(file, most)
    if decoded > most:
        raise PackageError(
            f"{file}: its {size:,} bytes decode to more than {most // 2**20:,} MiB, "
            "which are not read" + "; use duckdb" * (per_byte == _IN_MEMORY)
        )


def _length_of_texts(file: Path, most: int) -> int:
    """Return the bytes of text, which is written once in a dictionary and decoded for each row."""
    columns = parquet.read_schema(file)
    texts = [field.name for field in columns if pa.types.is_string(_values(field.type))]
    total = 0
    with parquet.ParquetFile(file, read_dictionary=texts) as opened:
        for batch in opened.iter_batches(2**14, columns=texts) if texts else ():
            for column in batch.columns:
                if pa.types.is_dictionary(column.type):
                    lengths = pc.binary_length(column.dictionary)
                    total += pc.sum(pc.take(lengths, column.indices)).as_py() or 0
            if total > most:
                break
    return total


def _values(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values of a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


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
                f"{file}: expected the header of {files[0].name}, as all files are one table: "
                f"{','.join(found)[:200]}"
            )
        found = header
    return found


def _refuse_dialects(schema: TableSchema) -> None:
    """Refuse ways of writing a cell that only the validator of text reads."""
    for field in schema.fields:
        written = (field.decimal_char, field.group_char, field.bare_number) == (".", "", True)
        read = field.type in (*CAST_BY_ENGINES, "boolean", "string") and field.format == "default"
        plain = field.type == "any" or (read and written)
        if not plain or set(missing_values(field, schema)) != {""}:
            raise InvalidInputError(
                f"engine: the column {field.name!r} is written in a way that only validation "
                "without an engine reads"
            )


def _parsed(field: Field, strict: bool) -> tuple[nw.Expr, nw.Expr]:
    """Return the values of a column of text, and a flag where a text is not of its type."""
    given = (nw.col(field.name) != "").fill_null(False)
    value, fits = _read(field, strict)
    return (
        nw.when(given & fits).then(value).alias(field.name),
        (given & ~fits).alias(flag_of(field.name)),
    )


def _read(field: Field, strict: bool) -> tuple[nw.Expr, nw.Expr]:
    """Return the values of a column of text, and whether each text is of its type."""
    text = nw.col(field.name)
    if field.type == "boolean":
        true, false = (["true"], ["false"]) if strict else (field.true_values, field.false_values)
        value = text.is_in(list(true))
        return value, (value | text.is_in(list(false))).fill_null(False)
    if field.type not in CAST_BY_ENGINES:
        refused = text.str.contains(_REFUSED) | text.str.contains(_ENCODED)
        return text, (~refused).fill_null(False) if strict else nw.lit(True)
    value = nw.col(_value_of(field.name))
    form = definition(field).form if strict else definition(field).accepted
    fits = text.str.contains(rf"^(?:{form})\z").fill_null(False) & ~value.is_null()
    if field.type == "date":
        fits = fits & ~text.str.starts_with("0000").fill_null(False)  # no year 0
    if field.type == "number" and strict:
        fits = fits & (value.abs() < math.inf).fill_null(False) & ~_loses_digits(text, value)
    return value, fits


def _loses_digits(text: nw.Expr, value: nw.Expr) -> nw.Expr:
    """Return where a whole number has more digits than a float."""
    size = value.abs()
    near = ((size >= 2.0**53) & (size < 1e17)).fill_null(False)
    exact = nw.when(near).then(value).cast(nw.Int64()).cast(nw.String())
    lost = near & text.str.contains(r"^-?[1-9][0-9]*\z") & (exact != text)
    return (text.str.contains(_LONG) | lost).fill_null(False)
