"""The cases that are held against each other; each runs in a process of its own.

A case prepares in silence, and returns the action that is timed.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tables

Action = Callable[[], object]
DRAWS, FACTORS = 1_000_000, 8
FEW = 100  # rows that a validator reads before it is timed: a first call imports more


def _told(failing: int) -> int:
    if failing:
        raise SystemExit(f"the clean table fails {failing} times: the case measures nothing")
    return failing


def diffdata_duckdb(folder: Path, rows: int) -> Action:
    """Check Parquet with `check_files` on DuckDB."""
    return _check_files(folder, rows, "duckdb")


def diffdata_polars(folder: Path, rows: int) -> Action:
    """Check Parquet with `check_files` on Polars."""
    return _check_files(folder, rows, "polars")


def _check_files(folder: Path, rows: int, engine: str) -> Action:
    from diffdata.validation.files import check_files

    path, schema = tables.make(folder, rows)
    others = {"families": tables.families()}
    return lambda: _told(
        len(check_files(path, schema, engine=engine, tables=others, memory="1GB").failed)
    )


def hand_duckdb(folder: Path, rows: int) -> Action:
    """Check Parquet with SQL written by hand."""
    path, _ = tables.make(folder, rows)
    return lambda: _told(tables.duckdb_by_hand(path)["failing"])


def hand_polars(folder: Path, rows: int) -> Action:
    """Check Parquet with Polars written by hand."""
    path, _ = tables.make(folder, rows)
    return lambda: _told(tables.polars_by_hand(path)["failing"])


def rules_times(times: int) -> Callable[[Path, int], Action]:
    """Check Parquet on DuckDB with the rules of the schema so many times over."""

    def case(folder: Path, rows: int) -> Action:
        from diffdata.schemas.reader import parse_schema
        from diffdata.validation.files import check_files

        path, _ = tables.make(folder, rows)
        schema = parse_schema(json.dumps(tables.schema(times)), "figures.json")
        others = {"families": tables.families()}
        return lambda: _told(len(check_files(path, schema, tables=others).failed))

    return case


def diffdata_csv(folder: Path, rows: int) -> Action:
    """Validate CSV with `validate`, each fault at its line."""
    from diffdata.validation.whole import validate

    def check(rows: int) -> Action:
        path, schema = _alone(folder, rows)
        return lambda: _told(len(validate(path, schema=schema)))

    check(FEW)()
    return check(rows)


def diffdata_parquet(folder: Path, rows: int) -> Action:
    """Check Parquet of the same rows with `check_files`, which takes the engine that fits."""
    from diffdata.validation.files import check_files

    def check(rows: int) -> Action:
        _, schema = _alone(folder, rows)
        path, _ = tables.make(folder, rows)
        return lambda: _told(len(check_files(path, schema).failed))

    check(FEW)()
    return check(rows)


def frictionless_csv(folder: Path, rows: int) -> Action:
    """Validate CSV with frictionless: types, constraints and the key; it has no rules."""
    import frictionless

    def check(rows: int) -> Action:
        path, described = _alone(folder, rows)
        schema = json.loads(described.read_text())
        del schema["rules"]
        resource = frictionless.Resource(
            path=path.name,
            basepath=str(path.parent),
            schema=frictionless.Schema.from_descriptor(schema),
        )
        limits = frictionless.Checklist()
        return lambda: _told(sum(t.stats["errors"] for t in resource.validate(limits).tasks))

    check(FEW)()
    return check(rows)


def _alone(folder: Path, rows: int) -> tuple[Path, Path]:
    """Return the table as CSV, and a schema without the table that it refers to."""
    path, _ = tables.make(folder, rows, csv=True)
    schema = {key: value for key, value in tables.schema().items() if key != "foreignKeys"}
    described = folder / "alone.json"
    described.write_text(json.dumps(schema))
    return path, described


def pandera_pandas(folder: Path, rows: int) -> Action:
    """Read Parquet and validate it with pandera on pandas: constraints and key, no rules."""
    import pandas as pd
    import pandera.pandas as pa

    path, _ = tables.make(folder, rows)
    schema = pa.DataFrameSchema(
        {
            "figure_id": pa.Column(str, pa.Check.str_matches(f"^(?:{tables.SLUG})$"), unique=True),
            "family_id": pa.Column(str),
            "kind": pa.Column(str, pa.Check.isin(tables.KINDS)),
            "currency": pa.Column(str, pa.Check.str_matches("^[A-Z]{3}$"), nullable=True),
            "chips": pa.Column("int64", pa.Check.gt(0)),
            "low": pa.Column(float, pa.Check.ge(0), nullable=True),
            "value": pa.Column(float),
            "high": pa.Column(float, nullable=True),
            "level": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),
            "as_of_precision": pa.Column(str, pa.Check.isin(tables.PRECISIONS)),
        }
    )
    return lambda: schema.validate(pd.read_parquet(path), lazy=True)


def pandera_polars(folder: Path, rows: int) -> Action:
    """Read Parquet and validate it with pandera on Polars: constraints and key, no rules."""
    import pandera.polars as pa
    import polars as pl

    path, _ = tables.make(folder, rows)
    schema = pa.DataFrameSchema(
        {
            "figure_id": pa.Column(
                pl.String, pa.Check.str_matches(f"^(?:{tables.SLUG})$"), unique=True
            ),
            "family_id": pa.Column(pl.String),
            "kind": pa.Column(pl.String, pa.Check.isin(tables.KINDS)),
            "currency": pa.Column(pl.String, pa.Check.str_matches("^[A-Z]{3}$"), nullable=True),
            "chips": pa.Column(pl.Int64, pa.Check.gt(0)),
            "low": pa.Column(pl.Float64, pa.Check.ge(0), nullable=True),
            "value": pa.Column(pl.Float64),
            "high": pa.Column(pl.Float64, nullable=True),
            "level": pa.Column(pl.Float64, pa.Check.in_range(0, 1), nullable=True),
            "as_of_precision": pa.Column(pl.String, pa.Check.isin(tables.PRECISIONS)),
        }
    )
    return lambda: schema.validate(pl.read_parquet(path), lazy=True)


def diffdata_draws(folder: Path, rows: int) -> Action:
    """Sample a product of lognormals with diffdata."""
    import numpy as np

    from diffdata.uncertainty import Lognormal

    del folder, rows
    factors = [Lognormal(1.0, 0.3) for _ in range(FACTORS)]
    product = math.prod(factors[1:], start=factors[0])
    return lambda: product.sample(DRAWS, np.random.default_rng(0))


def numpy_draws(folder: Path, rows: int) -> Action:
    """Sample the same with bare numpy."""
    import numpy as np

    del folder, rows

    def sample() -> Any:
        rng = np.random.default_rng(0)
        return _product(lambda: rng.lognormal(1.0, 0.3, DRAWS))

    return sample


def scipy_draws(folder: Path, rows: int) -> Action:
    """Sample the same with scipy."""
    import numpy as np
    import scipy.stats

    del folder, rows
    factor = scipy.stats.lognorm(0.3, scale=math.exp(1.0))

    def sample() -> Any:
        rng = np.random.default_rng(0)
        return _product(lambda: factor.rvs(DRAWS, random_state=rng))

    return sample


def squigglepy_draws(folder: Path, rows: int) -> Action:
    """Sample the same with squigglepy."""
    import squigglepy

    del folder, rows
    factor = squigglepy.lognorm(lognorm_mean=math.exp(1.045), lognorm_sd=0.86)

    return lambda: _product(lambda: squigglepy.sample(factor, n=DRAWS))


def _product(draw: Callable[[], Any]) -> Any:
    """Multiply the draws of all factors."""
    product = draw()
    for _ in range(FACTORS - 1):
        product *= draw()
    return product


def closed_columns(folder: Path, rows: int) -> Action:
    """Take a ratio of interval columns in closed form, on Polars."""
    from diffdata.derive import interval_product

    frame = _intervals(rows)
    del folder
    return lambda: interval_product(frame, "x", ["a"], ["b"])


def hand_columns(folder: Path, rows: int) -> Action:
    """Take the same ratio with Polars written by hand."""
    import polars as pl

    frame = _intervals(rows)
    del folder
    col = pl.col

    def ratio() -> Any:
        low, high = ({n: col(f"{n}_{end}").log() for n in "ab"} for end in ("low", "high"))
        middle = (low["a"] + high["a"] - low["b"] - high["b"]) / 2
        reach = ((high["a"] - low["a"]) ** 2 + (high["b"] - low["b"]) ** 2).sqrt() / 2
        same = col("a_level") == col("b_level")
        return frame.with_columns(
            x=col("a") / col("b"),
            x_low=pl.when(same).then((middle - reach).exp()),
            x_high=pl.when(same).then((middle + reach).exp()),
            x_level=pl.when(same).then(col("a_level")),
        )

    return ratio


def _intervals(rows: int) -> Any:
    import numpy as np
    import polars as pl

    low = np.random.default_rng(0).uniform(1, 2, rows)
    frame = pl.DataFrame({"a": 2 * low, "a_low": low, "a_high": 4 * low, "a_level": 0.9})
    return frame.with_columns(pl.all().name.replace("^a", "b"))


CASES: dict[str, Callable[[Path, int], Action]] = {
    case.__name__: case
    for case in (
        diffdata_duckdb, diffdata_polars, hand_duckdb, hand_polars, diffdata_csv, diffdata_parquet,
        frictionless_csv, pandera_pandas, pandera_polars, diffdata_draws, numpy_draws, scipy_draws,
        squigglepy_draws, closed_columns, hand_columns,
    )
} | {f"rules_{times}": rules_times(times) for times in (1, 2, 4, 8)}  # fmt: skip


if __name__ == "__main__":
    import resource
    import statistics
    import time

    name, place, size = sys.argv[1:]
    action = CASES[name](Path(place), int(size))
    action()  # the first run of a process takes its memory and starts its threads, on either side
    times: list[float] = []
    while sum(times) < 1 and len(times) < 9:
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(times), "megabytes": peak}))
