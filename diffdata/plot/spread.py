"""How models spread: who replicated whom, how long it took, who has access, what came from whom."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from diffdata import derive
from diffdata.derive.dates import days_of
from diffdata.derive.trends import leading
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.text import plain
from diffdata.plot import theme
from diffdata.plot.growth import Since, dated
from diffdata.plot.question import asks
from diffdata.plot.theme import TimeScale, altair, plural

__all__ = ["access", "benchmark_lag", "cascade", "replication_lag", "survival"]

# Who could get the weights of a model, the most open first, and how it is called and drawn.
ACCESS = {
    "open": ("weights are open", theme.GREEN),
    "on_request": ("weights on request", theme.SKY),
    "api_only": ("API only", theme.ORANGE),
    "none": ("no access", "#8C8C8C"),
    "unknown": ("day of access not stated", "#E2E2E2"),
}
MECHANISMS = {
    "incremental_research": "incremental research", "replication": "explicit replication",
    "open_publication": "open publication", "multiple_discovery": "multiple discovery",
    "leak": "leak", "theft": "theft", "distillation": "distillation",
}  # fmt: skip
_GROUPS = {"open": "open weights", "on_request": "open weights", "api_only": "closed weights",
           "none": "closed weights"}  # fmt: skip
_LINE = 13  # height of a row, in pixels


def checked(kind: str, name: str, names: Any) -> None:
    """Raise UnknownNameError, with the nearest names, if there is no such name."""
    if name not in set(names):
        raise UnknownNameError(kind, name, sorted(set(names)))


def _names(models: pd.DataFrame) -> dict[str, str]:
    return dict(zip(models["model_id"], models["name"], strict=True))


def _span(day: Any, precision: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    first, last = days_of(day, precision)
    return pd.Timestamp(first), pd.Timestamp(last)


def _draw_replication(data: pd.DataFrame) -> Any:
    alt = altair()
    rows = list(dict.fromkeys(data["label"]))
    height = _LINE * len(rows)
    time = TimeScale([*data["date_low"], *data["date_high"]])
    x = alt.X("date:T", scale=time.scale, axis=time.axis())
    y = alt.Y("label:N", sort=rows, title=None, axis=alt.Axis(labelLimit=215, ticks=False))
    used = [name for name in MECHANISMS.values() if name in set(data["mechanism"])]
    # A mechanism looks the same in every plot.
    place = {name: rank for rank, name in enumerate(MECHANISMS.values())}
    marks = [(theme.COLOURS[place[name]], theme.SHAPES[place[name]]) for name in used]
    groups = [*used, "the model itself"]
    colours, shapes = zip(*marks, (theme.BLACK, "triangle-right"), strict=True)
    colour = alt.Scale(domain=groups, range=list(colours))
    shape = alt.Scale(domain=groups, range=list(shapes))
    # Several events of one model are drawn one above the other.
    same = data.groupby("label")
    shift = same.cumcount() - (same["label"].transform("size") - 1) / 2
    followers = data.assign(
        date=data["date_low"] + (data["date_high"] - data["date_low"]) / 2, shift=shift
    )
    offset = alt.YOffset("shift:Q", scale=alt.Scale(domain=[-1, 1], range=[0, _LINE - 1]))
    certain = alt.FillOpacity(
        "certainty:N", scale=alt.Scale(domain=["stated", "inferred"], range=[1, 0]),
        legend=alt.Legend(title=None) if data["certainty"].nunique() > 1 else None,
    )  # fmt: skip
    key = alt.Legend(title=None, columns=3)
    start = data[data["mechanism"] == "the model itself"].iloc[:1]
    layers = [
        alt.Chart(start).mark_rule(stroke=theme.GREY, strokeDash=[2, 2]).encode(
            x=alt.X("date_low:T", scale=time.scale)
        ),
        alt.Chart(followers).mark_bar(height=3.5, opacity=0.45).encode(
            x=alt.X("date_low:T", scale=time.scale, axis=time.axis()), x2="date_high:T", y=y,
            yOffset=offset, color=alt.Color("mechanism:N", scale=colour, legend=key),
        ),
        alt.Chart(followers).mark_point(filled=True, size=36, strokeWidth=1.2).encode(
            x=x, y=y, yOffset=offset, color=alt.Color("mechanism:N", scale=colour, legend=key),
            stroke=alt.Stroke("mechanism:N", scale=colour, legend=None), fillOpacity=certain,
            shape=alt.Shape("mechanism:N", scale=shape, legend=key),
            tooltip=["name:N", "organization:N", "mechanism:N", "outcome:N", "access:N"],
        ),
    ]  # fmt: skip
    # On the right: who could get the weights of the follower.
    column = alt.Chart(followers.drop_duplicates("label")).encode(y=y)
    layers.append(
        column.mark_text(align="left", fontSize=theme.TEXT, dx=4, fill="#444444").encode(
            x=alt.value(_PLOT), text="access:N"
        )
    )
    return alt.layer(*layers).properties(width=_PLOT, height=height)


_PLOT = 150  # width of a plot with long names beside it


@asks("Who matched a model, when, how, and who could have it?", _draw_replication)
def replication_lag(
    diffusion_events: pd.DataFrame,
    model_summary: pd.DataFrame,
    organizations: pd.DataFrame,
    model_dates: pd.DataFrame,
    artifacts: pd.DataFrame,
    comparisons: pd.DataFrame,
    model_developers: pd.DataFrame,
    *,
    model: str = "gpt-3",
) -> pd.DataFrame:
    """Return who matched a reference model, when and how, and who could get what they made.

    Current events with a date count; the lags in the subtitle are those of
    `diffdata.derive.replication_lag`.

    Returns: One row for each event, in the order of dates, the first being the model itself:
    model_id, name, organization, mechanism, outcome, certainty, date_low and date_high (the days
    that the date may be), access (who could get the weights), lag_days_low and lag_days_high.

    >>> from diffdata import load
    >>> tables = [load(name, "2026.2") for name in replication_lag.tables]
    >>> found = replication_lag.data(*tables, model="gpt-3")
    >>> found.loc[found["model_id"] == "gopher", ["lag_days_low", "lag_days_high"]].values.tolist()
    [[187, 217]]
    """
    checked("model", model, model_summary["model_id"])
    events = diffusion_events[
        (diffusion_events["reference_model_id"] == model)
        & (diffusion_events["status"] == "current")
    ]
    if events.empty:
        known = sorted(set(diffusion_events["reference_model_id"].dropna()))
        raise InvalidInputError(
            f"model: nothing is stated on who matched {model}; models with followers are "
            + ", ".join(known)
        )
    about = model_summary.set_index("model_id")
    there = events[events["date"].notna()]
    owners = dict(zip(organizations["organization_id"], organizations["name"], strict=True))
    reference: Any = about.loc[model]
    if pd.isna(reference["published"]):
        raise InvalidInputError(f"model: {model} has no date of publication")
    begun = _span(reference["published"], reference["published_precision"])
    makers = model_developers[
        (model_developers["model_id"] == model) & (model_developers["role"] == "developer")
    ]
    made_by = ", ".join(owners[maker] for maker in makers["organization_id"])
    rows = [(model, reference["name"], made_by, "the model itself", None, "stated", *begun)]
    for event in there.to_dict("records"):
        name = about["name"].to_dict().get(event["model_id"])
        mechanism = MECHANISMS.get(event["mechanism"], plain(event["mechanism"]))
        rows.append(
            (event["model_id"], name, owners[event["organization_id"]], mechanism,
             event["outcome"], event["certainty"], *_span(event["date"], event["date_precision"]))
        )  # fmt: skip
    columns = ["model_id", "name", "organization", "mechanism", "outcome", "certainty", "date_low",
               "date_high"]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    weights = about["weights_access"].reindex(found["model_id"]).to_numpy()
    found["access"] = [ACCESS[code if isinstance(code, str) else "unknown"][0] for code in weights]
    first, last = found.loc[0, ["date_low", "date_high"]]
    found["lag_days_low"] = [(day - last).days for day in found["date_low"]]
    found["lag_days_high"] = [(day - first).days for day in found["date_high"]]
    named = found["name"].fillna(found["organization"])
    found["label"] = [
        f"{name} ({who})" if name != who else name
        for name, who in zip(named, found["organization"], strict=True)
    ]
    head, rest = found.iloc[:1], found.iloc[1:].sort_values(["date_low", "label"])
    found = pd.concat([head, rest], ignore_index=True)
    found.attrs.update(
        title=f"Who matched {reference['name']}, when, and by which mechanism",
        subtitle=_lags_in_words(
            model, _names(model_summary), model_dates, artifacts, comparisons, diffusion_events,
            model_developers,
        ),
        caption=f"n = {plural(len(found) - 1, 'event')}; {len(events) - len(there)} without a date "
        "left out; a bar is the precision of a date, a hollow mark is inferred",
        width=400,
    )  # fmt: skip
    return found


def _lags_in_words(model: str, names: dict[str, str], *tables: Any) -> str:
    """Write how long it took until each milestone."""
    words = {
        "better_model": "a better model", "equal_open_model": "an equal open one",
        "successful_replication": "a successful replication",
    }  # fmt: skip
    parts = []
    for row in derive.replication_lag(*tables, reference=model).to_dict("records"):
        what = words[row["milestone"]]
        low, high = row["lag_days_low"], row["lag_days_high"]
        if row["status"] == "reached" and pd.notna(low):
            days = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            who = row["model_id"]
            by = f" ({names.get(who, who)})" if isinstance(who, str) else ""
            parts.append(f"{what}{by} after {days} days")
        elif row["status"] == "not_reached":
            parts.append(f"no {what.split(' ', 1)[1]} within {low:,} days")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _draw_survival(data: pd.DataFrame) -> Any:
    alt = altair()
    groups = list(dict.fromkeys(data["group"]))
    colour = alt.Scale(domain=groups, range=list(theme.COLOURS[: len(groups)]))
    dashes = alt.Scale(domain=groups, range=[[1, 0], [6, 2], [2, 2], [8, 2, 2, 2]][: len(groups)])
    most = data["years"].max()
    x = alt.X(
        "years:Q", title=data.attrs["axis"],
        scale=alt.Scale(domain=[0, most * 1.02], nice=False),
    )  # fmt: skip
    y = alt.Y(
        "survival:Q", title="Share for which it has not happened yet",
        scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
    )  # fmt: skip
    key = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, columns=2)
    colours = alt.Color("group:N", scale=colour, sort=groups, legend=key)
    base = alt.Chart(data)
    # One tick a month is as dense as can be seen.
    months = data.assign(years=(data["years"] * 12).round() / 12)
    cut = alt.Chart(months[data["censored"] > 0].drop_duplicates(["group", "years"]))
    half = alt.Chart(pd.DataFrame({"survival": [0.5]}))
    layers = [
        half.mark_rule(stroke=theme.GREY, strokeDash=[2, 2], strokeWidth=0.8).encode(y=y),
        base.mark_area(interpolate="step-after", opacity=0.15).encode(
            x=x, y=alt.Y("survival_low:Q", scale=alt.Scale(domain=[0, 1])), y2="survival_high:Q",
            color=colours,
        ),
        base.mark_line(interpolate="step-after", strokeWidth=1.7).encode(
            x=x, y=y, color=colours,
            strokeDash=alt.StrokeDash("group:N", scale=dashes, sort=groups, legend=key),
            tooltip=["group:N", "years:Q", "survival:Q", "at_risk:Q", "events:Q", "censored:Q"],
        ),
        cut.mark_tick(orient="vertical", size=6, thickness=0.6, opacity=0.45, aria=False).encode(
            x=x, y=y, color=colours
        ),
    ]  # fmt: skip
    return alt.layer(*layers).properties(width=theme.WIDTH, height=190)


@asks("How long until weights are open, or a model is public?", _draw_survival)
def survival(
    model_dates: pd.DataFrame,
    artifacts: pd.DataFrame,
    *,
    quantity: str = "access",
    since: Since = 2010,
) -> pd.DataFrame:
    """Return survival curves of a lag, by when the model was made public.

    With quantity ``access`` it is the lag of `diffdata.derive.access_lag` until weights are open,
    with ``publication`` that of `diffdata.derive.publication_delay`. What came first counts as 0.
    The curve and its 90 % interval are those of `diffdata.derive.survival_curve`.

    Returns: One row for each group and step: group, time (days), years, at_risk, events, censored,
    survival, survival_low and survival_high; with a first step at 0 for each group.

    >>> from diffdata import load
    >>> found = survival.data(load("model_dates", "2026.2"), load("artifacts", "2026.2"))
    >>> float(found["survival"].max())
    1.0
    """
    kinds = {
        "access": ("Years from publication until the weights are open",
                   "How long until the weights of a model are open"),
        "publication": ("Years from the end of training until publication",
                        "How long finished models stay unpublished"),
    }  # fmt: skip
    checked("lag", quantity, kinds)
    axis, title = kinds[quantity]
    if quantity == "access":
        lags, start = derive.access_lag(model_dates, artifacts), "published"
    else:
        lags, start = derive.publication_delay(model_dates), "developed"
    stated = lags[lags["lag_days_low"].notna() | lags["lag_days_high"].notna()]
    stated = dated(stated, start, since)
    if stated.empty:
        raise InvalidInputError(f"since: no lag is stated since {since}")
    year = stated["date"].dt.year
    periods = pd.cut(year, [0, 2019, 2022, 9999], labels=["to 2019", "2020 to 2022", "from 2023"])
    counts = periods.value_counts()
    # A curve of few models says nothing: then all are one.
    if (counts[counts > 0] < 8).any():
        periods = pd.Series("all models", stated.index)
        counts = periods.value_counts()
    stated = stated.assign(
        group=[f"{name} (n = {counts[name]:,})" for name in periods],
        _order=periods.astype(str).map({"to 2019": 0, "2020 to 2022": 1, "from 2023": 2}),
    )
    order = list(dict.fromkeys(stated.sort_values("_order")["group"]))
    curves = derive.survival_curve(stated, "group", negative="zero")
    # After the last censored time nothing tells how the rest is spread: the curve ends there.
    last = curves[curves["censored"] > 0].groupby("group")["time"].max()
    ends = curves["group"].map(last.to_dict()).fillna(math.inf)
    curves = curves[(curves["time"] <= ends) | (curves["time_low"] < ends)]
    first = pd.DataFrame(
        {"group": order, "time": 0.0, "survival": 1.0, "survival_low": 1.0, "survival_high": 1.0,
         "events": 0.0, "censored": 0.0}
    )  # fmt: skip
    found = pd.concat([first, curves]).sort_values(["group", "time"], kind="stable")
    found["group"] = pd.Categorical(found["group"], order, ordered=True)
    found = found.sort_values(["group", "time"], kind="stable", ignore_index=True)
    found["group"] = found["group"].astype(str)
    found["years"] = found["time"] / 365.25
    columns = ["group", "time", "years", "at_risk", "events", "censored", "survival",
               "survival_low", "survival_high"]  # fmt: skip
    found = found[columns].copy()
    halves = found[found["survival"] <= 0.5].groupby("group")["time"].min()
    texts = [f"{name.split(' (')[0]}: {_days(halves.get(name))}" for name in order]
    undated = int((stated["lag_days_low"].isna()).sum())
    found.attrs.update(
        title=title,
        subtitle="Time by which it has happened for half: " + "; ".join(texts)
        + "; bands: 90\u00a0% intervals",
        caption=f"n = {len(stated):,}, of which {undated:,} by an unknown day; "
        f"{len(lags) - len(stated):,} of which nothing is stated, or outside of the period, are "
        "left out; ticks: not yet happened when last known",
        axis=axis,
    )  # fmt: skip
    return found


def _days(days: Any) -> str:
    if pd.isna(days):
        return "not reached"
    return f"{days:,.0f} days" if days < 730 else f"{days / 365.25:.1f} years"


def _draw_benchmark(data: pd.DataFrame) -> Any:
    alt = altair()
    height = 205
    time = TimeScale([*data["date"], data.attrs["as_of"]])
    low, high = data["score"].min(), data["score"].max()
    room = (high - low) * 0.06 or 1
    domain = [low - room, high + room * 1.6]
    x = alt.X("date:T", scale=time.scale, axis=time.axis())
    y = alt.Y(
        "score:Q", title=data.attrs["axis"],
        scale=alt.Scale(domain=domain, zero=False, nice=False),
    )  # fmt: skip
    groups = ["closed weights", "open weights"]
    colour = alt.Scale(domain=groups, range=[theme.RED, theme.BLUE])
    shape = alt.Scale(domain=groups, range=["square", "circle"])
    colours = alt.Color("group:N", scale=colour)
    base = alt.Chart(data)
    steps = []
    for group in groups:
        best = data[(data["group"] == group) & data["record"]]
        if len(best):
            last = best.iloc[[-1]].assign(date=pd.Timestamp(data.attrs["as_of"]))
            steps.append(pd.concat([best, last]))
    lags = pd.DataFrame(data.attrs["marks"])
    layers = [
        base.mark_point(filled=True, size=20, opacity=0.4, strokeWidth=0).encode(
            x=x, y=y, color=colours, shape=alt.Shape("group:N", scale=shape),
            tooltip=["name:N", "date:T", "score:Q", "group:N"],
        ),
        *(
            alt.Chart(step).mark_line(interpolate="step-after", strokeWidth=1.6).encode(
                x=x, y=y, color=colours
            )
            for step in steps
        ),
    ]  # fmt: skip
    if len(lags):
        bars = alt.Chart(lags)
        layers += [
            bars.mark_rule(stroke="#444444", strokeWidth=0.8).encode(
                x=alt.X("date:T", scale=time.scale), x2="until:T", y=alt.Y("score:Q"),
                strokeDash=alt.StrokeDash(
                    "status:N", legend=None,
                    scale=alt.Scale(domain=["reached", "not_reached"], range=[[1, 0], [2, 2]]),
                ),
            ),
        ]  # fmt: skip
    named = data[data["record"]].sort_values("score", ascending=False)
    named = named.assign(text=named["name"])
    if len(lags):
        # A lag is written where it ends.
        ended = lags[lags["status"] == "reached"].assign(date=lags["until"])
        ended = ended.drop_duplicates("follower", keep="last").iloc[::-1]
        named = pd.concat([named.iloc[:1], ended, named.iloc[1:]])
    places = [
        (time.place(day), (score - domain[0]) / (domain[1] - domain[0]))
        for day, score in zip(named["date"], named["score"], strict=True)
    ]
    closed = [group == groups[0] for group in named["group"]]
    for sides, chosen in ((("left", "above"), closed), (("right", "below"), None)):
        kept = [not one for one in closed] if chosen is None else chosen
        layers += theme.label_layers(
            named[kept], x, y, "text", theme.WIDTH, height,
            [place for place, one in zip(places, kept, strict=True) if one], sides=sides, most=6,
        )  # fmt: skip
    return alt.layer(*layers).properties(width=theme.WIDTH, height=height)


@asks("How far are open models behind closed ones on a benchmark?", _draw_benchmark)
def benchmark_lag(
    evaluations: pd.DataFrame,
    model_summary: pd.DataFrame,
    benchmarks: pd.DataFrame,
    *,
    benchmark: str = "epoch-capabilities-index",
    since: Since = None,
) -> pd.DataFrame:
    """Return the scores of open and of closed models over time, and how long open ones took.

    Of each model the best reported score counts, whatever its setting, from its publication. Open
    are models whose weights are open or given on request, closed those with an API only or none.

    Returns: One row for each model: model_id, name, group, date, date_low, date_high,
    date_precision, score, and record: whether it was the best of its group. ``attrs["marks"]`` has
    the lags of `diffdata.derive.threshold_lag`, of closed models that led.

    >>> from diffdata import load
    >>> found = benchmark_lag.data(*(load(name) for name in benchmark_lag.tables))
    >>> sorted(found["group"].unique())
    ['closed weights', 'open weights']
    """
    checked("benchmark", benchmark, benchmarks["benchmark_id"])
    about: Any = benchmarks.set_index("benchmark_id").loc[benchmark]
    columns = ["model_id", "name", "published", "published_precision", "weights_access"]
    scores = evaluations[(evaluations["benchmark"] == benchmark) & evaluations["score"].notna()]
    lowest = _less_is_better(scores, about)
    best = scores.groupby("model_id")["score"].agg("min" if lowest else "max").reset_index()
    known = best.merge(model_summary[columns], on="model_id")
    known["group"] = known["weights_access"].map(_GROUPS)
    grouped = known[known["group"].notna()]
    points = dated(grouped, "published", since)
    if points.empty:
        raise InvalidInputError(f"benchmark: no dated model with a score on {benchmark}")
    points["record"] = False
    for _, group in points.groupby("group"):
        sign = -1 if lowest else 1
        kept = leading(group["date"].tolist(), (sign * group["score"]).tolist(), 1)
        points.loc[group.index[kept], "record"] = True
    lags = derive.threshold_lag(
        points, leader="closed weights", follower="open weights",
        best="lowest" if lowest else "highest",
    )  # fmt: skip
    as_of = points["date_high"].max()
    marks = []
    for row in lags.to_dict("records"):
        if row["status"] not in ("reached", "not_reached"):
            continue
        reached = row["status"] == "reached"
        start = pd.Timestamp(row["leader_date"])
        until = pd.Timestamp(row["follower_date"]) if reached else as_of
        days, least = row["lag_days_high"], row["lag_days_low"]
        months = (least + (days if reached else least)) / 2 / 30.4369
        marks.append({
            "score": row["threshold"], "date": start, "until": until, "status": row["status"],
            "middle": start + (until - start) / 2, "leader": row["leader"],
            "follower": row["follower"] if reached else None, "lag_days_low": least,
            "lag_days_high": days if reached else None,
            "text": f"{months:.0f} months",
        })  # fmt: skip
    points = points[["model_id", "name", "group", "date", "date_low", "date_high",
                     "date_precision", "score", "record"]].copy()  # fmt: skip
    middles = [
        (mark["lag_days_low"] + mark["lag_days_high"]) / 2 / 30.4369
        for mark in marks if mark["status"] == "reached"
    ]  # fmt: skip
    took = f"{min(middles):.0f} to {max(middles):.0f} months" if middles else ""
    ahead = sum(mark["status"] == "not_reached" for mark in marks)
    where = str(about["name"])
    unit = {"percent": " (%)", "points": " (points)"}.get(about["score_scale"], "")
    points.attrs.update(
        title=f"Open models reached the level of the best closed ones after {took}" if took
        else f"Open and closed models on {where}",
        subtitle=f"{where}, best reported score of each of {plural(len(points), 'model')}; lines: "
        f"the best so far; bars: lags, dashed for {ahead} levels that no open model has reached",
        caption=f"n = {len(points)}; {len(best) - len(points)} without a date, without known "
        "access to the weights or outside of the period are left out",
        axis=f"{where}{unit}", as_of=as_of, marks=marks,
    )  # fmt: skip
    return points


def _less_is_better(scores: pd.DataFrame, about: Any) -> bool:
    less = {"perplexity", "bits_per_byte", "bits_per_character", "fid"}
    return about["score_scale"] in less or (len(scores) > 0 and set(scores["metric"]) <= less)


def _draw_access(data: pd.DataFrame) -> Any:
    alt = altair()
    rows = list(dict.fromkeys(data["name"]))
    time = TimeScale([*data["since"], data.attrs["as_of"]])
    labels = [label for label, _ in ACCESS.values() if label in set(data["access"])]
    colours = [colour for label, colour in ACCESS.values() if label in labels]
    y = alt.Y("name:N", sort=rows, title=None, axis=alt.Axis(labelLimit=130, ticks=False))
    x = alt.X("since:T", scale=time.scale, axis=time.axis())
    base = alt.Chart(data)
    layers = [
        base.mark_bar(height=_LINE - 4).encode(
            x=x, x2="until:T", y=y,
            color=alt.Color(
                "access:N", sort=labels, scale=alt.Scale(domain=labels, range=colours),
                legend=alt.Legend(title=None, columns=3, symbolType="square"),
            ),
            tooltip=["name:N", "access:N", "since:T", "until:T", "certainty:N"],
        ),
        alt.Chart(data[data["since"] < data["since_high"]]).mark_rule(
            stroke=theme.BLACK, strokeWidth=1
        ).encode(x=x, x2="since_high:T", y=y),
    ]  # fmt: skip
    last = data.drop_duplicates("name", keep="last")
    layers.append(
        alt.Chart(last)
        .mark_text(align="left", dx=4, fontSize=theme.TEXT, fill="#444444")
        .encode(x=alt.value(_PLOT), y=y, text="now:N")
    )
    return alt.layer(*layers).properties(width=_PLOT, height=_LINE * len(rows))


@asks("Who could get a model and those like it, and since when?", _draw_access)
def access(
    model_summary: pd.DataFrame,
    model_dates: pd.DataFrame,
    artifacts: pd.DataFrame,
    comparisons: pd.DataFrame,
    diffusion_events: pd.DataFrame,
    *,
    model: str = "gpt-3",
    since: Since = None,
) -> pd.DataFrame:
    """Return who could get a model and those that are compared with it, from when to when.

    From its publication on a model has no access, until an API or weights of it are available; the
    most open access so far counts. What has no date is left out.

    Returns: One row for each model and period: model_id, name, access, since and since_high (the
    days that its beginning may be), until, certainty. The last period ends on the last day that
    the tables speak of.

    >>> from diffdata import load
    >>> found = access.data(*(load(name, "2026.2") for name in access.tables))
    >>> found.loc[found["model_id"] == "gpt-3", "access"].tolist()
    ['no access', 'API only']
    """
    checked("model", model, model_summary["model_id"])
    chosen = {model}
    for table in (comparisons, diffusion_events):
        about = (table["reference_model_id"] == model) & (table["status"] == "current")
        chosen |= set(table.loc[about, "model_id"].dropna())
    if len(chosen) == 1:
        here = comparisons[comparisons["model_id"] == model]["reference_model_id"]
        chosen |= set(here.dropna())
    public = dated(model_summary[model_summary["model_id"].isin(chosen)], "published", since)
    as_of = pd.Series([model_dates["date"].max(), artifacts["available"].max()]).max()
    if pd.isna(as_of):
        raise InvalidInputError("access: no date of a model or of a release is known")
    order = list(ACCESS)
    dates_of = artifacts[
        artifacts["model_id"].isin(chosen) & artifacts["variant"].isna()
        & artifacts["available"].notna()
        & artifacts["artifact_kind"].isin(["weights", "api"])
        & artifacts["access"].isin(["open", "on_request", "api_only"])
    ]  # fmt: skip
    rows = []
    undated = 0
    for row in public.to_dict("records"):
        own = dates_of[dates_of["model_id"] == row["model_id"]]
        steps = [(row["date_low"], row["date_high"], "none", "stated")]
        for thing in own.to_dict("records"):
            level = "api_only" if thing["artifact_kind"] == "api" else thing["access"]
            span = _span(thing["available"], thing["available_precision"])
            steps.append((*span, level, thing["certainty"]))
        reached = "none"
        periods: list[list[Any]] = []
        for first, last, level, certainty in sorted(
            steps, key=lambda step: (step[0], order.index(step[2]))
        ):
            if not periods or order.index(level) < order.index(reached):
                periods.append([first, last, level, certainty])
                reached = level
        stated = row["weights_access"]
        rank = order.index(reached)
        if len(periods) == 1 and isinstance(stated, str) and order.index(stated) < rank:
            # The access is stated, its day is not.
            periods[0][2] = "unknown"
            undated += 1
        ends = [period[0] for period in periods[1:]] + [as_of]
        for (first, last, level, certainty), end in zip(periods, ends, strict=True):
            if first < end:
                rows.append(
                    (row["model_id"], row["name"], ACCESS[level][0], first, last, end, certainty)
                )
    columns = ["model_id", "name", "access", "since", "since_high", "until", "certainty"]
    found = pd.DataFrame(rows, columns=columns)
    stated = model_summary.set_index("model_id")["weights_access"].to_dict()
    now = [stated.get(name) for name in found["model_id"]]
    found["now"] = [ACCESS[code][0] if isinstance(code, str) else "not stated" for code in now]
    name = _names(model_summary)[model]
    open_now = found[found["now"] == ACCESS["open"][0]]["model_id"].nunique()
    found.attrs.update(
        title=f"Who could get {name} and the models compared with it",
        subtitle=f"{open_now} of {plural(found['model_id'].nunique(), 'model')} have open weights; "
        "right: access by the latest stage of the release",
        caption=f"n = {plural(found['model_id'].nunique(), 'model')}; {len(chosen) - len(public)} "
        f"without a date of publication left out; of {undated} the day of access is not stated; "
        f"black lines: the days that a beginning may be; until {as_of:%d %B %Y}",
        as_of=as_of, width=370,
    )  # fmt: skip
    return found


_KINDS = {
    "weights": "weights", "training_code": "code", "software": "code", "training_data": "data",
    "method_details": "method or paper", "hyperparameters": "method or paper",
    "paper": "method or paper", "logbook": "method or paper", "api": "API",
}  # fmt: skip


def _draw_cascade(data: pd.DataFrame) -> Any:
    alt = altair()
    left, right = _ranks(data)
    height = max(len(left), len(right)) * 12
    places = {
        **{("from", name): (rank + 0.5) / len(left) for rank, name in enumerate(left)},
        **{("to", name): (rank + 0.5) / len(right) for rank, name in enumerate(right)},
    }
    same = data.groupby(["from_name", "to_name"])
    shift = (same.cumcount() - (same["kind"].transform("size") - 1) / 2) * 2.6 / height
    lines = data.assign(
        y=[places["from", name] for name in data["from_name"]],
        y2=[places["to", name] for name in data["to_name"]], x=0.0, x2=1.0,
    )  # fmt: skip
    lines[["y", "y2"]] = lines[["y", "y2"]].add(shift, axis=0)
    ends = pd.DataFrame(
        [{"side": side, "name": name, "x": float(side == "to"), "y": y}
         for (side, name), y in places.items()]
    )  # fmt: skip
    every = list(dict.fromkeys(_KINDS.values()))
    kinds = [kind for kind in every if kind in set(data["kind"])]
    colours = [theme.COLOURS[every.index(kind)] for kind in kinds]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[1, 0]))
    base = alt.Chart(lines)
    nodes = alt.Chart(ends)
    sides = {"from": ("right", -6), "to": ("left", 6)}
    layers = [
        base.mark_rule(strokeWidth=1.3, opacity=0.85).encode(
            x=x, x2="x2:Q", y=y, y2="y2:Q",
            color=alt.Color(
                "kind:N", sort=kinds,
                scale=alt.Scale(domain=kinds, range=colours),
                legend=alt.Legend(title=None, symbolType="stroke", symbolStrokeWidth=2),
            ),
            strokeDash=alt.StrokeDash(
                "certainty:N",
                scale=alt.Scale(domain=["stated", "inferred"], range=[[1, 0], [3, 2]]),
                legend=alt.Legend(title=None, symbolStrokeColor=theme.BLACK),
            ),
            tooltip=["from_name:N", "artifact_id:N", "to_name:N", "mechanism:N", "certainty:N"],
        ),
        nodes.mark_point(filled=True, size=14, color=theme.BLACK, opacity=1).encode(x=x, y=y),
    ]  # fmt: skip
    for side, (align, dx) in sides.items():
        layers.append(
            alt.Chart(ends[ends["side"] == side])
            .mark_text(align=align, dx=dx, fontSize=theme.TEXT)
            .encode(x=x, y=y, text="name:N")
        )
    return alt.layer(*layers).properties(width=120, height=height)


def _ranks(data: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the order of both sides, in which few lines cross (by the means of neighbours)."""
    left = list(dict.fromkeys(data["from_name"]))
    right = list(dict.fromkeys(data["to_name"]))
    for _ in range(20):
        for one, other, own, others in (
            (right, left, "to_name", "from_name"), (left, right, "from_name", "to_name"),
        ):  # fmt: skip
            rank = {name: place / len(other) for place, name in enumerate(other)}
            means = data[others].map(rank).groupby(data[own]).mean()
            one.sort(key=lambda name, means=means: (means[name], name))  # type: ignore[misc]
    return left, right


@asks("Which models had which artifacts from whom?", _draw_cascade)
def cascade(
    diffusion_events: pd.DataFrame,
    artifacts: pd.DataFrame,
    models: pd.DataFrame,
    organizations: pd.DataFrame,
    *,
    model: str | None = None,
) -> pd.DataFrame:
    """Return which models had artifacts of which other models and organizations.

    The edges are those of `diffdata.derive.cascade`. With a `model`, only those that lead to it or
    from it, over any number of steps.

    Returns: One row for each edge: from_id, from_name, artifact_id, artifact_kind, kind (of a
    few), to_id, to_name, mechanism, certainty.

    >>> from diffdata import load
    >>> tables = [load(name, "2026.2") for name in cascade.tables]
    >>> found = cascade.data(*tables, model="opt-175b")
    >>> "gpt-2" in set(found["from_id"])
    True
    """
    edges = derive.cascade(diffusion_events, artifacts)
    edges = edges.assign(
        from_id=edges["from_model_id"].fillna(edges["from_organization_id"]),
        to_id=edges["to_model_id"].fillna(edges["to_organization_id"]),
    )
    if model is not None:
        checked("model", model, models["model_id"])
        kept: set[int] = set()
        for start, end in (("from_id", "to_id"), ("to_id", "from_id")):
            reached, front = set(), {model}
            while front:
                reached |= front
                found = edges[edges[start].isin(front)]
                kept |= set(found.index)
                front = set(found[end]) - reached
        edges = edges.loc[sorted(kept)]
        if edges.empty:
            raise InvalidInputError(f"model: nothing is stated on artifacts from or for {model}")
    names = _names(models) | dict(
        zip(organizations["organization_id"], organizations["name"], strict=True)
    )
    found = edges.assign(
        from_name=edges["from_id"].map(names), to_name=edges["to_id"].map(names),
        kind=edges["artifact_kind"].map(_KINDS),
    ).drop_duplicates(["from_id", "artifact_id", "to_id"])  # fmt: skip
    columns = ["from_id", "from_name", "artifact_id", "artifact_kind", "kind", "to_id", "to_name",
               "mechanism", "certainty"]  # fmt: skip
    found = found[columns].reset_index(drop=True)
    top = found["from_name"].value_counts()
    about = f" around {names[model]}" if model else ""
    leader = (
        f"; most often from {top.index[0]} ({top.iloc[0]})" if len(top) and top.iloc[0] > 1 else ""
    )
    found.attrs.update(
        title=f"Which models had artifacts from whom{about}",
        subtitle=f"{plural(len(found), 'artifact')} that passed from the owner on the left to the "
        f"model on the right{leader}",
        caption=f"n = {len(found)} current events with an artifact; dashed: inferred",
        width=360,
    )
    return found
