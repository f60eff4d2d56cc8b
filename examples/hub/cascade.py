"""The diffusion cascade of a hub, written once for every engine.

Each function takes lazy Narwhals frames and gives a lazy one. Lags are those of diffdata: an
interval, where a date is known to the month only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals as nw

from diffdata.derive import add_lag

Frame = nw.LazyFrame[Any]
# Computes a frame, keeps it, and gives it back: what is gone through again must not be made again.
Keep = Callable[[Frame, str], Frame]

NTH = (1, 10, 100)


def lineage(models: Frame, keep: Keep) -> Frame:
    """Return for each model the root of its family and how many steps it is from it.

    Each round doubles how far up a model sees, so that a chain of n steps takes log2(n) rounds.
    """
    column = nw.col
    is_root = column("base_model").is_null()
    seen = models.select(
        "model",
        above=nw.when(is_root).then(column("model")).otherwise(column("base_model")),
        depth=nw.when(is_root).then(nw.lit(0)).otherwise(nw.lit(1)).cast(nw.Int64()),
    )
    longest, number = -1, 0
    while True:
        number += 1
        seen = keep(seen, f"lineage-{number}")
        (reached,) = rows(seen.select(column("depth").sum().cast(nw.Int64())))[0]
        if reached == longest:
            return seen.rename({"above": "family"})
        longest = reached
        further = seen.select(_of="model", _above="above", _depth="depth")
        joined = seen.join(further, left_on="above", right_on="_of")
        seen = joined.select(
            "model", above=column("_above"), depth=column("depth") + column("_depth")
        )


def breadth(lines: Frame) -> Frame:
    """Count the models of each family at each depth."""
    return lines.group_by("family", "depth").agg(nw.len().cast(nw.Int64()).alias("models"))


def nth_derivative(models: Frame, lines: Frame) -> Frame:
    """Return how long after the root of a family its first, tenth and hundredth derivative came."""
    released = models.select("model", "released", "released_precision")
    derived = lines.filter(nw.col("depth") > 0).join(released, on="model")
    chosen = _in_order(derived).filter(nw.col("nth").is_in(NTH))
    return _after_root(chosen.select("family", "nth", "released", "released_precision"), released)


def access_lag(models: Frame, lines: Frame) -> Frame:
    """Return by family how long after their release the weights of models could be had, in days.

    The mean of the least and of the greatest lag, over the models that can be had.
    """
    lagged = add_lag(
        models.filter(~nw.col("available").is_null())
        .select("model", "released", "released_precision", "available", "available_precision")
        .to_native(),
        start="released",
        end="available",
    )
    return (
        nw.from_native(lagged)
        .join(lines.select("model", "family"), on="model")
        .group_by("family")
        .agg(
            nw.len().cast(nw.Int64()).alias("models"),
            nw.col("lag_days_low").mean(),
            nw.col("lag_days_high").mean(),
        )
    )


def replication_lag(models: Frame, lines: Frame) -> Frame:
    """Return by family how long after its root another developer had an open derivative out."""
    released = models.select("model", "developer", "access", "released", "released_precision")
    roots = released.select(family="model", _developer="developer")
    others = (
        lines.filter(nw.col("depth") > 0)
        .join(released, on="model")
        .join(roots, on="family")
        .filter(nw.col("developer") != nw.col("_developer"), nw.col("access") == "open")
    )
    first = _in_order(others).filter(nw.col("nth") == 1)
    return _after_root(first.select("family", "released", "released_precision"), released)


def _in_order(dated: Frame) -> Frame:
    """Give models their place in the family by release, those of one day by their number."""
    order = nw.col("model").cum_count().over("family", order_by=["released", "model"])
    return dated.with_columns(nth=order.cast(nw.Int64()))


def _after_root(dated: Frame, released: Frame) -> Frame:
    """Add the lag between the release of a root and a date of its family."""
    roots = released.select(
        family="model", root_released="released", root_released_precision="released_precision"
    )
    both = dated.join(roots, on="family")
    lagged = add_lag(both.to_native(), start="root_released", end="released")
    names = both.collect_schema().names()
    kept = [name for name in names if name in ("family", "nth")]
    return nw.from_native(lagged).select(*kept, "lag_days_low", "lag_days_high")


def rows(frame: Frame) -> list[tuple[Any, ...]]:
    """Collect a small frame."""
    return [tuple(row.values()) for row in frame.collect("pyarrow").to_arrow().to_pylist()]
