"""The dataset in the words of others: Zenodo, schema.org and MLCommons Croissant.

All three are made from the descriptor, the schemas and the files, so nothing is stated twice.
"""

from __future__ import annotations

import hashlib
import html
from typing import Any

from diffdata.citation import cite_from
from diffdata.citation.records import Item, citation_of
from diffdata.descriptor import Field, Resource, TableSchema
from diffdata.packages import Package

_SCHEMA_TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
}

# The names of the format that are not schema.org's, as its specification (1.0) spells them.
_CR_NAMES = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
_CROISSANT_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: f"cr:{name}" for name in _CR_NAMES},
}


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
    >>> from diffdata.packages import open_package
    >>> made = zenodo(open_package())
    >>> made["upload_type"], made["version"], made["license"]
    ('dataset', '2026.1.0', 'cc-by-4.0')
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
        "publication_date": _released(package),
        "language": "eng",
        "keywords": list(described.keywords),
        "doi": described.doi,
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
    >>> from diffdata.packages import open_package
    >>> made = schema_org(open_package())
    >>> made["@type"], made["version"], made["distribution"][0]["encodingFormat"]
    ('Dataset', '2026.1.0', 'text/csv')
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
        **_about(package),
        "isAccessibleForFree": True,
        "variableMeasured": list(variables.values()),
        "distribution": [
            {
                "@type": "DataDownload",
                "name": resource.name,
                "description": package.schema(resource.name).description,
                "contentUrl": resource.path,
                "encodingFormat": resource.mediatype,
                **_fingerprint(package, resource),
            }
            for resource in package.descriptor.resources
        ],
    }


def croissant(package: Package, *, references: bool = True) -> dict[str, Any]:
    """Return the MLCommons Croissant 1.0 description: files, tables, columns, keys and references.

    Croissant has no place for units, so the description of a column ends with its unit.

    Parameters
    ----------
    package
        The dataset.
    references
        Whether foreign keys are in it. mlcroissant (1.1) accepts them, but where a table has
        several it fails to read the rows, for it joins the tables: leave them out to read with it.

    Returns
    -------
    metadata
        JSON-LD; the addresses of the files are relative to the folder of the descriptor.

    Examples
    --------
    >>> from diffdata.packages import open_package
    >>> made = croissant(open_package())
    >>> made["recordSet"][0]["key"], made["recordSet"][0]["field"][0]["dataType"]
    ({'@id': 'sources/source_id'}, 'sc:Text')
    """
    resources = package.descriptor.resources
    return {
        "@context": _CROISSANT_CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **_about(package),
        "isLiveDataset": False,
        "citeAs": cite_from(package, style="bibtex").strip(),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": resource.path,
                "name": resource.path,
                "description": f"The table {resource.name}, as CSV.",
                "contentUrl": resource.path,
                "encodingFormat": resource.mediatype,
                **_fingerprint(package, resource),
            }
            for resource in resources
        ],
        "recordSet": [_record_set(package.schema(one.name), one, references) for one in resources],
    }


def _about(package: Package) -> dict[str, Any]:
    """Return what schema.org and Croissant say of the dataset in the same words."""
    described = package.descriptor
    item = citation_of(package).dataset
    doi = described.doi and f"https://doi.org/{described.doi}"
    about = {
        "name": described.name,
        "alternateName": described.title,
        "description": described.description,
        "version": described.version,
        "license": [one.path or one.name for one in described.licenses],
        "creator": [_creator(name) for name in item.get("author", [])],
        "publisher": item.get("publisher") and {"@type": "Organization", "name": item["publisher"]},
        "datePublished": _released(package),
        "keywords": list(described.keywords),
        "inLanguage": "en",
        "identifier": doi,
        "url": described.homepage or doi,
        "isBasedOn": [source.path for source in described.sources if source.path],
    }
    return {key: value for key, value in about.items() if value}


def _released(package: Package) -> str | None:
    created = package.descriptor.created
    return f"{created:%Y-%m-%d}" if created else None


def _name(name: dict[str, str]) -> str:
    return name.get("literal") or f"{name['family']}, {name['given']}"


def _creator(name: Item) -> dict[str, str]:
    if "literal" in name:
        return {"@type": "Organization", "name": name["literal"]}
    return {
        "@type": "Person",
        "name": f"{name['given']} {name['family']}",
        "givenName": name["given"],
        "familyName": name["family"],
    }


def _fingerprint(package: Package, resource: Resource) -> dict[str, str]:
    data = package.data_path(resource.name).read_bytes()
    return {"contentSize": f"{len(data)} B", "sha256": hashlib.sha256(data).hexdigest()}


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


def _record_set(schema: TableSchema, resource: Resource, references: bool) -> dict[str, Any]:
    table = resource.name
    # Croissant knows references to another record set, not those of a table to itself.
    targets = {
        name: f"{key.reference.resource}/{target}"
        for key in schema.foreign_keys
        if references and key.reference.resource not in ("", table)
        for name, target in zip(key.fields, key.reference.fields, strict=True)
    }
    keys = [{"@id": f"{table}/{name}"} for name in schema.primary_key]
    return {
        "@type": "cr:RecordSet",
        "@id": table,
        "name": table,
        "description": f"{schema.title}. {schema.description}",
        "key": keys if len(keys) > 1 else keys[0],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table}/{field.name}",
                "name": field.name,
                "description": _description(field),
                "dataType": _SCHEMA_TYPES[field.type],
                "source": {
                    "fileObject": {"@id": resource.path},
                    "extract": {"column": field.name},
                },
                **(
                    {"references": {"field": {"@id": targets[field.name]}}}
                    if field.name in targets
                    else {}
                ),
            }
            for field in schema.fields
        ],
    }


def _description(field: Field) -> str:
    if field.unit is None:
        return field.description
    column = field.unit.removeprefix("column:")
    if column != field.unit:
        return f"{field.description} Unit: in the column {column}."
    return f"{field.description} Unit: {field.unit}."
