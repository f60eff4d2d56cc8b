"""What each engine makes of files: columns of Parquet with their types, cells of CSV as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from diffdata.checking.cells import SQL_TYPES, value_of
from diffdata.descriptor import Field
from diffdata.descriptor.standard import TableSchema
from diffdata.engines.library import engine_library
from diffdata.engines.spark import quiet
from diffdata.validation.columns import convert


@dataclass(frozen=True)
class Opening:
    """The files of a table: their paths, and the path that was given."""

    files: list[str]
    path: Path


@dataclass(frozen=True)
class FileEngine:
    """How an engine opens files.

    Attributes
    ----------
    parquet
        Gives a frame of the files; folders ``NAME=VALUE`` below the path are columns.
    csv
        Gives a frame of the files, with these names in the place of the header: all cells as text,
        and beside some columns (by name, with their types) the values read from them, see
        `value_of`.
    """

    parquet: Callable[[Opening], Any]
    csv: Callable[[Opening, Sequence[str], Mapping[str, str]], Any]


def by_arrow() -> FileEngine:
    """Return how Arrow opens files: in memory."""

    def read_csv(opening: Opening, columns: Sequence[str], typed: Mapping[str, str]) -> Any:
        parts = [_arrow_csv(file, columns, columns).read_all() for file in opening.files]
        table = pa.concat_tables(part.slice(1) for part in parts)
        for name, kind in typed.items():
            field: Any = Field(name=name, type=kind)  # type: ignore[arg-type]
            values, _, _ = convert(table[name], field, TableSchema(fields=(field,)))
            table = table.append_column(value_of(name), values)
        return table

    return FileEngine(lambda opening: parquet.read_table(opening.path), read_csv)


def by_duckdb(database: Any) -> FileEngine:
    """Return how a connection of DuckDB opens files."""

    def read_csv(opening: Opening, columns: Sequence[str], typed: Mapping[str, str]) -> Any:
        relation = database.read_csv(
            opening.files, header=True, all_varchar=True, delimiter=",", quotechar='"',
            escapechar='"', null_padding=False, strict_mode=True, auto_detect=False,
            hive_partitioning=False, columns=dict.fromkeys(columns, "VARCHAR"),
        )  # fmt: skip
        values = [
            f'try_cast(nullif("{name}", \'\') AS {SQL_TYPES[kind]}) AS "{value_of(name)}"'
            for name, kind in typed.items()
        ]
        return relation.project(", ".join(["*", *values]))

    def read_parquet(opening: Opening) -> Any:
        folders = opening.path.is_dir()
        return database.read_parquet(opening.files, hive_partitioning=folders, union_by_name=True)

    return FileEngine(read_parquet, read_csv)


def by_polars() -> FileEngine:
    """Return how Polars opens files, lazily."""
    pl = engine_library("polars")
    kinds = {"integer": pl.Int64, "year": pl.Int64, "number": pl.Float64}

    def read_csv(opening: Opening, columns: Sequence[str], typed: Mapping[str, str]) -> Any:
        _refuse_ragged(opening.files, columns)
        frame = pl.scan_csv(
            opening.files, infer_schema=False, with_column_names=lambda _: list(columns), glob=False
        )
        values = []
        for name, kind in typed.items():
            text = pl.col(name).str.strip_chars(" ")
            value = (
                text.str.to_date("%Y-%m-%d", strict=False)
                if kind == "date"
                else text.cast(kinds[kind], strict=False)
            )
            values.append(value.alias(value_of(name)))
        return frame.with_columns(values)

    def read_parquet(opening: Opening) -> Any:
        def scan(files: list[str]) -> Any:
            return pl.scan_parquet(files, glob=False, hive_partitioning=opening.path.is_dir())

        if len({tuple(parquet.read_schema(file).names) for file in opening.files}) == 1:
            return scan(opening.files)
        return pl.concat([scan([file]) for file in opening.files], how="diagonal_relaxed")

    return FileEngine(read_parquet, read_csv)


def by_spark(session: Any) -> FileEngine:
    """Return how a session of Spark opens files."""

    def places(opening: Opening) -> list[str]:
        # Spark takes each path for a pattern.
        return [re.sub(r"([\\\[\]{}*?])", r"\\\1", file) for file in opening.files]

    def read_csv(opening: Opening, columns: Sequence[str], typed: Mapping[str, str]) -> Any:
        _refuse_ragged(opening.files, columns, len(columns))  # Spark would mend what is not UTF-8
        with quiet():
            from pyspark.sql import functions as f
            from pyspark.sql import types

            texts = [types.StructField(name, types.StringType()) for name in columns]
            frame = session.read.csv(
                places(opening), types.StructType(texts), header=True, quote='"', escape='"',
                multiLine=True, mode="FAILFAST",
            )  # fmt: skip
            values = {
                value_of(name): f.col(f"`{name}`").try_cast(SQL_TYPES[kind].lower())
                for name, kind in typed.items()
            }
            return frame.withColumns(values) if values else frame

    def read_parquet(opening: Opening) -> Any:
        with quiet():
            reader = session.read.option("mergeSchema", "true")
            if opening.path.is_dir():
                # Partitions keep the text of their folders; other engines read them by type.
                reader = reader.option("basePath", str(opening.path))
            return reader.parquet(*places(opening))

    return FileEngine(read_parquet, read_csv)


def _refuse_ragged(files: Sequence[str], columns: Sequence[str], looked_at: int = 1) -> None:
    """Go through files of CSV once: Arrow refuses a row with too many or too few cells.

    It looks whether the first columns, as many as `looked_at`, are UTF-8.
    """
    for file in files:
        for _ in _arrow_csv(file, columns, columns[:looked_at]):
            pass


def _arrow_csv(file: str, columns: Sequence[str], wanted: Sequence[str]) -> Any:
    """Open a file of CSV as batches of text, of which the first row is the header."""
    return arrow_csv.open_csv(
        file,
        read_options=arrow_csv.ReadOptions(column_names=list(columns)),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), include_columns=list(wanted)
        ),
    )
