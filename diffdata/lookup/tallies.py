"""Models above a threshold, records over time, and shares of countries; doubts stay visible."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import pandas as pd

from diffdata.derive import evaluate, evaluation_inputs
from diffdata.derive.formula import Range
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.names import Kind, NameIndex, identified_in, name_index, parsed_day
from diffdata.lookup.tables import Tables
from diffdata.lookup.words import quantity_named
from diffdata.package.packages import Dataset, open_dataset

if TYPE_CHECKING:
    from diffdata.typed import QuantityName

_GROUPINGS = ("country", "organization_kind")
_FINITE = Range("a finite number", math.isfinite)
_AT_LEAST_1 = Range("a number of at least 1", lambda value: value >= 1)


def exceeds(
    threshold: float = 1e25,
    quantity: QuantityName | str = "training_compute",
    *,
    factor: float = 3.0,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return for each model whether a quantity of it surely, possibly or not exceeds a threshold.

    Parameters
    ----------
    threshold : in the unit of the quantity, such as FLOP
    quantity : a quantity_id, its title or a usual word, such as ``compute``
    factor : how far off, either way, a figure without an interval of its own may be. This is an
        assumption of yours: 1 takes such figures for exact
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        One row for each model with a current estimate. ``verdict``: ``surely`` if even ``low`` is
        above the threshold, ``no`` if ``high`` is not, otherwise ``possibly``; figures that their
        author calls speculative make nothing sure. ``value`` is the evaluated one, as `value`
        returns it. ``basis`` says where ``low`` and ``high`` come from: ``interval`` (that of the
        source), ``factor`` (of a figure without one), ``span`` (several estimates, widened by the
        factor), or ``bounds`` (limits without a figure; a missing one is 0 or infinite). Then
        ``stated_confidence``, the least of those of the estimates, and ``estimates``, their ids.
        Sorted by verdict, the greatest value first.

    Raises
    ------
    UnknownNameError, InvalidInputError
        If there is no such quantity, or it has several units, or the factor is below 1.

    Examples
    --------
    >>> found = exceeds(1e24, version="2026.2").set_index("model_id")
    >>> found.loc[["palm-540b", "gpt-3"], ["verdict", "basis"]].values.tolist()
    [['possibly', 'factor'], ['no', 'factor']]
    """
    threshold = _FINITE.convert("threshold", threshold)
    factor = _AT_LEAST_1.convert("factor", factor)
    figures = _figures(quantity, package, version)
    value, bounds = figures["value"], figures["value"].isna()
    # The span of several estimates is not the interval of any of them.
    span = ~bounds & (figures["method"] != "single") & (figures["method"] != "six_nd")
    low = figures["low"].mask(span, figures["low"] / factor)
    high = figures["high"].mask(span, figures["high"] * factor)
    interval = low.notna() & high.notna()
    figures["low"] = low.mask(low.isna() & bounds, 0.0).fillna(value / factor)
    figures["high"] = high.mask(high.isna() & bounds, float("inf")).fillna(value * factor)
    basis = pd.Series("factor", figures.index).mask(interval, "interval").mask(span, "span")
    basis = basis.mask(bounds, "bounds")
    surely = (figures["low"] > threshold) & (figures["stated_confidence"] != "speculative")
    verdict = pd.Series("possibly", figures.index).mask(figures["high"] <= threshold, "no")
    verdict = verdict.mask(surely, "surely")
    found = figures.assign(
        basis=basis.astype("str"), verdict=verdict.astype("str"),
        order=verdict.map({"surely": 0, "possibly": 1, "no": 2}),
    )  # fmt: skip
    found = found.sort_values(["order", "value", "model_id"], ascending=[True, False, True])
    columns = ["model_id", "name", "verdict", "value", "low", "high", "unit", "basis",
               "stated_confidence", "estimates"]  # fmt: skip
    return found[columns].reset_index(drop=True)


def records(
    quantity: QuantityName | str = "training_compute",
    *,
    speculative: bool = True,
    until: datetime.date | str | None = None,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return the models that had more of a quantity than all before them, in order of publication.

    Parameters
    ----------
    quantity : a quantity_id, its title or a usual word, such as ``compute``
    speculative : whether figures that their author calls speculative count; they are flagged, and
        may hide later records that are not, which come back without them
    until : the last date of publication to count; None counts all
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        One row for each record: ``published`` and its precision, ``model_id``, ``name``, ``value``
        (strictly rising), ``unit``, ``times_previous`` (the value by that of the record before),
        ``speculative`` and ``estimates``. Of a day, month or year that is all that is known of a
        date only the greatest value is a record. A model without a date has none.

    Raises
    ------
    UnknownNameError, InvalidInputError
        If there is no such quantity, or it has several units, or `until` is not a date.

    Examples
    --------
    >>> found = records("parameters", version="2026.2")
    >>> bool(found["value"].is_monotonic_increasing)
    True
    """
    figures = _figures(quantity, package, version).dropna(subset=["value", "published"])
    figures["speculative"] = (figures["stated_confidence"] == "speculative").astype("boolean")
    if not speculative:
        figures = figures[~figures["speculative"]]
    if until is not None:
        figures = figures[figures["published"] <= parsed_day(until, "until")]
    ordered = figures.sort_values(["published", "value", "model_id"], ascending=[True, False, True])
    before = ordered["value"].cummax().shift()
    found = ordered[before.isna() | (ordered["value"] > before)]
    found = found.assign(times_previous=found["value"] / found["value"].shift())
    columns = ["published", "published_precision", "model_id", "name", "value", "unit",
               "times_previous", "speculative", "estimates"]  # fmt: skip
    return found[columns].reset_index(drop=True)


def shares(
    by: Literal["country", "organization_kind"] = "country",
    models: Iterable[str] | None = None,
    *,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return how many models, and which share, the organizations of each country developed.

    A model with developers of several countries can be counted in three ways, which are side by
    side. Developers without a country are left out; a model that has no others is ``unknown``.

    Parameters
    ----------
    by : ``country`` or ``organization_kind``
    models : the models to count, such as the model_ids of `exceeds`, or names as people write
        them; None counts all with a developer
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        One row for each country, ``several`` and ``unknown``. ``alone``: the models of this country
        alone, while those of more are counted once, as ``several``. ``fractional``: the models, of
        which each of n countries gets 1/n. ``any``: all models with a developer there, so that some
        count more than once. ``alone_share``, ``fractional_share`` and ``any_share`` are these by
        the number of models; the first two add up to 1. Sorted by ``fractional``.

    Raises
    ------
    UnknownNameError
        If there is no such grouping or model.

    Examples
    --------
    >>> found = shares(models=["gpt-3", "bloom", "glm-130b"], version="2026.2")
    >>> round(float(found["fractional_share"].sum()), 9), float(found["alone"].sum())
    (1.0, 3.0)
    """
    if by not in _GROUPINGS:
        raise UnknownNameError("grouping", by, _GROUPINGS)
    dataset = open_dataset(package, version)
    frames = Tables(dataset, ["organizations"], required=["models", "model_developers"])
    developers = frames["model_developers"]
    developers = developers[developers["role"] == "developer"]
    if models is not None:
        wanted = [models] if isinstance(models, str) else list(models)
        ids = set(frames["models"]["model_id"])
        if not ids.issuperset(wanted):
            index: dict[Kind, NameIndex] = {"model": name_index(dataset, None, "model")}
            wanted = [name if name in ids else identified_in(index, name)[1] for name in wanted]
        developers = developers[developers["model_id"].isin(wanted)]
    groups = frames["organizations"].set_index("organization_id")[by]
    group = developers["organization_id"].map(groups.to_dict())
    pairs = pd.DataFrame({"model_id": developers["model_id"], by: group})
    known = pairs.dropna().drop_duplicates()
    rest = pairs[~pairs["model_id"].isin(known["model_id"])].drop_duplicates("model_id")
    pairs = pd.concat([known, rest.assign(**{by: "unknown"})])
    count = pairs.groupby("model_id")[by].transform("size")
    total = pairs["model_id"].nunique()
    once = pairs.assign(**{by: pairs[by].mask(count > 1, "several")}).drop_duplicates()
    counts = {
        "alone": once.groupby(by).size(),
        "fractional": (1 / count).groupby(pairs[by]).sum(),
        "any": pairs.groupby(by).size(),
    }
    found = pd.DataFrame(counts).fillna(0.0).astype("float64")
    found = found.assign(**{f"{name}_share": found[name] / max(total, 1) for name in counts})
    found = found.rename_axis(by).reset_index()
    return found.sort_values(["fractional", "any", by], ascending=[False, False, True],
                             ignore_index=True)  # fmt: skip


def _figures(quantity: str, package: Dataset | None, version: str | None) -> pd.DataFrame:
    """Return the evaluated figure of each model, or its bounds, with what stands behind it."""
    dataset = open_dataset(package, version)
    frames = Tables(dataset, ["quantities", "sources"], required=["estimates", "models"])
    quantities, estimates = frames["quantities"], frames["estimates"]
    quantity = quantity_named(quantity, quantities)
    about = estimates[(estimates["quantity_id"] == quantity) & estimates["model_id"].notna()]
    if len(units := about["unit"].unique()) > 1:
        raise InvalidInputError(f"quantity: {quantity} is in several units, {', '.join(units)}")
    if "stated_confidence" not in about:  # released editions lack it
        about = about.assign(stated_confidence=pd.Series(dtype="str"))
    values = evaluate(about, quantities, frames["sources"])
    inputs = evaluation_inputs(about, frames["sources"])
    used = about[about["estimate_id"].isin(inputs[inputs["used"]]["estimate_id"])]
    only_bounds = about[
        (about["status"] == "current") & about["value"].isna()
        & ~about["model_id"].isin(values["model_id"]) & about[["low", "high"]].notna().any(axis=1)
    ]  # fmt: skip
    # Of several limits the tightest hold, unless they contradict each other.
    limits = only_bounds.groupby("model_id").agg(
        low=("low", "max"), high=("high", "min"), least=("low", "min"), most=("high", "max"),
        unit=("unit", "first"),
    )  # fmt: skip
    clash = limits["low"] > limits["high"]
    limits["low"] = limits["low"].mask(clash, limits["least"])
    limits["high"] = limits["high"].mask(clash, limits["most"])
    figures = [values, limits.drop(columns=["least", "most"]).reset_index()]
    models, summary = frames["models"], frames["model_summary"].set_index("model_id")
    column = quantities.set_index("quantity_id")["summary_column"].to_dict().get(quantity)
    if isinstance(column, str) and f"{column}_method" in summary:
        derived = summary[(summary[f"{column}_method"] == "six_nd").fillna(value=False)]
        unit = quantities.loc[quantities["quantity_id"] == quantity, "unit"].iloc[0]
        figures.append(pd.DataFrame({
            "model_id": derived.index, "value": derived[column].to_numpy(), "unit": unit,
            "method": "six_nd",
        }))  # fmt: skip
    found = pd.concat([frame for frame in figures if len(frame)] or figures[:1])
    found = found.reindex(columns=["model_id", "value", "low", "high", "unit", "method"])
    behind = pd.concat([used, only_bounds]).groupby("model_id")
    doubts = behind["stated_confidence"].agg(_least_sure).to_dict()
    ids = behind["estimate_id"].agg("; ".join).to_dict()
    key = found["model_id"]
    numbers = {name: found[name].astype("float64") for name in ("value", "low", "high")}
    return found.assign(
        **numbers,
        unit=found["unit"].replace("currency", "USD"),
        name=key.map(models.set_index("model_id")["name"].to_dict()),
        published=pd.to_datetime(key.map(summary["published"].to_dict())),
        published_precision=key.map(summary["published_precision"].to_dict()).astype("str"),
        stated_confidence=key.map(doubts).astype("str"),
        estimates=key.map(ids).astype("str"),
    ).reset_index(drop=True)


def _least_sure(words: pd.Series[str]) -> str | None:
    there = set(words.dropna())
    return next((word for word in ("speculative", "likely", "confident") if word in there), None)
