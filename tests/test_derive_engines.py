"""Every derivation gives the same result on every engine, and lazy frames stay lazy."""

import datetime
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import diffdata
from diffdata import derive
from diffdata.derive.frames import with_group
from diffdata.engines import ENGINES
from diffdata.package.packages import open_dataset
from diffdata.types.columns import arrow_type

ToEngine = Callable[..., Any]
Load = Callable[[str], Any]


def of_dates(load: Load) -> Any:
    dates = nw.from_native(load("model_dates"))
    both = dates.select(
        "model_id", "milestone", "source_id", a="date", a_precision="date_precision", b="date",
        b_precision="date_precision",
    )  # fmt: skip
    return derive.add_lag(both.to_native(), start="a", end="b")


def with_modality(load: Load) -> Any:
    models = nw.from_native(load("models")).select("model_id", "modality")
    summary = nw.from_native(load("model_summary")).drop("gpt3_like")
    return summary.join(models, on="model_id").to_native()


def with_domains(load: Load) -> Any:
    text = nw.col("modality") == "text"
    domain = nw.when(text).then(nw.lit("language")).otherwise(nw.lit("vision")).alias("domain")
    return nw.from_native(load("models")).select("model_id", domain).to_native()


def with_tuning(load: Load) -> Any:
    known = {"tuning": nw.lit("base"), "subset": nw.lit("all"), "repeated": nw.lit(False)}
    return nw.from_native(load("evaluations")).with_columns(**known).to_native()


def of_differences(load: Load) -> Any:
    found = nw.from_native(load("estimates")).filter(~nw.col("value").is_null())
    return found.select(
        "model_id", "value", reference_model_id=nw.lit("gpt-3")
    ).filter(model_id="no-model").to_native()  # fmt: skip


def of_fits(load: Load) -> Any:
    fits = derive.parametric_fits(*map(load, derive.FIT_TABLES))
    return (
        nw.from_native(load("scaling_laws")).filter(nw.col("law_id").is_in(list(fits))).to_native()
    )


def of_forecasts(load: Load) -> Any:
    """Return the forecasts as if all were resolved, for none with a probability is."""
    unclear = nw.col("resolution") == "unclear"
    resolution = nw.when(unclear).then(nw.lit("true")).otherwise(nw.lit("false"))
    return nw.from_native(load("forecasts")).with_columns(resolution=resolution).to_native()


OF_SPARK: dict[str, Any] = {}  # its frames, which never change and take seconds to make


def held(name: str, frame: Any) -> Any:
    """Compute a frame of Spark once, which would be planned anew with all that needs it."""
    if not nw.from_native(frame).implementation.is_pyspark():
        return frame
    if name not in OF_SPARK:
        OF_SPARK[name] = frame.localCheckpoint()
    return OF_SPARK[name]


def access_lags(load: Load) -> Any:
    return held("access_lag", derive.access_lag(load("model_dates"), load("artifacts")))


def cascades(load: Load) -> Any:
    return held("cascade", derive.cascade(load("diffusion_events"), load("artifacts")))


LAG_TABLES = (
    "model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers",
    "organizations",
)  # fmt: skip
COST_TABLES = (
    "training_runs", "hardware", "hardware_prices", "electricity_prices", "model_dates",
    "price_index",
)  # fmt: skip
NOT_IN_AN_EDITION = {
    *derive.FIT_TABLES, *derive.HARDWARE_SUMMARY_TABLES, *COST_TABLES[2:4], "price_index",
}  # fmt: skip
DERIVATIONS: dict[str, Callable[[Load], Any]] = {
    "add_lag": of_dates,
    "gpt3_like": lambda load: derive.gpt3_like(with_modality(load)),
    "gpt3_like, by domains": lambda load: derive.gpt3_like(
        load("model_summary"), with_domains(load)
    ),
    "cost_per_flop": lambda load: derive.cost_per_flop(load("model_summary")),
    "interval_product": lambda load: derive.interval_product(
        load("model_summary"), "made", ["training_cost_usd", "development_cost_usd"],
        ["training_compute_flop"],
    ),
    "parametric_fits": of_fits,
    "replication_lag": lambda load: derive.replication_lag(
        *map(load, LAG_TABLES), reference="gpt-3"
    ),
    "replication_lag, first": lambda load: derive.replication_lag(
        *map(load, LAG_TABLES), reference=["gpt-3", "gpt-2"], judged="first",
        as_of=datetime.date(2022, 5, 2),
    ),
    "is_replication": lambda load: derive.is_replication(
        load("models"), load("evaluations"), of_differences(load),
        comparisons=load("comparisons"), diffusion_events=load("diffusion_events"),
    ),
    "survival_curve": lambda load: derive.survival_curve(
        load("estimates"), ["basis", "unit"], low="low", high="high", conf_type="log-log",
        negative="zero",
    ),
    "brier_score": lambda load: derive.brier_score(of_forecasts(load), "made_precision"),
    "calibration": lambda load: derive.calibration(of_forecasts(load)),
    "training_costs": lambda load: derive.training_costs(
        *map(load, COST_TABLES), price_year=2023, carbon_intensity=0.4
    ),
    "training_costs, as the study": lambda load: derive.training_costs(
        *map(load, COST_TABLES), price_year=datetime.date(2024, 12, 1),
        index="us-ppi-data-processing-hosting", rules="cottier-2024-training-costs",
        intervals="cottier-2024-training-costs",
    ),
    "growth_rate": lambda load: derive.growth_rate(
        load("model_summary"), "weights_access", date="published", value="parameters", top=2
    ),
    "median_time": lambda load: derive.median_time(
        access_lags(load), "access", negative="zero"
    ),
    "threshold_lag": lambda load: derive.threshold_lag(
        load("model_summary"), leader="none", follower="open", group="weights_access",
        score="training_compute_flop", date="published", view="both",
    ),
    "frontier_gap": lambda load: derive.frontier_gap(
        load("model_summary"), leader="none", follower="open", group="weights_access",
        score="training_compute_flop", date="published",
        days=[datetime.date(2020, 1, 1), datetime.date(2022, 6, 1)],
    ),
    "lowest_prices": lambda load: derive.lowest_prices(
        load("model_summary"), level="training_compute_flop", price="parameters", date="published",
    ),
    "median_lag": lambda load: derive.median_lag(
        access_lags(load), "access", cluster="model_id"
    ),
    "nth_lag": lambda load: derive.nth_lag(
        load("model_summary"), n=2, thresholds=[1e22, 1e23], member="weights_access",
        value="training_compute_flop", date="published",
    ),
    "is_replication, by tuning": lambda load: derive.is_replication(
        load("models"), with_tuning(load), of_differences(load)
    ),
    "access_lag": access_lags,
    "publication_delay": lambda load: derive.publication_delay(load("model_dates")),
    "prevailing_mechanism": lambda load: derive.prevailing_mechanism(load("diffusion_events")),
    "prevailing_mechanism, by halves": lambda load: derive.prevailing_mechanism(
        load("diffusion_events"), period="half", since=datetime.date(2021, 1, 1),
        until=datetime.date(2022, 12, 31),
    ),
    "prevailing_mechanism, by months": lambda load: derive.prevailing_mechanism(
        load("diffusion_events"), period="month"
    ),
    "cascade": cascades,
    "cascade_depth": lambda load: derive.cascade_depth(
        cascades(load), root="gpt-2"
    ),
    "compute_of_runs": lambda load: derive.compute_of_runs(
        load("training_runs"), load("hardware_performance")
    ),
    "evaluation_inputs": lambda load: derive.evaluation_inputs(load("estimates")),
    "evaluate": lambda load: derive.evaluate(load("estimates"), load("quantities")),
    "hardware_summary": lambda load: derive.hardware_summary(
        *map(load, derive.HARDWARE_SUMMARY_TABLES)
    ),
    "model_summary": lambda load: derive.model_summary(*map(load, derive.SUMMARY_TABLES)),
}  # fmt: skip
_FRAMES = ("IntoFrameT", "IntoDataFrameT")


def rows_of(frame: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of the columns, and the rows in an order that all engines share."""
    collected = nw.from_native(frame).lazy().collect("pyarrow").to_arrow()
    names = [name for name in collected.column_names if not name.startswith("__index")]
    rows = [tuple(plain(row[name]) for name in names) for row in collected.to_pylist()]
    return names, sorted(rows, key=repr)


def plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, float) and math.isnan(value):
        return None
    # Engines differ in the last digits of logarithms.
    return float(f"{value:.10g}") if isinstance(value, float) else value


def edition(table: str) -> str | None:
    """Return the released edition, or None for tables that no edition has yet."""
    return None if table in NOT_IN_AN_EDITION else "2026.2"


def of_edition(table: str) -> pd.DataFrame:
    return diffdata.load(table, edition(table))


@cache
def arrow_of(table: str) -> tuple[pa.Table, Any]:
    """Return a table with the types of its schema, and the schema."""
    schema = open_dataset(version=edition(table)).schema(table)
    wanted = pa.schema([(field.name, arrow_type(field)) for field in schema.fields])
    return pa.Table.from_pandas(of_edition(table), wanted, preserve_index=False), schema


@cache
def expected_rows(name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    return rows_of(DERIVATIONS[name](of_edition))


# Spark takes seconds to plan one: there each derivation is computed in one way, and `evaluate` only
# for the summary of models.
CASES = [
    (engine, name)
    for engine in ENGINES
    for name in DERIVATIONS
    if engine != "pyspark" or ("," not in name and name != "evaluate")
]


@pytest.mark.parametrize(("engine", "name"), CASES)
def test_a_derivation_gives_the_same_result_on_every_engine(
    engine: str, name: str, on_engine: ToEngine
) -> None:
    def load(table: str) -> Any:
        if engine == "pyspark" and table in OF_SPARK:
            return OF_SPARK[table]
        values, schema = arrow_of(table)
        found = on_engine(values, engine, schema)
        return OF_SPARK.setdefault(table, found) if engine == "pyspark" else found

    found = DERIVATIONS[name](load)
    assert type(found) is type(load("models")), "a frame comes back as one of the same library"
    assert rows_of(found) == expected_rows(name)
    assert len(expected_rows(name)[1]) > 0
    if engine in ("polars", "duckdb", "pyspark"):
        assert isinstance(nw.from_native(found), nw.LazyFrame)


def test_no_derivation_of_frames_is_left_out() -> None:
    of_frames = {
        name
        for name in derive.__all__
        if callable(getattr(derive, name))
        and any(
            kind in str(annotation)
            for annotation in getattr(getattr(derive, name), "__annotations__", {}).values()
            for kind in _FRAMES
        )
    }
    assert of_frames - {"sample_columns"} == {name.split(",")[0] for name in DERIVATIONS}


def test_aggregates_of_a_group_are_joined_to_its_own_rows() -> None:
    """Arrow joins in threads and does not keep the order of rows."""
    rng = np.random.default_rng(0)
    keys, values = rng.integers(0, 1000, 200_000), rng.normal(size=200_000)
    whole = pa.table({"row": range(200_000), "key": keys, "value": values})
    parts = pa.concat_tables(whole.slice(start, 50) for start in range(0, 200_000, 50))
    least = pd.Series(values).groupby(keys).transform("min").to_numpy()
    for table in (whole, parts):
        for _ in range(5):
            found = with_group(nw.from_native(table), ["key"], least=nw.col("value").min())
            assert (found["least"].to_numpy() == least[found["row"].to_numpy()]).all()
