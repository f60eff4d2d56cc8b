"""Third step: keys, constraints and rules on typed tables, and the foreign keys between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import narwhals as nw
import numpy as np
import pyarrow as pa

from diffdata.errors import Issue, PackageError, in_order, unreadable
from diffdata.package.packages import Package, read_bytes
from diffdata.schemas.rules import Check, foreign_key_check, key_expression, table_checks
from diffdata.schemas.standard import ForeignKey, TableSchema
from diffdata.types.columns import key_values
from diffdata.validation.causes import by_cause
from diffdata.validation.cells import quote
from diffdata.validation.dangling import joined_references
from diffdata.validation.failing import failing_rows
from diffdata.validation.foreign_files import Budget
from diffdata.validation.found import Found
from diffdata.validation.hints import Guide, guide_of, reference_guide
from diffdata.validation.plausible import acknowledged, plausibility_checks
from diffdata.validation.shape import row_key
from diffdata.validation.text import TextTable, read_table
from diffdata.validation.typed import TypedTable, to_typed

_SHOWN = 100  # characters of each cell, where a message shows several
_KEPT = 1000  # characters of a cell that an issue keeps


@dataclass(frozen=True)
class CheckedTable:
    """A table that was read and checked."""

    typed: TypedTable
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
    found: dict[str, Found] = {}
    tables = list(tables)
    for name in tables:
        typed[name], found[name] = _read(package, name)
    for name in tables:
        for key in typed[name].schema.foreign_keys:
            other = key.reference.resource or name
            if other not in typed and other in package.schemas:
                typed[other], _ = _read(package, other)
    issues = told_once(found, typed, whole=set(tables) == set(package.tables))
    return {name: CheckedTable(typed[name], in_order(issues[name])) for name in tables}


def told_once(
    found: dict[str, Found], typed: dict[str, TypedTable], whole: bool = False
) -> dict[str, list[Issue]]:
    """Evaluate the checks of all tables that have issues so far, and tell each cause once.

    With `whole` the tables are all of the package: what nothing refers to can be told then, unless
    some of it could not be read.
    """
    whole = whole and all(table.text.complete for table in typed.values())
    told = {}
    for name, table in found.items():
        breaches(typed[name], typed, table, whole)
        told[name] = by_cause(table, typed[name], partial(_holds, name, typed))
    told = acknowledged(joined_references(told, typed), typed, whole)
    return {name: [*told[name], *found[name].left_out(typed[name].text.file)] for name in found}


def _read(package: Package, table: str) -> tuple[TypedTable, Found]:
    """Read one table; one that cannot be read is empty and has one issue."""
    schema, file = package.schema(table), package.resource(table).path
    found = Found()
    try:
        path = package.data_path(table)
        Budget().spend(path.stat().st_size if path.is_file() else 0, file)
        text, issues = read_table(read_bytes(path, file), file, schema)
    except PackageError as error:
        text, issues = TextTable(file, {}, [], complete=False), [unreadable(file, error)]
    found.add(issues)
    return to_typed(text, schema, found), found


def breaches(
    table: TypedTable, others: dict[str, TypedTable], found: Found, whole: bool = False
) -> None:
    """Evaluate all checks of a table, and add the rows that break one to the issues.

    `others` holds the tables that its foreign keys refer to, by name; with `whole` it is all of the
    package. A cell that breaks a check of its own is not held against other cells as well: one
    fault is told once.
    """
    checks = table_checks(table.schema)
    guides = [guide_of(table, check) for check in checks]
    for key in table.schema.foreign_keys:
        target = others.get(key.reference.resource) if key.reference.resource else table
        # A target that is not complete has its own issue, which says all: every key would dangle.
        if (
            target
            and target.text.complete
            and set(key.reference.fields) <= set(target.text.columns)
        ):
            present = _keys(target.values, key, table.schema)
            checks.append(foreign_key_check(key, present, table.schema))
            guides.append(reference_guide(key, present, target, table))
    broken = failing_rows(table.values, checks)
    for check, frame in plausibility_checks(table, others, whole):
        checks.append(check)
        guides.append(guide_of(table, check))
        broken += failing_rows(frame, [check])
    faulty: dict[str, np.ndarray] = {}
    order = sorted(range(len(checks)), key=lambda number: len(checks[number].columns))
    wider: list[tuple[set[str], np.ndarray]] = []
    rows: dict[int, np.ndarray] = {}
    for number in order:
        check, failing = checks[number], table.usable(broken[number], checks[number].columns)
        for name in check.columns if len(failing) else ():
            if name in faulty:
                failing = failing[~faulty[name][failing]]
        for columns, mask in wider:
            if columns < set(check.columns):
                failing = failing[~mask[failing]]
        if check.unique:
            failing = _later_ones(table, check.columns, failing)
        if len(failing) and len(check.columns) == 1:
            mask = faulty.setdefault(check.columns[0], np.zeros(len(table.text), bool))
            mask[failing] = True
        elif len(failing):  # a check of these columns and others would say the same again
            wider.append((set(check.columns), np.isin(np.arange(len(table.text)), failing)))
        rows[number] = failing
    for number, (check, guide) in enumerate(zip(checks, guides, strict=True)):
        if len(rows[number]):
            make = partial(_breach, table, check, guide)
            found.add_rows(check.columns[0], check.name, [int(row) for row in rows[number]], make)


def _later_ones(table: TypedTable, columns: tuple[str, ...], failing: np.ndarray) -> np.ndarray:
    """Leave out the first row of those that have the same key: the others repeat it."""
    if not len(failing):
        return failing
    keys = table.values.select(list(columns)).take(pa.array(failing)).to_pandas()
    repeated: np.ndarray = keys.duplicated(keep="first").to_numpy()
    return np.asarray(failing[repeated])


def _breach(table: TypedTable, check: Check, guide: Guide, position: int) -> Issue:
    cells = table.text.cells(position, check.columns)
    given = {name: cell for name, cell in cells.items() if cell}
    if not given:
        value, told = "", "the cell is empty" if len(check.columns) == 1 else "the cells are empty"
    elif len(check.columns) == 1:
        value = cells[check.columns[0]]
        verdict = "not allowed" if check.severity == "error" else "doubtful"
        told = f"{quote(value)} is {verdict}"
    else:
        value = ", ".join(f"{name}={cell[:_SHOWN]}" for name, cell in given.items())
        told = f"found {value}"
    column, hint = guide(position)
    return Issue(
        file=table.text.file,
        line=table.text.lines[position],
        column=column,
        row=row_key(table.text.cells(position, table.schema.primary_key), table.schema),
        value=value[:_KEPT],
        rule=check.name,
        severity=check.severity,
        message=f"{told}: expected {check.expected}",
        hint=hint,
    )


def _keys(values: pa.Table, key: ForeignKey, schema: TableSchema) -> list[str]:
    """Return the values that a foreign key of a schema may refer to, each once."""
    target = nw.from_native(values, eager_only=True)
    columns = []
    for there, here in zip(key.reference.fields, key.fields, strict=True):
        expression = key_values(there, target.schema[there], schema.field(here))
        if expression is None:
            return []
        columns.append(expression.alias(here))
    keys = target.select(*columns).select(key=key_expression(key.fields, schema))["key"]
    found: list[str] = keys.drop_nulls().unique(maintain_order=True).to_list()
    return found


def _holds(name: str, typed: dict[str, TypedTable], column: str, text: str) -> bool:
    """Tell whether a foreign key of one column finds a row; true where there is no such key."""
    for key in typed[name].schema.foreign_keys:
        other = typed.get(key.reference.resource or name)
        if key.fields == (column,) and other and text and other.text.complete:
            return text in other.texts(key.reference.fields[0])
    return True
