"""The compute of models from the hardware side: chips, time and speed of their training runs."""

from __future__ import annotations

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.amounts import SECONDS_PER_DAY
from diffdata.derive.frames import Frame, unwrap, wrap

# Of 8 FLOP a parameter and token that the hardware does with recomputed activations, the model
# needs 6 (`six_nd`, `eight_nd`).
_MODEL_SHARE_OF_HFU = 6 / 8
_SIXTEEN_BIT = ("bf16", "fp16")


def compute_of_runs(training_runs: IntoFrameT, hardware_performance: IntoFrameT) -> IntoFrameT:
    """Return what the training of models took in compute, by what is known of their runs.

    A run counts if its chip-hours (or chips and days) are known, and its speed: what it achieved,
    or the utilization of the 16-bit peak of its matrix units. Several runs of a model are several
    reports of the same one; their geometric mean is taken.

    Source of the formula: ``daan-2024-gpt-3-level``, see `run_compute`.

    Parameters
    ----------
    training_runs, hardware_performance
        The tables of these names.

    Returns
    -------
    frame
        Columns: model_id, run_compute_flop (FLOP that the model needs: of hardware utilization
        three quarters), sorted by model_id.

    Examples
    --------
    >>> from diffdata import load
    >>> found = compute_of_runs(load("training_runs"), load("hardware_performance"))
    >>> print(f"{found.set_index('model_id').loc['gpt-3', 'run_compute_flop']:.3g}")
    3.15e+23
    """
    column = nw.col
    peaks = (
        wrap(hardware_performance)
        .filter(
            (column("execution_unit") == "matrix") & column("number_format").is_in(_SIXTEEN_BIT)
        )
        .group_by("hardware_id")
        .agg(column("peak_flop_per_second").max())
    )
    runs = wrap(training_runs).join(peaks, on="hardware_id", how="left")
    seconds = (
        nw.when(~column("chip_hours").is_null())
        .then(column("chip_hours") * (SECONDS_PER_DAY / 24))
        .otherwise(column("chips").cast(nw.Float64()) * column("duration_days") * SECONDS_PER_DAY)
    )
    speed = (
        nw.when(~column("achieved_flop_per_second").is_null())
        .then(column("achieved_flop_per_second"))
        .otherwise(column("utilization") * column("peak_flop_per_second"))
    )
    share = (
        nw.when((column("utilization_kind") == "hfu").fill_null(False))
        .then(nw.lit(_MODEL_SHARE_OF_HFU))
        .otherwise(nw.lit(1.0))
    )
    compute = seconds * speed * share
    found: Frame = (
        runs.with_columns(compute.alias("compute"))
        .filter(~column("model_id").is_null() & ~column("compute").is_null())
        .with_columns(log_compute=column("compute").log())
        .group_by("model_id")
        .agg(column("log_compute").mean())
        .select("model_id", column("log_compute").exp().alias("run_compute_flop"))
        .sort("model_id")
    )
    return unwrap(found, like=training_runs)
