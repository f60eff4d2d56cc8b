"""What changed in the schema of a table: types, units, keys, constraints, rules, descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from diffdata.diff.cells import Consequence
from diffdata.diff.values import ColumnType
from diffdata.schemas.standard import Field, TableSchema


@dataclass(frozen=True)
class SchemaChange:
    """A change of a schema.

    Attributes
    ----------
    table
        The table.
    column
        The column, by its new name; empty where the table as a whole is meant.
    what
        ``type``, ``unit``, ``primary key``, ``foreign key``, ``rule NAME``, ``minimum`` ...
    how
        ``changed``, ``added`` or ``removed``.
    old, new
        What it was and is, as text; None where it was or is not there.
    consequence
        How much hangs on it.
    """

    table: str
    column: str
    what: str
    how: Literal["changed", "added", "removed"]
    old: str | None
    new: str | None
    consequence: Consequence


def schema_changes(
    table: str, old: TableSchema, new: TableSchema, renamed: Mapping[str, str]
) -> list[SchemaChange]:
    """Compare the schemas of a table; columns added and removed are not part of the result.

    Parameters
    ----------
    table
        The name of the table.
    old, new
        Its schemas.
    renamed
        The renamed columns, new name by old name.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> old = open_package().schema("hardware")
    >>> fields = [f.model_copy(update={"unit": "bit"}) if f.name == "memory_bytes" else f
    ...           for f in old.fields]
    >>> (change,) = schema_changes("hardware", old, old.model_copy(update={"fields": fields}), {})
    >>> change.column, change.what, change.old, change.new
    ('memory_bytes', 'unit', 'byte', 'bit')
    """
    found = list(_of_columns(table, old, new, renamed))
    keys = [tuple(renamed.get(name, name) for name in old.primary_key), new.primary_key]
    sides = [{"primary key": ", ".join(key)} for key in keys]
    found += _differences(table, "", Consequence.MEANING, *sides)
    sides = [_references(schema) | _rules(schema) for schema in (old, new)]
    found += _differences(table, "", Consequence.CODE, *sides)
    sides = [{"title": schema.title, "description": schema.description} for schema in (old, new)]
    found += _differences(table, "", Consequence.WORDING, *sides)
    return found


def column_types(schema: TableSchema) -> dict[str, ColumnType]:
    """Return what the columns of a table hold, as far as its schema tells.

    Choices, flags, identifiers (columns with a pattern) and references are codes, other strings
    are text. Columns that say the unit of another one are units; a date's precision is a precision.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> types = column_types(open_package().schema("estimates"))
    >>> [types[name] for name in ("status", "value", "currency", "as_of_precision", "note")]
    ['code', 'number', 'unit', 'precision', 'text']
    """
    units = {f.unit.removeprefix("column:") for f in schema.fields if _named_unit(f) and f.unit}
    units |= {name for name in schema.column_names if name in ("unit", "currency", "price_year")}
    precisions = {rule.precision for rule in schema.rules if rule.rule == "datePrecision"}
    codes = {name for key in schema.foreign_keys for name in key.fields} | set(schema.primary_key)
    found: dict[str, ColumnType] = {}
    for field in schema.fields:
        limits = field.constraints
        if field.name in units:
            found[field.name] = "unit"
        elif field.name in precisions:
            found[field.name] = "precision"
        elif field.type in ("integer", "number"):
            found[field.name] = "number"
        elif field.type == "date":
            found[field.name] = "date"
        else:
            coded = limits.enum or limits.pattern or field.type == "boolean" or field.name in codes
            found[field.name] = "code" if coded else "text"
    return found


def _named_unit(field: Field) -> bool:
    return field.unit is not None and field.unit.startswith("column:")


def _of_columns(
    table: str, old: TableSchema, new: TableSchema, renamed: Mapping[str, str]
) -> Iterator[SchemaChange]:
    for before in old.fields:
        name = renamed.get(before.name, before.name)
        if name in new.column_names:
            fields = (before, new.field(name))
            for say, consequence in (
                (_meaning, Consequence.MEANING),
                (_limits, Consequence.CODE),
                (_words, Consequence.WORDING),
            ):
                yield from _differences(table, name, consequence, *map(say, fields))


def _meaning(field: Field) -> dict[str, str]:
    return {"type": field.type} | ({"unit": field.unit} if field.unit else {})


def _limits(field: Field) -> dict[str, str]:
    limits = field.constraints.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {name: _json(limit) for name, limit in limits.items()}


def _words(field: Field) -> dict[str, str]:
    words = {"title": field.title, "description": field.description, "example": field.example}
    return {name: str(text) for name, text in words.items() if text is not None}


def _references(schema: TableSchema) -> dict[str, str]:
    return {
        f"foreign key ({', '.join(key.fields)})": (
            f"{key.reference.resource or 'this table'} ({', '.join(key.reference.fields)})"
        )
        for key in schema.foreign_keys
    }


def _rules(schema: TableSchema) -> dict[str, str]:
    return {
        f"rule {rule.name}": _json(
            rule.model_dump(mode="json", by_alias=True, exclude={"name"}, exclude_none=True)
        )
        for rule in schema.rules
    }


def _differences(
    table: str,
    column: str,
    consequence: Consequence,
    old: Mapping[str, str],
    new: Mapping[str, str],
) -> Iterator[SchemaChange]:
    """Compare what two schemas say, by the name of the thing that is said."""
    for what in dict.fromkeys([*old, *new]):
        before, after = old.get(what), new.get(what)
        if before != after:
            how: Literal["changed", "added", "removed"] = "changed"
            if before is None or after is None:
                how = "added" if before is None else "removed"
            yield SchemaChange(table, column, what, how, before, after, consequence)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
