"""What must still be asked before a row can be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from diffdata.editing.derivation import derive
from diffdata.editing.identifiers import ingredients, own_key, propose
from diffdata.editing.references import keys, known
from diffdata.package.packages import Package
from diffdata.schemas.profile import AllOrNone, AtLeastOne, DatePrecision, ExactlyOne, RequiredIf
from diffdata.schemas.standard import Field, TableSchema
from diffdata.validation.cells import cell_text

Choose = Literal["one", "exactly one", "at least one"]


@dataclass(frozen=True)
class Blank:
    """A cell to be filled in.

    Attributes
    ----------
    field
        Its column.
    choices
        What it may hold, where that is an enumeration; otherwise empty.
    known
        What it may refer to, each identifier with its name; None where it refers to nothing.
    part_of_date
        Whether a date may be given to the month or year, because a precision stands beside it.
    """

    field: Field
    choices: tuple[str, ...] = ()
    known: Mapping[str, str] | None = None
    part_of_date: bool = False


@dataclass(frozen=True)
class Question:
    """One blank to fill in, or several of which exactly or at least one is.

    Attributes
    ----------
    blanks
        The cells.
    choose
        How many of them are to be filled in.
    required
        Whether the row needs an answer.
    reason
        Why it is asked, where a rule asks; otherwise empty.
    """

    blanks: tuple[Blank, ...]
    choose: Choose = "one"
    required: bool = True
    reason: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(blank.field.name for blank in self.blanks)

    def __str__(self) -> str:
        names = " | ".join(self.columns)
        if self.choose != "one":
            return f"{self.choose} of {names}: {self.reason}"
        blank = self.blanks[0]
        allowed = f" One of: {', '.join(blank.choices)}." if blank.choices else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{names}: {blank.field.description}{allowed}{reason}"


def questions(package: Package, table: str, given: Mapping[str, str]) -> list[Question]:
    """Return what must still be asked, in the order of the columns.

    That is: what the schema requires and `derive` cannot find; what a rule makes required by the
    cells that are there; not as required, what a rule only advises, and what an identifier is
    better made of. The identifier itself is asked last, and only if it cannot be made. A column
    that is given, even as an empty text, is not asked again unless the row needs it.

    Parameters
    ----------
    package
        The package.
    table
        The name of the table.
    given
        Cells as text, by column.

    Raises
    ------
    UnknownNameError
        If there is no such table or column.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> given = {"name": "Claude", "source_id": "brown-2020", "verification": "quoted"}
    >>> for question in questions(open_package(), "models", given):
    ...     print(question)
    modality: What it reads and writes. One of: text, text_image, image.
    locator: Where in the source: section, table, page, footnote or file.
    quoted_in_source_id: Where the statement of source_id was read, if not in source_id itself \
(sources.source_id). (a quoted statement names the source in which it was read; one that was read \
in its own source does not)
    """
    schema = package.schema(table)
    row = derive(package, table, given)
    own = own_key(schema)
    asked: dict[tuple[str, ...], tuple[Choose, bool, str]] = {}
    for field in schema.fields:
        needed = field.constraints.required or field.name in schema.primary_key
        if needed and not row[field.name] and field.name != own:
            asked[(field.name,)] = ("one", True, "")
    for columns, choose, required, reason in _by_rules(schema, row, given):
        if not (choose == "one" and columns in asked and asked[columns][1]):
            asked[columns] = (choose, required, reason)
    if own and own not in given:
        among = {name for columns in asked for name in columns}
        for name in ingredients(table, schema):
            if name not in given and name not in among and not row[name]:
                asked[(name,)] = ("one", False, "the identifier is made of it")
    if own and not row[own] and not any(required for _, required, _ in asked.values()):
        _, clash = propose(table, schema, row, keys(package, table))
        reason = f"{clash} is taken; is the row there already?" if clash else ""
        asked[(own,)] = ("one", True, reason)
    order = schema.column_names.index
    places = sorted(asked, key=lambda columns: (columns == (own,), order(columns[0])))
    return [_question(package, table, columns, asked[columns], row) for columns in places]


def _by_rules(
    schema: TableSchema, row: Mapping[str, str], given: Mapping[str, str]
) -> list[tuple[tuple[str, ...], Choose, bool, str]]:
    """List what rules make required: columns, how many, whether it is a must, and why."""
    found: list[tuple[tuple[str, ...], Choose, bool, str]] = []
    for rule in schema.rules:
        missing = [name for name in rule.columns_used() if not row[name]]
        must = rule.severity == "error"
        none = len(missing) == len(rule.columns_used())
        match rule:
            case ExactlyOne(columns=columns) if none:
                found.append((columns, "exactly one", must, rule.reason))
            case AtLeastOne(columns=columns) if none:
                found.append((columns, "at least one", must, rule.reason))
            case AllOrNone() if not none:
                found += [((name,), "one", must, rule.reason) for name in missing]
            case DatePrecision(date=date) if not none and not row[date]:
                found.append(((date,), "one", must, rule.reason))
            case RequiredIf(columns=columns, when=when):
                holds = bool(row[when.column])
                if when.equals is not None:
                    holds = row[when.column] in map(cell_text, when.equals)
                if holds:
                    found += [
                        ((name,), "one", must, rule.reason) for name in columns if not row[name]
                    ]
    return [each for each in found if each[2] or not all(name in given for name in each[0])]


def _question(
    package: Package,
    table: str,
    columns: tuple[str, ...],
    how: tuple[Choose, bool, str],
    row: Mapping[str, str],
) -> Question:
    choose, required, reason = how
    return Question(
        tuple(_blank(package, table, name, row) for name in columns), choose, required, reason
    )


def _blank(package: Package, table: str, column: str, row: Mapping[str, str]) -> Blank:
    schema = package.schema(table)
    field = schema.field(column)
    choices = tuple(map(cell_text, field.constraints.enum or ()))
    if field.type == "boolean" and not choices:
        choices = ("true", "false")
    refers = any(column in key.fields for key in schema.foreign_keys)
    dated = any(isinstance(rule, DatePrecision) and rule.date == column for rule in schema.rules)
    return Blank(field, choices, known(package, table, column, row) if refers else None, dated)
