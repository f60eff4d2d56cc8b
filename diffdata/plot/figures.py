"""Figures side by side: multipliers and their product, estimates, the ledger, and forecasts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from diffdata import derive
from diffdata.errors import InvalidInputError
from diffdata.lookup.text import money, number, plain, unit_of
from diffdata.plot import theme
from diffdata.plot.question import asks
from diffdata.plot.spread import checked
from diffdata.plot.theme import LogScale, altair, brief, plural
from diffdata.reproduce import VERDICTS, Reproduction
from diffdata.uncertainty import from_estimate

__all__ = ["estimates", "forecasts", "ledger", "techniques"]

_LINE = 15
_FIGURE = ("value", "low", "high")
_PRODUCT = "product of all"
_VERIFICATIONS = {"read": theme.BLUE, "quoted": theme.ORANGE, "snapshot": "#8C8C8C"}
_VERDICT_COLOURS = dict(zip(VERDICTS[:3], (theme.BLUE, theme.ORANGE, theme.RED), strict=True))
_RESOLUTIONS = {"open": "#8C8C8C", "true": theme.BLUE, "false": theme.RED, "unclear": theme.ORANGE}


def _draw_techniques(data: pd.DataFrame) -> Any:
    alt = altair()
    rows = list(data["title"])
    scale = LogScale(
        [1, *data["low"].dropna(), *data["high"].dropna(), *data["value"]],
        "Efficiency multiplier (times less for the same performance)",
    )  # fmt: skip
    x = alt.X("value:Q", scale=scale.scale, axis=scale.axis())
    y = alt.Y("title:N", sort=rows, title=None, axis=alt.Axis(labelLimit=160, ticks=False))
    kinds = ["a technique", _PRODUCT]
    data = data.assign(
        kind=[kinds[name == _PRODUCT] for name in data["title"]],
        text=[
            f"{brief(value)}× ({brief(low)} to {brief(high)})"
            for value, low, high in zip(data["value"], data["low"], data["high"], strict=True)
        ],
    )
    colour, shape = theme.keyed(kinds, (theme.BLUE, theme.RED))
    base = alt.Chart(data)
    layers = [
        base.mark_rule(strokeWidth=1.6).encode(
            x=alt.X("low:Q", scale=scale.scale), x2="high:Q", y=y,
            color=alt.Color("kind:N", scale=colour, legend=None),
        ),
        base.mark_point(filled=True, size=45, opacity=1).encode(
            x=x, y=y, color=alt.Color("kind:N", scale=colour, legend=None),
            shape=alt.Shape("kind:N", scale=shape, legend=None),
            tooltip=["title:N", "value:Q", "low:Q", "high:Q", "level:Q", "estimates:N"],
        ),
        base.mark_text(align="left", dx=4, fontSize=theme.TEXT).encode(
            x=alt.value(165), y=y, text="text:N"
        ),
        alt.Chart(pd.DataFrame({"value": [1]})).mark_rule(
            stroke=theme.GREY, strokeDash=[2, 2]
        ).encode(x=x),
    ]  # fmt: skip
    return alt.layer(*layers).properties(width=165, height=_LINE * len(rows))


@asks("How much compute do techniques save, each and together?", _draw_techniques)
def techniques(techniques: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the efficiency multipliers of techniques, and their product.

    Of each technique the distribution that its source states counts, not below its floor; the
    product is that of independent ones, as in the ledger.

    Returns: One row for each technique, in the order of the source, and one for the product:
    technique_id (missing for the product), title, value (the median), low, high, level, estimates
    (the ids), and printed: the central value that the source prints.

    >>> from diffdata import load
    >>> found = techniques.data(load("techniques", "2026.2"), load("estimates", "2026.2"))
    >>> found["title"].tolist()[-1]
    'product of all'
    """
    current = estimates[
        estimates["technique_id"].notna() & (estimates["status"] == "current")
        & (estimates["quantity_id"] == "efficiency_multiplier")
    ]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    product: Any = None
    for technique in techniques.sort_values("position").to_dict("records"):
        own = current[current["technique_id"] == technique["technique_id"]]
        spread = own[own["level"].notna() & own["low"].notna()]
        printed = own["value"].dropna()
        central = float(printed.iloc[-1]) if len(printed) else math.nan
        if spread.empty:
            continue
        row: Any = spread.iloc[0]
        quantity: Any = from_estimate(row, centre="ignore")
        if pd.notna(technique["floor"]):
            quantity = quantity.at_least(float(technique["floor"]))
        product = quantity if product is None else product * quantity
        level = float(row["level"])
        rows.append(
            (technique["technique_id"], technique["title"], quantity.median,
             *quantity.interval(level), level, "; ".join(own["estimate_id"]), central)
        )  # fmt: skip
    columns = ["technique_id", "title", "value", "low", "high", "level", "estimates", "printed"]
    if product is not None:
        rows.append((None, _PRODUCT, product.median, *product.interval(0.8), 0.8, "", math.nan))
    found = pd.DataFrame(rows, columns=columns)
    total: Any = found.iloc[-1] if len(found) else None
    product_text = ""
    if total is not None:
        product_text = "{}× ({} to {})".format(*(brief(total[name]) for name in _FIGURE))
    found.attrs.update(
        title=f"Together the techniques multiply efficiency {product_text}",
        subtitle="Median and interval of each multiplier as its source states it; product of "
        "independent ones with its 80\u00a0% interval",
        caption=f"n = {plural(len(found) - 1, 'technique')}; intervals of 80\u00a0% or 90\u00a0%, "
        "see the data",
        width=400,
    )
    return found


def _draw_estimates(data: pd.DataFrame) -> Any:
    alt = altair()
    rows = list(data["label"])
    values = [*data["value"].dropna(), *data["low"].dropna(), *data["high"].dropna()]
    axis_title = data.attrs["axis"]
    if data.attrs["marks"] and min(values) > 0:
        log = LogScale(values, axis_title, most=5)
        scale, axis = log.scale, log.axis()
        edge = (10**log.low, 10**log.high)
    else:
        room = (max(values) - min(values)) * 0.06 or 1
        edge = (min(values) - room, max(values) + room)
        scale = alt.Scale(domain=list(edge), zero=False, nice=False)
        axis = alt.Axis(title=axis_title, tickCount=5)
    y = alt.Y("label:N", sort=rows, title=None, axis=alt.Axis(labelLimit=190, ticks=False))
    # A limit without a value is an arrow from its bound.
    data = data.assign(
        from_=data["low"].fillna(data["value"]).fillna(edge[0]),
        to=data["high"].fillna(data["value"]).fillna(edge[1]),
        place=data["value"].fillna(data["low"]).fillna(data["high"]),
        mark=[
            "value" if value == value else ("at least" if low == low and high != high else
            "at most" if high == high and low != low else "range")
            for value, low, high in zip(data["value"], data["low"], data["high"], strict=True)
        ],
    )  # fmt: skip
    data["text"] = [_in_words(row) for row in data.to_dict("records")]
    listed = data[data["kind"] == "estimate"]
    used = [name for name in _VERIFICATIONS if name in set(listed["verification"])]
    colour = alt.Color(
        "verification:N", sort=used,
        scale=alt.Scale(domain=used, range=[_VERIFICATIONS[name] for name in used]),
        legend=alt.Legend(title=None),
    )  # fmt: skip
    spread = listed[listed["low"].notna() | listed["high"].notna()]
    marks = ["value", "at least", "at most", "range"]
    shapes = ["circle", "triangle-right", "triangle-left", "stroke"]
    there = [mark for mark in marks if mark in set(listed["mark"])]
    shape = alt.Shape(
        "mark:N", sort=there,
        scale=alt.Scale(domain=marks, range=shapes),
        legend=alt.Legend(title=None, values=there) if len(there) > 1 else None,
    )  # fmt: skip
    x = alt.X("place:Q", scale=scale, axis=axis)
    summary = data[data["kind"] == "evaluated"]
    layers = [
        alt.Chart(spread).mark_rule(strokeWidth=1.4).encode(
            x=alt.X("from_:Q", scale=scale), x2="to:Q", y=y, color=colour
        ),
        alt.Chart(listed[listed["mark"] != "range"]).mark_point(
            filled=True, size=40, opacity=1
        ).encode(
            x=x, y=y, color=colour, shape=shape,
            tooltip=["estimate_id:N", "source_id:N", "locator:N", "value:Q", "low:Q", "high:Q",
                     "verification:N", "as_printed:N"],
        ),
        alt.Chart(summary).mark_rule(stroke=theme.RED, strokeDash=[3, 2]).encode(x=x),
        alt.Chart(summary[summary["low"].notna()]).mark_rule(
            stroke=theme.RED, strokeWidth=1.4
        ).encode(x=alt.X("from_:Q", scale=scale), x2="to:Q", y=y),
        alt.Chart(summary).mark_point(
            filled=True, size=55, opacity=1, fill=theme.RED, shape="diamond"
        ).encode(x=x, y=y),
    ]  # fmt: skip
    layers.append(
        alt.Chart(data)
        .mark_text(align="left", dx=5, fontSize=theme.TEXT, limit=110)
        .encode(x=alt.value(190), y=y, text="text:N")
    )
    return alt.layer(*layers).properties(width=190, height=max(_LINE * len(rows), 45))


@asks("Who says what of a quantity of a model, with which interval?", _draw_estimates)
def estimates(
    estimates: pd.DataFrame,
    models: pd.DataFrame,
    quantities: pd.DataFrame,
    sources: pd.DataFrame,
    *,
    model: str = "gpt-3",
    quantity: str = "training_cost",
) -> pd.DataFrame:
    """Return the current estimates of a quantity of a model, and the evaluated value.

    The evaluated value is that of `diffdata.derive.evaluate`.

    Returns: One row for each estimate, the least first, and one for the evaluated value: kind
    (``estimate`` or ``evaluated``), estimate_id, source_id, locator, value, low, high, level,
    limit, unit, verification, as_printed, and used: whether the evaluated value comes from it.

    >>> from diffdata import load
    >>> found = estimates.data(*(load(name, "2026.2") for name in estimates.tables))
    >>> found["kind"].unique().tolist()
    ['estimate', 'evaluated']
    """
    checked("model", model, models["model_id"])
    checked("quantity", quantity, quantities["quantity_id"])
    about = estimates[(estimates["model_id"] == model) & (estimates["status"] == "current")]
    own = about[about["quantity_id"] == quantity]
    own = own[own[["value", "low", "high"]].notna().any(axis=1)]
    if own.empty:
        known = ", ".join(sorted(set(about["quantity_id"])))
        raise InvalidInputError(
            f"quantity: there is no estimate of {quantity} of {model}; of this model there are "
            f"{known or 'none'}"
        )
    units = own["unit"].value_counts()
    if len(units) > 1:  # they cannot share an axis
        own = own[own["unit"] == units.index[0]]
    defined: Any = quantities[quantities["quantity_id"] == quantity].iloc[0]
    order = own["value"].fillna(own["low"]).fillna(own["high"])
    own = own.assign(_order=order).sort_values(["_order", "estimate_id"])
    inputs = derive.evaluation_inputs(own, sources)
    used = set(inputs.loc[inputs["used"].astype(bool), "estimate_id"])
    columns = ["estimate_id", "source_id", "locator", "value", "low", "high", "level", "limit",
               "unit", "currency", "price_year", "verification", "as_printed"]  # fmt: skip
    found = own[columns].assign(kind="estimate", used=own["estimate_id"].isin(used))
    values = derive.evaluate(own, quantities, sources)
    if len(values):
        summary: Any = values.iloc[0]
        row = {name: summary[name] for name in ("value", "low", "high", "level", "unit")}
        found = pd.concat([found, pd.DataFrame([{**row, "kind": "evaluated"}])], ignore_index=True)
    found = found.reset_index(drop=True)
    found["used"] = found["used"].fillna(value=True).astype(bool)
    found["label"] = _labels(found)
    for name in ("value", "low", "high"):
        found[name] = found[name].astype(float)
    name = str(models.loc[models["model_id"] == model, "name"].iloc[0])
    unit = unit_of(str(own["unit"].iloc[0]), str(own["currency"].dropna().iloc[0])
                   if own["currency"].notna().any() else "USD")  # fmt: skip
    title = str(defined["title"])
    count = len(own)
    spread = own["value"].dropna()
    times = spread.max() / spread.min() if len(spread) > 1 and spread.min() > 0 else 1
    apart = f"; the largest is {times:.2g} times the smallest" if times > 1.005 else ""
    sources_of = own["source_id"].nunique()
    found.attrs.update(
        title=f"{title} of {name}: what {plural(sources_of, 'source')} say"
        + ("s" if sources_of == 1 else ""),
        subtitle=f"{plural(count, 'current estimate')}{apart}; red: the evaluated value",
        caption=f"n = {count}; colour: how the row was checked; in as many units as one: "
        f"{len(units)}" if len(units) > 1 else f"n = {count}; colour: how the row was checked",
        axis=f"{title}" + (f" ({unit})" if unit != "1" else ""),
        marks=[str(defined["scale"])] if defined["scale"] == "log" else [], width=420,
    )  # fmt: skip
    return found


def _in_words(row: dict[Any, Any]) -> str:
    """Write a figure with its bounds, and the year of its money."""
    value, low, high = (None if pd.isna(row[name]) else float(row[name]) for name in _FIGURE)
    currency = "USD" if pd.isna(row["currency"]) else row["currency"]  # evaluated ones are in USD
    dollars = row["unit"] == "currency" and currency == "USD"
    write = money if dollars else number
    year = "" if pd.isna(row["price_year"]) else f" of {row['price_year']:.0f}"
    if value is not None and dollars:
        return money(value, low, high) + year
    if value is None:
        if low is not None and high is not None:
            return f"{write(low)} to {write(high)}{year}"
        return f"≥ {write(low)}{year}" if high is None else f"≤ {write(high)}{year}"
    if low is None and high is None:
        return write(value) + year
    return f"{number(value)} ({number(low) or '?'} to {number(high) or '?'}){year}"


def _labels(found: pd.DataFrame) -> list[str]:
    """Name each row by its source, with a number if the source has several."""
    sources = found["source_id"].fillna("evaluated value")
    several, place = sources.map(sources.value_counts()), sources.groupby(sources).cumcount()
    return [
        f"{source} ({at + 1})" if count > 1 else source
        for source, count, at in zip(sources, several, place, strict=True)
    ]


def _draw_ledger(data: pd.DataFrame) -> Any:
    alt = altair()
    width, height = theme.WIDTH, 200
    # Beyond a factor of 30 a point is at the edge.
    ratio = (data["recomputed"] / data["published"]).clip(1 / 30, 30)
    across = LogScale(data["published"], "Published figure (each in its unit)")
    up = LogScale([*ratio, 0.3, 3], "Recomputed over published", powers=False)
    x = alt.X("published:Q", scale=across.scale, axis=across.axis())
    y = alt.Y("ratio:Q", scale=up.scale, axis=up.axis())
    counts = data["verdict"].value_counts()
    named = {
        plain(verdict): f"{plain(verdict)} ({counts.get(plain(verdict), 0)})"
        for verdict in _VERDICT_COLOURS
    }
    data = data.assign(verdict=data["verdict"].map(named), ratio=ratio)
    colour, shape = theme.keyed(list(named.values()), list(_VERDICT_COLOURS.values()))
    far = data[data["factor"].notna()].copy()
    far["_off"] = far["ratio"].map(lambda one: abs(math.log10(one)))
    far = far.sort_values("_off", ascending=False)
    far = far[far["_off"] > math.log10(1.5)]
    places = [
        (across.place(one), up.place(other))
        for one, other in zip(far["published"], far["ratio"], strict=True)
    ]
    layers = [
        alt.Chart(pd.DataFrame({"ratio": [1]})).mark_rule(
            stroke=theme.GREY, strokeWidth=0.9
        ).encode(y=y),
        alt.Chart(data).mark_point(
            filled=True, size=24, opacity=0.7, strokeWidth=0, aria=False
        ).encode(
            x=x, y=y, color=alt.Color("verdict:N", scale=colour, legend=alt.Legend(columns=2)),
            shape=alt.Shape("verdict:N", scale=shape),
            tooltip=["calculation_id:N", "figure:N", "published:Q", "recomputed:Q", "factor:Q"],
        ),
        *theme.label_layers(far, x, y, "calculation_id", width, height, places, most=8, size=7.5),
    ]  # fmt: skip
    return alt.layer(*layers).properties(width=width, height=height)


@asks("Do published figures follow from their inputs?", _draw_ledger)
def ledger(reproductions: Iterable[Reproduction]) -> pd.DataFrame:
    """Return the published figures and their recomputation, with the verdict.

    Takes the results of `diffdata.reproduce.reproduce`. Figures that are compared by their bounds
    alone count with the lower one. Identities, which cannot fail, are left out, and so is what has
    no place on a logarithmic scale.

    Returns: One row for each figure: calculation_id, figure, source_id, locator, unit, statistic,
    part (which part of the figure it is), published, recomputed, verdict, and factor (the
    recomputed number over the published one, where they differ).

    >>> from diffdata.package.packages import open_dataset
    >>> from diffdata.reproduce import reproduce
    >>> found = ledger.data(reproduce(open_dataset(version="2026.2"), only=["opt-175b-cost-ratio"]))
    >>> found[["published", "verdict"]].values.tolist()
    [[7.0, 'agrees']]
    """
    listed = list(reproductions)
    rows = []
    for one in listed:
        if one.identity or not one.parts:
            continue
        part = next((part for part in one.parts if part.verdict == one.verdict), one.parts[0])
        rows.append(
            (one.id, one.figure, one.source_id, one.locator, one.unit, one.statistic, part.name,
             part.published, part.recomputed, plain(one.verdict), part.factor)
        )  # fmt: skip
    columns = ["calculation_id", "figure", "source_id", "locator", "unit", "statistic", "part",
               "published", "recomputed", "verdict", "factor"]  # fmt: skip
    every = pd.DataFrame(rows, columns=columns)
    every["factor"] = every["factor"].astype(float)
    found = every[(every["published"] > 0) & (every["recomputed"] > 0)].reset_index(drop=True)
    agree = int(found["verdict"].isin([plain(verdict) for verdict in VERDICTS[:2]]).sum())
    identities = sum(one.identity for one in listed)
    without = sum(not one.parts and not one.identity for one in listed)
    found.attrs.update(
        title=f"{agree} of {len(found)} published figures follow from their inputs",
        subtitle="Each point is a published figure and its recomputation, in its own unit; named: "
        "those furthest off",
        caption=f"n = {len(found)}; left out: {without} that cannot be recomputed, {identities} "
        f"that hold by definition, {len(every) - len(found)} not above 0",
    )
    return found


def _draw_forecasts(data: pd.DataFrame) -> Any:
    alt = altair()
    rows = list(data["label"])
    x = alt.X(
        "probability:Q", title="Probability that was given",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
    )  # fmt: skip
    y = alt.Y("label:N", sort=rows, title=None, axis=alt.Axis(labelLimit=230, ticks=False))
    colour, shape = theme.keyed(list(_RESOLUTIONS), list(_RESOLUTIONS.values()))
    used = [name for name in _RESOLUTIONS if name in set(data["resolution"])]
    key = alt.Legend(title=None, values=used)
    base = alt.Chart(data)
    layers = [
        base.transform_filter("isValid(datum.probability_low)").mark_rule(strokeWidth=1.4).encode(
            x=alt.X("probability_low:Q"), x2="probability_high:Q", y=y,
            color=alt.Color("resolution:N", scale=colour, legend=key),
        ),
        base.mark_point(filled=True, size=45, opacity=1).encode(
            x=x, y=y, color=alt.Color("resolution:N", scale=colour, legend=key),
            shape=alt.Shape("resolution:N", scale=shape, legend=key),
            tooltip=["forecast_id:N", "proposition:N", "probability:Q", "resolution:N"],
        ),
    ]  # fmt: skip
    upper = alt.layer(*layers).properties(width=150, height=_LINE * len(rows))
    marks = data.attrs["marks"]
    if not marks:
        return upper
    bins = pd.DataFrame(marks)
    unit = alt.Scale(domain=[0, 1], nice=False)
    percent = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    across = alt.X(
        "mean_probability:Q", title="Mean probability of a bin", scale=unit, axis=percent
    )
    share = alt.Y("share_true:Q", title="Share that came true", scale=unit, axis=percent)
    lower = alt.layer(
        alt.Chart(pd.DataFrame({"mean_probability": [0, 1], "share_true": [0, 1]})).mark_line(
            stroke=theme.GREY, strokeWidth=0.9
        ).encode(x=across, y=share),
        alt.Chart(bins).mark_rule(stroke=theme.BLUE).encode(
            x=across, y=alt.Y("share_true_low:Q", scale=unit), y2="share_true_high:Q"
        ),
        alt.Chart(bins).mark_point(filled=True, fill=theme.BLUE, size=50, opacity=1).encode(
            x=across, y=share, tooltip=["forecasts:Q", "share_true:Q"]
        ),
    ).properties(width=150, height=150)  # fmt: skip
    return alt.vconcat(upper, lower)


@asks("How probable did forecasters find it, and what came of it?", _draw_forecasts)
def forecasts(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts with a probability, how they came out, and their calibration.

    Returns: One row for each forecast with a probability, the most probable first: forecast_id,
    proposition, forecaster, probability, probability_low, probability_high, made, horizon, status,
    resolution. ``attrs["marks"]`` has the bins of `diffdata.derive.calibration`.

    >>> import pandas as pd
    >>> from diffdata import load
    >>> found = forecasts.data(load("forecasts"))
    >>> bool(found["probability"].is_monotonic_decreasing)
    True
    """
    given = forecasts[forecasts["probability"].notna()]
    columns = ["forecast_id", "proposition", "forecaster", "probability", "probability_low",
               "probability_high", "made", "horizon", "status", "resolution"]  # fmt: skip
    found = given[columns].sort_values(
        ["probability", "forecast_id"], ascending=[False, True], ignore_index=True
    )
    found["label"] = found["forecast_id"].str.replace("-", " ")
    bins = derive.calibration(forecasts)
    resolved = int(found["resolution"].isin(["true", "false"]).sum())
    others = forecasts[forecasts["probability"].isna()]
    out = others["resolution"].value_counts()
    score = ""
    if resolved:
        brier = derive.brier_score(forecasts)["brier"].iloc[0]
        score = f"; Brier score {brier:.2g}, below: how often those of a probability came true"
    how = f"{resolved} of {len(found)}" if resolved else f"none of {len(found)}"
    found.attrs.update(
        title=f"Of forecasts with a probability, {how} are resolved",
        subtitle=f"Probability that each forecast is true{score}",
        caption=f"n = {len(found)}; {len(others)} without a probability left out, of which "
        f"{out.get('true', 0)} came out true and {out.get('false', 0)} false",
        marks=bins.to_dict("records"), width=400,
    )  # fmt: skip
    return found
