"""A published figure next to its recomputation: what is compared, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Distribution

if TYPE_CHECKING:
    import numpy as np

# Without a stated tolerance, figures that differ by less than this share agree.
TOLERANCE = 1e-3

# The verdicts, from the best to the worst.
VERDICTS = ("agrees", "agrees_within_rounding", "differs", "cannot_be_recomputed")

_LACKING = "statistic: the published or the recomputed figure does not have it"


@dataclass(frozen=True)
class Figure:
    """A figure with its bounds; what it does not have is None."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def summarize(
    result: Any, statistic: str, level: float, draws: int, rng: np.random.Generator
) -> Figure:
    """Reduce a result to the figure that is compared; what has no closed form is sampled."""
    if isinstance(result, int | float):
        return Figure(float(result))
    told = result if isinstance(result, Distribution) else result.sample(draws, rng)
    if statistic == "within":
        return Figure(None, *told.interval(1 - 1e-12))
    low, high = told.interval(level)
    return Figure(told.mean if statistic == "mean" else told.median, low, high)


def judge(
    published: Figure, recomputed: Figure, statistic: str, tolerance: float | None = None
) -> str:
    """Hold two figures against each other.

    Parameters
    ----------
    published, recomputed
        The two figures.
    statistic
        ``interval`` compares both bounds, ``within`` asks whether the published value lies between
        the recomputed bounds, ``limit`` whether the recomputed value keeps to the published ones;
        anything else compares the values.
    tolerance
        The relative difference up to which they agree; one in a thousand by default.

    Returns
    -------
    verdict
        ``agrees`` up to the tolerance, ``agrees_within_rounding`` if the recomputed figure may be
        rounded to the published one, at its last digit that is not a zero, else ``differs``. Of two
        bounds the worse counts.

    Examples
    --------
    >>> judge(Figure(7), Figure(7.06), "value"), judge(Figure(25), Figure(21.9), "value")
    ('agrees_within_rounding', 'differs')
    """
    if statistic == "within":
        return _judge_between(published.value, recomputed.low, recomputed.high)
    if statistic == "limit":
        return _judge_between(recomputed.value, published.low, published.high)
    pairs = [(published.value, recomputed.value)]
    if statistic == "interval":
        pairs = [(published.low, recomputed.low), (published.high, recomputed.high)]
    verdicts = [_judge_number(a, b, tolerance or TOLERANCE) for a, b in pairs]
    return max(verdicts, key=VERDICTS.index)


def _judge_between(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or (low is None and high is None):
        raise InvalidInputError(_LACKING)
    inside = (low is None or low <= value) and (high is None or value <= high)
    return "agrees" if inside else "differs"


def _judge_number(published: float | None, recomputed: float | None, tolerance: float) -> str:
    if published is None or recomputed is None:
        raise InvalidInputError(_LACKING)
    if abs(recomputed - published) <= tolerance * abs(published):
        return "agrees"
    unit = 10.0 ** int(Decimal(repr(published)).normalize().as_tuple().exponent)
    rounds = abs(recomputed - published) <= unit / 2 * (1 + 1e-9)  # a tie may go either way
    return "agrees_within_rounding" if rounds else "differs"
