"""CSV, JSON and BibTeX: text files, the same bytes for the same data."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

from diffdata.exporting.cite import render
from diffdata.exporting.contents import Contents, TableContent
from diffdata.exporting.records import Citation, citation_of
from diffdata.schemas.standard import Field
from diffdata.validation.cells import cell_text

# What makes a spreadsheet take a text for a formula; a plain number is none.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?")

_CSVW_TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
}


def formula_cells(table: TableContent) -> list[tuple[str, str]]:
    """Return the texts that a spreadsheet would take for a formula, each with its column."""
    return [
        (field.name, value)
        for field in table.schema.fields
        if field.type == "string"
        for value in table.frame[field.name].dropna()
        if looks_like_formula(value)
    ]


def looks_like_formula(value: str) -> bool:
    """Tell whether a spreadsheet would take a text for a formula.

    Examples
    --------
    >>> [looks_like_formula(text) for text in ("=1+1", "@SUM(A1)", "-cmd", "-3.5", "a=b")]
    [True, True, True, False, False]
    """
    return bool(_FORMULA.match(value)) and not _NUMBER.fullmatch(value)


def write_csv(table: TableContent, path: Path, safe: bool) -> None:
    """Write a table as CSV: UTF-8, line feeds, an empty cell is missing, exact values.

    With `safe`, an apostrophe stands before each text that a spreadsheet would take for a formula.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.schema.column_names)
        for row in table.rows():
            writer.writerow([_cell(value, safe) for value in row])


def _cell(value: Any, safe: bool) -> str:
    guarded = safe and isinstance(value, str) and looks_like_formula(value)
    return f"'{value}" if guarded else cell_text(value)


def write_csvw(found: Contents, table: TableContent, path: Path) -> None:
    """Write what a CSV file cannot say, as W3C "CSV on the Web" metadata that lie beside it."""
    described = found.package.descriptor
    schema = table.schema
    keys = [
        {
            "columnReference": list(key.fields),
            "reference": {
                "resource": f"{target}.csv",
                "columnReference": list(key.reference.fields),
            },
        }
        for key, target in found.foreign_keys(table)
    ]
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name.removesuffix("-metadata.json"),
        "dc:title": f"{schema.title} ({described.title})",
        "dc:description": schema.description,
        "dc:license": ", ".join(one.path or one.name for one in described.licenses),
        "schema:name": table.name,
        "schema:version": described.version,
        "schema:identifier": f"{described.name}/{table.name}, content digest {table.digest}",
        "tableSchema": {
            "columns": [_csvw_column(field) for field in schema.fields],
            "primaryKey": list(schema.primary_key),
            **({"foreignKeys": keys} if keys else {}),
        },
    }
    path.write_text(_json(document), encoding="utf-8", newline="")


def _csvw_column(field: Field) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": field.name,
        "titles": field.name,
        "datatype": _CSVW_TYPES[field.type],
        "dc:description": field.description,
    }
    if field.unit is not None:
        column["schema:unitText"] = field.unit
    if field.constraints.required:
        column["required"] = True
    return column


def write_json(found: Contents, table: TableContent, path: Path) -> None:
    """Write a table as one JSON object: what it is, its fields, and its rows as objects.

    Integers are written in full; JavaScript rounds those beyond 2**53.
    """
    described = found.package.descriptor
    names = table.schema.column_names
    document = {
        "dataset": described.name,
        "version": described.version,
        "table": table.name,
        "digest": table.digest,
        "license": ", ".join(one.name for one in described.licenses),
        "title": table.schema.title,
        "description": table.schema.description,
        "primary_key": list(table.schema.primary_key),
        "fields": [
            {"name": field.name, "type": field.type}
            | ({"unit": field.unit} if field.unit is not None else {})
            | {"description": field.description}
            for field in table.schema.fields
        ],
        "rows": [dict(zip(names, row, strict=True)) for row in table.rows()],
    }
    path.write_text(_json(document), encoding="utf-8", newline="")


def _json(document: Any) -> str:
    # Only dates are not known to JSON.
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, default=str) + "\n"


def write_bibtex(found: Contents, path: Path) -> None:
    """Write the dataset and the sources of the tables as BibTeX; those of ``sources`` are all."""
    package = found.package
    sources = {
        item["id"]: item for name in found.names for item in citation_of(package, name).sources
    }
    dataset = citation_of(package).dataset
    made = Citation(dataset, tuple(sources[name] for name in sorted(sources)))
    # BibTeX passes over what stands outside of the entries.
    head = [
        f"% The sources of {package.descriptor.name} {package.version}",
        *(f"% table {table.name}, content digest {table.digest}" for table in found.tables),
    ]
    text = "\n".join([*head, "", render(package, made, "bibtex")])
    path.write_text(text, encoding="utf-8", newline="")
