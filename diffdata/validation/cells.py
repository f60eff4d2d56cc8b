"""One cell: from text to a value and back.

Columns of the profile are read strictly: nothing is guessed, one way to write a value. Those of
other packages are read as Table Schema defines its types and formats.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.standard import STANDARD_TYPES, CellError
from diffdata.validation.mends import (
    INTEGER,
    NUMBER,
    encoded_once,
    mended_boolean,
    mended_date,
    mended_number,
)

__all__ = [
    "CONTROL",
    "HIDDEN",
    "CellError",
    "cell_text",
    "fits",
    "is_strict",
    "parse_cell",
    "quote",
]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.A)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Characters that turn the direction of text or cannot be seen: in an id they pass for another.
HIDDEN = re.compile(
    r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def parse_cell(text: str, field: Field, strict: bool = True) -> Any:
    """Return the value of a cell, None where it is empty.

    Parameters
    ----------
    text
        The text of the cell.
    field
        Its column.
    strict
        Whether the column is held to the profile, or to Table Schema alone.

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
    diffdata.types.standard.CellError: a number such as 3.14e23
    """
    if text == "":
        return None
    if strict and field.type in _STRICT and field.format == "default":
        return _STRICT[field.type](text)
    return STANDARD_TYPES[field.type](text, field)


def is_strict(schema: TableSchema, field: Field) -> bool:
    """Tell whether a column is read as the profile wants it."""
    return schema.profiled and field.type in _STRICT and field.format == "default"


def fits(text: str, field: Field, schema: TableSchema) -> bool:
    """Tell whether a cell could stand in a column, as far as its type and constraints go."""
    limits = field.constraints
    try:
        value = parse_cell(text, field, is_strict(schema, field))
    except CellError:
        return False
    if value is None:
        return not (limits.required or field.name in schema.primary_key)
    if limits.enum is not None and value not in limits.enum:
        return False
    if limits.pattern is not None:
        # RE2, by way of Arrow: the pattern of a stranger may not take for ever.
        whole = pc.match_substring_regex(pa.scalar(text), f"^(?:{limits.pattern})$")
        return bool(whole.as_py())
    return True


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


def quote(text: str) -> str:
    """Quote a cell in a message, shortened if it is long."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    return ascii(shown) if HIDDEN.search(shown) else repr(shown)


def _string(text: str) -> str:
    if not text.isascii() and (meant := encoded_once(text)):
        mend = f"write {quote(meant)}; the file was saved in another encoding than it was read"
        raise CellError("text that was encoded once", mend, "encoding")
    if CONTROL.search(text):
        raise CellError("text on one line, without control characters")
    if text != text.strip():
        raise CellError("text without spaces around it", f"write {text.strip()!r}")
    if found := HIDDEN.search(text):
        code = f"U+{ord(found[0]):04X}"
        raise CellError("text without hidden characters", f"remove {code}")
    return text


def _integer(text: str) -> int:
    expected = "a whole number such as 175000000000"
    if not re.fullmatch(INTEGER, text):
        raise CellError(expected, mended_number(text, whole=True))
    value = int(text) if len(text) <= 20 else 2**64
    if not -(2**63) <= value < 2**63:
        raise CellError("a whole number of at most 64 bits")
    return value


def _number(text: str) -> float:
    if not re.fullmatch(NUMBER, text):
        raise CellError("a number such as 3.14e23", mended_number(text, whole=False))
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise CellError("a number that fits in 64 bits (at most 1.8e308)")
    if (
        abs(value) >= 2**53
        and re.fullmatch(INTEGER, text)
        and Decimal(text) != Decimal(repr(value))
    ):
        raise CellError(
            "a number that 64 bits hold",
            f"its last digits get lost: write {cell_text(value)} if that is exact enough",
        )
    return value


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise CellError("true or false", mended_boolean(text))
    return text == "true"


def _date(text: str) -> datetime.date:
    expected = "a date such as 2020-05-28"
    if not _DATE.fullmatch(text):
        raise CellError(expected, mended_date(text))
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise CellError(f"{expected}; there is no such day", mended_date(text)) from None


_STRICT: dict[str, Callable[[str], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}
