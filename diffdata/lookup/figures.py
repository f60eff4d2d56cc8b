"""Find estimates, what a figure follows from, and what a source states."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pandas as pd

from diffdata.display import notebook
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading import load
from diffdata.lookup.names import identified, name_index
from diffdata.lookup.tables import Tables
from diffdata.lookup.text import (
    date,
    each,
    figure_text,
    rows_where,
    subject_of,
)
from diffdata.lookup.words import chosen, quantity_named
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.schemas.standard import TableSchema
from diffdata.types.text import cell_text

if TYPE_CHECKING:
    from diffdata.typed import QuantityName

# What a figure is traced through.
_TABLES = (
    "corrections", "calculations", "calculation_inputs", "model_summary_inputs",
    "technique_evidence", "factor_evidence", "sources",
)  # fmt: skip
_SOURCE_COLUMNS = {"source_id", "quoted_in_source_id"}
# Columns that say where a row comes from, not what it states.
_PROVENANCE = _SOURCE_COLUMNS | {"locator", "verification", "note", "as_printed"}

# What the table ``training_runs`` says of quantities: the quantity, its unit and the column.
_OF_RUNS = (("chips", "1", "chips"), ("training_duration", "day", "duration_days"))


# What a reader of rows looks for first.
_FIRST = (
    "relation", "estimate_id", "model_id", "quantity_id", "value", "low", "high", "level", "unit",
    "currency", "price_year", "source_id", "locator", "used", "set_aside_because",
)  # fmt: skip


class Trace(str):
    """The ancestry of a figure, as text with one fact a line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the figure and what is said of it, one text for each line, with its depth."""
        title, *lines = self.splitlines()
        stated = [(line.lstrip(), (len(line) - len(line.lstrip())) // 2) for line in lines if line]
        return {"figure": title, "lines": [{"text": text, "depth": n} for text, n in stated]}

    def _repr_html_(self) -> str:
        title, _, text = self.partition("\n")
        return notebook(title, text=text)


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that are filled; value, interval and source come first."""
    filled = frame.dropna(axis="columns", how="all") if len(frame) else frame
    first = [name for name in _FIRST if name in filled]
    return filled[[*first, *(name for name in filled if name not in first)]]


def estimates(
    *,
    model: str | None = None,
    quantity: QuantityName | str | None = None,
    source: str | None = None,
    status: str | None = "current",
    related: bool = False,
    reviewed: bool = False,
    all_columns: bool = False,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return the rows of ``estimates`` of a model, of a quantity, from a source, or of all three.

    Parameters
    ----------
    model, quantity, source : the name of a model as people write it, see `resolve`, a quantity
        (its id, title or a usual word, such as ``cost``) and a source_id; None does not filter
    status : ``current``, ``superseded`` or ``withdrawn``; None returns all
    related : also return the figures of scenarios about the model, such as the cost of replicating
        it, with the column ``relation``: ``model`` for those of the model itself, ``subject`` where
        the scenario happens to it, ``reference`` where it is what the scenario is compared with.
        Off by default, for these are no figures of the model
    reviewed : whether to leave out estimates that were imported, see `diffdata.load`
    all_columns : return all columns of the table, in its order; by default those that are filled,
        value, interval and source first
    package, version : the package or released edition to read; the bundled dataset by default

    Raises
    ------
    UnknownNameError
        If there is no such model, quantity, source or status; the nearest names are suggested.
    InvalidInputError
        If the model is not certain (the message has the candidates), if `related` without a model,
        or in an edition without the table ``scenario_models``.

    Examples
    --------
    >>> costs = estimates(model="gpt-3", quantity="training_cost")
    >>> costs[["estimate_id", "value", "source_id"]].values.tolist()[0]
    ['gpt-3-training-cost', 12000000.0, 'cottier-2022-summary']
    >>> budgets = estimates(model="gpt-3", quantity="compute_budget", related=True)
    >>> budgets[["estimate_id", "relation"]].values.tolist()[0]
    ['replicate-gpt-3-large-budget-compute', 'reference']
    """
    dataset = open_dataset(package, version)
    names = ["models", "quantities", "sources"]
    if related and (model is None or "scenario_models" not in dataset.tables):
        problem = "an edition with the table scenario_models" if model else "a model"
        raise InvalidInputError(f"related: expected {problem}")
    if model is not None:
        model = identified(model, "model", dataset, None)
    names += ["scenario_models"] if related else []
    frames = Tables(dataset, names, required=["estimates"])
    if reviewed:
        frames["estimates"] = load("estimates", package=dataset, reviewed=True)
    if quantity is not None:
        quantity = quantity_named(quantity, frames["quantities"])
    if source is not None:
        source = chosen("source", source, frames["sources"]["source_id"], {})
    found = _estimates_of(frames, model=model, quantity=quantity, source=source)
    if related:
        others = _estimates_of(frames, quantity=quantity, source=source)
        about = rows_where(frames["scenario_models"], model_id=model)
        roles = about.set_index("scenario_id")["relation"]
        others = others[others["scenario_id"].isin(roles.index)]
        others = others[~others["estimate_id"].isin(found["estimate_id"])]
        relation = others["scenario_id"].map(roles)
        found = pd.concat([found.assign(relation="model"), others.assign(relation=relation)])
    if status is not None:
        allowed = dataset.schema("estimates").field("status").constraints.enum or ()
        if status not in allowed:
            raise UnknownNameError("status", status, map(str, allowed))
        found = rows_where(found, status=status)
    found = found.reset_index(drop=True)
    return found if all_columns else readable(found)


def with_runs(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the estimates, and what training runs say of the same quantities."""
    runs = frames["training_runs"]
    if "part" in runs:  # released editions lack it
        runs = runs[runs["part"].isna()]
    provenance = runs[["model_id", "basis", "source_id"]].assign(
        estimate_id=runs["run_id"], status="current"
    )
    found = [
        provenance.assign(quantity_id=quantity, unit=unit, value=runs[column].astype("float64"))
        for quantity, unit, column in _OF_RUNS
    ]
    rows = pd.concat(found).dropna(subset="value")
    return pd.concat([frames["estimates"], rows], ignore_index=True)


def _estimates_of(frames: dict[str, pd.DataFrame], **names: str | None) -> pd.DataFrame:
    """Return the estimates of the named model, quantity and source; None does not filter."""
    _check_names(frames, **names)
    columns = {f"{kind}_id": name for kind, name in names.items() if name is not None}
    return rows_where(frames["estimates"], **columns)


def _check_names(frames: dict[str, pd.DataFrame], **names: str | None) -> None:
    for kind, name in names.items():
        existing = frames[f"{kind}s" if kind != "quantity" else "quantities"][f"{kind}_id"]
        if name is not None and name not in set(existing):
            raise UnknownNameError(kind, name, existing)


def trace(estimate_id: str, *, package: Dataset | None = None, version: str | None = None) -> Trace:
    """Return the ancestry of a figure as indented text: what it follows from, and what uses it.

    Parameters
    ----------
    estimate_id : the estimate
    package, version : the package or released edition to read; the bundled dataset by default

    Raises
    ------
    UnknownNameError
        If there is no such estimate; the nearest names are suggested.

    Examples
    --------
    >>> print(trace("opt-175b-cost-ratio", version="2026.2"))  # doctest: +ELLIPSIS
    opt-175b-cost-ratio: training_cost_ratio of opt-175b-vs-gpt-3 is 7
      printed: roughly seven times cheaper
      source: cottier-2022-summary, 20-minute summary, Key takeaways, item 3 (read)
      title: Understanding the diffusion of large language models: summary
      address: https://...
      status: current, derived
      should equal: gpt3.value / opt.value (opt-175b-cost-ratio: agrees_within_rounding)
    ...
    """
    frames = Tables(open_dataset(package, version), _TABLES, required=["estimates"])
    figures = frames["estimates"].set_index("estimate_id", drop=False)
    frames["estimates"] = figures
    if estimate_id not in figures.index:
        about = name_index(frames.package, None, "model").find(estimate_id, near=False).id
        if about is not None:
            first = figures.loc[figures["model_id"] == about, "estimate_id"].head(2)
            such_as = f", such as {' or '.join(first)}" if len(first) else ""
            raise InvalidInputError(
                f"estimate_id: {estimate_id!r} is a model; name a figure of it{such_as}"
            )
        raise UnknownNameError("estimate", estimate_id, figures.index)
    row: Any = figures.loc[estimate_id]
    lines = [f"{estimate_id}: {row['quantity_id']} of {subject_of(row)} is {figure_text(row)}"]
    lines += _about(row, frames)
    lines += _derivation(estimate_id, frames, {estimate_id})
    lines += _uses(estimate_id, frames)
    return Trace("\n  ".join(lines))


def _about(row: Any, frames: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield the printed words, source and status of a figure, and what replaced or corrected it."""
    name, quoted = row["estimate_id"], row["quoted_in_source_id"]
    where = f" in {quoted}" if isinstance(quoted, str) else ""
    replaced = rows_where(frames["estimates"], superseded_by_estimate_id=name)["estimate_id"]
    corrections = each(rows_where(frames["corrections"], estimate_id=name))
    level = f"{100 * row['level']:g} % of probability" if pd.notna(row["level"]) else None
    facts = [
        ("interval", level),
        ("printed", row["as_printed"]),
        ("source", f"{row['source_id']}, {row['locator']} ({row['verification']}{where})"),
        *_address(rows_where(frames["sources"], source_id=row["source_id"])),
        ("status", f"{row['status']}, {row['basis']}"),
        ("note", row["note"]),
        ("replaced by", row["superseded_by_estimate_id"]),
        *(("replaces", other) for other in replaced),
        *((f"corrected ({one.correction_id})", f"{one.what} {one.now}") for one in corrections),
    ]
    yield from (f"{label}: {text}" for label, text in facts if isinstance(text, str))


def _address(sources: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Yield the title and the address of a source."""
    for source in each(sources):
        yield "title", source.title
        doi = f"https://doi.org/{source.doi}" if isinstance(source.doi, str) else None
        yield "address", source.url if isinstance(source.url, str) else doi


def _derivation(
    estimate_id: str, frames: dict[str, pd.DataFrame], visited: set[str]
) -> Iterator[str]:
    """Yield the formulas of a figure and their inputs, down to figures that no formula gives."""
    for calculation in each(rows_where(frames["calculations"], estimate_id=estimate_id)):
        name = calculation.calculation_id
        verdict = f"({name}: {calculation.verdict})"
        inputs = rows_where(frames["calculation_inputs"], calculation_id=name)
        if estimate_id in set(inputs["estimate_id"]):  # a comparison, which derives nothing
            yield f"compared with its own parts {verdict}"
            continue
        formula = calculation.formula if isinstance(calculation.formula, str) else calculation.why
        yield f"should equal: {formula} {verdict}"
        for given in each(inputs):
            row: Any = frames["estimates"].loc[given.estimate_id]
            yield f"  {given.input} = {given.estimate_id}: {figure_text(row)}"
            if given.estimate_id not in visited:
                visited.add(given.estimate_id)
                yield f"    {row['source_id']}, {row['locator']}"
                for line in _derivation(given.estimate_id, frames, visited):
                    yield f"    {line}"


def _uses(estimate_id: str, frames: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield what uses a figure: calculations in two steps, evidence, evaluated values."""
    inputs = frames["calculation_inputs"]
    results = frames["calculations"].set_index("calculation_id")["estimate_id"]
    figures = [estimate_id]
    for relation in ("used by", "used indirectly by"):
        used_by = [
            name
            for figure in dict.fromkeys(figures)
            for name in rows_where(inputs, estimate_id=figure)["calculation_id"]
        ]
        for name in dict.fromkeys(used_by):
            yield f"{relation}: calculation {name}, of {results[name]}"
        figures = [figure for figure in results.loc[used_by] if figure != estimate_id]
    for kind in ("technique", "factor"):
        for row in each(rows_where(frames[f"{kind}_evidence"], estimate_id=estimate_id)):
            yield f"evidence on: {kind} {getattr(row, f'{kind}_id')}"
    for row in each(rows_where(frames["model_summary_inputs"], estimate_id=estimate_id)):
        relation = "used by" if row.used else f"set aside ({row.set_aside_because}) by"
        yield f"{relation}: model_summary of {row.model_id}"


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
    frames = Tables(dataset, [*tables, "source_sections"], required=["sources"])
    source = chosen("source", source, frames["sources"]["source_id"], {})
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
                statement_of(row, table, schema),
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
    frames = Tables(dataset, tables, required=["sources"])
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


def statement_of(row: Mapping[Any, Any], table: str, schema: TableSchema) -> str:
    """Write in a line what a row states, without its key and its provenance."""
    if table == "estimates":
        return f"{row['quantity_id']} of {subject_of(row)}: {figure_text(row)}"
    omitted = _PROVENANCE | set(schema.primary_key)
    cells = ((name, row.get(name)) for name in schema.column_names if name not in omitted)
    return "; ".join(f"{name}: {cell_text(cell)}" for name, cell in cells if pd.notna(cell))
