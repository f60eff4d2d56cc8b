"""The state of diffusion on one screen: coverage, disputes, the latest models and crossings."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from diffdata.answers.clocks import lags
from diffdata.answers.layout import Report, grid, table
from diffdata.answers.overview import interval, median
from diffdata.loading import load_all
from diffdata.lookup.tallies import records
from diffdata.lookup.text import ACCESS_LABELS, date, each, number, plain, rows_where
from diffdata.package.packages import Package
from diffdata.reproduce import verdict_counts

_TABLES = (
    "models", "model_summary", "estimates", "artifacts", "hardware", "sources", "calculations",
    "comparisons", "organizations",
)  # fmt: skip
_THRESHOLDS = (1e23, 1e24, 1e25, 1e26)  # FLOP of training compute
_FACTS = {
    "date": "published", "developer": "developers", "access": "weights_access",
    "parameters": "parameters", "compute": "training_compute_flop", "cost": "training_cost_usd",
}  # fmt: skip
_LATEST, _YEARS, _DISPUTES = 6, 6, 5
# Figures that are further apart than this factor are disputed, not rounded or defined otherwise.
_APART = 2.0


def state(package: Package) -> Report:
    """Report the state of diffusion, see `diffdata.report`."""
    frames = load_all(package, [name for name in _TABLES if name in package.tables])
    summary = frames["model_summary"]
    if "reviewed" not in summary:  # released editions lack it
        imported = frames["models"].set_index("model_id")["verification"] == "snapshot"
        summary = summary.assign(reviewed=~summary["model_id"].map(imported.to_dict()))
    columns = [name for name in _FACTS.values() if name in summary]
    summary = summary.sort_values(["published", "model_id"])
    return Report(
        f"The state of diffusion  diffdata {package.version}",
        [
            ("Coverage", grid(coverage(frames, summary))),
            ("Models by year of publication, and what is known of them",
             table(years(summary, columns))),
            ("Clocks, see diffdata lags", table(clocks(package))),
            ("Training compute in FLOP: who crossed a threshold first, and last",
             table(crossings(summary))),
            ("Latest records of training compute", table(latest_records(package))),
            ("Latest models that people reviewed", table(latest_models(summary))),
            ("Latest releases", table(latest_releases(frames, summary))),
            (f"Disputed: reviewed figures that differ by a factor of {_APART:g} or more",
             grid(disputes(frames))),
        ],
    )  # fmt: skip


def coverage(frames: dict[str, pd.DataFrame], summary: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield how many rows are reviewed and imported, and which years they span."""
    for name in ("models", "estimates", "artifacts", "hardware"):
        imported = int((frames[name]["verification"] == "snapshot").sum())
        reviewed = len(frames[name]) - imported
        yield name.capitalize(), f"{reviewed:,} reviewed, {imported:,} imported"
    dates = summary["published"].dropna()
    if len(dates):
        yield "Years", f"{dates.min().year} to {dates.max().year}; last {dates.max():%Y-%m-%d}"
    yield "Sources", f"{len(frames['sources']):,}"
    verdicts = frames["calculations"]["verdict"]
    yield "Ledger", f"{len(verdicts):,} published figures: {verdict_counts(verdicts)}"


def years(summary: pd.DataFrame, columns: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield for the last years how many models have which facts."""
    words = {column: word for word, column in _FACTS.items()}
    yield "Year", "models", "reviewed", *(words[name] for name in columns[1:]), "open weights"
    dated = summary.dropna(subset="published")
    year = dated["published"].dt.year
    groups = [(str(name), rows) for name, rows in dated.groupby(year)][-_YEARS:]
    for name, rows in [("all", summary), *groups]:
        known = int(rows["weights_access"].notna().sum())
        opened = int((rows["weights_access"] == "open").sum())
        yield (
            name, f"{len(rows):,}", f"{int(rows['reviewed'].sum()):,}",
            *(f"{int(rows[column].notna().sum()):,}" for column in columns[1:]),
            f"{opened:,} ({opened / known:.0%})" if known else "",
        )  # fmt: skip


def clocks(package: Package) -> Iterator[tuple[str, ...]]:
    """Yield the first group of each clock: its median or rate, with the interval."""
    yield "Clock", "of", "n", "open", "median", "90 % interval", ""
    for row in lags(package=package).groupby("clock", sort=False).head(1).to_dict("records"):
        if row["n"]:
            trend = row["unit"] if row["unit"] == "days" else row["trend"]
            yield (
                row["clock"], row["group"], f"{row['n']:,}", str(row["censored"] or ""),
                median(row), interval(row), "per year" if pd.isna(trend) else str(trend),
            )  # fmt: skip


def crossings(summary: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield for each threshold the first and the last model beyond it, and how many are."""
    yield "Beyond", "models", "first", "published", "latest", "published"
    compute = summary["training_compute_flop"]
    for threshold in _THRESHOLDS:
        beyond = summary[(compute >= threshold) & summary["published"].notna()]
        if len(beyond):
            ends = (
                cell for row in each(beyond.iloc[[0, -1]])
                for cell in (row.name, date(row.published, row.published_precision))
            )  # fmt: skip
            yield f"{threshold:.0e}".replace("e+", "e"), f"{len(beyond):,}", *ends


def latest_records(package: Package) -> Iterator[tuple[str, ...]]:
    """Yield the last models that had more training compute than all before."""
    yield "Model", "published", "FLOP", "times the one before", ""
    for row in each(records(package=package).iloc[:-4:-1]):
        times = number(row.times_previous)
        doubt = "speculative" if row.speculative else ""
        yield (
            row.name, date(row.published, row.published_precision), number(row.value), times, doubt,
        )  # fmt: skip


def latest_models(summary: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield the reviewed models that were published last."""
    yield "Model", "published", "developers", "weights", "FLOP"
    found = summary[summary["reviewed"] & summary["published"].notna()]
    for row in each(found.iloc[: -_LATEST - 1 : -1]):
        yield (
            row.name,
            date(row.published, row.published_precision),
            getattr(row, "developers", "") if pd.notna(getattr(row, "developers", "")) else "",
            ACCESS_LABELS.get(row.weights_access, ""),
            number(row.training_compute_flop),
        )


def latest_releases(
    frames: dict[str, pd.DataFrame], summary: pd.DataFrame
) -> Iterator[tuple[str, ...]]:
    """Yield the weights and interfaces that became available last."""
    yield "Artifact", "kind", "access", "available", "model"
    artifacts = frames["artifacts"].dropna(subset="available")
    kinds = artifacts["artifact_kind"].isin(["weights", "api"])
    found = artifacts[kinds].sort_values(["available", "artifact_id"])
    names = summary.set_index("model_id")["name"].to_dict()
    for row in each(found.iloc[: -_LATEST - 1 : -1]):
        yield (
            row.name, plain(row.artifact_kind).replace("api", "API"),
            ACCESS_LABELS.get(row.access, ""), date(row.available, row.available_precision),
            names.get(row.model_id, ""),
        )  # fmt: skip


def disputes(frames: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str]]:
    """Yield the greatest disputes among reviewed figures, and how many there are."""
    rows = rows_where(frames["estimates"], status="current").dropna(subset=["value", "model_id"])
    rows = rows[(rows["verification"] != "snapshot") & (rows["value"] > 0)]
    if "limit" in rows:
        rows = rows[rows["limit"].isna()]
    groups = rows.groupby(["model_id", "quantity_id", "unit"])["value"].agg(["min", "max"])
    factors = (groups["max"] / groups["min"]).sort_values(ascending=False, kind="stable")
    apart = factors[factors >= _APART]
    if len(apart):
        models = apart.index.get_level_values("model_id").nunique()
        yield "in all", f"{len(apart):,} (models: {models:,}); the greatest:"
    found = pd.DataFrame({"factor": apart, **groups.loc[apart.index]}).reset_index()
    for row in each(found.head(_DISPUTES)):
        figures = f"{number(row.min)} to {number(row.max)}, {number(row.factor)} times"
        yield row.model_id, f"{plain(row.quantity_id)}: {figures}"
