"""What is open, served or retired on a day."""

from __future__ import annotations

import datetime

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.lookup.names import REST_OF_PERIOD, identified, parsed_day
from diffdata.lookup.tables import Tables
from diffdata.package.packages import Dataset, open_dataset

_MILESTONES = ["developed", "announced", "published", "api", "weights", "deprecated", "retired"]
_COLUMNS = ["model_id", "model_variant", "milestone", "date", "date_precision"]
# Which access to an artifact makes it a milestone of its model.
_ACCESS = {"api": ["open", "on_request", "api_only"], "weights": ["open"]}


def status_on(
    day: datetime.date | str,
    *,
    model: str | None = None,
    reached: str | None = None,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return what had happened by a day to each model, and to each name under which it is served.

    Parameters
    ----------
    day : a date, or its text, such as ``2024-06-01``
    model : the name of a model as people write it, see `resolve`; None returns all models
    reached : a milestone; only what has reached it, surely or possibly, is returned
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        One row for each model (model_variant ``main``), and one for each name or version of it that
        has dates of its own, sorted by model_id and model_variant. After these two columns there is
        one for each milestone: developed, announced, published, api, weights (open ones only; as
        in ``artifacts`` too), deprecated and retired. ``yes``: on this day or before, by all
        sources that date it. ``no``: after it, by all. ``possibly``: statements disagree, or the
        day is in the month or year to which the date is known. Missing: no source dates it. A model
        is open on a day if its weights are, or if it is served there (api) and not retired; what a
        row of a name says does not hold for other names.

    Raises
    ------
    UnknownNameError
        If there is no such model or milestone; the nearest names are suggested.
    InvalidInputError
        If `day` is not a date, or the model is not certain (the message has the candidates).

    Examples
    --------
    >>> found = status_on("2020-12-15", model="gopher", version="2026.2").set_index("model_variant")
    >>> found.loc["main", ["developed", "published"]].tolist()
    ['possibly', 'no']
    >>> found = status_on("2023-09-01", model="gpt-3.5").set_index("model_variant")
    >>> found.loc["text-davinci-003", ["api", "deprecated", "retired"]].tolist()
    ['yes', 'yes', 'no']
    >>> found = status_on("2024-06-01", reached="retired")
    >>> "text-davinci-003" in found["model_variant"].tolist()
    True
    """
    if reached is not None and reached not in _MILESTONES:
        raise UnknownNameError("milestone", reached, _MILESTONES)
    date = parsed_day(day)
    dataset = open_dataset(package, version)
    frames = Tables(dataset, ["model_dates", "artifacts"], required=["models"])
    models, dates = frames["models"]["model_id"], frames["model_dates"]
    if model is not None:
        models = models[models == identified(model, "model", dataset, None)]
    if "model_variant" not in dates:  # released editions lack it
        dates = dates.assign(model_variant="main")
    dated = pd.concat([dates[_COLUMNS], _released(frames["artifacts"])]).dropna(subset="date")
    dated = dated[dated["model_id"].isin(models)]
    keys = _COLUMNS[:3]
    states = {key: _state(rows, date) for key, rows in dated.groupby(keys)}
    index = {(name, "main") for name in models} | {key[:2] for key in states}
    rows = [(*key, *(states.get((*key, name)) for name in _MILESTONES)) for key in sorted(index)]
    found = pd.DataFrame(rows, columns=[*keys[:2], *_MILESTONES], dtype="str")
    if reached is not None:
        found = found[found[reached].isin(["yes", "possibly"])].reset_index(drop=True)
    return found


def _released(artifacts: pd.DataFrame) -> pd.DataFrame:
    """Return the dated releases of models, as dates of models."""
    released = artifacts[artifacts["variant"].isna()].rename(
        columns={"available": "date", "available_precision": "date_precision"}
    )
    kinds = zip(released["artifact_kind"], released["access"], strict=True)
    counted = [access in _ACCESS.get(kind, ()) for kind, access in kinds]
    found = released[pd.Series(counted, released.index, dtype=bool)].rename(
        columns={"artifact_kind": "milestone"}
    )
    return found.assign(model_variant="main")[_COLUMNS]


def _state(rows: pd.DataFrame, day: pd.Timestamp) -> str:
    """Return whether a milestone is reached on a day, of the days on which it may have been."""
    spans = {
        (first, first + REST_OF_PERIOD[precision] if precision in REST_OF_PERIOD else first)
        for first, precision in zip(rows["date"], rows["date_precision"], strict=True)
    }
    # A date to the month or year says nothing against a finer one within it.
    finest = [a for a in spans if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in spans)]
    if all(last <= day for _, last in finest):
        return "yes"
    return "no" if all(first > day for first, _ in finest) else "possibly"
