"""Commands that check the data and the figures."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from diffdata.cli.app import Package, ResultFormat, app, edition, opened

_PANEL = "Check"


class IssueFormat(StrEnum):
    """How issues are printed."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


@app.command(rich_help_panel=_PANEL)
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
    from diffdata.printing import print_text
    from diffdata.validation import validate
    from diffdata.validation.issue import UNREADABLE

    issues = validate(path, schema=schema, version=edition())
    bundled = opened(None).root if edition() else bundled_root()
    root = Path() if path is not None and path.is_file() else path or bundled
    if format is IssueFormat.text:
        print_text(annotation.as_text(issues, root))
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


@app.command(rich_help_panel=_PANEL)
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

    from diffdata.printing import error_console, print_rich
    from diffdata.reproduce import ledger_table, reproduce

    dataset = opened(package)
    running = reproduce(dataset, only=only, draws=draws, seed=seed)
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
