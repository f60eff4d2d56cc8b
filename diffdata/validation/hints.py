"""What a breach of a check shows and suggests: the cell that is meant, and how to mend it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache

from diffdata.schemas.profile import AllOrNone, DatePrecision, ExactlyOne, Ordered, RequiredIf
from diffdata.schemas.rules import Check
from diffdata.schemas.standard import ForeignKey
from diffdata.validation.cells import CellError, parse_cell
from diffdata.validation.mends import mended_form, speller, strange_letters
from diffdata.validation.typed import TypedTable

Hint = Callable[[int], str]  # from the position of a row
Guide = Callable[[int], tuple[str, str]]  # the column that a breach is shown at, and its hint


def guide_of(table: TypedTable, check: Check) -> Guide:
    """Return what says, for a row that breaks a check, which cell to mend and how."""
    hint = _hint_of(table, check)
    return lambda position: (_shown_column(table, check, position), hint(position))


def _hint_of(table: TypedTable, check: Check) -> Hint:
    for rule in table.schema.rules:
        if rule.name == check.name:
            return lambda _: str(rule.reason)
    column = check.columns[0]
    match check.name:
        case "enum":
            return _enum_hint(table, column)
        case "pattern":
            pattern = str(table.schema.field(column).constraints.pattern)
            return lambda position: mended_form(table.text.cell(position, column), pattern)
        case "primary-key" | "unique" if check.unique:
            return _twins(table, check.columns)
        case "required":
            return lambda _: "fill it in from the source; a row without it cannot be used"
        case "maximum" | "exclusive-maximum":
            return lambda position: _percent(table, column, position)
    return lambda _: ""


def _enum_hint(table: TypedTable, column: str) -> Hint:
    alike = speller(map(str, table.schema.field(column).constraints.enum or ()))

    def hint(position: int) -> str:
        text = table.text.cell(position, column)
        found = alike(text)
        meant = f"did you mean {found[0]}?" if found else ""
        return " ".join(part for part in (meant, strange_letters(text)) if part)

    return hint


def _percent(table: TypedTable, column: str, position: int) -> str:
    """Suggest the share of one, where a percentage stands."""
    field = table.schema.field(column)
    limit = field.constraints.maximum or field.constraints.exclusive_maximum
    if field.type != "number" or limit != 1:
        return ""
    try:
        value = parse_cell(table.text.cell(position, column), field)
    except CellError:
        return ""
    return f"write {value / 100:.12g} if percent are meant" if 1 < value <= 100 else ""


def _twins(table: TypedTable, columns: tuple[str, ...]) -> Hint:
    """Name the line of the first row with the same key."""
    first: dict[tuple[object, ...], int] = {}

    def hint(position: int) -> str:
        if not first:
            keys = zip(*(table.values[name].to_pylist() for name in columns), strict=True)
            for place, key in enumerate(keys):
                first.setdefault(key, place)
        key = tuple(table.values[name][position].as_py() for name in columns)
        line = table.text.lines[first[key]]
        cells = [
            table.text.cells(place, list(table.text.columns)) for place in (first[key], position)
        ]
        if cells[0] == cells[1]:
            return f"the row is the same as that in line {line}; delete one"
        return f"the same stands in line {line}"

    return hint


def reference_guide(
    key: ForeignKey, present: list[str], target: TypedTable, table: TypedTable
) -> Guide:
    """Name the id that was probably meant, and the file where a missing one is added."""
    file = target.text.file
    if len(key.fields) > 1:
        return _parts_guide(key, target, table)
    alike = cache(lambda: speller(map(str, present)))  # made for the first reference that dangles

    def guide(position: int) -> tuple[str, str]:
        text = table.text.cell(position, key.fields[0])
        close = alike()(text)
        mend = f"did you mean {close[0]}? If not, mend the id" if close else "mend the id"
        strange = strange_letters(text)
        hint = f"{mend} or add the row to {file}" + (f"; {strange}" if strange else "")
        return key.fields[0], hint

    return guide


def _parts_guide(key: ForeignKey, target: TypedTable, table: TypedTable) -> Guide:
    """Name what goes with the first part of a key, as the units of a quantity."""
    partners: dict[str, list[str]] = defaultdict(list)
    columns = [target.values[name].to_pylist() for name in key.reference.fields]
    for first, *others in zip(*columns, strict=True):
        partners[str(first)].append(", ".join(map(str, others)))

    def guide(position: int) -> tuple[str, str]:
        first = table.text.cell(position, key.fields[0])
        file, names = target.text.file, ", ".join(key.reference.fields[1:])
        if first in partners:
            listed = " or ".join(partners[first][:5])
            return key.fields[
                -1
            ], f"in {file}, {first} has the {names} {listed}; mend it or add one"
        return key.fields[0], f"{file} has no {first}; mend it, or add the row"

    return guide


def _shown_column(table: TypedTable, check: Check, position: int) -> str:
    """Return the column that a breach is shown at: of several, the one that is to be mended."""
    columns = check.columns
    if len(columns) == 1:
        return columns[0]
    given = [bool(table.text.cell(position, name)) for name in columns]
    empty = [name for name, there in zip(columns, given, strict=True) if not there]
    filled = [name for name, there in zip(columns, given, strict=True) if there]
    rule = next((rule for rule in table.schema.rules if rule.name == check.name), None)
    match rule:
        case Ordered():
            return _out_of_order(table, columns, position)
        case ExactlyOne():
            return filled[-1] if filled else columns[0]
        case AllOrNone() | DatePrecision():
            return empty[0] if empty else columns[0]
        case RequiredIf():
            wanted = [name for name in empty if name in rule.columns]
            unwanted = [name for name in filled if name in rule.columns]
            return next(iter([*wanted, *unwanted]), columns[0])
    return columns[0]


def _out_of_order(table: TypedTable, columns: tuple[str, ...], position: int) -> str:
    """Return the column whose value, left out, brings the others in order."""
    values = {name: table.values[name][position].as_py() for name in columns}
    given = [name for name in columns if values[name] is not None]
    for name in given:
        rest = [values[other] for other in given if other != name]
        if rest == sorted(rest) and len(rest) > 1:
            return name
    return given[0] if given else columns[0]
