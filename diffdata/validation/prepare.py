"""From a frame of any library to a lazy one with the columns and types of a schema.

A value of another type than its column becomes missing, with a flag beside it. Columns whose names
some engine does not accept (``a.b``, ``*``) have plain names while rules are evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from diffdata.engines import quiet
from diffdata.errors import InvalidInputError
from diffdata.schemas.rules import Check
from diffdata.schemas.standard import ForeignKey, TableSchema
from diffdata.types.columns import nothing, typed
from diffdata.types.definitions import definition

# What every engine accepts as a name, without the underscore of flags and joined columns.
_PLAIN = re.compile(r"[^\W_][^.`*^$\"\\\x00-\x1f]*")
_ENGINES = (
    "_duckdb", "dask", "duckdb", "ibis", "narwhals", "polars", "py4j", "pyarrow", "pyo3_runtime",
    "pyspark", "sqlframe", "sqlglot",
)  # fmt: skip


@dataclass(frozen=True)
class Names:
    """A schema with plain column names, and the plain name of each column of table and schema."""

    schema: TableSchema
    plain: Mapping[str, str]

    @property
    def original(self) -> dict[str, str]:
        """The name of each column by its plain name, where they differ."""
        return {plain: name for name, plain in self.plain.items() if plain != name}


@dataclass(frozen=True)
class Prepared:
    """A lazy frame with the columns of the schema in its types, and columns of flags."""

    frame: nw.LazyFrame[Any]
    key: tuple[str, ...]  # the primary key, as far as the frame has it, or the first column
    checks: tuple[Check, ...]  # those of types
    missing: tuple[str, ...]  # columns that only the schema has
    unknown: tuple[str, ...]  # columns that only the frame has
    flags: dict[str, str]  # by column, the boolean column that is true where a value is unknown

    def passes(self, check: Check) -> nw.Expr:
        """Return the expression that a row passes a check, or that the check cannot judge it."""
        passes = check.passes
        for name in check.columns if check.name != "type" else ():
            if name in self.flags:
                passes = passes | nw.col(self.flags[name])
        return passes


def collect(frame: nw.LazyFrame[Any]) -> pa.Table:
    """Return the rows of a lazy frame as an Arrow table; Polars works in its streaming mode."""
    options: Any = {"engine": "streaming"} if frame.implementation.is_polars() else {}
    with quiet():
        table: pa.Table = frame.collect("pyarrow", **options).to_arrow()
    return table


def of_engine(error: BaseException) -> str | None:
    """Return what an engine says of an error, on one line; None if the error is not of one."""
    if type(error).__module__.split(".")[0] not in _ENGINES:
        return None
    return " ".join(str(error).split())[:300]


def lazy(frame: Any, what: str = "frame") -> nw.LazyFrame[Any]:
    """Wrap any frame lazily; one of pandas goes by Arrow, which has nulls, dates and RE2."""
    if isinstance(frame, nw.DataFrame | nw.LazyFrame):
        frame = frame.to_native()
    if isinstance(frame, pd.DataFrame):
        frame = _to_arrow(frame)
    if isinstance(frame, pa.Table):
        _refuse_duplicates(frame.column_names, what)
        frame = _with_plain_types(frame)
    try:
        wrapped: nw.LazyFrame[Any] = nw.from_native(frame).lazy()
    except (TypeError, AttributeError):
        raise InvalidInputError(
            f"{what}: expected a frame of pandas, pyarrow, Polars, DuckDB, Spark or another "
            f"library that Narwhals supports, found {type(frame).__name__}"
        ) from None
    if wrapped.implementation.is_pyspark():
        _refuse_duplicates(wrapped.to_native().columns, what)
    return wrapped


def _refuse_duplicates(names: Sequence[str], what: str) -> None:
    if duplicates := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InvalidInputError(f"{what}: duplicate column {duplicates[0]!r}")


def prepare(frame: nw.LazyFrame[Any], schema: TableSchema, parsed: Iterable[str] = ()) -> Prepared:
    """Convert the columns of a frame to the types of its schema; both have plain names.

    Columns that were `parsed` from text have a flag beside them, see `flag_of`.
    """
    dtypes: dict[str, nw.dtypes.DType] = dict(frame.collect_schema())
    if frame.implementation.is_pyspark():
        # Its timestamps have the zone of the session, in which a day begins at midnight as well.
        dtypes |= {name: nw.Datetime() for name, kind in dtypes.items() if kind == nw.Datetime}
    columns: list[nw.Expr] = []
    flags: dict[str, str] = {}
    checks: list[Check] = []
    parsed = set(parsed)
    for number, field in enumerate(schema.fields):
        value = nothing(field)
        unknown: nw.Expr | None = nw.lit(True)
        if field.name in dtypes:
            value, unknown = typed(field.name, dtypes[field.name], field)
        if field.name in parsed:
            unknown = nw.col(flag_of(field.name))
        columns.append(value.alias(field.name))
        if unknown is not None:
            flags[field.name] = f"_flag_{number}"
            columns.append(unknown.alias(flags[field.name]))
        if field.name in dtypes:
            fits = ~nw.col(flags[field.name]) if field.name in flags else nw.lit(True)
            checks.append(Check("type", (field.name,), fits, definition(field).plural))
    missing = tuple(name for name in schema.column_names if name not in dtypes)
    expected = {*schema.column_names, *map(flag_of, parsed)}
    unknown_names = tuple(name for name in dtypes if name not in expected)
    if len(missing) == len(schema.fields):
        # A frame needs some column to have rows.
        kept = frame.with_columns(*columns).select(*schema.column_names, *flags.values())
    else:
        kept = frame.select(*columns)
    key = tuple(name for name in schema.primary_key if name in dtypes)
    key = key or tuple(name for name in schema.column_names if name in dtypes)[:1]
    return Prepared(kept, key, tuple(checks), missing, unknown_names, flags)


def flag_of(column: str) -> str:
    """Return the name of the flag that a reader of text puts beside a column."""
    return f"_unparsed_{column}"


def _to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a pandas frame as Arrow; a column of mixed values as bytes, which no type accepts.

    Columns of objects become what they hold (dates, text, whole numbers), and floats become whole
    numbers if that is what pandas made them of, because some are missing.
    """
    columns: list[Any] = []
    for place in range(frame.shape[1]):
        series = frame.iloc[:, place]
        if _whole_with_missing(series):
            series = series.astype("Int64")
        try:
            columns.append(pa.array(series, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            absent = series.isna()
            columns.append(pa.array([None if empty else b"" for empty in absent], pa.binary()))
    return pa.table(columns, names=[str(name) for name in frame.columns])


def _whole_with_missing(series: pd.Series[Any]) -> bool:
    if series.dtype != np.float64 or not (series.isna().any() and series.notna().any()):
        return False
    given = series.dropna()
    return bool((given.abs() < 2**53).all() and (given == given.round()).all())


def _with_plain_types(table: pa.Table) -> pa.Table:
    """Return an Arrow table with one type of text and of dates, and without dictionaries.

    Arrow does not join texts of two types, and Narwhals takes every dictionary for one of text.
    """
    for place, column in enumerate(table.schema):
        kind = column.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            kind = pa.string()
        if pa.types.is_date64(kind):
            kind = pa.date32()
        if kind != column.type:
            table = table.set_column(place, column.name, table.column(place).cast(kind))
    return table


def plain_names(found: Iterable[str], schema: TableSchema, table: str = "") -> Names:
    """Choose plain names for the columns that the data and the schema of a table have."""
    plain: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys([*schema.column_names, *found]):
        accepted = _PLAIN.fullmatch(name) and name.casefold() not in taken
        plain[name] = name if accepted else f"_column_{len(plain)}_"
        taken.add(name.casefold())
    if all(plain[name] == name for name in schema.column_names):
        return Names(schema, plain)
    renamed = {
        "fields": tuple(f.model_copy(update={"name": plain[f.name]}) for f in schema.fields),
        "primary_key": tuple(plain[name] for name in schema.primary_key),
        "unique_keys": tuple(tuple(plain[name] for name in key) for key in schema.unique_keys),
        "foreign_keys": tuple(
            with_names(key, plain, plain if key.reference.resource in ("", table) else {})
            for key in schema.foreign_keys
        ),
        "rules": tuple(rule.renamed(plain) for rule in schema.rules),
    }
    return Names(schema.model_copy(update=renamed), plain)


def with_names(key: ForeignKey, own: Mapping[str, str], target: Mapping[str, str]) -> ForeignKey:
    """Return a foreign key with other names of its columns, and of those that it refers to."""
    fields = tuple(own.get(name, name) for name in key.fields)
    there = tuple(target.get(name, name) for name in key.reference.fields)
    reference = key.reference.model_copy(update={"fields": there})
    return key.model_copy(update={"fields": fields, "reference": reference})


def with_plain_names(
    frame: nw.LazyFrame[Any], schema: TableSchema | None = None, table: str = ""
) -> tuple[nw.LazyFrame[Any], Names]:
    """Return a frame with plain names, and these; see `plain_names`."""
    found = frame.collect_schema().names()
    names = plain_names(found, TableSchema() if schema is None else schema, table)
    wanted = [names.plain[name] for name in found]
    return (frame if wanted == found else _renamed(frame, wanted)), names


def _renamed(frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Rename all columns of a frame, by their places."""
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
