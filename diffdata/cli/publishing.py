"""Commands that compare, cite and export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from diffdata.cli.app import Package, app, opened, pairs, print_json
from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    from diffdata.package.packages import Package as OpenedPackage

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
    format: Annotated[
        Literal["text", "markdown", "html", "json"],
        typer.Option("--format", "-f", help="The format of the output."),
    ] = "text",
) -> None:
    """Compare two versions: what changed, most serious changes first."""
    from diffdata.cli.printing import print_rich
    from diffdata.diff import (
        PackageDiff,
        TableDiff,
        compare,
        compare_and_explain,
        html_page,
        json_text,
        markdown,
        rich_text,
    )

    renamed = pairs(rename, "--rename", "OLD=NEW")
    explanation = None
    found: PackageDiff | TableDiff
    if explain:
        if key or renamed or (delimiter, encoding, atol, rtol) != (",", "utf-8", 0, 0):
            raise InvalidInputError("--explain is for datasets, not for CSV files")
        found, explanation = compare_and_explain(old, new, only=only)
    else:
        found = compare(
            old, new, key=key or (), rename=renamed, only=only, atol=atol, rtol=rtol,
            delimiter="\t" if delimiter == r"\t" else delimiter, encoding=encoding,
        )  # fmt: skip
    limits = {} if limit is None else {"limit": limit}
    if format == "json":
        typer.echo(json_text(found, explanation))
    elif format == "markdown":
        typer.echo(markdown(found, explanation, **limits), nl=False)
    elif format == "html":
        typer.echo(html_page(found, explanation, **limits), nl=False)
    else:
        print_rich(rich_text(found, explanation, **limits))
    if exit_code and not found.same:
        raise typer.Exit(1)


def _profiled(package: Path | None) -> OpenedPackage:
    from diffdata.exporting import open_profiled

    return opened(package, open_profiled)


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
    from diffdata.exporting import cite_from

    typer.echo(cite_from(_profiled(package), what, style=style), nl=False)


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

    from diffdata.exporting import FormulaWarning, export_from

    if bool(tables) == all_tables:
        raise InvalidInputError("export: name tables, or use --all")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FormulaWarning)
        paths = export_from(
            _profiled(package), tables or None, to, out, overwrite=overwrite, safe=safe
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
    print_json(make(_profiled(package)))
