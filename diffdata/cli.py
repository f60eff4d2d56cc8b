"""The command line ``diffdata``; each command is thin and its work is done elsewhere.

Exit status: 0 when all is well, 1 when faults were found, 2 for wrong usage or unreadable input.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from diffdata.errors import DiffdataError, PackageError

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


class IssueFormat(StrEnum):
    """How issues are printed."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


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


@app.command("list")
def list_tables(
    package: Package = None,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
) -> None:
    """List the tables, with the number of their rows."""
    import pandas as pd

    from diffdata.loader import load_all
    from diffdata.packages import open_package
    from diffdata.printing import print_frame

    opened = open_package(package)
    frames = load_all(opened, list(opened.tables))
    rows = [
        {"table": name, "rows": len(frame), "title": opened.schema(name).title}
        for name, frame in frames.items()
    ]
    print_frame(pd.DataFrame(rows), format.value)


@app.command()
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
    from diffdata.loader import load_from
    from diffdata.packages import open_package
    from diffdata.printing import filter_rows, pick_columns, print_frame

    opened = open_package(package)
    frame = load_from(opened, table)
    frame = filter_rows(frame, opened.schema(table), where or [])
    frame = pick_columns(frame, columns.split(",") if columns else None)
    print_frame(frame if limit is None else frame.head(limit), format.value)


@app.command()
def describe(
    table: Annotated[str, typer.Argument(help="The name of a table, see `diffdata list`.")],
    package: Package = None,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
) -> None:
    """Explain the columns of a table: types, units, constraints, references, meaning."""
    from diffdata.packages import open_package
    from diffdata.printing import print_frame
    from diffdata.schemas import dictionary

    schema = open_package(package).schema(table)
    if format is Format.text:
        typer.echo(f"{schema.title}: {schema.description}\n")
    print_frame(dictionary(schema), format.value)


@app.command()
def validate(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with a datapackage.json, a zip file of one, or a CSV file; by default "
            "the dataset of diffdata."
        ),
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(help="The table schema to check a CSV file against.")
    ] = None,
    format: Annotated[IssueFormat, typer.Option("--format", "-f")] = IssueFormat.text,
) -> None:
    """Check descriptor, schemas and all tables, and report every fault at its place."""
    from diffdata import annotation
    from diffdata.packages import bundled_root
    from diffdata.printing import print_rich
    from diffdata.validation import validate
    from diffdata.validation.issue import UNREADABLE

    issues = validate(path, schema=schema)
    root = Path() if path is not None and path.is_file() else path or bundled_root()
    if format is IssueFormat.text:
        print_rich(annotation.as_text(issues, root))
    elif format is IssueFormat.json:
        typer.echo(annotation.as_json(issues))
    elif format is IssueFormat.sarif:
        typer.echo(annotation.as_sarif(issues, root))
    elif issues:
        typer.echo(annotation.as_github(issues, root))
    if any(issue.rule == UNREADABLE for issue in issues):
        raise typer.Exit(2)
    if any(issue.severity == "error" for issue in issues):
        raise typer.Exit(1)


@app.command()
def report(
    model: Annotated[str, typer.Argument(help="The model_id of a model.")] = "gpt-3",
    package: Package = None,
) -> None:
    """Tell how a model spread: key facts, lags, cases, costs, doubts and sources."""
    from diffdata.packages import open_package
    from diffdata.printing import print_rich
    from diffdata.report import report

    print_rich(report(open_package(package), model))


@app.command()
def reproduce(
    only: Annotated[
        list[str] | None, typer.Option(help="A calculation_id; several may be given.")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Draws for what has no closed form.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the draws.")] = 2026,
    package: Package = None,
    format: Annotated[ResultFormat, typer.Option("--format", "-f")] = ResultFormat.text,
) -> None:
    """Recompute the published figures of the ledger, and hold each against the print.

    Exit status 0 says that every verdict is the one that the dataset records.
    """
    from rich.progress import track

    from diffdata.packages import open_package
    from diffdata.printing import error_console, print_rich
    from diffdata.reproduce import ledger_table, reproduce

    opened = open_package(package)
    running = reproduce(opened, only=only, draws=draws, seed=seed)
    screen = error_console()
    found = list(track(running, "Recomputing", console=screen, disable=not screen.is_terminal))
    if format is ResultFormat.json:
        rows = [result.to_dict() for result in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print_rich(ledger_table(found))
    changed = [result.id for result in found if result.verdict != result.recorded]
    for name in changed:
        typer.echo(f"diffdata: {name}: the verdict is not the one that is recorded", err=True)
    if changed:
        raise typer.Exit(1)


@app.command()
def trace(
    estimate: Annotated[str, typer.Argument(help="An estimate_id.")], package: Package = None
) -> None:
    """Tell the ancestry of a figure: source, inputs, corrections, what rests on it."""
    from diffdata.finding import trace

    typer.echo(trace(estimate, package=package))


@app.command()
def sources(
    source: Annotated[
        str | None, typer.Argument(help="A source_id; without one, all sources are counted.")
    ] = None,
    package: Package = None,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
) -> None:
    """List what was taken from a source, in its order, to be checked against the text."""
    from diffdata.origin import counted, page, taken_from
    from diffdata.printing import print_frame

    if source is None:
        print_frame(counted(package=package), format.value)
    elif format is Format.text:
        typer.echo(page(taken_from(source, package=package)))
    else:
        print_frame(taken_from(source, package=package), format.value)


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only tell.")] = False,
    package: Package = None,
) -> None:
    """Bring the generated files of a working tree up to date."""
    from diffdata.build import build, stale
    from diffdata.packages import open_package

    opened = open_package(package)
    if not (opened.root / "pyproject.toml").is_file():
        raise PackageError(f"{opened.root}: not a working tree of diffdata, nothing to build")
    changed = stale(opened) if check else build(opened)
    for path in changed:
        typer.echo(f"{'stale' if check else 'written'}: {path}")
    if check and changed:
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
