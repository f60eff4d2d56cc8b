"""What can go wrong: the exceptions of diffdata, and issues of files."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


class DiffdataError(Exception):
    """Base of every error that diffdata raises on purpose."""


class PackageError(DiffdataError):
    """A package, or a file that it names, cannot be read; ``line`` says where, if that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(message)


class DescriptorError(PackageError):
    """A descriptor or schema is readable but not valid; ``issues`` lists every fault."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(map(_of_key, issues)))


def _of_key(issue: Issue) -> str:
    where = f"{issue.file}: {issue.column}" if issue.column else issue.file
    return f"{where}: {issue.message}" + (f" ({issue.hint})" if issue.hint else "")


_FEW = 60  # names that a message lists


class UnknownNameError(DiffdataError, KeyError):
    """A name that does not exist; the message names the nearest ones, or all if they are few.

    `similar` are names that are alike for other reasons than their spelling; they come first.
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], similar: Iterable[str] = ()
    ) -> None:
        self.name = name
        known = sorted(known)
        near = [*similar, *nearest(name, known), *_with_words(name, known)]
        self.nearest = list(dict.fromkeys(near))[:3]
        hint = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else "."
        listed = f" Known: {', '.join(known) or 'none'}." if len(known) <= _FEW else ""
        self.message = f"there is no {kind} named {name!r}{hint}{listed}"
        super().__init__(self.message)

    def __str__(self) -> str:  # KeyError would show the repr of the message
        return self.message


class InvalidDataError(DiffdataError):
    """The data break their schema; ``issues`` lists every fault, the message the first ten."""

    def __init__(self, what: str, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        shown = "\n".join(str(issue) for issue in self.issues[:10])
        more = f"\n... and {len(issues) - 10} more" if len(issues) > 10 else ""
        super().__init__(f"{what} is not valid:\n{shown}{more}")


class InvalidInputError(DiffdataError, ValueError):
    """An argument of a derivation makes no sense; the message names the argument or the row."""


class AmbiguousValueError(DiffdataError):
    """Current estimates have different values; ``candidates`` lists them."""

    def __init__(self, subject: str, candidates: Sequence[str]) -> None:
        self.candidates = tuple(candidates)
        listed = "".join(f"\n  {candidate}" for candidate in candidates)
        super().__init__(f"{len(candidates)} current estimates of {subject}:{listed}")


# The extra that installs an optional library; others are installed by their names.
_EXTRAS = {
    "altair": "plot", "duckdb": "duckdb", "mkdocs": "site", "mkdocstrings": "site",
    "mkdocstrings_handlers": "site", "openpyxl": "xlsx", "polars": "polars", "pyspark": "spark",
    "scipy": "scipy", "statsmodels": "trends", "vl_convert": "plot",
}  # fmt: skip


def optional_library(name: str) -> Any:
    """Import a library; the message of InvalidInputError says how it is installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        name = name.partition(".")[0]
        install = f"'diffdata[{_EXTRAS[name]}]'" if name in _EXTRAS else name
        raise InvalidInputError(
            f"this needs the library {name}, which is not installed; "
            f"install it with: pip install {install}"
        ) from None


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that are spelt like `name`, the most alike first.

    Names with the same letters and digits come before all others.

    >>> nearest("model", ["models", "hardware"])
    ['models']
    >>> nearest("GPQA Diamond", ["gpqa", "gpqa-diamond"])
    ['gpqa-diamond']
    >>> nearest("GQPA", ["gpqa", "mmlu"])
    ['gpqa']
    """
    import difflib

    names = sorted(known)
    same = [candidate for candidate in names if _letters(candidate) == _letters(name)]
    lower = {candidate.casefold(): candidate for candidate in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), lower, n=3, cutoff=0.6)
    return [*dict.fromkeys([*same, *(lower[text] for text in close)])][:3]


def _letters(name: str) -> str:
    """Return the letters and digits of a name, in lower case."""
    return "".join(filter(str.isalnum, name.casefold()))


def _with_words(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that contain all words of `name`, the shortest first."""
    words = [word for part in name.casefold().split() if len(word := _letters(part)) > 2]
    found = [
        candidate for candidate in known
        if words and all(word in _letters(candidate) for word in words)
    ]  # fmt: skip
    return sorted(found, key=lambda candidate: (len(candidate), candidate))


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Ask whether the known name that is spelt most alike is meant; without one, `otherwise`.

    >>> suggestion("model", ["models", "hardware"])
    'did you mean models?'
    """
    close = nearest(name, known)
    return f"did you mean {close[0]}?" if close else otherwise


# The rules that say: this could not be read at all (as against: it was read and is wrong).
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Issue:
    """One fault of a file.

    Attributes
    ----------
    file
        The file, relative to the package.
    line
        The line in the file, from 1, or None if the issue is about the whole file.
    column
        The name of the column, or the key in a descriptor or schema, or None.
    row
        The key of the row, such as ``estimate_id=gpt-3-compute``, or None.
    value
        The text of the cell, or None.
    rule
        The rule that is broken, such as ``enum`` or ``primary-key``.
    severity
        ``error`` or ``warning``.
    message
        What is wrong and what was expected.
    hint
        How to fix it, or an empty string.
    """

    file: str
    line: int | None = None
    column: str | None = None
    row: str | None = None
    value: str | None = None
    rule: str = ""
    severity: Severity = "error"
    message: str = ""
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return visible(f"{self.place}: {self.severity}: {self.text} ({self.rule}){hint}")

    @property
    def place(self) -> str:
        """The file, and the line if it is known: ``data/models.csv:3``."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        """The message, with the column and the row that it is about in brackets."""
        about = ", ".join(part for part in (self.column, self.row) if part)
        return f"{self.message} [{about}]" if about else self.message

    def to_dict(self) -> dict[str, str | int | None]:
        """Return the issue as a mapping of plain values, as ``--format json`` prints it."""
        return asdict(self)


def issues_of(error: PackageError | RecursionError, file: str) -> list[Issue]:
    """Return the faults of a descriptor, or for any other error that the file cannot be read."""
    if isinstance(error, RecursionError):
        error = PackageError("nested too deeply to be read")
    if isinstance(error, DescriptorError):
        return list(error.issues)
    message = str(error).removeprefix(f"{file}: ")
    return [Issue(file, error.line, rule=UNREADABLE, message=message)]


def visible(text: str) -> str:
    r"""Write characters that cannot be seen, or that would move a terminal, by their codes.

    >>> visible("a\x1b[2J\u202eb")
    'a\\x1b[2J\\u202eb'
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(
        mark if mark.isprintable() or mark == "\n" else repr(mark)[1:-1] for mark in text
    )


def in_order(issues: Iterable[Issue]) -> list[Issue]:
    """Sort issues by file and line; in a line they stay in the order in which they were found."""
    return sorted(issues, key=lambda issue: (issue.file, issue.line or 0))


def explain(issues: Sequence[Issue]) -> str:
    """Return all issues as text, and their number at the end.

    Examples
    --------
    >>> print(explain([Issue("data/a.csv", 3, "year", "id=x", "19", "minimum", "error",
    ...                      "'19' is not allowed: expected at least 1950")]))
    data/a.csv:3: error: '19' is not allowed: expected at least 1950 [year, id=x] (minimum)
    1 error, 0 warnings
    """
    return "\n".join([*map(str, issues), total(issues)])


def total(issues: Sequence[Issue]) -> str:
    """Return the number of issues in words."""
    errors = sum(issue.severity == "error" for issue in issues)
    warnings = len(issues) - errors
    return f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
