"""Derivations from frames and numbers. They read no files.

Derivations of frames take frames of any library that Narwhals supports, and return frames of the
same library. Formulas take plain numbers, uncertain quantities (`diffdata.uncertainty`) and columns
(Narwhals expressions, or columns of pandas, Polars or NumPy), and compute in floats. Unless the
description of a plain number says otherwise, it must be finite and above 0, and a share at most 1;
a bad argument raises `InvalidInputError`, which names it.
"""
# ruff: noqa: F403 (each module lists its public names)

from diffdata.derive import (
    clocks,
    compute,
    cost,
    costs,
    dates,
    evaluation,
    forecasts,
    intervals,
    lags,
    scaling,
    spread,
    survival,
    trends,
)
from diffdata.derive.clocks import *
from diffdata.derive.compute import *
from diffdata.derive.cost import *
from diffdata.derive.costs import *
from diffdata.derive.dates import *
from diffdata.derive.evaluation import *
from diffdata.derive.forecasts import *
from diffdata.derive.intervals import *
from diffdata.derive.lags import *
from diffdata.derive.scaling import *
from diffdata.derive.spread import *
from diffdata.derive.survival import *
from diffdata.derive.trends import *

# The functions of numbers that formulas of the ledger may use.
SCALAR_FUNCTIONS = (
    "annual_growth", "chip_years", "compute_reduction", "cost_per_page",
    "deployment_to_development", "development_cost", "doubling_time_to_growth", "eight_nd",
    "equivalent_chip_hours", "equivalent_chips", "growth_over", "hyperparameter_saving",
    "orders_of_magnitude", "pages_per_dollar", "pflops_days", "price_per_pflops_day", "product_of",
    "run_compute", "six_nd", "utilization",
)  # fmt: skip

__all__ = ["SCALAR_FUNCTIONS"]
__all__ += clocks.__all__
__all__ += compute.__all__
__all__ += cost.__all__
__all__ += costs.__all__
__all__ += dates.__all__
__all__ += evaluation.__all__
__all__ += forecasts.__all__
__all__ += intervals.__all__
__all__ += lags.__all__
__all__ += scaling.__all__
__all__ += spread.__all__
__all__ += survival.__all__
__all__ += trends.__all__
