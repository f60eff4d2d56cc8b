"""Citations: of the dataset, of a table, of a single estimate, with the sources behind them.

`records` makes one record of each thing cited, in the terms of CSL-JSON; the other modules each
write such records in one style.
"""

from diffdata.citation.cite import STYLES, cite, cite_from, render
from diffdata.citation.records import Citation, Item, citation_of

__all__ = ["STYLES", "Citation", "Item", "citation_of", "cite", "cite_from", "render"]
