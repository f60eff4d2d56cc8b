"""Comparison: tables, CSV files, folders, archives or revisions, by key and cell by cell.

`places` opens what a user names and compares it; `packages` compares datasets, `table_diff` two
tables. `tables` reads them, `cells` compares two texts. `ordering` lists the changes by
consequence, `outline` arranges them for readers, and `rendering` writes them.
"""

from diffdata.diff.cells import CellChange, Consequence, Difference, difference
from diffdata.diff.ordering import Change, ordered_changes
from diffdata.diff.packages import Explanation, PackageDiff, compare_packages, explain_changes
from diffdata.diff.places import compare, compare_and_explain, open_place
from diffdata.diff.rendering import as_dict, html_page, json_text, markdown, rich_text
from diffdata.diff.table_diff import TableDiff, compare_tables
from diffdata.diff.tables import Table, make_table, parse_table, read_table

__all__ = [
    "CellChange",
    "Change",
    "Consequence",
    "Difference",
    "Explanation",
    "PackageDiff",
    "Table",
    "TableDiff",
    "as_dict",
    "compare",
    "compare_and_explain",
    "compare_packages",
    "compare_tables",
    "difference",
    "explain_changes",
    "html_page",
    "json_text",
    "make_table",
    "markdown",
    "open_place",
    "ordered_changes",
    "parse_table",
    "read_table",
    "rich_text",
]
