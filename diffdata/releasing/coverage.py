"""The coverage of the dataset: how many models of each year and domain have which facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from diffdata.loading import load, load_all
from diffdata.package.packages import Package

_TABLES = (
    "models", "model_dates", "model_developers", "model_domains", "estimates", "quantities",
    "sources",
)  # fmt: skip
_FIVE = ("date", "organization", "access", "parameters", "compute")
# What a model must have for a column of the table, by the columns of `facts_of_models`.
COLUMNS = {
    "models": (),
    "date, organization": ("date", "organization"),
    "and access, parameters": ("date", "organization", "access", "parameters"),
    "and compute": _FIVE,
    "all six, with tokens": (*_FIVE, "tokens"),
    "or examples": (*_FIVE, "data"),
}  # fmt: skip
# What the dataset aims at: models by their facts, each with what its figures are.
_AIMS = {
    "models with a date and an organization": COLUMNS["date, organization"],
    "... access to the weights and parameters, too": COLUMNS["and access, parameters"],
    "models with a date, an organization and training compute": ("date", "organization", "compute"),
    "... access to the weights and parameters, too (five facts)": COLUMNS["and compute"],
    "... and tokens of training or of the corpus (six facts)": COLUMNS["all six, with tokens"],
    "... or those or examples of the dataset": COLUMNS["or examples"],
}
_STOCK = (
    "hardware", "hardware_performance", "hardware_prices", "api_prices", "evaluations",
    "price_index", "electricity_prices", "estimates", "model_dates", "artifacts",
)  # fmt: skip
_CHIP = ["memory_bytes", "bandwidth_bytes_per_second", "power_watt", "released"]
_DAYS = ["observed_on", "listed_on", "effective_from"]
# A year with fewer models than this share of the year before is not read as a trend.
_FALL = 0.8


def coverage(package: Package, summary: pd.DataFrame) -> dict[str, Any]:
    """Return the counts by year and by domain, each with all models and the two layers.

    Parameters
    ----------
    package : the dataset
    summary : its ``model_summary``
    """
    frames = load_all(package, _TABLES)
    reviewed = load("models", package=package, reviewed=True)["model_id"]
    facts = facts_of_models(frames, summary, reviewed)
    domains = frames["model_domains"][["model_id", "domain"]].drop_duplicates()
    last_day = _last_snapshot(frames)
    years = [(str(year), group) for year, group in facts.groupby("year")]
    in_domain = facts.merge(domains, on="model_id")
    of_domain = sorted(in_domain.groupby("domain"), key=lambda pair: (-len(pair[1]), pair[0]))
    flags: dict[str, str] = {}
    before = 0
    for year, group in years:
        if int(year) >= last_day.year:
            flags[year] = f"open: the last snapshot is of {last_day:%Y-%m-%d}"
        elif int(year) >= last_day.year - 2 and len(group) < _FALL * before:
            flags[year] = "incomplete: fewer models than the year before, as later snapshots"
            flags[year] += " have only notable and large ones"
        before = len(group)
    recent = [(year, group) for year, group in years if int(year) >= last_day.year - 14]
    earlier = facts[facts["year"] < last_day.year - 14]
    undated = facts[facts["year"].isna()]
    rows = [("all", facts), (f"before {last_day.year - 14}", earlier), *recent]
    rows += [("no date", undated)] if len(undated) else []
    return {
        "columns": list(COLUMNS),
        "stock": _stock(package, facts),
        "years": [(name, *_counts(group), flags.get(name, "")) for name, group in rows],
        "domains": [(name, *_counts(group)) for name, group in of_domain],
        "one_source": _one_source(frames),
    }


def facts_of_models(
    frames: Mapping[str, pd.DataFrame], summary: pd.DataFrame, reviewed: pd.Series[str]
) -> pd.DataFrame:
    """Return for each model its layer, its year, and which facts it has."""
    developed = frames["model_developers"]["model_id"]
    dates, estimates = frames["model_dates"], frames["estimates"]
    public = dates["milestone"].isin(["announced", "published"])
    first = dates[public & (dates["model_variant"] == "main")].groupby("model_id")["date"].min()
    date = pd.to_datetime(summary["model_id"].map(first.to_dict()).fillna(summary["developed"]))
    examples = estimates.loc[estimates["quantity_id"] == "dataset_examples", "model_id"]
    tokens = summary["training_tokens"].notna() | summary["corpus_tokens"].notna()
    return pd.DataFrame(
        {
            "model_id": summary["model_id"],
            "reviewed": summary["model_id"].isin(reviewed),
            "year": date.dt.year.astype("Int64"),
            "date": date.notna(),
            "organization": summary["model_id"].isin(developed),
            "access": summary["weights_access"].notna(),
            "parameters": summary["parameters"].notna(),
            "compute": summary["training_compute_flop"].notna(),
            "tokens": tokens,
            "data": tokens | summary["model_id"].isin(examples),
        }
    )


def _stock(package: Package, facts: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Return what there is, its number, and how much of it people wrote, not from a snapshot."""
    frames = load_all(package, _STOCK)
    written = {name: load(name, package=package, reviewed=True) for name in (*_STOCK, "models")}
    read = [frame[frame["verification"] == "read"] for frame in written.values()]
    ids = {model for frame in read if "model_id" in frame for model in frame["model_id"].dropna()}
    written = {name: frame[frame["verification"] != "snapshot"] for name, frame in written.items()}
    found = []
    for what, those in _AIMS.items():
        there = facts[facts[list(those)].all(axis=1)]
        found.append((what, len(there), int(there["reviewed"].sum())))
    reviewed = facts.loc[facts["reviewed"], "model_id"]
    found.append(("models that people entered", len(reviewed), len(reviewed)))
    number = int(reviewed.isin(ids).sum())
    found.append(("... with a row read in its own source", number, number))
    counts = [_things(frames), _things(written)]
    return found + [(what, number, counts[1].get(what, 0)) for what, number in counts[0].items()]


def _things(frames: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """Return the numbers of chips, prices, scores and years in some tables."""
    prices, chips = _dated(frames["hardware_prices"]), frames["hardware"]
    chips = chips[chips["hardware_id"].isin(frames["hardware_performance"]["hardware_id"])]
    kinds = prices["price_kind"].value_counts()
    indices = frames["price_index"].groupby("price_index")["period"]
    return {
        "chips with dense peaks by number format and unit": len(chips),
        "... memory, bandwidth, power and date, too": len(chips.dropna(subset=_CHIP)),
        "dated prices of chips: purchase": int(kinds.get("purchase", 0)),
        "dated prices of chips: an hour in the cloud": int(kinds.get("cloud_hour", 0)),
        "dated prices of tokens": len(_dated(frames["api_prices"])),
        "scores": len(frames["evaluations"]),
        "benchmarks with scores": frames["evaluations"]["benchmark"].nunique(),
        **{f"years of `{name}`": those.astype(str).str[:4].nunique() for name, those in indices},
        "years of prices of electricity": frames["electricity_prices"]["year"].nunique(),
    }


def _dated(prices: pd.DataFrame) -> pd.DataFrame:
    return prices[prices[_DAYS].notna().any(axis=1)]


def _counts(models: pd.DataFrame) -> list[str]:
    """Return for each column the number of all models, and of the reviewed ones."""
    cells = []
    for names in COLUMNS.values():
        found = models[models[list(names)].all(axis=1)] if names else models
        cells.append(f"{len(found):,} ({int(found['reviewed'].sum()):,})")
    return cells


def _last_snapshot(frames: Mapping[str, pd.DataFrame]) -> pd.Timestamp:
    """Return the day of the latest snapshot from which models were taken."""
    models, sources = frames["models"], frames["sources"]
    used = sources[sources["source_id"].isin(models["source_id"])]
    return pd.Timestamp(used.loc[used["source_kind"] == "dataset", "published"].max())


def _one_source(frames: Mapping[str, pd.DataFrame]) -> list[tuple[str, int, int]]:
    """Return for each quantity of the summary the models that have it, and those by one source."""
    quantities, estimates = frames["quantities"], frames["estimates"]
    names = quantities.loc[quantities["summary_column"].notna(), "quantity_id"].drop_duplicates()
    current = estimates[(estimates["status"] == "current") & estimates["model_id"].notna()]
    found = []
    for name in names:
        sources = current[current["quantity_id"] == name].groupby("model_id")["source_id"]
        found.append((str(name), sources.ngroups, int((sources.nunique() == 1).sum())))
    return found
