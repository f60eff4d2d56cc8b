"""Exports: from the names of tables to the files of a format."""

from __future__ import annotations

import glob
import os
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.exporting.citation import open_profiled
from diffdata.exporting.contents import Contents, contents
from diffdata.exporting.databases import write_duckdb, write_sqlite
from diffdata.exporting.files import (
    looks_like_formula,
    write_bibtex,
    write_csv,
    write_csvw,
    write_json,
    write_parquet,
)
from diffdata.exporting.spreadsheet import write_xlsx
from diffdata.package.files import PARQUET, replacing
from diffdata.package.packages import Dataset, Package

# The first suffix is used for files that we name.
_SUFFIXES = {
    "csv": (".csv",),
    "parquet": PARQUET,
    "json": (".json",),
    "xlsx": (".xlsx",),
    "sqlite": (".sqlite", ".sqlite3", ".db"),
    "duckdb": (".duckdb", ".db"),
    "bibtex": (".bib", ".bibtex"),
}
FORMATS = tuple(_SUFFIXES)
_ONE_FILE: dict[str, Callable[[Contents, Path], None]] = {
    "xlsx": write_xlsx,
    "sqlite": write_sqlite,
    "duckdb": write_duckdb,
    "bibtex": write_bibtex,
}

PathLike = str | os.PathLike[str]


class FormulaWarning(UserWarning):
    """A CSV file has texts that a spreadsheet would take for formulas."""


def export(
    tables: str | Sequence[str] | None,
    to: str,
    out: PathLike,
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
        For ``csv``: put an apostrophe before texts that a spreadsheet would take for a formula
        (those that begin with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return and are not
        numbers). This changes the texts, so it is off by default, and such texts give a
        `FormulaWarning`. Use it for untrusted data, or export to ``xlsx``, where texts remain
        texts.

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
    return export_from(opened, tables, to, out, overwrite=overwrite, safe=safe)


def export_from(
    package: Package,
    tables: str | Sequence[str] | None,
    to: str,
    out: PathLike,
    *,
    overwrite: bool = False,
    safe: bool = False,
) -> list[Path]:
    """Write tables of an opened package in another format; see `export`."""
    if to not in FORMATS:
        raise UnknownNameError("format of export", to, FORMATS)
    if safe and to != "csv":
        raise InvalidInputError(f"safe: this option is for csv, not for {to}")
    names = [tables] if isinstance(tables, str) else tables
    selected = contents(package, package.tables if names is None else names)
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


def _jobs(selected: Contents, to: str, out: Path, safe: bool) -> dict[Path, Callable[[Path], None]]:
    """Return the files to write, each with the function that writes it."""
    is_file = out.suffix in _SUFFIXES[to] and not out.is_dir()
    if out.is_file() and not is_file:
        expected = " or ".join(_SUFFIXES[to])
        raise InvalidInputError(f"out: {out} is a file without the suffix {expected}")
    suffix = _SUFFIXES[to][0]
    if to in _ONE_FILE:
        if not is_file:
            dataset = selected.package.descriptor.name.replace("/", "-")
            stem = selected.names[0] if len(selected.names) == 1 else dataset
            out = out / f"{stem}-{selected.package.version}{suffix}"
        return {out: partial(_ONE_FILE[to], selected)}
    if is_file and len(selected.tables) > 1:
        raise InvalidInputError(
            f"out: {out} is one file, but {to} needs a file for each of {len(selected.tables)} "
            "tables; name a folder"
        )
    jobs: dict[Path, Callable[[Path], None]] = {}
    for table in selected.tables:
        path = out if is_file else out / f"{table.name}{suffix}"
        if to == "csv":
            jobs[path] = partial(write_csv, table, safe=safe)
            metadata = path.with_name(f"{path.name}-metadata.json")
            jobs[metadata] = partial(write_csvw, selected, table)
        else:
            jobs[path] = partial(write_parquet if to == "parquet" else write_json, table)
    return jobs


def _warn_of_formulas(selected: Contents) -> None:
    for table in selected.tables:
        cells = [
            (column, value)
            for row in table.rows()
            for column, value in zip(table.schema.column_names, row, strict=True)
            if isinstance(value, str) and looks_like_formula(value)
        ]
        if cells:
            column, value = cells[0]
            warnings.warn(
                f"{table.name}: a spreadsheet would see a formula in the text {value[:40]!r} of "
                f"{column} ({len(cells)} in all); for a spreadsheet use xlsx, or safe",
                FormulaWarning,
                stacklevel=4,
            )


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary folders of earlier exports to this file that were killed."""
    path = path.resolve()
    for folder in path.parent.glob(f".{glob.escape(path.name)}.diffdata-*"):  # see `replacing`
        # A folder that changed within the hour may belong to an export that is still running.
        if folder.lstat().st_mtime < time.time() - 3600:
            shutil.rmtree(folder, ignore_errors=True)
