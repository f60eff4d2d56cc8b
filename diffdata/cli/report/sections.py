"""The sections of the report on facts, releases, flows, lags, cases, costs, ledger and sources.

Each section yields its lines, or the cells of its rows, and cites the rows that it uses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pandas as pd

from diffdata.cli.report.tables import Tables
from diffdata.derive import cost_per_flop, cost_ratio, replication_lag
from diffdata.lookup import text
from diffdata.lookup.text import date, each, money, number, plain, rows_where, span
from diffdata.reproduce import count_verdicts, reproduce, shown

CASES_LEGEND = (
    "Date: when finished, otherwise when published. ~: FLOP as 6 x parameters x tokens. "
    "?: inferred by us. Case: whether a text names the model as a case of the study."
)
_MILESTONES = {
    "better_model": "a better model was finished",
    "equal_open_model": "an equally good one was available",
    "successful_replication": "an explicit replication succeeded",
}
_KEY_FIGURES = {
    "parameters": "Parameters",
    "training_tokens": "Training tokens",
    "training_compute_flop": "Training compute, FLOP",
    "training_cost_usd": "Cost of the final run",
    "development_cost_usd": "Cost of development",
    "core_team_people": "Core team, people",
}


def key_facts(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield who made the model, when, its size, and the means and cost of its training."""
    summary = tables.rows("model_summary", model_id=tables.model).iloc[0]
    makers = tables.rows("model_developers", model_id=tables.model)
    makers = makers.merge(tables["organizations"], on="organization_id")
    for role, label in (("developer", "Developer"), ("compute_sponsor", "Compute sponsor")):
        if len(rows := rows_where(makers, role=role)):
            yield label, ", ".join(rows["name"])
    dates = tables.rows("model_dates", model_id=tables.model).sort_values("date")
    for milestone, rows in dates.groupby("milestone", sort=False):
        yield plain(milestone).capitalize(), "; ".join(map(_dated, each(rows)))
    kind = [plain(summary["architecture"]), plain(summary["objective"])]
    if pd.notna(summary["gpt3_like"]):
        kind.append("GPT-3-like" if summary["gpt3_like"] else "not GPT-3-like")
    yield "Kind", ", ".join(filter(None, kind))
    for column, label in _KEY_FIGURES.items():
        if pd.notna(summary[column]):
            yield label, _evaluated(summary, column)
    for run in each(tables.rows("training_runs", model_id=tables.model)):
        yield "Training run", _run(tables, run)
    for row in each(tables.rows("comparisons", model_id=tables.model).sort_values("as_of")):
        yield "Judged", _judgement(tables, row)


def releases(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield each kind of access, and the artifacts of the model that have it."""
    artifacts = tables.rows("artifacts", model_id=tables.model).sort_values("available")
    for access, label in text.ACCESS_LABELS.items():
        if len(rows := rows_where(artifacts, access=access)):
            yield label[0].upper() + label[1:], "; ".join(map(_released, each(rows)))


def flows(tables: Tables) -> Iterator[str]:
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
        yield f"{artifact} -> {names[row.organization_id]}{target}{_if_inferred(row)}"


def lags(tables: Tables) -> Iterator[tuple[str, ...]]:
    """Yield how long others took, as it was judged first and as it is judged now."""
    compared = tables.rows("comparisons", reference_model_id=tables.model)
    attempts = tables.rows("diffusion_events", reference_model_id=tables.model)
    dates = tables.rows("model_dates", model_id=tables.model, milestone="published")
    if (compared.empty and attempts.empty) or dates.empty:
        return
    names = ["model_dates", "artifacts", "comparisons", "diffusion_events"]
    frames = [tables[name] for name in names]
    first, now = (
        replication_lag(*frames, reference=tables.model, judged=judged).set_index("milestone")
        for judged in ("first", "now")
    )
    published = _published_lags(tables)
    yield "", "as judged first", "as judged now", "published"
    for milestone, label in _MILESTONES.items():
        model = first["model_id"].get(milestone)
        lag_texts = (_lag(tables, rows, milestone) for rows in (first, now))
        yield label, *lag_texts, published.get(str(model), "")
    models = {*first["model_id"], *now["model_id"]}
    tables.cite(tables["model_dates"][tables["model_dates"]["model_id"].isin(models)])


def cases(tables: Tables) -> Iterator[tuple[str, ...]]:
    """Yield the models that sources compare with the model, by date."""
    compared = tables.compared()
    if compared == {tables.model}:
        return
    current = {"reference_model_id": tables.model, "status": "current"}
    judgements = {tables.model: "itself"} | {
        row.model_id: _marked(row.judgement, row.certainty)
        for row in each(tables.rows("comparisons", **current))
    }
    studied = tables["case_studies"].set_index("model_id")["certainty"]
    mechanisms: dict[str, list[str]] = defaultdict(list)
    for row in each(tables.rows("diffusion_events", **current)):
        if pd.isna(row.artifact_id):
            # The first word of a mechanism is unique: incremental, replication, multiple, open.
            mechanisms[row.model_id].append(_marked(row.mechanism.split("_")[0], row.certainty))
    summary = tables["model_summary"]
    chosen = summary[summary["model_id"].isin(compared)].copy()
    chosen["when"] = chosen["developed"].fillna(chosen["published"])
    yield (
        "Model", "Date", "FLOP", "Final run (90 %)", "Team", "Weights", "Mechanism", "Judged",
        "Case",
    )  # fmt: skip
    for row in each(chosen.sort_values("when")):
        finished = pd.notna(row.developed)
        approximate = "~" if row.training_compute_flop_method == "six_nd" else ""
        yield (
            row.name,
            date(row.when, row.developed_precision if finished else row.published_precision),
            approximate + number(row.training_compute_flop),
            money(row.training_cost_usd, row.training_cost_usd_low, row.training_cost_usd_high),
            number(row.core_team_people),
            text.ACCESS_LABELS.get(row.weights_access, ""),
            ", ".join(dict.fromkeys(mechanisms[row.model_id])),
            judgements.get(row.model_id, ""),
            studied.get(row.model_id, ""),
        )


def costs(tables: Tables) -> Iterator[str]:
    """Yield the cost of a FLOP of each training run, and the ratios of their costs."""
    rows = cost_per_flop(tables["model_summary"]).set_index("model_id", drop=False)
    if tables.model not in rows.index:
        return
    for row in each(rows.sort_values("published")):
        interval = span(row.cost_per_flop_usd_low, row.cost_per_flop_usd_high, ".2g")
        bounds = f" (90 %: {interval})" if interval else ""
        yield (
            f"{row.name}: ${number(row.cost_per_flop_usd)} per FLOP{bounds}, "
            f"{number(row.flop_per_usd)} FLOP per dollar"
        )
    for other in rows.index.drop(tables.model):
        yield _cost_ratio(tables, rows, other)


def ledger(tables: Tables) -> Iterator[str]:
    """Recompute the figures about the model and its cases, and yield those that do not agree."""
    calculations = tables["calculations"].merge(tables["estimates"], on="estimate_id")
    selected = calculations["model_id"] == tables.model
    if tables.is_reference():
        studies = set(tables["case_studies"]["study_source_id"])
        selected |= calculations["source_id"].isin(studies)
    rows = tables.cite(calculations[selected])
    if rows.empty:
        return
    found = list(reproduce(tables.frames, only=rows["calculation_id"]))
    yield count_verdicts(found)
    for result in found:
        if result.verdict == "cannot_be_recomputed":
            yield f"not recomputable: {result.figure}: {result.reason}"
        elif result.verdict == "differs":
            recomputed = shown(result.recomputed, result)
            yield f"differs: {result.figure}; recomputed: {recomputed}; {result.reason}"


def sources(tables: Tables) -> Iterator[str]:
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


def _dated(row: Any) -> str:
    return f"{date(row.date, row.date_precision)} ({row.source_id}{_if_inferred(row)})"


def _evaluated(summary: pd.Series[Any], column: str) -> str:
    """Write an evaluated value with its interval, and with the method if it is an average."""
    value, low, high = (summary[f"{column}{end}"] for end in ("", "_low", "_high"))
    if column.endswith("_usd"):
        written = money(value, low, high)
    else:
        written = number(value)
        written += f" ({number(low)}-{number(high)})" if pd.notna(low) else ""
    level, method = summary[f"{column}_level"], summary[f"{column}_method"]
    written += f", {level:.0%} interval" if pd.notna(level) else ""
    explanations = {"single": "", "six_nd": ", as 6 x parameters x tokens"}
    return written + explanations.get(method, f", {plain(method)} of several estimates")


def _run(tables: Tables, run: Any) -> str:
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


def _judgement(tables: Tables, row: Any) -> str:
    since = f", {date(row.as_of, row.as_of_precision)}" if pd.notna(row.as_of) else ""
    superseded = ", superseded" if row.status == "superseded" else ""
    judged = "similar to" if row.judgement == "similar" else f"{row.judgement} than"
    remarks = f"{row.source_id}{since}{superseded}{_if_inferred(row)}"
    return f"{judged} {tables.name_of(row.reference_model_id)} ({remarks})"


def _released(row: Any) -> str:
    remark = (date(row.available, row.available_precision) + _if_inferred(row)).removeprefix(", ")
    return f"{row.name} ({remark})" if remark else str(row.name)


def _lag(tables: Tables, rows: pd.DataFrame, milestone: str) -> str:
    if milestone not in rows.index:
        return "none"
    row: Any = rows.loc[milestone]
    days = span(row["lag_days_low"], row["lag_days_high"], ",.0f")
    months = span(row["lag_months_low"], row["lag_months_high"], ".1f")
    when = date(row["date"], row["date_precision"])
    name = tables.name_of(row["model_id"])
    return f"{name} {when}: {months} months ({days} days), {row['certainty']}"


def _published_lags(tables: Tables) -> dict[str, str]:
    """Return the lags that sources print, by the model that caught up."""
    lags = tables.rows("estimates", quantity_id="replication_lag")
    values: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for table, key in (("comparisons", "comparison_id"), ("diffusion_events", "event_id")):
        subjects = rows_where(tables[table], reference_model_id=tables.model)
        subjects = subjects[[key, "model_id"]].rename(columns={"model_id": "model"})
        for lag in each(lags.merge(subjects, on=key)):
            values[lag.model][f"{lag.unit}s"].append(number(lag.value))
    return {
        model: ", ".join(f"{' or '.join(dict.fromkeys(v))} {unit}" for unit, v in units.items())
        for model, units in values.items()
    }


def _cost_ratio(tables: Tables, rows: pd.DataFrame, other: str) -> str:
    """Write the ratio of the training costs of two models, and what sources print for it."""
    ours: Any = rows.loc[tables.model]
    theirs: Any = rows.loc[other]
    bounds = ["training_cost_usd_low", "training_cost_usd_high"]
    ratio, low, high = cost_ratio(
        ours["training_cost_usd"],
        theirs["training_cost_usd"],
        interval=tuple(ours[bounds]),
        other_interval=tuple(theirs[bounds]),
    )
    written = f"{ours['name']} cost {number(ratio)} times as much as {theirs['name']}"
    written += f" (90 %: {number(low)} to {number(high)})" if low is not None else ""
    used = rows_where(tables["model_summary_inputs"], quantity_id="training_cost", used=True)
    used = used[used["model_id"].isin([tables.model, other])]
    estimates = tables.cite(tables["estimates"].merge(used[["estimate_id"]], on="estimate_id"))
    bases = " and ".join(sorted(set(estimates["basis"])))
    written += f"; both costs are {bases} ({', '.join(sorted(set(estimates['source_id'])))})"
    pairs = rows_where(tables["comparisons"], model_id=other, reference_model_id=tables.model)
    printed = tables.rows("estimates", quantity_id="training_cost_ratio")
    for row in each(printed[printed["comparison_id"].isin(pairs["comparison_id"])]):
        written += f"; published: {row.as_printed}"
    return written
