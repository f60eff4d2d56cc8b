"""From an Arrow table to a frame of another engine: the same values, nulls, dates and integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffdata.engines.library import engine_library
from diffdata.engines.spark import to_spark
from diffdata.errors import UnknownNameError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

# The first two are held in memory, the others evaluate when asked for their rows.
ENGINES = ("pandas", "pyarrow", "polars", "duckdb", "pyspark")

# What a pandas frame says of itself in its ``attrs``, from the metadata of the Arrow table.
IDENTITY = ("table", "version", "digest")


def to_engine(table: pa.Table, engine: str, *, session: SparkSession | None = None) -> Any:
    """Return a typed Arrow table as a frame of another engine.

    Parameters
    ----------
    table
        A table with the types of `arrow_type`; Spark takes units and descriptions
        from the metadata of its fields.
    engine
        ``pandas`` (a DataFrame), ``pyarrow`` (a Table), ``polars`` (a LazyFrame), ``duckdb`` (a
        relation of the default connection) or ``pyspark`` (a DataFrame of Spark). Text is text,
        integers have 64 bits, numbers are doubles, dates are dates (in pandas datetime64); what is
        missing is null, in pandas as `load` says.
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
    >>> import pyarrow as pa
    >>> to_engine(pa.table({"model_id": ["a", None]}), "polars").collect().height
    2
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    if engine == "pandas":
        from diffdata.types.dtypes import to_pandas  # other engines do without pandas

        metadata = table.schema.metadata or {}
        frame = to_pandas(table)
        known = {key: metadata.get(key.encode()) for key in IDENTITY}
        frame.attrs.update({key: value.decode() for key, value in known.items() if value})
        return frame
    if engine == "polars":
        return engine_library("polars").from_arrow(table).lazy()
    if engine == "duckdb":
        # The default connection, so that tables that were loaded one by one can be joined.
        return engine_library("duckdb").default_connection().from_arrow(table)
    if engine == "pyspark":
        return to_spark(table, session)
    return table
