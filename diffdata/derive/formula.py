"""How derivations are declared: what parameters mean and may be is said, and checked, in one place.

A formula takes plain numbers of any type, uncertain quantities and columns (Narwhals expressions,
or columns of pandas, Polars or NumPy), and may mix them. Its signature states the allowed range of
each plain number; one outside it raises `InvalidInputError`, which names the argument. The values
of quantities and columns are not checked.

A parameter means the same in all derivations: unless a docstring has a section "Parameters", it is
generated from `PARAMETERS` and the ranges, the source is named before it, what begins with
"Returns:" is the section "Returns", and what begins with the first prompt is "Examples".
"""

from __future__ import annotations

import functools
import inspect
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Annotated, Any, ParamSpec, TypeAlias, TypeVar, get_type_hints

import narwhals as nw

from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Quantity

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365.25
HOURS_PER_YEAR = 24 * DAYS_PER_YEAR

# What each parameter is, with its unit.
PARAMETERS = {
    "access": "the kinds of access that count as open (artifacts.access)",
    "amount": "money in usd of the year (or month) of its prices",
    "annual": "growth factor per year, without unit; below 1 for a decline",
    "buffer_days": "days from the end of the run to publication, or from release to the first use",
    "cascade_edges": "the result of `cascade`",
    "chip": "name of the chip, such as ``NVIDIA A100 SXM4 80 GB`` or ``Google TPU v3``",
    "chip_hours": "chip-hours of the run",
    "chip_power_kw": "rated power (TDP) of a chip in kW",
    "chips": "number of chips",
    "committed_discount": "discount of the price that is returned, as a share",
    "compute": "name of the column with the compute of the final training run in FLOP",
    "compute_flop": "compute in FLOP",
    "cost": "central value in usd",
    "days": "duration of the run in days",
    "deployment": "cost of the compute of a deployment in usd",
    "development": "cost of the compute of the development, in usd of the same year",
    "differences": "published ones: model_id, reference_model_id, ``value`` (mean, in points)",
    "discount": "discount of the known price from the price on demand, as a share",
    "efficiency": "how many times fewer FLOP are needed than with the reference methods",
    "electricity_price_per_kwh": "price of electricity in usd per kWh",
    "energy_per_page_kwh": "energy per page in kWh",
    "factor": "how many times as much, without unit; below 1 for a decline",
    "factors": "what servers add to the chip; see `server_factors`",
    "final_run": "cost of the final training run in usd",
    "fit": "the constants of the law of loss",
    "floor": "least value of each factor, none by default; not supported for columns",
    "hardware_to_electricity": "cost of the hardware over that of the electricity, without unit",
    "hours": "chip-hours on the chip that was used",
    "index_of_price_year": "a price index at the time of the prices",
    "index_of_target_year": "the same index at the target time",
    "interconnect_share": "share of the network in the cost of the cluster",
    "interval": "bounds of the cost in usd; the ratio has bounds only if both costs have",
    "judged": "by the judgements of ``now``, or as they were ``first`` published",
    "kind": "kind of artifact (artifacts.artifact_kind)",
    "level": "probability of both intervals, and of the interval of the ratio",
    "load": "mean power over the rated power of the server",
    "loss": "the loss to reach in nats per token, above the floor of the fit",
    "months": "doubling time in months",
    "multipliers": "at least one factor of efficiency, without unit",
    "oom_per_year": "fall of the value in orders of magnitude per year",
    "other": "central value of the other cost, in usd of the same year",
    "other_interval": "bounds of the other cost in usd",
    "parameters": "number of parameters, each used for every token",
    "peak_flop_per_second": "dense peak of one chip in FLOP/s, in the number format of the run",
    "period": "``year``, ``half``, ``quarter`` or ``month``",
    "points": "greatest mean difference, in points, that counts as close",
    "power_usage_effectiveness": "energy of the data centre over that of its servers",
    "price": "price in usd",
    "price_per_chip": "price in usd of a chip, or of a server per chip",
    "price_per_chip_hour": "price of a chip-hour in usd",
    "priced": "date of the price; by default only the release counts",
    "priced_as_server": "whether the price is that of a server, not of a bare chip",
    "published": "day of publication",
    "reference": "model_id of the reference model; the lags begin with its date of publication",
    "reference_peak_flop_per_second": "peak of the reference chip in FLOP/s, in the same format",
    "released": "day on which the chip was released",
    "root": "model_id or else organization_id to start from, among the edges",
    "server_power": "rated power of a server per chip, over that of the chip",
    "servers": "cost of the servers in usd",
    "share": "share of that cost that is saved",
    "since": "first day to count; no limit by default",
    "start": "day on which the run started",
    "threshold": "least compute in FLOP",
    "tokens": "number of training tokens",
    "total": "cost of the compute of the complete replication in usd",
    "training_hours": "duration of the run in hours",
    "until": "last day to count; no limit by default",
    "utilization": "share of the speed of the chips that is reached",
    "value_per_chip": "value of a server per chip at the start, in usd",
    "years": "the time in years",
}
PARAMETERS |= {
    table: f"the table ``{table}``"
    for table in (
        "artifacts", "comparisons", "diffusion_events", "estimates", "evaluations",
        "hardware_performance", "model_dates", "models", "quantities", "training_runs",
    )
}  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Range:
    """The numbers that an argument may be."""

    expected: str
    contains: Callable[[float], bool]

    def convert(self, name: str, value: Any) -> Any:
        """Return an argument for a formula: a float in the range, a quantity or a column."""
        if isinstance(value, Quantity):
            return value
        try:
            if isinstance(value, nw.Expr | nw.Series):
                return value.cast(nw.Float64())
            found = float(value) if isinstance(value, Real | Decimal) else value * 1.0
        except (TypeError, OverflowError):
            raise InvalidInputError(f"{name}: expected {self.expected}, found {value!r}") from None
        if isinstance(found, float) and not self.contains(found):
            raise InvalidInputError(f"{name}: expected {self.expected}, found {value}")
        return found


POSITIVE = Range("a finite number above 0", lambda value: 0 < value < math.inf)
# A number, an uncertain quantity or a column, by what a number may be.
Amount: TypeAlias = Any
Positive: TypeAlias = Annotated[Any, POSITIVE]
NotNegative: TypeAlias = Annotated[
    Any, Range("a finite number from 0 up", lambda value: 0 <= value < math.inf)
]
Finite: TypeAlias = Annotated[Any, Range("a finite number", math.isfinite)]
Share: TypeAlias = Annotated[Any, Range("above 0 and at most 1", lambda value: 0 < value <= 1)]
BelowOne: TypeAlias = Annotated[Any, Range("from 0 up and below 1", lambda value: 0 <= value < 1)]


def formula(source: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check and convert the arguments of a formula that are annotated with a range."""

    def declared(function: Callable[P, R]) -> Callable[P, R]:
        ranges, signature = _ranges(function), inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                if name in ranges:
                    bound.arguments[name] = ranges[name].convert(name, value)
            try:
                return function(*bound.args, **bound.kwargs)
            except OverflowError:
                message = f"{function.__name__}: the result is out of range"
                raise InvalidInputError(message) from None

        return documented(checked, f"Source: ``{source}``.\n\n")

    return declared


def documented(function: Callable[P, R], source: str = "") -> Callable[P, R]:
    """Complete the docstring of a derivation."""
    doc = inspect.cleandoc(function.__doc__ or "")
    if "\nParameters\n" not in doc:
        text, prompt, example = doc.partition(">>> ")
        description, returns, frame = text.partition("Returns: ")
        ranges, lines = _ranges(function), []
        for name in inspect.signature(function).parameters:
            allowed = ranges.get(name, POSITIVE)
            limits = "" if allowed is POSITIVE else f"; {allowed.expected}"
            lines.append(f"{name} : {PARAMETERS[name]}{limits}\n")
        sections = [description, source, "Parameters\n----------\n", *lines, "\n"]
        if returns:
            sections += ["Returns\n-------\nframe\n", textwrap.indent(frame, "    ")]
        function.__doc__ = "".join([*sections, f"Examples\n--------\n{prompt}{example}"])
    return function


def _ranges(function: Callable[..., object]) -> dict[str, Range]:
    hints = get_type_hints(function, include_extras=True)
    return {
        name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")
    }
