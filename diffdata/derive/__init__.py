"""Derivations: frames and numbers in, frames and numbers out. They know no files.

A frame of any library that Narwhals supports comes back as a frame of the same library.
"""

from diffdata.derive.compute import six_nd
from diffdata.derive.cost import cost_per_flop, cost_ratio
from diffdata.derive.dates import add_lag, lag_days
from diffdata.derive.diffusion import gpt3_like, is_replication, replication_lag
from diffdata.derive.evaluate import evaluate, evaluation_inputs, model_summary

__all__ = [
    "add_lag",
    "cost_per_flop",
    "cost_ratio",
    "evaluate",
    "evaluation_inputs",
    "gpt3_like",
    "is_replication",
    "lag_days",
    "model_summary",
    "replication_lag",
    "six_nd",
]
