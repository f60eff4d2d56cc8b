"""Commands that check the data and the figures."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diffdata.cli.app import Package, ResultFormat, app, edition, opened
from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    from diffdata.errors import Issue

_PANEL = "Check"


class IssueFormat(StrEnum):
    """How issues are printed."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


class FileEngine(StrEnum):
    """What reads large tables."""

    duckdb = "duckdb"
    polars = "polars"
    pyspark = "pyspark"


@app.command(rich_help_panel=_PANEL)
def validate(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with a datapackage.json, a zip file of one, a CSV or Parquet file, or a "
            "folder of Parquet (with an engine also CSV) files that are one table. By default the "
            "dataset of diffdata."
        ),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|TABLE",
            help="The schema that a table is held against: its file, or a table of diffdata.",
        ),
    ] = None,
    engine: Annotated[
        FileEngine | None,
        typer.Option(
            help="Count the faults of large tables by streaming; without it each fault of CSV is "
            "told at its line."
        ),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="With an engine: a table that foreign keys refer to; several may be given.",
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option(min=0, help="With an engine: how many rows to name for each rule.")
    ] = 10,
    memory: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="With an engine: the most memory that it takes before it works on disk (Polars "
            "has no such limit).",
        ),
    ] = "1GB",
    format: Annotated[IssueFormat, typer.Option("--format", "-f")] = IssueFormat.text,
) -> None:
    """Check descriptor, schemas and all tables, and report every fault at its place.

    Exit status 0 says that there is no error, 1 that there is one, 2 that something cannot be read.
    """
    from diffdata.cli.printing import print_text
    from diffdata.errors import UNREADABLE
    from diffdata.validation import annotation
    from diffdata.validation.whole import validate

    root = _root(path)
    if engine is not None or (path is not None and _is_parquet(path)):
        issues = _by_engine(path, schema, engine, table or [], sample, memory, format)
    else:
        if table:
            raise InvalidInputError("--table is for an engine; give --engine, or leave it out")
        issues = validate(path, schema=schema, version=edition())
        if format is IssueFormat.text:
            print_text(annotation.as_text(issues, root))
        elif format is IssueFormat.json:
            typer.echo(annotation.as_json(issues))
    if format is IssueFormat.sarif:
        typer.echo(annotation.as_sarif(issues, root))
    elif format is IssueFormat.github and issues:
        typer.echo(annotation.as_github(issues, root))
    if any(issue.rule == UNREADABLE for issue in issues):
        raise typer.Exit(2)
    if any(issue.severity == "error" for issue in issues):
        raise typer.Exit(1)


def _root(path: Path | None) -> Path:
    """Return the folder in which the files of issues lie."""
    from diffdata.package.places import DESCRIPTOR, bundled_root

    if path is None:
        return opened(None).root if edition() else bundled_root()
    if path.name == DESCRIPTOR:
        return path.parent
    return path if (path / DESCRIPTOR).is_file() else Path()


def _by_engine(
    path: Path | None,
    schema: str | None,
    engine: FileEngine | None,
    tables: list[str],
    sample: int,
    memory: str,
    format: IssueFormat,
) -> list[Issue]:
    """Check a package or one table on an engine, and print what was found as text or JSON."""
    from diffdata.cli.printing import passes
    from diffdata.package.packages import table_of_file
    from diffdata.package.places import DESCRIPTOR
    from diffdata.validation.files import check_files, check_package
    from diffdata.validation.result import CheckResult

    results: dict[str, CheckResult]
    with passes() as progress:
        how: dict[str, Any] = {"sample": sample, "memory": memory, "progress": progress}
        if engine is not None:
            how["engine"] = engine.value
        if path is None or path.name == DESCRIPTOR or (path / DESCRIPTOR).is_file():
            if schema is not None or tables:
                raise InvalidInputError("--schema and --table are for one table, not a package")
            results = check_package(path or opened(None).root, **how)
        else:
            package = opened(None) if edition() else None
            if schema is None and (found := table_of_file(path)):
                package, schema = found
            if schema is None:
                raise InvalidInputError(f"{path}: give the --schema that it is held against")
            others = dict(map(_name_and_file, tables))
            result = check_files(path, schema, tables=others, package=package, **how)
            results = {str(path): result}
    if format is IssueFormat.json:
        shown = [{"file": file} | result.to_dict() for file, result in results.items()]
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False, default=str))
    elif format is IssueFormat.text:
        typer.echo("\n".join(map(str, results.values())))
    return [issue for file, result in results.items() for issue in result.issues(file)]


def _is_parquet(path: Path) -> bool:
    from diffdata.package.files import PARQUET
    from diffdata.package.places import DESCRIPTOR

    if path.is_dir() and not (path / DESCRIPTOR).exists():
        return any(path.rglob("*.parquet"))
    return path.suffix.lower() in PARQUET


def _name_and_file(pair: str) -> tuple[str, Path]:
    name, mark, file = pair.partition("=")
    if not (name and mark and file):
        raise InvalidInputError(f"--table: expected NAME=FILE, found {pair!r}")
    return name, Path(file)


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

    from diffdata.cli.printing import error_console, print_rich
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
