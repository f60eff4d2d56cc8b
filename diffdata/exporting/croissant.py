"""MLCommons Croissant: files, tables and columns, for those who train on them."""

from __future__ import annotations

from typing import Any

from diffdata.exporting.cite import cite_from
from diffdata.exporting.common import about, fingerprint
from diffdata.package.packages import Package
from diffdata.schemas.profile import Resource
from diffdata.schemas.standard import Field, TableSchema

_TYPES = {
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
_CONTEXT: dict[str, Any] = {
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
    >>> from diffdata.package.packages import open_package
    >>> made = croissant(open_package())
    >>> made["recordSet"][0]["key"], made["recordSet"][0]["field"][0]["dataType"]
    ({'@id': 'sources/source_id'}, 'sc:Text')
    """
    resources = package.descriptor.resources
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **about(package),
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
                **fingerprint(package, resource),
            }
            for resource in resources
        ],
        "recordSet": [_record_set(package.schema(one.name), one, references) for one in resources],
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
                "dataType": _TYPES[field.type],
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
