"""What is cited, as records in the terms of CSL-JSON; every style is written from these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.loading.validated import load_all
from diffdata.lookup.rows import each
from diffdata.package.packages import Package

# One item of CSL-JSON: id, type, title, author, issued, publisher ...
Item = dict[str, Any]

_TYPES = {
    "dataset": "dataset",
    "paper": "article",
    "post": "post-weblog",
    "thesis": "thesis",
}
_GENRES = {
    "documentation": "Documentation",
    "model_card": "Model card",
    "repository": "Repository",
    "thesis": "Thesis",
}
# What the tables are made of whose own rows name no sources; any other such table rests on all that
# it refers to.
_MADE_OF = {
    "calculation_inputs": ("estimates",),
    "calculations": ("estimates", "calculation_inputs"),
    "model_summary": ("models", "model_dates", "artifacts", "model_summary_inputs"),
    "model_summary_inputs": ("estimates",),
}
_OTHERS = "and others"
# How a released edition tells its values from those of any other, in words and as a number.
DIGEST = "content digest sha256"


@dataclass(frozen=True)
class Citation:
    """The dataset, or a part of it, and the sources that the part rests on."""

    dataset: Item
    sources: tuple[Item, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """The dataset and then its sources."""
        return (self.dataset, *self.sources)


def citation_of(package: Package, what: str | None = None) -> Citation:
    """Return the records of the dataset (None), of a table, or of an estimate.

    Raises
    ------
    UnknownNameError
        If `what` is neither the name of a table nor an estimate_id.
    """
    if what is None:
        return Citation(_dataset(package))
    if what in package.tables:
        tables = _Sources(package)
        part = _dataset(package, what, f"Table {what}")
        return Citation(part, tuple(tables.items(tables.behind(what))))
    known = list(package.tables)
    if "estimates" in package.tables:
        frame = load_all(package, ["estimates"])["estimates"]
        if "estimate_id" in frame:
            known.extend(frame["estimate_id"])
            for row in each(frame[frame["estimate_id"] == what]):
                return _of_estimate(package, row)
    raise UnknownNameError("table or estimate", what, known)


def _of_estimate(package: Package, row: Any) -> Citation:
    subjects = [
        key.fields[0]
        for key in package.schema("estimates").foreign_keys
        if len(key.fields) == 1 and key.reference.resource not in ("", "quantities", "sources")
    ]
    subject = next((text for name in subjects if (text := _text(row, name))), None)
    about = " of ".join(filter(None, [_text(row, "quantity_id"), subject]))
    part = f"Estimate {row.estimate_id}" + (f" ({about})" if about else "")
    source, quoted = _text(row, "source_id"), _text(row, "quoted_in_source_id")
    notes = {source: _text(row, "locator")} if source else {}
    if source and quoted:
        place = f"{notes[source]}; " if notes[source] else ""
        notes |= {source: f"{place}read as quoted in {quoted}", quoted: f"Quotes {source}"}
    items = [
        item | ({"note": note} if (note := notes[item["id"]]) else {})
        for item in _Sources(package).items(notes)
    ]
    return Citation(_dataset(package, row.estimate_id, part), tuple(items))


class _Sources:
    """The sources of a package; each table is loaded once, when it is first asked for."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._frames: dict[str, pd.DataFrame] = {}

    def items(self, ids: Iterable[str]) -> list[Item]:
        """Return the records of some sources, in the order of the ids."""
        if "sources" not in self._package.tables:
            return []
        rows = {row.source_id: row for row in each(self._frame("sources"))}
        return [source_item(rows[one]) for one in ids if one in rows]

    def behind(self, table: str) -> list[str]:
        """Return the ids of the sources that the rows of a table rest on, sorted."""
        found: set[str] = set()
        self._collect(table, self._frame(table), found, set())
        return sorted(found)

    def _collect(self, table: str, rows: pd.DataFrame, found: set[str], passed: set[str]) -> None:
        """Add the sources that rows name; where a table names none, those of what it refers to."""
        passed.add(table)
        if table == "sources":
            found.update(rows["source_id"])
            return
        keys = {
            key.fields[0]: key.reference
            for key in self._package.schema(table).foreign_keys
            if len(key.fields) == 1
        }
        named = [column for column, target in keys.items() if target.resource == "sources"]
        for column in named:
            found.update(rows[column].dropna())
        if named:
            return
        targets = {target.resource: (column, target) for column, target in keys.items()}
        for other in _MADE_OF.get(table, tuple(targets)):
            if other in passed or other not in self._package.tables:
                continue
            frame = self._frame(other)
            if other in targets:
                column, target = targets[other]
                frame = frame[frame[target.fields[0]].isin(rows[column].dropna())]
            self._collect(other, frame, found, passed)

    def _frame(self, table: str) -> pd.DataFrame:
        if table not in self._frames:
            self._frames |= load_all(self._package, [table])
        return self._frames[table]


def _dataset(package: Package, part: str | None = None, title: str | None = None) -> Item:
    """Return the record of the dataset; that of a part has a title and a key of its own."""
    described = package.descriptor
    people = described.contributors
    authors = [one for one in people if {"author", "creator"} & set(one.roles)] or people
    publishers = [one.title for one in people if "publisher" in one.roles]
    item: Item = {
        "id": f"{described.name}-{described.version}" + (f"-{part}" if part else ""),
        "type": "dataset",
        "title": f"{title}, in {described.title}" if title else described.title,
        "author": _names(one.title for one in authors),
        "publisher": ", ".join(publishers),
        "version": described.version,
        "DOI": described.doi,
        "URL": described.homepage,
    }
    if package.release is not None:
        item["DOI"] = described.doi or package.release.doi
        item["note"] = f"{DIGEST} {package.release.digest}"
    if described.created:
        created = described.created
        item["issued"] = _date(created.year, created.month, created.day)
    return {key: value for key, value in item.items() if value}


def source_item(row: Any) -> Item:
    """Return the record of a row of the table ``sources``.

    Examples
    --------
    >>> from diffdata import load
    >>> sources = load("sources")
    >>> (row,) = each(sources[sources["source_id"] == "brown-2020"])
    >>> source_item(row)["author"][-2:], source_item(row)["issued"]
    ([{'family': 'Ryder', 'given': 'Nick'}, {'literal': 'others'}], \
{'date-parts': [[2020, 5, 28]]})
    """
    kind = _TYPES.get(_text(row, "source_kind") or "", "webpage")
    on_a_site = kind in ("webpage", "post-weblog")
    authors = _text(row, "authors")
    item: Item = {
        "id": row.source_id,
        "type": kind,
        "title": _text(row, "title") or row.source_id,
        "author": _names(authors.split("; ")) if authors else [],
        "container-title" if on_a_site else "publisher": _text(row, "publisher"),
        "genre": _GENRES.get(_text(row, "source_kind") or ""),
        "DOI": _text(row, "doi"),
        "URL": _text(row, "url"),
        "issued": _day(row, "published", {"year": 1, "month": 2}),
        "accessed": _day(row, "accessed", {}),
    }
    return {key: value for key, value in item.items() if value}


def _day(row: Any, name: str, lengths: dict[str, int]) -> dict[str, list[list[int]]] | None:
    """Return a date with as many parts as its precision says are known."""
    day = getattr(row, name, None)
    if day is None or pd.isna(day):
        return None
    known = lengths.get(_text(row, f"{name}_precision") or "day", 3)
    return _date(*(day.year, day.month, day.day)[:known])


def _names(names: Iterable[str]) -> list[dict[str, str]]:
    """Split 'Family, Given' into its parts; any other name is that of an organisation, whole."""
    found = []
    for name in names:
        family, comma, given = name.partition(", ")
        if name == _OTHERS:
            found.append({"literal": "others"})
        elif comma:
            found.append({"family": family, "given": given})
        else:
            found.append({"literal": name})
    return found


def _date(*parts: int) -> dict[str, list[list[int]]]:
    return {"date-parts": [list(parts)]}


def _text(row: Any, name: str) -> str | None:
    """Return the text of a cell; None where it is missing, or the package has no such column."""
    value = getattr(row, name, None)
    return value if isinstance(value, str) and value else None
