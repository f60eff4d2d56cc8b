"""Commands that compare, cite and export."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from diffdata.cli.app import Package, app, opened
from diffdata.errors import InvalidInputError

_PANEL = "Compare, cite, export"


class DiffFormat(StrEnum):
    """How a comparison is printed."""

    text = "text"
    markdown = "markdown"
    html = "html"
    json = "json"


class CitationStyle(StrEnum):
    """In what form a citation is printed; the same as `diffdata.citation.STYLES`."""

    apa = "apa"
    bibtex = "bibtex"
    csl_json = "csl-json"
    ris = "ris"
    cff = "cff"


class ExportFormat(StrEnum):
    """To what tables are exported; the same as `diffdata.exporting.FORMATS`."""

    csv = "csv"
    parquet = "parquet"
    json = "json"
    xlsx = "xlsx"
    sqlite = "sqlite"
    duckdb = "duckdb"
    bibtex = "bibtex"


class MetadataKind(StrEnum):
    """For whom metadata are written."""

    zenodo = "zenodo"
    schema_org = "schema-org"
    croissant = "croissant"


@app.command(rich_help_panel=_PANEL)
def diff(
    old: Annotated[
        str,
        typer.Argument(
            help="An edition, a folder with a datapackage.json, a .zip of one, a git revision, or "
            "a CSV file."
        ),
    ],
    new: Annotated[str, typer.Argument(help="The same kind of thing, newer.")],
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="CSV files: the column that names a row, or OLD=NEW; several may be given."
        ),
    ] = None,
    rename: Annotated[
        list[str] | None, typer.Option(help="CSV files: a column that is renamed, OLD=NEW.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Datasets: a table; several may be given.")
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Datasets: which derived figures and verdicts move."),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Changes of one kind to list; by default 10, in HTML 2000."),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there is a difference.")
    ] = False,
    format: Annotated[DiffFormat, typer.Option("--format", "-f")] = DiffFormat.text,
) -> None:
    """Compare two versions: what changed, what matters most first."""
    from diffdata import diff as engine
    from diffdata.cli.printing import print_rich

    renamed = {}
    for pair in rename or []:
        before, separator, after = pair.partition("=")
        if not separator:
            raise InvalidInputError(f"--rename {pair!r}: expected OLD=NEW")
        renamed[before] = after
    explanation = None
    found: engine.PackageDiff | engine.TableDiff
    if explain:
        if key or renamed:
            raise InvalidInputError("--explain is for datasets, which have their own keys")
        found, explanation = engine.compare_and_explain(old, new, only=only)
    else:
        found = engine.compare(old, new, key=key or (), rename=renamed, only=only)
    shown = {} if limit is None else {"limit": limit}
    if format is DiffFormat.json:
        said = found.to_dict()
        if explanation is not None:
            said["explanation"] = explanation.to_dict()
        typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
    elif format is DiffFormat.markdown:
        typer.echo(engine.markdown(found, explanation, **shown), nl=False)
    elif format is DiffFormat.html:
        typer.echo(engine.html_page(found, explanation, **shown), nl=False)
    else:
        print_rich(engine.rich_text(found, explanation, **shown))
    if exit_code and not found.same:
        raise typer.Exit(1)


@app.command(rich_help_panel=_PANEL)
def cite(
    what: Annotated[
        str | None, typer.Argument(help="A table or an estimate_id; by default the dataset.")
    ] = None,
    style: Annotated[CitationStyle, typer.Option(help="The form.")] = CitationStyle.apa,
    package: Package = None,
) -> None:
    """Cite the dataset, a table or an estimate, with the version and the sources behind it."""
    from diffdata.exporting.cite import cite_from

    typer.echo(cite_from(opened(package), what, style=style.value), nl=False)


@app.command(rich_help_panel=_PANEL)
def export(
    tables: Annotated[list[str] | None, typer.Argument(help="Names of tables.")] = None,
    to: Annotated[ExportFormat, typer.Option(help="The format.")] = ExportFormat.csv,
    all_tables: Annotated[bool, typer.Option("--all", help="All tables.")] = False,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A file with the suffix of the format, or a folder.")
    ] = Path(),
    overwrite: Annotated[bool, typer.Option(help="Replace files that exist.")] = False,
    safe: Annotated[
        bool, typer.Option("--safe", help="csv: an apostrophe before what looks like a formula.")
    ] = False,
    package: Package = None,
) -> None:
    """Write tables in another format, with types, units, version and digest."""
    import warnings

    from diffdata.exporting import FormulaWarning, export_from

    if bool(tables) == all_tables:
        raise InvalidInputError("export: name tables, or give --all")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FormulaWarning)
        paths = export_from(
            opened(package), tables or None, to.value, out, overwrite=overwrite, safe=safe
        )
    for warning in caught:
        typer.echo(f"diffdata: warning: {warning.message}", err=True)
    for path in paths:
        typer.echo(path)


@app.command(rich_help_panel=_PANEL)
def metadata(
    kind: Annotated[MetadataKind, typer.Argument(help="For whom.")], package: Package = None
) -> None:
    """Print the metadata of the dataset for Zenodo, schema.org or Croissant, as JSON."""
    from diffdata import metadata as makers

    made = getattr(makers, kind.value.replace("-", "_"))(opened(package))
    typer.echo(json.dumps(made, indent=2, ensure_ascii=False))
