"""The application: its options, and what all commands share."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from diffdata.cli import completing
from diffdata.display import SHOW_PROGRESS
from diffdata.errors import DiffdataError, InvalidInputError, suggestion, visible

if TYPE_CHECKING:
    from diffdata.package.packages import Package as OpenedPackage

_EDITION_OPTIONS = ("--edition", "--dataset")
_NO_PAGER = "--no-pager"
# Commands that change files, or that have their own way to name a version.
_WITHOUT_EDITION = (
    "build", "compare", "diff", "fetch", "format", "import", "new", "release", "versions",
)  # fmt: skip


class _Program(TyperGroup):
    """The program, which takes ``--edition`` and ``--no-pager`` before a command or after it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move these options to the front, where the program itself reads them."""
        if _NO_PAGER in (args[: args.index("--")] if "--" in args else args):
            place = args.index(_NO_PAGER)
            args = [_NO_PAGER, *args[:place], *args[place + 1 :]]
        options = args[: args.index("--")] if "--" in args else args
        for place, word in enumerate(options):
            if word.partition("=")[0] in _EDITION_OPTIONS:
                end = place + (1 if "=" in word else 2)
                moved, rest = args[place:end], args[:place] + args[end:]
                # Without a value only the option is parsed, so that the error is about it.
                args = moved if end > len(args) else moved + rest
                break
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; a bad value is reported in the words of this program, not of pydantic."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _in_words(error)
            raise


# What is expected of the values of options, by the errors of pydantic.
_EXPECTED = {
    "int_parsing": "a whole number", "float_parsing": "a number",
    "greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}",
}  # fmt: skip


def _in_words(error: typer.BadParameter) -> str:
    """Return the message of a value that is not allowed: expected, found, and what may be meant."""
    message = error.message.removeprefix("Value error, ")
    details: list[Any] = getattr(error.__cause__, "errors", list)()
    if details and (expected := _EXPECTED.get(details[0]["type"])):
        expected = expected.format(**details[0].get("ctx", {}))
        return f"expected {expected}, found {details[0]['input']!r}"
    if " is not one of " in message:
        found, *choices = re.findall("'([^']*)'", message)
        hint = suggestion(found, choices)
        return f"{message.removesuffix('.')}; {hint}" if hint else message
    return message


app = typer.Typer(
    name="diffdata",
    cls=_Program,
    help="How AI capabilities spread, as data that you can trust, recompute and cite.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Package = Annotated[
    Path | None,
    typer.Option(help="A folder with a datapackage.json; by default the dataset of diffdata."),
]
FORMAT = typer.Option("--format", "-f", help="The format of the output.")
TableFormat = Annotated[Literal["text", "csv", "json", "markdown"], FORMAT]
ResultFormat = Annotated[Literal["text", "json"], FORMAT]

# Whether what is longer than the screen goes through a pager, set by each run too.
PAGER: ContextVar[bool] = ContextVar("pager", default=True)
# The released edition of `--edition`, set by each run of the command line.
EDITION: ContextVar[str | None] = ContextVar("edition", default=None)


def main() -> None:
    """Run the command line; print an error of diffdata on standard error and exit with 2."""
    codecs.register_error("diffdata.escape", _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="diffdata.escape")
    try:
        app()
    except DiffdataError as error:
        typer.echo(f"diffdata: {visible(str(error))}", err=True)
        sys.exit(2)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that the encoding of a stream cannot write, as in ASCII JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def opened(package: Path | None) -> OpenedPackage:
    """Open the dataset of a command: a released edition, a folder, or the current dataset."""
    from diffdata.package.packages import open_dataset

    if package is not None and EDITION.get() is not None:
        raise InvalidInputError("--edition names an edition and --package a folder; give only one")
    return open_dataset(package, EDITION.get())


def pairs(
    texts: Iterable[str] | None, what: str, expected: str, *, empty: bool = False
) -> dict[str, str]:
    """Split texts at their first equals sign, such as OLD=NEW; the second part may be `empty`."""
    found: dict[str, str] = {}
    for text in texts or ():
        first, equals, second = text.partition("=")
        if not (first and equals and (second or empty)):
            raise InvalidInputError(f"{what}: expected {expected}, found {text!r}")
        if first in found:
            raise InvalidInputError(f"{what}: {first!r} is given twice, found {text!r}")
        found[first] = second
    return found


def print_json(value: Any) -> None:
    """Print a value as JSON to standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"diffdata {version('diffdata')}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    edition: Annotated[
        str | None,
        typer.Option(
            *_EDITION_OPTIONS,
            metavar="EDITION",
            autocompletion=completing.editions,
            help="Read a released edition, such as 2026.1, instead of the current data. Works "
            "before and after the command.",
        ),
    ] = None,
    no_pager: Annotated[
        bool,
        typer.Option(
            _NO_PAGER,
            help="Print what is longer than the screen at once. Works before and after the "
            "command.",
        ),
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Read the options that come before the command."""
    command = context.invoked_subcommand
    if edition is not None and command in _WITHOUT_EDITION:
        raise InvalidInputError(
            f"--edition: `{command}` does not read a released edition; leave the option out"
        )
    EDITION.set(edition)
    PAGER.set(not no_pager)
    SHOW_PROGRESS.set(sys.stderr.isatty())
