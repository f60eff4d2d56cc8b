"""Derivations from frames and numbers. They read no files.

Derivations of frames take frames of any library that Narwhals supports, and return frames of the
same library. Formulas take plain numbers, uncertain quantities (`diffdata.uncertainty`) and columns
(Narwhals expressions, or columns of pandas, Polars or NumPy), and compute in floats. Unless the
description of a plain number says otherwise, it must be finite and above 0, and a share at most 1;
a bad argument raises `InvalidInputError`, which names it.
"""

from diffdata.derive.compute import (
    chip_hours,
    chip_years,
    eight_nd,
    equivalent_chip_hours,
    equivalent_chips,
    pflops_days,
    run_compute,
    six_nd,
    utilization,
)
from diffdata.derive.cost import (
    ServerFactors,
    TrainingCost,
    amortized_hardware,
    cloud_cost,
    committed_price,
    cost_per_flop,
    cost_per_page,
    cost_ratio,
    deflate,
    deployment_to_development,
    depreciated_value,
    development_cost,
    energy_kwh,
    hyperparameter_saving,
    interconnect_cost,
    pages_per_dollar,
    price_per_pflops_day,
    purchase_cost,
    server_factors,
    training_cost,
    training_start,
    years_of_depreciation,
)
from diffdata.derive.dates import add_lag, lag_days
from diffdata.derive.efficiency import (
    annual_growth,
    doubling_time_to_growth,
    effective_compute,
    growth_over,
    orders_of_magnitude,
    product_of,
)
from diffdata.derive.evaluate import (
    SUMMARY_TABLES,
    compute_of_runs,
    evaluate,
    evaluation_inputs,
    model_summary,
)
from diffdata.derive.intervals import interval_product, sample_columns
from diffdata.derive.scaling import (
    HOFFMANN,
    Allocation,
    ParametricFit,
    compute_optimal,
    compute_reduction,
    compute_to_reach,
    hoffmann_loss,
    optimal_for_loss,
)
from diffdata.derive.spread import (
    access_lag,
    cascade,
    cascade_depth,
    gpt3_like,
    is_replication,
    prevailing_mechanism,
    publication_delay,
    replication_lag,
)

# The functions of numbers that formulas of the ledger may use.
SCALAR_FUNCTIONS = (
    "annual_growth", "chip_years", "compute_reduction", "cost_per_page",
    "deployment_to_development", "development_cost", "doubling_time_to_growth", "eight_nd",
    "equivalent_chip_hours", "equivalent_chips", "growth_over", "hyperparameter_saving",
    "orders_of_magnitude", "pages_per_dollar", "pflops_days", "price_per_pflops_day", "product_of",
    "run_compute", "six_nd", "utilization",
)  # fmt: skip

__all__ = [
    "HOFFMANN", "SCALAR_FUNCTIONS", "SUMMARY_TABLES", "Allocation", "ParametricFit",
    "ServerFactors", "TrainingCost", "access_lag", "add_lag", "amortized_hardware", "annual_growth",
    "cascade", "cascade_depth", "chip_hours", "chip_years", "cloud_cost", "committed_price",
    "compute_of_runs", "compute_optimal", "compute_reduction", "compute_to_reach", "cost_per_flop",
    "cost_per_page", "cost_ratio", "deflate", "deployment_to_development", "depreciated_value",
    "development_cost", "doubling_time_to_growth", "effective_compute", "eight_nd", "energy_kwh",
    "equivalent_chip_hours", "equivalent_chips", "evaluate", "evaluation_inputs", "gpt3_like",
    "growth_over", "hoffmann_loss", "hyperparameter_saving", "interconnect_cost",
    "interval_product", "is_replication", "lag_days", "model_summary", "optimal_for_loss",
    "orders_of_magnitude", "pages_per_dollar", "pflops_days", "prevailing_mechanism",
    "price_per_pflops_day", "product_of", "publication_delay", "purchase_cost", "replication_lag",
    "run_compute", "sample_columns", "server_factors", "six_nd", "training_cost", "training_start",
    "utilization", "years_of_depreciation",
]  # fmt: skip
