"""The tables of a package as text: typed, checked against each other, and every fault reported."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from diffdata.display import counted
from diffdata.errors import InvalidDataError, Issue, PackageError, in_order, issues_of
from diffdata.package.packages import Package
from diffdata.schemas.rules import Check, table_checks
from diffdata.schemas.standard import ForeignKey, Resource, TableSchema
from diffdata.schemas.stated import Compared, Formula, Referenced
from diffdata.types.text import quote
from diffdata.validation import acknowledgements
from diffdata.validation.causes import Guide, by_cause, guide_of, joined_references, reference_guide
from diffdata.validation.evaluate import Mask, failing_rows
from diffdata.validation.joins import Tables, join, referring
from diffdata.validation.prepare import lazy
from diffdata.validation.resources import Budget, read_resource
from diffdata.validation.text import TextTable
from diffdata.validation.typed import Found, TypedTable, row_issue, to_typed

# A check with its foreign key, and the rows that break it.
Breach = tuple[Check, ForeignKey | None, np.ndarray]

_SHOWN = 100  # characters of each cell, where a message shows several
_MOST_REMEMBERED = 1000
# The breaches of tables that were checked, by what they and the tables they need contain.
_remembered: dict[tuple[object, ...], list[Breach]] = {}


@dataclass(frozen=True)
class CheckedTable:
    """A table that was read and checked."""

    typed: TypedTable
    issues: list[Issue]


def check_tables(package: Package, tables: Iterable[str]) -> dict[str, CheckedTable]:
    """Read and check some tables of a package, and their references to other tables."""
    typed: dict[str, TypedTable] = {}
    found: dict[str, Found] = {}
    tables, budget = list(tables), Budget()
    for name in counted(tables, "Reading the tables"):
        typed[name], found[name] = _read(package, name, budget)
    for name in tables:
        schema = typed[name].schema
        others = [key.reference.resource for key in schema.foreign_keys]
        others += [rule.table for rule in schema.rules if isinstance(rule, Compared | Formula)]
        for other in others:
            if other and other not in typed and other in package.schemas:
                typed[other], _ = _read(package, other, budget)
    issues = find_issues(found, typed, complete=set(tables) == set(package.tables))
    return {name: CheckedTable(typed[name], in_order(issues[name])) for name in tables}


def valid_tables(package: Package, tables: Iterable[str]) -> dict[str, TypedTable]:
    """Read some tables of a package; InvalidDataError lists every fault of one that has any."""
    valid = {}
    for name, checked in check_tables(package, tables).items():
        if errors := [issue for issue in checked.issues if issue.severity == "error"]:
            raise InvalidDataError(f"table {name!r}", errors)
        valid[name] = checked.typed
    return valid


def find_issues(
    found: Mapping[str, Found], typed: Mapping[str, TypedTable], *, complete: bool = False
) -> dict[str, list[Issue]]:
    """Evaluate the checks of tables, and report each cause once.

    ``found`` has the issues so far of the tables to check; ``typed`` also has the tables that they
    refer to. ``complete`` says that they are all tables of the package: only then it is known that
    nothing refers to a row, unless some of a table could not be read.
    """
    complete = complete and all(table.text.complete for table in typed.values())
    issues = {}
    for name, table in counted(found.items(), "Checking the tables"):
        _find_breaches(name, typed, table, complete)
        issues[name] = by_cause(table, typed[name], partial(_refers_to_a_row, name, typed))
    issues = _unacknowledged(joined_references(issues, dict(typed)), typed, complete)
    issues = {name: list(_without_doubts(name, typed, issues)) for name in issues}
    return {
        name: [typed[name].text.in_its_file(issue) for issue in _without_echoes(issues[name])]
        + found[name].left_out(typed[name].text.file)
        for name in found
    }


def _without_doubts(
    name: str, tables: Mapping[str, TypedTable], issues: Mapping[str, list[Issue]]
) -> Iterator[Issue]:
    """Leave out warnings by rules that read another table whose header has an error."""
    broken = {
        other for other, listed in issues.items()
        if any(issue.line == 1 and issue.severity == "error" for issue in listed)
    }  # fmt: skip
    doubtful = {
        rule.name for rule in tables[name].schema.rules
        if isinstance(rule, Compared | Formula) and rule.table in broken
    }  # fmt: skip
    for issue in issues[name]:
        if issue.severity == "error" or issue.rule not in doubtful:
            yield issue


def _without_echoes(issues: list[Issue]) -> list[Issue]:
    """Leave out warnings about cells that have an error."""
    faulty = {(issue.line, issue.column) for issue in issues if issue.severity == "error"}
    return [
        issue
        for issue in issues
        if issue.severity == "error" or (issue.line, issue.column) not in faulty
    ]


def _read(package: Package, table: str, budget: Budget) -> tuple[TypedTable, Found]:
    return read_typed(package.resource(table), package.schemas[table], package.root, budget)


def read_typed(
    resource: Resource, schema: TableSchema, root: Path | None, budget: Budget
) -> tuple[TypedTable, Found]:
    """Read a table; one that cannot be read is empty and has one issue."""
    found = Found()
    try:
        text, schema, issues = read_resource(resource, schema, root, budget)
    except (PackageError, RecursionError) as error:
        text = TextTable(resource.file, {}, [], complete=False)
        issues = issues_of(error, resource.file)
    found.add(issues)
    return to_typed(text, schema, found), found


def breaches(name: str, tables: Mapping[str, TypedTable], complete: bool) -> list[Breach]:
    """Evaluate all checks of a table: each with its foreign key, and the rows that break it.

    The results are remembered for tables of moderate size: who edits a package and checks it again
    waits only for the tables that changed, and for those that refer to a column that changed.
    """
    table = tables[name]
    used = {key.reference.resource for key in table.schema.foreign_keys}
    used |= {rule.table for rule in table.schema.rules if isinstance(rule, Compared | Formula)}
    references = None
    if complete and any(isinstance(rule, Referenced) for rule in table.schema.rules):
        references = referring({other: t.schema for other, t in tables.items()}, name)
        used |= {other for other, _ in references}
    needed = {other: t for other, t in tables.items() if other in used or other == name}
    stated = table.schema.relations + repr(references)
    digests = {
        other: t.digest_of(_named_in(stated, t)) for other, t in needed.items() if other != name
    }
    what = (name, complete, repr(references), tuple(sorted(digests.items())))
    own = _remembering("", [table.digest], partial(_own_breaches, table))
    evaluate = partial(_joined_breaches, name, needed, references)
    return own + _remembering(what, [table.digest, *digests.values()], evaluate)


def _named_in(stated: str, other: TypedTable) -> list[str]:
    """Return the columns of another table that the foreign keys and rules of one may read."""
    return [
        column
        for column in other.values.column_names
        if repr(column) in stated or repr(column.removesuffix("_precision")) in stated
    ]


def _remembering(
    what: object, contents: Sequence[str], evaluate: Callable[[], list[Breach]]
) -> list[Breach]:
    """Return the breaches that were found in tables of the same contents, or evaluate them."""
    if not all(contents):
        return evaluate()
    # A rule may forbid days in the future.
    key = (what, datetime.date.today(), contents[0])
    if key not in _remembered:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[key] = evaluate()
    return _remembered[key]


def _own_breaches(table: TypedTable) -> list[Breach]:
    checks = table_checks(table.schema)
    rows = failing_rows(lazy(table.values).to_native(), checks, table.unknown)
    return [(check, None, positions) for check, positions in zip(checks, rows, strict=True)]


def _joined_breaches(
    name: str,
    tables: Mapping[str, TypedTable],
    references: Sequence[tuple[str, ForeignKey]] | None,
) -> list[Breach]:
    """Evaluate the checks that compare with other rows or tables."""
    table = tables[name]
    # A table that is not complete has its own issue, which says all: every key would dangle.
    others = {other: t.frame for other, t in tables.items() if t.text.complete and other != name}
    frame, joined, _ = join(lazy(table.values), table.schema, Tables(name, others, references))
    checks: list[tuple[Check, ForeignKey | None]] = []
    for check, key in joined:
        target = tables[key.reference.resource or name] if key else table
        known = key is None or set(key.reference.fields) <= set(target.text.columns)
        if key is None or (known and target.text.complete):
            checks.append((check, key))
    rows = failing_rows(frame.to_native(), [check for check, _ in checks], table.unknown)
    rules = {rule.name: rule for rule in table.schema.rules if isinstance(rule, Compared)}
    return [
        (check, key, positions if rule is None else _known(rule, table, tables, name, positions))
        for (check, key), positions in zip(checks, rows, strict=True)
        for rule in [rules.get(check.name)]
    ]


def _known(
    rule: Compared, table: TypedTable, tables: Mapping[str, TypedTable], name: str,
    positions: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Leave out rows that are compared with a cell that cannot be read, which has its own issue."""
    target = tables[rule.table or name]
    unread = [target.unknown[cell] for cell in rule.where if cell in target.unknown]
    if not unread or not len(positions):
        return positions
    mask = pa.array(np.logical_or.reduce(unread))
    keys = {*zip(*(target.values[cell].filter(mask).to_pylist() for cell in rule.on.values()),
                 strict=True)}  # fmt: skip
    own = zip(*(table.values[cell].take(positions).to_pylist() for cell in rule.on), strict=True)
    return positions[[key not in keys for key in own]]


def _find_breaches(
    name: str, tables: Mapping[str, TypedTable], found: Found, complete: bool
) -> None:
    """Add the rows that break a check to the issues of a table, each fault once."""
    table = tables[name]
    for check, key, rows in _once_per_cell(table, breaches(name, tables, complete)):
        if len(rows):
            guide = guide_of(table, check)
            if key:
                guide = reference_guide(key, tables[key.reference.resource or name], table)
            make = partial(_breach, table, check, guide)
            found.add_rows(check.columns[0], check.name, [int(row) for row in rows], make)


def _once_per_cell(table: TypedTable, found: list[Breach]) -> list[Breach]:
    """Leave out rows whose fault is reported by a check of fewer of the same columns.

    A cell that breaks a check of its own is not compared with other cells as well. What is only
    doubtful never hides an error.
    """
    faulty: dict[str, Mask] = {}
    wider: list[tuple[set[str], Mask]] = []
    kept = list(found)

    def order(number: int) -> tuple[bool, int]:
        check = found[number][0]
        return check.severity != "error", len(check.columns)

    for number in sorted(range(len(found)), key=order):
        check, key, failing = found[number]
        for column in check.columns if len(failing) else ():
            if column in faulty:
                failing = failing[~faulty[column][failing]]
        for columns, mask in wider:
            if columns < set(check.columns):
                failing = failing[~mask[failing]]
        if check.unique and len(failing):
            # The first row of those that have the same key is right, the others repeat it.
            keys = table.values.select(list(check.columns)).take(pa.array(failing)).to_pandas()
            failing = failing[keys.duplicated(keep="first").to_numpy()]
        if len(failing) and len(check.columns) == 1:
            mask = faulty.setdefault(check.columns[0], np.zeros(len(table.text), bool))
            mask[failing] = True
        elif len(failing):
            wider.append((set(check.columns), np.isin(np.arange(len(table.text)), failing)))
        kept[number] = (check, key, failing)
    return kept


def _breach(table: TypedTable, check: Check, guide: Guide, position: int) -> Issue:
    cells = table.text.cells(position, check.columns)
    given = {name: cell for name, cell in cells.items() if cell}
    if not given:
        value = ""
        problem = "the cell is empty" if len(check.columns) == 1 else "the cells are empty"
    elif len(check.columns) == 1:
        value = cells[check.columns[0]]
        verdict = "not allowed" if check.severity == "error" else "doubtful"
        problem = f"{quote(value)} is {verdict}"
    else:
        value = ", ".join(f"{name}={cell[:_SHOWN]}" for name, cell in given.items())
        problem = f"found {value}"
    column, hint = guide(position)
    message = f"{problem}: expected {check.expected}"
    return row_issue(
        table.text, table.schema, position, column, value, check.name, message, hint, check.severity
    )


def _refers_to_a_row(name: str, typed: Mapping[str, TypedTable], column: str, text: str) -> bool:
    """Return whether a foreign key of one column finds a row; true if there is no such key."""
    for key in typed[name].schema.foreign_keys:
        other = typed.get(key.reference.resource or name)
        if key.fields == (column,) and other and text and other.text.complete:
            return text in other.texts(key.reference.fields[0])
    return True


def _unacknowledged(
    issues: dict[str, list[Issue]], tables: Mapping[str, TypedTable], complete: bool
) -> dict[str, list[Issue]]:
    """Leave out the warnings that the package accepts, and report acknowledgements of nothing.

    That an acknowledgement matches no warning is only known if all tables are checked.
    """
    table = tables.get(acknowledgements.TABLE)
    if table is None:
        return issues
    if not (table.text.complete and set(acknowledgements.COLUMNS) <= set(table.text.columns)):
        # It has its own issue; which warnings it accepts is not known, so none is reported.
        return {name: [i for i in own if i.severity == "error"] for name, own in issues.items()}
    rows = [tuple(row[column] for column in acknowledgements.COLUMNS) for row in table.text.rows()]
    accepted = set(rows)
    kept: dict[str, list[Issue]] = {name: [] for name in issues}
    matched = set()
    for name, own in issues.items():
        for issue in own:
            place = (name, issue.row or "", issue.rule)
            if issue.severity == "warning" and place in accepted:
                matched.add(place)
            else:
                kept[name].append(issue)
    for row, line in zip(rows, table.text.lines, strict=True) if complete else ():
        if row not in matched:
            _, key, rule = row
            message = f"there is no warning {rule!r} for this row"
            kept[acknowledgements.TABLE].append(
                Issue(
                    table.text.file, line, "rule", key, rule, "acknowledges-nothing", "warning",
                    message, "delete the line",
                )
            )  # fmt: skip
    return kept
