"""What a rule knows from elsewhere: keys of other tables, medians of groups, as joined columns."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import pyarrow as pa

from diffdata.engines.library import engine_library
from diffdata.engines.spark import quiet
from diffdata.errors import InvalidInputError
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
from diffdata.validation.names import named_plainly
from diffdata.validation.prepare import lazy
from diffdata.validation.run import collect

_Lazy = nw.LazyFrame[Any]
_Tables = Mapping[str, Any]


@dataclass(frozen=True)
class Related:
    """A frame with what its rules know from elsewhere, the checks, and those left out, with why."""

    frame: _Lazy
    checks: tuple[Check, ...]
    skipped: tuple[tuple[Check, str], ...]


def relate(
    frame: _Lazy,
    schema: TableSchema,
    tables: _Tables,
    name: str,
    referring: Sequence[tuple[str, ForeignKey]] | None,
) -> Related:
    """Join to a frame what its foreign keys and its rules of plausibility need.

    Parameters
    ----------
    frame
        A prepared frame.
    schema
        Its schema.
    tables
        Other tables by name, frames of any library.
    name
        The name of the table itself.
    referring
        Which foreign keys of which tables refer to this one; None where that is not known.
    """
    own, checks, skipped = frame, [], []
    for number, key in enumerate(schema.foreign_keys):
        target = key.reference.resource or name
        check = foreign_key_check(key, ())
        other = own if target == name else tables.get(target)
        if other is None:
            skipped.append((check, f"the table {target} is not given"))
            continue
        mark = f"_key_{number}"
        keys = _keys(other, own, key, schema, target, mark)
        frame = frame.join(keys, left_on=list(key.fields), right_on=_ends(key, mark), how="left")
        checks.append(replace(check, passes=check.passes | ~nw.col(mark).is_null()))
    for number, rule in enumerate(schema.rules):
        match rule:
            case NearProduct():
                checks.append(rule_check(rule, schema))
            case NearMedian(column=column, by=by):
                median = f"_median_{number}"
                groups = _medians(own, column, by, median)
                frame = frame.join(
                    groups, left_on=list(by), right_on=[f"{median}_{n}" for n in by], how="left"
                )
                checks.append(rule_check(rule, schema, nw.col(median)))
            case NotAfter():
                prefix = f"_date_{number}"
                check = not_after_check(rule, (prefix, f"{prefix}_precision"))
                dates, reason = _dates(own, schema, tables, name, rule, prefix)
                if dates is None:
                    skipped.append((check, reason))
                    continue
                frame = frame.join(dates, left_on=rule.key, right_on=f"{prefix}_key", how="left")
                checks.append(check)
            case Referenced(column=column):
                check = referenced_check(rule, ())
                mark = f"_used_{number}"
                used, reason = _used(own, schema, tables, name, column, referring, mark)
                if used is None:
                    skipped.append((check, reason))
                    continue
                frame = frame.join(used, left_on=column, right_on=f"{mark}_key", how="left")
                checks.append(replace(check, passes=check.passes | ~nw.col(mark).is_null()))
    return Related(frame, tuple(checks), tuple(skipped))


def _ends(key: ForeignKey, mark: str) -> list[str]:
    return [f"{mark}_{number}" for number in range(len(key.fields))]


def _keys(
    other: Any, own: _Lazy, key: ForeignKey, schema: TableSchema, target: str, mark: str
) -> _Lazy:
    """Return the keys that a foreign key may refer to, each once, with a mark."""
    names = _ends(key, mark)
    wanted = [
        (there, schema.field(here), name)
        for there, here, name in zip(key.reference.fields, key.fields, names, strict=True)
    ]
    found = _values(other, wanted, f"the table {target}")
    given = functools.reduce(operator.and_, (~nw.col(name).is_null() for name in names))
    marked = found.filter(given).unique().with_columns(nw.lit(True).alias(mark))
    return _beside(marked, own)


def _dates(
    own: _Lazy, schema: TableSchema, tables: _Tables, name: str, rule: NotAfter, prefix: str
) -> tuple[_Lazy | None, str]:
    """Return the dates that a rule compares with, by the key that refers to them."""
    for key in schema.foreign_keys:
        if key.fields == (rule.key,):
            target = key.reference.resource or name
            other = own if target == name else tables.get(target)
            if other is None:
                return None, f"the table {target} is not given"
            precision = f"{rule.reference}_precision"
            wanted = [
                (key.reference.fields[0], schema.field(rule.key), f"{prefix}_key"),
                (rule.reference, Field(name=rule.reference, type="date"), prefix),
                (precision, Field(name=precision, type="string"), f"{prefix}_precision"),
            ]
            found = _values(other, wanted, f"the table {target}")
            once = found.filter(~nw.col(f"{prefix}_key").is_null()).unique(f"{prefix}_key")
            return _beside(once, own), ""
    return None, f"no foreign key of {rule.key} alone"


def _used(
    own: _Lazy,
    schema: TableSchema,
    tables: _Tables,
    name: str,
    column: str,
    referring: Sequence[tuple[str, ForeignKey]] | None,
    mark: str,
) -> tuple[_Lazy | None, str]:
    """Return the values of a column that other tables refer to."""
    if referring is None:
        return None, "which tables refer to this one is only known of a package"
    parts = []
    for table, key in referring:
        if column not in key.reference.fields:
            continue
        other = own if table == name else tables.get(table)
        if other is None:
            return None, f"the table {table} is not given"
        here = key.fields[key.reference.fields.index(column)]
        wanted = [(here, schema.field(column), f"{mark}_key")]
        part = _values(other, wanted, f"the table {table}")
        parts.append(_beside(part.filter(~nw.col(f"{mark}_key").is_null()).unique(), own))
    if not parts:
        return None, "no table refers to this one"
    return nw.concat(parts).unique().with_columns(nw.lit(True).alias(mark)), ""


def _medians(own: _Lazy, column: str, by: Sequence[str], name: str) -> _Lazy:
    """Return the exact median of each group; Arrow, which has none, asks pandas."""
    given = own.filter(~nw.col(column).is_null()).select(
        *(nw.col(key).alias(f"{name}_{key}") for key in by), nw.col(column).alias(name)
    )
    keys = [f"{name}_{key}" for key in by]
    for key in keys:
        given = given.filter(~nw.col(key).is_null())
    if own.implementation.is_pyarrow():
        table = collect(given)
        medians = table.to_pandas().groupby(keys, as_index=False)[name].median()
        types = pa.schema([(key, table.schema.field(key).type) for key in keys])
        types = types.append(pa.field(name, pa.float64()))
        return lazy(pa.Table.from_pandas(medians, schema=types, preserve_index=False))
    return given.group_by(*keys).agg(nw.col(name).median())


def _values(frame: Any, wanted: Sequence[tuple[str, Field, str]], what: str) -> _Lazy:
    """Select columns of a table as the types that are compared.

    Each is told by its name, the column that it is compared with, and its name in the result.
    """
    known = isinstance(frame, nw.LazyFrame)  # a prepared one: its columns are those of its schema
    found, plain = frame, {name: name for name in frame.columns} if known else {}
    if not known:
        found, names = named_plainly(lazy(frame, what))
        plain = dict(names.plain)
    dtypes = found.collect_schema()
    columns = []
    for name, field, alias in wanted:
        if name not in plain:
            raise InvalidInputError(
                f"tables: {what} has not what the schema asks for: there is no column {name!r}"
            )
        there = plain[name]
        values = key_values(there, dtypes[there], field)
        if values is None and not known:
            raise InvalidInputError(
                f"tables: {what} has not what the schema asks for: the column {name!r} holds "
                f"{dtypes[there]}, expected {words(field)}"
            )
        columns.append((nothing(field) if values is None else values).alias(alias))
    selected: _Lazy = found.select(*columns)
    return selected


def _beside(part: _Lazy, own: _Lazy) -> _Lazy:
    """Carry a part of another table over to the engine of a frame, if it is of another one."""
    if str(part.implementation) == str(own.implementation) and _can_join(own, part):
        return part
    table, native = collect(part), own.to_native()
    carried: Any
    if own.implementation.is_polars():
        carried = engine_library("polars").from_arrow(table)
    elif own.implementation.is_duckdb():
        # By way of the relation, for a frame of another connection cannot be joined with it.
        carried = _on_connection(native, table)
    elif own.implementation.is_pyspark():
        with quiet():
            carried = native.sparkSession.createDataFrame(table)
    elif own.implementation.is_pyarrow():
        carried = table
    else:
        engine = own.implementation
        raise InvalidInputError(f"tables: expected frames of {engine}, as the one to check")
    return lazy(carried)


def _can_join(own: _Lazy, part: _Lazy) -> bool:
    """Tell whether frames of one engine can be joined: for DuckDB, those of one connection."""
    if not own.implementation.is_duckdb():
        return True
    try:
        own.to_native().cross(part.to_native())
    except engine_library("duckdb").InvalidInputException:
        return False
    return True


def _on_connection(relation: Any, carried: pa.Table) -> Any:  # noqa: ARG001 (the query names it)
    return relation.query("_", "SELECT * FROM carried")
