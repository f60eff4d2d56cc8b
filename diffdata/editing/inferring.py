"""A schema for a table that has none: types, keys and missing values, as far as cells show them."""

from __future__ import annotations

import codecs
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from diffdata.errors import InvalidInputError, PackageError
from diffdata.package.files import DESCRIPTOR, replacing
from diffdata.schemas.standard import Dialect, Field, Resource, TableSchema
from diffdata.types.definitions import FALSE_VALUES, FIELD_TYPES, TRUE_VALUES
from diffdata.types.names import slug
from diffdata.types.text import CellError
from diffdata.validation.resources import Budget, plain_bytes
from diffdata.validation.splitting import Splitter
from diffdata.validation.text import first_row, read_table
from diffdata.validation.typed import parse_cell

_SCHEMA = "https://datapackage.org/profiles/2.0/tableschema.json"
_PACKAGE = "https://datapackage.org/profiles/2.0/datapackage.json"
_DELIMITERS = (",", ";", "\t", "|")
_HEAD = 2**16  # bytes in which the delimiter is looked for
# What people write into cells that have no value.
_MARKS = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "-", "--", "?", "..")
_DAYS = {
    "%d/%m/%Y": "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%d.%m.%Y": r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}",
}  # fmt: skip
_COMMA = r"[+-]?[0-9]+(,[0-9]+)?"
# The unit of a column by the last word of its name.
_UNITS = {
    "bytes": "byte", "byte": "byte", "days": "day", "flop": "FLOP", "hours": "hour", "kwh": "kWh",
    "usd": "USD", "watt": "watt", "years": "year",
}  # fmt: skip
_MOST_VALUES, _LONGEST_VALUE = 12, 40  # of a list of allowed values
_KEY_COLUMNS = 8  # among which a key of several columns is looked for


@dataclass(frozen=True)
class Inferred:
    """A table and the schema that was inferred for it."""

    name: str
    file: str
    rows: int
    schema: dict[str, Any]
    resource: dict[str, Any]
    keys: list[tuple[str, ...]]  # that identify rows; the first is the primary key
    notes: list[str] = field(default_factory=list)  # what people have to decide

    @property
    def without_unit(self) -> list[str]:
        """The columns of numbers whose unit is to be filled in."""
        kinds = ("integer", "number")
        return [f["name"] for f in self.schema["fields"] if f["type"] in kinds and not f["unit"]]


def new_package(
    files: Sequence[Path], *, delimiter: str | None = None, encoding: str | None = None
) -> tuple[Path, list[Inferred]]:
    """Write a package around CSV files of one folder: a descriptor, and a schema of each table.

    Nothing that exists is replaced: then, or if a file cannot be read, PackageError is raised.
    """
    roots = {path.resolve().parent for path in files}
    if len(roots) != 1:
        raise InvalidInputError("new schema: expected CSV files of one folder")
    root = roots.pop()
    tables = [infer(path, delimiter=delimiter, encoding=encoding) for path in files]
    if len({table.name for table in tables}) < len(tables):
        raise InvalidInputError("new schema: two files give a table the same name; rename one")
    written = {f"schemas/{table.name}.json": table.schema for table in tables}
    written[DESCRIPTOR] = {
        "$schema": _PACKAGE, "name": slug(root.name) or "package", "version": "0.1.0", "title": "",
        "description": "", "resources": [table.resource for table in tables],
    }  # fmt: skip
    for name in written:
        if (root / name).exists():
            raise PackageError(f"{root / name}: exists already, and is not replaced")
    (root / "schemas").mkdir(exist_ok=True)
    for name, content in written.items():
        with replacing(root / name) as unfinished:
            text = json.dumps(content, indent=2, ensure_ascii=False)
            unfinished.write_text(f"{text}\n", encoding="utf-8")
    return root, tables


def infer(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> Inferred:
    """Infer the schema of a CSV file; its delimiter and encoding too, unless they are given."""
    if not path.is_file():
        raise PackageError(f"{path}: expected a CSV file")
    name = slug(path.name.partition(".")[0]).replace("-", "_").replace(".", "_") or "table"
    notes: list[str] = []
    data, encoding = _decoded(path, encoding, notes)
    dialect = Dialect(delimiter=delimiter or _delimiter(data))
    header = first_row(data, dialect)
    _check_header(path, header)
    plain = TableSchema(fields=tuple(Field(name=column, type="string") for column in header))
    text, issues = read_table(data, path.name, plain, dialect)
    if issues:
        notes.append(f"{len(issues)} faults of the file, see `diffdata validate`")
    columns = {column: text.column(column).combine_chunks() for column in header}
    keys = list(_keys(columns, len(text)))
    fields = [_field(column, cells, keys, notes) for column, cells in columns.items()]
    resource: dict[str, Any] = {
        "name": name, "type": "table", "path": path.name, "format": "csv", "encoding": encoding,
        "schema": f"schemas/{name}.json",
    }  # fmt: skip
    if dialect.delimiter != ",":
        resource["dialect"] = {"delimiter": dialect.delimiter}
    schema: dict[str, Any] = {"$schema": _SCHEMA, "title": "", "description": "", "fields": fields}
    if keys:
        schema["primaryKey"] = list(keys[0])
    return Inferred(name, path.name, len(text), schema, resource, keys, notes)


def report(root: Path, tables: Sequence[Inferred]) -> str:
    """Return what was written, and what people have to fill in."""
    lines: list[str] = []
    for table in tables:
        key = " + ".join(table.keys[0]) if table.keys else "none found"
        delimiter = repr(table.resource.get("dialect", {}).get("delimiter", ","))
        how = f"{table.resource['encoding']}, delimiter {delimiter}"
        lines.append(f"{table.file}: {table.rows:,} rows, {how}, key {key}")
        lines += [f"  {_in_words(column)}" for column in table.schema["fields"]]
    lines += ["", "Fill in:", f"  {DESCRIPTOR}: title, description, licenses"]
    for table in tables:
        meaning = "title, description (what one row is), description of each column"
        lines.append(f"  {table.resource['schema']}: {meaning}")
        if names := ", ".join(table.without_unit):
            lines.append(f"    unit of {names}: as in FLOP / second, or 1 for a pure number")
        if not table.keys:
            lines.append("    primaryKey: no column, and no three of them, identify the rows")
        if others := " or ".join(" + ".join(key) for key in table.keys[1:4]):
            lines.append(f"    primaryKey: {' + '.join(table.keys[0])}, or {others}?")
        lines += [f"    {note}" for note in table.notes]
    return "\n".join([*lines, f"Next: diffdata validate {shlex.quote(str(root))}", ""])


def _in_words(column: dict[str, Any]) -> str:
    """Return what was inferred of a column in one line."""
    text = f"{column['name']}: {column['type']}"
    text += f" in {column['unit']}" if column.get("unit") else ""
    allowed = column.get("constraints", {}).get("enum", ())
    text += f", one of {', '.join(allowed)}" if allowed else ""
    text += f", format {column['format']}" if "format" in column else ""
    text += ", with a decimal comma" if "decimalChar" in column else ""
    marks = column.get("missingValues", [""])[1:]
    return text + (f", missing as {' '.join(marks)}" if marks else "")


def _decoded(path: Path, encoding: str | None, notes: list[str]) -> tuple[bytes, str]:
    """Return the bytes of a file in UTF-8, and its encoding."""
    with path.open("rb") as file:
        start = file.read(2)
    utf_16 = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    tried = [encoding] if encoding else ["utf-16"] if utf_16 else ["utf-8", "cp1252"]
    for name in tried:
        resource = Resource(name="table", path=path.name, encoding=name)
        try:
            data = plain_bytes(resource, path.parent, path.name, Budget())
        except PackageError:
            if name == tried[-1]:
                raise
            continue
        if name == "cp1252":
            notes.append("the file is not UTF-8, and was read as cp1252: check letters such as é")
        return data, name
    raise AssertionError


def _delimiter(data: bytes) -> str:
    """Return the delimiter that splits the first rows alike, into most columns."""

    def columns(delimiter: str) -> tuple[int, int]:
        head = data[: data.rfind(b"\n", 0, _HEAD) + 1] or data
        records = Splitter(head, Dialect(delimiter=delimiter)).records()
        sizes = [len(record.cells) for record in islice(records, 20) if record.cells]
        alike = sum(size == sizes[0] for size in sizes) if sizes and sizes[0] > 1 else 0
        return alike, sizes[0] if sizes else 0

    return max(_DELIMITERS, key=columns)


def _check_header(path: Path, header: Sequence[str]) -> None:
    if not header:
        raise PackageError(f"{path}: the file is empty; expected a header")
    for place, name in enumerate(header, 1):
        if not name.strip():
            raise PackageError(f"{path}: line 1: the column {place} has no name; give it one")
        if name in header[: place - 1]:
            raise PackageError(f"{path}: line 1: two columns have the name {name!r}; rename one")


def _keys(columns: dict[str, pa.Array], rows: int) -> Iterator[tuple[str, ...]]:
    """Yield the columns, or else the two or three columns, that identify rows."""
    full = [name for name, cells in columns.items() if rows and not cells.null_count]
    unique = [name for name in full if len(pc.unique(columns[name])) == rows]
    # Names of identifiers come first; decimals, such as measurements, are none.
    named, decimal = re.compile(r"(^|[\W_])(id|key|code)$", re.IGNORECASE), r"^[^.]*[0-9]\.[0-9]"
    for name in sorted(unique, key=lambda name: not named.search(name)):
        if not pc.all(pc.match_substring_regex(columns[name], decimal)).as_py():
            yield (name,)
    if unique:
        return
    table = pa.table({name: columns[name] for name in full[:_KEY_COLUMNS]})
    for size in (2, 3):
        several = [list(names) for names in combinations(table.column_names, size)]
        found = [n for n in several if table.group_by(n).aggregate([]).num_rows == rows]
        yield from map(tuple, found)
        if found:
            return


def _field(
    name: str, cells: pa.Array, keys: Sequence[tuple[str, ...]], notes: list[str]
) -> dict[str, Any]:
    """Return the field of a column: its type, how it is written, and what it may be."""
    values = pc.unique(cells.drop_null())
    marks = [mark for mark in _MARKS if pc.is_in(pa.array([mark]), values)[0].as_py()]
    rest = values.filter(pc.invert(pc.is_in(values, pa.array(marks, pa.string()))))
    kind, written = _type(name, rest, notes) if len(rest) else ("string", {})
    if kind == "string" and marks:  # where any text is allowed they may be values
        kind, written = "string", {}
        notes.append(f"{name}: {', '.join(marks)} are values here; list them under missingValues "
                     "if they are not")  # fmt: skip
        marks = []
    found: dict[str, Any] = {"name": name, "type": kind, "description": "", **written}
    if kind in ("integer", "number"):
        found["unit"] = _UNITS.get(re.split(r"[\W_]+", name.casefold())[-1], "")
    if marks:
        found["missingValues"] = ["", *marks]
    limits: dict[str, Any] = {}
    if keys and name in keys[0]:
        limits["required"] = True
    elif kind == "string" and _is_choice(cells, values):
        limits["enum"] = sorted(values.to_pylist())
    if limits:
        found["constraints"] = limits
    return found


def _type(name: str, values: pa.Array, notes: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the type of all values, and how they are written if not in the default way."""

    def all_are(form: str) -> bool:
        return bool(pc.all(pc.match_substring_regex(values, f"^(?:{form})$")).as_py())

    texts = {text for text in (*TRUE_VALUES, *FALSE_VALUES) if not text.isdigit()}
    if all_are("|".join(sorted(texts))):
        return "boolean", {}
    # A number with zeros before it, such as 007, is an identifier.
    if all_are(r"[+-]?0[0-9]+|[+-]?0|[+-]?[1-9][0-9]*") and not all_are(r"[+-]?(0|[1-9][0-9]*)"):
        return "string", {}
    for kind in ("year", "integer", "number", "date", "datetime", "time", "yearmonth"):
        if kind == "year" and "year" not in name.casefold():
            continue
        if all_are(FIELD_TYPES[kind].form) and _parse(Field(name=name, type=kind), values):
            return kind, {}
    if all_are(_COMMA):
        return "number", {"decimalChar": ","}
    for day_first, form in _DAYS.items():
        if all_are(form):
            month_first = day_first.replace("%d", "%x").replace("%m", "%d").replace("%x", "%m")
            fitting = [
                way for way in (day_first, month_first)
                if _parse(Field(name=name, type="date", format=way), values)
            ]  # fmt: skip
            if len(fitting) == 1:
                return "date", {"format": fitting[0]}
            notes.append(f"{name}: days or months first? Give it the type date and the format "
                         f"{day_first} or {month_first}")  # fmt: skip
    return "string", {}


def _parse(column: Field, values: pa.Array) -> bool:
    """Return whether all values can be read as a type."""
    try:
        for text in values.to_pylist():
            parse_cell(text, column)
    except CellError:
        return False
    return True


def _is_choice(cells: pa.Array, values: pa.Array) -> bool:
    """Return whether a column has few short values, each of which occurs often."""
    few = 1 < len(values) <= _MOST_VALUES and len(cells) - cells.null_count >= 4 * len(values)
    return few and all(len(text) <= _LONGEST_VALUE for text in values.to_pylist())
