"""What rules need from elsewhere: keys and dates of other tables, medians of groups.

It is added to the frame as columns, so that a check across tables is an expression like any other.
Frames in memory are looked up, which keeps the order of their rows; an engine joins them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.engines import quiet
from diffdata.errors import InvalidInputError, optional_library
from diffdata.schemas.profile import NearMedian, NearProduct, NotAfter, Referenced
from diffdata.schemas.rules import (
    Check,
    foreign_key_check,
    not_after_check,
    referenced_check,
    rule_check,
)
from diffdata.schemas.standard import Field, ForeignKey, TableSchema
from diffdata.types.columns import key_values, nothing, words
from diffdata.validation.prepare import collect, lazy, with_plain_names

_Lazy = nw.LazyFrame[Any]


@dataclass(frozen=True)
class Tables:
    """The tables that the rules of the table `name` may need: frames of any library by name.

    ``referring`` are the foreign keys, each with its table, that refer to this table, if they are
    known.
    """

    name: str
    others: Mapping[str, Any]
    referring: Sequence[tuple[str, ForeignKey]] | None = None


@dataclass(frozen=True)
class Joined:
    """A frame with joined columns, checks with their foreign keys, skipped checks with reasons."""

    frame: _Lazy
    checks: tuple[tuple[Check, ForeignKey | None], ...]
    skipped: tuple[tuple[Check, str], ...]


class _MissingError(Exception):
    """Why something that a rule needs is not available."""


def join(frame: _Lazy, schema: TableSchema, tables: Tables) -> Joined:
    """Add to a frame what its foreign keys and its rules of plausibility need."""
    own, skipped = frame, []
    checks: list[tuple[Check, ForeignKey | None]] = []

    @contextmanager
    def adding(check: Check, key: ForeignKey | None = None) -> Iterator[None]:
        """Add a check, unless what it needs is missing."""
        try:
            yield
        except _MissingError as reason:
            skipped.append((check, str(reason)))
        else:
            checks.append((check, key))

    for number, key in enumerate(schema.foreign_keys):
        mark = f"_key_{number}"
        with adding(foreign_key_check(key, ~nw.col(mark).is_null()), key):
            columns = [(there, schema.field(here)) for there, here in _pairs(key)]
            target = _columns(own, tables, key.reference.resource or tables.name, columns)
            frame = _look_up(frame, key.fields, target, {}, mark)
    for number, rule in enumerate(schema.rules):
        mark = f"_rule_{number}"
        match rule:
            case NearProduct():
                checks.append((rule_check(rule, schema), None))
            case NearMedian(column=column, by=by):
                frame = _with_median(frame, own, column, by, mark)
                checks.append((rule_check(rule, schema, nw.col(mark)), None))
            case NotAfter():
                beside = (f"{mark}_date", f"{mark}_precision")
                with adding(not_after_check(rule, beside)):
                    target = _dates(own, schema, tables, rule)
                    wanted = dict(zip(("_1", "_2"), beside, strict=True))
                    frame = _look_up(frame, (rule.key,), target, wanted, mark)
            case Referenced(column=column):
                with adding(referenced_check(rule, ~nw.col(mark).is_null())):
                    used = _used(own, schema, tables, column)
                    frame = _look_up(frame, (column,), used, {}, mark)
    return Joined(frame, tuple(checks), tuple(skipped))


def referring(schemas: Mapping[str, TableSchema], name: str) -> list[tuple[str, ForeignKey]]:
    """Return the foreign keys of all tables that refer to one, each with the name of its table."""
    return [
        (table, key)
        for table, schema in schemas.items()
        for key in schema.foreign_keys
        if (key.reference.resource or table) == name
    ]


def _pairs(key: ForeignKey) -> list[tuple[str, str]]:
    return list(zip(key.reference.fields, key.fields, strict=True))


def _dates(own: _Lazy, schema: TableSchema, tables: Tables, rule: NotAfter) -> _Lazy:
    """Return the dates that a rule compares with, by the key that refers to them."""
    for key in schema.foreign_keys:
        if key.fields == (rule.key,):
            precision = f"{rule.reference}_precision"
            columns = [
                (key.reference.fields[0], schema.field(rule.key)),
                (rule.reference, Field(name=rule.reference, type="date")),
                (precision, Field(name=precision, type="string")),
            ]
            return _columns(own, tables, key.reference.resource or tables.name, columns, keys=1)
    raise _MissingError(f"no foreign key of {rule.key} alone")


def _used(own: _Lazy, schema: TableSchema, tables: Tables, column: str) -> _Lazy:
    """Return the values of a column that some table refers to."""
    if tables.referring is None:
        raise _MissingError("which tables refer to this one is only known of a package")
    parts = [
        _columns(own, tables, table, [(here, schema.field(column))])
        for table, key in tables.referring
        for there, here in _pairs(key)
        if there == column
    ]
    if not parts:
        raise _MissingError("no table refers to this one")
    return nw.concat(parts).unique()


def _columns(
    own: _Lazy,
    tables: Tables,
    table: str,
    wanted: Sequence[tuple[str, Field]],
    keys: int | None = None,
) -> _Lazy:
    """Return columns of a table as ``_0``, ``_1`` ..., each key once.

    ``wanted`` has their names, each with the column whose type its values are compared as; the
    first ``keys`` of them are the key, by default all. The result is on the engine of ``own``.
    """
    frame = own if table == tables.name else tables.others.get(table)
    if frame is None:
        raise _MissingError(f"the table {table} is not given")
    # A prepared frame has the columns of its schema; others are what a user gave.
    prepared = isinstance(frame, nw.LazyFrame)
    if prepared:
        found, plain = frame, {name: name for name in frame.columns}
    else:
        found, names = with_plain_names(lazy(frame, f"the table {table}"))
        plain = dict(names.plain)
    dtypes = found.collect_schema()
    columns, aliases = [], [f"_{place}" for place in range(len(wanted))]
    for (name, field), alias in zip(wanted, aliases, strict=True):
        problem = ""
        values = None
        if name not in plain:
            problem = f"it has no column {name!r}"
        else:
            values = key_values(plain[name], dtypes[plain[name]], field)
            if values is None:
                kind = dtypes[plain[name]]
                problem = f"the column {name!r} holds {kind}, expected {words(field)}"
        if problem and not prepared:
            raise InvalidInputError(f"tables: {table} cannot be referred to: {problem}")
        if name not in plain:
            raise _MissingError(f"the table {table} has no column {name!r}")
        columns.append((nothing(field) if values is None else values).alias(alias))
    selected = found.select(*columns)
    for alias in aliases[:keys]:
        selected = selected.filter(~nw.col(alias).is_null())
    if not own.implementation.is_pyarrow():  # whose look-up takes the first of several rows
        selected = selected.unique(aliases[:keys])
    return _on_engine_of(own, selected)


def _look_up(
    frame: _Lazy, on: Sequence[str], target: _Lazy, columns: Mapping[str, str], mark: str
) -> _Lazy:
    """Add to a frame columns of the row with the same key, and a mark that is null without one.

    ``target`` has each key once, in the columns ``_0`` to ``_n``; ``columns`` are those to add,
    with their names in the result.
    """
    keys = [f"_{place}" for place in range(len(on))]
    table = frame.to_native()
    if isinstance(table, pa.Table):
        other = collect(target)
        rows = pc.index_in(_key(table, on), value_set=_key(other, keys).combine_chunks())
        for name, alias in columns.items():
            table = table.append_column(alias, pc.take(other[name], rows))
        return lazy(table.append_column(mark, rows))
    named = dict(zip(keys, [f"{mark}{key}" for key in keys], strict=True)) | dict(columns)
    marked = target.rename(named).with_columns(nw.lit(True).alias(mark))
    joined: _Lazy = frame.join(
        marked, left_on=list(on), right_on=[named[key] for key in keys], how="left"
    )
    return joined


def _key(table: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Return the key of each row as one value; there is one zero."""
    parts = [
        pc.add(table[name], 0.0) if pa.types.is_floating(table.schema.field(name).type)
        else table[name]
        for name in names
    ]  # fmt: skip
    if len(parts) == 1:
        return parts[0]
    # No text holds a control character that is allowed, so that this one separates.
    return pc.binary_join_element_wise(*(pc.cast(part, pa.string()) for part in parts), "\x1f")


def _with_median(frame: _Lazy, own: _Lazy, column: str, by: Sequence[str], name: str) -> _Lazy:
    """Add the exact median of each group; Arrow, which has none, asks pandas."""
    table = frame.to_native()
    if isinstance(table, pa.Table):
        exact = {pa.int64(): pd.Int64Dtype()}  # not floats where one is missing
        groups = table.select([*by, column]).to_pandas(types_mapper=exact.get).groupby(list(by))
        medians = pa.array(groups[column].transform("median"), pa.float64(), from_pandas=True)
        return lazy(table.append_column(name, medians))
    keys = {key: f"{name}_{key}" for key in by}
    given = own.select(column, *by).rename(keys)
    for key in [column, *keys.values()]:
        given = given.filter(~nw.col(key).is_null())
    medians = given.group_by(*keys.values()).agg(nw.col(column).median().alias(name))
    joined: _Lazy = frame.join(medians, left_on=list(by), right_on=list(keys.values()), how="left")
    return joined


def _on_engine_of(own: _Lazy, part: _Lazy) -> _Lazy:
    """Carry a part of another table over to the engine of a frame, if it is on another one."""
    if str(part.implementation) == str(own.implementation) and _can_join(own, part):
        return part
    collected, native = collect(part), own.to_native()
    carried: Any = collected
    if own.implementation.is_polars():
        carried = optional_library("polars").from_arrow(collected)
    elif own.implementation.is_duckdb():
        # By way of the relation: a frame of another connection cannot be joined with it.
        carried = native.query("_", "SELECT * FROM collected")
    elif own.implementation.is_pyspark():
        with quiet():
            carried = native.sparkSession.createDataFrame(collected)
    elif not own.implementation.is_pyarrow():
        engine = own.implementation
        raise InvalidInputError(f"tables: expected frames of {engine}, as the one to check")
    return lazy(carried)


def _can_join(own: _Lazy, part: _Lazy) -> bool:
    """Return whether frames of one engine can be joined: for DuckDB, those of one connection."""
    if own.implementation.is_duckdb():
        try:
            own.to_native().cross(part.to_native())
        except optional_library("duckdb").InvalidInputException:
            return False
    return True
