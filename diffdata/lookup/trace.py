"""The ancestry of a figure: where it stands, what gives it, what replaced it, what rests on it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.loading.validated import load_all
from diffdata.lookup.rows import each, figure, subject_of
from diffdata.package.opening import Dataset, open_dataset

Frames = dict[str, pd.DataFrame]

_TABLES = [
    "estimates", "corrections", "calculations", "calculation_inputs", "model_summary_inputs",
    "technique_evidence", "factor_evidence",
]  # fmt: skip


def trace(estimate_id: str, *, package: Dataset | None = None, version: str | None = None) -> str:
    """Tell the ancestry of a figure.

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
        Its print, source and status, what replaced it and was corrected; the formulas that should
        give it with their inputs, and theirs in turn, indented; and what rests on it, at first and
        at second hand.

    Raises
    ------
    UnknownNameError
        If there is no such estimate; the nearest ones are named.

    Examples
    --------
    >>> print(trace("opt-175b-cost-ratio"))
    opt-175b-cost-ratio: training_cost_ratio of opt-175b-vs-gpt-3 is 7
      printed: roughly seven times cheaper
      source: cottier-2022-summary, 20-minute summary, Key takeaways, item 3 (read)
      status: current, derived
      should come of: gpt3.value / opt.value (opt-175b-cost-ratio: agrees_within_rounding)
        gpt3 = gpt-3-training-cost: 1.2e+07 (5e+06 to 3.3e+07) USD
          cottier-2022-summary, Table 3
          held against itself (gpt-3-cost-centre: differs)
          held against itself (gpt-3-cost-interval: differs)
        opt = opt-175b-training-cost: 1.7e+06 (1.5e+06 to 2.3e+06) USD
          cottier-2022-summary, Table 3
          held against itself (opt-175b-cost-centre: differs)
      evidence on: factor comments-price-performance
      evidence on: factor summary-better-hardware
    """
    frames = load_all(open_dataset(package, version), _TABLES)
    found = frames["estimates"].set_index("estimate_id", drop=False)
    frames["estimates"] = found
    if estimate_id not in found.index:
        raise UnknownNameError("estimate", estimate_id, found.index)
    row: Any = found.loc[estimate_id]
    lines = [f"{estimate_id}: {row['quantity_id']} of {subject_of(row)} is {figure(row)}"]
    lines += _where_it_stands(row)
    lines += _what_became_of_it(row, frames)
    lines += _what_gives_it(estimate_id, frames, "  ", {estimate_id})
    lines += _what_rests_on_it(estimate_id, frames)
    return "\n".join(lines)


def _where_it_stands(row: Any) -> list[str]:
    lines = [f"  printed: {row['as_printed']}"] if isinstance(row["as_printed"], str) else []
    quoted = row["quoted_in_source_id"]
    checked = (
        f"{row['verification']} in {quoted}" if isinstance(quoted, str) else row["verification"]
    )
    lines.append(f"  source: {row['source_id']}, {row['locator']} ({checked})")
    lines.append(f"  status: {row['status']}, {row['basis']}")
    return lines + ([f"  note: {row['note']}"] if isinstance(row["note"], str) else [])


def _what_became_of_it(row: Any, frames: Frames) -> list[str]:
    lines = []
    if isinstance(row["superseded_by_estimate_id"], str):
        lines.append(f"  replaced by: {row['superseded_by_estimate_id']}")
    older = _rows(frames, "estimates", "superseded_by_estimate_id", row["estimate_id"])
    lines += [f"  replaces: {name}" for name in older["estimate_id"]]
    fixes = _rows(frames, "corrections", "estimate_id", row["estimate_id"])
    return lines + [f"  corrected ({f.correction_id}): {f.what} {f.now}" for f in each(fixes)]


def _what_gives_it(estimate_id: str, frames: Frames, indent: str, told: set[str]) -> list[str]:
    """Tell the formulas of a figure and their inputs, down to figures that no formula gives.

    A formula that has the figure itself among its inputs derives nothing: it holds the parts of the
    figure against each other. What gives an input is told once, and its name added to `told`.
    """
    lines = []
    for made in each(_rows(frames, "calculations", "estimate_id", estimate_id)):
        formula = made.formula if isinstance(made.formula, str) else made.why
        inputs = _rows(frames, "calculation_inputs", "calculation_id", made.calculation_id)
        if estimate_id in set(inputs["estimate_id"]):
            lines.append(f"{indent}held against itself ({made.calculation_id}: {made.verdict})")
            continue
        lines.append(f"{indent}should come of: {formula} ({made.calculation_id}: {made.verdict})")
        for given in each(inputs):
            row: Any = frames["estimates"].loc[given.estimate_id]
            lines.append(f"{indent}  {given.input} = {given.estimate_id}: {figure(row)}")
            if given.estimate_id not in told:
                told.add(given.estimate_id)
                lines.append(f"{indent}    {row['source_id']}, {row['locator']}")
                lines += _what_gives_it(given.estimate_id, frames, f"{indent}    ", told)
    return lines


def _what_rests_on_it(estimate_id: str, frames: Frames) -> list[str]:
    lines = []
    seen: set[str] = {estimate_id}
    hands = [estimate_id]
    for distance in ("used by", "at second hand"):
        used = [name for hand in hands for name in _calculations_of(hand, frames)]
        hands = []
        for name in dict.fromkeys(used):
            goal = _rows(frames, "calculations", "calculation_id", name)["estimate_id"].iloc[0]
            lines.append(f"  {distance}: calculation {name}, of {goal}")
            if goal not in seen:
                hands.append(goal)
                seen.add(goal)
    for kind, column in (("technique", "technique_id"), ("factor", "factor_id")):
        links = _rows(frames, f"{kind}_evidence", "estimate_id", estimate_id)
        lines += [f"  evidence on: {kind} {name}" for name in links[column]]
    for held in each(_rows(frames, "model_summary_inputs", "estimate_id", estimate_id)):
        told = "used by" if held.used else f"set aside ({held.set_aside_because}) by"
        lines.append(f"  {told}: model_summary of {held.model_id}")
    return lines


def _calculations_of(estimate_id: str, frames: Frames) -> list[str]:
    return list(_rows(frames, "calculation_inputs", "estimate_id", estimate_id)["calculation_id"])


def _rows(frames: Frames, table: str, column: str, value: str) -> pd.DataFrame:
    frame = frames[table]
    return frame[(frame[column] == value).fillna(False)]
