"""Verdicts: a published figure compared with its recomputation, by the one rule of the ledger."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffdata import uncertainty
from diffdata.errors import InvalidInputError
from diffdata.lookup.text import number_or_none
from diffdata.reproduce.formulas import FUNCTIONS, evaluate_formula
from diffdata.validation.rowwise import printed_place

# The verdicts, from the best to the worst.
VERDICTS = ("agrees", "agrees_within_rounding", "differs", "cannot_be_recomputed")
# Of the results that show the effect of rounded inputs; each uses the same random numbers.
_ROUNDING_DRAWS = 100_000
_NOT_COMPARABLE = "statistic: the published or the recomputed figure does not have it"


@dataclass(frozen=True)
class Figure:
    """A figure with its bounds; None stands for what it does not have."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Part:
    """A part of a figure that is compared: its value, its mean or median, or one of its bounds.

    Any recomputed number from `low` to `high` is possible, by the rounding of the inputs.
    """

    name: str  # value, mean, median, low or high; limit where the published number is one
    published: float
    recomputed: float
    low: float
    high: float
    verdict: str
    factor: float | None  # the recomputed number over the published one, if they differ


# Results that were computed before, of formulas which read no table: editions share most of them.
_figures: dict[tuple[Any, ...], Figure] = {}
_MOST_FIGURES = 10_000


@dataclass(frozen=True)
class Result:
    """A formula with its inputs, to be evaluated once or with changed inputs."""

    formula: str
    inputs: dict[str, dict[Any, Any]]
    functions: dict[str, Callable[..., Any]]
    level: float
    seed: int

    def figure(self, statistic: str, draws: int, **changed: dict[Any, Any]) -> Figure:
        """Return the result, with changed rows of estimates by their id."""
        inputs = {key: changed.get(row["estimate_id"], row) for key, row in self.inputs.items()}
        key = (self.formula, repr(inputs), statistic, self.level, draws, self.seed)
        if key in _figures:
            return _figures[key]
        result = evaluate_formula(self.formula, inputs, self.functions)
        rng = np.random.default_rng(self.seed)
        found = summarize(result, statistic, self.level, draws, rng)
        of_tables = self.functions.keys() - FUNCTIONS.keys()
        if not any(name in self.formula for name in of_tables) and len(_figures) < _MOST_FIGURES:
            _figures[key] = found
        return found


def summarize(
    result: Any, statistic: str, level: float, draws: int, rng: np.random.Generator
) -> Figure:
    """Reduce a result to the figure that is compared; sample a result without a closed form.

    The value of a uniform is the interval that dates without a day leave open: its ends are given.
    """
    if isinstance(result, int | float):
        return Figure(float(result))
    if isinstance(result, list):
        low, high = result
        return Figure(None, float(low), float(high))
    of_value = statistic in ("value", "within")
    if of_value and isinstance(result, uncertainty.Uniform):
        return Figure(result.median, result.low, result.high)
    exact = isinstance(result, uncertainty.Distribution)
    distribution = result if exact else result.sample(draws, rng)
    low, high = distribution.interval(level)
    if of_value:
        return Figure(distribution.median)
    by_mean = statistic in ("mean", "probability")
    return Figure(distribution.mean if by_mean else distribution.median, low, high)


def judge(published: Figure, recomputed: Figure, statistic: str) -> str:
    """Compare two figures without regard to the rounding of inputs, and return the verdict.

    The published figure is taken as printed with the digits with which Python writes it. The
    statistic ``interval`` compares both bounds, ``limit`` checks that the recomputed value keeps
    the published bounds, ``within`` also that a recomputed interval leaves room for the published
    value, and any other compares the values. The worst part is the verdict.

    >>> judge(Figure(7), Figure(7.06), "value"), judge(Figure(10), Figure(14.9), "value")
    ('agrees', 'differs')
    """
    verdicts = [
        judge_number(
            pair.published, printed_place(pair.published, None) / 2, pair.ends, limit=pair.name
        )
        for pair in _pairs(published, recomputed, statistic)
    ]
    return max(verdicts, key=VERDICTS.index)


def judge_number(
    published: float,
    half: float,
    found: tuple[float, float],
    possible: tuple[float, float] | None = None,
    *,
    limit: str = "",
) -> str:
    """Compare two numbers by the rule of the ledger.

    Parameters
    ----------
    published, half : the printed number, and half of the place of its last digit; a limit is exact
    found : the ends of the recomputed number, which are equal unless dates leave it open
    possible : the ends that the rounding of the inputs makes possible; by default those found
    limit : ``at_least`` or ``at_most`` if the recomputed number need only keep the printed one

    >>> judge_number(7, 0.5, (7.06, 7.06)), judge_number(68, 0.5, (69.3, 69.3), (67.9, 70.7))
    ('agrees', 'agrees_within_rounding')
    """
    # A figure halfway between two may round either way; a limit is not rounded.
    half = 0 if limit in ("at_least", "at_most") else half + 1e-9 * abs(published)
    least = -math.inf if limit == "at_most" else published - half
    most = math.inf if limit == "at_least" else published + half
    if least <= found[0] and found[1] <= most:
        return "agrees"
    low, high = possible or found
    return "agrees_within_rounding" if low <= most and high >= least else "differs"


def compare(
    result: Result,
    printed: dict[Any, Any],
    published: Figure,
    statistics: Sequence[str],
    draws: int,
    exact: set[str],
) -> tuple[Part, ...]:
    """Compare each part of a published figure that the statistics name."""
    parts: list[Part] = []
    for statistic in statistics:
        moves: dict[str, tuple[float, float]] = {}
        for pair in _pairs(published, result.figure(statistic, draws), statistic):
            half, ends = _half(pair.published, printed), pair.ends
            verdict = judge_number(pair.published, half, ends, ends, limit=pair.name)
            # The effect of rounded inputs is computed only where it may change the verdict.
            if verdict != "agrees":
                moves = moves or _moves(result, statistic, exact)
                down, up = moves[pair.name if pair.name in ("low", "high") else "value"]
                ends = (ends[0] + down, ends[1] + up)
                verdict = judge_number(pair.published, half, pair.ends, ends, limit=pair.name)
            named = len(statistics) > 1
            factor = pair.recomputed / pair.published if pair.published else None
            parts.append(
                Part(
                    statistic if named else pair.name,
                    pair.published,
                    pair.recomputed,
                    *ends,
                    verdict,
                    factor if verdict == "differs" else None,
                )
            )
    return tuple(parts)


@dataclass(frozen=True)
class _Pair:
    """A published number, and the recomputed one with the ends that open dates leave."""

    name: str
    published: float
    recomputed: float
    ends: tuple[float, float]


def _pairs(published: Figure, found: Figure, statistic: str) -> list[_Pair]:
    """Return the numbers to compare by a statistic."""
    named: list[tuple[str, float | None, float | None]] = [("value", published.value, found.value)]
    if statistic == "interval":
        named = [("low", published.low, found.low), ("high", published.high, found.high)]
    elif statistic == "limit":
        limits = (("at_least", published.low), ("at_most", published.high))
        named = [(name, limit, found.value) for name, limit in limits if limit is not None]
    # A value with ends is a lag between dates, some without a day: inputs that are rounded.
    open_ends = statistic in ("value", "within")
    pairs = []
    for name, printed, value in named:
        if open_ends and found.low is not None and found.high is not None:
            ends = (found.low, found.high)
            value = (found.low + found.high) / 2 if value is None else value
        elif value is not None:
            ends = (value, value)
        if printed is None or value is None:
            raise InvalidInputError(_NOT_COMPARABLE)
        pairs.append(_Pair(name, printed, value, ends))
    if not pairs:
        raise InvalidInputError(_NOT_COMPARABLE)
    return pairs


def _half(number: float, printed: dict[Any, Any]) -> float:
    """Return half of the place of the last digit with which a row of estimates prints a number."""
    text = printed["as_printed"]
    return printed_place(number, text if isinstance(text, str) else None) / 2


def _moves(result: Result, statistic: str, exact: set[str]) -> dict[str, tuple[float, float]]:
    """Return how far down and up the rounding of the inputs moves each part of the result."""
    names = ("value", "low", "high")
    center = result.figure(statistic, _ROUNDING_DRAWS)
    moves = dict.fromkeys(names, (0.0, 0.0))
    for row in {row["estimate_id"]: row for row in result.inputs.values()}.values():
        if row["estimate_id"] in exact:
            continue
        for part in names:
            number = number_or_none(row[part])
            if not number:
                continue
            half = _half(number, row)
            for step in (-half, half):
                changed = {row["estimate_id"]: row | {part: number + step}}
                try:
                    figure = result.figure(statistic, _ROUNDING_DRAWS, **changed)
                except InvalidInputError:  # bounds that cross, for one
                    continue
                for name in names:
                    before, after = getattr(center, name), getattr(figure, name)
                    if before is not None and after is not None:
                        down, up = moves[name]
                        difference = after - before
                        moves[name] = (down + min(difference, 0), up + max(difference, 0))
    return moves
