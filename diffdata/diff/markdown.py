"""A comparison as Markdown, for pull requests: the main things first, the rest folded."""

from __future__ import annotations

import re

from diffdata.diff.explain import Explanation
from diffdata.diff.outline import outline
from diffdata.diff.packages import PackageDiff
from diffdata.diff.sections import Section
from diffdata.diff.tables import TableDiff

# A comment on a pull request holds 65,536 characters; what is longer is cut between sections.
MOST_CHARACTERS = 60_000


def markdown(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = 10,
) -> str:
    r"""Write a comparison as Markdown that fits in a comment; see `outline` for `limit`.

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
    laid_out = outline(diff, explanation, limit=limit, width=80, joined=True)
    text = f"### {_escaped(laid_out.title)}\n\n{_escaped(laid_out.summary)}\n"
    for section in laid_out.sections:
        part = _section(section)
        if len(text) + len(part) > MOST_CHARACTERS:
            return text + f"\n(Cut here; `{section.title}` and the rest: `--format json`.)\n"
        text += part
    return text


def _section(section: Section) -> str:
    lines = [section.note, ""] if section.note else []
    if section.rows:
        lines += [_row(section.header), "|" + "---|" * len(section.header)]
        lines += [_row(row) for row in section.rows]
    body = "\n".join(lines)
    if section.main:
        return f"\n#### {section.title}\n\n{body}\n"
    return f"\n<details><summary>{section.title}</summary>\n\n{body}\n\n</details>\n"


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(text: str) -> str:
    """Keep a text from being read as Markdown, HTML, a mention or a link to an issue."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", text)
    # A blank of no width takes from @name and #12 what GitHub would make of them.
    return re.sub(r"([@#])(?=\w)", "\\1\u200b", text)
