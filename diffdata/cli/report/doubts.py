"""What is inferred, assumed, disputed, held against a definition, or was corrected."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.table import Table
from rich.text import Text

from diffdata.cli.report.tables import Tables
from diffdata.derive import is_replication
from diffdata.lookup.figures import date, number, plain
from diffdata.lookup.rows import each

# Figures that differ by less than this factor are taken for the same, rounded.
_SAME = 1.05


def doubts(tables: Tables) -> Table | None:
    """List the doubts about the model and the models beside it, one line of why for each."""
    items = [
        *_inferred_cases(tables),
        *_assumed_runs(tables),
        *_replications(tables),
        *_disputed(tables),
        *_disputed_counterfactuals(tables),
        *_corrections(tables),
    ]
    if not items:
        return None
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for kind, text in items:
        table.add_row(Text(kind, style="bold"), text)
    return table


def _inferred_cases(tables: Tables) -> Iterator[tuple[str, str]]:
    if tables.is_reference():
        for case in each(tables.rows("case_studies", certainty="inferred")):
            yield "inferred", f"{tables.name_of(case.model_id)} is a case: {case.note}"


def _assumed_runs(tables: Tables) -> Iterator[tuple[str, str]]:
    for run in each(tables.rows("training_runs", model_id=tables.model, basis="assumed")):
        yield "assumed", f"training run in {run.source_id}: {run.note}"


def _replications(tables: Tables) -> Iterator[tuple[str, str]]:
    """Hold every claimed replication against the definition."""
    pairs = tables["comparisons"][["comparison_id", "model_id", "reference_model_id"]]
    published = tables.rows("estimates", quantity_id="mean_benchmark_difference")
    differences = published[["comparison_id", "value"]].merge(pairs, on="comparison_id")
    verdicts = is_replication(tables["models"], tables["evaluations"], differences)
    for row in each(verdicts[verdicts["reference_model_id"] == tables.model]):
        name = f"{tables.name_of(row.model_id)} as a replication of {tables.name_of(tables.model)}"
        if pd.isna(row.is_replication):
            yield "open", f"{name}: there are no scores to compare"
            continue
        basis = (
            f"mean over {row.benchmarks} benchmarks"
            if row.basis == "evaluations"
            else "published mean; the scores behind it are not public as text"
        )
        within = "within" if row.is_replication else "beyond"
        yield "tested", f"{name}: {row.mean_difference:+.1f} points ({basis}), {within} 2 points"


def _disputed(tables: Tables) -> Iterator[tuple[str, str]]:
    """Show the current figures that differ, each with its source."""
    used = tables["model_summary_inputs"].set_index("estimate_id")["used"]
    current = tables["estimates"]
    current = current[(current["status"] == "current") & current["value"].notna()]
    current = current[current["model_id"].isin(tables.compared())]
    for (model, quantity, _), rows in current.groupby(["model_id", "quantity_id", "unit"]):
        if rows["value"].max() <= _SAME * rows["value"].min():
            continue
        tables.cite(rows)
        figures = [
            f"{number(row.value)} ({row.source_id}"
            f"{'' if used.get(row.estimate_id) else ', set aside'})"
            for row in each(rows.sort_values("value"))
        ]
        yield "disputed", f"{tables.name_of(str(model))}, {plain(quantity)}: {'; '.join(figures)}"


def _disputed_counterfactuals(tables: Tables) -> Iterator[tuple[str, str]]:
    """Show what sources disagree on would have happened otherwise, in their own figures."""
    definitions = tables["counterfactuals"]
    definitions = definitions[definitions["model_id"].isin(tables.compared())]
    estimates = tables["estimates"].merge(definitions[["counterfactual_id", "definition"]])
    for definition, rows in estimates[estimates["status"] == "current"].groupby("definition"):
        for _, figures in rows.groupby("quantity_id"):
            if len(figures[["value", "unit"]].drop_duplicates()) > 1:
                tables.cite(figures)
                printed = [f"{row.as_printed} ({row.source_id})" for row in each(figures)]
                yield "disputed", f"{definition} {'; '.join(printed)}"


def _corrections(tables: Tables) -> Iterator[tuple[str, str]]:
    """Show what was corrected; for a reference model that is all that its study corrected."""
    corrections = tables["corrections"]
    if not tables.is_reference():
        compared = tables["comparisons"][["comparison_id", "model_id"]]
        compared = compared.rename(columns={"model_id": "compared_model_id"})
        corrections = corrections.merge(compared, on="comparison_id", how="left")
        about = corrections["model_id"].fillna(corrections["compared_model_id"])
        corrections = corrections[about == tables.model]
    for row in each(tables.cite(corrections).sort_values("corrected")):
        when = date(row.corrected, row.corrected_precision) or "undated"
        yield "corrected", f"{when}: {row.what} {row.now}"
