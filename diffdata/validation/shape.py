"""Faults of the shape of a CSV file: of its header, the lengths of its rows, quotes, line ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from diffdata.errors import Issue, Severity, suggestion
from diffdata.schemas.rules import allows
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.definitions import missing_values
from diffdata.types.text import CellError, is_strict, parse
from diffdata.validation.splitting import NO_MORE, Record

MAX_COLUMNS = 10_000
MOST_ISSUES = 100_000  # of one table; more are counted, not listed
_SHOWN = 200  # characters of a part of a key
_LISTED = 50  # columns that a message lists
_SUGGESTED = 200  # columns of a schema among which a misspelt one is looked for
_SURE = 3  # rows that must indicate another order of the cells than the header gives
_MISMATCH = "header-mismatch"  # the header and the cells below it do not agree
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_ENDS = {"\n": "a line feed", "\r\n": "the two characters of Windows", "\r": "a carriage return"}
_SHAPE_ISSUES = {
    "byte-order-mark": (
        "the file begins with a byte order mark", "save it as UTF-8 without a byte order mark",
    ),
    "encoding": ("this is UTF-16, not UTF-8", "save the file with the encoding UTF-8"),
    "blank-row": ("the row is blank", "delete the line"),
    "line-ends": (
        "the line ends with {}, the lines before it with {}",
        "save the file with one kind of line end",
    ),
    "too-many": (
        f"more than {MOST_ISSUES:,} rows are not as in the header; the rest is not read",
        "is this another table?",
    ),
}  # fmt: skip
_DOUBLED = "a quote inside a quoted cell is written twice"
# Parts of the errors of the csv module, what they mean, and how to fix them.
_BAD_QUOTES = (
    ("field limit", "a cell is too long, or a quote is not closed", "close the quote"),
    ("end of data", "a quote that opens is not closed", "close the quote, or remove it"),
    ("expected after", "a quote opens and does not close before the next comma", _DOUBLED),
    ("not quoted", "a quote is inside a cell that is not quoted",
     "put the whole cell in quotes and write the quote inside twice, or remove it"),
)  # fmt: skip
CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def read_header(
    file: str, header: Sequence[str], sample: Sequence[Sequence[str]], schema: TableSchema
) -> tuple[list[str] | None, list[Issue]]:
    """Return for each cell of a row its column (empty if none), or None if rows cannot be read.

    A header that does not agree with the `sample` of rows below it would make every row wrong: it
    is read as it was meant, where that is clear, and the fault is reported once.
    """
    fault = partial(Issue, file, 1, rule="header")
    expected = schema.column_names
    if not header:
        hint = f"begin with: {','.join(expected[:_LISTED])}"
        return None, [fault(message="the file is empty", hint=hint)]
    listed = f"expected: {','.join(expected)}"
    blank = [place for place, name in enumerate(header) if not name.strip()]
    if tuple(header) == expected and not blank:
        return list(header), []
    if len(header) > MAX_COLUMNS:
        message = f"the header has {len(header)} columns, more than {MAX_COLUMNS} are not read"
        hint = "check the line ends: a table with lost newlines is one long row"
        return None, [fault(message=message, hint=hint)]
    other = next((name for mark, name in _DELIMITERS.items() if mark in header[0]), "")
    if other and len(header) == 1 and len(expected) > 1 and header[0] not in expected:
        message = f"the cells are separated by {other}, expected commas"
        hint = "save the file as CSV with commas"
        return None, [fault(rule="delimiter", message=message, hint=hint)]
    width = Counter(map(len, sample)).most_common(1)[0][0] if sample else len(header)
    if blank and len(header) - len(blank) == width:
        message = "the header has a cell too many, which is empty"
        issue = fault(message=message, hint="remove its comma")
        rest = [name for name in header if name.strip()]
        found, more = read_header(file, rest, sample, schema)
        return found, [issue, *more]
    remaining = iter(expected)
    lacks_names = len(header) < len(expected) and all(name in remaining for name in header)
    if sample and width == len(expected) and lacks_names:
        missing = [name for name in expected if name not in header]
        message = f"the name {', '.join(missing)} is missing in the header, but its cells are there"
        issue = fault(column=missing[0], rule=_MISMATCH, message=message, hint=listed)
        return list(expected), [issue]
    names, issues = _renamed(header, schema, fault)
    issues += _column_faults(names, schema, fault)
    if not issues and schema.fields_match == "exact" and tuple(names) != expected:
        moved = next(name for name, own in zip(names, expected, strict=True) if name != own)
        if _cells_are_in_order(names, sample, schema):
            message = "the header names the columns in another order than that of their cells"
            issue = fault(column=moved, rule=_MISMATCH, message=message, hint=listed)
            return list(expected), [issue]
        message = "the columns are in another order than in the schema"
        return names, [fault(column=moved, message=message, hint=listed)]
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    return [name if first[name] == i else "" for i, name in enumerate(names)], issues


def _renamed(
    header: Sequence[str], schema: TableSchema, fault: Callable[..., Issue]
) -> tuple[list[str], list[Issue]]:
    """Give columns with an unknown or repeated name the missing name that belongs there."""
    expected, names = schema.column_names, list(header)
    issues: list[Issue] = []
    if len(header) != len(expected) or schema.fields_match not in ("exact", "equal"):
        return names, issues
    known, present = set(expected), set(header)
    for place, (name, own) in enumerate(zip(header, expected, strict=True)):
        repeated = name in known and name in names[:place]
        if own not in present and (name not in known or repeated):
            message = f"the column {name!r} is called {own!r} in the schema"
            if repeated:
                message = f"the column {name!r} appears twice, expected {own!r} here"
            elif not name.strip():
                message = f"a column has no name, expected {own!r}"
            issues.append(fault(column=name or own, message=message, hint=f"write {own}"))
            names[place] = own
    same = [name.strip().casefold() for name in header] == [name.casefold() for name in expected]
    if same and len(issues) > 1:
        message = f"{len(issues)} columns are spelt in other letters than in the schema"
        hint = f"expected: {','.join(expected)}"
        issues = [fault(column=issues[0].column, message=message, hint=hint)]
    return names, issues


def _column_faults(
    header: Sequence[str], schema: TableSchema, fault: Callable[..., Issue]
) -> Iterator[Issue]:
    """Report columns that are missing, unknown, repeated or without a name."""
    expected, present = schema.column_names, Counter(header)
    known, match = set(expected), schema.fields_match
    unused = [name for name in expected if name not in present]
    candidates = unused if len(unused) <= _SUGGESTED else []
    for name, times in present.items():
        if not name.strip():
            yield fault(message="a column has no name", hint="name it, or remove it")
        elif times > 1:
            message = f"the column {name!r} appears twice"
            yield fault(column=name, message=message, hint="remove one of them")
    for name in present:
        if name.strip() and name not in known and match in ("exact", "equal", "superset"):
            hint = suggestion(name[:100], candidates, "add it to the schema, or remove it")
            yield fault(column=name, message=f"the schema has no column {name!r}", hint=hint)
    for name in unused if match in ("exact", "equal", "subset") else ():
        hint = "add it; leave its cells empty where the value is not known"
        yield fault(column=name, message=f"the column {name!r} is missing", hint=hint)
    if match == "partial" and not known & set(header):
        yield fault(message="the file has none of the columns of the schema")


def fits(text: str, field: Field, schema: TableSchema) -> bool:
    """Return whether a text may be in a cell of a column, by its type and constraints."""
    if text in missing_values(field, schema):
        return not (field.constraints.required or field.name in schema.primary_key)
    try:
        return allows(field, parse(text, field, is_strict(schema, field)))
    except CellError:
        return False


def _cells_are_in_order(
    header: Sequence[str], sample: Sequence[Sequence[str]], schema: TableSchema
) -> bool:
    """Return whether the cells are clearly in the order of the schema, unlike their header."""
    by_header, by_schema = (
        sum(
            not fits(cell, schema.field(name), schema)
            for row in sample
            for cell, name in zip(row, names, strict=False)
        )
        for names in (header, schema.column_names)
    )
    return by_schema < by_header and by_header >= len(sample) >= _SURE


def row_key(cells: Mapping[str, str], schema: TableSchema) -> str | None:
    """Return the key of a row as people write it: ``model_id=gpt-3``."""
    parts = [f"{name}={cells[name][:_SHOWN]}" for name in schema.primary_key if cells.get(name)]
    return ", ".join(parts) or None


def shape_issue(file: str, line: int | None, rule: str, *ends: str) -> Issue:
    """Return the issue of a rule that always says the same, but for the ends of lines."""
    message, hint = _SHAPE_ISSUES[rule]
    message = message.format(*(_ENDS[end] for end in ends))
    severity: Severity = "warning" if rule == "line-ends" else "error"
    return Issue(file, line, rule=rule, severity=severity, message=message, hint=hint)


def not_csv(file: str, record: Record, column: str | None) -> Issue:
    """Report a row that cannot be split into cells, and the column of its first bad quote."""
    known = ((reason, hint) for part, reason, hint in _BAD_QUOTES if part in record.error)
    reason, hint = next(known, (record.error, _DOUBLED))
    if "end of data" in record.error and not record.end:
        hint += "; or is the file cut off here?"
    message = f"the row cannot be split into cells: {reason}"
    if record.error == NO_MORE:
        message, hint = f"{NO_MORE}; the rest of the file is not read", "close the quotes before it"
    return Issue(file, record.line, column, rule="csv", message=message, hint=hint)


def key_only(cells: Sequence[str], header: Sequence[str], schema: TableSchema) -> list[str]:
    """Return a row of the right length with no cells but its key, if the key comes first."""
    first = tuple(header[: len(schema.primary_key)]) == schema.primary_key
    kept = cells[: len(schema.primary_key) * first]
    return [*kept, *[""] * (len(header) - len(kept))]


def row_length(
    file: str, record: Record, names: Sequence[str], schema: TableSchema, exact: bool = True
) -> Issue:
    """Report a row that is too long or too short, and if `exact` its column where that is clear."""
    cells = record.cells
    message = f"the row has {len(cells)} cells, expected {len(names)} as in the header"
    places = _places_of_fault(cells, names, schema) if exact else []
    column = names[places[0]] if len(places) == 1 else None
    if cells[0].startswith(CONFLICT):
        hint = "this is a mark of a merge conflict: keep one of the two sides, delete the marks"
    elif len(cells) > len(names):
        if not any(cells[len(names) :]):
            hint = "remove the commas at the end of the row"
        elif column is not None:
            hint = _joined_hint(cells, places[0], schema.field(column))
        else:
            hint = "a cell that contains a comma must be in double quotes"
    elif not record.end:
        hint = "the last row of the file is not complete: is the file cut off?"
    elif column is not None:
        hint = f"the cell of {column} is missing, or its comma"
    else:
        hint = "a comma is missing: an empty cell needs its comma too"
    if len(places) > 1:
        hint += f"; the fault is somewhere from {names[places[0]]} to {names[places[-1]]}"
    key = row_key(dict(zip(names, key_only(cells, names, schema), strict=False)), schema)
    return Issue(file, record.line, column, key, rule="row-length", message=message, hint=hint)


def _joined_hint(cells: Sequence[str], place: int, field: Field) -> str:
    """Return how to write the cell that a comma has cut in two."""
    first, second = cells[place], cells[place + 1]
    if field.type in ("number", "integer"):
        if re.fullmatch(r"[+-]?\d{1,3}", first) and re.fullmatch(r"\d{3}", second):
            return f"write {first}{second} (or {first}.{second}) in {field.name}, without the comma"
        return f"write {first}.{second} in {field.name}, with a point instead of the comma"
    if not (first and second):
        return f"remove the extra comma at {field.name}"
    return f'write "{first},{second}" in {field.name}, with the quotes'


def _places_of_fault(cells: Sequence[str], names: Sequence[str], schema: TableSchema) -> list[int]:
    """Return the positions where a comma too many or too few explains all cells of a row."""
    more = len(cells) - len(names)
    if more not in (-1, 1) or not set(names) <= set(schema.column_names):
        return []
    fields = [schema.field(name) for name in names]
    # Before the fault the cells are in their columns, after it one further on or back.
    before = [fits(cell, field, schema) for cell, field in zip(cells, fields, strict=False)]
    after = [
        0 <= place + more < len(cells) and fits(cells[place + more], field, schema)
        for place, field in enumerate(fields)
    ]
    last_misfit = max((place for place, fit in enumerate(after) if not fit), default=-1)
    first_misfit = next((place for place, fit in enumerate(before) if not fit), len(fields))
    return [
        place
        for place in range(max(0, last_misfit), min(first_misfit + 1, len(fields)))
        if more == -1 or fits(_joined(cells, place, fields[place]), fields[place], schema)
    ]


def _joined(cells: Sequence[str], place: int, field: Field) -> str:
    """Return the cell that a comma has cut in two; 3,14 and 5,000 should not have it."""
    mark = {"number": ".", "integer": ""}.get(field.type, ",")
    return mark.join(cell for cell in cells[place : place + 2] if cell)
