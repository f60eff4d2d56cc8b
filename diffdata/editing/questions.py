"""The questions that must be answered before a row can be written, and asking them.

The caller decides how lines are read and shown: `typer.prompt` and `typer.echo` on the command
line, anything in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from diffdata.editing.identifiers import ingredients, own_key
from diffdata.editing.rows import (
    candidates,
    derive,
    fault,
    find_reference,
    full_date,
    new_identifier,
)
from diffdata.errors import suggestion
from diffdata.package.packages import Package
from diffdata.schemas.profile import AllOrNone, AtLeastOne, DatePrecision, ExactlyOne, RequiredIf
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.text import cell_text

Choose = Literal["one", "exactly one", "at least one"]
Read = Callable[[str], str]
Show = Callable[[str], None]

# Columns that are not required but make a row more useful.
_RECOMMENDED = {"architecture", "authors", "available", "chip_hours", "chips", "doi"}
_RECOMMENDED |= {"duration_days", "memory_bytes", "published", "url"}


@dataclass(frozen=True)
class Blank:
    """A cell to be filled in."""

    field: Field
    allowed: tuple[str, ...]  # the values of an enumeration
    references: Mapping[str, str] | None  # identifiers and names; None if it is not a reference
    part_of_date: bool  # a month or a year is an answer too: another column has the precision
    default: str  # the answer if none is typed


@dataclass(frozen=True)
class Question:
    """One blank to fill in, or several of which exactly or at least one is to be filled in."""

    blanks: tuple[Blank, ...]
    choose: Choose = "one"
    required: bool = True
    reason: str = ""  # of the rule because of which it is asked

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(blank.field.name for blank in self.blanks)

    def __str__(self) -> str:
        names = " | ".join(self.columns)
        if self.choose != "one":
            return f"{self.choose} of {names}: {self.reason}"
        blank = self.blanks[0]
        allowed = f" One of: {', '.join(blank.allowed)}." if blank.allowed else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{names}: {blank.field.description}{allowed}{reason}"


def questions(package: Package, table: str, given: Mapping[str, str]) -> list[Question]:
    """Return what must still be asked, in the order of the columns.

    Required are the columns that the schema requires and `derive` cannot fill in, and those that
    a rule requires because of other cells. Optional are those that a rule only advises, recommended
    columns such as the address of a source, and those from which the identifier can be made. The
    identifier itself is asked last, and only if it cannot be made. A column that is given, even as
    an empty text, is not asked again unless the row needs it.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> given = {"name": "Imaginary", "source_id": "brown-2020", "verification": "quoted"}
    >>> for question in questions(open_package(), "models", given):
    ...     if question.required:
    ...         print(question)
    modality: What it reads and writes. One of: text, text_image, image.
    locator: Where in the source: section, table, page, footnote or file.
    quoted_in_source_id: Where the statement of source_id was read, if not in source_id itself \
(sources.source_id). (a quoted statement names the source in which it was read; one that was read \
in its own source does not)
    """
    schema = package.schema(table)
    row = derive(package, table, given)
    own = own_key(schema)
    asked: dict[tuple[str, ...], Question] = {}
    for columns, choose, required, reason in _needed(table, schema, row, own):
        new = columns not in asked or required > asked[columns].required
        if new and (required or any(name not in given for name in columns)):
            blanks = tuple(_blank(package, table, name, row) for name in columns)
            asked[columns] = Question(blanks, choose, required, reason)
    if own and not row[own] and not any(question.required for question in asked.values()):
        _, clash = new_identifier(package, table, row)
        reason = f"{clash} is taken; is the row there already?" if clash else ""
        asked[(own,)] = Question((_blank(package, table, own, row),), reason=reason)
    order = schema.column_names.index
    return sorted(asked.values(), key=lambda q: (q.columns == (own,), order(q.columns[0])))


def _needed(
    table: str, schema: TableSchema, row: Mapping[str, str], own: str | None
) -> Iterator[tuple[tuple[str, ...], Choose, bool, str]]:
    """Yield missing columns, how many of them to fill in, whether that is required, and why."""
    for field in schema.fields:
        needed = field.constraints.required or field.name in schema.primary_key
        if needed and not row[field.name] and field.name != own:
            yield (field.name,), "one", True, ""
    for rule in schema.rules:
        missing = [name for name in rule.columns_used() if not row[name]]
        must, none = rule.severity == "error", len(missing) == len(rule.columns_used())
        single: list[str] = []
        match rule:
            case ExactlyOne(columns=columns) if none:
                yield columns, "exactly one", must, rule.reason
            case AtLeastOne(columns=columns) if none:
                yield columns, "at least one", must, rule.reason
            case AllOrNone() if not none:
                single = missing
            case DatePrecision(date=date) if not none and not row[date]:
                single = [date]
            case RequiredIf(columns=columns, when=when):
                cell = row[when.column]
                values = None if when.equals is None else [cell_text(v) for v in when.equals]
                if cell and (values is None or cell in values):
                    single = [name for name in columns if not row[name]]
        yield from (((name,), "one", must, rule.reason) for name in single)
    for field in schema.fields:
        if field.name in _RECOMMENDED and not row[field.name]:
            yield (field.name,), "one", False, ""
    if own and not row[own]:
        for name in ingredients(table, schema):
            if not row[name]:
                yield (name,), "one", False, "the identifier is made of it"


def _blank(package: Package, table: str, column: str, row: Mapping[str, str]) -> Blank:
    schema = package.schema(table)
    field = schema.field(column)
    allowed = tuple(map(cell_text, field.constraints.enum or ()))
    if field.type == "boolean" and not allowed:
        allowed = ("true", "false")
    dated = any(isinstance(rule, DatePrecision) and rule.date == column for rule in schema.rules)
    refers = any(column in key.fields for key in schema.foreign_keys)
    references = candidates(package, table, column, row) if refers else None
    return Blank(field, allowed, references, dated, row[column])


def fill_in(package: Package, table: str, cells: dict[str, str], read: Read, show: Show) -> None:
    """Ask all questions, then for the identifier, which Enter confirms.

    `read` shows a prompt and returns the line that is typed, `show` shows a line. Each answer is
    added to `cells` at once, so that none is lost if the input ends.
    """
    while asked := questions(package, table, cells):
        ask(asked[0], cells, read, show)
    own = own_key(package.schema(table))
    if own and own not in cells:
        row = derive(package, table, cells)
        ask(Question((_blank(package, table, own, row),)), cells, read, show)


def ask(question: Question, cells: dict[str, str], read: Read, show: Show) -> None:
    """Ask one question until the answer can be used; an answer that is left out is an empty text.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> first, *_ = questions(open_package(), "model_dates", {})
    >>> lines, cells = iter(["gpt3", "gpt-3"]), {}
    >>> ask(first, cells, lambda prompt: next(lines), print)  # doctest: +ELLIPSIS
    model_id: The model, by its stable identifier in models.
    there is no 'gpt3'; did you mean gpt-3 ...
    >>> cells
    {'model_id': 'gpt-3'}
    """
    if question.choose == "one":
        show(str(question))
        _fill(question.blanks[0], question.required, cells, read, show)
        return
    choose = question.choose.capitalize()
    show(f"{choose} of these: {', '.join(question.columns)} ({question.reason})")
    if question.choose == "exactly one":
        _fill(_pick(question, read, show), True, cells, read, show)
        return
    while True:
        for blank in question.blanks:
            _fill(blank, False, cells, read, show)
        if any(cells[name] for name in question.columns) or not question.required:
            return
        show("at least one of them is required")


def _pick(question: Question, read: Read, show: Show) -> Blank:
    while True:
        name = read("which").strip()
        for blank in question.blanks:
            if name in (blank.field.name, blank.field.name.removesuffix("_id")):
                return blank
        show(suggestion(name, question.columns, f"one of: {', '.join(question.columns)}"))


def _fill(blank: Blank, required: bool, cells: dict[str, str], read: Read, show: Show) -> None:
    name = blank.field.name
    prompt = name
    if blank.default:
        prompt = f"{name} (Enter: {blank.default})"
    elif not required:
        prompt = f"{name} (Enter: leave empty)"
    while True:
        text = read(prompt).strip() or blank.default
        if not text and required:
            show("the row needs it")
            continue
        wrong = ""
        if text and blank.references is not None:
            text, wrong = find_reference(text, blank.references)
        elif text:
            date = full_date(text)[0] if blank.part_of_date else ""
            wrong = fault(date or text, blank.field)
        if not wrong:
            cells[name] = text
            return
        show(wrong)
