"""The command that imports tables of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from diffdata.cli.app import Package, ResultFormat, app, opened, pairs, print_json
from diffdata.errors import InvalidInputError, visible


@app.command("import", rich_help_panel="Compare, cite, export")
def import_tables(
    kind: Annotated[
        Literal["epoch-models", "epoch-hardware", "epoch-benchmarks", "csv"],
        typer.Argument(help="What the files are; csv needs a mapping."),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV files, vintages of one table, or a folder of them."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder of the package to write.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="A package whose imported files are replaced instead of --out."),
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="csv: the mapping, see docs/importing.md.")
    ] = None,
    vintage: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE=DATE", help="The date of a file whose name has none."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="The encoding of the files.")] = "utf-8",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the folder of an earlier import.")
    ] = False,
    format: ResultFormat = "text",
) -> None:
    """Read tables of others into the schema of diffdata; nothing of them is lost."""
    from diffdata.importing import import_files

    if (kind == "csv") != (map_file is not None):
        raise InvalidInputError("import: csv, and only it, needs a mapping: --map MAPPING.toml")
    given = pairs(vintage, "--vintage", "FILE=DATE, as in models.csv=2026-07-19")
    report = import_files(
        map_file or kind, files, out=out, into=into, vintages=given, encoding=encoding, force=force
    )
    if format == "json":
        print_json(report.to_dict())
    else:
        typer.echo(visible(report.text()))
    if report.errors:
        raise typer.Exit(1)


@app.command(rich_help_panel="Compare, cite, export")
def compare(
    path: Annotated[
        Path, typer.Argument(help="An imported package, or a CSV file of models or chips.")
    ],
    factor: Annotated[
        float, typer.Option(help="List figures that are at least this factor apart.")
    ] = 2.0,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="The mapping of another file, as for import.")
    ] = None,
    vintage: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE=DATE", help="The date of a file whose name has none."),
    ] = None,
    package: Package = None,
    format: ResultFormat = "text",
) -> None:
    """Compare another database with the dataset: which figures of the same model or chip differ.

    The exit status is 0 whether or not figures differ. The JSON lists all matches.
    """
    from diffdata.importing.comparing import compare

    given = pairs(vintage, "--vintage", "FILE=DATE, as in models.csv=2026-07-19")
    found = compare(path, factor=factor, mapping=map_file, vintages=given, package=opened(package))
    if format == "json":
        print_json(found.to_dict())
    else:
        typer.echo(visible(found.text()))
