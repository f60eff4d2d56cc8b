"""Finding figures: the estimates of something, and its one evaluated value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffdata.derive import evaluate, evaluation_inputs
from diffdata.errors import AmbiguousValueError, InvalidInputError, UnknownNameError
from diffdata.loading.validated import load_all
from diffdata.lookup.rows import each, known, unit_of
from diffdata.package.opening import Dataset, open_dataset

# The tables whose rows a question may name, and their keys.
_KEYS = {"models": "model_id", "quantities": "quantity_id", "sources": "source_id"}


@dataclass(frozen=True)
class EvaluatedValue:
    """One value for a quantity of a model, and what it rests on.

    Attributes
    ----------
    value, low, high
        In `unit`; a bound that nobody gives is None.
    level
        The probability of the interval; None where the bounds only span several estimates.
    unit
        The unit, as in the table ``quantities``, or ``USD``.
    method
        ``single``, ``geometric_mean`` or ``arithmetic_mean``.
    estimates
        The estimate_ids that the value rests on.
    set_aside
        The others, each with the reason.
    """

    value: float
    low: float | None
    high: float | None
    level: float | None
    unit: str
    method: str
    estimates: tuple[str, ...]
    set_aside: dict[str, str]


def estimates(
    *,
    model: str | None = None,
    quantity: str | None = None,
    source: str | None = None,
    status: str | None = "current",
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return the estimates of a model, of a quantity, from a source, or of all of these.

    Parameters
    ----------
    model, quantity, source
        A model_id, quantity_id and source_id; those that are left out do not limit.
    status
        ``current``, ``superseded`` or ``withdrawn``; None returns all.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.

    Returns
    -------
    frame
        Rows of the table ``estimates``.

    Raises
    ------
    UnknownNameError
        If there is no such model, quantity, source or status; the nearest names are suggested.

    Examples
    --------
    >>> costs = estimates(model="gpt-3", quantity="training_cost")
    >>> costs[["estimate_id", "value", "source_id"]].values.tolist()[0]
    ['gpt-3-training-cost', 12000000.0, 'cottier-2022-summary']
    """
    opened = open_dataset(package, version)
    frames = load_all(opened, ["estimates", "models", "quantities", "sources"])
    found = _about(frames, models=model, quantities=quantity, sources=source)
    if status is not None:
        statuses = [
            str(one) for one in opened.schema("estimates").field("status").constraints.enum or ()
        ]
        if status not in statuses:
            raise UnknownNameError("status", status, statuses)
        found = found[found["status"] == status]
    return found.reset_index(drop=True)


def value(
    *,
    model: str,
    quantity: str,
    pedantic: bool = False,
    package: Dataset | None = None,
    version: str | None = None,
) -> EvaluatedValue:
    """Return the evaluated value of a quantity of a model, see `diffdata.derive.evaluate`.

    Parameters
    ----------
    model, quantity
        A model_id and a quantity_id.
    pedantic
        Refuse to choose where current estimates have different values.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.

    Raises
    ------
    UnknownNameError
        If there is no such model or quantity.
    InvalidInputError
        If no current estimate gives a value, or they are in several units.
    AmbiguousValueError
        If `pedantic`, and current estimates have different values; the message lists them.

    Examples
    --------
    >>> compute = value(model="gpt-neox-20b", quantity="training_compute")
    >>> f"{compute.value:.3g}", compute.unit, compute.method
    ('6.83e+22', 'FLOP', 'geometric_mean')
    >>> value(model="gpt-2", quantity="parameters", pedantic=True)
    Traceback (most recent call last):
    ...
    diffdata.errors.AmbiguousValueError: 2 current estimates of parameters of gpt-2:
      gpt-2-parameters-openai-model-card: 1.5e+09 (openai-gpt-2-model-card, reported)
      gpt-2-parameters-radford-2019: 1.542e+09 (radford-2019-gpt2, reported)
    """
    frames = load_all(open_dataset(package, version), ["estimates", "models", "quantities"])
    candidates = _about(frames, models=model, quantities=quantity).reset_index(drop=True)
    values = evaluate(candidates, frames["quantities"])
    if len(values) != 1:
        several = f"in several units, {', '.join(values['unit'])}" if len(values) else "not known"
        raise InvalidInputError(f"quantity: {quantity} of {model} is {several}")
    current = candidates[(candidates["status"] == "current") & candidates["value"].notna()]
    if pedantic and current["value"].nunique() > 1:
        raise AmbiguousValueError(f"{quantity} of {model}", [*map(_candidate, each(current))])
    inputs = evaluation_inputs(candidates)
    row: Any = values.iloc[0]
    return EvaluatedValue(
        value=float(row["value"]),
        low=known(row["low"]),
        high=known(row["high"]),
        level=known(row["level"]),
        unit=str(row["unit"]).replace("currency", "USD"),
        method=str(row["method"]),
        estimates=tuple(inputs.loc[inputs["used"], "estimate_id"]),
        set_aside={
            str(other.estimate_id): str(other.set_aside_because)
            for other in each(inputs[~inputs["used"]])
        },
    )


def _about(frames: dict[str, pd.DataFrame], **names: str | None) -> pd.DataFrame:
    """Return the estimates of what is named, by the table that lists it; None does not limit."""
    found = frames["estimates"]
    for table, name in names.items():
        if name is not None:
            column = _KEYS[table]
            listed = set(frames[table][column])
            if name not in listed:
                raise UnknownNameError(column.removesuffix("_id"), name, listed)
            found = found[(found[column] == name).fillna(False)]
    return found


def _candidate(row: Any) -> str:
    unit = unit_of(row.unit, row.currency).replace("1", "")
    figure = f"{row.value:g} {unit}".rstrip()
    return f"{row.estimate_id}: {figure} ({row.source_id}, {row.basis})"
