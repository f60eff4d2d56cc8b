"""Evaluating a lazy frame of any engine, as Arrow."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa

from diffdata.engines.spark import quiet

_ENGINES = (
    "_duckdb", "dask", "duckdb", "ibis", "narwhals", "polars", "py4j", "pyarrow", "pyspark",
    "sqlframe", "sqlglot",
)  # fmt: skip


def collect(frame: nw.LazyFrame[Any]) -> pa.Table:
    """Return the rows of a lazy frame as an Arrow table; Polars works in its streaming mode."""
    options: Any = {"engine": "streaming"} if frame.implementation.is_polars() else {}
    with quiet():
        table: pa.Table = frame.collect("pyarrow", **options).to_arrow()
    return table


def of_engine(error: Exception) -> bool:
    """Tell whether an error is one of an engine, not one of ours."""
    return type(error).__module__.split(".")[0] in _ENGINES


def reason(error: Exception) -> str:
    """Return what an engine says of an error, on one line."""
    return " ".join(str(error).split())[:300]
