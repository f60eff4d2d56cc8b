"""Loss from the size of a model and of its training, and how to spend compute best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from diffdata.derive.amounts import Amount, check_positive
from diffdata.derive.compute import six_nd
from diffdata.errors import InvalidInputError


@dataclass(frozen=True)
class ParametricFit:
    """A law of loss: floor + a / parameters^alpha + b / tokens^beta.

    Attributes
    ----------
    floor
        Loss of an endless model on endless data, in nats a token.
    a, alpha
        How the loss falls with the number of parameters.
    b, beta
        How it falls with the number of tokens.

    Raises
    ------
    InvalidInputError
        If a constant is not above 0 and finite.

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
        check_positive(**vars(self))


class Allocation(NamedTuple):
    """How compute is spent: the number of parameters and the number of training tokens."""

    parameters: Amount
    tokens: Amount


# The third approach of ``hoffmann-2022``. Read in secondary texts that agree with each other
# (1cademy.com, node "Chinchilla scaling law formula", and ml-hero-book.pages.dev, section 16.3),
# not in the paper. Besiroglu et al. 2024 ("Chinchilla Scaling: A replication attempt") find that
# the rounding of these constants biases the law and that the fit is not the best; see there before
# you rest more than a factor on it.
HOFFMANN = ParametricFit(floor=1.69, a=406.4, alpha=0.34, b=410.7, beta=0.28)


def hoffmann_loss(parameters: Amount, tokens: Amount, fit: ParametricFit = HOFFMANN) -> Amount:
    """Return the loss that a dense transformer is expected to reach.

    Source of the formula: the parametric fit of ``hoffmann-2022`` (approach 3): 1.69 + 406.4 /
    parameters^0.34 + 410.7 / tokens^0.28. The constants were read at 1cademy.com ("Chinchilla
    scaling law formula") and in section 16.3 of ml-hero-book.pages.dev, which agree, not in the
    paper itself. The loss is that on the text of that paper: it compares ways to train, not models
    with other data or tokens.

    Parameters
    ----------
    parameters
        Number of parameters.
    tokens
        Number of training tokens.
    fit
        The constants; those of Hoffmann et al. unless given.

    Returns
    -------
    loss
        Cross-entropy in nats a token.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    GPT-3:

    >>> round(hoffmann_loss(175e9, 300e9), 4)
    2.0023
    """
    check_positive(parameters=parameters, tokens=tokens)
    return fit.floor + fit.a / parameters**fit.alpha + fit.b / tokens**fit.beta


def compute_optimal(compute_flop: Amount, fit: ParametricFit = HOFFMANN) -> Allocation:
    """Return the parameters and tokens that reach the least loss with so much compute.

    The minimum of the fitted loss under compute = 6 x parameters x tokens, in closed form.

    Source of the formula: derived from the fit of ``hoffmann-2022``: at the minimum, alpha times
    what the parameters leave of the loss equals beta times what the tokens leave.

    Parameters
    ----------
    compute_flop
        Compute of the run in FLOP, without recomputation.
    fit
        The constants; those of Hoffmann et al. unless given.

    Returns
    -------
    parameters, tokens
        How to spend it.

    Raises
    ------
    InvalidInputError
        If `compute_flop` is a plain number that is not above 0 and finite.

    Examples
    --------
    The compute of Gopher, in billions:

    >>> [round(number / 1e9, 1) for number in compute_optimal(5.76e23)]
    [32.2, 2982.3]
    """
    check_positive(compute_flop=compute_flop)
    both = fit.alpha + fit.beta
    balance = (fit.alpha * fit.a / (fit.beta * fit.b)) ** (1 / both)
    product = compute_flop / 6
    parameters = balance * product ** (fit.beta / both)
    tokens = product ** (fit.alpha / both) / balance
    return Allocation(parameters, tokens)


def optimal_for_loss(loss: Amount, fit: ParametricFit = HOFFMANN) -> Allocation:
    """Return the parameters and tokens that reach a loss with the least compute.

    At the optimum the parameters leave beta / (alpha + beta) of the loss above the floor, and the
    tokens the rest; each number follows from its part.

    Source of the formula: derived from the fit of ``hoffmann-2022``.

    Parameters
    ----------
    loss
        The loss to reach in nats a token, above that of the floor.
    fit
        The constants; those of Hoffmann et al. unless given.

    Returns
    -------
    parameters, tokens
        How to spend the least compute.

    Raises
    ------
    InvalidInputError
        If `loss` is a plain number that is not finite or not above the floor of the fit.

    Examples
    --------
    The loss of GPT-3, in billions:

    >>> [round(number / 1e9, 1) for number in optimal_for_loss(hoffmann_loss(175e9, 300e9))]
    [15.0, 1177.6]
    """
    check_positive(loss=loss)
    if isinstance(loss, int | float) and loss <= fit.floor:
        message = f"loss: expected above {fit.floor}, the floor of the fit, found {loss}"
        raise InvalidInputError(message)
    excess, both = loss - fit.floor, fit.alpha + fit.beta
    parameters = (fit.a * both / fit.beta / excess) ** (1 / fit.alpha)
    tokens = (fit.b * both / fit.alpha / excess) ** (1 / fit.beta)
    return Allocation(parameters, tokens)


def compute_to_reach(loss: Amount, fit: ParametricFit = HOFFMANN) -> Amount:
    """Return the least compute that reaches a loss.

    Source of the formula: 6 x parameters x tokens of `optimal_for_loss` (``hoffmann-2022``).

    Parameters
    ----------
    loss
        The loss to reach in nats a token, above that of the floor.
    fit
        The constants; those of Hoffmann et al. unless given.

    Returns
    -------
    flop
        Compute in FLOP, without recomputation.

    Raises
    ------
    InvalidInputError
        If `loss` is a plain number that is not finite or not above the floor of the fit.

    Examples
    --------
    >>> print(f"{compute_to_reach(hoffmann_loss(175e9, 300e9)):.3g}")
    1.06e+23
    """
    return six_nd(*optimal_for_loss(loss, fit))


def compute_reduction(parameters: Amount, tokens: Amount, fit: ParametricFit = HOFFMANN) -> Amount:
    """Return how many times less compute reaches the same loss, were it spent in the best way.

    Source of the question: ``daan-2024-gpt-3-level``, which puts it at 3 for GPT-3; the answer
    follows from the fit of ``hoffmann-2022``. It tells what better sizes alone save: no other
    advance counts.

    Parameters
    ----------
    parameters
        Number of parameters of the model at hand.
    tokens
        Number of its training tokens.
    fit
        The constants; those of Hoffmann et al. unless given.

    Returns
    -------
    factor
        6 x parameters x tokens, divided by the least compute for its loss: 1 at the optimum.

    Raises
    ------
    InvalidInputError
        If an argument is a plain number that is not above 0 and finite.

    Examples
    --------
    GPT-3, whose loss 15 billion parameters and 1.18 trillion tokens reach too:

    >>> round(compute_reduction(175e9, 300e9), 2)
    2.98
    """
    loss = hoffmann_loss(parameters, tokens, fit)
    return six_nd(parameters, tokens) / compute_to_reach(loss, fit)
