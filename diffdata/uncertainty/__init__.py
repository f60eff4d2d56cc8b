"""Uncertain quantities: fit, multiply, sample, pool and compare them.

Method: the advice on estimates of source id ``cottier-comments``. Products, quotients and powers of
lognormals are exact; everything else is sampled with a generator that the caller passes.
"""
# ruff: noqa: F403 (each module lists its public names)

from diffdata.uncertainty import combine, distributions, exchange, quantity
from diffdata.uncertainty.combine import *
from diffdata.uncertainty.distributions import *
from diffdata.uncertainty.exchange import *
from diffdata.uncertainty.quantity import *

__all__ = combine.__all__ + distributions.__all__ + exchange.__all__ + quantity.__all__
