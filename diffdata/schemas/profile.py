"""The diffdata profile of the standard: what its packages say in addition, read strictly.

It applies to packages whose schemas have ``rules``: every key must be known, every column and table
described, names are plain words, and there are two additions, which ``schemas/profile.json``
(generated from this module) defines:

- ``unit`` on every number and integer: a unit that `pint` can parse, ``"1"`` for a pure number, or
  ``"column:NAME"`` if another column of the same row has the unit or the currency;
- ``rules`` on a schema: named statements about the columns of a row, see `Rule`.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints, field_validator, model_validator
from pydantic import Field as Key

from diffdata.errors import Severity
from diffdata.schemas import standard
from diffdata.schemas.standard import Readable, Scalar, as_list, without_labels
from diffdata.types.definitions import FIELD_TYPES, definition

# The identifier of a version is its DOI, bare or as an address; there is none before it is minted.
_DOI = r"^(https://doi\.org/)?10\.\d{4,9}/\S+$"
# The field types that have a type of their own in a frame, or are text.
LoadedType = Literal["any", "boolean", "date", "integer", "number", "string", "year"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(Readable, extra="forbid"):
    """Unknown keys are errors."""


class Constraints(standard.Constraints, extra="forbid"):
    """What a cell must satisfy; limits are numbers or dates, never text."""

    minimum: int | float | datetime.date | None = None
    maximum: int | float | datetime.date | None = None
    exclusive_minimum: int | float | None = None
    exclusive_maximum: int | float | None = None
    enum: tuple[Scalar, ...] | None = None
    json_schema: None = None


class Field(standard.Field, extra="forbid"):
    """A column: its name, type, unit, meaning and constraints."""

    name: Name
    type: LoadedType
    description: str = Key(min_length=1)
    unit: str | None = Key(default=None, min_length=1)
    example: Scalar | None = None
    item_type: None = None
    constraints: Constraints = Constraints.model_construct()

    @model_validator(mode="after")
    def _numbers_have_units(self) -> Field:
        is_number = self.type in ("integer", "number")
        if is_number and self.unit is None:
            raise ValueError(f"the {self.type} column {self.name!r} has no unit")
        if not is_number and self.unit is not None:
            raise ValueError(f"the {self.type} column {self.name!r} cannot have a unit")
        return self


class Reference(standard.Reference, extra="forbid"):
    """The columns that a foreign key points at; an empty resource is the table itself."""


class ForeignKey(standard.ForeignKey, extra="forbid"):
    """Columns whose values, where all are given, must be in the referenced columns."""

    reference: Reference


@dataclass(frozen=True)
class _Column:
    """Marks a key of a rule that names a column, or several; `types` are those it may have."""

    types: tuple[str, ...] = ()


_Date, _Text = _Column(("date",)), _Column(("string", "any"))
_Number = _Column(tuple(name for name, row in FIELD_TYPES.items() if row.order == "number"))
_Any = _Column()
_Columns = Annotated[tuple[Name, ...], Key(min_length=1), _Any]


class When(_Strict):
    """A condition on one column: it has one of the values, or (without any) some value."""

    column: Name
    equals: tuple[Scalar, ...] | None = Key(default=None, min_length=1)


class _Rule(_Strict):
    """What all rules have: a name, the reason for the rule, and how serious a breach is."""

    name: Name
    reason: str = Key(min_length=1)
    severity: Severity = "error"

    def typed_columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the columns that the rule reads, each with the types it may have (none: any)."""
        for name, key in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, When):
                yield value.column, ()
            for role in key.metadata:
                if isinstance(role, _Column):
                    columns = value if isinstance(value, tuple) else (value,)
                    yield from ((column, role.types) for column in columns if type(column) is str)

    def columns_used(self) -> tuple[str, ...]:
        """Return the names of the columns that the rule reads."""
        return tuple(name for name, _ in self.typed_columns())


class _SeveralColumns(_Rule):
    columns: Annotated[tuple[Name, ...], Key(min_length=2), _Any]


class Ordered(_SeveralColumns):
    """The given values do not decrease from the first column to the last."""

    rule: Literal["ordered"]


class ExactlyOne(_SeveralColumns):
    """Exactly one of the columns has a value."""

    rule: Literal["exactlyOne"]


class AtLeastOne(_SeveralColumns):
    """At least one of the columns has a value."""

    rule: Literal["atLeastOne"]


class AllOrNone(_SeveralColumns):
    """Either all of the columns have a value, or none has."""

    rule: Literal["allOrNone"]


class RequiredIf(_Rule):
    """The columns have values where the condition holds; elsewhere they may, or must be empty."""

    rule: Literal["requiredIf"]
    columns: _Columns
    when: When
    otherwise: Literal["free", "empty"] = "free"


class DatePrecision(_Rule):
    """A date known to the month is written as its first day, one known to the year as 1 January.

    So no date pretends to a day that nobody stated, and date and precision come together.
    """

    rule: Literal["datePrecision"]
    date: Annotated[Name, _Date]
    precision: Annotated[Name, _Text]


class NearProduct(_Rule):
    """The column is the product of the terms, numbers and columns, within a factor.

    Rows in which one of them is missing pass, as do those that the condition leaves out.
    """

    rule: Literal["nearProduct"]
    column: Annotated[Name, _Number]
    terms: Annotated[tuple[int | float | Name, ...], Key(min_length=1), _Number]
    factor: float = Key(gt=1)
    when: When | None = None


class NearMedian(_Rule):
    """The column is within a factor of the median of the rows that agree in the columns `by`."""

    rule: Literal["nearMedian"]
    column: Annotated[Name, _Number]
    by: _Columns
    factor: float = Key(gt=1)


class NotAfter(_Rule):
    """A date is not after that of the row which a foreign key of one column refers to.

    The other date has a column of its name with ``_precision`` beside it; one known to the month or
    year leaves all of it.
    """

    rule: Literal["notAfter"]
    date: Annotated[Name, _Date]
    key: Annotated[Name, _Any]
    reference: Name


class Referenced(_Rule):
    """Some row of the package refers to the key of the row."""

    rule: Literal["referenced"]
    column: Annotated[Name, _Any]


Rule = Annotated[
    Ordered
    | ExactlyOne
    | AtLeastOne
    | AllOrNone
    | RequiredIf
    | DatePrecision
    | NearProduct
    | NearMedian
    | NotAfter
    | Referenced,
    Key(discriminator="rule"),
]


class TableSchema(standard.TableSchema, extra="forbid"):
    """One table: its columns, keys and rules."""

    schema_: str = Key(alias="$schema")
    title: str
    description: str
    fields: tuple[Field, ...] = Key(min_length=1)
    primary_key: Annotated[tuple[Name, ...], BeforeValidator(as_list)] = Key(min_length=1)
    foreign_keys: tuple[ForeignKey, ...] = ()
    missing_values: Annotated[tuple[Literal[""], ...], BeforeValidator(without_labels)] = ("",)
    rules: tuple[Rule, ...] = ()

    @property
    def profiled(self) -> bool:
        """Whether the profile applies to the table."""
        return True

    def _names_used(self) -> list[tuple[str, str]]:
        """List where the schema names a column, and which."""
        used = super()._names_used()
        used += [(f"rule {rule.name}", n) for rule in self.rules for n in rule.columns_used()]
        return used + [
            (f"unit of {field.name}", field.unit.removeprefix("column:"))
            for field in self.fields
            if field.unit and field.unit.startswith("column:")
        ]

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
            if isinstance(rule, NearMedian) and rule.column in rule.by:
                raise ValueError(f"rule {rule.name}: {rule.column} cannot be in its own group")
            if isinstance(rule, RequiredIf | NearProduct) and rule.when:
                column = self.field(rule.when.column)
                for value in rule.when.equals or ():
                    column.limit(value, f"rule {rule.name}")
        return self


class Resource(standard.Resource, extra="forbid"):
    """A table of the package: where its data and its schema lie."""

    name: Name
    type: Literal["table"] = "table"
    path: str
    schema_: str = Key(alias="schema")
    format: Literal["csv"] = "csv"
    mediatype: Literal["text/csv"] = "text/csv"
    encoding: Literal["utf-8"] = "utf-8"
    profile: None = None
    data: None = None
    dialect: None = None
    compression: None = None

    @field_validator("path", "schema_")
    @classmethod
    def _stays_inside(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or ":" in value or "\\" in value:
            raise ValueError(f"{value!r} is not a relative path inside the package")
        return value


class License(_Strict):
    """A licence of the package."""

    name: str
    path: str | None = None
    title: str | None = None


class Contributor(_Strict):
    """Someone who made the package."""

    title: str
    path: str | None = None
    roles: tuple[str, ...] = ()


class PackageSource(_Strict):
    """A document that the package is based on."""

    title: str
    path: str | None = None


class PackageDescriptor(standard.PackageDescriptor, extra="forbid"):
    """The content of datapackage.json."""

    schema_: str = Key(alias="$schema")
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9._/-]+$")]
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    id: Annotated[str, StringConstraints(pattern=_DOI)] | None = None
    title: str
    description: str
    homepage: str | None = None
    created: datetime.datetime | None = None
    keywords: tuple[str, ...] = ()
    licenses: tuple[License, ...] = Key(min_length=1)
    contributors: tuple[Contributor, ...] = ()
    sources: tuple[PackageSource, ...] = ()
    resources: tuple[Resource, ...] = Key(min_length=1)

    @property
    def doi(self) -> str | None:
        """The digital object identifier of this version, as in 10.5281/zenodo.1; None before."""
        return self.id and self.id.removeprefix("https://doi.org/")

    @model_validator(mode="after")
    def _paths_are_unique(self) -> PackageDescriptor:
        paths = Counter(resource.path for resource in self.resources)
        for path in sorted(path for path, times in paths.items() if times > 1):
            raise ValueError(f"two resources have the path {path!r}")
        return self
