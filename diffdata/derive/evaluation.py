"""From the listings to the summary: one evaluated value for each quantity of each model.

The method follows the Review of Particle Physics:

1. Only current estimates with a central value count, and money only in usd.
2. Of these only the best basis counts: reported by those who did it, before estimated, before
   derived, before assumed, before repeated from another source.
3. A single remaining estimate is the value, with its interval and level. The value of several is
   their mean, geometric for quantities on a logarithmic scale and arithmetic on a linear one
   (source id ``cottier-comments``, advice 3.1 and 3.2); the bounds then span all their values and
   bounds, and have no level.
4. The training compute of a dense model for which no source gives it is `six_nd`.
"""

from __future__ import annotations

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.compute import six_nd
from diffdata.derive.dates import first_dates
from diffdata.derive.formula import SECONDS_PER_DAY, documented
from diffdata.derive.frames import Frame, choose, rows, unwrap, with_group, wrap
from diffdata.derive.spread import gpt3_like

__all__ = ["SUMMARY_TABLES", "compute_of_runs", "evaluate", "evaluation_inputs", "model_summary"]

# From the most to the least direct (estimates.basis).
_BASES = ("reported", "estimated", "derived", "assumed", "repeated")

# The tables that `model_summary` is made of, in the order of its arguments.
SUMMARY_TABLES = (
    "models", "model_dates", "artifacts", "estimates", "quantities", "training_runs",
    "hardware_performance",
)  # fmt: skip
_KEY = ["model_id", "quantity_id", "unit"]
_IN_USD = nw.col("currency").fill_null("USD") == "USD"


@documented
def evaluation_inputs(estimates: IntoFrameT) -> IntoFrameT:
    """Return for each estimate about a model whether the evaluation uses it, and if not, why.

    Returns: Columns model_id, quantity_id, estimate_id, used, set_aside_because (``not_current``,
    ``no_central_value``, ``other_currency``, ``weaker_basis``), sorted by the first three.

    >>> from diffdata import load
    >>> inputs = evaluation_inputs(load("estimates", "2026.2"))
    >>> sorted(inputs["set_aside_because"].dropna().unique())
    ['no_central_value', 'not_current', 'weaker_basis']
    """
    reason = choose(
        (nw.col("status") != "current", "not_current"),
        (nw.col("value").is_null(), "no_central_value"),
        (~_IN_USD, "other_currency"),
        (~nw.col("used"), "weaker_basis"),
    )
    names = ["model_id", "quantity_id", "estimate_id"]
    ranked = _ranked(wrap(estimates))
    inputs = ranked.select(*names, "used", reason.alias("set_aside_because"))
    return unwrap(inputs.sort(*names), like=estimates)


@documented
def evaluate(estimates: IntoFrameT, quantities: IntoFrameT) -> IntoFrameT:
    """Evaluate each quantity of each model that has a usable estimate.

    Returns: Columns model_id, quantity_id, unit, value, low, high (in that unit, money in usd),
    level (missing unless the bounds are one author's interval) and method (``single``,
    ``geometric_mean``, ``arithmetic_mean``), sorted by the first three.

    >>> from diffdata import load
    >>> values = evaluate(load("estimates", "2026.2"), load("quantities", "2026.2"))
    >>> values[["model_id", "quantity_id", "value"]].values.tolist()[0]
    ['bloom', 'corpus_tokens', 344175613416.12134]
    """
    scales = wrap(quantities).select("quantity_id", "unit", "scale")
    used = _ranked(wrap(estimates)).filter(nw.col("used")).join(scales, on=["quantity_id", "unit"])
    groups = (
        used.with_columns(
            log=choose((nw.col("value") > 0, nw.col("value"))).log(),
            least=nw.min_horizontal("low", "value"),
            most=nw.max_horizontal("high", "value"),
        )
        .group_by(*_KEY, "scale")
        .agg(
            nw.len().alias("count"),
            nw.mean("value", "log"),
            nw.min("low", "least", "level"),
            nw.max("high", "most"),
        )
    )
    single, log = nw.col("count") == 1, nw.col("scale") == "log"
    values = groups.select(
        *_KEY,
        # A single value is not converted: exp(log(x)) would change its last digit.
        value=choose((log & ~single, nw.col("log").exp()), otherwise=nw.col("value")),
        low=choose((single, nw.col("low")), otherwise=nw.col("least")),
        high=choose((single, nw.col("high")), otherwise=nw.col("most")),
        level=choose((single, nw.col("level"))),
        method=choose((single, "single"), (log, "geometric_mean"), otherwise="arithmetic_mean"),
    )
    return unwrap(values.sort(*_KEY), like=estimates)


@documented
def compute_of_runs(training_runs: IntoFrameT, hardware_performance: IntoFrameT) -> IntoFrameT:
    """Return the compute of models from the hardware side: chips, time and speed of their runs.

    A run counts if its chip-hours (or chips and days) are known, and its speed: the achieved one,
    or the utilization of the 16-bit peak of its matrix units. Several runs of a model are reports
    of the same run, of which the geometric mean is taken. Source: ``daan-2024-gpt-3-level``.

    Returns: Columns model_id, run_compute_flop (FLOP that the model needs: three quarters of those
    from hardware utilization), sorted by model_id.

    >>> from diffdata import load
    >>> runs, speeds = load("training_runs", "2026.2"), load("hardware_performance", "2026.2")
    >>> compute = compute_of_runs(runs, speeds).set_index("model_id")["run_compute_flop"]
    >>> print(f"{compute['gpt-3']:.3g}")
    3.15e+23
    """
    column = nw.col
    peaks = (
        wrap(hardware_performance)
        .filter(column("number_format").is_in(["bf16", "fp16"]), execution_unit="matrix")
        .group_by("hardware_id")
        .agg(column("peak_flop_per_second").max())
    )
    runs = wrap(training_runs).join(peaks, on="hardware_id", how="left")
    seconds = choose(
        (~column("chip_hours").is_null(), column("chip_hours") * (SECONDS_PER_DAY / 24)),
        otherwise=column("chips").cast(nw.Float64()) * column("duration_days") * SECONDS_PER_DAY,
    )
    achieved = column("achieved_flop_per_second")
    at_peak = column("utilization") * column("peak_flop_per_second")
    speed = choose((~achieved.is_null(), achieved), otherwise=at_peak)
    # With recomputed activations, the hardware performs 8 FLOP per parameter and token, of which
    # the model needs 6 (`six_nd`, `eight_nd`).
    recomputed = (column("utilization_kind") == "hfu").fill_null(False)
    compute = seconds * speed * choose((recomputed, 6 / 8), otherwise=1.0)
    found = (
        runs.with_columns(compute.alias("compute"))
        .filter(~column("model_id").is_null() & ~column("compute").is_null())
        .with_columns(log_compute=column("compute").log())
        .group_by("model_id")
        .agg(column("log_compute").mean())
        .select("model_id", column("log_compute").exp().alias("run_compute_flop"))
        .sort("model_id")
    )
    return unwrap(found, like=training_runs)


@documented
def model_summary(
    models: IntoFrameT,
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    estimates: IntoFrameT,
    quantities: IntoFrameT,
    training_runs: IntoFrameT,
    hardware_performance: IntoFrameT,
) -> IntoFrameT:
    """Return the evaluated values in a wide layout, one row per model.

    Each quantity with a ``summary_column`` gives a column of that name and four more: ``_low``,
    ``_high``, ``_level`` and ``_method``.

    Returns: The columns of the table ``model_summary``, sorted by model_id.

    >>> from diffdata import load
    >>> summary = model_summary(*(load(name, "2026.2") for name in SUMMARY_TABLES))
    >>> bool((summary["training_compute_flop_method"] == "six_nd").any())
    True
    """
    dates = wrap(model_dates)
    vocabulary = wrap(quantities)
    wide = wrap(models).select("model_id", "name", "architecture", "objective", "modality")
    for milestone in ("published", "developed"):
        names = {"date": milestone, "date_precision": f"{milestone}_precision"}
        first = first_dates(dates.filter(milestone=milestone)).select("model_id", *names)
        wide = wide.join(first.rename(names), on="model_id", how="left")
    weights = wrap(artifacts).filter(nw.col("variant").is_null(), artifact_kind="weights")
    latest = weights.unique(["model_id"], keep="last", order_by=["available", "stage"])
    latest = latest.select("model_id", weights_access="access")
    wide = wide.join(latest, on="model_id", how="left")
    values = evaluate(wrap(estimates), vocabulary)
    with_column = vocabulary.filter(~nw.col("summary_column").is_null())
    for quantity, unit, name in rows(with_column.select("quantity_id", "unit", "summary_column")):
        parts = {part: f"{name}_{part}" for part in ("low", "high", "level", "method")}
        chosen = values.filter(quantity_id=quantity, unit=unit).drop("quantity_id", "unit")
        wide = wide.join(chosen.rename({"value": name, **parts}), on="model_id", how="left")
    runs = compute_of_runs(wrap(training_runs), wrap(hardware_performance))
    wide = wide.join(runs, on="model_id", how="left")
    # The training compute of dense models for which no source gives it.
    compute, method = "training_compute_flop", "training_compute_flop_method"
    derived = six_nd(nw.col("parameters"), nw.col("training_tokens"))
    dense = (nw.col("architecture") == "dense").fill_null(False)
    applies = nw.col(compute).is_null() & dense & ~derived.is_null()
    wide = wide.with_columns(
        choose((applies, derived), otherwise=nw.col(compute)).alias(compute),
        choose((applies, "six_nd"), otherwise=nw.col(method)).alias(method),
    )
    return unwrap(gpt3_like(wide).drop("modality").sort("model_id"), like=models)


def _ranked(estimates: Frame) -> Frame:
    """Mark which of the estimates about models the evaluation uses."""
    places = ((nw.col("basis") == basis, place) for place, basis in enumerate(_BASES))
    usable = (nw.col("status") == "current") & ~nw.col("value").is_null() & _IN_USD
    about = estimates.filter(~nw.col("model_id").is_null())
    ranked = about.with_columns(rank=choose((usable, choose(*places))))
    return with_group(ranked, _KEY, best=nw.col("rank").min()).with_columns(
        used=(nw.col("rank") == nw.col("best")).fill_null(False)
    )
