"""The issues of a table while they are collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from diffdata.errors import Issue

# Issues of one table; more are counted, not listed.
MOST_ISSUES = 100_000


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
