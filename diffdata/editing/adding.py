"""A new row: what must be asked, and the row completed, checked in a copy, and written."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from diffdata.editing.rows import (
    candidates,
    derive,
    fault,
    find_reference,
    full_date,
    ingredients,
    key_of,
    locked,
    new_identifier,
    normal_rows,
    own_key,
    replace_text,
    rows,
    rows_text,
)
from diffdata.errors import InvalidInputError, Issue, UnknownNameError, suggestion
from diffdata.package.files import DESCRIPTOR, inside, read_text
from diffdata.package.packages import Package
from diffdata.schemas.stated import AllOrNone, AtLeastOne, DatePrecision, ExactlyOne, RequiredIf
from diffdata.types.text import cell_text
from diffdata.validation.packages import validate
from diffdata.validation.shape import row_key

Read = Callable[[str], str]
Show = Callable[[str], None]
# Columns that are not required but make a row more useful.
_RECOMMENDED = {"architecture", "authors", "available", "chip_hours", "chips", "doi"}
_RECOMMENDED |= {"duration_days", "memory_bytes", "published", "url"}
_RECOMMENDED |= {"country", "hardware_kind", "organization_kind", "vendor_organization_id"}


@dataclass(frozen=True)
class Added:
    """A row that was written, at which line (from 1) of which file."""

    path: Path
    line: int
    row: dict[str, str]
    derived: tuple[str, ...]  # the columns that were not given
    warnings: tuple[Issue, ...]


def table_named(package: Package, name: str) -> str:
    """Return the table that a name in the singular or plural means, such as case-study."""
    plain = name.replace("-", "_")
    for form in (plain, f"{plain}s", f"{plain}es", f"{plain.removesuffix('y')}ies"):
        if form in package.tables:
            return form
    raise UnknownNameError("table", name, package.tables)


def add_row(package: Package, table: str, values: Mapping[str, str]) -> Added:
    """Add a row, completed by `derive`, at the place of its key, and format the first file.

    It is checked in a copy of the package; faults that the package had before do not count.
    InvalidInputError lists all faults and missing cells.
    """
    schema, (file, path) = package.schema(table), next(iter(package.files(table).items()))
    with locked(package):
        row = derive(package, table, values)
        old_text = read_text(path, file)
        old = normal_rows(old_text, schema, file)
        _refuse(table, _faults(package, table, values, row))
        # A row that differs in nothing but the identifier that was made for it.
        names = [name for name in schema.column_names if name != own_key(schema)]
        there = [*old, *rows(package, table)]
        same = [other for other in there if all(other.get(name) == row[name] for name in names)][:1]
        _refuse(table, (f"the row exists already: {row_key(other, schema)}" for other in same))
        imported = {key_of(other, schema) for other in there} - {key_of(o, schema) for o in old}
        if (key := key_of(row, schema)) in imported and all(key):
            _refuse(table, [f"{row_key(row, schema)} is the key of an imported row"])
        text = rows_text([*old, row], schema)
        # Each row is one line, and the new row comes after those with an equal or lesser key.
        line = 2 + sum(key_of(other, schema) <= key_of(row, schema) for other in old)
        issues = _new_issues(package, table, text)
        # The line of a row that was not written would be misleading.
        shown = [replace(i, line=None) if (i.file, i.line) == (file, line) else i for i in issues]
        _refuse(table, (str(issue) for issue in shown if issue.severity == "error"))
        replace_text(path, old_text, text)
    derived = tuple(name for name, cell in row.items() if cell and not values.get(name))
    return Added(path, line, row, derived, tuple(issues))


def _faults(
    package: Package, table: str, values: Mapping[str, str], row: Mapping[str, str]
) -> Iterator[str]:
    """Yield the faults of single cells, references to nothing, and missing cells."""
    schema = package.schema(table)
    for name, text in row.items():
        if message := fault(text, schema.field(name)):
            yield f"{name}: {message}"
    for name in [name for key in schema.foreign_keys for name in key.fields if row[name]]:
        # If the other table cannot be read there are no choices, and the validator reports it.
        choices = candidates(package, table, name, {})
        if choices and row[name] not in choices:
            found, message = find_reference(row[name], choices)
            yield f"{name}: {message or f'write the identifier {found}'}"
    for question in questions(package, table, values):
        if question.required:
            yield f"missing: {question}"


def _refuse(table: str, faults: Iterable[str]) -> None:
    if listed := "\n".join(faults):
        raise InvalidInputError(f"no row was added to {table}:\n{listed}")


def _new_issues(package: Package, table: str, text: str) -> list[Issue]:
    """Validate a copy of the package with the new text of one table, and leave out old issues."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        resources = package.descriptor.resources
        paths = [path for one in resources for path in (*one.path, one.schema_)]
        for name in [DESCRIPTOR, *paths]:
            if (path := inside(package.root, name)).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy / name)
        (copy / package.resource(table).file).write_bytes(text.encode())
        issues = validate(copy)
    if not issues:
        return []
    # The new row moves lines, so that issues are compared without them.
    before = Counter(replace(issue, line=None, hint="") for issue in validate(package.root))
    found = []
    for issue in issues:
        plain = replace(issue, line=None, hint="")
        if before[plain]:
            before[plain] -= 1
        else:
            found.append(issue)
    return found


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
