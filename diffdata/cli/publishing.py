"""Commands that compare, cite and export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from diffdata.cli.app import FORMAT, Package, app, opened, pairs, print_json
from diffdata.errors import InvalidInputError

_PANEL = "Compare, cite, export"


@app.command(rich_help_panel=_PANEL)
def diff(
    old: Annotated[
        str,
        typer.Argument(
            help="An edition, a folder with a datapackage.json, a .zip of one, a git revision, or "
            "a CSV file."
        ),
    ],
    new: Annotated[str, typer.Argument(help="The newer version, of the same kind.")],
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
        list[str] | None, typer.Option(help="Datasets: a table to compare; may be repeated.")
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
    from diffdata import diff
    from diffdata.cli.printing import print_rich

    renamed = pairs(rename, "--rename", "OLD=NEW")
    if explain and (key or renamed or (delimiter, encoding, atol, rtol) != (",", "utf-8", 0, 0)):
        raise InvalidInputError("--explain is for datasets, not for CSV files")
    found = diff.compare(
        old, new, key=key or (), rename=renamed, only=only, atol=atol, rtol=rtol, explain=explain,
        delimiter="\t" if delimiter == r"\t" else delimiter, encoding=encoding,
    )  # fmt: skip
    limits = {} if limit is None else {"limit": limit}
    if format == "json":
        typer.echo(diff.json_text(found))
    elif format == "text":
        print_rich(diff.rich_text(found, **limits))
    else:
        write = {"markdown": diff.markdown, "html": diff.html_page}[format]
        typer.echo(write(found, **limits), nl=False)
    if exit_code and not found.same:
        raise typer.Exit(1)


@app.command(rich_help_panel=_PANEL)
def cite(
    what: Annotated[
        str | None, typer.Argument(help="A table or an estimate_id; by default the dataset.")
    ] = None,
    style: Annotated[
        Literal["apa", "bibtex", "csl-json", "ris", "cff"],
        typer.Option(help="The format of the citation."),
    ] = "apa",
    package: Package = None,
) -> None:
    """Print the citation of the dataset, a table or an estimate, with its version and sources."""
    from diffdata.exporting import cite, open_profiled

    typer.echo(cite(what, style=style, package=opened(package, open_profiled)), nl=False)


@app.command(rich_help_panel=_PANEL)
def export(
    tables: Annotated[list[str] | None, typer.Argument(help="Names of tables.")] = None,
    to: Annotated[
        Literal["csv", "parquet", "json", "xlsx", "sqlite", "duckdb", "bibtex"],
        typer.Option(help="The format."),
    ] = "csv",
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
        dataset = opened(package, exporting.open_profiled)
        paths = exporting.export(
            tables or None, to, out, package=dataset, overwrite=overwrite, safe=safe
        )
    for warning in caught:
        typer.echo(f"diffdata: warning: {warning.message}", err=True)
    for path in paths:
        typer.echo(path)


@app.command(rich_help_panel=_PANEL)
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
    print_json(make(opened(package, exporting.open_profiled)))
