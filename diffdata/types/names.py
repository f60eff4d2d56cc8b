"""Names of things: how they are made identifiers, and when two of them are one."""

from __future__ import annotations

import re
import unicodedata

_NAMED_LETTER = re.compile(r"(?:GREEK|LATIN) (?:SMALL|CAPITAL) LETTER ([A-Z]+)")
_LETTER_AND_DIGIT = re.compile(r"(?<=[a-z])-(?=[0-9])|(?<=[0-9])-(?=[a-z])")


def slug(text: str) -> str:
    """Return a name as an identifier: lower case ASCII, dots only inside numbers."""
    letters = text.casefold()
    if not letters.isascii():
        letters = "".join(map(_ascii, unicodedata.normalize("NFKD", letters)))
    words = re.sub(r"[^a-z0-9.]+", "-", re.sub(r"['\u2019]", "", letters))
    words = re.sub(r"(?<![0-9])\.|\.(?![0-9])", "-", words)
    return re.sub("-+", "-", words).strip("-")


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    named = _NAMED_LETTER.match(unicodedata.name(letter, ""))
    return named[1].lower() if named else " "


def alike(name: str) -> str:
    """Return a name without case and punctuation; `GPT-4` is `GPT 4` and `GPT4`, not `GPT-41`."""
    return _LETTER_AND_DIGIT.sub("", slug(plus(name))) or name.casefold()


def plus(name: str) -> str:
    """Return a name with the sign + as a word, for it distinguishes names."""
    return name.replace("+", " plus ")
