"""Uncertain columns: a column with bounds beside it, ``NAME_low`` and ``NAME_high``.

Products and ratios have a closed form, which is an expression that every engine evaluates. What
has none is sampled, in batches of rows, with results that do not depend on how large they are.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import narwhals as nw
from narwhals.typing import IntoDataFrameT, IntoFrameT

from diffdata.derive.frames import Frame, unwrap, wrap
from diffdata.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

_ROWS = 1024


def interval_product(
    frame: IntoFrameT, name: str, factors: Sequence[str], divisors: Sequence[str] = ()
) -> IntoFrameT:
    """Multiply and divide independent lognormal columns, with their intervals, in closed form.

    Parameters
    ----------
    frame
        A frame that has for each of `factors` and `divisors` the column itself and its ``_low``,
        ``_high`` and ``_level``, such as ``load("model_summary")``; all above zero. One without a
        level counts as exact.
    name
        The name of the new column.
    factors, divisors
        The columns that are multiplied, and by which their product is divided.

    Returns
    -------
    frame
        The frame with the columns `name` (of the central values), ``_low``, ``_high`` and
        ``_level``: exp(m -+ w), where m is the signed sum of the log-midpoints and w the root of
        the summed squares of the half-widths in logarithms. The bounds are missing where no column
        has an interval, or their levels differ; all is missing where a value is.

    Raises
    ------
    InvalidInputError
        If there are no factors.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.LazyFrame({"a": [4.0], "a_low": [2.0], "a_high": [8.0], "a_level": [0.9],
    ...                       "b": [2.0], "b_low": [1.0], "b_high": [4.0], "b_level": [0.9]})
    >>> found = interval_product(frame, "ratio", ["a"], ["b"]).collect()
    >>> [round(found[column][0], 3) for column in ("ratio", "ratio_low", "ratio_high")]
    [2.0, 0.75, 5.33]
    """
    return unwrap(with_interval_product(wrap(frame), name, factors, divisors), like=frame)


def with_interval_product(
    frame: Frame, name: str, factors: Sequence[str], divisors: Sequence[str] = ()
) -> Frame:
    """Do what `interval_product` does, on a Narwhals frame."""
    if not factors:
        raise InvalidInputError("factors: expected at least one column")
    every = [*factors, *divisors]
    levels = [nw.col(f"{column}_level") for column in every]
    least, most = nw.min_horizontal(*levels), nw.max_horizontal(*levels)
    above = functools.reduce(operator.mul, map(nw.col, factors))
    centre = above / functools.reduce(operator.mul, map(nw.col, divisors)) if divisors else above
    signed = [_log_middle(column) for column in factors]
    signed += [-_log_middle(column) for column in divisors]
    middle = functools.reduce(operator.add, signed)
    reach = functools.reduce(operator.add, (_log_reach(column) ** 2 for column in every)).sqrt()
    usable = (least == most).fill_null(False)
    return frame.with_columns(
        centre.alias(name),
        nw.when(usable).then((middle - reach).exp()).alias(f"{name}_low"),
        nw.when(usable).then((middle + reach).exp()).alias(f"{name}_high"),
        nw.when(usable).then(most).alias(f"{name}_level"),
    )


def _log_middle(name: str) -> nw.Expr:
    bounds = (nw.col(f"{name}_low").log() + nw.col(f"{name}_high").log()) / 2
    return nw.when(nw.col(f"{name}_level").is_null()).then(nw.col(name).log()).otherwise(bounds)


def _log_reach(name: str) -> nw.Expr:
    half = (nw.col(f"{name}_high").log() - nw.col(f"{name}_low").log()) / 2
    return nw.when(nw.col(f"{name}_level").is_null()).then(nw.lit(0.0)).otherwise(half)


def sample_columns(
    frame: IntoDataFrameT,
    name: str,
    formula: Callable[[Mapping[str, Array]], Array],
    columns: Sequence[str],
    *,
    level: float = 0.9,
    draws: int = 10_000,
    seed: int = 2026,
    batch: int = _ROWS,
) -> IntoDataFrameT:
    """Draw lognormal columns, and give the median and the interval of a formula of them.

    Parameters
    ----------
    frame
        A frame that is held in memory, with the columns as `interval_product` wants them.
    name
        The name of the new column.
    formula
        Takes for each of `columns` an array of the shape (rows, draws), and returns one.
    columns
        The columns that the formula uses, each drawn by itself.
    level
        The probability of the interval that is returned.
    draws
        How many draws a row gets.
    seed
        The seed; each column has a stream of random numbers of its own.
    batch
        How many rows are drawn at a time: memory grows with it, results do not change.

    Returns
    -------
    frame
        The frame with the columns `name` (the median), ``_low``, ``_high`` and ``_level``; missing
        where a value is.

    Raises
    ------
    InvalidInputError
        If the level, the number of draws or the batch makes no sense, or the frame is lazy.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"a": [4.0], "a_low": [2.0], "a_high": [8.0], "a_level": [0.9]})
    >>> found = sample_columns(frame, "twice", lambda drawn: 2 * drawn["a"], ["a"], draws=20_000)
    >>> [round(found[column][0]) for column in ("twice", "twice_low", "twice_high")]
    [8, 4, 16]
    """
    import numpy as np

    if not 0 < level < 1:
        raise InvalidInputError(f"level: expected a number between 0 and 1, found {level}")
    if draws < 1 or batch < 1:
        raise InvalidInputError(f"draws and batch: expected at least 1, found {draws}, {batch}")
    table = wrap(frame)
    if isinstance(table, nw.LazyFrame):
        raise InvalidInputError("frame: sampling needs a frame in memory; collect it first")
    middles, reaches = {}, {}
    for column in columns:
        found = table.select(
            middle=_log_middle(column),
            reach=_log_reach(column),
            level=nw.col(f"{column}_level"),
        )
        levels = found["level"].fill_null(0.5).to_numpy().astype(float)
        deviations = np.array([NormalDist().inv_cdf((1 + own) / 2) for own in levels])
        middles[column] = _floats(found["middle"])
        reaches[column] = _floats(found["reach"]) / deviations
    # One stream a column, and a row after the other in it: so batches only cut it in pieces.
    streams = {
        column: np.random.default_rng([seed, number]) for number, column in enumerate(columns)
    }
    ends = [(1 - level) / 2, 0.5, (1 + level) / 2]
    quantiles = []
    for start in range(0, len(table), batch):
        rows = slice(start, start + batch)
        drawn = {}
        for column, stream in streams.items():
            middle, reach = middles[column][rows, None], reaches[column][rows, None]
            standard = stream.standard_normal((len(middle), draws))
            drawn[column] = np.exp(middle + reach * standard)
        quantiles.append(np.quantile(formula(drawn), ends, axis=1).T)
    low, median, high = np.concatenate(quantiles).T if quantiles else np.empty((3, 0))
    new = {name: median, f"{name}_low": low, f"{name}_high": high}
    backend = table.implementation
    series = [
        nw.new_series(column, [None if x != x else float(x) for x in values], nw.Float64(),
                      backend=backend)
        for column, values in new.items()
    ]  # fmt: skip
    index = nw.maybe_get_index(table)
    if index is not None:
        series = [nw.maybe_set_index(one, index=index) for one in series]
    with_level = table.with_columns(*series).with_columns(
        nw.when(~nw.col(name).is_null()).then(nw.lit(level)).alias(f"{name}_level")
    )
    return unwrap(with_level, like=frame)


def _floats(values: Any) -> Array:
    import numpy as np

    return np.array([np.nan if x is None else x for x in values.to_list()], dtype=float)
