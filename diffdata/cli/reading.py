"""Commands that show tables, models, sources and figures."""

from __future__ import annotations

from typing import Annotated

import typer

from diffdata.cli.app import Package, TableFormat, app, opened

_TABLES = "Read the tables"
_FIGURES = "Look up a model, a source or a figure"

Table = Annotated[str, typer.Argument(help="The name of a table, see `diffdata list`.")]


@app.command("list", rich_help_panel=_TABLES)
def list_tables(package: Package = None, format: TableFormat = "text") -> None:
    """List the tables, each with its number of rows and its title."""
    import pandas as pd

    from diffdata.cli.printing import print_frame
    from diffdata.loading import load_all

    dataset = opened(package)
    frames = load_all(dataset, dataset.tables)
    rows = [(name, len(frame), dataset.schema(name).title) for name, frame in frames.items()]
    print_frame(pd.DataFrame(rows, columns=["table", "rows", "title"]), format)


@app.command(rich_help_panel=_TABLES)
def show(
    table: Table,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Show only rows that meet a condition: COLUMN=VALUE, or with !=, <, <=, >, >=, "
            "or ~ for 'contains'. COLUMN= selects empty cells. If you repeat the option, rows must "
            "meet all conditions.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Show only these columns, separated by commas."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, help="Show at most this number of rows.")
    ] = None,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """Show the rows of a table, all or those that meet conditions."""
    from diffdata.cli.printing import filter_rows, pick_columns, print_frame
    from diffdata.loading import load_from

    dataset = opened(package)
    frame = filter_rows(load_from(dataset, table), dataset.schema(table), where or [])
    if columns:
        frame = pick_columns(frame, columns.split(","))
    print_frame(frame if limit is None else frame.head(limit), format)


@app.command(rich_help_panel=_TABLES)
def describe(table: Table, package: Package = None, format: TableFormat = "text") -> None:
    """Explain the columns of a table: meaning, type, unit, constraints."""
    from diffdata.cli.printing import print_frame
    from diffdata.schemas.compile import dictionary

    schema = opened(package).schema(table)
    if format == "text":
        print(f"{schema.title}: {schema.description}\n")
    print_frame(dictionary(schema), format)


@app.command(rich_help_panel=_FIGURES)
def report(
    model: Annotated[str, typer.Argument(help="The model_id of a model.")] = "gpt-3",
    package: Package = None,
) -> None:
    """Report how a model spread: facts, lags, cases, costs, doubts."""
    from diffdata.cli.printing import print_rich
    from diffdata.cli.report import report

    print_rich(report(opened(package), model))


@app.command(rich_help_panel=_FIGURES)
def sources(
    source: Annotated[
        str | None,
        typer.Argument(help="A source_id; without it, all sources are listed with row counts."),
    ] = None,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """List what was taken from a source, in the order of its text."""
    from diffdata.cli.printing import print_frame
    from diffdata.lookup.sources import reading_list, row_counts, taken_from

    dataset = opened(package)
    if source is None:
        print_frame(row_counts(package=dataset), format)
    elif format != "text":
        print_frame(taken_from(source, package=dataset), format)
    else:
        print(reading_list(taken_from(source, package=dataset)))


@app.command(rich_help_panel=_FIGURES)
def trace(
    estimate: Annotated[str, typer.Argument(help="An estimate_id.")], package: Package = None
) -> None:
    """Show where a figure comes from, and what uses it."""
    from diffdata.lookup.figures import trace

    print(trace(estimate, package=opened(package)))
