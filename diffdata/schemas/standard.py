"""Descriptor objects of the standard, Data Package v1 and v2, as third-party packages write them.

Unknown keys are ignored here, as the standard allows; known keys must have the right form.
`diffdata.schemas.profile` narrows these classes to the profile of this dataset.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Key
from pydantic.alias_generators import to_camel

from diffdata.errors import nearest
from diffdata.schemas.stated import (
    Acyclic,
    NearMedian,
    Ordered,
    Readable,
    Rule,
    When,
    possible_pattern,
)
from diffdata.types.definitions import FALSE_VALUES, TRUE_VALUES, definition
from diffdata.types.text import limit

_COMPARED = 500  # columns that a misspelt name is compared with
FieldType = Literal[
    "any", "array", "boolean", "date", "datetime", "duration", "geojson", "geopoint", "integer",
    "list", "number", "object", "string", "time", "year", "yearmonth",
]  # fmt: skip
_TEXTS, _COLLECTIONS = ("any", "string"), ("array", "list", "object")
_UNORDERED = (*_COLLECTIONS, "boolean", "geojson", "geopoint")
WHOLE = ("integer", "year")
LEAST, MOST = -(2**63), 2**63 - 1  # of whole numbers of 64 bits
ITEM_TYPES = ("string", "integer", "boolean", "number", "datetime", "date", "time")


def as_list(value: Any) -> Any:
    """Return a single column name as a list of one, as Table Schema allows."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def without_labels(value: Any) -> Any:
    """Return missing values without the labels that v2 allows."""
    if isinstance(value, list):
        return tuple(v.get("value") if isinstance(v, dict) else v for v in value)
    return value


def _only_item(value: Any) -> Any:
    """Return the item of a list of one, as v2 writes it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


ColumnNames = Annotated[tuple[str, ...], BeforeValidator(as_list)]
MissingValues = Annotated[tuple[str, ...], BeforeValidator(without_labels)]


class Constraints(Readable):
    """What a cell must satisfy.

    Limits may be written as text, like a cell; they are parsed by the type of the column.
    """

    required: bool = False
    unique: bool = False
    minimum: int | float | datetime.date | str | None = None
    maximum: int | float | datetime.date | str | None = None
    exclusive_minimum: int | float | datetime.date | str | None = None
    exclusive_maximum: int | float | datetime.date | str | None = None
    min_length: int | None = Key(default=None, ge=0)
    max_length: int | None = Key(default=None, ge=0)
    enum: tuple[Any, ...] | None = None
    pattern: str | None = None
    json_schema: dict[str, Any] | None = None

    def limits(self) -> Iterator[tuple[str, Any]]:
        """Yield the limits that are set, each with its key in the standard."""
        for name in ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum"):
            if (value := getattr(self, name)) is not None:
                yield to_camel(name), value


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
    missing_values: MissingValues | None = None
    true_values: tuple[str, ...] = TRUE_VALUES
    false_values: tuple[str, ...] = FALSE_VALUES
    decimal_char: str = "."
    group_char: str = ""
    bare_number: bool = True
    item_type: str | None = None
    delimiter: str = ","

    @model_validator(mode="after")
    def _is_consistent(self) -> Field:
        if self.group_char and self.group_char == self.decimal_char:
            raise ValueError(f"groupChar and decimalChar are both {self.group_char!r}")
        both = set(self.true_values).intersection(self.false_values)
        if both and {"true_values", "false_values"} <= self.model_fields_set:
            raise ValueError(f"trueValues and falseValues both have {min(both)[:100]!r}")
        if self.item_type not in (None, *ITEM_TYPES):
            raise ValueError(f"itemType: expected one of {', '.join(ITEM_TYPES)}")
        limits = self.constraints
        for name in self._unsupported():
            raise ValueError(f"{name}: not possible for the type {self.type}")
        for name, value in [*limits.limits(), *(("enum", each) for each in limits.enum or ())]:
            self.limit(value, name)
        if limits.pattern is not None:
            possible_pattern(limits.pattern)
        return self

    def _unsupported(self) -> Iterator[str]:
        """Yield the constraints that the type does not have."""
        limits = self.constraints
        if self.type in _UNORDERED:
            yield from (name for name, _ in limits.limits())
        if self.type not in (*_TEXTS, *_COLLECTIONS):
            lengths = {"minLength": limits.min_length, "maxLength": limits.max_length}
            yield from (name for name, length in lengths.items() if length is not None)
        if self.type not in _TEXTS and limits.pattern is not None:
            yield "pattern"

    def limit(self, value: Any, where: str) -> Any:
        """Return a limit or an allowed value as a value of the column, see `types.text.limit`."""
        try:
            return limit(value, self)
        except (TypeError, ValueError, OverflowError):
            message = f"{where}: {repr(value)[:100]} is not of the type {self.type}"
            raise ValueError(message) from None

    @cached_property
    def bounds(self) -> dict[str, Any]:
        """The limits, and the list of allowed values (``enum``), as values of the column."""
        bounds = {name: self.limit(value, name) for name, value in self.constraints.limits()}
        return bounds | {"enum": self.allowed(self.constraints.enum or ())}

    def allowed(self, values: Iterable[Any]) -> list[Any]:
        """Return allowed values as they compare with those of the column, without missing ones."""
        found = [self.limit(value, "enum") for value in values if value is not None]
        if self.type in WHOLE:
            exact = (int(value) for value in found if value == int(value))
            return [value for value in exact if LEAST <= value <= MOST]
        if self.type == "number" and 0.0 in found:
            return [*found, 0.0, -0.0]  # equal, but not to Arrow
        return found


class Reference(Readable):
    """The columns that a foreign key points at; an empty resource is the table itself."""

    resource: str = ""
    fields: ColumnNames


class ForeignKey(Readable):
    """Columns whose values, where all are given, must be in the referenced columns."""

    fields: ColumnNames
    reference: Reference


class TableSchema(Readable):
    """One table: its columns, keys and rules."""

    title: str = ""
    description: str = ""
    fields: tuple[Field, ...] = ()
    primary_key: ColumnNames = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    missing_values: MissingValues = ("",)
    fields_match: Annotated[
        Literal["exact", "equal", "subset", "superset", "partial"], BeforeValidator(_only_item)
    ] = "exact"
    rules: tuple[Rule, ...] = ()

    @property
    def profiled(self) -> bool:
        """Whether cells are read strictly: as the profile asks, which rules depend on."""
        return bool(self.rules)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def as_text(self) -> str:
        """All of the schema as text; to write it takes longer than to check a small table."""
        return repr((type(self), self))

    @cached_property
    def relations(self) -> str:
        """The foreign keys and rules as text, with the columns that they read."""
        return repr((self.foreign_keys, self.rules))

    def field(self, name: str) -> Field:
        """Return the column of that name (KeyError if there is none)."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @model_validator(mode="after")
    def _names_exist(self) -> TableSchema:
        names = Counter(self.column_names)
        repeated = sorted(name for name, times in names.items() if times > 1)
        faults = [f"the column {name!r} is defined more than once" for name in repeated]
        for where, name in self._names_used():
            if name not in self._by_name:
                close = nearest(name, self.column_names[:_COMPARED])
                hint = f"; did you mean {close[0]!r}?" if close else ""
                faults.append(f"{where} names a missing column {name!r}{hint}")
        for key in self.foreign_keys:
            if len(key.fields) != len(key.reference.fields):
                here, there = ", ".join(key.fields), ", ".join(key.reference.fields)
                faults.append(
                    f"the foreign key ({here}) refers to ({there}), which are not as many"
                )
        if faults:
            more = f"; and {len(faults) - 20} more" if len(faults) > 20 else ""
            raise ValueError("; ".join(faults[:20]) + more)
        return self

    def _names_used(self) -> list[tuple[str, str]]:
        """List where the schema names a column, and which."""
        used = [("primaryKey", name) for name in self.primary_key]
        used += [("uniqueKeys", name) for key in self.unique_keys for name in key]
        used += [("foreignKeys", name) for key in self.foreign_keys for name in key.fields]
        return used + [(f"rule {rule.name}", n) for rule in self.rules for n in rule.columns_used()]

    @model_validator(mode="after")
    def _rules_fit_their_columns(self) -> TableSchema:
        for rule in self.rules:
            for name, types in rule.typed_columns():
                if types and (found := self.field(name).type) not in types:
                    expected = " or ".join(types)
                    raise ValueError(f"rule {rule.name}: {name} is a {found}, expected {expected}")
            if isinstance(rule, Ordered):
                kinds = {definition(self.field(name)).order for name in rule.columns}
                if "" in kinds or len(kinds) > 1:
                    raise ValueError(f"rule {rule.name}: columns of these types have no order")
            if isinstance(rule, Acyclic):
                targets = {
                    key.fields[0]: key.reference.resource
                    for key in self.foreign_keys
                    if len(key.fields) == 1
                }
                node = targets.get(self.primary_key[0], "") if self.primary_key else ""
                if targets.get(rule.column) not in ("", node):
                    raise ValueError(
                        f"rule {rule.name}: {rule.column} does not refer to this table"
                    )
            if isinstance(rule, NearMedian) and rule.column in rule.by:
                raise ValueError(f"rule {rule.name}: {rule.column} cannot be in its own group")
            for condition in (getattr(rule, key, None) for key in ("when", "then")):
                if isinstance(condition, When):
                    for value in condition.equals or ():
                        self.field(condition.column).limit(value, f"rule {rule.name}")
        return self


class Dialect(Readable):
    """How a CSV file is written where it differs from RFC 4180."""

    delimiter: str = Key(default=",", min_length=1, max_length=1)
    quote_char: str | None = Key(default='"', max_length=1)
    double_quote: bool = True
    escape_char: str | None = Key(default=None, max_length=1)
    skip_initial_space: bool = False
    header: bool = True
    comment_char: str | None = None


def suffix_of(name: str) -> str:
    """Return how a file name ends, in small letters, compression left out."""
    suffixes = [part.lower() for part in PurePosixPath(name).suffixes]
    return next((part for part in reversed(suffixes) if part not in (".gz", ".zip")), "")


class Resource(Readable):
    """A file of the package, or data in the descriptor itself."""

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

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, none if the data are in the descriptor."""
        return (self.path,) if isinstance(self.path, str) else self.path or ()

    @property
    def file(self) -> str:
        """What messages call the file."""
        return self.paths[0][:200] if self.paths else f"datapackage.json#{self.name[:200]}"

    @property
    def is_table(self) -> bool:
        """Whether the resource is a table."""
        tabular = self.type == "table" or self.profile == "tabular-data-resource"
        suffixes = {suffix_of(path) for path in self.paths}
        return tabular or self.schema_ is not None or bool(suffixes & {".csv", ".tsv"})


class PackageDescriptor(Readable):
    """The content of datapackage.json."""

    name: str = ""
    version: str = ""
    title: str = ""
    description: str = ""
    created: datetime.datetime | None = None
    resources: tuple[Resource, ...] = Key(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> PackageDescriptor:
        names = Counter(resource.name for resource in self.resources)
        for name in sorted(name for name, times in names.items() if times > 1):
            raise ValueError(f"two resources have the name {name!r}")
        return self
