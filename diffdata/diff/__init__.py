"""Comparison of tables, CSV files, folders, archives or revisions, by key and cell by cell.

The module can be called: ``diffdata.diff(old, new)``.

Examples
--------
>>> import diffdata
>>> found = diffdata.diff("2026.1", "2026.2", only=["comparisons"])
>>> found.same, set(found.changes["table"])
(False, {'comparisons'})
"""

from diffdata.diff.packages import PackageDiff, compare, compare_packages
from diffdata.diff.rendering import (
    Difference,
    as_dict,
    diff,
    html_page,
    json_text,
    markdown,
    rich_text,
)
from diffdata.diff.table_diff import TableDiff
from diffdata.diff.tables import read_table
from diffdata.display import callable_module

__all__ = [
    "Difference",
    "PackageDiff",
    "TableDiff",
    "as_dict",
    "compare",
    "compare_packages",
    "diff",
    "html_page",
    "json_text",
    "markdown",
    "read_table",
    "rich_text",
]

callable_module(__name__, diff)
