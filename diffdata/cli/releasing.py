"""Commands for editions: list them, fetch one, release one."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from diffdata.cli.app import Package, ResultFormat, app, print_json

_PANEL = "Manage editions"


@app.command(rich_help_panel=_PANEL)
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


@app.command(rich_help_panel=_PANEL)
def fetch(
    edition: Annotated[str, typer.Argument(help="A released edition, see `diffdata versions`.")],
    mirror: Annotated[
        str, typer.Argument(help="The folder that contains the archives, or its https address.")
    ],
) -> None:
    """Fetch the archive of an edition that is not installed."""
    from diffdata.package.editions import fetch

    typer.echo(fetch(edition, mirror))


@app.command(rich_help_panel=_PANEL)
def release(
    edition: Annotated[str, typer.Argument(help="The edition that datapackage.json names.")],
    date: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the release; by default today."),
    ] = None,
    package: Package = None,
) -> None:
    """Freeze the data as an edition: an archive and its index entry."""
    from diffdata.editing import open_for_editing
    from diffdata.releasing import release

    opened = open_for_editing(package)
    made = release(opened, edition, date.date() if date else None)
    typer.echo(f"written: releases/{made.file} ({made.bytes:,} bytes, sha256 {made.sha256})")
    typer.echo("written: releases/index.json")
