"""What was taken from a source, in the order of the source: to check it with the text open."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.loading.validated import load_all
from diffdata.lookup.figures import date
from diffdata.lookup.rows import each, figure, subject_of
from diffdata.package.opening import Dataset, open_dataset
from diffdata.package.packages import Package
from diffdata.schemas.standard import TableSchema
from diffdata.validation.cells import cell_text

# Columns that tell where a row comes from, not what it says.
_PROVENANCE = {"source_id", "locator", "verification", "quoted_in_source_id", "note", "as_printed"}


def taken_from(
    source: str, *, package: Dataset | None = None, version: str | None = None
) -> pd.DataFrame:
    """Return everything that was taken from a source, in the order of the source.

    Parameters
    ----------
    source
        A source_id.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.

    Returns
    -------
    frame
        One row for each row of any table that the source states, or that was read in it as a
        quotation. Columns: locator, table, key, says (in our words), as_printed, verification,
        stated_by (the source whose words are quoted, if not this one). Sorted by the sections of
        the source where ``source_sections`` lists them, then by the numbers in the locator.

    Raises
    ------
    UnknownNameError
        If there is no such source; the nearest ones are named.

    Examples
    --------
    >>> taken = taken_from("daan-2024-gpt-3-level")
    >>> taken.loc[taken["key"] == "daan-gpt-3-duration", ["locator", "says"]].values.tolist()
    [['TL/DR, paragraph 1; Part 2, paragraph 2', 'training_duration of gpt-3: 14.8 day']]
    """
    opened = open_dataset(package, version)
    frames = load_all(opened, [*sourced_tables(opened), "sources", "source_sections"])
    if source not in set(frames["sources"]["source_id"]):
        raise UnknownNameError("source", source, frames["sources"]["source_id"])
    sections = frames["source_sections"]
    sections = sections[sections["source_id"] == source].sort_values("position")
    names = list(sections["section"])
    rows = [
        row
        for table in sourced_tables(opened)
        for row in _rows(frames[table], table, opened.schema(table), source)
    ]
    rows.sort(key=lambda row: place(row["locator"], names) if not row["stated_by"] else _LAST)
    columns = ["locator", "table", "key", "says", "as_printed", "verification", "stated_by"]
    return pd.DataFrame(rows, columns=columns)


def counted(*, package: Dataset | None = None, version: str | None = None) -> pd.DataFrame:
    """Return how many rows were taken from each source, those with the most first.

    Returns
    -------
    frame
        Columns: source, rows, published, title. A row that one source quotes of another counts
        for both.

    Examples
    --------
    >>> counted().loc[0, "source"]
    'cottier-2022-summary'
    """
    opened = open_dataset(package, version)
    frames = load_all(opened, [*sourced_tables(opened), "sources"])
    taken = pd.concat(
        frames[table][column].dropna()
        for table in sourced_tables(opened)
        for column in ("source_id", "quoted_in_source_id")
        if column in frames[table]
    ).value_counts()
    listed = frames["sources"]
    dates = [date(row.published, row.published_precision) for row in each(listed)]
    found = pd.DataFrame(
        {
            "source": listed["source_id"],
            "rows": listed["source_id"].map(taken).fillna(0).astype("int64"),
            "published": dates,
            "title": listed["title"],
        }
    )
    return found.sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def page(taken: pd.DataFrame) -> str:
    """Lay out what was taken from a source for reading along: under each locator its rows.

    Parameters
    ----------
    taken
        A frame of `taken_from`.
    """
    lines: list[str] = []
    here = None
    for row in each(taken):
        locator = f"{row.locator} (in {row.stated_by})" if row.stated_by else row.locator
        if locator != here:
            lines += ["", locator]
            here = locator
        lines.append(f"  {row.table} {row.key}: {row.says}")
        if row.as_printed:
            lines.append(f"    printed: {row.as_printed}")
    return "\n".join(lines).strip()


def sourced_tables(package: Package) -> list[str]:
    """Return the tables whose rows say where in which source they were read."""
    return [
        name
        for name, schema in package.schemas.items()
        if {"source_id", "locator"} <= set(schema.column_names)
    ]


def section_of(locator: str, sections: Sequence[str]) -> str | None:
    """Return the section of a source in which a locator begins, None if it is in none of them.

    Examples
    --------
    >>> section_of("Part 2, Methodology, item 3", ["Part 2", "Part 2, Methodology"])
    'Part 2, Methodology'
    """
    begins = [name for name in sections if re.match(rf"{re.escape(name)}(?!\w)", locator)]
    return max(begins, key=len, default=None)


def place(locator: str, sections: Sequence[str]) -> tuple[float, ...]:
    """Return a sort key for a locator: its section, then its numbers; what is last comes last.

    Examples
    --------
    >>> names = ["Table 1", "Part 2"]
    >>> sorted(["Part 2, item 10", "Part 2, last item", "Part 2, item 9.1", "Table 1"],
    ...        key=lambda locator: place(locator, names))
    ['Table 1', 'Part 2, item 9.1', 'Part 2, item 10', 'Part 2, last item']
    """
    section = section_of(locator, sections)
    if section is None:
        return (len(sections),)
    rest = locator.removeprefix(section).split(";")[0]
    parts = re.findall(r"\d+|\blast\b|\bfinal\b", rest)
    return (sections.index(section), *(float(p) if p.isdigit() else math.inf for p in parts))


_LAST = (math.inf,)


def _rows(
    frame: pd.DataFrame, table: str, schema: TableSchema, source: str
) -> Iterator[dict[str, Any]]:
    stated = (frame["source_id"] == source).fillna(False)
    read = pd.Series(False, index=frame.index)
    if "quoted_in_source_id" in frame:
        read = (frame["quoted_in_source_id"] == source).fillna(False)
    for row in frame[stated | read].to_dict(orient="records"):
        quoted = row["source_id"] != source
        yield {
            "locator": row["locator"],
            "table": table,
            "key": " ".join(cell_text(row[name]) for name in schema.primary_key),
            "says": _says(row, table, schema),
            "as_printed": row.get("as_printed") if isinstance(row.get("as_printed"), str) else "",
            "verification": row["verification"],
            "stated_by": row["source_id"] if quoted else "",
        }


def _says(row: dict[Hashable, Any], table: str, schema: TableSchema) -> str:
    """Say in a line what a row states, its key and its provenance left out."""
    if table == "estimates":
        return f"{row['quantity_id']} of {subject_of(row)}: {figure(row)}"
    named = set(schema.column_names) - _PROVENANCE - set(schema.primary_key)
    given = ((name, row[name]) for name in schema.column_names if name in named)
    return "; ".join(f"{name}: {cell_text(cell)}" for name, cell in given if not pd.isna(cell))
