"""The state of diffusion on one screen: coverage, disputes, the latest models and crossings."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from diffdata.answers.clocks import lags
from diffdata.answers.layout import Cited, Reference, Section, inputs_of, joined, references
from diffdata.answers.overview import interval, median
from diffdata.answers.page import Report
from diffdata.loading import arrow_tables
from diffdata.lookup.tables import Tables
from diffdata.lookup.tallies import records
from diffdata.lookup.text import ACCESS_LABELS, date, each, number, plain, rows_where
from diffdata.package.packages import Package
from diffdata.package.pinned import REVIEWED, reviewed_rows
from diffdata.reproduce import verdict_counts

_TABLES = (
    "models", "model_summary", "model_summary_inputs", "estimates", "artifacts", "hardware",
    "sources", "calculations", "quantities", "model_dates", "model_developers",
    "organizations",
)  # fmt: skip
_THRESHOLDS = (1e23, 1e24, 1e25, 1e26)  # FLOP of training compute
_FACTS = {
    "date": "published", "developer": "developers", "access": "weights_access",
    "parameters": "parameters", "compute": "training_compute_flop", "cost": "training_cost_usd",
}  # fmt: skip
_COUNTS = "Counts of rows, which diffdata show TABLE lists; see docs/coverage.md."
_CLOCKS_LEGEND = (
    "n: lags, or figures that a rate is fitted to; open: has not happened yet (censored). Lags are "
    "in days; x is a factor per year. Each is computed from many rows: diffdata lags CLOCK --by "
    "GROUPING lists the single lags of a clock."
)
_LATEST, _YEARS, _DISPUTES = 6, 6, 5
# Figures that are further apart than this factor are disputed, not rounded or defined otherwise.
_APART = 2.0


class _Tables(Tables):
    """Tables of a dataset, and references to their rows."""

    def __init__(self, package: Package) -> None:
        super().__init__(package, _TABLES, required=["models"])

    def reviewed(self, name: str) -> int:
        """Return how many rows of a table people reviewed: those of its first file."""
        if name not in self.package.tables:
            return 0
        table = arrow_tables(self.package, [name])[name]
        if REVIEWED.encode() in (table.schema.metadata or {}):
            return int(reviewed_rows(table).num_rows)
        return int((self[name]["verification"] != "snapshot").sum())  # an edition has one file

    def dated(self, model: str, day: pd.Timestamp) -> tuple[Reference, ...]:
        """Return references to the rows that state when a model was published or announced."""
        dates = rows_where(self["model_dates"], model_id=model, date=day)
        public = dates["milestone"].isin(["published", "announced"])
        dates = dates[public].sort_values("milestone", ascending=False, kind="stable")
        return references(self.package, "model_dates", dates)


def state(package: Package, *, full: bool = False) -> Report:
    """Report the state of diffusion, see `diffdata.report`."""
    frames = _Tables(package)
    summary = frames["model_summary"]
    if "reviewed" not in summary:  # released editions lack it
        imported = frames["models"].set_index("model_id")["verification"] == "snapshot"
        summary = summary.assign(reviewed=~summary["model_id"].map(imported.to_dict()))
    columns = [name for name in _FACTS.values() if name in summary]
    summary = summary.sort_values(["published", "model_id"])
    found = lags(package=package)
    firsts = found.groupby("clock", sort=False).head(1)
    parts = [
        Section("Coverage", [*coverage(frames, summary)], "grid", note=_COUNTS),
        Section(
            "Models by year of publication, and what is known of them",
            [*years(summary, columns)], note=_COUNTS,
        ),
        Section("Clocks, see diffdata lags", [*clocks(firsts)], on="screen"),
        Section("Clocks", [*all_clocks(found)], on="page", note=_CLOCKS_LEGEND),
        Section(
            "Training compute in FLOP: who crossed a threshold first, and last",
            [*crossings(frames, summary)],
        ),
        Section("Latest records of training compute", [*latest_records(frames)]),
        Section("Latest models that people reviewed", [*latest_models(frames, summary)]),
        Section("Latest releases", [*latest_releases(frames, summary)]),
        Section(
            f"Disputed: reviewed figures that differ by a factor of {_APART:g} or more",
            [*disputes(frames)], "grid", most=_DISPUTES + 1,
        ),
        Section("Published figures, recomputed", [*ledger(frames)], on="page"),
    ]  # fmt: skip
    title = f"The state of diffusion  diffdata {package.version}"
    return Report(title, parts, package, frames, full=full)


def coverage(frames: _Tables, summary: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield how many rows are reviewed and imported, and which years they span."""
    for name in ("models", "estimates", "artifacts", "hardware"):
        reviewed = frames.reviewed(name)
        imported = len(frames[name]) - reviewed
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


def clocks(found: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield clocks: their medians or rates, with the intervals."""
    yield "Clock", "of", "n", "open", "median", "90 % interval", ""
    for row in found.to_dict("records"):
        if row["n"]:
            trend = row["unit"] if row["unit"] == "days" else row["trend"]
            yield (
                row["clock"], row["group"], f"{row['n']:,}", str(row["censored"] or ""),
                median(row), interval(row), "per year" if pd.isna(trend) else str(trend),
            )  # fmt: skip


def all_clocks(found: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield all groups of the clocks, with the day until which they were measured."""
    headings, *_ = clocks(found)
    yield *headings[:-1], "trend", "until", "note"
    for row in found.to_dict("records"):
        about = [row[name] for name in ("group", "reference") if pd.notna(row[name])]
        if pd.notna(row["threshold"]):
            about.append(number(row["threshold"]))
        yield (
            row["clock"], "; ".join(filter(None, about)), f"{row['n']:,}",
            str(row["censored"] or ""), median(row) if row["n"] else "",
            interval(row) if row["n"] else "", "" if pd.isna(row["trend"]) else str(row["trend"]),
            date(row["as_of"], "day"), "" if pd.isna(row["note"]) else str(row["note"]),
        )  # fmt: skip


def crossings(frames: _Tables, summary: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield for each threshold the first and the last model beyond it, and how many are."""
    yield "Beyond", "models", "first", "published", "latest", "published"
    compute = summary["training_compute_flop"]
    for threshold in _THRESHOLDS:
        beyond = summary[(compute >= threshold) & summary["published"].notna()]
        if len(beyond):
            ends = (
                cell for row in each(beyond.iloc[[0, -1]])
                for cell in (
                    Cited((row.name, inputs_of(frames, row.model_id, "training_compute_flop"))),
                    Cited((date(row.published, row.published_precision),
                           frames.dated(row.model_id, row.published))),
                )
            )  # fmt: skip
            yield f"{threshold:.0e}".replace("e+", "e"), f"{len(beyond):,}", *ends


def latest_records(frames: _Tables) -> Iterator[tuple[str, ...]]:
    """Yield the last models that had more training compute than all before."""
    yield "Model", "published", "FLOP", "times the one before", ""
    there = "estimates" in frames.package.tables
    for row in each(records(package=frames.package).iloc[:-4:-1]) if there else ():
        times = number(row.times_previous)
        doubt = "speculative" if row.speculative else ""
        behind = [("estimates", name) for name in str(row.estimates).split("; ")]
        yield (
            row.name, date(row.published, row.published_precision),
            Cited((number(row.value), behind)), times, doubt,
        )  # fmt: skip


def latest_models(frames: _Tables, summary: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield the reviewed models that were published last."""
    yield "Model", "published", "developers", "weights", "FLOP"
    found = summary[summary["reviewed"] & summary["published"].notna()]
    for row in each(found.iloc[: -_LATEST - 1 : -1]):
        makers = rows_where(frames["model_developers"], model_id=row.model_id, role="developer")
        makers = makers.merge(frames["organizations"][["organization_id", "name"]])
        names = [
            Cited((maker.name, references(frames.package, "model_developers", maker)))
            for maker in each(makers)
        ]
        weights = {"model_id": row.model_id, "artifact_kind": "weights"}
        released = rows_where(frames["artifacts"], **weights, access=row.weights_access)
        yield (
            row.name,
            Cited((date(row.published, row.published_precision),
                   frames.dated(row.model_id, row.published))),
            joined(*names, by=", "),
            Cited((ACCESS_LABELS.get(row.weights_access, ""),
                   references(frames.package, "artifacts", released))),
            Cited((number(row.training_compute_flop),
                   inputs_of(frames, row.model_id, "training_compute_flop"))),
        )  # fmt: skip


def latest_releases(frames: _Tables, summary: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield the weights and interfaces that became available last."""
    yield "Artifact", "kind", "access", "available", "model"
    artifacts = frames["artifacts"].dropna(subset="available")
    kinds = artifacts["artifact_kind"].isin(["weights", "api"])
    found = artifacts[kinds].sort_values(["available", "artifact_id"])
    names = summary.set_index("model_id")["name"].to_dict()
    for row in each(found.iloc[: -_LATEST - 1 : -1]):
        yield (
            Cited((row.name, references(frames.package, "artifacts", row))),
            plain(row.artifact_kind).replace("api", "API"),
            ACCESS_LABELS.get(row.access, ""), date(row.available, row.available_precision),
            names.get(row.model_id, ""),
        )  # fmt: skip


def disputes(frames: _Tables) -> Iterator[tuple[str, str]]:
    """Yield how many disputes there are among reviewed figures, and each, the greatest first."""
    rows = rows_where(frames["estimates"], status="current").dropna(subset=["value", "model_id"])
    rows = rows[(rows["verification"] != "snapshot") & (rows["value"] > 0)]
    if "limit" in rows:
        rows = rows[rows["limit"].isna()]
    subjects = ["model_id", "quantity_id", "unit"]
    groups = rows.groupby(subjects)["value"].agg(["min", "max"])
    factors = (groups["max"] / groups["min"]).sort_values(ascending=False, kind="stable")
    apart = factors[factors >= _APART]
    if len(apart):
        models = apart.index.get_level_values("model_id").nunique()
        yield "in all", f"{len(apart):,} (models: {models:,}); the greatest:"
    found = pd.DataFrame({"factor": apart, **groups.loc[apart.index]}).reset_index()
    for row in each(found):
        figures = f"{number(row.min)} to {number(row.max)}"
        own = rows_where(rows, **{name: getattr(row, name) for name in subjects})
        yield (
            row.model_id,
            Cited(
                (f"{plain(row.quantity_id)}: ", ()),
                (figures, references(frames.package, "estimates", own.sort_values("value"))),
                (f", {number(row.factor)} times", ()),
            ),
        )


def ledger(frames: _Tables) -> Iterator[tuple[str, ...]]:
    """Yield the published figures that were recomputed, with the recorded verdicts."""
    yield "Figure", "Verdict", "Why"
    for row in each(frames["calculations"]):
        yield (
            Cited((row.figure, [("estimates", row.estimate_id)])),
            plain(row.verdict), "" if pd.isna(row.why) else row.why,
        )  # fmt: skip
