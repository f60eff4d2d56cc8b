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
    r"""Return the pattern that finds the texts that `pattern` matches completely.

    Examples
    --------
    >>> print(whole(r"https?://\S+"))
    ^(?:https?://[^\t\n\f\r ]+)\z
    >>> print(whole(r"[\d.]+|a.b$"))
    ^(?:(?:[0-9.]+|a[^\n]b\z))\z
    """
    return f"^(?:{_spelt(pattern)[0] or pattern})\\z"


def ambiguous(pattern: str) -> str:
    r"""Return the part of a pattern that only RE2 is known to read as RE2 does, empty if none.

    Examples
    --------
    >>> ambiguous(r"[a-z]+\b"), ambiguous(r"(?i)no"), ambiguous(r"[^a]\w*")
    ('[a-z]+\\b', '(?i)no', '')
    """
    return "" if _spelt(pattern)[0] else pattern


def one_line(pattern: str) -> bool:
    r"""Return whether a pattern surely matches no text with a newline.

    Examples
    --------
    >>> one_line(r"[a-z]+(?:-\S+)?.*"), one_line("[^a]+"), one_line(r"a\sb"), one_line(r"\pL")
    (True, False, False, False)
    """
    spelt, newline = _spelt(pattern)
    return bool(spelt) and not newline


@lru_cache(256)
def _spelt(pattern: str) -> tuple[str, bool]:
    """Return a plain pattern in full, and whether it may match a newline; empty if not plain."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what reads like an operation on sets
            parsed = parser.parse(pattern)
        if _FOREIGN.search(pattern) or parsed.state.flags != re.UNICODE:
            return "", True
        text, newline = _sequence(parsed)
    except (re.error, Warning, LookupError, ValueError, OverflowError, RecursionError):
        return "", True
    return text or "(?:)", newline


def _sequence(items: Iterable[tuple[Any, Any]]) -> tuple[str, bool]:
    parts = [_item(op, value) for op, value in items]
    return "".join(text for text, _ in parts), any(newline for _, newline in parts)


def _item(op: Any, value: Any) -> tuple[str, bool]:
    """Return a part of a pattern as all engines read it, and whether it may match a newline."""
    if op is sre.AT:
        ends = {sre.AT_BEGINNING: "^", sre.AT_BEGINNING_STRING: "^", sre.AT_END: r"\z"}
        return ends[value], False
    if op is sre.BRANCH:
        branches = [_sequence(branch) for branch in value[1]]
        return f"(?:{'|'.join(text for text, _ in branches)})", any(n for _, n in branches)
    if op is sre.SUBPATTERN and not (value[1] or value[2]):
        text, newline = _sequence(value[3])
        return f"(?:{text})", newline
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, inner = value
        text, newline = _sequence(inner)
        text = text if len(inner) == 1 and inner[0][0] in _SINGLE else f"(?:{text})"
        upper = "" if most is sre.MAXREPEAT else most
        count = _COUNTS.get((least, most), f"{{{least},{upper}}}")
        return text + count + "?" * (op is sre.MIN_REPEAT), newline
    if op is sre.LITERAL:
        return _character(value, r"\.+*?()|[]{}^$"), value == 10
    members = {sre.NOT_LITERAL: [(sre.LITERAL, value)], sre.ANY: [(sre.LITERAL, 10)], sre.IN: value}
    return _set(members[op], negated=op is not sre.IN)


def _set(members: list[tuple[Any, Any]], negated: bool) -> tuple[str, bool]:
    (kind, member), *others = members
    if kind is sre.NEGATE:
        members, negated = others, True
    elif kind is sre.CATEGORY and member in _NEGATED and not others:
        members, negated = [(kind, _NEGATED[member])], True
    text, newline = "", False
    for kind, member in members:
        if kind is sre.CATEGORY:
            text, newline = text + _CLASSES[member], newline or member is sre.CATEGORY_SPACE
            continue
        low, high = member if kind is sre.RANGE else (member, member)
        special = r"\]^[-&~"  # the last ones begin an operation on sets in some engines
        text += _character(low, special) + ("-" + _character(high, special)) * (high > low)
        newline = newline or low <= 10 <= high
    return f"[{'^' * negated}{text}]", newline != negated


def _character(code: int, special: str) -> str:
    mark = chr(code)
    if mark in special:
        return f"\\{mark}"
    named = {9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r"}
    return mark if mark.isprintable() else named.get(code, f"\\x{{{code:x}}}")
