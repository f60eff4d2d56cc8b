"""From an Arrow table to a frame of another engine: the same values, nulls, dates and integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from diffdata.descriptor import TableSchema
from diffdata.engines.library import engine_library
from diffdata.engines.spark import to_spark
from diffdata.errors import UnknownNameError
from diffdata.schemas import arrow_type, to_pandas

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# The first two are held in memory, the others evaluate when asked for their rows.
ENGINES = ("pandas", "pyarrow", "polars", "duckdb", "pyspark")


def to_engine(
    table: pa.Table, engine: str, schema: TableSchema, *, session: SparkSession | None = None
) -> Any:
    """Return an Arrow table as a typed frame of another engine.

    Parameters
    ----------
    table
        A table with the columns of the schema.
    engine
        ``pandas`` (a DataFrame), ``pyarrow`` (a Table), ``polars`` (a LazyFrame), ``duckdb`` (a
        relation of the default connection) or ``pyspark`` (a DataFrame of Spark).
    schema
        The schema of the table. Text is text, integers have 64 bits, numbers are doubles, dates
        are dates (in pandas datetime64); what is missing is null, in pandas as `load` says.
    session
        For Spark: the session; by default the active one, or a new one on this machine.

    Raises
    ------
    UnknownNameError
        If there is no such engine.
    InvalidInputError
        If its library is not installed, or Spark finds no Java.

    Examples
    --------
    >>> from diffdata.packages import open_package
    >>> schema = open_package().schema("model_developers")
    >>> table = pa.table({name: ["a", None] for name in schema.column_names})
    >>> to_engine(table, "polars", schema).collect().height
    2
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    columns = [table[field.name].cast(arrow_type(field)) for field in schema.fields]
    typed = pa.table(columns, names=list(schema.column_names))
    if engine == "pandas":
        return to_pandas(typed, schema)
    if engine == "polars":
        return engine_library("polars").from_arrow(typed).lazy()
    if engine == "duckdb":
        # The default connection, so that tables that were loaded one by one can be joined.
        return engine_library("duckdb").default_connection().from_arrow(typed)
    if engine == "pyspark":
        return to_spark(typed, schema, session)
    return typed.replace_schema_metadata(table.schema.metadata)
