"""From the listings to the summary: one evaluated value for each quantity of each model.

The method, in the manner of the Review of Particle Physics, which keeps listings and summary apart:

1. Only current estimates with a central value count, and money only in US dollars.
2. Of these the best basis counts alone: reported by those who did it, before estimated, before
   derived, before assumed, before repeated from another source.
3. One that is left is the value, with its interval and level. Of several the value is their mean,
   geometric for quantities on a logarithmic scale and arithmetic on a linear one
   (source id ``cottier-comments``, advice 3.1 and 3.2); the bounds then span all values
   and bounds of theirs, and have no level.

4. The training compute of a dense model for which no source gives it is `six_nd`.

Nothing is lost: `evaluation_inputs` names each estimate, used or set aside, and why.
"""

from __future__ import annotations

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.compute import six_nd
from diffdata.derive.dates import first_dates
from diffdata.derive.diffusion import with_gpt3_like
from diffdata.derive.frames import Frame, rows, unwrap, with_group, wrap
from diffdata.derive.runs import compute_of_runs

# From the most to the least direct (estimates.basis).
BASIS_RANK = {"reported": 0, "estimated": 1, "derived": 2, "assumed": 3, "repeated": 4}

# The tables that `model_summary` is made of, in the order of its arguments.
SUMMARY_TABLES = (
    "models", "model_dates", "artifacts", "estimates", "quantities", "training_runs",
    "hardware_performance",
)  # fmt: skip

_KEY = ["model_id", "quantity_id", "unit"]


def evaluation_inputs(estimates: IntoFrameT) -> IntoFrameT:
    """Tell for each estimate about a model whether the evaluation uses it, and if not, why.

    Parameters
    ----------
    estimates
        The table ``estimates``.

    Returns
    -------
    frame
        Columns: model_id, quantity_id, estimate_id, used, set_aside_because (``not_current``,
        ``no_central_value``, ``other_currency``, ``weaker_basis``), sorted by its key.

    Examples
    --------
    >>> from diffdata import load
    >>> inputs = evaluation_inputs(load("estimates"))
    >>> sorted(inputs["set_aside_because"].dropna().unique())
    ['no_central_value', 'not_current', 'weaker_basis']
    """
    table = _ranked(wrap(estimates))
    reason = (
        nw.when(nw.col("status") != "current")
        .then(nw.lit("not_current"))
        .otherwise(
            nw.when(nw.col("value").is_null())
            .then(nw.lit("no_central_value"))
            .otherwise(
                nw.when(~_in_dollars())
                .then(nw.lit("other_currency"))
                .otherwise(nw.when(~nw.col("used")).then(nw.lit("weaker_basis")))
            )
        )
    )
    names = ["model_id", "quantity_id", "estimate_id"]
    inputs = table.select(*names, "used", reason.alias("set_aside_because"))
    return unwrap(inputs.sort(*names), like=estimates)


def evaluate(estimates: IntoFrameT, quantities: IntoFrameT) -> IntoFrameT:
    """Evaluate each quantity of each model that has a usable estimate.

    Parameters
    ----------
    estimates, quantities
        The tables of these names.

    Returns
    -------
    frame
        Columns: model_id, quantity_id, unit, value, low, high (in that unit, money in US dollars),
        level (missing unless the bounds are one author's interval) and method
        (``single``, ``geometric_mean``, ``arithmetic_mean``), sorted by its first three columns.

    Examples
    --------
    >>> from diffdata import load
    >>> values = evaluate(load("estimates"), load("quantities"))
    >>> values = values.set_index(["model_id", "quantity_id"])
    >>> values.loc[("gpt-3", "training_cost"), ["value", "low", "high", "method"]].to_dict()
    {'value': 12000000.0, 'low': 5000000.0, 'high': 33000000.0, 'method': 'single'}
    """
    return unwrap(_evaluated(wrap(estimates), wrap(quantities)), like=estimates)


def model_summary(
    models: IntoFrameT,
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    estimates: IntoFrameT,
    quantities: IntoFrameT,
    training_runs: IntoFrameT,
    hardware_performance: IntoFrameT,
) -> IntoFrameT:
    """Lay the evaluated values out wide, one row a model.

    Parameters
    ----------
    models, model_dates, artifacts, estimates, quantities, training_runs, hardware_performance
        The tables of these names. Each quantity with a ``summary_column`` gives a column of that
        name and four more: ``_low``, ``_high``, ``_level`` and ``_method``; the runs give the
        compute as the hardware side tells it, see `compute_of_runs`.

    Returns
    -------
    frame
        The columns of the table ``model_summary``, sorted by model_id.
    """
    dates = wrap(model_dates)
    vocabulary = wrap(quantities)
    wide = wrap(models).select("model_id", "name", "architecture", "objective", "modality")
    for milestone in ("published", "developed"):
        wide = wide.join(_dates_of(dates, milestone), on="model_id", how="left")
    weights = wrap(artifacts).filter(nw.col("variant").is_null(), artifact_kind="weights")
    wide = wide.join(_latest_access(weights), on="model_id", how="left")
    values = _evaluated(wrap(estimates), vocabulary)
    with_column = vocabulary.filter(~nw.col("summary_column").is_null())
    named = with_column.select("quantity_id", "unit", "summary_column")
    for quantity, unit, column in rows(named):
        parts = {part: f"{column}_{part}" for part in ("low", "high", "level", "method")}
        chosen = values.filter(quantity_id=quantity, unit=unit).drop("quantity_id", "unit")
        wide = wide.join(chosen.rename({"value": column, **parts}), on="model_id", how="left")
    runs = wrap(compute_of_runs(training_runs, hardware_performance))
    wide = _with_six_nd(wide).join(runs, on="model_id", how="left")
    wide = with_gpt3_like(wide).drop("modality").sort("model_id")
    return unwrap(wide, like=models)


def _with_six_nd(wide: Frame) -> Frame:
    """Fill in the training compute of dense models for which no source gives it."""
    derived = six_nd(nw.col("parameters"), nw.col("training_tokens"))
    applies = (
        nw.col("training_compute_flop").is_null()
        & (nw.col("architecture") == "dense").fill_null(False)
        & ~derived.is_null()
    )
    return wide.with_columns(
        nw.when(applies)
        .then(derived)
        .otherwise(nw.col("training_compute_flop"))
        .alias("training_compute_flop"),
        nw.when(applies)
        .then(nw.lit("six_nd"))
        .otherwise(nw.col("training_compute_flop_method"))
        .alias("training_compute_flop_method"),
    )


def _evaluated(estimates: Frame, quantities: Frame) -> Frame:
    scales = quantities.select("quantity_id", "unit", "scale")
    used = _ranked(estimates).filter(nw.col("used")).join(scales, on=["quantity_id", "unit"])
    groups = (
        used.with_columns(
            log=nw.when(nw.col("value") > 0).then(nw.col("value")).log(),
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
    several = nw.when(log).then(nw.col("log_mean").exp()).otherwise(nw.col("mean"))
    mean = nw.when(log).then(nw.lit("geometric_mean")).otherwise(nw.lit("arithmetic_mean"))
    return groups.select(
        *_KEY,
        # A single value is taken as it is: exp(log(x)) would change its last digit.
        nw.when(single).then(nw.col("mean")).otherwise(several).alias("value"),
        nw.when(single).then(nw.col("low")).otherwise(nw.col("least")).alias("low"),
        nw.when(single).then(nw.col("high")).otherwise(nw.col("most")).alias("high"),
        nw.when(single).then(nw.col("level")).alias("level"),
        nw.when(single).then(nw.lit("single")).otherwise(mean).alias("method"),
    ).sort(*_KEY)


def _ranked(estimates: Frame) -> Frame:
    """Mark which of the estimates about models the evaluation uses."""
    rank = nw.coalesce(
        *(
            nw.when(nw.col("basis") == basis).then(nw.lit(place, dtype=nw.Int64()))
            for basis, place in BASIS_RANK.items()
        )
    )
    usable = (nw.col("status") == "current") & ~nw.col("value").is_null() & _in_dollars()
    about = estimates.filter(~nw.col("model_id").is_null())
    ranked = about.with_columns(rank=nw.when(usable).then(rank))
    return with_group(ranked, _KEY, best=nw.col("rank").min()).with_columns(
        used=(nw.col("rank") == nw.col("best")).fill_null(False) & usable
    )


def _in_dollars() -> nw.Expr:
    return nw.col("currency").is_null() | (nw.col("currency") == "USD").fill_null(False)


def _dates_of(dates: Frame, milestone: str) -> Frame:
    """Return the earliest date of a milestone for each model, with its precision."""
    names = {"date": milestone, "date_precision": f"{milestone}_precision"}
    first = first_dates(dates.filter(milestone=milestone))
    return first.select("model_id", "date", "date_precision").rename(names)


def _latest_access(weights: Frame) -> Frame:
    """Return the access to the weights of each model at the latest stage of their release."""
    latest = weights.unique(["model_id"], keep="last", order_by=["available", "stage"])
    return latest.select("model_id", weights_access="access")
