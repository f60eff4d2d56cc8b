"""The command that shows the clocks: how fast capabilities spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from diffdata.cli.app import Package, TableFormat, app, opened

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType


@app.command(rich_help_panel="Look up a model, a source or a figure")
def lags(
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="One clock in more detail: replication, access, benchmark, index, compute, price, "
            "hardware or frontier.",
        ),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(metavar="ID", help="One benchmark, of the clock benchmark or price."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Whose scores are compared, or all; by default of each benchmark the source with "
            "most models.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="GROUPING",
            help="How to split the clock, such as year; each lists the single lags.",
        ),
    ] = None,
    leader: Annotated[
        str,
        typer.Option(
            metavar="GROUP",
            help="Who is followed: closed or open (weights), a country such as US, or a kind of "
            "organization.",
        ),
    ] = "closed",
    follower: Annotated[
        str, typer.Option(metavar="GROUP", help="Whose lag is measured, as for --leader.")
    ] = "open",
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Ignore what came later; by default nothing is."),
    ] = None,
    level: Annotated[float, typer.Option(help="The probability of the intervals.")] = 0.9,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="EDITION", help="Say what moved since a released edition, and by what."
        ),
    ] = None,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """Show how fast capabilities spread: lags, prices and growth, with intervals."""
    from diffdata.cli.printing import print_frame, print_rich
    from diffdata.lookup.clocks import lags

    found = lags(
        clock, benchmark=benchmark, source=source, by=by, leader=leader, follower=follower,
        as_of=as_of, level=level, against=against, package=opened(package),
    )  # fmt: skip
    if format == "text":
        print_rich(
            _screen(
                found,
                level,
                single=by == "each" and clock != "price",
                leader=leader,
                follower=follower,
            )
        )
    else:
        print_frame(found, format)


def _screen(
    found: pd.DataFrame, level: float, *, single: bool, leader: str, follower: str
) -> RenderableType:
    """Lay out the clocks for one screen, each with its question and its groups."""
    from rich.console import Group
    from rich.table import Column
    from rich.text import Text

    from diffdata.cli.printing import plain_table
    from diffdata.lookup.clocks import CLOCKS
    from diffdata.lookup.text import number

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
                [_median(row, "median_then"), _median(row, "median_same_day")]
                if moved
                else [_text(row["follower"] if single else row["trend"])]
            )
            table.add_row(
                f"  {'; '.join(filter(None, cells))}", str(row["n"]),
                str(row["censored"]) if row["censored"] else "", _median(row), _interval(row), *ends
            )  # fmt: skip
        if table.row_count:
            parts.append(table)
    return Group(*parts, Text(), Text(legend))


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell)


def _median(row: dict[Any, Any], name: str = "median") -> str:
    """Write a median, a factor with an x."""
    from diffdata.lookup.text import number

    if not _text(row[name]):
        unknown = (
            "not known" if _text(row["note"]) and row["n"] != row["censored"] else "not reached"
        )
        return unknown if name == "median" else ""
    return f"{number(row[name])}{'' if row['unit'] == 'days' else 'x'}"


def _interval(row: dict[Any, Any]) -> str:
    """Write an interval, of which an end may be open."""
    from diffdata.lookup.text import number

    low, high = (number(row[end]) if _text(row[end]) else "" for end in ("low", "high"))
    if low and high:
        return low if low == high else f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}" if high else ""
