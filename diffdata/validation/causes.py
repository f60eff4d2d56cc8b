"""Where the data must be fixed: the cell that a broken check points at, and how to fix it.

Several issues with one cause are reported once.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import pyarrow.compute as pc

from diffdata.errors import Issue
from diffdata.schemas.rules import Check
from diffdata.schemas.standard import ForeignKey
from diffdata.schemas.stated import (
    Agree,
    AllOrNone,
    DatePrecision,
    EmptyIf,
    ExactlyOne,
    Ordered,
    RequiredIf,
    Rule,
)
from diffdata.types.text import quote
from diffdata.validation.rowwise import plain_text
from diffdata.validation.shape import fits
from diffdata.validation.suggestions import (
    speller,
    strange_letters,
    suggested_form,
    suggested_share,
)
from diffdata.validation.typed import Found, TypedTable

Hint = Callable[[int], str]  # from the position of a row
Guide = Callable[[int], tuple[str, str]]  # the column that an issue names, and its hint
# Whether a text of a column, if a foreign key has this column, refers to a row that exists.
Refers = Callable[[str, str], bool]
Causes = Iterator[tuple[Sequence[Issue], Issue]]  # groups of issues, each with its cause
Tables = Mapping[str, TypedTable]
Group = list[tuple[str, Issue]]  # issues, each with its table

# Rules about one cell, which its column states.
_CELL_RULES = {
    "type", "required", "enum", "pattern", "minimum", "maximum", "exclusive-minimum",
    "exclusive-maximum", "foreign-key",
}  # fmt: skip
_FEW = 3  # with fewer issues no cause is guessed
_MOST = 0.8  # of the rows of a table: a fault in so many is a fault of the column
_TRIED = 2000  # rows with several faults for which a shift is tried
_LISTED = 8  # places that a message lists


def guide_of(table: TypedTable, check: Check) -> Guide:
    """Return a function that says, for a row that breaks a check, which cell to fix and how."""
    in_order = cache(lambda name: sorted(table.values[name].drop_null().to_pylist()))
    for rule in table.schema.rules:
        if rule.name == check.name:
            return lambda position: (
                _faulty_column(table, rule, check, position, in_order), rule.reason,
            )  # fmt: skip
    hint = _hint_of(table, check)
    return lambda position: (check.columns[0], hint(position))


def _hint_of(table: TypedTable, check: Check) -> Hint:
    column = check.columns[0]
    field = table.schema.field(column)
    match check.name:
        case "enum":
            alike = speller(map(str, field.constraints.enum or ()))

            def similar(position: int) -> str:
                text = table.text.cell(position, column)
                meant = [f"did you mean {found}?" for found in alike(text)[:1]]
                return " ".join([*meant, *filter(None, [strange_letters(text)])])

            return similar
        case "pattern":
            pattern = str(field.constraints.pattern)
            return lambda position: suggested_form(table.text.cell(position, column), pattern)
        case "primary-key" | "unique" if check.unique:
            return _same_key(table, check.columns)
        case "required":
            return lambda _: "fill it in from the source; a row without it cannot be used"
        case "maximum" | "exclusive-maximum":
            limit = field.constraints.maximum or field.constraints.exclusive_maximum
            if field.type == "number" and limit == 1:
                values = table.values[column]
                return lambda position: suggested_share(values[position].as_py())
    return lambda _: ""


def _same_key(table: TypedTable, columns: tuple[str, ...]) -> Hint:
    """Name the line of the first row with the same key."""

    @cache
    def first_rows() -> dict[tuple[object, ...], int]:
        keys = list(zip(*(table.values[name].to_pylist() for name in columns), strict=True))
        return {key: position for position, key in reversed(list(enumerate(keys)))}

    def hint(position: int) -> str:
        other = first_rows()[tuple(table.values[name][position].as_py() for name in columns)]
        (file, line), (here, _) = (table.text.place(table.text.lines[n]) for n in (other, position))
        place, every = (
            f"line {line}" if file == here else f"{file}:{line}",
            list(table.text.columns),
        )
        if table.text.cells(other, every) == table.text.cells(position, every):
            return f"the row is the same as that in {place}; delete one"
        return f"{place} has the same"

    return hint


def reference_guide(key: ForeignKey, target: TypedTable, table: TypedTable) -> Guide:
    """Return a function that names the id that was meant, and where to add a missing one."""
    file, (column, *others) = target.text.file, key.reference.fields

    @cache
    def alike() -> Callable[[str], list[str]]:
        return speller(map(str, pc.unique(target.values[column]).drop_null().to_pylist()))

    @cache
    def called() -> dict[str, list[tuple[str, str]]]:
        """Return, by each text in the other columns, the keys of its rows, with the column."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        keys = target.values[column].to_pylist()
        for name, cells in target.text.columns.items():
            for key_of_row, cell in zip(keys, cells.to_pylist(), strict=True):
                if cell and name != column:
                    found[plain_text(cell)].append((str(key_of_row), name))
        return found

    @cache
    def partners() -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        columns = [target.values[name].to_pylist() for name in key.reference.fields]
        for first, *rest in zip(*columns, strict=True):
            found[str(first)].append(", ".join(map(str, rest)))
        return found

    def guide(position: int) -> tuple[str, str]:
        text = table.text.cell(position, key.fields[0])
        if not others:
            close, strange = alike()(text), strange_letters(text)
            fix = f"did you mean {close[0]}? If not, fix the id" if close else "fix the id"
            if len(rows := called().get(plain_text(text), [])) == 1:
                fix = f"write {rows[0][0]}, whose {rows[0][1]} this is; if not, fix the id"
            return key.fields[0], f"{fix} or add the row to {file}" + f"; {strange}" * bool(strange)
        if text not in partners():
            return key.fields[0], f"{file} has no {text}; fix it, or add the row"
        # The first part is right: name what belongs to it, such as the units of a quantity.
        listed = " or ".join(partners()[text][:5])
        hint = f"in {file}, {text} has the {', '.join(others)} {listed}; fix it or add a row"
        return key.fields[-1], hint

    return guide


def _faulty_column(
    table: TypedTable, rule: Rule, check: Check, position: int,
    in_order: Callable[[str], list[Any]],
) -> str:  # fmt: skip
    """Return the column that an issue names: of several, the one whose fix is enough.

    Where either of two is, it is the one whose value is the more unusual among those of its column,
    which ``in_order`` returns.
    """
    columns = check.columns
    filled = [name for name in columns if table.text.cell(position, name)]
    empty = [name for name in columns if name not in filled]
    match rule:
        case Ordered():
            # The one without which the values of the others are in order.
            values = {name: table.values[name][position].as_py() for name in columns}
            given = {name: value for name, value in values.items() if value is not None}
            for name in given:
                rest = [value for other, value in given.items() if other != name]
                if rest == sorted(rest) and len(rest) > 1:
                    return name

            def distance(name: str) -> float:
                values = in_order(name)
                first, middle, last = (values[len(values) * part // 4] for part in (1, 2, 3))
                try:
                    away: float = abs(given[name] - middle) / (last - first)
                except (TypeError, ZeroDivisionError):  # texts, or values that are all alike
                    return 0.0 if given[name] == middle else math.inf
                return away

            return max(given, key=distance, default=columns[0])
        case ExactlyOne():
            return filled[-1] if filled else columns[0]
        case AllOrNone() | DatePrecision():
            return empty[0] if empty else columns[0]
        case RequiredIf() | EmptyIf():
            wrong = filled if isinstance(rule, EmptyIf) else empty
            named = [n for n in wrong if n in rule.columns]
            if isinstance(rule, RequiredIf) and not named:
                named = [n for n in filled if n in rule.columns]
            return named[0] if len(named) == 1 else rule.when.column
        case Agree(by=by) if (key := table.values[by[0]][position].as_py()) is not None:
            # What many rows agree about is hardly wrong in all of them.
            alike = bisect_right(in_order(by[0]), key) - bisect_left(in_order(by[0]), key)
            return rule.columns[0] if alike > _FEW else by[0]
    return columns[0]


def by_cause(found: Found, table: TypedTable, refers: Refers) -> list[Issue]:
    """Return the issues of a table, those with one cause as one."""
    issues = _joined(found.issues, _swapped_columns(found.issues, table, refers))
    issues = _joined(issues, _mixed_up_rows(issues, table, refers))
    return _joined(issues, _frequent_faults(issues, table, found.counts))


def _joined(issues: list[Issue], causes: Causes) -> list[Issue]:
    """Replace groups of issues by their causes."""
    found = list(causes)
    joined = {id(issue) for group, _ in found for issue in group}
    kept = [issue for issue in issues if id(issue) not in joined]
    return [*kept, *(cause for _, cause in found)]


def _swapped_columns(issues: list[Issue], table: TypedTable, refers: Refers) -> Causes:
    """Find two columns whose contents are under each other's name."""
    lines: dict[str, set[int]] = defaultdict(set)
    for issue in issues:
        if issue.rule in _CELL_RULES and issue.column and issue.line is not None:
            lines[issue.column].add(issue.line)
    rows = len(table.text)
    least = max(_FEW, _MOST * rows / 2)
    wrong = sorted(name for name, faulty in lines.items() if len(faulty) >= least)[:20]
    for pair in combinations(wrong, 2):
        samples = (table.text.cells(place, pair) for place in range(0, rows, max(1, rows // 50)))
        if all(_fit_swapped(cells, table, refers) for cells in samples):
            message = f"the cells of {pair[0]} are under {pair[1]}, and the other way round"
            hint = "swap the two columns below the header, or their names in it"
            cause = Issue(
                table.text.file, 1, pair[0], rule="swapped-columns", message=message, hint=hint
            )
            yield [issue for issue in issues if issue.column in pair], cause
            return


def _fit_swapped(cells: Mapping[str, str], table: TypedTable, refers: Refers) -> bool:
    """Return whether two cells of a row, by their columns, fit each other's column."""
    return all(
        fits(cell, table.schema.field(column), table.schema) and (not cell or refers(column, cell))
        for column, cell in zip(cells, [*cells.values()][::-1], strict=True)
    )


def _mixed_up_rows(issues: list[Issue], table: TypedTable, refers: Refers) -> Causes:
    """Find rows whose cells fit their columns if they are moved by one, or if two are swapped."""
    rows: dict[int, list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.line is not None and issue.severity == "error":
            rows[issue.line].append(issue)
    faulty = {
        line: {str(issue.column) for issue in own if issue.rule in _CELL_RULES}
        for line, own in rows.items()
    }
    several = [line for line, columns in faulty.items() if len(columns) > 1]
    for line in several if len(several) <= _TRIED else ():
        position = bisect_left(table.text.lines, line)
        if position < len(table.text) and position not in table.text.broken:
            columns = [name for name in table.schema.column_names if name in table.text.columns]
            cells = table.text.cells(position, columns)
            found = _swap(cells, faulty[line], table, refers) or _shift(cells, faulty[line], table)
            if found is not None:
                column, rule, message, hint = found
                yield rows[line], replace(
                    next(issue for issue in rows[line] if issue.rule in _CELL_RULES),
                    column=column, value=None, rule=rule, message=message, hint=hint,
                )  # fmt: skip


_Fault = tuple[str, str, str, str]  # column, rule, message and hint


def _swap(
    cells: Mapping[str, str], faulty: set[str], table: TypedTable, refers: Refers
) -> _Fault | None:
    """Return the fault that two cells of a row are swapped, if they are."""
    if len(faulty) != 2:
        return None
    first, second = sorted(faulty)
    here, there = cells[first], cells[second]
    if not (here and there and _fit_swapped({first: here, second: there}, table, refers)):
        return None
    message = f"{quote(here)} under {first} and {quote(there)} under {second} are swapped"
    return first, "swapped-cells", message, "swap the two cells"


def _shift(cells: Mapping[str, str], faulty: set[str], table: TypedTable) -> _Fault | None:
    """Return the fault that a row is shifted by one column, if it is."""
    schema, header, texts = table.schema, list(cells), list(cells.values())
    fields = [schema.field(name) for name in header]
    own = [fits(text, field, schema) for text, field in zip(texts, fields, strict=True)]
    wrong = next(place for place, name in enumerate(header) if name in faulty)
    for step, way, fix in (
        (1, "right", "remove the extra cell"), (-1, "left", "add the missing cell")
    ):  # fmt: skip
        moved_fits = [
            0 <= place + step < len(texts) and fits(texts[place + step], field, schema)
            for place, field in enumerate(fields)
        ]
        for start in range(wrong, -1, -1):
            moved = range(start, len(texts) - 1) if step == 1 else range(start + 1, len(texts))
            filled = sum(bool(texts[place + step]) for place in moved)
            if all(moved_fits[place] for place in moved) and all(own[:start]) and filled >= _FEW:
                column = header[wrong]  # the first that does not fit: it has moved for sure
                message = f"from {column} on, the cells are one column too far to the {way}"
                hint = f"{fix}, from {header[start]} to {column}; all others fit their columns then"
                return column, "shifted-row", message, hint
    return None


def _frequent_faults(
    issues: list[Issue], table: TypedTable, counts: Counter[tuple[str | None, str]]
) -> Causes:
    """Find faults of a file that are in many of its rows for the same reason."""
    rows = len(table.text)
    groups: dict[tuple[str | None, str], list[Issue]] = defaultdict(list)
    for issue in issues:
        in_column = issue.rule in _CELL_RULES - {"foreign-key"}
        groups[issue.column if in_column else None, issue.rule].append(issue)
    group = groups.pop((None, "row-length"), [])
    if len(group) >= max(_FEW, _MOST * rows) and len({issue.message for issue in group}) == 1:
        message = f"{group[0].message}, in {len(group):,} of {rows:,} rows"
        hint = "does the header have a cell too many or too few?"
        yield group, replace(group[0], column=None, row=None, message=message, hint=hint)
    group = groups.pop((None, "encoding"), [])
    if len(group) > 1:  # a file that was read in one encoding and saved in another
        first = min(group, key=lambda issue: issue.line or 0)
        number = sum(times for (_, rule), times in counts.items() if rule == "encoding")
        yield group, replace(first, message=f"{first.message}; the file has {number:,} such cells")
    for key, group in groups.items():
        number = counts[key]
        if key[1] in _CELL_RULES - {"foreign-key"} and number > max(10, _MOST * rows):
            message = f"{group[0].message}; in {number:,} of {rows:,} rows"
            yield group, replace(group[0], message=message)
            counts[key] = 1  # all of them are reported with that


def joined_references(issues: dict[str, list[Issue]], tables: Tables) -> dict[str, list[Issue]]:
    """Join the references to one missing row, or report them at a mistyped key that was meant."""
    groups: dict[tuple[str, str], Group] = defaultdict(list)
    kept: dict[str, list[Issue]] = {name: [] for name in issues}
    for name, own in issues.items():
        for issue in own:
            target = _target(name, issue, tables) if issue.rule == "foreign-key" else None
            if target is None:
                kept[name].append(issue)
            else:
                groups[target, issue.value or ""].append((name, issue))
    mistyped = {
        target: _mistyped_key(tables, target, kept[target])
        for target in {target for target, _ in groups} & kept.keys()
    }
    for (target, value), group in groups.items():
        row = mistyped[target](value, len(group) > 1) if target in mistyped else None
        if row is not None:
            files = sorted({tables[own].text.in_its_file(issue).file for own, issue in group})
            _report_mistyped_key(kept[target], tables[target], row, value, files)
            continue
        name, issue = group[0]
        if len(group) > 1:
            here, *places = (tables[own].text.in_its_file(other) for own, other in group)
            also = _listed(
                [f"line {one.line}" if one.file == here.file else one.place for one in places]
            )
            message = f"{issue.message}; {len(group)} rows refer to {quote(value)} (also {also})"
            issue = replace(issue, message=message)
        kept[name].append(issue)
    return kept


def _listed(places: Sequence[str]) -> str:
    return ", ".join([*places[:_LISTED], *["..."] * (len(places) > _LISTED)])


def _target(name: str, issue: Issue, tables: Tables) -> str | None:
    """Return the table to which a reference without a row points."""
    for key in tables[name].schema.foreign_keys:
        complete = len(key.fields) == 1 or (issue.value or "").startswith(f"{key.fields[0]}=")
        if issue.column in key.fields and complete:
            target = key.reference.resource or name
            return target if target in tables else None
    return None


def _mistyped_key(
    tables: Tables, target: str, issues: list[Issue]
) -> Callable[[str, bool], int | None]:
    """Return a function that finds the unused key that was meant to be a value, if that is clear.

    A single reference is as likely to be mistyped as the key, unless the key has a fault.
    """
    table = tables[target]
    column = table.schema.primary_key[0] if len(table.schema.primary_key) == 1 else ""
    cells = table.text.columns[column].to_pylist() if column in table.text.columns else []
    used = set().union(
        *(
            other.texts(key.fields[0])
            for name, other in tables.items()
            for key in other.schema.foreign_keys
            if (key.reference.resource or name) == target and len(key.fields) == 1
        )
    )
    # A warning, such as that nothing refers to a key, may be acknowledged, and an error may not.
    errors = [issue for issue in issues if issue.severity == "error"]
    lines = {issue.line for issue in errors if issue.column == column}
    rows: dict[str, int] = {}
    faulty: set[str] = set()
    for position, cell in enumerate(cells):
        wrong = bool(lines) and table.text.lines[position] in lines
        if (cell or "") not in used or wrong:
            rows[cell or ""] = position
        if wrong:
            faulty.add(cell or "")
    spelt_like = speller(name for name in rows if name)

    def row(value: str, several: bool) -> int | None:
        alike = spelt_like(value) if rows else []
        known = [name for name in alike if name in faulty]
        if known or (several and len(alike) == 1):
            return rows[[*known, *alike][0]]
        return rows[""] if not alike and "" in faulty else None

    return row


def _report_mistyped_key(
    issues: list[Issue], table: TypedTable, position: int, value: str, files: Sequence[str]
) -> None:
    """Report at a key that it was probably mistyped, in its own issue if it has one."""
    name, line = table.schema.primary_key[0], table.text.lines[position]
    cell = table.text.cell(position, name)
    references = f"{_listed(files)} refer{'s' * (len(files) == 1)} to {quote(value)}"
    for place, issue in enumerate(issues):
        if issue.line == line and issue.column == name and issue.severity == "error":
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
