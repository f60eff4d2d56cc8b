"""Commands that change a working tree, and those for editions: list, fetch and release them."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from diffdata.cli.app import Package, ResultFormat, app, print_json
from diffdata.errors import InvalidInputError, PackageError

_PANEL = "Edit the data"
_EDITIONS = "Manage editions"


@app.command(rich_help_panel=_PANEL)
def new(
    table: Annotated[
        str, typer.Argument(help="The name of a table, as in model, estimate, sources.")
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(help="Cells, each as COLUMN=VALUE; COLUMN= leaves the cell empty."),
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Ask nothing; what is missing is an error.")
    ] = False,
    package: Package = None,
) -> None:
    """Add a row at its place, and ask for the cells that are missing and cannot be derived."""
    from diffdata.editing.adding import add_row, pairs, table_named
    from diffdata.editing.formatting import is_working_tree, open_for_editing
    from diffdata.editing.questions import fill_in
    from diffdata.releasing.build import GENERATED_TABLES

    opened = open_for_editing(package)
    name = table_named(opened, table)
    if name in GENERATED_TABLES and is_working_tree(opened):
        raise PackageError(f"{name}: the table is generated; run `diffdata build` to update it")
    cells = pairs(values or [])
    try:
        if not no_input:
            read = partial(typer.prompt, default="", show_default=False)
            fill_in(opened, name, cells, read, typer.echo)
        added = add_row(opened, name, cells)
    except (InvalidInputError, PackageError, typer.Abort):
        if not no_input:  # the answers are not lost
            place = [] if package is None else ["--package", str(package)]
            given = [f"{column}={cell}" for column, cell in cells.items()]
            command = shlex.join(["diffdata", "new", table, *given, *place])
            typer.echo(f"\nto continue: {command}", err=True)
        raise
    typer.echo(f"{added.path}:{added.line}: added")
    for column, cell in added.row.items():
        if cell:
            mark = " (derived)" if column in added.derived else ""
            typer.echo(f"  {column}: {cell}{mark}")
    for issue in added.warnings:
        typer.echo(str(issue), err=True)
    if is_working_tree(opened):
        typer.echo("Next: run `diffdata build` to update the generated files.", err=True)


@app.command("format", rich_help_panel=_PANEL)
def format_files(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with a datapackage.json; by default the working tree of diffdata."
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only report.")] = False,
) -> None:
    """Write the CSV files in the standard form: sorted, quotes only where needed, nothing lost."""
    from diffdata.editing.formatting import format_package, open_for_editing
    from diffdata.package.packages import open_package

    opened = open_package(path) if check else open_for_editing(path)
    changed = format_package(opened, check=check)
    _report([file.relative_to(opened.root) for file in changed], "not in form" if check else "")


@app.command(rich_help_panel=_PANEL)
def build(
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only report.")] = False,
    package: Package = None,
) -> None:
    """Update the files that are generated from the tables."""
    from diffdata.package.packages import open_package
    from diffdata.releasing.build import build, stale

    opened = open_package(package)
    if not (opened.root / "pyproject.toml").is_file():
        raise PackageError(f"{opened.root}: not a working tree of diffdata, nothing to build")
    _report(stale(opened) if check else build(opened), "stale" if check else "")


def _report(paths: Sequence[str | Path], fault: str) -> None:
    """Print the files that were written or, if they only have a fault, exit with 1."""
    for path in paths:
        typer.echo(f"{fault or 'written'}: {path}")
    if fault and paths:
        raise typer.Exit(1)


@app.command(rich_help_panel=_EDITIONS)
def versions(format: ResultFormat = "text") -> None:
    """List the released editions, the oldest first."""
    from diffdata.package.editions import versions

    releases = versions()
    if format == "json":
        print_json([release.model_dump(mode="json") for release in releases])
        return
    if not releases:
        typer.echo("no edition is released yet", err=True)
    for release in releases:
        amount = f"{len(release.tables)} tables, {release.rows:,} rows"
        doi = f", doi {release.doi}" if release.doi else ""
        typer.echo(f"{release.edition}  {release.date}  {amount}{doi}")
        typer.echo(f"  digest {release.digest}")
        for point in release.headline:
            typer.echo(f"  - {point}")


@app.command(rich_help_panel=_EDITIONS)
def fetch(
    edition: Annotated[str, typer.Argument(help="A released edition, see `diffdata versions`.")],
    mirror: Annotated[
        str, typer.Argument(help="The folder that contains the archives, or its https address.")
    ],
) -> None:
    """Fetch the archive of an edition that is not installed."""
    from diffdata.package.editions import fetch

    typer.echo(fetch(edition, mirror))


@app.command(rich_help_panel=_EDITIONS)
def release(
    edition: Annotated[str, typer.Argument(help="The edition that datapackage.json names.")],
    date: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the release; by default today."),
    ] = None,
    package: Package = None,
) -> None:
    """Freeze the data as an edition: an archive and its index entry."""
    from diffdata.editing.formatting import open_for_editing
    from diffdata.releasing import release

    opened = open_for_editing(package)
    made = release(opened, edition, date.date() if date else None)
    typer.echo(f"written: releases/{made.file} ({made.bytes:,} bytes, sha256 {made.sha256})")
    typer.echo("written: releases/index.json")
