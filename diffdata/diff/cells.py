"""Comparison of one cell: whether two texts say the same, and if not, how they differ."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from typing import Literal

# The content of a column, from its schema or from its name (`guess_type`). ``any`` is decided cell
# by cell.
ColumnType = Literal["number", "date", "code", "text", "unit", "precision", "any"]

# How changes of cells are called in lists.
CELL_KINDS = {
    "unit": "unit changed",
    "number": "number changed",
    "date": "date moved",
    "precision": "precision changed",
    "code": "changed",
    "wording": "reworded",
    "emptied": "value removed",
    "filled": "value added",
    "form": "written differently",
}

# An integer part of several digits that begins with 0 is an identifier, not a number.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}.*)?")
_PARTIAL_DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}")
_UNIT_NAMES = {"unit", "units", "currency", "price_year", "price year"}
_PROSE_NAMES = re.compile(
    r"(?:^|[\s_])(?:notes?|comments?|descriptions?|abstract|reason|why|remarks?)(?:$|[\s_])", re.I
)
# A text of this many words is a sentence; a shorter one is a name or a choice.
_PROSE_WORDS = 6


class Consequence(IntEnum):
    """How serious a change is, most serious first; all formats list changes in this order."""

    MEANING = 1  # a unit, a currency, a type or a key changed: figures mean something else
    TENFOLD = 2  # a number changed by a factor of ten or more, to or from zero, or its sign
    NUMBER = 3  # a number changed by less than that
    DATE = 4  # a date changed
    GONE = 5  # a table, a column, a row or a value was removed
    CODE = 6  # a name, an identifier, a choice, a flag or a rule changed
    NEW = 7  # a table, a column, a row or a value was added
    RENAMED = 8  # a row or a column has another name and the same content
    PRECISION = 9  # a date is given to the day instead of the month, or the reverse
    WORDING = 10  # a note, a description or another sentence changed
    FORM = 11  # the same value is written or ordered differently


@dataclass(frozen=True)
class Difference:
    """How two texts of one cell differ; kind ``form`` is the same value, written differently."""

    kind: str  # of CELL_KINDS
    consequence: Consequence
    ratio: float | None = None  # new over old, for numbers other than zero
    relative: float | None = None  # the change as a share of the old number
    days: float | None = None  # by which a date moved, negative if it is earlier now
    remark: str = ""  # "more digits", "fewer digits", "sign changed" ...

    @property
    def size(self) -> float:
        """The size by which differences of one consequence are ordered, the largest first."""
        if self.kind == "number":
            return abs(math.log10(self.ratio)) if self.ratio and self.ratio > 0 else math.inf
        return abs(self.days or 0.0)


def difference(
    old: str, new: str, kind: ColumnType = "any", atol: float = 0, rtol: float = 0
) -> Difference | None:
    """Describe how two texts of a cell differ; None if they are the same text."""
    if old == new:
        return None
    before, after = canonical(old, kind), canonical(new, kind)
    if before == after:
        return Difference("form", Consequence.FORM)
    old, new = _trimmed(old), _trimmed(new)
    if kind == "unit":
        return Difference("unit", Consequence.MEANING)
    if kind == "precision":
        return Difference("precision", Consequence.PRECISION)
    prose = kind == "text" or (kind == "any" and (_is_prose(old) or _is_prose(new)))
    if not old:
        return Difference("filled", Consequence.WORDING if prose else Consequence.NEW)
    if not new:
        return Difference("emptied", Consequence.WORDING if prose else Consequence.GONE)
    if isinstance(before, Decimal) and isinstance(after, Decimal):
        return _numbers(before, after, Decimal(str(atol)), Decimal(str(rtol)))
    if kind in ("date", "any") and (found := _dates(old, new)):
        return found
    if prose:
        remark = "only blanks differ" if old.split() == new.split() else ""
        return Difference("wording", Consequence.WORDING, remark=remark)
    return Difference("code", Consequence.CODE)


@lru_cache(maxsize=2**17)
def canonical(text: str, kind: ColumnType = "any") -> str | Decimal:
    """Return the value by which cells are compared: the number, or the trimmed text."""
    text = _trimmed(text)
    if kind in ("number", "any") and _NUMBER.fullmatch(text):
        number, approximate = Decimal(text), float(text)
        # A number outside the range of floats is left as text, so that a ratio can be computed.
        if math.isfinite(approximate) and (approximate == 0) == (number == 0):
            return number
    return text


def guess_type(column: str) -> ColumnType:
    """Return ``unit``, ``precision`` or ``text`` for a column whose name says so, else ``any``."""
    name = column.strip().lower()
    if name in _UNIT_NAMES or name.endswith(("_unit", " unit", "_currency")):
        return "unit"
    if name == "precision" or name.endswith(("_precision", " precision")):
        return "precision"
    return "text" if _PROSE_NAMES.search(name) else "any"


def _as_moment(text: str) -> datetime.datetime | None:
    """Return the moment of an ISO date with or without a time of day, in UTC by default."""
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _trimmed(text: str) -> str:
    """Return the text without surrounding blanks and with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _is_prose(text: str) -> bool:
    return "\n" in text or len(text.split()) >= _PROSE_WORDS


def _numbers(old: Decimal, new: Decimal, atol: Decimal, rtol: Decimal) -> Difference:
    if abs(new - old) <= atol + rtol * abs(old):
        return Difference("form", Consequence.FORM, remark="within the tolerance")
    if old == 0 or new == 0:
        remark, relative = ("from zero", None) if old == 0 else ("to zero", -1.0)
        return Difference("number", Consequence.TENFOLD, relative=relative, remark=remark)
    ratio, relative = float(new / old), float((new - old) / abs(old))
    if not math.isfinite(ratio) or ratio == 0:  # outside the range of floats
        return Difference("number", Consequence.TENFOLD)
    if ratio < 0:
        consequence, remark = Consequence.TENFOLD, "sign changed"
    else:
        # Decimals: 1.2e24 to 1.2e23 is tenfold, though the ratio as a float is 0.0999999....
        small, large = sorted((abs(old), abs(new)))
        consequence = Consequence.TENFOLD if large >= 10 * small else Consequence.NUMBER
        remark = _rounding(old, new)
    return Difference("number", consequence, ratio=ratio, relative=relative, remark=remark)


def _rounding(old: Decimal, new: Decimal) -> str:
    """Return whether one number is the other one rounded to fewer significant digits."""
    before, after = (len(number.normalize().as_tuple().digits) for number in (old, new))
    if before < after and Decimal(f"{new:.{before - 1}e}") == old:
        return "more digits"
    if after < before and Decimal(f"{old:.{after - 1}e}") == new:
        return "fewer digits"
    return ""


def _dates(old: str, new: str) -> Difference | None:
    if all(map(_PARTIAL_DATE.fullmatch, (old, new))) and len(old) != len(new):
        if old.startswith(new) or new.startswith(old):
            return Difference("precision", Consequence.PRECISION)
        # Complete a year or a month to its first day.
        old, new = (date + "-01-01"[len(date) - 4 :] for date in (old, new))
    before, after = _as_moment(old), _as_moment(new)
    if before is None or after is None:
        return None
    if before == after:
        return Difference("form", Consequence.FORM)
    return Difference("date", Consequence.DATE, days=(after - before).total_seconds() / 86400)
