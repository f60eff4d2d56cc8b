"""One cell that somebody types: whether it is of its type and satisfies its constraints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from diffdata.errors import InvalidInputError, suggestion
from diffdata.schemas.profile import DatePrecision
from diffdata.schemas.rules import field_checks
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.dtypes import arrow_type
from diffdata.validation.cells import CellError, parse_cell, quote
from diffdata.validation.evaluate import failing_rows

_PART_OF_DATE = re.compile(r"(?P<year>[0-9]{4})(?P<month>-[0-9]{2})?(?P<day>-[0-9]{2})?")


def fault(text: str, field: Field) -> str:
    """Say what is wrong with a cell and how to mend it; an empty string where nothing is.

    The same parsers and checks as those of ``diffdata validate`` judge, but only what can be seen
    from the cell alone. An empty cell has no fault.

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
        return _told(text, error.expected, error.hint)
    except ValueError:  # more digits than Python reads
        return _told(text, "a number that fits in 64 bits", "")
    if value is None:
        return ""
    frame = pa.table({field.name: pa.array([value], arrow_type(field))})
    checks = field_checks(field)
    for check, failing in zip(checks, failing_rows(frame, checks), strict=True):
        if len(failing):
            allowed = map(str, field.constraints.enum or ())
            return _told(text, check.expected, suggestion(text, allowed))
    return ""


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Read cells that are written ``COLUMN=VALUE``; only the first equals sign divides.

    Raises
    ------
    InvalidInputError
        If a word has no equals sign, or two name the same column.

    Examples
    --------
    >>> pairs(["model_id=gpt-3", "note=6ND = 3.1e23", "level="])
    {'model_id': 'gpt-3', 'note': '6ND = 3.1e23', 'level': ''}
    """
    cells: dict[str, str] = {}
    for word in words:
        column, equals, value = word.partition("=")
        if not equals or not column:
            raise InvalidInputError(f"{word!r}: expected COLUMN=VALUE, as in model_id=gpt-3")
        if column in cells:
            raise InvalidInputError(f"{word!r}: the column {column!r} is given twice")
        cells[column] = value
    return cells


def with_precision(cells: Mapping[str, str], schema: TableSchema) -> dict[str, str]:
    """Write dates of which only a part was given in full, with how much of them is known.

    Only where the table has a column for the precision, and it was not given to say otherwise.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> with_precision({"published": "2020-05"}, open_package().schema("sources"))
    {'published': '2020-05-01', 'published_precision': 'month'}
    """
    full = dict(cells)
    for rule in schema.rules:
        if isinstance(rule, DatePrecision):
            date, known = whole_date(cells.get(rule.date, ""))
            if known and full.get(rule.precision, known) == known:
                full |= {rule.date: date, rule.precision: known}
    return full


def whole_date(text: str) -> tuple[str, str]:
    """Return the first day of what a text says, and the precision; two empty texts if it is none.

    Examples
    --------
    >>> whole_date("2020-05"), whole_date("2020"), whole_date("May 2020")
    (('2020-05-01', 'month'), ('2020-01-01', 'year'), ('', ''))
    """
    found = _PART_OF_DATE.fullmatch(text)
    if not found:
        return "", ""
    known = "day" if found["day"] else "month" if found["month"] else "year"
    return f"{found['year']}{found['month'] or '-01'}{found['day'] or '-01'}", known


def _told(text: str, expected: str, hint: str) -> str:
    return f"{quote(text)} is not allowed: expected {expected}" + (f" ({hint})" if hint else "")
