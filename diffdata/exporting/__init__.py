"""Exports, citations and metadata: the tables of a package in the formats of other programs."""

from diffdata.exporting.citation import cite
from diffdata.exporting.metadata import croissant, schema_org, zenodo
from diffdata.exporting.write import FormulaWarning, export

__all__ = [
    "FormulaWarning",
    "cite",
    "croissant",
    "export",
    "schema_org",
    "zenodo",
]
