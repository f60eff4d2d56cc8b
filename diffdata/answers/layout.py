"""How reports are laid out: sections of sentences, of labels with texts, and of tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Column, Table
from rich.text import Text

from diffdata.display import Shown, plain_table


class Report(Shown):
    """A report: a title and sections by their headings, which print one below the other."""

    def __init__(self, title: str, sections: Iterable[tuple[str, RenderableType | None]]) -> None:
        self.title = title
        self.sections = {heading: content for heading, content in sections if content}

    def __rich__(self) -> Group:
        """Return the layout."""
        parts: list[RenderableType] = [Text(self.title, style="bold")]
        for heading, content in self.sections.items():
            rule = Rule(Text(heading, style="bold"), align="left", characters="-")
            parts += [rule, content]
        return Group(*parts)


def lines(sentences: Iterable[str], *, full: bool = False) -> Text | None:
    """Lay out sentences; unless in `full`, each has one line."""
    text = Text("\n".join(sentences))
    return _one_line(text, full) if text else None


def grid(rows: Iterable[tuple[str, str]], *, full: bool = False) -> Table | None:
    """Lay out labels and texts in two columns."""
    made = Table.grid(Column(no_wrap=True, style="bold"), "", padding=(0, 2, 0, 0))
    for label, text in rows:
        made.add_row(Text(label), _one_line(Text(text), full))
    return made if made.row_count else None


def table(rows: Iterable[Iterable[str]], *, full: bool = False) -> Table | None:
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
