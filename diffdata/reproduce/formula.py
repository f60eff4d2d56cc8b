"""Formulas of the ledger: arithmetic with named inputs and a fixed list of functions."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from diffdata import derive, uncertainty
from diffdata.errors import InvalidInputError
from diffdata.lookup.text import number_or_none
from diffdata.uncertainty import from_estimate
from diffdata.uncertainty.distributions import deviations

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}

# What ``x.value`` and its like may read of the input x.
_PARTS = ("value", "low", "high", "level")

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(derive, name) for name in derive.SCALAR_FUNCTIONS},
    "three_numbers": uncertainty.three_numbers,
    "lognormal": uncertainty.Lognormal.from_interval,
    "normal": uncertainty.Normal.from_interval,
    "deviations": deviations,
    "at_least": lambda quantity, bound: quantity.at_least(bound),
    "above": lambda quantity, bound: quantity.exceeds(bound),
    "pool": lambda first, second, weights: uncertainty.pool([(first,), (second,)], weights)[0],
    "log10": math.log10,
    "sqrt": lambda number: number**0.5,
}


def evaluate_formula(
    formula: str,
    rows: dict[str, dict[Any, Any]],
    functions: dict[str, Callable[..., Any]] = FUNCTIONS,
) -> Any:
    """Evaluate a formula of the ledger (InvalidInputError if it is more than arithmetic).

    ``x`` is the quantity of the input x; ``x.value``, ``x.low``, ``x.high`` and ``x.level`` are the
    numbers of its row of ``estimates``, which `rows` has with the ``scale`` of the quantity.

    Examples
    --------
    >>> row = {"estimate_id": "a", "value": 3.0, "low": 2.0, "high": 5.0, "level": 0.9,
    ...        "scale": "log"}
    >>> round(evaluate_formula("10 * a", {"a": row}).median, 4)
    31.6228
    >>> evaluate_formula("a.low + 1", {"a": row})
    3.0
    """
    quantities: dict[str, Any] = {}

    def value_of(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() | str() as constant):
                return constant
            case ast.Name(id=name) if name in rows:
                # One quantity for each estimate, so that an estimate used twice is drawn once.
                key = rows[name]["estimate_id"]
                if key not in quantities:
                    quantities[key] = from_estimate(rows[name], rows[name]["scale"])
                return quantities[key]
            case ast.Attribute(value=ast.Name(id=name), attr=part) if name in rows:
                number = number_or_none(rows[name].get(part)) if part in _PARTS else None
                if number is None:
                    raise InvalidInputError(f"formula: the input {name!r} has no {part!r}")
                return number
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value_of(left), value_of(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value_of(operand)
            case ast.List(elts=items):
                return [value_of(item) for item in items]
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in functions:
                return functions[name](*map(value_of, args))
        raise InvalidInputError(f"formula: {ast.unparse(node)!r} is not an input or a function")

    try:
        return value_of(ast.parse(formula, mode="eval").body)
    except SyntaxError as error:
        raise InvalidInputError(f"formula: {formula!r} cannot be read: {error.msg}") from None
