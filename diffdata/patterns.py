r"""Regular expressions that mean the same on every engine.

RE2 (Arrow, DuckDB), the regex crate (Polars) and Java (Spark) read the same pattern differently:
``\S`` leaves out a no-break space for one and not for the other, ``$`` may stand before a last
newline, ``.`` may or may not be a carriage return. Spelt out, no engine has a choice.
"""

from __future__ import annotations

_CLASSES = {"s": r"\t\n\f\r ", "d": "0-9", "w": "0-9A-Za-z_"}
# What begins a nested set or an operation on sets for some engines.
_SET_MARKS = "[&~"


def whole(pattern: str) -> str:
    r"""Return the pattern that finds what `pattern` matches as a whole, alike on every engine.

    Character classes are those of ASCII, as RE2 and Table Schema's tools have them.

    Examples
    --------
    >>> print(whole(r"https?://\S+"))
    ^(?:https?://[^\t\n\f\r ]+)\z
    >>> print(whole(r"[\d.]+|a.b$"))
    ^(?:[0-9.]+|a[^\n]b\z)\z
    """
    parts: list[str] = []
    inside, place = False, 0
    while place < len(pattern):
        mark = pattern[place]
        after = pattern[place + 1 : place + 2]
        place += 1
        if mark == "\\" and after:
            parts.append(_escaped(after, inside))
            place += 1
        elif inside and mark == "[" and after == ":" and ":]" in pattern[place:]:
            end = pattern.index(":]", place) + 2
            parts.append(pattern[place - 1 : end])
            place = end
        elif inside and mark in _SET_MARKS:
            parts.append(f"\\{mark}")
        elif inside:
            inside = mark != "]"
            parts.append(mark)
        elif mark == "[":
            inside = True
            # A bracket that stands first in a set is a member of it.
            first = "^" if after == "^" else ""
            place += len(first)
            parts.append(mark + first)
            if pattern[place : place + 1] == "]":
                parts.append("\\]")
                place += 1
        else:
            parts.append({".": r"[^\n]", "$": r"\z"}.get(mark, mark))
    return f"^(?:{''.join(parts)})\\z"


def _escaped(mark: str, inside: bool) -> str:
    if mark in _CLASSES:
        return _CLASSES[mark] if inside else f"[{_CLASSES[mark]}]"
    if mark.lower() in _CLASSES and not inside:
        return f"[^{_CLASSES[mark.lower()]}]"
    return f"\\{mark}"
