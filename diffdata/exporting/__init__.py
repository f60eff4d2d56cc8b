"""Exports, citations and metadata: the tables of a package in the formats of other programs."""

from diffdata.exporting.citation import open_profiled
from diffdata.exporting.metadata import croissant, schema_org, zenodo
from diffdata.exporting.styles import cite
from diffdata.exporting.write import FormulaWarning, export

__all__ = [
    "FormulaWarning",
    "cite",
    "croissant",
    "export",
    "open_profiled",
    "schema_org",
    "zenodo",
]
