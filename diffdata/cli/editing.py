"""Commands that change a working tree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diffdata.cli.app import Package, app
from diffdata.errors import DiffdataError, PackageError

_PANEL = "Edit"


@app.command(rich_help_panel=_PANEL)
def new(
    table: Annotated[
        str,
        typer.Argument(help="The name of a table, as in model, estimate, sources."),
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(help="Cells that are known, each COLUMN=VALUE; COLUMN= leaves it empty."),
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Ask nothing; what is missing is an error.")
    ] = False,
    package: Package = None,
) -> None:
    """Add a row where it belongs, and ask for what it still needs and cannot be derived."""
    import shlex

    from diffdata.editing import add_row, fill_in, open_for_editing, pairs, table_named
    from diffdata.editing.opening import is_working_tree
    from diffdata.releasing.build import is_generated

    opened = open_for_editing(package)
    name = table_named(opened, table)
    if is_generated(opened, name):
        raise PackageError(f"{name}: the table is generated; `diffdata build` brings it up to date")
    given = pairs(values or [])
    if not no_input:

        def read(prompt: str) -> str:
            return str(typer.prompt(prompt, default="", show_default=False))

        given = fill_in(opened, name, given, read, typer.echo)
    try:
        added = add_row(opened, name, given)
    except DiffdataError:
        if not no_input:  # what was typed is not lost
            words = [f"{column}={cell}" for column, cell in given.items() if cell]
            typer.echo(f"to try again: {shlex.join(['diffdata', 'new', table, *words])}", err=True)
        raise
    typer.echo(f"{added.path}:{added.line}: added")
    for column, cell in added.row.items():
        if cell:
            mark = " (derived)" if column in added.derived else ""
            typer.echo(f"  {column}: {cell}{mark}")
    for issue in added.warnings:
        typer.echo(str(issue), err=True)
    if is_working_tree(opened):
        typer.echo("Next: `diffdata build`, for what is generated from the tables.", err=True)


@app.command("format", rich_help_panel=_PANEL)
def format_files(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with a datapackage.json; by default the working tree of diffdata."
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only tell.")] = False,
) -> None:
    """Bring the CSV files into their one form: sorted, quotes only where needed, nothing lost."""
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
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only tell.")] = False,
    package: Package = None,
) -> None:
    """Bring the generated files of a working tree up to date."""
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
