"""What a cell says, apart from the way it is written: numbers, dates, text."""

from __future__ import annotations

import datetime
import math
import re
from decimal import Decimal
from functools import lru_cache
from typing import Literal

# What is known of a column: from its schema, or from its name (`guess_type`). ``any`` is judged
# cell by cell.
ColumnType = Literal["number", "date", "code", "text", "unit", "precision", "any"]

# A whole part of several digits that begins with 0 is an identifier, not a number.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}.*)?")
_PARTIAL_DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}")
_UNIT_NAMES = {"unit", "units", "currency", "price_year", "price year"}
_PROSE_WORDS = re.compile(
    r"(?:^|[\s_])(?:notes?|comments?|descriptions?|abstract|reason|why|remarks?)(?:$|[\s_])", re.I
)

# Text of so many words is a sentence, fewer are a name or a choice.
PROSE_WORDS = 6


def guess_type(column: str) -> ColumnType:
    """Tell from the name of a column that its cells are units, precisions or notes.

    Examples
    --------
    >>> [guess_type(name) for name in ("Currency", "as_of_precision", "Size notes", "Model")]
    ['unit', 'precision', 'text', 'any']
    """
    name = column.strip().lower()
    if name in _UNIT_NAMES or name.endswith(("_unit", " unit", "_currency")):
        return "unit"
    if name == "precision" or name.endswith(("_precision", " precision")):
        return "precision"
    return "text" if _PROSE_WORDS.search(name) else "any"


def as_number(text: str) -> Decimal | None:
    """Return the number that a text is, exactly; None if it is none, or not finite.

    Examples
    --------
    >>> as_number("3.0e23") == as_number("3e+23"), as_number("007"), as_number("NaN")
    (True, None, None)
    """
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    shown = float(number)
    # What a float cannot hold is left as text, so that ratios always can be formed.
    return None if math.isinf(shown) or (shown == 0) != (number == 0) else number


def as_moment(text: str) -> datetime.datetime | None:
    """Return the moment that an ISO date, with or without a time of day, names (UTC unless said).

    Examples
    --------
    >>> as_moment("2025-03-11 19:27:29+00:00").hour, as_moment("2025-02-30")
    (19, None)
    """
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def as_partial_date(text: str) -> str | None:
    """Return a year, month or day as it stands, None if the text is none of them."""
    return text if _PARTIAL_DATE.fullmatch(text) else None


def trimmed(text: str) -> str:
    """Return the text without blanks around it and with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


@lru_cache(maxsize=2**17)
def canonical(text: str, kind: ColumnType = "any") -> str | Decimal:
    """Return what two cells have in common that say the same: the number, or the trimmed text.

    Examples
    --------
    >>> canonical(" 3.0e23 ") == canonical("3e23")
    True
    >>> canonical("1.0", "text") == canonical("1", "text")
    False
    """
    text = trimmed(text)
    number = as_number(text) if kind in ("number", "any") else None
    return text if number is None else number


def is_prose(text: str) -> bool:
    """Tell a sentence from a name, a choice or a list without blanks.

    Examples
    --------
    >>> is_prose("The paper states this in its appendix."), is_prose("Google DeepMind")
    (True, False)
    """
    return "\n" in text or len(text.split()) >= PROSE_WORDS


def digits(number: Decimal) -> int:
    """Count the significant digits of a number, zeros at the end left out."""
    return len(number.normalize().as_tuple().digits)


def rounded_to(number: Decimal, places: int) -> Decimal:
    """Round a number to so many significant digits."""
    return Decimal(f"{number:.{places - 1}e}")
