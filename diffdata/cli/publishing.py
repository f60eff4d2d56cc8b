"""Commands that compare, cite and export, that edit a dataset, and that manage editions."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from diffdata.cli import completing
from diffdata.cli.app import FORMAT, Package, ResultFormat, app, opened, pairs, print_json
from diffdata.errors import InvalidInputError, PackageError, visible

_COMPARE = "Compare, cite, export"
_EDIT = "Edit the data"
_EDITIONS = "Manage editions"


@app.command(rich_help_panel=_COMPARE)
def diff(
    old: Annotated[
        str,
        typer.Argument(
            help="An edition, a folder with a datapackage.json, a .zip of one, a git revision, or "
            "a CSV file.",
            autocompletion=completing.editions,
        ),
    ],
    new: Annotated[
        str | None,
        typer.Argument(
            help="The newer version, of the same kind; by default the current data.",
            autocompletion=completing.editions,
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="CSV files: the column that identifies a row, or OLD=NEW; may be repeated."
        ),
    ] = None,
    rename: Annotated[
        list[str] | None, typer.Option(help="CSV files: a renamed column, OLD=NEW.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Datasets: a table to compare; may be repeated.", autocompletion=completing.tables
        ),
    ] = None,
    delimiter: Annotated[
        str, typer.Option(help=r"CSV files: the character between cells; \t is a tab.")
    ] = ",",
    encoding: Annotated[str, typer.Option(help="CSV files: their encoding.")] = "utf-8",
    atol: Annotated[
        float, typer.Option(help="CSV files: numbers may differ by ATOL + RTOL * old.")
    ] = 0,
    rtol: Annotated[float, typer.Option(help="CSV files: see --atol.")] = 0,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Datasets: which derived figures and verdicts change."),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Changes of one kind to list; by default 10, in HTML 2000."),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there is a difference.")
    ] = False,
    format: Annotated[Literal["text", "markdown", "html", "json"], FORMAT] = "text",
) -> None:
    """Compare two versions: what changed, most serious changes first."""
    from diffdata.cli.printing import print_rich
    from diffdata.diff import compare, html_page, json_text, markdown, rich_text

    renamed = pairs(rename, "--rename", "OLD=NEW")
    if explain and (key or renamed or (delimiter, encoding, atol, rtol) != (",", "utf-8", 0, 0)):
        raise InvalidInputError("--explain is for datasets, not for CSV files")
    found = compare(
        old, new, key=key or (), rename=renamed, only=only, atol=atol, rtol=rtol, explain=explain,
        delimiter="\t" if delimiter == r"\t" else delimiter, encoding=encoding,
    )  # fmt: skip
    limits = {} if limit is None else {"limit": limit}
    if format == "json":
        typer.echo(json_text(found))
    elif format == "text":
        print_rich(rich_text(found, **limits))
    else:
        write = {"markdown": markdown, "html": html_page}[format]
        typer.echo(write(found, **limits), nl=False)
    if exit_code and not found.same:
        raise typer.Exit(1)


@app.command(rich_help_panel=_COMPARE)
def cite(
    what: Annotated[
        str | None,
        typer.Argument(
            help="A table or an estimate_id; by default the dataset.",
            autocompletion=completing.estimates,
        ),
    ] = None,
    style: Annotated[
        Literal["apa", "bibtex", "csl-json", "ris", "cff"],
        typer.Option(help="The format of the citation."),
    ] = "apa",
    package: Package = None,
) -> None:
    """Print the citation of the dataset, a table or an estimate, with its version and sources."""
    from diffdata.exporting import cite

    typer.echo(cite(what, style=style, package=opened(package)), nl=False)


@app.command(rich_help_panel=_COMPARE)
def export(
    tables: Annotated[
        list[str] | None,
        typer.Argument(help="Names of tables.", autocompletion=completing.tables),
    ] = None,
    to: Annotated[
        Literal["csv", "parquet", "json", "xlsx", "sqlite", "duckdb", "bibtex"] | None,
        typer.Option(help="The format; by default that of the suffix of --out, else csv."),
    ] = None,
    all_tables: Annotated[bool, typer.Option("--all", help="All tables.")] = False,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A file with the suffix of the format, or a folder.")
    ] = Path(),
    overwrite: Annotated[bool, typer.Option(help="Replace existing files.")] = False,
    safe: Annotated[
        bool, typer.Option("--safe", help="csv: put an apostrophe before possible formulas.")
    ] = False,
    package: Package = None,
) -> None:
    """Write tables in another format, with types, units, version and digest."""
    import warnings

    from diffdata import exporting

    if bool(tables) == all_tables:
        raise InvalidInputError("export: name tables, or use --all")
    with warnings.catch_warnings(
        record=True, action="always", category=exporting.FormulaWarning
    ) as caught:
        dataset = opened(package)
        paths = exporting.export(
            tables or None, to or exporting.format_of(out) or "csv", out, package=dataset,
            overwrite=overwrite, safe=safe,
        )  # fmt: skip
    for warning in caught:
        typer.echo(f"diffdata: warning: {warning.message}", err=True)
    for path in paths:
        typer.echo(path)


@app.command(rich_help_panel=_COMPARE)
def metadata(
    kind: Annotated[
        Literal["zenodo", "schema-org", "croissant"],
        typer.Argument(help="The format of the metadata."),
    ],
    package: Package = None,
) -> None:
    """Print the metadata of the dataset for Zenodo, schema.org or Croissant, as JSON."""
    from diffdata import exporting

    make = getattr(exporting, kind.replace("-", "_"))
    print_json(make(opened(package)))


@app.command(rich_help_panel=_EDIT)
def new(
    table: Annotated[
        str,
        typer.Argument(
            help="The name of a table, as in model, estimate, sources; or `schema`, to infer the "
            "schema of CSV files and write a package around them.",
            autocompletion=completing.tables,
        ),
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(
            help="Cells, each as COLUMN=VALUE; COLUMN= leaves the cell empty. Of `schema`: files.",
            autocompletion=completing.conditions,
        ),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="schema: the character between cells, if it is not found.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="schema: the encoding, if it is not found.")
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Ask nothing; what is missing is an error.")
    ] = False,
    package: Package = None,
) -> None:
    """Add a row at its place, and ask for the cells that are missing and cannot be derived.

    `diffdata new schema data.csv` infers a schema instead, and says what to fill in.
    """
    if table == "schema":
        _new_schema(values or [], delimiter, encoding, package)
        return
    if delimiter or encoding:
        raise InvalidInputError("--delimiter and --encoding are for `new schema`; leave them out")
    from diffdata.editing.adding import add_row, fill_in, table_named
    from diffdata.editing.rows import is_working_tree, open_for_editing
    from diffdata.package.packages import GENERATED_TABLES

    opened = open_for_editing(package)
    name = table_named(opened, table)
    if name in GENERATED_TABLES and is_working_tree(opened):
        raise PackageError(f"{name}: the table is generated; run `diffdata build` to update it")
    cells = pairs(values, "cells", "COLUMN=VALUE, as in model_id=gpt-3", empty=True)
    try:
        if not no_input:
            read = partial(typer.prompt, default="", show_default=False)
            fill_in(opened, name, cells, read, typer.echo)
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


def _new_schema(
    files: Sequence[str], delimiter: str | None, encoding: str | None, package: Path | None
) -> None:
    """Infer the schemas of CSV files, write a package around them, and say what to fill in."""
    from diffdata.editing.inferring import new_package, report

    if not files or package is not None:
        raise InvalidInputError("new schema: expected CSV files, as in `new schema data.csv`")
    character = "\t" if delimiter == r"\t" else delimiter
    root, tables = new_package(list(map(Path, files)), delimiter=character, encoding=encoding)
    typer.echo(visible(report(root, tables)), nl=False)


@app.command("format", rich_help_panel=_EDIT)
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
    from diffdata.editing.rows import format_package, open_for_editing
    from diffdata.package.packages import open_package

    opened = open_package(path) if check else open_for_editing(path)
    changed = format_package(opened, check=check)
    _report([file.relative_to(opened.root) for file in changed], "not in form" if check else "")


@app.command(rich_help_panel=_EDIT)
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
    _report(stale(opened) if check else build(opened), "stale" if check else "")


def _report(paths: Sequence[str | Path], fault: str) -> None:
    """Print the files that were written or, if they only have a fault, exit with 1."""
    for path in paths:
        typer.echo(f"{fault or 'written'}: {path}")
    if fault and paths:
        raise typer.Exit(1)


@app.command(rich_help_panel=_EDITIONS)
def versions(format: ResultFormat = "text") -> None:
    """List the released editions, the oldest first."""
    from diffdata.package.editions import versions

    releases = versions()
    if format == "json":
        print_json([release.model_dump(mode="json") for release in releases])
        return
    if not releases:
        typer.echo("no edition is released yet", err=True)
    for release in releases:
        amount = f"{len(release.tables)} tables, {release.rows:,} rows"
        doi = f", doi {release.doi}" if release.doi else ""
        typer.echo(f"{release.edition}  {release.date}  {amount}{doi}")
        typer.echo(f"  digest {release.digest}")
        for point in release.headline:
            typer.echo(f"  - {point}")


@app.command(rich_help_panel=_EDITIONS)
def fetch(
    edition: Annotated[
        str,
        typer.Argument(
            help="A released edition, see `diffdata versions`.", autocompletion=completing.editions
        ),
    ],
    mirror: Annotated[
        str, typer.Argument(help="The folder that contains the archives, or its https address.")
    ],
) -> None:
    """Fetch the archive of an edition that is not installed."""
    from diffdata.package.editions import fetch

    typer.echo(fetch(edition, mirror))


@app.command(rich_help_panel=_EDITIONS)
def release(
    edition: Annotated[str, typer.Argument(help="The edition that datapackage.json names.")],
    date: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the release; by default today."),
    ] = None,
    package: Package = None,
) -> None:
    """Freeze the data as an edition: an archive and its index entry."""
    from diffdata.editing.rows import open_for_editing
    from diffdata.releasing import release

    opened = open_for_editing(package)
    made = release(opened, edition, date.date() if date else None)
    typer.echo(f"written: releases/{made.file} ({made.bytes:,} bytes, sha256 {made.sha256})")
    typer.echo("written: releases/index.json")
