"""Faults with one cause are told once, as that cause.

A cell too many or too few shifts all cells behind it, two columns that were swapped are wrong in
every row, a missing row leaves every reference to it dangling. Each of these gives many issues;
here they become one, at the place where the mend is made.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence

from diffdata.descriptor import TableSchema
from diffdata.errors import nearest
from diffdata.validation.cells import fits, quote
from diffdata.validation.issue import Issue
from diffdata.validation.typed import TypedTable

# Issues about what one cell holds, against what its column asks for.
_CELL_RULES = {
    "type", "required", "enum", "pattern", "minimum", "maximum", "exclusive-minimum",
    "exclusive-maximum", "foreign-key",
}  # fmt: skip
_FEW = 3  # below this, issues are told one by one: a cause is not worth guessing
_MOST = 0.8  # of the rows of a table: what is wrong in so many is wrong with the column
_TRIED = 2000  # rows with several faults that are tried for a shift


def by_cause(issues: Iterable[Issue], table: TypedTable) -> list[Issue]:
    """Return the issues of a table, those with one cause as one."""
    found = _shifted_rows(list(issues), table)
    found = _swapped_columns(found, table)
    found = _whole_columns(found, table)
    return _dangling(found)


def _shifted_rows(issues: list[Issue], table: TypedTable) -> list[Issue]:
    """Join the issues of a row whose cells fit their columns if moved by one."""
    rows: dict[int, list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.line is not None and issue.rule in _CELL_RULES:
            rows[issue.line].append(issue)
    several = {line for line, found in rows.items() if len({i.column for i in found}) > 1}
    if not several or len(several) > _TRIED:
        return issues
    shifts = {}
    header = [name for name in table.schema.column_names if name in table.text.columns]
    for position, line in enumerate(table.text.lines):
        if line in several and position not in table.text.broken:
            cells = [table.text.cell(position, name) for name in header]
            columns = {str(issue.column) for issue in rows[line]}
            shift = _shift(cells, header, table.schema, columns)
            if shift is not None:
                shifts[line] = shift
    kept = [issue for issue in issues if issue.line not in shifts]
    for line, (start, step) in shifts.items():
        first = rows[line][0]
        way = "right" if step == 1 else "left"
        message = f"from {header[start]} on, the cells stand one column too far to the {way}"
        mend = "remove the cell too many" if step == 1 else "add the cell that is missing"
        hint = f"{mend}, at {header[start]} or before; all others fit their columns then"
        kept.append(
            dataclasses.replace(
                first, column=header[start], value=None, rule="shifted-row", severity="error",
                message=message, hint=hint,
            )
        )  # fmt: skip
    return kept


def _shift(
    cells: Sequence[str], header: Sequence[str], schema: TableSchema, faulty: set[str]
) -> tuple[int, int] | None:
    """Return where a row is shifted, and by +1 (right) or -1 (left); None if it is not."""
    fields = [schema.field(name) for name in header]
    own = [fits(cell, field, schema) for cell, field in zip(cells, fields, strict=True)]
    wrong = [place for place, name in enumerate(header) if name in faulty]
    for step in (1, -1):
        for start in range(wrong[0], -1, -1):
            moved = range(start, len(cells) - 1) if step == 1 else range(start + 1, len(cells))
            behind = all(fits(cells[place + step], fields[place], schema) for place in moved)
            told = sum(bool(cells[place + step]) for place in moved)
            if behind and all(own[:start]) and told >= _FEW:
                return start, step
    return None


def _swapped_columns(issues: list[Issue], table: TypedTable) -> list[Issue]:
    """Find two columns whose contents stand under each other's name."""
    wrong = _mostly_wrong(issues, table)
    for first in wrong:
        for second in wrong:
            if first < second and _fit_each_other(first, second, table):
                message = f"the cells of {first} stand under {second}, and the other way round"
                swapped = Issue(
                    table.text.file, 1, first, None, None, "swapped-columns", "error", message,
                    "swap the two columns below the header, or their names in it",
                )  # fmt: skip
                rest = [issue for issue in issues if issue.column not in (first, second)]
                return [*rest, swapped]
    return issues


def _mostly_wrong(issues: Iterable[Issue], table: TypedTable) -> list[str]:
    """Return the columns that most rows have a fault in."""
    lines: dict[str, set[int]] = defaultdict(set)
    for issue in issues:
        if issue.rule in _CELL_RULES and issue.column and issue.line is not None:
            lines[issue.column].add(issue.line)
    least = max(_FEW, _MOST * len(table.text) / 2)
    return sorted(name for name, found in lines.items() if len(found) >= least)


def _fit_each_other(first: str, second: str, table: TypedTable) -> bool:
    schema = table.schema
    sample = range(0, len(table.text), max(1, len(table.text) // 50))
    return all(
        fits(table.text.cell(position, here), schema.field(there), schema)
        for position in sample
        for here, there in ((first, second), (second, first))
    )


def _whole_columns(issues: list[Issue], table: TypedTable) -> list[Issue]:
    """Join the issues of a column that is wrong in nearly every row, for the same reason."""
    groups: dict[tuple[str | None, str], list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.rule in _CELL_RULES - {"foreign-key", "required"}:
            groups[issue.column, issue.rule].append(issue)
    joined = {key for key, found in groups.items() if len(found) > max(10, _MOST * len(table.text))}
    kept = [issue for issue in issues if (issue.column, issue.rule) not in joined]
    for key in joined:
        first, number = groups[key][0], len(groups[key])
        message = f"{first.message}; so in {number} of {len(table.text)} rows"
        kept.append(dataclasses.replace(first, message=message))
    return kept


def _dangling(issues: list[Issue]) -> list[Issue]:
    """Join the references from one column to one missing row."""
    groups: dict[tuple[str, str], list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.rule == "foreign-key":
            groups[str(issue.column), str(issue.value)].append(issue)
    kept = [issue for issue in issues if issue.rule != "foreign-key"]
    for (_, value), found in groups.items():
        if len(found) == 1:
            kept += found
            continue
        lines = [str(issue.line) for issue in found]
        listed = ", ".join(lines[1:9]) + (", ..." if len(lines) > 9 else "")
        message = f"{found[0].message}; {len(found)} rows refer to {quote(value)}"
        kept.append(dataclasses.replace(found[0], message=f"{message} (also in line {listed})"))
    return kept


def mistyped_keys(issues: list[Issue], tables: dict[str, TypedTable]) -> list[Issue]:
    """Replace dangling references by the one row whose key was mistyped, where that can be told.

    It can where all references to a missing key dangle, and the table that should have it holds a
    key spelt much like it to which nothing refers.

    Parameters
    ----------
    issues
        The issues of all tables.
    tables
        The tables by name.
    """
    dangling: dict[tuple[str, str], list[Issue]] = defaultdict(list)
    named = {table.text.file: table for table in tables.values()}
    for issue in issues:
        if issue.rule == "foreign-key" and issue.file in named and issue.value:
            target = _target(named[issue.file].schema, str(issue.column))
            if target in tables:
                dangling[str(target), issue.value].append(issue)
    replaced: list[Issue] = []
    gone: set[int] = set()
    for (target, value), found in dangling.items():
        row = _orphan_like(value, target, tables)
        if row is not None and (len(found) > 1 or "rows refer to" in found[0].message):
            gone |= {id(issue) for issue in found}
            replaced.append(_mistyped(tables[target], row, value, found))
    return [issue for issue in issues if id(issue) not in gone] + replaced


def _target(schema: TableSchema, column: str) -> str | None:
    """Return the table to whose own key a column refers."""
    for key in schema.foreign_keys:
        if key.fields == (column,):
            return key.reference.resource or None
    return None


def _orphan_like(value: str, target: str, tables: dict[str, TypedTable]) -> int | None:
    """Return the row of a table whose key is spelt like a value and referred to by nothing."""
    table = tables[target]
    if len(table.schema.primary_key) != 1:
        return None
    keys: list[str] = table.values[table.schema.primary_key[0]].to_pylist()
    used: set[str] = set()
    for other in tables.values():
        for key in other.schema.foreign_keys:
            if key.reference.resource == target and len(key.fields) == 1:
                used |= set(other.values[key.fields[0]].to_pylist())
    alike = nearest(value, {key for key in keys if key and key not in used})
    return keys.index(alike[0]) if len(alike) == 1 else None


def _mistyped(table: TypedTable, position: int, value: str, found: list[Issue]) -> Issue:
    name = table.schema.primary_key[0]
    cell = table.text.cell(position, name)
    files = sorted({issue.file for issue in found})
    message = f"nothing refers to {quote(cell)}, but {', '.join(files)} to {quote(value)}"
    return Issue(
        table.text.file, table.text.lines[position], name, f"{name}={cell}", cell,
        "mistyped-key", "error", message, f"did you mean {value}? Ids never change",
    )  # fmt: skip
