"""Derivations: frames and numbers in, frames and numbers out. They know no files.

A frame of any library that Narwhals supports comes back as a frame of the same library. The
arithmetic takes numbers, uncertain quantities and columns alike.
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
    cost_per_flop,
    cost_per_page,
    cost_ratio,
    deployment_to_development,
    development_cost,
    hyperparameter_saving,
    pages_per_dollar,
    price_per_pflops_day,
)
from diffdata.derive.dates import add_lag, lag_days
from diffdata.derive.diffusion import gpt3_like, is_replication, replication_lag
from diffdata.derive.efficiency import (
    annual_growth,
    doubling_time_to_growth,
    effective_compute,
    growth_over,
    orders_of_magnitude,
    product_of,
)
from diffdata.derive.evaluate import evaluate, evaluation_inputs, model_summary
from diffdata.derive.scaling import (
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
    prevailing_mechanism,
    publication_delay,
)
from diffdata.derive.training_cost import (
    amortized_hardware,
    cloud_cost,
    deflate,
    depreciated_value,
    energy_kwh,
    purchase_cost,
    training_cost,
)

# The functions of numbers that the formulas of the ledger may use.
SCALAR_FUNCTIONS = (
    "annual_growth",
    "chip_years",
    "compute_reduction",
    "cost_per_page",
    "deployment_to_development",
    "development_cost",
    "doubling_time_to_growth",
    "eight_nd",
    "equivalent_chip_hours",
    "equivalent_chips",
    "growth_over",
    "hyperparameter_saving",
    "orders_of_magnitude",
    "pages_per_dollar",
    "pflops_days",
    "price_per_pflops_day",
    "product_of",
    "run_compute",
    "six_nd",
    "utilization",
)

__all__ = [
    "SCALAR_FUNCTIONS",
    "access_lag",
    "add_lag",
    "amortized_hardware",
    "annual_growth",
    "cascade",
    "cascade_depth",
    "chip_hours",
    "chip_years",
    "cloud_cost",
    "compute_optimal",
    "compute_reduction",
    "compute_to_reach",
    "cost_per_flop",
    "cost_per_page",
    "cost_ratio",
    "deflate",
    "deployment_to_development",
    "depreciated_value",
    "development_cost",
    "doubling_time_to_growth",
    "effective_compute",
    "eight_nd",
    "energy_kwh",
    "equivalent_chip_hours",
    "equivalent_chips",
    "evaluate",
    "evaluation_inputs",
    "gpt3_like",
    "growth_over",
    "hoffmann_loss",
    "hyperparameter_saving",
    "is_replication",
    "lag_days",
    "model_summary",
    "optimal_for_loss",
    "orders_of_magnitude",
    "pages_per_dollar",
    "pflops_days",
    "prevailing_mechanism",
    "price_per_pflops_day",
    "product_of",
    "publication_delay",
    "purchase_cost",
    "replication_lag",
    "run_compute",
    "six_nd",
    "training_cost",
    "utilization",
]
