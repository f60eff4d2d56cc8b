"""Exports: the tables of a package, and a function for each format that writes them."""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import re
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyarrow as pa

from diffdata.errors import InvalidInputError, UnknownNameError, optional_library
from diffdata.exporting.citation import bibtex, citation_of, cite, filled, sources_of
from diffdata.loading import validated_tables
from diffdata.package.files import PARQUET, replacing
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.schemas.standard import Field, ForeignKey
from diffdata.types.definitions import FORMULA, definition
from diffdata.types.text import cell_text

_ABOUT = ("table", "title", "rows", "version", "digest", "dataset", "license", "citation")
# Limits of a workbook: the length of a sheet name, the size of a sheet, the UTF-16 units of a text,
# and the integers that a double represents with 15 digits.
_SHEET_NAME, _ROWS, _COLUMNS = 31, 2**20, 2**14
_TEXT = 32_767
_EXACT = 10**15
# Excel assumes a 29 February 1900, so its earlier dates are wrong by a day.
_FIRST_DAY = datetime.date(1900, 3, 1)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_DATE = datetime.datetime(1980, 1, 1)  # the first date that a zip archive can store
_FILE_PER_TABLE = ("csv", "parquet", "json")


@dataclass(frozen=True)
class Contents:
    """The tables of an export by name, and the package that they belong to."""

    package: Package
    tables: dict[str, pa.Table]  # with descriptions, units and digests as metadata

    def metadata(self, name: str) -> dict[str, str]:
        """Return the metadata of a table: its name, version, digest, title and others."""
        metadata = self.tables[name].schema.metadata
        return {str(k, "utf-8"): str(v, "utf-8") for k, v in metadata.items()}

    def foreign_keys(self, name: str) -> list[tuple[ForeignKey, str]]:
        """Return the foreign keys that a database can declare, each with its target table."""
        # The target is exported too, and the key refers to all of its primary key.
        return [
            (key, target)
            for key in self.package.schema(name).foreign_keys
            if (target := key.reference.resource or name) in self.tables
            and sorted(key.reference.fields) == sorted(self.package.schema(target).primary_key)
        ]

    def extra_tables(self, to: str) -> dict[str, pa.Table]:
        """Return ``about``, with a row per table, and ``columns``, with a row per column."""
        for name in self.tables:
            if name in ("about", "columns"):
                raise InvalidInputError(
                    f"to {to}: the export adds a table {name!r} of its own; rename the table of "
                    "the package, or export to parquet, csv or json"
                )
        citation = cite(package=self.package).strip()
        about, columns = [], []
        for name, table in self.tables.items():
            cells = self.metadata(name) | {"rows": table.num_rows, "citation": citation}
            about.append({column: cells[column] for column in _ABOUT})
            schema = self.package.schema(name)
            targets = {
                column: f"{key.reference.resource or name}.{target}"
                for key in schema.foreign_keys
                for column, target in zip(key.fields, key.reference.fields, strict=True)
            }
            columns += [
                {"table": name, "column": field.name, "type": field.type, "unit": field.unit,
                 "description": field.description, "references": targets.get(field.name)}
                for field in schema.fields
            ]  # fmt: skip
        return {"about": pa.Table.from_pylist(about), "columns": pa.Table.from_pylist(columns)}


def contents(package: Package, names: Sequence[str]) -> Contents:
    """Load and validate tables of an opened package for an export."""
    names = list(dict.fromkeys(package.resource(name).name for name in names))
    described = package.descriptor
    licenses = ", ".join(one.name for one in described.licenses)
    added = {b"dataset": described.name.encode(), b"license": licenses.encode()}
    tables = validated_tables(package, names).items()
    return Contents(
        package, {n: t.replace_schema_metadata(t.schema.metadata | added) for n, t in tables}
    )


def rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a table as Python values: str, int, float, bool, date or None."""
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def is_formula(value: Any) -> bool:
    """Return whether a value is a text that a spreadsheet would run as a formula."""
    return isinstance(value, str) and bool(FORMULA.search(value))


def described_with_unit(field: Field) -> str:
    """Return the description of a column, with its unit at the end."""
    if field.unit is None:
        return field.description
    column = field.unit.removeprefix("column:")
    unit = field.unit if column == field.unit else f"in the column {column}"
    return f"{field.description} Unit: {unit}."


def _write_xlsx(contents: Contents, path: Path) -> None:
    """Write a workbook: the sheets ``about`` and ``columns``, and a sheet per table."""
    openpyxl = optional_library("openpyxl")
    writer = optional_library("openpyxl.writer.excel")
    sheets = contents.extra_tables("xlsx") | contents.tables
    for name, table in sheets.items():
        if fault := _fault(name, table):
            raise InvalidInputError(f"to xlsx: {name}{fault}; export to another format")
    descriptor = contents.package.descriptor
    book = openpyxl.Workbook(write_only=True)
    properties = book.properties
    properties.title, properties.creator = _NOT_XML.sub("", descriptor.title), descriptor.name
    properties.version = descriptor.version
    properties.created = properties.modified = (descriptor.created or _NO_DATE).replace(tzinfo=None)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for row in (table.column_names, *rows(table)):
            sheet.append([_cell(sheet, value) for value in row])
    made = io.BytesIO()
    writer.ExcelWriter(book, ZipFile(made, "w")).save()  # `book.save` would store the time
    with ZipFile(made) as parts, ZipFile(path, "w") as archive:
        for entry in parts.namelist():
            dated = ZipInfo(entry, _NO_DATE.timetuple()[:6])
            archive.writestr(dated, parts.read(entry), ZIP_DEFLATED)


def _fault(name: str, table: pa.Table) -> str | None:
    """Return why Excel cannot open a table, or why openpyxl would truncate it."""
    if len(name) > _SHEET_NAME:
        return f": the name is too long for a sheet, which allows {_SHEET_NAME} characters"
    if name == "history":
        return ": Excel reserves the sheet name History"
    if table.num_columns > _COLUMNS or table.num_rows >= _ROWS:
        return f": a sheet has at most {_COLUMNS} columns and {_ROWS} rows, with the header"
    for number, row in enumerate(table.to_pylist(), start=2):
        for column, value in row.items():
            place = f", row {number}, {column}: "
            text = value if isinstance(value, str) else ""
            length = len(text.encode("utf-16-le")) // 2
            if length > _TEXT:
                return f"{place}a text of {length} characters in UTF-16, a cell allows {_TEXT}"
            if found := _NOT_XML.search(text):
                return f"{place}a workbook cannot store U+{ord(found[0]):04X}"
    return None


def _cell(sheet: Any, value: Any) -> Any:
    """Return a cell; large integers and dates before March 1900 become text."""
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _EXACT:
        value = str(value)
    if isinstance(value, float) and float(f"{value:.16g}") != value:
        cell = WriteOnlyCell(sheet, value)
        cell._value = repr(value)  # openpyxl would write 16 of its 17 digits
        return cell
    if isinstance(value, datetime.date):
        if value < _FIRST_DAY:
            return value.isoformat()
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd"
        return cell
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"  # openpyxl would write text that begins with = as a formula
    if is_formula(value):
        cell.quotePrefix = True  # the cell remains text when somebody edits it
    return cell


def _write_sqlite(contents: Contents, path: Path) -> None:
    """Write a SQLite database: dates as ISO text, booleans as 0 and 1."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, create, values in _tables(contents, "sqlite"):
            try:
                connection.execute(create)
            except sqlite3.Error as error:  # a reserved name, too many columns
                raise InvalidInputError(
                    f"to sqlite: {name}: {error}; export to another format"
                ) from None
            cells = (
                [value.isoformat() if isinstance(value, datetime.date) else value for value in row]
                for row in rows(values)
            )
            marks = ", ".join("?" * values.num_columns)
            connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", cells)


def _write_duckdb(contents: Contents, path: Path) -> None:
    """Write a DuckDB database, with descriptions and units also as comments."""
    with closing(optional_library("duckdb").connect()) as connection:
        # Small blocks, for small tables: each column takes at least one.
        connection.execute(f"ATTACH {_literal(str(path))} AS exported (BLOCK_SIZE 16384)")
        connection.execute("USE exported")
        connection.execute("BEGIN")
        for name, create, values in _tables(contents, "duckdb"):
            connection.execute(create)
            # The space prevents a conflict with a table of the package.
            connection.register("new rows", values)
            connection.execute(f'INSERT INTO {_quoted(name)} SELECT * FROM "new rows"')
            connection.unregister("new rows")
        for name in contents.tables:
            schema = contents.package.schema(name)
            described = f"{schema.description} Version {contents.package.version}."
            comments = {f"TABLE {_quoted(name)}": described} | {
                f"COLUMN {_quoted(name)}.{_quoted(field.name)}": described_with_unit(field)
                for field in schema.fields
            }
            for place, comment in comments.items():
                connection.execute(f"COMMENT ON {place} IS {_literal(comment)}")
        connection.execute("COMMIT")
        connection.execute("USE memory")
        connection.execute("DETACH exported")


def _tables(contents: Contents, database: str) -> Iterator[tuple[str, str, pa.Table]]:
    """Yield each table, and the two that describe them: name, CREATE statement and values."""
    extra_tables = contents.extra_tables(database)
    names, targets = list(contents.tables), list(contents.tables)
    if database == "duckdb":
        # DuckDB checks row by row, so a table cannot refer to itself, or to a later one.
        names, targets = _parents_first(contents), []
    for name in names:
        schema = contents.package.schema(name)
        lines = []
        for field in schema.fields:
            types = definition(field)
            kind = types.sql if database == "duckdb" else types.sqlite
            required = " NOT NULL" if field.constraints.required else ""
            lines.append(f"{_quoted(field.name)} {kind}{required}")
        lines.append(f"PRIMARY KEY ({_quoted(*schema.primary_key)})")
        lines += [
            f"FOREIGN KEY ({_quoted(*key.fields)}) "
            f"REFERENCES {_quoted(target)} ({_quoted(*key.reference.fields)})"
            for key, target in contents.foreign_keys(name)
            if target in targets
        ]
        yield name, _create(name, lines), contents.tables[name]
        targets.append(name)
    for name, values in extra_tables.items():
        kinds = {
            column: "INTEGER" if column == "rows" else "TEXT" for column in values.column_names
        }
        yield name, _create(name, (f"{_quoted(c)} {kind}" for c, kind in kinds.items())), values


def _create(name: str, lines: Iterable[str]) -> str:
    return f"CREATE TABLE {_quoted(name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _parents_first(contents: Contents) -> list[str]:
    """Sort the tables so that each follows those it refers to, except in a circle."""
    ordered: list[str] = []
    entered: set[str] = set()

    def add(name: str) -> None:
        if name not in entered:
            entered.add(name)
            for _, target in contents.foreign_keys(name):
                add(target)
            ordered.append(name)

    for name in contents.tables:
        add(name)
    return ordered


def _quoted(*names: str) -> str:
    # The profile allows no quotes in names, but some are SQL keywords, such as limit.
    return ", ".join(f'"{name}"' for name in names)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _write_parquet(contents: Contents, name: str, path: Path) -> None:
    """Write a table as a Parquet file."""
    import pyarrow.parquet

    pyarrow.parquet.write_table(contents.tables[name], path)


def _write_csv(contents: Contents, name: str, path: Path, *, safe: bool = False) -> None:
    """Write a table as CSV: UTF-8, line feeds, empty cells for missing values, exact values."""
    table = contents.tables[name]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        for row in rows(table):
            writer.writerow("'" * (safe and is_formula(cell)) + cell_text(cell) for cell in row)


def _write_csvw(contents: Contents, name: str, path: Path) -> None:
    """Write types, units and keys of a CSV file as W3C "CSV on the Web" metadata."""
    described, schema = contents.package.descriptor, contents.package.schema(name)
    digest = contents.metadata(name)["digest"]
    keys = [
        {
            "columnReference": list(key.fields),
            "reference": {
                "resource": f"{target}.csv",
                "columnReference": list(key.reference.fields),
            },
        }
        for key, target in contents.foreign_keys(name)
    ]
    columns = [
        {
            "name": field.name,
            "titles": field.name,
            "datatype": definition(field).xsd,
            "dc:description": field.description,
            "schema:unitText": field.unit,
            "required": field.constraints.required,
        }
        for field in schema.fields
    ]
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name.removesuffix("-metadata.json"),
        "dc:title": f"{schema.title} ({described.title})",
        "dc:description": schema.description,
        "dc:license": ", ".join(one.path or one.name for one in described.licenses),
        "schema:name": name,
        "schema:version": described.version,
        "schema:identifier": f"{described.name}/{name}, content digest {digest}",
        "tableSchema": {
            "columns": list(map(filled, columns)),
            "primaryKey": list(schema.primary_key),
        }
        | filled({"foreignKeys": keys}),
    }
    _write_document(document, path)


def _write_json(contents: Contents, name: str, path: Path) -> None:
    """Write a table as one JSON object: description, fields, and rows as objects."""
    schema, metadata = contents.package.schema(name), contents.metadata(name)
    head = ("dataset", "version", "table", "digest", "license", "title", "description")
    document = {
        **{key: metadata[key] for key in head},
        "primary_key": list(schema.primary_key),
        "fields": [
            filled({key: getattr(field, key) for key in ("name", "type", "unit", "description")})
            for field in schema.fields
        ],
        "rows": contents.tables[name].to_pylist(),
    }
    _write_document(document, path)


def _write_document(document: Any, path: Path) -> None:
    # JSON has no type for dates, which `str` writes in the ISO format.
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, default=str)
    path.write_text(f"{text}\n", encoding="utf-8", newline="")


def _write_bibtex(contents: Contents, path: Path) -> None:
    """Write the dataset and the sources of the tables as BibTeX."""
    package = contents.package
    # BibTeX ignores text outside of the entries.
    lines = [
        f"% The sources of {package.descriptor.name} {package.version}",
        *(f"% table {t}, content digest {contents.metadata(t)['digest']}" for t in contents.tables),
        "",
        bibtex([*citation_of(package), *sources_of(package, contents.tables)]),
    ]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")


# Of the suffixes, the first is used for files that we name.
_WRITERS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "csv": (_write_csv, (".csv",)),
    "parquet": (_write_parquet, PARQUET),
    "json": (_write_json, (".json",)),
    "xlsx": (_write_xlsx, (".xlsx",)),
    "sqlite": (_write_sqlite, (".sqlite", ".sqlite3", ".db")),
    "duckdb": (_write_duckdb, (".duckdb", ".db")),
    "bibtex": (_write_bibtex, (".bib", ".bibtex")),
}
FORMATS = tuple(_WRITERS)


def format_of(path: Path) -> str | None:
    """Return the format of the files with the suffix of a path, unless it is a folder."""
    fitting = [to for to, (_, suffixes) in _WRITERS.items() if path.suffix in suffixes]
    return fitting[0] if fitting and not path.is_dir() else None


class FormulaWarning(UserWarning):
    """A CSV file has texts that a spreadsheet would take for formulas."""


def export(
    tables: str | Sequence[str] | None,
    to: str,
    out: str | os.PathLike[str],
    *,
    package: Dataset | None = None,
    version: str | None = None,
    overwrite: bool = False,
    safe: bool = False,
) -> list[Path]:
    """Write tables in another format, with types, units, version and digest.

    Parameters
    ----------
    tables
        The name of a table, several names, or None for all tables.
    to
        ``csv``, ``parquet`` or ``json`` for a file per table, or ``xlsx``, ``sqlite``, ``duckdb``
        or ``bibtex`` (the sources of the tables) for one file.
    out
        A file, if its name has the suffix of the format (``.csv``, ``.parquet``, ``.json``,
        ``.xlsx``, ``.sqlite``, ``.duckdb``, ``.bib``), otherwise the folder for the files.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.
    overwrite
        Whether existing files may be replaced.
    safe
        For ``csv``: put an apostrophe before texts that a spreadsheet would take for a formula.
        This changes the texts, so it is off by default, and such texts give a `FormulaWarning`. Use
        it for untrusted data, or export to ``xlsx``, where texts remain texts.

    Returns
    -------
    paths
        The files, in the order in which they were written. Each write is atomic.

    Raises
    ------
    UnknownNameError
        If there is no such table or format.
    InvalidInputError
        If a file exists and may not be replaced, if `out` does not fit, if a library is not
        installed, or if a table does not fit into the format. Existing files are unchanged.
    InvalidDataError
        If a table breaks its schema.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in export("hardware", "csv", folder)]
    ['hardware.csv', 'hardware.csv-metadata.json']
    """
    opened = open_dataset(package, version)
    if to not in FORMATS:
        raise UnknownNameError("format of export", to, FORMATS)
    if safe and to != "csv":
        raise InvalidInputError(f"safe: this option is for csv, not for {to}")
    names = [tables] if isinstance(tables, str) else tables
    selected = contents(opened, opened.tables if names is None else names)
    if not selected.tables:
        raise InvalidInputError("tables: the list is empty; None exports all tables")
    jobs = _jobs(selected, to, Path(out), safe)
    for path in jobs:
        if path.is_dir():
            raise InvalidInputError(f"out: {path} is a folder, expected the name of a file")
        if path.exists() and not overwrite:
            raise InvalidInputError(
                f"out: {path} exists; choose another name, or allow it to be overwritten"
            )
    if to == "csv" and not safe:
        _warn_of_formulas(selected)
    try:
        for path, write in jobs.items():
            with replacing(path) as unfinished:
                write(unfinished)
    except OSError as error:
        raise InvalidInputError(f"out: {out} cannot be written: {error.strerror}") from None
    return list(jobs)


def _jobs(selected: Contents, to: str, out: Path, safe: bool) -> dict[Path, Callable[[Path], None]]:
    """Return the files to write, each with the function that writes it."""
    names, (write, suffixes) = list(selected.tables), _WRITERS[to]
    is_file = out.suffix in suffixes and not out.is_dir()
    if out.is_file() and not is_file:
        expected = " or ".join(suffixes)
        raise InvalidInputError(f"out: {out} is a file without the suffix {expected}")
    other = format_of(out)
    if other and not is_file:
        raise InvalidInputError(f"out: {out} has the suffix of {other}, and the format is {to}")
    if to not in _FILE_PER_TABLE:
        if not is_file:
            dataset = selected.package.descriptor.name.replace("/", "-")
            stem = names[0] if len(names) == 1 else dataset
            out = out / f"{stem}-{selected.package.version}{suffixes[0]}"
        return {out: partial(write, selected)}
    if is_file and len(names) > 1:
        raise InvalidInputError(
            f"out: {out} is one file, but {to} needs a file for each of {len(names)} tables; name "
            "a folder"
        )
    jobs: dict[Path, Callable[[Path], None]] = {}
    for name in names:
        path = out if is_file else out / f"{name}{suffixes[0]}"
        jobs[path] = partial(write, selected, name)
        if to == "csv":
            jobs[path] = partial(write, selected, name, safe=safe)
            beside = path.with_name(f"{path.name}-metadata.json")
            jobs[beside] = partial(_write_csvw, selected, name)
    return jobs


def _warn_of_formulas(selected: Contents) -> None:
    for name, table in selected.tables.items():
        cells = [
            (column, value)
            for row in rows(table)
            for column, value in zip(table.column_names, row, strict=True)
            if is_formula(value)
        ]
        if cells:
            column, value = cells[0]
            warnings.warn(
                f"{name}: a spreadsheet would see a formula in the text {value[:40]!r} of "
                f"{column} ({len(cells)} in all); for a spreadsheet use xlsx, or safe",
                FormulaWarning,
                stacklevel=3,
            )
