"""A row before it is written: faults of its cells, what it refers to, and what can be derived."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from diffdata.editing.formatting import normal_cell
from diffdata.editing.identifiers import own_key, propose
from diffdata.errors import PackageError, UnknownNameError, nearest, suggestion
from diffdata.package.files import read_bytes
from diffdata.package.packages import Package
from diffdata.schemas.profile import DatePrecision
from diffdata.schemas.rules import field_checks
from diffdata.schemas.standard import Field
from diffdata.types.arrow import arrow_type
from diffdata.types.text import CellError, quote
from diffdata.validation.cells import parse_cell
from diffdata.validation.evaluate import failing_rows
from diffdata.validation.text import read_table

_PART_OF_DATE = re.compile(r"(?P<year>[0-9]{4})(?P<month>-[0-9]{2})?(?P<day>-[0-9]{2})?")
# The default of a column, if its enum allows it, and the column that must be given for it to apply.
_DEFAULTS = {"status": ("current", None), "statistic": ("unspecified", "value")}


def fault(text: str, field: Field) -> str:
    """Return what `validate` finds wrong with a cell alone and how to fix it, or an empty string.

    Examples
    --------
    >>> number = Field(name="value", type="number", unit="1", description="A number.")
    >>> fault("175B", number)
    "'175B' is not allowed: expected a number such as 3.14e23 (write 175000000000)"
    >>> fault("175e9", number)
    ''
    """
    try:
        value = parse_cell(text, field)
    except CellError as error:
        return _not_allowed(text, error.expected, error.hint)
    except ValueError:  # more digits than Python reads
        return _not_allowed(text, "a number that fits in 64 bits", "")
    if value is None:
        return ""
    checks = field_checks(field)
    table = pa.table({field.name: pa.array([value], arrow_type(field))})
    for check, failing in zip(checks, failing_rows(table, checks), strict=True):
        if len(failing):
            hint = suggestion(text, map(str, field.constraints.enum or ()))
            return _not_allowed(text, check.expected, hint)
    return ""


def _not_allowed(text: str, expected: str, hint: str) -> str:
    return f"{quote(text)} is not allowed: expected {expected}" + (f" ({hint})" if hint else "")


def full_date(text: str) -> tuple[str, str]:
    """Return the first day of a date, month or year, and the precision; empty texts for others.

    Examples
    --------
    >>> full_date("2020-05"), full_date("2020"), full_date("May 2020")
    (('2020-05-01', 'month'), ('2020-01-01', 'year'), ('', ''))
    """
    found = _PART_OF_DATE.fullmatch(text)
    if not found:
        return "", ""
    precision = "day" if found["day"] else "month" if found["month"] else "year"
    return f"{found['year']}{found['month'] or '-01'}{found['day'] or '-01'}", precision


def derive(package: Package, table: str, given: Mapping[str, str]) -> dict[str, str]:
    """Complete a row as far as it follows from the cells that are given.

    Derived are: the full form and the precision of a date, from how much of it is given; the
    part of a reference that its other parts determine (the unit of a quantity that has only one);
    ``current`` as status and ``unspecified`` as statistic; the identifier. A column that is given
    as an empty text stays empty. The row that is returned has all columns of the table.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> given = {"model_id": "gpt-2", "quantity_id": "training_compute", "value": "1.5e21",
    ...          "source_id": "jones-2020-overhang"}
    >>> row = derive(open_package(), "estimates", given)
    >>> row["estimate_id"], row["unit"], row["status"], row["statistic"], row["basis"]
    ('gpt-2-training-compute-jones-2020-overhang', 'FLOP', 'current', 'unspecified', '')
    """
    schema = package.schema(table)
    for name in given:
        if name not in schema.column_names:
            raise UnknownNameError(f"column of {table}", name, schema.column_names)
    cells = {name: normal_cell(text, schema.field(name)) for name, text in given.items()}
    for rule in schema.rules:
        if isinstance(rule, DatePrecision):
            date, precision = full_date(cells.get(rule.date, ""))
            if precision and cells.get(rule.precision, precision) == precision:
                cells |= {rule.date: date, rule.precision: precision}
    for name, (default, needed) in _DEFAULTS.items():
        applies = name in schema.column_names and (needed is None or cells.get(needed))
        if applies and default in (schema.field(name).constraints.enum or [default]):
            cells.setdefault(name, default)
    for key in schema.foreign_keys:
        for name in key.fields:
            if name not in cells and any(cells.get(other) for other in key.fields):
                options = list(candidates(package, table, name, cells))
                cells |= {name: options[0]} if len(options) == 1 else {}
    row = {name: cells.get(name, "") for name in schema.column_names}
    if (own := own_key(schema)) and own not in cells:
        row[own], _ = new_identifier(package, table, row)
    return row


def new_identifier(package: Package, table: str, row: Mapping[str, str]) -> tuple[str, str]:
    """Make the identifier of a row and name the existing one it clashes with; see `propose`."""
    schema = package.schema(table)
    keys = [
        tuple(other.get(name, "") for name in schema.primary_key) for other in rows(package, table)
    ]
    key_field = schema.field(schema.primary_key[0])
    return propose(table, schema, row, keys, lambda text: bool(text) and not fault(text, key_field))


def rows(package: Package, table: str) -> list[dict[str, str]]:
    """Return the rows of a table as text, without those that cannot be read."""
    file = package.resource(table).path
    try:
        data = read_bytes(package.data_path(table), file)
    except PackageError:
        return []
    return read_table(data, file, package.schema(table))[0].rows()


def candidates(
    package: Package, table: str, column: str, cells: Mapping[str, str]
) -> dict[str, str]:
    """Return what a column can refer to given the other cells: each identifier with its name."""
    found: dict[str, str] = {}
    for key in [key for key in package.schema(table).foreign_keys if column in key.fields]:
        there = dict(zip(key.fields, key.reference.fields, strict=True))
        for row in rows(package, key.reference.resource or table):
            others = [name for name in key.fields if name != column and cells.get(name)]
            if row.get(there[column]) and all(row.get(there[o]) == cells[o] for o in others):
                found[row[there[column]]] = row.get("name") or row.get("title") or ""
    return found


def find_reference(text: str, choices: Mapping[str, str]) -> tuple[str, str]:
    """Return the identifier that a text is, or is the name of; if there is none, a message.

    Examples
    --------
    >>> find_reference("GPT-3 175B", {"gpt-3": "GPT-3 175B"})
    ('gpt-3', '')
    >>> find_reference("gpt3", {"gpt-3": "GPT-3 175B", "bloom": "BLOOM"})
    ('', "there is no 'gpt3'; did you mean gpt-3?")
    """
    if text in choices:
        return text, ""
    lower = text.casefold()
    named = [name for name, label in choices.items() if label.casefold() == lower]
    if len(named) == 1:
        return named[0], ""
    labels = {label.casefold(): name for name, label in choices.items() if label}
    close = nearest(lower, choices) + [labels[label] for label in nearest(lower, labels)]
    close += [name for name, label in choices.items() if lower in name or lower in label.casefold()]
    shown = list(dict.fromkeys(close))[:5]
    hint = f"did you mean {' or '.join(shown)}?" if shown else "add it first"
    return "", f"there is no {quote(text)}; {hint}"
