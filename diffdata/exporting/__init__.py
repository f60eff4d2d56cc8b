"""Exports, citations and metadata: the tables of a package in the formats of other programs.

`write` writes the tables of `contents` in a format, with `files` (CSV, Parquet, JSON, BibTeX),
`spreadsheet` and `databases`. `citation` collects what is cited, `styles` writes it, and `metadata`
describes a package for Zenodo, search engines and Croissant.
"""

from diffdata.exporting.citation import open_profiled
from diffdata.exporting.contents import Contents, contents
from diffdata.exporting.metadata import croissant, schema_org, zenodo
from diffdata.exporting.styles import STYLES, cite, cite_from
from diffdata.exporting.write import FORMATS, FormulaWarning, export, export_from

__all__ = [
    "FORMATS",
    "STYLES",
    "Contents",
    "FormulaWarning",
    "cite",
    "cite_from",
    "contents",
    "croissant",
    "export",
    "export_from",
    "open_profiled",
    "schema_org",
    "zenodo",
]
