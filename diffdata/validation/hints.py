"""What the issue of a broken check points at and suggests: the wrong cell, and how to fix it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache

import pyarrow.compute as pc

from diffdata.schemas.profile import AllOrNone, DatePrecision, ExactlyOne, Ordered, RequiredIf
from diffdata.schemas.rules import Check
from diffdata.schemas.standard import ForeignKey
from diffdata.validation.suggestions import speller, strange_letters, suggested_form
from diffdata.validation.typed import TypedTable

Hint = Callable[[int], str]  # from the position of a row
Guide = Callable[[int], tuple[str, str]]  # the column that an issue names, and its hint


def guide_of(table: TypedTable, check: Check) -> Guide:
    """Return a function that says, for a row that breaks a check, which cell to fix and how."""
    hint = _hint_of(table, check)
    return lambda position: (_faulty_column(table, check, position), hint(position))


def _hint_of(table: TypedTable, check: Check) -> Hint:
    for rule in table.schema.rules:
        if rule.name == check.name:
            return lambda _: str(rule.reason)
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

                def share(position: int) -> str:
                    value: float = table.values[column][position].as_py()
                    percent = 1 < value <= 100
                    return f"write {value / 100:.12g} if percent are meant" if percent else ""

                return share
    return lambda _: ""


def _same_key(table: TypedTable, columns: tuple[str, ...]) -> Hint:
    """Name the line of the first row with the same key."""

    @cache
    def first_rows() -> dict[tuple[object, ...], int]:
        keys = list(zip(*(table.values[name].to_pylist() for name in columns), strict=True))
        return {key: position for position, key in reversed(list(enumerate(keys)))}

    def hint(position: int) -> str:
        other = first_rows()[tuple(table.values[name][position].as_py() for name in columns)]
        line, every = table.text.lines[other], list(table.text.columns)
        if table.text.cells(other, every) == table.text.cells(position, every):
            return f"the row is the same as that in line {line}; delete one"
        return f"line {line} has the same"

    return hint


def reference_guide(key: ForeignKey, target: TypedTable, table: TypedTable) -> Guide:
    """Return a function that names the id that was meant, and where to add a missing one."""
    file, (column, *others) = target.text.file, key.reference.fields

    @cache
    def alike() -> Callable[[str], list[str]]:
        return speller(map(str, pc.unique(target.values[column]).drop_null().to_pylist()))

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
            return key.fields[0], f"{fix} or add the row to {file}" + f"; {strange}" * bool(strange)
        if text not in partners():
            return key.fields[0], f"{file} has no {text}; fix it, or add the row"
        # The first part is right: name what belongs to it, such as the units of a quantity.
        listed = " or ".join(partners()[text][:5])
        hint = f"in {file}, {text} has the {', '.join(others)} {listed}; fix it or add a row"
        return key.fields[-1], hint

    return guide


def _faulty_column(table: TypedTable, check: Check, position: int) -> str:
    """Return the column that an issue names: of several, the one that should be fixed."""
    columns = check.columns
    filled = [name for name in columns if table.text.cell(position, name)]
    empty = [name for name in columns if name not in filled]
    rule = next((rule for rule in table.schema.rules if rule.name == check.name), None)
    match rule:
        case Ordered():
            return _out_of_order(table, columns, position)
        case ExactlyOne():
            return filled[-1] if filled else columns[0]
        case AllOrNone() | DatePrecision():
            return empty[0] if empty else columns[0]
        case RequiredIf():
            return next((n for n in [*empty, *filled] if n in rule.columns), columns[0])
    return columns[0]


def _out_of_order(table: TypedTable, columns: tuple[str, ...], position: int) -> str:
    """Return the column without which the values of the others are in order."""
    values = {name: table.values[name][position].as_py() for name in columns}
    given = {name: value for name, value in values.items() if value is not None}
    for name in given:
        rest = [value for other, value in given.items() if other != name]
        if rest == sorted(rest) and len(rest) > 1:
            return name
    return next(iter(given), columns[0])
