"""The result of a check: for each rule how many rows fail it, and a few of their keys."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from diffdata.display import notebook
from diffdata.errors import UNREADABLE, DiffdataError, Issue, Severity, visible


@dataclass(frozen=True)
class RuleResult:
    """The result of one rule.

    Attributes
    ----------
    rule
        ``unreadable``, ``header``, ``type``, ``required``, ``enum`` ..., ``primary-key``,
        ``foreign-key``, or the name of a rule of the schema.
    columns
        The columns that the rule reads.
    severity
        ``error`` or ``warning``.
    expected
        What a row must satisfy.
    failing
        The number of rows that do not; for ``header`` and ``unreadable`` 1 or 0.
    sample
        The keys of some of these rows, the first in order: values of `CheckResult.key`.
    skipped
        Why the rule was not evaluated, or an empty string.
    """

    rule: str
    columns: tuple[str, ...]
    severity: Severity
    expected: str
    failing: int
    sample: tuple[tuple[Any, ...], ...] = ()
    skipped: str = ""

    @property
    def of_rows(self) -> bool:
        """Whether the rule is about rows, and not about the table."""
        return self.rule not in ("header", UNREADABLE)

    @property
    def name(self) -> str:
        """The rule and its columns."""
        return f"{self.rule} ({', '.join(self.columns)})"


@dataclass(frozen=True)
class CheckResult:
    """The results of the rules of a schema on a frame.

    Attributes
    ----------
    table
        The name of the table, or of the file of its schema.
    rows
        How many rows the frame has.
    key
        The columns that a sample names a row by: the primary key, as far as the frame has it.
    rules
        The rules, in the order of the schema.
    """

    table: str
    rows: int
    key: tuple[str, ...]
    rules: tuple[RuleResult, ...]

    @property
    def failed(self) -> tuple[RuleResult, ...]:
        """The rules that rows fail, errors and warnings."""
        return tuple(rule for rule in self.rules if rule.failing)

    @property
    def skipped(self) -> tuple[RuleResult, ...]:
        """The rules that could not be evaluated, each with the reason."""
        return tuple(rule for rule in self.rules if rule.skipped)

    @property
    def ok(self) -> bool:
        """Whether no row fails a rule of the severity error."""
        return not any(rule.severity == "error" for rule in self.failed)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, as ``--format json`` prints it."""
        return asdict(self)

    def __str__(self) -> str:
        lines = []
        for rule in self.failed:
            about = f" [{', '.join(rule.columns)}]" * bool(rule.columns)
            lines.append(f"{self.table}: {rule.severity}: {_message(rule)}{about} ({rule.rule})")
            if rule.sample:
                lines.append(f"    rows: {self._rows(rule)}")
        lines += [
            f"{self.table}: not checked: {rule.name}: {rule.skipped}" for rule in self.skipped
        ]
        checked = len(self.rules) - len(self.skipped)
        lines.append(
            f"{self.table}: {self.rows} rows, {checked} rules checked, {len(self.failed)} broken"
        )
        return visible("\n".join(lines))

    def _repr_html_(self) -> str:
        header = ["severity", "rule", "columns", "expected", "rows", "sample"]
        rows = [
            (rule.severity, rule.rule, ", ".join(rule.columns), rule.expected,
             f"{rule.failing:,}", self._rows(rule))
            for rule in self.failed
        ]  # fmt: skip
        *_, summary = str(self).splitlines()
        return notebook(summary, header=header, rows=rows)

    def issues(self, file: str) -> list[Issue]:
        """Return the failed rules as issues of a file, each with the first keys."""
        return [
            Issue(
                file, None, ", ".join(rule.columns) or None, self._rows(rule) or None, None,
                rule.rule, rule.severity, _message(rule),
            )
            for rule in self.failed
        ]  # fmt: skip

    def _rows(self, rule: RuleResult) -> str:
        rows = [
            ", ".join(f"{name}={value}" for name, value in zip(self.key, values, strict=True))
            for values in rule.sample
        ]
        return "; ".join([*rows, *["..."] * bool(rows and rule.failing > len(rows))])


def _message(rule: RuleResult) -> str:
    rows = f"{rule.failing:,} row{'s' * (rule.failing != 1)}: expected " * rule.of_rows
    return rows + ("" if rule.of_rows or rule.rule == UNREADABLE else "expected ") + rule.expected


def unreadable(table: str, file: str, error: DiffdataError) -> CheckResult:
    """Return the result of a table that cannot be read."""
    reason = str(error).removeprefix(f"{file}: ")
    return CheckResult(table, 0, (), (RuleResult(UNREADABLE, (), "error", reason, 1),))
