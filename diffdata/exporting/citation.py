"""What is cited, as items of CSL-JSON; every citation style is written from these."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from diffdata.errors import DescriptorError, PackageError, UnknownNameError, visible
from diffdata.loading import validated_tables
from diffdata.package.files import DESCRIPTOR
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.validation.packages import is_profiled

# One item of CSL-JSON: id, type, title, author, issued, publisher ...
Item = dict[str, Any]
Row = Mapping[str, Any]

# By source_kind; all other sources are web pages without a genre.
_TYPES = {"dataset": "dataset", "paper": "article", "post": "post-weblog", "thesis": "thesis"}
_GENRES = {
    "documentation": "Documentation", "model_card": "Model card", "repository": "Repository",
    "thesis": "Thesis",
}  # fmt: skip
# The inputs of the tables whose own rows name no sources. Any other table without sources depends
# on all tables that it refers to.
_INPUTS = {
    "calculation_inputs": ("estimates",),
    "calculations": ("estimates", "calculation_inputs"),
    "model_summary": ("models", "model_dates", "artifacts", "model_summary_inputs"),
    "model_summary_inputs": ("estimates",),
}
_SUFFIXES = ("Jr.", "Jr", "Sr.", "Sr", "II", "III", "IV")
_COMPANIES = (
    "B.V.", "Co.", "Corp.", "Corporation", "GmbH", "Inc", "Inc.", "Incorporated", "K.K.", "LLC",
    "LLP", "Limited", "Ltd", "Ltd.", "N.V.", "PLC", "S.A.", "plc",
)  # fmt: skip
# The start of the note that identifies the values of a released edition.
DIGEST = "content digest sha256"


def open_profiled(package: Dataset | None, version: str | None) -> Package:
    """Open a dataset; the error for a package that is not meant for diffdata is one sentence."""
    try:
        return open_dataset(package, version)
    except DescriptorError as error:
        if package is None or isinstance(package, Package):
            raise
        path = Path(package)
        if is_profiled(path.parent if path.name == DESCRIPTOR else path):
            raise
        raise PackageError(
            f"{package}: this package does not follow the diffdata profile, which exports, "
            f"citations and metadata require; for example, {error.problems[0]}"
        ) from None


def citation_of(package: Package, what: str | None = None) -> list[Item]:
    """Return the item of the dataset (None), a table or an estimate, and those of its sources."""
    if what is None:
        return [_dataset(package)]
    if what in package.tables:
        return [_dataset(package, what, f"Table {what}"), *sources_of(package, [what])]
    estimates = _by_text(_rows(package, "estimates"), "estimate_id")
    if what not in estimates:
        raise UnknownNameError("table or estimate", what, [*package.tables, *estimates])
    return _of_estimate(package, what, estimates[what])


def sources_of(package: Package, tables: Iterable[str]) -> list[Item]:
    """Return the items of the sources of the rows of some tables, sorted by id."""
    rows_of = cache(partial(_rows, package))
    ids: set[str] = set()

    def collect(table: str, rows: Iterable[Row], visited: set[str]) -> None:
        """Add the sources that rows name; for a table that names none, those of its inputs."""
        visited.add(table)
        keys = {
            key.fields[0]: key.reference
            for key in package.schema(table).foreign_keys
            if len(key.fields) == 1
        }
        columns = [column for column, target in keys.items() if target.resource == "sources"]
        if table == "sources":
            columns = ["source_id"]
        for column in columns:
            ids.update(_by_text(rows, column))
        if columns:
            return
        targets = {target.resource: (column, target.fields[0]) for column, target in keys.items()}
        for other in _INPUTS.get(table, tuple(targets)):
            if other not in visited and other in package.tables:
                inputs = rows_of(other)
                if other in targets:
                    column, target = targets[other]
                    used = {row[column] for row in rows} - {None}
                    inputs = [row for row in inputs if row[target] in used]
                collect(other, inputs, visited)

    for table in tables:
        collect(table, rows_of(table), set())
    return _source_items(package, sorted(ids))


def _rows(package: Package, table: str) -> list[Row]:
    """Return the rows of a table, an empty list if the package does not have it."""
    if table not in package.tables:
        return []
    rows: list[Row] = validated_tables(package, [table])[table].to_pylist()
    return rows


def _by_text(rows: Iterable[Row], column: str) -> dict[str, Row]:
    return {text: row for row in rows if (text := _text(row, column))}


def _source_items(package: Package, ids: Iterable[str]) -> list[Item]:
    rows = _by_text(_rows(package, "sources"), "source_id")
    return [source_item(rows[name]) for name in ids if name in rows]


def _of_estimate(package: Package, name: str, row: Row) -> list[Item]:
    subjects = [
        key.fields[0]
        for key in package.schema("estimates").foreign_keys
        if len(key.fields) == 1 and key.reference.resource not in ("", "quantities", "sources")
    ]
    subject = next((text for column in subjects if (text := _text(row, column))), None)
    about = " of ".join(filter(None, [_text(row, "quantity_id"), subject]))
    source, quoted = _text(row, "source_id"), _text(row, "quoted_in_source_id")
    notes = {source: _text(row, "locator")} if source else {}
    if source and quoted:
        place = f"{notes[source]}; " if notes[source] else ""
        notes |= {source: f"{place}read as quoted in {quoted}", quoted: f"Quotes {source}"}
    title = f"Estimate {name}" + (f" ({about})" if about else "")
    items = _source_items(package, notes)
    return [_dataset(package, name, title), *(filled(i | {"note": notes[i["id"]]}) for i in items)]


def _dataset(package: Package, part: str | None = None, title: str | None = None) -> Item:
    """Return the item of the dataset; the item of a part has its own title and id."""
    described, release = package.descriptor, package.release
    people = described.contributors
    authors = [one for one in people if {"author", "creator"} & set(one.roles)] or people
    item: Item = {
        "id": f"{described.name}-{described.version}" + (f"-{part}" if part else ""),
        "type": "dataset",
        "title": _one_line(f"{title}, in {described.title}" if title else described.title),
        "author": [_name(_one_line(one.title)) for one in authors],
        "publisher": _one_line(", ".join(p.title for p in people if "publisher" in p.roles)),
        "version": described.version,
        "DOI": described.doi or (release and release.doi),
        "URL": _one_line(described.homepage or ""),
        "note": release and f"{DIGEST} {release.digest}",
        "issued": _date(described.created),
    }
    return filled(item)


def source_item(row: Row) -> Item:
    """Return the item of a row of the table ``sources``."""
    source_kind, authors = _text(row, "source_kind") or "", _text(row, "authors")
    kind = _TYPES.get(source_kind, "webpage")
    issuer = "container-title" if kind in ("webpage", "post-weblog") else "publisher"
    precision = {"year": 1, "month": 2}.get(_text(row, "published_precision") or "", 3)
    return filled(
        {
            "id": row["source_id"],
            "type": kind,
            "title": _text(row, "title") or row["source_id"],
            "author": [_name(name) for name in authors.split("; ")] if authors else [],
            issuer: _text(row, "publisher"),
            "genre": _GENRES.get(source_kind),
            "DOI": _text(row, "doi"),
            "URL": _text(row, "url"),
            "issued": _date(row.get("published"), precision),
            "accessed": _date(row.get("accessed")),
        }
    )


def _date(day: Any, parts: int = 3) -> dict[str, list[list[int]]] | None:
    """Return the known parts of a date: year, month, day."""
    if not isinstance(day, datetime.date):
        return None
    return {"date-parts": [[day.year, day.month, day.day][:parts]]}


def _name(name: str) -> dict[str, str]:
    """Split 'Family, Given' and 'Family, Given, Jr.'; all other names are organisations."""
    if name == "and others":
        return {"literal": "others"}
    family, *rest = name.split(", ")
    suffixes = [part for part in rest if part in _SUFFIXES]
    given = [part for part in rest if part not in _SUFFIXES]
    if len(given) != 1 or len(suffixes) > 1 or given[0] in _COMPANIES:
        return {"literal": name}
    return {"family": family, "given": given[0]} | ({"suffix": suffixes[0]} if suffixes else {})


def date_parts(item: Item, key: str = "issued") -> list[Any]:
    """Return year, month and day of a date of an item, None for each that is not known."""
    known = item[key]["date-parts"][0] if key in item else []
    return [*known, None, None, None][:3]


def date_text(item: Item, key: str = "issued") -> str:
    """Return the known parts of a date of an item as text, such as 2022-12."""
    return "-".join(f"{part:02}" for part in date_parts(item, key) if part)


def family_first(name: Mapping[str, str]) -> str:
    """Return a name as 'Family, Given' or 'Family, Given, Jr.'; an organisation as it is."""
    return name.get("literal") or ", ".join(
        name[key] for key in ("family", "given", "suffix") if key in name
    )


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without its empty values."""
    return {key: value for key, value in values.items() if value}


def _one_line(text: str) -> str:
    # Line breaks would start a new field in RIS; other control characters act on a terminal.
    return visible(" ".join(text.split()))


def _text(row: Row, name: str) -> str | None:
    """Return the text of a cell; None where it is missing, or the table has no such column."""
    value = row.get(name)
    return value if isinstance(value, str) and value else None
