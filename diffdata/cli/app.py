"""The application: what all commands share."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from diffdata.errors import DiffdataError, InvalidInputError

if TYPE_CHECKING:
    from diffdata.package.packages import Package as OpenedPackage


class _Program(TyperGroup):
    """The program, which takes ``--dataset`` before a command and after it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Bring ``--dataset`` to the front, where the program itself reads it."""
        options = args[: args.index("--")] if "--" in args else args
        for place, word in enumerate(options):
            if word == "--dataset" or word.startswith("--dataset="):
                words = 1 if "=" in word else 2
                moved, rest = args[place : place + words], [*args[:place], *args[place + words :]]
                args = [*moved, *rest] if len(moved) == words else moved
                break
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="diffdata",
    cls=_Program,
    help="How AI capabilities spread, as data that people can trust, recompute and cite.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Package = Annotated[
    Path | None,
    typer.Option(help="A folder with a datapackage.json; by default the dataset of diffdata."),
]


# The released edition that `--dataset` names, set anew for each run of the command line.
_edition: ContextVar[str | None] = ContextVar("edition", default=None)

# Commands that change files, or that say themselves which versions they mean.
_WITHOUT_EDITION = ("build", "diff", "fetch", "format", "new", "release", "versions")


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


def edition() -> str | None:
    """Return the released edition that the user named with ``--dataset``, None without it."""
    return _edition.get()


def opened(package: Path | None) -> OpenedPackage:
    """Open what a command reads: the edition of ``--dataset``, a folder, or the current dataset."""
    from diffdata.package.opening import open_dataset

    if package is not None and edition() is not None:
        raise InvalidInputError("--dataset names an edition and --package a folder; give one")
    return open_dataset(package, edition())


@app.callback()
def common(
    context: typer.Context,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="EDITION",
            help="Read a released edition, as in 2026.1, instead of the current data; "
            "stands before the command or after it.",
        ),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """Take the options that come before the command."""
    command = context.invoked_subcommand
    if dataset is not None and command in _WITHOUT_EDITION:
        raise InvalidInputError(
            f"--dataset: `{command}` does not read a released edition; leave the option out"
        )
    _edition.set(dataset)
