"""Uncertain columns: a column with its bounds in ``NAME_low`` and ``NAME_high``.

Products and ratios have a closed form, which is an expression that every engine evaluates. Other
formulas are sampled, in batches of rows, with results that do not depend on the size of a batch.
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
from narwhals.typing import IntoDataFrameT, IntoFrameT

from diffdata.derive.frames import choose, unwrap, wrap
from diffdata.errors import InvalidInputError
from diffdata.uncertainty.distributions import deviations
from diffdata.uncertainty.quantity import check_level

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["interval_product", "sample_columns"]


def interval_product(
    frame: IntoFrameT, name: str, factors: Sequence[str], divisors: Sequence[str] = ()
) -> IntoFrameT:
    """Multiply and divide independent lognormal columns, with their intervals, in closed form.

    Parameters
    ----------
    frame
        A frame with the `factors` and `divisors`, each with its ``_low``, ``_high`` and ``_level``,
        such as ``load("model_summary")``; all above 0. A value without bounds counts as exact.
    name : the name of the new column
    factors, divisors
        The columns to multiply, at least one, and to divide their product by. Different columns are
        independent; one that is named twice is one quantity: ``x / x`` is 1, and ``x * x`` is the
        square of x.

    Returns
    -------
    frame
        With `name` (of the central values), ``_low``, ``_high`` (exp(m -+ w), where m is the sum of
        the log-midpoints times their powers, and w the root of the sum of the squares of the
        half-widths times their powers) and ``_level``. Bounds are missing where no column has an
        interval, where levels differ, and where bounds have no level, for these do not say how much
        they contain.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.LazyFrame({"a": [4.0], "a_low": [2.0], "a_high": [8.0], "a_level": [0.9],
    ...                       "b": [2.0], "b_low": [1.0], "b_high": [4.0], "b_level": [0.9]})
    >>> found = interval_product(frame, "ratio", ["a"], ["b"]).collect()
    >>> [round(found[column][0], 3) for column in ("ratio", "ratio_low", "ratio_high")]
    [2.0, 0.75, 5.33]
    """
    if not factors:
        raise InvalidInputError("factors: expected at least one column")
    powers = Counter(factors)
    powers.subtract(divisors)
    every = [column for column in powers if powers[column]] or list(powers)
    levels = [nw.col(f"{column}_level") for column in every]
    least, most = nw.min_horizontal(*levels), nw.max_horizontal(*levels)
    above, *below = (
        functools.reduce(operator.mul, (nw.col(column).cast(nw.Float64()) for column in columns))
        for columns in (factors, divisors)
        if columns
    )
    middle = functools.reduce(operator.add, (_log_middle(x) * powers[x] for x in every))
    reach = functools.reduce(operator.add, ((_log_reach(x) * powers[x]) ** 2 for x in every)).sqrt()
    present = [~nw.col(column).is_null() for column in powers]
    whole = nw.all_horizontal(*present, *map(_is_whole, every), ignore_nulls=False)
    usable = (least == most).fill_null(False) & whole
    found = wrap(frame).with_columns(
        (above / below[0] if below else above).alias(name),
        choose((usable, (middle - reach).exp())).alias(f"{name}_low"),
        choose((usable, (middle + reach).exp())).alias(f"{name}_high"),
        choose((usable, most)).alias(f"{name}_level"),
    )
    return unwrap(found, like=frame)


def _is_whole(name: str) -> nw.Expr:
    """Return whether a column has both bounds and a level, or neither."""
    missing = [nw.col(f"{name}_{part}").is_null() for part in ("level", "low", "high")]
    return (missing[0] == missing[1]) & (missing[0] == missing[2])


def _log_middle(name: str) -> nw.Expr:
    bounds = (nw.col(f"{name}_low").log() + nw.col(f"{name}_high").log()) / 2
    return choose((nw.col(f"{name}_level").is_null(), nw.col(name).log()), otherwise=bounds)


def _log_reach(name: str) -> nw.Expr:
    half = (nw.col(f"{name}_high").log() - nw.col(f"{name}_low").log()) / 2
    return choose((nw.col(f"{name}_level").is_null(), 0.0), otherwise=half)


def sample_columns(
    frame: IntoDataFrameT,
    name: str,
    formula: Callable[[Mapping[str, Array]], Array],
    columns: Sequence[str],
    *,
    level: float = 0.9,
    draws: int = 10_000,
    seed: int = 2026,
    batch: int = 1024,
) -> IntoDataFrameT:
    """Add the median and the interval of a formula over lognormal columns, from samples.

    Parameters
    ----------
    frame : a frame in memory, with the columns that `interval_product` requires
    name
        The name of the new column, the median; ``_low``, ``_high`` and ``_level`` are added too.
        They are missing where a value is missing, or its bounds have no level.
    formula : takes for each of `columns` an array of shape (rows, draws), and returns such an array
    columns : the columns that the formula uses, drawn independently
    level : the probability of the interval that is added
    draws, seed : the number of draws for each row, and the seed
    batch : the number of rows drawn at a time: memory grows with it, results do not change

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"a": [4.0], "a_low": [2.0], "a_high": [8.0], "a_level": [0.9]})
    >>> found = sample_columns(frame, "twice", lambda drawn: 2 * drawn["a"], ["a"], draws=20_000)
    >>> [round(found[column][0]) for column in ("twice", "twice_low", "twice_high")]
    [8, 4, 16]
    """
    import numpy as np

    check_level(level)
    if draws < 1 or batch < 1:
        raise InvalidInputError(f"draws and batch: expected at least 1, found {draws}, {batch}")
    table = wrap(frame)
    if isinstance(table, nw.LazyFrame):
        raise InvalidInputError("frame: sampling needs a frame in memory; collect it first")
    # One stream for each column, read row by row, so that batches do not change the draws.
    lognormals = []
    for number, column in enumerate(columns):
        own_level = nw.col(f"{column}_level").fill_null(0.5)
        middle = choose((_is_whole(column), _log_middle(column)))
        parts = table.select(mu=middle, reach=_log_reach(column), level=own_level)
        mu, reach, levels = (
            np.array([np.nan if x is None else x for x in values.to_list()], dtype=float)[:, None]
            for values in parts.iter_columns()
        )
        sigma = reach / np.vectorize(deviations, otypes=[float])(levels)
        lognormals.append((column, mu, sigma, np.random.default_rng([seed, number])))
    ends = [(1 - level) / 2, 0.5, (1 + level) / 2]
    quantiles = []
    for start in range(0, len(table), batch):
        rows = slice(start, start + batch)
        drawn = {
            column: np.exp(mu[rows] + sigma[rows] * stream.standard_normal((len(mu[rows]), draws)))
            for column, mu, sigma, stream in lognormals
        }
        quantiles.append(np.quantile(formula(drawn), ends, axis=1))
    found = np.concatenate(quantiles, axis=1) if quantiles else np.empty((3, 0))
    index = nw.maybe_get_index(table)
    series = []
    for column, values in zip((f"{name}_low", name, f"{name}_high"), found, strict=True):
        given = [None if x != x else float(x) for x in values]
        made = nw.new_series(column, given, nw.Float64(), backend=table.implementation)
        series.append(made if index is None else nw.maybe_set_index(made, index=index))
    low, median, high = series
    with_level = table.with_columns(median, low, high).with_columns(
        choose((~nw.col(name).is_null(), level)).alias(f"{name}_level")
    )
    return unwrap(with_level, like=frame)
