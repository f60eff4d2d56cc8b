"""The tables in the browser: a page for each, its rows as a script, and files to download.

Rows come as a script (``data/TABLE.js``) that puts them into one global object, not as JSON: a page
that is opened from disk may load a script, but may not fetch a file. The first rows are in the page
itself, for readers without scripts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from diffdata.answers.layout import key_of
from diffdata.lookup.text import human, plain, unit_of
from diffdata.package.packages import Package
from diffdata.package.pinned import reviewed_rows
from diffdata.schemas.standard import Field, TableSchema
from diffdata.site.facts import KINDS, Facts, page_of
from diffdata.site.layout import page
from diffdata.types.text import cell_text

_FIRST = 100  # rows in the page itself
_CHOICES = 40  # most values of a column that is filtered by choice
_SHOWN, _MOST_SHOWN = 0.2, 12  # a column is shown if so many cells are filled; most columns
_LONG = 80  # characters from which a text is cut where it is shown
_REVIEWED = "Whether people read the source of the row; others are from imported databases."

Row = Mapping[str, Any]


def table_pages(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield path and text of the page of each table, of its rows, and of the list of all tables."""
    package = facts.package
    listed = []
    for name, table in facts.arrow.items():
        schema = package.schema(name)
        columns = _columns(name, schema, table)
        rows = table.slice(0, _FIRST).to_pylist()
        described = {
            "name": name, "key": list(schema.primary_key), "rows": table.num_rows,
            "columns": columns,
        }  # fmt: skip
        script = json.dumps(described, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        yield f"data/{name}.js", f"(globalThis.diffdata ??= {{}})[{json.dumps(name)}]={script};\n"
        path = f"tables/{name}/index.html"
        shown = [column for column in columns if column.get("shown")]
        yield path, page(
            "table.html.j2", path, edition=facts.edition, name=name, schema=schema,
            title=schema.title or plain(name), description=schema.description,
            columns=columns, shown=shown,
            rows=[
                (key_of(row, schema.primary_key), [_cell(column, row) for column in shown])
                for row in rows
            ],
            total=table.num_rows, plain=plain, fixed=_fixed_unit,
            references=_references(schema, name), metadata=_metadata(package, name, schema),
        )  # fmt: skip
        listed.append((name, schema, table.num_rows))
    path = "tables/index.html"
    yield path, page(
        "tables.html.j2", path, edition=facts.edition, title="Tables", tables=listed, plain=plain,
        description="All tables of diffdata, to search, filter, group and download.",
    )  # fmt: skip


def address(table: str, key: str) -> str:
    """Return where a row is shown, from the top of the site: its page, or its place in the table.

    >>> address("models", "gpt-3"), address("estimates", "brown/2020")
    ('models/gpt-3/index.html', 'tables/estimates/index.html#row=brown%2F2020')
    """
    if table in KINDS:
        return page_of(table, key)
    return f"tables/{table}/index.html#row={_quoted(key)}"


def _quoted(key: str) -> str:
    return quote(key, safe="!'()*~")  # as `encodeURIComponent`


def _references(schema: TableSchema, table: str) -> dict[str, str]:
    """Return the tables that columns refer to, by column."""
    found = {
        key.fields[0]: key.reference.resource or table
        for key in schema.foreign_keys
        if len(key.fields) == 1 or key.reference.resource in KINDS
    }  # fmt: skip
    if table in KINDS:
        found[schema.primary_key[0]] = table
    return found


def _columns(name: str, schema: TableSchema, table: Any) -> list[dict[str, Any]]:
    """Return what the browser needs to know of each column, and its values."""
    references = _references(schema, name)
    columns = []
    for field in schema.fields:
        cells = table.column(field.name).to_pylist()
        column = _column(field, cells, schema) | _values(cells)
        if target := references.get(field.name):
            column |= {"kind": "text", "to": target}
            column |= {"folder": KINDS[target][1]} if target in KINDS else {}
        columns.append(column)
    reviewed = reviewed_rows(table).num_rows
    if reviewed != table.num_rows and "reviewed" not in schema.column_names:
        flags = [True] * reviewed + [False] * (table.num_rows - reviewed)
        added = {"name": "reviewed", "kind": "flag", "description": _REVIEWED, "filled": 1.0}
        columns.append(added | _values(flags))
    _choose(columns, schema.primary_key)
    return columns


def _column(field: Field, cells: list[Any], schema: TableSchema) -> dict[str, Any]:
    there = [cell for cell in cells if cell is not None]
    column: dict[str, Any] = {
        "name": field.name, "kind": "text", "description": field.description,
        "filled": len(there) / max(len(cells), 1),
    }  # fmt: skip
    if field.type in ("integer", "number", "year"):
        column["kind"] = "number"
        if field.type == "year" or field.unit == "year":
            column["kind"] = "year"
        elif field.unit:
            column["unit"] = field.unit
    elif field.type == "boolean":
        column["kind"] = "flag"
    elif field.type in ("date", "datetime"):
        column["kind"] = "date"
        if f"{field.name}_precision" in schema.column_names:
            column["precision"] = f"{field.name}_precision"
    elif len({*there}) <= _CHOICES and len({*there}) < len(there):
        column["kind"] = "choice"
    return column


def _values(cells: list[Any]) -> dict[str, Any]:
    """Return the values, numbers by themselves and others as places in the list of what occurs."""
    texts = [
        cell if cell is None or isinstance(cell, (bool, int, float)) else cell_text(cell)
        for cell in cells
    ]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    if len(places) > len(texts) / 2 or all(isinstance(text, bool) for text in places):
        return {"values": texts}
    return {"of": list(places), "at": [places[text] for text in texts]}


def _choose(columns: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    """Mark the columns that are shown until the reader chooses others."""
    units = {str(column.get("unit")).removeprefix("column:") for column in columns}
    left = _MOST_SHOWN
    for column in columns:
        name, filled = column["name"], column.pop("filled")
        main = name in key or filled >= _SHOWN or (name in ("low", "high") and filled)
        # What a date or a number shows by itself, and what few ask for.
        part = name in units or name.endswith(("_precision", "_level", "_method", "statistic"))
        if main and not part and (left > 0 or name == "reviewed"):
            column["shown"] = True
            left -= 1


def _cell(column: Mapping[str, Any], row: Row) -> dict[str, str]:
    """Return how a cell is shown: its text, the exact one, its address, and its class."""
    value = row.get(column["name"], True)  # only reviewed rows come first
    exact = cell_text(value)
    if value is None:
        return {"text": ""}
    if column["kind"] == "number":
        unit, fixed = _unit(column, row)
        text = human(value, unit, bare=fixed)
        long = f"{exact} {unit}".strip() if unit != "1" else exact
        return {"text": text, "class": "number", "full": long if text != exact else ""}
    if column["kind"] == "flag":
        return {"text": "yes" if value else "no"}
    if column["kind"] == "date":
        precision = row.get(column.get("precision", ""), None)
        return {
            "text": exact[: {"year": 4, "month": 7}.get(str(precision), 10)],
            "class": "date",
        }
    cell = {"text": exact, "class": "number" if column["kind"] == "year" else ""}
    if target := column.get("to"):
        cell["to"] = address(target, exact)
    elif column["name"] == "url" and urlsplit(exact).scheme in ("http", "https"):
        cell["web"] = exact
    elif column["name"] == "doi":
        cell["web"] = f"https://doi.org/{quote(exact)}"
    elif len(exact) > _LONG:
        cell |= {"class": "long", "full": exact}
    return cell


def _unit(column: Mapping[str, Any], row: Row) -> tuple[str, bool]:
    """Return the unit of a number, and whether it is that of the whole column."""
    unit = column.get("unit", "1")
    if unit.startswith("column:"):
        unit = row[unit.removeprefix("column:")] or "1"
        return unit_of(unit, row.get("currency") or "USD"), False
    if unit == "currency":
        return row.get("currency") or "USD", False
    return unit, unit != "USD"


def _fixed_unit(column: Mapping[str, Any]) -> str:
    """Return the unit that the heading of a column names."""
    unit = str(column.get("unit", "1"))
    return "" if ":" in unit or unit in ("1", "currency") else unit


def _metadata(package: Package, name: str, schema: TableSchema) -> dict[str, Any]:
    """Return the description of a table for search engines (schema.org)."""
    described = package.descriptor
    files = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet",
             "json": "application/json"}  # fmt: skip
    return {
        "@context": "https://schema.org", "@type": "Dataset", "name": f"diffdata: {schema.title}",
        "description": f"{schema.title}. {schema.description} {described.description}",
        "version": described.version,
        "license": ", ".join(one.path or one.name for one in described.licenses),
        "isAccessibleForFree": True,
        "creator": [{"@type": "Organization", "name": "The diffdata authors"}],
        "variableMeasured": [
            {"@type": "PropertyValue", "name": field.name, "description": field.description}
            | ({"unitText": field.unit} if field.unit else {})
            for field in schema.fields
        ],
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": kind,
             "contentUrl": f"../../data/{name}.{suffix}"}
            for suffix, kind in files.items()
        ],
    }  # fmt: skip
