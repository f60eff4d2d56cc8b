"""Parquet, CSV, JSON and BibTeX: files with the same bytes for the same data."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from diffdata.exporting.citation import citation_of, filled, sources_of
from diffdata.exporting.contents import Contents, ExportedTable, type_name
from diffdata.exporting.styles import bibtex
from diffdata.types.definitions import FORMULA
from diffdata.types.text import cell_text


def looks_like_formula(value: str) -> bool:
    """Return whether a spreadsheet would run a text as a formula.

    Examples
    --------
    >>> [looks_like_formula(text) for text in ("=1+1", "@SUM(A1)", "= 451 MWh", "-3.5", "a=b")]
    [True, True, False, False, False]
    """
    return bool(FORMULA.search(value))


def write_parquet(table: ExportedTable, path: Path) -> None:
    """Write a table as a Parquet file."""
    import pyarrow.parquet

    pyarrow.parquet.write_table(table.values, path)


def write_csv(table: ExportedTable, path: Path, *, safe: bool) -> None:
    """Write a table as CSV: UTF-8, line feeds, empty cells for missing values, exact values.

    With `safe`, an apostrophe precedes each text that a spreadsheet would take for a formula.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.schema.column_names)
        for row in table.rows():
            writer.writerow([_cell(value, safe) for value in row])


def _cell(value: Any, safe: bool) -> str:
    guarded = safe and isinstance(value, str) and looks_like_formula(value)
    return f"'{value}" if guarded else cell_text(value)


def write_csvw(contents: Contents, table: ExportedTable, path: Path) -> None:
    """Write types, units and keys of a CSV file as W3C "CSV on the Web" metadata."""
    described = contents.package.descriptor
    schema, digest = table.schema, table.metadata["digest"]
    keys = [
        {
            "columnReference": list(key.fields),
            "reference": {
                "resource": f"{target}.csv",
                "columnReference": list(key.reference.fields),
            },
        }
        for key, target in contents.foreign_keys(table)
    ]
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name.removesuffix("-metadata.json"),
        "dc:title": f"{schema.title} ({described.title})",
        "dc:description": schema.description,
        "dc:license": ", ".join(one.path or one.name for one in described.licenses),
        "schema:name": table.name,
        "schema:version": described.version,
        "schema:identifier": f"{described.name}/{table.name}, content digest {digest}",
        "tableSchema": {
            "columns": [
                filled(
                    {
                        "name": field.name,
                        "titles": field.name,
                        "datatype": type_name(field, "csvw"),
                        "dc:description": field.description,
                        "schema:unitText": field.unit,
                        "required": field.constraints.required,
                    }
                )
                for field in schema.fields
            ],
            "primaryKey": list(schema.primary_key),
        }
        | filled({"foreignKeys": keys}),
    }
    _write_json(document, path)


def write_json(table: ExportedTable, path: Path) -> None:
    """Write a table as one JSON object: description, fields, and rows as objects.

    Integers are written in full; JavaScript rounds those beyond 2**53.
    """
    names, metadata = table.schema.column_names, table.metadata
    head = ("dataset", "version", "table", "digest", "license", "title", "description")
    document = {
        **{key: metadata[key] for key in head},
        "primary_key": list(table.schema.primary_key),
        "fields": [
            filled({key: getattr(field, key) for key in ("name", "type", "unit", "description")})
            for field in table.schema.fields
        ],
        "rows": [dict(zip(names, row, strict=True)) for row in table.rows()],
    }
    _write_json(document, path)


def _write_json(document: Any, path: Path) -> None:
    # JSON has no type for dates, which `str` writes in the ISO format.
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, default=str)
    path.write_text(f"{text}\n", encoding="utf-8", newline="")


def write_bibtex(contents: Contents, path: Path) -> None:
    """Write the dataset and the sources of the tables as BibTeX; ``sources`` gives all sources."""
    package = contents.package
    items = [*citation_of(package), *sources_of(package, contents.names)]
    # BibTeX ignores text outside of the entries.
    head = [
        f"% The sources of {package.descriptor.name} {package.version}",
        *(
            f"% table {table.name}, content digest {table.metadata['digest']}"
            for table in contents.tables
        ),
    ]
    path.write_text("\n".join([*head, "", bibtex(items)]), encoding="utf-8", newline="")
