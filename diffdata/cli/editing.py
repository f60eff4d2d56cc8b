"""Commands that change a working tree."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from diffdata.cli.app import Package, app
from diffdata.errors import InvalidInputError, PackageError

_PANEL = "Edit the data"


@app.command(rich_help_panel=_PANEL)
def new(
    table: Annotated[
        str,
        typer.Argument(help="The name of a table, as in model, estimate, sources."),
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
    from diffdata.editing import add_row, fill_in, open_for_editing, pairs, table_named
    from diffdata.editing.opening import is_working_tree
    from diffdata.releasing.build import is_generated

    opened = open_for_editing(package)
    name = table_named(opened, table)
    if is_generated(opened, name):
        raise PackageError(f"{name}: the table is generated; run `diffdata build` to update it")
    cells = pairs(values or [])
    try:
        if not no_input:
            fill_in(opened, name, cells, _read_line, typer.echo)
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


def _read_line(prompt: str) -> str:
    return str(typer.prompt(prompt, default="", show_default=False))


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
    from diffdata.editing import format_package, open_for_editing
    from diffdata.package.packages import open_package

    opened = open_package(path) if check else open_for_editing(path)
    changed = format_package(opened, check=check)
    for file in changed:
        typer.echo(f"{'not in form' if check else 'written'}: {file.relative_to(opened.root)}")
    if check and changed:
        raise typer.Exit(1)


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
    changed = stale(opened) if check else build(opened)
    for path in changed:
        typer.echo(f"{'stale' if check else 'written'}: {path}")
    if check and changed:
        raise typer.Exit(1)
