"""Exports: from the names of tables to the files of a format."""

from __future__ import annotations

import csv
import glob
import json
import os
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.exporting.citation import citation_of, filled, open_profiled, sources_of
from diffdata.exporting.contents import Contents, contents, is_formula, rows
from diffdata.exporting.databases import write_duckdb, write_sqlite
from diffdata.exporting.spreadsheet import write_xlsx
from diffdata.exporting.styles import bibtex
from diffdata.package.files import PARQUET, replacing
from diffdata.package.packages import Dataset
from diffdata.types.definitions import definition
from diffdata.types.text import cell_text


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
    opened = open_profiled(package, version)
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
            _remove_leftovers(path)
            with replacing(path) as unfinished:
                write(unfinished)
    except OSError as error:
        raise InvalidInputError(f"out: {out} cannot be written: {error.strerror}") from None
    return list(jobs)


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
    "xlsx": (write_xlsx, (".xlsx",)),
    "sqlite": (write_sqlite, (".sqlite", ".sqlite3", ".db")),
    "duckdb": (write_duckdb, (".duckdb", ".db")),
    "bibtex": (_write_bibtex, (".bib", ".bibtex")),
}
_FILE_PER_TABLE = ("csv", "parquet", "json")
FORMATS = tuple(_WRITERS)


def _jobs(selected: Contents, to: str, out: Path, safe: bool) -> dict[Path, Callable[[Path], None]]:
    """Return the files to write, each with the function that writes it."""
    names, (write, suffixes) = list(selected.tables), _WRITERS[to]
    is_file = out.suffix in suffixes and not out.is_dir()
    if out.is_file() and not is_file:
        expected = " or ".join(suffixes)
        raise InvalidInputError(f"out: {out} is a file without the suffix {expected}")
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


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary folders of earlier exports to this file that were killed."""
    path = path.resolve()
    for folder in path.parent.glob(f".{glob.escape(path.name)}.diffdata-*"):  # see `replacing`
        # A folder that changed within the hour may belong to an export that is still running.
        if folder.lstat().st_mtime < time.time() - 3600:
            shutil.rmtree(folder, ignore_errors=True)
