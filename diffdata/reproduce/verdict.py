"""Compare a published figure with its recomputation."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Distribution

if TYPE_CHECKING:
    import numpy as np

# The relative difference up to which figures agree, unless the dataset states another.
TOLERANCE = 1e-3

# The verdicts, from the best to the worst.
VERDICTS = ("agrees", "agrees_within_rounding", "differs", "cannot_be_recomputed")

_NOT_COMPARABLE = "statistic: the published or the recomputed figure does not have it"


@dataclass(frozen=True)
class Figure:
    """A figure with its bounds; None stands for what it does not have."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def summarize(
    result: Any, statistic: str, level: float, draws: int, rng: np.random.Generator
) -> Figure:
    """Reduce a result to the figure that is compared; sample a result without a closed form."""
    if isinstance(result, int | float):
        return Figure(float(result))
    distribution = result if isinstance(result, Distribution) else result.sample(draws, rng)
    if statistic == "within":
        return Figure(None, *distribution.interval(1 - 1e-12))
    low, high = distribution.interval(level)
    center = distribution.mean if statistic == "mean" else distribution.median
    return Figure(center, low, high)


def judge(
    published: Figure, recomputed: Figure, statistic: str, tolerance: float | None = None
) -> str:
    """Compare two figures and return the verdict.

    The statistic ``interval`` compares both bounds, and the worse verdict counts; ``within`` checks
    that the published value lies between the recomputed bounds, ``limit`` that the recomputed value
    lies between the published ones; any other compares the values.

    Figures agree up to the relative tolerance, and within rounding if the recomputed figure rounds
    to the published one at its last digit that is not a zero.

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
        raise InvalidInputError(_NOT_COMPARABLE)
    inside = (low is None or low <= value) and (high is None or value <= high)
    return "agrees" if inside else "differs"


def _judge_number(published: float | None, recomputed: float | None, tolerance: float) -> str:
    if published is None or recomputed is None:
        raise InvalidInputError(_NOT_COMPARABLE)
    if abs(recomputed - published) <= tolerance * abs(published):
        return "agrees"
    unit = 10.0 ** int(Decimal(repr(published)).normalize().as_tuple().exponent)
    rounds = abs(recomputed - published) <= unit / 2 * (1 + 1e-9)  # a tie may round either way
    return "agrees_within_rounding" if rounds else "differs"
