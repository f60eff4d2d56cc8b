"""Third step: keys, constraints and rules on typed tables, and the foreign keys between them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.descriptor import ForeignKey
from diffdata.errors import PackageError, nearest, suggestion
from diffdata.packages import Package, read_bytes
from diffdata.rules import Check, foreign_key_check, key_expression, table_checks
from diffdata.schemas import failing_rows, to_pandas
from diffdata.validation.causes import by_cause, mistyped_keys
from diffdata.validation.cells import quote
from diffdata.validation.issue import Issue, in_order, unreadable
from diffdata.validation.plausible import acknowledged, plausibility_checks
from diffdata.validation.shape import row_key
from diffdata.validation.text import TextTable, read_table
from diffdata.validation.typed import TypedTable, to_typed

_Hint = Callable[[int], str]


@dataclass(frozen=True)
class CheckedTable:
    """A table that was read and checked: its typed frame, and what is wrong with it."""

    frame: pd.DataFrame
    issues: list[Issue]


def check_tables(package: Package, tables: Iterable[str]) -> dict[str, CheckedTable]:
    """Read and check some tables of a package, and their references to other tables.

    Parameters
    ----------
    package
        The package.
    tables
        Names of tables; the tables that they refer to are read as well, but not reported on.

    Returns
    -------
    checked
        For each of `tables` its frame and its issues.
    """
    typed: dict[str, TypedTable] = {}
    issues: dict[str, list[Issue]] = {}
    tables = list(tables)
    for name in tables:
        typed[name], issues[name] = _read(package, name)
    for name in tables:
        for key in typed[name].schema.foreign_keys:
            other = key.reference.resource or name
            if other not in typed and other in package.schemas:
                typed[other], _ = _read(package, other)
    found = told_once(issues, typed, whole=set(tables) == set(package.tables))
    return {
        name: CheckedTable(to_pandas(typed[name].values, typed[name].schema), in_order(found[name]))
        for name in tables
    }


def told_once(
    issues: dict[str, list[Issue]], typed: dict[str, TypedTable], whole: bool = False
) -> dict[str, list[Issue]]:
    """Evaluate the checks of all tables that have issues so far, and tell each cause once."""
    # What could not be read might refer to anything.
    whole = whole and all(table.text.complete for table in typed.values())
    every = [
        issue
        for name in issues
        for issue in by_cause([*issues[name], *breaches(typed[name], typed, whole)], typed[name])
    ]
    names = {typed[name].text.file: name for name in issues}
    found: dict[str, list[Issue]] = {name: [] for name in issues}
    for issue in acknowledged(mistyped_keys(every, typed), typed, whole):
        found[names.get(issue.file, next(iter(names.values())))].append(issue)
    return found


def _read(package: Package, table: str) -> tuple[TypedTable, list[Issue]]:
    """Read one table; one that cannot be read is empty and has one issue."""
    schema, file = package.schema(table), package.resource(table).path
    try:
        text, issues = read_table(read_bytes(package.data_path(table), file), file, schema)
    except PackageError as error:
        text, issues = TextTable(file, {}, [], complete=False), [unreadable(file, error)]
    typed, more = to_typed(text, schema)
    return typed, issues + more


def breaches(table: TypedTable, others: dict[str, TypedTable], whole: bool = False) -> list[Issue]:
    """Evaluate all checks of a table and turn the rows that break one into issues.

    `others` holds the tables that its foreign keys refer to, by name; with `whole` it is all of the
    package.
    """
    checks = table_checks(table.schema)
    hints: list[_Hint] = [partial(_hint, table, check) for check in checks]
    for key in table.schema.foreign_keys:
        target = others.get(key.reference.resource) if key.reference.resource else table
        # A target that is not complete has its own issue, which says all: every key would dangle.
        if target and target.text.complete:
            present = _keys(target.values, key.reference.fields)
            checks.append(foreign_key_check(key, present))
            hints.append(partial(_reference_hint, key, present, target.text, table.text))
    broken = failing_rows(table.values, checks)
    for check, frame in plausibility_checks(table, others, whole):
        checks.append(check)
        hints.append(partial(_hint, table, check))
        broken += failing_rows(frame, [check])
    issues = []
    for check, hint, failing in zip(checks, hints, broken, strict=True):
        # An unusable cell has its own issue, and what it should hold is not known.
        usable = map(int, table.usable(failing, check.columns))
        issues += [_breach(table, check, position, hint(position)) for position in usable]
    return issues


def _breach(table: TypedTable, check: Check, position: int, hint: str) -> Issue:
    cells = table.text.cells(position, check.columns)
    given = {name: cell for name, cell in cells.items() if cell}
    if not given:
        value, found = "", "the cell is empty" if len(check.columns) == 1 else "the cells are empty"
    elif len(check.columns) == 1:
        value = cells[check.columns[0]]
        found = f"{quote(value)} is {'not allowed' if check.severity == 'error' else 'doubtful'}"
    else:
        value = ", ".join(f"{name}={cell}" for name, cell in given.items())
        found = f"found {value}"
    return Issue(
        file=table.text.file,
        line=table.text.lines[position],
        column=check.columns[0],
        row=row_key(table.text.cells(position, table.schema.primary_key), table.schema),
        value=value,
        rule=check.name,
        severity=check.severity,
        message=f"{found}: expected {check.expected}",
        hint=hint,
    )


def _hint(table: TypedTable, check: Check, position: int) -> str:
    """Say how to mend a breach, where that can be said."""
    for rule in table.schema.rules:
        if rule.name == check.name:
            return str(rule.reason)
    if check.name == "enum":
        allowed = table.schema.field(check.columns[0]).constraints.enum or ()
        return suggestion(table.text.cell(position, check.columns[0]), map(str, allowed))
    if check.name in ("primary-key", "unique"):
        return _twin(table, check.columns, position)
    if check.name == "required":
        return "fill it in from the source; a row without it cannot be used"
    return ""


def _twin(table: TypedTable, columns: tuple[str, ...], position: int) -> str:
    """Name the first other row with the same key."""
    same = functools.reduce(
        pc.and_, (pc.equal(table.values[name], table.values[name][position]) for name in columns)
    )
    others = [p for p in np.flatnonzero(pc.fill_null(same, False).to_numpy()) if p != position]
    return f"the same stands in line {table.text.lines[int(others[0])]}" if others else ""


def _reference_hint(
    key: ForeignKey, present: list[str], target: TextTable, text: TextTable, position: int
) -> str:
    """Name the id that was probably meant, and the file where a missing one is added."""
    if len(key.fields) > 1:
        return f"no row of {target.file} has both; mend one of them, or add the row"
    close = nearest(text.cell(position, key.fields[0]), present)
    mend = f"did you mean {close[0]}? If not, mend the id" if close else "mend the id"
    return f"{mend} or add the row to {target.file}"


def _keys(values: pa.Table, columns: tuple[str, ...]) -> list[str]:
    """Return the values of a key that are there, each once."""
    keys = nw.from_native(values, eager_only=True).select(key=key_expression(columns))["key"]
    found: list[str] = keys.drop_nulls().unique(maintain_order=True).to_list()
    return found
