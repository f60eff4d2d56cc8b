"""What each engine makes of files: columns of Parquet with their types, cells of CSV as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import dataset, parquet

from diffdata.engines.library import engine_library
from diffdata.engines.spark import quiet
from diffdata.schemas.standard import Field, TableSchema
from diffdata.validation.columns import convert
from diffdata.validation.engine_cells import SQL_TYPES, value_of


@dataclass(frozen=True)
class Opening:
    """The files of a table: their paths, the path that was given, and the names of its partitions.

    Partitions are the columns that stand in the names of folders, ``NAME=VALUE``; outer ones are
    in the path that was given, and are none of the table.
    """

    files: list[str]
    path: Path
    partitions: tuple[str, ...] = ()
    outer: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileEngine:
    """How an engine opens files.

    Attributes
    ----------
    parquet
        Gives a frame of the files, with partitions as text.
    csv
        Gives a frame of the files, with these names in the place of the header: all cells as text.
    values
        Adds to a frame the values read from columns of text (by name, with their types), null where
        it cannot, named by `value_of`.
    """

    parquet: Callable[[Opening], Any]
    csv: Callable[[Opening, Sequence[str]], Any]
    values: Callable[[Any, Mapping[str, str]], Any]


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
            f'try_cast(nullif("{name}", \'\') AS {SQL_TYPES[kind]}) AS "{value_of(name)}"'
            for name, kind in typed.items()
        ]
        return relation.project(", ".join(["*", *found]))

    return FileEngine(read_parquet, read_csv, values)


def by_polars() -> FileEngine:
    """Return how Polars opens files, lazily."""
    pl = engine_library("polars")
    kinds = {"integer": pl.Int64, "year": pl.Int64, "number": pl.Float64}

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
                else text.cast(kinds[kind], strict=False)
            )
            found.append(value.alias(value_of(name)))
        return frame.with_columns(found)

    return FileEngine(read_parquet, read_csv, values)


def by_spark(session: Any) -> FileEngine:
    """Return how a session of Spark opens files."""
    inference = "spark.sql.sources.partitionColumnTypeInference.enabled"

    def places(opening: Opening) -> list[str]:
        # Spark takes each path for a pattern.
        return [re.sub(r"([\\\[\]{}*?])", r"\\\1", file) for file in opening.files]

    def read_csv(opening: Opening, columns: Sequence[str]) -> Any:
        # Spark would mend what is not UTF-8.
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
                value_of(name): f.col(f"`{name}`").try_cast(SQL_TYPES[kind].lower())
                for name, kind in typed.items()
            }
            return frame.withColumns(found) if found else frame

    return FileEngine(read_parquet, read_csv, values)


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
