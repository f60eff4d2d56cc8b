"""How a model spread: lags behind it, likeness to GPT-3, replication.

Definitions and thresholds are those of Cottier's study (source id ``cottier-2022-summary``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import first_dates, with_lag
from diffdata.derive.frames import Frame, nullable, rows, unwrap, wrap
from diffdata.errors import InvalidInputError

# Table 1 of the study counts weights that are given on request as "open-sourced" (its footnote 3).
OPEN_ACCESS = ("open", "on_request")

# "20-minute summary", item 3: trained with at least 1E+23 FLOP.
GPT3_LIKE_FLOP = 1e23

# The same, item 3.2: a performance differing by no more than 2 %.
REPLICATION_POINTS = 2.0


# What `replication_lag` tells of, in this order.
_MILESTONES = ("better_model", "equal_open_model", "successful_replication")


def replication_lag(
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    comparisons: IntoFrameT,
    diffusion_events: IntoFrameT,
    *,
    reference: str,
    judged: str = "now",
    access: Sequence[str] = OPEN_ACCESS,
) -> IntoFrameT:
    """Return how long after a reference model others surpassed, opened and replicated it.

    Parameters
    ----------
    model_dates, artifacts, comparisons, diffusion_events
        The tables of these names.
    reference
        The model_id of the reference model; the lags begin when it was published.
    judged
        ``now``: by the judgements that still stand. ``first``: by the judgements as they were
        first published, before any was superseded.
    access
        The kinds of access to weights that count as open.

    Returns
    -------
    frame
        At most one row for each milestone, in this order:

        - ``better_model``: the first model judged better, when it was finished (where that is not
          known: published);
        - ``equal_open_model``: the first model judged similar or better whose weights could be had;
        - ``successful_replication``: the first explicit attempt judged to have succeeded.

        Columns: milestone, model_id, date, date_precision, certainty (``inferred`` if anything that
        the row rests on is), then lag_days_low, lag_days_high, lag_months_low, lag_months_high (see
        `add_lag`).

    Raises
    ------
    InvalidInputError
        If `judged` is neither, or the reference model has no date of publication.

    Examples
    --------
    >>> from diffdata import load
    >>> names = ["model_dates", "artifacts", "comparisons", "diffusion_events"]
    >>> lags = replication_lag(*map(load, names), reference="gpt-3", judged="first")
    >>> lags[["milestone", "model_id", "lag_days_low", "lag_days_high"]].values.tolist()[0]
    ['better_model', 'gopher', 187, 217]
    """
    if judged not in ("first", "now"):
        raise InvalidInputError(f"judged: expected 'first' or 'now', found {judged!r}")
    dates = wrap(model_dates)
    start = _earliest(dates.filter(model_id=reference, milestone="published"))
    if not rows(start.select("model_id")):
        raise InvalidInputError(f"reference: {reference!r} has no date of publication")
    claims = _claims(wrap(comparisons), "comparison", judged)
    claims = claims.filter(reference_model_id=reference).select(
        "model_id", "judgement", judgement_certainty="certainty"
    )
    events = _claims(wrap(diffusion_events), "event", judged)
    milestones = [
        _first("better_model", _finished(dates), claims.filter(judgement="better")),
        _first(
            "equal_open_model",
            wrap(artifacts)
            .filter(nw.col("access").is_in(access), artifact_kind="weights")
            .filter(nw.col("variant").is_null())
            .select(
                "model_id", "certainty", date="available", date_precision="available_precision"
            ),
            claims.filter(nw.col("judgement").is_in(["similar", "better"])),
        ),
        _first(
            "successful_replication",
            events.filter(
                nw.col("explicit_attempt").fill_null(False),
                reference_model_id=reference,
                outcome="succeeded",
            ).select("model_id", "certainty", "date", "date_precision"),
        ),
    ]
    lags = nw.concat(milestones).join(
        start.select(start="date", start_precision="date_precision"), how="cross"
    )
    ordered = with_lag(lags, "start", "date").sort("_order")
    timed = nw.maybe_reset_index(ordered.drop("start", "start_precision", "_order"))
    return unwrap(timed, like=model_dates)


def gpt3_like(
    models: IntoFrameT, *, compute: str = "training_compute_flop", threshold: float = GPT3_LIKE_FLOP
) -> IntoFrameT:
    """Tell which models are GPT-3-like: dense, autoregressive on text, trained with enough compute.

    Parameters
    ----------
    models
        A frame with the columns architecture, objective, modality and `compute` (FLOP).
    compute
        The name of the column with the compute of the final training run.
    threshold
        How many FLOP are enough; the study says 1e23.

    Returns
    -------
    frame
        The frame with the boolean column ``gpt3_like``: false where one of the conditions is known
        to fail, missing where none fails but one is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "architecture": ["dense", "mixture_of_experts", "dense"], "modality": "text",
    ...     "objective": "autoregressive", "training_compute_flop": [3.14e23, None, None]})
    >>> gpt3_like(frame)["gpt3_like"].tolist()
    [True, False, <NA>]
    """
    return unwrap(with_gpt3_like(wrap(models), compute, threshold), like=models)


def with_gpt3_like(
    models: Any, compute: str = "training_compute_flop", threshold: float = GPT3_LIKE_FLOP
) -> Any:
    """Do what `gpt3_like` does, on a Narwhals frame."""
    conditions = [
        (nw.col("architecture"), nw.col("architecture") == "dense"),
        (nw.col("objective"), nw.col("objective") == "autoregressive"),
        (nw.col("modality"), nw.col("modality") == "text"),
        (nw.col(compute), nw.col(compute) >= threshold),
    ]
    fails = nw.any_horizontal(
        *(~known.is_null() & ~passes.fill_null(False) for known, passes in conditions),
        ignore_nulls=True,
    )
    unknown = nw.any_horizontal(*(known.is_null() for known, _ in conditions), ignore_nulls=True)
    return _with_verdict(models, "gpt3_like", yes=~fails & ~unknown, no=fails)


def is_replication(
    models: IntoFrameT,
    evaluations: IntoFrameT,
    differences: IntoFrameT,
    *,
    points: float = REPLICATION_POINTS,
) -> IntoFrameT:
    """Tell which models replicate another: same architecture, close on the same benchmarks.

    Parameters
    ----------
    models
        The table ``models``; a model with ``architecture_of_model_id`` is a candidate.
    evaluations
        The table ``evaluations``: scores in points. The two models are compared on the benchmarks
        that both have, in the same setting and metric.
    differences
        Published mean differences, used where the scores of the two share no benchmark: columns
        model_id, reference_model_id and ``value`` (points, model minus reference).
    points
        The greatest mean difference, in points, that counts as close; the study says 2.

    Returns
    -------
    frame
        One row a candidate: model_id, reference_model_id, benchmarks (how many both have),
        mean_difference (points), basis (``evaluations`` or ``published``, missing where there is
        neither) and the boolean ``is_replication``, missing where nothing can be compared.

    Examples
    --------
    >>> import pandas as pd
    >>> models = pd.DataFrame({"model_id": ["a", "b"], "architecture_of_model_id": [None, "a"]})
    >>> scores = pd.DataFrame({"model_id": ["a", "b"], "benchmark": "piqa", "setting": "zero_shot",
    ...                        "metric": "accuracy", "score": [80.5, 79.0]})
    >>> none = pd.DataFrame({"model_id": [], "reference_model_id": [], "value": []}, dtype=object)
    >>> is_replication(models, scores, none)[["mean_difference", "is_replication"]].values.tolist()
    [[-1.5, True]]
    """
    key = ["benchmark", "setting", "metric"]
    pairs = (
        wrap(models)
        .filter(~nw.col("architecture_of_model_id").is_null())
        .select("model_id", reference_model_id="architecture_of_model_id")
    )
    scores = wrap(evaluations).select("model_id", *key, "score")
    measured = (
        pairs.join(scores, on="model_id")
        .join(
            scores.rename({"model_id": "reference_model_id", "score": "reference_score"}),
            on=["reference_model_id", *key],
        )
        .with_columns(difference=nw.col("score") - nw.col("reference_score"))
        .group_by("model_id", "reference_model_id")
        .agg(nw.len().alias("benchmarks"), nw.col("difference").mean().alias("measured"))
    )
    published = wrap(differences).select(
        "model_id", "reference_model_id", published=nw.col("value").cast(nw.Float64())
    )
    on = ["model_id", "reference_model_id"]
    found = pairs.join(measured, on=on, how="left").join(published, on=on, how="left")
    found = found.with_columns(
        nw.col("benchmarks").fill_null(0).cast(nw.Int64()),
        mean_difference=nw.coalesce("measured", "published"),
        basis=nw.when(~nw.col("measured").is_null())
        .then(nw.lit("evaluations"))
        .otherwise(
            nw.when(~nw.col("published").is_null()).then(nw.lit("published")).otherwise(None)
        ),
    ).drop("measured", "published")
    close = (nw.col("mean_difference").abs() <= points).fill_null(False)
    known = ~nw.col("mean_difference").is_null()
    verdicts = _with_verdict(found, "is_replication", yes=known & close, no=known & ~close)
    return unwrap(verdicts, like=models)


def _with_verdict(table: Any, name: str, *, yes: nw.Expr, no: nw.Expr) -> Any:
    """Add a boolean column that is missing where neither `yes` nor `no` holds."""
    verdict = nw.when(yes).then(nw.lit(True)).otherwise(nw.when(no).then(nw.lit(False)))
    return nullable(table.with_columns(verdict.alias(name)), name)


def _claims(claims: Frame, kind: str, judged: str) -> Frame:
    """Keep the claims that stand now, or those that were made first."""
    if judged == "now":
        return claims.filter(status="current")
    replacing = claims.select(_by=f"superseded_by_{kind}_id").drop_nulls().unique()
    return claims.join(replacing, left_on=f"{kind}_id", right_on="_by", how="anti")


def _earliest(dates: Frame) -> Frame:
    """Keep the one row with the earliest date."""
    return first_dates(dates).sort("date", "model_id").head(1)


def _finished(dates: Frame) -> Frame:
    """Give each model the date when it was finished, or else the date when it was published."""
    columns = ["model_id", "certainty", "date", "date_precision"]
    finished = dates.filter(milestone="developed").select(columns)
    others = dates.filter(nw.col("milestone").is_in(["announced", "published"])).join(
        finished.select("model_id").drop_nulls().unique(), on="model_id", how="anti"
    )
    return nw.concat([finished, others.select(columns)])


def _first(
    milestone: str,
    dates: Frame,
    claims: Frame | None = None,
) -> Frame:
    """Return the row of the model that reached a milestone first, or no row."""
    if claims is None:
        claims = dates.select("model_id", judgement_certainty="certainty").unique()
    first = _earliest(dates.join(claims, on="model_id"))
    inferred = (nw.col("certainty") == "inferred") | (nw.col("judgement_certainty") == "inferred")
    return first.select(
        nw.lit(_MILESTONES.index(milestone)).alias("_order"),
        nw.lit(milestone).alias("milestone"),
        "model_id",
        "date",
        "date_precision",
        nw.when(inferred).then(nw.lit("inferred")).otherwise(nw.lit("stated")).alias("certainty"),
    )
