"""Engines: a table as a frame of pandas, pyarrow, Polars, DuckDB or Spark, with equal values.

Whatever an engine needs is imported when it is asked for; one that is not installed is a clear
error that says what to install.
"""

from diffdata.engines.convert import ENGINES, to_engine
from diffdata.engines.spark import spark_session

__all__ = ["ENGINES", "spark_session", "to_engine"]
