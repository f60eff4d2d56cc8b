"""Loss from the size of a model and of its training, and the best use of compute.

Formulas take the constants of a parametric fit as `fit`. The default is `BESIROGLU`, the refit of
``besiroglu-2024``, which is the best supported fit to the runs of Hoffmann et al. The constants
that Hoffmann et al. print (`HOFFMANN`) are rounded, and biased: for the compute of Gopher they give
32 billion parameters, the unrounded ones 40 and the refit 72. `parametric_fits` makes all published
fits of this form from the tables of scaling laws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from narwhals.typing import IntoFrameT

from diffdata.derive.compute import six_nd
from diffdata.derive.formula import POSITIVE, Amount, Positive, documented, formula
from diffdata.derive.frames import rows, wrap
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

__all__ = [
    "BESIROGLU", "FIT_TABLES", "HOFFMANN", "Allocation", "ParametricFit", "compute_optimal",
    "compute_reduction", "compute_to_reach", "hoffmann_loss", "optimal_for_loss",
    "optimal_for_parameters", "optimal_for_tokens", "optimum_of_fit", "parametric_fits",
]  # fmt: skip

# The tables that `parametric_fits` reads, in the order of its arguments.
FIT_TABLES = ("scaling_laws", "scaling_law_constants", "scaling_law_covariances")

# The constants of the fits, in the order of `ParametricFit` and of its covariance.
_CONSTANTS = ("E", "A", "alpha", "B", "beta")
_COVARYING = ("log_E", "log_A", "alpha", "log_B", "beta")
_CONSTANT_NAMES = ("floor", "a", "alpha", "b", "beta")


@dataclass(frozen=True)
class ParametricFit:
    """A law of loss in nats per token: floor + a / parameters^alpha + b / tokens^beta.

    All constants are above 0; the floor is the loss of an infinite model on infinite data. The
    covariance is that of (log floor, log a, alpha, log b, beta), None where it is not known.
    """

    floor: float
    a: float
    alpha: float
    b: float
    beta: float
    covariance: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        for name in _CONSTANT_NAMES:
            POSITIVE.convert(name, getattr(self, name))


class Allocation(NamedTuple):
    """A use of compute: the number of parameters and the number of training tokens."""

    parameters: Amount
    tokens: Amount


# The law `besiroglu-2024-refit`. The covariance is ours, from refits of the published points; it
# matters, since a and alpha (b and beta) can hardly be told apart.
BESIROGLU = ParametricFit(
    floor=1.8172,
    a=482.01,
    alpha=0.3478,
    b=2085.43,
    beta=0.3658,
    covariance=(
        (0.0001989444, 0.002070301, 0.0001222191, 0.003685546, 0.0001797364),
        (0.002070301, 0.06243174, 0.003722554, -0.02354926, -0.001183099),
        (0.0001222191, 0.003722554, 0.0002222706, -0.001472918, -7.403918e-05),
        (0.003685546, -0.02354926, -0.001472918, 0.1728638, 0.00845751),
        (0.0001797364, -0.001183099, -7.403918e-05, 0.00845751, 0.0004140596),
    ),
)

# The law `hoffmann-2022-approach-3-rounded`, for comparison with texts that use it.
HOFFMANN = ParametricFit(floor=1.69, a=406.4, alpha=0.34, b=410.7, beta=0.28)


@formula("hoffmann-2022")
def hoffmann_loss(parameters: Positive, tokens: Positive, fit: ParametricFit = BESIROGLU) -> Amount:
    """Return the expected loss of a dense transformer, the cross-entropy in nats per token.

    By default 1.8172 + 482.01 / parameters^0.3478 + 2085.43 / tokens^0.3658. It is the loss on the
    text of the source: it compares ways to train, not models with other data or tokens.

    >>> round(hoffmann_loss(175e9, 300e9), 4)  # GPT-3
    2.0085
    """
    return fit.floor + fit.a / parameters**fit.alpha + fit.b / tokens**fit.beta


@formula("hoffmann-2022")
def compute_optimal(compute_flop: Positive, fit: ParametricFit = BESIROGLU) -> Allocation:
    """Return the parameters and tokens that reach the lowest loss with some compute.

    The minimum of the fitted loss for compute = 6 x parameters x tokens: there, alpha times the
    term of the parameters equals beta times that of the tokens.

    >>> [round(number / 1e9, 1) for number in compute_optimal(5.76e23)]  # Gopher, in billions
    [72.2, 1328.7]
    >>> [round(number / 1e9, 1) for number in compute_optimal(5.76e23, HOFFMANN)]
    [32.2, 2982.3]
    """
    both = fit.alpha + fit.beta
    balance = (fit.alpha * fit.a / (fit.beta * fit.b)) ** (1 / both)
    product = compute_flop / 6
    parameters = balance * product ** (fit.beta / both)
    tokens = product ** (fit.alpha / both) / balance
    return Allocation(parameters, tokens)


@formula("besiroglu-2024")
def optimum_of_fit(compute_flop: Positive, fit: ParametricFit = BESIROGLU) -> Allocation:
    """Return the best parameters and tokens as quantities, uncertain as the constants are.

    The logarithm of the optimum is taken as normal, with the variance that follows to first order
    from the covariance of the constants (InvalidInputError without one); parameters x tokens is
    compute / 6 in each draw. It says nothing of the error of the form of the law. The compute is a
    plain number.

    >>> parameters, tokens = optimum_of_fit(5.76e23)  # Gopher
    >>> [round(bound / 1e9) for bound in parameters.interval(0.8)]  # in billions
    [56, 94]
    """
    if fit.covariance is None:
        raise InvalidInputError("fit: expected one with a covariance")
    if not isinstance(compute_flop, float):
        raise InvalidInputError("compute_flop: expected a plain number")
    both, product = fit.alpha + fit.beta, math.log(compute_flop / 6)
    best = compute_optimal(compute_flop, fit).parameters
    balance = math.log(best) - fit.beta / both * product
    # The derivatives of log(parameters) by log floor, log a, alpha, log b and beta.
    slopes = (
        0.0,
        1 / both,
        (1 / fit.alpha - balance - fit.beta / both * product) / both,
        -1 / both,
        (-1 / fit.beta - balance + fit.alpha / both * product) / both,
    )
    variance = sum(
        first * covariance * second
        for first, row in zip(slopes, fit.covariance, strict=True)
        for covariance, second in zip(row, slopes, strict=True)
    )
    parameters = Lognormal(math.log(best), math.sqrt(variance))
    return Allocation(parameters, compute_flop / 6 / parameters)


@formula("hoffmann-2022")
def optimal_for_parameters(parameters: Positive, fit: ParametricFit = BESIROGLU) -> Allocation:
    """Return the optimum with this number of parameters: the tokens that fit its size.

    There, alpha times the term of the parameters equals beta times that of the tokens, so that no
    other size reaches the loss with less compute.

    >>> [round(number / 1e9) for number in optimal_for_parameters(70e9)]  # Chinchilla, in billions
    [70, 1289]
    """
    term = fit.alpha * fit.a / parameters**fit.alpha
    return Allocation(parameters, (fit.beta * fit.b / term) ** (1 / fit.beta))


@formula("hoffmann-2022")
def optimal_for_tokens(tokens: Positive, fit: ParametricFit = BESIROGLU) -> Allocation:
    """Return the optimum with this number of tokens: the parameters that fit the data.

    >>> [round(number / 1e9) for number in optimal_for_tokens(300e9)]  # in billions
    [15, 300]
    """
    term = fit.beta * fit.b / tokens**fit.beta
    return Allocation((fit.alpha * fit.a / term) ** (1 / fit.alpha), tokens)


@formula("hoffmann-2022")
def optimal_for_loss(loss: Positive, fit: ParametricFit = BESIROGLU) -> Allocation:
    """Return the parameters and tokens that reach a loss with the least compute.

    At the optimum beta / (alpha + beta) of the loss above the floor is due to the parameters, and
    the rest to the tokens.

    >>> gpt_3 = hoffmann_loss(175e9, 300e9)
    >>> [round(number / 1e9, 1) for number in optimal_for_loss(gpt_3)]  # in billions
    [41.1, 777.0]
    """
    if isinstance(loss, float) and loss <= fit.floor:
        message = f"loss: expected above {fit.floor}, the floor of the fit, found {loss}"
        raise InvalidInputError(message)
    excess, both = loss - fit.floor, fit.alpha + fit.beta
    parameters = (fit.a * both / fit.beta / excess) ** (1 / fit.alpha)
    tokens = (fit.b * both / fit.alpha / excess) ** (1 / fit.beta)
    return Allocation(parameters, tokens)


@formula("hoffmann-2022")
def compute_to_reach(loss: Positive, fit: ParametricFit = BESIROGLU) -> Amount:
    """Return the least compute that reaches a loss, in FLOP without recomputation.

    >>> print(f"{compute_to_reach(hoffmann_loss(175e9, 300e9)):.3g}")
    1.92e+23
    """
    return six_nd(*optimal_for_loss(loss, fit))


@formula("hoffmann-2022")
def compute_reduction(
    parameters: Positive, tokens: Positive, fit: ParametricFit = BESIROGLU
) -> Amount:
    """Return how many times less compute reaches the same loss with the best sizes.

    That is 6 x parameters x tokens, divided by the least compute for its loss: 1 at the optimum.

    ``daan-2024-gpt-3-level`` and ``cottier-2022-summary`` estimate 3 for GPT-3, which agrees with
    the rounded constants only.

    >>> [round(compute_reduction(175e9, 300e9, fit), 2) for fit in (BESIROGLU, HOFFMANN)]
    [1.64, 2.98]
    """
    loss = hoffmann_loss(parameters, tokens, fit)
    return six_nd(parameters, tokens) / compute_to_reach(loss, fit)


@documented
def parametric_fits(
    scaling_laws: IntoFrameT,
    scaling_law_constants: IntoFrameT,
    scaling_law_covariances: IntoFrameT,
) -> dict[str, ParametricFit]:
    """Return the published fits of the loss from parameters and tokens, by their law_id.

    Laws of another form, or without one of the five constants, are left out. A covariance is that
    of the table; standard errors alone give none, since the constants depend on each other.

    >>> from diffdata import load
    >>> fits = parametric_fits(*(load(name) for name in FIT_TABLES))
    >>> fits["besiroglu-2024-refit"] == BESIROGLU
    True
    """
    of_form = wrap(scaling_laws).filter(form="loss_of_parameters_and_tokens").select("law_id")
    constants = wrap(scaling_law_constants).join(of_form, on="law_id", how="semi")
    found: dict[str, dict[str, float]] = {}
    for law, constant, value in rows(
        constants.select("law_id", "constant", "constant_value").sort("law_id")
    ):
        found.setdefault(law, {})[constant] = float(value)
    covariances: dict[str, dict[frozenset[str], float]] = {}
    columns = ("law_id", "constant", "other_constant", "covariance")
    for law, first, second, covariance in rows(wrap(scaling_law_covariances).select(*columns)):
        covariances.setdefault(law, {})[frozenset({first, second})] = float(covariance)

    def matrix(law: str) -> tuple[tuple[float, ...], ...] | None:
        pairs = covariances.get(law, {})
        names = [[frozenset({first, second}) for second in _COVARYING] for first in _COVARYING]
        if not all(pair in pairs for row in names for pair in row):
            return None
        return tuple(tuple(pairs[pair] for pair in row) for row in names)

    fits = {}
    for law, values in found.items():
        if all(values.get(name, 0) > 0 for name in _CONSTANTS):
            floor, a, alpha, b, beta = (values[name] for name in _CONSTANTS)
            fits[law] = ParametricFit(floor, a, alpha, b, beta, matrix(law))
    return fits
