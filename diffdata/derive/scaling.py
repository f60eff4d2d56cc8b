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


@dataclass(frozen=True)
class ParametricFit:
    """A law of loss: floor + a / parameters^alpha + b / tokens^beta, all constants above 0.

    Attributes
    ----------
    floor : loss of an infinite model on infinite data, in nats per token
    a, alpha : how the loss falls with the number of parameters
    b, beta : how it falls with the number of tokens

    Examples
    --------
    >>> HOFFMANN
    ParametricFit(floor=1.69, a=406.4, alpha=0.34, b=410.7, beta=0.28)
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
# the rounding of these constants biases the law and that the fit is not the best; read it before
# you rely on more than the order of magnitude.
HOFFMANN = ParametricFit(floor=1.69, a=406.4, alpha=0.34, b=410.7, beta=0.28)


@formula
def hoffmann_loss(parameters: Positive, tokens: Positive, fit: ParametricFit = HOFFMANN) -> Amount:
    """Return the expected loss of a dense transformer, the cross-entropy in nats per token.

    Source: the parametric fit of ``hoffmann-2022`` (approach 3): 1.69 + 406.4 / parameters^0.34 +
    410.7 / tokens^0.28. The constants were read at 1cademy.com ("Chinchilla scaling law formula")
    and in section 16.3 of ml-hero-book.pages.dev, which agree, not in the paper itself. The loss is
    that on the text of that paper: it compares ways to train, not models with other data or tokens.

    Examples
    --------
    >>> round(hoffmann_loss(175e9, 300e9), 4)  # GPT-3
    2.0023
    """
    return fit.floor + fit.a / parameters**fit.alpha + fit.b / tokens**fit.beta


@formula
def compute_optimal(compute_flop: Positive, fit: ParametricFit = HOFFMANN) -> Allocation:
    """Return the parameters and tokens that reach the lowest loss with some compute.

    The minimum of the fitted loss under compute = 6 x parameters x tokens, in closed form. Source:
    derived from the fit of ``hoffmann-2022``: at the minimum, alpha times the term of the
    parameters equals beta times the term of the tokens.

    Examples
    --------
    >>> [round(number / 1e9, 1) for number in compute_optimal(5.76e23)]  # Gopher, in billions
    [32.2, 2982.3]
    """
    both = fit.alpha + fit.beta
    balance = (fit.alpha * fit.a / (fit.beta * fit.b)) ** (1 / both)
    product = compute_flop / 6
    parameters = balance * product ** (fit.beta / both)
    tokens = product ** (fit.alpha / both) / balance
    return Allocation(parameters, tokens)


@formula
def optimal_for_loss(loss: Positive, fit: ParametricFit = HOFFMANN) -> Allocation:
    """Return the parameters and tokens that reach a loss with the least compute.

    At the optimum beta / (alpha + beta) of the loss above the floor is due to the parameters, and
    the rest to the tokens; each number follows from its part. Source: derived from the fit of
    ``hoffmann-2022``.

    Examples
    --------
    The loss of GPT-3, in billions:

    >>> [round(number / 1e9, 1) for number in optimal_for_loss(hoffmann_loss(175e9, 300e9))]
    [15.0, 1177.6]
    """
    if isinstance(loss, float) and loss <= fit.floor:
        message = f"loss: expected above {fit.floor}, the floor of the fit, found {loss}"
        raise InvalidInputError(message)
    excess, both = loss - fit.floor, fit.alpha + fit.beta
    parameters = (fit.a * both / fit.beta / excess) ** (1 / fit.alpha)
    tokens = (fit.b * both / fit.alpha / excess) ** (1 / fit.beta)
    return Allocation(parameters, tokens)


@formula
def compute_to_reach(loss: Positive, fit: ParametricFit = HOFFMANN) -> Amount:
    """Return the least compute that reaches a loss, in FLOP without recomputation.

    Source: 6 x parameters x tokens of `optimal_for_loss` (``hoffmann-2022``).

    Examples
    --------
    >>> print(f"{compute_to_reach(hoffmann_loss(175e9, 300e9)):.3g}")
    1.06e+23
    """
    return six_nd(*optimal_for_loss(loss, fit))


@formula
def compute_reduction(
    parameters: Positive, tokens: Positive, fit: ParametricFit = HOFFMANN
) -> Amount:
    """Return how many times less compute reaches the same loss with the best sizes.

    That is 6 x parameters x tokens, divided by the least compute for its loss: 1 at the optimum. It
    shows what better sizes alone save: no other advance counts. Source of the question:
    ``daan-2024-gpt-3-level``, which estimates 3 for GPT-3; the answer follows from the fit of
    ``hoffmann-2022``.

    Examples
    --------
    >>> round(compute_reduction(175e9, 300e9), 2)  # GPT-3
    2.98
    """
    loss = hoffmann_loss(parameters, tokens, fit)
    return six_nd(parameters, tokens) / compute_to_reach(loss, fit)
