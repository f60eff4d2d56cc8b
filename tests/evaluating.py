"""Checks evaluated on any frame in memory, without the shortcuts of the library."""

import warnings
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np

from diffdata.schemas.rules import Check


def failing_rows(frame: Any, checks: Sequence[Check]) -> list[list[int]]:
    """Return for each check the positions of the rows of a frame that break it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This pattern is interpreted", UserWarning)
        eager = nw.from_native(frame, eager_only=True)
        verdicts = [eager.select(passes=check.passes)["passes"].to_numpy() for check in checks]
    return [np.flatnonzero(~verdict.astype(bool)).tolist() for verdict in verdicts]
