"""The pages of models: their figures, ancestry, scores and history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from diffdata.answers.layout import Cited, Reference, Section, joined
from diffdata.lookup.text import ACCESS_LABELS, plain
from diffdata.site.facts import Facts, Record
from diffdata.site.subject import (
    METHODS,
    MOST_SHOWN,
    Subject,
    benchmark_column,
    cite_row,
    day_of,
    evaluated_amount,
    figures_of,
    linked_name,
    listings,
    new_subject,
    rows_by,
    run_text,
)
from diffdata.types.text import cell_text

_KEY_FIGURES = {
    "parameters": "Parameters", "training_tokens": "Training tokens",
    "training_compute_flop": "Training compute", "training_cost_usd": "Cost of the final run",
    "development_cost_usd": "Cost of development", "core_team_people": "Core team",
}  # fmt: skip
_HISTORY = (
    "name", "developers", "published", "developed", "weights_access", "weights_license",
    "gpt3_like", *_KEY_FIGURES,
)  # fmt: skip
_MILESTONES = {"api": "API"}


def model_subject(facts: Facts, row: Record) -> Subject:
    """Return what the page of a model shows."""
    model = row["model_id"]
    summary = facts.row("model_summary", model)
    subject = new_subject(facts, "models", row, summary=summary)
    subject.badges = ["reviewed" if summary.get("reviewed") else "imported, not reviewed"]
    compared = facts.where("comparisons", "reference_model_id", model)
    subject.case = case_page(model) if compared else ""
    subject.facts = [*_model_facts(facts, row, summary)]
    estimates = rows_by(facts.where("estimates", "model_id", model), "quantity_id")
    rank = {name: place for place, name in enumerate(
        ("training_cost", "development_cost", "training_compute", "parameters", "training_tokens")
    )}  # fmt: skip
    subject.blocks = [
        figures_of(facts, subject, estimates[name], name)
        for name in sorted(estimates, key=lambda name: (rank.get(name, 9), name))
    ]
    subject.blocks += [
        *_ancestry(facts, model, row), *_scores(facts, model), *_dependents(facts, subject),
        *_history(facts, model, summary), *listings(facts, subject, {"estimates"}),
    ]  # fmt: skip
    return subject


def cases_of(facts: Facts) -> list[str]:
    """Return the models with which sources compare others, those with most rows first."""
    found = {row["reference_model_id"]: None for row in facts.records("comparisons")}
    rows = {name: len(facts.where("comparisons", "reference_model_id", name)) for name in found}
    return sorted(found, key=lambda name: (-rows[name], name))


def case_page(model: str) -> str:
    """Return the path of the page of a case."""
    return f"cases/{quote(model, safe='')}/index.html"


def _model_facts(facts: Facts, row: Record, summary: Record) -> Iterator[tuple[str, str]]:
    model = row["model_id"]
    makers = rows_by(facts.where("model_developers", "model_id", model), "role")
    for role, rows in makers.items():
        names = []
        for one in rows:
            maker = facts.row("organizations", one["organization_id"])
            country = f" ({maker['country']})" if "country" in maker else ""
            names.append(Cited(
                (facts.name("organizations", one["organization_id"]),
                 [("organizations", one["organization_id"])]),
                (country, [("model_developers", facts.key("model_developers", one))]),
            ))  # fmt: skip
        yield plain(role).capitalize(), joined(*names, by=", ")
    inputs = rows_by(facts.where("model_summary_inputs", "model_id", model), "quantity_id")
    for column, label in _KEY_FIGURES.items():
        if column not in summary:
            continue
        method = str(summary.get(f"{column}_method"))
        six_nd = method == "six_nd"
        parts = ["parameters", "training_tokens"] if six_nd else [facts.evaluated[column]]
        behind: list[Reference] = [
            ("estimates", one["estimate_id"])
            for name in parts for one in inputs.get(name, ()) if one["used"]
        ]  # fmt: skip
        text = evaluated_amount(facts, summary, column)
        how = (
            "" if method == "single" else f", {METHODS.get(method, plain(method) + ' of several')}"
        )
        yield label, Cited((text, behind), (how, ()))
    dates = rows_by(facts.where("model_dates", "model_id", model), "milestone")
    for milestone, rows in dates.items():
        days: dict[str, list[Reference]] = {}
        for one in sorted(rows, key=lambda one: str(one["date"])):
            variant = one.get("model_variant", "main")
            doubt = ", inferred" if one.get("certainty") == "inferred" else ""
            text = ("" if variant == "main" else f"{variant}: ") + day_of(one, "date") + doubt
            days.setdefault(text, []).append(("model_dates", facts.key("model_dates", one)))
        yield (
            _MILESTONES.get(milestone, plain(milestone).capitalize()),
            joined(*map(Cited, days.items()), by="; "),
        )
    for access, rows in rows_by(facts.where("artifacts", "model_id", model), "access").items():
        things = []
        for one in rows:
            remarks = [day_of(one, "available"), str(one.get("license") or "")]
            remark = ", ".join(filter(None, remarks))
            things.append(Cited(
                (one["name"], [("artifacts", one["artifact_id"])]),
                (f" ({remark})" if remark else "", ()),
            ))  # fmt: skip
        label = ACCESS_LABELS.get(access, plain(access))
        yield f"Access: {label}", joined(*things, by="; ")
    kinds = [plain(summary.get(name) or "") for name in ("architecture", "objective")]
    if "gpt3_like" in summary:
        kinds.append("GPT-3-like" if summary["gpt3_like"] else "not GPT-3-like")
    domains = [plain(one["domain"]) for one in facts.where("model_domains", "model_id", model)]
    if words := ", ".join(filter(None, [*kinds, *domains])):
        yield "Kind", words
    for one in facts.where("training_runs", "model_id", model):
        yield "Training run", cite_row(facts, run_text(facts, one), "training_runs", one)


def _ancestry(facts: Facts, model: str, row: Record) -> Iterator[Section]:
    lines: list[str] = []
    for column, words in (("base_model_id", "Made from "),
                          ("architecture_of_model_id", "Has the architecture of ")):  # fmt: skip
        if column in row:
            lines.append(joined(words, linked_name(facts, "models", row[column])))
        words = "Base of " if column == "base_model_id" else "Its architecture is used by "
        others = facts.where("models", column, model)
        names = [linked_name(facts, "models", one["model_id"]) for one in others[:MOST_SHOWN]]
        if names:
            more = f" and {len(others) - len(names)} more" if len(others) > len(names) else ""
            lines.append(joined(words, joined(*names, by=", "), more))
    for column, other in (("reference_model_id", "model_id"), ("model_id", "reference_model_id")):
        for one in facts.where("diffusion_events", column, model):
            if other in one and one["status"] == "current":
                remarks = [plain(one.get("mechanism", "event")), day_of(one, "date")]
                lines.append(Cited(
                    ("Followed by " if column == "reference_model_id" else "Follows ", ()),
                    (facts.name("models", one[other]), [("models", one[other])]), (" (", ()),
                    (", ".join(filter(None, remarks)), [("diffusion_events", one["event_id"])]),
                    (")", ()),
                ))  # fmt: skip
        for one in facts.where("comparisons", column, model):
            judgement = plain(one["judgement"])
            before, after = "", f" is judged {judgement}"
            if column == "model_id":
                before, after = f"It is judged {judgement} compared with ", ""
            remarks = [one["source_id"], day_of(one, "as_of"),
                       "" if one["status"] == "current" else plain(one["status"])]  # fmt: skip
            lines.append(Cited(
                (before, ()), (facts.name("models", one[other]), [("models", one[other])]),
                (f"{after} (", ()),
                (", ".join(filter(None, remarks)), [("comparisons", one["comparison_id"])]),
                (")", ()),
            ))  # fmt: skip
    if lines:
        yield Section("Ancestry and cascade", lines, "lines")


def _scores(facts: Facts, model: str) -> Iterator[Section]:
    found = facts.where("evaluations", "model_id", model)
    column = benchmark_column(facts)
    rows: list[Any] = [("Benchmark", "Score", "Metric", "Setting", "Reported by")]
    for one in sorted(
        found, key=lambda one: (facts.name("benchmarks", one[column]), -one["score"])
    ):
        setting = [plain(one.get("setting") or ""), str(one.get("model_version") or ""),
                   f"{one['shots']} shots" if "shots" in one else ""]  # fmt: skip
        rows.append((
            linked_name(facts, "benchmarks", one[column]),
            Cited((f"{one['score']:g}", [("evaluations", facts.key("evaluations", one))])),
            plain(one.get("metric") or ""), ", ".join(filter(None, setting)),
            plain(one.get("reporter") or ""),
        ))  # fmt: skip
    if found:
        yield Section("Scores", rows)


def _dependents(facts: Facts, subject: Subject) -> Iterator[Section]:
    """Yield what is computed from the figures of a page, or says something of its subject."""
    lines: list[str] = []
    calculations: dict[str, None] = {}
    for table, key, _ in subject.rows:
        if table == "estimates":
            for one in facts.where("calculation_inputs", "estimate_id", key):
                calculations[one["calculation_id"]] = None
    for name in calculations:
        figure = facts.row("calculations", name).get("figure", name)
        verdict = plain(facts.ledger[name].verdict) if name in facts.ledger else ""
        lines.append(Cited(("Calculation: ", ()), (str(figure), [("calculations", name)]),
                           (f" ({verdict})", ())))  # fmt: skip
    for one in facts.where("scenario_models", "model_id", subject.id):
        (scenario,) = facts.where("scenarios", "scenario_id", one["scenario_id"]) or [{}]
        lines.append(Cited(
            (f"Scenario, as its {plain(one['relation'])}: ", ()),
            (str(scenario.get("title", one["scenario_id"])), [("scenarios", one["scenario_id"])]),
        ))  # fmt: skip
    if lines:
        yield Section("What depends on it", lines, "lines")


def _history(facts: Facts, model: str, summary: Record) -> Iterator[Section]:
    then = {name: earlier.row("model_summary", model) for name, earlier in facts.earlier.items()}
    there = [name for name, row in then.items() if row]
    if not facts.earlier:
        return
    if not there:
        yield Section("History", [f"Added in edition {facts.edition}."], "lines")
        return
    editions = {name: then[name] for name in there} | {facts.edition: summary}
    rows: list[Any] = [("Value", *editions)]
    for column in _HISTORY:
        cells = [_cell(facts, row, column) for row in editions.values()]
        if len(set(cells)) > 1:
            rows.append((plain(column.removesuffix("_usd").removesuffix("_flop")), *cells))
    note = f"Known since edition {there[0]}."
    note += "" if len(rows) > 1 else " Its evaluated values have not changed since."
    yield Section("History", rows if len(rows) > 1 else [note], "table" if len(rows) > 1 else
                  "lines", note=note if len(rows) > 1 else "")  # fmt: skip


def _cell(facts: Facts, row: Record, column: str) -> str:
    if column not in row:
        return ""
    if column in _KEY_FIGURES:
        return evaluated_amount(facts, row, column)
    if f"{column}_precision" in row:
        return day_of(row, column)
    return plain(row[column]) if column == "weights_access" else cell_text(row[column])
