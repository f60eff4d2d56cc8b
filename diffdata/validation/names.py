"""Names of columns that some engine does not take for a name: ``a.b``, ``*``, ``A`` beside ``a``.

Such columns have plain names while rules are evaluated, and their own again in the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw

from diffdata.schemas.standard import ForeignKey, TableSchema
from diffdata.validation.result import CheckResult

# What every engine takes for a name. Names that begin with an underscore are those of flags and
# joined columns here.
_PLAIN = re.compile(r"[^\W_][^.`*^$\"\\\x00-\x1f]*")
_INNER = re.compile(r"_column_[0-9]+_")


@dataclass(frozen=True)
class Names:
    """The names of the columns of a table.

    Attributes
    ----------
    schema
        The schema, with plain names.
    plain
        The plain name of each column of the table and of its schema; most often itself.
    """

    schema: TableSchema
    plain: Mapping[str, str]


def plain_names(found: Iterable[str], schema: TableSchema, table: str = "") -> Names:
    """Give the columns of a table plain names; `table` is its own name, for its foreign keys."""
    plain = _plain([*schema.column_names, *found])
    if all(plain[name] == name for name in schema.column_names):
        return Names(schema, plain)
    # Only a schema of the standard has other names, and it has no rules.
    fields = tuple(f.model_copy(update={"name": plain[f.name]}) for f in schema.fields)
    keys = (
        replaced(key, plain, plain if key.reference.resource in ("", table) else {})
        for key in schema.foreign_keys
    )
    renamed = {
        "fields": fields,
        "primary_key": tuple(plain[name] for name in schema.primary_key),
        "unique_keys": tuple(tuple(plain[name] for name in key) for key in schema.unique_keys),
        "foreign_keys": tuple(keys),
    }
    return Names(schema.model_copy(update=renamed), plain)


def replaced(key: ForeignKey, here: Mapping[str, str], there: Mapping[str, str]) -> ForeignKey:
    """Return a foreign key with other names of its columns, and of those that it refers to."""
    target = tuple(there.get(name, name) for name in key.reference.fields)
    reference = key.reference.model_copy(update={"fields": target})
    fields = tuple(here.get(name, name) for name in key.fields)
    return key.model_copy(update={"fields": fields, "reference": reference})


def named_plainly(
    frame: nw.LazyFrame[Any], schema: TableSchema | None = None, table: str = ""
) -> tuple[nw.LazyFrame[Any], Names]:
    """Return a frame with plain names, and these."""
    found = frame.collect_schema().names()
    names = plain_names(found, TableSchema() if schema is None else schema, table)
    wanted = [names.plain[name] for name in found]
    return (frame if wanted == found else _with_names(frame, wanted)), names


def restored(result: CheckResult, names: Names) -> CheckResult:
    """Return a result with the names that the columns had."""
    original = {plain: name for name, plain in names.plain.items()}
    if all(name == plain for name, plain in original.items()):
        return result

    def of(columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(original.get(name, name) for name in columns)

    rules = tuple(
        replace(
            rule,
            columns=of(rule.columns),
            expected=_INNER.sub(lambda found: original.get(found[0], found[0]), rule.expected),
        )
        for rule in result.rules
    )
    return replace(result, key=of(result.key), rules=rules)


def _with_names(frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
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


def _plain(names: Iterable[str]) -> dict[str, str]:
    """Return a plain name for each name: itself, where it is plain and not taken already."""
    plain: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        itself = _PLAIN.fullmatch(name) and name.casefold() not in taken
        plain[name] = name if itself else f"_column_{len(plain)}_"
        taken.add(name.casefold())
    return plain
