"""The questions that must be answered before a row can be written, and asking them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from diffdata.editing.rows import (
    candidates,
    derive,
    fault,
    find_reference,
    full_date,
    ingredients,
    new_identifier,
    own_key,
)
from diffdata.errors import suggestion
from diffdata.package.packages import Package
from diffdata.schemas.profile import AllOrNone, AtLeastOne, DatePrecision, ExactlyOne, RequiredIf
from diffdata.types.text import cell_text

Read = Callable[[str], str]
Show = Callable[[str], None]

# Columns that are not required but make a row more useful.
_RECOMMENDED = {"architecture", "authors", "available", "chip_hours", "chips", "doi"}
_RECOMMENDED |= {"duration_days", "memory_bytes", "published", "url"}


@dataclass(frozen=True)
class Question:
    """One column to fill in, or several of which exactly or at least one is to be filled in."""

    package: Package
    table: str
    columns: tuple[str, ...]
    choose: Literal["one", "exactly one", "at least one"] = "one"
    required: bool = True
    reason: str = ""  # of the rule because of which it is asked

    def __str__(self) -> str:
        names = " | ".join(self.columns)
        if self.choose != "one":
            return f"{self.choose} of {names}: {self.reason}"
        field = self.package.schema(self.table).field(names)
        booleans = ("true", "false") if field.type == "boolean" else ()
        allowed = ", ".join(map(cell_text, field.constraints.enum or booleans))
        listed = f" One of: {allowed}." if allowed else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{names}: {field.description}{listed}{reason}"


def questions(package: Package, table: str, given: Mapping[str, str]) -> list[Question]:
    """Return what must still be asked, in the order of the columns; the identifier comes last."""
    schema = package.schema(table)
    row = derive(package, table, given)
    asked: dict[tuple[str, ...], Question] = {}
    for question in sorted(_missing(package, table, row), key=lambda q: not q.required):
        # What was left empty is not asked again unless the row needs it.
        if question.required or any(name not in given for name in question.columns):
            asked.setdefault(question.columns, question)
    own = own_key(schema)
    if own and not row[own] and not any(question.required for question in asked.values()):
        _, clash = new_identifier(package, table, row)
        reason = f"{clash} is taken; is the row there already?" if clash else ""
        asked[(own,)] = Question(package, table, (own,), reason=reason)
    order = schema.column_names.index
    return sorted(asked.values(), key=lambda q: (q.columns == (own,), order(q.columns[0])))


def _missing(package: Package, table: str, row: Mapping[str, str]) -> Iterator[Question]:
    """Yield questions about empty cells; there can be several about the same cell."""
    schema = package.schema(table)
    own = own_key(schema)
    about = partial(Question, package, table)
    for field in schema.fields:
        needed = field.constraints.required or field.name in schema.primary_key
        if needed and not row[field.name] and field.name != own:
            yield about((field.name,))
    for rule in schema.rules:
        empty = [name for name in rule.columns_used() if not row[name]]
        some = len(empty) < len(rule.columns_used())
        needs = partial(about, required=rule.severity == "error", reason=rule.reason)
        single: list[str] = []
        match rule:
            case ExactlyOne(columns=columns) if not some:
                yield needs(columns, "exactly one")
            case AtLeastOne(columns=columns) if not some:
                yield needs(columns, "at least one")
            case AllOrNone() if some:
                single = empty
            case DatePrecision(date=date) if some and not row[date]:
                single = [date]
            case RequiredIf(columns=columns, when=when):
                cell = row[when.column]
                if cell and (when.equals is None or cell in map(cell_text, when.equals)):
                    single = [name for name in columns if not row[name]]
        yield from (needs((name,)) for name in single)
    for name in schema.column_names:
        if name in _RECOMMENDED and not row[name]:
            yield about((name,), required=False)
    for name in ingredients(table, schema) if own and not row[own] else ():
        if not row[name]:
            yield about((name,), required=False, reason="the identifier is made of it")


def fill_in(package: Package, table: str, cells: dict[str, str], read: Read, show: Show) -> None:
    """Ask all questions, then for the identifier; each answer is added to `cells` at once."""
    while asked := questions(package, table, cells):
        ask(asked[0], cells, read, show)
    own = own_key(package.schema(table))
    if own and own not in cells:
        ask(Question(package, table, (own,)), cells, read, show)


def ask(question: Question, cells: dict[str, str], read: Read, show: Show) -> None:
    """Ask one question until the answer is allowed; what is left empty becomes an empty text."""
    columns, choose, required = question.columns, question.choose, question.required
    if choose == "one":
        show(str(question))
        _fill(question, columns[0], required, cells, read, show)
        return
    show(f"{choose.capitalize()} of these: {', '.join(columns)} ({question.reason})")
    if choose == "exactly one":
        answers = {name.removesuffix("_id"): name for name in columns}
        answers |= {name: name for name in columns}
        while (text := read("which").strip()) not in answers:
            show(suggestion(text, columns, f"one of: {', '.join(columns)}"))
        _fill(question, answers[text], True, cells, read, show)
        return
    while True:
        for name in columns:
            _fill(question, name, False, cells, read, show)
        if any(cells[name] for name in columns) or not required:
            return
        show("at least one of them is required")


def _fill(
    question: Question, name: str, required: bool, cells: dict[str, str], read: Read, show: Show
) -> None:
    """Ask for one cell until the answer is allowed."""
    package, table = question.package, question.table
    schema = package.schema(table)
    row = derive(package, table, cells)
    default = row[name]
    is_reference = any(name in key.fields for key in schema.foreign_keys)
    # Of a date a month or a year is an answer too, if another column has the precision.
    is_date = any(isinstance(rule, DatePrecision) and rule.date == name for rule in schema.rules)
    by_enter = default or ("" if required else "leave empty")
    prompt = f"{name} (Enter: {by_enter})" if by_enter else name
    while True:
        text = read(prompt).strip() or default
        if not text and required:
            show("the row needs it")
            continue
        wrong = ""
        if text and is_reference:
            text, wrong = find_reference(text, candidates(package, table, name, row))
        elif text:
            date = full_date(text)[0] if is_date else ""
            wrong = fault(date or text, schema.field(name))
        if not wrong:
            cells[name] = text
            return
        show(wrong)
