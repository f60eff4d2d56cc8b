"""How models spread: how others caught up, after which delays, by which mechanisms and cascades.

Definitions and thresholds are those of Cottier's study (source id ``cottier-2022-summary``,
"20-minute summary"): the definitions under "Background", item 3.2, the findings under "What have
been the prevailing mechanisms", items 1, 4 and 5. Tables are named as in the dataset; of several
dates the earliest counts, or a more precise one within it.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import add_lag, first_dates, with_days
from diffdata.derive.formula import documented
from diffdata.derive.frames import (
    Frame,
    choose,
    compute_once,
    nullable,
    rows,
    stated_first,
    unwrap,
    with_group,
    wrap,
)
from diffdata.errors import InvalidInputError

__all__ = [
    "access_lag", "cascade", "cascade_depth", "gpt3_like", "is_replication", "prevailing_mechanism",
    "publication_delay", "replication_lag",
]  # fmt: skip

OPEN_ACCESS = ("open", "on_request")  # table 1 of the study, footnote 3
GPT3_LIKE_FLOP = 1e23  # "20-minute summary", item 3
REPLICATION_POINTS = 2.0  # item 3.2: a performance that differs by no more than 2 %

# artifacts.artifact_kind, and artifacts.access without "none", which has no date.
ARTIFACT_KINDS = (
    "weights", "training_code", "training_data", "hyperparameters", "method_details", "api",
    "paper", "logbook", "software",
)  # fmt: skip
ACCESS = ("open", "on_request", "api_only", "partial")

# The names of the periods by which events can be counted.
_YEAR, _MONTH = nw.col("date").dt.to_string("%Y"), nw.col("date").dt.month().cast(nw.Int64())
PERIODS = {
    "year": _YEAR,
    "half": nw.concat_str(_YEAR, nw.lit("-H"), ((_MONTH + 5) // 6).cast(nw.String())),
    "quarter": nw.concat_str(_YEAR, nw.lit("-Q"), ((_MONTH + 2) // 3).cast(nw.String())),
    "month": nw.col("date").dt.to_string("%Y-%m"),
}

# Names by which artifacts have a date like other rows.
_AVAILABLE = {"available": "date", "available_precision": "date_precision"}

# Prefixes of the identifiers of nodes of the cascade.
_MODEL, _ORGANIZATION = "model:", "organization:"

# The columns that distinguish the edges of the cascade.
_EDGE = [
    "from_model_id", "from_organization_id", "artifact_id", "artifact_kind", "to_model_id",
    "to_organization_id", "mechanism",
]  # fmt: skip


@documented
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
    """Return how long after a reference model others surpassed, matched openly or replicated it.

    Returns: At most one row for each milestone: ``better_model`` (the first model judged better,
    when it was finished or else published), ``equal_open_model`` (the first model judged similar or
    better with accessible weights) and ``successful_replication`` (the first explicit attempt
    judged successful). Columns: milestone, model_id, date, date_precision, certainty (``inferred``
    if the date or the judgement is), and the lag as in `add_lag`.

    >>> from diffdata import load
    >>> names = ["model_dates", "artifacts", "comparisons", "diffusion_events"]
    >>> tables = [load(name, "2026.2") for name in names]
    >>> lags = replication_lag(*tables, reference="gpt-3", judged="first")
    >>> lags[["milestone", "model_id", "lag_days_low", "lag_days_high"]].values.tolist()[0]
    ['better_model', 'gopher', 187, 217]
    """
    if judged not in ("first", "now"):
        raise InvalidInputError(f"judged: expected 'first' or 'now', found {judged!r}")
    dates = wrap(model_dates)
    start = _earliest(dates.filter(model_id=reference, milestone="published"))
    if not rows(start.select("model_id")):
        raise InvalidInputError(f"reference: {reference!r} has no date of publication")
    developed = dates.filter(milestone="developed")
    public = dates.filter(nw.col("milestone").is_in(["announced", "published"]))
    unfinished = public.join(
        developed.select("model_id").drop_nulls().unique(), on="model_id", how="anti"
    )
    weights = wrap(artifacts).filter(
        nw.col("access").is_in(access), nw.col("variant").is_null(), artifact_kind="weights"
    )
    claims = _claims(wrap(comparisons), "comparison", judged).filter(reference_model_id=reference)
    claims = claims.select("model_id", "judgement", judgement_certainty="certainty")
    attempts = _claims(wrap(diffusion_events), "event", judged).filter(
        nw.col("explicit_attempt").fill_null(False),
        reference_model_id=reference,
        outcome="succeeded",
    )
    reached = {
        "better_model": nw.concat([developed, unfinished]).join(
            claims.filter(judgement="better"), on="model_id"
        ),
        "equal_open_model": weights.rename(_AVAILABLE).join(
            claims.filter(nw.col("judgement").is_in(["similar", "better"])), on="model_id"
        ),
        "successful_replication": attempts.with_columns(judgement_certainty="certainty"),
    }
    milestones = [
        _earliest(frame).select(
            nw.lit(milestone).alias("milestone"),
            "model_id",
            "date",
            "date_precision",
            certainty=_certainty("certainty", "judgement_certainty"),
        )
        for milestone, frame in reached.items()
    ]
    lags = nw.concat(milestones).join(
        start.select(start="date", start_precision="date_precision"), how="cross"
    )
    # By the alphabet, the milestones are in their order.
    ordered = add_lag(lags, start="start", end="date").sort("milestone")
    return unwrap(nw.maybe_reset_index(ordered.drop("start", "start_precision")), like=model_dates)


@documented
def gpt3_like(
    models: IntoFrameT, *, compute: str = "training_compute_flop", threshold: float = GPT3_LIKE_FLOP
) -> IntoFrameT:
    """Return which models are GPT-3-like: dense, autoregressive on text, with enough compute.

    Of `models` it reads the columns architecture, objective, modality and `compute`.

    Returns: The frame with the boolean column ``gpt3_like``: false where one of the conditions
    fails, missing where none fails but one is unknown.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"architecture": "dense", "modality": "text",
    ...     "objective": "autoregressive", "training_compute_flop": [3.14e23, 1e22, None]})
    >>> gpt3_like(frame)["gpt3_like"].tolist()
    [True, False, <NA>]
    """
    conditions = [
        (nw.col("architecture"), nw.col("architecture") == "dense"),
        (nw.col("objective"), nw.col("objective") == "autoregressive"),
        (nw.col("modality"), nw.col("modality") == "text"),
        (nw.col(compute), nw.col(compute) >= threshold),
    ]
    fails = nw.any_horizontal(
        *(~value.is_null() & ~passes.fill_null(False) for value, passes in conditions),
        ignore_nulls=True,
    )
    unknown = nw.any_horizontal(*(value.is_null() for value, _ in conditions), ignore_nulls=True)
    verdict = choose((fails, False), (~unknown, True)).alias("gpt3_like")
    return unwrap(nullable(wrap(models).with_columns(verdict), "gpt3_like"), like=models)


@documented
def is_replication(
    models: IntoFrameT,
    evaluations: IntoFrameT,
    differences: IntoFrameT,
    *,
    points: float = REPLICATION_POINTS,
) -> IntoFrameT:
    """Return which models replicate another: same architecture, close on the same benchmarks.

    A model with ``architecture_of_model_id`` is a candidate. Benchmarks are the same in the same
    setting and metric; published differences count where two models have none in common.

    Returns: One row per candidate: model_id, reference_model_id, benchmarks (number in common),
    mean_difference (points), basis (``evaluations`` or ``published``, missing where there is
    neither) and the boolean ``is_replication``, missing where nothing can be compared.

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
        basis=choose(
            (~nw.col("measured").is_null(), "evaluations"),
            (~nw.col("published").is_null(), "published"),
        ),
    ).drop("measured", "published")
    difference = nw.col("mean_difference")
    close = (difference.abs() <= points).fill_null(False)
    verdicts = found.with_columns(is_replication=choose((~difference.is_null(), close)))
    return unwrap(nullable(verdicts, "is_replication"), like=models)


@documented
def access_lag(
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    *,
    kind: str = "weights",
    access: Sequence[str] = OPEN_ACCESS,
) -> IntoFrameT:
    """Return how long after its publication a model, or an artifact of it, became accessible.

    Weights on request count as open, as in table 1 of ``cottier-2022-summary`` (footnote 3). Dates
    that are not known are ignored, and so are variants of a model.

    Returns: One row for each model that has both dates, sorted by model_id: model_id, published,
    published_precision, available, available_precision, access, certainty (``inferred`` if one of
    the two dates is), and the lag as in `add_lag`, below zero if the artifact came first.

    >>> from diffdata import load
    >>> lags = access_lag(load("model_dates", "2026.2"), load("artifacts", "2026.2"))
    >>> lags.set_index("model_id").loc["gpt-2", ["lag_days_low", "lag_days_high"]].tolist()
    [264, 264]
    """
    if kind not in ARTIFACT_KINDS:
        raise InvalidInputError(f"kind: expected one of {ARTIFACT_KINDS}, found {kind!r}")
    if isinstance(access, str) or not access or not set(access) <= set(ACCESS):
        raise InvalidInputError(f"access: expected some of {ACCESS}, found {access!r}")
    released = wrap(artifacts).filter(
        nw.col("variant").is_null(),
        ~nw.col("model_id").is_null(),
        nw.col("access").is_in(list(access)),
        artifact_kind=kind,
    )
    first = first_dates(released.rename(_AVAILABLE), "artifact_id")
    published = first_dates(wrap(model_dates).filter(milestone="published"), "source_id")
    lags = _between(published, "published", first, "available", "access")
    return unwrap(lags, like=model_dates)


@documented
def publication_delay(model_dates: IntoFrameT) -> IntoFrameT:
    """Return the time from the end of training of a model until it was made public.

    ``cottier-2022-summary`` (mechanisms, item 5) counts from when the paper could have been ready:
    its figures are in the table ``estimates``, under the quantity ``publication_delay``.

    Returns: One row for each model that has both dates, sorted by model_id: model_id, developed,
    developed_precision, first_public, first_public_precision, milestone (``announced`` or
    ``published``), certainty (``inferred`` if one of the two dates is), and the lag as in
    `add_lag`.

    >>> from diffdata import load
    >>> delays = publication_delay(load("model_dates", "2026.2")).set_index("model_id")
    >>> delays.loc["gopher", ["lag_days_low", "lag_days_high"]].tolist()
    [342, 372]
    """
    dates = wrap(model_dates)
    developed = first_dates(dates.filter(milestone="developed"), "source_id")
    made_public = dates.filter(nw.col("milestone").is_in(["announced", "published"]))
    public = first_dates(made_public, "milestone", "source_id")
    lags = _between(developed, "developed", public, "first_public", "milestone")
    return unwrap(lags, like=model_dates)


@documented
def prevailing_mechanism(
    diffusion_events: IntoFrameT,
    *,
    period: str = "year",
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> IntoFrameT:
    """Count the organizations that matched a model by each mechanism, and which one prevailed.

    The mechanisms are those of ``cottier-2022-summary``, and so is the question (mechanisms, item
    1). The actor of an open publication is the publisher: those who got the artifact from there
    have no row. Current rows with a reference model and a date count, except failed attempts, if
    every day that the date may be lies in one period and within the limits.

    Returns: One row for each period and mechanism with an event, sorted by both: period (such as
    ``2022``, ``2022-H1``, ``2022-Q2``, ``2022-05``), mechanism, organizations (the number of
    different ones) and the boolean ``prevails``: missing for the mechanisms that share the first
    place of their period.

    >>> from diffdata import load
    >>> events = load("diffusion_events", "2026.2")
    >>> prevailing_mechanism(events, since=datetime.date(2022, 5, 1)).values.tolist()[1]
    ['2022', 'open_publication', 3, True]
    """
    if period not in PERIODS:
        raise InvalidInputError(f"period: expected one of {tuple(PERIODS)}, found {period!r}")
    if since is not None and until is not None and since.toordinal() > until.toordinal():
        raise InvalidInputError(f"since: expected a day up to until, found {since} and {until}")
    events = wrap(diffusion_events).filter(
        ~nw.col("reference_model_id").is_null(),
        ~nw.col("date").is_null(),
        ~(nw.col("outcome") == "failed").fill_null(False),
        status="current",
    )
    events = with_days(events, "date", "_day")
    if since is not None:
        events = events.filter(nw.col("_day_first") >= since.toordinal())
    if until is not None:
        events = events.filter(nw.col("_day_last") <= until.toordinal())
    if period != "year":
        events = events.filter(nw.col("date_precision") != "year")
    counts = (
        events.select("mechanism", "organization_id", period=PERIODS[period])
        .unique()
        .group_by("period", "mechanism")
        .agg(nw.len().alias("organizations"))
        .with_columns(nw.col("organizations").cast(nw.Int64()))
    )
    leading = with_group(counts, ["period"], _most=nw.col("organizations").max()).with_columns(
        _leads=(nw.col("organizations") == nw.col("_most")).cast(nw.Int64())
    )
    counted = with_group(leading, ["period"], _leaders=nw.col("_leads").sum())
    prevails = choose((nw.col("_leads") == 0, False), (nw.col("_leaders") == 1, True))
    verdicts = counted.with_columns(prevails=prevails).drop("_most", "_leads", "_leaders")
    ordered = nw.maybe_reset_index(verdicts.sort("period", "mechanism"))
    return unwrap(nullable(ordered, "prevails"), like=diffusion_events)


@documented
def cascade(diffusion_events: IntoFrameT, artifacts: IntoFrameT) -> IntoFrameT:
    """Return the diffusion cascade: which artifacts of one model contributed to which other model.

    In a diffusion cascade the spread of artifacts that are relevant to a model leads to the spread
    of the model itself (``cottier-2022-summary``, mechanisms, item 4). Current events count.

    Returns: One row per edge, sorted by artifact and receiver: from_model_id or
    from_organization_id (the owner of the artifact), artifact_id, artifact_kind, to_model_id
    (missing where the event names no model), to_organization_id, mechanism, and certainty:
    ``stated`` if one of the events of the edge is. There is no edge from a model to itself.

    >>> from diffdata import load
    >>> edges = cascade(load("diffusion_events", "2026.2"), load("artifacts", "2026.2"))
    >>> edges[edges["from_model_id"] == "gpt-2"][["artifact_kind", "to_model_id"]].values.tolist()
    [['software', 'opt-175b']]
    """
    owners = wrap(artifacts).select(
        "artifact_id", "artifact_kind", from_model_id="model_id",
        from_organization_id="organization_id",
    )  # fmt: skip
    events = wrap(diffusion_events).filter(~nw.col("artifact_id").is_null(), status="current")
    received = events.select(
        "artifact_id", "mechanism", "certainty", to_model_id="model_id",
        to_organization_id="organization_id",
    )  # fmt: skip
    own = (nw.col("from_model_id") == nw.col("to_model_id")).fill_null(False)
    passed_on = received.join(owners, on="artifact_id").filter(~own)
    edges = passed_on.with_columns(_inferred=stated_first()).unique(
        _EDGE, keep="first", order_by=["_inferred"]
    )
    ordered = edges.select(*_EDGE, "certainty").sort(
        "artifact_id", "to_organization_id", "to_model_id", "mechanism"
    )
    return unwrap(nw.maybe_reset_index(ordered), like=diffusion_events)


@documented
def cascade_depth(cascade_edges: IntoFrameT, *, root: str) -> IntoFrameT:
    """Return the depth of each model in the cascade, counted from a model or an organization.

    Returns: One row for each model that can be reached, the nearest first: model_id and depth, the
    least number of edges from `root` (0 for itself, if it is a model).

    >>> import pandas as pd
    >>> edges = pd.DataFrame({"from_model_id": ["a", "b"], "from_organization_id": None,
    ...                       "to_model_id": ["b", "c"], "to_organization_id": "x"})
    >>> cascade_depth(edges, root="a").values.tolist()
    [['a', 0], ['b', 1], ['c', 2]]
    """
    edges = compute_once(wrap(cascade_edges).select(start=_node("from"), end=_node("to")).unique())
    nodes = nw.concat([edges.select(node="start"), edges.select(node="end")]).unique()
    names = [_MODEL + root, _ORGANIZATION + root]
    roots = sorted(node for (node,) in rows(nodes.filter(nw.col("node").is_in(names))))
    if not roots:
        raise InvalidInputError(
            f"root: {root!r} is neither a model nor an organization in the edges"
        )
    first = compute_once(nodes.filter(node=roots[0]))
    reached = frontier = first.with_columns(depth=nw.lit(0, dtype=nw.Int64()))
    edges = edges.drop_nulls()
    for depth in itertools.count(1):
        ends = edges.join(frontier.select(start="node"), on="start").select(node="end").unique()
        frontier = compute_once(ends.join(reached.select("node"), on="node", how="anti"))
        frontier = frontier.with_columns(depth=nw.lit(depth, dtype=nw.Int64()))
        if not rows(frontier.head(1)):
            break
        reached = compute_once(nw.concat([reached, frontier]))
    models = reached.filter(nw.col("node").str.starts_with(_MODEL)).select(
        nw.col("node").str.slice(len(_MODEL)).alias("model_id"), "depth"
    )
    found = nw.maybe_reset_index(models.sort("depth", "model_id"))
    return unwrap(found, like=cascade_edges)


def _claims(claims: Frame, kind: str, judged: str) -> Frame:
    """Keep the current claims, or those that were made first."""
    if judged == "now":
        return claims.filter(status="current")
    replacing = claims.select(_by=f"superseded_by_{kind}_id").drop_nulls().unique()
    return claims.join(replacing, left_on=f"{kind}_id", right_on="_by", how="anti")


def _earliest(dates: Frame) -> Frame:
    """Keep the row with the earliest date."""
    return first_dates(dates).sort("date", "model_id").head(1)


def _certainty(first: str, second: str) -> nw.Expr:
    """Return ``inferred`` where one of two certainties is, else ``stated``."""
    inferred = (nw.col(first) == "inferred") | (nw.col(second) == "inferred")
    return choose((inferred, "inferred"), otherwise="stated")


def _between(starts: Frame, start: str, ends: Frame, end: str, *others: str) -> Frame:
    """Join the dates of the same model, with the lag between them."""
    certainty = _certainty("certainty", "certainty_right")
    names = {"date": start, "date_precision": f"{start}_precision"}
    names |= {"date_right": end, "date_precision_right": f"{end}_precision"}
    dated = starts.select("model_id", "date", "date_precision", "certainty")
    both = dated.join(ends, on="model_id")
    chosen = both.select("model_id", *names, *others, certainty.alias("certainty")).rename(names)
    return nw.maybe_reset_index(add_lag(chosen, start=start, end=end).sort("model_id"))


def _node(end: str) -> nw.Expr:
    """Return the node at an end of an edge: a model, or else an organization."""
    model, organization = (
        nw.col(f"{end}_{kind}_id").cast(nw.String()) for kind in ("model", "organization")
    )
    return nw.coalesce(
        nw.concat_str(nw.lit(_MODEL), model), nw.concat_str(nw.lit(_ORGANIZATION), organization)
    )
