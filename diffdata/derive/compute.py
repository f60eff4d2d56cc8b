"""Compute from the size of a model and of its training."""

from __future__ import annotations

from typing import TypeVar

import narwhals as nw

Number = TypeVar("Number", float, nw.Expr)


def six_nd(parameters: Number, tokens: Number) -> Number:
    """Return the FLOP that training a dense transformer needs: 6 x parameters x tokens.

    Two FLOP for each parameter and token in the forward pass and four in the backward pass,
    without the recomputation of activations. Source of the formula: Brown et al. 2020, appendix D
    (``brown-2020``), as ``gpt-3-training-compute-brown-2020`` quotes it.

    Parameters
    ----------
    parameters
        Number of parameters, each used for every token.
    tokens
        Number of training tokens seen.

    Examples
    --------
    OPT-175B, of which only the compute with recomputation is published (4.3e23 FLOP):

    >>> six_nd(175e9, 300e9)
    3.15e+23
    """
    return 6 * parameters * tokens
