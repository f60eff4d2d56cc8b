"""Catalogues of data: Zenodo, and the search engines that read schema.org."""

from __future__ import annotations

import html
from typing import Any

from diffdata.exporting.common import about, fingerprint, released
from diffdata.exporting.records import citation_of
from diffdata.package.packages import Package
from diffdata.schemas.standard import Field


def zenodo(package: Package) -> dict[str, Any]:
    """Return the metadata of a deposit at Zenodo, for ``.zenodo.json`` or its API.

    Parameters
    ----------
    package
        The dataset.

    Returns
    -------
    metadata
        The fields of the ``metadata`` object of a deposition. ``doi`` is there once it is minted.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> made = zenodo(open_package())
    >>> made["upload_type"], made["version"], made["license"]
    ('dataset', '2026.2.0', 'cc-by-4.0')
    """
    described = package.descriptor
    item = citation_of(package).dataset
    metadata = {
        "upload_type": "dataset",
        "title": described.title,
        "description": f"<p>{html.escape(described.description, quote=False)}</p>",
        "creators": [{"name": _name(name)} for name in item.get("author", [])],
        "access_right": "open",
        "license": described.licenses[0].name.lower(),
        "version": described.version,
        "publication_date": released(package),
        "language": "eng",
        "keywords": list(described.keywords),
        "doi": item.get("DOI"),
        "related_identifiers": [
            {"identifier": source.path, "relation": "isDerivedFrom"}
            for source in described.sources
            if source.path
        ],
        "references": [source.title for source in described.sources],
    }
    return {key: value for key, value in metadata.items() if value}


def schema_org(package: Package) -> dict[str, Any]:
    """Return the schema.org ``Dataset``, as JSON-LD for a web page that search engines read.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> made = schema_org(open_package())
    >>> made["@type"], made["version"], made["distribution"][0]["encodingFormat"]
    ('Dataset', '2026.2.0', 'text/csv')
    """
    variables = {
        field.name: _variable(field)
        for schema in package.schemas.values()
        for field in schema.fields
        if field.unit is not None
    }
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        **about(package),
        "isAccessibleForFree": True,
        "variableMeasured": list(variables.values()),
        "distribution": [
            {
                "@type": "DataDownload",
                "name": resource.name,
                "description": package.schema(resource.name).description,
                "contentUrl": resource.path,
                "encodingFormat": resource.mediatype,
                **fingerprint(package, resource),
            }
            for resource in package.descriptor.resources
        ],
    }


def _name(name: dict[str, str]) -> str:
    return name.get("literal") or f"{name['family']}, {name['given']}"


def _variable(field: Field) -> dict[str, str]:
    """Describe a number; one whose unit stands in another column of the row says so."""
    unit = str(field.unit)
    column = unit.removeprefix("column:")
    told = f"(see the column {column})" if column != unit else unit
    return {
        "@type": "PropertyValue",
        "name": field.name,
        "description": field.description,
        "unitText": told,
    }
