"""How models spread: how others caught up, after which delays, by which mechanisms and cascades.

Definitions, thresholds, mechanisms, delays and the diffusion cascade are those of Cottier's study
(source id ``cottier-2022-summary``, "20-minute summary"): the definitions under "Background",
item 3.2, the findings under "What have been the prevailing mechanisms", items 1, 4 and 5.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import add_lag, first_dates, within
from diffdata.derive.frames import (
    Frame,
    choose,
    compute_once,
    firsts,
    nullable,
    rows,
    stated_first,
    unwrap,
    with_group,
    wrap,
)
from diffdata.errors import InvalidInputError

# Table 1 of the study counts weights on request as "open-sourced" (its footnote 3).
OPEN_ACCESS = ("open", "on_request")

# "20-minute summary", item 3: trained with at least 1E+23 FLOP.
GPT3_LIKE_FLOP = 1e23

# The same, item 3.2: a performance that differs by no more than 2 %.
REPLICATION_POINTS = 2.0

# The rows of `replication_lag`, in this order.
_MILESTONES = ("better_model", "equal_open_model", "successful_replication")

# artifacts.artifact_kind, and artifacts.access without "none", which has no date.
ARTIFACT_KINDS = (
    "weights", "training_code", "training_data", "hyperparameters", "method_details", "api",
    "paper", "logbook", "software",
)  # fmt: skip
ACCESS = ("open", "on_request", "api_only", "partial")

# The periods by which events can be counted, in months.
PERIODS = {"year": 12, "half": 6, "quarter": 3, "month": 1}

# Prefixes of the identifiers of nodes of the cascade.
_MODEL, _ORGANIZATION = "model:", "organization:"

# The columns that distinguish the edges of the cascade.
_EDGE = [
    "from_model_id", "from_organization_id", "artifact_id", "artifact_kind", "to_model_id",
    "to_organization_id", "mechanism",
]  # fmt: skip


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

    Parameters
    ----------
    model_dates, artifacts, comparisons, diffusion_events : the tables of these names
    reference : the model_id of the reference model; the lags begin with its date of publication
    judged
        ``now``: by the current judgements. ``first``: by the judgements as they were first
        published, before any was superseded.
    access : the kinds of access to weights that count as open

    Returns
    -------
    frame
        At most one row for each milestone, in this order:

        - ``better_model``: the first model judged better, when it was finished (or else published);
        - ``equal_open_model``: the first model judged similar or better with accessible weights;
        - ``successful_replication``: the first explicit attempt judged successful.

        Columns: milestone, model_id, date, date_precision, certainty (``inferred`` if the date or
        the judgement is), and the lag as in `add_lag`.

    Examples
    --------
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
    ordered = add_lag(lags, start="start", end="date").sort("_order")
    timed = nw.maybe_reset_index(ordered.drop("start", "start_precision", "_order"))
    return unwrap(timed, like=model_dates)


def gpt3_like(
    models: IntoFrameT, *, compute: str = "training_compute_flop", threshold: float = GPT3_LIKE_FLOP
) -> IntoFrameT:
    """Return which models are GPT-3-like: dense, autoregressive on text, with enough compute.

    Parameters
    ----------
    models : a frame with the columns architecture, objective, modality and `compute` (FLOP)
    compute : the name of the column with the compute of the final training run
    threshold : the least compute in FLOP; the study says 1e23

    Returns
    -------
    frame
        The frame with the boolean column ``gpt3_like``: false where one of the conditions fails,
        missing where none fails but one is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "architecture": ["dense", "mixture_of_experts", "dense"], "modality": "text",
    ...     "objective": "autoregressive", "training_compute_flop": [3.14e23, None, None]})
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


def is_replication(
    models: IntoFrameT,
    evaluations: IntoFrameT,
    differences: IntoFrameT,
    *,
    points: float = REPLICATION_POINTS,
) -> IntoFrameT:
    """Return which models replicate another: same architecture, close on the same benchmarks.

    Parameters
    ----------
    models : the table ``models``; a model with ``architecture_of_model_id`` is a candidate
    evaluations
        The table ``evaluations``: scores in points. The two models are compared on the benchmarks
        that both have, in the same setting and metric.
    differences
        Published mean differences, used where the two have no benchmark in common: columns
        model_id, reference_model_id and ``value`` (points, model minus reference).
    points : the greatest mean difference, in points, that counts as close; the study says 2

    Returns
    -------
    frame
        One row per candidate: model_id, reference_model_id, benchmarks (number in common),
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
        basis=choose(
            (~nw.col("measured").is_null(), "evaluations"),
            (~nw.col("published").is_null(), "published"),
        ),
    ).drop("measured", "published")
    difference = nw.col("mean_difference")
    close = (difference.abs() <= points).fill_null(False)
    verdicts = found.with_columns(is_replication=choose((~difference.is_null(), close)))
    return unwrap(nullable(verdicts, "is_replication"), like=models)


def access_lag(
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    *,
    kind: str = "weights",
    access: Sequence[str] = OPEN_ACCESS,
) -> IntoFrameT:
    """Return how long after its publication a model, or an artifact of it, became accessible.

    Weights on request count as open, as in table 1 of the study (footnote 3 of source id
    ``cottier-2022-summary``). A release without a known date is ignored: where a dated one follows,
    as for Switch-C, the lag is that of the later one.

    Parameters
    ----------
    model_dates, artifacts
        The tables of these names. Artifacts of a smaller, quantized or unfinished variant do not
        count.
    kind : the kind of artifact (artifacts.artifact_kind)
    access : the kinds of access that count

    Returns
    -------
    frame
        One row for each model that has both dates, sorted by model_id: model_id, published,
        published_precision, available, available_precision (of the first dated stage with such
        access), access, certainty (``inferred`` if one of the two dates is), and the lag as in
        `add_lag`, below zero if the artifact came first. Of several dates the earliest counts, or a
        more precise one within it.

    Examples
    --------
    GPT-2 was published in February 2019; the weights of its full size came in November:

    >>> from diffdata import load
    >>> lags = access_lag(load("model_dates", "2026.2"), load("artifacts", "2026.2"))
    >>> lags = lags.set_index("model_id")
    >>> lags.loc["gpt-2", ["lag_days_low", "lag_days_high"]].tolist()
    [264, 264]
    >>> lags["access"].to_dict()["glm-130b"]
    'on_request'
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
    names = {"available": "date", "available_precision": "date_precision"}
    first = first_dates(released.rename(names), "artifact_id")
    published = first_dates(wrap(model_dates).filter(milestone="published"), "source_id")
    lags = _between(published, "published", first, "available", "access")
    return unwrap(lags, like=model_dates)


def publication_delay(model_dates: IntoFrameT) -> IntoFrameT:
    """Return the time from the end of training of a model until it was made public.

    The study (source id ``cottier-2022-summary``, "20-minute summary", "What have been the
    prevailing mechanisms", item 5) counts from when the paper could have been ready, which is the
    author's judgement: its figures are in the table ``estimates``, under the quantity
    ``publication_delay``.

    Parameters
    ----------
    model_dates : the table of this name

    Returns
    -------
    frame
        One row for each model that has both dates, sorted by model_id: model_id, developed,
        developed_precision, first_public, first_public_precision, milestone (``announced`` or
        ``published``, the milestone of first_public), certainty (``inferred`` if one of the two
        dates is), and the lag as in `add_lag`. Of several dates the earliest counts, or a more
        precise one within it.

    Examples
    --------
    Gopher, trained in December 2020 and published on 8 December 2021; according to the study, nine
    months of that are delay:

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


def prevailing_mechanism(
    diffusion_events: IntoFrameT,
    *,
    period: str = "year",
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> IntoFrameT:
    """Count the organizations that matched a model by each mechanism, and which one prevailed.

    The mechanisms are those of the study (source id ``cottier-2022-summary``, "20-minute summary",
    "Background", item 3.2), and so is the question which of them prevailed ("What have been the
    prevailing mechanisms", item 1). The actor of an open publication is the publisher: those who
    got the artifact from there have no row. (The study estimates that they alone were more than all
    developers of such models.)

    Parameters
    ----------
    diffusion_events
        The table of this name. Current rows with a reference model and a date count, except failed
        attempts.
    period : ``year``, ``half``, ``quarter`` or ``month``
    since, until : the first and the last day to count; no limit by default

    Returns
    -------
    frame
        One row for each period and mechanism with an event, sorted by both: period (such as
        ``2022``, ``2022-H1``, ``2022-Q2``, ``2022-05``), mechanism, organizations (the number of
        different ones) and the boolean ``prevails``: missing for the mechanisms that share the
        first place of their period. An event counts only if every day that its date may be lies in
        one period, and from `since` to `until`: one that is precise to the year counts only by
        years.

    Examples
    --------
    The study finds that incremental research prevailed up until the release of OPT-175B in May
    2022, and open publication from then on:

    >>> from datetime import date
    >>> from diffdata import load
    >>> events = load("diffusion_events", "2026.2")
    >>> prevailing_mechanism(events, until=date(2022, 4, 30)).values.tolist()[-1]
    ['2022', 'incremental_research', 2, True]
    >>> prevailing_mechanism(events, since=date(2022, 5, 1)).values.tolist()[1]
    ['2022', 'open_publication', 3, True]
    """
    if period not in PERIODS:
        raise InvalidInputError(f"period: expected one of {tuple(PERIODS)}, found {period!r}")
    if since is not None and until is not None and _midnight(since) > _midnight(until):
        raise InvalidInputError(f"since: expected a day up to until, found {since} and {until}")
    events = wrap(diffusion_events).filter(
        ~nw.col("reference_model_id").is_null(),
        ~nw.col("date").is_null(),
        ~(nw.col("outcome") == "failed").fill_null(False),
        status="current",
    )
    events = within(events, "date", since, until)
    if period != "year":
        events = events.filter(nw.col("date_precision") != "year")
    counts = (
        events.select("mechanism", "organization_id", period=_period(period))
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


def cascade(diffusion_events: IntoFrameT, artifacts: IntoFrameT) -> IntoFrameT:
    """Return the diffusion cascade: which artifacts of one model contributed to which other model.

    In a diffusion cascade the spread of artifacts that are relevant to a model (datasets, smaller
    models, tools, details of the method) leads to the spread of the model itself (source id
    ``cottier-2022-summary``, "20-minute summary", "What have been the prevailing mechanisms",
    item 4).

    Parameters
    ----------
    diffusion_events, artifacts
        The tables of these names. Current events with an artifact in `artifacts` count; filter
        `artifacts` to get the cascade of software alone, for example.

    Returns
    -------
    frame
        One row per edge, sorted by artifact and receiver: from_model_id or from_organization_id
        (the owner of the artifact), artifact_id, artifact_kind, to_model_id (missing where the
        event names no model), to_organization_id, mechanism, and certainty: ``stated`` if one of
        the events of the edge is. There is no edge from a model to itself, nor for a model that was
        matched without a named artifact.

    Examples
    --------
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
    edges = firsts(passed_on.with_columns(_inferred=stated_first()), _EDGE, ["_inferred"])
    ordered = edges.select(*_EDGE, "certainty").sort(
        "artifact_id", "to_organization_id", "to_model_id", "mechanism"
    )
    return unwrap(nw.maybe_reset_index(ordered), like=diffusion_events)


def cascade_depth(cascade_edges: IntoFrameT, *, root: str) -> IntoFrameT:
    """Return the depth of each model in the cascade, counted from a model or an organization.

    The cascade is that of source id ``cottier-2022-summary``, see `cascade`; the depth is an
    addition of diffdata.

    Parameters
    ----------
    cascade_edges
        The result of `cascade`. An edge leads from a model or else an organization to a model, or
        to an organization if no model is named.
    root
        The model_id or else the organization_id to start from; InvalidInputError if it is not in
        the edges.

    Returns
    -------
    frame
        One row for each model that can be reached, the nearest first: model_id and depth, the least
        number of edges from `root` (0 for itself, if it is a model).

    Examples
    --------
    >>> import pandas as pd
    >>> edges = pd.DataFrame({
    ...     "from_model_id": ["a", "b", None, "c"],
    ...     "from_organization_id": [None, None, "lab", None],
    ...     "to_model_id": ["b", "c", "c", "a"],
    ...     "to_organization_id": ["lab", "x", "x", "y"]})
    >>> cascade_depth(edges, root="a").values.tolist()
    [['a', 0], ['b', 1], ['c', 2]]
    >>> cascade_depth(edges, root="lab").values.tolist()
    [['c', 1], ['a', 2], ['b', 3]]
    """
    edges = compute_once(_between_nodes(wrap(cascade_edges)))
    nodes = nw.concat([edges.select(node="start"), edges.select(node="end")]).unique()
    begin = _root(root, nodes)
    first = compute_once(nodes.filter(node=begin))
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


def _finished(dates: Frame) -> Frame:
    """Return for each model the date when it was finished, or else that of its publication."""
    columns = ["model_id", "certainty", "date", "date_precision"]
    finished = dates.filter(milestone="developed").select(columns)
    others = dates.filter(nw.col("milestone").is_in(["announced", "published"])).join(
        finished.select("model_id").drop_nulls().unique(), on="model_id", how="anti"
    )
    return nw.concat([finished, others.select(columns)])


def _first(milestone: str, dates: Frame, claims: Frame | None = None) -> Frame:
    """Return the row of the model that reached a milestone first, or no row."""
    if claims is None:
        claims = dates.select("model_id", judgement_certainty="certainty").unique()
    first = _earliest(dates.join(claims, on="model_id"))
    return first.select(
        nw.lit(_MILESTONES.index(milestone)).alias("_order"),
        nw.lit(milestone).alias("milestone"),
        "model_id",
        "date",
        "date_precision",
        certainty=_certainty("certainty", "judgement_certainty"),
    )


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


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day)


def _period(period: str) -> nw.Expr:
    """Return the name of the period of a date: 2022, 2022-H1, 2022-Q2, 2022-05."""
    date = nw.col("date").dt
    if period == "year":
        return date.to_string("%Y")
    if period == "month":
        return date.to_string("%Y-%m")
    number = (date.month().cast(nw.Int64()) - 1) // PERIODS[period] + 1
    letter = nw.lit("-H" if period == "half" else "-Q")
    return nw.concat_str(date.to_string("%Y"), letter, number.cast(nw.String()))


def _between_nodes(edges: Frame) -> Frame:
    """Return the two nodes of each edge: a model, or else an organization."""
    ends = {"start": "from", "end": "to"}
    nodes = {}
    for name, end in ends.items():
        model, organization = nw.col(f"{end}_model_id"), nw.col(f"{end}_organization_id")
        nodes[name] = choose(
            (~model.is_null(), nw.concat_str(nw.lit(_MODEL), model.cast(nw.String()))),
            otherwise=nw.concat_str(nw.lit(_ORGANIZATION), organization.cast(nw.String())),
        )
    return edges.select(**nodes).unique()


def _root(name: str, nodes: Frame) -> str:
    for node in (_MODEL + name, _ORGANIZATION + name):
        if rows(nodes.filter(node=node)):
            return node
    raise InvalidInputError(f"root: {name!r} is neither a model nor an organization in the edges")
