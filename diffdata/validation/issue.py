"""An issue: one fault of the data, at its exact place, and how to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field

from diffdata.descriptor import Severity
from diffdata.errors import PackageError, Problem

# The rules that say: this could not be read at all (as against: it was read and is wrong).
UNREADABLE = "unreadable"
# Issues of one table; more are counted, not listed.
MOST_ISSUES = 100_000


@dataclass(frozen=True)
class Issue:
    """One fault.

    Attributes
    ----------
    file
        The file, relative to the package.
    line
        The line in the file, from 1, or None where the whole file is meant.
    column
        The name of the column, or None.
    row
        The key of the row, as ``estimate_id=gpt-3-compute``, or None.
    value
        The text of the cell, or None.
    rule
        The rule that is broken, as ``enum`` or ``primary-key``.
    severity
        ``error`` or ``warning``.
    message
        What is wrong and what was expected.
    hint
        How to mend it, or an empty string.
    """

    file: str
    line: int | None
    column: str | None
    row: str | None
    value: str | None
    rule: str
    severity: Severity
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        about = ", ".join(part for part in (self.column, self.row) if part)
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        about = f" [{about}]" if about else ""
        return visible(f"{where}: {self.severity}: {self.message}{about} ({self.rule}){hint}")

    def to_dict(self) -> dict[str, str | int | None]:
        """Return the issue as a mapping of plain values, as ``--format json`` prints it."""
        return asdict(self)


@dataclass
class Found:
    """The issues of a table so far, as many as are listed; the others are only counted.

    Attributes
    ----------
    issues
        The issues.
    counts
        How many there are of each column and rule, listed or not.
    """

    issues: list[Issue] = field(default_factory=list)
    counts: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def add(self, issues: Iterable[Issue]) -> None:
        """Add issues that were made."""
        for issue in issues:
            self.issues.append(issue)
            self.counts[issue.column, issue.rule] += 1

    def add_rows(
        self, column: str, rule: str, positions: Sequence[int], make: Callable[[int], Issue]
    ) -> None:
        """Add an issue for each row, as long as there is room."""
        self.counts[column, rule] += len(positions)
        room = max(0, MOST_ISSUES - len(self.issues))
        self.issues += [make(position) for position in positions[:room]]

    def left_out(self, file: str) -> list[Issue]:
        """Return an issue that says how many are not listed, if there are such."""
        number = self.counts.total()
        if number <= MOST_ISSUES:
            return []
        message = f"{number:,} faults, of which the first {MOST_ISSUES:,} were looked at"
        return [Issue(file, None, None, None, None, "too-many", "error", message)]


def unreadable(file: str, error: PackageError) -> Issue:
    """Return the issue that a file cannot be read."""
    message = str(error).removeprefix(f"{file}: ")
    return Issue(file, error.line, None, None, None, UNREADABLE, "error", message)


def problem_issue(problem: Problem) -> Issue:
    """Return the issue that a descriptor or a schema has a fault."""
    rule = UNREADABLE if problem.unreadable else "descriptor"
    return Issue(
        problem.file, problem.line, problem.key or None, None, None, rule, "error",
        problem.message, problem.hint,
    )  # fmt: skip


def visible(text: str) -> str:
    r"""Write characters that cannot be seen, or that would move a terminal, by their codes.

    Examples
    --------
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
