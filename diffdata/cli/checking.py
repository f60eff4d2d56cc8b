"""Commands that check the data and the published figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from diffdata.cli.app import EDITION, FORMAT, Package, ResultFormat, app, opened, pairs, print_json
from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    from diffdata.validation.result import CheckResult

_PANEL = "Check the data"


@app.command(rich_help_panel=_PANEL)
def validate(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with a datapackage.json, a zip file of one, a CSV or Parquet file, or a "
            "folder of Parquet files (with an engine also CSV files) that are one table. By "
            "default the dataset of diffdata."
        ),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|TABLE",
            help="The schema of a single table: a schema file, or the name of a table of diffdata.",
        ),
    ] = None,
    engine: Annotated[
        Literal["duckdb", "polars", "pyspark"] | None,
        typer.Option(
            help="The engine that streams large tables and counts their errors. Without it, each "
            "error of a CSV file is reported with its line."
        ),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="With an engine: a table that foreign keys refer to. Can be repeated.",
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option(min=0, help="With an engine: the number of rows to list for each rule.")
    ] = 10,
    memory: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="With an engine: the memory limit above which it works on disk (Polars has no "
            "limit).",
        ),
    ] = "1GB",
    format: Annotated[Literal["text", "json", "github", "sarif"], FORMAT] = "text",
) -> None:
    """Check a dataset or a single table, and report all errors.

    The exit status is 0 without errors, 1 with errors, and 2 if something cannot be read.
    """
    from diffdata.cli.printing import console
    from diffdata.errors import UNREADABLE
    from diffdata.package.files import DESCRIPTOR, PARQUET, bundled_root
    from diffdata.validation import report
    from diffdata.validation.packages import validate

    file = None  # a single table
    root = Path()  # the files of issues are relative to it
    if path is None:
        root = opened(None).root if EDITION.get() else bundled_root()
    elif path.name == DESCRIPTOR or (path / DESCRIPTOR).is_file():
        root = path.parent if path.name == DESCRIPTOR else path
    else:
        file = path
    results: dict[str, CheckResult] | None = None
    is_parquet = file is not None and (
        any(file.rglob("*.parquet")) if file.is_dir() else file.suffix.lower() in PARQUET
    )
    if engine is not None or is_parquet:
        options = {"sample": sample, "memory": memory} | ({"engine": engine} if engine else {})
        results = _check_on_engine(file, root, schema, table or [], options)
        issues = [issue for file, result in results.items() for issue in result.issues(file)]
    else:
        if table:
            raise InvalidInputError("--table is for an engine; give --engine, or leave it out")
        issues = validate(path, schema=schema, version=EDITION.get())
    if format == "sarif":
        typer.echo(report.as_sarif(issues, root))
    elif format == "github":
        typer.echo(report.as_github(issues, root), nl=bool(issues))
    elif results is not None and format == "json":
        print_json([{"file": file} | result.to_dict() for file, result in results.items()])
    elif results is not None:
        typer.echo("\n".join(map(str, results.values())))
    elif format == "json":
        typer.echo(report.as_json(issues))
    else:
        console().print(report.as_text(issues, root), soft_wrap=True)
    if any(issue.rule == UNREADABLE for issue in issues):
        raise typer.Exit(2)
    if any(issue.severity == "error" for issue in issues):
        raise typer.Exit(1)


def _check_on_engine(
    file: Path | None, root: Path, schema: str | None, tables: list[str], options: dict[str, Any]
) -> dict[str, CheckResult]:
    """Check a table on an engine, or the package in `root`; return the results by file."""
    from diffdata.cli.printing import show_passes
    from diffdata.package.packages import table_of_file
    from diffdata.validation.files import check_files, check_package

    with show_passes() as progress:
        if file is None:
            if schema is not None or tables:
                raise InvalidInputError("--schema and --table are for one table, not a package")
            return check_package(root, **options, progress=progress)
        package = opened(None) if EDITION.get() else None
        if schema is None and (found := table_of_file(file)):
            package, schema = found
        if schema is None:
            raise InvalidInputError(f"{file}: give the --schema of the table")
        others = {name: Path(at) for name, at in pairs(tables, "--table", "NAME=FILE").items()}
        result = check_files(
            file, schema, tables=others, package=package, progress=progress, **options
        )
        return {str(file): result}


@app.command(rich_help_panel=_PANEL)
def reproduce(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A calculation_id to recompute. Can be repeated."),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, help="The number of draws for a result without a closed form.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the draws.")] = 2026,
    package: Package = None,
    format: ResultFormat = "text",
) -> None:
    """Recompute published figures, and compare them with the originals.

    The exit status is 0 if every verdict is the one that the dataset records.
    """
    from dataclasses import asdict

    from rich.console import Group
    from rich.progress import track
    from rich.table import Column
    from rich.text import Text

    from diffdata.cli.printing import error_console, plain_table, print_rich
    from diffdata.reproduce import by_source, count_verdicts, reproduce, shown

    running = reproduce(opened(package), only=only, draws=draws, seed=seed)
    screen = error_console()
    found = list(track(running, "Recomputing", console=screen, disable=not screen.is_terminal))
    if format == "json":
        print_json(list(map(asdict, found)))
    else:
        narrow = (Column(heading, width=13) for heading in ("Published", "Recomputed", "Verdict"))
        table = plain_table(Column("Figure", width=27), *narrow, "Why")
        for source, results in by_source(found):
            table.add_row()
            table.add_row(Text(source, style="bold"))
            for result in results:
                table.add_row(
                    f"{result.figure} [{result.id}]",
                    shown(result.published, result),
                    shown(result.recomputed, result),
                    result.verdict.replace("_", " "),
                    result.reason,
                )
        print_rich(Group(table, Text(), Text(count_verdicts(found))))
    changed = [result.id for result in found if result.verdict != result.recorded]
    for name in changed:
        typer.echo(f"diffdata: {name}: the verdict is not the one that is recorded", err=True)
    if changed:
        raise typer.Exit(1)
