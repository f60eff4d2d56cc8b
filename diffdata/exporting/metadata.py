"""Metadata of a package for Zenodo, for schema.org and for MLCommons Croissant."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffdata.exporting.citation import citation_of, cite, date_text, family_first, filled
from diffdata.exporting.write import described_with_unit
from diffdata.package.packages import Package
from diffdata.schemas.profile import Resource
from diffdata.schemas.standard import TableSchema
from diffdata.types.definitions import definition

# The standard context of Croissant 1.0.
_CONTEXT = Path(__file__).with_name("croissant.json")


def zenodo(package: Package) -> dict[str, Any]:
    """Return the metadata of a deposit at Zenodo, for ``.zenodo.json`` or its API."""
    described = package.descriptor
    (item,) = citation_of(package)
    properties = {
        "upload_type": "dataset",
        "title": described.title,
        "description": f"<p>{html.escape(described.description, quote=False)}</p>",
        "creators": [{"name": family_first(name)} for name in item.get("author", [])],
        "access_right": "open",
        "license": described.licenses[0].name.lower(),
        "version": described.version,
        "publication_date": date_text(item),
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
    return filled(properties)


def schema_org(package: Package) -> dict[str, Any]:
    """Return the schema.org ``Dataset``, as JSON-LD for a web page that search engines read."""
    variables = {
        field.name: {
            "@type": "PropertyValue",
            "name": field.name,
            "description": field.description,
            "unitText": f"(see the column {column})"
            if (column := field.unit.removeprefix("column:")) != field.unit
            else field.unit,
        }
        for schema in package.schemas.values()
        for field in schema.fields
        if field.unit is not None
    }
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        **_dataset(package),
        "isAccessibleForFree": True,
        "variableMeasured": list(variables.values()),
        "distribution": [
            {
                "@type": "DataDownload",
                "name": resource.name,
                "description": package.schema(resource.name).description,
                **_file(resource, file, path),
            }
            for resource in package.descriptor.resources
            for file, path in package.files(resource.name).items()
        ],
    }


def croissant(package: Package, *, references: bool = True) -> dict[str, Any]:
    """Return the MLCommons Croissant 1.0 description: files, tables, columns, keys and references.

    It has no field for units, so the description of a column ends with its unit. With `references`
    mlcroissant (1.1) cannot read the rows of a table that has several foreign keys.
    """
    resources = package.descriptor.resources
    return {
        "@context": json.loads(_CONTEXT.read_text(encoding="utf-8")),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **_dataset(package),
        "isLiveDataset": False,
        "citeAs": cite(package=package, style="bibtex").strip(),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": file,
                "name": file,
                "description": f"The table {resource.name}, as CSV.",
                **_file(resource, file, path),
            }
            for resource in resources
            for file, path in package.files(resource.name).items()
        ]
        + [
            {
                "@type": "cr:FileSet",
                "@id": _files_id(resource),
                "name": _files_id(resource),
                "description": f"The files of the table {resource.name}.",
                "encodingFormat": resource.mediatype,
                "includes": list(resource.path),
            }
            for resource in resources
            if len(resource.path) > 1
        ],
        "recordSet": [_record_set(package.schema(one.name), one, references) for one in resources],
    }


def _record_set(schema: TableSchema, resource: Resource, references: bool) -> dict[str, Any]:
    table = resource.name
    # Croissant has references to another record set, but not from a table to itself.
    targets = {
        name: {"references": {"field": {"@id": f"{key.reference.resource}/{target}"}}}
        for key in schema.foreign_keys
        if references and key.reference.resource not in ("", table)
        for name, target in zip(key.fields, key.reference.fields, strict=True)
    }
    keys = [{"@id": f"{table}/{name}"} for name in schema.primary_key]
    kind = "fileSet" if len(resource.path) > 1 else "fileObject"
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
                "description": described_with_unit(field),
                "dataType": definition(field).schema_org,
                "source": {
                    kind: {"@id": _files_id(resource)},
                    "extract": {"column": field.name},
                },
                **targets.get(field.name, {}),
            }
            for field in schema.fields
        ],
    }


def _dataset(package: Package) -> dict[str, Any]:
    """Return the properties that schema.org and Croissant have in common."""
    described = package.descriptor
    (item,) = citation_of(package)
    doi = item.get("DOI") and f"https://doi.org/{item['DOI']}"
    properties = {
        "name": described.name,
        "alternateName": described.title,
        "description": described.description,
        "version": described.version,
        "license": [one.path or one.name for one in described.licenses],
        "creator": [_creator(name) for name in item.get("author", [])],
        "publisher": item.get("publisher") and {"@type": "Organization", "name": item["publisher"]},
        "datePublished": date_text(item),
        "keywords": list(described.keywords),
        "inLanguage": "en",
        "identifier": doi,
        "url": described.homepage or doi,
        "isBasedOn": [source.path for source in described.sources if source.path],
    }
    return filled(properties)


def _creator(name: Mapping[str, str]) -> dict[str, str]:
    if "literal" in name:
        return {"@type": "Organization", "name": name["literal"]}
    keys = {"given": "givenName", "family": "familyName", "suffix": "honorificSuffix"}
    parts = {keys[key]: name[key] for key in keys if key in name}
    return {"@type": "Person", "name": " ".join(parts.values()), **parts}


def _files_id(resource: Resource) -> str:
    """Return the identifier of the file of a table, or of the set of its files."""
    return resource.path[0] if len(resource.path) == 1 else f"{resource.name}-files"


def _file(resource: Resource, file: str, path: Path) -> dict[str, str]:
    """Return the address, format, size and sha256 of a file of a table."""
    data = path.read_bytes()
    return {
        "contentUrl": file,
        "encodingFormat": resource.mediatype,
        "contentSize": f"{len(data)} B",
        "sha256": hashlib.sha256(data).hexdigest(),
    }
