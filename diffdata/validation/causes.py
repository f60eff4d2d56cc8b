"""Several issues with one cause are reported once, as that cause.

A cell too many or too few shifts all cells after it, two swapped columns are wrong in every row, a
missing row breaks every reference to it. Each gives many issues; here they become one, at the place
where the data must be fixed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from diffdata.errors import Issue
from diffdata.types.text import quote
from diffdata.validation.cells import fits
from diffdata.validation.suggestions import speller
from diffdata.validation.typed import Found, TypedTable

# Whether a text of a column, if a foreign key has this column, refers to a row that exists.
Refers = Callable[[str, str], bool]
Causes = Iterator[tuple[Iterable[Issue], Issue]]  # groups of issues, each with its cause

# Rules about one cell, which its column states.
_CELL_RULES = {
    "type", "required", "enum", "pattern", "minimum", "maximum", "exclusive-minimum",
    "exclusive-maximum", "foreign-key",
}  # fmt: skip
_FEW = 3  # with fewer issues no cause is guessed
_MOST = 0.8  # of the rows of a table: a fault in so many is a fault of the column
_TRIED = 2000  # rows with several faults for which a shift is tried
_LISTED = 8  # places that a message lists


def by_cause(found: Found, table: TypedTable, refers: Refers) -> list[Issue]:
    """Return the issues of a table, those with one cause as one."""
    issues = found.issues
    for search in (
        _swapped_columns, _mixed_up_rows, _rows_of_one_length, _encoded_twice, _faulty_columns
    ):  # fmt: skip
        joined: set[int] = set()
        causes = []
        for group, cause in search(issues, found, table, refers):
            joined.update(map(id, group))
            causes.append(cause)
        issues = [*(issue for issue in issues if id(issue) not in joined), *causes]
    return issues


def _swapped_columns(issues: list[Issue], _: Found, table: TypedTable, refers: Refers) -> Causes:
    """Find two columns whose contents are under each other's name."""
    lines: dict[str, set[int]] = defaultdict(set)
    for issue in issues:
        if issue.rule in _CELL_RULES and issue.column and issue.line is not None:
            lines[issue.column].add(issue.line)
    least = max(_FEW, _MOST * len(table.text) / 2)
    wrong = sorted(name for name, faulty in lines.items() if len(faulty) >= least)[:20]
    for number, first in enumerate(wrong):
        for second in wrong[number + 1 :]:
            if _fit_each_other(first, second, table, refers):
                message = f"the cells of {first} are under {second}, and the other way round"
                hint = "swap the two columns below the header, or their names in it"
                cause = Issue(
                    table.text.file, 1, first, rule="swapped-columns", message=message, hint=hint
                )
                yield [issue for issue in issues if issue.column in (first, second)], cause
                return


def _fit_each_other(first: str, second: str, table: TypedTable, refers: Refers) -> bool:
    schema, rows = table.schema, len(table.text)
    for position in range(0, rows, max(1, rows // 50)):
        for here, there in ((first, second), (second, first)):
            cell = table.text.cell(position, here)
            if not fits(cell, schema.field(there), schema) or (cell and not refers(there, cell)):
                return False
    return True


def _mixed_up_rows(issues: list[Issue], _: Found, table: TypedTable, refers: Refers) -> Causes:
    """Find rows whose cells fit their columns if they are moved by one, or if two are swapped."""
    rows: dict[int, list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.line is not None and issue.severity == "error":
            rows[issue.line].append(issue)
    several = {line: own for line, own in rows.items() if len(_faulty_columns_of(own)) > 1}
    for line, own in several.items() if len(several) <= _TRIED else ():
        position = bisect_left(table.text.lines, line)
        if position < len(table.text) and position not in table.text.broken:
            cells = table.text.cells(
                position, [name for name in table.schema.column_names if name in table.text.columns]
            )
            cause = _swap(cells, own, table, refers) or _shift(cells, own, table)
            if cause is not None:
                yield own, cause


def _faulty_columns_of(issues: Iterable[Issue]) -> set[str]:
    return {str(issue.column) for issue in issues if issue.rule in _CELL_RULES}


def _swap(
    cells: Mapping[str, str], found: Sequence[Issue], table: TypedTable, refers: Refers
) -> Issue | None:
    """Return the issue that two cells of a row are swapped, if they are."""
    names, schema = sorted(_faulty_columns_of(found)), table.schema
    if len(names) != 2:
        return None
    first, second = names
    here, there = cells[first], cells[second]
    fit = fits(here, schema.field(second), schema) and fits(there, schema.field(first), schema)
    if not (fit and here and there and refers(second, here) and refers(first, there)):
        return None
    message = f"{quote(here)} under {first} and {quote(there)} under {second} are swapped"
    return _cause(found[0], first, "swapped-cells", message, "swap the two cells")


def _shift(cells: Mapping[str, str], found: Sequence[Issue], table: TypedTable) -> Issue | None:
    """Return the issue that a row is shifted by one column, if it is."""
    schema, header, texts = table.schema, list(cells), list(cells.values())
    fields = [schema.field(name) for name in header]
    own = [fits(text, field, schema) for text, field in zip(texts, fields, strict=True)]
    faulty = _faulty_columns_of(found)
    wrong = next(place for place, name in enumerate(header) if name in faulty)
    for step in (1, -1):
        moved_fits = [
            0 <= place + step < len(texts) and fits(texts[place + step], field, schema)
            for place, field in enumerate(fields)
        ]
        for start in range(wrong, -1, -1):
            moved = range(start, len(texts) - 1) if step == 1 else range(start + 1, len(texts))
            filled = sum(bool(texts[place + step]) for place in moved)
            if all(moved_fits[place] for place in moved) and all(own[:start]) and filled >= _FEW:
                column = header[wrong]  # the first that does not fit: it has moved for sure
                way, fix = ("right", "remove the extra cell")
                if step == -1:
                    way, fix = ("left", "add the missing cell")
                return _cause(
                    next(issue for issue in found if issue.rule in _CELL_RULES), column,
                    "shifted-row",
                    f"from {column} on, the cells are one column too far to the {way}",
                    f"{fix}, from {header[start]} to {column}; all others fit their columns then",
                )  # fmt: skip
    return None


def _cause(first: Issue, column: str, rule: str, message: str, hint: str) -> Issue:
    return replace(
        first, column=column, value=None, rule=rule, severity="error", message=message, hint=hint
    )


def _rows_of_one_length(issues: list[Issue], _: Found, table: TypedTable, __: Refers) -> Causes:
    """Find that all rows have the same wrong length: then the header is wrong."""
    group = [issue for issue in issues if issue.rule == "row-length"]
    least = max(_FEW, _MOST * len(table.text))
    if len(group) >= least and len({issue.message for issue in group}) == 1:
        message = f"{group[0].message}, in {len(group):,} of {len(table.text):,} rows"
        hint = "does the header have a cell too many or too few?"
        yield group, replace(group[0], column=None, row=None, message=message, hint=hint)


def _encoded_twice(issues: list[Issue], found: Found, _: TypedTable, __: Refers) -> Causes:
    """Find the cells of a file that was read in one encoding and saved in another."""
    group = [issue for issue in issues if issue.rule == "encoding"]
    if len(group) > 1:
        first = min(group, key=lambda issue: issue.line or 0)
        number = sum(times for (_, rule), times in found.counts.items() if rule == "encoding")
        yield group, replace(first, message=f"{first.message}; the file has {number:,} such cells")


def _faulty_columns(issues: list[Issue], found: Found, table: TypedTable, _: Refers) -> Causes:
    """Find columns that are wrong in nearly every row, for the same reason."""
    groups: dict[tuple[str | None, str], list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.rule in _CELL_RULES - {"foreign-key"}:
            groups[issue.column, issue.rule].append(issue)
    for key, group in groups.items():
        number = found.counts[key]
        if number > max(10, _MOST * len(table.text)):
            message = f"{group[0].message}; in {number:,} of {len(table.text):,} rows"
            yield group, replace(group[0], message=message)
            found.counts[key] = 1  # all of them are reported with that


Tables = Mapping[str, TypedTable]
Group = list[tuple[str, Issue]]  # issues, each with its table


def joined_references(issues: dict[str, list[Issue]], tables: Tables) -> dict[str, list[Issue]]:
    """Join the references to one missing row, given the issues of each table.

    If the table that should have the row has one with a similar key to which nothing refers, that
    key was mistyped: then the issue is reported there.
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
    unused = {
        target: _UnusedKeys(tables, target, kept[target])
        for target in {target for target, _ in groups} & kept.keys()
    }
    for (target, value), group in groups.items():
        row = unused[target].meant_by(value, len(group) > 1) if target in unused else None
        if row is not None:
            _report_mistyped_key(kept[target], tables[target], row, value, group)
        else:
            name, issue = group[0]
            kept[name].append(_missing_row(issue, value, group))
    return kept


def _target(name: str, issue: Issue, tables: Tables) -> str | None:
    """Return the table to which a reference without a row points."""
    for key in tables[name].schema.foreign_keys:
        complete = len(key.fields) == 1 or (issue.value or "").startswith(f"{key.fields[0]}=")
        if issue.column in key.fields and complete:
            target = key.reference.resource or name
            return target if target in tables else None
    return None


def _missing_row(issue: Issue, value: str, group: Group) -> Issue:
    """Return one issue for all references to a missing row."""
    if len(group) == 1:
        return issue
    places = [
        f"line {other.line}" if other.file == issue.file else f"{other.file}:{other.line}"
        for _, other in group[1:]
    ]
    listed = ", ".join(places[:_LISTED]) + (", ..." if len(places) > _LISTED else "")
    message = f"{issue.message}; {len(group)} rows refer to {quote(value)} (also {listed})"
    return replace(issue, message=message)


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

    def meant_by(self, value: str, several: bool) -> int | None:
        """Return the row whose key was meant to be a value; None if that is not clear.

        A single reference is as likely to be mistyped as the key, unless the key has a fault.
        """
        if not self._rows:
            return None
        alike = self._alike(value)
        faulty = [name for name in alike if name in self._faulty]
        if faulty or (several and len(alike) == 1):
            return self._rows[[*faulty, *alike][0]]
        return self._rows[""] if not alike and "" in self._faulty else None


def _report_mistyped_key(
    issues: list[Issue], table: TypedTable, position: int, value: str, group: Group
) -> None:
    """Report at a key that it was probably mistyped, in its own issue if it has one."""
    name, line = table.schema.primary_key[0], table.text.lines[position]
    cell = table.text.cell(position, name)
    files = sorted({issue.file for _, issue in group})
    shown = ", ".join(files[:_LISTED]) + (", ..." if len(files) > _LISTED else "")
    references = f"{shown} refer{'s' if len(files) == 1 else ''} to {quote(value)}"
    for place, issue in enumerate(issues):
        if issue.line == line and issue.column == name:
            message = f"{issue.message}; {references}"
            hint = f"did you mean {value}?" if value not in issue.hint else issue.hint
            issues[place] = replace(issue, message=message, hint=hint)
            return
    message = f"nothing refers to {quote(cell)}, but {references}"
    hint = f"did you mean {value}? Ids never change"
    issues.append(
        Issue(table.text.file, line, name, f"{name}={cell}", cell, "mistyped-key",
              message=message, hint=hint)
    )  # fmt: skip
