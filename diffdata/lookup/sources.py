"""List what was taken from a source, in the order of its text, to check it with the text open."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.loading import load_all
from diffdata.lookup.text import date, each, figure_text, subject_of
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.schemas.standard import TableSchema
from diffdata.types.text import cell_text

_SOURCE_COLUMNS = {"source_id", "quoted_in_source_id"}
# Columns that say where a row comes from, not what it states.
_PROVENANCE = _SOURCE_COLUMNS | {"locator", "verification", "note", "as_printed"}


def taken_from(
    source: str, *, package: Dataset | None = None, version: str | None = None
) -> pd.DataFrame:
    """Return everything that was taken from a source, in the order of the source.

    Parameters
    ----------
    source : a source_id
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        One row for each row of any table that the source states, or that was read in it as a
        quotation. Columns: locator, table, key, says (in our words), as_printed, verification,
        stated_by (the source whose words are quoted, if it is another one).

    Raises
    ------
    UnknownNameError
        If there is no such source; the nearest names are suggested.

    Examples
    --------
    >>> taken = taken_from("daan-2024-gpt-3-level")
    >>> taken.loc[taken["key"] == "daan-gpt-3-duration", "says"].tolist()
    ['training_duration of gpt-3: 14.8 day']
    """
    dataset = open_dataset(package, version)
    tables = _sourced_tables(dataset)
    frames = load_all(dataset, [*tables, "sources", "source_sections"])
    if source not in set(frames["sources"]["source_id"]):
        raise UnknownNameError("source", source, frames["sources"]["source_id"])
    sections = frames["source_sections"].sort_values("position")
    names = list(sections.loc[sections["source_id"] == source, "section"])
    rows: list[tuple[str, ...]] = []
    for table, schema in tables.items():
        frame = frames[table]
        named = (frame.filter([*_SOURCE_COLUMNS]) == source).any(axis=1)
        rows += (
            (
                row["locator"],
                table,
                " ".join(cell_text(row[name]) for name in schema.primary_key),
                _statement(row, table, schema),
                cell_text(row.get("as_printed")),
                row["verification"],
                row["source_id"] if row["source_id"] != source else "",
            )
            for row in frame[named].to_dict(orient="records")
        )
    columns = ["locator", "table", "key", "says", "as_printed", "verification", "stated_by"]
    # What other sources state and this one quotes comes last.
    rows.sort(key=lambda row: (math.inf,) if row[-1] else reading_order(row[0], names))
    return pd.DataFrame(rows, columns=columns)


def row_counts(*, package: Dataset | None = None, version: str | None = None) -> pd.DataFrame:
    """Return how many rows were taken from each source, also as a quotation; the most first."""
    dataset = open_dataset(package, version)
    tables = _sourced_tables(dataset)
    frames = load_all(dataset, [*tables, "sources"])
    counts = pd.concat(
        frames[name][column].dropna()
        for name in tables
        for column in _SOURCE_COLUMNS & set(frames[name].columns)
    ).value_counts()
    rows = [
        (row.source_id, counts.get(row.source_id, 0), date(row.published, row.published_precision),
         row.title)
        for row in each(frames["sources"])
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=["source", "rows", "published", "title"])
    return found.sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def reading_list(taken: pd.DataFrame) -> str:
    """Write a frame of `taken_from` as text: each locator, and under it the rows taken there."""
    lines: list[str] = []
    for (locator, stated_by), rows in groupby(each(taken), attrgetter("locator", "stated_by")):
        lines += ["", f"{locator} (in {stated_by})" if stated_by else locator]
        for row in rows:
            lines.append(f"  {row.table} {row.key}: {row.says}")
            if row.as_printed:
                lines.append(f"    printed: {row.as_printed}")
    return "\n".join(lines).strip()


def section_of(locator: str, sections: Sequence[str]) -> str | None:
    """Return the longest section of a source with which a locator begins, None without one."""
    matching = [name for name in sections if re.match(rf"{re.escape(name)}(?!\w)", locator)]
    return max(matching, key=len, default=None)


def reading_order(locator: str, sections: Sequence[str]) -> tuple[float, ...]:
    """Return a sort key for a locator: the position of its section, then the numbers in it."""
    section = section_of(locator, sections)
    if section is None:
        return (len(sections),)
    rest = locator.removeprefix(section).split(";")[0]
    parts = re.findall(r"\d+|\blast\b|\bfinal\b", rest)
    return (sections.index(section), *(float(p) if p.isdigit() else math.inf for p in parts))


def _sourced_tables(package: Package) -> dict[str, TableSchema]:
    """Return the tables whose rows name a source and a place in it, with their schemas."""
    return {
        name: schema
        for name, schema in package.schemas.items()
        if {"source_id", "locator"} <= set(schema.column_names)
    }


def _statement(row: dict[Hashable, Any], table: str, schema: TableSchema) -> str:
    """Write in a line what a row states, without its key and its provenance."""
    if table == "estimates":
        return f"{row['quantity_id']} of {subject_of(row)}: {figure_text(row)}"
    omitted = _PROVENANCE | set(schema.primary_key)
    cells = ((name, row[name]) for name in schema.column_names if name not in omitted)
    return "; ".join(f"{name}: {cell_text(cell)}" for name, cell in cells if pd.notna(cell))
