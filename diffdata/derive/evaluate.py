"""From the listings to the summary: one evaluated value for each quantity of each model.

The method follows the Review of Particle Physics, which separates listings and summary:

1. Only current estimates with a central value count, and money only in usd.
2. Of these only the best basis counts: reported by those who did it, before estimated, before
   derived, before assumed, before repeated from another source.
3. A single remaining estimate is the value, with its interval and level. The value of several is
   their mean, geometric for quantities on a logarithmic scale and arithmetic on a linear one
   (source id ``cottier-comments``, advice 3.1 and 3.2); the bounds then span all their values and
   bounds, and have no level.
4. The training compute of a dense model for which no source gives it is `six_nd`.

Nothing is lost: `evaluation_inputs` lists each estimate, used or set aside, and why.
"""

from __future__ import annotations

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.compute import six_nd
from diffdata.derive.dates import first_dates
from diffdata.derive.formula import SECONDS_PER_DAY
from diffdata.derive.frames import Frame, choose, rows, unwrap, with_group, wrap
from diffdata.derive.spread import gpt3_like

# From the most to the least direct (estimates.basis).
BASIS_RANK = {"reported": 0, "estimated": 1, "derived": 2, "assumed": 3, "repeated": 4}

# The tables that `model_summary` is made of, in the order of its arguments.
SUMMARY_TABLES = (
    "models", "model_dates", "artifacts", "estimates", "quantities", "training_runs",
    "hardware_performance",
)  # fmt: skip

_KEY = ["model_id", "quantity_id", "unit"]

# With recomputed activations, the hardware performs 8 FLOP per parameter and token, of which the
# model needs 6 (`six_nd`, `eight_nd`).
_MODEL_SHARE_OF_HFU = 6 / 8
_SIXTEEN_BIT = ("bf16", "fp16")


def evaluation_inputs(estimates: IntoFrameT) -> IntoFrameT:
    """Return for each estimate about a model whether the evaluation uses it, and if not, why.

    Parameters
    ----------
    estimates : the table ``estimates``

    Returns
    -------
    frame
        Columns: model_id, quantity_id, estimate_id, used, set_aside_because (``not_current``,
        ``no_central_value``, ``other_currency``, ``weaker_basis``), sorted by the first three.

    Examples
    --------
    >>> from diffdata import load
    >>> inputs = evaluation_inputs(load("estimates", "2026.2"))
    >>> sorted(inputs["set_aside_because"].dropna().unique())
    ['no_central_value', 'not_current', 'weaker_basis']
    """
    reason = choose(
        (nw.col("status") != "current", "not_current"),
        (nw.col("value").is_null(), "no_central_value"),
        (~_in_usd(), "other_currency"),
        (~nw.col("used"), "weaker_basis"),
    )
    names = ["model_id", "quantity_id", "estimate_id"]
    ranked = _ranked(wrap(estimates))
    inputs = ranked.select(*names, "used", reason.alias("set_aside_because"))
    return unwrap(inputs.sort(*names), like=estimates)


def evaluate(estimates: IntoFrameT, quantities: IntoFrameT) -> IntoFrameT:
    """Evaluate each quantity of each model that has a usable estimate.

    Parameters
    ----------
    estimates, quantities : the tables of these names

    Returns
    -------
    frame
        Columns: model_id, quantity_id, unit, value, low, high (in that unit, money in usd), level
        (missing unless the bounds are one author's interval) and method (``single``,
        ``geometric_mean``, ``arithmetic_mean``), sorted by the first three.

    Examples
    --------
    >>> from diffdata import load
    >>> values = evaluate(load("estimates", "2026.2"), load("quantities", "2026.2"))
    >>> values = values.set_index(["model_id", "quantity_id"])
    >>> values.loc[("gpt-3", "training_cost"), ["value", "low", "high", "method"]].to_dict()
    {'value': 12000000.0, 'low': 5000000.0, 'high': 33000000.0, 'method': 'single'}
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
            nw.col("value").mean().alias("mean"),
            nw.col("log").mean().alias("log_mean"),
            *(nw.col(name).min() for name in ("low", "least", "level")),
            *(nw.col(name).max() for name in ("high", "most")),
        )
    )
    single, log = nw.col("count") == 1, nw.col("scale") == "log"
    mean, mean_in_logs = nw.col("mean"), nw.col("log_mean").exp()
    values = groups.select(
        *_KEY,
        # A single value is not converted: exp(log(x)) would change its last digit.
        value=choose((single, mean), (log, mean_in_logs), otherwise=mean),
        low=choose((single, nw.col("low")), otherwise=nw.col("least")),
        high=choose((single, nw.col("high")), otherwise=nw.col("most")),
        level=choose((single, nw.col("level"))),
        method=choose((single, "single"), (log, "geometric_mean"), otherwise="arithmetic_mean"),
    )
    return unwrap(values.sort(*_KEY), like=estimates)


def compute_of_runs(training_runs: IntoFrameT, hardware_performance: IntoFrameT) -> IntoFrameT:
    """Return the compute of models from the hardware side: chips, time and speed of their runs.

    A run counts if its chip-hours (or chips and days) are known, and its speed: the achieved one,
    or the utilization of the 16-bit peak of its matrix units. Several runs of a model are several
    reports of the same run; their geometric mean is taken. Source of the formula:
    ``daan-2024-gpt-3-level``, see `run_compute`.

    Parameters
    ----------
    training_runs, hardware_performance : the tables of these names

    Returns
    -------
    frame
        Columns: model_id, run_compute_flop (FLOP that the model needs: three quarters of those
        from hardware utilization), sorted by model_id.

    Examples
    --------
    >>> from diffdata import load
    >>> runs, speeds = load("training_runs", "2026.2"), load("hardware_performance", "2026.2")
    >>> found = compute_of_runs(runs, speeds)
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
    seconds = choose(
        (~column("chip_hours").is_null(), column("chip_hours") * (SECONDS_PER_DAY / 24)),
        otherwise=column("chips").cast(nw.Float64()) * column("duration_days") * SECONDS_PER_DAY,
    )
    achieved = column("achieved_flop_per_second")
    at_peak = column("utilization") * column("peak_flop_per_second")
    speed = choose((~achieved.is_null(), achieved), otherwise=at_peak)
    hfu = (column("utilization_kind") == "hfu").fill_null(False)
    compute = seconds * speed * choose((hfu, _MODEL_SHARE_OF_HFU), otherwise=1.0)
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

    Parameters
    ----------
    models, model_dates, artifacts, estimates, quantities, training_runs, hardware_performance
        The tables of these names. Each quantity with a ``summary_column`` gives a column of that
        name and four more: ``_low``, ``_high``, ``_level`` and ``_method``; the runs give the
        compute from the hardware side, see `compute_of_runs`.

    Returns
    -------
    frame
        The columns of the table ``model_summary``, sorted by model_id.
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
    wide = _with_six_nd(wide).join(runs, on="model_id", how="left")
    return unwrap(gpt3_like(wide).drop("modality").sort("model_id"), like=models)


def _with_six_nd(wide: Frame) -> Frame:
    """Fill in the training compute of dense models for which no source gives it."""
    derived = six_nd(nw.col("parameters"), nw.col("training_tokens"))
    compute, method = "training_compute_flop", "training_compute_flop_method"
    applies = (
        nw.col(compute).is_null()
        & (nw.col("architecture") == "dense").fill_null(False)
        & ~derived.is_null()
    )
    return wide.with_columns(
        choose((applies, derived), otherwise=nw.col(compute)).alias(compute),
        choose((applies, "six_nd"), otherwise=nw.col(method)).alias(method),
    )


def _ranked(estimates: Frame) -> Frame:
    """Mark which of the estimates about models the evaluation uses."""
    places = ((nw.col("basis") == basis, place) for basis, place in BASIS_RANK.items())
    usable = (nw.col("status") == "current") & ~nw.col("value").is_null() & _in_usd()
    about = estimates.filter(~nw.col("model_id").is_null())
    ranked = about.with_columns(rank=choose((usable, choose(*places))))
    return with_group(ranked, _KEY, best=nw.col("rank").min()).with_columns(
        used=(nw.col("rank") == nw.col("best")).fill_null(False) & usable
    )


def _in_usd() -> nw.Expr:
    return nw.col("currency").is_null() | (nw.col("currency") == "USD").fill_null(False)
