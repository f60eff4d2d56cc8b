"""Rules that no expression can state: text read as figures, chains of references, duplicates."""

from __future__ import annotations

import ast
import datetime
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from diffdata.schemas.stated import (
    Acyclic,
    Agree,
    Arxiv,
    AsPrinted,
    Distinct,
    Formula,
    Lasts,
    Mentioned,
    Named,
    Rowwise,
    SameSpelling,
    StartsWith,
)

_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
# Powers of ten by the word or letter after a number.
_SCALES = {
    "%": -2, "percent": -2, "per cent": -2, "cents": -2, "hundred": 2, "k": 3, "thousand": 3,
    "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9, "t": 12, "tn": 12,
    "trillion": 12,
}  # fmt: skip
_GROUP = ",\u00a0\u2009\u202f"
_NUMBER = re.compile(
    rf"""(?<![a-wyz\d_.,])
    (?P<digits>\d+(?:[{_GROUP}]\d{{3}})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)
    (?:/(?P<divisor>[1-9]\d*))?
    (?:\s*[x\u00d7*]\s*10\s*\^?\s*\(?(?P<power>[+-]?\d{{1,3}})|[eE](?P<exponent>[+-]?\d{{1,3}}))?
    (?:[\s-]?(?P<scale>%|per\ ?cent|cents|hundred|thousand|million|billion|trillion|mn|bn|tn|[kmbt])
    (?![\w/]))?""",
    re.VERBOSE | re.IGNORECASE,
)
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b", re.IGNORECASE)
# A number before one of these is in a unit with a prefix, so its scale is not that of the figure.
_PREFIXED = re.compile(r"(\b[KMGTPEZ]|kilo|mega|giga|tera|peta|exa|zetta)-?(FLOP|byte|watt)", re.I)
# A scale somewhere in the text, which numbers without one may share: "0.5 to 5 million".
_SCALED = re.compile(
    r"%|per\ ?cent|hundred|thousand|million|billion|trillion"
    r"|[\d )(](k|[mM]|B|T|bn|mn|tn)(?![A-Za-z])"
    r"|\d[eE][+\d]|[*x\u00d7]\s*10|10\s*\^|[kGT](W[hH]?)\b|MW\b|[kMGT]B\b|\d\.000\b|\d:\d|\d-\d0|\":"
)
# What a number in one unit may have been multiplied by to get the figure in another.
_CONVERSIONS = {
    "hour": (1 / 24,), "day": (86_400,), "week": (7,), "year": (12, 365),
    "1,000 tokens": (1_000,), "per token": (1_000, 1_000_000),
}  # fmt: skip
# Year, month and number; a date may be that of another version or of the venue.
_AT_ARXIV = re.compile(r"//(www\.|export\.)?arxiv\.org/|^10\.48550/arxiv", re.I)
_ARXIV = re.compile(r"(\d\d)(\d\d)\.\d{4,5}(?!\d)")
_ARXIV_MONTHS = 11
_DAYS = {"month": 30, "quarter": 91, "year": 365}  # from the first to the last one
_LONGEST_NAME, _SHORT_NAME = 80, 8  # characters
_ALIKE = {"o": "0", "l": "1", "i": "1l", "0": "o", "1": "li"}
_LONGEST_FORMULA = 10_000  # characters
# What a formula consists of, apart from numbers, texts, names of inputs and calls of functions.
_IN_FORMULAS = (
    ast.Expression, ast.BinOp, ast.operator, ast.UnaryOp, ast.USub, ast.List, ast.expr_context,
    ast.Name,
)  # fmt: skip
_SCHEME, _PUNCTUATION = re.compile(r"^https?://(www\.)?"), re.compile(r"[^\w+]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\w+]+(?=\d)")
_ROUNDING = 1e-3  # of fractions such as 2/3, relative

_Columns = Mapping[str, Sequence[Any]]


def breaking(rule: Rowwise, columns: _Columns, key: Sequence[str]) -> list[int]:
    """Return the positions of the rows that break a rule; `key` are the columns of their key."""
    match rule:
        case Acyclic(column=column):
            return cyclic(columns[key[0]], columns[column])
        case Distinct(columns=names, without=without):
            keys = list(zip(*(columns[name] for name in key), strict=True))
            cells = [columns[name] for name in names]
            if without:
                cells[0] = [*map(_without, cells[0], columns[without])]
            return repeated(cells, keys)
        case Agree(by=by, columns=names):
            return disagreeing([columns[n] for n in by], [columns[n] for n in names])
        case AsPrinted(column=column, text=text):
            return misprinted(columns[column], columns[text])
        case StartsWith(column=column, start=start):
            rows = enumerate(zip(columns[column], columns[start], strict=True))
            return [n for n, (text, begin) in rows if begin and not (text or "").startswith(begin)]
        case SameSpelling(column=column):
            return _misspelt(columns[column])
        case Arxiv(columns=names, date=date):
            texts = zip(*(columns[name] for name in names), strict=True)
            if date is None:
                return [n for n, addresses in enumerate(texts) if _numbered(addresses) == "wrong"]
            rows = enumerate(zip(map(_numbered, texts), columns[date], strict=True))
            return [n for n, (number, day) in rows if day and _misdated(number, day)]
        case Lasts(column=column, start=start, end=end, factor=factor):
            dates = (columns[name] for day in (start, end) for name in (day, f"{day}_precision"))
            rows = enumerate(zip(columns[column], *dates, strict=True))
            return [n for n, cells in rows if None not in cells and not _lasts(cells, factor)]


def cyclic(keys: Sequence[str | None], parents: Sequence[str | None]) -> list[int]:
    """Return the rows whose key is an ancestor of their parent; a key may have several parents."""
    above: dict[str | None, list[str]] = {}
    for key, parent in zip(keys, parents, strict=True):
        if parent is not None:
            above.setdefault(key, []).append(parent)

    def is_ancestor(key: str | None, of: str) -> bool:
        seen, waiting = set(), [of]
        while waiting:
            if (ancestor := waiting.pop()) == key:
                return True
            if ancestor not in seen:
                seen.add(ancestor)
                waiting += above.get(ancestor, ())
        return False

    pairs = enumerate(zip(keys, parents, strict=True))
    return [row for row, (key, of) in pairs if of is not None and is_ancestor(key, of)]


def repeated(columns: Sequence[Sequence[Any]], keys: Sequence[Any]) -> list[int]:
    """Return the rows like an earlier one of another key, but for case and punctuation."""
    seen: dict[tuple[Any, ...], Any] = {}
    found = []
    for row, (key, *cells) in enumerate(zip(keys, *columns, strict=True)):
        if cells[0] is not None and seen.setdefault(_plain(cells), key) != key:
            found.append(row)
    return found


def disagreeing(by: Sequence[Sequence[Any]], columns: Sequence[Sequence[Any]]) -> list[int]:
    """Return the rows that differ from the first row with the same cells in `by`."""
    first: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    found = []
    groups, values = zip(*by, strict=True), zip(*columns, strict=True)
    for row, (group, value) in enumerate(zip(groups, values, strict=True)):
        if None not in group and first.setdefault(_plain(group), value) != value:
            found.append(row)
    return found


def _plain(cells: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(plain_text(cell) if isinstance(cell, str) else cell for cell in cells)


def _misspelt(texts: Sequence[str | None]) -> list[int]:
    """Return the rows whose text others spell otherwise, and more often."""
    times = Counter(text for text in texts if text)
    usual: dict[str, str] = {}
    for text in sorted(times, key=lambda text: (-times[text], text)):
        usual.setdefault(plain_text(text).removesuffix("_0"), text)  # version 2 is version 2.0
    wrong = times.keys() - usual.values()
    often = [plain for plain, text in usual.items() if times[text] > 1]
    slips = {slip for plain in often for slip in _slips(plain)}
    wrong |= {text for plain, text in usual.items() if times[text] == 1 and plain in slips}
    return [row for row, text in enumerate(texts) if text in wrong]


def _slips(text: str) -> Iterator[str]:
    """Yield what a text becomes by a slip: two letters swapped, one left out, one that looks alike.

    A short text with a letter less is often another name, and so is one with other digits.
    """
    if len(text) > _LONGEST_NAME:
        return
    for place, (letter, following) in enumerate(pairwise(text)):
        before, after = text[:place], text[place + 2 :]
        if letter.isalpha() and following.isalpha() and letter != following:
            yield f"{before}{following}{letter}{after}"
        if letter.isalpha() and len(text) >= _SHORT_NAME:
            yield f"{before}{following}{after}"
    for place, letter in enumerate(text):
        yield from (f"{text[:place]}{other}{text[place + 1 :]}" for other in _ALIKE.get(letter, ""))


def _numbered(addresses: Sequence[str | None]) -> str:
    """Return year and month (YYMM) of the number that addresses at arXiv have, or "wrong".

    It is empty without such an address, and wrong if their numbers differ or are not possible.
    """
    given = [text for text in addresses if text and _AT_ARXIV.search(text)]
    found = {number and number[0] for number in map(_ARXIV.search, given)}
    if not given:
        return ""
    number = found.pop()
    if found or number is None or not 1 <= int(number[2:4]) <= 12:
        return "wrong"
    return number[:4]


def _misdated(number: str, day: datetime.date) -> bool:
    """Return whether a date is long before or after the month of a number at arXiv."""
    if number in ("", "wrong"):
        return False
    months = (day.year - 2000 - int(number[:2])) * 12 + day.month - int(number[2:])
    return abs(months) > _ARXIV_MONTHS


def _lasts(cells: tuple[Any, ...], factor: float) -> bool:
    """Return whether days fit two dates, of each of which the month or year may be known only."""
    days, start, start_precision, end, end_precision = cells
    first, last = (_DAYS.get(precision, 0) for precision in (start_precision, end_precision))
    between = (end - start).days
    return bool((between - first) / factor <= days <= between + last + 1)


def _without(text: str | None, start: str | None) -> str | None:
    """Return a text without another one at its beginning, but for case and punctuation."""
    if text and start and plain_text(text).startswith(plain_text(start)):
        return plain_text(text)[len(plain_text(start)) :] or text
    return text


def misformed(rule: Formula, others: Sequence[Sequence[Any]], columns: _Columns) -> list[int]:
    """Return the rows whose text is not an expression of all inputs that are listed for them.

    `others` are the columns of the table that lists them: those of the key, and their names.
    """
    inputs: dict[tuple[Any, ...], set[str]] = {}
    for *at, name in zip(*others, strict=True):
        inputs.setdefault(tuple(at), set()).add(name)
    places = zip(*(columns[name] for name in rule.on), strict=True)
    rows = enumerate(zip(columns[rule.column], places, strict=True))
    return [n for n, (text, at) in rows if text and _names(text, rule) != inputs.get(at, set())]


def _names(text: str, rule: Formula) -> set[str] | None:
    """Return the names of the inputs in an expression; None if it is not one."""
    if len(text) > _LONGEST_FORMULA:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of escapes in texts
            parsed = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    nodes = list(ast.walk(parsed))
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in rule.functions:
                pass
            case ast.Attribute(value=ast.Name(), attr=part) if part in rule.parts:
                pass
            case ast.Constant(value=int() | float() | str()):
                pass
            case ast.Call() | ast.Attribute() | ast.Constant():
                return None
            case _ if not isinstance(node, _IN_FORMULAS):
                return None
    return {n.id for n in nodes if isinstance(n, ast.Name) and n not in called}


def unmentioned(rule: Mentioned, others: Sequence[Sequence[Any]], columns: _Columns) -> list[int]:
    """Return the rows whose text is not a word in the one that they refer to.

    `others` are the key and the text of the rows that are referred to.
    """
    words = {at: set(re.findall(r"\w+", text)) for at, text in zip(*others, strict=True)}
    rows = enumerate(zip(columns[rule.key], columns[rule.column], strict=True))
    return [n for n, (one, name) in rows if name and one in words and name not in words[one]]


def misnamed(rule: Named, known: Sequence[str], columns: _Columns) -> list[int]:
    """Return the rows whose identifier names another row, by its key, than their cell does."""
    keys, wrong = set(known), []
    for n, (text, own) in enumerate(
        zip(columns[rule.identifier], columns[rule.column], strict=True)
    ):
        if not text or not own:
            continue
        _, _, rest = text.partition(rule.after) if rule.after else ("", "", text)
        parts = rest.split("-")
        places = range(1, len(parts) + 1)
        names = (
            ("-".join(parts[:place]) for place in places) if rule.at == "start"
            else ("-".join(parts[-place:]) for place in places)
        )  # fmt: skip
        named = keys.intersection(names) if own in keys else ()
        if named and not any(f"-{name}-" in f"-{own}-" for name in named):
            wrong.append(n)
    return wrong


@lru_cache(maxsize=20_000)  # names and identifiers occur in many rows
def plain_text(text: str) -> str:
    """Return a text without case, punctuation and the scheme of an address.

    A plus counts (`DeepLabV3+`), and so does what stands between digits (`OPT-1.3B`, `OPT-13B`).
    """
    text = text.casefold()
    if text.isalnum():  # most are
        return text
    text = _BETWEEN_DIGITS.sub("_", _SCHEME.sub("", text))
    return _PUNCTUATION.sub("", text) or text


def misprinted(figures: Sequence[float | None], printed: Sequence[str | None]) -> list[int]:
    """Return the rows with a figure that none of the numbers in its printed text can mean.

    If the text has a scale somewhere (a word such as million, a power of ten, a prefix), it may be
    that of numbers without one, of which then only the digits are compared.
    """
    return [
        row
        for row, text in enumerate(printed)
        if text
        and (figure := figures[row]) is not None
        and (numbers := list(_numbers(text)))
        and not any(_can_mean(number, scaled, abs(figure)) for number, scaled, _ in numbers)
    ]


def printed_place(figure: float, text: str | None) -> float:
    """Return the place of the last digit with which a figure is printed, in the unit of the figure.

    Zeros that are printed are digits. A number in another unit has the same relative place. Without
    a number in the text that can mean the figure, it is that of the only number of the text, or
    else that of the figure as Python writes it.

    Examples
    --------
    >>> [printed_place(figure, "$1.6M, about 170x") for figure in (1.6e6, 170)]
    [100000.0, 1.0]
    >>> printed_place(0.08, "8%"), printed_place(0.8, "4/5 of it"), printed_place(24, "2 years")
    (0.01, 0.2, 12.0)
    >>> printed_place(3.14e23, None), printed_place(1000.0, None), printed_place(0.36, None)
    (1e+21, 1.0, 0.01)
    """
    size, numbers = abs(figure), list(_numbers(text or ""))
    matching = [
        (
            not math.isclose(_mantissa(number), _mantissa(size)),
            not scaled and number != size,
            place * size / number,
        )
        for number, scaled, place in numbers
        if number and _can_mean(number, scaled, size)
    ]
    if matching:  # the nearest, and of these one in the unit of the figure
        return float(f"{min(matching)[-1]:.12g}")
    relative = {float(f"{place / number:.9g}") for number, _, place in numbers if number}
    if len(relative) == 1:
        return relative.pop() * size
    digits = Decimal(repr(float(figure))).as_tuple()
    exponent = int(digits.exponent)
    return 10.0 ** (
        exponent if "e" in repr(float(figure)) else exponent + (digits.digits[-1:] == (0,))
    )


def _can_mean(number: float, scaled: bool, figure: float) -> bool:
    if not scaled:
        number, figure = _mantissa(number), _mantissa(figure)
    return math.isclose(number, figure, rel_tol=_ROUNDING)


def _mantissa(number: float) -> float:
    return float(f"{number:e}".partition("e")[0])


def _numbers(text: str) -> Iterator[tuple[float, bool, float]]:
    """Yield the numbers of a text, whether each has its scale, and the place of its last digit."""
    prefixed = _PREFIXED.search(text) is not None
    scaled = prefixed or _SCALED.search(text) is not None
    factors = [f for unit, all_of in _CONVERSIONS.items() if unit in text.lower() for f in all_of]
    for word in _WORD.findall(text):
        number = float(_WORDS.index(word.lower()))
        yield from ((number * factor, not scaled, float(factor)) for factor in (1, *factors))
    for found in _NUMBER.finditer(text):
        # A comma groups thousands or is the decimal sign: both are tried.
        grouped = re.sub(f"[{_GROUP}]", "", found["digits"])
        decimal = found["digits"].replace(",", ".")
        power = int(found["power"] or found["exponent"] or 0)
        scale = _SCALES.get((found["scale"] or "").lower(), 0)
        for digits in {grouped, decimal} if decimal.count(".") <= 1 else {grouped}:
            divisor = float(found["divisor"] or 1)
            number = float(f"{digits}e{power + scale}") / divisor
            place = float(f"1e{power + scale - len(digits.partition('.')[2])}") / divisor
            yield number, not scaled or (bool(power or scale) and not prefixed), place
            yield from ((number * times, not scaled, place * times) for times in factors)
