"""The header of a CSV file: its faults, and which column each cell below it belongs to.

A header that does not agree with its cells would make every row wrong. So it is read as it was
meant, where that can be told, and the fault is reported once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from diffdata.errors import Issue, suggestion
from diffdata.schemas.standard import TableSchema
from diffdata.validation.cells import fits
from diffdata.validation.shape import shape_fault

# Bounds that no honest table comes near: what lies beyond is refused before it costs anything.
MAX_COLUMNS = 10_000
_SUGGESTED = 200  # columns of a schema among which a misspelt one is looked for
_SURE = 3  # rows that must speak for another order of the cells than the header gives
_MISMATCH = "header-mismatch"  # the header and the cells below it do not agree


@dataclass(frozen=True)
class Header:
    """A header, read.

    Attributes
    ----------
    names
        For each cell of a row the column that it belongs to, empty where there is none.
    issues
        What is wrong with the header.
    readable
        Whether the rows can be read at all.
    """

    names: list[str]
    issues: list[Issue] = field(default_factory=list)
    readable: bool = True


def read_header(
    file: str, header: Sequence[str], sample: Sequence[Sequence[str]], schema: TableSchema
) -> Header:
    """Read a header.

    Parameters
    ----------
    file
        The name of the file in issues.
    header
        Its cells.
    sample
        The cells of the first rows; without any, the header is taken at its word.
    schema
        The schema that says which columns to expect.
    """
    expected = schema.column_names
    if tuple(header) == expected:
        return Header(list(header))
    if len(header) > MAX_COLUMNS:
        message = f"the header has {len(header)} columns, more than {MAX_COLUMNS} are not read"
        hint = "check the line ends: a table with lost newlines is one long row"
        return Header([], [shape_fault(file, 1, "header", message, hint)], readable=False)
    if other := _other_delimiter(header, expected):
        message = f"the cells are separated by {other}, expected commas"
        hint = "save the file as CSV with commas"
        return Header([], [shape_fault(file, 1, "delimiter", message, hint)], readable=False)
    width = Counter(map(len, sample)).most_common(1)[0][0] if sample else len(header)
    blank = [place for place, name in enumerate(header) if not name.strip()]
    if blank and len(header) - len(blank) == width:
        message = "the header has a cell too many, which is empty"
        issue = shape_fault(file, 1, "header", message, "remove its comma")
        rest = read_header(file, [name for name in header if name.strip()], sample, schema)
        return Header(rest.names, [issue, *rest.issues], rest.readable)
    if sample and width == len(expected) and _lacks_labels(header, expected):
        gone = [name for name in expected if name not in header]
        message = f"the name {', '.join(gone)} is missing in the header, but its cells are there"
        hint = f"expected: {','.join(expected)}"
        return Header(list(expected), [shape_fault(file, 1, _MISMATCH, message, hint, gone[0])])
    names, issues = _renamed(file, header, schema)
    issues += _faults(file, names, schema)
    if not issues and schema.fields_match == "exact" and tuple(names) != expected:
        ordered, issue = _reordered(file, names, sample, schema)
        return Header(ordered, [issue])
    seen: set[str] = set()
    for place, name in enumerate(names):
        names[place] = "" if name in seen else name
        seen.add(name)
    return Header(names, issues)


def _other_delimiter(header: Sequence[str], expected: Sequence[str]) -> str | None:
    if len(header) == 1 and len(expected) > 1 and header[0] not in expected:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
            if mark in header[0]:
                return name
    return None


def _lacks_labels(header: Sequence[str], expected: Sequence[str]) -> bool:
    """Tell whether a header is the expected one without some of its names."""
    rest = iter(expected)
    return len(header) < len(expected) and all(name in rest for name in header)


def _renamed(
    file: str, header: Sequence[str], schema: TableSchema
) -> tuple[list[str], list[Issue]]:
    """Give columns of an unknown or doubled name the missing name that belongs in their place."""
    expected, names = schema.column_names, list(header)
    issues: list[Issue] = []
    if len(header) != len(expected) or schema.fields_match not in ("exact", "equal"):
        return names, issues
    known, present = set(expected), set(header)
    same = [name.strip().casefold() for name in header] == [name.casefold() for name in expected]
    for place, (name, own) in enumerate(zip(header, expected, strict=True)):
        doubled = name in known and name in names[:place]
        if own not in present and (name not in known or doubled):
            message = f"the column {name!r} is called {own!r} in the schema"
            if doubled:
                message = f"the column {name!r} stands twice, expected {own!r} here"
            elif not name.strip():
                message = f"a column has no name, expected {own!r}"
            issues.append(shape_fault(file, 1, "header", message, f"write {own}", name or own))
            names[place] = own
    if same and len(issues) > 1:
        message = f"{len(issues)} columns are spelt in other letters than in the schema"
        hint = f"expected: {','.join(expected)}"
        issues = [shape_fault(file, 1, "header", message, hint, issues[0].column)]
    return names, issues


def _faults(file: str, header: Sequence[str], schema: TableSchema) -> list[Issue]:
    """Report columns that are missing, unknown or doubled."""
    expected, present, issues = schema.column_names, Counter(header), []
    known = set(expected)
    unused = [name for name in expected if name not in present]
    if len(unused) > _SUGGESTED:
        unused = []
    for name, times in present.items():
        if not name.strip():
            message = "a column has no name"
            issues.append(shape_fault(file, 1, "header", message, "name it, or remove it"))
        elif times > 1:
            message = f"the column {name!r} stands twice"
            issues.append(shape_fault(file, 1, "header", message, "remove one of them", name))
    for name in present:
        strange = name.strip() and name not in known
        if strange and schema.fields_match in ("exact", "equal", "superset"):
            hint = suggestion(name[:100], unused, "add it to the schema, or remove it")
            message = f"the schema has no column {name!r}"
            issues.append(shape_fault(file, 1, "header", message, hint, name))
    for name in expected:
        if name not in present and schema.fields_match in ("exact", "equal", "subset"):
            message = f"the column {name!r} is missing"
            hint = "add it; where the value is not known the cell stays empty"
            issues.append(shape_fault(file, 1, "header", message, hint, name))
    if schema.fields_match == "partial" and not known & set(header):
        message = "none of the columns of the schema is there"
        issues.append(shape_fault(file, 1, "header", message))
    return issues


def _reordered(
    file: str, header: Sequence[str], sample: Sequence[Sequence[str]], schema: TableSchema
) -> tuple[list[str], Issue]:
    """Tell whether whole columns stand in another order, or their names alone."""
    expected = schema.column_names
    moved = next(name for name, own in zip(header, expected, strict=True) if name != own)
    hint = f"expected: {','.join(expected)}"
    misfits = [
        sum(
            not fits(cell, schema.field(name), schema)
            for row in sample
            for cell, name in zip(row, names, strict=False)
        )
        for names in (header, expected)
    ]
    if misfits[1] < misfits[0] and misfits[0] >= len(sample) >= _SURE:
        message = "the header names the columns in another order than their cells stand in"
        return list(expected), shape_fault(file, 1, _MISMATCH, message, hint, moved)
    message = "the columns stand in another order than in the schema"
    return list(header), shape_fault(file, 1, "header", message, hint, moved)
