"""How the clocks are shown: on one screen, and their medians and intervals in short."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from diffdata.answers.clocks import CLOCKS
from diffdata.display import plain_table
from diffdata.lookup.text import number


def screen(
    found: pd.DataFrame, level: float, *, single: bool, leader: str, follower: str
) -> RenderableType:
    """Lay out the clocks for one screen, each with its question and its groups."""
    moved = "median_then" in found
    last = ("then", "same day") if moved else ("follower" if single else "trend",)
    legend = (
        "n: lags, or figures that a rate is fitted to; open: has not happened yet (censored). Lags "
        "are in days; x is a factor, for rates per year. See docs/clocks.md."
    )
    parts: list[RenderableType] = []
    for place, (name, rows) in enumerate(found.groupby("clock", sort=False)):
        day = rows["as_of"].max()
        until = "" if day != day else f" (as of {day:%Y-%m-%d})"
        question = CLOCKS[str(name)].question.format(leader=leader, follower=follower)
        parts.append(Text(f"{name}: {question}{until}", style="bold"))
        table = plain_table(
            Column("", ratio=1, overflow="fold"), Column("n", justify="right", width=4),
            Column("open", justify="right", width=4),
            Column("median", justify="right", width=11), Column(f"{level:.0%} interval", width=13),
            *(Column(title, width=18 // len(last), overflow="fold") for title in last),
        )  # fmt: skip
        table.expand, table.show_header = True, place == 0
        for row in rows.to_dict("records"):
            if not row["n"]:
                parts.append(Text(f"  {row['note']}"))
                continue
            cells = [_text(row[key]) for key in ("group", "reference", "note")
                     if single or key != "reference"]  # fmt: skip
            if _text(row["threshold"]):
                cells.insert(2, number(row["threshold"]))
            ends = (
                [median(row, "median_then"), median(row, "median_same_day")]
                if moved
                else [_text(row["follower"] if single else row["trend"])]
            )
            table.add_row(
                f"  {'; '.join(filter(None, cells))}", str(row["n"]),
                str(row["censored"]) if row["censored"] else "", median(row), interval(row), *ends
            )  # fmt: skip
        if table.row_count:
            parts.append(table)
    return Group(*parts, Text(), Text(legend))


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell)


def median(row: dict[Any, Any], name: str = "median") -> str:
    """Write a median, a factor with an x."""
    if not _text(row[name]):
        unknown = (
            "not known" if _text(row["note"]) and row["n"] != row["censored"] else "not reached"
        )
        return unknown if name == "median" else ""
    return f"{number(row[name])}{'' if row['unit'] == 'days' else 'x'}"


def interval(row: dict[Any, Any]) -> str:
    """Write an interval, of which an end may be open."""
    low, high = (number(row[end]) if _text(row[end]) else "" for end in ("low", "high"))
    if low and high:
        return low if low == high else f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}" if high else ""
