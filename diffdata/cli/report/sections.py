"""The sections of the report that lay out what the tables say."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffdata.cli.report.tables import Tables
from diffdata.derive import cost_per_flop, cost_ratio, replication_lag
from diffdata.lookup.figures import ACCESS, date, money, number, plain, span
from diffdata.lookup.rows import each

_MILESTONES = {
    "better_model": "a better model was finished",
    "equal_open_model": "an equally good one could be had",
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


def key_facts(tables: Tables) -> Table:
    """Who made the model, when, of what size, on what and at what cost."""
    summary = tables.rows("model_summary", model_id=tables.model).iloc[0]
    makers = tables.rows("model_developers", model_id=tables.model)
    names = tables["organizations"].set_index("organization_id")["name"]
    facts = _grid()
    for role, label in (("developer", "Developer"), ("compute_sponsor", "Compute sponsor")):
        ids = makers.loc[makers["role"] == role, "organization_id"]
        if len(ids):
            facts.add_row(label, ", ".join(names[ids]))
    dates = tables.rows("model_dates", model_id=tables.model).sort_values("date")
    for milestone, rows in dates.groupby("milestone", sort=False):
        facts.add_row(plain(milestone).capitalize(), "; ".join(map(_dated, each(rows))))
    kind = [plain(summary["architecture"]), plain(summary["objective"])]
    if pd.notna(summary["gpt3_like"]):
        kind.append("GPT-3-like" if summary["gpt3_like"] else "not GPT-3-like")
    facts.add_row("Kind", ", ".join(part for part in kind if part))
    for column, label in _KEY_FIGURES.items():
        if pd.notna(summary[column]):
            facts.add_row(label, _evaluated(summary, column))
    for run in each(tables.rows("training_runs", model_id=tables.model)):
        facts.add_row("Training run", _run(tables, run))
    for row in each(tables.rows("comparisons", model_id=tables.model).sort_values("as_of")):
        facts.add_row("Judged", _judgement(tables, row))
    return facts


def releases(tables: Tables) -> Table | None:
    """Who can get which artifact of the model, and since when."""
    artifacts = tables.rows("artifacts", model_id=tables.model).sort_values("available")
    if artifacts.empty:
        return None
    table = _grid()
    for access, label in ACCESS.items():
        rows = artifacts[artifacts["access"] == access]
        if len(rows):
            table.add_row(label[0].upper() + label[1:], "; ".join(map(_released, each(rows))))
    return table


def flows(tables: Tables) -> Text | None:
    """Which artifacts of the model went to whom, and which of others went into it."""
    events = tables["diffusion_events"].dropna(subset="artifact_id")
    artifacts = tables["artifacts"].set_index("artifact_id")
    ours = events["artifact_id"].map(artifacts["model_id"]) == tables.model
    into = (events["model_id"] == tables.model).fillna(False)
    names = tables["organizations"].set_index("organization_id")["name"]
    lines = []
    for row in each(tables.cite(events[(ours | into) & (events["status"] == "current")])):
        if pd.notna(row.reference_model_id):
            continue  # the publication of weights, which stands in the section before
        target = f" ({tables.name_of(row.model_id)})" if pd.notna(row.model_id) else ""
        inferred = ", inferred" if row.certainty == "inferred" else ""
        artifact = artifacts.loc[row.artifact_id, "name"]
        lines.append(f"{artifact} -> {names[row.organization_id]}{target}{inferred}")
    return Text("\n".join(lines)) if lines else None


def lags(tables: Tables) -> RenderableType | None:
    """How long it took others, as it was judged first and as it is judged now."""
    compared = tables.rows("comparisons", reference_model_id=tables.model)
    attempts = tables.rows("diffusion_events", reference_model_id=tables.model)
    dates = tables.rows("model_dates", model_id=tables.model, milestone="published")
    if (compared.empty and attempts.empty) or dates.empty:
        return None
    names = ["model_dates", "artifacts", "comparisons", "diffusion_events"]
    frames = [tables[name] for name in names]
    first, now = (
        replication_lag(*frames, reference=tables.model, judged=judged).set_index("milestone")
        for judged in ("first", "now")
    )
    published = _published_lags(tables)
    table = _table("", "as judged first", "as judged now", "published")
    for milestone, label in _MILESTONES.items():
        reached = first.loc[milestone, "model_id"] if milestone in first.index else None
        table.add_row(
            label,
            _lag(tables, first, milestone),
            _lag(tables, now, milestone),
            published.get(str(reached), ""),
        )
    everyone = tables["model_dates"]["model_id"].isin([*first["model_id"], *now["model_id"]])
    tables.cite(tables["model_dates"][everyone])
    return table


def cases(tables: Tables) -> RenderableType | None:
    """Which models sources set beside the model, in the order of their dates."""
    compared = tables.compared()
    if compared == [tables.model]:
        return None
    judged = tables.rows("comparisons", reference_model_id=tables.model, status="current")
    judgements = {row.model_id: _marked(row.judgement, row.certainty) for row in each(judged)}
    studied = {row.model_id: row.certainty for row in each(tables["case_studies"])}
    matches = tables.rows("diffusion_events", reference_model_id=tables.model, status="current")
    matches = matches[matches["artifact_id"].isna()]
    summary = tables["model_summary"]
    chosen = summary[summary["model_id"].isin(compared)].copy()
    chosen["when"] = chosen["developed"].fillna(chosen["published"])
    table = _table(
        "Model", "Date", "FLOP", "Final run (90 %)", "Team", "Weights", "Mechanism", "Judged",
        "Case",
    )  # fmt: skip
    for row in each(chosen.sort_values("when")):
        finished = pd.notna(row.developed)
        # The first word tells the mechanisms apart: incremental, replication, multiple, open.
        mechanisms = [
            _marked(match.mechanism.split("_")[0], match.certainty)
            for match in each(matches[matches["model_id"] == row.model_id])
        ]
        table.add_row(
            row.name,
            date(row.when, row.developed_precision if finished else row.published_precision),
            ("~" if row.training_compute_flop_method == "six_nd" else "")
            + number(row.training_compute_flop),
            money(row.training_cost_usd, row.training_cost_usd_low, row.training_cost_usd_high),
            number(row.core_team_people),
            ACCESS.get(row.weights_access, ""),
            ", ".join(dict.fromkeys(mechanisms)),
            "itself" if row.model_id == tables.model else judgements.get(row.model_id, ""),
            studied.get(row.model_id, ""),
        )
    legend = (
        "Date: when finished, or else published. FLOP with ~: 6 x parameters x tokens. With ?: "
        "inferred by us. Case: whether a text names the model as a case of the study."
    )
    return Group(table, Text(legend, style="dim"))


def costs(tables: Tables) -> RenderableType | None:
    """How much a FLOP of the training runs cost, and the ratio of their costs."""
    rows = cost_per_flop(tables["model_summary"])
    if tables.model not in set(rows["model_id"]):
        return None
    lines = []
    for row in each(rows.sort_values("published")):
        interval = span(row.cost_per_flop_usd_low, row.cost_per_flop_usd_high, ".2g")
        bounds = f" (90 %: {interval})" if interval else ""
        lines.append(
            f"{row.name}: ${number(row.cost_per_flop_usd)} per FLOP{bounds}, "
            f"{number(row.flop_per_usd)} FLOP per dollar"
        )
    others = [other for other in rows["model_id"] if other != tables.model]
    lines += [_cost_ratio(tables, rows.set_index("model_id"), other) for other in others]
    return Group(*map(Text, lines))


def sources(tables: Tables) -> Text:
    """All sources that the report leans on."""
    known = tables["sources"].set_index("source_id")
    entries = []
    for source in sorted(tables.cited):
        row = known.loc[source]
        year = f" {row['published'].year}" if pd.notna(row["published"]) else ""
        author = row["authors"] if pd.notna(row["authors"]) else row["publisher"]
        entries.append(f"{source} ({author.split(';')[0].split(',')[0]}{year})")
    return Text("; ".join(entries))


def _marked(word: str, certainty: str) -> str:
    return f"{word}?" if certainty == "inferred" else word


def _dated(row: Any) -> str:
    inferred = ", inferred" if row.certainty == "inferred" else ""
    return f"{date(row.date, row.date_precision)} ({row.source_id}{inferred})"


def _evaluated(summary: pd.Series[Any], column: str) -> str:
    """Write an evaluated value with its interval and, where there were several, the method."""
    value, low, high = (summary[f"{column}{end}"] for end in ("", "_low", "_high"))
    if column.endswith("_usd"):
        text = money(value, low, high)
    else:
        text = number(value)
        text += f" ({number(low)}-{number(high)})" if pd.notna(low) else ""
    level, method = summary[f"{column}_level"], summary[f"{column}_method"]
    text += f", {level:.0%} interval" if pd.notna(level) else ""
    explained = {"single": "", "six_nd": ", as 6 x parameters x tokens"}
    return text + explained.get(method, f", {plain(method)} of several estimates")


def _run(tables: Tables, run: Any) -> str:
    chips = tables["hardware"].set_index("hardware_id")["name"]
    parts = []
    if pd.notna(run.chips):
        chip = chips[run.hardware_id] if pd.notna(run.hardware_id) else "chips"
        parts.append(f"{run.chips:,} {chip}")
    if pd.notna(run.duration_days):
        parts.append(f"{number(run.duration_days)} days")
    if pd.notna(run.chip_hours):
        parts.append(f"{run.chip_hours:,.0f} chip-hours")
    if pd.notna(run.utilization):
        kind = {"mfu": " of model FLOP", "hfu": " of hardware FLOP"}.get(run.utilization_kind, "")
        parts.append(f"utilization {run.utilization:.1%}{kind}")
    return f"{', '.join(parts) or 'no figures'} ({run.basis}, {run.source_id})"


def _judgement(tables: Tables, row: Any) -> str:
    since = f", {date(row.as_of, row.as_of_precision)}" if pd.notna(row.as_of) else ""
    marks = "".join(
        f", {mark}" for mark in (row.status, row.certainty) if mark in ("superseded", "inferred")
    )
    judged = "similar to" if row.judgement == "similar" else f"{row.judgement} than"
    return f"{judged} {tables.name_of(row.reference_model_id)} ({row.source_id}{since}{marks})"


def _released(row: Any) -> str:
    known = [date(row.available, row.available_precision)]
    known += ["inferred"] if row.certainty == "inferred" else []
    remark = ", ".join(part for part in known if part)
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
    """Return the lags that sources print, by the model that ended them."""
    subjects = {
        "comparison_id": tables["comparisons"].set_index("comparison_id"),
        "event_id": tables["diffusion_events"].set_index("event_id"),
    }
    printed: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    lags = tables.rows("estimates", quantity_id="replication_lag")
    for column, table in subjects.items():
        for lag in each(lags[lags[column].notna()]):
            subject: Any = table.loc[getattr(lag, column)]
            if subject["reference_model_id"] == tables.model:
                printed[str(subject["model_id"])][f"{lag.unit}s"].append(number(lag.value))
    return {
        model: ", ".join(f"{' or '.join(dict.fromkeys(told))} {unit}" for unit, told in by.items())
        for model, by in printed.items()
    }


def _cost_ratio(tables: Tables, rows: pd.DataFrame, other: str) -> str:
    """Compare the training costs of two models, and say what a source prints."""
    ours: Any = rows.loc[tables.model]
    theirs: Any = rows.loc[other]
    bounds = ["training_cost_usd_low", "training_cost_usd_high"]
    ratio, low, high = cost_ratio(
        ours["training_cost_usd"],
        theirs["training_cost_usd"],
        interval=tuple(ours[bounds]),
        other_interval=tuple(theirs[bounds]),
    )
    text = f"{ours['name']} cost {number(ratio)} times as much as {theirs['name']}"
    text += f" (90 %: {number(low)} to {number(high)})" if low is not None else ""
    inputs = tables["model_summary_inputs"]
    used = inputs[(inputs["quantity_id"] == "training_cost") & inputs["used"]]
    used = used[used["model_id"].isin([tables.model, other])]
    rests_on = tables["estimates"].merge(used[["estimate_id"]], on="estimate_id")
    tables.cite(rests_on)
    bases = " and ".join(sorted(set(rests_on["basis"])))
    text += f"; both costs are {bases} ({', '.join(sorted(set(rests_on['source_id'])))})"
    pairs = tables["comparisons"]
    pairs = pairs[(pairs["model_id"] == other) & (pairs["reference_model_id"] == tables.model)]
    printed = tables.rows("estimates", quantity_id="training_cost_ratio")
    for row in each(printed[printed["comparison_id"].isin(pairs["comparison_id"])]):
        text += f"; published: {row.as_printed}"
    return text


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    return grid


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, style="" if heading else "bold", vertical="top")
    return table
