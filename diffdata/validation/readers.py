"""How each engine opens files, and reads the cells of CSV in them as `validate` does."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import dataset, parquet

from diffdata.engines import quiet
from diffdata.errors import InvalidInputError, optional_library
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
from diffdata.validation.cells import convert
from diffdata.validation.prepare import flag_of

# Text that the profile refuses: control and hidden characters, or blanks around it.
_BLANK = r"\x{09}-\x{0d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"
# Engines write the codes of characters in braces.
_REFUSED = "|".join(
    [
        *(re.sub(r"\\[ux]([0-9a-f]+)", r"\\x{\1}", kind.pattern) for kind in (CONTROL, HIDDEN)),
        rf"^[{_BLANK}]|[{_BLANK}]\z",
    ]
)
# The bytes of characters beyond ASCII in UTF-8 (RFC 3629, section 4), from the first to the last.
_UTF_8 = (
    ((0xC2, 0xDF), (0x80, 0xBF)),
    ((0xE0, 0xE0), (0xA0, 0xBF), (0x80, 0xBF)),
    ((0xE1, 0xEC), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xED, 0xED), (0x80, 0x9F), (0x80, 0xBF)),
    ((0xEE, 0xEF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF0, 0xF0), (0x90, 0xBF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF1, 0xF3), (0x80, 0xBF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF4, 0xF4), (0x80, 0x8F), (0x80, 0xBF), (0x80, 0xBF)),
)


def _letters(low: int, high: int) -> str:
    """Return the set of the letters that Windows-1252 reads in these bytes."""
    return f"[{bytes(range(low, high + 1)).decode('cp1252', errors='ignore')}]"


# Text that `encoded_once` finds: letters that are the bytes of UTF-8.
_TAKEN = "|".join("".join(_letters(*byte) for byte in form) for form in _UTF_8)
_ENCODED = rf"^[\x{{00}}-\x{{7f}}]*(?:(?:{_TAKEN})[\x{{00}}-\x{{7f}}]*)+\z"
# A whole number with more digits than 64 bits distinguish.
_LONG = r"^[+-]?0*[1-9][0-9]{16,}[1-9]0*\z"


@dataclass(frozen=True)
class Opening:
    """The files of a table, the path that was given, and its partitions: folders ``NAME=VALUE``.

    Outer ones are in the path that was given, and are not columns of the table.
    """

    files: list[str]
    path: Path
    partitions: tuple[str, ...] = ()
    outer: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileEngine:
    """How an engine opens files.

    ``parquet`` returns a frame of the files, with partitions as text. ``csv`` returns a frame with
    all cells as text, with these names instead of the header. ``values`` adds to a frame the values
    of columns of text (by name, with their types), named by `value_of`; null where a text does not
    fit.
    """

    parquet: Callable[[Opening], Any]
    csv: Callable[[Opening, Sequence[str]], Any]
    values: Callable[[Any, Mapping[str, str]], Any]


def value_of(column: str) -> str:
    """Return the name of the value that an engine reads from the text of a column."""
    return f"_value_{column}"


def by_arrow() -> FileEngine:
    """Return how Arrow opens files: in memory."""

    def read_csv(opening: Opening, columns: Sequence[str]) -> Any:
        parts = [_arrow_csv(file, columns, columns).read_all() for file in opening.files]
        return pa.concat_tables(part.slice(1) for part in parts)

    def read_parquet(opening: Opening) -> Any:
        texts = pa.schema([(name, pa.string()) for name in opening.partitions])
        found = pa.unify_schemas([*map(parquet.read_schema, opening.files), texts])
        return dataset.dataset(
            opening.files, found, "parquet", partitioning=dataset.partitioning(texts, flavor="hive")
        ).to_table()

    def values(table: pa.Table, typed: Mapping[str, str]) -> Any:
        for name, kind in typed.items():
            field = Field(name=name, type=kind)  # type: ignore[arg-type]
            found, _, _ = convert(table[name], field, TableSchema(fields=(field,)))
            table = table.append_column(value_of(name), found)
        return table

    return FileEngine(read_parquet, read_csv, values)


def by_duckdb(database: Any) -> FileEngine:
    """Return how a connection of DuckDB opens files."""

    def read_csv(opening: Opening, columns: Sequence[str]) -> Any:
        return database.read_csv(
            opening.files, header=True, all_varchar=True, delimiter=",", quotechar='"',
            escapechar='"', null_padding=False, strict_mode=True, auto_detect=False,
            hive_partitioning=False, columns=dict.fromkeys(columns, "VARCHAR"),
        )  # fmt: skip

    def read_parquet(opening: Opening) -> Any:
        others = ", ".join('"' + name.replace('"', '""') + '"' for name in opening.outer)
        columns = f"* EXCLUDE ({others})" if opening.partitions and others else "*"
        return database.sql(
            f"SELECT {columns} FROM read_parquet(?, hive_partitioning = ?, "
            "hive_types_autocast = false, union_by_name = true)",
            params=[opening.files, bool(opening.partitions)],
        )

    def values(relation: Any, typed: Mapping[str, str]) -> Any:
        found = [
            f'try_cast(nullif("{name}", \'\') AS {FIELD_TYPES[kind].sql}) AS "{value_of(name)}"'
            for name, kind in typed.items()
        ]
        return relation.project(", ".join(["*", *found]))

    return FileEngine(read_parquet, read_csv, values)


def by_polars() -> FileEngine:
    """Return how Polars opens files, lazily."""
    pl = optional_library("polars")

    def read_csv(opening: Opening, columns: Sequence[str]) -> Any:
        _refuse_ragged(opening.files, columns)
        names = list(columns)
        return pl.scan_csv(
            opening.files, infer_schema=False, with_column_names=lambda _: names, glob=False
        )

    def read_parquet(opening: Opening) -> Any:
        texts = dict.fromkeys([*opening.outer, *opening.partitions], pl.String)

        def scan(files: list[str]) -> Any:
            if not opening.partitions:
                return pl.scan_parquet(files, glob=False, hive_partitioning=False)
            found = pl.scan_parquet(files, glob=False, hive_partitioning=True, hive_schema=texts)
            return found.drop(opening.outer)

        if len({tuple(parquet.read_schema(file).names) for file in opening.files}) == 1:
            return scan(opening.files)
        return pl.concat([scan([file]) for file in opening.files], how="diagonal_relaxed")

    def values(frame: Any, typed: Mapping[str, str]) -> Any:
        found = []
        for name, kind in typed.items():
            text = pl.col(name).str.strip_chars(" ")
            value = (
                text.str.to_date("%Y-%m-%d", strict=False)
                if kind == "date"
                else text.cast(getattr(pl, FIELD_TYPES[kind].narwhals), strict=False)
            )
            found.append(value.alias(value_of(name)))
        return frame.with_columns(found)

    return FileEngine(read_parquet, read_csv, values)


def by_spark(session: Any) -> FileEngine:
    """Return how a session of Spark opens files."""
    inference = "spark.sql.sources.partitionColumnTypeInference.enabled"

    def places(opening: Opening) -> list[str]:
        # Spark reads each path as a pattern.
        return [re.sub(r"([\\\[\]{}*?])", r"\\\1", file) for file in opening.files]

    def read_csv(opening: Opening, columns: Sequence[str]) -> Any:
        # Spark would replace what is not UTF-8.
        _refuse_ragged(opening.files, columns, len(columns))
        with quiet():
            from pyspark.sql import types

            texts = [types.StructField(name, types.StringType()) for name in columns]
            return session.read.csv(
                places(opening), types.StructType(texts), header=True, quote='"', escape='"',
                multiLine=True, mode="FAILFAST",
            )  # fmt: skip

    def read_parquet(opening: Opening) -> Any:
        with quiet():
            reader = session.read.option("mergeSchema", "true")
            if opening.partitions:
                reader = reader.option("basePath", str(opening.path))
            before = session.conf.get(inference)
            session.conf.set(inference, "false")
            try:
                return reader.parquet(*places(opening))
            finally:
                session.conf.set(inference, before)

    def values(frame: Any, typed: Mapping[str, str]) -> Any:
        with quiet():
            from pyspark.sql import functions as f

            found = {
                value_of(name): f.col(f"`{name}`").try_cast(FIELD_TYPES[kind].sql.lower())
                for name, kind in typed.items()
            }
            return frame.withColumns(found) if found else frame

    return FileEngine(read_parquet, read_csv, values)


def _refuse_ragged(files: Sequence[str], columns: Sequence[str], looked_at: int = 1) -> None:
    """Read CSV files once: Arrow refuses a row with too many or too few cells.

    It also checks that the first columns, as many as `looked_at`, are UTF-8.
    """
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


def refuse_dialects(schema: TableSchema) -> None:
    """Refuse ways of writing a cell that only the validator of text reads."""
    for field in schema.fields:
        written = (field.decimal_char, field.group_char, field.bare_number) == (".", "", True)
        plain = field.type == "any" or (
            field.type in (*CAST_BY_ENGINES, "boolean", "string")
            and field.format == "default"
            and written
        )
        if not plain or set(missing_values(field, schema)) != {""}:
            raise InvalidInputError(
                f"engine: the column {field.name!r} is written in a way that only validation "
                "without an engine reads"
            )


def parsed(
    frame: nw.LazyFrame[Any], columns: Sequence[str], schema: TableSchema, *, blank: bool
) -> tuple[nw.LazyFrame[Any], tuple[str, ...]]:
    """Replace columns of text by values, and add flags where a text is not of its type.

    The frame also has the values that an engine reads, named by `value_of`. Rows without any text
    are kept if `blank`. The second result is the columns that have a flag beside them.
    """
    found: list[nw.Expr] = []
    fields = [field for field in schema.fields if field.name in columns]
    for field in fields:
        text = nw.col(field.name)
        given = (text != "").fill_null(False)
        value, fits = _read(field, is_strict(schema, field))
        found += [
            nw.when(given & fits).then(value).alias(field.name),
            (given & ~fits).alias(flag_of(field.name)),
        ]
    values = {value_of(field.name) for field in fields}
    names = [name for name in frame.collect_schema().names() if name not in values]
    if not blank:
        some = ((nw.col(name) != "").fill_null(False) for name in columns)
        frame = frame.filter(functools.reduce(operator.or_, some))
    frame = frame.with_columns(*found) if found else frame
    flags = [flag_of(field.name) for field in fields]
    return frame.select(*names, *flags), tuple(field.name for field in fields)


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
    value = nw.col(value_of(field.name))
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
