"""Commands about editions: which there are, how to get one, how to make one."""

from __future__ import annotations

import datetime
import json
from typing import Annotated

import typer

from diffdata.cli.app import Package, ResultFormat, app

_PANEL = "Editions"


@app.command(rich_help_panel=_PANEL)
def versions(
    format: Annotated[ResultFormat, typer.Option("--format", "-f")] = ResultFormat.text,
) -> None:
    """List the released editions, the oldest first: date, digest, rows, headline changes."""
    from diffdata.package.index import versions

    releases = versions()
    if format is ResultFormat.json:
        entries = [release.model_dump(mode="json") for release in releases]
        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
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
        str, typer.Argument(help="A folder, or the https address of one, with the archives.")
    ],
) -> None:
    """Bring the archive of an edition that is not part of the installed package."""
    from diffdata.package.mirror import fetch

    typer.echo(fetch(edition, mirror))


@app.command(rich_help_panel=_PANEL)
def release(
    edition: Annotated[str, typer.Argument(help="The edition that datapackage.json holds.")],
    date: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the release; by default today."),
    ] = None,
    package: Package = None,
) -> None:
    """Freeze the data as an edition: its archive in releases/, and its entry in the index."""
    from diffdata.editing import open_for_editing
    from diffdata.releasing import release

    opened = open_for_editing(package)
    made = release(opened, edition, date.date() if date else None)
    typer.echo(f"written: releases/{made.file} ({made.bytes:,} bytes, sha256 {made.sha256})")
    typer.echo("written: releases/index.json")
