r"""Patterns of text: they mean what RE2 reads, and match the complete text.

Arrow and DuckDB use RE2 itself. Polars and Spark read some things differently: ``\S`` may or may
not match a no-break space, ``$`` may match before a last newline. A plain pattern (characters,
sets, groups, alternatives, repetition) is spelt out so that all engines read it alike; any other
one is left to RE2.
"""

from __future__ import annotations

import re
import re._constants as sre  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

# The classes of ASCII, as RE2 has them; Python's \s has the vertical tab as well.
_CLASSES = {
    sre.CATEGORY_SPACE: r"\t\n\f\r ",
    sre.CATEGORY_DIGIT: "0-9",
    sre.CATEGORY_WORD: "0-9A-Z_a-z",
}
_NEGATED = {
    sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
    sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
}
_SINGLE = (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN, sre.SUBPATTERN)
_COUNTS = {(0, 1): "?", (0, sre.MAXREPEAT): "*", (1, sre.MAXREPEAT): "+"}
# What Python reads in another way than RE2: named classes, operations on sets, {,2}, flags.
_FOREIGN = re.compile(r"\[[^\]]*(?:\[|--|&&|~~|\|\|)|\{,|\(\?[^:P]|\\[bBvZ]")


def whole(pattern: str) -> str:
    """Return the pattern that finds the texts that `pattern` matches completely."""
    return f"^(?:{_spelt(pattern) or pattern})\\z"


def ambiguous(pattern: str) -> str:
    """Return the part of a pattern that only RE2 is known to read as RE2 does, empty if none."""
    return "" if _spelt(pattern) else pattern


@lru_cache(256)
def _spelt(pattern: str) -> str:
    """Return a plain pattern in full, or nothing if it is not plain."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what reads like an operation on sets
            parsed = parser.parse(pattern)
        if _FOREIGN.search(pattern) or parsed.state.flags != re.UNICODE:
            return ""
        return _sequence(parsed) or "(?:)"
    except (re.error, Warning, LookupError, ValueError, OverflowError, RecursionError):
        return ""


def _sequence(items: Iterable[tuple[Any, Any]]) -> str:
    return "".join(_item(op, value) for op, value in items)


def _item(op: Any, value: Any) -> str:
    """Return a part of a pattern as all engines read it."""
    if op is sre.AT:
        ends = {sre.AT_BEGINNING: "^", sre.AT_BEGINNING_STRING: "^", sre.AT_END: r"\z"}
        return ends[value]
    if op is sre.BRANCH:
        return f"(?:{'|'.join(map(_sequence, value[1]))})"
    if op is sre.SUBPATTERN and not (value[1] or value[2]):
        return f"(?:{_sequence(value[3])})"
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, inner = value
        text = _sequence(inner)
        text = text if len(inner) == 1 and inner[0][0] in _SINGLE else f"(?:{text})"
        upper = "" if most is sre.MAXREPEAT else most
        count = _COUNTS.get((least, most), f"{{{least},{upper}}}")
        return text + count + "?" * (op is sre.MIN_REPEAT)
    if op is sre.LITERAL:
        return _character(value, r"\.+*?()|[]{}^$")
    members = {sre.NOT_LITERAL: [(sre.LITERAL, value)], sre.ANY: [(sre.LITERAL, 10)], sre.IN: value}
    return _set(members[op], negated=op is not sre.IN)


def _set(members: list[tuple[Any, Any]], negated: bool) -> str:
    (kind, member), *others = members
    if kind is sre.NEGATE:
        members, negated = others, True
    elif kind is sre.CATEGORY and member in _NEGATED and not others:
        members, negated = [(kind, _NEGATED[member])], True
    text = ""
    for kind, member in members:
        if kind is sre.CATEGORY:
            text += _CLASSES[member]
            continue
        low, high = member if kind is sre.RANGE else (member, member)
        special = r"\]^[-&~"  # the last ones begin an operation on sets in some engines
        text += _character(low, special) + ("-" + _character(high, special)) * (high > low)
    return f"[{'^' * negated}{text}]"


def _character(code: int, special: str) -> str:
    mark = chr(code)
    if mark in special:
        return f"\\{mark}"
    named = {9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r"}
    return mark if mark.isprintable() else named.get(code, f"\\x{{{code:x}}}")
