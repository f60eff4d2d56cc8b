"""The part of the ledger that the report shows: what of the model does not come out."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from diffdata.cli.report.tables import Tables
from diffdata.lookup.rows import each
from diffdata.reproduce import Reproduction, count_verdicts, recompute, shown


def ledger(tables: Tables) -> Group | None:
    """Recompute the figures about the model and its cases, and list those that do not agree."""
    calculations = tables["calculations"].merge(tables["estimates"], on="estimate_id")
    ours = calculations["model_id"] == tables.model
    if tables.is_reference():
        studies = set(tables["case_studies"]["study_source_id"])
        ours |= calculations["source_id"].isin(studies)
    rows = tables.cite(calculations[ours])
    if rows.empty:
        return None
    found = list(recompute(tables.frames, only=[row.calculation_id for row in each(rows)]))
    open_ = [result for result in found if result.verdict in ("differs", "cannot_be_recomputed")]
    return Group(Text(count_verdicts(found)), *(Text(_line(result)) for result in open_))


def _line(result: Reproduction) -> str:
    if result.verdict == "cannot_be_recomputed":
        return f"not recomputable: {result.figure}: {result.reason}"
    recomputed = shown(result.recomputed, result)
    return f"differs: {result.figure}; recomputed: {recomputed}; {result.reason}"
