"""Faults with one cause are told once, as that cause.

A cell too many or too few shifts all cells behind it, two columns that were swapped are wrong in
every row. Each of these gives many issues; here they become one, where the mend is made.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from diffdata.errors import Issue
from diffdata.schemas.standard import TableSchema
from diffdata.validation.cells import fits, quote
from diffdata.validation.found import Found
from diffdata.validation.typed import TypedTable

Holds = Callable[[str, str], bool]  # whether a reference, of a column and with a text, finds a row

# Issues about what one cell holds, against what its column asks for.
_CELL_RULES = {
    "type", "required", "enum", "pattern", "minimum", "maximum", "exclusive-minimum",
    "exclusive-maximum", "foreign-key",
}  # fmt: skip
_FEW = 3  # below this, issues are told one by one: a cause is not worth guessing
_MOST = 0.8  # of the rows of a table: what is wrong in so many is wrong with the column
_TRIED = 2000  # rows with several faults that are tried for a shift


def by_cause(found: Found, table: TypedTable, holds: Holds) -> list[Issue]:
    """Return the issues of a table, those with one cause as one."""
    issues = _swapped_columns(found.issues, table, holds)
    issues = _mixed_up_rows(issues, table, holds)
    issues = _rows_of_one_length(issues, table)
    issues = _encoded_twice(issues, found)
    return _whole_columns(issues, found, table)


def _mixed_up_rows(issues: list[Issue], table: TypedTable, holds: Holds) -> list[Issue]:
    """Join the issues of a row whose cells fit their columns if moved by one, or if swapped."""
    rows: dict[int, list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.line is not None and issue.severity == "error":
            rows[issue.line].append(issue)
    several = [
        line
        for line, own in rows.items()
        if len({issue.column for issue in own if issue.rule in _CELL_RULES}) > 1
    ]
    if not several or len(several) > _TRIED:
        return issues
    told = {}
    header = [name for name in table.schema.column_names if name in table.text.columns]
    for line in several:
        position = bisect_left(table.text.lines, line)
        if position < len(table.text) and position not in table.text.broken:
            cells = [table.text.cell(position, name) for name in header]
            cell_issues = [issue for issue in rows[line] if issue.rule in _CELL_RULES]
            cause = _swap(cells, header, table.schema, rows[line], holds)
            cause = cause or _shift(cells, header, table.schema, cell_issues)
            if cause is not None:
                told[line] = cause
    kept = [issue for issue in issues if issue.line not in told or issue.severity != "error"]
    return [*kept, *told.values()]


def _swap(
    cells: Sequence[str], header: Sequence[str], schema: TableSchema, found: Sequence[Issue],
    holds: Holds,
) -> Issue | None:  # fmt: skip
    """Return the issue that two cells of a row stand in each other's place, if they do."""
    names = sorted({str(issue.column) for issue in found if issue.rule in _CELL_RULES})
    if len(names) != 2:
        return None
    first, second = names
    here, there = cells[header.index(first)], cells[header.index(second)]
    fit = fits(here, schema.field(second), schema) and fits(there, schema.field(first), schema)
    if not (fit and here and there and holds(second, here) and holds(first, there)):
        return None
    message = f"{quote(here)} under {first} and {quote(there)} under {second} have changed places"
    return _cause(found, first, "swapped-cells", message, "swap the two cells")


def _shift(
    cells: Sequence[str], header: Sequence[str], schema: TableSchema, found: Sequence[Issue]
) -> Issue | None:
    """Return the issue that a row is shifted by one column, if it is."""
    fields = [schema.field(name) for name in header]
    own = [fits(cell, field, schema) for cell, field in zip(cells, fields, strict=True)]
    faulty = {issue.column for issue in found}
    wrong = [place for place, name in enumerate(header) if name in faulty]
    for step in (1, -1):
        behind = [
            0 <= place + step < len(cells) and fits(cells[place + step], field, schema)
            for place, field in enumerate(fields)
        ]
        for start in range(wrong[0], -1, -1):
            moved = range(start, len(cells) - 1) if step == 1 else range(start + 1, len(cells))
            told = sum(bool(cells[place + step]) for place in moved)
            if all(behind[place] for place in moved) and all(own[:start]) and told >= _FEW:
                way = "right" if step == 1 else "left"
                column = header[wrong[0]]  # the first that does not fit: it moved for sure
                message = f"from {column} on, the cells stand one column too far to the {way}"
                mend = "remove the cell too many" if step == 1 else "add the cell that is missing"
                hint = (
                    f"{mend}, from {header[start]} to {column}; all others fit their columns then"
                )
                return _cause(found, column, "shifted-row", message, hint)
    return None


def _cause(found: Sequence[Issue], column: str, rule: str, message: str, hint: str) -> Issue:
    return dataclasses.replace(
        found[0], column=column, value=None, rule=rule, severity="error", message=message, hint=hint
    )


def _swapped_columns(issues: list[Issue], table: TypedTable, holds: Holds) -> list[Issue]:
    """Find two columns whose contents stand under each other's name."""
    wrong = _mostly_wrong(issues, table)
    for first in wrong:
        for second in wrong:
            if first < second and _fit_each_other(first, second, table, holds):
                message = f"the cells of {first} stand under {second}, and the other way round"
                swapped = Issue(
                    table.text.file, 1, first, None, None, "swapped-columns", "error", message,
                    "swap the two columns below the header, or their names in it",
                )  # fmt: skip
                rest = [issue for issue in issues if issue.column not in (first, second)]
                return [*rest, swapped]
    return issues


def _mostly_wrong(issues: Iterable[Issue], table: TypedTable) -> list[str]:
    """Return the columns that many rows have a fault in."""
    lines: dict[str, set[int]] = defaultdict(set)
    for issue in issues:
        if issue.rule in _CELL_RULES and issue.column and issue.line is not None:
            lines[issue.column].add(issue.line)
    least = max(_FEW, _MOST * len(table.text) / 2)
    return sorted(name for name, found in lines.items() if len(found) >= least)[:20]


def _fit_each_other(first: str, second: str, table: TypedTable, holds: Holds) -> bool:
    schema = table.schema
    for position in range(0, len(table.text), max(1, len(table.text) // 50)):
        for here, there in ((first, second), (second, first)):
            cell = table.text.cell(position, here)
            if not fits(cell, schema.field(there), schema) or (cell and not holds(there, cell)):
                return False
    return True


def _rows_of_one_length(issues: list[Issue], table: TypedTable) -> list[Issue]:
    """Join the issues of rows that all have the same wrong length: the header is what is wrong."""
    found = [issue for issue in issues if issue.rule == "row-length"]
    if len(found) < max(_FEW, _MOST * len(table.text)) or len({i.message for i in found}) > 1:
        return issues
    message = f"{found[0].message}; so have {len(found):,} of {len(table.text):,} rows"
    hint = "does the header have a cell too many or too few?"
    first = dataclasses.replace(found[0], column=None, row=None, message=message, hint=hint)
    return [*(issue for issue in issues if issue.rule != "row-length"), first]


def _encoded_twice(issues: list[Issue], found: Found) -> list[Issue]:
    """Join the cells of a file that was saved in another encoding than it was read."""
    cells = [issue for issue in issues if issue.rule == "encoding"]
    if len(cells) < 2:
        return issues
    first = min(cells, key=lambda issue: issue.line or 0)
    number = sum(times for (_, rule), times in found.counts.items() if rule == "encoding")
    message = f"{first.message}; the file has {number:,} such cells"
    kept = [issue for issue in issues if issue.rule != "encoding"]
    return [*kept, dataclasses.replace(first, message=message)]


def _whole_columns(issues: list[Issue], found: Found, table: TypedTable) -> list[Issue]:
    """Join the issues of a column that is wrong in nearly every row, for the same reason."""
    groups: dict[tuple[str | None, str], list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.rule in _CELL_RULES - {"foreign-key"}:
            groups[issue.column, issue.rule].append(issue)
    least = max(10, _MOST * len(table.text))
    joined = {key for key in groups if found.counts[key] > least}
    kept = [issue for issue in issues if (issue.column, issue.rule) not in joined]
    for key in joined:
        first = groups[key][0]
        message = f"{first.message}; so in {found.counts[key]:,} of {len(table.text):,} rows"
        kept.append(dataclasses.replace(first, message=message))
        found.counts[key] = 1  # as all are told
    return kept
