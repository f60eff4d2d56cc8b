"""From any frame to a lazy one with the columns and types of a schema, and flags where it differs.

A value of another type than its column asks for is a finding, never a crash: it becomes missing,
and a flag beside it keeps the other rules from judging what nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from diffdata.errors import InvalidInputError
from diffdata.schemas.rules import Check
from diffdata.schemas.standard import TableSchema
from diffdata.types.columns import nothing, typed, words


@dataclass(frozen=True)
class Prepared:
    """A frame that rules can be evaluated on.

    Attributes
    ----------
    frame
        Lazy, with the columns of the schema in its types, and the columns of the flags.
    checks
        The checks of types, one for each column that is there.
    missing, unknown
        Columns of the schema that the frame lacks, and the other way round.
    flags
        For each column that may hold values of another type the name of a boolean column: true
        where the value is not known.
    """

    frame: nw.LazyFrame[Any]
    checks: tuple[Check, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    flags: dict[str, str]

    def doubtful(self, check: Check) -> bool:
        """Tell whether a check reads a column that may hold values of another type."""
        return any(name in self.flags for name in check.columns)

    def usable(self, check: Check) -> nw.Expr:
        """Return the expression that a row passes a check, or cannot be judged by it."""
        passes = check.passes
        if check.name != "type":
            for name in check.columns:
                if name in self.flags:
                    passes = passes | nw.col(self.flags[name])
        return passes


def lazy(frame: Any, what: str = "frame") -> nw.LazyFrame[Any]:
    """Wrap any frame lazily; one of pandas goes by Arrow, which has nulls, dates and RE2.

    Raises
    ------
    InvalidInputError
        If it is no frame that Narwhals supports, or has two columns of one name.
    """
    if isinstance(frame, nw.DataFrame | nw.LazyFrame):
        frame = frame.to_native()
    if isinstance(frame, pd.DataFrame):
        frame = _arrow(frame)
    if isinstance(frame, pa.Table):
        _refuse_repeated(frame.column_names, what)
        frame = _plainly(frame)
    try:
        wrapped: nw.LazyFrame[Any] = nw.from_native(frame).lazy()
    except (TypeError, AttributeError):
        raise InvalidInputError(
            f"{what}: expected a frame of pandas, pyarrow, Polars, DuckDB, Spark or another "
            f"library that Narwhals supports, found {type(frame).__name__}"
        ) from None
    if wrapped.implementation.is_pyspark():
        _refuse_repeated(wrapped.to_native().columns, what)
    return wrapped


def _refuse_repeated(names: Sequence[str], what: str) -> None:
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InvalidInputError(f"{what}: the column {twice[0]!r} stands more than once")


def prepare(frame: nw.LazyFrame[Any], schema: TableSchema, parsed: Iterable[str] = ()) -> Prepared:
    """Type the columns of a frame as its schema says; `parsed` are columns with a flag by it."""
    dtypes: dict[str, nw.dtypes.DType] = dict(frame.collect_schema())
    if frame.implementation.is_pyspark():
        # Its timestamps have the zone of the session, in which a day begins at midnight as well.
        dtypes |= {name: nw.Datetime() for name, kind in dtypes.items() if kind == nw.Datetime}
    columns: list[nw.Expr] = []
    checks: list[Check] = []
    flags: dict[str, str] = {}
    parsed = set(parsed)
    for number, field in enumerate(schema.fields):
        flag = f"_flag_{number}"
        if field.name not in dtypes:
            columns += [nothing(field).alias(field.name), nw.lit(True).alias(flag)]
            flags[field.name] = flag
            continue
        value, unknown = typed(field.name, dtypes[field.name], field)
        if field.name in parsed:
            unknown = nw.col(flag_of(field.name))
        columns.append(value.alias(field.name))
        if unknown is not None:
            columns.append(unknown.alias(flag))
            flags[field.name] = flag
        fits = nw.lit(True) if unknown is None else ~nw.col(flag)
        checks.append(Check("type", (field.name,), fits, words(field)))
    missing = tuple(name for name in schema.column_names if name not in dtypes)
    known = {*schema.column_names, *map(flag_of, parsed)}
    unknown_names = tuple(name for name in dtypes if name not in known)
    if len(missing) == len(schema.fields):
        # A frame needs some column to have rows.
        kept = frame.with_columns(*columns).select(*schema.column_names, *flags.values())
    else:
        kept = frame.select(*columns)
    return Prepared(kept, tuple(checks), missing, unknown_names, flags)


def flag_of(column: str) -> str:
    """Return the name of the flag that a reader of text puts beside a column."""
    return f"_unparsed_{column}"


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a pandas frame as Arrow; a column of mixed values as bytes, which no column asks for.

    Columns of objects become what they hold (dates, text, whole numbers), and so do floats that
    stand for whole numbers beside missing ones.
    """
    columns: list[Any] = []
    for place in range(frame.shape[1]):
        series = frame.iloc[:, place]
        if _whole_beside_missing(series):
            series = series.astype("Int64")
        try:
            columns.append(pa.array(series, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            absent = series.isna()
            columns.append(pa.array([None if gone else b"" for gone in absent], type=pa.binary()))
    return pa.table(columns, names=[str(name) for name in frame.columns])


def _whole_beside_missing(series: pd.Series[Any]) -> bool:
    """Tell whether a column of floats is what pandas makes of whole numbers if some are missing."""
    if series.dtype != np.float64 or not (series.isna().any() and series.notna().any()):
        return False
    given = series.dropna()
    return bool((given.abs() < 2**53).all() and (given == given.round()).all())


def _plainly(table: pa.Table) -> pa.Table:
    """Return a table of Arrow with one type of text and of dates, and without dictionaries.

    It does not join texts of two types, and Narwhals takes every dictionary for one of text.
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
