"""Trace a figure: where it is printed, what it follows from, what replaced it, what uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.loading import load_all
from diffdata.lookup.text import each, figure_text, rows_where, subject_of
from diffdata.package.packages import Dataset, open_dataset

_TABLES = (
    "estimates", "corrections", "calculations", "calculation_inputs", "model_summary_inputs",
    "technique_evidence", "factor_evidence",
)  # fmt: skip


def trace(estimate_id: str, *, package: Dataset | None = None, version: str | None = None) -> str:
    """Return the ancestry of a figure as indented text.

    Parameters
    ----------
    estimate_id
        The estimate.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.

    Returns
    -------
    text
        The printed words, source and status of the figure; what replaced or corrected it; the
        formulas that should give it, with their inputs and the formulas behind these in turn;
        and what uses it, directly and through another figure.

    Raises
    ------
    UnknownNameError
        If there is no such estimate; the nearest names are suggested.

    Examples
    --------
    >>> print(trace("opt-175b-cost-ratio", version="2026.2"))
    opt-175b-cost-ratio: training_cost_ratio of opt-175b-vs-gpt-3 is 7
      printed: roughly seven times cheaper
      source: cottier-2022-summary, 20-minute summary, Key takeaways, item 3 (read)
      status: current, derived
      should equal: gpt3.value / opt.value (opt-175b-cost-ratio: agrees_within_rounding)
        gpt3 = gpt-3-training-cost: 1.2e+07 (5e+06 to 3.3e+07) USD
          cottier-2022-summary, Table 3
          compared with its own parts (gpt-3-cost-centre: differs)
          compared with its own parts (gpt-3-cost-interval: differs)
        opt = opt-175b-training-cost: 1.7e+06 (1.5e+06 to 2.3e+06) USD
          cottier-2022-summary, Table 3
          compared with its own parts (opt-175b-cost-centre: differs)
      evidence on: factor comments-price-performance
      evidence on: factor summary-better-hardware
    """
    frames = load_all(open_dataset(package, version), _TABLES)
    estimates = frames["estimates"].set_index("estimate_id", drop=False)
    frames["estimates"] = estimates
    if estimate_id not in estimates.index:
        raise UnknownNameError("estimate", estimate_id, estimates.index)
    row: Any = estimates.loc[estimate_id]
    title = f"{estimate_id}: {row['quantity_id']} of {subject_of(row)} is {figure_text(row)}"
    facts = [
        *_about(row, frames),
        *_derivation(estimate_id, frames, {estimate_id}),
        *_uses(estimate_id, frames),
    ]
    return "\n  ".join([title, *facts])


def _about(row: Any, frames: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield the printed words, source and status of a figure, and what replaced or corrected it."""
    name, quoted = row["estimate_id"], row["quoted_in_source_id"]
    where = f" in {quoted}" if isinstance(quoted, str) else ""
    replaced = rows_where(frames["estimates"], superseded_by_estimate_id=name)["estimate_id"]
    corrections = each(rows_where(frames["corrections"], estimate_id=name))
    facts = [
        ("printed", row["as_printed"]),
        ("source", f"{row['source_id']}, {row['locator']} ({row['verification']}{where})"),
        ("status", f"{row['status']}, {row['basis']}"),
        ("note", row["note"]),
        ("replaced by", row["superseded_by_estimate_id"]),
        *(("replaces", other) for other in replaced),
        *((f"corrected ({one.correction_id})", f"{one.what} {one.now}") for one in corrections),
    ]
    yield from (f"{label}: {text}" for label, text in facts if isinstance(text, str))


def _derivation(
    estimate_id: str, frames: dict[str, pd.DataFrame], visited: set[str]
) -> Iterator[str]:
    """Yield the formulas of a figure and their inputs, down to figures that no formula gives.

    A formula that has the figure itself among its inputs derives nothing: it compares the parts of
    the figure with each other. Each input is derived once, and then added to `visited`.
    """
    for calculation in each(rows_where(frames["calculations"], estimate_id=estimate_id)):
        name = calculation.calculation_id
        verdict = f"({name}: {calculation.verdict})"
        inputs = rows_where(frames["calculation_inputs"], calculation_id=name)
        if estimate_id in set(inputs["estimate_id"]):
            yield f"compared with its own parts {verdict}"
            continue
        formula = calculation.formula if isinstance(calculation.formula, str) else calculation.why
        yield f"should equal: {formula} {verdict}"
        for given in each(inputs):
            row: Any = frames["estimates"].loc[given.estimate_id]
            yield f"  {given.input} = {given.estimate_id}: {figure_text(row)}"
            if given.estimate_id not in visited:
                visited.add(given.estimate_id)
                yield f"    {row['source_id']}, {row['locator']}"
                for line in _derivation(given.estimate_id, frames, visited):
                    yield f"    {line}"


def _uses(estimate_id: str, frames: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield what uses a figure: calculations in two steps, evidence, evaluated values."""
    inputs = frames["calculation_inputs"]
    results = frames["calculations"].set_index("calculation_id")["estimate_id"]
    figures = [estimate_id]
    for relation in ("used by", "used indirectly by"):
        used_by = [
            name
            for figure in figures
            for name in rows_where(inputs, estimate_id=figure)["calculation_id"]
        ]
        for name in dict.fromkeys(used_by):
            yield f"{relation}: calculation {name}, of {results[name]}"
        figures = [
            figure for figure in dict.fromkeys(results.loc[used_by]) if figure != estimate_id
        ]
    for kind in ("technique", "factor"):
        evidence = rows_where(frames[f"{kind}_evidence"], estimate_id=estimate_id)
        for name in evidence[f"{kind}_id"]:
            yield f"evidence on: {kind} {name}"
    for row in each(rows_where(frames["model_summary_inputs"], estimate_id=estimate_id)):
        relation = "used by" if row.used else f"set aside ({row.set_aside_because}) by"
        yield f"{relation}: model_summary of {row.model_id}"
