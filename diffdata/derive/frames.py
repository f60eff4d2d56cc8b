"""The one way from a user's frame to a Narwhals frame and back, and what derivations share.

Frames may be lazy: then a derivation adds to their plan, and nothing is computed. Values that are
needed earlier are collected by `rows` and `compute_once`, and nowhere else.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar, cast

import narwhals as nw

from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    import pyarrow as pa

# A frame of Narwhals, lazy or not.
Frame: TypeAlias = Any
Native = TypeVar("Native")
P = ParamSpec("P")
R = TypeVar("R")


def wrap(frame: Any) -> Frame:
    """Return a user's frame as a frame of Narwhals, lazy or not."""
    try:
        return nw.from_native(frame)
    except TypeError:
        found = type(frame).__name__
        raise InvalidInputError(
            f"expected a frame of pandas, Polars, PyArrow, DuckDB or Spark, found {found}"
        ) from None


def unwrap(frame: Frame, like: Native) -> Native:
    """Return a frame of Narwhals in the library of `like`."""
    given_narwhals = isinstance(like, nw.DataFrame | nw.LazyFrame)
    return cast("Native", frame if given_narwhals else frame.to_native())


def nullable(frame: Frame, *columns: str) -> Frame:
    """Convert columns of pandas that hold missing values to dtypes of whole numbers and booleans.

    Classic pandas columns make floats and objects of them; lazy frames are returned unchanged.
    """
    if not isinstance(frame, nw.DataFrame):
        return frame
    return frame.with_columns(*(nw.maybe_convert_dtypes(frame[name]) for name in columns))


def choose(*cases: tuple[nw.Expr, Any], otherwise: Any = None) -> nw.Expr:
    """Return the value of the first case whose condition is true, else `otherwise` or missing."""
    chain: Any = nw
    for condition, value in cases:
        chain = chain.when(condition).then(value if isinstance(value, nw.Expr) else nw.lit(value))
    if otherwise is None:
        return cast("nw.Expr", chain)
    last = otherwise if isinstance(otherwise, nw.Expr) else nw.lit(otherwise)
    return cast("nw.Expr", chain.otherwise(last))


def stated_first() -> nw.Expr:
    """Return a column to order by that puts stated rows before inferred ones."""
    return choose(((nw.col("certainty") == "stated").fill_null(False), 0), otherwise=1)


def with_group(frame: Frame, keys: Sequence[str], **aggregates: nw.Expr) -> Frame:
    """Add to each row the aggregates of the rows that share its keys, which are not missing.

    Like `over` of Narwhals, which relies on Arrow to keep the order of rows in a join. Arrow does
    not, so that rows would get the values of others.
    """
    return frame.join(frame.group_by(*keys).agg(**aggregates), on=list(keys), how="left")


def is_imported(frame: Frame) -> nw.Expr:
    """Return the condition that a row was taken from a snapshot of a database, read in no source.

    Frames without a verification have no such rows.
    """
    if "verification" not in frame.collect_schema().names():
        return nw.lit(value=False)
    return (nw.col("verification") == "snapshot").fill_null(value=False)


def reviewed_first(frame: Frame, *keys: str) -> Frame:
    """Leave out the imported rows of those keys that have reviewed rows."""
    imported = choose((is_imported(frame), 1), otherwise=0)
    marked = frame.with_columns(_imported=imported)
    grouped = with_group(marked, keys, _least=nw.col("_imported").min())
    return grouped.filter(nw.col("_imported") == nw.col("_least")).drop("_imported", "_least")


def rows(frame: Frame) -> list[tuple[Any, ...]]:
    """Collect a small frame, and return its rows as plain values, None where one is missing."""
    collected = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return [tuple(map(_plain, row)) for row in collected.iter_rows()]


def _plain(value: Any) -> Any:
    """Return None for each of the values that pandas has for a missing one."""
    try:
        return value if value == value else None
    except TypeError:  # a missing value of pandas has no truth
        return None


def require(frame: Frame, table: str, names: Iterable[str]) -> list[str]:
    """Return the columns of a frame, which must include these (InvalidInputError)."""
    there = list(frame.collect_schema().names())
    for name in names:
        if name not in there:
            message = f"{table}: the frame has no column {name!r}; it has {_listed(there)}"
            raise InvalidInputError(message)
    return there


# What derivations read of a table that a user may have in place of ours.
_READ = {
    "model_dates": ("model_id", "milestone", "date", "date_precision", "certainty"),
    "artifacts": (
        "artifact_id", "model_id", "variant", "artifact_kind", "access", "available",
        "available_precision", "stage", "certainty",
    ),
    "comparisons": (
        "comparison_id", "model_id", "reference_model_id", "judgement", "as_of", "as_of_precision",
        "status", "superseded_by_comparison_id", "certainty",
    ),
    "diffusion_events": (
        "event_id", "organization_id", "model_id", "reference_model_id", "artifact_id", "mechanism",
        "explicit_attempt", "outcome", "date", "date_precision", "status", "certainty",
    ),
    "model_developers": ("model_id", "organization_id", "role"),
    "estimates": (
        "estimate_id", "model_id", "quantity_id", "value", "low", "high", "level", "unit",
        "currency", "basis", "status", "source_id",
    ),
    "quantities": ("quantity_id", "unit", "scale"),
    "models": ("model_id", "name", "architecture", "objective"),
    "training_runs": (
        "run_id", "model_id", "hardware_id", "chips", "duration_days", "chip_hours", "utilization",
        "utilization_kind", "achieved_flop_per_second",
    ),
    "hardware_performance": (
        "hardware_id", "number_format", "execution_unit", "peak_flop_per_second",
    ),
    "evaluations": ("model_id", "benchmark", "score"),
}  # fmt: skip


def naming_tables(function: Callable[P, R]) -> Callable[P, R]:
    """Let errors of missing columns name the argument and its columns, and empty results a reason.

    The reason is ``empty_because`` in the ``attrs`` of a frame of pandas.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def named(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            result = function(*args, **kwargs)
        except nw.exceptions.ColumnNotFoundError as error:
            given = signature.bind(*args, **kwargs).arguments
            raise InvalidInputError(_missing_column(given, str(error))) from None
        if isinstance(attrs := getattr(result, "attrs", None), dict) and not len(result):  # type: ignore[arg-type]
            given = signature.bind(*args, **kwargs).arguments
            attrs["empty_because"] = _why_empty(function.__name__, given)
        return result

    return named


def _missing_column(given: Mapping[str, Any], message: str) -> str:
    """Say which argument lacks a column, and which columns it has and needs."""
    message = " ".join(message.partition("Hint")[0].split())
    asked = set(re.findall(r"'(\w+)'", message))
    tables = {
        name: wrap(value).collect_schema().names()
        for name, value in given.items()
        if name in _READ and value is not None
    }
    # The table that lacks what was looked for, or else another that lacks something.
    for wanted in (asked, None):
        for name, there in tables.items():
            lacking = [column for column in _READ[name] if column not in there]
            if lacking and (wanted is None or wanted & set(lacking)):
                return (
                    f"{name}: the frame has no column {' or '.join(map(repr, lacking[:3]))}; "
                    f"it has {_listed(there)}, and {', '.join(_READ[name])} are read"
                )
    first = next(iter(given), "frame")
    return f"{first}: {message}"


def _why_empty(name: str, given: Mapping[str, Any]) -> str:
    frames = {key: len(value) for key, value in given.items() if hasattr(value, "attrs")}
    empty = [key for key, rows in frames.items() if not rows]
    if empty:
        return f"{', '.join(empty)}: the frame has no rows"
    counted = ", ".join(f"{rows:,} rows of {key}" for key, rows in frames.items())
    return f"none of {counted} meets the conditions of {name}, which its docstring states"


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "no columns") + more


def group_columns(by: str | Sequence[str] | None, results: Iterable[str] = ()) -> list[str]:
    """Return the columns that name the groups: different ones, none of them named as a result."""
    given: Any = [by] if isinstance(by, str) else () if by is None else by
    if not isinstance(given, Iterable) or not all(isinstance(name, str) for name in given):
        raise InvalidInputError(f"by: expected the name of a column, or several, found {by!r}")
    names = list(given)
    if len(set(names)) < len(names):
        raise InvalidInputError(f"by: expected different columns, found {by!r}")
    if taken := sorted(set(names) & set(results)):
        raise InvalidInputError(f"by: the result has its own column {taken[0]!r}; rename the given")
    return names


def number_in(cell: Any, table: str, column: str) -> float | None:
    """Return a cell of `rows` as a float, None if missing (InvalidInputError if no number)."""
    try:
        return None if cell is None else float(cell)
    except (TypeError, ValueError):
        message = f"{table}: column {column!r}: expected numbers, found {cell!r}"
        raise InvalidInputError(message) from None


def sorted_groups(groups: Mapping[tuple[Any, ...], Native]) -> dict[tuple[Any, ...], Native]:
    """Return groups in the order of what names them, missing values last."""
    order = sorted(groups, key=lambda group: [(cell is None, cell) for cell in group])
    return {group: groups[group] for group in order}


def make(table: pa.Table, like: Frame) -> Frame:
    """Return a table of Arrow as a frame of the library of a Narwhals frame, lazy if that is."""
    if like.implementation.is_duckdb():
        found = table  # noqa: F841 (named in the query)
        # From the relation, so that the new one belongs to the same connection.
        return nw.from_native(like.to_native().query("_", "SELECT * FROM found"))
    if like.implementation.is_pyspark():
        return nw.from_native(like.to_native().sparkSession.createDataFrame(table))
    made = nw.from_arrow(table, backend=like.implementation)
    return made.lazy() if isinstance(like, nw.LazyFrame) else made


def make_dated(table: pa.Table, like: Frame, dates: nw.dtypes.DType) -> Frame:
    """Return a table as `make` does, its days with the type of the dates that a user gave."""
    import pyarrow as pa

    days = [field.name for field in table.schema if field.type == pa.date32()]
    if dates == nw.Datetime:  # pandas has no column of days
        moments = pa.schema([(name, pa.timestamp("us")) for name in days])
        fields = [moments.field(f.name) if f.name in days else f for f in table.schema]
        table = table.cast(pa.schema(fields))
    frame = make(table, like)
    if dates not in (nw.Date, nw.Datetime) or getattr(dates, "time_zone", None):
        return frame
    return frame.with_columns(*(nw.col(name).cast(dates) for name in days))


def from_columns(values: dict[str, Any], floats: dict[str, list[float]], like: Frame) -> Frame:
    """Return columns of values (lists, or arrays of Arrow) and of floats as a frame.

    No number among floats is a missing one. A column of values that `like` has too gets its type.
    """
    import pyarrow as pa

    numbers = {
        name: pa.array(column, pa.float64(), from_pandas=True) for name, column in floats.items()
    }
    return with_types(make(pa.table(values | numbers), like), like, values)


def with_types(frame: Frame, like: Frame, names: Iterable[str]) -> Frame:
    """Give columns the types that those of the same names have in another frame."""
    types = {name: dtype for name, dtype in like.collect_schema().items() if name in set(names)}
    simple = (nw.Categorical, nw.Enum, nw.Object)
    casts = [nw.col(name).cast(dtype) for name, dtype in types.items() if dtype not in simple]
    return frame.with_columns(*casts) if casts else frame


def compute_once(frame: Frame) -> Frame:
    """Compute a lazy frame and keep it in its engine, for iterations."""
    if not isinstance(frame, nw.LazyFrame):
        return frame
    native = frame.to_native()
    if frame.implementation.is_duckdb():
        found = native.to_arrow_table()  # noqa: F841 (named in the query)
        # From the relation, so that the new one belongs to the same connection.
        return nw.from_native(native.query("_", "SELECT * FROM found"))
    if frame.implementation.is_pyspark():
        return nw.from_native(native.localCheckpoint())
    return frame.collect().lazy()
