"""An issue: one fault of the data, at its exact place, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from diffdata.descriptor import Severity
from diffdata.errors import PackageError, Problem

# The rules that say: this could not be read at all (as against: it was read and is wrong).
UNREADABLE = "unreadable"


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
        return f"{where}: {self.severity}: {self.message}{about} ({self.rule}){hint}"

    def to_dict(self) -> dict[str, str | int | None]:
        """Return the issue as a mapping of plain values, as ``--format json`` prints it."""
        return asdict(self)


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
