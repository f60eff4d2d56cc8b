"""How it spread: how long things were held back, by which mechanism, along which chain.

Mechanisms, delays and the diffusion cascade are those of Cottier's study (source id
``cottier-2022-summary``, "20-minute summary"): the definitions under "Background", item 3.2, the
findings under "What have been the prevailing mechanisms", items 1, 4 and 5.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import first_dates, with_lag, within
from diffdata.derive.diffusion import OPEN_ACCESS
from diffdata.derive.frames import (
    Frame,
    firsts,
    held,
    nullable,
    rows,
    stated_first,
    unwrap,
    with_group,
    wrap,
)
from diffdata.errors import InvalidInputError

# artifacts.artifact_kind, and artifacts.access without "none", which has no date to count to.
ARTIFACT_KINDS = (
    "weights",
    "training_code",
    "training_data",
    "hyperparameters",
    "method_details",
    "api",
    "paper",
    "logbook",
    "software",
)
ACCESS = ("open", "on_request", "api_only", "partial")

# Months in each period by which events can be counted.
PERIODS = {"year": 12, "half": 6, "quarter": 3, "month": 1}

# What the identifiers of nodes of the cascade begin with.
_MODEL, _ORGANIZATION = "model:", "organization:"

# The columns that tell one edge of the cascade from another.
_EDGE = [
    "from_model_id",
    "from_organization_id",
    "artifact_id",
    "artifact_kind",
    "to_model_id",
    "to_organization_id",
    "mechanism",
]


def access_lag(
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    *,
    kind: str = "weights",
    access: Sequence[str] = OPEN_ACCESS,
) -> IntoFrameT:
    """Return how long after its publication a model, or what belongs to it, could be had.

    Weights given on request count as open, as in table 1 of the study (footnote 3 of source id
    ``cottier-2022-summary``).

    Parameters
    ----------
    model_dates, artifacts
        The tables of these names. Artifacts of a smaller, quantized or unfinished variant do not
        count, nor do stages of a release without a date.
    kind
        The kind of artifact (artifacts.artifact_kind).
    access
        The kinds of access that count.

    Returns
    -------
    frame
        One row for each model that has both dates, sorted by model_id: model_id, published,
        published_precision, available, available_precision (since when the first dated stage with
        such access could be had), access, certainty (``inferred`` if one of the two dates is), then
        lag_days_low, lag_days_high (whole days), lag_months_low, lag_months_high (see `add_lag`).
        A lag below zero means that the artifact came first. Of several dates the earliest counts;
        one that only says less precisely what another one says gives way to that one.

    Raises
    ------
    InvalidInputError
        If `kind` is no kind of artifact, or `access` is empty or holds something else than kinds of
        access.

    Notes
    -----
    A release of which no source gives the date is passed over. Where a dated one follows, as for
    Switch-C, the lag is that of the later one.

    Examples
    --------
    GPT-2 was published in February 2019; the weights of its full size came in November:

    >>> from diffdata import load
    >>> lags = access_lag(load("model_dates"), load("artifacts")).set_index("model_id")
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
    first = first_dates(
        released.rename({"available": "date", "available_precision": "date_precision"}),
        "artifact_id",
    )
    published = first_dates(wrap(model_dates).filter(milestone="published"), "source_id")
    lags = _between(published, "published", first, "available", "access")
    return unwrap(lags, like=model_dates)


def publication_delay(model_dates: IntoFrameT) -> IntoFrameT:
    """Return how long a finished model was kept before it was made public.

    This is the time from the end of training. The study (source id ``cottier-2022-summary``,
    "20-minute summary", "What have been the prevailing mechanisms", item 5) counts from when the
    paper could have been ready, which takes the author's judgement: its figures are in the table
    ``estimates``, under the quantity ``publication_delay``.

    Parameters
    ----------
    model_dates
        The table of this name.

    Returns
    -------
    frame
        One row for each model that has both dates, sorted by model_id: model_id, developed,
        developed_precision, first_public, first_public_precision, milestone (``announced`` or
        ``published``: what first_public is the date of), certainty (``inferred`` if one of the two
        dates is), then lag_days_low, lag_days_high (whole days), lag_months_low, lag_months_high
        (see `add_lag`). Of several dates the earliest counts; one that only says less precisely
        what another one says gives way to that one.

    Examples
    --------
    Gopher, trained in December 2020 and published on 8 December 2021; the study holds nine months
    of that to be delay:

    >>> from diffdata import load
    >>> delays = publication_delay(load("model_dates")).set_index("model_id")
    >>> delays.loc["gopher", ["lag_days_low", "lag_days_high"]].tolist()
    [342, 372]
    """
    dates = wrap(model_dates)
    developed = first_dates(dates.filter(milestone="developed"), "source_id")
    public = first_dates(
        dates.filter(nw.col("milestone").is_in(["announced", "published"])),
        "milestone",
        "source_id",
    )
    lags = _between(developed, "developed", public, "first_public", "milestone")
    return unwrap(lags, like=model_dates)


def prevailing_mechanism(
    diffusion_events: IntoFrameT,
    *,
    period: str = "year",
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> IntoFrameT:
    """Count by which mechanism actors came to a model like another one, and which prevailed.

    The mechanisms are those of the study (source id ``cottier-2022-summary``, "20-minute summary",
    "Background", item 3.2), and so is the question which of them prevailed ("What have been the
    prevailing mechanisms", item 1).

    Parameters
    ----------
    diffusion_events
        The table of this name. Current rows with a reference model and a date count; attempts that
        failed brought nobody a model and do not, while doubtful ones do.
    period
        ``year``, ``half``, ``quarter`` or ``month``.
    since, until
        The first and the last day of what is counted; by default everything.

    Returns
    -------
    frame
        One row for each period and mechanism with an event, sorted by both: period (such as
        ``2022``, ``2022-H1``, ``2022-Q2``, ``2022-05``), mechanism, organizations (how many
        different ones, each counted once) and the boolean ``prevails``: missing for the mechanisms
        that share the first place of their period.

        An event counts only where all days that its date may mean lie in one period, and from
        `since` to `until`. One known to the year alone thus counts by years, and otherwise nowhere.

    Raises
    ------
    InvalidInputError
        If `period` is none of the four, or `since` is after `until`.

    Notes
    -----
    Of an open publication the actor is the publisher; whoever got the artifact from there has no
    row. The study estimates that those alone were more than all developers of such models; here
    the publishers count.

    Examples
    --------
    The study finds that incremental research prevailed up until the release of OPT-175B in May
    2022, and open publication from then on:

    >>> from datetime import date
    >>> from diffdata import load
    >>> events = load("diffusion_events")
    >>> prevailing_mechanism(events, until=date(2022, 4, 30)).values.tolist()[-1]
    ['2022', 'incremental_research', 2, True]
    >>> prevailing_mechanism(events, since=date(2022, 5, 1))
      period             mechanism  organizations  prevails
    0   2022  incremental_research              2     False
    1   2022      open_publication              3      True
    2   2022           replication              1     False
    """
    if period not in PERIODS:
        raise InvalidInputError(f"period: expected one of {tuple(PERIODS)}, found {period!r}")
    if since is not None and until is not None and _midnight(since) > _midnight(until):
        raise InvalidInputError(f"since: expected no day after until, found {since} and {until}")
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
    alone = nw.when(nw.col("_leaders") == 1).then(nw.lit(True))
    prevails = nw.when(nw.col("_leads") == 0).then(nw.lit(False)).otherwise(alone)
    verdicts = counted.with_columns(prevails=prevails).drop("_most", "_leads", "_leaders")
    ordered = nw.maybe_reset_index(verdicts.sort("period", "mechanism"))
    return unwrap(nullable(ordered, "prevails"), like=diffusion_events)


def cascade(diffusion_events: IntoFrameT, artifacts: IntoFrameT) -> IntoFrameT:
    """Return the diffusion cascade: which artifacts of one model went into which other model.

    In a diffusion cascade the spread of artifacts that are relevant to a model (datasets, smaller
    models, tools, details of the method) begets the spread of the model itself (source id
    ``cottier-2022-summary``, "20-minute summary", "What have been the prevailing mechanisms",
    item 4).

    Parameters
    ----------
    diffusion_events, artifacts
        The tables of these names. Current events with an artifact count; those whose artifact is
        not in `artifacts` are left out, so that the cascade of software, say, is that of the
        artifacts of this kind.

    Returns
    -------
    frame
        One row an edge, sorted by artifact and receiver: from_model_id or from_organization_id (to
        which of the two the artifact belongs), artifact_id, artifact_kind, to_model_id (missing
        where the event names no model), to_organization_id, mechanism, and certainty: ``stated`` if
        one of the events that tell of the edge is. There is no edge from a model to itself: that
        one's maker publishes an artifact tells of no receiver. Nor is there one for a model that
        was matched without an artifact of it being named.

    Examples
    --------
    >>> from diffdata import load
    >>> edges = cascade(load("diffusion_events"), load("artifacts"))
    >>> edges[edges["from_model_id"] == "gpt-2"][["artifact_kind", "to_model_id"]].values.tolist()
    [['software', 'opt-175b']]
    """
    owners = wrap(artifacts).select(
        "artifact_id",
        "artifact_kind",
        from_model_id="model_id",
        from_organization_id="organization_id",
    )
    received = (
        wrap(diffusion_events)
        .filter(~nw.col("artifact_id").is_null(), status="current")
        .select(
            "artifact_id",
            "mechanism",
            "certainty",
            to_model_id="model_id",
            to_organization_id="organization_id",
        )
    )
    own = (nw.col("from_model_id") == nw.col("to_model_id")).fill_null(False)
    edges = (
        received.join(owners, on="artifact_id")
        .filter(~own)
        .select(*_EDGE, "certainty", stated_first().alias("_inferred"))
    )
    edges = (
        firsts(edges, _EDGE, ["_inferred"])
        .drop("_inferred")
        .sort("artifact_id", "to_organization_id", "to_model_id", "mechanism")
    )
    return unwrap(nw.maybe_reset_index(edges), like=diffusion_events)


def cascade_depth(cascade_edges: IntoFrameT, *, root: str) -> IntoFrameT:
    """Return how many steps down the cascade from a model or an organization each model is.

    The cascade is that of source id ``cottier-2022-summary``, "20-minute summary", "What have been
    the prevailing mechanisms", item 4; counting its steps is our own.

    Parameters
    ----------
    cascade_edges
        What `cascade` returns. An edge leads from a model, or else from an organization, to a
        model, or where none is named, to an organization.
    root
        The model_id or else the organization_id of where to begin.

    Returns
    -------
    frame
        One row for each model that can be reached, the nearest first: model_id and depth, the least
        number of edges from `root` (0 for itself, if it is a model).

    Raises
    ------
    InvalidInputError
        If `root` is not in the edges.

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
    edges = held(_between_nodes(wrap(cascade_edges)))
    nodes = nw.concat([edges.select(node="start"), edges.select(node="end")]).unique()
    begin = _root(root, nodes)
    reached = frontier = held(nodes.filter(node=begin)).with_columns(
        depth=nw.lit(0, dtype=nw.Int64())
    )
    edges = edges.drop_nulls()
    for depth in itertools.count(1):
        following = edges.join(frontier.select(start="node"), on="start").select(node="end")
        frontier = held(following.unique().join(reached.select("node"), on="node", how="anti"))
        frontier = frontier.with_columns(depth=nw.lit(depth, dtype=nw.Int64()))
        if not rows(frontier.head(1)):
            break
        reached = held(nw.concat([reached, frontier]))
    prefix = len(_MODEL)
    models = reached.filter(nw.col("node").str.starts_with(_MODEL)).select(
        nw.col("node").str.slice(prefix).alias("model_id"), "depth"
    )
    found = nw.maybe_reset_index(models.sort("depth", "model_id"))
    return unwrap(found, like=cascade_edges)


def _between(starts: Frame, start: str, ends: Frame, end: str, *others: str) -> Frame:
    """Put the dates of the same model side by side, with the lag between them."""
    inferred = (nw.col("certainty") == "inferred") | (nw.col("certainty_right") == "inferred")
    certainty = nw.when(inferred).then(nw.lit("inferred")).otherwise(nw.lit("stated"))
    names = {"date": start, "date_precision": f"{start}_precision"}
    names |= {"date_right": end, "date_precision_right": f"{end}_precision"}
    both = starts.select("model_id", "date", "date_precision", "certainty").join(
        ends, on="model_id"
    )
    chosen = both.select("model_id", *names, *others, certainty.alias("certainty")).rename(names)
    timed: Frame = with_lag(chosen, start, end)
    return nw.maybe_reset_index(timed.sort("model_id"))


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day)


def _period(period: str) -> nw.Expr:
    """Name the period in which a date lies: 2022, 2022-H1, 2022-Q2, 2022-05."""
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
    nodes = {
        name: nw.when(~nw.col(f"{end}_model_id").is_null())
        .then(nw.concat_str(nw.lit(_MODEL), nw.col(f"{end}_model_id").cast(nw.String())))
        .otherwise(
            nw.concat_str(nw.lit(_ORGANIZATION), nw.col(f"{end}_organization_id").cast(nw.String()))
        )
        for name, end in ends.items()
    }
    return edges.select(**nodes).unique()


def _root(name: str, nodes: Frame) -> str:
    for node in (_MODEL + name, _ORGANIZATION + name):
        if rows(nodes.filter(node=node)):
            return node
    raise InvalidInputError(f"root: {name!r} is no model and no organization in the edges")
