"""The types and formats of Table Schema v2, as packages of strangers use them."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from diffdata.schemas.standard import Field
from diffdata.validation.mends import INTEGER, NUMBER

# Text longer than this is no number, date or the like; it is not even tried.
_LONGEST = 400


class CellError(ValueError):
    """A cell is not of its type; carries what was expected, how to mend it, and the rule."""

    def __init__(self, expected: str, hint: str = "", rule: str = "type") -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint
        self.rule = rule


def _string(text: str, field: Field) -> str:
    match field.format:
        case "email" if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}", text[:_LONGEST]):
            raise CellError("an email address")
        case "uri" if not (urlsplit_or_none(text) and not re.search(r"\s", text)):
            raise CellError("a URI such as https://example.org")
        case "binary":
            try:
                base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                raise CellError("text in base64") from None
        case "uuid":
            try:
                uuid.UUID(text)
            except ValueError:
                raise CellError("a UUID") from None
    return text


def urlsplit_or_none(text: str) -> str | None:
    """Return the scheme of a URI, None where the text is none."""
    try:
        return urlsplit(text).scheme or None
    except ValueError:
        return None


def _number(text: str, field: Field) -> float:
    _bounded(text, "a number")
    plain = _bare(text.strip(), field)
    if field.group_char:
        plain = plain.replace(field.group_char, "")
    if field.decimal_char != ".":
        plain = plain.replace(field.decimal_char, ".")
    special = plain.lstrip("+-").lower()
    if special in ("nan", "inf", "infinity"):
        return float(plain)
    if not re.fullmatch(NUMBER, plain):
        raise CellError("a number")
    return float(plain)


def _integer(text: str, field: Field) -> int:
    _bounded(text, "a whole number")
    plain = _bare(text.strip(), field)
    if field.group_char:
        plain = plain.replace(field.group_char, "")
    if not re.fullmatch(INTEGER, plain):
        raise CellError("a whole number")
    return int(plain)


def _bare(text: str, field: Field) -> str:
    """Strip what stands around a number, where the column says that something may."""
    return text if field.bare_number else re.sub(r"^[^\d+\-.]+|[^\d.]+$", "", text)


def _bounded(text: str, expected: str) -> None:
    """Refuse text that is too long to be anything but text."""
    if len(text) > _LONGEST:
        raise CellError(f"{expected}, of at most {_LONGEST} characters")


def _boolean(text: str, field: Field) -> bool:
    if text in field.true_values:
        return True
    if text in field.false_values:
        return False
    raise CellError(f"one of: {', '.join([*field.true_values, *field.false_values])}")


def _date(text: str, field: Field) -> datetime.date:
    return _when(text, field, "%Y-%m-%d", "a date such as 2020-05-28").date()


def _datetime(text: str, field: Field) -> datetime.datetime:
    if field.format == "default":
        pattern = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?"
        if re.fullmatch(pattern, text, re.A):
            try:
                return datetime.datetime.fromisoformat(text)
            except ValueError:
                pass
        raise CellError("a date and time such as 2020-05-28T12:00:00Z")
    return _when(text, field, "", f"a date and time of the form {field.format}")


def _time(text: str, field: Field) -> datetime.time:
    if field.format == "default":
        if re.fullmatch(r"\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?", text, re.A):
            try:
                return datetime.time.fromisoformat(text)
            except ValueError:
                pass
        raise CellError("a time such as 12:00:00")
    return _when(text, field, "", f"a time of the form {field.format}").time()


def _when(text: str, field: Field, default: str, expected: str) -> datetime.datetime:
    _bounded(text, expected)
    if field.format == "any":
        import pandas as pd

        try:
            found = pd.Timestamp(text)
        except (ValueError, OverflowError, TypeError):
            raise CellError(expected) from None
        if pd.isna(found):
            raise CellError(expected)
        return found.to_pydatetime(warn=False)
    form = default if field.format == "default" else field.format[:_LONGEST]
    try:
        return datetime.datetime.strptime(text, form)
    except (ValueError, re.error):
        raise CellError(expected if form == default else f"a date of the form {form}") from None


def _year(text: str, _: Field) -> int:
    if not re.fullmatch(r"\d{4}", text, re.A):
        raise CellError("a year such as 2020")
    return int(text)


def _yearmonth(text: str, _: Field) -> str:
    found = re.fullmatch(r"(\d{4})-(\d{1,2})", text, re.A)
    if not found or not 1 <= int(found[2]) <= 12:
        raise CellError("a month such as 2020-05")
    return f"{found[1]}-{int(found[2]):02d}"


def _duration(text: str, _: Field) -> str:
    amount = r"(\d+(\.\d+)?{0})?"
    date = "".join(amount.format(unit) for unit in "YMWD")
    time = "".join(amount.format(unit) for unit in "HMS")
    _bounded(text, "a duration")
    form = re.fullmatch(rf"[+-]?P{date}(T{time})?", text, re.A)
    if not form or text.endswith(("P", "T")):
        raise CellError("a duration such as P1Y2M or PT5M")
    return text


def _geopoint(text: str, field: Field) -> str:
    _bounded(text, "a point")
    parts: Any = [part.strip() for part in text.split(",")]
    if field.format in ("array", "object"):
        data = _json(text, list if field.format == "array" else dict, "a point in JSON")
        parts = [data.get("lon"), data.get("lat")] if isinstance(data, dict) else data
    try:
        lon, lat = (float(part) for part in parts)
    except (TypeError, ValueError):
        raise CellError("a point such as 90.5,45.5 (longitude, latitude)") from None
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise CellError("a longitude of -180 to 180 and a latitude of -90 to 90")
    return text


def _json(text: str, kind: type, expected: str) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise CellError(expected) from None
    if not isinstance(data, kind):
        raise CellError(expected)
    return data


def _object(text: str, _: Field) -> str:
    _json(text, dict, "an object in JSON")
    return text


def _array(text: str, _: Field) -> str:
    _json(text, list, "an array in JSON")
    return text


def _geojson(text: str, _: Field) -> str:
    if "type" not in _json(text, dict, "an object of GeoJSON"):
        raise CellError("an object of GeoJSON, with a type")
    return text


def _any(text: str, _: Field) -> str:
    return text


STANDARD_TYPES: dict[str, Callable[[str, Field], Any]] = {
    "any": _any,
    "array": _array,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "geojson": _geojson,
    "geopoint": _geopoint,
    "integer": _integer,
    "list": _any,
    "number": _number,
    "object": _object,
    "string": _string,
    "time": _time,
    "year": _year,
    "yearmonth": _yearmonth,
}
