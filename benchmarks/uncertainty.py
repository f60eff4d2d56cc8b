"""Measure the uncertain quantities against numpy, as ratios within one run.

Run it as ``python benchmarks/uncertainty.py``. Each line is the median of several rounds in which
both sides alternate, so that other load on the machine affects both.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import numpy as np

from diffdata.package.packages import open_package
from diffdata.reproduce import reproduce
from diffdata.uncertainty import Lognormal, Normal

DRAWS, FACTORS, ROUNDS = 1_000_000, 8, 9


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """Return the median of the ratio of our time to theirs, run alternately."""
    return statistics.median(timed(ours) / timed(theirs) for _ in range(ROUNDS))


def ours(factors: list[Lognormal] | list[Normal]) -> None:
    """Sample the product of uncertain quantities."""
    math.prod(factors[1:], start=factors[0]).sample(DRAWS, np.random.default_rng(0))


def bare_numpy(family: str, mu: float) -> None:
    """Sample the same product with bare numpy, for `lognormal` or `normal` factors."""
    draw = getattr(np.random.default_rng(0), family)
    product = draw(mu, 0.3, DRAWS)
    for _ in range(FACTORS - 1):
        product *= draw(mu, 0.3, DRAWS)


def main() -> None:
    """Print the ratios."""
    lognormals = [Lognormal(1.0, 0.3) for _ in range(FACTORS)]
    normals = [Normal(5.0, 0.3) for _ in range(FACTORS)]
    print(f"product of {FACTORS} factors at {DRAWS:,} draws, diffdata over bare numpy")
    print(
        f"  lognormals  {ratio(lambda: ours(lognormals), lambda: bare_numpy('lognormal', 1.0)):.2f}"
    )
    print(f"  normals     {ratio(lambda: ours(normals), lambda: bare_numpy('normal', 5.0)):.2f}")
    rounds = 10_000
    closed = timed(lambda: [lognormals[0] * lognormals[1] for _ in range(rounds)])
    print(f"product of two lognormals in closed form: {closed / rounds * 1e6:.1f} microseconds")
    package = open_package()
    print(f"the complete ledger: {timed(lambda: list(reproduce(package))):.2f} seconds")


if __name__ == "__main__":
    main()
