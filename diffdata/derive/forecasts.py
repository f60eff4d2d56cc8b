"""How good forecasts were: the Brier score of those that are resolved, and their calibration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from narwhals.typing import IntoFrameT

from diffdata.derive.formula import documented
from diffdata.derive.frames import (
    Frame,
    from_columns,
    group_columns,
    number_in,
    require,
    rows,
    sorted_groups,
    unwrap,
    wrap,
)
from diffdata.errors import InvalidInputError
from diffdata.uncertainty.distributions import deviations
from diffdata.uncertainty.quantity import check_whole

__all__ = ["brier_score", "calibration"]

_CALIBRATION = (
    "probability_low", "probability_high", "mean_probability", "share_true", "share_true_low",
    "share_true_high",
)  # fmt: skip


@documented
def brier_score(forecasts: IntoFrameT, by: str | Sequence[str] | None = None) -> IntoFrameT:
    """Return the Brier score of resolved forecasts: the mean squared error of the probabilities.

    Forecasts count that came out true or false and have a probability; one that was withdrawn or
    replaced counts as it was made (Brier 1950, Monthly Weather Review 78).

    Returns: One row for each group, in their order: the columns of `by`, forecasts (the number that
    is scored), brier (0 is perfect, 0.25 is what a probability of one half gets), base_rate (the
    share that came out true), and skill (1 - brier over the score of the base rate; missing if all
    came out alike).

    >>> import pandas as pd
    >>> outcomes = ["true", "false", "open"]
    >>> made = pd.DataFrame({"probability": [0.9, 0.2, 0.5], "resolution": outcomes})
    >>> brier_score(made).round(3).values.tolist()
    [[2.0, 0.025, 0.5, 0.9]]
    """
    names = group_columns(by, ("forecasts", "brier", "base_rate", "skill"))
    frame = wrap(forecasts)
    groups: dict[tuple[Any, ...], list[tuple[float, bool]]] = defaultdict(list)
    for *group, probability, outcome in _resolved(frame, names):
        groups[tuple(group)].append((probability, outcome))
    found: dict[str, list[Any]] = {name: [] for name in (*names, "forecasts")}
    scores: dict[str, list[float]] = {"brier": [], "base_rate": [], "skill": []}
    for key, made in sorted_groups(groups).items():
        for name, cell in zip(found, (*key, len(made)), strict=True):
            found[name].append(cell)
        brier = fmean((probability - outcome) ** 2 for probability, outcome in made)
        base = fmean(outcome for _, outcome in made)
        scores["brier"].append(brier)
        scores["base_rate"].append(base)
        scores["skill"].append(1 - brier / (base * (1 - base)) if 0 < base < 1 else float("nan"))
    return unwrap(from_columns(found, scores, frame), like=forecasts)


@documented
def calibration(forecasts: IntoFrameT, *, bins: int = 5, level: float = 0.9) -> IntoFrameT:
    """Return how often forecasts of each probability came true.

    Forecasts count as in `brier_score`. The interval is Wilson's, for independent forecasts.

    Returns: One row for each bin with a forecast, from the least probable: probability_low and
    probability_high (the limits of the bin, the upper one in it only for the last), forecasts
    (their number), mean_probability, share_true, share_true_low and share_true_high.

    >>> import pandas as pd
    >>> outcomes = ["true", "true", "false"]
    >>> made = pd.DataFrame({"probability": [0.9, 0.85, 0.1], "resolution": outcomes})
    >>> calibration(made)[["probability_low", "forecasts", "share_true"]].values.tolist()
    [[0.0, 1.0, 0.0], [0.8, 2.0, 1.0]]
    """
    z = deviations(level)
    check_whole(bins, "bins", 1)
    frame = wrap(forecasts)
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for probability, outcome in _resolved(frame, []):
        groups[min(int(probability * bins), bins - 1)].append((probability, outcome))
    found: dict[str, list[Any]] = {"forecasts": []}
    columns: dict[str, list[float]] = {name: [] for name in _CALIBRATION}
    for place in sorted(groups):
        made = groups[place]
        count, share = len(made), fmean(outcome for _, outcome in made)
        centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        width = share * (1 - share) / count + z**2 / (4 * count**2)
        margin = z * width**0.5 / (1 + z**2 / count)
        found["forecasts"].append(count)
        mean = fmean(probability for probability, _ in made)
        limits = place / bins, (place + 1) / bins
        numbers = (*limits, mean, share, centre - margin, centre + margin)
        for name, number in zip(_CALIBRATION, numbers, strict=True):
            columns[name].append(number)
    return unwrap(from_columns(found, columns, frame), like=forecasts)


def _resolved(frame: Frame, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the groups, the probabilities and the outcomes of forecasts that are resolved."""
    require(frame, "forecasts", (*names, "probability", "resolution"))
    made = []
    for *group, cell, resolution in rows(frame.select(*names, "probability", "resolution")):
        number = number_in(cell, "forecasts", "probability")
        if number is None or resolution not in ("true", "false"):
            continue
        if not 0 <= number <= 1:
            raise InvalidInputError(f"probability: expected from 0 to 1, found {number}")
        made.append((*group, number, resolution == "true"))
    return made
