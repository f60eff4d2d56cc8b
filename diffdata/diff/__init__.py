"""Comparison: tables, CSV files, folders, archives or revisions, by key and cell by cell.

`table` reads, `keys`, `columns` and `rows` match, `cells` says how two texts differ, `tables` and
`packages` put that together, `places` opens what a user names, `ordering` lists the changes by
consequence, `explain` recomputes what rests on them; `outline` lays a comparison out, and `text`,
`markdown` and `html` print it.
"""

from diffdata.diff.cells import CellChange, Consequence, Difference, difference
from diffdata.diff.compare import compare, compare_and_explain
from diffdata.diff.explain import Explanation, explain
from diffdata.diff.html import html_page
from diffdata.diff.markdown import markdown
from diffdata.diff.ordering import Change, in_order
from diffdata.diff.packages import PackageDiff, compare_packages
from diffdata.diff.places import Place, open_place
from diffdata.diff.table import Table, make_table, parse_table, read_table
from diffdata.diff.tables import TableDiff, compare_tables
from diffdata.diff.text import rich_text

__all__ = [
    "CellChange",
    "Change",
    "Consequence",
    "Difference",
    "Explanation",
    "PackageDiff",
    "Place",
    "Table",
    "TableDiff",
    "compare",
    "compare_and_explain",
    "compare_packages",
    "compare_tables",
    "difference",
    "explain",
    "html_page",
    "in_order",
    "make_table",
    "markdown",
    "open_place",
    "parse_table",
    "read_table",
    "rich_text",
]
