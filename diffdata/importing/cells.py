"""Cells of foreign tables: from their text to the text of a cell of ours."""

from __future__ import annotations

import datetime
import math
import re

from diffdata.errors import suggestion
from diffdata.importing.mapping import Column
from diffdata.types.definitions import CONTROL, HIDDEN
from diffdata.types.text import cell_text, encoded_once

# Texts that stand for a missing value.
MISSING = frozenset(["-", "?", "n/a", "na", "nan", "none", "null", "tbd", "unknown", "unk", "--"])
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SEVERAL = re.compile(r"[0-9.eE+]+(?:\s*[,;/]\s*[0-9.eE+]+)+")
_PARTS = re.compile(r"\s*[,;/]\s*")
# Thousands that cannot be anything else, and those that could also be decimals or two numbers.
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){2,}(?:\.[0-9]+)?|[0-9]{1,3},[0-9]{3}\.[0-9]+")
_GROUPED_ONCE = re.compile(r"[0-9]{1,3},[0-9]{3}")
_DECIMALS = re.compile(r"[0-9]+,[0-9]{1,3}")
_ITEM = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:,|$)|((?:[^,]|,(?=\s))*)(?:,|$)', re.S)


class UnreadableError(ValueError):
    """A cell that cannot be read: the kind of the fault, what was expected, how to fix it."""

    def __init__(self, kind: str, expected: str, hint: str = "") -> None:
        super().__init__(expected)
        self.kind, self.expected, self.hint = kind, expected, hint


def cleaned(text: str) -> str:
    r"""Return a text on one line without repeated spaces, hidden characters and wrong encoding.

    >>> cleaned(" GPT-4\n(2023)\u200b ")
    'GPT-4 (2023)'
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = " ".join(CONTROL.sub(" ", HIDDEN.sub("", text)).split())
    while not text.isascii() and (meant := encoded_once(text)):
        text = cleaned(meant)
    return text


def is_missing(text: str) -> bool:
    """Return whether a text stands for a missing value, as `n/a` and `---` do.

    >>> is_missing("NaN"), is_missing("---"), is_missing("o1")
    (True, True, False)
    """
    return text.casefold() in MISSING or not any(map(str.isalnum, text))


def items(text: str) -> list[str]:
    """Return the items of a list with commas; one with a comma inside is in quotes, or has a space.

    >>> items('Google,"SambaNova Systems, Inc",NERSC, Berkeley')
    ['Google', 'SambaNova Systems, Inc', 'NERSC, Berkeley']
    """
    found, place = [], 0
    while place < len(text) and (match := _ITEM.match(text, place)):
        found.append(cleaned((match[1] or "").replace('""', '"') or match[2] or ""))
        place = max(match.end(), place + 1)
    return [item for item in found if item]


def date(text: str, column: Column) -> tuple[str, str]:
    """Return the first day of a date, month or year, and its precision."""
    form = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?(?:[T ][0-9:.+Z ]*)?", text)
    expected = "a date such as 2024-05-31, 2024-05 or 2024"
    if not form:
        raise UnreadableError("date", expected)
    year, month, day = (int(part or 0) for part in form.groups())
    try:
        value = datetime.date(year, month or 1, day or 1)
    except ValueError as error:
        raise UnreadableError("date", f"{expected}; {error}") from None
    if not month or (day and text[5:10] in column.year_days):
        return f"{value.year:04}-01-01", "year"
    if not day or day in column.month_days:
        return value.replace(day=1).isoformat(), "month"
    return value.isoformat(), "day"


def number(text: str, column: Column) -> str:
    """Return a number with the fewest digits that give the same value."""
    plain = re.sub(r"^[$€£¥]\s*", "", text) if column.money else text
    priced = plain != text
    percent = plain.endswith("%") and column.percent
    plain = plain.removesuffix("%").strip() if percent else plain
    if plain.lstrip("+-").casefold() in ("inf", "infinity"):
        raise UnreadableError("infinite", "a finite number")
    # With a sign of a currency, and in a count before a zero, a comma is not that of decimals.
    sure = priced or (column.kind == "count" and ",0" in plain)
    if _GROUPED.fullmatch(plain) or (sure and _GROUPED_ONCE.fullmatch(plain)):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        if not _SEVERAL.fullmatch(plain):
            raise UnreadableError("not-a-number", "a number such as 1.5e24")
        parts = _PARTS.split(plain)
        if len(set(parts)) > 1 or _DECIMALS.fullmatch(plain):
            raise UnreadableError("several-numbers", "one number", _meanings(plain))
        plain = parts[0]
        if not _NUMBER.fullmatch(plain):
            raise UnreadableError("not-a-number", "a number such as 1.5e24")
    value = float(plain)
    if not math.isfinite(value):
        raise UnreadableError("infinite", "a finite number")
    if value == 0 and not column.zero:
        raise UnreadableError("zero", "a number above zero", "zero means unknown here")
    if value < 0 and not column.zero:
        raise UnreadableError("out-of-range", "a number above zero")
    times = column.percent if percent else column.times
    if times or column.divide:  # without the noise of binary fractions
        value = float(f"{value * (times or 1) / (column.divide or 1):.12g}")
    low, high = column.minimum, column.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        limits = [f"at least {low:g}"] if low is not None else []
        limits += [f"at most {high:g}"] if high is not None else []
        raise UnreadableError("out-of-range", f"a number of {' and '.join(limits)}")
    if column.kind == "count":
        if not value.is_integer():
            raise UnreadableError("not-a-count", "a whole number")
        return str(int(value))
    return cell_text(value).removesuffix(".0")


def _meanings(text: str) -> str:
    """Return the question which of its possible meanings a number with a comma has."""
    found = [text.replace(",", "")] if _GROUPED_ONCE.fullmatch(text) else []
    found += [text.replace(",", ".")] if _DECIMALS.fullmatch(text) else []
    return f"is it {', '.join(found)}, or two numbers?" if found else "which of them is it?"


def read_cell(
    text: str, column: Column, words: dict[str, str | dict[str, str]]
) -> dict[str, str] | str:
    """Return the text of our cell, or several cells of ours by their columns."""
    missing = is_missing(text) and text.casefold() not in words
    if missing and column.kind in ("number", "count", "date", "choice"):
        raise UnreadableError("placeholder", f"a {column.kind}", "an empty cell says: unknown")
    if column.kind in ("number", "count"):
        return number(text, column)
    if column.kind == "date":
        value, precision = date(text, column)
        return {"": value, column.precision: precision} if column.precision else value
    if column.kind == "choice":
        if (meaning := words.get(text.casefold())) is None:
            listed = ", ".join(list(words)[:20])
            hint = suggestion(text.casefold(), words, "add it to the mapping")
            raise UnreadableError("unknown-word", f"one of: {listed}", hint)
        return meaning
    return text
