"""Find the estimates of a model or a quantity, and the one value that they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffdata.derive import evaluate, evaluation_inputs
from diffdata.errors import AmbiguousValueError, InvalidInputError, UnknownNameError
from diffdata.loading import load_all
from diffdata.lookup.text import figure_text, number_or_none, rows_where, unit_of
from diffdata.package.packages import Dataset, open_dataset


@dataclass(frozen=True)
class EvaluatedValue:
    """One value for a quantity of a model, and the estimates behind it.

    Attributes
    ----------
    value, low, high
        In `unit`; a bound that no estimate gives is None.
    level
        The probability of the interval; None where the bounds only span several estimates.
    unit
        The unit, as in the table ``quantities``, or ``USD``.
    method
        ``single``, ``geometric_mean`` or ``arithmetic_mean``.
    estimates
        The ids of the estimates that the value is computed from.
    set_aside
        The ids of the other estimates, each with the reason why it is not used.
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
        A model_id, a quantity_id and a source_id; None does not filter.
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
    dataset = open_dataset(package, version)
    frames = load_all(dataset, ["estimates", "models", "quantities", "sources"])
    found = _estimates_of(frames, model=model, quantity=quantity, source=source)
    if status is not None:
        allowed = dataset.schema("estimates").field("status").constraints.enum or ()
        if status not in allowed:
            raise UnknownNameError("status", status, map(str, allowed))
        found = rows_where(found, status=status)
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
        Raise an error where current estimates have different values, instead of choosing.
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
    >>> compute = value(model="gpt-neox-20b", quantity="training_compute", version="2026.2")
    >>> f"{compute.value:.3g}", compute.unit, compute.method
    ('6.83e+22', 'FLOP', 'geometric_mean')
    >>> value(model="gpt-2", quantity="parameters", pedantic=True, version="2026.2")
    Traceback (most recent call last):
    ...
    diffdata.errors.AmbiguousValueError: 2 current estimates of parameters of gpt-2:
      gpt-2-parameters-openai-model-card: 1.5e+09 (openai-gpt-2-model-card, reported)
      gpt-2-parameters-radford-2019: 1.542e+09 (radford-2019-gpt2, reported)
    """
    frames = load_all(open_dataset(package, version), ["estimates", "models", "quantities"])
    candidates = _estimates_of(frames, model=model, quantity=quantity).reset_index(drop=True)
    values = evaluate(candidates, frames["quantities"])
    if len(values) != 1:
        problem = f"in several units, {', '.join(values['unit'])}" if len(values) else "not known"
        raise InvalidInputError(f"quantity: {quantity} of {model} is {problem}")
    current = candidates[(candidates["status"] == "current") & candidates["value"].notna()]
    if pedantic and current["value"].nunique() > 1:
        listed = [
            f"{row['estimate_id']}: {figure_text(row)} ({row['source_id']}, {row['basis']})"
            for row in current.assign(low=None, high=None).to_dict(orient="records")
        ]
        raise AmbiguousValueError(f"{quantity} of {model}", listed)
    inputs = evaluation_inputs(candidates)
    unused = inputs[~inputs["used"]]
    row: Any = values.iloc[0]
    return EvaluatedValue(
        value=float(row["value"]),
        low=number_or_none(row["low"]),
        high=number_or_none(row["high"]),
        level=number_or_none(row["level"]),
        unit=unit_of(row["unit"], "USD"),
        method=str(row["method"]),
        estimates=tuple(inputs.loc[inputs["used"], "estimate_id"]),
        set_aside=dict(zip(unused["estimate_id"], unused["set_aside_because"], strict=True)),
    )


def _estimates_of(frames: dict[str, pd.DataFrame], **names: str | None) -> pd.DataFrame:
    """Return the estimates of the named model, quantity and source; None does not filter."""
    found = frames["estimates"]
    tables = {"model": "models", "quantity": "quantities", "source": "sources"}
    for kind, name in names.items():
        if name is not None:
            column = f"{kind}_id"
            existing = set(frames[tables[kind]][column])
            if name not in existing:
                raise UnknownNameError(kind, name, existing)
            found = rows_where(found, **{column: name})
    return found
