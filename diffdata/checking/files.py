"""`check_files`: the rules of a schema on files that are larger than memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffdata.checking.check import PathLike, ask, judge, silent
from diffdata.checking.evaluate import Progress
from diffdata.checking.names import restored
from diffdata.checking.prepare import prepare
from diffdata.checking.result import CheckResult
from diffdata.checking.run import of_engine, reason
from diffdata.checking.sources import files_of, opened
from diffdata.descriptor.standard import TableSchema
from diffdata.editions import Dataset
from diffdata.errors import DiffdataError, InvalidInputError, PackageError


def check_files(
    path: PathLike,
    schema: PathLike | TableSchema,
    *,
    engine: str = "duckdb",
    tables: Mapping[str, Any] | None = None,
    sample: int = 10,
    memory: str = "1GB",
    package: Dataset | None = None,
    session: Any = None,
    progress: Progress | None = None,
) -> CheckResult:
    """Hold a table in files against a schema, by streaming: no more than a part is in memory.

    Parameters
    ----------
    path
        A Parquet or CSV file, or a folder of such files, also in folders ``NAME=VALUE``.
    schema
        The name of a table of the dataset, the path of a schema, or a schema; see `check`.
    engine
        ``duckdb``, ``polars`` or ``pyspark``.
    tables, sample, package
        As for `check`.
    memory
        The most memory that the engine may take before it works on disk. Polars has no such
        limit; it works in batches, but holds the keys that it looks for duplicates among.
    session
        For Spark: the session; by default the active one, or a new one on this machine.
    progress
        Called before each pass with what it is about, its number, and the number of passes.

    Returns
    -------
    result
        See `check`. Cells of CSV are read as strictly as `validate` reads them: a cell that is
        none of its type is a finding of the rule ``type``. Lines are not known to engines; keys
        are.

    Raises
    ------
    PackageError
        If the files are missing or cannot be read: a row of CSV with too many cells, a broken
        Parquet file.
    InvalidInputError, UnknownNameError
        As for `check`; also if the schema asks for cells that only text validation reads.

    Examples
    --------
    >>> from diffdata.packages import bundled_root
    >>> result = check_files(bundled_root() / "data" / "models.csv", "models")
    >>> result.rows, result.ok
    (27, True)
    """
    asked = ask(schema, tables, package)
    place = Path(path)
    try:
        with opened(place, asked.schema, engine, memory=memory, session=session) as source:
            prepared = prepare(source.frame, source.plain.schema, source.parsed)
            told = judge(prepared, asked.of(source.plain.schema), sample, progress or silent)
            return restored(told, source.plain)
    except DiffdataError:
        raise
    except Exception as error:
        if not of_engine(error):
            raise
        raise PackageError(f"{path}: {engine} cannot read it: {reason(error)}") from None


def read_reference(pair: str) -> tuple[str, Any]:
    """Read a table that foreign keys refer to, named as ``NAME=FILE``: its name, and the table.

    Parameters
    ----------
    pair
        The name of the table, and a Parquet or CSV file. Tables that are referred to are small;
        they are held in memory.

    Raises
    ------
    InvalidInputError
        If it is no such pair.
    PackageError
        If the file is missing, or cannot be read.

    Examples
    --------
    >>> from diffdata.packages import bundled_root
    >>> name, table = read_reference(f"models={bundled_root() / 'data' / 'models.csv'}")
    >>> name, len(table)
    ('models', 27)
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    name, mark, file = pair.partition("=")
    if not (name and mark and file):
        raise InvalidInputError(f"reference: expected NAME=FILE, found {pair!r}")
    files, form = files_of(Path(file))
    try:
        if form == "parquet":
            return name, parquet.read_table(file)
        options = csv.ConvertOptions(strings_can_be_null=True, null_values=[""])
        return name, pa.concat_tables(csv.read_csv(f, convert_options=options) for f in files)
    except (pa.ArrowInvalid, OSError) as error:
        raise PackageError(f"{file}: cannot be read: {reason(error)}") from None
