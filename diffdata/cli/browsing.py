"""Commands that show what is there."""

from __future__ import annotations

from typing import Annotated

import typer

from diffdata.cli.app import Format, Package, app, opened

_PANEL = "Read"


@app.command("list", rich_help_panel=_PANEL)
def list_tables(
    package: Package = None,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
) -> None:
    """List the tables, with the number of their rows."""
    import pandas as pd

    from diffdata.cli.printing import print_frame
    from diffdata.loading.validated import load_all

    dataset = opened(package)
    frames = load_all(dataset, list(dataset.tables))
    rows = [
        {"table": name, "rows": len(frame), "title": dataset.schema(name).title}
        for name, frame in frames.items()
    ]
    print_frame(pd.DataFrame(rows), format.value)


@app.command(rich_help_panel=_PANEL)
def show(
    table: Annotated[str, typer.Argument(help="The name of a table, see `diffdata list`.")],
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep the rows where this holds: COLUMN=VALUE, or with !=, <, <=, >, >=, "
            "or ~ for 'contains'. COLUMN= keeps the empty cells. Several must all hold."
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Only these columns, separated by commas.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many rows.")] = None,
    package: Package = None,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
) -> None:
    """Show the rows of a table."""
    from diffdata.cli.printing import filter_rows, pick_columns, print_frame
    from diffdata.loading.validated import load_from

    dataset = opened(package)
    frame = load_from(dataset, table)
    frame = filter_rows(frame, dataset.schema(table), where or [])
    frame = pick_columns(frame, columns.split(",") if columns else None)
    print_frame(frame if limit is None else frame.head(limit), format.value)


@app.command(rich_help_panel=_PANEL)
def describe(
    table: Annotated[str, typer.Argument(help="The name of a table, see `diffdata list`.")],
    package: Package = None,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
) -> None:
    """Explain the columns of a table: types, units, constraints, references, meaning."""
    from diffdata.cli.printing import print_frame
    from diffdata.schemas.compile import dictionary

    schema = opened(package).schema(table)
    if format is Format.text:
        typer.echo(f"{schema.title}: {schema.description}\n")
    print_frame(dictionary(schema), format.value)


@app.command(rich_help_panel=_PANEL)
def report(
    model: Annotated[str, typer.Argument(help="The model_id of a model.")] = "gpt-3",
    package: Package = None,
) -> None:
    """Tell how a model spread: key facts, lags, cases, costs, doubts and sources."""
    from diffdata.cli.printing import print_rich
    from diffdata.cli.report import report

    print_rich(report(opened(package), model))


@app.command(rich_help_panel=_PANEL)
def sources(
    source: Annotated[
        str | None, typer.Argument(help="A source_id; without one, all sources are counted.")
    ] = None,
    package: Package = None,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
) -> None:
    """List what was taken from a source, in its order, to be checked against the text."""
    from diffdata.cli.printing import print_frame
    from diffdata.lookup.origin import counted, page, taken_from

    dataset = opened(package)
    if source is None:
        print_frame(counted(package=dataset), format.value)
    elif format is Format.text:
        typer.echo(page(taken_from(source, package=dataset)))
    else:
        print_frame(taken_from(source, package=dataset), format.value)


@app.command(rich_help_panel=_PANEL)
def trace(
    estimate: Annotated[str, typer.Argument(help="An estimate_id.")], package: Package = None
) -> None:
    """Tell the ancestry of a figure: source, inputs, corrections, what rests on it."""
    from diffdata.lookup.trace import trace

    typer.echo(trace(estimate, package=opened(package)))
