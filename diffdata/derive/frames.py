"""What the derivations share: from a user's frame to a Narwhals frame and back.

Frames may be lazy: then a derivation adds to their plan, and nothing is computed. What must be
known while a derivation is made is collected by `rows` and `held`, here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar, cast

import narwhals as nw

# A frame of Narwhals, lazy or not.
Frame: TypeAlias = Any
Native = TypeVar("Native")


def wrap(frame: Any) -> Frame:
    """Wrap a frame, lazy or not."""
    return nw.from_native(frame)


def unwrap(frame: Frame, like: Native) -> Native:  # noqa: ARG001 (tells the type, no more)
    """Return the frame of the user's library, the same as that of `like`."""
    return cast("Native", frame.to_native())


def nullable(frame: Frame, *columns: str) -> Frame:
    """Let whole numbers and booleans with missing values be what they are.

    Classic pandas columns turn them into floats and objects; lazy frames are returned as they are.
    """
    if not isinstance(frame, nw.DataFrame):
        return frame
    return frame.with_columns(*(nw.maybe_convert_dtypes(frame[name]) for name in columns))


def stated_first() -> nw.Expr:
    """Return a column to order by that puts what is stated before what is inferred."""
    stated = (nw.col("certainty") == "stated").fill_null(False)
    return nw.when(stated).then(nw.lit(0)).otherwise(nw.lit(1))


def firsts(frame: Frame, subset: Sequence[str], order: Sequence[str]) -> Frame:
    """Keep of the rows that agree in some columns the first in an order."""
    return frame.unique(list(subset), keep="first", order_by=list(order))


def with_group(frame: Frame, keys: Sequence[str], **aggregates: nw.Expr) -> Frame:
    """Add to each row what an aggregate gives for the rows that have its keys, which are given.

    That is `over` of Narwhals, which trusts Arrow to keep the order of rows in a join. It does not,
    and gives rows what belongs to others.
    """
    return frame.join(frame.group_by(*keys).agg(**aggregates), on=list(keys), how="left")


def rows(frame: Frame) -> list[tuple[Any, ...]]:
    """Collect a small frame: its rows as plain values."""
    found = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return [tuple(row) for row in found.iter_rows()]


def held(frame: Frame) -> Frame:
    """Compute a lazy frame once and keep it in its engine, for what goes round in steps."""
    if not isinstance(frame, nw.LazyFrame):
        return frame
    native = frame.to_native()
    if frame.implementation.is_duckdb():
        return nw.from_native(_from_arrow(native, native.to_arrow_table()))
    if frame.implementation.is_pyspark():
        return nw.from_native(native.localCheckpoint())
    return frame.collect().lazy()


def _from_arrow(relation: Any, found: Any) -> Any:  # noqa: ARG001 (the query names it)
    # By way of the relation, so that the new one is of the same connection.
    return relation.query("_", "SELECT * FROM found")
