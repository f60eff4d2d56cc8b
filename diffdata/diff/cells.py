"""One cell on both sides: what kind of change it is, how large, and how much hangs on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Literal

from diffdata.diff.values import (
    ColumnType,
    as_moment,
    as_number,
    as_partial_date,
    canonical,
    digits,
    is_prose,
    rounded_to,
    trimmed,
)

CellKind = Literal[
    "unit", "number", "date", "precision", "code", "wording", "emptied", "filled", "form"
]

UNIT_TOO = "the unit changed too"


class Consequence(IntEnum):
    """How much hangs on a change, the most first; all formats list changes in this order.

    Changes of the same consequence are ordered by their size: numbers by the factor, dates by the
    days, tables before columns before rows before cells.
    """

    MEANING = 1
    """A unit, a currency, a type or a key changed: figures mean something else."""
    TENFOLD = 2
    """A number moved by a factor of ten or more, to or from zero, or changed its sign."""
    NUMBER = 3
    """A number moved by less than that."""
    DATE = 4
    """A date moved."""
    GONE = 5
    """A table, a column, a row or a value was removed."""
    CODE = 6
    """A name, an identifier, a choice, a flag or a rule changed."""
    NEW = 7
    """A table, a column, a row or a value was added."""
    RENAMED = 8
    """A row or a column has another name and the same content."""
    PRECISION = 9
    """A date is stated to the day instead of the month, or the reverse."""
    WORDING = 10
    """A note, a description or another sentence changed."""
    FORM = 11
    """The same is written or ordered in another way."""


@dataclass(frozen=True)
class Difference:
    """How two texts of one cell differ.

    Attributes
    ----------
    kind
        ``number``, ``date``, ``unit``, ``precision``, ``code`` (a name or choice), ``wording``,
        ``filled`` (was empty), ``emptied``, or ``form`` (the same, written in another way).
    ratio
        New over old, for numbers other than zero.
    relative
        The change as a share of the old number.
    days
        By how many days a date moved; negative if it is earlier now.
    remark
        What else is worth knowing: ``more digits``, ``fewer digits``, ``sign changed`` ...
    consequence
        How much hangs on it.
    """

    kind: CellKind
    consequence: Consequence
    ratio: float | None = None
    relative: float | None = None
    days: float | None = None
    remark: str = ""

    @property
    def size(self) -> float:
        """The size by which differences of one consequence are ordered, the largest first."""
        if self.kind == "number":
            return abs(math.log10(self.ratio)) if self.ratio and self.ratio > 0 else math.inf
        return abs(self.days or 0.0)


@dataclass(frozen=True)
class CellChange:
    """A cell that differs in a row that both sides have.

    Attributes
    ----------
    key
        The key of the row, one text for each key column.
    column, old_column
        The name of the column in the new and in the old table.
    old, new
        The texts of the cell.
    old_line, new_line
        The lines where the row begins.
    difference
        How the texts differ.
    """

    key: tuple[str, ...]
    column: str
    old_column: str
    old: str
    new: str
    old_line: int
    new_line: int
    difference: Difference


def difference(old: str, new: str, kind: ColumnType = "any") -> Difference | None:
    """Say how two texts of a cell differ; None if they are the same text.

    Parameters
    ----------
    old, new
        The texts.
    kind
        What the column holds; with ``any`` each cell is judged by itself.

    Examples
    --------
    >>> found = difference("1.2e13", "3e11")
    >>> found.kind, found.consequence.name, found.ratio
    ('number', 'TENFOLD', 0.025)
    >>> difference("3.0e23", "3e23").kind, difference("3e23", "3.14e23").remark
    ('form', 'more digits')
    >>> difference("2020-05-28", "2020-06-01").days
    4.0
    """
    if old == new:
        return None
    if canonical(old, kind) == canonical(new, kind):
        return Difference("form", Consequence.FORM)
    old, new = trimmed(old), trimmed(new)
    if kind == "unit":
        return Difference("unit", Consequence.MEANING)
    if kind == "precision":
        return Difference("precision", Consequence.PRECISION)
    if not old or not new:
        return _one_sided(old, new, kind)
    found = None
    if kind in ("number", "any"):
        found = _numbers(as_number(old), as_number(new))
    if found is None and kind in ("date", "any"):
        found = _dates(old, new)
    if found is not None:
        return found
    if kind == "text" or (kind == "any" and (is_prose(old) or is_prose(new))):
        remark = "only blanks differ" if old.split() == new.split() else ""
        return Difference("wording", Consequence.WORDING, remark=remark)
    return Difference("code", Consequence.CODE)


def _one_sided(old: str, new: str, kind: ColumnType) -> Difference:
    prose = kind == "text" or (kind == "any" and is_prose(old or new))
    if new:
        return Difference("filled", Consequence.WORDING if prose else Consequence.NEW)
    return Difference("emptied", Consequence.WORDING if prose else Consequence.GONE)


def _numbers(old: Decimal | None, new: Decimal | None) -> Difference | None:
    if old is None or new is None:
        return None
    if old == 0 or new == 0:
        remark = "from zero" if old == 0 else "to zero"
        relative = None if old == 0 else -1.0
        return Difference("number", Consequence.TENFOLD, relative=relative, remark=remark)
    ratio, relative = float(new / old), float((new - old) / abs(old))
    if not math.isfinite(ratio) or ratio == 0:  # beyond what a float holds
        return Difference("number", Consequence.TENFOLD)
    if ratio < 0:
        consequence, remark = Consequence.TENFOLD, "sign changed"
    else:
        # 1.2e24 to 1.2e23 is tenfold, though a float says 0.09999999999999999.
        tenfold = new >= 10 * old or old >= 10 * new
        if old < 0:
            tenfold = new <= 10 * old or old <= 10 * new
        consequence = Consequence.TENFOLD if tenfold else Consequence.NUMBER
        remark = _rounding(old, new)
    return Difference("number", consequence, ratio=ratio, relative=relative, remark=remark)


def _rounding(old: Decimal, new: Decimal) -> str:
    """Say that one number is the other with fewer digits."""
    if digits(old) < digits(new) and rounded_to(new, digits(old)) == old:
        return "more digits"
    if digits(new) < digits(old) and rounded_to(old, digits(new)) == new:
        return "fewer digits"
    return ""


def _dates(old: str, new: str) -> Difference | None:
    first, last = as_partial_date(old), as_partial_date(new)
    if first and last and len(first) != len(last):
        if first.startswith(last) or last.startswith(first):
            return Difference("precision", Consequence.PRECISION)
        old, new = _first_day(first), _first_day(last)
    before, after = as_moment(old), as_moment(new)
    if before is None or after is None:
        return None
    if before == after:
        return Difference("form", Consequence.FORM)
    return Difference("date", Consequence.DATE, days=(after - before).total_seconds() / 86400)


def _first_day(date: str) -> str:
    """Complete a year or a month to its first day."""
    return date + "-01-01"[len(date) - 4 :]
