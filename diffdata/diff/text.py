"""A comparison on the terminal and in pipes."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffdata.diff.explain import Explanation
from diffdata.diff.outline import outline
from diffdata.diff.packages import PackageDiff
from diffdata.diff.sections import Section
from diffdata.diff.tables import TableDiff

_FIGURES = {
    "rows before", "rows after", "before", "after", "added", "removed", "renamed", "changed",
    "cells", "tenfold", "only written differently", "of", "filled", "emptied", "numbers", "dates",
    "median ratio", "largest ratio", "largest days",
}  # fmt: skip


def rich_text(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = 10,
) -> Group:
    r"""Lay a comparison out for `diffdata.cli.printing.print_rich`; see `outline` for `limit`.

    Examples
    --------
    >>> from rich.console import Console
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP\nGPT-3,3.14e23\n", "old.csv")
    >>> new = parse_table("Model,FLOP\nGPT-3,3.14e22\n", "new.csv")
    >>> screen = Console(width=60)
    >>> screen.print(rich_text(compare_tables(old, new, "Model"), limit=3))  # doctest: +ELLIPSIS
    old.csv → new.csv
    Rows: 0 added, 0 removed, 0 renamed, 1 changed...
    """
    laid_out = outline(diff, explanation, limit=limit, width=60, joined=True)
    parts: list[RenderableType] = [Text(laid_out.title, style="bold"), Text(laid_out.summary)]
    for section in laid_out.sections:
        parts += ["", Text(section.title, style="bold"), *_body(section)]
    return Group(*parts)


def _body(section: Section) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(section.note)] if section.note else []
    if section.header[:1] == ("what",) and "side" not in section.header:
        parts.append(_lines(section))
    elif section.rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in section.header:
            table.add_column(
                Text(name, style="dim"),
                justify="right" if name in _FIGURES else "left",
                overflow="fold",
            )
        for row in section.rows:
            table.add_row(*(Text(cell) for cell in row))
        parts.append(table)
    return parts


def _lines(section: Section) -> Table:
    """Write changes as sentences, for which a terminal has more room than for many columns."""
    lines = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for cells in section.rows:
        lines.add_row(Text(cells[0], style="dim"), _sentence(section.header, cells))
    return lines


def _sentence(header: tuple[str, ...], cells: tuple[str, ...]) -> Text:
    row = dict(zip(header, cells, strict=True))
    text = Text(", ".join(row[name] for name in ("table", "row", "column") if row.get(name)))
    if row.get("old") or row.get("new"):
        text.append(": " if text else "")
        text.append(row.get("old") or "(empty)", style="red")
        text.append(" → ")
        text.append(row.get("new") or "(empty)", style="green")
    rest = [row[name] for name in ("by", "why") if row.get(name)]
    rest += [f"because of {row['because of']}"] if row.get("because of") else []
    return text.append("".join(f", {part}" for part in rest))
