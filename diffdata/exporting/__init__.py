"""Exports, citations and metadata: the tables of a package in the formats of other programs."""

from diffdata.exporting.citation import cite
from diffdata.exporting.metadata import croissant, schema_org, zenodo
from diffdata.exporting.write import FormulaWarning, export, format_of

__all__ = [
    "FormulaWarning",
    "cite",
    "croissant",
    "export",
    "format_of",
    "schema_org",
    "zenodo",
]
