"""The diffdata profile of the standard: what its packages say in addition, read strictly.

Every key must be known, every column and table described, names are plain words, and there are two
additions, which ``schemas/profile.json`` (generated from this module) defines:

- ``unit`` on every number and integer: a unit that `pint` can parse, ``"1"`` for a pure number, or
  ``"column:NAME"`` if another column of the same row has the unit or the currency;
- ``rules`` on a schema: named statements about the columns of a row, see `diffdata.schemas.stated`.
"""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints, field_validator, model_validator
from pydantic import Field as Key

from diffdata.schemas import standard
from diffdata.schemas.standard import as_list, without_labels
from diffdata.schemas.stated import Name, Readable, Scalar

# The identifier of a version is its DOI, bare or as an address; there is none before it is minted.
_DOI = r"^(https://doi\.org/)?10\.\d{4,9}/\S+$"
# The field types that have a type of their own in a frame, or are text.
LoadedType = Literal["any", "boolean", "date", "integer", "number", "string", "year"]


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


class TableSchema(standard.TableSchema, extra="forbid"):
    """One table: its columns, keys and rules."""

    schema_: str = Key(alias="$schema")
    title: str
    description: str
    fields: tuple[Field, ...] = Key(min_length=1)
    primary_key: Annotated[tuple[Name, ...], BeforeValidator(as_list)] = Key(min_length=1)
    foreign_keys: tuple[ForeignKey, ...] = ()
    missing_values: Annotated[tuple[Literal[""], ...], BeforeValidator(without_labels)] = ("",)

    @property
    def profiled(self) -> bool:
        """Whether the profile applies to the table."""
        return True

    def _names_used(self) -> list[tuple[str, str]]:
        """List where the schema names a column, and which."""
        return super()._names_used() + [
            (f"unit of {field.name}", field.unit.removeprefix("column:"))
            for field in self.fields
            if field.unit and field.unit.startswith("column:")
        ]


class Resource(standard.Resource, extra="forbid"):
    """A table of the package: where its data and its schema lie.

    Of several files the first has the reviewed rows, which people write, and every other one rows
    that a program imports. Each has its own header.
    """

    name: Name
    type: Literal["table"] = "table"
    path: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Key(min_length=1)
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
    def _stays_inside(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in [value] if isinstance(value, str) else value:
            path = PurePosixPath(text)
            if path.is_absolute() or ".." in path.parts or ":" in text or "\\" in text:
                raise ValueError(f"{text!r} is not a relative path inside the package")
        return value


class License(Readable, extra="forbid"):
    """A licence of the package."""

    name: str
    path: str | None = None
    title: str | None = None


class Contributor(Readable, extra="forbid"):
    """Someone who made the package."""

    title: str
    path: str | None = None
    roles: tuple[str, ...] = ()


class PackageSource(Readable, extra="forbid"):
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
        paths = Counter(path for resource in self.resources for path in resource.paths)
        for path in sorted(path for path, times in paths.items() if times > 1):
            raise ValueError(f"the path {path!r} is listed twice")
        return self
