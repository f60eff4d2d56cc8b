r"""Regular expressions that mean the same on every engine.

RE2 (Arrow, DuckDB), the regex crate (Polars) and Java (Spark) read the same pattern differently:
``\S`` leaves out a no-break space for one and not for the other, ``$`` may stand before a last
newline, ``.`` may or may not be a carriage return, ``(?i)`` knows the letters of ASCII or all. So
a pattern is read here as RE2 reads it, and spelt out so that no engine has a choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_Ranges = list[tuple[int, int]]

_LAST = 0x10FFFF
_CLASSES: dict[str, _Ranges] = {
    "s": [(9, 10), (12, 13), (32, 32)],
    "d": [(48, 57)],
    "w": [(48, 57), (65, 90), (95, 95), (97, 122)],
}
_POSIX: dict[str, _Ranges] = {
    "alnum": [(48, 57), (65, 90), (97, 122)],
    "alpha": [(65, 90), (97, 122)],
    "ascii": [(0, 127)],
    "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 31), (127, 127)],
    "digit": [(48, 57)],
    "graph": [(33, 126)],
    "lower": [(97, 122)],
    "print": [(32, 126)],
    "punct": [(33, 47), (58, 64), (91, 96), (123, 126)],
    "space": [(9, 13), (32, 32)],
    "upper": [(65, 90)],
    "word": _CLASSES["w"],
    "xdigit": [(48, 57), (65, 70), (97, 102)],
}
# Categories of Unicode that all engines know by one name; of scripts each has its own spelling.
_CATEGORY = re.compile(r"L[ulmot]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?")
_CONTROLS = {"a": 7, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_SPELT = {9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r"}
# The letters that are equal to one of ASCII but for their case: the Kelvin sign and the long s.
_KIN = {"k": 0x212A, "s": 0x17F}
_REPETITION = re.compile(r"\{[0-9]+(,[0-9]*)?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAME = re.compile(r"\(\?P?<[^>]*>")
_CODE = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})")
_PROPERTY = re.compile(r"[pP](?:\{(\^?)([^}]*)\}|(.))")


def whole(pattern: str) -> str:
    r"""Return the pattern that finds what `pattern` matches as a whole, alike on every engine.

    Character classes are those of ASCII, as RE2 and Table Schema's tools have them.

    Examples
    --------
    >>> print(whole(r"https?://\S+"))
    ^(?:https?://[^\t\n\f\r ]+)\z
    >>> print(whole(r"[\d.]+|a.b$"))
    ^(?:[0-9.]+|a[^\n]b\z)\z
    >>> print(whole("(?i)no|[^a]"))
    ^(?:[nN][oO]|[^aA])\z
    """
    return f"^(?:{_read(pattern).text})\\z"


def ambiguous(pattern: str) -> str:
    r"""Return the first part of a pattern that only RE2 reads as RE2 does, empty if there is none.

    Examples
    --------
    >>> ambiguous(r"[a-z]+\b.*"), ambiguous(r"\p{Greek}"), ambiguous(r"\p{Lu}\w*")
    ('\\b', '\\p{Greek}', '')
    """
    return next(iter(_read(pattern).odd), "")


# Sets that leave out the newline.
_OTHERS = re.compile(r"\[\^(?:\\.|[^\]\\])*?\\n(?:\\.|[^\]\\])*\]")


def one_line(pattern: str) -> bool:
    r"""Tell that a pattern matches no text with a newline; False if that is not plain to see.

    Examples
    --------
    >>> one_line(r"[a-z]+(?:-\S+)?.*"), one_line("[^a]+"), one_line(r"a\sb"), one_line(r"\p{L}")
    (True, False, False, False)
    """
    reading = _read(pattern)
    plain = _OTHERS.sub("", reading.text)
    # What is no printable character is spelt with a backslash, and so is what stands for many.
    return not reading.odd and not re.search(r"\[\^|\(\?s|\\[A-Za-y]", plain)


@dataclass
class _Reading:
    """A pattern that is being read: where, the flags that hold there, and what is spelt so far."""

    pattern: str
    place: int = 0
    flags: frozenset[str] = frozenset()
    groups: list[frozenset[str]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def ahead(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """Take what has a form, if it comes next."""
        found = form.match(self.pattern, self.place)
        if found:
            self.place = found.end()
        return found

    def mark_odd(self, part: str) -> str:
        self.odd.append(part)
        return part


def _read(pattern: str) -> _Reading:
    reading = _Reading(pattern)
    while reading.place < len(pattern):
        reading.parts.append(_next(reading))
    return reading


def _next(reading: _Reading) -> str:
    """Take the next part of a pattern, and return how it is spelt."""
    if reading.pattern.startswith("(", reading.place):
        return _group(reading)
    if found := reading.ahead(_REPETITION):
        return found[0]
    mark = reading.pattern[reading.place]
    reading.place += 1
    match mark:
        case "\\":
            return _escaped(reading)
        case "[":
            return _set(reading)
        case ")":
            reading.flags = reading.groups.pop() if reading.groups else reading.flags
            return mark
        case ".":
            return "(?s:.)" if "s" in reading.flags else r"[^\n]"
        case "^" | "$" if "m" in reading.flags:
            reading.mark_odd(mark)
            return f"(?m:{mark})"
        case "$":
            return r"\z"
        case "^" | "|" | "*" | "+" | "?":
            return mark
    return _letter(mark, reading)


def _group(reading: _Reading) -> str:
    """Take the beginning of a group; flags are kept in mind and not spelt."""
    before = reading.flags
    if not reading.ahead(_NAME):
        found = reading.ahead(_FLAGS)
        if found:
            reading.flags = (before | set(found[1])) - set(found[2] or "")
            if found[3] == ")":
                return ""
        else:
            reading.place += 1
    reading.groups.append(before)
    return "(?:"


def _escaped(reading: _Reading) -> str:
    """Take what follows a backslash."""
    start = reading.place - 1
    if (code := _character(reading)) is not None:
        return _letter(chr(code), reading)
    mark = reading.pattern[reading.place : reading.place + 1]
    if mark in ("p", "P"):
        return _property(reading)
    reading.place += 1
    if mark == "Q":
        end = reading.pattern.find(r"\E", reading.place)
        end = len(reading.pattern) if end < 0 else end
        quoted, reading.place = reading.pattern[reading.place : end], end + 2
        return "".join(_letter(letter, reading) for letter in quoted)
    if mark.lower() in _CLASSES:
        return _spelt(_both_cases(_CLASSES[mark.lower()], reading), negated=mark.isupper())
    part = reading.pattern[start : reading.place]
    return part if mark in ("A", "z") else reading.mark_odd(part)


def _character(reading: _Reading) -> int | None:
    """Take the character that an escape stands for, and return its code; None if it is a class."""
    if found := reading.ahead(_CODE):
        return int(found[3], 8) if found[3] else int(found[1] or found[2], 16)
    mark = reading.pattern[reading.place : reading.place + 1]
    if mark in _CONTROLS or not (mark.isascii() and mark.isalnum()):
        reading.place += 1
        return _CONTROLS.get(mark, ord(mark or "\\"))
    return None


def _property(reading: _Reading) -> str:
    start = reading.place
    found = reading.ahead(_PROPERTY)
    name = (found[2] or found[3]) if found else ""
    negated = (reading.pattern[start] == "P") != bool(found and found[1])
    if not _CATEGORY.fullmatch(name) or "i" in reading.flags:
        return reading.mark_odd(f"\\{reading.pattern[start : reading.place]}")
    return f"\\{'P' if negated else 'p'}{{{name}}}"


def _set(reading: _Reading) -> str:
    """Take a set of characters, whose bracket was taken."""
    text = reading.pattern
    negated = text.startswith("^", reading.place)
    reading.place += negated
    ranges: _Ranges = []
    properties: list[str] = []
    first, odd = reading.place, len(reading.odd)
    while reading.place < len(text) and (text[reading.place] != "]" or reading.place == first):
        if named := reading.ahead(re.compile(r"\[:(\^?)([a-z]+):\]")):
            found = _both_cases(_POSIX.get(named[2], []), reading)
            ranges += _rest(found) if named[1] else found
            continue
        low = _member(reading)
        if isinstance(low, str):
            kind = low.lower()
            if kind in _CLASSES:
                found = _both_cases(_CLASSES[kind], reading)
                ranges += found if low == kind else _rest(found)
            else:
                properties.append(_property(reading))
            continue
        high: int | str = low
        if text.startswith("-", reading.place) and text[reading.place + 1 :][:1] not in ("", "]"):
            reading.place += 1
            high = _member(reading)
        ranges += _folded(low, high if isinstance(high, int) else low, reading)
    reading.place += 1
    spelt = _spelt(ranges, negated, "".join(properties))
    return spelt if len(reading.odd) == odd else _any_case(spelt, reading)


def _member(reading: _Reading) -> int | str:
    """Take a character of a set, as its code, or the letter of a class; of a property look only."""
    mark = reading.pattern[reading.place]
    reading.place += 1
    if mark != "\\":
        return ord(mark)
    code = _character(reading)
    if code is not None:
        return code
    mark = reading.pattern[reading.place]
    if mark not in ("p", "P"):
        reading.place += 1
    return mark


def _letter(mark: str, reading: _Reading) -> str:
    """Return how a character that stands for itself is spelt."""
    odd = len(reading.odd)
    ranges = _folded(ord(mark), ord(mark), reading)
    if len(ranges) > 1:
        return _spelt(ranges)
    spelt = f"\\{mark}" if mark in r"\.+*?()|[]{}^$" else _code(ord(mark))
    return spelt if len(reading.odd) == odd else _any_case(spelt, reading)


def _any_case(spelt: str, reading: _Reading) -> str:
    return f"(?i:{spelt})" if "i" in reading.flags else spelt


def _both_cases(ranges: _Ranges, reading: _Reading) -> _Ranges:
    return [each for low, high in ranges for each in _folded(low, high, reading)]


def _folded(low: int, high: int, reading: _Reading) -> _Ranges:
    """Return a range, with the letters of the other case where case does not matter."""
    ranges = [(low, high)]
    if "i" not in reading.flags:
        return ranges
    for first, last, step in ((65, 90, 32), (97, 122, -32)):
        if max(low, first) <= min(high, last):
            ranges.append((max(low, first) + step, min(high, last) + step))
    for letter, kin in _KIN.items():
        if any(a <= ord(letter) <= b for a, b in ranges):
            ranges.append((kin, kin))
        if low <= kin <= high:
            ranges += [(ord(letter), ord(letter)), (ord(letter.upper()), ord(letter.upper()))]
    alone = chr(low) if low == high else ""
    cased = not alone or alone.lower() != alone or alone.upper() != alone
    if high > 127 and cased and low not in _KIN.values():
        reading.mark_odd(f"(?i){chr(low)}" + ("" if alone else f"-{chr(high)}"))
    return ranges


def _rest(ranges: _Ranges) -> _Ranges:
    """Return all other characters."""
    found, begin = [], 0
    for low, high in sorted(ranges):
        if begin < low:
            found.append((begin, low - 1))
        begin = high + 1
    return [*found, (begin, _LAST)] if begin <= _LAST else found


def _spelt(ranges: _Ranges, negated: bool = False, more: str = "") -> str:
    parts = [
        _code(low, in_set=True)
        + "-" * (high > low + 1)
        + (_code(high, in_set=True) if high > low else "")
        for low, high in ranges
    ]
    return f"[{'^' * negated}{''.join(parts)}{more}]"


def _code(code: int, in_set: bool = False) -> str:
    mark = chr(code)
    if in_set and mark in r"\]^-[&~":  # the last begin an operation on sets for some engines
        return f"\\{mark}"
    if code in _SPELT or not mark.isprintable():
        return _SPELT.get(code, f"\\x{{{code:x}}}")
    return mark
