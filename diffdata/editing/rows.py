"""Rows as text: the standard form of files; faults, references, identifiers, derived cells."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pyarrow as pa

from diffdata.errors import Issue, PackageError, UnknownNameError, nearest, suggestion
from diffdata.package.files import DESCRIPTOR, read_bytes, read_text, replacing
from diffdata.package.packages import Package, open_package
from diffdata.schemas.rules import field_checks
from diffdata.schemas.standard import Field, TableSchema
from diffdata.schemas.stated import DatePrecision, ExactlyOne
from diffdata.types.columns import arrow_type
from diffdata.types.definitions import CONTROL
from diffdata.types.names import slug
from diffdata.types.text import CellError, quote
from diffdata.validation.evaluate import failing_rows
from diffdata.validation.shape import row_key
from diffdata.validation.text import read_table
from diffdata.validation.typed import parse_cell

try:
    import fcntl
except ImportError:  # Windows: there only the comparison in `replace_text` protects a file
    fcntl = None  # type: ignore[assignment]

_IMPORT_AGAIN = "its rows are imported, so import them again instead of editing the file"
_EXPECTED = "expected text on one line, without control characters"
# Faults of the shape of a file that formatting removes without losing anything.
_HARMLESS = ("blank-row", "byte-order-mark", "line-ends")
# ASCII digits only: other characters that Python reads as digits are left to the validator.
_NUMBER = re.compile(r"([+-]?)(?=\.?[0-9])0*([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?)0*([0-9]+))?")
_PRECISIONS = {4: "year", 7: "month", 10: "day"}  # by the number of characters
# The default of a column, if its enum allows it, and the column that must be given for it to apply.
_DEFAULTS = {
    "status": ("current", None), "statistic": ("unspecified", "value"),
    "score_variant": ("main", None), "model_variant": ("main", None),
}  # fmt: skip
# How identifiers are made: alternatives, the best first, each a sequence of columns, `=word` for a
# fixed word, and `*` for the one column that an `exactlyOne` rule asks for. An alternative is used
# if the row has all its columns.
_SUBJECT = "*"
_NAMES = (("name",), ("title",))
_PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "aliases": ((_SUBJECT, "alias", "source_id"),),
    "api_prices": (("provider", "model_as_sold", "source_id"),),
    "artifacts": (("model_id", "artifact_kind"), ("model_id", "name"), ("organization_id", "name")),
    "comparisons": (("model_id", "=vs", "reference_model_id"),),
    "diffusion_events": (
        ("model_id", "=match-of", "reference_model_id"),
        ("artifact_id", "mechanism"),
        ("organization_id", "=match-of", "reference_model_id"),
    ),
    "estimates": ((_SUBJECT, "quantity_id", "source_id"),),
    "hardware_prices": (
        ("hardware_as_printed", "price_kind", "seller", "source_id"),
        ("hardware_as_printed", "price_kind", "source_id"),
    ),
    "rationales": ((_SUBJECT, "decision", "reason"),),
    "training_runs": (("model_id", "=run", "source_id"),),
    "sources": (("authors", "published", "title", "publisher"),),  # see `_of_source`
}
# Tables in which two rows of the same parts are two statements, so that the second gets a number.
# In the others they are probably the same thing, and the user decides.
_NUMBERED = (
    "api_prices", "comparisons", "diffusion_events", "estimates", "hardware_prices", "rationales",
    "training_runs",
)  # fmt: skip
_SMALL_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "into", "is", "of", "on", "or"}
_SMALL_WORDS |= {"the", "to", "via", "with"}


def open_for_editing(path: str | os.PathLike[str] | None = None) -> Package:
    """Open a package to change it, by default the working tree that diffdata is installed from."""
    package = open_package(path)
    _ = package.descriptor  # an error if the package does not follow the profile
    if path is None and not is_working_tree(package):
        raise PackageError(
            f"{package.root}: the dataset of an installed package cannot be edited; name the "
            "folder of your own package, or install a clone with `pip install -e .`"
        )
    return package


def is_working_tree(package: Package) -> bool:
    """Return whether a package is in a working tree of diffdata, where `diffdata build` works."""
    return all((package.root / name).exists() for name in ("pyproject.toml", "diffdata"))


@contextmanager
def locked(package: Package) -> Iterator[None]:
    """Hold the lock of a package from reading its files to writing them; wait while it is taken."""
    with (package.root / DESCRIPTOR).open("rb") as file:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_text(path: Path, old: str, new: str) -> None:
    """Replace the text of a file atomically, or refuse if the file no longer has the text `old`."""
    try:
        with replacing(path) as unfinished:
            unfinished.write_bytes(new.encode())
            if path.read_bytes() != old.encode():
                raise PackageError(
                    f"{path}: another program changed the file in the meantime; "
                    "it was not written, run the command again"
                )
    except OSError as error:
        raise PackageError(f"{path}: cannot be written: {error.strerror}") from None


def format_package(
    package: Package, tables: Iterable[str] | None = None, check: bool = False
) -> list[Path]:
    """Write the files of tables in the standard form, all or none; return those that change.

    Files of imported rows are not written: it is a fault if one of them is in another form.
    """
    changes: dict[Path, tuple[str, str]] = {}
    faults: list[str] = []
    with locked(package):
        wanted = [resource.name for resource in package.descriptor.resources]
        for table in wanted if tables is None else tables:
            schema, (reviewed, *_) = package.schema(table), package.files(table)
            for file, path in package.files(table).items():
                try:
                    text = read_text(path, file)
                    formatted = rows_text(normal_rows(text, schema, file), schema)
                except PackageError as error:
                    faults.append(str(error))
                    continue
                if formatted != text and (file == reviewed or check):
                    changes[path] = (text, formatted)
                elif formatted != text:
                    faults.append(f"{file}: not in the standard form; {_IMPORT_AGAIN}")
        if faults:
            listed = "\n".join(faults)
            raise PackageError(f"{listed}\nno file was changed; run `diffdata validate` for more")
        if not check:
            for path, (text, formatted) in changes.items():
                replace_text(path, text, formatted)
    return list(changes)


def normal_rows(text: str, schema: TableSchema, file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file in the standard form; PackageError if one could be lost."""
    if schema.fields_match != "exact":  # other columns than those of the schema would be lost
        schema = schema.model_copy(update={"fields_match": "equal"})
    table, issues = read_table(text.encode(), file, schema)
    faults = [issue for issue in issues if issue.rule not in _HARMLESS]
    rows: list[dict[str, str]] = []
    first_lines: dict[tuple[str, ...], int] = {}
    for line, cells in [] if faults else zip(table.lines, table.rows(), strict=True):
        row = {field.name: normal_cell(cells[field.name], field) for field in schema.fields}
        if not any(row.values()):
            continue
        rows.append(row)
        issue = partial(Issue, file, line, row=row_key(row, schema))
        for name, cell in row.items():
            if CONTROL.search(cell):
                message = f"{quote(cell)} is not allowed: {_EXPECTED}"
                hint = "check the quotes"
                faults.append(issue(name, value=cell, rule="type", message=message, hint=hint))
        key = key_of(row, schema)
        # The validator, too, does not compare a key of which a part is missing.
        if all(key) and (first := first_lines.setdefault(key, line)) != line:
            about, hint = schema.primary_key[0], f"line {first} has the same key"
            faults.append(issue(about, rule="primary-key", message="duplicate key", hint=hint))
    if faults:
        raise PackageError("\n".join(map(str, faults)), faults[0].line)
    return rows


def normal_cell(text: str, field: Field) -> str:
    """Return a cell in the standard form, with its digits: only ``+.5E+06`` becomes ``0.5e6``."""
    text = text.strip()
    found = _NUMBER.fullmatch(text) if field.type in ("integer", "number") else None
    if not found:
        return text
    sign, integral, fraction, exponent_sign, exponent = (part or "" for part in found.groups())
    written = sign.strip("+") + (integral or "0")
    written += f".{fraction}" if fraction else ""
    written += f"e{exponent_sign.strip('+')}{exponent}" if exponent else ""
    try:
        parse_cell(text, field)
    except CellError:  # such as a number that is too large, which the validator reports as it is
        return text
    return written


def rows_text(rows: Iterable[Mapping[str, str]], schema: TableSchema) -> str:
    """Return rows as the text of a CSV file, sorted by key."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(schema.column_names)
    for row in sorted(rows, key=lambda row: key_of(row, schema)):
        writer.writerow([row.get(name, "") for name in schema.column_names])
    return text.getvalue()


def key_of(row: Mapping[str, str], schema: TableSchema) -> tuple[str, ...]:
    """Return the key of a row, as the text by which files are sorted."""
    return tuple(row.get(name, "") for name in schema.primary_key)


def fault(text: str, field: Field) -> str:
    """Return what is wrong with a cell by itself and how to fix it, or an empty string."""
    try:
        value = parse_cell(text, field)
        if value is not None:
            checks = field_checks(field)
            table = pa.table({field.name: pa.array([value], arrow_type(field))})
            for check, failing in zip(checks, failing_rows(table, checks), strict=True):
                if len(failing):
                    hint = suggestion(text, map(str, field.constraints.enum or ()))
                    raise CellError(check.expected, hint)
    except CellError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return f"{quote(text)} is not allowed: expected {error.expected}{hint}"
    return ""


def full_date(text: str) -> tuple[str, str]:
    """Return the first day of a date, month or year, and the precision; empty texts for others."""
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
        return "", ""
    return text + "0000-01-01"[len(text) :], _PRECISIONS[len(text)]


def derive(package: Package, table: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return a row with all columns: what is given, even as an empty text, and what follows."""
    schema = package.schema(table)
    for name in given:
        if name not in schema.column_names:
            raise UnknownNameError(f"column of {table}", name, schema.column_names)
    cells = {name: normal_cell(text, schema.field(name)) for name, text in given.items()}
    for rule in schema.rules:
        if isinstance(rule, DatePrecision):
            date, precision = full_date(cells.get(rule.date, ""))
            if precision and cells.get(rule.precision, precision) == precision:
                cells |= {rule.date: date, rule.precision: precision}
    for name, (default, needed) in _DEFAULTS.items():
        applies = name in schema.column_names and (needed is None or cells.get(needed))
        if applies and default in (schema.field(name).constraints.enum or [default]):
            cells.setdefault(name, default)
    for key in schema.foreign_keys:
        for name in key.fields:
            if name not in cells and any(cells.get(other) for other in key.fields):
                options = list(candidates(package, table, name, cells))
                cells |= {name: options[0]} if len(options) == 1 else {}
    row = {name: cells.get(name, "") for name in schema.column_names}
    if (own := own_key(schema)) and own not in cells:
        row[own], _ = new_identifier(package, table, row)
    return row


def rows(package: Package, table: str) -> list[dict[str, str]]:
    """Return the rows of a table as text, without those that cannot be read."""
    found: list[dict[str, str]] = []
    for file, path in package.files(table).items():
        with suppress(PackageError):
            found += read_table(read_bytes(path, file), file, package.schema(table))[0].rows()
    return found


def candidates(
    package: Package, table: str, column: str, cells: Mapping[str, str]
) -> dict[str, str]:
    """Return what a column can refer to given the other cells: each identifier with its name."""
    found: dict[str, str] = {}
    for key in [key for key in package.schema(table).foreign_keys if column in key.fields]:
        there = dict(zip(key.fields, key.reference.fields, strict=True))
        for row in rows(package, key.reference.resource or table):
            others = [name for name in key.fields if name != column and cells.get(name)]
            if row.get(there[column]) and all(row.get(there[o]) == cells[o] for o in others):
                found[row[there[column]]] = row.get("name") or row.get("title") or ""
    return found


def find_reference(text: str, choices: Mapping[str, str]) -> tuple[str, str]:
    """Return the identifier that a text is, or is the name of; if there is none, a message."""
    if text in choices:
        return text, ""
    lower = text.casefold()
    named = [name for name, label in choices.items() if label.casefold() == lower]
    if len(named) == 1:
        return named[0], ""
    labels = {label.casefold(): name for name, label in choices.items() if label}
    close = [name for name in choices if lower and name.startswith(lower)]
    close += nearest(lower, choices) + [labels[label] for label in nearest(lower, labels)]
    close += [name for name, label in choices.items() if lower in name or lower in label.casefold()]
    shown = list(dict.fromkeys(close))[:5]
    hint = f"did you mean {' or '.join(shown)}?" if shown else "add it first"
    return "", f"there is no {quote(text)}; {hint}"


def new_identifier(package: Package, table: str, row: Mapping[str, str]) -> tuple[str, str]:
    """Return the best identifier for a row that no other row has; without one, the best taken."""
    schema = package.schema(table)
    own, clash = schema.primary_key[0], ""
    taken = {key_of(other, schema) for other in rows(package, table)}
    for proposal in proposals(table, schema, row):
        # Some tables have identifiers without hyphens and dots.
        spellings = (proposal, proposal.replace("-", "_").replace(".", "_"))
        text = next((one for one in spellings if one and not fault(one, schema.field(own))), "")
        if text and key_of({**row, own: text}, schema) not in taken:
            return text, ""
        clash = clash or text
    return "", clash


def own_key(schema: TableSchema) -> str | None:
    """Return the column with the identifier of a row, None where foreign keys identify rows."""
    name = schema.primary_key[0]
    foreign = {column for key in schema.foreign_keys for column in key.fields}
    owns = name.endswith("_id") and name not in foreign and schema.field(name).type == "string"
    return name if owns else None


def ingredients(table: str, schema: TableSchema) -> list[str]:
    """Return the columns from which an identifier can be made, except for the subject."""
    parts = {part for parts in _PARTS.get(table, _NAMES) for part in parts}
    return [name for name in schema.column_names if name in parts - set(_subjects(schema))]


def proposals(table: str, schema: TableSchema, row: Mapping[str, str]) -> Iterator[str]:
    """Yield identifiers that fit a row, the best first, whether or not another row has them."""
    if table == "sources":
        yield from _of_source(row)
        return
    subject = next((row[name] for name in _subjects(schema) if row.get(name)), "")
    cells = {**row, _SUBJECT: subject}
    for parts in _PARTS.get(table, _NAMES):
        words: list[str] = []
        for part in parts:
            word = part[1:] if part.startswith("=") else slug(cells.get(part, ""))
            if part == "name":  # without leading words that the identifier has already
                own, used = word.split("-"), "-".join(words).split("-")
                while len(own) > 1 and own[0] in used:
                    own.pop(0)
                word = "-".join(own)
            words.append(word)
        if all(words):
            yield "-".join(words)
            if table in _NUMBERED:
                yield from (f"{'-'.join(words)}-{number}" for number in range(2, 1000))


def _subjects(schema: TableSchema) -> list[str]:
    rules = (rule for rule in schema.rules if isinstance(rule, ExactlyOne))
    return [name for rule in rules for name in rule.columns]


def _of_source(row: Mapping[str, str]) -> Iterator[str]:
    """Yield author and year, as in brown-2020, or the publisher; then with words of the title."""
    author = slug(re.split(r"[,;]", row.get("authors", ""))[0])
    year = row.get("published", "")[:4]
    publisher = slug(re.sub(r"\.[a-z]{2,}$", "", row.get("publisher", "")))
    stem = [part for part in ([author, year] if author else [publisher]) if part]
    used = {"", *_SMALL_WORDS, *"-".join(stem).split("-")}
    words = [word for word in slug(row.get("title", "")).split("-") if word not in used]
    if author and year:
        yield "-".join(stem)
    first = 1 if author else 2 if stem else 4
    yield from ("-".join([*stem, *words[:number]]) for number in range(first, 6) if words)
