"""The command that shows the clocks: how fast capabilities spread."""

from __future__ import annotations

from typing import Annotated

import typer

from diffdata.cli import completing
from diffdata.cli.app import Package, TableFormat, app, opened


@app.command(rich_help_panel="Look up a model, a source or a figure")
def lags(
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=completing.one_of(*completing.CLOCKS),
            help="One clock in more detail: replication, access, benchmark, index, compute, price, "
            "hardware or frontier.",
        ),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="One benchmark, of the clock benchmark or price.",
            autocompletion=completing.benchmarks,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            autocompletion=completing.sources,
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
            autocompletion=completing.one_of(*completing.GROUPS),
            help="Who is followed: closed or open (weights), a country such as US, or a kind of "
            "organization.",
        ),
    ] = "closed",
    follower: Annotated[
        str,
        typer.Option(
            metavar="GROUP",
            help="Whose lag is measured, as for --leader.",
            autocompletion=completing.one_of(*completing.GROUPS),
        ),
    ] = "open",
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Ignore what came later; by default nothing is."),
    ] = None,
    level: Annotated[float, typer.Option(help="The probability of the intervals.")] = 0.9,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="EDITION",
            autocompletion=completing.editions,
            help="Say what moved since a released edition, and by what.",
        ),
    ] = None,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """Show how fast capabilities spread: lags, prices and growth, with intervals."""
    from diffdata.answers.clocks import lags
    from diffdata.answers.overview import screen
    from diffdata.cli.printing import print_frame, print_rich

    found = lags(
        clock, benchmark=benchmark, source=source, by=by, leader=leader, follower=follower,
        as_of=as_of, level=level, against=against, package=opened(package),
    )  # fmt: skip
    if format == "text":
        single = by == "each" and clock != "price"
        print_rich(screen(found, level, single=single, leader=leader, follower=follower))
    else:
        print_frame(found, format)
