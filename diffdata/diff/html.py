"""A comparison as one HTML page that needs nothing else."""

from __future__ import annotations

from html import escape

from diffdata.diff.explain import Explanation
from diffdata.diff.outline import outline
from diffdata.diff.packages import PackageDiff
from diffdata.diff.sections import Section
from diffdata.diff.tables import TableDiff

# A page lists more than a terminal, but a browser should still open it.
MOST_OF_A_KIND = 2_000

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --head: #8882; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem }
h1 { font-size: 1.3rem; overflow-wrap: anywhere } h2, summary { font-size: 1.05rem }
h2 { margin: 1.6rem 0 .5rem } summary { cursor: pointer; font-weight: 600; margin: 1.6rem 0 .5rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .7rem .25rem 0; text-align: left;
         vertical-align: top; overflow-wrap: break-word; max-width: 34rem }
th { background: var(--head); position: sticky; top: 0 }
td.old { color: #b3261e } td.new { color: #14713b }
@media (prefers-color-scheme: dark) { td.old { color: #f2938c } td.new { color: #7fd39b } }
""".strip()


def html_page(
    diff: PackageDiff | TableDiff,
    explanation: Explanation | None = None,
    *,
    limit: int | None = MOST_OF_A_KIND,
) -> str:
    r"""Write a comparison as a page; see `outline` for `limit`.

    Examples
    --------
    >>> from diffdata.diff import compare_tables, parse_table
    >>> old = parse_table("Model,FLOP\nA<B,3.14e23\n", "old.csv")
    >>> new = parse_table("Model,FLOP\nA<B,3.14e22\n", "new.csv")
    >>> page = html_page(compare_tables(old, new, "Model"))
    >>> '<td>A&lt;B</td><td>FLOP</td><td class="old">3.14e23</td>' in page
    True
    """
    laid_out = outline(diff, explanation, limit=limit, width=400, joined=True)
    sections = "\n".join(map(_section, laid_out.sections))
    title = escape(laid_out.title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n<p>{escape(laid_out.summary)}</p>\n{sections}\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    body = f"<p>{escape(section.note)}</p>\n" if section.note else ""
    if section.rows:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in section.header)
        head = f"<thead><tr>{head}</tr></thead>\n" if any(section.header) else ""
        rows = "\n".join(
            "<tr>" + "".join(map(_cell, section.header, row)) + "</tr>" for row in section.rows
        )
        body += f'<div class="wide"><table>\n{head}<tbody>\n{rows}\n</tbody></table></div>'
    title = escape(section.title)
    if section.main:
        return f"<h2>{title}</h2>\n{body}"
    return f"<details open><summary>{title}</summary>\n{body}\n</details>"


def _cell(column: str, text: str) -> str:
    side = f' class="{column}"' if column in ("old", "new") else ""
    return f"<td{side}>{escape(text)}</td>"
