"""What several kinds of metadata say in the same words."""

from __future__ import annotations

import hashlib
from typing import Any

from diffdata.exporting.records import Item, citation_of
from diffdata.package.packages import Package
from diffdata.schemas.profile import Resource


def about(package: Package) -> dict[str, Any]:
    """Return what schema.org and Croissant say of the dataset in the same words."""
    described = package.descriptor
    item = citation_of(package).dataset
    doi = item.get("DOI") and f"https://doi.org/{item['DOI']}"
    words = {
        "name": described.name,
        "alternateName": described.title,
        "description": described.description,
        "version": described.version,
        "license": [one.path or one.name for one in described.licenses],
        "creator": [_creator(name) for name in item.get("author", [])],
        "publisher": item.get("publisher") and {"@type": "Organization", "name": item["publisher"]},
        "datePublished": released(package),
        "keywords": list(described.keywords),
        "inLanguage": "en",
        "identifier": doi,
        "url": described.homepage or doi,
        "isBasedOn": [source.path for source in described.sources if source.path],
    }
    return {key: value for key, value in words.items() if value}


def released(package: Package) -> str | None:
    """Return the day on which the version was made public, as ISO text."""
    created = package.descriptor.created
    return f"{created:%Y-%m-%d}" if created else None


def _creator(name: Item) -> dict[str, str]:
    if "literal" in name:
        return {"@type": "Organization", "name": name["literal"]}
    return {
        "@type": "Person",
        "name": f"{name['given']} {name['family']}",
        "givenName": name["given"],
        "familyName": name["family"],
    }


def fingerprint(package: Package, resource: Resource) -> dict[str, str]:
    """Return the size and the sha256 of the file of a table."""
    data = package.data_path(resource.name).read_bytes()
    return {"contentSize": f"{len(data)} B", "sha256": hashlib.sha256(data).hexdigest()}
