"""Commands that show tables, models, sources and figures, and those that check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from diffdata.cli import completing
from diffdata.cli.app import (
    EDITION,
    FORMAT,
    Package,
    ResultFormat,
    TableFormat,
    app,
    opened,
    pairs,
    print_json,
)
from diffdata.errors import DescriptorError, InvalidInputError, UnknownNameError, visible

_TABLES = "Read the tables"
_CHECK = "Check the data"
_FIGURES = "Look up a model, a source or a figure"

# The tables by what people look for; the rest of a package comes last.
_GROUPS = {
    "Start here: one row for each model or chip": ("model_summary", "hardware_summary"),
    "Models, their makers and dates": (
        "models", "model_dates", "model_developers", "model_domains", "organizations",
        "organization_relations", "aliases",
    ),
    "Figures and training": (
        "estimates", "quantities", "training_runs", "model_summary_inputs", "scaling_laws",
        "scaling_law_constants", "scaling_law_covariances",
    ),
    "Capabilities": ("benchmarks", "evaluations"),
    "Access and diffusion": (
        "artifacts", "comparisons", "diffusion_events", "case_studies", "counterfactuals",
        "rationales",
    ),
    "Chips and prices": (
        "hardware", "hardware_performance", "hardware_prices", "api_prices", "electricity_prices",
        "price_index",
    ),
    "Forecasts and scenarios": ("forecasts", "scenarios", "scenario_models"),
    "Techniques and factors": (
        "techniques", "technique_evidence", "factors", "factor_evidence", "resource_factors",
    ),
    "Checks of published figures": ("calculations", "calculation_inputs", "corrections"),
    "Sources": ("sources", "source_sections", "source_statistics", "acknowledgements"),
}  # fmt: skip

Table = Annotated[
    str,
    typer.Argument(
        help="The name of a table, see `diffdata list`.", autocompletion=completing.tables
    ),
]


@app.command("list", rich_help_panel=_TABLES)
def list_tables(package: Package = None, format: TableFormat = "text") -> None:
    """List the tables, each with its number of rows and its title."""
    import pandas as pd

    from diffdata.cli.printing import print_frame, print_rich, to_terminal
    from diffdata.display import plain_table
    from diffdata.loading import load_all

    dataset = opened(package)
    frames = load_all(dataset, [name for name in dataset.tables if dataset.schemas[name].fields])
    rows = [(name, len(frame), dataset.schema(name).title) for name, frame in frames.items()]
    if format != "text" or not to_terminal():
        print_frame(pd.DataFrame(rows, columns=["table", "rows", "title"]), format)
        return
    grouped = {name for names in _GROUPS.values() for name in names}
    groups = _GROUPS | {"Other tables": tuple(name for name in frames if name not in grouped)}
    titles = {name: (f"{count:,}", title or "") for name, count, title in rows}
    table = plain_table()
    table.show_header = False
    for heading, names in groups.items():
        if there := [name for name in names if name in titles]:
            table.add_row(heading, style="bold")
        for name in there:
            table.add_row(f"  {name}", *titles[name])
    print_rich(table)


@app.command(rich_help_panel=_TABLES)
def show(
    table: Table,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            autocompletion=completing.conditions,
            help="Show only rows that meet a condition: COLUMN=VALUE, or with !=, <, <=, >, >=, "
            "or ~ for 'contains'. COLUMN= selects empty cells. If you repeat the option, rows must "
            "meet all conditions.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Show only these columns, separated by commas.",
            autocompletion=completing.columns,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Sort by a column; with - before it, the greatest first.",
            autocompletion=completing.columns,
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, help="Show at most this number of rows.")
    ] = None,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Leave out rows that were imported.")
    ] = False,
    wide: Annotated[
        bool,
        typer.Option("--wide", help="Show all columns, also empty ones, in lines of any length."),
    ] = False,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """Show the rows of a table, all or those that meet conditions.

    On a terminal empty columns are left out, value, interval and source come first, and rows that
    are too long for a table become paragraphs.
    """
    from diffdata.cli.printing import filter_rows, pick_columns, print_frame
    from diffdata.loading import load

    dataset = opened(package)
    frame = load(table, package=dataset, reviewed=reviewed)
    frame = filter_rows(frame, dataset, table, where or [])
    if sort:
        by = pick_columns(frame, [sort.removeprefix("-")]).columns
        frame = frame.sort_values(list(by), ascending=not sort.startswith("-"), kind="stable")
    if columns:
        frame = pick_columns(frame, columns.split(","))
    print_frame(frame if limit is None else frame.head(limit), format, wide=wide)


@app.command(rich_help_panel=_TABLES)
def describe(table: Table, package: Package = None, format: TableFormat = "text") -> None:
    """Explain the columns of a table: meaning, type, unit, constraints."""
    from diffdata.cli.printing import print_frame
    from diffdata.schemas.compile import dictionary

    schema = opened(package).schema(table)
    if format == "text" and schema.title:
        print(f"{schema.title}: {schema.description}\n")
    print_frame(dictionary(schema), format)


@app.command(rich_help_panel=_FIGURES)
def value(
    name: Annotated[
        str,
        typer.Argument(
            help="A model, a chip or an organization, as people write it.",
            autocompletion=completing.models,
        ),
    ],
    quantity: Annotated[
        str,
        typer.Argument(
            help="What to tell of it, such as cost, compute, published, access.",
            autocompletion=completing.quantities,
        ),
    ],
    pedantic: Annotated[
        bool, typer.Option("--pedantic", help="An error where sources disagree.")
    ] = False,
    package: Package = None,
    format: ResultFormat = "text",
) -> None:
    """Print a value or a fact of a model, a chip or an organization, with its source."""
    from diffdata.answers.values import value

    found = value(name, quantity, pedantic=pedantic, package=opened(package))
    if format == "json":
        print_json(found.to_dict())
    else:
        typer.echo(visible(str(found)))


@app.command(rich_help_panel=_FIGURES)
def report(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A model, as people write it; without one, the state of diffusion.",
            autocompletion=completing.models,
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="List everything, not only what fits on one screen.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE",
            help="Write all of it as one page that needs no network: charts, tables that sort, and "
            "each figure with its source.",
        ),
    ] = None,
    package: Package = None,
) -> None:  # fmt: skip
    """Report how a model spread, or the state of diffusion, on one screen or as a page."""
    from diffdata.answers.report import report
    from diffdata.cli.printing import print_rich

    found = report(model, full=full, package=opened(package))
    if html is None:
        print_rich(found)
        return
    found.write_html(html)
    typer.echo(html)


@app.command(rich_help_panel=_FIGURES)
def sources(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A source_id; without it, all sources are listed with row counts.",
            autocompletion=completing.sources,
        ),
    ] = None,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """List what was taken from a source, in the order of its text."""
    from diffdata.cli.printing import print_frame
    from diffdata.lookup.figures import reading_list, row_counts, taken_from

    dataset = opened(package)
    if source is None:
        print_frame(row_counts(package=dataset), format)
    elif format != "text":
        print_frame(taken_from(source, package=dataset), format)
    else:
        print(reading_list(taken_from(source, package=dataset)))


@app.command(rich_help_panel=_FIGURES)
def trace(
    estimate: Annotated[
        str, typer.Argument(help="An estimate_id.", autocompletion=completing.estimates)
    ],
    package: Package = None,
) -> None:
    """Show where a figure comes from, and what uses it."""
    from diffdata.lookup.figures import trace

    print(trace(estimate, package=opened(package)))


@app.command(rich_help_panel=_FIGURES)
def resolve(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME ...", help="Names; - reads them from standard input."),
    ],
    kind: Annotated[
        Literal["model", "hardware", "organization"], typer.Option(help="What the names are of.")
    ] = "model",
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="Ignore aliases that did not hold then.")
    ] = None,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """Find the identifiers of names, one name a line; what is not certain is not matched."""
    import sys

    from diffdata.cli.printing import print_frame
    from diffdata.lookup.names import resolve

    if "-" in names:
        place = names.index("-")
        lines = [line.rstrip("\r\n") for line in sys.stdin]
        names = [*names[:place], *filter(str.strip, lines), *names[place + 1 :]]
    print_frame(resolve(names, kind, on, package=opened(package)), format)


@app.command(rich_help_panel=_FIGURES)
def status(
    day: Annotated[str, typer.Argument(metavar="DATE", help="A date, as in 2024-06-01.")],
    model: Annotated[
        str | None,
        typer.Option(help="A model; by default all models.", autocompletion=completing.models),
    ] = None,
    reached: Annotated[
        str | None,
        typer.Option(
            metavar="MILESTONE",
            help="Only what is at it: weights, api, retired, ...",
            autocompletion=completing.one_of(*completing.MILESTONES),
        ),
    ] = None,
    package: Package = None,
    format: TableFormat = "text",
) -> None:
    """Show which models are published, open, served or retired on a day."""
    from diffdata.cli.printing import print_frame
    from diffdata.lookup.status import status_on

    print_frame(status_on(day, model=model, reached=reached, package=opened(package)), format)


if TYPE_CHECKING:
    from diffdata.validation.result import CheckResult


@app.command(rich_help_panel=_CHECK)
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
            autocompletion=completing.tables,
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
        package, files = opened(None) if EDITION.get() else None, [file]
        if schema is None and (found := table_of_file(file)):
            package, schema, faults = found
            if errors := [issue for issue in faults if issue.severity == "error"]:
                raise DescriptorError(errors)
            files = [*package.files(schema).values()]
        if schema is None:
            raise InvalidInputError(f"{file}: give the --schema of the table")
        others = {name: Path(at) for name, at in pairs(tables, "--table", "NAME=FILE").items()}
        result = check_files(
            files, schema, tables=others, package=package, progress=progress, **options
        )
        return {str(file): result}


@app.command(rich_help_panel=_CHECK)
def reproduce(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="A calculation_id to recompute. Can be repeated.",
            autocompletion=completing.calculations,
        ),
    ] = None,
    verdict: Annotated[
        str | None,
        typer.Option(
            help="Show only figures with this verdict, such as differs.",
            autocompletion=completing.one_of(*completing.VERDICTS),
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, help="The number of draws for a result without a closed form.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the draws.")] = 2026,
    package: Package = None,
    format: ResultFormat = "text",
) -> None:
    """Recompute published figures, and compare them with the originals.

    The exit status is 0 if every verdict is the one that the dataset records. Editions before
    2026.3 record verdicts by another rule, which are not compared.
    """
    from diffdata.cli.printing import print_rich
    from diffdata.reproduce import VERDICTS, Ledger, recomputed

    wanted = verdict and verdict.replace("-", "_")
    if wanted is not None and wanted not in VERDICTS:
        raise UnknownNameError("verdict", verdict or "", VERDICTS)
    running = recomputed(opened(package), only=only, draws=draws, seed=seed)
    found = list(running)
    kept = [result for result in found if wanted in (None, result.verdict)]
    if format == "json":
        print_json([result.to_dict() for result in kept])
    else:
        print_rich(Ledger(kept))
    changed = [result.id for result in found if result.recorded not in (None, result.verdict)]
    for name in changed:
        typer.echo(f"diffdata: {name}: the verdict is not the one that is recorded", err=True)
    if changed:
        raise typer.Exit(1)
