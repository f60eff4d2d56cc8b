"""From names of tables to files of a format."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.exporting.contents import Contents, TableContent, contents
from diffdata.exporting.databases import write_duckdb, write_sqlite
from diffdata.exporting.parquet import write_parquet
from diffdata.exporting.spreadsheet import write_xlsx
from diffdata.exporting.texts import formula_cells, write_bibtex, write_csv, write_csvw, write_json
from diffdata.package.files import PARQUET, replacing
from diffdata.package.opening import Dataset, open_dataset
from diffdata.package.packages import Package

# The first suffix is the one that we give.
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
_FILE_A_TABLE = ("csv", "parquet", "json")
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
    """Write tables in another format; types, units, version and digest go with them.

    Parameters
    ----------
    tables
        The name of a table, several, or None for all.
    to
        ``csv``, ``parquet`` or ``json``, which give a file for each table, or ``xlsx``, ``sqlite``,
        ``duckdb`` or ``bibtex`` (the sources of the tables), which give one file for all.
    out
        A file, if its name has the suffix of the format (``.csv``, ``.parquet``, ``.json``,
        ``.xlsx``, ``.sqlite``, ``.duckdb``, ``.bib``), otherwise the folder for the files.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.
    overwrite
        Whether files that exist may be replaced.
    safe
        For ``csv``: put an apostrophe before texts that a spreadsheet would take for a formula
        (those that begin with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return and are not
        numbers). This changes the texts, so it is not done unasked; without it such texts give a
        `FormulaWarning`. Do it for data that you do not trust, or export to ``xlsx``, where text
        is text.

    Returns
    -------
    paths
        The files, in the order in which they were written. Each is written whole or not at all.

    Raises
    ------
    UnknownNameError
        If there is no such table or format.
    InvalidInputError
        If a file exists and may not be replaced, if `out` does not fit, if a library is not
        installed, or if a table does not fit into the format. Nothing that exists is changed.
    InvalidDataError
        If a table breaks its schema.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in export("hardware", "csv", folder)]
    ['hardware.csv', 'hardware.csv-metadata.json']
    """
    return export_from(
        open_dataset(package, version), tables, to, out, overwrite=overwrite, safe=safe
    )


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
        raise InvalidInputError(f"safe: this is for csv, {to} needs it not")
    named = [tables] if isinstance(tables, str) else tables
    found = contents(package, package.tables if named is None else named)
    if not found.tables:
        raise InvalidInputError("tables: none is named; None exports all")
    jobs = _jobs(found, to, Path(out), safe)
    for path in jobs:
        if path.is_dir():
            raise InvalidInputError(f"out: {path} is a folder, expected the name of a file")
        if path.exists() and not overwrite:
            raise InvalidInputError(
                f"out: {path} exists; choose another name, or allow it to be overwritten"
            )
    if to == "csv" and not safe:
        _warn_of_formulas(found)
    try:
        for path, write in jobs.items():
            with replacing(path) as unfinished:
                write(unfinished)
    except OSError as error:
        raise InvalidInputError(f"out: {out} cannot be written: {error.strerror}") from None
    return list(jobs)


def _jobs(found: Contents, to: str, out: Path, safe: bool) -> dict[Path, Callable[[Path], None]]:
    """Return what is to be written where."""
    is_file = out.suffix in _SUFFIXES[to] and not out.is_dir()
    if out.is_file() and not is_file:
        expected = " or ".join(_SUFFIXES[to])
        raise InvalidInputError(f"out: {out} is a file without the suffix {expected}")
    suffix = _SUFFIXES[to][0]
    if to not in _FILE_A_TABLE:
        if not is_file:
            stem = found.names[0] if len(found.names) == 1 else found.package.descriptor.name
            out = out / f"{stem}-{found.package.version}{suffix}"
        return {out: lambda path: _ONE_FILE[to](found, path)}
    if is_file and len(found.tables) > 1:
        raise InvalidInputError(
            f"out: {out} is one file, but {to} gives a file for each of {len(found.tables)} "
            "tables; name a folder"
        )
    jobs: dict[Path, Callable[[Path], None]] = {}
    for table in found.tables:
        path = out if is_file else out / f"{table.name}{suffix}"
        jobs |= _table_jobs(found, table, to, path, safe)
    return jobs


def _table_jobs(
    found: Contents, table: TableContent, to: str, path: Path, safe: bool
) -> dict[Path, Callable[[Path], None]]:
    if to == "parquet":
        return {path: lambda place: write_parquet(found, table, place)}
    if to == "json":
        return {path: lambda place: write_json(found, table, place)}
    return {
        path: lambda place: write_csv(table, place, safe),
        path.with_name(f"{path.name}-metadata.json"): lambda place: write_csvw(found, table, place),
    }


def _warn_of_formulas(found: Contents) -> None:
    for table in found.tables:
        cells = formula_cells(table)
        if cells:
            column, value = cells[0]
            warnings.warn(
                f"{table.name}: a spreadsheet would take for a formula the text {value[:40]!r} of "
                f"{column} ({len(cells)} in all); for a spreadsheet use xlsx, or safe",
                FormulaWarning,
                stacklevel=4,
            )
