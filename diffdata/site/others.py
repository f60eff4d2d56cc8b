"""The pages of chips, organizations, benchmarks, quantities and sources."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from diffdata.answers.layout import Cited, Section, joined
from diffdata.answers.page import amount_of
from diffdata.lookup.figures import reading_order
from diffdata.lookup.text import ACCESS_LABELS, human, plain
from diffdata.site.facts import MOST_LISTED, Facts, Record, page_of
from diffdata.site.subject import (
    MOST_SHOWN,
    Listings,
    Subject,
    benchmark_column,
    cite_row,
    day_of,
    linked_name,
    listings,
    new_subject,
    run_text,
    stated_cells,
)


def chip_subject(facts: Facts, row: Record) -> Subject:
    """Return what the page of a chip shows."""
    chip = row["hardware_id"]
    subject = new_subject(facts, "hardware", row, summary=facts.row("hardware_summary", chip))
    subject.badges = [plain(row.get("hardware_kind", ""))]
    cells = stated_cells(facts, "hardware_summary", subject.summary, "hardware_id", "name")
    subject.facts = [*cells]
    runs = facts.where("training_runs", "hardware_id", chip)
    table: list[Any] = [("Model", "Run")]
    table += [
        (linked_name(facts, "models", one["model_id"]),
         cite_row(facts, run_text(facts, one), "training_runs", one))
        for one in runs if "model_id" in one
    ]  # fmt: skip
    subject.blocks = [
        *([Section("Models trained on it", table)] if len(table) > 1 else []),
        *listings(facts, subject),
    ]
    return subject


def organization_subject(facts: Facts, row: Record) -> Subject:
    """Return what the page of an organization shows."""
    name = row["organization_id"]
    subject = new_subject(facts, "organizations", row)
    subject.facts = [*stated_cells(
        facts, "organizations", row, "organization_id", "name", "source_id", "locator",
        "verification", "quoted_in_source_id",
    )]  # fmt: skip
    made = facts.where("model_developers", "organization_id", name)
    summaries = [(facts.row("model_summary", one["model_id"]), one) for one in made]
    summaries.sort(key=lambda pair: (str(pair[0].get("published", "")), pair[1]["model_id"]),
                   reverse=True)  # fmt: skip
    rows: list[Any] = [("Model", "Published", "Role", "Weights", "Training compute")]
    for summary, one in summaries:
        compute = summary.get("training_compute_flop")
        rows.append((
            linked_name(facts, "models", one["model_id"]), day_of(summary, "published"),
            Cited((plain(one["role"]), [("model_developers", facts.key("model_developers", one))])),
            ACCESS_LABELS.get(summary.get("weights_access", ""), ""),
            "" if compute is None else human(compute, "FLOP"),
        ))  # fmt: skip
    others: list[str] = []
    for column in ("organization_id", "related_organization_id"):
        for one in facts.where("organization_relations", column, name):
            subject_, object_ = one["organization_id"], one["related_organization_id"]
            others.append(Cited(
                (facts.name("organizations", subject_), [("organizations", subject_)]),
                (f": {plain(one['organization_relation'])} of ", ()),
                (facts.name("organizations", object_), [("organizations", object_)]),
                (f", {day_of(one, 'date')}" if "date" in one else "", ()),
            ))  # fmt: skip
    chips = facts.where("hardware", "vendor_organization_id", name)
    subject.blocks = [
        *([Section("Relations", others, "lines")] if others else []),
        *([Section("Models", rows)] if made else []),
        *([Section("Chips", [joined(*(
            linked_name(facts, "hardware", one["hardware_id"]) for one in chips
        ), by=", ")], "lines")] if chips else []),
        *listings(facts, subject),
    ]  # fmt: skip
    return subject


def benchmark_subject(facts: Facts, row: Record) -> Subject:
    """Return what the page of a benchmark shows."""
    name = row["benchmark_id"]
    subject = new_subject(facts, "benchmarks", row, text=str(row.get("measures", "")))
    subject.facts = [*stated_cells(
        facts, "benchmarks", row, "benchmark_id", "name", "measures", "source_id", "locator",
        "verification", "quoted_in_source_id",
    )]  # fmt: skip
    found = facts.where("evaluations", benchmark_column(facts), name)
    subject.rows += [("evaluations", facts.key("evaluations", one), one) for one in found]
    ranked = sorted(found, key=lambda one: (-one["score"], one["model_id"]))
    rows: list[Any] = [("Model", "Score", "Metric", "Setting", "Source")]
    for one in ranked[: 3 * MOST_SHOWN]:
        setting = filter(None, [plain(one.get("setting") or ""), str(one.get("subset") or "")])
        rows.append((
            linked_name(facts, "models", one["model_id"]),
            Cited((f"{one['score']:g}", [("evaluations", facts.key("evaluations", one))])),
            plain(one.get("metric") or ""), ", ".join(setting),
            Cited((one["source_id"], [("sources", one["source_id"])])),
        ))  # fmt: skip
    more = len(ranked) - 3 * MOST_SHOWN
    note = f"{more} more in data.csv." if more > 0 else ""
    own = Subject("benchmarks", name, subject.name, rows=subject.rows[: -len(found) or None])
    subject.blocks = [
        *([Section("Scores", rows, note=note)] if found else []), *listings(facts, own),
    ]  # fmt: skip
    return subject


def quantity_subject(facts: Facts, row: Record) -> Subject:
    """Return what the page of a quantity shows."""
    name = row["quantity_id"]
    subject = new_subject(facts, "quantities", row, text=str(row.get("definition", "")))
    subject.facts = [*stated_cells(facts, "quantities", row, "quantity_id", "title", "definition")]
    found = facts.where("estimates", "quantity_id", name)
    subject.rows += [("estimates", one["estimate_id"], one) for one in found]
    # Figures that people reviewed first.
    ordered = sorted(found, key=lambda one: (one["verification"] == "snapshot", one["estimate_id"]))
    rows: list[Any] = [("Of", "Figure", "Source", "Status")]
    rows += [
        (_of(facts, one), Cited((amount_of(one), [("estimates", one["estimate_id"])])),
         Cited((one["source_id"], [("sources", one["source_id"])])), plain(one["status"]))
        for one in ordered[: 2 * MOST_SHOWN]
    ]  # fmt: skip
    more = len(found) - 2 * MOST_SHOWN
    note = f"{more:,} more in data.csv and in the table of estimates." if more > 0 else ""
    subject.blocks = [Section("All estimates", rows, note=note)] if found else []
    return subject


def _of(facts: Facts, row: Record) -> str:
    """Return what an estimate is about."""
    if "model_id" in row:
        return linked_name(facts, "models", row["model_id"])
    names = {"artifact": "artifacts", "scenario": "scenarios", "comparison": "comparisons",
             "event": "diffusion_events", "counterfactual": "counterfactuals",
             "technique": "techniques"}  # fmt: skip
    for kind, table in names.items():
        if f"{kind}_id" in row:
            key = row[f"{kind}_id"]
            return Cited((f"{plain(kind)} {key}", [(table, key)]))
    return ""


def source_subject(facts: Facts, row: Record) -> Subject:
    """Return what the page of a source shows."""
    name = row["source_id"]
    subject = new_subject(facts, "sources", row, address=_web(row))
    subject.badges = [plain(row.get("source_kind", ""))]
    subject.facts = [
        *stated_cells(facts, "sources", row, "source_id", "title", "source_kind", "url")
    ]
    own = page_of("sources", name)
    sections = [
        one["section"] for one in sorted(
            facts.where("source_sections", "source_id", name), key=lambda one: one["position"]
        )
    ]  # fmt: skip
    taken: list[tuple[str, str, Record]] = []
    counts: list[Any] = [("Table", "Rows taken from it", "Quoted in it")]
    for table in facts.package.tables:
        if not {"source_id", "locator"} <= set(facts.schema(table).column_names):
            continue
        stated = facts.where(table, "source_id", name)
        quoted = facts.where(table, "quoted_in_source_id", name)
        if table == "sources" or not (stated or quoted):
            continue
        counts.append((table, f"{len(stated):,}", f"{len(quoted):,}" if quoted else ""))
        taken += [(table, facts.key(table, one), one) for one in stated]
    listed = {(table, key) for table, key, _ in facts.listed.get(own, ())}
    others = [one for one in taken if (one[0], one[1]) not in listed]
    shown = [*facts.listed.get(own, ())[:MOST_LISTED], *others[:MOST_SHOWN]]
    shown.sort(key=lambda one: (reading_order(str(one[2]["locator"]), sections), one[0], one[1]))
    lines = [
        Cited((result.figure, [("calculations", result.id)]), (f": {plain(result.verdict)}", ()))
        for result in facts.ledger.values() if result.source_id == name
    ]  # fmt: skip
    more = len(taken) - len(shown)
    note = "In the order of the source. Rows about one model or chip are listed on its page too."
    subject.rows = [("sources", name, row), *taken]
    subject.blocks = [
        *([Section("What was taken from it", counts)] if len(counts) > 1 else []),
        *([Section("Its figures, recomputed", lines, "lines")] if lines else []),
        *([Listings("Rows", [facts.listing(*one) for one in shown], max(more, 0), note, 10)]
          if shown else []),
    ]  # fmt: skip
    return subject


def _web(row: Record) -> str:
    """Return the address of a source, only of the web."""
    doi = row.get("doi")
    address = str(row.get("url") or (f"https://doi.org/{quote(str(doi))}" if doi else ""))
    return address if urlsplit(address).scheme in ("http", "https") else ""
