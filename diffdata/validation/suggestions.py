"""What a wrong cell was probably meant to be: numbers, dates, identifiers, letters."""

from __future__ import annotations

import calendar
import contextlib
import datetime
import math
import re
import unicodedata
from collections.abc import Callable, Iterable

from diffdata.errors import nearest
from diffdata.types.definitions import NUMBER

_FACTORS = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
_WORDS = {"thousand": "K", "million": "M", "billion": "B", "trillion": "T", "bn": "B", "mn": "M"}
_NOTHING = ("nan", "inf", "-inf", "na", "n/a", "none", "null", "unknown", "-", "?")
_FIRST_DAY = datetime.date(1899, 12, 30)  # day 0 of spreadsheets
# Comparisons of spelling for one column; after these only names are found that differ in case,
# spaces around, or letters that look alike.
_COMPARED = 300_000

# Letters of other scripts that look like Latin ones.
_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d\u03bf\u03bd\u03b1\u0261\u0131\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u039f\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u03a1\u03a4\u03a5\u03a7\u0396",
    "aeopcyxijsdhqwovagiABEKMHOPCTXIJSOABEHIKMNPTYXZ",
)  # fmt: skip

# What is meant by a misspelt beginning of an address, such as htps:// or http:/
_ADDRESS = re.compile(r"^(?:h[a-z]{1,6}[:;]/{0,3}|h[a-z]{1,6}/{2,3}|:?/{2,3})?")

# The forms of identifiers and codes of the profile, in words.
_FORMS = {
    "[a-z0-9]+(?:[.-][a-z0-9]+)*": "small letters and digits in groups, with single hyphens or "
    "dots between them, such as gpt-3",
    "[a-z][a-z0-9_]*": "small letters, digits and underscores, such as training_compute",
    "[A-Z]{3}": "three capital letters, such as USD",
    "[A-Z]{2}": "two capital letters, such as US",
    r"https?://": "an address without blanks that begins with https:// and the name of a host",
    r"10\.[0-9]+/\S+": "a DOI without its address, such as 10.1000/182",
}


def suggested_number(text: str, whole: bool) -> str:
    """Suggest the number that a person probably meant."""
    compact = re.sub("[ _\u00a0\u202f]", "", text)
    if compact.lower() in _NOTHING:
        return "leave the cell empty if the value is not known"
    compact = unicodedata.normalize("NFKC", compact[:60]).strip("$€£~≈")
    compact = compact.replace("\u2212", "-")
    if compact.startswith("="):
        factors = compact[1:].split("*")
        if whole or not all(re.fullmatch(NUMBER, factor) for factor in factors):
            return "write the result of the formula"
        result = f"{math.prod(map(float, factors)):.15g}".replace("e+", "e")
        return f"write the result of the formula: {result}"
    compact = re.sub(r"[\u00d7x*]10\^?(?=[+-]?\d)", "e", compact)
    for word, letter in _WORDS.items():
        compact = re.sub(rf"(?i)(?<=\d){word}$", letter, compact)
    if len(compact) > 40:
        return ""
    if whole and re.fullmatch(NUMBER, compact):
        value = float(compact)
        return f"write {value:.0f}" if abs(value) < 2**63 and value.is_integer() else ""
    if re.fullmatch(rf"{NUMBER}[a-zA-Z%]?([-\u2013\u2014]|to){NUMBER}[a-zA-Z%]?", compact):
        return "write one number; the ends of a range belong in columns of their own"
    decimal = compact[:-1].replace(",", ".")
    if compact[-1:] in _FACTORS and re.fullmatch(NUMBER, decimal):
        return f"write {float(decimal) * _FACTORS[compact[-1]]:.15g}"
    if compact.endswith("%") and re.fullmatch(NUMBER, decimal):
        return f"write {float(decimal) / 100:.12g}, as a share of 1"
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", compact):
        return f"write {compact.replace(',', '')}"
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?", compact):
        return f"write {compact.replace('.', '').replace(',', '.')}"
    decimal = compact.replace(",", ".")
    return f"write {decimal}" if re.fullmatch(NUMBER, decimal) and not whole else ""


def suggested_share(value: float) -> str:
    """Suggest the share of 1 that was probably meant by percent."""
    return f"write {value / 100:.12g} if percent are meant" if 1 < value <= 100 else ""


def suggested_boolean(text: str) -> str:
    """Suggest the truth value that was probably meant."""
    plain = text.strip().lower()[:20]
    for words, value in ((("yes", "y", "1", "t"), "true"), (("no", "n", "0", "f"), "false")):
        if plain in words or nearest(plain, [value]):
            return f"write {value}"
    return ""


def suggested_date(text: str) -> str:
    """Suggest the date that was probably meant."""
    text = text.strip()
    if re.fullmatch(r"\d{4}(-\d{2})?", text, re.A):
        known, first = ("month", "-01") if "-" in text else ("year", "-01-01")
        return f"write {text}{first}, and {known} as its precision"
    if parts := re.fullmatch(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(T.*)?", text, re.A):
        year, month, day = (int(part) for part in parts.group(1, 2, 3))
        with contextlib.suppress(ValueError):
            return f"write {datetime.date(year, month, day)}"
        with contextlib.suppress(ValueError):
            return f"write {datetime.date(year, day, month)} if day and month are swapped"
        if year and 1 <= month <= 12:
            days = calendar.monthrange(year, month)[1]
            return f"{calendar.month_name[month]} {year} has {days} days"
    found: list[str] = []
    for form in ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y",
                 "%b %d, %Y"):  # fmt: skip
        with contextlib.suppress(ValueError):
            found.append(f"{datetime.datetime.strptime(text[:40], form):%Y-%m-%d}")
    if len(set(found)) > 1:
        return f"write {found[0]} or {found[1]}; it is not clear which number is the month"
    if re.fullmatch(r"[2-7]\d{4}", text, re.A):
        day_found = _FIRST_DAY + datetime.timedelta(int(text))
        return f"write {day_found} if this is the day number of a spreadsheet"
    return f"write {found[0]}" if found else ""


def suggested_form(text: str, pattern: str) -> str:
    """Describe the form that a text should have, and suggest a text of this form.

    >>> suggested_form("usd", "[A-Z]{3}")
    'write USD: three capital letters, such as USD'
    """
    words = _FORMS.get(r"https?://" if pattern.startswith(r"https?://") else pattern, "")
    if not words:
        return strange_letters(text)
    plain = latin(text)
    slug = re.sub(r"[^a-z0-9.]+", "-", plain.lower()).strip("-.")
    tried = (plain.strip(), plain.lower(), plain.upper(), slug, slug.replace("-", "_"),
             re.sub(r"^.*?(?=10\.\d)", "", text),
             _ADDRESS.sub("https://", text.strip()))  # fmt: skip
    fitting = (guess for guess in tried if guess != text and re.fullmatch(pattern, guess))
    guess = next(fitting, "") if len(text) <= 200 else ""
    found = f"write {guess}: {words}" if guess else words
    return "; ".join(part for part in (found, strange_letters(text)) if part)


def latin(text: str) -> str:
    """Return a text with plain Latin letters for those that have accents or only look Latin."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_ALIKE))
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def strange_letters(text: str) -> str:
    r"""Name the first letter of a text that looks like a Latin one but is not.

    >>> strange_letters("gpt-\u043e3")
    "'\u043e' is U+043E CYRILLIC SMALL LETTER O, not the Latin letter"
    """
    for mark in text[:200]:
        if mark.translate(_ALIKE) != mark:
            name = unicodedata.name(mark, "")
            return f"{mark!r} is U+{ord(mark):04X} {name}, not the Latin letter"
    return ""


def speller(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a function that returns the known names spelt like a text, the most similar first."""
    names: dict[str, list[str]] = {}
    for name in known:
        names.setdefault(_plain(name), []).append(name)
    answers: dict[str, list[str]] = {}
    left = _COMPARED

    def alike(text: str) -> list[str]:
        nonlocal left
        if text not in answers:
            plain = _plain(text[:200])
            found = [plain] if plain in names else []
            if not found and left >= len(names):
                left -= len(names)
                found = nearest(plain, names)
            answers[text] = [name for one in found for name in names[one] if name != text]
        return answers[text]

    return alike


def _plain(text: str) -> str:
    return latin(text).strip().casefold()
