"""A comparison as text for a terminal, Markdown, an HTML page, and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffdata.diff.cells import CellChange, Consequence
from diffdata.diff.ordering import ordered_changes
from diffdata.diff.outline import OutlineSection, outline
from diffdata.diff.packages import Explanation, PackageDiff
from diffdata.diff.table_diff import BIN_NAMES, TableDiff
from diffdata.diff.tables import KeyText

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
_NAMES = {
    "old_key": "old", "new_key": "new", "old_keys": "old", "new_keys": "new",
    "others": "on_other_side",
}  # fmt: skip


def rich_text(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = 10,
) -> Group:
    r"""Return a comparison as text with styles for `rich`; see `outline` for `limit`.

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
    title, summary, sections = outline(diff, explanation, limit=limit, width=60, room=300)
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
            table.add_row(Text(row[0], style="dim"), _sentence(section.header, row))
        else:
            table.add_row(*map(Text, row))
    return table


def _sentence(header: Sequence[str], cells: Sequence[str]) -> Text:
    row = dict(zip(header, cells, strict=True))
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


def markdown(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = 10,
) -> str:
    r"""Return a comparison as Markdown that fits in a comment; see `outline` for `limit`.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP\nA|B,3.14e23\n", "old.csv")
    >>> new = parse_table("Model,FLOP\nA|B,3.14e22\n", "new.csv")
    >>> print(markdown(compare_tables(old, new, "Model")))  # doctest: +ELLIPSIS
    ### old.csv → new.csv
    <BLANKLINE>
    Rows: 0 added, 0 removed, 0 renamed, 1 changed. Cells changed: 1, ...
    ...
    | number changed | A\|B | FLOP | 3.14e23 | 3.14e22 | x 0.1 |
    ...
    """
    template = _template("diff.md.j2")
    # A reviewer needs the figure, locator and link of an added row; if all that is too long, less.
    for room in (1_000, 200, 0):
        title, summary, sections = outline(diff, explanation, limit=limit, width=80, room=room)
        text = template.render(title=title, summary=summary, sections=sections, cut="")
        if len(text) <= MOST_CHARACTERS:
            return text
    while len(text) > MOST_CHARACTERS and sections:
        cut = sections.pop().title
        text = template.render(title=title, summary=summary, sections=sections, cut=cut)
    return text


def html_page(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = _MOST_IN_HTML,
) -> str:
    r"""Return a comparison as one HTML page without other files; see `outline` for `limit`.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP\nA<B,3.14e23\n", "old.csv")
    >>> new = parse_table("Model,FLOP\nA<B,3.14e22\n", "new.csv")
    >>> page = html_page(compare_tables(old, new, "Model"))
    >>> '<td>A&lt;B</td><td>FLOP</td><td class="old">3.14e23</td>' in page
    True
    """
    title, summary, sections = outline(diff, explanation, limit=limit, width=400, room=4_000)
    template = _template("diff.html.j2")
    return template.render(title=title, summary=summary, sections=sections)


@cache
def _template(name: str) -> Template:
    """Return a template in which the value of every expression is escaped for its format."""
    markdown = name.endswith(".md.j2")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=not markdown,
        finalize=escape_markdown if markdown else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def escape_markdown(text: str) -> str:
    """Escape a text so that it is not read as Markdown, HTML, a link, a mention or a reference.

    URLs become code, which stays readable and is not a link.
    """
    parts = _URL.split(" ".join(text.split()))
    for place in range(0, len(parts), 2):
        part = parts[place].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        part = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", part)
        parts[place] = _REFERENCE.sub("\\1\u200b", part)  # a blank of no width
    parts[1::2] = [f"`{url}`" for url in parts[1::2]]
    return "".join(parts)


def as_dict(
    diff: PackageDiff | TableDiff, explanation: Explanation | None = None
) -> dict[str, Any]:
    r"""Return a comparison as plain values, as ``--format json`` prints it.

    A key is the text of its column, or a list of texts if it has several columns.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP\nA,1\nB,2\nB,3\n", "old.csv")
    >>> new = parse_table("Model,FLOP\nA,1\n,2\nC,3\n", "new.csv")
    >>> found = as_dict(compare_tables(old, new, "Model"))
    >>> found["rows"]["added"]
    {'count': 1, 'items': [{'key': 'C', 'line': 4, 'cells': {'FLOP': '3'}}]}
    >>> found["blank_keys"]
    {'old': [], 'new': [3]}
    >>> found["duplicate_keys"]["old"]
    [{'key': 'B', 'lines': [3, 4], 'on_other_side': 0}]
    """
    # Every change, most serious first, without its empty parts.
    names = ("what", "table", "row", "column", "old", "new", "amount")
    changes = [
        {"consequence": change.consequence.name.lower()}
        | {name: text for name in names if (text := getattr(change, name))}
        for change in ordered_changes(diff)
    ]
    if isinstance(diff, TableDiff):
        found = _table(diff) | {"changes": changes}
    else:
        found = {
            "old": {"name": diff.old, "version": diff.old_version},
            "new": {"name": diff.new, "version": diff.new_version},
            "same": diff.same,
            "tables_added": _counted(diff.tables_added),
            "tables_removed": _counted(diff.tables_removed),
            "schema": _counted(vars(change) for change in diff.schema),
            "tables": {table.name: _table(table) for table in diff.tables},
            "changes": changes,
            "remarks": list(diff.remarks),
        }
    if explanation is not None:
        found["explanation"] = {
            name: as_dict(table) | {"because": _plain(because)}
            for name, table, because in (
                ("model_summary", explanation.figures, explanation.figures_because),
                ("ledger", explanation.ledger, explanation.ledger_because),
            )
        }
    return found


def json_text(diff: PackageDiff | TableDiff, explanation: Explanation | None = None) -> str:
    """Return a comparison as JSON, with control characters escaped; see `as_dict`."""
    text = json.dumps(as_dict(diff, explanation), indent=2, ensure_ascii=False)
    # JSON itself requires escapes only below U+0020.
    return re.sub(
        r"[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", lambda c: f"\\u{ord(c[0]):04x}", text
    )


def _table(diff: TableDiff) -> dict[str, Any]:
    columns, rows, sides = diff.columns, diff.rows, {"old": diff.old, "new": diff.new}
    return {
        "table": diff.name,
        **{side: {"name": table.name, "rows": table.rows} for side, table in sides.items()},
        "key": _plain(diff.key),
        "same": diff.same,
        "columns": {
            "added": _counted(columns.added),
            "removed": _counted(columns.removed),
            "renamed": _counted(diff.renamed_columns),
            "changed": _counted(
                {"column": c.column, "old_column": c.old_column, "cells": c.changed}
                for c in diff.distributions
                if c.changed
            ),
            "moved": _counted(columns.moved),
            "perhaps_renamed": _counted(columns.similar),
        },
        "rows": {
            "added": _counted(rows.added),
            "removed": _counted(rows.removed),
            "renamed": _counted(rows.renamed),
            "changed": _counted(
                {"key": _key(row.new_key), "old_line": row.old_line, "new_line": row.new_line,
                 "columns": row.columns}
                for row in diff.changed
            ),
            "matched": diff.matched,
            "perhaps_renamed": {
                "similar_keys": _counted(rows.similar),
                "same_content": _counted(rows.ambiguous),
            },
            "not_compared": {side: _counted(t.not_compared) for side, t in sides.items()},
        },
        "duplicate_keys": {side: _plain(table.duplicates) for side, table in sides.items()},
        "rows_with_such_keys_are_the_same": diff.set_aside_same,
        "blank_keys": {side: list(table.blanks) for side, table in sides.items()},
        "cells": list(map(_cell, diff.cells)),
        "written_differently": list(map(_cell, diff.reformatted)),
        "distributions": {
            c.column: {name: value for name, value in vars(c).items() if name != "column"}
            | {"bins": dict(zip(BIN_NAMES, c.bins, strict=True))}
            for c in diff.distributions
        },
        "remarks": list(diff.remarks),
    }  # fmt: skip


def _cell(change: CellChange) -> dict[str, Any]:
    found = {name: value for name, value in _plain(change.difference).items() if value != ""}
    return {
        "key": _key(change.key), "column": change.column, "old": change.old, "new": change.new,
        **found, "old_line": change.old_line, "new_line": change.new_line,
    }  # fmt: skip


def _counted(items: Iterable[Any]) -> dict[str, Any]:
    found = _plain(list(items))
    return {"count": len(found), "items": found}


def _plain(value: Any, name: str = "") -> Any:
    """Return the value of a field as JSON has it; optional fields of dataclasses are left out."""
    if name in ("key", "old_key", "new_key"):
        return _key(value)
    if isinstance(value, Consequence):
        return value.name.lower()
    if is_dataclass(value):
        given = {n: v for n, v in vars(value).items() if v is not None and v != ()}
        return {_NAMES.get(n, n): _plain(v, n) for n, v in given.items()}
    if isinstance(value, Mapping):
        return {n: _plain(v) for n, v in value.items()}
    if isinstance(value, tuple | list):
        return [_key(key) if name in ("old_keys", "new_keys") else _plain(key) for key in value]
    return value


def _key(key: KeyText) -> str | list[str]:
    return key[0] if len(key) == 1 else list(key)
