"""Two datasets: their tables, their schemas, their cells, and what depends on them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, Literal

import pandas as pd

from diffdata.derive import SUMMARY_TABLES, evaluation_inputs, model_summary
from diffdata.diff.cells import ColumnType, Consequence
from diffdata.diff.table_diff import TableDiff, compare_tables
from diffdata.diff.tables import Table, make_table, read_table
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading import load_all
from diffdata.package.packages import Package
from diffdata.reproduce import Reproduction, reproduce
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.text import cell_text

_TYPES: dict[str, ColumnType] = {
    "boolean": "code", "date": "date", "integer": "number", "number": "number",
}  # fmt: skip
_LEDGER_TYPES: dict[str, ColumnType] = {
    "published": "number", "published_low": "number", "published_high": "number",
    "recomputed": "number", "recomputed_low": "number", "recomputed_high": "number",
    "figure": "text", "unit": "unit", "verdict": "code",
}  # fmt: skip


@dataclass(frozen=True)
class SchemaChange:
    """A change of a schema."""

    table: str
    column: str  # by its new name; empty for a change of the table
    what: str  # "type", "unit", "primary key", "rule NAME", "minimum" ...
    how: Literal["changed", "added", "removed"]
    old: str | None
    new: str | None
    consequence: Consequence


@dataclass(frozen=True)
class PackageDiff:
    """How two datasets differ; `tables` compares those of both, in the order of the new dataset."""

    old: str
    new: str
    old_version: str
    new_version: str
    tables_added: tuple[str, ...]
    tables_removed: tuple[str, ...]
    schema: tuple[SchemaChange, ...]
    tables: tuple[TableDiff, ...]
    remarks: tuple[str, ...] = ()  # what could not be compared, and why
    # The ledger and the table ``model_summary``, recomputed from both datasets.
    explanation: Mapping[str, TableDiff] | None = None

    @property
    def same(self) -> bool:
        """Whether the datasets have the same tables and schemas with the same content."""
        changed = self.tables_added or self.tables_removed or self.schema
        return not changed and all(table.same for table in self.tables)


def compare_packages(
    old: Package, new: Package, *, only: Iterable[str] | None = None
) -> PackageDiff:
    """Compare all tables of two datasets, or `only` some; their data need not be valid."""
    everything = {*old.tables, *new.tables}
    wanted = everything if only is None else set(only)
    for name in sorted(wanted - everything):
        raise UnknownNameError("table", name, everything)
    old_tables, new_tables = ([t for t in p.tables if t in wanted] for p in (old, new))
    tables, schema, remarks = [], [], []
    for table in (table for table in new_tables if table in old_tables):
        before, after = (
            read_table(package.data_path(table), package.resource(table).path)
            for package in (old, new)
        )
        old_schema, new_schema = old.schema(table), new.schema(table)
        common = set(before.columns) & set(after.columns)
        # The old table may lack a column of the new key.
        keys = [schema.primary_key for schema in (new_schema, old_schema)]
        key = next((key for key in keys if common.issuperset(key)), None)
        if not key:
            remarks.append(f"{table}: not compared, the tables have no primary key in common")
            continue
        found = compare_tables(before, after, key, types=column_types(new_schema), name=table)
        tables.append(found)
        renamed = {pair.old: pair.new for pair in found.renamed_columns}
        schema += compare_schemas(table, old_schema, new_schema, renamed)
    return PackageDiff(
        old=str(old.root),
        new=str(new.root),
        old_version=old.version,
        new_version=new.version,
        tables_added=tuple(table for table in new_tables if table not in old_tables),
        tables_removed=tuple(table for table in old_tables if table not in new_tables),
        schema=tuple(schema),
        tables=tuple(tables),
        remarks=tuple(remarks),
    )


def explain_changes(old: Package, new: Package) -> dict[str, TableDiff]:
    """Recompute ``model_summary`` and the ledger of two valid datasets, and compare them."""
    try:
        frames = [load_all(package, list(SUMMARY_TABLES)) for package in (old, new)]
        results = [reproduce(package) for package in (old, new)]
        inputs = [load_all(p, ["calculations", "calculation_inputs"]) for p in (old, new)]
        estimates = compare_packages(old, new, only=["estimates"]).tables[0]
    except UnknownNameError as error:
        raise InvalidInputError(f"explain: {error}") from None
    summaries = (model_summary(*(tables[name] for name in SUMMARY_TABLES)) for tables in frames)
    types = column_types(new.schema("model_summary")) if "model_summary" in new.tables else {}
    before, after = (
        _as_text("model_summary", list(s.columns), s.itertuples(index=False)) for s in summaries
    )
    figures = compare_tables(before, after, "model_id", types=types, name="model_summary")
    before, after = map(_ledger, results)
    ledger = compare_tables(before, after, "calculation_id", types=_LEDGER_TYPES, name="ledger")
    # A calculation depends on its inputs and on the published figure.
    columns = ["calculation_id", "estimate_id"]
    ledger_uses = pd.concat(f[columns] for tables in inputs for f in tables.values())
    figure_uses = pd.concat(evaluation_inputs(tables["estimates"]) for tables in frames)
    changed = _ids(estimates)
    changed |= {key[0] for r in estimates.rows.renamed for key in (r.old_key, r.new_key)}
    return {
        "model_summary": _with_reasons(figures, figure_uses, "model_id", changed),
        "ledger": _with_reasons(ledger, ledger_uses, "calculation_id", changed),
    }


def _as_text(name: str, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> Table:
    """Write rows as text; numbers with twelve digits, since rounding errors differ beyond."""
    rounded = ([float(f"{c:.12g}") if isinstance(c, float) else c for c in row] for row in rows)
    return make_table(name, columns, ([cell_text(cell) for cell in row] for row in rounded))


def _ledger(results: Iterable[Reproduction]) -> Table:
    rows = (
        (r.id, *astuple(r.published), *astuple(r.recomputed), r.figure, r.unit,
         r.verdict.replace("_", " "))
        for r in results
    )  # fmt: skip
    return _as_text("ledger", ["calculation_id", *_LEDGER_TYPES], rows)


def _ids(diff: TableDiff) -> set[str]:
    """Return the ids of the rows that changed, were added or were removed."""
    alone = {row.key[0] for row in (*diff.rows.added, *diff.rows.removed)}
    return alone | {row.new_key[0] for row in diff.changed}


def _with_reasons(diff: TableDiff, uses: pd.DataFrame, column: str, changed: set[str]) -> TableDiff:
    """Add the changed estimates behind each row of the comparison, by its id in a column."""
    rows = uses[uses[column].isin(_ids(diff)) & uses["estimate_id"].isin(changed)]
    because = {
        str(name): tuple(sorted(set(estimates)))
        for name, estimates in rows.groupby(column)["estimate_id"]
    }
    return replace(diff, because=because)


def compare_schemas(
    table: str, old: TableSchema, new: TableSchema, renamed: Mapping[str, str]
) -> list[SchemaChange]:
    """Compare the schemas of a table; columns added and removed are not part of the result."""
    names = [renamed.get(field.name, field.name) for field in old.fields]
    parts = [
        (name, _field_texts(field), _field_texts(new.field(name)))
        for field, name in zip(old.fields, names, strict=True)
        if name in new.column_names
    ]
    old_key = [renamed.get(name, name) for name in old.primary_key]
    parts.append(("", _table_texts(old, old_key), _table_texts(new, new.primary_key)))
    return [
        SchemaChange(
            table, column, what, "added" if a is None else "removed" if b is None else "changed",
            a, b, level,
        )
        for column, before, after in parts
        for level in before
        for what in before[level] | after[level]
        if (a := before[level].get(what)) != (b := after[level].get(what))
    ]  # fmt: skip


def column_types(schema: TableSchema) -> dict[str, ColumnType]:
    """Return the content of the columns of a table according to its schema."""
    units = {"unit", "currency", "price_year"} | {
        field.unit.removeprefix("column:")
        for field in schema.fields
        if field.unit and field.unit.startswith("column:")
    }
    precisions = {rule.precision for rule in schema.rules if rule.rule == "datePrecision"}
    keys = {name for key in schema.foreign_keys for name in key.fields} | set(schema.primary_key)
    types: dict[str, ColumnType] = {}
    for field in schema.fields:
        # Choices, flags, identifiers (columns with a pattern) and references.
        limits = field.constraints
        coded = limits.enum or limits.pattern or field.name in keys
        types[field.name] = _TYPES.get(field.type, "code" if coded else "text")
    return types | dict.fromkeys(precisions, "precision") | dict.fromkeys(units, "unit")


def _field_texts(field: Field) -> dict[Consequence, dict[str, str]]:
    """Return the properties of a column as text, by the consequence of a change."""
    limits = field.constraints.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    words = {"title": field.title, "description": field.description, "example": field.example}
    return {
        Consequence.MEANING: {"type": field.type} | ({"unit": field.unit} if field.unit else {}),
        Consequence.CODE: {name: _json(limit) for name, limit in limits.items()},
        Consequence.WORDING: {name: str(text) for name, text in words.items() if text is not None},
    }


def _table_texts(schema: TableSchema, key: Iterable[str]) -> dict[Consequence, dict[str, str]]:
    """Return the properties of a table as text, by the consequence of a change."""
    references = {
        f"foreign key ({', '.join(key.fields)})": (
            f"{key.reference.resource or 'this table'} ({', '.join(key.reference.fields)})"
        )
        for key in schema.foreign_keys
    }
    rules = {
        f"rule {rule.name}": _json(
            rule.model_dump(mode="json", by_alias=True, exclude={"name"}, exclude_none=True)
        )
        for rule in schema.rules
    }
    return {
        Consequence.MEANING: {"primary key": ", ".join(key)},
        Consequence.CODE: references | rules,
        Consequence.WORDING: {"title": schema.title, "description": schema.description},
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
