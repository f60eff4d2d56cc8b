"""The rules that a schema states about the rows of its table, as `schemas/*.json` write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic import Field as Key
from pydantic.alias_generators import to_camel

from diffdata.errors import Severity
from diffdata.types.definitions import FIELD_TYPES

Scalar = str | bool | int | float
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Readable(BaseModel):
    """Keys are those of the standard (camelCase); objects are immutable.

    A class is built when it first reads something: most uses need few of them.
    """

    model_config = ConfigDict(
        extra="ignore", frozen=True, strict=True, alias_generator=to_camel, defer_build=True
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values and without cached properties."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


@dataclass(frozen=True)
class _Column:
    """Marks a key of a rule that names a column, or several; `types` are those it may have."""

    types: tuple[str, ...] = ()


_Date, _Text = _Column(("date",)), _Column(("string", "any"))
_Number = _Column(tuple(name for name, row in FIELD_TYPES.items() if row.order == "number"))
_Any = _Column()
_Columns = Annotated[tuple[str, ...], Key(min_length=1), _Any]


class When(Readable, extra="forbid"):
    """A condition on one column: one of the values, a text of a form, or (without them) some value.

    `matches` is a pattern of RE2, which the complete text has.
    """

    column: str
    equals: tuple[Scalar, ...] | None = Key(default=None, min_length=1)
    matches: str | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> When:
        if self.matches is not None:
            if self.equals is not None:
                raise ValueError("a condition has equals or matches, not both")
            possible_pattern(self.matches)
        return self


def possible_pattern(pattern: str) -> None:
    """Raise ValueError for a pattern that RE2 cannot read, whose time is linear in the text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.scalar(""), pattern)
    except pa.ArrowInvalid as error:
        shown, why = repr(pattern)[:100], str(error)[:100]
        raise ValueError(f"the pattern {shown} is not possible: {why}") from None


class _Rule(Readable, extra="forbid"):
    """What all rules have: a name, the reason for the rule, and how serious a breach is."""

    name: Name
    reason: str = Key(min_length=1)
    severity: Severity = "error"

    def typed_columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the columns that the rule reads, each with the types it may have (none: any)."""
        for name, key in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, When):
                yield value.column, () if value.matches is None else _Text.types
            for role in key.metadata:
                if isinstance(role, _Column):
                    columns = value if isinstance(value, tuple) else (value,)
                    yield from ((column, role.types) for column in columns if type(column) is str)

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the rule with other names of the columns that it reads."""
        new: dict[str, Any] = {}
        for name, key in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, When):
                new[name] = value.model_copy(update={"column": names[value.column]})
            elif any(isinstance(role, _Column) for role in key.metadata):
                several = value if isinstance(value, tuple) else (value,)
                found = tuple(names.get(one, one) for one in several)
                new[name] = found if isinstance(value, tuple) else found[0]
        return self.model_copy(update=new)

    def columns_used(self) -> tuple[str, ...]:
        """Return the names of the columns that the rule reads."""
        return tuple(name for name, _ in self.typed_columns())


class _SeveralColumns(_Rule):
    columns: Annotated[tuple[str, ...], Key(min_length=2), _Any]
    when: When | None = None


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


class EmptyIf(_Rule):
    """The columns have no value where the condition holds."""

    rule: Literal["emptyIf"]
    columns: _Columns
    when: When


class Implies(_Rule):
    """The condition `then` holds where the condition `when` does; its column may be empty."""

    rule: Literal["implies"]
    then: When
    when: When


class DatePrecision(_Rule):
    """A date known to the month is written as its first day, one known to the year as 1 January.

    So no date pretends to a day that nobody stated, and date and precision come together.
    """

    rule: Literal["datePrecision"]
    date: Annotated[str, _Date]
    precision: Annotated[str, _Text]


class NearProduct(_Rule):
    """The column is the product of the terms, numbers and columns, within a factor.

    Rows in which one of them is missing pass, as do those that the condition leaves out.
    """

    rule: Literal["nearProduct"]
    column: Annotated[str, _Number]
    terms: Annotated[tuple[int | float | str, ...], Key(min_length=1), _Number]
    factor: float = Key(gt=1)
    when: When | None = None


class NearMedian(_Rule):
    """The column is within a factor of the median of the rows that agree in the columns `by`.

    A zero passes: it is no multiple of another figure. With a condition, only the rows for which it
    holds have the median, and are compared with it.
    """

    rule: Literal["nearMedian"]
    column: Annotated[str, _Number]
    by: _Columns
    factor: float = Key(gt=1)
    when: When | None = None


class NotAfter(_Rule):
    """A date is not after that of the row which a foreign key of one column refers to.

    The other date has a column of its name with ``_precision`` beside it; one known to the month or
    year leaves all of it.
    """

    rule: Literal["notAfter"]
    date: Annotated[str, _Date]
    key: Annotated[str, _Any]
    reference: str


class Referenced(_Rule):
    """Some row of the package refers to the key of the row."""

    rule: Literal["referenced"]
    column: Annotated[str, _Any]


class Within(_Rule):
    """The column is between a minimum and a maximum, where the condition holds.

    Each is a number, or a column of the row that the foreign key `key` refers to.
    """

    rule: Literal["within"]
    column: Annotated[str, _Number]
    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    key: Annotated[str | None, _Any] = None
    when: When | None = None

    @model_validator(mode="after")
    def _bounds_are_known(self) -> Within:
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if not bounds:
            raise ValueError(f"rule {self.name}: expected a minimum or a maximum")
        if any(isinstance(bound, str) for bound in bounds) != (self.key is not None):
            raise ValueError(f"rule {self.name}: a bound that is a column needs a key, and only it")
        return self


class Different(_SeveralColumns):
    """No two of the columns have the same value."""

    rule: Literal["different"]


class NotInFuture(_Rule):
    """A date is not after the day on which it is checked."""

    rule: Literal["notInFuture"]
    date: Annotated[str, _Date]


class Compared(_Rule):
    """The column agrees with rows of a table that have the same values in other columns.

    `on` pairs columns of this table with columns of the other one, by default this table. The value
    is ``among`` those of the other rows, ``atLeast`` the least or ``atMost`` the greatest of them;
    dates are compared by month, and may be `slack` months off. Rows that find no other row pass.
    With `where`, other rows count only if a column of theirs has one of some texts, or any value
    (null); a value is then ``among`` none where other rows are found, but none that counts.
    """

    rule: Literal["compared"]
    column: Annotated[Name, _Any]
    holds: Literal["among", "atLeast", "atMost"]
    other: Name
    table: Name | Literal[""] = ""
    on: Annotated[dict[Name, Name], Key(min_length=1)]
    where: dict[Name, tuple[str, ...] | None] = Key(default_factory=dict)
    slack: int = Key(default=0, ge=0)
    when: When | None = None

    def typed_columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the columns that the rule reads, those of `on` too."""
        yield from super().typed_columns()
        yield from ((name, ()) for name in self.on)

    def columns_there(self) -> tuple[str, ...]:
        """Return the names of the columns that the rule reads in the other table."""
        return (*self.on.values(), self.other, *self.where)

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the rule with other names of the columns, and of those of the same table."""
        there = {} if self.table else names
        on = {names.get(own, own): there.get(other, other) for own, other in self.on.items()}
        other = there.get(self.other, self.other)
        where = {there.get(name, name): texts for name, texts in self.where.items()}
        changes = {"on": on, "other": other, "where": where}
        return super().renamed(names).model_copy(update=changes)


class NoPlaceholders(_Rule):
    """No text is a placeholder such as ``n/a`` or ``TODO``, or mixes alphabets in a word."""

    rule: Literal["noPlaceholders"]


class StartsWith(_Rule):
    """The text of the column starts with that of `start`, where a breach is reported."""

    rule: Literal["startsWith"]
    start: Annotated[Name, _Text]
    column: Annotated[Name, _Text]


class SameSpelling(_Rule):
    """Texts of the column that differ only in case, blanks or punctuation are spelled alike.

    Nor is a text that one row has a slip of one that several have: two letters swapped, one left
    out, or one that looks alike.
    """

    rule: Literal["sameSpelling"]
    column: Annotated[Name, _Text]


class Arxiv(_Rule):
    """Addresses at arXiv have one number; a `date` is within eleven months of that number."""

    rule: Literal["arxiv"]
    date: Annotated[Name | None, _Date] = None
    columns: _Columns


class Lasts(_Rule):
    """A number of days fits two dates: not longer than from the first to the last of them.

    Nor is it shorter by more than `factor`: who pauses counts fewer days. A date known to the
    month or year, as the column of its name with ``_precision`` says, leaves all of it.
    """

    rule: Literal["lasts"]
    column: Annotated[Name, _Number]
    start: Annotated[Name, _Date]
    end: Annotated[Name, _Date]
    factor: float = Key(gt=1)

    def typed_columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the columns that the rule reads, the precisions of both dates too."""
        yield from super().typed_columns()
        yield from ((f"{date}_precision", _Text.types) for date in (self.start, self.end))


class Acyclic(_Rule):
    """No row refers to itself by the column (a foreign key into its own table), or by others.

    In a table of pairs the column refers to the table that the first column of the key refers to.
    """

    rule: Literal["acyclic"]
    column: Annotated[str, _Any]


class Distinct(_Rule):
    """No two rows agree in all of the columns; case and punctuation of text do not count.

    Rows in which the first column is missing pass. Nor does a beginning of the first column count
    that is the text of the column `without`: "Google TPU v4" is "TPU v4" of google.
    """

    rule: Literal["distinct"]
    columns: _Columns
    without: Annotated[Name | None, _Text] = None


class Agree(_Rule):
    """Rows that agree in the columns `by` agree in `columns` too, where the condition holds.

    Case and punctuation of text in `by` do not count; rows in which one of `by` is missing pass.
    """

    rule: Literal["agree"]
    by: _Columns
    columns: _Columns
    when: When | None = None


class AsPrinted(_Rule):
    """Some number in the text can mean the figure in the column, where the condition holds."""

    rule: Literal["asPrinted"]
    column: Annotated[str, _Number]
    text: Annotated[str, _Text]
    when: When | None = None


class Formula(_Rule):
    """The text of the column is an expression of all inputs that a table lists for the row.

    `on` pairs columns of this table with columns of the other one, `other` has the names of the
    inputs. An expression has numbers, texts, lists, these inputs, those of their `parts` that are
    written after a point, and calls of `functions`.
    """

    rule: Literal["formula"]
    column: Annotated[Name, _Text]
    table: Name
    on: Annotated[dict[Name, Name], Key(min_length=1)]
    other: Name
    functions: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    def typed_columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the columns that the rule reads, those of `on` too."""
        yield from super().typed_columns()
        yield from ((name, ()) for name in self.on)

    def columns_there(self) -> tuple[str, ...]:
        """Return the names of the columns that the rule reads in the other table."""
        return (*self.on.values(), self.other)

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the rule with other names of the columns of its own table."""
        on = {names.get(own, own): other for own, other in self.on.items()}
        return super().renamed(names).model_copy(update={"on": on})


class Mentioned(_Rule):
    """The text of the column is a word in the text `reference` of the row that `key` refers to."""

    rule: Literal["mentioned"]
    column: Annotated[Name, _Text]
    key: Annotated[Name, _Any]
    reference: Name


class Named(_Rule):
    """The column, a foreign key, has the key with which the identifier begins, or ends.

    With `after`, what follows this text begins with it. Hyphens separate the parts of identifiers;
    one that begins with no key passes.
    """

    rule: Literal["named"]
    column: Annotated[Name, _Text]
    identifier: Annotated[Name, _Text]
    at: Literal["start", "end"] = "start"
    after: str = ""


# What no expression can state: Python evaluates it.
Rowwise = Acyclic | Distinct | Agree | AsPrinted | StartsWith | SameSpelling | Arxiv | Lasts

Rule = Annotated[
    Ordered | ExactlyOne | AtLeastOne | AllOrNone | RequiredIf | EmptyIf | Implies | DatePrecision
    | NearProduct | NearMedian | NotAfter | Referenced | Within | Different | NotInFuture
    | Compared | NoPlaceholders | StartsWith | SameSpelling | Arxiv | Acyclic | Distinct
    | Agree | AsPrinted | Lasts | Formula | Mentioned | Named,
    Key(discriminator="rule"),
]  # fmt: skip
