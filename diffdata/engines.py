"""Engines: a table as a frame of pandas, pyarrow, Polars, DuckDB or Spark, with equal values."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from diffdata.errors import InvalidInputError, UnknownNameError, optional_library
from diffdata.types.definitions import FIELD_TYPES

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

ENGINES = ("pandas", "pyarrow", "polars", "duckdb", "pyspark")

IDENTITY = ("table", "version", "digest")  # metadata that the ``attrs`` of a pandas frame have

_LOCAL = {
    "spark.master": "local[*]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "8",  # for one machine; the default is for a cluster
}


def to_engine(table: pa.Table, engine: str, *, session: SparkSession | None = None) -> Any:
    """Return a typed Arrow table as a frame of another engine, see `diffdata.load`."""
    match engine:
        case "pandas":
            from diffdata.types.dtypes import to_pandas  # the other engines work without pandas

            frame = to_pandas(table)
            metadata = table.schema.metadata or {}
            values = {key: metadata.get(key.encode()) for key in IDENTITY}
            frame.attrs.update({key: value.decode() for key, value in values.items() if value})
            units = {field.name: (field.metadata or {}).get(b"unit") for field in table.schema}
            if any(units.values()):
                frame.attrs["units"] = {name: u.decode() for name, u in units.items() if u}
            return frame
        case "pyarrow":
            return table
        case "polars":
            return optional_library("polars").from_arrow(table).lazy()
        case "duckdb":
            # The default connection, so that tables which were loaded one by one can be joined.
            return optional_library("duckdb").default_connection().from_arrow(table)
        case "pyspark":
            session = spark_session() if session is None else session
            with quiet():
                return session.createDataFrame(table, spark_schema(table.schema))
    raise UnknownNameError("engine", engine, ENGINES)


def spark_session(**settings: str) -> SparkSession:
    """Return the active session of Spark, or a new one on this machine.

    A new one has more `settings`, with ``__`` for the dots (``spark__driver__memory="4g"``).
    InvalidInputError is raised if pyspark is not installed, or there is no Java that it can run.
    """
    optional_library("pyspark")
    with quiet():
        from pyspark.errors import PySparkException, PySparkRuntimeError
        from pyspark.sql import SparkSession

        active: SparkSession | None = SparkSession.getActiveSession()
        if active is not None:
            return active
        builder = SparkSession.builder.appName("diffdata")
        if "PYSPARK_GATEWAY_PORT" not in os.environ:  # set by spark-submit
            # Workers run in this environment, not with the first python3 on the path.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            given = {name.replace("__", "."): value for name, value in settings.items()}
            for name, value in (_LOCAL | given).items():
                builder = builder.config(name, value)
        try:
            return builder.getOrCreate()
        except (PySparkRuntimeError, PySparkException, OSError) as error:
            raise InvalidInputError(
                "engine: Spark does not start, it needs Java 17 or newer; install one (on Debian: "
                "apt-get install openjdk-17-jre-headless), or set JAVA_HOME to its folder: "
                f"{str(error).splitlines()[0]}"
            ) from None


def spark_schema(schema: pa.Schema) -> StructType:
    """Return the Spark schema (string, long, double, boolean, date) of an Arrow schema."""
    optional_library("pyspark")
    import pyarrow as pa

    with quiet():
        from pyspark.sql import types

        kinds = {
            pa.type_for_alias(row.arrow): getattr(types, row.spark) for row in FIELD_TYPES.values()
        }
        columns = types.StructType()
        for field in schema:
            described = {
                key.decode(): text.decode() for key, text in (field.metadata or {}).items()
            }
            if "description" in described:
                described["comment"] = described.pop("description")  # the name that Spark uses
            columns.add(
                types.StructField(
                    field.name, kinds.get(field.type, types.StringType)(), metadata=described
                )
            )
        return columns


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the warning of Spark about pandas 3: nothing here uses pandas on Spark."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        yield
