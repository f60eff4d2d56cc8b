"""What rules need from elsewhere: keys and dates of other tables, medians of groups.

It is added to the frame as columns, so that a check across tables is an expression like any other.
Frames in memory are looked up, which keeps the order of their rows; an engine joins them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.engines import quiet
from diffdata.errors import InvalidInputError, optional_library
from diffdata.schemas.rules import (
    Check,
    condition,
    foreign_key_check,
    key_expression,
    rule_check,
)
from diffdata.schemas.standard import Field, ForeignKey, TableSchema
from diffdata.schemas.stated import (
    Agree,
    Compared,
    Formula,
    Mentioned,
    Named,
    NearMedian,
    NearProduct,
    NotAfter,
    Referenced,
    Rowwise,
    Within,
)
from diffdata.types.columns import key_values, nothing
from diffdata.types.definitions import definition
from diffdata.validation import rowwise
from diffdata.validation.prepare import collect, lazy, with_plain_names

_Lazy = nw.LazyFrame[Any]
_TEXT = Field(name="text", type="string")


@dataclass(frozen=True)
class Tables:
    """The tables that the rules of the table `name` may need: frames of any library by name.

    ``referring`` are the foreign keys, each with its table, that refer to this table, if they are
    known; ``accepted`` the keys of rows with an accepted warning, by rule.
    """

    name: str
    others: Mapping[str, Any]
    referring: Sequence[tuple[str, ForeignKey]] | None = None
    accepted: Mapping[str, Collection[str]] = dataclasses.field(default_factory=dict)


class _MissingError(Exception):
    """Why something that a rule needs is not available."""


def join(
    frame: _Lazy, schema: TableSchema, tables: Tables
) -> tuple[_Lazy, list[tuple[Check, ForeignKey | None]], list[tuple[Check, str]]]:
    """Add to a frame what its foreign keys and its rules of plausibility need.

    Returns the frame, the checks, each with its foreign key, and the skipped checks with reasons.
    """
    own = frame
    checks: list[tuple[Check, ForeignKey | None]] = []
    skipped: list[tuple[Check, str]] = []

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
            on = [schema.field(name) for name in key.fields]
            columns = list(zip(key.reference.fields, on, strict=True))
            target = _columns(own, tables, key.reference.resource or tables.name, columns, mark)
            frame = _look_up(frame, on, target, mark)
    for number, rule in enumerate(schema.rules):
        mark = f"_rule_{number}"
        match rule:
            case NearProduct() | Within(key=None):
                checks.append((rule_check(rule, schema), None))
            case NearMedian(column=column, by=by, when=when):
                if when is None:
                    frame = _with_median(frame, own, column, by, mark)
                else:
                    one = f"{mark}_value"
                    meant = nw.when(condition(when, schema)).then(nw.col(column)).alias(one)
                    frame, part = frame.with_columns(meant), own.with_columns(meant)
                    frame = _with_median(frame, part, one, by, mark)
                checks.append((rule_check(rule, schema, nw.col(mark)), None))
            case NotAfter(key=str(name)) | Within(key=str(name)):
                link, wanted = _key_with(schema, name), _beside(rule)
                width = len(link.fields) if link is not None else 0
                joined = (nw.col(f"{mark}_{width + n}") for n in range(len(wanted)))
                with adding(rule_check(rule, schema, *joined)):
                    if link is None:
                        raise _MissingError(f"no foreign key has the column {name}")
                    on = [schema.field(column) for column in link.fields]
                    columns = [*zip(link.reference.fields, on, strict=True)]
                    columns += [(field.name, field) for field in wanted]
                    table = link.reference.resource or tables.name
                    target = _columns(own, tables, table, columns, mark, keys=width)
                    frame = _look_up(frame, on, target, mark)
            case Referenced(column=column):
                with adding(rule_check(rule, schema, ~nw.col(mark).is_null())):
                    used = _used(own, schema.field(column), tables, mark)
                    frame = _look_up(frame, [schema.field(column)], used, mark)
            case Compared(column=column, on=pairs, where=where):
                on, value = [schema.field(name) for name in pairs], schema.field(column)
                columns = [*zip(pairs.values(), on, strict=True), (rule.other, value)]
                places: list[tuple[str, Field | None]] = [
                    (name, None if texts is None else Field(name=name, type="string"))
                    for name, texts in where.items()
                ]
                limit, pair = nw.col(f"{mark}_{len(on)}"), f"{mark}_pair"
                if rule.holds == "among":
                    limit = nw.col(mark).is_null() | ~nw.col(pair).is_null()
                with adding(rule_check(rule, schema, limit)):
                    table = rule.table or tables.name
                    others = _columns(own, tables, table, columns, mark)
                    *keys, last = others.columns
                    if rule.holds == "among":  # with rows that do not count
                        frame = _look_up(frame, on, others.select(*keys).unique(), mark)
                    if where:
                        others = _columns(own, tables, table, [*columns, *places], mark)
                        counted = others.columns[len(on) + 1 :]
                        for name, texts in zip(counted, where.values(), strict=True):
                            if texts is not None:
                                others = others.filter(nw.col(name).is_in(texts))
                        others = others.select(*keys, last).unique()
                    if rule.holds == "among":
                        both = [*on, value]
                        if pairs.get(column) == rule.other:  # a row that counts is all it needs
                            both, others = on, others.select(*keys).unique()
                        names = {name: f"{name}_pair" for name in others.columns}
                        frame = _look_up(frame, both, others.rename(names), pair)
                    else:
                        most = nw.col(last).min() if rule.holds == "atLeast" else nw.col(last).max()
                        frame = _look_up(frame, on, others.group_by(*keys).agg(most), mark)
            case Formula(column=column, on=pairs):
                with adding(rule_check(rule, schema, nw.col(mark).is_null())):
                    on = [schema.field(name) for name in pairs]
                    columns = [*zip(pairs.values(), on, strict=True), (rule.other, _TEXT)]
                    inputs = _columns(own, tables, rule.table, columns, mark)
                    judge = partial(rowwise.misformed, rule, _values(inputs))
                    frame = _judge(frame, own, schema, [*pairs, column], judge, mark)
            case Mentioned(column=column, key=key_name, reference=reference):
                with adding(rule_check(rule, schema, nw.col(mark).is_null())):
                    link = _key_with(schema, key_name)
                    if link is None or len(link.fields) > 1:
                        raise _MissingError(f"no foreign key is the column {key_name}")
                    columns = [
                        (link.reference.fields[0], schema.field(key_name)), (reference, _TEXT),
                    ]  # fmt: skip
                    table = link.reference.resource or tables.name
                    others = _columns(own, tables, table, columns, mark)
                    judge = partial(rowwise.unmentioned, rule, _values(others))
                    frame = _judge(frame, own, schema, [key_name, column], judge, mark)
            case Named(column=column, identifier=identifier):
                with adding(rule_check(rule, schema, nw.col(mark).is_null())):
                    link = _key_with(schema, column)
                    if link is None or len(link.fields) > 1:
                        raise _MissingError(f"no foreign key is the column {column}")
                    known = [(link.reference.fields[0], schema.field(column))]
                    table = link.reference.resource or tables.name
                    others = _columns(own, tables, table, known, mark)
                    judge = partial(rowwise.misnamed, rule, _values(others)[0])
                    frame = _judge(frame, own, schema, [column, identifier], judge, mark)
            case _ if isinstance(rule, Rowwise):
                with adding(rule_check(rule, schema, nw.col(mark).is_null())):
                    part = own
                    if isinstance(rule, Agree) and rule.when is not None:
                        part = own.filter(condition(rule.when, schema))
                    judge = partial(rowwise.breaking, rule, key=schema.primary_key)
                    frame = _judge(frame, part, schema, rule.columns_used(), judge, mark)
    return frame, checks, skipped


def referring(schemas: Mapping[str, TableSchema], name: str) -> list[tuple[str, ForeignKey]]:
    """Return the foreign keys of all tables that refer to one, each with the name of its table."""
    return [
        (table, key)
        for table, schema in schemas.items()
        for key in schema.foreign_keys
        if (key.reference.resource or table) == name
    ]


def _key_with(schema: TableSchema, column: str) -> ForeignKey | None:
    """Return the shortest foreign key with a column."""
    keys = [key for key in schema.foreign_keys if column in key.fields]
    return min(keys, key=lambda key: len(key.fields), default=None)


def _beside(rule: NotAfter | Within) -> list[Field]:
    """Return the columns that a rule reads in the row that its key refers to."""
    if isinstance(rule, NotAfter):
        precision = Field(name=f"{rule.reference}_precision", type="string")
        return [Field(name=rule.reference, type="date"), precision]
    bounds = (bound for bound in (rule.minimum, rule.maximum) if isinstance(bound, str))
    return [Field(name=bound, type="number") for bound in bounds]


def _judge(
    frame: _Lazy,
    own: _Lazy,
    schema: TableSchema,
    columns: Sequence[str],
    judge: Callable[[Mapping[str, list[Any]]], list[int]],
    mark: str,
) -> _Lazy:
    """Mark the rows of a frame that break a rule which Python evaluates.

    ``judge`` returns their positions in the rows of ``own``, given by column. The rows are sorted,
    for those of an engine come in any order; one without its key passes.
    """
    keys = schema.primary_key
    if not keys:
        raise _MissingError("the table has no primary key")
    names = list(dict.fromkeys([*keys, *columns]))
    table = collect(own.select(*names)).sort_by([(name, "ascending") for name in names])
    rows = judge(table.to_pydict())
    found = table.take(pa.array(rows, pa.int64()))
    named = {name: f"{mark}_{place}" for place, name in enumerate(keys)}
    broken = lazy(found.select(list(keys)).drop_null()).rename(named).unique()
    on = [schema.field(name) for name in keys]
    return _look_up(frame, on, _on_engine_of(own, broken), mark)


def _values(frame: _Lazy) -> list[list[Any]]:
    return list(collect(frame).to_pydict().values())


def _used(own: _Lazy, field: Field, tables: Tables, mark: str) -> _Lazy:
    """Return the values of a column that some table refers to."""
    if tables.referring is None:
        raise _MissingError("which tables refer to this one is only known of a package")
    parts = [
        _columns(own, tables, table, [(here, field)], mark)
        for table, key in tables.referring
        for there, here in zip(key.reference.fields, key.fields, strict=True)
        if there == field.name
    ]
    if not parts:
        raise _MissingError("no table refers to this one")
    return nw.concat(parts).unique()


def _columns(
    own: _Lazy,
    tables: Tables,
    table: str,
    wanted: Sequence[tuple[str, Field | None]],
    mark: str,
    keys: int | None = None,
) -> _Lazy:
    """Return columns of a table, named by `mark` and their number, each key once.

    ``wanted`` has their names, each with the column whose type its values are compared as (None:
    they are not). The first ``keys`` of them are the key, by default all. The result is on the
    engine of ``own``.
    """
    frame = own if table == tables.name else tables.others.get(table)
    if frame is None:
        raise _MissingError(f"the table {table} is not given")
    # A prepared frame has the columns of its schema; others are what a user gave.
    prepared = isinstance(frame, nw.LazyFrame)
    if prepared:
        plain = {name: name for name in frame.columns}
    else:
        frame, names = with_plain_names(lazy(frame, f"the table {table}"))
        plain = dict(names.plain)
    dtypes = frame.collect_schema()
    columns = []
    for number, (name, field) in enumerate(wanted):
        kind = dtypes[plain[name]] if name in plain else None
        if field is None and kind is not None:
            columns.append(nw.col(plain[name]).alias(f"{mark}_{number}"))
            continue
        field = field or _TEXT
        values = None if kind is None else key_values(plain[name], kind, field)
        if values is None and not prepared:
            problem = f"the column {name!r} holds {kind}, expected {definition(field).plural}"
            if kind is None:
                problem = f"it has no column {name!r}"
            raise InvalidInputError(f"tables: {table} cannot be referred to: {problem}")
        if kind is None:
            raise _MissingError(f"the table {table} has no column {name!r}")
        columns.append((nothing(field) if values is None else values).alias(f"{mark}_{number}"))
    selected = frame.select(*columns)
    key = selected.columns[:keys]
    for column in key:
        selected = selected.filter(~nw.col(column).is_null())
    if not own.implementation.is_pyarrow():  # whose look-up takes the first of several rows
        selected = selected.unique(key)
    return _on_engine_of(own, selected)


def _look_up(frame: _Lazy, on: Sequence[Field], target: _Lazy, mark: str) -> _Lazy:
    """Add to a frame columns of the row with the same key, and a mark that is null without one.

    ``target`` has each key once, in its first columns.
    """
    names = target.columns[: len(on)]
    table = frame.to_native()
    if isinstance(table, pa.Table):
        other = collect(target)
        renamed = [f.model_copy(update={"name": name}) for f, name in zip(on, names, strict=True)]
        rows = pc.index_in(_keys(table, on), value_set=_keys(other, renamed).combine_chunks())
        for name in other.column_names[len(on) :]:
            table = table.append_column(name, pc.take(other[name], rows))
        return lazy(table.append_column(mark, rows))
    marked = target.with_columns(nw.lit(True).alias(mark))
    joined: _Lazy = frame.join(
        marked, left_on=[field.name for field in on], right_on=names, how="left"
    )
    return joined


def _keys(table: pa.Table, fields: Sequence[Field]) -> pa.ChunkedArray:
    """Return the key of each row as one value."""
    keys = nw.from_native(table, eager_only=True).select(key=key_expression(fields))
    return keys.to_native()["key"]


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
    native = own.to_native()
    if str(part.implementation) == str(own.implementation):
        if not own.implementation.is_duckdb():
            return part
        with suppress(optional_library("duckdb").InvalidInputException):
            native.cross(part.to_native())  # impossible for frames of two connections
            return part
    carried: Any = collect(part)
    if own.implementation.is_polars():
        carried = optional_library("polars").from_arrow(carried)
    elif own.implementation.is_duckdb():
        # By way of the relation: a frame of another connection cannot be joined with it.
        carried = native.query("_", "SELECT * FROM carried")
    elif own.implementation.is_pyspark():
        with quiet():
            carried = native.sparkSession.createDataFrame(carried)
    elif not own.implementation.is_pyarrow():
        engine = own.implementation
        raise InvalidInputError(f"tables: expected frames of {engine}, as the one to check")
    return lazy(carried)
