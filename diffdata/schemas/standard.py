"""Descriptor objects of the standard: Data Package v1 and v2, as strangers write them.

What is not known is ignored here, as the standard allows; what is known must have the right form.
`diffdata.schemas.profile` narrows these classes to the profile of this dataset.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator
from pydantic import Field as Key
from pydantic.alias_generators import to_camel

from diffdata.errors import nearest

Severity = Literal["error", "warning"]
Scalar = str | bool | int | float
_COMPARED = 500  # columns among which a misspelt one is looked for
FieldType = Literal[
    "any", "array", "boolean", "date", "datetime", "duration", "geojson", "geopoint", "integer",
    "list", "number", "object", "string", "time", "year", "yearmonth",
]  # fmt: skip


class Readable(BaseModel):
    """Keys are those of the standard (camelCase); what has been read is never changed.

    A class is built when it first reads something: most uses need few of them.
    """

    model_config = ConfigDict(
        extra="ignore", frozen=True, strict=True, alias_generator=to_camel, defer_build=True
    )


class Constraints(Readable):
    """What a cell must satisfy.

    Limits may be written as text, as a cell would be; they are parsed by the type of the column.
    """

    required: bool = False
    unique: bool = False
    minimum: int | float | datetime.date | str | None = None
    maximum: int | float | datetime.date | str | None = None
    exclusive_minimum: int | float | str | None = None
    exclusive_maximum: int | float | str | None = None
    min_length: int | None = Key(default=None, ge=0)
    max_length: int | None = Key(default=None, ge=0)
    enum: tuple[Any, ...] | None = None
    pattern: str | None = None


class Field(Readable):
    """A column: its name, type and constraints."""

    name: str
    type: FieldType = "any"
    format: str = "default"
    title: str | None = None
    description: str = ""
    unit: str | None = None
    example: Any = None
    constraints: Constraints = Constraints.model_construct()
    missing_values: tuple[str, ...] | None = None
    true_values: tuple[str, ...] = ("true", "True", "TRUE", "1")
    false_values: tuple[str, ...] = ("false", "False", "FALSE", "0")
    decimal_char: str = "."
    group_char: str = ""
    bare_number: bool = True

    @model_validator(mode="after")
    def _limits_are_values(self) -> Field:
        limits = self.constraints
        named = {
            "minimum": limits.minimum, "maximum": limits.maximum,
            "exclusiveMinimum": limits.exclusive_minimum,
            "exclusiveMaximum": limits.exclusive_maximum,
        }  # fmt: skip
        every = [*named.items(), *(("enum", value) for value in limits.enum or ())]
        for name, value in every:
            try:
                self.limit(value)
            except (TypeError, ValueError, OverflowError, re.error):
                shown = repr(value)[:100]
                raise ValueError(f"{name}: {shown} is no {self.type}") from None
        if limits.pattern is not None:
            import pyarrow as pa
            import pyarrow.compute as pc

            try:  # RE2, whose time is linear in the text, whatever the pattern
                pc.match_substring_regex(pa.scalar(""), limits.pattern)
            except pa.ArrowInvalid as error:
                shown, why = repr(limits.pattern)[:100], str(error)[:100]
                raise ValueError(f"the pattern {shown} is not possible: {why}") from None
        return self

    def limit(self, value: Any) -> Any:
        """Return a limit or an allowed value of the column as a value of its type.

        Raises
        ------
        ValueError
            If it is none.
        """
        if value is None:
            return None
        match self.type:
            case "number":
                return float(value)
            case "integer" | "year":
                if isinstance(value, float) and not value.is_integer():
                    return value
                return int(value)
            case "boolean":
                return value if isinstance(value, bool) else str(value) in self.true_values
            case "date":
                if isinstance(value, str):
                    value = self._day(value)
                return datetime.datetime.combine(value, datetime.time())
        return value if isinstance(value, str) else str(value)

    def _day(self, text: str) -> datetime.date:
        """Read a date as a cell of the column is read."""
        if "%" in self.format:
            return datetime.datetime.strptime(text, self.format).date()
        return datetime.date.fromisoformat(text)


class Reference(Readable):
    """The columns that a foreign key points at; an empty resource is the table itself."""

    resource: str = ""
    fields: tuple[str, ...]

    _list = field_validator("fields", mode="before")(lambda value: as_list(value))


class ForeignKey(Readable):
    """Columns whose values, where all are given, must stand in the referenced columns."""

    fields: tuple[str, ...]
    reference: Reference

    _list = field_validator("fields", mode="before")(lambda value: as_list(value))


class TableSchema(Readable):
    """One table: its columns and keys.

    Attributes
    ----------
    profiled
        Whether the table is held to the profile of this dataset: see `diffdata.schemas.profile`.
    """

    title: str = ""
    description: str = ""
    fields: tuple[Field, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    missing_values: tuple[str, ...] = ("",)
    fields_match: Literal["exact", "equal", "subset", "superset", "partial"] = "exact"
    rules: tuple[Any, ...] = ()

    _list = field_validator("primary_key", mode="before")(lambda value: as_list(value))

    @field_validator("missing_values", mode="before")
    @classmethod
    def _labels_dropped(cls, value: Any) -> Any:
        """Drop the labels that v2 allows beside missing values."""
        if isinstance(value, list):
            return tuple(v.get("value") if isinstance(v, dict) else v for v in value)
        return value

    @field_validator("fields_match", mode="before")
    @classmethod
    def _unwrapped(cls, value: Any) -> Any:
        """Accept the list of one that v2 writes."""
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    @property
    def profiled(self) -> bool:
        """Whether the table is held to the profile."""
        return False

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Return the column of that name (KeyError if there is none)."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values; what was looked up in this one is looked up anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("column_names", "_by_name"):
            copied.__dict__.pop(name, None)
        return copied

    @model_validator(mode="after")
    def _names_exist(self) -> TableSchema:
        faults = [f"the column {name!r} is defined more than once" for name in self._repeated()]
        for where, name in self._names_used():
            if name not in self._by_name:
                close = nearest(name, self.column_names[:_COMPARED])
                hint = f"; did you mean {close[0]!r}?" if close else ""
                faults.append(f"{where} names a missing column {name!r}{hint}")
        for key in self.foreign_keys:
            if len(key.fields) != len(key.reference.fields):
                here, there = ", ".join(key.fields), ", ".join(key.reference.fields)
                faults.append(f"the foreign key ({here}) refers to ({there}), another number")
        if faults:
            more = f"; and {len(faults) - 20} more" if len(faults) > 20 else ""
            raise ValueError("; ".join(faults[:20]) + more)
        return self

    def _repeated(self) -> list[str]:
        return sorted(name for name, times in Counter(self.column_names).items() if times > 1)

    def _names_used(self) -> list[tuple[str, str]]:
        """List where the schema names a column, and which."""
        used = [("primaryKey", name) for name in self.primary_key]
        used += [("uniqueKeys", name) for key in self.unique_keys for name in key]
        return used + [("foreignKeys", name) for key in self.foreign_keys for name in key.fields]


class Dialect(Readable):
    """How a CSV file is written, where it is not as RFC 4180 says."""

    delimiter: str = Key(default=",", min_length=1, max_length=1)
    quote_char: str | None = Key(default='"', max_length=1)
    double_quote: bool = True
    escape_char: str | None = Key(default=None, max_length=1)
    skip_initial_space: bool = False
    header: bool = True
    comment_char: str | None = None


class Resource(Readable):
    """A file of the package, or data that stand in the descriptor itself."""

    name: str
    title: str | None = None
    description: str | None = None
    type: str | None = None
    profile: str | None = None
    path: str | tuple[str, ...] | None = None
    data: Any = None
    schema_: str | dict[str, Any] | None = Key(default=None, alias="schema")
    dialect: str | dict[str, Any] | None = None
    format: str | None = None
    mediatype: str | None = None
    encoding: str = "utf-8"
    compression: str | None = None
    hash: str | None = None
    bytes: int | None = None

    _lists = field_validator("path", mode="before")(
        lambda value: tuple(value) if isinstance(value, list) else value
    )


class PackageDescriptor(Readable):
    """datapackage.json: the package as a whole."""

    name: str = ""
    version: str = ""
    title: str = ""
    description: str = ""
    resources: tuple[Resource, ...] = Key(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> PackageDescriptor:
        names = Counter(resource.name for resource in self.resources)
        for name in sorted(name for name, times in names.items() if times > 1):
            raise ValueError(f"two resources have the name {name!r}")
        return self


def as_list(value: Any) -> Any:
    """Let a lone column name stand for a list of one, as Table Schema does."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value
