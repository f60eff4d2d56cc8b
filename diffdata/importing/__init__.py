"""Importing tables of others into our schema, by declarative mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from diffdata.editing.rows import rows
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError
from diffdata.importing.engine import Import
from diffdata.importing.mapping import Mapping as Rules
from diffdata.importing.mapping import known_mappings, read_mapping
from diffdata.importing.output import (
    Output,
    Report,
    existing_names,
    rows_of,
    source_rows,
    write_into,
    write_package,
)
from diffdata.importing.tables import ForeignTable, read_file, vintage_of
from diffdata.package.packages import Package, open_package

__all__ = ["Report", "import_files", "known_mappings"]


def import_files(
    mapping: str | Path,
    files: Sequence[Path],
    *,
    out: Path | None = None,
    into: Path | None = None,
    vintages: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    force: bool = False,
) -> Report:
    """Import the files of a publisher, by a mapping, as a package or into one.

    Parameters
    ----------
    mapping
        The name of a mapping that comes with diffdata, such as ``epoch-models``, or a file.
    files
        CSV files, or one folder of them. Several files are vintages of one table: a fact comes
        from the latest one that has the row and the column.
    out
        The folder to write a data package to, with what was not understood as additional columns,
        and with ``issues.csv``, ``set_aside.csv`` and ``report.json``.
    into
        The package whose imported files are replaced instead, with the mapped columns alone.
    vintages
        The date or month of files whose names have none.
    encoding
        That of the files.
    force
        Whether a folder that an earlier import wrote is replaced.

    Returns
    -------
    report
        What became of rows, columns and cells; ``errors`` is empty if the output is valid.

    Raises
    ------
    InvalidInputError
        If a file is not a table of that kind, or a vintage is missing.
    PackageError
        If a file cannot be read or written.
    """
    if (out is None) == (into is None):
        raise InvalidInputError("import: give either --out, a new folder, or --into, a package")
    rules = read_mapping(mapping)
    package = open_package(into)
    absent = {rows.table for rows in rules.rows} - set(package.tables)
    if absent:
        listed = ", ".join(sorted(absent))
        raise PackageError(f"{package.root}: the package has no table {listed}")
    _check_constants(rules, package)
    read = [_read(rules, file, vintages or {}, encoding) for file in files]
    tables = [table for found in read for table in found]
    missing = [
        file.resolve().name for file, found in zip(files, read, strict=True)
        if not all(table.vintage for table in found)
    ]  # fmt: skip
    if missing and (len(tables) > 1 or into is not None):
        raise InvalidInputError(
            f"{', '.join(missing)}: of which date is it? No date is in the name; give it as in "
            f"--vintage {missing[0]}=2026-07-19 or {missing[0]}=2026-07"
        )
    schemas = {table: package.schema(table) for table in package.tables}
    names = existing_names(package, rules.after) if into is not None else {}
    known = rows_of(package, "sources", rules.after) if into is not None else []
    sources = source_rows(rules, tables, known)
    run = Import(rules, tables, schemas, names, apart=out is not None)
    output = Output(run, package, sources)
    if out is not None:
        return write_package(output, out, force)
    return write_into(output, package)


def _read(
    rules: Rules, file: Path, vintages: Mapping[str, str], encoding: str
) -> list[ForeignTable]:
    """Read a file, or the files of a folder, of which those of another kind are set aside."""
    if not file.is_dir():
        return [read_file(file, encoding, vintage_of(file, vintages), rules)]
    paths, faults = sorted(file.rglob("*.csv")), list[InvalidInputError]()
    tables: list[ForeignTable] = []
    for path in paths:
        name = path.relative_to(file).as_posix()
        date = vintage_of(path, vintages, file.resolve().name)
        try:
            table = read_file(path, encoding, date, rules, name)
        except InvalidInputError as error:
            faults.append(error)
            table = read_file(path, encoding, date, name=name)
            for row in table.rows:
                row.reason = str(error).removeprefix(f"{path}: ")
        tables.append(table)
    if len(faults) == len(paths):
        raise faults[0] if faults else InvalidInputError(f"{file}: the folder has no CSV file")
    return tables


def _check_constants(rules: Rules, package: Package) -> None:
    """Refuse a mapping with unknown columns, or that names a row which no table has."""
    for made in rules.rows:
        schema = package.schema(made.table)
        filled = chain.from_iterable(made.filled.values())
        for name in [*made.columns, *made.set, *filled, *filter(None, [made.number])]:
            if name not in schema.column_names:
                raise UnknownNameError(f"column of {made.table}", name, schema.column_names)
        for key in schema.foreign_keys:
            wanted = tuple(made.set.get(name, "") for name in key.fields)
            table = key.reference.resource
            if all(wanted):
                keys = {tuple(row[n] for n in key.reference.fields) for row in rows(package, table)}
                if wanted not in keys:
                    raise UnknownNameError(f"row of {table}", "/".join(wanted), map("/".join, keys))
