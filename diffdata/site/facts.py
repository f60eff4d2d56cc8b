"""A dataset as the pages need it: each thing is evaluated once, and each row has one place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from diffdata.answers.layout import Reference, key_of, parts_of
from diffdata.answers.page import Listing, listing_of
from diffdata.engines import to_engine
from diffdata.loading import arrow_tables
from diffdata.lookup.tables import Tables
from diffdata.package.editions import edition_of, edition_order, versions
from diffdata.package.files import bundled_root
from diffdata.package.packages import Package, open_dataset
from diffdata.reproduce import Reproduction, recomputed, verdict_text
from diffdata.schemas.standard import TableSchema

Record = dict[str, Any]

# The tables whose rows have a page each: the column that names them, and the folder of the pages.
KINDS = {
    "models": ("model_id", "models"), "hardware": ("hardware_id", "chips"),
    "benchmarks": ("benchmark_id", "benchmarks"),
    "organizations": ("organization_id", "organizations"),
    "quantities": ("quantity_id", "quantities"), "sources": ("source_id", "sources"),
    "calculations": ("calculation_id", "ledger"),
}  # fmt: skip
# Whose page lists a row: that of the first of these that the row names.
_HOMES = ("model_id", "hardware_id", "benchmark_id", "organization_id", "source_id")
MOST_LISTED = 1200  # rows on one page, so that it stays below a megabyte
_PROVENANCE = {"source_id", "locator", "verification"}


def page_of(table: str, key: str) -> str:
    """Return the path of the page of a model, a chip, a source ... from the top of the site.

    >>> page_of("hardware", "nvidia-a100"), page_of("calculations", "a/b")
    ('chips/nvidia-a100/index.html', 'ledger/a%2Fb/index.html')
    """
    return f"{KINDS[table][1]}/{quote(key, safe='')}/index.html"


class Facts:
    """The tables of a package by rows, the rows by their cells, and the place of each row.

    Attributes
    ----------
    package, edition : the dataset, and the edition that it is
    arrow, tables : its tables, of Arrow and as frames
    listed : the rows that each page lists, by its path, each with its table and its key
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self.edition = edition_of(package.version) or package.version
        self.arrow: Mapping[str, Any] = arrow_tables(package, package.tables)
        self.tables = Tables(package)
        self.tables.update({name: to_engine(table, "pandas") for name, table in self.arrow.items()})
        self._schemas: dict[str, TableSchema] = {}
        self._listings: dict[Reference, Listing] = {}
        self._records: dict[str, list[Record]] = {}
        self._indexes: dict[tuple[str, str], dict[Any, list[Record]]] = {}
        self.listed: dict[str, list[tuple[str, str, Record]]] = defaultdict(list)
        self._places: dict[Reference, str] = {}
        self._place_rows()

    def schema(self, table: str) -> TableSchema:
        """Return the schema of a table."""
        if table not in self._schemas:
            self._schemas[table] = self.tables.schema(table)
        return self._schemas[table]

    def records(self, table: str) -> list[Record]:
        """Return the rows of a table, each with the cells that are filled."""
        if table not in self._records:
            frame = self.tables[table]
            columns = [str(name) for name in frame.columns]
            cells = [
                frame[name].astype(object).where(frame[name].notna(), None).tolist()
                for name in columns
            ]
            self._records[table] = [
                {name: cell for name, cell in zip(columns, row, strict=True) if cell is not None}
                for row in zip(*cells, strict=True)
            ]
        return self._records[table]

    def where(self, table: str, column: str, value: Any) -> list[Record]:
        """Return the rows of a table in which a column has a value."""
        if (table, column) not in self._indexes:
            index = self._indexes[table, column] = defaultdict(list)
            for row in self.records(table):
                if column in row:
                    index[row[column]].append(row)
        return self._indexes[table, column].get(value, [])

    def row(self, table: str, key: Any) -> Record:
        """Return the row of a model, a chip, a source ... by its id; empty if there is none."""
        found = self.where(table, KINDS[table][0] if table in KINDS else _SUMMARIES[table], key)
        return found[0] if found else {}

    def name(self, table: str, key: Any) -> str:
        """Return the name of a model, a chip, a source ..., its id if it has none."""
        row = self.row(table, key)
        return str(row.get("name") or row.get("title") or key)

    def other_names(self, table: str, key: str) -> list[str]:
        """Return the other names of a model, a chip or an organization, in the order of aliases."""
        if table not in ("models", "hardware", "organizations"):
            return []
        return [row["alias"] for row in self.where("aliases", KINDS[table][0], key)]

    @cached_property
    def evaluated(self) -> dict[str, str]:
        """The quantities that ``model_summary`` evaluates, by its columns."""
        return {
            row["summary_column"]: row["quantity_id"]
            for row in self.records("quantities") if "summary_column" in row
        }  # fmt: skip

    def key(self, table: str, row: Record) -> str:
        """Write the key of a row, as in references."""
        names = self.schema(table).primary_key
        return key_of({name: row.get(name) for name in names}, names)

    def _place_rows(self) -> None:
        for table in self.package.tables:
            columns = set(self.schema(table).column_names)
            if table in KINDS:
                for row in self.records(table):
                    key = str(row[KINDS[table][0]])
                    self._places[table, key] = page_of(table, key)
            elif columns >= _PROVENANCE:
                for row in self.records(table):
                    self._place(table, row)
        for path, rows in self.listed.items():
            for table, key, _ in rows[MOST_LISTED:]:
                self._places[table, key] = path

    def _place(self, table: str, row: Record) -> None:
        home = next((column for column in _HOMES if column in row), None)
        if home is None:
            return
        kind = next(name for name, (column, _) in KINDS.items() if column == home)
        key, path = self.key(table, row), page_of(kind, str(row[home]))
        self.listed[path].append((table, key, row))
        self._places[table, key] = f"{path}#{anchor(table, key)}"

    def place(self, table: str, key: str) -> str | None:
        """Return the address of a row, from the top of the site; None if no page lists it."""
        return self._places.get((table, key))

    def linked(self, text: str, root: str) -> Iterator[tuple[str, list[str]]]:
        """Yield the parts of a text, each with the addresses of the rows that it cites."""
        for words, rows in parts_of(text):
            found = (self._places.get(row) for row in rows) if words else ()
            yield words, [root + quote_path(place) for place in dict.fromkeys(filter(None, found))]

    def listing(self, table: str, key: str, row: Record) -> Listing:
        """Return how a row is listed: what it states, and where that comes from."""
        if (table, key) not in self._listings:
            verdict = "; ".join(self.verdicts.get(key, ())) if table == "estimates" else ""
            made = listing_of(table, key, row, self.schema(table), verdict)
            self._listings[table, key] = made
        return self._listings[table, key]

    @cached_property
    def ledger(self) -> dict[str, Reproduction]:
        """The recomputed figures, by their ids."""
        if not {"calculations", "calculation_inputs", "estimates"} <= set(self.package.tables):
            return {}
        return {result.id: result for result in recomputed(self.tables)}

    @cached_property
    def verdicts(self) -> dict[str, list[str]]:
        """The verdicts on each estimate, by its id."""
        found: dict[str, list[str]] = {}
        for row in self.records("calculations"):
            if result := self.ledger.get(row["calculation_id"]):
                found.setdefault(row["estimate_id"], []).append(verdict_text(result))
        return found

    @cached_property
    def earlier(self) -> dict[str, Facts]:
        """The released editions before this one, the oldest first."""
        if self.package.release is None and self.package.root != bundled_root():
            return {}
        order = edition_order(self.edition)
        names = [one.edition for one in versions() if edition_order(one.edition) < order]
        return {name: Facts(open_dataset(None, name)) for name in sorted(names, key=edition_order)}


_SUMMARIES = {"model_summary": "model_id", "hardware_summary": "hardware_id"}


def anchor(table: str, key: str) -> str:
    """Return the id of a row in a page.

    >>> anchor("model_dates", "gpt-3/published/main")
    'model_dates/gpt-3/published/main'
    """
    return re.sub(r"\s", "_", f"{table}/{key}")


def quote_path(place: str) -> str:
    """Write a place of the site as an address: what is in its parts is no part of an address.

    >>> quote_path("ledger/a%2Fb/index.html#models/ü")
    'ledger/a%252Fb/index.html#models/%C3%BC'
    """
    path, hash_, fragment = place.partition("#")
    return quote(path) + hash_ + quote(fragment, safe="/")
