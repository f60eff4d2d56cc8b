"""The chart that readers filter: training compute and cost over time, points with their sources."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.text import ACCESS_LABELS, date, human, plain
from diffdata.plot import PLOTS
from diffdata.plot.question import frames_of
from diffdata.site.facts import Facts
from diffdata.site.layout import page
from diffdata.site.tables import address

# The measures by the name of their plot: words for the axis, the unit, and the quantities behind.
_MEASURES = {
    "training-compute": ("Training compute", "FLOP", ("training_compute",)),
    "training-cost": ("Cost of the final training run", "USD", ("training_cost",)),
}
_BEHIND_SIX_ND = ("parameters", "training_tokens")
_LISTED = 50  # models in the page itself


def explore_pages(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield path and text of the points and of the page that shows them."""
    names = ["model_domains", *(table for name in _MEASURES for table in PLOTS[name].tables)]
    frames = dict(zip(names, frames_of(facts.tables, facts.arrow, names), strict=True))
    about = _models(frames)
    measures: dict[str, dict[str, Any]] = {}
    for name, (words, unit, quantities) in _MEASURES.items():
        plot = PLOTS[name]
        try:
            data = plot.data(*(frames[table] for table in plot.tables), since=1950)
        except (InvalidInputError, UnknownNameError):
            continue  # an old edition has no index of prices
        sources = _sources(frames, quantities)
        by_parts = _sources(frames, _BEHIND_SIX_ND)
        year = data.attrs.get("price_year")
        axis = f"{words} ({unit})" if year is None else f"{words} (US dollars of {year})"
        points = [
            about[row["model_id"]]
            | {
                "id": row["model_id"], "name": row["name"],
                "day": row["date"].date().isoformat(),
                "date": date(row["date"], row["date_precision"]),
                "value": row["value"],
                "low": None if pd.isna(row["low"]) else row["low"],
                "high": None if pd.isna(row["high"]) else row["high"],
                "level": None if pd.isna(row["level"]) else row["level"],
                "reviewed": row["origin"] == "reviewed",
                "sources": (by_parts if row["method"] == "six_nd" else sources)[row["model_id"]],
            }
            for row in data.to_dict("records")
        ]  # fmt: skip
        measures[name] = {"axis": axis, "unit": unit, "points": points}
    text = json.dumps(measures, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    yield "charts/explore/points.js", f"globalThis.diffdataPoints={text};\n"
    path = "charts/explore/index.html"
    points = next((measure["points"] for measure in measures.values()), [])
    rows = sorted(points, key=lambda point: -point["value"])[:_LISTED]
    yield path, page(
        "explore.html.j2", path, title="Explore training compute and cost", edition=facts.edition,
        description="Training compute and cost of AI models over time, to filter and download.",
        measures={name: measure["axis"] for name, measure in measures.items()},
        rows=rows, total=len(points), human=human, address=address,
        choices={"domain": _options(measures, "domains"), "access": _options(measures, "access"),
                 "country": _options(measures, "countries")},
    )  # fmt: skip


def _options(measures: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    cells = [point[name] for measure in measures.values() for point in measure["points"]]
    return sorted({each for cell in cells for each in ([cell] if isinstance(cell, str) else cell)})


def _models(frames: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Return what models are filtered by, by model."""
    domains: dict[str, list[str]] = defaultdict(list)
    rows = frames["model_domains"]
    for model, domain in zip(rows["model_id"], rows["domain"], strict=True):
        domains[model].append(plain(domain))
    summary = frames["model_summary"]
    columns = ["model_id", "developers", "countries", "weights_access"]
    return {
        row["model_id"]: {
            "developers": _text(row["developers"]),
            "countries": list(filter(None, _text(row["countries"]).split("; "))),
            "domains": domains[row["model_id"]],
            "access": ACCESS_LABELS.get(_text(row["weights_access"]), "unknown"),
        }
        for row in summary.reindex(columns=columns).to_dict("records")
    }


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell)


def _sources(
    frames: Mapping[str, pd.DataFrame], quantities: tuple[str, ...]
) -> dict[str, list[str]]:
    """Return the sources of the estimates that were used, by model."""
    inputs = frames["model_summary_inputs"]
    used = inputs[inputs["used"].astype(bool) & inputs["quantity_id"].isin(quantities)]
    joined = used[["model_id", "estimate_id"]].merge(
        frames["estimates"][["estimate_id", "source_id"]], on="estimate_id"
    )
    found: dict[str, list[str]] = defaultdict(list)
    for model, source in zip(joined["model_id"], joined["source_id"], strict=True):
        if source not in found[model]:
            found[model].append(source)
    return found
