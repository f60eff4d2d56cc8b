"""References that find no row, told once for each row that is missing or has a mistyped key."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

from diffdata.errors import Issue
from diffdata.validation.cells import quote
from diffdata.validation.mends import speller
from diffdata.validation.typed import TypedTable

_LISTED = 8  # places that a message lists

Tables = dict[str, TypedTable]
Group = list[tuple[str, Issue]]  # issues, each with the table it is of


def joined_references(issues: dict[str, list[Issue]], tables: Tables) -> dict[str, list[Issue]]:
    """Join the references to one missing row.

    Where the table that should have the row holds one whose key is spelt much like it, and to
    which nothing refers, that key was mistyped: then the issue stands there.

    Parameters
    ----------
    issues
        The issues of each table.
    tables
        The tables by name.
    """
    groups: dict[tuple[str, str], Group] = defaultdict(list)
    kept: dict[str, list[Issue]] = {name: [] for name in issues}
    for name, own in issues.items():
        for issue in own:
            target = _target(name, issue, tables) if issue.rule == "foreign-key" else None
            if target is None:
                kept[name].append(issue)
            else:
                groups[target, issue.value or ""].append((name, issue))
    keys = {target: _UnusedKeys(tables, target, kept.get(target, [])) for target, _ in groups}
    for (target, value), found in groups.items():
        row = keys[target].like(value, several=len(found) > 1)
        if row is not None and target in kept:
            _mistyped(kept[target], tables[target], row, value, found)
        else:
            name, issue = found[0]
            kept[name].append(_missing(issue, value, found))
    return kept


def _target(name: str, issue: Issue, tables: Tables) -> str | None:
    """Return the table that a dangling reference points at."""
    for key in tables[name].schema.foreign_keys:
        whole = len(key.fields) == 1 or (issue.value or "").startswith(f"{key.fields[0]}=")
        if issue.column in key.fields and whole:
            target = key.reference.resource or name
            return target if target in tables else None
    return None


def _missing(issue: Issue, value: str, found: Group) -> Issue:
    """Return one issue for all references to a missing row."""
    if len(found) == 1:
        return issue
    places = [
        f"line {other.line}" if other.file == issue.file else f"{other.file}:{other.line}"
        for _, other in found[1:]
    ]
    listed = ", ".join(places[:_LISTED]) + (", ..." if len(places) > _LISTED else "")
    message = f"{issue.message}; {len(found)} rows refer to {quote(value)} (also {listed})"
    return dataclasses.replace(issue, message=message)


class _UnusedKeys:
    """The keys of a table to which nothing refers."""

    def __init__(self, tables: Tables, target: str, issues: list[Issue]) -> None:
        table = tables[target]
        self._rows: dict[str, int] = {}
        self._faulty: set[str] = set()
        if len(table.schema.primary_key) != 1:
            return
        column = table.schema.primary_key[0]
        used: set[str] = set()
        for name, other in tables.items():
            for key in other.schema.foreign_keys:
                if (key.reference.resource or name) == target and len(key.fields) == 1:
                    used |= other.texts(key.fields[0])
        faulty = {issue.line for issue in issues if issue.column == column}
        cells = table.text.columns.get(column)
        for position, cell in enumerate([] if cells is None else cells.to_pylist()):
            wrong = bool(faulty) and table.text.lines[position] in faulty
            if (cell or "") not in used or wrong:
                self._rows[cell or ""] = position
                if wrong:
                    self._faulty.add(cell or "")
        self._alike = speller(name for name in self._rows if name)

    def like(self, value: str, several: bool) -> int | None:
        """Return the row whose key was meant to be a value; None if that cannot be told.

        One reference alone is as likely to be mistyped as the key, unless the key has a fault.
        """
        if not self._rows:
            return None
        alike = self._alike(value)
        faulty = [name for name in alike if name in self._faulty]
        if faulty or (several and len(alike) == 1):
            return self._rows[[*faulty, *alike][0]]
        return self._rows[""] if not alike and "" in self._faulty else None


def _mistyped(
    issues: list[Issue], table: TypedTable, position: int, value: str, found: Group
) -> None:
    """Say at a key that it was probably mistyped, in the issue that it has or in one of its own."""
    name, line = table.schema.primary_key[0], table.text.lines[position]
    cell = table.text.cell(position, name)
    files = ", ".join(sorted({issue.file for _, issue in found}))
    for place, issue in enumerate(issues):
        if issue.line == line and issue.column == name:
            message = f"{issue.message}; {files} refers to {quote(value)}"
            hint = f"did you mean {value}?" if value not in issue.hint else issue.hint
            issues[place] = dataclasses.replace(issue, message=message, hint=hint)
            return
    message = f"nothing refers to {quote(cell)}, but {files} to {quote(value)}"
    issues.append(
        Issue(
            table.text.file, line, name, f"{name}={cell}", cell, "mistyped-key", "error", message,
            f"did you mean {value}? Ids never change",
        )
    )  # fmt: skip
