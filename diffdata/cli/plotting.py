"""The commands that draw plots, and that build the site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from diffdata.cli import completing
from diffdata.cli.app import Package, app, opened
from diffdata.errors import InvalidInputError, UnknownNameError


@app.command(rich_help_panel="Compare, cite, export")
def plot(
    name: Annotated[
        str | None,
        typer.Argument(
            help="The name of a plot; without it, all are listed.",
            autocompletion=completing.one_of(*completing.PLOTS),
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o",
            help="The file to write: .svg, .png, .pdf, .html (needs no network), .csv (the data of "
            "the plot), .json (its Vega-Lite specification).",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="The model that the plot is about.", autocompletion=completing.models),
    ] = None,
    quantity: Annotated[
        str | None,
        typer.Option(
            help="estimates: a quantity; survival: access or publication.",
            autocompletion=completing.quantities,
        ),
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="A benchmark.", autocompletion=completing.benchmarks)
    ] = None,
    score: Annotated[
        list[float] | None,
        typer.Option(help="api-price: a score that models must reach. Can be repeated."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Leave out what is earlier than this day or year."),
    ] = None,
    reviewed_only: Annotated[
        bool, typer.Option("--reviewed-only", help="Leave out rows that were imported.")
    ] = False,
    package: Package = None,
) -> None:  # fmt: skip
    """Draw a plot for a paper, a slide or a page, or write its data."""
    from diffdata.plot import PLOTS, write
    from diffdata.plot.output import format_of

    if name is None:
        width = max(map(len, PLOTS))
        for each in PLOTS.values():
            typer.echo(f"{each.name:{width}}  {each.asks}")
        return
    if name not in PLOTS:
        raise UnknownNameError("plot", name, PLOTS)
    chosen = PLOTS[name]
    given: dict[str, Any] = {
        "model": model, "quantity": quantity, "benchmark": benchmark, "scores": score,
        "since": since,
    }  # fmt: skip
    options = {key: value for key, value in given.items() if value}
    for key in options:
        if key not in chosen.options:
            taken = [f"--{each.removesuffix('s')}" for each in chosen.options if each in given]
            listed = " and ".join(taken) if taken else "none of these options"
            raise InvalidInputError(f"--{key.removesuffix('s')}: {name} takes {listed}")
    if out is None:
        raise InvalidInputError(f"plot: name a file to write, such as --out {name}.svg")
    format_of(out)  # before the work
    dataset = opened(package)
    data = chosen.data_of_dataset(package=dataset, reviewed_only=reviewed_only, **options)
    write(chosen, data, out)
    typer.echo(out)


@app.command(rich_help_panel="Compare, cite, export")
def site(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder to write, which an earlier site may be.")
    ] = Path("site"),
    docs: Annotated[
        bool, typer.Option(help="Build the documents too, from the working tree of diffdata.")
    ] = True,
    package: Package = None,
) -> None:
    """Build a site to browse: a page for each model, chip and source, tables, charts, documents."""
    from diffdata.site import build_site

    typer.echo(build_site(out, package=opened(package), docs=docs))
