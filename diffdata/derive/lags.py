"""How long others took: until a model was matched, became accessible, or was made public.

Definitions are those of Cottier's study (source id ``cottier-2022-summary``, "20-minute summary",
under "Background" and "What have been the prevailing mechanisms", item 5). Tables are named as in
the dataset.

What has not happened has a row too, censored at the day `as_of`. By default that is the last day
that the dates of the given tables speak of; what happened later than `as_of` has not happened yet.
The column ``status`` says what is known:

- ``reached``: it happened. The lag is an interval, because dates have a precision. Without a date
  only its upper end is known, by the last day that the tables speak of; so too where what has no
  date may be the first of several, its model having been finished or public by then.
- ``not_reached``: by what is stated it has not happened by `as_of`. The lag is longer than its
  lower end, and its upper end is missing.
- ``not_stated``: nothing is stated about it, so it has no lag.

Several dates of one event: the earliest counts, or a more precise one within it. The first of
several events, of which dates may overlap, lies between the least of their first days and the least
of their last days. No result depends on the order of rows or on the names of models.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.dates import (
    days_of,
    first_dates,
    first_of,
    first_public,
    given_day,
    last_day,
    of_models,
    public_dates,
    with_days,
    with_lag,
)
from diffdata.derive.formula import documented
from diffdata.derive.frames import Frame, choose, make_dated, rows, unwrap, wrap
from diffdata.errors import InvalidInputError, suggestion

__all__ = ["access_lag", "publication_delay", "replication_lag"]

OPEN_ACCESS = ("open", "on_request")  # table 1 of the study, footnote 3

# artifacts.artifact_kind, and artifacts.access without "none", which has no date; most open first.
ARTIFACT_KINDS = (
    "weights", "training_code", "training_data", "hyperparameters", "method_details", "api",
    "paper", "logbook", "software",
)  # fmt: skip
ACCESS = ("open", "on_request", "api_only", "partial")
# comparisons.judgement, in order.
JUDGEMENTS = ("worse", "similar", "better")
MILESTONES = ("better_model", "equal_open_model", "successful_replication")

# Names by which artifacts have a date like other rows.
_AVAILABLE = {"available": "date", "available_precision": "date_precision"}


@dataclass(frozen=True)
class _Event:
    """Something that a model did on a day that is known with a precision, or not at all."""

    model_id: str | None
    date: datetime.date | None
    precision: str | None
    stated: bool
    since: int = 0  # without a date: the first day on which its model was finished or public

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day that the date may be."""
        first, last = days_of(self.date or datetime.date.min, self.precision)
        return first.toordinal(), last.toordinal()


@documented
def replication_lag(
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    comparisons: IntoFrameT,
    diffusion_events: IntoFrameT,
    model_developers: IntoFrameT | None = None,
    organization_relations: IntoFrameT | None = None,
    *,
    reference: str | Sequence[str],
    judged: str = "now",
    access: Sequence[str] = OPEN_ACCESS,
    include_developer: bool = False,
    as_of: datetime.date | str | None = None,
) -> IntoFrameT:
    """Return how long after a reference model others surpassed, matched openly or replicated it.

    The lags begin when the reference was announced or published, whichever came first. Its own
    developers and itself are not followers; with the table `organization_relations` (in editions
    before 2026.3 `organizations`), neither are those of their group on the day `as_of`. The rules
    of judgements:

    - ``now`` are those that are current; ``first`` are those that no earlier one precedes by its
      date, where one has a date.
    - Of several on one pair, those that a source states come before those inferred by us. Of those
      that remain, the median counts, of two middle ones the lower.

    Returns: One row for each reference and milestone: ``better_model`` (the first model judged
    better, when it was finished or else made public), ``equal_open_model`` (the first model judged
    similar or better with accessible weights) and ``successful_replication`` (the first explicit
    attempt judged successful). Columns: reference_model_id, milestone, status (``reached``,
    ``not_reached``, or ``not_stated`` without any comparison or attempt), model_id (the first
    follower, missing where it may be one of several), candidates (all that may be the first, in
    the order of the alphabet, separated by ``; ``), date and date_precision of the one that may be
    the earliest, certainty (``stated`` if it is so for all candidates, their dates and
    judgements), as_of, and the lag as in `add_lag`.

    >>> from diffdata import load
    >>> names = ["model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers"]
    >>> tables = [load(name, "2026.2") for name in names]
    >>> lags = replication_lag(*tables, reference="gpt-3")
    >>> lags[["status", "model_id", "lag_days_low", "lag_days_high"]].values.tolist()[0]
    ['reached', 'gopher', 187, 217]
    >>> lags[["milestone", "status", "lag_days_low"]].values.tolist()[2]
    ['successful_replication', 'not_reached', 970]
    """
    if judged not in ("first", "now"):
        raise InvalidInputError(f"judged: expected 'first' or 'now', found {judged!r}")
    if model_developers is None and not include_developer:
        raise InvalidInputError(
            "model_developers: expected the table, for the developer of the reference is no "
            "follower; without it, pass include_developer=True"
        )
    references = [reference] if isinstance(reference, str) else list(reference)
    dates, things = of_models(wrap(model_dates)), wrap(artifacts)
    compared, happened = wrap(comparisons), wrap(diffusion_events)
    spoken = last_day(
        (dates, "date"), (things, "available"), (compared, "as_of"), (happened, "date")
    )
    as_of = given_day(as_of, "as_of") if as_of else spoken
    latest = max(day.toordinal() for day in (spoken, as_of))
    own = {}
    if not include_developer:
        own = _own_models(model_developers, organization_relations, as_of)
    judgements = _judgements(
        compared.filter(nw.col("reference_model_id").is_in(references)), judged
    )
    attempts = _attempts(happened.filter(nw.col("reference_model_id").is_in(references)), judged)
    models = {*references, *(model for _, model in judgements)}
    finished, public, weights = _dated(dates, things, models, access)
    found = []
    for name in references:
        if not public[name]:
            known = {str(model) for (model,) in rows(dates.select("model_id"))}
            hint = suggestion(str(name), known - {name})
            raise InvalidInputError(
                f"reference: {name!r} has no date of announcement or publication"
                + (f"; {hint}" if name not in known and hint else "")
            )
        start = [min(ends) for ends in zip(*(event.days for event in public[name]), strict=True)]
        if start[0] > as_of.toordinal():
            raise InvalidInputError(
                f"as_of: expected a day on which {name} was public, found {as_of}"
            )
        models_of, organizations_of = own.get(name, (set(), set()))
        others = {
            model: judged_so
            for (pair, model), judged_so in judgements.items()
            if pair == name and model not in models_of | {name}
        }
        tried = [
            (event, succeeded)
            for pair, organization, event, succeeded in attempts
            if pair == name
            and organization not in organizations_of
            and event.model_id not in models_of | {name}
        ]
        reached = {
            "better_model": _with_judgement(
                {model: finished[model] or public[model] for model in others}, others, ("better",)
            ),
            "equal_open_model": _with_judgement(weights, others, ("similar", "better")),
            "successful_replication": [event for event, succeeded in tried if succeeded],
        }
        for milestone, events in reached.items():
            stated = bool(tried if milestone == "successful_replication" else others)
            found.append(
                {"reference_model_id": name, "milestone": milestone}
                | _first_follower(events, start, as_of, latest, stated)
            )
    return unwrap(_lags_of(found, dates), like=model_dates)


@documented
def access_lag(
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    *,
    kind: str = "weights",
    access: Sequence[str] = OPEN_ACCESS,
    as_of: datetime.date | str | None = None,
) -> IntoFrameT:
    """Return how long after it was made public a model, or an artifact of it, became accessible.

    The lag begins when the model was announced or published, whichever came first. Weights on
    request count as open, as in table 1 of ``cottier-2022-summary`` (footnote 3). Variants of a
    model are ignored, and so are artifacts without a date where another has one.

    Returns: One row for each model that was public by `as_of`, sorted by model_id: model_id,
    status (``reached``; ``not_reached`` if it has an artifact of the kind, without such access by
    then; ``not_stated`` if it has none of the kind), published, published_precision, available,
    available_precision, access, certainty (``inferred`` if one of the two dates is; missing if not
    reached), as_of, and the lag as in `add_lag`, below zero if the artifact came first.

    >>> from diffdata import load
    >>> lags = access_lag(load("model_dates", "2026.2"), load("artifacts", "2026.2"))
    >>> lags.set_index("model_id").loc["gpt-2", ["lag_days_low", "lag_days_high"]].tolist()
    [264, 264]
    >>> lags.set_index("model_id").loc["gpt-3", ["lag_days_low", "lag_days_high"]].tolist()
    [901, <NA>]
    """
    if kind not in ARTIFACT_KINDS:
        raise InvalidInputError(f"kind: expected one of {ARTIFACT_KINDS}, found {kind!r}")
    if isinstance(access, str) or not access or not set(access) <= set(ACCESS):
        raise InvalidInputError(f"access: expected some of {ACCESS}, found {access!r}")
    dates, things = of_models(wrap(model_dates)), wrap(artifacts)
    spoken = last_day((dates, "date"), (things, "available"))
    as_of = given_day(as_of, "as_of") if as_of else spoken
    of_kind = things.filter(
        nw.col("variant").is_null(), ~nw.col("model_id").is_null(), artifact_kind=kind
    ).rename(_AVAILABLE)
    order = choose(*((nw.col("access") == name, i) for i, name in enumerate(ACCESS)))
    granted = of_kind.filter(nw.col("access").is_in(list(access))).with_columns(_order=order)
    first = first_of(_until(granted, as_of), "_order")
    found = _between(first_public(dates), "published", first, "available", as_of, "access")
    dated = granted.group_by("model_id").agg(_dates=nw.col("date").count())
    undated = dated.filter(nw.col("_dates") == 0).select("model_id", _undated=nw.lit(value=True))
    found = found.join(undated, on="model_id", how="left")
    named = of_kind.select("model_id").unique().with_columns(_named=nw.lit(True))
    found = found.join(named, on="model_id", how="left")
    status = choose(
        (~nw.col("_end_first").is_null() | ~nw.col("_undated").is_null(), "reached"),
        (~nw.col("_named").is_null(), "not_reached"),
        otherwise="not_stated",
    )
    latest = max(day.toordinal() for day in (spoken, as_of))
    lags = _with_status(found.with_columns(status=status), as_of, latest)
    return unwrap(lags, like=model_dates)


@documented
def publication_delay(
    model_dates: IntoFrameT, *, as_of: datetime.date | str | None = None
) -> IntoFrameT:
    """Return the time from the end of training of a model until it was made public.

    ``cottier-2022-summary`` (mechanisms, item 5) counts from when the paper could have been ready:
    its figures are in the table ``estimates``, under the quantity ``publication_delay``.

    Returns: One row for each model that was finished by `as_of`, sorted by model_id: model_id,
    status (``not_reached`` if it was made public later; ``not_stated`` without any date of
    announcement or publication), developed, developed_precision, first_public,
    first_public_precision, milestone (``announced`` or ``published``), certainty (``inferred`` if
    one of the two dates is; missing if not reached), as_of, and the lag as in `add_lag`.

    >>> from diffdata import load
    >>> delays = publication_delay(load("model_dates", "2026.2")).set_index("model_id")
    >>> delays.loc["gopher", ["lag_days_low", "lag_days_high"]].tolist()
    [342, 372]
    """
    dates = of_models(wrap(model_dates))
    as_of = given_day(as_of, "as_of") if as_of else last_day((dates, "date"))
    developed = first_of(first_dates(dates.filter(milestone="developed"), "source_id"))
    public = public_dates(dates)
    first = first_of(_until(public, as_of), "milestone")
    found = _between(developed, "developed", first, "first_public", as_of, "milestone")
    later = public.select("model_id").unique().with_columns(_later=nw.lit(True))
    status = choose(
        (~nw.col("_end_first").is_null(), "reached"),
        (~nw.col("_later").is_null(), "not_reached"),
        otherwise="not_stated",
    )
    found = found.join(later, on="model_id", how="left")
    lags = _with_status(found.with_columns(status=status), as_of, as_of.toordinal())
    return unwrap(lags, like=model_dates)


def _until(events: Frame, as_of: datetime.date) -> Frame:
    """Keep the events that may have happened by a day."""
    dated = with_days(events, "date", "_day").filter(nw.col("_day_first") <= as_of.toordinal())
    return dated.drop("_day_first", "_day_last")


def _between(
    starts: Frame, start: str, ends: Frame, end: str, as_of: datetime.date, *others: str
) -> Frame:
    """Join the ends of each model, if there are any, to its start."""
    kept = ["model_id", "date", "date_precision", "certainty", "_first", "_last"]
    names = {
        "date": start, "date_precision": f"{start}_precision", "_first": "_start_first",
        "_last": "_start_last", "date_right": end, "date_precision_right": f"{end}_precision",
        "_first_right": "_end_first", "_last_right": "_end_last",
    }  # fmt: skip
    begun = starts.select(kept).filter(nw.col("_first") <= as_of.toordinal())
    both = begun.join(ends.select(*kept, *others), on="model_id", how="left").rename(names)
    inferred = (nw.col("certainty") == "inferred") | (nw.col("certainty_right") == "inferred")
    ended = ~nw.col("_end_first").is_null()
    certainty = choose((ended & inferred.fill_null(False), "inferred"), (ended, "stated"))
    days = ["_start_first", "_start_last", "_end_first", "_end_last"]
    shown = [start, f"{start}_precision", end, f"{end}_precision", *others]
    return both.select("model_id", *shown, *days, certainty=certainty)


def _with_status(found: Frame, as_of: datetime.date, latest: int) -> Frame:
    """Add the lag by the status: an interval, or censored; without a date it ends by `latest`."""
    day, status = as_of.toordinal(), nw.col("status")
    columns, dtype = (
        found.collect_schema().names(),
        next(kind for kind in found.collect_schema().dtypes() if kind in (nw.Date, nw.Datetime)),
    )
    reached, dated = status == "reached", ~nw.col("_end_first").is_null()
    # A start that is known to the month may be later than the day.
    least = (nw.lit(day) - nw.col("_start_last")).clip(lower_bound=0)
    lags = found.with_columns(
        _low=choose(
            (dated, nw.col("_end_first") - nw.col("_start_last")),
            (status == "not_reached", least),
        ),
        _high=choose(
            (dated, nw.col("_end_last") - nw.col("_start_first")),
            (reached, latest - nw.col("_start_first")),
        ),
        as_of=nw.lit(datetime.datetime(as_of.year, as_of.month, as_of.day)).cast(dtype),
    )
    first = ["model_id", "status"]
    middle = [name for name in columns if name not in (*first, "certainty") and name[0] != "_"]
    ordered = lags.select(*first, *middle, "certainty", "as_of", "_low", "_high").sort("model_id")
    return nw.maybe_reset_index(with_lag(ordered))


def _own_models(
    model_developers: Any, organization_relations: Any, as_of: datetime.date
) -> dict[str, tuple[set[str], set[str | None]]]:
    """Return for each model those of its developers, and these with all of their group."""
    parents: dict[str, str] = {}
    if organization_relations is not None:
        relations = wrap(organization_relations)
        if "date" in relations.collect_schema().names():
            days = nw.col("date").dt.to_string("%Y-%m-%d").fill_null("")
            relations = relations.select(
                "organization_id", parent_organization_id="related_organization_id", day=days
            )
            relations = relations.filter(nw.col("day") <= as_of.isoformat())
        else:
            relations = relations.with_columns(day=nw.lit(""))
        known = relations.select("day", "organization_id", "parent_organization_id").drop_nulls()
        # The latest relation of an organization is the one that it has.
        parents = {child: parent for _, child, parent in sorted(rows(known))}

    def head(organization: str) -> str:
        seen = {organization}
        while (parent := parents.get(organization)) and parent not in seen:
            seen.add(organization := parent)
        return organization

    developers: dict[str, set[str]] = defaultdict(set)
    made: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[str | None]] = defaultdict(set)
    for organization in {*parents, *parents.values()}:
        groups[head(organization)].add(organization)
    roles = wrap(model_developers).filter(role="developer").select("model_id", "organization_id")
    for model, organization in rows(roles):
        developers[model].add(head(organization))
        made[head(organization)].add(model)
        groups[head(organization)].add(organization)
    return {
        model: (
            set().union(*(made[group] for group in heads)),
            set().union(*(groups[group] for group in heads)),
        )
        for model, heads in developers.items()
    }


def _judgements(comparisons: Frame, judged: str) -> dict[tuple[str, str], tuple[str, bool]]:
    """Return by reference and model the one judgement that counts, and whether it is stated."""
    claims = _claims(comparisons, "comparison", judged).select(
        "reference_model_id", "model_id", "judgement", "certainty", "as_of", "as_of_precision"
    )
    pairs: dict[tuple[str, str], list[tuple[str, bool, datetime.date, datetime.date]]]
    pairs = defaultdict(list)
    for reference, model, judgement, certainty, as_of, precision in rows(claims):
        days = days_of(as_of, precision) if as_of else (datetime.date.max, datetime.date.max)
        pairs[reference, model].append((judgement, certainty == "stated", *days))
    found = {}
    for pair, judgements in pairs.items():
        if judged == "first":
            latest = min(last for *_, last in judgements)
            judgements = [claim for claim in judgements if claim[2] <= latest]
        stated = any(is_stated for _, is_stated, *_ in judgements)
        ranks = sorted(
            JUDGEMENTS.index(judgement)
            for judgement, is_stated, *_ in judgements
            if is_stated == stated
        )
        found[pair] = JUDGEMENTS[ranks[(len(ranks) - 1) // 2]], stated
    return found


def _attempts(events: Frame, judged: str) -> list[tuple[str, str | None, _Event, bool]]:
    """Return the explicit attempts: reference, who tried, the event and whether it succeeded."""
    attempts = _claims(events, "event", judged).filter(nw.col("explicit_attempt").fill_null(False))
    columns = ["reference_model_id", "organization_id", "model_id", "date", "date_precision"]
    return [
        (reference, who, _Event(model, _day(date), precision, certainty == "stated"),
         outcome == "succeeded")
        for reference, who, model, date, precision, certainty, outcome
        in rows(attempts.select(*columns, "certainty", "outcome"))
    ]  # fmt: skip


def _claims(claims: Frame, kind: str, judged: str) -> Frame:
    """Keep the current claims, or those that replace none."""
    if judged == "now":
        return claims.filter(status="current")
    replacing = claims.select(_by=f"superseded_by_{kind}_id").drop_nulls().unique()
    return claims.join(replacing, left_on=f"{kind}_id", right_on="_by", how="anti")


def _dated(
    dates: Frame, artifacts: Frame, models: Iterable[str], access: Sequence[str]
) -> tuple[dict[str, list[_Event]], ...]:
    """Return by model the events that it was finished, made public, and that weights came out."""
    columns = ["model_id", "date", "date_precision", "certainty"]
    of_models = nw.col("model_id").is_in(sorted(models))
    released = artifacts.filter(
        of_models, nw.col("variant").is_null(), nw.col("access").is_in(list(access)),
        artifact_kind="weights",
    ).rename(_AVAILABLE)  # fmt: skip
    chosen = dates.filter(of_models)
    frames = (
        first_dates(chosen.filter(milestone="developed"), "source_id"),
        public_dates(chosen),
        released,
    )  # fmt: skip
    found: list[dict[str, list[_Event]]] = []
    for frame in frames:
        events: dict[str, list[_Event]] = defaultdict(list)
        for model, date, precision, certainty in rows(frame.select(columns)):
            of_model = (event.days[0] for other in found for event in other.get(model, []))
            since = 0 if date else min(of_model, default=0)
            events[model].append(_Event(model, _day(date), precision, certainty == "stated", since))
        found.append(events)
    return tuple(found)


def _with_judgement(
    events: dict[str, list[_Event]],
    judgements: dict[str, tuple[str, bool]],
    accepted: Sequence[str],
) -> list[_Event]:
    """Return the events of the models that are judged so; stated if the judgement is too."""
    return [
        replace(event, stated=event.stated and stated)
        for model, (judgement, stated) in judgements.items()
        if judgement in accepted
        for event in events.get(model, [])
    ]


def _first_follower(
    events: Sequence[_Event], start: Sequence[int], as_of: datetime.date, latest: int, stated: bool
) -> dict[str, Any]:
    """Return what is known of the first event, and the lag from the days of the start.

    What has no date happened by the day `latest`.
    """
    day = as_of.toordinal()
    with_date = {event.model_id for event in events if event.date and event.model_id}
    dated = [event for event in events if event.date and event.days[0] <= day]
    last = min((event.days[1] for event in dated), default=latest)
    undated = [
        event for event in events
        if not event.date and event.model_id not in with_date and event.since <= min(day, last)
    ]  # fmt: skip
    low = high = shown = certain = None
    possible: list[_Event] = []
    status = "not_reached" if stated else "not_stated"
    if dated or undated:
        status = "reached"
        possible = undated + [event for event in dated if event.days[0] <= last]
        # Of the events of one model, the earliest; the dates of two are equal where the days are.
        earliest: dict[str | None, _Event] = {}
        for event in sorted(possible, key=lambda event: (event.days, not event.stated)):
            earliest.setdefault(event.model_id, event)
        shown = next((event for event in earliest.values() if event.date), None)
        certain = all(event.stated for event in earliest.values())
        low = None if undated else min(event.days[0] for event in dated) - start[1]
        high = last - start[0]
    elif stated:
        low = max(0, day - start[1])
    names = sorted({event.model_id for event in possible if event.model_id})
    sure = len({event.model_id for event in possible}) == 1
    return {
        "status": status,
        "model_id": names[0] if names and sure else None,
        "candidates": "; ".join(names) or None,
        "date": days_of(shown.date, None)[0] if shown and shown.date else None,
        "date_precision": shown.precision if shown else None,
        "certainty": None if certain is None else "stated" if certain else "inferred",
        "as_of": as_of,
        "_low": low,
        "_high": high,
    }


def _lags_of(found: list[dict[str, Any]], like: Frame) -> Frame:
    """Return lags as a frame of the library of another, with dates of the same type."""
    import pyarrow as pa

    types = dict.fromkeys(("date", "as_of"), pa.date32())
    types |= dict.fromkeys(("_low", "_high"), pa.int64())
    names = [
        "reference_model_id", "milestone", "status", "model_id", "candidates", "date",
        "date_precision", "certainty", "as_of", "_low", "_high",
    ]  # fmt: skip
    schema = pa.schema([(name, types.get(name, pa.string())) for name in names])
    table = pa.Table.from_pylist(found, schema)
    return with_lag(make_dated(table, like, like.collect_schema()["date"]))


def _day(date: datetime.date | None) -> datetime.date | None:
    """Return a day without the time of a datetime."""
    return date and datetime.date(date.year, date.month, date.day)
