"""The dataset in the words of others: Zenodo, schema.org and MLCommons Croissant.

All are made from the descriptor, the schemas and the files, so nothing is stated twice.
"""

from diffdata.metadata.catalogues import schema_org, zenodo
from diffdata.metadata.croissant import croissant

__all__ = ["croissant", "schema_org", "zenodo"]
