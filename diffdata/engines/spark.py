"""Spark: a session, a schema, and a DataFrame with the values of an Arrow table."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from diffdata.engines.library import engine_library
from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "8",  # for a machine; the default is for a cluster
}


def spark_session(**settings: str) -> SparkSession:
    """Return the session of Spark that is active, or a new one on this machine.

    A script that `spark-submit` runs has an active session as soon as it makes one with
    ``SparkSession.builder.getOrCreate()``; so the same code runs on a cluster.

    Parameters
    ----------
    **settings
        For a new session: more settings, with ``__`` for the dots (``spark__driver__memory="4g"``).

    Raises
    ------
    InvalidInputError
        If pyspark is not installed, or there is no Java that it can run.
    """
    engine_library("pyspark")
    with quiet():
        from pyspark.errors import PySparkException, PySparkRuntimeError
        from pyspark.sql import SparkSession

        active: SparkSession | None = SparkSession.getActiveSession()
        if active is not None:
            return active
        builder = SparkSession.builder.appName("diffdata")
        if "PYSPARK_GATEWAY_PORT" not in os.environ:  # what spark-submit sets
            # Workers run in this very environment, not in whatever python3 is found first.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            given = {name.replace("__", "."): value for name, value in settings.items()}
            for name, value in ({"spark.master": "local[*]"} | _LOCAL | given).items():
                builder = builder.config(name, value)
        try:
            return builder.getOrCreate()
        except (PySparkRuntimeError, PySparkException, OSError) as error:
            raise InvalidInputError(
                "engine: Spark does not start, it needs Java 17 or newer; install one (on Debian: "
                "apt-get install openjdk-17-jre-headless), or set JAVA_HOME to where it is: "
                f"{str(error).splitlines()[0]}"
            ) from None


def spark_schema(schema: pa.Schema) -> StructType:
    """Return the schema of Spark (string, long, double, boolean, date), with its metadata.

    Examples
    --------
    >>> import pyarrow as pa
    >>> described = pa.field("memory_bytes", pa.int64(), metadata={"unit": "byte"})
    >>> column = spark_schema(pa.schema([described]))["memory_bytes"]
    >>> column.dataType.typeName(), column.metadata
    ('long', {'unit': 'byte'})
    """
    engine_library("pyspark")
    import pyarrow as pa

    with quiet():
        from pyspark.sql import types

        kinds: dict[pa.DataType, Any] = {
            pa.int64(): types.LongType(),
            pa.float64(): types.DoubleType(),
            pa.bool_(): types.BooleanType(),
            pa.date32(): types.DateType(),
        }

        def of(field: pa.Field) -> types.StructField:
            known = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
            if "description" in known:
                known["comment"] = known.pop("description")  # as Spark calls it
            kind = kinds.get(field.type, types.StringType())
            return types.StructField(field.name, kind, metadata=known)

        return types.StructType([of(field) for field in schema])


def to_spark(table: pa.Table, session: SparkSession | None) -> DataFrame:
    """Return an Arrow table as a DataFrame of Spark."""
    session = spark_session() if session is None else session
    with quiet():
        return session.createDataFrame(table, spark_schema(table.schema))


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the warning that Spark has of pandas 3, of which nothing here makes use."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        yield
