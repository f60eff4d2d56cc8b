"""One cell: from text to a value and back.

Columns of the profile are read strictly: there is one way to write a value, and nothing is guessed.
Columns of other packages are read as Table Schema defines its types and formats. Values without a
simple type in a frame become text, which is equal and ordered as the values are.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from diffdata.types.definitions import (
    CONTROL,
    FALSE_VALUES,
    HIDDEN,
    INTEGER,
    NUMBER,
    TRUE_VALUES,
    Column,
    PlainColumn,
    Table,
    definition,
)

_STRICT = ("string", "integer", "number", "boolean", "date")
_OF_ANY_LENGTH = ("string", "any", "list", "array", "object", "geojson")
_LONGEST = 400  # characters of a number, date or the like; longer text is refused unread
_DIGITS = 9  # of a fraction of a second
_ANY_DAY = datetime.date(1972, 12, 31)  # the day on which XML Schema compares times
_DURATION = re.compile(
    r"([+-]?)P" + "".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in "YMWD")
    + "(?:T" + "".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in "HMS") + ")?", re.A,
)  # fmt: skip
_OFFSET = 10**15  # added to lengths, so that negative ones are in order as text
_COORDINATES = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2,
    "MultiPolygon": 3,
}  # fmt: skip


# The formats of texts: what is expected, and whether a text is that, which may raise a ValueError.
_FORMATS: dict[str, tuple[str, Callable[[str], object]]] = {
    "email": (
        "an email address",
        lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}", text[:_LONGEST]),
    ),
    "uri": (
        "a URI such as https://example.org",
        lambda text: not re.search(r"\s", text) and urlsplit(text).scheme,
    ),
    "binary": ("text in base64", lambda text: base64.b64decode(text, validate=True) is not None),
    "uuid": ("a UUID", uuid.UUID),
}


class CellError(ValueError):
    """A cell that is not of its type: what was expected, and how to fix it, if that is clear.

    The rule that it breaks is empty if the cell is right but no column can hold its value.
    """

    def __init__(self, expected: str, hint: str = "", rule: str = "type") -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint
        self.rule = rule


def is_strict(schema: Table, field: Column) -> bool:
    """Return whether a column is read as the profile asks, not as Table Schema alone."""
    return schema.profiled and _may_be_strict(field)


def _may_be_strict(field: Column) -> bool:
    """Return whether the schema asks for no other way of writing the cells."""
    written = (field.format, field.decimal_char, field.group_char, field.bare_number)
    texts = (tuple(field.true_values), tuple(field.false_values))
    return field.type in _STRICT and (written, texts) == (
        ("default", ".", "", True), (TRUE_VALUES, FALSE_VALUES),
    )  # fmt: skip


def parse(text: str, field: Column, strict: bool) -> Any:
    """Return the value of a text that is not missing; a CellError if it is not of its type."""
    strict = strict and _may_be_strict(field)
    row = definition(field)
    if not strict and field.type not in _OF_ANY_LENGTH and len(text) > _LONGEST:
        raise CellError(f"{row.expected}, of at most {_LONGEST} characters")
    formed = field.type in ("year", "yearmonth") or (
        field.type in ("date", "datetime", "time") and field.format == "default"
    )
    if formed and not re.fullmatch(row.form, text):
        raise CellError(row.expected)
    try:
        return _PARSERS[field.type](text, field, strict)
    except CellError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise CellError(row.expected) from None


def cell_text(value: Any) -> str:
    """Return the text of a value in a cell, the inverse of parsing; empty for a missing value.

    Numbers are written with the fewest digits that give the same value back.
    """
    if value is None or type(value).__name__ == "NAType" or value != value:
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool":  # that of numpy
        return "true" if value else "false"
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    if isinstance(value, float):
        integral = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if integral else repr(float(value)).replace("e+", "e")
    return str(value)


def quote(text: str) -> str:
    """Return a cell in quotes for a message, shortened if it is long."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    return ascii(shown) if HIDDEN.search(shown) else repr(shown)


def encoded_once(text: str) -> str | None:
    """Return what a text was before UTF-8 was taken for another encoding; None if it was not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return None


def _string(text: str, field: Column, strict: bool) -> str:
    if strict:
        _refuse_unclean(text)
        return text
    expected, accepts = _FORMATS.get(field.format, ("", bool))
    try:
        refused = expected and not accepts(text)
    except ValueError:
        refused = True
    if refused:
        raise CellError(expected)
    return text


def _refuse_unclean(text: str) -> None:
    """Refuse text that the profile does not allow."""
    if not text.isascii() and (meant := encoded_once(text)):
        hint = f"write {quote(meant)}; the file was saved in another encoding than it was read"
        raise CellError("text that was encoded once", hint, "encoding")
    if CONTROL.search(text):
        raise CellError("text on one line, without control characters")
    if text != text.strip():
        raise CellError("text without spaces around it", f"write {text.strip()!r}")
    if found := HIDDEN.search(text):
        code = f"U+{ord(found[0]):04X}"
        raise CellError("text without hidden characters", f"remove {code}")


def _integer(text: str, field: Column, strict: bool) -> int:
    plain = text if strict else _plain_number(text, field)
    if not re.fullmatch(INTEGER, plain):
        raise CellError(definition(field).expected)
    value = int(plain) if len(plain) <= _LONGEST else 2**64
    if strict and not -(2**63) <= value < 2**63:
        raise CellError("a whole number of at most 64 bits")
    return value


def _number(text: str, field: Column, strict: bool) -> float:
    plain = text if strict else _plain_number(text, field)
    if not strict and plain.lstrip("+-").lower() in ("nan", "inf", "infinity"):
        return float(plain)
    if not re.fullmatch(NUMBER, plain):
        raise CellError(definition(field).expected)
    value = float(plain)
    if strict and value in (float("inf"), float("-inf")):
        raise CellError("a number that fits in 64 bits (at most 1.8e308)")
    exact = not strict or abs(value) < 2**53 or not re.fullmatch(INTEGER, text)
    if not exact and Decimal(text) != Decimal(repr(value)):
        hint = f"its last digits get lost: write {cell_text(value)} if that is exact enough"
        raise CellError("a number that 64 bits hold", hint)
    return value


def _plain_number(text: str, field: Column) -> str:
    """Return a number as it is written without groups, with a decimal point and without a unit."""
    plain = text.strip()
    if not field.bare_number:
        plain = re.sub(r"^[^\d+\-.]+|[^\d.]+$", "", plain)
    if (field.decimal_char, field.group_char) == (".", ""):
        return plain
    found = _written(field.decimal_char, field.group_char).fullmatch(plain)
    if not found:
        return plain if plain.lstrip("+-").lower() in ("nan", "inf", "infinity") else ""
    whole = found["whole"].replace(field.group_char, "")
    fraction = f".{found['fraction'][1:]}" if found["fraction"] else ""
    return f"{found['sign']}{whole}{fraction}{found['exponent']}"


@lru_cache(64)
def _written(decimal: str, group: str) -> re.Pattern[str]:
    """Return the form of a number with these characters; groups are only in its integer part."""
    point, mark = re.escape(decimal) or "(?!)", re.escape(group)
    grouped = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|" if group else ""
    return re.compile(
        rf"(?P<sign>[+-]?)(?P<whole>{grouped}[0-9]*)(?P<fraction>(?:{point}[0-9]*)?)"
        r"(?P<exponent>(?:[eE][+-]?[0-9]+)?)"
    )


def _boolean(text: str, field: Column, strict: bool) -> bool:
    true, false = (["true"], ["false"]) if strict else (field.true_values, field.false_values)
    if text in true:
        return True
    if text in false:
        return False
    allowed = ", ".join([*true, *false])
    raise CellError(definition(field).expected if strict else f"one of: {allowed}")


def _date(text: str, field: Column, _: bool) -> datetime.date:
    if field.format != "default":
        return _formatted(text, field).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise CellError(f"{definition(field).expected}; there is no such day") from None


def _datetime(text: str, field: Column, _: bool) -> str:
    if field.format != "default":
        return _moment(_formatted(text, field))
    return _moment(datetime.datetime.fromisoformat(text), text)


def _time(text: str, field: Column, strict: bool) -> str:
    if field.format == "default":
        return _datetime(f"{_ANY_DAY}T{text}", field, strict)
    time = _formatted(text, field).timetz()
    return _moment(datetime.datetime.combine(_ANY_DAY, time))


def _formatted(text: str, field: Column) -> datetime.datetime:
    """Read a date or time of another format than the default one."""
    if field.format != "any":
        try:
            return datetime.datetime.strptime(text, field.format[:_LONGEST])
        except (ValueError, re.error):
            raise CellError(f"a {field.type} of the form {field.format[:100]}") from None
    import pandas as pd

    # Words such as "now" depend on the clock, and so does a date that has only a time of day.
    if not re.search(r"\d", text) or (field.type != "time" and re.match(r"\s*\d?\d:\d\d", text)):
        raise CellError(definition(field).expected)
    return pd.Timestamp(text).to_pydatetime(warn=False)


def _moment(moment: datetime.datetime, text: str = "") -> str:
    """Return a moment as text of one width: in UTC with a Z, or without a zone."""
    found = re.search(r"\.([0-9]+)", text)
    fraction = found[1] if found else f"{moment.microsecond:06d}"
    if len(fraction.rstrip("0")) > _DIGITS:
        raise CellError(f"at most {_DIGITS} digits after the second")
    zone = ""
    if moment.utcoffset() is not None:
        moment, zone = moment.astimezone(datetime.UTC), "Z"
    seconds = moment.replace(microsecond=0, tzinfo=None).isoformat()
    return f"{seconds}.{fraction[:_DIGITS]:0<{_DIGITS}}{zone}"


def _yearmonth(text: str, _: Column, __: bool) -> str:
    year, _dash, month = text.partition("-")
    return datetime.date(int(year), int(month), 1).isoformat()[:7]


def _duration(text: str, field: Column, _: bool) -> str:
    """Return months and seconds, in text of one width; the last letter says which are not 0."""
    found = _DURATION.fullmatch(text)
    if not found or text.endswith(("P", "T")):
        raise CellError(definition(field).expected)
    sign = -1 if found[1] == "-" else 1
    years, months, weeks, days, hours, minutes, seconds = (
        Decimal(amount or 0) * sign for amount in found.groups()[1:]
    )
    months += years * 12
    seconds += ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60
    if max(abs(months), abs(seconds)) >= _OFFSET:
        raise CellError("a shorter duration")
    kind = ("both" if seconds else "months") if months else ("seconds" if seconds else "zero")
    return f"{_OFFSET + months:026.9f} {_OFFSET + seconds:026.9f} {kind}"


def _json(text: str, field: Column, kind: type) -> Any:
    """Read JSON with numbers as JSON has them: 1 and 1.0 are equal, there is no NaN."""

    def number(digits: str) -> int | float:
        value = float(digits)
        return int(value) if value.is_integer() else value

    data = json.loads(text, parse_float=number, parse_constant=int)  # which refuses NaN
    if not isinstance(data, kind):
        raise CellError(definition(field).expected)
    return data


def counted(number: int) -> str:
    """Return how a number of items is written before the items, so that lengths compare as text."""
    return f"{number:012d}"


def _items(data: Any) -> str:
    """Return lists and objects as text that begins with the number of items."""
    return counted(len(data)) + json.dumps(data, sort_keys=True, separators=(",", ":"))


def _list(text: str, field: Column, _: bool) -> str:
    item = PlainColumn(field.name, field.item_type or "string")
    items = []
    for part in text.split(field.delimiter or ","):
        try:
            items.append(parse(part, item, False))
        except CellError as error:
            wanted = f"a list whose items are each {error.expected}"
            raise CellError(f"{wanted}, separated by {field.delimiter!r}") from None
    return counted(len(items)) + json.dumps(items, default=str, separators=(",", ":"))


def _geopoint(text: str, field: Column, _: bool) -> str:
    parts: Any = [part.strip() for part in text.split(",")]
    if field.format in ("array", "object"):
        data = _json(text, field, list if field.format == "array" else dict)
        parts = [data.get("lon"), data.get("lat")] if isinstance(data, dict) else data
    longitude, latitude = map(float, parts)
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise CellError("a longitude of -180 to 180 and a latitude of -90 to 90")
    return f"{longitude + 0.0},{latitude + 0.0}"


def _geojson(text: str, field: Column, _: bool) -> str:
    data = _json(text, field, dict)
    if field.format == "topojson":
        if data.get("type") != "Topology" or not isinstance(data.get("objects"), dict):
            raise CellError('an object of TopoJSON, with the type "Topology" and objects')
    elif not _is_geojson(data):
        raise CellError("an object of GeoJSON, with a type of RFC 7946 and what belongs to it")
    return _items(data)


def _is_geojson(data: Any) -> bool:
    """Return whether an object has one of the nine types of RFC 7946, with its members."""

    def each(members: Any, accepted: Callable[[Any], bool]) -> bool:
        return isinstance(members, list) and all(map(accepted, members))

    def is_position(position: Any, depth: int) -> bool:
        if depth:
            return each(position, lambda inner: is_position(inner, depth - 1))
        numbers = each(position, lambda part: type(part) in (int, float))
        return numbers and (len(position) >= 2 or not position)

    if not isinstance(data, dict):
        return False
    match data.get("type"):
        case "Feature":
            geometry = data.get("geometry")
            known = isinstance(data.get("properties", 0), dict | None)
            return known and "geometry" in data and (geometry is None or _is_geojson(geometry))
        case "FeatureCollection":
            return each(data.get("features"), _is_geojson)
        case "GeometryCollection":
            return each(data.get("geometries"), _is_geojson)
        case str(kind) if kind in _COORDINATES:
            return is_position(data.get("coordinates"), _COORDINATES[kind])
    return False


_PARSERS: dict[str, Callable[[str, Column, bool], Any]] = {
    "any": lambda text, _field, _strict: text,
    "array": lambda text, field, _strict: _items(_json(text, field, list)),
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "geojson": _geojson,
    "geopoint": _geopoint,
    "integer": _integer,
    "list": _list,
    "number": _number,
    "object": lambda text, field, _strict: _items(_json(text, field, dict)),
    "string": _string,
    "time": _time,
    "year": lambda text, _field, _strict: int(text),
    "yearmonth": _yearmonth,
}


def limit(value: Any, field: Column) -> Any:
    """Return a limit or an allowed value in a schema as a value of the column; None stays None.

    It may be written as a cell of the column, or as JSON; a ValueError if it is not of the type.
    """
    if value is None or isinstance(value, str):
        return value if value is None else parse(value, field, strict=False)
    match field.type:
        case "integer" | "year" | "number" if not isinstance(value, bool | int | float):
            raise CellError(definition(field).expected)
        case "integer" | "year":
            if value - value != 0:  # infinite, or not a number
                raise CellError(definition(field).expected)
            return int(value) if value % 1 == 0 else value
        case "number":
            return float(value)
        case "boolean" if isinstance(value, bool):
            return value
        case "date" if isinstance(value, datetime.date):
            return value
        case "array" | "object" | "geojson" | "geopoint":
            if field.type == "geopoint" and field.format == "default":  # a list or an object
                field = PlainColumn(field.name, "geopoint", "array")
            return parse(json.dumps(value), field, strict=False)
        case "list" if isinstance(value, list | tuple):
            return parse(field.delimiter.join(map(cell_text, value)), field, strict=False)
        case "string" | "any":
            return str(value)
    return parse(cell_text(value), field, strict=False)
