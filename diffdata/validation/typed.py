"""Second step: cells become values, or issues that quote them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from diffdata.descriptor import Field, TableSchema
from diffdata.schemas import pandas_dtypes
from diffdata.validation.issue import Issue
from diffdata.validation.text import TextTable, row_key

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FACTORS = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}


class CellError(ValueError):
    """A cell is not of its type; carries what was expected and how to mend it."""

    def __init__(self, expected: str, hint: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint


def parse_cell(text: str, field: Field) -> Any:
    """Return the value of a cell, None where it is empty.

    Raises
    ------
    CellError
        If the text is not of the column's type. Nothing is guessed: the mend is only suggested.

    Examples
    --------
    >>> number = Field(name="value", type="number", unit="1", description="A number.")
    >>> parse_cell("3.14e23", number)
    3.14e+23
    >>> parse_cell("3,14e23", number)
    Traceback (most recent call last):
    ...
    diffdata.validation.typed.CellError: a number such as 3.14e23
    """
    return None if text == "" else _PARSERS[field.type](text)


def cell_text(value: Any) -> str:
    """Return the text of a value as a cell holds it, the inverse of `parse_cell`.

    Numbers are written with the fewest digits that give the same value back.

    Examples
    --------
    >>> [cell_text(value) for value in (3.14e23, 175e9, True, None, pd.Timestamp("2020-05-28"))]
    ['3.14e23', '175000000000', 'true', '', '2020-05-28']
    """
    if pd.isna(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(float(value)).replace("e+", "e")
    return str(value)


def to_frame(
    table: TextTable, schema: TableSchema
) -> tuple[pd.DataFrame, set[tuple[int, str]], list[Issue]]:
    """Parse all cells of a table.

    Returns
    -------
    frame, unusable, issues
        The typed frame, one row for each row of `table`; the cells, as (row position, column),
        that are missing from it because they could not be parsed or were not there; the issues.
    """
    columns: dict[str, list[Any]] = {name: [] for name in schema.column_names}
    unusable: set[tuple[int, str]] = set()
    issues: list[Issue] = []
    for position, row in enumerate(table.rows):
        for field in schema.fields:
            value = None
            text = row.cells.get(field.name)
            if text is None:
                unusable.add((position, field.name))
            else:
                try:
                    value = parse_cell(text, field)
                except CellError as error:
                    unusable.add((position, field.name))
                    message = f"{quote(text)} is not allowed: expected {error.expected}"
                    issues.append(
                        Issue(table.file, row.line, field.name, row_key(row.cells, schema), text,
                              "type", "error", message, error.hint)
                    )  # fmt: skip
            columns[field.name].append(value)
    return _frame(columns, schema), unusable, issues


def _frame(columns: dict[str, list[Any]], schema: TableSchema) -> pd.DataFrame:
    series = {
        name: pd.Series(columns[name], dtype=dtype if name not in _dates(schema) else None)
        for name, dtype in pandas_dtypes(schema).items()
    }
    for name in _dates(schema):
        series[name] = pd.to_datetime(series[name]).astype(pandas_dtypes(schema)[name])
    return pd.DataFrame(series)


def _dates(schema: TableSchema) -> set[str]:
    return {field.name for field in schema.fields if field.type == "date"}


def _string(text: str) -> str:
    if _CONTROL.search(text):
        raise CellError("text on one line, without control characters")
    if text != text.strip():
        raise CellError("text without spaces around it", f"write {text.strip()!r}")
    return text


def _integer(text: str) -> int:
    expected = "a whole number such as 175000000000"
    if not _INTEGER.fullmatch(text):
        raise CellError(expected, _mend_number(text, whole=True))
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise CellError("a whole number of at most 64 bits")
    return value


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise CellError("a number such as 3.14e23", _mend_number(text, whole=False))
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise CellError("a number that fits in 64 bits (at most 1.8e308)")
    return value


def _mend_number(text: str, whole: bool) -> str:
    """Suggest the number that a person probably meant."""
    compact = text.replace(" ", "").replace("_", "")
    if compact.lower() in ("nan", "inf", "-inf", "na", "n/a", "none", "null", "unknown", "-"):
        return "leave the cell empty if the value is not known"
    if whole and _NUMBER.fullmatch(compact) and float(compact).is_integer():
        return f"write {float(compact):.0f}"
    suffix = _FACTORS.get(compact[-1:])
    if suffix and _NUMBER.fullmatch(compact[:-1]):
        return f"write {float(compact[:-1]) * suffix:.15g}"
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", compact):
        return f"write {compact.replace(',', '')}"
    decimal = compact.replace(",", ".")
    return f"write {decimal}" if _NUMBER.fullmatch(decimal) and not whole else ""


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        meant = {"yes": "true", "1": "true", "no": "false", "0": "false"}
        guess = meant.get(text.lower(), text.lower())
        hint = f"write {guess}" if guess in ("true", "false") else ""
        raise CellError("true or false", hint)
    return text == "true"


def _date(text: str) -> datetime.date:
    expected = "a date such as 2020-05-28"
    if not _DATE.fullmatch(text):
        hint = ""
        if re.fullmatch(r"\d{4}(-\d{2})?", text):
            known, first = ("month", "-01") if "-" in text else ("year", "-01-01")
            hint = f"write {text}{first}, and {known} as its precision"
        raise CellError(expected, hint)
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise CellError(f"{expected}; there is no such day") from None


_PARSERS: dict[str, Callable[[str], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}


def quote(text: str) -> str:
    """Quote a cell in a message, shortened if it is long."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    return repr(shown)
