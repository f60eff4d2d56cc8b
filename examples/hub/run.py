r"""Compute the diffusion cascade of a hub, on one machine or on a cluster, by the same functions.

On DuckDB::

    python examples/hub/run.py duckdb hub/ out/

On Spark, on this machine or by the same script on a cluster::

    python examples/hub/run.py pyspark hub/ out/
    spark-submit --master yarn --py-files examples/hub/cascade.py examples/hub/run.py \
        pyspark s3://bucket/hub s3://bucket/out

diffdata must be installed where the driver runs; the executors need nothing but Spark, for all
expressions are those of Spark.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import narwhals as nw
from cascade import (
    Frame,
    Keep,
    access_lag,
    breadth,
    lineage,
    nth_derivative,
    replication_lag,
    rows,
)


def on_duckdb(hub: str, out: str, memory: str = "8GB") -> tuple[Frame, Keep]:
    """Open the hub in DuckDB; what is kept goes to Parquet, so that memory stays bounded."""
    import os

    import duckdb

    os.makedirs(out, exist_ok=True)
    database = duckdb.connect()
    database.execute(f"SET memory_limit = '{memory}'; SET temp_directory = '{out}/spill'")
    database.execute("SET preserve_insertion_order = false")

    def keep(frame: Frame, name: str) -> Frame:
        path = f"{out}/{name}.parquet"
        frame.to_native().write_parquet(path, overwrite=True)
        return nw.from_native(database.read_parquet(path)).lazy()

    return nw.from_native(database.read_parquet(f"{hub}/**/*.parquet")).lazy(), keep


def on_spark(hub: str, out: str, memory: str = "8g") -> tuple[Frame, Keep]:
    """Open the hub in Spark: the session of `spark-submit`, or one on this machine."""
    from diffdata.engines import spark_session

    session = spark_session(spark__driver__memory=memory)

    def keep(frame: Frame, name: str) -> Frame:
        path = f"{out}/{name}"
        frame.to_native().write.mode("overwrite").parquet(path)
        return nw.from_native(session.read.parquet(path)).lazy()

    return nw.from_native(session.read.parquet(hub)).lazy(), keep


ENGINES: dict[str, Callable[..., tuple[Frame, Keep]]] = {"duckdb": on_duckdb, "pyspark": on_spark}


def cascade(models: Frame, keep: Keep, tell: Callable[[str], object] = print) -> dict[str, Frame]:
    """Compute all tables of the cascade, and keep them."""
    start = time.perf_counter()
    lines = lineage(models, keep)
    tables: dict[str, Frame] = {"lineage": lines}
    steps: dict[str, Callable[[], Any]] = {
        "breadth": lambda: breadth(lines),
        "nth_derivative": lambda: nth_derivative(models, lines),
        "access_lag": lambda: access_lag(models, lines),
        "replication_lag": lambda: replication_lag(models, lines),
    }
    tell(f"lineage: {time.perf_counter() - start:.1f} s")
    for name, step in steps.items():
        start = time.perf_counter()
        tables[name] = keep(step(), name)
        tell(f"{name}: {time.perf_counter() - start:.1f} s")
    return tables


def summary(tables: dict[str, Frame]) -> dict[str, Any]:
    """Return the counts by which two engines can be held against each other."""
    column = nw.col
    by_depth = rows(
        tables["breadth"].group_by("depth").agg(column("models").sum().cast(nw.Int64()))
    )
    lags = {}
    for name in ("nth_derivative", "access_lag", "replication_lag"):
        (found,) = rows(
            tables[name].select(
                nw.len().cast(nw.Int64()).alias("rows"),
                column("lag_days_low").sum().cast(nw.Float64()).alias("low"),
                column("lag_days_high").sum().cast(nw.Float64()).alias("high"),
            )
        )
        lags[name] = (found[0], round(found[1], 3), round(found[2], 3))
    return {"models by depth": dict(sorted(by_depth)), **lags}


def main(engine: str, hub: str, out: str) -> None:
    """Run all of it, and print the counts and times."""
    start = time.perf_counter()
    models, keep = ENGINES[engine](hub, out)
    for name, value in summary(cascade(models, keep)).items():
        print(f"{name}: {value}")
    print(f"{engine}: {time.perf_counter() - start:.1f} s in all")


if __name__ == "__main__":
    main(*sys.argv[1:])
