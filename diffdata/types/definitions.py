"""The table of field types: one row says what a type is everywhere. Imports no library."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol

INTEGER = r"[+-]?[0-9]+"
NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NOT_FINITE = r"[+-]?(?:[Nn][Aa][Nn]|[Ii][Nn][Ff](?:[Ii][Nn][Ii][Tt][Yy])?)"
_FRACTION_AND_ZONE = r"(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "[0-9]{2}:[0-9]{2}:[0-9]{2}" + _FRACTION_AND_ZONE

# The texts of true and false, if a column does not name others.
TRUE_VALUES = ("true", "True", "TRUE", "1")
FALSE_VALUES = ("false", "False", "FALSE", "0")

# Control characters and line separators, which no cell on one line has.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Characters that are invisible or change the direction of text: an id with one looks like another.
HIDDEN = re.compile(
    r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
# Text that a spreadsheet runs: "=" with an expression, and "@", "+" or "-" with a call, a pipe or
# a reference to another sheet. Prose such as "= 451 MWh" or "+49 30 123" stays text there.
FORMULA = re.compile(
    r"^[\t\r]*(?:=\S|=\s+[\w.$\"']+\s*(?:[-+*/^&(<>=!:|]|$)|[@+-]\S*[(|!])", re.ASCII
)


@dataclass(frozen=True)
class FieldType:
    """What a field type of Table Schema is in text, in each library and in each export format.

    ``expected`` is what a cell must be, ``plural`` what a column has, in words. ``form`` is the
    regular expression of a cell (ASCII, the same for all engines), empty if any text is allowed or
    the form depends on the field; ``other_forms`` are what packages outside of the profile may
    write as well. An empty ``pandas`` type is text; ``sql`` is that of DuckDB. Columns with the
    same kind of ``order`` can be compared with each other; empty: no order.
    """

    expected: str
    plural: str = "text"
    form: str = ""
    other_forms: tuple[str, ...] = ()
    arrow: str = "string"
    pandas: str = ""
    narwhals: str = "String"
    spark: str = "StringType"
    sql: str = "VARCHAR"
    sqlite: str = "TEXT"
    annotation: str = "str"
    xsd: str = "string"
    schema_org: str = "sc:Text"
    order: Literal["", "number", "date", "text"] = ""

    @property
    def canonical(self) -> bool:
        """Whether values become text in a canonical form when they are parsed."""
        return self.arrow == "string" and not self.order

    @property
    def accepted(self) -> str:
        """The regular expression of a cell outside of the profile."""
        return "|".join((self.form, *self.other_forms))


def _integer(
    expected: str, form: str, other_forms: tuple[str, ...], xsd: str, schema_org: str
) -> FieldType:
    return FieldType(
        expected, "whole numbers of 64 bits", form, other_forms, "int64", "Int64", "Int64",
        "LongType", "BIGINT", "INTEGER", "pd.Int64Dtype", xsd, schema_org, "number",
    )  # fmt: skip


FIELD_TYPES: dict[str, FieldType] = {
    "any": FieldType("text", order="text"),
    "array": FieldType("an array in JSON"),
    "boolean": FieldType(
        "true or false", "true or false", "true|false", (), "bool", "boolean", "Boolean",
        "BooleanType", "BOOLEAN", "BOOLEAN", "pd.BooleanDtype", "boolean", "sc:Boolean",
    ),
    "date": FieldType(
        "a date such as 2020-05-28", "dates", _DATE, (), "date32", "datetime64[us]", "Date",
        "DateType", "DATE", "DATE", "np.datetime64", "date", "sc:Date", "date",
    ),
    "datetime": FieldType(
        "a date and time such as 2020-05-28T12:00:00Z", form=f"{_DATE}[T ]{_TIME}",
        xsd="dateTime", schema_org="sc:DateTime",
    ),
    "duration": FieldType("a duration such as P1Y2M or PT5M", xsd="duration"),
    "geojson": FieldType("an object of GeoJSON"),
    "geopoint": FieldType("a point such as 90.5,45.5 (longitude, latitude)"),
    "integer": _integer(
        "a whole number such as 175000000000", INTEGER, (rf" *{INTEGER} *",), "integer",
        "sc:Integer",
    ),
    "list": FieldType("a list"),
    "number": FieldType(
        "a number such as 3.14e23", "numbers", NUMBER, (rf" *(?:{NUMBER}|{_NOT_FINITE}) *",),
        "double", "float64", "Float64", "DoubleType", "DOUBLE", "REAL", "float", "double",
        "sc:Float", "number",
    ),
    "object": FieldType("an object in JSON"),
    "string": FieldType("text", order="text"),
    "time": FieldType("a time such as 12:00:00", form=_TIME, xsd="time", schema_org="sc:Time"),
    "year": _integer("a year such as 2020", "[0-9]{4}", (), "gYear", "sc:Integer"),
    "yearmonth": FieldType("a month such as 2020-05", form="[0-9]{4}-[0-9]{1,2}", xsd="gYearMonth"),
}  # fmt: skip

# Types that an engine reads from text by a cast, which gives null where it cannot.
CAST_BY_ENGINES = ("integer", "year", "number", "date")


class Column(Protocol):
    """What a field of a schema says about how its cells are written."""

    name: str
    type: Any
    format: str = "default"
    missing_values: Any = None
    true_values: Any = TRUE_VALUES
    false_values: Any = FALSE_VALUES
    decimal_char: str = "."
    group_char: str = ""
    bare_number: bool = True
    item_type: str | None = None
    delimiter: str = ","


@dataclass
class PlainColumn(Column):
    """A column of a type, written in the default way."""

    name: str
    type: str
    format: str = "default"


class Table(Protocol):
    """What a schema says about how its cells are written."""

    fields: Any
    missing_values: Any

    @property
    def profiled(self) -> bool:
        """Whether cells are read strictly, as the profile asks."""


def definition(field: Column) -> FieldType:
    """Return the row of the table for the type of a column."""
    return FIELD_TYPES[field.type]


def missing_values(field: Column, schema: Table) -> tuple[str, ...]:
    """Return the texts that mean that a cell of a column is missing."""
    found: tuple[str, ...] | None = field.missing_values
    return found if found is not None else tuple(schema.missing_values)
