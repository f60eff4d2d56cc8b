"""Evaluating a lazy frame of any engine, as Arrow."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa

from diffdata.engines.spark import quiet


def collect(frame: nw.LazyFrame[Any]) -> pa.Table:
    """Return the rows of a lazy frame as an Arrow table; Polars works in its streaming mode."""
    options: Any = {"engine": "streaming"} if frame.implementation.is_polars() else {}
    with quiet():
        table: pa.Table = frame.collect("pyarrow", **options).to_arrow()
    return table
