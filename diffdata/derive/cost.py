"""What a floating-point operation costs."""

from __future__ import annotations

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.frames import unwrap, wrap
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal


def cost_per_flop(
    frame: IntoFrameT, *, cost: str = "training_cost_usd", compute: str = "training_compute_flop"
) -> IntoFrameT:
    """Divide the cost of training runs by their compute.

    Parameters
    ----------
    frame
        A frame such as ``load("model_summary")``: the columns `cost` (US dollars) and `compute`
        (FLOP) and, for each, ``_low``, ``_high`` and ``_level``.
    cost, compute
        The names of the two columns.

    Returns
    -------
    frame
        The rows that have both, with the columns ``cost_per_flop_usd`` (dollars per FLOP, the ratio
        of the two central values), its ``_low`` and ``_high``, and ``flop_per_usd``. The bounds are
        those of the ratio of two independent lognormals, at the level of the inputs:
        exp(m +- w), where m is the difference of the log-midpoints and w the root of the summed
        squares of the half-widths in logarithms. An input without an interval counts as exact; the
        bounds are missing if neither has one, or if their levels differ.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"c": [12e6], "c_low": [5e6], "c_high": [33e6], "c_level": [0.9],
    ...                       "f": [3.14e23], "f_low": [None], "f_high": [None], "f_level": [None]})
    >>> cost_per_flop(frame.astype(float), cost="c", compute="f")["cost_per_flop_usd"].tolist()
    [3.821656050955414e-17]
    """
    table = wrap(frame)
    table = table.filter(~nw.col(cost).is_null(), ~nw.col(compute).is_null())
    middle = _log_middle(cost) - _log_middle(compute)
    reach = (_log_reach(cost) ** 2 + _log_reach(compute) ** 2).sqrt()
    levels = nw.col(f"{cost}_level"), nw.col(f"{compute}_level")
    same_level = (levels[0] == levels[1]) | levels[0].is_null() | levels[1].is_null()
    has_interval = ~(levels[0].is_null() & levels[1].is_null())
    usable = has_interval & same_level
    with_ratios = table.with_columns(
        (nw.col(cost) / nw.col(compute)).alias("cost_per_flop_usd"),
        nw.when(usable).then((middle - reach).exp()).alias("cost_per_flop_usd_low"),
        nw.when(usable).then((middle + reach).exp()).alias("cost_per_flop_usd_high"),
        (nw.col(compute) / nw.col(cost)).alias("flop_per_usd"),
    )
    return unwrap(with_ratios, like=frame)


def _log_middle(name: str) -> nw.Expr:
    bounds = (nw.col(f"{name}_low").log() + nw.col(f"{name}_high").log()) / 2
    return nw.when(nw.col(f"{name}_level").is_null()).then(nw.col(name).log()).otherwise(bounds)


def _log_reach(name: str) -> nw.Expr:
    half = (nw.col(f"{name}_high").log() - nw.col(f"{name}_low").log()) / 2
    return nw.when(nw.col(f"{name}_level").is_null()).then(nw.lit(0.0)).otherwise(half)


def cost_ratio(
    cost: float,
    other: float,
    *,
    interval: tuple[float, float] | None = None,
    other_interval: tuple[float, float] | None = None,
    level: float = 0.9,
) -> tuple[float, float | None, float | None]:
    """Return how many times `cost` is of `other`, with the interval of the ratio.

    Parameters
    ----------
    cost, other
        The two central values, in the same currency and price year, above zero.
    interval, other_interval
        The bounds of each at `level`; the ratio has bounds only if both are given.
    level
        The probability of both intervals, and of the interval of the ratio.

    Returns
    -------
    ratio, low, high
        The ratio of the central values, and the bounds of the ratio of two independent lognormals.

    Raises
    ------
    InvalidInputError
        If a cost is not above zero, or an interval or the level makes no sense.

    Examples
    --------
    >>> ratio, low, high = cost_ratio(
    ...     12e6, 1.7e6, interval=(5e6, 33e6), other_interval=(1.5e6, 2.3e6))
    >>> round(ratio, 2), round(low, 1), round(high, 1)
    (7.06, 2.6, 18.2)
    """
    if not (cost > 0 and other > 0):
        raise InvalidInputError(f"cost and other: expected both above 0, found {cost}, {other}")
    if interval is None or other_interval is None:
        return cost / other, None, None
    fitted = Lognormal.from_interval(*interval, level)
    low, high = (fitted / Lognormal.from_interval(*other_interval, level)).interval(level)
    return cost / other, low, high
