"""The application: what all commands share."""

from __future__ import annotations

import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from diffdata.errors import DiffdataError

app = typer.Typer(
    name="diffdata",
    help="How AI capabilities spread, as data that people can trust, recompute and cite.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Package = Annotated[
    Path | None,
    typer.Option(help="A folder with a datapackage.json; by default the dataset of diffdata."),
]


class Format(StrEnum):
    """How tables are printed."""

    text = "text"
    csv = "csv"
    json = "json"
    markdown = "markdown"


class ResultFormat(StrEnum):
    """How results are printed."""

    text = "text"
    json = "json"


def main() -> None:
    """Run the command line; an error of ours is one line on standard error and status 2."""
    try:
        app()
    except DiffdataError as error:
        typer.echo(f"diffdata: {error}", err=True)
        sys.exit(2)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"diffdata {version('diffdata')}")
        raise typer.Exit


@app.callback()
def common(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """Take the options that come before the command."""
