"""Comparison of tables, CSV files, folders, archives or revisions, by key and cell by cell."""

from diffdata.diff.packages import PackageDiff, compare, compare_packages
from diffdata.diff.rendering import as_dict, html_page, json_text, markdown, rich_text
from diffdata.diff.table_diff import TableDiff
from diffdata.diff.tables import read_table

__all__ = [
    "PackageDiff",
    "TableDiff",
    "as_dict",
    "compare",
    "compare_packages",
    "html_page",
    "json_text",
    "markdown",
    "read_table",
    "rich_text",
]
