"""Loss from the size of a model and of its training, and the best use of compute.

Formulas take the constants of a parametric fit as `fit`, by default those of Hoffmann et al.
(`HOFFMANN`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from diffdata.derive.compute import six_nd
from diffdata.derive.formula import POSITIVE, Amount, Positive, formula
from diffdata.errors import InvalidInputError

__all__ = [
    "HOFFMANN", "Allocation", "ParametricFit", "compute_optimal", "compute_reduction",
    "compute_to_reach", "hoffmann_loss", "optimal_for_loss",
]  # fmt: skip


@dataclass(frozen=True)
class ParametricFit:
    """A law of loss in nats per token: floor + a / parameters^alpha + b / tokens^beta.

    All constants are above 0; the floor is the loss of an infinite model on infinite data.
    """

    floor: float
    a: float
    alpha: float
    b: float
    beta: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            POSITIVE.convert(name, value)


class Allocation(NamedTuple):
    """A use of compute: the number of parameters and the number of training tokens."""

    parameters: Amount
    tokens: Amount


# The third approach of ``hoffmann-2022``. Read in secondary texts that agree with each other
# (1cademy.com, node "Chinchilla scaling law formula", and ml-hero-book.pages.dev, section 16.3),
# not in the paper. Besiroglu et al. 2024 ("Chinchilla Scaling: A replication attempt") find that
# the rounding of these constants biases the law: rely only on the order of magnitude.
HOFFMANN = ParametricFit(floor=1.69, a=406.4, alpha=0.34, b=410.7, beta=0.28)


@formula("hoffmann-2022")
def hoffmann_loss(parameters: Positive, tokens: Positive, fit: ParametricFit = HOFFMANN) -> Amount:
    """Return the expected loss of a dense transformer, the cross-entropy in nats per token.

    By default 1.69 + 406.4 / parameters^0.34 + 410.7 / tokens^0.28. It is the loss on the text of
    the source: it compares ways to train, not models with other data or tokens.

    >>> round(hoffmann_loss(175e9, 300e9), 4)  # GPT-3
    2.0023
    """
    return fit.floor + fit.a / parameters**fit.alpha + fit.b / tokens**fit.beta


@formula("hoffmann-2022")
def compute_optimal(compute_flop: Positive, fit: ParametricFit = HOFFMANN) -> Allocation:
    """Return the parameters and tokens that reach the lowest loss with some compute.

    The minimum of the fitted loss for compute = 6 x parameters x tokens: there, alpha times the
    term of the parameters equals beta times that of the tokens.

    >>> [round(number / 1e9, 1) for number in compute_optimal(5.76e23)]  # Gopher, in billions
    [32.2, 2982.3]
    """
    both = fit.alpha + fit.beta
    balance = (fit.alpha * fit.a / (fit.beta * fit.b)) ** (1 / both)
    product = compute_flop / 6
    parameters = balance * product ** (fit.beta / both)
    tokens = product ** (fit.alpha / both) / balance
    return Allocation(parameters, tokens)


@formula("hoffmann-2022")
def optimal_for_loss(loss: Positive, fit: ParametricFit = HOFFMANN) -> Allocation:
    """Return the parameters and tokens that reach a loss with the least compute.

    At the optimum beta / (alpha + beta) of the loss above the floor is due to the parameters, and
    the rest to the tokens.

    >>> gpt_3 = hoffmann_loss(175e9, 300e9)
    >>> [round(number / 1e9, 1) for number in optimal_for_loss(gpt_3)]  # in billions
    [15.0, 1177.6]
    """
    if isinstance(loss, float) and loss <= fit.floor:
        message = f"loss: expected above {fit.floor}, the floor of the fit, found {loss}"
        raise InvalidInputError(message)
    excess, both = loss - fit.floor, fit.alpha + fit.beta
    parameters = (fit.a * both / fit.beta / excess) ** (1 / fit.alpha)
    tokens = (fit.b * both / fit.alpha / excess) ** (1 / fit.beta)
    return Allocation(parameters, tokens)


@formula("hoffmann-2022")
def compute_to_reach(loss: Positive, fit: ParametricFit = HOFFMANN) -> Amount:
    """Return the least compute that reaches a loss, in FLOP without recomputation.

    >>> print(f"{compute_to_reach(hoffmann_loss(175e9, 300e9)):.3g}")
    1.06e+23
    """
    return six_nd(*optimal_for_loss(loss, fit))


@formula("hoffmann-2022")
def compute_reduction(
    parameters: Positive, tokens: Positive, fit: ParametricFit = HOFFMANN
) -> Amount:
    """Return how many times less compute reaches the same loss with the best sizes.

    That is 6 x parameters x tokens, divided by the least compute for its loss: 1 at the optimum.

    >>> round(compute_reduction(175e9, 300e9), 2)  # GPT-3; ``daan-2024-gpt-3-level`` estimates 3
    2.98
    """
    loss = hoffmann_loss(parameters, tokens, fit)
    return six_nd(parameters, tokens) / compute_to_reach(loss, fit)
