"""The cases that are compared; each runs in its own process.

A case prepares its data, which is not timed, and returns the action that is timed.
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
FEW = 100  # rows that a validator reads before it is timed, because a first call imports modules


def _clean(failing: int) -> None:
    if failing:
        raise SystemExit(f"the clean table fails {failing} times, so the time would be meaningless")


def _faulty(failing: int) -> None:
    if not failing:
        raise SystemExit("no fault was found, so the time would be meaningless")


def diffdata_duckdb(folder: Path, rows: int) -> Action:
    """Check Parquet with `check_files` on DuckDB."""
    return _check_files(folder, rows, "duckdb")


def diffdata_polars(folder: Path, rows: int) -> Action:
    """Check Parquet with `check_files` on Polars."""
    return _check_files(folder, rows, "polars")


def _check_files(folder: Path, rows: int, engine: str) -> Action:
    from diffdata import check_files

    path, schema = tables.make(folder, rows)
    others = {"families": tables.families()}
    return lambda: _clean(
        len(check_files(path, schema, engine=engine, tables=others, memory="1GB").failed)
    )


def hand_duckdb(folder: Path, rows: int) -> Action:
    """Check Parquet with SQL written by hand."""
    path, _ = tables.make(folder, rows)
    return lambda: _clean(tables.duckdb_by_hand(path)["failing"])


def hand_polars(folder: Path, rows: int) -> Action:
    """Check Parquet with Polars written by hand."""
    path, _ = tables.make(folder, rows)
    return lambda: _clean(tables.polars_by_hand(path)["failing"])


def rules_times(times: int) -> Callable[[Path, int], Action]:
    """Return a case that checks Parquet on DuckDB with several times the rules of the schema."""

    def case(folder: Path, rows: int) -> Action:
        from diffdata import check_files

        path, _ = tables.make(folder, rows)
        schema = folder / f"figures-{times}.json"
        schema.write_text(json.dumps(tables.schema(times)))
        others = {"families": tables.families()}
        return lambda: _clean(len(check_files(path, schema, tables=others).failed))

    return case


def diffdata_csv(folder: Path, rows: int) -> Action:
    """Validate CSV with `validate`, which reports each fault with its line."""
    from diffdata import validate

    def prepare(rows: int) -> Action:
        path, schema = _alone(folder, rows)
        return lambda: _clean(len(validate(path, schema=schema)))

    prepare(FEW)()
    return prepare(rows)


def csv_with(fault: str) -> Callable[[Path, int], Action]:
    """Return a case that validates CSV with a fault, see `tables.make`."""

    def case(folder: Path, rows: int) -> Action:
        from diffdata import validate

        def prepare(rows: int) -> Action:
            path, schema = _alone(folder, rows, fault)
            return lambda: _faulty(len(validate(path, schema=schema)))

        prepare(FEW)()
        return prepare(rows)

    return case


def diffdata_csv_wide(folder: Path, rows: int) -> Action:
    """Validate CSV with 4,000 columns and as many cells as the other table has."""
    from diffdata import validate

    path, schema = tables.make_wide(folder, rows)
    return lambda: _clean(len(validate(path, schema=schema)))


def memory(fault: str = "") -> Callable[[Path, int], Action]:
    """Return a case that checks a Polars frame in memory with `check`."""

    def case(folder: Path, rows: int) -> Action:
        import polars as pl

        from diffdata import check

        path, _ = tables.make(folder, rows, fault=fault)
        schema, verify = _schema_alone(folder), _faulty if fault else _clean
        frame = pl.read_parquet(path)
        return lambda: verify(sum(rule.failing for rule in check(frame, schema).failed))

    return case


def dataframely(fault: str = "") -> Callable[[Path, int], Action]:
    """Return a case that checks the same frame with dataframely: the same rules and key."""

    def case(folder: Path, rows: int) -> Action:
        import polars as pl
        from dataframely_schema import Figures

        path, _ = tables.make(folder, rows, fault=fault)
        frame = pl.read_parquet(path)
        if fault:
            return lambda: _faulty(sum(Figures.filter(frame).failure.counts().values()))
        return lambda: Figures.validate(frame)  # raises an error for a faulty table

    return case


def diffdata_parquet(folder: Path, rows: int) -> Action:
    """Check Parquet of the same rows with `check_files`, which chooses the engine."""
    from diffdata import check_files

    def prepare(rows: int) -> Action:
        path, _ = tables.make(folder, rows)
        schema = _schema_alone(folder)
        return lambda: _clean(len(check_files(path, schema).failed))

    prepare(FEW)()
    return prepare(rows)


def frictionless_csv(folder: Path, rows: int) -> Action:
    """Validate CSV with frictionless: types, constraints and the key; it has no rules."""
    import frictionless

    def prepare(rows: int) -> Action:
        path, described = _alone(folder, rows)
        schema = json.loads(described.read_text())
        del schema["rules"]
        resource = frictionless.Resource(
            path=path.name,
            basepath=str(path.parent),
            schema=frictionless.Schema.from_descriptor(schema),
        )
        limits = frictionless.Checklist()
        return lambda: _clean(sum(t.stats["errors"] for t in resource.validate(limits).tasks))

    prepare(FEW)()
    return prepare(rows)


def _alone(folder: Path, rows: int, fault: str = "") -> tuple[Path, Path]:
    """Return the table as CSV, and its schema without the foreign key."""
    return tables.make(folder, rows, csv=True, fault=fault)[0], _schema_alone(folder)


def _schema_alone(folder: Path) -> Path:
    path = folder / "alone.json"
    schema = {key: value for key, value in tables.schema().items() if key != "foreignKeys"}
    path.write_text(json.dumps(schema))
    return path


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
    """Sample the same product with numpy alone."""
    import numpy as np

    del folder, rows

    def sample() -> Any:
        rng = np.random.default_rng(0)
        return _product(lambda: rng.lognormal(1.0, 0.3, DRAWS))

    return sample


def scipy_draws(folder: Path, rows: int) -> Action:
    """Sample the same product with scipy."""
    import numpy as np
    import scipy.stats

    del folder, rows
    factor = scipy.stats.lognorm(0.3, scale=math.exp(1.0))

    def sample() -> Any:
        rng = np.random.default_rng(0)
        return _product(lambda: factor.rvs(DRAWS, random_state=rng))

    return sample


def squigglepy_draws(folder: Path, rows: int) -> Action:
    """Sample the same product with squigglepy."""
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
    """Compute a ratio of interval columns in closed form, on Polars."""
    from diffdata.derive import interval_product

    frame = _intervals(rows)
    del folder
    return lambda: interval_product(frame, "x", ["a"], ["b"])


def hand_columns(folder: Path, rows: int) -> Action:
    """Compute the same ratio with Polars written by hand."""
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
        diffdata_csv_wide, frictionless_csv, pandera_pandas, pandera_polars, diffdata_draws,
        numpy_draws, scipy_draws, squigglepy_draws, closed_columns, hand_columns,
    )
}  # fmt: skip
CASES |= {f"rules_{times}": rules_times(times) for times in (1, 2, 4, 8)}
CASES |= {
    "diffdata_memory": memory(),
    "diffdata_memory_faulty": memory("faulty"),
    "dataframely": dataframely(),
    "dataframely_faulty": dataframely("faulty"),
    "diffdata_csv_faulty": csv_with("faulty"),
    "diffdata_csv_quote": csv_with("quote"),
}


if __name__ == "__main__":
    import resource
    import statistics
    import time

    name, place, size = sys.argv[1:]
    action = CASES[name](Path(place), int(size))
    action()  # not timed: the first run of a process allocates memory and starts threads
    times: list[float] = []
    while sum(times) < 1 and len(times) < 9:
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(times), "megabytes": peak}))
