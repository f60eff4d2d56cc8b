"""A comparison as text for a terminal, Markdown, an HTML page, and JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffdata.diff.outline import OutlineSection, ordered_changes, outline
from diffdata.diff.packages import PackageDiff, compare
from diffdata.diff.table_diff import CellChange, TableDiff
from diffdata.diff.tables import Consequence, Key
from diffdata.display import Shown, notebook, template

if TYPE_CHECKING:
    import pandas as pd

# A comment on a pull request has at most 65,536 characters; a longer text is cut between sections.
MOST_CHARACTERS = 60_000
# An HTML page may list more than a terminal, but a browser should still open it.
_MOST_IN_HTML = 2_000

_NUMERIC = {
    "rows before", "rows after", "before", "after", "added", "removed", "renamed", "changed",
    "cells", "tenfold", "only written differently", "of", "filled", "emptied", "numbers", "dates",
    "median ratio", "largest ratio", "largest days",
}  # fmt: skip
# GitHub makes links of URLs, mentions of @name, and links to issues of #12 and GH-12.
_URL = re.compile(r"((?:[a-z][a-z0-9+.-]*://|www\.)[^\s`|\\]+)", re.I)
_REFERENCE = re.compile(r"([@#]|\bGH-)(?=\w)", re.I)
# Fields that have another name in JSON.
_NAMES = {"old_key": "old", "new_key": "new", "old_keys": "old", "new_keys": "new"}


def rich_text(diff: PackageDiff | TableDiff, *, limit: int | None = 10) -> Group:
    """Return a comparison as text with styles for `rich`; see `outline` for `limit`."""
    title, summary, sections = outline(diff, limit=limit, width=60, room=300)
    parts: list[RenderableType] = [Text(title, style="bold"), Text(summary)]
    for section in sections:
        parts += ["", Text(section.title, style="bold")]
        parts += [Text(section.note)] if section.note else []
        parts += [_rich_table(section)] if section.rows else []
    return Group(*parts)


def _rich_table(section: OutlineSection) -> Table:
    # A terminal has more room for sentences than for the many columns of a list of changes.
    sentences = section.header[0] == "what"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=not sentences)
    for name in () if sentences else section.header:
        justify: Any = "right" if name in _NUMERIC else "left"
        table.add_column(Text(name, style="dim"), justify=justify, overflow="fold")
    for row in section.rows:
        if sentences:
            table.add_row(Text(row["what"], style="dim"), _sentence(row))
        else:
            table.add_row(*map(Text, row.values()))
    return table


def _sentence(row: Mapping[str, str]) -> Text:
    text = Text(", ".join(row[name] for name in ("table", "row", "column") if row.get(name)))
    if row.get("old") or row.get("new"):
        text.append(": " if text else "")
        if row["what"] != "row added":
            text.append(row.get("old") or "(empty)", style="red")
            text.append(" → ")
        text.append(row.get("new") or "(empty)", style="green")
    rest = [row[name] for name in ("by", "why") if row.get(name)]
    rest += [f"because of {row['because of']}"] if row.get("because of") else []
    return text.append("".join(f", {part}" for part in rest))


@dataclass(frozen=True, repr=False)
class Difference(Shown):
    """How two versions differ, most serious changes first; it prints well.

    Attributes
    ----------
    found : the comparison with all its parts, a `PackageDiff` or a `TableDiff`
    """

    found: PackageDiff | TableDiff

    @property
    def same(self) -> bool:
        """Whether the versions have the same content."""
        return self.found.same

    @property
    def changes(self) -> pd.DataFrame:
        """One row for each change: its consequence, what changed and where, old and new."""
        import pandas as pd

        columns = ["consequence", "what", "table", "row", "column", "old", "new", "amount"]
        return pd.DataFrame(as_dict(self.found)["changes"], columns=columns)

    def markdown(self, *, limit: int | None = 10) -> str:
        """Return the differences as Markdown, at most `limit` of a kind."""
        return markdown(self.found, limit=limit)

    def to_dict(self) -> dict[str, Any]:
        """Return the differences as plain values, as ``--format json`` prints them."""
        return as_dict(self.found)

    def __rich__(self) -> Group:
        """Return the layout."""
        return rich_text(self.found)

    def _repr_html_(self) -> str:
        title, summary, sections = outline(self.found, limit=10, width=100, room=300)
        header = ["what", "where", "old", "new"]
        rows = [
            (row.get("what", section.title),
             ", ".join(row[name] for name in ("table", "row", "column") if row.get(name)),
             row.get("old", ""), row.get("new", ""))
            for section in sections for row in section.rows
        ]  # fmt: skip
        return notebook(title, [("summary", summary)], header=header, rows=rows)


def diff(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str] | None = None,
    *,
    key: str | Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
    delimiter: str = ",",
    encoding: str = "utf-8",
    atol: float = 0,
    rtol: float = 0,
    explain: bool = False,
) -> Difference:
    """Compare two datasets or two CSV files.

    Parameters
    ----------
    old, new : editions such as ``2026.1``, folders with a datapackage.json, archives of one, git
        revisions, or CSV files; without `new`, `old` is compared with the current dataset
    key, rename, delimiter, encoding, atol, rtol : for CSV files: the columns that identify a row,
        new names of columns by old ones, how the files are written, and tolerances for numbers,
        which may differ by ``atol + rtol * abs(old)``
    only, explain : for datasets: the tables to compare, and whether to recompute the derived
        figures and the ledger from both

    Raises
    ------
    InvalidInputError, PackageError, UnknownNameError
        If an option does not fit, or something cannot be read.

    Examples
    --------
    >>> found = diff("2026.1", "2026.2", only=["comparisons"])
    >>> found.same, set(found.changes["table"])
    (False, {'comparisons'})
    """
    found = compare(
        old, new, key=key, rename=rename, only=only, delimiter=delimiter, encoding=encoding,
        atol=atol, rtol=rtol, explain=explain,
    )  # fmt: skip
    return Difference(found)


def markdown(diff: PackageDiff | TableDiff, *, limit: int | None = 10) -> str:
    """Return a comparison as Markdown that fits in a comment; see `outline` for `limit`."""
    page = template(__file__, "diff.md.j2", finalize=escape_markdown)
    # A reviewer needs the figure, locator and link of an added row; if all that is too long, less.
    for room in (1_000, 200, 0):
        title, summary, sections = outline(diff, limit=limit, width=80, room=room)
        text = page.render(title=title, summary=summary, sections=sections, cut="")
        if len(text) <= MOST_CHARACTERS:
            return text
    while len(text) > MOST_CHARACTERS and sections:
        cut = sections.pop().title
        text = page.render(title=title, summary=summary, sections=sections, cut=cut)
    return text


def html_page(diff: PackageDiff | TableDiff, *, limit: int | None = _MOST_IN_HTML) -> str:
    """Return a comparison as one HTML page without other files; see `outline` for `limit`."""
    title, summary, sections = outline(diff, limit=limit, width=400, room=4_000)
    page = template(__file__, "diff.html.j2", autoescape=True)
    return page.render(title=title, summary=summary, sections=sections)


def escape_markdown(text: str) -> str:
    """Escape a text: it never becomes Markdown, HTML, a link, a mention or a reference."""
    parts = _URL.split(" ".join(text.split()))
    for place in range(0, len(parts), 2):
        part = parts[place].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        part = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", part)
        parts[place] = _REFERENCE.sub("\\1\u200b", part)  # a blank of no width
    parts[1::2] = [f"`{url}`" for url in parts[1::2]]  # code is readable, and not a link
    return "".join(parts)


def as_dict(diff: PackageDiff | TableDiff) -> dict[str, Any]:
    """Return a comparison as plain values, as ``--format json`` prints it."""
    names = ("what", "table", "row", "column", "old", "new", "amount")
    changes = [
        {"consequence": change.consequence}
        | {name: text for name in names if (text := getattr(change, name))}
        for change in ordered_changes(diff)
    ]
    if isinstance(diff, TableDiff):
        found = _table(diff) | {"changes": changes}
        if diff.because is not None:
            found["because"] = diff.because
    else:
        found = {
            "old": {"name": diff.old, "version": diff.old_version},
            "new": {"name": diff.new, "version": diff.new_version},
            "same": diff.same,
            "tables_added": _counted(diff.tables_added),
            "tables_removed": _counted(diff.tables_removed),
            "schema": _counted([vars(change) for change in diff.schema]),
            "tables": {table.name: _table(table) for table in diff.tables},
            "changes": changes,
            "remarks": diff.remarks,
        }
        if diff.explanation is not None:
            found["explanation"] = {n: as_dict(table) for n, table in diff.explanation.items()}
    plain: dict[str, Any] = _plain(found)
    return plain


def json_text(diff: PackageDiff | TableDiff) -> str:
    """Return a comparison as JSON, with control characters escaped; see `as_dict`."""
    text = json.dumps(as_dict(diff), indent=2, ensure_ascii=False)
    # JSON itself requires escapes only below U+0020.
    return re.sub(
        r"[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", lambda c: f"\\u{ord(c[0]):04x}", text
    )


def _table(diff: TableDiff) -> dict[str, Any]:
    columns, rows = diff.columns, diff.rows
    sides = {"old": (diff.old, diff.new), "new": (diff.new, diff.old)}
    return {
        "table": diff.name,
        "old": {"name": diff.old.table.name, "rows": len(diff.old.table.rows)},
        "new": {"name": diff.new.table.name, "rows": len(diff.new.table.rows)},
        "key": diff.key,
        "same": diff.same,
        "columns": {
            "added": _counted(columns.added),
            "removed": _counted(columns.removed),
            "renamed": _counted(diff.renamed_columns),
            "changed": _counted([
                {"column": name, "old_column": column["old_column"], "cells": column["changed"]}
                for name, column in diff.distributions.items()
                if column["changed"]
            ]),
            "moved": _counted(columns.moved),
            "perhaps_renamed": _counted(columns.similar),
        },
        "rows": {
            "added": _counted(rows.added),
            "removed": _counted(rows.removed),
            "renamed": _counted(rows.renamed),
            "changed": _counted([
                {"key": row.new_key, "old_line": row.old_line, "new_line": row.new_line,
                 "columns": row.columns}
                for row in diff.changed
            ]),
            "matched": diff.matched,
            "perhaps_renamed": {
                "similar_keys": _counted(rows.similar),
                "same_content": _counted(rows.ambiguous),
            },
            "not_compared": {
                side: _counted([{"key": key, "line": own.line(key)}
                                for key in own.not_compared(other)])
                for side, (own, other) in sides.items()
            },
        },
        "duplicate_keys": {
            side: [{"key": key, "lines": own.lines(rows), "on_other_side": other.count(key)}
                   for key, rows in own.duplicates.items()]
            for side, (own, other) in sides.items()
        },
        "rows_with_such_keys_are_the_same": diff.set_aside_same,
        "blank_keys": {side: own.lines(own.blanks) for side, (own, _) in sides.items()},
        "cells": list(map(_cell, diff.cells)),
        "written_differently": list(map(_cell, diff.reformatted)),
        "distributions": diff.distributions,
        "remarks": diff.remarks,
    }  # fmt: skip


def _cell(change: CellChange) -> dict[str, Any]:
    found = {name: v for name, v in vars(change.difference).items() if v not in (None, "")}
    return {
        "key": change.key, "column": change.column, "old": change.old, "new": change.new,
        **found, "old_line": change.old_line, "new_line": change.new_line,
    }  # fmt: skip


def _counted(items: Sequence[Any]) -> dict[str, Any]:
    return {"count": len(items), "items": items}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; optional fields of dataclasses are left out."""
    if isinstance(value, Key):  # the text of its column, or the texts if it has several columns
        return value[0] if len(value) == 1 else list(value)
    if isinstance(value, Consequence):
        return value.name.lower()
    if is_dataclass(value):
        given = {n: v for n, v in vars(value).items() if v is not None and v != ()}
        value = {_NAMES.get(name, name): field for name, field in given.items()}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return list(map(_plain, value))
    return value
