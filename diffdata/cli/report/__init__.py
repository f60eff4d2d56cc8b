"""The report on how a model spread, computed from the tables and laid out for one screen."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Column, Table
from rich.text import Text

from diffdata.cli.printing import plain_table
from diffdata.cli.report import sections
from diffdata.errors import UnknownNameError
from diffdata.loading import load_all
from diffdata.package.packages import Package

__all__ = ["report"]


def report(package: Package, model: str = "gpt-3") -> Group:
    """Compute the report on a model (UnknownNameError if the package does not have it)."""
    tables = sections.Tables(load_all(package, package.tables), model)
    models = set(tables["models"]["model_id"])
    if model not in models:
        raise UnknownNameError("model", model, models)
    name = tables.name_of(model)
    # In this order, because the last section lists the sources that the others cite.
    contents: list[tuple[str, RenderableType | None]] = [
        ("Key facts", _grid(sections.key_facts(tables))),
        ("Who can get what", _grid(sections.releases(tables))),
        ("What flowed where", _lines(sections.flows(tables))),
        (f"From the publication of {name} until ...", _table(sections.lags(tables))),
        (f"Models compared with {name}", _table(sections.cases(tables), sections.CASES_LEGEND)),
        ("Cost per FLOP of the final training run", _lines(sections.costs(tables))),
        ("Published figures, recomputed (diffdata reproduce)", _lines(sections.ledger(tables))),
        ("Inferred, disputed, corrected", _grid(sections.doubts(tables))),
        ("Sources (diffdata show sources)", _lines(sections.sources(tables))),
    ]
    title = Text.assemble((f"The diffusion of {name}", "bold"), f"  diffdata {package.version}")
    parts: list[RenderableType] = [title]
    for heading, content in contents:
        if content:
            parts += [Rule(Text(heading, style="bold"), align="left", characters="-"), content]
    return Group(*parts)


def _lines(lines: Iterable[str]) -> Text:
    return Text("\n".join(lines))


def _grid(rows: Iterable[tuple[str, str]]) -> Table | None:
    """Lay out labels and texts in two columns."""
    grid = Table.grid(Column(no_wrap=True, style="bold"), "", padding=(0, 2, 0, 0))
    for row in rows:
        grid.add_row(*map(Text, row))
    return grid if grid.row_count else None


def _table(rows: Iterable[Iterable[str]], legend: str = "") -> RenderableType | None:
    """Lay out a table; the first row has the headings, and without others there is no table."""
    headings, *body = [*rows] or [()]
    if not body:
        return None
    columns = (Column(text, style="" if text else "bold", vertical="top") for text in headings)
    table = plain_table(*columns)
    for row in body:
        table.add_row(*map(Text, row))
    return Group(table, Text(legend, style="dim")) if legend else table
