"""How models spread: which replicate another, and by which mechanisms and cascades.

Definitions and thresholds are those of Cottier's study (source id ``cottier-2022-summary``,
"20-minute summary"): the definitions under "Background", item 3.2, the findings under "What have
been the prevailing mechanisms", items 1 and 4. Tables are named as in the dataset.
"""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import with_days
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

__all__ = ["cascade", "cascade_depth", "gpt3_like", "is_replication", "prevailing_mechanism"]

GPT3_LIKE_FLOP = 1e23  # "20-minute summary", item 3
# Domains of models that read or write something else than text.
OTHER_MEDIA = (
    "vision", "image_generation", "video", "speech", "audio", "multimodal", "3d_modeling", "games",
    "robotics", "driving",
)  # fmt: skip
REPLICATION_POINTS = 2.0  # item 3.2: a performance that differs by no more than 2 %
# Metrics whose differences are not points of a scale to 100.
NOT_IN_POINTS = (
    "bits_per_byte", "bits_per_character", "fid", "judge_score", "perplexity", "rating",
    "scaled_score", "time_horizon",
)  # fmt: skip

# The names of the periods by which events can be counted.
_YEAR, _MONTH = nw.col("date").dt.to_string("%Y"), nw.col("date").dt.month().cast(nw.Int64())
PERIODS = {
    "year": _YEAR,
    "half": nw.concat_str(_YEAR, nw.lit("-H"), ((_MONTH + 5) // 6).cast(nw.String())),
    "quarter": nw.concat_str(_YEAR, nw.lit("-Q"), ((_MONTH + 2) // 3).cast(nw.String())),
    "month": nw.col("date").dt.to_string("%Y-%m"),
}

# Prefixes of the identifiers of nodes of the cascade.
_MODEL, _ORGANIZATION = "model:", "organization:"

# The columns that distinguish the edges of the cascade.
_EDGE = [
    "from_model_id", "from_organization_id", "artifact_id", "artifact_kind", "to_model_id",
    "to_organization_id", "mechanism",
]  # fmt: skip


@documented
def gpt3_like(
    models: IntoFrameT,
    model_domains: IntoFrameT | None = None,
    *,
    compute: str = "training_compute_flop",
    threshold: float = GPT3_LIKE_FLOP,
) -> IntoFrameT:
    """Return which models are GPT-3-like: dense, autoregressive on text, with enough compute.

    Of `models` it reads the columns model_id, architecture, objective and `compute`. A model is one
    of text if language is among its domains and no other medium is. Without `model_domains` the
    column ``modality`` says so, which the models of the editions 2026.1 and 2026.2 have.

    Returns: The frame with the boolean column ``gpt3_like``: false where one of the conditions
    fails, missing where none fails but one is unknown.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"model_id": ["a", "b", "c"], "architecture": "dense",
    ...     "objective": "autoregressive", "training_compute_flop": [3.14e23, 1e22, None]})
    >>> domains = pd.DataFrame({"model_id": ["a", "b", "c"], "domain": "language"})
    >>> gpt3_like(frame, domains)["gpt3_like"].tolist()
    [True, False, <NA>]
    """
    wide = wrap(models)
    language, others = nw.col("_language"), nw.col("_others")
    if model_domains is not None:
        domain = nw.col("domain")
        counted = wrap(model_domains).select(
            "model_id",
            _language=(domain == "language").cast(nw.Int64()),
            _others=domain.is_in(list(OTHER_MEDIA)).cast(nw.Int64()),
        )
        found = counted.group_by("model_id").agg(language.sum(), others.sum())
        wide = wide.join(found, on="model_id", how="left")
        is_text = (others, (language > 0) & (others == 0))
    elif "modality" in wide.collect_schema().names():
        is_text = (nw.col("modality"), nw.col("modality") == "text")
    else:
        raise InvalidInputError("gpt3_like: expected model_domains, or models with a modality")
    conditions = [
        (nw.col("architecture"), nw.col("architecture") == "dense"),
        (nw.col("objective"), nw.col("objective") == "autoregressive"),
        is_text,
        (nw.col(compute), nw.col(compute) >= threshold),
    ]
    fails = nw.any_horizontal(
        *(~value.is_null() & ~passes.fill_null(False) for value, passes in conditions),
        ignore_nulls=True,
    )
    unknown = nw.any_horizontal(*(value.is_null() for value, _ in conditions), ignore_nulls=True)
    verdict = choose((fails, False), (~unknown, True)).alias("gpt3_like")
    return unwrap(
        nullable(
            wide.with_columns(verdict).drop("_language", "_others", strict=False), "gpt3_like"
        ),
        like=models,
    )


@documented
def is_replication(
    models: IntoFrameT,
    evaluations: IntoFrameT,
    differences: IntoFrameT,
    *,
    points: float = REPLICATION_POINTS,
    comparisons: IntoFrameT | None = None,
    diffusion_events: IntoFrameT | None = None,
) -> IntoFrameT:
    """Return which models replicate another: same architecture, close on the same benchmarks.

    A model with ``architecture_of_model_id`` is a candidate. With the tables `comparisons` and
    `diffusion_events`, so are the models that are now judged similar to another, and explicit
    attempts. Benchmarks are the same in the same setting, metric, tuning and subset, where exact
    match is an accuracy; of several scores the mean counts, without repeated ones. Metrics that
    are not on a scale to 100, such as ratings and perplexities, do not count. Published differences
    count where two models have none in common.

    Returns: One row per candidate: model_id, reference_model_id, the boolean ``same_architecture``
    (true by ``architecture_of_model_id``, false where the architectures differ, missing where
    nothing says that they are the same), benchmarks (number in common), mean_difference (points),
    basis (``evaluations`` or ``published``, missing where there is neither) and the boolean
    ``is_replication``: false where one of the criteria fails, missing where none fails and one is
    unknown.

    >>> import pandas as pd
    >>> models = pd.DataFrame({"model_id": ["a", "b"], "architecture_of_model_id": [None, "a"]})
    >>> scores = pd.DataFrame({"model_id": ["a", "b"], "benchmark": "piqa", "setting": "zero_shot",
    ...                        "metric": "accuracy", "score": [80.5, 79.0]})
    >>> none = pd.DataFrame({"model_id": [], "reference_model_id": [], "value": []}, dtype=object)
    >>> is_replication(models, scores, none)[["mean_difference", "is_replication"]].values.tolist()
    [[-1.5, True]]
    """
    reported = wrap(evaluations).filter(~nw.col("metric").is_in(NOT_IN_POINTS))
    there = reported.collect_schema().names()
    if "repeated" in there:
        reported = reported.filter(~nw.col("repeated").fill_null(False))
    key = ["benchmark", "setting", "metric", *(c for c in ("tuning", "subset") if c in there)]
    on = ["model_id", "reference_model_id"]
    pairs = _candidates(models, comparisons, diffusion_events)
    metric = choose((nw.col("metric") == "exact_match", "accuracy"), otherwise=nw.col("metric"))
    scores = (
        reported.with_columns(metric.alias("metric"), *(nw.col(c).fill_null("") for c in key[3:]))
        .group_by("model_id", *key)
        .agg(nw.col("score").mean())
    )
    measured = (
        pairs.join(scores, on="model_id")
        .join(
            scores.rename({"model_id": "reference_model_id", "score": "reference_score"}),
            on=["reference_model_id", *key],
        )
        .with_columns(difference=nw.col("score") - nw.col("reference_score"))
        .group_by(*on)
        .agg(nw.len().alias("benchmarks"), nw.col("difference").mean().alias("measured"))
    )
    published = wrap(differences).select(*on, published=nw.col("value").cast(nw.Float64()))
    found = pairs.join(measured, on=on, how="left").join(published, on=on, how="left")
    found = found.with_columns(
        nw.col("benchmarks").fill_null(0).cast(nw.Int64()),
        mean_difference=nw.coalesce("measured", "published"),
        basis=choose(
            (~nw.col("measured").is_null(), "evaluations"),
            (~nw.col("published").is_null(), "published"),
        ),
    ).drop("measured", "published")
    difference, same, differs = (nw.col(n) for n in ("mean_difference", "_same", "_differs"))
    far = (difference.abs() > points).fill_null(False)
    verdicts = found.with_columns(
        same_architecture=choose((same, True), (differs, False)),
        is_replication=choose((far | differs, False), (same & ~difference.is_null(), True)),
    ).select(*on, "same_architecture", "benchmarks", "mean_difference", "basis", "is_replication")
    ordered = nw.maybe_reset_index(verdicts.sort(*on))
    return unwrap(nullable(ordered, "same_architecture", "is_replication"), like=models)


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


def _candidates(models: IntoFrameT, comparisons: Any, diffusion_events: Any) -> Frame:
    """Return the pairs of models of which one may replicate the other."""
    on = ["model_id", "reference_model_id"]
    known = wrap(models)
    declared = known.select("model_id", reference_model_id="architecture_of_model_id").drop_nulls()
    named = [declared]
    if comparisons is not None:
        named.append(wrap(comparisons).filter(status="current", judgement="similar").select(on))
    if diffusion_events is not None:
        attempts = wrap(diffusion_events).filter(nw.col("explicit_attempt").fill_null(False))
        named.append(attempts.filter(status="current").select(on))
    pairs = nw.concat(
        [frame.select(*(nw.col(name).cast(nw.String()) for name in on)) for frame in named]
    )
    pairs = (
        pairs.drop_nulls()
        .unique()
        .join(declared.with_columns(_declared=nw.lit(True)), on=on, how="left")
    )
    if "architecture" not in known.collect_schema().names():
        return pairs.select(*on, _same=~nw.col("_declared").is_null(), _differs=nw.lit(False))
    kinds = known.select("model_id", _ours="architecture")
    theirs = kinds.rename({"model_id": "reference_model_id", "_ours": "_theirs"})
    pairs = pairs.join(kinds, on="model_id", how="left")
    pairs = pairs.join(theirs, on="reference_model_id", how="left")
    same = ~nw.col("_declared").is_null()
    stated = ~nw.col("_ours").is_null() & ~nw.col("_theirs").is_null()
    differs = stated & (nw.col("_ours") != nw.col("_theirs")).fill_null(False)
    return pairs.select(*on, _same=same, _differs=differs & ~same)


def _node(end: str) -> nw.Expr:
    """Return the node at an end of an edge: a model, or else an organization."""
    model, organization = (
        nw.col(f"{end}_{kind}_id").cast(nw.String()) for kind in ("model", "organization")
    )
    return nw.coalesce(
        nw.concat_str(nw.lit(_MODEL), model), nw.concat_str(nw.lit(_ORGANIZATION), organization)
    )
