"""Exports: tables in the formats of others, with types, units and version as far as each can.

`contents` holds what is written, the other modules write it: `texts` CSV, JSON and BibTeX,
`parquet`, `spreadsheet`, and `databases` SQLite and DuckDB; `write` is the way in.
"""

from diffdata.exporting.contents import Contents, TableContent, contents
from diffdata.exporting.parquet import arrow_table
from diffdata.exporting.write import FORMATS, FormulaWarning, export, export_from

__all__ = [
    "FORMATS",
    "Contents",
    "FormulaWarning",
    "TableContent",
    "arrow_table",
    "contents",
    "export",
    "export_from",
]
