"""What is inferred, assumed or disputed, claims tested by a definition, and corrections."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from diffdata.cli.report.tables import Tables
from diffdata.derive import is_replication
from diffdata.lookup.text import date, each, number, plain, rows_where

# Figures that differ by less than this factor count as the same figure, rounded.
_ROUNDING_FACTOR = 1.05


def doubts(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield the doubts about the model and the models compared with it, each with a reason."""
    if tables.is_reference():
        for case in each(tables.rows("case_studies", certainty="inferred")):
            yield "inferred", f"{tables.name_of(case.model_id)} is a case: {case.note}"
    for run in each(tables.rows("training_runs", model_id=tables.model, basis="assumed")):
        yield "assumed", f"training run in {run.source_id}: {run.note}"
    yield from _replications(tables)
    yield from _disputed(tables)
    yield from _disputed_counterfactuals(tables)
    yield from _corrections(tables)


def _replications(tables: Tables) -> Iterator[tuple[str, str]]:
    """Test every claimed replication by the definition."""
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
    """Yield the current figures that differ, each with its source."""
    used = tables["model_summary_inputs"].set_index("estimate_id")["used"]
    current = rows_where(tables["estimates"], status="current").dropna(subset="value")
    current = current[current["model_id"].isin(tables.compared())]
    for (model, quantity, _), rows in current.groupby(["model_id", "quantity_id", "unit"]):
        if rows["value"].max() <= _ROUNDING_FACTOR * rows["value"].min():
            continue
        tables.cite(rows)
        figures = [
            f"{number(row.value)} ({row.source_id}"
            f"{'' if used.get(row.estimate_id) else ', set aside'})"
            for row in each(rows.sort_values("value"))
        ]
        yield "disputed", f"{tables.name_of(str(model))}, {plain(quantity)}: {'; '.join(figures)}"


def _disputed_counterfactuals(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield the counterfactuals for which sources print different figures."""
    definitions = tables["counterfactuals"]
    definitions = definitions[definitions["model_id"].isin(tables.compared())]
    estimates = tables["estimates"].merge(definitions[["counterfactual_id", "definition"]])
    for definition, rows in rows_where(estimates, status="current").groupby("definition"):
        for _, figures in rows.groupby("quantity_id"):
            if len(figures[["value", "unit"]].drop_duplicates()) > 1:
                tables.cite(figures)
                printed = [f"{row.as_printed} ({row.source_id})" for row in each(figures)]
                yield "disputed", f"{definition} {'; '.join(printed)}"


def _corrections(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield the corrections about the model; for a reference model, all corrections."""
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
