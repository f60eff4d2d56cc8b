"""What reports consist of, sections of cited texts, and how these are laid out for a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from diffdata.display import plain_table
from diffdata.lookup.text import rows_where
from diffdata.package.packages import Package
from diffdata.types.text import cell_text

# A row of the dataset: its table and its key.
Reference = tuple[str, str]


class Cited(str):
    """A text whose parts name the rows that they come from; a page makes links of them.

    >>> cost = Cited(("$12M", [("estimates", "gpt-3-training-cost")]), (" in all", ()))
    >>> cost, cost.parts[1]
    ('$12M in all', (' in all', ()))
    """

    __slots__ = ("parts",)
    parts: tuple[tuple[str, tuple[Reference, ...]], ...]

    def __new__(cls, *parts: tuple[str, Iterable[Reference]]) -> Cited:
        """Join parts, each a text with the rows behind it."""
        self = super().__new__(cls, "".join(text for text, _ in parts))
        self.parts = tuple((text, tuple(dict.fromkeys(rows))) for text, rows in parts)
        return self


def parts_of(text: str) -> tuple[tuple[str, tuple[Reference, ...]], ...]:
    """Return the parts of a text, one without rows if it is not cited."""
    return text.parts if isinstance(text, Cited) else ((text, ()),)


def joined(*texts: str, by: str = "") -> Cited:
    """Join texts, of which some are cited.

    >>> joined("a", Cited(("b", [("models", "gpt-3")])), by="; ").parts[2]
    ('b', (('models', 'gpt-3'),))
    """
    parts: list[tuple[str, tuple[Reference, ...]]] = []
    for place, text in enumerate(texts):
        parts += [(by, ())] if place and by else []
        parts += parts_of(text)
    return Cited(*parts)


def key_of(row: Mapping[Any, Any], columns: Iterable[str]) -> str:
    """Write the primary key of a row, as in references."""
    return "/".join(cell_text(row[name]) for name in columns)


def references(package: Package, table: str, rows: Any) -> tuple[Reference, ...]:
    """Return references to the rows of a frame, or to one row as `each` yields it."""
    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else [rows._asdict()]
    key = package.schema(table).primary_key
    return tuple((table, key_of(record, key)) for record in records)


def inputs_of(
    frames: Mapping[str, pd.DataFrame], model: str, *columns: str
) -> tuple[Reference, ...]:
    """Return references to the estimates from which columns of ``model_summary`` come."""
    quantities = frames["quantities"]
    names = dict(zip(quantities["summary_column"], quantities["quantity_id"], strict=True))
    summary = frames["model_summary"][["model_id", *(f"{column}_method" for column in columns)]]
    (methods,) = rows_where(summary, model_id=model).to_dict("records")
    wanted = [
        name for column in columns
        for name in (("parameters", "training_tokens") if methods[f"{column}_method"] == "six_nd"
                     else (names[column],))
    ]  # fmt: skip
    used = frames["model_summary_inputs"][["model_id", "quantity_id", "estimate_id", "used"]]
    used = rows_where(used, model_id=model, used=True)
    return tuple(
        ("estimates", name) for name in used["estimate_id"][used["quantity_id"].isin(wanted)]
    )


@dataclass(frozen=True)
class Section:
    """A part of a report: sentences, labels with texts, or a table below its headings.

    Attributes
    ----------
    most : how many entries fit on a screen, None for all
    wraps : whether long texts are wrapped on a screen, instead of cut
    on : whether only a screen has the section, only a page, or both
    """

    heading: str
    rows: Sequence[Any]
    kind: Literal["lines", "grid", "table"] = "table"
    most: int | None = None
    wraps: bool = False
    note: str = ""
    on: Literal["screen", "page", "both"] = "both"


def on_screen(part: Section, *, full: bool) -> tuple[str, RenderableType | None]:
    """Return the heading of a section, and its content laid out; None without entries."""
    most = len(part.rows) if full or part.most is None else part.most
    content: RenderableType | None = _LAYOUTS[part.kind](part.rows[:most], full=full or part.wraps)
    rest = len(part.rows) - most
    more = f" ({rest} more with --full)" if rest > 0 else ""
    if content and full and part.note:
        content = Group(content, Text(part.note, style="dim"))
    return part.heading + more, content


def _lines(sentences: Iterable[str], *, full: bool) -> Text | None:
    """Lay out sentences; unless in `full`, each has one line."""
    text = Text("\n".join(sentences))
    return _one_line(text, full) if text else None


def _grid(rows: Iterable[tuple[str, str]], *, full: bool) -> Table | None:
    """Lay out labels and texts in two columns."""
    made = Table.grid(Column(no_wrap=True, style="bold"), "", padding=(0, 2, 0, 0))
    for label, text in rows:
        made.add_row(Text(label), _one_line(Text(text), full))
    return made if made.row_count else None


def _table(rows: Iterable[Iterable[str]], *, full: bool) -> Table | None:
    """Lay out a table; the first row has the headings, and without others there is no table."""
    headings, *body = [*rows] or [()]
    if not body:
        return None
    made: Table = plain_table(*(Column(text, style="" if text else "bold") for text in headings))
    for row in body:
        made.add_row(*(_one_line(Text(cell), full) for cell in row))
    return made


def _one_line(text: Text, full: bool) -> Text:
    if not full:
        text.no_wrap, text.overflow = True, "ellipsis"
    return text


_LAYOUTS: dict[str, Callable[..., Text | Table | None]] = {
    "lines": _lines, "grid": _grid, "table": _table,
}  # fmt: skip
