"""Uncertain columns: a column with its bounds in ``NAME_low`` and ``NAME_high``.

Products and ratios have a closed form, which is an expression that every engine evaluates. Other
formulas are sampled, in batches of rows, with results that do not depend on the size of a batch.
"""

from __future__ import annotations

import functools
import operator
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

_ROWS = 1024


def interval_product(
    frame: IntoFrameT, name: str, factors: Sequence[str], divisors: Sequence[str] = ()
) -> IntoFrameT:
    """Multiply and divide independent lognormal columns, with their intervals, in closed form.

    Parameters
    ----------
    frame
        A frame that has for each of `factors` and `divisors` the column itself and its ``_low``,
        ``_high`` and ``_level``, such as ``load("model_summary")``; all above zero. A column
        without a level counts as exact.
    name : the name of the new column
    factors : the columns to multiply, at least one
    divisors : the columns to divide their product by

    Returns
    -------
    frame
        The frame with the columns `name` (of the central values), ``_low``, ``_high`` and
        ``_level``: exp(m -+ w), where m is the signed sum of the log-midpoints and w the root of
        the summed squares of the half-widths in logarithms. The bounds are missing where no column
        has an interval, or their levels differ; all are missing where a value is.

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
    every = [*factors, *divisors]
    levels = [nw.col(f"{column}_level") for column in every]
    least, most = nw.min_horizontal(*levels), nw.max_horizontal(*levels)
    above, *below = (
        functools.reduce(operator.mul, (nw.col(column).cast(nw.Float64()) for column in columns))
        for columns in (factors, divisors)
        if columns
    )
    signed = [_log_middle(column) for column in factors]
    signed += [-_log_middle(column) for column in divisors]
    middle = functools.reduce(operator.add, signed)
    reach = functools.reduce(operator.add, (_log_reach(column) ** 2 for column in every)).sqrt()
    usable = (least == most).fill_null(False)
    found = wrap(frame).with_columns(
        (above / below[0] if below else above).alias(name),
        choose((usable, (middle - reach).exp())).alias(f"{name}_low"),
        choose((usable, (middle + reach).exp())).alias(f"{name}_high"),
        choose((usable, most)).alias(f"{name}_level"),
    )
    return unwrap(found, like=frame)


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
    batch: int = _ROWS,
) -> IntoDataFrameT:
    """Add the median and the interval of a formula over lognormal columns, from samples.

    Parameters
    ----------
    frame : a frame in memory, with the columns that `interval_product` requires
    name : the name of the new column, the median; ``_low``, ``_high`` and ``_level`` are added too
    formula : takes for each of `columns` an array of shape (rows, draws), and returns such an array
    columns : the columns that the formula uses, drawn independently
    level : the probability of the interval that is added
    draws : the number of draws for each row
    seed : the seed; each column has its own stream of random numbers
    batch : the number of rows drawn at a time: memory grows with it, results do not change

    Returns
    -------
    frame
        The frame with four more columns, missing where a value is missing.

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
        middle, reach, own_level = (
            _floats(table.select(value=value)["value"])
            for value in (
                _log_middle(column), _log_reach(column), nw.col(f"{column}_level").fill_null(0.5)
            )
        )  # fmt: skip
        sigma = reach / np.array([deviations(one) for one in own_level])
        lognormals.append((column, middle, sigma, np.random.default_rng([seed, number])))
    ends = [(1 - level) / 2, 0.5, (1 + level) / 2]
    quantiles = []
    for start in range(0, len(table), batch):
        rows = slice(start, start + batch)
        drawn = {}
        for column, middle, sigma, stream in lognormals:
            mu = middle[rows, None]
            drawn[column] = np.exp(
                mu + sigma[rows, None] * stream.standard_normal((len(mu), draws))
            )
        quantiles.append(np.quantile(formula(drawn), ends, axis=1).T)
    low, median, high = np.concatenate(quantiles).T if quantiles else np.empty((3, 0))
    series = [
        nw.new_series(
            column,
            [None if x != x else float(x) for x in values],
            nw.Float64(),
            backend=table.implementation,
        )
        for column, values in ((name, median), (f"{name}_low", low), (f"{name}_high", high))
    ]
    index = nw.maybe_get_index(table)
    if index is not None:
        series = [nw.maybe_set_index(one, index=index) for one in series]
    with_level = table.with_columns(*series).with_columns(
        choose((~nw.col(name).is_null(), level)).alias(f"{name}_level")
    )
    return unwrap(with_level, like=frame)


def _floats(values: nw.Series[Any]) -> Array:
    import numpy as np

    return np.array([np.nan if x is None else x for x in values.to_list()], dtype=float)
