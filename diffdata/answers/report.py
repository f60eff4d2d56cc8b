"""The report on how a model spread: sections of cited texts, computed from the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from diffdata.answers.layout import Cited, Reference, Section, inputs_of, joined, references
from diffdata.answers.page import Report
from diffdata.answers.state import state
from diffdata.derive import cost_per_flop, cost_ratio, is_replication, replication_lag
from diffdata.lookup.names import identified
from diffdata.lookup.tables import Tables
from diffdata.lookup.text import ACCESS_LABELS, date, each, money, number, plain, rows_where, span
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.reproduce import Reproduction, reproduce, shown, verdict_counts, verdict_text

_CASES_LEGEND = (
    "Date: when finished, otherwise when published. ~: FLOP as 6 x parameters x tokens. "
    "?: inferred by us. Case: whether a text names the model as a case of the study."
)
_LEDGER_LEGEND = (
    "Figures about the model and the models compared with it; the rule of the verdicts is in "
    "docs/ledger.md."
)
# Figures that differ by less than this factor count as the same figure, rounded.
_ROUNDING_FACTOR = 1.05
_LAG_TABLES = (
    "model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers",
)  # fmt: skip
_JUDGED = ("first", "now")
_PUBLIC = ("announced", "published")
_MILESTONES = {
    "better_model": "a better model was finished",
    "equal_open_model": "an equally good one was available",
    "successful_replication": "an explicit replication succeeded",
}
# Which rows of other tables are about a model: the table, its key, and columns with the model.
_THINGS_ABOUT = (
    ("artifacts", "artifact_id", ("model_id",)),
    ("comparisons", "comparison_id", ("model_id", "reference_model_id")),
    ("diffusion_events", "event_id", ("model_id", "reference_model_id")),
    ("counterfactuals", "counterfactual_id", ("model_id",)),
    ("scenario_models", "scenario_id", ("model_id",)),
)
_KEY_FIGURES = {
    "parameters": "Parameters",
    "training_tokens": "Training tokens",
    "training_compute_flop": "Training compute, FLOP",
    "training_cost_usd": "Cost of the final run",
    "development_cost_usd": "Cost of development",
    "core_team_people": "Core team, people",
}


@dataclass(frozen=True)
class Shared:
    """What the reports on several models share, so that it is computed once.

    Attributes
    ----------
    frames : the tables of the dataset
    ledger : the recomputed figures, by their ids
    lags : the lags behind all reference models, as judged ``first`` and ``now``
    replications : all claimed replications, tested by the definition
    """

    frames: Mapping[str, pd.DataFrame]
    ledger: Mapping[str, Reproduction]
    lags: Mapping[str, pd.DataFrame]
    replications: pd.DataFrame


def shared(
    frames: Mapping[str, pd.DataFrame], ledger: Mapping[str, Reproduction], models: Iterable[str]
) -> Shared:
    """Compute what the reports on some reference models share."""
    dates = frames["model_dates"]
    public = set(dates["model_id"][dates["milestone"].isin(_PUBLIC)])
    references = [model for model in models if model in public]
    lags = {judged: _lags(frames, references, judged) for judged in _JUDGED if references}
    return Shared(frames, ledger, lags, _tested(frames))


class _Tables(Tables):
    """All tables of a dataset, the model that a report is about, and the sources cited so far."""

    def __init__(self, package: Package, model: str, given: Shared | None = None) -> None:
        super().__init__(package, () if given else package.tables)
        self.update(given.frames if given else {})
        self.given = given
        self.model = model
        self.cited: set[str] = set()

    def refer(self, table: str, rows: pd.DataFrame | Any) -> tuple[Reference, ...]:
        """Return references to rows of a table, or to one."""
        return references(self.package, table, rows)

    def inputs(self, model: str, *columns: str) -> tuple[Reference, ...]:
        """Return references to the estimates behind columns of the summary of a model."""
        return inputs_of(self, model, *columns)

    def rows(self, table: str, **equal: Any) -> pd.DataFrame:
        """Return the rows of a table in which the columns have the given values; cite them."""
        return self.cite(rows_where(self[table], **equal))

    def cite(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the sources of some rows to those cited, and return the rows."""
        for column in frame.columns.intersection(["source_id", "quoted_in_source_id"]):
            self.cited |= set(frame[column].dropna())
        return frame

    def name_of(self, model: str) -> str:
        """Return the name of a model."""
        return str(rows_where(self["models"], model_id=model)["name"].iloc[0])

    def is_reference(self) -> bool:
        """Return whether sources compare other models with the model."""
        return self.model in set(self["comparisons"]["reference_model_id"])

    def compared(self) -> set[str]:
        """Return the models that sources compare with the model, and the model itself."""
        found = {self.model}
        for name in ("comparisons", "diffusion_events"):
            rows = self.rows(name, reference_model_id=self.model, status="current")
            found |= set(rows["model_id"].dropna())
        return found

    @cached_property
    def recomputed(self) -> list[tuple[str, Reproduction]]:
        """The recomputed figures about the model and its cases, with the ids of the estimates."""
        calculations = self["calculations"].merge(self["estimates"], on="estimate_id")
        rows = self.cite(calculations[self.about_it(calculations)])
        if rows.empty:
            return []
        estimates = dict(zip(rows["calculation_id"], rows["estimate_id"], strict=True))
        found: Iterable[Reproduction]
        if self.given:
            found = (self.given.ledger[name] for name in rows["calculation_id"])
        else:
            found = reproduce(self, only=rows["calculation_id"])
        return [(estimates[result.id], result) for result in found]

    def about_it(self, rows: pd.DataFrame) -> pd.Series[bool]:
        """Return which rows are about the model: by its own id, or by that of a thing about it."""
        about = (rows["model_id"] == self.model).fillna(value=False)
        for name, key, columns in _THINGS_ABOUT:
            if key in rows and name in self:
                of = (self[name].reindex(columns=list(columns)) == self.model).any(axis=1)
                about |= rows[key].isin(self[name].loc[of, key].dropna())
        return about


def key_facts(tables: _Tables) -> Iterator[tuple[str, str]]:
    """Yield who made the model, when, its size, and the means and cost of its training."""
    summary = tables.rows("model_summary", model_id=tables.model).iloc[0]
    makers = tables.rows("model_developers", model_id=tables.model)
    makers = makers.merge(tables["organizations"], on="organization_id")
    for role, label in (("developer", "Developer"), ("compute_sponsor", "Compute sponsor")):
        if len(rows := rows_where(makers, role=role)):
            names = [Cited((row.name, tables.refer("model_developers", row))) for row in each(rows)]
            yield label, joined(*names, by=", ")
    dates = tables.rows("model_dates", model_id=tables.model).sort_values("date")
    for milestone, rows in dates.groupby("milestone", sort=False):
        when = [
            Cited(
                (_variant(row), ()),
                (date(row.date, row.date_precision), tables.refer("model_dates", row)),
                (f" ({row.source_id}{_if_inferred(row)})", ()),
            )
            # Those of the model itself come before those of its versions.
            for row in sorted(each(rows), key=lambda row: bool(_variant(row)))
        ]
        yield plain(milestone).capitalize().replace("Api", "API"), joined(*when, by="; ")
    kind = [plain(summary["architecture"]), plain(summary["objective"])]
    if pd.notna(summary["gpt3_like"]):
        kind.append("GPT-3-like" if summary["gpt3_like"] else "not GPT-3-like")
    if written := ", ".join(filter(None, kind)):
        yield "Kind", Cited((written, [("models", tables.model)]))
    for column, label in _KEY_FIGURES.items():
        if pd.notna(summary[column]):
            yield label, Cited((_evaluated(summary, column), tables.inputs(tables.model, column)))
    for run in each(tables.rows("training_runs", model_id=tables.model)):
        yield "Training run", Cited((_run(tables, run), tables.refer("training_runs", run)))
    for row in each(tables.rows("comparisons", model_id=tables.model).sort_values("as_of")):
        judged = "similar to" if row.judgement == "similar" else f"{row.judgement} than"
        since = f", {date(row.as_of, row.as_of_precision)}" if pd.notna(row.as_of) else ""
        superseded = ", superseded" if row.status == "superseded" else ""
        remarks = f"{row.source_id}{since}{superseded}{_if_inferred(row)}"
        text = f"{judged} {tables.name_of(row.reference_model_id)}"
        yield "Judged", Cited((text, tables.refer("comparisons", row)), (f" ({remarks})", ()))


def releases(tables: _Tables) -> Iterator[tuple[str, str]]:
    """Yield each kind of access, and the artifacts of the model that have it."""
    artifacts = tables.rows("artifacts", model_id=tables.model).sort_values("available")
    for access, label in ACCESS_LABELS.items():
        released = []
        for row in each(rows_where(artifacts, access=access)):
            remark = date(row.available, row.available_precision) + _if_inferred(row)
            text = f"{row.name} ({remark.removeprefix(', ')})" if remark else row.name
            released.append(Cited((text, tables.refer("artifacts", row))))
        if released:
            yield label[0].upper() + label[1:], joined(*released, by="; ")


def flows(tables: _Tables) -> Iterator[str]:
    """Yield which artifacts of the model went to whom, and which artifacts went into it."""
    events = tables["diffusion_events"].dropna(subset="artifact_id")
    artifacts = tables["artifacts"].set_index("artifact_id")
    from_model = events["artifact_id"].map(artifacts["model_id"]) == tables.model
    to_model = (events["model_id"] == tables.model).fillna(False)
    # Events with a reference model are publications of weights, listed under the releases.
    shared = (events["status"] == "current") & events["reference_model_id"].isna()
    names = tables["organizations"].set_index("organization_id")["name"]
    for row in each(tables.cite(events[(from_model | to_model) & shared])):
        target = f" ({tables.name_of(row.model_id)})" if pd.notna(row.model_id) else ""
        artifact = artifacts.loc[row.artifact_id, "name"]
        text = f"{artifact} -> {names[row.organization_id]}{target}{_if_inferred(row)}"
        yield Cited((text, tables.refer("diffusion_events", row)))


def lags(tables: _Tables) -> Iterator[tuple[str, ...]]:
    """Yield how long others took, as it was judged first and as it is judged now."""
    compared = tables.rows("comparisons", reference_model_id=tables.model)
    attempts = tables.rows("diffusion_events", reference_model_id=tables.model)
    dates = tables.rows("model_dates", model_id=tables.model)
    public = dates["milestone"].isin(_PUBLIC).any()
    if (compared.empty and attempts.empty) or not public:
        return
    found = tables.given.lags if tables.given else {
        judged: _lags(tables, tables.model, judged) for judged in _JUDGED
    }  # fmt: skip
    first, now = (
        rows_where(found[judged], reference_model_id=tables.model).set_index("milestone")
        for judged in _JUDGED
    )
    published = _published_lags(tables)
    yield "", "as judged first", "as judged now", "published"
    for milestone, label in _MILESTONES.items():
        model = first["model_id"].get(milestone)
        lag_texts = (_lag(tables, milestone, rows.loc[milestone]) for rows in (first, now))
        yield label, *lag_texts, published.get(str(model), "")


def _lags(
    tables: Mapping[str, pd.DataFrame], reference: str | Sequence[str], judged: str
) -> pd.DataFrame:
    groups = tables.get("organization_relations", tables["organizations"])
    frames = *(tables[name] for name in _LAG_TABLES), groups
    return replication_lag(*frames, reference=reference, judged=judged)


def cases(tables: _Tables) -> Iterator[tuple[str, ...]]:
    """Yield the models that sources compare with the model, by date."""
    compared = tables.compared()
    if compared == {tables.model}:
        return
    current = {"reference_model_id": tables.model, "status": "current"}
    judgements: dict[str, str] = {tables.model: "itself"} | {
        row.model_id: Cited(
            (_marked(row.judgement, row.certainty), tables.refer("comparisons", row))
        )
        for row in each(tables.rows("comparisons", **current))
    }
    studied = {
        row.model_id: Cited((row.certainty, tables.refer("case_studies", row)))
        for row in each(tables["case_studies"])
    }
    mechanisms: dict[str, dict[str, list[Reference]]] = defaultdict(lambda: defaultdict(list))
    for row in each(tables.rows("diffusion_events", **current)):
        if pd.isna(row.artifact_id):
            # The first word of a mechanism is unique: incremental, replication, multiple, open.
            word = _marked(row.mechanism.split("_")[0], row.certainty)
            mechanisms[row.model_id][word] += tables.refer("diffusion_events", row)
    summary = tables["model_summary"]
    chosen = summary[summary["model_id"].isin(compared)]
    chosen = chosen.assign(when=chosen["developed"].fillna(chosen["published"]))
    yield (
        "Model", "Date", "FLOP", "Final run (90 %)", "Team", "Weights", "Mechanism", "Judged",
        "Case",
    )  # fmt: skip
    for row in each(chosen.sort_values("when")):
        finished = pd.notna(row.developed)
        milestone = "developed" if finished else "published"
        dates = rows_where(tables["model_dates"], model_id=row.model_id, milestone=milestone)
        weights = {"model_id": row.model_id, "artifact_kind": "weights"}
        access = rows_where(tables["artifacts"], **weights, access=row.weights_access)
        approximate = "~" if row.training_compute_flop_method == "six_nd" else ""
        cost = [row.training_cost_usd, row.training_cost_usd_low, row.training_cost_usd_high]
        yield (
            row.name,
            Cited((
                date(row.when, row.developed_precision if finished else row.published_precision),
                tables.refer("model_dates", rows_where(dates, date=row.when)),
            )),
            Cited((approximate + number(row.training_compute_flop),
                   tables.inputs(row.model_id, "training_compute_flop"))),
            Cited((money(*cost), tables.inputs(row.model_id, "training_cost_usd"))),
            Cited((number(row.core_team_people), tables.inputs(row.model_id, "core_team_people"))),
            Cited((ACCESS_LABELS.get(row.weights_access, ""), tables.refer("artifacts", access))),
            joined(*map(Cited, mechanisms[row.model_id].items()), by=", "),
            judgements.get(row.model_id, ""),
            studied.get(row.model_id, ""),
        )  # fmt: skip


def costs(tables: _Tables) -> Iterator[str]:
    """Yield the cost of a FLOP of each compared training run, and the ratios of their costs."""
    ours = {"model_id": tables.model, "status": "current"}
    models = tables.compared() | set(tables.rows("comparisons", **ours)["reference_model_id"])
    summary = tables["model_summary"]
    compared = summary[summary["model_id"].isin(models)]
    rows = cost_per_flop(compared).set_index("model_id", drop=False)
    if tables.model not in rows.index:
        return
    for row in each(rows.sort_values("published")):
        interval = span(row.cost_per_flop_usd_low, row.cost_per_flop_usd_high, ".2g")
        bounds = f" (90 %: {interval})" if interval else ""
        behind = tables.inputs(row.model_id, "training_cost_usd", "training_compute_flop")
        yield Cited(
            (f"{row.name}: ", ()), (f"${number(row.cost_per_flop_usd)} per FLOP{bounds}", behind),
            (", ", ()), (f"{number(row.flop_per_usd)} FLOP per dollar", behind),
        )  # fmt: skip
    for other in rows.index.drop(tables.model):
        yield _cost_ratio(tables, rows.loc[tables.model], rows.loc[other])


def ledger(tables: _Tables) -> Iterator[str]:
    """Recompute the figures about the model and its cases, and yield those that do not agree."""
    found = [result for _, result in tables.recomputed]
    if not found:
        return
    yield verdict_counts(result.verdict for result in found if not result.identity)
    for result in found:
        if result.verdict == "cannot_be_recomputed":
            yield f"not recomputable: {result.figure}: {result.reason}"
        elif result.verdict == "differs":
            recomputed = shown(result.recomputed, result)
            words = verdict_text(result)
            yield f"{words}: {result.figure}; recomputed: {recomputed}; {result.reason}"


def whole_ledger(tables: _Tables) -> Iterator[tuple[str, ...]]:
    """Yield all recomputed figures about the model and its cases."""
    yield "Figure", "Published", "Recomputed", "Verdict", "Why"
    for estimate, result in tables.recomputed:
        yield (
            result.figure,
            Cited((shown(result.published, result), [("estimates", estimate)])),
            shown(result.recomputed, result), verdict_text(result), result.reason,
        )  # fmt: skip


def doubts(tables: _Tables) -> Iterator[tuple[str, str]]:
    """Yield the doubts about the model and the models compared with it, each with a reason."""
    if tables.is_reference() and tables.model in set(tables["case_studies"]["model_id"]):
        cases = tables["case_studies"]
        cases = rows_where(cases[cases["model_id"].isin(tables.compared())], certainty="inferred")
        for case in each(tables.cite(cases)):
            text = f"{tables.name_of(case.model_id)} is a case: {case.note}"
            yield "inferred", Cited((text, tables.refer("case_studies", case)))
    for run in each(tables.rows("training_runs", model_id=tables.model, basis="assumed")):
        text = f"training run in {run.source_id}: {run.note}"
        yield "assumed", Cited((text, tables.refer("training_runs", run)))
    for section in (_replications, _disputed, _disputed_counterfactuals, _corrections):
        yield from section(tables)


def _replications(tables: _Tables) -> Iterator[tuple[str, str]]:
    """Test every claimed replication by the definition."""
    published = tables.rows("estimates", quantity_id="mean_benchmark_difference")
    verdicts = tables.given.replications if tables.given else _tested(tables)
    for row in each(verdicts[verdicts["reference_model_id"] == tables.model]):
        name = f"{tables.name_of(row.model_id)} as a replication of {tables.name_of(tables.model)}"
        if pd.isna(row.mean_difference):
            yield "open", f"{name}: there are no scores to compare"
            continue
        basis = "published mean; the scores behind it are not public as text"
        if row.basis == "evaluations":
            basis = f"mean over {row.benchmarks} benchmarks"
        within = "within" if abs(row.mean_difference) <= 2 else "beyond"
        known = "whether its architecture is the same is not stated"
        if pd.notna(row.same_architecture):
            known = f"{'the same' if row.same_architecture else 'another'} architecture"
        found = f"{row.mean_difference:+.1f} points ({basis}), {within} 2 points"
        pair = {"model_id": row.model_id, "reference_model_id": row.reference_model_id}
        means = published[published["comparison_id"].isin(
            rows_where(tables["comparisons"], **pair)["comparison_id"]
        )]  # fmt: skip
        behind = tables.refer("estimates", means) if row.basis != "evaluations" else ()
        label = "open" if pd.isna(row.is_replication) else "tested"
        yield label, Cited((f"{name}: ", ()), (found, behind), (f"; {known}", ()))


def _tested(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    pairs = tables["comparisons"][["comparison_id", "model_id", "reference_model_id"]]
    published = rows_where(tables["estimates"], quantity_id="mean_benchmark_difference")
    return is_replication(
        tables["models"], tables["evaluations"],
        published[["comparison_id", "value"]].merge(pairs, on="comparison_id"),
        comparisons=tables["comparisons"], diffusion_events=tables["diffusion_events"],
    )  # fmt: skip


def _disputed(tables: _Tables) -> Iterator[tuple[str, str]]:
    """Yield the current figures of the model that differ, each with its source."""
    used = tables["model_summary_inputs"].set_index("estimate_id")["used"]
    current = rows_where(tables["estimates"], status="current").dropna(subset="value")
    current = rows_where(current, model_id=tables.model)
    for (quantity, _), rows in current.groupby(["quantity_id", "unit"]):
        if rows["value"].max() <= _ROUNDING_FACTOR * rows["value"].min():
            continue
        figures = [
            Cited(
                (number(row.value), tables.refer("estimates", row)),
                (f" ({row.source_id}{'' if used.get(row.estimate_id) else ', set aside'})", ()),
            )
            for row in each(tables.cite(rows).sort_values("value"))
        ]
        yield "disputed", joined(f"{plain(quantity)}: ", joined(*figures, by="; "))


def _disputed_counterfactuals(tables: _Tables) -> Iterator[tuple[str, str]]:
    """Yield the counterfactuals for which sources print different figures."""
    definitions = tables["counterfactuals"]
    definitions = definitions[definitions["model_id"].isin(tables.compared())]
    estimates = tables["estimates"].merge(definitions[["counterfactual_id", "definition"]])
    current = rows_where(estimates, status="current")
    for (definition, _), rows in current.groupby(["definition", "quantity_id"]):
        if len(rows[["value", "unit"]].drop_duplicates()) > 1:
            printed = [
                Cited(
                    (str(row.as_printed), tables.refer("estimates", row)),
                    (f" ({row.source_id})", ()),
                )
                for row in each(tables.cite(rows))
            ]
            yield "disputed", joined(f"{definition} ", joined(*printed, by="; "))


def _corrections(tables: _Tables) -> Iterator[tuple[str, str]]:
    """Yield the corrections about the model."""
    corrections = tables["corrections"]
    corrections = corrections[tables.about_it(corrections)]
    for row in each(tables.cite(corrections).sort_values("corrected")):
        when = date(row.corrected, row.corrected_precision) or "undated"
        text = f"{when}: {row.what} {row.now}"
        yield "corrected", Cited((text, tables.refer("corrections", row)))


def sources(tables: _Tables) -> Iterator[str]:
    """Yield the sources that the report cites, in one line."""
    rows = tables["sources"].set_index("source_id").loc[sorted(tables.cited)]
    entries = []
    for source, row in rows.iterrows():
        year = f" {row['published'].year}" if pd.notna(row["published"]) else ""
        author = row["authors"] if pd.notna(row["authors"]) else row["publisher"]
        entries.append(f"{source} ({author.split(';')[0].split(',')[0]}{year})")
    yield "; ".join(entries)


def _marked(word: str, certainty: str) -> str:
    return f"{word}?" if certainty == "inferred" else word


def _if_inferred(row: Any) -> str:
    return ", inferred" if row.certainty == "inferred" else ""


def _evaluated(summary: pd.Series[Any], column: str) -> str:
    """Write an evaluated value with its interval, and with the method if it is an average."""
    value, low, high = (summary[f"{column}{end}"] for end in ("", "_low", "_high"))
    bounds = f" ({number(low)}-{number(high)})" if pd.notna(low) else ""
    written = money(value, low, high) if column.endswith("_usd") else number(value) + bounds
    level, method = summary[f"{column}_level"], summary[f"{column}_method"]
    written += f", {level:.0%} interval" if pd.notna(level) else ""
    explanations = {"single": "", "six_nd": ", as 6 x parameters x tokens"}
    return written + explanations.get(method, f", {plain(method)} of several estimates")


def _run(tables: _Tables, run: Any) -> str:
    chips = dict(zip(tables["hardware"]["hardware_id"], tables["hardware"]["name"], strict=True))
    kind = {"mfu": " of model FLOP", "hfu": " of hardware FLOP"}.get(run.utilization_kind, "")
    figures = (
        (run.chips, f"{run.chips:,} {chips.get(run.hardware_id, 'chips')}"),
        (run.duration_days, f"{number(run.duration_days)} days"),
        (run.chip_hours, f"{run.chip_hours:,.0f} chip-hours"),
        (run.utilization, f"utilization {run.utilization:.1%}{kind}"),
    )
    written = ", ".join(text for figure, text in figures if pd.notna(figure))
    return f"{written or 'no figures'} ({run.basis}, {run.source_id})"


def _variant(row: Any) -> str:
    """Return the name that a date is about, empty for one of the model itself."""
    name = getattr(row, "model_variant", "main")  # released editions lack it
    return "" if name == "main" else f"{name} "


def _lag(tables: _Tables, milestone: str, row: Any) -> str:
    """Write the lag until a milestone, or how long it has not been reached."""
    followers = _candidates([row["candidates"]])
    dates = tables["model_dates"]
    starts = rows_where(dates, model_id=tables.model)
    starts = starts[starts["milestone"].isin(_PUBLIC)]
    dates = tables.cite(dates[dates["model_id"].isin(followers)])
    # Another date than the lag has is of another milestone or variant.
    behind = [
        *tables.refer("model_dates", dates[(dates["date"] == row["date"]).fillna(value=False)]),
        *tables.refer("model_dates", starts),
    ]
    table = "diffusion_events" if milestone == "successful_replication" else "comparisons"
    judged = rows_where(tables[table], reference_model_id=tables.model)
    behind += tables.refer(table, judged[judged["model_id"].isin(followers)])
    return Cited((_lag_text(tables, row), behind))


def _lag_text(tables: _Tables, row: Any) -> str:
    if row["status"] == "not_stated":
        return "nothing is stated"
    if row["status"] == "not_reached":
        as_of = date(row["as_of"], "day")
        return f"not yet by {as_of}: more than {row['lag_months_low']:.1f} months"
    names = " or ".join(tables.name_of(model) for model in _candidates([row["candidates"]]))
    if pd.isna(row["date"]):
        return f"{names or 'reached'}, on an unknown date, {row['certainty']}"
    days = span(row["lag_days_low"], row["lag_days_high"], ",.0f")
    months = span(row["lag_months_low"], row["lag_months_high"], ".1f")
    when = date(row["date"], row["date_precision"])
    return f"{names} {when}: {months} months ({days} days), {row['certainty']}".lstrip()


def _candidates(listed: Iterable[Any]) -> list[str]:
    """Return the models that may be the first to reach a milestone."""
    return [name for models in listed if pd.notna(models) for name in models.split("; ")]


def _published_lags(tables: _Tables) -> dict[str, str]:
    """Return the lags that sources print, by the model that caught up."""
    lags = tables.rows("estimates", quantity_id="replication_lag")
    models: dict[str, str] = {}
    for name, key in (("comparisons", "comparison_id"), ("diffusion_events", "event_id")):
        rows = rows_where(tables[name], reference_model_id=tables.model)
        models |= dict(zip(rows[key], rows["model_id"], strict=True))
    subjects = lags["comparison_id"].fillna(lags["event_id"]).map(models)
    written: dict[str, list[str]] = defaultdict(list)
    for (model, unit), rows in lags.groupby([subjects, "unit"], sort=False):
        values = " or ".join(dict.fromkeys(map(number, rows["value"])))
        text = Cited((f"{values} {unit}s", tables.refer("estimates", rows)))
        written[str(model)].append(text)
    return {model: joined(*lags, by=", ") for model, lags in written.items()}


def _cost_ratio(tables: _Tables, ours: Any, theirs: Any) -> str:
    """Write the ratio of the training costs of two models, and what sources print for it."""
    cost, *bounds = (f"training_cost_usd{end}" for end in ("", "_low", "_high"))
    one, two = (None if row[bounds].isna().any() else tuple(row[bounds]) for row in (ours, theirs))
    ratio, low, high = cost_ratio(ours[cost], theirs[cost], interval=one, other_interval=two)
    times = f"{number(ratio)} times as much"
    interval = f" (90 %: {number(low)} to {number(high)})" if low is not None else ""
    used = rows_where(tables["model_summary_inputs"], quantity_id="training_cost", used=True)
    used = used[used["model_id"].isin([ours["model_id"], theirs["model_id"]])]
    estimates = tables.cite(tables["estimates"].merge(used[["estimate_id"]], on="estimate_id"))
    bases = " and ".join(sorted(set(estimates["basis"])))
    cited = ", ".join(sorted(set(estimates["source_id"])))
    written = [
        Cited(
            (f"{ours['name']} cost ", ()), (times, tables.refer("estimates", estimates)),
            (f" as {theirs['name']}{interval}; both costs are {bases} ({cited})", ()),
        )
    ]  # fmt: skip
    pairs = rows_where(
        tables["comparisons"], model_id=theirs["model_id"], reference_model_id=tables.model
    )
    printed = tables.rows("estimates", quantity_id="training_cost_ratio")
    for row in each(printed[printed["comparison_id"].isin(pairs["comparison_id"])]):
        text = (str(row.as_printed), tables.refer("estimates", row))
        written.append(Cited(("; published: ", ()), text))
    return joined(*written)


def report_on(
    package: Package, model: str, *, full: bool = False, given: Shared | None = None
) -> Report:
    """Compute the report on a model, see `diffdata.report`; `given` has what is computed before."""
    if given is None or model not in set(given.frames["models"]["model_id"]):
        model = identified(model, "model", package, None)
    tables = _Tables(package, model, given)
    name = tables.name_of(model)

    def part(heading: str, found: Callable[[_Tables], Iterable[Any]], **how: Any) -> Section:
        return Section(heading, [*found(tables)], **how)

    # In this order, because the last section lists the sources that the others cite.
    parts = [
        part("Key facts", key_facts, kind="grid", most=12),
        part("Who can get what", releases, kind="grid", most=5),
        part("What flowed where", flows, kind="lines", most=1),
        part(f"From the publication of {name} until ...", lags, most=4, wraps=True),
        part(f"Models compared with {name}", cases, most=8, note=_CASES_LEGEND),
        part("Cost per FLOP of the final training run", costs, kind="lines", most=2),
        part("Published figures, recomputed (diffdata reproduce)", ledger, kind="lines", most=3,
             on="screen"),
        part("Published figures, recomputed", whole_ledger, on="page", note=_LEDGER_LEGEND),
        part("Inferred, disputed, corrected", doubts, kind="grid", most=4),
        part("Sources (diffdata show sources)", sources, kind="lines", most=1, on="screen"),
    ]  # fmt: skip
    verdicts = [(estimate, verdict_text(result)) for estimate, result in tables.recomputed]
    title = f"The diffusion of {name}  diffdata {package.version}"
    return Report(title, parts, package, tables, model, verdicts, full)


def report(
    model: str | None = None,
    *,
    full: bool = False,
    package: Dataset | None = None,
    version: str | None = None,
) -> Report:
    """Report how a model spread, on one screen; without a model, the state of diffusion.

    Parameters
    ----------
    model : the name of a model as people write it, see `resolve`; None reports what the dataset
        covers, what is disputed, the latest models and releases, and the latest crossings
    full : list everything that is known of the model, not only what fits on a screen of 100 columns
        and 60 lines
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    report
        It prints well, in notebooks too; ``sections`` has the parts by their headings, and
        ``write_html(path)`` (or ``to_html()``) all of it as one page that loads nothing, in which
        each figure leads to its source.

    Raises
    ------
    UnknownNameError, InvalidInputError
        If there is no such model (the nearest names are suggested), or the name is not certain.

    Examples
    --------
    >>> found = report("GPT-3", version="2026.2")
    >>> found.title, list(found.sections)[1]
    ('The diffusion of GPT-3 175B  diffdata 2026.2.0', 'Who can get what')
    """
    opened = open_dataset(package, version)
    return state(opened, full=full) if model is None else report_on(opened, model, full=full)
