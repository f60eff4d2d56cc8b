"""Names of columns that some engine does not take for a name: ``a.b``, ``*``, ``A`` beside ``a``.

Such columns have plain names while rules are evaluated, and their own again in the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw

from diffdata.checking.result import CheckResult
from diffdata.descriptor import TableSchema

# What every engine takes for a name. Names that begin with an underscore are those of flags and
# joined columns here.
_PLAIN = re.compile(r"[^\W_][^.`*^$\"\\\x00-\x1f]*")
_INNER = re.compile(r"_column_[0-9]+_")


@dataclass(frozen=True)
class Renamed:
    """A frame and a schema with plain names.

    Attributes
    ----------
    frame, schema
        Both as they came, if all of their names are plain.
    original
        The names that they had, by their plain ones.
    """

    frame: nw.LazyFrame[Any]
    schema: TableSchema
    original: dict[str, str] = field(default_factory=dict)


def renamed(frame: nw.LazyFrame[Any], schema: TableSchema, table: str = "") -> Renamed:
    """Give a frame and its schema plain names, if they have others; `table` is its own name."""
    found = frame.collect_schema().names()
    inner = _plain_names([*schema.column_names, *found])
    if all(name == plain for name, plain in inner.items()):
        return Renamed(frame, schema)
    return Renamed(
        with_names(frame, [inner[name] for name in found]),
        _renamed_schema(schema, inner, table),
        {plain: name for name, plain in inner.items()},
    )


def plain_columns(frame: nw.LazyFrame[Any]) -> tuple[nw.LazyFrame[Any], dict[str, str]]:
    """Return a frame with plain names, and these by the names that it had."""
    found = frame.collect_schema().names()
    inner = _plain_names(found)
    if all(name == plain for name, plain in inner.items()):
        return frame, inner
    return with_names(frame, [inner[name] for name in found]), inner


def restored(result: CheckResult, back: Renamed) -> CheckResult:
    """Return a result with the names that the columns had."""
    if not back.original:
        return result
    rules = tuple(
        replace(
            rule,
            columns=tuple(back.original[name] for name in rule.columns),
            expected=_INNER.sub(lambda found: back.original.get(found[0], found[0]), rule.expected),
        )
        for rule in result.rules
    )
    key = tuple(back.original[name] for name in result.key)
    return replace(result, key=key, rules=rules)


def with_names(frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Name all columns of a frame, by their places."""
    native, engine = frame.to_native(), frame.implementation
    if engine.is_pyarrow():
        native = native.rename_columns(list(names))
    elif engine.is_pyspark():
        native = native.toDF(*names)
    elif engine.is_duckdb():
        columns = ", ".join(f'"{name}"' for name in names)
        native = native.query("_", f"SELECT * FROM _ AS _({columns})")
    else:
        native = native.rename(dict(zip(frame.collect_schema().names(), names, strict=True)))
    named: nw.LazyFrame[Any] = nw.from_native(native).lazy()
    return named


def _plain_names(names: Iterable[str]) -> dict[str, str]:
    """Return a plain name for each name: itself, where it is plain and not taken already."""
    inner: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        plain = _PLAIN.fullmatch(name) and name.casefold() not in taken
        inner[name] = name if plain else f"_column_{len(inner)}_"
        taken.add(name.casefold())
    return inner


def _renamed_schema(schema: TableSchema, names: dict[str, str], table: str) -> TableSchema:
    """Rename the columns of a schema of the standard; one of the profile has plain names."""

    def of(columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(names.get(name, name) for name in columns)

    keys = []
    for key in schema.foreign_keys:
        there = key.reference
        if there.resource in ("", table):
            there = there.model_copy(update={"fields": of(there.fields)})
        keys.append(key.model_copy(update={"fields": of(key.fields), "reference": there}))
    fields = tuple(f.model_copy(update={"name": names[f.name]}) for f in schema.fields)
    return schema.model_copy(
        update={
            "fields": fields,
            "primary_key": of(schema.primary_key),
            "unique_keys": tuple(map(of, schema.unique_keys)),
            "foreign_keys": tuple(keys),
        }
    )
