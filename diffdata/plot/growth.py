"""How compute, costs and prices grew: points over time, the frontier, and trends with intervals."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from diffdata import derive
from diffdata.derive.dates import days_of
from diffdata.derive.trends import leading
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.names import parsed_day
from diffdata.plot import theme
from diffdata.plot.question import asks
from diffdata.plot.theme import LogScale, TimeScale, altair, plural

__all__ = [
    "api_price", "cost_per_flop", "price_performance", "training_compute", "training_cost",
]  # fmt: skip

Since = datetime.date | str | int | None

REVIEWED, IMPORTED = "reviewed", "imported"
_HEIGHT = 215
_POINTS = ["model_id", "name", "date", "date_low", "date_high", "date_precision", "value", "low",
           "high"]  # fmt: skip
_FORMATS = {
    "FP32": ["fp32_vector_flop_per_second"],
    "FP16 or BF16, dense": ["fp16_matrix_flop_per_second", "bf16_matrix_flop_per_second"],
}


def day_of(since: Since) -> pd.Timestamp | None:
    """Return the first day that counts; a year is its first day.

    >>> day_of(2015)
    Timestamp('2015-01-01 00:00:00')
    """
    if since is None:
        return None
    text = str(since)
    return parsed_day(f"{text}-01-01" if text.isdigit() and len(text) == 4 else since, "since")  # type: ignore[arg-type]


def dated(frame: pd.DataFrame, date: str, since: Since = None) -> pd.DataFrame:
    """Add the first day, the middle and the last day of a date; keep what is dated, since a day."""
    there = frame[frame[date].notna()]
    spans = [
        days_of(day, precision)
        for day, precision in zip(there[date], there[f"{date}_precision"], strict=True)
    ]
    low, high = (pd.to_datetime(pd.Series(ends, there.index)) for ends in _ends(spans))
    found = there.assign(
        date=low + (high - low) / 2, date_low=low, date_high=high,
        date_precision=there[f"{date}_precision"].fillna("day"),
    )  # fmt: skip
    start = day_of(since)
    kept = found if start is None else found[found["date_low"] >= start]
    return kept.sort_values(["date", *(["value"] if "value" in kept else [])], ignore_index=True)


def _ends(spans: Sequence[tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    return [first for first, _ in spans], [last for _, last in spans]


def _frontier(points: pd.DataFrame, best: str = "highest") -> list[bool]:
    sign = 1 if best == "highest" else -1
    kept = set(leading(points["date"].tolist(), (sign * points["value"]).tolist(), 1))
    return [place in kept for place in range(len(points))]


def _trend(points: pd.DataFrame, group: str = "") -> list[dict[str, Any]]:
    """Return the trend of some points: its line, and its factor per year with a 90 % interval."""
    if len(points) < 3 or points["date"].nunique() < 2:
        return []
    rate = derive.growth_rate(points[["date", "date_precision", "value"]]).iloc[0]
    years = [day.toordinal() / 365.25 for day in points["date"]]
    middle, level = (
        sum(numbers) / len(points) for numbers in (years, points["value"].map(math.log10))
    )
    ends = {
        end: 10 ** (level + rate["orders_per_year"] * (year - middle))
        for end, year in (("first", years[0]), ("last", years[-1]))
    }
    factors = ("factor_per_year", "factor_per_year_low", "factor_per_year_high")
    return [
        {"group": group, "since": points["date"].iloc[0], "until": points["date"].iloc[-1],
         "first": ends["first"], "last": ends["last"], "rows": len(points)}
        | {name: float(rate[name]) for name in factors}
    ]  # fmt: skip


def factor_text(trend: dict[str, Any], interval: str = "") -> str:
    """Write the growth of a trend in words, or its decline.

    >>> factor_text({"factor_per_year": 0.5, "factor_per_year_low": 0.4, "factor_per_year_high": 1})
    'fell 2× a year (1 to 2.5)'
    """
    rate, low, high = (trend[f"factor_per_year{end}"] for end in ("", "_low", "_high"))
    word, rate, low, high = ("grew", rate, low, high) if rate >= 1 else (
        "fell", 1 / rate, 1 / high, 1 / low
    )  # fmt: skip
    bounds = f" ({interval}{low:.2g} to {high:.2g})" if not math.isnan(low) else ""
    return f"{word} {rate:.2g}× a year{bounds}"


_INTERVAL = "90\u00a0% interval "


def _growth(trend: list[dict[str, Any]]) -> str:
    return f" {factor_text(trend[0], _INTERVAL)}" if trend else ""


def _evaluated(
    model_summary: pd.DataFrame, inputs: pd.DataFrame, estimates: pd.DataFrame, quantity: str,
    column: str,
) -> pd.DataFrame:  # fmt: skip
    """Return the evaluated values, and whether all estimates behind each are reviewed."""
    there = model_summary[model_summary[column].notna()]
    used = inputs.loc[inputs["used"].astype(bool), ["model_id", "quantity_id", "estimate_id"]]
    if "reviewed" not in estimates:
        estimates = estimates.assign(reviewed=estimates["verification"] != "snapshot")
    columns = estimates.reindex(columns=["estimate_id", "reviewed", "stated_confidence"])
    used = used.merge(columns.assign(listed=True), on="estimate_id", how="left")
    used["listed"], used["reviewed"] = used["listed"].eq(True), used["reviewed"].eq(True)
    six_nd = (there[f"{column}_method"] == "six_nd").fillna(value=False)
    behind = []
    for models, quantities in (
        (there["model_id"][~six_nd], [quantity]),
        (there["model_id"][six_nd], ["parameters", "training_tokens"]),
    ):
        behind.append(used[used["model_id"].isin(models) & used["quantity_id"].isin(quantities)])
    grouped = pd.concat(behind).groupby("model_id")
    marks = grouped[["listed", "reviewed"]].all()
    marks = marks[marks["listed"]]
    doubts = grouped["stated_confidence"].agg(lambda words: "speculative" in set(words))
    found = there[there["model_id"].isin(marks.index)].rename(
        columns={column: "value", f"{column}_low": "low", f"{column}_high": "high",
                 f"{column}_level": "level", f"{column}_method": "method"}
    )  # fmt: skip
    reviewed = found["model_id"].map(marks["reviewed"].to_dict()).astype(bool)
    return found.assign(
        origin=reviewed.map({True: REVIEWED, False: IMPORTED}),
        speculative=found["model_id"].map(doubts.to_dict()).astype(bool),
    )


def _draw_compute(data: pd.DataFrame) -> Any:
    return _scatter(data, "Training compute (FLOP)", "origin", [IMPORTED, REVIEWED])


@asks("How has the compute of training runs grown?", _draw_compute)
def training_compute(
    model_summary: pd.DataFrame,
    model_summary_inputs: pd.DataFrame,
    estimates: pd.DataFrame,
    *,
    since: Since = 2010,
) -> pd.DataFrame:
    """Return the training compute of models over time: who led, and how fast that grew.

    Tables are those of the dataset. Of each model the evaluated value counts, in FLOP. Models with
    a value whose estimates are not in `estimates` are left out, so that reviewed ones alone give
    the reviewed values. Its column ``reviewed``, which `of_dataset` adds, says which those are;
    without it, all that are not from snapshots of databases.

    Returns: One row for each model: model_id, name, date (the middle of what it may be), date_low,
    date_high, date_precision, value, low, high, level, method, origin, speculative, and frontier:
    whether no earlier one was larger. ``attrs["trends"]`` has the trend of the frontier.

    >>> from diffdata import load
    >>> tables = [load(name, "2026.2") for name in training_compute.tables]
    >>> found = training_compute.data(*tables, since=2020)
    >>> found.loc[found["frontier"], "model_id"].tolist()[-1]
    'palm-540b'
    """
    column = "training_compute_flop"
    found = _evaluated(model_summary, model_summary_inputs, estimates, "training_compute", column)
    points = dated(found, "published", since)
    points["frontier"] = _frontier(points)
    columns = [*_POINTS, "level", "method", "origin", "speculative", "frontier"]
    points = points[columns].copy()
    trend = _trend(points[points["frontier"]], "frontier")
    missing = int(model_summary["training_compute_flop"].isna().sum())
    undated = len(found) - int(found["published"].notna().sum())
    points.attrs.update(
        title="The largest training runs" + _growth(trend),
        subtitle=f"Training compute of {plural(len(points), 'model')}{_from(since)}; "
        "line: the frontier, the largest so far",
        caption=f"n = {len(points):,}; {missing:,} without compute and {undated:,} without a date "
        "are left out",
        trends=trend,
    )
    return points


def _from(since: Since) -> str:
    return f" since {since}" if since is not None else ""


def _draw_cost(data: pd.DataFrame) -> Any:
    axis = f"Cost of the final training run (US dollars of {data.attrs['price_year']})"
    return _scatter(data, axis, "origin", [IMPORTED, REVIEWED], prefix="$")


@asks("How has the cost of training grown, in constant dollars?", _draw_cost)
def training_cost(
    model_summary: pd.DataFrame,
    model_summary_inputs: pd.DataFrame,
    estimates: pd.DataFrame,
    price_index: pd.DataFrame,
    *,
    since: Since = 2015,
    price_year: int = 2025,
    index: str = "us-cpi-u",
) -> pd.DataFrame:
    """Return the cost of the final training runs of models over time, in dollars of one year.

    Each evaluated cost is converted from the price year of its estimates by an index of prices
    (`price_index`). One whose price year is not stated counts as of the year of publication, and
    ``price_year_stated`` says so.

    Returns: One row for each model with the columns of `training_compute`, amounts in US dollars of
    `price_year`; price_year (that of the estimates) and price_year_stated.

    >>> from diffdata import load
    >>> found = training_cost.data(*(load(name) for name in training_cost.tables))
    >>> bool(found["value"].min() > 0), found.attrs["price_year"]
    (True, 2025)
    """
    column = "training_cost_usd"
    found = _evaluated(model_summary, model_summary_inputs, estimates, "training_cost", column)
    points = dated(found, "published", since)
    used = model_summary_inputs[
        model_summary_inputs["used"].astype(bool)
        & (model_summary_inputs["quantity_id"] == "training_cost")
    ].merge(estimates[["estimate_id", "price_year"]], on="estimate_id")
    # Of several years, the mean; an evaluated value mixes them as it is.
    years = used.groupby("model_id")["price_year"].mean().round()
    stated = points["model_id"].map(years.to_dict()).astype("Float64")
    points["price_year_stated"] = stated.notna().astype(bool)
    points["price_year"] = stated.fillna(points["date"].dt.year).astype(int)
    rates = _rates(price_index, index, price_year)
    points = points[points["price_year"].isin(list(rates))].reset_index(drop=True)
    for name in ("value", "low", "high"):
        points[name] = points[name].astype(float) * points["price_year"].map(rates)
    points["frontier"] = _frontier(points)
    columns = [*_POINTS, "level", "method", "origin", "speculative", "frontier", "price_year",
               "price_year_stated"]  # fmt: skip
    points = points[columns].copy()
    trend = _trend(points[points["frontier"]], "frontier")
    assumed = int((~points["price_year_stated"]).sum())
    missing = int(model_summary[column].isna().sum())
    points.attrs.update(
        title="The most expensive training runs" + _growth(trend),
        subtitle=f"Cost of the compute of {plural(len(points), 'final training run')}{_from(since)}"
        f" in dollars of {price_year}; line: the frontier",
        caption=f"n = {len(points):,}; {missing:,} models without a cost are left out; converted "
        f"with {index}, {assumed} of an unstated price year as of publication",
        trends=trend, price_year=price_year,
    )  # fmt: skip
    return points


def _rates(price_index: pd.DataFrame, index: str, price_year: int) -> dict[int, float]:
    """Return what a dollar of each year is in dollars of `price_year`, by an index of prices."""
    names = price_index["price_index"]
    if index not in set(names):
        raise UnknownNameError("price index", index, names.unique())
    rows = price_index[(names == index) & (price_index["period_kind"] == "year")]
    if rows.empty:
        raise InvalidInputError(f"index: expected one with yearly values, found {index}")
    levels = {
        int(day.year): float(level)
        for day, level in zip(rows["period"], rows["index_value"], strict=True)
    }
    if price_year not in levels:
        raise UnknownNameError(f"year of {index}", str(price_year), map(str, levels))
    return {year: levels[price_year] / level for year, level in levels.items()}


def _draw_ratio(data: pd.DataFrame) -> Any:
    axis = f"Cost of compute (US dollars of {data.attrs['price_year']} per FLOP)"
    return _scatter(data, axis, "origin", [IMPORTED, REVIEWED])


@asks("How has the cost of a FLOP in training runs fallen?", _draw_ratio)
def cost_per_flop(
    model_summary: pd.DataFrame,
    model_summary_inputs: pd.DataFrame,
    estimates: pd.DataFrame,
    price_index: pd.DataFrame,
    *,
    since: Since = 2015,
    price_year: int = 2025,
    index: str = "us-cpi-u",
) -> pd.DataFrame:
    """Return the cost of a FLOP in training runs over time, see `training_cost`.

    The ratio and its interval are those of `diffdata.derive.cost_per_flop`.

    Returns: One row for each model that has both figures: model_id, name, date, date_low,
    date_high, date_precision, value (US dollars of `price_year` per FLOP), low, high, origin, and
    frontier: whether no earlier one was cheaper. The trend is that of all rows.

    >>> from diffdata import load
    >>> found = cost_per_flop.data(*(load(name) for name in cost_per_flop.tables))
    >>> found.attrs["trends"][0]["factor_per_year"] < 1
    True
    """
    costs = training_cost.data(
        model_summary, model_summary_inputs, estimates, price_index, since=since,
        price_year=price_year, index=index,
    )  # fmt: skip
    names = [f"training_compute_flop{end}" for end in ("", "_low", "_high", "_level")]
    both = costs.merge(model_summary[["model_id", *names]], on="model_id")
    both = both.rename(
        columns={"value": "cost", "low": "cost_low", "high": "cost_high", "level": "cost_level"}
    )
    ratios = derive.cost_per_flop(both, cost="cost").rename(
        columns={"cost_per_flop_usd": "value", "cost_per_flop_usd_low": "low",
                 "cost_per_flop_usd_high": "high"}
    )  # fmt: skip
    points = ratios.sort_values(["date", "value"], ignore_index=True)
    points["frontier"] = _frontier(points, "lowest")
    points = points[[*_POINTS, "origin", "frontier"]].copy()
    trend = _trend(points, "all")
    points.attrs.update(
        title="The cost of a FLOP in training runs" + _growth(trend),
        subtitle=f"Cost over compute of {plural(len(points), 'final training run')}{_from(since)}, "
        f"in dollars of {price_year}; line: the trend of all",
        caption=f"n = {len(points):,}; {len(costs) - len(points)} with a cost but without compute "
        f"are left out; converted with {index}",
        trends=trend, price_year=price_year,
    )  # fmt: skip
    return points


def _draw_chips(data: pd.DataFrame) -> Any:
    axis = f"FLOP per second and dollar of {data.attrs['price_year']}"
    return _scatter(data, axis, "number_format", list(_FORMATS))


@asks("How has the performance of chips per dollar grown?", _draw_chips)
def price_performance(
    hardware_summary: pd.DataFrame,
    price_index: pd.DataFrame,
    *,
    since: Since = 2008,
    price_year: int = 2025,
    index: str = "us-cpi-u",
) -> pd.DataFrame:
    """Return the peak speed of chips per dollar of their list price, over their release.

    A list price counts as of the year of release, from which it is converted to `price_year`; one
    of a year without an index value is left out. Speeds are dense peaks by the makers: of FP32
    without, and of FP16 or BF16 with tensor or matrix units.

    Returns: One row for each chip and number format: hardware_id, name, date, date_low, date_high,
    date_precision, number_format, peak_flop_per_second, price_usd (of its year), value (FLOP per
    second and dollar of `price_year`), low and high (missing), and frontier.

    >>> from diffdata import load
    >>> found = price_performance.data(*(load(name) for name in price_performance.tables))
    >>> sorted(found["number_format"].unique())
    ['FP16 or BF16, dense', 'FP32']
    """
    rates = _rates(price_index, index, price_year)
    priced = hardware_summary[hardware_summary["list_price_usd"].notna()]
    chips = dated(priced, "released", since)
    outside = ~chips["date"].dt.year.isin(list(rates))
    chips = chips[~outside]
    parts = []
    for number_format, columns in _FORMATS.items():
        speed = chips[columns].max(axis=1).astype(float)
        parts.append(chips.assign(number_format=number_format, peak_flop_per_second=speed))
    points: pd.DataFrame = pd.concat(parts).dropna(subset="peak_flop_per_second")
    price, rate = points["list_price_usd"].astype(float), points["date"].dt.year.map(rates)
    points = points.assign(
        price_usd=price, low=math.nan, high=math.nan,
        value=points["peak_flop_per_second"] / (price * rate),
    )  # fmt: skip
    points = points.sort_values(["number_format", "date", "value"], ignore_index=True)
    groups = points.groupby("number_format", group_keys=False)
    marks = [mark for _, group in groups for mark in _frontier(group)]
    points["frontier"] = marks
    columns = ["hardware_id", *_POINTS[1:6], "number_format", "peak_flop_per_second", "price_usd",
               "value", "low", "high", "frontier"]  # fmt: skip
    points = points[columns].copy()
    trends = [one for name, group in groups for one in _trend(group, str(name))]
    texts = [f"{one['group']} {factor_text(one)}" for one in trends]
    points.attrs.update(
        title="Chips give more FLOP per second and dollar each year",
        subtitle="Peak speed over list price, by release; trends with 90\u00a0% intervals: "
        + ", ".join(texts).replace(", dense", ""),
        caption=f"n = {points['hardware_id'].nunique()} chips; "
        f"{len(hardware_summary) - len(priced)} without a list price and {int(outside.sum())} of "
        f"years without a price index are left out; converted with {index}",
        trends=trends, price_year=price_year,
    )  # fmt: skip
    return points


def _draw_api(data: pd.DataFrame) -> Any:
    alt = altair()
    scale = LogScale(data["value"], data.attrs["axis"], prefix="$")
    time = TimeScale([*data["date"], data.attrs["as_of"]])
    x = alt.X("date:T", scale=time.scale, axis=time.axis())
    y = alt.Y("value:Q", scale=scale.scale, axis=scale.axis())
    groups = list(dict.fromkeys(data["group"]))
    colour, shape = theme.keyed(groups)
    key = alt.Legend(columns=3)
    # A price that is no record is drawn once, at the highest level that its model reaches.
    offer = ["model_id", "provider", "value"]
    others = data[~data["lowest"]].drop_duplicates(offer, keep="last")
    layers = [
        alt.Chart(others).mark_point(
            filled=True, size=16, opacity=0.3, strokeWidth=0
        ).encode(
            x=x, y=y, color=alt.Color("group:N", sort=groups, scale=colour, legend=key),
            shape=alt.Shape("group:N", sort=groups, scale=shape, legend=key),
            tooltip=["name:N", "provider:N", "date:T", "value:Q", "score:Q"],
        )
    ]  # fmt: skip
    marked = []
    for group in groups:
        steps = data[(data["group"] == group) & data["lowest"]]
        marked.append(steps)
        end = steps.iloc[[-1]].assign(date=data.attrs["as_of"])
        layers += [
            alt.Chart(pd.concat([steps, end])).mark_line(
                interpolate="step-after", strokeWidth=1.6
            ).encode(x=x, y=y, color=alt.Color("group:N", sort=groups, scale=colour, legend=key)),
            alt.Chart(steps).mark_point(filled=True, size=40, opacity=1).encode(
                x=x, y=y, color=alt.Color("group:N", sort=groups, scale=colour, legend=key),
                shape=alt.Shape("group:N", sort=groups, scale=shape, legend=key),
                tooltip=["name:N", "provider:N", "date:T", "value:Q", "score:Q"],
            ),
        ]  # fmt: skip
    named = pd.concat(marked).sort_values("date", ascending=False)
    named = named.drop_duplicates("name", keep="last")
    places = [
        (time.place(day), scale.place(value))
        for day, value in zip(named["date"], named["value"], strict=True)
    ]
    layers += theme.label_layers(
        named, x, y, "name", theme.WIDTH, _HEIGHT, places, sides=("below", "right", "above"),
        most=10,
    )  # fmt: skip
    return alt.layer(*layers).properties(width=theme.WIDTH, height=_HEIGHT)


@asks("How has the price of tokens at a fixed score fallen?", _draw_api)
def api_price(
    api_prices: pd.DataFrame,
    evaluations: pd.DataFrame,
    model_summary: pd.DataFrame,
    benchmarks: pd.DataFrame,
    *,
    benchmark: str = "gpqa-diamond",
    scores: Sequence[float] | None = None,
    since: Since = None,
) -> pd.DataFrame:
    """Return what the tokens of models that reach a score cost, and the lowest price so far.

    A price is the mean of three parts of input and one part of output, in US dollars of its day per
    million tokens. It counts from the first day on which it is effective, observed or listed, which
    may be after it was set; prices of 0 do not count. Of each model the best reported score counts.
    `scores` are the levels; by default three of which the prices span the most.

    Returns: One row for each level, model and new price of a provider: score_at_least, group,
    model_id, name, provider, date, value, input_usd, output_usd, score, and lowest: whether no
    earlier price at this level was lower.

    >>> from diffdata import load
    >>> found = api_price.data(*(load(name) for name in api_price.tables), scores=[50])
    >>> bool((found["score"] >= 50).all())
    True
    """
    if benchmark not in set(benchmarks["benchmark_id"]):
        raise UnknownNameError("benchmark", benchmark, benchmarks["benchmark_id"])
    about: Any = benchmarks.set_index("benchmark_id").loc[benchmark]
    prices = api_prices[api_prices["model_id"].notna()]
    days = prices[["effective_from", "observed_on", "listed_on"]].min(axis=1)
    inputs, outputs = (
        prices[f"{kind}_usd_per_million_tokens"].astype(float) for kind in ("input", "output")
    )
    offers = pd.DataFrame({
        "model_id": prices["model_id"], "provider": prices["provider"], "date": days,
        "input_usd": inputs, "output_usd": outputs, "value": (3 * inputs + outputs) / 4,
    })  # fmt: skip
    offers = offers[(offers["value"] > 0) & offers["date"].notna()]
    offers = offers.sort_values(["date", "value"]).drop_duplicates(
        ["model_id", "provider", "value"]
    )
    if (start := day_of(since)) is not None:
        offers = offers[offers["date"] >= start]
    best = evaluations[evaluations["benchmark"] == benchmark].groupby("model_id")["score"].max()
    names = model_summary.set_index("model_id")["name"].to_dict()
    scored = offers[offers["model_id"].isin(best.index)]
    scored = scored.assign(
        score=scored["model_id"].map(best.to_dict()).astype(float),
        name=scored["model_id"].map(names),
    )
    if scored.empty:
        raise InvalidInputError(
            f"benchmark: no model with a score on {benchmark} has a price{_from(since)}"
        )
    levels = list(scores) if scores is not None else _levels(scored["score"])
    unit = "\u00a0%" if about["score_scale"] == "percent" else ""
    parts = []
    for level in sorted(levels):
        rows = scored[scored["score"] >= level].sort_values(["date", "value"])
        before = rows["value"].cummin().shift()
        lowest = before.isna() | (rows["value"] < before)
        parts.append(
            rows.assign(score_at_least=level, lowest=lowest, group=f"at least {level:g}{unit}")
        )
    points = pd.concat(parts, ignore_index=True)
    if points.empty:
        raise InvalidInputError(f"scores: no model with a price reaches {min(levels):g}")
    columns = ["score_at_least", "group", "model_id", "name", "provider", "date", "value",
               "input_usd", "output_usd", "score", "lowest"]  # fmt: skip
    points = points[columns].copy()
    falls = []
    for group, rows in points[points["lowest"]].groupby("group", sort=False):
        first, last = rows["value"].iloc[0], rows["value"].iloc[-1]
        falls.append(f"{group} from ${first:.2g} to ${last:.2g}")
    without = offers["model_id"].nunique() - scored["model_id"].nunique()
    points.attrs.update(
        title=f"The lowest price of tokens at a fixed score on {about['name']}",
        subtitle="Lowest price seen so far: " + ", ".join(falls),
        caption=f"n = {plural(len(scored), 'price')} of {scored['model_id'].nunique()} models; "
        f"{without} priced models without a score are left out; a price counts from the first day "
        "on which it was seen, in dollars of that day",
        axis="US dollars per million tokens (3 parts in, 1 out)",
        as_of=offers["date"].max(),
    )  # fmt: skip
    return points


def _levels(scores: pd.Series[float]) -> list[float]:
    """Return three round levels at the quarters of some scores."""
    span = max(scores.max() - scores.min(), 1e-9)
    step = 10.0 ** math.floor(math.log10(span / 2))
    quarters = [math.floor(scores.quantile(part) / step) * step for part in (0.25, 0.5, 0.75)]
    return sorted({round(level, 6) for level in quarters})


def _scatter(
    data: pd.DataFrame, axis: str, group: str, groups: Sequence[str], *, prefix: str = ""
) -> Any:
    """Draw points over time with their intervals, those at the frontier with their names."""
    alt = altair()
    data = data.reset_index(drop=True)
    trends = pd.DataFrame(data.attrs.get("trends", []))
    levels = [*data["value"], *data["low"].dropna(), *data["high"].dropna()]
    scale, time = LogScale(levels, axis, prefix=prefix), TimeScale(data["date"])
    x = alt.X("date:T", scale=time.scale, axis=time.axis())
    y = alt.Y("value:Q", scale=scale.scale, axis=scale.axis())
    used = [name for name in groups if name in set(data[group])]
    two = ("#9AA0A6", theme.BLUE) if IMPORTED in groups else (theme.BLUE, theme.RED)
    pairs = dict(zip(groups, two, strict=True))
    shapes = dict(zip(groups, ("circle", "square"), strict=True))
    colour = alt.Color(
        f"{group}:N", scale=alt.Scale(domain=used, range=[pairs[name] for name in used])
    )
    shape = alt.Shape(
        f"{group}:N", scale=alt.Scale(domain=used, range=[shapes[name] for name in used])
    )
    # Groups are drawn in their order, so that the few are above the many.
    data["_order"] = data[group].map({name: place for place, name in enumerate(groups)})
    data = data.sort_values(["_order", "date"]).reset_index(drop=True)
    many = len(data) > 400
    hint = ["name:N", "date:T", "value:Q", "low:Q", "high:Q", f"{group}:N"]
    bars = alt.Chart(data[data["low"].notna() & data["high"].notna()])
    rough = alt.Chart(data[data["date_low"] < data["date_high"]])
    layers = [
        rough.mark_rule(strokeWidth=0.6, opacity=0.35).encode(
            x=alt.X("date_low:T", scale=time.scale), x2="date_high:T", y=y, color=colour
        ),
        bars.mark_rule(strokeWidth=1, opacity=0.8).encode(
            x=x, y=alt.Y("low:Q", scale=scale.scale), y2="high:Q", color=colour
        ),
        alt.Chart(data).mark_point(
            filled=True, size=13 if many else 26, opacity=0.55 if many else 0.75, strokeWidth=0,
            aria=len(data) < 100,
        ).encode(x=x, y=y, color=colour, shape=shape, tooltip=hint),
    ]  # fmt: skip
    leaders = data[data["frontier"]].sort_values("date")
    frontier = alt.Chart(leaders)
    for trend in trends.to_dict("records"):
        ends = pd.DataFrame(
            {"date": [trend["since"], trend["until"]], "value": [trend["first"], trend["last"]]}
        )
        stroke = pairs.get(trend["group"], theme.RED)
        layers.append(
            alt.Chart(ends)
            .mark_line(strokeWidth=1.6, stroke=stroke, strokeDash=[5, 2])
            .encode(x=x, y=y)
        )
    layers.append(
        frontier.mark_point(size=30 if many else 42, stroke=theme.BLACK, strokeWidth=0.9).encode(
            x=x, y=y, shape=shape, tooltip=hint
        )
    )
    # The newest and the largest steps first; then where there is room.
    order = pd.concat([leaders.iloc[[-1, 0]], leaders.iloc[-2:0:-1]]).assign(
        label=lambda rows: rows["name"].str.replace("NVIDIA (GeForce |Tesla )?", "", regex=True)
    )
    rising = leaders["value"].iloc[-1] >= leaders["value"].iloc[0]
    places = [
        (time.place(day), scale.place(value))
        for day, value in zip(order["date"], order["value"], strict=True)
    ]
    # Away from the other points, which are below a rising frontier.
    sides = ("left", "above", "right") if rising else ("left", "below", "right")
    layers += theme.label_layers(
        order, x, y, "label", theme.WIDTH, _HEIGHT, places, sides=sides, most=10
    )
    return alt.layer(*layers).properties(width=theme.WIDTH, height=_HEIGHT)
